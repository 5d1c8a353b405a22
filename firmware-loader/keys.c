/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of public keys. A key that is added again only ever gets stricter. */
#include "firmware-loader/keys.h"

#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "firmware-loader/bytes.h"
#include "firmware-loader/detail.h"
#include "uapi/firmware/image.h"

enum { KEYS_MAX = 4096, FIRST_ROOM = 8 };

void keys_hash(const uint8_t key[ROAD_FIRMWARE_PUBLIC_BYTES], uint8_t out[32])
{
	uint8_t der[ROAD_FW_KEY_DER_BYTES] = ROAD_FW_KEY_DER_PREFIX;

	memcpy(der + sizeof(der) - ROAD_FIRMWARE_PUBLIC_BYTES, key, ROAD_FIRMWARE_PUBLIC_BYTES);
	crypto_hash_sha256(out, der, sizeof(der));
}

const struct known_key *keys_find(const road_firmware_keys *keys, const uint8_t hash[32])
{
	for (uint32_t i = 0; i < keys->count; i++)
		if (!memcmp(keys->all[i].hash, hash, sizeof(keys->all[i].hash)))
			return &keys->all[i];
	return NULL;
}

road_firmware_error keys_ready(road_firmware_detail *detail)
{
	if (sodium_init() >= 0)
		return ROAD_FIRMWARE_OK;
	return firmware_refuse(detail, ROAD_FIRMWARE_UNSUPPORTED,
			       (struct finding){"libsodium does not start", "libsodium", "", ""});
}

road_firmware_error road_firmware_keys_create(road_firmware_keys **out,
					      road_firmware_detail *detail)
{
	road_firmware_error rc = keys_ready(detail);

	if (rc)
		return rc;
	if (!out)
		return firmware_refuse(detail, ROAD_FIRMWARE_INVALID_ARGUMENT,
				       (struct finding){"is NULL", "out", "", ""});
	road_firmware_keys *keys = calloc(1, sizeof(*keys));

	if (!keys)
		return firmware_refuse(detail, ROAD_FIRMWARE_OUT_OF_MEMORY,
				       (struct finding){"out of memory", "keys", "", ""});
	*out = keys;
	return ROAD_FIRMWARE_OK;
}

void road_firmware_keys_free(road_firmware_keys *keys)
{
	if (keys)
		free(keys->all);
	free(keys);
}

static road_firmware_error check(const road_firmware_key *key, road_firmware_detail *detail)
{
	if (key->has & ~BYTES_HAS_ALL)
		return firmware_refuse_number(detail, ROAD_FIRMWARE_INVALID_ARGUMENT,
					      "unknown bits", "key.has", key->has,
					      "of ROAD_FIRMWARE_HAS_*:", BYTES_HAS_ALL);
	if (key->revoked > 1)
		return firmware_refuse_number(detail, ROAD_FIRMWARE_INVALID_ARGUMENT,
					      "no such value", "key.revoked", key->revoked, "0 or",
					      1);
	return ROAD_FIRMWARE_OK;
}

static road_firmware_error merge_uuid(road_firmware_key *old, const road_firmware_key *key,
				      uint32_t bit, road_firmware_uuid *to,
				      const road_firmware_uuid *from, road_firmware_detail *detail)
{
	char seen[ROAD_FIRMWARE_UUID_TEXT], right[ROAD_FIRMWARE_UUID_TEXT];

	if (!(key->has & bit))
		return ROAD_FIRMWARE_OK;
	if ((old->has & bit) && memcmp(to, from, sizeof(*to))) {
		road_firmware_uuid_format(from, seen);
		road_firmware_uuid_format(to, right);
		return firmware_refuse(
			detail, ROAD_FIRMWARE_INVALID_ARGUMENT,
			(struct finding){"the same key is there for another",
					 bit == ROAD_FIRMWARE_HAS_VENDOR ? "vendor" : "class", seen,
					 right});
	}
	*to = *from;
	old->has |= bit;
	return ROAD_FIRMWARE_OK;
}

/* The stricter of both. */
static road_firmware_error merge(road_firmware_key *into, const road_firmware_key *key,
				 road_firmware_detail *detail)
{
	road_firmware_key made = *into;
	road_firmware_error rc = merge_uuid(&made, key, ROAD_FIRMWARE_HAS_VENDOR, &made.vendor,
					    &key->vendor, detail);

	if (!rc)
		rc = merge_uuid(&made, key, ROAD_FIRMWARE_HAS_CLASS, &made.chip_class,
				&key->chip_class, detail);
	if (rc)
		return rc;
	made.revoked |= key->revoked;
	if ((key->has & ROAD_FIRMWARE_HAS_COUNTER) && key->minimum_counter >= made.minimum_counter)
		made.minimum_counter = key->minimum_counter;
	made.has |= key->has & ROAD_FIRMWARE_HAS_COUNTER;
	*into = made;
	return ROAD_FIRMWARE_OK;
}

static bool grow(road_firmware_keys *keys)
{
	const uint32_t room = keys->room ? 2 * keys->room : FIRST_ROOM;
	struct known_key *all = reallocarray(keys->all, room, sizeof(*all));

	if (!all)
		return false;
	keys->all = all;
	keys->room = room;
	return true;
}

static road_firmware_error append(road_firmware_keys *keys, const struct known_key *key,
				  road_firmware_detail *detail)
{
	if (keys->count == KEYS_MAX)
		return firmware_refuse_number(detail, ROAD_FIRMWARE_TOO_BIG, "too many keys",
					      "keys", keys->count + 1, "at most", KEYS_MAX);
	if (keys->count == keys->room && !grow(keys))
		return firmware_refuse(detail, ROAD_FIRMWARE_OUT_OF_MEMORY,
				       (struct finding){"out of memory", "keys", "", ""});
	keys->all[keys->count++] = *key;
	return ROAD_FIRMWARE_OK;
}

road_firmware_error road_firmware_keys_add(road_firmware_keys *keys, const road_firmware_key *key,
					   road_firmware_detail *detail)
{
	struct known_key made = {0};
	road_firmware_error rc =
		bytes_struct_in(&made.key, sizeof(made.key), keys ? key : NULL, "key", detail);

	if (!rc)
		rc = check(&made.key, detail);
	if (rc)
		return rc;
	made.key.size = sizeof(made.key);
	if (!(made.key.has & ROAD_FIRMWARE_HAS_COUNTER))
		made.key.minimum_counter = 0;
	keys_hash(made.key.key, made.hash);
	for (uint32_t i = 0; i < keys->count; i++)
		if (!memcmp(keys->all[i].hash, made.hash, sizeof(made.hash)))
			return merge(&keys->all[i].key, &made.key, detail);
	return append(keys, &made, detail);
}

road_firmware_error road_firmware_keys_get(const road_firmware_keys *keys, uint32_t index,
					   road_firmware_key *out)
{
	if (!keys || !out)
		return ROAD_FIRMWARE_INVALID_ARGUMENT;
	if (index >= keys->count)
		return ROAD_FIRMWARE_NOT_FOUND;
	return bytes_struct_out(out, &keys->all[index].key, sizeof(keys->all[index].key))
		       ? ROAD_FIRMWARE_OK
		       : ROAD_FIRMWARE_INVALID_ARGUMENT;
}
