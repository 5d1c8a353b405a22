/* SPDX-License-Identifier: Apache-2.0 */
/* The drivers of an instance: those that are built in, then those of its driver folders. */
#include "hal/core/drivers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hal/bus/address.h"
#include "hal/core/core.h"

/* A driver from a file, with whole tables whatever version of the interface it was built with. */
struct loaded_driver {
	struct loaded_driver *next;
	struct road_driver driver;
	struct road_driver_ops ops;
	struct road_memory_ops memory;
	struct road_image_ops image;
	struct road_region_ops region;
	const char *path; /* the row's */
};

struct row {
	struct row *next;
	char *path;
	road_status status;
	uint32_t simulated;
	char driver[32];
	char reason[192];
};

struct road_loaded {
	struct loaded_driver *drivers;
	struct row *rows;
	bool complete; /* false: there was no memory for all */
};

bool road_driver_speaks_for(const struct road_driver *driver, const struct road_bus_ids *ids)
{
	if (driver->scheme)
		return false;
	if (driver->compatible && ids->compatible[0])
		return !strcmp(driver->compatible, ids->compatible);
	return driver->pci_vendor && driver->pci_vendor == ids->vendor &&
	       driver->pci_device == ids->device;
}

const struct road_driver *road_driver_at(const struct road_instance *instance, uint32_t index,
					 const char **path)
{
	const struct loaded_driver *loaded = instance->loaded ? instance->loaded->drivers : NULL;

	if (path)
		*path = "";
	for (const struct road_driver *const *d = road_drivers; *d; d++)
		if (!index--)
			return *d;
	while (loaded && index--)
		loaded = loaded->next;
	if (loaded && path)
		*path = loaded->path;
	return loaded ? &loaded->driver : NULL;
}

bool road_driver_runs(const struct road_instance *instance, const struct road_bus_ids *ids)
{
	const struct road_driver *driver;

	for (uint32_t i = 0; (driver = road_driver_at(instance, i, NULL)); i++)
		if (road_driver_speaks_for(driver, ids))
			return true;
	return false;
}

/* ---- is it a driver that this library can use? ---- */

static bool all_zero(const unsigned char *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (bytes[i])
			return false;
	return true;
}

/* `to` is zero. A shorter table ends in zero; what a longer one has beyond ours must be zero: false
 * if not. */
static bool take_table(void *to, size_t bytes, const void *from, size_t from_bytes)
{
	size_t common = from_bytes < bytes ? from_bytes : bytes;

	if (!from)
		return true;
	memcpy(to, from, common);
	return all_zero((const unsigned char *)from + common, from_bytes - common);
}

static const char *lacks(const struct road_driver_ops *ops)
{
	if (!ops->probe)
		return "probe";
	if (!ops->start)
		return "start";
	if (!ops->stop)
		return "stop";
	if (!ops->info)
		return "info";
	if (!ops->queue_open)
		return "queue_open";
	if (!ops->queue_close)
		return "queue_close";
	return ops->submit ? NULL : "submit";
}

static bool refuse(struct row *row, road_status status, const char *what, const char *which)
{
	row->status = status;
	snprintf(row->reason, sizeof(row->reason), "the driver %.120s%s%.60s", what,
		 *which ? ": " : "", which);
	return false;
}

static bool take_tables(const struct road_driver_entry *entry, struct loaded_driver *out,
			struct row *row)
{
	const struct road_driver *from = entry->driver;

	if (entry->size < sizeof(*entry) || !from || entry->driver_bytes < sizeof(from->abi))
		return refuse(row, ROAD_UNSUPPORTED, "has an entry without tables", "");
	if (from->abi >> 16 != ROAD_DRIVER_ABI_MAJOR ||
	    (from->abi & 0xffff) > ROAD_DRIVER_ABI_MINOR) {
		row->status = ROAD_UNSUPPORTED;
		snprintf(row->reason, sizeof(row->reason),
			 "the driver needs driver interface %u.%u, this library has %d.%d",
			 from->abi >> 16, from->abi & 0xffff, ROAD_DRIVER_ABI_MAJOR,
			 ROAD_DRIVER_ABI_MINOR);
		return false;
	}
	if (!take_table(&out->driver, sizeof(out->driver), from, entry->driver_bytes) ||
	    !take_table(&out->ops, sizeof(out->ops), out->driver.ops, entry->ops_bytes) ||
	    !take_table(&out->memory, sizeof(out->memory), out->driver.memory,
			entry->memory_bytes) ||
	    !take_table(&out->image, sizeof(out->image), out->driver.image, entry->image_bytes) ||
	    !take_table(&out->region, sizeof(out->region), out->driver.region, entry->region_bytes))
		return refuse(row, ROAD_UNSUPPORTED,
			      "uses functions that this library does not know", "");
	out->driver.ops = &out->ops;
	out->driver.memory = &out->memory;
	out->driver.image = &out->image;
	out->driver.region = out->driver.region && entry->region_bytes ? &out->region : NULL;
	return true;
}

/* What other drivers of the instance are called, and what addresses begin with already. */
static bool is_new(const struct road_loaded *loaded, const struct road_driver *driver,
		   struct row *row)
{
	const struct loaded_driver *other = loaded->drivers;

	for (const struct road_driver *const *d = road_drivers; *d; d++) {
		if (!strcmp((*d)->name, driver->name))
			return refuse(row, ROAD_BUSY, "has the name of one that is built in",
				      driver->name);
		if (driver->scheme && (*d)->scheme && !strcmp((*d)->scheme, driver->scheme))
			return refuse(row, ROAD_BUSY, "has the scheme of one that is built in",
				      driver->scheme);
	}
	if (driver->scheme && road_transport_find(driver->scheme))
		return refuse(row, ROAD_BUSY, "has the scheme of a bus", driver->scheme);
	for (; other; other = other->next) {
		if (!strcmp(other->driver.name, driver->name))
			return refuse(row, ROAD_BUSY, "has the name of another file's",
				      other->path);
		if (driver->scheme && other->driver.scheme &&
		    !strcmp(other->driver.scheme, driver->scheme))
			return refuse(row, ROAD_BUSY, "has the scheme of another file's",
				      other->path);
	}
	return true;
}

static bool judge(const struct road_loaded *loaded, const struct road_driver_entry *entry,
		  struct loaded_driver *out, struct row *row)
{
	const struct road_driver *driver = &out->driver;

	if (!take_tables(entry, out, row))
		return false;
	if (!driver->name || !*driver->name)
		return refuse(row, ROAD_UNSUPPORTED, "has no name", "");
	const char *missing = lacks(&out->ops);

	if (missing)
		return refuse(row, ROAD_UNSUPPORTED, "lacks a function", missing);
	if (!driver->scheme && !driver->compatible && !driver->pci_vendor)
		return refuse(row, ROAD_UNSUPPORTED, "says of no device that it is its own", "");
	return is_new(loaded, driver, row);
}

/* ---- what the folders hold ---- */

static void take_driver(struct road_loaded *loaded, const struct road_driver_entry *entry,
			struct row *row)
{
	struct loaded_driver *driver = calloc(1, sizeof(*driver)), **last = &loaded->drivers;
	char rest[sizeof(row->reason)];

	if (!driver || !judge(loaded, entry, driver, row)) {
		loaded->complete &= driver != NULL;
		free(driver);
		return;
	}
	driver->path = row->path;
	while (*last)
		last = &(*last)->next;
	*last = driver;
	snprintf(row->driver, sizeof(row->driver), "%s", driver->driver.name);
	if (row->status)
		return; /* the file's model was refused: that is what is to be told */
	snprintf(rest, sizeof(rest), "%s", row->reason);
	snprintf(row->reason, sizeof(row->reason), "loaded: %.150s", rest);
}

static void take_plugin(void *arg, const struct road_plugin *plugin)
{
	struct road_loaded *loaded = arg;
	struct row *row = calloc(1, sizeof(*row)), **last = &loaded->rows;

	if (row)
		row->path = strdup(plugin->path);
	if (!row || !row->path) {
		free(row);
		loaded->complete = false;
		return;
	}
	row->status = plugin->status;
	row->simulated = plugin->simulated;
	snprintf(row->reason, sizeof(row->reason), "%s%.180s",
		 plugin->status || plugin->driver ? "" : "loaded: ", plugin->reason);
	if (plugin->driver)
		take_driver(loaded, plugin->driver, row);
	while (*last)
		last = &(*last)->next;
	*last = row;
}

struct road_loaded *road_loaded_open(const char *library_folder, const char *folders)
{
	struct road_loaded *loaded = *folders ? calloc(1, sizeof(*loaded)) : NULL;

	if (!loaded)
		return NULL;
	loaded->complete = true;
	road_plugins_open(library_folder, folders, take_plugin, loaded);
	return loaded;
}

void road_loaded_close(struct road_loaded *loaded)
{
	while (loaded && loaded->drivers) {
		struct loaded_driver *next = loaded->drivers->next;

		free(loaded->drivers);
		loaded->drivers = next;
	}
	while (loaded && loaded->rows) {
		struct row *next = loaded->rows->next;

		free(loaded->rows->path);
		free(loaded->rows);
		loaded->rows = next;
	}
	free(loaded);
}

bool road_loaded_candidate(const struct road_loaded *loaded, uint32_t index, road_candidate *out)
{
	const struct row *row = loaded ? loaded->rows : NULL;

	while (row && index) {
		row = row->next;
		index--;
	}
	memset(out, 0, sizeof(*out));
	if (!row && !index && loaded && !loaded->complete) {
		out->status = ROAD_OUT_OF_HOST_MEMORY;
		snprintf(out->reason, sizeof(out->reason), "no memory for all files of drivers");
		return true;
	}
	if (!row)
		return false;
	out->status = row->status ? row->status : ROAD_NOT_READY;
	out->simulated = row->simulated;
	snprintf(out->address, sizeof(out->address), "%s", row->path);
	snprintf(out->driver, sizeof(out->driver), "%s", row->driver);
	snprintf(out->reason, sizeof(out->reason), "%s", row->reason);
	return true;
}
