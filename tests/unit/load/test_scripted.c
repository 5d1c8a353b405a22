/* SPDX-License-Identifier: Apache-2.0 */
/* What the core does with drivers that answer what they may, but seldom do. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/tap.h"
#include "tests/unit/load/folders.h"
#include "tests/unit/load/scripted.h"

struct use {
	char *folder;
	road_instance *instance;
	road_device *device;
	road_space *space;
	road_queue *queue;
	struct script script;
};

static uint64_t soon(void)
{
	return road_deadline_after(20000000000);
}

static void begin(struct use *use)
{
	char address[64];

	*use = (struct use){.folder = folder_new()};
	folder_put(use->folder, FILES "/driver-scripted.so", "scripted.so");
	use->instance = open_with(use->folder);
	snprintf(address, sizeof(address), "scripted:?%016llx",
		 (unsigned long long)(uintptr_t)&use->script);
	CU_ASSERT_EQUAL_FATAL(road_device_open(use->instance, address, &use->device), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_space_shared(use->device, &use->space), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_queue_create(use->space, NULL, &use->queue), ROAD_OK);
}

static void end(struct use *use)
{
	road_queue_release(use->queue);
	road_space_release(use->space);
	road_device_release(use->device);
	road_instance_release(use->instance);
	folder_remove(use->folder);
}

static road_point give(struct use *use, const road_point *signal)
{
	road_submission s = {.size = sizeof(s), .signals = signal, .signal_count = signal ? 1 : 0};
	road_point point = {0};

	CU_ASSERT_EQUAL_FATAL(road_queue_submit(use->queue, &s, &point), ROAD_OK);
	CU_ASSERT_EQUAL(road_event_retain(point.event), ROAD_OK);
	return point;
}

/* Up to this sequence the work is done. */
static void do_upto(struct use *use, uint64_t sequence)
{
	use->script.done = sequence;
	road_drv_queue_ready(use->script.queue);
}

static void refused_with(struct use *use, road_point point, road_status status, const char *what)
{
	road_error why = {.size = sizeof(why)};

	CU_ASSERT_EQUAL(road_point_wait(point, soon()), status);
	CU_ASSERT_EQUAL(road_event_error(point.event, point.value, &why), status);
	CU_ASSERT_STRING_EQUAL(why.what, what);
	CU_ASSERT_EQUAL(road_queue_status(use->queue, NULL), status);
	CU_ASSERT_EQUAL(road_queue_reset(use->queue), ROAD_OK);
	road_event_release(point.event);
}

static void what_an_empty_queue_has_no_room_for_never_fits(void)
{
	struct use use;

	begin(&use);
	use.script.answer = ROAD_NOT_READY;
	refused_with(&use, give(&use, NULL), ROAD_NO_SPACE,
		     "the submission is larger than the queue");
	use.script.answer = ROAD_OK;
	road_point again = give(&use, NULL);

	CU_ASSERT_EQUAL(road_point_wait(again, soon()), ROAD_OK);
	road_event_release(again.event);
	end(&use);
}

static void a_drivers_refusal_keeps_its_reason(void)
{
	struct use use;

	begin(&use);
	use.script.answer = ROAD_IO;
	refused_with(&use, give(&use, NULL), ROAD_IO, "scripted");
	end(&use);
}

static void what_a_full_queue_has_no_room_for_waits(void)
{
	struct use use;

	begin(&use);
	use.script.by_hand = true;
	road_point first = give(&use, NULL);

	use.script.answer = ROAD_NOT_READY;
	road_point second = give(&use, NULL);

	CU_ASSERT_EQUAL(road_point_wait(second, road_deadline_after(1000000)), ROAD_TIMEOUT);
	CU_ASSERT_EQUAL(use.script.submitted, 1);
	use.script.answer = ROAD_OK;
	do_upto(&use, 1);
	CU_ASSERT_EQUAL(road_point_wait(first, soon()), ROAD_OK);
	CU_ASSERT_EQUAL(road_point_wait(second, road_deadline_after(1000000)), ROAD_TIMEOUT);
	CU_ASSERT_EQUAL(use.script.submitted, 2);
	do_upto(&use, 2);
	CU_ASSERT_EQUAL(road_point_wait(second, soon()), ROAD_OK);
	road_event_release(first.event);
	road_event_release(second.event);
	end(&use);
}

/* ---- the device goes while it is given work ---- */

static void lose(struct script *script)
{
	road_drv_device_lost(script->device);
}

static void work_that_is_given_to_a_dying_device_fails(void)
{
	struct use use;
	road_event *promised = NULL;

	begin(&use);
	use.script.in_submit = lose;
	use.script.by_hand = true;
	CU_ASSERT_EQUAL_FATAL(road_event_create(use.instance, 0, &promised), ROAD_OK);
	const road_point signal = {promised, 3};
	road_point point = give(&use, &signal);

	CU_ASSERT_EQUAL(road_point_wait(point, soon()), ROAD_DEVICE_LOST);
	CU_ASSERT_EQUAL(road_point_wait(signal, soon()), ROAD_DEVICE_LOST);
	road_event_release(point.event);
	road_event_release(promised);
	end(&use);
}

static void a_lost_device_takes_no_work_before_anybody_looked(void)
{
	struct use use;
	road_submission nothing = {.size = sizeof(nothing)};

	begin(&use);
	road_drv_device_lost(use.script.device);
	CU_ASSERT_EQUAL(road_queue_submit(use.queue, &nothing, NULL), ROAD_DEVICE_LOST);
	CU_ASSERT_EQUAL(use.script.submitted, 0);
	end(&use);
}

/* A queue that the driver did not open is none of the device's. */
static void queues_that_do_not_open_are_not_counted(void)
{
	struct use use;
	road_queue *queues[4] = {NULL};

	begin(&use);
	use.script.open_answer = ROAD_IO;
	for (int i = 0; i < 10; i++)
		CU_ASSERT_EQUAL(road_queue_create(use.space, NULL, &queues[0]), ROAD_IO);
	use.script.open_answer = ROAD_OK;
	for (int i = 0; i < 3; i++)
		CU_ASSERT_EQUAL_FATAL(road_queue_create(use.space, NULL, &queues[i]), ROAD_OK);
	CU_ASSERT_EQUAL(road_queue_create(use.space, NULL, &queues[3]), ROAD_NO_SPACE);
	for (int i = 0; i < 3; i++)
		road_queue_release(queues[i]);
	end(&use);
}

/* ---- callbacks that still run ---- */

struct meeting {
	_Atomic int begun, may_end;
};

static void linger(void *user)
{
	struct meeting *meeting = user;

	meeting->begun = 1;
	for (int i = 0; i < 20000 && !meeting->may_end; i++)
		usleep(1000);
}

static void what_stands_at_a_callback_fails_while_it_runs(void)
{
	struct use use;
	struct meeting meeting = {0, 0};
	road_event *promised = NULL;
	road_list *list = NULL;
	road_point point;

	begin(&use);
	CU_ASSERT_EQUAL_FATAL(road_event_create(use.instance, 0, &promised), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_list_create(use.space, 0, &list), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_list_callback(list, linger, &meeting, 0), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_list_close(list), ROAD_OK);
	const road_point signal = {promised, 7};
	road_submission s = {
		.size = sizeof(s), .list = list, .signals = &signal, .signal_count = 1};

	CU_ASSERT_EQUAL_FATAL(road_queue_submit(use.queue, &s, &point), ROAD_OK);
	CU_ASSERT_EQUAL(road_event_retain(point.event), ROAD_OK);
	while (!meeting.begun)
		CU_ASSERT_EQUAL(road_point_wait(point, road_deadline_after(1000000)), ROAD_TIMEOUT);
	CU_ASSERT_EQUAL(road_queue_reset(use.queue), ROAD_OK);
	CU_ASSERT_EQUAL(road_point_wait(point, soon()), ROAD_CANCELLED);
	CU_ASSERT_EQUAL(road_point_wait(signal, soon()), ROAD_CANCELLED);
	CU_ASSERT_EQUAL(meeting.may_end, 0);
	meeting.may_end = 1;
	road_point next = give(&use, NULL);

	CU_ASSERT_EQUAL(road_point_wait(next, soon()), ROAD_OK);
	road_event_release(next.event);
	road_event_release(point.event);
	road_event_release(promised);
	road_list_release(list);
	end(&use);
}

/* ---- what a cancel leaves ---- */

/* What was submitted before outlives the timeline that the queue leaves behind. */
static void what_was_earlier_than_a_cancel_is_still_done(void)
{
	struct use use;

	begin(&use);
	use.script.by_hand = true;
	for (int i = 0; i < 3; i++)
		road_event_release(give(&use, NULL).event); /* the timeline is the queue's alone */
	use.script.answer = ROAD_NOT_READY;
	road_point kept = give(&use, NULL), cancelled = give(&use, NULL);

	CU_ASSERT_EQUAL(road_queue_cancel(use.queue, cancelled.value), ROAD_OK);
	CU_ASSERT_EQUAL(road_point_wait(cancelled, soon()), ROAD_CANCELLED);
	use.script.answer = ROAD_OK;
	road_event_release(cancelled.event);
	road_event_release(kept.event);
	road_point later = give(&use, NULL);

	CU_ASSERT_EQUAL(later.value, 1);
	do_upto(&use, 3);
	CU_ASSERT_EQUAL(road_point_wait(later, road_deadline_after(1000000)), ROAD_TIMEOUT);
	CU_ASSERT_EQUAL(use.script.submitted, 5);
	do_upto(&use, 5);
	CU_ASSERT_EQUAL(road_point_wait(later, soon()), ROAD_OK);
	CU_ASSERT_EQUAL(use.script.resets, 0);
	road_event_release(later.event);
	end(&use);
}

static void what_the_device_has_is_done_after_a_cancel(void)
{
	struct use use;

	begin(&use);
	use.script.by_hand = true;
	road_event_release(give(&use, NULL).event);
	use.script.answer = ROAD_NOT_READY;
	road_point cancelled = give(&use, NULL);

	CU_ASSERT_EQUAL(road_queue_cancel(use.queue, cancelled.value), ROAD_OK);
	road_event_release(cancelled.event);
	use.script.answer = ROAD_OK;
	road_point later = give(&use, NULL);

	do_upto(&use, 2);
	CU_ASSERT_EQUAL(road_point_wait(later, soon()), ROAD_OK);
	road_event_release(later.event);
	end(&use);
}

static const struct tap_case cases[] = {
	{"what an empty queue has no room for never fits",
	 what_an_empty_queue_has_no_room_for_never_fits},
	{"a driver's refusal keeps its reason", a_drivers_refusal_keeps_its_reason},
	{"what a full queue has no room for waits", what_a_full_queue_has_no_room_for_waits},
	{"work that is given to a dying device fails", work_that_is_given_to_a_dying_device_fails},
	{"a lost device takes no work before anybody looked",
	 a_lost_device_takes_no_work_before_anybody_looked},
	{"queues that do not open are not counted", queues_that_do_not_open_are_not_counted},
	{"what stands at a callback fails while it runs",
	 what_stands_at_a_callback_fails_while_it_runs},
	{"what was earlier than a cancel is still done",
	 what_was_earlier_than_a_cancel_is_still_done},
	{"what the device has is done after a cancel", what_the_device_has_is_done_after_a_cancel},
};

TAP_MAIN(cases)
