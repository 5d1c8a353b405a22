/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of chip files of the family `rpu`. */
#include "simulators/chips/chip_rpu.h"

#include <stdio.h>

#include "simulators/chips/chip_internal.h"
#include "uapi/rpu/config.h"
#include "uapi/rpu/regs.h"

#define P(m) ROAD_CHIP_MEMBER(struct road_rpu_params, m)
#define UINT(name, unit, scale, low, high, m)                            \
	{                                                                \
		name, ROAD_CHIP_UINT, unit, scale, low, high, NULL, P(m) \
	}
/* Of step-by-step fabrics only: the others do without. */
#define OTHER(name, unit, low, high, fallback, m)                        \
	{                                                                \
		name, ROAD_CHIP_UINT, unit, 1, low, high, fallback, P(m) \
	}
#define CYCLES(name, m) UINT(name, "cycles", 1, 0, 100000000, m)
#define RATE(name, m)   UINT(name, "B/cycle", 1, 1, 65536, m)
#define CLASS(name, C)                                                                            \
	UINT(name "_latency", "cycles", 1, 1, ROAD_RPU_LATENCY_MAX, latency[ROAD_RPU_CLASS_##C]), \
		UINT(name "_interval", "cycles", 1, 1, ROAD_RPU_LATENCY_MAX,                      \
		     interval[ROAD_RPU_CLASS_##C]),                                               \
		OTHER(name "_cost", "cycles", 1, 255, "1", cost[ROAD_RPU_CLASS_##C])

static const struct road_chip_key keys[] = {
	UINT("clock", "MHz", 1000000, 1, 10000, clock_hz),
	UINT("tiles", NULL, 1, 1, ROAD_RPU_TILES_MAX, tiles),
	UINT("mesh_columns", NULL, 1, 1, ROAD_RPU_TILES_MAX, mesh_columns),
	UINT("streams", NULL, 1, 2, ROAD_RPU_STREAMS_MAX, streams),
	UINT("contexts", NULL, 1, 1, ROAD_RPU_CONTEXTS_MAX, contexts),
	UINT("queue_depth", NULL, 1, 1, 1024, queue_depth),
	UINT("spm", "KiB", 1024, 4, 16384, spm_bytes),
	UINT("spm_banks", NULL, 1, 1, 32, spm_banks),
	UINT("spm_bank", "B", 1, 4, 256, spm_bank_bytes),
	UINT("rows", NULL, 1, 1, ROAD_RPU_ROWS_MAX, rows),
	UINT("columns", NULL, 1, 1, ROAD_RPU_COLUMNS_MAX, columns),
	UINT("registers", NULL, 1, 1, ROAD_RPU_REGISTERS, registers),
	UINT("fabric_streams", NULL, 1, 0, ROAD_RPU_STREAMS, fabric_streams),
	UINT("torus", NULL, 1, 0, 1, torus),
	UINT("memory_all", NULL, 1, 0, 1, memory_all),
	UINT("stepwise", NULL, 1, 0, 1, stepwise),
	CLASS("alu", ALU),
	CLASS("mul", MUL),
	CLASS("div", DIV),
	CLASS("fadd", FADD),
	CLASS("fmul", FMUL),
	CLASS("fma", FMA),
	CLASS("cvt", CVT),
	CLASS("table", TABLE),
	CLASS("dot", DOT),
	CLASS("mem", MEM),
	UINT("stream_latency", "cycles", 1, 1, 16, stream_latency),
	OTHER("cost_column", "cycles", 0, 255, "0", cost_column),
	OTHER("configure_step", "cycles", 0, 100000, "0", configure_step),
	OTHER("begin_fixed", "cycles", 0, 100000, "0", begin_fixed),
	OTHER("begin_step", "cycles", 0, 100000, "0", begin_step),
	UINT("slots", NULL, 1, 1, 64, slots),
	UINT("slot", "KiB", 1024, 1, 1024, slot_bytes),
	CYCLES("load", load),
	RATE("load_rate", load_rate),
	CYCLES("switch", switching),
	CYCLES("layout", layout),
	UINT("hysteresis", NULL, 1, 0, 1000, hysteresis),
	UINT("unit_alignment", NULL, 1, 1, ROAD_RPU_TILES_MAX, unit_alignment),
	UINT("units_min", NULL, 1, 1, ROAD_RPU_TILES_MAX, units_min),
	UINT("neur", NULL, 1, 0, 1, neur),
	UINT("neur_side", NULL, 1, 1, 256, neur_side),
	CYCLES("neur_startup", neur_startup),
	RATE("dma_rate", dma_rate),
	RATE("link_rate", link_rate),
	CYCLES("hop", hop),
	RATE("ddr_rate", ddr_rate),
	CYCLES("ddr_latency", ddr_latency),
	UINT("memory_ecc", NULL, 1, 0, 1, memory_ecc),
	UINT("system_rate", "MB/s", 1000000, 1, 1000000, system_rate),
	UINT("system_latency", "ns", 1000, 0, 1000000, system_latency_ps),
	CYCLES("doorbell", doorbell),
	CYCLES("entry", entry),
	UINT("watchdog", "cycles", 1, 1000, UINT64_C(1) << 40, watchdog),
};

static bool is_power_of_two(uint64_t value)
{
	return value && !(value & (value - 1));
}

static const char *check(const void *params, char *allowed, size_t bytes)
{
	const struct road_rpu_params *p = params;
	const struct {
		bool bad;
		const char *key, *allowed;
	} rules[] = {
		{p->tiles % p->mesh_columns != 0, "mesh_columns", "a divisor of tiles"},
		{!is_power_of_two(p->spm_banks), "spm_banks", "a power of two"},
		{!is_power_of_two(p->spm_bank_bytes), "spm_bank", "a power of two"},
		{p->spm_bytes % ((uint64_t)p->spm_banks * p->spm_bank_bytes) != 0, "spm",
		 "a multiple of all banks' widths"},
		{p->units_min > p->tiles || p->units_min % p->unit_alignment, "units_min",
		 "a multiple of unit_alignment, up to tiles"},
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].bad) {
			snprintf(allowed, bytes, "%s", rules[i].allowed);
			return rules[i].key;
		}
	return NULL;
}

const struct road_chip_family road_chip_family_rpu = {
	.name = "rpu",
	.keys = keys,
	.key_count = sizeof(keys) / sizeof(keys[0]),
	.params_bytes = sizeof(struct road_rpu_params),
	.check = check,
};
