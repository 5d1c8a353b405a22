/* SPDX-License-Identifier: Apache-2.0 */
/* Memory of a device whose traffic is recorded or replayed: the host's bytes and the device's meet
 * when they are synced, and nowhere else, or what the device wrote would be seen without a word of
 * it in the trace. */
#ifndef HAL_BUS_TRACED_H
#define HAL_BUS_TRACED_H

#include "hal/bus/shadow_set.h"
#include "hal/bus/trace.h"

enum { ROAD_TRACED_LINE = 64 };

struct road_traced {
	uint64_t number;       /* in the trace: 1, 2, … */
	bool owned;            /* dma_alloc's: the host's side is ours */
	struct road_dma inner; /* record: the device's side, as the inner bus gave it */
	struct road_shadow *shadow;
};

struct road_traced_list {
	struct road_shadow_set shadows;
	uint64_t numbers; /* given so far */
};

/*
 * Memory of `bytes` for *out, whose iova is set and the rest is filled here. host: the program's,
 * NULL: to be made. device: what the device sees, of the same size; NULL: bytes of the shadow's
 * own. The list owns what it makes until road_traced_remove.
 */
road_status road_traced_add(struct road_traced_list *list, void *host, void *device, uint64_t bytes,
			    struct road_dma *out);
struct road_traced *road_traced_of(const struct road_dma *dma);
void road_traced_remove(struct road_traced_list *list, struct road_dma *dma);

/* Lines and bytes that a sync of [*offset, *offset + *bytes) touches. */
void road_traced_lines(const struct road_traced *traced, uint64_t *offset, uint64_t *bytes);
#endif
