/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of chip files: exact decimal arithmetic, no floating point and no locale. */
#include <stdio.h>
#include <string.h>

#include "simulators/chips/chip_internal.h"

#define FRACTION_DIGITS 9u

struct decimal {
	uint64_t whole;
	uint64_t fraction; /* in 10^-9 */
};

static bool digit_value(char c, unsigned base, unsigned *out)
{
	if (c >= '0' && c <= '9')
		*out = (unsigned)(c - '0');
	else if (c >= 'a' && c <= 'f')
		*out = (unsigned)(c - 'a') + 10;
	else if (c >= 'A' && c <= 'F')
		*out = (unsigned)(c - 'A') + 10;
	else
		return false;
	return *out < base;
}

/* At least one digit; *at stops at the first that is none. False: none, or too many. */
static bool read_whole(const char *text, size_t len, size_t *at, unsigned base, uint64_t *out)
{
	size_t first = *at;
	unsigned digit;

	*out = 0;
	for (; *at < len && digit_value(text[*at], base, &digit); (*at)++)
		if (__builtin_mul_overflow(*out, (uint64_t)base, out) ||
		    __builtin_add_overflow(*out, (uint64_t)digit, out))
			return false;
	return *at > first;
}

static bool read_fraction(const char *text, size_t len, size_t *at, uint64_t *out)
{
	size_t first = *at;
	unsigned digit;

	*out = 0;
	for (; *at < len && digit_value(text[*at], 10, &digit); (*at)++) {
		if (*at - first >= FRACTION_DIGITS)
			return false;
		*out = *out * 10 + digit;
	}
	if (*at == first)
		return false;
	for (size_t i = *at - first; i < FRACTION_DIGITS; i++)
		*out *= 10;
	return true;
}

static bool read_number(const char *text, size_t len, bool fraction, struct decimal *out)
{
	size_t at = 0;
	unsigned base = 10;

	out->fraction = 0;
	if (len > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		base = 16;
		at = 2;
	}
	if (!read_whole(text, len, &at, base, &out->whole))
		return false;
	if (fraction && base == 10 && at < len && text[at] == '.') {
		at++;
		if (!read_fraction(text, len, &at, &out->fraction))
			return false;
	}
	return at == len;
}

enum road_chip_number road_chip_number(const char *text, size_t len,
				       const struct road_chip_key *key, uint64_t *out)
{
	const uint64_t unit = 1000000000u;
	struct decimal n;

	if (!read_number(text, len, key->type == ROAD_CHIP_DECIMAL, &n))
		return ROAD_CHIP_NUMBER_TYPE;
	if (n.whole < key->min || n.whole > key->max || (n.whole == key->max && n.fraction))
		return ROAD_CHIP_NUMBER_RANGE;
	unsigned __int128 scaled = (unsigned __int128)n.whole * key->scale;
	unsigned __int128 part = (unsigned __int128)n.fraction * key->scale;

	if (part % unit)
		return ROAD_CHIP_NUMBER_EXACT;
	scaled += part / unit;
	if (scaled > (key->size == 4 ? UINT32_MAX : UINT64_MAX))
		return ROAD_CHIP_NUMBER_RANGE;
	*out = (uint64_t)scaled;
	return ROAD_CHIP_NUMBER_OK;
}

void road_chip_allowed(const struct road_chip_key *key, char *out, size_t bytes)
{
	static const char *const what[] = {
		[ROAD_CHIP_UINT] = "integer",
		[ROAD_CHIP_DECIMAL] = "number",
		[ROAD_CHIP_STRING] = "text of length",
		[ROAD_CHIP_IDS] = "list of numbers",
	};

	snprintf(out, bytes, "%s %llu..%llu%s%s", what[key->type], (unsigned long long)key->min,
		 (unsigned long long)key->max, key->unit ? " " : "", key->unit ? key->unit : "");
}

void road_chip_store(void *base, const struct road_chip_key *key, uint64_t value)
{
	char *member = (char *)base + key->offset;
	uint32_t narrow = (uint32_t)value;

	if (key->size == sizeof(narrow))
		memcpy(member, &narrow, sizeof(narrow));
	else
		memcpy(member, &value, sizeof(value));
}
