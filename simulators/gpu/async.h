/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asynchronous copies from global to shared memory (PTX cp.async). A copy is checked when it is
 * issued; its bytes move when somebody waits for it, the latest legal moment, so that a missing
 * wait shows as stale data. A warp that has too many on their way moves the oldest.
 *
 * Copies may also arrive at a barrier in memory (mbarrier.h): that happens when a test of the
 * barrier finds that its phase lacks nothing but arrivals of copies, and moves their bytes. Where a
 * timing model runs, they count from when they would be there.
 */
#ifndef SIMULATORS_GPU_ASYNC_H
#define SIMULATORS_GPU_ASYNC_H

#include "simulators/gpu/warp.h"

#define ROAD_GPU_COPIES   16u /* of a warp, on their way */
#define ROAD_GPU_ARRIVALS 16u /* of a warp, that have not happened */

struct road_gpu_copy {
	const struct road_gpu_insn *insn;
	uint32_t lanes;                    /* that have not been waited for */
	uint8_t read[ROAD_GPU_WARP_LANES]; /* bytes; the others of the copy are zero */
	uint32_t to[ROAD_GPU_WARP_LANES];  /* offset in shared memory */
	uint32_t group[ROAD_GPU_WARP_LANES];
	uint32_t batch;
	bool whole; /* all lanes read all bytes */
	bool even;  /* group[] is the same in all lanes */
	uint64_t address[ROAD_GPU_WARP_LANES], pa[ROAD_GPU_WARP_LANES];
	uint8_t *host[ROAD_GPU_WARP_LANES];
	uint32_t flags[ROAD_GPU_WARP_LANES];
};

/* Lanes that arrive when what they have copied so far is there. */
struct road_gpu_arrival {
	const struct road_gpu_insn *insn;
	uint32_t lanes;                        /* that have not arrived */
	uint32_t batch;                        /* of the last copies that count */
	uint32_t barrier[ROAD_GPU_WARP_LANES]; /* offset in shared memory */
};

/* Batches: a warp's copies between two commits or arrivals, counted. */
struct road_gpu_async {
	uint32_t count, arrivals;
	uint32_t batch;                      /* of the next copy */
	uint32_t group[ROAD_GPU_WARP_LANES]; /* that a lane's next copy belongs to */
	bool even;                           /* the same in all lanes */
	uint8_t order[ROAD_GPU_COPIES];      /* of copy[]: the oldest first, then free ones */
	struct road_gpu_copy copy[ROAD_GPU_COPIES];
	struct road_gpu_arrival arrival[ROAD_GPU_ARRIVALS]; /* in order */
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

/* Notes arrivals (KIND_COPY_ARRIVE); also without lanes it ends a batch. */
enum road_gpu_fault road_gpu_async_arrive(struct road_gpu_warp *warp,
					  const struct road_gpu_insn *insn, uint32_t mask,
					  struct road_gpu_access *access);
/* The workgroup's copies arrive at the barrier, `lacks` of them, if there are as many; or all. */
#define ROAD_GPU_ARRIVALS_ALL UINT32_MAX
enum road_gpu_fault road_gpu_async_settle(struct road_gpu_block *block, uint32_t barrier,
					  uint32_t lacks);

#endif
