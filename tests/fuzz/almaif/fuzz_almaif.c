/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A driver that does anything with an AlmaIF chip: registers, the queue's header, packets,
 * arguments in either memory and in the host's. The chip touches host memory only where the host
 * lets it, what it cannot do completes as failed, and a reset brings it back.
 *
 * The bytes are steps of eleven: what and width, region, offset, value.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "simulators/engine/entry.h"
#include "tests/fuzz/reader.h"
#include "uapi/almaif/regs.h"

#define HOST       UINT64_C(0x100000)
#define HOST_BYTES UINT64_C(8192)
#define DATA       UINT64_C(0x1000000000000) /* DMEM_START, as the chip says */

static void *translate(void *host, uint64_t iova, uint64_t bytes, bool write)
{
	(void)write;
	if (iova < HOST || iova - HOST > HOST_BYTES || bytes > HOST_BYTES - (iova - HOST))
		return NULL;
	return (uint8_t *)host + (iova - HOST);
}

static void run(const struct sim_entry *sim, uint64_t until)
{
	struct sim_slice slice = {.more = true};

	for (unsigned i = 0; i < 1000 && (slice.more || slice.ran); i++)
		sim->run(until, 64, &slice);
	if (slice.ran)
		abort(); /* it never comes to rest */
}

static void command(const struct sim_entry *sim, struct sim_function *f, uint32_t value,
		    uint64_t when)
{
	sim->post(f, ALMAIF_REGION_REGS, ALMAIF_REG_COMMAND, 4, value, when);
}

static void put(const struct sim_entry *sim, struct sim_function *f, uint32_t region,
		uint64_t offset, const void *from, size_t bytes, uint64_t when)
{
	for (size_t i = 0; i < bytes; i += 8) {
		uint64_t word;

		memcpy(&word, (const char *)from + i, 8);
		sim->post(f, region, offset + i, 8, word, when);
	}
}

static void step(const struct sim_entry *sim, struct sim_function *f, struct reader *r,
		 uint64_t *when)
{
	static const uint32_t widths[] = {1, 2, 4, 8};
	uint8_t what = reader_u8(r), region = reader_u8(r) & 3;
	uint64_t offset = reader_u8(r) * 8u, value = reader_u64(r);
	uint32_t width = widths[what >> 4 & 3];

	if (what & 0x80)
		offset = value; /* far away */
	switch (what & 7) {
	case 0: (void)sim->read(f, region, offset, width, when); break;
	case 1: run(sim, *when + value % 100000000); break;
	case 2: command(sim, f, (uint32_t)value & 7, *when); break;
	case 3: sim->poke(); break;
	default: sim->post(f, region, offset, width, value, *when); break;
	}
}

/* As after power-on: two packets, of which the second reaches beyond the data memory. */
static void check(const struct sim_entry *sim, struct sim_function *f, uint64_t when)
{
	const struct almaif_queue queue = {.size = 3};
	const uint64_t arguments[] = {DATA + 512, 16, UINT64_C(0x1122334455667788), 8};
	const uint64_t beyond[] = {DATA + 65528, 16, 0, 8};
	struct almaif_dispatch packet = {.header = ALMAIF_DISPATCH,
					 .dimensions = 1,
					 .workgroup_x = 1,
					 .workgroup_y = 1,
					 .workgroup_z = 1,
					 .grid_x = 1,
					 .grid_y = 1,
					 .grid_z = 1,
					 .kernel_object = ALMAIF_KERNEL_FILL,
					 .kernarg_address = DATA,
					 .command_meta_address = DATA + 64};

	sim->reset(f);
	when = sim->now() > when ? sim->now() : when;
	put(sim, f, ALMAIF_REGION_QUEUE, 0, &queue, sizeof(queue), when);
	put(sim, f, ALMAIF_REGION_DATA, 0, arguments, sizeof(arguments), when);
	put(sim, f, ALMAIF_REGION_DATA, 128, beyond, sizeof(beyond), when);
	put(sim, f, ALMAIF_REGION_QUEUE, 64, &packet, sizeof(packet), when);
	packet.kernarg_address = DATA + 128;
	packet.command_meta_address += 32;
	put(sim, f, ALMAIF_REGION_QUEUE, 128, &packet, sizeof(packet), when);
	command(sim, f, ALMAIF_COMMAND_CONTINUE, when);
	sim->post(f, ALMAIF_REGION_QUEUE, ALMAIF_QUEUE_WRITE_INDEX, 8, 2, when);
	run(sim, UINT64_MAX);
	when = sim->now() > when ? sim->now() : when;
	if (sim->read(f, ALMAIF_REGION_DATA, 64, 4, &when) != ALMAIF_OK ||
	    sim->read(f, ALMAIF_REGION_DATA, 96, 4, &when) != ALMAIF_FAILED ||
	    sim->read(f, ALMAIF_REGION_DATA, 520, 8, &when) != arguments[2] ||
	    sim->read(f, ALMAIF_REGION_DATA, 528, 8, &when) != 0 ||
	    sim->read(f, ALMAIF_REGION_REGS, ALMAIF_REG_STATUS, 4, &when) != ALMAIF_STATUS_STALLED)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct sim_entry *sim = roadbed_sim_entry(SIM_ENTRY_VERSION);
	uint8_t *host = malloc(HOST_BYTES); /* of this size alone */
	char error[256] = "";
	struct sim_open open = {.chip = "almaif",
				.chip_bytes = 6,
				.options = "time=trace&queue_memory=320&data_memory=64",
				.address = "sim:almaif",
				.host = {translate, host},
				.error = error};
	struct reader r = {data, size};
	struct sim_function *f;

	if (!host)
		return 0;
	memset(host, 0x11, HOST_BYTES);
	if (sim->open(&open, &f) != SIM_OPEN_OK) {
		fprintf(stderr, "%s\n", error);
		abort();
	}
	uint64_t when = sim->now();

	for (unsigned i = 0; r.left && i < 400; i++)
		step(sim, f, &r, &when);
	check(sim, f, when);
	sim->close(f);
	free(host);
	return 0;
}
