/* SPDX-License-Identifier: Apache-2.0 */
/* Contexts: range tables (uapi/range.h), and what addresses mean by them. */
#include <string.h>

#include "simulators/dsa/model.h"

static bool is_used(const struct dsa_function *function, uint32_t context)
{
	for (uint32_t i = 0; i < function->chip->params.streams; i++) {
		const struct dsa_stream *stream = &function->streams[i];

		if (stream->context == context &&
		    dsa_stream_state(stream) == ROAD_DSA_STREAM_RUNNING)
			return true;
	}
	return false;
}

static void close_context(struct dsa_function *function, uint32_t context)
{
	struct sim_env *env = function->chip->env;

	if (!function->contexts[context] && !sim_boot_runs(function->chip->boot))
		return; /* a restart closed it */
	if (!function->contexts[context])
		sim_violation(env, function->index, "context %u is closed and is not open",
			      context);
	else if (is_used(function, context))
		sim_violation(env, function->index,
			      "context %u is closed while a stream of it runs: stays open",
			      context);
	else
		dsa_context_drop(function, context);
}

/* An invalid table fails closed: what the old one allowed may have been given away. */
static void open_context(struct dsa_function *function, uint32_t context)
{
	struct dsa_chip *chip = function->chip;
	struct sim_ranges *table = NULL;

	if (dsa_chip_memory(chip))
		table = sim_ranges_read(chip->env, function->index, function->latch.table,
					function->latch.count, chip->share_bytes, 0, 0);
	else
		sim_violation(chip->env, function->index, "no host memory for a context");
	sim_ranges_put(function->contexts[context]);
	function->contexts[context] = table;
}

void dsa_context_command(struct dsa_function *function, uint32_t command)
{
	struct dsa_chip *chip = function->chip;
	uint64_t context = function->latch.context;

	if (context < chip->params.contexts && command == ROAD_DSA_CONTEXT_OPEN)
		open_context(function, (uint32_t)context);
	else if (context < chip->params.contexts && command == ROAD_DSA_CONTEXT_CLOSE)
		close_context(function, (uint32_t)context);
	else
		sim_violation(chip->env, function->index,
			      "context command %u for context %llu, allowed: 1, 2, contexts below "
			      "%u",
			      command, (unsigned long long)context, chip->params.contexts);
}

void dsa_context_drop(struct dsa_function *function, uint32_t context)
{
	dsa_loaded_drop(function, context);
	sim_ranges_put(function->contexts[context]);
	function->contexts[context] = NULL;
	if (function->chip->unit)
		region_unit_owner_gone(function->chip->unit,
				       (uint64_t)function->index << 32 | context);
}

static enum road_dsa_fault place_on_bus(struct dsa_function *function, uint64_t address,
					uint64_t bytes, bool write, struct dsa_piece *out)
{
	if (address + bytes < address)
		return ROAD_DSA_FAULT_DMA;
	*out = (struct dsa_piece){
		.host = sim_dma_window(function->chip->env, function->index, address, bytes, write),
		.pa = address,
		.system = true,
	};
	return out->host ? ROAD_DSA_FAULT_NONE : ROAD_DSA_FAULT_DMA;
}

/* Of the chip's memory, behind an address of the function's share that was checked against it. */
static uint64_t in_chip(const struct dsa_function *function, uint64_t address)
{
	return function->base + address;
}

/* Bytes of one range, whatever its rights. */
static enum road_dsa_fault place(struct dsa_function *function, const struct sim_ranges *table,
				 uint64_t address, uint64_t bytes, bool write, uint32_t *rights,
				 struct dsa_piece *out)
{
	const struct road_range *range = sim_ranges_find(table, address, bytes);

	if (!range)
		return ROAD_DSA_FAULT_UNMAPPED;
	*rights = range->flags;
	uint64_t pa = range->pa + (address - range->va);

	if (range->flags & ROAD_RANGE_SYSTEM)
		return place_on_bus(function, pa, bytes, write, out);
	pa = in_chip(function, pa);
	*out = (struct dsa_piece){.host = function->chip->memory + pa, .pa = pa};
	if (write)
		function->dirty = true;
	return ROAD_DSA_FAULT_NONE;
}

enum road_dsa_fault dsa_place(struct dsa_function *function, const struct sim_ranges *table,
			      bool bus, uint64_t address, uint64_t bytes, bool write,
			      struct dsa_piece *out)
{
	uint32_t rights;
	enum road_dsa_fault fault =
		bus ? place_on_bus(function, address, bytes, write, out)
		    : place(function, table, address, bytes, write, &rights, out);

	if (!fault)
		out->va = address;
	return fault;
}

enum road_dsa_fault dsa_view_find(struct dsa_view *view, uint64_t va, uint64_t bytes, bool write,
				  struct dsa_piece *out)
{
	uint32_t rights = 0;
	enum road_dsa_fault fault =
		place(view->function, view->table, va, bytes, write, &rights, out);

	if (fault)
		return fault;
	out->va = va;
	return rights & (write ? ROAD_RANGE_WRITE : ROAD_RANGE_READ) ? ROAD_DSA_FAULT_NONE
								     : ROAD_DSA_FAULT_RIGHTS;
}

bool dsa_image_read(struct dsa_function *function, uint64_t address, void *out, uint32_t bytes)
{
	struct dsa_chip *chip = function->chip;

	if (address > chip->share_bytes || bytes > chip->share_bytes - address ||
	    !dsa_chip_memory(chip))
		return false;
	memcpy(out, chip->memory + in_chip(function, address), bytes);
	return true;
}

/* ---- memory that could not be corrected ---- */

enum sim_inject dsa_inject(void *model, uint32_t function, bool poison, uint64_t address)
{
	struct dsa_chip *chip = model;

	if (!chip->params.memory_ecc || function >= chip->function_count)
		return SIM_INJECT_NONE;
	for (uint32_t i = 0; i < chip->params.contexts; i++) {
		const struct road_range *range =
			sim_ranges_find(chip->functions[function].contexts[i], address, 1);

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

enum road_dsa_fault dsa_poison_touch(struct dsa_function *function, const struct dsa_piece *piece,
				     uint64_t offset, uint64_t bytes, bool write, uint64_t *address)
{
	struct road_poison *poison = &function->chip->poison;
	uint64_t first;

	if (!poison->count || piece->system)
		return ROAD_DSA_FAULT_NONE;
	if (write) {
		road_poison_clear(poison, piece->pa + offset, bytes);
	} else if (road_poison_find(poison, piece->pa + offset, bytes, &first)) {
		*address = piece->va + (first - piece->pa);
		return ROAD_DSA_FAULT_ECC;
	}
	return ROAD_DSA_FAULT_NONE;
}
