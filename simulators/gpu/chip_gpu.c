/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of `parameters` in chip files of the family `gpu`: adding one is a row here and a
 * member of struct road_gpu_params. */
#include <stdio.h>

#include "simulators/chips/chip_internal.h"
#include "simulators/gpu/params.h"

#define KIB 1024u
#define MIB (1u << 20)

#define MEMBER(m) ROAD_CHIP_MEMBER(struct road_gpu_params, m)
/* A number without unit; cycles; lanes of a unit; latency and passes of a class. */
#define COUNT(name, m, min, max)                                         \
	{                                                                \
		name, ROAD_CHIP_UINT, NULL, 1, min, max, NULL, MEMBER(m) \
	}
#define CYCLES(name, m, min, max)                                            \
	{                                                                    \
		name, ROAD_CHIP_UINT, "cycles", 1, min, max, NULL, MEMBER(m) \
	}
#define BYTES(name, m, unit, scale, min, max)                                \
	{                                                                    \
		name, ROAD_CHIP_UINT, unit, scale, min, max, NULL, MEMBER(m) \
	}
#define LANES(name, u)   COUNT(name, lanes[ROAD_GPU_UNIT_##u], 1, 32)
#define LATENCY(name, c) CYCLES(name, latency[ROAD_GPU_LAT_##c], 1, 10000)
#define PASSES(name, c)                                                                       \
	{                                                                                     \
		name, ROAD_CHIP_UINT, NULL, 1, 1, 1000, "1", MEMBER(passes[ROAD_GPU_LAT_##c]) \
	}

static const struct road_chip_key keys[] = {
	COUNT("compute_major", compute_major, 1, 255),
	COUNT("compute_minor", compute_minor, 0, 255),
	{"clock", ROAD_CHIP_DECIMAL, "MHz", 1000, 1, 10000, NULL, MEMBER(clock_khz)},
	COUNT("queues", queues, 1, 1024),
	COUNT("spaces", spaces, 1, 256),
	BYTES("memory_window", memory_window_bytes, "MiB", MIB, 0, 1u << 24),
	COUNT("memory_ecc", memory_ecc, 0, 1),

	COUNT("sm_count", sm_count, 1, 1024),
	COUNT("subcores", subcores, 1, 8),
	COUNT("warps_per_sm", warps_per_sm, 1, 128),
	COUNT("blocks_per_sm", blocks_per_sm, 1, 64),
	COUNT("threads_per_block", threads_per_block, 32, 1024),
	COUNT("registers_per_sm", registers_per_sm, 1024, 1u << 20),
	COUNT("register_granule", register_granule, 32, 4096),
	BYTES("shared_per_sm", shared_per_sm, "KiB", KIB, 1, 4096),
	BYTES("shared_per_block", shared_per_block, "KiB", KIB, 1, 4096),
	BYTES("shared_granule", shared_granule, "B", 1, 1, 65536),
	BYTES("shared_reserved", shared_reserved, "B", 1, 0, 65536),
	BYTES("l1_size", l1_bytes, "KiB", KIB, 1, 4096),

	LANES("int_lanes", INT),
	LANES("fp32_lanes", FP32),
	LANES("fp16_lanes", FP16),
	LANES("fp64_lanes", FP64),
	LANES("special_lanes", SPECIAL),
	LANES("ldst_lanes", LDST),
	LANES("control_lanes", CONTROL),
	COUNT("tensor_fmas", tensor_fmas, 1, 65536),

	LATENCY("alu_latency", ALU),
	LATENCY("imul_latency", IMUL),
	LATENCY("idiv_latency", IDIV),
	LATENCY("fma_latency", FMA),
	LATENCY("fdiv_latency", FDIV),
	LATENCY("special_latency", SPECIAL),
	LATENCY("fp64_latency", FP64),
	LATENCY("fp64div_latency", FP64DIV),
	LATENCY("cvt_latency", CVT),
	LATENCY("fp16_latency", FP16),
	LATENCY("shuffle_latency", SHUFFLE),
	LATENCY("vote_latency", VOTE),
	LATENCY("redux_latency", REDUX),
	LATENCY("tensor_latency", TENSOR),
	LATENCY("branch_latency", BRANCH),
	LATENCY("barrier_latency", BARRIER),
	PASSES("idiv_passes", IDIV),
	PASSES("redux_passes", REDUX),
	PASSES("fdiv_passes", FDIV),
	PASSES("fp64div_passes", FP64DIV),

	CYCLES("l1_latency", l1_latency, 1, 10000),
	CYCLES("shared_latency", shared_latency, 1, 10000),
	CYCLES("const_latency", const_latency, 1, 10000),
	CYCLES("param_latency", param_latency, 1, 10000),
	COUNT("l1_ways", l1_ways, 1, 64),
	COUNT("l1_miss_registers", l1_miss_registers, 1, 4096),
	CYCLES("l1_miss_latency", l1_miss_latency, 1, 10000),

	CYCLES("network_latency", network_latency, 1, 10000),
	BYTES("network_request_rate", network_request_rate, "B/cycle", 1, 1, 4096),
	BYTES("network_reply_rate", network_reply_rate, "B/cycle", 1, 1, 4096),

	BYTES("l2_size", l2_bytes, "KiB", KIB, 1, 1u << 22),
	COUNT("l2_partitions", l2_partitions, 1, 2),
	COUNT("l2_slices", l2_slices, 1, 256),
	COUNT("l2_ways", l2_ways, 1, 64),
	CYCLES("l2_latency", l2_latency, 1, 10000),
	BYTES("l2_slice_rate", l2_slice_rate, "B/cycle", 1, 1, 4096),
	COUNT("l2_atomic_lanes", l2_atomic_lanes, 1, 32),
	CYCLES("l2_hop_latency", l2_hop_latency, 0, 10000),

	{"dram_rate", ROAD_CHIP_DECIMAL, "GB/s", 1000000000, 0, 100000, NULL, MEMBER(dram_rate)},
	COUNT("dram_banks", dram_banks, 1, 256),
	BYTES("dram_row", dram_row_bytes, "B", 1, 128, 65536),
	CYCLES("dram_latency", dram_latency, 1, 10000),
	CYCLES("dram_activate", dram_activate, 0, 10000),
	CYCLES("dram_precharge", dram_precharge, 0, 10000),

	CYCLES("launch_first", launch_first, 1, 1000000),
	CYCLES("launch_following", launch_following, 1, 1000000),
	CYCLES("launch_workgroup", launch_workgroup, 0, 10000),
	CYCLES("dispatch_latency", dispatch_latency, 1, 100000),

	{"packet_cost", ROAD_CHIP_UINT, "cycles", 1, 1, 100000, "50", MEMBER(packet_cost)},
	{"copy_latency", ROAD_CHIP_UINT, "cycles", 1, 1, 100000, "1000", MEMBER(copy_latency)},
	{"bus_rate", ROAD_CHIP_DECIMAL, "GB/s", 1000000000, 0, 100000, "25", MEMBER(bus_rate)},
	{"watchdog", ROAD_CHIP_UINT, NULL, 1, 1, UINT64_MAX, "4000000000", MEMBER(watchdog)},

	{"regions", ROAD_CHIP_UINT, NULL, 1, 0, 16, "0", MEMBER(regions)},
	{"region_load", ROAD_CHIP_UINT, "us", 1000000, 0, 1000000, "1", MEMBER(profile_ps)},
	{"region_activate", ROAD_CHIP_UINT, "us", 1000000, 1, 10000000, "50000",
	 MEMBER(activate_ps)},
};

static int power_of_two(uint64_t n)
{
	return n && !(n & (n - 1));
}

/* One rule: `bad`, the key to blame, what would be allowed. */
struct rule {
	int bad;
	const char *key, *allowed;
	uint64_t number; /* printed for %llu in `allowed` */
};

const char *road_gpu_params_check(const void *params, char *allowed, size_t bytes)
{
	const struct road_gpu_params *p = params;
	const uint64_t slices = (uint64_t)p->l2_partitions * p->l2_slices;
	const uint64_t l2_lines = p->l2_bytes / ROAD_GPU_LINE_BYTES;
	const uint64_t l1_lines = p->l1_bytes / ROAD_GPU_LINE_BYTES;
	const struct rule rules[] = {
		{p->warps_per_sm % p->subcores != 0 || p->warps_per_sm / p->subcores > 32,
		 "warps_per_sm", "a multiple of subcores (%llu), 32 for each at the most",
		 p->subcores},
		{p->warps_per_sm * 32 < p->threads_per_block, "threads_per_block",
		 "%llu at the most: the threads of an SM", (uint64_t)p->warps_per_sm * 32},
		{p->shared_per_block > p->shared_per_sm, "shared_per_block",
		 "%llu bytes at the most: shared_per_sm", p->shared_per_sm},
		{p->shared_per_sm > p->l1_bytes, "shared_per_sm", "%llu bytes at the most: l1_size",
		 p->l1_bytes},
		{!power_of_two(p->shared_granule), "shared_granule", "a power of two", 0},
		{p->register_granule % 32 != 0 || p->register_granule > p->registers_per_sm,
		 "register_granule", "a multiple of 32, %llu at the most", p->registers_per_sm},
		{l1_lines < p->l1_ways, "l1_ways", "%llu at the most: the lines of l1_size",
		 l1_lines},
		{l2_lines == 0 || l2_lines % (slices * p->l2_ways) != 0, "l2_size",
		 "a multiple of %llu bytes (partitions x slices x ways x 128)",
		 slices * p->l2_ways * ROAD_GPU_LINE_BYTES},
		{!power_of_two(p->dram_row_bytes), "dram_row", "a power of two", 0},
		{!power_of_two(p->dram_banks), "dram_banks", "a power of two", 0},
		{p->dram_rate == 0, "dram_rate", "more than 0", 0},
		{p->bus_rate == 0, "bus_rate", "more than 0", 0},
		{p->l2_partitions == 2 && p->l2_hop_latency < 2, "l2_hop_latency",
		 "2 at the least with two partitions", 0},
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (!rules[i].bad)
			continue;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(allowed, bytes, rules[i].allowed, (unsigned long long)rules[i].number);
#pragma GCC diagnostic pop
		return rules[i].key;
	}
	return NULL;
}

const struct road_chip_family road_chip_family_gpu = {
	.name = "gpu",
	.keys = keys,
	.key_count = sizeof(keys) / sizeof(keys[0]),
	.params_bytes = sizeof(struct road_gpu_params),
	.check = road_gpu_params_check,
};
