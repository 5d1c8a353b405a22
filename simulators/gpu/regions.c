/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Partitions: the chip's half of the reconfiguration unit. A unit of a region is a slice: equal
 * numbers of SMs and of slices of the second level, with their channels of device memory. A
 * region's work runs on its SMs and goes through its slices; what no whole slice is left for is the
 * root's alone. What a profile limits it limits for each launch.
 */
#include <stdlib.h>
#include <string.h>

#include "simulators/gpu/model.h"

static uint32_t sms_of_slice(const struct gpu_chip *chip)
{
	return chip->params.sm_count / chip->params.regions;
}

/* Of the second level, and channels. */
static uint32_t slices_of_slice(const struct gpu_chip *chip)
{
	return chip->params.l2_slices / chip->params.regions;
}

/* Of `slices` of the second level's. */
static struct region_own share_of(const struct road_gpu_params *params, uint32_t slices)
{
	return (struct region_own){.cache_bytes = params->l2_bytes / params->l2_slices * slices,
				   .memory_rate = params->dram_rate / params->l2_slices * slices};
}

/* ---- callbacks of the unit ---- */

static bool read_image(void *arg, uint32_t function, uint64_t address, void *out, uint32_t bytes)
{
	struct gpu_chip *chip = arg;
	const uint8_t *at = road_gpu_chip_memory(chip)
				    ? road_gpu_share(&chip->functions[function], address, bytes)
				    : NULL;

	if (at)
		memcpy(out, at, bytes);
	return at != NULL;
}

uint32_t road_gpu_region_queue(const struct gpu_queue *queue)
{
	return queue->function->index * queue->function->chip->params.queues + queue->index;
}

static struct gpu_queue *queue_of(const struct gpu_chip *chip, uint32_t number)
{
	return &chip->functions[number / chip->params.queues].queues[number % chip->params.queues];
}

static uint32_t queues_of(const struct gpu_chip *chip)
{
	return chip->function_count * chip->params.queues;
}

static uint8_t *place_buffer(struct gpu_chip *chip, uint32_t index, uint64_t address,
			     uint32_t bytes, bool write)
{
	const struct gpu_queue *queue = queue_of(chip, index);
	struct gpu_function *function = queue->function;
	struct gpu_place place = {0};

	if (!bytes || !function->spaces[queue->space].table ||
	    road_gpu_place(function, function->spaces[queue->space].table, false, address, bytes,
			   write, &place))
		return NULL;
	return place.host;
}

static bool read_buffer(void *arg, uint32_t queue, uint64_t address, void *out, uint32_t bytes)
{
	const uint8_t *at = place_buffer(arg, queue, address, bytes, false);

	if (at)
		memcpy(out, at, bytes);
	return at != NULL;
}

static bool write_buffer(void *arg, uint32_t queue, uint64_t address, const void *in,
			 uint32_t bytes)
{
	uint8_t *at = place_buffer(arg, queue, address, bytes, true);

	if (at)
		memcpy(at, in, bytes);
	return at != NULL;
}

static bool is_sound(const struct road_gpu_params *params, const struct road_gpu_profile *profile,
		     uint32_t *at)
{
	const struct {
		bool bad;
		size_t at;
	} rules[] = {
		{profile->version != ROAD_GPU_PROFILE_VERSION,
		 offsetof(struct road_gpu_profile, version)},
		{profile->flags & ~ROAD_GPU_PROFILE_EXCLUSIVE,
		 offsetof(struct road_gpu_profile, flags)},
		{profile->shared_bytes > params->shared_per_sm,
		 offsetof(struct road_gpu_profile, shared_bytes)},
		{profile->warps < ROAD_GPU_PROFILE_WARPS_MIN ||
			 profile->warps > params->warps_per_sm,
		 offsetof(struct road_gpu_profile, warps)},
		{profile->blocks > params->blocks_per_sm,
		 offsetof(struct road_gpu_profile, blocks)},
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].bad) {
			*at = (uint32_t)rules[i].at;
			return false;
		}
	return true;
}

static bool check(void *arg, const struct region_image *image, uint32_t *at)
{
	const struct gpu_chip *chip = arg;
	struct road_gpu_profile profile;

	*at = 0;
	if (image->payload_bytes != sizeof(profile) || image->header->claim_count ||
	    image->header->relocation_count)
		return false;
	memcpy(&profile, image->payload, sizeof(profile));
	for (size_t i = 0; i < sizeof(profile.reserved) / sizeof(profile.reserved[0]); i++)
		if (profile.reserved[i]) {
			*at = (uint32_t)offsetof(struct road_gpu_profile, reserved);
			return false;
		}
	return is_sound(&chip->params, &profile, at);
}

static void activate(void *arg, uint32_t region, const struct region_image *image)
{
	struct gpu_chip *chip = arg;
	struct gpu_partition *partition = &chip->partitions[region];

	partition->profiled = image != NULL;
	if (image)
		memcpy(&partition->profile, image->payload, sizeof(partition->profile));
}

/* SMs keep nothing from one launch to the next. */
static void wipe(void *arg, uint32_t function, uint32_t region)
{
	(void)arg, (void)function, (void)region;
}

static uint64_t first_launch(const struct gpu_queue *queue)
{
	uint64_t first = UINT64_MAX;

	for (const struct gpu_work *work = queue->works; work; work = work->next)
		if (work->op->launch && work->number < first)
			first = work->number;
	return first;
}

static void drain(void *arg, uint32_t function, uint32_t region, enum region_drain how)
{
	struct gpu_chip *chip = arg;

	(void)how;
	for (uint32_t i = 0; i < chip->params.queues; i++) {
		struct gpu_queue *queue = &chip->functions[function].queues[i];
		struct road_gpu_queue_status why = {.fault = ROAD_GPU_FAULT_ABORTED};

		if (region_unit_of_queue(chip->unit, road_gpu_region_queue(queue)) != region ||
		    first_launch(queue) == UINT64_MAX)
			continue;
		road_gpu_queue_fault(queue, first_launch(queue), &why);
	}
	road_gpu_cp_retry(chip);
}

static void suspend(void *arg, uint32_t function, uint32_t region)
{
	road_gpu_launches_suspend(arg, function, region);
}

static void resume(void *arg, uint32_t function, uint32_t region)
{
	road_gpu_launches_resume(arg, function, region);
}

static void retry(void *arg)
{
	road_gpu_cp_retry(arg);
}

/* A queue of the region that does not wait at the gate has packets that it did not begin. */
static bool more(void *arg, uint32_t region, uint32_t but)
{
	const struct gpu_chip *chip = arg;

	for (uint32_t i = 0; i < queues_of(chip); i++) {
		const struct gpu_queue *queue = queue_of(chip, i);

		if (queue->function->index != but &&
		    region_unit_of_queue(chip->unit, i) == region &&
		    queue->life == GPU_QUEUE_OPEN && !queue->parked && !queue->hold &&
		    (queue->have || queue->fetched < queue->doorbell))
			return true;
	}
	return false;
}

static const struct region_chip callbacks = {
	.read_image = read_image,
	.read_buffer = read_buffer,
	.write_buffer = write_buffer,
	.check = check,
	.activate = activate,
	.wipe = wipe,
	.drain = drain,
	.retry = retry,
	.suspend = suspend,
	.resume = resume,
	.more = more,
};

/* ---- life ---- */

bool road_gpu_regions_make(struct gpu_chip *chip)
{
	struct road_gpu_params *params = &chip->params;
	struct region_setup setup = {
		.env = chip->env,
		.chip = &callbacks,
		.arg = chip,
		.features =
			REGION_LAYOUT | REGION_READ_BACK | REGION_KEEPS_MEMORY | REGION_SWITCHES,
		.kind = ROAD_CONFIG_PROFILE,
		.fabric = ROAD_GPU_PROFILE_FABRIC,
		.slots = 1,
		.slot_bytes = 4096,
		.alignment = 1,
		.units_min = 1,
		.queues = queues_of(chip),
		.functions = chip->function_count,
		.memory_bytes = chip->share_bytes,
		.whole = {.cache_bytes = params->l2_bytes, .memory_rate = params->dram_rate},
		.hysteresis = 10,
		.costs = {.load_ps = params->profile_ps,
			  .switch_ps = params->activate_ps,
			  .layout_ps = params->activate_ps,
			  .quality = 3 /* exact: this chip takes as long as it says */},
	};

	if (!params->regions)
		return true;
	/* A slice has one of each at least. */
	if (params->regions > params->sm_count)
		params->regions = params->sm_count;
	if (params->regions > params->l2_slices)
		params->regions = params->l2_slices;
	setup.units = params->regions;
	setup.each = share_of(params, slices_of_slice(chip));
	chip->partitions = calloc(ROAD_REGION_NUMBERS, sizeof(*chip->partitions));
	if (chip->partitions)
		chip->unit = region_unit_create(&setup);
	return chip->unit != NULL;
}

void road_gpu_regions_free(struct gpu_chip *chip)
{
	region_unit_destroy(chip->unit);
	free(chip->partitions);
	chip->unit = NULL;
	chip->partitions = NULL;
}

enum sim_inject road_gpu_phase_fail(void *model, uint32_t function, uint32_t region, uint32_t phase,
				    uint32_t times)
{
	struct gpu_chip *chip = model;

	if (!chip->unit)
		return SIM_INJECT_NONE;
	return region_unit_phase_fail(chip->unit, function, region, phase, times)
		       ? SIM_INJECTED
		       : SIM_INJECT_NOWHERE;
}

bool road_gpu_region_open(struct gpu_queue *queue)
{
	struct gpu_function *function = queue->function;
	const uint64_t region = function->latch.queue_region;
	const uint64_t owner = (uint64_t)function->index << 32 | queue->space;
	enum road_region_error error;

	if (!function->chip->unit || region == ROAD_GPU_REGION_NONE)
		return true;
	error = region_unit_queue_open(function->chip->unit, road_gpu_region_queue(queue),
				       function->index, (uint32_t)region, owner);
	if (error)
		sim_violation(function->chip->env, function->index,
			      "queue %u is opened with QUEUE_REGION %llu, allowed: a region that "
			      "is there and has no children",
			      queue->index, (unsigned long long)region);
	return !error;
}

/* ---- launches ---- */

static enum gpu_start refuse(struct road_gpu_queue_status *why, enum road_region_error error)
{
	return road_gpu_fail(why, ROAD_GPU_FAULT_REGION, 0, (uint64_t)error);
}

static bool is_taken(const struct gpu_chip *chip, uint32_t region)
{
	const struct gpu_partition *partition = &chip->partitions[region];

	return partition->profiled && partition->profile.flags & ROAD_GPU_PROFILE_EXCLUSIVE &&
	       region_unit_running(chip->unit, region);
}

enum gpu_start road_gpu_region_enter(struct gpu_queue *queue, struct road_gpu_queue_status *why)
{
	struct gpu_chip *chip = queue->function->chip;
	enum road_region_error error = ROAD_REGION_ERROR_STALE;
	uint32_t region;

	if (!chip->unit)
		return GPU_START_DONE;
	region = region_unit_of_queue(chip->unit, road_gpu_region_queue(queue));
	if (region == REGION_NONE)
		return refuse(why, error);
	/* The unit switches another function's profile away. */
	if (is_taken(chip, region) &&
	    !region_unit_is_foreign(chip->unit, road_gpu_region_queue(queue)))
		return GPU_START_PARK;
	switch (region_unit_gate(chip->unit, road_gpu_region_queue(queue), &queue->want, &error)) {
	case REGION_WAIT: return GPU_START_PARK;
	case REGION_GO: queue->want = (struct region_want){0}; return GPU_START_DONE;
	default: return refuse(why, error);
	}
}

void road_gpu_region_leave(struct gpu_queue *queue)
{
	const struct gpu_function *function = queue->function;
	struct region_unit *unit = function->chip->unit;

	if (unit)
		region_unit_leave(unit, function->index,
				  region_unit_of_queue(unit, road_gpu_region_queue(queue)));
}

uint32_t road_gpu_region_of(const struct gpu_queue *queue)
{
	const struct gpu_chip *chip = queue->function->chip;
	uint32_t region =
		chip->unit ? region_unit_of_queue(chip->unit, road_gpu_region_queue(queue)) : 0;

	return region == REGION_NONE ? 0 : region;
}

uint64_t road_gpu_region_generation(const struct gpu_chip *chip, uint32_t region)
{
	/* Regions come and go by layouts, which are function 0's. */
	return chip->unit && region ? region_unit_generation(chip->unit, 0, region) : 0;
}

void road_gpu_region_params(const struct gpu_chip *chip, uint32_t region,
			    struct road_gpu_params *out)
{
	uint32_t first = 0, units = 0;

	*out = chip->params;
	if (!region || !region_unit_bounds(chip->unit, region, &first, &units))
		return;
	const uint32_t slices = units * slices_of_slice(chip);
	const struct region_own own = share_of(&chip->params, slices);

	out->first_sm = first * sms_of_slice(chip);
	out->sm_count = units * sms_of_slice(chip);
	out->l2_slices = slices;
	out->l2_bytes = own.cache_bytes;
	out->dram_rate = own.memory_rate;
}

struct sim_resource *road_gpu_region_dram(const struct gpu_queue *queue, uint64_t *rate)
{
	struct gpu_chip *chip = queue->function->chip;
	const uint32_t region = road_gpu_region_of(queue);
	struct road_gpu_params params;

	road_gpu_region_params(chip, region, &params);
	*rate = params.dram_rate;
	return region ? &chip->partitions[region].dram : &chip->dram;
}

static uint32_t smaller(uint32_t limit, uint32_t value)
{
	return limit && limit < value ? limit : value;
}

uint32_t road_gpu_region_share(struct gpu_queue *queue, struct road_gpu_launch_config *config,
			       enum road_gpu_limit *limit)
{
	const struct gpu_chip *chip = queue->function->chip;
	const uint32_t region = road_gpu_region_of(queue);
	struct road_gpu_params params;

	road_gpu_region_params(chip, region, &params);
	config->first_sm = params.first_sm;
	config->sm_count = params.sm_count;
	if (!chip->unit || !chip->partitions[region].profiled)
		return road_gpu_timing_occupancy(&params, config, limit);
	const struct road_gpu_profile *profile = &chip->partitions[region].profile;

	params.shared_per_sm = smaller(profile->shared_bytes, params.shared_per_sm);
	params.warps_per_sm = smaller(profile->warps, params.warps_per_sm);
	params.blocks_per_sm = smaller(profile->blocks, params.blocks_per_sm);
	config->blocks_max = road_gpu_timing_occupancy(&params, config, limit);
	return config->blocks_max;
}

/* ---- packets ---- */

enum gpu_start road_gpu_expect_start(struct gpu_queue *queue, const union gpu_packet *packet,
				     struct road_gpu_queue_status *why)
{
	const struct road_gpu_vendor *vendor = &packet->vendor;
	const bool may = vendor->flags & ROAD_GPU_VENDOR_ACTIVATE;

	if (!queue->function->chip->unit)
		return refuse(why, ROAD_REGION_ERROR_UNSUPPORTED);
	if (!vendor->value)
		return road_gpu_fail(why, ROAD_GPU_FAULT_PACKET, 0,
				     offsetof(struct road_gpu_vendor, value));
	if (vendor->bytes > ROAD_CONFIG_MAX || (!may && (vendor->bytes || vendor->src)))
		return road_gpu_fail(why, ROAD_GPU_FAULT_PACKET, 0,
				     offsetof(struct road_gpu_vendor, bytes));
	queue->want = (struct region_want){
		.config = vendor->value,
		.image = vendor->src,
		.image_bytes = (uint32_t)vendor->bytes,
		.activate = may,
	};
	return GPU_START_DONE;
}

static void reconfigured(void *arg, enum road_region_error error)
{
	struct gpu_work *work = arg;
	struct gpu_queue *queue = work->queue;
	struct road_gpu_queue_status why = {0};

	if (!error) {
		road_gpu_work_end(work);
		return;
	}
	refuse(&why, error);
	road_gpu_queue_fault(queue, work->number, &why);
	road_gpu_cp_retry(queue->function->chip);
}

/* Behind all before it, and before all behind it. */
enum gpu_start road_gpu_region_start(struct gpu_queue *queue, const union gpu_packet *packet,
				     struct road_gpu_queue_status *why)
{
	struct gpu_chip *chip = queue->function->chip;
	struct gpu_work *work;

	if (!chip->unit)
		return refuse(why, ROAD_REGION_ERROR_UNSUPPORTED);
	if (region_unit_of_queue(chip->unit, road_gpu_region_queue(queue)) == REGION_NONE)
		return refuse(why, ROAD_REGION_ERROR_STALE);
	if (queue->in_flight)
		return GPU_START_PARK;
	work = road_gpu_work_new(queue, 0);
	if (!work)
		return road_gpu_fail(why, ROAD_GPU_FAULT_RESOURCES, 0, 0);
	queue->hold = work;
	region_unit_begin(chip->unit, road_gpu_region_queue(queue), packet->vendor.src,
			  reconfigured, work);
	return GPU_START_ASYNC;
}
