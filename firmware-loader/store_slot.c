/* SPDX-License-Identifier: Apache-2.0 */
/* A slot of the store: nothing in it is believed, whatever the metadata say. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "firmware-loader/detail.h"
#include "firmware-loader/store.h"

static const char *slot_name(uint32_t slot)
{
	return slot ? "slot 1" : "slot 0";
}

static uint64_t slot_offset(const road_firmware_store *store, uint32_t slot)
{
	return ROAD_FIRMWARE_STORE_HEAD_BYTES + slot * store->slot_bytes;
}

uint32_t store_slot_other(const road_firmware_store *store)
{
	return store->meta.active == 0 ? 1 : 0;
}

/* The caller's policy with the store's counter. */
static road_firmware_policy policy_of(const road_firmware_store *store)
{
	road_firmware_policy policy = store->policy;

	if (!(policy.has & ROAD_FIRMWARE_HAS_COUNTER))
		policy.minimum_counter = 0;
	policy.has |= ROAD_FIRMWARE_HAS_COUNTER;
	if (policy.minimum_counter < store->meta.counter)
		policy.minimum_counter = store->meta.counter;
	return policy;
}

static road_firmware_error verify(const road_firmware_store *store, road_firmware_image *image,
				  road_firmware_detail *detail)
{
	road_firmware_image_info info = {.size = sizeof(info)};
	const road_firmware_policy policy = policy_of(store);
	const road_firmware_error rc =
		road_firmware_image_verify(image, store->keys, &policy, detail);

	if (rc)
		return rc;
	road_firmware_image_info_get(image, &info);
	if (info.flags & ROAD_FIRMWARE_BUNDLE)
		return firmware_refuse(detail, ROAD_FIRMWARE_BAD_HEADER,
				       (struct finding){"a bundle's manifest does not boot",
							"header flags", "a bundle",
							"a component's image"});
	return ROAD_FIRMWARE_OK;
}

road_firmware_error store_check(const road_firmware_store *store, const void *bytes,
				size_t byte_count, road_firmware_image **image,
				road_firmware_detail *detail)
{
	road_firmware_image *read = NULL;
	road_firmware_error rc = road_firmware_image_read(bytes, byte_count, &read, detail);

	if (rc)
		return rc;
	rc = verify(store, read, detail);
	if (!rc && image)
		*image = read;
	else
		road_firmware_image_free(read);
	return rc;
}

/* byte_count bytes of the slot, to be freed. */
static road_firmware_error read_bytes(const road_firmware_store *store, uint32_t slot,
				      size_t byte_count, uint8_t **out,
				      road_firmware_detail *detail)
{
	const road_firmware_medium *medium = &store->medium;
	uint8_t *bytes = malloc(byte_count);
	road_status status;

	if (!bytes)
		return firmware_refuse(detail, ROAD_FIRMWARE_OUT_OF_MEMORY,
				       (struct finding){"out of memory", slot_name(slot), "", ""});
	status = medium->read(medium->arg, slot_offset(store, slot), bytes, byte_count);
	if (status) {
		free(bytes);
		return store_medium_failed(detail, "cannot be read", slot_name(slot), status);
	}
	*out = bytes;
	return ROAD_FIRMWARE_OK;
}

road_firmware_error store_slot_read(const road_firmware_store *store, uint32_t slot,
				    road_firmware_image **image, road_firmware_detail *detail)
{
	const struct road_fw_store_slot *record = &store->meta.slots[slot];
	uint8_t sha256[crypto_hash_sha256_BYTES], *bytes;
	road_firmware_error rc;

	if (!record->bytes)
		return firmware_refuse(detail, ROAD_FIRMWARE_NOT_FOUND,
				       (struct finding){"holds nothing", slot_name(slot), "", ""});
	rc = read_bytes(store, slot, record->bytes, &bytes, detail);
	if (rc)
		return rc;
	crypto_hash_sha256(sha256, bytes, record->bytes);
	if (memcmp(sha256, record->sha256, sizeof(sha256))) {
		rc = firmware_refuse(detail, ROAD_FIRMWARE_HASH_MISMATCH,
				     (struct finding){"does not hold what the metadata say",
						      slot_name(slot), "", ""});
	} else {
		rc = store_check(store, bytes, record->bytes, image, detail);
		if (rc)
			firmware_locate(detail, slot_name(slot));
	}
	free(bytes);
	return rc;
}

/* What stands in the slot now is what was meant, and would boot. */
static road_firmware_error prove(const road_firmware_store *store, uint32_t slot, const void *bytes,
				 size_t byte_count, road_firmware_detail *detail)
{
	uint8_t *back;
	road_firmware_error rc = read_bytes(store, slot, byte_count, &back, detail);

	if (rc)
		return rc;
	if (memcmp(back, bytes, byte_count))
		rc = firmware_refuse(detail, ROAD_FIRMWARE_WEAROUT,
				     (struct finding){"what was written does not read back",
						      slot_name(slot), "", ""});
	else
		rc = store_check(store, back, byte_count, NULL, detail);
	free(back);
	return rc;
}

road_firmware_error store_slot_write(const road_firmware_store *store, uint32_t slot,
				     const void *bytes, size_t byte_count,
				     struct road_fw_store_slot *record,
				     road_firmware_detail *detail)
{
	const road_firmware_medium *medium = &store->medium;
	road_firmware_error rc;
	road_status status =
		medium->write(medium->arg, slot_offset(store, slot), bytes, byte_count);

	if (!status)
		status = medium->flush(medium->arg);
	if (status)
		return store_medium_failed(detail, "cannot be written", slot_name(slot), status);
	rc = prove(store, slot, bytes, byte_count, detail);
	if (rc)
		return rc;
	*record = (struct road_fw_store_slot){.bytes = byte_count};
	crypto_hash_sha256(record->sha256, bytes, byte_count);
	return ROAD_FIRMWARE_OK;
}
