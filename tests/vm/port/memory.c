/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Heaps: the device's memory, with or without a mapping, and host memory, which the kernel takes by
 * its pointer. What is imported as a dma-buf becomes an object; other shared memory is host memory.
 */
#include "tests/vm/port/port.h"

#include <fcntl.h>
#include <stdlib.h>

#define PAGE UINT64_C(4096)

struct port_buffer {
	struct port_range range;
	void *mapped; /* by the node; NULL: not */
	uint64_t mapped_bytes;
	bool own_address; /* it was reserved */
};

static road_status no_memory(void)
{
	return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for a buffer", ROADBED_TEST_NAME,
			      NULL, NULL);
}

static uint64_t pages(uint64_t bytes)
{
	return (bytes + PAGE - 1) & ~(PAGE - 1);
}

/* ---- which object is at an address ---- */

static void enlist(struct port *port, struct port_range *range)
{
	pthread_mutex_lock(&port->lock);
	range->next = port->ranges;
	port->ranges = range;
	pthread_mutex_unlock(&port->lock);
}

static void delist(struct port *port, const struct port_range *range)
{
	struct port_range **at = &port->ranges;

	pthread_mutex_lock(&port->lock);
	while (*at != range)
		at = &(*at)->next;
	*at = range->next;
	pthread_mutex_unlock(&port->lock);
}

/* Commands name host memory by bus addresses, which are pointers on this bus. */
void port_place(struct port *port, const struct road_place *place, struct roadbed_test_place *out)
{
	*out = (struct roadbed_test_place){.at = place->address,
					   .kind = place->bus ? ROADBED_TEST_POINTER
							      : ROADBED_TEST_NOWHERE};
	if (place->bus)
		return;
	pthread_mutex_lock(&port->lock);
	for (const struct port_range *range = port->ranges; range; range = range->next) {
		if (place->address - range->address >= range->bytes)
			continue;
		*out = (struct roadbed_test_place){.at = place->address - range->address,
						   .kind = ROADBED_TEST_OBJECT,
						   .handle = range->handle};
		break;
	}
	pthread_mutex_unlock(&port->lock);
}

uint64_t port_address(struct port *port, uint32_t handle, uint64_t offset)
{
	uint64_t address = 0;

	pthread_mutex_lock(&port->lock);
	for (const struct port_range *range = port->ranges; range && !address; range = range->next)
		if (range->handle == handle)
			address = range->address + offset;
	pthread_mutex_unlock(&port->lock);
	return address;
}

/* ---- the device's memory ---- */

static void close_object(struct port *port, uint32_t handle)
{
	struct drm_gem_close close = {.handle = handle};

	(void)port_call(port, DRM_IOCTL_GEM_CLOSE, &close);
}

static void count(struct port *port, uint64_t bytes)
{
	pthread_mutex_lock(&port->lock);
	port->used_bytes += bytes;
	pthread_mutex_unlock(&port->lock);
}

static road_status make_object(struct port *port, struct road_drv_buffer *buffer,
			       struct port_buffer *own)
{
	struct roadbed_test_create create = {.bytes = buffer->bytes};
	road_status status = port_call(port, DRM_IOCTL_ROADBED_TEST_CREATE, &create);

	if (status)
		return status;
	own->range.handle = create.handle;
	own->range.bytes = own->mapped_bytes = pages(buffer->bytes);
	status = road_va_reserve(own->range.bytes, buffer->alignment ? buffer->alignment : PAGE,
				 &own->range.address);
	if (status)
		goto close;
	if (buffer->heap == ROAD_HEAP_DEVICE_VISIBLE)
		status = port->bus->ops->region_map(port->bus, 0, create.map_offset,
						    own->mapped_bytes, &own->mapped);
	if (status)
		goto release;
	own->own_address = true;
	count(port, own->range.bytes);
	return ROAD_OK;
release:
	road_va_release(own->range.address, own->range.bytes);
close:
	close_object(port, create.handle);
	return status;
}

static void free_object(struct port *port, struct port_buffer *own)
{
	delist(port, &own->range);
	if (own->mapped)
		port->bus->ops->region_unmap(port->bus, own->mapped, own->mapped_bytes);
	close_object(port, own->range.handle);
	if (own->own_address) {
		road_va_release(own->range.address, own->range.bytes);
		count(port, 0 - own->range.bytes);
	}
	free(own);
}

static road_status alloc_device(struct port *port, struct road_drv_buffer *buffer)
{
	struct port_buffer *own = calloc(1, sizeof(*own));
	road_status status = own ? make_object(port, buffer, own) : no_memory();

	if (status) {
		free(own);
		return status;
	}
	enlist(port, &own->range);
	buffer->address = own->range.address;
	buffer->host = own->mapped;
	buffer->data = own;
	return ROAD_OK;
}

/* ---- host memory ---- */

static road_status alloc_host(struct port *port, struct road_drv_buffer *buffer)
{
	uint64_t extra = buffer->alignment > PAGE ? buffer->alignment : 0, address;
	road_status status =
		port->bus->ops->dma_alloc(port->bus, buffer->bytes + extra, &buffer->dma);

	if (status)
		return status;
	address = buffer->dma.iova.value;
	if (extra)
		address = (address + extra - 1) & ~(extra - 1);
	buffer->dma.iova.value = address;
	buffer->address = address;
	buffer->host = (void *)(uintptr_t)address;
	return ROAD_OK;
}

/* A dma-buf that is mapped becomes an object of this device: the same bytes. */
static road_status import_object(struct port *port, struct road_drv_buffer *buffer)
{
	struct port_buffer *own = calloc(1, sizeof(*own));
	struct drm_prime_handle prime = {.fd = buffer->dma.fd};
	road_status status =
		own ? port_call(port, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime) : no_memory();

	if (status) {
		free(own);
		return status;
	}
	own->range = (struct port_range){
		.address = buffer->address, .bytes = pages(buffer->bytes), .handle = prime.handle};
	enlist(port, &own->range);
	buffer->dma.iova.value = 0; /* named by its address from now on */
	buffer->data = own;
	return ROAD_OK;
}

static road_status import(struct road_drv_buffer *buffer)
{
	struct port *port = buffer->space->dev->data;
	const struct road_bus_ops *bus = port->bus->ops;
	void *host = buffer->dma.host;
	road_status status =
		bus->dma_map(port->bus, host, buffer->bytes, ROAD_DMA_BOTH, &buffer->dma);

	if (status)
		return status;
	buffer->host = host;
	buffer->address = buffer->dma.iova.value;
	if (buffer->dma.fd >= 0)
		status = import_object(port, buffer);
	if (status)
		bus->dma_unmap(port->bus, &buffer->dma);
	return status;
}

/* To read and write, closed when another program runs. */
static road_status export_fd(struct road_drv_buffer *buffer, int *fd)
{
	struct port_buffer *own = buffer->data;
	struct drm_prime_handle prime = {.flags = DRM_CLOEXEC | DRM_RDWR};
	road_status status;

	if (!own)
		return road_drv_error(ROAD_UNSUPPORTED, "host memory of a program is not shared",
				      "road_buffer_export: buffer", "", "a heap of the device");
	prime.handle = own->range.handle;
	status = port_call(buffer->space->dev->data, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime);
	if (!status)
		*fd = prime.fd;
	return status;
}

/* ---- the table ---- */

static road_status heap(struct road_drv_device *dev, uint32_t index, struct road_heap_info *out)
{
	static const uint32_t kinds[] = {ROAD_HEAP_DEVICE, ROAD_HEAP_DEVICE_VISIBLE,
					 ROAD_HEAP_HOST};
	struct port *port = dev->data;

	if (index >= sizeof(kinds) / sizeof(kinds[0]))
		return road_drv_errorf(ROAD_NOT_FOUND, ROADBED_TEST_NAME, "no heap %u", index);
	out->kind = kinds[index];
	out->granule_bytes = PAGE;
	out->host_visible = out->kind != ROAD_HEAP_DEVICE;
	out->coherent = 1;
	if (out->kind == ROAD_HEAP_HOST)
		return ROAD_OK;
	out->bytes = ROADBED_TEST_MEMORY;
	pthread_mutex_lock(&port->lock);
	out->used_bytes = port->used_bytes;
	pthread_mutex_unlock(&port->lock);
	return ROAD_OK;
}

static road_status alloc(struct road_drv_buffer *buffer)
{
	struct port *port = buffer->space->dev->data;

	return buffer->heap == ROAD_HEAP_HOST ? alloc_host(port, buffer)
					      : alloc_device(port, buffer);
}

static void free_buffer(struct road_drv_buffer *buffer)
{
	struct port *port = buffer->space->dev->data;
	const bool object = buffer->data;

	if (object)
		free_object(port, buffer->data);
	if (buffer->heap == ROAD_HEAP_HOST && !object && buffer->dma.fd >= 0)
		port->bus->ops->dma_free(port->bus, &buffer->dma);
	else if (buffer->heap == ROAD_HEAP_HOST)
		port->bus->ops->dma_unmap(port->bus, &buffer->dma);
}

static road_status map(struct road_drv_buffer *buffer, void **out)
{
	*out = buffer->host;
	return ROAD_OK;
}

/* Only a dma-buf asks for it: all else is memory that the engine and the processor see alike. */
static void sync(struct road_drv_buffer *buffer, uint64_t offset, uint64_t bytes,
		 enum road_dma_direction direction)
{
	struct port *port = buffer->space->dev->data;

	if (buffer->heap == ROAD_HEAP_HOST)
		port->bus->ops->dma_sync(port->bus, &buffer->dma, offset, bytes, direction);
}

const struct road_memory_ops port_memory_ops = {
	.heap = heap,
	.alloc = alloc,
	.free = free_buffer,
	.map = map,
	.sync = sync,
	.import = import,
	.export_fd = export_fd,
};
