/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A builder of kernels in C, for code that is unreadable as plain assembly: loops unrolled over
 * buffers, tiles with tails, one kernel for each type.
 *
 *	struct dsa_build build;
 *
 *	dsa_build_begin(&build, &program);
 *	dsa_build_kernel(&build, "twice", 8, 0);
 *	unsigned x = dsa_build_reg(&build), shape = dsa_build_reg(&build);
 *	emit_ldarg(&build, DSA_U64, x, 0);
 *	dsa_build_li(&build, shape, 1024);
 *	emit_move_ub(&build, ROAD_DSA_TYPE_F32, 0, 0, x, shape, 1);
 *	...
 *	emit_end(&build);
 *	dsa_build_kernel_end(&build);
 *	if (build.wrong) ...
 *
 * There is one emit_NAME for each row of uapi/dsa/ops.def; operands stand in the order of the
 * assembler's, registers as numbers, mods behind the type. The first thing that goes wrong is kept
 * in `wrong`; what follows does nothing.
 */
#ifndef TOOLS_DSA_BUILD_H
#define TOOLS_DSA_BUILD_H

#include "tools/dsa/program.h"

#define DSA_BUILD_LABELS 512u /* of a kernel */
#define DSA_BUILD_JUMPS  1024u

struct dsa_build {
	struct dsa_program *program;
	const char *wrong; /* NULL: nothing */
	const char *name;
	struct road_dsa_kernel kernel;
	uint32_t used;                                  /* registers that were given out, as bits */
	uint32_t labels[DSA_BUILD_LABELS], label_count; /* word, UINT32_MAX: not placed */
	struct {
		uint32_t word, label;
	} jumps[DSA_BUILD_JUMPS];
	uint32_t jump_count;
};

/* mods of loads and stores */
enum { DSA_U8, DSA_U16, DSA_U32, DSA_U64, DSA_S8 = ROAD_DSA_MOD_SIGNED, DSA_S16, DSA_S32 };

void dsa_build_begin(struct dsa_build *build, struct dsa_program *program);
/* The name lives until dsa_build_kernel_end, which takes all registers and labels back. */
void dsa_build_kernel(struct dsa_build *build, const char *name, uint32_t argument_bytes,
		      uint32_t flags);
void dsa_build_kernel_end(struct dsa_build *build);

/* A register, or `count` that follow each other: shapes stand in such blocks. */
unsigned dsa_build_reg(struct dsa_build *build);
unsigned dsa_build_regs(struct dsa_build *build, unsigned count);
void dsa_build_release(struct dsa_build *build, unsigned reg, unsigned count);

/* A place that jumps lead to; `place` says that it is here. */
unsigned dsa_build_label(struct dsa_build *build);
void dsa_build_place(struct dsa_build *build, unsigned label);

/* Words that follow from others: a constant of 64 bits; low | high << 32, through `t`, for high
 * below 2^32; the lesser of a register and a constant; a / size rounded up, for a power of two. */
void dsa_build_li(struct dsa_build *build, unsigned d, int64_t value);
void dsa_build_pair(struct dsa_build *build, unsigned d, unsigned low, unsigned high, unsigned t);
void dsa_build_min(struct dsa_build *build, unsigned d, unsigned a, int32_t value, unsigned t);
void dsa_build_blocks(struct dsa_build *build, unsigned d, unsigned a, unsigned log2_size);
/* The token's two halves, each in its queue. */
#define dsa_build_set(build, source, target, id) \
	emit_set_flag(build, ROAD_DSA_QUEUE_##source, ROAD_DSA_QUEUE_##target, id)
#define dsa_build_wait(build, source, target, id) \
	emit_wait_flag(build, ROAD_DSA_QUEUE_##source, ROAD_DSA_QUEUE_##target, id)

/* One word; `label` UINT32_MAX: no jump. What emit_NAME calls. */
void dsa_build_emit(struct dsa_build *build, const struct road_dsa_word *word, uint32_t label);

/* ---- one function a row, by its format ---- */

#define DSA_EMIT(name, parameters, label, ...)                                                 \
	static inline void emit_##name parameters                                              \
	{                                                                                      \
		dsa_build_emit(build,                                                          \
			       &(struct road_dsa_word){.op = ROAD_DSA_OP_##name, __VA_ARGS__}, \
			       label);                                                         \
	}
#define DSA_NO_LABEL        UINT32_MAX
#define DSA_REG(x)          (uint8_t)(x)
#define DSA_EMIT_NONE(name) DSA_EMIT(name, (struct dsa_build * build), DSA_NO_LABEL, .imm = 0)
#define DSA_EMIT_D_IMM(name)                                                              \
	DSA_EMIT(name, (struct dsa_build * build, unsigned d, int32_t imm), DSA_NO_LABEL, \
		 .d = DSA_REG(d), .imm = imm)
#define DSA_EMIT_D_A(name)                                                               \
	DSA_EMIT(name, (struct dsa_build * build, unsigned d, unsigned a), DSA_NO_LABEL, \
		 .d = DSA_REG(d), .a = DSA_REG(a))
#define DSA_EMIT_D_A_B(name)                                                           \
	DSA_EMIT(name, (struct dsa_build * build, unsigned d, unsigned a, unsigned b), \
		 DSA_NO_LABEL, .d = DSA_REG(d), .a = DSA_REG(a), .b = DSA_REG(b))
#define DSA_EMIT_D_A_IMM(name)                                                          \
	DSA_EMIT(name, (struct dsa_build * build, unsigned d, unsigned a, int32_t imm), \
		 DSA_NO_LABEL, .d = DSA_REG(d), .a = DSA_REG(a), .imm = imm)
#define DSA_EMIT_D_A_SHIFT(name) DSA_EMIT_D_A_IMM(name)
#define DSA_EMIT_IMM(name) \
	DSA_EMIT(name, (struct dsa_build * build, int32_t imm), DSA_NO_LABEL, .imm = imm)
#define DSA_EMIT_SREG(name) DSA_EMIT_D_IMM(name)
#define DSA_EMIT_LOAD(name)                                                                      \
	DSA_EMIT(name,                                                                           \
		 (struct dsa_build * build, unsigned mods, unsigned d, unsigned a, int32_t imm), \
		 DSA_NO_LABEL, .mods = (uint8_t)mods, .d = DSA_REG(d), .a = DSA_REG(a),          \
		 .imm = imm)
#define DSA_EMIT_STORE(name)                                                                     \
	DSA_EMIT(name,                                                                           \
		 (struct dsa_build * build, unsigned mods, unsigned a, int32_t imm, unsigned b), \
		 DSA_NO_LABEL, .mods = (uint8_t)mods, .a = DSA_REG(a), .b = DSA_REG(b),          \
		 .imm = imm)
#define DSA_EMIT_ARG(name)                                                                 \
	DSA_EMIT(name, (struct dsa_build * build, unsigned mods, unsigned d, int32_t imm), \
		 DSA_NO_LABEL, .mods = (uint8_t)mods, .d = DSA_REG(d), .imm = imm)
#define DSA_EMIT_JUMP(name) \
	DSA_EMIT(name, (struct dsa_build * build, unsigned label), label, .imm = 0)
#define DSA_EMIT_BRANCH(name)                                                                     \
	DSA_EMIT(name, (struct dsa_build * build, unsigned a, unsigned b, unsigned label), label, \
		 .a = DSA_REG(a), .b = DSA_REG(b))
#define DSA_EMIT_LOOP(name)                                                           \
	DSA_EMIT(name, (struct dsa_build * build, unsigned d, unsigned label), label, \
		 .d = DSA_REG(d))
#define DSA_EMIT_FLAG(name)                                                                       \
	DSA_EMIT(name, (struct dsa_build * build, unsigned source, unsigned target, unsigned id), \
		 DSA_NO_LABEL, .mods = (uint8_t)(source | target << 4), .imm = (int32_t)id)
#define DSA_EMIT_BARRIER(name)                                                   \
	DSA_EMIT(name, (struct dsa_build * build, unsigned queue), DSA_NO_LABEL, \
		 .mods = (uint8_t)queue)
#define DSA_EMIT_CROSS_SET(name)                                                           \
	DSA_EMIT(name, (struct dsa_build * build, unsigned mods, unsigned id, unsigned a), \
		 DSA_NO_LABEL, .mods = (uint8_t)mods, .imm = (int32_t)id, .a = DSA_REG(a))
#define DSA_EMIT_CROSS_WAIT(name)                                                             \
	DSA_EMIT(name, (struct dsa_build * build, unsigned queue, unsigned id), DSA_NO_LABEL, \
		 .mods = (uint8_t)queue, .imm = (int32_t)id)
#define DSA_EMIT_MOVE(name)                                                                       \
	DSA_EMIT(name,                                                                            \
		 (struct dsa_build * build, unsigned type, unsigned mods, unsigned d, unsigned a, \
		  unsigned b, int32_t dims),                                                      \
		 DSA_NO_LABEL, .type = (uint8_t)type, .mods = (uint8_t)mods, .d = DSA_REG(d),     \
		 .a = DSA_REG(a), .b = DSA_REG(b), .imm = dims)
#define DSA_EMIT_TILE(name)                                                                     \
	DSA_EMIT(name,                                                                          \
		 (struct dsa_build * build, unsigned type, unsigned d, unsigned a, unsigned b), \
		 DSA_NO_LABEL, .type = (uint8_t)type, .d = DSA_REG(d), .a = DSA_REG(a),         \
		 .b = DSA_REG(b))
#define DSA_EMIT_FRACTALS(name)                                                                   \
	DSA_EMIT(name,                                                                            \
		 (struct dsa_build * build, unsigned type, unsigned mods, unsigned d, unsigned a, \
		  unsigned b),                                                                    \
		 DSA_NO_LABEL, .type = (uint8_t)type, .mods = (uint8_t)mods, .d = DSA_REG(d),     \
		 .a = DSA_REG(a), .b = DSA_REG(b))
#define DSA_EMIT_BYTES(name) DSA_EMIT_D_A_B(name)
#define DSA_EMIT_CUBE(name)                                                                       \
	DSA_EMIT(name,                                                                            \
		 (struct dsa_build * build, unsigned type, unsigned mods, unsigned d, unsigned a, \
		  unsigned b, unsigned c, unsigned e),                                            \
		 DSA_NO_LABEL, .type = (uint8_t)type, .mods = (uint8_t)mods, .d = DSA_REG(d),     \
		 .a = DSA_REG(a), .b = DSA_REG(b), .c = DSA_REG(c), .e = DSA_REG(e))
#define DSA_EMIT_FIX(name) DSA_EMIT_FRACTALS(name)
#define DSA_EMIT_V_DA(name)                                                                    \
	DSA_EMIT(name,                                                                         \
		 (struct dsa_build * build, unsigned type, unsigned d, unsigned a, unsigned c, \
		  unsigned e),                                                                 \
		 DSA_NO_LABEL, .type = (uint8_t)type, .d = DSA_REG(d), .a = DSA_REG(a),        \
		 .c = DSA_REG(c), .e = DSA_REG(e))
#define DSA_EMIT_V_DAB(name)                                                                   \
	DSA_EMIT(name,                                                                         \
		 (struct dsa_build * build, unsigned type, unsigned d, unsigned a, unsigned b, \
		  unsigned c, unsigned e),                                                     \
		 DSA_NO_LABEL, .type = (uint8_t)type, .d = DSA_REG(d), .a = DSA_REG(a),        \
		 .b = DSA_REG(b), .c = DSA_REG(c), .e = DSA_REG(e))
#define DSA_EMIT_V_DAS(name) DSA_EMIT_V_DAB(name)
#define DSA_EMIT_V_DS(name)                                                                    \
	DSA_EMIT(name,                                                                         \
		 (struct dsa_build * build, unsigned type, unsigned d, unsigned b, unsigned c, \
		  unsigned e),                                                                 \
		 DSA_NO_LABEL, .type = (uint8_t)type, .d = DSA_REG(d), .b = DSA_REG(b),        \
		 .c = DSA_REG(c), .e = DSA_REG(e))
#define DSA_EMIT_V_CMP(name)                                                                      \
	DSA_EMIT(name,                                                                            \
		 (struct dsa_build * build, unsigned type, unsigned mods, unsigned d, unsigned a, \
		  unsigned b, unsigned c),                                                        \
		 DSA_NO_LABEL, .type = (uint8_t)type, .mods = (uint8_t)mods, .d = DSA_REG(d),     \
		 .a = DSA_REG(a), .b = DSA_REG(b), .c = DSA_REG(c))
#define DSA_EMIT_V_SEL(name) DSA_EMIT_V_DAB(name)
#define DSA_EMIT_V_CVT(name)                                                                    \
	DSA_EMIT(name,                                                                          \
		 (struct dsa_build * build, unsigned to, unsigned from, unsigned d, unsigned a, \
		  unsigned b, unsigned c, unsigned e),                                          \
		 DSA_NO_LABEL, .type = (uint8_t)from, .mods = (uint8_t)to, .d = DSA_REG(d),     \
		 .a = DSA_REG(a), .b = DSA_REG(b), .c = DSA_REG(c), .e = DSA_REG(e))

#define OP(name, queue, format, types, text) DSA_EMIT_##format(name)
#include "uapi/dsa/ops.def"
#undef OP

#endif
