/* SPDX-License-Identifier: Apache-2.0 */
/* Layouts: a region split into children, checked, applied, then committed or reverted. */
#include <inttypes.h>
#include <stdio.h>

#include "hal/core/region.h"

struct layout {
	struct road_region *region;
	const char *where;
	const struct road_region_part *parts;
	uint32_t count;
	struct road_region_info info; /* of the region */
};

/* ---- the parts by themselves ---- */

static road_status wrong_part(const struct layout *l, road_status status, uint32_t part,
			      const char *what, uint64_t seen, const char *allowed)
{
	char where[96];

	snprintf(where, sizeof(where), "%s: parts[%" PRIu32 "]", l->where, part);
	return road_fail_u64(status, what, where, seen, allowed);
}

static road_status check_part(const struct layout *l, uint32_t index)
{
	const struct road_region_part *part = &l->parts[index];
	const struct road_region_info *info = &l->info;
	uint32_t alignment = info->unit_alignment ? info->unit_alignment : 1;
	uint32_t least = info->units_min ? info->units_min : 1;
	uint64_t end = (uint64_t)part->first_unit + part->units;

	if (part->units < least)
		return wrong_part(l, ROAD_INVALID_ARGUMENT, index, "the part is too small",
				  part->units, "at least road_region_info.units_min");
	if (part->first_unit % alignment || part->units % alignment)
		return wrong_part(l, ROAD_INVALID_ARGUMENT, index, "the part is misaligned",
				  part->first_unit % alignment ? part->first_unit : part->units,
				  "multiples of road_region_info.unit_alignment");
	if (end > info->units)
		return wrong_part(l, ROAD_NO_SPACE, index, "the part ends beyond the region", end,
				  "at most road_region_info.units");
	for (uint32_t i = 0; i < index; i++) {
		const struct road_region_part *other = &l->parts[i];

		if (part->first_unit < other->first_unit + other->units && other->first_unit < end)
			return wrong_part(l, ROAD_INVALID_ARGUMENT, index,
					  "the part overlaps another one", i, "parts side by side");
	}
	return ROAD_OK;
}

static road_status check_memory(const struct layout *l)
{
	uint64_t total = 0;

	for (uint32_t i = 0; i < l->count; i++) {
		uint64_t bytes = l->parts[i].memory_bytes;

		if (!l->info.memory_bytes)
			continue; /* shared: the driver says what it makes of shares */
		if (bytes > l->info.memory_bytes - total)
			return wrong_part(l, ROAD_NO_SPACE, i, "more memory than there is", bytes,
					  "together at most road_region_info.memory_bytes");
		total += bytes;
	}
	return ROAD_OK;
}

static road_status check_parts(const struct layout *l)
{
	road_status status = ROAD_OK;

	for (uint32_t i = 0; i < l->count && !status; i++)
		status = check_part(l, i);
	return status ? status : check_memory(l);
}

/* ---- the steps. Under region_lock ---- */

static road_status begin(struct layout *l)
{
	road_status status = road_object_check(l->region, &road_region_class, l->where);

	if (!status && l->count > ROAD_REGION_PARTS_MAX)
		status = road_fail_u64(ROAD_INVALID_ARGUMENT, "too many parts", l->where, l->count,
				       "at most 16");
	if (!status && l->count && !l->parts)
		status = road_fail(ROAD_INVALID_ARGUMENT, "parts are NULL", l->where, "NULL", "");
	if (!status)
		status = road_region_enter(l->region, l->where, &l->info);
	if (status || l->info.flags & ROAD_REGION_LAYOUT)
		return status;
	pthread_mutex_unlock(&l->region->device->region_lock);
	return road_fail_u64(ROAD_UNSUPPORTED, "the region cannot be split", l->where,
			     l->info.index,
			     "a region with ROAD_REGION_LAYOUT; of a shared chip: its owner's");
}

static road_status end(struct layout *l, road_status status)
{
	pthread_mutex_unlock(&l->region->device->region_lock);
	return status;
}

static road_status ask(struct layout *l, enum road_layout_step step, uint64_t *drain)
{
	struct road_device *device = l->region->device;

	return device->region.layout(&device->drv, l->info.index, step, l->parts, l->count, drain);
}

static road_status busy(const struct layout *l, uint32_t index, uint32_t queues)
{
	char seen[64];

	snprintf(seen, sizeof(seen), "region %" PRIu32 " has %" PRIu32, index, queues);
	return road_fail(ROAD_BUSY, "queues of a region that changes are open", l->where, seen,
			 "none");
}

/* Those of other processes the driver knows of. */
static road_status has_no_queues(const struct layout *l, struct road_region_node *node)
{
	return node->queues ? busy(l, node->index, node->queues) : ROAD_OK;
}

static road_status has_no_buffers(const struct layout *l, struct road_region_node *node)
{
	char seen[64];
	uint64_t bytes = road_region_memory_used(node);

	if (!bytes)
		return ROAD_OK;
	snprintf(seen, sizeof(seen), "region %" PRIu32 " has %" PRIu64 " bytes", node->index,
		 bytes);
	return road_fail(ROAD_BUSY, "buffers of a region that changes are alive", l->where, seen,
			 "none");
}

/* Notes which of the present children stay. */
static void keep(const struct layout *l, uint64_t drain)
{
	uint32_t children[ROAD_REGION_PARTS_MAX];
	struct road_device *device = l->region->device;
	uint32_t count = device->region.children(&device->drv, l->info.index, children);

	for (struct road_region_node *n = device->regions; n; n = n->next) {
		n->kept = false;
		for (uint32_t i = 0; i < count && i < ROAD_REGION_PARTS_MAX; i++)
			n->kept |= n->index == children[i] && !(drain >> i & 1);
	}
}

/* Those that are there and not kept, the region among them. */
static road_status each(const struct layout *l,
			road_status (*check)(const struct layout *l, struct road_region_node *node))
{
	road_status status = ROAD_OK;

	for (struct road_region_node *n = l->region->device->regions; n && !status; n = n->next)
		if (!n->kept && atomic_load(&n->state) != ROAD_REGION_GONE)
			status = check(l, n);
	return status;
}

/* What the chip has now: nodes of children that went learn that they did. */
static void look_again(struct layout *l)
{
	struct road_device *device = l->region->device;

	for (struct road_region_node *n = device->regions; n; n = n->next) {
		struct road_region_info info;
		struct road_region_node *same;

		if (atomic_load(&n->state) != ROAD_REGION_GONE)
			road_region_look(device, n->index, l->where, &same, &info);
	}
}

road_status road_layout_check(road_region *region, const road_region_part *parts, uint32_t count,
			      uint64_t *drain)
{
	struct layout l = {region, "road_layout_check", parts, count, {0}};
	uint64_t mask = 0;
	road_status status = begin(&l);

	if (status)
		return status;
	status = road_region_may(region->node, ROAD_REGION_CHECKS_LAYOUT, l.where);
	if (!status)
		status = check_parts(&l);
	if (!status)
		status = ask(&l, ROAD_LAYOUT_CHECK, &mask);
	if (!status && drain)
		*drain = mask;
	return end(&l, status);
}

road_status road_layout_apply(road_region *region, const road_region_part *parts, uint32_t count)
{
	enum road_region_event event = count ? ROAD_REGION_SPLITS : ROAD_REGION_MERGES;
	struct layout l = {region, "road_layout_apply", parts, count, {0}};
	uint64_t mask = 0;
	road_status status = begin(&l);

	if (status)
		return status;
	status = road_region_may(region->node, event, l.where);
	if (!status)
		status = check_parts(&l);
	if (!status)
		status = ask(&l, ROAD_LAYOUT_CHECK, &mask);
	if (!status) {
		keep(&l, mask);
		status = each(&l, has_no_queues);
	}
	if (!status)
		status = each(&l, has_no_buffers);
	if (!status)
		status = ask(&l, ROAD_LAYOUT_APPLY, &mask);
	if (status)
		return end(&l, status);
	road_region_note(region->node, event);
	look_again(&l);
	return end(&l, ROAD_OK);
}

static road_status finish(struct layout *l, enum road_region_event event,
			  enum road_layout_step step)
{
	uint64_t mask = 0;
	road_status status = begin(l);

	if (status)
		return status;
	status = road_region_may(l->region->node, event, l->where);
	if (!status && step == ROAD_LAYOUT_REVERT)
		status = each(l, has_no_buffers); /* what came with the layout goes with it */
	if (status)
		return end(l, status);
	status = ask(l, step, &mask);
	/* Whoever else may lay it out ended it: what it is now, the chip says. */
	if (status == ROAD_NOT_FOUND)
		event = ROAD_REGION_SEEN_SETTLED;
	if (!status || status == ROAD_NOT_FOUND) {
		road_region_note(l->region->node, event);
		look_again(l);
	}
	return end(l, status);
}

road_status road_layout_commit(road_region *region)
{
	struct layout l = {region, "road_layout_commit", NULL, 0, {0}};

	return finish(&l, ROAD_REGION_COMMITS, ROAD_LAYOUT_COMMIT);
}

road_status road_layout_revert(road_region *region)
{
	struct layout l = {region, "road_layout_revert", NULL, 0, {0}};

	return finish(&l, ROAD_REGION_REVERTS, ROAD_LAYOUT_REVERT);
}
