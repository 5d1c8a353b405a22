/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The header of an image and where its parts lie. Each number is checked before anything is
 * computed from it; sums are of 64 bits, of numbers of 32.
 */
#include "firmware-loader/container.h"

#include <inttypes.h>
#include <stdio.h>

#include "firmware-loader/bytes.h"
#include "firmware-loader/detail.h"
#include "uapi/firmware/image.h"

#define AT(member) ((uint32_t)offsetof(struct road_fw_header, member))
/* A member's place in the file, for details. */
#define PLACE(member)               \
	(struct place)              \
	{                           \
#member, AT(member) \
	}
struct place {
	const char *member;
	uint32_t at;
};

enum { ERASED = 0xff }; /* what flash reads as that nobody wrote */

static road_firmware_error refuse(road_firmware_detail *detail, road_firmware_error error,
				  const char *what, struct place place, const char *seen,
				  const char *allowed)
{
	char where[64];

	snprintf(where, sizeof(where), "header byte %u (%s)", place.at, place.member);
	return firmware_refuse(detail, error, (struct finding){what, where, seen, allowed});
}

static road_firmware_error refuse_number(road_firmware_detail *detail, road_firmware_error error,
					 const char *what, struct place place, uint64_t seen,
					 const char *rule, uint64_t allowed)
{
	char number[32], right[96];

	snprintf(number, sizeof(number), "%" PRIu64, seen);
	snprintf(right, sizeof(right), "%s %" PRIu64, rule, allowed);
	return refuse(detail, error, what, place, number, right);
}

static road_firmware_error check_magic(const road_firmware_image *image,
				       road_firmware_detail *detail)
{
	char seen[16], right[16];

	if (image->byte_count < ROAD_FW_HEADER_BYTES)
		return firmware_refuse_number(detail, ROAD_FIRMWARE_BAD_HEADER,
					      "file is shorter than a header", "header byte 0",
					      image->byte_count, "at least # bytes",
					      ROAD_FW_HEADER_BYTES);
	if (bytes_u32(image->bytes) == ROAD_FW_MAGIC)
		return ROAD_FIRMWARE_OK;
	snprintf(seen, sizeof(seen), "0x%08x", bytes_u32(image->bytes));
	snprintf(right, sizeof(right), "0x%08x", ROAD_FW_MAGIC);
	return refuse(detail, ROAD_FIRMWARE_BAD_MAGIC, "is no MCUboot image", PLACE(magic), seen,
		      right);
}

static road_firmware_error check_flags(uint32_t flags, road_firmware_detail *detail)
{
	char seen[16];

	snprintf(seen, sizeof(seen), "0x%x", flags);
	if (flags & (ROAD_FW_FLAG_AES128 | ROAD_FW_FLAG_AES256))
		return refuse(detail, ROAD_FIRMWARE_BAD_HEADER, "the image is encrypted",
			      PLACE(flags), seen, "images in clear");
	if (flags & ~ROAD_FW_FLAG_NON_BOOTABLE)
		return refuse(detail, ROAD_FIRMWARE_BAD_HEADER, "flags that are not accepted",
			      PLACE(flags), seen, "0x0, or 0x10 (not bootable)");
	return ROAD_FIRMWARE_OK;
}

static road_firmware_error check_sizes(const road_firmware_image_info *info, uint32_t protected,
				       road_firmware_detail *detail)
{
	if (info->header_bytes < ROAD_FW_HEADER_BYTES || info->header_bytes > ROAD_FW_HEADER_MAX)
		return refuse_number(detail, ROAD_FIRMWARE_BAD_HEADER, "size of the header",
				     PLACE(header_bytes), info->header_bytes, "32 to",
				     ROAD_FW_HEADER_MAX);
	if (protected > ROAD_FW_PROTECTED_MAX ||
	    (protected && protected <= sizeof(struct road_fw_tlv_head)))
		return refuse_number(detail, ROAD_FIRMWARE_BAD_HEADER,
				     "size of the protected entries", PLACE(protected_bytes),
				     protected, "0, or 5 to", ROAD_FW_PROTECTED_MAX);
	if (!info->payload_bytes)
		return refuse(detail, ROAD_FIRMWARE_BAD_HEADER, "there is no payload",
			      PLACE(payload_bytes), "0", "at least a byte");
	if (info->payload_bytes > ROAD_FW_PAYLOAD_MAX)
		return refuse_number(detail, ROAD_FIRMWARE_TOO_BIG, "the payload is too big",
				     PLACE(payload_bytes), info->payload_bytes, "at most",
				     ROAD_FW_PAYLOAD_MAX);
	return ROAD_FIRMWARE_OK;
}

static road_firmware_error check_zeros(const road_firmware_image *image,
				       road_firmware_detail *detail)
{
	const uint32_t padding = image->info.header_bytes - ROAD_FW_HEADER_BYTES;
	const uint8_t *behind = image->bytes + ROAD_FW_HEADER_BYTES;

	if (image->info.load_address)
		return refuse_number(detail, ROAD_FIRMWARE_BAD_HEADER, "a fixed load address",
				     PLACE(load_address), image->info.load_address, "only", 0);
	if (bytes_u32(image->bytes + AT(reserved)))
		return refuse_number(detail, ROAD_FIRMWARE_BAD_HEADER, "a reserved field is in use",
				     PLACE(reserved), bytes_u32(image->bytes + AT(reserved)),
				     "only", 0);
	if (image->info.header_bytes > image->byte_count)
		return refuse_number(detail, ROAD_FIRMWARE_BAD_HEADER,
				     "the header is longer than the file", PLACE(header_bytes),
				     image->info.header_bytes, "at most", image->byte_count);
	if (!bytes_all(behind, padding, 0) && !bytes_all(behind, padding, ERASED))
		return firmware_refuse(detail, ROAD_FIRMWARE_BAD_HEADER,
				       (struct finding){"padding is not empty", "header byte 32",
							"", "all 0x00, or all 0xff"});
	return ROAD_FIRMWARE_OK;
}

/* Head of the area at `at`: *bytes is the size that it says, itself included. */
static road_firmware_error read_head(const road_firmware_image *image, uint64_t at, uint16_t magic,
				     uint64_t wanted, road_firmware_detail *detail)
{
	const uint16_t seen = bytes_u16(image->bytes + at);
	const uint16_t bytes = bytes_u16(image->bytes + at + 2);
	char where[64], number[16], right[16];

	snprintf(where, sizeof(where), "byte %" PRIu64 " (head of the %s entries)", at,
		 magic == ROAD_FW_TLVS_OPEN ? "open" : "protected");
	snprintf(number, sizeof(number), "0x%04x", seen);
	snprintf(right, sizeof(right), "0x%04x", magic);
	if (seen != magic)
		return firmware_refuse(
			detail, ROAD_FIRMWARE_BAD_TLV,
			(struct finding){"no entries begin here", where, number, right});
	if (bytes != wanted)
		return firmware_refuse_number(detail, ROAD_FIRMWARE_BAD_TLV,
					      "size does not add up to the file's", where, bytes,
					      "exactly", wanted);
	return ROAD_FIRMWARE_OK;
}

/* header · payload · protected entries · open entries, and nothing before, between or behind. */
static road_firmware_error lay_out(road_firmware_image *image, uint32_t protected,
				   road_firmware_detail *detail)
{
	const uint32_t head = sizeof(struct road_fw_tlv_head);
	const uint64_t behind = (uint64_t)image->info.header_bytes + image->info.payload_bytes;
	const uint64_t open = behind + protected;
	road_firmware_error rc;

	if (open + head > image->byte_count)
		return refuse_number(detail, ROAD_FIRMWARE_BAD_HEADER,
				     "sizes add up to more than the file", PLACE(payload_bytes),
				     image->info.payload_bytes, "a file of at least", open + head);
	if (image->byte_count - open > ROAD_FW_TLVS_MAX)
		return firmware_refuse_number(
			detail, ROAD_FIRMWARE_BAD_TLV, "too many bytes behind the payload",
			"open entries", image->byte_count - open, "at most", ROAD_FW_TLVS_MAX);
	rc = protected ? read_head(image, behind, ROAD_FW_TLVS_PROTECTED, protected, detail)
		       : ROAD_FIRMWARE_OK;
	if (!rc)
		rc = read_head(image, open, ROAD_FW_TLVS_OPEN, image->byte_count - open, detail);
	if (rc)
		return rc;
	image->signed_bytes = (uint32_t)open;
	image->areas[AREA_PROTECTED].at = (uint32_t)behind + (protected ? head : 0);
	image->areas[AREA_PROTECTED].end = (uint32_t)open;
	image->areas[AREA_OPEN].at = (uint32_t)open + head;
	image->areas[AREA_OPEN].end = (uint32_t)image->byte_count;
	return ROAD_FIRMWARE_OK;
}

road_firmware_error container_parse(road_firmware_image *image, road_firmware_detail *detail)
{
	const uint8_t *header = image->bytes, *version = header + AT(version);
	road_firmware_image_info *info = &image->info;
	road_firmware_error rc = check_magic(image, detail);
	uint32_t protected;

	if (rc)
		return rc;
	protected = bytes_u16(header + AT(protected_bytes));
	info->flags = bytes_u32(header + AT(flags));
	info->load_address = bytes_u32(header + AT(load_address));
	info->header_bytes = bytes_u16(header + AT(header_bytes));
	info->payload_bytes = bytes_u32(header + AT(payload_bytes));
	info->total_bytes = image->byte_count;
	info->version = (road_firmware_version){version[0], version[1], bytes_u16(version + 2),
						bytes_u32(version + 4)};
	rc = check_flags(info->flags, detail);
	if (!rc)
		rc = check_sizes(info, protected, detail);
	if (!rc)
		rc = check_zeros(image, detail);
	if (!rc)
		rc = lay_out(image, protected, detail);
	return rc ? rc : container_parse_entries(image, detail);
}
