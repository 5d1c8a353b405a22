/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that the server sees: memfds, which go to it with DMA_MAP. Memory of the bus's own is one.
 * Memory of the program's is shared as it is if it came from a memfd, and else through a copy that
 * dma_sync keeps: that mapping is not coherent. Where the chip does not look into caches, all that
 * it sees is such a copy.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hal/bus/memfd.h"
#include "hal/bus/sock.h"
#include "hal/core/error.h"

enum { PAGE = ROAD_WIRE_PAGE, COPY_LINE = 64 };

/* What stands behind road_dma.data. */
struct seen {
	struct road_shadow *shadow; /* NULL: the server sees the memory itself */
	void *copy;                 /* of the shadow; a memfd */
	int copy_fd;
	uint64_t copy_bytes;
	uint64_t address, bytes; /* what DMA_MAP said */
};

static uint64_t round_up(uint64_t bytes)
{
	return (bytes + PAGE - 1) & ~(uint64_t)(PAGE - 1);
}

void road_sock_dma_limits(struct road_bus *bus, struct road_dma_limits *out)
{
	const struct road_sock *sock = road_sock_of(bus);

	*out = (struct road_dma_limits){sock->hello.dma_mask, PAGE, !sock->hello.line_bytes};
}

/* Tells the server. host: where the pages are here, for the table of addresses alone. */
static road_status tell(struct road_sock *sock, void *host, int fd, uint64_t offset, uint64_t bytes,
			bool writable, struct seen *seen, road_iova *out)
{
	road_iova iova;
	road_status status = road_iova_add(&sock->iovas, host, bytes, writable, &iova);

	if (status)
		return status;
	const struct road_wire_dma_map ask = {
		.argsz = sizeof(ask),
		.flags = ROAD_WIRE_DMA_READ | (writable ? (uint32_t)ROAD_WIRE_DMA_WRITE : 0),
		.offset = offset,
		.address = iova.value,
		.bytes = bytes,
	};
	struct road_sock_call call = {.command = ROAD_WIRE_DMA_MAP,
				      .ask = &ask,
				      .ask_bytes = sizeof(ask),
				      .fds = &fd,
				      .fd_count = 1};

	status = road_sock_call(sock, &call, "dma_map");
	if (status) {
		road_iova_remove(&sock->iovas, iova);
		return status;
	}
	seen->address = iova.value;
	seen->bytes = bytes;
	*out = iova;
	return ROAD_OK;
}

static void untell(struct road_sock *sock, const struct seen *seen)
{
	const struct road_wire_dma_unmap ask = {
		.argsz = sizeof(ask), .address = seen->address, .bytes = seen->bytes};
	struct road_sock_call call = {
		.command = ROAD_WIRE_DMA_UNMAP, .ask = &ask, .ask_bytes = sizeof(ask)};

	if (!road_sock_is_lost(sock) && road_sock_call(sock, &call, "dma_unmap"))
		road_sock_lose(sock); /* it may still write there */
	road_iova_remove(&sock->iovas, (road_iova){seen->address});
}

/* ---- copies ---- */

static road_status make_copy(struct road_sock *sock, const struct road_dma *dma, struct seen *seen)
{
	const uint32_t line = sock->hello.line_bytes;

	seen->copy_bytes = round_up(dma->bytes);
	road_status status = road_memfd_alloc(seen->copy_bytes, &seen->copy, &seen->copy_fd);

	if (status)
		return status;
	status = road_shadow_create(dma->host, seen->copy, dma->bytes, line ? line : COPY_LINE,
				    &seen->shadow);
	if (status) {
		road_memfd_free(seen->copy, seen->copy_bytes, seen->copy_fd);
		return status;
	}
	seen->shadow->lent = dma->fd < 0;
	pthread_mutex_lock(&sock->shadow_lock);
	road_shadow_set_add(&sock->shadows, seen->shadow);
	pthread_mutex_unlock(&sock->shadow_lock);
	return ROAD_OK;
}

static void drop_copy(struct road_sock *sock, struct seen *seen)
{
	if (!seen->shadow)
		return;
	pthread_mutex_lock(&sock->shadow_lock);
	road_shadow_set_remove(&sock->shadows, seen->shadow);
	pthread_mutex_unlock(&sock->shadow_lock);
	road_shadow_destroy(seen->shadow);
	road_memfd_free(seen->copy, seen->copy_bytes, seen->copy_fd);
}

static road_status show_copy(struct road_sock *sock, struct road_dma *dma, bool writable,
			     struct seen *seen)
{
	road_status status = make_copy(sock, dma, seen);

	if (status)
		return status;
	status = tell(sock, seen->copy, seen->copy_fd, 0, seen->copy_bytes, writable, seen,
		      &dma->iova);
	if (status)
		drop_copy(sock, seen);
	return status;
}

/* The pages of a memfd that [host, host + bytes) touches. */
static road_status show_pages(struct road_sock *sock, struct road_dma *dma, int fd, uint64_t offset,
			      bool writable, struct seen *seen)
{
	const uint64_t before = offset % PAGE;
	road_iova iova;
	road_status status = tell(sock, (char *)dma->host - before, fd, offset - before,
				  round_up(before + dma->bytes), writable, seen, &iova);

	if (!status)
		dma->iova.value = iova.value + before;
	return status;
}

/* dma is complete but for iova, coherent and data; fd -1: other memory than a memfd's. */
static road_status show(struct road_sock *sock, struct road_dma *dma, int fd, uint64_t offset,
			bool writable)
{
	struct seen *seen = calloc(1, sizeof(*seen));
	road_status status;

	if (!seen)
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for a mapping", "dma_map", "",
				 "");
	if (fd < 0 || sock->hello.line_bytes)
		status = show_copy(sock, dma, writable, seen);
	else
		status = show_pages(sock, dma, fd, offset, writable, seen);
	if (status) {
		free(seen);
		return status;
	}
	dma->coherent = !seen->shadow;
	dma->data = seen;
	return ROAD_OK;
}

static void hide(struct road_sock *sock, const struct road_dma *dma)
{
	struct seen *seen = dma->data;

	untell(sock, seen);
	drop_copy(sock, seen);
	free(seen);
}

/* ---- what drivers see ---- */

road_status road_sock_dma_alloc(struct road_bus *bus, uint64_t bytes, struct road_dma *out)
{
	struct road_dma dma = {.bytes = round_up(bytes)};

	if (road_sock_is_lost(road_sock_of(bus)))
		return road_sock_gone("dma_alloc");
	if (!bytes || dma.bytes < bytes)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "bad size", "dma_alloc", bytes, ">= 1");
	road_status status = road_memfd_alloc(dma.bytes, &dma.host, &dma.fd);

	if (status)
		return status;
	status = show(road_sock_of(bus), &dma, dma.fd, 0, true);
	if (status) {
		road_memfd_free(dma.host, dma.bytes, dma.fd);
		return status;
	}
	*out = dma;
	return ROAD_OK;
}

void road_sock_dma_free(struct road_bus *bus, struct road_dma *dma)
{
	hide(road_sock_of(bus), dma);
	road_memfd_free(dma->host, dma->bytes, dma->fd);
	*dma = (struct road_dma){.fd = -1};
}

road_status road_sock_dma_map(struct road_bus *bus, void *host, uint64_t bytes,
			      enum road_dma_direction direction, struct road_dma *out)
{
	struct road_dma dma = {.host = host, .bytes = bytes, .fd = -1};
	uint64_t offset = 0;

	if (road_sock_is_lost(road_sock_of(bus)))
		return road_sock_gone("dma_map");
	if (!host || !bytes)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "nothing to map", "dma_map", bytes,
				     ">= 1 byte at a pointer");
	const int fd = road_memfd_find(host, bytes, &offset);
	road_status status =
		show(road_sock_of(bus), &dma, fd, offset, direction != ROAD_DMA_TO_DEVICE);

	if (fd >= 0)
		close(fd);
	if (!status)
		*out = dma;
	return status;
}

void road_sock_dma_unmap(struct road_bus *bus, struct road_dma *dma)
{
	hide(road_sock_of(bus), dma);
	*dma = (struct road_dma){.fd = -1};
}

void road_sock_dma_sync(struct road_bus *bus, struct road_dma *dma, uint64_t offset, uint64_t bytes,
			enum road_dma_direction direction)
{
	struct road_sock *sock = road_sock_of(bus);
	const struct seen *seen = dma->data;

	if (!seen->shadow)
		return;
	pthread_mutex_lock(&sock->shadow_lock);
	road_shadow_set_sync(&sock->shadows, seen->shadow, offset, bytes, direction);
	pthread_mutex_unlock(&sock->shadow_lock);
}
