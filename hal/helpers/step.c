/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One engine, many queues: takes turns between them, one command (or one part of it) a turn.
 *
 * One lock guards all of it, and is held while the port's begin, check and abort run: the engine is
 * one thing, and whoever talks to it must be alone.
 */
#include <roadbed-driver/step.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

struct step_queue {
	struct step_queue *next; /* ring of the stepper's queues */
	struct road_drv_queue *queue;
	struct road_drv_submission *work; /* ring of `depth`; the commands are the core's */
	uint32_t depth;
	uint64_t head, tail; /* submissions that ended, that came; since open or reset */
	uint32_t command;    /* of the first submission */
	uint64_t done;       /* bytes of that command */
	struct road_drv_progress progress;
};

struct road_stepper {
	const struct road_step_ops *ops;
	pthread_mutex_t lock;
	struct step_queue *turn;    /* whose turn is next; a ring, NULL: no queues */
	struct step_queue *running; /* whose command the engine has */
	bool lost;                  /* the device is gone: all work fails from now on */
};

static const struct road_drv_progress nothing_done = {.failed_from = UINT64_MAX};

road_status road_stepper_create(struct road_drv_device *dev, const struct road_step_ops *ops,
				struct road_stepper **out)
{
	struct road_stepper *stepper = calloc(1, sizeof(*stepper));

	(void)dev; /* nothing of it is needed */
	if (!stepper)
		return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for a stepper",
				      "road_stepper_create", NULL, NULL);
	stepper->ops = ops;
	pthread_mutex_init(&stepper->lock, NULL);
	*out = stepper;
	return ROAD_OK;
}

void road_stepper_destroy(struct road_stepper *stepper)
{
	if (!stepper)
		return;
	pthread_mutex_destroy(&stepper->lock);
	free(stepper);
}

static struct step_queue *own_of(const struct road_drv_queue *queue)
{
	return queue->data;
}

static bool has_work(const struct step_queue *own)
{
	return own->head != own->tail;
}

static bool has_failed(const struct step_queue *own)
{
	return own->progress.failed_from != UINT64_MAX;
}

static const struct road_drv_submission *first(const struct step_queue *own)
{
	return &own->work[own->head % own->depth];
}

/* ---- under the lock ---- */

static void next_command(struct step_queue *own)
{
	own->command++;
	own->done = 0;
}

static void forget_work(struct step_queue *own)
{
	own->head = own->tail;
	own->command = 0;
	own->done = 0;
}

/* The first submission ended well. */
static void complete(struct step_queue *own)
{
	own->progress.completed = first(own)->sequence;
	own->head++;
	own->command = 0;
	own->done = 0;
	road_drv_queue_ready(own->queue);
}

/* The first submission failed, and with it all behind it, those that are still to come included,
 * until the queue is reset. */
static void fail(struct step_queue *own, road_status status, const struct road_fault *fault)
{
	if (!has_failed(own)) {
		own->progress.failed_from =
			has_work(own) ? first(own)->sequence : own->progress.completed + 1;
		own->progress.status = status;
		if (fault)
			own->progress.fault = *fault;
	}
	forget_work(own);
	road_drv_queue_ready(own->queue);
}

static void refuse(struct step_queue *own)
{
	struct road_fault fault = {.size = sizeof(fault), .kind = ROAD_FAULT_PACKET};

	snprintf(fault.text, sizeof(fault.text), "the driver cannot begin command %u (kind %d)",
		 own->command, (int)first(own)->commands[own->command].kind);
	fail(own, ROAD_FAULT, &fault);
}

/* One command of this queue's first submission begins, or the submission ends. */
static void begin(struct road_stepper *stepper, struct step_queue *own)
{
	const struct road_drv_submission *s = first(own);

	if (own->command < s->count) {
		switch (stepper->ops->begin(own->queue, &s->commands[own->command], own->done)) {
		case ROAD_STEP_BUSY: stepper->running = own; return;
		case ROAD_STEP_FAILED: refuse(own); return;
		case ROAD_STEP_DONE: next_command(own); break;
		}
	}
	if (own->command >= s->count)
		complete(own);
}

/* Gives the idle engine to the queues in turn. */
static void next_turn(struct road_stepper *stepper)
{
	while (!stepper->running && stepper->turn) {
		struct step_queue *start = stepper->turn, *own = start;

		while (!has_work(own) && own->next != start)
			own = own->next;
		if (!has_work(own))
			return;
		stepper->turn = own->next;
		begin(stepper, own);
	}
}

/* Looks whether the running command ended. */
static void look(struct road_stepper *stepper)
{
	struct step_queue *own = stepper->running;
	struct road_fault fault = {.size = sizeof(fault)};
	uint64_t before = own->done;

	switch (stepper->ops->check(own->queue, &first(own)->commands[own->command], &own->done,
				    &fault)) {
	case ROAD_STEP_BUSY:
		if (own->done != before) /* a part is done: the rest at this queue's next turn */
			stepper->running = NULL;
		return;
	case ROAD_STEP_DONE:
		stepper->running = NULL;
		next_command(own);
		if (own->command >= first(own)->count)
			complete(own);
		return;
	case ROAD_STEP_FAILED:
		stepper->running = NULL;
		fail(own, ROAD_FAULT, &fault);
		return;
	}
}

/* The engine lets go of what it has. */
static void stop_engine(struct road_stepper *stepper)
{
	if (stepper->running)
		stepper->ops->abort(stepper->running->queue);
	stepper->running = NULL;
}

/* ---- for the driver ---- */

void road_step_run(struct road_stepper *stepper)
{
	pthread_mutex_lock(&stepper->lock);
	if (stepper->running)
		look(stepper);
	next_turn(stepper);
	pthread_mutex_unlock(&stepper->lock);
}

static struct step_queue *make_queue(struct road_drv_queue *queue)
{
	struct step_queue *own = calloc(1, sizeof(*own));

	if (own)
		own->work = calloc(queue->depth, sizeof(*own->work));
	if (!own || !own->work) {
		free(own);
		return NULL;
	}
	own->queue = queue;
	own->depth = queue->depth;
	own->progress = nothing_done;
	return own;
}

road_status road_step_queue_open(struct road_stepper *stepper, struct road_drv_queue *queue)
{
	struct step_queue *own = make_queue(queue);

	if (!own)
		return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for a queue",
				      "road_step_queue_open", NULL, NULL);
	queue->data = own;
	pthread_mutex_lock(&stepper->lock);
	if (stepper->turn) {
		own->next = stepper->turn->next;
		stepper->turn->next = own;
	} else {
		own->next = own;
		stepper->turn = own;
	}
	if (stepper->lost)
		fail(own, ROAD_DEVICE_LOST, NULL);
	pthread_mutex_unlock(&stepper->lock);
	return ROAD_OK;
}

void road_step_queue_close(struct road_stepper *stepper, struct road_drv_queue *queue)
{
	struct step_queue *own = own_of(queue), *before = own;

	pthread_mutex_lock(&stepper->lock);
	if (stepper->running == own)
		stop_engine(stepper);
	while (before->next != own)
		before = before->next;
	before->next = own->next;
	if (stepper->turn == own)
		stepper->turn = own->next == own ? NULL : own->next;
	next_turn(stepper);
	pthread_mutex_unlock(&stepper->lock);
	free(own->work);
	free(own);
	queue->data = NULL;
}

road_status road_step_submit(struct road_stepper *stepper, struct road_drv_queue *queue,
			     const struct road_drv_submission *submission)
{
	struct step_queue *own = own_of(queue);
	road_status status = ROAD_OK;

	pthread_mutex_lock(&stepper->lock);
	if (has_failed(own)) {
		road_drv_queue_ready(queue); /* it stands behind what failed, and failed too */
	} else if (own->tail - own->head == own->depth) {
		status = ROAD_NOT_READY;
	} else {
		own->work[own->tail++ % own->depth] = *submission;
		next_turn(stepper);
	}
	pthread_mutex_unlock(&stepper->lock);
	return status;
}

void road_step_advance(struct road_stepper *stepper, struct road_drv_queue *queue,
		       struct road_drv_progress *out)
{
	pthread_mutex_lock(&stepper->lock);
	*out = own_of(queue)->progress;
	pthread_mutex_unlock(&stepper->lock);
}

road_status road_step_queue_reset(struct road_stepper *stepper, struct road_drv_queue *queue)
{
	struct step_queue *own = own_of(queue);

	pthread_mutex_lock(&stepper->lock);
	if (stepper->running == own)
		stop_engine(stepper);
	forget_work(own);
	own->progress = nothing_done;
	if (stepper->lost)
		fail(own, ROAD_DEVICE_LOST, NULL);
	next_turn(stepper);
	pthread_mutex_unlock(&stepper->lock);
	return ROAD_OK;
}

void road_step_fail_all(struct road_stepper *stepper, road_status status)
{
	pthread_mutex_lock(&stepper->lock);
	struct step_queue *start = stepper->turn, *own = start;

	stepper->lost |= status == ROAD_DEVICE_LOST;
	stop_engine(stepper);
	while (own) {
		fail(own, status, NULL);
		own = own->next == start ? NULL : own->next;
	}
	pthread_mutex_unlock(&stepper->lock);
}
