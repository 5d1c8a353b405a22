/* SPDX-License-Identifier: Apache-2.0 */
/* Queues as programs see them: create, submit, cancel, reset, close. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hal/core/firmware.h"
#include "hal/core/region.h"
#include "hal/core/submit.h"

enum { DEPTH_DEFAULT = 64 };

static struct road_queue *queue_of(struct road_object *object)
{
	return (struct road_queue *)(void *)object;
}

/* Under the lock: waits until nobody is in the driver with this queue, and keeps them out. Another
 * that stopped it meanwhile lets them in again at its end; false: or closed it. */
static bool stop_moves(struct road_queue *queue)
{
	queue->stopped = true;
	queue->idle_waiters++;
	while (queue->kicking || queue->in_driver)
		pthread_cond_wait(&queue->idle, &queue->lock);
	queue->idle_waiters--;
	queue->stopped = true;
	return !queue->closed;
}

static void queue_unlist(struct road_queue *queue)
{
	struct road_device *device = queue->space->device;

	pthread_mutex_lock(&device->lock);
	struct road_queue **at = &device->queues;

	while (*at && *at != queue)
		at = &(*at)->next;
	if (*at)
		*at = queue->next;
	pthread_mutex_unlock(&device->lock);
}

/* Another may take its place: not before the driver has let go of it. */
static void count_out(struct road_device *device)
{
	pthread_mutex_lock(&device->lock);
	device->queue_count--;
	pthread_mutex_unlock(&device->lock);
}

/* Ends the queue's life on the device; what it owes fails with `why`. Once. */
void road_queue_close(struct road_queue *queue, const road_error *why)
{
	struct road_work work = ROAD_WORK_INIT(road_progress_now());

	pthread_mutex_lock(&queue->lock);
	if (queue->closed || !stop_moves(queue)) {
		pthread_mutex_unlock(&queue->lock);
		return;
	}
	queue->closed = true;
	queue->in_driver++; /* the closing thread: others keep out */
	pthread_mutex_unlock(&queue->lock);
	queue->space->device->ops.queue_close(&queue->drv);
	road_region_queue_gone(queue);
	pthread_mutex_lock(&queue->lock);
	queue->in_driver--;
	road_queue_tell_idle(queue);
	pthread_mutex_unlock(&queue->lock);
	road_queue_fail_all(queue, why, &work);
	road_work_drain(&work);
}

static void queue_close(struct road_object *object)
{
	struct road_queue *queue = queue_of(object);
	road_error why;

	road_error_set(&why, ROAD_CANCELLED, "the queue was closed", "road_queue_release", "", "");
	queue_unlist(queue);
	road_queue_close(queue, &why);
	road_progress_forget(queue);
	count_out(queue->space->device);
}

/* The event outlives the queue in other hands. */
static void disown(struct road_event *timeline)
{
	pthread_mutex_lock(&timeline->lock);
	timeline->owner = NULL;
	road_native_disown(timeline);
	pthread_mutex_unlock(&timeline->lock);
}

static void free_spares(struct road_queue *queue)
{
	while (queue->spare) {
		struct road_submit *submit = queue->spare;

		queue->spare = submit->next;
		free(submit);
	}
}

static void queue_finish(struct road_object *object)
{
	struct road_queue *queue = queue_of(object);

	disown(queue->timeline);
	road_object_release(&queue->timeline->object);
	free_spares(queue);
	pthread_cond_destroy(&queue->idle);
	pthread_mutex_destroy(&queue->lock);
	road_region_queue_finish(queue);
	road_object_release(&queue->space->object);
}

static void queue_free(struct road_object *object)
{
	free(queue_of(object));
}

const struct road_class road_queue_class = {ROAD_TYPE_QUEUE, "queue", queue_close, queue_finish,
					    queue_free};

static road_status check_options(const struct road_device *device, road_queue_options *options)
{
	uint32_t classes = device->info.queue_classes;

	if (options->flags || options->reserved)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "unknown flags",
				     "road_queue_create: options.flags", options->flags, "0");
	if (options->priority > 2)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "unknown priority",
				     "road_queue_create: options.priority", options->priority,
				     "0, 1, 2");
	if (options->priority && !(device->info.features & ROAD_FEATURE_PRIORITIES))
		return road_fail_u64(ROAD_UNSUPPORTED, "the device's queues have no priorities",
				     "road_queue_create: options.priority", options->priority, "0");
	if (!options->queue_class)
		options->queue_class = classes & 1u << ROAD_QUEUE_COMPUTE ? ROAD_QUEUE_COMPUTE
									  : ROAD_QUEUE_TRANSFER;
	if (options->queue_class > ROAD_QUEUE_TRANSFER)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "unknown class",
				     "road_queue_create: options.queue_class", options->queue_class,
				     "ROAD_QUEUE_COMPUTE, ROAD_QUEUE_TRANSFER");
	if (!(classes & 1u << options->queue_class))
		return road_fail_u64(ROAD_UNSUPPORTED, "the device has no queues of this class",
				     "road_queue_create: options.queue_class", options->queue_class,
				     "see road_device_info.queue_classes");
	if (options->depth > device->info.queue_depth_max)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "queue is too deep",
				     "road_queue_create: options.depth", options->depth,
				     "road_device_info.queue_depth_max");
	if (!options->depth)
		options->depth = device->info.queue_depth_max < DEPTH_DEFAULT
					 ? device->info.queue_depth_max
					 : DEPTH_DEFAULT;
	return ROAD_OK;
}

/* Counts the queue in, as long as the device has one left. */
static road_status enlist(struct road_queue *queue, struct road_device *device)
{
	road_status status = ROAD_OK;

	pthread_mutex_lock(&device->lock);
	if (device->queue_count >= device->info.queues_max) {
		status = road_fail_u64(ROAD_NO_SPACE, "the device has no queue left",
				       "road_queue_create", device->queue_count,
				       "road_device_info.queues_max");
	} else {
		device->queue_count++;
		queue->next = device->queues;
		device->queues = queue;
	}
	pthread_mutex_unlock(&device->lock);
	return status;
}

static road_status make_queue(struct road_space *space, const road_queue_options *options,
			      struct road_queue **out)
{
	struct road_queue *queue = calloc(1, sizeof(*queue));
	road_status status;

	if (!queue)
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for a queue",
				 "road_queue_create", "", "");
	queue->space = space;
	atomic_store(&queue->boots, road_boot_number(space->device));
	queue->depth = options->depth;
	queue->drv = (struct road_drv_queue){.dev = &space->device->drv,
					     .space = &space->drv,
					     .queue_class = options->queue_class,
					     .priority = options->priority,
					     .depth = options->depth};
	/* An interrupt of whoever had its number on the chip before may name it while it is opened:
	 * it is empty, and no object yet that could be held. */
	atomic_store(&queue->in_ready, true);
	status = road_event_new(0, true, &queue->timeline);
	if (status)
		goto free_queue;
	queue->timeline->owner = queue;
	pthread_mutex_init(&queue->lock, NULL);
	pthread_cond_init(&queue->idle, NULL);
	status = enlist(queue, space->device);
	if (status)
		goto release_timeline;
	status = road_region_queue_begin(queue, options->region);
	if (status)
		goto unlist;
	status = space->device->ops.queue_open(&queue->drv);
	road_region_queue_end(queue, status);
	if (status)
		goto unlist;
	queue->native = space->device->ops.native(&queue->drv);
	road_object_retain(&space->object);
	road_object_init(&queue->object, &road_queue_class);
	atomic_store(&queue->in_ready, false);
	*out = queue;
	return ROAD_OK;
unlist:
	queue_unlist(queue);
	count_out(space->device);
release_timeline:
	road_object_release(&queue->timeline->object);
	pthread_cond_destroy(&queue->idle);
	pthread_mutex_destroy(&queue->lock);
free_queue:
	free(queue);
	return status;
}

road_status road_queue_create(road_space *space, const road_queue_options *options,
			      road_queue **out)
{
	road_queue_options own;
	road_status status =
		road_object_check(space, &road_space_class, "road_queue_create: space");

	if (!status)
		status =
			road_struct_in(&own, sizeof(own), options, 8, "road_queue_create: options");
	if (!status && !out)
		status = road_fail(ROAD_INVALID_ARGUMENT, "output is NULL",
				   "road_queue_create: out", "NULL", "");
	if (!status)
		status = road_space_usable(space, "road_queue_create: space");
	if (!status)
		status = road_device_usable(space->device, "road_queue_create: space");
	if (!status)
		status = check_options(space->device, &own);
	if (!status)
		status = make_queue(space, &own, out);
	return status;
}

road_status road_queue_retain(road_queue *queue)
{
	road_status status =
		road_object_check(queue, &road_queue_class, "road_queue_retain: queue");

	if (!status)
		road_object_retain(&queue->object);
	return status;
}

void road_queue_release(road_queue *queue)
{
	if (road_object_mine(queue, &road_queue_class, "road_queue_release: queue"))
		road_object_release(&queue->object);
}

/* ---- submit ---- */

static road_status check_submission(struct road_queue *queue, const road_submission *s)
{
	if (s->flags & ~ROAD_SUBMIT_TIMED)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "unknown flags",
				     "road_queue_submit: flags", s->flags, "ROAD_SUBMIT_TIMED");
	if (s->wait_count > ROAD_POINTS_MAX || s->signal_count > ROAD_POINTS_MAX)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "too many points",
				     "road_queue_submit: wait_count, signal_count",
				     s->wait_count > ROAD_POINTS_MAX ? s->wait_count
								     : s->signal_count,
				     "at most 4096");
	if ((s->wait_count && !s->waits) || (s->signal_count && !s->signals))
		return road_fail(ROAD_INVALID_ARGUMENT, "points are NULL",
				 "road_queue_submit: waits, signals", "NULL", "an array");
	for (uint32_t i = 0; i < s->wait_count; i++) {
		road_status status = road_object_check(s->waits[i].event, &road_event_class,
						       "road_queue_submit: waits");

		if (status)
			return status;
	}
	for (uint32_t i = 0; i < s->signal_count; i++) {
		road_status status = road_object_check(s->signals[i].event, &road_event_class,
						       "road_queue_submit: signals");

		if (status)
			return status;
	}
	if (s->list) {
		road_status status =
			road_object_check(s->list, &road_list_class, "road_queue_submit: list");

		if (status)
			return status;
		if (!atomic_load(&s->list->closed))
			return road_fail(ROAD_INVALID_ARGUMENT, "list is still being recorded",
					 "road_queue_submit: list", "open",
					 "a list after road_list_close");
		if (s->list->space != queue->space)
			return road_fail(ROAD_INVALID_ARGUMENT, "list belongs to another space",
					 "road_queue_submit: list", "", "the queue's space");
	}
	if (s->flags & ROAD_SUBMIT_TIMED) {
		if (!(queue->space->device->info.commands & 1u << ROAD_COMMAND_TIMESTAMP))
			return road_fail(ROAD_UNSUPPORTED, "the device takes no timestamps",
					 "road_queue_submit: flags", "ROAD_SUBMIT_TIMED", "");
		return road_struct_out_check(s->times, 8, "road_queue_submit: times");
	}
	return ROAD_OK;
}

/* Copies the points and holds their events. */
static bool take_points(struct road_submit *submit, const road_submission *s)
{
	uint32_t total = s->wait_count + s->signal_count;

	if (!total)
		return true;
	submit->waits = calloc(total, sizeof(*submit->waits) + sizeof(uint64_t));
	if (!submit->waits)
		return false;
	submit->signals = submit->waits + s->wait_count;
	submit->owed_before = (uint64_t *)(void *)(submit->waits + total);
	if (s->wait_count)
		memcpy(submit->waits, s->waits, s->wait_count * sizeof(*s->waits));
	if (s->signal_count)
		memcpy(submit->signals, s->signals, s->signal_count * sizeof(*s->signals));
	submit->wait_count = s->wait_count;
	submit->signal_count = s->signal_count;
	for (uint32_t i = 0; i < total; i++)
		road_object_hold(&submit->waits[i].event->object);
	return true;
}

static road_status make_submit(struct road_queue *queue, const road_submission *s,
			       struct road_submit **out)
{
	struct road_submit *submit = calloc(1, sizeof(*submit));

	if (!submit || !take_points(submit, s)) {
		free(submit);
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for a submission",
				 "road_queue_submit", "", "");
	}
	submit->queue = queue;
	submit->holding = true;
	road_object_hold(&queue->object);
	submit->list = s->list;
	if (s->list)
		road_object_retain(&s->list->object);
	if (s->flags & ROAD_SUBMIT_TIMED) {
		submit->times = s->times;
		submit->queued_ns = road_submit_clock(queue->space->device);
	}
	road_status status = road_submit_prepare(submit, queue->space->device);

	if (status) {
		road_submit_free(submit);
		return status;
	}
	*out = submit;
	return ROAD_OK;
}

/* Under the queue's lock: all promises or none. A promise that is taken back leaves what the queue
 * owed before it. */
static road_status promise_all(struct road_queue *queue, struct road_submit *submit)
{
	for (uint32_t i = 0; i < submit->signal_count; i++) {
		uint64_t before;
		road_status status = road_event_promise(submit->signals[i].event,
							submit->signals[i].value, queue, &before);

		if (status) {
			while (i--)
				road_event_unpromise(submit->signals[i].event,
						     submit->owed_before[i], queue);
			return status;
		}
		submit->owed_before[i] = before;
	}
	return ROAD_OK;
}

/* Is there nothing to it but its place on the timeline? */
static bool is_bare(const road_submission *s)
{
	return !s->list && !s->wait_count && !s->signal_count && !s->flags;
}

/* Under the lock: a submission that holds nothing. */
static struct road_submit *bare_submit(struct road_queue *queue)
{
	struct road_submit *submit = queue->spare;

	if (submit)
		queue->spare = submit->next;
	else
		submit = calloc(1, sizeof(*submit));
	if (submit)
		submit->queue = queue;
	return submit;
}

/* Under the lock: appends, and gives the submission its place on the timeline. */
static void accept(struct road_queue *queue, struct road_submit *submit, uint64_t now)
{
	struct road_device *device = queue->space->device;
	uint64_t *time = road_thread_time();

	*time += device->submit_ps;
	submit->queued_ps = submit->stamp_ps = *time > now ? *time : now;
	submit->timeline = queue->timeline;
	if (submit->holding)
		road_object_hold(&queue->timeline->object);
	submit->value = ++queue->tail;
	queue->used++;
	submit->next = NULL;
	if (queue->pending_first)
		queue->pending_last->next = submit;
	else
		queue->pending_first = submit;
	queue->pending_last = submit;
}

road_status road_queue_refuses(const struct road_queue *queue)
{
	if (queue->closed)
		return road_fail(ROAD_STALE, "the queue's space was closed", "road_queue_submit",
				 "", "");
	if (queue->status.status)
		return road_fail_again(&queue->status);
	return ROAD_OK;
}

/* Under the lock. `submit` is NULL for a bare one. */
static road_status enqueue(struct road_queue *queue, struct road_submit *submit, uint64_t now,
			   road_point *point)
{
	road_status status = road_queue_refuses(queue);

	if (!status && queue->used >= queue->depth)
		status = ROAD_NOT_READY;
	if (status)
		return status;
	if (!submit && !(submit = bare_submit(queue)))
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for a submission",
				 "road_queue_submit", "", "");
	status = promise_all(queue, submit);
	if (status)
		return status;
	accept(queue, submit, now);
	if (point)
		*point = (road_point){queue->timeline, submit->value};
	return ROAD_OK;
}

road_status road_queue_submit(road_queue *queue, const road_submission *submission,
			      road_point *point)
{
	struct road_work work = ROAD_WORK_INIT(0);
	struct road_submit *submit = NULL;
	road_submission own;
	road_status status =
		road_object_check(queue, &road_queue_class, "road_queue_submit: queue");

	if (!status)
		status = road_struct_in(&own, sizeof(own), submission, 16,
					"road_queue_submit: submission");
	if (!status)
		status = check_submission(queue, &own);
	if (!status && road_device_is_lost(queue->space->device))
		status = road_fail(ROAD_DEVICE_LOST, "the device is gone", "road_queue_submit", "",
				   "");
	if (!status)
		status = road_region_admits(queue);
	if (!status && !is_bare(&own))
		status = make_submit(queue, &own, &submit);
	if (status)
		return status;
	work.time_ps = road_progress_now();
	pthread_mutex_lock(&queue->lock);
	status = enqueue(queue, submit, work.time_ps, point);
	if (!status)
		road_queue_move(queue, &work);
	pthread_mutex_unlock(&queue->lock);
	if (status && submit)
		road_submit_free(submit);
	road_work_drain(&work);
	road_baton_poke();
	return status;
}

road_status road_queue_tail(road_queue *queue, road_point *out)
{
	road_status status = road_object_check(queue, &road_queue_class, "road_queue_tail: queue");

	if (status)
		return status;
	if (!out)
		return road_fail(ROAD_INVALID_ARGUMENT, "output is NULL", "road_queue_tail: out",
				 "NULL", "");
	pthread_mutex_lock(&queue->lock);
	*out = (road_point){queue->timeline, queue->tail};
	pthread_mutex_unlock(&queue->lock);
	return ROAD_OK;
}

road_status road_queue_status(road_queue *queue, road_error *detail)
{
	road_status status =
		road_object_check(queue, &road_queue_class, "road_queue_status: queue");

	if (!status && detail)
		status = road_struct_out_check(detail, 8, "road_queue_status: detail");
	if (status)
		return status;
	road_status region = road_region_admits(queue);

	pthread_mutex_lock(&queue->lock);
	status = road_queue_refuses(queue);
	if (!status)
		status = region;
	if (status && detail) {
		road_error why;

		road_error_take(&why);
		road_struct_out(detail, &why, sizeof(why));
	}
	pthread_mutex_unlock(&queue->lock);
	return status;
}

road_status road_queue_drain(road_queue *queue, uint64_t deadline)
{
	road_point tail;
	road_status status = road_queue_tail(queue, &tail);

	return status ? status : road_point_wait(tail, deadline);
}

/* ---- cancel and reset ---- */

/* Under the lock: a submission that outlives the queue's present timeline. */
static void make_holding(struct road_submit *submit)
{
	if (submit->holding)
		return;
	submit->holding = true;
	road_object_hold(&submit->queue->object);
	road_object_hold(&submit->timeline->object);
}

/* Under the lock: what is submitted from here on stands on a timeline of its own. */
static void new_timeline(struct road_queue *queue, struct road_event *fresh)
{
	for (struct road_submit *s = queue->pending_first; s; s = s->next)
		make_holding(s);
	for (struct road_submit *s = queue->flight_first; s; s = s->next)
		make_holding(s);
	disown(queue->timeline);
	road_object_release(&queue->timeline->object);
	fresh->owner = queue;
	queue->timeline = fresh;
	queue->tail = 0;
}

/* Under the lock, moves stopped: the device forgets the queue's work, and it fails. */
static road_status drop_flight(struct road_queue *queue, const road_error *why,
			       struct road_work *work)
{
	road_error kept = queue->status;

	queue->in_driver++;
	queue->drv.region_generation = atomic_load(&queue->region_generation);
	pthread_mutex_unlock(&queue->lock);
	road_status status = queue->space->device->ops.queue_reset(&queue->drv);

	road_queue_fail_all(queue, why, work);
	pthread_mutex_lock(&queue->lock);
	queue->in_driver--;
	road_queue_tell_idle(queue); /* another reset waits for its turn */
	if (status) {
		road_error_take(&queue->status);
		return status;
	}
	queue->drv_sequence = 0;
	queue->was_full = false;
	queue->status = kept;
	return ROAD_OK;
}

void road_queue_abandon(struct road_queue *queue, const road_error *why, uint64_t boots)
{
	struct road_work work = ROAD_WORK_INIT(road_progress_now());

	pthread_mutex_lock(&queue->lock);
	if (!queue->closed && stop_moves(queue)) {
		if (atomic_load(&queue->boots) <= boots) { /* else it was reset meanwhile */
			drop_flight(queue, why, &work);
			queue->status = *why;
		}
		queue->stopped = false;
		if (queue->advance_missed && !queue->status.status) {
			queue->advance_missed = false;
			road_drv_queue_ready(&queue->drv);
		}
	}
	pthread_mutex_unlock(&queue->lock);
	road_work_drain(&work);
}

/* Under the lock: the pending submissions from `from` on fail; those of another timeline, older
 * than the present one, stay. */
static void cancel_pending(struct road_queue *queue, uint64_t from, const road_error *why,
			   struct road_work *work)
{
	struct road_submit *keep_first = NULL, *keep_last = NULL, *failed = NULL, *next;
	struct road_submit **end = &failed;

	road_queue_forget_wait(queue);
	for (struct road_submit *s = queue->pending_first; s; s = next) {
		next = s->next;
		if (s->timeline == queue->timeline && s->value >= from) {
			*end = s;
			end = &s->next;
			continue;
		}
		s->next = NULL;
		if (keep_first)
			keep_last->next = s;
		else
			keep_first = s;
		keep_last = s;
	}
	*end = NULL;
	queue->pending_first = keep_first;
	queue->pending_last = keep_last;
	road_queue_fail_list(queue, &failed, why, work);
}

static bool flight_has(const struct road_queue *queue, uint64_t from)
{
	if (queue->blocked && queue->blocked->value >= from)
		return true;
	for (const struct road_submit *s = queue->flight_first; s; s = s->next)
		if (s->timeline == queue->timeline && s->value >= from)
			return true;
	return false;
}

static road_status cancel(struct road_queue *queue, uint64_t from, bool reset)
{
	struct road_work work = ROAD_WORK_INIT(road_progress_now());
	struct road_event *fresh;
	road_error why;
	road_status status = road_event_new(0, true, &fresh);

	if (status)
		return status;
	if (reset)
		status = road_region_queue_renew(queue);
	if (status) {
		road_object_release(&fresh->object);
		return status;
	}
	road_error_set(&why, ROAD_CANCELLED, reset ? "the queue was reset" : "cancelled",
		       reset ? "road_queue_reset" : "road_queue_cancel", "", "");
	pthread_mutex_lock(&queue->lock);
	if (queue->closed || !stop_moves(queue)) {
		status = road_queue_refuses(queue);
		pthread_mutex_unlock(&queue->lock);
		road_object_release(&fresh->object);
		return status;
	}
	if (reset || flight_has(queue, from))
		status = drop_flight(queue, &why, &work);
	else
		cancel_pending(queue, from, &why, &work);
	if (!status && reset) {
		queue->status.status = ROAD_OK;
		atomic_store(&queue->boots, road_boot_number(queue->space->device));
	}
	new_timeline(queue, fresh);
	queue->stopped = false;
	if (queue->advance_missed) {
		queue->advance_missed = false;
		road_drv_queue_ready(&queue->drv);
	}
	pthread_mutex_unlock(&queue->lock);
	road_work_queue(&work, queue);
	road_work_drain(&work);
	return status;
}

road_status road_queue_cancel(road_queue *queue, uint64_t from)
{
	road_status status =
		road_object_check(queue, &road_queue_class, "road_queue_cancel: queue");

	return status ? status : cancel(queue, from, false);
}

road_status road_queue_reset(road_queue *queue)
{
	road_status status = road_object_check(queue, &road_queue_class, "road_queue_reset: queue");

	if (!status)
		status = road_device_is_lost(queue->space->device)
				 ? ROAD_OK /* that is told elsewhere */
				 : road_device_usable(queue->space->device, "road_queue_reset");
	return status ? status : cancel(queue, 0, true);
}
