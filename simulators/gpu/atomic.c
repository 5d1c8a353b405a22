/* SPDX-License-Identifier: Apache-2.0 */
#include "simulators/gpu/atomic.h"

#include "simulators/numbers/soft.h"

static uint64_t low_bits(uint64_t value, unsigned bytes)
{
	return bytes < 8 ? value & ((UINT64_C(1) << 8 * bytes) - 1) : value;
}

static int64_t as_signed(uint64_t value, unsigned bytes)
{
	unsigned shift = 64 - 8 * bytes;

	return (int64_t)(value << shift) >> shift;
}

static uint64_t add_float(enum road_num_format format, bool ftz, uint64_t a, uint64_t b)
{
	const struct road_num_mode mode = {format, ROAD_NUM_RN, ftz, false};

	return road_num_add(&mode, a, b);
}

static uint64_t add_halves(enum road_num_format format, uint64_t a, uint64_t b)
{
	return add_float(format, false, a & 0xffff, b & 0xffff) |
	       add_float(format, false, a >> 16 & 0xffff, b >> 16 & 0xffff) << 16;
}

static uint64_t add_wide(unsigned bytes, bool shared, uint64_t a, uint64_t b)
{
	switch (bytes) {
	case 2: return add_float(ROAD_NUM_F16, false, a, b);
	case 4: return add_float(ROAD_NUM_F32, !shared, a, b);
	default: return add_float(ROAD_NUM_F64, false, a, b);
	}
}

static uint64_t result(const struct road_gpu_insn *insn, bool shared, uint64_t old, uint64_t b)
{
	unsigned bytes = insn->bytes;

	switch (insn->aux) {
	case ROAD_GPU_ATOM_ADD: return old + b;
	case ROAD_GPU_ATOM_INC: return old >= b ? 0 : old + 1;
	case ROAD_GPU_ATOM_DEC: return !old || old > b ? b : old - 1;
	case ROAD_GPU_ATOM_MIN_U: return old < b ? old : b;
	case ROAD_GPU_ATOM_MAX_U: return old > b ? old : b;
	case ROAD_GPU_ATOM_MIN_S: return as_signed(old, bytes) < as_signed(b, bytes) ? old : b;
	case ROAD_GPU_ATOM_MAX_S: return as_signed(old, bytes) > as_signed(b, bytes) ? old : b;
	case ROAD_GPU_ATOM_AND: return old & b;
	case ROAD_GPU_ATOM_OR: return old | b;
	case ROAD_GPU_ATOM_XOR: return old ^ b;
	case ROAD_GPU_ATOM_ADD_F: return add_wide(bytes, shared, old, b);
	case ROAD_GPU_ATOM_ADD_BF: return add_float(ROAD_NUM_BF16, false, old, b);
	case ROAD_GPU_ATOM_ADD_FX2: return add_halves(ROAD_NUM_F16, old, b);
	case ROAD_GPU_ATOM_ADD_BFX2: return add_halves(ROAD_NUM_BF16, old, b);
	default: return b; /* exch */
	}
}

uint64_t road_gpu_atomic_result(const struct road_gpu_insn *insn, bool shared, uint64_t old,
				uint64_t b, uint64_t c)
{
	bool cas = insn->op >= ROAD_GPU_OP_cas_b16 && insn->op <= ROAD_GPU_OP_cas_b64;

	old = low_bits(old, insn->bytes);
	b = low_bits(b, insn->bytes);
	if (cas)
		return low_bits(old == b ? c : old, insn->bytes);
	return low_bits(result(insn, shared, old, b), insn->bytes);
}
