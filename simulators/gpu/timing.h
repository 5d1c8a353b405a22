/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When things happen on the GPGPU (`time=approx`): cycle-approximate, deterministic, pure.
 *
 * SMs run for a quantum at a time, each by itself: it reads memory as it was at the quantum's
 * start, overlaid with its own stores. At the quantum's end the requests of all SMs go to the
 * second level's slices in the order (arrival, SM, sequence) and stores take effect in that
 * order; what arrives later stays. A quantum is no longer than the shortest round trip to the
 * second level nor than the dispatch of a workgroup, so nothing that an SM misses could have
 * reached it in time. Data move through road_gpu_warp_step(); times never depend on data but
 * through addresses and branches, and never on virtual addresses.
 *
 * Cycles count from the chip's reset. Calls must not go back in time; one thread at a time.
 *
 * A part of a chip that has SMs, slices and channels to itself is timed by an object of its own,
 * and so takes the same cycles whatever the other parts do.
 */
#ifndef SIMULATORS_GPU_TIMING_H
#define SIMULATORS_GPU_TIMING_H

#include "simulators/gpu/params.h"
#include "simulators/gpu/warp.h"

#define ROAD_GPU_NEVER           UINT64_MAX
#define ROAD_GPU_TIMING_LAUNCHES 64u /* begun and not yet taken */
#define ROAD_GPU_TIMING_CLIENTS  64u /* numbers of clients are below */

struct road_gpu_timing;

enum road_gpu_limit {                      /* what bounds the workgroups of an SM */
		      ROAD_GPU_LIMIT_GRID, /* the launch is too small to fill the chip */
		      ROAD_GPU_LIMIT_BLOCKS,
		      ROAD_GPU_LIMIT_WARPS,
		      ROAD_GPU_LIMIT_REGISTERS,
		      ROAD_GPU_LIMIT_SHARED,
		      ROAD_GPU_LIMITS
};

/* All members are sums since creation. Bytes of a level are 32 times its sectors. */
struct road_gpu_timing_counters {
	uint64_t warp_instructions; /* = issue slots used */
	uint64_t thread_instructions;
	uint64_t resident_warp_cycles; /* = warp_instructions + sum of stalls */
	uint64_t stalls[ROAD_GPU_STALLS];
	uint64_t active_sm_cycles; /* of SMs with a resident warp */
	uint64_t by_unit[ROAD_GPU_UNITS];
	uint64_t workgroups;
	uint64_t accesses;        /* warp loads and stores to device or system memory */
	uint64_t sectors;         /* that they touched */
	uint64_t sectors_ideal;   /* had the bytes, each counted once, been side by side */
	uint64_t shared_accesses; /* warp loads and stores to shared memory */
	uint64_t shared_replays;  /* extra passes by bank conflicts */
	uint64_t const_accesses;  /* warp loads of constants, all of which hit */
	uint64_t l1_hits, l1_misses, l1_merged; /* sectors read: there, asked for, on their way */
	uint64_t l2_reads, l2_writes;           /* sectors that arrived from SMs */
	uint64_t l2_near_hits, l2_far_hits, l2_misses; /* sectors read */
	uint64_t l2_write_backs;                       /* dirty sectors that had to go */
	uint64_t l2_atomics;                           /* lines of atomics that were worked off */
	uint64_t dram_read_bytes, dram_written_bytes;
	uint64_t dram_row_hits, dram_row_misses;
	uint64_t system_reads, system_writes; /* sectors of host memory */
	uint64_t quanta;
};

/* A launch that ended. Pointers are valid until the next call. */
struct road_gpu_timing_done {
	void *cookie;
	uint64_t begin, start, end;       /* cycles: begun, first workgroup, last store arrived */
	struct road_gpu_fault_info fault; /* code NONE: it completed */
	const struct road_gpu_statistics *stats;
	struct road_gpu_timing_counters counters; /* between begin and end, of the whole chip */
	bool overlapped;        /* another launch ran in that time: counters are of both */
	uint32_t blocks_per_sm; /* that fit */
	uint32_t warps_per_block;
	enum road_gpu_limit limit;
	uint32_t occupancy_permille; /* warps that fit, of an SM's */
	uint32_t achieved_permille;  /* resident warps, mean over SMs with work */
};

/* Memory without host pointer (struct road_gpu_range.host is NULL): one naturally aligned piece of
 * up to 16 bytes. Stores come at the time they take effect. False: it cannot be reached. */
struct road_gpu_timing_outside {
	void *ctx;
	bool (*load)(void *ctx, void *cookie, uint32_t flags, uint64_t pa, void *out,
		     uint32_t bytes);
	bool (*store)(void *ctx, void *cookie, uint32_t flags, uint64_t pa, const void *in,
		      uint32_t bytes);
};

/* Spans for the event log, in order of their ends within an SM; at the end of a quantum. */
struct road_gpu_timing_trace {
	void *ctx;
	void (*workgroup)(void *ctx, void *cookie, uint32_t sm, uint64_t linear, uint64_t start,
			  uint64_t end);
	void (*warp)(void *ctx, void *cookie, uint32_t sm, uint64_t linear, uint32_t warp,
		     uint64_t start, uint64_t end);
};

/*
 * Calls fn(arg, index) for each index below `count`, in any order, on any threads, and returns
 * when all are done. Calls for different indices touch no memory that another one writes; of
 * `outside` they use load().
 */
typedef void (*road_gpu_timing_parallel)(void *ctx, uint32_t count,
					 void (*fn)(void *arg, uint32_t index), void *arg);

enum road_gpu_timing_error {
	ROAD_GPU_TIMING_OK,
	ROAD_GPU_TIMING_MEMORY,
	ROAD_GPU_TIMING_LAUNCH,    /* see *launch_error */
	ROAD_GPU_TIMING_RESOURCES, /* a workgroup fits on no SM */
	ROAD_GPU_TIMING_FULL,      /* ROAD_GPU_TIMING_LAUNCHES are there already */
};

/* `params` must pass road_gpu_params_check() and stay. `outside` and `trace` may be NULL, are
 * copied, and are called inside _run() only. NULL: out of memory. */
struct road_gpu_timing *road_gpu_timing_create(const struct road_gpu_params *params,
					       const struct road_gpu_timing_outside *outside,
					       const struct road_gpu_timing_trace *trace);
/* Lets SMs, and then slices, of a quantum run side by side; results are the same without. Not
 * while a launch is there, and not where warps are traced. */
void road_gpu_timing_share(struct road_gpu_timing *timing, road_gpu_timing_parallel parallel,
			   void *ctx);
void road_gpu_timing_destroy(struct road_gpu_timing *timing);

/*
 * Begins a launch at `cycle`. Of the config port, slots and SMs are set here; a port given is not
 * called. Launches run side by side; for a free place an earlier one goes first. The cookie names
 * the launch in what comes back.
 */
enum road_gpu_timing_error road_gpu_timing_begin(struct road_gpu_timing *timing, uint64_t cycle,
						 const struct road_gpu_launch_config *config,
						 void *cookie,
						 enum road_gpu_launch_error *launch_error);

/* Drops a launch; its stores that have not taken effect never will. False: no such cookie. */
bool road_gpu_timing_cancel(struct road_gpu_timing *timing, void *cookie);

/*
 * Runs the quanta that start at `until` or before. Stops early after a quantum in which a launch
 * ended, or `budget` warp instructions were done (0 = no bound); where it stops changes nothing.
 * Returns the cycle to be called at next; ROAD_GPU_NEVER: nothing to do.
 *
 * To an engine: call with until = now, look for launches that ended (their ends lie in
 * [now, returned cycle)), schedule the next call at what was returned. Memory shows stores up to
 * a quantum early to agents that do not wait for the end.
 */
uint64_t road_gpu_timing_run(struct road_gpu_timing *timing, uint64_t until, uint64_t budget);

/* Takes the launch that ended first; false: none. */
bool road_gpu_timing_take(struct road_gpu_timing *timing, struct road_gpu_timing_done *out);

void road_gpu_timing_counters(const struct road_gpu_timing *timing,
			      struct road_gpu_timing_counters *out);
uint32_t road_gpu_timing_quantum(const struct road_gpu_timing *timing); /* cycles */

/* Workgroups of this launch that fit on one SM, and what bounds them; 0: none fits. */
uint32_t road_gpu_timing_occupancy(const struct road_gpu_params *params,
				   const struct road_gpu_launch_config *config,
				   enum road_gpu_limit *limit);

#endif
