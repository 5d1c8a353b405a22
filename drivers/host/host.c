/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `host:`: commands run on the thread that queries or waits, or on the pump, never inside submit.
 * It is the reference for what commands mean, and the fast path where nobody cares about a chip.
 *
 * There is no watchdog: nothing stops a C function that does not return.
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

/* ---- running, under the lock ---- */

static uint32_t count_of(const struct host_queue *own)
{
	return (uint32_t)(own->tail - own->head);
}

static const struct road_drv_submission *first(const struct host_queue *own)
{
	return &own->work[own->head & own->mask];
}

/* The next queue, in turn, that has something to run or to look at. */
static struct host_queue *next_queue(struct host *host)
{
	struct host_queue *start = host->turn, *own = start;

	while (own) {
		if (own->head != own->tail) {
			host->turn = own->next;
			return own;
		}
		own = own->next == start ? NULL : own->next;
	}
	return NULL;
}

static void complete(struct host *host, struct host_queue *own)
{
	atomic_store_explicit(&own->completed, first(own)->sequence, memory_order_release);
	own->head++;
	own->command = 0;
	atomic_fetch_sub_explicit(&host->ready, 1, memory_order_relaxed);
	road_drv_queue_ready(own->queue);
}

/* The first submission failed, and with it all behind it, those that are still to come included,
 * until the queue is reset. */
static void fail(struct host *host, struct host_queue *own, const struct road_fault *fault)
{
	own->failure = (struct road_drv_progress){
		.failed_from = first(own)->sequence, .status = ROAD_FAULT, .fault = *fault};
	atomic_fetch_sub(&host->ready, count_of(own));
	own->head = own->tail;
	own->command = 0;
	atomic_store_explicit(&own->failed, true, memory_order_release);
	road_drv_queue_ready(own->queue);
}

/* A parked queue counts as ready no more, so that waiters can sleep. */
static void set_parked(struct host *host, struct host_queue *own, bool parked)
{
	if (own->parked == parked)
		return;
	own->parked = parked;
	if (parked) {
		atomic_fetch_add(&host->parked, 1);
		atomic_fetch_sub(&host->ready, count_of(own));
	} else {
		atomic_fetch_add(&host->ready, count_of(own));
		atomic_fetch_sub(&host->parked, 1);
	}
}

/* Runs the queue's next command, with the lock open; false: it is parked. */
static bool run_command(struct host *host, struct host_queue *own)
{
	const struct road_drv_submission *s = first(own);
	enum host_result result = HOST_DONE;
	struct road_fault fault;

	if (own->command < s->count) {
		own->running = true;
		pthread_mutex_unlock(&host->lock);
		result = host_run(&s->commands[own->command], &fault);
		pthread_mutex_lock(&host->lock);
		own->running = false;
		pthread_cond_broadcast(&host->idle);
		own->command += result == HOST_DONE;
	}
	set_parked(host, own, result == HOST_PARKED);
	if (result == HOST_FAULT)
		fail(host, own, &fault);
	else if (result == HOST_DONE && own->command >= s->count)
		complete(host, own);
	return result != HOST_PARKED;
}

/* One command of each queue that has one. */
static struct road_progress run(struct road_source *source)
{
	struct host *host = host_of(source);
	struct road_progress progress = {0};
	struct host_queue *own;

	if (!atomic_load(&host->ready) && !atomic_load(&host->parked))
		return progress;
	pthread_mutex_lock(&host->lock);
	/* Queues may come and go while the lock is open: count turns, compare no pointers. */
	for (uint32_t turns = host->queue_count; turns && (own = next_queue(host)); turns--)
		progress.ran |= run_command(host, own);
	progress.watching = atomic_load(&host->parked) != 0;
	/* What ran may be what a parked queue waits for. */
	progress.more = atomic_load(&host->ready) || (progress.ran && progress.watching);
	pthread_mutex_unlock(&host->lock);
	return progress;
}

/* ---- the device ---- */

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
	host->source.run = run;
	host->source.pending = pending;
	pthread_mutex_init(&host->lock, NULL);
	pthread_cond_init(&host->idle, NULL);
	dev->data = host;
	road_source_add(&host->source);
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
	dev->data = NULL;
}

uint64_t host_memory_bytes(void)
{
	long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);

	return pages > 0 && page > 0 ? (uint64_t)pages * (uint64_t)page : 0;
}

static void info(struct road_drv_device *dev, struct road_device_info *out)
{
	(void)dev;
	out->device_class = ROAD_CLASS_CPU;
	snprintf(out->name, sizeof(out->name), "This machine's processor");
	out->heap_count = HOST_HEAPS;
	out->queue_classes = 1u << ROAD_QUEUE_COMPUTE | 1u << ROAD_QUEUE_TRANSFER;
	out->queues_max = 4096;
	out->queue_depth_max = 4096;
	out->memory_bytes = host_memory_bytes();
	out->commands = 1u << ROAD_COMMAND_COPY | 1u << ROAD_COMMAND_FILL |
			1u << ROAD_COMMAND_LAUNCH | 1u << ROAD_COMMAND_WAIT_VALUE |
			1u << ROAD_COMMAND_WRITE_VALUE | 1u << ROAD_COMMAND_TIMESTAMP;
	out->features = ROAD_FEATURE_IMAGES | ROAD_FEATURE_UNIFIED_ADDRESS | ROAD_FEATURE_COHERENT |
			ROAD_FEATURE_QUEUE_RESET | ROAD_FEATURE_SPACES;
}

static road_status property(struct road_drv_device *dev, uint32_t index, struct road_property *out)
{
	struct road_property properties[] = {
		{.name = "compute.units", .type = ROAD_VALUE_U64},
		{.name = "memory.bytes", .unit = "bytes", .type = ROAD_VALUE_U64},
		{.name = "address.unified", .type = ROAD_VALUE_BOOL, .u64 = 1},
		{.name = "watchdog", .type = ROAD_VALUE_BOOL, .u64 = 0},
		{.name = "memory.ecc", .type = ROAD_VALUE_NULL}, /* only the firmware knows */
		{.name = "fault.watchdog", .type = ROAD_VALUE_BOOL, .u64 = 0},
		{.name = "fault.protection", .type = ROAD_VALUE_BOOL, .u64 = 0},
	};
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	(void)dev;
	if (index >= sizeof(properties) / sizeof(properties[0]))
		return road_drv_errorf(ROAD_NOT_FOUND, "host", "no property %u", index);
	properties[0].u64 = processors > 0 ? (uint64_t)processors : 0;
	properties[1].u64 = host_memory_bytes();
	*out = properties[index];
	out->id = index + 1;
	out->source = ROAD_SOURCE_COMPUTED;
	if (out->type == ROAD_VALUE_U64 && !out->u64)
		out->type = ROAD_VALUE_NULL; /* unknown */
	return ROAD_OK;
}

/* ---- queues ---- */

static struct host_queue *make_queue(struct road_drv_queue *queue)
{
	struct host_queue *own = calloc(1, sizeof(*own));
	uint32_t room = 1;

	while (room < queue->depth)
		room *= 2;
	if (own)
		own->work = calloc(room, sizeof(*own->work));
	if (!own || !own->work) {
		free(own);
		return NULL;
	}
	own->queue = queue;
	own->depth = queue->depth;
	own->mask = room - 1;
	return own;
}

static road_status queue_open(struct road_drv_queue *queue)
{
	struct host *host = queue->dev->data;
	struct host_queue *own = make_queue(queue);

	if (!own)
		return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for a queue", "host",
				      NULL, NULL);
	queue->data = own;
	pthread_mutex_lock(&host->lock);
	if (host->turn) {
		own->next = host->turn->next;
		host->turn->next = own;
	} else {
		own->next = host->turn = own;
	}
	host->queue_count++;
	pthread_mutex_unlock(&host->lock);
	return ROAD_OK;
}

/* Under the lock: forgets all work; a command that runs is awaited, since it cannot be stopped. */
static void forget(struct host *host, struct host_queue *own)
{
	while (own->running)
		pthread_cond_wait(&host->idle, &host->lock);
	set_parked(host, own, false);
	atomic_fetch_sub(&host->ready, count_of(own));
	own->head = own->tail;
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
	host->queue_count--;
	pthread_mutex_unlock(&host->lock);
	free(own->work);
	free(own);
	queue->data = NULL;
}

/* Only enqueues; no allocation. */
static road_status submit(struct road_drv_queue *queue, const struct road_drv_submission *s)
{
	struct host *host = queue->dev->data;
	struct host_queue *own = queue->data;
	road_status status = ROAD_OK;
	bool first_of_all = false;

	pthread_mutex_lock(&host->lock);
	if (atomic_load_explicit(&own->failed, memory_order_relaxed)) {
		road_drv_queue_ready(queue); /* it stands behind what failed, and failed too */
	} else if (own->tail - own->head == own->depth) {
		status = ROAD_NOT_READY;
	} else {
		own->work[own->tail++ & own->mask] = *s;
		if (!own->parked)
			first_of_all = !atomic_fetch_add(&host->ready, 1);
	}
	pthread_mutex_unlock(&host->lock);
	if (first_of_all)
		road_source_poke();
	return status;
}

static void advance(struct road_drv_queue *queue, struct road_drv_progress *out)
{
	struct host_queue *own = queue->data;

	/* `failed` first: what completed before the failure is then seen, too. */
	bool failed = atomic_load_explicit(&own->failed, memory_order_acquire);

	if (failed)
		*out = own->failure; /* stays as it is until the queue is reset */
	else
		out->failed_from = UINT64_MAX;
	out->completed = atomic_load_explicit(&own->completed, memory_order_acquire);
}

static road_status queue_reset(struct road_drv_queue *queue)
{
	struct host *host = queue->dev->data;
	struct host_queue *own = queue->data;

	pthread_mutex_lock(&host->lock);
	forget(host, own);
	atomic_store(&own->failed, false);
	atomic_store(&own->completed, 0);
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
