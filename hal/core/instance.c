/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

#include "hal/core/core.h"
#include "hal/core/drivers.h"

static struct {
	pthread_mutex_t lock;
	struct road_instance *instance; /* weak */
} shared = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct road_instance *instance_of(struct road_object *object)
{
	return (struct road_instance *)(void *)object;
}

static void instance_close(struct road_object *object)
{
	struct road_instance *instance = instance_of(object);

	pthread_mutex_lock(&shared.lock);
	if (shared.instance == instance)
		shared.instance = NULL;
	pthread_mutex_unlock(&shared.lock);
	road_callback_stop(instance);
	if (instance->flags & ROAD_INSTANCE_VALIDATE)
		road_validate_end();
}

static void instance_finish(struct road_object *object)
{
	struct road_instance *instance = instance_of(object);

	free(instance->devices);
	free(instance->library_folder);
	free(instance->firmware_folders);
	free(instance->firmware_keys);
	road_loaded_close(instance->loaded);
	road_cache_destroy(instance->cache);
	free(instance->lookup);
	free(instance->seen.candidates);
	road_unplugged_free(instance);
	pthread_mutex_destroy(&instance->seen_lock);
	pthread_mutex_destroy(&instance->lock);
	pthread_mutex_destroy(&instance->open_lock);
	pthread_mutex_destroy(&instance->change_lock);
	pthread_mutex_destroy(&instance->lookup_lock);
	pthread_mutex_destroy(&instance->callback_lock);
	pthread_cond_destroy(&instance->callback_wake);
}

static void instance_free(struct road_object *object)
{
	free(instance_of(object));
}

const struct road_class road_instance_class = {ROAD_TYPE_INSTANCE, "instance", instance_close,
					       instance_finish, instance_free};

/* A child of the process that uses the library has no threads of it, and half of its locks. */
static road_status check_process(const char *where)
{
	return road_forked()
		       ? road_fail(ROAD_WRONG_PROCESS, "process is a child of the one that uses it",
				   where, "", "exec first")
		       : ROAD_OK;
}

static road_status check_options(const road_instance_options *options)
{
	const uint32_t known = ROAD_INSTANCE_VALIDATE | ROAD_INSTANCE_NO_ENV | ROAD_INSTANCE_PUMP |
			       ROAD_INSTANCE_NO_WAKE;

	if (options->flags & ~known)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "unknown flags",
				     "road_instance_create: options.flags", options->flags,
				     "ROAD_INSTANCE_*");
	if (options->library_folder && options->library_folder[0] != '/')
		return road_fail(ROAD_INVALID_ARGUMENT, "folder is no absolute path",
				 "road_instance_create: options.library_folder",
				 options->library_folder, "a path that starts with '/'");
	return ROAD_OK;
}

/* What the program says, or else the environment, unless that is not to be believed. */
static const char *or_environment(const char *text, const char *name, uint32_t flags)
{
	if (!text && !(flags & ROAD_INSTANCE_NO_ENV) && !getauxval(AT_SECURE))
		text = getenv(name);
	return text ? text : "";
}

/* The list of devices, and where the simulators lie. */
static bool take_devices(struct road_instance *instance, const road_instance_options *options)
{
	instance->devices =
		strdup(or_environment(options->devices, "ROADBED_DEVICES", options->flags));
	if (options->library_folder)
		instance->library_folder = strdup(options->library_folder);
	return instance->devices && (!options->library_folder || instance->library_folder);
}

/* Where firmware and the caller's own keys for it lie. */
static bool take_firmware(struct road_instance *instance, const road_instance_options *options)
{
	if (options->firmware_folders)
		instance->firmware_folders = strdup(options->firmware_folders);
	if (options->firmware_keys)
		instance->firmware_keys = strdup(options->firmware_keys);
	return (!options->firmware_folders || instance->firmware_folders) &&
	       (!options->firmware_keys || instance->firmware_keys);
}

/* Where compiled code is kept: what the environment says, or in memory alone. */
static void make_cache(struct road_instance *instance, uint32_t flags)
{
	struct road_cache_environment environment = {.secure = getauxval(AT_SECURE)};

	if (!(flags & ROAD_INSTANCE_NO_ENV)) {
		environment.cache = getenv("ROADBED_CACHE");
		environment.xdg = getenv("XDG_CACHE_HOME");
		environment.home = getenv("HOME");
	}
	struct road_cache_place place = road_cache_choose(&environment);

	if (!place.off)
		instance->cache = road_cache_create(place.folder, NULL);
	free(place.folder);
}

road_status road_instance_create(const road_instance_options *options, road_instance **out)
{
	road_instance_options own;
	road_status status =
		road_struct_in(&own, sizeof(own), options, 8, "road_instance_create: options");

	if (!status)
		status = check_options(&own);
	if (!status && !out)
		status = road_fail(ROAD_INVALID_ARGUMENT, "output is NULL",
				   "road_instance_create: out", "NULL", "");
	if (!status)
		status = check_process("road_instance_create");
	if (status)
		return status;
	struct road_instance *instance = calloc(1, sizeof(*instance));

	if (!instance || !take_devices(instance, &own) || !take_firmware(instance, &own)) {
		status = road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for an instance",
				   "road_instance_create", "", "");
		goto free_instance;
	}
	if (own.flags & ROAD_INSTANCE_PUMP) {
		status = road_pump_start();
		if (status)
			goto free_instance;
	}
	instance->loaded =
		road_loaded_open(instance->library_folder,
				 or_environment(own.driver_folders, "ROADBED_DRIVERS", own.flags));
	make_cache(instance, own.flags);
	instance->flags = own.flags;
	instance->message = own.message;
	instance->message_user = own.message_user;
	pthread_mutex_init(&instance->lock, NULL);
	pthread_mutex_init(&instance->open_lock, NULL);
	pthread_mutex_init(&instance->seen_lock, NULL);
	pthread_mutex_init(&instance->change_lock, NULL);
	pthread_mutex_init(&instance->lookup_lock, NULL);
	pthread_mutex_init(&instance->callback_lock, NULL);
	pthread_cond_init(&instance->callback_wake, NULL);
	if (own.flags & ROAD_INSTANCE_VALIDATE)
		road_validate_begin();
	road_object_init(&instance->object, &road_instance_class);
	*out = instance;
	return ROAD_OK;
free_instance:
	if (instance) {
		free(instance->devices);
		free(instance->library_folder);
		free(instance->firmware_folders);
		free(instance->firmware_keys);
	}
	free(instance);
	return status;
}

road_status road_instance_shared(road_instance **out)
{
	road_status status = ROAD_OK;

	if (!out)
		return road_fail(ROAD_INVALID_ARGUMENT, "output is NULL",
				 "road_instance_shared: out", "NULL", "");
	status = check_process("road_instance_shared");
	if (status)
		return status;
	pthread_mutex_lock(&shared.lock);
	struct road_instance *instance = shared.instance;

	if (!instance || !road_object_retain_live(&instance->object)) {
		status = road_instance_create(NULL, &instance);
		if (!status)
			shared.instance = instance;
	}
	pthread_mutex_unlock(&shared.lock);
	if (!status)
		*out = instance;
	return status;
}

road_status road_instance_retain(road_instance *instance)
{
	road_status status =
		road_object_check(instance, &road_instance_class, "road_instance_retain: instance");

	if (!status)
		road_object_retain(&instance->object);
	return status;
}

void road_instance_release(road_instance *instance)
{
	if (road_object_mine(instance, &road_instance_class, "road_instance_release: instance"))
		road_object_release(&instance->object);
}

void road_instance_message(struct road_instance *instance, int level, const char *object,
			   const char *format, ...)
{
	char text[256];
	va_list args;

	if (!instance->message)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	instance->message(instance->message_user, level, object, text);
}
