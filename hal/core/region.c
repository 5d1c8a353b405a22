/* SPDX-License-Identifier: Apache-2.0 */
/* Regions as programs see them, and what the core knows of the chip's. */
#include "hal/core/region.h"

#include <stdlib.h>
#include <string.h>

static struct road_region *region_of(struct road_object *object)
{
	return (struct road_region *)(void *)object;
}

static void region_finish(struct road_object *object)
{
	road_object_release(&region_of(object)->device->object);
}

static void region_free(struct road_object *object)
{
	free(region_of(object));
}

const struct road_class road_region_class = {ROAD_TYPE_REGION, "region", NULL, region_finish,
					     region_free};

road_status road_device_has_regions(struct road_device *device, const char *where)
{
	if (device->info.features & ROAD_FEATURE_REGIONS)
		return ROAD_OK;
	return road_fail(ROAD_UNSUPPORTED, "the device cannot be reconfigured", where, "",
			 "a device with ROAD_FEATURE_REGIONS");
}

/* ---- what the core knows of the chip's. Under region_lock ---- */

static void drop_safe(struct road_region_node *node)
{
	road_config_entry_put(node->safe);
	node->safe = NULL;
}

void road_region_note(struct road_region_node *node, enum road_region_event event)
{
	enum road_region_state state = atomic_load(&node->state);
	struct road_region_step step = road_region_step(state, event);

	atomic_store(&node->state, step.next);
	if (step.next == ROAD_REGION_GONE && state != ROAD_REGION_GONE) {
		node->life++; /* queues of before are none of who has the number next */
		node->queues = 0;
	}
	if (step.actions & ROAD_REGION_DROPS_SAFE)
		drop_safe(node);
	if (step.actions & ROAD_REGION_LOOKS) {
		struct road_region_info info;

		road_region_look(node->device, node->index, "", &node, &info);
	}
}

road_status road_region_may(struct road_region_node *node, enum road_region_event event,
			    const char *where)
{
	struct road_region_step step = road_region_step(atomic_load(&node->state), event);

	return step.status ? road_fail_u64(step.status, step.what, where, node->index, "")
			   : ROAD_OK;
}

static struct road_region_node *node_of(struct road_device *device, uint32_t index)
{
	struct road_region_node *node = device->regions;

	while (node && node->index != index)
		node = node->next;
	if (node)
		return node;
	node = calloc(1, sizeof(*node));
	if (!node)
		return NULL;
	node->device = device;
	node->index = index;
	atomic_init(&node->state, ROAD_REGION_GONE);
	pthread_mutex_init(&node->order_lock, NULL);
	pthread_mutex_init(&node->memory_lock, NULL);
	node->next = device->regions;
	device->regions = node;
	return node;
}

/* The chip counts the faults, and a RESET in one of its queues makes it forget the safe image. */
static void take_status(struct road_region_node *node, const struct road_region_status *status)
{
	road_region_note(node, status->quarantined ? ROAD_REGION_SEEN_BAD : ROAD_REGION_SEEN_WELL);
	if (node->safe && node->safe->drv.id != status->safe)
		drop_safe(node);
}

static void look_closer(struct road_region_node *node)
{
	struct road_region_status status = {.size = sizeof(status)};
	struct road_device *device = node->device;

	atomic_store(&node->suspect, false);
	if (!device->region.status(&device->drv, node->index, &status))
		take_status(node, &status);
}

road_status road_region_look(struct road_device *device, uint32_t index, const char *where,
			     struct road_region_node **out, struct road_region_info *info)
{
	struct road_region_node *node = node_of(device, index);

	if (!node)
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for a region", where, "", "");
	*out = node;
	*info = (struct road_region_info){.size = sizeof(*info), .index = index};
	road_status status = device->region.info(&device->drv, index, info);

	/* What cannot be asked now is not gone for that. */
	if (status && status != ROAD_NOT_FOUND && status != ROAD_STALE)
		return status;
	if (status || info->generation != node->generation)
		road_region_note(node, ROAD_REGION_SEEN_OTHER);
	road_region_memory_renew(node, status ? 0 : info->generation);
	if (status)
		return status;
	node->generation = info->generation;
	node->ordered = info->flags & ROAD_REGION_BARRIER;
	road_region_note(node, info->child_count ? ROAD_REGION_SEEN_SPLIT : ROAD_REGION_SEEN_WHOLE);
	if (atomic_load(&node->suspect) || atomic_load(&node->state) == ROAD_REGION_QUARANTINED)
		look_closer(node);
	return ROAD_OK;
}

void road_regions_reset(struct road_device *device)
{
	pthread_mutex_lock(&device->region_lock);
	for (struct road_region_node *node = device->regions; node; node = node->next) {
		road_region_note(node, ROAD_REGION_RESETS);
		road_region_memory_renew(node, 0);
	}
	pthread_mutex_unlock(&device->region_lock);
}

void road_regions_free(struct road_device *device)
{
	while (device->regions) {
		struct road_region_node *node = device->regions;

		device->regions = node->next;
		road_config_entry_put(node->safe);
		pthread_mutex_destroy(&node->memory_lock);
		pthread_mutex_destroy(&node->order_lock);
		free(node);
	}
}

/* ---- handles ---- */

static road_status stale(const char *where, uint64_t seen)
{
	return road_fail_u64(ROAD_STALE,
			     "the region is gone: the device was reset, or a layout took it", where,
			     seen, "a handle made since");
}

/* Looks at what the handle is of. Under region_lock. */
static road_status look_through(struct road_region *region, const char *where,
				struct road_region_info *info)
{
	struct road_device *device = region->device;
	struct road_region_node *node;

	if (road_device_is_lost(device))
		road_region_note(region->node, ROAD_REGION_LOSES);
	if (region->resets != atomic_load(&device->resets))
		return stale(where, region->generation);
	road_status status = road_device_usable(device, where);

	if (!status)
		status = road_region_look(device, region->node->index, where, &node, info);
	if (status == ROAD_NOT_FOUND || (!status && info->generation != region->generation))
		status = stale(where, region->generation);
	return status;
}

road_status road_region_enter(struct road_region *region, const char *where,
			      struct road_region_info *info)
{
	road_status status = road_object_check(region, &road_region_class, where);

	if (status)
		return status;
	pthread_mutex_lock(&region->device->region_lock);
	status = look_through(region, where, info);
	if (status)
		pthread_mutex_unlock(&region->device->region_lock);
	return status;
}

static road_status leave(struct road_region *region, road_status status)
{
	pthread_mutex_unlock(&region->device->region_lock);
	return status;
}

/* A handle of what was just looked at. Under region_lock. */
static road_status make_handle(struct road_region_node *node, const char *where,
			       struct road_region **out)
{
	struct road_region *region = calloc(1, sizeof(*region));

	if (!region)
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for a region", where, "", "");
	region->device = node->device;
	region->node = node;
	region->generation = node->generation;
	region->resets = atomic_load(&node->device->resets);
	road_object_retain(&node->device->object);
	road_object_init(&region->object, &road_region_class);
	*out = region;
	return ROAD_OK;
}

static road_status no_output(const char *where)
{
	return road_fail(ROAD_INVALID_ARGUMENT, "output is NULL", where, "NULL", "");
}

road_status road_region_root(road_device *device, road_region **out)
{
	static const char *const where = "road_region_root";
	struct road_region_node *node;
	struct road_region_info info;
	road_status status = road_object_check(device, &road_device_class, where);

	if (!status && !out)
		status = no_output("road_region_root: out");
	if (!status)
		status = road_device_has_regions(device, where);
	if (!status)
		status = road_device_usable(device, where);
	if (status)
		return status;
	pthread_mutex_lock(&device->region_lock);
	status = road_region_look(device, 0, where, &node, &info);
	if (!status)
		status = make_handle(node, where, out);
	pthread_mutex_unlock(&device->region_lock);
	return status;
}

/* Numbers of the region's children in the order of their first units; how many. */
static uint32_t children_of(struct road_region *region, uint32_t *out)
{
	struct road_device *device = region->device;
	uint32_t count = device->region.children(&device->drv, region->node->index, out);

	return count <= ROAD_REGION_PARTS_MAX ? count : ROAD_REGION_PARTS_MAX;
}

road_status road_region_child(road_region *region, uint32_t index, road_region **out)
{
	static const char *const where = "road_region_child";
	uint32_t children[ROAD_REGION_PARTS_MAX];
	struct road_region_node *node;
	struct road_region_info info;

	if (region && !out)
		return no_output("road_region_child: out");
	road_status status = road_region_enter(region, where, &info);

	if (status)
		return status;
	uint32_t count = children_of(region, children);

	if (index >= count)
		return leave(region, road_fail_u64(ROAD_NOT_FOUND, "the region has no such child",
						   "road_region_child: index", index,
						   "below road_region_info.child_count"));
	status = road_region_look(region->device, children[index], where, &node, &info);
	if (!status)
		status = make_handle(node, where, out);
	return leave(region, status);
}

road_status road_region_retain(road_region *region)
{
	road_status status =
		road_object_check(region, &road_region_class, "road_region_retain: region");

	if (!status)
		road_object_retain(&region->object);
	return status;
}

void road_region_release(road_region *region)
{
	if (road_object_mine(region, &road_region_class, "road_region_release: region"))
		road_object_release(&region->object);
}

road_status road_region_info_get(road_region *region, road_region_info *out)
{
	struct road_region_info info;
	road_status status =
		road_object_check(region, &road_region_class, "road_region_info_get: region");

	if (!status)
		status = road_struct_out_check(out, 8, "road_region_info_get: out");
	if (!status)
		status = road_region_enter(region, "road_region_info_get: region", &info);
	if (status)
		return status;
	leave(region, ROAD_OK);
	road_struct_out(out, &info, sizeof(info));
	return ROAD_OK;
}

road_status road_region_status_get(road_region *region, road_region_status *out)
{
	static const char *const where = "road_region_status_get: region";
	struct road_region_status now = {.size = sizeof(now)};
	struct road_region_info info;
	road_status status = road_object_check(region, &road_region_class, where);

	if (!status)
		status = road_struct_out_check(out, 8, "road_region_status_get: out");
	if (!status)
		status = road_region_enter(region, where, &info);
	if (status)
		return status;
	struct road_device *device = region->device;

	now.generation = info.generation;
	status = device->region.status(&device->drv, info.index, &now);
	if (!status)
		take_status(region->node, &now);
	leave(region, status);
	if (!status)
		road_struct_out(out, &now, sizeof(now));
	return status;
}

road_status road_region_slot(road_region *region, uint32_t slot, road_slot_info *out)
{
	static const char *const where = "road_region_slot: region";
	struct road_slot_info now = {.size = sizeof(now)};
	struct road_region_info info;
	road_status status = road_object_check(region, &road_region_class, where);

	if (!status)
		status = road_struct_out_check(out, 8, "road_region_slot: out");
	if (!status)
		status = road_region_enter(region, where, &info);
	if (status)
		return status;
	struct road_device *device = region->device;

	if (slot >= info.slots)
		return leave(region, road_fail_u64(ROAD_NOT_FOUND, "the region has no such slot",
						   "road_region_slot: slot", slot,
						   "below road_region_info.slots"));
	status = leave(region, device->region.slot(&device->drv, info.index, slot, &now));
	if (!status)
		road_struct_out(out, &now, sizeof(now));
	return status;
}

/* ---- safe images and quarantine ---- */

static road_status take_safe(struct road_region *region, struct road_config_entry *entry)
{
	struct road_device *device = region->device;
	struct road_region_node *node = region->node;
	road_status status = road_region_may(node, ROAD_REGION_SETS_SAFE, "road_region_set_safe");

	if (!status && entry)
		status = road_config_entry_open(entry);
	if (!status)
		status = device->region.set_safe(&device->drv, node->index,
						 entry ? &entry->drv : NULL);
	if (status)
		return status;
	struct road_config_entry *before = node->safe;

	if (entry)
		road_config_entry_use(entry);
	node->safe = entry;
	road_config_entry_put(before);
	return ROAD_OK;
}

road_status road_region_set_safe(road_region *region, road_config *config)
{
	static const char *const where = "road_region_set_safe: config";
	struct road_region_info info;
	road_status status =
		road_object_check(region, &road_region_class, "road_region_set_safe: region");

	if (!status && config)
		status = road_object_check(config, &road_config_class, where);
	if (!status && config && config->device != region->device)
		status = road_fail(ROAD_INVALID_ARGUMENT, "configuration belongs to another device",
				   where, config->device->address, region->device->address);
	if (!status)
		status = road_region_enter(region, "road_region_set_safe: region", &info);
	if (status)
		return status;
	return leave(region, take_safe(region, config ? config->entry : NULL));
}

road_status road_region_release_quarantine(road_region *region)
{
	static const char *const where = "road_region_release_quarantine: region";
	struct road_region_info info;
	road_status status = road_region_enter(region, where, &info);

	if (status)
		return status;
	struct road_device *device = region->device;

	atomic_store(&region->node->suspect, true); /* what it is now, not what it was */
	status = look_through(region, where, &info);
	if (!status)
		status = road_region_may(region->node, ROAD_REGION_RELEASES, where);
	if (!status)
		status = device->region.release(&device->drv, info.index);
	if (!status)
		road_region_note(region->node, ROAD_REGION_RELEASES);
	return leave(region, status);
}
