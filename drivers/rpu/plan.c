/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which commands of a list may overlap. A queue's commands take effect in order; but what engines
 * work on in scratchpads nobody sees until it is copied out, so that one that touches other bytes
 * than those before it may begin at once, on an engine of its own. Where two touch the same bytes
 * on different engines a token orders them: the earlier one gives it, the later one takes it. An
 * engine works its own queue off in order, which orders the rest.
 *
 *	RDMA   in A ──┐      in B ──┐            the token of RDMA ▶ NEUR, twice
 *	NEUR          └▶ A       ·  └▶ B
 *	                 ─── time ──▶
 *
 * Commands of other kinds wait for all before them and are waited for: what a kernel of the fabric
 * touches is not known. Lists of the program's own order (CONCURRENT) go as they say.
 */
#include "drivers/rpu/rpu.h"

/* Bytes that a command reads or writes. */
struct span {
	enum { NOTHING, SCRATCH, DEVICE, HOST } where;
	bool write;
	uint64_t from, to;
};

struct use {
	uint32_t engine; /* ROAD_RPU_ENGINES: of another kind */
	struct span spans[4];
};

static uint64_t extent(uint64_t bytes, uint64_t rows, uint64_t pitch, uint64_t slices,
		       uint64_t slice_pitch)
{
	return (slices - 1) * slice_pitch + (rows - 1) * pitch + bytes;
}

/* Host memory may be there twice, at several bus addresses: all of it is one. */
static struct span span_of(const struct road_place *place, uint64_t bytes, bool write)
{
	if (place->bus)
		return (struct span){HOST, write, 0, UINT64_MAX};
	return (struct span){rpu_is_scratch(place) ? SCRATCH : DEVICE, write, place->address,
			     place->address + bytes};
}

static struct use use_of_copy(const struct road_cmd_copy *c)
{
	const bool in = rpu_is_scratch(&c->dst), out = rpu_is_scratch(&c->src);
	uint64_t to = extent(c->bytes, c->rows, c->dst_row_pitch, c->slices, c->dst_slice_pitch);
	uint64_t from = extent(c->bytes, c->rows, c->src_row_pitch, c->slices, c->src_slice_pitch);

	if (in == out)
		return (struct use){.engine = ROAD_RPU_ENGINES};
	return (struct use){in ? ROAD_RPU_ENGINE_RDMA : ROAD_RPU_ENGINE_WDMA,
			    {span_of(&c->dst, to, true), span_of(&c->src, from, false)}};
}

static struct span span_of_matrix(uint32_t at, uint64_t row, uint32_t rows, uint32_t pitch,
				  bool write)
{
	const struct road_place place = {.address = (uint64_t)ROAD_RPU_SPM_BASE + at};

	return span_of(&place, extent(row, rows, pitch, 1, 0), write);
}

static struct use use_of_launch(const struct road_cmd_launch *launch)
{
	const struct rpu_kernel *kernel = launch->kernel->data;

	if (!kernel->entry->is_engine)
		return (struct use){.engine = ROAD_RPU_ENGINES};
	const struct road_rpu_gemm g = rpu_engine_entry(launch);
	const uint64_t in = rpu_engine_element(&kernel->engine, false);
	const uint64_t out = rpu_engine_element(&kernel->engine, true);

	return (struct use){ROAD_RPU_ENGINE_NEUR,
			    {span_of_matrix(g.a, g.k * in, g.m, g.a_pitch, false),
			     span_of_matrix(g.b, g.n * in, g.k, g.b_pitch, false),
			     span_of_matrix(g.c, g.n * out, g.m, g.c_pitch, true)}};
}

static struct use use_of(const struct road_cmd *command)
{
	switch (command->kind) {
	case ROAD_COMMAND_COPY:
	case ROAD_COMMAND_WRITE:
	case ROAD_COMMAND_READ: return use_of_copy(&command->copy);
	case ROAD_COMMAND_LAUNCH: return use_of_launch(&command->launch);
	default: return (struct use){.engine = ROAD_RPU_ENGINES};
	}
}

static bool meet(const struct use *a, const struct use *b)
{
	for (int i = 0; i < 4; i++)
		for (int k = 0; k < 4; k++) {
			const struct span *x = &a->spans[i], *y = &b->spans[k];

			if (x->where && x->where == y->where && (x->write || y->write) &&
			    x->from < y->to && y->from < x->to)
				return true;
		}
	return false;
}

/* The token that orders what one engine does before another one. */
static uint16_t token_of(uint32_t before, uint32_t after)
{
	return (uint16_t)(1u << (before * ROAD_RPU_ENGINES + after));
}

/* While the steps of a window are made. */
struct draft {
	struct use uses[RPU_PLAN_STEPS];
	uint32_t begin; /* the last one that waits for all before it */
	/* The latest step of an engine that another engine waits for, + 1. */
	uint32_t awaited[ROAD_RPU_ENGINES][ROAD_RPU_ENGINES];
};

/* Step i behind the last one of that engine that it must not overtake. Steps of an engine end in
 * order, and those of the other begin in order: waiting for a later one is enough. */
static void put_behind(struct rpu_step *steps, struct draft *d, uint32_t i, uint32_t engine)
{
	uint32_t own = d->uses[i].engine, k = i;

	while (k > d->begin &&
	       !(d->uses[k - 1].engine == engine && meet(&d->uses[k - 1], &d->uses[i])))
		k--;
	if (k == d->begin || d->awaited[engine][own] >= k)
		return;
	d->awaited[engine][own] = k;
	steps[k - 1].signal |= token_of(engine, own);
	steps[i].wait |= token_of(engine, own);
}

static void make_window(struct rpu_plan *plan, uint32_t first)
{
	uint32_t count = plan->count - first;
	struct draft d = {.begin = 0};

	count = count < RPU_PLAN_STEPS ? count : RPU_PLAN_STEPS;
	plan->first = first;
	plan->planned = count;
	for (uint32_t i = 0; i < count; i++) {
		plan->steps[i] = (struct rpu_step){.free = false};
		d.uses[i] = use_of(&plan->commands[first + i]);
		if (d.uses[i].engine == ROAD_RPU_ENGINES) {
			d.begin = i + 1;
			continue;
		}
		plan->steps[i].free = i > d.begin;
		for (uint32_t e = 0; e < ROAD_RPU_ENGINES; e++)
			if (e != d.uses[i].engine)
				put_behind(plan->steps, &d, i, e);
	}
}

void rpu_plan_begin(struct rpu_plan *plan, const struct road_drv_submission *submission)
{
	plan->commands = submission->commands;
	plan->count = submission->concurrent ? 0 : submission->count;
	plan->planned = 0;
}

struct rpu_step rpu_plan_step(struct rpu_plan *plan, const struct road_cmd *command)
{
	uint32_t at;

	if (!plan->count || command < plan->commands || command >= plan->commands + plan->count)
		return (struct rpu_step){.free = false};
	at = (uint32_t)(command - plan->commands);
	if (at < plan->first || at >= plan->first + plan->planned)
		make_window(plan, at);
	return plan->steps[at - plan->first];
}
