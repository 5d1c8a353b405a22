/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens between queues, and flags between cores. */
#include "simulators/dsa/internal.h"

#include <stdio.h>

#include "simulators/dsa/hazard.h"

#define EVERY_OTHER UINT32_MAX /* for a block */

static uint8_t *counter_of(const struct dsa_core *core, uint32_t block, uint32_t id)
{
	return &core->task->cross[block * ROAD_DSA_CROSS_IDS + id];
}

void dsa_token_text(const struct road_dsa_word *word, char *out, size_t bytes)
{
	if (word->op == ROAD_DSA_OP_cross_wait)
		snprintf(out, bytes, "cross flag %d", word->imm);
	else
		snprintf(out, bytes, "flag %s>%s %d", dsa_queue_names[word->mods & 0xf],
			 dsa_queue_names[word->mods >> 4], word->imm);
}

bool dsa_token_is_set(const struct dsa_core *core, const struct road_dsa_word *word)
{
	if (word->op == ROAD_DSA_OP_cross_wait)
		return core->task->cross && *counter_of(core, core->block, (uint32_t)word->imm) > 0;
	return core->flags[word->mods & 0xf][word->mods >> 4] >> word->imm & 1;
}

/* From where the token was set to where it was awaited. */
static void draw(struct dsa_core *core, const struct road_dsa_word *word, uint32_t source,
		 uint32_t target)
{
	char text[48];

	dsa_token_text(word, text, sizeof(text));
	sim_trace_arrow(core->setup.env, core->lane[source], core->lane[target], text,
			core->flag_ps[source][target][word->imm], core->now);
}

void dsa_token_clear(struct dsa_core *core, const struct road_dsa_word *word)
{
	uint32_t source = word->mods & 0xf, target = word->mods >> 4;

	if (word->op == ROAD_DSA_OP_cross_wait) {
		*counter_of(core, core->block, (uint32_t)word->imm) -= 1;
		dsa_hazards_cross_wait(core->hazards, core->at_queue, (uint32_t)word->imm);
		return;
	}
	core->flags[source][target] &= ~(UINT64_C(1) << word->imm);
	if (core->setup.fidelity == SIM_TRACE)
		draw(core, word, source, target);
	dsa_hazards_wait(core->hazards, source, target, (uint32_t)word->imm);
}

static void raise_cross(struct dsa_core *core, const struct dsa_pending *pending, uint32_t block)
{
	uint8_t *counter = counter_of(core, block, pending->id);
	struct dsa_core *other = core->task->cores ? core->task->cores[block] : NULL;

	if (*counter == ROAD_DSA_CROSS_MAX) {
		sim_violation(
			core->setup.env, core->task->function,
			"cross_set beyond %u: core %u block %u id %u; kernel %u pc %u line %u",
			ROAD_DSA_CROSS_MAX, core->setup.index, block, pending->id,
			core->task->kernel, pending->pc, dsa_line(core, pending->pc));
		return;
	}
	*counter += 1;
	if (other && core->setup.wake)
		core->setup.wake(core->setup.chip, other->setup.index, core->now);
}

static void raise_flag(struct dsa_core *core, const struct dsa_pending *pending)
{
	uint64_t *flags = &core->flags[pending->source][pending->target];
	uint64_t bit = UINT64_C(1) << pending->id;

	if (*flags & bit)
		sim_violation(core->setup.env, core->task->function,
			      "set_flag %s>%s %u is set already: core %u kernel %u pc %u line %u",
			      dsa_queue_names[pending->source], dsa_queue_names[pending->target],
			      pending->id, core->setup.index, core->task->kernel, pending->pc,
			      dsa_line(core, pending->pc));
	*flags |= bit;
	core->flag_pc[pending->source][pending->target][pending->id] = pending->pc;
	core->flag_ps[pending->source][pending->target][pending->id] =
		core->now - dsa_ps(core->params, core->params->sync);
}

static void take_effect(struct dsa_core *core, const struct dsa_pending *pending)
{
	uint32_t first = pending->target_block, last = pending->target_block;

	if (!pending->cross) {
		raise_flag(core, pending);
		return;
	}
	if (first == EVERY_OTHER) {
		first = 0;
		last = core->task->blocks - 1;
	}
	for (uint32_t block = first; block <= last; block++)
		if (block != core->block)
			raise_cross(core, pending, block);
}

/* In `functional` at once. There is room: who sets looked for it. */
static void later(struct dsa_core *core, struct dsa_pending *pending, uint32_t cycles)
{
	if (!core->timed) {
		take_effect(core, pending);
		return;
	}
	pending->time += dsa_ps(core->params, cycles);
	pending->sequence = core->sequence++;
	core->pending[core->pending_count++] = *pending;
}

static bool set_cross(struct dsa_core *core, const struct road_dsa_word *word, uint64_t to_block,
		      struct dsa_pending *pending)
{
	bool others = word->mods & ROAD_DSA_CROSS_OTHERS;
	uint32_t blocks = core->task->blocks;

	if (!core->task->cross || (!others && (to_block >= blocks || to_block == core->block)))
		return dsa_fault(core, ROAD_DSA_FAULT_FLAG, ROAD_DSA_PADS, 0, to_block);
	pending->cross = true;
	pending->target_block = others ? EVERY_OTHER : (uint32_t)to_block;
	dsa_hazards_cross_set(core->hazards, core->at_queue, pending->target_block, pending->id);
	later(core, pending, core->params->cross);
	return true;
}

bool dsa_token_set(struct dsa_core *core, const struct road_dsa_word *word, uint64_t to_block,
		   uint64_t completed)
{
	struct dsa_pending pending = {
		.time = completed > core->now ? completed : core->now,
		.pc = core->at_pc,
		.source = word->mods & 0xf,
		.target = word->mods >> 4,
		.id = (uint8_t)word->imm,
	};

	if (word->op == ROAD_DSA_OP_cross_set)
		return set_cross(core, word, to_block, &pending);
	dsa_hazards_set(core->hazards, pending.source, pending.target, pending.id);
	later(core, &pending, core->params->sync);
	return true;
}

/* ---- what is on its way ---- */

uint64_t dsa_tokens_next(const struct dsa_core *core)
{
	uint64_t next = SIM_NEVER;

	for (uint32_t i = 0; i < core->pending_count; i++)
		if (core->pending[i].time < next)
			next = core->pending[i].time;
	return next;
}

/* The earliest that is due, or pending_count. */
static uint32_t first_due(const struct dsa_core *core)
{
	uint32_t first = core->pending_count;

	for (uint32_t i = 0; i < core->pending_count; i++) {
		const struct dsa_pending *a = &core->pending[i], *b = &core->pending[first];

		if (a->time > core->now)
			continue;
		if (first == core->pending_count || a->time < b->time ||
		    (a->time == b->time && a->sequence < b->sequence))
			first = i;
	}
	return first;
}

void dsa_tokens_apply(struct dsa_core *core)
{
	uint32_t i;

	while ((i = first_due(core)) < core->pending_count) {
		struct dsa_pending pending = core->pending[i];

		core->pending[i] = core->pending[--core->pending_count];
		take_effect(core, &pending);
	}
}

void dsa_tokens_finish(struct dsa_core *core)
{
	for (uint32_t s = 0; s < ROAD_DSA_QUEUES; s++) {
		for (uint32_t t = 0; t < ROAD_DSA_QUEUES; t++) {
			uint64_t left = core->flags[s][t];

			for (uint32_t id = 0; left; id++, left >>= 1) {
				uint32_t pc = core->flag_pc[s][t][id];

				if (!(left & 1))
					continue;
				sim_violation(core->setup.env, core->task->function,
					      "flag %s>%s %u is set at the end: core %u block %u "
					      "kernel %u, set at pc %u line %u",
					      dsa_queue_names[s], dsa_queue_names[t], id,
					      core->setup.index, core->block, core->task->kernel,
					      pc, dsa_line(core, pc));
			}
		}
	}
}
