/* SPDX-License-Identifier: Apache-2.0 */
/* The device's memory is the library's; the host's is the bus's, made known to the library. */
#include "drivers/fakert/fakert.h"

static road_status heap(struct road_drv_device *dev, uint32_t index, struct road_heap_info *out)
{
	struct fakert *f = dev->data;
	struct fakert_stay stay;
	size_t left = 0, total = 0;
	road_status status;

	if (index > 1)
		return road_drv_errorf(ROAD_NOT_FOUND, "road_device_heap", "no heap %u", index);
	*out = (struct road_heap_info){.size = sizeof(*out), .coherent = 1};
	if (index) {
		struct road_dma_limits limits;

		f->bus->ops->dma_limits(f->bus, &limits);
		out->kind = ROAD_HEAP_HOST;
		out->host_visible = 1;
		out->granule_bytes = limits.granule;
		out->used_bytes = atomic_load(&f->host_bytes);
		return ROAD_OK;
	}
	out->kind = ROAD_HEAP_DEVICE;
	out->granule_bytes = FAKERT_GRANULE;
	status = fakert_enter(f, &stay);
	if (!status) {
		status = fakert_status(f, f->rt.MemGetInfo(&left, &total), "frtMemGetInfo");
		fakert_leave(f, &stay);
	}
	out->bytes = total;
	out->used_bytes = total - left;
	return status;
}

/* Whatever the memory's last owner left there goes. */
static road_status wipe(struct fakert *f, void *memory, uint64_t bytes)
{
	road_status settled;

	pthread_mutex_lock(&f->wipe_lock);
	road_status status =
		fakert_status(f, f->rt.MemsetAsync(memory, 0, bytes, f->wiper), "frtMemsetAsync");

	settled = fakert_settle(f, f->wiper);
	if (!status && !settled)
		status = fakert_status(f, f->rt.StreamQuery(f->wiper), "frtStreamQuery");
	pthread_mutex_unlock(&f->wipe_lock);
	return status ? status : settled;
}

static uint64_t round_up(uint64_t value, uint64_t to)
{
	return (value + to - 1) & ~(to - 1);
}

/* The library's alignment is what it is: more is asked for, and the start moved. */
static road_status alloc_device(struct fakert *f, struct road_drv_buffer *buffer)
{
	uint64_t extra = buffer->alignment > FAKERT_GRANULE ? buffer->alignment : 0;
	void *memory;
	road_status status =
		fakert_status(f, f->rt.Malloc(&memory, buffer->bytes + extra), "frtMalloc");

	if (status)
		return status;
	status = wipe(f, memory, buffer->bytes + extra);
	if (status) {
		if (!atomic_load(&f->given_up))
			(void)f->rt.Free(memory);
		return status;
	}
	buffer->data = memory;
	buffer->address = (uint64_t)(uintptr_t)memory;
	if (extra)
		buffer->address = round_up(buffer->address, extra);
	return ROAD_OK;
}

/* Memory at dma.host, of whoever: the device's kernels reach it from here on. */
static road_status show(struct fakert *f, struct road_drv_buffer *buffer, uint64_t bytes)
{
	road_status status =
		fakert_status(f, f->rt.HostRegister(buffer->dma.host, bytes, 0), "frtHostRegister");

	if (status)
		return status;
	buffer->data = buffer->dma.host;
	buffer->host = buffer->dma.host;
	buffer->address = (uint64_t)(uintptr_t)buffer->host;
	buffer->dma.iova.value = buffer->address;
	buffer->dma.coherent = true;
	atomic_fetch_add(&f->host_bytes, buffer->bytes);
	return ROAD_OK;
}

/* The bus's memory has a descriptor, and so can be exported; frtMallocHost's has none. */
static road_status alloc_host(struct fakert *f, struct road_drv_buffer *buffer)
{
	struct road_dma_limits limits;

	f->bus->ops->dma_limits(f->bus, &limits);
	uint64_t extra = buffer->alignment > limits.granule ? buffer->alignment : 0;
	road_status status = f->bus->ops->dma_alloc(f->bus, buffer->bytes + extra, &buffer->dma);

	if (status)
		return status;
	status = show(f, buffer, buffer->bytes + extra);
	if (status) {
		f->bus->ops->dma_free(f->bus, &buffer->dma);
		return status;
	}
	if (extra) {
		buffer->address = round_up(buffer->address, extra);
		buffer->host = (void *)(uintptr_t)buffer->address;
	}
	return ROAD_OK;
}

static road_status alloc(struct road_drv_buffer *buffer)
{
	struct fakert *f = buffer->space->dev->data;
	struct fakert_stay stay;
	road_status status;

	if (buffer->heap == ROAD_HEAP_DEVICE_VISIBLE)
		return road_drv_error(ROAD_UNSUPPORTED, "the host sees no memory of the device",
				      "road_buffer_create: options.heap", "device visible",
				      "device, host");
	status = fakert_enter(f, &stay);
	if (status)
		return status;
	status = buffer->heap == ROAD_HEAP_HOST ? alloc_host(f, buffer) : alloc_device(f, buffer);
	fakert_leave(f, &stay);
	return status;
}

static road_status import(struct road_drv_buffer *buffer)
{
	struct fakert *f = buffer->space->dev->data;
	struct fakert_stay stay;
	road_status status = fakert_enter(f, &stay);

	if (!status) {
		status = show(f, buffer, buffer->bytes);
		fakert_leave(f, &stay);
	}
	return status;
}

/* What frtDeviceReset took away may be somebody else's by now. */
static void free_buffer(struct road_drv_buffer *buffer)
{
	struct fakert *f = buffer->space->dev->data;
	struct fakert_stay stay;
	const bool there = !atomic_load(&f->given_up), host = buffer->heap == ROAD_HEAP_HOST;

	(void)fakert_enter(f, &stay);
	if (there)
		(void)(host ? f->rt.HostUnregister(buffer->data) : f->rt.Free(buffer->data));
	fakert_leave(f, &stay);
	if (!host)
		return;
	atomic_fetch_sub(&f->host_bytes, buffer->bytes);
	if (buffer->dma.fd >= 0) /* else imported: the core's */
		f->bus->ops->dma_free(f->bus, &buffer->dma);
}

const struct road_memory_ops fakert_memory_ops = {
	.heap = heap,
	.alloc = alloc,
	.free = free_buffer,
	.import = import,
};
