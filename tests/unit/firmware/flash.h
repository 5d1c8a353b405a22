/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store's medium in memory, whose power goes at a write, in its middle, and whose bits wear;
 * and small signed images to put there. Keys are made when the tests run.
 */
#ifndef TESTS_UNIT_FIRMWARE_FLASH_H
#define TESTS_UNIT_FIRMWARE_FLASH_H

#include <roadbed/firmware_store.h>
#include <stdbool.h>

#include "tests/support/tap.h"

enum {
	FLASH_SLOT = 512,
	FLASH_BYTES = ROAD_FIRMWARE_STORE_HEAD_BYTES + 2 * FLASH_SLOT,
	FLASH_COPY = ROAD_FIRMWARE_STORE_HEAD_BYTES / 2, /* from one copy of the metadata on */
	FLASH_META = 256
};

struct flash {
	uint8_t kept[FLASH_BYTES]; /* what is there when power comes back */
	uint8_t seen[FLASH_BYTES]; /* what reads answer: with what was not flushed yet */
	unsigned calls;            /* of write and flush */
	unsigned cut;              /* power goes at this call; ~0u: never */
	size_t torn;               /* of a write: so many of its bytes are still kept */
	bool garbage;              /* and the byte behind them is neither old nor new */
	bool lose;                 /* what was not flushed is not kept */
	bool off, read_only;
	size_t call_bytes; /* of the write at which power went */
	size_t worn;       /* this byte … */
	uint8_t worn_bits; /* … keeps these bits no more */
};

void flash_empty(struct flash *flash);
void flash_power_on(struct flash *flash);
road_firmware_medium flash_medium(struct flash *flash);

/* Images by number, 1 …: version N.0.0, the counter given. Made once. */
enum { IMAGES = 6 };
extern const uint32_t image_counters[IMAGES + 1];
const road_firmware_keys *image_keys(void);
const road_firmware_image *image_of(unsigned number);
/* The number of an image that was booted; complains if it is not verified, or not whole. */
unsigned image_number(const road_firmware_image *image);

/* Opens with the images' key and `tries`, or NULL with the error in *rc. */
road_firmware_store *flash_open(struct flash *flash, uint32_t tries, road_firmware_error *rc);
/* Boots once after power on: the image's number; 0: none; complains if it cannot be opened. */
unsigned flash_boot(struct flash *flash, uint32_t tries);
road_firmware_store_state flash_state(struct flash *flash);

enum step { LOAD_TEST, LOAD_PERMANENT, BOOT, CONFIRM, REVERT };
struct act {
	enum step step;
	unsigned image; /* of a load; of a boot: what boots */
};
/* By a store opened for this alone. */
road_firmware_error flash_act(struct flash *flash, const struct act *act);
/* All of them, each has to succeed; those that boot, with the right image. */
void flash_story(struct flash *flash, const struct act *acts, unsigned count);

#endif
