/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Queues. A submission becomes calls on the queue's stream and an event behind them, which advance
 * asks. Nothing is reported as failed before the stream is at rest: from then on the core frees
 * what the submission used.
 */
#include "drivers/fakert/fakert.h"

#include <stdio.h>
#include <stdlib.h>

/* A submission that is under way. */
struct job {
	uint64_t sequence;
	frtEvent_t event;
	uint64_t *stamps;                /* of its TIMESTAMP commands, or NULL */
	const struct road_cmd *commands; /* the core's, until the job is reported */
	uint32_t count;
};

struct fakert_queue {
	pthread_mutex_t lock; /* of what follows; never held while anything is awaited */
	frtStream_t stream;
	struct job *jobs; /* ring of `depth`, each with its event */
	uint32_t depth;
	uint64_t head, tail;  /* jobs that ended, that came */
	uint64_t broken_from; /* sequences from here on fail once the stream is at rest */
	int broken;           /* why, the library's result */
	struct road_drv_progress progress;
};

/* ---- making and unmaking ---- */

static road_status make_stream(struct fakert *f, const struct road_drv_queue *queue,
			       frtStream_t *out)
{
	return fakert_status(f,
			     f->rt.StreamCreateWithPriority(out, 0, f->priorities[queue->priority]),
			     "frtStreamCreateWithPriority");
}

static void forget_jobs(struct fakert_queue *own)
{
	for (uint32_t i = 0; i < own->depth; i++) {
		free(own->jobs[i].stamps);
		own->jobs[i].stamps = NULL;
	}
	own->head = own->tail = 0;
	own->broken_from = UINT64_MAX;
	own->broken = frtSuccess;
	own->progress = (struct road_drv_progress){.failed_from = UINT64_MAX};
}

static void unmake(struct fakert *f, struct fakert_queue *own)
{
	forget_jobs(own);
	for (uint32_t i = 0; i < own->depth; i++)
		if (own->jobs[i].event)
			(void)f->rt.EventDestroy(own->jobs[i].event);
	if (own->stream)
		(void)f->rt.StreamDestroy(own->stream);
	pthread_mutex_destroy(&own->lock);
	free(own->jobs);
	free(own);
}

static road_status make(struct fakert *f, const struct road_drv_queue *queue,
			struct fakert_queue **out)
{
	struct fakert_queue *own = calloc(1, sizeof(*own));
	road_status status;

	if (own)
		own->jobs = calloc(queue->depth, sizeof(*own->jobs));
	if (!own || !own->jobs) {
		free(own);
		return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for a queue", "fakert",
				      NULL, NULL);
	}
	own->depth = queue->depth;
	pthread_mutex_init(&own->lock, NULL);
	forget_jobs(own);
	status = make_stream(f, queue, &own->stream);
	for (uint32_t i = 0; i < own->depth && !status; i++)
		status = fakert_status(f, f->rt.EventCreate(&own->jobs[i].event), "frtEventCreate");
	if (status)
		unmake(f, own);
	else
		*out = own;
	return status;
}

road_status fakert_queue_open(struct road_drv_queue *queue)
{
	struct fakert *f = queue->dev->data;
	struct fakert_queue *own = NULL;
	struct fakert_stay stay;
	road_status status = fakert_enter(f, &stay);

	if (status)
		return status;
	status = make(f, queue, &own);
	fakert_leave(f, &stay);
	queue->data = own;
	return status;
}

/* What runs cannot be stopped: it is awaited. */
void fakert_queue_close(struct road_drv_queue *queue)
{
	struct fakert *f = queue->dev->data;
	struct fakert_queue *own = queue->data;
	struct fakert_stay stay;

	(void)fakert_enter(f, &stay);
	(void)fakert_settle(f, own->stream);
	unmake(f, own);
	fakert_leave(f, &stay);
	queue->data = NULL;
}

/* A stream that failed stays dead: there is a new one. */
road_status fakert_queue_reset(struct road_drv_queue *queue)
{
	struct fakert *f = queue->dev->data;
	struct fakert_queue *own = queue->data;
	struct fakert_stay stay;
	frtStream_t fresh = NULL;
	road_status status = fakert_enter(f, &stay);

	if (status)
		return status;
	status = fakert_settle(f, own->stream);
	if (!status)
		status = make_stream(f, queue, &fresh);
	if (!status) {
		pthread_mutex_lock(&own->lock);
		(void)f->rt.StreamDestroy(own->stream);
		own->stream = fresh;
		forget_jobs(own);
		pthread_mutex_unlock(&own->lock);
	}
	fakert_leave(f, &stay);
	return status;
}

/* ---- submissions, under the lock ---- */

/* Sequences from here on will fail. */
static void break_from(struct fakert_queue *own, uint64_t sequence, int result)
{
	if (sequence >= own->broken_from)
		return;
	own->broken_from = sequence;
	own->broken = result;
}

static road_status make_stamps(struct job *job, const struct road_drv_submission *submission)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < submission->count; i++)
		count += submission->commands[i].kind == ROAD_COMMAND_TIMESTAMP;
	job->stamps = count ? calloc(count, sizeof(*job->stamps)) : NULL;
	if (count && !job->stamps)
		return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for times", "fakert",
				      NULL, NULL);
	return ROAD_OK;
}

/* Once a command is queued it cannot be taken back: what comes after that is accepted, and fails
 * when all that was queued has ended. */
static road_status put(struct fakert *f, struct fakert_queue *own,
		       const struct road_drv_submission *submission)
{
	struct job *job = &own->jobs[own->tail % own->depth];
	road_status status = make_stamps(job, submission);
	uint64_t *stamp = job->stamps;
	int result = frtSuccess;

	if (status)
		return status;
	job->sequence = submission->sequence;
	job->commands = submission->commands;
	job->count = submission->count;
	own->tail++;
	for (uint32_t i = 0; i < submission->count && !result; i++) {
		const struct road_cmd *command = &submission->commands[i];

		result = fakert_command(f, command, own->stream, stamp);
		stamp += command->kind == ROAD_COMMAND_TIMESTAMP;
	}
	if (!result)
		result = f->rt.EventRecord(job->event, own->stream);
	if (result)
		(void)f->rt.GetLastError();
	if (result)
		break_from(own, submission->sequence, result);
	return ROAD_OK;
}

road_status fakert_submit(struct road_drv_queue *queue,
			  const struct road_drv_submission *submission)
{
	struct fakert *f = queue->dev->data;
	struct fakert_queue *own = queue->data;
	struct fakert_stay stay;
	road_status status = fakert_enter(f, &stay);

	if (status)
		return status;
	pthread_mutex_lock(&own->lock);
	if (own->tail - own->head == own->depth)
		status = ROAD_NOT_READY;
	else if (own->broken_from == UINT64_MAX) /* else it stands behind what fails */
		status = put(f, own, submission);
	pthread_mutex_unlock(&own->lock);
	fakert_leave(f, &stay);
	return status;
}

/* ---- how far it is ---- */

static enum road_fault_kind kind_of(int result)
{
	switch (result) {
	case frtErrorIllegalAddress: return ROAD_FAULT_MEMORY;
	case frtErrorIllegalInstruction: return ROAD_FAULT_ILLEGAL;
	case frtErrorAssert:
	case frtErrorLaunchFailure: return ROAD_FAULT_TRAP;
	default: return ROAD_FAULT_NONE;
	}
}

/* The library tells no kernel; where there is one alone in the submission, it was that. */
static const char *kernel_of(const struct job *job)
{
	const char *name = NULL;

	for (uint32_t i = 0; i < job->count; i++) {
		if (job->commands[i].kind != ROAD_COMMAND_LAUNCH)
			continue;
		if (name)
			return "";
		name = job->commands[i].launch.kernel->info.name;
	}
	return name ? name : "";
}

static void fail(struct fakert *f, struct fakert_queue *own)
{
	struct road_drv_progress *progress = &own->progress;

	progress->status = fakert_status(f, own->broken, "the queue's work");
	if (progress->status == ROAD_DEVICE_LOST)
		return; /* the core fails all */
	progress->fault =
		(struct road_fault){.size = sizeof(progress->fault), .kind = kind_of(own->broken)};
	snprintf(progress->fault.text, sizeof(progress->fault.text), "the library answers error %d",
		 own->broken);
	if (progress->fault.kind)
		snprintf(progress->fault.kernel, sizeof(progress->fault.kernel), "%.63s",
			 kernel_of(&own->jobs[own->head % own->depth]));
	progress->failed_from = own->broken_from;
}

static void look(struct fakert *f, struct fakert_queue *own)
{
	int result = frtSuccess;

	while (own->head != own->tail && !result) {
		struct job *job = &own->jobs[own->head % own->depth];

		if (job->sequence >= own->broken_from)
			break;
		result = f->rt.EventQuery(job->event);
		if (result && result != frtErrorNotReady)
			break_from(own, job->sequence, result);
		if (result)
			break;
		own->progress.completed = job->sequence;
		free(job->stamps);
		job->stamps = NULL;
		own->head++;
	}
	if (result)
		(void)f->rt.GetLastError();
	if (own->broken && own->progress.failed_from == UINT64_MAX &&
	    fakert_at_rest(f, own->stream))
		fail(f, own);
}

void fakert_advance(struct road_drv_queue *queue, struct road_drv_progress *out)
{
	struct fakert *f = queue->dev->data;
	struct fakert_queue *own = queue->data;
	struct fakert_stay stay;
	const bool there = !fakert_enter(f, &stay);

	pthread_mutex_lock(&own->lock);
	if (there)
		look(f, own);
	*out = own->progress;
	pthread_mutex_unlock(&own->lock);
	fakert_leave(f, &stay);
}

/* The library's waits have no deadline, and its callbacks do not come when work fails: it is asked
 * again and again. */
void fakert_wait(struct road_drv_queue *queue, uint64_t sequence, uint64_t deadline_ns)
{
	struct fakert *f = queue->dev->data;
	const struct road_bus_ops *bus = f->bus->ops;
	struct road_drv_progress progress;

	do {
		bus->relax(f->bus, deadline_ns);
		fakert_advance(queue, &progress);
	} while (progress.completed < sequence && progress.failed_from > sequence &&
		 bus->now_ns(f->bus) < deadline_ns);
}
