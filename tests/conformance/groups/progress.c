/* SPDX-License-Identifier: Apache-2.0 */
/* How time moves, and who makes it: the rules of docs/time.md, each seen from outside. */
#include "tests/conformance/fixture.h"
#include "tests/conformance/groups/rig.h"
#include "tests/conformance/groups/steps.h"

#include <fenv.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

static unsigned runs_of(const struct fixture *f)
{
	return f->soak ? 100 : 20;
}

/* ---- queries ---- */

/* Queries until the point is reached or failed; how many. */
static uint64_t poll_until_done(road_point point)
{
	uint64_t polls = 0, value = 0;

	while (road_event_error(point.event, point.value, NULL) == ROAD_NOT_READY) {
		REQUIRE(polls++ < 10000000);
		CHECK_OK(road_event_value(point.event, &value));
	}
	return polls;
}

CONFORMANCE_CASE(progress, query_says_not_ready_then_done)
{
	unsigned char there[256], back[256] = {0};
	road_event *gate = fixture_event(f, 0);
	road_buffer *buffer = fixture_buffer(f, sizeof(there));
	uint64_t value = 1;
	road_point point;

	fixture_fill_random(f, there, sizeof(there));
	point = step_submit(fixture_queue(f),
			    (struct step){.list = step_write(f, buffer, 0, there, sizeof(there)),
					  .wait = {gate, 1}});
	for (int i = 0; i < 10; i++) {
		CHECK_OK(road_event_value(point.event, &value));
		CHECK_EQ(value, 0);
	}
	CHECK_OK(road_event_signal(gate, 1));
	poll_until_done(point);
	CHECK_REACHED(point);
	CHECK_OK(road_queue_read(fixture_queue(f), back, buffer, 0, sizeof(back), &point));
	uint64_t polls = poll_until_done(point); /* no wait anywhere */

	CHECK_SAME(there, back, sizeof(there));
	/* Work takes time, and a query runs no further; a served chip's time goes on by itself. */
	if (fixture_has(f, CAPABILITY_TIMED) && fixture_in_process(f))
		CHECK(polls > 1);
}

struct polled {
	uint64_t took_ns, polls;
};

static struct polled poll_once(struct fixture *f)
{
	struct rig rig = rig_open(f, NULL, f->address);
	road_buffer_options options = {
		.size = sizeof(options), .heap = fixture_heap(f), .bytes = 1024};
	unsigned char bytes[1024] = {1};
	road_buffer *buffer = NULL;
	uint64_t before = 0, after = 0;
	struct polled out;
	road_point point;

	CHECK_OK(road_buffer_create(rig.space, &options, &buffer));
	CHECK_OK(road_sim_time(rig.device, NULL, &before));
	for (int i = 0; i < 3; i++)
		CHECK_OK(road_queue_write(rig.queue, buffer, 0, bytes, sizeof(bytes), &point));
	out.polls = poll_until_done(point);
	CHECK_OK(road_sim_time(rig.device, NULL, &after));
	out.took_ns = after - before;
	road_buffer_release(buffer);
	rig_close(&rig);
	return out;
}

CONFORMANCE_CASE(progress, poll_loop_same_cycles_100_runs)
{
	struct polled first = poll_once(f);

	for (unsigned run = 1; run < runs_of(f); run++) {
		struct polled again = poll_once(f);

		CHECK_SPAN(again.took_ns, first.took_ns);
		CHECK_EQ(again.polls, first.polls);
	}
	if (fixture_has(f, CAPABILITY_TIMED))
		CHECK(first.polls > 1);
	case_note("%llu polls, %llu ns", (unsigned long long)first.polls,
		  (unsigned long long)first.took_ns);
}

/* ---- waits ---- */

struct impatient {
	road_point point;
	uint64_t patience_ns;
	road_status status;
	pthread_t thread;
};

static void *wait_briefly(void *arg)
{
	struct impatient *i = arg;

	i->status = road_point_wait(i->point, road_deadline_after(i->patience_ns));
	return NULL;
}

CONFORMANCE_CASE(progress, waiter_timeout_then_other_finishes)
{
	enum { THREADS = 4 };
	road_event *event = fixture_event(f, 0);
	road_buffer *buffer = fixture_buffer(f, 512);
	struct impatient threads[THREADS];
	unsigned char bytes[512];
	road_point done = {0};

	for (uint64_t i = 0; i < THREADS; i++) {
		threads[i] = (struct impatient){.point = {event, 1}, .patience_ns = i * 500000};
		REQUIRE_EQ(pthread_create(&threads[i].thread, NULL, wait_briefly, &threads[i]), 0);
	}
	for (int i = 0; i < 60; i++)
		CHECK_OK(road_queue_read(fixture_queue(f), bytes, buffer, 0, sizeof(bytes), &done));
	CHECK_OK(road_point_wait(done, SOON));
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i].thread, NULL);
		CHECK_STATUS(threads[i].status, ROAD_TIMEOUT);
	}
}

/* The same work awaited with patience, and in ever new attempts that time out at once. */
static uint64_t awaited(struct fixture *f, uint64_t patience_ns, uint64_t *attempts)
{
	struct rig rig = rig_open(f, NULL, f->address);
	road_buffer_options options = {
		.size = sizeof(options), .heap = fixture_heap(f), .bytes = 1024};
	unsigned char bytes[1024] = {1};
	road_buffer *buffer = NULL;
	uint64_t before = 0, after = 0;
	road_status status = ROAD_TIMEOUT;
	road_point point = {0};

	CHECK_OK(road_buffer_create(rig.space, &options, &buffer));
	CHECK_OK(road_sim_time(rig.device, NULL, &before));
	for (int i = 0; i < 40; i++)
		CHECK_OK(road_queue_write(rig.queue, buffer, 0, bytes, sizeof(bytes), &point));
	for (*attempts = 0; status == ROAD_TIMEOUT && *attempts < 1000000; ++*attempts)
		status = road_point_wait(point,
					 patience_ns ? road_deadline_after(patience_ns) : SOON);
	CHECK_OK(status);
	CHECK_OK(road_sim_time(rig.device, NULL, &after));
	road_buffer_release(buffer);
	rig_close(&rig);
	return after - before;
}

CONFORMANCE_CASE(progress, observer_deadline_changes_nothing)
{
	static const uint64_t patiences[] = {1, 1000, 20000, 300000};
	uint64_t attempts, calm = awaited(f, 0, &attempts), most = 0;

	CHECK_EQ(attempts, 1);
	for (uint32_t i = 0; i < 4; i++) {
		CHECK_SPAN(awaited(f, patiences[i] + 2000, &attempts), calm);
		most = attempts > most ? attempts : most;
	}
	case_note("up to %llu attempts", (unsigned long long)most);
}

/* ---- several devices, several instances ---- */

enum { RING = 4, ROUNDS = 50 };

struct ring_thread {
	struct rig rig;
	road_event *mine, *before;
	pthread_t thread;
	int failures;
	bool first;
};

/* Each waits for its neighbour's event and signals its own. The first is a round ahead. */
static void *ring_run(void *arg)
{
	struct ring_thread *t = arg;

	for (uint64_t i = 1; i <= ROUNDS; i++) {
		struct step step = {.wait = {t->before, i}, .signal = {t->mine, i + t->first}};
		road_point done;

		t->failures += step_try(t->rig.queue, step, &done) != ROAD_OK ||
			       road_point_wait(done, SOON) != ROAD_OK;
	}
	return NULL;
}

/* Chips are made at will; of others two take turns. */
static const char *ring_address(struct fixture *f, uint32_t i)
{
	if (fixture_is_made(f))
		return rig_address(f, i, NULL);
	return i % 2 ? fixture_second_address(f) : f->address;
}

CONFORMANCE_CASE(progress, four_devices_ring_of_events)
{
	struct ring_thread *threads = fixture_memory(f, RING * sizeof(*threads));

	for (uint32_t i = 0; i < RING; i++) {
		threads[i].rig = rig_open(f, f->instance, ring_address(f, i));
		threads[i].mine = fixture_event(f, i ? 0 : 1);
	}
	for (uint32_t i = 0; i < RING; i++)
		threads[i].before = threads[(i + RING - 1) % RING].mine;
	threads[0].first = true;
	for (uint32_t i = 0; i < RING; i++)
		REQUIRE_EQ(pthread_create(&threads[i].thread, NULL, ring_run, &threads[i]), 0);
	for (uint32_t i = 0; i < RING; i++)
		pthread_join(threads[i].thread, NULL);
	for (uint32_t i = 0; i < RING; i++) {
		uint64_t value = 0;

		CHECK_EQ(threads[i].failures, 0);
		CHECK_OK(road_event_value(threads[i].mine, &value));
		CHECK_EQ(value, ROUNDS + threads[i].first);
		rig_close(&threads[i].rig);
	}
}

CONFORMANCE_CASE(progress, two_instances_one_domain)
{
	struct rig other = rig_open(f, NULL, f->address);
	road_event *event = fixture_event(f, 0);
	uint64_t here = 0, there = 0, mine = 0, same = 1;
	road_point point;

	CHECK(other.device != f->device);
	/* What one instance's device does takes time for the other's, too. */
	rig_work(f, &other);
	CHECK_OK(road_sim_time(f->device, &here, &mine));
	CHECK_OK(road_sim_time(other.device, &there, &same));
	CHECK_EQ(here, there);
	CHECK_EQ(mine, same);
	CHECK(here > 0);
	/* A queue of one waits for a queue of the other. */
	point = step_submit(other.queue, (struct step){.wait = {event, 3}});
	CHECK_STATUS(road_point_wait(point, BRIEFLY), ROAD_TIMEOUT);
	step_submit(fixture_queue(f), (struct step){.signal = {event, 3}});
	CHECK_OK(road_point_wait(point, SOON));
	rig_close(&other);
	CHECK_OK(road_point_wait(step_submit(fixture_queue(f), (struct step){0}), SOON));
}

/* ---- what comes from outside ---- */

struct meeting {
	struct fixture *f;
	road_queue *queue;
	road_buffer *cell;
	_Atomic bool copied;
	road_status status;
	bool met;
};

static void until_copied(void *user)
{
	struct meeting *m = user;

	for (int i = 0; i < 20000 && !atomic_load(&m->copied); i++)
		usleep(1000);
	m->met = atomic_load(&m->copied);
}

static void *copy_elsewhere(void *arg)
{
	struct meeting *m = arg;
	uint64_t there = 99, back = 0;

	usleep(2000);
	m->status = road_queue_write(m->queue, m->cell, 0, &there, 8, NULL);
	if (!m->status)
		m->status = road_queue_read(m->queue, &back, m->cell, 0, 8, NULL);
	if (!m->status)
		m->status = road_queue_drain(m->queue, SOON);
	if (!m->status && back != there)
		m->status = ROAD_INTERNAL;
	atomic_store(&m->copied, true);
	return NULL;
}

CONFORMANCE_CASE(progress, callback_blocks_on_other_threads_copy)
{
	struct meeting *m = fixture_memory(f, sizeof(*m));
	pthread_t thread;

	*m = (struct meeting){
		.f = f, .queue = fixture_queue_new(f, NULL), .cell = fixture_buffer(f, 8)};
	road_list *list = step_callback(f, until_copied, m, 0);
	road_point done = step_submit(fixture_queue(f), (struct step){.list = list});

	REQUIRE_EQ(pthread_create(&thread, NULL, copy_elsewhere, m), 0);
	CHECK_OK(road_point_wait(done, SOON));
	pthread_join(thread, NULL);
	CHECK_OK(m->status);
	CHECK(m->met);
}

struct store {
	road_buffer *buffer;
	uint64_t *word;
	bool coherent;
};

static void *store_later(void *arg)
{
	struct store *s = arg;

	usleep(20000);
	__atomic_store_n(s->word, 7, __ATOMIC_RELEASE);
	if (!s->coherent)
		CHECK_OK(road_buffer_flush(s->buffer, 0, 8));
	return NULL;
}

CONFORMANCE_CASE(progress, cpu_store_releases_wait_value)
{
	road_buffer *buffer = fixture_buffer_in(f, fixture_visible_heap(f), 64);
	struct store s = {.buffer = buffer, .coherent = f->info.features & ROAD_FEATURE_COHERENT};
	road_list *list = fixture_list(f, 0);
	pthread_t thread;
	road_point done;

	CHECK_OK(road_buffer_map(buffer, 0, 64, ROAD_MAP_READ | ROAD_MAP_WRITE, (void **)&s.word));
	CHECK_OK(road_list_wait_value(list, buffer, 0, 8, ROAD_COMPARE_GE, 7));
	CHECK_OK(road_list_close(list));
	done = step_submit(fixture_queue(f), (struct step){.list = list});
	CHECK_STATUS(road_point_wait(done, BRIEFLY), ROAD_TIMEOUT);
	REQUIRE_EQ(pthread_create(&thread, NULL, store_later, &s), 0);
	CHECK_OK(road_point_wait(done, SOON)); /* it sleeps, and nobody tells it */
	pthread_join(thread, NULL);
	CHECK_OK(road_buffer_unmap(buffer));
}

/* A case may run again in its process, and the pump does not stop. */
static bool pump_runs;

CONFORMANCE_CASE(progress, pump_on_fd_only)
{
	unsigned char byte = 1;
	road_buffer *buffer = fixture_buffer(f, 8);
	uint32_t deterministic = 1;
	road_point point;
	int fd = -1;

	CHECK_OK(road_queue_write(fixture_queue(f), buffer, 0, &byte, 1, &point));
	if (!pump_runs) { /* nobody waits or asks: nothing moves */
		usleep(30000);
		CHECK_OPEN(point);
		CHECK_OK(road_sim_deterministic(f->device, &deterministic));
		CHECK_EQ(deterministic, 1);
	}
	CHECK_OK(road_event_point_fd(point.event, point.value, &fd));
	pump_runs = true;
	struct pollfd p = {.fd = fd, .events = POLLIN};

	CHECK_EQ(poll(&p, 1, 20000), 1);
	CHECK_REACHED(point);
	CHECK_OK(road_sim_deterministic(f->device, &deterministic));
	CHECK_EQ(deterministic, 0);
	close(fd);
}

CONFORMANCE_CASE(progress, deterministic_flag_true_single_thread)
{
	struct rig rig = rig_open(f, f->instance, f->address);
	uint32_t deterministic = 0;
	uint64_t value;

	CHECK(rig.device == f->device); /* one instance: the same device */
	rig_work(f, &rig);
	CHECK_OK(road_event_value(fixture_event(f, 1), &value));
	CHECK_STATUS(road_point_wait((road_point){fixture_event(f, 0), 1}, BRIEFLY), ROAD_TIMEOUT);
	CHECK_OK(road_sim_deterministic(f->device, &deterministic));
	CHECK_EQ(deterministic, 1);
	CHECK_STATUS(road_sim_deterministic(f->device, NULL), ROAD_INVALID_ARGUMENT);
	rig_close(&rig);
}

/* ---- the same whatever the caller, the threads, the mode ---- */

#if defined(__x86_64__)
static void set_flush_to_zero(void)
{
	__builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | 0x8040); /* flush, denormals are zero */
}

static bool flushes_to_zero(void)
{
	return (__builtin_ia32_stmxcsr() & 0x8040) == 0x8040;
}
#else
static void set_flush_to_zero(void)
{
}

static bool flushes_to_zero(void)
{
	return true;
}
#endif

CONFORMANCE_CASE(progress, caller_fp_state_harmless)
{
	static const int modes[] = {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
	struct rig rig = rig_open(f, NULL, f->address);
	struct outcome plain = rig_work(f, &rig);
	fenv_t mine;

	rig_close(&rig);
	fegetenv(&mine);
	for (int i = 0; i < 3; i++) {
		fesetround(modes[i]);
		set_flush_to_zero();
		rig = rig_open(f, NULL, f->address);
		struct outcome odd = rig_work(f, &rig);

		rig_close(&rig);
		int mode = fegetround();
		bool flushes = flushes_to_zero();

		fesetenv(&mine);
		CHECK_EQ(mode, modes[i]);
		CHECK(flushes);
		CHECK_EQ(odd.data, plain.data);
		CHECK_SPAN(odd.thread_ns, plain.thread_ns);
	}
}

CONFORMANCE_CASE(progress, same_bits_any_engine_threads)
{
	static const char *const options[] = {"threads=1", "threads=2", "threads=3"};
	struct outcome first = {0};

	for (int i = 0; i < 3; i++) {
		struct rig rig = rig_open(f, NULL, rig_address(f, 0, options[i]));
		struct outcome out = rig_work(f, &rig);

		rig_close(&rig);
		if (!i)
			first = out;
		CHECK_EQ(out.data, first.data);
		CHECK_SPAN(out.thread_ns, first.thread_ns);
	}
}

static bool is_marked(const struct rig *rig)
{
	static char json[1 << 16];

	CHECK_OK(road_sim_report(rig->device, json, sizeof(json), NULL));
	const char *at = strstr(json, "\"order_sensitive\"");

	return at && strstr(at, "true") && strstr(at, "true") - at < 24;
}

/* Who draws which number is a matter of order. */
static uint64_t draw_tickets(struct fixture *f, const struct rig *rig)
{
	road_buffer *out = rig_buffer(f, rig), *counter = rig_buffer(f, rig);
	unsigned char back[RIG_BYTES];
	uint64_t arguments[3] = {0, 0, RIG_BYTES / 8};

	CHECK_OK(road_buffer_address(out, &arguments[0]));
	CHECK_OK(road_buffer_address(counter, &arguments[1]));
	rig_launch(f, rig, "ticket", arguments, 3);
	CHECK_OK(road_queue_read(rig->queue, back, out, 0, RIG_BYTES, NULL));
	CHECK_OK(road_queue_drain(rig->queue, SOON));
	road_buffer_release(out);
	road_buffer_release(counter);
	return rig_hash(0, back, RIG_BYTES);
}

CONFORMANCE_CASE(progress, same_data_across_modes_or_marked)
{
	static const char *const modes[] = {"time=functional", "time=approx", "time=trace"};
	uint64_t data = 0, tickets = 0;
	bool has_tickets = fixture_has_kernel(f, "ticket");

	for (int i = 0; i < 3; i++) {
		struct rig rig = rig_open(f, NULL, rig_address(f, 0, modes[i]));
		struct outcome out = rig_work(f, &rig);

		/* This work is free of races and asks for no order. */
		CHECK(!is_marked(&rig));
		if (i)
			CHECK_EQ(out.data, data);
		data = out.data;
		if (has_tickets) {
			uint64_t drawn = draw_tickets(f, &rig);

			CHECK(is_marked(&rig) || !i || drawn == tickets);
			tickets = drawn;
		}
		rig_close(&rig);
	}
}
