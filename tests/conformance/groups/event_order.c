/* SPDX-License-Identifier: Apache-2.0 */
/* What events order: promises, failures, chains of queues and devices, and why one stands still. */
#include "tests/conformance/groups/steps.h"

#include <pthread.h>
#include <stdlib.h>

/* ---- promises ---- */

CONFORMANCE_CASE(event, event_promise_must_rise)
{
	road_event *event = fixture_event(f, 5), *gate = fixture_event(f, 0);
	road_event *second = fixture_event(f, 0);
	road_queue *queue = fixture_queue(f);
	road_point done;

	for (uint64_t i = 4; i <= 5; i++)
		CHECK_STATUS(step_try(queue, (struct step){.signal = {event, i}}, NULL),
			     ROAD_INVALID_ARGUMENT);
	step_submit(queue, (struct step){.wait = {gate, 1}, .signal = {event, 10}});
	for (uint64_t i = 9; i <= 10; i++)
		CHECK_STATUS(step_try(queue, (struct step){.signal = {event, i}}, NULL),
			     ROAD_INVALID_ARGUMENT);
	/* All promises of a submission, or none. */
	road_point both[2] = {{second, 7}, {event, 10}};
	road_submission s = {.size = sizeof(s), .signals = both, .signal_count = 2};

	CHECK_STATUS(road_queue_submit(queue, &s, NULL), ROAD_INVALID_ARGUMENT);
	CHECK_OK(road_event_signal(second, 1));
	CHECK_STATUS(road_event_signal(event, 11), ROAD_BUSY);
	both[1].value = 11;
	CHECK_OK(road_queue_submit(queue, &s, &done));
	if (fixture_has(f, CAPABILITY_TWO_QUEUES)) { /* one queue at a time */
		road_queue *other = fixture_queue_new(f, NULL);

		CHECK_STATUS(step_try(other, (struct step){.signal = {event, 20}}, NULL),
			     ROAD_BUSY);
		CHECK_OK(road_event_signal(gate, 1));
		CHECK_OK(road_point_wait(done, SOON));
		CHECK_OK(road_point_wait(step_submit(other, (struct step){.signal = {event, 20}}),
					 SOON));
	}
	CHECK_STATUS(road_event_signal(gate, 1),
		     fixture_has(f, CAPABILITY_TWO_QUEUES) ? ROAD_INVALID_ARGUMENT : ROAD_OK);
	CHECK_OK(road_point_wait(done, SOON));
	CHECK_OK(road_event_signal(event, 30)); /* paid: the program's again */
}

/* ---- failures ---- */

struct failed_wait {
	road_point point;
	road_status status;
	road_error detail;
};

static void *wait_for_failure(void *arg)
{
	struct failed_wait *w = arg;

	w->status = road_point_wait(w->point, SOON);
	w->detail.size = sizeof(w->detail);
	(void)road_last_error(&w->detail);
	return NULL;
}

CONFORMANCE_CASE(event, event_error_propagates_to_waiter)
{
	road_event *event = fixture_event(f, 0), *promised = fixture_event(f, 0);
	road_queue *queue = fixture_queue(f);
	struct failed_wait w = {.point = {event, 3}};
	road_error detail = {.size = sizeof(detail)};
	road_point good, bad, behind;
	pthread_t thread;

	good = step_submit(queue, (struct step){0});
	bad = step_submit(queue, (struct step){.wait = {event, 3}, .signal = {promised, 1}});
	behind = step_submit(queue, (struct step){0});
	pthread_create(&thread, NULL, wait_for_failure, &w);
	CHECK_OK(road_event_fail(event, 2, ROAD_IMAGE_INVALID));
	pthread_join(thread, NULL);
	CHECK_STATUS(w.status, ROAD_IMAGE_INVALID);
	CHECK_STATUS(w.detail.status, ROAD_IMAGE_INVALID);
	CHECK(strstr(w.detail.where, "road_event_fail") != NULL);
	/* A wait on it fails the submission, with the same status, and what stands behind. */
	CHECK_OK(road_point_wait(good, SOON));
	CHECK_STATUS(road_point_wait(bad, SOON), ROAD_IMAGE_INVALID);
	CHECK_STATUS(road_point_wait(behind, SOON), ROAD_IMAGE_INVALID);
	CHECK_STATUS(road_event_error(promised, 1, &detail), ROAD_IMAGE_INVALID);
	CHECK(strstr(detail.where, "road_event_fail") != NULL);
	CHECK_STATUS(road_queue_status(queue, &detail), ROAD_IMAGE_INVALID);
	CHECK_STATUS(step_try(queue, (struct step){0}, NULL), ROAD_IMAGE_INVALID);
	CHECK_OK(road_queue_reset(queue));
	CHECK_OK(road_point_wait(step_submit(queue, (struct step){0}), SOON));
}

/* ---- why it stands still ---- */

CONFORMANCE_CASE(event, event_unpromised_timeout_says_so)
{
	road_event *event = fixture_event(f, 3);
	road_error detail = {.size = sizeof(detail)};

	CHECK_STATUS(road_point_wait((road_point){event, 8}, BRIEFLY), ROAD_TIMEOUT);
	CHECK_OK(road_last_error(&detail));
	CHECK(strstr(detail.where, "nobody promised") != NULL);
	CHECK(strchr(detail.seen, '3') && strchr(detail.seen, '8'));
	CHECK_STATUS(road_point_wait((road_point){event, 8}, 0), ROAD_TIMEOUT);
	CHECK_DETAIL("nobody promised");
}

CONFORMANCE_CASE(event, stall_report_names_chain)
{
	road_event *gate = fixture_event(f, 0), *middle = fixture_event(f, 0);
	road_queue *first = fixture_queue_new(f, NULL), *second = fixture_queue_new(f, NULL);
	road_error detail = {.size = sizeof(detail)};
	const char *at;
	road_point last;

	step_submit(first, (struct step){.wait = {gate, 41}, .signal = {middle, 17}});
	last = step_submit(second, (struct step){.wait = {middle, 17}});
	CHECK_STATUS(road_point_wait(last, BRIEFLY), ROAD_TIMEOUT);
	CHECK_OK(road_last_error(&detail));
	/* Two that owe, what each awaits, and the end. */
	at = strstr(detail.where, "owed by queue");
	REQUIRE(at != NULL);
	at = strstr(at, "= 17");
	REQUIRE(at != NULL);
	at = strstr(at, "owed by queue");
	REQUIRE(at != NULL);
	at = strstr(at, "= 41");
	REQUIRE(at != NULL);
	CHECK(strstr(at, "nobody promised") != NULL);
	CHECK_OK(road_event_signal(gate, 41));
	CHECK_OK(road_point_wait(last, SOON));
}

CONFORMANCE_CASE(event, event_deadlock_cycle_detected_or_timeout)
{
	road_event *events[2] = {fixture_event(f, 0), fixture_event(f, 0)};
	road_queue *queues[2] = {fixture_queue_new(f, NULL), fixture_queue_new(f, NULL)};
	road_point points[2];

	for (int i = 0; i < 2; i++)
		points[i] = step_submit(queues[i], (struct step){.wait = {events[!i], 1},
								 .signal = {events[i], 1}});
	for (int i = 0; i < 2; i++) {
		CHECK_STATUS(road_point_wait(points[i], BRIEFLY), ROAD_TIMEOUT);
		CHECK_DETAIL("cycle");
	}
	/* It is undone by hand: one fails, and the other with it. */
	CHECK_OK(road_event_retain(points[0].event));
	CHECK_OK(road_queue_cancel(queues[0], 0));
	CHECK_STATUS(road_point_wait(points[0], SOON), ROAD_CANCELLED);
	CHECK_STATUS(road_point_wait(points[1], SOON), ROAD_CANCELLED);
	road_event_release(points[0].event);
	CHECK_OK(road_point_wait(step_submit(queues[0], (struct step){0}), SOON));
	CHECK_OK(road_queue_reset(queues[1]));
	CHECK_OK(road_point_wait(step_submit(queues[1], (struct step){0}), SOON));
}

/* ---- chains ---- */

/* Links of a chain over the queues: each reads what the last one wrote, and writes its own number.
 * Timelines of queues, or an event of the program, hold them in order. */
static void run_chain(struct fixture *f, road_queue **queues, uint32_t count, road_event *event)
{
	enum { LINKS = 100 };
	uint64_t *seen = fixture_memory(f, LINKS * sizeof(*seen));
	uint64_t *next = fixture_memory(f, LINKS * sizeof(*next));
	road_buffer *cell = fixture_buffer(f, 8);
	road_point last = {0};

	for (uint64_t i = 0; i < LINKS; i++) {
		struct step step = {.list = step_exchange(f, cell, 0, &seen[i], &next[i])};

		next[i] = i + 1;
		if (event) {
			step.wait = (road_point){event, i};
			step.signal = (road_point){event, i + 1};
			CHECK_OK(step_try(queues[fixture_random(f) % count], step, NULL));
			if (i % 10 == 9) /* one queue at a time promises */
				CHECK_OK(road_point_wait(step.signal, SOON));
			continue;
		}
		step.wait = last;
		last = step_submit(queues[fixture_random(f) % count], step);
	}
	CHECK_OK(road_point_wait(event ? (road_point){event, LINKS} : last, SOON));
	for (uint64_t i = 0; i < LINKS; i++)
		CHECK_EQ(seen[i], i);
}

CONFORMANCE_CASE(event, event_cross_queue_dependency_chain_100)
{
	uint32_t count = f->info.queues_max < 4 ? f->info.queues_max : 4;
	road_queue *queues[4];

	for (uint32_t i = 0; i < count; i++)
		queues[i] = fixture_queue_new(f, NULL);
	run_chain(f, queues, count, NULL);
	for (uint32_t i = 0; i < count; i++) /* through an event, for each in turn */
		run_chain(f, &queues[i], 1, fixture_event(f, 0));
}

CONFORMANCE_CASE(event, event_cross_device_chain)
{
	enum { LINKS = 60 };
	road_event *event = fixture_event(f, 0), *gate = fixture_event(f, 0);
	road_space *space = NULL;
	road_queue *there = NULL, *here = fixture_queue(f);
	road_point last = {gate, 1}, points[2] = {{0}};
	uint64_t value = 0;

	CHECK_OK(road_space_shared(fixture_second(f), &space));
	CHECK_OK(road_queue_create(space, NULL, &there));
	for (uint64_t i = 1; i <= LINKS; i++) /* all of it submitted before anything runs */
		points[i % 2] = last =
			step_submit(i % 2 ? here : there, (struct step){.wait = last});
	CHECK_OPEN(last);
	CHECK_OK(road_event_signal(gate, 1));
	CHECK_OK(road_point_wait(last, SOON));
	CHECK_REACHED(points[1]);
	/* And through an event of the program, which both promise on in turn. */
	for (uint64_t i = 1; i <= LINKS; i++) {
		step_submit(i % 2 ? here : there,
			    (struct step){.wait = {event, i - 1}, .signal = {event, i}});
		CHECK_OK(road_point_wait((road_point){event, i}, SOON));
	}
	CHECK_OK(road_event_value(event, &value));
	CHECK_EQ(value, LINKS);
	/* A failure here is a failure there. */
	last = step_submit(here, (struct step){.wait = {gate, 2}});
	last = step_submit(there, (struct step){.wait = last});
	CHECK_OK(road_event_fail(gate, 2, ROAD_ROLLBACK_REFUSED));
	CHECK_STATUS(road_point_wait(last, SOON), ROAD_ROLLBACK_REFUSED);
	road_queue_release(there);
	road_space_release(space);
}

/* ---- every point ends once: random programs against a model ---- */

enum { EVENTS = 5, QUEUES = 3, PER_QUEUE = 12 };

/* What one submission owes, and the host's view of what must become of it. */
struct owed {
	uint32_t queue;
	road_point wait, signal, point;
	bool waits, signals, cancelled;
};

struct program {
	struct fixture *f;
	road_queue *queues[QUEUES];
	uint32_t queue_count;
	road_event *gates[EVENTS], *told[EVENTS];
	uint64_t gate_value[EVENTS], gate_failed[EVENTS]; /* UINT64_MAX: not failed */
	struct owed owed[QUEUES * PER_QUEUE];
	uint32_t count;
	uint64_t last_promise[EVENTS];
	uint32_t promiser[EVENTS];
};

static uint64_t below(struct program *p, uint64_t bound)
{
	return fixture_random(p->f) % bound;
}

static void submit_one(struct program *p, uint32_t queue)
{
	struct owed *o = &p->owed[p->count];
	uint32_t gate = (uint32_t)below(p, EVENTS), told = (uint32_t)below(p, EVENTS);

	*o = (struct owed){.queue = queue, .waits = below(p, 2), .signals = below(p, 2)};
	if (o->waits)
		o->wait = (road_point){p->gates[gate], 1 + below(p, 6)};
	/* A queue promises on events of its own alone; the model need not know who was paid. */
	o->signals &= p->promiser[told] == queue;
	if (o->signals)
		o->signal = (road_point){p->told[told], p->last_promise[told] += 1 + below(p, 3)};
	o->point =
		step_submit(p->queues[queue], (struct step){.wait = o->wait, .signal = o->signal});
	p->count++;
}

static bool gate_reached(const struct program *p, const struct owed *o)
{
	for (uint32_t g = 0; g < EVENTS; g++)
		if (p->gates[g] == o->wait.event)
			return p->gate_value[g] >= o->wait.value;
	return true;
}

/* Raises or fails some gate, as an event allows. */
static void change_gate(struct program *p)
{
	uint32_t g = (uint32_t)below(p, EVENTS);
	uint64_t to = p->gate_value[g] + 1 + below(p, 2);

	if (to >= p->gate_failed[g])
		return;
	if (!below(p, 12)) {
		CHECK_OK(road_event_fail(p->gates[g], to, ROAD_CONFIG_MISMATCH));
		p->gate_failed[g] = to;
		return;
	}
	CHECK_OK(road_event_signal(p->gates[g], to));
	p->gate_value[g] = to;
}

/* The end: what no gate holds back by now is reached, up to the first of its queue whose gate
 * failed; from there on all failed. */
static void settle(struct program *p)
{
	for (uint32_t g = 0; g < EVENTS; g++) {
		if (p->gate_failed[g] == UINT64_MAX) {
			p->gate_failed[g] = p->gate_value[g] + 1;
			CHECK_OK(road_event_fail(p->gates[g], p->gate_failed[g],
						 ROAD_CONFIG_MISMATCH));
		} else if (p->gate_value[g] + 1 < p->gate_failed[g]) {
			p->gate_value[g] = p->gate_failed[g] - 1;
			CHECK_OK(road_event_signal(p->gates[g], p->gate_value[g]));
		}
	}
	for (uint32_t i = 0; i < p->count; i++)
		CHECK(road_point_wait(p->owed[i].point, SOON) != ROAD_TIMEOUT);
}

static void check_owed(struct program *p, const struct owed *o, bool failed)
{
	road_status wanted = failed ? ROAD_CONFIG_MISMATCH : ROAD_OK;

	CHECK_STATUS(road_event_error(o->point.event, o->point.value, NULL), wanted);
	if (o->signals)
		CHECK_STATUS(road_event_error(o->signal.event, o->signal.value, NULL), wanted);
	(void)p;
}

static void run_program(struct fixture *f)
{
	struct program *p = fixture_memory(f, sizeof(*p));
	bool failed[QUEUES] = {false};

	p->f = f;
	p->queue_count = f->info.queues_max < QUEUES ? f->info.queues_max : QUEUES;
	for (uint32_t q = 0; q < p->queue_count; q++)
		CHECK_OK(road_queue_create(f->space, NULL, &p->queues[q]));
	for (uint32_t e = 0; e < EVENTS; e++) {
		CHECK_OK(road_event_create(f->instance, 0, &p->gates[e]));
		CHECK_OK(road_event_create(f->instance, 0, &p->told[e]));
		p->gate_failed[e] = UINT64_MAX;
		p->promiser[e] = e % p->queue_count;
	}
	for (uint32_t i = 0; i < p->queue_count * PER_QUEUE; i++) {
		uint32_t queue = i % p->queue_count;

		/* A queue whose wait failed refuses work: as the model says it, once it moved. */
		if (road_queue_status(p->queues[queue], NULL) == ROAD_OK)
			submit_one(p, queue);
		if (!below(p, 3))
			change_gate(p);
	}
	settle(p);
	for (uint32_t i = 0; i < p->count; i++) {
		struct owed *o = &p->owed[i];

		failed[o->queue] |= o->waits && !gate_reached(p, o);
		check_owed(p, o, failed[o->queue]);
	}
	for (uint32_t q = 0; q < p->queue_count; q++)
		road_queue_release(p->queues[q]);
	for (uint32_t i = 0; i < p->count; i++) /* and stays so: once is once */
		if (p->owed[i].signals)
			CHECK(road_event_error(p->owed[i].signal.event, p->owed[i].signal.value,
					       NULL) != ROAD_NOT_READY);
	for (uint32_t e = 0; e < EVENTS; e++) {
		road_event_release(p->gates[e]);
		road_event_release(p->told[e]);
	}
}

CONFORMANCE_CASE(event, event_every_point_ends_once)
{
	for (int i = 0; i < (f->soak ? 5000 : 60); i++)
		run_program(f);
}
