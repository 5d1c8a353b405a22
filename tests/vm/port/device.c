/* SPDX-License-Identifier: Apache-2.0 */
/* The device: what it needs of the kernel, up and down, what it is. */
#include "tests/vm/port/port.h"

#include <stdio.h>
#include <stdlib.h>

road_status port_call(struct port *port, unsigned long request, void *argument)
{
	road_status status = port->bus->ops->control(port->bus, request, argument);

	if (status == ROAD_DEVICE_LOST)
		road_drv_device_lost(port->dev);
	return status;
}

/* Only the name is known so far: has this kernel what the port waits with? */
static road_status probe(struct road_bus *bus)
{
	struct drm_get_cap cap = {.capability = DRM_CAP_SYNCOBJ_TIMELINE};
	road_status status = bus->ops->control(bus, DRM_IOCTL_GET_CAP, &cap);

	if (!status && !cap.value)
		status = road_drv_error(ROAD_UNSUPPORTED, "the kernel has no timeline syncobj",
					ROADBED_TEST_NAME, "", "Linux 5.2");
	return status;
}

static road_status start(struct road_drv_device *dev, const char *options)
{
	struct port *port;

	if (options[0])
		return road_drv_error(ROAD_INVALID_ARGUMENT, "the device takes no options",
				      ROADBED_TEST_NAME, options, "none");
	port = calloc(1, sizeof(*port));
	if (!port)
		return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for the driver",
				      ROADBED_TEST_NAME, NULL, NULL);
	port->dev = dev;
	port->bus = dev->bus;
	pthread_mutex_init(&port->lock, NULL);
	dev->data = port;
	return ROAD_OK;
}

static void stop(struct road_drv_device *dev, enum road_stop_reason why)
{
	struct port *port = dev->data;

	(void)why;
	pthread_mutex_destroy(&port->lock);
	free(port);
	dev->data = NULL;
}

/* The core cancels and resets every queue next; the engine itself keeps no state. */
static road_status reset(struct road_drv_device *dev)
{
	struct drm_get_cap cap = {.capability = DRM_CAP_SYNCOBJ};

	return port_call(dev->data, DRM_IOCTL_GET_CAP, &cap);
}

static void info(struct road_drv_device *dev, struct road_device_info *out)
{
	(void)dev;
	snprintf(out->name, sizeof(out->name), "Test engine of a kernel module");
	out->device_class = ROAD_CLASS_OTHER;
	out->heap_count = 3;
	out->memory_bytes = ROADBED_TEST_MEMORY;
	out->test_scale = 2; /* a processor that is emulated moves the bytes */
	out->queue_classes = 1u << ROAD_QUEUE_TRANSFER;
	out->queues_max = 64;
	out->queue_depth_max = 256;
	out->commands = 1u << ROAD_COMMAND_COPY | 1u << ROAD_COMMAND_FILL |
			1u << ROAD_COMMAND_WRITE_VALUE | 1u << ROAD_COMMAND_TIMESTAMP;
	out->features =
		ROAD_FEATURE_UNIFIED_ADDRESS | ROAD_FEATURE_COHERENT | ROAD_FEATURE_QUEUE_RESET;
}

static road_status property(struct road_drv_device *dev, uint32_t index, struct road_property *out)
{
	static const struct {
		const char *name, *unit;
		uint32_t type;
		uint64_t value;
	} rows[] = {
		{"memory.bytes", "bytes", ROAD_VALUE_U64, ROADBED_TEST_MEMORY},
		{"address.unified", "", ROAD_VALUE_BOOL, 1},
		{"fault.protection", "", ROAD_VALUE_BOOL, 1},
		{"fault.watchdog", "", ROAD_VALUE_BOOL, 0},
	};

	(void)dev;
	if (index >= sizeof(rows) / sizeof(rows[0]))
		return road_drv_errorf(ROAD_NOT_FOUND, ROADBED_TEST_NAME, "no property %u", index);
	*out = (struct road_property){.size = sizeof(*out),
				      .id = index + 1,
				      .type = rows[index].type,
				      .source = ROAD_SOURCE_COMPUTED,
				      .u64 = rows[index].value};
	snprintf(out->name, sizeof(out->name), "%s", rows[index].name);
	snprintf(out->unit, sizeof(out->unit), "%s", rows[index].unit);
	return ROAD_OK;
}

static const struct road_driver_ops ops = {
	.probe = probe,
	.start = start,
	.stop = stop,
	.info = info,
	.property = property,
	.queue_open = port_queue_open,
	.queue_close = port_queue_close,
	.submit = port_submit,
	.advance = port_advance,
	.wait = port_wait,
	.queue_reset = port_queue_reset,
	.reset = reset,
};

static const struct road_driver driver = {
	.abi = ROAD_DRIVER_ABI,
	.name = "node-test",
	.compatible = "drm," ROADBED_TEST_NAME,
	.ops = &ops,
	.memory = &port_memory_ops,
};

ROAD_DRIVER_ENTRY(driver)
