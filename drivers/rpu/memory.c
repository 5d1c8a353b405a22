/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory. Device memory: physical ranges that the host cannot see. Host memory: from the bus.
 * Both lie at device addresses of their own, from below, so that kernels reach them with 32 bits.
 * Below these are the scratchpads: one address means that place in each tile's. Ranges that were
 * handed out before are cleared first.
 */
#include <stdlib.h>

#include "drivers/rpu/rpu.h"

enum { RW = ROAD_RANGE_READ | ROAD_RANGE_WRITE };

static struct rpu *rpu_of(const struct road_drv_buffer *buffer)
{
	return buffer->space->dev->data;
}

static struct road_range_table *table_of(const struct road_drv_buffer *buffer)
{
	return ((struct rpu_context *)buffer->space->data)->table;
}

/* ---- addresses: a page stays free behind each range ---- */

static road_status take_address(struct rpu *rpu, uint64_t bytes, uint64_t alignment, uint64_t *out)
{
	bool fresh;

	pthread_mutex_lock(&rpu->heap_lock);
	road_status status =
		road_ranges_alloc(rpu->addresses, bytes + RPU_PAGE,
				  alignment > RPU_PAGE ? alignment : RPU_PAGE, out, &fresh);

	pthread_mutex_unlock(&rpu->heap_lock);
	return status;
}

static void give_address(struct rpu *rpu, uint64_t va, uint64_t bytes)
{
	pthread_mutex_lock(&rpu->heap_lock);
	road_ranges_free(rpu->addresses, va, bytes + RPU_PAGE);
	pthread_mutex_unlock(&rpu->heap_lock);
}

/* ---- device memory ---- */

static void give(struct rpu *rpu, const struct rpu_memory *memory)
{
	pthread_mutex_lock(&rpu->heap_lock);
	road_ranges_free(rpu->heap, memory->pa, memory->bytes);
	pthread_mutex_unlock(&rpu->heap_lock);
}

road_status rpu_memory_alloc(struct rpu_context *context, uint64_t bytes, uint64_t alignment,
			     uint32_t rights, struct rpu_memory *out)
{
	struct rpu *rpu = context->rpu;
	struct rpu_memory memory = {.context = context, .bytes = bytes};
	bool fresh = false;

	pthread_mutex_lock(&rpu->heap_lock);
	road_status status = road_ranges_alloc(rpu->heap, bytes, alignment, &memory.pa, &fresh);

	pthread_mutex_unlock(&rpu->heap_lock);
	if (status)
		return status;
	status = take_address(rpu, bytes, alignment, &memory.va);
	if (status)
		goto give;
	const struct road_range_entry range = {
		.va = memory.va, .bytes = bytes, .pa = memory.pa, .flags = rights};

	status = road_range_table_map(context->table, &range);
	if (status)
		goto release;
	if (!fresh || !rpu->clean)
		status = road_streams_zero(rpu->streams, context, memory.va, bytes);
	if (status)
		goto unmap;
	*out = memory;
	return ROAD_OK;
unmap:
	road_range_table_unmap(context->table, memory.va);
release:
	give_address(rpu, memory.va, bytes);
give:
	give(rpu, &memory);
	return status;
}

road_status rpu_memory_room(struct rpu *rpu, uint64_t bytes)
{
	uint64_t start;
	bool fresh;

	pthread_mutex_lock(&rpu->heap_lock);
	road_status status = road_ranges_alloc(rpu->heap, bytes, 0, &start, &fresh);

	if (!status)
		road_ranges_free(rpu->heap, start, bytes);
	pthread_mutex_unlock(&rpu->heap_lock);
	return status;
}

void rpu_memory_free(struct rpu_memory *memory)
{
	road_range_table_unmap(memory->context->table, memory->va);
	give_address(memory->context->rpu, memory->va, memory->bytes);
	give(memory->context->rpu, memory);
}

static road_status alloc_device(struct road_drv_buffer *buffer, uint32_t rights)
{
	struct rpu_memory *memory = malloc(sizeof(*memory));

	if (!memory)
		return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for a buffer",
				      "road_buffer_create", NULL, NULL);
	road_status status = rpu_memory_alloc(buffer->space->data, buffer->bytes, buffer->alignment,
					      rights, memory);

	if (status) {
		free(memory);
		return status;
	}
	buffer->address = memory->va;
	buffer->data = memory;
	return ROAD_OK;
}

/* ---- scratchpads ---- */

static void give_scratch(struct rpu *rpu, uint64_t address, uint64_t bytes)
{
	pthread_mutex_lock(&rpu->heap_lock);
	road_ranges_free(rpu->scratch, address, bytes);
	pthread_mutex_unlock(&rpu->heap_lock);
}

road_status rpu_scratch_reserve(struct rpu *rpu, uint64_t bytes)
{
	uint64_t start = ROAD_RPU_SPM_BASE;
	road_status status = ROAD_OK;
	bool fresh;

	pthread_mutex_lock(&rpu->heap_lock);
	if (rpu->scratch_reserved)
		road_ranges_free(rpu->scratch, ROAD_RPU_SPM_BASE, rpu->scratch_reserved);
	if (bytes) /* the first place that there is: the begin, or some buffer has it */
		status = road_ranges_alloc(rpu->scratch, bytes, 0, &start, &fresh);
	if (!status && start != ROAD_RPU_SPM_BASE)
		road_ranges_free(rpu->scratch, start, bytes);
	if (status || start != ROAD_RPU_SPM_BASE) {
		if (rpu->scratch_reserved)
			(void)road_ranges_alloc(rpu->scratch, rpu->scratch_reserved, 0, &start,
						&fresh);
		status = ROAD_NO_SPACE;
	} else {
		rpu->scratch_reserved = bytes;
	}
	pthread_mutex_unlock(&rpu->heap_lock);
	if (status)
		return road_drv_errorf(status, "road_config_create",
				       "the image claims the first %llu bytes of scratchpads, and "
				       "buffers of ROAD_HEAP_SCRATCH lie there",
				       (unsigned long long)bytes);
	return ROAD_OK;
}

/* Always cleared, in all tiles: kernels write there without asking. Nobody else has this range: it
 * is no other buffer's, of whichever space and region, and images claim others. The chip is told of
 * it as a window of the space's context: kernels and entries of other spaces do not reach it, and
 * copies and fills, which need no region, no more than their buffers. */
static road_status alloc_scratch(struct road_drv_buffer *buffer, uint32_t rights)
{
	struct rpu *rpu = rpu_of(buffer);
	bool fresh;

	pthread_mutex_lock(&rpu->heap_lock);
	road_status status = road_ranges_alloc(rpu->scratch, buffer->bytes, buffer->alignment,
					       &buffer->address, &fresh);

	pthread_mutex_unlock(&rpu->heap_lock);
	if (status)
		return status;
	const struct road_range_entry range = {.va = buffer->address,
					       .bytes = buffer->bytes,
					       .flags = rights | ROAD_RANGE_SCRATCH};

	status = road_range_table_map(table_of(buffer), &range);
	if (status)
		goto give;
	status = road_streams_zero(rpu->streams, buffer->space->data, buffer->address,
				   buffer->bytes);
	if (status)
		goto unmap;
	return ROAD_OK;
unmap:
	road_range_table_unmap(table_of(buffer), buffer->address);
give:
	give_scratch(rpu, buffer->address, buffer->bytes);
	return status;
}

/* ---- host memory ---- */

static road_status map_host(struct road_drv_buffer *buffer, uint32_t rights)
{
	struct rpu *rpu = rpu_of(buffer);
	uint64_t va;
	road_status status = take_address(rpu, buffer->bytes, buffer->alignment, &va);

	if (status)
		return status;
	const struct road_range_entry range = {
		.va = va,
		.bytes = buffer->bytes,
		.pa = road_host_memory_iova(buffer),
		.flags = rights | ROAD_RANGE_SYSTEM,
	};

	status = road_range_table_map(table_of(buffer), &range);
	if (status)
		give_address(rpu, va, buffer->bytes);
	else
		buffer->address = va;
	return status;
}

static road_status alloc_host(struct road_drv_buffer *buffer, uint32_t rights)
{
	road_status status = road_host_memory_alloc(buffer);

	if (status)
		return status;
	status = map_host(buffer, rights);
	if (status)
		road_host_memory_free(buffer);
	return status;
}

static road_status import(struct road_drv_buffer *buffer)
{
	road_status status = road_host_memory_import(buffer);

	if (status)
		return status;
	status = map_host(buffer, RW);
	if (status)
		road_host_memory_free(buffer);
	return status;
}

/* ---- the table ---- */

static road_status alloc(struct road_drv_buffer *buffer)
{
	uint32_t rights = buffer->flags & ROAD_BUFFER_READ_ONLY ? ROAD_RANGE_READ : RW;

	if (buffer->heap == ROAD_HEAP_HOST)
		return alloc_host(buffer, rights);
	if (buffer->heap == ROAD_HEAP_DEVICE)
		return alloc_device(buffer, rights);
	if (buffer->heap == ROAD_HEAP_SCRATCH)
		return alloc_scratch(buffer, rights);
	return road_drv_error(ROAD_UNSUPPORTED, "no device memory is visible to the host",
			      "road_buffer_create: options.heap", "ROAD_HEAP_DEVICE_VISIBLE",
			      "see road_device_heap");
}

static void free_buffer(struct road_drv_buffer *buffer)
{
	if (buffer->heap == ROAD_HEAP_SCRATCH) {
		road_range_table_unmap(table_of(buffer), buffer->address);
		give_scratch(rpu_of(buffer), buffer->address, buffer->bytes);
		return;
	}
	if (buffer->heap != ROAD_HEAP_HOST) {
		rpu_memory_free(buffer->data);
		free(buffer->data);
		return;
	}
	road_range_table_unmap(table_of(buffer), buffer->address);
	give_address(rpu_of(buffer), buffer->address, buffer->bytes);
	road_host_memory_free(buffer);
}

static uint64_t used(struct rpu *rpu, const struct road_ranges *ranges)
{
	pthread_mutex_lock(&rpu->heap_lock);
	uint64_t bytes = road_ranges_used(ranges);

	pthread_mutex_unlock(&rpu->heap_lock);
	return bytes;
}

static road_status heap(struct road_drv_device *dev, uint32_t index, struct road_heap_info *out)
{
	struct rpu *rpu = dev->data;

	*out = (struct road_heap_info){.size = sizeof(*out), .coherent = 1};
	switch (index) {
	case 0:
		out->kind = ROAD_HEAP_DEVICE;
		out->bytes = rpu->params.memory_bytes;
		out->used_bytes = used(rpu, rpu->heap);
		out->granule_bytes = RPU_PAGE;
		return ROAD_OK;
	case 1: road_host_memory_heap(rpu->bus, out); return ROAD_OK;
	case 2:
		out->kind = ROAD_HEAP_SCRATCH;
		out->bytes = rpu->params.spm_bytes;
		out->used_bytes = used(rpu, rpu->scratch);
		out->granule_bytes = RPU_SCRATCH_GRANULE;
		return ROAD_OK;
	default: return road_drv_errorf(ROAD_NOT_FOUND, "road_device_heap", "no heap %u", index);
	}
}

const struct road_memory_ops rpu_memory_ops = {
	.heap = heap,
	.alloc = alloc,
	.free = free_buffer,
	.map = road_host_memory_map,
	.sync = road_host_memory_sync,
	.import = import,
};
