/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Floating point: f32 and f64 by this machine's IEEE arithmetic in the rounding mode that the
 * instruction names, the half formats and the approximate functions by MPFR. The contract that
 * they are held to: an approximate function is the exact value rounded to nearest even; NaN is
 * canonical (f32 0x7fffffff, halves 0x7fff, f64 the first NaN operand made quiet); min and max
 * order -0 below +0.
 */
#include <fenv.h>
#include <math.h>
#include <stdint.h>
#define MPFR_USE_INTMAX_T
#include <mpfr.h>
#include <string.h>

#include "tests/oracle/gpu/ptx.h"

#define EXACT_BITS 800 /* holds any sum of products of halves */
#define GUARD_BITS 200
#define QUIET64    UINT64_C(0x0008000000000000)

enum rounding { RN, RZ, RM, RP, RNA };

static enum rounding rounding_of(const struct instr *i)
{
	if (has(i, WORD_rz) || has(i, WORD_rzi))
		return RZ;
	if (has(i, WORD_rm) || has(i, WORD_rmi))
		return RM;
	if (has(i, WORD_rp) || has(i, WORD_rpi))
		return RP;
	return has(i, WORD_rna) ? RNA : RN;
}

static void set_rounding(enum rounding r)
{
	static const int modes[] = {FE_TONEAREST, FE_TOWARDZERO, FE_DOWNWARD, FE_UPWARD,
				    FE_TONEAREST};

	fesetround(modes[r]);
}

/* ---- formats ---- */

static const struct {
	int precision, emin, emax; /* of a significand below 2 */
	int fraction;              /* bits */
	uint64_t nan, infinity, sign;
} formats[TYPES] = {
	[TYPE_f16] = {11, -14, 15, 10, 0x7fff, 0x7c00, 0x8000},
	[TYPE_bf16] = {8, -126, 127, 7, 0x7fff, 0x7f80, 0x8000},
	[TYPE_f32] = {24, -126, 127, 23, 0x7fffffff, 0x7f800000, 0x80000000},
	[TYPE_f64] = {53, -1022, 1023, 52, UINT64_C(0xfff8000000000000),
		      UINT64_C(0x7ff0000000000000), UINT64_C(1) << 63},
};

static bool is_nan(enum type type, uint64_t bits)
{
	return (bits & ~formats[type].sign) > formats[type].infinity;
}

static uint64_t flush(enum type type, uint64_t bits)
{
	return bits & formats[type].infinity ? bits : bits & formats[type].sign;
}

static double decode(enum type type, uint64_t bits)
{
	float narrow;
	double wide;

	if (type == TYPE_f64) {
		memcpy(&wide, &bits, 8);
		return wide;
	}
	if (type == TYPE_f32 || type == TYPE_bf16) {
		uint32_t half = (uint32_t)bits << (type == TYPE_bf16 ? 16 : 0);

		memcpy(&narrow, &half, 4);
		return (double)narrow;
	}
	double magnitude = (double)(bits & 0x3ff);
	int exponent = (int)(bits >> 10 & 31);

	if (exponent == 31)
		magnitude = bits & 0x3ff ? NAN : INFINITY;
	else
		magnitude =
			exponent ? scalbn(magnitude + 1024, exponent - 25) : scalbn(magnitude, -24);
	return bits & 0x8000 ? -magnitude : magnitude;
}

/* An integral value that x rounds to; x has few enough bits to be exact. */
static double integral(double x, enum rounding r)
{
	switch (r) {
	case RZ: return trunc(x);
	case RM: return floor(x);
	case RP: return ceil(x);
	case RNA: return round(x);
	default: return nearbyint(x); /* in the mode of rest, nearest even */
	}
}

/* The bits of a finite value of the format, or of an infinity. */
static uint64_t bits_of(enum type type, double x)
{
	uint64_t sign = signbit(x) ? formats[type].sign : 0;
	int exponent, fraction = formats[type].fraction;

	x = fabs(x);
	if (x == 0)
		return sign;
	if (isinf(x))
		return sign | formats[type].infinity;
	frexp(x, &exponent);
	exponent--;
	if (exponent < formats[type].emin)
		exponent = formats[type].emin - 1;
	uint64_t significand = (uint64_t)scalbn(
		x, fraction - (exponent < formats[type].emin ? formats[type].emin : exponent));

	return sign | ((significand & ((UINT64_C(1) << fraction) - 1)) |
		       (uint64_t)(exponent + formats[type].emax) << fraction);
}

/* Rounds to a format narrower than f64. */
static uint64_t encode(enum type type, double x, enum rounding r)
{
	double limit = scalbn(2 - scalbn(1, 1 - formats[type].precision), formats[type].emax);
	int exponent;

	if (isnan(x))
		return formats[type].nan;
	if (isinf(x) || x == 0)
		return bits_of(type, x);
	frexp(x, &exponent);
	exponent--;
	if (exponent < formats[type].emin)
		exponent = formats[type].emin;
	int quantum = exponent - formats[type].precision + 1;
	double y = copysign(scalbn(integral(scalbn(x, -quantum), r), quantum), x);

	if (fabs(y) <= limit)
		return bits_of(type, y);
	bool away = r == RN || r == RNA || (r == RP && y > 0) || (r == RM && y < 0);

	return bits_of(type, copysign(away ? INFINITY : limit, x));
}

/* To 53 bits, the last of them set if anything was lost: rounds once more without harm. */
static double odd(const mpfr_t x)
{
	double d = mpfr_get_d(x, MPFR_RNDZ);
	uint64_t bits;

	if (!isfinite(d) || !mpfr_cmp_d(x, d))
		return d;
	memcpy(&bits, &d, 8);
	bits |= 1;
	memcpy(&d, &bits, 8);
	return d;
}

/* ---- what follows every operation ---- */

static uint64_t finish(const struct instr *i, enum type type, uint64_t bits)
{
	uint64_t one = (uint64_t)formats[type].emax << formats[type].fraction;

	if (type != TYPE_f64 && is_nan(type, bits))
		bits = formats[type].nan;
	if (has(i, WORD_ftz))
		bits = flush(type, bits);
	if (has(i, WORD_sat)) {
		if (is_nan(type, bits) || bits & formats[type].sign)
			return 0;
		return bits > one ? one : bits;
	}
	if (has(i, WORD_relu) && !is_nan(type, bits) && bits & formats[type].sign)
		return 0;
	return bits;
}

static uint64_t nan_of(const uint64_t *v, unsigned count)
{
	for (unsigned k = 0; k < count; k++)
		if (is_nan(TYPE_f64, v[k]))
			return v[k] | QUIET64;
	return formats[TYPE_f64].nan;
}

/* ---- arithmetic ---- */

static enum type half_of(enum type type)
{
	return type == TYPE_f16x2 ? TYPE_f16 : type == TYPE_bf16x2 ? TYPE_bf16 : TYPES;
}

enum operation { ADD, SUB, MUL, FMA, DIV, RCP, SQRT, RSQRT, SIN, COS, LG2, EX2, TANH, OPERATIONS };

static const char *const names[OPERATIONS] = {"add",   "sub", "mul", "fma", "div", "rcp", "sqrt",
					      "rsqrt", "sin", "cos", "lg2", "ex2", "tanh"};

static enum operation operation_of(const struct instr *i)
{
	unsigned k = 0;

	if (!strcmp(i->name, "mad"))
		return FMA;
	while (k < OPERATIONS && strcmp(names[k], i->name))
		k++;
	return (enum operation)k;
}

/* In the machine's rounding mode; volatile, so that nothing is computed in another one. */
static double calculate64(enum operation o, volatile double a, volatile double b, volatile double c)
{
	volatile double d;

	switch (o) {
	case ADD: d = a + b; break;
	case SUB: d = a - b; break;
	case MUL: d = a * b; break;
	case FMA: d = fma(a, b, c); break;
	case DIV: d = a / b; break;
	case RCP: d = 1.0 / a; break;
	default: d = sqrt(a); break;
	}
	return d;
}

static double calculate32(enum operation o, volatile float a, volatile float b, volatile float c)
{
	volatile float d;

	switch (o) {
	case ADD: d = a + b; break;
	case SUB: d = a - b; break;
	case MUL: d = a * b; break;
	case FMA: d = fmaf(a, b, c); break;
	case DIV: d = a / b; break;
	case RCP: d = 1.0f / a; break;
	default: d = sqrtf(a); break;
	}
	return (double)d;
}

/* The half formats: exactly, then rounded once. */
static double calculate_exact(enum operation o, double a, double b, double c)
{
	mpfr_t x, y;

	mpfr_init2(x, EXACT_BITS);
	mpfr_init2(y, EXACT_BITS);
	mpfr_set_d(x, a, MPFR_RNDN);
	switch (o) {
	case ADD: mpfr_add_d(x, x, b, MPFR_RNDN); break;
	case SUB: mpfr_sub_d(x, x, b, MPFR_RNDN); break;
	case MUL: mpfr_mul_d(x, x, b, MPFR_RNDN); break;
	default:
		mpfr_mul_d(x, x, b, MPFR_RNDN);
		mpfr_set_d(y, c, MPFR_RNDN);
		mpfr_add(x, x, y, MPFR_RNDN);
		break;
	}
	double d = odd(x);

	mpfr_clear(x);
	mpfr_clear(y);
	return d;
}

/* To far more bits than are wanted. */
static double calculate_function(enum operation o, double a)
{
	mpfr_t x;

	if (o == RSQRT && a == 0)
		return copysign(INFINITY, a);
	mpfr_init2(x, GUARD_BITS);
	mpfr_set_d(x, a, MPFR_RNDN);
	switch (o) {
	case RSQRT: mpfr_rec_sqrt(x, x, MPFR_RNDN); break;
	case SIN: mpfr_sin(x, x, MPFR_RNDN); break;
	case COS: mpfr_cos(x, x, MPFR_RNDN); break;
	case LG2: mpfr_log2(x, x, MPFR_RNDN); break;
	case EX2: mpfr_exp2(x, x, MPFR_RNDN); break;
	default: mpfr_tanh(x, x, MPFR_RNDN); break;
	}
	double d = odd(x);

	mpfr_clear(x);
	return d;
}

static uint64_t calculate(const struct instr *i, enum operation o, enum type type,
			  const uint64_t v[3])
{
	double a = decode(type, v[0]), b = decode(type, v[1]), c = decode(type, v[2]), d;
	uint64_t bits;

	if (o >= RSQRT)
		return finish(i, type, encode(type, calculate_function(o, a), RN));
	if (type == TYPE_f16 || type == TYPE_bf16)
		return finish(i, type, encode(type, calculate_exact(o, a, b, c), RN));
	set_rounding(rounding_of(i));
	if (type == TYPE_f64)
		d = calculate64(o, a, b, c);
	else
		d = calculate32(o, (float)a, (float)b, (float)c);
	set_rounding(RN);
	if (type == TYPE_f32)
		return finish(i, type, encode(type, d, RN)); /* is one already */
	memcpy(&bits, &d, 8);
	return isnan(d) ? nan_of(v, o == FMA ? 3 : o >= RCP ? 1 : 2) : bits;
}

/* Integers that order as the format does, -0 below +0. */
static int64_t order(enum type type, uint64_t bits)
{
	int64_t magnitude = (int64_t)(bits & ~formats[type].sign);

	return bits & formats[type].sign ? -magnitude - 1 : magnitude;
}

uint64_t float_minmax(const struct instr *i, enum type type, uint64_t a, uint64_t b, bool max)
{
	uint64_t sign = has(i, WORD_xorsign) ? (a ^ b) & formats[type].sign : 0, d;
	bool a_nan = is_nan(type, a), b_nan = is_nan(type, b);

	if (has(i, WORD_abs)) {
		a &= ~formats[type].sign;
		b &= ~formats[type].sign;
	}
	if ((a_nan && b_nan) || (has(i, WORD_NaN) && (a_nan || b_nan)))
		return type == TYPE_f64 ? nan_of((uint64_t[]){a, b}, 2) : formats[type].nan;
	if (a_nan || b_nan)
		d = a_nan ? b : a;
	else
		d = (order(type, a) < order(type, b)) != max ? a : b;
	return has(i, WORD_xorsign) ? (d & ~formats[type].sign) | sign : d;
}

uint64_t float_add(enum type type, uint64_t a, uint64_t b)
{
	static const struct instr plain = {.name = "add"};
	enum type half = half_of(type);

	if (half == TYPES)
		return calculate(&plain, ADD, type, (uint64_t[]){a, b, 0});
	return calculate(&plain, ADD, half, (uint64_t[]){a & 0xffff, b & 0xffff, 0}) |
	       calculate(&plain, ADD, half, (uint64_t[]){a >> 16 & 0xffff, b >> 16 & 0xffff, 0})
		       << 16;
}

uint64_t float_add_flushed(uint64_t a, uint64_t b)
{
	struct instr ftz = {.name = "add"};

	ftz.words[WORD_ftz / 64] |= UINT64_C(1) << WORD_ftz % 64;
	return calculate(&ftz, ADD, TYPE_f32,
			 (uint64_t[]){flush(TYPE_f32, a), flush(TYPE_f32, b), 0});
}

static uint64_t change_sign(const struct instr *i, enum type type, uint64_t a)
{
	uint64_t d = i->name[0] == 'n' ? a ^ formats[type].sign : a & ~formats[type].sign;

	if (is_nan(type, a))
		return type == TYPE_f64 ? d | QUIET64 : formats[type].nan;
	return d;
}

static uint64_t one_float(const struct instr *i, enum type type, uint64_t v[3])
{
	const char *name = i->name;

	if (!strcmp(name, "copysign"))
		return (v[0] & formats[type].sign) | (v[1] & ~formats[type].sign);
	for (unsigned k = 0; k < 3 && has(i, WORD_ftz); k++)
		v[k] = flush(type, v[k]);
	if (!strcmp(name, "abs") || !strcmp(name, "neg"))
		return change_sign(i, type, v[0]);
	if (!strcmp(name, "min") || !strcmp(name, "max"))
		return float_minmax(i, type, v[0], v[1], name[1] == 'a');
	return calculate(i, operation_of(i), type, v);
}

void run_float(struct thread *t, const struct instr *i)
{
	enum type type = i->types[0], half = half_of(type);
	uint64_t v[3] = {0}, low[3], high[3];

	for (unsigned k = 1; k < i->count && k <= 3; k++) {
		v[k - 1] = get(t, i, k, type);
		low[k - 1] = v[k - 1] & 0xffff;
		high[k - 1] = v[k - 1] >> 16;
	}
	if (operation_of(i) == OPERATIONS && !strstr("copysign abs neg min max", i->name))
		fault(t, i, "'%s' of type %s", i->name, type_table[type].name);
	if (half == TYPES) {
		put(t, i, 0, type, one_float(i, type, v));
		return;
	}
	for (unsigned k = (unsigned)i->count - 1; k < 3; k++)
		low[k] = high[k] = 0;
	put(t, i, 0, type, one_float(i, half, low) | one_float(i, half, high) << 16);
}

/* ---- comparisons and tests ---- */

static bool ordered(const struct instr *i, long double a, long double b)
{
	if (has(i, WORD_eq) || has(i, WORD_equ))
		return a == b;
	if (has(i, WORD_ne) || has(i, WORD_neu))
		return a != b;
	if (has(i, WORD_lt) || has(i, WORD_ltu) || has(i, WORD_lo))
		return a < b;
	if (has(i, WORD_le) || has(i, WORD_leu) || has(i, WORD_ls))
		return a <= b;
	if (has(i, WORD_gt) || has(i, WORD_gtu) || has(i, WORD_hi))
		return a > b;
	return a >= b;
}

static bool unordered(const struct instr *i)
{
	return has(i, WORD_equ) || has(i, WORD_neu) || has(i, WORD_ltu) || has(i, WORD_leu) ||
	       has(i, WORD_gtu) || has(i, WORD_geu) || has(i, WORD_nan);
}

bool compare(const struct instr *i, enum type type, uint64_t a, uint64_t b)
{
	if (type_table[type].kind == KIND_S)
		return ordered(i, (long double)(int64_t)a, (long double)(int64_t)b);
	if (type_table[type].kind != KIND_F)
		return ordered(i, (long double)a, (long double)b);
	if (is_nan(type, a) || is_nan(type, b))
		return unordered(i);
	if (has(i, WORD_num) || has(i, WORD_nan))
		return has(i, WORD_num);
	if (has(i, WORD_ftz)) {
		a = flush(type, a);
		b = flush(type, b);
	}
	return ordered(i, (long double)decode(type, a), (long double)decode(type, b));
}

void run_testp(struct thread *t, const struct instr *i)
{
	enum type type = i->types[0];
	uint64_t a = get(t, i, 1, type) & ~formats[type].sign;
	uint64_t infinity = formats[type].infinity, normal = UINT64_C(1) << formats[type].fraction;
	bool is = has(i, WORD_finite)       ? a < infinity
		  : has(i, WORD_infinite)   ? a == infinity
		  : has(i, WORD_number)     ? a <= infinity
		  : has(i, WORD_notanumber) ? a > infinity
		  : has(i, WORD_normal)     ? a >= normal && a < infinity
					    : a && a < normal;

	put(t, i, 0, TYPE_pred, is);
}

/* ---- conversions ---- */

static bool is_float(enum type type)
{
	return type_table[type].kind == KIND_F;
}

static uint64_t widen_nan(enum type from, uint64_t a)
{
	uint64_t fraction = a & ((UINT64_C(1) << formats[from].fraction) - 1);

	return (a & formats[from].sign ? UINT64_C(1) << 63 : 0) | formats[TYPE_f64].infinity |
	       QUIET64 | fraction << (52 - formats[from].fraction);
}

static bool rounds_integral(const struct instr *i)
{
	return has(i, WORD_rni) || has(i, WORD_rzi) || has(i, WORD_rmi) || has(i, WORD_rpi);
}

static uint64_t float_to_float(const struct instr *i, enum type to, enum type from, uint64_t a)
{
	struct instr plain = *i;
	double x;
	uint64_t bits;

	if (has(i, WORD_ftz) && from == TYPE_f32)
		a = flush(from, a);
	if (to != TYPE_f32)
		plain.words[WORD_ftz / 64] &= ~(UINT64_C(1) << WORD_ftz % 64);
	if (is_nan(from, a))
		return finish(&plain, to, to == TYPE_f64 ? widen_nan(from, a) : formats[to].nan);
	x = decode(from, a);
	if (rounds_integral(i))
		x = copysign(integral(x, rounding_of(i)), x);
	if (to != TYPE_f64)
		return finish(&plain, to, encode(to, x, rounding_of(i)));
	memcpy(&bits, &x, 8);
	return finish(&plain, to, bits);
}

static uint64_t float_to_integer(const struct instr *i, enum type to, enum type from, uint64_t a)
{
	unsigned bits = type_table[to].bits;
	bool is_signed = type_table[to].kind == KIND_S;
	double low = is_signed ? -scalbn(1, (int)bits - 1) : 0;
	double end = scalbn(1, (int)bits - is_signed); /* the first that is too large */
	uint64_t top = is_signed   ? (UINT64_C(1) << (bits - 1)) - 1
		       : bits < 64 ? (UINT64_C(1) << bits) - 1
				   : UINT64_MAX;

	if (is_nan(from, a))
		return bits == 64 ? UINT64_C(1) << 63 : 0;
	if (has(i, WORD_ftz) && from == TYPE_f32)
		a = flush(from, a);
	double x = integral(decode(from, a), rounding_of(i));

	if (x >= end)
		return top;
	if (x <= low)
		return is_signed ? UINT64_C(1) << (bits - 1) : 0;
	return x < 0 ? 0 - (uint64_t)-x : (uint64_t)x;
}

static uint64_t integer_to_float(const struct instr *i, enum type to, enum type from, uint64_t a)
{
	bool negative = type_table[from].kind == KIND_S && (int64_t)a < 0;
	mpfr_t x;
	uint64_t bits;
	static const mpfr_rnd_t modes[] = {MPFR_RNDN, MPFR_RNDZ, MPFR_RNDD, MPFR_RNDU, MPFR_RNDN};

	if (!a)
		return 0;
	mpfr_init2(x, 64);
	mpfr_set_uj(x, negative ? 0 - a : a, MPFR_RNDN);
	if (negative)
		mpfr_neg(x, x, MPFR_RNDN);
	if (to == TYPE_f64) {
		double d = mpfr_get_d(x, modes[rounding_of(i)]);

		memcpy(&bits, &d, 8);
	} else {
		bits = encode(to, odd(x), rounding_of(i));
	}
	mpfr_clear(x);
	return finish(i, to, bits);
}

static uint64_t integer_to_integer(const struct instr *i, enum type to, enum type from, uint64_t a)
{
	unsigned bits = type_table[to].bits;
	bool to_signed = type_table[to].kind == KIND_S;
	__int128 value = type_table[from].kind == KIND_S ? (__int128)(int64_t)a : (__int128)a;
	__int128 top = ((__int128)1 << (bits - to_signed)) - 1, low = to_signed ? -top - 1 : 0;

	if (has(i, WORD_sat))
		value = value < low ? low : value > top ? top : value;
	return (uint64_t)value;
}

void run_cvt(struct thread *t, const struct instr *i)
{
	enum type to = i->types[0], from = i->types[1], half = half_of(to);
	uint64_t a = get(t, i, 1, from);

	if (half != TYPES)
		a = float_to_float(i, half, from, a) << 16 |
		    float_to_float(i, half, from, get(t, i, 2, from));
	else if (is_float(to) && is_float(from))
		a = float_to_float(i, to, from, a);
	else if (is_float(to))
		a = integer_to_float(i, to, from, a);
	else if (is_float(from))
		a = float_to_integer(i, to, from, a);
	else
		a = integer_to_integer(i, to, from, a);
	put(t, i, 0, to, a);
}
