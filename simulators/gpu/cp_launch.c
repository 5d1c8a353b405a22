/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernel dispatch packets: what a launch needs is checked and collected here, and a back end
 * (model_functional.c, model_timed.c) runs it. A grid that is no multiple of its workgroup has
 * partial last workgroups, as HSA says (Runtime 1.2, section 2.6: ceil(grid / workgroup)).
 */
#include <stdlib.h>
#include <string.h>

#include "simulators/gpu/model.h"

#define FIELD(member) offsetof(struct road_gpu_dispatch, member)
#define SLOT_MEMORY   (UINT64_C(512) << 20) /* of host memory for resident workgroups */
#define LOCAL_MEMORY  (UINT64_C(4) << 30)   /* of a launch, whatever the chip has */

static enum gpu_start bad_field(struct road_gpu_queue_status *why, size_t offset)
{
	return road_gpu_fail(why, ROAD_GPU_FAULT_PACKET, 0, offset);
}

static enum gpu_start check_grid(const struct road_gpu_dispatch *packet,
				 struct road_gpu_queue_status *why)
{
	const unsigned dimensions = packet->setup & 3u;
	const struct {
		bool bad;
		size_t offset;
	} rules[] = {
		{packet->setup & ~3u || !dimensions, FIELD(setup)},
		{!packet->workgroup_x, FIELD(workgroup_x)},
		{!packet->workgroup_y || (dimensions < 2 && packet->workgroup_y != 1),
		 FIELD(workgroup_y)},
		{!packet->workgroup_z || (dimensions < 3 && packet->workgroup_z != 1),
		 FIELD(workgroup_z)},
		{!packet->grid_x, FIELD(grid_x)},
		{!packet->grid_y || (dimensions < 2 && packet->grid_y != 1), FIELD(grid_y)},
		{!packet->grid_z || (dimensions < 3 && packet->grid_z != 1), FIELD(grid_z)},
		{packet->completion % 8 != 0, FIELD(completion)},
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].bad)
			return bad_field(why, rules[i].offset);
	return GPU_START_DONE;
}

static enum gpu_start check_kernel(const struct gpu_chip *chip,
				   const struct road_gpu_dispatch *packet,
				   const struct road_gpu_kernel *kernel,
				   struct road_gpu_queue_status *why)
{
	const uint64_t threads =
		(uint64_t)packet->workgroup_x * packet->workgroup_y * packet->workgroup_z;
	const bool reqd = kernel->reqd[0] && (kernel->reqd[0] != packet->workgroup_x ||
					      kernel->reqd[1] != packet->workgroup_y ||
					      kernel->reqd[2] != packet->workgroup_z);

	why->kernel = kernel->name;
	if (kernel->flags & ROAD_GPU_KERNEL_REFUSED) {
		why->line = kernel->error_line;
		return road_gpu_fail(why, ROAD_GPU_FAULT_KERNEL, packet->kernel_object, 0);
	}
	if (threads > chip->params.threads_per_block)
		return road_gpu_fail(why, ROAD_GPU_FAULT_RESOURCES, 0, threads);
	if ((kernel->max_threads && threads > kernel->max_threads) || reqd)
		return bad_field(why, FIELD(workgroup_x));
	if (packet->private_bytes < kernel->local_bytes)
		return bad_field(why, FIELD(private_bytes));
	if (packet->group_bytes < kernel->shared_bytes)
		return bad_field(why, FIELD(group_bytes));
	if (kernel->param_bytes && packet->kernarg % 16)
		return bad_field(why, FIELD(kernarg));
	if (packet->private_bytes > GPU_LOCAL_MAX)
		return road_gpu_fail(why, ROAD_GPU_FAULT_RESOURCES, 0, packet->private_bytes);
	if (packet->group_bytes > chip->params.shared_per_block)
		return road_gpu_fail(why, ROAD_GPU_FAULT_RESOURCES, 0, packet->group_bytes);
	return GPU_START_DONE;
}

static uint64_t warps_of(const struct road_gpu_launch_config *config)
{
	const uint64_t threads =
		(uint64_t)config->threads[0] * config->threads[1] * config->threads[2];

	return (threads + ROAD_GPU_WARP_LANES - 1) / ROAD_GPU_WARP_LANES;
}

/* Workgroups that are resident at once. */
static uint64_t count_places(const struct road_gpu_launch_config *config, uint32_t per_sm)
{
	const uint64_t places = (uint64_t)per_sm * config->sm_count;
	const unsigned __int128 grid =
		(unsigned __int128)config->grid[0] * config->grid[1] * config->grid[2];

	return places < grid ? places : (uint64_t)grid;
}

/* Local memory of resident lanes lies in the chip's memory. */
static bool local_fits(const struct gpu_chip *chip, const struct road_gpu_launch_config *config,
		       uint64_t places)
{
	const uint64_t lanes = places * warps_of(config) * ROAD_GPU_WARP_LANES;
	const uint64_t room = chip->share_bytes < LOCAL_MEMORY ? chip->share_bytes : LOCAL_MEMORY;

	return !config->local_bytes || lanes <= room / config->local_bytes;
}

/* Functional mode may hold fewer, where the host's memory would not do. */
static uint32_t count_slots(const struct road_gpu_launch_config *config, uint64_t places)
{
	const uint64_t rows = config->code->desc.regs + ROAD_GPU_SINK_ROWS;
	const uint64_t bytes =
		config->shared_bytes +
		warps_of(config) * (rows * ROAD_GPU_ROW_BYTES + sizeof(struct road_gpu_warp) +
				    (uint64_t)config->local_bytes * ROAD_GPU_WARP_LANES);
	const uint64_t most = SLOT_MEMORY / bytes;

	if (places > most)
		places = most;
	return places ? (uint32_t)places : 1;
}

static void configure(struct gpu_work *work, const struct road_gpu_dispatch *packet)
{
	struct gpu_chip *chip = work->queue->function->chip;
	struct road_gpu_launch_config *config = &work->launch.config;
	const uint32_t items[3] = {packet->grid_x, packet->grid_y, packet->grid_z};
	const uint32_t threads[3] = {packet->workgroup_x, packet->workgroup_y, packet->workgroup_z};

	config->code = work->launch.code;
	config->variant = work->launch.image->module->variant;
	config->ranges = &work->table->ranges;
	for (int i = 0; i < 3; i++) {
		config->threads[i] = threads[i];
		config->grid[i] = items[i] / threads[i] + (items[i] % threads[i] != 0);
		config->grid_items[i] = items[i] % threads[i] ? items[i] : 0;
	}
	config->shared_bytes = packet->group_bytes;
	config->local_bytes = (packet->private_bytes + 15u) & ~15u;
	config->params = work->launch.params;
	config->grid_id = chip->grid_id++;
	config->client = work->queue->function->index;
	config->watchdog = packet->watchdog ? packet->watchdog : chip->params.watchdog;
	config->check_div = chip->options.check_div;
	config->poison = chip->options.poison;
	config->poison_word = chip->options.poison_word;
	config->prints = &work->launch.prints;
}

static void drop_launch(struct gpu_work *work)
{
	struct gpu_chip *chip = work->queue->function->chip;

	if (work->launch.running)
		chip->backend->cancel(work);
	road_gpu_print_deliver(work);
	work->launch.image->launches--;
	free(work->launch.params);
	if (work->launch.entered)
		road_gpu_region_leave(work->queue);
	const bool full = road_gpu_launches_full(work->queue->function);

	work->queue->function->launches--;
	chip->launches--;
	if (full)
		road_gpu_cp_kick_all(chip);
}

static void describe(const struct gpu_work *work, struct road_gpu_queue_status *why)
{
	const struct road_gpu_fault_info *fault = &work->launch.fault;

	*why = (struct road_gpu_queue_status){
		.fault = (uint32_t)fault->code,
		.address = fault->address,
		.kernel = work->launch.code->desc.name,
		.pc = fault->pc,
		.line = fault->line,
		.lane = fault->lane,
		.ctaid = {fault->ctaid[0], fault->ctaid[1], fault->ctaid[2]},
		.warp = fault->warp,
		.image = work->launch.image->address,
		.detail = fault->detail,
	};
}

static void begin(void *arg)
{
	struct gpu_work *work = arg;
	struct gpu_chip *chip = work->queue->function->chip;
	struct road_gpu_queue_status why;
	enum road_gpu_fault fault;
	uint64_t detail = 0;

	work->launch.begin_ps = sim_now(chip->env);
	fault = chip->backend->begin(work, &detail);
	if (!fault)
		return;
	work->launch.fault = (struct road_gpu_fault_info){.code = fault, .detail = detail};
	describe(work, &why);
	road_gpu_queue_fault(work->queue, work->number, &why);
	road_gpu_cp_retry(chip);
}

/* The argument block is read now: the packet's slot, and so the block, may be reused later. */
static enum gpu_start read_params(struct gpu_work *work, const struct road_gpu_dispatch *packet,
				  struct road_gpu_queue_status *why)
{
	struct gpu_function *function = work->queue->function;
	const uint32_t bytes = work->launch.code->desc.param_bytes;

	if (!bytes)
		return GPU_START_DONE;
	work->launch.params = malloc(bytes);
	if (!work->launch.params)
		return road_gpu_fail(why, ROAD_GPU_FAULT_RESOURCES, 0, bytes);
	if (packet->kernarg + bytes < packet->kernarg ||
	    !sim_dma_read(function->chip->env, function->index, packet->kernarg,
			  work->launch.params, bytes))
		return road_gpu_fail(why, ROAD_GPU_FAULT_DMA, packet->kernarg, bytes);
	return GPU_START_DONE;
}

static enum gpu_start check(struct gpu_queue *queue, const struct road_gpu_dispatch *packet,
			    struct gpu_image **image, const struct road_gpu_code **code,
			    struct road_gpu_queue_status *why)
{
	struct gpu_function *function = queue->function;

	if (check_grid(packet, why) != GPU_START_DONE)
		return GPU_START_FAULT;
	*image = NULL;
	if (function->spaces[queue->space].table)
		*image = road_gpu_image_find(function, queue->space, packet->kernel_object, code);
	if (!*image)
		return road_gpu_fail(why, ROAD_GPU_FAULT_KERNEL, packet->kernel_object, 0);
	why->image = (*image)->address;
	return check_kernel(function->chip, packet, &(*code)->desc, why);
}

static uint64_t launch_cost_ps(const struct gpu_queue *queue)
{
	const struct gpu_chip *chip = queue->function->chip;

	if (chip->backend->costs_launch)
		return 0;
	return road_gpu_cycles_ps(chip, queue->warm ? chip->params.launch_following
						    : chip->params.launch_first);
}

enum gpu_start road_gpu_dispatch_start(struct gpu_queue *queue, const union gpu_packet *any,
				       struct road_gpu_queue_status *why)
{
	const struct road_gpu_dispatch *packet = &any->dispatch;
	struct gpu_chip *chip = queue->function->chip;
	const struct road_gpu_code *code = NULL;
	struct gpu_image *image;
	enum road_gpu_limit limit;
	struct gpu_work *work;
	uint64_t places;
	uint32_t per_sm;

	if (check(queue, packet, &image, &code, why) != GPU_START_DONE)
		return GPU_START_FAULT;
	if (road_gpu_launches_full(queue->function))
		return GPU_START_PARK; /* it waited for its region, and others came before it */
	enum gpu_start entered = road_gpu_region_enter(queue, why);

	if (entered != GPU_START_DONE)
		return entered;
	work = road_gpu_work_new(queue, packet->completion);
	if (!work) {
		road_gpu_region_leave(queue);
		return road_gpu_fail(why, ROAD_GPU_FAULT_RESOURCES, 0, 0);
	}
	work->launch.entered = true;
	image->launches++;
	chip->launches++;
	queue->function->launches++;
	work->drop = drop_launch;
	work->launch.image = image;
	work->launch.code = code;
	work->launch.kernel_object = packet->kernel_object;
	if (read_params(work, packet, why) != GPU_START_DONE)
		return GPU_START_FAULT;
	configure(work, packet);
	if (chip->options.lines) {
		work->launch.config.words = road_gpu_lines_words(chip, image, code);
		if (!work->launch.config.words)
			return road_gpu_fail(why, ROAD_GPU_FAULT_RESOURCES, 0, 0);
	}
	per_sm = road_gpu_region_share(queue, &work->launch.config, &limit);
	if (!per_sm)
		return road_gpu_fail(why, ROAD_GPU_FAULT_RESOURCES, 0, limit);
	places = count_places(&work->launch.config, per_sm);
	if (!local_fits(chip, &work->launch.config, places))
		return road_gpu_fail(why, ROAD_GPU_FAULT_RESOURCES, 0, packet->private_bytes);
	work->launch.config.slots = count_slots(&work->launch.config, places);
	work->event.run = begin;
	queue->function->dirty = true;
	sim_schedule(chip->env, &work->event, sim_now(chip->env) + launch_cost_ps(queue));
	queue->warm = true;
	return GPU_START_ASYNC;
}

static void count(struct gpu_chip *chip, const struct gpu_work *work)
{
	const struct road_gpu_statistics *stats = &work->launch.stats;
	const struct road_gpu_launch_config *config = &work->launch.config;
	struct gpu_counters *counters = &chip->counters;

	counters->launches++;
	counters->workgroups += (uint64_t)config->grid[0] * config->grid[1] * config->grid[2];
	counters->warp_instructions += stats->warp_instructions;
	counters->thread_instructions += stats->thread_instructions;
	for (int i = 0; i < ROAD_GPU_UNITS; i++)
		counters->by_unit[i] += stats->by_unit[i];
	counters->approximate += stats->approximate;
	counters->divides_by_zero += stats->divides_by_zero;
	counters->divergent_branches += stats->divergent_branches;
	counters->barriers += stats->barriers;
	counters->launch_ps += sim_now(chip->env) - work->launch.begin_ps;
	if (stats->approximate)
		sim_approximate(chip->env, "gpu.approximate_function", stats->approximate);
	if (stats->order_sensitive && !chip->order_sensitive) {
		chip->order_sensitive = true;
		chip->order_pc = stats->order_pc;
		chip->order_line = stats->order_line;
		chip->order_kernel = work->launch.code->desc.name;
	}
}

/* Lanes acted that did not name themselves: the program runs on, but it is wrong. */
static void tell_violations(struct gpu_chip *chip, const struct gpu_work *work)
{
	const struct road_gpu_statistics *stats = &work->launch.stats;

	if (stats->sync_violations)
		sim_violation(chip->env, work->queue->function->index,
			      "%llu *.sync instructions of a launch do not name a lane that "
			      "executes them; the first is word %u on line %u, lanes 0x%08x",
			      (unsigned long long)stats->sync_violations, stats->sync_pc,
			      stats->sync_line, stats->sync_lanes);
}

static void note(struct gpu_chip *chip, const struct gpu_work *work,
		 const struct road_gpu_timing_done *done)
{
	struct gpu_launch_note *note = &chip->notes[chip->noted++ % GPU_LAUNCH_LOG];
	const struct road_gpu_launch_config *config = &work->launch.config;

	*note = (struct gpu_launch_note){
		.begin_ps = work->launch.begin_ps,
		.end_ps = sim_now(chip->env),
		.kernel_object = work->launch.kernel_object,
		.warp_instructions = work->launch.stats.warp_instructions,
		.thread_instructions = work->launch.stats.thread_instructions,
		.workgroups = (uint64_t)config->grid[0] * config->grid[1] * config->grid[2],
		.name = work->launch.code->desc.name,
		.timed = done != NULL,
	};
	if (!done)
		return;
	note->occupancy_permille = done->occupancy_permille;
	note->achieved_permille = done->achieved_permille;
	note->blocks_per_sm = done->blocks_per_sm;
	note->warps_per_block = done->warps_per_block;
	note->limit = (uint32_t)done->limit;
}

void road_gpu_launch_end(struct gpu_work *work, const struct road_gpu_timing_done *done)
{
	struct gpu_queue *queue = work->queue;
	struct gpu_chip *chip = queue->function->chip;
	struct road_gpu_queue_status why;

	count(chip, work);
	tell_violations(chip, work);
	note(chip, work, done);
	road_gpu_print_deliver(work);
	if (!work->launch.fault.code) {
		road_gpu_work_end(work);
		return;
	}
	describe(work, &why);
	road_gpu_queue_fault(queue, work->number, &why);
	if (chip->unit &&
	    why.fault == ROAD_GPU_FAULT_ECC) /* what the hardware did, not the program */
		region_unit_fault(chip->unit, queue->function->index,
				  region_unit_of_queue(chip->unit, road_gpu_region_queue(queue)));
	road_gpu_cp_retry(chip);
}
