/* SPDX-License-Identifier: Apache-2.0 */
/* Boots the chips that want firmware, and watches over what runs. */
#include "hal/core/firmware.h"

#include <roadbed-driver/boot_unit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- one boot ---- */

static road_firmware_error find_image(void *arg, const char *component,
				      const road_firmware_image **out, road_firmware_detail *detail)
{
	struct road_boot *boot = arg;

	for (uint32_t i = 0; i < boot->chip.component_count; i++)
		if (!strcmp(boot->chip.components[i].name, component))
			return road_boot_image_get(boot, i, out, detail);
	return ROAD_FIRMWARE_NOT_FOUND; /* the machine asks for what describe named */
}

static void changed(void *arg, uint32_t state, const char *component)
{
	const struct road_boot *boot = arg;
	char text[64];

	snprintf(text, sizeof(text), "%s%s%s", boot->calls->state_text(state),
		 component[0] ? " " : "", component);
	road_instance_change(boot->device->instance, ROAD_CHANGE_BOOT, boot->device->address, text);
}

static const struct road_firmware_ops *ops_of(const struct road_device *device)
{
	return device->drv.driver->firmware;
}

/* Before the core knows it, too: the bus does. */
static bool is_gone(const struct road_device *device)
{
	return road_device_is_lost(device) || device->drv.bus->ops->lost(device->drv.bus);
}

static road_status gone(void)
{
	return road_fail(ROAD_DEVICE_LOST, "the device is gone", "boot of its firmware", "", "");
}

static uint64_t now_of(const struct road_device *device)
{
	return device->drv.bus->ops->now_ns(device->drv.bus);
}

road_firmware_boot_info road_boot_info(const struct road_boot *boot)
{
	road_firmware_boot_info info = {.size = sizeof(info)};

	if (boot->machine)
		boot->calls->boot_info_get(boot->machine, &info);
	return info;
}

static bool runs(const road_firmware_boot_info *info)
{
	return info->state == ROAD_FIRMWARE_STATE_READY ||
	       info->state == ROAD_FIRMWARE_STATE_DEGRADED;
}

/* Did a step change anything that the host can know of? */
static bool moved(const road_firmware_boot_info *a, const road_firmware_boot_info *b)
{
	return a->state != b->state || a->component != b->component ||
	       a->sent_bytes != b->sent_bytes || a->request_count != b->request_count;
}

/* Steps until firmware runs. Time passes once two looks in a row found nothing to do: what the
 * first one wrote may be what the chip waited for. */
static road_status step_through(struct road_boot *boot)
{
	struct road_device *device = boot->device;
	road_firmware_boot_info seen = road_boot_info(boot), info = seen;
	uint32_t idle = 0;

	while (!runs(&info)) {
		road_firmware_detail detail = {.size = sizeof(detail)};
		road_firmware_error error =
			boot->calls->boot_step(boot->machine, now_of(device), &detail);

		if (error)
			return is_gone(device) ? gone() : road_boot_fail(boot, error, &detail);
		info = road_boot_info(boot);
		idle = moved(&seen, &info) ? 0 : idle + 1;
		seen = info;
		if (idle >= 2)
			device->drv.bus->ops->relax(device->drv.bus, info.state_deadline_ns);
	}
	return ROAD_OK;
}

/* A chip that was booted once, and now says that it is another, or none. */
static road_status describe_again(struct road_boot *boot)
{
	struct road_firmware_chip chip;
	road_status status = ops_of(boot->device)->describe(&boot->device->drv, &chip);

	if (status == ROAD_NOT_FOUND || status == ROAD_UNSUPPORTED)
		return road_fail(ROAD_FAULT, "the chip's boot ROM does not answer as before",
				 "boot of its firmware", "", "");
	return status;
}

static road_status begin(struct road_boot *boot)
{
	const road_firmware_boot_options options = {
		.size = sizeof(options), .image = find_image, .changed = changed, .arg = boot};
	road_firmware_detail detail = {.size = sizeof(detail)};
	struct road_drv_device *drv = &boot->device->drv;
	const struct road_firmware_ops *ops = ops_of(boot->device);

	road_status status = boot->boots ? describe_again(boot) : ROAD_OK;

	boot->calls->boot_free(boot->machine);
	boot->machine = NULL;
	if (!status)
		status = ops->tell(drv, ROAD_FIRMWARE_TELL_RESTART, 0);
	if (status)
		return is_gone(boot->device) ? gone() : status;
	road_firmware_error error =
		boot->calls->boot_create(ops, drv, &options, &boot->machine, &detail);

	if (!error)
		return ROAD_OK;
	return is_gone(boot->device) ? gone() : road_boot_fail(boot, error, &detail);
}

road_status road_boot_run(struct road_boot *boot)
{
	const uint64_t began = now_of(boot->device);
	road_error before;

	road_error_take(&before);
	road_fail_again(&(road_error){.status = ROAD_OK}); /* what is there later is of this boot */
	road_status status = begin(boot);

	if (!status)
		status = step_through(boot);
	if (status)
		return status;
	road_fail_again(&before);
	boot->boots++;
	boot->boot_ns = now_of(boot->device) - began;
	boot->dumped = false;
	atomic_store(&boot->crashed, false);
	return ROAD_OK;
}

/* ---- life ---- */

static road_status make(struct road_device *device, const struct road_firmware_chip *chip)
{
	struct road_boot *boot = calloc(1, sizeof(*boot));

	if (!boot)
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for a boot",
				 "road_device_open", "", "");
	boot->device = device;
	boot->chip = *chip;
	pthread_mutex_init(&boot->lock, NULL);
	road_status status =
		road_firmware_library_get(device->instance->library_folder, &boot->calls);

	if (status) {
		pthread_mutex_destroy(&boot->lock);
		free(boot);
		return status;
	}
	device->boot = boot;
	return ROAD_OK;
}

road_status road_boot_open(struct road_device *device)
{
	struct road_firmware_chip chip = {0};

	if (!ops_of(device) || !device->drv.bus)
		return ROAD_OK;
	road_status status = ops_of(device)->describe(&device->drv, &chip);

	if (status == ROAD_NOT_FOUND)
		return ROAD_OK;
	if (status && is_gone(device))
		status = gone();
	if (!status)
		status = make(device, &chip);
	if (!status)
		status = road_boot_run(device->boot);
	if (status)
		road_boot_close(device);
	return status;
}

void road_boot_close(struct road_device *device)
{
	struct road_boot *boot = device->boot;

	road_boot_unit_close(&device->drv);
	if (!boot)
		return;
	device->boot = NULL;
	boot->calls->boot_free(boot->machine);
	road_boot_images_free(boot, boot->images);
	free(boot->dump);
	pthread_mutex_destroy(&boot->lock);
	free(boot);
}

/* ---- crashes ---- */

/* Under the lock. A dump that cannot be read is none: the crash counts, not the dump. */
static void keep_dump(struct road_boot *boot)
{
	const struct road_firmware_ops *ops = ops_of(boot->device);
	uint64_t used = 0, room = 4096;
	uint8_t *bytes = ops->dump ? malloc(room) : NULL;
	uint32_t got = 1;

	boot->dumped = true;
	while (bytes && got && used < ROAD_DUMP_MAX) {
		if (ops->dump(&boot->device->drv, used, bytes + used, (uint32_t)(room - used),
			      &got) ||
		    got > room - used)
			break;
		used += got;
		uint8_t *more = used == room ? realloc(bytes, room * 2) : bytes;

		room *= used == room ? 2 : 1;
		if (!more)
			break;
		bytes = more;
	}
	free(boot->dump);
	boot->dump = bytes;
	boot->dump_bytes = used;
}

/* Under the lock; what follows from it is done without. */
static void note_crash(struct road_boot *boot, const road_error *why)
{
	if (boot->dumped)
		return;
	atomic_store(&boot->crashed, true);
	boot->crashes++;
	keep_dump(boot);
	road_instance_message(boot->device->instance, ROAD_MESSAGE_ERROR, boot->device->address,
			      "%s; a reset boots it again", why->what);
}

void road_boot_heard(struct road_device *device)
{
	if (device->boot)
		atomic_store(&device->boot->crashed, true);
}

/* Under the lock: one step; true: it is not sound. */
static bool is_broken(struct road_boot *boot, road_error *why)
{
	road_firmware_detail detail = {.size = sizeof(detail)};
	char what[160];

	if (!boot->machine)
		return false;
	road_firmware_error error =
		boot->calls->boot_step(boot->machine, now_of(boot->device), &detail);

	if (!error)
		return false;
	snprintf(what, sizeof(what), "%s (%s)", detail.what, boot->calls->error_name(error));
	road_error_set(why, ROAD_FAULT, what, detail.where, detail.seen, detail.allowed);
	return true;
}

/* Under the lock: a heartbeat that is due is waited for. */
static bool is_silent(struct road_boot *boot, road_error *why)
{
	struct road_bus *bus = boot->device->drv.bus;
	const uint64_t until = now_of(boot->device) + boot->chip.heartbeat_ns;

	if (!boot->chip.heartbeat_ns)
		return false;
	while (now_of(boot->device) < until)
		bus->ops->relax(bus, until);
	return is_broken(boot, why);
}

/* What no queue told of: one that stands still is found by whoever looks. */
static void tell_fault(struct road_device *device, const road_error *why)
{
	struct road_fault fault = {.kind = ROAD_FAULT_FIRMWARE, .device_ns = now_of(device)};

	snprintf(fault.text, sizeof(fault.text), "%s", why->what);
	road_device_fault_add(device, &fault);
}

void road_boot_look(struct road_device *device, bool patience)
{
	struct road_boot *boot = device->boot;
	road_error why;
	bool broken, heard;

	if (!boot || road_device_is_lost(device) || pthread_mutex_trylock(&boot->lock))
		return;
	broken = !boot->dumped && (is_broken(boot, &why) || (patience && is_silent(boot, &why)));
	broken &= !is_gone(device); /* that is what is wrong, then */
	heard = atomic_load(&boot->crashed);
	if (broken)
		note_crash(boot, &why);
	pthread_mutex_unlock(&boot->lock);
	if (!broken)
		return;
	if (!heard)
		tell_fault(device, &why);
	road_device_fail_queues(device, &why);
}

/* ---- resets ---- */

/* Under the lock. */
static bool is_sound(struct road_boot *boot)
{
	road_error unused;

	return boot->machine && !atomic_load(&boot->crashed) && !is_broken(boot, &unused) &&
	       !is_silent(boot, &unused);
}

/* Under the lock. */
static road_status again(struct road_device *device, bool anyway)
{
	struct road_boot *boot = device->boot;
	road_status status = ROAD_OK;

	if (!anyway && is_sound(boot))
		return ROAD_OK;
	for (int i = 0; i < ROAD_BOOT_TRIES; i++) {
		status = road_boot_run(boot);
		if (!status || is_gone(device))
			break;
	}
	return status;
}

road_status road_boot_reset(struct road_device *device)
{
	struct road_boot *boot = device->boot;

	if (!boot)
		return device->ops.reset(&device->drv);
	road_boot_look(device, false); /* of a crash that nobody looked at: the dump */
	pthread_mutex_lock(&boot->lock);
	road_status status = again(device, atomic_load(&device->wedged));

	if (!status)
		status = device->ops.reset(&device->drv);
	pthread_mutex_unlock(&boot->lock);
	return status;
}
