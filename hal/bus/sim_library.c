/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libroadbed-sim: loaded when something simulated is first asked for, and kept. What models and
 * chips from outside the tree bring goes through here.
 */
#include "hal/bus/sim_library.h"

#include <dlfcn.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <roadbed-driver/chip_id.h>
#include <roadbed-sim/model.h>

#include "hal/bus/beside.h"
#include "hal/bus/transport.h"
#include "hal/core/error.h"

#define LIBRARY_NAME "libroadbed-sim.so"

static struct {
	pthread_mutex_t lock;
	const struct sim_entry *entry;
} library = {.lock = PTHREAD_MUTEX_INITIALIZER};

road_status road_sim_library(const char *folder, const struct sim_entry **out)
{
	const struct sim_entry *(*entry)(uint32_t) = NULL;
	road_status status = ROAD_OK;

	pthread_mutex_lock(&library.lock);
	if (library.entry)
		goto out;
	void *handle = road_open_beside(folder, LIBRARY_NAME);
	const char *why = handle ? "" : dlerror();

	if (handle)
		*(void **)(void *)&entry = dlsym(handle, SIM_ENTRY_SYMBOL);
	library.entry = entry ? entry(SIM_ENTRY_VERSION) : NULL;
	if (!library.entry) {
		if (handle)
			dlclose(handle);
		status = road_fail(ROAD_NOT_FOUND,
				   handle ? "libroadbed-sim.so is of another version"
					  : "libroadbed-sim.so cannot be loaded",
				   "device address: sim", why ? why : "",
				   "a build with simulators, of this version");
	}
out:
	*out = library.entry;
	pthread_mutex_unlock(&library.lock);
	return status;
}

/* ---- models and chips from outside the tree ---- */

void road_sim_preload(const char *library_folder)
{
	const struct sim_entry *sim;

	(void)road_sim_library(library_folder, &sim);
}

road_status road_sim_add_model(const char *library_folder, void *object, char *reason, size_t bytes)
{
	const struct sim_entry *sim;
	struct sim_added added;
	sim_model_entry_fn entry = NULL;
	char error[SIM_ERROR_BYTES] = "";
	uint32_t other;

	*(void **)(void *)&entry =
		road_plugin_symbol(object, "road_sim_entry_", ROAD_SIM_ABI_MAJOR, &other);
	reason[0] = 0;
	if (!entry && other)
		snprintf(reason, bytes,
			 "made for simulator interface %" PRIu32 ", this library has %d", other,
			 ROAD_SIM_ABI_MAJOR);
	if (!entry)
		return other ? ROAD_UNSUPPORTED : ROAD_NOT_FOUND;
	if (road_sim_library(library_folder, &sim)) {
		snprintf(reason, bytes, "a model, and libroadbed-sim.so cannot be loaded");
		return ROAD_UNSUPPORTED;
	}
	if (!sim->add_model(entry(), &added, error)) {
		snprintf(reason, bytes, "%.180s", error);
		return ROAD_UNSUPPORTED;
	}
	snprintf(reason, bytes, "model of family %.32s (\"%.32s\")", added.family,
		 added.compatible);
	return ROAD_OK;
}

road_status road_sim_add_chip(const char *library_folder, const char *path, const char *text,
			      size_t text_bytes, char *reason, size_t bytes)
{
	char error[SIM_ERROR_BYTES] = "";
	const struct sim_entry *sim;
	struct sim_chip_id id;

	if (road_sim_library(library_folder, &sim)) {
		snprintf(reason, bytes, "a chip, and libroadbed-sim.so cannot be loaded");
		return ROAD_UNSUPPORTED;
	}
	if (!sim->add_chip(path, text, text_bytes, &id, error)) {
		snprintf(reason, bytes, "%.190s", error);
		return ROAD_UNSUPPORTED;
	}
	snprintf(reason, bytes, "chip sim:%.63s of family %.31s", id.name, id.family);
	return ROAD_OK;
}

void road_sim_describe(const struct sim_chip_id *id, road_candidate *out)
{
	out->simulated = 1;
	out->status = id->runnable ? ROAD_OK : ROAD_UNSUPPORTED;
	snprintf(out->address, sizeof(out->address), "sim:%s", id->name);
	snprintf(out->name, sizeof(out->name), "%s", id->product);
	snprintf(out->vendor, sizeof(out->vendor), "%s", id->vendor);
	snprintf(out->family, sizeof(out->family), "%s", id->family);
	out->device_class = road_class_of_family(id->family);
	out->memory_bytes = id->memory_bytes;
	snprintf(out->reason, sizeof(out->reason), "%s%s%.120s",
		 id->runnable ? "could be simulated" : "there is no model of its family",
		 id->path[0] ? ", by " : "", id->path);
}

static road_status unsound(const char *file, const struct sim_chip_check *check)
{
	const char *slash = strrchr(file, '/');
	char what[96], where[96];

	snprintf(what, sizeof(what), "%.76s%s", check->key[0] ? check->key : "file",
		 check->seen[0] ? " is not allowed so" : " is missing");
	snprintf(where, sizeof(where), "%.80s:%u", slash ? slash + 1 : file, check->line);
	return road_fail(ROAD_INVALID_ARGUMENT, what, where, check->seen, check->allowed);
}

road_status road_sim_check(const char *library_folder, const char *file, const char *text,
			   size_t text_bytes, road_sim_chip *out)
{
	const struct sim_entry *sim;
	struct sim_chip_check check;
	road_status status = road_sim_library(library_folder, &sim);

	if (status)
		return status;
	sim->check_chip(file, text, text_bytes, &check);
	if (!check.chip)
		return unsound(file, &check);
	*out = (road_sim_chip){.size = sizeof(*out),
			       .values = check.values,
			       .assumed = check.assumed,
			       .memory_bytes = check.id.memory_bytes};
	snprintf(out->name, sizeof(out->name), "%s", check.id.name);
	snprintf(out->family, sizeof(out->family), "%s", check.id.family);
	snprintf(out->vendor, sizeof(out->vendor), "%s", check.id.vendor);
	snprintf(out->product, sizeof(out->product), "%s", check.id.product);
	sim->check_done(&check);
	return ROAD_OK;
}
