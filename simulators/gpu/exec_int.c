/* SPDX-License-Identifier: Apache-2.0 */
/* 32-bit integer arithmetic and logic. */
#include "simulators/gpu/exec_rows.h"

#define U64(x) ((uint64_t)(x))
#define S64(x) ((int64_t)(int32_t)(x))

static inline int32_t clamp32(int64_t value)
{
	int64_t low = value < INT32_MIN ? INT32_MIN : value;

	return (int32_t)(low > INT32_MAX ? INT32_MAX : low);
}

static inline uint32_t distance(int64_t a, int64_t b)
{
	return (uint32_t)(a > b ? a - b : b - a);
}

/* Bit 4 * a + 2 * b + c of the table, for each bit. */
static inline uint32_t lookup(uint32_t table, uint32_t a, uint32_t b, uint32_t c)
{
#define BIT(i) (0u - (table >> (i)&1u))
	uint32_t ab = (c & BIT(7)) | (~c & BIT(6)), an = (c & BIT(5)) | (~c & BIT(4));
	uint32_t nb = (c & BIT(3)) | (~c & BIT(2)), nn = (c & BIT(1)) | (~c & BIT(0));
#undef BIT
	return (a & ((b & ab) | (~b & an))) | (~a & ((b & nb) | (~b & nn)));
}

/* c + products of bytes of b with `width` bits of a each; sign bits make a part signed. */
static inline uint32_t dot(uint32_t a, uint32_t b, uint32_t c, unsigned parts, uint32_t a_sign,
			   uint32_t b_sign)
{
	unsigned width = 32 / parts;

	for (unsigned i = 0; i < parts; i++) {
		uint32_t x = a >> (width * i) & (UINT32_MAX >> (32 - width));
		uint32_t y = b >> (8 * i) & 0xffu;

		c += ((x ^ a_sign) - a_sign) * ((y ^ b_sign) - b_sign);
	}
	return c;
}

#define DOT_A(top) (insn->aux & ROAD_GPU_DOT_A_SIGNED ? (top) : 0u)
#define DOT_B      (insn->aux & ROAD_GPU_DOT_B_SIGNED ? 0x80u : 0u)
#define DOT_SHIFT  (insn->aux & ROAD_GPU_DOT_HIGH ? 16 : 0)

EXEC32(dp4a, dot(a[l], b[l], c[l], 4, DOT_A(0x80u), DOT_B))
EXEC32(dp2a, dot(a[l], b[l] >> DOT_SHIFT, c[l], 2, DOT_A(0x8000u), DOT_B))
EXEC32(add, a[l] + b[l])
EXECS32(add_sat, clamp32((int64_t)a[l] + b[l]))
EXEC32(sub, a[l] - b[l])
EXECS32(sub_sat, clamp32((int64_t)a[l] - b[l]))
EXEC32(mul_lo, a[l] * b[l])
EXEC32(mul_hi_u32, U64(a[l]) * b[l] >> 32)
EXEC32(mul_hi_s32, S64(a[l]) * S64(b[l]) >> 32)
EXEC_ROWS(x_mul_wide_u32, uint64_t, uint32_t, uint32_t, uint64_t, U64(a[l]) * b[l])
EXEC_ROWS(x_mul_wide_s32, int64_t, int32_t, int32_t, int64_t, (int64_t)a[l] * b[l])
EXEC32(mad_lo, a[l] * b[l] + c[l])
EXEC32(mad_hi_u32, (uint32_t)(U64(a[l]) * b[l] >> 32) + c[l])
EXEC32(mad_hi_s32, (uint32_t)(S64(a[l]) * S64(b[l]) >> 32) + c[l])
EXECS32(mad_hi_sat, clamp32(((int64_t)a[l] * b[l] >> 32) + c[l]))
EXEC_ROWS(x_mad_wide_u32, uint64_t, uint32_t, uint32_t, uint64_t, U64(a[l]) * b[l] + c[l])
EXEC_ROWS(x_mad_wide_s32, uint64_t, int32_t, int32_t, uint64_t,
	  (uint64_t)((int64_t)a[l] * b[l]) + c[l])
EXEC32(abs, (int32_t)a[l] < 0 ? 0u - a[l] : a[l])
EXEC32(neg, 0u - a[l])
EXEC32(min_u32, a[l] < b[l] ? a[l] : b[l])
EXECS32(min_s32, a[l] < b[l] ? a[l] : b[l])
EXEC32(max_u32, a[l] > b[l] ? a[l] : b[l])
EXECS32(max_s32, a[l] > b[l] ? a[l] : b[l])
EXEC32(sad_u32, c[l] + distance((int64_t)a[l], (int64_t)b[l]))
EXEC32(sad_s32, c[l] + distance(S64(a[l]), S64(b[l])))
EXEC32(and, a[l] & b[l])
EXEC32(or, a[l] | b[l])
EXEC32(xor, a[l] ^ b[l])
EXEC32(not, ~a[l])
EXEC32(shl, b[l] > 31 ? 0u : a[l] << (b[l] & 31u))
EXEC32(shr_u32, b[l] > 31 ? 0u : a[l] >> (b[l] & 31u))
EXEC32(shr_s32, (int32_t)a[l] >> (b[l] > 31 ? 31u : b[l]))

static void x_lop3(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, uint32_t mask)
{
	const uint32_t *a = road_gpu_source(warp, insn->a);
	const uint32_t *b = road_gpu_source(warp, insn->b);
	const uint32_t *c = road_gpu_source(warp, insn->c);
	uint32_t scratch[ROAD_GPU_WARP_LANES] ROAD_SIM_ROW;
	uint32_t table = insn->aux;

	LANES(l) scratch[l] = lookup(table, a[l], b[l], c[l]);
	exec_put(road_gpu_target(warp, insn->d), scratch, 4, mask);
}

const road_gpu_exec_fn EXEC_NAME(road_gpu_exec_int)[ROAD_GPU_OPS] = {
	[ROAD_GPU_OP_add_u32] = x_add,
	[ROAD_GPU_OP_add_s32] = x_add,
	[ROAD_GPU_OP_sub_u32] = x_sub,
	[ROAD_GPU_OP_sub_s32] = x_sub,
	[ROAD_GPU_OP_mul_lo_u32] = x_mul_lo,
	[ROAD_GPU_OP_mul_hi_u32] = x_mul_hi_u32,
	[ROAD_GPU_OP_mul_hi_s32] = x_mul_hi_s32,
	[ROAD_GPU_OP_mul_wide_u32] = x_mul_wide_u32,
	[ROAD_GPU_OP_mul_wide_s32] = x_mul_wide_s32,
	[ROAD_GPU_OP_mad_lo_u32] = x_mad_lo,
	[ROAD_GPU_OP_mad_hi_u32] = x_mad_hi_u32,
	[ROAD_GPU_OP_mad_hi_s32] = x_mad_hi_s32,
	[ROAD_GPU_OP_mad_wide_u32] = x_mad_wide_u32,
	[ROAD_GPU_OP_mad_wide_s32] = x_mad_wide_s32,
	[ROAD_GPU_OP_abs_s32] = x_abs,
	[ROAD_GPU_OP_neg_s32] = x_neg,
	[ROAD_GPU_OP_min_u32] = x_min_u32,
	[ROAD_GPU_OP_min_s32] = x_min_s32,
	[ROAD_GPU_OP_max_u32] = x_max_u32,
	[ROAD_GPU_OP_max_s32] = x_max_s32,
	[ROAD_GPU_OP_sad_u32] = x_sad_u32,
	[ROAD_GPU_OP_sad_s32] = x_sad_s32,
	[ROAD_GPU_OP_and_b32] = x_and,
	[ROAD_GPU_OP_or_b32] = x_or,
	[ROAD_GPU_OP_xor_b32] = x_xor,
	[ROAD_GPU_OP_not_b32] = x_not,
	[ROAD_GPU_OP_lop3_b32] = x_lop3,
	[ROAD_GPU_OP_shl_b32] = x_shl,
	[ROAD_GPU_OP_shr_u32] = x_shr_u32,
	[ROAD_GPU_OP_shr_s32] = x_shr_s32,
	[ROAD_GPU_OP_dp4a] = x_dp4a,
	[ROAD_GPU_OP_dp2a] = x_dp2a,
};

road_gpu_exec_fn EXEC_NAME(road_gpu_exec_saturating)(const struct road_gpu_insn *insn)
{
	if (!(insn->mods & ROAD_GPU_MOD_SAT))
		return NULL;
	switch (insn->op) {
	case ROAD_GPU_OP_add_s32: return x_add_sat;
	case ROAD_GPU_OP_sub_s32: return x_sub_sat;
	case ROAD_GPU_OP_mad_hi_s32: return x_mad_hi_sat;
	default: return NULL;
	}
}
