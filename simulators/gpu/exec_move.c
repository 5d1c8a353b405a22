/* SPDX-License-Identifier: Apache-2.0 */
/* Moves, special registers, selections, predicate logic, address spaces. */
#include "simulators/gpu/exec_rows.h"

EXEC32(mov_b32, b[l])
EXEC64(mov_b64, b[l])
EXEC_ROWS(x_pack, uint64_t, uint32_t, uint32_t, uint64_t, (uint64_t)b[l] << 32 | a[l])
EXEC_ROWS(x_unlo, uint32_t, uint64_t, uint64_t, uint64_t, (uint32_t)a[l])
EXEC_ROWS(x_unhi, uint32_t, uint64_t, uint64_t, uint64_t, (uint32_t)(a[l] >> 32))

static void x_selp_b32(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, uint32_t mask)
{
	const uint32_t *a = road_gpu_source(warp, insn->a);
	const uint32_t *b = road_gpu_source(warp, insn->b);
	uint32_t pick = road_gpu_predicate(warp, insn->pc);
	uint32_t scratch[ROAD_GPU_WARP_LANES] ROAD_SIM_ROW;

	LANES(l) scratch[l] = pick & exec_bit[l] ? a[l] : b[l];
	exec_put(road_gpu_target(warp, insn->d), scratch, 4, mask);
}

static void x_selp_b64(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, uint32_t mask)
{
	const uint64_t *a = road_gpu_source(warp, insn->a);
	const uint64_t *b = road_gpu_source(warp, insn->b);
	uint32_t pick = road_gpu_predicate(warp, insn->pc);
	uint64_t scratch[ROAD_GPU_WARP_LANES] ROAD_SIM_ROW;

	LANES(l) scratch[l] = pick & exec_wide_bit[l] ? a[l] : b[l];
	exec_put(road_gpu_target(warp, insn->d), scratch, 8, mask);
}

static void x_plop(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, uint32_t mask)
{
	uint32_t a = road_gpu_predicate(warp, insn->pa);
	uint32_t b = road_gpu_predicate(warp, insn->pb);
	uint32_t c = road_gpu_predicate(warp, insn->pc);
	uint32_t result = 0;

	for (unsigned i = 0; i < 8; i++) {
		if (insn->aux >> i & 1u)
			result |= (i & 4u ? a : ~a) & (i & 2u ? b : ~b) & (i & 1u ? c : ~c);
	}
	exec_set_predicate(warp, insn->pd, result, mask);
}

/* Only the two windows can be told apart: everything else of the generic space is global. */
static void x_isspacep(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, uint32_t mask)
{
	const uint64_t *a = road_gpu_source(warp, insn->a);
	unsigned space = insn->mods & ROAD_GPU_MEM_SPACE_MASK;
	uint32_t result = 0;

	for (unsigned l = 0; l < ROAD_GPU_WARP_LANES; l++) {
		bool shared = a[l] - ROAD_GPU_SHARED_WINDOW < ROAD_GPU_WINDOW_BYTES;
		bool local = a[l] - ROAD_GPU_LOCAL_WINDOW < ROAD_GPU_WINDOW_BYTES;
		bool is = space == ROAD_GPU_SPACE_SHARED   ? shared
			  : space == ROAD_GPU_SPACE_LOCAL  ? local
			  : space == ROAD_GPU_SPACE_GLOBAL ? !shared && !local
							   : space == ROAD_GPU_SPACE_GENERIC;

		result |= (uint32_t)is << l;
	}
	exec_set_predicate(warp, insn->pd, result, mask);
}

static uint64_t clock_of(struct road_gpu_warp *warp, unsigned which)
{
	const struct road_gpu_port *port = warp->block->launch->config.port;

	if (port && port->clock)
		return port->clock(port->ctx, warp->block, (enum road_gpu_sreg)which);
	return warp->block->stats.warp_instructions;
}

static uint64_t time_register(struct road_gpu_warp *warp, unsigned which)
{
	uint64_t value = clock_of(warp, which);
	bool high = which == ROAD_GPU_SREG_CLOCK_HI || which == ROAD_GPU_SREG_GLOBALTIMER_HI;

	return high ? value >> 32 : value;
}

/* Special registers that are the same in all lanes. */
static uint64_t uniform_register(struct road_gpu_warp *warp, unsigned which)
{
	const struct road_gpu_block *block = warp->block;
	const struct road_gpu_launch_config *config = &block->launch->config;
	const struct road_gpu_kernel *desc = &config->code->desc;

	switch (which) {
	case ROAD_GPU_SREG_NTID_X:
	case ROAD_GPU_SREG_NTID_Y:
	case ROAD_GPU_SREG_NTID_Z: return config->threads[which - ROAD_GPU_SREG_NTID_X];
	case ROAD_GPU_SREG_CTAID_X:
	case ROAD_GPU_SREG_CTAID_Y:
	case ROAD_GPU_SREG_CTAID_Z: return block->ctaid[which - ROAD_GPU_SREG_CTAID_X];
	case ROAD_GPU_SREG_NCTAID_X:
	case ROAD_GPU_SREG_NCTAID_Y:
	case ROAD_GPU_SREG_NCTAID_Z: return config->grid[which - ROAD_GPU_SREG_NCTAID_X];
	case ROAD_GPU_SREG_WARPID: return warp->index;
	case ROAD_GPU_SREG_NWARPID: return block->launch->warp_count;
	case ROAD_GPU_SREG_SMID: return block->sm;
	case ROAD_GPU_SREG_NSMID: return config->sm_count;
	case ROAD_GPU_SREG_GRIDID: return config->grid_id;
	case ROAD_GPU_SREG_DYNAMIC_SMEM_SIZE:
		return config->shared_bytes > road_gpu_dynamic(desc)
			       ? config->shared_bytes - road_gpu_dynamic(desc)
			       : 0;
	case ROAD_GPU_SREG_TOTAL_SMEM_SIZE: return config->shared_bytes;
	case ROAD_GPU_SREG_DYNAMIC_SMEM_OFFSET: return road_gpu_dynamic(desc);
	default: return time_register(warp, which);
	}
}

static uint32_t lane_register(struct road_gpu_warp *warp, unsigned which, unsigned lane)
{
	uint32_t bit = 1u << lane;

	switch (which) {
	case ROAD_GPU_SREG_LANEID: return lane;
	case ROAD_GPU_SREG_LANEMASK_EQ: return bit;
	case ROAD_GPU_SREG_LANEMASK_LT: return bit - 1;
	case ROAD_GPU_SREG_LANEMASK_LE: return bit | (bit - 1);
	case ROAD_GPU_SREG_LANEMASK_GT: return ~(bit | (bit - 1));
	case ROAD_GPU_SREG_LANEMASK_GE: return ~(bit - 1);
	default: return warp->block->launch->tid[warp->index][which][lane]; /* TID_X, _Y, _Z */
	}
}

static bool differs_by_lane(unsigned which)
{
	return which <= ROAD_GPU_SREG_TID_Z || which == ROAD_GPU_SREG_LANEID ||
	       (which >= ROAD_GPU_SREG_LANEMASK_EQ && which <= ROAD_GPU_SREG_LANEMASK_GE);
}

static void read_special(struct road_gpu_warp *warp, const struct road_gpu_insn *insn,
			 uint64_t value[ROAD_GPU_WARP_LANES])
{
	bool lanes = differs_by_lane(insn->aux);
	uint64_t uniform = lanes ? 0 : uniform_register(warp, insn->aux);

	if (insn->flags & ROAD_GPU_INSN_ORDER_SENSITIVE)
		road_gpu_note_order(warp, insn);
	for (unsigned l = 0; l < ROAD_GPU_WARP_LANES; l++)
		value[l] = lanes ? lane_register(warp, insn->aux, l) : uniform;
}

static void x_sreg_b32(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, uint32_t mask)
{
	uint64_t value[ROAD_GPU_WARP_LANES] ROAD_SIM_ROW;
	uint32_t narrow[ROAD_GPU_WARP_LANES] ROAD_SIM_ROW;

	if (insn->aux <= ROAD_GPU_SREG_TID_Z) {
		exec_put(road_gpu_target(warp, insn->d),
			 warp->block->launch->tid[warp->index][insn->aux], 4, mask);
		return;
	}
	read_special(warp, insn, value);
	LANES(l) narrow[l] = (uint32_t)value[l];
	exec_put(road_gpu_target(warp, insn->d), narrow, 4, mask);
}

static void x_sreg_b64(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, uint32_t mask)
{
	uint64_t value[ROAD_GPU_WARP_LANES] ROAD_SIM_ROW;

	read_special(warp, insn, value);
	exec_put(road_gpu_target(warp, insn->d), value, 8, mask);
}

/* The sum of two stack pointers or sizes; what lies beyond local memory is a fault. */
static void x_stack(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, uint32_t mask)
{
	const uint32_t *a = road_gpu_source(warp, insn->a), *b = road_gpu_source(warp, insn->b);
	uint64_t limit = warp->block->launch->config.local_bytes;
	uint32_t sum[ROAD_GPU_WARP_LANES] ROAD_SIM_ROW;

	for (uint32_t left = mask; left; left &= left - 1) {
		unsigned l = (unsigned)__builtin_ctz(left);
		uint64_t wanted = (uint64_t)a[l] + b[l];

		if (wanted > limit) {
			road_gpu_warp_fault(warp, insn, ROAD_GPU_FAULT_STACK, 1u << l, 0, wanted);
			return;
		}
	}
	LANES(l) sum[l] = a[l] + b[l];
	exec_put(road_gpu_target(warp, insn->d), sum, 4, mask);
}

const road_gpu_exec_fn EXEC_NAME(road_gpu_exec_move)[ROAD_GPU_OPS] = {
	[ROAD_GPU_OP_mov_b32] = x_mov_b32,   [ROAD_GPU_OP_mov_b64] = x_mov_b64,
	[ROAD_GPU_OP_pack_b64] = x_pack,     [ROAD_GPU_OP_unlo_b64] = x_unlo,
	[ROAD_GPU_OP_unhi_b64] = x_unhi,     [ROAD_GPU_OP_sreg_b32] = x_sreg_b32,
	[ROAD_GPU_OP_sreg_b64] = x_sreg_b64, [ROAD_GPU_OP_selp_b32] = x_selp_b32,
	[ROAD_GPU_OP_selp_b64] = x_selp_b64, [ROAD_GPU_OP_plop] = x_plop,
	[ROAD_GPU_OP_isspacep] = x_isspacep, [ROAD_GPU_OP_stack_u32] = x_stack,
};
