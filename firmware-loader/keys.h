/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of public keys, and their hashes. */
#ifndef FIRMWARE_LOADER_KEYS_H
#define FIRMWARE_LOADER_KEYS_H

#include <roadbed/firmware.h>

struct known_key {
	road_firmware_key key;
	uint8_t hash[32]; /* of its DER: what an image names it by */
};
struct road_firmware_keys {
	struct known_key *all;
	uint32_t count, room;
};

/* SHA-256 of the DER of a public key. */
void keys_hash(const uint8_t key[ROAD_FIRMWARE_PUBLIC_BYTES], uint8_t out[32]);
/* NULL: there is none. */
const struct known_key *keys_find(const road_firmware_keys *keys, const uint8_t hash[32]);
/* libsodium is ready; else UNSUPPORTED. */
road_firmware_error keys_ready(road_firmware_detail *detail);

#endif
