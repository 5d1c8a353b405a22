/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Containers byte by byte, with digest and signature that are right whatever else is wrong, by
 * code that shares nothing with the loader's. Keys are made when the tests run.
 */
#ifndef TESTS_UNIT_FIRMWARE_FORGE_H
#define TESTS_UNIT_FIRMWARE_FORGE_H

#include <roadbed/firmware.h>
#include <stdbool.h>

#include "tests/support/tap.h"

enum { FORGE_ENTRIES = 300, FORGE_ROOM = 16384 };

struct forge_entry {
	uint16_t type, bytes;
	const void *value;
};
struct forge {
	uint8_t header[32]; /* sizes, magic and version are set by forge_begin */
	const void *payload;
	uint32_t payload_bytes, header_bytes;
	struct forge_entry inside[FORGE_ENTRIES], outside[FORGE_ENTRIES];
	uint32_t inside_count, outside_count;
	bool bare; /* digest, key hash and signature are not added */
	uint8_t seed[32], key[32];
	/* made by forge_seal */
	uint8_t bytes[FORGE_ROOM];
	size_t byte_count, outside_at;
};

/* A sound image with version 1.2.3+4 and no entries but the three. */
void forge_begin(struct forge *f);
void forge_inside(struct forge *f, uint16_t type, const void *value, uint16_t bytes);
void forge_outside(struct forge *f, uint16_t type, const void *value, uint16_t bytes);
void forge_seal(struct forge *f);
/* Reads it, and verifies it by its own key if `verify`. */
road_firmware_error forge_judge(const struct forge *f, bool verify, road_firmware_detail *detail);
/* The same of other bytes. */
road_firmware_error forge_judge_bytes(const struct forge *f, const void *bytes, size_t count,
				      bool verify, road_firmware_detail *detail);

/* A set of this one key. */
road_firmware_keys *forge_keys(const uint8_t key[32]);
/* Reads or fails the test. */
road_firmware_image *forge_read(const void *bytes, size_t count);
/* Is the detail of this error, and does `where` hold this text? Complains itself. */
bool forge_says(const road_firmware_detail *detail, road_firmware_error error, const char *where);

#endif
