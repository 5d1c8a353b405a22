/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The executors of uapi/rpu/ops.def: one function a row, of the operands' bits. What an op takes
 * from elsewhere stands in a: the iteration, the phase, the table's entry, the bytes loaded.
 */
#ifndef SIMULATORS_RPU_FABRIC_OPS_H
#define SIMULATORS_RPU_FABRIC_OPS_H

#include "simulators/numbers/functions.h"
#include "simulators/numbers/half.h"
#include "uapi/rpu/fabric.h"

struct rpu_op_info {
	const char *name;
	uint8_t operands;
	uint8_t class; /* enum road_rpu_class */
	uint32_t (*execute)(uint32_t a, uint32_t b, uint32_t c);
};
extern const struct rpu_op_info rpu_ops[ROAD_RPU_OPS];

#define SIGNED(x) ((int32_t)(x))
#define FLOAT(x)  road_num_float(x)

#define OP_RPU(name, expression)                                                 \
	static inline uint32_t rpu_op_##name(uint32_t a, uint32_t b, uint32_t c) \
	{                                                                        \
		(void)a, (void)b, (void)c;                                       \
		return (uint32_t)(expression);                                   \
	}

static inline uint32_t rpu_finish(float value)
{
	return elem_finish32(value, false, false);
}

static inline int32_t rpu_divide(int32_t a, int32_t b)
{
	if (b == 0)
		return -1;
	return a == INT32_MIN && b == -1 ? INT32_MIN : a / b;
}

static inline int32_t rpu_remainder(int32_t a, int32_t b)
{
	if (b == 0)
		return a;
	return b == -1 ? 0 : a % b;
}

/* To an integer by truncation, or of a value that is one already; NaN becomes 0. */
static inline int64_t rpu_clamp(double value, double least, double most)
{
	double x = value == value ? value : 0.0;

	x = x < least ? least : x;
	return (int64_t)(x > most ? most : x);
}

static inline double rpu_nearest(float value)
{
	double x = (double)value;

	/* beyond 2^31 everything saturates; there the sum would lose bits */
	return x > -0x1p40 && x < 0x1p40 ? (x + APPROX_SHIFTER) - APPROX_SHIFTER : x;
}

static inline uint32_t rpu_pair(uint32_t low, uint32_t high)
{
	return (low & 0xffffu) | high << 16;
}

static inline int32_t rpu_byte(uint32_t word, unsigned lane)
{
	return (int8_t)(word >> 8 * lane);
}

/* ---- moves ---- */
OP_RPU(nop, 0)
OP_RPU(mov, a)
OP_RPU(sel, a ? b : c)
OP_RPU(iter, a)
OP_RPU(phase, a)
OP_RPU(lut, a)

/* ---- integers ---- */
OP_RPU(add, a + b)
OP_RPU(sub, a - b)
OP_RPU(neg, 0u - a)
OP_RPU(abs, SIGNED(a) < 0 ? 0u - a : a)
OP_RPU(min, SIGNED(a) < SIGNED(b) ? a : b)
OP_RPU(max, SIGNED(a) > SIGNED(b) ? a : b)
OP_RPU(minu, a < b ? a : b)
OP_RPU(maxu, a > b ? a : b)
OP_RPU(mul, a *b)
OP_RPU(mulh, (uint64_t)((int64_t)SIGNED(a) * SIGNED(b)) >> 32)
OP_RPU(mulhu, (uint64_t)a *b >> 32)
OP_RPU(mad, a *b + c)
OP_RPU(div, rpu_divide(SIGNED(a), SIGNED(b)))
OP_RPU(rem, rpu_remainder(SIGNED(a), SIGNED(b)))
OP_RPU(divu, b ? a / b : UINT32_MAX)
OP_RPU(remu, b ? a % b : a)
OP_RPU(and, a &b)
OP_RPU(or, a | b)
OP_RPU(xor, a ^ b)
OP_RPU(andn, a & ~b)
OP_RPU(shl, b < 32 ? a << b : 0)
OP_RPU(shr, b < 32 ? a >> b : 0)
OP_RPU(sar, SIGNED(a) >> (b < 31 ? b : 31))
OP_RPU(clz, a ? __builtin_clz(a) : 32)
OP_RPU(popc, __builtin_popcount(a))
OP_RPU(sext8, (int8_t)a)
OP_RPU(sext16, (int16_t)a)
OP_RPU(pack16, rpu_pair(a, b))
OP_RPU(bytes4, (a & 0xffu) | (a >> 8 & 0xff00u) | (b & 0xffu) << 16 | (b << 8 & 0xff000000u))

/* ---- comparisons ---- */
OP_RPU(eq, a == b)
OP_RPU(ne, a != b)
OP_RPU(lt, SIGNED(a) < SIGNED(b))
OP_RPU(le, SIGNED(a) <= SIGNED(b))
OP_RPU(ltu, a < b)
OP_RPU(leu, a <= b)
OP_RPU(feq, FLOAT(a) == FLOAT(b))
OP_RPU(fne, FLOAT(a) != FLOAT(b))
OP_RPU(flt, FLOAT(a) < FLOAT(b))
OP_RPU(fle, FLOAT(a) <= FLOAT(b))

/* ---- f32 ---- */
OP_RPU(fadd, rpu_finish(FLOAT(a) + FLOAT(b)))
OP_RPU(fsub, rpu_finish(FLOAT(a) - FLOAT(b)))
OP_RPU(fmul, rpu_finish(FLOAT(a) * FLOAT(b)))
OP_RPU(fma, rpu_finish(elem_fma(FLOAT(a), FLOAT(b), FLOAT(c))))
OP_RPU(fmin, elem_minmax32(a, b, false, false))
OP_RPU(fmax, elem_minmax32(a, b, true, false))
OP_RPU(fabs, a & 0x7fffffffu)
OP_RPU(fneg, a ^ 0x80000000u)
OP_RPU(fdiv, rpu_finish(FLOAT(a) / FLOAT(b)))
OP_RPU(fsqrt, rpu_finish(__builtin_sqrtf(FLOAT(a))))
OP_RPU(rcp, rpu_finish(1.0f / FLOAT(a)))
OP_RPU(rsqrt, functions_rsqrt32(a))
OP_RPU(exp, functions_exp32(a))
OP_RPU(ln, functions_ln32(a))
OP_RPU(tanh, functions_tanh32(a))

/* ---- conversions ---- */
OP_RPU(i2f, road_num_bits32((float)SIGNED(a)))
OP_RPU(u2f, road_num_bits32((float)a))
OP_RPU(f2i, rpu_clamp((double)FLOAT(a), -0x1p31, 0x1p31 - 1.0))
OP_RPU(f2in, rpu_clamp(rpu_nearest(FLOAT(a)), -0x1p31, 0x1p31 - 1.0))
OP_RPU(f2u, rpu_clamp((double)FLOAT(a), 0.0, 0x1p32 - 1.0))
OP_RPU(f2s8, rpu_clamp(rpu_nearest(FLOAT(a)), -128.0, 127.0))
OP_RPU(f2h, half_out(a, false))
OP_RPU(h2f, elem_canon32(road_num_bits32(half_in(a & 0xffffu, false))))
OP_RPU(h2fhi, elem_canon32(road_num_bits32(half_in(a >> 16, false))))
OP_RPU(f2b, half_out(a, true))
OP_RPU(b2f, elem_canon32(a << 16))
OP_RPU(b2fhi, elem_canon32(a & 0xffff0000u))

/* ---- pairs ---- */
#define LOW(x)  ((x)&0xffffu)
#define HIGH(x) ((x) >> 16)
#define PAIRS(prefix, bf)                                                                  \
	OP_RPU(prefix##add2,                                                               \
	       rpu_pair(half_add(LOW(a), LOW(b), bf), half_add(HIGH(a), HIGH(b), bf)))     \
	OP_RPU(prefix##sub2, rpu_pair(half_add(LOW(a), rpu_half_minus(LOW(b), bf), bf),    \
				      half_add(HIGH(a), rpu_half_minus(HIGH(b), bf), bf))) \
	OP_RPU(prefix##mul2,                                                               \
	       rpu_pair(half_mul(LOW(a), LOW(b), bf), half_mul(HIGH(a), HIGH(b), bf)))     \
	OP_RPU(prefix##fma2, rpu_pair(half_fma(LOW(a), LOW(b), LOW(c), bf),                \
				      half_fma(HIGH(a), HIGH(b), HIGH(c), bf)))            \
	OP_RPU(prefix##min2, rpu_pair(half_minmax(LOW(a), LOW(b), bf, false, false),       \
				      half_minmax(HIGH(a), HIGH(b), bf, false, false)))    \
	OP_RPU(prefix##max2, rpu_pair(half_minmax(LOW(a), LOW(b), bf, true, false),        \
				      half_minmax(HIGH(a), HIGH(b), bf, true, false)))

static inline uint32_t rpu_half_minus(uint32_t half, bool bf)
{
	return half_is_nan(half, bf) ? half : half ^ 0x8000u;
}

PAIRS(h, false)
PAIRS(b, true)

/* ---- quads ---- */
static inline uint32_t rpu_saturate8(int32_t value)
{
	value = value < -128 ? -128 : value;
	return (uint32_t)(value > 127 ? 127 : value) & 0xffu;
}

#define QUAD(name, lane)                                                         \
	static inline uint32_t rpu_op_##name(uint32_t a, uint32_t b, uint32_t c) \
	{                                                                        \
		uint32_t d = 0;                                                  \
                                                                                 \
		(void)c;                                                         \
		for (unsigned l = 0; l < 4; l++) {                               \
			int32_t x = rpu_byte(a, l), y = rpu_byte(b, l);          \
                                                                                 \
			d |= ((uint32_t)(lane)&0xffu) << 8 * l;                  \
		}                                                                \
		return d;                                                        \
	}
QUAD(add4, x + y)
QUAD(adds4, rpu_saturate8(x + y))
QUAD(min4, x < y ? x : y)
QUAD(max4, x > y ? x : y)

/* ---- dot products ---- */
static inline uint32_t rpu_op_dot4(uint32_t a, uint32_t b, uint32_t c)
{
	for (unsigned l = 0; l < 4; l++)
		c += (uint32_t)(rpu_byte(a, l) * rpu_byte(b, l));
	return c;
}

static inline uint32_t rpu_op_dot4us(uint32_t a, uint32_t b, uint32_t c)
{
	for (unsigned l = 0; l < 4; l++)
		c += (uint32_t)((int32_t)(a >> 8 * l & 0xffu) * rpu_byte(b, l));
	return c;
}

static inline uint32_t rpu_half_dot(uint32_t a, uint32_t b, uint32_t c, bool bf)
{
	c = rpu_finish(elem_fma(half_in(LOW(a), bf), half_in(LOW(b), bf), FLOAT(c)));
	return rpu_finish(elem_fma(half_in(HIGH(a), bf), half_in(HIGH(b), bf), FLOAT(c)));
}

OP_RPU(hdot2, rpu_half_dot(a, b, c, false))
OP_RPU(bdot2, rpu_half_dot(a, b, c, true))

/* ---- scratchpad: what was loaded is a; stores hand on b ---- */
OP_RPU(ld8, (int8_t)a)
OP_RPU(ldu8, a)
OP_RPU(ld16, (int16_t)a)
OP_RPU(ldu16, a)
OP_RPU(ld32, a)
OP_RPU(st8, b)
OP_RPU(st16, b)
OP_RPU(st32, b)
OP_RPU(stif8, b)
OP_RPU(stif16, b)
OP_RPU(stif32, b)

/* ---- sums that begin anew ---- */
OP_RPU(addnew, a ? b : b + c)
OP_RPU(faddnew, a ? elem_canon32(b) : rpu_finish(FLOAT(b) + FLOAT(c)))

#undef OP_RPU
#undef PAIRS
#undef QUAD

#endif
