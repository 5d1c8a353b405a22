/* SPDX-License-Identifier: Apache-2.0 */
/* Queues, on the processor and on the educational device. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <unistd.h>

#include "tests/unit/core/fixture.h"

static const char *const devices[] = {"host:", "sim:edu"};

static void empty_submissions_complete_in_order(void)
{
	for (int d = 0; d < 2; d++) {
		struct fixture f = setup(devices[d]);
		road_submission s = {.size = sizeof(s)};
		road_point point;

		for (uint64_t i = 1; i <= 1000; i++) {
			CU_ASSERT_EQUAL_FATAL(road_queue_submit(f.queue, &s, &point), ROAD_OK);
			CU_ASSERT_EQUAL(point.value, i);
			road_status status = road_point_wait(point, soon());

			if (status)
				tell_error("wait");
			CU_ASSERT_EQUAL_FATAL(status, ROAD_OK);
		}
		teardown(&f);
	}
}

static void bytes_go_to_the_device_and_back(void)
{
	for (int d = 0; d < 2; d++) {
		struct fixture f = setup(devices[d]);
		road_buffer *a = buffer_of(&f, ROAD_HEAP_DEVICE, 1500);
		road_buffer *b = buffer_of(&f, ROAD_HEAP_DEVICE, 1500);
		road_buffer *h = buffer_of(&f, ROAD_HEAP_HOST, 1500);
		unsigned char in[1500], out[1500] = {0};

		for (int i = 0; i < 1500; i++)
			in[i] = (unsigned char)(i * 7 + i / 256);
		CU_ASSERT_EQUAL(road_queue_write(f.queue, a, 0, in, sizeof(in), NULL), ROAD_OK);
		memset(in, 0, sizeof(in)); /* captured: the source may be reused at once */
		CU_ASSERT_EQUAL(road_queue_copy(f.queue, b, 0, a, 0, 1500, NULL), ROAD_OK);
		CU_ASSERT_EQUAL(road_queue_copy(f.queue, h, 0, b, 0, 1500, NULL), ROAD_OK);
		CU_ASSERT_EQUAL(road_queue_fill(f.queue, b, 0, 1500, 0xee, 1, NULL), ROAD_OK);
		CU_ASSERT_EQUAL(road_queue_copy(f.queue, b, 0, h, 0, 1500, NULL), ROAD_OK);
		CU_ASSERT_EQUAL(road_queue_fill(f.queue, b, 16, 32, 0xabcd, 2, NULL), ROAD_OK);
		CU_ASSERT_EQUAL(road_queue_read(f.queue, out, b, 0, sizeof(out), NULL), ROAD_OK);
		road_status status = road_queue_drain(f.queue, soon());

		if (status)
			tell_error("drain");
		CU_ASSERT_EQUAL_FATAL(status, ROAD_OK);
		int wrong = 0;

		for (int i = 0; i < 1500; i++) {
			unsigned char expected = (unsigned char)(i * 7 + i / 256);

			if (i >= 16 && i < 48)
				expected = i & 1 ? 0xab : 0xcd;
			wrong += out[i] != expected;
		}
		CU_ASSERT_EQUAL(wrong, 0);
		road_buffer_release(a);
		road_buffer_release(b);
		road_buffer_release(h);
		teardown(&f);
	}
}

static void a_full_queue_is_not_ready_and_nothing_changes(void)
{
	struct fixture f = setup("host:");
	road_queue_options options = {.size = sizeof(options), .depth = 2};
	road_submission s = {.size = sizeof(s)};
	road_point tail;
	road_queue *queue;

	CU_ASSERT_EQUAL_FATAL(road_queue_create(f.space, &options, &queue), ROAD_OK);
	CU_ASSERT_EQUAL(road_queue_submit(queue, &s, NULL), ROAD_OK);
	CU_ASSERT_EQUAL(road_queue_submit(queue, &s, NULL), ROAD_OK);
	CU_ASSERT_EQUAL(road_queue_submit(queue, &s, NULL), ROAD_NOT_READY);
	CU_ASSERT_EQUAL(road_queue_tail(queue, &tail), ROAD_OK);
	CU_ASSERT_EQUAL(tail.value, 2);
	CU_ASSERT_EQUAL(road_queue_drain(queue, soon()), ROAD_OK);
	CU_ASSERT_EQUAL(road_queue_submit(queue, &s, NULL), ROAD_OK);
	CU_ASSERT_EQUAL(road_queue_drain(queue, soon()), ROAD_OK);
	road_queue_release(queue);
	teardown(&f);
}

static void a_deferred_submission_moves_when_its_point_is_signalled(void)
{
	for (int d = 0; d < 2; d++) {
		struct fixture f = setup(devices[d]);
		road_event *event;
		road_point done;

		CU_ASSERT_EQUAL_FATAL(road_event_create(f.instance, 0, &event), ROAD_OK);
		road_point wait = {event, 3};
		road_submission s = {.size = sizeof(s), .waits = &wait, .wait_count = 1};

		CU_ASSERT_EQUAL_FATAL(road_queue_submit(f.queue, &s, &done), ROAD_OK);
		CU_ASSERT_EQUAL(road_point_wait(done, road_deadline_after(1000000)), ROAD_TIMEOUT);
		CU_ASSERT_EQUAL(road_event_signal(event, 2), ROAD_OK);
		CU_ASSERT_EQUAL(road_point_wait(done, 0), ROAD_TIMEOUT);
		CU_ASSERT_EQUAL(road_event_signal(event, 3), ROAD_OK);
		CU_ASSERT_EQUAL(road_point_wait(done, soon()), ROAD_OK);
		road_event_release(event);
		teardown(&f);
	}
}

static void a_timeout_names_the_chain(void)
{
	struct fixture f = setup("sim:edu");
	road_event *event;
	road_point done;
	road_error error = {.size = sizeof(error)};

	CU_ASSERT_EQUAL_FATAL(road_event_create(f.instance, 0, &event), ROAD_OK);
	road_point wait = {event, 1};
	road_submission s = {.size = sizeof(s), .waits = &wait, .wait_count = 1};

	CU_ASSERT_EQUAL_FATAL(road_queue_submit(f.queue, &s, &done), ROAD_OK);
	CU_ASSERT_EQUAL(road_point_wait(done, 0), ROAD_TIMEOUT);
	CU_ASSERT_EQUAL(road_last_error(&error), ROAD_OK);
	CU_ASSERT_PTR_NOT_NULL(strstr(error.where, "owed by queue"));
	CU_ASSERT_PTR_NOT_NULL(strstr(error.where, "awaits event"));
	CU_ASSERT_PTR_NOT_NULL(strstr(error.where, "nobody promised it"));
	road_event_release(event);
	teardown(&f);
}

static void closing_a_queue_cancels_what_is_unfinished(void)
{
	struct fixture f = setup("sim:edu");
	road_event *event, *promised;
	road_queue *queue;

	CU_ASSERT_EQUAL_FATAL(road_event_create(f.instance, 0, &event), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_event_create(f.instance, 0, &promised), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_queue_create(f.space, NULL, &queue), ROAD_OK);
	road_point wait = {event, 1}, signal = {promised, 5};
	road_submission s = {.size = sizeof(s),
			     .waits = &wait,
			     .wait_count = 1,
			     .signals = &signal,
			     .signal_count = 1};

	CU_ASSERT_EQUAL_FATAL(road_queue_submit(queue, &s, NULL), ROAD_OK);
	CU_ASSERT_EQUAL(road_event_signal(promised, 9), ROAD_BUSY);
	CU_ASSERT_EQUAL(road_queue_retain(queue), ROAD_OK);
	road_queue_release(queue);
	CU_ASSERT_EQUAL(road_event_error(promised, 5, NULL), ROAD_NOT_READY); /* one is left */
	road_queue_release(queue);
	CU_ASSERT_EQUAL(road_point_wait(signal, soon()), ROAD_CANCELLED);
	CU_ASSERT_EQUAL(road_event_error(promised, 4, NULL), ROAD_NOT_READY);
	road_event_release(event);
	road_event_release(promised);
	teardown(&f);
}

static void cancelling_keeps_earlier_submissions(void)
{
	struct fixture f = setup("sim:edu");
	road_event *event;
	road_point first, second, third;

	CU_ASSERT_EQUAL_FATAL(road_event_create(f.instance, 0, &event), ROAD_OK);
	road_point wait = {event, 1};
	road_submission s = {.size = sizeof(s), .waits = &wait, .wait_count = 1};
	road_submission plain = {.size = sizeof(plain)};

	CU_ASSERT_EQUAL_FATAL(road_queue_submit(f.queue, &s, &first), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_queue_submit(f.queue, &plain, &second), ROAD_OK);
	CU_ASSERT_EQUAL(road_event_retain(second.event), ROAD_OK);
	CU_ASSERT_EQUAL(road_queue_cancel(f.queue, second.value), ROAD_OK);
	CU_ASSERT_EQUAL(road_point_wait(second, soon()), ROAD_CANCELLED);
	CU_ASSERT_EQUAL_FATAL(road_queue_submit(f.queue, &plain, &third), ROAD_OK);
	CU_ASSERT_EQUAL(third.value, 1);
	CU_ASSERT_PTR_NOT_EQUAL(third.event, first.event);
	CU_ASSERT_EQUAL(road_event_signal(event, 1), ROAD_OK);
	CU_ASSERT_EQUAL(road_point_wait(first, soon()), ROAD_OK);
	CU_ASSERT_EQUAL(road_point_wait(third, soon()), ROAD_OK);
	road_event_release(second.event);
	road_event_release(event);
	teardown(&f);
}

static void a_failed_wait_fails_the_rest_of_the_queue_until_reset(void)
{
	struct fixture f = setup("sim:edu");
	road_event *event;
	road_point first, second;
	road_error error = {.size = sizeof(error)};

	CU_ASSERT_EQUAL_FATAL(road_event_create(f.instance, 0, &event), ROAD_OK);
	road_point wait = {event, 1};
	road_submission s = {.size = sizeof(s), .waits = &wait, .wait_count = 1};
	road_submission plain = {.size = sizeof(plain)};

	CU_ASSERT_EQUAL_FATAL(road_queue_submit(f.queue, &plain, &first), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_queue_submit(f.queue, &s, &second), ROAD_OK);
	CU_ASSERT_EQUAL(road_event_fail(event, 1, ROAD_IO), ROAD_OK);
	CU_ASSERT_EQUAL(road_point_wait(second, soon()), ROAD_IO);
	CU_ASSERT_EQUAL(road_point_wait(first, soon()), ROAD_OK);
	CU_ASSERT_EQUAL(road_queue_submit(f.queue, &plain, NULL), ROAD_IO);
	CU_ASSERT_EQUAL(road_queue_status(f.queue, &error), ROAD_IO);
	CU_ASSERT_EQUAL(road_queue_reset(f.queue), ROAD_OK);
	CU_ASSERT_EQUAL(road_queue_submit(f.queue, &plain, &first), ROAD_OK);
	CU_ASSERT_EQUAL(road_point_wait(first, soon()), ROAD_OK);
	road_event_release(event);
	teardown(&f);
}

static void queues_of_two_devices_chain_through_events(void)
{
	struct fixture f = setup("sim:edu"), g = {.instance = f.instance};
	road_event *event;
	road_point done;

	CU_ASSERT_EQUAL_FATAL(road_device_open(f.instance, "sim:edu@1", &g.device), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_space_shared(g.device, &g.space), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_queue_create(g.space, NULL, &g.queue), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_event_create(f.instance, 0, &event), ROAD_OK);
	for (uint64_t i = 1; i <= 100; i++) {
		road_point signal = {event, i}, wait = {event, i - 1};
		road_submission s = {.size = sizeof(s),
				     .waits = &wait,
				     .wait_count = 1,
				     .signals = &signal,
				     .signal_count = 1};
		road_queue *queue = i % 2 ? f.queue : g.queue;

		CU_ASSERT_EQUAL_FATAL(road_queue_submit(queue, &s, &done), ROAD_OK);
		CU_ASSERT_EQUAL_FATAL(road_point_wait(done, soon()), ROAD_OK);
	}
	road_event_release(event);
	road_queue_release(g.queue);
	road_space_release(g.space);
	road_device_release(g.device);
	teardown(&f);
}

/* A promise that reaches beyond a failure is kept as far as the failure lets it. */
static void a_promise_ends_before_what_failed(void)
{
	struct fixture f = setup("sim:edu");
	road_event *gate, *promised;
	uint64_t value = 0;
	road_point done;

	CU_ASSERT_EQUAL_FATAL(road_event_create(f.instance, 0, &gate), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_event_create(f.instance, 0, &promised), ROAD_OK);
	road_point wait = {gate, 1}, signal = {promised, 10};
	road_submission s = {.size = sizeof(s),
			     .waits = &wait,
			     .wait_count = 1,
			     .signals = &signal,
			     .signal_count = 1};

	CU_ASSERT_EQUAL_FATAL(road_queue_submit(f.queue, &s, &done), ROAD_OK);
	CU_ASSERT_EQUAL(road_event_fail(promised, 5, ROAD_IO), ROAD_OK);
	CU_ASSERT_EQUAL(road_event_error(promised, 4, NULL), ROAD_NOT_READY);
	CU_ASSERT_EQUAL(road_event_signal(gate, 1), ROAD_OK);
	CU_ASSERT_EQUAL(road_point_wait(done, soon()), ROAD_OK);
	CU_ASSERT_EQUAL(road_event_value(promised, &value), ROAD_OK);
	CU_ASSERT_EQUAL(value, 4);
	CU_ASSERT_EQUAL(road_event_error(promised, 4, NULL), ROAD_OK);
	CU_ASSERT_EQUAL(road_event_error(promised, 5, NULL), ROAD_IO);
	CU_ASSERT_EQUAL(road_point_wait(signal, soon()), ROAD_IO);
	road_event_release(gate);
	road_event_release(promised);
	teardown(&f);
}

struct late {
	struct fixture *f;
	road_point point;
	uint64_t before_ns, after_ns;
};

static void what_fails_above_a_promise_leaves_it_standing(void)
{
	struct fixture f = setup("sim:edu");
	road_event *gate, *event;

	CU_ASSERT_EQUAL_FATAL(road_event_create(f.instance, 0, &gate), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_event_create(f.instance, 0, &event), ROAD_OK);
	road_point wait = {gate, 1}, signal = {event, 5};
	road_submission s = {.size = sizeof(s),
			     .waits = &wait,
			     .wait_count = 1,
			     .signals = &signal,
			     .signal_count = 1};

	CU_ASSERT_EQUAL_FATAL(road_queue_submit(f.queue, &s, NULL), ROAD_OK);
	CU_ASSERT_EQUAL(road_event_fail(event, 9, ROAD_CANCELLED), ROAD_OK);
	CU_ASSERT_EQUAL(road_event_signal(event, 3), ROAD_BUSY);
	CU_ASSERT_EQUAL(road_event_signal(gate, 1), ROAD_OK);
	CU_ASSERT_EQUAL(road_point_wait(signal, soon()), ROAD_OK);
	CU_ASSERT_EQUAL(road_point_wait((road_point){event, 9}, soon()), ROAD_CANCELLED);
	road_event_release(gate);
	road_event_release(event);
	teardown(&f);
}

static void a_list_of_a_closed_space_records_nothing(void)
{
	struct fixture f = setup("host:");
	road_list *list;

	CU_ASSERT_EQUAL_FATAL(road_list_create(f.space, 0, &list), ROAD_OK);
	CU_ASSERT_EQUAL(road_list_barrier(list), ROAD_OK);
	CU_ASSERT_EQUAL(road_space_close(f.space), ROAD_OK);
	CU_ASSERT_EQUAL(road_list_barrier(list), ROAD_STALE);
	road_list_release(list);
	teardown(&f);
}

static void *wait_late(void *arg)
{
	struct late *late = arg;

	CU_ASSERT_EQUAL(road_sim_time(late->f->device, NULL, &late->before_ns), ROAD_OK);
	CU_ASSERT_EQUAL(road_point_wait(late->point, soon()), ROAD_OK);
	CU_ASSERT_EQUAL(road_sim_time(late->f->device, NULL, &late->after_ns), ROAD_OK);
	return NULL;
}

/* Whoever waited for a signal is, in virtual time, not earlier than the one who gave it: whether or
 * not somebody watched the event then. */
static void a_signal_carries_its_time(void)
{
	for (int watched = 0; watched < 2; watched++) {
		struct fixture f = setup("sim:edu");
		struct late late = {.f = &f};
		road_event *event;
		uint64_t mine = 0, value;
		pthread_t thread;
		int fd = -1;

		CU_ASSERT_EQUAL_FATAL(road_event_create(f.instance, 0, &event), ROAD_OK);
		if (watched)
			CU_ASSERT_EQUAL_FATAL(road_event_point_fd(event, 1, &fd), ROAD_OK);
		for (int i = 0; i < 1000; i++) /* each takes its time */
			CU_ASSERT_EQUAL(road_event_value(event, &value), ROAD_OK);
		CU_ASSERT_EQUAL(road_sim_time(f.device, NULL, &mine), ROAD_OK);
		CU_ASSERT_EQUAL(road_event_signal(event, 1), ROAD_OK);
		late.point = (road_point){event, 1};
		pthread_create(&thread, NULL, wait_late, &late);
		pthread_join(thread, NULL);
		CU_ASSERT(late.before_ns < mine);
		CU_ASSERT(late.after_ns >= mine);
		if (fd >= 0)
			close(fd);
		road_event_release(event);
		teardown(&f);
	}
}

static int count_groups(const road_host_group *group, const void *arguments)
{
	uint32_t *counter = *(uint32_t *const *)arguments;

	counter[0] += group->block.x;
	return 0;
}

static int refuse(const road_host_group *group, const void *arguments)
{
	(void)arguments;
	return group->group.x == 3 ? 7 : 0;
}

static const uint32_t pointer_argument[] = {8};
static const road_host_kernel kernels[] = {{"count", count_groups, 1, 0, pointer_argument},
					   {"refuse", refuse, 0, 0, NULL}};
static const road_host_module module = {sizeof(module), 2, kernels};

static void host_kernels_run_and_their_faults_are_told(void)
{
	struct fixture f = setup("host:");
	road_buffer *buffer = buffer_of(&f, ROAD_HEAP_DEVICE_VISIBLE, 64);
	uint32_t *counter = mapped(buffer);
	road_image *image;
	road_kernel *count, *bad;
	road_point point;
	road_fault fault = {.size = sizeof(fault)};

	CU_ASSERT_EQUAL_FATAL(road_host_register("test", &module), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_image_load(f.space, "test", 4, NULL, &image), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_image_kernel(image, "count", &count), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_image_kernel(image, "refuse", &bad), ROAD_OK);
	CU_ASSERT_EQUAL(road_image_kernel(image, "none", &(road_kernel *){NULL}), ROAD_NOT_FOUND);
	const void *argument = &counter;
	road_launch launch = {.size = sizeof(launch),
			      .kernel = count,
			      .grid = {5, 2, 1},
			      .block = {32, 1, 1},
			      .argument_pointers = &argument,
			      .argument_count = 1};

	CU_ASSERT_EQUAL_FATAL(road_queue_launch(f.queue, &launch, &point), ROAD_OK);
	CU_ASSERT_EQUAL(road_point_wait(point, soon()), ROAD_OK);
	CU_ASSERT_EQUAL(counter[0], 320);
	launch.kernel = bad;
	launch.argument_count = 0;
	launch.argument_pointers = NULL;
	CU_ASSERT_EQUAL_FATAL(road_queue_launch(f.queue, &launch, &point), ROAD_OK);
	CU_ASSERT_EQUAL(road_point_wait(point, soon()), ROAD_FAULT);
	CU_ASSERT_EQUAL(road_device_fault_read(f.device, &fault), ROAD_OK);
	CU_ASSERT_STRING_EQUAL(fault.kernel, "refuse");
	CU_ASSERT_EQUAL(fault.workgroup[0], 3);
	CU_ASSERT_EQUAL(road_queue_reset(f.queue), ROAD_OK);
	road_kernel_release(count);
	road_kernel_release(bad);
	road_image_release(image);
	road_buffer_release(buffer);
	teardown(&f);
}

static void times_of_a_timed_submission_are_ordered(void)
{
	struct fixture f = setup("sim:edu");
	road_times times = {.size = sizeof(times)};
	road_submission s = {.size = sizeof(s), .flags = ROAD_SUBMIT_TIMED, .times = &times};
	road_point point;

	CU_ASSERT_EQUAL_FATAL(road_queue_submit(f.queue, &s, &point), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_point_wait(point, soon()), ROAD_OK);
	CU_ASSERT(times.queued <= times.submitted);
	CU_ASSERT(times.submitted <= times.started);
	CU_ASSERT(times.started <= times.ended);
	CU_ASSERT(times.ended > 0);
	teardown(&f);
}

struct onlooker {
	road_point last, signal;
	_Atomic bool looks;
	road_status point_status, signal_status;
};

static void *look_on(void *arg)
{
	struct onlooker *on = arg;

	atomic_store(&on->looks, true);
	do {
		on->point_status = road_event_error(on->last.event, on->last.value, NULL);
	} while (on->point_status == ROAD_NOT_READY);
	on->signal_status = road_event_error(on->signal.event, on->signal.value, NULL);
	return NULL;
}

/* One point fails all of the timeline behind it: by then the last one's signal has failed. */
static void who_sees_a_point_failed_sees_its_signals_failed(void)
{
	struct fixture f = setup("host:");
	const road_queue_options options = {.size = sizeof(options), .depth = 512};
	road_queue *queue;

	CU_ASSERT_EQUAL_FATAL(road_queue_create(f.space, &options, &queue), ROAD_OK);
	for (uint32_t round = 0; round < 20; round++) {
		road_event *gate = NULL, *told = NULL;
		road_submission s = {.size = sizeof(s)};
		struct onlooker on = {.looks = false};
		pthread_t thread;

		CU_ASSERT_EQUAL_FATAL(road_event_create(f.instance, 0, &gate), ROAD_OK);
		CU_ASSERT_EQUAL_FATAL(road_event_create(f.instance, 0, &told), ROAD_OK);
		on.signal = (road_point){told, 1};
		s.waits = &(road_point){gate, 1};
		s.wait_count = 1;
		for (uint32_t i = 0; i < 400; i++)
			CU_ASSERT_EQUAL_FATAL(road_queue_submit(queue, &s, NULL), ROAD_OK);
		s.signals = &on.signal;
		s.signal_count = 1;
		CU_ASSERT_EQUAL_FATAL(road_queue_submit(queue, &s, &on.last), ROAD_OK);
		CU_ASSERT_EQUAL(road_event_retain(on.last.event), ROAD_OK);
		CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, look_on, &on), 0);
		while (!atomic_load(&on.looks))
			;
		CU_ASSERT_EQUAL(round % 2 ? road_event_fail(gate, 1, ROAD_PERMISSION)
					  : road_queue_cancel(queue, on.last.value - 400),
				ROAD_OK);
		pthread_join(thread, NULL);
		CU_ASSERT_EQUAL(on.point_status, round % 2 ? ROAD_PERMISSION : ROAD_CANCELLED);
		CU_ASSERT_EQUAL(on.signal_status, on.point_status);
		CU_ASSERT_EQUAL(road_queue_reset(queue), ROAD_OK);
		road_event_release(on.last.event);
		road_event_release(gate);
		road_event_release(told);
	}
	road_queue_release(queue);
	teardown(&f);
}

static const struct tap_case cases[] = {
	{"who sees a point failed sees its signals failed",
	 who_sees_a_point_failed_sees_its_signals_failed},
	{"what fails above a promise leaves it standing",
	 what_fails_above_a_promise_leaves_it_standing},
	{"a list of a closed space records nothing", a_list_of_a_closed_space_records_nothing},
	{"empty submissions complete in order", empty_submissions_complete_in_order},
	{"bytes go to the device and back", bytes_go_to_the_device_and_back},
	{"a full queue is not ready and nothing changes",
	 a_full_queue_is_not_ready_and_nothing_changes},
	{"a deferred submission moves when its point is signalled",
	 a_deferred_submission_moves_when_its_point_is_signalled},
	{"a timeout names the chain", a_timeout_names_the_chain},
	{"closing a queue cancels what is unfinished", closing_a_queue_cancels_what_is_unfinished},
	{"cancelling keeps earlier submissions", cancelling_keeps_earlier_submissions},
	{"a failed wait fails the rest of the queue until reset",
	 a_failed_wait_fails_the_rest_of_the_queue_until_reset},
	{"queues of two devices chain through events", queues_of_two_devices_chain_through_events},
	{"a promise ends before what failed", a_promise_ends_before_what_failed},
	{"a signal carries its time", a_signal_carries_its_time},
	{"host kernels run and their faults are told", host_kernels_run_and_their_faults_are_told},
	{"times of a timed submission are ordered", times_of_a_timed_submission_are_ordered},
};

TAP_MAIN(cases)
