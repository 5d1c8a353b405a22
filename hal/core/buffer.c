/* SPDX-License-Identifier: Apache-2.0 */
/* Buffers and views; host mappings. */
#include <stdlib.h>

#include "hal/core/region.h"

#define ALIGNMENT_MAX (UINT64_C(2) << 20)

static struct road_buffer *buffer_of(struct road_object *object)
{
	return (struct road_buffer *)(void *)object;
}

/* Counts a buffer of the program in, or out. No lock held. */
static void count(const struct road_buffer *buffer, bool in)
{
	struct road_device *device = buffer->space->device;
	struct road_heap_use *use = &device->heap_use[buffer->drv.heap];

	pthread_mutex_lock(&device->lock);
	use->buffers += in ? 1 : UINT64_MAX;
	use->bytes += in ? buffer->drv.bytes : 0 - buffer->drv.bytes;
	if (use->bytes > use->peak_bytes)
		use->peak_bytes = use->bytes;
	pthread_mutex_unlock(&device->lock);
}

/* Under space->lock: gives the memory back. */
static void free_memory(struct road_buffer *buffer)
{
	struct road_space *space = buffer->space;

	if (buffer->next)
		buffer->next->prev = buffer->prev;
	if (buffer->prev)
		buffer->prev->next = buffer->next;
	else
		space->buffers = buffer->next;
	buffer->next = buffer->prev = NULL;
	buffer->allocated = false;
	space->used_bytes -= buffer->drv.bytes;
	space->buffer_count--;
}

/* No lock held: the driver's part, then imported memory. */
static void give_back(struct road_buffer *buffer)
{
	road_tokens_revoke(&buffer->object);
	count(buffer, false);
	buffer->space->device->memory.free(&buffer->drv);
	road_region_memory_unbook(buffer->space, buffer->drv.heap, buffer->drv.bytes);
	if (buffer->imported)
		road_unmap_import(buffer->imported, buffer->drv.bytes);
	buffer->imported = NULL;
}

static void buffer_close(struct road_object *object)
{
	struct road_buffer *buffer = buffer_of(object);
	struct road_space *space = buffer->space;

	road_lookup_remove(space->device->instance, buffer);
	if (buffer->parent)
		return;
	if (space->device->info.features & ROAD_FEATURE_SPACE_MAP)
		road_space_unmap_buffer(space, buffer);
	pthread_mutex_lock(&space->lock);
	bool allocated = buffer->allocated;

	if (allocated)
		free_memory(buffer);
	pthread_mutex_unlock(&space->lock);
	if (allocated)
		give_back(buffer);
}

static void buffer_finish(struct road_object *object)
{
	struct road_buffer *buffer = buffer_of(object);

	if (buffer->parent)
		road_object_release(&buffer->parent->object);
	road_object_release(&buffer->space->object);
}

static void buffer_free(struct road_object *object)
{
	free(buffer_of(object));
}

const struct road_class road_buffer_class = {ROAD_TYPE_BUFFER, "buffer", buffer_close,
					     buffer_finish, buffer_free};

static const struct road_buffer *root_of(const struct road_buffer *buffer)
{
	return buffer->parent ? buffer->parent : buffer;
}

/* A space that closes frees its buffers while the program still holds them. */
void road_space_free_buffers(struct road_space *space)
{
	for (;;) {
		pthread_mutex_lock(&space->lock);
		struct road_buffer *buffer = space->buffers;

		if (buffer) {
			free_memory(buffer);
			road_object_hold(&buffer->object);
		}
		pthread_mutex_unlock(&space->lock);
		if (!buffer)
			return;
		road_lookup_remove(space->device->instance, buffer);
		give_back(buffer);
		road_object_drop(&buffer->object);
	}
}

static road_status check_options(const road_buffer_options *options)
{
	if (options->heap >= ROAD_HEAP_KINDS)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "unknown heap",
				     "road_buffer_create: options.heap", options->heap,
				     "enum road_heap_kind");
	if (!options->bytes)
		return road_fail(ROAD_INVALID_ARGUMENT, "size is zero",
				 "road_buffer_create: options.bytes", "0", ">= 1");
	if (options->bytes > UINT64_C(1) << 60)
		return road_fail_u64(ROAD_OUT_OF_DEVICE_MEMORY, "size is more than any device has",
				     "road_buffer_create: options.bytes", options->bytes, "");
	if (options->alignment & (options->alignment - 1) || options->alignment > ALIGNMENT_MAX)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "bad alignment",
				     "road_buffer_create: options.alignment", options->alignment,
				     "0, or a power of two up to 2 MiB");
	if (options->flags & ~ROAD_BUFFER_READ_ONLY || options->reserved)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "unknown flags",
				     "road_buffer_create: options.flags", options->flags,
				     "ROAD_BUFFER_READ_ONLY");
	return ROAD_OK;
}

static void unbook(struct road_space *space, uint32_t heap, uint64_t bytes)
{
	road_region_memory_unbook(space, heap, bytes);
	pthread_mutex_lock(&space->lock);
	space->used_bytes -= bytes;
	pthread_mutex_unlock(&space->lock);
}

/* Books the bytes against the space's quota, and its region's share, before anything is
 * allocated. */
static road_status book(struct road_space *space, uint32_t heap, uint64_t bytes)
{
	road_status status = road_region_memory_book(space, heap, bytes);

	if (status)
		return status;
	pthread_mutex_lock(&space->lock);
	if (space->quota_bytes && bytes > space->quota_bytes - space->used_bytes)
		status = road_fail_u64(ROAD_NO_SPACE, "quota of the space is used up",
				       "road_buffer_create: options.bytes", bytes,
				       "road_space_usage.quota_bytes - bytes");
	else
		space->used_bytes += bytes;
	pthread_mutex_unlock(&space->lock);
	if (status)
		road_region_memory_unbook(space, heap, bytes);
	return status;
}

static void enlist(struct road_buffer *buffer)
{
	struct road_space *space = buffer->space;

	pthread_mutex_lock(&space->lock);
	buffer->next = space->buffers;
	if (buffer->next)
		buffer->next->prev = buffer;
	space->buffers = buffer;
	space->buffer_count++;
	buffer->allocated = true;
	pthread_mutex_unlock(&space->lock);
}

road_status road_buffer_make(struct road_space *space, const road_buffer_options *options,
			     void *imported, struct road_buffer **out)
{
	struct road_buffer *buffer = calloc(1, sizeof(*buffer));
	const struct road_memory_ops *memory = &space->device->memory;
	road_status status;

	if (!buffer)
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for a buffer",
				 "road_buffer_create", "", "");
	buffer->space = space;
	buffer->drv = (struct road_drv_buffer){.space = &space->drv,
					       .heap = options->heap,
					       .flags = options->flags,
					       .bytes = options->bytes,
					       .alignment = options->alignment,
					       .dma = {.host = imported, .fd = -1}};
	status = book(space, options->heap, options->bytes);
	if (status)
		goto free_buffer;
	status = imported ? memory->import(&buffer->drv) : memory->alloc(&buffer->drv);
	if (status)
		goto give_back_quota;
	road_object_retain(&space->object);
	road_object_init(&buffer->object, &road_buffer_class);
	count(buffer, true);
	enlist(buffer);
	status = road_lookup_add(space->device->instance, buffer);
	if (status) {
		road_object_release(&buffer->object);
		return status;
	}
	buffer->imported = imported;
	*out = buffer;
	return ROAD_OK;
give_back_quota:
	unbook(space, options->heap, options->bytes);
free_buffer:
	free(buffer);
	return status;
}

/* Scratchpads: a driver of a device that has none need not know that there is such a heap. */
static road_status check_scratch(struct road_device *device)
{
	road_heap_info heap;

	for (uint32_t i = 0; i < device->info.heap_count; i++)
		if (!road_device_heap_read(device, i, &heap) && heap.kind == ROAD_HEAP_SCRATCH)
			return ROAD_OK;
	return road_fail(ROAD_UNSUPPORTED, "the device shows no scratchpads",
			 "road_buffer_create: options.heap", "ROAD_HEAP_SCRATCH",
			 "see road_device_heap");
}

road_status road_buffer_create(road_space *space, const road_buffer_options *options,
			       road_buffer **out)
{
	road_buffer_options own;
	road_status status =
		road_object_check(space, &road_space_class, "road_buffer_create: space");

	if (!status && (!options || !out))
		status = road_fail(ROAD_INVALID_ARGUMENT, "argument is NULL",
				   options ? "road_buffer_create: out"
					   : "road_buffer_create: options",
				   "NULL", "");
	if (!status)
		status = road_struct_in(&own, sizeof(own), options, 16,
					"road_buffer_create: options");
	if (!status)
		status = check_options(&own);
	if (!status)
		status = road_space_usable(space, "road_buffer_create: space");
	if (!status && own.heap == ROAD_HEAP_SCRATCH)
		status = check_scratch(space->device);
	if (!status)
		status = road_buffer_make(space, &own, NULL, out);
	return status;
}

road_status road_buffer_retain(road_buffer *buffer)
{
	road_status status =
		road_object_check(buffer, &road_buffer_class, "road_buffer_retain: buffer");

	if (!status)
		road_object_retain(&buffer->object);
	return status;
}

void road_buffer_release(road_buffer *buffer)
{
	if (road_object_mine(buffer, &road_buffer_class, "road_buffer_release: buffer"))
		road_object_release(&buffer->object);
}

road_status road_buffer_check(struct road_buffer *buffer, uint64_t offset, uint64_t bytes,
			      const char *where)
{
	road_status status = road_object_check(buffer, &road_buffer_class, where);

	if (!status)
		status = road_space_usable(buffer->space, where);
	if (status)
		return status;
	if (offset > buffer->drv.bytes)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "offset lies beyond the buffer", where,
				     offset, "at most the buffer's size");
	if (bytes > buffer->drv.bytes - offset)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "range ends beyond the buffer", where,
				     bytes, "at most the buffer's size less the offset");
	return ROAD_OK;
}

/* Host memory that is mapped for DMA goes by its bus address: chips without translation know no
 * other, and the others may. */
struct road_place road_buffer_place(const struct road_buffer *buffer, uint64_t offset)
{
	const struct road_drv_buffer *drv = &buffer->drv;
	char *host = drv->host;
	struct road_place place = {.address = drv->address + offset,
				   .host = host ? host + offset : NULL};

	if (drv->dma.iova.value) {
		place.address = drv->dma.iova.value + buffer->offset + offset;
		place.bus = true;
	}
	return place;
}

road_status road_buffer_view(road_buffer *buffer, uint64_t offset, uint64_t bytes,
			     road_buffer **out)
{
	road_status status = road_buffer_check(buffer, offset, bytes, "road_buffer_view: buffer");
	struct road_buffer *view;

	if (status)
		return status;
	if (!bytes || !out)
		return road_fail(ROAD_INVALID_ARGUMENT, bytes ? "output is NULL" : "size is zero",
				 bytes ? "road_buffer_view: out" : "road_buffer_view: bytes",
				 bytes ? "NULL" : "0", "");
	view = calloc(1, sizeof(*view));
	if (!view)
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for a view",
				 "road_buffer_view", "", "");
	struct road_buffer *root = buffer->parent ? buffer->parent : buffer;

	view->space = buffer->space;
	view->parent = root;
	view->offset = buffer->offset + offset;
	view->drv = buffer->drv;
	view->drv.bytes = bytes;
	view->drv.address = root->drv.address + view->offset;
	view->drv.host = root->drv.host ? (char *)root->drv.host + view->offset : NULL;
	road_object_retain(&root->object);
	road_object_retain(&view->space->object);
	road_object_init(&view->object, &road_buffer_class);
	*out = view;
	return ROAD_OK;
}

road_status road_buffer_info_get(road_buffer *buffer, road_buffer_info *out)
{
	road_status status = road_buffer_check(buffer, 0, 0, "road_buffer_info_get: buffer");

	if (!status)
		status = road_struct_out_check(out, 8, "road_buffer_info_get: out");
	if (status)
		return status;
	road_buffer_info info = {.heap = buffer->drv.heap,
				 .id = buffer->object.id,
				 .bytes = buffer->drv.bytes,
				 .alignment = buffer->drv.alignment,
				 .address = buffer->drv.address,
				 .flags = buffer->drv.flags};

	road_struct_out(out, &info, sizeof(info));
	return ROAD_OK;
}

road_status road_buffer_address(road_buffer *buffer, uint64_t *out)
{
	road_status status = road_buffer_check(buffer, 0, 0, "road_buffer_address: buffer");

	if (status)
		return status;
	if (!out)
		return road_fail(ROAD_INVALID_ARGUMENT, "output is NULL",
				 "road_buffer_address: out", "NULL", "");
	*out = buffer->drv.address;
	return ROAD_OK;
}

static road_status map_root(struct road_buffer *root)
{
	road_status status = ROAD_OK;
	void *host = NULL;

	pthread_mutex_lock(&root->space->lock);
	bool mapped = root->host != NULL;

	pthread_mutex_unlock(&root->space->lock);
	if (!mapped)
		status = root->space->device->memory.map(&root->drv, &host);
	if (status)
		return status;
	pthread_mutex_lock(&root->space->lock);
	if (!root->host)
		root->host = host;
	root->maps++;
	pthread_mutex_unlock(&root->space->lock);
	return ROAD_OK;
}

road_status road_buffer_map(road_buffer *buffer, uint64_t offset, uint64_t bytes, uint32_t access,
			    void **out)
{
	road_status status = road_buffer_check(buffer, offset, bytes, "road_buffer_map: range");

	if (status)
		return status;
	if (!bytes)
		return road_fail(ROAD_INVALID_ARGUMENT, "size is zero", "road_buffer_map: bytes",
				 "0", ">= 1");
	if (!access || access & ~(ROAD_MAP_READ | ROAD_MAP_WRITE))
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "unknown access",
				     "road_buffer_map: access", access,
				     "ROAD_MAP_READ, ROAD_MAP_WRITE");
	if (!out)
		return road_fail(ROAD_INVALID_ARGUMENT, "output is NULL", "road_buffer_map: out",
				 "NULL", "");
	if (buffer->drv.heap == ROAD_HEAP_DEVICE || buffer->drv.heap == ROAD_HEAP_SCRATCH)
		return road_fail(ROAD_PERMISSION, "heap is not visible to the host",
				 "road_buffer_map: buffer",
				 buffer->drv.heap == ROAD_HEAP_DEVICE ? "ROAD_HEAP_DEVICE"
								      : "ROAD_HEAP_SCRATCH",
				 "a host visible heap, or road_list_read and road_list_write");
	struct road_buffer *root = buffer->parent ? buffer->parent : buffer;

	status = map_root(root);
	if (status)
		return status;
	*out = (char *)root->host + buffer->offset + offset;
	return ROAD_OK;
}

road_status road_buffer_unmap(road_buffer *buffer)
{
	road_status status = road_buffer_check(buffer, 0, 0, "road_buffer_unmap: buffer");

	if (status)
		return status;
	struct road_buffer *root = buffer->parent ? buffer->parent : buffer;

	pthread_mutex_lock(&root->space->lock);
	if (!root->maps)
		status = road_fail(ROAD_INVALID_ARGUMENT, "buffer is not mapped",
				   "road_buffer_unmap: buffer", "", "as often as mapped");
	else
		root->maps--;
	pthread_mutex_unlock(&root->space->lock);
	return status;
}

static road_status sync_range(struct road_buffer *buffer, uint64_t offset, uint64_t bytes,
			      enum road_dma_direction direction, const char *where)
{
	road_status status = road_buffer_check(buffer, offset, bytes, where);

	if (status)
		return status;
	struct road_drv_buffer *drv = (struct road_drv_buffer *)&root_of(buffer)->drv;

	buffer->space->device->memory.sync(drv, buffer->offset + offset, bytes, direction);
	return ROAD_OK;
}

road_status road_buffer_flush(road_buffer *buffer, uint64_t offset, uint64_t bytes)
{
	return sync_range(buffer, offset, bytes, ROAD_DMA_TO_DEVICE, "road_buffer_flush: range");
}

road_status road_buffer_invalidate(road_buffer *buffer, uint64_t offset, uint64_t bytes)
{
	return sync_range(buffer, offset, bytes, ROAD_DMA_TO_HOST, "road_buffer_invalidate: range");
}

road_status road_buffer_export(road_buffer *buffer, int *fd)
{
	road_status status = road_buffer_check(buffer, 0, 0, "road_buffer_export: buffer");

	if (status)
		return status;
	if (!fd)
		return road_fail(ROAD_INVALID_ARGUMENT, "output is NULL", "road_buffer_export: fd",
				 "NULL", "");
	return road_export_fd(buffer->parent ? buffer->parent : buffer, fd);
}
