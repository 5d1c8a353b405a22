/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/bus/vfio_open.h"

#include "hal/core/error.h"

road_status road_vfio_open(const struct road_found *found, bool no_wake, struct road_bus **out)
{
	(void)no_wake;
	(void)out;
	return road_fail(ROAD_UNSUPPORTED, "this build has no VFIO", "device address: pci",
			 found->place, "one with -Dvfio=enabled");
}
