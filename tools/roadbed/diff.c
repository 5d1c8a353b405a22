/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `roadbed diff`: what differs between two reports, member by member in the first one's order.
 * Exits like diff(1): 0 the same, 1 different, 2 trouble.
 */
#include "tools/roadbed/files.h"
#include "tools/roadbed/json.h"
#include "tools/roadbed/verbs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define REPORT_BYTES_MAX (UINT64_C(1) << 28)
#define NAME_BYTES       512
#define DEPTH_MAX        32u

enum { SAME = 0, DIFFERENT = 1, TROUBLE = TOOL_USAGE };

struct diff {
	struct json_object *rows; /* NULL: lines for people */
	uint32_t count;
	bool deep; /* something was nested too deeply to be looked at */
};

/* What a machine measures of itself differs between any two runs. */
static const char *const ignored[] = {"wall_seconds"};

static bool is_ignored(const char *name)
{
	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		if (!strcmp(name, ignored[i]))
			return true;
	return false;
}

static bool is_number(struct json_object *value)
{
	return json_object_is_type(value, json_type_int) ||
	       json_object_is_type(value, json_type_double);
}

static const char *text_of(struct json_object *value, bool there)
{
	return there ? json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN) : "missing";
}

static struct json_object *copy_of(struct json_object *value)
{
	return value ? json_object_get(value) : NULL;
}

static void found(struct diff *diff, const char *name, struct json_object *a, bool in_a,
		  struct json_object *b, bool in_b)
{
	double from = is_number(a) ? json_object_get_double(a) : NAN;
	double to = is_number(b) ? json_object_get_double(b) : NAN;
	bool ratio = !isnan(from) && !isnan(to) && from != 0;

	diff->count++;
	if (!diff->rows) {
		printf("%-40s %16s %16s", name, text_of(a, in_a), text_of(b, in_b));
		if (ratio)
			printf("  %+9.2f %%", 100 * (to / from - 1));
		puts("");
		return;
	}
	struct json_object *row = json_new();

	json_append(diff->rows, row);
	json_add_text(row, "name", name);
	json_add(row, "a", copy_of(a));
	json_add(row, "b", copy_of(b));
	if (ratio)
		json_add_f64(row, "ratio", to / from);
	else
		json_add(row, "ratio", NULL);
}

static void compare(struct diff *diff, const char *name, struct json_object *a, bool in_a,
		    struct json_object *b, bool in_b, unsigned depth);

static void inner_name(char *out, const char *outer, const char *member)
{
	snprintf(out, NAME_BYTES, "%.300s%s%.200s", outer, *outer ? "." : "", member);
}

static void compare_objects(struct diff *diff, const char *name, struct json_object *a,
			    struct json_object *b, unsigned depth)
{
	char inner[NAME_BYTES];

	json_object_object_foreach(a, key, value)
	{
		struct json_object *other = NULL;
		bool there = json_object_object_get_ex(b, key, &other);

		inner_name(inner, name, key);
		compare(diff, inner, value, true, other, there, depth);
	}
	json_object_object_foreach(b, late, only)
	{
		inner_name(inner, name, late);
		if (!json_object_object_get_ex(a, late, NULL))
			compare(diff, inner, NULL, false, only, true, depth);
	}
}

/* Elements with a name are found by it, wherever they stand in the other array. */
static struct json_object *partner(struct json_object *array, struct json_object *of, size_t index)
{
	const char *name =
		json_object_is_type(of, json_type_object) ? json_get_text(of, "name") : NULL;

	for (size_t i = 0; name && i < json_object_array_length(array); i++) {
		struct json_object *other = json_object_array_get_idx(array, i);
		const char *own = json_object_is_type(other, json_type_object)
					  ? json_get_text(other, "name")
					  : NULL;

		if (own && !strcmp(own, name))
			return other;
	}
	return name ? NULL : json_object_array_get_idx(array, index);
}

static void element_name(char *out, const char *outer, struct json_object *element, size_t index)
{
	const char *name = json_object_is_type(element, json_type_object)
				   ? json_get_text(element, "name")
				   : NULL;

	if (name)
		snprintf(out, NAME_BYTES, "%.300s[%.180s]", outer, name);
	else
		snprintf(out, NAME_BYTES, "%.300s[%zu]", outer, index);
}

static void compare_arrays(struct diff *diff, const char *name, struct json_object *a,
			   struct json_object *b, unsigned depth)
{
	size_t in_a = json_object_array_length(a), in_b = json_object_array_length(b);
	char inner[NAME_BYTES];

	for (size_t i = 0; i < in_a; i++) {
		struct json_object *value = json_object_array_get_idx(a, i);
		struct json_object *other = partner(b, value, i);

		element_name(inner, name, value, i);
		compare(diff, inner, value, true, other, other || i < in_b, depth);
	}
	for (size_t i = 0; i < in_b; i++) {
		struct json_object *value = json_object_array_get_idx(b, i);

		element_name(inner, name, value, i);
		if (!partner(a, value, i) && (i >= in_a || json_object_array_get_idx(a, i)))
			compare(diff, inner, NULL, false, value, true, depth);
	}
}

static void compare(struct diff *diff, const char *name, struct json_object *a, bool in_a,
		    struct json_object *b, bool in_b, unsigned depth)
{
	enum json_type type = json_object_get_type(a);

	if (is_ignored(name))
		return;
	if (depth == DEPTH_MAX)
		diff->deep = true;
	else if (in_a && in_b && type == json_type_object && json_object_is_type(b, type))
		compare_objects(diff, name, a, b, depth + 1);
	else if (in_a && in_b && type == json_type_array && json_object_is_type(b, type))
		compare_arrays(diff, name, a, b, depth + 1);
	else if (in_a != in_b || strcmp(text_of(a, in_a), text_of(b, in_b)) != 0)
		found(diff, name, a, in_a, b, in_b);
}

static struct json_object *read_report(const char *path)
{
	struct tool_error error;
	struct json_object *report;
	size_t bytes;
	void *text;

	if (file_read(path, REPORT_BYTES_MAX, &text, &bytes, &error)) {
		tool_error_print(&error);
		return NULL;
	}
	report = json_tokener_parse(text);
	free(text);
	if (json_object_is_type(report, json_type_object))
		return report;
	tool_refuse(TROUBLE, path, "is no report", "", "a JSON object");
	json_object_put(report);
	return NULL;
}

static int print_rows(const struct diff *diff)
{
	struct json_object *document = json_document("diff");

	json_add_u64(document, "differences", diff->count);
	json_add(document, "members", diff->rows);
	return json_print(document);
}

static int compare_files(const char *first, const char *second, bool as_json)
{
	struct json_object *a = read_report(first), *b = a ? read_report(second) : NULL;
	struct diff diff = {.rows = as_json && b ? json_new_array() : NULL};
	int code = TROUBLE;

	if (!b)
		goto put;
	compare(&diff, "", a, true, b, true, 0);
	code = diff.count ? DIFFERENT : SAME;
	if (diff.rows && print_rows(&diff))
		code = TROUBLE;
	if (diff.deep)
		code = tool_refuse(TROUBLE, first, "is nested too deeply", "", "32 levels");
put:
	json_object_put(a);
	json_object_put(b);
	return code;
}

int verb_diff(int argc, char **argv)
{
	bool as_json = false;
	const struct tool_option options[] = {{"--json", &as_json, NULL}, {NULL, NULL, NULL}};
	struct tool_error error;
	int left;

	if (tool_options(options, argc, argv, &left, &error)) {
		tool_error_print(&error);
		return TROUBLE;
	}
	if (left != 2)
		return tool_refuse(TROUBLE, "diff", "needs two reports",
				   left ? argv[left - 1] : "nothing", "A.json B.json");
	return compare_files(argv[0], argv[1], as_json);
}
