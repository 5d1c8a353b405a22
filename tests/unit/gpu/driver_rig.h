/* SPDX-License-Identifier: Apache-2.0 */
/* The driver on the fake chip, as the core would hold it. */
#ifndef TESTS_UNIT_GPU_DRIVER_RIG_H
#define TESTS_UNIT_GPU_DRIVER_RIG_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/gpu/gpu.h"
#include "tests/support/tap.h"
#include "tests/unit/gpu/fake_gpu.h"

extern const struct road_driver road_driver_gpu;
#define DRIVER (&road_driver_gpu)

struct rig {
	struct fake_gpu chip;
	struct road_drv_device dev;
	struct road_drv_space space;
	struct road_drv_queue queue;
	uint64_t sequence;
};

static inline void rig_init(struct rig *rig)
{
	memset(rig, 0, sizeof(*rig));
	fake_gpu_init(&rig->chip);
	rig->dev = (struct road_drv_device){
		.driver = DRIVER, .bus = &rig->chip.bus.bus, .address = "fake:"};
	rig->space.dev = &rig->dev;
	rig->queue = (struct road_drv_queue){.dev = &rig->dev,
					     .space = &rig->space,
					     .queue_class = ROAD_QUEUE_COMPUTE,
					     .depth = 8};
}

static inline void rig_check(struct rig *rig)
{
	if (rig->chip.violations)
		printf("# violation: %s\n", rig->chip.violation);
	CU_ASSERT_EQUAL(rig->chip.violations, 0);
	CU_ASSERT_EQUAL(fake_bus_live(&rig->chip.bus), 0);
	fake_gpu_destroy(&rig->chip);
}

static inline void rig_open(struct rig *rig)
{
	rig_init(rig);
	CU_ASSERT_EQUAL_FATAL(DRIVER->ops->probe(rig->dev.bus), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(DRIVER->ops->start(&rig->dev, "time=functional"), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(DRIVER->ops->space_open(&rig->space), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(DRIVER->ops->queue_open(&rig->queue), ROAD_OK);
}

static inline void rig_close(struct rig *rig)
{
	DRIVER->ops->queue_close(&rig->queue);
	DRIVER->ops->space_close(&rig->space);
	DRIVER->ops->stop(&rig->dev, rig->chip.bus.is_lost ? ROAD_STOP_LOST : ROAD_STOP_CLOSE);
	rig_check(rig);
}

static inline struct road_drv_buffer rig_buffer(struct rig *rig, uint32_t heap, uint64_t bytes)
{
	return (struct road_drv_buffer){.space = &rig->space, .heap = heap, .bytes = bytes};
}

static inline road_status rig_submit(struct rig *rig, const struct road_cmd *commands, uint32_t n)
{
	struct road_drv_submission s = {
		.sequence = rig->sequence + 1, .commands = commands, .count = n};
	road_status status = DRIVER->ops->submit(&rig->queue, &s);

	rig->sequence += status == ROAD_OK;
	return status;
}

static inline struct road_drv_progress rig_progress(struct rig *rig)
{
	struct road_drv_progress progress;

	memset(&progress, 0xee, sizeof(progress));
	DRIVER->ops->advance(&rig->queue, &progress);
	return progress;
}

/* Device memory as the chip sees it. */
static inline unsigned char *rig_at(struct rig *rig, uint64_t address, uint64_t bytes)
{
	return fake_gpu_at(&rig->chip, 0, address, bytes, ROAD_GPU_SEGMENT_READ);
}

static const char rig_ptx[] = ".version 7.0\n.target sm_80\n.address_size 64\n"
			      ".visible .global .align 8 .u64 table[4] = {1, 2, 3, 4};\n"
			      ".visible .global .align 8 .u64 pointer = table;\n"
			      ".visible .entry add(.param .u64 out, .param .u32 n)\n"
			      "{\n"
			      "\t.reg .u64 %rd<4>;\n\t.reg .u32 %r<4>;\n"
			      "\tld.param.u64 %rd1, [out];\n\tld.param.u32 %r1, [n];\n"
			      "\tmov.u64 %rd2, table;\n\tld.global.u32 %r2, [%rd2];\n"
			      "\tadd.u32 %r3, %r1, %r2;\n\tst.global.u32 [%rd1], %r3;\n\tret;\n"
			      "}\n"
			      ".visible .entry empty()\n.maxntid 128, 1, 1\n{\n\tret;\n}\n";

#endif
