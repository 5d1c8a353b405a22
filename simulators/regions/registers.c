/* SPDX-License-Identifier: Apache-2.0 */
/* The register window: one row each (uapi/region.h). */
#include "simulators/regions/internal.h"

struct reg {
	uint8_t width; /* 0: no register */
	uint64_t (*read)(struct region_unit *unit);
	void (*write)(struct region_unit *unit, uint32_t function, uint64_t value);
};

static const struct region *selected(struct region_unit *unit)
{
	return region_find(unit, unit->window->select);
}

/* ---- the unit's own ---- */

#define READ_SETUP(name, value)                               \
	static uint64_t read_##name(struct region_unit *unit) \
	{                                                     \
		return unit->setup.value;                     \
	}
READ_SETUP(units, units)
READ_SETUP(slots, slots)
READ_SETUP(slot_bytes, slot_bytes)
READ_SETUP(alignment, alignment)
READ_SETUP(units_min, units_min)
READ_SETUP(fabric, fabric)
READ_SETUP(load, costs.load_ps)
READ_SETUP(load_kib, costs.load_ps_per_kib)
READ_SETUP(switch, costs.switch_ps)
READ_SETUP(drain, costs.drain_ps)
READ_SETUP(read_back, costs.read_back_ps_per_kib)
READ_SETUP(layout_ps, costs.layout_ps)
READ_SETUP(quality, costs.quality)
READ_SETUP(unit_cache, each.cache_bytes)
READ_SETUP(unit_memory_rate, each.memory_rate)

/* Layouts are the physical function's. */
static uint64_t read_features(struct region_unit *unit)
{
	return unit->setup.features & ~(uint32_t)(unit->function ? REGION_LAYOUT : 0);
}

static uint64_t read_unit_memory(struct region_unit *unit)
{
	return region_memory_share(unit, 1);
}

static uint64_t read_state_bytes(struct region_unit *unit)
{
	return unit->setup.features & REGION_STATE
		       ? sizeof(struct region_saved) + unit->setup.state_bytes
		       : 0;
}

static uint64_t read_id(struct region_unit *unit)
{
	(void)unit;
	return ROAD_REGION_ID;
}

static uint64_t read_regions(struct region_unit *unit)
{
	uint64_t end = 0;

	for (uint32_t i = 0; i < ROAD_REGION_NUMBERS; i++)
		if (unit->regions[i].present)
			end = i + 1;
	return end;
}

/* ---- of the selected region ---- */

static uint64_t read_select(struct region_unit *unit)
{
	return unit->window->select;
}

static void write_select(struct region_unit *unit, uint32_t function, uint64_t value)
{
	(void)function;
	unit->window->select = (uint32_t)value;
}

static uint64_t read_state(struct region_unit *unit)
{
	const struct region *region = selected(unit);

	if (!region)
		return UINT32_MAX;
	if (region->mine[unit->function].quarantined)
		return ROAD_REGION_STATE_QUARANTINED;
	if (region->children)
		return ROAD_REGION_STATE_SPLIT;
	const struct region_mine *mine = &region->mine[unit->function];

	if (mine->isolator)
		return mine->isolator->phase <= PHASE_DRAIN ? ROAD_REGION_STATE_DRAINING
							    : ROAD_REGION_STATE_SWITCHING;
	return mine->running ? ROAD_REGION_STATE_RUNNING : ROAD_REGION_STATE_IDLE;
}

#define READ_REGION(name, value)                              \
	static uint64_t read_##name(struct region_unit *unit) \
	{                                                     \
		const struct region *region = selected(unit); \
                                                              \
		return region ? (value) : 0;                  \
	}
READ_REGION(first_unit, region->first_unit)
READ_REGION(unit_count, region->units)
READ_REGION(parent, region->parent)
READ_REGION(running, region->mine[unit->function].running)
READ_REGION(generation, region->mine[unit->function].generation)
READ_REGION(memory, region->memory_bytes)
READ_REGION(cache, region->index ? region->units * unit->setup.each.cache_bytes
				 : unit->setup.whole.cache_bytes)
READ_REGION(memory_rate, region->index ? region->units * unit->setup.each.memory_rate
				       : unit->setup.whole.memory_rate)
READ_REGION(active, region_active_of(region, unit->function))
READ_REGION(previous, region->mine[unit->function].previous)
READ_REGION(safe, region->mine[unit->function].safe)

static void write_safe(struct region_unit *unit, uint32_t function, uint64_t value)
{
	struct region *region = region_find(unit, unit->window->select);

	unit->window->result = ROAD_REGION_ERROR_STALE;
	if (!region)
		return;
	uint32_t slot = region_resident(unit, region, function, value);

	unit->window->result = ROAD_REGION_ERROR_NOT_RESIDENT;
	if (value && (slot == REGION_NONE || region->slots[slot].state == SLOT_LOADING))
		return;
	region->mine[function].safe = value;
	unit->window->result = ROAD_REGION_ERROR_NONE;
	region_retry(unit); /* the former one's slot may be taken now */
}

static void release(struct region_unit *unit, struct region *region)
{
	struct region_mine *mine = &region->mine[unit->function];

	unit->window->result = ROAD_REGION_ERROR_BUSY;
	if (mine->running)
		return;
	for (const struct region_op *op = region->ops; op; op = op->next_op)
		if (op->function == unit->function)
			return;
	region_wipe_of(unit, region, unit->function);
	mine->quarantined = false;
	for (uint32_t i = 0; i < REGION_FAULTS_MAX; i++)
		mine->fault_ps[i] = REGION_NO_TIME;
	unit->window->result = ROAD_REGION_ERROR_NONE;
	region_retry(unit);
}

static enum road_region_error evict(struct region_unit *unit, struct region *region)
{
	uint32_t slot = region_resident(unit, region, unit->function, unit->window->config);

	if (slot == REGION_NONE)
		return ROAD_REGION_ERROR_NOT_RESIDENT;
	if (!region_evict(unit, region, slot))
		return ROAD_REGION_ERROR_BUSY;
	return ROAD_REGION_ERROR_NONE;
}

static uint64_t read_config(struct region_unit *unit)
{
	return unit->window->config;
}

static void write_config(struct region_unit *unit, uint32_t function, uint64_t value)
{
	(void)function;
	unit->window->config = value;
}

static void write_command(struct region_unit *unit, uint32_t function, uint64_t value)
{
	struct region *region = region_find(unit, unit->window->select);

	(void)function;
	unit->window->result = ROAD_REGION_ERROR_STALE;
	if (!region)
		return;
	unit->window->result = ROAD_REGION_ERROR_OP;
	if (value == ROAD_REGION_COMMAND_EVICT)
		unit->window->result = evict(unit, region);
	if (value != ROAD_REGION_COMMAND_RELEASE)
		return;
	unit->window->result = ROAD_REGION_ERROR_NONE;
	if (region->mine[unit->function].quarantined)
		release(unit, region);
}

static uint64_t read_zero(struct region_unit *unit)
{
	(void)unit;
	return 0;
}

static uint64_t read_result(struct region_unit *unit)
{
	return unit->window->result;
}

/* ---- of the selected slot ---- */

static uint64_t read_slot_select(struct region_unit *unit)
{
	return unit->window->slot_select;
}

static void write_slot_select(struct region_unit *unit, uint32_t function, uint64_t value)
{
	(void)function;
	unit->window->slot_select = (uint32_t)value;
}

static uint32_t selected_number(const struct region_unit *unit)
{
	return unit->function * unit->setup.slots + unit->window->slot_select;
}

static const struct region_slot *selected_slot(struct region_unit *unit)
{
	const struct region *region = selected(unit);

	return region && unit->window->slot_select < unit->setup.slots
		       ? &region->slots[selected_number(unit)]
		       : NULL;
}

static uint64_t read_slot_state(struct region_unit *unit)
{
	const struct region_slot *slot = selected_slot(unit);

	return slot ? slot->state : UINT32_MAX;
}

static uint64_t read_slot_pinned(struct region_unit *unit)
{
	return selected_slot(unit) && region_pinned(unit, selected(unit), selected_number(unit));
}

static uint64_t read_slot_config(struct region_unit *unit)
{
	const struct region_slot *slot = selected_slot(unit);

	return slot ? slot->config : 0;
}

/* ---- layout ---- */

#define LATCH(name, member)                                                                   \
	static uint64_t read_layout_##name(struct region_unit *unit)                          \
	{                                                                                     \
		return unit->window->layout.member;                                           \
	}                                                                                     \
	static void write_layout_##name(struct region_unit *unit, uint32_t function,          \
					uint64_t value)                                       \
	{                                                                                     \
		(void)function;                                                               \
		unit->window->layout.member = (__typeof__(unit->window->layout.member))value; \
	}
LATCH(table, table)
LATCH(count, count)

static uint64_t read_layout_result(struct region_unit *unit)
{
	return unit->window->layout.result;
}

static uint64_t read_layout_part(struct region_unit *unit)
{
	return unit->window->layout.part;
}

static uint64_t read_layout_drain(struct region_unit *unit)
{
	return unit->window->layout.drain;
}

static void write_layout_command(struct region_unit *unit, uint32_t function, uint64_t value)
{
	region_layout_command(unit, function, (uint32_t)value);
}

#define AT(reg) [ROAD_REGION_REG_##reg / 4]

static const struct reg regs[ROAD_REGION_REGS_BYTES / 4] = {
	AT(ID) = {4, read_id, NULL},
	AT(FEATURES) = {4, read_features, NULL},
	AT(UNITS) = {4, read_units, NULL},
	AT(SLOTS) = {4, read_slots, NULL},
	AT(SLOT_BYTES) = {4, read_slot_bytes, NULL},
	AT(ALIGNMENT) = {4, read_alignment, NULL},
	AT(UNITS_MIN) = {4, read_units_min, NULL},
	AT(REGIONS) = {4, read_regions, NULL},
	AT(FABRIC64) = {8, read_fabric, NULL},
	AT(LOAD_PS64) = {8, read_load, NULL},
	AT(LOAD_PS_PER_KIB64) = {8, read_load_kib, NULL},
	AT(SWITCH_PS64) = {8, read_switch, NULL},
	AT(DRAIN_PS64) = {8, read_drain, NULL},
	AT(READ_BACK_PS_PER_KIB64) = {8, read_read_back, NULL},
	AT(LAYOUT_PS64) = {8, read_layout_ps, NULL},
	AT(QUALITY) = {4, read_quality, NULL},
	AT(UNIT_MEMORY64) = {8, read_unit_memory, NULL},
	AT(UNIT_CACHE64) = {8, read_unit_cache, NULL},
	AT(UNIT_MEMORY_RATE64) = {8, read_unit_memory_rate, NULL},
	AT(STATE_BYTES64) = {8, read_state_bytes, NULL},
	AT(SELECT) = {4, read_select, write_select},
	AT(STATE) = {4, read_state, NULL},
	AT(FIRST_UNIT) = {4, read_first_unit, NULL},
	AT(UNIT_COUNT) = {4, read_unit_count, NULL},
	AT(PARENT) = {4, read_parent, NULL},
	AT(RUNNING) = {4, read_running, NULL},
	AT(GENERATION64) = {8, read_generation, NULL},
	AT(MEMORY64) = {8, read_memory, NULL},
	AT(ACTIVE64) = {8, read_active, NULL},
	AT(PREVIOUS64) = {8, read_previous, NULL},
	AT(SAFE64) = {8, read_safe, write_safe},
	AT(COMMAND) = {4, read_zero, write_command},
	AT(RESULT) = {4, read_result, NULL},
	AT(CONFIG64) = {8, read_config, write_config},
	AT(CACHE64) = {8, read_cache, NULL},
	AT(MEMORY_RATE64) = {8, read_memory_rate, NULL},
	AT(SLOT_SELECT) = {4, read_slot_select, write_slot_select},
	AT(SLOT_STATE) = {4, read_slot_state, NULL},
	AT(SLOT_PINNED) = {4, read_slot_pinned, NULL},
	AT(SLOT_CONFIG64) = {8, read_slot_config, NULL},
	AT(LAYOUT_TABLE64) = {8, read_layout_table, write_layout_table},
	AT(LAYOUT_COUNT) = {4, read_layout_count, write_layout_count},
	AT(LAYOUT_COMMAND) = {4, read_zero, write_layout_command},
	AT(LAYOUT_RESULT) = {4, read_layout_result, NULL},
	AT(LAYOUT_PART) = {4, read_layout_part, NULL},
	AT(LAYOUT_DRAIN64) = {8, read_layout_drain, NULL},
};

static const uint64_t *find_counter(struct region_unit *unit, uint64_t offset, uint32_t width)
{
	static const uint64_t none;
	const struct region *region = selected(unit);
	uint64_t index = (offset - ROAD_REGION_REG_COUNTER64) / 8;

	if (offset < ROAD_REGION_REG_COUNTER64 || index >= ROAD_REGION_COUNTERS || offset % 8 ||
	    width != 8)
		return NULL;
	return region ? &region->mine[unit->function].counters[index] : &none;
}

static const struct reg *find_reg(struct region_unit *unit, uint32_t function, uint64_t offset,
				  uint32_t width, const char *what)
{
	const struct reg *reg =
		offset < ROAD_REGION_REGS_BYTES && offset % 4 == 0 ? &regs[offset / 4] : NULL;

	if (reg && reg->width == width)
		return reg;
	sim_violation(unit->setup.env, function,
		      "%s of %u bytes at 0x%llx of the reconfiguration unit: there is no register "
		      "of that width",
		      what, width, (unsigned long long)offset);
	return NULL;
}

static void select_window(struct region_unit *unit, uint32_t function)
{
	unit->function = function;
	unit->window = &unit->windows[function];
}

uint64_t region_unit_read(struct region_unit *unit, uint32_t function, uint64_t offset,
			  uint32_t width)
{
	const struct reg *reg;

	select_window(unit, function);
	const uint64_t *counter = find_counter(unit, offset, width);

	if (counter)
		return *counter;
	reg = find_reg(unit, function, offset, width, "a read");
	if (!reg)
		return width == 8 ? UINT64_MAX : UINT32_MAX;
	return reg->read(unit);
}

void region_unit_write(struct region_unit *unit, uint32_t function, uint64_t offset, uint32_t width,
		       uint64_t value)
{
	const struct reg *reg;

	select_window(unit, function);
	if (find_counter(unit, offset, width))
		reg = &regs[0]; /* can only be read */
	else
		reg = find_reg(unit, function, offset, width, "a write");
	if (reg && reg->write)
		reg->write(unit, function, width == 4 ? (uint32_t)value : value);
	else if (reg)
		sim_violation(unit->setup.env, function,
			      "0x%llx of the reconfiguration unit is written and can only be read",
			      (unsigned long long)offset);
}
