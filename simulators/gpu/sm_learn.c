/* SPDX-License-Identifier: Apache-2.0 */
/* What each instruction of a kernel waits for and how long it takes, found when a launch begins. */
#include "simulators/gpu/timing_internal.h"

static void add_slot(struct gpu_op *op, uint32_t slot)
{
	if (op->count == UINT8_MAX)
		return;
	for (uint32_t i = 0; i < op->count; i++)
		if (op->slot[i] == slot)
			return;
	if (op->count == OP_SLOTS)
		op->count = UINT8_MAX;
	else
		op->slot[op->count++] = (uint16_t)slot;
}

/* A 64-bit integer operation is two of 32 bits. */
static uint32_t unit_cycles(const struct road_gpu_timing *timing, const struct road_gpu_insn *insn)
{
	uint32_t cycles = timing->issue_cycles[insn->unit][insn->latency];
	uint32_t fmas = timing->params->tensor_fmas;
	bool wide = insn->unit == ROAD_GPU_UNIT_INT && insn->uses.read_rows[0] == 2 &&
		    insn->uses.write_rows == 2;

	if (insn->unit == ROAD_GPU_UNIT_TENSOR)
		return (insn->work + fmas - 1) / fmas;
	return wide ? 2 * cycles : cycles;
}

static void learn(const struct road_gpu_timing *timing, struct gpu_op *op,
		  const struct road_gpu_insn *insn)
{
	const struct road_gpu_uses *uses = &insn->uses;

	op->cycles = unit_cycles(timing, insn);
	op->latency = timing->params->latency[insn->latency];
	for (unsigned i = 0; i < 3; i++)
		for (unsigned r = 0; r < uses->read_rows[i]; r++)
			add_slot(op, uses->read[i] + r);
	for (unsigned r = 0; r < uses->write_rows; r++)
		add_slot(op, uses->write + r);
	for (unsigned i = 0; i < 4; i++)
		if ((uses->pred_read[i] & ROAD_GPU_PT) != ROAD_GPU_PT)
			add_slot(op, READY_PREDS + (uses->pred_read[i] & ROAD_GPU_PT));
	for (unsigned i = 0; i < 2; i++)
		if ((uses->pred_write[i] & ROAD_GPU_PT) != ROAD_GPU_PT)
			add_slot(op, READY_PREDS + (uses->pred_write[i] & ROAD_GPU_PT));
	if (insn->kind == ROAD_GPU_KIND_COPY_WAIT)
		op->count = UINT8_MAX; /* many_operands() knows */
}

/* The end's needs nothing: it is a fault. */
void gpu_launch_learn(const struct road_gpu_timing *timing, struct gpu_launch *launch)
{
	const struct road_gpu_code *code = launch->exec->config.code;

	for (uint32_t i = 0; i < code->desc.word_count; i++)
		learn(timing, &launch->ops[i], &code->insns[i]);
}
