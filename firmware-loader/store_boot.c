/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What boots, what stays, what goes back.
 *
 *   pending TEST, PERMANENT   the other slot's turn, its first
 *   pending REVERT            the other slot's turn, again
 *   confirmed                 the active slot; nothing is written
 *   not confirmed             the active slot while it has tries left, then the other
 *
 * Whatever does not verify is passed over for the other slot.
 */
#include <roadbed/firmware_store.h>
#include <string.h>

#include "firmware-loader/detail.h"
#include "firmware-loader/store.h"

static uint32_t counter_of(const road_firmware_image *image)
{
	road_firmware_image_info info = {.size = sizeof(info)};

	road_firmware_image_info_get(image, &info);
	return info.has & ROAD_FIRMWARE_HAS_COUNTER ? info.counter : 0;
}

/* `meta` once its active slot, which holds `image`, is to stay. */
static void keep(struct road_fw_store_meta *meta, const road_firmware_image *image)
{
	const uint32_t counter = counter_of(image);

	meta->confirmed = 1;
	meta->tries = 0;
	meta->slots[meta->active].confirmed = 1;
	if (meta->counter < counter)
		meta->counter = counter;
}

/* The metadata with which this slot, which holds `image`, boots. */
static struct road_fw_store_meta booted(const road_firmware_store *store, uint32_t slot,
					const road_firmware_image *image)
{
	const struct road_fw_store_meta *now = &store->meta;
	struct road_fw_store_meta next = *now;
	const bool same = slot == now->active;

	next.active = slot;
	next.pending = ROAD_FW_STORE_PENDING_NONE;
	if (!same && now->pending == ROAD_FW_STORE_PENDING_PERMANENT) {
		keep(&next, image);
	} else if (same ? now->confirmed : now->slots[slot].confirmed) {
		next.confirmed = 1;
		next.tries = 0;
	} else {
		next.confirmed = 0;
		next.tries = same && now->tries < UINT32_MAX ? now->tries + 1 : 1;
	}
	return next;
}

/* Is it the other slot's turn? */
static bool other_first(const road_firmware_store *store)
{
	const struct road_fw_store_meta *now = &store->meta;

	if (now->pending != ROAD_FW_STORE_PENDING_NONE)
		return true;
	return !now->confirmed && now->tries >= store->tries_max;
}

/* The slot's image if it verifies and the metadata say that it boots, tries counted. */
static road_firmware_error boot_slot(road_firmware_store *store, uint32_t slot,
				     road_firmware_image **image, road_firmware_detail *detail)
{
	struct road_fw_store_meta next;
	road_firmware_image *read;
	road_firmware_error rc = store_slot_read(store, slot, &read, detail);

	if (rc)
		return rc;
	next = booted(store, slot, read);
	if (memcmp(&next, &store->meta, sizeof(next)))
		rc = store_meta_commit(store, &next, detail);
	if (rc)
		road_firmware_image_free(read);
	else
		*image = read;
	return rc;
}

static road_firmware_error boot_any(road_firmware_store *store, road_firmware_image **image,
				    road_firmware_detail *detail)
{
	const uint32_t active = store->meta.active, other = store_slot_other(store);
	const bool turn = other_first(store);
	const uint32_t order[2] = {turn ? other : active, turn ? active : other};
	road_firmware_error rc = ROAD_FIRMWARE_NOT_FOUND;

	for (unsigned i = 0; i < 2; i++) {
		if (order[i] == ROAD_FW_STORE_NONE)
			continue;
		rc = boot_slot(store, order[i], image, detail);
		if (!rc)
			return rc;
	}
	/* a medium that takes no more writes still boots what needs none */
	if (store->meta.confirmed && !store_slot_read(store, active, image, NULL))
		return ROAD_FIRMWARE_OK;
	if (rc == ROAD_FIRMWARE_RW_ERROR || rc == ROAD_FIRMWARE_WEAROUT ||
	    rc == ROAD_FIRMWARE_OUT_OF_MEMORY)
		return rc;
	return firmware_refuse(detail, ROAD_FIRMWARE_NOT_FOUND,
			       (struct finding){"no slot boots",
						order[1] == 1 ? "slot 1" : "slot 0",
						road_firmware_error_text(rc), "an image"});
}

road_firmware_error road_firmware_store_boot(road_firmware_store *store,
					     road_firmware_image **image,
					     road_firmware_detail *detail)
{
	road_firmware_error rc;

	if (!store || !image)
		return firmware_refuse(
			detail, ROAD_FIRMWARE_INVALID_ARGUMENT,
			(struct finding){"is NULL", store ? "image" : "store", "NULL", ""});
	if (store->meta.active == ROAD_FW_STORE_NONE &&
	    store->meta.pending == ROAD_FW_STORE_PENDING_NONE)
		return firmware_refuse(detail, ROAD_FIRMWARE_NOT_FOUND,
				       (struct finding){"no slot boots", "store",
							"nothing was loaded", "an image"});
	rc = boot_any(store, image, detail);
	/* what this leaves undone is tried at the next boot */
	if (!rc)
		store_meta_settle(store, NULL);
	return rc;
}

static road_firmware_error confirm_active(road_firmware_store *store, road_firmware_detail *detail)
{
	struct road_fw_store_meta next = store->meta;
	road_firmware_image *image;
	const road_firmware_error rc = store_slot_read(store, next.active, &image, detail);

	if (rc)
		return rc;
	keep(&next, image);
	road_firmware_image_free(image);
	if (next.pending == ROAD_FW_STORE_PENDING_REVERT)
		next.pending = ROAD_FW_STORE_PENDING_NONE;
	return store_meta_commit(store, &next, detail);
}

road_firmware_error road_firmware_store_confirm(road_firmware_store *store,
						road_firmware_detail *detail)
{
	road_firmware_error rc = ROAD_FIRMWARE_OK;

	if (!store)
		return firmware_refuse(detail, ROAD_FIRMWARE_INVALID_ARGUMENT,
				       (struct finding){"is NULL", "store", "NULL", ""});
	if (store->meta.active == ROAD_FW_STORE_NONE)
		return firmware_refuse(detail, ROAD_FIRMWARE_NOT_FOUND,
				       (struct finding){"nothing was booted", "store", "", ""});
	if (!store->meta.confirmed || store->meta.pending == ROAD_FW_STORE_PENDING_REVERT)
		rc = confirm_active(store, detail);
	return rc ? rc : store_meta_settle(store, detail);
}

/* Would the other slot boot? */
static road_firmware_error check_way_back(road_firmware_store *store, road_firmware_detail *detail)
{
	const uint32_t other = store_slot_other(store);
	road_firmware_error rc = ROAD_FIRMWARE_NOT_FOUND;

	if (store->meta.active == ROAD_FW_STORE_NONE)
		return firmware_refuse(detail, rc,
				       (struct finding){"nothing was booted", "store", "", ""});
	rc = store_slot_read(store, other, NULL, detail);
	if (!rc || rc == ROAD_FIRMWARE_ROLLBACK)
		return rc;
	return firmware_refuse(detail, ROAD_FIRMWARE_NOT_FOUND,
			       (struct finding){"the other slot holds nothing that boots",
						other ? "slot 1" : "slot 0",
						road_firmware_error_text(rc), ""});
}

road_firmware_error road_firmware_store_revert(road_firmware_store *store,
					       road_firmware_detail *detail)
{
	struct road_fw_store_meta next;

	if (!store)
		return firmware_refuse(detail, ROAD_FIRMWARE_INVALID_ARGUMENT,
				       (struct finding){"is NULL", "store", "NULL", ""});
	next = store->meta;
	if (next.pending == ROAD_FW_STORE_PENDING_REVERT)
		return ROAD_FIRMWARE_OK;
	if (next.pending != ROAD_FW_STORE_PENDING_NONE) {
		next.pending = ROAD_FW_STORE_PENDING_NONE; /* not booted yet: it never is */
	} else {
		const road_firmware_error rc = check_way_back(store, detail);

		if (rc)
			return rc;
		next.pending = ROAD_FW_STORE_PENDING_REVERT;
	}
	return store_meta_commit(store, &next, detail);
}
