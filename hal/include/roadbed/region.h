/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Regions: parts of a chip that are configured, and may fail, on their own, while the rest works.
 *
 *	device ── root region ─┬─ child: units 0..3    slots [X active] [Y ready] [  empty  ]
 *	                       └─ child: units 4..15   slots [Z active] …
 *
 * A region holds configuration images in slots; one of them is active. What changes a region is a
 * command of a queue (struct road_reconfiguration), ordered like any other, with the submission's
 * waits and signals, and priced: road_region_info says what it may cost, the result what it did.
 *
 *   1. An activation is ordered in its queue after all before it and before all behind it. A real
 *      switch waits until the region's queues are between two commands, and lets none begin until
 *      it is done; regions beside it notice nothing. Activating what is active is a hit: ordered,
 *      and no such barrier.
 *   2. A queue has a current image, which its last activation set. A launch expects the image that
 *      it names, or else its queue's; if the region holds another one it fails with
 *      ROAD_CONFIG_MISMATCH, or activates it with ROAD_LAUNCH_ACTIVATE. A kernel that is of an
 *      image brings it along.
 *   3. Loading never disturbs the active image, or it is refused with ROAD_BUSY.
 *   4. Loading and switching are two steps: what fails while an image is loaded leaves the old one
 *      active; what fails while it is switched to does what `on_failure` says. A failed command
 *      fails its submission like any other; the result names the phase.
 *   5. Buffers survive, unless the result says otherwise; where a chip cannot keep them, the
 *      command is refused with ROAD_BUSY while buffers live, unless ROAD_RECONFIGURE_LOSE_MEMORY.
 *
 * ROAD_UNSUPPORTED from all of it where the device lacks ROAD_FEATURE_REGIONS.
 */
#ifndef ROADBED_REGION_H
#define ROADBED_REGION_H

#include <roadbed/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- configuration images ---- */

/* Immutable, checked, known by its SHA-256 in canonical form (fields that loading relocates are
 * zero). Of one device; the same bytes give the same object. */
typedef struct road_config_info {
	uint32_t size;
	uint32_t units; /* the region needs at least this many */
	uint8_t hash[32];
	/* The hash's first eight bytes, little-endian; never 0. What launches name. */
	uint64_t id;
	uint64_t fabric;  /* which regions take it: equal to road_region_info.fabric */
	uint64_t bytes;   /* of the image */
	uint64_t load_ns; /* estimated, into an empty slot of an idle region */
	char name[64];    /* as the image says; "" if it says nothing */
} road_config_info;

/*
 * Checks the bytes (a private copy of them) and makes them known to the device. ROAD_IMAGE_INVALID
 * says what is wrong and where, ROAD_IMAGE_INCOMPATIBLE: sound, but for other fabrics, or larger
 * than a slot or than the device has units.
 */
ROAD_API road_status road_config_create(road_device *device, const void *bytes, size_t byte_count,
					road_config **out);
/* One that is known to the device already, by its hash. ROAD_NOT_FOUND. */
ROAD_API road_status road_config_attach(road_device *device, const uint8_t hash[32],
					road_config **out);
/* Evicted when the last reference is gone, if it is resident and neither active nor pinned. */
ROAD_API road_status road_config_retain(road_config *config);
ROAD_API void road_config_release(road_config *config);
ROAD_API road_status road_config_info_get(road_config *config, road_config_info *out);
/* Would this region take it? ROAD_OK, or as road_config_create; ROAD_STALE. */
ROAD_API road_status road_config_check(road_config *config, road_region *region);

/* What may be changed of an image, by number; what the numbers mean is the class's. */
enum road_patch_kind { ROAD_PATCH_CONSTANT, ROAD_PATCH_STREAM, ROAD_PATCH_WORD };
typedef struct road_patch {
	uint32_t kind;  /* enum road_patch_kind */
	uint32_t index; /* of the constant, of the stream, of the configuration word */
	uint32_t field; /* of a stream: enum of the class; else 0 */
	uint32_t reserved;
	uint64_t value;
} road_patch;
/* Another image, with these changes and a hash of its own. ROAD_INVALID_ARGUMENT names the patch
 * that is out of range; at most 64. ROAD_UNSUPPORTED: images of this class have no such parts. */
ROAD_API road_status road_config_patch(road_config *config, const road_patch *patches,
				       uint32_t count, road_config **out);
/* The configuration that a kernel of an image (road_image_load) is; ROAD_NOT_FOUND: none. */
ROAD_API road_status road_kernel_config(road_kernel *kernel, road_config **out);

/* ---- regions ---- */

#define ROAD_REGION_LAYOUT       0x01u /* can be split into children */
#define ROAD_REGION_READ_BACK    0x02u
#define ROAD_REGION_STATE        0x04u /* state can be saved, for swaps */
#define ROAD_REGION_KEEPS_MEMORY 0x08u /* buffers survive a switch */
#define ROAD_REGION_SWITCHES     0x10u /* takes more than one image; else it is fixed */
#define ROAD_REGION_BARRIER      0x20u /* software_barrier: the core orders switches, not the chip */

enum road_cost_quality {
	ROAD_COST_UNKNOWN,
	ROAD_COST_DATASHEET,
	ROAD_COST_CALIBRATED,
	ROAD_COST_EXACT
};

/* What it is and what reconfiguring costs: fixed as long as the generation stays. */
typedef struct road_region_info {
	uint32_t size;
	uint32_t flags;      /* ROAD_REGION_* */
	uint32_t index;      /* the region's number on the chip; 0: the root */
	uint32_t first_unit; /* of the chip's; what a unit is says unit_name: "tile", "slice" */
	uint32_t units;
	uint32_t slots;
	char unit_name[16];
	uint64_t generation;
	uint64_t fabric;       /* id of the images that it takes */
	uint64_t slot_bytes;   /* the largest image */
	uint64_t memory_bytes; /* its share of device memory; 0: all, shared */
	uint32_t cost_quality; /* enum road_cost_quality */
	uint32_t child_count;
	/* A load takes load_ns + load_ns_per_kib for each KiB begun; a switch switch_ns on top of
	 * draining, which takes drain_ns at the longest that is known, 0: unknown. */
	uint64_t load_ns, load_ns_per_kib, switch_ns, drain_ns, read_back_ns_per_kib;
	uint64_t layout_ns;
	uint32_t unit_alignment, units_min; /* of children */
	/* The cache between its units and device memory, and what memory moves at the most, that no
	 * region beside it uses; 0: it is shared, or unknown. */
	uint64_t cache_bytes, memory_bytes_per_second;
	/* What each unit brings to a child, of these and of memory_bytes where a layout says
	 * nothing else; 0: children share it, or unknown. */
	uint64_t unit_memory_bytes, unit_cache_bytes, unit_memory_bytes_per_second;
	uint64_t state_bytes; /* of a buffer that SWAP takes, at least; 0: no state is kept */
} road_region_info;

enum road_slot_state {
	ROAD_SLOT_EMPTY,
	ROAD_SLOT_LOADING,
	ROAD_SLOT_READY,
	ROAD_SLOT_ACTIVE,
	ROAD_SLOT_FAULT
};
typedef struct road_slot_info {
	uint32_t size;
	uint32_t state;  /* enum road_slot_state */
	uint32_t pinned; /* 1: loads do not take it */
	uint32_t reserved;
	uint64_t config; /* road_config_info.id; 0: none */
} road_slot_info;

/* As the chip says now. Any thread; reads registers, and may wait for a call of another thread that
 * changes regions of the device. */
typedef struct road_region_status {
	uint32_t size;
	uint32_t quarantined; /* 1: refuses work until road_region_release_quarantine */
	uint64_t generation;
	uint64_t active, previous, safe; /* config ids; 0: none */
	uint64_t loads, load_bytes, hits, misses, evictions, switches, preemptions, rollbacks,
		faults;
	/* Cycles' worth of ns that the region's units stood idle for a configuration, and of loads
	 * altogether: 1 - idle / load is the share that was hidden. */
	uint64_t idle_ns, load_ns;
} road_region_status;

/* The region that is the whole device; its children in order of units. ROAD_NOT_FOUND ends. */
ROAD_API road_status road_region_root(road_device *device, road_region **out);
ROAD_API road_status road_region_child(road_region *region, uint32_t index, road_region **out);
ROAD_API road_status road_region_retain(road_region *region);
ROAD_API void road_region_release(road_region *region);
/* ROAD_STALE from all that takes a region once the device was reset or a layout took it away. */
ROAD_API road_status road_region_info_get(road_region *region, road_region_info *out);
ROAD_API road_status road_region_status_get(road_region *region, road_region_status *out);
/* ROAD_NOT_FOUND: it has no such slot. */
ROAD_API road_status road_region_slot(road_region *region, uint32_t slot, road_slot_info *out);
/* What is activated when `on_failure` says so; NULL: none. Must stay resident: it is pinned. */
ROAD_API road_status road_region_set_safe(road_region *region, road_config *config);
/* Lets a quarantined region work again: it is wiped and has no image. Three faults in a minute of
 * the device's clock bring it there: phases that fail, and launches that the hardware failed (not
 * those that did something wrong). */
ROAD_API road_status road_region_release_quarantine(road_region *region);

/* ---- layouts ---- */

typedef struct road_region_part {
	uint32_t first_unit, units; /* of the region that is split, from 0 */
	uint64_t memory_bytes;      /* its share; 0: as its share of units */
} road_region_part;

enum { ROAD_REGION_PARTS_MAX = 16 };

/*
 * check: would it be taken? Has no effect; *drain (may be NULL) receives a bit mask of the present
 * children that would have to be idle because they change. ROAD_INVALID_ARGUMENT: parts overlap,
 * are misaligned or too small, the detail names the part; ROAD_NO_SPACE: more units or memory than
 * there are.
 * apply: as check, and makes it so; ROAD_BUSY: queues or buffers of children that change are alive.
 * Children that stay where they are keep running, and their handles stay good; those of others
 * answer ROAD_STALE. count 0: one piece again.
 * commit: the former layout is forgotten. revert: back to it, as apply. ROAD_NOT_FOUND: nothing was
 * applied since. One layout is under way at a time (ROAD_BUSY).
 */
ROAD_API road_status road_layout_check(road_region *region, const road_region_part *parts,
				       uint32_t count, uint64_t *drain);
ROAD_API road_status road_layout_apply(road_region *region, const road_region_part *parts,
				       uint32_t count);
ROAD_API road_status road_layout_commit(road_region *region);
ROAD_API road_status road_layout_revert(road_region *region);

/* ---- what a queue does to its region ---- */

enum road_reconfigure_verb {
	ROAD_RECONFIGURE_LOAD,     /* config into a slot; a miss waits for the transfer */
	ROAD_RECONFIGURE_PREFETCH, /* as LOAD, but a hint: never fails, nothing waits for it */
	ROAD_RECONFIGURE_PIN,      /* config must be resident; ROAD_NOT_FOUND */
	ROAD_RECONFIGURE_UNPIN,
	ROAD_RECONFIGURE_EVICT,     /* ROAD_BUSY: it is active or pinned */
	ROAD_RECONFIGURE_ACTIVATE,  /* loads it before, where it is not resident */
	ROAD_RECONFIGURE_SWAP,      /* saves the region's state to `buffer`, then activates */
	ROAD_RECONFIGURE_RESTORE,   /* activates, then takes the state back from `buffer` */
	ROAD_RECONFIGURE_READ_BACK, /* the resident config's bytes, canonical, to `buffer` */
	ROAD_RECONFIGURE_ROLLBACK,  /* activates the previous, the safe, or no image: `target` */
	ROAD_RECONFIGURE_RESET,     /* no image is active or resident; scratch memory is wiped */
	ROAD_RECONFIGURE_VERBS
};
/* How what runs in the region ends before a switch. */
enum road_drain {
	ROAD_DRAIN_WAIT,
	ROAD_DRAIN_ITERATION, /* it stops between two iterations and goes on where it stopped once
			       * its image is active again; ROAD_UNSUPPORTED without REGION_STATE */
	ROAD_DRAIN_ABORT,     /* its submissions fail with ROAD_CANCELLED */
	ROAD_DRAIN_REFUSE     /* ROAD_BUSY if anything runs */
};
/* What is active after a switch failed; what was before, where that is possible. */
enum road_on_failure { ROAD_FAILURE_KEEP, ROAD_FAILURE_SAFE, ROAD_FAILURE_QUARANTINE };
enum road_rollback { ROAD_ROLLBACK_PREVIOUS, ROAD_ROLLBACK_SAFE, ROAD_ROLLBACK_INITIAL };
/* Where it failed, in this order. */
enum road_reconfigure_phase {
	ROAD_PHASE_NONE, /* it did not fail */
	ROAD_PHASE_PARSE,
	ROAD_PHASE_VERIFY,
	ROAD_PHASE_FIT,
	ROAD_PHASE_ISOLATE,
	ROAD_PHASE_DRAIN,
	ROAD_PHASE_TRANSFER,
	ROAD_PHASE_CHECK,
	ROAD_PHASE_COMMIT,
	ROAD_PHASE_POST_CHECK,
	ROAD_PHASE_RESUME,
	ROAD_PHASES
};

#define ROAD_RECONFIGURE_LOSE_MEMORY 0x1u
#define ROAD_SLOT_ANY                UINT32_MAX

#define ROAD_RESULT_HIT         0x1u /* it was resident (LOAD), or active (ACTIVATE) */
#define ROAD_RESULT_MEMORY_LOST 0x2u
#define ROAD_RESULT_ROLLED_BACK 0x4u /* `on_failure` switched, back or to the safe image */
#define ROAD_RESULT_QUARANTINED 0x8u

/* Written before the submission's points are reached or fail. */
typedef struct road_reconfigure_result {
	uint32_t size;
	road_status status;
	uint32_t phase; /* enum road_reconfigure_phase */
	uint32_t flags; /* ROAD_RESULT_* */
	uint32_t slot;  /* ROAD_SLOT_ANY: none */
	uint32_t reserved;
	uint64_t active;                /* id of what is active now; 0: none */
	uint64_t bytes;                 /* transferred */
	uint64_t began_ns, ended_ns;    /* device's clock: taken from the queue, done */
	uint64_t drained_ns, loaded_ns; /* of that: waiting for work to end, for the transfer */
} road_reconfigure_result;

typedef struct road_reconfiguration {
	uint32_t size;
	uint32_t verb;       /* enum road_reconfigure_verb */
	uint32_t flags;      /* ROAD_RECONFIGURE_LOSE_MEMORY */
	uint32_t slot;       /* where to load to; ROAD_SLOT_ANY: the chip chooses, least recently
			      * used first, neither active nor pinned ones */
	road_config *config; /* of LOAD to RESTORE, READ_BACK */
	uint32_t drain;      /* enum road_drain; this and the next only of verbs that switch */
	uint32_t on_failure; /* enum road_on_failure */
	uint32_t target;     /* of ROLLBACK: enum road_rollback */
	uint32_t reserved;
	uint64_t deadline_ns; /* of the device's clock from when the queue comes to it; 0: none. It
			       * ends with ROAD_TIMEOUT, the old image active */
	road_buffer *buffer;  /* of SWAP, RESTORE, READ_BACK */
	uint64_t buffer_offset, buffer_bytes;
	/* May be NULL; must stay until the submission's point is reached or failed. */
	road_reconfigure_result *result;
} road_reconfiguration;

/* Records it for the region of whichever queue the list is submitted to. */
ROAD_API road_status road_list_reconfigure(road_list *list, const road_reconfiguration *what);
/* Submitted at once, alone. */
ROAD_API road_status road_queue_reconfigure(road_queue *queue, const road_reconfiguration *what,
					    road_point *point);

#ifdef __cplusplus
}
#endif
#endif
