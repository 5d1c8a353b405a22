/* SPDX-License-Identifier: Apache-2.0 */
/* A bundle's manifest: parts of a folder's components, one a line. */
#ifndef FIRMWARE_LOADER_BUNDLE_H
#define FIRMWARE_LOADER_BUNDLE_H

#include <roadbed/firmware_store.h>

#define BUNDLE_MANIFEST "MANIFEST.img"
/* As many as an image's dependencies can tell apart. */
#define BUNDLE_ENTRIES_MAX 256u

/* All lines of a manifest, in a list to be freed; at least one, no component twice. */
road_firmware_error bundle_parse(const char *text, size_t bytes, road_firmware_bundle_entry **out,
				 uint32_t *count, road_firmware_detail *detail);

#endif
