/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events that several processes see by a page of sealed memory (event_share.c). Beside the value
 * and the failure there is a slot for each process that owes values: its owner is a word that the
 * kernel marks when the process ends (robust.h). Who looks at the page and finds the mark fails
 * what the slot says, for all.
 *
 * What stands there is hostile: it is copied once and checked, and means values and a status only.
 * Who marks a slot that is not its own could as well have failed the event.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hal/bus/memfd.h"
#include "hal/core/event_share.h"
#include "hal/core/robust.h"

enum { PAGE_BYTES = 4096, SLOTS = 126, OWED_AT_FIRST = 8 };
#define PAGE_MAGIC UINT64_C(0x31746e6576656472) /* "rdevent1", as little-endian text */

/* Fixed layout: other builds of this library map it, too, and those of before there were slots
 * leave all behind `reason` at 0. */
struct shared_slot {
	_Atomic uint32_t owner;    /* 0: it is free */
	_Atomic uint32_t claims;   /* so far: what was read of one owner is not another's */
	_Atomic uint64_t first;    /* the lowest value that is owed */
	_Atomic uint64_t last;     /* the highest; 0, or reached: nothing is owed */
	_Atomic uint64_t reserved; /* 0 */
};

struct shared_page {
	uint64_t magic;
	_Atomic uint64_t value;
	_Atomic uint64_t failed_from;   /* UINT64_MAX: none */
	_Atomic int64_t reason;         /* an error status, written before failed_from */
	_Atomic uint64_t orphaned_from; /* likewise: as failed_from, if that is why */
	_Atomic uint64_t slots_used;    /* so far: none behind them is looked at */
	uint64_t reserved[2];           /* 0 */
	struct shared_slot slots[SLOTS];
};
_Static_assert(sizeof(struct shared_page) == PAGE_BYTES, "the page is full");

/* What this process owes, rising. */
struct owed {
	uint64_t *values;
	uint32_t first, end, room; /* those from first to end - 1 */
	bool rough;                /* there may be others between what is reached and the last */
};

struct paged {
	struct road_shared shared;
	struct shared_page *page;
	struct shared_page *robust; /* the same, where slots are claimed; NULL: nothing was owed */
	struct shared_slot *slot;   /* NULL: none */
	struct owed owed;
	int fd; /* ours */
};

static struct paged *paged_of(struct road_shared *shared)
{
	return (struct paged *)(void *)shared;
}

/* ---- what the page says ---- */

static void fail_page(struct shared_page *page, uint64_t from, road_status reason, bool orphaned)
{
	uint64_t now = atomic_load(&page->failed_from);

	if (from < now) {
		atomic_store(&page->reason, reason);
		atomic_store(&page->orphaned_from, orphaned ? from : 0);
	}
	while (from < now && !atomic_compare_exchange_weak(&page->failed_from, &now, from))
		;
	if (from <
	    now) { /* it is ours: what another one wrote in between, for a later point, is not */
		atomic_store(&page->reason, reason);
		atomic_store(&page->orphaned_from, orphaned ? from : 0);
	}
}

/* ---- who owed values and is gone ---- */

static void fail_owed(struct shared_page *page, uint64_t first, uint64_t last)
{
	const uint64_t value = atomic_load(&page->value);

	if (last > value)
		fail_page(page, first > value ? first : value + 1, ROAD_CANCELLED, true);
}

/* The kernel marked the slot. Several may see that at once: the slot is freed only after what it
 * says was done. */
static void bury(struct shared_page *page, struct shared_slot *slot, uint32_t mark)
{
	const uint32_t claims = atomic_load(&slot->claims);
	const uint64_t first = atomic_load(&slot->first), last = atomic_load(&slot->last);

	if (atomic_load(&slot->owner) != mark || atomic_load(&slot->claims) != claims)
		return;
	fail_owed(page, first, last);
	/* If another one freed it first, a further owner may have come, and died of the same mark:
	 * then it is that one's slot which was freed here. */
	if (atomic_compare_exchange_strong(&slot->owner, &mark, 0) &&
	    atomic_load(&slot->claims) != claims)
		fail_owed(page, atomic_load(&slot->first), atomic_load(&slot->last));
}

static void bury_all(struct shared_page *page)
{
	const uint64_t used = atomic_load(&page->slots_used);

	for (uint32_t i = 0; i < used && i < SLOTS; i++) {
		const uint32_t owner = atomic_load(&page->slots[i].owner);

		if (road_robust_orphaned(owner))
			bury(page, &page->slots[i], owner);
	}
}

/* ---- what this process owes ---- */

static bool claim(struct shared_page *page, struct shared_slot *slot, uint64_t number)
{
	uint64_t used = atomic_load(&page->slots_used);

	/* Before the claim, and so before it can be marked. */
	while (used < number + 1 &&
	       !atomic_compare_exchange_weak(&page->slots_used, &used, number + 1))
		;
	if (atomic_load(&slot->owner) || !road_robust_claim(&slot->owner))
		return false;
	/* What a dead owner left was done before the slot was free; it changes after this. */
	atomic_fetch_add(&slot->claims, 1);
	atomic_store(&slot->last, 0);
	return true;
}

/* Without a slot (no memory, or all are taken) nobody is told if this process ends. */
static void find_slot(struct paged *own)
{
	if (!own->robust)
		own->robust = road_robust_map(own->fd);
	if (!own->robust)
		return;
	bury_all(own->robust);
	for (uint32_t i = 0; i < SLOTS && !own->slot; i++)
		if (claim(own->robust, &own->robust->slots[i], i))
			own->slot = &own->robust->slots[i];
}

/* Whoever ends between two stores owes rather too much than too little. */
static void publish(struct paged *own)
{
	const struct owed *owed = &own->owed;
	const bool any = owed->first < owed->end;

	if (any && !own->slot)
		find_slot(own);
	if (!own->slot)
		return;
	if (any)
		atomic_store(&own->slot->first, owed->rough ? 0 : owed->values[owed->first]);
	atomic_store(&own->slot->last, any ? owed->values[owed->end - 1] : 0);
}

/* Room for one more; false: no memory. */
static bool make_room(struct owed *owed)
{
	const uint32_t count = owed->end - owed->first;

	if (owed->end < owed->room)
		return true;
	if (count <= owed->room / 2 && owed->room) {
		memmove(owed->values, owed->values + owed->first, count * sizeof(uint64_t));
	} else {
		const uint32_t room = owed->room ? 2 * owed->room : OWED_AT_FIRST;
		uint64_t *values = malloc(room * sizeof(uint64_t));

		if (!values)
			return false;
		if (count)
			memcpy(values, owed->values + owed->first, count * sizeof(uint64_t));
		free(owed->values);
		owed->values = values;
		owed->room = room;
	}
	owed->first = 0;
	owed->end = count;
	return true;
}

static void page_owe(struct road_shared *shared, uint64_t value, bool alone)
{
	struct owed *owed = &paged_of(shared)->owed;

	owed->rough |= !alone;
	if (owed->first < owed->end && owed->values[owed->end - 1] >= value)
		return; /* it was told twice */
	if (make_room(owed)) {
		owed->values[owed->end++] = value;
	} else if (owed->first < owed->end) {
		owed->rough = true;
		owed->values[owed->end - 1] = value;
	}
	publish(paged_of(shared));
}

static void page_disown(struct road_shared *shared, uint64_t value)
{
	struct owed *owed = &paged_of(shared)->owed;

	if (owed->first < owed->end && owed->values[owed->end - 1] == value)
		owed->end--;
	publish(paged_of(shared));
}

/* What is at `reached` or below it, or at `failed` or above it, is owed no more. */
static void settle(struct paged *own, uint64_t reached, uint64_t failed)
{
	struct owed *owed = &own->owed;

	if (owed->first == owed->end)
		return;
	while (owed->first < owed->end && owed->values[owed->first] <= reached)
		owed->first++;
	while (owed->first < owed->end && owed->values[owed->end - 1] >= failed)
		owed->end--;
	if (owed->first == owed->end)
		owed->rough = false;
	publish(own);
}

/* ---- the page as a way to share ---- */

static void page_raise(struct road_shared *shared, uint64_t value)
{
	struct shared_page *page = paged_of(shared)->page;
	uint64_t now = atomic_load(&page->value);

	while (now < value && !atomic_compare_exchange_weak(&page->value, &now, value))
		;
	settle(paged_of(shared), value, UINT64_MAX);
}

static void page_fail(struct road_shared *shared, uint64_t from, road_status reason)
{
	fail_page(paged_of(shared)->page, from, reason, false);
	settle(paged_of(shared), 0, from);
}

static void page_read(struct road_shared *shared, struct road_shared_state *out)
{
	struct shared_page *page = paged_of(shared)->page;

	bury_all(page);
	out->value = atomic_load(&page->value);
	out->failed_from = atomic_load(&page->failed_from);
	out->reason = out->failed_from == UINT64_MAX ? 0 : atomic_load(&page->reason);
	out->orphaned = out->failed_from == atomic_load(&page->orphaned_from);
}

static void page_end(struct road_shared *shared)
{
	struct paged *own = paged_of(shared);

	if (own->slot)
		road_robust_release(&own->slot->owner);
	if (own->robust)
		road_robust_unmap(own->robust);
	free(own->owed.values);
	road_memfd_free(own->page, PAGE_BYTES, own->fd);
	free(own);
}

static const struct road_shared_ops page_ops = {
	.failed = "another process failed the event",
	.raise = page_raise,
	.fail = page_fail,
	.owe = page_owe,
	.disown = page_disown,
	.read = page_read,
	.end = page_end,
};

/* ---- making ---- */

/* The event gets a page of its own, which begins with what is true now. */
static road_status share(struct road_event *event)
{
	struct paged *own = calloc(1, sizeof(*own));
	road_status status;
	void *page;

	if (!own)
		return road_shared_no_memory("road_event_share");
	status = road_memfd_alloc(PAGE_BYTES, &page, &own->fd);
	if (status) {
		free(own);
		return status;
	}
	own->shared = (struct road_shared){.event = event, .ops = &page_ops};
	own->page = page;
	own->page->magic = PAGE_MAGIC;
	atomic_store(&own->page->failed_from, UINT64_MAX);
	if (road_event_tie(event, &own->shared))
		road_shared_begin(&own->shared);
	else /* another thread was faster */
		page_end(&own->shared);
	return ROAD_OK;
}

road_status road_shared_fd(struct road_event *event, const char *where, int *fd, uint64_t *bytes)
{
	road_status status = road_shared_check(event, where);

	if (!status && !road_shared_of(event))
		status = share(event);
	if (status)
		return status;
	struct road_shared *shared = road_shared_of(event);

	if (shared->ops != &page_ops)
		return road_fail(ROAD_INVALID_ARGUMENT, "event is shared already", where,
				 "a syncobj", "one way");
	*fd = paged_of(shared)->fd;
	*bytes = PAGE_BYTES;
	return ROAD_OK;
}

road_status road_event_share(road_event *event, int *fd)
{
	road_status status = road_object_check(event, &road_event_class, "road_event_share: event");
	uint64_t bytes;
	int own;

	if (!status && !fd)
		status = road_fail(ROAD_INVALID_ARGUMENT, "output is NULL", "road_event_share: fd",
				   "NULL", "");
	if (!status)
		status = road_shared_fd(event, "road_event_share: event", &own, &bytes);
	if (status)
		return status;
	const int copy = fcntl(own, F_DUPFD_CLOEXEC, 0);

	if (copy < 0)
		return road_shared_no_memory("road_event_share");
	*fd = copy;
	return ROAD_OK;
}

static road_status check_page(const struct shared_page *page)
{
	if (page->magic != PAGE_MAGIC)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "memory holds no shared event",
				     "road_event_import: fd", page->magic,
				     "a descriptor of road_event_share");
	return ROAD_OK;
}

static road_status import(int fd, struct paged *own, road_event **out)
{
	road_status status;
	void *page;

	own->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (own->fd < 0)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "bad descriptor",
				     "road_event_import: fd", (uint64_t)(uint32_t)fd,
				     "an open descriptor");
	status = road_memfd_map(own->fd, PAGE_BYTES, "road_event_import: fd", &page);
	if (status) {
		close(own->fd);
		return status;
	}
	own->page = page;
	status = check_page(page);
	if (!status)
		status = road_shared_import(&own->shared, out);
	if (status)
		road_memfd_free(page, PAGE_BYTES, own->fd);
	return status;
}

road_status road_event_import(road_instance *instance, int fd, road_event **out)
{
	road_status status =
		road_object_check(instance, &road_instance_class, "road_event_import: instance");

	if (!status && !out)
		status = road_fail(ROAD_INVALID_ARGUMENT, "output is NULL",
				   "road_event_import: out", "NULL", "");
	if (!status)
		status = road_pump_start();
	if (status)
		return status;
	struct paged *own = calloc(1, sizeof(*own));

	if (!own)
		return road_shared_no_memory("road_event_import");
	own->shared.ops = &page_ops;
	status = import(fd, own, out);
	if (status)
		free(own);
	return status;
}
