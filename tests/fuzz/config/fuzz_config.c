/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arbitrary bytes as a configuration image: the driver's helper and the chip, which share no code,
 * must agree on whether it is sound. The first byte: kind that is expected; its top bit: the
 * checksum is put right before, so that what lies behind it is reached, too.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hal/helpers/region_unit.h"
#include "simulators/regions/internal.h"
#include "tests/fuzz/reader.h"

/* What the helper calls of the core. */
road_status road_drv_error(road_status status, const char *what, const char *where,
			   const char *seen, const char *allowed)
{
	if (!what || !where || (seen && !strlen(seen)))
		abort();
	(void)allowed;
	return status;
}

road_status road_drv_errorf(road_status status, const char *where, const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	if (!where || vsnprintf(text, sizeof(text), format, args) <= 0)
		abort();
	va_end(args);
	return status;
}

static void seal(uint8_t *image, size_t bytes)
{
	struct road_config_header header;
	uint32_t crc;

	memcpy(&header, image, sizeof(header));
	/* Only what both would walk through: else there is nothing to seal. */
	if (header.relocation_count > ROAD_CONFIG_RELOCATIONS_MAX ||
	    header.claim_count > ROAD_CONFIG_CLAIMS_MAX || header.total_bytes != bytes)
		return;
	uint64_t at = sizeof(header) + header.claim_count * sizeof(struct road_config_claim);
	uint64_t payload =
		at + (uint64_t)header.relocation_count * sizeof(struct road_config_relocation);
	uint8_t *canonical = malloc(bytes);

	if (!canonical)
		abort();
	memcpy(canonical, image, bytes);
	memset(canonical + offsetof(struct road_config_header, crc), 0, sizeof(crc));
	for (uint32_t i = 0; i < header.relocation_count && payload <= bytes; i++) {
		struct road_config_relocation one;

		memcpy(&one, image + at + i * sizeof(one), sizeof(one));
		if (payload + one.offset + 4 <= bytes)
			memset(canonical + payload + one.offset, 0, 4);
	}
	crc = region_crc(0, canonical, bytes);
	memcpy(image + offsetof(struct road_config_header, crc), &crc, sizeof(crc));
	free(canonical);
}

static bool chip_takes(const uint8_t *image, uint32_t bytes, uint32_t kind, uint8_t *canonical)
{
	struct region_content *content = region_content_new(bytes);
	struct region_finding found;

	if (!content)
		abort();
	memcpy(content->canonical, image, bytes);
	enum road_config_error error = region_image_check(content, kind, &found);

	if (error && (found.at > bytes || found.rule == ROAD_REGION_RULE_NONE))
		abort();
	if (!error) {
		const struct region part = {.index = 1, .first_unit = 3, .units = 2};

		region_image_relocate(content, &part);
		memcpy(canonical, content->canonical, bytes);
	}
	free(content);
	return !error;
}

static bool driver_takes(const uint8_t *image, uint32_t bytes, uint32_t kind, uint8_t *canonical)
{
	struct road_region_payload payload;

	memcpy(canonical, image, bytes);
	if (road_region_image_check(image, bytes, kind, canonical, &payload))
		return false;
	if (payload.offset + payload.byte_count > bytes ||
	    payload.bytes != canonical + payload.offset)
		abort();
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2 || size > 1u << 16)
		return 0;
	const uint32_t kind = data[0] & 0x7f, bytes = (uint32_t)size - 1;
	uint8_t *image = malloc(bytes), *one = malloc(bytes), *other = malloc(bytes);

	if (!image || !one || !other)
		abort();
	memcpy(image, data + 1, bytes);
	if (data[0] & 0x80 && bytes >= sizeof(struct road_config_header))
		seal(image, bytes);
	bool chip = chip_takes(image, bytes, kind, one);

	if (chip != driver_takes(image, bytes, kind, other))
		abort();
	if (chip && memcmp(one, other, bytes))
		abort(); /* they disagree on the canonical form */
	free(image);
	free(one);
	free(other);
	return 0;
}
