/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that leaves this process or comes from outside: sealed memfds, and dma-bufs, whose size
 * the kernel never changes. As tokens: token.c.
 */
#include <fcntl.h>
#include <unistd.h>

#include "hal/bus/memfd.h"
#include "hal/core/core.h"

/* A descriptor of its own, which begins where the buffer does. */
static bool has_descriptor(const struct road_buffer *root)
{
	return root->drv.heap == ROAD_HEAP_HOST && root->drv.dma.fd >= 0 && root->drv.dma.host;
}

static road_status check_start(const struct road_buffer *root, const char *where)
{
	if (root->drv.host != root->drv.dma.host)
		return road_fail_u64(ROAD_UNSUPPORTED, "memory of this alignment is not shared",
				     where, root->drv.alignment, "at most 4096");
	return ROAD_OK;
}

/* By name: the kernel tells no other process which dma-buf is which. */
road_status road_exportable(const struct road_buffer *root, const char *where)
{
	if (!has_descriptor(root) || road_memfd_is_dma_buf(root->drv.dma.fd))
		return road_fail(ROAD_UNSUPPORTED, "this memory has no descriptor", where, "",
				 "ROAD_HEAP_HOST, and not imported");
	return check_start(root, where);
}

road_status road_export_fd(struct road_buffer *root, int *fd)
{
	if (!has_descriptor(root))
		return root->space->device->memory.export_fd(&root->drv, fd);
	road_status status = check_start(root, "road_buffer_export: buffer");

	if (status)
		return status;
	*fd = fcntl(root->drv.dma.fd, F_DUPFD_CLOEXEC, 0);
	if (*fd < 0)
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no descriptor left",
				 "road_buffer_export", "", "");
	return ROAD_OK;
}

void road_unmap_import(void *memory, uint64_t bytes)
{
	road_memfd_unmap(memory, bytes);
}

road_status road_buffer_import(road_space *space, int fd, uint64_t bytes, road_buffer **out)
{
	const road_buffer_options options = {.heap = ROAD_HEAP_HOST, .bytes = bytes};
	road_status status =
		road_object_check(space, &road_space_class, "road_buffer_import: space");
	void *memory;

	if (!status && !out)
		status = road_fail(ROAD_INVALID_ARGUMENT, "output is NULL",
				   "road_buffer_import: out", "NULL", "");
	if (!status && !bytes)
		status = road_fail(ROAD_INVALID_ARGUMENT, "size is zero",
				   "road_buffer_import: bytes", "0", ">= 1");
	if (!status)
		status = road_space_usable(space, "road_buffer_import: space");
	if (!status)
		status = road_memfd_map_any(fd, bytes, "road_buffer_import: fd, bytes", &memory);
	if (status)
		return status;
	status = road_buffer_make(space, &options, memory, out);
	if (status)
		road_memfd_unmap(memory, bytes);
	return status;
}

road_status road_buffer_attach(road_buffer *buffer, road_space *space, road_buffer **out)
{
	road_status status = road_buffer_check(buffer, 0, 0, "road_buffer_attach: buffer");
	int fd;

	if (!status)
		status = road_object_check(space, &road_space_class, "road_buffer_attach: space");
	if (!status && buffer->space == space)
		status = road_fail(ROAD_INVALID_ARGUMENT, "buffer is in this space already",
				   "road_buffer_attach: space", "", "another space");
	if (!status && buffer->parent)
		status = road_fail(ROAD_INVALID_ARGUMENT, "buffer is a view",
				   "road_buffer_attach: buffer", "", "its parent");
	if (!status)
		status = road_export_fd(buffer, &fd);
	if (status)
		return status;
	status = road_buffer_import(space, fd, buffer->drv.bytes, out);
	close(fd);
	return status;
}
