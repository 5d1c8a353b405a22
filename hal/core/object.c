/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/core/object.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hal/core/error.h"

/* A page that the kernel wipes in the child of a fork: one load tells the child from us. */
static _Atomic(uint32_t *) process_mark;
static _Atomic uint64_t next_id;

/* The set of live objects, kept from the first validating instance on. Freed objects stay in a
 * quarantine for a while, so that a stale pointer is not mistaken for a new object. */
enum { QUARANTINE = 512 };
static struct {
	pthread_mutex_t lock;
	_Atomic uint32_t users;
	const struct road_object **slots;
	size_t size, used, alive; /* used counts tombstones, too */
	size_t absent;            /* objects that there was no memory to keep */
	struct road_object *quarantine[QUARANTINE];
	size_t oldest;
} live = {.lock = PTHREAD_MUTEX_INITIALIZER};

static const struct road_object tombstone;

static void mark_process(void)
{
	uint32_t *expected = NULL;
	uint32_t *page =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return;
	*page = 1;
	if (madvise(page, 4096, MADV_WIPEONFORK) ||
	    !atomic_compare_exchange_strong(&process_mark, &expected, page))
		munmap(page, 4096);
}

bool road_forked(void)
{
	uint32_t *page = atomic_load_explicit(&process_mark, memory_order_acquire);

	return page && !*(volatile uint32_t *)page;
}

static size_t hash(const void *pointer, size_t size)
{
	return ((uintptr_t)pointer >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 20 & (size - 1);
}

static bool live_find(const void *object, size_t *at)
{
	if (!live.size)
		return false;
	for (size_t i = hash(object, live.size); live.slots[i]; i = (i + 1) & (live.size - 1)) {
		if (live.slots[i] == object) {
			*at = i;
			return true;
		}
	}
	return false;
}

static void live_insert(const struct road_object *object)
{
	size_t i = hash(object, live.size);

	while (live.slots[i])
		i = (i + 1) & (live.size - 1);
	live.slots[i] = object;
	live.used++;
	live.alive++;
}

static void live_grow(void)
{
	size_t old_size = live.size;
	size_t size = old_size < 256 ? 256 : live.alive * 4 > old_size ? old_size * 2 : old_size;
	const struct road_object **old = live.slots, **slots = calloc(size, sizeof(*slots));

	if (!slots)
		return;
	live.slots = slots;
	live.size = size;
	live.used = live.alive = 0;
	for (size_t i = 0; i < old_size; i++)
		if (old[i] && old[i] != &tombstone)
			live_insert(old[i]);
	free(old);
}

static void live_add(const struct road_object *object)
{
	pthread_mutex_lock(&live.lock);
	if ((live.used + 1) * 2 > live.size)
		live_grow(); /* without memory it is fuller for a while, and slower */
	if (live.used + 1 < live.size)
		live_insert(object);
	else
		live.absent++;
	pthread_mutex_unlock(&live.lock);
}

/* Takes the object out and frees its memory, later if handles are validated. */
static void live_bury(struct road_object *object)
{
	struct road_object *dead = object;
	size_t at;

	pthread_mutex_lock(&live.lock);
	if (live_find(object, &at)) {
		live.slots[at] = &tombstone;
		live.alive--;
	} else {
		live.absent--;
	}
	if (atomic_load(&live.users)) {
		dead = live.quarantine[live.oldest];
		live.quarantine[live.oldest] = object;
		live.oldest = (live.oldest + 1) % QUARANTINE;
	}
	pthread_mutex_unlock(&live.lock);
	if (dead)
		dead->class->free(dead);
}

void road_validate_begin(void)
{
	atomic_fetch_add(&live.users, 1);
}

void road_validate_end(void)
{
	struct road_object *dead[QUARANTINE] = {0};

	pthread_mutex_lock(&live.lock);
	if (atomic_fetch_sub(&live.users, 1) == 1) {
		memcpy(dead, live.quarantine, sizeof(dead));
		memset(live.quarantine, 0, sizeof(live.quarantine));
	}
	pthread_mutex_unlock(&live.lock);
	for (size_t i = 0; i < QUARANTINE; i++)
		if (dead[i])
			dead[i]->class->free(dead[i]);
}

void road_object_init(struct road_object *object, const struct road_class *class)
{
	if (!atomic_load_explicit(&process_mark, memory_order_acquire))
		mark_process();
	object->class = class;
	atomic_init(&object->refs, 1);
	atomic_init(&object->holds, 1);
	object->id = atomic_fetch_add_explicit(&next_id, 1, memory_order_relaxed) + 1;
	live_add(object);
}

void road_object_retain(struct road_object *object)
{
	atomic_fetch_add_explicit(&object->refs, 1, memory_order_relaxed);
}

bool road_object_retain_live(struct road_object *object)
{
	uint32_t refs = atomic_load_explicit(&object->refs, memory_order_relaxed);

	while (refs)
		if (atomic_compare_exchange_weak_explicit(&object->refs, &refs, refs + 1,
							  memory_order_acquire,
							  memory_order_relaxed))
			return true;
	return false;
}

void road_object_release(struct road_object *object)
{
	if (atomic_fetch_sub_explicit(&object->refs, 1, memory_order_acq_rel) != 1)
		return;
	if (object->class->close)
		object->class->close(object);
	road_object_drop(object);
}

void road_object_hold(struct road_object *object)
{
	atomic_fetch_add_explicit(&object->holds, 1, memory_order_relaxed);
}

void road_object_drop(struct road_object *object)
{
	if (atomic_fetch_sub_explicit(&object->holds, 1, memory_order_acq_rel) != 1)
		return;
	if (object->class->finish)
		object->class->finish(object);
	live_bury(object);
}

static road_status validate(const void *object, const struct road_class *class, const char *where)
{
	const char *seen = "a handle that was freed or never made";
	size_t at;

	pthread_mutex_lock(&live.lock);
	bool found = live_find(object, &at);
	const struct road_object *known = found ? live.slots[at] : NULL;

	if (known && known->class != class)
		seen = known->class->name;
	/* While it lacks one, the set calls no handle bad that it does not know. */
	bool good = known ? known->class == class && atomic_load(&known->refs) : live.absent;

	pthread_mutex_unlock(&live.lock);
	if (good)
		return ROAD_OK;
	/* One that was released is gone for the program, whoever still holds its memory. */
	return road_fail(known && known->class != class ? ROAD_INVALID_ARGUMENT : ROAD_NOT_FOUND,
			 "bad handle", where, seen, class->name);
}

road_status road_object_check(const void *object, const struct road_class *class, const char *where)
{
	if (!object)
		return road_fail(ROAD_INVALID_ARGUMENT, "handle is NULL", where, "NULL",
				 class->name);
	if (road_forked())
		return road_fail(ROAD_WRONG_PROCESS, "object of the parent process", where, "",
				 "objects do not survive fork()");
	if (atomic_load_explicit(&live.users, memory_order_relaxed))
		return validate(object, class, where);
	return ROAD_OK;
}

bool road_object_mine(const void *object, const struct road_class *class, const char *where)
{
	return object && !road_forked() && !road_object_check(object, class, where);
}

road_status road_struct_in(void *to, uint32_t bytes, const void *from, uint32_t least,
			   const char *where)
{
	uint32_t size;

	memset(to, 0, bytes);
	if (!from)
		return ROAD_OK;
	memcpy(&size, from, sizeof(size));
	if (size < least || size > ROAD_STRUCT_MAX)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "size of the structure is wrong", where,
				     size, "sizeof the structure");
	for (uint32_t i = bytes; i < size; i++)
		if (((const unsigned char *)from)[i])
			return road_fail_u64(ROAD_INVALID_ARGUMENT,
					     "unknown tail of the structure is not zero", where,
					     size, "zero beyond the known size");
	memcpy(to, from, size < bytes ? size : bytes);
	return ROAD_OK;
}

road_status road_struct_out_check(const void *out, uint32_t least, const char *where)
{
	uint32_t size;

	if (!out)
		return road_fail(ROAD_INVALID_ARGUMENT, "output is NULL", where, "NULL",
				 "a structure with its size set");
	memcpy(&size, out, sizeof(size));
	if (size < least || size > ROAD_STRUCT_MAX)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "size of the structure is wrong", where,
				     size, "sizeof the structure");
	return ROAD_OK;
}

void road_struct_out(void *out, const void *from, uint32_t bytes)
{
	uint32_t size;

	memcpy(&size, out, sizeof(size));
	if (size > bytes)
		memset((char *)out + bytes, 0, size - bytes);
	memcpy(out, from, size < bytes ? size : bytes);
	memcpy(out, &size, sizeof(size));
}
