/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What threads do together. A thread that comes to such an instruction leaves its operands and
 * waits; when all have come that it names, the instruction is carried out for all of them.
 */
#include <string.h>

#include "tests/oracle/gpu/ptx.h"

#define LANES 32

/* bar{rier}.sync a, b; .arrive a, b; .red.op d, a, b, p; bar.warp.sync mask */
void run_barrier(struct thread *t, const struct instr *i)
{
	struct block *b = t->block;
	bool red = has(i, WORD_red);
	unsigned first = red ? 1 : 0;

	if (has(i, WORD_warp)) {
		run_warp(t, i);
		return;
	}
	bool counted = red ? i->count == 4 : i->count == 2;

	t->barrier = (uint32_t)get(t, i, first, TYPE_u32);
	t->expected = counted ? (uint32_t)get(t, i, first + 1, TYPE_u32) : 0;
	if (t->barrier >= BARRIERS || t->expected % LANES)
		fault(t, i, "barrier %u for %u threads", t->barrier, t->expected);
	t->flag = red && get(t, i, i->count - 1, TYPE_pred);
	b->barriers[t->barrier].arrived++;
	b->barriers[t->barrier].expected = t->expected;
	t->at = i;
	if (!has(i, WORD_arrive))
		t->state = STATE_WAITS_BARRIER;
}

static bool waits_at(const struct thread *t, uint32_t barrier)
{
	return t->state == STATE_WAITS_BARRIER && t->barrier == barrier;
}

static uint32_t missing_threads(const struct block *b)
{
	uint32_t missing = 0;

	for (uint32_t k = 0; k < b->count; k++)
		missing += b->threads[k].state == STATE_EXITED;
	return missing + (uint32_t)(-(int32_t)b->count & (LANES - 1));
}

static void open_barrier(struct block *b, uint32_t barrier)
{
	uint32_t count = 0, all = 0;

	for (uint32_t k = 0; k < b->count; k++) {
		if (!waits_at(&b->threads[k], barrier))
			continue;
		count += b->threads[k].flag;
		all++;
	}
	for (uint32_t k = 0; k < b->count; k++) {
		struct thread *t = &b->threads[k];

		if (!waits_at(t, barrier))
			continue;
		t->state = STATE_RUNS;
		if (has(t->at, WORD_popc))
			put(t, t->at, 0, TYPE_u32, count);
		else if (has(t->at, WORD_red))
			put(t, t->at, 0, TYPE_pred,
			    has(t->at, WORD_and) ? count == all : count > 0);
	}
	memset(&b->barriers[barrier], 0, sizeof(b->barriers[barrier]));
}

static bool complete_barriers(struct block *b)
{
	bool opened = false;

	for (uint32_t k = 0; k < BARRIERS; k++) {
		uint32_t arrived = b->barriers[k].arrived, exited = 0;

		for (uint32_t n = 0; n < b->count; n++)
			exited += b->threads[n].state == STATE_EXITED;
		if (!arrived)
			continue;
		if (b->barriers[k].expected
			    ? arrived + missing_threads(b) >= b->barriers[k].expected &&
				      arrived >= 1
			    : arrived + exited == b->count) {
			open_barrier(b, k);
			opened = true;
		}
	}
	return opened;
}

/* ---- warps ---- */

static unsigned mask_operand(const struct instr *i)
{
	return i->count - 1;
}

void run_warp(struct thread *t, const struct instr *i)
{
	enum type type = i->type_count ? i->types[0] : TYPE_b32;
	unsigned shuffled = !strcmp(i->name, "shfl") ? 3 : 0;

	t->mask = (uint32_t)get(t, i, mask_operand(i), TYPE_b32);
	if (!(t->mask >> t->linear % LANES & 1))
		fault(t, i, "mask 0x%x does not name the thread's own lane", t->mask);
	for (unsigned k = 0; k < shuffled; k++)
		t->given[k] = get(t, i, k + 1, TYPE_b32);
	if (!strcmp(i->name, "vote"))
		t->flag = get(t, i, 1, TYPE_pred);
	else if (!shuffled && strcmp(i->name, "bar") && strcmp(i->name, "barrier") &&
		 strcmp(i->name, "elect"))
		t->given[0] = get(t, i, 1, type);
	t->at = i;
	t->state = STATE_WAITS_WARP;
}

struct gathered {
	struct thread *lanes[LANES]; /* NULL: not in the mask, or no thread */
	uint32_t mask;
};

static void shuffle(struct thread *t, const struct gathered *g)
{
	const struct instr *i = t->at;
	uint32_t lane = t->linear % LANES, b = (uint32_t)t->given[1] & 31;
	uint32_t clamp = (uint32_t)t->given[2] & 31, segment = (uint32_t)t->given[2] >> 8 & 31;
	uint32_t high = (lane & segment) | (clamp & ~segment), low = lane & segment;
	int32_t from = has(i, WORD_up)     ? (int32_t)(lane - b)
		       : has(i, WORD_down) ? (int32_t)(lane + b)
		       : has(i, WORD_bfly) ? (int32_t)(lane ^ b)
					   : (int32_t)(low | (b & ~segment));
	bool inside = has(i, WORD_up) ? from >= (int32_t)high : from <= (int32_t)high;

	if (!inside)
		from = (int32_t)lane;
	if (from < 0 || !g->lanes[from])
		fault(t, i, "shuffle from lane %d, which is not in the mask", from);
	t->given[2] = g->lanes[from]->given[0]; /* written when all have read */
	t->pred = inside;
}

static void vote(struct thread *t, const struct gathered *g)
{
	uint32_t holds = 0;

	for (unsigned k = 0; k < LANES; k++)
		if (g->lanes[k] && g->lanes[k]->flag)
			holds |= 1u << k;
	t->given[2] = has(t->at, WORD_all)   ? holds == g->mask
		      : has(t->at, WORD_any) ? holds != 0
		      : has(t->at, WORD_uni) ? holds == g->mask || !holds
					     : holds;
}

static void match(struct thread *t, const struct gathered *g)
{
	uint32_t same = 0;

	for (unsigned k = 0; k < LANES; k++)
		if (g->lanes[k] && g->lanes[k]->given[0] == t->given[0])
			same |= 1u << k;
	t->pred = same == g->mask;
	t->given[2] = !has(t->at, WORD_all) || t->pred ? same : 0;
}

static uint64_t reduce(const struct instr *i, uint64_t a, uint64_t b)
{
	bool is_signed = type_table[i->types[0]].kind == KIND_S;
	bool less = is_signed ? (int64_t)a < (int64_t)b : a < b;

	return has(i, WORD_add)   ? a + b
	       : has(i, WORD_and) ? (a & b)
	       : has(i, WORD_or)  ? (a | b)
	       : has(i, WORD_xor) ? (a ^ b)
	       : has(i, WORD_min) ? (less ? a : b)
				  : (less ? b : a);
}

static void redux(struct thread *t, const struct gathered *g)
{
	bool first = true;

	for (unsigned k = 0; k < LANES; k++) {
		if (!g->lanes[k])
			continue;
		t->given[2] = first ? g->lanes[k]->given[0]
				    : reduce(t->at, t->given[2], g->lanes[k]->given[0]);
		first = false;
	}
}

static void finish(struct thread *t)
{
	const struct instr *i = t->at;

	t->state = STATE_RUNS;
	if (i->name[0] == 'b')
		return;
	if (!strcmp(i->name, "vote") && !has(i, WORD_ballot)) {
		put(t, i, 0, TYPE_pred, t->given[2] ^ i->operands[0].negated);
		return;
	}
	put(t, i, 0, TYPE_b32, t->given[2]);
	put_reg(t, i->operands[0].reg2, TYPE_pred, t->pred);
}

/* All of the mask that have not exited stand at the same instruction with the same mask? */
static bool gather(struct block *b, const struct thread *t, struct gathered *g)
{
	uint32_t base = t->linear / LANES * LANES;

	*g = (struct gathered){.mask = 0};
	for (unsigned k = 0; k < LANES; k++) {
		if (!(t->mask >> k & 1))
			continue;
		struct thread *other = base + k < b->count ? &b->threads[base + k] : NULL;

		if (!other || other->state == STATE_EXITED)
			fault((struct thread *)t, t->at, "mask 0x%x names lane %u, which is gone",
			      t->mask, k);
		if (other->state != STATE_WAITS_WARP || other->at != t->at ||
		    other->mask != t->mask)
			return false;
		g->lanes[k] = other;
		g->mask |= 1u << k;
	}
	return true;
}

static void carry_out(const struct gathered *g)
{
	for (unsigned k = 0; k < LANES; k++) {
		struct thread *t = g->lanes[k];

		if (!t)
			continue;
		switch (t->at->name[0]) {
		case 's': shuffle(t, g); break;
		case 'v': vote(t, g); break;
		case 'm': match(t, g); break;
		case 'r': redux(t, g); break;
		case 'e':
			t->given[2] = (uint64_t)__builtin_ctz(g->mask);
			t->pred = t->linear % LANES == t->given[2];
			break;
		default: break;
		}
	}
	for (unsigned k = 0; k < LANES; k++)
		if (g->lanes[k])
			finish(g->lanes[k]);
}

bool complete_waits(struct block *b)
{
	bool moved = complete_barriers(b);

	for (uint32_t k = 0; k < b->count; k++) {
		struct gathered g;

		if (b->threads[k].state != STATE_WAITS_WARP || !gather(b, &b->threads[k], &g))
			continue;
		carry_out(&g);
		moved = true;
	}
	return moved;
}
