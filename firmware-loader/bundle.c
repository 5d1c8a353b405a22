/* SPDX-License-Identifier: Apache-2.0 */
/* A bundle's manifest, written and read. */
#include "firmware-loader/bundle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware-loader/bytes.h"
#include "firmware-loader/detail.h"
#include "firmware-loader/file.h"

enum { LINE_MAX_BYTES = 1024 };

/* A line's fields, in their order; the last goes on to the line's end and may hold blanks. */
enum { COMPONENT, FILE_NAME, SHA256, VERSION, CHIPS, LICENCE, FIELDS };
static const struct field {
	const char *name, *rule;
} fields[FIELDS] = {
	[COMPONENT] = {"Component: ", "a-z 0-9 - _, 1 … 31 of them"},
	[FILE_NAME] = {"File: ", "a relative path of a-z A-Z 0-9 . _ - and '/', without '..'"},
	[SHA256] = {"Sha256: ", "64 digits, 0-9 a-f"},
	[VERSION] = {"Version: ", "a version, 1.2.3+4"},
	[CHIPS] = {"Chips: ", "ids of a-z A-Z 0-9 . _ -, separated by ','"},
	[LICENCE] = {"Licence: ", "an SPDX expression"},
};

static road_firmware_error refuse(road_firmware_detail *detail, uint32_t line, int field,
				  const char *what, const char *seen)
{
	const char *name = fields[field].name;
	char where[48];

	snprintf(where, sizeof(where), "line %u, %.*s", line, (int)strlen(name) - 2, name);
	return firmware_refuse(detail, ROAD_FIRMWARE_BAD_BUNDLE,
			       (struct finding){what, where, seen, fields[field].rule});
}

/* ---- values ---- */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool sha256_parse(const char *text, uint8_t out[32])
{
	if (strlen(text) != 64)
		return false;
	for (unsigned i = 0; i < 32; i++) {
		const int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static bool chips_valid(const char *text)
{
	for (;;) {
		const size_t bytes = strspn(text, "abcdefghijklmnopqrstuvwxyz"
						  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

		if (!bytes || (text[bytes] && text[bytes] != ','))
			return false;
		if (!text[bytes])
			return true;
		text += bytes + 1;
	}
}

/* Printable, and neither end blank. */
static bool licence_valid(const char *text)
{
	const size_t bytes = strlen(text);

	if (!bytes || text[0] == ' ' || text[bytes - 1] == ' ')
		return false;
	for (size_t i = 0; i < bytes; i++)
		if (text[i] < ' ' || text[i] > '~')
			return false;
	return true;
}

/* The value is terminated; it is copied only if it fits and is valid. */
static bool put_value(road_firmware_bundle_entry *entry, int field, const char *text)
{
	const struct {
		char *to;
		size_t room;
		bool valid;
	} texts[FIELDS] = {
		[COMPONENT] = {entry->component, sizeof(entry->component),
			       bytes_name_component(text, strlen(text))},
		[FILE_NAME] = {entry->file, sizeof(entry->file), file_name_valid(text)},
		[CHIPS] = {entry->chips, sizeof(entry->chips), chips_valid(text)},
		[LICENCE] = {entry->licence, sizeof(entry->licence), licence_valid(text)},
	};

	if (field == SHA256)
		return sha256_parse(text, entry->sha256);
	if (field == VERSION)
		return !road_firmware_version_parse(text, &entry->at_least, NULL);
	if (!texts[field].valid || strlen(text) >= texts[field].room)
		return false;
	memcpy(texts[field].to, text, strlen(text) + 1);
	return true;
}

/* ---- reading ---- */

/* One line without its end, terminated; it is cut into its values. */
static road_firmware_error parse_line(char *line, uint32_t number,
				      road_firmware_bundle_entry *entry,
				      road_firmware_detail *detail)
{
	*entry = (road_firmware_bundle_entry){.size = sizeof(*entry)};
	for (int field = 0; field < FIELDS; field++) {
		const size_t name_bytes = strlen(fields[field].name);
		char *end;

		if (strncmp(line, fields[field].name, name_bytes))
			return refuse(detail, number, field, "the field is not there", line);
		line += name_bytes;
		end = line + (field == LICENCE ? strlen(line) : strcspn(line, " "));
		if (field != LICENCE && *end)
			*end++ = '\0';
		if (!put_value(entry, field, line))
			return refuse(detail, number, field, "not a valid value", line);
		line = end;
	}
	return ROAD_FIRMWARE_OK;
}

/* The line that begins at `text`; *next: behind its end. */
static road_firmware_error take_line(const char *text, size_t bytes, uint32_t number,
				     road_firmware_bundle_entry *entry, size_t *next,
				     road_firmware_detail *detail)
{
	const char *end = memchr(text, '\n', bytes);
	char line[LINE_MAX_BYTES];
	size_t length;

	if (!end)
		return refuse(detail, number, LICENCE, "the line has no end", "");
	length = (size_t)(end - text);
	if (length >= sizeof(line))
		return refuse(detail, number, COMPONENT, "the line is too long", "");
	if (memchr(text, '\0', length))
		return refuse(detail, number, COMPONENT, "the line holds a byte 0", "");
	memcpy(line, text, length);
	line[length] = '\0';
	*next = length + 1;
	return parse_line(line, number, entry, detail);
}

road_firmware_error road_firmware_bundle_entry_get(const char *text, size_t bytes, uint32_t index,
						   road_firmware_bundle_entry *out,
						   road_firmware_detail *detail)
{
	road_firmware_bundle_entry entry;

	if ((!text && bytes) || !out)
		return firmware_refuse(detail, ROAD_FIRMWARE_INVALID_ARGUMENT,
				       (struct finding){"is NULL", out ? "text" : "out", "", ""});
	for (uint32_t i = 0; bytes; i++) {
		size_t next = 0;
		const road_firmware_error rc = take_line(text, bytes, i + 1, &entry, &next, detail);

		if (rc)
			return rc;
		if (i == index)
			return bytes_struct_out(out, &entry, sizeof(entry))
				       ? ROAD_FIRMWARE_OK
				       : firmware_refuse(
						 detail, ROAD_FIRMWARE_INVALID_ARGUMENT,
						 (struct finding){"has no size", "out", "", ""});
		text += next;
		bytes -= next;
	}
	return firmware_refuse_number(detail, ROAD_FIRMWARE_NOT_FOUND, "no such entry", "manifest",
				      index, "below", index);
}

/* A component of the entry's name among those before it. */
static road_firmware_error check_twice(const road_firmware_bundle_entry *entries, uint32_t index,
				       road_firmware_detail *detail)
{
	for (uint32_t i = 0; i < index; i++)
		if (!strcmp(entries[i].component, entries[index].component))
			return refuse(detail, index + 1, COMPONENT, "the component is there twice",
				      entries[i].component);
	return ROAD_FIRMWARE_OK;
}

road_firmware_error bundle_parse(const char *text, size_t bytes, road_firmware_bundle_entry **out,
				 uint32_t *count, road_firmware_detail *detail)
{
	road_firmware_bundle_entry *entries = NULL;
	road_firmware_error rc = ROAD_FIRMWARE_OK;
	uint32_t used = 0;

	if (!bytes)
		return refuse(detail, 1, COMPONENT, "the manifest is empty", "");
	while (!rc && bytes) {
		road_firmware_bundle_entry *more;
		size_t next = 0;

		if (used == BUNDLE_ENTRIES_MAX) {
			rc = refuse(detail, used + 1, COMPONENT, "more than 256 components", "");
			break;
		}
		more = reallocarray(entries, used + 1, sizeof(*entries));
		if (!more) {
			rc = firmware_refuse(detail, ROAD_FIRMWARE_OUT_OF_MEMORY,
					     (struct finding){"out of memory", "manifest", "", ""});
			break;
		}
		entries = more;
		rc = take_line(text, bytes, used + 1, &entries[used], &next, detail);
		if (!rc)
			rc = check_twice(entries, used++, detail);
		text += next;
		bytes -= next;
	}
	if (rc) {
		free(entries);
	} else {
		*out = entries;
		*count = used;
	}
	return rc;
}

/* ---- writing ---- */

static int write_line(char *out, size_t room, const road_firmware_bundle_entry *entry)
{
	char hex[65], version[ROAD_FIRMWARE_VERSION_TEXT];

	for (unsigned i = 0; i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", entry->sha256[i]);
	road_firmware_version_format(&entry->at_least, version);
	return snprintf(out, room,
			"Component: %s File: %s Sha256: %s Version: %s Chips: %s Licence: %s\n",
			entry->component, entry->file, hex, version, entry->chips, entry->licence);
}

road_firmware_error road_firmware_bundle_write(const road_firmware_bundle_entry *entries,
					       uint32_t count, char **out, size_t *out_bytes,
					       road_firmware_detail *detail)
{
	road_firmware_bundle_entry *back = NULL;
	road_firmware_error rc = ROAD_FIRMWARE_OK;
	size_t used = 0;
	char *text;

	if (!entries || !count || count > BUNDLE_ENTRIES_MAX || !out || !out_bytes)
		return firmware_refuse_number(detail, ROAD_FIRMWARE_INVALID_ARGUMENT,
					      "NULL, or no number of entries", "entries", count,
					      "1 …", BUNDLE_ENTRIES_MAX);
	text = malloc((size_t)count * LINE_MAX_BYTES + 1);
	if (!text)
		return firmware_refuse(detail, ROAD_FIRMWARE_OUT_OF_MEMORY,
				       (struct finding){"out of memory", "manifest", "", ""});
	for (uint32_t i = 0; !rc && i < count; i++) {
		road_firmware_bundle_entry known;

		rc = bytes_struct_in(&known, sizeof(known), &entries[i], "entry", detail);
		if (!rc)
			used += (size_t)write_line(text + used, LINE_MAX_BYTES, &known);
	}
	/* what cannot be read back was not valid */
	if (!rc)
		rc = bundle_parse(text, used, &back, &count, detail);
	free(back);
	if (rc) {
		free(text);
		return rc;
	}
	*out = text;
	*out_bytes = used;
	return ROAD_FIRMWARE_OK;
}
