/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chip around the cores: registers, contexts, streams, tasks. Inside model*.c, context.c,
 * stream.c, work*.c, code.c, task.c, suspend.c, regions.c and report.c only.
 *
 * What belongs to a *function* of the chip (what one client holds) is in struct dsa_function; what
 * all functions share is in struct dsa_chip. Everything that comes from the client (rings, range
 * tables, code, arguments) is read once into memory of ours; the copy is checked, and used.
 *
 * A stream does its descriptors one after the other: each ends before the next is looked at, so
 * ORDERED asks for nothing more. Streams run side by side. Tasks pass the gate of the
 * reconfiguration unit (simulators/regions/unit.h), where the chip has one.
 */
#ifndef SIMULATORS_DSA_MODEL_H
#define SIMULATORS_DSA_MODEL_H

#include <roadbed-sim/model.h>
#include <roadbed-sim/registers.h>

#include "simulators/boot/boot.h"
#include "simulators/dsa/core.h"
#include "simulators/memory/ranges.h"
#include "simulators/regions/unit.h"
#include "simulators/traits/traits.h"
#include "uapi/dsa/regs.h"
#include "uapi/dsa/ring.h"

#define DSA_VECTORS    32u
#define DSA_PRIORITIES 3u
#define DSA_SLOTS_MAX  (1u << 20)
#define DSA_BUDGET     1024u /* instructions of a core in one event, functional */
#define DSA_PS_PER_S   UINT64_C(1000000000000)

struct dsa_chip;
struct dsa_function;
struct dsa_stream;

/* What a block sees of global memory: by the table of ranges that its work started with. */
struct dsa_view {
	struct dsa_function *function;
	struct sim_ranges *table;
};

/* Code that was loaded. */
struct dsa_loaded {
	struct dsa_loaded *next;
	uint32_t context, tasks; /* that run it */
	bool unloading;
	uint64_t va, bytes;
	struct dsa_code code;
	unsigned char block[]; /* the copy that `code` points into */
};

union dsa_descriptor {
	struct {
		uint8_t work, flags;
	};
	struct road_dsa_task task;
	struct road_dsa_descriptor any;
	uint8_t bytes[ROAD_DSA_DESCRIPTOR_BYTES];
};

/* How a descriptor went. */
enum dsa_start {
	DSA_START_DONE,  /* it has taken effect */
	DSA_START_ASYNC, /* dsa_stream_end() ends it */
	DSA_START_PARK,  /* holds its stream until its condition holds; asked again */
	DSA_START_FAULT, /* *why is filled in */
};

/* One row of the table of works: a kind of descriptor is data. */
struct dsa_work {
	const char *name;
	enum dsa_start (*start)(struct dsa_stream *stream, struct road_dsa_stream_status *why);
	uint64_t used;            /* bytes of the descriptor that may be other than 0 */
	uint8_t flags;            /* ROAD_DSA_WORK_* that it knows */
	uint8_t flags_2, flags_3; /* those that came with these versions */
	bool retry; /* held up on the chip itself: no word in host memory releases it */
};

/* A task on the cores. */
struct dsa_run {
	struct dsa_run *next; /* of the chip's, in the order of priority and arrival */
	struct dsa_stream *stream;
	struct dsa_loaded *loaded;
	struct dsa_view view;
	struct dsa_task task;
	uint32_t region, first_core, cores; /* where it may run */
	uint32_t begun, ended;              /* blocks */
	uint64_t begin_ps; /* the first block; later by as much time as it was suspended */
	struct road_dsa_microcode microcode; /* that its region works by */
	uint8_t arguments[ROAD_DSA_ARGUMENTS_MAX];
	bool suspended; /* it runs, and stands still: suspend.c */
	bool begins;    /* and was to begin at due_ps */
	uint64_t suspended_ps, due_ps;
	struct dsa_seat
		*away; /* seats with its blocks then; room for `cores`, NULL: one function */
	uint32_t away_count;
};

enum dsa_stream_life { DSA_STREAM_SHUT, DSA_STREAM_LIVE, DSA_STREAM_STOPPED };

struct dsa_stream {
	struct dsa_function *function;
	uint32_t index;
	uint8_t life;  /* enum dsa_stream_life; stopped: on a fault */
	bool refused;  /* the last command was not valid */
	bool busy;     /* a descriptor was taken and has not ended */
	bool parked;   /* and its condition did not hold */
	bool watching; /* and a word in host memory may release it */
	bool in_region;
	uint32_t priority, context, slots, region;
	uint64_t ring, status;
	uint64_t doorbell, taken; /* descriptors, since it was opened */
	const struct dsa_work *work;
	union dsa_descriptor descriptor;
	struct sim_ranges *table; /* of the work in hand */
	struct dsa_loaded *load;  /* code that a LOAD brings */
	struct dsa_run *run;      /* its task */
	struct sim_event event;
	uint64_t start_ps;
	char lane[24]; /* in the event log */
};

struct dsa_latch { /* registers that a command register latches */
	uint64_t stream, stream_context, ring, slots, priority, status, region, generation;
	uint64_t context, table, count;
};

struct dsa_function {
	struct dsa_chip *chip;
	uint32_t index;
	uint64_t base;   /* where its share of memory begins */
	bool dirty;      /* which may hold something since reset */
	uint64_t served; /* when it got a core last, counted in cores given */
	struct sim_interrupts interrupts;
	struct dsa_latch latch;
	struct dsa_stream *streams;   /* params.streams */
	struct sim_ranges **contexts; /* params.contexts; NULL: closed */
	struct dsa_loaded *loaded;
};

struct dsa_counters {
	uint64_t descriptors, doorbells, interrupts, fences;
	uint64_t copies, copied_bytes, filled_bytes, loads, loaded_bytes;
	uint64_t tasks, blocks, dropped, task_ps;
	uint64_t ecc_corrected, ecc_uncorrected;
	uint64_t faults[ROAD_DSA_FAULTS];
};

/* A core as the chip sees it. */
struct dsa_seat {
	struct dsa_chip *chip;
	struct dsa_core *core;
	struct dsa_run *run; /* NULL: idle */
	enum dsa_core_state state;
	uint32_t index, block;
	uint64_t begin_ps;
	struct sim_event event;
};

/* What the report says of the last tasks. */
#define DSA_TASK_LOG 16u
struct dsa_note {
	uint64_t code, begin_ps, end_ps;
	uint32_t kernel, blocks;
};

struct dsa_chip {
	struct sim_env *env;
	enum sim_fidelity fidelity;
	struct road_dsa_params params;
	bool hazards;
	uint64_t memory_bytes, share_bytes, origin_ps, seed;
	struct dsa_work works[ROAD_DSA_WORKS]; /* start NULL: not enabled */
	uint64_t quantum_ps;                   /* 0: a turn is one task */
	uint64_t built_hz;                     /* the clock, at a level of 1000 */
	uint8_t *memory;                       /* NULL: not touched yet */
	struct road_poison poison;
	struct dsa_function *functions;
	uint32_t function_count;
	uint64_t served;        /* cores given, where there are several functions */
	struct dsa_seat *seats; /* params.cores; their cores are made at the first task */
	struct dsa_memory *path;
	struct sim_traits traits;
	struct sim_boot *boot; /* NULL: no boot ROM, and all that it can do is enabled */
	struct sim_boot_options boot_options;
	struct region_unit *unit; /* NULL: it cannot be reconfigured */
	struct dsa_run *runs;
	struct dsa_turn { /* whose tasks go first, since when */
		const struct dsa_stream *stream;
		uint64_t since_ps;
	} turns[ROAD_REGION_NUMBERS][DSA_PRIORITIES];
	struct sim_resource bus, hbm; /* of copies */
	struct dsa_counters counters;
	struct dsa_core_counts scrapped; /* of cores that are gone */
	struct dsa_note notes[DSA_TASK_LOG];
	uint64_t noted;
};

/* traits.c: once the chip's clock is known */
void dsa_traits_make(struct dsa_chip *chip);

/* model.c */
bool dsa_chip_memory(struct dsa_chip *chip); /* false: none to be had */
/* The physical function's is the chip's: all others are reset with it. */
void dsa_function_reset(struct dsa_function *function);
/* From now on the chip works by this program of its firmware; NULL: it can do everything, at its
 * full clock. Nothing runs. */
void dsa_obey(struct dsa_chip *chip, const struct sim_program *program);

/* model_registers.c */
uint64_t dsa_register_read(struct dsa_function *function, uint64_t offset, uint32_t width);
void dsa_register_write(struct dsa_function *function, uint64_t offset, uint32_t width,
			uint64_t value);
void dsa_interrupt(struct dsa_function *function, uint32_t vector);

/* firmware.c */
bool dsa_boot_make(struct dsa_chip *chip); /* false: no memory */
bool dsa_firmware(void *model, const char *component, struct sim_firmware *out);
enum sim_inject dsa_boot_fault(void *model, uint32_t function, uint32_t fault, uint32_t phase,
			       uint32_t times);

/* context.c */
void dsa_context_command(struct dsa_function *function, uint32_t command); /* from the latch */
void dsa_context_drop(struct dsa_function *function, uint32_t context);
/* What descriptors name: bytes of one range, whatever its rights, or a bus address. */
/* An error of memory that a test asks for. */
enum sim_inject dsa_inject(void *model, uint32_t function, bool poison, uint64_t address);
/* An access of a descriptor to `bytes` of a piece: a read of poison faults and tells the first such
 * byte's address, a write heals. */
enum road_dsa_fault dsa_poison_touch(struct dsa_function *function, const struct dsa_piece *piece,
				     uint64_t offset, uint64_t bytes, bool write,
				     uint64_t *address);
enum road_dsa_fault dsa_place(struct dsa_function *function, const struct sim_ranges *table,
			      bool bus, uint64_t address, uint64_t bytes, bool write,
			      struct dsa_piece *out);

/* Bytes of the function's share of memory; false: they are not in it. */
bool dsa_image_read(struct dsa_function *function, uint64_t address, void *out, uint32_t bytes);

/* stream.c */
enum road_dsa_stream_state dsa_stream_state(const struct dsa_stream *stream);
void dsa_stream_command(struct dsa_function *function, uint32_t command);
void dsa_stream_doorbell(struct dsa_function *function, uint32_t index, uint64_t value);
void dsa_stream_close(struct dsa_stream *stream);
void dsa_stream_drop(struct dsa_stream *stream); /* all its work, without a word about it */
/* What the stream does has ended: on to the next. */
void dsa_stream_end(struct dsa_stream *stream);
/* Stops the stream: drops its work, writes the record, interrupts. */
void road_dsa_stream_fault(struct dsa_stream *stream, const struct road_dsa_stream_status *why);
void dsa_streams_retry(struct dsa_chip *chip); /* parked ones look again */
enum dsa_start dsa_fail(struct road_dsa_stream_status *why, enum road_dsa_fault fault,
			uint64_t address, uint64_t detail);

/* work.c */
/* Those of the program, or NULL: all. */
void dsa_works_enable(struct dsa_chip *chip, const struct sim_program *program);
const struct dsa_work *dsa_work_find(const struct dsa_chip *chip,
				     const union dsa_descriptor *descriptor,
				     struct road_dsa_stream_status *why);

/* work_copy.c */
enum dsa_start dsa_copy_start(struct dsa_stream *stream, struct road_dsa_stream_status *why);
/* When `bytes` more have gone between the host or the cores and device memory. */
uint64_t dsa_copy_take(struct dsa_chip *chip, bool system, uint64_t bytes);

/* code.c */
enum dsa_start dsa_load_start(struct dsa_stream *stream, struct road_dsa_stream_status *why);
enum dsa_start dsa_unload_start(struct dsa_stream *stream, struct road_dsa_stream_status *why);
/* The code that was loaded at `va` of this context, or NULL. */
struct dsa_loaded *dsa_loaded_find(struct dsa_function *function, uint32_t context, uint64_t va);
/* Frees the code of one context, or all (UINT32_MAX); none of it may be running. */
void dsa_loaded_drop(struct dsa_function *function, uint32_t context);

/* task.c */
enum dsa_start dsa_task_start(struct dsa_stream *stream, struct road_dsa_stream_status *why);
void dsa_task_drop(struct dsa_run *run);
void dsa_seats_free(struct dsa_chip *chip);
bool dsa_seat_make(struct dsa_seat *seat);   /* its core; false: no memory */
void dsa_blocks_give(struct dsa_chip *chip); /* to cores that are free */

/* suspend.c */
void dsa_tasks_suspend(struct dsa_chip *chip, uint32_t function, uint32_t region);
void dsa_tasks_resume(struct dsa_chip *chip, uint32_t function, uint32_t region);
void dsa_run_free_away(struct dsa_run *run);
/* What cores that have no seat counted, at an offset of struct dsa_core_counts. */
uint64_t dsa_away_count(const struct dsa_chip *chip, uint64_t (*of)(const void *counts, size_t at),
			size_t at);

/* regions.c */
bool dsa_regions_make(struct dsa_chip *chip);
enum sim_inject dsa_phase_fail(void *model, uint32_t function, uint32_t region, uint32_t phase,
			       uint32_t times);
/* Streams of all functions have numbers of their own at the unit. */
uint32_t dsa_region_queue(const struct dsa_stream *stream);
/* By the latch. False: no such region, or it is split, or another one by now. */
bool dsa_region_enter(struct dsa_stream *stream);
void dsa_region_exit(struct dsa_stream *stream);
/* Cores that do the stream's work. */
void dsa_region_cores(const struct dsa_stream *stream, uint32_t *first, uint32_t *count);
enum dsa_start dsa_region_start(struct dsa_stream *stream, struct road_dsa_stream_status *why);
/* May the stream's task begin? DONE: it may, and dsa_region_leave() tells when it ended. */
enum dsa_start dsa_region_gate(struct dsa_stream *stream, struct road_dsa_stream_status *why);
void dsa_region_leave(const struct dsa_function *function, uint32_t region);
/* What is active there; NULL: nothing is. */
const struct road_dsa_microcode *dsa_region_microcode(const struct dsa_chip *chip, uint32_t region);

/* report.c */
bool road_dsa_counter(void *model, uint32_t index, struct sim_counter *out);
size_t dsa_report(void *model, char *out, size_t bytes);

#endif
