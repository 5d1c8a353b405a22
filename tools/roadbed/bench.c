/* SPDX-License-Identifier: Apache-2.0 */
/* roadbed bench: the table of docs/performance.md on this machine, now. */
#include "bench/bench.h"

#include <string.h>

#include "tools/roadbed/json.h"
#include "tools/roadbed/verbs.h"

static bool meets(const struct bench_row *row, double bound)
{
	return row->more_is_better ? row->median >= bound : row->median <= bound;
}

static const char *verdict(const struct bench_row *row)
{
	if (row->floor > 0 && !meets(row, row->floor))
		return "below the floor";
	if (row->target > 0)
		return meets(row, row->target) ? "meets the target" : "meets the floor";
	return row->floor > 0 ? "meets the floor" : "";
}

static void print_table(const struct bench *bench)
{
	printf("%-52s %10s %10s %10s  %-16s %8s %8s\n", "WHAT", "MEDIAN", "LEAST", "MOST", "UNIT",
	       "FLOOR", "TARGET");
	for (unsigned i = 0; i < bench->row_count; i++) {
		const struct bench_row *row = &bench->rows[i];

		if (row->skipped[0]) {
			printf("%-52s skipped: %s\n", row->name, row->skipped);
			continue;
		}
		printf("%-52s %10.3f %10.3f %10.3f  %-16s %8g %8g  %s\n", row->name, row->median,
		       row->least, row->most, row->unit, row->floor, row->target, verdict(row));
	}
}

static int print_json(const struct bench *bench)
{
	struct json_object *document = json_document("bench"), *rows = json_new_array();

	for (unsigned i = 0; i < bench->row_count; i++) {
		const struct bench_row *row = &bench->rows[i];
		struct json_object *object = json_new();

		json_add_text(object, "name", row->name);
		bool here = !row->skipped[0];

		json_add(object, "skipped", here ? NULL : json_object_new_string(row->skipped));
		json_add(object, "unit", here ? json_object_new_string(row->unit) : NULL);
		json_add(object, "median", here ? json_object_new_double(row->median) : NULL);
		json_add(object, "least", here ? json_object_new_double(row->least) : NULL);
		json_add(object, "most", here ? json_object_new_double(row->most) : NULL);
		json_add(object, "floor",
			 row->floor > 0 ? json_object_new_double(row->floor) : NULL);
		json_add(object, "target",
			 row->target > 0 ? json_object_new_double(row->target) : NULL);
		json_append(rows, object);
	}
	json_add(document, "rows", rows);
	return json_print(document);
}

static void list_parts(char *all, size_t bytes)
{
	int at = 0;

	for (unsigned i = 0; bench_part(i); i++)
		at += snprintf(all + at, bytes - (size_t)at, "%s%s", i ? ", " : "", bench_part(i));
}

void bench_print_parts(FILE *out)
{
	char all[160];

	list_parts(all, sizeof(all));
	fprintf(out, "NAME, of --part: %s\n", all);
}

/* false: there is no such part; *error says which there are. */
static bool is_part(const char *name, struct tool_error *error)
{
	char all[160];

	for (unsigned i = 0; bench_part(i); i++)
		if (!strcmp(name, bench_part(i)))
			return true;
	list_parts(all, sizeof(all));
	tool_error_set(error, "--part", "there is no such part", name, all);
	return false;
}

int verb_bench(int argc, char **argv)
{
	static struct bench bench;
	const char *part = NULL;
	bool json = false;
	int left = 0;
	struct tool_error error;
	const struct tool_option options[] = {
		{"--json", &json, NULL}, {"--part", NULL, &part}, {0}};

	if (tool_options(options, argc, argv, &left, &error) || (part && !is_part(part, &error))) {
		tool_error_print(&error);
		return TOOL_USAGE;
	}
	if (left)
		return tool_refuse(TOOL_USAGE, "roadbed bench", "unexpected argument", argv[0],
				   "[--part NAME] [--json]");
	if (bench_run(&bench, part))
		return tool_refuse(TOOL_FAILURE, "roadbed bench", bench.error, "", "");
	if (json)
		return print_json(&bench);
	print_table(&bench);
	return TOOL_OK;
}
