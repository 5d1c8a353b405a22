/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The time of a batch. Cycle by cycle it is only counting; and as long as every stream's accesses
 * just follow the fabric's moves and no two of them want one bank, rounds are alike and are leapt
 * over at once.
 */
#include <string.h>

#include "simulators/rpu/fabric/batch.h"

enum { WAIT_AFTER_CLASH = 4 }; /* rounds until it is worth looking again */

/* ---- rounds that are alike ---- */

/* Rounds of u8 that are equal nowhere before; at most count. Reads up to 7 beyond. */
static uint32_t differing(const uint8_t *a, const uint8_t *b, uint32_t count)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);

	for (uint32_t i = 0; i < count; i += 8) {
		uint64_t x, y, zero;

		memcpy(&x, a + i, sizeof(x));
		memcpy(&y, b + i, sizeof(y));
		x ^= y;
		zero = (x - ones) & ~x & ones << 7;
		if (!zero)
			continue;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
		i += (uint32_t)__builtin_ctzll(zero) / 8;
#endif
		return i < count ? i : count;
	}
	return count;
}

static uint32_t rounds_apart(const struct rpu_lane *a, uint32_t a_access, const struct rpu_lane *b,
			     uint32_t b_access, uint32_t rounds)
{
	const uint8_t *x = a->bank + a->next + a_access, *y = b->bank + b->next + b_access;

	if (a->uses == 1 && b->uses == 1)
		return differing(x, y, rounds);
	for (uint32_t n = 0; n < rounds; n++)
		if (x[n * a->uses] == y[n * b->uses])
			return n;
	return rounds;
}

/* Of those that make an access in this step, as rpu_batch_access has them. */
static uint32_t rounds_without_clash(const struct rpu_batch *batch, struct rpu_range range,
				     uint32_t rounds)
{
	const struct rpu_batch_access *access = batch->accesses + range.first;

	for (uint32_t i = 1; i < range.count; i++)
		for (uint32_t k = 0; k < i && rounds; k++)
			rounds = rounds_apart(&batch->lanes[access[i].lane], access[i].number,
					      &batch->lanes[access[k].lane], access[k].number,
					      rounds);
	return rounds;
}

/* Whether it goes on as it is, if it gets all its banks; at a round's begin. */
static bool is_regular(const struct rpu_lane *lane, uint32_t rounds)
{
	if (lane->left < (uint64_t)rounds * lane->uses ||
	    ROAD_RPU_FIFO - lane->room < lane->latency)
		return false;
	return lane->each ? lane->room > 0 : lane->room == lane->pending;
}

static uint32_t at_most(uint32_t rounds, uint64_t cycles, uint32_t interval)
{
	return cycles / interval < rounds ? (uint32_t)(cycles / interval) : rounds;
}

/* Rounds from here on in which nothing stalls and no bank is lost, before cycle `end`. */
static uint32_t rounds_alike(struct rpu_fabric *fabric, uint32_t rounds, uint64_t end)
{
	const struct rpu_batch *batch = fabric->batch;
	uint32_t interval = fabric->config->interval;
	uint64_t cycle = fabric->counters.cycles;

	if (fabric->injection.of_fabric || fabric->injection.of_stream)
		return 0;
	rounds = at_most(rounds, end - cycle, interval);
	if (!rounds) /* who has which banks from `end` on is not known yet */
		return 0;
	if (fabric->memory.busy) {
		if (rpu_free_banks(fabric) != rpu_all_banks(fabric))
			return 0;
		rounds = at_most(rounds, fabric->busy_until - cycle, interval);
	}
	for (uint32_t l = 0; l < batch->lane_count; l++)
		if (!is_regular(&batch->lanes[l], rounds))
			return 0;
	for (uint32_t s = 0; s < interval && rounds; s++)
		rounds = rounds_without_clash(batch, batch->steps[s].accesses, rounds);
	return rounds;
}

static void leap(struct rpu_fabric *fabric, uint32_t rounds)
{
	struct rpu_batch *batch = fabric->batch;
	uint32_t cycles = rounds * fabric->config->interval;

	for (uint32_t l = 0; l < batch->lane_count; l++) {
		struct rpu_lane *lane = &batch->lanes[l];
		uint32_t young = (1u << lane->latency) - 1;

		lane->next += rounds * lane->uses;
		lane->left -= rounds * lane->uses;
		if (cycles < 32)
			lane->history =
				lane->history << cycles | (lane->pattern & ((1u << cycles) - 1));
		else
			lane->history = lane->pattern;
		if (!lane->write)
			lane->ready = ROAD_RPU_FIFO - lane->room -
				      (uint32_t)__builtin_popcount(lane->history & young);
	}
	fabric->counters.cycles += cycles;
	fabric->at += cycles;
	fabric->shortcuts.leapt += rounds;
}

/* ---- a cycle ---- */

static inline uint64_t access(struct rpu_lane *lane, uint64_t taken, bool may)
{
	uint32_t bank = lane->bank[lane->next];
	uint32_t made = (uint32_t)(~taken >> bank) & (lane->room != 0) & (lane->left != 0) & may;

	lane->room -= made;
	lane->next += made;
	lane->left -= made;
	lane->history = lane->history << 1 | made;
	lane->ready += lane->history >> lane->latency & 1;
	return taken | (uint64_t)made << bank;
}

/* Engines that may be stalled from without. */
static void run_lanes_injected(struct rpu_fabric *fabric, uint64_t taken)
{
	struct rpu_batch *batch = fabric->batch;
	uint32_t of = fabric->injection.of_stream;

	for (uint32_t l = 0; l < batch->lane_count; l++) {
		struct rpu_lane *lane = &batch->lanes[l];

		taken = access(lane, taken, !lane->left || !rpu_injected(&fabric->injection, of));
	}
}

static void run_lanes(struct rpu_fabric *fabric)
{
	struct rpu_batch *batch = fabric->batch;
	struct rpu_lane *lane = batch->lanes, *end = lane + batch->lane_count;
	uint64_t taken = 0;

	if (fabric->memory.busy)
		taken = rpu_all_banks(fabric) & ~rpu_free_banks(fabric);
	if (fabric->injection.of_stream) {
		run_lanes_injected(fabric, taken);
		return;
	}
	for (; lane < end; lane++)
		taken = access(lane, taken, true);
}

/* The fabric's part of a cycle. */
static bool make_moves(struct rpu_fabric *fabric, const struct rpu_batch_step *step)
{
	struct rpu_batch *batch = fabric->batch;
	const uint8_t *moving = batch->moving + step->moving.first;

	for (uint32_t i = 0; i < step->moving.count; i++) {
		const struct rpu_lane *lane = &batch->lanes[moving[i]];

		if (lane->ready)
			continue;
		rpu_stall_on(fabric, lane->write ? RPU_STALL_FULL : RPU_STALL_EMPTY, lane->stream);
		return false;
	}
	for (uint32_t i = 0; i < step->moving.count; i++) {
		struct rpu_lane *lane = &batch->lanes[moving[i]];

		lane->ready--;
		lane->room++;
	}
	return true;
}

/* One round; false: the cycles ended within. */
static bool run_round(struct rpu_fabric *fabric, uint64_t end)
{
	const struct rpu_batch *batch = fabric->batch;
	uint32_t step = 0, interval = fabric->config->interval;

	while (step < interval) {
		if (fabric->counters.cycles == end)
			return false;
		run_lanes(fabric);
		if (rpu_injected(&fabric->injection, fabric->injection.of_fabric)) {
			rpu_stall_on(fabric, RPU_STALL_INJECTED, ROAD_RPU_STREAMS);
		} else if (make_moves(fabric, &batch->steps[step])) {
			step++;
			fabric->at++;
		}
		fabric->counters.cycles++;
	}
	return true;
}

bool rpu_batch_pace(struct rpu_fabric *fabric, uint64_t end)
{
	uint32_t left = RPU_BATCH_ROUNDS, wait = 0;

	while (left) {
		uint32_t alike = wait ? 0 : rounds_alike(fabric, left, end);

		if (alike) {
			leap(fabric, alike);
			left -= alike;
			continue;
		}
		wait = wait ? wait - 1 : WAIT_AFTER_CLASH - 1;
		if (!run_round(fabric, end))
			return false;
		left--;
	}
	return true;
}
