/* SPDX-License-Identifier: Apache-2.0 */
/* Launches and workgroup slots. */
#include "simulators/gpu/warp_internal.h"

#include <stdlib.h>
#include <string.h>

/* Cuts pieces off one zeroed allocation; first with `memory` NULL, to learn the size. */
struct carver {
	uint8_t *memory;
	size_t used;
};

static void *carve(struct carver *c, size_t bytes)
{
	void *piece = c->memory ? c->memory + c->used : NULL;

	c->used += (bytes + 63) & ~(size_t)63;
	return piece;
}

static void carve_block(struct carver *c, struct road_gpu_launch *launch, uint32_t slot)
{
	const struct road_gpu_launch_config *config = &launch->config;
	size_t rows = (size_t)config->code->desc.regs + ROAD_GPU_SINK_ROWS;
	struct road_gpu_warp *warps = carve(c, launch->warp_count * sizeof(*warps));
	uint8_t *shared = carve(c, config->shared_bytes + 16);

	for (uint32_t w = 0; w < launch->warp_count; w++) {
		uint8_t *registers = carve(c, rows * ROAD_GPU_ROW_BYTES);
		uint8_t *local = carve(c, (size_t)config->local_bytes * ROAD_GPU_WARP_LANES);

		if (!c->memory)
			continue;
		warps[w].rows[0] = registers;
		warps[w].rows[1] = config->code->constants;
		warps[w].code = config->code->insns;
		warps[w].block = &launch->blocks[slot];
		warps[w].local = local;
		warps[w].index = w;
	}
	if (!c->memory)
		return;
	launch->blocks[slot].launch = launch;
	launch->blocks[slot].slot = slot;
	launch->blocks[slot].shared = shared;
	launch->blocks[slot].warps = warps;
}

static void carve_all(struct carver *c, struct road_gpu_launch *launch)
{
	launch->blocks = carve(c, launch->config.slots * sizeof(*launch->blocks));
	launch->params = carve(c, launch->config.code->desc.param_bytes + 16);
	launch->tid = carve(c, launch->warp_count * sizeof(*launch->tid));
	for (uint32_t slot = 0; slot < launch->config.slots; slot++)
		carve_block(c, launch, slot);
}

static enum road_gpu_launch_error check(const struct road_gpu_launch_config *config)
{
	const struct road_gpu_kernel *k = &config->code->desc;
	uint64_t threads = 1;
	unsigned __int128 groups = 1;

	if (k->flags & ROAD_GPU_KERNEL_REFUSED)
		return ROAD_GPU_LAUNCH_KERNEL;
	for (int i = 0; i < 3; i++) {
		threads *= config->threads[i];
		groups *= config->grid[i];
		if (threads > 1024 || (k->reqd[i] && k->reqd[i] != config->threads[i]))
			return ROAD_GPU_LAUNCH_THREADS;
	}
	if (!threads || (k->max_threads && threads > k->max_threads))
		return ROAD_GPU_LAUNCH_THREADS;
	if (!groups || groups > INT64_MAX || !config->slots)
		return ROAD_GPU_LAUNCH_GRID;
	if (config->shared_bytes < k->shared_bytes)
		return ROAD_GPU_LAUNCH_SHARED;
	return config->local_bytes < k->local_bytes ? ROAD_GPU_LAUNCH_LOCAL : ROAD_GPU_LAUNCH_OK;
}

static void fill_tid(struct road_gpu_launch *launch)
{
	const uint32_t *threads = launch->config.threads;

	for (uint32_t t = 0; t < launch->warp_count * ROAD_GPU_WARP_LANES; t++) {
		uint32_t(*rows)[ROAD_GPU_WARP_LANES] = launch->tid[t / ROAD_GPU_WARP_LANES];
		uint32_t lane = t % ROAD_GPU_WARP_LANES;

		rows[0][lane] = t % threads[0];
		rows[1][lane] = t / threads[0] % threads[1];
		rows[2][lane] = t / threads[0] / threads[1];
	}
}

struct road_gpu_launch *road_gpu_launch_create(const struct road_gpu_launch_config *config,
					       enum road_gpu_launch_error *error)
{
	struct carver c = {0};

	*error = check(config);
	if (*error)
		return NULL;
	struct road_gpu_launch *launch = calloc(1, sizeof(*launch));

	*error = ROAD_GPU_LAUNCH_MEMORY;
	if (!launch)
		return NULL;
	launch->config = *config;
	launch->total = (uint64_t)config->grid[0] * config->grid[1] * config->grid[2];
	if (launch->config.slots > launch->total)
		launch->config.slots = (uint32_t)launch->total;
	launch->thread_count = config->threads[0] * config->threads[1] * config->threads[2];
	launch->warp_count = (launch->thread_count + ROAD_GPU_WARP_LANES - 1) / ROAD_GPU_WARP_LANES;
	carve_all(&c, launch);
	launch->memory = calloc(1, c.used + 64); /* large ones are zero pages until touched */
	if (!launch->memory) {
		free(launch);
		return NULL;
	}
	c.memory = (uint8_t *)(((uintptr_t)launch->memory + 63) & ~(uintptr_t)63);
	c.used = 0;
	carve_all(&c, launch);
	if (config->params && config->code->desc.param_bytes)
		memcpy(launch->params, config->params, config->code->desc.param_bytes);
	fill_tid(launch);
	launch->turn_left = ROAD_GPU_TURN_STEPS;
	*error = ROAD_GPU_LAUNCH_OK;
	return launch;
}

void road_gpu_launch_destroy(struct road_gpu_launch *launch)
{
	if (!launch)
		return;
	free(launch->memory);
	free(launch);
}

/* Lanes of warp `w` that exist: threads of the workgroup, inside the grid's work-items. */
static uint32_t lanes_of(const struct road_gpu_block *block, uint32_t w)
{
	const struct road_gpu_launch *launch = block->launch;
	uint32_t mask = 0;

	for (uint32_t lane = 0; lane < ROAD_GPU_WARP_LANES; lane++) {
		bool in = w * ROAD_GPU_WARP_LANES + lane < launch->thread_count;

		for (int i = 0; i < 3 && in; i++) {
			uint64_t item = (uint64_t)block->ctaid[i] * launch->config.threads[i] +
					launch->tid[w][i][lane];

			in = !launch->config.grid_items[i] || item < launch->config.grid_items[i];
		}
		mask |= (uint32_t)in << lane;
	}
	return mask;
}

static void start_warp(struct road_gpu_block *block, uint32_t w)
{
	const struct road_gpu_launch_config *config = &block->launch->config;
	struct road_gpu_warp *warp = &block->warps[w];
	size_t words = (size_t)config->code->desc.regs * ROAD_GPU_WARP_LANES;
	uint32_t *registers = (uint32_t *)(void *)warp->rows[0];

	if (config->poison)
		for (size_t i = 0; i < words; i++)
			registers[i] = config->poison_word;
	else
		memset(registers, 0, words * 4);
	if (config->local_bytes)
		memset(warp->local, 0, (size_t)config->local_bytes * ROAD_GPU_WARP_LANES);
	memset(warp->preds, 0, sizeof(warp->preds));
	warp->preds[ROAD_GPU_PT] = ROAD_GPU_ALL;
	warp->live = lanes_of(block, w);
	warp->last = NULL;
	warp->current = warp->backward = warp->stamp = 0;
	warp->turn = false;
	warp->meet = UINT32_MAX;
	warp->splits = warp->live ? 1 : 0;
	warp->split[0] = (struct road_gpu_split){.mask = warp->live};
	block->live += (uint32_t)__builtin_popcount(warp->live);
}

void road_gpu_block_start(struct road_gpu_block *block, uint64_t linear, uint32_t sm)
{
	const struct road_gpu_launch_config *config = &block->launch->config;

	block->linear = linear;
	block->sm = sm;
	block->ctaid[0] = (uint32_t)(linear % config->grid[0]);
	block->ctaid[1] = (uint32_t)(linear / config->grid[0] % config->grid[1]);
	block->ctaid[2] = (uint32_t)(linear / config->grid[0] / config->grid[1]);
	block->warp_count = block->launch->warp_count;
	block->live = block->waiting = block->next_warp = block->released = 0;
	memset(&block->fault, 0, sizeof(block->fault));
	memset(&block->stats, 0, sizeof(block->stats));
	memset(block->barriers, 0, sizeof(block->barriers));
	for (uint32_t i = 0; i < config->shared_bytes; i += 4) {
		uint32_t fill = config->poison ? config->poison_word : ROAD_GPU_SHARED_FILL * 0x01010101u;

		memcpy(block->shared + i, &fill, 4);
	}
	for (uint32_t w = 0; w < block->warp_count; w++)
		start_warp(block, w);
	block->busy = true;
	block->launch->started++;
}

void road_gpu_launch_collect(struct road_gpu_launch *launch, struct road_gpu_block *block)
{
	struct road_gpu_statistics *to = &launch->stats, *from = &block->stats;

	to->warp_instructions += from->warp_instructions;
	to->thread_instructions += from->thread_instructions;
	for (int i = 0; i < ROAD_GPU_UNITS; i++)
		to->by_unit[i] += from->by_unit[i];
	to->approximate += from->approximate;
	to->divides_by_zero += from->divides_by_zero;
	to->divergent_branches += from->divergent_branches;
	to->barriers += from->barriers;
	if (from->order_sensitive && !to->order_sensitive) {
		to->order_sensitive = true;
		to->order_pc = from->order_pc;
		to->order_line = from->order_line;
	}
	memset(from, 0, sizeof(*from));
	if (block->fault.code && !launch->fault.code)
		launch->fault = block->fault;
}
