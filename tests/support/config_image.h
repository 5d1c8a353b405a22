/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration images that a test changes: read, poked, sealed again. */
#ifndef TESTS_SUPPORT_CONFIG_IMAGE_H
#define TESTS_SUPPORT_CONFIG_IMAGE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { CONFIG_HEADER = 104, CONFIG_CRC = 12, CONFIG_IMAGE_ROOM = 4096 }; /* of uapi/region.h */

/* 0: it cannot be read. */
static inline size_t config_image_read(const char *path, uint8_t out[CONFIG_IMAGE_ROOM])
{
	FILE *in = fopen(path, "rb");
	size_t count = in ? fread(out, 1, CONFIG_IMAGE_ROOM, in) : 0;

	if (in)
		fclose(in);
	return count;
}

/* Puts `bytes` of the payload at `at`, and the checksum (CRC-32C) right. Of images that relocate
 * nothing. */
static inline void config_image_poke(uint8_t *image, size_t count, size_t at, const void *from,
				     size_t bytes)
{
	uint32_t crc = UINT32_MAX;

	memcpy(image + CONFIG_HEADER + at, from, bytes);
	memset(image + CONFIG_CRC, 0, sizeof(crc));
	for (size_t i = 0; i < count; i++) {
		crc ^= image[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
	}
	crc = ~crc;
	memcpy(image + CONFIG_CRC, &crc, sizeof(crc));
}

#endif
