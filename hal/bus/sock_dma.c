/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that the server sees: memfds, which go to it with DMA_MAP. Memory of the bus's own is one.
 * Memory of the program's is shared as it is if it came from a memfd, and else through a copy that
 * dma_sync keeps: that mapping is not coherent. Where the chip does not look into caches, all that
 * it sees is such a copy.
 *
 * Behind a link the server sees nothing but the link's memory, whose bus addresses are the link's:
 * an address is taken first, and the memory is what lies there.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hal/bus/memfd.h"
#include "hal/bus/sock.h"
#include "hal/core/error.h"

enum { PAGE = ROAD_WIRE_PAGE, COPY_LINE = 64 };

/* Zeroed memory that the server can see, in whole pages. */
struct piece {
	void *at;
	int fd; /* a memfd; -1: the link's memory */
	uint64_t bytes;
	road_iova iova; /* of the link's */
};

/* What stands behind road_dma.data. */
struct seen {
	struct road_shadow *shadow; /* NULL: the server sees the memory itself */
	struct piece own;           /* of the shadow, or all that there is; no bytes: none */
	uint64_t address, bytes;    /* what DMA_MAP said */
};

static uint64_t round_up(uint64_t bytes)
{
	return (bytes + PAGE - 1) & ~(uint64_t)(PAGE - 1);
}

void road_sock_dma_limits(struct road_bus *bus, struct road_dma_limits *out)
{
	const struct road_sock *sock = road_sock_of(bus);

	*out = (struct road_dma_limits){sock->link ? sock->iovas.mask : sock->hello.dma_mask, PAGE,
					!sock->hello.line_bytes};
}

/* ---- pieces ---- */

static road_status get_piece(struct road_sock *sock, uint64_t bytes, struct piece *out)
{
	road_status status;

	*out = (struct piece){.fd = -1, .bytes = bytes};
	if (!sock->link)
		return road_memfd_alloc(bytes, &out->at, &out->fd);
	status = road_iova_add(&sock->iovas, NULL, bytes, true, &out->iova);
	if (status == ROAD_NO_SPACE) /* its addresses are the memory */
		return road_fail_u64(ROAD_OUT_OF_HOST_MEMORY,
				     "the memory shared with the host has no room left", "dma_map",
				     bytes, "less, or roadbed serve --ivshmem-bytes");
	if (status)
		return status;
	out->at = sock->link->memory_at(sock, out->iova);
	memset(out->at, 0, bytes);
	return ROAD_OK;
}

static void put_piece(struct road_sock *sock, const struct piece *piece)
{
	if (sock->link)
		road_iova_remove(&sock->iovas, piece->iova);
	else
		road_memfd_free(piece->at, piece->bytes, piece->fd);
}

/* ---- what the server is told ---- */

static road_status tell(struct road_sock *sock, const struct piece *piece, uint64_t offset,
			bool writable, struct seen *seen, road_iova *out)
{
	road_iova iova = piece->iova;
	road_status status = ROAD_OK;

	if (!sock->link)
		status = road_iova_add(&sock->iovas, piece->at, piece->bytes, writable, &iova);
	if (status)
		return status;
	const struct road_wire_dma_map ask = {
		.argsz = sizeof(ask),
		.flags = ROAD_WIRE_DMA_READ | (writable ? (uint32_t)ROAD_WIRE_DMA_WRITE : 0),
		.offset = sock->link ? iova.value : offset,
		.address = iova.value,
		.bytes = piece->bytes,
	};
	struct road_sock_call call = {.command = ROAD_WIRE_DMA_MAP,
				      .ask = &ask,
				      .ask_bytes = sizeof(ask),
				      .fds = &piece->fd,
				      .fd_count = !sock->link};

	status = road_sock_call(sock, &call, "dma_map");
	if (status) {
		if (!sock->link)
			road_iova_remove(&sock->iovas, iova);
		return status;
	}
	seen->address = iova.value;
	seen->bytes = piece->bytes;
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
	if (!sock->link)
		road_iova_remove(&sock->iovas, (road_iova){seen->address});
}

/* ---- copies ---- */

static road_status make_copy(struct road_sock *sock, const struct road_dma *dma, struct seen *seen)
{
	const uint32_t line = sock->hello.line_bytes;

	road_status status = get_piece(sock, round_up(dma->bytes), &seen->own);

	if (status)
		return status;
	status = road_shadow_create(dma->host, seen->own.at, dma->bytes, line ? line : COPY_LINE,
				    &seen->shadow);
	if (status) {
		put_piece(sock, &seen->own);
		return status;
	}
	seen->shadow->lent = dma->fd < 0;
	pthread_mutex_lock(&sock->shadow_lock);
	road_shadow_set_add(&sock->shadows, seen->shadow);
	pthread_mutex_unlock(&sock->shadow_lock);
	return ROAD_OK;
}

static void drop_own(struct road_sock *sock, struct seen *seen)
{
	if (seen->shadow) {
		pthread_mutex_lock(&sock->shadow_lock);
		road_shadow_set_remove(&sock->shadows, seen->shadow);
		pthread_mutex_unlock(&sock->shadow_lock);
		road_shadow_destroy(seen->shadow);
	}
	if (seen->own.bytes)
		put_piece(sock, &seen->own);
}

static road_status show_copy(struct road_sock *sock, struct road_dma *dma, bool writable,
			     struct seen *seen)
{
	road_status status = make_copy(sock, dma, seen);

	if (status)
		return status;
	status = tell(sock, &seen->own, 0, writable, seen, &dma->iova);
	if (status)
		drop_own(sock, seen);
	return status;
}

/* The pages of a memfd that [host, host + bytes) touches. */
static road_status show_pages(struct road_sock *sock, struct road_dma *dma, int fd, uint64_t offset,
			      bool writable, struct seen *seen)
{
	const uint64_t before = offset % PAGE;
	const struct piece piece = {
		.at = (char *)dma->host - before, .fd = fd, .bytes = round_up(before + dma->bytes)};
	road_iova iova;
	road_status status = tell(sock, &piece, offset - before, writable, seen, &iova);

	if (!status)
		dma->iova.value = iova.value + before;
	return status;
}

/* The link's memory itself. */
static road_status show_link(struct road_sock *sock, struct road_dma *dma, struct seen *seen)
{
	road_status status = get_piece(sock, dma->bytes, &seen->own);

	if (status)
		return status;
	status = tell(sock, &seen->own, 0, true, seen, &dma->iova);
	if (status)
		drop_own(sock, seen);
	else
		dma->host = seen->own.at;
	return status;
}

/* dma is complete but for iova, coherent and data; fd -1: other memory than a memfd's, or none yet
 * where the link has to give it. */
static road_status show(struct road_sock *sock, struct road_dma *dma, int fd, uint64_t offset,
			bool writable)
{
	struct seen *seen = calloc(1, sizeof(*seen));
	road_status status;

	if (!seen)
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for a mapping", "dma_map", "",
				 "");
	if (!dma->host)
		status = show_link(sock, dma, seen);
	else if (fd < 0 || sock->link || sock->hello.line_bytes)
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
	drop_own(sock, seen);
	free(seen);
}

/* ---- what drivers see ---- */

road_status road_sock_dma_alloc(struct road_bus *bus, uint64_t bytes, struct road_dma *out)
{
	struct road_sock *sock = road_sock_of(bus);
	struct road_dma dma = {.bytes = round_up(bytes), .fd = -1};
	road_status status = ROAD_OK;

	if (road_sock_is_lost(sock))
		return road_sock_gone("dma_alloc");
	if (!bytes || dma.bytes < bytes)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "bad size", "dma_alloc", bytes, ">= 1");
	if (!sock->link || sock->hello.line_bytes)
		status = road_memfd_alloc(dma.bytes, &dma.host, &dma.fd);
	if (status)
		return status;
	status = show(sock, &dma, dma.fd, 0, true);
	if (status) {
		if (dma.fd >= 0)
			road_memfd_free(dma.host, dma.bytes, dma.fd);
		return status;
	}
	*out = dma;
	return ROAD_OK;
}

void road_sock_dma_free(struct road_bus *bus, struct road_dma *dma)
{
	hide(road_sock_of(bus), dma);
	if (dma->fd >= 0)
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
