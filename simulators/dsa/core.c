/* SPDX-License-Identifier: Apache-2.0 */
/* A core: its life, and how it runs in the two modes. */
#include "simulators/dsa/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "simulators/dsa/hazard.h"
#include "simulators/dsa/rows.h"

/* ---- life ---- */

struct dsa_core *dsa_core_create(const struct dsa_core_setup *setup)
{
	struct dsa_core *core = calloc(1, sizeof(*core));
	bool complete = core != NULL;

	if (!core)
		return NULL;
	core->setup = *setup;
	core->params = setup->params;
	core->timed = setup->fidelity != SIM_FUNCTIONAL;
	core->vector = dsa_vector_ops_in_use();
	for (uint32_t p = 0; p < ROAD_DSA_PADS; p++) {
		core->pad[p] = malloc(core->params->pad_bytes[p] + ROAD_DSA_ALIGN);
		core->dirty[p] = core->params->pad_bytes[p];
		complete = complete && core->pad[p];
	}
	core->scratch = malloc(core->params->pad_bytes[ROAD_DSA_PAD_UB] + ROAD_DSA_ALIGN);
	core->panels = aligned_alloc(
		64, dsa_round(dsa_cube_panels(core->params->pad_bytes[ROAD_DSA_PAD_L0A],
					      core->params->pad_bytes[ROAD_DSA_PAD_L0B]) +
				      1,
			      64));
	for (uint32_t q = 0; q < ROAD_DSA_QUEUES; q++) {
		core->queue[q].ring = calloc(core->params->queue_depth, sizeof(struct dsa_entry));
		complete = complete && core->queue[q].ring;
		snprintf(core->lane[q], sizeof(core->lane[q]), "core%u.%s", setup->index,
			 dsa_queue_names[q]);
	}
	if (setup->hazards)
		core->hazards = dsa_hazards_create(core);
	if (complete && core->scratch && core->panels && (core->hazards || !setup->hazards))
		return core;
	dsa_core_destroy(core);
	return NULL;
}

void dsa_core_destroy(struct dsa_core *core)
{
	if (!core)
		return;
	dsa_hazards_destroy(core->hazards);
	for (uint32_t p = 0; p < ROAD_DSA_PADS; p++)
		free(core->pad[p]);
	for (uint32_t q = 0; q < ROAD_DSA_QUEUES; q++)
		free(core->queue[q].ring);
	free(core->scratch);
	free(core->panels);
	free(core);
}

void dsa_core_wipe(struct dsa_core *core)
{
	memset(core->x, 0, sizeof(core->x));
	for (uint32_t p = 0; p < ROAD_DSA_PADS; p++) {
		memset(core->pad[p], ROAD_DSA_POISON, core->dirty[p]);
		core->dirty[p] = 0;
	}
}

void dsa_core_start(struct dsa_core *core, const struct dsa_task *task, uint32_t block,
		    uint64_t now)
{
	const struct road_dsa_kernel *kernel = &task->code->kernels[task->kernel];

	core->task = task;
	core->words = task->code->words + kernel->first_word;
	core->word_count = kernel->word_count;
	core->block = block;
	core->pc = 0;
	core->ran = 0;
	core->now = core->s_time = core->s_began = now;
	core->pending_count = 0;
	/* never 0, and not the same for all blocks */
	core->random = (core->setup.seed + block * UINT64_C(0x9e3779b97f4a7c15)) | 1;
	memset(core->flags, 0, sizeof(core->flags));
	memset(core->flight, 0, sizeof(core->flight));
	memset(&core->fault, 0, sizeof(core->fault));
	for (uint32_t q = 0; q < ROAD_DSA_QUEUES; q++) {
		struct dsa_queue *queue = &core->queue[q];

		queue->first = queue->count = 0;
		queue->free_at = queue->drain = now;
		queue->blocked = false;
	}
	dsa_core_wipe(core);
	dsa_microcode_take(core, task->microcode);
	if (core->hazards)
		dsa_hazards_begin(core->hazards);
	core->counts.blocks++;
	core->state = DSA_CORE_RUNS;
}

void dsa_core_stood(struct dsa_core *core, uint64_t ps)
{
	core->now += ps;
	core->s_time += ps;
	core->s_began += ps;
	for (uint32_t q = 0; q < ROAD_DSA_QUEUES; q++) {
		core->queue[q].free_at += ps;
		core->queue[q].drain += ps;
		core->queue[q].blocked_since += ps;
		for (uint32_t to = 0; to < ROAD_DSA_QUEUES; to++)
			for (uint32_t id = 0; id < DSA_FLAGS_MAX; id++)
				core->flag_ps[q][to][id] += ps;
	}
	for (uint32_t i = 0; i < core->pending_count; i++)
		core->pending[i].time += ps;
	for (uint32_t i = 0; i < DSA_FLIGHTS; i++)
		core->flight[i].end += ps;
}

void dsa_core_stop(struct dsa_core *core)
{
	core->task = NULL;
	core->state = DSA_CORE_IDLE;
}

const struct dsa_core_fault *dsa_core_fault(const struct dsa_core *core)
{
	return &core->fault;
}

const struct dsa_core_counts *dsa_core_counts(const struct dsa_core *core)
{
	return &core->counts;
}

/* ---- faults, and what accesses go through ---- */

uint32_t dsa_line(const struct dsa_core *core, uint32_t pc)
{
	const struct dsa_code *code = core->task->code;
	uint32_t word = code->kernels[core->task->kernel].first_word + pc;

	return code->lines && pc < core->word_count ? code->lines[word] : 0;
}

bool dsa_fault(struct dsa_core *core, enum road_dsa_fault kind, uint32_t pad, uint64_t address,
	       uint64_t detail)
{
	core->fault = (struct dsa_core_fault){
		.kind = kind,
		.address = address,
		.detail = detail,
		.pc = core->at_pc,
		.line = dsa_line(core, core->at_pc),
		.queue = core->at_queue,
		.pad = pad,
		.block = core->block,
	};
	core->state = DSA_CORE_FAULTED;
	return false;
}

uint8_t *dsa_pad(struct dsa_core *core, enum road_dsa_pad pad, uint64_t offset, uint64_t bytes,
		 uint32_t align, bool write)
{
	uint64_t size = core->params->pad_bytes[pad];

	if (offset % align) {
		dsa_fault(core, ROAD_DSA_FAULT_MISALIGNED, pad, offset, align);
		return NULL;
	}
	if (offset > size || bytes > size - offset) {
		dsa_fault(core, ROAD_DSA_FAULT_BOUNDS, pad, offset, bytes);
		return NULL;
	}
	if (write && offset + bytes > core->dirty[pad])
		core->dirty[pad] = offset + bytes;
	return core->pad[pad] + offset;
}

bool dsa_global(struct dsa_core *core, uint64_t va, uint64_t bytes, bool write,
		struct dsa_piece *out)
{
	enum road_dsa_fault kind = dsa_view_find(core->task->view, va, bytes, write, out);

	return kind ? dsa_fault(core, kind, ROAD_DSA_PADS, va, bytes) : true;
}

void dsa_touch(struct dsa_core *core, const struct dsa_piece *piece, uint64_t offset,
	       uint64_t bytes, bool write)
{
	struct road_poison *poison = core->task->poison;
	uint64_t first;

	dsa_hazards_global(core->hazards, piece, offset, bytes, write);
	if (!poison || !poison->count || piece->system)
		return;
	if (write)
		road_poison_clear(poison, piece->pa + offset, bytes);
	else if (road_poison_find(poison, piece->pa + offset, bytes, &first))
		dsa_fault(core, ROAD_DSA_FAULT_ECC, ROAD_DSA_PADS, piece->va + (first - piece->pa),
			  bytes);
}

/* ---- nothing can move ---- */

static bool is_wait(const struct road_dsa_word *word)
{
	return word->op == ROAD_DSA_OP_wait_flag || word->op == ROAD_DSA_OP_cross_wait;
}

void dsa_core_deadlock(struct dsa_core *core)
{
	uint32_t awaited = 0, first_queue = 0, first_pc = core->pc;
	char text[48];

	for (uint32_t q = 0; q < ROAD_DSA_QUEUES; q++) {
		uint32_t pc;
		const struct road_dsa_word *word = dsa_queue_head(core, q, &pc);

		if (!word || !is_wait(word))
			continue;
		if (!awaited++) {
			first_queue = q;
			first_pc = pc;
		}
		dsa_token_text(word, text, sizeof(text));
		sim_violation(core->setup.env, core->task->function,
			      "deadlock: core %u queue %s awaits %s; kernel %u pc %u line %u",
			      core->setup.index, dsa_queue_names[q], text, core->task->kernel, pc,
			      dsa_line(core, pc));
	}
	core->at_queue = first_queue;
	core->at_pc = first_pc;
	dsa_fault(core, ROAD_DSA_FAULT_DEADLOCK, ROAD_DSA_PADS, 0, awaited);
}

/* Some queue waits for another core; if none does, nobody can help. */
static enum dsa_core_state stuck(struct dsa_core *core)
{
	for (uint32_t q = 0; q < ROAD_DSA_QUEUES; q++) {
		uint32_t pc;
		const struct road_dsa_word *word = dsa_queue_head(core, q, &pc);

		if (word && word->op == ROAD_DSA_OP_cross_wait)
			return DSA_CORE_WAITS;
	}
	dsa_core_deadlock(core);
	return core->state;
}

static enum dsa_core_state finish(struct dsa_core *core)
{
	dsa_tokens_finish(core);
	return DSA_CORE_DONE;
}

/* ---- functional ---- */

static uint64_t next_random(struct dsa_core *core)
{
	uint64_t x = core->random; /* xorshift64, Marsaglia (2003) */

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	core->random = x;
	return x * UINT64_C(0x2545f4914f6cdd1d) >> 32;
}

/* One instruction of S or of the lowest queue that can go on. */
static enum dsa_step step_in_order(struct dsa_core *core)
{
	enum dsa_step step = dsa_scalar_step(core);

	for (uint32_t q = 1; q < ROAD_DSA_QUEUES && step == DSA_STEP_STALL; q++)
		if (dsa_queue_ready(core, q))
			step = dsa_queue_issue(core, q) ? DSA_STEP_DONE : DSA_STEP_FAULT;
	return step;
}

/* One instruction of any queue that can go on, each as likely. */
static enum dsa_step step_at_random(struct dsa_core *core)
{
	uint32_t candidates[ROAD_DSA_QUEUES], count = 0;

	candidates[count++] = ROAD_DSA_QUEUE_S;
	for (uint32_t q = 1; q < ROAD_DSA_QUEUES; q++)
		if (dsa_queue_ready(core, q))
			candidates[count++] = q;
	while (count) {
		uint32_t i = (uint32_t)(next_random(core) % count), q = candidates[i];
		enum dsa_step step;

		if (q != ROAD_DSA_QUEUE_S)
			return dsa_queue_issue(core, q) ? DSA_STEP_DONE : DSA_STEP_FAULT;
		step = dsa_scalar_step(core);
		if (step != DSA_STEP_STALL)
			return step;
		candidates[i] = candidates[--count];
	}
	return DSA_STEP_STALL;
}

static enum dsa_core_state run_functional(struct dsa_core *core, uint64_t start, uint32_t budget,
					  uint64_t *next)
{
	uint32_t steps = 0;
	enum dsa_core_state state = DSA_CORE_RUNS;

	while (steps < budget && state == DSA_CORE_RUNS) {
		enum dsa_step step;

		core->now = core->s_time = start + dsa_ps(core->params, steps);
		step = core->setup.seed ? step_at_random(core) : step_in_order(core);
		steps += step == DSA_STEP_DONE;
		if (step == DSA_STEP_FAULT)
			state = DSA_CORE_FAULTED;
		else if (step == DSA_STEP_END)
			state = finish(core);
		else if (step == DSA_STEP_STALL)
			state = stuck(core);
	}
	*next = state == DSA_CORE_WAITS ? SIM_NEVER : start + dsa_ps(core->params, steps);
	return state;
}

/* ---- approx, trace ---- */

enum { PRIVATE_STEPS = 1024 }; /* of S in one call, ahead of the chip's time */

/* Takes S as far as it can go at this time; of what only S sees, further. */
static enum dsa_step run_scalar(struct dsa_core *core, uint64_t now, bool *moved)
{
	for (uint32_t steps = 0; core->s_time <= now || dsa_scalar_is_private(core); steps++) {
		bool ahead = core->s_time > now; /* then no queue can go on for it */
		enum dsa_step step;

		if (steps == PRIVATE_STEPS)
			break;
		core->now = ahead ? core->s_time : now;
		step = dsa_scalar_step(core);
		core->now = now;
		if (step != DSA_STEP_DONE)
			return step;
		*moved |= !ahead;
	}
	return DSA_STEP_DONE;
}

/* Lets queues begin what they can; false: a fault. */
static bool run_queues(struct dsa_core *core, bool *moved)
{
	for (uint32_t q = 1; q < ROAD_DSA_QUEUES; q++) {
		while (dsa_queue_ready(core, q)) {
			if (!dsa_queue_issue(core, q))
				return false;
			*moved = true;
		}
	}
	return true;
}

static void earliest(uint64_t *next, uint64_t now, uint64_t time)
{
	if (time > now && time < *next)
		*next = time;
}

static uint64_t next_time(const struct dsa_core *core, uint64_t now)
{
	uint64_t next = dsa_tokens_next(core);

	earliest(&next, now, core->s_time);
	for (uint32_t q = 1; q < ROAD_DSA_QUEUES; q++) {
		earliest(&next, now, core->queue[q].free_at);
		earliest(&next, now, core->queue[q].drain);
	}
	for (uint32_t i = 0; i < DSA_FLIGHTS; i++)
		earliest(&next, now, core->flight[i].end);
	return next;
}

static enum dsa_core_state run_timed(struct dsa_core *core, uint64_t now, uint64_t *next)
{
	enum dsa_step step;
	bool moved;

	core->now = now;
	do {
		moved = false;
		dsa_tokens_apply(core);
		if (!run_queues(core, &moved))
			return DSA_CORE_FAULTED;
		step = run_scalar(core, now, &moved);
		if (step == DSA_STEP_FAULT)
			return DSA_CORE_FAULTED;
		if (step == DSA_STEP_END) {
			*next = now;
			return finish(core);
		}
	} while (moved);
	*next = next_time(core, now);
	return *next == SIM_NEVER ? stuck(core) : DSA_CORE_RUNS;
}

enum dsa_core_state dsa_core_run(struct dsa_core *core, uint64_t now, uint32_t budget,
				 uint64_t *next)
{
	*next = now; /* of a block that ended before */
	if (core->state == DSA_CORE_WAITS)
		core->state = DSA_CORE_RUNS;
	if (core->state != DSA_CORE_RUNS)
		return core->state;
	core->state =
		core->timed ? run_timed(core, now, next) : run_functional(core, now, budget, next);
	return core->state;
}
