/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters of the family `dsa`: what simulators/dsa reads of a chip file. Times in cycles of the
 * core's clock, rates in bytes per cycle and core unless their name says otherwise. */
#ifndef SIMULATORS_CHIPS_CHIP_DSA_H
#define SIMULATORS_CHIPS_CHIP_DSA_H

#include <stdint.h>

#include "uapi/dsa/isa.h"

enum road_dsa_dataflow { ROAD_DSA_WEIGHT_STATIONARY, ROAD_DSA_OUTPUT_STATIONARY };

struct road_dsa_path {    /* of transfers */
	uint32_t startup; /* cycles from the instruction's start to its first byte */
	uint32_t rate;    /* bytes per cycle */
	uint32_t burst;   /* bytes below which a burst costs as much as this many */
};

struct road_dsa_params {
	uint64_t clock_hz;
	uint32_t cores, flags, streams, contexts;
	uint32_t pad_bytes[ROAD_DSA_PADS];
	uint32_t queue_depth; /* instructions that a queue holds behind the one that runs */
	uint32_t interlocked; /* 1: V needs no pipe_barrier */
	/* S */
	uint32_t scalar, scalar_global, scalar_ub, dispatch; /* cycles: others, ldg/stg, ldu/stu */
	uint32_t sync;  /* cycles from set_flag to what awaited it */
	uint32_t cross; /* cycles from cross_set to what awaited it */
	/* M: fractal of cube_m x cube_n x (cube_k_bytes / element) each `cube_interval`; or a
	 * systolic array of rows x columns */
	uint32_t systolic, systolic_rows, systolic_columns, systolic_dataflow;
	uint32_t cube_m, cube_n, cube_k_bytes, cube_interval, cube_f32_factor, cube_fill;
	/* V */
	uint32_t vector_bytes;   /* per cycle */
	uint32_t vector_startup; /* from the first read to the first write */
	uint32_t vector_special; /* cycles for vector_bytes of exp, ln, division, roots, tanh */
	/* transfers */
	struct road_dsa_path gm_l1, gm_ub, l1_l0a, l1_l0b, l1_bt, ub_gm, ub_l1, l0c_gm, l0c_l1,
		l0c_ub;
	/* shared memory */
	uint64_t l2_bytes;
	uint32_t l2_ways, l2_latency, l2_rate; /* rate: all cores together, bytes per cycle */
	uint32_t hbm_latency, hbm_channels;
	uint32_t memory_ecc;  /* 1: HBM has error correction */
	uint64_t hbm_rate;    /* bytes per second, all together */
	uint64_t system_rate; /* bytes per second of the host's bus */
	uint64_t system_latency_ps;
	/* tasks */
	uint64_t launch_ps, block_ps; /* from the descriptor to the first block; and per block */
	uint64_t descriptor_ps;       /* to take one from the ring */
	uint64_t watchdog;            /* instructions of a block, unless the task says otherwise */
	/* reconfiguration; regions 0: there is none */
	uint32_t regions, slots, slot_bytes;
	uint32_t cluster;    /* cores that a region begins at and has at least */
	uint32_t hysteresis; /* switch costs that the active image is kept for its queues' sake */
	uint64_t load_ps, load_rate; /* and bytes per second behind it */
	uint64_t activate_ps, layout_ps;
};

#endif
