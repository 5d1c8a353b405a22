/* SPDX-License-Identifier: Apache-2.0 */
/* What a report of the unit says of a failure, in words. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "hal/helpers/region_unit.h"
#include "uapi/region.h"

#define FIELD(member)                                            \
	{                                                        \
		offsetof(struct road_region_op, member), #member \
	}

static const char *field_at(uint64_t at)
{
	static const struct {
		uint64_t at;
		const char *name;
	} fields[] = {
		FIELD(verb),   FIELD(region),       FIELD(slot),   FIELD(drain),
		FIELD(target), FIELD(on_failure),   FIELD(flags),  FIELD(image_bytes),
		FIELD(config), FIELD(generation),   FIELD(image),  FIELD(deadline_ns),
		FIELD(buffer), FIELD(buffer_bytes), FIELD(report),
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (fields[i].at == at)
			return fields[i].name;
	return "reserved field";
}

static const char *name_of(const char *const *names, size_t count, uint32_t number)
{
	return number < count && names[number] ? names[number] : NULL;
}

static void say_what(const struct road_region_report *report, road_error *out)
{
	static const char *const parts[] = {
		[ROAD_CONFIG_BAD_HEADER] = "header",   [ROAD_CONFIG_BAD_CRC] = "checksum",
		[ROAD_CONFIG_BAD_CLAIM] = "claim",     [ROAD_CONFIG_BAD_RELOCATION] = "relocation",
		[ROAD_CONFIG_BAD_PAYLOAD] = "payload", [ROAD_CONFIG_BAD_STATE] = "saved state",
	};
	static const char *const busy[] = {
		[ROAD_REGION_BUSY_SLOTS] = "no slot can be taken: each is active, pinned or in use",
		[ROAD_REGION_BUSY_SLOT] = "the slot is active, pinned or in use",
		[ROAD_REGION_BUSY_WORK] = "work runs in the region",
		[ROAD_REGION_BUSY_MEMORY] = "buffers are alive that the switch would lose",
	};
	const char *text = road_region_error_text(report->error), *more = NULL;

	if (report->error == ROAD_REGION_ERROR_BUSY)
		more = name_of(busy, sizeof(busy) / sizeof(busy[0]), report->detail);
	if (report->error == ROAD_REGION_ERROR_IMAGE ||
	    report->error == ROAD_REGION_ERROR_INCOMPATIBLE) {
		more = name_of(parts, sizeof(parts) / sizeof(parts[0]), report->detail);
		snprintf(out->what, sizeof(out->what), "%s%s%s", text, more ? ": " : "",
			 more ? more : "");
	} else {
		snprintf(out->what, sizeof(out->what), "%s", more ? more : text);
	}
}

static void say_where(const struct road_region_report *report, road_error *out)
{
	const char *of = report->detail == ROAD_CONFIG_BAD_STATE ? "saved state" : "image";

	switch (report->error) {
	case ROAD_REGION_ERROR_IMAGE:
	case ROAD_REGION_ERROR_INCOMPATIBLE:
		snprintf(out->where, sizeof(out->where), "%s byte %" PRIu64, of, report->detail_at);
		break;
	case ROAD_REGION_ERROR_BUSY:
		if (report->detail == ROAD_REGION_BUSY_SLOT ||
		    (report->detail == ROAD_REGION_BUSY_SLOTS &&
		     report->detail_at != ROAD_REGION_SLOT_ANY))
			snprintf(out->where, sizeof(out->where), "slot %" PRIu64,
				 report->detail_at);
		break;
	case ROAD_REGION_ERROR_OP:
	case ROAD_REGION_ERROR_STALE:
	case ROAD_REGION_ERROR_ADDRESS:
	case ROAD_REGION_ERROR_UNSUPPORTED:
	case ROAD_REGION_ERROR_TIMEOUT:
	case ROAD_REGION_ERROR_NOT_RESIDENT:
		snprintf(out->where, sizeof(out->where), "its %s", field_at(report->detail_at));
		break;
	default: break;
	}
}

/* Ids and addresses are read by their digits, counts by their size. */
static void number(char *out, size_t bytes, uint64_t value)
{
	snprintf(out, bytes, value > UINT32_MAX ? "0x%" PRIx64 : "%" PRIu64, value);
}

static void say_values(const struct road_region_report *report, road_error *out)
{
	static const char *const rules[] = {
		[ROAD_REGION_RULE_EQUAL] = "",
		[ROAD_REGION_RULE_AT_LEAST] = "at least ",
		[ROAD_REGION_RULE_AT_MOST] = "at most ",
		[ROAD_REGION_RULE_MULTIPLE] = "a multiple of ",
		[ROAD_REGION_RULE_BITS] = "no other bits than ",
	};
	const char *rule = name_of(rules, sizeof(rules) / sizeof(rules[0]), report->rule);
	char value[24];

	out->seen[0] = out->allowed[0] = 0;
	if (report->rule == ROAD_REGION_RULE_NONE)
		return;
	number(out->seen, sizeof(out->seen), report->seen);
	number(value, sizeof(value), report->allowed);
	if (report->rule == ROAD_REGION_RULE_RESIDENT)
		snprintf(out->allowed, sizeof(out->allowed), "one that is resident");
	else if (rule)
		snprintf(out->allowed, sizeof(out->allowed), "%s%s", rule, value);
}

void road_region_explain(struct road_drv_device *dev, const void *from, struct road_error *out)
{
	struct road_region_report report;

	(void)dev;
	memcpy(&report, from, sizeof(report));
	say_what(&report, out);
	say_where(&report, out);
	say_values(&report, out);
}
