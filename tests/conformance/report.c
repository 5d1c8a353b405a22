/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/conformance/report.h"

#include "tests/conformance/capability.h"

#include <inttypes.h>
#include <json-c/json.h>

static const char *const groups[] = {
#define GROUP(name) #name,
#include "tests/conformance/groups.def"
#undef GROUP
};
#define GROUPS (sizeof(groups) / sizeof(groups[0]))

static const char *const outcome_words[OUTCOMES] = {"ok", "FAILED", "unsupported", "pending",
						    "skipped"};

struct group_count report_group(const struct report *report, const char *group)
{
	struct group_count count = {0};

	for (unsigned i = 0; i < report->count; i++) {
		const struct row *row = &report->rows[i];

		if (strcmp(row->c->group, group))
			continue;
		count.outcomes[row->result.outcome]++;
		count.applicable += row->result.outcome == PASSED || row->result.outcome == FAILED;
		count.bad += !row->good;
	}
	return count;
}

void report_begin(const struct report *report)
{
	uint32_t version = road_version();

	if (report->format == FORMAT_JSON)
		return;
	printf("%s%s: %s, %s%s; driver %s; Roadbed %u.%u.%u; seed %" PRIu64 "\n",
	       report->format == FORMAT_TAP ? "# " : "", report->address, report->info.name,
	       report->info.vendor, report->info.simulated ? ", simulated" : "",
	       report->info.driver, version >> 16, version >> 8 & 0xff, version & 0xff,
	       report->seed);
	if (report->format == FORMAT_TAP)
		printf("1..%u\n", report->count);
}

/* Why a case is what it is, in words. */
static void print_reason(const char *lead, const struct row *row)
{
	const struct result *result = &row->result;

	for (const struct failure *f = result->failures; f; f = f->next)
		if (f->line)
			printf("%s%s:%u: %s\n", lead, f->file, f->line, f->text);
		else
			printf("%s%s\n", lead, f->text);
	if (row->why[0])
		printf("%s%s\n", lead, row->why);
}

static void text_row(const struct row *row)
{
	const struct result *result = &row->result;
	bool expected = result->outcome == FAILED && row->good;
	char name[96];

	snprintf(name, sizeof(name), "%s.%s", row->c->group, row->c->name);
	printf("%-12s %s",
	       expected                    ? "known"
	       : row->good                 ? outcome_words[result->outcome]
	       : result->outcome == FAILED ? "FAILED"
					   : "WRONG",
	       name);
	if (result->outcome == UNSUPPORTED || result->outcome == SKIPPED)
		printf("  (%s%s%s)", result->reason,
		       result->capability != CAPABILITIES ? ": @" : "",
		       result->capability != CAPABILITIES ? capability_name(result->capability)
							  : "");
	else if (result->outcome == PENDING)
		printf("  (awaits %s)", result->reason);
	putchar('\n');
	print_reason("    ", row);
	for (const char *at = result->notes; *at;) {
		size_t bytes = strcspn(at, "\n");

		printf("    %.*s\n", (int)bytes, at);
		at += bytes + (at[bytes] == '\n');
	}
}

static void tap_row(const struct report *report, const struct row *row)
{
	const struct result *result = &row->result;
	const char *skip = result->outcome == UNSUPPORTED || result->outcome == SKIPPED ||
					   result->outcome == PENDING
				   ? result->reason
				   : NULL;

	printf("%sok %td - %s.%s", row->good ? "" : "not ", row - report->rows + 1, row->c->group,
	       row->c->name);
	if (row->good && result->outcome == FAILED)
		printf(" # SKIP a known failure");
	else if (row->good && skip)
		printf(" # SKIP %s%s", result->outcome == PENDING ? "awaits " : "", skip);
	putchar('\n');
	print_reason("#   ", row);
}

void report_row(const struct report *report, const struct row *row)
{
	switch (report->format) {
	case FORMAT_TEXT: text_row(row); break;
	case FORMAT_TAP: tap_row(report, row); break;
	case FORMAT_JSON: break;
	}
	fflush(stdout);
}

void report_trouble(struct report *report, const char *text)
{
	if (report->trouble_count < sizeof(report->troubles) / sizeof(report->troubles[0]))
		snprintf(report->troubles[report->trouble_count++], sizeof(report->troubles[0]),
			 "%s", text);
	fprintf(report->format == FORMAT_JSON ? stderr : stdout, "%s%s\n",
		report->format == FORMAT_TAP ? "# " : "", text);
}

static void text_summary(const struct report *report, bool bad)
{
	printf("\n%-12s %10s %6s %11s %7s %7s %6s\n", "group", "applicable", "passed",
	       "unsupported", "pending", "skipped", "wrong");
	for (unsigned i = 0; i < GROUPS; i++) {
		struct group_count c = report_group(report, groups[i]);

		if (c.applicable + c.outcomes[UNSUPPORTED] + c.outcomes[PENDING] +
		    c.outcomes[SKIPPED])
			printf("%-12s %10u %6u %11u %7u %7u %6u\n", groups[i], c.applicable,
			       c.outcomes[PASSED], c.outcomes[UNSUPPORTED], c.outcomes[PENDING],
			       c.outcomes[SKIPPED], c.bad);
	}
	printf("%s: %s\n", report->address, bad ? "does not conform" : "conforms");
}

/* ---- JSON ---- */

static struct json_object *json_case(const struct row *row)
{
	struct json_object *out = json_object_new_object(), *failures = json_object_new_array();
	char name[96];

	snprintf(name, sizeof(name), "%s.%s", row->c->group, row->c->name);
	json_object_object_add(out, "name", json_object_new_string(name));
	json_object_object_add(
		out, "outcome",
		json_object_new_string(row->result.outcome == PASSED ? "passed"
				       : row->result.outcome == FAILED
					       ? "failed"
					       : outcome_words[row->result.outcome]));
	json_object_object_add(out, "seconds", json_object_new_double(row->result.seconds));
	json_object_object_add(out, "expected", json_object_new_boolean(row->good));
	if (row->result.reason[0])
		json_object_object_add(out, "reason", json_object_new_string(row->result.reason));
	if (row->why[0])
		json_object_object_add(out, "wrong", json_object_new_string(row->why));
	for (const struct failure *f = row->result.failures; f; f = f->next) {
		struct json_object *failure = json_object_new_object();

		json_object_object_add(failure, "file", json_object_new_string(f->file));
		json_object_object_add(failure, "line", json_object_new_int((int)f->line));
		json_object_object_add(failure, "text", json_object_new_string(f->text));
		json_object_array_add(failures, failure);
	}
	json_object_object_add(out, "failures", failures);
	return out;
}

static struct json_object *json_group(const struct report *report, const char *group)
{
	struct group_count c = report_group(report, group);
	struct json_object *out = json_object_new_object();
	const struct {
		const char *name;
		unsigned count;
	} members[] = {{"applicable", c.applicable},
		       {"passed", c.outcomes[PASSED]},
		       {"unsupported", c.outcomes[UNSUPPORTED]},
		       {"pending", c.outcomes[PENDING]},
		       {"skipped", c.outcomes[SKIPPED]},
		       {"wrong", c.bad}};

	for (unsigned i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		json_object_object_add(out, members[i].name,
				       json_object_new_int((int)members[i].count));
	return out;
}

static void json_report(const struct report *report, bool bad)
{
	struct json_object *out = json_object_new_object(), *cases = json_object_new_array();
	struct json_object *by_group = json_object_new_object(),
			   *troubles = json_object_new_array();
	char version[32];

	snprintf(version, sizeof(version), "%u.%u.%u", road_version() >> 16,
		 road_version() >> 8 & 0xff, road_version() & 0xff);
	json_object_object_add(out, "schema", json_object_new_string("roadbed.conformance.1"));
	json_object_object_add(out, "address", json_object_new_string(report->address));
	json_object_object_add(out, "device", json_object_new_string(report->info.name));
	json_object_object_add(out, "vendor", json_object_new_string(report->info.vendor));
	json_object_object_add(out, "driver", json_object_new_string(report->info.driver));
	json_object_object_add(out, "simulated",
			       json_object_new_boolean((int)report->info.simulated));
	json_object_object_add(out, "version", json_object_new_string(version));
	json_object_object_add(out, "seed", json_object_new_uint64(report->seed));
	json_object_object_add(out, "conforms", json_object_new_boolean(!bad));
	for (unsigned i = 0; i < GROUPS; i++)
		json_object_object_add(by_group, groups[i], json_group(report, groups[i]));
	json_object_object_add(out, "groups", by_group);
	for (unsigned i = 0; i < report->count; i++)
		json_object_array_add(cases, json_case(&report->rows[i]));
	json_object_object_add(out, "cases", cases);
	for (unsigned i = 0; i < report->trouble_count; i++)
		json_object_array_add(troubles, json_object_new_string(report->troubles[i]));
	json_object_object_add(out, "troubles", troubles);
	puts(json_object_to_json_string_ext(out, JSON_C_TO_STRING_PRETTY |
							 JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(out);
}

void report_end(const struct report *report, bool bad)
{
	switch (report->format) {
	case FORMAT_TEXT: text_summary(report, bad); break;
	case FORMAT_TAP: break;
	case FORMAT_JSON: json_report(report, bad); break;
	}
}

/* ---- JUnit ---- */

static void xml_text(FILE *out, const char *text)
{
	for (; *text; text++)
		switch (*text) {
		case '&': fputs("&amp;", out); break;
		case '<': fputs("&lt;", out); break;
		case '>': fputs("&gt;", out); break;
		case '"': fputs("&quot;", out); break;
		default:
			if ((unsigned char)*text >= ' ' || *text == '\n' || *text == '\t')
				putc(*text, out);
		}
}

static void junit_row(FILE *out, const struct row *row)
{
	fprintf(out, "    <testcase classname=\"%s\" name=\"%s\" time=\"%.3f\">\n", row->c->group,
		row->c->name, row->result.seconds);
	if (!row->good) {
		fputs("      <failure>", out);
		xml_text(out, row->why);
		for (const struct failure *f = row->result.failures; f; f = f->next) {
			fprintf(out, "\n%s:%u: ", f->file, f->line);
			xml_text(out, f->text);
		}
		fputs("</failure>\n", out);
	} else if (row->result.outcome != PASSED) {
		fputs("      <skipped message=\"", out);
		xml_text(out,
			 row->result.outcome == FAILED ? "a known failure" : row->result.reason);
		fputs("\"/>\n", out);
	}
	fputs("    </testcase>\n", out);
}

bool report_junit(const struct report *report, const char *path)
{
	FILE *out = fopen(path, "w");

	if (!out)
		return false;
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n", out);
	for (unsigned g = 0; g < GROUPS; g++) {
		struct group_count c = report_group(report, groups[g]);
		unsigned tests = 0;

		for (unsigned i = 0; i < OUTCOMES; i++)
			tests += c.outcomes[i];
		if (!tests)
			continue;
		fprintf(out,
			"  <testsuite name=\"%s\" tests=\"%u\" failures=\"%u\" skipped=\"%u\">\n",
			groups[g], tests, c.bad, tests - c.applicable);
		for (unsigned i = 0; i < report->count; i++)
			if (!strcmp(report->rows[i].c->group, groups[g]))
				junit_row(out, &report->rows[i]);
		fputs("  </testsuite>\n", out);
	}
	if (report->trouble_count)
		fprintf(out, "  <testsuite name=\"list\" tests=\"%u\" failures=\"%u\">\n",
			report->trouble_count, report->trouble_count);
	for (unsigned i = 0; i < report->trouble_count; i++) {
		fprintf(out, "    <testcase classname=\"list\" name=\"entry %u\">\n      <failure>",
			i + 1);
		xml_text(out, report->troubles[i]);
		fputs("</failure>\n    </testcase>\n", out);
	}
	if (report->trouble_count)
		fputs("  </testsuite>\n", out);
	fputs("</testsuites>\n", out);
	return !fclose(out);
}
