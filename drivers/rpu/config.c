/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configurations of the fabric (uapi/rpu/config.h) as a caller hands them in: is the whole as its
 * header says, are its words intact, what are its arguments; and patches of constants, streams,
 * words. What words mean is checked by the chip, before it takes a slot.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "drivers/rpu/rpu.h"

/* Where the parts begin, in the order in which they lie; `end`: of the last. */
struct parts {
	uint64_t words, constants, registers, streams, relocations, arguments, entries, end;
};

static uint32_t elements_of(uint32_t fabric)
{
	return (fabric & ROAD_RPU_FABRIC_SIZE_MASK) *
	       (fabric >> ROAD_RPU_FABRIC_COLUMNS_SHIFT & ROAD_RPU_FABRIC_SIZE_MASK);
}

static void find_parts(const struct road_rpu_config *c, struct parts *out)
{
	uint64_t entries = 0;

	for (uint32_t i = 0; i < ROAD_RPU_TABLES; i++)
		entries += c->table_entries[i];
	out->words = sizeof(*c);
	out->constants = out->words + 8ull * c->interval * elements_of(c->fabric_id);
	out->registers = out->constants + c->constants * sizeof(struct road_rpu_value);
	out->streams = out->registers + c->registers * sizeof(struct road_rpu_value);
	out->relocations = out->streams + c->streams * sizeof(struct road_rpu_stream);
	out->arguments = out->relocations + c->relocations * sizeof(struct road_rpu_relocation);
	out->entries = out->arguments + c->arguments * sizeof(struct road_rpu_argument);
	out->end = (out->entries + 4 * entries + 7) & ~UINT64_C(7);
}

static road_status refuse(const struct road_region_payload *payload, uint64_t at, const char *what,
			  uint64_t seen, uint64_t allowed)
{
	char where[64], have[24], may[32];

	snprintf(where, sizeof(where), "configuration image, byte %" PRIu64, payload->offset + at);
	snprintf(have, sizeof(have), "%" PRIu64, seen);
	snprintf(may, sizeof(may), "%" PRIu64, allowed);
	return road_drv_error(ROAD_IMAGE_INVALID, what, where, have, may);
}

#define AT(member) offsetof(struct road_rpu_config, member)

static road_status check_header(const struct road_region_payload *payload,
				const struct road_rpu_config *c, uint32_t fabric)
{
	const struct {
		bool bad;
		size_t at;
		const char *what;
		uint64_t seen, allowed;
	} rules[] = {
		{c->magic != ROAD_RPU_CONFIG_MAGIC, AT(magic), "no configuration of a fabric",
		 c->magic, ROAD_RPU_CONFIG_MAGIC},
		{c->version != ROAD_RPU_CONFIG_VERSION, AT(version), "another version", c->version,
		 ROAD_RPU_CONFIG_VERSION},
		{c->fabric_id != fabric, AT(fabric_id), "made for another fabric", c->fabric_id,
		 fabric},
		{!c->interval || c->interval > ROAD_RPU_INTERVAL_MAX, AT(interval),
		 "no such interval", c->interval, ROAD_RPU_INTERVAL_MAX},
		{c->streams > ROAD_RPU_STREAMS, AT(streams), "too many streams", c->streams,
		 ROAD_RPU_STREAMS},
		{c->relocations > ROAD_RPU_RELOCATIONS_MAX, AT(relocations), "too many relocations",
		 c->relocations, ROAD_RPU_RELOCATIONS_MAX},
		{c->arguments > ROAD_RPU_ARGUMENTS_MAX, AT(arguments), "too many arguments",
		 c->arguments, ROAD_RPU_ARGUMENTS_MAX},
		{c->argument_bytes > ROAD_RPU_ARGUMENT_BYTES_MAX || c->argument_bytes % 8,
		 AT(argument_bytes), "no such argument block", c->argument_bytes,
		 ROAD_RPU_ARGUMENT_BYTES_MAX},
		{!c->name[0] || c->name[ROAD_RPU_NAME_BYTES - 1], AT(name), "no name of a kernel",
		 c->name[0], 31},
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].bad)
			return refuse(payload, rules[i].at, rules[i].what, rules[i].seen,
				      rules[i].allowed);
	return ROAD_OK;
}

/* CRC-8 over the word's other bits and its index. */
static uint8_t word_crc(uint64_t word, uint32_t index)
{
	uint8_t bytes[9], crc = 0;

	memcpy(bytes, &word, 7);
	bytes[7] = (uint8_t)index;
	bytes[8] = (uint8_t)(index >> 8);
	for (size_t i = 0; i < sizeof(bytes); i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = (uint8_t)(crc << 1 ^ (crc & 0x80 ? ROAD_RPU_CRC_POLYNOMIAL : 0));
	}
	return crc;
}

static road_status check_words(const struct road_region_payload *payload,
			       const struct road_rpu_config *c, const struct parts *parts)
{
	for (uint32_t i = 0; i < c->interval * elements_of(c->fabric_id); i++) {
		uint64_t word, at = parts->words + 8ull * i;

		memcpy(&word, (const char *)payload->bytes + at, sizeof(word));
		if (word >> ROAD_RPU_WORD_CRC_SHIFT != word_crc(word, i))
			return refuse(payload, at, "a word's checksum is wrong",
				      word >> ROAD_RPU_WORD_CRC_SHIFT, word_crc(word, i));
	}
	return ROAD_OK;
}

static road_status check_arguments(const struct road_region_payload *payload,
				   const struct road_rpu_config *c, const struct parts *parts)
{
	uint32_t end = 0;

	for (uint32_t i = 0; i < c->arguments; i++) {
		uint64_t at = parts->arguments + i * sizeof(struct road_rpu_argument);
		struct road_rpu_argument a;

		memcpy(&a, (const char *)payload->bytes + at, sizeof(a));
		if (!a.bytes || a.bytes > 8 || a.bytes & (a.bytes - 1) || a.offset % a.bytes ||
		    a.offset < end || a.offset + a.bytes > c->argument_bytes)
			return refuse(payload, at, "an argument that is misplaced", a.offset,
				      c->argument_bytes);
		end = a.offset + a.bytes;
	}
	return ROAD_OK;
}

road_status rpu_payload_check(struct road_drv_device *dev,
			      const struct road_region_payload *payload)
{
	const struct rpu *rpu = dev->data;
	struct road_rpu_config c;
	struct parts parts;
	road_status status;

	if (payload->byte_count < sizeof(c))
		return refuse(payload, 0, "truncated", payload->byte_count, sizeof(c));
	memcpy(&c, payload->bytes, sizeof(c));
	status = check_header(payload, &c, rpu->params.fabric);
	if (status)
		return status;
	find_parts(&c, &parts);
	if (parts.end != c.total_bytes || parts.end != payload->byte_count)
		return refuse(payload, AT(total_bytes), "parts do not add up to the whole",
			      c.total_bytes, parts.end);
	status = check_words(payload, &c, &parts);
	return status ? status : check_arguments(payload, &c, &parts);
}

void rpu_payload_argument(const void *payload, uint32_t index, struct road_rpu_argument *out)
{
	struct road_rpu_config c;
	struct parts parts;

	memcpy(&c, payload, sizeof(c));
	find_parts(&c, &parts);
	memcpy(out, (const char *)payload + parts.arguments + index * sizeof(*out), sizeof(*out));
}

/* ---- patches ---- */

static road_status out_of_range(uint32_t number, const char *what, uint64_t seen, uint64_t below)
{
	char where[64], have[24], allowed[32];

	snprintf(where, sizeof(where), "road_config_patch: patches[%u].%s", number, what);
	snprintf(have, sizeof(have), "%" PRIu64, seen);
	snprintf(allowed, sizeof(allowed), "below %" PRIu64, below);
	return road_drv_error(ROAD_INVALID_ARGUMENT, "patch is out of range", where, have, allowed);
}

/* Does a launch fill the field in? Then it has to be 0 here. */
static bool is_relocated(const char *payload, const struct road_rpu_config *c,
			 const struct parts *parts, uint32_t field, uint32_t target,
			 uint32_t dimension)
{
	for (uint32_t i = 0; i < c->relocations; i++) {
		struct road_rpu_relocation r;

		memcpy(&r, payload + parts->relocations + i * sizeof(r), sizeof(r));
		if (r.field == field && r.target == target && r.dimension == dimension)
			return true;
	}
	return false;
}

/* Offset in a stream of what a patch's field (enum road_rpu_field | dimension << 8) means; 0: none.
 */
static size_t stream_field(uint32_t field)
{
	uint32_t dimension = field >> 8;

	if (dimension >= ROAD_RPU_DIMENSIONS)
		return 0;
	switch (field & 0xff) {
	case ROAD_RPU_FIELD_STREAM_BASE: return offsetof(struct road_rpu_stream, base);
	case ROAD_RPU_FIELD_STREAM_INDEX_BASE: return offsetof(struct road_rpu_stream, index_base);
	case ROAD_RPU_FIELD_STREAM_COUNT:
		return offsetof(struct road_rpu_stream, count) + 4 * dimension;
	case ROAD_RPU_FIELD_STREAM_STRIDE:
		return offsetof(struct road_rpu_stream, stride) + 4 * dimension;
	case ROAD_RPU_FIELD_STREAM_INDEX_STRIDE:
		return offsetof(struct road_rpu_stream, index_stride) + 4 * dimension;
	default: return 0;
	}
}

static road_status patch_word(char *payload, const struct parts *parts, uint32_t words,
			      const struct road_patch *patch, uint32_t number)
{
	const uint64_t mask = UINT64_MAX >> 8;
	uint64_t word = patch->value & mask;

	if (patch->index >= words)
		return out_of_range(number, "index", patch->index, words);
	if (patch->value & ~mask)
		return out_of_range(number, "value", patch->value, mask + 1);
	word |= (uint64_t)word_crc(word, patch->index) << ROAD_RPU_WORD_CRC_SHIFT;
	memcpy(payload + parts->words + 8ull * patch->index, &word, sizeof(word));
	return ROAD_OK;
}

static road_status patch_one(char *payload, const struct road_rpu_config *c,
			     const struct road_patch *patch, uint32_t number)
{
	const bool constant = patch->kind == ROAD_PATCH_CONSTANT;
	const uint32_t value = (uint32_t)patch->value;
	uint32_t count = constant ? c->constants : c->streams;
	size_t field =
		constant ? offsetof(struct road_rpu_value, value) : stream_field(patch->field);
	size_t step = constant ? sizeof(struct road_rpu_value) : sizeof(struct road_rpu_stream);
	struct parts parts;

	find_parts(c, &parts);
	if (patch->kind == ROAD_PATCH_WORD)
		return patch_word(payload, &parts, c->interval * elements_of(c->fabric_id), patch,
				  number);
	if (patch->index >= count)
		return out_of_range(number, "index", patch->index, count);
	if (!field || (constant && patch->field))
		return out_of_range(number, "field", patch->field, constant ? 1 : ROAD_RPU_FIELDS);
	if (patch->value > UINT32_MAX)
		return out_of_range(number, "value", patch->value, UINT64_C(1) << 32);
	if (is_relocated(payload, c, &parts,
			 constant ? ROAD_RPU_FIELD_CONSTANT : patch->field & 0xff, patch->index,
			 patch->field >> 8))
		return road_drv_errorf(ROAD_INVALID_ARGUMENT, "road_config_patch: patches",
				       "patch %u: each launch fills this field in", number);
	memcpy(payload + (constant ? parts.constants : parts.streams) + patch->index * step + field,
	       &value, sizeof(value));
	return ROAD_OK;
}

road_status rpu_payload_patch(const struct road_drv_config *config,
			      const struct road_patch *patches, uint32_t count, void *payload,
			      uint32_t payload_bytes)
{
	road_status status = ROAD_OK;
	struct road_rpu_config c;

	(void)config;
	(void)payload_bytes; /* it was checked */
	memcpy(&c, payload, sizeof(c));
	for (uint32_t i = 0; i < count && !status; i++)
		status = patch_one(payload, &c, &patches[i], i);
	return status;
}
