/* SPDX-License-Identifier: Apache-2.0 */
/* Memory of a device that the host sees: a mapping, reserved addresses, a heap of offsets. */
#include <roadbed-driver/window.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* As strictly as any buffer may ask, so that offsets are aligned like addresses. */
#define ALIGNMENT (UINT64_C(2) << 20)

struct road_window {
	struct road_bus *bus;
	uint64_t bytes, granule, address;
	char *memory;
	pthread_mutex_t lock; /* of the heap */
	struct road_ranges *heap;
};

road_status road_window_open(struct road_bus *bus, uint32_t region, uint64_t offset, uint64_t bytes,
			     uint64_t granule, struct road_window **out)
{
	struct road_window *window = calloc(1, sizeof(*window));
	void *memory = NULL;
	road_status status;

	if (!window)
		return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for a window",
				      "road_window_open", NULL, NULL);
	window->bus = bus;
	window->bytes = bytes;
	window->granule = granule;
	status = bus->ops->region_map(bus, region, offset, bytes, &memory);
	if (status)
		goto free_window;
	window->memory = memory;
	status = road_va_reserve(bytes, ALIGNMENT, &window->address);
	if (status)
		goto unmap;
	status = road_ranges_create(0, bytes, granule, &window->heap);
	if (status)
		goto release;
	pthread_mutex_init(&window->lock, NULL);
	*out = window;
	return ROAD_OK;
release:
	road_va_release(window->address, bytes);
unmap:
	bus->ops->region_unmap(bus, memory, bytes);
free_window:
	free(window);
	return status;
}

void road_window_close(struct road_window *window)
{
	if (!window)
		return;
	pthread_mutex_destroy(&window->lock);
	road_ranges_destroy(window->heap);
	road_va_release(window->address, window->bytes);
	window->bus->ops->region_unmap(window->bus, window->memory, window->bytes);
	free(window);
}

void road_window_heap(struct road_window *window, struct road_heap_info *out)
{
	*out = (struct road_heap_info){
		.size = sizeof(*out),
		.kind = ROAD_HEAP_DEVICE_VISIBLE,
		.bytes = window->bytes,
		.granule_bytes = window->granule,
		.host_visible = 1,
		.coherent = 1,
	};
	pthread_mutex_lock(&window->lock);
	out->used_bytes = road_ranges_used(window->heap);
	pthread_mutex_unlock(&window->lock);
}

road_status road_window_alloc(struct road_window *window, struct road_drv_buffer *buffer)
{
	road_status status;
	uint64_t offset;

	if (buffer->heap != ROAD_HEAP_DEVICE_VISIBLE)
		return road_drv_errorf(ROAD_UNSUPPORTED, "road_buffer_create: options.heap",
				       "the device has no heap of kind %u", buffer->heap);
	pthread_mutex_lock(&window->lock);
	status = road_ranges_alloc(window->heap, buffer->bytes, buffer->alignment, &offset, NULL);
	pthread_mutex_unlock(&window->lock);
	if (status)
		return status;
	memset(window->memory + offset, 0, buffer->bytes); /* whatever its last owner left there */
	buffer->address = window->address + offset;
	buffer->host = window->memory + offset;
	return ROAD_OK;
}

void road_window_free(struct road_window *window, struct road_drv_buffer *buffer)
{
	pthread_mutex_lock(&window->lock);
	road_ranges_free(window->heap, buffer->address - window->address, buffer->bytes);
	pthread_mutex_unlock(&window->lock);
}

uint64_t road_window_address(const struct road_window *window)
{
	return window->address;
}

uint64_t road_window_bytes(const struct road_window *window)
{
	return window->bytes;
}
