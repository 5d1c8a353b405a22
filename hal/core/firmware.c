/* SPDX-License-Identifier: Apache-2.0 */
/* Boots the chips that want firmware, and watches over what runs. */
#include "hal/core/firmware.h"

#include <roadbed-driver/boot_unit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- one boot ---- */

/* All are there before the chip is told of any. */
static road_firmware_error find_image(void *arg, const char *component,
				      const road_firmware_image **out, road_firmware_detail *detail)
{
	const struct road_boot *boot = arg;

	(void)detail;
	for (uint32_t i = 0; i < boot->chip.component_count; i++) {
		*out = boot->images[i].image;
		if (!strcmp(boot->chip.components[i].name, component))
			return ROAD_FIRMWARE_OK;
	}
	return ROAD_FIRMWARE_NOT_FOUND; /* the machine asks for what describe named */
}

static void changed(void *arg, uint32_t state, const char *component)
{
	const struct road_boot *boot = arg;
	char text[64];

	snprintf(text, sizeof(text), "%s%s%s", boot->calls->state_text(state),
		 component[0] ? " " : "", component);
	road_device_change(boot->device, ROAD_CHANGE_BOOT, text);
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
	road_firmware_error error = status ? 0 : road_boot_images_find(boot, &detail);

	boot->calls->boot_free(boot->machine);
	boot->machine = NULL;
	if (error)
		return road_boot_fail(boot, error, &detail);
	if (!status)
		status = ops->tell(drv, ROAD_FIRMWARE_TELL_RESTART, 0);
	if (status)
		return is_gone(boot->device) ? gone() : status;
	error = boot->calls->boot_create(ops, drv, &options, &boot->machine, &detail);

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
	atomic_fetch_add(&boot->boots, 1);
	boot->boot_ns = now_of(boot->device) - began;
	boot->dumped = false;
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

/* ---- firmware of another function ---- */

static road_status owned_elsewhere(const char *what, const char *where)
{
	return road_fail(ROAD_PERMISSION, what, where, "another function of the chip owns it",
			 "whoever holds the physical function boots it");
}

/* It runs, or comes to run soon. */
static road_status await_owner(struct road_device *device, const char *where)
{
	struct road_bus *bus = device->drv.bus;
	const uint64_t until = now_of(device) + ROAD_BOOT_OWNER_NS;
	struct road_firmware_look look = {.phase = ROAD_FIRMWARE_PHASE_OFF};

	for (;;) {
		road_status status = ops_of(device)->look(&device->drv, &look);

		if (status)
			return is_gone(device) ? gone() : status;
		if (look.phase == ROAD_FIRMWARE_PHASE_RUNNING ||
		    look.phase == ROAD_FIRMWARE_PHASE_DEGRADED)
			return ROAD_OK;
		if (look.phase == ROAD_FIRMWARE_PHASE_CRASHED)
			return owned_elsewhere("the chip's firmware crashed", where);
		if (now_of(device) >= until)
			return road_fail(ROAD_TIMEOUT, "the chip's firmware does not come to run",
					 where, "another function of the chip owns it",
					 "whoever holds the physical function boots it");
		bus->ops->relax(bus, until);
	}
}

road_status road_boot_of_another(const struct road_device *device, const char *where)
{
	return device->foreign_firmware
		       ? owned_elsewhere("the firmware is not this device's to boot", where)
		       : ROAD_OK;
}

road_status road_boot_open(struct road_device *device)
{
	struct road_firmware_chip chip = {0};

	device->foreign_firmware = false;

	if (!ops_of(device) || !device->drv.bus)
		return ROAD_OK;
	road_status status = ops_of(device)->describe(&device->drv, &chip);

	if (status == ROAD_NOT_FOUND)
		return ROAD_OK;
	if (status && is_gone(device))
		status = gone();
	if (!status && chip.foreign) {
		device->foreign_firmware = true;
		status = await_owner(device, "road_device_open");
		if (status)
			road_boot_close(device);
		return status;
	}
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

void road_boot_heard(struct road_device *device, uint64_t boots)
{
	struct road_boot *boot = device->boot;
	uint64_t seen = boot ? atomic_load(&boot->crashed_boot) : boots;

	while (seen < boots && !atomic_compare_exchange_weak(&boot->crashed_boot, &seen, boots))
		;
}

uint64_t road_boot_number(const struct road_device *device)
{
	return device->boot ? atomic_load(&device->boot->boots) : 0;
}

bool road_boot_crashed(const struct road_device *device)
{
	const struct road_boot *boot = device->boot;

	return boot && atomic_load(&boot->crashed_boot) == atomic_load(&boot->boots);
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

/* What was found under the lock, and is told without it. */
struct finding {
	bool found; /* a crash that nobody had looked at */
	bool heard; /* a queue told of it before */
	uint64_t boots;
	road_error why;
};

/* Under the lock. A chip that does not say that it crashed has left no dump: what is there is of an
 * earlier one. */
static void find_crash(struct road_boot *boot, bool patience, struct finding *out)
{
	const bool heard = road_boot_crashed(boot->device);

	out->boots = atomic_load(&boot->boots);
	out->heard = heard;
	out->found = !boot->dumped &&
		     (is_broken(boot, &out->why) || (patience && is_silent(boot, &out->why))) &&
		     !is_gone(boot->device);
	if (!out->found)
		return;
	road_boot_heard(boot->device, out->boots);
	boot->crashes++;
	boot->dumped = true;
	boot->dump_bytes = 0;
	if (road_boot_info(boot).code)
		keep_dump(boot);
}

/* And fails the work. One that stands still is found by whoever looks: no queue told of it. */
static void tell_crash(struct road_device *device, const struct finding *crash)
{
	struct road_fault fault = {.kind = ROAD_FAULT_FIRMWARE, .device_ns = now_of(device)};

	road_instance_message(device->instance, ROAD_MESSAGE_ERROR, device->address,
			      "%s; a reset boots it again", crash->why.what);
	snprintf(fault.text, sizeof(fault.text), "%s", crash->why.what);
	if (!crash->heard)
		road_device_fault_add(device, &fault);
	road_device_fail_queues(device, &crash->why, crash->boots);
}

void road_boot_look(struct road_device *device, bool patience)
{
	struct road_boot *boot = device->boot;
	struct finding crash;

	if (!boot || road_device_is_lost(device) || atomic_load(&boot->resets_wait) ||
	    pthread_mutex_trylock(&boot->lock))
		return;
	find_crash(boot, patience, &crash);
	pthread_mutex_unlock(&boot->lock);
	if (crash.found)
		tell_crash(device, &crash);
}

/* ---- resets ---- */

/* Under the lock; whatever the firmware is. A chip that does not come back is at fault, even if the
 * loader calls it unsupported. */
static road_status boot_again(struct road_boot *boot)
{
	road_status status = ROAD_OK;
	road_error why;

	for (int i = 0; i < ROAD_BOOT_TRIES; i++) {
		status = road_boot_run(boot);
		if (!status || is_gone(boot->device))
			return status;
	}
	road_error_take(&why);
	if (why.status == ROAD_UNSUPPORTED)
		why.status = ROAD_FAULT;
	return road_fail_again(&why);
}

/* Under the lock. */
static road_status reset(struct road_device *device)
{
	struct road_boot *boot = device->boot;
	const bool sound = boot->machine && !road_boot_crashed(device) && !boot->dumped &&
			   !atomic_load(&device->wedged);
	road_status status = sound ? ROAD_OK : boot_again(boot);
	road_error why;

	if (status)
		return status;
	status = device->ops.reset(&device->drv);
	if (status != ROAD_UNSUPPORTED || sound)
		return status;
	road_error_take(&why); /* the driver cannot work with what it worked with before */
	why.status = ROAD_FAULT;
	return road_fail_again(&why);
}

static void lock_for_reset(struct road_boot *boot)
{
	atomic_fetch_add(&boot->resets_wait, 1);
	pthread_mutex_lock(&boot->lock);
	atomic_fetch_sub(&boot->resets_wait, 1);
}

road_status road_boot_reset(struct road_device *device)
{
	struct road_boot *boot = device->boot;
	struct finding crash;

	if (!boot && device->foreign_firmware) {
		road_status status = await_owner(device, "road_device_reset");

		return status ? status : device->ops.reset(&device->drv);
	}
	if (!boot)
		return device->ops.reset(&device->drv);
	lock_for_reset(boot);
	find_crash(boot, true, &crash);
	if (crash.found) { /* queues let go of the chip while it still knows them */
		pthread_mutex_unlock(&boot->lock);
		tell_crash(device, &crash);
		lock_for_reset(boot);
	}
	road_status status = reset(device);

	pthread_mutex_unlock(&boot->lock);
	return status;
}
