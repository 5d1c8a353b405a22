/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The boot of a chip whose firmware the host brings: a state machine over the six functions of
 * <roadbed-driver/firmware.h>. Part of libroadbed-firmware; the rules of <roadbed/firmware.h> hold.
 * It never waits: whoever owns the device steps it and lets the device's time pass in between.
 */
#ifndef ROADBED_FIRMWARE_BOOT_H
#define ROADBED_FIRMWARE_BOOT_H

#include <roadbed/firmware.h>

#ifdef __cplusplus
extern "C" {
#endif

struct road_drv_device;
struct road_firmware_ops;

/* docs/firmware.md has the picture. Numbers are fixed. */
enum road_firmware_state {
	ROAD_FIRMWARE_STATE_OFF,
	ROAD_FIRMWARE_STATE_ROM,
	ROAD_FIRMWARE_STATE_WAIT_IMAGE,
	ROAD_FIRMWARE_STATE_LOADING,
	ROAD_FIRMWARE_STATE_AUTH,
	ROAD_FIRMWARE_STATE_STARTING,
	ROAD_FIRMWARE_STATE_HANDSHAKE,
	ROAD_FIRMWARE_STATE_READY,
	ROAD_FIRMWARE_STATE_DEGRADED, /* it works with less than all */
	ROAD_FIRMWARE_STATE_REJECTED, /* before firmware ran: an image or the chip was refused */
	ROAD_FIRMWARE_STATE_CRASHED,  /* after that */
	ROAD_FIRMWARE_STATES
};
/* "wait-image"; static storage. */
ROAD_API const char *road_firmware_state_text(uint32_t state);

typedef struct road_firmware_boot_options {
	uint32_t size;
	uint32_t reserved;
	/*
	 * The image of a component ("scheduler"), verified by the caller; it stays the caller's and
	 * lives until the boot is freed. Called in WAIT_IMAGE, once a component.
	 */
	road_firmware_error (*image)(void *arg, const char *component,
				     const road_firmware_image **out, road_firmware_detail *detail);
	/* Each change of state, with the component that it is about ("" if none). May be NULL. */
	void (*changed)(void *arg, uint32_t state, const char *component);
	void *arg;
	/* Stretches the deadlines of states, for chips slower than those here; 0: 1. */
	uint32_t patience;
	uint32_t reserved2;
} road_firmware_boot_options;

typedef struct road_firmware_boot road_firmware_boot;

/* Asks the chip what it is. BAD_DEVICE: its description contradicts itself. */
ROAD_API road_firmware_error road_firmware_boot_create(const struct road_firmware_ops *ops,
						       struct road_drv_device *dev,
						       const road_firmware_boot_options *options,
						       road_firmware_boot **out,
						       road_firmware_detail *detail);
ROAD_API void road_firmware_boot_free(road_firmware_boot *boot);

/*
 * Looks at the chip once and does what is next: one image offered, one chunk, one answer. now_ns
 * is the device's clock and never goes back. While the boot lasts, and in READY and DEGRADED, the
 * answer is OK; once it failed every further step answers the same error, with the detail of when
 * it was decided, and the chip is not touched any more:
 *	what the image callback answered                  REJECTED
 *	TIMEOUT: a state's deadline passed                REJECTED or CRASHED
 *	ROM_REJECTED: the code is in the detail           REJECTED
 *	BAD_DEVICE: a phase that cannot follow, a request  REJECTED or CRASHED
 *	  outside of the image, or more of them than any
 *	  reading needs, a hello that lies
 *	SELFTEST_FAILED, PROTOCOL_MISMATCH, HEARTBEAT_LOST  CRASHED
 *	RW_ERROR: the bus failed                          as it was
 */
ROAD_API road_firmware_error road_firmware_boot_step(road_firmware_boot *boot, uint64_t now_ns,
						     road_firmware_detail *detail);
/* Steps answer CANCELLED from now on, unless it failed before. */
ROAD_API void road_firmware_boot_cancel(road_firmware_boot *boot);

typedef struct road_firmware_boot_info {
	uint32_t size;
	uint32_t state;                             /* enum road_firmware_state */
	uint64_t state_since_ns, state_deadline_ns; /* the deadline is UINT64_MAX where none is */
	uint32_t component, component_count;        /* the one under way, or the last */
	uint32_t protocol;                          /* that was chosen; 0: none yet */
	uint32_t code;                 /* of REJECTED, DEGRADED, CRASHED: the chip's own */
	road_firmware_version version; /* as the firmware says, checked against the image */
	uint32_t counter, boot_errors;
	uint64_t features;
	uint64_t sent_bytes, request_count;
} road_firmware_boot_info;
ROAD_API road_firmware_error road_firmware_boot_info_get(const road_firmware_boot *boot,
							 road_firmware_boot_info *out);

#ifdef __cplusplus
}
#endif
#endif
