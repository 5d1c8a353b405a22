/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/oracle/mpfr/words.h"

#include "tests/oracle/mpfr/numbers.h"

#include <math.h>

typedef __int128 wide;

#define ROUND(word) ((enum ref_round)((word)->mods & ROAD_GPU_MOD_ROUND_MASK))
#define FTZ(word)   ((word)->mods & ROAD_GPU_MOD_FTZ)
#define SAT(word)   ((word)->mods & ROAD_GPU_MOD_SAT)

static wide s32(uint64_t x)
{
	return (int32_t)x;
}

static wide u32(uint64_t x)
{
	return (uint32_t)x;
}

static wide s64(uint64_t x)
{
	return (int64_t)x;
}

static wide clamp(wide value, wide low, wide high)
{
	return value < low ? low : value > high ? high : value;
}

static wide saturate32(const struct road_gpu_word *word, wide value)
{
	return SAT(word) ? clamp(value, INT32_MIN, INT32_MAX) : value;
}

static wide divide(wide a, wide b, bool remainder)
{
	if (!b)
		return -1;
	return remainder ? a % b : a / b;
}

static uint64_t shift(uint64_t value, uint64_t amount, unsigned width, int kind)
{
	wide a = kind == 's' ? (width == 32 ? s32(value) : s64(value)) : (wide)value;

	if (amount > width)
		amount = width;
	return (uint64_t)(kind == 'l' ? (wide)((unsigned __int128)a << amount) : a >> amount);
}

static uint64_t bit_field(uint64_t a, uint64_t position, uint64_t length, bool is_signed)
{
	uint32_t result = 0, top;

	position &= 255;
	length &= 255;
	top = (uint32_t)(position + length - 1 < 31 ? position + length - 1 : 31);
	for (unsigned i = 0; i < 32; i++) {
		bool inside = i < length && position + i <= 31;
		bool bit = inside ? a >> (position + i) & 1 : is_signed && length && (a >> top & 1);

		result |= (uint32_t)bit << i;
	}
	return result;
}

static uint64_t count_bits(uint64_t a, unsigned width)
{
	uint64_t count = 0;

	for (unsigned i = 0; i < width; i++)
		count += a >> i & 1;
	return count;
}

/* Index of the highest one, or -1. */
static int highest(uint64_t a, unsigned width)
{
	for (int i = (int)width - 1; i >= 0; i--) {
		if (a >> i & 1)
			return i;
	}
	return -1;
}

static uint64_t reverse(uint64_t a, unsigned width)
{
	uint64_t result = 0;

	for (unsigned i = 0; i < width; i++)
		result |= (a >> i & 1) << (width - 1 - i);
	return result;
}

/* PTX ISA, prmt: bytes of the result, last first, per mode and selector */
static uint64_t permute(unsigned mode, uint64_t a, uint64_t b, uint64_t c)
{
	static const char *const tables[][4] = {
		[ROAD_GPU_PRMT_F4E] = {"3210", "4321", "5432", "6543"},
		[ROAD_GPU_PRMT_B4E] = {"5670", "6701", "7012", "0123"},
		[ROAD_GPU_PRMT_RC8] = {"0000", "1111", "2222", "3333"},
		[ROAD_GPU_PRMT_ECL] = {"3210", "3211", "3222", "3333"},
		[ROAD_GPU_PRMT_ECR] = {"0000", "1110", "2210", "3210"},
		[ROAD_GPU_PRMT_RC16] = {"1010", "3232", "1010", "3232"},
	};
	uint64_t bytes = b << 32 | (uint32_t)a, result = 0;

	for (unsigned i = 0; i < 4; i++) {
		unsigned pick = mode == ROAD_GPU_PRMT_INDEX
					? (unsigned)(c >> (4 * i) & 15)
					: (unsigned)(tables[mode][c & 3][3 - i] - '0');
		uint64_t byte = bytes >> (8 * (pick & 7)) & 255;

		if (pick & 8)
			byte = byte >> 7 ? 255 : 0;
		result |= byte << (8 * i);
	}
	return result;
}

static bool int_op(const struct road_gpu_word *word, uint64_t a, uint64_t b, uint64_t c, wide *r)
{
	switch (word->op) {
	case ROAD_GPU_OP_mov_b32:
	case ROAD_GPU_OP_mov_b64: *r = (wide)b; break;
	case ROAD_GPU_OP_pack_b64: *r = (wide)(b << 32 | a); break;
	case ROAD_GPU_OP_unlo_b64: *r = (wide)(uint32_t)a; break;
	case ROAD_GPU_OP_unhi_b64: *r = (wide)(a >> 32); break;
	case ROAD_GPU_OP_selp_b32:
	case ROAD_GPU_OP_selp_b64: *r = (wide)(c ? a : b); break;
	case ROAD_GPU_OP_plop: *r = word->aux >> (a << 2 | b << 1 | c) & 1; break;
	case ROAD_GPU_OP_add_u32: *r = u32(a) + u32(b); break;
	case ROAD_GPU_OP_add_s32: *r = saturate32(word, s32(a) + s32(b)); break;
	case ROAD_GPU_OP_sub_u32: *r = u32(a) - u32(b); break;
	case ROAD_GPU_OP_sub_s32: *r = saturate32(word, s32(a) - s32(b)); break;
	case ROAD_GPU_OP_mul_lo_u32: *r = u32(a) * u32(b); break;
	case ROAD_GPU_OP_mul_hi_u32: *r = u32(a) * u32(b) >> 32; break;
	case ROAD_GPU_OP_mul_hi_s32: *r = s32(a) * s32(b) >> 32; break;
	case ROAD_GPU_OP_mul_wide_u32: *r = u32(a) * u32(b); break;
	case ROAD_GPU_OP_mul_wide_s32: *r = s32(a) * s32(b); break;
	case ROAD_GPU_OP_mad_lo_u32: *r = u32(a) * u32(b) + u32(c); break;
	case ROAD_GPU_OP_mad_hi_u32: *r = (u32(a) * u32(b) >> 32) + u32(c); break;
	case ROAD_GPU_OP_mad_hi_s32: *r = saturate32(word, (s32(a) * s32(b) >> 32) + s32(c)); break;
	case ROAD_GPU_OP_mad_wide_u32: *r = u32(a) * u32(b) + s64(c); break;
	case ROAD_GPU_OP_mad_wide_s32: *r = s32(a) * s32(b) + s64(c); break;
	case ROAD_GPU_OP_div_u32: *r = divide(u32(a), u32(b), false); break;
	case ROAD_GPU_OP_div_s32: *r = divide(s32(a), s32(b), false); break;
	case ROAD_GPU_OP_rem_u32: *r = divide(u32(a), u32(b), true); break;
	case ROAD_GPU_OP_rem_s32: *r = divide(s32(a), s32(b), true); break;
	case ROAD_GPU_OP_abs_s32: *r = s32(a) < 0 ? -s32(a) : s32(a); break;
	case ROAD_GPU_OP_neg_s32: *r = -s32(a); break;
	case ROAD_GPU_OP_min_u32: *r = u32(a) < u32(b) ? u32(a) : u32(b); break;
	case ROAD_GPU_OP_min_s32: *r = s32(a) < s32(b) ? s32(a) : s32(b); break;
	case ROAD_GPU_OP_max_u32: *r = u32(a) > u32(b) ? u32(a) : u32(b); break;
	case ROAD_GPU_OP_max_s32: *r = s32(a) > s32(b) ? s32(a) : s32(b); break;
	case ROAD_GPU_OP_sad_u32:
		*r = u32(c) + (u32(a) < u32(b) ? u32(b) - u32(a) : u32(a) - u32(b));
		break;
	case ROAD_GPU_OP_sad_s32:
		*r = u32(c) + (s32(a) < s32(b) ? s32(b) - s32(a) : s32(a) - s32(b));
		break;
	case ROAD_GPU_OP_and_b32:
	case ROAD_GPU_OP_and_b64: *r = (wide)(a & b); break;
	case ROAD_GPU_OP_or_b32:
	case ROAD_GPU_OP_or_b64: *r = (wide)(a | b); break;
	case ROAD_GPU_OP_xor_b32:
	case ROAD_GPU_OP_xor_b64: *r = (wide)(a ^ b); break;
	case ROAD_GPU_OP_not_b32:
	case ROAD_GPU_OP_not_b64: *r = (wide)~a; break;
	case ROAD_GPU_OP_lop3_b32:
		*r = 0;
		for (unsigned i = 0; i < 32; i++)
			*r |= (wide)(word->aux >> ((a >> i & 1) << 2 | (b >> i & 1) << 1 |
						   (c >> i & 1)) &
				     1)
			      << i;
		break;
	case ROAD_GPU_OP_shl_b32: *r = (wide)shift(a, b, 32, 'l'); break;
	case ROAD_GPU_OP_shr_u32: *r = (wide)shift(a, b, 32, 'u'); break;
	case ROAD_GPU_OP_shr_s32: *r = (wide)shift(a, b, 32, 's'); break;
	case ROAD_GPU_OP_popc_b32: *r = (wide)count_bits(a, 32); break;
	case ROAD_GPU_OP_popc_b64: *r = (wide)count_bits(a, 64); break;
	case ROAD_GPU_OP_clz_b32: *r = 31 - highest(a, 32); break;
	case ROAD_GPU_OP_clz_b64: *r = 63 - highest(a, 64); break;
	case ROAD_GPU_OP_brev_b32: *r = (wide)reverse(a, 32); break;
	case ROAD_GPU_OP_brev_b64: *r = (wide)reverse(a, 64); break;
	case ROAD_GPU_OP_bfind_u32: *r = highest(a, 32); break;
	case ROAD_GPU_OP_bfind_s32: *r = highest(s32(a) < 0 ? ~a : a, 32); break;
	case ROAD_GPU_OP_bfe_u32: *r = (wide)bit_field(a, b, c, false); break;
	case ROAD_GPU_OP_bfe_s32: *r = (wide)bit_field(a, b, c, true); break;
	case ROAD_GPU_OP_bfm_b32:
		*r = 0;
		for (uint64_t i = 0; i < 32; i++)
			*r |= (wide)(i >= a && i - a < b) << i;
		break;
	case ROAD_GPU_OP_prmt_b32: *r = (wide)permute(word->aux, a, b, c); break;
	case ROAD_GPU_OP_shf_l_b32:
		c = word->aux ? c % 32 : (uint64_t)clamp(u32(c), 0, 32);
		*r = ((wide)(b << 32 | a) << c) >> 32;
		break;
	case ROAD_GPU_OP_shf_r_b32:
		c = word->aux ? c % 32 : (uint64_t)clamp(u32(c), 0, 32);
		*r = (wide)((b << 32 | a) >> c);
		break;
	default: return false;
	}
	return true;
}

static bool wide_op(const struct road_gpu_word *word, uint64_t a, uint64_t b, uint64_t c, wide *r)
{
	wide x = (wide)a, y = (wide)b, z = (wide)c;

	switch (word->op) {
	case ROAD_GPU_OP_add_u64: *r = x + y; break;
	case ROAD_GPU_OP_sub_u64: *r = x - y; break;
	case ROAD_GPU_OP_mul_lo_u64: *r = (wide)(a * b); break;
	case ROAD_GPU_OP_mul_hi_u64:
		*r = (wide)((unsigned __int128)x * (unsigned __int128)y >> 64);
		break;
	case ROAD_GPU_OP_mul_hi_s64: *r = s64(a) * s64(b) >> 64; break;
	case ROAD_GPU_OP_mad_lo_u64: *r = (wide)(a * b) + z; break;
	case ROAD_GPU_OP_div_u64: *r = divide(x, y, false); break;
	case ROAD_GPU_OP_div_s64: *r = divide(s64(a), s64(b), false); break;
	case ROAD_GPU_OP_rem_u64: *r = divide(x, y, true); break;
	case ROAD_GPU_OP_rem_s64: *r = divide(s64(a), s64(b), true); break;
	case ROAD_GPU_OP_abs_s64: *r = s64(a) < 0 ? -s64(a) : s64(a); break;
	case ROAD_GPU_OP_neg_s64: *r = -s64(a); break;
	case ROAD_GPU_OP_min_u64: *r = x < y ? x : y; break;
	case ROAD_GPU_OP_min_s64: *r = s64(a) < s64(b) ? x : y; break;
	case ROAD_GPU_OP_max_u64: *r = x > y ? x : y; break;
	case ROAD_GPU_OP_max_s64: *r = s64(a) > s64(b) ? x : y; break;
	case ROAD_GPU_OP_shl_b64: *r = (wide)shift(a, b, 64, 'l'); break;
	case ROAD_GPU_OP_shr_u64: *r = (wide)shift(a, b, 64, 'u'); break;
	case ROAD_GPU_OP_shr_s64: *r = (wide)shift(a, b, 64, 's'); break;
	default: return false;
	}
	return true;
}

static const struct {
	uint16_t op;
	enum ref_op ref;
	enum ref_format format;
} arithmetic[] = {
	{ROAD_GPU_OP_add_f32, REF_ADD, REF_F32},
	{ROAD_GPU_OP_sub_f32, REF_SUB, REF_F32},
	{ROAD_GPU_OP_mul_f32, REF_MUL, REF_F32},
	{ROAD_GPU_OP_fma_f32, REF_FMA, REF_F32},
	{ROAD_GPU_OP_div_f32, REF_DIV, REF_F32},
	{ROAD_GPU_OP_div_approx_f32, REF_DIV, REF_F32},
	{ROAD_GPU_OP_sqrt_f32, REF_SQRT, REF_F32},
	{ROAD_GPU_OP_sqrt_approx_f32, REF_SQRT, REF_F32},
	{ROAD_GPU_OP_rsqrt_approx_f32, REF_RSQRT, REF_F32},
	{ROAD_GPU_OP_ex2_approx_f32, REF_EX2, REF_F32},
	{ROAD_GPU_OP_lg2_approx_f32, REF_LG2, REF_F32},
	{ROAD_GPU_OP_sin_approx_f32, REF_SIN, REF_F32},
	{ROAD_GPU_OP_cos_approx_f32, REF_COS, REF_F32},
	{ROAD_GPU_OP_tanh_approx_f32, REF_TANH, REF_F32},
	{ROAD_GPU_OP_add_f64, REF_ADD, REF_F64},
	{ROAD_GPU_OP_sub_f64, REF_SUB, REF_F64},
	{ROAD_GPU_OP_mul_f64, REF_MUL, REF_F64},
	{ROAD_GPU_OP_fma_f64, REF_FMA, REF_F64},
	{ROAD_GPU_OP_div_f64, REF_DIV, REF_F64},
	{ROAD_GPU_OP_sqrt_f64, REF_SQRT, REF_F64},
};

static bool arithmetic_op(const struct road_gpu_word *word, uint64_t a, uint64_t b, uint64_t c,
			  uint64_t *result)
{
	struct ref_mode mode = {REF_F32, ROUND(word), FTZ(word), SAT(word)};

	if (word->op == ROAD_GPU_OP_rcp_f32 || word->op == ROAD_GPU_OP_rcp_approx_f32) {
		*result = ref_arithmetic(REF_DIV, &mode, 0x3f800000, a, 0);
		return true;
	}
	if (word->op == ROAD_GPU_OP_rcp_f64) {
		mode.format = REF_F64;
		*result = ref_arithmetic(REF_DIV, &mode, UINT64_C(0x3ff) << 52, a, 0);
		return true;
	}
	for (unsigned i = 0; i < sizeof(arithmetic) / sizeof(arithmetic[0]); i++) {
		if (arithmetic[i].op != word->op)
			continue;
		mode.format = arithmetic[i].format;
		*result = ref_arithmetic(arithmetic[i].ref, &mode, a, b, c);
		return true;
	}
	return false;
}

static const struct {
	uint16_t op;
	enum ref_op ref;
} halves[] = {
	{ROAD_GPU_OP_add_half, REF_ADD},        {ROAD_GPU_OP_sub_half, REF_SUB},
	{ROAD_GPU_OP_mul_half, REF_MUL},        {ROAD_GPU_OP_fma_half, REF_FMA},
	{ROAD_GPU_OP_ex2_approx_half, REF_EX2}, {ROAD_GPU_OP_tanh_approx_half, REF_TANH},
};

static enum ref_format half_format(const struct road_gpu_word *word)
{
	return word->aux >> ROAD_GPU_HALF_SHIFT & ROAD_GPU_HALF_BF ? REF_BF16 : REF_F16;
}

static uint64_t flush16(const struct road_gpu_word *word, uint64_t bits)
{
	uint64_t normal = half_format(word) == REF_F16 ? 0x400 : 0x80;

	return FTZ(word) && (bits & 0x7fff) < normal ? bits & 0x8000 : bits;
}

static uint64_t min_max(enum ref_format format, uint64_t a, uint64_t b, bool max)
{
	double x = ref_value(format, a), y = ref_value(format, b);

	if (x == y) /* zeros: the sign decides */
		return (signbit(x) != 0) != max ? a : b;
	return (x < y) != max ? a : b;
}

static uint64_t min_max_half(const struct road_gpu_word *word, uint64_t a, uint64_t b, bool max)
{
	enum ref_format format = half_format(word);
	uint64_t x = flush16(word, a), y = flush16(word, b), sign = (x ^ y) & 0x8000, r;

	if (word->mods & ROAD_GPU_MOD_ABS)
		x &= 0x7fff, y &= 0x7fff;
	if (ref_is_nan(format, x) || ref_is_nan(format, y)) {
		if (word->mods & ROAD_GPU_MOD_NAN ||
		    (ref_is_nan(format, x) && ref_is_nan(format, y)))
			return 0x7fff;
		r = ref_is_nan(format, x) ? y : x;
	} else {
		r = min_max(format, x, y, max);
	}
	return word->mods & ROAD_GPU_MOD_XORSIGN ? (r & 0x7fff) | sign : r;
}

static bool half_one(const struct road_gpu_word *word, uint64_t a, uint64_t b, uint64_t c,
		     uint64_t *r)
{
	struct ref_mode mode = {.format = half_format(word),
				.ftz = FTZ(word),
				.sat = SAT(word),
				.relu = word->mods & ROAD_GPU_MOD_RELU};
	bool nan = ref_is_nan(mode.format, a);

	for (unsigned i = 0; i < sizeof(halves) / sizeof(halves[0]); i++) {
		if (halves[i].op == word->op) {
			*r = ref_arithmetic(halves[i].ref, &mode, a, b, c);
			return true;
		}
	}
	switch (word->op) {
	case ROAD_GPU_OP_min_half: *r = min_max_half(word, a, b, false); return true;
	case ROAD_GPU_OP_max_half: *r = min_max_half(word, a, b, true); return true;
	case ROAD_GPU_OP_abs_half: *r = nan ? 0x7fff : flush16(word, a) & 0x7fff; return true;
	case ROAD_GPU_OP_neg_half: *r = nan ? 0x7fff : flush16(word, a) ^ 0x8000; return true;
	default: return false;
	}
}

static bool half_op(const struct road_gpu_word *word, uint64_t a, uint64_t b, uint64_t c,
		    uint64_t *r)
{
	uint64_t low, high = 0;

	if (!half_one(word, a & 0xffff, b & 0xffff, c & 0xffff, &low))
		return false;
	if (word->aux >> ROAD_GPU_HALF_SHIFT & ROAD_GPU_HALF_X2)
		half_one(word, a >> 16, b >> 16, c >> 16, &high);
	*r = low | high << 16;
	return true;
}

static uint64_t dot(const struct road_gpu_word *word, uint64_t a, uint64_t b, uint64_t c)
{
	unsigned parts = word->op == ROAD_GPU_OP_dp4a ? 4 : 2, bits = 32 / parts;
	wide sum = (wide)c;

	for (unsigned i = 0; i < parts; i++) {
		unsigned at = 8 * i + (word->aux & ROAD_GPU_DOT_HIGH ? 16 : 0);
		wide x = (wide)(a >> (bits * i) & ((1u << bits) - 1)), y = 0;

		if (at < 32)
			y = (wide)(b >> at & 255);
		if (word->aux & ROAD_GPU_DOT_A_SIGNED && x >= (wide)1 << (bits - 1))
			x -= (wide)1 << bits;
		if (word->aux & ROAD_GPU_DOT_B_SIGNED && y >= 128)
			y -= 256;
		sum += x * y;
	}
	return (uint32_t)sum;
}

/* PTX ISA, "fns", as its own loop has it. */
static uint64_t find_nth(uint64_t mask, uint64_t base, int32_t offset)
{
	wide place = (wide)base, left = offset < 0 ? -(wide)offset : offset;

	if (base > 31)
		return UINT32_MAX;
	if (offset == 0)
		return mask >> base & 1 ? base : UINT32_MAX;
	left--;
	for (; place >= 0 && place<32; place += offset> 0 ? 1 : -1) {
		if (!(mask >> (unsigned)place & 1))
			continue;
		if (left == 0)
			return (uint64_t)place;
		left--;
	}
	return UINT32_MAX;
}

static bool carry_op(const struct road_gpu_word *word, uint64_t a, uint64_t b, uint64_t c,
		     uint64_t *result, uint64_t *out)
{
	bool is_wide = word->op == ROAD_GPU_OP_addc_u64 || word->op == ROAD_GPU_OP_subc_u64;
	wide range = (wide)1 << (is_wide ? 64 : 32), sum;

	switch (word->op) {
	case ROAD_GPU_OP_addc_u32:
	case ROAD_GPU_OP_addc_u64: sum = (wide)a + (wide)b + (wide)c; break;
	case ROAD_GPU_OP_subc_u32:
	case ROAD_GPU_OP_subc_u64: sum = (wide)a - (wide)b - (wide)c; break;
	default: return false;
	}
	*out = sum < 0 || sum >= range;
	*result = (uint64_t)sum & (uint64_t)(range - 1);
	return true;
}

/* The upper word of the reciprocal (of the root) of a's upper word. */
static bool top_op(const struct road_gpu_word *word, uint64_t a, uint64_t *result)
{
	struct ref_mode mode = {.format = REF_F64TOP, .ftz = true};
	bool root = word->op == ROAD_GPU_OP_rsqrt_approx_f64;

	if (!root && word->op != ROAD_GPU_OP_rcp_approx_f64)
		return false;
	if (root && !FTZ(word)) {
		mode = (struct ref_mode){.format = REF_F64};
		*result = ref_arithmetic(REF_RSQRT, &mode, a, 0, 0);
	} else if (ref_is_nan(REF_F64, a)) {
		*result = (a | UINT64_C(1) << 51) & ~UINT64_C(0xffffffff);
	} else if (root) {
		*result = ref_arithmetic(REF_RSQRT, &mode, a >> 32, 0, 0) << 32;
	} else {
		*result = ref_arithmetic(REF_DIV, &mode, 0x3ff00000, a >> 32, 0) << 32;
	}
	return true;
}

static uint64_t flush32(const struct road_gpu_word *word, uint64_t bits)
{
	return FTZ(word) && !(bits & 0x7f800000) ? bits & 0x80000000 : bits;
}

static uint64_t min_max_f32(const struct road_gpu_word *word, uint64_t a, uint64_t b, bool max)
{
	uint64_t x = flush32(word, a), y = flush32(word, b), sign = (x ^ y) & 0x80000000, r;

	if (word->mods & ROAD_GPU_MOD_ABS) {
		x &= 0x7fffffff;
		y &= 0x7fffffff;
	}
	if (ref_is_nan(REF_F32, x) || ref_is_nan(REF_F32, y)) {
		bool both = ref_is_nan(REF_F32, x) && ref_is_nan(REF_F32, y);

		if (both || word->mods & ROAD_GPU_MOD_NAN)
			return 0x7fffffff;
		r = ref_is_nan(REF_F32, x) ? y : x;
	} else {
		r = min_max(REF_F32, x, y, max);
	}
	return word->mods & ROAD_GPU_MOD_XORSIGN ? (r & 0x7fffffff) | sign : r;
}

static uint64_t min_max_f64(uint64_t a, uint64_t b, bool max)
{
	if (ref_is_nan(REF_F64, a))
		return ref_is_nan(REF_F64, b) ? a | UINT64_C(1) << 51 : b;
	return ref_is_nan(REF_F64, b) ? a : min_max(REF_F64, a, b, max);
}

static uint64_t canon32(uint64_t bits)
{
	return ref_is_nan(REF_F32, bits) ? 0x7fffffff : bits;
}

static uint64_t quiet64(uint64_t bits)
{
	return ref_is_nan(REF_F64, bits) ? bits | UINT64_C(1) << 51 : bits;
}

static bool test(unsigned which, bool nan, double value, double normal)
{
	switch (which) {
	case ROAD_GPU_TESTP_FINITE: return !nan && isfinite(value);
	case ROAD_GPU_TESTP_INFINITE: return !nan && isinf(value);
	case ROAD_GPU_TESTP_NUMBER: return !nan;
	case ROAD_GPU_TESTP_NOTANUMBER: return nan;
	case ROAD_GPU_TESTP_NORMAL: return !nan && isfinite(value) && fabs(value) >= normal;
	default: return !nan && value != 0 && fabs(value) < normal;
	}
}

static bool bit_op(const struct road_gpu_word *word, uint64_t a, uint64_t b, uint64_t *r)
{
	uint64_t sign64 = UINT64_C(1) << 63;
	enum ref_format format = word->op == ROAD_GPU_OP_testp_f32 ? REF_F32 : REF_F64;
	bool nan;

	switch (word->op) {
	case ROAD_GPU_OP_min_f32: *r = min_max_f32(word, a, b, false); break;
	case ROAD_GPU_OP_max_f32: *r = min_max_f32(word, a, b, true); break;
	case ROAD_GPU_OP_min_f64: *r = min_max_f64(a, b, false); break;
	case ROAD_GPU_OP_max_f64: *r = min_max_f64(a, b, true); break;
	case ROAD_GPU_OP_abs_f32: *r = canon32(flush32(word, a) & 0x7fffffff); break;
	case ROAD_GPU_OP_neg_f32: *r = canon32(flush32(word, a) ^ 0x80000000); break;
	case ROAD_GPU_OP_abs_f64: *r = quiet64(a & ~sign64); break;
	case ROAD_GPU_OP_neg_f64: *r = quiet64(a ^ sign64); break;
	case ROAD_GPU_OP_copysign_f32: *r = (a & 0x80000000) | (b & 0x7fffffff); break;
	case ROAD_GPU_OP_copysign_f64: *r = (a & sign64) | (b & ~sign64); break;
	case ROAD_GPU_OP_testp_f32:
	case ROAD_GPU_OP_testp_f64:
		nan = ref_is_nan(format, a);
		*r = test(word->aux, nan, nan ? 0 : ref_value(format, a),
			  format == REF_F32 ? 0x1p-126 : 0x1p-1022);
		break;
	case ROAD_GPU_OP_isspacep:
		switch (word->mods) {
		case ROAD_GPU_SPACE_SHARED: *r = a >> 32 == 1u << 13; break;
		case ROAD_GPU_SPACE_LOCAL: *r = a >> 32 == 1u << 14; break;
		case ROAD_GPU_SPACE_GLOBAL: *r = a >> 32 != 1u << 13 && a >> 32 != 1u << 14; break;
		default: *r = word->mods == ROAD_GPU_SPACE_GENERIC; break;
		}
		break;
	default: return false;
	}
	return true;
}

/* Sign of a - b; 2: not ordered */
static int order(const struct road_gpu_word *word, uint64_t a, uint64_t b)
{
	wide x, y;

	switch (word->op) {
	case ROAD_GPU_OP_setp_u32:
	case ROAD_GPU_OP_setp_u64: x = (wide)a, y = (wide)b; break;
	case ROAD_GPU_OP_setp_s32: x = s32(a), y = s32(b); break;
	case ROAD_GPU_OP_setp_s64: x = s64(a), y = s64(b); break;
	case ROAD_GPU_OP_setp_half: {
		enum ref_format format = half_format(word);
		double p, q;

		if (ref_is_nan(format, a) || ref_is_nan(format, b))
			return 2;
		p = ref_value(format, flush16(word, a));
		q = ref_value(format, flush16(word, b));
		return p < q ? -1 : p > q;
	}
	default: {
		enum ref_format format = word->op == ROAD_GPU_OP_setp_f32 ? REF_F32 : REF_F64;
		double p, q;

		if (ref_is_nan(format, a) || ref_is_nan(format, b))
			return 2;
		p = ref_value(format, format == REF_F32 ? flush32(word, a) : a);
		q = ref_value(format, format == REF_F32 ? flush32(word, b) : b);
		return p < q ? -1 : p > q;
	}
	}
	return x < y ? -1 : x > y;
}

static bool holds(unsigned cmp, int order)
{
	switch (cmp) {
	case ROAD_GPU_CMP_EQ: return order == 0;
	case ROAD_GPU_CMP_NE: return order == -1 || order == 1;
	case ROAD_GPU_CMP_LT: return order == -1;
	case ROAD_GPU_CMP_LE: return order == -1 || order == 0;
	case ROAD_GPU_CMP_GT: return order == 1;
	case ROAD_GPU_CMP_GE: return order == 1 || order == 0;
	case ROAD_GPU_CMP_EQU: return order == 0 || order == 2;
	case ROAD_GPU_CMP_NEU: return order != 0;
	case ROAD_GPU_CMP_LTU: return order == -1 || order == 2;
	case ROAD_GPU_CMP_LEU: return order != 1;
	case ROAD_GPU_CMP_GTU: return order >= 1;
	case ROAD_GPU_CMP_GEU: return order != -1;
	case ROAD_GPU_CMP_NUM: return order != 2;
	default: return order == 2;
	}
}

static bool compare(const struct road_gpu_word *word, uint64_t a, uint64_t b, uint64_t c,
		    uint64_t *result, uint64_t *second)
{
	unsigned cmp = (word->mods & ROAD_GPU_MOD_CMP_MASK) >> ROAD_GPU_MOD_CMP_SHIFT;
	bool value, other, half = word->op == ROAD_GPU_OP_setp_half;

	if (!half && word->op != ROAD_GPU_OP_setp_u32 && word->op != ROAD_GPU_OP_setp_s32 &&
	    word->op != ROAD_GPU_OP_setp_u64 && word->op != ROAD_GPU_OP_setp_s64 &&
	    word->op != ROAD_GPU_OP_setp_f32 && word->op != ROAD_GPU_OP_setp_f64)
		return false;
	value = holds(cmp, order(word, half ? a & 0xffff : a, half ? b & 0xffff : b));
	other = !value;
	if (half && word->aux >> ROAD_GPU_HALF_SHIFT & ROAD_GPU_HALF_X2)
		other = holds(cmp, order(word, a >> 16, b >> 16));
	switch ((word->mods & ROAD_GPU_MOD_BOOL_MASK) >> ROAD_GPU_MOD_BOOL_SHIFT) {
	case ROAD_GPU_BOOL_AND: value = value && c, other = other && c; break;
	case ROAD_GPU_BOOL_OR: value = value || c, other = other || c; break;
	case ROAD_GPU_BOOL_XOR: value = value != (bool)c, other = other != (bool)c; break;
	default: break;
	}
	*result = value;
	*second = other;
	return true;
}

static const struct {
	uint8_t bits;
	char kind; /* u, s, f */
	enum ref_format format;
} lanes[] = {
	[ROAD_GPU_U8] = {8, 'u', 0},           [ROAD_GPU_S8] = {8, 's', 0},
	[ROAD_GPU_U16] = {16, 'u', 0},         [ROAD_GPU_S16] = {16, 's', 0},
	[ROAD_GPU_U32] = {32, 'u', 0},         [ROAD_GPU_S32] = {32, 's', 0},
	[ROAD_GPU_U64] = {64, 'u', 0},         [ROAD_GPU_S64] = {64, 's', 0},
	[ROAD_GPU_F16] = {16, 'f', REF_F16},   [ROAD_GPU_BF16] = {16, 'f', REF_BF16},
	[ROAD_GPU_F32] = {32, 'f', REF_F32},   [ROAD_GPU_F64] = {64, 'f', REF_F64},
	[ROAD_GPU_TF32] = {32, 'f', REF_TF32}, [ROAD_GPU_E4M3] = {8, 'f', REF_E4M3},
	[ROAD_GPU_E5M2] = {8, 'f', REF_E5M2},
};

static uint64_t convert(const struct road_gpu_word *word, uint64_t a)
{
	unsigned to = ROAD_GPU_CVT_TO(word->aux), from = ROAD_GPU_CVT_FROM(word->aux);
	wide range = (wide)1 << lanes[from].bits, value;
	bool from_ftz = FTZ(word) && from == ROAD_GPU_F32, to_ftz = FTZ(word) && to == ROAD_GPU_F32;
	struct ref_mode mode = {lanes[to].format,
				ROUND(word),
				to_ftz,
				SAT(word),
				word->mods & ROAD_GPU_MOD_RELU,
				word->mods & ROAD_GPU_MOD_SATFINITE};

	if (lanes[from].bits < 64)
		a &= (UINT64_C(1) << lanes[from].bits) - 1;
	if (to == ROAD_GPU_TF32) { /* in the place of an f32, whose NaN it takes */
		value = (wide)ref_convert(&mode, lanes[from].format, from_ftz, false, a);
		return value == 0x3ffff ? 0x7fffffff : (uint64_t)value << 13;
	}
	if (lanes[from].kind == 'f' && lanes[to].kind == 'f')
		return ref_convert(&mode, lanes[from].format, from_ftz,
				   word->aux & ROAD_GPU_CVT_INTEGRAL, a);
	if (lanes[from].kind == 'f')
		return ref_to_int(lanes[from].format, ROUND(word), from_ftz, a, lanes[to].bits,
				  lanes[to].kind == 's');
	value = (wide)a;
	if (lanes[from].kind == 's' && value >= range / 2)
		value -= range;
	if (lanes[to].kind == 'f')
		return ref_from_int(&mode, value);
	range = (wide)1 << lanes[to].bits;
	if (SAT(word))
		value = lanes[to].kind == 's' ? clamp(value, -range / 2, range / 2 - 1)
					      : clamp(value, 0, range - 1);
	return (uint64_t)(value & (range - 1));
}

bool ref_op(const struct road_gpu_word *word, uint64_t a, uint64_t b, uint64_t c, uint64_t *result,
	    uint64_t *second)
{
	wide integer;

	if (int_op(word, a, b, c, &integer) || wide_op(word, a, b, c, &integer)) {
		*result = (uint64_t)integer;
		return true;
	}
	if (word->op >= ROAD_GPU_OP_cvt_32_32 && word->op <= ROAD_GPU_OP_cvt_64_64) {
		*result = convert(word, a);
		return true;
	}
	if (word->op == ROAD_GPU_OP_cvt_pack) {
		*result = convert(word, a) | convert(word, b)
						     << lanes[ROAD_GPU_CVT_TO(word->aux)].bits;
		return true;
	}
	if (word->op == ROAD_GPU_OP_dp4a || word->op == ROAD_GPU_OP_dp2a) {
		*result = dot(word, a, b, c);
		return true;
	}
	if (word->op == ROAD_GPU_OP_fns_b32) {
		*result = find_nth(a, b, (int32_t)c);
		return true;
	}
	if (half_op(word, a, b, c, result) || carry_op(word, a, b, c, result, second) ||
	    top_op(word, a, result))
		return true;
	return arithmetic_op(word, a, b, c, result) || bit_op(word, a, b, result) ||
	       compare(word, a, b, c, result, second);
}
