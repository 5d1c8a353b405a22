/* SPDX-License-Identifier: Apache-2.0 */
/* Data: numbers of some width, zeros, alignment. */
#include "tools/dsa/asm_internal.h"

#include <string.h>

void asm_variable_close(struct asm_state *state)
{
	if (state->has_variable &&
	    !dsa_program_add_variable(state->program, state->variable.text, state->variable.bytes,
				      state->variable_offset,
				      state->program->data_bytes - state->variable_offset))
		asm_no_memory(state);
	state->has_variable = false;
}

static const struct data_row {
	const char *name;
	uint8_t bytes, exponent, fraction; /* exponent 0: integers */
} rows[] = {{".byte", 1, 0, 0},   {".half", 2, 0, 0}, {".word", 4, 0, 0},
	    {".quad", 8, 0, 0},   {".f16", 2, 5, 10}, {".bf16", 2, 8, 7},
	    {".float", 4, 8, 23}, {".zero", 0, 0, 0}, {".align", 0, 0, 0}};

static int one(struct asm_state *state, const struct data_row *row)
{
	uint64_t bits;
	int64_t value;

	if (row->exponent) {
		if (asm_real(state, row->exponent, row->fraction, &bits))
			return -1;
	} else if (row->bytes == 8) {
		if (asm_expression(state, &value))
			return -1;
		bits = (uint64_t)value;
	} else {
		if (asm_expression_in(state, -(1ll << (8 * row->bytes - 1)),
				      (1ll << 8 * row->bytes) - 1, &value))
			return -1;
		bits = (uint64_t)value;
	}
	/* Images are little-endian, and so are the hosts. */
	if (!dsa_program_add_data(state->program, &bits, row->bytes))
		return asm_no_memory(state);
	return 0;
}

static int fill(struct asm_state *state, const struct data_row *row)
{
	int64_t count;

	if (asm_expression_in(state, row->name[1] == 'a', row->name[1] == 'a' ? 4096 : DSA_DATA_MAX,
			      &count))
		return -1;
	if (row->name[1] == 'a')
		count = (count - state->program->data_bytes % count) % count;
	if (!dsa_program_add_data(state->program, NULL, (size_t)count))
		return asm_no_memory(state);
	return 0;
}

int asm_data_directive(struct asm_state *state)
{
	const struct data_row *row = NULL;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strlen(rows[i].name) == state->token.bytes &&
		    !memcmp(rows[i].name, state->token.text, state->token.bytes))
			row = &rows[i];
	if (!row)
		return 1;
	if (state->where != ASM_DATA)
		return asm_error(state, "data outside .data", ".data before it");
	asm_next(state);
	if (!row->bytes)
		return fill(state, row);
	while (!one(state, row)) {
		if (!asm_punct(state, ','))
			return 0;
		asm_next(state);
	}
	return -1;
}
