/* SPDX-License-Identifier: Apache-2.0 */
/* f16 and bf16, alone or two in a register. */
#include "simulators/gpu/exec_rows.h"

#include "simulators/numbers/half.h"

struct operands {
	const uint32_t *a, *b, *c;
	uint32_t flushed[3][ROAD_GPU_WARP_LANES] ROAD_SIM_ROW;
};

static bool is_bf(const struct road_gpu_insn *insn)
{
	return insn->aux >> ROAD_GPU_HALF_SHIFT & ROAD_GPU_HALF_BF;
}

static bool is_two(const struct road_gpu_insn *insn)
{
	return insn->aux >> ROAD_GPU_HALF_SHIFT & ROAD_GPU_HALF_X2;
}

#define LOW(x)          ((x)&0xffffu)
#define HIGH(x)         ((x) >> 16)
#define BOTH(f, x, bf)  (f(LOW(x), bf) | f(HIGH(x), bf) << 16)
#define MAGNITUDE(x)    ((x)&0x7fffu)
#define SATURATE(x, bf) ((x) > HALF_INFINITY(bf) ? 0u : (x) > HALF_ONE(bf) ? HALF_ONE(bf) : (x))
#define RELU(x, bf)     ((x)&0x8000u ? 0u : (x))
#define CANON(x, bf)    (half_is_nan(x, bf) ? ROAD_NUM_NAN16 : (x))

static const uint32_t *flush(uint32_t *to, const uint32_t *from, bool bf)
{
	if (bf)
		LANES(l) to[l] = BOTH(half_flush, from[l], true);
	else
		LANES(l) to[l] = BOTH(half_flush, from[l], false);
	return to;
}

static inline void read_operands(struct operands *in, const struct road_gpu_warp *warp,
				 const struct road_gpu_insn *insn)
{
	in->a = road_gpu_source(warp, insn->a);
	in->b = road_gpu_source(warp, insn->b);
	in->c = road_gpu_source(warp, insn->c);
	if (!(insn->mods & ROAD_GPU_MOD_FTZ))
		return;
	in->a = flush(in->flushed[0], in->a, is_bf(insn));
	in->b = flush(in->flushed[1], in->b, is_bf(insn));
	in->c = flush(in->flushed[2], in->c, is_bf(insn));
}

#define MODIFY(name, f)                                       \
	static void name(uint32_t *r, bool bf)                \
	{                                                     \
		if (bf)                                       \
			LANES(l) r[l] = BOTH(f, r[l], true);  \
		else                                          \
			LANES(l) r[l] = BOTH(f, r[l], false); \
	}

MODIFY(saturate, SATURATE)
MODIFY(relu, RELU)

/* What follows each operation. */
static inline void finish(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, uint32_t *r,
			  uint32_t mask)
{
	if (insn->mods & ROAD_GPU_MOD_FTZ)
		flush(r, r, is_bf(insn));
	if (insn->mods & ROAD_GPU_MOD_SAT)
		saturate(r, is_bf(insn));
	if (insn->mods & ROAD_GPU_MOD_RELU)
		relu(r, is_bf(insn));
	exec_put(road_gpu_target(warp, insn->d), r, 4, mask);
}

/* The four loops of an operation: of one value or two, of f16 or bf16. */
#define HALF(name, one)                                                                    \
	static void x_##name(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, \
			     uint32_t mask)                                                \
	{                                                                                  \
		uint32_t r[ROAD_GPU_WARP_LANES] ROAD_SIM_ROW;                              \
		struct operands in;                                                        \
                                                                                           \
		read_operands(&in, warp, insn);                                            \
		if (is_two(insn) && is_bf(insn))                                           \
			LANES(l) r[l] = one(LOW, true) | one(HIGH, true) << 16;            \
		else if (is_two(insn))                                                     \
			LANES(l) r[l] = one(LOW, false) | one(HIGH, false) << 16;          \
		else if (is_bf(insn))                                                      \
			LANES(l) r[l] = one(LOW, true);                                    \
		else                                                                       \
			LANES(l) r[l] = one(LOW, false);                                   \
		finish(warp, insn, r, mask);                                               \
	}

#define A(part) part(in.a[l])
#define B(part) part(in.b[l])
#define C(part) part(in.c[l])

#define ADD(part, bf)  half_add(A(part), B(part), bf)
#define SUB(part, bf)  half_add(A(part), B(part) ^ 0x8000u, bf)
#define MUL(part, bf)  half_mul(A(part), B(part), bf)
#define FMA(part, bf)  half_fma(A(part), B(part), C(part), bf)
#define ABS(part, bf)  CANON(MAGNITUDE(A(part)), bf)
#define NEG(part, bf)  CANON(A(part) ^ 0x8000u, bf)
#define EX2(part, bf)  half_ex2(A(part), bf)
#define TANH(part, bf) half_tanh(A(part), bf)

HALF(add, ADD)
HALF(sub, SUB)
HALF(mul, MUL)
HALF(fma, FMA)
HALF(abs, ABS)
HALF(neg, NEG)
HALF(ex2, EX2)
HALF(tanh, TANH)

static inline uint32_t pick(uint32_t a, uint32_t b, bool bf, bool max, unsigned mods)
{
	uint32_t keep = mods & ROAD_GPU_MOD_ABS ? 0x7fffu : 0xffffu;
	uint32_t sign = mods & ROAD_GPU_MOD_XORSIGN ? 0x8000u : 0u;
	uint32_t r = half_minmax(a & keep, b & keep, bf, max, mods & ROAD_GPU_MOD_NAN);
	uint32_t mixed = sign ? (r & ~sign) | ((a ^ b) & sign) : r;

	return half_is_nan(r, bf) ? ROAD_NUM_NAN16 : mixed;
}

#define MIN(part, bf) pick(A(part), B(part), bf, false, insn->mods)
#define MAX(part, bf) pick(A(part), B(part), bf, true, insn->mods)

HALF(min, MIN)
HALF(max, MAX)

const road_gpu_exec_fn EXEC_NAME(road_gpu_exec_half)[ROAD_GPU_OPS] = {
	[ROAD_GPU_OP_add_half] = x_add,        [ROAD_GPU_OP_sub_half] = x_sub,
	[ROAD_GPU_OP_mul_half] = x_mul,        [ROAD_GPU_OP_fma_half] = x_fma,
	[ROAD_GPU_OP_min_half] = x_min,        [ROAD_GPU_OP_max_half] = x_max,
	[ROAD_GPU_OP_abs_half] = x_abs,        [ROAD_GPU_OP_neg_half] = x_neg,
	[ROAD_GPU_OP_ex2_approx_half] = x_ex2, [ROAD_GPU_OP_tanh_approx_half] = x_tanh,
};
