/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The firmware of an open device: what runs, another one instead, what a crash left.
 *
 * A chip that wants firmware gets it when it is opened, before it takes any work: a simulated chip
 * from its simulator, any other from the folders of firmware, verified with the keys of this
 * machine (docs/firmware.md). Each state of a boot is a change (ROAD_CHANGE_BOOT).
 */
#ifndef ROADBED_DEVICE_FIRMWARE_H
#define ROADBED_DEVICE_FIRMWARE_H

#include <roadbed/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct road_device_firmware {
	uint32_t size;
	uint32_t state; /* enum road_firmware_state of <roadbed/firmware_boot.h> */
	char text[24];  /* the same as text: "ready", "crashed" */
	uint32_t pull;  /* 1: the chip pulls its images; 0: the host pushes them */
	uint32_t code;  /* that the chip gave with its state; 0: none */
	uint32_t protocol, protocol_min, protocol_max; /* chosen; the firmware's range */
	uint32_t counter, boot_errors;
	uint32_t components;
	char version[32]; /* "1.2.3+4", as the firmware says of itself */
	uint64_t features;
	uint64_t heartbeat_ns;   /* it moves at least that often; 0: the chip has none */
	uint64_t boot_ns;        /* that the last boot took, on the device's clock */
	uint64_t boots, crashes; /* since the device was opened */
	uint64_t dump_bytes;     /* that the last crash left */
} road_device_firmware;
/*
 * Looks at the chip: a crash or a heartbeat that stands still is noticed here, too.
 * ROAD_UNSUPPORTED: the device boots no firmware, or is a function of a chip whose firmware another
 * function boots. ROAD_DEVICE_LOST.
 */
ROAD_API road_status road_device_firmware_get(road_device *device, road_device_firmware *out);

typedef struct road_device_component {
	uint32_t size;
	uint32_t units;   /* of the chip that run the same image */
	char name[32];    /* "scheduler" */
	char version[32]; /* of the image that it got */
	uint32_t counter;
	uint32_t reserved;
	uint64_t bytes;   /* of the container */
	char source[256]; /* a file's path, "development image of the simulator", "the caller" */
} road_device_component;
/* index from 0; ROAD_NOT_FOUND ends the list. */
ROAD_API road_status road_device_component_get(road_device *device, uint32_t index,
					       road_device_component *out);

typedef struct road_firmware_source {
	const char *component; /* NULL: the only one that the chip has */
	const void *bytes;     /* a signed container; the caller's, copied */
	size_t byte_count;
} road_firmware_source;
typedef struct road_firmware_load_options {
	uint32_t size;
	uint32_t key_count;
	/* Public keys (Ed25519, 32 bytes each) that may have signed the images, as far as this
	 * machine's keys do not bind or revoke them; none: the simulator's own and those of this
	 * machine. */
	const uint8_t (*keys)[32];
	const road_firmware_source *images; /* a component that is not named keeps its image */
	uint32_t image_count;
	uint32_t reserved;
} road_firmware_load_options;
/*
 * Stops the device, boots these images and starts it anew: its memory is lost, what it can do may
 * be another. The caller's is the only reference, and nothing of the device is open (ROAD_BUSY);
 * nobody else may call anything for it meanwhile. All are verified before anything happens, each
 * has what it depends on among those that will run, and none has a lower security counter than what
 * runs: ROAD_ROLLBACK_REFUSED, ROAD_IMAGE_INCOMPATIBLE, ROAD_SIGNATURE, ROAD_IMAGE_INVALID,
 * ROAD_NOT_FOUND and others, with the finding, and the device is as it was. When the chip refuses
 * them, what ran before is booted again, and the answer says why. ROAD_BUSY: another load or reset
 * is under way. ROAD_PERMISSION: another function of the chip boots it. ROAD_UNSUPPORTED.
 */
ROAD_API road_status road_device_firmware_load(road_device *device,
					       const road_firmware_load_options *options);

/* Bytes of what the last crash left, from `offset`; *got (may be less): how many. ROAD_NOT_FOUND:
 * nothing crashed since the device was opened, or nothing was left. */
ROAD_API road_status road_device_firmware_dump(road_device *device, uint64_t offset, void *bytes,
					       size_t byte_count, size_t *got);

#ifdef __cplusplus
}
#endif
#endif
