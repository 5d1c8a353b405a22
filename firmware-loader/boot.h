/* SPDX-License-Identifier: Apache-2.0 */
/* The boot of a chip: what its parts share. */
#ifndef FIRMWARE_LOADER_BOOT_H
#define FIRMWARE_LOADER_BOOT_H

#include <stdbool.h>

#include <roadbed-driver/firmware.h>
#include <roadbed/firmware_boot.h>

/* A slower heartbeat says nothing in time. */
#define BOOT_HEARTBEAT_MAX_NS UINT64_C(1000000000)

struct road_firmware_boot {
	const struct road_firmware_ops *ops;
	struct road_drv_device *dev;
	road_firmware_boot_options options;
	struct road_firmware_chip chip;

	uint32_t state;
	uint64_t since_ns, deadline_ns;
	bool started; /* it was stepped: since_ns is a time */
	bool cancelled;
	road_firmware_detail failed; /* error OK: it did not */
	uint32_t code;

	/* The component under way: the container as the chip gets it. */
	uint32_t component; /* index; component_count: none was wanted yet */
	const uint8_t *bytes;
	size_t byte_count, sent; /* pull: to where it asked for bytes */
	bool complete;           /* push: told; pull: its last byte was asked for */
	uint64_t request;        /* the number that was answered last */
	uint64_t requests;       /* of this component */
	uint64_t requests_all;   /* of all */
	uint64_t sent_all;
	road_firmware_version version; /* of its image */
	uint32_t counter;

	struct road_firmware_hello hello;
	bool chosen; /* a protocol */
	uint32_t protocol;
	uint64_t heartbeat, heartbeat_ns;
};

/* Fails the boot: records the detail, unless one is there, and goes to REJECTED or CRASHED. */
road_firmware_error boot_fail(struct road_firmware_boot *boot, road_firmware_error error,
			      const char *what, const char *seen, const char *allowed);
road_firmware_error boot_fail_number(struct road_firmware_boot *boot, road_firmware_error error,
				     const char *what, uint64_t seen, const char *rule,
				     uint64_t allowed);
/* RW_ERROR unless the status is ROAD_OK. */
road_firmware_error boot_bus(struct road_firmware_boot *boot, road_status status, const char *what);

/* What a state does when it is entered, and at each look while it lasts. */
typedef road_firmware_error boot_action(struct road_firmware_boot *boot,
					const struct road_firmware_look *look, uint64_t now_ns);

/* ---- boot_load.c ---- */
boot_action boot_wait_enter, boot_wait_stay, boot_load_enter, boot_load_stay, boot_loaded,
	boot_all_loaded;

/* ---- boot_hello.c ---- */
road_firmware_error boot_check_chip(struct road_firmware_boot *boot);
boot_action boot_hello_enter, boot_run_enter, boot_run_stay;

#endif
