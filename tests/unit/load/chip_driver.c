/* SPDX-License-Identifier: Apache-2.0 */
/* The driver for the chips of model.c: each submission is one step of the chip. */
#include <roadbed-driver/driver.h>
#include <stdio.h>
#include <stdlib.h>

#ifdef OWN_ROM
#include "tests/unit/load/own_rom.h"
#define SEEN(what) (void)(own_rom.what)
#else
#define SEEN(what) (void)0
#endif

struct chip {
	struct road_drv_queue *queue;
	uint64_t submitted, completed;
};

static uint64_t load(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static road_status probe(struct road_bus *bus)
{
	return road_read32(bus, 0, 0) == UINT32_MAX ? road_drv_error(ROAD_UNSUPPORTED, "no answer",
								     "chip: register 0", NULL, NULL)
						    : ROAD_OK;
}

static road_status start(struct road_drv_device *dev, const char *options)
{
	(void)options;
	SEEN(starts++);
	SEEN(started_in = own_rom.rom.phase);
	dev->data = calloc(1, sizeof(struct chip));
	return dev->data ? ROAD_OK
			 : road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for a device", "chip",
					  NULL, NULL);
}

static void stop(struct road_drv_device *dev, enum road_stop_reason why)
{
	(void)why;
	SEEN(stops++);
	free(dev->data);
	dev->data = NULL;
}

static void info(struct road_drv_device *dev, struct road_device_info *out)
{
	snprintf(out->name, sizeof(out->name), "Tiny chip %u", road_read32(dev->bus, 0, 0));
	out->queue_classes = 1u << ROAD_QUEUE_TRANSFER;
	out->queues_max = 1;
	out->queue_depth_max = 16;
}

static road_status queue_open(struct road_drv_queue *queue)
{
	struct chip *chip = queue->dev->data;

	if (chip->queue)
		return road_drv_error(ROAD_NO_SPACE, "the chip has one queue", "chip", NULL, NULL);
	chip->queue = queue;
	return ROAD_OK;
}

static void queue_close(struct road_drv_queue *queue)
{
	((struct chip *)queue->dev->data)->queue = NULL;
}

static road_status submit(struct road_drv_queue *queue,
			  const struct road_drv_submission *submission)
{
	struct chip *chip = queue->dev->data;

	if (load(&chip->submitted) != load(&chip->completed))
		return ROAD_NOT_READY;
	__atomic_store_n(&chip->submitted, submission->sequence, __ATOMIC_RELEASE);
	road_write32(queue->dev->bus, 0, 8, 1);
	return ROAD_OK;
}

static void advance(struct road_drv_queue *queue, struct road_drv_progress *out)
{
	const struct chip *chip = queue->dev->data;

	*out = (struct road_drv_progress){.completed = load(&chip->completed),
					  .failed_from = UINT64_MAX};
}

static void irq(struct road_drv_device *dev, uint32_t vector)
{
	struct chip *chip = dev->data;

	(void)vector;
	__atomic_store_n(&chip->completed, load(&chip->submitted), __ATOMIC_RELEASE);
	if (chip->queue)
		road_drv_queue_ready(chip->queue);
}

static road_status reset(struct road_drv_device *dev)
{
	(void)dev;
	SEEN(resets++);
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
	.irq = irq,
	.reset = reset,
};

static const struct road_driver chip_driver = {
	.abi = ROAD_DRIVER_ABI,
	.name = "tiny-chip",
	.compatible = "test,tiny-chip",
	.ops = &ops,
#ifdef OWN_ROM
	.firmware = &own_rom_ops,
#endif
};

ROAD_DRIVER_ENTRY(chip_driver)
