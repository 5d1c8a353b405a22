/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The approximate functions of f32, each the exact value rounded to nearest even: evaluated as a
 * sum of two doubles with an error near 2^-56, folded to one double by rounding to odd, which
 * the final narrowing to f32 cannot round wrongly a second time. Only + - * / and sqrt on
 * doubles, no fma and no branch that depends on data, so that loops over lanes vectorise and
 * every instruction set gives the same bits. Every f32 argument was compared with MPFR (see
 * tests/unit/sim_gpu/exhaustive.c; of e^x and ln x with long doubles, tests/unit/sim_dsa): none is
 * rounded wrongly. Coefficients are Taylor's; constants
 * that end in _HEAD have few enough bits that their products below are exact.
 *
 * Sums of two terms are split after Dekker (1971): "A floating-point technique for extending the
 * available precision". Huge arguments of sine are reduced after Payne and Hanek (1983).
 */
#ifndef SIMULATORS_NUMBERS_APPROX_H
#define SIMULATORS_NUMBERS_APPROX_H

#include "simulators/numbers/bits.h"

#define APPROX_SHIFTER    0x1.8p52    /* x + it - it rounds x to an integer */
#define APPROX_SPLITTER   134217729.0 /* 2^27 + 1 */
#define APPROX_INV_LN2    0x1.71547652b82fep+0
#define APPROX_LN2_HEAD28 0x1.62e42fep-1
#define APPROX_LN2_TAIL28 0x1.f473de6af278fp-30
#define APPROX_LN2_HEAD40 0x1.62e42fefa2p-1
#define APPROX_LN2_TAIL40 0x1.9ef35793c7673p-41
#define APPROX_2_LN2_HEAD 0x1.715476p+1
#define APPROX_2_LN2_TAIL 0x1.4ae0bf85ddf44p-25
#define APPROX_2_PI       0x1.45f306dc9c883p-1
#define APPROX_PI_2_HEAD  0x1.921fb544p+0
#define APPROX_PI_2_MID   0x1.0b4611a6p-34
#define APPROX_PI_2_TAIL  0x1.3198a2e037073p-69
/* Below this many radians the reduction by three parts of pi/2 is good enough. */
#define APPROX_TRIG_SMALL 524288.0f

struct approx_pair {
	double hi, lo; /* the value is their sum */
};

/* a + b where |a| >= |b| or a is 0 */
static inline struct approx_pair approx_sum(double a, double b)
{
	double hi = a + b;

	return (struct approx_pair){hi, b - (hi - a)};
}

static inline struct approx_pair approx_product(double a, double b)
{
	double at = a * APPROX_SPLITTER, bt = b * APPROX_SPLITTER;
	double ah = at - (at - a), bh = bt - (bt - b);
	double al = a - ah, bl = b - bh;
	double hi = a * b;

	return (struct approx_pair){hi, ((ah * bh - hi) + ah * bl + al * bh) + al * bl};
}

/* Rounds hi + lo to odd (hi is the sum rounded to nearest): an even hi moves towards lo. */
static inline double approx_odd(double hi, double lo)
{
	int64_t bits = (int64_t)road_num_bits64(hi);
	int64_t towards = (((int64_t)road_num_bits64(lo) ^ bits) >> 63) | 1;
	int64_t move = lo != 0.0 ? ~bits & 1 : 0;

	return road_num_double((uint64_t)(bits + (towards & -move)));
}

static inline double approx_scale(double value, int64_t exponent)
{
	return road_num_double(road_num_bits64(value) + ((uint64_t)exponent << 52));
}

/* (e^t - 1 - t) / t^2 for |t| < 0.35 */
static inline double approx_exp_tail(double t)
{
	double p = 0x1.93974a8c07c9dp-37;

	p = p * t + 0x1.6124613a86d09p-33;
	p = p * t + 0x1.1eed8eff8d898p-29;
	p = p * t + 0x1.ae64567f544e4p-26;
	p = p * t + 0x1.27e4fb7789f5cp-22;
	p = p * t + 0x1.71de3a556c734p-19;
	p = p * t + 0x1.a01a01a01a01ap-16;
	p = p * t + 0x1.a01a01a01a01ap-13;
	p = p * t + 0x1.6c16c16c16c17p-10;
	p = p * t + 0x1.1111111111111p-7;
	p = p * t + 0x1.5555555555555p-5;
	p = p * t + 0x1.5555555555555p-3;
	return p * t + 0.5;
}

/* 2^x, rounded to odd; x is no NaN */
static inline double approx_ex2_odd(float argument)
{
	double x = argument < -160.0f ? -160.0 : (double)argument;
	double shifted, r, head, tail, t;
	struct approx_pair sum, result;
	int64_t n;

	x = x > 130.0 ? 130.0 : x;
	shifted = x + APPROX_SHIFTER;
	n = (int64_t)(road_num_bits64(shifted) - road_num_bits64(APPROX_SHIFTER));
	r = x - (shifted - APPROX_SHIFTER);
	head = r * APPROX_LN2_HEAD28;
	tail = r * APPROX_LN2_TAIL28;
	t = head + tail;
	sum = approx_sum(1.0, head);
	result = approx_sum(sum.hi, sum.lo + (tail + t * t * approx_exp_tail(t)));
	return approx_scale(approx_odd(result.hi, result.lo), n);
}

static inline float approx_ex2(float argument)
{
	return (float)approx_ex2_odd(argument);
}

/* e^x, rounded to odd; x is no NaN */
static inline double approx_exp_odd(float argument)
{
	double x = argument < -110.0f ? -110.0 : (double)argument;
	double shifted, n, head, tail, t;
	struct approx_pair sum, result;
	int64_t power;

	x = x > 95.0 ? 95.0 : x;
	shifted = x * APPROX_INV_LN2 + APPROX_SHIFTER;
	n = shifted - APPROX_SHIFTER;
	power = (int64_t)(road_num_bits64(shifted) - road_num_bits64(APPROX_SHIFTER));
	head = x - n * APPROX_LN2_HEAD40;
	tail = -(n * APPROX_LN2_TAIL40);
	t = head + tail;
	sum = approx_sum(1.0, head);
	result = approx_sum(sum.hi, sum.lo + (tail + t * t * approx_exp_tail(t)));
	return approx_scale(approx_odd(result.hi, result.lo), power);
}

/* sum of s^(2k) * (2 / ln 2) / (2k + 1) from k = 1 on, over s^2 */
static inline double approx_log_tail(double ss)
{
	double p = 0x1.d8be0817f5ffep-4;

	p = p * ss + 0x1.00ecd7e080215p-3;
	p = p * ss + 0x1.1964ec6fc9491p-3;
	p = p * ss + 0x1.3703c1f4d0ffep-3;
	p = p * ss + 0x1.5b9ac9b743f0dp-3;
	p = p * ss + 0x1.89f3b1694cffep-3;
	p = p * ss + 0x1.c68f568d31760p-3;
	p = p * ss + 0x1.0c9a84994022dp-2;
	p = p * ss + 0x1.484b13d7c02a9p-2;
	p = p * ss + 0x1.a61762a7aded9p-2;
	p = p * ss + 0x1.2776c50ef9bfep-1;
	return p * ss + 0x1.ec709dc3a03fdp-1;
}

/* log2 of a finite positive number */
static inline float approx_lg2(float argument)
{
	uint64_t bits = road_num_bits64((double)argument);
	uint64_t root = UINT64_C(0x3fe6a09e667f3bcd); /* sqrt(1/2) */
	int64_t n = (int64_t)(bits - root) >> 52;
	double m = road_num_double(bits - ((uint64_t)n << 52));
	double e = road_num_double((uint64_t)n + road_num_bits64(APPROX_SHIFTER)) - APPROX_SHIFTER;
	double f = m - 1.0, g = m + 1.0;
	double s = f / g, split = s * APPROX_SPLITTER;
	double sh = split - (split - s), sl = s - sh;
	double rest = ((f - sh * g) - sl * g) / g; /* f / g = s + rest */
	double tail = APPROX_2_LN2_TAIL * s + APPROX_2_LN2_HEAD * rest;
	struct approx_pair sum = approx_sum(e, APPROX_2_LN2_HEAD * sh);
	struct approx_pair result;

	tail = APPROX_2_LN2_HEAD * sl + (tail + s * (s * s) * approx_log_tail(s * s));
	result = approx_sum(sum.hi, sum.lo + tail);
	return (float)approx_odd(result.hi, result.lo);
}

/* sum of s^(2k) * 2 / (2k + 1) from k = 1 on, over s^2 */
static inline double approx_ln_tail(double ss)
{
	double p = 2.0 / 25.0;

	p = p * ss + 2.0 / 23.0;
	p = p * ss + 2.0 / 21.0;
	p = p * ss + 2.0 / 19.0;
	p = p * ss + 2.0 / 17.0;
	p = p * ss + 2.0 / 15.0;
	p = p * ss + 2.0 / 13.0;
	p = p * ss + 2.0 / 11.0;
	p = p * ss + 2.0 / 9.0;
	p = p * ss + 2.0 / 7.0;
	p = p * ss + 2.0 / 5.0;
	return p * ss + 2.0 / 3.0;
}

/* The natural logarithm of a finite positive number, rounded to odd. */
static inline double approx_ln_odd(float argument)
{
	uint64_t bits = road_num_bits64((double)argument);
	uint64_t root = UINT64_C(0x3fe6a09e667f3bcd); /* sqrt(1/2) */
	int64_t n = (int64_t)(bits - root) >> 52;
	double m = road_num_double(bits - ((uint64_t)n << 52));
	double e = road_num_double((uint64_t)n + road_num_bits64(APPROX_SHIFTER)) - APPROX_SHIFTER;
	double f = m - 1.0, g = m + 1.0;
	double s = f / g, split = s * APPROX_SPLITTER;
	double sh = split - (split - s), sl = s - sh;
	double rest = ((f - sh * g) - sl * g) / g; /* f / g = s + rest */
	struct approx_pair sum = approx_sum(e * APPROX_LN2_HEAD40, 2.0 * sh);
	double tail = e * APPROX_LN2_TAIL40 + 2.0 * rest;
	struct approx_pair result;

	tail = 2.0 * sl + (tail + s * (s * s) * approx_ln_tail(s * s));
	result = approx_sum(sum.hi, sum.lo + tail);
	return approx_odd(result.hi, result.lo);
}

/* An angle: quadrant * pi/2 + value, |value| <= pi/4 */
struct approx_angle {
	struct approx_pair value;
	uint64_t quadrant; /* modulo 4 */
};

static inline struct approx_angle approx_reduce(float argument)
{
	double x = (double)argument;
	double shifted = x * APPROX_2_PI + APPROX_SHIFTER;
	double k = shifted - APPROX_SHIFTER;
	double a = x - k * APPROX_PI_2_HEAD; /* exact */
	double b = -(k * APPROX_PI_2_MID);
	double hi = a + b, back = hi - a;
	double lo = (a - (hi - back)) + (b - back);
	struct approx_pair value = approx_sum(hi, lo - k * APPROX_PI_2_TAIL);

	return (struct approx_angle){value, road_num_bits64(shifted)};
}

/* The same for |argument| >= APPROX_TRIG_SMALL, finite. */
static inline struct approx_angle approx_reduce_huge(float argument)
{
	/* 2/pi in words of 32 bits, after one word of zeros */
	static const uint32_t two_over_pi[] = {0x00000000, 0xa2f9836e, 0x4e441529, 0xfc2757d1,
					       0xf534ddc0, 0xdb629599, 0x3c439041, 0xfe5163ab,
					       0xdebbc561, 0xb7246e3a, 0x424dd2e0};
	uint32_t bits = road_num_bits32(argument);
	uint64_t mantissa = (bits & 0x7fffffu) | 0x800000u;
	int exponent = (int)(bits >> 23 & 255u) - 150;  /* of the mantissa's last bit; -4..104 */
	unsigned start = (unsigned)(exponent - 2 + 32); /* first bit that is no multiple of 4 */
	uint32_t window[6], product[6];
	uint64_t carry = 0, quadrant;
	unsigned __int128 fraction, scaled;
	bool negative;
	int zeros, place;
	double hi, lo;

	for (unsigned i = 0; i < 6; i++) {
		uint64_t two = (uint64_t)two_over_pi[start / 32 + i] << 32 |
			       (start / 32 + i + 1 < 11 ? two_over_pi[start / 32 + i + 1] : 0u);

		window[i] = (uint32_t)(two << (start % 32) >> 32);
	}
	for (unsigned i = 6; i-- > 0;) {
		carry += mantissa * window[i];
		product[i] = (uint32_t)carry;
		carry >>= 32;
	}
	/* product = the argument in quarter turns, modulo 4, times 2^190 */
	quadrant = product[0] >> 30;
	fraction = (unsigned __int128)((uint64_t)product[0] << 32 | product[1]) << 64 |
		   ((uint64_t)product[2] << 32 | product[3]);
	fraction = fraction << 2 | product[4] >> 30;
	negative = fraction >> 127 & 1;
	if (negative) {
		fraction = -fraction;
		quadrant++;
	}
	zeros = __builtin_clzll((uint64_t)(fraction >> 64) | 1); /* never more than some 31 */
	scaled = (uint64_t)(fraction << zeros >> 64) * (unsigned __int128)0xc90fdaa22168c235u;
	place = -zeros - 127;
	hi = (double)(uint64_t)(scaled >> 75);
	lo = (double)((uint64_t)(scaled >> 22) & ((UINT64_C(1) << 53) - 1));
	hi = approx_scale(hi, place + 75);
	lo = lo != 0.0 ? approx_scale(lo, place + 22) : 0.0;
	if (negative != (bits >> 31 != 0)) {
		hi = -hi;
		lo = -lo;
	}
	return (struct approx_angle){approx_sum(hi, lo), bits >> 31 ? -quadrant : quadrant};
}

/* (sin r - r) / r^3 and (cos r - 1 + r^2 / 2) / r^4, of r^2 */
static inline double approx_sin_tail(double rr)
{
	double p = 0x1.952c77030ad4ap-49;

	p = p * rr - 0x1.ae7f3e733b81fp-41;
	p = p * rr + 0x1.6124613a86d09p-33;
	p = p * rr - 0x1.ae64567f544e4p-26;
	p = p * rr + 0x1.71de3a556c734p-19;
	p = p * rr - 0x1.a01a01a01a01ap-13;
	p = p * rr + 0x1.1111111111111p-7;
	return p * rr - 0x1.5555555555555p-3;
}

static inline double approx_cos_tail(double rr)
{
	double p = -0x1.6827863b97d97p-53;

	p = p * rr + 0x1.ae7f3e733b81fp-45;
	p = p * rr - 0x1.93974a8c07c9dp-37;
	p = p * rr + 0x1.1eed8eff8d898p-29;
	p = p * rr - 0x1.27e4fb7789f5cp-22;
	p = p * rr + 0x1.a01a01a01a01ap-16;
	p = p * rr - 0x1.6c16c16c16c17p-10;
	return p * rr + 0x1.5555555555555p-5;
}

/* sine of the angle, or cosine with one quadrant more */
static inline float approx_sine(struct approx_angle angle, uint64_t more)
{
	double r = angle.value.hi, tail = angle.value.lo;
	struct approx_pair rr = approx_product(r, r);
	struct approx_pair even = approx_sum(1.0, -0.5 * rr.hi);
	struct approx_pair odd = approx_sum(r, tail * even.hi + r * rr.hi * approx_sin_tail(rr.hi));
	uint64_t quadrant = angle.quadrant + more;
	uint64_t sign = (quadrant & 2u) << 62;
	double hi, lo;

	even.lo -= 0.5 * rr.lo + r * tail;
	even = approx_sum(even.hi, even.lo + rr.hi * rr.hi * approx_cos_tail(rr.hi));
	hi = quadrant & 1u ? even.hi : odd.hi;
	lo = quadrant & 1u ? even.lo : odd.lo;
	return (float)road_num_double(road_num_bits64(approx_odd(hi, lo)) ^ sign);
}

/* tanh x = (e^2x - 1) / (e^2x + 1), rounded to odd; x is neither NaN nor negative */
static inline double approx_tanh_odd(float argument)
{
	double magnitude = (double)argument;
	double y = 2.0 * (magnitude > 12.0 ? 12.0 : magnitude);
	double shifted = y * APPROX_INV_LN2 + APPROX_SHIFTER;
	double n = shifted - APPROX_SHIFTER;
	int64_t power = (int64_t)(road_num_bits64(shifted) - road_num_bits64(APPROX_SHIFTER));
	double scale = approx_scale(1.0, power);
	double head = y - n * APPROX_LN2_HEAD40, tail = -(n * APPROX_LN2_TAIL40);
	double t = head + tail;
	struct approx_pair above, below, back, result;
	double quotient, rest;

	tail += t * t * approx_exp_tail(t);
	above = approx_sum(scale - 1.0, scale * head);
	above = approx_sum(above.hi, above.lo + scale * tail); /* e^y - 1 */
	below = approx_sum(above.hi > 2.0 ? above.hi : 2.0, above.hi > 2.0 ? 2.0 : above.hi);
	quotient = above.hi / below.hi;
	back = approx_product(quotient, below.hi);
	rest = ((above.hi - back.hi) - back.lo) + above.lo - quotient * (below.lo + above.lo);
	result = approx_sum(quotient, rest / below.hi);
	return approx_odd(result.hi, result.lo);
}

/* x is no NaN */
static inline float approx_tanh(float argument)
{
	uint32_t sign = road_num_bits32(argument) & 0x80000000u;
	float magnitude = road_num_float(road_num_bits32(argument) ^ sign);

	return road_num_float(road_num_bits32((float)approx_tanh_odd(magnitude)) | sign);
}

/* 1 / sqrt(x) of a finite positive number, rounded to odd */
static inline double approx_rsqrt_odd(float argument)
{
	double x = (double)argument;
	double y = 1.0 / __builtin_sqrt(x);
	struct approx_pair yy = approx_product(y, y);
	struct approx_pair one = approx_product(x, yy.hi);
	double rest = ((1.0 - one.hi) - one.lo) - x * yy.lo;
	struct approx_pair result = approx_sum(y, 0.5 * y * rest);

	return approx_odd(result.hi, result.lo);
}

static inline float approx_rsqrt(float argument)
{
	return (float)approx_rsqrt_odd(argument);
}

#endif
