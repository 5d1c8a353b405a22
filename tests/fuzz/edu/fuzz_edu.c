/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A driver that does anything with the educational device's registers, through the engine's door:
 * the device touches host memory only where the host lets it, and a reset brings it back.
 *
 * The bytes are steps of ten: what and width, register, value.
 */
#include <stdio.h>
#include <stdlib.h>

#include "simulators/engine/entry.h"
#include "tests/fuzz/reader.h"
#include "uapi/edu.h"

#define HOST       UINT64_C(0x100000)
#define HOST_BYTES UINT64_C(8192)

static void *translate(void *host, uint64_t iova, uint64_t bytes, bool write)
{
	(void)write;
	if (iova < HOST || iova - HOST > HOST_BYTES || bytes > HOST_BYTES - (iova - HOST))
		return NULL;
	return (uint8_t *)host + (iova - HOST);
}

static void run(const struct sim_entry *sim, struct sim_function *f, uint64_t until)
{
	struct sim_slice slice = {.more = true};

	for (unsigned i = 0; i < 1000 && (slice.more || slice.ran); i++) {
		sim->run(until, 64, &slice);
		(void)sim->irq_take(f, 0);
	}
	if (slice.ran)
		abort(); /* it never comes to rest */
}

static void step(const struct sim_entry *sim, struct sim_function *f, struct reader *r,
		 uint64_t *when)
{
	static const uint32_t widths[] = {1, 2, 4, 8};
	uint8_t what = reader_u8(r), reg = reader_u8(r);
	uint32_t width = widths[what >> 2 & 3];
	uint64_t value = reader_u64(r), offset = reg * 4u;

	if (what & 0x40)
		offset = value; /* far away */
	switch (what & 3) {
	case 0: (void)sim->read(f, ROAD_EDU_REGION, offset, width, when); break;
	case 1: run(sim, f, *when + value % 10000000); break;
	default:
		sim->post(f, what & 0x80 ? (uint32_t)(value % 7) : 0, offset, width, value, *when);
		break;
	}
}

/* As new: identity, liveness, and five factorial. */
static void check(const struct sim_entry *sim, struct sim_function *f, uint64_t when)
{
	sim->reset(f);
	sim->post(f, 0, ROAD_EDU_REG_LIVENESS, 4, 0x12345678, when);
	sim->post(f, 0, ROAD_EDU_REG_FACTORIAL, 4, 5, when);
	run(sim, f, UINT64_MAX);
	when = sim->now() > when ? sim->now() : when;
	if (sim->read(f, 0, ROAD_EDU_REG_ID, 4, &when) != ROAD_EDU_ID ||
	    sim->read(f, 0, ROAD_EDU_REG_LIVENESS, 4, &when) != (uint32_t)~0x12345678u ||
	    sim->read(f, 0, ROAD_EDU_REG_FACTORIAL, 4, &when) != 120)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct sim_entry *sim = roadbed_sim_entry(SIM_ENTRY_VERSION);
	uint8_t *host = malloc(HOST_BYTES); /* of this size alone */
	char error[256] = "";
	struct sim_open open = {.chip = "edu",
				.chip_bytes = 3,
				.options = "time=trace",
				.address = "sim:edu",
				.host = {translate, host},
				.error = error};
	struct reader r = {data, size};
	struct sim_function *f;

	if (!host)
		return 0;
	memset(host, 0x11, HOST_BYTES);
	if (sim->open(&open, &f) != SIM_OPEN_OK)
		abort();
	uint64_t when = sim->now();

	for (unsigned i = 0; r.left && i < 200; i++)
		step(sim, f, &r, &when);
	check(sim, f, when);
	sim->close(f);
	free(host);
	return 0;
}
