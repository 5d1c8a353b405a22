/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Power goes at every write and every flush of a store's whole life, in the middle of the write,
 * and again while it recovers: what is there then is what was before the step, or after it.
 */
#include <stdio.h>
#include <string.h>

#include "tests/unit/firmware/flash.h"

/* A life: first install, an update that stays, one that goes back, one for good, a way back. */
static const struct act life[] = {
	{LOAD_PERMANENT, 1}, {BOOT, 1},      {LOAD_TEST, 2}, {BOOT, 2},      {CONFIRM, 0},
	{BOOT, 2},           {LOAD_TEST, 3}, {BOOT, 3},      {BOOT, 2}, /* not confirmed: reverts */
	{LOAD_PERMANENT, 3}, {BOOT, 3},      {LOAD_TEST, 4}, {BOOT, 4},      {CONFIRM, 0},
	{REVERT, 0},         {BOOT, 3},      {REVERT, 0},    {CONFIRM, 0},   {BOOT, 3},
	{LOAD_TEST, 5},      {REVERT, 0},    {BOOT, 3},      {LOAD_TEST, 6}, {BOOT, 6},
	{REVERT, 0},         {BOOT, 3},
};
enum { STEPS = sizeof(life) / sizeof(life[0]), BOOTS = 3 };

/* All that can be told of a store: what its next boots are, and what it says of itself. */
struct outcome {
	unsigned boots[BOOTS];
	uint32_t counter, counter_after, active, pending, confirmed, tries;
};

static struct outcome look(const struct flash *from)
{
	struct flash flash = *from;
	struct outcome outcome = {0};
	road_firmware_store_state state;

	flash.lose = true;
	flash_power_on(&flash);
	state = flash_state(&flash);
	outcome.counter = state.counter;
	outcome.active = state.active;
	outcome.pending = state.pending;
	outcome.confirmed = state.confirmed;
	outcome.tries = state.tries;
	for (unsigned i = 0; i < BOOTS; i++) {
		outcome.boots[i] = flash_boot(&flash, 1);
		flash_power_on(&flash);
	}
	outcome.counter_after = flash_state(&flash).counter;
	return outcome;
}

static bool same(const struct outcome *a, const struct outcome *b)
{
	return !memcmp(a, b, sizeof(*a));
}

/* The flash after the step was cut at this call; false: there is no such call. */
static bool cut_step(const struct flash *before, const struct act *act, unsigned call, size_t torn,
		     bool lose, struct flash *after)
{
	*after = *before;
	flash_power_on(after);
	after->cut = call;
	after->torn = torn;
	after->lose = lose;
	after->garbage = torn & 1;
	after->call_bytes = 0;
	flash_act(after, act);
	return after->off;
}

static void check(const struct flash *cut, const struct outcome *before,
		  const struct outcome *after, const char *what, unsigned call, size_t torn)
{
	const struct outcome outcome = look(cut);
	const bool fine = same(&outcome, before) || same(&outcome, after);

	CU_ASSERT(fine);
	if (!fine)
		printf("# %s, call %u, torn at %zu: boots %u %u %u, counter %u\n", what, call, torn,
		       outcome.boots[0], outcome.boots[1], outcome.boots[2], outcome.counter);
	CU_ASSERT(outcome.counter >= before->counter && outcome.counter <= after->counter);
}

/* While it recovers from a cut: by a boot, and by a confirm behind it. */
static void cut_recovery(const struct flash *cut)
{
	static const size_t torn[] = {0, 1, 100, 255, 1 << 20};
	static const struct act acts[] = {{BOOT, 0}, {CONFIRM, 0}};
	struct flash now = *cut;

	for (unsigned a = 0; a < 2; a++) {
		struct outcome before, after;
		struct flash then = now, half;
		struct act act = acts[a];

		flash_power_on(&then);
		before = look(&then);
		act.image = before.boots[0];
		flash_act(&then, &act);
		after = look(&then);
		for (unsigned call = 0; cut_step(&now, &act, call, 0, false, &half); call++)
			for (unsigned i = 0; i < 2 * sizeof(torn) / sizeof(torn[0]); i++) {
				cut_step(&now, &act, call, torn[i / 2], i & 1, &half);
				check(&half, &before, &after, "recovery", call, torn[i / 2]);
			}
		now = then;
	}
}

/* Calls fn for every cut of every step of the life. */
static void every_cut(void (*fn)(const struct flash *before, const struct flash *after,
				 const struct act *act, unsigned call))
{
	struct flash flash, after, cut;

	flash_empty(&flash);
	for (unsigned s = 0; s < STEPS; s++) {
		after = flash;
		flash_story(&after, &life[s], 1);
		for (unsigned call = 0; cut_step(&flash, &life[s], call, 0, false, &cut); call++)
			fn(&flash, &after, &life[s], call);
		after.lose = true;
		flash_power_on(&after);
		flash = after;
	}
}

/* Every length of what is kept of metadata; of a slot every 17th, and both ends. */
static void cut_everywhere(const struct flash *before, const struct flash *after,
			   const struct act *act, unsigned call)
{
	const struct outcome old = look(before), new = look(after);
	struct flash cut;
	size_t bytes;

	cut_step(before, act, call, 0, false, &cut);
	bytes = cut.call_bytes;
	for (size_t torn = 0; torn <= bytes;
	     torn += bytes == FLASH_META || torn + 17 > bytes ? 1 : 17)
		for (unsigned lose = 0; lose < (torn % 64 ? 1 : 2); lose++) {
			cut_step(before, act, call, torn, lose, &cut);
			check(&cut, &old, &new, "step", call, torn);
		}
}

static void test_cuts(void)
{
	every_cut(cut_everywhere);
}

static void cut_twice(const struct flash *before, const struct flash *after, const struct act *act,
		      unsigned call)
{
	static const size_t torn[] = {0, 1, 128, 255, 1 << 20};
	struct flash cut;

	(void)after;
	for (unsigned i = 0; i < sizeof(torn) / sizeof(torn[0]); i++) {
		cut_step(before, act, call, torn[i], i & 1, &cut);
		cut_recovery(&cut);
	}
}

static void test_cuts_of_recovery(void)
{
	every_cut(cut_twice);
}

/* What was answered stays: nothing is answered that a cut right behind it could take back. */
static void test_answered(void)
{
	struct flash flash;

	flash_empty(&flash);
	for (unsigned s = 0; s < STEPS; s++) {
		struct flash kept;

		flash_story(&flash, &life[s], 1);
		kept = flash;
		flash_power_on(&kept); /* without what was not flushed */
		CU_ASSERT_EQUAL(memcmp(kept.seen, flash.seen, FLASH_BYTES), 0);
	}
}

static const struct tap_case cases[] = {
	{"a cut at any write leaves the store as before the step, or as after it", test_cuts},
	{"so does a second cut, while it recovers from the first", test_cuts_of_recovery},
	{"what was answered is on the medium", test_answered},
};

TAP_MAIN(cases)
