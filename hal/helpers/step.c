/* SPDX-License-Identifier: Apache-2.0 */
/* One engine, many queues: takes turns between them, one command at a time. */
#include <roadbed-driver/step.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct waiting {
	struct road_drv_submission submission; /* the core keeps the commands until it completes */
	struct waiting *next;
};

struct step_queue {
	struct step_queue *next; /* ring of the stepper's queues */
	struct road_drv_queue *queue;
	struct waiting *first, *last;
	uint32_t command; /* of the first submission */
	uint64_t done;    /* bytes of that command */
	struct road_drv_progress progress;
};

struct road_stepper {
	const struct road_step_ops *ops;
	struct road_drv_device *dev;
	pthread_mutex_t lock;
	struct step_queue *turn;    /* whose turn is next; a ring, NULL: no queues */
	struct step_queue *running; /* whose command the engine has */
};

road_status road_stepper_create(struct road_drv_device *dev, const struct road_step_ops *ops,
				struct road_stepper **out)
{
	struct road_stepper *stepper = calloc(1, sizeof(*stepper));

	if (!stepper)
		return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for a stepper",
				      "road_stepper_create", NULL, NULL);
	stepper->dev = dev;
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

static void clear(struct step_queue *own)
{
	for (struct waiting *w = own->first, *next; w; w = next) {
		next = w->next;
		free(w);
	}
	own->first = own->last = NULL;
	own->command = 0;
	own->done = 0;
}

/* Under the lock: the first submission ended well. */
static void complete(struct step_queue *own)
{
	struct waiting *ended = own->first;

	own->progress.completed = ended->submission.sequence;
	own->first = ended->next;
	own->command = 0;
	free(ended);
	road_drv_queue_ready(own->queue);
}

/* Under the lock: the first submission failed, and with it all behind it. */
static void fail(struct step_queue *own, road_status status, const struct road_fault *fault)
{
	if (own->progress.failed_from == UINT64_MAX)
		own->progress.failed_from =
			own->first ? own->first->submission.sequence : own->progress.completed + 1;
	own->progress.status = status;
	if (fault)
		own->progress.fault = *fault;
	clear(own);
	road_drv_queue_ready(own->queue);
}

/* Under the lock: one command of this queue's first submission begins, or the submission ends. */
static void begin(struct road_stepper *stepper, struct step_queue *own)
{
	const struct road_drv_submission *s = &own->first->submission;
	const struct road_fault fault = {.kind = ROAD_FAULT_PACKET};

	if (own->command < s->count) {
		switch (stepper->ops->begin(own->queue, &s->commands[own->command], own->done)) {
		case ROAD_STEP_BUSY: stepper->running = own; return;
		case ROAD_STEP_FAILED: fail(own, ROAD_FAULT, &fault); return;
		case ROAD_STEP_DONE: break;
		}
		own->command++;
		own->done = 0;
	}
	if (own->command >= own->first->submission.count)
		complete(own);
}

/* Under the lock: gives the idle engine to the queues in turn. */
static void next_turn(struct road_stepper *stepper)
{
	while (!stepper->running && stepper->turn) {
		struct step_queue *start = stepper->turn, *own = start;

		while (!own->first && own->next != start)
			own = own->next;
		if (!own->first)
			return;
		stepper->turn = own->next;
		begin(stepper, own);
	}
}

/* Under the lock: looks whether the running command ended. */
static void look(struct road_stepper *stepper)
{
	struct step_queue *own = stepper->running;
	struct road_fault fault = {.kind = ROAD_FAULT_NONE};
	uint64_t before = own->done;
	const struct road_cmd *command = &own->first->submission.commands[own->command];

	switch (stepper->ops->check(own->queue, command, &own->done, &fault)) {
	case ROAD_STEP_BUSY:
		if (own->done != before) /* a part is done: the rest at this queue's next turn */
			stepper->running = NULL;
		return;
	case ROAD_STEP_DONE:
		stepper->running = NULL;
		own->command++;
		own->done = 0;
		if (own->command == own->first->submission.count)
			complete(own);
		return;
	case ROAD_STEP_FAILED:
		stepper->running = NULL;
		fail(own, ROAD_FAULT, &fault);
		return;
	}
}

void road_step_run(struct road_stepper *stepper)
{
	pthread_mutex_lock(&stepper->lock);
	if (stepper->running)
		look(stepper);
	next_turn(stepper);
	pthread_mutex_unlock(&stepper->lock);
}

static struct step_queue *own_of(const struct road_drv_queue *queue)
{
	return queue->data;
}

road_status road_step_queue_open(struct road_stepper *stepper, struct road_drv_queue *queue)
{
	struct step_queue *own = calloc(1, sizeof(*own));

	if (!own)
		return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for a queue",
				      "road_step_queue_open", NULL, NULL);
	own->queue = queue;
	own->progress.failed_from = UINT64_MAX;
	queue->data = own;
	pthread_mutex_lock(&stepper->lock);
	if (stepper->turn) {
		own->next = stepper->turn->next;
		stepper->turn->next = own;
	} else {
		own->next = own;
		stepper->turn = own;
	}
	pthread_mutex_unlock(&stepper->lock);
	return ROAD_OK;
}

/* Under the lock: the engine lets go of this queue's command. */
static void take_back(struct road_stepper *stepper, struct step_queue *own)
{
	if (stepper->running != own)
		return;
	stepper->ops->abort(own->queue);
	stepper->running = NULL;
}

void road_step_queue_close(struct road_stepper *stepper, struct road_drv_queue *queue)
{
	struct step_queue *own = own_of(queue), *before = own;

	pthread_mutex_lock(&stepper->lock);
	take_back(stepper, own);
	clear(own);
	while (before->next != own)
		before = before->next;
	before->next = own->next;
	if (stepper->turn == own)
		stepper->turn = own->next == own ? NULL : own->next;
	next_turn(stepper);
	pthread_mutex_unlock(&stepper->lock);
	free(own);
	queue->data = NULL;
}

road_status road_step_submit(struct road_stepper *stepper, struct road_drv_queue *queue,
			     const struct road_drv_submission *submission)
{
	struct step_queue *own = own_of(queue);
	struct waiting *waiting = calloc(1, sizeof(*waiting));

	if (!waiting)
		return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for a submission",
				      "road_step_submit", NULL, NULL);
	waiting->submission = *submission;
	pthread_mutex_lock(&stepper->lock);
	if (own->first)
		own->last->next = waiting;
	else
		own->first = waiting;
	own->last = waiting;
	next_turn(stepper);
	pthread_mutex_unlock(&stepper->lock);
	return ROAD_OK;
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
	take_back(stepper, own);
	clear(own);
	memset(&own->progress, 0, sizeof(own->progress));
	own->progress.failed_from = UINT64_MAX;
	next_turn(stepper);
	pthread_mutex_unlock(&stepper->lock);
	return ROAD_OK;
}

void road_step_fail_all(struct road_stepper *stepper, road_status status)
{
	pthread_mutex_lock(&stepper->lock);
	struct step_queue *start = stepper->turn, *own = start;

	stepper->running = NULL;
	while (own) {
		if (own->first)
			fail(own, status, NULL);
		own = own->next == start ? NULL : own->next;
	}
	pthread_mutex_unlock(&stepper->lock);
}
