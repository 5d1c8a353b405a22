/* SPDX-License-Identifier: Apache-2.0 */
/* The checker's insides. The checker's memory of accesses: cells of 32 bytes each. */
#ifndef SIMULATORS_DSA_HAZARD_CELLS_H
#define SIMULATORS_DSA_HAZARD_CELLS_H

#include "simulators/dsa/internal.h"

enum { DSA_GRANULE = 32, DSA_RECORDS = 4, DSA_HAZARD_PAIRS = 64 };

struct dsa_record {
	uint32_t clock, mask, pc; /* mask 0: free */
	uint8_t queue, write;
	uint16_t core; /* global memory: block */
};

struct dsa_cell {
	struct dsa_record record[DSA_RECORDS];
};

struct dsa_access {
	struct dsa_record self;
	/* The access is behind those of each queue up to this clock: of reads, of writes. */
	uint32_t limit[2][ROAD_DSA_QUEUES];
	const uint32_t *remote; /* of other blocks' queues; NULL: none */
};

/* What a queue heard of other blocks by a cross-core flag. */
struct dsa_learned {
	uint32_t queue, clock;
	uint32_t known[]; /* [block][queue] */
};

struct dsa_hazards {
	struct dsa_core *core;
	uint32_t queue;                  /* of the instruction at hand */
	uint32_t count[ROAD_DSA_QUEUES]; /* instructions */
	/* Of each queue: the instructions of the others that are over for it. Of itself: those
	 * that a barrier or a token that came back told of, which only V asks for. */
	uint32_t known[ROAD_DSA_QUEUES][ROAD_DSA_QUEUES];
	uint32_t token[ROAD_DSA_QUEUES][ROAD_DSA_QUEUES][DSA_FLAGS_MAX][ROAD_DSA_QUEUES];
	struct dsa_cell *pad[ROAD_DSA_PADS];
	/* global memory */
	struct dsa_shadow *shadow;    /* the chip's; NULL: not looked at */
	struct dsa_learned **learned; /* of this block, in order */
	uint32_t learned_count;
	uint32_t *remote;                /* of the instruction at hand, unless `fresh` */
	bool fresh, deaf;                /* no memory: nothing is compared between blocks */
	uint64_t pair[DSA_HAZARD_PAIRS]; /* of pcs, reported in this block */
	uint32_t pair_count;
	/* What the setters of this core's flags knew, joined: of each flag, a clock over all
	 * blocks of the task. */
	uint64_t inbox_task;
	uint32_t *inbox;
};

/* The bytes of the granule of `at` from there up to `end`. */
static inline uint32_t dsa_granule_mask(uint64_t at, uint64_t end)
{
	uint32_t first = at % DSA_GRANULE;
	uint64_t left = end - (at - first);
	uint32_t mask = UINT32_MAX << first;

	return left < DSA_GRANULE ? mask & ((1u << left) - 1) : mask;
}

static inline bool dsa_record_is_before(const struct dsa_record *r, const struct dsa_access *a)
{
	if (r->core != a->self.core)
		return a->remote && r->clock <= a->remote[r->core * ROAD_DSA_QUEUES + r->queue];
	return r->clock <= a->limit[r->write][r->queue] ||
	       (r->queue == a->self.queue && r->clock == a->self.clock);
}

/* Adds an access; true: it is not ordered with *other. */
static inline bool dsa_cell_touch(struct dsa_cell *cell, const struct dsa_access *a,
				  struct dsa_record *other)
{
	struct dsa_record *place = NULL;
	bool hazard = false;

	for (uint32_t i = 0; i < DSA_RECORDS; i++) {
		struct dsa_record *r = &cell->record[i];

		if (r->mask & a->self.mask) {
			bool before = dsa_record_is_before(r, a);

			if (!before && (a->self.write || r->write)) {
				*other = *r;
				hazard = true;
			}
			/* Who is behind this access is behind those before it. */
			if (before && (a->self.write || !r->write))
				r->mask &= ~a->self.mask;
		}
		if (!r->mask || (!place && !r->write))
			place = r;
	}
	/* Without room a read goes: what a write must be behind is told of the others. */
	if (!place)
		place = &cell->record[a->self.clock % DSA_RECORDS];
	*place = a->self;
	return hazard;
}

static inline size_t dsa_hazards_inbox_bytes(uint32_t cores)
{
	return (size_t)cores * ROAD_DSA_QUEUES * ROAD_DSA_CROSS_IDS * sizeof(uint32_t);
}

/* hazard.c, for hazard_global.c: the limits and identity of the access at hand; a report. */
void dsa_hazards_limits(const struct dsa_hazards *hazards, bool write, struct dsa_access *access);
void dsa_hazards_report(struct dsa_hazards *hazards, const struct dsa_record *earlier,
			const struct dsa_record *later, const char *place, uint64_t address);
/* hazard_global.c: a block begins. */
void dsa_hazards_forget(struct dsa_hazards *hazards);

#endif
