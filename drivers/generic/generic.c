/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any device that the kernel shows and no other driver takes: what is known of it, and nothing that
 * runs. It has no queues, no memory to hand out and no vendor's code; its heaps tell how much there
 * is and how much is in use.
 */
#include <stdlib.h>
#include <string.h>

#include <roadbed-driver/chip_id.h>
#include <roadbed-driver/driver.h>

#include "drivers/generic/live.h"

/* A bus that knows at least one fact. */
static road_status probe(struct road_bus *bus)
{
	struct road_property property;

	return bus->ops->fact(bus, 0, &property);
}

static road_status start(struct road_drv_device *dev, const char *options)
{
	struct generic_live *live;
	road_status status;

	if (options[0])
		return road_drv_error(ROAD_INVALID_ARGUMENT, "the device takes no options",
				      "generic", options, "none");
	live = calloc(1, sizeof(*live));
	if (!live)
		return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for a device", "generic",
				      NULL, NULL);
	status = generic_live_find(dev->bus, live);
	if (status) {
		free(live);
		return status;
	}
	dev->data = live;
	return ROAD_OK;
}

static void stop(struct road_drv_device *dev, enum road_stop_reason why)
{
	(void)why;
	generic_live_free(dev->data);
	free(dev->data);
	dev->data = NULL;
}

static void info(struct road_drv_device *dev, struct road_device_info *out)
{
	const struct generic_live *live = dev->data;
	struct road_property one;

	out->heap_count = live->heap_count;
	for (uint32_t i = 0; !dev->bus->ops->fact(dev->bus, i, &one); i++) {
		if (!strcmp(one.name, "device.family") && one.type == ROAD_VALUE_TEXT)
			out->device_class = road_class_of_family(one.text);
		else if (!strcmp(one.name, "memory.bytes") && one.type == ROAD_VALUE_U64)
			out->memory_bytes = one.u64;
	}
}

static road_status property(struct road_drv_device *dev, uint32_t index, struct road_property *out)
{
	return dev->bus->ops->fact(dev->bus, index, out);
}

/* What cannot be read any more is unknown, and keeps its place. */
static road_status counter(struct road_drv_device *dev, uint32_t index, struct road_metric *out)
{
	const struct generic_live *live = dev->data;
	struct road_property fact;
	road_status status;

	if (index >= live->count)
		return ROAD_NOT_FOUND;
	status = dev->bus->ops->fact(dev->bus, live->facts[index], &fact);
	if (status)
		return status;
	memcpy(out->name, fact.name, sizeof(out->name));
	memcpy(out->unit, fact.unit, sizeof(out->unit));
	out->source = fact.source;
	out->type = fact.type == ROAD_VALUE_U64 || fact.type == ROAD_VALUE_F64 ? fact.type
									       : ROAD_VALUE_NULL;
	out->u64 = fact.u64;
	out->f64 = fact.f64;
	return ROAD_OK;
}

static road_status heap(struct road_drv_device *dev, uint32_t index, struct road_heap_info *out)
{
	const struct generic_live *live = dev->data;
	struct road_property bytes, used;

	if (index >= live->heap_count)
		return road_drv_error(ROAD_NOT_FOUND, "no such heap", "generic", NULL, NULL);
	out->kind = live->heaps[index].kind;
	if (dev->bus->ops->fact(dev->bus, live->heaps[index].bytes, &bytes) ||
	    dev->bus->ops->fact(dev->bus, live->heaps[index].used, &used) ||
	    bytes.type != ROAD_VALUE_U64 || used.type != ROAD_VALUE_U64)
		return road_drv_error(ROAD_IO, "the kernel does not say any more what is in use",
				      "generic", NULL, NULL);
	out->bytes = bytes.u64;
	out->used_bytes = used.u64;
	return ROAD_OK;
}

static road_status unsupported(const char *what)
{
	return road_drv_error(ROAD_UNSUPPORTED, "no driver runs this device", what, NULL, NULL);
}

static road_status queue_open(struct road_drv_queue *queue)
{
	(void)queue;
	return unsupported("queue_open");
}

static void queue_close(struct road_drv_queue *queue)
{
	(void)queue;
}

static road_status submit(struct road_drv_queue *queue,
			  const struct road_drv_submission *submission)
{
	(void)queue;
	(void)submission;
	return unsupported("submit");
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
	.counter = counter,
};

static const struct road_memory_ops memory = {.heap = heap};

const struct road_driver road_driver_generic = {
	.abi = ROAD_DRIVER_ABI,
	.name = "generic",
	.ops = &ops,
	.memory = &memory,
};
