/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters of the family `rpu`: what simulators/rpu reads of a chip file. Times in cycles of the
 * chip's clock, rates in bytes per cycle unless their name says otherwise. */
#ifndef SIMULATORS_CHIPS_CHIP_RPU_H
#define SIMULATORS_CHIPS_CHIP_RPU_H

#include <stdint.h>

#include "uapi/rpu/fabric.h"

struct road_rpu_params {
	uint64_t clock_hz;
	uint32_t tiles, mesh_columns, streams, contexts;
	uint32_t queue_depth; /* entries of a stream that its engines hold */
	/* scratchpads */
	uint32_t spm_bytes, spm_banks, spm_bank_bytes;
	/* fabric */
	uint32_t rows, columns, registers, fabric_streams, torus, memory_all, stepwise;
	uint32_t latency[ROAD_RPU_CLASSES], interval[ROAD_RPU_CLASSES];
	uint32_t stream_latency;
	uint32_t cost[ROAD_RPU_CLASSES]; /* of step-by-step fabrics, and what follows */
	uint32_t cost_column, configure_step, begin_fixed, begin_step;
	/* reconfiguration */
	uint32_t slots, slot_bytes;
	uint32_t load, load_rate; /* cycles, and bytes per cycle behind them */
	uint32_t switching, layout;
	uint32_t hysteresis; /* switch costs that the active image is kept for its queue's sake */
	uint32_t unit_alignment, units_min;
	/* the other engines */
	uint32_t neur, neur_side, neur_startup; /* neur: 1: there is one; side: of its blocks */
	uint32_t dma_rate;
	/* mesh, memory, host */
	uint32_t link_rate, hop;
	uint32_t ddr_rate, ddr_latency, memory_ecc;
	uint64_t system_rate; /* bytes per second of the host's bus */
	uint64_t system_latency_ps;
	/* work */
	uint32_t doorbell; /* from the doorbell of an idle stream to its first entry */
	uint32_t entry;    /* to take one from the ring */
	uint64_t watchdog; /* cycles of a block, unless the entry says otherwise */
};

#endif
