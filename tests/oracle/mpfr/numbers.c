/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/oracle/mpfr/numbers.h"

#include <math.h>
#include <mpfr.h>
#include <string.h>

static const struct {
	int precision, emin, emax, exponent_bits;
	uint64_t nan;
	double largest; /* 0: by the formula */
} formats[REF_FORMATS] = {
	[REF_F16] = {11, -14, 15, 5, 0x7fff},
	[REF_BF16] = {8, -126, 127, 8, 0x7fff},
	[REF_F32] = {24, -126, 127, 8, 0x7fffffff},
	[REF_F64] = {53, -1022, 1023, 11, UINT64_C(0xfff8000000000000)},
	[REF_TF32] = {11, -126, 127, 8, 0x3ffff},
	[REF_E4M3] = {4, -6, 8, 4, 0x7f, 448},
	[REF_E5M2] = {3, -14, 15, 5, 0x7f},
	[REF_F64TOP] = {21, -1022, 1023, 11, 0xfff80000},
};

static const mpfr_rnd_t rounds[] = {MPFR_RNDN, MPFR_RNDZ, MPFR_RNDD, MPFR_RNDU};

static unsigned width_of(enum ref_format format)
{
	return (unsigned)(formats[format].precision + formats[format].exponent_bits);
}

static uint64_t magnitude_of(enum ref_format format, uint64_t bits)
{
	return bits & ((UINT64_C(1) << (width_of(format) - 1)) - 1);
}

/* What all NaN lie above. */
static uint64_t infinity_of(enum ref_format format)
{
	if (format == REF_E4M3)
		return 0x7e;
	return ((UINT64_C(1) << formats[format].exponent_bits) - 1)
	       << (formats[format].precision - 1);
}

bool ref_is_nan(enum ref_format format, uint64_t bits)
{
	return magnitude_of(format, bits) > infinity_of(format);
}

double ref_value(enum ref_format format, uint64_t bits)
{
	int fraction_bits = formats[format].precision - 1;
	uint64_t magnitude = magnitude_of(format, bits);
	uint64_t fraction = magnitude & ((UINT64_C(1) << fraction_bits) - 1);
	int exponent = (int)(magnitude >> fraction_bits);
	double value;

	if (magnitude == infinity_of(format) && format != REF_E4M3)
		value = INFINITY;
	else if (exponent == 0)
		value = ldexp((double)fraction, formats[format].emin - fraction_bits);
	else
		value = ldexp((double)(fraction | UINT64_C(1) << fraction_bits),
			      exponent - 1 + formats[format].emin - fraction_bits);
	return magnitude != bits ? -value : value;
}

static uint64_t flush(enum ref_format format, bool ftz, uint64_t bits)
{
	bool subnormal = magnitude_of(format, bits) >> (formats[format].precision - 1) == 0;

	return ftz && subnormal ? bits & ~magnitude_of(format, UINT64_MAX) &
					  ((UINT64_C(2) << (width_of(format) - 1)) - 1)
				: bits;
}

/* The bits of a value that the format holds exactly. */
static uint64_t bits_of(enum ref_format format, double value)
{
	int fraction_bits = formats[format].precision - 1, exponent;
	uint64_t sign = (uint64_t)(signbit(value) != 0) << (width_of(format) - 1);

	value = fabs(value);
	if (isinf(value))
		return sign | infinity_of(format);
	if (value == 0)
		return sign;
	frexp(value, &exponent);
	exponent--;
	if (exponent < formats[format].emin)
		return sign | (uint64_t)ldexp(value, fraction_bits - formats[format].emin);
	return sign | (((uint64_t)(exponent - formats[format].emin) << fraction_bits) +
		       (uint64_t)ldexp(value, fraction_bits - exponent));
}

static double largest_of(enum ref_format format)
{
	if (formats[format].largest > 0)
		return formats[format].largest;
	return ldexp(2.0 - ldexp(1.0, 1 - formats[format].precision), formats[format].emax);
}

static uint64_t finish(const struct ref_mode *mode, double value)
{
	if (mode->relu && signbit(value) && !isnan(value))
		value = 0.0;
	if (mode->satfinite && isinf(value))
		value = copysign(largest_of(mode->format), value);
	if (mode->sat)
		value = !(value > 0) ? 0.0 : value > 1 ? 1.0 : value;
	if (isnan(value))
		return formats[mode->format].nan;
	if (isinf(value) && mode->format == REF_E4M3)
		return formats[REF_E4M3].nan | (signbit(value) ? 0x80 : 0);
	return flush(mode->format, mode->ftz, bits_of(mode->format, value));
}

static int compute(enum ref_op op, mpfr_t r, const mpfr_t a, const mpfr_t b, const mpfr_t c,
		   mpfr_rnd_t rnd)
{
	switch (op) {
	case REF_ADD: return mpfr_add(r, a, b, rnd);
	case REF_SUB: return mpfr_sub(r, a, b, rnd);
	case REF_MUL: return mpfr_mul(r, a, b, rnd);
	case REF_FMA: return mpfr_fma(r, a, b, c, rnd);
	case REF_DIV: return mpfr_div(r, a, b, rnd);
	case REF_SQRT: return mpfr_sqrt(r, a, rnd);
	case REF_RSQRT: return mpfr_rec_sqrt(r, a, rnd);
	case REF_EX2: return mpfr_exp2(r, a, rnd);
	case REF_LG2: return mpfr_log2(r, a, rnd);
	case REF_SIN: return mpfr_sin(r, a, rnd);
	case REF_COS: return mpfr_cos(r, a, rnd);
	default: return mpfr_tanh(r, a, rnd);
	}
}

static unsigned operands_of(enum ref_op op)
{
	return op == REF_FMA ? 3 : op <= REF_DIV && op != REF_SQRT ? 2 : 1;
}

uint64_t ref_arithmetic(enum ref_op op, const struct ref_mode *mode, uint64_t a, uint64_t b,
			uint64_t c)
{
	uint64_t in[3] = {a, b, c};
	enum ref_format format = mode->format;
	mpfr_t r, x[3];
	double value;
	int inexact;
	bool nan = false;

	for (unsigned i = 0; i < operands_of(op); i++) {
		if (ref_is_nan(format, in[i]) && format == REF_F64)
			return in[i] | UINT64_C(1) << 51;
		nan |= ref_is_nan(format, in[i]);
		in[i] = flush(format, mode->ftz, in[i]);
	}
	if (nan)
		return mode->sat ? 0 : formats[format].nan;
	if (op == REF_RSQRT && magnitude_of(format, in[0]) == 0) /* PTX keeps the sign of zero */
		return in[0] | infinity_of(format);
	mpfr_set_emin(formats[format].emin - formats[format].precision + 2);
	mpfr_set_emax(formats[format].emax + 1);
	mpfr_init2(r, formats[format].precision);
	for (unsigned i = 0; i < 3; i++) {
		mpfr_init2(x[i], 53);
		mpfr_set_d(x[i], i < operands_of(op) ? ref_value(format, in[i]) : 0.0, MPFR_RNDN);
	}
	inexact = compute(op, r, x[0], x[1], x[2], rounds[mode->round]);
	mpfr_subnormalize(r, inexact, rounds[mode->round]);
	value = mpfr_get_d(r, MPFR_RNDN);
	mpfr_clears(r, x[0], x[1], x[2], (mpfr_ptr)0);
	return finish(mode, value);
}

/* An exact value to an integer. */
static void round_whole(mpfr_t r, enum ref_round round)
{
	if (round == REF_RNA)
		mpfr_round(r, r);
	else
		mpfr_rint(r, r, rounds[round]);
}

static void wide_exponents(void)
{
	mpfr_set_emin(mpfr_get_emin_min());
	mpfr_set_emax(mpfr_get_emax_max());
}

/* Rounds an exact value to the format: scaled so that its last place is 1. */
static double round_to(enum ref_format format, enum ref_round round, mpfr_t r)
{
	int precision = formats[format].precision;
	bool negative = mpfr_signbit(r), up;
	double value, largest = largest_of(format);
	long last;

	if (!mpfr_regular_p(r))
		return mpfr_get_d(r, MPFR_RNDN);
	last = mpfr_get_exp(r) - 1;
	last = (last > formats[format].emin ? last : formats[format].emin) - precision + 1;
	mpfr_mul_2si(r, r, -last, MPFR_RNDN);
	round_whole(r, round);
	mpfr_mul_2si(r, r, last, MPFR_RNDN);
	value = mpfr_get_d(r, MPFR_RNDN);
	up = round == REF_RN || round == REF_RNA || round == (negative ? REF_RM : REF_RP);
	if (!(fabs(value) <= largest))
		value = copysign(up ? INFINITY : largest, value);
	return negative ? -fabs(value) : value;
}

uint64_t ref_convert(const struct ref_mode *mode, enum ref_format from, bool from_ftz,
		     bool integral, uint64_t a)
{
	double value = NAN;
	mpfr_t r;

	if (!ref_is_nan(from, a)) {
		wide_exponents();
		mpfr_init2(r, 200);
		mpfr_set_d(r, ref_value(from, flush(from, from_ftz, a)), MPFR_RNDN);
		if (integral && mpfr_regular_p(r))
			round_whole(r, mode->round);
		value = round_to(mode->format, mode->round, r);
		mpfr_clear(r);
	} else if (mode->format == REF_F64 && !mode->sat) {
		unsigned fraction_bits = (unsigned)formats[from].precision - 1;

		if (integral && from != REF_F64) /* an operation of its own: canonical */
			a = formats[from].nan;
		return (a >> (width_of(from) - 1)) << 63 | UINT64_C(0x7ff8) << 48 |
		       (a & ((UINT64_C(1) << fraction_bits) - 1)) << (52 - fraction_bits);
	}
	return finish(mode, value);
}

uint64_t ref_to_int(enum ref_format from, enum ref_round round, bool ftz, uint64_t a,
		    unsigned width, bool is_signed)
{
	uint64_t mask = width == 64 ? UINT64_MAX : (UINT64_C(1) << width) - 1, result;
	mpfr_t r, low, high;

	if (ref_is_nan(from, a))
		return width == 64 ? UINT64_C(1) << 63 : 0;
	wide_exponents();
	mpfr_inits2(200, r, low, high, (mpfr_ptr)0);
	mpfr_set_d(r, ref_value(from, flush(from, ftz, a)), MPFR_RNDN);
	if (mpfr_regular_p(r))
		round_whole(r, round);
	mpfr_set_ui_2exp(high, 1, (mpfr_exp_t)(is_signed ? width - 1 : width), MPFR_RNDN);
	mpfr_neg(low, high, MPFR_RNDN);
	if (!is_signed)
		mpfr_set_ui(low, 0, MPFR_RNDN);
	mpfr_sub_ui(high, high, 1, MPFR_RNDN);
	if (mpfr_cmp(r, low) < 0)
		mpfr_set(r, low, MPFR_RNDN);
	if (mpfr_cmp(r, high) > 0)
		mpfr_set(r, high, MPFR_RNDN);
	result = is_signed ? (uint64_t)mpfr_get_sj(r, MPFR_RNDN) : mpfr_get_uj(r, MPFR_RNDN);
	mpfr_clears(r, low, high, (mpfr_ptr)0);
	return result & mask;
}

uint64_t ref_from_int(const struct ref_mode *mode, __int128 value)
{
	bool negative = value < 0;
	double result;
	mpfr_t r;

	wide_exponents();
	mpfr_init2(r, 200);
	mpfr_set_uj(r, (uint64_t)(negative ? -value : value), MPFR_RNDN);
	if (negative)
		mpfr_neg(r, r, MPFR_RNDN);
	result = round_to(mode->format, mode->round, r);
	mpfr_clear(r);
	return finish(mode, result);
}

unsigned ref_specials(enum ref_format format, uint64_t values[REF_SPECIALS_MAX])
{
	uint64_t one = (uint64_t)(1 - formats[format].emin) << (formats[format].precision - 1);
	uint64_t normal = UINT64_C(1) << (formats[format].precision - 1);
	uint64_t inf = infinity_of(format), sign = UINT64_C(1) << (width_of(format) - 1);
	const uint64_t positive[] = {
		0,
		1,
		2,
		normal / 2,
		normal - 1,
		normal,
		normal + 1,
		one - 1,
		one,
		one + 1,
		one + normal / 2,
		one + normal - 1,
		one + normal,
		one + normal + 1,
		one - normal,
		one - normal - 1,
		one + 23 * normal,
		one + 5 * normal - 1,
		one + 3 * normal + normal / 3,
		inf - 1,
		inf,
		inf + 1,
		inf + normal / 2,
		inf + normal - 1,
		inf - normal,
		one / 2,
		one / 2 + normal / 5,
	};
	unsigned count = 0;

	for (unsigned i = 0; i < sizeof(positive) / sizeof(positive[0]); i++) {
		values[count++] = positive[i];
		values[count++] = positive[i] | sign;
	}
	return count;
}
