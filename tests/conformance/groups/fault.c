/* SPDX-License-Identifier: Apache-2.0 */
/* Work that fails: how it is told, what it stops, what it leaves alone, how it ends. */
#include "tests/conformance/case.h"
#include "tests/conformance/fixture.h"

#include <pthread.h>
#include <stdio.h>

static road_point submit_nothing(road_queue *queue)
{
	road_submission nothing = {.size = sizeof(nothing)};
	road_point point = {0};

	CHECK_OK(road_queue_submit(queue, &nothing, &point));
	return point;
}

static void check_works(road_queue *queue)
{
	CHECK_OK(road_point_wait(submit_nothing(queue), SOON));
}

/* Launches what faults, in one workgroup; the fault's record, all of which but `kind` is checked
 * to make sense. */
static road_point run_faulting(struct fixture *f, road_queue *queue, const char *kernel,
			       const uint64_t *arguments, uint32_t count, road_fault *fault)
{
	road_launch launch = fixture_launch_of(f, kernel, arguments, count);
	road_point point = {0};

	launch.grid = (road_dim3){1, 1, 1};
	launch.watchdog = 5000;
	CHECK_OK(road_queue_launch(queue, &launch, &point));
	CHECK_STATUS(road_point_wait(point, SOON), ROAD_FAULT);
	*fault = (road_fault){.size = sizeof(*fault)};
	CHECK_OK(road_device_fault_read(f->device, fault));
	CHECK(!strcmp(fault->kernel, kernel));
	CHECK(fault->text[0]);
	CHECK_EQ(fault->point, point.value);
	return point;
}

static uint32_t health_of(struct fixture *f, uint64_t *resets)
{
	uint32_t health = UINT32_MAX;

	CHECK_OK(road_device_health(f->device, &health, resets));
	return health;
}

/* ---- kinds ---- */

CONFORMANCE_CASE(fault, job_timeout_detected)
{
	road_fault fault;

	run_faulting(f, fixture_queue_new(f, NULL), "spin", NULL, 0, &fault);
	CHECK_EQ(fault.kind, ROAD_FAULT_WATCHDOG);
}

CONFORMANCE_CASE(fault, page_fault_reports_address)
{
	const uint64_t nowhere[] = {0, 8, UINT64_C(1) << 40, UINT64_MAX - 7};
	uint64_t out = fixture_address(f, fixture_buffer(f, 64));
	road_queue *queue = fixture_queue(f);

	for (uint32_t i = 0; i < 4; i++) {
		road_fault fault;

		if (i % 2)
			run_faulting(f, queue, "poke", (uint64_t[]){nowhere[i], 1}, 2, &fault);
		else
			run_faulting(f, queue, "peek", (uint64_t[]){out, nowhere[i]}, 2, &fault);
		CHECK_EQ(fault.kind, ROAD_FAULT_MEMORY);
		CHECK_EQ(fault.address, nowhere[i]);
		CHECK_OK(road_queue_reset(queue));
	}
}

CONFORMANCE_CASE(fault, illegal_opcode_reported)
{
	road_fault fault;

	run_faulting(f, fixture_queue_new(f, NULL), "illegal", NULL, 0, &fault);
	CHECK_EQ(fault.kind, ROAD_FAULT_ILLEGAL);
	CHECK(fault.line != 0 || fault.pc != 0);
}

CONFORMANCE_CASE(fault, barrier_deadlock_reported)
{
	road_fault fault;

	f->violates = true; /* some chips count it as a broken rule, too */
	run_faulting(f, fixture_queue_new(f, NULL), "barrier", NULL, 0, &fault);
	CHECK_EQ(fault.kind, ROAD_FAULT_DEADLOCK);
	CHECK(fault.line != 0 || fault.pc != 0);
}

/* ---- whom it stops ---- */

CONFORMANCE_CASE(fault, job_hang_queue_banned_device_alive)
{
	road_queue *bad = fixture_queue_new(f, NULL), *good = fixture_queue(f);
	road_submission nothing = {.size = sizeof(nothing)};
	uint64_t resets, again;
	road_fault fault;

	CHECK_EQ(health_of(f, &resets), ROAD_HEALTH_OK);
	run_faulting(f, bad, "spin", NULL, 0, &fault);
	CHECK_STATUS(road_queue_status(bad, NULL), ROAD_FAULT);
	CHECK_STATUS(road_queue_submit(bad, &nothing, NULL), ROAD_FAULT);
	CHECK_EQ(health_of(f, &again), ROAD_HEALTH_FAULTED);
	check_works(good);
	fixture_queue_drop(f, good);
	check_works(fixture_queue(f)); /* nor one that is made now */
	CHECK_OK(road_queue_reset(bad));
	check_works(bad);
	CHECK_EQ(health_of(f, &again), ROAD_HEALTH_OK);
	CHECK_EQ(again, resets); /* the device was never reset */
}

CONFORMANCE_CASE(fault, submit_after_ban_refused)
{
	road_queue *queue = fixture_queue_new(f, NULL);
	road_launch trap = fixture_launch_of(f, "trap", NULL, 0);
	road_buffer *buffer = fixture_buffer(f, 64);
	road_error why = {.size = sizeof(why)};
	uint64_t word = 0;
	road_fault fault;

	run_faulting(f, queue, "trap", NULL, 0, &fault);
	CHECK_EQ(fault.kind, ROAD_FAULT_TRAP);
	CHECK_STATUS(road_queue_launch(queue, &trap, NULL), ROAD_FAULT);
	CHECK_STATUS(road_queue_write(queue, buffer, 0, &word, 8, NULL), ROAD_FAULT);
	CHECK_STATUS(road_queue_read(queue, &word, buffer, 0, 8, NULL), ROAD_FAULT);
	CHECK_STATUS(road_queue_status(queue, &why), ROAD_FAULT);
	CHECK_EQ(why.status, ROAD_FAULT);
	CHECK(why.what[0]);
	CHECK_STATUS(road_queue_drain(queue, SOON), ROAD_FAULT);
	CHECK_OK(road_queue_reset(queue));
	CHECK_STATUS(road_queue_status(queue, NULL), ROAD_OK);
	check_works(queue);
}

/* What the guilty did fails who waits for it, who says so; nobody else. */
CONFORMANCE_CASE(fault, guilty_innocent_attribution)
{
	road_queue *guilty = fixture_queue_new(f, NULL), *victim = fixture_queue_new(f, NULL);
	road_launch trap = fixture_launch_of(f, "trap", NULL, 0);
	road_event *gate = fixture_event(f, 0);
	road_point open = {gate, 1}, failed, waiting;
	road_submission after = {.size = sizeof(after), .waits = &open, .wait_count = 1};
	road_error mine = {.size = sizeof(mine)}, its = {.size = sizeof(its)};
	road_fault fault = {.size = sizeof(fault)};

	CHECK_OK(road_queue_submit(guilty, &after, NULL));
	CHECK_OK(road_queue_launch(guilty, &trap, &failed));
	after.waits = &failed;
	CHECK_OK(road_queue_submit(victim, &after, &waiting));
	if (f->info.queues_max > 2) /* one that is there, and has nothing to do with it */
		check_works(fixture_queue(f));
	CHECK_OK(road_event_signal(gate, 1));
	CHECK_STATUS(road_point_wait(waiting, SOON), ROAD_FAULT);
	CHECK_STATUS(road_event_error(failed.event, failed.value, &its), ROAD_FAULT);
	CHECK_STATUS(road_event_error(waiting.event, waiting.value, &mine), ROAD_FAULT);
	CHECK(!strcmp(mine.what, its.what)); /* the guilty's words */
	CHECK(its.what[0]);
	CHECK_OK(road_device_fault_read(f->device, &fault));
	CHECK_EQ(fault.point, failed.value);
	CHECK_STATUS(road_device_fault_read(f->device, &fault), ROAD_NOT_READY);
	CHECK_STATUS(road_queue_status(guilty, NULL), ROAD_FAULT);
	fixture_queue_drop(f, victim);
	check_works(fixture_queue(f));
}

/* ---- reset ---- */

/* Work that waits for a point that only the case signals. */
static road_point submit_waiting(struct fixture *f, road_queue *queue, road_event **gate)
{
	road_point open, point = {0};
	road_submission s = {.size = sizeof(s), .waits = &open, .wait_count = 1};

	*gate = fixture_event(f, 0);
	open = (road_point){*gate, 1};
	CHECK_OK(road_queue_submit(queue, &s, &point));
	return point;
}

CONFORMANCE_CASE(fault, reset_queue_only)
{
	road_queue *one = fixture_queue_new(f, NULL), *other = fixture_queue_new(f, NULL);
	road_event *gate, *other_gate;
	road_point mine = submit_waiting(f, one, &gate);
	road_point its = submit_waiting(f, other, &other_gate);
	uint64_t resets;

	CHECK_OK(road_event_retain(mine.event));
	CHECK_OK(road_queue_reset(one));
	CHECK_STATUS(road_point_wait(mine, SOON), ROAD_CANCELLED);
	road_event_release(mine.event);
	check_works(one);
	CHECK_STATUS(road_event_error(its.event, its.value, NULL), ROAD_NOT_READY);
	CHECK_OK(road_event_signal(other_gate, 1));
	CHECK_OK(road_point_wait(its, SOON));
	health_of(f, &resets);
	CHECK_EQ(resets, 0);
}

CONFORMANCE_CASE(fault, reset_device_all_queues_lost)
{
	uint32_t count = f->info.queues_max < 3 ? f->info.queues_max : 3;
	road_submission nothing = {.size = sizeof(nothing)};
	road_queue *queues[3];
	road_point points[3];
	road_event *gate;

	for (uint32_t i = 0; i < count; i++) {
		queues[i] = fixture_queue_new(f, NULL);
		points[i] = submit_waiting(f, queues[i], &gate);
		CHECK_OK(road_event_retain(points[i].event));
	}
	CHECK_OK(road_device_reset(f->device, ROAD_RESET_DEVICE));
	for (uint32_t i = 0; i < count; i++) {
		CHECK_STATUS(road_point_wait(points[i], SOON), ROAD_CANCELLED);
		CHECK_STATUS(road_queue_submit(queues[i], &nothing, NULL), ROAD_CANCELLED);
		CHECK_STATUS(road_queue_status(queues[i], NULL), ROAD_CANCELLED);
	}
	for (uint32_t i = 0; i < count; i++) {
		CHECK_OK(road_queue_reset(queues[i]));
		check_works(queues[i]);
		road_event_release(points[i].event);
	}
}

/* ---- resets while the device works ---- */

enum { FILLS = 64, OLD = 0x11, NEW = 0x22, OTHER = 0x33, LAST = 0x44 };

static road_list *fills_of(struct fixture *f, road_buffer *buffer, uint64_t bytes, uint64_t pattern)
{
	road_list *list = fixture_list(f, 0);

	for (int i = 0; i < FILLS; i++)
		CHECK_OK(road_list_fill(list, buffer, 0, bytes, i + 1 < FILLS ? pattern : LAST, 1));
	CHECK_OK(road_list_close(list));
	return list;
}

static road_point submit_list(road_queue *queue, road_list *list)
{
	road_submission s = {.size = sizeof(s), .list = list};
	road_point point = {0};

	CHECK_OK(road_queue_submit(queue, &s, &point));
	return point;
}

/* Fills are in the device's hands when it, or its queue, is reset: none of them may write once the
 * reset has returned, however much time passes. */
static void reset_stops(struct fixture *f, bool whole_device)
{
	/* Two of them, and what else the device holds, may have little memory. */
	const uint64_t most =
		f->info.memory_bytes ? f->info.memory_bytes / 4 & ~UINT64_C(63) : UINT64_MAX;
	uint64_t bytes = fixture_bytes(f, 16u << 20, 64), value;
	bytes = bytes < most ? bytes : most;
	road_buffer *target = fixture_buffer(f, bytes), *other = fixture_buffer(f, bytes);
	unsigned char *now = fixture_memory(f, bytes), *wanted = fixture_memory(f, bytes);
	road_queue *queue = fixture_queue(f);
	road_list *more = fills_of(f, other, bytes, OTHER);
	road_point point = submit_list(queue, fills_of(f, target, bytes, OLD));

	CHECK_OK(road_event_retain(point.event));
	CHECK_OK(road_event_value(point.event, &value)); /* a moment, for the device to begin */
	CHECK_OK(whole_device ? road_device_reset(f->device, ROAD_RESET_DEVICE)
			      : road_queue_reset(queue));
	const road_status ended = road_point_wait(point, SOON);

	if (!ended && (value >= point.value || !fixture_in_process(f)))
		case_note("the device was too quick to be reset at work");
	else
		CHECK_STATUS(ended, ROAD_CANCELLED);
	road_event_release(point.event);
	if (whole_device)
		CHECK_OK(road_queue_reset(queue));
	/* The queue's order would hide what it still has: the last fill is the one that must not
	 * be. One with a clock of its own can have come so far. */
	fixture_get(f, now, target, 0, bytes);
	if (ended && fixture_in_process(f))
		CHECK(now[0] != LAST && now[bytes - 1] != LAST);
	memset(wanted, NEW, bytes);
	fixture_put(f, target, 0, wanted, bytes);
	CHECK_OK(road_point_wait(submit_list(queue, more), SOON));
	fixture_get(f, now, target, 0, bytes);
	CHECK_SAME(now, wanted, bytes);
}

CONFORMANCE_CASE(fault, reset_stops_what_runs)
{
	reset_stops(f, true);
}

CONFORMANCE_CASE(fault, reset_queue_stops_what_runs)
{
	reset_stops(f, false);
}

CONFORMANCE_CASE(fault, reset_generation_increments)
{
	uint64_t before, after;

	health_of(f, &before);
	for (uint64_t i = 1; i <= 3; i++) {
		CHECK_OK(road_device_reset(f->device, ROAD_RESET_DEVICE));
		CHECK_EQ(health_of(f, &after), ROAD_HEALTH_OK);
		CHECK_EQ(after, before + i);
	}
	CHECK_STATUS(road_device_reset(f->device, 4711), ROAD_INVALID_ARGUMENT);
	health_of(f, &after);
	CHECK_EQ(after, before + 3);
}

struct waiter {
	road_point point;
	road_status status;
	pthread_t thread;
};

static void *await(void *arg)
{
	struct waiter *waiter = arg;

	waiter->status = road_point_wait(waiter->point, ROAD_FOREVER);
	return NULL;
}

static void start_waiters(struct waiter *waiters, uint32_t count, road_point point)
{
	for (uint32_t i = 0; i < count; i++) {
		waiters[i].point = point;
		REQUIRE(!pthread_create(&waiters[i].thread, NULL, await, &waiters[i]));
	}
}

static void check_waiters(struct waiter *waiters, uint32_t count, road_status wanted)
{
	for (uint32_t i = 0; i < count; i++) {
		pthread_join(waiters[i].thread, NULL);
		CHECK_STATUS(waiters[i].status, wanted);
	}
}

CONFORMANCE_CASE(fault, reset_during_wait_wakes_all)
{
	enum { WAITERS = 4 };
	struct waiter waiters[WAITERS];
	road_queue *queue = fixture_queue_new(f, NULL);
	road_event *gate;
	road_point point = submit_waiting(f, queue, &gate);

	CHECK_OK(road_event_retain(point.event));
	start_waiters(waiters, WAITERS, point);
	CHECK_STATUS(road_point_wait(point, road_deadline_after(20000000)), ROAD_TIMEOUT);
	CHECK_OK(road_device_reset(f->device, ROAD_RESET_DEVICE));
	check_waiters(waiters, WAITERS, ROAD_CANCELLED);
	road_event_release(point.event);
	CHECK_OK(road_queue_reset(queue));
	check_works(queue);
}

CONFORMANCE_CASE(fault, memory_survives_or_lost_flag_true)
{
	uint32_t bytes = (uint32_t)fixture_bytes(f, 1 << 16, 256);
	unsigned char *there = fixture_memory(f, bytes), *back = fixture_memory(f, bytes);
	road_property lost = {.size = sizeof(lost)};
	road_buffer *buffer = fixture_buffer(f, bytes);

	fixture_fill_random(f, there, bytes);
	fixture_put(f, buffer, 0, there, bytes);
	CHECK_OK(road_device_reset(f->device, ROAD_RESET_DEVICE));
	CHECK_OK(road_queue_reset(fixture_queue(f)));
	fixture_get(f, back, buffer, 0, bytes);
	if (memcmp(there, back, bytes))
		CHECK(!road_device_property(f->device, "memory.lost_by_reset", &lost) && lost.u64);
}

/* ---- the device goes ---- */

CONFORMANCE_CASE(fault, wait_breaks_on_device_loss)
{
	enum { WAITERS = 4 };
	struct waiter waiters[WAITERS];
	road_queue *queue = fixture_queue_new(f, NULL);
	road_submission nothing = {.size = sizeof(nothing)};
	road_event *gate;
	road_point point = submit_waiting(f, queue, &gate);
	uint64_t resets;

	f->lost = true;
	start_waiters(waiters, WAITERS, point);
	CHECK_STATUS(road_point_wait(point, road_deadline_after(20000000)), ROAD_TIMEOUT);
	CHECK_OK(road_sim_unplug(f->device));
	check_waiters(waiters, WAITERS, ROAD_DEVICE_LOST);
	CHECK_STATUS(road_queue_submit(queue, &nothing, NULL), ROAD_DEVICE_LOST);
	CHECK_STATUS(road_device_reset(f->device, ROAD_RESET_DEVICE), ROAD_DEVICE_LOST);
	CHECK_EQ(health_of(f, &resets), ROAD_HEALTH_LOST);
}

CONFORMANCE_CASE(fault, watchdog_same_cycle_every_run)
{
	road_queue *queue = fixture_queue(f);
	uint64_t took[3];

	for (uint32_t i = 0; i < 3; i++) {
		road_launch launch = fixture_launch_of(f, "spin", NULL, 0);
		uint64_t begin, end;

		launch.watchdog = 20000;
		CHECK_OK(road_sim_time(f->device, &begin, NULL));
		CHECK_OK(road_queue_launch(queue, &launch, NULL));
		CHECK_STATUS(road_queue_drain(queue, SOON), ROAD_FAULT);
		CHECK_OK(road_sim_time(f->device, &end, NULL));
		road_fault fault = {.size = sizeof(fault)};

		CHECK_OK(road_device_fault_read(f->device, &fault));
		CHECK_EQ(fault.kind, ROAD_FAULT_WATCHDOG);
		took[i] = end - begin;
		CHECK_OK(road_queue_reset(queue));
	}
	CHECK(took[1] > 0);
	/* The first launch of an image may cost more. */
	CHECK_EQ(took[2], took[1]);
	case_note("the watchdog took %llu ns", (unsigned long long)took[1]);
}
