/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Folders of drivers and chips from outside the tree. What is opened stays open: nobody knows when
 * the last thread has left a driver's code, and vendors' libraries rarely survive being unloaded.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <roadbed-driver/driver.h>

#include "hal/bus/transport.h"

enum { FILE_BYTES_MAX = 1 << 20, MAJORS = 32 };

/* Files that were looked into. They stay for the life of the process. */
struct known {
	struct known *next;
	struct road_plugin plugin;
	char path[];
};

/* Recursive: an object's constructor may use this library. */
static struct {
	pthread_mutex_t lock;
	struct known *first;
} registry = {.lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP};

struct paths {
	char **at;
	size_t count, room;
};

struct visit {
	const char *library_folder;
	void (*fn)(void *arg, const struct road_plugin *plugin);
	void *arg;
	struct paths objects, chips; /* in the order in which they are told */
};

__attribute__((format(printf, 3, 4))) static void say(struct road_plugin *plugin,
						      road_status status, const char *format, ...)
{
	va_list args;

	plugin->status = status;
	va_start(args, format);
	vsnprintf(plugin->reason, sizeof(plugin->reason), format, args);
	va_end(args);
}

/* ---- who may have written it ---- */

/* Owned by root or this user, and written by nobody else. */
static bool trusted(const struct stat *info, const char *what, struct road_plugin *plugin)
{
	if (info->st_uid && info->st_uid != geteuid())
		say(plugin, ROAD_PERMISSION, "%s belongs to user %lu; allowed: root, user %lu",
		    what, (unsigned long)info->st_uid, (unsigned long)geteuid());
	else if (info->st_mode & (S_IWGRP | S_IWOTH))
		say(plugin, ROAD_PERMISSION,
		    "%s may be written by %s (mode 0%o); allowed: by its owner alone", what,
		    info->st_mode & S_IWOTH ? "anybody" : "its group",
		    (unsigned)info->st_mode & 0777u);
	else
		return true;
	return false;
}

static bool good_folder(const char *folder, struct road_plugin *plugin)
{
	struct stat info;

	if (folder[0] != '/')
		say(plugin, ROAD_INVALID_ARGUMENT,
		    "folder of drivers is no absolute path; allowed: one that starts with '/'");
	else if (stat(folder, &info))
		say(plugin, ROAD_NOT_FOUND, "folder of drivers: %.100s", strerror(errno));
	else if (!S_ISDIR(info.st_mode))
		say(plugin, ROAD_INVALID_ARGUMENT, "folder of drivers is no folder");
	else
		return trusted(&info, "folder of drivers", plugin);
	return false;
}

static bool good_file(const char *path, struct road_plugin *plugin)
{
	struct stat info;

	if (stat(path, &info))
		say(plugin, ROAD_IO, "file cannot be read: %.100s", strerror(errno));
	else if (!S_ISREG(info.st_mode))
		say(plugin, ROAD_INVALID_ARGUMENT, "not a regular file");
	else
		return trusted(&info, "file", plugin);
	return false;
}

/* ---- one file ---- */

void *road_plugin_symbol(void *library, const char *stem, uint32_t major, uint32_t *other)
{
	char name[64];

	*other = 0;
	snprintf(name, sizeof(name), "%s%u", stem, major);
	void *found = dlsym(library, name);

	for (uint32_t i = 0; !found && !*other && i < MAJORS; i++) {
		snprintf(name, sizeof(name), "%s%u", stem, i);
		if (i != major && dlsym(library, name))
			*other = i;
	}
	return found;
}

/* The driver's tables are the core's to judge. */
static void take_driver(void *object, struct road_plugin *plugin)
{
	road_driver_entry_fn entry = NULL;
	uint32_t other;

	*(void **)(void *)&entry =
		road_plugin_symbol(object, "road_driver_entry_", ROAD_DRIVER_ABI_MAJOR, &other);
	if (!entry && other)
		say(plugin, ROAD_UNSUPPORTED, "made for driver interface %u, this library has %d",
		    other, ROAD_DRIVER_ABI_MAJOR);
	if (!entry)
		return;
	plugin->driver = entry();
	if (plugin->driver)
		say(plugin, ROAD_OK, "driver");
	else
		say(plugin, ROAD_UNSUPPORTED, "its driver entry returns NULL");
}

/* A refused half does not take the other half with it; but it is what is told. */
static void take_object(const struct visit *visit, struct road_plugin *plugin)
{
	void *object = dlopen(plugin->path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	char model[sizeof(plugin->reason)];

	if (!object) {
		const char *why = dlerror();

		say(plugin, ROAD_IO, "cannot be opened: %.150s", why ? why : "?");
		return;
	}
	say(plugin, ROAD_NOT_FOUND,
	    "has neither a driver (ROAD_DRIVER_ENTRY) nor a model (ROAD_SIM_ENTRY)");
	take_driver(object, plugin);
	road_status status =
		road_sim_add_model(visit->library_folder, object, model, sizeof(model));

	if (status == ROAD_NOT_FOUND) /* it has none */
		return;
	if (status || plugin->status == ROAD_NOT_FOUND)
		say(plugin, status, "%s", model);
	else if (!plugin->status)
		say(plugin, ROAD_OK, "driver, %.150s", model);
}

static void take_chip(const struct visit *visit, struct road_plugin *plugin)
{
	char *text = malloc(FILE_BYTES_MAX + 1);
	FILE *file = text ? fopen(plugin->path, "re") : NULL;
	size_t bytes = 0;

	plugin->simulated = 1;
	if (file)
		bytes = fread(text, 1, FILE_BYTES_MAX + 1, file);
	if (!text)
		say(plugin, ROAD_OUT_OF_HOST_MEMORY, "no memory for a chip's file");
	else if (!file || ferror(file))
		say(plugin, ROAD_IO, "file cannot be read: %.100s", strerror(errno));
	else
		plugin->status = road_sim_add_chip(visit->library_folder, plugin->path, text, bytes,
						   plugin->reason, sizeof(plugin->reason));
	if (file)
		fclose(file);
	free(text);
}

/* What is known of the file, or becomes known now. */
static void open_file(const struct visit *visit, const char *path,
		      void (*take)(const struct visit *, struct road_plugin *),
		      struct road_plugin *out)
{
	struct known *known = registry.first;

	while (known && strcmp(known->path, path))
		known = known->next;
	if (known) {
		*out = known->plugin;
		return;
	}
	*out = (struct road_plugin){.path = path};
	if (!good_file(path, out)) /* it may be put right: not kept */
		return;
	known = calloc(1, sizeof(*known) + strlen(path) + 1);
	if (!known) {
		say(out, ROAD_OUT_OF_HOST_MEMORY, "no memory for a driver's file");
		return;
	}
	strcpy(known->path, path);
	known->plugin.path = known->path;
	say(&known->plugin, ROAD_BUSY, "is being opened"); /* seen by its own constructor only */
	known->next = registry.first;
	registry.first = known;
	take(visit, &known->plugin);
	*out = known->plugin;
}

/* ---- folders ---- */

static bool ends_in(const char *name, const char *ending)
{
	size_t bytes = strlen(name), end = strlen(ending);

	return bytes > end && name[0] != '.' && !strcmp(name + bytes - end, ending);
}

static bool add_path(struct paths *paths, const char *folder, const char *name)
{
	size_t bytes = strlen(folder) + strlen(name) + 2;

	if (paths->count == paths->room) {
		size_t room = paths->room ? paths->room * 2 : 16;
		char **more = reallocarray(paths->at, room, sizeof(*more));

		if (!more)
			return false;
		paths->at = more;
		paths->room = room;
	}
	char *path = malloc(bytes);

	if (!path)
		return false;
	snprintf(path, bytes, "%s/%s", folder, name);
	paths->at[paths->count++] = path;
	return true;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort_from(struct paths *paths, size_t first)
{
	if (paths->count > first)
		qsort(paths->at + first, paths->count - first, sizeof(*paths->at), by_name);
}

static bool add_folder(struct visit *visit, const char *folder)
{
	size_t objects = visit->objects.count, chips = visit->chips.count;
	DIR *list = opendir(folder);
	bool good = list;

	for (struct dirent *entry; good && (entry = readdir(list));) {
		if (ends_in(entry->d_name, ".so"))
			good = add_path(&visit->objects, folder, entry->d_name);
		else if (ends_in(entry->d_name, ".yaml"))
			good = add_path(&visit->chips, folder, entry->d_name);
	}
	if (list)
		closedir(list);
	sort_from(&visit->objects, objects);
	sort_from(&visit->chips, chips);
	return good;
}

static void visit_folder(struct visit *visit, const char *text, size_t bytes)
{
	char *folder = strndup(text, bytes);
	struct road_plugin plugin = {.path = folder ? folder : "?"};

	while (bytes > 1 && folder && folder[bytes - 1] == '/')
		folder[--bytes] = 0;
	if (!folder)
		say(&plugin, ROAD_OUT_OF_HOST_MEMORY, "no memory for a folder of drivers");
	else if (good_folder(folder, &plugin) && !add_folder(visit, folder))
		say(&plugin, ROAD_IO, "folder of drivers cannot be read: %.100s", strerror(errno));
	if (plugin.status)
		visit->fn(visit->arg, &plugin);
	free(folder);
}

static void visit_files(struct visit *visit, struct paths *paths,
			void (*take)(const struct visit *, struct road_plugin *))
{
	for (size_t i = 0; i < paths->count; i++) {
		struct road_plugin plugin;

		pthread_mutex_lock(&registry.lock);
		open_file(visit, paths->at[i], take, &plugin);
		pthread_mutex_unlock(&registry.lock);
		visit->fn(visit->arg, &plugin);
		free(paths->at[i]);
	}
	free(paths->at);
}

void road_plugins_open(const char *library_folder, const char *folders,
		       void (*fn)(void *arg, const struct road_plugin *plugin), void *arg)
{
	struct visit visit = {.library_folder = library_folder, .fn = fn, .arg = arg};

	for (size_t bytes; *folders; folders += bytes + (folders[bytes] == ':')) {
		bytes = strcspn(folders, ":");
		if (bytes)
			visit_folder(&visit, folders, bytes);
	}
	/* A model's object finds the services that it wants in what is loaded already. */
	if (visit.objects.count)
		road_sim_preload(library_folder);
	visit_files(&visit, &visit.objects, take_object);
	visit_files(&visit, &visit.chips, take_chip);
}
