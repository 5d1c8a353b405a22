/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/core/fake/chip.h"

#include <string.h>

struct slot {
	uint64_t config, used;
	uint32_t pins, bytes;
	unsigned char content[FAKE_SLOT_BYTES];
};
static struct region {
	bool present, quarantined;
	uint32_t first, units, faults;
	uint64_t generation, previous, safe, memory, state;
	int active; /* -1: none */
	struct slot slots[FAKE_SLOTS];
	struct road_region_status counted;
} regions[FAKE_REGIONS];
static uint32_t children[ROAD_REGION_PARTS_MAX], child_count;
static uint32_t former[ROAD_REGION_PARTS_MAX], former_count;
static struct region kept[FAKE_REGIONS]; /* before the layout that is pending */
static bool pending;
static uint64_t generations, ticks;

static void make(uint32_t index, uint32_t first, uint32_t units)
{
	regions[index] = (struct region){.present = true,
					 .first = first,
					 .units = units,
					 .generation = ++generations,
					 .active = -1};
}

void fake_chip_reset(void)
{
	memset(regions, 0, sizeof(regions));
	child_count = 0;
	pending = false;
	if (fake_door.forgets)
		generations = 0;
	make(0, 0, FAKE_UNITS);
}

static struct region *find(uint32_t index)
{
	return index < FAKE_REGIONS && regions[index].present ? &regions[index] : NULL;
}

static uint64_t active_of(const struct region *r)
{
	return r->active < 0 ? 0 : r->slots[r->active].config;
}

static int resident(const struct region *r, uint64_t config)
{
	for (int i = 0; i < FAKE_SLOTS; i++)
		if (config && r->slots[i].config == config)
			return i;
	return -1;
}

static bool pinned(const struct region *r, int slot)
{
	return r->slots[slot].pins || (r->safe && r->slots[slot].config == r->safe);
}

/* ---- what there is ---- */

road_status fake_chip_info(uint32_t index, struct road_region_info *out)
{
	const struct region *r = find(index);

	if (!r)
		return ROAD_NOT_FOUND;
	out->flags = fake_door.features & ~(index ? (uint32_t)ROAD_REGION_LAYOUT : 0);
	out->index = index;
	out->first_unit = r->first;
	out->units = r->units;
	out->slots = FAKE_SLOTS;
	strcpy(out->unit_name, "unit");
	out->generation = r->generation;
	out->fabric = FAKE_FABRIC;
	out->slot_bytes = FAKE_SLOT_BYTES;
	out->memory_bytes = 8192;
	out->child_count = index ? 0 : child_count;
	out->load_ns = 1000;
	out->load_ns_per_kib = 100;
	out->unit_alignment = 2;
	out->units_min = 2;
	return ROAD_OK;
}

uint32_t fake_chip_children(uint32_t index, uint32_t *out)
{
	if (index)
		return 0;
	memcpy(out, children, child_count * sizeof(*out));
	return child_count;
}

road_status fake_chip_status(uint32_t index, struct road_region_status *out)
{
	const struct region *r = find(index);

	if (!r)
		return ROAD_NOT_FOUND;
	*out = r->counted;
	out->size = sizeof(*out);
	out->quarantined = r->quarantined;
	out->generation = r->generation;
	out->active = active_of(r);
	out->previous = r->previous;
	out->safe = r->safe;
	out->faults = r->faults;
	return ROAD_OK;
}

road_status fake_chip_slot(uint32_t index, uint32_t slot, struct road_slot_info *out)
{
	const struct region *r = find(index);

	if (!r || slot >= FAKE_SLOTS)
		return ROAD_NOT_FOUND;
	out->config = r->slots[slot].config;
	out->pinned = pinned(r, (int)slot);
	out->state = r->active == (int)slot ? ROAD_SLOT_ACTIVE
		     : out->config          ? ROAD_SLOT_READY
					    : ROAD_SLOT_EMPTY;
	return ROAD_OK;
}

road_status fake_chip_set_safe(uint32_t index, uint64_t config)
{
	struct region *r = find(index);

	if (config && resident(r, config) < 0)
		return road_drv_error(ROAD_NOT_FOUND, "the image is not resident", "fake", "", "");
	r->safe = config;
	return ROAD_OK;
}

static void wipe(struct region *r)
{
	memset(r->slots, 0, sizeof(r->slots));
	r->active = -1;
	r->previous = r->safe = 0;
}

road_status fake_chip_release(uint32_t index)
{
	struct region *r = &regions[index];

	wipe(r);
	r->quarantined = false;
	r->faults = 0;
	return ROAD_OK;
}

void fake_chip_fault(uint32_t index)
{
	struct region *r = find(index);

	if (++r->faults < 3)
		return;
	r->quarantined = true;
	r->active = -1;
}

/* ---- layouts ---- */

static bool stays(uint32_t child, const struct road_region_part *parts, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (parts[i].first_unit == regions[child].first &&
		    parts[i].units == regions[child].units)
			return true;
	return false;
}

static uint32_t unused(void)
{
	uint32_t i = 1;

	while (regions[i].present || kept[i].present)
		i++;
	return i;
}

static void apply(const struct road_region_part *parts, uint32_t count)
{
	uint32_t now[ROAD_REGION_PARTS_MAX];

	memcpy(kept, regions, sizeof(kept));
	memcpy(former, children, sizeof(former));
	former_count = child_count;
	for (uint32_t i = 0; i < count; i++) {
		now[i] = 0;
		for (uint32_t c = 0; c < child_count; c++)
			if (stays(children[c], &parts[i], 1))
				now[i] = children[c];
		if (!now[i]) {
			now[i] = unused();
			make(now[i], parts[i].first_unit, parts[i].units);
		}
	}
	for (uint32_t c = 0; c < child_count; c++)
		if (!stays(children[c], parts, count))
			regions[children[c]].present = false;
	memcpy(children, now, count * sizeof(*now));
	child_count = count;
	pending = true;
}

/* Children that stayed keep what they did meanwhile. */
static void revert(void)
{
	for (uint32_t i = 1; i < FAKE_REGIONS; i++) {
		if (regions[i].present && !kept[i].present)
			regions[i].present = false;
		else if (!regions[i].present && kept[i].present)
			make(i, kept[i].first, kept[i].units);
	}
	memcpy(children, former, sizeof(former));
	child_count = former_count;
}

void fake_chip_settle(void)
{
	memset(kept, 0, sizeof(kept));
	pending = false;
}

road_status fake_chip_layout(uint32_t index, uint32_t step, const struct road_region_part *parts,
			     uint32_t count, uint64_t *drain)
{
	(void)index;
	if (step == ROAD_LAYOUT_CHECK || step == ROAD_LAYOUT_APPLY) {
		*drain = 0;
		for (uint32_t c = 0; c < child_count; c++)
			*drain |= (uint64_t)!stays(children[c], parts, count) << c;
		/* That one is pending the core knows by itself. */
		if (step == ROAD_LAYOUT_APPLY && fake_door.buffers_live)
			return road_drv_error(ROAD_BUSY, "buffers live", "fake", "", "");
		if (step == ROAD_LAYOUT_APPLY)
			apply(parts, count);
		return ROAD_OK;
	}
	if (!pending)
		return road_drv_error(ROAD_NOT_FOUND, "no layout was applied", "fake", "", "");
	if (step == ROAD_LAYOUT_REVERT)
		revert();
	memset(kept, 0, sizeof(kept));
	pending = false;
	return ROAD_OK;
}

/* ---- commands ---- */

struct op {
	struct region *r;
	const struct road_cmd_region *what;
	struct fake_report report;
	uint64_t *current;
};

static road_status fails(struct op *op, road_status status, uint32_t phase)
{
	op->report.phase = phase;
	return status;
}

/* Does the next one fail in a phase up to `last`? */
static bool injected(struct op *op, uint32_t last)
{
	if (!fake_door.fail_phase || fake_door.fail_phase > last)
		return false;
	op->report.phase = fake_door.fail_phase;
	fake_door.fail_phase = 0;
	fake_chip_fault(op->what->region);
	return true;
}

/* Empty ones, then the one that was used longest ago; -1: all are active or pinned. */
static int pick(const struct op *op)
{
	const struct region *r = op->r;
	int best = -1;

	for (int i = 0; i < FAKE_SLOTS; i++) {
		if ((op->what->slot != ROAD_SLOT_ANY && op->what->slot != (uint32_t)i) ||
		    r->active == i || pinned(r, i))
			continue;
		if (best < 0 || (r->slots[best].config &&
				 (!r->slots[i].config || r->slots[i].used < r->slots[best].used)))
			best = i;
	}
	return best;
}

static void fill(struct op *op, int slot)
{
	const struct road_drv_config *config = op->what->config;
	struct slot *s = &op->r->slots[slot];

	op->r->counted.evictions += s->config != 0;
	*s = (struct slot){.config = config->id, .bytes = (uint32_t)config->byte_count};
	memcpy(s->content, (const void *)(uintptr_t)config->address, s->bytes);
	op->report.bytes = s->bytes;
}

/* *at: where it is; -1: in place of what is active, at the switch. */
static road_status load(struct op *op, bool may_replace, int *at)
{
	struct region *r = op->r;

	*at = resident(r, op->what->config->id);
	if (*at >= 0) {
		r->counted.hits++;
		r->slots[*at].used = ++ticks;
		return ROAD_OK;
	}
	*at = pick(op);
	if (*at < 0 && !(may_replace && r->active >= 0 && !pinned(r, r->active) &&
			 (op->what->slot == ROAD_SLOT_ANY || (int)op->what->slot == r->active)))
		return fails(op, ROAD_BUSY, ROAD_PHASE_FIT);
	r->counted.misses++;
	if (injected(op, ROAD_PHASE_CHECK))
		return ROAD_FAULT;
	r->counted.loads++;
	if (*at < 0)
		return ROAD_OK;
	fill(op, *at);
	r->slots[*at].used = ++ticks;
	return ROAD_OK;
}

static road_status undo(struct op *op)
{
	struct region *r = op->r;
	int safe = resident(r, r->safe);

	if (op->what->on_failure == ROAD_FAILURE_QUARANTINE) {
		r->quarantined = true;
		r->active = -1;
	} else if (!r->quarantined) {
		bool to_safe = op->what->on_failure == ROAD_FAILURE_SAFE && safe >= 0;

		if (op->report.phase > ROAD_PHASE_COMMIT || (to_safe && r->active != safe)) {
			op->report.flags |= ROAD_RESULT_ROLLED_BACK;
			r->counted.rollbacks++;
		}
		if (to_safe)
			r->active = safe;
	}
	return ROAD_FAULT;
}

static road_status activate(struct op *op, uint64_t target, int slot)
{
	struct region *r = op->r;
	uint64_t from = active_of(r);

	if (injected(op, ROAD_PHASE_RESUME))
		return undo(op);
	if (target && slot < 0) {
		slot = r->active;
		fill(op, slot);
	}
	if (target != from) {
		r->previous = from;
		r->counted.switches++;
	}
	r->active = target ? slot : -1;
	if (slot >= 0)
		r->slots[slot].used = ++ticks;
	*op->current = target;
	return ROAD_OK;
}

static road_status do_load(struct op *op)
{
	int slot;
	uint64_t hits = op->r->counted.hits;
	road_status status = load(op, false, &slot);

	if (!status && op->r->counted.hits > hits)
		op->report.flags |= ROAD_RESULT_HIT;
	if (!status)
		op->report.slot = (uint32_t)slot;
	return status;
}

static road_status do_activate(struct op *op)
{
	struct region *r = op->r;
	uint64_t id = op->what->config->id;
	road_status status;
	int slot;

	if (active_of(r) == id && op->what->verb == ROAD_RECONFIGURE_ACTIVATE) {
		r->counted.hits++;
		r->slots[r->active].used = ++ticks;
		*op->current = id;
		op->report.flags |= ROAD_RESULT_HIT;
		op->report.slot = (uint32_t)r->active;
		return ROAD_OK;
	}
	status = load(op, true, &slot);
	if (!status && op->what->verb == ROAD_RECONFIGURE_SWAP)
		memcpy(op->what->buffer.host, &r->state, sizeof(r->state));
	if (!status)
		status = activate(op, id, slot);
	if (!status && op->what->verb == ROAD_RECONFIGURE_RESTORE)
		memcpy(&r->state, op->what->buffer.host, sizeof(r->state));
	if (!status)
		op->report.slot = (uint32_t)r->active;
	return status;
}

static road_status do_small(struct op *op)
{
	struct region *r = op->r;
	int slot = resident(r, op->what->config->id);

	if (slot < 0)
		return fails(op, ROAD_NOT_FOUND, ROAD_PHASE_FIT);
	op->report.slot = (uint32_t)slot;
	switch (op->what->verb) {
	case ROAD_RECONFIGURE_PIN: r->slots[slot].pins++; return ROAD_OK;
	case ROAD_RECONFIGURE_UNPIN:
		if (!r->slots[slot].pins)
			return fails(op, ROAD_NOT_FOUND, ROAD_PHASE_FIT);
		r->slots[slot].pins--;
		return ROAD_OK;
	case ROAD_RECONFIGURE_READ_BACK:
		if (op->what->buffer_bytes < r->slots[slot].bytes)
			return fails(op, ROAD_INVALID_ARGUMENT, ROAD_PHASE_FIT);
		memcpy(op->what->buffer.host, r->slots[slot].content, r->slots[slot].bytes);
		op->report.bytes = r->slots[slot].bytes;
		return ROAD_OK;
	default:
		if (r->active == slot || pinned(r, slot))
			return fails(op, ROAD_BUSY, ROAD_PHASE_FIT);
		r->slots[slot] = (struct slot){0};
		r->counted.evictions++;
		return ROAD_OK;
	}
}

static road_status do_rollback(struct op *op)
{
	struct region *r = op->r;
	const uint64_t targets[] = {r->previous, r->safe, 0};
	uint64_t target = targets[op->what->target];
	int slot = resident(r, target);

	if (op->what->target != ROAD_ROLLBACK_INITIAL && slot < 0)
		return fails(op, ROAD_NOT_FOUND, ROAD_PHASE_FIT);
	if (target == active_of(r)) {
		op->report.flags |= ROAD_RESULT_HIT;
		*op->current = target;
		return ROAD_OK;
	}
	return activate(op, target, slot);
}

static road_status perform(struct op *op)
{
	switch (op->what->verb) {
	case ROAD_RECONFIGURE_LOAD:
	case ROAD_RECONFIGURE_PREFETCH: return do_load(op);
	case ROAD_RECONFIGURE_ACTIVATE:
	case ROAD_RECONFIGURE_SWAP:
	case ROAD_RECONFIGURE_RESTORE: return do_activate(op);
	case ROAD_RECONFIGURE_ROLLBACK: return do_rollback(op);
	case ROAD_RECONFIGURE_RESET:
		wipe(op->r);
		*op->current = 0;
		return ROAD_OK;
	default: return do_small(op);
	}
}

road_status fake_chip_command(const struct road_cmd_region *what, uint64_t *current)
{
	struct op op = {.r = find(what->region), .what = what, .current = current};
	road_status status;

	op.report.slot = ROAD_SLOT_ANY;
	if (!op.r || op.r->generation != what->generation)
		status = fails(&op, ROAD_STALE, ROAD_PHASE_FIT);
	else if (op.r->quarantined)
		status = fails(&op, ROAD_FAULT, ROAD_PHASE_ISOLATE);
	else
		status = perform(&op);
	if (op.r) {
		op.report.active = active_of(op.r);
		op.report.flags |= op.r->quarantined ? ROAD_RESULT_QUARANTINED : 0;
	}
	if (what->verb == ROAD_RECONFIGURE_PREFETCH)
		status = ROAD_OK;
	op.report.status = status;
	op.report.phase = status ? op.report.phase : 0;
	op.report.done = 1;
	op.report.ended_ns = ++ticks;
	if (!fake_door.no_report)
		memcpy(what->report.host, &op.report, sizeof(op.report));
	return status;
}

road_status fake_chip_launch(uint32_t index, uint64_t generation, uint64_t expected, bool activates,
			     const struct road_drv_config *config)
{
	uint64_t current;
	struct fake_report report;
	struct region *r = find(index);
	struct road_cmd_region what = {.verb = ROAD_RECONFIGURE_ACTIVATE,
				       .slot = ROAD_SLOT_ANY,
				       .region = index,
				       .generation = generation,
				       .config = config,
				       .report.host = &report};

	if (!r || r->generation != generation)
		return ROAD_STALE;
	if (r->quarantined)
		return ROAD_FAULT;
	if (active_of(r) == expected)
		return ROAD_OK;
	return activates && config ? fake_chip_command(&what, &current) : ROAD_CONFIG_MISMATCH;
}
