/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Range tables (uapi/range.h) as a chip has them: copied from the host once, checked, and used by
 * all work that began under them, however often the host brings new ones.
 */
#ifndef SIMULATORS_MEMORY_RANGES_H
#define SIMULATORS_MEMORY_RANGES_H

#include <roadbed-sim/model.h>

#include "uapi/range.h"

struct sim_ranges {
	uint32_t refs, count;
	struct road_range range[];
};

/* One copy of the host's table, of which the caller gets a reference; NULL: it cannot be used (a
 * violation says why). memory_bytes: what ranges without SYSTEM may reach; windows of scratchpads
 * lie in scratch_bytes from scratch on, 0: there are none. */
struct sim_ranges *sim_ranges_read(struct sim_env *env, uint32_t function, uint64_t iova,
				   uint64_t count, uint64_t memory_bytes, uint64_t scratch,
				   uint64_t scratch_bytes);
struct sim_ranges *sim_ranges_get(struct sim_ranges *ranges); /* NULL is fine */
void sim_ranges_put(struct sim_ranges *ranges);
/* The range that all of these bytes lie in; NULL: none, or not one alone. */
const struct road_range *sim_ranges_find(const struct sim_ranges *ranges, uint64_t va,
					 uint64_t bytes);

#endif
