/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/bus/fdinfo.h"

#include <string.h>

#include "hal/bus/sysfs.h"

/* ---- one line ---- */

struct piece {
	const char *at;
	size_t bytes;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct piece trim(struct piece text)
{
	while (text.bytes && is_blank(text.at[0])) {
		text.at++;
		text.bytes--;
	}
	while (text.bytes && is_blank(text.at[text.bytes - 1]))
		text.bytes--;
	return text;
}

static bool is(struct piece text, const char *word)
{
	return text.bytes == strlen(word) && !memcmp(text.at, word, text.bytes);
}

static bool starts(struct piece text, const char *word)
{
	return text.bytes >= strlen(word) && !memcmp(text.at, word, strlen(word));
}

/* Decimal digits, then perhaps blanks and a unit, which is what is left. */
static bool number(struct piece text, uint64_t *out, struct piece *unit)
{
	size_t digits = 0;

	*out = 0;
	for (; digits < text.bytes && text.at[digits] >= '0' && text.at[digits] <= '9'; digits++)
		if (__builtin_mul_overflow(*out, UINT64_C(10), out) ||
		    __builtin_add_overflow(*out, (uint64_t)(text.at[digits] - '0'), out))
			return false;
	*unit = trim((struct piece){text.at + digits, text.bytes - digits});
	return digits && (digits == text.bytes || is_blank(text.at[digits]));
}

/* What a value is given in, and how many of ours that is. */
struct unit {
	const char *word;
	uint64_t scale;
};
static const struct unit no_units[] = {{"", 1}, {NULL, 0}};
static const struct unit times[] = {{"ns", 1}, {"", 1}, {NULL, 0}};
static const struct unit sizes[] = {
	{"", 1}, {"KiB", UINT64_C(1) << 10}, {"MiB", UINT64_C(1) << 20}, {NULL, 0}};
static const struct unit rates[] = {{"Hz", 1},     {"", 1},          {"KHz", 1000},
				    {"kHz", 1000}, {"MHz", 1000000}, {NULL, 0}};

static bool scaled(struct piece text, const struct unit *units, uint64_t *out)
{
	struct piece unit;

	if (!number(text, out, &unit))
		return false;
	for (; units->word; units++)
		if (is(unit, units->word))
			return !__builtin_mul_overflow(*out, units->scale, out);
	return false;
}

/* ---- keys ---- */

struct key {
	const char *prefix;
	bool memory;
	uint32_t value;
	const struct unit *units;
};

/* The first one that a key begins with: longer ones before those that they begin with. */
static const struct key keys[] = {
	{"drm-engine-capacity-", false, ROAD_FDINFO_CAPACITY, no_units},
	{"drm-engine-", false, ROAD_FDINFO_BUSY, times},
	{"drm-total-cycles-", false, ROAD_FDINFO_TOTAL_CYCLES, no_units},
	{"drm-cycles-", false, ROAD_FDINFO_CYCLES, no_units},
	{"drm-maxfreq-", false, ROAD_FDINFO_MAX_HZ, rates},
	{"drm-total-", true, ROAD_FDINFO_TOTAL, sizes},
	{"drm-resident-", true, ROAD_FDINFO_RESIDENT, sizes},
	{"drm-shared-", true, ROAD_FDINFO_SHARED, sizes},
	{"drm-active-", true, ROAD_FDINFO_ACTIVE, sizes},
	{"drm-purgeable-", true, ROAD_FDINFO_PURGEABLE, sizes},
	{"drm-memory-", true, ROAD_FDINFO_OLD, sizes},
};

static bool is_name(struct piece text)
{
	for (size_t i = 0; i < text.bytes; i++) {
		const char c = text.at[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
		    c != '_' && c != '-' && c != '.')
			return false;
	}
	return text.bytes;
}

/* The part of this name, a new one if there is none. NULL: there is no room, or it is no name. */
static struct road_fdinfo_part *part_of(struct road_fdinfo *info, bool memory, struct piece name)
{
	struct road_fdinfo_part *parts = memory ? info->memory : info->engine;
	uint32_t *count = memory ? &info->memory_count : &info->engine_count;

	if (!is_name(name))
		return NULL;
	for (uint32_t i = 0; i < *count; i++)
		if (is(name, parts[i].name))
			return &parts[i];
	if (*count == ROAD_FDINFO_PARTS || name.bytes >= ROAD_FDINFO_NAME) {
		info->left_out = true;
		return NULL;
	}
	memcpy(parts[*count].name, name.at, name.bytes);
	return &parts[(*count)++];
}

static void take_part(struct road_fdinfo *info, struct piece key, struct piece value)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const size_t prefix = strlen(keys[i].prefix);
		struct road_fdinfo_part *part;
		uint64_t number;

		if (!starts(key, keys[i].prefix))
			continue;
		if (!scaled(value, keys[i].units, &number) ||
		    (keys[i].value == ROAD_FDINFO_CAPACITY && !keys[i].memory && !number))
			return;
		part = part_of(info, keys[i].memory,
			       (struct piece){key.at + prefix, key.bytes - prefix});
		if (!part)
			return;
		part->known |= 1u << keys[i].value;
		part->value[keys[i].value] = number;
		return;
	}
}

static void take_text(char *out, size_t bytes, struct piece value)
{
	const size_t length = value.bytes < bytes ? value.bytes : bytes - 1;

	memcpy(out, value.at, length);
	for (size_t i = 0; i < length; i++) /* road_text_clean ends at a 0 */
		if (!out[i])
			out[i] = '?';
	out[length] = 0;
	road_text_clean(out);
}

static void take_line(struct road_fdinfo *info, struct piece line)
{
	const char *colon = memchr(line.at, ':', line.bytes);
	struct piece key, value, unit;

	if (!colon)
		return;
	key = (struct piece){line.at, (size_t)(colon - line.at)};
	value = trim((struct piece){colon + 1, line.bytes - key.bytes - 1});
	if (is(key, "drm-driver"))
		take_text(info->driver, sizeof(info->driver), value);
	else if (is(key, "drm-pdev"))
		take_text(info->pdev, sizeof(info->pdev), value);
	else if (is(key, "drm-client-name"))
		take_text(info->name, sizeof(info->name), value);
	else if (is(key, "drm-client-id"))
		info->has_id = number(value, &info->id, &unit) && !unit.bytes;
	else
		take_part(info, key, value);
}

bool road_fdinfo_parse(const char *text, size_t bytes, struct road_fdinfo *out)
{
	*out = (struct road_fdinfo){.left_out = bytes > ROAD_FDINFO_MAX};
	bytes = bytes > ROAD_FDINFO_MAX ? ROAD_FDINFO_MAX : bytes;
	while (bytes) {
		const char *end = memchr(text, '\n', bytes);
		const size_t line = end ? (size_t)(end - text) : bytes;

		take_line(out, (struct piece){text, line});
		text += line + (end != NULL);
		bytes -= line + (end != NULL);
	}
	return out->driver[0];
}

bool road_fdinfo_value(const struct road_fdinfo_part *part, bool memory, uint32_t value,
		       uint64_t *out)
{
	if (memory && value == ROAD_FDINFO_RESIDENT && !(part->known & 1u << value))
		value = ROAD_FDINFO_OLD;
	if (!(part->known & 1u << value))
		return false;
	*out = part->value[value];
	return true;
}
