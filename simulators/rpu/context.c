/* SPDX-License-Identifier: Apache-2.0 */
/* Contexts: range tables (uapi/range.h), and what addresses mean by them. */
#include "simulators/rpu/model.h"

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
					function->latch.count, chip->memory_bytes);
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

static enum road_rpu_fault place_in(struct rpu_function *function, const struct road_range *range,
				    uint64_t address, uint64_t bytes, bool write,
				    struct rpu_piece *out)
{
	struct rpu_chip *chip = function->chip;
	uint64_t pa = range->pa + (address - range->va);
	enum road_rpu_fault fault = ROAD_RPU_FAULT_NONE;

	if (range->flags & ROAD_RANGE_SYSTEM)
		fault = place_on_bus(function, pa, bytes, write, out);
	else
		*out = (struct rpu_piece){.host = chip->memory + pa, .pa = pa};
	if (write && !(range->flags & ROAD_RANGE_SYSTEM))
		chip->dirty = true;
	out->va = address;
	return fault;
}

enum road_rpu_fault rpu_place(struct rpu_function *function, const struct sim_ranges *table,
			      bool bus, uint64_t address, uint64_t bytes, bool write,
			      struct rpu_piece *out)
{
	if (bus)
		return place_on_bus(function, address, bytes, write, out);
	const struct road_range *range = sim_ranges_find(table, address, bytes);

	return range ? place_in(function, range, address, bytes, write, out)
		     : ROAD_RPU_FAULT_UNMAPPED;
}

enum road_rpu_fault rpu_access(struct rpu_function *function, const struct sim_ranges *table,
			       uint64_t va, uint64_t bytes, bool write, struct rpu_piece *out)
{
	const struct road_range *range = sim_ranges_find(table, va, bytes);
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

	if (!chip->params.memory_ecc || function >= RPU_FUNCTIONS)
		return SIM_INJECT_NONE;
	for (uint32_t i = 0; i < chip->params.contexts; i++) {
		const struct road_range *range =
			sim_ranges_find(chip->functions[function].contexts[i], address, 1);

		if (!range || range->flags & ROAD_RANGE_SYSTEM)
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
