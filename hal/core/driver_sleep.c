/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Devices whose driver sleeps in a vendor's library or a kernel: nobody tells the core when their
 * queues progress. Whoever queries or waits asks them, and who has nothing to run sleeps there. So
 * does who waits for an event that is shared by something of the kernel's.
 */
#include "hal/core/event_share.h"
#include "hal/core/submit.h"

enum { HOPS = 16 };

/* Others cannot wake who sleeps in a library, and there may be other work for it. */
#define SLEEP_NS UINT64_C(2000000)

/* Under the queue's lock: the driver's sequence after which the timeline's `value` is there. */
static uint64_t sequence_of(const struct road_queue *queue, uint64_t value)
{
	for (const struct road_submit *submit = queue->flight_first; submit; submit = submit->next)
		if (submit->value >= value)
			return submit->drv_sequence;
	return queue->flight_last->drv_sequence;
}

/* On what a point hangs in the end, with a hold on it: a queue, and what its driver should await;
 * or an event that nobody here owes. */
struct root {
	struct road_queue *queue;
	struct road_event *event;
	uint64_t sequence, value;
};

static struct root follow(struct road_point point)
{
	struct road_event *event = point.event;
	const struct road_queue *before = NULL;
	uint64_t value = point.value;

	road_object_hold(&event->object);
	for (int hop = 0; event && hop < HOPS; hop++) {
		uint64_t owed = value, sequence = 0;
		struct road_queue *queue = road_event_owner(event, &owed);

		/* A queue that waits for it is not who brings it, whatever it promised. */
		if (!queue || queue == before) {
			if (queue)
				road_object_drop(&queue->object);
			return (struct root){.event = event, .value = value};
		}
		value = owed;
		before = queue;
		road_object_drop(&event->object);
		event = NULL;
		pthread_mutex_lock(&queue->lock);
		const bool on_device = queue->flight_first;

		if (on_device) {
			sequence = sequence_of(queue, value);
		} else if (queue->waiting_on) {
			event = queue->waiting_on;
			value = queue->waiter.value;
			road_object_hold(&event->object);
		}
		pthread_mutex_unlock(&queue->lock);
		if (on_device)
			return (struct root){.queue = queue, .sequence = sequence};
		road_object_drop(&queue->object);
	}
	if (event)
		road_object_drop(&event->object);
	return (struct root){0};
}

/* Nobody closes or resets the queue while its driver is asked. */
static bool enter(struct road_queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	bool open = !queue->closed && !queue->stopped && queue->flight_first;

	if (open)
		queue->in_driver++;
	pthread_mutex_unlock(&queue->lock);
	return open;
}

static void leave(struct road_queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	if (!--queue->in_driver)
		road_queue_tell_idle(queue);
	pthread_mutex_unlock(&queue->lock);
}

static bool sleep_in_queue(struct road_queue *queue, uint64_t sequence, uint64_t until)
{
	const bool slept = queue->space->device->sleeps && enter(queue);

	if (slept) {
		queue->space->device->ops.wait(&queue->drv, sequence, until);
		leave(queue);
	}
	road_object_drop(&queue->object);
	return slept;
}

static bool sleep_in_kernel(struct road_event *event, uint64_t value, uint64_t until)
{
	struct road_shared *shared = road_shared_of(event);
	const bool slept = shared && shared->ops->sleep && shared->ops->sleep(shared, value, until);

	road_object_drop(&event->object);
	return slept;
}

bool road_driver_sleep(struct road_point point, uint64_t until)
{
	const uint64_t bound = road_progress_domain_get() ? ROAD_WATCH_NS : SLEEP_NS;
	const uint64_t soon = road_now_ns() + bound;
	const struct root root = follow(point);

	until = soon < until ? soon : until;
	if (root.queue)
		return sleep_in_queue(root.queue, root.sequence, until);
	return root.event && sleep_in_kernel(root.event, root.value, until);
}

bool road_device_ask(struct road_device *device)
{
	bool any = false;

	pthread_mutex_lock(&device->lock);
	for (struct road_queue *queue = device->queues; queue; queue = queue->next) {
		pthread_mutex_lock(&queue->lock);
		const bool busy = queue->flight_first && !queue->closed;

		pthread_mutex_unlock(&queue->lock);
		if (busy)
			road_drv_queue_ready(&queue->drv);
		any |= busy;
	}
	pthread_mutex_unlock(&device->lock);
	return any;
}
