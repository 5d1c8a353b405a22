/* SPDX-License-Identifier: Apache-2.0 */
/* `roadbed list` and `roadbed explain`: candidates, in the order in which the library gives them.
 */
#include "tools/roadbed/json.h"
#include "tools/roadbed/library.h"
#include "tools/roadbed/verbs.h"

#include <stdlib.h>
#include <string.h>

typedef road_status (*candidate_fn)(road_instance *instance, uint32_t flags, uint32_t index,
				    road_candidate *out);

struct candidates {
	road_candidate *at;
	uint32_t count;
};

static int collect(road_instance *instance, candidate_fn next, uint32_t flags,
		   struct candidates *out)
{
	for (uint32_t room = 0;; out->count++) {
		road_candidate one = {.size = sizeof(one)};
		road_status status = next(instance, flags, out->count, &one);

		if (status == ROAD_NOT_FOUND)
			return TOOL_OK;
		if (status != ROAD_OK)
			return library_refuse("listing devices", status);
		if (out->count == room) {
			room = room ? room * 2 : 16;
			out->at = reallocarray(out->at, room, sizeof(one));
			if (!out->at)
				tool_no_memory();
		}
		out->at[out->count] = one;
	}
}

static int print_json(const struct candidates *all, const char *key)
{
	struct json_object *document = json_document(), *array = json_new_array();

	json_add(document, key, array);
	for (uint32_t i = 0; i < all->count; i++) {
		const road_candidate *one = &all->at[i];
		struct json_object *object = json_new();

		json_add_text(object, "address", one->address);
		json_add_known_text(object, "name", one->name);
		json_add_known_text(object, "driver", one->driver);
		json_add_bool(object, "simulated", one->simulated);
		json_add_text(object, "status", road_status_text(one->status));
		json_add_known_text(object, "reason", one->reason);
		json_append(array, object);
	}
	return json_print(document);
}

static int width_of(const struct candidates *all, size_t offset, int least)
{
	for (uint32_t i = 0; i < all->count; i++) {
		int width = (int)strlen((const char *)&all->at[i] + offset);

		least = width > least ? width : least;
	}
	return least;
}

static const char *or_dash(const char *text)
{
	return text[0] ? text : "-";
}

static void print_table(const struct candidates *all, bool reasons)
{
	int address = width_of(all, offsetof(road_candidate, address), 7);
	int name = width_of(all, offsetof(road_candidate, name), 4);
	int driver = width_of(all, offsetof(road_candidate, driver), 6);

	printf("%-*s  %-*s  %-*s  %-13s  STATUS\n", address, "ADDRESS", name, "NAME", driver,
	       "DRIVER", "KIND");
	for (uint32_t i = 0; i < all->count; i++) {
		const road_candidate *one = &all->at[i];

		printf("%-*s  %-*s  %-*s  %-13s  %s", address, one->address, name,
		       or_dash(one->name), driver, or_dash(one->driver),
		       word_of_simulated(one->simulated), road_status_text(one->status));
		if (one->reason[0] && (reasons || one->status != ROAD_OK))
			printf(": %s", one->reason);
		putchar('\n');
	}
}

static int show(candidate_fn next, uint32_t flags, bool json, bool explain)
{
	struct candidates all = {0};
	road_instance *instance;
	int code = library_open(&instance);

	if (code)
		return code;
	code = collect(instance, next, flags, &all);
	if (!code && json)
		code = print_json(&all, explain ? "candidates" : "devices");
	else if (!code && all.count)
		print_table(&all, explain);
	else if (!code)
		puts("no device; `roadbed list --all` names the chips that can be simulated");
	free(all.at);
	road_instance_release(instance);
	return code;
}

static int parse(const struct tool_option *options, int argc, char **argv, const char *verb)
{
	struct tool_error error;
	int left = 0, rc = tool_options(options, argc, argv, &left, &error);

	if (!rc && !left)
		return TOOL_OK;
	if (!rc)
		tool_error_set(&error, verb, "takes no argument", argv[0], "options only");
	tool_error_print(&error);
	return TOOL_USAGE;
}

int verb_list(int argc, char **argv)
{
	bool all = false, json = false;
	const struct tool_option options[] = {
		{"--all", &all, NULL}, {"--json", &json, NULL}, {NULL, NULL, NULL}};
	int code = parse(options, argc, argv, "list");

	return code ? code
		    : show(road_instance_enumerate, all ? ROAD_ENUMERATE_POSSIBLE : 0, json, false);
}

int verb_explain(int argc, char **argv)
{
	bool all = false, json = false;
	const struct tool_option options[] = {
		{"--all", &all, NULL}, {"--json", &json, NULL}, {NULL, NULL, NULL}};
	int code = parse(options, argc, argv, "explain");

	return code ? code
		    : show(road_instance_explain, all ? ROAD_ENUMERATE_POSSIBLE : 0, json, true);
}
