/* SPDX-License-Identifier: Apache-2.0 */
/* Address spaces: segment tables (uapi/gpu/regs.h) become tables of ranges with host pointers. */
#include <stdlib.h>
#include <string.h>

#include "simulators/gpu/model.h"

enum { SEGMENTS_AT_ONCE = 64 };

static bool touches(const struct road_gpu_segment *segment, uint64_t from, uint64_t bytes)
{
	return segment->va < from + bytes && from < segment->va + segment->bytes;
}

uint8_t *road_gpu_share(const struct gpu_function *function, uint64_t address, uint64_t bytes)
{
	const struct gpu_chip *chip = function->chip;

	if (address > chip->share_bytes || bytes > chip->share_bytes - address)
		return NULL;
	return chip->memory + function->base + address;
}

/* What is wrong with a segment; NULL: nothing. `end` is where the one before it ends. */
static const char *check_segment(const struct gpu_function *function,
				 const struct road_gpu_segment *segment, uint64_t end)
{
	const uint32_t flags =
		ROAD_GPU_SEGMENT_READ | ROAD_GPU_SEGMENT_WRITE | ROAD_GPU_SEGMENT_SYSTEM;

	if (segment->reserved || segment->flags & ~flags)
		return "has unknown flags or a reserved field that is not 0";
	if (!(segment->flags & (ROAD_GPU_SEGMENT_READ | ROAD_GPU_SEGMENT_WRITE)))
		return "can be neither read nor written";
	if (!segment->bytes || segment->va + segment->bytes < segment->va)
		return "is empty or wraps";
	if (segment->va < end)
		return "is not above the one before it, or in the unmapped first bytes";
	if (touches(segment, ROAD_GPU_SHARED_WINDOW, ROAD_GPU_WINDOW_BYTES) ||
	    touches(segment, ROAD_GPU_LOCAL_WINDOW, ROAD_GPU_WINDOW_BYTES))
		return "touches a window";
	if (segment->pa + segment->bytes < segment->pa)
		return "wraps on the bus";
	if (!(segment->flags & ROAD_GPU_SEGMENT_SYSTEM) &&
	    !road_gpu_share(function, segment->pa, segment->bytes))
		return "leaves the chip's memory";
	return NULL;
}

/* Each piece of the table is copied once and then checked. */
static bool read_table(struct gpu_function *function, uint64_t address, struct gpu_table *table)
{
	struct gpu_chip *chip = function->chip;
	struct road_gpu_segment piece[SEGMENTS_AT_ONCE];
	uint64_t end = ROAD_GPU_UNMAPPED;

	for (uint32_t i = 0; i < table->ranges.count; i++) {
		const struct road_gpu_segment *segment = &piece[i % SEGMENTS_AT_ONCE];
		uint32_t left = table->ranges.count - i;

		if (i % SEGMENTS_AT_ONCE == 0 &&
		    !sim_dma_read(chip->env, function->index, address + i * sizeof(*piece), piece,
				  (left < SEGMENTS_AT_ONCE ? left : SEGMENTS_AT_ONCE) *
					  sizeof(*piece))) {
			sim_violation(chip->env, function->index,
				      "segment table at 0x%llx is not mapped",
				      (unsigned long long)address);
			return false;
		}
		const char *wrong = check_segment(function, segment, end);

		if (wrong) {
			sim_violation(chip->env, function->index, "segment %u at va 0x%llx %s", i,
				      (unsigned long long)segment->va, wrong);
			return false;
		}
		bool system = segment->flags & ROAD_GPU_SEGMENT_SYSTEM;

		end = segment->va + segment->bytes;
		table->system += system;
		table->range[i] = (struct road_gpu_range){
			.va = segment->va,
			.bytes = segment->bytes,
			.pa = segment->pa + (system ? 0 : function->base),
			.host = system ? NULL
				       : road_gpu_share(function, segment->pa, segment->bytes),
			.flags = segment->flags,
		};
	}
	return true;
}

static void enlist(struct gpu_chip *chip, struct gpu_table *table)
{
	table->next = chip->tables;
	table->link = &chip->tables;
	if (table->next)
		table->next->link = &table->next;
	chip->tables = table;
	road_gpu_table_mark(table);
}

/* Several queues may share a space: replacing its table while they run is fine, they see the new
 * one from their next packet on. */
void road_gpu_space_open(struct gpu_function *function)
{
	struct gpu_chip *chip = function->chip;
	const struct gpu_latch *latch = &function->latch;
	struct gpu_table *table;

	if (latch->space >= chip->params.spaces || latch->count > ROAD_GPU_SEGMENTS_MAX) {
		sim_violation(chip->env, function->index,
			      "space %u with %u segments is opened, allowed: below %u, up to %u",
			      (unsigned)latch->space, (unsigned)latch->count, chip->params.spaces,
			      ROAD_GPU_SEGMENTS_MAX);
		return;
	}
	struct gpu_space *space = &function->spaces[latch->space];

	table = calloc(1, sizeof(*table) + latch->count * sizeof(table->range[0]));
	if (!table || !road_gpu_chip_memory(chip)) {
		sim_violation(chip->env, function->index, "no host memory for a space");
		free(table);
		return;
	}
	table->refs = 1;
	table->ranges.range = table->range;
	table->ranges.count = (uint32_t)latch->count;
	table->ranges.poison = &chip->poison;
	/* An invalid table fails closed: what the old one allowed may have been given away. */
	if (!read_table(function, latch->table, table)) {
		free(table);
		table = NULL;
	}
	road_gpu_table_put(space->table);
	space->table = table;
	if (table)
		enlist(chip, table);
}

static bool is_used(const struct gpu_function *function, uint32_t space)
{
	for (uint32_t i = 0; i < function->chip->params.queues; i++) {
		const struct gpu_queue *queue = &function->queues[i];

		if (queue->space == space && road_gpu_queue_state(queue) == ROAD_GPU_QUEUE_RUNNING)
			return true;
	}
	return false;
}

void road_gpu_space_close(struct gpu_function *function)
{
	struct gpu_chip *chip = function->chip;
	uint32_t space = (uint32_t)function->latch.space;

	if (space < chip->params.spaces && !function->spaces[space].table &&
	    !sim_boot_runs(chip->boot))
		return; /* a restart closed it */
	if (space >= chip->params.spaces || !function->spaces[space].table) {
		sim_violation(chip->env, function->index, "space %u is closed and is not open",
			      space);
	} else if (is_used(function, space)) {
		sim_violation(chip->env, function->index,
			      "space %u is closed while a queue of it runs: stays open", space);
	} else {
		road_gpu_space_drop(function, space);
		if (chip->unit)
			region_unit_owner_gone(chip->unit, (uint64_t)function->index << 32 | space);
	}
}

void road_gpu_space_drop(struct gpu_function *function, uint32_t space)
{
	road_gpu_images_drop(function, space);
	road_gpu_table_put(function->spaces[space].table);
	function->spaces[space] = (struct gpu_space){.table = NULL};
}

struct gpu_table *road_gpu_table_get(struct gpu_table *table)
{
	if (table)
		table->refs++;
	return table;
}

void road_gpu_table_put(struct gpu_table *table)
{
	if (!table || --table->refs)
		return;
	*table->link = table->next;
	if (table->next)
		table->next->link = table->link;
	free(table);
}

void road_gpu_table_refresh(struct gpu_function *function, struct gpu_table *table)
{
	for (uint32_t i = 0; table->system && i < table->ranges.count; i++) {
		struct road_gpu_range *range = &table->range[i];

		if (range->flags & ROAD_GPU_SEGMENT_SYSTEM)
			range->host =
				sim_dma_window(function->chip->env, function->index, range->pa,
					       range->bytes, range->flags & ROAD_GPU_SEGMENT_WRITE);
	}
}

static enum road_gpu_fault place_on_bus(struct gpu_function *function, uint64_t address,
					uint64_t bytes, bool write, struct gpu_place *out)
{
	if (address + bytes < address)
		return ROAD_GPU_FAULT_DMA;
	out->system = true;
	out->host = sim_dma_window(function->chip->env, function->index, address, bytes, write);
	return out->host ? ROAD_GPU_FAULT_NONE : ROAD_GPU_FAULT_DMA;
}

enum road_gpu_fault road_gpu_place(struct gpu_function *function, const struct gpu_table *table,
				   bool bus, uint64_t address, uint64_t bytes, bool write,
				   struct gpu_place *out)
{
	const struct road_gpu_range *range;

	if (bus)
		return place_on_bus(function, address, bytes, write, out);
	range = table ? road_gpu_ranges_find(&table->ranges, address) : NULL;
	if (!road_gpu_range_holds(range, address, bytes))
		return ROAD_GPU_FAULT_UNMAPPED;
	if (!(road_gpu_range_rights(range) &
	      (write ? ROAD_GPU_SEGMENT_WRITE : ROAD_GPU_SEGMENT_READ)))
		return ROAD_GPU_FAULT_RIGHTS;
	if (range->flags & ROAD_GPU_SEGMENT_SYSTEM)
		return place_on_bus(function, range->pa + (address - range->va), bytes, write, out);
	out->system = false;
	out->host = range->host + (address - range->va);
	if (write)
		function->dirty = true;
	return ROAD_GPU_FAULT_NONE;
}
