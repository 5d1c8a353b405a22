/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The second level and device memory, at the end of a quantum. Lines spread over slices by
 * physical address. A slice index has a bank in each partition and one memory channel, and shares
 * nothing with other indices, so that slices may be worked off on different threads.
 *
 * An SM looks in its own partition's bank (near). What misses there goes to the line's home
 * partition (far) and fills the near bank too, so that the near capacity is about half.
 */
#include "simulators/gpu/timing_internal.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK_LINES 4u    /* neighbouring lines that stay in one slice: 512 bytes */
#define BANK_MISSES 1024u /* on their way from memory to a bank */

void gpu_memory_locate(const struct road_gpu_timing *timing, struct gpu_request *request)
{
	uint64_t chunk = request->line / CHUNK_LINES;
	uint64_t row = chunk / timing->slice_count; /* one chunk in each slice */
	uint64_t turn = row ^ row >> 5 ^ row >> 11;

	request->local = row * CHUNK_LINES + request->line % CHUNK_LINES;
	request->home = 0;
	if (timing->params->l2_partitions == 2)
		request->home = (uint8_t)((row ^ row >> 9 ^ row >> 14) & 1);
	/* A turn of the row: as even as without, and no stride meets one slice only. */
	request->slice = (uint16_t)((chunk % timing->slice_count + turn % timing->slice_count) %
				    timing->slice_count);
	if (request->line & LINE_SYSTEM)
		request->slice = (uint16_t)timing->slice_count;
}

/* ---- order of arrival ---- */

static bool before(const struct gpu_order *a, const struct gpu_order *b)
{
	return a->arrival != b->arrival ? a->arrival < b->arrival : a->sm < b->sm;
}

static void sift(struct gpu_order *heap, uint32_t count, uint32_t at)
{
	struct gpu_order moving = heap[at];

	for (;;) {
		uint32_t child = 2 * at + 1;

		if (child >= count)
			break;
		if (child + 1 < count && before(&heap[child + 1], &heap[child]))
			child++;
		if (!before(&heap[child], &moving))
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = moving;
}

static struct gpu_order pop(struct gpu_slice *slice)
{
	struct gpu_order first = slice->heap[0];

	slice->heap[0] = slice->heap[--slice->heap_count];
	if (slice->heap_count)
		sift(slice->heap, slice->heap_count, 0);
	return first;
}

/* How many of the SM's requests arrive before `end` (ticks). */
static uint32_t arriving(const struct gpu_sm *sm, uint64_t end)
{
	uint32_t n = 0;

	while (n < sm->request_count &&
	       sm->requests[(sm->request_first + n) % REQUEST_ROOM].arrival < end)
		n++;
	return n;
}

/* Hands the arriving requests of all SMs to their slices' heaps. */
static void distribute(struct road_gpu_timing *timing, uint64_t end)
{
	struct gpu_order *place = timing->orders;

	for (uint32_t i = 0; i < timing->active_count; i++) {
		struct gpu_sm *sm = &timing->sms[timing->active[i]];

		sm->arriving = arriving(sm, end);
		for (uint32_t n = 0; n < sm->arriving; n++)
			timing->slices[sm->requests[(sm->request_first + n) % REQUEST_ROOM].slice]
				.heap_count++;
	}
	for (uint32_t s = 0; s <= timing->slice_count; s++) {
		timing->slices[s].heap = place;
		place += timing->slices[s].heap_count;
		timing->slices[s].heap_count = 0;
	}
	for (uint32_t i = 0; i < timing->active_count; i++) {
		struct gpu_sm *sm = &timing->sms[timing->active[i]];

		for (uint32_t n = 0; n < sm->arriving; n++) {
			uint32_t at = (sm->request_first + n) % REQUEST_ROOM;
			struct gpu_slice *slice = &timing->slices[sm->requests[at].slice];

			slice->heap[slice->heap_count++] =
				(struct gpu_order){sm->requests[at].arrival, sm->index, at};
		}
	}
}

/* ---- a slice ---- */

struct visit {
	struct road_gpu_timing *timing;
	struct gpu_slice *slice;
	const struct gpu_request *request;
	uint64_t start; /* ticks: when the bank takes it */
	uint64_t ready; /* ticks: when all of it is at the bank */
};

static uint64_t lookup_ticks(const struct visit *v)
{
	return road_ticks_of_cycles(v->timing->params->l2_latency);
}

static uint64_t half_hop_ticks(const struct visit *v)
{
	return road_ticks_of_cycles(v->timing->params->l2_hop_latency) / 2;
}

/*
 * Memory is told everything as if it came from the far side, so that arrivals are in order; what
 * the near side gains is taken off the answer.
 */
static uint64_t memory_access(const struct visit *v, uint64_t local, uint32_t sectors, bool write)
{
	uint64_t arrival = v->start + lookup_ticks(v) + half_hop_ticks(v);

	return road_dram_access(&v->slice->dram, &v->timing->dram, arrival,
				local * ROAD_GPU_LINE_BYTES, sectors, write);
}

static void fill(const struct visit *v, struct gpu_bank *bank, uint8_t sectors, uint8_t dirty)
{
	struct road_cache_victim victim;

	road_cache_fill(&bank->cache, v->request->local, sectors, dirty, &victim);
	if (!victim.dirty)
		return;
	uint32_t n = (unsigned)__builtin_popcount(victim.dirty);

	v->slice->write_backs += n;
	memory_access(v, victim.line, n, true);
}

/* Sectors on their way to the bank: takes them off `want`, *ready no earlier than they come. What
 * came before the bank took the request is on its way no more, whether it is forgotten or not. */
static uint8_t merge(const struct visit *v, struct gpu_bank *bank, uint8_t want, uint64_t *ready)
{
	uint64_t local = v->request->local;
	uint16_t miss = ROAD_MISS_NONE;

	while (want && bank->misses.count &&
	       (miss = road_misses_next(&bank->misses, local, miss)) != ROAD_MISS_NONE) {
		const struct road_miss *m = &bank->misses.miss[miss];

		if (!(want & m->sectors) || m->ready <= v->start)
			continue;
		if (m->ready > *ready)
			*ready = m->ready;
		want = (uint8_t)(want & ~m->sectors);
	}
	return want;
}

static void on_its_way(struct gpu_bank *bank, uint64_t local, uint8_t sectors, uint64_t ready)
{
	uint16_t miss = road_misses_add(&bank->misses, local, sectors);

	if (miss != ROAD_MISS_NONE)
		road_misses_answer(&bank->misses, miss, ready);
}

/* What of `want` is at the bank or comes to it by itself; the rest is returned. */
static uint8_t look(const struct visit *v, struct gpu_bank *bank, uint8_t want, uint64_t *ready)
{
	/* Nobody who comes later is earlier than this one's arrival. */
	road_misses_retire(&bank->misses, v->request->arrival);
	want = merge(v, bank, want, ready);
	return want ? (uint8_t)(want & ~road_cache_lookup(&bank->cache, v->request->local, want))
		    : want;
}

/* The home partition's bank on behalf of the other one: when the sectors are at the near bank. */
static uint64_t read_far(const struct visit *v, uint8_t want)
{
	struct gpu_bank *bank = &v->slice->bank[v->request->home];
	uint64_t local = v->request->local, half = half_hop_ticks(v);
	uint32_t n = (unsigned)__builtin_popcount(want);
	uint64_t ticks = n * v->timing->slice_ticks;
	uint64_t asked = v->start + lookup_ticks(v) + half;
	uint64_t queued = road_link_take(&bank->hop, asked, ticks) - ticks - asked;
	uint64_t ready = asked + queued;

	uint8_t missing = look(v, bank, want, &ready);
	uint32_t missed = (unsigned)__builtin_popcount(missing);

	v->slice->far_hits += n - missed;
	if (missing) {
		uint64_t end = memory_access(v, local, missed, false) + queued;

		v->slice->missed += missed;
		fill(v, bank, missing, 0);
		on_its_way(bank, local, missing, end);
		if (end > ready)
			ready = end;
	}
	return ready + half;
}

static void read_line(struct visit *v, const struct gpu_sm *sm)
{
	const struct gpu_request *request = v->request;
	struct gpu_bank *bank = &v->slice->bank[sm->partition];
	uint32_t n = (unsigned)__builtin_popcount(request->sectors);
	uint64_t ticks = n * v->timing->slice_ticks;

	v->start = road_link_take(&bank->port, request->arrival, ticks) - ticks;
	v->ready = v->start + lookup_ticks(v);
	uint8_t missing = look(v, bank, request->sectors, &v->ready);
	uint32_t missed = (unsigned)__builtin_popcount(missing);
	uint64_t end;

	v->slice->reads += n;
	v->slice->near_hits += n - missed;
	if (!missing)
		return;
	if (request->home != sm->partition) {
		end = read_far(v, missing);
	} else {
		end = memory_access(v, request->local, missed, false) - half_hop_ticks(v);
		v->slice->missed += missed;
	}
	fill(v, bank, missing, 0);
	on_its_way(bank, request->local, missing, end);
	if (end > v->ready)
		v->ready = end;
}

/* Whole or partial sectors alike: a bank keeps which bytes are new. Near copies stay in step. */
static void write_line(struct visit *v, const struct gpu_sm *sm)
{
	const struct gpu_request *request = v->request;
	struct gpu_bank *bank = &v->slice->bank[request->home];
	struct road_link *link = request->home == sm->partition ? &bank->port : &bank->hop;
	uint32_t n = (unsigned)__builtin_popcount(request->sectors);
	uint64_t ticks = n * v->timing->slice_ticks;

	v->start = road_link_take(link, request->arrival, ticks) - ticks;
	v->slice->writes += n;
	fill(v, bank, request->sectors, request->sectors);
}

/* Read, changed and written in the line's home; loads that go behind atomics are only read. */
static void update_line(struct visit *v, const struct gpu_sm *sm)
{
	const struct gpu_request *request = v->request;
	struct gpu_bank *bank = &v->slice->bank[request->home];
	bool near = request->home == sm->partition;
	struct road_link *link = near ? &bank->port : &bank->hop;
	uint32_t n = (unsigned)__builtin_popcount(request->sectors);
	uint64_t ticks = n * v->timing->slice_ticks;
	uint64_t cycles = road_ticks_of_cycles(gpu_atomic_cycles(sm, request));
	uint64_t half = half_hop_ticks(v), end;

	ticks = cycles > ticks ? cycles : ticks;
	v->start = road_link_take(link, request->arrival, ticks) - ticks;
	v->ready = v->start + ticks + lookup_ticks(v);
	uint8_t missing = look(v, bank, request->sectors, &v->ready);
	uint32_t missed = (unsigned)__builtin_popcount(missing);

	v->slice->atomics++;
	v->slice->reads += n;
	*(near ? &v->slice->near_hits : &v->slice->far_hits) += n - missed;
	if (missing) {
		end = memory_access(v, request->local, missed, false) - half + ticks;
		v->slice->missed += missed;
		on_its_way(bank, request->local, missing, end);
		if (end > v->ready)
			v->ready = end;
	}
	fill(v, bank, request->sectors, request->sectors);
	if (!near)
		v->ready += 2 * half;
}

/* Host memory: one bus for all. */
static void pass_bus(struct visit *v)
{
	uint32_t sectors = (unsigned)__builtin_popcount(v->request->sectors);
	uint64_t ticks = road_link_ticks(sectors * ROAD_GPU_SECTOR_BYTES, SYSTEM_RATE);

	v->ready = road_link_take(&v->timing->system, v->request->arrival, ticks) +
		   road_ticks_of_cycles(SYSTEM_LATENCY);
	*(v->request->kind == REQUEST_WRITE ? &v->slice->writes : &v->slice->reads) += sectors;
}

static void visit_bank(struct visit *v, const struct gpu_sm *sm)
{
	if (v->request->kind == REQUEST_WRITE)
		write_line(v, sm);
	else if (v->request->kind == REQUEST_READ || gpu_atomic_reads(sm, v->request))
		read_line(v, sm);
	else
		update_line(v, sm);
}

static void serve(struct road_gpu_timing *timing, struct gpu_slice *slice)
{
	bool bus = slice == &timing->slices[timing->slice_count];

	for (uint32_t at = slice->heap_count / 2; at-- > 0;)
		sift(slice->heap, slice->heap_count, at);
	while (slice->heap_count) {
		struct gpu_order first = pop(slice);
		struct gpu_sm *sm = &timing->sms[first.sm];
		struct visit v = {
			.timing = timing, .slice = slice, .request = &sm->requests[first.request]};

		if (bus)
			pass_bus(&v);
		else
			visit_bank(&v, sm);
		if (v.request->kind == REQUEST_WRITE)
			gpu_store_apply(sm, v.request->store);
		if (v.request->kind == REQUEST_ATOMIC)
			gpu_atomic_apply(sm, v.request);
		sm->requests[first.request].reply =
			v.ready + road_ticks_of_cycles(timing->params->network_latency);
	}
}

/* ---- the way back ---- */

static int compare_replies(const void *a, const void *b)
{
	const struct gpu_reply *x = a, *y = b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return x->miss < y->miss ? -1 : x->miss > y->miss;
}

static void sort_replies(struct gpu_reply *reply, uint32_t count)
{
	if (count > 24) {
		qsort(reply, count, sizeof(*reply), compare_replies);
		return;
	}
	for (uint32_t i = 1; i < count; i++) {
		struct gpu_reply moving = reply[i];
		uint32_t at = i;

		for (; at && compare_replies(&moving, &reply[at - 1]) < 0; at--)
			reply[at] = reply[at - 1];
		reply[at] = moving;
	}
}

/* Of the requests that arrived and want one. */
static void gather_replies(struct gpu_sm *sm)
{
	for (uint32_t n = 0; n < sm->arriving; n++) {
		const struct gpu_request *request =
			&sm->requests[(sm->request_first + n) % REQUEST_ROOM];

		if (request->miss == ROAD_MISS_NONE)
			continue;
		sm->replies[sm->reply_count++] = (struct gpu_reply){
			request->reply, request->miss,
			(unsigned)__builtin_popcount(request->sectors) * ROAD_GPU_SECTOR_BYTES};
	}
}

static void take_replies(struct gpu_sm *sm, uint64_t end)
{
	uint32_t rate = sm->timing->params->network_reply_rate;

	sort_replies(sm->replies, sm->reply_count);
	for (uint32_t i = 0; i < sm->reply_count; i++) {
		const struct gpu_reply *reply = &sm->replies[i];
		uint64_t ticks = road_link_ticks(reply->bytes, rate);
		uint64_t cycle = road_cycles_of_ticks(
			road_link_take(&sm->reply_port, reply->time, ticks) - ticks);

		gpu_sm_answer(sm, (uint16_t)reply->miss, cycle > end ? cycle : end);
	}
	sm->reply_count = 0;
}

static void retire(struct gpu_sm *sm)
{
	uint32_t stores = 0;

	for (uint32_t n = 0; n < sm->arriving; n++) {
		const struct gpu_request *request =
			&sm->requests[(sm->request_first + n) % REQUEST_ROOM];

		stores += request->kind == REQUEST_WRITE;
		if (request->kind == REQUEST_ATOMIC)
			gpu_atomic_retire(sm, request);
	}
	gpu_store_retire(sm, stores);
	sm->request_first = (sm->request_first + sm->arriving) % REQUEST_ROOM;
	sm->request_count -= sm->arriving;
}

/* ---- the parts of a barrier, each of which may be shared among threads ---- */

/* Requests, or SMs with some, for which it pays to have other threads. */
#define WORTH_SERVING 96u
#define WORTH_TAKING  8u

static void serve_one(void *arg, uint32_t index)
{
	struct road_gpu_timing *timing = arg;

	serve(timing, &timing->slices[timing->busy[index]]);
}

/* The bus calls the host: on this thread. */
static void serve_all(struct road_gpu_timing *timing)
{
	struct gpu_slice *bus = &timing->slices[timing->slice_count];
	uint32_t count = 0;
	uint64_t requests = 0;

	for (uint32_t s = 0; s < timing->slice_count; s++) {
		requests += timing->slices[s].heap_count;
		if (timing->slices[s].heap_count)
			timing->busy[count++] = s;
	}
	gpu_parallel(timing, count, requests, WORTH_SERVING, serve_one, timing);
	if (bus->heap_count)
		serve(timing, bus);
}

struct taking {
	struct road_gpu_timing *timing;
	uint64_t end;
};

static void take_one(void *arg, uint32_t index)
{
	const struct taking *taking = arg;
	struct gpu_sm *sm = &taking->timing->sms[taking->timing->busy[index]];

	gather_replies(sm);
	retire(sm);
	take_replies(sm, taking->end);
}

void gpu_memory_barrier(struct road_gpu_timing *timing, uint64_t end)
{
	struct taking taking = {timing, end};
	uint32_t count = 0;

	distribute(timing, road_ticks_of_cycles(end));
	serve_all(timing);
	for (uint32_t i = 0; i < timing->active_count; i++)
		if (timing->sms[timing->active[i]].arriving)
			timing->busy[count++] = timing->active[i];
	gpu_parallel(timing, count, count, WORTH_TAKING, take_one, &taking);
}

/* ---- creation ---- */

static bool create_bank(struct gpu_bank *bank, const struct road_gpu_params *p)
{
	uint32_t buckets = road_misses_buckets(BANK_MISSES);

	bank->cache.ways = p->l2_ways;
	bank->cache.sets = (uint32_t)(p->l2_bytes / p->l2_partitions / p->l2_slices / p->l2_ways /
				      ROAD_GPU_LINE_BYTES);
	bank->cache.entries =
		calloc((size_t)bank->cache.sets * bank->cache.ways, sizeof(*bank->cache.entries));
	bank->misses.room = BANK_MISSES;
	bank->misses.bucket_mask = buckets - 1;
	bank->misses.miss = calloc(BANK_MISSES, sizeof(*bank->misses.miss));
	bank->misses.answered = calloc(BANK_MISSES, sizeof(*bank->misses.answered));
	bank->misses.buckets = calloc(buckets, sizeof(*bank->misses.buckets));
	if (!bank->cache.entries || !bank->misses.miss || !bank->misses.answered ||
	    !bank->misses.buckets)
		return false;
	road_misses_clear(&bank->misses);
	return true;
}

bool gpu_memory_create(struct road_gpu_timing *timing)
{
	const struct road_gpu_params *p = timing->params;

	timing->slice_count = p->l2_slices;
	timing->slice_ticks = road_link_ticks(ROAD_GPU_SECTOR_BYTES, p->l2_slice_rate);
	timing->dram = (struct road_dram_timing){
		.banks = p->dram_banks,
		.row_bytes = p->dram_row_bytes,
		.sector = road_dram_sector_ticks(p->dram_rate, p->l2_slices,
						 (uint64_t)p->clock_khz * 1000),
		.access = road_ticks_of_cycles(p->dram_latency),
		.activate = road_ticks_of_cycles(p->dram_activate),
		.precharge = road_ticks_of_cycles(p->dram_precharge),
	};
	timing->slices = calloc(p->l2_slices + 1u, sizeof(*timing->slices));
	timing->orders = calloc((size_t)p->sm_count * REQUEST_ROOM, sizeof(*timing->orders));
	if (!timing->slices || !timing->orders)
		return false;
	for (uint32_t s = 0; s < p->l2_slices; s++) {
		struct gpu_slice *slice = &timing->slices[s];

		slice->dram.banks = calloc(p->dram_banks, sizeof(*slice->dram.banks));
		if (!slice->dram.banks)
			return false;
		for (uint32_t b = 0; b < p->l2_partitions; b++)
			if (!create_bank(&slice->bank[b], p))
				return false;
	}
	return true;
}

void gpu_memory_destroy(struct road_gpu_timing *timing)
{
	for (uint32_t s = 0; timing->slices && s < timing->slice_count; s++) {
		struct gpu_slice *slice = &timing->slices[s];

		for (uint32_t b = 0; b < 2; b++) {
			free(slice->bank[b].cache.entries);
			free(slice->bank[b].misses.miss);
			free(slice->bank[b].misses.answered);
			free(slice->bank[b].misses.buckets);
		}
		free(slice->dram.banks);
	}
	free(timing->slices);
	free(timing->orders);
}
