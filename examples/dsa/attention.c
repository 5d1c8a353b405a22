/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes an image of attention of one head: o = softmax(q k^T * scale) v, in one pass over k and v,
 * so that sequences have any length. Kernels attention_f16, attention_bf16.
 *
 *	arguments, 64 bytes
 *	device addresses of q, k, v, o (rows of D elements)	0, 8, 16, 24
 *	u32 rows of q and o, of k and v, at least 1		32, 36
 *	u32 D, 1 to 128 (trap 1 beyond)				40
 *	f32 scale						44
 *	u32 bytes from row to row of q, k, v, o			48, 52, 56, 60
 *
 * Blocks of the task share tiles of 16 rows of q: block b takes b, b + blocks, .... For each tile
 * and 64 rows of k and v at a time, all f32 but for the products' operands:
 *
 *	s = q k^T * scale		cube, f32 by ascending d; FIX times scale
 *	m' = max(m, max of s)		by row, from -infinity
 *	a = exp(m - m')
 *	p = exp(s - m')
 *	l = l * a + sum of p		vsum's order; product and sum each rounded
 *	o = o * a + round(p) v		p rounded to the type, cube from 0; product and sum rounded
 *
 * and o / l at the end, rounded. Scalars of rows are spread over rows by vgather, with tables of
 * byte offsets that are made once.
 */
#include "examples/dsa/output.h"

#include <stdio.h>

#include "tools/dsa/syntax.h"

enum { ROWS = 16, KEYS = 64, D_MAX = 128 };
enum {
	ARG_Q = 0,
	ARG_K = 8,
	ARG_V = 16,
	ARG_O = 24,
	ARG_QS = 32,
	ARG_KS = 36,
	ARG_D = 40,
	ARG_SCALE = 44,
	ARG_Q_ROW = 48,
	ARG_K_ROW = 52,
	ARG_V_ROW = 56,
	ARG_O_ROW = 60,
	ARG_BYTES = 64
};

/* Where things lie. */
enum {
	L1_Q = 0,
	L1_K = L1_Q + ROWS * D_MAX * 2,
	L1_V = L1_K + KEYS * D_MAX * 2,
	L1_P = L1_V + KEYS * D_MAX * 2,
	L0A_P = ROWS * D_MAX * 2, /* q at 0 */
	L0C_O = ROWS * KEYS * 4,  /* s at 0 */
	UB_P = ROWS * KEYS * 4,   /* s at 0 */
	UB_O = UB_P + ROWS * KEYS * 2,
	UB_PV = UB_O + ROWS * D_MAX * 4,
	UB_KEYS = UB_PV + ROWS * D_MAX * 4,  /* offsets that spread over rows of s */
	UB_DIMS = UB_KEYS + ROWS * KEYS * 4, /* and of o */
	UB_WIDE = UB_DIMS + ROWS * D_MAX * 4,
	UB_M = UB_WIDE + ROWS * D_MAX * 4, /* of each row: m, m', a, l, sum of p */
	UB_M2 = UB_M + ROWS * 4,
	UB_A = UB_M2 + ROWS * 4,
	UB_L = UB_A + ROWS * 4,
	UB_SUM = UB_L + ROWS * 4,
	UB_OUT = UB_SUM + ROWS * 4,
};

/* Tokens: ids of pairs that have several. */
enum { OF_Q = 0, OF_K = 1, OF_V = 2 };             /* MTE2 <-> MTE1 */
enum { OF_S = 0, OF_O = 1, OF_P = 0, OF_OUT = 1 }; /* M, FIX, V; V, MTE3 */

struct attention {
	struct dsa_build *b;
	unsigned type;
	unsigned row, q_left, k_at, v_at, k_left; /* the tile's first row; what is left */
	unsigned d, d_room, m, n;                 /* elements of rows of o in UB; rows of tiles */
	unsigned x, y, z, w;                      /* addresses and other things of the moment */
	unsigned shape, c_rows, c_s, c_o, c_keys, step_s; /* shapes */
	unsigned three;                                   /* a block of three */
};

#define F32 ROAD_DSA_TYPE_F32

static void then(struct attention *t)
{
	emit_pipe_barrier(t->b, ROAD_DSA_QUEUE_V);
}

static unsigned at(struct attention *t, unsigned reg, int32_t address)
{
	emit_movi(t->b, reg, address);
	return reg;
}

/* ---- set-up ---- */

static void tokens_begin(struct dsa_build *b)
{
	for (unsigned i = 0; i < 3; i++)
		dsa_build_set(b, MTE1, MTE2, i);
	dsa_build_set(b, M, MTE1, 0);
	dsa_build_set(b, MTE1, MTE3, OF_P);
	for (unsigned i = 0; i < 2; i++) {
		dsa_build_set(b, FIX, M, i);
		dsa_build_set(b, V, FIX, i);
		dsa_build_set(b, MTE3, V, i);
	}
}

static void tokens_end(struct dsa_build *b)
{
	for (unsigned i = 0; i < 3; i++)
		dsa_build_wait(b, MTE1, MTE2, i);
	dsa_build_wait(b, M, MTE1, 0);
	dsa_build_wait(b, MTE1, MTE3, OF_P);
	for (unsigned i = 0; i < 2; i++) {
		dsa_build_wait(b, FIX, M, i);
		dsa_build_wait(b, V, FIX, i);
		dsa_build_wait(b, MTE3, V, i);
	}
}

static void set_up(struct attention *t)
{
	struct dsa_build *b = t->b;
	unsigned *singles[] = {&t->row,    &t->q_left, &t->k_at, &t->v_at, &t->k_left, &t->d,
			       &t->d_room, &t->m,      &t->n,    &t->x,    &t->y,      &t->z,
			       &t->w,      &t->c_rows, &t->c_s,  &t->c_o,  &t->c_keys, &t->step_s};
	unsigned fits = dsa_build_label(b);

	for (unsigned i = 0; i < sizeof(singles) / sizeof(singles[0]); i++)
		*singles[i] = dsa_build_reg(b);
	t->shape = dsa_build_regs(b, 2);
	t->three = dsa_build_regs(b, 3);
	emit_ldarg(b, DSA_U32, t->d, ARG_D);
	emit_movi(b, t->x, D_MAX);
	emit_bgeu(b, t->x, t->d, fits);
	emit_trap(b, 1);
	dsa_build_place(b, fits);
	emit_addi(b, t->d_room, t->d, 15);
	emit_andi(b, t->d_room, t->d_room, -16);
	emit_movi(b, t->c_rows, ROWS);
	emit_movi(b, t->c_s, ROWS * KEYS);
	emit_muli(b, t->c_o, t->d_room, ROWS);
	emit_movi(b, t->step_s, KEYS * 4 / 32 << 16);
	for (int32_t row = 0; row < ROWS; row++) {
		emit_movi(b, t->x, row * 4);
		emit_movi(b, t->z, KEYS);
		emit_vdup(b, ROAD_DSA_TYPE_U32, at(t, t->y, UB_KEYS + row * KEYS * 4), t->x, t->z,
			  0);
		emit_muli(b, t->y, t->d_room, row * 4);
		emit_addi(b, t->y, t->y, UB_DIMS);
		emit_vdup(b, ROAD_DSA_TYPE_U32, t->y, t->x, t->d_room, 0);
	}
	then(t);
	tokens_begin(b);
}

/* ---- transfers ---- */

/* `rows` rows of d elements from `from` on, into L1 with room for `room`. */
static void to_l1(struct attention *t, int32_t where, unsigned from, unsigned rows, int32_t row_arg,
		  int32_t room)
{
	struct dsa_build *b = t->b;

	dsa_build_pair(b, t->shape, rows, t->d, t->w);
	emit_ldarg(b, DSA_U32, t->shape + 1, row_arg);
	dsa_build_li(b, t->w, (int64_t)room << 32);
	emit_or(b, t->shape + 1, t->shape + 1, t->w);
	emit_move_nz(b, t->type, at(t, t->w, where), from, t->shape);
}

/* The tile's rows of q, into L0A; m of them. What of L0A is replaced was used before v's last. */
static void load_q(struct attention *t)
{
	struct dsa_build *b = t->b;

	dsa_build_min(b, t->m, t->q_left, ROWS, t->x);
	emit_ldarg(b, DSA_U64, t->y, ARG_Q);
	emit_ldarg(b, DSA_U32, t->x, ARG_Q_ROW);
	emit_mul(b, t->x, t->x, t->row);
	emit_add(b, t->y, t->y, t->x);
	dsa_build_wait(b, MTE1, MTE2, OF_Q);
	to_l1(t, L1_Q, t->y, t->m, ARG_Q_ROW, ROWS);
	dsa_build_set(b, MTE2, MTE1, OF_Q);
	dsa_build_wait(b, MTE2, MTE1, OF_Q);
	dsa_build_pair(b, t->shape, t->m, t->d, t->x);
	emit_movi(b, t->shape + 1, ROWS);
	emit_load_a(b, t->type, 0, 0, at(t, t->x, L1_Q), t->shape);
	dsa_build_set(b, MTE1, MTE2, OF_Q);
}

/* n rows of k and v into L1; on to the next ones. */
static void load_kv(struct attention *t)
{
	struct dsa_build *b = t->b;

	dsa_build_min(b, t->n, t->k_left, KEYS, t->x);
	dsa_build_wait(b, MTE1, MTE2, OF_K);
	to_l1(t, L1_K, t->k_at, t->n, ARG_K_ROW, KEYS);
	dsa_build_set(b, MTE2, MTE1, OF_K);
	dsa_build_wait(b, MTE1, MTE2, OF_V);
	to_l1(t, L1_V, t->v_at, t->n, ARG_V_ROW, KEYS);
	dsa_build_set(b, MTE2, MTE1, OF_V);
	emit_ldarg(b, DSA_U32, t->x, ARG_K_ROW);
	emit_mul(b, t->x, t->x, t->n);
	emit_add(b, t->k_at, t->k_at, t->x);
	emit_ldarg(b, DSA_U32, t->x, ARG_V_ROW);
	emit_mul(b, t->x, t->x, t->n);
	emit_add(b, t->v_at, t->v_at, t->x);
	emit_sub(b, t->k_left, t->k_left, t->n);
}

/* ---- products ---- */

/* m = 16, n and k in registers, into x. */
static unsigned cube_shape(struct attention *t, unsigned n, unsigned k)
{
	struct dsa_build *b = t->b;

	emit_shli(b, t->x, n, 16);
	emit_ori(b, t->x, t->x, ROWS);
	dsa_build_pair(b, t->x, t->x, k, t->w);
	return t->x;
}

/* 16 rows of n columns of L0C, times `factor` (0: as they are), to UB with rows of `pitch` bytes.
 */
static void to_ub(struct attention *t, int32_t to, int32_t from, unsigned n, unsigned pitch,
		  unsigned factor)
{
	struct dsa_build *b = t->b;

	dsa_build_pair(b, t->three, t->c_rows, n, t->x);
	dsa_build_li(b, t->x, INT64_C(1) << 32); /* one block of 16 rows */
	emit_or(b, t->three + 1, pitch, t->x);
	if (factor)
		emit_mov(b, t->three + 2, factor);
	emit_fix_ub(b, F32, factor ? ROAD_DSA_MOD_QUANT : 0, at(t, t->x, to), at(t, t->w, from),
		    t->three);
}

static void scores(struct attention *t)
{
	struct dsa_build *b = t->b;

	dsa_build_wait(b, MTE2, MTE1, OF_K);
	dsa_build_wait(b, M, MTE1, 0);
	dsa_build_pair(b, t->shape, t->n, t->d, t->x);
	emit_movi(b, t->shape + 1, KEYS);
	emit_load_b(b, t->type, 0, 0, at(t, t->x, L1_K), t->shape);
	dsa_build_set(b, MTE1, MTE2, OF_K);
	dsa_build_set(b, MTE1, M, 0);
	dsa_build_wait(b, MTE1, M, 0);
	dsa_build_wait(b, FIX, M, OF_S);
	emit_mmad(b, t->type, ROAD_DSA_MOD_INIT, 0, 0, 0, cube_shape(t, t->n, t->d), 0);
	dsa_build_set(b, M, MTE1, 0);
	dsa_build_set(b, M, FIX, OF_S);
	dsa_build_wait(b, M, FIX, OF_S);
	dsa_build_wait(b, V, FIX, OF_S);
	emit_ldarg(b, DSA_U32, t->y, ARG_SCALE);
	emit_movi(b, t->z, KEYS * 4);
	to_ub(t, 0, 0, t->n, t->z, t->y);
	dsa_build_set(b, FIX, M, OF_S);
	dsa_build_set(b, FIX, V, OF_S);
}

/* p from UB over L1 to L0A, and its product with v to UB. */
static void weigh(struct attention *t)
{
	struct dsa_build *b = t->b;

	dsa_build_wait(b, V, MTE3, OF_P);
	dsa_build_wait(b, MTE1, MTE3, OF_P);
	dsa_build_pair(b, t->shape, t->c_rows, t->n, t->x);
	dsa_build_li(b, t->shape + 1, (int64_t)ROWS << 32 | KEYS * 2);
	emit_store_nz(b, t->type, at(t, t->y, L1_P), at(t, t->x, UB_P), t->shape);
	dsa_build_set(b, MTE3, V, OF_P);
	dsa_build_set(b, MTE3, MTE1, OF_P);
	dsa_build_wait(b, MTE3, MTE1, OF_P);
	dsa_build_wait(b, MTE2, MTE1, OF_V);
	dsa_build_wait(b, M, MTE1, 0);
	emit_movi(b, t->shape + 1, ROWS);
	emit_load_a(b, t->type, 0, at(t, t->x, L0A_P), t->y, t->shape);
	dsa_build_set(b, MTE1, MTE3, OF_P);
	dsa_build_pair(b, t->shape, t->d, t->n, t->x);
	emit_movi(b, t->shape + 1, KEYS);
	emit_load_b(b, t->type, ROAD_DSA_MOD_TRANSPOSE, 0, at(t, t->x, L1_V), t->shape);
	dsa_build_set(b, MTE1, MTE2, OF_V);
	dsa_build_set(b, MTE1, M, 0);
	dsa_build_wait(b, MTE1, M, 0);
	dsa_build_wait(b, FIX, M, OF_O);
	emit_mmad(b, t->type, ROAD_DSA_MOD_INIT, at(t, t->y, L0C_O), at(t, t->z, L0A_P), 0,
		  cube_shape(t, t->d, t->n), 0);
	dsa_build_set(b, M, MTE1, 0);
	dsa_build_set(b, M, FIX, OF_O);
	dsa_build_wait(b, M, FIX, OF_O);
	dsa_build_wait(b, V, FIX, OF_O);
	emit_shli(b, t->z, t->d_room, 2);
	to_ub(t, UB_PV, L0C_O, t->d, t->z, 0);
	dsa_build_set(b, FIX, M, OF_O);
	dsa_build_set(b, FIX, V, OF_O);
}

/* ---- vectors ---- */

static void begin_vectors(struct attention *t)
{
	struct dsa_build *b = t->b;

	dsa_build_li(b, t->x, 0xff800000); /* -infinity */
	emit_vdup(b, F32, at(t, t->y, UB_M), t->x, t->c_rows, 0);
	emit_vdup(b, F32, at(t, t->y, UB_L), 0, t->c_rows, 0);
	emit_vdup(b, F32, at(t, t->y, UB_O), 0, t->c_o, 0);
	then(t);
}

/* One scalar a row, over all of the row: the result is at UB_WIDE. */
static void spread(struct attention *t, int32_t scalars, int32_t offsets, unsigned count)
{
	emit_vgather(t->b, F32, at(t, t->w, UB_WIDE), at(t, t->x, scalars), at(t, t->y, offsets),
		     count, 0);
	then(t);
}

static void maxima(struct attention *t)
{
	struct dsa_build *b = t->b;

	dsa_build_wait(b, FIX, V, OF_S);
	dsa_build_li(b, t->x, (int64_t)(ROWS - 1) << 32);
	emit_or(b, t->c_keys, t->n, t->x);
	emit_vrmax(b, F32, at(t, t->x, UB_M2), 0, t->c_keys, t->step_s);
	then(t);
	emit_vmax(b, F32, t->x, t->x, at(t, t->y, UB_M), t->c_rows, 0);
	then(t);
	emit_vsub(b, F32, at(t, t->z, UB_A), t->y, t->x, t->c_rows, 0);
	then(t);
	emit_vexp(b, F32, t->z, t->z, t->c_rows, 0);
	emit_vcopy(b, F32, t->y, t->x, t->c_rows, 0);
	then(t);
}

static void weights(struct attention *t)
{
	struct dsa_build *b = t->b;

	maxima(t);
	spread(t, UB_M, UB_KEYS, t->c_s);
	emit_vsub(b, F32, 0, 0, t->w, t->c_s, 0);
	then(t);
	emit_vexp(b, F32, 0, 0, t->c_s, 0);
	then(t);
	emit_vsum(b, F32, at(t, t->x, UB_SUM), 0, t->c_keys, t->step_s);
	emit_vmul(b, F32, at(t, t->y, UB_L), t->y, at(t, t->z, UB_A), t->c_rows, 0);
	then(t);
	emit_vadd(b, F32, t->y, t->y, t->x, t->c_rows, 0);
	dsa_build_wait(b, MTE3, V, OF_P);
	emit_vcvt(b, t->type, F32, at(t, t->x, UB_P), 0, 0, t->c_s, 0);
	dsa_build_set(b, V, FIX, OF_S);
	dsa_build_set(b, V, MTE3, OF_P);
}

static void accumulate(struct attention *t)
{
	struct dsa_build *b = t->b;

	dsa_build_wait(b, FIX, V, OF_O);
	spread(t, UB_A, UB_DIMS, t->c_o);
	emit_vmul(b, F32, at(t, t->x, UB_O), t->x, t->w, t->c_o, 0);
	then(t);
	emit_vadd(b, F32, t->x, t->x, at(t, t->y, UB_PV), t->c_o, 0);
	then(t);
	dsa_build_set(b, V, FIX, OF_O);
}

/* o / l, rounded, to global memory. */
static void finish_tile(struct attention *t)
{
	struct dsa_build *b = t->b;

	spread(t, UB_L, UB_DIMS, t->c_o);
	emit_vdiv(b, F32, at(t, t->x, UB_O), t->x, t->w, t->c_o, 0);
	then(t);
	dsa_build_wait(b, MTE3, V, OF_OUT);
	emit_vcvt(b, t->type, F32, at(t, t->y, UB_OUT), t->x, 0, t->c_o, 0);
	dsa_build_set(b, V, MTE3, OF_OUT);
	dsa_build_wait(b, V, MTE3, OF_OUT);
	emit_ldarg(b, DSA_U64, t->z, ARG_O);
	emit_ldarg(b, DSA_U32, t->w, ARG_O_ROW);
	emit_mul(b, t->x, t->w, t->row);
	emit_add(b, t->z, t->z, t->x);
	emit_shli(b, t->three, t->d, 1);
	emit_mov(b, t->three + 1, t->m);
	emit_shli(b, t->x, t->d_room, 1);
	dsa_build_pair(b, t->three + 2, t->x, t->w, t->w);
	emit_store_ub(b, t->type, 0, t->z, t->y, t->three, 2);
	dsa_build_set(b, MTE3, V, OF_OUT);
}

/* ---- the kernel ---- */

static void begin_tile(struct attention *t, unsigned done)
{
	struct dsa_build *b = t->b;

	emit_ldarg(b, DSA_U32, t->q_left, ARG_QS);
	emit_sub(b, t->q_left, t->q_left, t->row);
	emit_bge(b, 0, t->q_left, done);
	load_q(t);
	emit_ldarg(b, DSA_U64, t->k_at, ARG_K);
	emit_ldarg(b, DSA_U64, t->v_at, ARG_V);
	emit_ldarg(b, DSA_U32, t->k_left, ARG_KS);
	begin_vectors(t);
}

static void kernel(struct dsa_build *b, const struct output_type *type)
{
	struct attention t = {.b = b, .type = type->type};
	unsigned next_tile, next, done;
	char name[32];

	snprintf(name, sizeof(name), "attention_%s", type->name);
	dsa_build_kernel(b, name, ARG_BYTES, 0);
	next_tile = dsa_build_label(b), next = dsa_build_label(b), done = dsa_build_label(b);
	set_up(&t);
	emit_sreg(b, t.row, ROAD_DSA_SREG_BLOCK);
	emit_muli(b, t.row, t.row, ROWS);
	dsa_build_place(b, next_tile);
	begin_tile(&t, done);
	dsa_build_place(b, next);
	load_kv(&t);
	scores(&t);
	weights(&t);
	weigh(&t);
	accumulate(&t);
	emit_bne(b, t.k_left, 0, next);
	finish_tile(&t);
	emit_sreg(b, t.x, ROAD_DSA_SREG_BLOCKS);
	emit_muli(b, t.x, t.x, ROWS);
	emit_add(b, t.row, t.row, t.x);
	emit_jump(b, next_tile);
	dsa_build_place(b, done);
	tokens_end(b);
	emit_end(b);
	dsa_build_kernel_end(b);
}

static const char *build(struct dsa_program *program)
{
	struct dsa_build builder;

	dsa_build_begin(&builder, program);
	kernel(&builder, &output_floats[1]);
	kernel(&builder, &output_floats[2]);
	return builder.wrong;
}

int main(int argc, char **argv)
{
	return output_main(argc, argv, build);
}
