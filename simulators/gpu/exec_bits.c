/* SPDX-License-Identifier: Apache-2.0 */
/* Bit operations (PTX ISA, sections "popc" to "prmt"). */
#include "simulators/gpu/exec_rows.h"

static inline uint32_t reverse32(uint32_t x)
{
	x = (x >> 1 & 0x55555555u) | (x & 0x55555555u) << 1;
	x = (x >> 2 & 0x33333333u) | (x & 0x33333333u) << 2;
	x = (x >> 4 & 0x0f0f0f0fu) | (x & 0x0f0f0f0fu) << 4;
	return __builtin_bswap32(x);
}

static inline uint64_t reverse64(uint64_t x)
{
	return (uint64_t)reverse32((uint32_t)x) << 32 | reverse32((uint32_t)(x >> 32));
}

static inline uint32_t find_top(uint32_t x)
{
	return x ? 31u - (uint32_t)__builtin_clz(x) : 0xffffffffu;
}

static inline uint32_t ones_below(uint32_t count)
{
	return count > 31 ? 0xffffffffu : (1u << count) - 1u;
}

static inline uint32_t extract_u32(uint32_t a, uint32_t position, uint32_t length)
{
	position &= 255u;
	length &= 255u;
	return position > 31 ? 0u : a >> position & ones_below(length);
}

/* Bits beyond the top of a, and those above the field, are copies of the field's top bit. */
static inline uint32_t extract_s32(uint32_t a, uint32_t position, uint32_t length)
{
	int32_t field;

	position &= 255u;
	length &= 255u;
	if (!length)
		return 0;
	field = (int32_t)a >> (position > 31 ? 31u : position);
	if (length > 31)
		return (uint32_t)field;
	return (uint32_t)((int32_t)((uint32_t)field << (32u - length)) >> (32u - length));
}

EXEC32(popc_b32, (uint32_t)__builtin_popcount(a[l]))
EXEC32(clz_b32, a[l] ? (uint32_t)__builtin_clz(a[l]) : 32u)
EXEC32(brev_b32, reverse32(a[l]))
EXEC32(bfind_u32, find_top(a[l]))
EXEC32(bfind_s32, find_top((int32_t)a[l] < 0 ? ~a[l] : a[l]))
EXEC32(bfe_u32, extract_u32(a[l], b[l], c[l]))
EXEC32(bfe_s32, extract_s32(a[l], b[l], c[l]))
EXEC32(bfm_b32, a[l] > 31 ? 0u : ones_below(b[l]) << (a[l] & 31u))
EXEC_ROWS(x_popc_b64, uint32_t, uint64_t, uint64_t, uint64_t, (uint32_t)__builtin_popcountll(a[l]))
EXEC_ROWS(x_clz_b64, uint32_t, uint64_t, uint64_t, uint64_t,
	  a[l] ? (uint32_t)__builtin_clzll(a[l]) : 64u)
EXEC64(brev_b64, reverse64(a[l]))

/* Byte `i` of the result comes from which of the eight bytes? */
static unsigned prmt_select(unsigned mode, unsigned n, unsigned i)
{
	switch (mode) {
	case ROAD_GPU_PRMT_F4E: return n + i;
	case ROAD_GPU_PRMT_B4E: return (n - i) & 7u;
	case ROAD_GPU_PRMT_RC8: return n;
	case ROAD_GPU_PRMT_ECL: return i > n ? i : n;
	case ROAD_GPU_PRMT_ECR: return i < n ? i : n;
	default: return (n & 1u) * 2u + (i & 1u); /* RC16 */
	}
}

static uint32_t permute(unsigned mode, uint32_t a, uint32_t b, uint32_t selector)
{
	uint64_t bytes = (uint64_t)b << 32 | a;
	uint32_t result = 0;

	for (unsigned i = 0; i < 4; i++) {
		unsigned nibble = selector >> (4 * i) & 15u;
		unsigned from = mode == ROAD_GPU_PRMT_INDEX ? nibble & 7u
							    : prmt_select(mode, selector & 3u, i);
		uint32_t byte = (uint32_t)(bytes >> (8 * from)) & 255u;

		if (mode == ROAD_GPU_PRMT_INDEX && nibble & 8u)
			byte = byte & 0x80u ? 255u : 0u;
		result |= byte << (8 * i);
	}
	return result;
}

static void x_prmt(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, uint32_t mask)
{
	const uint32_t *a = road_gpu_source(warp, insn->a);
	const uint32_t *b = road_gpu_source(warp, insn->b);
	const uint32_t *c = road_gpu_source(warp, insn->c);
	uint32_t *d = road_gpu_target(warp, insn->d);

	for (unsigned l = 0; l < ROAD_GPU_WARP_LANES; l++) {
		if (mask >> l & 1u)
			d[l] = permute(insn->aux, a[l], b[l], c[l]);
	}
}

static void shift_funnel(struct road_gpu_warp *warp, const struct road_gpu_insn *insn,
			 uint32_t mask, bool left)
{
	const uint32_t *a = road_gpu_source(warp, insn->a);
	const uint32_t *b = road_gpu_source(warp, insn->b);
	const uint32_t *c = road_gpu_source(warp, insn->c);
	uint32_t scratch[ROAD_GPU_WARP_LANES] ROAD_SIM_ROW;
	bool wrap = insn->aux & 1u;

	LANES(l)
	{
		uint32_t clamped = c[l] > 32 ? 32 : c[l];
		uint32_t n = wrap ? c[l] & 31u : clamped;
		uint64_t both = (uint64_t)b[l] << 32 | a[l];

		scratch[l] = (uint32_t)(both >> (left ? 32u - n : n));
	}
	exec_put(road_gpu_target(warp, insn->d), scratch, 4, mask);
}

static void x_shf_l(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, uint32_t mask)
{
	shift_funnel(warp, insn, mask, true);
}

static void x_shf_r(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, uint32_t mask)
{
	shift_funnel(warp, insn, mask, false);
}

/* The offset-th one of mask from base upwards or downwards; 0: is the bit at base one? */
static uint32_t find_nth(uint32_t mask, uint32_t base, int32_t offset)
{
	int64_t left = offset < 0 ? -(int64_t)offset : offset, step = offset < 0 ? -1 : 1;

	if (base > 31)
		return UINT32_MAX;
	if (!offset)
		return mask >> base & 1u ? base : UINT32_MAX;
	for (int64_t place = base; place >= 0 && place < 32; place += step) {
		if (mask >> place & 1u && --left == 0)
			return (uint32_t)place;
	}
	return UINT32_MAX;
}

EXEC32(fns, find_nth(a[l], b[l], (int32_t)c[l]))

const road_gpu_exec_fn EXEC_NAME(road_gpu_exec_bits)[ROAD_GPU_OPS] = {
	[ROAD_GPU_OP_popc_b32] = x_popc_b32,   [ROAD_GPU_OP_clz_b32] = x_clz_b32,
	[ROAD_GPU_OP_brev_b32] = x_brev_b32,   [ROAD_GPU_OP_bfind_u32] = x_bfind_u32,
	[ROAD_GPU_OP_bfind_s32] = x_bfind_s32, [ROAD_GPU_OP_bfe_u32] = x_bfe_u32,
	[ROAD_GPU_OP_bfe_s32] = x_bfe_s32,     [ROAD_GPU_OP_bfm_b32] = x_bfm_b32,
	[ROAD_GPU_OP_prmt_b32] = x_prmt,       [ROAD_GPU_OP_shf_l_b32] = x_shf_l,
	[ROAD_GPU_OP_shf_r_b32] = x_shf_r,     [ROAD_GPU_OP_popc_b64] = x_popc_b64,
	[ROAD_GPU_OP_clz_b64] = x_clz_b64,     [ROAD_GPU_OP_brev_b64] = x_brev_b64,
	[ROAD_GPU_OP_fns_b32] = x_fns,
};
