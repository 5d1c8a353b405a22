/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many rounds at once. While all words are enabled, what an operand holds can be followed back
 * through links and registers to the op, the token or the constant that it is, so many rounds
 * before. So data needs neither links nor registers: each op is a row of values, one a round, and
 * ops that no recurrence runs through are computed a row at a time. Timing stays what it is: the
 * streams run cycle by cycle, and give and take what the rows hold.
 */
#ifndef SIMULATORS_RPU_FABRIC_BATCH_H
#define SIMULATORS_RPU_FABRIC_BATCH_H

#include "simulators/rpu/fabric/internal.h"
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
	RPU_GROUP_FOLD, /* one whose last operand is its result of the round before */
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
};

/* NULL: this configuration is none that can, or memory is short: it runs without. */
struct rpu_batch *rpu_batch_make(const struct rpu_config *config);
void rpu_batch_free(struct rpu_batch *batch);

/* Whether the launch's streams are such that reading ahead sees the same. */
bool rpu_batch_fits(const struct rpu_fabric *fabric);

/* Rows of this batch, from the values of those before and the streams' tokens to come. */
void rpu_batch_enter(struct rpu_fabric *fabric, struct rpu_batch *batch);
void rpu_batch_compute(struct rpu_fabric *fabric, struct rpu_batch *batch);
void rpu_batch_shift(struct rpu_batch *batch);
/* Registers and results on their way, as at the begin of the first round of the rows. */
void rpu_batch_leave(struct rpu_fabric *fabric, const struct rpu_batch *batch);

static inline uint32_t *rpu_batch_row(const struct rpu_batch *batch, uint32_t series)
{
	return batch->values + (size_t)series * batch->stride + batch->history;
}

#endif
