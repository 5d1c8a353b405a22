/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads at the second level against a brute-force queue: one request after the other, sector by
 * sector, tags as a list of last uses. Memory behind it is the channel that test_memory.c checks.
 */
#include <stdlib.h>
#include <string.h>

#include "simulators/gpu/timing_internal.h"
#include "tests/support/tap.h"
#include "tests/unit/timing/rig.h"

enum { SLICES = 4, WAYS = 8, ROUNDS = 150, EACH = 12, LINES = 96, GONE = 4096 };

static uint64_t state = 11;

static uint32_t any(uint32_t below)
{
	state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (uint32_t)((state >> 33) % below);
}

/* A slice with one set, so that place in a set is no matter. */
struct plain_slice {
	struct {
		uint64_t line, used;
		uint8_t sectors;
	} tag[WAYS];
	struct { /* a sector on its way: it is there from `ready` on */
		uint64_t line, ready;
		uint32_t sector;
	} coming[GONE];
	uint32_t coming_count;
	uint64_t port_free, uses;
	struct road_dram_bank banks[8];
	struct road_dram_channel dram;
};

static struct plain_slice plain[SLICES];

static uint32_t tag_of(struct plain_slice *s, uint64_t line)
{
	uint32_t oldest = 0;

	for (uint32_t w = 0; w < WAYS; w++) {
		if (s->tag[w].used && s->tag[w].line == line)
			return w;
		if (s->tag[w].used < s->tag[oldest].used)
			oldest = w;
	}
	return WAYS + oldest;
}

/* When all of it is at the bank, in ticks. */
static uint64_t plain_read(struct plain_slice *s, const struct road_gpu_timing *t,
			   const struct gpu_request *r)
{
	uint64_t start = r->arrival > s->port_free ? r->arrival : s->port_free;
	uint64_t lookup = road_ticks_of_cycles(t->params->l2_latency), ready = start + lookup;
	uint8_t want = r->sectors, missing;

	s->port_free = start + (unsigned)__builtin_popcount(want) * t->slice_ticks;
	for (uint32_t i = 0; i < s->coming_count; i++) {
		if (s->coming[i].line != r->local || s->coming[i].ready <= start ||
		    !(r->sectors >> s->coming[i].sector & 1))
			continue;
		want &= (uint8_t) ~(1u << s->coming[i].sector);
		ready = s->coming[i].ready > ready ? s->coming[i].ready : ready;
	}
	if (!want)
		return ready;
	uint32_t way = tag_of(s, r->local);

	missing = way < WAYS ? (uint8_t)(want & ~s->tag[way].sectors) : want;
	if (way < WAYS)
		s->tag[way].used = ++s->uses;
	if (!missing)
		return ready;
	uint64_t end = road_dram_access(&s->dram, &t->dram, start + lookup, r->local * 128,
					(unsigned)__builtin_popcount(missing), false);

	if (way >= WAYS) {
		way -= WAYS;
		s->tag[way].line = r->local;
		s->tag[way].sectors = 0;
	}
	s->tag[way].used = ++s->uses;
	s->tag[way].sectors |= missing;
	for (uint32_t i = 0; i < 4; i++) {
		if (!(missing >> i & 1))
			continue;
		s->coming[s->coming_count].line = r->local;
		s->coming[s->coming_count].sector = i;
		s->coming[s->coming_count++].ready = end;
	}
	return end > ready ? end : ready;
}

static void ask(struct road_gpu_timing *timing, struct gpu_sm *sm, uint64_t from)
{
	uint64_t arrival = from;

	for (uint32_t i = 0; i < EACH; i++) {
		uint32_t at = (sm->request_first + sm->request_count++) % REQUEST_ROOM;
		struct gpu_request *r = &sm->requests[at];

		arrival += 1 + any(8 * ROAD_TICKS);
		*r = (struct gpu_request){.arrival = arrival,
					  .line = any(3) ? any(LINES) : any(8),
					  .sectors = (uint8_t)(1 + any(15)),
					  .kind = REQUEST_READ};
		r->miss = road_misses_add(&sm->misses, r->line, r->sectors);
		gpu_memory_locate(timing, r);
	}
	gpu_activate(timing, sm);
}

/* The requests of a round, which all arrive in it, in order of arrival and SM. */
static uint32_t compare_round(struct road_gpu_timing *timing, const uint32_t *first)
{
	uint32_t next[4] = {0}, sms = timing->params->sm_count, wrong = 0;
	uint64_t back = road_ticks_of_cycles(timing->params->network_latency);

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
		wrong += r->reply != plain_read(&plain[r->slice], timing, r) + back;
	}
	return wrong;
}

static void slices_answer_as_a_brute_force_queue_does(void)
{
	struct road_gpu_params p = rig_params();
	uint32_t wrong = 0;
	struct rig rig;

	p.l2_slices = SLICES;
	p.l2_ways = WAYS;
	p.l2_bytes = SLICES * WAYS * 128;
	rig_open(&rig, &p, NULL);
	for (uint32_t s = 0; s < SLICES; s++)
		plain[s].dram.banks = plain[s].banks;
	for (uint32_t round = 0; round < ROUNDS; round++) {
		uint64_t from = 1000 + round * 100;
		uint32_t first[4];

		for (uint32_t s = 0; s < p.sm_count; s++) {
			struct gpu_sm *sm = &rig.timing->sms[s];

			road_misses_retire(&sm->misses, UINT64_MAX - 1);
			first[s] = sm->request_first;
			ask(rig.timing, sm, road_ticks_of_cycles(from));
		}
		gpu_memory_barrier(rig.timing, from + 100);
		wrong += compare_round(rig.timing, first);
	}
	struct road_gpu_timing_counters c;

	road_gpu_timing_counters(rig.timing, &c);
	printf("# %llu hits, %llu misses\n", (unsigned long long)c.l2_near_hits,
	       (unsigned long long)c.l2_misses);
	CU_ASSERT_EQUAL(wrong, 0);
	CU_ASSERT_TRUE(c.l2_near_hits > 1000 && c.l2_misses > 1000);
	rig_close(&rig);
}

static const struct tap_case cases[] = {
	{"slices answer as a brute-force queue does", slices_answer_as_a_brute_force_queue_does},
};

TAP_MAIN(cases)
