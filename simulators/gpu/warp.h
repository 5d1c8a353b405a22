/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The data side of the GPGPU: warps, workgroups and launches. Whatever decides a value is here;
 * whatever decides a time (pipelines, caches, memory) is built on top of it and calls
 * road_gpu_warp_peek() and road_gpu_warp_step() when it issues an instruction.
 *
 * One launch is made from a decoded kernel and a grid. It holds workgroup slots (as many as shall
 * be resident); road_gpu_block_start() puts a workgroup of the grid into one. Nothing is allocated
 * after that. No function here calls out except through struct road_gpu_port.
 *
 * Threads: a launch's blocks may be stepped by different threads if the port may (statistics and
 * faults are kept per block); everything else of a launch is read-only while it runs.
 */
#ifndef SIMULATORS_GPU_WARP_H
#define SIMULATORS_GPU_WARP_H

#include "simulators/gpu/decode.h"
#include "simulators/gpu/lines.h"
#include "simulators/gpu/ranges.h"

#define ROAD_GPU_ALL         0xffffffffu
#define ROAD_GPU_ROW_BYTES   128u
#define ROAD_GPU_SINK_ROWS   4u       /* behind a warp's registers: what is written to RZ */
#define ROAD_GPU_WARPS_MAX   32u      /* of a workgroup */
#define ROAD_GPU_LAST        4u       /* ranges that a warp remembers */
#define ROAD_GPU_BARRIERS    16u      /* of a workgroup */
#define ROAD_GPU_PATIENCE    256u     /* backward branches that a waiting split sits through */
#define ROAD_GPU_SLEEP_MAX   1000000u /* ns (PTX ISA, "nanosleep") */
#define ROAD_GPU_TURN_STEPS  1024u
#define ROAD_GPU_SHARED_FILL 0xa5u
#define ROAD_GPU_MEET_NONE   UINT32_MAX        /* no other split can run */
#define ROAD_GPU_MEET_APART  (UINT32_MAX - 1u) /* others can, at other depths */

struct road_gpu_block;
struct road_gpu_launch;
struct road_gpu_async;
struct road_gpu_prints;

/* Why a launch stopped; fields as in struct road_gpu_queue_status. */
struct road_gpu_fault_info {
	enum road_gpu_fault code; /* NONE while all is well */
	uint32_t pc, line, lane, warp;
	uint32_t ctaid[3];
	uint64_t address, detail;
};

/* Lanes that stand at the same word. */
struct road_gpu_split {
	uint32_t pc; /* next word to run; of one that waits see enum road_gpu_waits */
	uint32_t mask;
	uint32_t stamp; /* when it last got its turn; smaller = longer ago */
	uint32_t depth; /* calls that its lanes are in */
	uint8_t waits;  /* enum road_gpu_waits */
	uint8_t barrier;
	uint32_t members; /* WAITS_SYNC: the lanes that it names */
};

enum road_gpu_waits {
	ROAD_GPU_WAITS_NOT,
	ROAD_GPU_WAITS_BARRIER, /* pc is that of the word behind it */
	ROAD_GPU_WAITS_SYNC,    /* for lanes of its warp; pc is that of the word itself */
};

struct road_gpu_warp {
	uint8_t *rows[2]; /* registers (desc.regs + SINK_ROWS rows of 32 x u32), constants */
	const struct road_gpu_insn *code;
	struct road_gpu_block *block;
	const struct road_gpu_range *last[ROAD_GPU_LAST]; /* ranges that were hit: see exec.h */
	uint8_t *local;               /* local memory, word-interleaved: see road_gpu_local_at() */
	struct road_gpu_async *async; /* copies; NULL in kernels without */
	uint32_t index;               /* within the workgroup */
	uint32_t live;                /* lanes that exist and have not exited */
	uint32_t current;             /* split that runs */
	uint32_t splits;              /* in use */
	uint32_t backward; /* branches that the current split took while another could run */
	uint32_t stamp;
	uint32_t meet;      /* lowest pc of another split of this depth that can run; else MEET_* */
	uint32_t accounted; /* functional: steps already in the statistics of the block */
	bool turn;          /* current runs out of order, because it had waited too long */
	uint32_t preds[ROAD_GPU_PREDS_MAX + 1]; /* [PT] is all ones */
	struct road_gpu_split split[ROAD_GPU_WARP_LANES];
};

struct road_gpu_barrier_state {
	uint32_t arrived;                   /* threads, sync and arrive alike, in this phase */
	uint32_t expected;                  /* 0: all that have not exited */
	uint32_t warps;                     /* that took part in this phase, as a mask */
	uint32_t lanes[ROAD_GPU_WARPS_MAX]; /* of each warp that arrived in this phase */
	uint32_t asked, truths; /* bar.red: threads, and those of them whose predicate holds */
};

struct road_gpu_statistics {
	uint64_t warp_instructions;
	uint64_t thread_instructions;
	uint64_t by_unit[ROAD_GPU_UNITS]; /* warp instructions */
	uint64_t approximate;             /* warp instructions that are approximate functions */
	uint64_t divides_by_zero;         /* threads */
	uint64_t divergent_branches;
	uint64_t barriers;    /* completed */
	bool order_sensitive; /* data may depend on timing; first place follows */
	uint32_t order_pc, order_line;
	/* *.sync that named a lane that has exited, or came from a lane that it did not name */
	uint64_t sync_violations;
	uint32_t sync_pc, sync_line, sync_lanes; /* of the first: those lanes */
};

/* A workgroup slot. */
struct road_gpu_block {
	struct road_gpu_launch *launch;
	bool busy; /* holds a workgroup that has not finished */
	uint32_t slot;
	uint32_t sm;     /* %smid */
	uint64_t linear; /* index of the workgroup in the grid, x fastest */
	uint32_t ctaid[3];
	uint32_t live;    /* threads that have not exited */
	uint32_t waiting; /* threads at a barrier; all of the live ones: nothing can move */
	uint32_t warp_count;
	uint32_t next_warp; /* functional: whose turn it is */
	uint32_t released;  /* mask of warps that the last step made runnable again */
	uint8_t *shared;    /* this and the next: from the first start on */
	struct road_gpu_warp *warps;
	struct road_gpu_fault_info fault;
	struct road_gpu_statistics stats;
	struct road_gpu_barrier_state *barriers; /* ROAD_GPU_BARRIERS */
	uint32_t place; /* number of its piece of the launch's memory, plus one; 0: none yet */
	bool pending;   /* functional: busy, but road_gpu_block_start() waits for its first turn */
};

/* A piece of memory: where its first byte is. Outside GLOBAL and CONST all is 0 but `host`. */
struct road_gpu_piece {
	uint8_t *host;
	uint64_t pa;
	uint32_t flags; /* ROAD_GPU_SEGMENT_* of its range */
};

/* Where lanes are in one piece of memory. Lanes that do not act stand where one does that acts. */
struct road_gpu_lanes {
	int32_t offset[ROAD_GPU_WARP_LANES] __attribute__((aligned(64)));
	bool contiguous; /* all act, each right behind the one before it */
};

/*
 * A load or store of a warp, as the timing model and the port see it. Generic addresses are
 * already resolved; lanes of a generic access that fell into a window are in `shared` and
 * `local`, and `space` is that of the others.
 *
 * If `together`, all lanes lie in one range (GLOBAL, CONST) or in shared, local or parameter
 * memory: `lanes` says where, from the byte that `piece` describes on. Otherwise there are
 * arrays, valid for the lanes of mask: `address` is a virtual address in GLOBAL and CONST, an
 * offset elsewhere.
 */
struct road_gpu_access {
	const struct road_gpu_insn *insn;
	uint32_t mask;
	uint32_t shared, local; /* lanes of mask whose address is an offset in that space */
	uint8_t space;          /* enum road_gpu_space, never GENERIC */
	uint8_t bytes;          /* per lane: 1, 2, 4, 8 or 16 */
	bool store, atomic;
	bool later; /* the port brings what is loaded, by road_gpu_access_finish() */
	bool together;
	struct road_gpu_piece piece;
	struct road_gpu_lanes lanes;
	int32_t low, high; /* of lanes.offset */
	uint64_t address[ROAD_GPU_WARP_LANES];
	uint64_t pa[ROAD_GPU_WARP_LANES];    /* GLOBAL, CONST: physical address (range's pa) */
	uint8_t *host[ROAD_GPU_WARP_LANES];  /* the same byte here; NULL in a range without host */
	uint32_t flags[ROAD_GPU_WARP_LANES]; /* ROAD_GPU_SEGMENT_* of the lane's range */
};

/* Of a lane that acts. */
static inline uint64_t road_gpu_access_pa(const struct road_gpu_access *access, uint32_t lane)
{
	return access->together ? access->piece.pa + (uint32_t)access->lanes.offset[lane]
				: access->pa[lane];
}

static inline uint32_t road_gpu_access_flags(const struct road_gpu_access *access, uint32_t lane)
{
	return access->together ? access->piece.flags : access->flags[lane];
}

static inline uint8_t *road_gpu_access_host(const struct road_gpu_access *access, uint32_t lane)
{
	return access->together ? access->piece.host + access->lanes.offset[lane]
				: access->host[lane];
}

/* In shared and local memory. */
static inline uint64_t road_gpu_access_offset(const struct road_gpu_access *access, uint32_t lane)
{
	return access->together ? (uint32_t)access->lanes.offset[lane] : access->address[lane];
}

/*
 * What the executor needs from outside. With load and store NULL memory is accessed through the
 * ranges' host pointers. Otherwise they are called for every access to GLOBAL and CONST memory
 * (after translation and checks; shared, local and param never come here), lane l's bytes are at
 * data + l * 16. They must move exactly the lanes of access->mask that are in neither
 * access->shared nor access->local, in ascending order, and return NONE or the fault.
 * An access that is `together` is offered to the next two first (NULL: it is not): load_rows()
 * says whether the piece's memory is what it would load, store_rows() gets lane l's bytes at
 * packed + l * access->bytes; false: the lanes' arrays are filled in, and load() or store() called.
 * atomic() gets operand b at data + l * 16 and c 8 bytes behind it, and leaves what was in memory
 * there. load() and atomic() may set access->later and do it later: then the rows are written by
 * road_gpu_access_finish().
 * peek() reads one byte of a range as a load of this workgroup would, without taking time; a port
 * that has it orders what is printed by its clock. False: out of reach.
 * clock() answers the sreg_* registers of time (all 64 bits, also for the _HI ones); NULL: warp
 * instructions of the block.
 */
struct road_gpu_port {
	void *ctx;
	enum road_gpu_fault (*load)(void *ctx, struct road_gpu_block *block,
				    struct road_gpu_access *access, uint8_t *data);
	enum road_gpu_fault (*store)(void *ctx, struct road_gpu_block *block,
				     const struct road_gpu_access *access, const uint8_t *data);
	enum road_gpu_fault (*atomic)(void *ctx, struct road_gpu_block *block,
				      struct road_gpu_access *access, uint8_t *data);
	uint64_t (*clock)(void *ctx, const struct road_gpu_block *block, enum road_gpu_sreg which);
	bool (*load_rows)(void *ctx, struct road_gpu_block *block,
			  const struct road_gpu_access *access);
	bool (*store_rows)(void *ctx, struct road_gpu_block *block,
			   const struct road_gpu_access *access, const uint8_t *packed);
	/* A load that nobody accounts for: of a copy that was accounted for when it was issued. */
	enum road_gpu_fault (*load_now)(void *ctx, struct road_gpu_block *block,
					const struct road_gpu_access *access, uint8_t *data);
	/* Is what the warp copied up to this batch there (async.h)? NULL: always. */
	bool (*landed)(void *ctx, const struct road_gpu_block *block, uint32_t warp,
		       uint32_t batch);
	bool (*peek)(void *ctx, const struct road_gpu_block *block,
		     const struct road_gpu_range *range, uint64_t address, uint8_t *out);
};

struct road_gpu_launch_config {
	const struct road_gpu_code *code;
	const struct road_gpu_variant *variant; /* the module's */
	const struct road_gpu_ranges *ranges;   /* must stay while the launch lives */
	const struct road_gpu_port *port;       /* may be NULL: direct memory; must stay */
	uint32_t grid[3];                       /* workgroups */
	uint32_t threads[3];                    /* of a workgroup; 1..1024 in all */
	uint64_t grid_items[3]; /* work-items where the last workgroup is partial; 0: grid * threads
				 */
	uint32_t shared_bytes;  /* static and dynamic */
	uint32_t local_bytes;   /* per lane, at least the kernel's */
	const void *params;     /* copied: desc.param_bytes */
	uint32_t slots;         /* resident workgroups */
	uint32_t sm_count;      /* %nsmid */
	uint32_t first_sm;      /* they are the SMs from this one on */
	uint32_t blocks_max;    /* of an SM at a time; 0: as fit */
	uint32_t grid_id;       /* %gridid */
	uint32_t client;        /* SMs go round those that have workgroups to be placed */
	uint64_t watchdog;      /* warp instructions in all; 0: none */
	bool check_div;         /* division by zero is a fault */
	bool poison;            /* registers and shared memory start as poison_word */
	uint32_t poison_word;
	struct road_gpu_prints *prints; /* NULL: what is printed goes nowhere */
	/* desc.word_count of them and one for the kernel's end: what each word cost is added, in
	 * timed mode when the launch is taken or cancelled; must stay. NULL: nobody asks. */
	struct road_gpu_word_counters *words;
};

struct road_gpu_launch {
	struct road_gpu_launch_config config;
	struct road_gpu_block *blocks; /* config.slots */
	uint64_t total;                /* workgroups of the grid */
	uint64_t started, finished;
	uint8_t *params;     /* own copy, 16 bytes aligned */
	uint32_t warp_count; /* of a full workgroup */
	uint32_t thread_count;
	uint32_t (*tid)[3][ROAD_GPU_WARP_LANES]; /* per warp: rows of %tid */
	struct road_gpu_fault_info fault;        /* the first one */
	struct road_gpu_statistics stats;        /* of finished workgroups; see _collect() */
	uint64_t steps;                          /* functional: warp instructions run */
	uint32_t turn_slot, turn_left;           /* functional: who runs, and for how long */
	uint64_t assigned; /* functional: workgroups that have a slot or had one */
	/* Pieces of memory for workgroups; one that is free again is the next to be used. */
	uint8_t *places;
	uint32_t places_used; /* that ever were */
	uint32_t *places_free, free_count;
	void *memory; /* of params and tid */
};

enum road_gpu_launch_error {
	ROAD_GPU_LAUNCH_OK,
	ROAD_GPU_LAUNCH_MEMORY,  /* out of host memory */
	ROAD_GPU_LAUNCH_THREADS, /* 0, more than 1024, more than max_threads, or not reqd */
	ROAD_GPU_LAUNCH_GRID,    /* 0 or more than 2^63 workgroups */
	ROAD_GPU_LAUNCH_SHARED,  /* less than the kernel's static part */
	ROAD_GPU_LAUNCH_LOCAL,
	ROAD_GPU_LAUNCH_KERNEL, /* refused kernel */
};

struct road_gpu_launch *road_gpu_launch_create(const struct road_gpu_launch_config *config,
					       enum road_gpu_launch_error *error);
void road_gpu_launch_destroy(struct road_gpu_launch *launch);

/* Puts workgroup `linear` of the grid into a slot that is not busy. */
void road_gpu_block_start(struct road_gpu_block *block, uint64_t linear, uint32_t sm);

/*
 * The instruction that this warp would run next, with its split chosen and merged, or NULL if it
 * has exited or waits at a barrier. Repeating it changes nothing.
 */
const struct road_gpu_insn *road_gpu_warp_peek(struct road_gpu_warp *warp);

/* What one step did. */
struct road_gpu_step {
	const struct road_gpu_insn *insn;
	uint32_t pc;
	uint32_t active;     /* lanes of the split that ran */
	uint32_t mask;       /* of these, those whose guard held */
	bool taken;          /* a branch was taken by some lane */
	bool divergent;      /* it split the warp */
	bool barrier;        /* lanes of mask arrived at a barrier */
	bool blocked;        /* the warp cannot run on: waits or has exited */
	bool exited;         /* all lanes of the warp have */
	bool block_finished; /* all threads of the workgroup have; block->busy is false now */
	bool fault;          /* see block->fault */
	uint32_t sleep_ns;   /* nanosleep: the longest of the lanes */
	uint32_t released;   /* warps of the workgroup that a completed barrier lets go */
	const struct road_gpu_access *access; /* loads and stores: filled in; else NULL */
};

/*
 * Runs exactly one warp instruction. `access` is the caller's place for a load's or store's
 * addresses (it may be shared by all warps: valid until the next step with it). Returns false
 * if there was nothing to run. A faulting instruction changes nothing; its block must not be
 * stepped again.
 */
bool road_gpu_warp_step(struct road_gpu_warp *warp, struct road_gpu_access *access,
			struct road_gpu_step *step);

/* Writes what a load or atomic of `lanes` brought (16 bytes a lane) to the warp's rows. */
void road_gpu_access_finish(struct road_gpu_warp *warp, const struct road_gpu_insn *insn,
			    uint32_t lanes, const uint8_t *data);

/* True if threads are left and none can move: record a BARRIER fault with this. */
bool road_gpu_block_stuck(struct road_gpu_block *block);

/* Adds a block's statistics to the launch's (and clears them), and its fault if the first. */
void road_gpu_launch_collect(struct road_gpu_launch *launch, struct road_gpu_block *block);

enum road_gpu_progress { ROAD_GPU_MORE, ROAD_GPU_DONE, ROAD_GPU_FAULTED };

/*
 * Functional mode: runs the launch for at most `budget` warp instructions (slices do not change
 * what is computed). Resident workgroups take turns of ROAD_GPU_TURN_STEPS in slot order; a free
 * slot gets the next workgroup at once. *ran receives the number of warp instructions run.
 */
enum road_gpu_progress road_gpu_functional_run(struct road_gpu_launch *launch, uint64_t budget,
					       uint64_t *ran);

/* The baseline has no instruction for it, and most masks are full. */
static inline uint32_t road_gpu_lane_count(uint32_t mask)
{
	return mask == ROAD_GPU_ALL ? ROAD_GPU_WARP_LANES : (uint32_t)__builtin_popcount(mask);
}

/* Register row r of a warp, for tests and debuggers. */
static inline uint32_t *road_gpu_warp_row(const struct road_gpu_warp *warp, unsigned r)
{
	return (uint32_t *)(void *)(warp->rows[0] + (size_t)r * ROAD_GPU_ROW_BYTES);
}

/* Local memory keeps word w of all lanes side by side, so that a spilled register is a row. */
static inline size_t road_gpu_local_at(uint32_t lane, uint64_t offset)
{
	return (size_t)((offset >> 2) * ROAD_GPU_ROW_BYTES + lane * 4u + (offset & 3u));
}

#endif
