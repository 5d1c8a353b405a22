/* SPDX-License-Identifier: Apache-2.0 */
/* The store's rules, and what it makes of a medium that lies. */
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/firmware/flash.h"

#define COUNT(acts) (sizeof(acts) / sizeof((acts)[0]))
#define STORY(flash, ...)                                     \
	flash_story(flash, (const struct act[]){__VA_ARGS__}, \
		    COUNT(((const struct act[]){__VA_ARGS__})))
#define ACT(flash, ...) flash_act(flash, &(const struct act){__VA_ARGS__})

static void test_empty(void)
{
	struct flash flash;

	for (int fill = 0; fill < 2; fill++) {
		flash_empty(&flash);
		memset(flash.seen, fill ? 0xff : 0, FLASH_BYTES);
		CU_ASSERT_EQUAL(ACT(&flash, BOOT), ROAD_FIRMWARE_NOT_FOUND);
		CU_ASSERT_EQUAL(ACT(&flash, CONFIRM), ROAD_FIRMWARE_NOT_FOUND);
		CU_ASSERT_EQUAL(ACT(&flash, REVERT), ROAD_FIRMWARE_NOT_FOUND);
		CU_ASSERT_EQUAL(flash_state(&flash).active, ROAD_FIRMWARE_SLOT_NONE);
		CU_ASSERT_EQUAL(flash.calls, 0);
	}
}

/* With the power gone right behind each boot, it was counted. */
static void test_tries(void)
{
	struct flash flash;

	flash_empty(&flash);
	STORY(&flash, {LOAD_PERMANENT, 1}, {BOOT, 1}, {LOAD_TEST, 2});
	for (unsigned i = 0; i < 3; i++) {
		CU_ASSERT_EQUAL(flash_boot(&flash, 3), 2);
		flash_power_on(&flash);
		CU_ASSERT_EQUAL(flash_state(&flash).tries, i + 1);
	}
	CU_ASSERT_EQUAL(flash_boot(&flash, 3), 1);
	CU_ASSERT_EQUAL(flash_boot(&flash, 3), 1);
	CU_ASSERT_EQUAL(flash_state(&flash).confirmed, 1);
}

static void test_counter(void)
{
	struct flash flash;

	flash_empty(&flash);
	STORY(&flash, {LOAD_PERMANENT, 1}, {BOOT, 1});
	CU_ASSERT_EQUAL(flash_state(&flash).counter, 1);
	STORY(&flash, {LOAD_TEST, 3});
	CU_ASSERT_EQUAL(flash_state(&flash).counter, 1);
	STORY(&flash, {BOOT, 3});
	CU_ASSERT_EQUAL(flash_state(&flash).counter, 1);
	CU_ASSERT_EQUAL(flash_state(&flash).slots[0].valid, 1);
	STORY(&flash, {CONFIRM});
	CU_ASSERT_EQUAL(flash_state(&flash).counter, 3);
	CU_ASSERT_EQUAL(flash_state(&flash).slots[0].error, ROAD_FIRMWARE_ROLLBACK);
	CU_ASSERT_EQUAL(ACT(&flash, LOAD_TEST, 2), ROAD_FIRMWARE_ROLLBACK);
	CU_ASSERT_EQUAL(ACT(&flash, LOAD_PERMANENT, 1), ROAD_FIRMWARE_ROLLBACK);
	CU_ASSERT_EQUAL(ACT(&flash, REVERT), ROAD_FIRMWARE_ROLLBACK);
	STORY(&flash, {BOOT, 3}, {LOAD_TEST, 4}, {BOOT, 4}, {CONFIRM}, {REVERT}, {BOOT, 3});
}

static void test_busy(void)
{
	struct flash flash;

	flash_empty(&flash);
	STORY(&flash, {LOAD_PERMANENT, 3}, {BOOT, 3}, {LOAD_TEST, 4});
	CU_ASSERT_EQUAL(ACT(&flash, LOAD_TEST, 5), ROAD_FIRMWARE_BUSY);
	STORY(&flash, {BOOT, 4});
	CU_ASSERT_EQUAL(ACT(&flash, LOAD_TEST, 5), ROAD_FIRMWARE_BUSY);
	STORY(&flash, {REVERT});
	CU_ASSERT_EQUAL(ACT(&flash, LOAD_TEST, 5), ROAD_FIRMWARE_BUSY);
	STORY(&flash, {BOOT, 3}, {LOAD_TEST, 5}, {REVERT}, {BOOT, 3}, {LOAD_TEST, 5}, {BOOT, 5});
}

/* The only image there is boots on, untested as it is, and the next one can be loaded. */
static void test_first_test(void)
{
	struct flash flash;

	flash_empty(&flash);
	STORY(&flash, {LOAD_TEST, 1}, {BOOT, 1}, {BOOT, 1}, {LOAD_TEST, 2}, {BOOT, 2}, {CONFIRM});
	CU_ASSERT_EQUAL(flash_state(&flash).counter, 2);
}

static void test_confirmed_writes_nothing(void)
{
	struct flash flash;

	flash_empty(&flash);
	STORY(&flash, {LOAD_TEST, 1}, {BOOT, 1}, {CONFIRM});
	flash_power_on(&flash);
	STORY(&flash, {BOOT, 1}, {CONFIRM}, {BOOT, 1});
	CU_ASSERT_EQUAL(flash.calls, 0);
}

static void test_refused(void)
{
	road_firmware_image *raw;
	const void *bytes;
	size_t byte_count;
	struct flash flash;
	road_firmware_error rc;
	road_firmware_store *store;

	flash_empty(&flash);
	store = flash_open(&flash, 1, &rc);
	CU_ASSERT_EQUAL_FATAL(rc, ROAD_FIRMWARE_OK);
	road_firmware_image_bytes(image_of(1), &bytes, &byte_count, NULL);
	CU_ASSERT_EQUAL_FATAL(road_firmware_image_read(bytes, byte_count, &raw, NULL),
			      ROAD_FIRMWARE_OK);
	CU_ASSERT_EQUAL(road_firmware_store_load(store, raw, ROAD_FIRMWARE_PENDING_TEST, NULL),
			ROAD_FIRMWARE_NOT_VERIFIED);
	CU_ASSERT_EQUAL(
		road_firmware_store_load(store, image_of(1), ROAD_FIRMWARE_PENDING_REVERT, NULL),
		ROAD_FIRMWARE_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(flash.calls, 0);
	road_firmware_image_free(raw);
	road_firmware_store_close(store);
}

/* Whatever another set of keys verified, and whatever was put into the slot under it. */
static void test_other_keys(void)
{
	const road_firmware_medium medium = {.size = sizeof(medium)};
	struct flash flash;
	road_firmware_medium real = flash_medium(&flash);
	road_firmware_keys *none;
	road_firmware_store_options options = {.size = sizeof(options)};
	road_firmware_image *image = NULL;
	road_firmware_store *store;

	flash_empty(&flash);
	STORY(&flash, {LOAD_PERMANENT, 1}, {BOOT, 1});
	CU_ASSERT_EQUAL_FATAL(road_firmware_keys_create(&none, NULL), ROAD_FIRMWARE_OK);
	CU_ASSERT_EQUAL(road_firmware_store_open(&real, &options, &store, NULL),
			ROAD_FIRMWARE_INVALID_ARGUMENT);
	options.keys = none;
	CU_ASSERT_EQUAL(road_firmware_store_open(&medium, &options, &store, NULL),
			ROAD_FIRMWARE_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL_FATAL(road_firmware_store_open(&real, &options, &store, NULL),
			      ROAD_FIRMWARE_OK);
	CU_ASSERT_EQUAL(road_firmware_store_boot(store, &image, NULL), ROAD_FIRMWARE_NOT_FOUND);
	CU_ASSERT_PTR_NULL(image);
	CU_ASSERT_EQUAL(
		road_firmware_store_load(store, image_of(2), ROAD_FIRMWARE_PENDING_TEST, NULL),
		ROAD_FIRMWARE_UNKNOWN_KEY);
	road_firmware_store_close(store);
	road_firmware_keys_free(none);
}

/* ---- bytes that changed ---- */

static const struct act two_confirmed[] = {
	{LOAD_PERMANENT, 3}, {BOOT, 3}, {LOAD_TEST, 4}, {BOOT, 4}, {CONFIRM}};

static void test_one_copy(void)
{
	static const uint8_t bits[] = {0x01, 0x80, 0xff};
	struct flash sound, flash;

	flash_empty(&sound);
	flash_story(&sound, two_confirmed, COUNT(two_confirmed));
	flash_power_on(&sound);
	for (unsigned i = 0; i < 2 * FLASH_META * sizeof(bits); i++) {
		const size_t at = i / sizeof(bits) % FLASH_META;

		flash = sound;
		flash.seen[at + (i >= FLASH_META * sizeof(bits) ? FLASH_COPY : 0)] ^=
			bits[i % sizeof(bits)];
		CU_ASSERT_EQUAL(flash_state(&flash).counter, 3);
		CU_ASSERT_EQUAL(flash_boot(&flash, 1), 4);
		/* and whole again: the other one may go now */
		flash.seen[at + (i < FLASH_META * sizeof(bits) ? FLASH_COPY : 0)] ^= 0xff;
		CU_ASSERT_EQUAL(flash_state(&flash).counter, 3);
		CU_ASSERT_EQUAL(flash_boot(&flash, 1), 4);
	}
}

static void test_both_copies(void)
{
	struct flash sound, flash;

	flash_empty(&sound);
	flash_story(&sound, two_confirmed, COUNT(two_confirmed));
	flash_power_on(&sound);
	for (size_t at = 0; at < FLASH_META; at++) {
		flash = sound;
		flash.seen[at] ^= 0x10;
		flash.seen[at + FLASH_COPY] ^= 0x10;
		CU_ASSERT_EQUAL(ACT(&flash, BOOT), ROAD_FIRMWARE_RW_ERROR);
		CU_ASSERT_EQUAL(ACT(&flash, LOAD_TEST, 5), ROAD_FIRMWARE_RW_ERROR);
		CU_ASSERT_EQUAL(flash.calls, 0);
	}
}

static void test_slots(void)
{
	const size_t slot = ROAD_FIRMWARE_STORE_HEAD_BYTES;
	struct flash sound, flash;
	const void *bytes;
	size_t byte_count;

	flash_empty(&sound);
	flash_story(&sound, two_confirmed, COUNT(two_confirmed));
	flash_power_on(&sound);
	road_firmware_image_bytes(image_of(4), &bytes, &byte_count, NULL);
	for (size_t at = 0; at < byte_count; at++) {
		flash = sound;
		flash.seen[slot + FLASH_SLOT + at] ^= (uint8_t)(1u << at % 8);
		CU_ASSERT_EQUAL(flash_boot(&flash, 1), 3); /* the other one, as verified as ever */
		flash.seen[slot + at % 200] ^= 0x40;
		CU_ASSERT_EQUAL(flash_boot(&flash, 1), 0);
	}
}

/* Another image of a known key in a slot, which no metadata ever named. */
static void test_slipped_in(void)
{
	struct flash flash;
	const void *bytes;
	size_t byte_count;

	flash_empty(&flash);
	STORY(&flash, {LOAD_PERMANENT, 3}, {BOOT, 3});
	road_firmware_image_bytes(image_of(5), &bytes, &byte_count, NULL);
	memcpy(flash.seen + ROAD_FIRMWARE_STORE_HEAD_BYTES, bytes, byte_count);
	CU_ASSERT_EQUAL(flash_boot(&flash, 1), 0);
	CU_ASSERT_EQUAL(flash_state(&flash).slots[0].error, ROAD_FIRMWARE_HASH_MISMATCH);
}

static void test_unknown_version(void)
{
	struct flash flash;

	flash_empty(&flash);
	flash_story(&flash, two_confirmed, COUNT(two_confirmed));
	flash_power_on(&flash);
	flash.seen[4] = 2;
	crypto_hash_sha256(flash.seen + FLASH_META - 32, flash.seen, FLASH_META - 32);
	CU_ASSERT_EQUAL(ACT(&flash, BOOT), ROAD_FIRMWARE_WRONG_ABI);
	CU_ASSERT_EQUAL(ACT(&flash, LOAD_TEST, 5), ROAD_FIRMWARE_WRONG_ABI);
	CU_ASSERT_EQUAL(flash.calls, 0);
}

/* ---- a medium that fails ---- */

static void test_worn_slot(void)
{
	struct flash sound, flash;
	const uint8_t *bytes;
	size_t byte_count;

	flash_empty(&sound);
	STORY(&sound, {LOAD_PERMANENT, 3}, {BOOT, 3});
	road_firmware_image_bytes(image_of(4), (const void **)&bytes, &byte_count, NULL);
	for (size_t at = 0; at < byte_count; at++) {
		if (!bytes[at])
			continue;
		flash = sound;
		flash.worn = ROAD_FIRMWARE_STORE_HEAD_BYTES + FLASH_SLOT + at;
		flash.worn_bits = (uint8_t)(bytes[at] & -bytes[at]);
		CU_ASSERT_EQUAL(ACT(&flash, LOAD_TEST, 4), ROAD_FIRMWARE_WEAROUT);
		flash_power_on(&flash);
		CU_ASSERT_EQUAL(flash_state(&flash).pending, ROAD_FIRMWARE_PENDING_NONE);
		CU_ASSERT_EQUAL(flash_boot(&flash, 1), 3);
	}
}

static void test_worn_metadata(void)
{
	struct flash flash;

	flash_empty(&flash);
	STORY(&flash, {LOAD_PERMANENT, 3}, {BOOT, 3}, {LOAD_TEST, 4}, {BOOT, 4});
	/* the magic's byte of that copy which is written next */
	flash.worn = flash_state(&flash).sequence % 2 ? FLASH_COPY : 0;
	flash.worn_bits = 0xff;
	CU_ASSERT_EQUAL(ACT(&flash, CONFIRM), ROAD_FIRMWARE_WEAROUT);
	CU_ASSERT_EQUAL(flash_state(&flash).counter, 3);
	CU_ASSERT_EQUAL(flash_state(&flash).confirmed, 0);
}

static void test_read_only(void)
{
	struct flash flash;

	flash_empty(&flash);
	STORY(&flash, {LOAD_PERMANENT, 3}, {BOOT, 3}, {LOAD_TEST, 4});
	flash.read_only = true;
	/* what cannot be counted does not boot; what is confirmed does */
	CU_ASSERT_EQUAL(ACT(&flash, BOOT, 3), ROAD_FIRMWARE_OK);
	flash.read_only = false;
	STORY(&flash, {BOOT, 4});
	flash.read_only = true;
	CU_ASSERT_EQUAL(ACT(&flash, CONFIRM), ROAD_FIRMWARE_RW_ERROR);
	CU_ASSERT_EQUAL(ACT(&flash, BOOT, 4), ROAD_FIRMWARE_RW_ERROR);
}

static const struct tap_case cases[] = {
	{"an empty medium is an empty store", test_empty},
	{"a boot is counted before it is answered", test_tries},
	{"the counter rises at confirm and never falls", test_counter},
	{"nothing is written over what may have to boot", test_busy},
	{"a first test image boots on", test_first_test},
	{"what is confirmed boots without a write", test_confirmed_writes_nothing},
	{"what is not verified is not stored", test_refused},
	{"a slot is verified with the store's own keys", test_other_keys},
	{"with any byte of one copy of the metadata wrong, all is as before", test_one_copy},
	{"with both copies wrong nothing boots and nothing is written", test_both_copies},
	{"a slot with any byte wrong does not boot", test_slots},
	{"a sound image that no one loaded does not boot", test_slipped_in},
	{"metadata of another version are left alone", test_unknown_version},
	{"a slot that does not keep a bit is told, and not booted", test_worn_slot},
	{"metadata that do not keep a bit are told", test_worn_metadata},
	{"a medium that takes no writes boots what is confirmed", test_read_only},
};

TAP_MAIN(cases)
