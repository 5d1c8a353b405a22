/* SPDX-License-Identifier: Apache-2.0 */
/* All shadows of one device (shadow.h). One thread at a time: the owner's lock sees to that. */
#ifndef HAL_BUS_SHADOW_SET_H
#define HAL_BUS_SHADOW_SET_H

#include "hal/bus/shadow.h"

struct road_shadow_set {
	struct road_shadow *first;
	uint64_t evictions; /* picks the lines that are written back unasked */
};

void road_shadow_set_add(struct road_shadow_set *set, struct road_shadow *shadow);
void road_shadow_set_remove(struct road_shadow_set *set, const struct road_shadow *shadow);
/* road_shadow_sync, and the others of the same memory hear what came to the host. */
void road_shadow_set_sync(struct road_shadow_set *set, struct road_shadow *shadow, uint64_t offset,
			  uint64_t bytes, enum road_dma_direction direction);
/* Caches write dirty lines back when they please: a few at each write to a register. Of memory that
 * is the program's none: work that has ended is seen by the program before its mapping goes. */
void road_shadow_set_evict(struct road_shadow_set *set);

#endif
