/* SPDX-License-Identifier: Apache-2.0 */
/* Counters of a kernel's words while its launch runs: of each SM by itself, then one sum. */
#include "simulators/gpu/timing_internal.h"

#include <stdlib.h>
#include <string.h>

static uint32_t word_count(const struct gpu_launch *launch)
{
	return launch->exec->config.code->desc.word_count + 1; /* with the end */
}

bool gpu_words_create(const struct road_gpu_timing *timing, struct gpu_launch *launch)
{
	size_t count = (size_t)timing->params->sm_count * word_count(launch);

	if (!launch->exec->config.words)
		return true;
	launch->words = calloc(count, sizeof(*launch->words));
	return launch->words != NULL;
}

struct road_gpu_word_counters *gpu_words_of(const struct gpu_launch *launch, uint32_t sm)
{
	return launch->words ? launch->words + (size_t)sm * word_count(launch) : NULL;
}

/* What of the SM's counters a word has a part in. */
static struct road_gpu_word_counters read_counters(const struct gpu_sm *sm)
{
	const struct road_gpu_timing_counters *c = &sm->counters;
	struct road_gpu_word_counters out = {.issues = c->warp_instructions,
					     .lanes = c->thread_instructions,
					     .sectors = c->sectors,
					     .sectors_ideal = c->sectors_ideal,
					     .replays = c->shared_replays};

	memcpy(out.stalls, c->stalls, sizeof(out.stalls));
	return out;
}

/* A warp that waits at a barrier stands behind it. */
void gpu_word_begin(struct gpu_sm *sm, const struct gpu_warp *w)
{
	const struct gpu_launch *launch = w->block->launch;
	uint32_t pc =
		w->insn ? (uint32_t)(w->op - launch->ops) : w->exec->split[w->exec->current].pc;

	sm->word = &w->words[pc];
	sm->before = read_counters(sm);
}

#define MEMBERS (sizeof(struct road_gpu_word_counters) / sizeof(uint64_t))

void gpu_word_end(struct gpu_sm *sm)
{
	const struct road_gpu_word_counters now = read_counters(sm);
	const uint64_t *after = (const uint64_t *)&now, *before = (const uint64_t *)&sm->before;
	uint64_t *to = (uint64_t *)sm->word;

	for (size_t i = 0; i < MEMBERS; i++)
		to[i] += after[i] - before[i];
	sm->word = NULL;
}

void gpu_words_deliver(const struct road_gpu_timing *timing, const struct gpu_launch *launch)
{
	if (!launch->words)
		return;
	uint64_t *to = (uint64_t *)launch->exec->config.words;
	size_t count = word_count(launch) * MEMBERS;

	for (uint32_t sm = 0; sm < timing->params->sm_count; sm++) {
		const uint64_t *from = (const uint64_t *)gpu_words_of(launch, sm);

		for (size_t i = 0; i < count; i++)
			to[i] += from[i];
	}
}
