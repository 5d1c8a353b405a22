/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the execution core share. */
#ifndef SIMULATORS_GPU_WARP_INTERNAL_H
#define SIMULATORS_GPU_WARP_INTERNAL_H

#include "simulators/gpu/warp.h"

static inline uint32_t gpu_predicate(const struct road_gpu_warp *warp, uint8_t field)
{
	uint32_t mask = warp->preds[field & (uint8_t)~ROAD_GPU_PNOT];

	return field & ROAD_GPU_PNOT ? ~mask : mask;
}

static inline const uint32_t *gpu_row32(const struct road_gpu_warp *warp, uint32_t operand)
{
	return (const uint32_t *)(const void *)(warp->rows[operand & ROAD_GPU_BANK_MASK] +
						(operand & ~ROAD_GPU_BANK_MASK));
}

static inline const uint64_t *gpu_row64(const struct road_gpu_warp *warp, uint32_t operand)
{
	return (const uint64_t *)(const void *)gpu_row32(warp, operand);
}

static inline uint8_t *gpu_row_out(const struct road_gpu_warp *warp, uint32_t operand)
{
	return warp->rows[0] + operand;
}

/* A split that can run is current; false: the warp has exited or waits. */
static inline bool gpu_warp_runnable(const struct road_gpu_warp *warp)
{
	return warp->splits && !warp->split[warp->current].waits;
}

/* Merges splits that stand together and chooses the one that runs. */
void gpu_warp_settle(struct road_gpu_warp *warp);
/* The current split ended one instruction at its next pc. */
static inline void gpu_warp_advance(struct road_gpu_warp *warp, struct road_gpu_split *split)
{
	if (++split->pc >= warp->meet)
		gpu_warp_settle(warp);
}

/* A load or store; `access` may be NULL where nobody looks at addresses. NONE, or the fault, which
 * stands in block->fault. */
enum road_gpu_fault gpu_access(struct road_gpu_warp *warp, const struct road_gpu_insn *insn,
			       uint32_t mask, struct road_gpu_access *access);

/* Records the block's fault at an instruction. */
void gpu_fault(struct road_gpu_warp *warp, const struct road_gpu_insn *insn,
	       enum road_gpu_fault code, uint32_t lane, uint64_t address, uint64_t detail);

/* Control instructions: everything that is not KIND_ALU, LOAD or STORE. */
void gpu_control(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, uint32_t mask,
		 struct road_gpu_step *step);

#endif
