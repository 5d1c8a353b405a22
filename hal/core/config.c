/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration images as programs see them. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hal/core/region.h"

enum { PATCHES_MAX = 64 };

static struct road_config *config_of(struct road_object *object)
{
	return (struct road_config *)(void *)object;
}

static void config_close(struct road_object *object)
{
	struct road_config *config = config_of(object);
	struct road_config_entry *entry = config->entry;

	pthread_mutex_lock(&config->device->config_lock);
	if (entry->handle == config) /* another one may be out already */
		entry->handle = NULL;
	pthread_mutex_unlock(&config->device->config_lock);
	road_config_entry_put(entry);
}

static void config_finish(struct road_object *object)
{
	road_object_release(&config_of(object)->device->object);
}

static void config_free(struct road_object *object)
{
	free(config_of(object));
}

const struct road_class road_config_class = {ROAD_TYPE_CONFIG, "configuration", config_close,
					     config_finish, config_free};

/* The handle of the entry, whose use becomes the handle's. */
static road_status hand_out(struct road_config_entry *entry, const char *where,
			    struct road_config **out)
{
	struct road_device *device = entry->device;
	struct road_config *fresh = calloc(1, sizeof(*fresh)), *config;

	if (!fresh) {
		road_config_entry_put(entry);
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for a configuration", where,
				 "", "");
	}
	pthread_mutex_lock(&device->config_lock);
	config = entry->handle;
	if (!config || !road_object_retain_live(&config->object)) {
		config = fresh;
		config->device = device;
		config->entry = entry;
		road_object_retain(&device->object);
		road_object_init(&config->object, &road_config_class);
		entry->handle = config;
	}
	pthread_mutex_unlock(&device->config_lock);
	if (config != fresh) { /* has a use of its own */
		free(fresh);
		road_config_entry_put(entry);
	}
	*out = config;
	return ROAD_OK;
}

static road_status check_device(struct road_device *device, const void *in, const void *out,
				const char *where)
{
	road_status status = road_object_check(device, &road_device_class, where);

	if (!status && (!in || !out))
		status = road_fail(ROAD_INVALID_ARGUMENT, "argument is NULL", where, "NULL", "");
	if (!status)
		status = road_device_has_regions(device, where);
	return status ? status : road_device_usable(device, where);
}

road_status road_config_create(road_device *device, const void *bytes, size_t byte_count,
			       road_config **out)
{
	static const char *const where = "road_config_create: device, bytes, out";
	struct road_config_entry *entry;
	road_status status = check_device(device, bytes, out, where);

	if (!status)
		status = road_config_entry_make(device, bytes, byte_count,
						"road_config_create: bytes", &entry);
	return status ? status : hand_out(entry, where, out);
}

road_status road_config_attach(road_device *device, const uint8_t hash[32], road_config **out)
{
	static const char *const where = "road_config_attach: device, hash, out";
	road_status status = check_device(device, hash, out, where);

	if (status)
		return status;
	struct road_config_entry *entry = road_config_entry_find(device, hash);

	if (!entry)
		return road_fail(ROAD_NOT_FOUND, "the device knows no configuration of this hash",
				 "road_config_attach: hash", "", "one of road_config_info.hash");
	return hand_out(entry, where, out);
}

road_status road_config_retain(road_config *config)
{
	road_status status =
		road_object_check(config, &road_config_class, "road_config_retain: config");

	if (!status)
		road_object_retain(&config->object);
	return status;
}

void road_config_release(road_config *config)
{
	if (road_object_mine(config, &road_config_class, "road_config_release: config"))
		road_object_release(&config->object);
}

road_status road_config_info_get(road_config *config, road_config_info *out)
{
	road_status status =
		road_object_check(config, &road_config_class, "road_config_info_get: config");

	if (!status)
		status = road_struct_out_check(out, 8, "road_config_info_get: out");
	if (status)
		return status;
	const struct road_config_entry *entry = config->entry;
	const struct road_region_info *root = &config->device->root;
	struct road_config_info info = {.size = sizeof(info),
					.units = entry->drv.units,
					.id = entry->drv.id,
					.fabric = entry->drv.fabric,
					.bytes = entry->drv.byte_count};

	info.load_ns = root->load_ns + (info.bytes + 1023) / 1024 * root->load_ns_per_kib;
	memcpy(info.hash, entry->hash, sizeof(info.hash));
	memcpy(info.name, entry->drv.name, sizeof(info.name));
	road_struct_out(out, &info, sizeof(info));
	return ROAD_OK;
}

static road_status fits(const struct road_drv_config *config, const struct road_region_info *info)
{
	static const char *const where = "road_config_check: region";

	if (config->fabric != info->fabric)
		return road_fail_u64(ROAD_IMAGE_INCOMPATIBLE,
				     "the configuration is for another fabric", where,
				     config->fabric, "road_region_info.fabric");
	if (config->units > info->units)
		return road_fail_u64(ROAD_IMAGE_INCOMPATIBLE,
				     "the configuration needs more units than the region has",
				     where, config->units, "at most road_region_info.units");
	if (info->slot_bytes && config->byte_count > info->slot_bytes)
		return road_fail_u64(ROAD_IMAGE_INCOMPATIBLE,
				     "the configuration is larger than a slot", where,
				     config->byte_count, "road_region_info.slot_bytes");
	return ROAD_OK;
}

road_status road_config_check(road_config *config, road_region *region)
{
	struct road_region_info info;
	road_status status =
		road_object_check(config, &road_config_class, "road_config_check: config");

	if (!status)
		status = road_object_check(region, &road_region_class, "road_config_check: region");
	if (!status && config->device != region->device)
		status = road_fail(ROAD_INVALID_ARGUMENT, "region belongs to another device",
				   "road_config_check: region", region->device->address,
				   config->device->address);
	if (!status)
		status = road_region_enter(region, "road_config_check: region", &info);
	if (status)
		return status;
	pthread_mutex_unlock(&region->device->region_lock);
	return fits(&config->entry->drv, &info);
}

/* ---- patches ---- */

static road_status check_patches(const struct road_patch *patches, uint32_t count)
{
	char where[64];

	if (!count || count > PATCHES_MAX)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "number of patches is out of range",
				     "road_config_patch: count", count, "1 to 64");
	if (!patches)
		return road_fail(ROAD_INVALID_ARGUMENT, "patches are NULL",
				 "road_config_patch: patches", "NULL", "");
	for (uint32_t i = 0; i < count; i++) {
		const struct road_patch *patch = &patches[i];

		snprintf(where, sizeof(where), "road_config_patch: patches[%" PRIu32 "]", i);
		if (patch->kind > ROAD_PATCH_WORD)
			return road_fail_u64(ROAD_INVALID_ARGUMENT, "unknown kind of patch", where,
					     patch->kind, "enum road_patch_kind");
		if (patch->reserved || (patch->field && patch->kind != ROAD_PATCH_STREAM))
			return road_fail_u64(ROAD_INVALID_ARGUMENT,
					     patch->reserved ? "reserved field is not 0"
							     : "only a stream has fields",
					     where,
					     patch->reserved ? patch->reserved : patch->field, "0");
	}
	return ROAD_OK;
}

road_status road_config_patch(road_config *config, const road_patch *patches, uint32_t count,
			      road_config **out)
{
	static const char *const where = "road_config_patch: config";
	road_status status = road_object_check(config, &road_config_class, where);
	struct road_config_entry *entry = NULL;

	if (!status && !out)
		status = road_fail(ROAD_INVALID_ARGUMENT, "output is NULL",
				   "road_config_patch: out", "NULL", "");
	if (!status)
		status = check_patches(patches, count);
	if (status)
		return status;
	struct road_device *device = config->device;
	const struct road_drv_config *from = &config->entry->drv;
	void *bytes = malloc(from->byte_count);

	if (!bytes)
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for a configuration", where,
				 "", "");
	status = device->region.patch(from, patches, count, bytes);
	if (!status)
		status = road_config_entry_make(device, bytes, from->byte_count,
						"road_config_patch: patches", &entry);
	free(bytes);
	return status ? status : hand_out(entry, where, out);
}

/* ---- kernels that are configurations ---- */

road_status road_kernel_config_entry(struct road_kernel *kernel, struct road_config_entry **out)
{
	struct road_space *space = kernel->image->space;
	struct road_device *device = space->device;
	const void *bytes;
	uint64_t count;

	*out = NULL;
	pthread_mutex_lock(&space->lock);
	struct road_config_entry *entry = kernel->config;

	pthread_mutex_unlock(&space->lock);
	if (entry) {
		road_config_entry_use(entry); /* the kernel has a use, and is held */
		*out = entry;
		return ROAD_OK;
	}
	if (!device->region.of_kernel(&kernel->drv, &bytes, &count))
		return ROAD_OK;
	road_status status =
		road_config_entry_make(device, bytes, count, "road_kernel_config: kernel", &entry);

	if (status)
		return status;
	road_config_entry_use(entry);
	pthread_mutex_lock(&space->lock);
	struct road_config_entry *surplus = kernel->config ? entry : NULL;

	if (!surplus)
		kernel->config = entry;
	pthread_mutex_unlock(&space->lock);
	road_config_entry_put(surplus); /* two threads asked; both found the same */
	*out = entry;
	return ROAD_OK;
}

road_status road_kernel_config(road_kernel *kernel, road_config **out)
{
	static const char *const where = "road_kernel_config: kernel";
	road_status status = road_object_check(kernel, &road_kernel_class, where);
	struct road_config_entry *entry;

	if (!status && !out)
		status = road_fail(ROAD_INVALID_ARGUMENT, "output is NULL",
				   "road_kernel_config: out", "NULL", "");
	if (!status)
		status = road_space_usable(kernel->image->space, where);
	if (!status)
		status = road_device_has_regions(kernel->image->space->device, where);
	if (!status)
		status = road_kernel_config_entry(kernel, &entry);
	if (!status && !entry)
		status = road_fail(ROAD_NOT_FOUND, "the kernel is no configuration", where, "", "");
	return status ? status : hand_out(entry, where, out);
}
