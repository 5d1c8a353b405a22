/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Orders: what the rules of tokens, barriers and dispatch say, as sets of operations that are over
 * when another begins. Steps run as queues would run them, without times: a queue goes on until its
 * head waits for a token that is not set.
 */
#include "tests/oracle/dsa/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned __int128 op_set;

static op_set one(uint32_t op)
{
	return (op_set)1 << op;
}

bool ops_conflict(const struct op *a, const struct op *b)
{
	struct span x[4], y[4];
	uint32_t n = op_spans(a, x), m = op_spans(b, y);

	for (uint32_t i = 0; i < n; i++)
		for (uint32_t j = 0; j < m; j++)
			if (x[i].memory == y[j].memory && (x[i].write || y[j].write) &&
			    x[i].at < y[j].at + y[j].bytes && y[j].at < x[i].at + x[i].bytes)
				return true;
	return false;
}

/* Does the later one read what the earlier one wrote? */
static bool reads_from(const struct op *later, const struct op *earlier)
{
	struct span x[4], y[4];
	uint32_t n = op_spans(later, x), m = op_spans(earlier, y);

	for (uint32_t i = 0; i < n; i++)
		for (uint32_t j = 0; j < m; j++)
			if (x[i].memory == y[j].memory && !x[i].write && y[j].write &&
			    x[i].at < y[j].at + y[j].bytes && y[j].at < x[i].at + x[i].bytes)
				return true;
	return false;
}

/* ---- what is over when ---- */

struct machine {
	const struct program *p;
	struct order *order;
	uint16_t list[QUEUES][STEPS_MAX]; /* steps of each queue, in order */
	uint32_t length[QUEUES], at[QUEUES];
	op_set given[STEPS_MAX]; /* what S knew when it gave the step away */
	uint32_t gave;           /* steps that it has given */
	op_set own[QUEUES];      /* operations that the queue began */
	op_set over[QUEUES];     /* that are over for what it does next */
	op_set token[QUEUES][QUEUES][IDS];
	bool is_set[QUEUES][QUEUES][IDS];
};

static enum queue queue_of(const struct program *p, const struct step *step)
{
	switch (step->kind) {
	case STEP_OP: return op_queue(p->ops[step->op].kind);
	case STEP_SET: return (enum queue)step->source;
	case STEP_WAIT: return (enum queue)step->target;
	case STEP_BARRIER_V: return Q_V;
	default: return Q_S;
	}
}

/* What others learn once all that the queue began has completed. */
static op_set published(const struct machine *m, enum queue q)
{
	return m->over[q] | m->own[q];
}

static bool all_idle(const struct machine *m, uint32_t step)
{
	for (uint32_t q = 1; q < QUEUES; q++)
		if (m->at[q] < m->length[q] && m->list[q][m->at[q]] < step)
			return false;
	return true;
}

static void do_op(struct machine *m, enum queue q, uint32_t op)
{
	/* V overlaps its own: what it began is over by a barrier alone. */
	m->order->before[op] = q == Q_V ? m->over[q] : published(m, q);
	m->own[q] |= one(op);
}

/* False: it has to wait. */
static bool do_step(struct machine *m, enum queue q, uint32_t index)
{
	const struct step *s = &m->p->steps[index];

	if (q != Q_S)
		m->over[q] |= m->given[index];
	switch (s->kind) {
	case STEP_OP: do_op(m, q, s->op); return true;
	case STEP_SET:
		m->order->stuck |= m->is_set[s->source][s->target][s->id];
		m->token[s->source][s->target][s->id] = published(m, q);
		m->is_set[s->source][s->target][s->id] = true;
		return true;
	case STEP_WAIT:
		if (!m->is_set[s->source][s->target][s->id])
			return false;
		m->is_set[s->source][s->target][s->id] = false;
		m->over[q] |= m->token[s->source][s->target][s->id];
		return true;
	case STEP_BARRIER_V: m->over[Q_V] |= m->own[Q_V]; return true;
	case STEP_BARRIER_ALL:
		if (!all_idle(m, index))
			return false;
		for (uint32_t other = 0; other < QUEUES; other++)
			m->over[Q_S] |= published(m, (enum queue)other);
		return true;
	}
	return true;
}

/* Steps that S has not given away are not there for their queue. */
static bool is_given(const struct machine *m, enum queue q, uint32_t index)
{
	return q == Q_S || m->at[Q_S] == m->length[Q_S] || index < m->list[Q_S][m->at[Q_S]];
}

static bool run_queue(struct machine *m, enum queue q)
{
	bool moved = false;

	while (m->at[q] < m->length[q]) {
		uint32_t index = m->list[q][m->at[q]];

		if (!is_given(m, q, index) || !do_step(m, q, index))
			break;
		m->at[q]++;
		moved = true;
	}
	return moved;
}

/* S knows at each step what its own earlier steps made it know: it runs up to there first. */
static void give(struct machine *m)
{
	uint32_t next = m->at[Q_S] < m->length[Q_S] ? m->list[Q_S][m->at[Q_S]] : m->p->step_count;

	for (; m->gave < next; m->gave++)
		m->given[m->gave] = published(m, Q_S);
}

/* One step of S at a time, so that what it gives away bears what it knew then. */
static bool run_scalar(struct machine *m)
{
	if (m->at[Q_S] == m->length[Q_S] || !do_step(m, Q_S, m->list[Q_S][m->at[Q_S]]))
		return false;
	m->at[Q_S]++;
	return true;
}

void order_of(const struct program *p, struct order *out)
{
	static struct machine m;
	bool moved = true;

	memset(&m, 0, sizeof(m));
	memset(out, 0, sizeof(*out));
	m.p = p;
	m.order = out;
	for (uint32_t i = 0; i < p->step_count; i++) {
		enum queue q = queue_of(p, &p->steps[i]);

		m.list[q][m.length[q]++] = (uint16_t)i;
	}
	while (moved) {
		moved = false;
		give(&m);
		for (uint32_t q = 1; q < QUEUES; q++)
			moved |= run_queue(&m, (enum queue)q);
		moved |= run_scalar(&m);
	}
	for (uint32_t q = 0; q < QUEUES; q++)
		out->stuck |= m.at[q] < m.length[q];
	for (uint32_t i = 0; i < QUEUES * QUEUES * IDS; i++)
		out->left |= (&m.is_set[0][0][0])[i];
}

/* Of a conflicting pair the one that comes first in S's order is over when the other begins? In V
 * writes follow what came before; only a read of what was written needs to be told. */
static bool is_ordered(const struct program *p, const struct order *order, uint32_t i, uint32_t j)
{
	enum queue a = op_queue(p->ops[i].kind), b = op_queue(p->ops[j].kind);

	if (order->before[j] & one(i) || order->before[i] & one(j))
		return true;
	return a == Q_V && b == Q_V && !reads_from(&p->ops[j], &p->ops[i]);
}

uint32_t order_lost(const struct program *p, const struct order *order, uint32_t (*pairs)[2],
		    uint32_t room)
{
	uint32_t count = 0;

	for (uint32_t j = 0; j < p->op_count; j++)
		for (uint32_t i = 0; i < j; i++) {
			if (!ops_conflict(&p->ops[i], &p->ops[j]) || is_ordered(p, order, i, j))
				continue;
			if (count < room) {
				pairs[count][0] = i;
				pairs[count][1] = j;
			}
			count++;
		}
	return count;
}

/* ---- putting orders in ---- */

static void insert(struct program *p, uint32_t at, struct step step)
{
	if (p->step_count == STEPS_MAX) {
		fprintf(stderr, "oracle-dsa: more than %d steps\n", STEPS_MAX);
		abort();
	}
	memmove(&p->steps[at + 1], &p->steps[at], (p->step_count - at) * sizeof(step));
	p->steps[at] = step;
	p->step_count++;
}

static void erase(struct program *p, uint32_t at)
{
	p->step_count--;
	memmove(&p->steps[at], &p->steps[at + 1], (p->step_count - at) * sizeof(p->steps[0]));
}

static uint32_t step_of(const struct program *p, uint32_t op)
{
	uint32_t at = 0;

	while (p->steps[at].kind != STEP_OP || p->steps[at].op != op)
		at++;
	return at;
}

/* The wait of the token that is set at this step. */
static uint32_t wait_of(const struct program *p, uint32_t at)
{
	const struct step *s = &p->steps[at];
	uint32_t i = at + 1;

	while (p->steps[i].kind != STEP_WAIT || p->steps[i].source != s->source ||
	       p->steps[i].target != s->target || p->steps[i].id != s->id)
		i++;
	return i;
}

/* Barriers of all before this step. */
static uint32_t epoch_of(const struct program *p, uint32_t at)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < at; i++)
		count += p->steps[i].kind == STEP_BARRIER_ALL;
	return count;
}

/* An id of the pair that no token has from its set to its wait in the epoch of `at`: between
 * barriers of all nothing else says when one may be set again. IDS: none. */
static uint32_t free_id(const struct program *p, uint32_t at, uint8_t source, uint8_t target)
{
	uint32_t used = 0, id = 0, epoch = epoch_of(p, at);

	for (uint32_t i = 0; i < p->step_count; i++) {
		const struct step *s = &p->steps[i];

		if (s->kind == STEP_SET && s->source == source && s->target == target &&
		    epoch_of(p, i) <= epoch && epoch <= epoch_of(p, wait_of(p, i)))
			used |= 1u << s->id;
	}
	while (id < IDS && used >> id & 1)
		id++;
	return id;
}

static bool barrier_between(const struct program *p, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++)
		if (p->steps[i].kind == STEP_BARRIER_ALL)
			return true;
	return false;
}

/* A token from behind step `from` to before step `to`; the set somewhere between. */
static void put_token(struct program *p, struct random *r, uint32_t from, uint32_t to,
		      enum queue source, enum queue target)
{
	uint32_t set_at = from + 1 + random_below(r, to - from);
	uint32_t id = free_id(p, to, (uint8_t)source, (uint8_t)target);
	struct step step = {STEP_SET, (uint8_t)source, (uint8_t)target, (uint8_t)id, 0};

	if (id == IDS || source == target || barrier_between(p, set_at, to) ||
	    random_below(r, 16) == 0) {
		insert(p, to, (struct step){.kind = STEP_BARRIER_ALL});
		return;
	}
	insert(p, set_at, step);
	step.kind = STEP_WAIT;
	insert(p, to + 1, step);
}

static void order_pair(struct program *p, struct random *r, uint32_t i, uint32_t j)
{
	enum queue a = op_queue(p->ops[i].kind), b = op_queue(p->ops[j].kind);

	if (a == b) /* only V has to be told */
		insert(p, step_of(p, j), (struct step){.kind = STEP_BARRIER_V});
	else
		put_token(p, r, step_of(p, i), step_of(p, j), a, b);
}

/* Some that nothing asks for. */
static void order_more(struct program *p, struct random *r)
{
	for (uint32_t n = random_below(r, 6); n; n--) {
		uint32_t j = 1 + random_below(r, p->op_count - 1), i = random_below(r, j);
		enum queue a = op_queue(p->ops[i].kind), b = op_queue(p->ops[j].kind);

		if (a != b)
			put_token(p, r, step_of(p, i), step_of(p, j), a, b);
	}
}

void order_make(struct program *p, struct random *r)
{
	uint32_t pair[1][2];
	struct order order;

	order_more(p, r);
	for (;;) {
		order_of(p, &order);
		if (!order_lost(p, &order, pair, 1))
			return;
		order_pair(p, r, pair[0][0], pair[0][1]);
	}
}

/* ---- taking orders out ---- */

static uint32_t pick(const struct program *p, enum step_kind kind, struct random *r)
{
	uint32_t count = 0, wanted;

	for (uint32_t i = 0; i < p->step_count; i++)
		count += p->steps[i].kind == kind;
	if (!count)
		return UINT32_MAX;
	wanted = random_below(r, count);
	for (uint32_t i = 0;; i++)
		if (p->steps[i].kind == kind && !wanted--)
			return i;
}

/* Two tokens of one pair of queues whose waits come after both sets change their ids there. */
static bool swap(struct program *p, uint32_t a)
{
	for (uint32_t b = a + 1; b < wait_of(p, a); b++) {
		const struct step *x = &p->steps[a], *y = &p->steps[b];

		if (y->kind != STEP_SET || y->source != x->source || y->target != x->target)
			continue;
		uint32_t wait_a = wait_of(p, a), wait_b = wait_of(p, b);

		p->steps[wait_a].id = y->id;
		p->steps[wait_b].id = x->id;
		return true;
	}
	return false;
}

bool order_mutate(struct program *p, enum mutant mutant, struct random *r)
{
	uint32_t at = pick(p, mutant == MUTANT_BARRIER ? STEP_BARRIER_V : STEP_SET, r);

	if (at == UINT32_MAX)
		return false;
	switch (mutant) {
	case MUTANT_REMOVE:
		erase(p, wait_of(p, at));
		erase(p, at);
		return true;
	case MUTANT_SWAP: return swap(p, at);
	case MUTANT_EARLY: {
		struct step set = p->steps[at];
		uint32_t to = at;

		/* before the last operation of its queue that it followed */
		while (to && !(p->steps[to - 1].kind == STEP_OP &&
			       op_queue(p->ops[p->steps[to - 1].op].kind) == set.source))
			to--;
		if (!to || barrier_between(p, to, at))
			return false;
		erase(p, at);
		insert(p, to - 1, set);
		return true;
	}
	default: erase(p, at); return true;
	}
}
