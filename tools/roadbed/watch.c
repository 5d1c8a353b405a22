/* SPDX-License-Identifier: Apache-2.0 */
/* `roadbed watch`: what devices are doing, with bars, and what changes meanwhile. */
#include <inttypes.h>
#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tools/roadbed/candidates.h"
#include "tools/roadbed/changes.h"
#include "tools/roadbed/end.h"
#include "tools/roadbed/json.h"
#include "tools/roadbed/terminal.h"
#include "tools/roadbed/verbs.h"

enum { CHANGES_KEPT = 8, BAR = 30 };

struct words {
	const char *interval, *count;
	bool json_lines;
	double interval_s;
	uint64_t rounds; /* UINT64_MAX: until it is ended */
};

struct view {
	const struct words *words;
	road_device **devices;
	uint32_t device_count;
	struct changes changes;
	road_change kept[CHANGES_KEPT]; /* the last ones, oldest first */
	uint32_t kept_count, fresh;     /* fresh: came since the last round */
	sigset_t while_waiting;
	bool terminal;
};

/* ---- what is read ---- */

/* The whole that a metric is a part of: of "memory.KIND.used" that heap's size. 0: none. */
static uint64_t whole_of(road_device *device, const char *name)
{
	road_heap_info heap = {.size = sizeof(heap)};
	uint32_t number = 0;
	road_metric metric = {.size = sizeof(metric)};

	/* Heaps and their metrics come in one order. */
	for (uint32_t i = 0; !road_device_telemetry(device, ROAD_TELEMETRY_MEMORY, i, &metric);
	     i++, number++)
		if (!strcmp(metric.name, name))
			return road_device_heap(device, number, &heap) ? 0 : heap.bytes;
	return 0;
}

static void metric_text(const road_metric *metric, char *out, size_t bytes)
{
	const char *gap = metric->unit[0] ? " " : "";

	if (metric->type == ROAD_VALUE_U64)
		snprintf(out, bytes, "%" PRIu64 "%s%s", metric->u64, gap, metric->unit);
	else if (metric->type == ROAD_VALUE_F64)
		snprintf(out, bytes, "%g%s%s", metric->f64, gap, metric->unit);
	else
		snprintf(out, bytes, "unknown");
}

static void take_changes(struct view *view, int *code)
{
	road_change change;

	view->fresh = 0;
	while (changes_next(&view->changes, &change, code)) {
		if (view->kept_count == CHANGES_KEPT) {
			memmove(view->kept, view->kept + 1, sizeof(view->kept) - sizeof(change));
			view->kept_count--;
		}
		view->kept[view->kept_count++] = change;
		view->fresh += view->fresh < CHANGES_KEPT;
	}
}

/* ---- text ---- */

static void print_bar(double part, double whole)
{
	const double share = part / whole;
	const uint32_t filled = share < 1 ? (uint32_t)(share * BAR + 0.5) : BAR;
	const enum terminal_color color = terminal_level((uint64_t)part, (uint64_t)whole);

	printf("  [%s", terminal_begin(color));
	for (uint32_t i = 0; i < filled; i++)
		putchar('#');
	fputs(terminal_end(color), stdout);
	for (uint32_t i = filled; i < BAR; i++)
		putchar('.');
	printf("] %.1f %%", 100.0 * part / whole);
}

/* A bar for what is a part of something. */
static void print_share(road_device *device, const road_metric *metric)
{
	const double value = metric->type == ROAD_VALUE_F64 ? metric->f64 : (double)metric->u64;
	const uint64_t whole =
		metric->group == ROAD_TELEMETRY_MEMORY ? whole_of(device, metric->name) : 100;

	if (metric->type == ROAD_VALUE_NULL || !whole ||
	    (metric->group != ROAD_TELEMETRY_MEMORY && strcmp(metric->unit, "%")))
		return;
	print_bar(value, (double)whole);
}

/* A device that is lost or faulted says so, and in red. */
static void print_heading(road_device *device, const road_device_info *info)
{
	uint32_t health = ROAD_HEALTH_OK;
	uint64_t resets;

	(void)road_device_health(device, &health, &resets);
	const enum terminal_color color = health == ROAD_HEALTH_OK ? TERMINAL_GREEN : TERMINAL_RED;

	printf("%s%s%s  %s (%s)", terminal_begin(color), info->address, terminal_end(color),
	       info->name, word_of_simulated(info->simulated));
	if (health != ROAD_HEALTH_OK)
		printf("  %s%s%s", terminal_begin(color), word_of_health(health),
		       terminal_end(color));
	putchar('\n');
}

static road_status print_device(road_device *device)
{
	road_device_info info = {.size = sizeof(info)};
	road_metric metric = {.size = sizeof(metric)};
	road_status status = road_device_info_get(device, &info);
	char text[64];

	if (status)
		return status;
	print_heading(device, &info);
	for (uint32_t i = 0;
	     !(status = road_device_telemetry(device, ROAD_TELEMETRY_ALL, i, &metric)); i++) {
		if (info.simulated && metric.group == ROAD_TELEMETRY_CHIP &&
		    metric.type == ROAD_VALUE_U64 && !metric.u64)
			continue; /* a model has many counters */
		metric_text(&metric, text, sizeof(text));
		printf("  %-32s %24s", metric.name, text);
		print_share(device, &metric);
		putchar('\n');
	}
	return status == ROAD_NOT_FOUND ? ROAD_OK : status;
}

/* On a terminal in place of the round before, else behind it. */
static void print_round(struct view *view)
{
	if (view->terminal)
		terminal_clear();
	for (uint32_t i = 0; i < view->device_count; i++) {
		const road_status status = print_device(view->devices[i]);

		if (status)
			printf("  %s\n", road_status_text(status));
	}
	for (uint32_t i = view->terminal ? 0 : view->kept_count - view->fresh; i < view->kept_count;
	     i++)
		changes_print(&view->changes, &view->kept[i]);
	if (!view->terminal)
		putchar('\n');
}

/* ---- JSON lines ---- */

static void json_device(struct json_object *array, road_device *device)
{
	struct json_object *object = json_new(), *metrics = json_new_array();
	road_device_info info = {.size = sizeof(info)};
	road_metric metric = {.size = sizeof(metric)};
	road_status status = road_device_info_get(device, &info);

	json_add_text(object, "address", info.address);
	json_add_bool(object, "simulated", info.simulated);
	json_add(object, "metrics", metrics);
	json_append(array, object);
	for (uint32_t i = 0; !status; i++) {
		struct json_object *row;

		status = road_device_telemetry(device, ROAD_TELEMETRY_ALL, i, &metric);
		if (status)
			break;
		row = json_new();
		json_add_text(row, "name", metric.name);
		json_add(row, "value",
			 metric.type == ROAD_VALUE_U64   ? json_object_new_uint64(metric.u64)
			 : metric.type == ROAD_VALUE_F64 ? json_object_new_double(metric.f64)
							 : NULL);
		json_add_known_text(row, "unit", metric.unit);
		json_add_text(row, "source", word_of_source(metric.source));
		json_append(metrics, row);
	}
	json_add_known_text(object, "error",
			    status == ROAD_NOT_FOUND ? "" : road_status_text(status));
}

static void json_round(struct view *view)
{
	struct json_object *document = json_document("watch"), *devices = json_new_array();
	struct json_object *changes = json_new_array();

	json_add(document, "devices", devices);
	json_add(document, "changes", changes);
	for (uint32_t i = 0; i < view->device_count; i++)
		json_device(devices, view->devices[i]);
	for (uint32_t i = view->kept_count - view->fresh; i < view->kept_count; i++) {
		struct json_object *object = json_new();

		changes_fill(&view->changes, &view->kept[i], object);
		json_append(changes, object);
	}
	puts(json_object_to_json_string_ext(document, JSON_C_TO_STRING_PLAIN |
							      JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(document);
}

/* ---- rounds ---- */

static void pause_between(struct view *view)
{
	const double s = view->words->interval_s;
	const struct timespec timeout = {(time_t)s, (long)((s - floor(s)) * 1e9)};

	(void)ppoll(NULL, 0, &timeout, &view->while_waiting);
}

static int rounds(struct view *view)
{
	int code = TOOL_OK;

	for (uint64_t i = 0; i < view->words->rounds && !end_seen(); i++) {
		if (i)
			pause_between(view);
		if (end_seen())
			break;
		/* A crash, a heartbeat that stands still: noticed by who asks. */
		for (uint32_t j = 0; j < view->device_count; j++) {
			road_device_firmware firmware = {.size = sizeof(firmware)};

			(void)road_device_firmware_get(view->devices[j], &firmware);
		}
		take_changes(view, &code);
		if (view->words->json_lines)
			json_round(view);
		else
			print_round(view);
		if (code || fflush(stdout) || ferror(stdout))
			break;
	}
	return code;
}

static int open_all(struct view *view, road_instance *instance, int argc, char **argv)
{
	struct candidates all = {.count = 0};
	int code = argc ? TOOL_OK : candidates_read(instance, CANDIDATES_DEVICES, &all);
	const uint32_t count = argc ? (uint32_t)argc : all.count;

	view->devices = calloc(count + 1, sizeof(*view->devices));
	if (!view->devices)
		tool_no_memory();
	for (uint32_t i = 0; i < count; i++) {
		const char *address = argc ? argv[i] : all.at[i].address;
		const road_status status =
			road_device_open(instance, address, &view->devices[view->device_count]);

		if (status)
			code = library_refuse(address, status);
		else
			view->device_count++;
	}
	candidates_free(&all);
	return code;
}

static int run(const struct words *words, int argc, char **argv)
{
	struct view view = {.words = words, .terminal = terminal_is()};
	road_instance *instance;
	int code, opened;

	end_catch(&view.while_waiting);
	code = library_open(&instance);
	if (code)
		return code;
	code = changes_open(&view.changes, instance, ROAD_CHANGE_ALL);
	if (!code) {
		opened = open_all(&view, instance, argc, argv);
		if (view.device_count)
			code = rounds(&view);
		code = code ? code : opened;
		while (view.device_count)
			road_device_release(view.devices[--view.device_count]);
		changes_close(&view.changes);
	}
	free(view.devices);
	road_instance_release(instance);
	return code;
}

static int check(struct words *words, struct tool_error *error)
{
	char *stopped = NULL;

	words->interval_s = 1;
	words->rounds = UINT64_MAX;
	if (words->interval)
		words->interval_s = strtod(words->interval, &stopped);
	if (words->interval && (stopped == words->interval || *stopped ||
				!(words->interval_s >= 0 && words->interval_s <= 86400)))
		return tool_error_set(error, "--interval", "is no number of seconds",
				      words->interval, "0 to 86400");
	if (words->count &&
	    (!tool_number(words->count, strlen(words->count), UINT64_MAX - 1, &words->rounds) ||
	     !words->rounds))
		return tool_error_set(error, "--count", "is no number of rounds", words->count,
				      "1 or more");
	return 0;
}

int verb_watch(int argc, char **argv)
{
	struct words words = {.json_lines = false};
	const struct tool_option options[] = {{"--interval", NULL, &words.interval},
					      {"--count", NULL, &words.count},
					      {"--json-lines", &words.json_lines, NULL},
					      {NULL, NULL, NULL}};
	struct tool_error error;
	int left = 0;

	if (!tool_options(options, argc, argv, &left, &error) && !check(&words, &error))
		return run(&words, left, argv);
	tool_error_print(&error);
	return TOOL_USAGE;
}
