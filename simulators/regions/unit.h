/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The model of the reconfiguration unit (uapi/region.h), which a chip's model owns: regions,
 * slots, operations in ten phases on virtual time, the gate that launches pass, layouts.
 *
 *	 chip                                   unit
 *	 queue opens          ── queue_open ──▶ whose region, which image it expects
 *	 ring entry: an op    ─── begin ──────▶ reads, checks, runs the phases … ── done ──▶ goes on
 *	 ring entry: a launch ─── gate ───────▶ GO / WAIT (asked again after retry) / FAIL
 *	 a launch ended       ─── leave ──────▶
 *	 registers            ─── read, write ▶
 *
 * `done`, `retry` and `drain` come from events of the unit, never from within a call, and may call
 * whatever they like; `suspend` and `resume` come from events, too, and call nothing of the unit
 * that changes it; the other callbacks may come from within a call, and call nothing of the unit.
 *
 * All that a guest supplies (op, image, table of a layout, saved state) is read once into memory
 * of the unit; the copy is checked, and the copy is used.
 *
 * Functions of one chip share regions, and nothing in them: each has slots of its own in every
 * region, and sees no image of another one, whatever its id. A launch that finds another function's
 * image active switches to what its queue expects. Nobody ends another function's launches: a
 * switch ends its own as it was told to, and waits for the others; those that had their slice of
 * time are suspended then, and brought back later (share.c). Counters, generations and
 * quarantine are a function's own, too: what one breaks, or breaks on purpose, bars no other one,
 * and a function that was reset is as new. Layouts are the physical function's to change.
 */
#ifndef SIMULATORS_REGIONS_UNIT_H
#define SIMULATORS_REGIONS_UNIT_H

#include <roadbed-sim/model.h>

#include "uapi/region.h"

#define REGION_SLOTS_MAX 64u
#define REGION_NONE      UINT32_MAX

struct region_unit;

/* Numbers of <roadbed/region.h>, in its order. */
enum region_feature {
	REGION_LAYOUT = 0x01,
	REGION_READ_BACK = 0x02,
	REGION_STATE = 0x04,
	REGION_KEEPS_MEMORY = 0x08,
	REGION_SWITCHES = 0x10,
};
enum region_slot_state { SLOT_EMPTY, SLOT_LOADING, SLOT_READY, SLOT_ACTIVE, SLOT_FAULT };
enum region_drain { DRAIN_WAIT, DRAIN_ITERATION, DRAIN_ABORT, DRAIN_REFUSE };
enum region_on_failure { FAILURE_KEEP, FAILURE_SAFE, FAILURE_QUARANTINE };
enum region_target { TARGET_PREVIOUS, TARGET_SAFE, TARGET_INITIAL };
enum region_phase {
	PHASE_NONE,
	PHASE_PARSE,
	PHASE_VERIFY,
	PHASE_FIT,
	PHASE_ISOLATE,
	PHASE_DRAIN,
	PHASE_TRANSFER,
	PHASE_CHECK,
	PHASE_COMMIT,
	PHASE_POST_CHECK,
	PHASE_RESUME,
	REGION_PHASES
};
enum region_result {
	RESULT_HIT = 0x1,
	RESULT_MEMORY_LOST = 0x2,
	RESULT_ROLLED_BACK = 0x4,
	RESULT_QUARANTINED = 0x8,
};

/* An image that passed the container's checks. Pointers are valid during the call, but that those
 * of an active image stay until another one is activated. */
struct region_image {
	uint64_t config; /* id */
	const struct road_config_header *header;
	const struct road_config_claim *claims; /* header->claim_count */
	const void *payload; /* relocated for this region; header's bytes of it */
	uint32_t payload_bytes;
	uint32_t region, first_unit, units; /* where it is loaded to */
};

/* What the chip does for the unit. "NULL" may be missing. */
struct region_chip {
	/* Bytes of device memory at an address as the function gives it; false: there are none. */
	bool (*read_image)(void *arg, uint32_t function, uint64_t address, void *out,
			   uint32_t bytes);
	/* Of a queue's space. NULL: no ops with buffers. */
	bool (*read_buffer)(void *arg, uint32_t queue, uint64_t address, void *out, uint32_t bytes);
	bool (*write_buffer)(void *arg, uint32_t queue, uint64_t address, const void *in,
			     uint32_t bytes);

	/* Is the payload sound? Pure. *at: byte within the payload that is not. */
	bool (*check)(void *arg, const struct region_image *image, uint32_t *at);
	/* The image begins to be what the region works by; NULL: none is. At the end of COMMIT,
	 * when nothing runs in the region. */
	void (*activate)(void *arg, uint32_t region, const struct region_image *image);
	/* Zeroes what the function's (REGION_NONE: everybody's) images and work leave in the
	 * region: fabric registers, scratchpads. Nothing of that function's runs there; another
	 * one's work may, and notices nothing. */
	void (*wipe)(void *arg, uint32_t function, uint32_t region);
	/* Ends what the function runs in the region: ITERATION, ABORT (its queues fail). It tells
	 * each end by region_unit_leave(), now or later. */
	void (*drain)(void *arg, uint32_t function, uint32_t region, enum region_drain how);
	/* Parked ops and launches may go on: ask the gate again. */
	void (*retry)(void *arg);
	/* What the function runs in the region stands still, off the units, until it is resumed: it
	 * goes on then as if no time had passed. Meanwhile it may end by ABORT, or with its queue.
	 * NULL, both: launches run to their ends, and other functions wait. */
	void (*suspend)(void *arg, uint32_t function, uint32_t region);
	void (*resume)(void *arg, uint32_t function, uint32_t region);

	/* NULL: costs.load_ps + bytes at costs.load_ps_per_kib. When a transfer of `bytes` that
	 * begins at from_ps ends; takes the paths that it needs. */
	uint64_t (*transfer)(void *arg, uint32_t region, uint32_t bytes, uint64_t from_ps);
	/* NULL: nothing. What a switch to the image takes beyond costs.switch_ps. */
	uint64_t (*configure)(void *arg, const struct region_image *image);
	/* NULL: nothing is ever live. Where a switch loses memory: is there any? */
	bool (*live_memory)(void *arg, uint32_t region);
	/* NULL: never. Has a queue of the region, beside those that wait at the gate and those of
	 * the function `but` (REGION_NONE: of none), work that has not begun? A switch away is put
	 * off for it (see hysteresis). */
	bool (*more)(void *arg, uint32_t region, uint32_t but);
	/* NULL without REGION_STATE: the function's state in a drained region. save returns its
	 * bytes, at most state_bytes; restore false: not a state of this image. */
	uint32_t (*save)(void *arg, uint32_t function, uint32_t region, void *out);
	bool (*restore)(void *arg, uint32_t function, uint32_t region, const void *in,
			uint32_t bytes);
};

struct region_costs { /* ps */
	uint64_t load_ps, load_ps_per_kib, switch_ps, drain_ps, read_back_ps_per_kib, layout_ps;
	uint32_t quality; /* enum road_cost_quality */
};

/* What a region has to itself of what lies between its units and memory; 0: it is shared. */
struct region_own {
	uint64_t cache_bytes, memory_rate; /* bytes a second */
};

struct region_setup {
	struct sim_env *env;
	const struct region_chip *chip;
	void *arg;
	uint32_t features; /* enum region_feature */
	uint32_t kind;     /* enum road_config_kind of images */
	uint64_t fabric;
	uint32_t units, slots, slot_bytes; /* slots: up to REGION_SLOTS_MAX */
	uint32_t alignment, units_min;     /* of children; >= 1 */
	uint32_t queues;                   /* numbers of queues are below this, of all functions */
	uint32_t functions;                /* of the chip; 0: one */
	uint64_t memory_bytes;             /* to share among children; 0: never shared out */
	struct region_own whole, each;     /* of the root, of each unit of a child */
	uint64_t scratch_bytes;            /* of each unit; claims lie within */
	uint32_t state_bytes;              /* the most that save gives */
	uint32_t hysteresis; /* switches away are put off until the active image has had this many
			      * switch costs; 0: never put off */
	struct region_costs costs;
};

/* NULL: no host memory. setup is copied; chip stays. */
struct region_unit *region_unit_create(const struct region_setup *setup);
void region_unit_destroy(struct region_unit *unit);
/* In place of those of the setup, from the next op on: the chip runs at another clock. */
void region_unit_costs(struct region_unit *unit, const struct region_costs *costs);
/* As after power-on, with new generations: one region, no image, nothing pinned, ops dropped
 * without `done`. */
void region_unit_reset(struct region_unit *unit);
/* Likewise, but of one function alone, whose launches must have left: its queues are closed, its
 * images gone, and layouts stay. */
void region_unit_reset_function(struct region_unit *unit, uint32_t function);

/* The register window; violations of width and place are told to the engine. */
uint64_t region_unit_read(struct region_unit *unit, uint32_t function, uint64_t offset,
			  uint32_t width);
void region_unit_write(struct region_unit *unit, uint32_t function, uint64_t offset, uint32_t width,
		       uint64_t value);

/* ---- queues ---- */

/*
 * A queue's work runs in this region from now on; what is active there is what it expects. owner:
 * who it works for (function, space); when the region's former owners are all gone and another one
 * comes, slots and units are wiped. STALE: no such region; BUSY: it is split. A quarantined one is
 * taken: its work fails.
 */
enum road_region_error region_unit_queue_open(struct region_unit *unit, uint32_t queue,
					      uint32_t function, uint32_t region, uint64_t owner);
/* Its ops are dropped without `done` (a switch that began is ended). Its launches must have left.
 */
void region_unit_queue_close(struct region_unit *unit, uint32_t queue);
/* The owner is gone: whoever is called so from now on is another one. */
void region_unit_owner_gone(struct region_unit *unit, uint64_t owner);
/* Likewise, but the queue stays open: it was reset, or stopped on a fault. */
void region_unit_queue_drop(struct region_unit *unit, uint32_t queue);
uint32_t region_unit_of_queue(const struct region_unit *unit, uint32_t queue);
uint64_t region_unit_generation(const struct region_unit *unit, uint32_t function, uint32_t region);
/* False: there is no such region. */
bool region_unit_bounds(const struct region_unit *unit, uint32_t region, uint32_t *first_unit,
			uint32_t *units);
/* Launches that are not suspended, of all functions. */
uint32_t region_unit_running(const struct region_unit *unit, uint32_t region);
/* Bytes of memory that it has for itself; 0: shared. */
uint64_t region_unit_memory(const struct region_unit *unit, uint32_t region);

/* ---- operations ---- */

typedef void (*region_done)(void *arg, enum road_region_error error);
/*
 * The queue came to an entry that names the op at this bus address, and all before it in the queue
 * ended (before LOAD and PREFETCH it need not have). done comes once the report is written; the
 * queue goes on then, or fails. One op of a queue at a time, but that a PREFETCH is done at once.
 */
void region_unit_begin(struct region_unit *unit, uint32_t queue, uint64_t op, region_done done,
		       void *arg);

/* ---- launches ---- */

enum region_gate {
	REGION_GO,   /* it counts as running; region_unit_leave() when it ended */
	REGION_WAIT, /* ask again when chip->retry comes */
	REGION_FAIL, /* *error: MISMATCH, NOT_RESIDENT, QUARANTINED, STALE, or why an implicit
		      * activation failed */
};
/* What a launch expects to be active. */
struct region_want {
	uint64_t config;      /* id; 0: what its queue expects */
	uint64_t image;       /* where the image lies, if `activate` may load it; */
	uint32_t image_bytes; /* 0: it must be resident then */
	bool activate;        /* makes it so instead of failing */
};
enum region_gate region_unit_gate(struct region_unit *unit, uint32_t queue,
				  const struct region_want *want, enum road_region_error *error);
/* Did another function make active what is so where this queue is? */
bool region_unit_is_foreign(const struct region_unit *unit, uint32_t queue);
/* A launch of the function that was let through ended, also while it was suspended, or was stopped
 * between two iterations (then it asks the gate again before it goes on). */
void region_unit_leave(struct region_unit *unit, uint32_t function, uint32_t region);
/* The region's hardware failed under the function's work: counts towards its quarantine. */
void region_unit_fault(struct region_unit *unit, uint32_t function, uint32_t region);
/* What the region works by; NULL: none. */
const struct region_image *region_unit_active(const struct region_unit *unit, uint32_t region);

/* The function's next `times` operations of the region that come to the phase fail there; replaces
 * what it asked for before. False: no such region or phase. */
bool region_unit_phase_fail(struct region_unit *unit, uint32_t function, uint32_t region,
			    uint32_t phase, uint32_t times);

/* ---- for reports and counters ---- */

uint64_t region_unit_count(const struct region_unit *unit, enum road_region_counter counter);

#endif
