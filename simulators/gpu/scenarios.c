/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What-if: one cost of the chip made free, all else unchanged (option free=NAME). The difference
 * says what that cost is worth to a kernel; no chip is claimed to be so.
 */
#include <stdio.h>
#include <string.h>

#include "simulators/engine/options.h"
#include "simulators/gpu/model.h"

#define FREE_RATE 4096u /* bytes a cycle: more than anything asks for */

static void free_dram(struct road_gpu_params *p)
{
	p->dram_rate = UINT64_C(100000) * 1000000000;
	p->dram_latency = 1;
	p->dram_activate = p->dram_precharge = 0;
}

static void free_l2(struct road_gpu_params *p)
{
	p->l2_latency = 1;
	p->l2_slice_rate = FREE_RATE;
	p->l2_hop_latency = 2; /* the least with two partitions */
}

/* Results at once, loads that hit too; rates and what memory beyond the first level costs stay. */
static void free_latency(struct road_gpu_params *p)
{
	for (unsigned i = 0; i < ROAD_GPU_LATS; i++)
		p->latency[i] = 1;
	p->l1_latency = p->shared_latency = p->const_latency = p->param_latency = 1;
}

static void free_banks(struct road_gpu_params *p)
{
	p->free_bank_conflicts = 1;
}

/* Quanta shrink with the dispatch latency, hence not to one cycle: 16 are lost in the noise. */
static void free_launch(struct road_gpu_params *p)
{
	p->launch_first = p->launch_following = 1;
	p->launch_workgroup = 0;
	p->dispatch_latency = p->dispatch_latency < 16 ? p->dispatch_latency : 16;
}

static void free_tensor(struct road_gpu_params *p)
{
	p->tensor_fmas = 65536;
	p->latency[ROAD_GPU_LAT_TENSOR] = 1;
}

/* Room for one more of any kernel, by whatever it is bounded (timing_dispatch.c). */
static void more_workgroups(struct road_gpu_params *p)
{
	p->extra_workgroups = 1;
	p->blocks_per_sm++;
	p->warps_per_sm *= 2;
}

static void (*const apply[])(struct road_gpu_params *params) = {
	free_dram, free_l2, free_latency, free_banks, free_launch, free_tensor, more_workgroups,
};

const struct sim_scenario road_gpu_scenarios[] = {
	{"dram", "device memory answers at once, at any rate"},
	{"l2", "the second level answers at once, at any rate"},
	{"latency", "instructions and hits in the first level take one cycle"},
	{"bank_conflicts", "shared memory has no bank conflicts"},
	{"launch", "launches and the dispatch of workgroups take next to no time"},
	{"tensor", "matrix instructions take one cycle"},
	{"workgroup", "one more workgroup fits on each SM"},
	{NULL, NULL},
};

_Static_assert(sizeof(road_gpu_scenarios) / sizeof(road_gpu_scenarios[0]) ==
		       sizeof(apply) / sizeof(apply[0]) + 1,
	       "a scenario for each way to apply one");

bool road_gpu_scenario_apply(struct road_gpu_params *params, const char *name, char *error)
{
	size_t used;

	for (size_t i = 0; road_gpu_scenarios[i].name; i++) {
		if (!strcmp(road_gpu_scenarios[i].name, name)) {
			apply[i](params);
			return true;
		}
	}
	used = (size_t)snprintf(error, SIM_ERROR_BYTES,
				"option free: value \"%.64s\", allowed:", name);
	for (size_t i = 0; road_gpu_scenarios[i].name && used < SIM_ERROR_BYTES; i++)
		used += (size_t)snprintf(error + used, SIM_ERROR_BYTES - used, "%s %s",
					 i ? "," : "", road_gpu_scenarios[i].name);
	return false;
}
