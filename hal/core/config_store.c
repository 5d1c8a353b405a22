/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration images that a device knows: one a hash, for all who use it. */
#include "hal/core/region.h"

#include <stdlib.h>
#include <string.h>

static void destroy(struct road_config_entry *entry)
{
	free(entry->bytes);
	free(entry);
}

/* ---- is it one? ---- */

static const char *const too_large = "the configuration is larger than a slot";

static road_status check_size(const struct road_device *device, size_t count, const char *where)
{
	uint64_t most = device->root.slot_bytes;

	if (!count)
		return road_fail(ROAD_INVALID_ARGUMENT, "configuration is empty", where, "0 bytes",
				 ">= 1 byte");
	if (most && count > most)
		return road_fail_u64(ROAD_IMAGE_INCOMPATIBLE, too_large, where, count,
				     "road_region_info.slot_bytes");
	return ROAD_OK;
}

/* Copies the bytes and lets the driver look at the copy: nobody can change it behind its back. */
static road_status check_bytes(struct road_config_entry *entry, const void *bytes, size_t count,
			       const char *where)
{
	void *canonical = malloc(count);
	struct road_device *device = entry->device;
	road_status status;

	entry->bytes = malloc(count);
	if (!entry->bytes || !canonical) {
		free(canonical);
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for a configuration", where,
				 "", "");
	}
	memcpy(entry->bytes, bytes, count);
	memcpy(canonical, entry->bytes, count);
	entry->drv = (struct road_drv_config){
		.dev = &device->drv, .bytes = entry->bytes, .byte_count = count};
	status = device->region.check(&entry->drv, canonical);
	if (!status)
		road_sha256(entry->hash, canonical, count);
	free(canonical);
	entry->drv.name[sizeof(entry->drv.name) - 1] = 0;
	for (int i = 0; i < 8; i++)
		entry->drv.id |= (uint64_t)entry->hash[i] << (8 * i);
	if (!status && !entry->drv.id) /* 0 is none */
		entry->drv.id = 1;
	return status;
}

/* Does the region, or a child of it, take such images? */
static bool has_fabric(struct road_device *device, uint64_t fabric)
{
	uint32_t children[ROAD_REGION_PARTS_MAX];
	struct road_region_info info = {.size = sizeof(info)};

	if (device->root.fabric == fabric)
		return true;
	uint32_t count = device->region.children(&device->drv, 0, children);

	for (uint32_t i = 0; i < count && i < ROAD_REGION_PARTS_MAX; i++)
		if (!device->region.info(&device->drv, children[i], &info) && info.fabric == fabric)
			return true;
	return false;
}

static road_status check_fit(struct road_device *device, const struct road_drv_config *config,
			     const char *where)
{
	if (!has_fabric(device, config->fabric))
		return road_fail_u64(ROAD_IMAGE_INCOMPATIBLE,
				     "the configuration is for another fabric", where,
				     config->fabric, "road_region_info.fabric");
	if (config->units > device->root.units)
		return road_fail_u64(ROAD_IMAGE_INCOMPATIBLE,
				     "the configuration needs more units than there are", where,
				     config->units, "at most road_region_info.units");
	return ROAD_OK;
}

/* ---- the store. Under config_lock ---- */

static struct road_config_entry *find(struct road_device *device, const uint8_t hash[32])
{
	struct road_config_entry *entry = device->configs;

	while (entry && memcmp(entry->hash, hash, sizeof(entry->hash)))
		entry = entry->next;
	return entry;
}

static struct road_config_entry *find_id(struct road_device *device, uint64_t id)
{
	struct road_config_entry *entry = device->configs;

	while (entry && entry->drv.id != id)
		entry = entry->next;
	return entry;
}

/* The new one, or the one that was there; launches know images by their ids alone. */
static road_status insert(struct road_config_entry *fresh, const char *where,
			  struct road_config_entry **out)
{
	struct road_device *device = fresh->device;
	struct road_config_entry *entry = find(device, fresh->hash);

	if (!entry && find_id(device, fresh->drv.id))
		return road_fail_u64(ROAD_BUSY, "another configuration has this id", where,
				     fresh->drv.id, "one of the two at a time");
	if (!entry) {
		entry = fresh;
		entry->next = device->configs;
		device->configs = entry;
	}
	entry->uses++;
	*out = entry;
	return ROAD_OK;
}

road_status road_config_entry_make(struct road_device *device, const void *bytes, size_t count,
				   const char *where, struct road_config_entry **out)
{
	road_status status = check_size(device, count, where);
	struct road_config_entry *fresh;

	if (status)
		return status;
	fresh = calloc(1, sizeof(*fresh));
	if (!fresh)
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for a configuration", where,
				 "", "");
	fresh->device = device;
	status = check_bytes(fresh, bytes, count, where);
	if (!status)
		status = check_fit(device, &fresh->drv, where);
	if (!status) {
		pthread_mutex_lock(&device->config_lock);
		status = insert(fresh, where, out);
		pthread_mutex_unlock(&device->config_lock);
	}
	if (status || *out != fresh)
		destroy(fresh);
	return status;
}

struct road_config_entry *road_config_entry_find(struct road_device *device, const uint8_t hash[32])
{
	pthread_mutex_lock(&device->config_lock);
	struct road_config_entry *entry = find(device, hash);

	if (entry)
		entry->uses++;
	pthread_mutex_unlock(&device->config_lock);
	return entry;
}

struct road_config_entry *road_config_entry_by_id(struct road_device *device, uint64_t id)
{
	pthread_mutex_lock(&device->config_lock);
	struct road_config_entry *entry = find_id(device, id);

	if (entry)
		entry->uses++;
	pthread_mutex_unlock(&device->config_lock);
	return entry;
}

void road_config_entry_use(struct road_config_entry *entry)
{
	pthread_mutex_lock(&entry->device->config_lock);
	entry->uses++;
	pthread_mutex_unlock(&entry->device->config_lock);
}

void road_config_entry_put(struct road_config_entry *entry)
{
	if (!entry)
		return;
	struct road_device *device = entry->device;

	pthread_mutex_lock(&device->config_lock);
	bool last = !--entry->uses;

	if (last) {
		struct road_config_entry **at = &device->configs;

		while (*at != entry)
			at = &(*at)->next;
		*at = entry->next;
		if (entry->open)
			device->region.close(&entry->drv);
	}
	pthread_mutex_unlock(&device->config_lock);
	if (last)
		destroy(entry);
}

road_status road_config_entry_open(struct road_config_entry *entry)
{
	struct road_device *device = entry->device;
	road_status status = ROAD_OK;

	pthread_mutex_lock(&device->config_lock);
	const uint64_t resets = atomic_load(&device->resets);

	if (entry->open && entry->open_resets != resets) { /* what the chip had is lost */
		device->region.close(&entry->drv);
		entry->open = false;
	}
	if (!entry->open) {
		status = device->region.open(&entry->drv);
		entry->open = !status;
		entry->open_resets = resets;
	}
	pthread_mutex_unlock(&device->config_lock);
	return status;
}
