/* SPDX-License-Identifier: Apache-2.0 */
/* First-fit allocation of ranges: a sorted array of free ones, neighbours merged. */
#include <stdlib.h>
#include <string.h>

#include <roadbed-driver/driver.h>

struct range {
	uint64_t start, bytes;
};

struct road_ranges {
	uint64_t base, bytes, granule;
	uint64_t used;
	uint64_t fresh_from; /* nothing at or above was ever handed out */
	struct range *free;
	size_t count, room;
	size_t live; /* ranges handed out */
};

/* Room for every free range that there can be once one more is handed out, so that freeing needs
 * no memory. */
static bool make_room(struct road_ranges *ranges)
{
	if (ranges->live + 2 < ranges->room)
		return true;
	size_t room = ranges->room ? ranges->room * 2 : 16;
	struct range *grown = realloc(ranges->free, room * sizeof(*grown));

	if (!grown)
		return false;
	ranges->free = grown;
	ranges->room = room;
	return true;
}

road_status road_ranges_create(uint64_t base, uint64_t bytes, uint64_t granule,
			       struct road_ranges **out)
{
	struct road_ranges *ranges;

	if (!granule || granule & (granule - 1) || base % granule || base + bytes < base)
		return road_drv_errorf(ROAD_INVALID_ARGUMENT, "road_ranges_create",
				       "granule %llu is no power of two that divides base %llx",
				       (unsigned long long)granule, (unsigned long long)base);
	ranges = calloc(1, sizeof(*ranges));
	if (!ranges || !make_room(ranges)) {
		free(ranges);
		return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for an allocator",
				      "road_ranges_create", NULL, NULL);
	}
	*ranges = (struct road_ranges){.base = base,
				       .bytes = bytes,
				       .granule = granule,
				       .fresh_from = base,
				       .free = ranges->free,
				       .room = ranges->room};
	if (bytes >= granule)
		ranges->free[ranges->count++] = (struct range){base, bytes & ~(granule - 1)};
	*out = ranges;
	return ROAD_OK;
}

void road_ranges_destroy(struct road_ranges *ranges)
{
	if (ranges)
		free(ranges->free);
	free(ranges);
}

static uint64_t round_up(uint64_t value, uint64_t to)
{
	return (value + to - 1) & ~(to - 1);
}

/* Cuts [start, start + bytes) out of free range `at`; there is room for one more. */
static void cut(struct road_ranges *ranges, size_t at, uint64_t start, uint64_t bytes)
{
	struct range *range = &ranges->free[at];
	uint64_t before = start - range->start, after = range->bytes - before - bytes;

	if (before && after) {
		memmove(range + 2, range + 1, (ranges->count - at - 1) * sizeof(*range));
		ranges->count++;
		range->bytes = before;
		range[1] = (struct range){start + bytes, after};
	} else if (before) {
		range->bytes = before;
	} else if (after) {
		*range = (struct range){start + bytes, after};
	} else {
		memmove(range, range + 1, (ranges->count - at - 1) * sizeof(*range));
		ranges->count--;
	}
}

road_status road_ranges_alloc(struct road_ranges *ranges, uint64_t bytes, uint64_t alignment,
			      uint64_t *start, bool *fresh)
{
	uint64_t align = alignment > ranges->granule ? alignment : ranges->granule;

	if (!bytes || bytes > ranges->bytes)
		goto full;
	bytes = round_up(bytes, ranges->granule);
	if (!make_room(ranges))
		return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for an allocation",
				      "road_ranges_alloc", NULL, NULL);
	for (size_t i = 0; i < ranges->count; i++) {
		const struct range *range = &ranges->free[i];
		uint64_t at = round_up(range->start, align), skip = at - range->start;

		if (at < range->start || skip > range->bytes || range->bytes - skip < bytes)
			continue;
		cut(ranges, i, at, bytes);
		ranges->used += bytes;
		ranges->live++;
		*start = at;
		if (fresh)
			*fresh = at >= ranges->fresh_from;
		if (at + bytes > ranges->fresh_from)
			ranges->fresh_from = at + bytes;
		return ROAD_OK;
	}
full:
	return road_drv_errorf(ROAD_OUT_OF_DEVICE_MEMORY, "road_ranges_alloc",
			       "no free range of %llu bytes (%llu of %llu used)",
			       (unsigned long long)bytes, (unsigned long long)ranges->used,
			       (unsigned long long)ranges->bytes);
}

void road_ranges_free(struct road_ranges *ranges, uint64_t start, uint64_t bytes)
{
	size_t at = 0, high = ranges->count;

	bytes = round_up(bytes, ranges->granule);
	while (at < high) {
		size_t middle = at + (high - at) / 2;

		if (ranges->free[middle].start > start)
			high = middle;
		else
			at = middle + 1;
	}
	ranges->used -= bytes;
	ranges->live--;
	bool joins_left = at && ranges->free[at - 1].start + ranges->free[at - 1].bytes == start;
	bool joins_right = at < ranges->count && start + bytes == ranges->free[at].start;

	if (joins_left && joins_right) {
		ranges->free[at - 1].bytes += bytes + ranges->free[at].bytes;
		memmove(ranges->free + at, ranges->free + at + 1,
			(ranges->count - at - 1) * sizeof(*ranges->free));
		ranges->count--;
	} else if (joins_left) {
		ranges->free[at - 1].bytes += bytes;
	} else if (joins_right) {
		ranges->free[at] = (struct range){start, bytes + ranges->free[at].bytes};
	} else {
		memmove(ranges->free + at + 1, ranges->free + at,
			(ranges->count - at) * sizeof(*ranges->free));
		ranges->free[at] = (struct range){start, bytes};
		ranges->count++;
	}
}

uint64_t road_ranges_used(const struct road_ranges *ranges)
{
	return ranges->used;
}
