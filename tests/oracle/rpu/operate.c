/* SPDX-License-Identifier: Apache-2.0 */
/* What operations mean, written down from their description. */
#include "tests/oracle/rpu/graph.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

static float real(uint32_t bits)
{
	float value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

static uint32_t bits_of(float value)
{
	uint32_t bits;

	if (isnan(value))
		return 0x7fffffff;
	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

static float least(float a, float b)
{
	if (isnan(a) || isnan(b))
		return isnan(a) ? b : a;
	if (a == b)
		return signbit(a) ? a : b;
	return a < b ? a : b;
}

static float greatest(float a, float b)
{
	return -least(-a, -b);
}

static uint32_t saturated(double value)
{
	if (isnan(value))
		return 0;
	if (value >= 2147483647.0)
		return 0x7fffffff;
	return value <= -2147483648.0 ? 0x80000000u : (uint32_t)(int32_t)value;
}

static uint32_t dot4(uint32_t a, uint32_t b, uint32_t sum)
{
	for (unsigned k = 0; k < 4; k++)
		sum += (uint32_t)((int8_t)(a >> 8 * k) * (int8_t)(b >> 8 * k));
	return sum;
}

static float bdot2(uint32_t a, uint32_t b, float sum)
{
	sum = fmaf(real(a << 16), real(b << 16), sum);
	return fmaf(real(a & 0xffff0000), real(b & 0xffff0000), sum);
}

static int count_bits(uint32_t a, bool leading)
{
	int count = 0;

	for (int i = 31; i >= 0; i--)
		if (a >> i & 1) {
			if (leading)
				return count;
			count++;
		} else if (leading) {
			count++;
		}
	return count;
}

/* An operation of operands a, b, c: their bits, as signed integers (sa, sb), as f32 (fa, fb, fc).
 */
#define OPERATIONS(ROW)                                                  \
	ROW(mov, a)                                                      \
	ROW(sel, a ? b : c)                                              \
	ROW(add, a + b)                                                  \
	ROW(sub, a - b)                                                  \
	ROW(neg, 0 - a)                                                  \
	ROW(abs, sa < 0 ? 0 - a : a)                                     \
	ROW(min, sa < sb ? a : b)                                        \
	ROW(max, sa > sb ? a : b)                                        \
	ROW(minu, a < b ? a : b)                                         \
	ROW(maxu, a > b ? a : b)                                         \
	ROW(mul, a *b)                                                   \
	ROW(mulh, (uint32_t)((uint64_t)((int64_t)sa * sb) >> 32))        \
	ROW(mulhu, (uint32_t)((uint64_t)a * b >> 32))                    \
	ROW(mad, a *b + c)                                               \
	ROW(and, a &b)                                                   \
	ROW(or, a | b)                                                   \
	ROW(xor, a ^ b)                                                  \
	ROW(andn, a & ~b)                                                \
	ROW(shl, b > 31 ? 0 : a << b)                                    \
	ROW(shr, b > 31 ? 0 : a >> b)                                    \
	ROW(sar, b > 31 ? (sa < 0 ? UINT32_MAX : 0)                      \
		 : b    ? a >> b | (sa < 0 ? UINT32_MAX : 0) << (32 - b) \
			: a)                                                \
	ROW(clz, (uint32_t)count_bits(a, true))                          \
	ROW(popc, (uint32_t)count_bits(a, false))                        \
	ROW(eq, a == b)                                                  \
	ROW(ne, a != b)                                                  \
	ROW(lt, sa < sb)                                                 \
	ROW(le, sa <= sb)                                                \
	ROW(ltu, a < b)                                                  \
	ROW(leu, a <= b)                                                 \
	ROW(dot4, dot4(a, b, c))                                         \
	ROW(addnew, a ? b : b + c)                                       \
	ROW(fadd, bits_of(fa + fb))                                      \
	ROW(fsub, bits_of(fa - fb))                                      \
	ROW(fmul, bits_of(fa *fb))                                       \
	ROW(fma, bits_of(fmaf(fa, fb, fc)))                              \
	ROW(fmin, bits_of(least(fa, fb)))                                \
	ROW(fmax, bits_of(greatest(fa, fb)))                             \
	ROW(fabs, a & 0x7fffffff)                                        \
	ROW(fneg, a ^ 0x80000000)                                        \
	ROW(flt, fa < fb)                                                \
	ROW(fle, fa <= fb)                                               \
	ROW(fdiv, bits_of(fa / fb))                                      \
	ROW(fsqrt, bits_of(sqrtf(fa)))                                   \
	ROW(rcp, bits_of(1.0f / fa))                                     \
	ROW(rsqrt, bits_of((float)(1.0L / sqrtl((long double)fa))))      \
	ROW(exp, bits_of((float)expl((long double)fa)))                  \
	ROW(ln, bits_of((float)logl((long double)fa)))                   \
	ROW(tanh, bits_of((float)tanhl((long double)fa)))                \
	ROW(i2f, bits_of((float)(int32_t)a))                             \
	ROW(u2f, bits_of((float)a))                                      \
	ROW(f2i, saturated(fa))                                          \
	ROW(bdot2, bits_of(bdot2(a, b, fc)))                             \
	ROW(faddnew, bits_of(a ? fb : fb + fc))

#define FUNCTION(name, meaning)                                            \
	static uint32_t operate_##name(uint32_t a, uint32_t b, uint32_t c) \
	{                                                                  \
		const int32_t sa = (int32_t)a, sb = (int32_t)b;            \
		const float fa = real(a), fb = real(b), fc = real(c);      \
                                                                           \
		(void)sa, (void)sb, (void)fa, (void)fb, (void)fc;          \
		return (uint32_t)(meaning);                                \
	}
OPERATIONS(FUNCTION)

int oracle_operate(const char *op, const uint32_t *operands, uint32_t *result)
{
	static const struct {
		const char *name;
		uint32_t (*operate)(uint32_t a, uint32_t b, uint32_t c);
	} list[] = {
#define ENTRY(name, meaning) {#name, operate_##name},
		OPERATIONS(ENTRY)
#undef ENTRY
	};

	for (unsigned i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (!strcmp(op, list[i].name)) {
			*result = list[i].operate(operands[0], operands[1], operands[2]);
			return 0;
		}
	return -1;
}
