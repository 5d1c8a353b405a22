/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parameters of the family `gpu`, as chip files give them (chip_gpu.c has the table of keys).
 * Cycles are of the SM clock. What struct road_gpu_params_check() demands may be relied upon.
 */
#ifndef SIMULATORS_GPU_PARAMS_H
#define SIMULATORS_GPU_PARAMS_H

#include <stddef.h>
#include <stdint.h>

#include "uapi/gpu/isa.h"

#define ROAD_GPU_LINE_BYTES   128u
#define ROAD_GPU_SECTOR_BYTES 32u

struct road_gpu_params {
	/* what the registers show */
	uint32_t compute_major, compute_minor;
	uint32_t clock_khz;
	uint32_t queues, spaces;      /* of a function */
	uint32_t memory_ecc;          /* 1: device memory has error correction */
	uint64_t memory_window_bytes; /* of device memory that region 2 shows */

	/* an SM */
	uint32_t sm_count;
	uint32_t subcores; /* of an SM, each with a scheduler */
	uint32_t warps_per_sm, blocks_per_sm, threads_per_block;
	uint32_t registers_per_sm;                /* thread registers */
	uint32_t register_granule;                /* thread registers: given to a warp in these */
	uint32_t shared_per_sm, shared_per_block; /* bytes */
	uint32_t shared_granule, shared_reserved;
	uint32_t l1_bytes; /* first-level data and shared memory together */

	/* units: lanes that one sub-core (load/store: one SM) starts a cycle; tensor: fused
	 * multiply-adds of a sub-core a cycle */
	uint32_t lanes[ROAD_GPU_UNITS];
	uint32_t tensor_fmas;
	/* Result latency by class; memory classes have their own below. */
	uint32_t latency[ROAD_GPU_LATS];
	/* How many times an instruction of the class takes its unit (the expansion of divisions).
	 */
	uint32_t passes[ROAD_GPU_LATS];

	/* loads, issue to use */
	uint32_t l1_latency, shared_latency, const_latency, param_latency;
	uint32_t l1_ways;
	uint32_t l1_miss_registers; /* lines on the way */
	uint32_t l1_miss_latency;   /* issue to the port of the network */

	/* network between SMs and the second level */
	uint32_t network_latency;                          /* one way */
	uint32_t network_request_rate, network_reply_rate; /* bytes a cycle of an SM's port */

	/* second level */
	uint64_t l2_bytes;      /* of all partitions */
	uint32_t l2_partitions; /* 1, 2 */
	uint32_t l2_slices;     /* of a partition */
	uint32_t l2_ways;
	uint32_t l2_latency;      /* of a slice, hit */
	uint32_t l2_slice_rate;   /* bytes a cycle */
	uint32_t l2_atomic_lanes; /* words that a slice updates in a cycle */
	uint32_t l2_hop_latency;  /* to the other partition and back */

	/* device memory: one channel a slice index */
	uint64_t dram_rate;  /* bytes a second, all channels */
	uint32_t dram_banks; /* of a channel */
	uint32_t dram_row_bytes;
	uint32_t dram_latency; /* row hit, slice to slice */
	uint32_t dram_activate, dram_precharge;

	/* launches */
	uint32_t launch_first, launch_following, launch_workgroup;
	uint32_t dispatch_latency; /* a workgroup's end to the start of the next in its place */

	/* command processor and copies */
	uint32_t packet_cost;  /* cycles of the command processor for each packet */
	uint32_t copy_latency; /* cycles until the first byte */
	uint64_t bus_rate;     /* bytes a second to and from the host, each way */
	uint64_t watchdog;     /* warp instructions of a launch that names no other bound */

	/* reconfiguration */
	uint32_t regions;     /* slices that regions are made of; 0: it cannot be reconfigured */
	uint64_t profile_ps;  /* to read a profile */
	uint64_t activate_ps; /* a switch, and a change of the layout */

	/* what-if, no part of any chip (scenarios.c) */
	uint32_t free_bank_conflicts; /* shared memory needs no extra passes */
	uint32_t extra_workgroups;    /* of an SM, beyond what fits */

	/* a part of a chip (regions.c): what its first SM is called */
	uint32_t first_sm;
};

/* Do the values hold together? NULL, or the key to blame with what would be allowed. */
const char *road_gpu_params_check(const void *params, char *allowed, size_t bytes);

/* Cycles until a load that the second level answers at once can be used. */
static inline uint32_t road_gpu_round_trip(const struct road_gpu_params *params)
{
	return params->l1_miss_latency + 2 * params->network_latency + params->l2_latency;
}

#endif
