/* SPDX-License-Identifier: Apache-2.0 */
/* Payloads as text that compiles to the same bytes again. */
#include <stdbool.h>
#include <string.h>

#include "simulators/boot/program.h"
#include "tools/program/words.h"

static const char *const families[] = {
	[ROAD_PROGRAM_GPU] = "gpu",
	[ROAD_PROGRAM_DSA] = "dsa",
	[ROAD_PROGRAM_RPU] = "rpu",
};

const char *program_family_name(uint32_t family)
{
	return family < sizeof(families) / sizeof(families[0]) ? families[family] : NULL;
}

void program_opcode_names(uint32_t family, char *out, size_t bytes)
{
	const struct sim_program_row *row;
	size_t used = 0;

	out[0] = 0;
	for (uint32_t i = 0; (row = sim_program_row(i)) && used < bytes; i++)
		if (row->family == family)
			used += (size_t)snprintf(out + used, bytes - used, "%s%s %u",
						 used ? ", " : "", row->name, row->version);
}

static void print_opcodes(const struct sim_program *program, const void *payload, FILE *to)
{
	const uint8_t *at = (const uint8_t *)payload + sizeof(struct road_program);
	const struct sim_program_row *row;
	struct road_program head;
	struct road_program_opcode one;

	memcpy(&head, payload, sizeof(head));
	for (uint32_t i = 0; i < head.opcode_count; i++, at += sizeof(one)) {
		memcpy(&one, at, sizeof(one));
		for (uint32_t r = 0; (row = sim_program_row(r)); r++)
			if (row->family == program->family && row->opcode == one.opcode)
				fprintf(to, "opcode %s %u\n", row->name, one.version);
	}
}

/* Each line of it as a statement. */
static void print_text(const char *at, size_t bytes, FILE *to)
{
	while (bytes) {
		const char *end = memchr(at, '\n', bytes);
		size_t length = end ? (size_t)(end - at) : bytes;

		fputs("text ", to);
		for (size_t i = 0; i < length; i++)
			fputc(program_printable(at[i]) ? at[i] : '?', to);
		fputc('\n', to);
		length += end != NULL;
		at += length;
		bytes -= length;
	}
}

int program_print(const void *payload, size_t bytes, FILE *to, struct program_error *error)
{
	const char *text = payload;
	struct sim_program_error why = {0};
	struct sim_program program;
	struct road_program head = {.family = 0};

	memcpy(&head, payload, bytes < sizeof(head) ? bytes : sizeof(head));
	if (!sim_program_read(payload, bytes, program_family_name(head.family) ? head.family : 0,
			      &program, &why)) {
		*error = (struct program_error){.what = why.what};
		snprintf(error->seen, sizeof(error->seen), "%llu at byte %zu",
			 (unsigned long long)why.seen, why.at);
		snprintf(error->allowed, sizeof(error->allowed), "%s", why.allowed);
		return -1;
	}
	fprintf(to, "family %s\nprotocol %u %u\n", families[program.family], program.protocol_min,
		program.protocol_max);
	if (program.features)
		fprintf(to, "features 0x%llx\n", (unsigned long long)program.features);
	fprintf(to, "quantum %u\n", program.quantum_ns);
	print_opcodes(&program, payload, to);
	for (uint32_t i = 0; i < program.levels; i++)
		fprintf(to, "level %u %u\n", program.at[i].clock, program.at[i].power_mw);
	fprintf(to, "use %u\n", program.level);
	print_text(text + program.text_at, program.text_bytes, to);
	return 0;
}
