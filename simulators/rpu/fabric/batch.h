/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many rounds at once. While all words are enabled, what an operand holds can be followed back
 * through links and registers to the op, the token or the constant that it is, so many rounds
 * before. So data needs neither links nor registers: each op is a row of values, one a round, and
 * ops that no recurrence runs through are computed a row at a time. Time is another matter, that
 * knows no values: lanes.h, pace.c.
 */
#ifndef SIMULATORS_RPU_FABRIC_BATCH_H
#define SIMULATORS_RPU_FABRIC_BATCH_H

#include "simulators/rpu/fabric/internal.h"
#include "simulators/rpu/fabric/lanes.h"
#include "simulators/rpu/fabric/rows.h"

#define RPU_BATCH_ROUNDS RPU_ROW
#define RPU_HISTORY_MAX  64u /* rounds that a value may be old */

/* A series of values, one a round: first those of words, then of pops, then constants. */
struct rpu_ref {
	uint16_t series;
	uint16_t age; /* rounds */
};

struct rpu_batch_op {
	uint32_t word; /* its series too */
	struct rpu_ref in[3];
};

enum rpu_group_kind {
	RPU_GROUP_ROW,  /* one op that does not depend on itself */
	RPU_GROUP_FOLD, /* one whose last operand is its own result of some rounds before */
	RPU_GROUP_RING  /* ops that depend on each other, round by round */
};

struct rpu_batch_group {
	struct rpu_range ops;
	enum rpu_group_kind kind;
};

#define RPU_RING_MAX 32u /* ops of a ring; a configuration with a longer one has no batches */

/* What a register holds when a round begins. */
struct rpu_batch_place {
	uint16_t place;
	struct rpu_ref ref;
};

/* An access of a lane in a step: the how-manieth of those that it makes in a round. */
struct rpu_batch_access {
	uint8_t lane, number;
};

/* A step, by lanes in the order of their streams. */
struct rpu_batch_step {
	struct rpu_range moving;   /* those whose token the fabric moves */
	struct rpu_range accesses; /* that follow the moves of the step before */
};

struct rpu_batch {
	const struct rpu_config *config;
	const struct rpu_row_ops *rows;
	struct rpu_batch_op *ops; /* in an order in which they can be computed */
	struct rpu_batch_group *groups;
	struct rpu_batch_place *places;
	uint16_t *constants; /* their places */
	uint32_t op_count, group_count, place_count, constant_count;
	uint32_t pop_series, constant_series, series; /* first of pops; of constants; all */
	uint32_t history, stride; /* values of a series: history, then those of a batch */
	uint64_t from; /* cycle from which on registers hold what was traced: all had its turn */
	uint32_t *values;
	struct rpu_lane lanes[ROAD_RPU_STREAMS];
	uint32_t lane_count;
	struct rpu_ref *moves;
	struct rpu_batch_step steps[ROAD_RPU_INTERVAL_MAX];
	uint8_t *moving;
	struct rpu_batch_access *accesses;
	uint32_t *tokens; /* of all lanes, and the banks that they want */
	uint8_t *banks;
};

/* NULL: this configuration is none that can, or memory is short: it runs without. */
struct rpu_batch *rpu_batch_make(const struct rpu_config *config);
void rpu_batch_free(struct rpu_batch *batch);

/* Whether the launch's streams are such that reading ahead sees the same. */
bool rpu_batch_fits(const struct rpu_fabric *fabric);

/* lanes_make.c: the parts of a batch that are about streams; false: memory is short. */
bool rpu_lanes_make(struct rpu_batch *batch);

/* Rows of this batch, from the values of those before and the streams' tokens to come. False: it
 * cannot begin in this cycle. */
bool rpu_batch_enter(struct rpu_fabric *fabric, struct rpu_batch *batch);
void rpu_batch_compute(struct rpu_fabric *fabric, struct rpu_batch *batch);
void rpu_batch_shift(struct rpu_batch *batch);
/* The batch's cycles, all that count; false: they ended within, at cycle `end`. */
bool rpu_batch_pace(struct rpu_fabric *fabric, uint64_t end);
/* Registers and results on their way, as at the begin of the first round of the rows. */
void rpu_batch_leave(struct rpu_fabric *fabric, const struct rpu_batch *batch);

static inline uint32_t *rpu_batch_row(const struct rpu_batch *batch, uint32_t series)
{
	return batch->values + (size_t)series * batch->stride + batch->history;
}

#endif
