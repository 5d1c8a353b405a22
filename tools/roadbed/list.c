/* SPDX-License-Identifier: Apache-2.0 */
/* `roadbed list` and `roadbed explain`: candidates, in the order in which the library gives them.
 */
#include "tools/roadbed/candidates.h"
#include "tools/roadbed/json.h"
#include "tools/roadbed/library.h"
#include "tools/roadbed/terminal.h"
#include "tools/roadbed/verbs.h"

#include <stdlib.h>
#include <string.h>

static void row_json(struct json_object *object, const struct candidates *all, uint32_t i)
{
	const road_candidate *one = &all->at[i];
	const bool has_class = one->device_class != ROAD_CLASS_OTHER;

	json_add_text(object, "address", one->address);
	json_add_known_text(object, "name", one->name);
	json_add_known_text(object, "vendor", one->vendor);
	json_add_known_text(object, "class", has_class ? word_of_class(one->device_class) : "");
	json_add_known_text(object, "family", one->family);
	json_add_bool(object, "simulated", one->simulated);
	json_add_known_u64(object, "memory_total_bytes", one->memory_bytes);
	json_add_text(object, "state", candidates_state(all, i));
	json_add_known_text(object, "driver", one->driver);
	json_add_known_text(object, "kernel_driver", one->kernel_driver);
	json_add_text(object, "status", road_status_text(one->status));
	json_add_known_text(object, "reason", one->reason);
}

static int print_json(const struct candidates *all, bool explain)
{
	struct json_object *document = json_document(explain ? "explain" : "list"),
			   *array = json_new_array();

	json_add(document, explain ? "candidates" : "devices", array);
	for (uint32_t i = 0; i < all->count; i++) {
		struct json_object *object = json_new();

		row_json(object, all, i);
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

/* Ready ones stand out, and those that were refused or are gone. */
static enum terminal_color color_of(const struct candidates *all, uint32_t i)
{
	switch (all->at[i].status) {
	case ROAD_OK: return all->here[i] ? TERMINAL_GREEN : TERMINAL_PLAIN;
	case ROAD_NOT_READY:
	case ROAD_UNSUPPORTED: return TERMINAL_PLAIN;
	case ROAD_NOT_FOUND: return TERMINAL_YELLOW;
	default: return TERMINAL_RED;
	}
}

/* A line of the table; the widths are those of all. */
struct widths {
	int address, name, driver;
};

static void print_row(const struct candidates *all, uint32_t i, const struct widths *widths)
{
	const road_candidate *one = &all->at[i];
	const bool has_class = one->device_class != ROAD_CLASS_OTHER;
	char memory[32] = "-";

	if (one->memory_bytes)
		bytes_as_text(one->memory_bytes, memory, sizeof(memory));
	printf("%-*s  %-*s  %-5s  %10s  %-*s  %-13s  %s%s%s", widths->address, one->address,
	       widths->name, or_dash(one->name), has_class ? word_of_class(one->device_class) : "-",
	       memory, widths->driver, or_dash(one->driver), word_of_simulated(one->simulated),
	       terminal_begin(color_of(all, i)), road_status_text(one->status),
	       terminal_end(color_of(all, i)));
}

static void print_table(const struct candidates *all, bool reasons)
{
	const struct widths widths = {width_of(all, offsetof(road_candidate, address), 7),
				      width_of(all, offsetof(road_candidate, name), 4),
				      width_of(all, offsetof(road_candidate, driver), 6)};

	printf("%-*s  %-*s  %-5s  %10s  %-*s  %-13s  STATUS\n", widths.address, "ADDRESS",
	       widths.name, "NAME", "CLASS", "MEMORY", widths.driver, "DRIVER", "KIND");
	for (uint32_t i = 0; i < all->count; i++) {
		const road_candidate *one = &all->at[i];

		print_row(all, i, &widths);
		if (one->reason[0] && (reasons || one->status != ROAD_OK))
			printf(": %s", one->reason);
		putchar('\n');
	}
}

static int print_words(const struct candidates *all, bool reasons)
{
	if (all->count)
		print_table(all, reasons);
	else
		puts("no device; `roadbed list --all` names the chips that can be simulated");
	return TOOL_OK;
}

enum form { FORM_TABLE, FORM_JSON, FORM_CDI, FORM_NFD };

static int print_form(const struct candidates *all, enum form form, bool explain)
{
	switch (form) {
	case FORM_JSON: return print_json(all, explain);
	case FORM_CDI: return candidates_print_cdi(all);
	case FORM_NFD: return candidates_print_nfd(all);
	default: return print_words(all, explain);
	}
}

/* ---- those of one address ---- */

static bool begins_with(const char *text, const char *part)
{
	return !strncmp(text, part, strlen(part));
}

/* "pci:0000:03:00.0", "0000:03:00.0", "03:00.0", or what one of these begins with. */
static bool is_about(const road_candidate *one, const char *asked)
{
	static const char domain[] = "0000:";
	const char *colon = strchr(one->address, ':'), *place = colon ? colon + 1 : one->address;

	return begins_with(one->address, asked) || begins_with(place, asked) ||
	       (begins_with(place, domain) && begins_with(place + strlen(domain), asked));
}

/* Leaves only those; an exit code. */
static int keep_asked(struct candidates *all, const char *asked)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < all->count; i++) {
		if (!is_about(&all->at[i], asked))
			continue;
		all->at[kept] = all->at[i];
		all->here[kept++] = all->here[i];
	}
	all->count = kept;
	return kept ? TOOL_OK
		    : tool_refuse(TOOL_FAILURE, "explain", "nothing that was seen has this address",
				  asked,
				  "what `roadbed explain` shows, with --all the catalogue too");
}

/* Nobody knows where servers listen: what they have is in no list by itself. */
static const char how_served[] =
	"sock:PATH is a chip that `roadbed serve CHIP --socket PATH` shares among processes; it is "
	"listed where\nROADBED_DEVICES names it, and `roadbed explain sock:PATH` says what is "
	"served "
	"there";

/* asked: NULL, or what addresses begin with. */
static int show(enum candidates_of of, enum form form, const char *asked)
{
	struct candidates all;
	road_instance *instance;
	int code = library_open(&instance);

	if (code)
		return code;
	const bool served = candidates_are_served(asked);

	code = served ? candidates_read_served(instance, asked, &all)
		      : candidates_read(instance, of, &all);
	if (!code && asked && !served)
		code = keep_asked(&all, asked);
	if (!code)
		code = print_form(&all, form, of >= CANDIDATES_SEEN);
	if (!code && of >= CANDIDATES_SEEN && form == FORM_TABLE && !asked)
		puts(how_served);
	candidates_free(&all);
	road_instance_release(instance);
	return code;
}

static int parse(const struct tool_option *options, int argc, char **argv, const char *verb,
		 const char **asked)
{
	struct tool_error error;
	int left = 0, rc = tool_options(options, argc, argv, &left, &error);

	if (!rc && asked && left == 1)
		*asked = argv[0];
	if (!rc && left <= (asked ? 1 : 0))
		return TOOL_OK;
	if (!rc && asked)
		tool_error_set(&error, verb, "takes one DEVICE, or none", argv[1], "");
	else if (!rc)
		tool_error_set(&error, verb, "takes no argument", argv[0], "options only");
	tool_error_print(&error);
	return TOOL_USAGE;
}

int verb_list(int argc, char **argv)
{
	bool all = false, json = false, cdi = false, nfd = false;
	const struct tool_option options[] = {{"--all", &all, NULL},
					      {"--json", &json, NULL},
					      {"--cdi", &cdi, NULL},
					      {"--nfd", &nfd, NULL},
					      {NULL, NULL, NULL}};
	int code = parse(options, argc, argv, "list", NULL);

	if (code)
		return code;
	if (json + cdi + nfd > 1)
		return tool_refuse(TOOL_USAGE, "list", "has more than one form", "",
				   "one of --json, --cdi, --nfd");
	return show(all ? CANDIDATES_CATALOGUE : CANDIDATES_DEVICES,
		    json  ? FORM_JSON
		    : cdi ? FORM_CDI
		    : nfd ? FORM_NFD
			  : FORM_TABLE,
		    NULL);
}

int verb_explain(int argc, char **argv)
{
	bool all = false, json = false;
	const struct tool_option options[] = {
		{"--all", &all, NULL}, {"--json", &json, NULL}, {NULL, NULL, NULL}};
	const char *asked = NULL;
	int code = parse(options, argc, argv, "explain", &asked);

	return code ? code
		    : show(all ? CANDIDATES_EVERYTHING : CANDIDATES_SEEN,
			   json ? FORM_JSON : FORM_TABLE, asked);
}
