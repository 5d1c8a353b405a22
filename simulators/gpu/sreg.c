/* SPDX-License-Identifier: Apache-2.0 */
/* Special registers: what a thread may ask about where and when it runs. */
#include "simulators/gpu/exec.h"
#include "simulators/gpu/warp_internal.h"

static uint64_t clock_of(const struct road_gpu_block *block, enum road_gpu_sreg which)
{
	const struct road_gpu_port *port = block->launch->config.port;

	if (port && port->clock)
		return port->clock(port->ctx, block, which);
	return block->launch->steps + block->stats.warp_instructions;
}

/* Registers that are the same for all lanes of a warp. */
static uint64_t uniform(const struct road_gpu_warp *warp, enum road_gpu_sreg which)
{
	const struct road_gpu_block *block = warp->block;
	const struct road_gpu_launch *launch = block->launch;
	const struct road_gpu_launch_config *config = &launch->config;

	switch (which) {
	case ROAD_GPU_SREG_NTID_X: return config->threads[0];
	case ROAD_GPU_SREG_NTID_Y: return config->threads[1];
	case ROAD_GPU_SREG_NTID_Z: return config->threads[2];
	case ROAD_GPU_SREG_CTAID_X: return block->ctaid[0];
	case ROAD_GPU_SREG_CTAID_Y: return block->ctaid[1];
	case ROAD_GPU_SREG_CTAID_Z: return block->ctaid[2];
	case ROAD_GPU_SREG_NCTAID_X: return config->grid[0];
	case ROAD_GPU_SREG_NCTAID_Y: return config->grid[1];
	case ROAD_GPU_SREG_NCTAID_Z: return config->grid[2];
	case ROAD_GPU_SREG_WARPID: return warp->index;
	case ROAD_GPU_SREG_NWARPID: return launch->warp_count;
	case ROAD_GPU_SREG_SMID: return block->sm;
	case ROAD_GPU_SREG_NSMID: return config->sm_count;
	case ROAD_GPU_SREG_GRIDID: return config->grid_id;
	case ROAD_GPU_SREG_DYNAMIC_SMEM_SIZE:
		return config->shared_bytes - config->code->desc.shared_bytes;
	case ROAD_GPU_SREG_TOTAL_SMEM_SIZE: return config->shared_bytes;
	case ROAD_GPU_SREG_DYNAMIC_SMEM_OFFSET: return config->code->desc.shared_bytes;
	case ROAD_GPU_SREG_CLOCK_HI:
	case ROAD_GPU_SREG_GLOBALTIMER_HI: return clock_of(block, which) >> 32;
	default: return clock_of(block, which);
	}
}

/* Registers that differ by lane; false: it is uniform. */
static bool by_lane(const struct road_gpu_warp *warp, enum road_gpu_sreg which, uint32_t lane,
		    uint32_t *out)
{
	uint32_t(*tid)[ROAD_GPU_WARP_LANES] = warp->block->launch->tid[warp->index];
	uint32_t bit = 1u << lane;

	switch (which) {
	case ROAD_GPU_SREG_TID_X: *out = tid[0][lane]; return true;
	case ROAD_GPU_SREG_TID_Y: *out = tid[1][lane]; return true;
	case ROAD_GPU_SREG_TID_Z: *out = tid[2][lane]; return true;
	case ROAD_GPU_SREG_LANEID: *out = lane; return true;
	case ROAD_GPU_SREG_LANEMASK_EQ: *out = bit; return true;
	case ROAD_GPU_SREG_LANEMASK_LT: *out = bit - 1; return true;
	case ROAD_GPU_SREG_LANEMASK_LE: *out = bit | (bit - 1); return true;
	case ROAD_GPU_SREG_LANEMASK_GT: *out = ~(bit | (bit - 1)); return true;
	case ROAD_GPU_SREG_LANEMASK_GE: *out = ~(bit - 1); return true;
	default: return false;
	}
}

void road_gpu_exec_sreg(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, uint32_t mask)
{
	enum road_gpu_sreg which = (enum road_gpu_sreg)insn->aux;
	bool wide = insn->op == ROAD_GPU_OP_sreg_b64;
	uint8_t *out = gpu_row_out(warp, insn->d);
	uint32_t value;
	bool differs = by_lane(warp, which, 0, &value);
	uint64_t same = differs ? 0 : uniform(warp, which);

	for (uint32_t m = mask; m; m &= m - 1) {
		uint32_t lane = (uint32_t)__builtin_ctz(m);

		if (differs)
			by_lane(warp, which, lane, &value);
		if (wide)
			((uint64_t *)(void *)out)[lane] = same;
		else
			((uint32_t *)(void *)out)[lane] = differs ? value : (uint32_t)same;
	}
}
