/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The second level against a brute-force queue: one request after the other, sector by sector, tags
 * as a list of last uses; reads and writes, one partition and two. Memory behind it is the channel
 * that test_memory.c checks.
 */
#include <stdlib.h>
#include <string.h>

#include "simulators/gpu/timing_internal.h"
#include "tests/support/tap.h"
#include "tests/unit/timing/rig.h"

enum { SLICES = 4, WAYS = 8, ROUNDS = 150, EACH = 12, LINES = 96, GONE = 16384, BANKS = 2 };

static uint64_t state = 11;

static uint32_t any(uint32_t below)
{
	state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (uint32_t)((state >> 33) % below);
}

/* A bank has one set here, so that place in a set is no matter. */
struct plain_bank {
	struct {
		uint64_t line, used;
		uint8_t sectors, dirty;
	} tag[WAYS];
	struct { /* a sector on its way: it is there from `ready` on */
		uint64_t line, ready;
		uint32_t sector;
	} coming[GONE];
	uint32_t coming_count;
	uint64_t port_free, hop_free, uses;
};
struct plain_slice {
	struct plain_bank bank[BANKS];
	struct road_dram_bank banks[8];
	struct road_dram_channel dram;
	uint64_t near, far, missed, written_back;
};

static struct plain_slice plain[SLICES];

/* What one request is about. */
struct plain_visit {
	struct plain_slice *s;
	const struct road_gpu_params *p;
	const struct road_gpu_timing *t;
	uint64_t line, start, half; /* ticks; of the way to the other partition and back */
};

static uint64_t lookup_of(const struct plain_visit *v)
{
	return road_ticks_of_cycles(v->p->l2_latency);
}

static uint32_t bits(uint8_t sectors)
{
	return (uint32_t)__builtin_popcount(sectors);
}

static uint32_t tag_of(const struct plain_bank *b, uint64_t line)
{
	uint32_t oldest = 0;

	for (uint32_t w = 0; w < WAYS; w++) {
		if (b->tag[w].used && b->tag[w].line == line)
			return w;
		if (b->tag[w].used < b->tag[oldest].used)
			oldest = w;
	}
	return WAYS + oldest;
}

/* A port passes one sector after the other; when the first goes. */
static uint64_t pass(uint64_t *free, uint64_t arrival, uint64_t ticks)
{
	uint64_t start = arrival > *free ? arrival : *free;

	*free = start + ticks;
	return start;
}

static uint64_t memory(const struct plain_visit *v, uint64_t line, uint8_t sectors, bool write)
{
	return road_dram_access(&v->s->dram, &v->t->dram, v->start + lookup_of(v) + v->half,
				line * 128, bits(sectors), write);
}

static void keep(const struct plain_visit *v, struct plain_bank *b, uint8_t sectors, uint8_t dirty)
{
	uint32_t way = tag_of(b, v->line);

	if (way >= WAYS) {
		way -= WAYS;
		uint8_t lost = b->tag[way].used ? b->tag[way].dirty : 0;

		if (lost)
			memory(v, b->tag[way].line, lost, true);
		v->s->written_back += bits(lost);
		memset(&b->tag[way], 0, sizeof(b->tag[way]));
		b->tag[way].line = v->line;
	}
	b->tag[way].used = ++b->uses;
	b->tag[way].sectors |= sectors;
	b->tag[way].dirty |= dirty;
}

/* Takes off `want` what is there, or comes by itself: *ready no earlier than that. */
static uint8_t seek(const struct plain_visit *v, struct plain_bank *b, uint8_t want,
		    uint64_t *ready)
{
	for (uint32_t i = 0; i < b->coming_count; i++) {
		if (b->coming[i].line != v->line || b->coming[i].ready <= v->start ||
		    !(want >> b->coming[i].sector & 1))
			continue;
		want &= (uint8_t) ~(1u << b->coming[i].sector);
		*ready = b->coming[i].ready > *ready ? b->coming[i].ready : *ready;
	}
	uint32_t way = tag_of(b, v->line);

	if (!want || way >= WAYS)
		return want;
	b->tag[way].used = ++b->uses;
	return want & (uint8_t)~b->tag[way].sectors;
}

static void comes(const struct plain_visit *v, struct plain_bank *b, uint8_t sectors, uint64_t end)
{
	for (uint32_t i = 0; i < 4; i++) {
		if (!(sectors >> i & 1))
			continue;
		b->coming[b->coming_count].line = v->line;
		b->coming[b->coming_count].sector = i;
		b->coming[b->coming_count++].ready = end;
	}
}

/* From the line's home: when the sectors are at the bank that asks. */
static uint64_t plain_far(struct plain_visit *v, struct plain_bank *home, uint8_t want)
{
	uint64_t asked = v->start + lookup_of(v) + v->half;
	uint64_t ready = pass(&home->hop_free, asked, bits(want) * v->t->slice_ticks);
	uint64_t queued = ready - asked;
	uint8_t missing = seek(v, home, want, &ready);

	v->s->far += bits(want) - bits(missing);
	v->s->missed += bits(missing);
	if (missing) {
		uint64_t end = memory(v, v->line, missing, false) + queued;

		keep(v, home, missing, 0);
		comes(v, home, missing, end);
		ready = end > ready ? end : ready;
	}
	return ready + v->half;
}

/* When all of it is at the bank, in ticks. */
static uint64_t plain_read(struct plain_visit *v, const struct gpu_request *r, uint32_t partition)
{
	struct plain_bank *near = &v->s->bank[partition];

	v->start = pass(&near->port_free, r->arrival, bits(r->sectors) * v->t->slice_ticks);
	uint64_t ready = v->start + lookup_of(v), end;
	uint8_t missing = seek(v, near, r->sectors, &ready);

	v->s->near += bits(r->sectors) - bits(missing);
	if (!missing)
		return ready;
	if (r->home != partition) {
		end = plain_far(v, &v->s->bank[r->home], missing);
	} else {
		/* the near side is nearer to memory by the way that is not gone */
		end = memory(v, v->line, missing, false) - v->half;
		v->s->missed += bits(missing);
	}
	keep(v, near, missing, 0);
	comes(v, near, missing, end);
	return end > ready ? end : ready;
}

/* Goes to the line's home, by the way between the partitions if that is the other one. */
static void plain_write(struct plain_visit *v, const struct gpu_request *r, uint32_t partition)
{
	struct plain_bank *home = &v->s->bank[r->home];

	v->start = pass(r->home == partition ? &home->port_free : &home->hop_free, r->arrival,
			bits(r->sectors) * v->t->slice_ticks);
	keep(v, home, r->sectors, r->sectors);
}

/* ---- the two side by side ---- */

/* A store of a launch that is gone: it takes its time and changes nothing. */
static uint32_t void_store(struct gpu_sm *sm)
{
	static const struct gpu_launch gone;
	uint32_t at = sm->store_first + sm->store_count++;

	sm->stores[at % STORE_ROOM] = (struct gpu_store){.launch = &gone, .serial = 1};
	return at;
}

static void ask(struct road_gpu_timing *timing, struct gpu_sm *sm, uint64_t from, bool writes)
{
	uint64_t arrival = from;

	for (uint32_t i = 0; i < EACH; i++) {
		uint32_t at = (sm->request_first + sm->request_count++) % REQUEST_ROOM;
		struct gpu_request *r = &sm->requests[at];

		arrival += 1 + any(8 * ROAD_TICKS);
		*r = (struct gpu_request){.arrival = arrival,
					  .line = any(3) ? any(LINES) : any(8),
					  .sectors = (uint8_t)(1 + any(15)),
					  .miss = ROAD_MISS_NONE,
					  .kind = REQUEST_READ};
		if (writes && !any(3)) {
			r->kind = REQUEST_WRITE;
			r->store = void_store(sm);
		} else {
			r->miss = road_misses_add(&sm->misses, r->line, r->sectors);
		}
		gpu_memory_locate(timing, r);
	}
	gpu_activate(timing, sm);
}

static uint32_t compare_one(const struct road_gpu_timing *timing, const struct gpu_request *r,
			    uint32_t partition)
{
	const struct road_gpu_params *p = timing->params;
	struct plain_visit v = {.s = &plain[r->slice],
				.p = p,
				.t = timing,
				.line = r->local,
				.half = road_ticks_of_cycles(p->l2_hop_latency) / 2};

	if (r->kind == REQUEST_WRITE) {
		plain_write(&v, r, partition);
		return 0;
	}
	return r->reply != plain_read(&v, r, partition) + road_ticks_of_cycles(p->network_latency);
}

/* The requests of a round, which all arrive in it, in order of arrival and SM. */
static uint32_t compare_round(struct road_gpu_timing *timing, const uint32_t *first)
{
	uint32_t next[4] = {0}, sms = timing->params->sm_count, wrong = 0;

	for (uint32_t n = 0; n < EACH * sms; n++) {
		const struct gpu_request *r = NULL;
		uint32_t who = 0;

		for (uint32_t s = 0; s < sms; s++) {
			const struct gpu_request *head =
				&timing->sms[s].requests[(first[s] + next[s]) % REQUEST_ROOM];

			if (next[s] == EACH || (r && head->arrival >= r->arrival))
				continue;
			r = head;
			who = s;
		}
		next[who]++;
		wrong += compare_one(timing, r, timing->sms[who].partition);
	}
	return wrong;
}

static void check_counters(const struct road_gpu_timing *timing)
{
	struct road_gpu_timing_counters c;
	struct plain_slice sum = {.near = 0};

	road_gpu_timing_counters(timing, &c);
	for (uint32_t s = 0; s < SLICES; s++) {
		sum.near += plain[s].near;
		sum.far += plain[s].far;
		sum.missed += plain[s].missed;
		sum.written_back += plain[s].written_back;
	}
	printf("# %llu near, %llu far, %llu missed, %llu written back\n",
	       (unsigned long long)sum.near, (unsigned long long)sum.far,
	       (unsigned long long)sum.missed, (unsigned long long)sum.written_back);
	CU_ASSERT_EQUAL(c.l2_near_hits, sum.near);
	CU_ASSERT_EQUAL(c.l2_far_hits, sum.far);
	CU_ASSERT_EQUAL(c.l2_misses, sum.missed);
	CU_ASSERT_EQUAL(c.l2_write_backs, sum.written_back);
	CU_ASSERT_TRUE(sum.near > 1000 && sum.missed > 1000);
}

static void compare(uint32_t partitions, bool writes)
{
	struct road_gpu_params p = rig_params();
	uint32_t wrong = 0;
	struct rig rig;

	p.l2_slices = SLICES;
	p.l2_ways = WAYS;
	p.l2_partitions = partitions;
	p.l2_hop_latency = partitions > 1 ? 70 : 0;
	p.l2_bytes = SLICES * WAYS * 128 * partitions;
	rig_open(&rig, &p, NULL);
	memset(plain, 0, sizeof(plain));
	for (uint32_t s = 0; s < SLICES; s++)
		plain[s].dram.banks = plain[s].banks;
	for (uint32_t round = 0; round < ROUNDS; round++) {
		uint64_t from = 1000 + round * 100;
		uint32_t first[4];

		for (uint32_t s = 0; s < p.sm_count; s++) {
			struct gpu_sm *sm = &rig.timing->sms[s];

			road_misses_retire(&sm->misses, UINT64_MAX - 1);
			first[s] = sm->request_first;
			ask(rig.timing, sm, road_ticks_of_cycles(from), writes);
		}
		gpu_memory_barrier(rig.timing, from + 100);
		wrong += compare_round(rig.timing, first);
	}
	CU_ASSERT_EQUAL(wrong, 0);
	check_counters(rig.timing);
	rig_close(&rig);
}

static void slices_answer_reads_as_a_brute_force_queue_does(void)
{
	compare(1, false);
}

static void slices_take_writes_as_a_brute_force_queue_does(void)
{
	compare(1, true);
}

static void two_partitions_answer_as_a_brute_force_queue_does(void)
{
	compare(2, false);
	compare(2, true);
}

static const struct tap_case cases[] = {
	{"slices answer reads as a brute-force queue does",
	 slices_answer_reads_as_a_brute_force_queue_does},
	{"slices take writes as a brute-force queue does",
	 slices_take_writes_as_a_brute_force_queue_does},
	{"two partitions answer as a brute-force queue does",
	 two_partitions_answer_as_a_brute_force_queue_does},
};

TAP_MAIN(cases)
