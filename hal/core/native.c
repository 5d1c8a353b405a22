/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waits between queues of one space that the device resolves by itself.
 *
 *	queue A                       word of A's timeline      queue B
 *	commands, store value ------------> value <------------ wait until >= value, commands
 *
 * A's submission is on the device before B's is handed over, so what waits on the device waits for
 * something that is already there, never for one that may come; and both stand in one space, so
 * that nothing spins on what a dead chip owes. Every other wait is the core's.
 *
 * A timeline gets its word when somebody wished to wait for it: the first wait goes through the
 * core, and from then on A's submissions store their values. If A fails, the word stays where it
 * was, and B, parked on it, is taken off the device: each native wait is a waiter of its event,
 *too.
 */
#include <stdlib.h>

#include "hal/core/submit.h"

enum { WORDS = 64, WORD_STRIDE = 64 }; /* a cache line each */

struct road_word {
	uint32_t refs; /* under the device's word_lock */
	uint32_t index;
	struct road_word_slab *slab;
};

struct road_word_slab {
	struct road_word_slab *next;
	struct road_stage *memory;
	struct road_device *device;
	struct road_word words[WORDS];
};

/* ---- words ---- */

static struct road_word_slab *make_slab(struct road_device *device)
{
	struct road_word_slab *slab = calloc(1, sizeof(*slab));

	if (slab && road_stage_get(device, (size_t)WORDS * WORD_STRIDE, &slab->memory)) {
		free(slab);
		slab = NULL;
	}
	for (uint32_t i = 0; slab && i < WORDS; i++)
		slab->words[i] = (struct road_word){.index = i, .slab = slab};
	if (slab)
		slab->device = device;
	return slab;
}

/* Under word_lock. */
static struct road_word *free_word(struct road_device *device)
{
	for (struct road_word_slab *slab = device->words; slab; slab = slab->next)
		for (uint32_t i = 0; i < WORDS; i++)
			if (!slab->words[i].refs)
				return &slab->words[i];
	return NULL;
}

static void clear_word(struct road_device *device, struct road_word *word)
{
	struct road_stage *memory = word->slab->memory;
	struct road_bus *bus = device->drv.bus;
	uint64_t offset = (uint64_t)word->index * WORD_STRIDE;

	road_store64((uint64_t *)(void *)((char *)memory->host + offset), 0);
	if (bus)
		bus->ops->dma_sync(bus, &memory->dma, offset, 8, ROAD_DMA_TO_DEVICE);
}

/* A word that holds 0, with one reference; NULL: there is no memory, and the core waits instead.
 * No lock held. */
static struct road_word *take_word(struct road_device *device)
{
	pthread_mutex_lock(&device->word_lock);
	struct road_word *word = free_word(device);

	if (!word) {
		pthread_mutex_unlock(&device->word_lock);
		struct road_word_slab *slab = make_slab(device);

		if (!slab)
			return NULL;
		pthread_mutex_lock(&device->word_lock);
		slab->next = device->words;
		device->words = slab;
		word = &slab->words[0];
	}
	word->refs = 1;
	pthread_mutex_unlock(&device->word_lock);
	clear_word(device, word);
	return word;
}

static void keep_word(struct road_word *word)
{
	struct road_device *device = word->slab->device;

	pthread_mutex_lock(&device->word_lock);
	word->refs++;
	pthread_mutex_unlock(&device->word_lock);
}

void road_word_put(struct road_word *word)
{
	struct road_device *device = word->slab->device;

	pthread_mutex_lock(&device->word_lock);
	word->refs--;
	pthread_mutex_unlock(&device->word_lock);
}

void road_words_trim(struct road_device *device)
{
	for (struct road_word_slab *slab = device->words, *next; slab; slab = next) {
		next = slab->next;
		road_stage_put(device, slab->memory);
		free(slab);
	}
	device->words = NULL;
}

static struct road_cmd_word command_of(const struct road_word *word, uint64_t value)
{
	return (struct road_cmd_word){
		.at = road_stage_place(word->slab->memory, (uint64_t)word->index * WORD_STRIDE),
		.value = value,
		.bytes = 8,
		.compare = ROAD_COMPARE_GE};
}

/* ---- signals ---- */

/* The timeline's word, with a reference; made if somebody wished for it. */
static struct road_word *word_of(struct road_queue *queue, struct road_event *timeline)
{
	pthread_mutex_lock(&timeline->lock);
	struct road_word *word = timeline->native_word;
	bool make = !word && timeline->owner == queue;

	pthread_mutex_unlock(&timeline->lock);
	if (make)
		word = take_word(queue->space->device);
	if (!word)
		return NULL;
	if (make) {
		pthread_mutex_lock(&timeline->lock);
		timeline->native_word = word;
		pthread_mutex_unlock(&timeline->lock);
	}
	keep_word(word);
	return word;
}

void road_native_signal(struct road_queue *queue, struct road_submit *submit,
			struct road_drv_submission *out)
{
	struct road_event *timeline = submit->timeline;

	if (!atomic_load_explicit(&timeline->native_wanted, memory_order_relaxed) ||
	    submit->segment + 1 != road_submit_segments(submit))
		return;
	if (!submit->native_word) {
		submit->native_word = word_of(queue, timeline);
		if (!submit->native_word)
			return;
		submit->native_signal = command_of(submit->native_word, submit->value);
	}
	out->signals = &submit->native_signal;
	out->signal_count = 1;
}

void road_native_handed(const struct road_submit *submit)
{
	struct road_event *timeline = submit->timeline;

	pthread_mutex_lock(&timeline->lock);
	if (!timeline->native_from)
		timeline->native_from = submit->value;
	timeline->native_handed = submit->value;
	pthread_mutex_unlock(&timeline->lock);
}

void road_native_disown(struct road_event *timeline)
{
	if (timeline->native_word)
		road_word_put(timeline->native_word);
	timeline->native_word = NULL;
}

/* ---- waits ---- */

/* The timeline on which the point's value is owed, with a hold, and the value there; NULL: by
 * nobody, or it is not known for this value. */
static struct road_event *owed_on(const struct road_point *point, uint64_t *value)
{
	struct road_event *event = point->event, *timeline = NULL;

	pthread_mutex_lock(&event->lock);
	if (event->timeline) {
		timeline = event;
		*value = point->value;
	} else if (event->promiser && event->promised == point->value) {
		timeline = event->promised_on;
		*value = event->promised_at;
	}
	if (timeline)
		road_object_hold(&timeline->object);
	pthread_mutex_unlock(&event->lock);
	return timeline;
}

/* The word that reaches `value`, with a reference, if a submission that stores it is on the device
 * already; else later submissions shall store theirs. */
static struct road_word *find_word(const struct road_queue *queue, struct road_event *timeline,
				   uint64_t value)
{
	struct road_word *word = NULL;

	pthread_mutex_lock(&timeline->lock);
	const struct road_queue *owner = timeline->owner;

	if (owner && owner != queue && owner->native && owner->space == queue->space) {
		atomic_store_explicit(&timeline->native_wanted, true, memory_order_relaxed);
		if (timeline->native_from && value >= timeline->native_from &&
		    value <= timeline->native_handed)
			word = timeline->native_word;
		if (word)
			keep_word(word);
	}
	pthread_mutex_unlock(&timeline->lock);
	return word;
}

/* Room for all waits of the submission: waiters, and the words as the driver sees them. */
static bool make_room(struct road_submit *submit)
{
	if (submit->natives)
		return true;
	submit->natives = calloc(submit->wait_count, sizeof(*submit->natives));
	submit->native_waits = calloc(submit->wait_count, sizeof(*submit->native_waits));
	if (submit->natives && submit->native_waits)
		return true;
	free(submit->natives);
	free(submit->native_waits);
	submit->natives = NULL;
	submit->native_waits = NULL;
	return false;
}

bool road_native_wait(struct road_queue *queue, struct road_submit *submit,
		      const struct road_point *point)
{
	uint64_t value;

	if (road_event_state(point->event, point->value) != ROAD_POINT_OPEN)
		return false;
	struct road_event *timeline = owed_on(point, &value);

	if (!timeline)
		return false;
	struct road_word *word = find_word(queue, timeline, value);

	road_object_drop(&timeline->object);
	if (!word)
		return false;
	struct road_native_wait *wait =
		make_room(submit) ? &submit->natives[submit->native_count] : NULL;

	if (wait) {
		*wait = (struct road_native_wait){
			.event = point->event,
			.word = word,
			.waiter = {.value = point->value,
				   .kind = ROAD_WAITER_QUEUE,
				   .queue = queue},
		};
		submit->native_waits[submit->native_count] = command_of(word, value);
	}
	if (!wait || !road_event_await(point->event, &wait->waiter)) {
		road_word_put(word);
		return false;
	}
	submit->native_count++;
	queue->native_waits++;
	atomic_fetch_add_explicit(&queue->space->device->native_waits, 1, memory_order_relaxed);
	return true;
}

void road_native_forget(struct road_queue *queue, struct road_submit *submit)
{
	for (uint32_t i = 0; i < submit->native_count; i++) {
		road_event_forget(submit->natives[i].event, &submit->natives[i].waiter);
		road_word_put(submit->natives[i].word);
	}
	queue->native_waits -= submit->native_count;
	submit->native_count = 0;
	if (submit->native_word)
		road_word_put(submit->native_word);
	submit->native_word = NULL;
}

const struct road_native_wait *road_native_open(const struct road_submit *submit)
{
	for (uint32_t i = 0; i < submit->native_count; i++)
		if (road_event_state(submit->natives[i].event, submit->natives[i].waiter.value) !=
		    ROAD_POINT_REACHED)
			return &submit->natives[i];
	return NULL;
}

bool road_native_failed(const struct road_submit *submit, road_error *why)
{
	for (uint32_t i = 0; i < submit->native_count; i++) {
		struct road_event *event = submit->natives[i].event;

		if (road_event_state(event, submit->natives[i].waiter.value) != ROAD_POINT_FAILED)
			continue;
		pthread_mutex_lock(&event->lock);
		*why = event->failure;
		pthread_mutex_unlock(&event->lock);
		return true;
	}
	return false;
}
