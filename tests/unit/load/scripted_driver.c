/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/load/scripted.h"

static struct script *script_of(const struct road_drv_device *dev)
{
	return dev->data;
}

static road_status probe(struct road_bus *bus)
{
	(void)bus;
	return ROAD_OK;
}

static road_status start(struct road_drv_device *dev, const char *options)
{
	dev->data = (void *)(uintptr_t)strtoull(options, NULL, 16);
	if (!dev->data)
		return road_drv_error(ROAD_INVALID_ARGUMENT, "names no script", "scripted", options,
				      "its address");
	script_of(dev)->device = dev;
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
	snprintf(out->name, sizeof(out->name), "Scripted device");
	out->queue_classes = 1u << ROAD_QUEUE_TRANSFER;
	out->queues_max = 4;
	out->queue_depth_max = 16;
}

static road_status queue_open(struct road_drv_queue *queue)
{
	struct script *script = script_of(queue->dev);

	if (script->open_answer)
		return road_drv_error(script->open_answer, "scripted", "queue_open", NULL, NULL);
	script->queue = queue;
	return ROAD_OK;
}

static void queue_close(struct road_drv_queue *queue)
{
	(void)queue;
}

static road_status submit(struct road_drv_queue *queue,
			  const struct road_drv_submission *submission)
{
	struct script *script = script_of(queue->dev);

	if (script->in_submit)
		script->in_submit(script);
	if (script->answer == ROAD_NOT_READY)
		return ROAD_NOT_READY;
	if (script->answer)
		return road_drv_error(script->answer, "scripted", "submit", NULL, NULL);
	script->submitted = submission->sequence;
	if (!script->by_hand) {
		script->done = submission->sequence;
		road_drv_queue_ready(queue);
	}
	return ROAD_OK;
}

static void advance(struct road_drv_queue *queue, struct road_drv_progress *out)
{
	*out = (struct road_drv_progress){.completed = script_of(queue->dev)->done,
					  .failed_from = UINT64_MAX};
}

static road_status queue_reset(struct road_drv_queue *queue)
{
	script_of(queue->dev)->done = 0;
	script_of(queue->dev)->resets++;
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
	.queue_reset = queue_reset,
};

static const struct road_driver scripted = {
	.abi = ROAD_DRIVER_ABI,
	.name = "scripted",
	.scheme = "scripted",
	.ops = &ops,
};

ROAD_DRIVER_ENTRY(scripted)
