/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes an image of element-wise kernels: OP_TYPE for TYPE f32, f16, bf16.
 *
 *	binary, z = x OP y: add sub mul div max min; arguments, 32 bytes
 *		device addresses of x, y, z	0, 8, 16
 *		u64 elements			24
 *	unary, z = OP x: abs neg relu exp ln sqrt rsqrt rec tanh; arguments, 24 bytes
 *		device addresses of x, z	0, 8
 *		u64 elements			16
 *
 * z may be x or y. Each element is one instruction's result. Blocks of the task share the tiles:
 * block b takes the tiles b, b + blocks, ...; a tile is as large as the chip's UB allows with two
 * buffers for each operand. The result takes its first operand's place.
 */
#include "examples/dsa/output.h"

#include <stdio.h>

struct op {
	const char *name;
	uint16_t op;
	bool binary;
};
static const struct op ops[] = {
	{"add", ROAD_DSA_OP_vadd, true},      {"sub", ROAD_DSA_OP_vsub, true},
	{"mul", ROAD_DSA_OP_vmul, true},      {"div", ROAD_DSA_OP_vdiv, true},
	{"max", ROAD_DSA_OP_vmax, true},      {"min", ROAD_DSA_OP_vmin, true},
	{"abs", ROAD_DSA_OP_vabs, false},     {"neg", ROAD_DSA_OP_vneg, false},
	{"relu", ROAD_DSA_OP_vrelu, false},   {"exp", ROAD_DSA_OP_vexp, false},
	{"ln", ROAD_DSA_OP_vln, false},       {"sqrt", ROAD_DSA_OP_vsqrt, false},
	{"rsqrt", ROAD_DSA_OP_vrsqrt, false}, {"rec", ROAD_DSA_OP_vrec, false},
	{"tanh", ROAD_DSA_OP_vtanh, false},
};

struct kernel {
	struct dsa_build *b;
	const struct op *op;
	const struct output_type *type;
	unsigned x, y, z, bytes; /* what is left, from this block's next tile on; bytes > 0 */
	unsigned tile, step;     /* bytes of a tile, and from tile to tile of this block */
	unsigned at_x[2], at_y[2], now, elements;
};

/* The operands' buffers: x, x, y, y in UB. */
static void set_up(struct kernel *k)
{
	struct dsa_build *b = k->b;
	unsigned *singles[] = {&k->x,       &k->y,       &k->z,      &k->bytes,
			       &k->tile,    &k->step,    &k->now,    &k->elements,
			       &k->at_x[1], &k->at_y[0], &k->at_y[1]};

	for (unsigned i = 0; i < sizeof(singles) / sizeof(singles[0]); i++)
		*singles[i] = dsa_build_reg(b);
	emit_ldarg(b, DSA_U64, k->x, 0);
	emit_ldarg(b, DSA_U64, k->y, k->op->binary ? 8 : 0);
	emit_ldarg(b, DSA_U64, k->z, k->op->binary ? 16 : 8);
	emit_ldarg(b, DSA_U64, k->bytes, k->op->binary ? 24 : 16);
	emit_shli(b, k->bytes, k->bytes, k->type->log2_bytes);
	emit_sreg(b, k->tile, ROAD_DSA_SREG_UB_BYTES);
	emit_shri(b, k->tile, k->tile, k->op->binary ? 2 : 1);
	emit_andi(b, k->tile, k->tile, -(int32_t)ROAD_DSA_ALIGN);
	emit_mov(b, k->at_x[1], k->tile);
	emit_add(b, k->at_y[0], k->tile, k->tile);
	emit_add(b, k->at_y[1], k->at_y[0], k->tile);
	/* to the first tile of this block */
	emit_sreg(b, k->now, ROAD_DSA_SREG_BLOCK);
	emit_mul(b, k->now, k->now, k->tile);
	emit_add(b, k->x, k->x, k->now);
	emit_add(b, k->y, k->y, k->now);
	emit_add(b, k->z, k->z, k->now);
	emit_sub(b, k->bytes, k->bytes, k->now);
	emit_sreg(b, k->step, ROAD_DSA_SREG_BLOCKS);
	emit_mul(b, k->step, k->step, k->tile);
	for (unsigned i = 0; i < 2; i++)
		dsa_build_set(b, MTE3, MTE2, i);
}

static void compute(struct kernel *k, unsigned i)
{
	struct road_dsa_word word = {.op = k->op->op,
				     .type = k->type->type,
				     .d = (uint8_t)k->at_x[i],
				     .a = (uint8_t)k->at_x[i],
				     .c = (uint8_t)k->elements};

	if (k->op->binary)
		word.b = (uint8_t)k->at_y[i];
	dsa_build_emit(k->b, &word, DSA_NO_LABEL);
}

/* Through MTE2, V and MTE3: each buffer's tokens are those of its number. */
static void tile(struct kernel *k, unsigned i)
{
	struct dsa_build *b = k->b;

	emit_minu(b, k->now, k->bytes, k->tile);
	emit_shri(b, k->elements, k->now, k->type->log2_bytes);
	dsa_build_wait(b, MTE3, MTE2, i);
	emit_move_ub(b, k->type->type, 0, k->at_x[i], k->x, k->now, 1);
	if (k->op->binary)
		emit_move_ub(b, k->type->type, 0, k->at_y[i], k->y, k->now, 1);
	dsa_build_set(b, MTE2, V, i);
	dsa_build_wait(b, MTE2, V, i);
	compute(k, i);
	dsa_build_set(b, V, MTE3, i);
	dsa_build_wait(b, V, MTE3, i);
	emit_store_ub(b, k->type->type, 0, k->z, k->at_x[i], k->now, 1);
	dsa_build_set(b, MTE3, MTE2, i);
	emit_add(b, k->x, k->x, k->step);
	emit_add(b, k->y, k->y, k->step);
	emit_add(b, k->z, k->z, k->step);
	emit_sub(b, k->bytes, k->bytes, k->step);
}

static void kernel(struct dsa_build *b, const struct op *op, const struct output_type *type)
{
	struct kernel k = {.b = b, .op = op, .type = type};
	char name[32];
	unsigned next, done;

	snprintf(name, sizeof(name), "%s_%s", op->name, type->name);
	dsa_build_kernel(b, name, op->binary ? 32 : 24, 0);
	next = dsa_build_label(b), done = dsa_build_label(b);
	set_up(&k);
	dsa_build_place(b, next);
	for (unsigned i = 0; i < 2; i++) {
		emit_bge(b, 0, k.bytes, done);
		tile(&k, i);
	}
	emit_jump(b, next);
	dsa_build_place(b, done);
	for (unsigned i = 0; i < 2; i++)
		dsa_build_wait(b, MTE3, MTE2, i);
	emit_end(b);
	dsa_build_kernel_end(b);
}

static const char *build(struct dsa_program *program)
{
	struct dsa_build builder;

	dsa_build_begin(&builder, program);
	for (unsigned i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		for (unsigned j = 0; j < 3; j++)
			kernel(&builder, &ops[i], &output_floats[j]);
	return builder.wrong;
}

int main(int argc, char **argv)
{
	return output_main(argc, argv, build);
}
