/* SPDX-License-Identifier: Apache-2.0 */
/* What kernels print (uapi/gpu/print.h): taken by execution, kept until the launch ends. */
#ifndef SIMULATORS_GPU_PRINT_H
#define SIMULATORS_GPU_PRINT_H

#include "simulators/gpu/warp.h"
#include "uapi/gpu/print.h"

#include <stdatomic.h>

/* A record, by what puts it in order. */
struct road_gpu_print_entry {
	uint64_t time; /* cycle, or number of the record where execution has an order of its own */
	uint64_t linear;
	uint64_t sequence;
	uint32_t warp;
	uint32_t bytes;
	size_t offset; /* in data */
};

/* Of one launch. Starts as zeros; any thread that steps a workgroup adds. */
struct road_gpu_prints {
	atomic_flag busy;
	uint8_t *data;
	size_t used, room;
	struct road_gpu_print_entry *entries;
	size_t count, entry_room;
	uint64_t lost; /* more than ROAD_GPU_PRINTS_MAX, or no memory */
};
#define ROAD_GPU_PRINTS_MAX (UINT64_C(64) << 20) /* bytes kept */

/* KIND_PRINT: hands over a record of each lane. False after a fault, as always for assert_fail. */
bool road_gpu_print(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, uint32_t mask);
void road_gpu_prints_sort(struct road_gpu_prints *prints);
void road_gpu_prints_free(struct road_gpu_prints *prints);

#endif
