/* SPDX-License-Identifier: Apache-2.0 */
/* What vfio-user asks of a device: memory, regions, interrupts, reset. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "hal/bus/memfd.h"
#include "hal/bus/serve.h"
#include "hal/bus/sim_served.h"
#include "hal/core/error.h"

int road_serve_errno(road_status status)
{
	switch (status) {
	case ROAD_OK: return 0;
	case ROAD_OUT_OF_HOST_MEMORY: return ENOMEM;
	case ROAD_BUSY: return EEXIST;
	case ROAD_NO_SPACE: return ENOSPC;
	case ROAD_NOT_FOUND: return ENOENT;
	case ROAD_PERMISSION: return EACCES;
	case ROAD_UNSUPPORTED: return ENOTSUP;
	case ROAD_DEVICE_LOST: return ENODEV;
	default: return EINVAL;
	}
}

/* ---- memory ---- */

static bool whole_pages(uint64_t value)
{
	return value % ROAD_WIRE_PAGE == 0;
}

/* Pages of other memory may be missing when they are touched, of huge ones above all. */
static bool is_plain(int fd)
{
	struct statfs system;

	return !fstatfs(fd, &system) && system.f_type == TMPFS_MAGIC;
}

static road_status not_plain(void)
{
	return road_fail(ROAD_UNSUPPORTED, "descriptor is no plain memory", "", "",
			 "a memfd of pages of the usual size");
}

int road_serve_check_memory(struct road_client *client, int fd, uint64_t bytes)
{
	const road_status status = is_plain(fd) ? road_memfd_check(fd, 0, bytes, "") : not_plain();

	return status ? road_serve_refusal(client, status) : 0;
}

/* What a client of a socket gives as a descriptor, and a guest as a range of the window, whose
 * bus addresses are its offsets. An errno. */
static int find_memory(struct road_client *client, const struct road_wire_dma_map *ask,
		       void **memory)
{
	if (client->peer) {
		*memory = road_peer_window(client->peer, ask->address, ask->bytes);
		if (*memory && ask->offset == ask->address)
			return 0;
		return road_serve_refusal(client,
					  road_serve_bad("memory outside of what both see",
							 ask->address, "a range of the window"));
	}
	const int fd = road_wire_take_fd(&client->in, 0);
	road_status status =
		is_plain(fd) ? road_memfd_map_at(fd, ask->offset, ask->bytes, "DMA_MAP", memory)
			     : not_plain();

	close(fd);
	return status ? road_serve_refusal(client, status) : 0;
}

static void drop_memory(const struct road_client *client, void *memory, uint64_t bytes)
{
	if (!client->peer)
		munmap(memory, bytes);
}

static road_status check_map(const struct road_client *client, const struct road_wire_dma_map *ask)
{
	static const char *const pages = "whole pages of 4096 bytes";

	if (ask->argsz != sizeof(*ask))
		return road_serve_bad("argsz", ask->argsz, "32");
	if (!ask->flags || ask->flags & ~(uint32_t)(ROAD_WIRE_DMA_READ | ROAD_WIRE_DMA_WRITE))
		return road_serve_bad("flags", ask->flags, "1 read, 2 write, 3 both");
	if (!whole_pages(ask->offset) || ask->offset > INT64_MAX)
		return road_serve_bad("offset", ask->offset, pages);
	if (!whole_pages(ask->address))
		return road_serve_bad("bus address", ask->address, pages);
	if (!whole_pages(ask->bytes) || !ask->bytes || ask->bytes > ROAD_SERVE_MAPPED_MAX)
		return road_serve_bad("bytes", ask->bytes, "whole pages, 4096 to 2^40 bytes");
	if (client->maps >= ROAD_WIRE_MAPS_MAX)
		return road_fail_u64(ROAD_NO_SPACE, "client has as many mappings as it may have",
				     "", client->maps, "16384 per client");
	if (ask->bytes > ROAD_SERVE_MAPPED_MAX - client->mapped_bytes)
		return road_fail_u64(ROAD_NO_SPACE, "client maps as many bytes as it may", "",
				     client->mapped_bytes + ask->bytes, "2^40 per client");
	return ROAD_OK;
}

int road_serve_dma_map(struct road_client *client, const void *payload, size_t bytes)
{
	struct road_wire_dma_map ask;
	void *memory;

	memcpy(&ask, payload, bytes);
	road_status status = check_map(client, &ask);

	if (status)
		return road_serve_refusal(client, status);
	const int error = find_memory(client, &ask, &memory);

	if (error)
		return error;
	status = road_iova_insert(&client->iovas, ask.address, memory, ask.bytes,
				  ask.flags & ROAD_WIRE_DMA_WRITE);
	if (status) {
		drop_memory(client, memory, ask.bytes);
		return road_serve_refusal_as(client, road_serve_errno(status), status);
	}
	client->maps++;
	client->mapped_bytes += ask.bytes;
	client->server->state.maps++;
	client->server->state.mapped_bytes += ask.bytes;
	return 0;
}

/* Other threads of this process may run the chips, too: they share one engine. */
static void forget(struct road_client *client, uint64_t address, void *memory, uint64_t bytes)
{
	road_iova_remove(&client->iovas, (road_iova){address});
	road_sim_fence();
	drop_memory(client, memory, bytes);
	client->maps--;
	client->mapped_bytes -= bytes;
	client->server->state.maps--;
	client->server->state.mapped_bytes -= bytes;
}

int road_serve_dma_unmap(struct road_client *client, const void *payload, size_t bytes)
{
	struct road_wire_dma_unmap ask;
	void *memory;

	memcpy(&ask, payload, bytes);
	if (ask.flags)
		return road_serve_refusal(client, road_serve_bad("flags", ask.flags, "0"));
	if (!road_iova_find(&client->iovas, ask.address, ask.bytes, &memory))
		return road_serve_refusal(
			client, road_fail_u64(ROAD_NOT_FOUND, "nothing is mapped there", "",
					      ask.address, "address and bytes of a DMA_MAP"));
	forget(client, ask.address, memory, ask.bytes);
	ask.argsz = sizeof(ask);
	road_client_reply(client, &ask, sizeof(ask));
	return 0;
}

void road_serve_unmap_all(struct road_client *client)
{
	while (client->iovas.count) {
		const struct road_iova_range last = client->iovas.ranges[client->iovas.count - 1];

		forget(client, last.iova, last.host, last.bytes);
	}
}

/* ---- what it is ---- */

int road_serve_device_info(struct road_client *client, const void *payload, size_t bytes)
{
	const struct road_wire_device_info info = {
		.argsz = sizeof(info),
		.flags = ROAD_WIRE_DEVICE_RESETS | ROAD_WIRE_DEVICE_PCI,
		.region_count = ROAD_WIRE_REGIONS,
		.irq_count = ROAD_WIRE_IRQS,
	};
	struct road_wire_device_info ask;

	memcpy(&ask, payload, bytes);
	if (ask.argsz < sizeof(info))
		return road_serve_refusal(client, road_serve_bad("argsz", ask.argsz, ">= 16"));
	road_client_reply(client, &info, sizeof(info));
	return 0;
}

/* How many bytes the region has; 0: there is none. */
static uint64_t region_bytes(struct road_client *client, uint32_t index, bool *memory)
{
	struct road_bus_region region = {0};

	if (index < ROAD_WIRE_REGION_BARS)
		client->bus->ops->region_info(client->bus, index, &region);
	*memory = region.mappable;
	return index == ROAD_WIRE_REGION_CONFIG ? ROAD_WIRE_CONFIG_BYTES : region.bytes;
}

/* Of memory with a descriptor all may be mapped, and the sparse area says so. */
static void add_area(struct road_client *client, uint32_t room, struct road_wire_region_info *info,
		     struct road_wire_sparse *area)
{
	int fd;

	if (!road_sim_region_fd(client->bus, info->index, 0, info->bytes, &fd, &info->offset))
		return;
	fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return;
	road_client_reply_fd(client, fd);
	info->flags |= ROAD_WIRE_REGION_FLAG_MMAP | ROAD_WIRE_REGION_FLAG_CAPS;
	info->argsz = sizeof(*info) + sizeof(*area);
	if (room < info->argsz)
		return;
	info->cap_offset = sizeof(*info);
	*area = (struct road_wire_sparse){
		.id = ROAD_WIRE_CAP_SPARSE, .version = 1, .areas = 1, .bytes = info->bytes};
}

int road_serve_region_info(struct road_client *client, const void *payload, size_t bytes)
{
	struct road_wire_region_info ask, info = {.argsz = sizeof(info)};
	struct road_wire_sparse area = {0};
	bool memory;

	memcpy(&ask, payload, bytes);
	if (ask.argsz < sizeof(ask))
		return road_serve_refusal(client, road_serve_bad("argsz", ask.argsz, ">= 32"));
	if (ask.index >= ROAD_WIRE_REGIONS)
		return road_serve_refusal(client, road_serve_bad("region", ask.index, "0 to 8"));
	info.index = ask.index;
	info.bytes = region_bytes(client, ask.index, &memory);
	if (info.bytes)
		info.flags = ROAD_WIRE_REGION_FLAG_READ | ROAD_WIRE_REGION_FLAG_WRITE;
	if (memory && !client->peer) /* no descriptor goes to a guest */
		add_area(client, ask.argsz, &info, &area);
	road_client_reply(client, &info, sizeof(info));
	if (info.cap_offset)
		road_client_reply(client, &area, sizeof(area));
	return 0;
}

/* ---- registers ---- */

static bool is_width(uint32_t count)
{
	return count == 1 || count == 2 || count == 4 || count == 8;
}

static road_status past_end(const struct road_wire_region_rw *ask, uint64_t bytes)
{
	char allowed[64];

	snprintf(allowed, sizeof(allowed), "below %" PRIu64 " in region %u", bytes, ask->region);
	return road_serve_bad("access past the end", ask->offset, allowed);
}

/* What an access may be; *memory: where the bytes are that are more than a word, else NULL. */
static int check_access(struct road_client *client, const struct road_wire_region_rw *ask,
			char **memory)
{
	bool mappable;
	const uint64_t bytes = region_bytes(client, ask->region, &mappable);

	*memory = NULL;
	if (!ask->count || ask->count > ROAD_WIRE_DATA_MAX)
		return road_serve_refusal(client,
					  road_serve_bad("bytes at once", ask->count, "1 to 4096"));
	if (!bytes)
		return road_serve_refusal(client,
					  road_serve_bad("there is no such region", ask->region,
							 "one that has bytes"));
	if (ask->offset > bytes || ask->count > bytes - ask->offset)
		return road_serve_refusal(client, past_end(ask, bytes));
	if (is_width(ask->count) && ask->offset % ask->count == 0 &&
	    (ask->count <= 4 || ask->region != ROAD_WIRE_REGION_CONFIG))
		return 0;
	if (!mappable || client->bus->ops->region_map(client->bus, ask->region, ask->offset,
						      ask->count, (void **)memory))
		return road_serve_refusal(client, road_serve_bad("bytes of a register", ask->count,
								 "1, 2, 4, 8, aligned"));
	return 0;
}

static uint64_t read_config(struct road_client *client, uint64_t offset)
{
	const uint64_t word = client->bus->ops->config_read(client->bus, (uint32_t)offset & ~3u);

	return word >> 8 * (offset & 3);
}

int road_serve_region_read(struct road_client *client, const void *payload, size_t bytes)
{
	struct road_wire_region_rw ask;
	uint64_t value;
	char *memory;

	memcpy(&ask, payload, bytes);
	const int error = check_access(client, &ask, &memory);

	if (error)
		return error;
	road_client_reply(client, &ask, sizeof(ask));
	if (memory) {
		road_client_reply(client, memory, ask.count);
		return 0;
	}
	value = ask.region == ROAD_WIRE_REGION_CONFIG
			? read_config(client, ask.offset)
			: client->bus->ops->read(client->bus, ask.region, ask.offset, ask.count);
	road_client_reply(client, &value, ask.count);
	return 0;
}

int road_serve_region_write(struct road_client *client, const void *payload, size_t bytes)
{
	struct road_wire_region_rw ask;
	const char *data = (const char *)payload + sizeof(ask);
	uint64_t value = 0;
	char *memory;

	memcpy(&ask, payload, sizeof(ask));
	if (bytes - sizeof(ask) != ask.count)
		return road_serve_refusal(
			client, road_serve_bad("count", ask.count, "as many bytes as follow"));
	const int error = check_access(client, &ask, &memory);

	if (error)
		return error;
	if (memory) {
		memcpy(memory, data, ask.count);
	} else if (ask.region != ROAD_WIRE_REGION_CONFIG) {
		memcpy(&value, data, ask.count);
		client->bus->ops->write(client->bus, ask.region, ask.offset, ask.count, value);
	}
	road_client_reply(client, &ask, sizeof(ask));
	return 0;
}

/* ---- interrupts ---- */

int road_serve_irq_info(struct road_client *client, const void *payload, size_t bytes)
{
	struct road_wire_irq_info ask, info = {.argsz = sizeof(info)};

	memcpy(&ask, payload, bytes);
	if (ask.argsz < sizeof(ask))
		return road_serve_refusal(client, road_serve_bad("argsz", ask.argsz, ">= 16"));
	if (ask.index >= ROAD_WIRE_IRQS)
		return road_serve_refusal(
			client, road_serve_bad("kind of interrupts", ask.index, "0 to 4"));
	info.index = ask.index;
	if (ask.index == ROAD_WIRE_IRQ_MSIX) {
		info.flags = ROAD_WIRE_IRQ_EVENTFD;
		info.count = client->irq_count;
	}
	road_client_reply(client, &info, sizeof(info));
	return 0;
}

static void unbind(struct road_client *client, uint32_t vector)
{
	if (client->irq_fds[vector] >= 0)
		close(client->irq_fds[vector]);
	client->irq_fds[vector] = -1;
}

void road_serve_unbind_all(struct road_client *client)
{
	for (uint32_t v = 0; v < ROAD_WIRE_VECTORS_MAX; v++)
		unbind(client, v);
}

/* Other files than eventfds would do other things with eight bytes. */
static bool is_eventfd(int fd)
{
	static const char kind[] = "anon_inode:[eventfd]";
	char path[40], target[sizeof(kind)] = "";

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	const ssize_t length = readlink(path, target, sizeof(target) - 1);

	return length == (ssize_t)sizeof(kind) - 1 && !memcmp(target, kind, sizeof(kind) - 1);
}

static bool usable(int fd)
{
	const int flags = fd < 0 || !is_eventfd(fd) ? -1 : fcntl(fd, F_GETFL);

	return flags >= 0 && !fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

/* To where the client wants it; without such a place it is kept until there is one. */
static void raise_irq(struct road_client *client, uint32_t vector)
{
	static const uint64_t one = 1;
	const uint64_t bit = UINT64_C(1) << vector;

	client->irq_early &= ~bit;
	/* Sequentially consistent, as the client says that it looks on no longer before it looks
	 * once more. */
	if (client->page) {
		atomic_fetch_or(&client->page->irqs, bit);
		if (atomic_load(&client->page->attends))
			return;
	}
	if (client->irq_fds[vector] < 0)
		client->irq_early |= bit;
	else if (write(client->irq_fds[vector], &one, sizeof(one)) < 0)
		return; /* it is full: readable, which is what it is for */
}

static road_status past_vectors(const struct road_client *client,
				const struct road_wire_irq_set *ask)
{
	char allowed[64];

	snprintf(allowed, sizeof(allowed), "those below %u", client->irq_count);
	return road_serve_bad("there are no such vectors",
			      (uint64_t)ask->start + (ask->count ? ask->count - 1 : 0), allowed);
}

int road_serve_set_irqs(struct road_client *client, const void *payload, size_t bytes)
{
	const uint32_t bind = ROAD_WIRE_IRQ_SET_EVENTFD | ROAD_WIRE_IRQ_SET_TRIGGER;
	const uint32_t clear = ROAD_WIRE_IRQ_SET_NONE | ROAD_WIRE_IRQ_SET_TRIGGER;
	const uint32_t fds = client->in.fd_count;
	struct road_wire_irq_set ask;

	memcpy(&ask, payload, bytes);
	if (ask.argsz != sizeof(ask))
		return road_serve_refusal(client, road_serve_bad("argsz", ask.argsz, "20"));
	if (ask.index != ROAD_WIRE_IRQ_MSIX)
		return road_serve_refusal(
			client, road_serve_bad("kind of interrupts", ask.index, "2, MSI-X"));
	if (ask.start > client->irq_count || ask.count > client->irq_count - ask.start)
		return road_serve_refusal(client, past_vectors(client, &ask));
	if (ask.flags == clear && !ask.start && !ask.count && !fds) {
		road_serve_unbind_all(client);
		return 0;
	}
	if (ask.flags != bind || !ask.count)
		return road_serve_refusal(
			client, road_serve_bad("flags", ask.flags,
					       "36 with vectors, 33 with none, to unbind all"));
	if (fds && fds != ask.count)
		return road_serve_refusal(
			client, road_serve_bad("descriptors", fds, "none, or one a vector"));
	for (uint32_t i = 0; i < fds; i++)
		if (!usable(client->in.fds[i]))
			return road_serve_refusal(client, road_serve_bad("descriptor is no eventfd",
									 i, "eventfds alone"));
	for (uint32_t i = 0; i < ask.count; i++) {
		unbind(client, ask.start + i);
		client->irq_fds[ask.start + i] = road_wire_take_fd(&client->in, i);
		if (client->irq_early >> (ask.start + i) & 1)
			raise_irq(client, ask.start + i);
	}
	return 0;
}

void road_serve_interrupts(struct road_client *client)
{
	uint64_t pending =
		client->bus ? road_bus_control_of(client->bus)->irq_pending(client->bus) : 0;

	for (; pending; pending &= pending - 1) {
		const uint32_t vector = (uint32_t)__builtin_ctzll(pending);

		if (client->bus->ops->irq_take(client->bus, vector) && vector < client->irq_count)
			raise_irq(client, vector);
	}
}

int road_serve_reset(struct road_client *client, const void *payload, size_t bytes)
{
	(void)payload;
	(void)bytes;
	client->irq_early = 0;
	const road_status status = client->bus->ops->reset(client->bus);

	return status ? road_serve_refusal_as(client, road_serve_errno(status), status) : 0;
}
