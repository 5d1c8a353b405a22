/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layouts of the root: checked whole, applied whole, and taken back whole until they are
 * committed. A child that is in both, equal in place, size and memory, stays and works on.
 */
#include <string.h>

#include "simulators/regions/internal.h"

struct plan { /* of a layout */
	struct region_part parts[ROAD_REGION_PARTS];
	uint32_t count;
	uint64_t changing; /* bit mask of region numbers */
};

static enum road_layout_error wrong(struct region_unit *unit, enum road_layout_error error,
				    uint32_t part)
{
	unit->window->layout.part = part;
	return error;
}

static enum road_layout_error check_part(const struct region_unit *unit,
					 const struct road_region_share *share, uint64_t from)
{
	const struct region_setup *setup = &unit->setup;

	if (share->units < setup->units_min || !share->units)
		return ROAD_LAYOUT_ERROR_MIN;
	if (share->first_unit % setup->alignment || share->units % setup->alignment)
		return ROAD_LAYOUT_ERROR_ALIGNMENT;
	if (share->first_unit > setup->units || share->units > setup->units - share->first_unit)
		return ROAD_LAYOUT_ERROR_UNITS;
	if (share->first_unit < from)
		return ROAD_LAYOUT_ERROR_OVERLAP;
	return ROAD_LAYOUT_OK;
}

uint64_t region_memory_share(const struct region_unit *unit, uint32_t units)
{
	const unsigned __int128 all = unit->setup.memory_bytes;

	return (uint64_t)(all * units / unit->setup.units) & ~UINT64_C(0xffff);
}

static uint64_t share_of_memory(const struct region_unit *unit,
				const struct road_region_share *share)
{
	return share->memory_bytes ? share->memory_bytes : region_memory_share(unit, share->units);
}

static enum road_layout_error read_parts(struct region_unit *unit, uint32_t function,
					 struct plan *plan)
{
	struct road_region_share shares[ROAD_REGION_PARTS];
	uint64_t left = unit->setup.memory_bytes, from = 0;

	plan->count = unit->window->layout.count;
	if (plan->count > ROAD_REGION_PARTS ||
	    (plan->count && !sim_dma_read(unit->setup.env, function, unit->window->layout.table,
					  shares, plan->count * sizeof(shares[0]))))
		return wrong(unit, ROAD_LAYOUT_ERROR_TABLE, 0);
	for (uint32_t i = 0; i < plan->count; i++) {
		enum road_layout_error error = check_part(unit, &shares[i], from);
		uint64_t memory = share_of_memory(unit, &shares[i]);

		if (error)
			return wrong(unit, error, i);
		if (memory > left)
			return wrong(unit, ROAD_LAYOUT_ERROR_MEMORY, i);
		left -= memory;
		from = (uint64_t)shares[i].first_unit + shares[i].units;
		plan->parts[i] =
			(struct region_part){shares[i].first_unit, shares[i].units, memory};
	}
	return ROAD_LAYOUT_OK;
}

static bool is_same(const struct region *region, const struct region_part *part)
{
	return region->first_unit == part->first_unit && region->units == part->units &&
	       region->memory_bytes == part->memory_bytes;
}

static bool is_kept(const struct region *region, const struct plan *plan)
{
	for (uint32_t i = 0; i < plan->count; i++)
		if (is_same(region, &plan->parts[i]))
			return true;
	return false;
}

/* Which regions end; *drain: those of the children, by their place in the order of units. */
static void find_changing(struct region_unit *unit, struct plan *plan)
{
	uint64_t order[ROAD_REGION_PARTS] = {0};
	uint32_t count = 0;

	plan->changing = 0;
	unit->window->layout.drain = 0;
	if (!unit->regions[0].children && plan->count)
		plan->changing = 1;
	for (uint32_t i = 1; i < ROAD_REGION_NUMBERS; i++)
		if (unit->regions[i].present)
			order[count++] = (uint64_t)unit->regions[i].first_unit << 32 | i;
	for (uint32_t i = 1; i < count; i++)
		for (uint32_t k = i; k && order[k] < order[k - 1]; k--) {
			uint64_t swap = order[k];

			order[k] = order[k - 1];
			order[k - 1] = swap;
		}
	for (uint32_t i = 0; i < count; i++) {
		uint32_t index = (uint32_t)order[i];

		if (is_kept(&unit->regions[index], plan))
			continue;
		plan->changing |= UINT64_C(1) << index;
		unit->window->layout.drain |= UINT64_C(1) << i;
	}
}

static bool is_busy(const struct region_unit *unit, const struct plan *plan)
{
	for (uint32_t i = 0; i < ROAD_REGION_NUMBERS; i++)
		if (plan->changing >> i & 1 && (unit->regions[i].open || unit->regions[i].running))
			return true;
	return false;
}

static bool is_there(const struct region_unit *unit, const struct region_part *part)
{
	for (uint32_t i = 1; i < ROAD_REGION_NUMBERS; i++)
		if (unit->regions[i].present && is_same(&unit->regions[i], part))
			return true;
	return false;
}

static void make_child(struct region_unit *unit, const struct region_part *part)
{
	const uint64_t usable = sim_now(unit->setup.env) + unit->setup.costs.layout_ps;
	uint32_t index = 1;

	while (unit->regions[index].present)
		index++;
	region_make(unit, index, part);
	unit->regions[index].usable_ps = usable;
	sim_schedule(unit->setup.env, &unit->regions[index].again, usable);
}

static void apply(struct region_unit *unit, const struct plan *plan)
{
	struct region *root = &unit->regions[0];
	const bool was_split = root->children;

	if (plan->changing & 1) {
		region_ops_end(unit, root, REGION_NONE);
		region_wipe(unit, root);
		for (uint32_t f = 0; f < unit->setup.functions; f++)
			root->mine[f].quarantined = false;
	}
	for (uint32_t i = 1; i < ROAD_REGION_NUMBERS; i++)
		if (plan->changing >> i & 1)
			region_unmake(unit, i);
	for (uint32_t i = 0; i < plan->count; i++)
		if (!is_there(unit, &plan->parts[i]))
			make_child(unit, &plan->parts[i]);
	root->children = plan->count;
	if (plan->count || !was_split) /* one piece that stays one goes on with its work */
		return;
	for (uint32_t f = 0; f < unit->setup.functions; f++)
		root->mine[f].owned = false; /* others had its units meanwhile */
	region_wipe(unit, root);
	root->usable_ps = sim_now(unit->setup.env) + unit->setup.costs.layout_ps;
	sim_schedule(unit->setup.env, &root->again, root->usable_ps);
}

static void remember(struct region_unit *unit)
{
	unit->former_count = 0;
	for (uint32_t i = 1; i < ROAD_REGION_NUMBERS; i++)
		if (unit->regions[i].present)
			unit->former[unit->former_count++] = (struct region_part){
				unit->regions[i].first_unit, unit->regions[i].units,
				unit->regions[i].memory_bytes};
}

static enum road_layout_error check(struct region_unit *unit, uint32_t function, struct plan *plan)
{
	enum road_layout_error error;

	if (!(unit->setup.features & REGION_LAYOUT) || unit->window->select || function)
		return ROAD_LAYOUT_ERROR_UNSUPPORTED;
	if (unit->pending)
		return ROAD_LAYOUT_ERROR_PENDING;
	error = read_parts(unit, function, plan);
	if (!error)
		find_changing(unit, plan);
	return error;
}

static enum road_layout_error do_check(struct region_unit *unit, uint32_t function)
{
	struct plan plan;

	return check(unit, function, &plan);
}

static enum road_layout_error do_apply(struct region_unit *unit, uint32_t function)
{
	struct plan plan;
	enum road_layout_error error = check(unit, function, &plan);

	if (error)
		return error;
	if (is_busy(unit, &plan))
		return ROAD_LAYOUT_ERROR_BUSY;
	remember(unit);
	apply(unit, &plan);
	unit->pending = true;
	return ROAD_LAYOUT_OK;
}

static enum road_layout_error do_commit(struct region_unit *unit, uint32_t function)
{
	if (!unit->pending || function)
		return ROAD_LAYOUT_ERROR_NONE;
	unit->pending = false;
	return ROAD_LAYOUT_OK;
}

static enum road_layout_error do_revert(struct region_unit *unit, uint32_t function)
{
	struct plan plan = {.count = unit->former_count};

	if (!unit->pending || function)
		return ROAD_LAYOUT_ERROR_NONE;
	memcpy(plan.parts, unit->former, sizeof(plan.parts));
	find_changing(unit, &plan);
	if (is_busy(unit, &plan))
		return ROAD_LAYOUT_ERROR_BUSY;
	apply(unit, &plan);
	unit->pending = false;
	return ROAD_LAYOUT_OK;
}

void region_layout_command(struct region_unit *unit, uint32_t function, uint32_t command)
{
	static enum road_layout_error (*const commands[])(struct region_unit *, uint32_t) = {
		[ROAD_LAYOUT_COMMAND_CHECK] = do_check,
		[ROAD_LAYOUT_COMMAND_APPLY] = do_apply,
		[ROAD_LAYOUT_COMMAND_COMMIT] = do_commit,
		[ROAD_LAYOUT_COMMAND_REVERT] = do_revert,
	};
	bool known = command < sizeof(commands) / sizeof(commands[0]) && commands[command];

	unit->window->layout.drain = 0;
	unit->window->layout.part = 0;
	unit->window->layout.result = ROAD_LAYOUT_ERROR_UNSUPPORTED;
	if (known)
		unit->window->layout.result = (uint32_t)commands[command](unit, function);
	else
		sim_violation(unit->setup.env, function,
			      "layout command %u is none, allowed: 1 to 4", command);
}
