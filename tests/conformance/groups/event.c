/* SPDX-License-Identifier: Apache-2.0 */
/* Events: values, waits, deadlines, descriptors. What orders queues by them: event_order.c. */
#include "tests/conformance/fixture.h"
#include "tests/conformance/groups/steps.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

/* A deadline that passed a second ago. */
static uint64_t long_past(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return ((uint64_t)now.tv_sec - 1) * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

/* A thread that waits for one point. */
struct waiting {
	road_point point;
	uint64_t deadline;
	road_status status;
	_Atomic bool over;
	pthread_t thread;
};

static void *wait_in_thread(void *arg)
{
	struct waiting *w = arg;

	w->status = road_point_wait(w->point, w->deadline);
	atomic_store(&w->over, true);
	return NULL;
}

static void start_waiting(struct waiting *w, road_point point, uint64_t deadline)
{
	*w = (struct waiting){.point = point, .deadline = deadline};
	REQUIRE_EQ(pthread_create(&w->thread, NULL, wait_in_thread, w), 0);
}

static road_status end_waiting(struct waiting *w)
{
	pthread_join(w->thread, NULL);
	return w->status;
}

/* ---- values ---- */

CONFORMANCE_CASE(event, event_timeline_points_ordered)
{
	road_event *event = fixture_event(f, 3), *promised = fixture_event(f, 0);
	road_point last = {0};
	uint64_t value = 0;

	for (uint64_t i = 0; i < 8; i++)
		CHECK_STATUS(road_event_error(event, i, NULL), i <= 3 ? ROAD_OK : ROAD_NOT_READY);
	CHECK_OK(road_event_signal(event, 6)); /* and with it 4 and 5 */
	for (uint64_t i = 0; i < 8; i++)
		CHECK_STATUS(road_event_error(event, i, NULL), i <= 6 ? ROAD_OK : ROAD_NOT_READY);
	CHECK_OK(road_event_value(event, &value));
	CHECK_EQ(value, 6);
	/* Whoever sees one point of a queue sees all before it. */
	for (uint64_t i = 1; i <= 20; i++)
		last = step_submit(fixture_queue(f), (struct step){.signal = {promised, 10 * i}});
	for (uint64_t i = 1; i <= 20; i++) {
		CHECK_OK(road_point_wait((road_point){promised, 10 * i - 5}, SOON));
		CHECK_OK(road_event_value(promised, &value));
		CHECK(value >= 10 * i);
		CHECK_EQ(value % 10, 0); /* only what was promised */
		for (uint64_t j = 1; j < i; j++)
			CHECK_REACHED(((road_point){last.event, j}));
	}
}

CONFORMANCE_CASE(event, event_timeline_backwards_invalid_argument)
{
	road_event *event = fixture_event(f, 5), *none = NULL;
	uint64_t value = 0;
	road_point tail;

	for (uint64_t i = 0; i <= 5; i++) {
		CHECK_STATUS(road_event_signal(event, i), ROAD_INVALID_ARGUMENT);
		CHECK_DETAIL("value");
		CHECK_STATUS(road_event_fail(event, i, ROAD_IO), ROAD_INVALID_ARGUMENT);
	}
	CHECK_STATUS(road_event_fail(event, 9, ROAD_OK), ROAD_INVALID_ARGUMENT);
	CHECK_STATUS(road_event_fail(event, 9, ROAD_NOT_READY), ROAD_INVALID_ARGUMENT);
	CHECK_STATUS(road_event_fail(event, 9, (road_status)-1000), ROAD_INVALID_ARGUMENT);
	CHECK_STATUS(road_event_error(event, 9, NULL), ROAD_NOT_READY);
	CHECK_OK(road_event_value(event, &value));
	CHECK_EQ(value, 5);
	CHECK_STATUS(road_event_create(f->instance, UINT64_MAX, &none), ROAD_INVALID_ARGUMENT);
	CHECK(!none);
	/* Of a queue's timeline the program signals nothing. */
	tail = step_submit(fixture_queue(f), (struct step){0});
	CHECK_STATUS(road_event_signal(tail.event, 100), ROAD_INVALID_ARGUMENT);
	CHECK_STATUS(road_event_fail(tail.event, 100, ROAD_IO), ROAD_INVALID_ARGUMENT);
	CHECK_OK(road_point_wait(tail, SOON));
}

CONFORMANCE_CASE(event, event_64bit_points)
{
	static const uint64_t values[] = {
		UINT64_C(1) << 31, UINT64_C(1) << 32,       (UINT64_C(1) << 63) - 1,
		UINT64_C(1) << 63, (UINT64_C(1) << 63) + 1, UINT64_C(0xfffffffffffffff0),
		UINT64_MAX - 1,
	};
	enum { COUNT = sizeof(values) / sizeof(values[0]) };
	road_event *signalled = fixture_event(f, 0), *promised = fixture_event(f, 0);
	road_queue *queue = fixture_queue(f), *other = queue;
	uint64_t value = 0;

	if (fixture_has(f, CAPABILITY_TWO_QUEUES))
		other = fixture_queue_new(f, NULL);
	for (uint32_t i = 0; i < COUNT; i++) {
		road_point next = {signalled, values[i]}, owed = {promised, values[i]};

		CHECK_OPEN(next);
		CHECK_STATUS(road_point_wait(next, 0), ROAD_TIMEOUT);
		step_submit(queue, (struct step){.wait = next, .signal = owed});
		road_point behind = step_submit(other, (struct step){.wait = owed});

		CHECK_OPEN(owed);
		CHECK_OK(road_event_signal(signalled, values[i]));
		CHECK_OK(road_point_wait(owed, SOON));
		CHECK_OK(road_point_wait(behind, SOON));
		CHECK_OK(road_event_value(promised, &value));
		CHECK_EQ(value, values[i]);
		if (i + 1 < COUNT)
			CHECK_OPEN(((road_point){promised, values[i] + 1}));
	}
	CHECK_STATUS(road_event_signal(signalled, UINT64_MAX), ROAD_INVALID_ARGUMENT);
	CHECK_STATUS(step_try(queue, (struct step){.signal = {promised, UINT64_MAX}}, NULL),
		     ROAD_INVALID_ARGUMENT);
}

CONFORMANCE_CASE(event, event_fail_from_keeps_earlier)
{
	road_event *event = fixture_event(f, 2);
	road_error detail = {.size = sizeof(detail)};
	uint64_t value = 0;

	CHECK_OK(road_event_fail(event, 10, ROAD_FAULT));
	CHECK_STATUS(road_event_error(event, 2, &detail), ROAD_OK);
	CHECK_STATUS(road_event_error(event, 9, NULL), ROAD_NOT_READY);
	CHECK_STATUS(road_event_error(event, 10, &detail), ROAD_FAULT);
	CHECK_STATUS(detail.status, ROAD_FAULT);
	CHECK(strstr(detail.seen, "10") != NULL);
	CHECK_STATUS(road_event_error(event, UINT64_MAX, NULL), ROAD_FAULT);
	CHECK_OK(road_event_signal(event, 9)); /* below it all goes on */
	CHECK_OK(road_point_wait((road_point){event, 9}, 0));
	CHECK_STATUS(road_event_signal(event, 10), ROAD_INVALID_ARGUMENT);
	CHECK_OK(road_event_fail(event, 20, ROAD_IO)); /* for good, with the first reason */
	CHECK_STATUS(road_event_error(event, 30, NULL), ROAD_FAULT);
	CHECK_STATUS(step_try(fixture_queue(f), (struct step){.signal = {event, 10}}, NULL),
		     ROAD_INVALID_ARGUMENT);
	CHECK_STATUS(road_point_wait((road_point){event, 10}, SOON), ROAD_FAULT);
	CHECK_OK(road_event_value(event, &value));
	CHECK_EQ(value, 9);
}

/* ---- waits ---- */

CONFORMANCE_CASE(event, event_wait_before_promise)
{
	road_event *event = fixture_event(f, 0), *gate = fixture_event(f, 0);
	struct waiting w;

	start_waiting(&w, (road_point){event, 7}, SOON);
	usleep(5000); /* it sleeps by now, mostly */
	step_submit(fixture_queue(f), (struct step){.wait = {gate, 1}, .signal = {event, 6}});
	step_submit(fixture_queue(f), (struct step){.signal = {event, 8}});
	CHECK(!atomic_load(&w.over));
	CHECK_OK(road_event_signal(gate, 1));
	CHECK_OK(end_waiting(&w));
	CHECK_OK(road_queue_drain(fixture_queue(f), SOON));
}

CONFORMANCE_CASE(event, event_wait_all)
{
	road_event *events[3] = {fixture_event(f, 0), fixture_event(f, 0), fixture_event(f, 0)};
	road_point points[4] = {{events[0], 1}, {events[1], 1}, {events[2], 1}};
	uint32_t index = 77;

	points[3] = step_submit(fixture_queue(f), (struct step){.wait = points[0]});
	for (uint32_t i = 0; i < 3; i++) {
		CHECK_STATUS(road_event_wait(points, 4, ROAD_WAIT_ALL, BRIEFLY, &index),
			     ROAD_TIMEOUT);
		CHECK_EQ(index, 77);
		CHECK_OK(road_event_signal(events[i], 1));
	}
	CHECK_OK(road_event_wait(points, 4, ROAD_WAIT_ALL, SOON, NULL));
	/* The same point more than once; more points than fit anywhere. */
	road_point *many = fixture_memory(f, 300 * sizeof(*many));

	for (uint32_t i = 0; i < 300; i++)
		many[i] = points[i % 4];
	CHECK_OK(road_event_wait(many, 300, ROAD_WAIT_ALL, SOON, NULL));
	/* One that failed ends it, whatever the others do. */
	many[299] = (road_point){events[1], 5};
	many[7] = (road_point){events[2], 9};
	CHECK_STATUS(road_event_wait(many, 300, ROAD_WAIT_ALL, BRIEFLY, NULL), ROAD_TIMEOUT);
	CHECK_OK(road_event_fail(events[1], 5, ROAD_PERMISSION));
	CHECK_STATUS(road_event_wait(many, 300, ROAD_WAIT_ALL, SOON, NULL), ROAD_PERMISSION);
}

CONFORMANCE_CASE(event, event_wait_any_first_index)
{
	enum { COUNT = 12 };
	road_event *events[COUNT];
	road_point points[COUNT];
	uint32_t index = 77;

	for (uint32_t i = 0; i < COUNT; i++) {
		events[i] = fixture_event(f, 0);
		points[i] = (road_point){events[i], 1};
	}
	CHECK_STATUS(road_event_wait(points, COUNT, ROAD_WAIT_ANY, BRIEFLY, &index), ROAD_TIMEOUT);
	CHECK_EQ(index, 77);
	for (uint32_t i = COUNT; i--;) { /* the lowest wins, however late it came */
		if (i == 4)
			CHECK_OK(road_event_fail(events[i], 1, ROAD_SIGNATURE));
		else
			CHECK_OK(road_event_signal(events[i], 1));
		CHECK_STATUS(road_event_wait(points, COUNT, ROAD_WAIT_ANY, SOON, &index),
			     i == 4 ? ROAD_SIGNATURE : ROAD_OK);
		CHECK_EQ(index, i);
	}
	/* One that a queue owes, among those that nobody does. */
	road_point two[2] = {{events[0], 9}, {0}};

	two[1] = step_submit(fixture_queue(f), (struct step){0});
	CHECK_OK(road_event_wait(two, 2, ROAD_WAIT_ANY, SOON, &index));
	CHECK_EQ(index, 1);
}

CONFORMANCE_CASE(event, event_wait_zero_points)
{
	road_point point = {fixture_event(f, 0), 0};

	CHECK_OK(road_event_wait(NULL, 0, ROAD_WAIT_ALL, 0, NULL));
	CHECK_OK(road_event_wait(&point, 0, ROAD_WAIT_ALL, ROAD_FOREVER, NULL));
	CHECK_STATUS(road_event_wait(NULL, 0, ROAD_WAIT_ANY, 0, NULL), ROAD_INVALID_ARGUMENT);
	CHECK_STATUS(road_event_wait(NULL, 1, ROAD_WAIT_ALL, 0, NULL), ROAD_INVALID_ARGUMENT);
	CHECK_STATUS(road_event_wait(&point, 1, 2, 0, NULL), ROAD_INVALID_ARGUMENT);
	CHECK_DETAIL("mode");
	CHECK_OK(road_event_wait(&point, 1, ROAD_WAIT_ALL, 0, NULL)); /* 0 is always reached */
}

CONFORMANCE_CASE(event, event_wait_poll_zero_timeout)
{
	road_event *event = fixture_event(f, 0), *gate = fixture_event(f, 0);
	road_point point = {event, 1}, owed;
	uint64_t before, thread_ns;

	owed = step_submit(fixture_queue(f), (struct step){.wait = {gate, 1}});
	before = step_domain_ns(f);
	thread_ns = step_thread_ns(f);
	for (int i = 0; i < 1000; i++) { /* looks once, and changes nothing */
		CHECK_STATUS(road_point_wait(point, 0), ROAD_TIMEOUT);
		CHECK_STATUS(road_point_wait(owed, 0), ROAD_TIMEOUT);
	}
	if (fixture_in_process(f)) { /* else others may move it */
		CHECK_EQ(step_domain_ns(f), before);
		CHECK_EQ(step_thread_ns(f), thread_ns);
	}
	CHECK_OK(road_event_signal(event, 1));
	CHECK_OK(road_point_wait(point, 0));
	CHECK_OK(road_event_fail(event, 2, ROAD_IO));
	CHECK_STATUS(road_point_wait((road_point){event, 2}, 0), ROAD_IO);
	CHECK_OK(road_event_signal(gate, 1));
	CHECK_OK(road_point_wait(owed, SOON));
}

CONFORMANCE_CASE(event, event_wait_abs_past_timeout)
{
	road_event *gate = fixture_event(f, 0);
	road_point owed = step_submit(fixture_queue(f), (struct step){.wait = {gate, 1}});
	uint64_t deadlines[3] = {1, long_past(), 0};

	for (int i = 0; i < 3; i++) {
		CHECK_STATUS(road_point_wait(owed, deadlines[i]), ROAD_TIMEOUT);
		CHECK_DETAIL("deadline");
		CHECK_STATUS(road_queue_drain(fixture_queue(f), deadlines[i]), ROAD_TIMEOUT);
		CHECK_STATUS(road_space_drain(f->space, deadlines[i]), ROAD_TIMEOUT);
	}
	CHECK_OK(road_event_signal(gate, 1));
	CHECK_OK(road_point_wait(owed, SOON)); /* a wait that timed out can be repeated */
	CHECK_OK(road_space_drain(f->space, SOON));
	/* It adds up, and never reaches what means for ever. */
	CHECK(road_deadline_after(UINT64_MAX - 1) < ROAD_FOREVER);
	CHECK(road_deadline_after(1000) > long_past());
}

CONFORMANCE_CASE(event, event_wait_signalled_ignores_timeout)
{
	road_event *event = fixture_event(f, 4);
	road_point point = {event, 4}, done = step_submit(fixture_queue(f), (struct step){0});
	road_point both[2] = {point, done};
	uint32_t index = 9;

	CHECK_OK(road_point_wait(done, SOON));
	CHECK_OK(road_point_wait(point, 0));
	CHECK_OK(road_point_wait(point, long_past()));
	CHECK_OK(road_event_wait(both, 2, ROAD_WAIT_ALL, 1, NULL));
	CHECK_OK(road_event_wait(both, 2, ROAD_WAIT_ANY, 0, &index));
	CHECK_EQ(index, 0);
	CHECK_OK(road_queue_drain(fixture_queue(f), 0));
	CHECK_OK(road_space_drain(f->space, 0));
}

static _Atomic uint32_t interruptions;

static void interrupted(int number)
{
	(void)number;
	atomic_fetch_add(&interruptions, 1);
}

/* A handler that asks for no restart of calls that it interrupts. */
static void handle(int number)
{
	struct sigaction action = {.sa_handler = interrupted};

	REQUIRE_EQ(sigaction(number, &action, NULL), 0);
}

CONFORMANCE_CASE(event, event_wait_interrupted_restarts)
{
	road_event *event = fixture_event(f, 0);
	struct waiting w, impatient;
	uint64_t until = road_deadline_after(UINT64_C(60000000));

	atomic_store(&interruptions, 0);
	handle(SIGUSR1);
	start_waiting(&w, (road_point){event, 1}, SOON);
	start_waiting(&impatient, (road_point){event, 2}, until);
	for (int i = 0; i < 100; i++) {
		usleep(500);
		pthread_kill(w.thread, SIGUSR1);
		if (!atomic_load(&impatient.over))
			pthread_kill(impatient.thread, SIGUSR1);
	}
	CHECK(!atomic_load(&w.over));
	CHECK_STATUS(end_waiting(&impatient), ROAD_TIMEOUT); /* its deadline holds all the same */
	CHECK(long_past() + UINT64_C(1000000000) >= until);  /* and not before it passed */
	CHECK_OK(road_event_signal(event, 1));
	CHECK_OK(end_waiting(&w));
	CHECK(atomic_load(&interruptions) >= 50);
}

CONFORMANCE_CASE(event, validate_wait_dead_event)
{
	road_event *gone = NULL, *alive = fixture_event(f, 1);
	road_point points[2] = {{alive, 1}, {0}};
	uint64_t value = 33;
	int fd = -1;

	CHECK_OK(road_event_create(f->instance, 0, &gone));
	road_event_release(gone);
	points[1] = (road_point){gone, 1};
	CHECK_STATUS(road_event_wait(points, 2, ROAD_WAIT_ANY, SOON, NULL), ROAD_NOT_FOUND);
	CHECK_DETAIL("freed");
	CHECK_STATUS(road_point_wait(points[1], SOON), ROAD_NOT_FOUND);
	CHECK_STATUS(road_event_value(gone, &value), ROAD_NOT_FOUND);
	CHECK_EQ(value, 33);
	CHECK_STATUS(road_event_signal(gone, 1), ROAD_NOT_FOUND);
	CHECK_STATUS(road_event_fail(gone, 1, ROAD_IO), ROAD_NOT_FOUND);
	CHECK_STATUS(road_event_error(gone, 1, NULL), ROAD_NOT_FOUND);
	CHECK_STATUS(road_event_point_fd(gone, 1, &fd), ROAD_NOT_FOUND);
	CHECK_EQ(fd, -1);
	CHECK_STATUS(road_event_retain(gone), ROAD_NOT_FOUND);
	CHECK_STATUS(road_point_wait((road_point){NULL, 1}, SOON), ROAD_INVALID_ARGUMENT);
	CHECK_STATUS(road_point_wait((road_point){(road_event *)(void *)f->space, 1}, SOON),
		     ROAD_INVALID_ARGUMENT);
	CHECK_DETAIL("space");
}

CONFORMANCE_CASE(event, event_host_signal_wakes_many)
{
	enum { THREADS = 16 };
	road_event *event = fixture_event(f, 0);
	struct waiting *w = fixture_memory(f, THREADS * sizeof(*w));

	for (uint64_t i = 0; i < THREADS; i++) /* four each on 1, 2, 3, 4 */
		start_waiting(&w[i], (road_point){event, 1 + i / 4}, SOON);
	usleep(5000);
	for (uint32_t i = 0; i < THREADS; i++)
		CHECK(!atomic_load(&w[i].over));
	CHECK_OK(road_event_signal(event, 3));
	for (uint32_t i = 0; i < 12; i++)
		CHECK_OK(end_waiting(&w[i]));
	for (uint32_t i = 12; i < THREADS; i++)
		CHECK(!atomic_load(&w[i].over));
	CHECK_OK(road_event_fail(event, 4, ROAD_CANCELLED));
	for (uint32_t i = 12; i < THREADS; i++)
		CHECK_STATUS(end_waiting(&w[i]), ROAD_CANCELLED);
}

/* Lets go of the program's last references while two threads wait. false: one of them came too
 * late to the wait to find its event, which it was then told. */
static bool release_while_waiting(struct fixture *f, useconds_t nap)
{
	road_event *gate = fixture_event(f, 0), *open = NULL, *owed = NULL;
	struct waiting for_nothing, for_a_queue;
	road_status nothing, queue;

	CHECK_OK(road_event_create(f->instance, 0, &open));
	CHECK_OK(road_event_create(f->instance, 0, &owed));
	step_submit(fixture_queue(f), (struct step){.wait = {gate, 1}, .signal = {owed, 1}});
	start_waiting(&for_nothing, (road_point){open, 1},
		      road_deadline_after(UINT64_C(1000) * nap * 4));
	start_waiting(&for_a_queue, (road_point){owed, 1}, SOON);
	usleep(nap);
	road_event_release(open);
	road_event_release(owed);
	CHECK_OK(road_event_signal(gate, 1));
	queue = end_waiting(&for_a_queue);
	nothing = end_waiting(&for_nothing);
	CHECK_OK(road_queue_drain(fixture_queue(f), SOON));
	if (queue == ROAD_NOT_FOUND || nothing == ROAD_NOT_FOUND)
		return false;
	CHECK_STATUS(queue, ROAD_OK);
	CHECK_STATUS(nothing, ROAD_TIMEOUT);
	return true;
}

CONFORMANCE_CASE(event, event_destroy_while_waiting)
{
	useconds_t nap = 20000;

	while (!release_while_waiting(f, nap) && nap < 2000000)
		nap *= 2;
	CHECK(nap < 2000000);
}

/* ---- descriptors ---- */

static int readable(int fd, int ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, ms);
}

CONFORMANCE_CASE(event, point_fd_fires_once)
{
	road_event *gate = fixture_event(f, 0), *event = fixture_event(f, 0);
	unsigned char bytes[64] = {1};
	road_list *list = step_write(f, fixture_buffer(f, 64), 0, bytes, sizeof(bytes));
	uint64_t count = 0;
	int fds[3] = {-1, -1, -1};

	road_point point =
		step_submit(fixture_queue(f), (struct step){.list = list, .wait = {gate, 1}});

	CHECK_OK(road_event_point_fd(point.event, point.value, &fds[0]));
	CHECK_OK(road_event_point_fd(event, 2, &fds[1]));
	CHECK_OK(road_event_point_fd(event, 9, &fds[2]));
	for (int i = 0; i < 3; i++)
		CHECK(fcntl(fds[i], F_GETFD) & FD_CLOEXEC);
	CHECK_EQ(readable(fds[0], 5), 0);
	CHECK_OK(road_event_signal(gate, 1));
	CHECK_EQ(readable(fds[0], 20000), 1); /* nobody of us waits or queries */
	CHECK_REACHED(point);
	CHECK_OK(road_event_signal(event, 1));
	CHECK_EQ(readable(fds[1], 0), 0);
	for (uint64_t i = 2; i < 6; i++)
		CHECK_OK(road_event_signal(event, i));
	CHECK_EQ(readable(fds[1], 0), 1);
	CHECK_EQ(read(fds[1], &count, sizeof(count)), sizeof(count));
	CHECK_EQ(count, 1); /* once, however often it was signalled past it */
	CHECK_EQ(readable(fds[1], 0), 0);
	CHECK_EQ(readable(fds[2], 0), 0);
	CHECK_OK(road_event_fail(event, 8, ROAD_IO)); /* a failure is an end, too */
	CHECK_EQ(readable(fds[2], 0), 1);
	for (int i = 0; i < 3; i++)
		close(fds[i]);
}

CONFORMANCE_CASE(event, point_fd_already_reached)
{
	road_event *event = fixture_event(f, 3), *gone = NULL;
	road_point done = step_submit(fixture_queue(f), (struct step){0});
	int fd = -1;

	CHECK_OK(road_event_point_fd(event, 3, &fd));
	CHECK_EQ(readable(fd, 0), 1);
	close(fd);
	CHECK_OK(road_point_wait(done, SOON));
	CHECK_OK(road_event_point_fd(done.event, done.value, &fd));
	CHECK_EQ(readable(fd, 0), 1);
	close(fd);
	CHECK_OK(road_event_fail(event, 4, ROAD_IO));
	CHECK_OK(road_event_point_fd(event, 4, &fd));
	CHECK_EQ(readable(fd, 0), 1);
	close(fd);
	CHECK_STATUS(road_event_point_fd(event, 3, NULL), ROAD_INVALID_ARGUMENT);
	/* The descriptor is the caller's, also when the event is gone. */
	CHECK_OK(road_event_create(f->instance, 0, &gone));
	CHECK_OK(road_event_point_fd(gone, 1, &fd));
	road_event_release(gone);
	CHECK_EQ(readable(fd, 0), 0);
	CHECK_EQ(close(fd), 0);
}
