/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asynchronous copies from global to shared memory (PTX cp.async). A copy is checked when it is
 * issued; its bytes move when somebody waits for it, the latest legal moment, so that a missing
 * wait shows as stale data. A warp that has too many on their way moves the oldest.
 */
#ifndef SIMULATORS_GPU_ASYNC_H
#define SIMULATORS_GPU_ASYNC_H

#include "simulators/gpu/warp.h"

#define ROAD_GPU_COPIES 16u /* of a warp, on their way */

struct road_gpu_copy {
	const struct road_gpu_insn *insn;
	uint32_t lanes;                    /* that have not been waited for */
	uint8_t read[ROAD_GPU_WARP_LANES]; /* bytes; the others of the copy are zero */
	uint32_t to[ROAD_GPU_WARP_LANES];  /* offset in shared memory */
	uint32_t group[ROAD_GPU_WARP_LANES];
	uint64_t address[ROAD_GPU_WARP_LANES], pa[ROAD_GPU_WARP_LANES];
	uint8_t *host[ROAD_GPU_WARP_LANES];
	uint32_t flags[ROAD_GPU_WARP_LANES];
};

struct road_gpu_async {
	uint32_t count;
	uint32_t group[ROAD_GPU_WARP_LANES]; /* that a lane's next copy belongs to */
	struct road_gpu_copy copy[ROAD_GPU_COPIES];
};

void road_gpu_async_start(struct road_gpu_async *async);
/* Notes a copy; access receives what it reads (its mask may be empty). */
enum road_gpu_fault road_gpu_async_copy(struct road_gpu_warp *warp,
					const struct road_gpu_insn *insn, uint32_t mask,
					struct road_gpu_access *access);
void road_gpu_async_commit(struct road_gpu_warp *warp, uint32_t mask);
/* Moves the bytes of all groups but the last `aux` of each lane, or of all copies. */
enum road_gpu_fault road_gpu_async_wait(struct road_gpu_warp *warp,
					const struct road_gpu_insn *insn, uint32_t mask);

#endif
