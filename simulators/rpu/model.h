/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The RPU around its fabrics: registers, contexts, streams, engines, tiles. Inside this folder
 * only.
 *
 * What belongs to a *function* of the chip (what one client holds) is in struct rpu_function; what
 * all functions share is in struct rpu_chip. Everything that comes from the client (rings, range
 * tables, arguments, images) is read once into memory of ours; the copy is checked, and used.
 *
 *	ring ──▶ stream ──┬─ does itself: copies, words, regions, fences
 *	                  └─ jobs ──▶ CGRA  NEUR  RDMA  WDMA of its region's tiles
 *
 * A job begins when no earlier one of its stream is in the same queue on the same tiles, its
 * tokens are there, and no other stream's job has the engine; the fabric's pass the gate of the
 * reconfiguration unit (simulators/regions/unit.h) besides.
 */
#ifndef SIMULATORS_RPU_MODEL_H
#define SIMULATORS_RPU_MODEL_H

#include <roadbed-sim/model.h>
#include <roadbed-sim/registers.h>

#include "simulators/boot/boot.h"
#include "simulators/chips/chip_rpu.h"
#include "simulators/memory/poison.h"
#include "simulators/memory/ranges.h"
#include "simulators/memory/rows.h"
#include "simulators/regions/unit.h"
#include "simulators/rpu/fabric/fabric.h"
#include "simulators/traits/traits.h"
#include "uapi/rpu/regs.h"
#include "uapi/rpu/ring.h"

#define RPU_VECTORS    32u
#define RPU_PRIORITIES 3u
#define RPU_SLOTS_MAX  (1u << 20)
#define RPU_PS_PER_S   UINT64_C(1000000000000)
#define RPU_NOWHERE    UINT32_MAX
/* A fault that is no engine's: struct road_rpu_stream_status. */
#define RPU_AT_NO_PLACE                                                                 \
	{                                                                               \
		.engine = ROAD_RPU_ENGINES, .tile = RPU_NOWHERE, .stream = RPU_NOWHERE, \
		.element = RPU_NOWHERE                                                  \
	}

struct rpu_chip;
struct rpu_function;
struct rpu_stream;
struct rpu_job;

union rpu_entry {
	struct {
		uint8_t work, flags, engine, type;
		uint16_t wait, signal;
	};
	struct road_rpu_run run;
	struct road_rpu_gemm gemm;
	struct road_rpu_move move;
	struct road_rpu_entry any;
	uint8_t bytes[ROAD_RPU_ENTRY_BYTES];
};

/* Some bytes, where they are during one event. */
struct rpu_piece {
	uint8_t *host;
	uint64_t va, pa;
	bool system;
};

/* How an entry went. */
enum rpu_start {
	RPU_START_DONE,  /* it has taken effect, or an engine has it */
	RPU_START_ASYNC, /* rpu_stream_end() ends it */
	RPU_START_PARK,  /* a word in host memory may release it; asked again */
	RPU_START_FAULT, /* *why is filled in */
};

/* One row of the table of works: a kind of entry is data. */
struct rpu_work {
	const char *name;
	enum rpu_start (*start)(struct rpu_stream *stream, struct road_rpu_stream_status *why);
	uint64_t used;            /* bytes of the entry that may be other than 0 */
	uint8_t flags;            /* ROAD_RPU_WORK_* that it knows */
	uint8_t engines;          /* bit mask of those that may have it; 0: the stream does it */
	bool ordered;             /* always, flag or not */
	bool tiles;               /* for streams that have some only */
	uint8_t flags_2, flags_3; /* those that came with these versions */
};

enum rpu_job_state { RPU_JOB_WAITS, RPU_JOB_GATED, RPU_JOB_RUNS };

/* What an engine has to do. */
struct rpu_job {
	struct rpu_job *next; /* of its stream's, in the order of entries */
	struct rpu_stream *stream;
	const struct rpu_work *work;
	union rpu_entry entry;
	struct sim_ranges *table;
	uint64_t number; /* of the entry */
	uint32_t tiles;  /* of the chip, bit by bit */
	uint32_t first_tile, tile_count;
	enum rpu_job_state state;
	struct sim_event event;
	uint64_t start_ps; /* later by as much time as it was suspended */
	uint64_t seen_ps;  /* since when the event log has it on its tiles */
	/* RUN */
	bool translated;         /* addresses in arguments, to what kernels see */
	bool paused;             /* for a switch: fabrics' state is in `saved` */
	uint64_t config;         /* that it runs, or is paused in; 0: not begun */
	enum region_drain drain; /* WAIT: goes on; else how it is to end */
	uint32_t running;        /* tiles */
	uint64_t cycles, stalls; /* of all blocks */
	uint32_t stalled_stream; /* of the fabric, the first one; RPU_NOWHERE: none */
	uint8_t arguments[ROAD_RPU_ARGUMENT_BYTES_MAX];
	bool suspended; /* it runs, and stands still: suspend.c */
	bool refuses;   /* and what is to come is why it cannot begin */
	uint64_t suspended_ps;
	struct rpu_config *away_config;
	struct rpu_seat {      /* by tile */
		uint64_t next; /* block */
		uint64_t block, cycles;
		void *saved;
		struct { /* the tile's, while it is suspended */
			struct rpu_fabric *fabric;
			uint64_t begin_ps, left_ps, far;
			enum road_rpu_fault far_fault;
			bool waits; /* its event is to come */
		} away;
	} seat[ROAD_RPU_TILES_MAX];
};

enum rpu_stream_life { RPU_STREAM_SHUT, RPU_STREAM_LIVE, RPU_STREAM_STOPPED };
enum rpu_hold { RPU_HOLD_NONE, RPU_HOLD_WORD, RPU_HOLD_ORDER, RPU_HOLD_DEPTH, RPU_HOLD_TOKENS };

struct rpu_stream {
	struct rpu_function *function;
	uint32_t index;
	uint8_t life; /* enum rpu_stream_life; stopped: on a fault */
	bool refused; /* the last command was not valid */
	bool busy;    /* an entry was taken and has not ended */
	uint8_t hold; /* and why it is not begun: enum rpu_hold */
	bool in_region;
	uint32_t priority, context, slots, region;
	uint64_t ring, status;
	uint64_t doorbell, taken; /* entries, since it was opened */
	const struct rpu_work *work;
	union rpu_entry entry;
	struct sim_ranges *table; /* of the work in hand */
	uint8_t tokens[ROAD_RPU_TOKENS];
	struct rpu_job *jobs;
	uint32_t job_count;
	bool began;        /* a job did, just now */
	bool turn;         /* it goes first among its equals, */
	uint64_t since_ps; /* since then */
	struct sim_event event;
	uint64_t start_ps;
	char lane[24]; /* in the event log */
};

struct rpu_latch { /* registers that a command register latches */
	uint64_t stream, stream_context, ring, slots, priority, status, region, generation;
	uint64_t context, table, count;
};

struct rpu_function {
	struct rpu_chip *chip;
	uint32_t index;
	struct sim_interrupts interrupts;
	struct rpu_latch latch;
	struct rpu_stream *streams;   /* params.streams */
	struct rpu_stream **order;    /* in which they are looked at: whose turn is next, first */
	struct sim_ranges **contexts; /* params.contexts; NULL: closed */
	uint64_t base;                /* of its share of memory */
	bool dirty;                   /* which may hold something since reset */
	uint64_t served;              /* when one of its jobs began last: rpu_chip.served */
};

/* A tile: its fabric, and who has its engines. */
struct rpu_tile {
	struct rpu_chip *chip;
	uint32_t index;
	struct rpu_fabric *fabric; /* made when a configuration comes to it, … */
	uint32_t fabric_of;        /* … for this function's scratchpad */
	uint32_t spm_of; /* the function whose bytes the scratchpad has; RPU_NOWHERE: nobody's */
	struct rpu_job *job[ROAD_RPU_ENGINES];
	uint64_t begin_ps; /* of what its fabric runs, without pauses */
	uint64_t far;      /* address beyond the scratchpad that was refused, */
	enum road_rpu_fault far_fault;
	struct sim_event event;
	/* banks that the other engines take: from when to when, from which address on */
	struct rpu_traffic {
		uint64_t from_ps, to_ps;
		uint32_t spm, bytes_per_cycle;
	} traffic[ROAD_RPU_ENGINES];
	uint64_t busy_ps[ROAD_RPU_ENGINES];
	char lane[ROAD_RPU_ENGINES][24], stall_lane[24];
};

struct rpu_counters {
	uint64_t entries, doorbells, interrupts, fences;
	uint64_t copies, copied_bytes, filled_bytes, dropped;
	uint64_t runs, blocks, run_ps, pauses;
	uint64_t cycles, element_ops, stream_accesses, element_accesses;
	uint64_t stalls[RPU_STALLS];
	uint64_t gemms, macs;
	uint64_t moves, read_bytes, written_bytes, broadcasts;
	uint64_t ecc_corrected, ecc_uncorrected;
	uint64_t faults[ROAD_RPU_FAULTS];
};

/* What the report says of the last launches. */
#define RPU_LAUNCH_LOG 16u
struct rpu_note {
	uint64_t config, begin_ps, end_ps, cycles, stalls;
	uint32_t blocks, stalled_stream;
	char name[ROAD_RPU_NAME_BYTES];
};

struct rpu_chip {
	struct sim_env *env;
	enum sim_fidelity fidelity;
	enum rpu_fabric_mode mode;
	struct road_rpu_params params;
	struct rpu_fabric_params fabric;
	uint64_t memory_bytes, share_bytes, origin_ps;
	struct rpu_work works[ROAD_RPU_WORKS]; /* start NULL: not enabled */
	uint64_t quantum_ps;                   /* 0: a turn is one job */
	uint64_t built_hz;                     /* the clock, at a level of 1000 */
	uint8_t *memory;                       /* scratchpads follow it; NULL: not touched yet */
	struct road_poison poison;
	struct rpu_function *functions;
	uint32_t function_count;
	uint64_t served; /* jobs that began */
	/* Tiles that the function looked at waits for, and those that went before it do. */
	uint32_t wanted[ROAD_RPU_ENGINES], reserved[ROAD_RPU_ENGINES];
	struct rpu_tile *tiles; /* params.tiles */
	struct sim_traits traits;
	struct sim_boot *boot; /* NULL: no boot ROM, and all that it can do is enabled */
	struct sim_boot_options boot_options;
	struct region_unit *unit;
	struct rpu_config *active[ROAD_REGION_NUMBERS]; /* by region */
	bool active_memory[ROAD_REGION_NUMBERS];        /* it claims memory */
	struct sim_event kick;                          /* jobs look whether they can begin */
	struct sim_resource bus, ddr, *links;           /* links: one to the east of each tile */
	struct rpu_counters counters;
	struct rpu_note notes[RPU_LAUNCH_LOG];
	uint64_t noted;
};

static inline uint64_t rpu_ps(const struct rpu_chip *chip, uint64_t cycles)
{
	return (uint64_t)((unsigned __int128)cycles * RPU_PS_PER_S / chip->params.clock_hz);
}

static inline uint64_t rpu_cycles(const struct rpu_chip *chip, uint64_t ps)
{
	return (uint64_t)((unsigned __int128)ps * chip->params.clock_hz / RPU_PS_PER_S);
}

static inline uint64_t rpu_ceil(uint64_t a, uint64_t b)
{
	return a / b + (a % b != 0);
}

/* traits.c: once the chip's clock is known */
void rpu_traits_make(struct rpu_chip *chip);

/* model.c */
bool rpu_chip_memory(struct rpu_chip *chip); /* false: none to be had */
/* What the function has in the tile's scratchpad. Those of one function lie side by side. */
static inline uint8_t *rpu_spm(const struct rpu_function *function, uint32_t tile)
{
	const struct rpu_chip *chip = function->chip;
	const uint64_t before = (uint64_t)function->index * chip->params.tiles + tile;

	return chip->memory + chip->memory_bytes + before * chip->params.spm_bytes;
}
/* Likewise, for work that is done there: what another function had in it makes way, which takes
 * no time, and is counted as left out of the model. */
uint8_t *rpu_spm_take(struct rpu_function *function, uint32_t tile);
/* The physical function's is the chip's: all others are reset with it. */
void rpu_function_reset(struct rpu_function *function);
/* From now on the chip works by this program of its firmware; NULL: it can do everything, at its
 * full clock. Nothing runs. */
void rpu_obey(struct rpu_chip *chip, const struct sim_program *program);

/* model_registers.c */
uint64_t rpu_register_read(struct rpu_function *function, uint64_t offset, uint32_t width);
void rpu_register_write(struct rpu_function *function, uint64_t offset, uint32_t width,
			uint64_t value);
void rpu_interrupt(struct rpu_function *function, uint32_t vector);

/* firmware.c */
bool rpu_boot_make(struct rpu_chip *chip); /* false: no memory */
bool rpu_firmware(void *model, const char *component, struct sim_firmware *out);
enum sim_inject rpu_boot_fault(void *model, uint32_t function, uint32_t fault, uint32_t phase,
			       uint32_t times);

/* context.c */
void rpu_context_command(struct rpu_function *function, uint32_t command); /* from the latch */
/* An error of memory that a test asks for. */
enum sim_inject rpu_inject(void *model, uint32_t function, bool poison, uint64_t address);
/* An access to `bytes` of a piece: a read of poison faults and tells the first such byte's address,
 * a write heals. */
enum road_rpu_fault rpu_poison_touch(struct rpu_chip *chip, const struct rpu_piece *piece,
				     uint64_t offset, uint64_t bytes, bool write,
				     uint64_t *address);
/* Likewise the rows of a side. */
enum road_rpu_fault rpu_poison_rows(struct rpu_chip *chip, const struct rpu_piece *piece,
				    const struct road_rows *rows, uint64_t pitch, bool write,
				    uint64_t *address);
/* What entries name: bytes of one range, whatever its rights, or a bus address. */
enum road_rpu_fault rpu_place(struct rpu_function *function, const struct sim_ranges *table,
			      bool bus, uint64_t address, uint64_t bytes, bool write,
			      struct rpu_piece *out);
/* Bytes of the function's share of memory; false: they are not in it. */
bool rpu_image_read(struct rpu_function *function, uint64_t address, void *out, uint32_t bytes);
/* What kernels access: with the rights to it, and sound. */
enum road_rpu_fault rpu_access(struct rpu_function *function, const struct sim_ranges *table,
			       uint64_t va, uint64_t bytes, bool write, struct rpu_piece *out);

/* The window of each tile's scratchpad that holds the byte, with these rights (ROAD_RANGE_READ,
 * _WRITE): a claim of the image (NULL: none) or a window of the context's. False: *out is the
 * nearest one, or 0, 0. */
bool rpu_window_find(const struct sim_ranges *table, const struct region_image *image,
		     uint32_t address, uint32_t rights, struct rpu_window *out);
/* What entries do in scratchpads lies in one window of the stream's context, whatever its rights.
 */
bool rpu_window_check(const struct rpu_stream *stream, uint64_t at, uint64_t extent,
		      struct road_rpu_stream_status *why);

/* stream.c */
enum road_rpu_stream_state rpu_stream_state(const struct rpu_stream *stream);
void rpu_stream_command(struct rpu_function *function, uint32_t command);
void rpu_stream_doorbell(struct rpu_function *function, uint32_t index, uint64_t value);
void rpu_stream_close(struct rpu_stream *stream);
void rpu_stream_drop(struct rpu_stream *stream); /* all its work, without a word about it */
/* What the stream does has ended: on to the next. */
void rpu_stream_end(struct rpu_stream *stream);
/* Stops the stream at this entry: drops its work, writes the record, interrupts. */
void rpu_stream_fail(struct rpu_stream *stream, uint64_t number,
		     const struct road_rpu_stream_status *why);
void rpu_streams_retry(struct rpu_chip *chip); /* those on hold look again */
enum rpu_start rpu_fail(struct road_rpu_stream_status *why, enum road_rpu_fault fault,
			uint64_t address, uint64_t detail);
enum rpu_start rpu_bad_field(struct road_rpu_stream_status *why, size_t offset);

/* work.c */
/* Those of the program, or NULL: all. */
void rpu_works_enable(struct rpu_chip *chip, const struct sim_program *program);
const struct rpu_work *rpu_work_find(const struct rpu_chip *chip, const union rpu_entry *entry,
				     struct road_rpu_stream_status *why);

/* work_copy.c */
enum rpu_start rpu_copy_start(struct rpu_stream *stream, struct road_rpu_stream_status *why);
/* When `bytes` more have gone between the host or the tiles and device memory. */
uint64_t rpu_memory_take(struct rpu_chip *chip, bool system, uint64_t bytes, uint64_t from_ps);

/* jobs.c */
enum rpu_start rpu_job_start(struct rpu_stream *stream, struct road_rpu_stream_status *why);
void rpu_jobs_kick(struct rpu_chip *chip); /* soon, all look whether they can begin */
void rpu_jobs_drop(struct rpu_stream *stream);
void rpu_job_end(struct rpu_job *job);
void rpu_job_fault(struct rpu_job *job, struct road_rpu_stream_status *why);
bool rpu_tokens_ready(const struct rpu_stream *stream, uint32_t wait);
void rpu_tokens_take(struct rpu_stream *stream, uint32_t wait);
/* False: a token of these is full; *which. */
bool rpu_tokens_give(struct rpu_stream *stream, uint32_t signal, uint32_t *which);

/* What an engine knows to do; one row each in jobs.c. */
struct rpu_engine {
	/* Is the entry sound? Fills job->tiles and what else it needs. */
	bool (*check)(struct rpu_job *job, struct road_rpu_stream_status *why);
	void (*begin)(struct rpu_job *job);
	void (*drop)(struct rpu_job *job); /* while it runs; frees what it has */
};
extern const struct rpu_engine rpu_engine_run, rpu_engine_gemm, rpu_engine_move;
/* The chip's tiles that a mask of the region's means (0: all of them); 0: a bit too many. */
uint32_t rpu_job_tiles(const struct rpu_job *job, uint32_t mask);

/* run.c */
void rpu_run_drain(struct rpu_chip *chip, uint32_t function, uint32_t region,
		   enum region_drain how);

/* suspend.c */
void rpu_run_suspend(struct rpu_chip *chip, uint32_t function, uint32_t region);
void rpu_run_resume(struct rpu_chip *chip, uint32_t function, uint32_t region);
void rpu_suspended_drain(struct rpu_chip *chip, uint32_t function, uint32_t region,
			 enum region_drain how);
void rpu_suspended_free(struct rpu_job *job); /* what it has of its tiles; none is fine */

/* gemm.c */
bool rpu_gemm(const struct road_rpu_gemm *work, uint8_t *spm);

/* regions.c */
bool rpu_regions_make(struct rpu_chip *chip);
void rpu_regions_clocked(struct rpu_chip *chip); /* the clock is another one */
enum rpu_start rpu_region_start(struct rpu_stream *stream, struct road_rpu_stream_status *why);
/* Streams of all functions have numbers of their own at the unit. */
uint32_t rpu_region_queue(const struct rpu_stream *stream);

/* report.c */
bool road_rpu_counter(void *model, uint32_t index, struct sim_counter *out);
size_t rpu_report(void *model, char *out, size_t bytes);

#endif
