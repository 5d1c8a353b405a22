/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints, asserts nothing: the pointer chase on the A100's chip file beside published latencies,
 * and how fast the timing model itself is (execution is the tests' fake one).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "simulators/chips/chip.h"
#include "simulators/gpu/timing.h"
#include "tests/unit/timing/fake_exec.h"

#define BASE    (UINT64_C(1) << 20)
#define RUN_ALL (ROAD_GPU_NEVER - 1)

/* A100 PCIe, HPMLL/NVIDIA-Hopper-Benchmark@ded6f57, random_latency/a100_pcie.txt. */
static const struct {
	uint32_t kib;
	double cycles;
} published[] = {
	{2, 32.7},      {28, 32.7},     {105, 32.8},    {159, 67.1},    {227, 202.8},
	{562, 202.8},   {4245, 202.8},  {13991, 202.8}, {17730, 203.0}, {22460, 340.3},
	{28445, 399.1}, {36019, 395.1}, {45602, 524.2}, {57727, 533.8}, {117045, 541.3},
};

static uint64_t chase_lines, chase_base;

static uint64_t first_line(const struct fake_lane *l)
{
	(void)l;
	return chase_base;
}

/* memory[i] holds the address of the next line: one cycle through all, in random order. */
static void make_chain(uint8_t *memory, uint64_t lines)
{
	uint32_t *order = malloc(lines * sizeof(*order)), state = 1;

	for (uint32_t i = 0; i < lines; i++)
		order[i] = i;
	for (uint64_t i = lines - 1; i > 0; i--) {
		state = state * 1664525u + 1013904223u;
		uint32_t j = (uint32_t)((uint64_t)state * (i + 1) >> 32), t = order[i];

		order[i] = order[j];
		order[j] = t;
	}
	for (uint64_t i = 0; i < lines; i++) {
		uint64_t next = BASE + (uint64_t)order[(i + 1) % lines] * 128;

		memcpy(memory + (uint64_t)order[i] * 128, &next, 8);
	}
	chase_base = BASE + (uint64_t)order[0] * 128;
	free(order);
}

static uint64_t chase(struct road_gpu_timing *timing, const struct road_gpu_range *range,
		      uint32_t steps)
{
	const struct fake_op ops[] = {
		{.kind = ROAD_GPU_KIND_LOAD,
		 .unit = ROAD_GPU_UNIT_LDST,
		 .rows = 1,
		 .a = FAKE_REGS,
		 .b = FAKE_REGS,
		 .space = ROAD_GPU_SPACE_GLOBAL,
		 .bytes = 8,
		 .address = first_line},
		{.kind = ROAD_GPU_KIND_LOAD,
		 .unit = ROAD_GPU_UNIT_LDST,
		 .rows = 1,
		 .b = FAKE_REGS,
		 .space = ROAD_GPU_SPACE_GLOBAL,
		 .bytes = 8},
		{.kind = ROAD_GPU_KIND_BRANCH,
		 .unit = ROAD_GPU_UNIT_CONTROL,
		 .latency = ROAD_GPU_LAT_BRANCH,
		 .a = FAKE_REGS,
		 .b = FAKE_REGS,
		 .loops = steps - 1,
		 .target = 1},
		{.kind = ROAD_GPU_KIND_EXIT, .unit = ROAD_GPU_UNIT_CONTROL, .b = FAKE_REGS},
	};
	const struct road_gpu_ranges ranges = {range, 1};
	enum road_gpu_launch_error error;
	struct road_gpu_timing_done done;
	struct fake_kernel kernel;

	fake_kernel_make(&kernel, ops, 4, 16);
	const struct road_gpu_launch_config config = {
		.code = &kernel.code, .ranges = &ranges, .grid = {1, 1, 1}, .threads = {32, 1, 1}};

	road_gpu_timing_begin(timing, 0, &config, NULL, &error);
	while (!road_gpu_timing_take(timing, &done))
		road_gpu_timing_run(timing, RUN_ALL, 0);
	fake_kernel_free(&kernel);
	return done.end - done.start;
}

static void print_chase(const struct road_gpu_params *params)
{
	printf("pointer chase, cycles a load: set, published, here, error\n");
	for (size_t i = 0; i < sizeof(published) / sizeof(published[0]); i++) {
		uint64_t bytes = (uint64_t)published[i].kib * 1024 / 128 * 128;
		uint8_t *memory = calloc(1, bytes);
		const struct road_gpu_range range = {BASE, bytes, 0, memory, 3};
		struct road_gpu_timing *timing = road_gpu_timing_create(params, NULL, NULL);
		uint32_t lines = (uint32_t)(bytes / 128);

		chase_lines = lines;
		make_chain(memory, lines);
		/* Once round to warm up, once more to measure, in one launch. */
		uint64_t one = chase(timing, &range, lines);

		road_gpu_timing_destroy(timing);
		timing = road_gpu_timing_create(params, NULL, NULL);
		uint64_t two = chase(timing, &range, 2 * lines);
		double here = (double)(two - one) / lines;

		printf("%8u KiB %8.1f %8.1f %+6.1f %%\n", published[i].kib, published[i].cycles,
		       here, 100 * (here / published[i].cycles - 1));
		road_gpu_timing_destroy(timing);
		free(memory);
	}
}

/* ---- speed ---- */

static uint64_t stream_x(const struct fake_lane *l)
{
	return BASE + ((l->block * 8 + l->warp) * 32 + l->lane) * 4;
}

static uint64_t stream_y(const struct fake_lane *l)
{
	return stream_x(l) + (32u << 20);
}

static uint64_t tile(const struct fake_lane *l)
{
	return (l->turn * 128 + l->lane * 4) % 8192;
}

static uint64_t tile_row(const struct fake_lane *l)
{
	return l->turn * 4 % 8192;
}

#define ALU(u, c, dd, ra, rb)                                                                      \
	{                                                                                          \
		.kind = ROAD_GPU_KIND_ALU, .unit = ROAD_GPU_UNIT_##u, .latency = ROAD_GPU_LAT_##c, \
		.d = dd, .rows = 1, .a = ra, .b = rb                                               \
	}
#define MEM(k, sp, dd, n, ra, fn)                                                                \
	{                                                                                        \
		.kind = ROAD_GPU_KIND_##k, .unit = ROAD_GPU_UNIT_LDST, .d = dd, .rows = n,       \
		.a = ra, .b = FAKE_REGS, .space = ROAD_GPU_SPACE_##sp, .bytes = 4, .address = fn \
	}

/* As nvcc makes them, roughly: index, bounds, two loads, fma, store. */
static const struct fake_op saxpy[] = {
	ALU(INT, ALU, 0, FAKE_REGS, FAKE_REGS),
	ALU(INT, ALU, 1, FAKE_REGS, FAKE_REGS),
	ALU(INT, IMUL, 2, 0, 1),
	ALU(INT, ALU, 3, 2, FAKE_REGS),
	ALU(INT, ALU, 4, 3, FAKE_REGS),
	ALU(INT, IMUL, 5, 2, FAKE_REGS),
	MEM(LOAD, GLOBAL, 6, 1, 5, stream_x),
	MEM(LOAD, GLOBAL, 7, 1, 5, stream_y),
	ALU(FP32, FMA, 8, 6, 7),
	MEM(STORE, GLOBAL, 0, 0, 8, stream_y),
	{.kind = ROAD_GPU_KIND_EXIT, .unit = ROAD_GPU_UNIT_CONTROL, .a = FAKE_REGS, .b = FAKE_REGS},
};
/* The inner loop of a tiled product: two shared loads for each fma, a barrier now and then. */
static const struct fake_op gemm[] = {
	MEM(LOAD, GLOBAL, 0, 1, FAKE_REGS, stream_x),
	MEM(STORE, SHARED, 0, 0, 0, tile),
	{.kind = ROAD_GPU_KIND_BAR_SYNC,
	 .unit = ROAD_GPU_UNIT_CONTROL,
	 .latency = ROAD_GPU_LAT_BARRIER,
	 .a = FAKE_REGS,
	 .b = FAKE_REGS},
	MEM(LOAD, SHARED, 1, 1, FAKE_REGS, tile),
	MEM(LOAD, SHARED, 2, 1, FAKE_REGS, tile_row),
	ALU(FP32, FMA, 3, 1, 2),
	MEM(LOAD, SHARED, 4, 1, FAKE_REGS, tile),
	MEM(LOAD, SHARED, 5, 1, FAKE_REGS, tile_row),
	ALU(FP32, FMA, 3, 4, 5),
	{.kind = ROAD_GPU_KIND_BRANCH,
	 .unit = ROAD_GPU_UNIT_CONTROL,
	 .latency = ROAD_GPU_LAT_BRANCH,
	 .a = FAKE_REGS,
	 .b = FAKE_REGS,
	 .loops = 15,
	 .target = 3},
	{.kind = ROAD_GPU_KIND_EXIT, .unit = ROAD_GPU_UNIT_CONTROL, .a = FAKE_REGS, .b = FAKE_REGS},
};

static void print_speed(const struct road_gpu_params *params, const char *name,
			const struct fake_op *ops, uint32_t count)
{
	uint64_t bytes = 80u << 20;
	uint8_t *memory = calloc(1, bytes);
	const struct road_gpu_range range = {BASE, bytes, 0, memory, 3};
	const struct road_gpu_ranges ranges = {&range, 1};
	struct road_gpu_timing *timing = road_gpu_timing_create(params, NULL, NULL);
	enum road_gpu_launch_error error;
	struct road_gpu_timing_done done;
	struct fake_kernel kernel;
	struct timespec from, to;

	memset(memory, 1, bytes);
	fake_kernel_make(&kernel, ops, count, 32);
	const struct road_gpu_launch_config config = {.code = &kernel.code,
						      .ranges = &ranges,
						      .grid = {108 * 8 * 4, 1, 1},
						      .threads = {256, 1, 1}};

	road_gpu_timing_begin(timing, 0, &config, NULL, &error);
	clock_gettime(CLOCK_MONOTONIC, &from);
	while (!road_gpu_timing_take(timing, &done))
		road_gpu_timing_run(timing, RUN_ALL, 0);
	clock_gettime(CLOCK_MONOTONIC, &to);
	double s = (double)(to.tv_sec - from.tv_sec) + 1e-9 * (double)(to.tv_nsec - from.tv_nsec);
	const struct road_gpu_timing_counters *c = &done.counters;

	printf("%s: %.2f M warp instructions/s; %llu in %llu cycles, %llu quanta\n", name,
	       1e-6 * (double)c->warp_instructions / s, (unsigned long long)c->warp_instructions,
	       (unsigned long long)(done.end - done.start), (unsigned long long)c->quanta);
	printf("  occupancy %u/%u per mille; barrier %.1f memory %.1f other %.1f unit %.1f "
	       "not selected %.1f %%; DRAM %.0f GB/s, row hits %.0f %%\n",
	       done.achieved_permille, done.occupancy_permille,
	       100 * (double)c->stalls[0] / (double)c->resident_warp_cycles,
	       100 * (double)c->stalls[1] / (double)c->resident_warp_cycles,
	       100 * (double)c->stalls[2] / (double)c->resident_warp_cycles,
	       100 * (double)c->stalls[3] / (double)c->resident_warp_cycles,
	       100 * (double)c->stalls[4] / (double)c->resident_warp_cycles,
	       (double)(c->dram_read_bytes + c->dram_written_bytes) * params->clock_khz * 1e-6 /
		       (double)(done.end - done.start),
	       100 * (double)c->dram_row_hits /
		       (double)(c->dram_row_hits + c->dram_row_misses + 1));
	fake_kernel_free(&kernel);
	road_gpu_timing_destroy(timing);
	free(memory);
}

int main(int argc, char **argv)
{
	struct road_chip_error error;
	struct road_chip *chip;

	if (road_chip_builtin_open("a100-sxm4-80gb", &chip, &error)) {
		printf("%s\n", error.message);
		return 1;
	}
	if (argc < 2 || !strcmp(argv[1], "speed")) {
		print_speed(chip->params, "saxpy", saxpy, sizeof(saxpy) / sizeof(saxpy[0]));
		print_speed(chip->params, "gemm", gemm, sizeof(gemm) / sizeof(gemm[0]));
	}
	if (argc < 2 || !strcmp(argv[1], "chase"))
		print_chase(chip->params);
	road_chip_free(chip);
	return 0;
}
