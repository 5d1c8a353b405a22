/* SPDX-License-Identifier: Apache-2.0 */
/* The drivers that are built in, and the defaults of what they leave out. */
#ifndef HAL_CORE_DRIVERS_H
#define HAL_CORE_DRIVERS_H

#include <roadbed-driver/driver.h>

/* Ends with NULL; written by meson from the drivers that are enabled. */
extern const struct road_driver *const road_drivers[];

/* A complete table of defaults with the driver's sparse one (may be NULL) laid over it. */
void road_defaults_ops(struct road_driver_ops *out, const struct road_driver_ops *over);
void road_defaults_memory(struct road_memory_ops *out, const struct road_memory_ops *over);
void road_defaults_image(struct road_image_ops *out, const struct road_image_ops *over);

void road_device_uuid(const char *address, uint8_t out[16]);

#endif
