/* SPDX-License-Identifier: Apache-2.0 */
/* Contexts: range tables (uapi/dsa/regs.h), and what addresses mean by them. */
#include <stdlib.h>

#include "simulators/dsa/model.h"

/* What is wrong with a range; NULL: nothing. `end` is where the one before it ends. */
static const char *check_range(const struct dsa_chip *chip, const struct road_dsa_range *range,
			       uint64_t end)
{
	const uint32_t rights = ROAD_DSA_RANGE_READ | ROAD_DSA_RANGE_WRITE;

	if (range->reserved || range->flags & ~(rights | ROAD_DSA_RANGE_SYSTEM))
		return "has unknown flags or a reserved field that is not 0";
	if (!(range->flags & rights))
		return "can be neither read nor written";
	if (!range->bytes || range->va + range->bytes < range->va)
		return "is empty or wraps";
	if (range->va < end)
		return "is not above the one before it, or in the unmapped first bytes";
	if (range->pa + range->bytes < range->pa)
		return "wraps on the bus";
	if (!(range->flags & ROAD_DSA_RANGE_SYSTEM) &&
	    (range->pa > chip->memory_bytes || range->bytes > chip->memory_bytes - range->pa))
		return "leaves the chip's memory";
	return NULL;
}

static bool check_table(struct dsa_function *function, const struct dsa_table *table)
{
	uint64_t end = ROAD_DSA_UNMAPPED;

	for (uint32_t i = 0; i < table->count; i++) {
		const struct road_dsa_range *range = &table->range[i];
		const char *wrong = check_range(function->chip, range, end);

		if (wrong) {
			sim_violation(function->chip->env, function->index,
				      "range %u at va 0x%llx %s", i, (unsigned long long)range->va,
				      wrong);
			return false;
		}
		end = range->va + range->bytes;
	}
	return true;
}

/* One copy of the host's table, checked; NULL: it cannot be used. */
static struct dsa_table *read_table(struct dsa_function *function)
{
	const struct dsa_latch *latch = &function->latch;
	struct sim_env *env = function->chip->env;
	uint64_t bytes = latch->count * sizeof(struct road_dsa_range);
	struct dsa_table *table;

	if (latch->count > ROAD_DSA_RANGES_MAX) {
		sim_violation(env, function->index, "a table of %llu ranges, allowed: up to %u",
			      (unsigned long long)latch->count, ROAD_DSA_RANGES_MAX);
		return NULL;
	}
	table = malloc(sizeof(*table) + bytes);
	if (!table || !dsa_chip_memory(function->chip)) {
		sim_violation(env, function->index, "no host memory for a context");
		free(table);
		return NULL;
	}
	table->refs = 1;
	table->count = (uint32_t)latch->count;
	if (bytes && !sim_dma_read(env, function->index, latch->table, table->range, bytes)) {
		sim_violation(env, function->index, "range table at 0x%llx is not mapped",
			      (unsigned long long)latch->table);
	} else if (check_table(function, table)) {
		return table;
	}
	free(table);
	return NULL;
}

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
void dsa_context_command(struct dsa_function *function, uint32_t command)
{
	struct dsa_chip *chip = function->chip;
	uint64_t context = function->latch.context;

	if (context >= chip->params.contexts ||
	    (command != ROAD_DSA_CONTEXT_OPEN && command != ROAD_DSA_CONTEXT_CLOSE)) {
		sim_violation(chip->env, function->index,
			      "context command %u for context %llu, allowed: 1, 2, contexts below "
			      "%u",
			      command, (unsigned long long)context, chip->params.contexts);
	} else if (command == ROAD_DSA_CONTEXT_OPEN) {
		struct dsa_table *table = read_table(function);

		dsa_table_put(function->contexts[context]);
		function->contexts[context] = table;
	} else {
		close_context(function, (uint32_t)context);
	}
}

void dsa_context_drop(struct dsa_function *function, uint32_t context)
{
	dsa_loaded_drop(function, context);
	dsa_table_put(function->contexts[context]);
	function->contexts[context] = NULL;
	if (function->chip->unit)
		region_unit_owner_gone(function->chip->unit,
				       (uint64_t)function->index << 32 | context);
}

struct dsa_table *dsa_table_get(struct dsa_table *table)
{
	if (table)
		table->refs++;
	return table;
}

void dsa_table_put(struct dsa_table *table)
{
	if (table && !--table->refs)
		free(table);
}

/* The last range that begins at or below this address, or NULL. */
static const struct road_dsa_range *find(const struct dsa_table *table, uint64_t va)
{
	uint32_t low = 0, high = table->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (table->range[middle].va <= va)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? &table->range[low - 1] : NULL;
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

/* Bytes of one range, whatever its rights. */
static enum road_dsa_fault place(struct dsa_function *function, const struct dsa_table *table,
				 uint64_t address, uint64_t bytes, bool write, uint32_t *rights,
				 struct dsa_piece *out)
{
	const struct road_dsa_range *range = table ? find(table, address) : NULL;

	if (!range || address - range->va > range->bytes ||
	    bytes > range->bytes - (address - range->va))
		return ROAD_DSA_FAULT_UNMAPPED;
	*rights = range->flags;
	uint64_t pa = range->pa + (address - range->va);

	if (range->flags & ROAD_DSA_RANGE_SYSTEM)
		return place_on_bus(function, pa, bytes, write, out);
	*out = (struct dsa_piece){.host = function->chip->memory + pa, .pa = pa};
	if (write)
		function->chip->dirty = true;
	return ROAD_DSA_FAULT_NONE;
}

enum road_dsa_fault dsa_place(struct dsa_function *function, const struct dsa_table *table,
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
	return rights & (write ? ROAD_DSA_RANGE_WRITE : ROAD_DSA_RANGE_READ)
		       ? ROAD_DSA_FAULT_NONE
		       : ROAD_DSA_FAULT_RIGHTS;
}

/* ---- memory that could not be corrected ---- */

enum sim_inject dsa_inject(void *model, uint32_t function, bool poison, uint64_t address)
{
	struct dsa_chip *chip = model;

	if (!chip->params.memory_ecc || function >= DSA_FUNCTIONS)
		return SIM_INJECT_NONE;
	for (uint32_t i = 0; i < chip->params.contexts; i++) {
		const struct dsa_table *table = chip->functions[function].contexts[i];
		const struct road_dsa_range *range = table ? find(table, address) : NULL;

		if (!range || address - range->va >= range->bytes ||
		    range->flags & ROAD_DSA_RANGE_SYSTEM)
			continue;
		if (!poison)
			chip->counters.ecc_corrected++;
		else if (road_poison_add(&chip->poison, range->pa + (address - range->va)))
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
