/* SPDX-License-Identifier: Apache-2.0 */
/* The entries behind the payload: which may stand where, how often, how long. */
#include "firmware-loader/container.h"

#include <stdio.h>
#include <string.h>

#include "firmware-loader/bytes.h"
#include "firmware-loader/detail.h"
#include "uapi/firmware/image.h"

/* What an entry says goes into info; false: its value is wrong. */
typedef bool take_entry(road_firmware_image_info *info, const uint8_t *value, uint16_t bytes);

static bool take_digest(road_firmware_image_info *info, const uint8_t *value, uint16_t bytes)
{
	memcpy(info->digest, value, bytes);
	return true;
}

static bool take_key_hash(road_firmware_image_info *info, const uint8_t *value, uint16_t bytes)
{
	memcpy(info->key_hash, value, bytes);
	return true;
}

static bool take_signature(road_firmware_image_info *info, const uint8_t *value, uint16_t bytes)
{
	memcpy(info->signature, value, bytes);
	return true;
}

static bool take_counter(road_firmware_image_info *info, const uint8_t *value, uint16_t bytes)
{
	(void)bytes;
	info->counter = bytes_u32(value);
	info->has |= ROAD_FIRMWARE_HAS_COUNTER;
	return true;
}

static bool take_vendor(road_firmware_image_info *info, const uint8_t *value, uint16_t bytes)
{
	memcpy(info->vendor.bytes, value, bytes);
	info->has |= ROAD_FIRMWARE_HAS_VENDOR;
	return true;
}

static bool take_class(road_firmware_image_info *info, const uint8_t *value, uint16_t bytes)
{
	memcpy(info->chip_class.bytes, value, bytes);
	info->has |= ROAD_FIRMWARE_HAS_CLASS;
	return true;
}

static bool take_component(road_firmware_image_info *info, const uint8_t *value, uint16_t bytes)
{
	if (!bytes_name_component((const char *)value, bytes))
		return false;
	memcpy(info->component, value, bytes);
	return true;
}

static bool take_dependency(road_firmware_image_info *info, const uint8_t *value, uint16_t bytes)
{
	(void)bytes;
	info->dependency_count++;
	return bytes_all(value + 1, 3, 0);
}

/* All that is known. What is in no row is refused, but for protected ones of vendors' own. */
static const struct rule {
	uint16_t type;
	uint8_t area, needed, many;
	uint16_t least, most;
	const char *name;
	take_entry *take;
} rules[] = {
	{ROAD_FW_TLV_DIGEST, AREA_OPEN, 1, 0, 32, 32, "digest", take_digest},
	{ROAD_FW_TLV_KEY_HASH, AREA_OPEN, 1, 0, 32, 32, "key hash", take_key_hash},
	{ROAD_FW_TLV_SIGNATURE, AREA_OPEN, 1, 0, 64, 64, "signature", take_signature},
	{ROAD_FW_TLV_DEPENDENCY, AREA_PROTECTED, 0, 1, 12, 12, "dependency", take_dependency},
	{ROAD_FW_TLV_COUNTER, AREA_PROTECTED, 0, 0, 4, 4, "security counter", take_counter},
	{ROAD_FW_TLV_VENDOR, AREA_PROTECTED, 0, 0, 16, 16, "vendor", take_vendor},
	{ROAD_FW_TLV_CLASS, AREA_PROTECTED, 0, 0, 16, 16, "class", take_class},
	{ROAD_FW_TLV_COMPONENT, AREA_PROTECTED, 0, 0, 1, 31, "component", take_component},
};
#define RULES (sizeof(rules) / sizeof(rules[0]))

static const struct rule *rule_of(uint16_t type)
{
	for (size_t i = 0; i < RULES; i++)
		if (rules[i].type == type)
			return &rules[i];
	return NULL;
}

static bool vendors_own(uint16_t type)
{
	return (type & 0xff) >= ROAD_FW_TLV_OWN_FIRST && (type & 0xff) <= ROAD_FW_TLV_OWN_LAST;
}

struct entry container_entry(const road_firmware_image *image, uint32_t *at)
{
	const uint8_t *head = image->bytes + *at;
	const struct entry entry = {bytes_u16(head), bytes_u16(head + 2),
				    *at + (uint32_t)sizeof(struct road_fw_tlv)};

	*at = entry.at + entry.bytes;
	return entry;
}

static road_firmware_error refuse(road_firmware_detail *detail, const char *what,
				  const struct entry *entry, const char *seen, const char *allowed)
{
	const struct rule *rule = rule_of(entry->type);
	char where[80];

	snprintf(where, sizeof(where), "entry 0x%04x%s%s%s at byte %u", entry->type,
		 rule ? " (" : "", rule ? rule->name : "", rule ? ")" : "",
		 entry->at - (uint32_t)sizeof(struct road_fw_tlv));
	return firmware_refuse(detail, ROAD_FIRMWARE_BAD_TLV,
			       (struct finding){what, where, seen, allowed});
}

/* Stands one of this type before `entry`, in either area? */
static bool seen_before(const road_firmware_image *image, const struct entry *entry)
{
	for (unsigned i = 0; i < AREAS; i++)
		for (uint32_t at = image->areas[i].at; at < image->areas[i].end;) {
			const struct entry other = container_entry(image, &at);

			if (other.at >= entry->at)
				return false;
			if (other.type == entry->type)
				return true;
		}
	return false;
}

static road_firmware_error check_place(const struct rule *rule, const struct entry *entry,
				       unsigned area, road_firmware_detail *detail)
{
	static const char *const names[AREAS] = {"among the protected entries",
						 "among the open entries"};

	if ((entry->type & 0xfffc) == ROAD_FW_TLV_ENCRYPTED)
		return refuse(detail, "the image is encrypted: a wrapped key", entry, "",
			      "images in clear");
	if (!rule && area == AREA_OPEN)
		return refuse(detail, "is not allowed outside the protected area", entry,
			      names[area], "digest, key hash, signature");
	if (!rule && !vendors_own(entry->type))
		return refuse(detail, "is not known", entry, names[area],
			      "known ones, and 0xXXa0 to 0xXXfe");
	if (rule && rule->area != area)
		return refuse(detail, "stands in the wrong area", entry, names[area],
			      names[rule->area]);
	return ROAD_FIRMWARE_OK;
}

static road_firmware_error check(road_firmware_image *image, const struct entry *entry,
				 unsigned area, road_firmware_detail *detail)
{
	const struct rule *rule = rule_of(entry->type);
	road_firmware_error rc = check_place(rule, entry, area, detail);
	char seen[32], right[48];

	if (rc)
		return rc;
	if (!(rule && rule->many) && seen_before(image, entry))
		return refuse(detail, "stands there twice", entry, "", "once");
	if (!rule)
		return ROAD_FIRMWARE_OK;
	snprintf(seen, sizeof(seen), "%u bytes", entry->bytes);
	snprintf(right, sizeof(right), "%u to %u bytes", rule->least, rule->most);
	if (entry->bytes < rule->least || entry->bytes > rule->most)
		return refuse(detail, "has the wrong size", entry, seen, right);
	if (!rule->take(&image->info, image->bytes + entry->at, entry->bytes))
		return refuse(detail, "has a wrong value", entry, "",
			      rule->many ? "reserved bytes 0" : "a-z 0-9 - _");
	return ROAD_FIRMWARE_OK;
}

/* Do the entries of the area end where it ends? Nothing is read of one that does not fit. */
static road_firmware_error check_bounds(const road_firmware_image *image, const struct area *area,
					road_firmware_detail *detail)
{
	uint32_t at = area->at;

	while (at < area->end) {
		const uint32_t left = area->end - at, head = sizeof(struct road_fw_tlv);
		char where[48];

		if (left >= head && bytes_u16(image->bytes + at + 2) <= left - head) {
			container_entry(image, &at);
			continue;
		}
		snprintf(where, sizeof(where), "entry at byte %u", at);
		return firmware_refuse_number(detail, ROAD_FIRMWARE_BAD_TLV,
					      "does not fit its area", where,
					      left < head ? left : bytes_u16(image->bytes + at + 2),
					      left < head ? "at least # bytes" : "at most # bytes",
					      left < head ? head : left - head);
	}
	return ROAD_FIRMWARE_OK;
}

static road_firmware_error check_area(road_firmware_image *image, unsigned area,
				      road_firmware_detail *detail)
{
	road_firmware_error rc = ROAD_FIRMWARE_OK;

	for (uint32_t at = image->areas[area].at; at < image->areas[area].end && !rc;) {
		const struct entry entry = container_entry(image, &at);

		rc = check(image, &entry, area, detail);
	}
	return rc;
}

static bool there(const road_firmware_image *image, uint16_t type)
{
	for (uint32_t at = image->areas[AREA_OPEN].at; at < image->areas[AREA_OPEN].end;)
		if (container_entry(image, &at).type == type)
			return true;
	return false;
}

road_firmware_error container_parse_entries(road_firmware_image *image,
					    road_firmware_detail *detail)
{
	road_firmware_error rc = ROAD_FIRMWARE_OK;

	for (unsigned area = 0; area < AREAS && !rc; area++)
		rc = check_bounds(image, &image->areas[area], detail);
	for (unsigned area = 0; area < AREAS && !rc; area++)
		rc = check_area(image, area, detail);
	for (size_t i = 0; i < RULES && !rc; i++)
		if (rules[i].needed && !there(image, rules[i].type))
			rc = firmware_refuse(detail, ROAD_FIRMWARE_BAD_TLV,
					     (struct finding){"an entry is missing", "open entries",
							      "", rules[i].name});
	return rc;
}
