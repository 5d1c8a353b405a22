/* SPDX-License-Identifier: Apache-2.0 */
/* Which facts of a device move, and which are its memory: found once, read whenever asked. */
#ifndef DRIVERS_GENERIC_LIVE_H
#define DRIVERS_GENERIC_LIVE_H

#include <roadbed-driver/driver.h>

enum { GENERIC_HEAPS = 3 };

struct generic_heap {
	uint32_t kind;        /* enum road_heap_kind */
	uint32_t bytes, used; /* numbers of facts */
};

struct generic_live {
	uint32_t *facts; /* their numbers */
	uint32_t count, room;
	struct generic_heap heaps[GENERIC_HEAPS]; /* that the kernel tells both size and use of */
	uint32_t heap_count;
};

/* ROAD_OUT_OF_HOST_MEMORY: nothing is left then. */
road_status generic_live_find(struct road_bus *bus, struct generic_live *out);
void generic_live_free(struct generic_live *live);

#endif
