/* SPDX-License-Identifier: Apache-2.0 */
/* When the operands of a warp's next instruction are there. Runs at each issue: inline. */
#ifndef SIMULATORS_GPU_SM_OPERANDS_H
#define SIMULATORS_GPU_SM_OPERANDS_H

#include "simulators/gpu/timing_internal.h"

/* When a register or predicate is there, and when the latest that a load writes. */
struct operands {
	uint64_t ready, memory;
};

static inline void need(struct operands *o, uint64_t ready)
{
	uint64_t loaded = ready & 1 ? ready : 0;

	o->ready = later(o->ready, ready);
	o->memory = later(o->memory, loaded);
}

/* The copies of all groups but the youngest, which may be on their way. */
static inline void need_copies(struct operands *o, const struct gpu_warp *w)
{
	uint32_t age = 0, spare = w->insn->aux;

	if (spare != ROAD_GPU_COPY_ALL) {
		if (spare >= w->commits || spare >= COPY_BATCHES)
			return;
		age = w->copy_batch - w->committed[(w->commits - 1 - spare) % COPY_BATCHES];
	}
	for (; age < COPY_BATCHES; age++)
		need(o, w->ready[READY_COPIES + (w->copy_batch - age) % COPY_BATCHES]);
}

static inline struct operands many_operands(const struct gpu_warp *w)
{
	const struct road_gpu_uses *uses = &w->insn->uses;
	struct operands o = {0, 0};

	for (unsigned i = 0; i < 3; i++)
		for (unsigned r = 0; r < uses->read_rows[i]; r++)
			need(&o, w->ready[uses->read[i] + r]);
	for (unsigned r = 0; r < uses->write_rows; r++)
		need(&o, w->ready[uses->write + r]);
	for (unsigned i = 0; i < 4; i++)
		need(&o, w->ready[READY_PREDS + (uses->pred_read[i] & ROAD_GPU_PT)]);
	for (unsigned i = 0; i < 2; i++)
		need(&o, w->ready[READY_PREDS + (uses->pred_write[i] & ROAD_GPU_PT)]);
	if (w->insn->kind == ROAD_GPU_KIND_COPY_WAIT)
		need_copies(&o, w);
	return o;
}

/* When the registers and predicates of the next instruction are there; *memory: those among them
 * that loads write. */
static inline uint64_t operands_ready(const struct gpu_warp *w, uint64_t *memory)
{
	const struct gpu_op *op = w->op;
	struct operands o = {0, 0};

	if (op->count == UINT8_MAX)
		o = many_operands(w);
	else
		for (uint32_t i = 0; i < op->count; i++)
			need(&o, w->ready[op->slot[i]]);
	*memory = o.memory >> 1;
	return o.ready >> 1;
}

#endif
