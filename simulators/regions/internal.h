/* SPDX-License-Identifier: Apache-2.0 */
/* The reconfiguration unit's own state: inside this folder only. */
#ifndef SIMULATORS_REGIONS_INTERNAL_H
#define SIMULATORS_REGIONS_INTERNAL_H

#include "simulators/regions/unit.h"

#define REGION_FAULTS_MAX   3u                       /* within */
#define REGION_FAULT_WINDOW UINT64_C(60000000000000) /* ps: a quarantine */
#define REGION_STATE_MAGIC  0x54535252u              /* "RRST" */
#define REGION_NO_TIME      UINT64_MAX
#define REGION_NO_OWNER     UINT64_MAX           /* that no chip makes */
#define REGION_SLICE_PS     UINT64_C(1000000000) /* 1 ms: share.c */

/* The unit's copy of an image: as it came, and its payload as it was relocated for one region. */
struct region_content {
	uint32_t bytes;
	struct region_image image;
	uint8_t *payload; /* behind the bytes */
	uint8_t canonical[];
};

struct region_slot {
	uint8_t state; /* enum region_slot_state */
	uint32_t pins;
	uint32_t held;   /* by ops that will switch to it */
	uint64_t used;   /* tick of the last use */
	uint64_t config; /* also while it is loaded */
	struct region_content *content;
};

/* What a saved state begins with in the guest's buffer. */
struct region_saved {
	uint32_t magic, bytes; /* behind this header */
	uint64_t config, fabric;
	uint32_t units, crc; /* over the bytes behind */
};

enum region_ending { ENDING_NOT, ENDING_BACK, ENDING_DONE };

struct region_op {
	struct region_op *next_op; /* of the region's, in the order in which they began */
	struct region_unit *unit;
	uint32_t region, queue; /* REGION_NONE: nobody waits for it */
	uint32_t function;
	struct road_region_op what;
	struct road_region_report report;
	region_done done;
	void *arg;
	const uint8_t *plan;   /* phases, PHASE_NONE ends; the present one is the first */
	uint8_t phase, failed; /* enum region_phase; failed: where */
	uint8_t ending;        /* enum region_ending */
	uint8_t undo;          /* how it ends: enum region_undo (ops.c) */
	bool entered;          /* the present phase has begun */
	bool timed;            /* and its event ends it */
	bool implicit;         /* a launch asked for it */
	bool back;             /* to what is active for its function, from another one's */
	bool returns;          /* likewise, for launches that were suspended: nobody's op */
	bool detached;         /* a prefetch: done was told */
	bool in_place;         /* the transfer overwrites the active image */
	bool loading, holds, switched, draining;
	bool told;                      /* done is being told: it ends behind that */
	bool counted;                   /* among the region's foreground */
	uint32_t slot;                  /* REGION_NONE: none yet */
	uint64_t target;                /* config that it switches to; 0: none */
	uint32_t from;                  /* slot that the region worked by before, or REGION_NONE */
	uint32_t own;                   /* … and the one that was active for its function, … */
	uint64_t own_config;            /* … with this image */
	uint64_t phase_ps;              /* since when it is in its phase */
	struct region_content *content; /* staged */
	struct region_content *former;  /* what an in-place transfer overwrote */
	uint64_t former_config;
	uint8_t *state; /* of RESTORE */
	uint32_t state_bytes;
	struct sim_event event, deadline;
	char name[24]; /* in the event log */
};

/* What a function has of a region. */
struct region_mine {
	struct region *region;
	uint32_t open, running;     /* queues; launches, suspended ones too */
	bool suspended;             /* all those launches are, … */
	uint64_t suspended_ps;      /* … since then, */
	bool returning;             /* and an op is to bring them back */
	struct region_op *isolator; /* that its own launches are drained for, and its queues wait */
	uint32_t foreground;        /* ops that a queue waits for */
	uint32_t active;            /* slot; REGION_NONE. The region works by it whenever the
				     * function's launches run, as if nobody else were there */
	bool quarantined;
	uint64_t generation;
	uint64_t owner;
	bool owned, mixed;
	uint64_t previous, safe;
	/* What the last in-place load overwrote: kept to roll back to. */
	struct region_content *kept;
	uint64_t kept_config;
	uint32_t fail[REGION_PHASES]; /* times that a test asks for */
	uint64_t idle_ps; /* since when the region stands idle for a configuration; NO_TIME */
	uint64_t fault_ps[REGION_FAULTS_MAX];
	uint64_t counters[ROAD_REGION_COUNTERS];
	struct sim_event abort; /* of what runs, when it is quarantined */
};

struct region {
	bool present;
	uint32_t index, first_unit, units, parent, children;
	uint64_t memory_bytes;
	struct region_slot *slots; /* setup.slots of each function, side by side */
	struct region_mine *mine;  /* of each function */
	uint32_t active;           /* slot that it works by now, of whomever; REGION_NONE */
	uint32_t running, open;    /* launches that are not suspended */
	struct region_op *ops;
	/* isolator: that has the region to itself, once its function's own launches are drained */
	struct region_op *loader, *isolator;
	uint32_t owed;      /* queue whose launch a switch was made for; REGION_NONE */
	uint64_t active_ps; /* since when the active image is */
	uint64_t busy_ps;   /* since when launches run without a gap */
	uint64_t usable_ps; /* a layout takes until then */
	uint64_t idle_ps;   /* as a function's own: for whichever of them */
	uint64_t counters[ROAD_REGION_COUNTERS]; /* of all functions, also of those that were reset
						  */
	struct sim_event again;                  /* the end of a putting-off */
	struct sim_event slice;                  /* of what runs, or until what stands comes back */
	char lane_load[24], lane_switch[24], lane_stall[24];
};

/* A rule that something from a guest breaks, or keeps: enum road_region_rule. */
struct region_finding {
	bool bad;
	uint64_t at, seen;
	uint32_t rule;
	uint64_t allowed;
};

/* What is told to a queue whose op the unit could not even begin: it needs no memory. */
struct region_refusal {
	struct sim_event event;
	struct sim_env *env;
	uint32_t function;
	uint64_t report; /* bus address; 0: none */
	enum road_region_error error;
	region_done done;
	void *arg;
};

struct region_queue {
	bool open;
	uint32_t region, function;
	uint64_t generation;
	uint64_t current;             /* what launches that name none expect; 0: no image */
	uint64_t wanted;              /* a launch waits for this; valid with `waits` */
	uint64_t waits_ps;            /* since when; NO_TIME: it does not */
	bool bids;                    /* and would switch to it */
	uint32_t yields;              /* times that it let who waits longer go first, … */
	uint64_t yields_ps;           /* … since the image is active that is so since then */
	bool activating;              /* an implicit op is under way */
	enum road_region_error error; /* how that one failed */
	struct region_refusal refusal;
};

struct region_part {
	uint32_t first_unit, units;
	uint64_t memory_bytes;
};

struct region_layout_latch {
	uint64_t table, drain;
	uint32_t count, result, part;
};

/* Registers of one function. */
struct region_window {
	uint32_t select, slot_select, result;
	uint64_t config; /* of COMMAND_EVICT */
	struct region_layout_latch layout;
};

struct region_unit {
	struct region_setup setup;
	struct region regions[ROAD_REGION_NUMBERS];
	struct region_queue *queues;
	struct region_refusal stray; /* of a queue that is none */
	uint64_t generation;         /* the last that was given */
	uint64_t tick;
	struct sim_event retry;
	struct region_window *windows; /* of each function */
	struct region_window *window;  /* of the function that accesses registers now … */
	uint32_t function;             /* … which is this one */
	bool pending;                  /* a layout was applied and neither committed nor reverted */
	struct region_part former[ROAD_REGION_PARTS];
	uint32_t former_count;
};

/* share.c */
/* The launches of others that run, and that the op waits for: they have their slice of time. */
void region_share_wait(struct region_op *op);
/* Are launches of any function suspended? */
bool region_share_any(const struct region_unit *unit, const struct region *region);
/* Some wait for nothing but to be resumed: nothing else begins here before. */
bool region_share_due(const struct region_unit *unit, const struct region *region);
void region_share_resume(struct region_unit *unit, struct region *region);
/* Brings back what is suspended, if it is time. */
void region_share_return(struct region_unit *unit, struct region *region);
/* May the op have the region? Not before one that brings back what is suspended. */
bool region_share_yields(const struct region_op *op);
void region_share_left(struct region *region, uint32_t function); /* a launch ended */
uint64_t region_share_slice(const struct region_unit *unit);      /* ps */
void region_share_over(void *region);                             /* its slice's event */

/* gate.c */
/* A launch waits for what is active. */
bool region_is_wanted(const struct region_unit *unit, const struct region *region);

/* unit.c */
struct region *region_find(struct region_unit *unit, uint32_t index); /* NULL: none */
void region_retry(struct region_unit *unit);                          /* in an event of its own */
void region_make(struct region_unit *unit, uint32_t index, const struct region_part *part);
void region_unmake(struct region_unit *unit, uint32_t index);
/* No image is resident or active, units are zero. Nothing runs in it. */
void region_wipe(struct region_unit *unit, struct region *region);
/* Likewise, but of one function's alone. */
void region_wipe_of(struct region_unit *unit, struct region *region, uint32_t function);

/* image.c */
uint32_t region_crc(uint32_t crc, const void *bytes, uint64_t count); /* CRC-32C, from 0 on */
/* Checks `bytes` of content->canonical from end to end; *found: what is wrong. */
enum road_config_error region_image_check(struct region_content *content, uint32_t kind,
					  struct region_finding *found);
void region_image_relocate(struct region_content *content, const struct region *region);
struct region_content *region_content_new(uint32_t bytes);
struct region_content *region_content_copy(const struct region_content *from, uint32_t kind);

/* slots.c: numbers of slots are the region's, over all functions; config 0 is no image */
uint32_t region_slot_function(const struct region_unit *unit, uint32_t slot);
/* What is active for the function; 0: nothing. */
uint64_t region_active_of(const struct region *region, uint32_t function);
/* Does the region work by that now? */
bool region_is_here(const struct region *region, uint32_t function);
uint32_t region_own_slot(const struct region_unit *unit, uint32_t slot); /* as functions count */
uint32_t region_resident(const struct region_unit *unit, const struct region *region,
			 uint32_t function,
			 uint64_t config); /* REGION_NONE: not, nor being loaded */
void region_touch(struct region_unit *unit, struct region *region, uint32_t slot);
bool region_pinned(const struct region_unit *unit, const struct region *region, uint32_t slot);
/* What was active before the switch that is under way: if that fails, it is wanted again. */
bool region_comes_back(const struct region_unit *unit, const struct region *region, uint32_t slot);
void region_slot_clear(struct region *region, uint32_t slot, enum region_slot_state state);
/* False: something uses it. */
bool region_evict(struct region_unit *unit, struct region *region, uint32_t slot);
/* Where to load to: READY to take. WAIT: one will be free; BUSY: none. */
enum region_pick { PICK_FOUND, PICK_WAIT, PICK_BUSY };
enum region_pick region_pick_slot(const struct region_unit *unit, const struct region *region,
				  uint32_t function, uint32_t wish, uint32_t *out);

/* ops.c */
extern const uint8_t region_plan_head[];
/* For a queue, or for its function alone (queue REGION_NONE: nobody waits for it). */
struct region_op *region_op_new(struct region_unit *unit, uint32_t region, uint32_t function,
				uint32_t queue);
/* That makes an image active for the function; config 0: none. */
struct road_region_op region_op_to(const struct region *region, uint32_t function, uint64_t config);
void region_op_run(struct region_op *op);
void region_ops_wake(struct region_unit *unit, struct region *region);
/* Of one queue. */
void region_ops_drop(struct region_unit *unit, struct region *region, uint32_t queue);
/* Of a function (REGION_NONE: of all), however far they are. */
void region_ops_end(struct region_unit *unit, struct region *region, uint32_t function);

/* phases.c, fit.c: what each phase does */
enum region_outcome {
	OUTCOME_OK,
	OUTCOME_WAIT,  /* asked again when something changed */
	OUTCOME_TIMED, /* the op's event ends the phase */
	OUTCOME_DONE,  /* the op has done what it had to */
	OUTCOME_FAIL
};
bool region_is_hit(const struct region_op *op); /* its target is active already */
enum region_outcome region_fit(struct region_op *op);
enum region_outcome region_verify(struct region_op *op);
enum region_outcome region_parse(struct region_op *op); /* parse.c */
/* What is in the slot (REGION_NONE: in all) goes: ops that count on it look again. False: one is
 * at work on it. */
bool region_ops_unhold(struct region_op *by, uint32_t slot);
void region_op_wait_until(struct region_op *op, uint64_t time_ps);
struct region_phase_row {
	enum region_outcome (*begin)(struct region_op *op);
	enum region_outcome (*end)(struct region_op *op); /* of a timed one; NULL: OK */
};
extern const struct region_phase_row region_phase_rows[REGION_PHASES];
enum region_outcome region_op_fail(struct region_op *op, enum road_region_error error,
				   uint32_t detail, uint64_t at);
/* Likewise, with the value seen and the one allowed. */
enum region_outcome region_op_refuse(struct region_op *op, enum road_region_error error,
				     uint32_t detail, struct region_finding found);
/* It lasts until then, and may not. */
enum region_outcome region_op_time_out(struct region_op *op, uint64_t until_ps);
uint64_t region_copy_ps(const struct region_unit *unit, uint64_t bytes); /* of a read-back */
uint64_t region_load_end(struct region_op *op, uint32_t bytes, uint64_t from_ps);
/* The region works by this slot, or by none, from now on … */
void region_switch(struct region_unit *unit, struct region *region, uint32_t slot);
/* … and it is what is active for the function. */
void region_activate(struct region_unit *unit, struct region *region, uint32_t function,
		     uint32_t slot);
void region_set_active(struct region *region, uint32_t function, uint32_t slot);

/* account.c */
void region_account(struct region_unit *unit, struct region *region);
/* function: REGION_NONE where no program of any asked for it. */
void region_count(struct region *region, uint32_t function, enum road_region_counter counter,
		  uint64_t more);
/* True: that was one too many. */
bool region_count_fault(struct region_unit *unit, struct region *region, uint32_t function);
/* Refuses all that is the function's; what it runs is aborted; once nothing does, no image of its
 * is active. */
void region_quarantine(struct region_unit *unit, struct region *region, uint32_t function);
void region_settle_quarantine(struct region_unit *unit, struct region *region);

/* layout.c */
/* What a layout gives to so many units. */
uint64_t region_memory_share(const struct region_unit *unit, uint32_t units);
void region_layout_command(struct region_unit *unit, uint32_t function, uint32_t command);

#endif
