/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes an image of kernels that work on rows of a row-major matrix: for TYPE f32, f16, bf16
 *
 *	sum_TYPE, rowmax_TYPE, rowmin_TYPE	y[r] of each row: f32 for sums, else TYPE
 *	softmax_TYPE	y = exp(x - max) * (1 / sum of them)
 *	rmsnorm_TYPE	y = x * r * gamma, r = 1 / sqrt(sum of x * x / columns + epsilon)
 *	layernorm_TYPE	y = (x - mean) * r * gamma + beta, r likewise of x - mean
 *
 * Arguments, 56 bytes; what a kernel does not use is ignored:
 *	device addresses of x, y, gamma, beta		0, 8, 16, 24
 *	u64 rows					32
 *	u32 columns, at least 1				40
 *	u32 bytes from row to row of x, of y		44, 48 (y of reductions: without gaps)
 *	f32 epsilon					52
 *
 * y may be x. gamma and beta have TYPE. Arithmetic is f32, each step rounded; sums are those of
 * vsum (64 lanes, then a tree); a result of f16 or bf16 is rounded once more. Blocks of the task
 * share the rows: block b takes b, b + blocks, .... Rows of x come and rows of y go through two
 * buffers each; a row must fit into UB about seven times as f32 (trap 1 if it does not).
 */
#include "examples/dsa/output.h"

#include <stdio.h>

enum {
	ARG_X = 0,
	ARG_Y = 8,
	ARG_GAMMA = 16,
	ARG_BETA = 24,
	ARG_ROWS = 32,
	ARG_COLUMNS = 40,
	ARG_X_ROW = 44,
	ARG_Y_ROW = 48,
	ARG_EPSILON = 52,
	ARG_BYTES = 56
};

/* Scalars in UB, in slots of 32 bytes from 0 on; rows behind them. */
enum { SLOT_SUM = 0, SLOT_COUNT = 32, ROWS_AT = 128 };

struct rows {
	struct dsa_build *b;
	const struct output_type *type;
	unsigned x, y, left, x_step, y_step;
	unsigned in[2], out[2], work, square, gamma, beta; /* rows in UB */
	unsigned slot_count;
	unsigned columns, bytes, one, scalar, sign, epsilon, t;
};

struct kernel {
	const char *name;
	uint16_t reduce; /* enum road_dsa_op of a reduction; 0: none */
	bool gamma, beta;
	void (*row)(struct rows *r, unsigned i);
};

/* V overlaps its instructions: each of these reads what the one before wrote. */
static void then(struct rows *r)
{
	emit_pipe_barrier(r->b, ROAD_DSA_QUEUE_V);
}

/* The f32 in the first slot as a scalar: S waits for V. */
static void scalar_of_sum(struct rows *r)
{
	dsa_build_set(r->b, V, S, 0);
	dsa_build_wait(r->b, V, S, 0);
	emit_ldu(r->b, DSA_U32, r->scalar, 0, SLOT_SUM);
}

static void to_f32(struct rows *r, unsigned d, unsigned a)
{
	if (r->type->type == ROAD_DSA_TYPE_F32)
		emit_vcopy(r->b, ROAD_DSA_TYPE_F32, d, a, r->columns, 0);
	else
		emit_vcvt(r->b, ROAD_DSA_TYPE_F32, r->type->type, d, a, 0, r->columns, 0);
	then(r);
}

static void from_f32(struct rows *r, unsigned d, unsigned a)
{
	if (r->type->type == ROAD_DSA_TYPE_F32)
		emit_vcopy(r->b, ROAD_DSA_TYPE_F32, d, a, r->columns, 0);
	else
		emit_vcvt(r->b, r->type->type, ROAD_DSA_TYPE_F32, d, a, 0, r->columns, 0);
}

/* ---- what is done to a row ---- */

static void softmax(struct rows *r, unsigned i)
{
	struct dsa_build *b = r->b;

	to_f32(r, r->work, r->in[i]);
	emit_vrmax(b, ROAD_DSA_TYPE_F32, 0, r->work, r->columns, 0);
	scalar_of_sum(r);
	emit_xor(b, r->scalar, r->scalar, r->sign);
	emit_vadds(b, ROAD_DSA_TYPE_F32, r->work, r->work, r->scalar, r->columns, 0);
	then(r);
	emit_vexp(b, ROAD_DSA_TYPE_F32, r->work, r->work, r->columns, 0);
	then(r);
	emit_vsum(b, ROAD_DSA_TYPE_F32, 0, r->work, r->columns, 0);
	then(r);
	emit_vrec(b, ROAD_DSA_TYPE_F32, 0, 0, r->one, 0);
	scalar_of_sum(r);
	emit_vmuls(b, ROAD_DSA_TYPE_F32, r->work, r->work, r->scalar, r->columns, 0);
	then(r);
	from_f32(r, r->out[i], r->work);
}

/* work = work / sqrt(mean of its squares + epsilon) * gamma */
static void normalise(struct rows *r)
{
	struct dsa_build *b = r->b;

	emit_vmul(b, ROAD_DSA_TYPE_F32, r->square, r->work, r->work, r->columns, 0);
	then(r);
	emit_vsum(b, ROAD_DSA_TYPE_F32, 0, r->square, r->columns, 0);
	then(r);
	emit_vdiv(b, ROAD_DSA_TYPE_F32, 0, 0, r->slot_count, r->one, 0);
	then(r);
	emit_vadds(b, ROAD_DSA_TYPE_F32, 0, 0, r->epsilon, r->one, 0);
	then(r);
	emit_vrsqrt(b, ROAD_DSA_TYPE_F32, 0, 0, r->one, 0);
	scalar_of_sum(r);
	emit_vmuls(b, ROAD_DSA_TYPE_F32, r->work, r->work, r->scalar, r->columns, 0);
	then(r);
	emit_vmul(b, ROAD_DSA_TYPE_F32, r->work, r->work, r->gamma, r->columns, 0);
	then(r);
}

static void rmsnorm(struct rows *r, unsigned i)
{
	to_f32(r, r->work, r->in[i]);
	normalise(r);
	from_f32(r, r->out[i], r->work);
}

static void layernorm(struct rows *r, unsigned i)
{
	struct dsa_build *b = r->b;

	to_f32(r, r->work, r->in[i]);
	emit_vsum(b, ROAD_DSA_TYPE_F32, 0, r->work, r->columns, 0);
	then(r);
	emit_vdiv(b, ROAD_DSA_TYPE_F32, 0, 0, r->slot_count, r->one, 0);
	scalar_of_sum(r);
	emit_xor(b, r->scalar, r->scalar, r->sign);
	emit_vadds(b, ROAD_DSA_TYPE_F32, r->work, r->work, r->scalar, r->columns, 0);
	then(r);
	normalise(r);
	emit_vadd(b, ROAD_DSA_TYPE_F32, r->work, r->work, r->beta, r->columns, 0);
	then(r);
	from_f32(r, r->out[i], r->work);
}

static const struct kernel kernels[] = {
	{"sum", ROAD_DSA_OP_vsum, false, false, NULL},
	{"rowmax", ROAD_DSA_OP_vrmax, false, false, NULL},
	{"rowmin", ROAD_DSA_OP_vrmin, false, false, NULL},
	{"softmax", 0, false, false, softmax},
	{"rmsnorm", 0, true, false, rmsnorm},
	{"layernorm", 0, true, true, layernorm},
};

/* ---- the frame ---- */

static void take_registers(struct rows *r)
{
	unsigned *singles[] = {&r->x,      &r->y,     &r->left,   &r->x_step,     &r->y_step,
			       &r->in[0],  &r->in[1], &r->out[0], &r->out[1],     &r->work,
			       &r->square, &r->gamma, &r->beta,   &r->slot_count, &r->columns,
			       &r->bytes,  &r->one,   &r->scalar, &r->sign,       &r->epsilon,
			       &r->t};

	for (unsigned i = 0; i < sizeof(singles) / sizeof(singles[0]); i++)
		*singles[i] = dsa_build_reg(r->b);
}

/* Rows of f32 behind the slots; traps if the last one leaves UB. */
static void place_rows(struct rows *r)
{
	struct dsa_build *b = r->b;
	unsigned *places[] = {&r->in[0], &r->in[1],  &r->out[0], &r->out[1],
			      &r->work,  &r->square, &r->gamma,  &r->beta};
	unsigned fits = dsa_build_label(b), row = r->t, at = r->scalar;

	emit_shli(b, row, r->columns, 2);
	emit_addi(b, row, row, 31);
	emit_andi(b, row, row, -32);
	emit_movi(b, at, ROWS_AT);
	for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		emit_mov(b, *places[i], at);
		emit_add(b, at, at, row);
	}
	emit_sreg(b, row, ROAD_DSA_SREG_UB_BYTES);
	emit_bgeu(b, row, at, fits);
	emit_trap(b, 1);
	dsa_build_place(b, fits);
}

/* x and y at this block's first row; what is left counts its rows down. */
static void place_block(struct rows *r, const struct kernel *kernel)
{
	struct dsa_build *b = r->b;
	unsigned block = r->scalar;
	int32_t out_bytes = kernel->reduce == ROAD_DSA_OP_vsum ? 4 : 1 << r->type->log2_bytes;

	emit_sreg(b, block, ROAD_DSA_SREG_BLOCK);
	emit_ldarg(b, DSA_U64, r->x, ARG_X);
	emit_ldarg(b, DSA_U64, r->y, ARG_Y);
	emit_ldarg(b, DSA_U64, r->left, ARG_ROWS);
	emit_sub(b, r->left, r->left, block);
	emit_ldarg(b, DSA_U32, r->x_step, ARG_X_ROW);
	if (kernel->reduce)
		emit_movi(b, r->y_step, out_bytes);
	else
		emit_ldarg(b, DSA_U32, r->y_step, ARG_Y_ROW);
	emit_mul(b, r->t, r->x_step, block);
	emit_add(b, r->x, r->x, r->t);
	emit_mul(b, r->t, r->y_step, block);
	emit_add(b, r->y, r->y, r->t);
	emit_sreg(b, block, ROAD_DSA_SREG_BLOCKS);
	emit_mul(b, r->x_step, r->x_step, block);
	emit_mul(b, r->y_step, r->y_step, block);
}

/* gamma or beta, once, as f32. */
static void load_weights(struct rows *r, unsigned d, int32_t argument)
{
	struct dsa_build *b = r->b;

	emit_ldarg(b, DSA_U64, r->t, argument);
	emit_move_ub(b, r->type->type, 0, r->in[0], r->t, r->bytes, 1);
	dsa_build_set(b, MTE2, V, 2);
	dsa_build_wait(b, MTE2, V, 2);
	to_f32(r, d, r->in[0]);
	dsa_build_set(b, V, MTE2, 2);
	dsa_build_wait(b, V, MTE2, 2);
}

static void set_up(struct rows *r, const struct kernel *kernel)
{
	struct dsa_build *b = r->b;

	emit_ldarg(b, DSA_U32, r->columns, ARG_COLUMNS);
	place_rows(r);
	place_block(r, kernel);
	emit_shli(b, r->bytes, r->columns, r->type->log2_bytes);
	emit_movi(b, r->one, 1);
	emit_movi(b, r->slot_count, SLOT_COUNT);
	dsa_build_li(b, r->sign, 0x80000000);
	emit_ldarg(b, DSA_U32, r->epsilon, ARG_EPSILON);
	if (kernel->gamma) { /* the number of columns as f32, too */
		emit_stu(b, DSA_U32, r->slot_count, 0, r->columns);
		dsa_build_set(b, S, V, 2);
		dsa_build_wait(b, S, V, 2);
		emit_vcvt(b, ROAD_DSA_TYPE_F32, ROAD_DSA_TYPE_S32, r->slot_count, r->slot_count, 0,
			  r->one, 0);
		load_weights(r, r->gamma, ARG_GAMMA);
	}
	if (kernel->beta)
		load_weights(r, r->beta, ARG_BETA);
	for (unsigned i = 0; i < 2; i++) {
		dsa_build_set(b, V, MTE2, i);
		dsa_build_set(b, MTE3, V, i);
	}
}

/* A reduction's result takes the place of a row of y. */
static void reduce(struct rows *r, const struct kernel *kernel, unsigned i)
{
	struct road_dsa_word word = {.op = kernel->reduce,
				     .type = r->type->type,
				     .d = (uint8_t)r->out[i],
				     .a = (uint8_t)r->in[i],
				     .c = (uint8_t)r->columns};

	dsa_build_emit(r->b, &word, DSA_NO_LABEL);
}

static void row(struct rows *r, const struct kernel *kernel, unsigned i)
{
	struct dsa_build *b = r->b;
	unsigned bytes = r->bytes;

	dsa_build_wait(b, V, MTE2, i);
	emit_move_ub(b, r->type->type, 0, r->in[i], r->x, r->bytes, 1);
	dsa_build_set(b, MTE2, V, i);
	dsa_build_wait(b, MTE2, V, i);
	dsa_build_wait(b, MTE3, V, i);
	if (kernel->reduce)
		reduce(r, kernel, i);
	else
		kernel->row(r, i);
	dsa_build_set(b, V, MTE2, i);
	dsa_build_set(b, V, MTE3, i);
	dsa_build_wait(b, V, MTE3, i);
	if (kernel->reduce) {
		bytes = r->t;
		emit_movi(b, bytes,
			  kernel->reduce == ROAD_DSA_OP_vsum ? 4 : 1 << r->type->log2_bytes);
	}
	emit_store_ub(b, r->type->type, 0, r->y, r->out[i], bytes, 1);
	dsa_build_set(b, MTE3, V, i);
	emit_add(b, r->x, r->x, r->x_step);
	emit_add(b, r->y, r->y, r->y_step);
	emit_sreg(b, r->t, ROAD_DSA_SREG_BLOCKS);
	emit_sub(b, r->left, r->left, r->t);
}

static void kernel(struct dsa_build *b, const struct kernel *kernel, const struct output_type *type)
{
	struct rows r = {.b = b, .type = type};
	char name[32];
	unsigned next, done;

	snprintf(name, sizeof(name), "%s_%s", kernel->name, type->name);
	dsa_build_kernel(b, name, ARG_BYTES, 0);
	next = dsa_build_label(b), done = dsa_build_label(b);
	take_registers(&r);
	set_up(&r, kernel);
	dsa_build_place(b, next);
	for (unsigned i = 0; i < 2; i++) {
		emit_bge(b, 0, r.left, done);
		row(&r, kernel, i);
	}
	emit_jump(b, next);
	dsa_build_place(b, done);
	for (unsigned i = 0; i < 2; i++) {
		dsa_build_wait(b, V, MTE2, i);
		dsa_build_wait(b, MTE3, V, i);
	}
	emit_end(b);
	dsa_build_kernel_end(b);
}

static const char *build(struct dsa_program *program)
{
	struct dsa_build builder;

	dsa_build_begin(&builder, program);
	for (unsigned i = 0; i < sizeof(kernels) / sizeof(kernels[0]); i++)
		for (unsigned j = 0; j < 3; j++)
			kernel(&builder, &kernels[i], &output_floats[j]);
	return builder.wrong;
}

int main(int argc, char **argv)
{
	return output_main(argc, argv, build);
}
