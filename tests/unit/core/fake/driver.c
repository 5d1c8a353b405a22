/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/core/fake/chip.h"

/* One submission on the device. Commands stay as they are until it ended. */
struct work {
	struct work *next;
	struct road_drv_queue *queue;
	struct road_drv_submission what;
	bool switches;
};
struct queue {
	uint64_t completed, failed_from, current;
	road_status status;
};
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct work *first;
static struct road_drv_config *opened[64];

static struct road_drv_device *device;

static uint32_t run(uint32_t count);
static void lose(void);
ROAD_API struct fake_door fake_door = {.features = FAKE_FEATURES,
				       .run = run,
				       .lose = lose,
				       .fault = fake_chip_fault,
				       .settle = fake_chip_settle};

/* ---- what the device is ---- */

static road_status probe(struct road_bus *bus)
{
	(void)bus;
	return ROAD_OK;
}

static road_status start(struct road_drv_device *dev, const char *options)
{
	(void)options;
	device = dev;
	fake_chip_reset();
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
	snprintf(out->name, sizeof(out->name), "Fake device with regions");
	out->queue_classes = 1u << ROAD_QUEUE_COMPUTE;
	out->queues_max = 8;
	out->queue_depth_max = 64;
	out->features = ROAD_FEATURE_REGIONS | ROAD_FEATURE_IMAGES | ROAD_FEATURE_QUEUE_RESET;
	out->commands = 1u << ROAD_COMMAND_LAUNCH | 1u << ROAD_COMMAND_RECONFIGURE;
}

static road_status heap(struct road_drv_device *dev, uint32_t index, struct road_heap_info *out)
{
	(void)dev;
	if (index)
		return ROAD_NOT_FOUND;
	out->kind = ROAD_HEAP_HOST;
	out->bytes = 1 << 20;
	return ROAD_OK;
}

static road_status buffer_alloc(struct road_drv_buffer *buffer)
{
	buffer->host = calloc(1, buffer->bytes);
	buffer->address = (uint64_t)(uintptr_t)buffer->host;
	return buffer->host ? ROAD_OK : ROAD_OUT_OF_DEVICE_MEMORY;
}

static void buffer_free(struct road_drv_buffer *buffer)
{
	free(buffer->host);
}

/* ---- queues ---- */

static road_status queue_open(struct road_drv_queue *queue)
{
	struct queue *q = calloc(1, sizeof(*q));

	if (!q)
		return ROAD_OUT_OF_HOST_MEMORY;
	q->failed_from = UINT64_MAX;
	queue->data = q;
	return ROAD_OK;
}

/* Under the lock: the device forgets the queue's work. */
static void forget(struct road_drv_queue *queue)
{
	for (struct work **at = &first; *at;) {
		struct work *work = *at;

		if (work->queue != queue) {
			at = &work->next;
			continue;
		}
		*at = work->next;
		fake_door.in_flight--;
		free(work);
	}
}

static void queue_close(struct road_drv_queue *queue)
{
	pthread_mutex_lock(&lock);
	forget(queue);
	pthread_mutex_unlock(&lock);
	free(queue->data);
}

static road_status queue_reset(struct road_drv_queue *queue)
{
	struct queue *q = queue->data;

	pthread_mutex_lock(&lock);
	forget(queue);
	*q = (struct queue){.failed_from = UINT64_MAX};
	fake_door.queue_generation = queue->region_generation;
	pthread_mutex_unlock(&lock);
	return ROAD_OK;
}

static bool switches(const struct road_drv_submission *what)
{
	for (uint32_t i = 0; i < what->count; i++) {
		const struct road_cmd *c = &what->commands[i];

		if (c->kind == ROAD_COMMAND_RECONFIGURE &&
		    (c->region->verb == ROAD_RECONFIGURE_ACTIVATE ||
		     c->region->verb >= ROAD_RECONFIGURE_ROLLBACK))
			return true;
		if (c->kind == ROAD_COMMAND_LAUNCH && c->launch.flags & ROAD_LAUNCH_ACTIVATE)
			return true;
	}
	return false;
}

/* Under the lock: does a switch meet anything of its region? */
static void look_at_overlap(const struct work *work)
{
	for (const struct work *w = first; w; w = w->next)
		if (w != work && w->queue->region == work->queue->region &&
		    (w->switches || work->switches) && w->queue != work->queue)
			fake_door.overlaps++;
}

static road_status submit(struct road_drv_queue *queue, const struct road_drv_submission *what)
{
	struct work *work = calloc(1, sizeof(*work)), **at = &first;

	if (!work)
		return ROAD_OUT_OF_HOST_MEMORY;
	work->queue = queue;
	work->what = *what;
	work->switches = switches(what);
	pthread_mutex_lock(&lock);
	while (*at)
		at = &(*at)->next;
	*at = work;
	fake_door.handed++;
	fake_door.in_flight++;
	look_at_overlap(work);
	bool now = !fake_door.held;

	pthread_mutex_unlock(&lock);
	if (now)
		run(UINT32_MAX);
	return ROAD_OK;
}

static void advance(struct road_drv_queue *queue, struct road_drv_progress *out)
{
	const struct queue *q = queue->data;

	pthread_mutex_lock(&lock);
	*out = (struct road_drv_progress){
		.completed = q->completed, .failed_from = q->failed_from, .status = q->status};
	pthread_mutex_unlock(&lock);
}

/* ---- commands. Under the lock ---- */

static const struct road_drv_config *opened_by_id(uint64_t id)
{
	for (int i = 0; i < 64; i++)
		if (opened[i] && opened[i]->id == id)
			return opened[i];
	return NULL;
}

static void note(char letter)
{
	size_t end = strlen(fake_door.log);

	if (end + 1 < sizeof(fake_door.log))
		fake_door.log[end] = letter;
}

static road_status launch(const struct road_drv_queue *queue, const struct road_cmd_launch *what)
{
	const struct queue *q = queue->data;
	uint64_t expected = what->configuration ? what->configuration : q->current;

	fake_door.configuration = what->configuration;
	fake_door.flags = what->flags;
	return fake_chip_launch(queue->region, queue->region_generation, expected,
				what->flags & ROAD_LAUNCH_ACTIVATE, opened_by_id(expected));
}

static road_status perform(struct road_drv_queue *queue, const struct road_cmd *command)
{
	struct queue *q = queue->data;

	switch (command->kind) {
	case ROAD_COMMAND_LAUNCH: note('l'); return launch(queue, &command->launch);
	case ROAD_COMMAND_RECONFIGURE:
		note((char)('A' + command->region->verb));
		fake_door.region = command->region->region;
		fake_door.generation = command->region->generation;
		return fake_chip_command(command->region, &q->current);
	case ROAD_COMMAND_BARRIER: note('b'); return ROAD_OK;
	default: return ROAD_UNSUPPORTED;
	}
}

static void do_one(struct work *work)
{
	struct queue *q = work->queue->data;
	road_status status = ROAD_OK;

	for (uint32_t i = 0; i < work->what.count && !status; i++)
		status = perform(work->queue, &work->what.commands[i]);
	if (!status) {
		q->completed = work->what.sequence;
		return;
	}
	q->status = status;
	q->failed_from = work->what.sequence;
}

static uint32_t run(uint32_t count)
{
	uint32_t done = 0;

	for (; done < count; done++) {
		pthread_mutex_lock(&lock);
		struct work *work = first;

		if (!work) {
			pthread_mutex_unlock(&lock);
			break;
		}
		first = work->next;
		fake_door.in_flight--;
		if (((struct queue *)work->queue->data)->failed_from == UINT64_MAX)
			do_one(work);
		road_drv_queue_ready(work->queue);
		pthread_mutex_unlock(&lock);
		free(work);
	}
	road_source_poke();
	return done;
}

static void lose(void)
{
	road_drv_device_lost(device);
	road_source_poke();
}

static road_status reset(struct road_drv_device *dev)
{
	(void)dev;
	pthread_mutex_lock(&lock);
	if (!fake_door.reset_fails)
		fake_chip_reset();
	pthread_mutex_unlock(&lock);
	return fake_door.reset_fails;
}

/* ---- images: a kernel "k" without arguments; one that begins with '-' is no configuration ---- */

static road_status load(struct road_drv_image *image, const void *bytes, size_t byte_count,
			const struct road_image_options *options)
{
	size_t *copy = malloc(sizeof(*copy) + byte_count);

	(void)options;
	if (!copy)
		return ROAD_OUT_OF_HOST_MEMORY;
	*copy = byte_count;
	memcpy(copy + 1, bytes, byte_count);
	image->data = copy;
	return ROAD_OK;
}

static void unload(struct road_drv_image *image)
{
	free(image->data);
}

static road_status kernel(struct road_drv_kernel *kernel, const char *name)
{
	return strcmp(name, "k") ? ROAD_NOT_FOUND : (kernel->data = NULL, ROAD_OK);
}

static bool of_kernel(struct road_drv_kernel *kernel, const void **bytes, uint64_t *count)
{
	const size_t *copy = kernel->image->data;

	*bytes = copy + 1;
	*count = *copy;
	return *(const char *)*bytes != '-';
}

/* ---- regions ---- */

#define LOCKED(call)                         \
	do {                                 \
		(void)dev;                   \
		pthread_mutex_lock(&lock);   \
		road_status status = (call); \
		pthread_mutex_unlock(&lock); \
		return status;               \
	} while (0)

static road_status region_info(struct road_drv_device *dev, uint32_t index,
			       struct road_region_info *out)
{
	LOCKED(fake_chip_info(index, out));
}

static uint32_t region_children(struct road_drv_device *dev, uint32_t index, uint32_t *out)
{
	(void)dev;
	pthread_mutex_lock(&lock);
	uint32_t count = fake_chip_children(index, out);

	pthread_mutex_unlock(&lock);
	return count;
}

static road_status region_status(struct road_drv_device *dev, uint32_t index,
				 struct road_region_status *out)
{
	LOCKED(fake_chip_status(index, out));
}

static road_status region_slot(struct road_drv_device *dev, uint32_t index, uint32_t slot,
			       struct road_slot_info *out)
{
	LOCKED(fake_chip_slot(index, slot, out));
}

static road_status region_layout(struct road_drv_device *dev, uint32_t index, uint32_t step,
				 const struct road_region_part *parts, uint32_t count,
				 uint64_t *drain)
{
	LOCKED(fake_chip_layout(index, step, parts, count, drain));
}

static road_status set_safe(struct road_drv_device *dev, uint32_t index,
			    const struct road_drv_config *config)
{
	LOCKED(fake_chip_set_safe(index, config ? config->id : 0));
}

static road_status release(struct road_drv_device *dev, uint32_t index)
{
	LOCKED(fake_chip_release(index));
}

static road_status check(struct road_drv_config *config, void *canonical)
{
	const unsigned char *bytes = config->bytes;

	__atomic_fetch_add(&fake_door.checks, 1, __ATOMIC_RELAXED);
	config->units = bytes[0] == FAKE_UNITS_OF && config->byte_count > 1 ? bytes[1] : 1;
	config->fabric = bytes[0] == FAKE_FOREIGN ? FAKE_FABRIC + 1 : FAKE_FABRIC;
	snprintf(config->name, sizeof(config->name), "image %c", bytes[0]);
	if (bytes[0] == FAKE_RELOCATED && config->byte_count > 1)
		((unsigned char *)canonical)[1] = 0;
	if (bytes[0] != FAKE_BAD)
		return ROAD_OK;
	return road_drv_error(ROAD_IMAGE_INVALID, "an image does not begin with '!'", "byte 0", "!",
			      "any other");
}

static road_status patch(const struct road_drv_config *config, const struct road_patch *patches,
			 uint32_t count, void *out)
{
	memcpy(out, config->bytes, config->byte_count);
	for (uint32_t i = 0; i < count; i++) {
		if (patches[i].index >= config->byte_count)
			return road_drv_errorf(ROAD_INVALID_ARGUMENT, "patches",
					       "patch %u is beyond the image", i);
		((unsigned char *)out)[patches[i].index] = (unsigned char)patches[i].value;
	}
	return ROAD_OK;
}

static road_status config_open(struct road_drv_config *config)
{
	void *copy = malloc(config->byte_count);
	int i = 0;

	if (fake_door.open_fails || !copy) {
		free(copy);
		return road_drv_error(fake_door.open_fails, "it shall fail", "fake", "", "");
	}
	memcpy(copy, config->bytes, config->byte_count);
	config->address = (uint64_t)(uintptr_t)copy;
	pthread_mutex_lock(&lock);
	while (opened[i])
		i++;
	opened[i] = config;
	fake_door.opens++;
	fake_door.open_now++;
	pthread_mutex_unlock(&lock);
	return ROAD_OK;
}

static void config_close(struct road_drv_config *config)
{
	pthread_mutex_lock(&lock);
	for (int i = 0; i < 64; i++)
		if (opened[i] == config)
			opened[i] = NULL;
	fake_door.closes++;
	fake_door.open_now--;
	pthread_mutex_unlock(&lock);
	free((void *)(uintptr_t)config->address);
}

static void report(struct road_drv_device *dev, const void *bytes,
		   struct road_reconfigure_result *out)
{
	const struct fake_report *report = bytes;

	(void)dev;
	out->status = (road_status)report->status;
	out->phase = report->phase;
	out->flags = report->flags;
	out->slot = report->slot;
	out->active = report->active;
	out->bytes = report->bytes;
	out->ended_ns = report->ended_ns;
}

static void explain(struct road_drv_device *dev, const void *bytes, road_error *out)
{
	const struct fake_report *report = bytes;

	(void)dev;
	snprintf(out->what, sizeof(out->what), "the fake was told to fail");
	snprintf(out->where, sizeof(out->where), "door %u", report->phase);
	snprintf(out->seen, sizeof(out->seen), "open");
	snprintf(out->allowed, sizeof(out->allowed), "shut");
}

static const struct road_driver_ops ops = {.probe = probe,
					   .start = start,
					   .stop = stop,
					   .info = info,
					   .queue_open = queue_open,
					   .queue_close = queue_close,
					   .submit = submit,
					   .advance = advance,
					   .queue_reset = queue_reset,
					   .reset = reset};
static const struct road_memory_ops memory = {
	.heap = heap, .alloc = buffer_alloc, .free = buffer_free};
static const struct road_image_ops image = {.load = load, .unload = unload, .kernel = kernel};
static const struct road_region_ops region = {.info = region_info,
					      .children = region_children,
					      .status = region_status,
					      .slot = region_slot,
					      .layout = region_layout,
					      .check = check,
					      .patch = patch,
					      .open = config_open,
					      .close = config_close,
					      .of_kernel = of_kernel,
					      .set_safe = set_safe,
					      .release = release,
					      .report = report,
					      .explain = explain};
static const struct road_driver driver = {.abi = ROAD_DRIVER_ABI,
					  .name = "fake",
					  .scheme = "fake",
					  .ops = &ops,
					  .memory = &memory,
					  .image = &image,
					  .region = &region};

ROAD_DRIVER_ENTRY(driver)
