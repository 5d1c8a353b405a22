/* SPDX-License-Identifier: Apache-2.0 */
/* Which image a component gets, and whether it may. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "hal/core/firmware.h"

road_status road_boot_fail(const struct road_boot *boot, road_firmware_error error,
			   const road_firmware_detail *detail)
{
	char what[224];
	road_error port;

	road_error_take(&port);
	if (error == ROAD_FIRMWARE_RW_ERROR && port.status) { /* the port knows better */
		snprintf(what, sizeof(what), "%s: %.100s (%s)", detail->what, port.what,
			 boot->calls->error_name(error));
		return road_fail(port.status, what, port.where, port.seen, port.allowed);
	}
	snprintf(what, sizeof(what), "%s (%s)", detail->what, boot->calls->error_name(error));
	return road_fail(boot->calls->error_status(error), what, detail->where, detail->seen,
			 detail->allowed);
}

void road_boot_images_free(const struct road_boot *boot, struct road_boot_image *images)
{
	for (uint32_t i = 0; i < ROAD_FIRMWARE_COMPONENTS_MAX; i++) {
		boot->calls->image_free(images[i].image);
		images[i] = (struct road_boot_image){0};
	}
}

/* ---- keys ---- */

static road_firmware_error add_key(const struct road_boot *boot, road_firmware_keys *keys,
				   const uint8_t *key, road_firmware_detail *detail)
{
	road_firmware_key one = {.size = sizeof(one)};

	memcpy(one.key, key, sizeof(one.key));
	return boot->calls->keys_add(keys, &one, detail);
}

/* The instance's files, separated by ':'. */
static road_firmware_error add_files(const struct road_boot *boot, road_firmware_keys *keys,
				     const char *list, road_firmware_detail *detail)
{
	road_firmware_error error = ROAD_FIRMWARE_OK;
	char path[4096];

	while (*list && !error) {
		const size_t bytes = strcspn(list, ":");

		snprintf(path, sizeof(path), "%.*s", (int)bytes, list);
		if (bytes)
			error = boot->calls->keys_add_file(keys, path, detail);
		list += bytes + (list[bytes] == ':');
	}
	return error;
}

/* The caller's; else those of the machine, or the simulator's for what it brings itself; and the
 * instance's. */
static road_firmware_error make_keys(const struct road_boot *boot, const uint8_t (*given)[32],
				     uint32_t count, const uint8_t *simulator,
				     road_firmware_keys **out, road_firmware_detail *detail)
{
	road_firmware_error error = boot->calls->keys_create(out, detail);

	for (uint32_t i = 0; i < count && !error; i++)
		error = add_key(boot, *out, given[i], detail);
	if (!error && simulator)
		error = add_key(boot, *out, simulator, detail);
	if (!error && !count && !simulator)
		error = boot->calls->keys_add_folder(*out, NULL, detail);
	if (!error && !count && boot->device->instance->firmware_keys)
		error = add_files(boot, *out, boot->device->instance->firmware_keys, detail);
	if (error && *out) {
		boot->calls->keys_free(*out);
		*out = NULL;
	}
	return error;
}

/* ---- verification ---- */

/* What runs beside it, for dependencies: components that are there already. */
static uint32_t list_present(const struct road_boot *boot, uint32_t but, road_firmware_present *out)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < boot->chip.component_count; i++) {
		road_firmware_image_info info = {.size = sizeof(info)};

		if (i != but && boot->images[i].image &&
		    !boot->calls->image_info_get(boot->images[i].image, &info))
			out[count++] = (road_firmware_present){i, info.version};
	}
	return count;
}

static road_firmware_error verify(const struct road_boot *boot, uint32_t index, const void *bytes,
				  size_t count, const road_firmware_keys *keys,
				  road_firmware_image **out, road_firmware_detail *detail)
{
	const struct road_firmware_component *component = &boot->chip.components[index];
	road_firmware_present present[ROAD_FIRMWARE_COMPONENTS_MAX];
	road_firmware_policy policy = {
		.size = sizeof(policy),
		.has = ROAD_FIRMWARE_HAS_VENDOR | ROAD_FIRMWARE_HAS_CLASS,
		.component = component->name,
		.present = present,
		.present_count = list_present(boot, index, present),
		.check_dependencies = 1,
	};
	road_firmware_error error = boot->calls->image_read(bytes, count, out, detail);

	memcpy(policy.vendor.bytes, component->vendor, sizeof(policy.vendor.bytes));
	memcpy(policy.chip_class.bytes, component->chip_class, sizeof(policy.chip_class.bytes));
	if (!error)
		error = boot->calls->image_verify(*out, keys, &policy, detail);
	if (error) {
		boot->calls->image_free(*out);
		*out = NULL;
	}
	return error;
}

/* ---- where they are from ---- */

static road_firmware_error take_simulators(struct road_boot *boot, uint32_t index,
					   const void *bytes, size_t count, const uint8_t *key,
					   road_firmware_detail *detail)
{
	struct road_boot_image *image = &boot->images[index];
	road_firmware_keys *keys = NULL;
	road_firmware_error error = make_keys(boot, NULL, 0, key, &keys, detail);

	*image = (struct road_boot_image){.source = "development image of the simulator"};
	if (!error)
		error = verify(boot, index, bytes, count, keys, &image->image, detail);
	boot->calls->keys_free(keys);
	return error;
}

/* Where it was looked for: more than an error holds. */
static void tell_tried(const struct road_boot *boot, const road_firmware_file *file)
{
	road_firmware_tried tried = {0};

	for (uint32_t i = 0; !boot->calls->file_tried(file, i, &tried); i++)
		road_instance_message(boot->device->instance, ROAD_MESSAGE_WARNING,
				      boot->device->address, "firmware: %s: %s", tried.path,
				      tried.reason);
}

static road_firmware_error take_found(struct road_boot *boot, uint32_t index,
				      const road_firmware_file *file, road_firmware_detail *detail)
{
	struct road_boot_image *image = &boot->images[index];
	road_firmware_keys *keys = NULL;
	road_firmware_error error = make_keys(boot, NULL, 0, NULL, &keys, detail);
	size_t count = 0;
	const void *bytes = boot->calls->file_bytes(file, &count);

	*image = (struct road_boot_image){0};
	snprintf(image->source, sizeof(image->source), "%s", boot->calls->file_path(file));
	if (!error)
		error = verify(boot, index, bytes, count, keys, &image->image, detail);
	boot->calls->keys_free(keys);
	return error;
}

static road_firmware_error search(struct road_boot *boot, uint32_t index,
				  road_firmware_detail *detail)
{
	const struct road_instance *instance = boot->device->instance;
	const road_firmware_search where = {
		.size = sizeof(where),
		.flags = instance->flags & ROAD_INSTANCE_NO_ENV ? ROAD_FIRMWARE_NO_ENV : 0,
		.folders = instance->firmware_folders,
	};
	road_firmware_file *file = NULL;
	char name[160];

	snprintf(name, sizeof(name), "%s/%s/%s.img", boot->chip.vendor, boot->chip.chip,
		 boot->chip.components[index].name);
	road_firmware_error error = boot->calls->find(name, &where, &file, detail);

	if (!error)
		error = take_found(boot, index, file, detail);
	else if (error == ROAD_FIRMWARE_NOT_FOUND && file)
		tell_tried(boot, file);
	boot->calls->file_free(file);
	return error;
}

road_firmware_error road_boot_image_get(struct road_boot *boot, uint32_t index,
					const road_firmware_image **out,
					road_firmware_detail *detail)
{
	const struct road_bus_control *control = boot->device->control;
	struct road_bus *bus = boot->device->drv.bus;
	const uint8_t *key;
	const void *bytes;
	size_t count;
	road_firmware_error error = ROAD_FIRMWARE_OK;

	if (!boot->images[index].image) {
		if (control && control->firmware &&
		    control->firmware(bus, boot->chip.components[index].name, &bytes, &count, &key))
			error = take_simulators(boot, index, bytes, count, key, detail);
		else
			error = search(boot, index, detail);
	}
	*out = boot->images[index].image;
	return error;
}

road_firmware_error road_boot_image_take(struct road_boot *boot, uint32_t index, const void *bytes,
					 size_t count, const road_firmware_load_options *options,
					 struct road_boot_image *out, road_firmware_detail *detail)
{
	const struct road_bus_control *control = boot->device->control;
	const uint8_t *simulator = NULL;
	road_firmware_keys *keys = NULL;
	const void *unused;
	size_t unused_count;

	if (!options->key_count && control && control->firmware &&
	    !control->firmware(boot->device->drv.bus, boot->chip.components[index].name, &unused,
			       &unused_count, &simulator))
		simulator = NULL;
	road_firmware_error error =
		make_keys(boot, options->keys, options->key_count, simulator, &keys, detail);

	*out = (struct road_boot_image){.source = "the caller"};
	if (!error)
		error = verify(boot, index, bytes, count, keys, &out->image, detail);
	boot->calls->keys_free(keys);
	return error;
}
