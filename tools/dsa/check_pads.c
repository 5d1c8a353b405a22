/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operands in scratchpads. One row an instruction says where each operand lies; how far it reaches
 * follows from its shape (uapi/dsa/isa.h), as far as that is constant.
 */
#include "tools/dsa/check_internal.h"

#include <stdio.h>

#include "tools/dsa/syntax.h"

#define NOWHERE ROAD_DSA_PADS /* global memory, or no operand */

struct operand_pads {
	uint8_t d, a, b, e;
};

static const struct operand_pads *pads_of(const struct road_dsa_word *word)
{
	enum { L0A, L0B, L0C, L1, UB, BT, GM };
	static const struct {
		uint16_t op;
		struct operand_pads pads;
	} rows[] = {
		{ROAD_DSA_OP_move_l1, {L1, GM, GM, GM}},  {ROAD_DSA_OP_move_ub, {UB, GM, GM, GM}},
		{ROAD_DSA_OP_move_nz, {L1, GM, GM, GM}},  {ROAD_DSA_OP_load_a, {L0A, L1, GM, GM}},
		{ROAD_DSA_OP_load_b, {L0B, L1, GM, GM}},  {ROAD_DSA_OP_load_bias, {BT, L1, GM, GM}},
		{ROAD_DSA_OP_store_ub, {GM, UB, GM, GM}}, {ROAD_DSA_OP_store_l1, {L1, UB, GM, GM}},
		{ROAD_DSA_OP_store_nz, {L1, UB, GM, GM}}, {ROAD_DSA_OP_mmad, {L0C, L0A, L0B, BT}},
		{ROAD_DSA_OP_fix_gm, {GM, L0C, GM, GM}},  {ROAD_DSA_OP_fix_ub, {UB, L0C, GM, GM}},
		{ROAD_DSA_OP_fix_l1, {L1, L0C, GM, GM}},
	};
	static const struct operand_pads vector = {UB, UB, UB, UB}, none = {GM, GM, GM, GM};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].op == word->op)
			return &rows[i].pads;
	return dsa_syntax_ops[word->op].queue == ROAD_DSA_QUEUE_V ? &vector : &none;
}

/* Bytes from an operand's address to its end; 0: not known. */
struct extents {
	uint64_t d, a, b, e;
};

/* The constants of a word's shape; `known` is false if one is none. */
struct shape {
	uint64_t b[5], c, e; /* registers from b on */
	bool known;
};

static struct shape shape_of(const struct check_state *state, const struct road_dsa_word *word)
{
	struct shape shape = {.known = true};
	unsigned block = dsa_word_shape_registers(word);

	for (unsigned i = 0; i < block; i++)
		shape.known &= check_constant(state, word->b + i, &shape.b[i]);
	shape.known &= check_constant(state, word->c, &shape.c);
	shape.known &= check_constant(state, word->e, &shape.e);
	return shape;
}

static uint64_t low(uint64_t x)
{
	return x & 0xffffffffu;
}

static uint64_t blocks(uint64_t n, uint64_t size)
{
	return (n + size - 1) / size;
}

static struct extents of_move(const struct road_dsa_word *word, const struct shape *shape)
{
	struct extents out = {.d = low(shape->b[0]) + (shape->b[0] >> 32), .a = low(shape->b[0])};

	if (word->mods & ROAD_DSA_MOD_TRANSPOSE)
		return (struct extents){.a = out.a};
	for (int i = 1; i < word->imm; i++) {
		uint64_t count = shape->b[1] >> (16 * (i - 1)) & 0xffff;
		int64_t source = (int32_t)low(shape->b[1 + i]);
		int64_t destination = (int32_t)(shape->b[1 + i] >> 32);

		if (!count || source < 0 || destination < 0)
			return (struct extents){0};
		out.d += (count - 1) * (uint64_t)destination;
		out.a += (count - 1) * (uint64_t)source;
	}
	return out;
}

static struct extents of_fractals(const struct road_dsa_word *word, const struct shape *shape)
{
	uint64_t c0 = 32 / dsa_syntax_bytes[word->type];
	uint64_t rows = low(shape->b[0]), k = shape->b[0] >> 32, room = shape->b[1];
	bool transposed = word->mods & ROAD_DSA_MOD_TRANSPOSE;

	return (struct extents){.d = blocks(rows, 16) * blocks(k, c0) * 512,
				.a = blocks(transposed ? rows : k, c0) * low(room) * 32};
}

static struct extents of_tile(const struct road_dsa_word *word, const struct shape *shape)
{
	uint64_t bytes = dsa_syntax_bytes[word->type], rows = low(shape->b[0]);
	uint64_t columns = shape->b[0] >> 32;

	return (struct extents){.d = blocks(columns * bytes, 32) * (shape->b[1] >> 32) * 32,
				.a = rows ? (rows - 1) * low(shape->b[1]) + columns * bytes : 0};
}

static struct extents of_cube(const struct road_dsa_word *word, const struct shape *shape)
{
	uint64_t m = blocks(shape->c & 0xffff, 16), n = blocks(shape->c >> 16 & 0xffff, 16);
	uint64_t k = blocks(shape->c >> 32, 32 / dsa_syntax_bytes[word->type]);

	return (struct extents){.d = m * n * 1024, .a = m * k * 512, .b = k * n * 512, .e = n * 64};
}

static struct extents of_fix(const struct road_dsa_word *word, const struct shape *shape)
{
	uint64_t bytes = dsa_syntax_bytes[word->type], m = low(shape->b[0]), n = shape->b[0] >> 32;
	uint64_t rows = low(shape->b[1]), blocks_m = shape->b[1] >> 32;
	struct extents out = {.a = blocks(n, 16) * blocks_m * 1024};

	if (word->op == ROAD_DSA_OP_fix_l1)
		out.d = blocks(n * bytes, 32) * rows * 32;
	else
		out.d = m ? (m - 1) * rows + n * bytes : 0;
	return out;
}

static uint64_t repeated(uint64_t bytes, uint64_t further, uint64_t step)
{
	return bytes + further * (step & 0xffff) * 32;
}

static struct extents of_vector(const struct road_dsa_word *word, const struct shape *shape)
{
	uint64_t n = low(shape->c), further = shape->c >> 32, bytes = dsa_syntax_bytes[word->type];
	struct extents out = {.d = repeated(n * bytes, further, shape->e),
			      .a = repeated(n * bytes, further, shape->e >> 16),
			      .b = repeated(n * bytes, further, shape->e >> 32)};

	switch (word->op) {
	case ROAD_DSA_OP_vsum: out.d = (further + 1) * 4; break;
	case ROAD_DSA_OP_vrmax:
	case ROAD_DSA_OP_vrmin: out.d = (further + 1) * bytes; break;
	case ROAD_DSA_OP_vcmp: out.d = blocks(n, 8); break;
	case ROAD_DSA_OP_vsel: out.e = blocks(n, 8); break;
	case ROAD_DSA_OP_vcvt:
		out.d = repeated(n * dsa_syntax_bytes[word->mods], further, shape->e);
		break;
	case ROAD_DSA_OP_vgather: out.a = 0; /* fall through */
	case ROAD_DSA_OP_vscatter: out.b = n * 4; break;
	default: break;
	}
	if (word->op == ROAD_DSA_OP_vscatter)
		out.d = 0;
	return out;
}

static struct extents extents_of(const struct road_dsa_word *word, const struct shape *shape)
{
	switch (dsa_syntax_ops[word->op].format) {
	case ROAD_DSA_FORMAT_MOVE: return of_move(word, shape);
	case ROAD_DSA_FORMAT_FRACTALS: return of_fractals(word, shape);
	case ROAD_DSA_FORMAT_TILE: return of_tile(word, shape);
	case ROAD_DSA_FORMAT_BYTES: return (struct extents){.d = shape->b[0], .a = shape->b[0]};
	case ROAD_DSA_FORMAT_CUBE: return of_cube(word, shape);
	case ROAD_DSA_FORMAT_FIX: return of_fix(word, shape);
	default: return of_vector(word, shape);
	}
}

static void check_operand(const struct check *check, uint32_t at, unsigned reg, unsigned pad,
			  uint64_t bytes, uint64_t align)
{
	uint64_t address, size;
	char seen[80], allowed[64];

	if (pad == NOWHERE || !check_constant(&check->states[at], reg, &address))
		return;
	size = check->limits->pads[pad];
	snprintf(seen, sizeof(seen), "%s at %llu, %llu bytes", dsa_syntax_pads[pad],
		 (unsigned long long)address, (unsigned long long)bytes);
	if (address % align) {
		snprintf(allowed, sizeof(allowed), "multiples of %llu", (unsigned long long)align);
		check_report(check, at, "a misaligned address in a scratchpad", seen, allowed);
	}
	snprintf(allowed, sizeof(allowed), "%llu bytes", (unsigned long long)size);
	if (size && (address >= size || bytes > size - address))
		check_report(check, at, "an operand that leaves its scratchpad", seen, allowed);
}

/* What a word's address in d must be a multiple of. */
static uint64_t align_of_d(const struct road_dsa_word *word)
{
	switch (word->op) {
	case ROAD_DSA_OP_vsum: return 4;
	case ROAD_DSA_OP_vrmax:
	case ROAD_DSA_OP_vrmin: return dsa_syntax_bytes[word->type];
	default: return ROAD_DSA_ALIGN;
	}
}

void check_pads(const struct check *check, uint32_t at)
{
	const struct road_dsa_word *word = &check->words[at];
	const struct dsa_format *format = &dsa_syntax_formats[dsa_syntax_ops[word->op].format];
	const struct operand_pads *pads = pads_of(word);
	struct shape shape = shape_of(&check->states[at], word);
	struct extents extents = {0};

	if (pads->d == NOWHERE && pads->a == NOWHERE)
		return;
	if (shape.known)
		extents = extents_of(word, &shape);
	check_operand(check, at, word->d, pads->d, extents.d, align_of_d(word));
	if (dsa_format_has(format, DSA_OPERAND_AT_A))
		check_operand(check, at, word->a, pads->a, extents.a, ROAD_DSA_ALIGN);
	if (dsa_format_has(format, DSA_OPERAND_AT_B))
		check_operand(check, at, word->b, pads->b, extents.b, ROAD_DSA_ALIGN);
	if (dsa_format_has(format, DSA_OPERAND_AT_E) ||
	    (dsa_format_has(format, DSA_OPERAND_AT_BIAS) && word->mods & ROAD_DSA_MOD_BIAS))
		check_operand(check, at, word->e, pads->e, extents.e, ROAD_DSA_ALIGN);
}
