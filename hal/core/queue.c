/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Queues: how a submission is accepted, moves to the device, and ends.
 *
 *	submit -> pending --kick--> in flight --advance--> done (or: callback -> pending again)
 *
 * Only the head of `pending` can move, so only its waits matter. One thread at a time moves
 * (`kicking`); a second one leaves a note (`kick_again`).
 */
#include <stdio.h>

#include "hal/core/firmware.h"
#include "hal/core/region.h"
#include "hal/core/submit.h"

static void append(struct road_submit **first, struct road_submit **last,
		   struct road_submit *submit)
{
	submit->next = NULL;
	if (*first)
		(*last)->next = submit;
	else
		*first = submit;
	*last = submit;
}

static struct road_submit *pop(struct road_submit **first)
{
	struct road_submit *submit = *first;

	*first = submit->next;
	submit->next = NULL;
	return submit;
}

/* Under the lock: who waits until nobody is in the driver looks again. */
void road_queue_tell_idle(struct road_queue *queue)
{
	if (queue->idle_waiters)
		pthread_cond_broadcast(&queue->idle);
}

/* ---- ends ---- */

/* Under the lock: the submission is decided, and gives back what it holds. One that holds nothing
 * is used again. */
static void retire(struct road_queue *queue, struct road_submit *submit, struct road_work *work)
{
	queue->used--;
	if (submit->holding) {
		road_work_done(work, submit);
		return;
	}
	submit->next = queue->spare;
	queue->spare = submit;
}

/* A timeline that fails at a value fails at all behind it at once; and who sees that its point
 * failed finds all that the submission owes decided. So all of them tell and fail their signals
 * before one of their points fails. */
static void fail_signals(struct road_submit *submit, const road_error *why, struct road_work *work)
{
	road_submit_tell(submit, 0, UINT32_MAX, why);
	for (uint32_t i = 0; i < submit->signal_count; i++)
		road_event_fail_from(submit->signals[i].event, submit->signals[i].value, why,
				     work->time_ps, work);
}

static void fail_signals_of(struct road_submit *first, const road_error *why,
			    struct road_work *work)
{
	for (struct road_submit *submit = first; submit; submit = submit->next)
		fail_signals(submit, why, work);
}

static void fail_points_of(struct road_queue *queue, struct road_submit **first,
			   const road_error *why, struct road_work *work)
{
	while (*first) {
		struct road_submit *submit = pop(first);

		road_event_fail_from(submit->timeline, submit->value, why, work->time_ps, work);
		road_native_forget(queue, submit);
		road_region_order_leave(queue, submit, work);
		retire(queue, submit, work);
	}
}

void road_queue_fail_list(struct road_queue *queue, struct road_submit **first,
			  const road_error *why, struct road_work *work)
{
	fail_signals_of(*first, why, work);
	fail_points_of(queue, first, why, work);
}

void road_queue_forget_wait(struct road_queue *queue)
{
	if (!queue->waiting_on)
		return;
	road_event_forget(queue->waiting_on, &queue->waiter);
	road_object_drop(&queue->waiting_on->object);
	queue->waiting_on = NULL;
}

/* Under the lock: nothing of the queue will be done any more. A running callback keeps its
 * submission until it returns. */
static void fail_everything(struct road_queue *queue, const road_error *why, struct road_work *work)
{
	struct road_submit *blocked = queue->blocked_failed ? NULL : queue->blocked;

	if (queue->status.status == ROAD_OK)
		queue->status = *why;
	if (blocked)
		fail_signals(blocked, why, work);
	fail_signals_of(queue->flight_first, why, work);
	fail_signals_of(queue->pending_first, why, work);
	fail_points_of(queue, &queue->flight_first, why, work);
	fail_points_of(queue, &queue->pending_first, why, work);
	if (blocked) {
		queue->blocked_failed = true;
		road_event_fail_from(blocked->timeline, blocked->value, why, work->time_ps, work);
	}
}

/* Under the lock: what has not moved yet fails, and the queue takes nothing more until it is reset.
 * What is in flight stands in front of it and goes on. */
static void fail_pending(struct road_queue *queue, const road_error *why, struct road_work *work)
{
	if (queue->status.status == ROAD_OK)
		queue->status = *why;
	road_queue_forget_wait(queue);
	road_queue_fail_list(queue, &queue->pending_first, why, work);
}

void road_queue_fail_all(struct road_queue *queue, const road_error *why, struct road_work *work)
{
	pthread_mutex_lock(&queue->lock);
	road_queue_forget_wait(queue);
	fail_everything(queue, why, work);
	pthread_mutex_unlock(&queue->lock);
}

/* Under the lock: the submission did all it should. */
static void complete(struct road_queue *queue, struct road_submit *submit, struct road_work *work)
{
	road_submit_times(submit);
	for (uint32_t i = 0; i < submit->signal_count; i++)
		road_event_raise(submit->signals[i].event, submit->signals[i].value, work->time_ps,
				 work);
	road_event_raise(submit->timeline, submit->value, work->time_ps, work);
	retire(queue, submit, work);
}

/* Under the lock: a segment ended on the device. A callback behind it blocks the queue. */
static void end_segment(struct road_queue *queue, struct road_submit *submit,
			struct road_work *work)
{
	const struct road_list_segment *segment = submit->list && submit->list->segment_count
							  ? &submit->list->segments[submit->segment]
							  : NULL;

	road_native_forget(queue, submit);
	road_region_order_leave(queue, submit, work);
	road_submit_arrived(submit);
	if (!segment || !segment->fn) {
		complete(queue, submit, work);
		return;
	}
	queue->blocked = submit;
	queue->blocked_failed = false;
	submit->job = (struct road_callback_job){
		.fn = segment->fn, .user = segment->user, .queue = queue};
	road_object_hold(&queue->object);
	if (segment->callback_flags & ROAD_CALLBACK_INLINE)
		work->inlined = &submit->job;
	else
		work->posted = &submit->job;
}

bool road_queue_callback_due(struct road_queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	bool due = !queue->blocked_failed;

	pthread_mutex_unlock(&queue->lock);
	return due;
}

void road_queue_callback_done(struct road_queue *queue)
{
	struct road_work work = ROAD_WORK_INIT(road_progress_now());

	pthread_mutex_lock(&queue->lock);
	struct road_submit *submit = queue->blocked;

	queue->blocked = NULL;
	if (queue->blocked_failed) {
		retire(queue, submit, &work);
	} else { /* the rest, be it empty, goes first of all that is pending */
		submit->segment++;
		submit->next = queue->pending_first;
		if (!queue->pending_first)
			queue->pending_last = submit;
		queue->pending_first = submit;
		if (work.time_ps > submit->stamp_ps)
			submit->stamp_ps = work.time_ps;
	}
	road_queue_tell_idle(queue);
	pthread_mutex_unlock(&queue->lock);
	road_work_queue(&work, queue);
	road_work_drain(&work);
	road_object_drop(&queue->object);
}

static void describe_fault(const struct road_fault *fault, road_error *why, road_status status)
{
	char where[sizeof(why->where)];

	snprintf(where, sizeof(where), "%.48s pc %u line %u", fault->kernel, fault->pc,
		 fault->line);
	road_error_set(why, status, fault->text[0] ? fault->text : "the device failed the work",
		       fault->kernel[0] ? where : "work of the queue", "", "");
}

/* The driver says that sequences from `from` on failed: these and all behind them. */
static void fail_from(struct road_queue *queue, struct road_drv_progress *progress,
		      struct road_work *work)
{
	struct road_device *device = queue->space->device;
	road_error why;

	if (!queue->flight_first)
		return;
	if (!road_submit_region_failed(queue->flight_first, &why))
		describe_fault(&progress->fault, &why, progress->status);
	why.status = progress->status;
	if (queue->region) /* one fault too many? */
		atomic_store(&queue->region->suspect, true);
	if (progress->fault.kind) {
		progress->fault.point = queue->flight_first->value;
		progress->fault.device_ns = work->time_ps / ROAD_NS_PS;
		road_device_fault_add(device, &progress->fault);
		if (progress->fault.kind == ROAD_FAULT_FIRMWARE)
			road_boot_heard(device, atomic_load(&queue->boots));
		road_space_fault(queue->space, &why);
	}
	road_queue_forget_wait(queue);
	fail_everything(queue, &why, work);
}

bool road_queue_advance(struct road_queue *queue, struct road_work *work)
{
	struct road_drv_progress progress = {.failed_from = UINT64_MAX};

	pthread_mutex_lock(&queue->lock);
	bool later = queue->moving || queue->stopped;

	if (later)
		queue->advance_missed = true; /* who moves or stops it looks again */
	if (queue->closed || later || !queue->flight_first) {
		pthread_mutex_unlock(&queue->lock);
		return false;
	}
	queue->in_driver++; /* nobody resets or closes the queue meanwhile */
	pthread_mutex_unlock(&queue->lock);
	queue->space->device->ops.advance(&queue->drv, &progress);
	pthread_mutex_lock(&queue->lock);
	if (!--queue->in_driver)
		road_queue_tell_idle(queue);
	bool moved = false;

	while (queue->flight_first && queue->flight_first->drv_sequence <= progress.completed) {
		end_segment(queue, pop(&queue->flight_first), work);
		moved = true;
	}
	if (progress.failed_from != UINT64_MAX) {
		fail_from(queue, &progress, work);
		moved = true;
	}
	/* What ended may have stood before one whose native wait failed. */
	bool kick = moved && ((queue->pending_first && !queue->blocked) || queue->native_waits);

	pthread_mutex_unlock(&queue->lock);
	if (kick)
		road_work_queue(work, queue);
	return moved;
}

/* ---- moves ---- */

/* Under the lock: are the head's waits met? Else the queue waits on the first that is not. */
static enum road_point_state head_waits(struct road_queue *queue, struct road_submit *submit,
					road_error *why)
{
	if (queue->waiting_on) {
		uint64_t fired = queue->waiter.fired_ps;

		if (road_event_state(queue->waiting_on, queue->waiter.value) == ROAD_POINT_OPEN)
			return ROAD_POINT_OPEN;
		road_queue_forget_wait(queue);
		if (fired + queue->space->device->submit_ps > submit->stamp_ps)
			submit->stamp_ps = fired + queue->space->device->submit_ps;
	}
	while (submit->waited < submit->wait_count) {
		struct road_point *point = &submit->waits[submit->waited];

		if (queue->native && road_native_wait(queue, submit, point)) {
			submit->waited++;
			continue;
		}
		queue->waiter = (struct road_waiter){
			.value = point->value, .kind = ROAD_WAITER_QUEUE, .queue = queue};
		road_object_hold(&point->event->object);
		queue->waiting_on = point->event;
		if (road_event_await(point->event, &queue->waiter))
			return ROAD_POINT_OPEN;
		road_queue_forget_wait(queue);
		if (road_event_state(point->event, point->value) == ROAD_POINT_FAILED) {
			pthread_mutex_lock(&point->event->lock);
			*why = point->event->failure;
			pthread_mutex_unlock(&point->event->lock);
			return ROAD_POINT_FAILED;
		}
		submit->waited++;
	}
	if (submit->native_count && road_native_failed(submit, why))
		return ROAD_POINT_FAILED;
	return ROAD_POINT_REACHED;
}

/* Hands the head's segment to the driver, with this thread's virtual time set to its stamp. The
 * queue is unlocked meanwhile. */
static road_status hand_over(struct road_queue *queue, struct road_submit *submit)
{
	struct road_drv_submission submission;
	uint64_t *time = road_thread_time(), mine = *time;
	road_status status;

	if (submit->stamp_ps < queue->last_stamp_ps)
		submit->stamp_ps = queue->last_stamp_ps;
	queue->last_stamp_ps = submit->stamp_ps;
	if (!submit->segment)
		submit->submitted_ps = submit->stamp_ps;
	road_submit_segment(submit, submit->segment, &submission);
	submission.sequence = queue->drv_sequence + 1;
	submit->drv_sequence = submission.sequence;
	pthread_mutex_unlock(&queue->lock);
	*time = submit->stamp_ps;
	if (submit->times && !submit->submitted_ns)
		submit->submitted_ns = road_submit_clock(queue->space->device);
	if (queue->native)
		road_native_signal(queue, submit, &submission);
	status = queue->space->device->ops.submit(&queue->drv, &submission);
	*time = mine;
	pthread_mutex_lock(&queue->lock);
	if (status == ROAD_OK && submission.signal_count)
		road_native_handed(submit);
	return status;
}

/* Under the lock, kicking: tries to move the head; false: it has to stay. */
static bool move_head(struct road_queue *queue, struct road_work *work)
{
	struct road_submit *submit = queue->pending_first;
	road_error why;

	switch (head_waits(queue, submit, &why)) {
	case ROAD_POINT_OPEN: return false;
	case ROAD_POINT_FAILED: fail_pending(queue, &why, work); return false;
	case ROAD_POINT_REACHED: break;
	}
	if (!road_region_order_enter(queue, submit))
		return false;
	if (queue->was_full && work->time_ps > submit->stamp_ps)
		submit->stamp_ps = work->time_ps;
	/* In no list while the driver has it: whoever ends the others meanwhile leaves it alone. */
	queue->moving = pop(&queue->pending_first);
	road_status status = hand_over(queue, submit);

	queue->moving = NULL;
	if (queue->advance_missed) {
		queue->advance_missed = false;
		road_drv_queue_ready(&queue->drv);
	}
	if (status == ROAD_OK) {
		queue->drv_sequence++;
		queue->was_full = false;
		append(&queue->flight_first, &queue->flight_last, submit);
		if (queue->space->device->sleeps) /* who sleeps has somebody to ask now */
			road_progress_hand_on();
		return true;
	}
	road_region_order_leave(queue, submit, work);
	submit->next = queue->pending_first;
	if (!queue->pending_first)
		queue->pending_last = submit;
	queue->pending_first = submit;
	if (status == ROAD_NOT_READY && queue->flight_first) {
		queue->was_full = true;
		return false;
	}
	if (status == ROAD_NOT_READY)
		road_error_set(&why, ROAD_NO_SPACE, "the submission is larger than the queue",
			       "road_queue_submit", "", "fewer commands in one list");
	else
		road_error_take(&why);
	if (status != ROAD_NOT_READY)
		why.status = status;
	fail_pending(queue, &why, work);
	return false;
}

/* Under the lock: may the head move at all? A callback that is still to come blocks the queue. */
static bool may_move(const struct road_queue *queue)
{
	if (!queue->pending_first || queue->blocked || queue->closed || queue->stopped)
		return false;
	if (!queue->flight_first)
		return true;
	const struct road_submit *last = queue->flight_last;

	return !last->list || !last->list->segment_count || !last->list->segments[last->segment].fn;
}

/* Under the lock: does the submission that the device works at wait for what will never come? */
static bool stuck(struct road_queue *queue, road_error *why)
{
	return queue->native_waits && queue->flight_first && !queue->closed && !queue->stopped &&
	       road_native_failed(queue->flight_first, why);
}

void road_queue_move(struct road_queue *queue, struct road_work *work)
{
	road_error why;

	if (queue->kicking) {
		queue->kick_again = true;
		return;
	}
	queue->kicking = true;
	do {
		queue->kick_again = false;
		while (may_move(queue) && move_head(queue, work))
			;
	} while (queue->kick_again);
	queue->kicking = false;
	if (queue->native_waits && stuck(queue, &why))
		road_work_queue(work, queue); /* it is taken off with no lock held */
	road_queue_tell_idle(queue);
}

void road_queue_kick(struct road_queue *queue, struct road_work *work)
{
	road_error why;

	pthread_mutex_lock(&queue->lock);
	bool abandon = !queue->kicking && stuck(queue, &why);

	if (!abandon)
		road_queue_move(queue, work);
	pthread_mutex_unlock(&queue->lock);
	if (abandon)
		road_queue_abandon(queue, &why, UINT64_MAX);
}
