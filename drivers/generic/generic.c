/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any device that the kernel shows and no other driver takes: what is known of it, and nothing that
 * runs. It has no queues, no memory to hand out and no vendor's code.
 */
#include <string.h>

#include <roadbed-driver/chip_id.h>
#include <roadbed-driver/driver.h>

/* A bus that knows at least one fact. */
static road_status probe(struct road_bus *bus)
{
	struct road_property property;

	return bus->ops->fact(bus, 0, &property);
}

static road_status start(struct road_drv_device *dev, const char *options)
{
	(void)dev;
	return options[0] ? road_drv_error(ROAD_INVALID_ARGUMENT, "the device takes no options",
					   "generic", options, "none")
			  : ROAD_OK;
}

static void stop(struct road_drv_device *dev, enum road_stop_reason why)
{
	(void)dev;
	(void)why;
}

static void info(struct road_drv_device *dev, struct road_device_info *out)
{
	struct road_property one;

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
};

const struct road_driver road_driver_generic = {
	.abi = ROAD_DRIVER_ABI,
	.name = "generic",
	.ops = &ops,
};
