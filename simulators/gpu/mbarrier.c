/* SPDX-License-Identifier: Apache-2.0 */
#include "simulators/gpu/mbarrier.h"

#include "simulators/gpu/async.h"
#include "simulators/gpu/exec.h"

#include <string.h>

#define MARK_SHIFT  48
#define PHASE_SHIFT 40
#define PHASES      256u

static uint64_t make(uint32_t pending, uint32_t expected, uint32_t phase)
{
	return ROAD_GPU_MBARRIER_MARK << MARK_SHIFT | (uint64_t)(phase % PHASES) << PHASE_SHIFT |
	       (uint64_t)expected << 20 | pending;
}

static bool is_barrier(uint64_t word)
{
	return word >> MARK_SHIFT == ROAD_GPU_MBARRIER_MARK;
}

static uint64_t get(const uint8_t *barrier)
{
	uint64_t word;

	memcpy(&word, barrier, sizeof(word));
	return word;
}

static void put(uint8_t *barrier, uint64_t word)
{
	memcpy(barrier, &word, sizeof(word));
}

/* ---- arrivals ---- */

static enum road_gpu_mbarrier_error arrive(uint8_t *barrier, uint32_t count, bool drop,
					   bool may_complete)
{
	uint64_t word = get(barrier);
	uint32_t pending = ROAD_GPU_MBARRIER_PENDING(word);
	uint32_t expected = ROAD_GPU_MBARRIER_EXPECTED(word);
	uint32_t phase = ROAD_GPU_MBARRIER_PHASE(word);

	if (!is_barrier(word))
		return ROAD_GPU_MBARRIER_NONE;
	if (!count || count > pending || (drop && count > expected))
		return ROAD_GPU_MBARRIER_EXCESS;
	if (count == pending && !may_complete)
		return ROAD_GPU_MBARRIER_COMPLETE;
	expected -= drop ? count : 0;
	if (count == pending)
		put(barrier, make(expected, expected, phase + 1));
	else
		put(barrier, make(pending - count, expected, phase));
	return ROAD_GPU_MBARRIER_OK;
}

enum road_gpu_mbarrier_error road_gpu_mbarrier_arrive(uint8_t *barrier)
{
	return arrive(barrier, 1, false, true);
}

enum road_gpu_mbarrier_error road_gpu_mbarrier_expect(uint8_t *barrier, bool is_new)
{
	uint64_t word = get(barrier);

	if (!is_barrier(word))
		return ROAD_GPU_MBARRIER_NONE;
	if (is_new && ROAD_GPU_MBARRIER_PENDING(word) == ROAD_GPU_MBARRIER_COUNT_MAX)
		return ROAD_GPU_MBARRIER_FULL;
	put(barrier, word + is_new);
	return ROAD_GPU_MBARRIER_OK;
}

uint32_t road_gpu_mbarrier_pending(const uint8_t *barrier)
{
	uint64_t word = get(barrier);

	return is_barrier(word) ? ROAD_GPU_MBARRIER_PENDING(word) : 0;
}

static enum road_gpu_mbarrier_error start(uint8_t *barrier, uint32_t count)
{
	if (!count || count > ROAD_GPU_MBARRIER_COUNT_MAX)
		return ROAD_GPU_MBARRIER_COUNT;
	if (is_barrier(get(barrier)))
		return ROAD_GPU_MBARRIER_LIVE;
	put(barrier, make(count, count, 0));
	return ROAD_GPU_MBARRIER_OK;
}

static enum road_gpu_mbarrier_error end(uint8_t *barrier)
{
	if (!is_barrier(get(barrier)))
		return ROAD_GPU_MBARRIER_NONE;
	put(barrier, 0);
	return ROAD_GPU_MBARRIER_OK;
}

/* What the instruction does to one lane's barrier. */
static enum road_gpu_mbarrier_error act(unsigned what, uint8_t *barrier, uint32_t count)
{
	switch (what) {
	case ROAD_GPU_MBARRIER_INIT: return start(barrier, count);
	case ROAD_GPU_MBARRIER_INVAL: return end(barrier);
	case ROAD_GPU_MBARRIER_ARRIVE: return arrive(barrier, count, false, true);
	case ROAD_GPU_MBARRIER_DROP: return arrive(barrier, count, true, true);
	case ROAD_GPU_MBARRIER_ARRIVE_NO_COMPLETE: return arrive(barrier, count, false, false);
	default: return arrive(barrier, count, true, false);
	}
}

static uint64_t state_of(unsigned what, uint64_t word)
{
	bool tells = what >= ROAD_GPU_MBARRIER_ARRIVE_NO_COMPLETE;

	return make(tells ? ROAD_GPU_MBARRIER_PENDING(word) : 0, 0, ROAD_GPU_MBARRIER_PHASE(word));
}

/* ---- a warp's ---- */

enum road_gpu_fault road_gpu_mbarrier_find(struct road_gpu_warp *warp,
					   const struct road_gpu_insn *insn, uint32_t mask,
					   struct road_gpu_access *access)
{
	enum road_gpu_fault fault;
	uint32_t outside;

	access->insn = insn;
	access->mask = mask;
	access->shared = access->local = 0;
	access->space = ROAD_GPU_SPACE_SHARED;
	access->bytes = insn->bytes;
	access->atomic = true;
	access->store = access->later = access->together = false;
	fault = road_gpu_access_prepare(warp, access);
	outside = fault ? 0 : mask & ~access->shared;
	if (!outside)
		return fault;
	road_gpu_warp_fault(warp, insn, ROAD_GPU_FAULT_MBARRIER, outside,
			    access->address[__builtin_ctz(outside)], ROAD_GPU_MBARRIER_SPACE);
	return ROAD_GPU_FAULT_MBARRIER;
}

static enum road_gpu_fault misused(struct road_gpu_warp *warp, const struct road_gpu_access *access,
				   uint32_t lane, enum road_gpu_mbarrier_error error)
{
	road_gpu_warp_fault(warp, access->insn, ROAD_GPU_FAULT_MBARRIER, 1u << lane,
			    access->address[lane], error);
	return ROAD_GPU_FAULT_MBARRIER;
}

void road_gpu_mbarrier_restore(const struct road_gpu_access *access, uint32_t lanes,
			       const uint64_t *before)
{
	while (lanes) {
		uint32_t lane = 31 - (uint32_t)__builtin_clz(lanes);

		put(access->host[lane], before[lane]);
		lanes &= ~(1u << lane);
	}
}

static enum road_gpu_fault act_all(struct road_gpu_warp *warp, const struct road_gpu_insn *insn,
				   uint32_t mask, struct road_gpu_access *access)
{
	const uint32_t *count = road_gpu_source(warp, insn->b);
	uint64_t *state = road_gpu_target(warp, insn->d), before[ROAD_GPU_WARP_LANES];
	enum road_gpu_mbarrier_error error = ROAD_GPU_MBARRIER_OK;
	uint32_t lane = 0, done = 0;

	for (uint32_t left = mask; left && !error; left &= left - 1) {
		lane = (uint32_t)__builtin_ctz(left);
		before[lane] = get(access->host[lane]);
		error = act(insn->aux, access->host[lane], count[lane]);
		done |= error ? 0 : 1u << lane;
	}
	if (error) {
		road_gpu_mbarrier_restore(access, done, before);
		return misused(warp, access, lane, error);
	}
	for (uint32_t left = mask; left && insn->uses.write_rows; left &= left - 1) {
		lane = (uint32_t)__builtin_ctz(left);
		state[lane] = state_of(insn->aux, before[lane]);
	}
	return ROAD_GPU_FAULT_NONE;
}

/* ---- tests ---- */

struct question {
	uint32_t phase; /* modulo `phases` */
	uint32_t phases;
};

static enum road_gpu_mbarrier_error ask(const struct road_gpu_warp *warp,
					const struct road_gpu_insn *insn, uint32_t lane,
					struct question *question)
{
	const void *b = road_gpu_source(warp, insn->b);

	if (insn->op == ROAD_GPU_OP_mbarrier_parity) {
		*question = (struct question){((const uint32_t *)b)[lane], 2};
		return question->phase > 1 ? ROAD_GPU_MBARRIER_PARITY : ROAD_GPU_MBARRIER_OK;
	}
	uint64_t state = ((const uint64_t *)b)[lane];

	*question = (struct question){ROAD_GPU_MBARRIER_PHASE(state), PHASES};
	return is_barrier(state) ? ROAD_GPU_MBARRIER_OK : ROAD_GPU_MBARRIER_STATE;
}

/* Is it the current phase that is asked for? Then it is not over. */
static bool is_current(const uint8_t *barrier, const struct question *question)
{
	return ROAD_GPU_MBARRIER_PHASE(get(barrier)) % question->phases == question->phase;
}

static enum road_gpu_mbarrier_error check_phase(const uint8_t *barrier,
						const struct question *question)
{
	uint64_t word = get(barrier);
	uint32_t ahead = ROAD_GPU_MBARRIER_PHASE(word) - question->phase;

	if (!is_barrier(word))
		return ROAD_GPU_MBARRIER_NONE;
	return question->phases == PHASES && ahead % PHASES > 1 ? ROAD_GPU_MBARRIER_STATE
								: ROAD_GPU_MBARRIER_OK;
}

static enum road_gpu_fault test_all(struct road_gpu_warp *warp, const struct road_gpu_insn *insn,
				    uint32_t mask, struct road_gpu_access *access)
{
	uint32_t over = 0;

	for (uint32_t left = mask; left; left &= left - 1) {
		uint32_t lane = (uint32_t)__builtin_ctz(left);
		uint8_t *barrier = access->host[lane];
		struct question question;
		enum road_gpu_mbarrier_error error = ask(warp, insn, lane, &question);

		if (!error)
			error = check_phase(barrier, &question);
		if (error)
			return misused(warp, access, lane, error);
		if (is_current(barrier, &question)) {
			enum road_gpu_fault fault =
				road_gpu_async_settle(warp->block, (uint32_t)access->address[lane],
						      road_gpu_mbarrier_pending(barrier));

			if (fault)
				return fault;
		}
		over |= (uint32_t)!is_current(barrier, &question) << lane;
	}
	if (insn->pd != ROAD_GPU_PT)
		warp->preds[insn->pd] = (warp->preds[insn->pd] & ~mask) | over;
	return ROAD_GPU_FAULT_NONE;
}

enum road_gpu_fault road_gpu_mbarrier(struct road_gpu_warp *warp, const struct road_gpu_insn *insn,
				      uint32_t mask, struct road_gpu_access *access)
{
	enum road_gpu_fault fault = road_gpu_mbarrier_find(warp, insn, mask, access);
	bool ends = insn->op == ROAD_GPU_OP_mbarrier && insn->aux == ROAD_GPU_MBARRIER_INVAL;

	/* What copies still owe to a barrier that goes comes before. */
	for (uint32_t left = mask; left && ends && !fault; left &= left - 1)
		fault = road_gpu_async_settle(warp->block,
					      (uint32_t)access->address[__builtin_ctz(left)],
					      ROAD_GPU_ARRIVALS_ALL);
	if (fault)
		return fault;
	return insn->op == ROAD_GPU_OP_mbarrier ? act_all(warp, insn, mask, access)
						: test_all(warp, insn, mask, access);
}
