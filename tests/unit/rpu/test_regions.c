/* SPDX-License-Identifier: Apache-2.0 */
/* Why the chip takes no stream: what its region has become. The chip is the test's own. */
#include <string.h>

#include "drivers/rpu/rpu.h"
#include "tests/support/tap.h"
#include "tests/unit/drivers/fake_bus.h"

/* ---- what of the driver the file needs beside ---- */

static struct {
	road_status status;
	uint64_t generation;
	uint32_t children;
} chip;

static road_status info(struct road_drv_device *dev, uint32_t index, struct road_region_info *out)
{
	(void)dev;
	(void)index;
	out->generation = chip.generation;
	out->child_count = chip.children;
	return chip.status;
}
const struct road_region_ops road_region_unit_ops = {.info = info};

road_status rpu_memory_alloc(struct rpu_context *context, uint64_t bytes, uint64_t alignment,
			     uint32_t rights, struct rpu_memory *out)
{
	(void)context;
	(void)bytes;
	(void)alignment;
	(void)rights;
	(void)out;
	return ROAD_OUT_OF_DEVICE_MEMORY;
}

road_status rpu_scratch_reserve(struct rpu *rpu, uint64_t bytes)
{
	(void)rpu;
	(void)bytes;
	return ROAD_OK;
}

void rpu_memory_free(struct rpu_memory *memory)
{
	(void)memory;
}

road_status road_streams_upload(struct road_streams *streams, void *space, uint64_t address,
				const void *from, uint64_t bytes)
{
	(void)streams;
	(void)space;
	(void)address;
	(void)from;
	(void)bytes;
	return ROAD_IO;
}

road_status rpu_payload_check(struct road_drv_device *dev,
			      const struct road_region_payload *payload)
{
	(void)dev;
	(void)payload;
	return ROAD_OK;
}

road_status rpu_payload_patch(const struct road_drv_config *config,
			      const struct road_patch *patches, uint32_t count, void *payload,
			      uint32_t payload_bytes)
{
	(void)config;
	(void)patches;
	(void)count;
	(void)payload;
	(void)payload_bytes;
	return ROAD_OK;
}

bool rpu_of_kernel(struct road_drv_kernel *kernel, const void **bytes, uint64_t *count)
{
	(void)kernel;
	(void)bytes;
	(void)count;
	return false;
}

/* ---- cases ---- */

static void a_refused_stream_is_told_by_its_region(void)
{
	static const struct {
		road_status status;
		uint64_t generation; /* that the chip has; the queue's is 5 */
		uint32_t children, region;
		road_status wanted;
	} rows[] = {
		{ROAD_OK, 5, 0, 3, ROAD_OK}, /* another reason: not the region's */
		{ROAD_OK, 6, 0, 3, ROAD_STALE},
		{ROAD_NOT_FOUND, 5, 0, 3, ROAD_STALE},
		{ROAD_OK, 5, 2, 3, ROAD_BUSY},
		{ROAD_OK, 6, 0, 0, ROAD_OK}, /* the root is the one that there is */
		{ROAD_OK, 6, 4, 0, ROAD_BUSY},
	};
	int unit;
	struct road_drv_device dev = {.region_unit = (struct road_region_unit *)(void *)&unit};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct road_drv_queue queue = {.region = rows[i].region, .region_generation = 5};
		const struct road_stream stream = {.encode = {.dev = &dev}, .queue = &queue};

		chip.status = rows[i].status;
		chip.generation = rows[i].generation;
		chip.children = rows[i].children;
		CU_ASSERT_EQUAL(rpu_region_refused(&stream, "test"), rows[i].wanted);
	}
}

/* The driver's own stream is in no region; nor has one whoever comes before the unit is there. */
static void others_have_other_reasons(void)
{
	struct road_drv_queue queue = {.region = 3, .region_generation = 5};
	struct road_drv_device dev = {.region_unit = NULL};
	const struct road_stream early = {.encode = {.dev = &dev}, .queue = &queue};
	const struct road_stream own = {.encode = {.dev = &dev}};

	chip.status = ROAD_NOT_FOUND;
	CU_ASSERT_EQUAL(rpu_region_refused(&early, "test"), ROAD_OK);
	CU_ASSERT_EQUAL(rpu_region_refused(&own, "test"), ROAD_OK);
}

static const struct tap_case cases[] = {
	{"a stream that was refused is told by what its region has become",
	 a_refused_stream_is_told_by_its_region},
	{"streams without a region have other reasons", others_have_other_reasons},
};
TAP_MAIN(cases)
