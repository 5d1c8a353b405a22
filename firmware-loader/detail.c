/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware-loader/detail.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* Callers of an older interface have less room: the tail that they do not know is left alone. */
static void give(road_firmware_detail *detail, const road_firmware_detail *made)
{
	const uint32_t size = detail->size;
	const size_t bytes = size && size < sizeof(*made) ? size : sizeof(*made);

	if (bytes > sizeof(size))
		memcpy((char *)detail + sizeof(size), (const char *)made + sizeof(size),
		       bytes - sizeof(size));
}

static void put(char *out, size_t bytes, const char *text)
{
	snprintf(out, bytes, "%s", text ? text : "");
}

road_firmware_error firmware_refuse(road_firmware_detail *detail, road_firmware_error error,
				    struct finding finding)
{
	road_firmware_detail made = {.error = error};

	if (!detail)
		return error;
	put(made.what, sizeof(made.what), finding.what);
	put(made.where, sizeof(made.where), finding.where);
	put(made.seen, sizeof(made.seen), finding.seen);
	put(made.allowed, sizeof(made.allowed), finding.allowed);
	give(detail, &made);
	return error;
}

void firmware_rule(char *out, size_t bytes, const char *rule, uint64_t number)
{
	const char *hole = strchr(rule, '#');
	const size_t before = hole ? (size_t)(hole - rule) : strlen(rule);

	snprintf(out, bytes, "%.*s%s%" PRIu64 "%s", (int)before, rule, hole ? "" : " ", number,
		 hole ? hole + 1 : "");
}

road_firmware_error firmware_refuse_number(road_firmware_detail *detail, road_firmware_error error,
					   const char *what, const char *where, uint64_t seen,
					   const char *rule, uint64_t allowed)
{
	char number[32], right[128];

	snprintf(number, sizeof(number), "%" PRIu64, seen);
	firmware_rule(right, sizeof(right), rule, allowed);
	return firmware_refuse(detail, error, (struct finding){what, where, number, right});
}

road_firmware_error firmware_refuse_errno(road_firmware_detail *detail, road_firmware_error error,
					  const char *what, const char *where, int error_number)
{
	char text[96];

	snprintf(text, sizeof(text), "%s", strerror(error_number));
	return firmware_refuse(detail, error, (struct finding){what, where, text, ""});
}

void firmware_locate(road_firmware_detail *detail, const char *where)
{
	char joined[sizeof(detail->where)];

	if (!detail || (detail->size && detail->size < offsetof(road_firmware_detail, seen)))
		return;
	snprintf(joined, sizeof(joined), "%s%s%.60s", where, detail->where[0] ? ": " : "",
		 detail->where);
	memcpy(detail->where, joined, sizeof(joined));
}
