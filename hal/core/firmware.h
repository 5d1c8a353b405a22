/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Devices whose chip boots firmware: what the core keeps of it, and when it boots.
 *
 *	road_device_open      boot_open  ─▶ describe, boot, and only then the driver's start
 *	fault FIRMWARE, looks boot_crash ─▶ queues fail, the dump is kept, work is refused
 *	road_device_reset     boot_reset ─▶ only if the firmware is not sound: boot, then the
 *	                                    driver's reset
 *	…_firmware_load       the driver stops, other images boot, it starts anew
 *
 * `lock` is held over a whole boot and over each look, driver code included; it is taken before any
 * other of the core, and by nobody who holds one.
 */
#ifndef HAL_CORE_FIRMWARE_H
#define HAL_CORE_FIRMWARE_H

#include <roadbed/device_firmware.h>

#include "hal/bus/firmware_library.h"
#include "hal/core/core.h"

/* Boots in a row that a reset tries before the device counts as wedged. */
enum { ROAD_BOOT_TRIES = 2, ROAD_DUMP_MAX = 1 << 20 };
/* How long firmware of another function may take until it runs, on the bus's clock. */
#define ROAD_BOOT_OWNER_NS UINT64_C(1000000000)

struct road_boot_image {
	road_firmware_image *image; /* verified; NULL: not looked for yet */
	char source[256];
};

struct road_boot {
	struct road_device *device;
	const struct road_firmware_library *calls;
	pthread_mutex_t lock;
	_Atomic uint32_t resets_wait; /* for the lock: who only looks leaves it to them */
	struct road_firmware_chip chip;
	struct road_boot_image images[ROAD_FIRMWARE_COMPONENTS_MAX];
	road_firmware_boot *machine; /* of the last boot; NULL: none began */
	_Atomic uint64_t boots; /* so many were fine; what failed before is of an earlier one */
	uint64_t crashes, boot_ns;
	uint8_t *dump;
	uint64_t dump_bytes;
	_Atomic uint64_t crashed_boot; /* number of the last boot that is known to have crashed */
	bool dumped;                   /* somebody looked at the crash of this boot */
};

/* Describes the chip and boots it; ROAD_OK with device->boot NULL: it wants no firmware, or runs
 * one that another function boots (device->foreign_firmware). */
road_status road_boot_open(struct road_device *device);
void road_boot_close(struct road_device *device);
/* PERMISSION, if another function of the chip boots its firmware. */
road_status road_boot_of_another(const struct road_device *device, const char *where);
/* Boots again if the firmware is not sound, then resets the driver. Of any device; no lock held. */
road_status road_boot_reset(struct road_device *device);
/* A queue whose work is of boot number `boots` said that the firmware crashed. Any thread,
 * whichever lock of the core. */
void road_boot_heard(struct road_device *device, uint64_t boots);
/* The number of the boot that is now; 0: the device boots nothing. */
uint64_t road_boot_number(const struct road_device *device);
/* Did what was booted last crash? */
bool road_boot_crashed(const struct road_device *device);
/* Looks at the chip once; with `patience` until its heartbeat moved or must have. Notices crashes:
 * then the queues fail. Does nothing if a boot is under way. No lock held. */
void road_boot_look(struct road_device *device, bool patience);

/* Under the lock: boots with the images that are there, and finds those that are not. */
road_status road_boot_run(struct road_boot *boot);
/* Under the lock: what the machine says now; zeroes without one. */
road_firmware_boot_info road_boot_info(const struct road_boot *boot);

/* ---- firmware_images.c ---- */
/* All images that are not there yet: the simulator's, or what the search finds; verified, and each
 * has what it depends on. */
road_firmware_error road_boot_images_find(struct road_boot *boot, road_firmware_detail *detail);
/* Does each of these, one a component, have what it depends on? */
road_firmware_error road_boot_images_fit(const struct road_boot *boot,
					 const struct road_boot_image *images,
					 road_firmware_detail *detail);
/* A copy of the caller's bytes, verified with these keys (none: the simulator's and the
 * machine's), and not older than what runs. */
road_firmware_error road_boot_image_take(struct road_boot *boot, uint32_t index, const void *bytes,
					 size_t count, const road_firmware_load_options *options,
					 struct road_boot_image *out, road_firmware_detail *detail);
void road_boot_images_free(const struct road_boot *boot, struct road_boot_image *images);
/* Records what the loader found as the thread's error. */
road_status road_boot_fail(const struct road_boot *boot, road_firmware_error error,
			   const road_firmware_detail *detail);

/* ---- device.c ---- */
/* Stops the driver and takes the device out of progress, and back, if the driver starts: then
 * device->info is new. */
void road_device_suspend(struct road_device *device);
road_status road_device_resume(struct road_device *device);
/* A suspended one that cannot be resumed: it counts as lost. */
void road_device_abandon(struct road_device *device);

/* ---- firmware_property.c ---- */
/* Properties firmware.*, by position; ROAD_NOT_FOUND ends, without a detail. */
uint32_t road_boot_properties(const struct road_device *device); /* how many */
road_status road_boot_property(struct road_device *device, uint32_t index, road_property *out);

#endif
