/* SPDX-License-Identifier: Apache-2.0 */
/* The inner loop of functional mode, and the table by which a variant is known. */
#include "simulators/gpu/async.h"
#include "simulators/gpu/exec_rows.h"

#include "simulators/numbers/vector.h"

#define UNLIKELY(x) __builtin_expect(!!(x), 0)

extern const struct road_sim_vector_ops EXEC_NAME(road_sim_vector_ops);

/* Flags are rare: count, and make block->stats good for who reads a clock. */
static void note_flags(struct road_gpu_warp *warp, const struct road_gpu_insn *insn,
		       uint32_t unaccounted)
{
	struct road_gpu_statistics *stats = &warp->block->stats;

	if (insn->flags & ROAD_GPU_INSN_APPROXIMATE)
		stats->approximate++;
	if (insn->flags & ROAD_GPU_INSN_ORDER_SENSITIVE) {
		stats->warp_instructions += unaccounted;
		warp->accounted += unaccounted;
	}
}

static __attribute__((noinline)) bool copy(struct road_gpu_warp *warp,
					   const struct road_gpu_insn *insn, uint32_t mask)
{
	struct road_gpu_access access;

	return !road_gpu_async_copy(warp, insn, mask, &access);
}

/*
 * Runs one split until it has to stop and choose again, blocks, faults or used its steps up.
 * Everything that can wait stands in local variables meanwhile. Inline, so that who does not ask
 * for words (NULL) does not pay for them.
 */
static inline __attribute__((always_inline)) bool run_split(struct road_gpu_warp *warp,
							    uint32_t steps, uint32_t *ran,
							    struct road_gpu_word_counters *words)
{
	struct road_gpu_block *block = warp->block;
	struct road_gpu_split *split = &warp->split[warp->current];
	const struct road_gpu_insn *code = warp->code;
	const uint32_t active = split->mask, meet = warp->meet;
	uint32_t pc = split->pc, done = 0;
	uint64_t threads = 0;
	struct road_gpu_step step;
	bool good = true;

	warp->accounted = 0;
	do {
		const struct road_gpu_insn *insn = &code[pc];
		uint32_t mask = active & road_gpu_predicate(warp, insn->guard);

		done++;
		threads += (unsigned)__builtin_popcount(mask);
		if (words) {
			words[pc].issues++;
			words[pc].lanes += (unsigned)__builtin_popcount(mask);
		}
		block->stats.by_unit[insn->unit]++;
		if (UNLIKELY(insn->flags))
			note_flags(warp, insn, done - warp->accounted);
		switch (insn->kind) {
		case ROAD_GPU_KIND_ALU:
			if (mask)
				insn->exec(warp, insn, mask);
			good = !(insn->flags & ROAD_GPU_INSN_SLOW) || !block->fault.code;
			pc += good;
			break;
		case ROAD_GPU_KIND_LOAD:
		case ROAD_GPU_KIND_STORE:
			if (mask)
				EXEC_NAME(road_gpu_exec_row)(warp, insn, mask);
			good = !block->fault.code;
			pc += good;
			break;
		case ROAD_GPU_KIND_ATOMIC:
			good = !mask || !EXEC_NAME(road_gpu_exec_atomic)(warp, insn, mask);
			pc += good;
			break;
		case ROAD_GPU_KIND_COPY:
			good = !mask || copy(warp, insn, mask);
			pc += good;
			break;
		case ROAD_GPU_KIND_SYNC:
			if (road_gpu_sync_whole(warp, insn, mask)) {
				insn->exec(warp, insn, mask);
				pc++;
				break;
			}
			goto control;
		case ROAD_GPU_KIND_BRANCH:
			if (mask == active && ((uint32_t)insn->imm > pc || meet == UINT32_MAX)) {
				pc = (uint32_t)insn->imm;
				break;
			}
			/* fall through */
		default:
		control:
			split->pc = pc;
			step = (struct road_gpu_step){.insn = insn};
			good = road_gpu_warp_control(warp, insn, active, mask, &step);
			goto out; /* splits may have moved */
		}
	} while (good && done < steps && pc < meet);
	split->pc = pc;
out:
	block->stats.warp_instructions += done - warp->accounted;
	block->stats.thread_instructions += threads;
	*ran += done;
	return good;
}

static inline __attribute__((always_inline)) enum road_gpu_run
run_splits(struct road_gpu_warp *warp, uint32_t steps, uint32_t *ran,
	   struct road_gpu_word_counters *words)
{
	*ran = 0;
	while (*ran < steps) {
		if (!road_gpu_warp_peek(warp))
			return ROAD_GPU_RUN_BLOCKED;
		if (!run_split(warp, steps - *ran, ran, words))
			return ROAD_GPU_RUN_FAULT;
	}
	return ROAD_GPU_RUN_STEPS;
}

static __attribute__((noinline)) enum road_gpu_run run_counted(struct road_gpu_warp *warp,
							       uint32_t steps, uint32_t *ran)
{
	return run_splits(warp, steps, ran, warp->block->launch->config.words);
}

enum road_gpu_run EXEC_NAME(road_gpu_exec_run)(struct road_gpu_warp *warp, uint32_t steps,
					       uint32_t *ran)
{
	if (UNLIKELY(warp->block->launch->config.words))
		return run_counted(warp, steps, ran);
	return run_splits(warp, steps, ran, NULL);
}

/* Of loads and stores it is what functional mode runs; control is road_gpu_warp_control(). */
static road_gpu_exec_fn executor(const struct road_gpu_insn *insn)
{
	if (insn->kind == ROAD_GPU_KIND_LOAD || insn->kind == ROAD_GPU_KIND_STORE)
		return EXEC_NAME(road_gpu_exec_rows32)(insn);
	if (insn->kind != ROAD_GPU_KIND_ALU && insn->kind != ROAD_GPU_KIND_SYNC)
		return NULL;

	const road_gpu_exec_fn by_modifier[] = {
		EXEC_NAME(road_gpu_exec_saturating)(insn),
		EXEC_NAME(road_gpu_exec_move)[insn->op],
		EXEC_NAME(road_gpu_exec_int)[insn->op],
		EXEC_NAME(road_gpu_exec_bits)[insn->op],
		EXEC_NAME(road_gpu_exec_wide)[insn->op],
		EXEC_NAME(road_gpu_exec_compare)[insn->op],
		EXEC_NAME(road_gpu_exec_half)[insn->op],
		EXEC_NAME(road_gpu_exec_carry)[insn->op],
		EXEC_NAME(road_gpu_exec_matrix)[insn->op],
		EXEC_NAME(road_gpu_exec_warp)[insn->op],
		EXEC_NAME(road_gpu_exec_float)(insn),
		EXEC_NAME(road_gpu_exec_double)(insn),
		EXEC_NAME(road_gpu_exec_cvt)(insn),
	};

	for (unsigned i = 0; i < sizeof(by_modifier) / sizeof(by_modifier[0]); i++) {
		if (by_modifier[i])
			return by_modifier[i];
	}
	return NULL;
}

extern const struct road_gpu_variant EXEC_NAME(road_gpu_variant);
const struct road_gpu_variant EXEC_NAME(road_gpu_variant) = {
	.vector = &EXEC_NAME(road_sim_vector_ops),
	.executor = executor,
	.access = EXEC_NAME(road_gpu_exec_access),
	.together = EXEC_NAME(road_gpu_exec_together),
	.run = EXEC_NAME(road_gpu_exec_run),
};
