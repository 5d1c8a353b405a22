/* SPDX-License-Identifier: Apache-2.0 */
/* Versions and UUIDs as text. */
#include <roadbed/firmware.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "firmware-loader/detail.h"

#define VERSION_FORM "MAJOR.MINOR.REVISION[+BUILD], up to 255.255.65535+4294967295"
#define UUID_FORM    "hexadecimal digits, 8-4-4-4-12"

/* The decimal at *at, without zeros before it, up to max; *at goes behind it. */
static bool number(const char **at, uint64_t max, uint64_t *out)
{
	const char *c = *at;

	*out = 0;
	if (c[0] == '0' && c[1] >= '0' && c[1] <= '9')
		return false;
	for (; *c >= '0' && *c <= '9'; c++) {
		*out = *out * 10 + (uint64_t)(*c - '0');
		if (*out > max)
			return false;
	}
	if (c == *at)
		return false;
	*at = c;
	return true;
}

static bool parse(const char *text, road_firmware_version *out)
{
	uint64_t part[4] = {0};
	static const uint64_t max[4] = {UINT8_MAX, UINT8_MAX, UINT16_MAX, UINT32_MAX};

	for (unsigned i = 0; i < 3; i++) {
		if (!number(&text, max[i], &part[i]))
			return false;
		if (i < 2 && *text++ != '.')
			return false;
	}
	if (*text == '+') {
		text++;
		if (!number(&text, max[3], &part[3]))
			return false;
	}
	*out = (road_firmware_version){(uint8_t)part[0], (uint8_t)part[1], (uint16_t)part[2],
				       (uint32_t)part[3]};
	return !*text;
}

road_firmware_error road_firmware_version_parse(const char *text, road_firmware_version *out,
						road_firmware_detail *detail)
{
	road_firmware_version made;

	if (!text || !out || !parse(text, &made))
		return firmware_refuse(detail, ROAD_FIRMWARE_INVALID_ARGUMENT,
				       (struct finding){"is no version", "version",
							text ? text : "NULL", VERSION_FORM});
	*out = made;
	return ROAD_FIRMWARE_OK;
}

void road_firmware_version_format(const road_firmware_version *version,
				  char out[ROAD_FIRMWARE_VERSION_TEXT])
{
	int used = snprintf(out, ROAD_FIRMWARE_VERSION_TEXT, "%u.%u.%u", version->major,
			    version->minor, version->revision);

	if (version->build)
		snprintf(out + used, ROAD_FIRMWARE_VERSION_TEXT - (size_t)used, "+%u",
			 version->build);
}

static uint64_t rank(const road_firmware_version *version)
{
	return (uint64_t)version->major << 56 | (uint64_t)version->minor << 48 |
	       (uint64_t)version->revision << 32 | version->build;
}

int road_firmware_version_compare(const road_firmware_version *a, const road_firmware_version *b)
{
	return (rank(a) > rank(b)) - (rank(a) < rank(b));
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool parse_uuid(const char *text, uint8_t out[16])
{
	for (unsigned i = 0; i < 16; i++) {
		if ((i == 4 || i == 6 || i == 8 || i == 10) && *text++ != '-')
			return false;
		const int high = digit(text[0]);
		const int low = high < 0 ? -1 : digit(text[1]);

		if (low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
		text += 2;
	}
	return !*text;
}

road_firmware_error road_firmware_uuid_parse(const char *text, road_firmware_uuid *out,
					     road_firmware_detail *detail)
{
	road_firmware_uuid made;

	if (!text || !out || !parse_uuid(text, made.bytes))
		return firmware_refuse(
			detail, ROAD_FIRMWARE_INVALID_ARGUMENT,
			(struct finding){"is no UUID", "UUID", text ? text : "NULL", UUID_FORM});
	*out = made;
	return ROAD_FIRMWARE_OK;
}

void road_firmware_uuid_format(const road_firmware_uuid *uuid, char out[ROAD_FIRMWARE_UUID_TEXT])
{
	for (unsigned i = 0; i < 16; i++) {
		const char *dash = i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "";
		const int used = snprintf(out, 4, "%s%02x", dash, uuid->bytes[i]);

		out += used;
	}
}
