/* SPDX-License-Identifier: Apache-2.0 */
/* What the chip file says about a fabric. */
#ifndef SIMULATORS_RPU_FABRIC_PARAMS_H
#define SIMULATORS_RPU_FABRIC_PARAMS_H

#include <stdbool.h>
#include <stdint.h>

#include "uapi/rpu/config.h"

#define RPU_BANKS_MAX 32u

struct rpu_fabric_params {
	uint32_t fabric_id; /* uapi/rpu/fabric.h: rows, columns, registers, streams, features */
	uint8_t latency[ROAD_RPU_CLASSES];  /* 1 .. ROAD_RPU_LATENCY_MAX; [NONE] is not used */
	uint8_t interval[ROAD_RPU_CLASSES]; /* >= 1 */
	uint32_t spm_bytes;                 /* of a tile, a multiple of banks * bank_bytes */
	uint32_t banks;                     /* a power of two, at most RPU_BANKS_MAX */
	uint32_t bank_bytes;                /* a power of two: consecutive ones lie in a bank */
	uint32_t stream_latency; /* cycles from a stream's access until the fabric sees it, 1..16 */
	/* Fabrics that go step by step only: */
	uint8_t cost[ROAD_RPU_CLASSES]; /* cycles of a step in which such an op is enabled, >= 1 */
	uint32_t cost_column;    /* more for each further access of the same column in the step */
	uint32_t configure_step; /* cycles that configuring takes, for each step */
	uint32_t begin_fixed,
		begin_step; /* cycles from a launch to its first step: fixed + step * II */
};

/* The parts of a fabric id. */
static inline uint32_t rpu_fabric_rows(uint32_t id)
{
	return id & ROAD_RPU_FABRIC_SIZE_MASK;
}

static inline uint32_t rpu_fabric_columns(uint32_t id)
{
	return id >> ROAD_RPU_FABRIC_COLUMNS_SHIFT & ROAD_RPU_FABRIC_SIZE_MASK;
}

static inline uint32_t rpu_fabric_registers(uint32_t id)
{
	return id >> ROAD_RPU_FABRIC_REGISTERS_SHIFT & ROAD_RPU_FABRIC_COUNT_MASK;
}

static inline uint32_t rpu_fabric_streams(uint32_t id)
{
	return id >> ROAD_RPU_FABRIC_STREAMS_SHIFT & ROAD_RPU_FABRIC_COUNT_MASK;
}

/* True if a fabric can be made so. */
bool rpu_fabric_params_valid(const struct rpu_fabric_params *params);

#endif
