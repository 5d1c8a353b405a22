/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a bundle's manifest, or as the medium of a store. What reads as a manifest reads the
 * same when it is written back. A store of any content opens or is refused, writes nowhere else,
 * and boots nothing: nobody signed it. The first byte: 1: a manifest; 2, 4: the digest of that copy
 * of the metadata is put right.
 */
#include <roadbed/firmware_store.h>
#include <sodium.h>
#include <stdlib.h>

#include "tests/fuzz/reader.h"
#include "uapi/firmware/store.h"

enum { SLOT = 512, BYTES = ROAD_FIRMWARE_STORE_HEAD_BYTES + 2 * SLOT, ENTRIES = 256 };

static uint8_t medium_bytes[BYTES];

static void check(int fine)
{
	if (!fine)
		abort();
}

static road_status medium_read(void *arg, uint64_t offset, void *bytes, size_t byte_count)
{
	(void)arg;
	check(offset <= BYTES && byte_count <= BYTES - offset);
	memcpy(bytes, medium_bytes + offset, byte_count);
	return ROAD_OK;
}

static road_status medium_write(void *arg, uint64_t offset, const void *bytes, size_t byte_count)
{
	(void)arg;
	check(offset <= BYTES && byte_count <= BYTES - offset);
	memcpy(medium_bytes + offset, bytes, byte_count);
	return ROAD_OK;
}

static road_status medium_flush(void *arg)
{
	(void)arg;
	return ROAD_OK;
}

static void manifest(const char *text, size_t bytes)
{
	road_firmware_bundle_entry *entries = calloc(ENTRIES, sizeof(*entries));
	road_firmware_error rc = ROAD_FIRMWARE_OK;
	uint32_t count = 0;
	size_t back_bytes;
	char *back;

	check(entries != NULL);
	while (!rc && count < ENTRIES) {
		entries[count].size = sizeof(*entries);
		rc = road_firmware_bundle_entry_get(text, bytes, count, &entries[count], NULL);
		count += !rc;
	}
	if (rc == ROAD_FIRMWARE_NOT_FOUND && count &&
	    !road_firmware_bundle_write(entries, count, &back, &back_bytes, NULL)) {
		road_firmware_bundle_entry again = {.size = sizeof(again)};

		for (uint32_t i = 0; i < count; i++) {
			check(!road_firmware_bundle_entry_get(back, back_bytes, i, &again, NULL));
			check(!memcmp(&again, &entries[i], sizeof(again)));
		}
		road_firmware_free(back);
	}
	free(entries);
}

static void fill(struct reader *r, uint8_t kind)
{
	memset(medium_bytes, 0, sizeof(medium_bytes));
	for (unsigned copy = 0; copy < 2; copy++) {
		uint8_t *at = medium_bytes + copy * ROAD_FW_STORE_COPY_BYTES;
		const size_t digested = ROAD_FW_STORE_META_BYTES - crypto_hash_sha256_BYTES;

		reader_take(r, at, ROAD_FW_STORE_META_BYTES);
		if (kind & (2u << copy))
			crypto_hash_sha256(at + digested, at, digested);
	}
	reader_take(r, medium_bytes + ROAD_FIRMWARE_STORE_HEAD_BYTES, (size_t)2 * SLOT);
}

static void use(const road_firmware_keys *keys)
{
	const road_firmware_medium medium = {.size = sizeof(medium),
					     .bytes = BYTES,
					     .read = medium_read,
					     .write = medium_write,
					     .flush = medium_flush};
	const road_firmware_store_options options = {.size = sizeof(options), .keys = keys};
	road_firmware_store_state state = {.size = sizeof(state)};
	road_firmware_image *image = NULL;
	road_firmware_store *store;

	if (road_firmware_store_open(&medium, &options, &store, NULL))
		return;
	check(!road_firmware_store_state_get(store, &state, NULL));
	check(!state.slots[0].valid && !state.slots[1].valid);
	check(road_firmware_store_boot(store, &image, NULL) && !image);
	road_firmware_store_confirm(store, NULL);
	road_firmware_store_revert(store, NULL);
	road_firmware_store_close(store);
	/* what it wrote it reads */
	check(!road_firmware_store_open(&medium, &options, &store, NULL));
	road_firmware_store_close(store);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = {data, size};
	const uint8_t kind = reader_u8(&r);
	road_firmware_keys *keys;

	if (kind & 1) {
		manifest((const char *)r.at, r.left);
		return 0;
	}
	check(!road_firmware_keys_create(&keys, NULL));
	fill(&r, kind);
	use(keys);
	road_firmware_keys_free(keys);
	return 0;
}
