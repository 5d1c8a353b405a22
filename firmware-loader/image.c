/* SPDX-License-Identifier: Apache-2.0 */
/* Images: taken in, looked at, and, once verified, handed out. */
#include <stdlib.h>
#include <string.h>

#include "firmware-loader/bytes.h"
#include "firmware-loader/container.h"
#include "firmware-loader/detail.h"
#include "uapi/firmware/image.h"

static const size_t most_bytes =
	ROAD_FW_HEADER_MAX + (size_t)ROAD_FW_PAYLOAD_MAX + ROAD_FW_PROTECTED_MAX + ROAD_FW_TLVS_MAX;

road_firmware_error road_firmware_image_read(const void *bytes, size_t byte_count,
					     road_firmware_image **out,
					     road_firmware_detail *detail)
{
	road_firmware_image *image;
	road_firmware_error rc;

	if (!out || (!bytes && byte_count))
		return firmware_refuse(detail, ROAD_FIRMWARE_INVALID_ARGUMENT,
				       (struct finding){"is NULL", out ? "bytes" : "out", "", ""});
	if (byte_count > most_bytes)
		return firmware_refuse_number(detail, ROAD_FIRMWARE_TOO_BIG, "image is too big",
					      "image", byte_count, "at most # bytes", most_bytes);
	image = calloc(1, sizeof(*image) + byte_count);
	if (!image)
		return firmware_refuse(detail, ROAD_FIRMWARE_OUT_OF_MEMORY,
				       (struct finding){"out of memory", "image", "", ""});
	image->info.size = sizeof(image->info);
	image->byte_count = byte_count;
	if (byte_count)
		memcpy(image->bytes, bytes, byte_count);
	rc = container_parse(image, detail);
	if (rc)
		free(image);
	else
		*out = image;
	return rc;
}

void road_firmware_image_free(road_firmware_image *image)
{
	free(image);
}

road_firmware_error road_firmware_image_info_get(const road_firmware_image *image,
						 road_firmware_image_info *out)
{
	if (!image || !bytes_struct_out(out, &image->info, sizeof(image->info)))
		return ROAD_FIRMWARE_INVALID_ARGUMENT;
	return ROAD_FIRMWARE_OK;
}

road_firmware_error road_firmware_image_dependency(const road_firmware_image *image, uint32_t index,
						   road_firmware_dependency *out)
{
	if (!image || !out)
		return ROAD_FIRMWARE_INVALID_ARGUMENT;
	for (uint32_t at = image->areas[AREA_PROTECTED].at;
	     at < image->areas[AREA_PROTECTED].end;) {
		const struct entry entry = container_entry(image, &at);
		const uint8_t *value = image->bytes + entry.at;

		if (entry.type != ROAD_FW_TLV_DEPENDENCY || index--)
			continue;
		*out = (road_firmware_dependency){
			value[0], {value[4], value[5], bytes_u16(value + 6), bytes_u32(value + 8)}};
		return ROAD_FIRMWARE_OK;
	}
	return ROAD_FIRMWARE_NOT_FOUND;
}

road_firmware_error road_firmware_image_tlv(const road_firmware_image *image, uint32_t index,
					    road_firmware_tlv *out)
{
	if (!image || !out)
		return ROAD_FIRMWARE_INVALID_ARGUMENT;
	for (unsigned area = 0; area < AREAS; area++)
		for (uint32_t at = image->areas[area].at; at < image->areas[area].end;) {
			const struct entry entry = container_entry(image, &at);
			const road_firmware_tlv made = {.type = entry.type,
							.is_protected = area == AREA_PROTECTED,
							.bytes = entry.bytes,
							.value = image->bytes + entry.at};

			if (!index--)
				return bytes_struct_out(out, &made, sizeof(made))
					       ? ROAD_FIRMWARE_OK
					       : ROAD_FIRMWARE_INVALID_ARGUMENT;
		}
	return ROAD_FIRMWARE_NOT_FOUND;
}

static road_firmware_error hand_out(const road_firmware_image *image, const void **bytes,
				    size_t *byte_count, road_firmware_detail *detail)
{
	if (!image || !bytes || !byte_count)
		return firmware_refuse(detail, ROAD_FIRMWARE_INVALID_ARGUMENT,
				       (struct finding){"is NULL", "argument", "", ""});
	if (!image->info.verified)
		return firmware_refuse(detail, ROAD_FIRMWARE_NOT_VERIFIED,
				       (struct finding){"no bytes of an image that is not verified",
							"image", "",
							"after road_firmware_image_verify"});
	return ROAD_FIRMWARE_OK;
}

road_firmware_error road_firmware_image_payload(const road_firmware_image *image,
						const void **bytes, size_t *byte_count,
						road_firmware_detail *detail)
{
	road_firmware_error rc = hand_out(image, bytes, byte_count, detail);

	if (rc)
		return rc;
	*bytes = image->bytes + image->info.header_bytes;
	*byte_count = (size_t)image->info.payload_bytes;
	return ROAD_FIRMWARE_OK;
}

road_firmware_error road_firmware_image_bytes(const road_firmware_image *image, const void **bytes,
					      size_t *byte_count, road_firmware_detail *detail)
{
	road_firmware_error rc = hand_out(image, bytes, byte_count, detail);

	if (rc)
		return rc;
	*bytes = image->bytes;
	*byte_count = image->byte_count;
	return ROAD_FIRMWARE_OK;
}
