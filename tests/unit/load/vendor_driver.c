/* SPDX-License-Identifier: Apache-2.0 */
/* A driver over a vendor's runtime library, which it reaches through the bus alone. */
#include <roadbed-driver/driver.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct vendor_device;

struct calls {
	int (*version)(void);
	int (*count)(void);
	struct vendor_device *(*open)(int index);
	void (*close)(struct vendor_device *device);
	void (*give)(struct vendor_device *device);
	uint64_t (*done)(struct vendor_device *device);
	uint64_t (*waits)(struct vendor_device *device);
	uint64_t (*asked)(struct vendor_device *device);
	void (*wait)(struct vendor_device *device, uint64_t upto, uint64_t monotonic_ns);
};

struct device {
	struct calls calls;
	struct vendor_device *vendor;
	char options[40];
};

static road_status find_calls(struct road_bus *bus, struct calls *out)
{
	static const char *const names[] = {"vendor_version", "vendor_count", "vendor_open",
					    "vendor_close",   "vendor_give",  "vendor_done",
					    "vendor_waits",   "vendor_asked", "vendor_wait"};
	void **slots = (void **)(void *)out;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		road_status status = bus->ops->symbol(bus, names[i], &slots[i]);

		if (status)
			return status;
	}
	return ROAD_OK;
}

static road_status probe(struct road_bus *bus)
{
	struct calls calls;
	road_status status = find_calls(bus, &calls);

	if (status)
		return status;
	if (calls.version() != 1)
		return road_drv_errorf(ROAD_UNSUPPORTED, "vendor_version",
				       "the library is of version %d, allowed: 1", calls.version());
	return ROAD_OK;
}

static road_status scan(struct road_bus *bus, struct road_drv_sink *sink)
{
	struct calls calls;
	road_status status = find_calls(bus, &calls);
	char name[16];

	for (int i = 0; !status && i < calls.count(); i++) {
		const struct road_drv_found found = {.size = sizeof(found),
						     .name = name,
						     .product = "Vendor's device",
						     .simulated = i == 1};

		snprintf(name, sizeof(name), "%d", i);
		if (!sink->found(sink, &found))
			break;
	}
	return status;
}

static road_status start(struct road_drv_device *dev, const char *options)
{
	struct device *device = calloc(1, sizeof(*device));
	road_status status = device ? find_calls(dev->bus, &device->calls) : ROAD_OK;
	char *end;
	long index = strtol(dev->name, &end, 10);

	if (!device)
		return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for a device", "vendor",
				      NULL, NULL);
	if (!status && !*end && end != dev->name && index >= 0 && index < 100)
		device->vendor = device->calls.open((int)index);
	if (!status && !device->vendor)
		status = road_drv_error(ROAD_NOT_FOUND, "the library has no such device",
					"device address", dev->name, "0, 1");
	if (status) {
		free(device);
		return status;
	}
	snprintf(device->options, sizeof(device->options), "%s", options);
	dev->data = device;
	return ROAD_OK;
}

static void stop(struct road_drv_device *dev, enum road_stop_reason why)
{
	struct device *device = dev->data;

	(void)why;
	device->calls.close(device->vendor);
	free(device);
}

static void info(struct road_drv_device *dev, struct road_device_info *out)
{
	const struct device *device = dev->data;

	snprintf(out->name, sizeof(out->name), "Vendor's device %s", device->options);
	out->queue_classes = 1u << ROAD_QUEUE_TRANSFER;
	out->queues_max = 1;
	out->queue_depth_max = 64;
}

static road_status queue_open(struct road_drv_queue *queue)
{
	(void)queue;
	return ROAD_OK;
}

static void queue_close(struct road_drv_queue *queue)
{
	(void)queue;
}

static road_status submit(struct road_drv_queue *queue,
			  const struct road_drv_submission *submission)
{
	struct device *device = queue->dev->data;

	(void)submission;
	device->calls.give(device->vendor);
	return ROAD_OK;
}

static void advance(struct road_drv_queue *queue, struct road_drv_progress *out)
{
	struct device *device = queue->dev->data;

	*out = (struct road_drv_progress){.completed = device->calls.done(device->vendor),
					  .failed_from = UINT64_MAX};
}

static void wait(struct road_drv_queue *queue, uint64_t sequence, uint64_t deadline)
{
	struct device *device = queue->dev->data;

	device->calls.wait(device->vendor, sequence, deadline);
}

/* How often somebody slept in the library, and what the first one awaited. */
static road_status counter(struct road_drv_device *dev, uint32_t index, struct road_metric *out)
{
	struct device *device = dev->data;

	if (index > 1)
		return ROAD_NOT_FOUND;
	snprintf(out->name, sizeof(out->name), index ? "vendor.asked" : "vendor.waits");
	out->type = ROAD_VALUE_U64;
	out->source = ROAD_SOURCE_COMPUTED;
	out->u64 =
		index ? device->calls.asked(device->vendor) : device->calls.waits(device->vendor);
	return ROAD_OK;
}

static const struct road_driver_ops ops = {
	.probe = probe,
	.start = start,
	.stop = stop,
	.info = info,
	.queue_open = queue_open,
	.queue_close = queue_close,
	.submit = submit,
	.advance = advance,
	.counter = counter,
	.scan = scan,
	.wait = wait,
};

static const struct road_driver vendor_driver = {
	.abi = ROAD_DRIVER_ABI,
	.name = "vendor",
	.scheme = "vend-or",
	.library = "libroadbed-test-vendor.so.1",
	.ops = &ops,
};

ROAD_DRIVER_ENTRY(vendor_driver)
