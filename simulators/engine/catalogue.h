/* SPDX-License-Identifier: Apache-2.0 */
/* The chips that can be simulated: those that are built in, and files added since. */
#ifndef SIMULATORS_ENGINE_CATALOGUE_H
#define SIMULATORS_ENGINE_CATALOGUE_H

#include "simulators/chips/chip.h"

struct sim_catalogue_row {
	const char *name, *bytes; /* the file's text, to be parsed for each device anew */
	size_t len;
	const char *path; /* "": built in */
	struct road_chip_summary summary;
	const struct road_chip *owner; /* of name and summary's texts; NULL: built in */
};

/* By position, NULL ends; by name, NULL: none. What was found stays. Any thread. */
const struct sim_catalogue_row *sim_catalogue_at(uint32_t index);
const struct sim_catalogue_row *sim_catalogue_find(const char *name, size_t name_bytes);
/* Adds a file (its bytes are copied) for the life of the process, or says in error
 * (SIM_ERROR_BYTES) why not. Under the engine's lock. */
const struct sim_catalogue_row *sim_catalogue_add(const char *path, const char *bytes, size_t len,
						  char *error);

#endif
