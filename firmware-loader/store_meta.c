/* SPDX-License-Identifier: Apache-2.0 */
/* Two copies of the metadata: the one with the larger sequence holds, the other is written. */
#include <sodium.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "firmware-loader/bytes.h"
#include "firmware-loader/detail.h"
#include "firmware-loader/store.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the metadata are little-endian");
_Static_assert(sizeof(struct road_fw_store_meta) == ROAD_FW_STORE_META_BYTES, "as documented");
_Static_assert(2 * ROAD_FW_STORE_COPY_BYTES == ROAD_FIRMWARE_STORE_HEAD_BYTES, "two blocks");
_Static_assert((int)ROAD_FIRMWARE_PENDING_REVERT == (int)ROAD_FW_STORE_PENDING_REVERT, "same");
_Static_assert(ROAD_FIRMWARE_SLOT_NONE == ROAD_FW_STORE_NONE, "same");

enum copy_state {
	COPY_ERASED,  /* never written */
	COPY_BROKEN,  /* torn, or worn */
	COPY_UNKNOWN, /* whole, of a version that is not known */
	COPY_WHOLE
};

road_firmware_error store_medium_failed(road_firmware_detail *detail, const char *what,
					const char *where, road_status status)
{
	return firmware_refuse_number(detail, ROAD_FIRMWARE_RW_ERROR, what, where, (uint64_t)status,
				      "status", ROAD_OK);
}

static const char *copy_name(uint32_t copy)
{
	return copy ? "metadata, copy 1" : "metadata, copy 0";
}

static void digest(const struct road_fw_store_meta *meta, uint8_t out[crypto_hash_sha256_BYTES])
{
	crypto_hash_sha256(out, (const uint8_t *)meta, offsetof(struct road_fw_store_meta, sha256));
}

/* Could this store have written it? */
static bool sensible(const struct road_fw_store_meta *meta)
{
	const uint32_t active = meta->active;

	if (active > 1 && active != ROAD_FW_STORE_NONE)
		return false;
	if (meta->pending > ROAD_FW_STORE_PENDING_REVERT || meta->confirmed > 1 || meta->reserved ||
	    !meta->sequence || !meta->slot_bytes)
		return false;
	if (active == ROAD_FW_STORE_NONE &&
	    (meta->confirmed || meta->pending == ROAD_FW_STORE_PENDING_REVERT))
		return false;
	for (uint32_t i = 0; i < 2; i++)
		if (meta->slots[i].bytes > meta->slot_bytes || meta->slots[i].confirmed > 1 ||
		    meta->slots[i].reserved)
			return false;
	if (active <= 1 &&
	    (!meta->slots[active].bytes || meta->slots[active].confirmed < meta->confirmed))
		return false;
	return bytes_all(meta->spare, sizeof(meta->spare), 0);
}

static enum copy_state classify(const struct road_fw_store_meta *meta)
{
	const uint8_t *bytes = (const uint8_t *)meta;
	uint8_t right[crypto_hash_sha256_BYTES];

	if (bytes_all(bytes, sizeof(*meta), 0) || bytes_all(bytes, sizeof(*meta), 0xff))
		return COPY_ERASED;
	digest(meta, right);
	if (meta->magic != ROAD_FW_STORE_MAGIC || memcmp(right, meta->sha256, sizeof(right)))
		return COPY_BROKEN;
	if (meta->version != ROAD_FW_STORE_VERSION)
		return COPY_UNKNOWN;
	return sensible(meta) ? COPY_WHOLE : COPY_BROKEN;
}

static road_firmware_error read_copy(const road_firmware_store *store, uint32_t copy,
				     struct road_fw_store_meta *meta, road_firmware_detail *detail)
{
	const road_firmware_medium *medium = &store->medium;
	const road_status status =
		medium->read(medium->arg, copy * ROAD_FW_STORE_COPY_BYTES, meta, sizeof(*meta));

	if (!status)
		return ROAD_FIRMWARE_OK;
	return store_medium_failed(detail, "cannot be read", copy_name(copy), status);
}

/*
 * No copy is whole. The first write ever goes to copy 0: cut in its middle, it leaves that one
 * broken and the other never written. Nothing else that loses power does.
 */
static road_firmware_error without_metadata(road_firmware_store *store,
					    const enum copy_state states[2],
					    road_firmware_detail *detail)
{
	if (states[1] != COPY_ERASED)
		return firmware_refuse(detail, ROAD_FIRMWARE_RW_ERROR,
				       (struct finding){"no copy of the metadata is whole",
							"metadata, both copies", "broken",
							"one whole copy, or an empty medium"});
	store->meta = (struct road_fw_store_meta){.magic = ROAD_FW_STORE_MAGIC,
						  .version = ROAD_FW_STORE_VERSION,
						  .active = ROAD_FW_STORE_NONE};
	store->written = false;
	return ROAD_FIRMWARE_OK;
}

road_firmware_error store_meta_read(road_firmware_store *store, road_firmware_detail *detail)
{
	struct road_fw_store_meta copies[2];
	enum copy_state states[2];
	uint32_t newest;

	for (uint32_t i = 0; i < 2; i++) {
		const road_firmware_error rc = read_copy(store, i, &copies[i], detail);

		if (rc)
			return rc;
		states[i] = classify(&copies[i]);
		if (states[i] == COPY_UNKNOWN)
			return firmware_refuse_number(detail, ROAD_FIRMWARE_WRONG_ABI,
						      "metadata of a version that is not known",
						      copy_name(i), copies[i].version, "version",
						      ROAD_FW_STORE_VERSION);
	}
	if (states[0] != COPY_WHOLE && states[1] != COPY_WHOLE)
		return without_metadata(store, states, detail);
	newest = states[0] != COPY_WHOLE ||
		 (states[1] == COPY_WHOLE && copies[1].sequence > copies[0].sequence);
	store->meta = copies[newest];
	store->newest = newest;
	store->written = true;
	store->other_whole = states[!newest] == COPY_WHOLE;
	store->other = copies[!newest];
	return ROAD_FIRMWARE_OK;
}

static road_firmware_error write_copy(const road_firmware_store *store, uint32_t copy,
				      const struct road_fw_store_meta *meta,
				      road_firmware_detail *detail)
{
	const road_firmware_medium *medium = &store->medium;
	struct road_fw_store_meta back;
	road_firmware_error rc;
	road_status status =
		medium->write(medium->arg, copy * ROAD_FW_STORE_COPY_BYTES, meta, sizeof(*meta));

	if (!status)
		status = medium->flush(medium->arg);
	if (status)
		return store_medium_failed(detail, "cannot be written", copy_name(copy), status);
	rc = read_copy(store, copy, &back, detail);
	if (rc)
		return rc;
	if (memcmp(&back, meta, sizeof(back)))
		return firmware_refuse(detail, ROAD_FIRMWARE_WEAROUT,
				       (struct finding){"what was written does not read back",
							copy_name(copy), "", ""});
	return ROAD_FIRMWARE_OK;
}

road_firmware_error store_meta_commit(road_firmware_store *store,
				      const struct road_fw_store_meta *next,
				      road_firmware_detail *detail)
{
	const uint32_t older = store->written ? !store->newest : 0;
	struct road_fw_store_meta made = *next;
	road_firmware_error rc;

	if (store->meta.sequence == UINT64_MAX)
		return firmware_refuse_number(detail, ROAD_FIRMWARE_WEAROUT, "no sequence is left",
					      copy_name(older), UINT64_MAX, "below", UINT64_MAX);
	made.sequence = store->meta.sequence + 1;
	made.slot_bytes = store->slot_bytes;
	digest(&made, made.sha256);
	rc = write_copy(store, older, &made, detail);
	if (rc) { /* it may be broken now, or whole: the next commit writes there again */
		store->other_whole = false;
		return rc;
	}
	store->other_whole = store->written;
	store->other = store->meta;
	store->meta = made;
	store->newest = older;
	store->written = true;
	return ROAD_FIRMWARE_OK;
}

/* Do they say the same? */
static bool alike(const struct road_fw_store_meta *a, const struct road_fw_store_meta *b)
{
	struct road_fw_store_meta as_b = *a;

	as_b.sequence = b->sequence;
	memcpy(as_b.sha256, b->sha256, sizeof(as_b.sha256));
	return !memcmp(&as_b, b, sizeof(as_b));
}

road_firmware_error store_meta_settle(road_firmware_store *store, road_firmware_detail *detail)
{
	const struct road_fw_store_meta same = store->meta;

	if (!store->written)
		return ROAD_FIRMWARE_OK;
	if (store->other_whole && store->other.counter == same.counter &&
	    (!same.confirmed || alike(&store->other, &same)))
		return ROAD_FIRMWARE_OK;
	return store_meta_commit(store, &same, detail);
}
