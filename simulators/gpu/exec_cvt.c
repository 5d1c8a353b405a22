/* SPDX-License-Identifier: Apache-2.0 */
/* Conversions: any lane type to any other. Rows for the frequent ones, lanes for the rest. */
#include "simulators/gpu/exec_rows.h"

#include "simulators/numbers/half.h"
#include "simulators/numbers/soft.h"

static const struct {
	uint8_t bits;
	bool is_signed, is_float;
	uint8_t format; /* enum road_num_format */
} types[16] = {
	[ROAD_GPU_U8] = {8, false, false, 0},
	[ROAD_GPU_S8] = {8, true, false, 0},
	[ROAD_GPU_U16] = {16, false, false, 0},
	[ROAD_GPU_S16] = {16, true, false, 0},
	[ROAD_GPU_U32] = {32, false, false, 0},
	[ROAD_GPU_S32] = {32, true, false, 0},
	[ROAD_GPU_U64] = {64, false, false, 0},
	[ROAD_GPU_S64] = {64, true, false, 0},
	[ROAD_GPU_F16] = {16, true, true, ROAD_NUM_F16},
	[ROAD_GPU_BF16] = {16, true, true, ROAD_NUM_BF16},
	[ROAD_GPU_F32] = {32, true, true, ROAD_NUM_F32},
	[ROAD_GPU_F64] = {64, true, true, ROAD_NUM_F64},
	[ROAD_GPU_TF32] = {32, true, true, ROAD_NUM_TF32},
	[ROAD_GPU_E4M3] = {8, true, true, ROAD_NUM_E4M3},
	[ROAD_GPU_E5M2] = {8, true, true, ROAD_NUM_E5M2},
};

static uint64_t low_bits(uint64_t value, unsigned bits)
{
	return bits == 64 ? value : value & ((UINT64_C(1) << bits) - 1);
}

/* An integer lane as 64 bits, extended by its own sign. */
static uint64_t extend(unsigned type, uint64_t value)
{
	unsigned unused = 64u - types[type].bits;

	if (!types[type].is_signed)
		return value << unused >> unused;
	return (uint64_t)((int64_t)(value << unused) >> unused);
}

static uint64_t clamp_signed(unsigned to, int64_t value)
{
	int64_t high = (int64_t)(UINT64_MAX >> (types[to].is_signed ? 65 - types[to].bits : 1));
	int64_t low = types[to].is_signed ? -high - 1 : 0;

	if (!types[to].is_signed && types[to].bits < 64)
		high = (int64_t)low_bits(UINT64_MAX, types[to].bits);
	if (value < low)
		return (uint64_t)low;
	return (uint64_t)(value > high ? high : value);
}

static uint64_t clamp_unsigned(unsigned to, uint64_t value)
{
	uint64_t high = low_bits(UINT64_MAX, types[to].bits) >> (types[to].is_signed ? 1 : 0);

	return value > high ? high : value;
}

static uint64_t from_integer(const struct road_num_mode *mode, unsigned to, unsigned from,
			     uint64_t value)
{
	uint64_t wide = extend(from, value);

	if (types[to].is_float)
		return types[from].is_signed ? road_num_from_s64(mode, (int64_t)wide)
					     : road_num_from_u64(mode, wide);
	if (mode->sat)
		wide = types[from].is_signed ? clamp_signed(to, (int64_t)wide)
					     : clamp_unsigned(to, wide);
	return low_bits(wide, types[to].bits);
}

/* ftz speaks of f32 alone. */
static uint64_t from_float(struct road_num_mode *mode, unsigned to, unsigned from, bool integral,
			   uint64_t value)
{
	bool ftz = mode->ftz, from_ftz = ftz && from == ROAD_GPU_F32;

	if (!types[to].is_float) {
		mode->format = types[from].format;
		mode->ftz = from_ftz;
		return road_num_to_int(mode, value, types[to].bits, types[to].is_signed);
	}
	if (integral) { /* rounds once: an integral value of the source, then the same in `to` */
		struct road_num_mode whole = {
			.format = types[from].format, .round = mode->round, .ftz = from_ftz};

		value = road_num_integral(&whole, value);
	}
	mode->ftz = ftz && to == ROAD_GPU_F32;
	value = road_num_convert(mode, types[from].format, from_ftz, value);
	if (to != ROAD_GPU_TF32)
		return value;
	return value == ROAD_NUM_NAN32 >> 13 ? ROAD_NUM_NAN32 : value << 13;
}

static uint64_t convert(const struct road_gpu_insn *insn, uint64_t value)
{
	unsigned to = ROAD_GPU_CVT_TO(insn->aux), from = ROAD_GPU_CVT_FROM(insn->aux);
	struct road_num_mode mode = {
		.format = types[to].format,
		.round = (enum road_num_round)(insn->mods & ROAD_GPU_MOD_ROUND_MASK),
		.ftz = insn->mods & ROAD_GPU_MOD_FTZ,
		.sat = insn->mods & ROAD_GPU_MOD_SAT,
		.relu = insn->mods & ROAD_GPU_MOD_RELU,
		.satfinite = insn->mods & ROAD_GPU_MOD_SATFINITE,
	};

	value = low_bits(value, types[from].bits);
	if (!types[from].is_float) {
		mode.ftz = mode.ftz && to == ROAD_GPU_F32;
		return from_integer(&mode, to, from, value);
	}
	return from_float(&mode, to, from, insn->aux & ROAD_GPU_CVT_INTEGRAL, value);
}

static void x_any(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, uint32_t mask)
{
	const void *a = road_gpu_source(warp, insn->a);
	bool wide_from = types[ROAD_GPU_CVT_FROM(insn->aux)].bits == 64;
	bool wide_to = types[ROAD_GPU_CVT_TO(insn->aux)].bits == 64;
	uint32_t narrow[ROAD_GPU_WARP_LANES] ROAD_SIM_ROW = {0};
	uint64_t wide[ROAD_GPU_WARP_LANES] ROAD_SIM_ROW = {0};

	for (unsigned l = 0; l < ROAD_GPU_WARP_LANES; l++) {
		uint64_t value = wide_from ? ((const uint64_t *)a)[l] : ((const uint32_t *)a)[l];

		if (!(mask >> l & 1u))
			continue;
		wide[l] = convert(insn, value);
		narrow[l] = (uint32_t)wide[l];
	}
	exec_put(road_gpu_target(warp, insn->d), wide_to ? (void *)wide : (void *)narrow,
		 wide_to ? 8 : 4, mask);
}

static inline int32_t truncate_s32(float x)
{
	float inside = x >= -2147483648.0f ? x : -2147483648.0f;
	bool above = inside >= 2147483648.0f;
	int32_t value = (int32_t)(above ? 0.0f : inside);

	value = above ? INT32_MAX : value;
	return x == x ? value : 0;
}

static void x_pack(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, uint32_t mask)
{
	const uint32_t *a = road_gpu_source(warp, insn->a), *b = road_gpu_source(warp, insn->b);
	uint32_t *d = road_gpu_target(warp, insn->d);
	unsigned bits = types[ROAD_GPU_CVT_TO(insn->aux)].bits;

	for (unsigned l = 0; l < ROAD_GPU_WARP_LANES; l++) {
		if (mask >> l & 1u)
			d[l] = (uint32_t)(convert(insn, a[l]) | convert(insn, b[l]) << bits);
	}
}

#define PACK(bf) (half_out(a[l], bf) | half_out(b[l], bf) << 16)
EXEC32(pack_f16, PACK(false))
EXEC32(pack_bf16, PACK(true))

static inline uint32_t widen(uint32_t half, bool bf)
{
	return elem_canon32(road_num_bits32(half_in(half & 0xffffu, bf)));
}

EXEC_ROWS(x_u32_u64, uint32_t, uint64_t, uint64_t, uint64_t, (uint32_t)a[l])
EXEC_ROWS(x_u64_u32, uint64_t, uint32_t, uint32_t, uint32_t, (uint64_t)a[l])
EXEC_ROWS(x_s64_s32, int64_t, int32_t, int32_t, int32_t, (int64_t)a[l])
EXEC32(u8_any, a[l] & 0xffu)
EXEC32(u16_any, a[l] & 0xffffu)
EXEC32(s32_s8, (uint32_t)(int32_t)(int8_t)a[l])
EXEC32(s32_s16, (uint32_t)(int32_t)(int16_t)a[l])
EXEC32(copy, a[l])
EXEC32(f32_s32, road_num_bits32((float)(int32_t)a[l]))
EXEC32(f32_u32, road_num_bits32((float)a[l]))
EXEC32(s32_f32, (uint32_t)truncate_s32(road_num_float(a[l])))
EXEC32(f32_f16, widen(a[l], false))
EXEC32(f32_bf16, widen(a[l], true))
EXEC32(f16_f32, half_out(a[l], false))
EXEC32(bf16_f32, half_out(a[l], true))

#define RN  ROAD_GPU_RN
#define RZ  ROAD_GPU_RZ_
#define ANY 0xff

/* Without ftz, sat and integral; round ANY where nothing is rounded. */
static const struct {
	uint8_t to, from, round;
	road_gpu_exec_fn exec;
} rows[] = {
	{ROAD_GPU_U32, ROAD_GPU_U64, ANY, x_u32_u64},
	{ROAD_GPU_U32, ROAD_GPU_S64, ANY, x_u32_u64},
	{ROAD_GPU_S32, ROAD_GPU_U64, ANY, x_u32_u64},
	{ROAD_GPU_S32, ROAD_GPU_S64, ANY, x_u32_u64},
	{ROAD_GPU_U64, ROAD_GPU_U32, ANY, x_u64_u32},
	{ROAD_GPU_S64, ROAD_GPU_U32, ANY, x_u64_u32},
	{ROAD_GPU_U64, ROAD_GPU_S32, ANY, x_s64_s32},
	{ROAD_GPU_S64, ROAD_GPU_S32, ANY, x_s64_s32},
	{ROAD_GPU_U8, ROAD_GPU_U32, ANY, x_u8_any},
	{ROAD_GPU_S8, ROAD_GPU_S32, ANY, x_u8_any},
	{ROAD_GPU_U16, ROAD_GPU_U32, ANY, x_u16_any},
	{ROAD_GPU_S16, ROAD_GPU_S32, ANY, x_u16_any},
	{ROAD_GPU_U32, ROAD_GPU_U8, ANY, x_u8_any},
	{ROAD_GPU_S32, ROAD_GPU_U8, ANY, x_u8_any},
	{ROAD_GPU_U32, ROAD_GPU_U16, ANY, x_u16_any},
	{ROAD_GPU_S32, ROAD_GPU_U16, ANY, x_u16_any},
	{ROAD_GPU_S32, ROAD_GPU_S8, ANY, x_s32_s8},
	{ROAD_GPU_U32, ROAD_GPU_S8, ANY, x_s32_s8},
	{ROAD_GPU_S32, ROAD_GPU_S16, ANY, x_s32_s16},
	{ROAD_GPU_U32, ROAD_GPU_S16, ANY, x_s32_s16},
	{ROAD_GPU_U32, ROAD_GPU_S32, ANY, x_copy},
	{ROAD_GPU_S32, ROAD_GPU_U32, ANY, x_copy},
	{ROAD_GPU_F32, ROAD_GPU_S32, RN, x_f32_s32},
	{ROAD_GPU_F32, ROAD_GPU_U32, RN, x_f32_u32},
	{ROAD_GPU_S32, ROAD_GPU_F32, RZ, x_s32_f32},
	{ROAD_GPU_F32, ROAD_GPU_F16, ANY, x_f32_f16},
	{ROAD_GPU_F16, ROAD_GPU_F32, RN, x_f16_f32},
	{ROAD_GPU_F32, ROAD_GPU_BF16, ANY, x_f32_bf16},
	{ROAD_GPU_BF16, ROAD_GPU_F32, RN, x_bf16_f32},
};

static road_gpu_exec_fn packing(unsigned to, bool fast)
{
	if (fast && to == ROAD_GPU_F16)
		return x_pack_f16;
	return fast && to == ROAD_GPU_BF16 ? x_pack_bf16 : x_pack;
}

road_gpu_exec_fn EXEC_NAME(road_gpu_exec_cvt)(const struct road_gpu_insn *insn)
{
	unsigned to = ROAD_GPU_CVT_TO(insn->aux), from = ROAD_GPU_CVT_FROM(insn->aux);
	unsigned round = insn->mods & ROAD_GPU_MOD_ROUND_MASK;
	bool plain =
		!(insn->mods & ~ROAD_GPU_MOD_ROUND_MASK) && !(insn->aux & ROAD_GPU_CVT_INTEGRAL);

	if (insn->op == ROAD_GPU_OP_cvt_pack)
		return packing(to, plain && round == RN && from == ROAD_GPU_F32);
	if (insn->op < ROAD_GPU_OP_cvt_32_32 || insn->op > ROAD_GPU_OP_cvt_64_64)
		return NULL;
	for (unsigned i = 0; plain && i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].to == to && rows[i].from == from &&
		    (rows[i].round == ANY || rows[i].round == round))
			return rows[i].exec;
	}
	return x_any;
}
