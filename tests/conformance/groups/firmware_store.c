/* SPDX-License-Identifier: Apache-2.0 */
/* Two slots of firmware: what boots after power went at any write, and what is not gone back on. */
#include <roadbed/firmware_store.h>

#include "tests/conformance/case.h"

enum {
	SLOT = 4096,
	IMAGE = 512, /* its images are smaller */
	FLASH = ROAD_FIRMWARE_STORE_HEAD_BYTES + 2 * SLOT,
	OLD_COUNTER = 3,
	NEW_COUNTER = 5
};

/* A chip's memory that power can go from in the middle of a write. */
struct flash {
	uint8_t bytes[FLASH];
	uint32_t writes;
	uint32_t cut_at; /* the write that is cut; 0: none is */
	bool dead;
	road_firmware_keys *keys;
	uint8_t seed[ROAD_FIRMWARE_SEED_BYTES];
};

static road_status read_flash(void *arg, uint64_t offset, void *bytes, size_t count)
{
	struct flash *flash = arg;

	memcpy(bytes, flash->bytes + offset, count);
	return flash->dead ? ROAD_IO : ROAD_OK;
}

static road_status write_flash(void *arg, uint64_t offset, const void *bytes, size_t count)
{
	struct flash *flash = arg;

	if (flash->dead)
		return ROAD_IO;
	flash->dead = ++flash->writes == flash->cut_at;
	memcpy(flash->bytes + offset, bytes, flash->dead ? count / 2 : count);
	return flash->dead ? ROAD_IO : ROAD_OK;
}

static road_status flush_flash(void *arg)
{
	return ((struct flash *)arg)->dead ? ROAD_IO : ROAD_OK;
}

static struct flash *flash_new(struct fixture *f)
{
	struct flash *flash = fixture_memory(f, sizeof(*flash));
	road_firmware_key key = {.size = sizeof(key)};

	memset(flash, 0, sizeof(*flash));
	REQUIRE_EQ(road_firmware_key_generate(flash->seed, key.key, NULL), ROAD_FIRMWARE_OK);
	REQUIRE_EQ(road_firmware_keys_create(&flash->keys, NULL), ROAD_FIRMWARE_OK);
	REQUIRE_EQ(road_firmware_keys_add(flash->keys, &key, NULL), ROAD_FIRMWARE_OK);
	return flash;
}

/* Version `major`, whose payload is that byte, verified. */
static road_firmware_image *image_of(struct flash *flash, uint8_t major, uint32_t counter)
{
	const road_firmware_sign_options options = {
		.size = sizeof(options),
		.version = {.major = major},
		.has = ROAD_FIRMWARE_HAS_COUNTER,
		.counter = counter,
	};
	road_firmware_image *image = NULL;
	uint8_t payload[100];
	void *bytes = NULL;
	size_t count = 0;

	memset(payload, major, sizeof(payload));
	REQUIRE_EQ(road_firmware_sign(payload, sizeof(payload), flash->seed, &options, &bytes,
				      &count, NULL),
		   ROAD_FIRMWARE_OK);
	REQUIRE(count <= IMAGE);
	REQUIRE_EQ(road_firmware_image_read(bytes, count, &image, NULL), ROAD_FIRMWARE_OK);
	road_firmware_free(bytes);
	REQUIRE_EQ(road_firmware_image_verify(image, flash->keys, NULL, NULL), ROAD_FIRMWARE_OK);
	return image;
}

/* ---- each on a store that is opened for it, as after a restart ---- */

static road_firmware_store *store_of(struct flash *flash)
{
	const road_firmware_medium medium = {.size = sizeof(medium),
					     .bytes = FLASH,
					     .arg = flash,
					     .read = read_flash,
					     .write = write_flash,
					     .flush = flush_flash};
	const road_firmware_store_options options = {.size = sizeof(options), .keys = flash->keys};
	road_firmware_store *store = NULL;

	REQUIRE(road_firmware_store_open(&medium, &options, &store, NULL) == ROAD_FIRMWARE_OK);
	return store;
}

static road_firmware_error load(struct flash *flash, uint8_t major, uint32_t counter,
				enum road_firmware_pending pending)
{
	road_firmware_image *image = image_of(flash, major, counter);
	road_firmware_store *store = store_of(flash);
	const road_firmware_error error = road_firmware_store_load(store, image, pending, NULL);

	road_firmware_store_close(store);
	road_firmware_image_free(image);
	return error;
}

/* The version that boots, 0 if none; what comes out is that version's payload, whole. */
static uint8_t boot(struct flash *flash)
{
	road_firmware_image_info info = {.size = sizeof(info)};
	road_firmware_store *store = store_of(flash);
	road_firmware_image *image = NULL;
	const uint8_t *payload = NULL;
	size_t count = 0;

	if (!road_firmware_store_boot(store, &image, NULL)) {
		CHECK_EQ(road_firmware_image_info_get(image, &info), ROAD_FIRMWARE_OK);
		CHECK_EQ(road_firmware_image_payload(image, (const void **)&payload, &count, NULL),
			 ROAD_FIRMWARE_OK);
		for (size_t i = 0; i < count; i++)
			CHECK_EQ(payload[i], info.version.major);
	}
	road_firmware_image_free(image);
	road_firmware_store_close(store);
	return info.version.major;
}

/* Boots and confirms in one run. */
static road_firmware_error boot_and_confirm(struct flash *flash)
{
	road_firmware_store *store = store_of(flash);
	road_firmware_image *image = NULL;
	road_firmware_error error = road_firmware_store_boot(store, &image, NULL);

	if (!error)
		error = road_firmware_store_confirm(store, NULL);
	road_firmware_image_free(image);
	road_firmware_store_close(store);
	return error;
}

static road_firmware_store_state state_of(struct flash *flash)
{
	road_firmware_store_state state = {.size = sizeof(state)};
	road_firmware_store *store = store_of(flash);

	CHECK_EQ(road_firmware_store_state_get(store, &state, NULL), ROAD_FIRMWARE_OK);
	road_firmware_store_close(store);
	return state;
}

/* Version 1 has been confirmed. */
static struct flash *flash_with_old(struct fixture *f)
{
	struct flash *flash = flash_new(f);

	REQUIRE_EQ(load(flash, 1, OLD_COUNTER, ROAD_FIRMWARE_PENDING_PERMANENT), ROAD_FIRMWARE_OK);
	REQUIRE_EQ(boot(flash), 1);
	return flash;
}

CONFORMANCE_CASE(firmware, fw_ab_test_then_confirm)
{
	struct flash *flash = flash_with_old(f);

	CHECK_EQ(load(flash, 2, NEW_COUNTER, ROAD_FIRMWARE_PENDING_TEST), ROAD_FIRMWARE_OK);
	CHECK_EQ(state_of(flash).pending, ROAD_FIRMWARE_PENDING_TEST);
	CHECK_EQ(boot_and_confirm(flash), ROAD_FIRMWARE_OK);
	CHECK_EQ(state_of(flash).confirmed, 1);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(boot(flash), 2);
	road_firmware_keys_free(flash->keys);
}

CONFORMANCE_CASE(firmware, fw_ab_no_confirm_reverts)
{
	struct flash *flash = flash_with_old(f);

	CHECK_EQ(load(flash, 2, NEW_COUNTER, ROAD_FIRMWARE_PENDING_TEST), ROAD_FIRMWARE_OK);
	CHECK_EQ(boot(flash), 2);
	CHECK_EQ(state_of(flash).confirmed, 0);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(boot(flash), 1);
	CHECK_EQ(state_of(flash).confirmed, 1);
	road_firmware_keys_free(flash->keys);
}

CONFORMANCE_CASE(firmware, fw_counter_raised_only_on_confirm)
{
	struct flash *flash = flash_with_old(f);

	CHECK_EQ(state_of(flash).counter, OLD_COUNTER);
	CHECK_EQ(load(flash, 2, NEW_COUNTER, ROAD_FIRMWARE_PENDING_TEST), ROAD_FIRMWARE_OK);
	CHECK_EQ(state_of(flash).counter, OLD_COUNTER);
	CHECK_EQ(boot(flash), 2);
	CHECK_EQ(state_of(flash).counter, OLD_COUNTER);
	CHECK_EQ(boot(flash), 1); /* the way back is open */
	CHECK_EQ(load(flash, 2, NEW_COUNTER, ROAD_FIRMWARE_PENDING_TEST), ROAD_FIRMWARE_OK);
	CHECK_EQ(boot_and_confirm(flash), ROAD_FIRMWARE_OK);
	CHECK_EQ(state_of(flash).counter, NEW_COUNTER);
	CHECK_EQ(load(flash, 1, OLD_COUNTER, ROAD_FIRMWARE_PENDING_TEST), ROAD_FIRMWARE_ROLLBACK);
	CHECK_EQ(boot(flash), 2);
	road_firmware_keys_free(flash->keys);
}

/* ---- power ---- */

/* An update, cut at its write `cut_at` (0: not at all). True: it was over before that. */
static bool update(struct flash *flash, uint32_t cut_at)
{
	flash->writes = 0;
	flash->cut_at = cut_at;
	flash->dead = false;
	bool done = !load(flash, 2, NEW_COUNTER, ROAD_FIRMWARE_PENDING_TEST);

	/* What is dead answers nothing: a restart is needed first. */
	done = done && !boot_and_confirm(flash);
	flash->cut_at = 0;
	flash->dead = false;
	return done;
}

/* After power is back: the old one or the new one boots, and the counter is of what is there. */
static void check_alive(struct flash *flash, uint32_t cut, uint32_t again)
{
	const uint32_t before = state_of(flash).counter;
	const uint8_t version = boot(flash);

	if ((version != 1 && version != 2) || (before == NEW_COUNTER && version != 2))
		case_note("cut at write %u, and %u of the recovery: %u boots, counter %u", cut,
			  again, version, before);
	CHECK(version == 1 || version == 2);
	CHECK(before == OLD_COUNTER || (before == NEW_COUNTER && version == 2));
	CHECK(state_of(flash).counter >= before);
}

CONFORMANCE_CASE(firmware, fw_cut_every_write)
{
	struct flash *flash = flash_with_old(f), *cut = fixture_memory(f, sizeof(*cut));
	uint32_t at = 0;
	bool done;

	do {
		*cut = *flash;
		done = update(cut, ++at);
		check_alive(cut, at, 0);
		if (done) {
			CHECK_EQ(boot(cut), 2);
			CHECK_EQ(state_of(cut).counter, NEW_COUNTER);
		}
	} while (!done && at < 1000);
	CHECK(done && at > 3);
	road_firmware_keys_free(flash->keys);
}

/* What a restart does, cut at its write `cut_at`. True: it was over before that. */
static bool recover(struct flash *flash, uint32_t cut_at)
{
	flash->writes = 0;
	flash->cut_at = cut_at;
	const bool done = boot_and_confirm(flash) == ROAD_FIRMWARE_OK && !flash->dead;

	flash->cut_at = 0;
	flash->dead = false;
	return done;
}

CONFORMANCE_CASE(firmware, fw_cut_during_recovery)
{
	struct flash *flash = flash_with_old(f), *cut = fixture_memory(f, sizeof(*cut));
	struct flash *again = fixture_memory(f, sizeof(*again));
	bool done;

	*cut = *flash;
	for (uint32_t at = 1; !update(cut, at) && at < 1000; at++) {
		uint32_t second = 0;

		do {
			*again = *cut;
			done = recover(again, ++second);
			check_alive(again, at, second);
		} while (!done && second < 1000);
		CHECK(done);
		CHECK(update(again, 0)); /* the next try is free to go */
		CHECK_EQ(boot(again), 2);
		*cut = *flash;
	}
	road_firmware_keys_free(flash->keys);
}

/* Whatever byte of a slot is wrong: what boots is whole, and it is the other one if it has to be.
 */
CONFORMANCE_CASE(firmware, fw_slot_corruption_every_byte)
{
	struct flash *flash = flash_with_old(f), *bad = fixture_memory(f, sizeof(*bad));
	uint32_t passed_over = 0;

	REQUIRE_EQ(load(flash, 2, NEW_COUNTER, ROAD_FIRMWARE_PENDING_TEST), ROAD_FIRMWARE_OK);
	for (uint32_t at = ROAD_FIRMWARE_STORE_HEAD_BYTES; at < FLASH; at++) {
		if (at % SLOT > IMAGE && at % 61)
			continue; /* bytes that nobody reads: some of them will do */
		*bad = *flash;
		bad->bytes[at] ^= 1;
		const uint8_t version = boot(bad);

		CHECK(version == 1 || version == 2);
		passed_over += version == 1;
	}
	CHECK(passed_over > 100 && passed_over <= IMAGE);
	road_firmware_keys_free(flash->keys);
}
