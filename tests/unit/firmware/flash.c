/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/firmware/flash.h"

#include <string.h>

/* ---- the medium ---- */

static road_status flash_read(void *arg, uint64_t offset, void *bytes, size_t byte_count)
{
	struct flash *flash = arg;

	if (flash->off || offset + byte_count > FLASH_BYTES)
		return ROAD_IO;
	memcpy(bytes, flash->seen + offset, byte_count);
	return ROAD_OK;
}

static void put(struct flash *flash, uint8_t *to, uint64_t offset, const void *bytes, size_t count)
{
	if (count)
		memcpy(to + offset, bytes, count);
	if (flash->worn_bits)
		to[flash->worn] &= (uint8_t)~flash->worn_bits;
}

static bool power_goes(struct flash *flash)
{
	if (flash->calls++ != flash->cut)
		return false;
	flash->off = true;
	if (!flash->lose)
		memcpy(flash->kept, flash->seen, FLASH_BYTES);
	return true;
}

static road_status flash_write(void *arg, uint64_t offset, const void *bytes, size_t byte_count)
{
	struct flash *flash = arg;

	if (flash->off || flash->read_only || offset + byte_count > FLASH_BYTES)
		return ROAD_IO;
	if (power_goes(flash)) {
		const size_t torn = flash->torn < byte_count ? flash->torn : byte_count;

		flash->call_bytes = byte_count;
		put(flash, flash->kept, offset, bytes, torn);
		if (flash->garbage && torn < byte_count)
			flash->kept[offset + torn] ^= 0x5a;
		return ROAD_IO;
	}
	put(flash, flash->seen, offset, bytes, byte_count);
	return ROAD_OK;
}

static road_status flash_flush(void *arg)
{
	struct flash *flash = arg;

	if (flash->off || flash->read_only)
		return ROAD_IO;
	if (power_goes(flash))
		return ROAD_IO;
	memcpy(flash->kept, flash->seen, FLASH_BYTES);
	return ROAD_OK;
}

void flash_empty(struct flash *flash)
{
	memset(flash, 0, sizeof(*flash));
	memset(flash->kept, 0xff, FLASH_BYTES);
	flash_power_on(flash);
}

void flash_power_on(struct flash *flash)
{
	memcpy(flash->seen, flash->kept, FLASH_BYTES);
	flash->off = false;
	flash->cut = ~0u;
	flash->calls = 0;
}

road_firmware_medium flash_medium(struct flash *flash)
{
	return (road_firmware_medium){.size = sizeof(road_firmware_medium),
				      .bytes = FLASH_BYTES,
				      .arg = flash,
				      .read = flash_read,
				      .write = flash_write,
				      .flush = flash_flush};
}

/* ---- images ---- */

const uint32_t image_counters[IMAGES + 1] = {0, 1, 2, 3, 3, 3, 4};

static struct {
	road_firmware_keys *keys;
	road_firmware_image *images[IMAGES + 1];
} made;

static void make_image(unsigned number, const uint8_t seed[32])
{
	const road_firmware_sign_options options = {.size = sizeof(options),
						    .version = {.major = (uint8_t)number},
						    .has = ROAD_FIRMWARE_HAS_COUNTER,
						    .counter = image_counters[number]};
	uint8_t payload[40];
	size_t bytes;
	void *signed_bytes;

	memset(payload, (int)number, sizeof(payload));
	CU_ASSERT_EQUAL_FATAL(road_firmware_sign(payload, sizeof(payload), seed, &options,
						 &signed_bytes, &bytes, NULL),
			      ROAD_FIRMWARE_OK);
	CU_ASSERT_FATAL(bytes <= FLASH_SLOT);
	CU_ASSERT_EQUAL_FATAL(
		road_firmware_image_read(signed_bytes, bytes, &made.images[number], NULL),
		ROAD_FIRMWARE_OK);
	CU_ASSERT_EQUAL_FATAL(
		road_firmware_image_verify(made.images[number], made.keys, NULL, NULL),
		ROAD_FIRMWARE_OK);
	road_firmware_free(signed_bytes);
}

const road_firmware_keys *image_keys(void)
{
	road_firmware_key key = {.size = sizeof(key)};
	uint8_t seed[ROAD_FIRMWARE_SEED_BYTES];

	if (made.keys)
		return made.keys;
	CU_ASSERT_EQUAL_FATAL(road_firmware_key_generate(seed, key.key, NULL), ROAD_FIRMWARE_OK);
	CU_ASSERT_EQUAL_FATAL(road_firmware_keys_create(&made.keys, NULL), ROAD_FIRMWARE_OK);
	CU_ASSERT_EQUAL_FATAL(road_firmware_keys_add(made.keys, &key, NULL), ROAD_FIRMWARE_OK);
	for (unsigned i = 1; i <= IMAGES; i++)
		make_image(i, seed);
	return made.keys;
}

const road_firmware_image *image_of(unsigned number)
{
	image_keys();
	return made.images[number];
}

unsigned image_number(const road_firmware_image *image)
{
	road_firmware_image_info info = {.size = sizeof(info)};
	const uint8_t *payload;
	size_t bytes;

	CU_ASSERT_EQUAL_FATAL(
		road_firmware_image_payload(image, (const void **)&payload, &bytes, NULL),
		ROAD_FIRMWARE_OK);
	CU_ASSERT_EQUAL_FATAL(road_firmware_image_info_get(image, &info), ROAD_FIRMWARE_OK);
	CU_ASSERT_EQUAL(info.verified, 1);
	CU_ASSERT_EQUAL(bytes, 40);
	for (size_t i = 0; i < bytes; i++)
		CU_ASSERT_EQUAL(payload[i], info.version.major);
	return info.version.major;
}

/* ---- stores ---- */

road_firmware_store *flash_open(struct flash *flash, uint32_t tries, road_firmware_error *rc)
{
	const road_firmware_medium medium = flash_medium(flash);
	const road_firmware_store_options options = {.size = sizeof(options),
						     .tries_max = tries,
						     .slot_bytes = FLASH_SLOT,
						     .keys = image_keys()};
	road_firmware_store *store = NULL;

	*rc = road_firmware_store_open(&medium, &options, &store, NULL);
	return store;
}

unsigned flash_boot(struct flash *flash, uint32_t tries)
{
	road_firmware_image *image = NULL;
	road_firmware_error rc;
	road_firmware_store *store = flash_open(flash, tries, &rc);
	unsigned number = 0;

	CU_ASSERT_EQUAL(rc, ROAD_FIRMWARE_OK);
	if (!store)
		return ~0u;
	rc = road_firmware_store_boot(store, &image, NULL);
	if (!rc) {
		number = image_number(image);
	} else {
		CU_ASSERT(rc == ROAD_FIRMWARE_NOT_FOUND || flash->off);
	}
	road_firmware_image_free(image);
	road_firmware_store_close(store);
	return number;
}

road_firmware_store_state flash_state(struct flash *flash)
{
	road_firmware_store_state state = {.size = sizeof(state)};
	road_firmware_error rc;
	road_firmware_store *store = flash_open(flash, 1, &rc);

	CU_ASSERT_EQUAL(rc, ROAD_FIRMWARE_OK);
	if (store)
		CU_ASSERT_EQUAL(road_firmware_store_state_get(store, &state, NULL),
				ROAD_FIRMWARE_OK);
	road_firmware_store_close(store);
	return state;
}

static road_firmware_error act_on(road_firmware_store *store, const struct act *act)
{
	road_firmware_image *image = NULL;
	road_firmware_error rc;

	switch (act->step) {
	case LOAD_TEST:
		return road_firmware_store_load(store, image_of(act->image),
						ROAD_FIRMWARE_PENDING_TEST, NULL);
	case LOAD_PERMANENT:
		return road_firmware_store_load(store, image_of(act->image),
						ROAD_FIRMWARE_PENDING_PERMANENT, NULL);
	case CONFIRM: return road_firmware_store_confirm(store, NULL);
	case REVERT: return road_firmware_store_revert(store, NULL);
	case BOOT: break;
	}
	rc = road_firmware_store_boot(store, &image, NULL);
	if (!rc)
		CU_ASSERT_EQUAL(image_number(image), act->image);
	road_firmware_image_free(image);
	return rc;
}

road_firmware_error flash_act(struct flash *flash, const struct act *act)
{
	road_firmware_error rc;
	road_firmware_store *store = flash_open(flash, 1, &rc);

	if (!rc)
		rc = act_on(store, act);
	road_firmware_store_close(store);
	return rc;
}

void flash_story(struct flash *flash, const struct act *acts, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		CU_ASSERT_EQUAL_FATAL(flash_act(flash, &acts[i]), ROAD_FIRMWARE_OK);
}
