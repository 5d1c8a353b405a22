/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes an image of matrix products for given scratchpads: dsa-gemm IMAGE L0A=BYTES,L0B=,L0C=,L1=
 *
 *	C = A B, row-major, any M, N, K from 1 on. Kernels: gemm_f16, gemm_bf16 (C of the same
 *type), gemm_f16_f32, gemm_bf16_f32, gemm_f32 (C of f32), gemm_s8 (C of s32), and each with _naive
 *	behind its name: the same tile with one buffer each instead of two.
 *
 *	arguments, 48 bytes		offset
 *	device addresses of A, B, C	0, 8, 16
 *	u32 M, N, K			24, 28, 32
 *	u32 bytes from row to row	36 (A), 40 (B), 44 (C)
 *
 * Blocks of the task share the tiles of C: block b computes the tiles b, b + blocks, ..., counted
 * along its rows. Each element is 0, then fused multiply-add for ascending k in f32 (s32 for s8),
 * and rounded once to C's type.
 *
 * Tiles. C's tile of m x n stands in L0C. L1 holds two buffers of A's m x k_l1 and B's k_l1 x n, so
 * that MTE2 fills one while MTE1 empties the other; L0A and L0B two each of m x k_l0 and k_l0 x n,
 * likewise between MTE1 and M. A buffer has two tokens: "full" goes on to the queue that reads it,
 * "empty" back to the one that fills it. All "empty" are set before the first tile and taken back
 * after the last, so that none is left.
 */
#include "examples/dsa/output.h"

#include <stdio.h>
#include <string.h>

#include "tools/dsa/syntax.h"

struct variant {
	const char *name;
	uint8_t in, out, fix_mods;
};
static const struct variant variants[] = {
	{"gemm_f16", ROAD_DSA_TYPE_F16, ROAD_DSA_TYPE_F16, 0},
	{"gemm_f16_f32", ROAD_DSA_TYPE_F16, ROAD_DSA_TYPE_F32, 0},
	{"gemm_bf16", ROAD_DSA_TYPE_BF16, ROAD_DSA_TYPE_BF16, 0},
	{"gemm_bf16_f32", ROAD_DSA_TYPE_BF16, ROAD_DSA_TYPE_F32, 0},
	{"gemm_f32", ROAD_DSA_TYPE_F32, ROAD_DSA_TYPE_F32, 0},
	{"gemm_s8", ROAD_DSA_TYPE_S8, ROAD_DSA_TYPE_S32, ROAD_DSA_MOD_S32},
};

/* Elements; k_l1 is a multiple of k_l0. */
struct tile {
	uint32_t m, n, k_l0, k_l1;
};

enum {
	ARG_A = 0,
	ARG_B = 8,
	ARG_C = 16,
	ARG_M = 24,
	ARG_N = 28,
	ARG_K = 32,
	ARG_LDA = 36,
	ARG_LDB = 40,
	ARG_LDC = 44,
	ARG_BYTES = 48
};

struct gemm {
	struct dsa_build *b;
	struct variant variant;
	struct tile tile;
	uint32_t bytes, c0; /* of an element; elements in 32 bytes */
	unsigned buffers;
	/* registers */
	unsigned lda, ldb;
	unsigned t, tiles, tiles_n; /* number of the tile, of all, along a row */
	unsigned a, b_at, c;        /* addresses: of the next blocks of A and B, of the tile of C */
	unsigned m, n;              /* of this tile */
	unsigned k_left, k, first;  /* to do; of this block; whether L0C is to start from 0 */
	unsigned l1_a[2], l1_b[2];  /* scratchpad addresses */
	unsigned l0_a[2], l0_b[2];
	unsigned shape, shape_a, shape_b; /* blocks of two */
	unsigned cube, x, y;
};

/* The largest tile that fits, square before long, then the longest rows in L1. */
static struct tile choose(const uint32_t *pads, uint32_t bytes)
{
	struct tile best = {0};

	for (uint32_t m = 16; m <= 1024; m *= 2)
		for (uint32_t n = 16; n <= 1024; n *= 2)
			for (uint32_t l0 = 32; l0 <= 128; l0 *= 2)
				for (uint32_t l1 = l0; l1 <= 512; l1 *= 2) {
					bool fits = m * n * 4 <= pads[ROAD_DSA_PAD_L0C] &&
						    2 * m * l0 <= pads[ROAD_DSA_PAD_L0A] &&
						    2 * n * l0 <= pads[ROAD_DSA_PAD_L0B] &&
						    2 * (m + n) * l1 <= pads[ROAD_DSA_PAD_L1];
					bool better = m * n > best.m * best.n ||
						      (m * n == best.m * best.n &&
						       m + n <= best.m + best.n);

					if (fits && better)
						best = (struct tile){m, n, l0 / bytes, l1 / bytes};
				}
	return best;
}

static unsigned log2_of(uint32_t power)
{
	return (unsigned)__builtin_ctz(power);
}

/* ---- set-up ---- */

static void take_registers(struct gemm *g)
{
	unsigned *singles[] = {&g->lda,   &g->ldb,  &g->t, &g->tiles, &g->tiles_n, &g->a,
			       &g->b_at,  &g->c,    &g->m, &g->n,     &g->k_left,  &g->k,
			       &g->first, &g->cube, &g->x, &g->y};

	for (unsigned i = 0; i < sizeof(singles) / sizeof(singles[0]); i++)
		*singles[i] = dsa_build_reg(g->b);
	g->shape = dsa_build_regs(g->b, 2);
	g->shape_a = dsa_build_regs(g->b, 2);
	g->shape_b = dsa_build_regs(g->b, 2);
}

static unsigned constant(struct gemm *g, uint32_t value)
{
	unsigned reg = value ? dsa_build_reg(g->b) : 0;

	if (value)
		dsa_build_li(g->b, reg, value);
	return reg;
}

/* L1: A's buffers, then B's. With one buffer, the second is the first. */
static void place_buffers(struct gemm *g)
{
	const struct tile *tile = &g->tile;
	uint32_t a = tile->m * tile->k_l1 * g->bytes, b = tile->n * tile->k_l1 * g->bytes;
	bool two = g->buffers == 2;

	g->l1_a[0] = 0;
	g->l1_a[1] = two ? constant(g, a) : 0;
	g->l1_b[0] = constant(g, 2 * a);
	g->l1_b[1] = two ? constant(g, 2 * a + b) : g->l1_b[0];
	g->l0_a[0] = g->l0_b[0] = 0;
	g->l0_a[1] = two ? constant(g, tile->m * tile->k_l0 * g->bytes) : 0;
	g->l0_b[1] = two ? constant(g, tile->n * tile->k_l0 * g->bytes) : 0;
}

static void set_up(struct gemm *g)
{
	struct dsa_build *b = g->b;

	emit_ldarg(b, DSA_U32, g->lda, ARG_LDA);
	emit_ldarg(b, DSA_U32, g->ldb, ARG_LDB);
	emit_ldarg(b, DSA_U32, g->m, ARG_M);
	emit_ldarg(b, DSA_U32, g->n, ARG_N);
	dsa_build_blocks(b, g->x, g->m, log2_of(g->tile.m));
	dsa_build_blocks(b, g->tiles_n, g->n, log2_of(g->tile.n));
	emit_mul(b, g->tiles, g->x, g->tiles_n);
	emit_sreg(b, g->t, ROAD_DSA_SREG_BLOCK);
	for (unsigned i = 0; i < g->buffers; i++) {
		dsa_build_set(b, MTE1, MTE2, i);
		dsa_build_set(b, M, MTE1, i);
	}
	dsa_build_set(b, FIX, M, 0);
}

static void take_down(struct gemm *g)
{
	struct dsa_build *b = g->b;

	for (unsigned i = 0; i < g->buffers; i++) {
		dsa_build_wait(b, MTE1, MTE2, i);
		dsa_build_wait(b, M, MTE1, i);
	}
	dsa_build_wait(b, FIX, M, 0);
	emit_end(b);
}

/* ---- a tile ---- */

/* Where tile t begins, and how large it is: tiles at C's edges are smaller. */
static void begin_tile(struct gemm *g)
{
	struct dsa_build *b = g->b;
	unsigned row = g->x, column = g->y, rest = g->cube, n_bytes = g->shape;

	emit_divu(b, row, g->t, g->tiles_n);
	emit_remu(b, column, g->t, g->tiles_n);
	emit_shli(b, row, row, (int32_t)log2_of(g->tile.m));
	emit_shli(b, column, column, (int32_t)log2_of(g->tile.n));
	emit_ldarg(b, DSA_U32, rest, ARG_M);
	emit_sub(b, rest, rest, row);
	dsa_build_min(b, g->m, rest, (int32_t)g->tile.m, n_bytes);
	emit_ldarg(b, DSA_U32, rest, ARG_N);
	emit_sub(b, rest, rest, column);
	dsa_build_min(b, g->n, rest, (int32_t)g->tile.n, n_bytes);

	emit_ldarg(b, DSA_U64, g->a, ARG_A);
	emit_mul(b, rest, row, g->lda);
	emit_add(b, g->a, g->a, rest);
	emit_ldarg(b, DSA_U64, g->b_at, ARG_B);
	emit_muli(b, rest, column, (int32_t)g->bytes);
	emit_add(b, g->b_at, g->b_at, rest);
	emit_ldarg(b, DSA_U64, g->c, ARG_C);
	emit_ldarg(b, DSA_U32, rest, ARG_LDC);
	emit_mul(b, rest, rest, row);
	emit_add(b, g->c, g->c, rest);
	emit_muli(b, rest, column, dsa_syntax_bytes[g->variant.out]);
	emit_add(b, g->c, g->c, rest);
	emit_ldarg(b, DSA_U32, g->k_left, ARG_K);
	emit_movi(b, g->first, 1);
}

/* Blocks of A and B into L1, both in NZ layout: A with room for m rows, B for k_l1. */
static void load_l1(struct gemm *g, unsigned buffer)
{
	struct dsa_build *b = g->b;
	unsigned shape = g->shape;

	dsa_build_min(b, g->k, g->k_left, (int32_t)g->tile.k_l1, g->x);
	dsa_build_wait(b, MTE1, MTE2, buffer);
	dsa_build_pair(b, shape, g->m, g->k, g->x);
	dsa_build_li(b, g->y, (int64_t)g->tile.m << 32);
	emit_or(b, shape + 1, g->lda, g->y);
	emit_move_nz(b, g->variant.in, g->l1_a[buffer], g->a, shape);
	dsa_build_pair(b, shape, g->k, g->n, g->x);
	dsa_build_li(b, g->y, (int64_t)g->tile.k_l1 << 32);
	emit_or(b, shape + 1, g->ldb, g->y);
	emit_move_nz(b, g->variant.in, g->l1_b[buffer], g->b_at, shape);
	dsa_build_set(b, MTE2, MTE1, buffer);
	/* on to the next block */
	emit_muli(b, g->x, g->k, (int32_t)g->bytes);
	emit_add(b, g->a, g->a, g->x);
	emit_mul(b, g->x, g->k, g->ldb);
	emit_add(b, g->b_at, g->b_at, g->x);
	emit_sub(b, g->k_left, g->k_left, g->k);
}

/* Step j of a block in L1: k_l0 columns of A and rows of B into L0, and their product. */
static void step(struct gemm *g, unsigned l1, unsigned j, unsigned done)
{
	struct dsa_build *b = g->b;
	unsigned l0 = j % g->buffers, k = g->x, source = g->y;
	unsigned add = dsa_build_label(b), made = dsa_build_label(b);

	if (j) {
		emit_addi(b, k, g->k, -(int32_t)(j * g->tile.k_l0));
		emit_bge(b, 0, k, done);
	} else {
		emit_mov(b, k, g->k);
	}
	dsa_build_min(b, k, k, (int32_t)g->tile.k_l0, source);
	dsa_build_pair(b, g->shape_a, g->m, k, source);
	emit_movi(b, g->shape_a + 1, (int32_t)g->tile.m);
	dsa_build_pair(b, g->shape_b, g->n, k, source);
	emit_movi(b, g->shape_b + 1, (int32_t)g->tile.k_l1);
	dsa_build_wait(b, M, MTE1, l0);
	emit_addi(b, source, g->l1_a[l1], (int32_t)(j * g->tile.k_l0 / g->c0 * g->tile.m * 32));
	emit_load_a(b, g->variant.in, 0, g->l0_a[l0], source, g->shape_a);
	emit_addi(b, source, g->l1_b[l1], (int32_t)(j * g->tile.k_l0 * 32));
	emit_load_b(b, g->variant.in, ROAD_DSA_MOD_TRANSPOSE, g->l0_b[l0], source, g->shape_b);
	dsa_build_set(b, MTE1, M, l0);
	/* m | n << 16 | k << 32 */
	emit_shli(b, source, g->n, 16);
	emit_or(b, source, source, g->m);
	dsa_build_pair(b, g->cube, source, k, k);
	dsa_build_wait(b, MTE1, M, l0);
	emit_beq(b, g->first, 0, add);
	emit_mmad(b, g->variant.in, ROAD_DSA_MOD_INIT, 0, g->l0_a[l0], g->l0_b[l0], g->cube, 0);
	emit_movi(b, g->first, 0);
	emit_jump(b, made);
	dsa_build_place(b, add);
	emit_mmad(b, g->variant.in, 0, 0, g->l0_a[l0], g->l0_b[l0], g->cube, 0);
	dsa_build_place(b, made);
	dsa_build_set(b, M, MTE1, l0);
}

static void block(struct gemm *g, unsigned l1)
{
	unsigned done = dsa_build_label(g->b);

	load_l1(g, l1);
	dsa_build_wait(g->b, MTE2, MTE1, l1);
	for (unsigned j = 0; j < g->tile.k_l1 / g->tile.k_l0; j++)
		step(g, l1, j, done);
	dsa_build_place(g->b, done);
	dsa_build_set(g->b, MTE1, MTE2, l1);
}

/* L0C to C. */
static void end_tile(struct gemm *g)
{
	struct dsa_build *b = g->b;

	dsa_build_set(b, M, FIX, 0);
	dsa_build_wait(b, M, FIX, 0);
	dsa_build_pair(b, g->shape, g->m, g->n, g->x);
	dsa_build_blocks(b, g->x, g->m, 4);
	emit_ldarg(b, DSA_U32, g->y, ARG_LDC);
	dsa_build_pair(b, g->shape + 1, g->y, g->x, g->x);
	emit_fix_gm(b, g->variant.out, g->variant.fix_mods, g->c, 0, g->shape);
	dsa_build_set(b, FIX, M, 0);
}

static void kernel(struct dsa_build *b, const struct variant *variant, const char *name,
		   const uint32_t *pads, unsigned buffers)
{
	uint32_t bytes = dsa_syntax_bytes[variant->in];
	struct gemm g = {.b = b,
			 .variant = *variant,
			 .tile = choose(pads, bytes),
			 .bytes = bytes,
			 .c0 = 32 / bytes,
			 .buffers = buffers};
	unsigned next_tile, next_block, tile_done, finished;

	if (!g.tile.m) {
		b->wrong = "scratchpads too small for a tile of 16 x 16";
		return;
	}
	dsa_build_kernel(b, name, ARG_BYTES, 0);
	next_tile = dsa_build_label(b), next_block = dsa_build_label(b);
	tile_done = dsa_build_label(b), finished = dsa_build_label(b);
	take_registers(&g);
	set_up(&g);
	place_buffers(&g);
	emit_bgeu(b, g.t, g.tiles, finished);
	dsa_build_place(b, next_tile);
	begin_tile(&g);
	dsa_build_wait(b, FIX, M, 0);
	dsa_build_place(b, next_block);
	for (unsigned i = 0; i < buffers; i++) {
		block(&g, i);
		if (i + 1 < buffers)
			emit_beq(b, g.k_left, 0, tile_done);
	}
	emit_bne(b, g.k_left, 0, next_block);
	dsa_build_place(b, tile_done);
	end_tile(&g);
	emit_sreg(b, g.x, ROAD_DSA_SREG_BLOCKS);
	emit_add(b, g.t, g.t, g.x);
	emit_bltu(b, g.t, g.tiles, next_tile);
	dsa_build_place(b, finished);
	take_down(&g);
	dsa_build_kernel_end(b);
}

static const char *build(struct dsa_program *program)
{
	struct dsa_build builder;
	char name[64];

	dsa_build_begin(&builder, program);
	for (unsigned i = 0; i < sizeof(variants) / sizeof(variants[0]); i++) {
		kernel(&builder, &variants[i], variants[i].name, program->pads, 2);
		snprintf(name, sizeof(name), "%s_naive", variants[i].name);
		kernel(&builder, &variants[i], name, program->pads, 1);
	}
	return builder.wrong;
}

/* With --tiles as last argument it also prints the tiles that it chose. */
static const char *build_and_tell(struct dsa_program *program)
{
	for (unsigned i = 0; i < sizeof(variants) / sizeof(variants[0]); i++) {
		struct tile t = choose(program->pads, dsa_syntax_bytes[variants[i].in]);

		printf("%s %u %u %u %u\n", variants[i].name, t.m, t.n, t.k_l0, t.k_l1);
	}
	return build(program);
}

int main(int argc, char **argv)
{
	bool tell = argc > 1 && !strcmp(argv[argc - 1], "--tiles");

	return output_main(argc - tell, argv, tell ? build_and_tell : build);
}
