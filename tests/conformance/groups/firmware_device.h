/* SPDX-License-Identifier: Apache-2.0 */
/* Devices that boot firmware, as the cases about it see them. */
#ifndef TESTS_CONFORMANCE_GROUPS_FIRMWARE_DEVICE_H
#define TESTS_CONFORMANCE_GROUPS_FIRMWARE_DEVICE_H

#include <roadbed/firmware_boot.h>

#include "tests/conformance/case.h"

road_device_firmware firmware_of(road_device *device);
/* Copies, fills and kernels on a new queue of the device; a hash of all that came back. */
uint64_t firmware_work(struct fixture *f, road_device *device);

/* An image of each component, as the port brings them, and their key. */
struct firmware_images {
	road_firmware_load_options options;
	road_firmware_source sources[8];
	road_device_component components[8];
	uint8_t key[1][32];
	char rom_key[80]; /* "rom_key=…": the option of a simulated chip that trusts it */
};
#define FIRMWARE_IMAGES_VERSION "7.7.7+7"
struct firmware_images *firmware_images(struct fixture *f);
/* Loads when nobody has the device any more: what the library is just done with goes a moment
 * later. */
road_status firmware_load(road_device *device, const road_firmware_load_options *options);

/* What a watch of BOOT, FAULT and RECOVERED saw since it was read last. */
struct firmware_seen {
	uint32_t boots; /* changes of kind BOOT */
	uint32_t faults, recovered;
	char last[128];   /* text of the last BOOT */
	bool ready_first; /* RECOVERED came after a boot that became ready */
};
road_watch *firmware_watch(road_instance *instance);
struct firmware_seen firmware_seen(road_watch *watch);
/* The text of a BOOT begins with this state's name. */
bool firmware_says(const char *text, uint32_t state);

/*
 * Opens the fixture's device with boot=FAULT: that fails with this status, `part` in its detail,
 * as a boot that ends in this state (enum road_firmware_state). Nothing is half open after it: the
 * same instance opens the honest chip, and it works.
 */
void firmware_open_fails(struct fixture *f, const char *fault, road_status wanted, uint32_t state,
			 const char *part);

#endif
