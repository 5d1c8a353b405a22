/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each word of a kernel costs, for who asks (option lines=1), and by that each line of its
 * source. Counters of a word are what the chip's own gain while it is issued; so the sums over
 * the words of all kernels are the totals, to the last cycle.
 */
#ifndef SIMULATORS_GPU_LINES_H
#define SIMULATORS_GPU_LINES_H

#include <stdint.h>

/* Why a resident warp did not issue in a cycle; the first that holds. The cycle belongs to the
 * word that the warp issues next. */
enum road_gpu_stall {
	ROAD_GPU_STALL_BARRIER,
	ROAD_GPU_STALL_MEMORY,     /* a register that a load will write; a fence */
	ROAD_GPU_STALL_DEPENDENCE, /* another register or predicate; the branch before */
	ROAD_GPU_STALL_UNIT,       /* the unit is busy, or its queues are full */
	ROAD_GPU_STALL_NOT_SELECTED,
	ROAD_GPU_STALLS
};

/* Functional mode knows the first two only. */
struct road_gpu_word_counters {
	uint64_t issues; /* warp instructions */
	uint64_t lanes;  /* that acted in them, their guard included */
	uint64_t stalls[ROAD_GPU_STALLS];
	uint64_t sectors, sectors_ideal, replays; /* as in struct road_gpu_timing_counters */
};

#endif
