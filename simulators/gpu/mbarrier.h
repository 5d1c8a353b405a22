/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Barriers that are words in shared memory (PTX mbarrier; layout and rules in isa.h). Nobody waits
 * at one: programs look at it again and again, so what moves them on is the warp's backward
 * branches.
 */
#ifndef SIMULATORS_GPU_MBARRIER_H
#define SIMULATORS_GPU_MBARRIER_H

#include "simulators/gpu/warp.h"

/* An instruction of KIND_MBARRIER; NONE, or the fault, which is recorded: then nothing changed. */
enum road_gpu_fault road_gpu_mbarrier(struct road_gpu_warp *warp, const struct road_gpu_insn *insn,
				      uint32_t mask, struct road_gpu_access *access);

/* Where the lanes' barriers are: all aligned and in shared memory, or the fault. */
enum road_gpu_fault road_gpu_mbarrier_find(struct road_gpu_warp *warp,
					   const struct road_gpu_insn *insn, uint32_t mask,
					   struct road_gpu_access *access);
/* One arrival that copies make; one that will come, which the barrier counts on already or not. */
enum road_gpu_mbarrier_error road_gpu_mbarrier_arrive(uint8_t *barrier);
enum road_gpu_mbarrier_error road_gpu_mbarrier_expect(uint8_t *barrier, bool is_new);
/* Arrivals that the current phase lacks; 0: no barrier is there. */
uint32_t road_gpu_mbarrier_pending(const uint8_t *barrier);

/* The lanes' barriers as they were; of lanes at one barrier the lowest saw it first. */
void road_gpu_mbarrier_restore(const struct road_gpu_access *access, uint32_t lanes,
			       const uint64_t *before);

#endif
