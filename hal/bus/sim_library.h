/* SPDX-License-Identifier: Apache-2.0 */
/* The simulators' one door, for hal/bus/sim*.c. */
#ifndef HAL_BUS_SIM_LIBRARY_H
#define HAL_BUS_SIM_LIBRARY_H

#include <roadbed/base.h>

#include "simulators/engine/entry.h"

/* Loads the library unless it is there: from `folder` (may be NULL), from beside this library, or
 * from where the loader looks. */
road_status road_sim_library(const char *folder, const struct sim_entry **out);

#endif
