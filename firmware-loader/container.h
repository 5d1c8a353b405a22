/* SPDX-License-Identifier: Apache-2.0 */
/* The one copy of an image's bytes, and what the parser found in it. */
#ifndef FIRMWARE_LOADER_CONTAINER_H
#define FIRMWARE_LOADER_CONTAINER_H

#include <roadbed/firmware.h>

#include <stdbool.h>

/* The entries of one area, the area's head left out: [at, end) of the file. */
struct area {
	uint32_t at, end;
};
enum { AREA_PROTECTED, AREA_OPEN, AREAS };

struct road_firmware_image {
	road_firmware_image_info info;
	struct area areas[AREAS];
	uint32_t signed_bytes; /* what the digest is of: all before the open area's head */
	/* Written once, before it is parsed; whatever is answered or verified is read from here. */
	size_t byte_count;
	uint8_t bytes[];
};

/* An entry that was found sound; at: of its value. */
struct entry {
	uint16_t type, bytes;
	uint32_t at;
};
/* The entry at *at, which goes behind it. Of areas that were parsed. */
struct entry container_entry(const road_firmware_image *image, uint32_t *at);

/* Fills info and areas from bytes. */
road_firmware_error container_parse(road_firmware_image *image, road_firmware_detail *detail);
/* All entries of both areas, once the header is parsed. */
road_firmware_error container_parse_entries(road_firmware_image *image,
					    road_firmware_detail *detail);

#endif
