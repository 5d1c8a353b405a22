/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The window of uapi/traits.h, which chips of all families have in common: a family's model fills
 * it once, from the chip's parameters.
 */
#ifndef SIMULATORS_TRAITS_TRAITS_H
#define SIMULATORS_TRAITS_TRAITS_H

#include <roadbed-sim/registers.h>

#include "uapi/traits.h"

struct sim_traits {
	uint32_t l1_bytes, l1_line, l2_line, register_bytes;
	uint32_t vector_bytes, matrix_units;
	uint64_t host_rate, link_rate;
	uint64_t assumed;
	uint64_t peaks[ROAD_PEAKS];
};

/* Sets a peak rate, and that it is assumed if one of the parameters that it is made of is; the
 * names end with NULL. */
void sim_traits_peak(struct sim_traits *traits, struct sim_env *env, enum road_peak peak,
		     uint64_t rate, const char *const *parameters);

/* Is this byte of a region the window's, which begins at `base`? */
static inline bool sim_traits_is(uint64_t offset, uint64_t base)
{
	return offset >= base && offset < base + ROAD_TRAITS_BYTES;
}
/* Of the window, from 0. */
uint64_t sim_traits_read(const struct sim_traits *traits, struct sim_env *env, uint32_t function,
			 uint64_t offset, uint32_t width);

#endif
