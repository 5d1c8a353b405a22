/* SPDX-License-Identifier: Apache-2.0 */
/* Every step of the driver fails once, by memory or by loss: nothing leaks, nothing is left. */
#include "tests/unit/gpu/driver_rig.h"

struct run { /* what was made, in order, to be undone in reverse */
	struct rig rig;
	bool started, space, queue, device, visible, host, image, kernel;
	struct road_drv_buffer buffers[3];
	struct road_drv_image loaded;
	struct road_drv_kernel found;
};

static road_status make_memory(struct run *r)
{
	static const uint32_t heaps[] = {ROAD_HEAP_DEVICE, ROAD_HEAP_DEVICE_VISIBLE,
					 ROAD_HEAP_HOST};
	bool *done[] = {&r->device, &r->visible, &r->host};
	road_status status = ROAD_OK;
	void *host;

	for (uint32_t i = 0; i < 3 && !status; i++) {
		r->buffers[i] = rig_buffer(&r->rig, heaps[i], 5000);
		r->buffers[i].flags = ROAD_BUFFER_READ_ONLY;
		status = DRIVER->memory->alloc(&r->buffers[i]);
		*done[i] = status == ROAD_OK;
	}
	return status ? status : DRIVER->memory->map(&r->buffers[1], &host);
}

static road_status make(struct run *r)
{
	road_status status = DRIVER->ops->start(&r->rig.dev, "");

	if (status)
		return status;
	r->started = true;
	status = DRIVER->ops->space_open(&r->rig.space);
	if (status)
		return status;
	r->space = true;
	status = DRIVER->ops->queue_open(&r->rig.queue);
	if (status)
		return status;
	r->queue = true;
	status = make_memory(r);
	if (status)
		return status;
	r->loaded = (struct road_drv_image){.space = &r->rig.space};
	status = DRIVER->image->load(&r->loaded, rig_ptx, strlen(rig_ptx), NULL);
	if (status)
		return status;
	r->image = true;
	r->found = (struct road_drv_kernel){.image = &r->loaded};
	status = DRIVER->image->kernel(&r->found, "add");
	if (status)
		return status;
	r->kernel = true;
	return rig_submit(&r->rig, NULL, 0);
}

static void unmake(struct run *r)
{
	bool lost = r->rig.chip.bus.is_lost;

	services_fail_after = -1;
	if (r->kernel)
		DRIVER->image->kernel_free(&r->found);
	if (r->image)
		DRIVER->image->unload(&r->loaded);
	if (r->host)
		DRIVER->memory->free(&r->buffers[2]);
	if (r->visible)
		DRIVER->memory->free(&r->buffers[1]);
	if (r->device)
		DRIVER->memory->free(&r->buffers[0]);
	if (!r->rig.chip.bus.is_lost && r->space)
		CU_ASSERT_EQUAL(r->rig.chip.spaces[0].count, 0);
	if (r->queue)
		DRIVER->ops->queue_close(&r->rig.queue);
	if (r->space)
		DRIVER->ops->space_close(&r->rig.space);
	if (r->started)
		DRIVER->ops->stop(&r->rig.dev, lost ? ROAD_STOP_LOST : ROAD_STOP_CLOSE);
	rig_check(&r->rig);
}

static void init(struct run *r)
{
	memset(r, 0, sizeof(*r));
	rig_init(&r->rig);
	r->rig.chip.dirty = true; /* so that memory is cleared, too */
}

static void test_memory(void)
{
	static struct run r;
	road_status status = ROAD_OUT_OF_HOST_MEMORY;
	int steps = 0;

	for (; status; steps++) {
		init(&r);
		services_fail_after = steps;
		status = make(&r);
		if (status && status != ROAD_OUT_OF_HOST_MEMORY)
			CU_FAIL("another status than out of host memory");
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
		r.rig.chip.bus.accesses_left = steps;
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
		r.rig.chip.bus.accesses_left = left;
		unmake(&r);
	}
}

static const struct tap_case cases[] = {
	{"each allocation that fails is told and leaves nothing behind", test_memory},
	{"a device lost at any access is told as lost and leaves nothing behind", test_loss},
	{"a device lost on the way down leaves nothing behind", test_loss_at_end},
};

TAP_MAIN(cases)
