/* SPDX-License-Identifier: Apache-2.0 */
/* How Roadbed finds the driver outside its tree; inside, meson's table of drivers does it. */
#include <roadbed-driver/driver.h>

extern const struct road_driver road_driver_template;

ROAD_DRIVER_ENTRY(road_driver_template)
