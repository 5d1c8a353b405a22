/* SPDX-License-Identifier: Apache-2.0 */
#include "simulators/memory/ranges.h"

#include <stdlib.h>

struct limits {
	uint64_t memory_bytes, scratch, scratch_bytes;
};

static const char *check_scratch(const struct road_range *range, const struct limits *limits)
{
	if (range->pa || range->flags & ROAD_RANGE_SYSTEM)
		return "is a window of scratchpads and lies elsewhere, too";
	if (range->va < limits->scratch || range->va - limits->scratch > limits->scratch_bytes ||
	    range->bytes > limits->scratch_bytes - (range->va - limits->scratch))
		return "leaves the scratchpads";
	return NULL;
}

/* What is wrong with a range; NULL: nothing. `end` is where the one before it ends. */
static const char *check_range(const struct road_range *range, uint64_t end,
			       const struct limits *limits)
{
	const uint32_t rights = ROAD_RANGE_READ | ROAD_RANGE_WRITE;
	const uint32_t place =
		limits->scratch_bytes ? ROAD_RANGE_SYSTEM | ROAD_RANGE_SCRATCH : ROAD_RANGE_SYSTEM;

	if (range->reserved || range->flags & ~(rights | place))
		return "has unknown flags or a reserved field that is not 0";
	if (!(range->flags & rights))
		return "can be neither read nor written";
	if (!range->bytes || range->va + range->bytes < range->va)
		return "is empty or wraps";
	if (range->va < end)
		return "is not above the one before it, or in the unmapped first bytes";
	if (range->flags & ROAD_RANGE_SCRATCH)
		return check_scratch(range, limits);
	if (range->pa + range->bytes < range->pa)
		return "wraps on the bus";
	if (!(range->flags & ROAD_RANGE_SYSTEM) &&
	    (range->pa > limits->memory_bytes || range->bytes > limits->memory_bytes - range->pa))
		return "leaves the chip's memory";
	return NULL;
}

static bool check(struct sim_env *env, uint32_t function, const struct sim_ranges *ranges,
		  const struct limits *limits)
{
	uint64_t end = ROAD_RANGE_UNMAPPED;

	for (uint32_t i = 0; i < ranges->count; i++) {
		const struct road_range *range = &ranges->range[i];
		const char *wrong = check_range(range, end, limits);

		if (wrong) {
			sim_violation(env, function, "range %u at va 0x%llx %s", i,
				      (unsigned long long)range->va, wrong);
			return false;
		}
		end = range->va + range->bytes;
	}
	return true;
}

struct sim_ranges *sim_ranges_read(struct sim_env *env, uint32_t function, uint64_t iova,
				   uint64_t count, uint64_t memory_bytes, uint64_t scratch,
				   uint64_t scratch_bytes)
{
	const struct limits limits = {memory_bytes, scratch, scratch_bytes};
	struct sim_ranges *ranges;

	if (count > ROAD_RANGES_MAX) {
		sim_violation(env, function, "a table of %llu ranges, allowed: up to %u",
			      (unsigned long long)count, ROAD_RANGES_MAX);
		return NULL;
	}
	ranges = malloc(sizeof(*ranges) + count * sizeof(struct road_range));
	if (!ranges) {
		sim_violation(env, function, "no host memory for a table of ranges");
		return NULL;
	}
	ranges->refs = 1;
	ranges->count = (uint32_t)count;
	if (count &&
	    !sim_dma_read(env, function, iova, ranges->range, count * sizeof(struct road_range)))
		sim_violation(env, function, "range table at 0x%llx is not mapped",
			      (unsigned long long)iova);
	else if (check(env, function, ranges, &limits))
		return ranges;
	free(ranges);
	return NULL;
}

struct sim_ranges *sim_ranges_get(struct sim_ranges *ranges)
{
	if (ranges)
		ranges->refs++;
	return ranges;
}

void sim_ranges_put(struct sim_ranges *ranges)
{
	if (ranges && !--ranges->refs)
		free(ranges);
}

const struct road_range *sim_ranges_find(const struct sim_ranges *ranges, uint64_t va,
					 uint64_t bytes)
{
	uint32_t low = 0, high = ranges ? ranges->count : 0;
	const struct road_range *range;

	while (low < high) { /* the last range that begins at or below this address */
		uint32_t middle = low + (high - low) / 2;

		if (ranges->range[middle].va <= va)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return NULL;
	range = &ranges->range[low - 1];
	if (va - range->va > range->bytes || bytes > range->bytes - (va - range->va))
		return NULL;
	return range;
}
