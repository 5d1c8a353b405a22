/* SPDX-License-Identifier: Apache-2.0 */
/* <roadbed/device_firmware.h>: what runs, other images instead, what a crash left. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hal/core/firmware.h"

static road_status check(struct road_device *device, const char *where)
{
	road_status status = road_object_check(device, &road_device_class, where);

	if (!status && !device->boot)
		status = road_fail(
			ROAD_UNSUPPORTED,
			device->foreign_firmware ? "another function of the chip boots its firmware"
						 : "the device boots no firmware",
			where, device->address,
			device->foreign_firmware ? "whoever holds the physical function asks"
						 : "a chip whose firmware the host brings");
	return status;
}

/* ---- what runs ---- */

static void fill(const struct road_boot *boot, road_device_firmware *out)
{
	const road_firmware_boot_info info = road_boot_info(boot);

	*out = (road_device_firmware){
		.size = sizeof(*out),
		.state = info.state,
		.pull = boot->chip.style == ROAD_FIRMWARE_PULL,
		.code = info.code,
		.protocol = info.protocol,
		.protocol_min = boot->chip.protocol_min,
		.protocol_max = boot->chip.protocol_max,
		.counter = info.counter,
		.boot_errors = info.boot_errors,
		.components = boot->chip.component_count,
		.features = info.features,
		.heartbeat_ns = boot->chip.heartbeat_ns,
		.boot_ns = boot->boot_ns,
		.boots = boot->boots,
		.crashes = boot->crashes,
		.dump_bytes = boot->dump_bytes,
	};
	snprintf(out->text, sizeof(out->text), "%s", boot->calls->state_text(info.state));
	boot->calls->version_format(&info.version, out->version);
}

road_status road_device_firmware_get(road_device *device, road_device_firmware *out)
{
	road_device_firmware now;
	road_status status = check(device, "road_device_firmware_get: device");

	if (!status)
		status = road_struct_out_check(out, 8, "road_device_firmware_get: out");
	if (!status && road_device_is_lost(device))
		status = road_fail(ROAD_DEVICE_LOST, "the device is gone",
				   "road_device_firmware_get: device", "", "");
	if (status)
		return status;
	road_boot_look(device, false);
	pthread_mutex_lock(&device->boot->lock);
	fill(device->boot, &now);
	pthread_mutex_unlock(&device->boot->lock);
	road_struct_out(out, &now, sizeof(now));
	return ROAD_OK;
}

static void fill_component(const struct road_boot *boot, uint32_t index, road_device_component *out)
{
	const struct road_boot_image *image = &boot->images[index];
	road_firmware_image_info info = {.size = sizeof(info)};

	*out = (road_device_component){.size = sizeof(*out),
				       .units = boot->chip.components[index].units};
	snprintf(out->name, sizeof(out->name), "%s", boot->chip.components[index].name);
	if (!image->image || boot->calls->image_info_get(image->image, &info))
		return;
	boot->calls->version_format(&info.version, out->version);
	out->counter = info.counter;
	out->bytes = info.total_bytes;
	snprintf(out->source, sizeof(out->source), "%s", image->source);
}

road_status road_device_component_get(road_device *device, uint32_t index,
				      road_device_component *out)
{
	road_device_component now;
	road_status status = check(device, "road_device_component_get: device");

	if (!status)
		status = road_struct_out_check(out, 8, "road_device_component_get: out");
	if (status)
		return status;
	pthread_mutex_lock(&device->boot->lock);
	if (index < device->boot->chip.component_count)
		fill_component(device->boot, index, &now);
	else
		status = road_fail_u64(ROAD_NOT_FOUND, "the chip has no more components",
				       "road_device_component_get: index", index,
				       "below road_device_firmware.components");
	pthread_mutex_unlock(&device->boot->lock);
	if (!status)
		road_struct_out(out, &now, sizeof(now));
	return status;
}

road_status road_device_firmware_dump(road_device *device, uint64_t offset, void *bytes,
				      size_t byte_count, size_t *got)
{
	static const char *const where = "road_device_firmware_dump";
	road_status status = check(device, where);

	if (!status && (!got || (!bytes && byte_count)))
		status = road_fail(ROAD_INVALID_ARGUMENT, "output is NULL", where, "NULL", "");
	if (status)
		return status;
	road_boot_look(device, false);
	pthread_mutex_lock(&device->boot->lock);
	const struct road_boot *boot = device->boot;
	const uint64_t left = offset < boot->dump_bytes ? boot->dump_bytes - offset : 0;

	if (!boot->dump_bytes)
		status = road_fail(ROAD_NOT_FOUND, "no crash left anything", where, "", "");
	if (!status) {
		*got = left < byte_count ? (size_t)left : byte_count;
		if (*got)
			memcpy(bytes, boot->dump + offset, *got);
	}
	pthread_mutex_unlock(&device->boot->lock);
	return status;
}

/* ---- other images ---- */

static road_status no_component(const struct road_boot *boot, const char *seen)
{
	char allowed[64];

	snprintf(allowed, sizeof(allowed), "%.31s%s", boot->chip.components[0].name,
		 boot->chip.component_count > 1 ? ", …" : "");
	return road_fail(ROAD_NOT_FOUND, "the chip has no such component",
			 "road_device_firmware_load: images", seen, allowed);
}

static road_status find_component(const struct road_boot *boot, const road_firmware_source *source,
				  uint32_t *out)
{
	if (!source->component && boot->chip.component_count > 1)
		return no_component(boot, "NULL");
	*out = 0;
	while (source->component && *out < boot->chip.component_count &&
	       strcmp(source->component, boot->chip.components[*out].name))
		++*out;
	return *out < boot->chip.component_count ? ROAD_OK : no_component(boot, source->component);
}

/* What each depends on is looked for among those that will run together. */
static road_status check_together(struct road_boot *boot, const struct road_boot_image *fresh)
{
	struct road_boot_image set[ROAD_FIRMWARE_COMPONENTS_MAX];
	road_firmware_detail detail = {.size = sizeof(detail)};

	for (uint32_t i = 0; i < ROAD_FIRMWARE_COMPONENTS_MAX; i++)
		set[i] = fresh[i].image ? fresh[i] : boot->images[i];
	road_firmware_error error = road_boot_images_fit(boot, set, &detail);

	return error ? road_boot_fail(boot, error, &detail) : ROAD_OK;
}

/* All of them, verified, or none. */
static road_status take_images(struct road_boot *boot, const road_firmware_load_options *options,
			       struct road_boot_image *fresh)
{
	road_firmware_detail detail = {.size = sizeof(detail)};
	road_status status = ROAD_OK;

	road_fail_again(&(road_error){.status = ROAD_OK}); /* what is there later is of this load */
	for (uint32_t i = 0; i < options->image_count && !status; i++) {
		const road_firmware_source *source = &options->images[i];
		uint32_t index = 0;

		status = find_component(boot, source, &index);
		if (!status && fresh[index].image)
			status = road_fail(ROAD_INVALID_ARGUMENT, "a component has two images",
					   "road_device_firmware_load: images",
					   boot->chip.components[index].name, "one");
		if (status)
			break;
		road_firmware_error error =
			road_boot_image_take(boot, index, source->bytes, source->byte_count,
					     options, &fresh[index], &detail);

		if (error)
			status = road_boot_fail(boot, error, &detail);
	}
	if (!status)
		status = check_together(boot, fresh);
	if (status)
		road_boot_images_free(boot, fresh);
	return status;
}

/* Those of `fresh` that are there change places with the boot's. */
static void swap_images(struct road_boot *boot, struct road_boot_image *fresh, const bool *swap)
{
	for (uint32_t i = 0; i < boot->chip.component_count; i++) {
		struct road_boot_image kept = boot->images[i];

		if (!swap[i])
			continue;
		boot->images[i] = fresh[i];
		fresh[i] = kept;
	}
}

/* Under the boot's lock; the driver is stopped. */
static road_status boot_and_start(struct road_boot *boot)
{
	road_status status = road_boot_run(boot);

	return status ? status : road_device_resume(boot->device);
}

/* Under the boot's lock. What ran before runs again if these do not, or the driver cannot work with
 * them. */
static road_status load(struct road_boot *boot, const road_firmware_load_options *options)
{
	struct road_boot_image fresh[ROAD_FIRMWARE_COMPONENTS_MAX] = {0};
	bool swap[ROAD_FIRMWARE_COMPONENTS_MAX];
	struct road_device *device = boot->device;
	road_status status = take_images(boot, options, fresh);
	road_error why;

	if (status)
		return status;
	for (uint32_t i = 0; i < ROAD_FIRMWARE_COMPONENTS_MAX; i++)
		swap[i] = fresh[i].image;
	road_device_suspend(device);
	swap_images(boot, fresh, swap);
	status = boot_and_start(boot);
	if (status) {
		road_error_take(&why);
		swap_images(boot, fresh, swap);
		road_status back = boot_and_start(boot);

		if (back && !road_device_is_lost(device))
			back = boot_and_start(boot); /* as a reset does, too */
		if (back)
			road_device_abandon(device);
		(void)road_fail_again(&why);
	}
	road_boot_images_free(boot, fresh);
	if (!road_device_is_lost(device))
		atomic_store(&device->wedged, false); /* one of them runs */
	return status;
}

static road_status check_load(const road_firmware_load_options *options)
{
	const char *what = NULL;

	if (!options->images || !options->image_count)
		what = "road_device_firmware_load: options.images";
	else if (options->key_count && !options->keys)
		what = "road_device_firmware_load: options.keys";
	if (options->reserved)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "reserved field in use",
				     "road_device_firmware_load: options.reserved",
				     options->reserved, "0");
	for (uint32_t i = 0; i < options->image_count && !what; i++)
		if (!options->images[i].bytes)
			what = "road_device_firmware_load: options.images[].bytes";
	return what ? road_fail(ROAD_INVALID_ARGUMENT, "nothing is there", what, "NULL", "")
		    : ROAD_OK;
}

/* Only the caller's reference is there, and nobody else comes to have one: open_lock. */
static road_status check_alone(const struct road_device *device)
{
	const uint32_t refs = atomic_load(&device->object.refs);

	return refs == 1 ? ROAD_OK
			 : road_fail_u64(ROAD_BUSY, "the device is in use",
					 "road_device_firmware_load: device, references", refs,
					 "1: no space, queue, region, stream, second user");
}

road_status road_device_firmware_load(road_device *device,
				      const road_firmware_load_options *options)
{
	road_firmware_load_options own;
	static const char *const where = "road_device_firmware_load: device";
	road_status status = road_object_check(device, &road_device_class, where);

	if (!status && !device->foreign_firmware)
		status = check(device, where);
	if (!status)
		status = road_struct_in(&own, sizeof(own), options, 8,
					"road_device_firmware_load: options");
	if (!status)
		status = check_load(&own);
	if (!status) /* after the arguments: those are wrong whoever owns the firmware */
		status = road_boot_of_another(device, where);
	if (!status)
		status = road_device_is_lost(device)
				 ? road_fail(ROAD_DEVICE_LOST, "the device is gone",
					     "road_device_firmware_load: device", "", "")
				 : ROAD_OK;
	if (status)
		return status;
	road_boot_look(device, false); /* of a crash that nobody looked at: the dump */
	if (pthread_mutex_trylock(&device->boot->lock))
		return road_fail(ROAD_BUSY, "another load or reset is under way, or a look",
				 "road_device_firmware_load: device", device->address, "");
	pthread_mutex_lock(&device->instance->open_lock);
	status = check_alone(device);
	if (!status)
		status = load(device->boot, &own);
	pthread_mutex_unlock(&device->instance->open_lock);
	pthread_mutex_unlock(&device->boot->lock);
	if (!status)
		road_device_change(device, ROAD_CHANGE_RECOVERED, "other firmware runs");
	return status;
}
