/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drivers that a conformance case loads: seven functions and `advance`, of a device that completes
 * at once what is empty and can nothing else. Built once for each kind of version:
 *
 *	MATCH  the header's own            OLDER   the table ends before `counter`
 *	NEWER  one function more, unused   USED    one function more, used
 *	MINOR  asks for the next minor     MAJOR   another major: another name of its entry
 */
#include <roadbed-driver/driver.h>
#include <stdio.h>
#include <stdlib.h>

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
	snprintf(out->name, sizeof(out->name), "Nothing (%s)", NAME);
	out->queue_classes = 1u << ROAD_QUEUE_TRANSFER;
	out->queues_max = 4;
	out->queue_depth_max = 16;
}

static road_status queue_open(struct road_drv_queue *queue)
{
	queue->data = calloc(1, sizeof(uint64_t));
	return queue->data ? ROAD_OK
			   : road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for a queue", NAME,
					    NULL, NULL);
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

#define OPS                                                                                   \
	.probe = probe, .start = start, .stop = stop, .info = info, .queue_open = queue_open, \
	.queue_close = queue_close, .submit = submit, .advance = advance

#if defined(OLDER) || defined(NEWER) || defined(USED)
/* Reached only by who reads beyond the end of a table. */
__attribute__((unused)) static void beyond(void)
{
	abort();
}

static union {
	struct road_driver_ops ops;
	void (*words[sizeof(struct road_driver_ops) / sizeof(void (*)(void)) + 1])(void);
} table = {.ops = {OPS}};

#if defined(OLDER)
enum { OPS_BYTES = offsetof(struct road_driver_ops, counter) };
#define MORE (sizeof(table.words) - OPS_BYTES)
#else
enum { OPS_BYTES = sizeof(table) };
#define MORE sizeof(table.words[0])
#endif

/* What stands behind the table that is offered, or at its end, is called by nobody. */
__attribute__((constructor)) static void fill(void)
{
#if !defined(NEWER)
	for (size_t at = sizeof(table.words) - MORE; at < sizeof(table.words);
	     at += sizeof(table.words[0]))
		table.words[at / sizeof(table.words[0])] = beyond;
#endif
}
#define DRIVER_OPS table.ops
#else
static const struct road_driver_ops ops = {OPS};
enum { OPS_BYTES = sizeof(ops) };
#define DRIVER_OPS ops
#endif

#if defined(MINOR)
#define ABI (ROAD_DRIVER_ABI + 1)
#else
#define ABI ROAD_DRIVER_ABI
#endif

static const struct road_driver driver = {
	.abi = ABI, .name = NAME, .scheme = NAME, .ops = &DRIVER_OPS};

#if defined(MAJOR)
_Static_assert(ROAD_DRIVER_ABI_MAJOR != 3, "another major than the header's");
ROAD_API const void *road_driver_entry_3(void);
ROAD_API const void *road_driver_entry_3(void)
{
	abort(); /* nobody knows what it answers */
	return &driver;
}
#else
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
#endif
