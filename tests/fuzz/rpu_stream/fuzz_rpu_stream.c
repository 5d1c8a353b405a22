/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A driver of the RPU gone mad: registers, doorbells, entries, streams, contexts and regions in any
 * order, with memory that changes meanwhile. The chip may fault; it must not crash nor hang, nor
 * touch what is not mapped, and after a reset a fence comes through.
 *
 * The bytes: one for the mode, then steps; each is a byte that chooses, and what it needs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/reader.h"
#include "tests/unit/sim_rpu_model/rig.h"
#include "tools/map/container.h"
#include "tools/map/map.h"

enum { STEPS_MAX = 64, REGISTERS_END = 0x158, IMAGE_AT = 0x8000 };

/* Stores to both memories; made once. */
static const char graph_text[] = "graph store\n"
				 "argument out output\n"
				 "argument count value 8\n"
				 "loop i count\n"
				 "operations 4\n"
				 "recurrences 0\n"
				 "stream os write.32 out 1\n"
				 "v = iter\n"
				 "w = add v, tile\n"
				 "push os, w\n"
				 "u = xor v, tiles\n"
				 "st32 64, u\n";
static void *image;
static size_t image_bytes;

static void must(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

static void make_image(void)
{
	static struct map_graph graph;
	static struct map_mapping mapping;
	struct map_fabric fabric = *map_fabric_default();
	struct map_options options = map_options_default;
	struct map_error error;
	size_t bytes;

	fabric.rows = fabric.columns = 4;
	must(!map_graph_parse(graph_text, sizeof(graph_text) - 1, &graph, &error), error.what);
	must(!map_run(&graph, &fabric, &options, &mapping, &error), error.what);
	void *config = map_emit(&graph, &fabric, &mapping, &bytes, &error);

	must(config != NULL, "no configuration");
	image = map_container(config, 4096, &image_bytes);
	must(image != NULL, "no image");
	free(config);
}

/* ---- good work ---- */

/* One of each kind, as the driver writes them; the first copies the image. */
static const struct road_rpu_entry any[] = {
	{.work = ROAD_RPU_WORK_COPY,
	 .dst = VA_DATA,
	 .src = VA_SYSTEM + IMAGE_AT,
	 .rows = 1,
	 .slices = 1},
	{.work = ROAD_RPU_WORK_COPY,
	 .dst = VA_DATA + 0x4000,
	 .src = VA_SYSTEM,
	 .bytes = 64,
	 .rows = 3,
	 .slices = 2,
	 .dst_pitch = 128,
	 .src_pitch = 256,
	 .slice_rows = 4},
	{.work = ROAD_RPU_WORK_FILL,
	 .dst = VA_SYSTEM,
	 .bytes = 64,
	 .rows = 1,
	 .slices = 1,
	 .value = 7,
	 .value_bytes = 4},
	{.work = ROAD_RPU_WORK_WRITE, .flags = 1, .dst = VA_DATA, .value_bytes = 8},
	{.work = ROAD_RPU_WORK_WAIT, .flags = 1, .src = VA_SYSTEM, .value_bytes = 8},
	{.work = ROAD_RPU_WORK_TIMESTAMP, .flags = 1, .dst = VA_SYSTEM + 8},
	{.work = ROAD_RPU_WORK_BARRIER, .wait = 2, .signal = 5},
	{.work = ROAD_RPU_WORK_FENCE, .flags = ROAD_RPU_WORK_IRQ | 1, .vector = 3},
	{.work = ROAD_RPU_WORK_REGION, .src = HOST + OPS_AT},
	{.work = ROAD_RPU_WORK_REGION, .src = HOST + OPS_AT + 128},
};
static const struct road_rpu_run run = {.work = ROAD_RPU_WORK_RUN,
					.engine = ROAD_RPU_ENGINE_CGRA,
					.arguments = HOST + ARGUMENTS_AT,
					.argument_bytes = 16,
					.blocks = 5,
					.watchdog = 5000};
static const struct road_rpu_gemm gemm = {.work = ROAD_RPU_WORK_GEMM,
					  .engine = ROAD_RPU_ENGINE_NEUR,
					  .b = 0x100,
					  .c = 0x200,
					  .a_pitch = 16,
					  .b_pitch = 16,
					  .c_pitch = 32,
					  .m = 3,
					  .n = 4,
					  .k = 5};
static const struct road_rpu_move moves[] = {
	{.work = ROAD_RPU_WORK_MOVE,
	 .engine = ROAD_RPU_ENGINE_RDMA,
	 .signal = 2,
	 .memory = VA_DATA,
	 .spm = 64,
	 .bytes = 64,
	 .rows = 3,
	 .slices = 1,
	 .memory_pitch = 64,
	 .spm_pitch = 128},
	{.work = ROAD_RPU_WORK_MOVE,
	 .engine = ROAD_RPU_ENGINE_WDMA,
	 .wait = 2,
	 .memory = VA_DATA + 0x8000,
	 .bytes = 256,
	 .rows = 1,
	 .slices = 1,
	 .tile_stride = 256},
};
static const void *const good[] = {&any[0], &any[1], &any[2],   &any[3],  &any[4],
				   &any[5], &any[6], &any[7],   &any[8],  &any[9],
				   &run,    &gemm,   &moves[0], &moves[1]};
enum { ENTRIES = sizeof(good) / sizeof(good[0]) };

static void good_entry(uint32_t which, uint8_t *out)
{
	struct road_rpu_entry entry;

	memcpy(&entry, good[which % ENTRIES], sizeof(entry));
	if (which % ENTRIES == 0)
		entry.bytes = image_bytes;
	memcpy(out, &entry, sizeof(entry));
}

static void set_ops(struct rig *rig)
{
	const uint64_t arguments[] = {ROAD_RPU_SPM_BASE + 0x400, 40};
	struct road_region_op ops[] = {
		{.verb = ROAD_REGION_VERB_ACTIVATE,
		 .slot = ROAD_REGION_SLOT_ANY,
		 .image_bytes = (uint32_t)image_bytes,
		 .config = 77,
		 .report = HOST + OPS_AT + 512},
		{.verb = ROAD_REGION_VERB_SWAP,
		 .slot = ROAD_REGION_SLOT_ANY,
		 .image_bytes = (uint32_t)image_bytes,
		 .config = 78,
		 .buffer = VA_SYSTEM,
		 .buffer_bytes = 0x8000,
		 .deadline_ns = 10000,
		 .report = HOST + OPS_AT + 640},
	};

	rig_put(rig, ROAD_RPU_REGIONS + ROAD_REGION_REG_SELECT, 4, 0);
	ops[0].generation = ops[1].generation =
		rig_get(rig, ROAD_RPU_REGIONS + ROAD_REGION_REG_GENERATION64, 8);
	memcpy(rig->host + OPS_AT, ops, sizeof(ops));
	memcpy(rig->host + ARGUMENTS_AT, arguments, sizeof(arguments));
	memcpy(rig_system(rig) + IMAGE_AT, image, image_bytes);
}

/* ---- steps ---- */

/* A good entry with up to three bytes of it changed. */
static void push_good(struct rig *rig, struct reader *r, uint32_t stream)
{
	uint8_t entry[ROAD_RPU_ENTRY_BYTES], change[6];

	good_entry(reader_u8(r), entry);
	reader_take(r, change, sizeof(change));
	for (unsigned i = 0; i < 3; i++)
		entry[change[2 * i] % 64] ^= change[2 * i + 1];
	rig_push(rig, stream, entry);
}

static void push_any(struct rig *rig, struct reader *r, uint32_t stream)
{
	uint8_t entry[ROAD_RPU_ENTRY_BYTES];

	reader_take(r, entry, sizeof(entry));
	rig_push(rig, stream, entry);
}

static void change_memory(struct rig *rig, struct reader *r)
{
	static const uint32_t where[] = {OPS_AT, TABLE_AT, SYSTEM_AT + IMAGE_AT, RINGS_AT};
	uint8_t chosen = reader_u8(r) & 3, what[16];
	uint64_t at = reader_u64(r);

	reader_take(r, what, sizeof(what));
	memcpy(rig->host + where[chosen] + at % 0x400, what, sizeof(what));
}

static void write_register(struct rig *rig, struct reader *r)
{
	uint8_t how = reader_u8(r), reg = reader_u8(r);
	uint64_t value = reader_u64(r), offset = reg * 4u % REGISTERS_END;

	if (how & 2)
		offset = ROAD_RPU_DOORBELL + reg % 32 * 4u;
	else if (how & 4)
		offset = ROAD_RPU_REGIONS + reg * 4u % ROAD_REGION_REGS_BYTES;
	rig_put(rig, offset, how & 1 ? 8 : 4, value);
}

static void step(struct rig *rig, struct reader *r)
{
	uint8_t what = reader_u8(r);
	uint32_t stream = what >> 4 & 3;

	switch (what & 7) {
	case 0: push_good(rig, r, stream); break;
	case 1: push_any(rig, r, stream); break;
	case 2: rig_ring(rig, stream); break;
	case 3: (void)rig_run(rig, rig->when + reader_u8(r) * UINT64_C(64000), 32); break;
	case 4: write_register(rig, r); break;
	case 5: change_memory(rig, r); break;
	case 6: (void)rig_get(rig, reader_u8(r) * 8u % REGISTERS_END, 8); break;
	default: rig_open_stream(rig, stream, reader_u8(r)); break;
	}
}

/* After a reset the chip is as good as new. */
static void check_alive(struct rig *rig)
{
	const struct road_rpu_entry fence = {
		.work = ROAD_RPU_WORK_FENCE, .flags = ROAD_RPU_WORK_ORDERED, .value = 4711};

	rig->sim->reset(rig->function);
	memset(rig->host + STATUS_AT, 0, sizeof(struct road_rpu_stream_status));
	rig_set_context(rig);
	rig_open_stream(rig, 0, 0);
	rig_push(rig, 0, &fence);
	rig_ring(rig, 0);
	must(rig_run(rig, UINT64_MAX, 1000), "no rest after a reset");
	must(rig_status(rig, 0)->done == 4711 && !rig_status(rig, 0)->fault,
	     "no fence after a reset");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const modes[] = {"time=functional", "time=approx", "time=trace",
					    "time=approx&fabric=interpreted"};
	struct reader r = {data, size};

	if (!image)
		make_image();
	struct rig *rig = rig_open(modes[reader_u8(&r) & 3]);

	set_ops(rig);
	for (unsigned i = 0; r.left && i < STEPS_MAX; i++)
		step(rig, &r);
	(void)rig_run(rig, UINT64_MAX, 64);
	check_alive(rig);
	rig_close(rig);
	return 0;
}
