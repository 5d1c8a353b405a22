/* SPDX-License-Identifier: Apache-2.0 */
/* The simulators' one door, for hal/bus/sim*.c. */
#ifndef HAL_BUS_SIM_LIBRARY_H
#define HAL_BUS_SIM_LIBRARY_H

#include <roadbed/roadbed.h>

#include "simulators/engine/entry.h"

/* Loads the library unless it is there: from `folder` (may be NULL), from beside this library, or
 * from where the loader looks. */
road_status road_sim_library(const char *folder, const struct sim_entry **out);

/* A chip of the catalogue, in a candidate that is empty. */
void road_sim_describe(const struct sim_chip_id *id, road_candidate *out);

#endif
