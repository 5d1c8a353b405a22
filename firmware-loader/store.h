/* SPDX-License-Identifier: Apache-2.0 */
/* The store's parts: the two copies of its metadata, its slots, and what is decided by them. */
#ifndef FIRMWARE_LOADER_STORE_H
#define FIRMWARE_LOADER_STORE_H

#include <roadbed/firmware_store.h>
#include <stdbool.h>

#include "uapi/firmware/store.h"

struct road_firmware_store {
	road_firmware_medium medium;
	const road_firmware_keys *keys;
	road_firmware_policy policy;
	uint32_t tries_max;
	uint64_t slot_bytes;
	struct road_fw_store_meta meta; /* what holds */
	uint32_t newest;                /* the copy that it stands in … */
	bool written;                   /* … if it stands in one at all */
	bool other_whole;               /* the other copy would do, and says this */
	struct road_fw_store_meta other;
};

/* ---- metadata (store_meta.c) ---- */

/* Reads both copies. RW_ERROR, WRONG_ABI: nothing may be written. */
road_firmware_error store_meta_read(road_firmware_store *store, road_firmware_detail *detail);
/* Writes *next, with the next sequence, over the older copy; from then on it holds. */
road_firmware_error store_meta_commit(road_firmware_store *store,
				      const struct road_fw_store_meta *next,
				      road_firmware_detail *detail);
/*
 * Writes what holds a second time if the older copy is broken, has another counter, or would not
 * boot what is confirmed: else one bad byte in the newer copy would lower the counter or undo
 * the confirmation.
 */
road_firmware_error store_meta_settle(road_firmware_store *store, road_firmware_detail *detail);

/* ---- slots (store_slot.c) ---- */

/* Are these bytes an image that may boot from this store? *image is verified; NULL: not wanted. */
road_firmware_error store_check(const road_firmware_store *store, const void *bytes,
				size_t byte_count, road_firmware_image **image,
				road_firmware_detail *detail);
/* What the metadata say is in the slot, verified. NOT_FOUND: nothing is. */
road_firmware_error store_slot_read(const road_firmware_store *store, uint32_t slot,
				    road_firmware_image **image, road_firmware_detail *detail);
/* Writes, and proves that it is there; *record is what the metadata are to say. */
road_firmware_error store_slot_write(const road_firmware_store *store, uint32_t slot,
				     const void *bytes, size_t byte_count,
				     struct road_fw_store_slot *record,
				     road_firmware_detail *detail);
/* The one that is not active; 0 if none is. */
uint32_t store_slot_other(const road_firmware_store *store);

/* "the medium failed": RW_ERROR with what it answered. */
road_firmware_error store_medium_failed(road_firmware_detail *detail, const char *what,
					const char *where, road_status status);

#endif
