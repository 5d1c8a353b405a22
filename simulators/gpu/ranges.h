/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Address translation: a space's segment table (uapi/gpu/regs.h) with host pointers. An access
 * must lie in one range. Whoever owns the table checked it (sorted by va, no overlap, nothing in
 * the first ROAD_GPU_UNMAPPED bytes nor in a window, va + bytes does not wrap).
 */
#ifndef SIMULATORS_GPU_RANGES_H
#define SIMULATORS_GPU_RANGES_H

#include "simulators/memory/poison.h"
#include "uapi/gpu/regs.h"

#include <stddef.h>
#include <stdint.h>

struct road_gpu_range {
	uint64_t va;
	uint64_t bytes;
	uint64_t pa;    /* what timing models hash and look at */
	uint8_t *host;  /* all of it, contiguous; NULL: only a port's load and store can reach it */
	uint32_t flags; /* ROAD_GPU_SEGMENT_*, ROAD_GPU_RANGE_* */
};

/*
 * A range with a poisoned word in it allows nothing, so that no fast way through it is taken; what
 * it really allows stands behind RIGHTS_SHIFT. Whoever is refused asks road_gpu_range_poisoned().
 */
#define ROAD_GPU_RANGE_POISONED     0x100u
#define ROAD_GPU_RANGE_RIGHTS_SHIFT 16u
#define ROAD_GPU_RANGE_RIGHTS       (ROAD_GPU_SEGMENT_READ | ROAD_GPU_SEGMENT_WRITE)

struct road_gpu_ranges {
	const struct road_gpu_range *range; /* ascending va */
	uint32_t count;
	struct road_poison *poison; /* of the chip's memory; NULL: there is none */
};

/* What a range really allows. */
static inline uint32_t road_gpu_range_rights(const struct road_gpu_range *range)
{
	uint32_t flags = range->flags & ROAD_GPU_RANGE_POISONED
				 ? range->flags >> ROAD_GPU_RANGE_RIGHTS_SHIFT
				 : range->flags;

	return flags & ROAD_GPU_RANGE_RIGHTS;
}

/* The range that holds this address, or NULL. */
static inline const struct road_gpu_range *
road_gpu_ranges_find(const struct road_gpu_ranges *ranges, uint64_t va)
{
	uint32_t low = 0, high = ranges->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const struct road_gpu_range *range = &ranges->range[middle];

		if (va < range->va)
			high = middle;
		else if (va - range->va >= range->bytes)
			low = middle + 1;
		else
			return range;
	}
	return NULL;
}

/* True if [va, va + bytes) lies in the range; bytes >= 1. */
static inline int road_gpu_range_holds(const struct road_gpu_range *range, uint64_t va,
				       uint64_t bytes)
{
	return range && va >= range->va && va - range->va < range->bytes &&
	       range->bytes - (va - range->va) >= bytes;
}

/* An access that a range's flags do not allow: does its poison forbid it, or its rights? What is
 * written is sound from now on. */
enum road_gpu_fault road_gpu_range_poisoned(const struct road_gpu_ranges *ranges,
					    const struct road_gpu_range *range, uint64_t va,
					    uint64_t bytes, uint32_t right);

#endif
