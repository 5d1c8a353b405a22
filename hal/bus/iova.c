/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/bus/iova.h"

#include <stdlib.h>
#include <string.h>

#include "hal/core/error.h"

enum { PAGE = 4096 };
#define MASK_47 ((UINT64_C(1) << 47) - 1)

void road_iova_init(struct road_iova_table *table, uint64_t mask)
{
	memset(table, 0, sizeof(*table));
	pthread_mutex_init(&table->lock, NULL);
	table->first = table->cursor = 16 * PAGE;
	atomic_init(&table->removals, 1);
	table->mask = mask < MASK_47 ? mask : MASK_47;
}

void road_iova_limit(struct road_iova_table *table, uint64_t mask)
{
	table->mask = mask < table->mask ? mask : table->mask;
}

void road_iova_free(struct road_iova_table *table)
{
	free(table->ranges);
	pthread_mutex_destroy(&table->lock);
}

/* The first range that ends above `iova`. */
static size_t find(const struct road_iova_table *table, uint64_t iova)
{
	size_t low = 0, high = table->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (table->ranges[middle].iova + table->ranges[middle].bytes > iova)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* A gap for `span` bytes at or above `from`; false: none below the mask. */
static bool gap(const struct road_iova_table *table, uint64_t from, uint64_t span, uint64_t *out,
		size_t *at)
{
	uint64_t start = from;
	size_t i = find(table, start);

	for (;; i++) {
		if (start > table->mask || span - 1 > table->mask - start)
			return false;
		if (i == table->count || start + span <= table->ranges[i].iova)
			break;
		start = (table->ranges[i].iova + table->ranges[i].bytes + PAGE - 1) &
			~(uint64_t)(PAGE - 1);
	}
	*out = start;
	*at = i;
	return true;
}

static bool make_room(struct road_iova_table *table)
{
	if (table->count < table->room)
		return true;
	size_t room = table->room ? table->room * 2 : 32;
	struct road_iova_range *ranges = realloc(table->ranges, room * sizeof(*ranges));

	if (!ranges)
		return false;
	table->ranges = ranges;
	table->room = room;
	return true;
}

/* Under the lock, with room. */
static void insert(struct road_iova_table *table, size_t at, const struct road_iova_range *range)
{
	memmove(table->ranges + at + 1, table->ranges + at,
		(table->count - at) * sizeof(*table->ranges));
	table->ranges[at] = *range;
	table->count++;
}

road_status road_iova_reserve(struct road_iova_table *table, uint64_t iova, uint64_t bytes)
{
	const struct road_iova_range range = {iova, bytes, NULL, false};
	road_status status = ROAD_OK;

	pthread_mutex_lock(&table->lock);
	if (make_room(table))
		insert(table, find(table, iova), &range);
	else
		status = road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for a mapping", "dma_map",
				   "", "");
	pthread_mutex_unlock(&table->lock);
	return status;
}

road_status road_iova_add(struct road_iova_table *table, void *host, uint64_t bytes, bool writable,
			  road_iova *out)
{
	/* The offset in the page is kept, as an IOMMU would; a page is left free behind. */
	uint64_t in_page = (uintptr_t)host % PAGE, start;
	uint64_t span = (in_page + bytes + 2 * PAGE - 1) & ~(uint64_t)(PAGE - 1);
	road_status status = ROAD_OK;
	size_t at;

	pthread_mutex_lock(&table->lock);
	if (!make_room(table)) {
		status = road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for a mapping", "dma_map",
				   "", "");
	} else if (span < bytes || (!gap(table, table->cursor, span, &start, &at) &&
				    !gap(table, table->first, span, &start, &at))) {
		status = road_fail_u64(ROAD_NO_SPACE, "no bus addresses left below the mask",
				       "dma_map", bytes, "");
	} else {
		insert(table, at,
		       &(struct road_iova_range){start + in_page, bytes, host, writable});
		if (!table->lowest)
			table->cursor = start + span;
		out->value = start + in_page;
	}
	pthread_mutex_unlock(&table->lock);
	return status;
}

road_status road_iova_insert(struct road_iova_table *table, uint64_t iova, void *host,
			     uint64_t bytes, bool writable)
{
	road_status status = ROAD_OK;

	pthread_mutex_lock(&table->lock);
	const size_t at = find(table, iova);

	if (!bytes || iova > table->mask || bytes - 1 > table->mask - iova)
		status = road_fail_u64(ROAD_INVALID_ARGUMENT, "bus address is beyond the mask",
				       "dma_map", iova, "");
	else if (at < table->count && table->ranges[at].iova < iova + bytes)
		status = road_fail_u64(ROAD_BUSY, "bus address is mapped already", "dma_map", iova,
				       "");
	else if (!make_room(table))
		status = road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for a mapping", "dma_map",
				   "", "");
	else
		insert(table, at, &(struct road_iova_range){iova, bytes, host, writable});
	pthread_mutex_unlock(&table->lock);
	return status;
}

bool road_iova_find(struct road_iova_table *table, uint64_t iova, uint64_t bytes, void **host)
{
	pthread_mutex_lock(&table->lock);
	const size_t at = find(table, iova);
	const bool found = at < table->count && table->ranges[at].iova == iova &&
			   table->ranges[at].bytes == bytes;

	if (found)
		*host = table->ranges[at].host;
	pthread_mutex_unlock(&table->lock);
	return found;
}

void road_iova_remove(struct road_iova_table *table, road_iova iova)
{
	pthread_mutex_lock(&table->lock);
	size_t at = find(table, iova.value);

	if (at < table->count && table->ranges[at].iova == iova.value) {
		memmove(table->ranges + at, table->ranges + at + 1,
			(table->count - at - 1) * sizeof(*table->ranges));
		table->count--;
		atomic_fetch_add(&table->removals, 1);
	}
	pthread_mutex_unlock(&table->lock);
}

static bool holds(const struct road_iova_range *range, uint64_t iova)
{
	return iova >= range->iova && iova - range->iova < range->bytes;
}

/* Looks the mapping up and keeps it among the hits; false: there is none. */
static bool look_up(struct road_iova_table *table, uint64_t iova, struct road_iova_hit *hit)
{
	pthread_mutex_lock(&table->lock);
	size_t at = find(table, iova);
	bool found = at < table->count && holds(&table->ranges[at], iova);

	if (found) {
		hit->range = table->ranges[at];
		hit->removals = atomic_load_explicit(&table->removals, memory_order_relaxed);
	}
	pthread_mutex_unlock(&table->lock);
	return found;
}

void *road_iova_translate(struct road_iova_table *table, uint64_t iova, uint64_t bytes, bool write)
{
	struct road_iova_hit *hit = &table->hits[iova / PAGE % ROAD_IOVA_HITS];
	const struct road_iova_range *range = &hit->range;

	if (hit->removals != atomic_load_explicit(&table->removals, memory_order_acquire) ||
	    !holds(range, iova))
		if (!look_up(table, iova, hit))
			return NULL;
	uint64_t offset = iova - range->iova;

	return bytes <= range->bytes - offset && (range->writable || !write) ? range->host + offset
									     : NULL;
}
