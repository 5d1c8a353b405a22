/* SPDX-License-Identifier: Apache-2.0 */
/* What the rest of the buses knows of VFIO. */
#ifndef HAL_BUS_VFIO_OPEN_H
#define HAL_BUS_VFIO_OPEN_H

#include "hal/bus/discover.h"

/* The kernel's driver that gives functions to programs. */
#define ROAD_VFIO_DRIVER "vfio-pci"

/* The bus to a function that is bound to that driver. */
road_status road_vfio_open(const struct road_found *found, bool no_wake, struct road_bus **out);

#endif
