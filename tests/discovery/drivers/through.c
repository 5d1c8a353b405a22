/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A driver from outside the tree for what the kernel's driver KERNEL runs: it asks one question
 * through the device's node and can do nothing.
 */
#include <roadbed-driver/driver.h>

#include <drm.h>
#include <stdio.h>

static road_status probe(struct road_bus *bus)
{
	struct drm_get_cap cap = {.capability = DRM_CAP_SYNCOBJ};

	return bus->ops->control(bus, DRM_IOCTL_GET_CAP, &cap);
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

/* The number of an answer that the kernel gave, and of one that it refused. */
static void info(struct road_drv_device *dev, struct road_device_info *out)
{
	struct drm_get_cap known = {.capability = DRM_CAP_SYNCOBJ}, unknown = {.capability = 99};
	const struct road_bus_ops *ops = dev->bus->ops;

	out->queues_max =
		ops->control(dev->bus, DRM_IOCTL_GET_CAP, &known) ? 0 : (uint32_t)known.value;
	out->queue_depth_max =
		ops->control(dev->bus, DRM_IOCTL_GET_CAP, &unknown) == ROAD_INVALID_ARGUMENT ? 16
											     : 1;
}

static road_status queue_open(struct road_drv_queue *queue)
{
	(void)queue;
	return road_drv_error(ROAD_UNSUPPORTED, "the device has no queues", "queue_open", "", "");
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
	return ROAD_UNSUPPORTED;
}

static const struct road_driver_ops ops = {
	.probe = probe,
	.start = start,
	.stop = stop,
	.info = info,
	.queue_open = queue_open,
	.queue_close = queue_close,
	.submit = submit,
};

static const struct road_driver driver = {
	.abi = ROAD_DRIVER_ABI,
	.name = "through-" KERNEL,
	.compatible = "drm," KERNEL,
	.ops = &ops,
};

ROAD_DRIVER_ENTRY(driver)
