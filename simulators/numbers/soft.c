/* SPDX-License-Identifier: Apache-2.0 */
#include "simulators/numbers/soft.h"

#include "simulators/numbers/bits.h"

typedef unsigned __int128 u128;

struct layout {
	int precision; /* bits of the significand, the hidden one included */
	int emin;      /* exponent of the smallest normal number */
	int bias;
	int exponent_bits;
	uint64_t nan;
	bool finite; /* the largest exponent is of numbers too; all ones are NaN */
};

static const struct layout layouts[ROAD_NUM_FORMATS] = {
	[ROAD_NUM_F16] = {11, -14, 15, 5, ROAD_NUM_NAN16},
	[ROAD_NUM_BF16] = {8, -126, 127, 8, ROAD_NUM_NAN16},
	[ROAD_NUM_F32] = {24, -126, 127, 8, ROAD_NUM_NAN32},
	[ROAD_NUM_F64] = {53, -1022, 1023, 11, ROAD_NUM_NAN64},
	[ROAD_NUM_TF32] = {11, -126, 127, 8, ROAD_NUM_NAN32 >> 13},
	[ROAD_NUM_E4M3] = {4, -6, 7, 4, 0x7f, true},
	[ROAD_NUM_E5M2] = {3, -14, 15, 5, 0x7f},
	[ROAD_NUM_F64TOP] = {21, -1022, 1023, 11, ROAD_NUM_NAN64 >> 32},
};

enum kind { ZERO, FINITE, INFINITE, NOT_A_NUMBER };

/* (-1)^sign * significand * 2^exponent; bit 0 may stand for everything lost below it, and is
 * then at least two bits under the place where the result is rounded. */
struct number {
	enum kind kind;
	bool sign;
	int exponent;
	u128 significand;
};

static int top_bit(u128 value)
{
	uint64_t high = (uint64_t)(value >> 64);

	return high ? 127 - __builtin_clzll(high) : 63 - __builtin_clzll((uint64_t)value);
}

/* Right shift that keeps in bit 0 whether anything was lost. */
static u128 shift_jam(u128 value, int count)
{
	if (count <= 0)
		return value;
	if (count > 127)
		return value != 0;
	return value >> count | (u128)((value << (128 - count)) != 0);
}

static struct number unpack(enum road_num_format format, bool ftz, uint64_t bits)
{
	const struct layout *layout = &layouts[format];
	int fraction_bits = layout->precision - 1;
	uint64_t fraction = bits & ((UINT64_C(1) << fraction_bits) - 1);
	unsigned exponent_max = (1u << layout->exponent_bits) - 1;
	unsigned exponent = (unsigned)(bits >> fraction_bits) & exponent_max;
	struct number number = {.sign = bits >> (fraction_bits + layout->exponent_bits) & 1};

	if (layout->finite && (bits & layout->nan) == layout->nan) {
		number.kind = NOT_A_NUMBER;
		return number;
	}
	if (exponent == exponent_max && !layout->finite) {
		number.kind = fraction ? NOT_A_NUMBER : INFINITE;
		return number;
	}
	if (exponent == 0) {
		number.kind = fraction && !ftz ? FINITE : ZERO;
		number.exponent = layout->emin - fraction_bits;
		number.significand = fraction;
		return number;
	}
	number.kind = FINITE;
	number.exponent = (int)exponent - layout->bias - fraction_bits;
	number.significand = fraction | UINT64_C(1) << fraction_bits;
	return number;
}

/* 1 if the remainder `lost` of a division by 2^shift makes the magnitude go up. */
static unsigned rounds_up(enum road_num_round round, bool sign, bool odd, u128 lost, u128 half)
{
	switch (round) {
	case ROAD_NUM_RN: return lost > half || (lost == half && odd);
	case ROAD_NUM_RNA: return lost >= half;
	case ROAD_NUM_RM: return sign && lost;
	case ROAD_NUM_RP: return !sign && lost;
	default: return 0;
	}
}

/* significand * 2^-shift rounded to an integer; shift may be negative if nothing overflows. */
static uint64_t round_shift(enum road_num_round round, bool sign, u128 significand, int shift)
{
	u128 kept, lost, half;

	if (shift <= 0)
		return (uint64_t)(significand << -shift);
	if (shift > 127) { /* far under half a unit */
		kept = 0;
		lost = significand != 0;
		half = 2;
	} else {
		kept = significand >> shift;
		lost = significand & (((u128)1 << shift) - 1);
		half = (u128)1 << (shift - 1);
	}
	return (uint64_t)kept + rounds_up(round, sign, kept & 1, lost, half);
}

static uint64_t pack_special(const struct layout *layout, bool sign, unsigned exponent)
{
	uint64_t bits = (uint64_t)exponent << (layout->precision - 1);

	return bits | (uint64_t)sign << (layout->precision - 1 + layout->exponent_bits);
}

/* In formats without infinities NaN stands where infinity would: above the largest number. */
static uint64_t pack_infinity(const struct layout *layout, bool sign)
{
	if (layout->finite)
		return layout->nan | pack_special(layout, sign, 0);
	return pack_special(layout, sign, (1u << layout->exponent_bits) - 1);
}

static uint64_t pack_overflow(const struct layout *layout, enum road_num_round round, bool sign)
{
	uint64_t infinity = pack_infinity(layout, sign);
	bool to_infinity = round == ROAD_NUM_RN || round == ROAD_NUM_RNA ||
			   (round == ROAD_NUM_RP && !sign) || (round == ROAD_NUM_RM && sign);

	return to_infinity ? infinity : infinity - 1; /* the largest finite number lies below */
}

static uint64_t pack_finite(const struct layout *layout, enum road_num_round round,
			    const struct number *number)
{
	int fraction_bits = layout->precision - 1;
	int exponent = number->exponent + top_bit(number->significand);
	int quantum = (exponent > layout->emin ? exponent : layout->emin) - fraction_bits;
	uint64_t kept =
		round_shift(round, number->sign, number->significand, quantum - number->exponent);
	uint64_t biased = (uint64_t)(quantum + fraction_bits + layout->bias - 1);
	/* The hidden bit adds one to the exponent field, and so does a carry out of rounding. */
	uint64_t bits = (biased << fraction_bits) + kept;

	if (bits >= pack_infinity(layout, false))
		return pack_overflow(layout, round, number->sign);
	return bits | pack_special(layout, number->sign, 0);
}

static uint64_t pack(const struct road_num_mode *mode, const struct number *number)
{
	const struct layout *layout = &layouts[mode->format];
	uint64_t one = (uint64_t)layout->bias << (layout->precision - 1);
	uint64_t normal = UINT64_C(1) << (layout->precision - 1);
	uint64_t bits = pack_special(layout, number->sign, 0);

	if (mode->sat && (number->kind == NOT_A_NUMBER || number->sign))
		return 0;
	if (number->kind == NOT_A_NUMBER)
		return layout->nan;
	if (mode->relu && number->sign)
		return 0;
	if (number->kind == INFINITE)
		bits = pack_infinity(layout, number->sign);
	if (number->kind == FINITE)
		bits = pack_finite(layout, mode->round, number);
	if (mode->satfinite && bits == pack_infinity(layout, number->sign))
		bits--;
	if (mode->ftz && (bits & ~pack_special(layout, true, 0)) < normal)
		bits = pack_special(layout, number->sign, 0);
	return mode->sat && bits > one ? one : bits;
}

/* f64 keeps the first NaN operand; true with *result set if one of them is a NaN. */
static bool keeps_nan(const struct road_num_mode *mode, const uint64_t *operands, unsigned count,
		      uint64_t *result)
{
	if (mode->format != ROAD_NUM_F64 || mode->sat)
		return false;
	for (unsigned i = 0; i < count; i++) {
		if (road_num_is_nan64(operands[i])) {
			*result = operands[i] | ROAD_NUM_QUIET64;
			return true;
		}
	}
	return false;
}

static struct number special(enum kind kind, bool sign)
{
	return (struct number){.kind = kind, .sign = sign};
}

/* Puts the highest bit of the significand to `place`. */
static void place_top(struct number *number, int place)
{
	int shift = place - top_bit(number->significand);

	if (shift >= 0)
		number->significand <<= shift;
	else
		number->significand = shift_jam(number->significand, -shift);
	number->exponent -= shift;
}

static struct number sum_finite(enum road_num_round round, struct number a, struct number b)
{
	struct number sum;

	place_top(&a, 125);
	place_top(&b, 125);
	if (a.exponent < b.exponent ||
	    (a.exponent == b.exponent && a.significand < b.significand)) {
		struct number other = a;

		a = b;
		b = other;
	}
	b.significand = shift_jam(b.significand, a.exponent - b.exponent);
	sum = a;
	if (a.sign == b.sign)
		sum.significand += b.significand;
	else
		sum.significand -= b.significand;
	if (!sum.significand)
		return special(ZERO, round == ROAD_NUM_RM);
	return sum;
}

static struct number sum(enum road_num_round round, const struct number *a, const struct number *b)
{
	if (a->kind == NOT_A_NUMBER || b->kind == NOT_A_NUMBER)
		return special(NOT_A_NUMBER, false);
	if (a->kind == INFINITE)
		return b->kind == INFINITE && a->sign != b->sign ? special(NOT_A_NUMBER, false)
								 : *a;
	if (b->kind == INFINITE)
		return *b;
	if (a->kind == ZERO && b->kind == ZERO)
		return special(ZERO, a->sign == b->sign ? a->sign : round == ROAD_NUM_RM);
	if (a->kind == ZERO)
		return *b;
	if (b->kind == ZERO)
		return *a;
	return sum_finite(round, *a, *b);
}

static struct number product(const struct number *a, const struct number *b)
{
	bool sign = a->sign != b->sign;

	if (a->kind == NOT_A_NUMBER || b->kind == NOT_A_NUMBER)
		return special(NOT_A_NUMBER, false);
	if (a->kind == INFINITE || b->kind == INFINITE)
		return special(a->kind == ZERO || b->kind == ZERO ? NOT_A_NUMBER : INFINITE, sign);
	if (a->kind == ZERO || b->kind == ZERO)
		return special(ZERO, sign);
	return (struct number){FINITE, sign, a->exponent + b->exponent,
			       a->significand * b->significand};
}

static struct number quotient(struct number a, struct number b)
{
	bool sign = a.sign != b.sign;
	struct number result = {.kind = FINITE, .sign = sign};

	if (a.kind == NOT_A_NUMBER || b.kind == NOT_A_NUMBER)
		return special(NOT_A_NUMBER, false);
	if (a.kind == INFINITE || b.kind == ZERO)
		return special(a.kind == b.kind ? NOT_A_NUMBER : INFINITE, sign);
	if (a.kind == ZERO || b.kind == INFINITE)
		return special(ZERO, sign);
	place_top(&a, 126);
	place_top(&b, 62);
	result.significand = a.significand / b.significand;
	result.significand = result.significand << 1 | (a.significand % b.significand != 0);
	result.exponent = a.exponent - b.exponent - 1;
	return result;
}

static struct number square_root(struct number a)
{
	struct number result = {.kind = FINITE};
	u128 root = 0, rest;

	if (a.kind == NOT_A_NUMBER || a.kind == ZERO)
		return a;
	if (a.sign)
		return special(NOT_A_NUMBER, false);
	if (a.kind == INFINITE)
		return a;
	place_top(&a, 124);
	if (a.exponent & 1) {
		a.significand <<= 1;
		a.exponent--;
	}
	rest = a.significand;
	for (u128 bit = (u128)1 << 124; bit; bit >>= 2) {
		if (rest >= root + bit) {
			rest -= root + bit;
			root = (root >> 1) + bit;
		} else {
			root >>= 1;
		}
	}
	result.significand = root << 1 | (rest != 0);
	result.exponent = a.exponent / 2 - 1;
	return result;
}

/* Whether root^2 * of <= 2^164; *exact if it is that. */
static bool below_reciprocal(uint64_t root, uint64_t of, bool *exact)
{
	u128 square = (u128)root * root, low = (u128)(uint64_t)square * of;
	u128 high = (u128)(uint64_t)(square >> 64) * of + (uint64_t)(low >> 64);

	*exact = high == (u128)1 << 100 && !(uint64_t)low;
	return high < (u128)1 << 100 || *exact;
}

static struct number reciprocal_root(struct number a)
{
	struct number result = {.kind = FINITE};
	uint64_t root = 0, of;
	bool exact = false, last;

	if (a.kind == ZERO)
		return special(INFINITE, a.sign);
	if (a.kind == NOT_A_NUMBER || a.sign)
		return special(NOT_A_NUMBER, false);
	if (a.kind == INFINITE)
		return special(ZERO, false);
	place_top(&a, 52);
	if (a.exponent & 1) {
		a.significand <<= 1;
		a.exponent--;
	}
	of = (uint64_t)a.significand;
	for (uint64_t bit = UINT64_C(1) << 56; bit; bit >>= 1) { /* 2^82 / sqrt(of) */
		if (!below_reciprocal(root | bit, of, &last))
			continue;
		root |= bit;
		exact = last;
	}
	result.significand = (u128)root << 1 | !exact;
	result.exponent = -a.exponent / 2 - 82 - 1;
	return result;
}

uint64_t road_num_add(const struct road_num_mode *mode, uint64_t a, uint64_t b)
{
	struct number x = unpack(mode->format, mode->ftz, a);
	struct number y = unpack(mode->format, mode->ftz, b);
	struct number result = sum(mode->round, &x, &y);
	uint64_t bits;

	if (keeps_nan(mode, (uint64_t[]){a, b}, 2, &bits))
		return bits;
	return pack(mode, &result);
}

uint64_t road_num_sub(const struct road_num_mode *mode, uint64_t a, uint64_t b)
{
	struct number x = unpack(mode->format, mode->ftz, a);
	struct number y = unpack(mode->format, mode->ftz, b);
	struct number result;
	uint64_t bits;

	if (keeps_nan(mode, (uint64_t[]){a, b}, 2, &bits))
		return bits;
	y.sign = !y.sign;
	result = sum(mode->round, &x, &y);
	return pack(mode, &result);
}

uint64_t road_num_mul(const struct road_num_mode *mode, uint64_t a, uint64_t b)
{
	struct number x = unpack(mode->format, mode->ftz, a);
	struct number y = unpack(mode->format, mode->ftz, b);
	struct number result = product(&x, &y);
	uint64_t bits;

	if (keeps_nan(mode, (uint64_t[]){a, b}, 2, &bits))
		return bits;
	return pack(mode, &result);
}

uint64_t road_num_fma(const struct road_num_mode *mode, uint64_t a, uint64_t b, uint64_t c)
{
	struct number x = unpack(mode->format, mode->ftz, a);
	struct number y = unpack(mode->format, mode->ftz, b);
	struct number z = unpack(mode->format, mode->ftz, c);
	struct number xy = product(&x, &y);
	struct number result = sum(mode->round, &xy, &z);
	uint64_t bits;

	if (keeps_nan(mode, (uint64_t[]){a, b, c}, 3, &bits))
		return bits;
	return pack(mode, &result);
}

uint64_t road_num_div(const struct road_num_mode *mode, uint64_t a, uint64_t b)
{
	struct number result =
		quotient(unpack(mode->format, mode->ftz, a), unpack(mode->format, mode->ftz, b));
	uint64_t bits;

	if (keeps_nan(mode, (uint64_t[]){a, b}, 2, &bits))
		return bits;
	return pack(mode, &result);
}

uint64_t road_num_sqrt(const struct road_num_mode *mode, uint64_t a)
{
	struct number result = square_root(unpack(mode->format, mode->ftz, a));
	uint64_t bits;

	if (keeps_nan(mode, &a, 1, &bits))
		return bits;
	return pack(mode, &result);
}

uint64_t road_num_rsqrt(const struct road_num_mode *mode, uint64_t a)
{
	struct number result = reciprocal_root(unpack(mode->format, mode->ftz, a));
	uint64_t bits;

	if (keeps_nan(mode, &a, 1, &bits))
		return bits;
	return pack(mode, &result);
}

/* f64 keeps a NaN's sign and payload, which moves to the high end of the wider field. */
static uint64_t widened_nan(enum road_num_format from, uint64_t a)
{
	const struct layout *layout = &layouts[from];
	int fraction_bits = layout->precision - 1;
	uint64_t fraction = a & ((UINT64_C(1) << fraction_bits) - 1);
	uint64_t sign = a >> (fraction_bits + layout->exponent_bits) & 1;

	return sign << 63 | UINT64_C(0x7ff) << 52 | ROAD_NUM_QUIET64 |
	       fraction << (52 - fraction_bits);
}

uint64_t road_num_convert(const struct road_num_mode *mode, enum road_num_format from,
			  bool from_ftz, uint64_t a)
{
	struct number number = unpack(from, from_ftz, a);
	uint64_t bits;

	if (from == ROAD_NUM_F64 && keeps_nan(mode, &a, 1, &bits))
		return bits;
	if (number.kind == NOT_A_NUMBER && mode->format == ROAD_NUM_F64 && !mode->sat)
		return widened_nan(from, a);
	return pack(mode, &number);
}

uint64_t road_num_integral(const struct road_num_mode *mode, uint64_t a)
{
	struct number number = unpack(mode->format, mode->ftz, a);
	uint64_t bits;

	if (keeps_nan(mode, &a, 1, &bits))
		return bits;
	if (number.kind == FINITE && number.exponent < 0) {
		number.significand =
			round_shift(mode->round, number.sign, number.significand, -number.exponent);
		number.exponent = 0;
		if (!number.significand)
			number.kind = ZERO;
	}
	return pack(mode, &number);
}

static uint64_t from_magnitude(const struct road_num_mode *mode, bool sign, uint64_t magnitude)
{
	struct number number = {FINITE, sign, 0, magnitude};

	if (!magnitude)
		number.kind = ZERO;
	return pack(mode, &number);
}

uint64_t road_num_from_u64(const struct road_num_mode *mode, uint64_t value)
{
	return from_magnitude(mode, false, value);
}

uint64_t road_num_from_s64(const struct road_num_mode *mode, int64_t value)
{
	return from_magnitude(mode, value < 0, value < 0 ? -(uint64_t)value : (uint64_t)value);
}

uint64_t road_num_to_int(const struct road_num_mode *mode, uint64_t a, unsigned width,
			 bool is_signed)
{
	struct number number = unpack(mode->format, mode->ftz, a);
	uint64_t mask = width == 64 ? UINT64_MAX : (UINT64_C(1) << width) - 1;
	uint64_t limit = mask, magnitude;

	if (number.kind == NOT_A_NUMBER)
		return width == 64 ? UINT64_C(1) << 63 : 0;
	if (is_signed)
		limit = (UINT64_C(1) << (width - 1)) - !number.sign;
	else if (number.sign)
		limit = 0;
	if (number.kind == ZERO)
		return 0;
	if (number.kind == INFINITE || number.exponent + top_bit(number.significand) >= 64)
		magnitude = limit;
	else
		magnitude =
			round_shift(mode->round, number.sign, number.significand, -number.exponent);
	if (magnitude > limit)
		magnitude = limit;
	return (number.sign ? -magnitude : magnitude) & mask;
}
