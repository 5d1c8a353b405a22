/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/timing/rig.h"

#include <stdlib.h>
#include <string.h>

struct road_gpu_params rig_params(void)
{
	struct road_gpu_params p = {
		.compute_major = 8,
		.clock_khz = 1000000,
		.queues = 1,
		.spaces = 1,
		.sm_count = 4,
		.subcores = 4,
		.warps_per_sm = 16,
		.blocks_per_sm = 8,
		.threads_per_block = 512,
		.registers_per_sm = 16384,
		.register_granule = 256,
		.shared_per_sm = 32768,
		.shared_per_block = 31744,
		.shared_granule = 128,
		.l1_bytes = 49152,
		.tensor_fmas = 256,
		.l1_latency = 30,
		.shared_latency = 23,
		.const_latency = 30,
		.param_latency = 8,
		.l1_ways = 4,
		.l1_miss_registers = 64,
		.l1_miss_latency = 30,
		.network_latency = 30,
		.network_request_rate = 64,
		.network_reply_rate = 64,
		.l2_bytes = 524288,
		.l2_partitions = 1,
		.l2_slices = 4,
		.l2_ways = 8,
		.l2_latency = 40,
		.l2_slice_rate = 64,
		.l2_atomic_lanes = 4,
		.dram_rate = UINT64_C(64000000000),
		.dram_banks = 8,
		.dram_row_bytes = 1024,
		.dram_latency = 100,
		.dram_activate = 20,
		.dram_precharge = 20,
		.launch_first = 500,
		.launch_following = 200,
		.launch_workgroup = 2,
		.dispatch_latency = 100,
	};

	for (unsigned u = 0; u < ROAD_GPU_UNITS; u++)
		p.lanes[u] = 32;
	for (unsigned l = 0; l < ROAD_GPU_LATS; l++)
		p.latency[l] = 4;
	p.latency[ROAD_GPU_LAT_BARRIER] = 20;
	p.latency[ROAD_GPU_LAT_BRANCH] = 8;
	return p;
}

static void note_warp(void *ctx, void *cookie, uint32_t sm, uint64_t linear, uint32_t warp,
		      uint64_t start, uint64_t end)
{
	struct rig *rig = ctx;

	(void)cookie;
	(void)sm;
	(void)linear;
	(void)start;
	rig->warp_ends[warp] = end;
	rig->traced++;
}

static void note_workgroup(void *ctx, void *cookie, uint32_t sm, uint64_t linear, uint64_t start,
			   uint64_t end)
{
	struct rig *rig = ctx;

	(void)cookie;
	(void)sm;
	(void)linear;
	rig->traced += start < end;
}

void rig_open(struct rig *rig, const struct road_gpu_params *params,
	      const struct road_gpu_timing_outside *outside)
{
	memset(rig, 0, sizeof(*rig));
	rig->params = *params;
	rig->memory = calloc(1, RIG_MEMORY);
	rig->range[0] = (struct road_gpu_range){RIG_BASE, RIG_MEMORY, 0, rig->memory, 3};
	rig->range[1] = (struct road_gpu_range){UINT64_C(1) << 40, 1u << 20, 0, NULL,
						3 | ROAD_GPU_SEGMENT_SYSTEM};
	rig->ranges = (struct road_gpu_ranges){rig->range, 2};
	const struct road_gpu_timing_trace trace = {rig, note_workgroup, note_warp};

	rig->timing = road_gpu_timing_create(&rig->params, outside, &trace);
}

void rig_close(struct rig *rig)
{
	road_gpu_timing_destroy(rig->timing);
	free(rig->memory);
}

enum road_gpu_timing_error rig_begin(struct rig *rig, const struct fake_kernel *kernel,
				     uint32_t blocks, uint32_t warps, uint64_t cycle, void *cookie)
{
	enum road_gpu_launch_error error;
	const struct road_gpu_launch_config config = {
		.code = &kernel->code,
		.ranges = &rig->ranges,
		.grid = {blocks, 1, 1},
		.threads = {warps * 32, 1, 1},
		.words = rig->words,
	};

	return road_gpu_timing_begin(rig->timing, cycle, &config, cookie, &error);
}

struct road_gpu_timing_done rig_run(struct rig *rig, const struct fake_kernel *kernel,
				    uint32_t blocks, uint32_t warps, uint64_t cycle)
{
	struct road_gpu_timing_done done = {.fault = {.code = ROAD_GPU_FAULTS}};

	if (rig_begin(rig, kernel, blocks, warps, cycle, NULL) == ROAD_GPU_TIMING_OK) {
		/* To the end of what is on its way, so that levels balance. */
		while (road_gpu_timing_run(rig->timing, ROAD_GPU_NEVER - 1, 0) != ROAD_GPU_NEVER)
			;
		road_gpu_timing_take(rig->timing, &done);
	}
	return done;
}

bool rig_balances(const struct rig *rig)
{
	struct road_gpu_timing_counters all, *c = &all;

	road_gpu_timing_counters(rig->timing, c);
	uint64_t sum = c->warp_instructions, units = 0;

	for (unsigned s = 0; s < ROAD_GPU_STALLS; s++)
		sum += c->stalls[s];
	for (unsigned u = 0; u < ROAD_GPU_UNITS; u++)
		units += c->by_unit[u];
	return sum == c->resident_warp_cycles && units == c->warp_instructions &&
	       c->l1_misses == c->l2_reads + c->system_reads &&
	       c->l2_reads == c->l2_near_hits + c->l2_far_hits + c->l2_misses &&
	       c->dram_read_bytes == 32 * c->l2_misses &&
	       c->dram_written_bytes == 32 * c->l2_write_backs;
}
