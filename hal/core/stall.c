/* SPDX-License-Identifier: Apache-2.0 */
/* Why a point is still open: who owes it, what that one waits for, along the chain to its end. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "hal/core/submit.h"

enum { HOPS = 16 };

struct hop {
	uint64_t queue_id, value;
	bool running; /* the queue's head is on the device, or in a callback */
};

struct road_queue *road_event_owner(struct road_event *event, uint64_t *value)
{
	pthread_mutex_lock(&event->lock);
	struct road_queue *queue = event->timeline ? event->owner : event->promiser;

	if (queue)
		road_object_hold(&queue->object);
	if (queue && !event->timeline)
		*value = event->promised_at;
	pthread_mutex_unlock(&event->lock);
	return queue;
}

/* What the queue's head waits for, with a hold on the event; NULL: it waits for nothing. */
static struct road_event *next_event(struct road_queue *queue, struct hop *hop)
{
	struct road_event *event;

	pthread_mutex_lock(&queue->lock);
	/* What the device waits for by itself stands before what the core defers. */
	const struct road_native_wait *native =
		queue->flight_first ? road_native_open(queue->flight_first) : NULL;

	event = native ? native->event : queue->flight_first ? NULL : queue->waiting_on;
	hop->queue_id = queue->object.id;
	hop->running = !event && (queue->flight_first || queue->blocked || queue->moving);
	hop->value = native ? native->waiter.value : event ? queue->waiter.value : 0;
	if (event)
		road_object_hold(&event->object);
	pthread_mutex_unlock(&queue->lock);
	return event;
}

struct text {
	char *bytes;
	size_t size, used;
};

__attribute__((format(printf, 2, 3))) static void say(struct text *text, const char *format, ...)
{
	va_list args;

	if (text->used >= text->size)
		return;
	va_start(args, format);
	int n = vsnprintf(text->bytes + text->used, text->size - text->used, format, args);

	va_end(args);
	if (n > 0)
		text->used += (size_t)n;
}

/* The queues of the chain so far. */
struct chain {
	uint64_t seen[HOPS];
	uint32_t hops;
	bool cycle;
};

static bool was_seen(const struct chain *chain, uint64_t queue_id)
{
	for (uint32_t i = 0; i < chain->hops; i++)
		if (chain->seen[i] == queue_id)
			return true;
	return false;
}

/* One step along the chain: replaces *event (a hold) by what its owner waits for; false: the end.
 */
static bool follow(struct road_event **event, struct text *text, struct chain *chain)
{
	uint64_t unused;
	struct road_queue *queue = road_event_owner(*event, &unused);
	struct hop hop = {0};

	if (!queue) {
		say(text, "nobody promised it in this process");
		return false;
	}
	struct road_event *next = next_event(queue, &hop);

	road_object_drop(&queue->object);
	chain->cycle = was_seen(chain, hop.queue_id);
	chain->seen[chain->hops++] = hop.queue_id;
	say(text, "owed by queue %" PRIu64, hop.queue_id);
	if (!next) {
		say(text, hop.running ? ", which runs" : ", which is idle");
		return false;
	}
	if (!chain->cycle)
		say(text, ", awaits event %" PRIu64 " = %" PRIu64 ": ", next->object.id, hop.value);
	road_object_drop(&(*event)->object);
	*event = next;
	return !chain->cycle;
}

bool road_stall_text(struct road_event *event, char *bytes, size_t size)
{
	struct text text = {.bytes = bytes, .size = size};
	struct chain chain = {.hops = 0};

	bytes[0] = 0;
	road_object_hold(&event->object);
	while (chain.hops < HOPS && follow(&event, &text, &chain))
		;
	road_object_drop(&event->object);
	return chain.cycle;
}
