/* SPDX-License-Identifier: Apache-2.0 */
/* What results must be, by MPFR and by plain C on wide integers; shares nothing with the chip. */
#ifndef TESTS_ORACLE_MPFR_NUMBERS_H
#define TESTS_ORACLE_MPFR_NUMBERS_H

#include <stdbool.h>
#include <stdint.h>

enum ref_format {
	REF_F16,
	REF_BF16,
	REF_F32,
	REF_F64,
	REF_TF32, /* the upper 19 bits of an f32 */
	REF_E4M3, /* has no infinities */
	REF_E5M2,
	REF_F64TOP, /* the upper 32 bits of an f64 */
	REF_FORMATS
};
enum ref_round { REF_RN, REF_RZ, REF_RM, REF_RP, REF_RNA, REF_ROUNDS };
enum ref_op {
	REF_ADD,
	REF_SUB,
	REF_MUL,
	REF_FMA,
	REF_DIV,
	REF_SQRT,
	REF_RSQRT,
	REF_EX2,
	REF_LG2,
	REF_SIN,
	REF_COS,
	REF_TANH,
	REF_OPS
};

struct ref_mode {
	enum ref_format format;
	enum ref_round round; /* arithmetic: not RNA */
	bool ftz, sat;
	bool relu, satfinite; /* negative: +0; too large: the largest */
};

uint64_t ref_arithmetic(enum ref_op op, const struct ref_mode *mode, uint64_t a, uint64_t b,
			uint64_t c);
/* Float to float (any rounding); integral: first to an integral value of the source format. */
uint64_t ref_convert(const struct ref_mode *mode, enum ref_format from, bool from_ftz,
		     bool integral, uint64_t a);
uint64_t ref_to_int(enum ref_format from, enum ref_round round, bool ftz, uint64_t a,
		    unsigned width, bool is_signed);
uint64_t ref_from_int(const struct ref_mode *mode, __int128 value);

bool ref_is_nan(enum ref_format format, uint64_t bits);
double ref_value(enum ref_format format, uint64_t bits); /* of what is no NaN */

/* Special values of a format; returns how many. */
#define REF_SPECIALS_MAX 64u
unsigned ref_specials(enum ref_format format, uint64_t values[REF_SPECIALS_MAX]);

#endif
