/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared by timing_*.c and sm_*.c. Who touches what: an SM's quantum (sm_*.c) touches its own
 * struct gpu_sm, the blocks and warps on it and memory for reading, nothing else; so SMs may run
 * on different threads. The rest happens between quanta: slices by index, then SMs again.
 */
#ifndef SIMULATORS_GPU_TIMING_INTERNAL_H
#define SIMULATORS_GPU_TIMING_INTERNAL_H

#include "simulators/gpu/timing.h"
#include "simulators/memory/cache.h"
#include "simulators/memory/dram.h"
#include "simulators/memory/link.h"

#define SUBCORES_MAX      8u
#define SUBCORE_POSITIONS 64u
#define NO_TIME           UINT64_MAX
/* Ready times are cycle << 1 | (a load writes it); this one is not known yet. */
#define READY_PENDING (UINT64_MAX - 2)
#define COPY_BATCHES  8u /* batches of copies that are told apart; a power of two */
#define READY_COPIES  (ROAD_GPU_REGS_MAX + ROAD_GPU_PREDS_MAX + 3)
#define READY_SLOTS   (READY_COPIES + COPY_BATCHES)
#define READY_PREDS   (ROAD_GPU_REGS_MAX + 1)

/* Lines of one warp access: 32 lanes, each at most 16 aligned bytes. */
#define ACCESS_LINES   ROAD_GPU_WARP_LANES
#define REQUEST_ROOM   1024u /* of an SM: rings; powers of two */
#define STORE_ROOM     512u
#define STORE_BUCKETS  1024u
#define LOAD_ROOM      512u
#define WAITER_ROOM    4096u
#define ATOMIC_ROOM    64u
#define ATOMIC_FILTER  256u /* a power of two */
#define REQUEST_HEADER 8u   /* bytes of a request on the network beside its data: assumed */
#define SYSTEM_LATENCY 700u /* cycles to host memory and back over the bus: assumed */
#define SYSTEM_RATE    16u  /* bytes a cycle, all SMs: assumed */

/* Line numbers are physical address / 128 with the kind of memory on top. */
#define LINE_BITS   50
#define LINE_MASK   ((UINT64_C(1) << LINE_BITS) - 1)
#define LINE_SYSTEM (UINT64_C(1) << LINE_BITS)
#define LINE_LOCAL  (UINT64_C(2) << LINE_BITS)
#define LINE_ATOMIC (UINT64_C(4) << LINE_BITS) /* no load merges with these misses */

struct gpu_touch { /* a line of an access */
	uint64_t line;
	uint8_t sectors;
};

enum request_kind { REQUEST_READ, REQUEST_WRITE, REQUEST_ATOMIC };

struct gpu_request {
	uint64_t arrival; /* ticks, at the second level; ascending within an SM */
	uint64_t line;
	uint32_t store; /* write: sequence number of its entry in the store log; atomic: index */
	uint64_t local; /* the line's number within its slice */
	uint64_t reply; /* ticks, at the SM's port: what is asked for; where there is a miss */
	uint16_t miss;
	uint16_t slice;
	uint8_t home; /* partition */
	uint8_t sectors;
	uint8_t kind;
};

/* Bytes of a line that a store wrote and that have not taken effect. */
struct gpu_store {
	uint64_t line;
	uint64_t mask[2];                /* bytes */
	uint8_t *host;                   /* of the line's byte 0; NULL: outside */
	const struct gpu_launch *launch; /* the store is void once that is gone, */
	uint64_t serial;                 /* that is, has another serial number */
	uint64_t pa;
	uint32_t flags;
	uint32_t older; /* sequence of the previous one in its bucket, if still there */
	uint8_t data[ROAD_GPU_LINE_BYTES];
};

/* An atomic that has not taken effect, or whose results are not there; or a load behind one. */
struct gpu_atomic {
	struct road_gpu_insn insn;
	const struct gpu_launch *launch; /* void once that is gone, as with stores */
	uint64_t serial;
	uint32_t lanes;
	uint32_t parts; /* requests that have not been served */
	uint32_t next;  /* free list, + 1 */
	bool returns;   /* its load frees it */
	uint8_t *host[ROAD_GPU_WARP_LANES];
	uint64_t pa[ROAD_GPU_WARP_LANES];
	uint32_t flags[ROAD_GPU_WARP_LANES];
	uint8_t data[ROAD_GPU_WARP_LANES * 16]; /* operands, then results */
};

struct gpu_reply {
	uint64_t time; /* ticks, at the SM's port */
	uint32_t miss;
	uint32_t bytes;
};

struct gpu_load {       /* a load that waits for misses */
	uint64_t ready; /* cycle: latest of the answers so far */
	uint32_t pending;
	uint32_t warp;
	uint32_t born; /* of the warp: it may be another one by now */
	uint32_t next; /* free list, + 1 */
	uint16_t first;
	uint8_t rows;
	uint32_t atomic; /* that brings the data, + 1; 0: they are there */
};

struct gpu_waiter {
	uint32_t load;
	uint32_t next; /* + 1 */
};

/* What an instruction waits for and how long it takes, found when its launch begins. */
#define OP_SLOTS 10u
struct gpu_op {
	uint8_t count; /* of slots; 0xff: too many, see the instruction */
	uint16_t slot[OP_SLOTS];
	uint32_t cycles;  /* that it takes its unit */
	uint32_t latency; /* of its result */
};

/* Copies of one batch that are on their way, and when the latest so far is there. */
struct gpu_copies {
	uint32_t pending;
	uint64_t ready;
};

struct gpu_warp {
	struct road_gpu_warp *exec;
	const struct gpu_op *op;
	const struct road_gpu_insn *insn; /* to be issued next */
	struct gpu_block *block;
	uint64_t *ready;  /* READY_SLOTS: registers, predicates, batches of copies */
	uint64_t account; /* cycles before are accounted for */
	uint64_t memory;  /* until then it is memory that it waits for */
	uint64_t floor;   /* the earliest next issue, whatever the registers say */
	uint64_t mark;    /* busy cycles of the unit when the warp became ready */
	uint64_t start;
	uint32_t subcore, position;
	uint32_t born;
	uint32_t copy_batch; /* that the next copy belongs to, as in async.h */
	uint32_t commits;    /* groups so far, and the last batches of the latest */
	uint32_t committed[COPY_BATCHES];
	struct gpu_copies copies[COPY_BATCHES];
	struct road_gpu_word_counters *words; /* of its launch on this SM; NULL: nobody asks */
	bool barrier;                         /* waits at one, or did until `wake` */
	bool fence;                           /* `floor` is memory's */
	bool done;
};

struct gpu_block {
	struct road_gpu_block *exec; /* NULL: free */
	struct gpu_launch *launch;
	uint64_t start;
	uint32_t warps[ROAD_GPU_WARPS_MAX]; /* slots in the SM */
};

struct gpu_unit {
	uint64_t free; /* cycle */
	uint64_t from; /* it counts as busy from here */
	uint64_t busy; /* cycles in all, up to `free` */
};

/*
 * Sets of positions are masks. Those that wait for a known cycle stand in the wheel: in the turn
 * behind `turned`, at their cycle's place, or among the far ones.
 */
#define WHEEL 64u /* cycles */
struct gpu_subcore {
	uint64_t next;      /* nothing to do before */
	uint64_t next_wake; /* of those that wait */
	uint64_t waiting;
	uint64_t ready[ROAD_GPU_UNITS];
	uint32_t ready_units; /* with somebody ready */
	uint32_t top;         /* positions in use, in order of age */
	uint32_t resident;
	struct gpu_unit unit[ROAD_GPU_UNITS];
	uint64_t turned; /* cycle: up to here all were collected */
	uint64_t places; /* of the wheel where somebody is */
	uint64_t far, far_next;
	uint64_t wheel[WHEEL];
	uint64_t wake[SUBCORE_POSITIONS];
	uint32_t warp[SUBCORE_POSITIONS];
};

struct gpu_ended {
	uint64_t cycle;
	uint32_t block;
};

struct gpu_sm {
	struct road_gpu_timing *timing;
	uint32_t index, partition;
	bool listed; /* among the active ones */
	uint64_t now, quantum_end;
	uint32_t subcores;
	struct gpu_subcore *subcore;
	struct gpu_warp *warps;
	uint64_t *scoreboard; /* of the warps */
	struct gpu_block *blocks;
	struct gpu_unit ldst;
	/* what is left for workgroups; touched between quanta only */
	uint32_t free_warps, free_blocks, free_registers, free_shared;
	uint32_t resident_blocks;
	uint64_t launch_seen; /* serial number of the launch whose blocks came last */
	/* first level */
	struct road_cache l1;
	struct road_misses misses;
	struct gpu_load *loads;
	struct gpu_waiter *waiters;
	uint32_t born;
	uint32_t load_unused, waiter_unused, loads_used, waiters_used;
	/* requests on their way to the second level; replies in the other direction */
	struct road_link request_port, reply_port;
	struct gpu_request *requests;
	uint32_t request_first, request_count;
	uint32_t arriving; /* of these, at this barrier */
	struct gpu_reply *replies;
	uint32_t reply_count;
	/* stores that have not taken effect */
	struct gpu_store *stores;
	uint32_t store_first, store_count; /* sequence numbers: first, how many */
	uint32_t *store_buckets;           /* STORE_BUCKETS: sequence of the latest */
	uint64_t store_end;                /* ticks: arrival of the last one, or atomic */
	struct gpu_atomic *atomics;
	uint32_t atomic_unused, atomics_used;
	uint32_t atomic_now;                   /* of the instruction that is being stepped, + 1 */
	uint16_t atomic_filter[ATOMIC_FILTER]; /* lines that atomics are on their way to, by hash */
	/* what happened in this quantum */
	struct gpu_ended *ended;
	uint32_t ended_count;
	uint64_t fault_cycle; /* NO_TIME: none */
	struct gpu_block *fault_block;
	uint64_t instructions; /* of the quantum */
	uint64_t active_from;
	/* the instruction that is being stepped */
	struct gpu_block *stepped; /* its workgroup */
	uint32_t ideal;            /* sectors that its bytes need at least */
	uint32_t lines;            /* of memory that it touched; of a load these: */
	struct gpu_touch touch[ACCESS_LINES];
	struct road_gpu_access access;
	struct road_gpu_timing_counters counters;
	/* the word that gains what they gain beyond `before`; NULL: none */
	struct road_gpu_word_counters *word, before;
};

/* A slice in one partition. */
struct gpu_bank {
	struct road_cache cache;
	struct road_misses misses;
	struct road_link port, hop;
};

struct gpu_order { /* heap node; an SM's arrivals all differ */
	uint64_t arrival;
	uint32_t sm;
	uint32_t request; /* place in the SM's ring */
};

/* A slice index: the banks of all partitions, and their channel of device memory. */
struct gpu_slice {
	struct gpu_bank bank[2];
	struct road_dram_channel dram;
	struct gpu_order *heap; /* part of the chip's `orders` */
	uint32_t heap_count;
	uint64_t reads, writes, near_hits, far_hits, missed, write_backs, atomics;
};

struct gpu_freed {
	uint64_t cycle;
	uint32_t sm, block;
};

struct gpu_launch {
	struct road_gpu_launch *exec;
	void *cookie;
	uint64_t serial; /* from 1 */
	uint64_t begin, start, end;
	uint64_t next; /* workgroup to be dispatched */
	uint32_t resident;
	uint64_t fault_cycle;
	uint64_t watchdog, watchdog_base; /* warp instructions; of the chip when it began */
	uint32_t registers, shared;       /* of a workgroup, rounded */
	uint32_t warps;
	uint32_t blocks_per_sm;
	uint32_t client; /* whose it is, of those that SMs go round */
	enum road_gpu_limit limit;
	bool overlapped, finished;
	struct road_gpu_fault_info fault;
	struct road_gpu_timing_counters before, after;
	uint32_t *slots; /* free slots of exec: a stack */
	uint32_t slot_count;
	struct gpu_op *ops; /* of the kernel's words, and one for its end */
	/* Of each SM, so that none waits for another: as in the config. NULL: nobody asks. */
	struct road_gpu_word_counters *words;
};

struct road_gpu_timing {
	const struct road_gpu_params *params;
	struct road_gpu_timing_outside outside;
	struct road_gpu_timing_trace trace;
	road_gpu_timing_parallel parallel;
	void *parallel_ctx;
	uint32_t *busy; /* SMs or slices that have something to do in this part of a quantum */
	struct road_gpu_port port;
	uint32_t quantum;
	uint32_t issue_cycles[ROAD_GPU_UNITS][ROAD_GPU_LATS];
	uint64_t now;         /* start of the next quantum, if there is one */
	uint64_t last_active; /* the latest end of a launch; 0: none yet */
	uint64_t dispatch_free;
	uint64_t serial;
	uint32_t cursor; /* SM that the next workgroup of a new launch looks at first */
	struct gpu_sm *sms;
	uint32_t *active; /* indices of SMs with work, ascending */
	uint32_t active_count;
	struct gpu_slice *slices; /* and one more for the bus to the host */
	uint32_t slice_count;     /* without that */
	struct gpu_order *orders; /* of a barrier */
	struct road_dram_timing dram;
	uint64_t slice_ticks; /* a sector through a slice's port */
	struct road_link system;
	uint64_t quanta;
	struct gpu_launch launches[ROAD_GPU_TIMING_LAUNCHES]; /* serial 0 = free */
	uint32_t order[ROAD_GPU_TIMING_LAUNCHES]; /* begun and not ended, the earliest first */
	bool clients; /* launches of several have begun: SMs go round them */
	uint64_t placed, placed_of[ROAD_GPU_TIMING_CLIENTS]; /* the last workgroup of each */
	uint32_t order_count;
	struct gpu_freed *freed;       /* the dispatcher's */
	struct road_gpu_launch *taken; /* its statistics were handed out */
	uint64_t instructions;         /* warp instructions of all SMs */
};

/* timing.c */
/* Calls fn(arg, index) for each index; side by side if `work` (in whatever unit) is at least
 * `worth`, which pays for waking threads. */
void gpu_parallel(struct road_gpu_timing *timing, uint32_t count, uint64_t work, uint64_t worth,
		  void (*fn)(void *arg, uint32_t index), void *arg);

static inline uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static inline uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Where a workgroup is resident. */
static inline struct gpu_sm *gpu_sm_of(const struct road_gpu_timing *timing,
				       const struct road_gpu_block *block)
{
	return &timing->sms[block->sm - timing->params->first_sm];
}

/* sm_learn.c */
void gpu_launch_learn(const struct road_gpu_timing *timing, struct gpu_launch *launch);

/* sm_core.c */
void gpu_sm_run(struct gpu_sm *sm, uint64_t from, uint64_t end);
uint64_t gpu_sm_next(const struct gpu_sm *sm); /* cycle of its next event, or NO_TIME */
/* Looks for the warp's next instruction, and when it can go. */
void gpu_sm_prepare(struct gpu_sm *sm, struct gpu_warp *w);
/* The registers that a load waited for are there. */
void gpu_sm_wake(struct gpu_sm *sm, uint32_t warp);
/* The warp has not finished and leaves. */
void gpu_sm_abandon(struct gpu_sm *sm, struct gpu_warp *w, uint64_t cycle);

/* sm_lines.c */
/* What the SM's counters gain from here to the end belongs to the word that the warp issues next;
 * only where somebody asks for words. */
void gpu_word_begin(struct gpu_sm *sm, const struct gpu_warp *w);
void gpu_word_end(struct gpu_sm *sm);
/* False: out of memory. */
bool gpu_words_create(const struct road_gpu_timing *timing, struct gpu_launch *launch);
struct road_gpu_word_counters *gpu_words_of(const struct gpu_launch *launch, uint32_t sm);
/* Adds what all SMs counted to what the launch was given. */
void gpu_words_deliver(const struct road_gpu_timing *timing, const struct gpu_launch *launch);

/* sm_blocks.c */
void gpu_sm_add_block(struct gpu_sm *sm, uint32_t block, uint64_t start);
void gpu_sm_drop_block(struct gpu_sm *sm, uint32_t block, uint64_t cycle);

/* sm_access.c */
/* Registers of the load become ready; returns how many cycles the access takes its unit. */
uint32_t gpu_sm_access(struct gpu_sm *sm, struct gpu_warp *warp, uint32_t slot,
		       const struct road_gpu_access *access);
void gpu_sm_answer(struct gpu_sm *sm, uint16_t miss, uint64_t ready);
uint32_t gpu_bank_passes(const struct road_gpu_access *access, uint32_t lanes, uint32_t *ideal);
/* Returns how many lines. *ideal: the sectors that the bytes, each once, would fill. */
uint32_t gpu_coalesce(const struct road_gpu_access *access, uint32_t lanes, struct gpu_touch *touch,
		      uint32_t *ideal);
/* Sends it over the network; `cycle`: when it passed the first level's tags. */
void gpu_sm_request(struct gpu_sm *sm, uint64_t cycle, const struct gpu_request *request,
		    uint32_t data_bytes);
void gpu_sm_clear_loads(struct gpu_sm *sm);

static inline uint64_t gpu_line_of(uint64_t pa, uint32_t flags)
{
	return (pa / ROAD_GPU_LINE_BYTES & LINE_MASK) |
	       (flags & ROAD_GPU_SEGMENT_SYSTEM ? LINE_SYSTEM : 0);
}

/* sm_store.c */
enum road_gpu_fault gpu_port_load_now(void *ctx, struct road_gpu_block *block,
				      const struct road_gpu_access *access, uint8_t *data);
enum road_gpu_fault gpu_port_load(void *ctx, struct road_gpu_block *block,
				  struct road_gpu_access *access, uint8_t *data);
enum road_gpu_fault gpu_port_store(void *ctx, struct road_gpu_block *block,
				   const struct road_gpu_access *access, const uint8_t *data);
bool gpu_port_load_rows(void *ctx, struct road_gpu_block *block,
			const struct road_gpu_access *access);
bool gpu_port_store_rows(void *ctx, struct road_gpu_block *block,
			 const struct road_gpu_access *access, const uint8_t *packed);
bool gpu_port_landed(void *ctx, const struct road_gpu_block *block, uint32_t warp, uint32_t batch);
bool gpu_port_peek(void *ctx, const struct road_gpu_block *block,
		   const struct road_gpu_range *range, uint64_t address, uint8_t *out);
uint64_t gpu_port_clock(void *ctx, const struct road_gpu_block *block, enum road_gpu_sreg which);
void gpu_store_clear(struct gpu_sm *sm);
void gpu_store_apply(struct gpu_sm *sm, uint32_t sequence);
void gpu_store_retire(struct gpu_sm *sm, uint32_t count);

/* sm_atomic.c */
void gpu_atomics_clear(struct gpu_sm *sm);
/* Is an atomic on its way to one of the lines sm->touch? Maybe, if true. */
bool gpu_atomic_ahead(struct gpu_sm *sm);
enum road_gpu_fault gpu_port_atomic(void *ctx, struct road_gpu_block *block,
				    struct road_gpu_access *access, uint8_t *data);
/* The instruction being stepped: its lanes act at the second level. False: out of reach. */
bool gpu_atomic_add(struct gpu_sm *sm, struct road_gpu_access *access, uint32_t lanes,
		    const uint8_t *data);
void gpu_atomic_send(struct gpu_sm *sm, uint32_t line, uint16_t miss); /* index in sm->touch */
bool gpu_atomic_reads(const struct gpu_sm *sm, const struct gpu_request *request);
uint32_t gpu_atomic_cycles(const struct gpu_sm *sm, const struct gpu_request *request);
void gpu_atomic_apply(struct gpu_sm *sm, const struct gpu_request *request);
void gpu_atomic_retire(struct gpu_sm *sm, const struct gpu_request *request);
/* Its results go to the warp's rows; NULL: the warp is gone. */
void gpu_atomic_finish(struct gpu_sm *sm, uint32_t index, struct gpu_warp *w);
bool gpu_atomics_pending(const struct gpu_sm *sm, const struct gpu_launch *launch);

/* timing_memory.c */
bool gpu_memory_create(struct road_gpu_timing *timing);
void gpu_memory_destroy(struct road_gpu_timing *timing);
/* Which slice a line belongs to, and its number there. */
void gpu_memory_locate(const struct road_gpu_timing *timing, struct gpu_request *request);
/* What arrives before `end` takes effect and is answered. */
void gpu_memory_barrier(struct road_gpu_timing *timing, uint64_t end);

/* timing_dispatch.c */
void gpu_launch_free(struct gpu_launch *launch);
void gpu_launch_need(const struct road_gpu_timing *timing, struct gpu_launch *launch,
		     const struct road_gpu_launch_config *config);
void gpu_dispatch_begin(struct road_gpu_timing *timing, struct gpu_launch *launch);
void gpu_dispatch_barrier(struct road_gpu_timing *timing, uint64_t end);
void gpu_launch_drop(struct road_gpu_timing *timing, struct gpu_launch *launch, uint64_t cycle);
void gpu_activate(struct road_gpu_timing *timing, struct gpu_sm *sm);

#endif
