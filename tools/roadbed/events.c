/* SPDX-License-Identifier: Apache-2.0 */
/* `roadbed events`: what changes, as it changes. */
#include "tools/roadbed/changes.h"
#include "tools/roadbed/end.h"
#include "tools/roadbed/verbs.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* How often the devices are looked at: what stands still tells of nothing by itself. */
enum { LOOK_MS = 500 };

struct words {
	const char *seconds;
	bool once, follow, json;
	double last_s; /* of --for; infinite: none */
};

struct watcher {
	const struct words *words;
	struct changes changes;
	road_device **devices;
	int device_count;
	sigset_t while_waiting;
};

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Prints what is there; false: nobody reads it any more, or the watch failed. */
static bool print_unread(struct watcher *w, int *code)
{
	road_change change;

	while (changes_next(&w->changes, &change, code)) {
		if (w->words->json)
			changes_print_json(&w->changes, &change);
		else
			changes_print(&w->changes, &change);
	}
	return !fflush(stdout) && !ferror(stdout) && !*code;
}

/* A crash, a heartbeat that stands still: noticed by who asks. */
static void look(struct watcher *w)
{
	for (int i = 0; i < w->device_count; i++) {
		road_device_firmware firmware = {.size = sizeof(firmware)};

		(void)road_device_firmware_get(w->devices[i], &firmware);
	}
}

static void open_all(struct watcher *w, road_instance *instance, int argc, char **argv, int *code)
{
	for (int i = 0; i < argc; i++) {
		const road_status status =
			road_device_open(instance, argv[i], &w->devices[w->device_count]);

		if (status) {
			int printed = TOOL_OK;

			print_unread(w, &printed); /* what went before the failure comes first */
			*code = library_refuse(argv[i], status);
		} else {
			w->device_count++;
		}
	}
}

static void close_all(struct watcher *w)
{
	while (w->device_count)
		road_device_release(w->devices[--w->device_count]);
}

static void wait_and_print(struct watcher *w, double until, int *code)
{
	struct pollfd readable = {.fd = w->changes.fd, .events = POLLIN};

	/* A person sees nothing happen for long; what reads lines gets no other ones. */
	if (isatty(STDERR_FILENO) && isinf(until))
		fputs("waiting (Ctrl-C ends)\n", stderr);
	while (!end_seen() && print_unread(w, code)) {
		const double left = until - now_s();
		double step = w->device_count ? LOOK_MS / 1e3 : 3600;

		if (left <= 0)
			break;
		step = fmin(step, left);
		const struct timespec timeout = {(time_t)step, (long)((step - floor(step)) * 1e9)};

		if (ppoll(&readable, 1, &timeout, &w->while_waiting) == 0)
			look(w);
	}
}

static int watch(road_instance *instance, struct watcher *w, int argc, char **argv)
{
	int code = changes_open(&w->changes, instance, ROAD_CHANGE_ALL), opened = TOOL_OK;

	if (code)
		return code;
	const double until = now_s() + w->words->last_s;

	open_all(w, instance, argc, argv, &opened);
	/* Where nothing opened of what was asked for there is nothing to wait for. */
	if (!w->words->once && (w->device_count || !argc))
		wait_and_print(w, until, &code);
	close_all(w);
	if (!code)
		print_unread(w, &code);
	changes_close(&w->changes);
	return code ? code : opened;
}

static int run(const struct words *words, int argc, char **argv)
{
	struct watcher w = {.words = words, .devices = calloc((size_t)argc + 1, sizeof(void *))};
	road_instance *instance;
	int code;

	if (!w.devices)
		tool_no_memory();
	end_catch(&w.while_waiting);
	code = library_open(&instance);
	if (!code) {
		code = watch(instance, &w, argc, argv);
		road_instance_release(instance);
	}
	free(w.devices);
	return code;
}

static int check_seconds(struct words *words, struct tool_error *error)
{
	char *stopped = NULL;

	words->last_s = HUGE_VAL;
	if (words->once + words->follow + (words->seconds != NULL) > 1)
		return tool_error_set(error, "events", "has more than one end", "",
				      "use only one of --once, --follow, --for");
	if (!words->seconds)
		return 0;
	words->last_s = strtod(words->seconds, &stopped);
	if (stopped == words->seconds || *stopped || !(words->last_s >= 0))
		return tool_error_set(error, "--for", "is no number of seconds", words->seconds,
				      "0 or more");
	return 0;
}

int verb_events(int argc, char **argv)
{
	struct words words = {0};
	const struct tool_option options[] = {{"--for", NULL, &words.seconds},
					      {"--once", &words.once, NULL},
					      {"--follow", &words.follow, NULL},
					      {"--json", &words.json, NULL},
					      {NULL, NULL, NULL}};
	struct tool_error error;
	int left = 0;

	if (!tool_options(options, argc, argv, &left, &error) && !check_seconds(&words, &error))
		return run(&words, left, argv);
	tool_error_print(&error);
	return TOOL_USAGE;
}
