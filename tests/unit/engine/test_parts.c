/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's parts by themselves: queue of events, inbox, lock, options, event log. */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "simulators/engine/heap.h"
#include "simulators/engine/inbox.h"
#include "simulators/engine/lock.h"
#include "simulators/engine/options.h"
#include "simulators/engine/trace.h"
#include "tests/support/tap.h"

static uint64_t seed = 1;

static uint32_t next_random(void)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(seed >> 33);
}

/* The reference: a plain search for the least (time, order). */
static struct sim_event *least(struct sim_event *events, int count)
{
	struct sim_event *best = NULL;

	for (int i = 0; i < count; i++)
		if (events[i].slot &&
		    (!best || events[i].time_ps < best->time_ps ||
		     (events[i].time_ps == best->time_ps && events[i].order < best->order)))
			best = &events[i];
	return best;
}

enum { EVENTS = 300, STEPS = 40000 };

static void heap_is_a_sorted_queue(void)
{
	static struct sim_event events[EVENTS];
	struct sim_heap heap = {0};
	uint32_t queued = 0, foreground = 0, wrong = 0;

	for (int i = 0; i < EVENTS; i++)
		events[i].background = i % 7 == 0;
	for (int step = 0; step < STEPS; step++) {
		struct sim_event *event = &events[next_random() % EVENTS];
		uint32_t was = event->slot != 0;

		switch (next_random() % 3) {
		case 0: /* few times, so that many are equal */
			wrong += !sim_heap_put(&heap, event, next_random() % 50);
			queued += !was;
			foreground += !was && !event->background;
			break;
		case 1:
			if (!was)
				break;
			sim_heap_remove(&heap, event);
			queued--;
			foreground -= !event->background;
			break;
		default:
			event = sim_heap_first(&heap);
			wrong += event != least(events, EVENTS);
			if (!event)
				break;
			sim_heap_remove(&heap, event);
			queued--;
			foreground -= !event->background;
		}
		wrong += heap.count != queued || heap.foreground != foreground;
	}
	CU_ASSERT_EQUAL(wrong, 0);
	sim_heap_free(&heap);
}

static void equal_times_run_in_order_of_scheduling(void)
{
	struct sim_event events[20] = {0};
	struct sim_heap heap = {0};

	for (int i = 0; i < 20; i++)
		sim_heap_put(&heap, &events[i], 5);
	sim_heap_put(&heap, &events[3], 5); /* moved: now it is the last */
	for (int i = 0; i < 19; i++) {
		CU_ASSERT_PTR_EQUAL(sim_heap_first(&heap), &events[i < 3 ? i : i + 1]);
		sim_heap_remove(&heap, sim_heap_first(&heap));
	}
	CU_ASSERT_PTR_EQUAL(sim_heap_first(&heap), &events[3]);
	sim_heap_free(&heap);
}

static struct sim_inbox inbox;

enum { PRODUCERS = 4, POSTS = 20000 };

static void *produce(void *arg)
{
	struct sim_post post = {.region = (uint32_t)(uintptr_t)arg};

	for (uint64_t i = 0; i < POSTS; i++) {
		post.value = i;
		while (!sim_inbox_put(&inbox, &post))
			sched_yield();
	}
	return NULL;
}

static void inbox_loses_nothing_and_keeps_each_order(void)
{
	pthread_t threads[PRODUCERS];
	uint64_t next[PRODUCERS] = {0}, wrong = 0;
	struct sim_post post;

	sim_inbox_init(&inbox);
	CU_ASSERT(sim_inbox_empty(&inbox));
	for (uintptr_t i = 0; i < PRODUCERS; i++)
		pthread_create(&threads[i], NULL, produce, (void *)i);
	for (uint64_t taken = 0; taken < PRODUCERS * POSTS;) {
		if (!sim_inbox_take(&inbox, &post)) {
			sched_yield();
			continue;
		}
		wrong += post.region >= PRODUCERS || post.value != next[post.region]++;
		taken++;
	}
	for (int i = 0; i < PRODUCERS; i++)
		pthread_join(threads[i], NULL);
	CU_ASSERT_EQUAL(wrong, 0);
	CU_ASSERT_FALSE(sim_inbox_take(&inbox, &post));
	CU_ASSERT(sim_inbox_empty(&inbox));
}

static void full_inbox_refuses(void)
{
	struct sim_post post = {.value = 7};

	sim_inbox_init(&inbox);
	for (int i = 0; i < SIM_INBOX_CELLS; i++)
		CU_ASSERT(sim_inbox_put(&inbox, &post));
	CU_ASSERT_FALSE(sim_inbox_put(&inbox, &post));
	CU_ASSERT(sim_inbox_take(&inbox, &post));
	CU_ASSERT(sim_inbox_put(&inbox, &post));
}

static struct sim_lock lock;
static int order[8], order_count;

static void *take_in_turn(void *arg)
{
	sim_lock(&lock);
	order[order_count++] = (int)(intptr_t)arg;
	sim_unlock(&lock);
	return NULL;
}

static void lock_is_first_come_first_served(void)
{
	pthread_t threads[8];
	uint32_t before = atomic_load(&lock.next);

	sim_lock(&lock);
	for (intptr_t i = 0; i < 8; i++) {
		pthread_create(&threads[i], NULL, take_in_turn, (void *)i);
		/* Until this one stands in the line. */
		while (atomic_load(&lock.next) != before + 2 + (uint32_t)i)
			sched_yield();
	}
	usleep(2000); /* most of them sleep now: the way through the kernel too */
	sim_unlock(&lock);
	for (int i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	CU_ASSERT_EQUAL(order_count, 8);
	for (int i = 0; i < 8; i++)
		CU_ASSERT_EQUAL(order[i], i);
}

static uint64_t counted;

static void *count_up(void *arg)
{
	(void)arg;
	for (int i = 0; i < 20000; i++) {
		sim_lock(&lock);
		counted++;
		sim_unlock(&lock);
	}
	return NULL;
}

static void lock_excludes(void)
{
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, count_up, NULL);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	CU_ASSERT_EQUAL(counted, 80000);
}

static void good_options_are_taken(void)
{
	struct sim_options options;
	char error[SIM_ERROR_BYTES];

	CU_ASSERT_EQUAL(sim_options_parse("", &options, error), 0);
	CU_ASSERT_EQUAL(options.fidelity, SIM_APPROX);
	CU_ASSERT_EQUAL(options.seed, 0);
	CU_ASSERT_EQUAL(sim_options_parse("time=trace&cores=4&seed=0x10&l2=", &options, error), 0);
	CU_ASSERT_EQUAL(options.fidelity, SIM_TRACE);
	CU_ASSERT_EQUAL(options.seed, 16);
	CU_ASSERT_EQUAL_FATAL(options.own_count, 2);
	CU_ASSERT_STRING_EQUAL(options.own[0].key, "cores");
	CU_ASSERT_STRING_EQUAL(options.own[0].value, "4");
	CU_ASSERT_STRING_EQUAL(options.own[1].key, "l2");
	CU_ASSERT_STRING_EQUAL(options.own[1].value, "");
	CU_ASSERT_EQUAL(sim_options_parse("time=functional", &options, error), 0);
	CU_ASSERT_EQUAL(options.fidelity, SIM_FUNCTIONAL);
}

static void bad_options_say_key_value_and_allowed(void)
{
	static const struct {
		const char *text, *says[3];
	} cases[] = {
		{"time=fast", {"time", "fast", "functional, approx, trace"}},
		{"time=", {"time", "\"\"", "approx"}},
		{"seed=x", {"seed", "\"x\"", "0 to 18446744073709551615"}},
		{"seed=-1", {"seed", "-1", "number"}},
		{"seed= 1", {"seed", "\" 1\"", "number"}},
		{"seed=18446744073709551616", {"seed", "18446744073709551616", "number"}},
		{"cores", {"cores", "key=value", ""}},
		{"=4", {"=4", "key=value", ""}},
		{"a=1&&b=2", {"\"\"", "key=value", ""}},
		{"a=1&a=2", {"a", "twice", ""}},
		{"time=trace&time=trace", {"time", "twice", ""}},
		{"seed=1&x=2&seed=1", {"seed", "twice", ""}},
		{"a=&b=&c=&d=&e=&f=&g=&h=&i=&j=&k=&l=&m=&n=&o=&p=&q=", {"at most 16", "", ""}},
	};
	struct sim_options options;
	char error[SIM_ERROR_BYTES];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		error[0] = 0;
		CU_ASSERT_EQUAL(sim_options_parse(cases[i].text, &options, error), -1);
		for (int k = 0; k < 3; k++)
			CU_ASSERT_PTR_NOT_NULL(strstr(error, cases[i].says[k]));
	}
	char *text = malloc(2000);

	memset(text, 'a', 1999);
	text[1999] = 0;
	CU_ASSERT_EQUAL(sim_options_parse(text, &options, error), -1);
	free(text);
}

static char *written_trace(const struct sim_trace *trace)
{
	FILE *file = tmpfile();
	char *text = calloc(1, 1 << 16);

	CU_ASSERT_EQUAL(sim_trace_write(trace, "a \"chip\"", fileno(file)), 0);
	rewind(file);
	CU_ASSERT(fread(text, 1, (1 << 16) - 1, file) > 0);
	fclose(file);
	return text;
}

static void event_log_is_chrome_json(void)
{
	struct sim_trace *trace = calloc(1, sizeof(*trace));

	sim_trace_add(trace, "lane one", "say \"x\"\\", 1500000, 4000001);
	sim_trace_add(trace, "lane two", "y", 5, 3); /* ends before it begins: no negative length */
	char *text = written_trace(trace);

	CU_ASSERT_STRING_EQUAL(
		text,
		"{\"otherData\":{\"simulated\":true,\"chip\":\"a \\u0022chip\\u0022\","
		"\"dropped_events\":0},\"traceEvents\":["
		"\n{\"ph\":\"M\",\"pid\":1,\"tid\":1,\"name\":\"thread_name\",\"args\":{\"name\":"
		"\"lane one\"}}"
		",\n{\"ph\":\"M\",\"pid\":1,\"tid\":2,\"name\":\"thread_name\",\"args\":{\"name\":"
		"\"lane two\"}}"
		",\n{\"ph\":\"X\",\"pid\":1,\"tid\":1,\"ts\":1.500000,\"dur\":2.500001,\"name\":"
		"\"say \\u0022x\\u0022\\u005c\"}"
		",\n{\"ph\":\"X\",\"pid\":1,\"tid\":2,\"ts\":0.000005,\"dur\":0.000000,\"name\":"
		"\"y\"}"
		"\n]}\n");
	free(text);
	sim_trace_free(trace);
	free(trace);
}

static void event_log_is_bounded_and_counts_what_it_drops(void)
{
	struct sim_trace *trace = calloc(1, sizeof(*trace));
	char lane[32];

	for (uint32_t i = 0; i < SIM_TRACE_SPANS_MAX + 5; i++)
		sim_trace_add(trace, "lane", "x", i, i + 1);
	CU_ASSERT_EQUAL(trace->count, SIM_TRACE_SPANS_MAX);
	CU_ASSERT_EQUAL(trace->dropped, 5);
	sim_trace_free(trace);
	memset(trace, 0, sizeof(*trace));
	for (int i = 0; i < SIM_TRACE_LANES + 3; i++) {
		snprintf(lane, sizeof(lane), "lane %d", i);
		sim_trace_add(trace, lane, "x", 0, 1);
	}
	CU_ASSERT_EQUAL(trace->lane_count, SIM_TRACE_LANES);
	CU_ASSERT_EQUAL(trace->dropped, 3);
	CU_ASSERT(sim_trace_write(trace, "chip", -1) != 0);
	sim_trace_free(trace);
	free(trace);
}

static const struct tap_case cases[] = {
	{"the queue of events is a sorted queue under random use", heap_is_a_sorted_queue},
	{"events of equal time run in the order of scheduling",
	 equal_times_run_in_order_of_scheduling},
	{"the inbox loses nothing and keeps each producer's order",
	 inbox_loses_nothing_and_keeps_each_order},
	{"a full inbox refuses until one is taken", full_inbox_refuses},
	{"the lock is first come, first served", lock_is_first_come_first_served},
	{"the lock excludes", lock_excludes},
	{"good options are taken", good_options_are_taken},
	{"bad options say key, value and what is allowed", bad_options_say_key_value_and_allowed},
	{"the event log is Chrome's JSON", event_log_is_chrome_json},
	{"the event log is bounded and counts what it drops",
	 event_log_is_bounded_and_counts_what_it_drops},
};

TAP_MAIN(cases)
