/* SPDX-License-Identifier: Apache-2.0 */
/* Ways in which several processes see one event: event_page.c, event_syncobj.c; what they have in
 * common: event_share.c. */
#ifndef HAL_CORE_EVENT_SHARE_H
#define HAL_CORE_EVENT_SHARE_H

#include "hal/core/core.h"

/* What stands where all processes see it. */
struct road_shared_state {
	uint64_t value;
	uint64_t failed_from; /* UINT64_MAX: none */
	int64_t reason;       /* an error status, if it failed */
	bool orphaned;        /* it failed since the process that owed the value ended */
};

struct road_shared_ops {
	const char *failed; /* of a failure that is read there: the detail's words */
	/* Under the event's lock, and more than once with one value. */
	void (*raise)(struct road_shared *shared, uint64_t value);
	/* NULL: others are told of no failure. Likewise. */
	void (*fail)(struct road_shared *shared, uint64_t from, road_status reason);
	/* A queue of this process owes the value from now on; alone: and no lower one that this was
	 * not called for. Others are told if the process ends. NULL: they are not. Under the
	 * event's lock; what is raised or failed is owed no more. */
	void (*owe)(struct road_shared *shared, uint64_t value, bool alone);
	/* It does not owe the value, the last one, after all. NULL with owe. Likewise. */
	void (*disown)(struct road_shared *shared, uint64_t value);
	/* Leaves `out` as it is where nothing can be read; never sleeps. */
	void (*read)(struct road_shared *shared, struct road_shared_state *out);
	/* Sleeps until the value may be there, at most until then; false: nothing sleeps there.
	 * NULL: never. No lock held. */
	bool (*sleep)(struct road_shared *shared, uint64_t value, uint64_t until);
	/* The event ends, and nobody looks at this any more: lets go of what may end before it,
	 * under the list's lock, which road_shared_each has, too. NULL: of nothing. */
	void (*leave)(struct road_shared *shared);
	/* Frees all. No lock held. */
	void (*end)(struct road_shared *shared);
};

/* The first member of a way's own structure. Lives as long as its event. */
struct road_shared {
	struct road_event *event;
	struct road_shared *next;
	const struct road_shared_ops *ops;
};

/* How the event is shared; NULL: it is not. */
struct road_shared *road_shared_of(struct road_event *event);
/* May the event be shared? Starts the pump, which will look for what others do. */
road_status road_shared_check(const struct road_event *event, const char *where);
road_status road_shared_no_memory(const char *where);
/* What is tied to its event by now is told what is true of it, and is looked at from here on. */
void road_shared_begin(struct road_shared *shared);
/* A new event, at what is read there; shared is looked at from here on. The pump runs. */
road_status road_shared_import(struct road_shared *shared, struct road_event **out);
/* The event takes over what is read there. No lock held. */
void road_shared_take_over(struct road_shared *shared);
void road_shared_list(struct road_shared *shared);
/* All of this process; fn may take leaf locks. */
void road_shared_each(void (*fn)(struct road_shared *shared, void *arg), void *arg);

#endif
