/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "hal/bus/replay.h"

enum {
	AHEAD = 4096, /* events that memory's may come too early */
	LATE = 1024,  /* events that they may come too late */
	OTHERS_S = 2  /* of the host: how long one thread waits for what another does */
};

/* ---- which calls are equal ---- */

/* The numbers that the driver gives; the others are what it gets. */
static const uint8_t given[ROAD_TRACE_KINDS] = {
	[ROAD_TRACE_READ] = 1 | 2 | 4,
	[ROAD_TRACE_WRITE] = 1 | 2 | 4 | 8,
	[ROAD_TRACE_CONFIG_READ] = 1,
	[ROAD_TRACE_CONFIG_WRITE] = 1 | 2,
	[ROAD_TRACE_ALLOC] = 2,
	[ROAD_TRACE_FREE] = 1,
	[ROAD_TRACE_MAP] = 2 | 4,
	[ROAD_TRACE_UNMAP] = 1,
	[ROAD_TRACE_GIVE] = 1 | 2 | 4 | 8,
	[ROAD_TRACE_TAKE] = 1 | 2 | 4,
	[ROAD_TRACE_IRQ] = 1,
	[ROAD_TRACE_IRQ_WAIT] = 1,
	[ROAD_TRACE_IRQ_MASK] = 1 | 2,
};

static bool equal(const struct road_trace_event *event, enum road_trace_kind kind,
		  const uint64_t *numbers)
{
	if (event->kind != kind)
		return false;
	for (uint32_t i = 0; i < ROAD_TRACE_NUMBERS; i++)
		if (given[kind] >> i & 1 && event->numbers[i] != numbers[i])
			return false;
	return true;
}

static bool is_register(enum road_trace_kind kind)
{
	return kind == ROAD_TRACE_READ || kind == ROAD_TRACE_WRITE ||
	       kind == ROAD_TRACE_CONFIG_READ || kind == ROAD_TRACE_CONFIG_WRITE;
}

/* Where the value of a register stands; the numbers before it say which register. */
uint32_t road_replay_value_at(enum road_trace_kind kind)
{
	return kind == ROAD_TRACE_READ || kind == ROAD_TRACE_WRITE ? 3 : 1;
}

/* Where the key is, or would be. */
static struct road_replay_known *place_of(struct road_replay_known *table, size_t room,
					  const uint64_t key[3])
{
	size_t at = (size_t)road_trace_digest(key, 3 * sizeof(*key)) & (room - 1);

	while (table[at].used && memcmp(table[at].numbers, key, sizeof(table[at].numbers)) != 0)
		at = (at + 1) & (room - 1);
	return &table[at];
}

/* At most half of the table is used. */
static bool make_room(struct road_replayer *r)
{
	const size_t room = r->known_room ? 2 * r->known_room : 64;

	if (2 * (r->known_count + 1) <= r->known_room)
		return true;
	struct road_replay_known *grown = calloc(room, sizeof(*grown));

	if (!grown)
		return false;
	for (size_t i = 0; i < r->known_room; i++)
		if (r->known[i].used)
			*place_of(grown, room, r->known[i].numbers) = r->known[i];
	free(r->known);
	r->known = grown;
	r->known_room = room;
	return true;
}

struct road_replay_known *road_replay_known(struct road_replayer *r, enum road_trace_kind kind,
					    const uint64_t *numbers, bool add)
{
	/* Configuration space is none of the regions. */
	const bool is_config = kind == ROAD_TRACE_CONFIG_READ || kind == ROAD_TRACE_CONFIG_WRITE;
	const uint64_t key[3] = {is_config ? UINT64_MAX : numbers[0], numbers[is_config ? 0 : 1],
				 is_config ? 4 : numbers[2]};
	struct road_replay_known *known;

	if (add && !make_room(r))
		return NULL;
	if (!r->known_room)
		return NULL;
	known = place_of(r->known, r->known_room, key);
	if (known->used || !add)
		return known->used ? known : NULL;
	r->known_count++;
	memcpy(known->numbers, key, sizeof(key));
	known->used = true;
	return known;
}

/* ---- the place in the trace ---- */

/* Events that nothing but other events of the memory has to wait for. */
static bool floats(enum road_trace_kind kind)
{
	return kind == ROAD_TRACE_ALLOC || kind == ROAD_TRACE_FREE || kind == ROAD_TRACE_MAP ||
	       kind == ROAD_TRACE_UNMAP || kind == ROAD_TRACE_GIVE;
}

static bool is_passed_over(const struct road_replayer *r, size_t at)
{
	return r->quiet[at] || (at == r->next && r->used) || floats(r->trace.events[at].kind);
}

/* The next event that has to come, behind what may be left out, or is looked for by itself. */
static size_t due(const struct road_replayer *r)
{
	size_t at = r->next;

	while (at < r->trace.event_count && is_passed_over(r, at))
		at++;
	return at;
}

const struct road_trace_event *road_replay_due(const struct road_replayer *r)
{
	const size_t at = due(r);

	return at < r->trace.event_count ? &r->trace.events[at] : NULL;
}

static void go_on(struct road_replayer *r, size_t at)
{
	const struct road_trace_event *event = &r->trace.events[at];

	if (at != r->next) {
		r->skipped += at - r->next;
		r->used = 0;
	}
	r->next = at;
	if (++r->used >= event->count) {
		r->next++;
		r->used = 0;
	}
	r->clock_ns = event->ns > r->clock_ns ? event->ns : r->clock_ns;
	r->moved = true;
	pthread_cond_broadcast(&r->went_on);
}

/* The first that was not yet, not too far ahead. */
static const struct road_trace_event *
find_floating(struct road_replayer *r, enum road_trace_kind kind, const uint64_t *numbers)
{
	const size_t ahead = r->next + AHEAD;
	const size_t end = ahead < r->trace.event_count ? ahead : r->trace.event_count;

	for (size_t at = r->floating; at < end; at++) {
		if (r->done[at] || !equal(&r->trace.events[at], kind, numbers))
			continue;
		r->done[at] = true;
		r->moved = true;
		while (r->floating < end &&
		       (r->done[r->floating] || !floats(r->trace.events[r->floating].kind)))
			r->floating++;
		return &r->trace.events[at];
	}
	return NULL;
}

/* Something that the device was given long before, and now was not. A thread that takes interrupts
 * may be ahead of the one that gives. */
static const struct road_trace_event *not_given(const struct road_replayer *r, size_t before)
{
	for (size_t at = r->floating; at + LATE < before; at++)
		if (r->trace.events[at].kind == ROAD_TRACE_GIVE && !r->done[at])
			return &r->trace.events[at];
	return NULL;
}

/* The event that answers, and one of its count is used up; NULL: there is none. */
const struct road_trace_event *road_replay_find(struct road_replayer *r, enum road_trace_kind kind,
						const uint64_t *numbers)
{
	const size_t last = due(r);

	if (floats(kind))
		return find_floating(r, kind, numbers);

	for (size_t at = r->next; at <= last && at < r->trace.event_count; at++)
		if (equal(&r->trace.events[at], kind, numbers)) {
			if (kind == ROAD_TRACE_WRITE && not_given(r, at))
				return NULL;
			go_on(r, at);
			return &r->trace.events[at];
		}
	return NULL;
}

/* Interrupts and the end come by themselves, as soon as it is their turn. Whoever calls it with
 * true has to say so: road_bus_gone. */
static bool look(struct road_replayer *r)
{
	const struct road_trace_event *event = road_replay_due(r);
	const uint64_t one = 1;

	if (event && event->kind == ROAD_TRACE_IRQ) {
		const uint64_t vector = event->numbers[0];

		if (!r->signalled[vector] && r->eventfds[vector] >= 0)
			r->signalled[vector] =
				write(r->eventfds[vector], &one, sizeof(one)) == sizeof(one);
	}
	if (!r->lost && event && event->kind == ROAD_TRACE_LOST)
		return r->lost = true;
	return false;
}

static void words_of(char *out, size_t room, enum road_trace_kind kind, const uint64_t *numbers)
{
	size_t at = (size_t)snprintf(out, room, "%s", road_trace_name(kind));

	for (uint32_t i = 0; i < ROAD_TRACE_NUMBERS; i++)
		if (given[kind] >> i & 1 && at < room)
			at += (size_t)snprintf(out + at, room - at, " 0x%" PRIx64, numbers[i]);
}

/* What the trace has for a call that is not in it. */
static const struct road_trace_event *instead(const struct road_replayer *r,
					      enum road_trace_kind kind)
{
	const struct road_trace_event *event = not_given(r, due(r));

	if (kind == ROAD_TRACE_WRITE && event)
		return event;
	for (size_t at = r->floating; floats(kind) && at < r->trace.event_count; at++)
		if (r->trace.events[at].kind == kind && !r->done[at])
			return &r->trace.events[at];
	return road_replay_due(r);
}

/* The first difference, and the end. */
void road_replay_differ(struct road_replayer *r, enum road_trace_kind kind, const uint64_t *numbers)
{
	const struct road_trace_event *event = instead(r, kind);
	char seen[80], allowed[80] = "nothing: the trace ends";

	if (r->lost)
		return;
	words_of(seen, sizeof(seen), kind, numbers);
	if (event)
		words_of(allowed, sizeof(allowed), event->kind, event->numbers);
	snprintf(r->why, sizeof(r->why),
		 "replay: the driver does %s; recorded in line %" PRIu32 ": %s", seen,
		 event ? event->line : 0, allowed);
	r->lost = true;
}

bool road_replay_await_others(struct road_replayer *r)
{
	const size_t at = r->next;
	const uint64_t used = r->used;
	struct timespec deadline;

	clock_gettime(CLOCK_MONOTONIC, &deadline);
	deadline.tv_sec += OTHERS_S;
	look(r);
	while (r->next == at && r->used == used && !r->lost)
		if (pthread_cond_timedwait(&r->went_on, &r->lock, &deadline))
			return false;
	return true;
}

/* Until the interrupt that is due was taken; false: there is none, or it takes too long. */
static bool await_taking(struct road_replayer *r)
{
	const struct road_trace_event *event = road_replay_due(r);

	return event && event->kind == ROAD_TRACE_IRQ && road_replay_await_others(r);
}

/* A call of the driver's, with the lock: what was recorded of it, or a difference. */
const struct road_trace_event *road_replay_call(struct road_replayer *r, enum road_trace_kind kind,
						const uint64_t *numbers)
{
	const struct road_trace_event *event = r->lost ? NULL : road_replay_find(r, kind, numbers);

	while (!event && !r->lost && await_taking(r))
		event = road_replay_find(r, kind, numbers);
	if (!event)
		road_replay_differ(r, kind, numbers);
	return event;
}

void road_replay_enter(struct road_replayer *r)
{
	pthread_mutex_lock(&r->lock);
}

void road_replay_leave(struct road_replayer *r, bool was_lost)
{
	const bool gone = look(r) || (r->lost && !was_lost);

	pthread_mutex_unlock(&r->lock);
	if (gone)
		road_bus_gone();
}

/* Which events may be left out: above all polls that brought nothing that was not known. */
bool road_replay_prepare(struct road_replayer *r)
{
	r->quiet = calloc(r->trace.event_count + 1, 1);
	r->done = calloc(r->trace.event_count + 1, 1);
	if (!r->quiet || !r->done)
		return false;
	for (size_t i = 0; i < r->trace.event_count; i++) {
		const struct road_trace_event *event = &r->trace.events[i];

		if (event->kind == ROAD_TRACE_TAKE)
			r->quiet[i] = !event->piece_count;
		if (event->kind == ROAD_TRACE_IRQ_MASK)
			r->quiet[i] = true;
		if (!is_register(event->kind))
			continue;
		const bool is_read =
			event->kind == ROAD_TRACE_READ || event->kind == ROAD_TRACE_CONFIG_READ;
		const uint64_t value = event->numbers[road_replay_value_at(event->kind)];
		struct road_replay_known *known =
			road_replay_known(r, event->kind, event->numbers, false);

		r->quiet[i] = is_read && known && known->value == value;
		if (!known && is_read)
			known = road_replay_known(r, event->kind, event->numbers, true);
		if (!known && is_read)
			return false;
		if (known)
			known->value = value;
	}
	r->known_count = 0;
	if (r->known)
		memset(r->known, 0, r->known_room * sizeof(*r->known));
	return true;
}

uint64_t road_replay_left(const struct road_replayer *r)
{
	uint64_t count = 0;

	for (size_t at = due(r); at < r->trace.event_count; at++)
		count += !is_passed_over(r, at);
	for (size_t at = r->floating; at < r->trace.event_count; at++)
		count += floats(r->trace.events[at].kind) && !r->done[at];
	return count;
}
