/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configurations made in C, and a fabric with a scratchpad to run them: no mapper, no chip. Words
 * are written by their fields; rig_image() adds what follows from them (CRCs, length, timing).
 */
#ifndef TESTS_UNIT_SIM_RPU_FABRIC_RIG_H
#define TESTS_UNIT_SIM_RPU_FABRIC_RIG_H

#include <CUnit/CUnit.h>

#include "simulators/rpu/fabric/fabric.h"
#include "simulators/rpu/fabric/ops.h"

#define RIG_SPM   65536u
#define RIG_WORDS (ROAD_RPU_INTERVAL_MAX * ROAD_RPU_ROWS_MAX * ROAD_RPU_COLUMNS_MAX)

struct rig_word {
	uint32_t op, a, b, c, dest;
	uint32_t link[ROAD_RPU_SIDES];
	uint32_t move, move_reg, stage, first, kfirst, last;
};

struct rig {
	struct rpu_fabric_params params;
	struct road_rpu_config header;
	struct rig_word words[RIG_WORDS]; /* by step, then element */
	struct road_rpu_value constants[1024], registers[2048];
	struct road_rpu_stream streams[ROAD_RPU_STREAMS];
	struct road_rpu_relocation relocations[ROAD_RPU_RELOCATIONS_MAX];
	struct road_rpu_argument arguments[ROAD_RPU_ARGUMENTS_MAX];
	uint32_t entries[ROAD_RPU_TABLES * ROAD_RPU_TABLE_ENTRIES_MAX];
	uint8_t image[ROAD_RPU_CONFIG_BYTES_MAX];
	uint8_t spm[RIG_SPM];
	bool far; /* random.h: some streams lie RIG_SPM beyond where they would */
};

/* An empty configuration of this interval for a fabric rows x columns; features: torus, ... */
void rig_init(struct rig *rig, uint32_t rows, uint32_t columns, uint32_t features,
	      uint32_t interval);
/* The parameters of OpenEdgeCGRA's published rules. */
void rig_openedge(struct rig *rig, uint32_t interval);

struct rig_word *rig_at(struct rig *rig, uint32_t step, uint32_t element);
uint32_t rig_elements(const struct rig *rig);
void rig_constant(struct rig *rig, uint32_t element, uint32_t k, uint32_t value);
void rig_register(struct rig *rig, uint32_t element, uint32_t r, uint32_t value);
/* A linear stream of 32-bit elements; returns it for changes. */
struct road_rpu_stream *rig_stream(struct rig *rig, bool write, uint32_t base, uint32_t count);

/* The bytes of the configuration, in rig->image; their number. */
size_t rig_image(struct rig *rig);
uint64_t rig_encode(const struct rig_word *word, uint32_t index);
/* The CRC of a word anew, after something changed in it. */
void rig_seal(uint64_t *raw, uint32_t index);
struct rpu_config *rig_config(struct rig *rig);

/* Checks, activates, launches and runs to the end; the fabric is the caller's. The configuration
 * is returned too if it is asked for, else it is freed with the fabric by rig_end. */
struct rig_run {
	struct rpu_config *config;
	struct rpu_fabric *fabric;
};
struct rig_run rig_begin(struct rig *rig, enum rpu_fabric_mode mode);
struct rig_run rig_run(struct rig *rig, enum rpu_fabric_mode mode);
void rig_end(struct rig_run *run);

/* cycles = fill + II * (iterations - 1) + drain + stalls */
void rig_check_time(const struct rig *rig, const struct rpu_fabric *fabric);

uint32_t rig_load(const struct rig *rig, uint32_t address);
void rig_store(struct rig *rig, uint32_t address, uint32_t value);

static inline uint64_t rig_random(uint64_t *state)
{
	uint64_t x = *state;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return *state = x;
}

static inline uint32_t rig_below(uint64_t *state, uint32_t bound)
{
	return (uint32_t)((rig_random(state) >> 32) * bound >> 32);
}

/* Short names for what words are made of. */
#define OP(name)  ROAD_RPU_OP_##name
#define N_IN      ROAD_RPU_SOURCE_N
#define E_IN      ROAD_RPU_SOURCE_E
#define S_IN      ROAD_RPU_SOURCE_S
#define W_IN      ROAD_RPU_SOURCE_W
#define SELF      ROAD_RPU_SOURCE_SELF
#define R(n)      (ROAD_RPU_SOURCE_R0 + (n))
#define K(n)      (ROAD_RPU_SOURCE_K0 + (n))
#define STREAM(n) (ROAD_RPU_SOURCE_STREAM0 + (n))
#define TO_E      [ROAD_RPU_SIDE_E]
#define TO_W      [ROAD_RPU_SIDE_W]
#define TO_N      [ROAD_RPU_SIDE_N]
#define TO_S      [ROAD_RPU_SIDE_S]
#define RESULT    ROAD_RPU_PASS_RESULT

#endif
