/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IEEE 754 arithmetic on integers: any format, any rounding, never touching the host's mode.
 * Slow and exact; elements.h has the fast forms of what rounds to nearest even.
 *
 * NaN results are canonical (bits.h) except in f64, where the first NaN operand is kept, quieted.
 */
#ifndef SIMULATORS_NUMBERS_SOFT_H
#define SIMULATORS_NUMBERS_SOFT_H

#include <stdbool.h>
#include <stdint.h>

enum road_num_format {
	ROAD_NUM_F16,
	ROAD_NUM_BF16,
	ROAD_NUM_F32,
	ROAD_NUM_F64,
	ROAD_NUM_TF32, /* f32's upper 19 bits */
	ROAD_NUM_E4M3, /* without infinities: what is too large becomes NaN */
	ROAD_NUM_E5M2,
	ROAD_NUM_F64TOP, /* f64's upper 32 bits */
	ROAD_NUM_FORMATS
};

enum road_num_round {
	ROAD_NUM_RN,  /* nearest, ties to even */
	ROAD_NUM_RZ,  /* toward zero */
	ROAD_NUM_RM,  /* toward minus infinity */
	ROAD_NUM_RP,  /* toward plus infinity */
	ROAD_NUM_RNA, /* nearest, ties away from zero */
	ROAD_NUM_ROUNDS
};

struct road_num_mode {
	enum road_num_format format; /* of the operands and the result */
	enum road_num_round round;
	bool ftz;       /* subnormal operands and results become signed zero */
	bool sat;       /* result clamped to [+0, 1], NaN becomes +0 */
	bool relu;      /* negative results become +0 */
	bool satfinite; /* infinite results become the largest finite number */
};

/* Operands and results are bit patterns in the low bits. */
uint64_t road_num_add(const struct road_num_mode *mode, uint64_t a, uint64_t b);
uint64_t road_num_sub(const struct road_num_mode *mode, uint64_t a, uint64_t b);
uint64_t road_num_mul(const struct road_num_mode *mode, uint64_t a, uint64_t b);
uint64_t road_num_fma(const struct road_num_mode *mode, uint64_t a, uint64_t b, uint64_t c);
uint64_t road_num_div(const struct road_num_mode *mode, uint64_t a, uint64_t b);
uint64_t road_num_sqrt(const struct road_num_mode *mode, uint64_t a);
/* 1 / sqrt(a); of a zero the infinity with its sign */
uint64_t road_num_rsqrt(const struct road_num_mode *mode, uint64_t a);

/* From another format; from_ftz flushes a subnormal operand first. A NaN of f64 to f64 is kept. */
uint64_t road_num_convert(const struct road_num_mode *mode, enum road_num_format from,
			  bool from_ftz, uint64_t a);
/* To an integral value in the same format. */
uint64_t road_num_integral(const struct road_num_mode *mode, uint64_t a);
uint64_t road_num_from_u64(const struct road_num_mode *mode, uint64_t value);
uint64_t road_num_from_s64(const struct road_num_mode *mode, int64_t value);

/*
 * To an integer of `width` bits (8, 16, 32, 64): saturates. NaN becomes 0, with 64 bits
 * 0x8000000000000000. The result is the integer's two's complement in the low `width` bits.
 */
uint64_t road_num_to_int(const struct road_num_mode *mode, uint64_t a, unsigned width,
			 bool is_signed);

#endif
