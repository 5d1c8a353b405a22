/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Contexts, the chip's address spaces: the range table of each lies in DMA memory, sorted. The chip
 * reads it while CONTEXT_OPEN takes effect and then only, so it may be changed in place after a
 * read came back.
 */
#include <stdlib.h>
#include <string.h>

#include "drivers/dsa/dsa.h"

enum { FIRST_ROOM = 128 }; /* ranges: one page */

static struct road_dsa_range *ranges_of(const struct dsa_context *context)
{
	return context->table.host;
}

/* The first range that starts at or above va. */
static uint32_t lower_bound(const struct dsa_context *context, uint64_t va)
{
	uint32_t low = 0, high = context->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (ranges_of(context)[middle].va < va)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Under the lock. */
static road_status tell(struct dsa_context *context, enum road_dsa_context_command command)
{
	struct dsa *dsa = context->dsa;
	uint64_t bytes = (uint64_t)context->count * sizeof(struct road_dsa_range);

	if (bytes)
		dsa->bus->ops->dma_sync(dsa->bus, &context->table, 0, bytes, ROAD_DMA_TO_DEVICE);
	pthread_mutex_lock(&dsa->reg_lock);
	dsa_write32(dsa, ROAD_DSA_REG_CONTEXT_SELECT, context->index);
	dsa_write64(dsa, ROAD_DSA_REG_CONTEXT_TABLE64, context->table.iova.value);
	dsa_write32(dsa, ROAD_DSA_REG_CONTEXT_COUNT, context->count);
	dsa_write32(dsa, ROAD_DSA_REG_CONTEXT_COMMAND, command);
	(void)dsa_read32(dsa, ROAD_DSA_REG_STATUS); /* pushes the writes */
	pthread_mutex_unlock(&dsa->reg_lock);
	return dsa_alive(dsa, "address space");
}

/* Under the lock. A larger table; the old one serves until the chip was told the new. */
static road_status grow(struct dsa_context *context, struct road_dma *old)
{
	struct road_bus *bus = context->dsa->bus;
	uint32_t room = context->room ? context->room * 2 : FIRST_ROOM;
	struct road_dma table;

	if (room > ROAD_DSA_RANGES_MAX)
		return road_drv_errorf(ROAD_NO_SPACE, "address space",
				       "the chip takes no more than %u ranges",
				       ROAD_DSA_RANGES_MAX);
	road_status status = bus->ops->dma_alloc(bus, room * sizeof(struct road_dsa_range), &table);

	if (status)
		return status;
	if (context->count)
		memcpy(table.host, context->table.host,
		       context->count * sizeof(struct road_dsa_range));
	*old = context->table;
	context->table = table;
	context->room = room;
	return ROAD_OK;
}

static void insert(struct dsa_context *context, const struct road_dsa_range *range)
{
	uint32_t at = lower_bound(context, range->va);
	struct road_dsa_range *slot = ranges_of(context) + at;

	memmove(slot + 1, slot, (context->count - at) * sizeof(*slot));
	*slot = *range;
	context->count++;
}

static struct road_dsa_range *find(const struct dsa_context *context, uint64_t va)
{
	uint32_t at = lower_bound(context, va);
	struct road_dsa_range *slot = ranges_of(context) + at;

	return at < context->count && slot->va == va ? slot : NULL;
}

static void cut(struct dsa_context *context, uint64_t va)
{
	struct road_dsa_range *slot = find(context, va);

	if (!slot)
		return;
	context->count--;
	memmove(slot, slot + 1,
		(size_t)(ranges_of(context) + context->count - slot) * sizeof(*slot));
}

road_status dsa_context_map(struct dsa_context *context, const struct road_dsa_range *range)
{
	struct road_bus *bus = context->dsa->bus;
	struct road_dma old = {.host = NULL};
	road_status status = ROAD_OK;

	pthread_mutex_lock(&context->lock);
	if (context->count == context->room)
		status = grow(context, &old);
	if (!status) {
		insert(context, range);
		status = tell(context, ROAD_DSA_CONTEXT_OPEN);
		if (status)
			cut(context, range->va);
	}
	pthread_mutex_unlock(&context->lock);
	if (old.host)
		bus->ops->dma_free(bus, &old);
	return status;
}

road_status dsa_context_protect(struct dsa_context *context, uint64_t va, uint32_t rights)
{
	road_status status = ROAD_OK;

	pthread_mutex_lock(&context->lock);
	struct road_dsa_range *range = find(context, va);

	if (range) {
		range->flags = rights | (range->flags & ROAD_DSA_RANGE_SYSTEM);
		status = tell(context, ROAD_DSA_CONTEXT_OPEN);
	}
	pthread_mutex_unlock(&context->lock);
	return status;
}

void dsa_context_unmap(struct dsa_context *context, uint64_t va)
{
	pthread_mutex_lock(&context->lock);
	cut(context, va);
	(void)tell(context, ROAD_DSA_CONTEXT_OPEN); /* a lost device maps nothing either */
	pthread_mutex_unlock(&context->lock);
}

road_status dsa_context_restore(struct dsa_context *context)
{
	pthread_mutex_lock(&context->lock);
	road_status status = tell(context, ROAD_DSA_CONTEXT_OPEN);

	pthread_mutex_unlock(&context->lock);
	return status;
}

/* ---- opening and closing ---- */

static road_status take_index(struct dsa *dsa, struct dsa_context *context)
{
	uint32_t index = 0;

	pthread_mutex_lock(&dsa->table_lock);
	while (index < dsa->params.contexts && dsa->contexts[index])
		index++;
	if (index < dsa->params.contexts) {
		dsa->contexts[index] = context;
		context->index = index;
	}
	pthread_mutex_unlock(&dsa->table_lock);
	if (index == dsa->params.contexts)
		return road_drv_errorf(ROAD_NO_SPACE, "road_space_create",
				       "all %u address spaces of the chip are in use", index);
	return ROAD_OK;
}

static void give_index(struct dsa_context *context)
{
	struct dsa *dsa = context->dsa;

	pthread_mutex_lock(&dsa->table_lock);
	dsa->contexts[context->index] = NULL;
	pthread_mutex_unlock(&dsa->table_lock);
}

static void destroy(struct dsa_context *context)
{
	struct road_bus *bus = context->dsa->bus;

	if (context->table.host)
		bus->ops->dma_free(bus, &context->table);
	pthread_mutex_destroy(&context->lock);
	free(context);
}

road_status dsa_context_create(struct dsa *dsa, struct dsa_context **out)
{
	struct dsa_context *context = calloc(1, sizeof(*context));
	struct road_dma none;
	road_status status;

	if (!context)
		return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for an address space",
				      "road_space_create", NULL, NULL);
	context->dsa = dsa;
	pthread_mutex_init(&context->lock, NULL);
	status = grow(context, &none);
	if (status)
		goto destroy;
	status = take_index(context->dsa, context);
	if (status)
		goto destroy;
	status = dsa_context_restore(context);
	if (status)
		goto give_index;
	*out = context;
	return ROAD_OK;
give_index:
	give_index(context);
destroy:
	destroy(context);
	return status;
}

road_status dsa_context_open(struct road_drv_space *drv)
{
	struct dsa_context *context;
	road_status status = dsa_context_create(drv->dev->data, &context);

	if (!status)
		drv->data = context;
	return status;
}

void dsa_context_destroy(struct dsa_context *context)
{
	struct dsa *dsa = context->dsa;

	pthread_mutex_lock(&dsa->life_lock);
	dsa_service_leave(context);
	pthread_mutex_lock(&context->lock);
	(void)tell(context, ROAD_DSA_CONTEXT_CLOSE);
	pthread_mutex_unlock(&context->lock);
	give_index(context);
	pthread_mutex_unlock(&dsa->life_lock);
	destroy(context);
}

void dsa_context_close(struct road_drv_space *drv)
{
	dsa_context_destroy(drv->data);
	drv->data = NULL;
}
