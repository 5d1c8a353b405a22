/* SPDX-License-Identifier: Apache-2.0 */
/* What follows from a signal, worked off with no lock held. */
#include "hal/core/core.h"
#include "hal/core/submit.h"

void road_work_queue(struct road_work *work, struct road_queue *queue)
{
	if (atomic_exchange(&queue->in_work, true))
		return; /* in somebody's list, who will look at the queue after this signal */
	road_object_hold(&queue->object);
	queue->work_next = work->queues;
	work->queues = queue;
}

void road_work_done(struct road_work *work, struct road_submit *submit)
{
	submit->next = work->done;
	work->done = submit;
}

static void run_inlined(struct road_work *work)
{
	struct road_callback_job *job = work->inlined;
	bool outer = road_in_callback;

	work->inlined = NULL;
	road_in_callback = true;
	job->fn(job->user);
	road_in_callback = outer;
	road_queue_callback_done(job->queue);
}

static void post(struct road_work *work)
{
	struct road_callback_job *job = work->posted;

	work->posted = NULL;
	road_callback_post(job->queue->space->device->instance, job);
}

static void kick(struct road_work *work)
{
	struct road_queue *queue = work->queues;

	work->queues = queue->work_next;
	atomic_store(&queue->in_work, false);
	road_queue_kick(queue, work);
	road_object_drop(&queue->object);
}

/* What was moved to a device may be what a sleeper waits for: the next one to run it is woken. */
static void drain(struct road_work *work)
{
	bool kicked = false;

	for (;;) {
		if (work->done) {
			struct road_submit *submit = work->done;

			work->done = submit->next;
			road_submit_free(submit);
		} else if (work->inlined) {
			run_inlined(work);
		} else if (work->posted) {
			post(work);
		} else if (work->queues) {
			kick(work);
			kicked = true;
		} else {
			break;
		}
	}
	if (kicked)
		road_baton_poke();
}

void road_work_drain(struct road_work *work)
{
	if (work->done || work->inlined || work->posted || work->queues)
		drain(work);
}
