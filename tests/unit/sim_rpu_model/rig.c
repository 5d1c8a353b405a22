/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/sim_rpu_model/rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/boot_support.h"

static void must(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

static void *translate(void *user, uint64_t iova, uint64_t bytes, bool write)
{
	struct rig *rig = user;

	(void)write;
	if (iova < HOST || iova - HOST > HOST_BYTES || bytes > HOST_BYTES - (iova - HOST))
		return NULL;
	return rig->host + (iova - HOST);
}

void rig_put(struct rig *rig, uint64_t offset, uint32_t width, uint64_t value)
{
	rig->sim->post(rig->function, ROAD_RPU_REGION_REGS, offset, width, value, rig->when);
}

uint64_t rig_get(struct rig *rig, uint64_t offset, uint32_t width)
{
	return rig->sim->read(rig->function, ROAD_RPU_REGION_REGS, offset, width, &rig->when);
}

void rig_set_window(struct rig *rig, uint64_t at, uint64_t bytes, uint32_t rights)
{
	const uint32_t rw = ROAD_RANGE_READ | ROAD_RANGE_WRITE;
	const struct road_range table[] = {
		{ROAD_RPU_SPM_BASE + at, bytes, 0, rights | ROAD_RANGE_SCRATCH, 0},
		{VA_DATA, DATA_BYTES, 0, rw, 0},
		{VA_SYSTEM, SYSTEM_BYTES, HOST + SYSTEM_AT, rw | ROAD_RANGE_SYSTEM, 0},
	};

	memcpy(rig->host + TABLE_AT, table, sizeof(table));
	rig_put(rig, ROAD_RPU_REG_CONTEXT_SELECT, 4, 0);
	rig_put(rig, ROAD_RPU_REG_CONTEXT_TABLE64, 8, HOST + TABLE_AT);
	rig_put(rig, ROAD_RPU_REG_CONTEXT_COUNT, 4, COUNT(table));
	rig_put(rig, ROAD_RPU_REG_CONTEXT_COMMAND, 4, ROAD_RPU_CONTEXT_OPEN);
}

void rig_set_context(struct rig *rig)
{
	rig_set_window(rig, 0, SCRATCH_BYTES, ROAD_RANGE_READ | ROAD_RANGE_WRITE);
}

void rig_open_stream(struct rig *rig, uint32_t stream, uint32_t priority)
{
	rig_put(rig, ROAD_RPU_REGIONS + ROAD_REGION_REG_SELECT, 4, 0);
	uint64_t generation = rig_get(rig, ROAD_RPU_REGIONS + ROAD_REGION_REG_GENERATION64, 8);

	rig_put(rig, ROAD_RPU_REG_STREAM_SELECT, 4, stream);
	rig_put(rig, ROAD_RPU_REG_STREAM_CONTEXT, 4, 0);
	rig_put(rig, ROAD_RPU_REG_STREAM_RING64, 8, HOST + RINGS_AT + stream * RING_BYTES);
	rig_put(rig, ROAD_RPU_REG_STREAM_SLOTS, 4, RING_SLOTS);
	rig_put(rig, ROAD_RPU_REG_STREAM_PRIORITY, 4, priority);
	rig_put(rig, ROAD_RPU_REG_STREAM_STATUS64, 8, HOST + STATUS_AT + stream * 256);
	rig_put(rig, ROAD_RPU_REG_STREAM_REGION, 4, 0);
	rig_put(rig, ROAD_RPU_REG_STREAM_GENERATION64, 8, generation);
	rig_put(rig, ROAD_RPU_REG_STREAM_COMMAND, 4, ROAD_RPU_STREAM_OPEN);
	rig->written[stream] = 0;
}

void rig_push(struct rig *rig, uint32_t stream, const void *entry)
{
	uint64_t slot = rig->written[stream]++ % RING_SLOTS;

	memcpy(rig->host + RINGS_AT + stream * RING_BYTES + slot * ROAD_RPU_ENTRY_BYTES, entry,
	       ROAD_RPU_ENTRY_BYTES);
}

void rig_ring(struct rig *rig, uint32_t stream)
{
	rig_put(rig, ROAD_RPU_DOORBELL + stream * ROAD_RPU_DOORBELL_STRIDE, 8,
		rig->written[stream]);
}

bool rig_run(struct rig *rig, uint64_t until, unsigned slices)
{
	struct sim_slice slice = {.ran = 0};

	for (unsigned i = 0; i < slices; i++) {
		rig->sim->run(until, RIG_SLICE, &slice);
		for (uint32_t v = 0; v < rig->sim->irq_count(rig->function); v++)
			(void)rig->sim->irq_take(rig->function, v);
		if (!slice.ran && !slice.irq)
			break;
	}
	if (rig->sim->now() > rig->when)
		rig->when = rig->sim->now();
	return !slice.ran;
}

const struct road_rpu_stream_status *rig_status(const struct rig *rig, uint32_t stream)
{
	return (const void *)(rig->host + STATUS_AT + stream * 256);
}

uint8_t *rig_system(struct rig *rig)
{
	return rig->host + SYSTEM_AT;
}

uint64_t rig_counter(struct rig *rig, const char *name)
{
	const char *counted;
	uint64_t value;

	for (uint32_t i = 0; rig->sim->counter(rig->function, i, &counted, &value); i++)
		if (!strcmp(counted, name))
			return value;
	return UINT64_MAX;
}

static struct rig *new_rig(const char *options, struct sim_function *of)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	enum sim_open_result result;
	char error[256] = "";
	struct sim_open open = {
		.chip = "rpu-small",
		.chip_bytes = 9,
		.options = options,
		.address = "sim:rpu-small",
		.host = {translate, rig},
		.error = error,
		.of = of,
	};

	must(rig != NULL, "no memory");
	rig->host = calloc(1, HOST_BYTES);
	must(rig->host != NULL, "no memory");
	rig->sim = roadbed_sim_entry(SIM_ENTRY_VERSION);
	result = rig->sim->open(&open, &rig->function);
	if (result == SIM_OPEN_NO_FUNCTION) {
		free(rig->host);
		free(rig);
		return NULL;
	}
	must(result == SIM_OPEN_OK, error);
	rig->when = rig->sim->now();
	return rig;
}

static void set_up(struct rig *rig)
{
	rig_put(rig, ROAD_RPU_REG_IRQ_MASK, 4, UINT32_MAX);
	rig_set_context(rig);
	rig_open_stream(rig, 0, 1);
	rig_open_stream(rig, 1, 1);
}

struct rig *rig_open_further(const struct rig *first)
{
	struct rig *rig = new_rig("", first->function);

	if (rig)
		set_up(rig);
	return rig;
}

struct rig *rig_open(const char *options)
{
	struct rig *rig = new_rig(options, NULL);
	const struct boot_support boot = {.sim = rig->sim,
					  .function = rig->function,
					  .base = ROAD_RPU_BOOT,
					  .when = &rig->when};

	must(boot_support(&boot), "its firmware does not run");
	set_up(rig);
	return rig;
}

void rig_close(struct rig *rig)
{
	rig->sim->close(rig->function);
	free(rig->host);
	free(rig);
}
