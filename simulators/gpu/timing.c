/* SPDX-License-Identifier: Apache-2.0 */
/* The chip's clock: creation, launches in and out, quantum after quantum. */
#include "simulators/gpu/timing_internal.h"

#include <stdlib.h>
#include <string.h>

/* ---- creation ---- */

static uint32_t lanes_of(const struct road_gpu_params *p, unsigned unit)
{
	return p->lanes[unit] ? p->lanes[unit] : ROAD_GPU_WARP_LANES;
}

static void set_issue_cycles(struct road_gpu_timing *timing)
{
	const struct road_gpu_params *p = timing->params;

	for (unsigned u = 0; u < ROAD_GPU_UNITS; u++) {
		uint32_t lanes = lanes_of(p, u);
		uint32_t cycles = (ROAD_GPU_WARP_LANES + lanes - 1) / lanes;

		for (unsigned l = 0; l < ROAD_GPU_LATS; l++)
			timing->issue_cycles[u][l] = cycles * (p->passes[l] ? p->passes[l] : 1);
	}
}

static uint32_t quantum_of(const struct road_gpu_params *p)
{
	uint64_t q = road_gpu_round_trip(p);

	q = earlier(q, p->dispatch_latency);
	q = earlier(q, p->launch_first);
	return (uint32_t)earlier(q, p->launch_following);
}

static bool create_l1(struct gpu_sm *sm, const struct road_gpu_params *p)
{
	uint32_t room = p->l1_miss_registers + 2 * ACCESS_LINES;
	uint32_t buckets = road_misses_buckets(room);

	sm->l1.ways = p->l1_ways;
	sm->l1.sets = p->l1_bytes / ROAD_GPU_LINE_BYTES / p->l1_ways;
	sm->l1.entries = calloc((size_t)sm->l1.sets * sm->l1.ways, sizeof(*sm->l1.entries));
	sm->misses.room = room;
	sm->misses.bucket_mask = buckets - 1;
	sm->misses.miss = calloc(room, sizeof(*sm->misses.miss));
	sm->misses.answered = calloc(room, sizeof(*sm->misses.answered));
	sm->misses.buckets = calloc(buckets, sizeof(*sm->misses.buckets));
	sm->replies = calloc(room, sizeof(*sm->replies));
	if (!sm->l1.entries || !sm->misses.miss || !sm->misses.answered || !sm->misses.buckets ||
	    !sm->replies)
		return false;
	road_misses_clear(&sm->misses);
	return true;
}

static bool create_queues(struct gpu_sm *sm)
{
	sm->loads = calloc(LOAD_ROOM, sizeof(*sm->loads));
	sm->waiters = calloc(WAITER_ROOM, sizeof(*sm->waiters));
	sm->requests = calloc(REQUEST_ROOM, sizeof(*sm->requests));
	sm->stores = calloc(STORE_ROOM, sizeof(*sm->stores));
	sm->store_buckets = calloc(STORE_BUCKETS, sizeof(*sm->store_buckets));
	sm->atomics = calloc(ATOMIC_ROOM, sizeof(*sm->atomics));
	if (!sm->loads || !sm->waiters || !sm->requests || !sm->stores || !sm->store_buckets ||
	    !sm->atomics)
		return false;
	gpu_atomics_clear(sm);
	gpu_sm_clear_loads(sm);
	gpu_store_clear(sm);
	return true;
}

static bool create_warps(struct gpu_sm *sm, const struct road_gpu_params *p)
{
	sm->subcore = calloc(p->subcores, sizeof(*sm->subcore));
	sm->warps = calloc(p->warps_per_sm, sizeof(*sm->warps));
	sm->blocks = calloc(p->blocks_per_sm, sizeof(*sm->blocks));
	sm->ended = calloc(p->blocks_per_sm, sizeof(*sm->ended));
	sm->scoreboard = calloc((size_t)p->warps_per_sm * READY_SLOTS, sizeof(*sm->scoreboard));
	if (!sm->subcore || !sm->warps || !sm->blocks || !sm->ended || !sm->scoreboard)
		return false;
	for (uint32_t w = 0; w < p->warps_per_sm; w++)
		sm->warps[w].ready = sm->scoreboard + (size_t)w * READY_SLOTS;
	for (uint32_t s = 0; s < p->subcores; s++) {
		sm->subcore[s].next = NO_TIME;
		sm->subcore[s].next_wake = NO_TIME;
		sm->subcore[s].far_next = NO_TIME;
	}
	return true;
}

static bool create_sm(struct road_gpu_timing *timing, uint32_t index)
{
	const struct road_gpu_params *p = timing->params;
	struct gpu_sm *sm = &timing->sms[index];

	sm->timing = timing;
	sm->index = index;
	sm->partition = (uint32_t)((uint64_t)index * p->l2_partitions / p->sm_count);
	sm->subcores = p->subcores;
	sm->free_blocks = p->blocks_per_sm;
	sm->free_warps = p->warps_per_sm;
	sm->free_registers = p->registers_per_sm;
	sm->free_shared = p->shared_per_sm;
	sm->fault_cycle = NO_TIME;
	return create_warps(sm, p) && create_l1(sm, p) && create_queues(sm);
}

static void destroy_sm(struct gpu_sm *sm)
{
	void *const owned[] = {
		sm->subcore,        sm->warps,      sm->blocks,        sm->ended,
		sm->scoreboard,     sm->l1.entries, sm->misses.miss,   sm->misses.answered,
		sm->misses.buckets, sm->replies,    sm->loads,         sm->waiters,
		sm->requests,       sm->stores,     sm->store_buckets, sm->atomics};

	for (size_t i = 0; i < sizeof(owned) / sizeof(owned[0]); i++)
		free(owned[i]);
}

struct road_gpu_timing *road_gpu_timing_create(const struct road_gpu_params *params,
					       const struct road_gpu_timing_outside *outside,
					       const struct road_gpu_timing_trace *trace)
{
	struct road_gpu_timing *timing = calloc(1, sizeof(*timing));

	if (!timing)
		return NULL;
	timing->params = params;
	if (outside)
		timing->outside = *outside;
	if (trace)
		timing->trace = *trace;
	timing->port = (struct road_gpu_port){.ctx = timing,
					      .load = gpu_port_load,
					      .load_now = gpu_port_load_now,
					      .store = gpu_port_store,
					      .atomic = gpu_port_atomic,
					      .clock = gpu_port_clock,
					      .load_rows = gpu_port_load_rows,
					      .store_rows = gpu_port_store_rows,
					      .landed = gpu_port_landed,
					      .peek = gpu_port_peek};
	timing->quantum = quantum_of(params);
	set_issue_cycles(timing);
	timing->sms = aligned_alloc(_Alignof(struct gpu_sm), /* wider than malloc's */
				    params->sm_count * sizeof(*timing->sms));
	timing->active = calloc(params->sm_count, sizeof(*timing->active));
	timing->freed =
		calloc((size_t)params->sm_count * params->blocks_per_sm, sizeof(*timing->freed));
	if (timing->sms)
		memset(timing->sms, 0, params->sm_count * sizeof(*timing->sms));
	timing->busy =
		calloc(params->sm_count > params->l2_slices ? params->sm_count : params->l2_slices,
		       sizeof(*timing->busy));
	bool ok = timing->sms && timing->active && timing->busy && timing->freed &&
		  gpu_memory_create(timing);

	for (uint32_t i = 0; ok && i < params->sm_count; i++)
		ok = create_sm(timing, i);
	if (ok)
		return timing;
	road_gpu_timing_destroy(timing);
	return NULL;
}

void road_gpu_timing_destroy(struct road_gpu_timing *timing)
{
	if (!timing)
		return;
	for (uint32_t i = 0; i < ROAD_GPU_TIMING_LAUNCHES; i++)
		gpu_launch_free(&timing->launches[i]);
	for (uint32_t i = 0; timing->sms && i < timing->params->sm_count; i++)
		destroy_sm(&timing->sms[i]);
	if (timing->taken)
		road_gpu_launch_destroy(timing->taken);
	gpu_memory_destroy(timing);
	free(timing->freed);
	free(timing->busy);
	free(timing->active);
	free(timing->sms);
	free(timing);
}

/* ---- launches ---- */

static struct gpu_launch *free_launch(struct road_gpu_timing *timing)
{
	for (uint32_t i = 0; i < ROAD_GPU_TIMING_LAUNCHES; i++)
		if (!timing->launches[i].serial)
			return &timing->launches[i];
	return NULL;
}

/* Execution's half of a launch, with as many places as can be resident. */
static enum road_gpu_timing_error create_exec(struct road_gpu_timing *timing,
					      struct gpu_launch *launch,
					      const struct road_gpu_launch_config *config,
					      enum road_gpu_launch_error *error)
{
	struct road_gpu_launch_config own = *config;
	uint64_t places = (uint64_t)timing->params->sm_count * launch->blocks_per_sm;
	unsigned __int128 total =
		(unsigned __int128)config->grid[0] * config->grid[1] * config->grid[2];

	if (places >= total) {
		places = total ? (uint64_t)total : 1;
		launch->limit = ROAD_GPU_LIMIT_GRID;
	}
	own.slots = (uint32_t)places;
	own.port = &timing->port;
	own.sm_count = timing->params->sm_count;
	own.first_sm = timing->params->first_sm;
	own.watchdog = 0;
	launch->exec = road_gpu_launch_create(&own, error);
	if (!launch->exec)
		return ROAD_GPU_TIMING_LAUNCH;
	launch->slots = calloc(own.slots, sizeof(*launch->slots));
	launch->ops = calloc(config->code->desc.word_count + 1, sizeof(*launch->ops));
	if (!launch->slots || !launch->ops || !gpu_words_create(timing, launch))
		return ROAD_GPU_TIMING_MEMORY;
	gpu_launch_learn(timing, launch);
	/* The lowest comes off the stack first. */
	for (uint32_t i = 0; i < own.slots; i++)
		launch->slots[i] = own.slots - 1 - i;
	launch->slot_count = own.slots;
	return ROAD_GPU_TIMING_OK;
}

/* A launch behind another one finds the front end warm. */
static uint64_t launch_cost(const struct road_gpu_timing *timing, uint64_t cycle)
{
	bool warm =
		timing->order_count ||
		(timing->last_active && cycle < timing->last_active + timing->params->launch_first);

	return warm ? timing->params->launch_following : timing->params->launch_first;
}

enum road_gpu_timing_error road_gpu_timing_begin(struct road_gpu_timing *timing, uint64_t cycle,
						 const struct road_gpu_launch_config *config,
						 void *cookie,
						 enum road_gpu_launch_error *launch_error)
{
	struct gpu_launch *launch = free_launch(timing);
	enum road_gpu_limit limit;

	*launch_error = ROAD_GPU_LAUNCH_OK;
	if (!launch)
		return ROAD_GPU_TIMING_FULL;
	uint32_t fit = road_gpu_timing_occupancy(timing->params, config, &limit);

	if (!fit)
		return ROAD_GPU_TIMING_RESOURCES;
	launch->limit = limit;
	launch->blocks_per_sm =
		config->blocks_max && config->blocks_max < fit ? config->blocks_max : fit;
	enum road_gpu_timing_error error = create_exec(timing, launch, config, launch_error);

	if (error) {
		gpu_launch_free(launch);
		return error;
	}
	launch->cookie = cookie;
	launch->serial = ++timing->serial;
	launch->begin = cycle;
	launch->start = cycle + launch_cost(timing, cycle);
	launch->end = launch->start;
	launch->fault_cycle = NO_TIME;
	launch->watchdog = config->watchdog;
	launch->watchdog_base = timing->instructions;
	launch->client = config->client % ROAD_GPU_TIMING_CLIENTS;
	timing->clients |= launch->client != 0;
	gpu_launch_need(timing, launch, config);
	road_gpu_timing_counters(timing, &launch->before);
	launch->overlapped = timing->order_count > 0;
	for (uint32_t i = 0; i < timing->order_count; i++)
		timing->launches[timing->order[i]].overlapped = true;
	timing->order[timing->order_count++] = (uint32_t)(launch - timing->launches);
	gpu_dispatch_begin(timing, launch);
	return ROAD_GPU_TIMING_OK;
}

bool road_gpu_timing_cancel(struct road_gpu_timing *timing, void *cookie)
{
	for (uint32_t i = 0; i < ROAD_GPU_TIMING_LAUNCHES; i++) {
		struct gpu_launch *launch = &timing->launches[i];

		if (!launch->serial || launch->cookie != cookie)
			continue;
		launch->fault_cycle = 0; /* takes no more workgroups */
		gpu_launch_drop(timing, launch, timing->now);
		gpu_words_deliver(timing, launch);
		gpu_launch_free(launch);
		return true;
	}
	return false;
}

static struct gpu_launch *first_finished(struct road_gpu_timing *timing)
{
	struct gpu_launch *first = NULL;

	for (uint32_t i = 0; i < ROAD_GPU_TIMING_LAUNCHES; i++) {
		struct gpu_launch *launch = &timing->launches[i];

		if (launch->finished &&
		    (!first || launch->end < first->end ||
		     (launch->end == first->end && launch->serial < first->serial)))
			first = launch;
	}
	return first;
}

static void subtract(struct road_gpu_timing_counters *from,
		     const struct road_gpu_timing_counters *what)
{
	uint64_t *a = (uint64_t *)from;
	const uint64_t *b = (const uint64_t *)what;

	for (size_t i = 0; i < sizeof(*from) / sizeof(*a); i++)
		a[i] -= b[i];
}

bool road_gpu_timing_take(struct road_gpu_timing *timing, struct road_gpu_timing_done *out)
{
	const struct road_gpu_params *p = timing->params;
	struct gpu_launch *launch = first_finished(timing);

	if (timing->taken)
		road_gpu_launch_destroy(timing->taken);
	timing->taken = NULL;
	if (!launch)
		return false;
	*out = (struct road_gpu_timing_done){
		.cookie = launch->cookie,
		.begin = launch->begin,
		.start = launch->start,
		.end = launch->end,
		.fault = launch->fault,
		.stats = &launch->exec->stats,
		.counters = launch->after,
		.overlapped = launch->overlapped,
		.blocks_per_sm = launch->blocks_per_sm,
		.warps_per_block = launch->warps,
		.limit = launch->limit,
		.occupancy_permille =
			1000 * launch->blocks_per_sm * launch->warps / p->warps_per_sm,
	};
	subtract(&out->counters, &launch->before);
	uint64_t room = out->counters.active_sm_cycles * p->warps_per_sm;

	out->achieved_permille =
		room ? (uint32_t)(out->counters.resident_warp_cycles * 1000 / room) : 0;
	gpu_words_deliver(timing, launch);
	timing->taken = launch->exec;
	launch->exec = NULL;
	gpu_launch_free(launch);
	return true;
}

/* ---- running ---- */

/* The first cycle in which an SM does something, or a request arrives. */
static uint64_t next_event(const struct road_gpu_timing *timing)
{
	uint64_t next = NO_TIME;

	for (uint32_t i = 0; i < timing->active_count; i++) {
		const struct gpu_sm *sm = &timing->sms[timing->active[i]];

		next = earlier(next, gpu_sm_next(sm));
		if (sm->request_count)
			next = earlier(next, sm->requests[sm->request_first].arrival / ROAD_TICKS);
	}
	if (next == NO_TIME)
		return NO_TIME;
	return next > timing->now ? next : timing->now;
}

/* Busy SMs for which it pays to have other threads. */
#define WORTH_RUNNING 4u

void gpu_parallel(struct road_gpu_timing *timing, uint32_t count, uint64_t work, uint64_t worth,
		  void (*fn)(void *arg, uint32_t index), void *arg)
{
	/* Spans of warps are told as they end: in the order of SMs only if one thread runs them. */
	if (timing->parallel && !timing->trace.warp && work >= worth && count > 1) {
		timing->parallel(timing->parallel_ctx, count, fn, arg);
		return;
	}
	for (uint32_t i = 0; i < count; i++)
		fn(arg, i);
}

void road_gpu_timing_share(struct road_gpu_timing *timing, road_gpu_timing_parallel parallel,
			   void *ctx)
{
	timing->parallel = parallel;
	timing->parallel_ctx = ctx;
}

struct running {
	struct road_gpu_timing *timing;
	uint64_t from, end;
};

static void run_sm(void *arg, uint32_t index)
{
	const struct running *running = arg;
	struct gpu_sm *sm = &running->timing->sms[running->timing->busy[index]];

	sm->instructions = 0;
	gpu_sm_run(sm, running->from, running->end);
}

static uint64_t run_quantum(struct road_gpu_timing *timing, uint64_t from)
{
	struct running running = {timing, from, from + timing->quantum};
	uint64_t ran = 0;
	uint32_t count = 0;

	timing->quanta++;
	for (uint32_t i = 0; i < timing->active_count; i++)
		if (gpu_sm_next(&timing->sms[timing->active[i]]) < running.end)
			timing->busy[count++] = timing->active[i];
	gpu_parallel(timing, count, count, WORTH_RUNNING, run_sm, &running);
	for (uint32_t i = 0; i < count; i++)
		ran += timing->sms[timing->busy[i]].instructions;
	timing->instructions += ran;
	timing->now = running.end;
	gpu_memory_barrier(timing, running.end);
	gpu_dispatch_barrier(timing, running.end);
	return ran;
}

uint64_t road_gpu_timing_run(struct road_gpu_timing *timing, uint64_t until, uint64_t budget)
{
	uint64_t ran = 0;

	for (;;) {
		uint64_t from = next_event(timing);
		uint32_t running = timing->order_count;

		if (from == NO_TIME)
			return ROAD_GPU_NEVER;
		if (from > until)
			return from;
		ran += run_quantum(timing, from);
		if (timing->order_count < running || (budget && ran >= budget))
			return next_event(timing);
	}
}

uint32_t road_gpu_timing_quantum(const struct road_gpu_timing *timing)
{
	return timing->quantum;
}

/* ---- counters ---- */

static void add_slice(struct road_gpu_timing_counters *out, const struct gpu_slice *slice)
{
	out->l2_reads += slice->reads;
	out->l2_writes += slice->writes;
	out->l2_near_hits += slice->near_hits;
	out->l2_far_hits += slice->far_hits;
	out->l2_misses += slice->missed;
	out->l2_write_backs += slice->write_backs;
	out->l2_atomics += slice->atomics;
	out->dram_read_bytes += slice->dram.read_bytes;
	out->dram_written_bytes += slice->dram.written_bytes;
	out->dram_row_hits += slice->dram.row_hits;
	out->dram_row_misses += slice->dram.row_misses;
}

void road_gpu_timing_counters(const struct road_gpu_timing *timing,
			      struct road_gpu_timing_counters *out)
{
	uint64_t *sum = (uint64_t *)out;

	memset(out, 0, sizeof(*out));
	for (uint32_t i = 0; i < timing->params->sm_count; i++) {
		const uint64_t *part = (const uint64_t *)&timing->sms[i].counters;

		for (size_t c = 0; c < sizeof(*out) / sizeof(*sum); c++)
			sum[c] += part[c];
	}
	for (uint32_t s = 0; s < timing->slice_count; s++)
		add_slice(out, &timing->slices[s]);
	out->system_reads = timing->slices[timing->slice_count].reads;
	out->system_writes = timing->slices[timing->slice_count].writes;
	out->quanta = timing->quanta;
}
