/* SPDX-License-Identifier: Apache-2.0 */
/* Launches and the workgroup slots in them: memory is taken once, slots are filled again. */
#include "simulators/gpu/async.h"
#include "simulators/gpu/exec.h"

#include <stdlib.h>
#include <string.h>

#define MEMORY_MAX (UINT64_C(1) << 40) /* beyond that there is no need to ask the host */

/* What a workgroup's piece of memory consists of, in this order. */
struct layout {
	uint64_t warps, barriers, shared; /* bytes */
	uint64_t registers, local, async; /* of one warp */
	uint64_t all;
};

static uint64_t round_up(uint64_t value, uint64_t to)
{
	return (value + to - 1) / to * to;
}

static struct layout plan(const struct road_gpu_launch_config *config, uint32_t warps)
{
	struct layout layout;

	layout.warps = round_up(warps * sizeof(struct road_gpu_warp), 64);
	layout.barriers = round_up(ROAD_GPU_BARRIERS * sizeof(struct road_gpu_barrier_state), 64);
	layout.shared = round_up(config->shared_bytes, 64);
	layout.registers =
		((uint64_t)config->code->desc.regs + ROAD_GPU_SINK_ROWS) * ROAD_GPU_ROW_BYTES;
	layout.local = round_up(config->local_bytes, 16) * ROAD_GPU_WARP_LANES;
	layout.async = config->code->copies ? round_up(sizeof(struct road_gpu_async), 64) : 0;
	layout.all = layout.warps + layout.barriers + layout.shared +
		     warps * (layout.registers + layout.local + layout.async);
	return layout;
}

static enum road_gpu_launch_error check_threads(const struct road_gpu_launch_config *config)
{
	const struct road_gpu_kernel *desc = &config->code->desc;
	uint64_t threads = 1;
	bool exact = desc->reqd[0] || desc->reqd[1] || desc->reqd[2];

	for (unsigned i = 0; i < 3; i++) {
		if (!config->threads[i] || config->threads[i] > 1024)
			return ROAD_GPU_LAUNCH_THREADS;
		threads *= config->threads[i];
		if (exact && config->threads[i] != (desc->reqd[i] ? desc->reqd[i] : 1))
			return ROAD_GPU_LAUNCH_THREADS;
	}
	if (threads > 1024 || (desc->max_threads && threads > desc->max_threads))
		return ROAD_GPU_LAUNCH_THREADS;
	return ROAD_GPU_LAUNCH_OK;
}

static enum road_gpu_launch_error check(const struct road_gpu_launch_config *config)
{
	const struct road_gpu_kernel *desc = &config->code->desc;
	unsigned __int128 groups = 1;

	if (desc->flags & ROAD_GPU_KERNEL_REFUSED)
		return ROAD_GPU_LAUNCH_KERNEL;
	for (unsigned i = 0; i < 3; i++)
		groups *= config->grid[i];
	if (!groups || groups > INT64_MAX || !config->slots)
		return ROAD_GPU_LAUNCH_GRID;
	if (config->shared_bytes < desc->shared_bytes)
		return ROAD_GPU_LAUNCH_SHARED;
	if (config->local_bytes < desc->local_bytes)
		return ROAD_GPU_LAUNCH_LOCAL;
	return check_threads(config);
}

static void fill_tids(struct road_gpu_launch *launch)
{
	const uint32_t *threads = launch->config.threads;

	for (uint32_t w = 0; w < launch->warp_count; w++) {
		for (uint32_t l = 0; l < ROAD_GPU_WARP_LANES; l++) {
			uint32_t t = w * ROAD_GPU_WARP_LANES + l;

			launch->tid[w][0][l] = t % threads[0];
			launch->tid[w][1][l] = t / threads[0] % threads[1];
			launch->tid[w][2][l] = t / threads[0] / threads[1];
		}
	}
}

/* Gives a slot the piece of memory that was free last, which is most likely in the caches. */
static void take_place(struct road_gpu_block *block, const struct layout *layout)
{
	struct road_gpu_launch *launch = block->launch;
	bool fresh = !launch->free_count;
	uint32_t place = fresh ? launch->places_used++ : launch->places_free[--launch->free_count];
	uint8_t *memory = launch->places + place * layout->all;

	block->place = place + 1;
	block->warps = (void *)memory;
	memory += layout->warps;
	block->barriers = (void *)memory;
	memory += layout->barriers;
	block->shared = memory;
	memory += layout->shared;
	for (uint32_t w = 0; w < launch->warp_count; w++) {
		struct road_gpu_warp *warp = &block->warps[w];

		warp->rows[0] = memory;
		warp->rows[1] = launch->config.code->constants;
		warp->local = memory + layout->registers;
		warp->code = launch->config.code->insns;
		warp->block = block;
		warp->index = w;
		if (fresh) /* else the ranges of the workgroup before are as good as any */
			memset(warp->last, 0, sizeof(warp->last));
		memory += layout->registers + layout->local;
		warp->async = layout->async ? (void *)memory : NULL;
		memory += layout->async;
	}
}

void road_gpu_block_leave(struct road_gpu_block *block)
{
	struct road_gpu_launch *launch = block->launch;

	launch->places_free[launch->free_count++] = block->place - 1;
	block->place = 0;
}

static bool allocate(struct road_gpu_launch *launch, const struct layout *layout)
{
	uint64_t params = round_up((uint64_t)launch->config.code->desc.param_bytes + 1, 64);
	uint64_t tids = round_up(launch->warp_count * sizeof(*launch->tid), 64);
	uint64_t slots = launch->config.slots;

	if (layout->all > MEMORY_MAX || slots > MEMORY_MAX / layout->all)
		return false;
	launch->memory = aligned_alloc(64, params + tids);
	launch->places = aligned_alloc(64, slots * layout->all); /* touched when it is used */
	launch->places_free = malloc(slots * sizeof(*launch->places_free));
	launch->blocks = calloc(slots, sizeof(*launch->blocks));
	if (!launch->memory || !launch->places || !launch->places_free || !launch->blocks)
		return false;
	launch->params = launch->memory;
	launch->tid = (void *)(launch->params + params);
	for (uint32_t slot = 0; slot < slots; slot++) {
		launch->blocks[slot].launch = launch;
		launch->blocks[slot].slot = slot;
		launch->blocks[slot].warp_count = launch->warp_count;
	}
	return true;
}

struct road_gpu_launch *road_gpu_launch_create(const struct road_gpu_launch_config *config,
					       enum road_gpu_launch_error *error)
{
	struct road_gpu_launch *launch;
	struct layout layout;

	*error = check(config);
	if (*error)
		return NULL;
	*error = ROAD_GPU_LAUNCH_MEMORY;
	launch = calloc(1, sizeof(*launch));
	if (!launch)
		return NULL;
	launch->config = *config;
	launch->total = (uint64_t)config->grid[0] * config->grid[1] * config->grid[2];
	if (launch->config.slots > launch->total)
		launch->config.slots = (uint32_t)launch->total;
	launch->thread_count = config->threads[0] * config->threads[1] * config->threads[2];
	launch->warp_count = (launch->thread_count + ROAD_GPU_WARP_LANES - 1) / ROAD_GPU_WARP_LANES;
	layout = plan(&launch->config, launch->warp_count);
	if (!allocate(launch, &layout)) {
		road_gpu_launch_destroy(launch);
		return NULL;
	}
	if (config->code->desc.param_bytes)
		memcpy(launch->params, config->params, config->code->desc.param_bytes);
	fill_tids(launch);
	*error = ROAD_GPU_LAUNCH_OK;
	return launch;
}

void road_gpu_launch_destroy(struct road_gpu_launch *launch)
{
	if (!launch)
		return;
	free(launch->blocks);
	free(launch->places_free);
	free(launch->places);
	free(launch->memory);
	free(launch);
}

/* Threads of this workgroup in each dimension: fewer at the far end of a grid that does not
 * divide. */
static void find_extent(const struct road_gpu_block *block, uint32_t extent[3])
{
	const struct road_gpu_launch_config *config = &block->launch->config;

	for (unsigned i = 0; i < 3; i++) {
		uint64_t before = (uint64_t)block->ctaid[i] * config->threads[i];
		uint64_t items = config->grid_items[i];

		extent[i] = config->threads[i];
		if (items > before && items - before < extent[i])
			extent[i] = (uint32_t)(items - before);
	}
}

/* Lanes of a warp that are threads of the workgroup. */
static uint32_t lanes_inside(const struct road_gpu_launch *launch, uint32_t warp,
			     const uint32_t extent[3])
{
	uint32_t left = launch->thread_count - warp * ROAD_GPU_WARP_LANES;
	uint32_t exist = left < ROAD_GPU_WARP_LANES ? (1u << left) - 1u : ROAD_GPU_ALL, lanes = 0;

	if (!memcmp(extent, launch->config.threads, sizeof(launch->config.threads)))
		return exist;
	for (uint32_t l = 0; l < ROAD_GPU_WARP_LANES; l++) {
		bool inside = exist >> l & 1u;

		for (unsigned i = 0; i < 3; i++)
			inside = inside && launch->tid[warp][i][l] < extent[i];
		lanes |= (uint32_t)inside << l;
	}
	return lanes;
}

static void fill_words(void *memory, uint32_t word, uint64_t bytes)
{
	uint32_t *words = memory;

	if (word == (word & 0xffu) * 0x01010101u) {
		memset(memory, (int)(word & 0xffu), bytes);
		return;
	}
	for (uint64_t i = 0; i < bytes / 4; i++)
		words[i] = word;
}

static void start_warp(struct road_gpu_warp *warp, const struct road_gpu_launch_config *config,
		       const struct layout *layout, uint32_t lanes)
{
	warp->live = lanes;
	warp->current = 0;
	warp->splits = 1;
	warp->backward = 0;
	warp->stamp = 0;
	warp->meet = UINT32_MAX;
	warp->turn = false;
	warp->split[0] = (struct road_gpu_split){.mask = lanes};
	if (warp->async)
		road_gpu_async_start(warp->async);
	memset(warp->preds, 0, sizeof(warp->preds));
	warp->preds[ROAD_GPU_PT] = ROAD_GPU_ALL;
	fill_words(warp->rows[0], config->poison ? config->poison_word : 0,
		   layout->registers + layout->local);
}

void road_gpu_block_start(struct road_gpu_block *block, uint64_t linear, uint32_t sm)
{
	struct road_gpu_launch *launch = block->launch;
	const struct road_gpu_launch_config *config = &launch->config;
	struct layout layout = plan(config, launch->warp_count);
	uint32_t fill = ROAD_GPU_SHARED_FILL * 0x01010101u, extent[3];

	if (!block->place)
		take_place(block, &layout);
	block->busy = true;
	block->pending = false;
	block->linear = linear;
	block->sm = sm;
	block->ctaid[0] = (uint32_t)(linear % config->grid[0]);
	block->ctaid[1] = (uint32_t)(linear / config->grid[0] % config->grid[1]);
	block->ctaid[2] = (uint32_t)(linear / config->grid[0] / config->grid[1]);
	block->live = block->waiting = 0;
	block->next_warp = 0;
	block->released = 0;
	block->fault = (struct road_gpu_fault_info){.code = ROAD_GPU_FAULT_NONE};
	block->stats = (struct road_gpu_statistics){.warp_instructions = 0};
	memset(block->barriers, 0, layout.barriers);
	fill_words(block->shared, config->poison ? config->poison_word : fill, layout.shared);
	find_extent(block, extent);
	for (uint32_t w = 0; w < launch->warp_count; w++) {
		uint32_t lanes = lanes_inside(launch, w, extent);

		start_warp(&block->warps[w], config, &layout, lanes);
		block->live += (uint32_t)__builtin_popcount(lanes);
	}
	launch->started++;
}

bool road_gpu_block_stuck(struct road_gpu_block *block)
{
	if (!block->live || block->waiting < block->live)
		return false;
	for (uint32_t w = 0; w < block->warp_count; w++) {
		const struct road_gpu_warp *warp = &block->warps[w];

		if (!warp->live)
			continue;
		const struct road_gpu_split *split = &warp->split[0];
		bool sync = split->waits == ROAD_GPU_WAITS_SYNC;

		road_gpu_warp_fault(&block->warps[w], &warp->code[split->pc - !sync],
				    ROAD_GPU_FAULT_BARRIER, split->mask, 0,
				    sync ? split->members : split->barrier);
		break;
	}
	return true;
}

void road_gpu_launch_collect(struct road_gpu_launch *launch, struct road_gpu_block *block)
{
	struct road_gpu_statistics *to = &launch->stats, *from = &block->stats;

	to->warp_instructions += from->warp_instructions;
	to->thread_instructions += from->thread_instructions;
	for (unsigned i = 0; i < ROAD_GPU_UNITS; i++)
		to->by_unit[i] += from->by_unit[i];
	to->approximate += from->approximate;
	to->divides_by_zero += from->divides_by_zero;
	to->divergent_branches += from->divergent_branches;
	to->barriers += from->barriers;
	if (from->sync_violations && !to->sync_violations) {
		to->sync_pc = from->sync_pc;
		to->sync_line = from->sync_line;
		to->sync_lanes = from->sync_lanes;
	}
	to->sync_violations += from->sync_violations;
	if (from->order_sensitive && !to->order_sensitive) {
		to->order_sensitive = true;
		to->order_pc = from->order_pc;
		to->order_line = from->order_line;
	}
	*from = (struct road_gpu_statistics){.warp_instructions = 0};
	if (block->fault.code && !launch->fault.code)
		launch->fault = block->fault;
}
