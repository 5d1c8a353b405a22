/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as an image, as a key file. What is read tells the same as the bytes do, and nothing
 * of it is handed out: nobody guesses a signature. A first byte with its lowest bit set makes a
 * signed image and a key file, then changes single bytes of them: only the unchanged image
 * verifies.
 */
#include <roadbed/firmware.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>

#include "tests/fuzz/reader.h"

enum { CHANGES = 3 };

static volatile uint8_t touched; /* what is read of entries: a sanitizer sees where that is */
static const uint8_t seed[ROAD_FIRMWARE_SEED_BYTES] = {'f', 'u', 'z', 'z'};

static void check(int fine)
{
	if (!fine)
		abort();
}

static road_firmware_keys *no_keys(void)
{
	road_firmware_keys *keys;

	check(!road_firmware_keys_create(&keys, NULL));
	return keys;
}

static void walk(const road_firmware_image *image, size_t size)
{
	road_firmware_image_info info = {.size = sizeof(info)};
	road_firmware_tlv tlv = {.size = sizeof(tlv)};
	road_firmware_dependency dependency;
	uint32_t count = 0, dependencies = 0;

	check(!road_firmware_image_info_get(image, &info));
	check(info.total_bytes == size && info.header_bytes + info.payload_bytes < size);
	check(memchr(info.component, 0, sizeof(info.component)) != NULL);
	for (; !road_firmware_image_tlv(image, count, &tlv); count++)
		for (uint32_t i = 0; i < tlv.bytes; i++)
			touched ^= ((const uint8_t *)tlv.value)[i];
	while (!road_firmware_image_dependency(image, dependencies, &dependency))
		dependencies++;
	check(dependencies == info.dependency_count && count >= 3 + dependencies);
}

static void try_image(const uint8_t *data, size_t size)
{
	road_firmware_detail detail = {.size = sizeof(detail)};
	road_firmware_image *image = NULL;
	road_firmware_keys *keys = no_keys();
	const void *bytes;
	size_t count;

	if (road_firmware_image_read(data, size, &image, &detail)) {
		check(detail.what[0] && !image);
	} else {
		walk(image, size);
		check(road_firmware_image_verify(image, keys, NULL, &detail));
		check(road_firmware_image_payload(image, &bytes, &count, NULL) ==
		      ROAD_FIRMWARE_NOT_VERIFIED);
	}
	road_firmware_image_free(image);
	road_firmware_keys_free(keys);
}

static void try_key(const uint8_t *data, size_t size)
{
	road_firmware_detail detail = {.size = sizeof(detail)};
	road_firmware_key key = {.size = sizeof(key)}, again = {.size = sizeof(again)};
	uint8_t other[ROAD_FIRMWARE_SEED_BYTES];
	char *text;
	size_t bytes;

	if (!road_firmware_key_read_private((const char *)data, size, other, &detail)) {
		check(!road_firmware_key_write_private(other, &text, &bytes, NULL));
		road_firmware_free(text);
	}
	if (road_firmware_key_read_public((const char *)data, size, &key, &detail)) {
		check(detail.error == ROAD_FIRMWARE_BAD_KEY_FILE && detail.where[0]);
		return;
	}
	check(!road_firmware_key_write_public(&key, &text, &bytes, NULL));
	check(!road_firmware_key_read_public(text, bytes, &again, NULL));
	check(!memcmp(&key, &again, sizeof(key)));
	road_firmware_free(text);
}

static road_firmware_sign_options options_of(struct reader *r, road_firmware_dependency *needed)
{
	road_firmware_sign_options options = {.size = sizeof(options),
					      .has = reader_u8(r) & 7,
					      .dependencies = needed,
					      .dependency_count = reader_u8(r) % 4};

	for (uint32_t i = 0; i < options.dependency_count; i++)
		needed[i].image = reader_u8(r);
	options.counter = reader_u8(r);
	options.version.major = reader_u8(r);
	options.component = options.counter & 1 ? "boot" : NULL;
	return options;
}

/* Verified exactly if nothing was changed. */
static void judge(const uint8_t *made, size_t bytes, bool same)
{
	uint8_t secret[crypto_sign_SECRETKEYBYTES];
	road_firmware_key key = {.size = sizeof(key)};
	road_firmware_keys *keys = no_keys();
	road_firmware_image *image = NULL;

	crypto_sign_seed_keypair(key.key, secret, seed);
	check(!road_firmware_keys_add(keys, &key, NULL));
	road_firmware_error rc = road_firmware_image_read(made, bytes, &image, NULL);

	if (!rc)
		rc = road_firmware_image_verify(image, keys, NULL, NULL);
	check(same == !rc);
	road_firmware_image_free(image);
	road_firmware_keys_free(keys);
}

/* Changes some bytes of what was made. */
static void change(struct reader *r, uint8_t *made, size_t bytes)
{
	for (unsigned i = 0; i < CHANGES; i++) {
		const size_t at = reader_u64(r) % bytes;

		made[at] ^= reader_u8(r);
	}
}

/* A sound image, a sound key, and what becomes of them. */
static void try_changed(struct reader *r)
{
	road_firmware_dependency needed[4] = {0};
	const road_firmware_sign_options options = options_of(r, needed);
	const uint8_t *payload = r->at;
	const size_t payload_bytes = r->left;
	uint8_t *made;
	char *text;
	size_t bytes;

	if (road_firmware_sign(payload, payload_bytes, seed, &options, (void **)&made, &bytes,
			       NULL)) {
		check(!payload_bytes);
		return;
	}
	judge(made, bytes, true);
	uint8_t *copy = malloc(bytes);

	check(copy != NULL);
	memcpy(copy, made, bytes);
	change(r, made, bytes);
	judge(made, bytes, !memcmp(copy, made, bytes));
	try_image(made, bytes);
	free(copy);
	road_firmware_free(made);
	check(!road_firmware_key_write_private(seed, &text, &bytes, NULL));
	change(r, (uint8_t *)text, bytes);
	try_key((const uint8_t *)text, bytes);
	road_firmware_free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = {data, size};
	const uint8_t kind = reader_u8(&r);

	if (kind & 1)
		try_changed(&r);
	else
		try_image(r.at, r.left);
	try_key(r.at, r.left);
	return 0;
}
