/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Buffers at addresses that the program chose. A mapping is linked to its space and known to the
 * look-up; it holds nothing: a buffer that goes takes its mappings along. While the driver changes
 * one it is busy and stays in the list, so that nobody gets its addresses meanwhile.
 */
#include <stdlib.h>

#include "hal/core/core.h"

enum { PAGE = 4096 };

struct road_reservation {
	struct road_reservation *next;
	uint64_t address, bytes;
};

struct road_mapping {
	struct road_buffer shadow; /* what the look-up finds: address, bytes, and its parent */
	struct road_mapping *next;
	bool busy; /* the driver is at work on it */
};

static road_status check_space(struct road_space *space, const char *where)
{
	road_status status = road_object_check(space, &road_space_class, where);

	if (!status)
		status = road_space_usable(space, where);
	if (!status && !(space->device->info.features & ROAD_FEATURE_SPACE_MAP))
		status = road_fail(ROAD_UNSUPPORTED, "the device maps no buffers elsewhere", where,
				   "", "ROAD_FEATURE_SPACE_MAP");
	return status;
}

static road_status no_memory(const char *where)
{
	return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for a mapping", where, "", "");
}

/* ---- reservations ---- */

road_status road_space_reserve(road_space *space, uint64_t bytes, uint64_t alignment,
			       uint64_t *address)
{
	road_status status = check_space(space, "road_space_reserve: space");
	struct road_reservation *range;

	if (!status && (!bytes || bytes % PAGE || bytes > UINT64_C(1) << 46))
		status = road_fail_u64(ROAD_INVALID_ARGUMENT, "bad size",
				       "road_space_reserve: bytes", bytes,
				       "a multiple of 4096 from 4096 to 2^46");
	if (!status && (alignment & (alignment - 1) || alignment > UINT64_C(1) << 40))
		status = road_fail_u64(ROAD_INVALID_ARGUMENT, "bad alignment",
				       "road_space_reserve: alignment", alignment,
				       "0, or a power of two up to 2^40");
	if (!status && !address)
		status = road_fail(ROAD_INVALID_ARGUMENT, "output is NULL",
				   "road_space_reserve: address", "NULL", "");
	if (status)
		return status;
	range = calloc(1, sizeof(*range));
	if (!range)
		return no_memory("road_space_reserve");
	range->bytes = bytes;
	status = road_va_reserve(bytes, alignment > PAGE ? alignment : PAGE, &range->address);
	if (status) {
		free(range);
		return status;
	}
	*address = range->address;
	pthread_mutex_lock(&space->lock);
	range->next = space->reservations;
	space->reservations = range;
	pthread_mutex_unlock(&space->lock);
	return ROAD_OK;
}

/* Under the lock. */
static struct road_mapping *meets(const struct road_space *space, uint64_t address, uint64_t bytes)
{
	struct road_mapping *m = space->mappings;

	while (m && !(m->shadow.drv.address < address + bytes &&
		      address < m->shadow.drv.address + m->shadow.drv.bytes))
		m = m->next;
	return m;
}

road_status road_space_unreserve(road_space *space, uint64_t address)
{
	road_status status = check_space(space, "road_space_unreserve: space");
	struct road_reservation **at, *range;

	if (status)
		return status;
	pthread_mutex_lock(&space->lock);
	for (at = &space->reservations; *at && (*at)->address != address; at = &(*at)->next)
		;
	range = *at;
	if (!range)
		status = road_fail_u64(ROAD_NOT_FOUND, "no reservation begins here",
				       "road_space_unreserve: address", address, "");
	else if (meets(space, address, range->bytes))
		status = road_fail_u64(ROAD_BUSY, "a buffer is mapped in the reservation",
				       "road_space_unreserve: address", address,
				       "road_space_unmap first");
	else
		*at = range->next;
	pthread_mutex_unlock(&space->lock);
	if (status)
		return status;
	road_va_release(range->address, range->bytes);
	free(range);
	return ROAD_OK;
}

/* ---- mappings ---- */

static road_status check_access(uint32_t access, const struct road_buffer *buffer,
				const char *where)
{
	if (!access || access & ~(ROAD_MAP_READ | ROAD_MAP_WRITE))
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "unknown access", where, access,
				     "ROAD_MAP_READ, ROAD_MAP_WRITE");
	if (access & ROAD_MAP_WRITE && buffer->drv.flags & ROAD_BUFFER_READ_ONLY)
		return road_fail(ROAD_PERMISSION, "the buffer is read-only", where,
				 "ROAD_MAP_WRITE", "ROAD_MAP_READ");
	return ROAD_OK;
}

/* Under the lock: [address, address + bytes) lies in one reservation and is free. */
static road_status check_range(const struct road_space *space, uint64_t address, uint64_t bytes)
{
	static const char *const where = "road_space_map: address, bytes";
	const struct road_reservation *r = space->reservations;

	while (r && !(address >= r->address && address - r->address < r->bytes &&
		      bytes <= r->bytes - (address - r->address)))
		r = r->next;
	if (!r)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "range lies in no reservation", where,
				     address, "inside one of road_space_reserve");
	if (meets(space, address, bytes))
		return road_fail_u64(ROAD_BUSY, "a buffer is mapped there", where, address,
				     "road_space_unmap first");
	return ROAD_OK;
}

/* Under the lock. */
static void unlink_mapping(struct road_space *space, const struct road_mapping *mapping)
{
	struct road_mapping **at = &space->mappings;

	while (*at && *at != mapping)
		at = &(*at)->next;
	if (*at)
		*at = mapping->next;
	pthread_cond_broadcast(&space->mapping_idle);
}

static void discard(struct road_space *space, struct road_mapping *mapping)
{
	pthread_mutex_lock(&space->lock);
	unlink_mapping(space, mapping);
	pthread_mutex_unlock(&space->lock);
	free(mapping);
}

static void set_idle(struct road_space *space, struct road_mapping *mapping)
{
	pthread_mutex_lock(&space->lock);
	mapping->busy = false;
	pthread_cond_broadcast(&space->mapping_idle);
	pthread_mutex_unlock(&space->lock);
}

/* The driver maps; the look-up knows it. */
static road_status establish(struct road_space *space, struct road_mapping *mapping,
			     uint32_t access)
{
	struct road_buffer *root = mapping->shadow.parent;
	road_status status = road_lookup_add(space->device->instance, &mapping->shadow);

	if (status)
		return status;
	status = space->device->memory.map_at(&root->drv, mapping->shadow.offset,
					      mapping->shadow.drv.address,
					      mapping->shadow.drv.bytes, access);
	if (status)
		road_lookup_remove(space->device->instance, &mapping->shadow);
	return status;
}

static struct road_mapping *make(struct road_buffer *buffer, uint64_t offset, uint64_t address,
				 uint64_t bytes)
{
	struct road_buffer *root = buffer->parent ? buffer->parent : buffer;
	struct road_mapping *mapping = calloc(1, sizeof(*mapping));

	if (!mapping)
		return NULL;
	mapping->busy = true;
	mapping->shadow.object.id = root->object.id;
	mapping->shadow.space = buffer->space;
	mapping->shadow.parent = root;
	mapping->shadow.mapping = true;
	mapping->shadow.offset = buffer->offset + offset;
	mapping->shadow.drv = (struct road_drv_buffer){.heap = root->drv.heap,
						       .flags = root->drv.flags,
						       .address = address,
						       .bytes = bytes};
	return mapping;
}

road_status road_space_map(road_space *space, uint64_t address, road_buffer *buffer,
			   uint64_t offset, uint64_t bytes, uint32_t access)
{
	road_status status = check_space(space, "road_space_map: space");

	if (!status)
		status = road_buffer_check(buffer, offset, bytes, "road_space_map: buffer, range");
	if (!status && buffer->space != space)
		status = road_fail(ROAD_INVALID_ARGUMENT, "buffer belongs to another space",
				   "road_space_map: buffer", "", "a buffer of this space");
	if (!status)
		status = check_access(access, buffer, "road_space_map: access");
	if (!status && (!bytes || address % PAGE || (buffer->offset + offset) % PAGE))
		status = road_fail_u64(ROAD_INVALID_ARGUMENT, "range is empty or not aligned",
				       "road_space_map: address, offset, bytes", bytes,
				       "address and offset multiples of 4096, bytes >= 1");
	if (status)
		return status;
	struct road_mapping *mapping = make(buffer, offset, address, bytes);

	if (!mapping)
		return no_memory("road_space_map");
	pthread_mutex_lock(&space->lock);
	status = check_range(space, address, bytes);
	if (!status) {
		mapping->next = space->mappings;
		space->mappings = mapping;
	}
	pthread_mutex_unlock(&space->lock);
	if (status) {
		free(mapping);
		return status;
	}
	status = establish(space, mapping, access);
	if (status)
		discard(space, mapping);
	else
		set_idle(space, mapping);
	return status;
}

/* The mapping that begins there, made busy. */
static road_status claim(struct road_space *space, uint64_t address, const char *where,
			 struct road_mapping **out)
{
	road_status status = ROAD_OK;

	pthread_mutex_lock(&space->lock);
	struct road_mapping *m = space->mappings;

	while (m && m->shadow.drv.address != address)
		m = m->next;
	if (!m)
		status =
			road_fail_u64(ROAD_NOT_FOUND, "no mapping begins here", where, address, "");
	else if (m->busy)
		status = road_fail_u64(ROAD_BUSY, "another thread changes the mapping", where,
				       address, "");
	else
		m->busy = true;
	pthread_mutex_unlock(&space->lock);
	*out = m;
	return status;
}

static void dissolve(struct road_space *space, struct road_mapping *mapping)
{
	road_lookup_remove(space->device->instance, &mapping->shadow);
	space->device->memory.unmap_at(&space->drv, mapping->shadow.drv.address);
	discard(space, mapping);
}

road_status road_space_unmap(road_space *space, uint64_t address)
{
	static const char *const where = "road_space_unmap: address";
	road_status status = check_space(space, "road_space_unmap: space");
	struct road_mapping *mapping;

	if (!status)
		status = claim(space, address, where, &mapping);
	if (!status)
		dissolve(space, mapping);
	return status;
}

road_status road_space_protect(road_space *space, uint64_t address, uint32_t access)
{
	static const char *const where = "road_space_protect: address, access";
	road_status status = check_space(space, "road_space_protect: space");
	struct road_mapping *mapping;

	if (!status)
		status = claim(space, address, where, &mapping);
	if (status)
		return status;
	status = check_access(access, &mapping->shadow, where);
	if (!status)
		status = space->device->memory.protect_at(&space->drv, address, access);
	set_idle(space, mapping);
	return status;
}

/* ---- ends ---- */

/* The next mapping of the buffer (NULL: of any), made busy; waits for one that another thread
 * changes. */
static struct road_mapping *next_of(struct road_space *space, const struct road_buffer *buffer)
{
	struct road_mapping *m;

	pthread_mutex_lock(&space->lock);
	for (;;) {
		m = space->mappings;
		while (m && buffer && m->shadow.parent != buffer)
			m = m->next;
		if (!m || !m->busy)
			break;
		pthread_cond_wait(&space->mapping_idle, &space->lock);
	}
	if (m)
		m->busy = true;
	pthread_mutex_unlock(&space->lock);
	return m;
}

void road_space_unmap_buffer(struct road_space *space, const struct road_buffer *buffer)
{
	struct road_mapping *mapping;

	while ((mapping = next_of(space, buffer)))
		dissolve(space, mapping);
}

void road_space_unmap_all(struct road_space *space)
{
	road_space_unmap_buffer(space, NULL);
	pthread_mutex_lock(&space->lock);
	struct road_reservation *range = space->reservations, *next;

	space->reservations = NULL;
	pthread_mutex_unlock(&space->lock);
	for (; range; range = next) {
		next = range->next;
		road_va_release(range->address, range->bytes);
		free(range);
	}
}
