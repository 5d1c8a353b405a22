/* SPDX-License-Identifier: Apache-2.0 */
/* Contexts: range tables (uapi/range.h), and what addresses mean by them. */
#include <string.h>

#include "simulators/rpu/model.h"

_Static_assert(ROAD_RANGE_READ == ROAD_CONFIG_CLAIM_READ &&
		       ROAD_RANGE_WRITE == ROAD_CONFIG_CLAIM_WRITE,
	       "rights of claims and of ranges are asked for alike");

static bool is_used(const struct rpu_function *function, uint32_t context)
{
	for (uint32_t i = 0; i < function->chip->params.streams; i++) {
		const struct rpu_stream *stream = &function->streams[i];

		if (stream->context == context &&
		    rpu_stream_state(stream) == ROAD_RPU_STREAM_RUNNING)
			return true;
	}
	return false;
}

static void close_context(struct rpu_function *function, uint32_t context)
{
	struct sim_env *env = function->chip->env;

	if (!function->contexts[context] && !sim_boot_runs(function->chip->boot))
		return; /* a restart closed it */
	if (!function->contexts[context]) {
		sim_violation(env, function->index, "context %u is closed and is not open",
			      context);
	} else if (is_used(function, context)) {
		sim_violation(env, function->index,
			      "context %u is closed while a stream of it runs: stays open",
			      context);
	} else {
		sim_ranges_put(function->contexts[context]);
		function->contexts[context] = NULL;
		region_unit_owner_gone(function->chip->unit,
				       (uint64_t)function->index << 32 | context);
	}
}

/* An invalid table fails closed: what the old one allowed may have been given away. */
static void open_context(struct rpu_function *function, uint32_t context)
{
	struct rpu_chip *chip = function->chip;
	struct sim_ranges *table = NULL;

	if (rpu_chip_memory(chip))
		table = sim_ranges_read(chip->env, function->index, function->latch.table,
					function->latch.count, chip->share_bytes, ROAD_RPU_SPM_BASE,
					chip->params.spm_bytes);
	else
		sim_violation(chip->env, function->index, "no host memory for a context");
	sim_ranges_put(function->contexts[context]);
	function->contexts[context] = table;
}

void rpu_context_command(struct rpu_function *function, uint32_t command)
{
	struct rpu_chip *chip = function->chip;
	uint64_t context = function->latch.context;

	if (context < chip->params.contexts && command == ROAD_RPU_CONTEXT_OPEN)
		open_context(function, (uint32_t)context);
	else if (context < chip->params.contexts && command == ROAD_RPU_CONTEXT_CLOSE)
		close_context(function, (uint32_t)context);
	else
		sim_violation(chip->env, function->index,
			      "context command %u for context %llu, allowed: 1, 2, contexts below "
			      "%u",
			      command, (unsigned long long)context, chip->params.contexts);
}

/* Windows of scratchpads are no memory. */
static const struct road_range *find_memory(const struct sim_ranges *table, uint64_t address,
					    uint64_t bytes)
{
	const struct road_range *range = sim_ranges_find(table, address, bytes);

	return range && !(range->flags & ROAD_RANGE_SCRATCH) ? range : NULL;
}

/* Keeps in `near` the window that lies nearest to the address. */
static void come_nearer(struct rpu_window *near, uint64_t *distance, uint64_t from, uint64_t end,
			uint32_t address)
{
	uint64_t mine = address < from ? from - address : address < end ? 0 : address - end + 1;

	if (mine >= *distance)
		return;
	*distance = mine;
	*near = (struct rpu_window){(uint32_t)from, (uint32_t)end};
}

bool rpu_window_find(const struct sim_ranges *table, const struct region_image *image,
		     uint32_t address, uint32_t rights, struct rpu_window *out)
{
	uint64_t distance = UINT64_MAX;

	*out = (struct rpu_window){0, 0};
	for (uint32_t i = 0; image && i < image->header->claim_count; i++) {
		const struct road_config_claim *claim = &image->claims[i];

		if (claim->kind == ROAD_CLAIM_SCRATCH && !(rights & ~claim->flags))
			come_nearer(out, &distance, claim->offset, claim->offset + claim->bytes,
				    address);
	}
	for (uint32_t i = 0; table && i < table->count; i++) {
		const struct road_range *range = &table->range[i];

		if (range->flags & ROAD_RANGE_SCRATCH && !(rights & ~range->flags))
			come_nearer(out, &distance, range->va - ROAD_RPU_SPM_BASE,
				    range->va - ROAD_RPU_SPM_BASE + range->bytes, address);
	}
	return !distance;
}

bool rpu_window_check(const struct rpu_stream *stream, uint64_t at, uint64_t extent,
		      struct road_rpu_stream_status *why)
{
	const uint64_t spm = stream->function->chip->params.spm_bytes;
	struct rpu_window window;

	if (at > spm || extent > spm - at) {
		rpu_fail(why, ROAD_RPU_FAULT_BOUNDS, at, extent);
		return false;
	}
	if (rpu_window_find(stream->table, NULL, (uint32_t)at, 0, &window) &&
	    at + extent <= window.end)
		return true;
	rpu_fail(why, ROAD_RPU_FAULT_WINDOW, at, extent);
	why->window_from = window.from;
	why->window_end = window.end;
	return false;
}

static enum road_rpu_fault place_on_bus(struct rpu_function *function, uint64_t address,
					uint64_t bytes, bool write, struct rpu_piece *out)
{
	if (address + bytes < address)
		return ROAD_RPU_FAULT_DMA;
	*out = (struct rpu_piece){
		.host = sim_dma_window(function->chip->env, function->index, address, bytes, write),
		.pa = address,
		.system = true,
	};
	return out->host ? ROAD_RPU_FAULT_NONE : ROAD_RPU_FAULT_DMA;
}

/* Of the chip's memory, behind an address of the function's share that was checked against it. */
static uint64_t in_chip(const struct rpu_function *function, uint64_t address)
{
	return function->base + address;
}

static enum road_rpu_fault place_in(struct rpu_function *function, const struct road_range *range,
				    uint64_t address, uint64_t bytes, bool write,
				    struct rpu_piece *out)
{
	uint64_t pa = range->pa + (address - range->va);
	enum road_rpu_fault fault = ROAD_RPU_FAULT_NONE;

	if (range->flags & ROAD_RANGE_SYSTEM) {
		fault = place_on_bus(function, pa, bytes, write, out);
	} else {
		pa = in_chip(function, pa);
		*out = (struct rpu_piece){.host = function->chip->memory + pa, .pa = pa};
		function->dirty |= write;
	}
	out->va = address;
	return fault;
}

bool rpu_image_read(struct rpu_function *function, uint64_t address, void *out, uint32_t bytes)
{
	struct rpu_chip *chip = function->chip;

	if (address > chip->share_bytes || bytes > chip->share_bytes - address ||
	    !rpu_chip_memory(chip))
		return false;
	memcpy(out, chip->memory + in_chip(function, address), bytes);
	return true;
}

enum road_rpu_fault rpu_place(struct rpu_function *function, const struct sim_ranges *table,
			      bool bus, uint64_t address, uint64_t bytes, bool write,
			      struct rpu_piece *out)
{
	if (bus)
		return place_on_bus(function, address, bytes, write, out);
	const struct road_range *range = find_memory(table, address, bytes);

	return range ? place_in(function, range, address, bytes, write, out)
		     : ROAD_RPU_FAULT_UNMAPPED;
}

enum road_rpu_fault rpu_access(struct rpu_function *function, const struct sim_ranges *table,
			       uint64_t va, uint64_t bytes, bool write, struct rpu_piece *out)
{
	const struct road_range *range = find_memory(table, va, bytes);
	uint64_t address;

	if (!range)
		return ROAD_RPU_FAULT_UNMAPPED;
	if (!(range->flags & (write ? ROAD_RANGE_WRITE : ROAD_RANGE_READ)))
		return ROAD_RPU_FAULT_RIGHTS;
	enum road_rpu_fault fault = place_in(function, range, va, bytes, write, out);

	return fault ? fault : rpu_poison_touch(function->chip, out, 0, bytes, write, &address);
}

/* ---- memory that could not be corrected ---- */

enum sim_inject rpu_inject(void *model, uint32_t function, bool poison, uint64_t address)
{
	struct rpu_chip *chip = model;

	if (!chip->params.memory_ecc || function >= chip->function_count)
		return SIM_INJECT_NONE;
	for (uint32_t i = 0; i < chip->params.contexts; i++) {
		const struct road_range *range =
			find_memory(chip->functions[function].contexts[i], address, 1);

		if (!range || range->flags & ROAD_RANGE_SYSTEM)
			continue;
		if (!poison)
			chip->counters.ecc_corrected++;
		else if (road_poison_add(&chip->poison, in_chip(&chip->functions[function],
								range->pa + (address - range->va))))
			chip->counters.ecc_uncorrected++;
		else
			return SIM_INJECT_FULL;
		return SIM_INJECTED;
	}
	return SIM_INJECT_NOWHERE;
}

enum road_rpu_fault rpu_poison_touch(struct rpu_chip *chip, const struct rpu_piece *piece,
				     uint64_t offset, uint64_t bytes, bool write, uint64_t *address)
{
	uint64_t first;

	if (!chip->poison.count || piece->system)
		return ROAD_RPU_FAULT_NONE;
	if (write) {
		road_poison_clear(&chip->poison, piece->pa + offset, bytes);
	} else if (road_poison_find(&chip->poison, piece->pa + offset, bytes, &first)) {
		*address = piece->va + (first - piece->pa);
		return ROAD_RPU_FAULT_ECC;
	}
	return ROAD_RPU_FAULT_NONE;
}

enum road_rpu_fault rpu_poison_rows(struct rpu_chip *chip, const struct rpu_piece *piece,
				    const struct road_rows *rows, uint64_t pitch, bool write,
				    uint64_t *address)
{
	enum road_rpu_fault fault = ROAD_RPU_FAULT_NONE;

	if (!chip->poison.count)
		return fault;
	for (uint64_t i = 0; !fault && i < (uint64_t)rows->rows * rows->slices; i++) {
		uint64_t row = i / rows->rows * rows->slice_rows + i % rows->rows;

		fault = rpu_poison_touch(chip, piece, row * pitch, rows->bytes, write, address);
	}
	return fault;
}
