/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A driver of a device that does nothing at once, as a file of its own: each build with other
 * tables, as another version of the header or a mistake would make them.
 */
#include <roadbed-driver/driver.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef NAME
#define NAME "tiny"
#endif
#ifndef SCHEME
#define SCHEME NAME
#endif
#ifndef ABI
#define ABI ROAD_DRIVER_ABI
#endif

static road_status probe(struct road_bus *bus)
{
	(void)bus;
	return ROAD_OK;
}

static road_status start(struct road_drv_device *dev, const char *options)
{
	(void)options;
	dev->data = NULL;
	return ROAD_OK;
}

static void stop(struct road_drv_device *dev, enum road_stop_reason why)
{
	(void)dev;
	(void)why;
}

static void info(struct road_drv_device *dev, struct road_device_info *out)
{
	(void)dev;
	snprintf(out->name, sizeof(out->name), "Tiny device");
	out->queue_classes = 1u << ROAD_QUEUE_TRANSFER;
	out->queues_max = 4;
	out->queue_depth_max = 16;
}

static road_status queue_open(struct road_drv_queue *queue)
{
	queue->data = calloc(1, sizeof(uint64_t));
	return queue->data ? ROAD_OK
			   : road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for a queue",
					    "tiny", NULL, NULL);
}

static void queue_close(struct road_drv_queue *queue)
{
	free(queue->data);
}

static road_status submit(struct road_drv_queue *queue,
			  const struct road_drv_submission *submission)
{
	__atomic_store_n((uint64_t *)queue->data, submission->sequence, __ATOMIC_RELEASE);
	road_drv_queue_ready(queue);
	return ROAD_OK;
}

static void advance(struct road_drv_queue *queue, struct road_drv_progress *out)
{
	*out = (struct road_drv_progress){
		.completed = __atomic_load_n((uint64_t *)queue->data, __ATOMIC_ACQUIRE),
		.failed_from = UINT64_MAX,
	};
}

/* Reached only by who reads beyond the end of a table. */
__attribute__((unused)) static void beyond(void)
{
	abort();
}

#define OPS                                                                                   \
	.probe = probe, .start = start, .stop = stop, .info = info, .queue_open = queue_open, \
	.queue_close = queue_close, .submit = submit, .advance = advance

#if defined(OLDER) /* the table ends before `counter`: what stands behind it is something else */
#define OPS_BYTES offsetof(struct road_driver_ops, counter)
enum { BEHIND = (sizeof(struct road_driver_ops) - OPS_BYTES) / sizeof(void (*)(void)) };
static union {
	struct road_driver_ops ops;
	void (*words[sizeof(struct road_driver_ops) / sizeof(void (*)(void))])(void);
} table = {.ops = {OPS}};

__attribute__((constructor)) static void fill(void)
{
	for (size_t i = 0; i < BEHIND; i++)
		table.words[OPS_BYTES / sizeof(table.words[0]) + i] = beyond;
}
#define DRIVER_OPS table.ops
#elif defined(NEWER) /* the table has one function more, NEWER: is it used? */
static struct {
	struct road_driver_ops ops;
	void (*more)(void);
} table = {.ops = {OPS}, .more = NEWER ? beyond : NULL};
#define OPS_BYTES  sizeof(table)
#define DRIVER_OPS table.ops
#elif defined(LACKS_SUBMIT)
static const struct road_driver_ops ops = {.probe = probe,
					   .start = start,
					   .stop = stop,
					   .info = info,
					   .queue_open = queue_open,
					   .queue_close = queue_close};
__attribute__((unused)) static const void *const unused[] = {submit, advance};
#define DRIVER_OPS ops
#else
static const struct road_driver_ops ops = {OPS};
#define DRIVER_OPS ops
#endif

static const struct road_driver driver = {
	.abi = ABI,
	.name = NAME,
	.scheme = SCHEME,
	.ops = &DRIVER_OPS,
};

#if defined(ENTRY_NULL)
ROAD_API const struct road_driver_entry *ROAD_DRIVER_ENTRY_NAME(void);
ROAD_API const struct road_driver_entry *ROAD_DRIVER_ENTRY_NAME(void)
{
	(void)driver;
	return NULL;
}
#elif defined(OTHER_MAJOR)
ROAD_API const void *road_driver_entry_1(void);
ROAD_API const void *road_driver_entry_1(void)
{
	abort(); /* nobody knows what it answers */
	return &driver;
}
#elif defined(OPS_BYTES)
ROAD_API const struct road_driver_entry *ROAD_DRIVER_ENTRY_NAME(void);
ROAD_API const struct road_driver_entry *ROAD_DRIVER_ENTRY_NAME(void)
{
	static const struct road_driver_entry entry = {
		.size = sizeof(entry),
		.driver_bytes = sizeof(driver),
		.ops_bytes = OPS_BYTES,
		.driver = &driver,
	};

	return &entry;
}
#elif defined(NO_ENTRY)
ROAD_API const void *road_something(void);
ROAD_API const void *road_something(void)
{
	return &driver;
}
#else
ROAD_DRIVER_ENTRY(driver)
#endif
