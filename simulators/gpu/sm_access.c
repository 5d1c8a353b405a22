/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a load or store costs on its SM: lines and sectors of global memory, the first level and
 * its misses, bank conflicts of shared memory. Stores went through sm_store.c already; here they
 * only take the unit's time.
 */
#include "simulators/gpu/timing_internal.h"

#include <string.h>

#define BANKS      32u
#define BANK_BYTES 4u

/* ---- coalescing ---- */

static uint8_t sectors_of(uint64_t pa, uint32_t bytes)
{
	uint32_t first = (uint32_t)(pa % ROAD_GPU_LINE_BYTES) / ROAD_GPU_SECTOR_BYTES;
	uint32_t last = (uint32_t)((pa + bytes - 1) % ROAD_GPU_LINE_BYTES) / ROAD_GPU_SECTOR_BYTES;

	return (uint8_t)((2u << last) - (1u << first));
}

/* The line's place among the n found so far, or n. Neighbouring lanes mostly share one. */
static uint32_t find_line(const struct gpu_touch *touch, uint32_t n, uint64_t line)
{
	for (uint32_t i = n; i-- > 0;)
		if (touch[i].line == line)
			return i;
	return n;
}

static uint32_t sectors_filled(uint32_t bytes)
{
	return (bytes + ROAD_GPU_SECTOR_BYTES - 1) / ROAD_GPU_SECTOR_BYTES;
}

/* All bytes from the first lane's on. */
static uint32_t coalesce_run(const struct road_gpu_access *access, struct gpu_touch *touch)
{
	uint64_t pa = road_gpu_access_pa(access, 0), end = pa + ROAD_GPU_WARP_LANES * access->bytes;
	uint32_t n = 0;

	while (pa < end) {
		uint64_t next = (pa / ROAD_GPU_LINE_BYTES + 1) * ROAD_GPU_LINE_BYTES;
		uint32_t bytes = (uint32_t)((next < end ? next : end) - pa);

		touch[n++] = (struct gpu_touch){gpu_line_of(pa, access->piece.flags),
						sectors_of(pa, bytes)};
		pa = next;
	}
	return n;
}

/* Different addresses among the lanes, in whatever order, with n lines found. Lanes' bytes are
 * aligned to their number: two lanes ask for the same ones, or have none in common. */
static __attribute__((noinline)) uint32_t count_different(const struct road_gpu_access *access,
							  uint32_t lanes,
							  const struct gpu_touch *touch, uint32_t n)
{
	uint64_t seen[ACCESS_LINES][2] = {{0}}; /* first bytes of lanes */
	uint32_t different = 0;

	for (; lanes; lanes &= lanes - 1) {
		uint32_t lane = (uint32_t)__builtin_ctz(lanes);
		uint64_t pa = road_gpu_access_pa(access, lane), bit = UINT64_C(1) << pa % 64;
		uint64_t line = gpu_line_of(pa, road_gpu_access_flags(access, lane));
		uint64_t *half = &seen[find_line(touch, n, line)][pa / 64 % 2];

		different += !(*half & bit);
		*half |= bit;
	}
	return different;
}

/* Lines between the least and the greatest so far are looked for; others are new. */
static uint32_t coalesce_lanes(const struct road_gpu_access *access, uint32_t lanes,
			       struct gpu_touch *touch, uint32_t *ideal)
{
	uint64_t least = UINT64_MAX, greatest = 0, before = UINT64_MAX;
	uint32_t n = 0, different = 0, back = 0;

	for (uint32_t left = lanes; left; left &= left - 1) {
		uint32_t lane = (uint32_t)__builtin_ctz(left);
		uint64_t pa = road_gpu_access_pa(access, lane);
		uint64_t line = gpu_line_of(pa, road_gpu_access_flags(access, lane));
		bool outside = line < least || line > greatest || !n;
		uint32_t at = outside ? n : find_line(touch, n, line);

		if (at == n)
			touch[n++] = (struct gpu_touch){.line = line};
		/* With the kind of memory, which addresses of two kinds may have in common. */
		uint64_t place = pa ^ (line & ~LINE_MASK);

		different += place != before;
		back += place < before;
		before = place;
		touch[at].sectors |= sectors_of(pa, access->bytes);
		least = line < least ? line : least;
		greatest = line > greatest ? line : greatest;
	}
	if (back > 1) /* the first one is */
		different = count_different(access, lanes, touch, n);
	*ideal = sectors_filled(different * access->bytes);
	return n;
}

uint32_t gpu_coalesce(const struct road_gpu_access *access, uint32_t lanes, struct gpu_touch *touch,
		      uint32_t *ideal)
{
	uint64_t low, high;

	if (!access->together)
		return coalesce_lanes(access, lanes, touch, ideal);
	*ideal = sectors_filled(ROAD_GPU_WARP_LANES * access->bytes);
	if (access->lanes.contiguous)
		return coalesce_run(access, touch);
	low = access->piece.pa + (uint32_t)access->low;
	high = access->piece.pa + (uint32_t)access->high + access->bytes - 1;
	if (low / ROAD_GPU_SECTOR_BYTES != high / ROAD_GPU_SECTOR_BYTES)
		return coalesce_lanes(access, lanes, touch, ideal);
	*ideal = 1;
	touch[0] = (struct gpu_touch){gpu_line_of(low, access->piece.flags), sectors_of(low, 1)};
	return 1;
}

/* Local memory keeps a word of all lanes side by side: a line for each word that lanes touch. */
static uint32_t coalesce_local(const struct gpu_sm *sm, uint32_t slot,
			       const struct road_gpu_access *access, uint32_t lanes,
			       struct gpu_touch *touch)
{
	uint64_t own = (uint64_t)sm->index * sm->timing->params->warps_per_sm + slot;
	uint32_t words = access->bytes > 4 ? access->bytes / 4u : 1;
	uint32_t n = 0;

	for (; lanes; lanes &= lanes - 1) {
		uint32_t lane = (uint32_t)__builtin_ctz(lanes);
		uint8_t sector = (uint8_t)(1u << lane / 8);

		for (uint32_t w = 0; w < words; w++) {
			uint64_t word = (road_gpu_access_offset(access, lane) / 4 + w) & 0xffffff;
			uint64_t line = LINE_LOCAL | own << 24 | word;
			uint32_t at = find_line(touch, n, line);

			if (at == n && n == ACCESS_LINES)
				continue; /* scattered vectors: the rest counts for nothing */
			if (at == n)
				touch[n++] = (struct gpu_touch){.line = line};
			touch[at].sectors |= sector;
		}
	}
	return n;
}

/* ---- shared memory ---- */

struct banks {
	uint64_t word[BANKS]; /* distinct words of the pass */
	uint8_t next[BANKS], head[BANKS], depth[BANKS];
	uint32_t count, deepest;
};

static void touch_word(struct banks *banks, uint64_t word)
{
	uint32_t bank = (uint32_t)word % BANKS;

	for (uint8_t at = banks->head[bank]; at; at = banks->next[at - 1])
		if (banks->word[at - 1] == word)
			return; /* broadcast */
	banks->word[banks->count] = word;
	banks->next[banks->count] = banks->head[bank];
	banks->head[bank] = (uint8_t)++banks->count;
	if (++banks->depth[bank] > banks->deepest)
		banks->deepest = banks->depth[bank];
}

/* Passes of the lanes of one group: 32 words at the most. */
static uint32_t group_passes(const struct road_gpu_access *access, uint32_t lanes)
{
	uint32_t words = access->bytes > BANK_BYTES ? access->bytes / BANK_BYTES : 1;
	struct banks banks = {.count = 0};

	for (; lanes; lanes &= lanes - 1) {
		uint64_t word =
			road_gpu_access_offset(access, (uint32_t)__builtin_ctz(lanes)) / BANK_BYTES;

		for (uint32_t w = 0; w < words; w++)
			touch_word(&banks, word + w);
	}
	return banks.deepest;
}

/* Does each bank give one word only? The common case, decided without clearing tables. */
static bool conflict_free(const struct road_gpu_access *access, uint32_t lanes)
{
	uint64_t word[BANKS];
	uint32_t seen = 0;

	/* Fewer words than banks from the first to the last. */
	if (access->together &&
	    (uint32_t)access->high / BANK_BYTES - (uint32_t)access->low / BANK_BYTES < BANKS)
		return true;
	for (; lanes; lanes &= lanes - 1) {
		uint64_t w =
			road_gpu_access_offset(access, (uint32_t)__builtin_ctz(lanes)) / BANK_BYTES;
		uint32_t bank = (uint32_t)w % BANKS;

		if (!(seen >> bank & 1)) {
			seen |= 1u << bank;
			word[bank] = w;
		} else if (word[bank] != w) {
			return false;
		}
	}
	return true;
}

uint32_t gpu_bank_passes(const struct road_gpu_access *access, uint32_t lanes, uint32_t *ideal)
{
	uint32_t group = access->bytes > BANK_BYTES ? 128u / access->bytes : ROAD_GPU_WARP_LANES;
	uint32_t passes = 0;

	*ideal = 1;
	if (access->bytes <= BANK_BYTES && conflict_free(access, lanes))
		return 1;
	*ideal = 0;
	for (uint32_t first = 0; first < ROAD_GPU_WARP_LANES; first += group) {
		uint32_t in = lanes & (uint32_t)(((UINT64_C(1) << group) - 1) << first);

		if (!in)
			continue;
		passes += group_passes(access, in);
		++*ideal;
	}
	return passes;
}

/* ---- loads that wait for misses ---- */

void gpu_sm_clear_loads(struct gpu_sm *sm)
{
	for (uint32_t i = 0; i < LOAD_ROOM; i++)
		sm->loads[i].next = i + 1 < LOAD_ROOM ? i + 2 : 0;
	for (uint32_t i = 0; i < WAITER_ROOM; i++)
		sm->waiters[i].next = i + 1 < WAITER_ROOM ? i + 2 : 0;
	sm->load_unused = 1;
	sm->waiter_unused = 1;
	sm->loads_used = 0;
	sm->waiters_used = 0;
}

/* hold_while_full() keeps enough of both free for a whole instruction. */
static uint32_t take_load(struct gpu_sm *sm)
{
	uint32_t load = sm->load_unused - 1;

	sm->load_unused = sm->loads[load].next;
	sm->loads_used++;
	return load;
}

static void wait_for_miss(struct gpu_sm *sm, uint32_t load, uint16_t miss)
{
	uint32_t waiter = sm->waiter_unused - 1;

	sm->waiter_unused = sm->waiters[waiter].next;
	sm->waiters_used++;
	sm->waiters[waiter] = (struct gpu_waiter){load, sm->misses.miss[miss].waiters};
	sm->misses.miss[miss].waiters = waiter + 1;
	sm->loads[load].pending++;
}

static void set_rows(struct gpu_warp *w, uint32_t first, uint32_t rows, uint64_t ready)
{
	for (uint32_t r = 0; r < rows; r++)
		w->ready[first + r] = ready;
}

/* A copy of this batch is there at `ready`; the batch is when its last one is. */
static void copy_done(struct gpu_warp *w, uint32_t slot, uint64_t ready)
{
	struct gpu_copies *copies = &w->copies[slot - READY_COPIES];

	if (ready > copies->ready)
		copies->ready = ready;
	if (!copies->pending)
		w->ready[slot] = copies->ready << 1 | 1;
}

static void load_done(struct gpu_sm *sm, uint32_t index)
{
	struct gpu_load *load = &sm->loads[index];
	struct gpu_warp *w = &sm->warps[load->warp];

	bool same = w->exec && w->born == load->born, here = same && !w->done;

	if (load->atomic)
		gpu_atomic_finish(sm, load->atomic - 1, here ? w : NULL);
	/* Others may wait for the copies of a warp that has left. */
	if (same && load->first >= READY_COPIES) {
		w->copies[load->first - READY_COPIES].pending--;
		copy_done(w, load->first, load->ready);
	} else if (here) {
		set_rows(w, load->first, load->rows, load->ready << 1 | 1);
	}
	if (here)
		gpu_sm_wake(sm, load->warp);
	load->next = sm->load_unused;
	sm->load_unused = index + 1;
	sm->loads_used--;
}

void gpu_sm_answer(struct gpu_sm *sm, uint16_t miss, uint64_t ready)
{
	uint32_t waiter = sm->misses.miss[miss].waiters;

	road_misses_answer(&sm->misses, miss, ready);
	while (waiter) {
		struct gpu_waiter *node = &sm->waiters[waiter - 1];
		struct gpu_load *load = &sm->loads[node->load];
		uint32_t next = node->next;

		if (ready > load->ready)
			load->ready = ready;
		if (!--load->pending)
			load_done(sm, node->load);
		node->next = sm->waiter_unused;
		sm->waiter_unused = waiter;
		sm->waiters_used--;
		waiter = next;
	}
	sm->misses.miss[miss].waiters = 0;
}

/* ---- global loads ---- */

void gpu_sm_request(struct gpu_sm *sm, uint64_t cycle, const struct gpu_request *request,
		    uint32_t data_bytes)
{
	const struct road_gpu_params *p = sm->timing->params;
	uint32_t at = (sm->request_first + sm->request_count++) % REQUEST_ROOM;
	uint64_t ticks = road_link_ticks(REQUEST_HEADER + data_bytes, p->network_request_rate);
	uint64_t sent = road_link_take(&sm->request_port,
				       road_ticks_of_cycles(cycle + p->l1_miss_latency), ticks);

	sm->requests[at] = *request;
	gpu_memory_locate(sm->timing, &sm->requests[at]);
	/* What the port takes for a request alone is part of the latency. */
	sm->requests[at].arrival = sent - ticks + road_ticks_of_cycles(p->network_latency);
}

struct fetch {
	struct gpu_sm *sm;
	uint32_t load;  /* index, or UINT32_MAX while it waits for nothing */
	uint64_t ready; /* cycle, of what is known */
	bool bypass;    /* the first level is not looked at */
};

static void fetch_wait(struct fetch *f, uint16_t miss)
{
	uint64_t known = f->sm->misses.miss[miss].ready;

	if (known != ROAD_MISS_UNKNOWN) {
		if (known > f->ready)
			f->ready = known;
		return;
	}
	if (f->load == UINT32_MAX) {
		f->load = take_load(f->sm);
		f->sm->loads[f->load].pending = 0;
	}
	wait_for_miss(f->sm, f->load, miss);
}

static uint8_t merge(struct fetch *f, uint64_t line, uint8_t want)
{
	struct road_misses *misses = &f->sm->misses;
	uint16_t miss = ROAD_MISS_NONE;

	if (!misses->count)
		return want;
	while (want && (miss = road_misses_next(misses, line, miss)) != ROAD_MISS_NONE) {
		uint8_t common = want & misses->miss[miss].sectors;

		if (!common)
			continue;
		f->sm->counters.l1_merged += (unsigned)__builtin_popcount(common);
		fetch_wait(f, miss);
		want = (uint8_t)(want & ~common);
	}
	return want;
}

static void fetch_line(struct fetch *f, const struct gpu_touch *touch, uint64_t cycle)
{
	struct gpu_sm *sm = f->sm;
	struct road_cache_victim victim;
	uint8_t want = touch->sectors;

	if (!f->bypass) {
		want = merge(f, touch->line, want);
		uint8_t here = want ? road_cache_lookup(&sm->l1, touch->line, want) : 0;

		sm->counters.l1_hits += (unsigned)__builtin_popcount(here);
		want = (uint8_t)(want & ~here);
	}
	if (!want)
		return;
	/* The tag is there from now on; until the answer the miss says that the data are not. */
	if (!f->bypass)
		road_cache_fill(&sm->l1, touch->line, want, 0, &victim);
	uint16_t miss = road_misses_add(&sm->misses, touch->line, want);
	struct gpu_request request = {
		.line = touch->line, .miss = miss, .sectors = want, .kind = REQUEST_READ};

	sm->counters.l1_misses += (unsigned)__builtin_popcount(want);
	gpu_sm_request(sm, cycle, &request, 0);
	fetch_wait(f, miss);
}

static void fetch_lines(struct fetch *f, const struct gpu_touch *touch, uint32_t n)
{
	uint64_t cycle = f->sm->now;

	road_misses_retire(&f->sm->misses, cycle);
	for (uint32_t i = 0; i < n; i++)
		fetch_line(f, &touch[i], cycle + i);
}

static bool bypasses_l1(const struct road_gpu_access *access, uint64_t line)
{
	unsigned mods = access->insn->mods;
	unsigned cache = (mods & ROAD_GPU_MEM_CACHE_MASK) >> ROAD_GPU_MEM_CACHE_SHIFT;

	return mods & (ROAD_GPU_MEM_VOLATILE | ROAD_GPU_MEM_SEM_MASK) ||
	       cache == ROAD_GPU_CACHE_CG || cache == ROAD_GPU_CACHE_CV || line & LINE_SYSTEM;
}

static void count_lines(struct gpu_sm *sm)
{
	sm->counters.accesses++;
	sm->counters.sectors_ideal += sm->ideal;
	for (uint32_t i = 0; i < sm->lines; i++)
		sm->counters.sectors += (unsigned)__builtin_popcount(sm->touch[i].sectors);
}

/* ---- one access ---- */

/* Atomics: lanes of one word follow each other, too. */
static uint32_t atomic_passes(const struct road_gpu_access *access, uint32_t lanes, uint32_t *ideal)
{
	uint32_t words = access->bytes > BANK_BYTES ? access->bytes / BANK_BYTES : 1;
	uint32_t depth[BANKS] = {0}, deepest = 0;

	*ideal = words;
	for (; lanes; lanes &= lanes - 1) {
		uint64_t word =
			road_gpu_access_offset(access, (uint32_t)__builtin_ctz(lanes)) / BANK_BYTES;

		for (uint32_t w = 0; w < words; w++) {
			uint32_t n = ++depth[(word + w) % BANKS];

			deepest = n > deepest ? n : deepest;
		}
	}
	return deepest > words ? deepest : words;
}

static uint32_t access_shared(struct fetch *f, const struct road_gpu_access *access, uint32_t lanes)
{
	struct gpu_sm *sm = f->sm;
	uint32_t ideal, passes = access->atomic ? atomic_passes(access, lanes, &ideal)
						: gpu_bank_passes(access, lanes, &ideal);

	if (sm->timing->params->free_bank_conflicts)
		passes = ideal;

	uint64_t ready = sm->now + sm->timing->params->shared_latency + passes - 1;

	sm->counters.shared_accesses++;
	sm->counters.shared_replays += passes - ideal;
	if (ready > f->ready)
		f->ready = ready;
	return passes;
}

static uint32_t access_local(struct fetch *f, uint32_t slot, const struct road_gpu_access *access,
			     uint32_t lanes)
{
	struct gpu_touch touch[ACCESS_LINES];
	struct gpu_sm *sm = f->sm;
	struct road_cache_victim victim;
	uint32_t n = coalesce_local(sm, slot, access, lanes, touch);
	uint64_t ready = sm->now + sm->timing->params->l1_latency + n - 1;

	if (ready > f->ready)
		f->ready = ready;
	if (!access->store)
		fetch_lines(f, touch, n);
	else
		for (uint32_t i = 0; i < n; i++)
			road_cache_fill(&sm->l1, touch[i].line, touch[i].sectors, 0, &victim);
	return n;
}

/* What acts at the second level: an answer for each line, if there is somebody to answer to. */
static uint32_t access_later(struct fetch *f, const struct road_gpu_access *access)
{
	struct gpu_sm *sm = f->sm;
	bool returns = access->insn->uses.write_rows != 0;

	count_lines(sm);
	road_misses_retire(&sm->misses, sm->now);
	for (uint32_t i = 0; i < sm->lines; i++) {
		uint16_t miss = ROAD_MISS_NONE;

		if (returns)
			miss = road_misses_add(&sm->misses, LINE_ATOMIC | sm->touch[i].line,
					       sm->touch[i].sectors);
		gpu_atomic_send(sm, i, miss);
		sm->counters.l1_misses += (unsigned)__builtin_popcount(sm->touch[i].sectors);
		if (returns)
			fetch_wait(f, miss);
	}
	return sm->lines;
}

static uint32_t access_global(struct fetch *f, const struct road_gpu_access *access)
{
	struct gpu_sm *sm = f->sm;
	const struct road_gpu_params *p = sm->timing->params;
	const struct gpu_touch *touch = sm->touch;
	bool constant = access->space == ROAD_GPU_SPACE_CONST;
	uint32_t n = sm->lines;
	uint64_t ready = sm->now + (constant ? p->const_latency : p->l1_latency) + n - 1;

	if (access->store)
		return n;
	if (ready > f->ready)
		f->ready = ready;
	if (constant) {
		sm->counters.const_accesses++;
		return n;
	}
	count_lines(sm);
	f->bypass = bypasses_l1(access, touch[0].line);
	fetch_lines(f, touch, n);
	return n;
}

/* A copy writes no register: its batch waits for it. */
static void note_copy(const struct fetch *f, struct gpu_warp *w, uint32_t slot)
{
	uint32_t batch = w->copy_batch % COPY_BATCHES;

	if (f->load == UINT32_MAX) {
		copy_done(w, READY_COPIES + batch, f->ready);
		return;
	}
	struct gpu_load *load = &f->sm->loads[f->load];

	*load = (struct gpu_load){.ready = f->ready,
				  .pending = load->pending,
				  .warp = slot,
				  .born = w->born,
				  .first = (uint16_t)(READY_COPIES + batch)};
	w->copies[batch].pending++;
	w->ready[READY_COPIES + batch] = READY_PENDING;
}

uint32_t gpu_sm_access(struct gpu_sm *sm, struct gpu_warp *w, uint32_t slot,
		       const struct road_gpu_access *access)
{
	const struct road_gpu_uses *uses = &access->insn->uses;
	const struct road_gpu_params *p = sm->timing->params;
	struct fetch f = {.sm = sm, .load = UINT32_MAX, .ready = sm->now + p->param_latency};
	uint32_t shared = access->space == ROAD_GPU_SPACE_SHARED ? access->mask : access->shared;
	uint32_t local = access->space == ROAD_GPU_SPACE_LOCAL ? access->mask : access->local;
	uint32_t other = access->mask & ~(shared | local);
	uint32_t cycles = 0;

	if (access->insn->kind == ROAD_GPU_KIND_COPY)
		sm->lines = gpu_coalesce(access, other, sm->touch, &sm->ideal);
	if (shared)
		cycles += access_shared(&f, access, shared);
	if (local)
		cycles += access_local(&f, slot, access, local);
	if (other &&
	    (access->space == ROAD_GPU_SPACE_GLOBAL || access->space == ROAD_GPU_SPACE_CONST))
		cycles += access->later ? access_later(&f, access) : access_global(&f, access);
	if (access->insn->kind == ROAD_GPU_KIND_COPY)
		note_copy(&f, w, slot);
	else if (f.load == UINT32_MAX) {
		set_rows(w, uses->write, uses->write_rows, f.ready << 1 | 1);
		if (uses->pred_write[0] != ROAD_GPU_PT)
			w->ready[READY_PREDS + uses->pred_write[0]] = f.ready << 1 | 1;
	} else {
		struct gpu_load *load = &sm->loads[f.load];

		load->ready = f.ready;
		load->warp = slot;
		load->born = w->born;
		load->first = uses->write;
		load->rows = uses->write_rows;
		load->atomic = access->later ? sm->atomic_now : 0;
		set_rows(w, uses->write, uses->write_rows, READY_PENDING);
	}
	return cycles ? cycles : 1;
}
