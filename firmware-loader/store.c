/* SPDX-License-Identifier: Apache-2.0 */
/* Two slots: opened, looked at, loaded. What boots is decided in store_boot.c. */
#include <roadbed/firmware_store.h>
#include <stdlib.h>
#include <string.h>

#include "firmware-loader/bytes.h"
#include "firmware-loader/detail.h"
#include "firmware-loader/keys.h"
#include "firmware-loader/store.h"

enum { SLOT_ALIGN = 4096 };

static road_firmware_error refuse_null(road_firmware_detail *detail, const char *name)
{
	return firmware_refuse(detail, ROAD_FIRMWARE_INVALID_ARGUMENT,
			       (struct finding){"is NULL", name, "NULL", ""});
}

/* The options and the medium, as this version knows them. */
static road_firmware_error take_arguments(road_firmware_store *store,
					  const road_firmware_medium *medium,
					  const road_firmware_store_options *options,
					  road_firmware_detail *detail)
{
	road_firmware_store_options known;
	road_firmware_error rc =
		bytes_struct_in(&store->medium, sizeof(store->medium), medium, "medium", detail);

	if (!rc)
		rc = bytes_struct_in(&known, sizeof(known), options, "options", detail);
	if (rc)
		return rc;
	if (!store->medium.read || !store->medium.write || !store->medium.flush)
		return refuse_null(detail, "a function of the medium");
	if (!known.keys)
		return refuse_null(detail, "options, keys");
	if (known.policy)
		rc = bytes_struct_in(&store->policy, sizeof(store->policy), known.policy, "policy",
				     detail);
	store->policy.size = sizeof(store->policy);
	store->keys = known.keys;
	store->tries_max = known.tries_max ? known.tries_max : 1;
	store->slot_bytes = known.slot_bytes;
	return rc ? rc : keys_ready(detail);
}

/* As large as the metadata say; or, without any, as the options say, or as there is room. */
static road_firmware_error settle_slots(road_firmware_store *store, road_firmware_detail *detail)
{
	const uint64_t bytes = store->medium.bytes, head = ROAD_FIRMWARE_STORE_HEAD_BYTES;
	const uint64_t room = bytes > head ? (bytes - head) / 2 : 0;
	const uint64_t written = store->written ? store->meta.slot_bytes : 0;

	if (written && store->slot_bytes && store->slot_bytes != written)
		return firmware_refuse_number(detail, ROAD_FIRMWARE_INVALID_ARGUMENT,
					      "the store's slots are of another size",
					      "options, slot_bytes", store->slot_bytes,
					      "bytes, or 0:", written);
	if (written)
		store->slot_bytes = written;
	else if (!store->slot_bytes)
		store->slot_bytes = room / SLOT_ALIGN * SLOT_ALIGN;
	if (!store->slot_bytes || store->slot_bytes > room)
		return firmware_refuse_number(
			detail, written ? ROAD_FIRMWARE_RW_ERROR : ROAD_FIRMWARE_INVALID_ARGUMENT,
			"the medium has no room for two slots", "bytes of a slot",
			store->slot_bytes ? store->slot_bytes : SLOT_ALIGN, "at most", room);
	return ROAD_FIRMWARE_OK;
}

road_firmware_error road_firmware_store_open(const road_firmware_medium *medium,
					     const road_firmware_store_options *options,
					     road_firmware_store **out,
					     road_firmware_detail *detail)
{
	road_firmware_store *store;
	road_firmware_error rc;

	if (!out)
		return refuse_null(detail, "out");
	store = calloc(1, sizeof(*store));
	if (!store)
		return firmware_refuse(detail, ROAD_FIRMWARE_OUT_OF_MEMORY,
				       (struct finding){"out of memory", "store", "", ""});
	rc = take_arguments(store, medium, options, detail);
	if (!rc && store->medium.bytes < ROAD_FIRMWARE_STORE_HEAD_BYTES)
		rc = firmware_refuse_number(detail, ROAD_FIRMWARE_INVALID_ARGUMENT,
					    "the medium is too small", "bytes", store->medium.bytes,
					    "more than", ROAD_FIRMWARE_STORE_HEAD_BYTES);
	if (!rc)
		rc = store_meta_read(store, detail);
	if (!rc)
		rc = settle_slots(store, detail);
	if (rc)
		free(store);
	else
		*out = store;
	return rc;
}

void road_firmware_store_close(road_firmware_store *store)
{
	free(store);
}

static void fill_slot(road_firmware_store *store, uint32_t slot, road_firmware_store_state *out)
{
	road_firmware_image_info info = {.size = sizeof(info)};
	road_firmware_image *image;
	const road_firmware_error rc = store_slot_read(store, slot, &image, NULL);

	out->slots[slot].error = rc;
	if (rc)
		return;
	road_firmware_image_info_get(image, &info);
	out->slots[slot].valid = 1;
	out->slots[slot].counter = info.has & ROAD_FIRMWARE_HAS_COUNTER ? info.counter : 0;
	out->slots[slot].version = info.version;
	memcpy(out->slots[slot].digest, info.digest, sizeof(info.digest));
	road_firmware_image_free(image);
}

road_firmware_error road_firmware_store_state_get(road_firmware_store *store,
						  road_firmware_store_state *out,
						  road_firmware_detail *detail)
{
	const struct road_fw_store_meta *meta;
	road_firmware_store_state state = {.size = sizeof(state)};

	if (!store || !out)
		return refuse_null(detail, store ? "out" : "store");
	meta = &store->meta;
	state.active = meta->active;
	state.pending = meta->pending;
	state.tries = meta->tries;
	state.confirmed = meta->confirmed;
	state.counter = meta->counter;
	state.sequence = meta->sequence;
	for (uint32_t i = 0; i < 2; i++)
		fill_slot(store, i, &state);
	if (!bytes_struct_out(out, &state, sizeof(state)))
		return firmware_refuse(detail, ROAD_FIRMWARE_INVALID_ARGUMENT,
				       (struct finding){"has no size", "out", "", ""});
	return ROAD_FIRMWARE_OK;
}

/* Nothing is written over what may still have to boot. */
static road_firmware_error check_free(road_firmware_store *store, road_firmware_detail *detail)
{
	static const char *const why[] = {
		[ROAD_FW_STORE_PENDING_NONE] = "the test image is neither confirmed nor reverted",
		[ROAD_FW_STORE_PENDING_TEST] = "an image waits for its first boot",
		[ROAD_FW_STORE_PENDING_PERMANENT] = "an image waits for its first boot",
		[ROAD_FW_STORE_PENDING_REVERT] = "a revert waits for the next boot",
	};
	const struct road_fw_store_meta *meta = &store->meta;

	if (meta->pending == ROAD_FW_STORE_PENDING_NONE &&
	    (meta->confirmed || meta->active == ROAD_FW_STORE_NONE))
		return ROAD_FIRMWARE_OK;
	if (store_slot_read(store, store_slot_other(store), NULL, NULL))
		return ROAD_FIRMWARE_OK; /* it does not boot anyway: nothing is lost */
	return firmware_refuse(
		detail, ROAD_FIRMWARE_BUSY,
		(struct finding){why[meta->pending], "store", "", "confirm or revert first"});
}

static road_firmware_error check_load(road_firmware_store *store, const void *bytes,
				      size_t byte_count, uint32_t pending,
				      road_firmware_detail *detail)
{
	road_firmware_error rc;

	if (pending != ROAD_FIRMWARE_PENDING_TEST && pending != ROAD_FIRMWARE_PENDING_PERMANENT)
		return firmware_refuse_number(detail, ROAD_FIRMWARE_INVALID_ARGUMENT,
					      "neither TEST nor PERMANENT", "pending", pending,
					      "1 or", ROAD_FIRMWARE_PENDING_PERMANENT);
	if (byte_count > store->slot_bytes)
		return firmware_refuse_number(detail, ROAD_FIRMWARE_TOO_BIG,
					      "the image does not fit a slot", "image", byte_count,
					      "at most # bytes", store->slot_bytes);
	/* before a byte is written: by the keys and the counter of the store, too */
	rc = store_check(store, bytes, byte_count, NULL, detail);
	return rc ? rc : check_free(store, detail);
}

road_firmware_error road_firmware_store_load(road_firmware_store *store,
					     const road_firmware_image *image, uint32_t pending,
					     road_firmware_detail *detail)
{
	struct road_fw_store_meta next;
	road_firmware_error rc;
	const void *bytes;
	size_t byte_count;
	uint32_t slot;

	if (!store || !image)
		return refuse_null(detail, store ? "image" : "store");
	rc = road_firmware_image_bytes(image, &bytes, &byte_count, detail);
	if (!rc)
		rc = check_load(store, bytes, byte_count, pending, detail);
	if (rc)
		return rc;
	slot = store_slot_other(store);
	next = store->meta;
	next.pending = pending;
	rc = store_slot_write(store, slot, bytes, byte_count, &next.slots[slot], detail);
	return rc ? rc : store_meta_commit(store, &next, detail);
}
