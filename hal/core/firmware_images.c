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

/* Those of this machine, and the instance's. */
static road_firmware_error add_machine(const struct road_boot *boot, road_firmware_keys *keys,
				       road_firmware_detail *detail)
{
	const char *files = boot->device->instance->firmware_keys;
	road_firmware_error error = boot->calls->keys_add_folder(keys, NULL, detail);

	return error || !files ? error : add_files(boot, keys, files, detail);
}

/* What this machine says of keys that are there already binds them: revoked is revoked. */
static road_firmware_error bind_to_machine(const struct road_boot *boot, road_firmware_keys *keys,
					   const uint8_t (*given)[32], uint32_t count,
					   road_firmware_detail *detail)
{
	road_firmware_key one = {.size = sizeof(one)};
	road_firmware_keys *machine = NULL;
	road_firmware_error error = boot->calls->keys_create(&machine, detail);

	if (!error)
		error = add_machine(boot, machine, detail);
	for (uint32_t i = 0; !error && !boot->calls->keys_get(machine, i, &one); i++)
		for (uint32_t k = 0; k < count && !error; k++)
			if (!memcmp(one.key, given[k], sizeof(one.key)))
				error = boot->calls->keys_add(keys, &one, detail);
	boot->calls->keys_free(machine);
	return error;
}

/* The keys that count for an image that a caller brings: those that he names, as far as the machine
 * lets them; else those of the machine, and the simulator's (may be NULL). */
static road_firmware_error make_keys(const struct road_boot *boot, const uint8_t (*given)[32],
				     uint32_t count, const uint8_t *simulator,
				     road_firmware_keys **out, road_firmware_detail *detail)
{
	road_firmware_error error = boot->calls->keys_create(out, detail);

	for (uint32_t i = 0; i < count && !error; i++)
		error = add_key(boot, *out, given[i], detail);
	if (!error && count)
		error = bind_to_machine(boot, *out, given, count, detail);
	else if (!error)
		error = add_machine(boot, *out, detail);
	if (!error && !count && simulator)
		error = add_key(boot, *out, simulator, detail);
	return error;
}

/* ---- verification ---- */

/* Dependencies are looked at when all images are there. */
static road_firmware_error verify(const struct road_boot *boot, uint32_t index, const void *bytes,
				  size_t count, const road_firmware_keys *keys, uint32_t counter,
				  road_firmware_image **out, road_firmware_detail *detail)
{
	const struct road_firmware_component *component = &boot->chip.components[index];
	road_firmware_policy policy = {
		.size = sizeof(policy),
		.has = ROAD_FIRMWARE_HAS_VENDOR | ROAD_FIRMWARE_HAS_CLASS |
		       ROAD_FIRMWARE_HAS_COUNTER,
		.component = component->name,
		.minimum_counter = counter,
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

static road_firmware_error lacks(const struct road_boot *boot, uint32_t index,
				 const road_firmware_dependency *needs, const char *seen,
				 road_firmware_detail *detail)
{
	char version[ROAD_FIRMWARE_VERSION_TEXT];

	boot->calls->version_format(&needs->at_least, version);
	*detail = (road_firmware_detail){.size = sizeof(*detail),
					 .error = ROAD_FIRMWARE_DEPENDENCY_MISSING};
	snprintf(detail->what, sizeof(detail->what),
		 "needs another image in at least this version");
	snprintf(detail->where, sizeof(detail->where), "component %s, image %" PRIu32,
		 boot->chip.components[index].name, needs->image);
	snprintf(detail->seen, sizeof(detail->seen), "%s", seen);
	snprintf(detail->allowed, sizeof(detail->allowed), "%s", version);
	return ROAD_FIRMWARE_DEPENDENCY_MISSING;
}

road_firmware_error road_boot_images_fit(const struct road_boot *boot,
					 const struct road_boot_image *images,
					 road_firmware_detail *detail)
{
	for (uint32_t i = 0; i < boot->chip.component_count; i++) {
		road_firmware_dependency needs;

		for (uint32_t d = 0; !boot->calls->image_dependency(images[i].image, d, &needs);
		     d++) {
			road_firmware_image_info info = {.size = sizeof(info)};
			char seen[ROAD_FIRMWARE_VERSION_TEXT];

			if (needs.image >= boot->chip.component_count)
				return lacks(boot, i, &needs, "no such image", detail);
			boot->calls->image_info_get(images[needs.image].image, &info);
			boot->calls->version_format(&info.version, seen);
			if (boot->calls->version_compare(&info.version, &needs.at_least) < 0)
				return lacks(boot, i, &needs, seen, detail);
		}
	}
	return ROAD_FIRMWARE_OK;
}

/* ---- where they are from ---- */

static road_firmware_error take_simulators(struct road_boot *boot, uint32_t index,
					   const void *bytes, size_t count, const uint8_t *key,
					   road_firmware_detail *detail)
{
	struct road_boot_image *image = &boot->images[index];
	road_firmware_keys *keys = NULL;
	road_firmware_error error = boot->calls->keys_create(&keys, detail);

	*image = (struct road_boot_image){.source = "development image of the simulator"};
	if (!error)
		error = add_key(boot, keys, key, detail);
	if (!error)
		error = verify(boot, index, bytes, count, keys, 0, &image->image, detail);
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
		error = verify(boot, index, bytes, count, keys, 0, &image->image, detail);
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

static road_firmware_error find(struct road_boot *boot, uint32_t index,
				road_firmware_detail *detail)
{
	const struct road_bus_control *control = boot->device->control;
	struct road_bus *bus = boot->device->drv.bus;
	const uint8_t *key;
	const void *bytes;
	size_t count;

	if (control && control->firmware &&
	    control->firmware(bus, boot->chip.components[index].name, &bytes, &count, &key))
		return take_simulators(boot, index, bytes, count, key, detail);
	return search(boot, index, detail);
}

road_firmware_error road_boot_images_find(struct road_boot *boot, road_firmware_detail *detail)
{
	road_firmware_error error = ROAD_FIRMWARE_OK;

	for (uint32_t i = 0; i < boot->chip.component_count && !error; i++)
		if (!boot->images[i].image)
			error = find(boot, i, detail);
	return error ? error : road_boot_images_fit(boot, boot->images, detail);
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

	road_firmware_image_info running = {.size = sizeof(running)};

	/* Nothing older than what runs: else an old image would do that was signed once. */
	if (!error && boot->images[index].image)
		boot->calls->image_info_get(boot->images[index].image, &running);
	*out = (struct road_boot_image){.source = "the caller"};
	if (!error)
		error = verify(boot, index, bytes, count, keys, running.counter, &out->image,
			       detail);
	boot->calls->keys_free(keys);
	return error;
}
