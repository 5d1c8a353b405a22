/* SPDX-License-Identifier: Apache-2.0 */
/* Which kernels there are, with what they are called. */
#include "tests/unit/map/data.h"

#include <string.h>

#include "tests/kernels/rpu/kernels.h"

#define F(n) ((float *)(memory + values[n]))
#define I(n) ((int32_t *)(memory + values[n]))
#define N(n) ((int)values[n])
#define CALL(name, ...)                                                  \
	static void call_##name(uint8_t *memory, const uint32_t *values) \
	{                                                                \
		name(__VA_ARGS__);                                       \
	}

static float R(uint32_t bits)
{
	float value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

CALL(fir, I(0), I(1), I(2), N(3), N(4))
CALL(conv, I(0), I(1), I(2), I(3), I(4), N(5))
CALL(fft, F(0), F(1), F(2), F(3), F(4), F(5), F(6), F(7), N(8))
CALL(gemm, F(0), F(1), F(2), N(3), N(4), N(5))
CALL(histogram, I(0), I(1), N(2))
CALL(latnrm, F(0), F(1), F(2), F(3), N(4))
CALL(spmv, F(0), I(1), F(2), F(3), N(4), N(5))
CALL(mvt, F(0), F(1), F(2), F(3), F(4), F(5), F(6), N(7))
CALL(relu, F(0), F(1), N(2))
CALL(dtw, I(0), I(1), I(2), (int32_t)values[3], N(4))
CALL(decompose, F(0), F(1), F(2), F(3), R(values[4]), N(5), N(6))
CALL(invert, F(0), F(1), F(2), F(3), F(4), F(5), R(values[6]), N(7))
CALL(add, F(0), F(1), F(2), N(3))
CALL(mul, F(0), F(1), F(2), N(3))
CALL(dot_i8, (int8_t *)I(0), (int8_t *)I(1), I(2), N(3))
CALL(dot_bf16, (uint16_t *)I(0), (uint16_t *)I(1), F(2), N(3))
CALL(maximum, F(0), F(1), N(2), N(3))
CALL(sum, F(0), F(1), N(2), N(3))
CALL(exponent, F(0), F(1), F(2), F(3), N(4), N(5))
CALL(divide, F(0), F(1), F(2), N(3), N(4))
CALL(moments, F(0), F(1), F(2), R(values[3]), N(4), N(5))
CALL(normalize, F(0), F(1), F(2), F(3), F(4), F(5), R(values[6]), N(7), N(8))

#define FLOATS(n)                    \
	{                            \
		DATA_FLOATS, n, 0, 0 \
	}
#define POSITIVE(n)                    \
	{                              \
		DATA_POSITIVE, n, 0, 0 \
	}
#define INTS(n)                    \
	{                          \
		DATA_INTS, n, 0, 0 \
	}
#define BITS(n)                    \
	{                          \
		DATA_BITS, n, 0, 0 \
	}
#define PAIRS(n)                    \
	{                           \
		DATA_PAIRS, n, 0, 0 \
	}
#define INDICES(n, limit)                 \
	{                                 \
		DATA_INDICES, n, limit, 0 \
	}
#define NUMBER(n)                    \
	{                            \
		DATA_NUMBER, n, 0, 0 \
	}
#define REAL(x)                    \
	{                          \
		DATA_REAL, 0, 0, x \
	}

const struct data_kernel data_kernels[] = {
	{"fir", true, call_fir, {INTS(72), INTS(8), INTS(64), NUMBER(64), NUMBER(8)}},
	{"conv", true, call_conv, {INTS(66), INTS(66), INTS(66), INTS(9), INTS(64), NUMBER(64)}},
	{"fft",
	 true,
	 call_fft,
	 {FLOATS(64), FLOATS(64), FLOATS(64), FLOATS(64), FLOATS(64), FLOATS(64), FLOATS(128),
	  FLOATS(128), NUMBER(64)}},
	{"gemm",
	 true,
	 call_gemm,
	 {FLOATS(35), FLOATS(77), FLOATS(55), NUMBER(5), NUMBER(11), NUMBER(7)}},
	{"histogram", true, call_histogram, {INDICES(200, 10), INTS(10), NUMBER(200)}},
	{"latnrm", true, call_latnrm, {FLOATS(50), FLOATS(50), FLOATS(50), FLOATS(50), NUMBER(50)}},
	{"spmv",
	 true,
	 call_spmv,
	 {FLOATS(90), INDICES(90, 40), FLOATS(40), FLOATS(18), NUMBER(18), NUMBER(5)}},
	{"mvt",
	 true,
	 call_mvt,
	 {FLOATS(169), FLOATS(13), FLOATS(13), FLOATS(13), FLOATS(13), FLOATS(13), FLOATS(13),
	  NUMBER(13)}},
	{"relu", true, call_relu, {FLOATS(100), FLOATS(100), NUMBER(100)}},
	{"dtw", true, call_dtw, {INTS(60), INTS(60), INTS(60), NUMBER(77), NUMBER(60)}},
	{"decompose",
	 true,
	 call_decompose,
	 {FLOATS(117), FLOATS(9), FLOATS(13), FLOATS(117), REAL(0.37f), NUMBER(9), NUMBER(13)}},
	{"invert",
	 true,
	 call_invert,
	 {FLOATS(40), FLOATS(40), FLOATS(40), FLOATS(40), FLOATS(40), FLOATS(40), REAL(-1.7f),
	  NUMBER(40)}},
	{"add", false, call_add, {FLOATS(64), FLOATS(64), FLOATS(64), NUMBER(64)}},
	{"mul", false, call_mul, {FLOATS(64), FLOATS(64), FLOATS(64), NUMBER(64)}},
	{"dot_i8", false, call_dot_i8, {BITS(100), BITS(100), INTS(1), NUMBER(100)}},
	{"dot_bf16", false, call_dot_bf16, {PAIRS(100), PAIRS(100), FLOATS(1), NUMBER(100)}},
	{"maximum", false, call_maximum, {FLOATS(70), FLOATS(10), NUMBER(10), NUMBER(7)}},
	{"sum", false, call_sum, {FLOATS(70), FLOATS(10), NUMBER(10), NUMBER(7)}},
	{"exponent",
	 false,
	 call_exponent,
	 {FLOATS(70), FLOATS(10), FLOATS(70), FLOATS(10), NUMBER(10), NUMBER(7)}},
	{"divide",
	 false,
	 call_divide,
	 {FLOATS(70), POSITIVE(10), FLOATS(70), NUMBER(10), NUMBER(7)}},
	{"moments",
	 false,
	 call_moments,
	 {FLOATS(70), FLOATS(10), FLOATS(10), REAL(0.125f), NUMBER(10), NUMBER(7)}},
	{"normalize",
	 false,
	 call_normalize,
	 {FLOATS(70), FLOATS(10), POSITIVE(10), FLOATS(7), FLOATS(7), FLOATS(70), REAL(17.0f),
	  NUMBER(10), NUMBER(7)}},
};
const unsigned data_kernel_count = sizeof(data_kernels) / sizeof(data_kernels[0]);

static uint32_t random_below(uint64_t *state, uint32_t below)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((*state >> 33) % below);
}

static float random_float(uint64_t *state)
{
	return (float)((int32_t)random_below(state, 80001) - 40000) / 10007.0f;
}

static uint32_t word_of(const struct data_argument *argument, uint64_t *state)
{
	float value = random_float(state), other = random_float(state);
	uint32_t bits, more;

	if (argument->kind == DATA_POSITIVE)
		value = value * value + 1.0f;
	memcpy(&bits, &value, sizeof(bits));
	memcpy(&more, &other, sizeof(more));
	switch (argument->kind) {
	case DATA_INTS: return random_below(state, 2001) - 1000;
	case DATA_BITS: return random_below(state, UINT32_MAX) ^ random_below(state, 65536) << 16;
	case DATA_PAIRS: return bits >> 16 | (more & 0xffff0000);
	case DATA_INDICES: return random_below(state, argument->limit);
	default: return bits;
	}
}

void data_fill(const struct data_kernel *kernel, uint64_t seed, uint8_t *memory, uint32_t *values)
{
	uint32_t at = 64;

	memset(memory, 0x5a, SPM_BYTES);
	for (unsigned i = 0; kernel->arguments[i].kind != DATA_END; i++) {
		const struct data_argument *argument = &kernel->arguments[i];

		values[i] = at;
		if (argument->kind == DATA_NUMBER)
			values[i] = argument->count;
		if (argument->kind == DATA_REAL)
			memcpy(&values[i], &argument->real, 4);
		if (argument->kind >= DATA_NUMBER)
			continue;
		for (unsigned n = 0; n < argument->count; n++, at += 4) {
			uint32_t word = word_of(argument, &seed);

			memcpy(memory + at, &word, 4);
		}
		at += 36; /* 9 words: arrays begin in different banks */
	}
}
