/* SPDX-License-Identifier: Apache-2.0 */
/* How a fact is read anew whenever somebody asks. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hal/bus/facts.h"
#include "hal/bus/sysfs.h"

void road_fact_set_text(road_property *property, const char *text)
{
	property->type = text[0] ? ROAD_VALUE_TEXT : ROAD_VALUE_NULL;
	snprintf(property->text, sizeof(property->text), "%.95s", text);
	road_text_clean(property->text);
}

static bool number(const char *text, bool whole, uint64_t *out)
{
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return false;
	*out = strtoull(text, &end, 10);
	return !whole || !*end;
}

/* "… TOTAL_ERR_COR 12": lines of a counter's name and its value. */
static bool read_total(const struct road_fact *fact, uint64_t *out)
{
	char all[ROAD_SYSFS_MAX];
	const char *at;

	if (!road_sysfs_read(fact->folder, fact->file, all, sizeof(all)))
		return false;
	at = strstr(all, "TOTAL_");
	if (!at)
		return false;
	at += strcspn(at, " \n");
	return *at == ' ' && number(at + 1, false, out);
}

/* What stands behind the word `other` at the beginning of a line. */
static bool behind_word(const struct road_fact *fact, char out[ROAD_SYSFS_MAX])
{
	const size_t word = strlen(fact->other);
	char all[ROAD_SYSFS_MAX];
	const char *line = all;

	if (!road_sysfs_read(fact->folder, fact->file, all, sizeof(all)))
		return false;
	while (*line && strncmp(line, fact->other, word)) {
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	if (!*line)
		return false;
	line += word;
	line += strspn(line, " ");
	snprintf(out, ROAD_SYSFS_MAX, "%.*s", (int)strcspn(line, "\n"), line);
	return out[0];
}

static bool read_word(const struct road_fact *fact, uint64_t *out)
{
	char text[ROAD_SYSFS_MAX];

	return behind_word(fact, text) && number(text, true, out);
}

static void read_word_text(const struct road_fact *fact, road_property *out)
{
	char text[ROAD_SYSFS_MAX];

	if (behind_word(fact, text))
		road_fact_set_text(out, text);
}

/* What is left of a whole; unknown, too, where more is gone than there was. */
static bool read_less(const struct road_fact *fact, uint64_t *out)
{
	uint64_t whole, gone;

	if (!road_sysfs_u64(fact->folder, fact->file, &whole) ||
	    !road_sysfs_u64(fact->folder, fact->other, &gone) || gone > whole)
		return false;
	*out = whole - gone;
	return true;
}

/* One that is written as we would: "0012" and "0x12" are texts. */
static bool is_plain_number(const char *text, uint64_t *out)
{
	char again[24];

	if (!number(text, false, out))
		return false;
	const int length = snprintf(again, sizeof(again), "%" PRIu64, *out);

	return !strncmp(text, again, (size_t)length) && !strcmp(text + length, "\n");
}

/* All that a file says: a number if it is one, else its lines, with "; " between them. */
static void read_lines(const struct road_fact *fact, road_property *out)
{
	char all[ROAD_SYSFS_MAX], text[sizeof(out->text)] = "";
	const char *line = all;
	size_t used = 0;

	if (!road_sysfs_read(fact->folder, fact->file, all, sizeof(all)))
		return;
	if (is_plain_number(all, &out->u64)) {
		out->type = ROAD_VALUE_U64;
		return;
	}
	while (*line && used < sizeof(text)) {
		const size_t length = strcspn(line, "\n");

		if (length)
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%.*s",
						 used ? "; " : "", (int)length, line);
		line += length;
		line += *line == '\n';
	}
	road_fact_set_text(out, text);
}

static bool read_leading(const struct road_fact *fact, double *out)
{
	char text[64], *end;

	if (!road_sysfs_text(fact->folder, fact->file, text, sizeof(text)) || text[0] < '0' ||
	    text[0] > '9')
		return false;
	*out = strtod(text, &end) * fact->scale;
	return *end == ' ' || !*end;
}

static void read_text(const struct road_fact *fact, road_property *out)
{
	bool link = (fact->how & ROAD_FACT_HOW) == ROAD_FACT_LINK;
	char text[sizeof(out->text)];

	if (link ? road_sysfs_link(fact->folder, fact->file, text, sizeof(text))
		 : road_sysfs_text(fact->folder, fact->file, text, sizeof(text)))
		road_fact_set_text(out, text);
}

static bool read_u64(const struct road_fact *fact, uint64_t *out)
{
	char text[32];

	switch (fact->how & ROAD_FACT_HOW) {
	case ROAD_FACT_TOTAL: return read_total(fact, out);
	case ROAD_FACT_WORD: return read_word(fact, out);
	case ROAD_FACT_LESS: return read_less(fact, out);
	case ROAD_FACT_LINK_U64:
		return road_sysfs_link(fact->folder, fact->file, text, sizeof(text)) &&
		       number(text, true, out);
	default: return road_sysfs_u64(fact->folder, fact->file, out);
	}
}

static void read_fact(const struct road_facts *facts, const struct road_fact *fact,
		      road_property *out)
{
	bool known;

	out->type = ROAD_VALUE_NULL;
	switch (fact->how & ROAD_FACT_HOW) {
	case ROAD_FACT_TEXT:
	case ROAD_FACT_LINK: read_text(fact, out); return;
	case ROAD_FACT_WORD_TEXT: read_word_text(fact, out); return;
	case ROAD_FACT_LINES: read_lines(fact, out); return;
	case ROAD_FACT_CLIENT:
	case ROAD_FACT_CLIENTS: road_usage_read(facts->usage, fact, out); return;
	case ROAD_FACT_LEADING:
		known = read_leading(fact, &out->f64);
		out->type = known ? ROAD_VALUE_F64 : ROAD_VALUE_NULL;
		return;
	case ROAD_FACT_F64:
		known = road_sysfs_f64(fact->folder, fact->file, &out->f64);
		out->f64 *= fact->scale;
		out->type = known ? ROAD_VALUE_F64 : ROAD_VALUE_NULL;
		return;
	default:
		known = read_u64(fact, &out->u64);
		out->type = known ? ROAD_VALUE_U64 : ROAD_VALUE_NULL;
	}
}

bool road_facts_asleep(const struct road_facts *facts)
{
	char text[32];

	if (road_sysfs_text(facts->power, "power/runtime_status", text, sizeof(text)) &&
	    !strncmp(text, "suspend", 7))
		return true;
	return road_sysfs_text(facts->power, "power_state", text, sizeof(text)) &&
	       !strncmp(text, "D3", 2);
}

bool road_facts_at(const struct road_facts *facts, uint32_t index, road_property *out)
{
	if (index >= facts->count)
		return false;
	const struct road_fact *fact = &facts->at[index];

	*out = fact->property;
	if (fact->how &&
	    !(fact->how & ROAD_FACT_WAKES && facts->no_wake && road_facts_asleep(facts)))
		read_fact(facts, fact, out);
	return true;
}
