/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waits between queues. Where the device can it resolves them by itself; what programs see is the
 * same everywhere, and so the same cases run on devices that can and that cannot.
 */
#include <stdbool.h>

#include "tests/unit/core/fixture.h"

static const char *const devices[] = {"host:", "sim:edu", "sim:gpu-small?time=functional",
				      "sim:gpu-small"};
enum { DEVICES = 4, FIRST_NATIVE = 2 };

static uint64_t packets_of(struct fixture *f)
{
	const char *name;
	uint64_t value;

	for (uint32_t i = 0; !road_sim_counter(f->device, i, &name, &value); i++)
		if (!strcmp(name, "gpu.packets"))
			return value;
	return 0;
}

static road_point submit(road_queue *queue, road_list *list, const road_point *wait,
			 const road_point *signal)
{
	road_submission s = {.size = sizeof(s),
			     .list = list,
			     .waits = wait,
			     .wait_count = wait ? 1 : 0,
			     .signals = signal,
			     .signal_count = signal ? 1 : 0};
	road_point point = {0};
	road_status status = road_queue_submit(queue, &s, &point);

	if (status)
		tell_error("submit");
	CU_ASSERT_EQUAL_FATAL(status, ROAD_OK);
	return point;
}

static road_queue *second_queue(struct fixture *f)
{
	road_queue *queue = NULL;

	CU_ASSERT_EQUAL_FATAL(road_queue_create(f->space, NULL, &queue), ROAD_OK);
	return queue;
}

/* From here on the device stores the values of the queue's timeline. */
static void warm(road_queue *first, road_queue *second)
{
	road_point point = submit(first, NULL, NULL, NULL);

	submit(second, NULL, &point, NULL);
	CU_ASSERT_EQUAL(road_queue_drain(second, soon()), ROAD_OK);
}

/* A list that waits until the word in `gate` is 1. */
static road_list *gated(struct fixture *f, road_buffer *gate)
{
	road_list *list = NULL;

	CU_ASSERT_EQUAL_FATAL(road_list_create(f->space, 0, &list), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_list_wait_value(list, gate, 0, 8, ROAD_COMPARE_EQ, 1), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_list_close(list), ROAD_OK);
	return list;
}

static bool has_wait_value(struct fixture *f)
{
	road_device_info info = {.size = sizeof(info)};

	CU_ASSERT_EQUAL_FATAL(road_device_info_get(f->device, &info), ROAD_OK);
	return info.commands & 1u << ROAD_COMMAND_WAIT_VALUE;
}

static void queues_pass_a_counter_back_and_forth(void)
{
	for (int d = 0; d < DEVICES; d++) {
		struct fixture f = setup(devices[d]);
		road_queue *queues[2] = {f.queue, second_queue(&f)};
		road_buffer *cell = buffer_of(&f, ROAD_HEAP_DEVICE, 8);
		uint64_t seen[40] = {0}, bad = 0;
		road_point last = submit(f.queue, NULL, NULL, NULL);

		/* Each reads what the other wrote last, and writes its own number. */
		for (uint64_t i = 0; i < 40; i++) {
			road_list *list;

			CU_ASSERT_EQUAL_FATAL(road_list_create(f.space, 0, &list), ROAD_OK);
			road_list_read(list, &seen[i], cell, 0, 8);
			road_list_fill(list, cell, 0, 8, i + 1, 8);
			CU_ASSERT_EQUAL_FATAL(road_list_close(list), ROAD_OK);
			last = submit(queues[i % 2], list, &last, NULL);
			road_list_release(list);
		}
		CU_ASSERT_EQUAL(road_point_wait(last, soon()), ROAD_OK);
		for (uint64_t i = 0; i < 40; i++)
			bad += seen[i] != i;
		CU_ASSERT_EQUAL(bad, 0);
		road_buffer_release(cell);
		road_queue_release(queues[1]);
		teardown(&f);
	}
}

/* Without a thread of ours in between: the second queue's work is on the device while the first
 * one's still runs, which shows in the packets that it was given. */
static void device_waits(const char *device, bool promised)
{
	struct fixture f = setup(device);
	road_queue *second = second_queue(&f);
	road_buffer *gate = buffer_of(&f, ROAD_HEAP_HOST, 8);
	road_list *list = gated(&f, gate);
	road_event *event = NULL;
	uint64_t *word = mapped(gate);

	CU_ASSERT_EQUAL_FATAL(road_event_create(f.instance, 0, &event), ROAD_OK);
	const road_point owed = {event, 5};

	warm(f.queue, second);
	uint64_t before = packets_of(&f);
	road_point first = submit(f.queue, list, NULL, promised ? &owed : NULL);
	road_point last = submit(second, NULL, promised ? &owed : &first, NULL);

	CU_ASSERT_EQUAL(road_point_wait(last, road_deadline_after(1000000)), ROAD_TIMEOUT);
	/* the gate, and the second queue's wait, both parked */
	CU_ASSERT_EQUAL(packets_of(&f) - before, 2);
	__atomic_store_n(word, 1, __ATOMIC_RELEASE);
	CU_ASSERT_EQUAL(road_point_wait(last, soon()), ROAD_OK);
	/* and: its value stored, two fences */
	CU_ASSERT_EQUAL(packets_of(&f) - before, 5);
	road_event_release(event);
	road_list_release(list);
	road_buffer_release(gate);
	road_queue_release(second);
	teardown(&f);
}

static void the_device_waits_by_itself_where_it_can(void)
{
	for (int d = FIRST_NATIVE; d < DEVICES; d++) {
		device_waits(devices[d], false);
		device_waits(devices[d], true);
	}
}

static void a_promised_point_is_awaited_like_a_timeline(void)
{
	for (int d = 0; d < DEVICES; d++) {
		struct fixture f = setup(devices[d]);
		road_queue *second = second_queue(&f);
		road_event *event;

		CU_ASSERT_EQUAL_FATAL(road_event_create(f.instance, 0, &event), ROAD_OK);
		warm(f.queue, second);
		for (uint64_t i = 1; i <= 20; i++) {
			road_point promised = {event, 10 * i};

			submit(f.queue, NULL, NULL, &promised);
			submit(second, NULL, &promised, NULL);
		}
		CU_ASSERT_EQUAL(road_queue_drain(second, soon()), ROAD_OK);
		uint64_t value = 0;

		CU_ASSERT_EQUAL(road_event_value(event, &value), ROAD_OK);
		CU_ASSERT_EQUAL(value, 200);
		road_event_release(event);
		road_queue_release(second);
		teardown(&f);
	}
}

/* What waits for work that is cancelled fails with it, and never runs; what stood before it in its
 * queue is done. */
static void a_failed_point_fails_who_waits_on_the_device(void)
{
	for (int d = 0; d < DEVICES; d++) {
		struct fixture f = setup(devices[d]);

		if (!has_wait_value(&f)) {
			teardown(&f);
			continue;
		}
		road_queue *second = second_queue(&f), *third = second_queue(&f);
		road_buffer *gate = buffer_of(&f, ROAD_HEAP_HOST, 8);
		road_buffer *cell = buffer_of(&f, ROAD_HEAP_HOST, 8);
		uint64_t *word = mapped(cell);
		road_list *list = gated(&f, gate), *touch;

		CU_ASSERT_EQUAL_FATAL(road_list_create(f.space, 0, &touch), ROAD_OK);
		CU_ASSERT_EQUAL(road_list_fill(touch, cell, 0, 8, 0xdead, 8), ROAD_OK);
		CU_ASSERT_EQUAL(road_list_close(touch), ROAD_OK);
		warm(f.queue, second);
		warm(second, third);
		road_point first = submit(f.queue, list, NULL, NULL);
		road_point before = submit(second, NULL, NULL, NULL);
		road_point waits = submit(second, touch, &first, NULL);
		road_point chained = submit(third, touch, &waits, NULL);

		CU_ASSERT_EQUAL(road_point_wait(before, soon()), ROAD_OK);
		CU_ASSERT_EQUAL(road_point_wait(chained, road_deadline_after(1000000)),
				ROAD_TIMEOUT);
		road_error error = {.size = sizeof(error)};

		CU_ASSERT_EQUAL(road_last_error(&error), ROAD_OK);
		CU_ASSERT_PTR_NOT_NULL(strstr(error.where, "awaits event"));
		road_event_retain(waits.event);
		road_event_retain(chained.event);
		CU_ASSERT_EQUAL(road_queue_cancel(f.queue, 0), ROAD_OK);
		CU_ASSERT_EQUAL(road_point_wait(waits, soon()), ROAD_CANCELLED);
		CU_ASSERT_EQUAL(road_point_wait(chained, soon()), ROAD_CANCELLED);
		CU_ASSERT_EQUAL(road_queue_status(second, NULL), ROAD_CANCELLED);
		/* The first goes on; its values start again, and wake nobody of before. */
		for (int i = 0; i < 4; i++)
			CU_ASSERT_EQUAL(road_point_wait(submit(f.queue, NULL, NULL, NULL), soon()),
					ROAD_OK);
		CU_ASSERT_EQUAL(*word, 0);
		CU_ASSERT_EQUAL(road_queue_reset(second), ROAD_OK);
		CU_ASSERT_EQUAL(road_queue_reset(third), ROAD_OK);
		road_point again = submit(f.queue, NULL, NULL, NULL);

		submit(second, touch, &again, NULL);
		CU_ASSERT_EQUAL(road_queue_drain(second, soon()), ROAD_OK);
		CU_ASSERT_EQUAL(*word, 0xdead);
		road_event_release(waits.event);
		road_event_release(chained.event);
		road_list_release(list);
		road_list_release(touch);
		road_buffer_release(gate);
		road_buffer_release(cell);
		road_queue_release(second);
		road_queue_release(third);
		teardown(&f);
	}
}

/* The one that owes goes while the other is parked on the device. */
static void a_closed_queue_fails_who_waits_for_it(void)
{
	for (int d = 0; d < DEVICES; d++) {
		struct fixture f = setup(devices[d]);

		if (!has_wait_value(&f)) {
			teardown(&f);
			continue;
		}
		road_queue *second = second_queue(&f);
		road_buffer *gate = buffer_of(&f, ROAD_HEAP_HOST, 8);
		road_list *list = gated(&f, gate);

		warm(second, f.queue);
		road_point first = submit(second, list, NULL, NULL);
		road_point waits = submit(f.queue, NULL, &first, NULL);

		CU_ASSERT_EQUAL(road_point_wait(waits, road_deadline_after(1000000)), ROAD_TIMEOUT);
		road_queue_release(second);
		CU_ASSERT_EQUAL(road_point_wait(waits, soon()), ROAD_CANCELLED);
		CU_ASSERT_EQUAL(road_queue_reset(f.queue), ROAD_OK);
		road_list_release(list);
		road_buffer_release(gate);
		teardown(&f);
	}
}

/* One space does not wait on the device for another, nor one device for another. */
static void other_fault_domains_are_awaited_by_the_core(void)
{
	struct fixture f = setup("sim:gpu-small"), g = setup("sim:gpu-small@1");
	road_buffer *gate = buffer_of(&f, ROAD_HEAP_HOST, 8);
	road_list *list = gated(&f, gate);
	uint64_t *word = mapped(gate);

	for (int i = 0; i < 3; i++)
		warm(f.queue, g.queue);
	uint64_t before = packets_of(&g);
	road_point first = submit(f.queue, list, NULL, NULL);
	road_point last = submit(g.queue, NULL, &first, NULL);

	CU_ASSERT_EQUAL(road_point_wait(last, road_deadline_after(1000000)), ROAD_TIMEOUT);
	CU_ASSERT_EQUAL(packets_of(&g), before);
	__atomic_store_n(word, 1, __ATOMIC_RELEASE);
	CU_ASSERT_EQUAL(road_point_wait(last, soon()), ROAD_OK);
	road_list_release(list);
	road_buffer_release(gate);
	teardown(&g);
	teardown(&f);
}

/* The word of a timeline that is gone serves the next one, and holds nothing of the first. */
static void a_word_that_is_used_again_begins_at_nothing(void)
{
	for (int d = FIRST_NATIVE; d < DEVICES; d++) {
		struct fixture f = setup(devices[d]);
		road_queue *second = second_queue(&f), *old = second_queue(&f);
		road_buffer *gate = buffer_of(&f, ROAD_HEAP_HOST, 8);
		road_list *list = gated(&f, gate);
		uint64_t *word = mapped(gate);

		for (int i = 0; i < 8; i++)
			warm(old, second);
		road_queue_release(old);
		warm(f.queue, second);
		road_point first = submit(f.queue, list, NULL, NULL);
		road_point last = submit(second, NULL, &first, NULL);

		CU_ASSERT_EQUAL(road_point_wait(last, road_deadline_after(1000000)), ROAD_TIMEOUT);
		__atomic_store_n(word, 1, __ATOMIC_RELEASE);
		CU_ASSERT_EQUAL(road_point_wait(last, soon()), ROAD_OK);
		road_list_release(list);
		road_buffer_release(gate);
		road_queue_release(second);
		teardown(&f);
	}
}

/* Who waits on the device and goes is not told any more when the point is reached. */
static void who_waited_and_went_is_forgotten(void)
{
	for (int d = FIRST_NATIVE; d < DEVICES; d++) {
		struct fixture f = setup(devices[d]);
		road_queue *second = second_queue(&f);
		road_buffer *gate = buffer_of(&f, ROAD_HEAP_HOST, 8);
		road_list *list = gated(&f, gate);
		uint64_t *word = mapped(gate);

		warm(f.queue, second);
		road_point first = submit(f.queue, list, NULL, NULL);
		road_point last = submit(second, NULL, &first, NULL);

		CU_ASSERT_EQUAL(road_point_wait(last, road_deadline_after(1000000)), ROAD_TIMEOUT);
		road_queue_release(second);
		__atomic_store_n(word, 1, __ATOMIC_RELEASE);
		CU_ASSERT_EQUAL(road_point_wait(first, soon()), ROAD_OK);
		second = second_queue(&f);
		road_point next = submit(second, NULL, &first, NULL);

		CU_ASSERT_EQUAL(road_point_wait(next, soon()), ROAD_OK);
		road_list_release(list);
		road_buffer_release(gate);
		road_queue_release(second);
		teardown(&f);
	}
}

static const struct tap_case cases[] = {
	{"queues pass a counter back and forth", queues_pass_a_counter_back_and_forth},
	{"the device waits by itself where it can", the_device_waits_by_itself_where_it_can},
	{"a promised point is awaited like a timeline",
	 a_promised_point_is_awaited_like_a_timeline},
	{"a failed point fails who waits on the device",
	 a_failed_point_fails_who_waits_on_the_device},
	{"a closed queue fails who waits for it", a_closed_queue_fails_who_waits_for_it},
	{"other fault domains are awaited by the core",
	 other_fault_domains_are_awaited_by_the_core},
	{"a word that is used again begins at nothing",
	 a_word_that_is_used_again_begins_at_nothing},
	{"who waited and went is forgotten", who_waited_and_went_is_forgotten},
};

TAP_MAIN(cases)
