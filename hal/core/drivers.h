/* SPDX-License-Identifier: Apache-2.0 */
/* The drivers that are built in or come from files, and the defaults of what they leave out. */
#ifndef HAL_CORE_DRIVERS_H
#define HAL_CORE_DRIVERS_H

#include <roadbed-driver/region.h>

/* Ends with NULL; written by meson from the drivers that are enabled. */
extern const struct road_driver *const road_drivers[];

struct road_instance;
struct road_loaded; /* what an instance took from its driver folders */

/* Opens what the folders hold; never fails: what was refused has a candidate that says so. NULL
 * only without host memory, or without folders. */
struct road_loaded *road_loaded_open(const char *library_folder, const char *folders);
void road_loaded_close(struct road_loaded *loaded);
/* The files, and folders that were refused, by position; false ends. */
bool road_loaded_candidate(const struct road_loaded *loaded, uint32_t index, road_candidate *out);

/* All drivers of an instance by position, first those that are built in; NULL ends. path: of the
 * file it comes from, "" if it is built in; may be NULL. */
const struct road_driver *road_driver_at(const struct road_instance *instance, uint32_t index,
					 const char **path);

/* Is it for functions with these ids? */
bool road_driver_speaks_for(const struct road_driver *driver, const struct road_bus_ids *ids);

/* Is any of the instance's? */
bool road_driver_runs(const struct road_instance *instance, const struct road_bus_ids *ids);

/* The bus of a driver with a scheme: to its library, NULL without one. */
road_status road_driver_bus(const struct road_instance *instance, const struct road_driver *driver,
			    const char *options, struct road_bus **out);
/* Takes out of the options what they say about the library: the rest is the driver's. */
void road_driver_options(const struct road_driver *driver, char *options);
struct road_seen; /* core.h */
/* One more candidate of those that were seen, empty; NULL: no host memory. */
road_candidate *road_seen_add(struct road_seen *seen);
/* Adds the devices of a driver with a scheme; false: no host memory. */
bool road_driver_candidates(const struct road_instance *instance, const struct road_driver *driver,
			    const char *path, struct road_seen *seen);

/* A complete table of defaults with the driver's sparse one (may be NULL) laid over it. */
void road_defaults_ops(struct road_driver_ops *out, const struct road_driver_ops *over);
void road_defaults_memory(struct road_memory_ops *out, const struct road_memory_ops *over);
void road_defaults_image(struct road_image_ops *out, const struct road_image_ops *over);
void road_defaults_region(struct road_region_ops *out, const struct road_region_ops *over);

void road_device_uuid(const char *address, uint8_t out[16]);

#endif
