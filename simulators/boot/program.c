/* SPDX-License-Identifier: Apache-2.0 */
/* Payloads as programs: what they say is checked once, here. */
#include "simulators/boot/program.h"

#include <string.h>

#include "uapi/dsa/ring.h"
#include "uapi/gpu/aql.h"
#include "uapi/rpu/ring.h"

static const struct sim_program_row rows[] = {
#define OPCODE(family, name, number, highest) {ROAD_PROGRAM_##family, name, number, highest},
#include "uapi/firmware/opcodes.def"
#undef OPCODE
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

const struct sim_program_row *sim_program_row(uint32_t index)
{
	return index < ROWS ? &rows[index] : NULL;
}

static uint16_t highest(uint32_t family, uint32_t opcode)
{
	for (uint32_t i = 0; i < ROWS; i++)
		if (rows[i].family == family && rows[i].opcode == opcode)
			return rows[i].version;
	return 0;
}

static bool bad(struct sim_program_error *why, size_t at, const char *what, uint64_t seen,
		const char *allowed)
{
	*why = (struct sim_program_error){at, what, allowed, seen};
	return false;
}

#define AT(member) offsetof(struct road_program, member)

/* What of it takes how many bytes adds up to all that there are. */
static uint64_t bytes_of(const struct road_program *head)
{
	return sizeof(*head) + (uint64_t)head->opcode_count * sizeof(struct road_program_opcode) +
	       (uint64_t)head->level_count * sizeof(struct road_program_level) + head->text_bytes;
}

static bool check_head(const struct road_program *head, size_t bytes, uint32_t family,
		       struct sim_program_error *why)
{
	const struct {
		bool bad;
		size_t at;
		const char *what;
		uint64_t seen;
		const char *allowed;
	} rules[] = {
		{head->magic != ROAD_PROGRAM_MAGIC, AT(magic), "no program", head->magic,
		 "the magic 1296519250"},
		{head->version != ROAD_PROGRAM_VERSION, AT(version), "another version",
		 head->version, "1"},
		{head->family != family, AT(family), "a program of another family", head->family,
		 "the chip's"},
		{!head->protocol_min, AT(protocol_min), "no protocol", 0, "1 at least"},
		{head->protocol_max < head->protocol_min, AT(protocol_max), "no range of protocols",
		 head->protocol_max, "protocol_min at least"},
		{!head->opcode_count || head->opcode_count > ROAD_PROGRAM_OPCODES_MAX,
		 AT(opcode_count), "no such number of opcodes", head->opcode_count, "1 to 64"},
		{!head->level_count || head->level_count > ROAD_PROGRAM_LEVELS_MAX, AT(level_count),
		 "no such number of levels", head->level_count, "1 to 16"},
		{head->level >= head->level_count, AT(level), "a level that there is not",
		 head->level, "below level_count"},
		{head->reserved[0] || head->reserved[1] || head->reserved[2], AT(reserved),
		 "reserved words in use", head->reserved[0], "0"},
		{head->program_bytes != bytes, AT(program_bytes),
		 "another size than there are bytes", head->program_bytes, "that of the payload"},
		{bytes_of(head) != bytes, AT(text_bytes), "parts that do not make up the whole",
		 bytes_of(head), "program_bytes"},
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].bad)
			return bad(why, rules[i].at, rules[i].what, rules[i].seen,
				   rules[i].allowed);
	return true;
}

static bool read_opcodes(const uint8_t *from, size_t at, uint32_t count, struct sim_program *out,
			 struct sim_program_error *why)
{
	struct road_program_opcode one;
	uint32_t least = 0;

	for (uint32_t i = 0; i < count; i++, at += sizeof(one)) {
		memcpy(&one, from + at, sizeof(one));
		if (one.opcode < least || one.opcode >= ROAD_PROGRAM_OPCODES_MAX)
			return bad(why, at, "opcodes do not rise, or end", one.opcode,
				   "rising, below 64");
		if (!highest(out->family, one.opcode))
			return bad(why, at, "an opcode that the family does not have", one.opcode,
				   "those of its ring");
		if (one.version > highest(out->family, one.opcode))
			return bad(why, at + 2, "a version that the chip does not have",
				   one.version, "as high as the opcode's highest");
		out->version[one.opcode] = one.version;
		least = one.opcode + 1u;
	}
	return true;
}

static bool read_levels(const uint8_t *from, size_t at, struct sim_program *out,
			struct sim_program_error *why)
{
	for (uint32_t i = 0; i < out->levels; i++, at += sizeof(out->at[i])) {
		struct road_program_level *one = &out->at[i];

		memcpy(one, from + at, sizeof(*one));
		if (one->clock < ROAD_PROGRAM_CLOCK_MIN || one->clock > ROAD_PROGRAM_CLOCK_MAX)
			return bad(why, at, "a level's clock out of range", one->clock,
				   "100 to 1000");
		if (one->power_mw > ROAD_PROGRAM_POWER_MAX)
			return bad(why, at + 4, "a level's power out of range", one->power_mw,
				   "up to 10000000");
	}
	return true;
}

bool sim_program_read(const void *payload, size_t bytes, uint32_t family, struct sim_program *out,
		      struct sim_program_error *why)
{
	const uint8_t *from = payload;
	struct road_program head;
	size_t levels;

	if (bytes < sizeof(head))
		return bad(why, bytes, "truncated", bytes, "64 bytes at least");
	memcpy(&head, payload, sizeof(head));
	if (!check_head(&head, bytes, family, why))
		return false;
	*out = (struct sim_program){
		.family = head.family,
		.protocol_min = head.protocol_min,
		.protocol_max = head.protocol_max,
		.quantum_ns = head.quantum_ns,
		.features = head.features,
		.levels = head.level_count,
		.level = head.level,
		.text_at = (uint32_t)bytes - head.text_bytes,
		.text_bytes = head.text_bytes,
	};
	levels = sizeof(head) + head.opcode_count * sizeof(struct road_program_opcode);
	return read_opcodes(from, sizeof(head), head.opcode_count, out, why) &&
	       read_levels(from, levels, out, why);
}

bool sim_program_join(struct sim_program *chip, const struct sim_program *other, uint32_t units,
		      struct sim_program_error *why)
{
	if (other->quantum_ns)
		return bad(why, AT(quantum_ns), "a quantum that is the first component's to give",
			   other->quantum_ns, "0");
	if (other->levels != 1 || other->at[0].clock != ROAD_PROGRAM_CLOCK_MAX)
		return bad(why, AT(level_count), "levels that are the first component's to give",
			   other->levels, "one, of clock 1000");
	if (other->protocol_min > chip->protocol_max || other->protocol_max < chip->protocol_min)
		return bad(why, AT(protocol_min), "a protocol that no other component speaks",
			   other->protocol_min, "one of the first component's");
	if (chip->protocol_min < other->protocol_min)
		chip->protocol_min = other->protocol_min;
	if (chip->protocol_max > other->protocol_max)
		chip->protocol_max = other->protocol_max;
	for (uint32_t i = 0; i < ROAD_PROGRAM_OPCODES_MAX; i++)
		if (chip->version[i] < other->version[i])
			chip->version[i] = other->version[i];
	for (uint32_t i = 0; i < chip->levels; i++)
		chip->at[i].power_mw += units * other->at[0].power_mw;
	return true;
}
