/* SPDX-License-Identifier: Apache-2.0 */
/* Drivers that are their own bus: the library that they may want, and the devices they have. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

#include "hal/core/core.h"
#include "hal/core/drivers.h"

#define OPTION "library="

/* ---- the library ---- */

/* ROADBED_LIBRARY_SCHEME. */
static const char *from_environment(const struct road_instance *instance, const char *scheme,
				    char *name, size_t bytes)
{
	size_t used = (size_t)snprintf(name, bytes, "ROADBED_LIBRARY_");

	for (; *scheme && used + 1 < bytes; scheme++) {
		char c = *scheme == '-' ? '_' : *scheme;

		name[used++] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
	}
	name[used] = 0;
	if (instance->flags & ROAD_INSTANCE_NO_ENV || getauxval(AT_SECURE))
		return NULL;
	return getenv(name);
}

/* Where the options say "library=PATH", and how long that is; NULL: they do not. */
static const char *find_option(const char *options, size_t *bytes)
{
	for (; *options; options += *bytes + (options[*bytes] == '&')) {
		*bytes = strcspn(options, "&");
		if (!strncmp(options, OPTION, strlen(OPTION)))
			return options;
	}
	return NULL;
}

void road_driver_options(const struct road_driver *driver, char *options)
{
	size_t bytes;
	const char *found = driver->library ? find_option(options, &bytes) : NULL;

	if (!found)
		return;
	char *at = options + (found - options), *rest = at + bytes;

	if (*rest == '&')
		rest++;
	else if (at > options)
		at--; /* the '&' before it */
	memmove(at, rest, strlen(rest) + 1);
}

static road_status open_at(const char *path, const char *where, struct road_bus **out)
{
	if (path[0] != '/')
		return road_fail(ROAD_INVALID_ARGUMENT, "the library's path is not absolute", where,
				 path, "a path that starts with '/'");
	return road_runtime_open(path, out);
}

road_status road_driver_bus(const struct road_instance *instance, const struct road_driver *driver,
			    const char *options, struct road_bus **out)
{
	char name[64], *option = NULL;
	const char *found;
	size_t bytes = 0;
	road_status status;

	*out = NULL;
	if (!driver->library)
		return ROAD_OK;
	const char *environment = from_environment(instance, driver->scheme, name, sizeof(name));

	found = find_option(options, &bytes);
	if (found)
		option = strndup(found + strlen(OPTION), bytes - strlen(OPTION));
	if (found && !option)
		status = road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for a path",
				   "device address, options: library", "", "");
	else if (option && getauxval(AT_SECURE))
		status = road_fail(ROAD_PERMISSION,
				   "a privileged program opens no library of choice",
				   "device address, options: library", option, "");
	else if (option)
		status = open_at(option, "device address, options: library", out);
	else if (environment && *environment)
		status = open_at(environment, name, out);
	else
		status = road_runtime_open(driver->library, out);
	free(option);
	return status;
}

/* ---- the devices ---- */

static void begin(road_candidate *out, const struct road_driver *driver, const char *name)
{
	memset(out, 0, sizeof(*out));
	snprintf(out->address, sizeof(out->address), "%.120s:%.63s", driver->scheme, name);
	snprintf(out->driver, sizeof(out->driver), "%s", driver->name);
}

static void say_origin(road_candidate *out, const char *path)
{
	snprintf(out->reason, sizeof(out->reason), "%s%.170s",
		 path[0] ? "driver from " : "built in", path);
}

static void say_error(road_candidate *out, road_status status)
{
	road_error why;

	road_error_take(&why);
	out->status = status;
	snprintf(out->reason, sizeof(out->reason), "%.95s%s%.60s", why.what,
		 why.where[0] ? ": " : "", why.where);
}

struct search {
	struct road_drv_sink sink;
	const struct road_driver *driver;
	const char *path;
	struct road_seen *seen;
	uint32_t count;
	bool full; /* no memory for more */
};

static road_candidate *add(struct search *search, const char *name)
{
	road_candidate *out = road_seen_add(search->seen);

	if (out)
		begin(out, search->driver, name);
	search->full |= !out;
	return out;
}

static bool found(struct road_drv_sink *sink, const struct road_drv_found *one)
{
	struct search *search = (struct search *)(void *)sink;
	struct road_drv_found own = {0};

	memcpy(&own, one, one->size < sizeof(own) ? one->size : sizeof(own));
	search->count++;
	road_candidate *out = add(search, own.name ? own.name : "");

	if (!out)
		return false;
	out->status = own.status;
	out->simulated = own.simulated;
	snprintf(out->name, sizeof(out->name), "%s", own.product ? own.product : "");
	if (own.reason)
		snprintf(out->reason, sizeof(out->reason), "%s", own.reason);
	else
		say_origin(out, search->path);
	return true;
}

/* One row that stands for the driver as a whole. */
static void whole(struct search *search, road_status status, const char *nothing)
{
	road_candidate *out = add(search, "");

	if (!out)
		return;
	if (nothing) {
		out->status = status;
		snprintf(out->reason, sizeof(out->reason), "%s", nothing);
	} else if (status) {
		say_error(out, status);
	} else {
		say_origin(out, search->path);
	}
}

static void scan(struct search *search, struct road_bus *bus)
{
	road_status status = search->driver->ops->scan(bus, &search->sink);

	if (status)
		whole(search, status, NULL);
	else if (!search->count && !search->full)
		whole(search, ROAD_NOT_FOUND, "the driver knows of no device");
}

bool road_driver_candidates(const struct road_instance *instance, const struct road_driver *driver,
			    const char *path, struct road_seen *seen)
{
	struct search search = {.sink = {found}, .driver = driver, .path = path, .seen = seen};
	struct road_bus *bus = NULL;
	road_status status = road_driver_bus(instance, driver, "", &bus);

	if (!status)
		status = driver->ops->probe(bus);
	if (!status && driver->ops->scan)
		scan(&search, bus);
	else
		whole(&search, status, NULL);
	if (bus)
		bus->ops->close(bus);
	return !search.full;
}
