/* SPDX-License-Identifier: Apache-2.0 */
/* A sorted table of ranges in DMA memory, which grows by being replaced. */
#include <roadbed-driver/range_table.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "uapi/range.h"

enum { FIRST_ROOM = 128, RIGHTS = ROAD_RANGE_READ | ROAD_RANGE_WRITE };

struct road_range_table {
	struct road_bus *bus;
	road_range_tell tell;
	void *user;
	uint32_t most, count, room;
	pthread_mutex_t lock;
	struct road_dma memory;
};

static struct road_range *ranges_of(const struct road_range_table *table)
{
	return table->memory.host;
}

/* The first range that starts at or above va. */
static uint32_t lower_bound(const struct road_range_table *table, uint64_t va)
{
	uint32_t low = 0, high = table->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (ranges_of(table)[middle].va < va)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Under the lock. */
static road_status tell(struct road_range_table *table)
{
	uint64_t bytes = (uint64_t)table->count * sizeof(struct road_range);

	if (bytes)
		table->bus->ops->dma_sync(table->bus, &table->memory, 0, bytes, ROAD_DMA_TO_DEVICE);
	return table->tell(table->user, table->memory.iova, table->count);
}

/* Under the lock. A larger table; the old one serves until the chip was told the new. */
static road_status grow(struct road_range_table *table, struct road_dma *old)
{
	uint32_t room = table->room ? table->room : FIRST_ROOM / 2;
	struct road_dma memory;

	room = room > table->most / 2 ? table->most : room * 2;
	if (room == table->room)
		return road_drv_errorf(ROAD_NO_SPACE, "address space",
				       "the chip takes no more than %u ranges", table->most);
	road_status status =
		table->bus->ops->dma_alloc(table->bus, room * sizeof(struct road_range), &memory);

	if (status)
		return status;
	if (table->count)
		memcpy(memory.host, table->memory.host, table->count * sizeof(struct road_range));
	*old = table->memory;
	table->memory = memory;
	table->room = room;
	return ROAD_OK;
}

static void insert(struct road_range_table *table, const struct road_range_entry *entry)
{
	uint32_t at = lower_bound(table, entry->va);
	struct road_range *slot = ranges_of(table) + at;

	memmove(slot + 1, slot, (table->count - at) * sizeof(*slot));
	*slot = (struct road_range){entry->va, entry->bytes, entry->pa, entry->flags, 0};
	table->count++;
}

static struct road_range *find(const struct road_range_table *table, uint64_t va)
{
	uint32_t at = lower_bound(table, va);
	struct road_range *slot = ranges_of(table) + at;

	return at < table->count && slot->va == va ? slot : NULL;
}

static void cut(struct road_range_table *table, uint64_t va)
{
	struct road_range *slot = find(table, va);

	if (!slot)
		return;
	table->count--;
	memmove(slot, slot + 1, (size_t)(ranges_of(table) + table->count - slot) * sizeof(*slot));
}

road_status road_range_table_create(struct road_bus *bus, uint32_t most, road_range_tell told,
				    void *user, struct road_range_table **out)
{
	struct road_range_table *table = calloc(1, sizeof(*table));
	struct road_dma none;
	road_status status;

	if (!table)
		return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for an address space",
				      "road_space_create", NULL, NULL);
	*table = (struct road_range_table){.bus = bus, .tell = told, .user = user, .most = most};
	pthread_mutex_init(&table->lock, NULL);
	status = grow(table, &none);
	if (status)
		road_range_table_destroy(table);
	else
		*out = table;
	return status;
}

void road_range_table_destroy(struct road_range_table *table)
{
	if (!table)
		return;
	if (table->memory.host)
		table->bus->ops->dma_free(table->bus, &table->memory);
	pthread_mutex_destroy(&table->lock);
	free(table);
}

road_status road_range_table_map(struct road_range_table *table,
				 const struct road_range_entry *entry)
{
	struct road_dma old = {.host = NULL};
	road_status status = ROAD_OK;

	pthread_mutex_lock(&table->lock);
	if (table->count == table->room)
		status = grow(table, &old);
	if (!status) {
		insert(table, entry);
		status = tell(table);
		if (status)
			cut(table, entry->va);
	}
	pthread_mutex_unlock(&table->lock);
	if (old.host)
		table->bus->ops->dma_free(table->bus, &old);
	return status;
}

road_status road_range_table_protect(struct road_range_table *table, uint64_t va, uint32_t rights)
{
	road_status status = ROAD_OK;

	pthread_mutex_lock(&table->lock);
	struct road_range *range = find(table, va);

	if (range) {
		uint32_t former = range->flags;

		range->flags = (former & ~(uint32_t)RIGHTS) | (rights & RIGHTS);
		status = tell(table);
		if (status)
			range->flags = former;
	}
	pthread_mutex_unlock(&table->lock);
	return status;
}

void road_range_table_unmap(struct road_range_table *table, uint64_t va)
{
	pthread_mutex_lock(&table->lock);
	cut(table, va);
	(void)tell(table); /* a lost device maps nothing either */
	pthread_mutex_unlock(&table->lock);
}

road_status road_range_table_restore(struct road_range_table *table)
{
	pthread_mutex_lock(&table->lock);
	road_status status = tell(table);

	pthread_mutex_unlock(&table->lock);
	return status;
}
