/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/timing/fake_exec.h"

#include "simulators/gpu/atomic.h"

#include <stdlib.h>
#include <string.h>

/* Registers of a warp, and how often it looped, behind rows[0]. */
struct fake_state {
	uint64_t reg[FAKE_REGS][ROAD_GPU_WARP_LANES];
	uint32_t turn;
	uint32_t left[64]; /* loops of the branch at a pc, + 1 */
};

static struct fake_state *state_of(const struct road_gpu_warp *warp)
{
	return (struct fake_state *)(void *)warp->rows[0];
}

static const struct fake_kernel *kernel_of(const struct road_gpu_block *block)
{
	return (const struct fake_kernel *)(const void *)block->launch->config.code;
}

static void make_insn(struct road_gpu_insn *insn, const struct fake_op *op)
{
	*insn = (struct road_gpu_insn){.kind = (uint8_t)op->kind,
				       .unit = (uint8_t)op->unit,
				       .latency = (uint8_t)op->latency,
				       .mods = op->mods,
				       .bytes = op->bytes,
				       .space = op->space,
				       .guard = ROAD_GPU_PT};
	memset(insn->uses.pred_read, ROAD_GPU_PT, sizeof(insn->uses.pred_read));
	memset(insn->uses.pred_write, ROAD_GPU_PT, sizeof(insn->uses.pred_write));
	insn->uses.read[0] = op->a;
	insn->uses.read_rows[0] = op->a < FAKE_REGS;
	insn->uses.read[1] = op->b;
	insn->uses.read_rows[1] = op->b < FAKE_REGS;
	insn->uses.write = op->d;
	insn->uses.write_rows = op->rows;
}

void fake_kernel_make(struct fake_kernel *kernel, const struct fake_op *ops, uint32_t count,
		      uint32_t regs)
{
	memset(kernel, 0, sizeof(*kernel));
	kernel->ops = ops;
	kernel->count = count;
	kernel->code.desc.regs = (uint16_t)regs;
	kernel->code.desc.word_count = count;
	kernel->code.insns = calloc(count, sizeof(*kernel->code.insns));
	kernel->code.lines = calloc(count + 1, sizeof(uint32_t));
	for (uint32_t i = 0; i < count; i++)
		make_insn(&kernel->code.insns[i], &ops[i]);
}

void fake_kernel_free(struct fake_kernel *kernel)
{
	free(kernel->code.insns);
	free((void *)(uintptr_t)kernel->code.lines);
}

uint64_t fake_register(const struct road_gpu_warp *warp, uint32_t reg, uint32_t lane)
{
	return state_of(warp)->reg[reg][lane];
}

/* ---- warp.h ---- */

struct road_gpu_launch *road_gpu_launch_create(const struct road_gpu_launch_config *config,
					       enum road_gpu_launch_error *error)
{
	struct road_gpu_launch *launch = calloc(1, sizeof(*launch));
	uint32_t threads = config->threads[0] * config->threads[1] * config->threads[2];
	uint32_t warps = (threads + 31) / 32;

	*error = ROAD_GPU_LAUNCH_OK;
	launch->config = *config;
	launch->thread_count = threads;
	launch->warp_count = warps;
	launch->total = (uint64_t)config->grid[0] * config->grid[1] * config->grid[2];
	launch->blocks = calloc(config->slots, sizeof(*launch->blocks));
	for (uint32_t b = 0; b < config->slots; b++) {
		struct road_gpu_block *block = &launch->blocks[b];

		block->launch = launch;
		block->slot = b;
		block->warp_count = warps;
		block->warps = calloc(warps, sizeof(*block->warps));
		for (uint32_t w = 0; w < warps; w++)
			block->warps[w].rows[0] = calloc(1, sizeof(struct fake_state));
	}
	return launch;
}

void road_gpu_launch_destroy(struct road_gpu_launch *launch)
{
	for (uint32_t b = 0; b < launch->config.slots; b++) {
		for (uint32_t w = 0; w < launch->warp_count; w++)
			free(launch->blocks[b].warps[w].rows[0]);
		free(launch->blocks[b].warps);
	}
	free(launch->blocks);
	free(launch);
}

void road_gpu_block_start(struct road_gpu_block *block, uint64_t linear, uint32_t sm)
{
	block->busy = true;
	block->linear = linear;
	block->sm = sm;
	block->live = block->launch->thread_count;
	block->waiting = 0;
	memset(&block->stats, 0, sizeof(block->stats));
	for (uint32_t w = 0; w < block->warp_count; w++) {
		struct road_gpu_warp *warp = &block->warps[w];

		memset(state_of(warp), 0, sizeof(struct fake_state));
		warp->block = block;
		warp->index = w;
		warp->live = ROAD_GPU_ALL;
		warp->split[0] = (struct road_gpu_split){.mask = ROAD_GPU_ALL};
	}
}

const struct road_gpu_insn *road_gpu_warp_peek(struct road_gpu_warp *warp)
{
	if (!warp->live || warp->split[0].waits)
		return NULL;
	return &warp->block->launch->config.code->insns[warp->split[0].pc];
}

bool road_gpu_block_stuck(struct road_gpu_block *block)
{
	if (!block->live || block->live != block->waiting)
		return false;
	block->fault = (struct road_gpu_fault_info){.code = ROAD_GPU_FAULT_BARRIER,
						    .pc = block->warps[0].split[0].pc - 1};
	return true;
}

void road_gpu_launch_collect(struct road_gpu_launch *launch, struct road_gpu_block *block)
{
	launch->stats.warp_instructions += block->stats.warp_instructions;
	launch->stats.thread_instructions += block->stats.thread_instructions;
	memset(&block->stats, 0, sizeof(block->stats));
}

static void release_if_all(struct road_gpu_block *block, struct road_gpu_step *step)
{
	if (!block->live || block->waiting < block->live)
		return;
	block->waiting = 0;
	for (uint32_t w = 0; w < block->warp_count; w++) {
		if (!block->warps[w].split[0].waits)
			continue;
		block->warps[w].split[0].waits = 0;
		step->released |= 1u << w;
	}
}

static enum road_gpu_fault find_addresses(struct road_gpu_warp *warp, const struct fake_op *op,
					  struct road_gpu_access *access)
{
	const struct road_gpu_ranges *ranges = warp->block->launch->config.ranges;
	const struct fake_state *state = state_of(warp);

	*access = (struct road_gpu_access){.insn = road_gpu_warp_peek(warp),
					   .mask = ROAD_GPU_ALL,
					   .space = op->space,
					   .bytes = op->bytes,
					   .store = op->kind == ROAD_GPU_KIND_STORE,
					   .atomic = op->kind == ROAD_GPU_KIND_ATOMIC};
	for (uint32_t l = 0; l < ROAD_GPU_WARP_LANES; l++) {
		const struct fake_lane lane = {warp->block->linear, warp->index, l, state->turn};
		uint64_t va = op->address ? op->address(&lane) : state->reg[op->a][l];

		access->address[l] = va;
		if (op->space != ROAD_GPU_SPACE_GLOBAL)
			continue;
		const struct road_gpu_range *range = road_gpu_ranges_find(ranges, va);

		if (!range)
			return ROAD_GPU_FAULT_UNMAPPED;
		access->pa[l] = range->pa + (va - range->va);
		access->host[l] = range->host ? range->host + (va - range->va) : NULL;
		access->flags[l] = range->flags;
	}
	return ROAD_GPU_FAULT_NONE;
}

static enum road_gpu_fault move(struct road_gpu_warp *warp, const struct fake_op *op,
				struct road_gpu_access *access)
{
	const struct road_gpu_port *port = warp->block->launch->config.port;
	struct fake_state *state = state_of(warp);
	uint8_t data[16 * ROAD_GPU_WARP_LANES] = {0};
	enum road_gpu_fault fault;

	if (op->space != ROAD_GPU_SPACE_GLOBAL)
		return ROAD_GPU_FAULT_NONE;
	for (uint32_t l = 0; (access->store || access->atomic) && l < ROAD_GPU_WARP_LANES; l++) {
		const struct fake_lane lane = {warp->block->linear, warp->index, l, state->turn};
		uint64_t value = op->data            ? op->data(&lane)
				 : op->b < FAKE_REGS ? state->reg[op->b][l]
						     : 0;

		memcpy(data + l * 16, &value, sizeof(value));
	}
	if (access->store)
		return port->store(port->ctx, warp->block, access, data);
	fault = access->atomic ? port->atomic(port->ctx, warp->block, access, data)
			       : port->load(port->ctx, warp->block, access, data);
	for (uint32_t l = 0; l < ROAD_GPU_WARP_LANES && access->later; l++)
		state->reg[op->d][l] = FAKE_LATER;
	if (access->later)
		return fault;
	for (uint32_t l = 0; l < ROAD_GPU_WARP_LANES; l++)
		memcpy(&state->reg[op->d][l], data + l * 16, sizeof(uint64_t));
	return fault;
}

/* Atomics add. */
uint64_t road_gpu_atomic_result(const struct road_gpu_insn *insn, bool shared, uint64_t old,
				uint64_t b, uint64_t c)
{
	(void)insn, (void)shared, (void)c;
	return old + b;
}

void road_gpu_access_finish(struct road_gpu_warp *warp, const struct road_gpu_insn *insn,
			    uint32_t lanes, const uint8_t *data)
{
	for (uint32_t l = 0; l < ROAD_GPU_WARP_LANES; l++)
		if (lanes >> l & 1u && insn->uses.write_rows)
			memcpy(&state_of(warp)->reg[insn->uses.write][l], data + l * 16,
			       sizeof(uint64_t));
}

static void step_branch(struct road_gpu_warp *warp, const struct fake_op *op,
			struct road_gpu_step *step)
{
	struct fake_state *state = state_of(warp);
	uint32_t *left = &state->left[step->pc];

	if (!*left)
		*left = op->loops + 1;
	if (--*left) {
		warp->split[0].pc = op->target;
		state->turn++;
		step->taken = true;
	}
}

static void step_exit(struct road_gpu_warp *warp, struct road_gpu_step *step)
{
	struct road_gpu_block *block = warp->block;

	warp->live = 0;
	block->live -= ROAD_GPU_WARP_LANES;
	step->exited = true;
	step->blocked = true;
	step->block_finished = !block->live;
	if (step->block_finished)
		block->busy = false;
	release_if_all(block, step);
}

static void step_barrier(struct road_gpu_warp *warp, const struct fake_op *op,
			 struct road_gpu_step *step)
{
	struct road_gpu_block *block = warp->block;

	warp->split[0].waits = 1;
	block->waiting += ROAD_GPU_WARP_LANES;
	step->barrier = true;
	if (!op->loops)
		release_if_all(block, step);
	step->blocked = warp->split[0].waits;
}

bool road_gpu_warp_step(struct road_gpu_warp *warp, struct road_gpu_access *access,
			struct road_gpu_step *step)
{
	struct road_gpu_block *block = warp->block;
	const struct road_gpu_insn *insn = road_gpu_warp_peek(warp);
	const struct fake_op *op = &kernel_of(block)->ops[warp->split[0].pc];

	*step = (struct road_gpu_step){.insn = insn,
				       .pc = warp->split[0].pc,
				       .active = ROAD_GPU_ALL,
				       .mask = ROAD_GPU_ALL};
	if (op->kind == ROAD_GPU_KIND_TRAP) {
		block->fault =
			(struct road_gpu_fault_info){.code = ROAD_GPU_FAULT_TRAP, .pc = step->pc};
		step->fault = true;
		return true;
	}
	if (op->kind == ROAD_GPU_KIND_LOAD || op->kind == ROAD_GPU_KIND_STORE ||
	    op->kind == ROAD_GPU_KIND_ATOMIC) {
		step->access = access;
		block->fault.code = find_addresses(warp, op, access);
		if (block->fault.code == ROAD_GPU_FAULT_NONE)
			block->fault.code = move(warp, op, access);
		step->fault = block->fault.code != ROAD_GPU_FAULT_NONE;
		if (step->fault)
			return true;
	}
	block->stats.warp_instructions++;
	block->stats.thread_instructions += ROAD_GPU_WARP_LANES;
	warp->split[0].pc++;
	if (op->kind == ROAD_GPU_KIND_BRANCH)
		step_branch(warp, op, step);
	else if (op->kind == ROAD_GPU_KIND_EXIT)
		step_exit(warp, step);
	else if (op->kind == ROAD_GPU_KIND_BAR_SYNC)
		step_barrier(warp, op, step);
	return true;
}
