/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `host:`: commands run on the thread that queries or waits, or on the pump, never inside submit.
 * It is the reference for what commands mean, and the fast path where nobody cares about a chip.
 */
#include "drivers/host/host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static road_status probe(struct road_bus *bus)
{
	(void)bus;
	return ROAD_OK;
}

static struct host *host_of(struct road_source *source)
{
	return (struct host *)(void *)source;
}

static bool pending(struct road_source *source)
{
	return atomic_load(&host_of(source)->ready) != 0;
}

/* Under the lock: the next queue, in turn, that has something to run. */
static struct host_queue *next_queue(struct host *host)
{
	struct host_queue *start = host->turn, *own = start;

	while (own) {
		if (own->head != own->tail && !own->running) {
			host->turn = own->next;
			return own;
		}
		own = own->next == start ? NULL : own->next;
	}
	return NULL;
}

/* Under the lock: one submission ended. */
static void complete(struct host *host, struct host_queue *own)
{
	own->progress.completed = own->ring[own->head % own->depth].submission.sequence;
	own->head++;
	own->command = 0;
	atomic_fetch_sub(&host->ready, 1);
	road_drv_queue_ready(own->queue);
}

/* Under the lock: everything in the queue fails. */
static void fail(struct host *host, struct host_queue *own, const struct road_fault *fault)
{
	own->progress.failed_from = own->ring[own->head % own->depth].submission.sequence;
	own->progress.status = ROAD_FAULT;
	own->progress.fault = *fault;
	atomic_fetch_sub(&host->ready, (uint32_t)(own->tail - own->head));
	own->head = own->tail;
	own->command = 0;
	road_drv_queue_ready(own->queue);
}

/* A parked queue counts as ready no more, so that waiters can sleep. */
static void set_parked(struct host *host, struct host_queue *own, bool parked)
{
	if (own->parked == parked)
		return;
	own->parked = parked;
	uint32_t count = (uint32_t)(own->tail - own->head);

	if (parked) {
		atomic_fetch_add(&host->parked, 1);
		atomic_fetch_sub(&host->ready, count);
	} else {
		atomic_fetch_sub(&host->parked, 1);
		atomic_fetch_add(&host->ready, count);
	}
}

/* Under the lock: runs the queue's next command with the lock open. */
static bool run_command(struct host *host, struct host_queue *own)
{
	const struct road_drv_submission *s = &own->ring[own->head % own->depth].submission;
	struct road_fault fault = {.kind = ROAD_FAULT_NONE};
	enum host_result result = HOST_DONE;

	if (own->command < s->count) {
		own->running = true;
		pthread_mutex_unlock(&host->lock);
		result = host_run(&s->commands[own->command], &fault);
		pthread_mutex_lock(&host->lock);
		own->running = false;
		pthread_cond_broadcast(&host->idle);
	}
	set_parked(host, own, result == HOST_PARKED);
	if (result == HOST_PARKED)
		return false;
	if (result == HOST_FAULT)
		fail(host, own, &fault);
	else if (++own->command >= s->count)
		complete(host, own);
	return true;
}

/* One command of each queue that has one. */
static struct road_progress run(struct road_source *source)
{
	struct host *host = host_of(source);
	struct road_progress progress = {0};
	struct host_queue *own, *first = NULL;

	if (!atomic_load(&host->ready) && !atomic_load(&host->parked))
		return progress;
	pthread_mutex_lock(&host->lock);
	while ((own = next_queue(host)) && own != first) {
		first = first ? first : own;
		progress.ran |= run_command(host, own);
	}
	progress.more = atomic_load(&host->ready) != 0;
	progress.watching = atomic_load(&host->parked) != 0;
	pthread_mutex_unlock(&host->lock);
	return progress;
}

static road_status start(struct road_drv_device *dev, const char *options)
{
	struct host *host;

	if (options[0])
		return road_drv_error(ROAD_INVALID_ARGUMENT, "host: takes no options",
				      "device address", options, "host:");
	host = calloc(1, sizeof(*host));
	if (!host)
		return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for the driver", "host",
				      NULL, NULL);
	host->dev = dev;
	host->source.run = run;
	host->source.pending = pending;
	pthread_mutex_init(&host->lock, NULL);
	pthread_cond_init(&host->idle, NULL);
	road_source_add(&host->source);
	dev->data = host;
	return ROAD_OK;
}

static void stop(struct road_drv_device *dev, enum road_stop_reason why)
{
	struct host *host = dev->data;

	(void)why;
	road_source_remove(&host->source);
	pthread_cond_destroy(&host->idle);
	pthread_mutex_destroy(&host->lock);
	free(host);
}

static void info(struct road_drv_device *dev, struct road_device_info *out)
{
	long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);

	(void)dev;
	out->device_class = ROAD_CLASS_CPU;
	snprintf(out->name, sizeof(out->name), "This machine's processor");
	out->heap_count = 3;
	out->queue_classes = 1u << ROAD_QUEUE_COMPUTE | 1u << ROAD_QUEUE_TRANSFER;
	out->queues_max = 4096;
	out->queue_depth_max = 4096;
	out->memory_bytes = pages > 0 && page > 0 ? (uint64_t)pages * (uint64_t)page : 0;
	out->commands = 1u << ROAD_COMMAND_COPY | 1u << ROAD_COMMAND_FILL |
			1u << ROAD_COMMAND_LAUNCH | 1u << ROAD_COMMAND_WAIT_VALUE |
			1u << ROAD_COMMAND_WRITE_VALUE | 1u << ROAD_COMMAND_TIMESTAMP;
	out->features = ROAD_FEATURE_IMAGES | ROAD_FEATURE_UNIFIED_ADDRESS |
			ROAD_FEATURE_COHERENT | ROAD_FEATURE_QUEUE_RESET | ROAD_FEATURE_SPACES;
}

static road_status property(struct road_drv_device *dev, uint32_t index, struct road_property *out)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	(void)dev;
	*out = (struct road_property){.size = sizeof(*out), .source = ROAD_SOURCE_COMPUTED};
	switch (index) {
	case 0:
		snprintf(out->name, sizeof(out->name), "compute.units");
		out->type = processors > 0 ? ROAD_VALUE_U64 : ROAD_VALUE_NULL;
		out->u64 = processors > 0 ? (uint64_t)processors : 0;
		break;
	case 1:
		snprintf(out->name, sizeof(out->name), "address.unified");
		out->type = ROAD_VALUE_BOOL;
		out->u64 = 1;
		break;
	default: return road_drv_errorf(ROAD_NOT_FOUND, "host", "no property %u", index);
	}
	out->id = index + 1;
	return ROAD_OK;
}

static road_status queue_open(struct road_drv_queue *queue)
{
	struct host *host = queue->dev->data;
	struct host_queue *own = calloc(1, sizeof(*own));

	if (own)
		own->ring = calloc(queue->depth, sizeof(*own->ring));
	if (!own || !own->ring) {
		free(own);
		return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for a queue", "host",
				      NULL, NULL);
	}
	own->queue = queue;
	own->depth = queue->depth;
	own->progress.failed_from = UINT64_MAX;
	queue->data = own;
	pthread_mutex_lock(&host->lock);
	if (host->turn) {
		own->next = host->turn->next;
		host->turn->next = own;
	} else {
		own->next = host->turn = own;
	}
	pthread_mutex_unlock(&host->lock);
	return ROAD_OK;
}

/* Under the lock: forgets all work; a command that runs is awaited, since it cannot be stopped. */
static void forget(struct host *host, struct host_queue *own)
{
	while (own->running)
		pthread_cond_wait(&host->idle, &host->lock);
	set_parked(host, own, false);
	atomic_fetch_sub(&host->ready, (uint32_t)(own->tail - own->head));
	own->head = own->tail = 0;
	own->command = 0;
}

static void queue_close(struct road_drv_queue *queue)
{
	struct host *host = queue->dev->data;
	struct host_queue *own = queue->data, *before = own;

	pthread_mutex_lock(&host->lock);
	forget(host, own);
	while (before->next != own)
		before = before->next;
	before->next = own->next;
	if (host->turn == own)
		host->turn = own->next == own ? NULL : own->next;
	pthread_mutex_unlock(&host->lock);
	free(own->ring);
	free(own);
}

static road_status submit(struct road_drv_queue *queue, const struct road_drv_submission *s)
{
	struct host *host = queue->dev->data;
	struct host_queue *own = queue->data;
	road_status status = ROAD_OK;

	pthread_mutex_lock(&host->lock);
	if (own->tail - own->head == own->depth) {
		status = ROAD_NOT_READY;
	} else {
		own->ring[own->tail++ % own->depth].submission = *s;
		if (!own->parked)
			atomic_fetch_add(&host->ready, 1);
	}
	pthread_mutex_unlock(&host->lock);
	return status; /* the core pokes whoever sleeps */
}

static void advance(struct road_drv_queue *queue, struct road_drv_progress *out)
{
	struct host *host = queue->dev->data;

	pthread_mutex_lock(&host->lock);
	*out = ((struct host_queue *)queue->data)->progress;
	pthread_mutex_unlock(&host->lock);
}

static road_status queue_reset(struct road_drv_queue *queue)
{
	struct host *host = queue->dev->data;
	struct host_queue *own = queue->data;

	pthread_mutex_lock(&host->lock);
	forget(host, own);
	memset(&own->progress, 0, sizeof(own->progress));
	own->progress.failed_from = UINT64_MAX;
	pthread_mutex_unlock(&host->lock);
	return ROAD_OK;
}

static const struct road_driver_ops ops = {
	.probe = probe,
	.start = start,
	.stop = stop,
	.info = info,
	.property = property,
	.queue_open = queue_open,
	.queue_close = queue_close,
	.submit = submit,
	.advance = advance,
	.queue_reset = queue_reset,
};

const struct road_driver road_driver_host = {
	.abi = ROAD_DRIVER_ABI,
	.name = "host",
	.scheme = "host",
	.ops = &ops,
	.memory = &host_memory_ops,
	.image = &host_image_ops,
};
