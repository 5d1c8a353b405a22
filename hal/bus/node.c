/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bus to a device that a driver of the kernel runs: its node's calls (control) and its memory
 * (region 0 is what the node can map, at the offsets that its driver tells). Host memory goes by
 * its pointers, which the kernel's driver takes if it can; memory that another device shares as a
 * dma-buf comes with its descriptor, for the driver to import.
 *
 * Handles of shared memory: the kernel answers an import of memory that the node knows already with
 * the handle that it has, and closes it at the first close. Here the last one closes it.
 */
#include "hal/bus/node.h"

#include <drm.h>
#include <errno.h>
#include <grp.h>
#include <linux/dma-buf.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "hal/bus/bare.h"
#include "hal/bus/by_pointer.h"
#include "hal/bus/facts.h"
#include "hal/bus/memfd.h"
#include "hal/bus/sysfs.h"
#include "hal/core/error.h"

struct shared_handle {
	uint32_t handle, holders;
};

struct node_bus {
	struct road_bus_handle handle;
	struct road_found found;
	struct road_facts facts;
	struct road_node node;
	int fd;
	_Atomic bool lost;
	pthread_mutex_t lock; /* of what follows, and of the calls that change it */
	struct shared_handle *shared;
	uint32_t shared_count, shared_room;
};

static struct node_bus *bus_of(struct road_bus *bus)
{
	return (struct node_bus *)(void *)bus;
}

/* ---- the kernel's errors ---- */

static const struct {
	int error;
	road_status status;
} statuses[] = {
	{EINVAL, ROAD_INVALID_ARGUMENT},
	{EFAULT, ROAD_INVALID_ARGUMENT},
	{EBADF, ROAD_INVALID_ARGUMENT},
	{ENOTTY, ROAD_UNSUPPORTED},
	{EOPNOTSUPP, ROAD_UNSUPPORTED},
	{ENOSYS, ROAD_UNSUPPORTED},
	{EACCES, ROAD_PERMISSION},
	{EPERM, ROAD_PERMISSION},
	{ENOENT, ROAD_NOT_FOUND},
	{ENOMEM, ROAD_OUT_OF_HOST_MEMORY},
	{EMFILE, ROAD_OUT_OF_HOST_MEMORY},
	{ENFILE, ROAD_OUT_OF_HOST_MEMORY},
	{ENOSPC, ROAD_OUT_OF_DEVICE_MEMORY},
	{EBUSY, ROAD_BUSY},
	{EINTR, ROAD_BUSY},
	{EAGAIN, ROAD_BUSY},
	{ETIME, ROAD_TIMEOUT},
	{ETIMEDOUT, ROAD_TIMEOUT},
	{ECANCELED, ROAD_CANCELLED},
};

static road_status status_of(int error)
{
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if (statuses[i].error == error)
			return statuses[i].status;
	return ROAD_IO;
}

static road_status gone(const struct node_bus *own)
{
	return road_fail(ROAD_DEVICE_LOST, "the device is gone", own->node.path, "", "");
}

/* The kernel says ENODEV for all calls once the device was unplugged; a driver may mean something
 * else by it. */
static bool is_unplugged(struct node_bus *own)
{
	struct drm_version version = {0};

	return !road_found_here(&own->found) ||
	       road_node_file_call(own->fd, DRM_IOCTL_VERSION, &version) == ENODEV;
}

/* *fresh: nobody knew yet that the device is gone. */
static road_status refused(struct node_bus *own, int error, const char *call, bool *fresh)
{
	if (error == ENODEV && is_unplugged(own)) {
		*fresh = !atomic_exchange(&own->lost, true);
		return gone(own);
	}
	return road_fail(status_of(error), strerror(error), call, own->node.path,
			 error == EINTR || error == EAGAIN ? "an answer within 1000 tries" : "");
}

static road_status failed(struct node_bus *own, int error, const char *call)
{
	bool fresh = false;
	const road_status status = refused(own, error, call, &fresh);

	if (fresh)
		road_bus_gone();
	return status;
}

/* "group render, mode 0660" */
static road_status no_permission(const char *path)
{
	char seen[64] = "", allowed[64] = "root", room[1024];
	struct group group, *found = NULL;
	struct stat is;

	if (!stat(path, &is)) {
		(void)getgrgid_r(is.st_gid, &group, room, sizeof(room), &found);
		snprintf(seen, sizeof(seen), "group %.31s, mode %04o", found ? found->gr_name : "?",
			 is.st_mode & 07777u);
		if (found && (is.st_mode & 0060) == 0060 && is.st_gid)
			snprintf(allowed, sizeof(allowed), "a user of the group %.31s",
				 found->gr_name);
	}
	return road_fail(ROAD_PERMISSION, "no permission to open the node", path, seen, allowed);
}

static road_status not_opened(const char *path, int error)
{
	switch (error) {
	case EACCES:
	case EPERM: return no_permission(path);
	case ENOENT: return road_fail(ROAD_IO, "the node is not there", path, "", "");
	case ENXIO:
	case ENODEV:
		return road_fail(ROAD_DEVICE_LOST, "no device is behind the node", path,
				 strerror(error), "");
	default:
		return road_fail(status_of(error), "the node cannot be opened", path,
				 strerror(error), "");
	}
}

/* ---- calls ---- */

static struct shared_handle *find_handle(struct node_bus *own, uint32_t handle)
{
	for (uint32_t i = 0; i < own->shared_count; i++)
		if (own->shared[i].handle == handle)
			return &own->shared[i];
	return NULL;
}

/* Room for one more, so that it cannot fail any more when the kernel has answered. */
static bool make_room(struct node_bus *own)
{
	const uint32_t room = own->shared_room ? own->shared_room * 2 : 8;
	struct shared_handle *more;

	if (own->shared_count < own->shared_room)
		return true;
	more = realloc(own->shared, room * sizeof(*more));
	if (!more)
		return false;
	own->shared = more;
	own->shared_room = room;
	return true;
}

/* One more holder, if it is an import; what is exported has one already, who made it. */
static void hold(struct node_bus *own, uint32_t handle, bool import)
{
	struct shared_handle *known = find_handle(own, handle);

	if (known)
		known->holders += import;
	else
		own->shared[own->shared_count++] = (struct shared_handle){handle, 1};
}

static int close_handle(struct node_bus *own, struct drm_gem_close *close)
{
	struct shared_handle *known = find_handle(own, close->handle);

	if (known && --known->holders)
		return 0;
	if (known)
		*known = own->shared[--own->shared_count];
	return road_node_file_call(own->fd, DRM_IOCTL_GEM_CLOSE, close);
}

static int share(struct node_bus *own, unsigned long request, struct drm_prime_handle *prime)
{
	int error = make_room(own) ? road_node_file_call(own->fd, request, prime) : ENOMEM;

	if (!error)
		hold(own, prime->handle, request == DRM_IOCTL_PRIME_FD_TO_HANDLE);
	return error;
}

static int call(struct node_bus *own, unsigned long request, void *argument)
{
	int error;

	if (request != DRM_IOCTL_GEM_CLOSE && request != DRM_IOCTL_PRIME_FD_TO_HANDLE &&
	    request != DRM_IOCTL_PRIME_HANDLE_TO_FD)
		return road_node_file_call(own->fd, request, argument);
	pthread_mutex_lock(&own->lock);
	error = request == DRM_IOCTL_GEM_CLOSE ? close_handle(own, argument)
					       : share(own, request, argument);
	pthread_mutex_unlock(&own->lock);
	return error;
}

static bool is_lost(const struct node_bus *own)
{
	return atomic_load_explicit(&own->lost, memory_order_acquire);
}

static road_status bus_control(struct road_bus *bus, unsigned long request, void *argument)
{
	struct node_bus *own = bus_of(bus);
	char where[48];
	int error;

	if (is_lost(own))
		return gone(own);
	error = call(own, request, argument);
	if (!error)
		return ROAD_OK;
	snprintf(where, sizeof(where), "control: ioctl %#lx", request);
	return failed(own, error, where);
}

/* ---- memory ---- */

static void bus_region_info(struct road_bus *bus, uint32_t region, struct road_bus_region *out)
{
	(void)bus;
	*out = region ? (struct road_bus_region){0} : (struct road_bus_region){INT64_MAX, true};
}

static road_status bus_region_map(struct road_bus *bus, uint32_t region, uint64_t offset,
				  uint64_t bytes, void **out)
{
	struct node_bus *own = bus_of(bus);
	void *at;

	if (is_lost(own))
		return gone(own);
	if (region || !bytes || offset > INT64_MAX)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "a node has region 0 alone",
				     "region_map", region ? region : bytes,
				     "region 0, >= 1 byte, an offset that its driver told");
	at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, own->fd, (off_t)offset);
	if (at == MAP_FAILED)
		return failed(own, errno, "region_map");
	madvise(at, bytes, MADV_DONTFORK);
	*out = at;
	return ROAD_OK;
}

static void bus_region_unmap(struct road_bus *bus, void *mapping, uint64_t bytes)
{
	(void)bus;
	munmap(mapping, bytes);
}

/* A dma-buf comes with a descriptor of its own. */
static road_status bus_dma_map(struct road_bus *bus, void *host, uint64_t bytes,
			       enum road_dma_direction direction, struct road_dma *out)
{
	road_status status = road_pointer_dma_map(bus, host, bytes, direction, out);
	uint64_t offset = 0;
	int fd = status ? -1 : road_memfd_find(host, bytes, &offset);

	if (fd >= 0 && !offset && road_memfd_is_dma_buf(fd)) {
		out->fd = fd;
		out->coherent = false;
	} else if (fd >= 0) {
		close(fd);
	}
	return status;
}

static void bus_dma_unmap(struct road_bus *bus, struct road_dma *dma)
{
	if (dma->fd >= 0)
		close(dma->fd);
	road_bare_dma_release(bus, dma);
}

/* The kernel's rule for a dma-buf (linux/dma-buf.h): each access of the processor stands between a
 * start and an end. The access itself was before (to device), or comes after (to host). */
static void bus_dma_sync(struct road_bus *bus, struct road_dma *dma, uint64_t offset,
			 uint64_t bytes, enum road_dma_direction direction)
{
	const uint64_t access = direction == ROAD_DMA_TO_DEVICE ? DMA_BUF_SYNC_WRITE
				: direction == ROAD_DMA_TO_HOST ? DMA_BUF_SYNC_READ
								: DMA_BUF_SYNC_RW;

	(void)bus;
	(void)offset;
	(void)bytes;
	if (dma->coherent || dma->fd < 0)
		return;
	(void)road_node_file_call(dma->fd, DMA_BUF_IOCTL_SYNC,
				  &(struct dma_buf_sync){DMA_BUF_SYNC_START | access});
	(void)road_node_file_call(dma->fd, DMA_BUF_IOCTL_SYNC,
				  &(struct dma_buf_sync){DMA_BUF_SYNC_END | access});
}

/* ---- identity, loss, end ---- */

static void bus_ids(struct road_bus *bus, struct road_bus_ids *out)
{
	*out = bus_of(bus)->found.ids;
}

static road_status bus_fact(struct road_bus *bus, uint32_t index, struct road_property *out)
{
	road_property property;

	if (!road_facts_at(&bus_of(bus)->facts, index, &property))
		return road_fail_u64(ROAD_NOT_FOUND, "no more facts", "fact", index, "");
	*out = property;
	return ROAD_OK;
}

static bool bus_lost(struct road_bus *bus)
{
	struct node_bus *own = bus_of(bus);

	if (!is_lost(own) && !road_found_here(&own->found))
		atomic_store(&own->lost, true);
	return is_lost(own);
}

static size_t lost_why(struct road_bus *bus, char *out, size_t bytes)
{
	const struct node_bus *own = bus_of(bus);

	if (!is_lost(own)) /* a decorator's doing */
		return 0;
	return (size_t)snprintf(out, bytes, "the kernel's driver let go of %s", own->node.path);
}

static void destroy(struct node_bus *own)
{
	if (own->fd >= 0)
		close(own->fd);
	road_facts_free(&own->facts);
	pthread_mutex_destroy(&own->lock);
	free(own->shared);
	free(own);
}

static void bus_close(struct road_bus *bus)
{
	destroy(bus_of(bus));
}

static const struct road_bus_ops bus_ops = {
	.name = "node",
	.ids = bus_ids,
	.config_read = road_bare_config_read,
	.config_write = road_bare_config_write,
	.region_info = bus_region_info,
	.region_map = bus_region_map,
	.region_unmap = bus_region_unmap,
	.read = road_bare_read,
	.write = road_bare_write,
	.now_ns = road_bare_now_ns,
	.relax = road_bare_relax,
	.dma_limits = road_pointer_dma_limits,
	.dma_alloc = road_pointer_dma_alloc,
	.dma_free = road_pointer_dma_free,
	.dma_map = bus_dma_map,
	.dma_unmap = bus_dma_unmap,
	.dma_sync = bus_dma_sync,
	.irq_count = road_bare_irq_count,
	.irq_bind = road_bare_irq_bind,
	.irq_take = road_bare_irq_take,
	.irq_wait = road_bare_irq_wait,
	.irq_mask = road_bare_irq_mask,
	.control = bus_control,
	.symbol = road_bare_symbol,
	.reset = road_bare_reset,
	.lost = bus_lost,
	.close = bus_close,
	.fact = bus_fact,
};

/* ---- timelines ---- */

/* They are called under locks of the core's: that the device is gone is for whoever looks next. */
static road_status timeline_done(struct node_bus *own, int error, const char *call)
{
	bool fresh;

	return error ? refused(own, error, call, &fresh) : ROAD_OK;
}

static road_status timeline_open(struct road_bus *bus, int fd, uint32_t *out)
{
	struct node_bus *own = bus_of(bus);

	if (is_lost(own))
		return gone(own);
	return timeline_done(own, road_node_timeline_open(own->fd, fd, out),
			     fd < 0 ? "a new syncobj" : "import of a syncobj");
}

/* The kernel lets go of what is left when the node is closed. */
static void timeline_close(struct road_bus *bus, uint32_t timeline)
{
	if (!is_lost(bus_of(bus)))
		road_node_timeline_close(bus_of(bus)->fd, timeline);
}

static road_status timeline_fd(struct road_bus *bus, uint32_t timeline, int *out)
{
	struct node_bus *own = bus_of(bus);

	if (is_lost(own))
		return gone(own);
	return timeline_done(own, road_node_timeline_fd(own->fd, timeline, out),
			     "export of a syncobj");
}

static road_status timeline_value(struct road_bus *bus, uint32_t timeline, uint64_t *out)
{
	struct node_bus *own = bus_of(bus);

	if (is_lost(own))
		return gone(own);
	return timeline_done(own, road_node_timeline_value(own->fd, timeline, out),
			     "value of a syncobj");
}

static road_status timeline_raise(struct road_bus *bus, uint32_t timeline, uint64_t value)
{
	struct node_bus *own = bus_of(bus);

	if (is_lost(own))
		return gone(own);
	return timeline_done(own, road_node_timeline_raise(own->fd, timeline, value),
			     "signal of a syncobj");
}

static bool timeline_wait(struct road_bus *bus, uint32_t timeline, uint64_t value,
			  uint64_t deadline_ns)
{
	struct node_bus *own = bus_of(bus);
	const int error = is_lost(own)
				  ? ENODEV
				  : road_node_timeline_wait(own->fd, timeline, value, deadline_ns);

	return !error || error == ETIME;
}

static const struct road_bus_timelines timelines = {
	.open = timeline_open,
	.close = timeline_close,
	.fd = timeline_fd,
	.value = timeline_value,
	.raise = timeline_raise,
	.wait = timeline_wait,
};
static const struct road_bus_control bus_control_ops = {.lost_why = lost_why,
							.timelines = &timelines};

/* ---- opening ---- */

/* What a driver says to be compatible with; "" for a name that does not fit. */
static bool name_it(struct road_bus_ids *ids, const char *kernel)
{
	int length = snprintf(ids->compatible, sizeof(ids->compatible), "drm,%s", kernel);

	if (!kernel[0] || length >= (int)sizeof(ids->compatible))
		ids->compatible[0] = 0;
	return ids->compatible[0];
}

/* Its first node of DRM or accel. */
static bool find_node(const struct road_found *found, struct road_node *out)
{
	struct road_nodes nodes;
	bool any = false;

	if (!road_nodes_find(&nodes))
		return false;
	for (uint32_t i = 0; i < nodes.count && !any; i++) {
		any = road_node_belongs(&nodes.at[i], found) && nodes.at[i].path[0] &&
		      strcmp(nodes.at[i].scheme, "node");
		if (any)
			*out = nodes.at[i];
	}
	road_nodes_free(&nodes);
	return any;
}

/* Is what stands at the path the device that sysfs tells of? */
static road_status check_number(const struct node_bus *own)
{
	char told[32], seen[32] = "";
	struct stat is;

	if (!road_sysfs_text(own->node.folder, "dev", told, sizeof(told)))
		return ROAD_OK;
	if (!fstat(own->fd, &is) && S_ISCHR(is.st_mode))
		snprintf(seen, sizeof(seen), "%u:%u", major(is.st_rdev), minor(is.st_rdev));
	return strcmp(told, seen) ? road_fail(ROAD_IO, "the node is not the device's",
					      own->node.path, seen, told)
				  : ROAD_OK;
}

/* The node is open: who is behind it? */
static road_status identify(const struct road_bus_wish *wish, struct node_bus *own)
{
	char name[64], version[48];
	road_status status = check_number(own);

	if (status)
		return status;
	if (!road_node_file_driver(own->fd, name, version) || !name_it(&own->found.ids, name) ||
	    !wish->runs(wish, &own->found.ids))
		return ROAD_NOT_FOUND;
	if (!own->found.ids.name[0])
		memcpy(own->found.ids.name, name, sizeof(name));
	if (!road_facts_find(&own->facts, &own->found, wish->no_wake))
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for facts", own->node.path, "",
				 "");
	return ROAD_OK;
}

/* The kernel's driver, by what is bound: for what cannot be asked. */
static bool guess(const struct road_bus_wish *wish, struct road_found *found)
{
	if (name_it(&found->ids, found->kernel) && wish->runs(wish, &found->ids))
		return true;
	found->ids.compatible[0] = 0;
	return false;
}

road_status road_node_open(const struct road_bus_wish *wish, struct road_found *found,
			   struct road_bus **out)
{
	struct node_bus *own = wish->runs && !wish->no_wake ? calloc(1, sizeof(*own)) : NULL;
	road_status status;
	int error = 0;

	if (!own || !find_node(found, &own->node)) {
		free(own);
		return ROAD_NOT_FOUND;
	}
	pthread_mutex_init(&own->lock, NULL);
	own->found = *found;
	own->fd = road_node_file_open(own->node.path, &error);
	status = own->fd >= 0         ? identify(wish, own)
		 : guess(wish, found) ? not_opened(own->node.path, error)
				      : ROAD_NOT_FOUND;
	if (status) {
		destroy(own);
		return status;
	}
	own->handle.bus.ops = &bus_ops;
	own->handle.control = &bus_control_ops;
	*out = &own->handle.bus;
	return ROAD_OK;
}

bool road_node_runs(struct road_found *found, const struct road_candidate_sink *sink)
{
	if (sink->runs && name_it(&found->ids, found->kernel) && sink->runs(sink, &found->ids))
		return true;
	found->ids.compatible[0] = 0;
	return false;
}

road_status road_node_access(const struct road_found *found)
{
	struct road_node node;

	if (!find_node(found, &node) || !access(node.path, R_OK | W_OK))
		return ROAD_OK;
	return not_opened(node.path, errno);
}
