/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The traits helper: what chips whose registers have a window of uapi/traits.h say of their caches,
 * units and peak rates, as properties.
 *
 *	start       road_traits_read(dev, region, offset, &mine->traits)
 *	property    road_traits_last(&mine->program, &mine->traits, MY_OWN, index, out)
 */
#ifndef ROADBED_DRIVER_TRAITS_H
#define ROADBED_DRIVER_TRAITS_H

#include <roadbed-driver/boot_unit.h>
#include <roadbed-driver/registers.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { ROAD_TRAITS_PEAKS_MAX = 64 };

/* All 0, as before they were read: a chip without the window, whose properties are all unknown. */
struct road_traits {
	uint32_t l1_bytes, l1_line, l2_line, register_bytes;
	uint32_t vector_bytes, matrix_units;
	uint64_t host_rate, link_rate;         /* bytes per second */
	uint64_t assumed;                      /* bit p: of peaks[p] */
	uint64_t peaks[ROAD_TRAITS_PEAKS_MAX]; /* operations per second, by enum road_peak */
};

/* The window at `offset` of the region. ROAD_UNSUPPORTED: it says what cannot be;
 * ROAD_DEVICE_LOST. */
ROAD_API road_status road_traits_read(struct road_drv_device *dev, uint32_t region, uint64_t offset,
				      struct road_traits *out);
/* Properties of caches, units, links and peak rates, index from 0, with numbers that
 * no port has for others (from 200 on). What is 0 is unknown; rates that are assumed have the
 * source ROAD_SOURCE_ASSUMED. ROAD_NOT_FOUND, without a word, ends them. */
ROAD_API road_status road_traits_property(const struct road_traits *traits, uint32_t index,
					  struct road_property *out);

/* The end of a port's list: behind `own` properties, of numbers 1 to `own`, those of the firmware's
 * program (boot_unit.h) and the traits. `index` is the list's. ROAD_NOT_FOUND behind them all. */
ROAD_API road_status road_traits_last(const struct road_boot_program *program,
				      const struct road_traits *traits, uint32_t own,
				      uint32_t index, struct road_property *out);

#ifdef __cplusplus
}
#endif
#endif
