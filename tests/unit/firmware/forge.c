/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/firmware/forge.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

static void put16(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)value;
	at[1] = (uint8_t)(value >> 8);
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value & 0xffff);
	put16(at + 2, value >> 16);
}

void forge_begin(struct forge *f)
{
	static const uint8_t payload[] = "what a command processor obeys";
	static const uint8_t version[] = {1, 2, 3, 0, 4, 0, 0, 0};
	uint8_t secret[crypto_sign_SECRETKEYBYTES];

	memset(f, 0, sizeof(*f));
	CU_ASSERT_FATAL(sodium_init() >= 0);
	randombytes_buf(f->seed, sizeof(f->seed));
	crypto_sign_seed_keypair(f->key, secret, f->seed);
	put32(f->header, 0x96f3b83d);
	memcpy(f->header + 20, version, sizeof(version));
	f->payload = payload;
	f->payload_bytes = sizeof(payload);
	f->header_bytes = 32;
}

static void add(struct forge_entry *entries, uint32_t *count, struct forge_entry entry)
{
	CU_ASSERT_FATAL(*count < FORGE_ENTRIES);
	entries[(*count)++] = entry;
}

void forge_inside(struct forge *f, uint16_t type, const void *value, uint16_t bytes)
{
	add(f->inside, &f->inside_count, (struct forge_entry){type, bytes, value});
}

void forge_outside(struct forge *f, uint16_t type, const void *value, uint16_t bytes)
{
	add(f->outside, &f->outside_count, (struct forge_entry){type, bytes, value});
}

static void put(struct forge *f, const void *from, size_t bytes)
{
	CU_ASSERT_FATAL(bytes <= FORGE_ROOM - f->byte_count);
	if (bytes)
		memcpy(f->bytes + f->byte_count, from, bytes);
	f->byte_count += bytes;
}

static size_t size_of(const struct forge_entry *entries, uint32_t count)
{
	size_t bytes = 4;

	for (uint32_t i = 0; i < count; i++)
		bytes += 4u + entries[i].bytes;
	return bytes;
}

static void put_area(struct forge *f, uint16_t magic, const struct forge_entry *entries,
		     uint32_t count)
{
	uint8_t head[4];

	put16(head, magic);
	put16(head + 2, size_of(entries, count));
	put(f, head, sizeof(head));
	for (uint32_t i = 0; i < count; i++) {
		put16(head, entries[i].type);
		put16(head + 2, entries[i].bytes);
		put(f, head, sizeof(head));
		put(f, entries[i].value, entries[i].bytes);
	}
}

/* The three entries of a signature over what is in f so far. */
static void sign(struct forge *f, uint8_t digest[32], uint8_t hash[32], uint8_t signature[64])
{
	uint8_t der[44] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
	uint8_t secret[crypto_sign_SECRETKEYBYTES], key[32];

	crypto_sign_seed_keypair(key, secret, f->seed);
	memcpy(der + 12, key, sizeof(key));
	crypto_hash_sha256(digest, f->bytes, f->byte_count);
	crypto_hash_sha256(hash, der, sizeof(der));
	crypto_sign_detached(signature, NULL, digest, 32, secret);
}

void forge_seal(struct forge *f)
{
	static const uint8_t padding[4096];
	static uint8_t digest[32], hash[32], signature[64];
	const uint32_t given = f->outside_count;
	uint8_t header[32];

	memcpy(header, f->header, sizeof(header));
	put16(header + 8, f->header_bytes);
	put16(header + 10, f->inside_count ? size_of(f->inside, f->inside_count) : 0);
	put32(header + 12, f->payload_bytes);
	f->byte_count = 0;
	put(f, header, sizeof(header));
	put(f, padding, f->header_bytes - sizeof(header));
	put(f, f->payload, f->payload_bytes);
	if (f->inside_count)
		put_area(f, 0x6908, f->inside, f->inside_count);
	f->outside_at = f->byte_count;
	sign(f, digest, hash, signature);
	if (!f->bare) {
		forge_outside(f, 0x10, digest, sizeof(digest));
		forge_outside(f, 0x01, hash, sizeof(hash));
		forge_outside(f, 0x24, signature, sizeof(signature));
	}
	put_area(f, 0x6907, f->outside, f->outside_count);
	f->outside_count = given;
}

road_firmware_keys *forge_keys(const uint8_t key[32])
{
	road_firmware_key added = {.size = sizeof(added)};
	road_firmware_keys *keys = NULL;

	memcpy(added.key, key, sizeof(added.key));
	CU_ASSERT_EQUAL_FATAL(road_firmware_keys_create(&keys, NULL), ROAD_FIRMWARE_OK);
	CU_ASSERT_EQUAL_FATAL(road_firmware_keys_add(keys, &added, NULL), ROAD_FIRMWARE_OK);
	return keys;
}

road_firmware_image *forge_read(const void *bytes, size_t count)
{
	road_firmware_detail detail = {.size = sizeof(detail)};
	road_firmware_image *image = NULL;

	CU_ASSERT_EQUAL_FATAL(road_firmware_image_read(bytes, count, &image, &detail),
			      ROAD_FIRMWARE_OK);
	return image;
}

road_firmware_error forge_judge_bytes(const struct forge *f, const void *bytes, size_t count,
				      bool verify, road_firmware_detail *detail)
{
	road_firmware_image *image = NULL;
	const void *payload = NULL;
	size_t payload_bytes = 0;
	road_firmware_error rc = road_firmware_image_read(bytes, count, &image, detail);

	if (!rc && verify) {
		road_firmware_keys *keys = forge_keys(f->key);

		rc = road_firmware_image_verify(image, keys, NULL, detail);
		CU_ASSERT_EQUAL(road_firmware_image_payload(image, &payload, &payload_bytes, NULL),
				rc ? ROAD_FIRMWARE_NOT_VERIFIED : ROAD_FIRMWARE_OK);
		CU_ASSERT_EQUAL(!payload, rc != ROAD_FIRMWARE_OK);
		road_firmware_keys_free(keys);
	}
	road_firmware_image_free(image);
	return rc;
}

road_firmware_error forge_judge(const struct forge *f, bool verify, road_firmware_detail *detail)
{
	return forge_judge_bytes(f, f->bytes, f->byte_count, verify, detail);
}

bool forge_says(const road_firmware_detail *detail, road_firmware_error error, const char *where)
{
	if (detail->error == error && strstr(detail->where, where) && detail->what[0])
		return true;
	printf("# wanted %s at '%s', got %s: %s; where: %s; seen: %s; allowed: %s\n",
	       road_firmware_error_name(error), where, road_firmware_error_name(detail->error),
	       detail->what, detail->where, detail->seen, detail->allowed);
	return false;
}
