/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A random walk over the interface, against a model on the host.
 *
 * Each queue has cells of its own, so that its order alone decides what they hold. A step submits a
 * write, a read, a callback or nothing, behind a gate or not, with a promise or not; or it signals
 * or fails a gate, cancels, resets, or asks for what must be refused. From time to time a queue is
 * settled: every point must have ended, in order and with a status that the walk can explain; reads
 * must have seen what the cell held at their place in the queue, callbacks must have been called.
 */
#include "tests/conformance/groups/steps.h"

#include <stdatomic.h>

enum { WALKERS = 3, CELLS = 4, LOG = 24 };

enum kind { EMPTY, WRITE, READ, CALL, KINDS };

struct op {
	enum kind kind;
	road_point point, signal; /* signal.event NULL: promised nothing */
	uint32_t cell;
	uint64_t value, seen; /* written; read */
};

struct walker {
	road_queue *queue;
	road_buffer *cells;
	road_event *gate, *told;
	uint64_t gate_value, gate_wanted, promised;
	uint64_t held[CELLS];
	bool known[CELLS]; /* a cancelled write leaves what nobody knows */
	struct op log[LOG];
	uint32_t logged, calls_due, calls_possible;
	_Atomic uint32_t calls;
	road_event *timeline; /* of the log's points: a reference */
};

struct walk {
	struct fixture *f;
	struct walker *walkers;
	uint32_t count;
	uint64_t counted[KINDS], settled, cancelled;
};

static uint64_t below(struct walk *w, uint64_t bound)
{
	return fixture_random(w->f) % bound;
}

static void call(void *user)
{
	atomic_fetch_add(&((struct walker *)user)->calls, 1);
}

static void new_gate(struct walk *w, struct walker *q)
{
	road_event_release(q->gate);
	CHECK_OK(road_event_create(w->f->instance, 0, &q->gate));
	q->gate_value = q->gate_wanted = 0;
}

static void new_told(struct walk *w, struct walker *q)
{
	road_event_release(q->told);
	CHECK_OK(road_event_create(w->f->instance, 0, &q->told));
	q->promised = 0;
}

static void begin(struct walk *w, struct walker *q)
{
	uint64_t zero[CELLS] = {0};

	CHECK_OK(road_queue_create(w->f->space, NULL, &q->queue));
	q->cells = fixture_buffer(w->f, sizeof(zero));
	for (uint32_t i = 0; i < CELLS; i++)
		q->known[i] = true; /* zeroed */
	new_gate(w, q);
	new_told(w, q);
}

/* ---- the model ---- */

/* One ended, after `failed` (OK: none) of its timeline; true: what the log says of it holds. */
static void apply(struct walker *q, struct op *op, road_status status)
{
	bool good = status == ROAD_OK;

	if (op->signal.event)
		CHECK_STATUS(road_event_error(op->signal.event, op->signal.value, NULL), status);
	if (op->kind == WRITE) {
		q->known[op->cell] = good;
		q->held[op->cell] = op->value;
	} else if (op->kind == READ && good && q->known[op->cell]) {
		CHECK_EQ(op->seen, q->held[op->cell]);
	} else if (op->kind == CALL) {
		q->calls_due += good;
		q->calls_possible += !good;
	}
}

/* Ends the log. `why`, beside OK, is what its points may end with. */
static void settle(struct walk *w, struct walker *q, road_status why)
{
	road_status failed = ROAD_OK;

	if (why == ROAD_OK && q->gate_value < q->gate_wanted) {
		q->gate_value = q->gate_wanted;
		CHECK_OK(road_event_signal(q->gate, q->gate_value));
	}
	for (uint32_t i = 0; i < q->logged; i++) {
		struct op *op = &q->log[i];
		road_status status = road_point_wait(op->point, SOON);

		if (failed && status != failed)
			CASE_FAIL("a point is %s, one before it %s", road_status_text(status),
				  road_status_text(failed));
		else if (status && status != why)
			CASE_FAIL("a point is %s, and should be ok or %s", road_status_text(status),
				  road_status_text(why));
		failed = status;
		apply(q, op, status);
	}
	uint32_t calls = atomic_load(&q->calls);

	CHECK(calls >= q->calls_due && calls <= q->calls_due + q->calls_possible);
	q->logged = 0;
	road_event_release(q->timeline);
	q->timeline = NULL;
	w->settled++;
}

/* ---- steps ---- */

static road_status record(struct walk *w, struct walker *q, struct op *op, road_list *list)
{
	(void)w;
	switch (op->kind) {
	case WRITE: return road_list_write(list, q->cells, 8 * op->cell, &op->value, 8);
	case READ: return road_list_read(list, &op->seen, q->cells, 8 * op->cell, 8);
	case CALL: return road_list_callback(list, call, q, ROAD_CALLBACK_INLINE);
	default: return ROAD_OK;
	}
}

static void submit_some(struct walk *w, struct walker *q)
{
	struct op *op = &q->log[q->logged];
	struct step step = {0};

	if (q->logged == LOG) {
		settle(w, q, ROAD_OK);
		op = q->log;
	}
	*op = (struct op){.kind = (enum kind)below(w, KINDS), .value = fixture_random(w->f)};
	op->cell = (uint32_t)below(w, CELLS);
	CHECK_OK(road_list_create(w->f->space, 0, &step.list));
	CHECK_OK(record(w, q, op, step.list));
	CHECK_OK(road_list_close(step.list));
	if (!below(w, 3)) {
		step.wait = (road_point){q->gate, q->gate_value + below(w, 3)};
		if (step.wait.value > q->gate_wanted)
			q->gate_wanted = step.wait.value;
	}
	if (!below(w, 3))
		op->signal = step.signal = (road_point){q->told, q->promised += 1 + below(w, 9)};
	op->point = step_submit(q->queue, step);
	road_list_release(step.list); /* what is submitted keeps it */
	if (!q->timeline) {
		q->timeline = op->point.event;
		CHECK_OK(road_event_retain(q->timeline));
	}
	w->counted[op->kind]++;
	q->logged++;
}

static void open_gate(struct walker *q)
{
	CHECK_OK(road_event_signal(q->gate, ++q->gate_value));
}

/* Those who wait behind the gate fail, and the queue with them, until it is reset. */
static void fail_gate(struct walk *w, struct walker *q)
{
	CHECK_OK(road_event_fail(q->gate, q->gate_value + 1, ROAD_PERMISSION));
	settle(w, q, ROAD_PERMISSION);
	CHECK_OK(road_queue_reset(q->queue));
	new_gate(w, q);
	new_told(w, q);
}

static void cancel_some(struct walk *w, struct walker *q)
{
	bool reset = below(w, 2);

	if (!q->logged)
		return;
	uint64_t first = q->log[0].point.value, from = first + below(w, q->logged);

	CHECK_OK(reset ? road_queue_reset(q->queue) : road_queue_cancel(q->queue, from));
	if (q->gate_value < q->gate_wanted) { /* for those before `from` */
		q->gate_value = q->gate_wanted;
		CHECK_OK(road_event_signal(q->gate, q->gate_value));
	}
	settle(w, q, ROAD_CANCELLED);
	new_told(w, q);
	w->cancelled++;
}

static void ask_wrongly(struct walk *w, struct walker *q)
{
	road_buffer_options options = {.size = sizeof(options), .heap = fixture_heap(w->f)};
	road_list *open = NULL;
	road_buffer *buffer = NULL;
	uint64_t value = 0;

	switch (below(w, 5)) {
	case 0:
		CHECK_STATUS(road_buffer_create(w->f->space, &options, &buffer),
			     ROAD_INVALID_ARGUMENT);
		break;
	case 1:
		CHECK_OK(road_list_create(w->f->space, 0, &open));
		CHECK_STATUS(step_try(q->queue, (struct step){.list = open}, NULL),
			     ROAD_INVALID_ARGUMENT);
		road_list_release(open);
		break;
	case 2:
		CHECK_STATUS(road_queue_write(q->queue, q->cells, 8 * CELLS, &value, 8, NULL),
			     ROAD_INVALID_ARGUMENT);
		break;
	case 3:
		CHECK_STATUS(road_event_signal(q->gate, q->gate_value), ROAD_INVALID_ARGUMENT);
		break;
	default: CHECK_OK(road_event_value(q->gate, &value)); CHECK_EQ(value, q->gate_value);
	}
}

/* A buffer that comes and goes, with work under way in between. */
static void use_a_buffer(struct walk *w, struct walker *q)
{
	road_buffer_options options = {
		.size = sizeof(options), .heap = fixture_heap(w->f), .bytes = 8 + below(w, 56)};
	road_buffer *buffer = NULL, *view = NULL;

	CHECK_OK(road_buffer_create(w->f->space, &options, &buffer));
	CHECK_OK(road_buffer_view(buffer, 0, 8, &view));
	road_buffer_release(buffer);
	if (q->logged < LOG) {
		struct op *op = &q->log[q->logged++];

		*op = (struct op){.kind = EMPTY};
		CHECK_OK(road_queue_write(q->queue, view, 0, &op->value, 8, &op->point));
		if (!q->timeline) {
			q->timeline = op->point.event;
			CHECK_OK(road_event_retain(q->timeline));
		}
	}
	road_buffer_release(view);
}

static void step(struct walk *w)
{
	struct walker *q = &w->walkers[below(w, w->count)];
	uint64_t what = below(w, 100);

	if (what < 60)
		submit_some(w, q);
	else if (what < 75)
		open_gate(q);
	else if (what < 80)
		settle(w, q, ROAD_OK);
	else if (what < 84)
		cancel_some(w, q);
	else if (what < 86)
		fail_gate(w, q);
	else if (what < 92)
		use_a_buffer(w, q);
	else
		ask_wrongly(w, q);
}

CONFORMANCE_CASE(concurrency, stress_20000_random_ops_seeded)
{
	struct walk w = {.f = f,
			 .count = f->info.queues_max < WALKERS ? f->info.queues_max : WALKERS};

	w.walkers = fixture_memory(f, WALKERS * sizeof(*w.walkers));
	for (uint32_t i = 0; i < w.count; i++)
		begin(&w, &w.walkers[i]);
	for (uint32_t i = 0; i < (f->soak ? 200000 : 20000); i++)
		step(&w);
	for (uint32_t i = 0; i < w.count; i++) {
		settle(&w, &w.walkers[i], ROAD_OK);
		road_queue_release(w.walkers[i].queue);
		road_event_release(w.walkers[i].gate);
		road_event_release(w.walkers[i].told);
	}
	case_note("%llu writes, %llu reads, %llu calls; settled %llu times, cancelled %llu",
		  (unsigned long long)w.counted[WRITE], (unsigned long long)w.counted[READ],
		  (unsigned long long)w.counted[CALL], (unsigned long long)w.settled,
		  (unsigned long long)w.cancelled);
}
