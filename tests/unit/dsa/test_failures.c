/* SPDX-License-Identifier: Apache-2.0 */
/* Every step of the driver fails once, by memory or by loss: nothing leaks, nothing is left. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/dsa/dsa.h"
#include "tests/support/tap.h"
#include "tests/unit/dsa/fake_dsa.h"
#include "tests/unit/dsa/images.h"

extern const struct road_driver road_driver_dsa;
#define DRIVER (&road_driver_dsa)

struct run { /* what was made, in order, to be undone in reverse */
	struct fake_dsa chip;
	struct road_drv_device dev;
	struct road_drv_space space;
	struct road_drv_queue queue;
	bool started, opened, queued, loaded, found;
	struct road_drv_buffer buffers[3];
	uint32_t buffer_count;
	struct road_drv_image image;
	struct road_drv_kernel kernel;
};

static unsigned char *file;
static size_t file_bytes;

static road_status make_buffers(struct run *r)
{
	static const struct {
		uint32_t heap;
		uint64_t alignment;
	} wanted[] = {{ROAD_HEAP_DEVICE, 0}, {ROAD_HEAP_HOST, 0}, {ROAD_HEAP_HOST, 65536}};

	for (uint32_t i = 0; i < 3; i++) {
		r->buffers[i] = (struct road_drv_buffer){.space = &r->space,
							 .heap = wanted[i].heap,
							 .bytes = 5000,
							 .alignment = wanted[i].alignment};
		road_status status = DRIVER->memory->alloc(&r->buffers[i]);

		if (status)
			return status;
		r->buffer_count++;
	}
	return ROAD_OK;
}

static road_status make_image(struct run *r)
{
	r->image = (struct road_drv_image){.space = &r->space};
	road_status status = DRIVER->image->load(&r->image, file, file_bytes, NULL);

	if (status)
		return status;
	r->loaded = true;
	r->kernel = (struct road_drv_kernel){.image = &r->image};
	status = DRIVER->image->kernel(&r->kernel, "second");
	r->found = status == ROAD_OK;
	return status;
}

static road_status launch(struct run *r)
{
	const struct road_cmd command = {
		.kind = ROAD_COMMAND_LAUNCH,
		.launch = {.kernel = &r->kernel, .grid = {1, 1, 1}, .block = {1, 1, 1}}};
	const struct road_drv_submission submission = {
		.sequence = 1, .commands = &command, .count = 1};

	return DRIVER->ops->submit(&r->queue, &submission);
}

static road_status make(struct run *r)
{
	road_status status = DRIVER->ops->start(&r->dev, "");

	if (status)
		return status;
	r->started = true;
	status = DRIVER->ops->space_open(&r->space);
	if (status)
		return status;
	r->opened = true;
	status = DRIVER->ops->queue_open(&r->queue);
	if (status)
		return status;
	r->queued = true;
	status = make_buffers(r);
	if (!status)
		status = make_image(r);
	return status ? status : launch(r);
}

static void check_end(struct run *r)
{
	if (r->chip.violations)
		printf("# violation: %s\n", r->chip.violation);
	CU_ASSERT_EQUAL(r->chip.violations, 0);
	CU_ASSERT_EQUAL(fake_bus_live(&r->chip.bus), 0);
	fake_dsa_destroy(&r->chip);
}

static void unmake(struct run *r)
{
	bool lost = r->chip.bus.is_lost;

	services_fail_after = -1;
	if (r->found)
		DRIVER->image->kernel_free(&r->kernel);
	if (r->loaded)
		DRIVER->image->unload(&r->image);
	while (r->buffer_count)
		DRIVER->memory->free(&r->buffers[--r->buffer_count]);
	if (!r->chip.bus.is_lost && r->opened) {
		CU_ASSERT_EQUAL(r->chip.contexts[0].count, 0);
		CU_ASSERT_EQUAL(r->chip.block_count, 0);
	}
	if (r->queued)
		DRIVER->ops->queue_close(&r->queue);
	if (r->opened)
		DRIVER->ops->space_close(&r->space);
	if (r->started)
		DRIVER->ops->stop(&r->dev, lost ? ROAD_STOP_LOST : ROAD_STOP_CLOSE);
	check_end(r);
}

static void init(struct run *r)
{
	memset(r, 0, sizeof(*r));
	fake_dsa_init(&r->chip);
	r->chip.dirty = true; /* so that memory is cleared, too */
	r->dev = (struct road_drv_device){
		.driver = DRIVER, .bus = &r->chip.bus.bus, .address = "fake:"};
	r->space.dev = &r->dev;
	r->queue = (struct road_drv_queue){.dev = &r->dev, .space = &r->space, .depth = 8};
}

/* All steps are taken: the test would prove nothing about one that is not. */
static void test_whole(void)
{
	static struct run r;
	struct road_drv_progress progress;

	init(&r);
	CU_ASSERT_EQUAL_FATAL(DRIVER->ops->probe(r.dev.bus), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(make(&r), ROAD_OK);
	DRIVER->ops->advance(&r.queue, &progress);
	CU_ASSERT_EQUAL(progress.completed, 1);
	CU_ASSERT_EQUAL(progress.failed_from, UINT64_MAX);
	CU_ASSERT_EQUAL(r.chip.tasks, 1);
	CU_ASSERT_EQUAL(r.chip.loads, 1);
	CU_ASSERT_EQUAL(r.chip.copies, 2); /* code and data */
	CU_ASSERT_EQUAL(r.chip.fills, 3);  /* a buffer, code, data */
	unmake(&r);
}

static void test_memory(void)
{
	static struct run r;
	road_status status = ROAD_OUT_OF_HOST_MEMORY;
	int steps = 0;

	for (; status; steps++) {
		init(&r);
		services_fail_after = steps;
		services_what[0] = services_where[0] = 0;
		status = make(&r);
		if (status) {
			CU_ASSERT_EQUAL(status, ROAD_OUT_OF_HOST_MEMORY);
			CU_ASSERT_TRUE(services_what[0] && services_where[0]);
		}
		unmake(&r);
		CU_ASSERT_TRUE_FATAL(steps < 5000);
	}
	CU_ASSERT_TRUE(steps > 25);
}

static void test_loss(void)
{
	static struct run r;
	road_status status = ROAD_DEVICE_LOST;
	int steps = 0;

	for (; status; steps++) {
		init(&r);
		r.chip.bus.accesses_left = steps;
		services_lost = 0;
		status = make(&r);
		if (status) {
			CU_ASSERT_EQUAL(status, ROAD_DEVICE_LOST);
			/* the core is told, unless it was the bus itself that said so */
			CU_ASSERT_TRUE(services_lost > 0 || !strcmp(services_where, "dma_alloc"));
		}
		unmake(&r);
		CU_ASSERT_TRUE_FATAL(steps < 5000);
	}
	CU_ASSERT_TRUE(steps > 60);
}

/* Lost at any access of the way down: everything is still given back. */
static void test_loss_at_end(void)
{
	static struct run r;

	for (int left = 0; left < 120; left++) {
		init(&r);
		CU_ASSERT_EQUAL_FATAL(make(&r), ROAD_OK);
		r.chip.bus.accesses_left = left;
		unmake(&r);
	}
}

static void test_refused(void)
{
	static struct run r;

	init(&r);
	r.chip.refuse_code = true;
	CU_ASSERT_EQUAL(make(&r), ROAD_IMAGE_INVALID);
	CU_ASSERT_FALSE(r.loaded);
	unmake(&r);
	init(&r);
	r.chip.refuse_streams = true;
	CU_ASSERT_EQUAL(make(&r), ROAD_INTERNAL);
	CU_ASSERT_FALSE(r.queued);
	unmake(&r);
}

static const struct tap_case cases[] = {
	{"with nothing that fails all steps are taken and undone", test_whole},
	{"each allocation that fails is told and leaves nothing behind", test_memory},
	{"a device lost at any access is told as lost and leaves nothing behind", test_loss},
	{"a device lost on the way down leaves nothing behind", test_loss_at_end},
	{"what the chip refuses is told and leaves nothing behind", test_refused},
};

int main(int argc, char **argv)
{
	file = images_good(&file_bytes);
	int status = tap_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));

	free(file);
	return status;
}
