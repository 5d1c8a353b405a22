/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Data of global memory inside a quantum: loads see memory as it was at the quantum's start and
 * their own SM's stores on top; stores are kept until they arrive at the second level.
 */
#include "simulators/gpu/timing_internal.h"

#include <string.h>

static uint32_t *bucket(const struct gpu_sm *sm, uint64_t line)
{
	return &sm->store_buckets[(line * UINT64_C(0x9e3779b97f4a7c15)) >> 40 &
				  (STORE_BUCKETS - 1)];
}

/* The entry of a sequence number, or NULL once it has taken effect. */
static struct gpu_store *entry(const struct gpu_sm *sm, uint32_t sequence)
{
	if (sequence - sm->store_first >= sm->store_count)
		return NULL;
	return &sm->stores[sequence % STORE_ROOM];
}

void gpu_store_clear(struct gpu_sm *sm)
{
	/* One before the first: counts as gone. */
	sm->store_count = 0;
	for (uint32_t i = 0; i < STORE_BUCKETS; i++)
		sm->store_buckets[i] = sm->store_first - 1;
}

static struct gpu_sm *sm_of(void *ctx, const struct road_gpu_block *block)
{
	return gpu_sm_of(ctx, block);
}

static uint32_t global_lanes(const struct road_gpu_access *access)
{
	return access->mask & ~(access->shared | access->local);
}

/* ---- loads ---- */

static void copy_lane(uint8_t *to, const uint8_t *from, uint32_t bytes)
{
	switch (bytes) {
	case 4: memcpy(to, from, 4); break;
	case 8: memcpy(to, from, 8); break;
	case 16: memcpy(to, from, 16); break;
	default: memcpy(to, from, bytes); break;
	}
}

/* Bytes of own stores to this line on top of what memory said, the latest first. */
static void overlay(const struct gpu_sm *sm, uint64_t line, uint32_t offset, uint32_t bytes,
		    uint8_t *data)
{
	uint32_t word = offset / 64, shift = offset % 64; /* aligned: never across words */
	uint64_t want = bytes < 64 ? ((UINT64_C(1) << bytes) - 1) << shift : ~UINT64_C(0);
	const struct gpu_store *e = entry(sm, *bucket(sm, line));

	for (; e && want; e = entry(sm, e->older)) {
		uint64_t take = e->line == line ? want & e->mask[word] : 0;

		want &= ~take;
		for (; take; take &= take - 1) {
			uint32_t byte = (uint32_t)__builtin_ctzll(take);

			data[byte - shift] = e->data[word * 64 + byte];
		}
	}
}

static bool load_outside(const struct gpu_sm *sm, const struct road_gpu_access *access,
			 const struct gpu_launch *launch, uint32_t lane, uint8_t *data)
{
	const struct road_gpu_timing_outside *outside = &sm->timing->outside;

	return outside->load && outside->load(outside->ctx, launch->cookie, access->flags[lane],
					      access->pa[lane], data, access->bytes);
}

enum road_gpu_fault gpu_port_load_now(void *ctx, struct road_gpu_block *block,
				      const struct road_gpu_access *access, uint8_t *data)
{
	struct gpu_sm *sm = sm_of(ctx, block);
	uint32_t bytes = access->bytes;

	for (uint32_t lanes = global_lanes(access); lanes; lanes &= lanes - 1) {
		uint32_t lane = (uint32_t)__builtin_ctz(lanes);
		uint8_t *to = data + lane * 16;

		if (access->host[lane])
			copy_lane(to, access->host[lane], bytes);
		else if (!load_outside(sm, access, sm->stepped->launch, lane, to))
			return ROAD_GPU_FAULT_DMA;
		if (sm->store_count)
			overlay(sm, gpu_line_of(access->pa[lane], access->flags[lane]),
				(uint32_t)(access->pa[lane] % ROAD_GPU_LINE_BYTES), bytes, to);
	}
	return ROAD_GPU_FAULT_NONE;
}

enum road_gpu_fault gpu_port_load(void *ctx, struct road_gpu_block *block,
				  struct road_gpu_access *access, uint8_t *data)
{
	struct gpu_sm *sm = sm_of(ctx, block);

	sm->lines = gpu_coalesce(access, global_lanes(access), sm->touch, &sm->ideal);
	if (gpu_atomic_ahead(sm))
		return gpu_atomic_add(sm, access, global_lanes(access), data) ? ROAD_GPU_FAULT_NONE
									      : ROAD_GPU_FAULT_DMA;
	return gpu_port_load_now(ctx, block, access, data);
}

/* Only where no store of this SM is on its way to one of the lines. */
bool gpu_port_load_rows(void *ctx, struct road_gpu_block *block,
			const struct road_gpu_access *access)
{
	struct gpu_sm *sm = sm_of(ctx, block);

	sm->lines = gpu_coalesce(access, access->mask, sm->touch, &sm->ideal);
	if (gpu_atomic_ahead(sm))
		return false;
	for (uint32_t i = 0; sm->store_count && i < sm->lines; i++) {
		const struct gpu_store *e = entry(sm, *bucket(sm, sm->touch[i].line));

		for (; e; e = entry(sm, e->older))
			if (e->line == sm->touch[i].line)
				return false;
	}
	return true;
}

bool gpu_port_landed(void *ctx, const struct road_gpu_block *block, uint32_t warp, uint32_t batch)
{
	const struct gpu_sm *sm = sm_of(ctx, block);
	const struct gpu_warp *w = &sm->warps[sm->stepped->warps[warp]];
	uint64_t now = sm->now << 1 | 1;

	for (uint32_t age = w->copy_batch - batch; age < COPY_BATCHES; age++)
		if (w->ready[READY_COPIES + (w->copy_batch - age) % COPY_BATCHES] > now)
			return false;
	return true;
}

/* Atomics on their way have not happened yet. */
bool gpu_port_peek(void *ctx, const struct road_gpu_block *block,
		   const struct road_gpu_range *range, uint64_t address, uint8_t *out)
{
	const struct gpu_sm *sm = sm_of(ctx, block);
	const struct road_gpu_timing_outside *outside = &sm->timing->outside;
	uint64_t pa = range->pa + (address - range->va);

	if (range->host)
		*out = range->host[address - range->va];
	else if (!outside->load || !outside->load(outside->ctx, sm->stepped->launch->cookie,
						  range->flags, pa, out, 1))
		return false;
	if (sm->store_count)
		overlay(sm, gpu_line_of(pa, range->flags), (uint32_t)(pa % ROAD_GPU_LINE_BYTES), 1,
			out);
	return true;
}

/* ---- stores ---- */

static struct gpu_store *new_entry(struct gpu_sm *sm, uint64_t line,
				   const struct gpu_launch *launch,
				   const struct road_gpu_access *access, uint32_t lane)
{
	uint32_t sequence = sm->store_first + sm->store_count++;
	uint64_t pa = road_gpu_access_pa(access, lane), offset = pa % ROAD_GPU_LINE_BYTES;
	struct gpu_store *e = &sm->stores[sequence % STORE_ROOM];
	uint8_t *host = road_gpu_access_host(access, lane);

	e->line = line;
	e->mask[0] = 0;
	e->mask[1] = 0;
	e->host = host ? (uint8_t *)((uintptr_t)host - offset) : NULL;
	e->launch = launch;
	e->serial = launch->serial;
	e->pa = pa - offset;
	e->flags = road_gpu_access_flags(access, lane);
	e->older = *bucket(sm, line);
	*bucket(sm, line) = sequence;
	return e;
}

/* This instruction's entry for the line, from `first` on; the latest lanes' first. */
static struct gpu_store *find_entry(struct gpu_sm *sm, uint32_t first, uint64_t line)
{
	for (uint32_t s = sm->store_first + sm->store_count; s-- != first;) {
		struct gpu_store *e = &sm->stores[s % STORE_ROOM];

		if (e->line == line)
			return e;
	}
	return NULL;
}

static uint8_t sectors_written(const struct gpu_store *e)
{
	uint8_t sectors = 0;

	for (uint32_t s = 0; s < 4; s++)
		if (e->mask[s / 2] >> s % 2 * 32 & UINT32_MAX)
			sectors |= (uint8_t)(1u << s);
	return sectors;
}

static void send(struct gpu_sm *sm, uint32_t first)
{
	uint32_t end = sm->store_first + sm->store_count;

	sm->lines = end - first;
	for (uint32_t s = first; s != end; s++) {
		struct gpu_request request = {.line = sm->stores[s % STORE_ROOM].line,
					      .store = s,
					      .miss = ROAD_MISS_NONE,
					      .kind = REQUEST_WRITE};

		request.sectors = sectors_written(&sm->stores[s % STORE_ROOM]);
		uint32_t sectors = (unsigned)__builtin_popcount(request.sectors);

		sm->counters.sectors += sectors;
		gpu_sm_request(sm, sm->now + (s - first), &request,
			       sectors * ROAD_GPU_SECTOR_BYTES);
	}
	sm->store_end =
		sm->requests[(sm->request_first + sm->request_count - 1) % REQUEST_ROOM].arrival;
}

static bool reachable(const struct gpu_sm *sm, const struct road_gpu_access *access, uint32_t lanes)
{
	for (; lanes && !sm->timing->outside.store; lanes &= lanes - 1)
		if (!access->host[__builtin_ctz(lanes)])
			return false;
	return true;
}

/* Lane l's bytes are at data + l * stride. Returns how many bytes it stores; one that several
 * lanes store counts once. They are aligned: two lanes have all in common, or nothing. */
static uint32_t store_lanes(struct gpu_sm *sm, const struct road_gpu_access *access, uint32_t lanes,
			    const uint8_t *data, uint32_t stride)
{
	uint32_t first = sm->store_first + sm->store_count, bytes = access->bytes, different = 0;
	struct gpu_store *e = NULL;

	for (; lanes; lanes &= lanes - 1) {
		uint32_t lane = (uint32_t)__builtin_ctz(lanes);
		uint64_t pa = road_gpu_access_pa(access, lane);
		uint64_t line = gpu_line_of(pa, road_gpu_access_flags(access, lane));
		uint32_t offset = (uint32_t)(pa % ROAD_GPU_LINE_BYTES);

		if (!e || e->line != line)
			e = find_entry(sm, first, line);
		if (!e)
			e = new_entry(sm, line, sm->stepped->launch, access, lane);
		copy_lane(e->data + offset, data + lane * stride, bytes);
		different += !(e->mask[offset / 64] >> offset % 64 & 1);
		e->mask[offset / 64] |= ((UINT64_C(1) << bytes) - 1) << offset % 64;
	}
	return different * bytes;
}

/* All lanes, each behind the one before it: line by line. */
static uint32_t store_run(struct gpu_sm *sm, const struct road_gpu_access *access,
			  const uint8_t *packed)
{
	uint32_t bytes = access->bytes, done = 0, whole = ROAD_GPU_WARP_LANES * bytes;

	while (done < whole) {
		uint64_t pa = road_gpu_access_pa(access, done / bytes);
		uint32_t offset = (uint32_t)(pa % ROAD_GPU_LINE_BYTES);
		uint32_t part = ROAD_GPU_LINE_BYTES - offset;
		struct gpu_store *e = new_entry(sm, gpu_line_of(pa, access->piece.flags),
						sm->stepped->launch, access, done / bytes);

		part = part < whole - done ? part : whole - done;
		memcpy(e->data + offset, packed + done, part);
		for (uint32_t at = offset; at < offset + part; at += bytes)
			e->mask[at / 64] |= ((UINT64_C(1) << bytes) - 1) << at % 64;
		done += part;
	}
	return whole;
}

static void count_store(struct gpu_sm *sm, uint32_t bytes)
{
	sm->counters.accesses++;
	sm->counters.sectors_ideal += (bytes + ROAD_GPU_SECTOR_BYTES - 1) / ROAD_GPU_SECTOR_BYTES;
}

enum road_gpu_fault gpu_port_store(void *ctx, struct road_gpu_block *block,
				   const struct road_gpu_access *access, const uint8_t *data)
{
	struct gpu_sm *sm = sm_of(ctx, block);
	uint32_t first = sm->store_first + sm->store_count, lanes = global_lanes(access);

	if (!reachable(sm, access, lanes))
		return ROAD_GPU_FAULT_DMA;
	count_store(sm, store_lanes(sm, access, lanes, data, 16));
	if (sm->store_first + sm->store_count != first)
		send(sm, first);
	return ROAD_GPU_FAULT_NONE;
}

bool gpu_port_store_rows(void *ctx, struct road_gpu_block *block,
			 const struct road_gpu_access *access, const uint8_t *packed)
{
	struct gpu_sm *sm = sm_of(ctx, block);
	uint32_t first = sm->store_first + sm->store_count;

	count_store(sm, access->lanes.contiguous
				? store_run(sm, access, packed)
				: store_lanes(sm, access, access->mask, packed, access->bytes));
	send(sm, first);
	return true;
}

/* ---- taking effect (between quanta) ---- */

static void apply_host(const struct gpu_store *e)
{
	for (uint32_t word = 0; word < ROAD_GPU_LINE_BYTES / 8; word++) {
		uint32_t bytes = (uint32_t)(e->mask[word / 8] >> word % 8 * 8) & 0xff;

		if (bytes == 0xff)
			memcpy(e->host + word * 8, e->data + word * 8, 8);
		else
			for (; bytes; bytes &= bytes - 1) {
				uint32_t at = word * 8 + (uint32_t)__builtin_ctz(bytes);

				e->host[at] = e->data[at];
			}
	}
}

/* In the largest aligned pieces, so that a word of the program is one word of the bus. */
static void apply_outside(const struct gpu_sm *sm, const struct gpu_store *e)
{
	const struct road_gpu_timing_outside *outside = &sm->timing->outside;
	uint32_t at = 0;

	while (at < ROAD_GPU_LINE_BYTES) {
		uint64_t left = e->mask[at / 64] >> at % 64;
		uint32_t bytes = 16;

		while (bytes && (at % bytes || (left & ((UINT64_C(1) << bytes) - 1)) !=
						       (UINT64_C(1) << bytes) - 1))
			bytes /= 2;
		if (bytes)
			outside->store(outside->ctx, e->launch->cookie, e->flags, e->pa + at,
				       e->data + at, bytes);
		at += bytes ? bytes : 1;
	}
}

void gpu_store_apply(struct gpu_sm *sm, uint32_t sequence)
{
	const struct gpu_store *e = &sm->stores[sequence % STORE_ROOM];

	if (e->launch->serial != e->serial)
		return; /* dropped */
	if (e->host)
		apply_host(e);
	else
		apply_outside(sm, e);
}

void gpu_store_retire(struct gpu_sm *sm, uint32_t count)
{
	sm->store_first += count;
	sm->store_count -= count;
}

/* ---- clocks ---- */

uint64_t gpu_port_clock(void *ctx, const struct road_gpu_block *block, enum road_gpu_sreg which)
{
	const struct road_gpu_timing *timing = ctx;
	uint64_t cycle = gpu_sm_of(timing, block)->now;
	uint64_t ns = (uint64_t)((unsigned __int128)cycle * 1000000u / timing->params->clock_khz);

	/* All 64 bits: execution takes the half that the register is. */
	return which >= ROAD_GPU_SREG_GLOBALTIMER && which <= ROAD_GPU_SREG_GLOBALTIMER_HI ? ns
											   : cycle;
}
