/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of chip files of the family `dsa`. */
#include "simulators/chips/chip_dsa.h"

#include <stdio.h>

#include "simulators/chips/chip_internal.h"
#include "uapi/dsa/regs.h"

#define P(m) ROAD_CHIP_MEMBER(struct road_dsa_params, m)
#define UINT(name, unit, scale, low, high, m)                            \
	{                                                                \
		name, ROAD_CHIP_UINT, unit, scale, low, high, NULL, P(m) \
	}
/* Of one kind of cube only: the other does without. */
#define OTHER(name, unit, low, high, fallback, m)                        \
	{                                                                \
		name, ROAD_CHIP_UINT, unit, 1, low, high, fallback, P(m) \
	}
/* Of chips that can be reconfigured only: 0, they cannot. */
#define REGIONS(name, unit, scale, low, high, m)                        \
	{                                                               \
		name, ROAD_CHIP_UINT, unit, scale, low, high, "0", P(m) \
	}
#define CYCLES(name, m)    UINT(name, "cycles", 1, 0, 100000, m)
#define KIB(name, high, m) UINT(name, "KiB", 1024, 1, high, m)
#define PATH(name, m)                                               \
	UINT(name "_startup", "cycles", 1, 0, 100000, m.startup),   \
		UINT(name "_rate", "B/cycle", 1, 1, 65536, m.rate), \
		UINT(name "_burst", "B", 1, 1, 4096, m.burst)

static const struct road_chip_key keys[] = {
	UINT("clock", "MHz", 1000000, 1, 10000, clock_hz),
	UINT("cores", NULL, 1, 1, 256, cores),
	UINT("flags", NULL, 1, 1, 64, flags),
	UINT("streams", NULL, 1, 1, ROAD_DSA_STREAMS_MAX, streams),
	UINT("contexts", NULL, 1, 1, ROAD_DSA_CONTEXTS_MAX, contexts),
	KIB("l0a", 65536, pad_bytes[ROAD_DSA_PAD_L0A]),
	KIB("l0b", 65536, pad_bytes[ROAD_DSA_PAD_L0B]),
	KIB("l0c", 65536, pad_bytes[ROAD_DSA_PAD_L0C]),
	KIB("l1", 65536, pad_bytes[ROAD_DSA_PAD_L1]),
	KIB("ub", 65536, pad_bytes[ROAD_DSA_PAD_UB]),
	KIB("bt", 1024, pad_bytes[ROAD_DSA_PAD_BT]),
	UINT("queue_depth", NULL, 1, 1, 1024, queue_depth),
	UINT("interlocked", NULL, 1, 0, 1, interlocked),
	CYCLES("scalar", scalar),
	CYCLES("scalar_global", scalar_global),
	CYCLES("scalar_ub", scalar_ub),
	CYCLES("dispatch", dispatch),
	CYCLES("sync", sync),
	CYCLES("cross", cross),
	OTHER("systolic", NULL, 0, 1, "0", systolic),
	OTHER("systolic_rows", NULL, 1, 1024, "1", systolic_rows),
	OTHER("systolic_columns", NULL, 1, 1024, "1", systolic_columns),
	OTHER("systolic_dataflow", NULL, 0, 1, "0", systolic_dataflow),
	UINT("cube_m", NULL, 1, 1, 256, cube_m),
	UINT("cube_n", NULL, 1, 1, 256, cube_n),
	UINT("cube_k", "B", 1, 4, 1024, cube_k_bytes),
	UINT("cube_interval", "cycles", 1, 1, 1000, cube_interval),
	UINT("cube_f32_factor", NULL, 1, 1, 64, cube_f32_factor),
	CYCLES("cube_fill", cube_fill),
	UINT("vector", "B/cycle", 1, 1, 65536, vector_bytes),
	CYCLES("vector_startup", vector_startup),
	UINT("vector_special", "cycles", 1, 1, 1000, vector_special),
	PATH("gm_l1", gm_l1),
	PATH("gm_ub", gm_ub),
	PATH("l1_l0a", l1_l0a),
	PATH("l1_l0b", l1_l0b),
	PATH("l1_bt", l1_bt),
	PATH("ub_gm", ub_gm),
	PATH("ub_l1", ub_l1),
	PATH("l0c_gm", l0c_gm),
	PATH("l0c_l1", l0c_l1),
	PATH("l0c_ub", l0c_ub),
	UINT("l2_size", "KiB", 1024, 1, 4u << 20, l2_bytes),
	UINT("l2_ways", NULL, 1, 1, 64, l2_ways),
	CYCLES("l2_latency", l2_latency),
	UINT("l2_rate", "B/cycle", 1, 1, 1u << 20, l2_rate),
	CYCLES("hbm_latency", hbm_latency),
	UINT("memory_ecc", NULL, 1, 0, 1, memory_ecc),
	UINT("hbm_channels", NULL, 1, 1, 256, hbm_channels),
	UINT("hbm_rate", "MB/s", 1000000, 1, 100000000, hbm_rate),
	UINT("system_rate", "MB/s", 1000000, 1, 1000000, system_rate),
	UINT("system_latency", "ns", 1000, 0, 1000000, system_latency_ps),
	UINT("launch", "ns", 1000, 0, 10000000, launch_ps),
	UINT("block", "ns", 1000, 0, 10000000, block_ps),
	UINT("descriptor", "ns", 1000, 0, 10000000, descriptor_ps),
	UINT("watchdog", NULL, 1, 1000, UINT64_C(1) << 40, watchdog),
	REGIONS("regions", NULL, 1, 0, 1, regions),
	REGIONS("slots", NULL, 1, 1, 64, slots),
	REGIONS("slot", "KiB", 1024, 1, 511, slot_bytes),
	REGIONS("cluster", NULL, 1, 1, 256, cluster),
	REGIONS("load", "ns", 1000, 0, 1000000000, load_ps),
	REGIONS("load_rate", "MB/s", 1000000, 1, 1000000, load_rate),
	REGIONS("activate", "ns", 1000, 0, 1000000000, activate_ps),
	REGIONS("layout", "ns", 1000, 0, 1000000000, layout_ps),
	REGIONS("hysteresis", NULL, 1, 0, 1000, hysteresis),
};

static const char *check_regions(const struct road_dsa_params *p, char *allowed, size_t bytes)
{
	snprintf(allowed, bytes, "1 or more where regions is 1");
	if (!p->slots)
		return "slots";
	if (!p->slot_bytes)
		return "slot";
	if (!p->load_rate)
		return "load_rate";
	if (p->cluster && p->cores % p->cluster == 0)
		return NULL;
	snprintf(allowed, bytes, "what divides cores, where regions is 1");
	return "cluster";
}

static const char *check(const void *params, char *allowed, size_t bytes)
{
	const struct road_dsa_params *p = params;
	uint64_t sets = p->l2_bytes / 128 / p->l2_ways;

	if (!sets || sets * p->l2_ways * 128 != p->l2_bytes || sets > UINT32_MAX) {
		snprintf(allowed, bytes, "a multiple of l2_ways lines of 128 bytes");
		return "l2_size";
	}
	return p->regions ? check_regions(p, allowed, bytes) : NULL;
}

const struct road_chip_family road_chip_family_dsa = {
	.name = "dsa",
	.keys = keys,
	.key_count = sizeof(keys) / sizeof(keys[0]),
	.params_bytes = sizeof(struct road_dsa_params),
	.check = check,
};
