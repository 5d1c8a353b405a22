/* SPDX-License-Identifier: Apache-2.0 */
/* Error correction of device memory: errors that tests ask for, and what is poisoned by them. */
#include "simulators/gpu/model.h"

static void mark(struct road_gpu_range *range, const struct road_poison *poison)
{
	uint32_t rights = road_gpu_range_rights(range);
	bool poisoned = !(range->flags & ROAD_GPU_SEGMENT_SYSTEM) &&
			road_poison_find(poison, range->pa, range->bytes, NULL);

	range->flags &= ROAD_GPU_SEGMENT_SYSTEM;
	range->flags |=
		poisoned ? ROAD_GPU_RANGE_POISONED | rights << ROAD_GPU_RANGE_RIGHTS_SHIFT : rights;
}

void road_gpu_table_mark(struct gpu_table *table)
{
	for (uint32_t i = 0; i < table->ranges.count; i++)
		mark(&table->range[i], table->ranges.poison);
}

/* The device memory that an address of any of the function's spaces names. */
static bool find(const struct gpu_function *function, uint64_t address, uint64_t *pa)
{
	for (uint32_t i = 0; i < function->chip->params.spaces; i++) {
		const struct gpu_table *table = function->spaces[i].table;
		const struct road_gpu_range *range =
			table ? road_gpu_ranges_find(&table->ranges, address) : NULL;

		if (!range || range->flags & ROAD_GPU_SEGMENT_SYSTEM)
			continue;
		*pa = range->pa + (address - range->va);
		return true;
	}
	return false;
}

enum sim_inject road_gpu_inject(void *model, uint32_t function, bool poison, uint64_t address)
{
	struct gpu_chip *chip = model;
	uint64_t pa;

	if (!chip->params.memory_ecc || function >= chip->function_count)
		return SIM_INJECT_NONE;
	if (!find(&chip->functions[function], address, &pa))
		return SIM_INJECT_NOWHERE;
	if (!poison)
		chip->counters.ecc_corrected++;
	else if (road_poison_add(&chip->poison, pa))
		chip->counters.ecc_uncorrected++;
	else
		return SIM_INJECT_FULL;
	for (struct gpu_table *table = chip->tables; poison && table; table = table->next)
		road_gpu_table_mark(table);
	return SIM_INJECTED;
}

enum road_gpu_fault road_gpu_poison_touch(struct gpu_chip *chip, const uint8_t *host,
					  uint64_t bytes, bool write, uint64_t *where)
{
	uint64_t at = (uint64_t)(host - chip->memory);

	if (!write && road_poison_find(&chip->poison, at, bytes, where))
		return ROAD_GPU_FAULT_ECC;
	if (write)
		road_poison_clear(&chip->poison, at, bytes);
	return ROAD_GPU_FAULT_NONE;
}
