/* SPDX-License-Identifier: Apache-2.0 */
/* Queues: what can be made, in which order their work is done, what cancel and reset leave. */
#include "tests/conformance/groups/steps.h"

#include <stdlib.h>

enum { HOST_BYTES = 64 };

static road_queue_options options_of(uint32_t queue_class)
{
	return (road_queue_options){.size = sizeof(road_queue_options), .queue_class = queue_class};
}

static road_status try_create(struct fixture *f, road_queue_options options)
{
	road_queue *queue = NULL;
	road_status status = road_queue_create(f->space, &options, &queue);

	CHECK((status == ROAD_OK) == (queue != NULL)); /* outputs are written on success alone */
	road_queue_release(queue);
	return status;
}

/* ---- what can be made ---- */

static void moves_bytes(struct fixture *f, road_queue *queue)
{
	unsigned char there[HOST_BYTES], back[HOST_BYTES] = {0};
	road_buffer *buffer = fixture_buffer(f, sizeof(there));
	road_point point;

	fixture_fill_random(f, there, sizeof(there));
	CHECK_OK(road_queue_write(queue, buffer, 0, there, sizeof(there), NULL));
	CHECK_OK(road_queue_read(queue, back, buffer, 0, sizeof(back), &point));
	CHECK_OK(road_point_wait(point, SOON));
	CHECK_SAME(there, back, sizeof(there));
}

CONFORMANCE_CASE(queue, queue_create_each_engine_class)
{
	static const uint32_t classes[] = {ROAD_QUEUE_COMPUTE, ROAD_QUEUE_TRANSFER};
	uint32_t found = 0;

	for (uint32_t i = 0; i < 2; i++) {
		road_queue_options options = options_of(classes[i]);

		if (!(f->info.queue_classes >> classes[i] & 1)) {
			CHECK_STATUS(try_create(f, options), ROAD_UNSUPPORTED);
			continue;
		}
		road_queue *queue = NULL;

		CHECK_OK(road_queue_create(f->space, &options, &queue));
		moves_bytes(f, queue);
		road_queue_release(queue);
		found++;
	}
	REQUIRE(found > 0); /* a device without queues can do nothing */
	moves_bytes(f, fixture_queue_new(f, NULL));
}

CONFORMANCE_CASE(queue, queue_bad_engine_invalid_argument)
{
	static const uint32_t bad[] = {3, 77, UINT32_MAX};
	road_queue_options options;

	for (uint32_t i = 0; i < 3; i++) {
		CHECK_STATUS(try_create(f, options_of(bad[i])), ROAD_INVALID_ARGUMENT);
		CHECK_DETAIL("queue_class");
	}
	options = options_of(0);
	options.flags = 0x80000000u;
	CHECK_STATUS(try_create(f, options), ROAD_INVALID_ARGUMENT);
	CHECK_DETAIL("flags");
	options = options_of(0);
	options.reserved = 1;
	CHECK_STATUS(try_create(f, options), ROAD_INVALID_ARGUMENT);
	options = options_of(0);
	options.depth = f->info.queue_depth_max + 1;
	CHECK_STATUS(try_create(f, options), ROAD_INVALID_ARGUMENT);
	CHECK_DETAIL("depth");
}

CONFORMANCE_CASE(queue, queue_limit_no_space)
{
	uint32_t count = 0, max = f->info.queues_max;
	road_queue **queues = fixture_memory(f, (max + 1) * sizeof(road_queue *));
	road_status status = ROAD_OK;

	while (count <= max && !(status = road_queue_create(f->space, NULL, &queues[count])))
		count++;
	CHECK_STATUS(status, ROAD_NO_SPACE);
	CHECK_EQ(count, max); /* all that the device says it has */
	/* One that goes makes room for one, and the last is as good as the first. */
	road_queue_release(queues[0]);
	CHECK_OK(road_queue_create(f->space, NULL, &queues[0]));
	CHECK_STATUS(try_create(f, options_of(0)), ROAD_NO_SPACE);
	moves_bytes(f, queues[0]);
	moves_bytes(f, queues[count - 1]);
	while (count)
		road_queue_release(queues[--count]);
}

CONFORMANCE_CASE(queue, queue_priority_range_enforced)
{
	for (uint32_t priority = 0; priority <= 4; priority++) {
		road_queue_options options = options_of(0);

		options.priority = priority == 4 ? UINT32_MAX : priority;
		CHECK_STATUS(try_create(f, options),
			     priority <= 2 ? ROAD_OK : ROAD_INVALID_ARGUMENT);
		if (priority > 2)
			CHECK_DETAIL("priority");
	}
}

/* While a queue of high priority never runs out of work, one of low priority ends its own. */
CONFORMANCE_CASE(queue, queue_priority_starvation_bound)
{
	enum { DEPTH = 16, ROUNDS = 2000 };
	road_queue_options high = options_of(0), low = options_of(0);
	unsigned char bytes[HOST_BYTES] = {1};
	road_buffer *buffer = fixture_buffer(f, sizeof(bytes));
	uint32_t rounds = 0;
	road_point slow, fast;

	high.priority = 1;
	high.depth = DEPTH;
	low.priority = 2;
	road_queue *busy = fixture_queue_new(f, &high), *patient = fixture_queue_new(f, &low);

	for (uint32_t i = 0; i < DEPTH; i++)
		CHECK_OK(road_queue_write(busy, buffer, 0, bytes, sizeof(bytes), &fast));
	CHECK_OK(road_queue_write(patient, buffer, 0, bytes, sizeof(bytes), &slow));
	while (rounds++ < ROUNDS &&
	       road_event_error(slow.event, slow.value, NULL) == ROAD_NOT_READY) {
		road_point oldest = {fast.event, fast.value + 1 - DEPTH};

		CHECK_OK(road_point_wait(oldest, SOON));
		CHECK_OK(road_queue_write(busy, buffer, 0, bytes, sizeof(bytes), &fast));
	}
	CHECK_REACHED(slow);
	case_note("low priority done after %u of high priority", rounds);
	CHECK_OK(road_queue_drain(busy, SOON));
}

/* ---- order ---- */

CONFORMANCE_CASE(queue, queue_fifo_order)
{
	enum { COUNT = 60 };
	uint64_t *seen = fixture_memory(f, COUNT * sizeof(*seen)), *next = seen, done = 0, last = 0;
	road_buffer *cell = fixture_buffer(f, sizeof(*seen));
	road_queue *queue = fixture_queue(f);
	road_point point = {0};

	next = fixture_memory(f, COUNT * sizeof(*next));
	for (uint64_t i = 0; i < COUNT; i++) {
		next[i] = i + 1;
		point = step_submit(queue, (struct step){.list = step_exchange(f, cell, 0, &seen[i],
									       &next[i])});
		CHECK_EQ(point.value, i + 1);
	}
	/* The timeline never goes back, and never says more than was done. */
	while (done < COUNT) {
		CHECK_OK(road_point_wait((road_point){point.event, last + 1}, SOON));
		CHECK_OK(road_event_value(point.event, &done));
		REQUIRE(done > last);
		last = done;
		CHECK_EQ(seen[done - 1], done - 1);
	}
	for (uint64_t i = 0; i < COUNT; i++)
		CHECK_EQ(seen[i], i);
}

CONFORMANCE_CASE(queue, queue_depth_backpressure)
{
	enum { DEPTH = 4, COUNT = 200 };
	road_queue_options options = options_of(0);
	road_buffer *buffer = fixture_buffer(f, COUNT);
	unsigned char there[COUNT], back[COUNT] = {0};
	uint32_t refused = 0;
	road_point point = {0};

	options.depth = DEPTH;
	road_queue *queue = fixture_queue_new(f, &options);

	fixture_fill_random(f, there, sizeof(there));
	for (uint32_t i = 0; i < COUNT; i++) {
		road_status status = road_queue_write(queue, buffer, i, &there[i], 1, &point);

		if (status == ROAD_NOT_READY) {
			/* Its depth is out there: not less. One that ends makes room for one. */
			REQUIRE(point.value >= DEPTH);
			refused++;
			point.value -= DEPTH - 1;
			CHECK_OK(road_point_wait(point, SOON));
			status = road_queue_write(queue, buffer, i, &there[i], 1, &point);
		}
		CHECK_OK(status);
		CHECK_EQ(point.value, i + 1);
	}
	CHECK_OK(road_queue_drain(queue, SOON));
	if (f->info.simulated) /* nobody runs it meanwhile */
		CHECK(refused > 0);
	fixture_get(f, back, buffer, 0, sizeof(back));
	CHECK_SAME(there, back, sizeof(there));
	fixture_queue_drop(f, queue);
	options.depth = f->info.queue_depth_max;
	CHECK_OK(try_create(f, options));
}

CONFORMANCE_CASE(queue, queue_full_not_ready_never_blocks)
{
	enum { DEPTH = 3 };
	road_queue_options options = options_of(0);
	road_event *gate = fixture_event(f, 0), *promised = fixture_event(f, 0);
	road_point point = {0}, tail, refused = {0};

	options.depth = DEPTH;
	road_queue *queue = fixture_queue_new(f, &options);

	point = step_submit(queue, (struct step){.wait = {gate, 1}});
	while (point.value < DEPTH)
		point = step_submit(queue, (struct step){0});
	struct step more = {.signal = {promised, 5}};

	for (int i = 0; i < 3; i++)
		CHECK_STATUS(step_try(queue, more, &refused), ROAD_NOT_READY);
	CHECK(!refused.event);
	CHECK_OK(road_queue_tail(queue, &tail));
	CHECK_EQ(tail.value, DEPTH);
	CHECK_OK(road_queue_status(queue, NULL));
	/* Nothing was promised: the program may signal. */
	CHECK_OK(road_event_signal(promised, 4));
	CHECK_OK(road_event_signal(gate, 1));
	CHECK_OK(road_point_wait(point, SOON));
	point = step_submit(queue, more);
	CHECK_EQ(point.value, DEPTH + 1);
	CHECK_OK(road_point_wait(more.signal, SOON));
}

/* A list that the device itself waits in, where it can: then the queue is reset while it runs. */
static road_point stuck_on(struct fixture *f, road_queue *queue, road_event *gate)
{
	if (!fixture_has(f, CAPABILITY_WAIT_VALUE))
		return step_submit(queue, (struct step){.wait = {gate, 1}});
	road_list *list = fixture_list(f, 0);

	CHECK_OK(road_list_wait_value(list, fixture_buffer(f, 8), 0, 8, ROAD_COMPARE_EQ, 1));
	CHECK_OK(road_list_close(list));
	return step_submit(queue, (struct step){.list = list});
}

CONFORMANCE_CASE(queue, queue_two_queues_progress)
{
	unsigned char there[HOST_BYTES], back[HOST_BYTES];
	road_buffer *buffer = fixture_buffer(f, sizeof(there));
	road_event *gate = fixture_event(f, 0);
	road_queue *stuck = fixture_queue_new(f, NULL), *free_one = fixture_queue_new(f, NULL);
	road_point blocked = stuck_on(f, stuck, gate);

	for (int i = 0; i < 20; i++) {
		fixture_fill_random(f, there, sizeof(there));
		CHECK_OK(road_queue_write(free_one, buffer, 0, there, sizeof(there), NULL));
		CHECK_OK(road_queue_read(free_one, back, buffer, 0, sizeof(back), NULL));
		CHECK_OK(road_queue_drain(free_one, SOON));
		CHECK_SAME(there, back, sizeof(there));
	}
	CHECK_OPEN(blocked);
	if (fixture_has(f, CAPABILITY_WAIT_VALUE)) /* nobody stores that word */
		return;
	CHECK_OK(road_event_signal(gate, 1));
	CHECK_OK(road_point_wait(blocked, SOON));
}

CONFORMANCE_CASE(queue, queue_submit_empty_is_sync_point)
{
	uint64_t word = 0, value = 0x1122334455667788, zero = 0;
	road_buffer *cell = fixture_buffer(f, sizeof(word));
	road_event *gate = fixture_event(f, 0), *told = fixture_event(f, 0);
	road_queue *queue = fixture_queue(f);
	road_point first, empty;

	first = step_submit(queue, (struct step){.list = step_exchange(f, cell, 0, &zero, &value),
						 .wait = {gate, 7}});
	CHECK_OK(road_queue_read(queue, &word, cell, 0, sizeof(word), NULL));
	empty = step_submit(queue, (struct step){.signal = {told, 1}});
	CHECK_STATUS(road_point_wait(empty, BRIEFLY), ROAD_TIMEOUT);
	CHECK_EQ(word, 0);
	CHECK_OK(road_event_signal(gate, 7));
	CHECK_OK(road_point_wait(empty, SOON));
	CHECK_EQ(word, value);
	CHECK_REACHED(first);
	CHECK_REACHED(((road_point){told, 1}));
}

CONFORMANCE_CASE(queue, queue_seqno_monotonic)
{
	road_event *gate = fixture_event(f, 0), *reached = fixture_event(f, 9);
	unsigned char byte = 1;
	road_buffer *buffer = fixture_buffer(f, 8);
	road_queue *queue = fixture_queue(f);
	road_list *open = fixture_list(f, 0);
	road_point point;

	for (uint64_t value = 1; value <= 40; value++) {
		/* What is refused takes no number. */
		CHECK_STATUS(step_try(queue, (struct step){.signal = {reached, 9}}, NULL),
			     ROAD_INVALID_ARGUMENT);
		CHECK_STATUS(step_try(queue, (struct step){.list = open}, NULL),
			     ROAD_INVALID_ARGUMENT);
		if (value % 3)
			point = step_submit(queue, (struct step){.wait = {gate, value % 2}});
		else
			CHECK_OK(road_queue_write(queue, buffer, 0, &byte, 1, &point));
		CHECK_EQ(point.value, value);
	}
	road_event *first = point.event;

	CHECK_OK(road_event_retain(first));
	CHECK_OK(road_queue_cancel(queue, 0));
	CHECK_STATUS(road_point_wait((road_point){first, 40}, SOON), ROAD_CANCELLED);
	point = step_submit(queue, (struct step){0});
	CHECK_EQ(point.value, 1);
	CHECK(point.event != first);
	CHECK_OK(road_point_wait(point, SOON));
	road_event_release(first);
}

CONFORMANCE_CASE(queue, queue_tail_point)
{
	road_queue *queue = fixture_queue_new(f, NULL), *other;
	road_event *gate = fixture_event(f, 0);
	road_point tail, last = {0};

	CHECK_OK(road_queue_tail(queue, &tail));
	CHECK_EQ(tail.value, 0);
	CHECK_OK(road_point_wait(tail, 0)); /* nothing was submitted: reached */
	for (uint64_t i = 1; i <= 5; i++) {
		last = step_submit(queue, (struct step){.wait = {gate, i}});
		CHECK_OK(road_queue_tail(queue, &tail));
		CHECK(tail.event == last.event);
		CHECK_EQ(tail.value, i);
	}
	for (uint64_t i = 1; i <= 5; i++) {
		CHECK_STATUS(road_queue_drain(queue, 0), ROAD_TIMEOUT);
		CHECK_OK(road_event_signal(gate, i));
		CHECK_OK(road_point_wait((road_point){tail.event, i}, SOON));
	}
	CHECK_OK(road_queue_drain(queue, SOON));
	/* Kept longer than its queue. */
	CHECK_OK(road_queue_create(f->space, NULL, &other));
	last = step_submit(other, (struct step){0});
	CHECK_OK(road_queue_drain(other, SOON));
	CHECK_OK(road_event_retain(last.event));
	road_queue_release(other);
	CHECK_OK(road_point_wait(last, 0));
	CHECK_STATUS(road_event_error(last.event, 2, NULL), ROAD_NOT_READY);
	road_event_release(last.event);
}

/* ---- ends ---- */

CONFORMANCE_CASE(queue, queue_destroy_pending_cancels)
{
	uint64_t zero = 1, word = 0x55;
	road_buffer *cell = fixture_buffer(f, sizeof(word));
	road_event *gate = fixture_event(f, 0), *promised = fixture_event(f, 0);
	road_error detail = {.size = sizeof(detail)};
	road_queue *queue = NULL;
	road_point first, second;

	CHECK_OK(road_queue_create(f->space, NULL, &queue));
	first = step_submit(queue, (struct step){.list = step_write(f, cell, 0, &word, 8),
						 .wait = {gate, 1},
						 .signal = {promised, 5}});
	second = step_submit(queue, (struct step){.signal = {promised, 6}});
	CHECK_STATUS(road_event_signal(promised, 9), ROAD_BUSY);
	CHECK_OK(road_event_retain(first.event));
	road_queue_release(queue);
	CHECK_STATUS(road_point_wait(first, SOON), ROAD_CANCELLED);
	CHECK_STATUS(road_point_wait(second, SOON), ROAD_CANCELLED);
	CHECK_STATUS(road_point_wait((road_point){promised, 5}, SOON), ROAD_CANCELLED);
	CHECK_STATUS(road_event_error(promised, 6, &detail), ROAD_CANCELLED);
	CHECK_STATUS(detail.status, ROAD_CANCELLED);
	CHECK(detail.what[0] && detail.where[0]);
	CHECK_OPEN(((road_point){promised, 4})); /* a failure has a place */
	CHECK_OK(road_event_signal(gate, 1));    /* and wakes nobody */
	fixture_get(f, &zero, cell, 0, sizeof(zero));
	CHECK_EQ(zero, 0);
	road_event_release(first.event);
}

CONFORMANCE_CASE(queue, queue_cancel_from)
{
	uint64_t words[4] = {1, 2, 3, 4}, back[4] = {9, 9, 9, 9};
	road_buffer *buffer = fixture_buffer(f, sizeof(words));
	road_event *gate = fixture_event(f, 0), *told = fixture_event(f, 0);
	road_queue *queue = fixture_queue(f);
	road_point points[4], after;

	for (uint64_t i = 0; i < 4; i++)
		points[i] = step_submit(
			queue, (struct step){.list = step_write(f, buffer, 8 * i, &words[i], 8),
					     .wait = i ? (road_point){0} : (road_point){gate, 1},
					     .signal = {told, i + 1}});
	CHECK_OK(road_event_retain(points[0].event));
	CHECK_OK(road_queue_cancel(queue, 3));
	CHECK_STATUS(road_point_wait(points[2], SOON), ROAD_CANCELLED);
	CHECK_STATUS(road_point_wait(points[3], SOON), ROAD_CANCELLED);
	CHECK_STATUS(road_event_error(told, 3, NULL), ROAD_CANCELLED);
	CHECK_OPEN(points[0]);
	CHECK_OPEN(points[1]);
	after = step_submit(queue, (struct step){0}); /* it goes on, on a new timeline */
	CHECK_EQ(after.value, 1);
	CHECK(after.event != points[0].event);
	CHECK_OPEN(after);
	CHECK_OK(road_event_signal(gate, 1));
	CHECK_OK(road_point_wait(points[1], SOON));
	CHECK_OK(road_point_wait(after, SOON));
	CHECK_OK(road_point_wait((road_point){told, 2}, SOON));
	CHECK_OK(road_queue_status(queue, NULL));
	fixture_get(f, back, buffer, 0, sizeof(back));
	for (uint64_t i = 0; i < 4; i++)
		CHECK_EQ(back[i], i < 2 ? words[i] : 0);
	road_event_release(points[0].event);
	CHECK_OK(road_queue_cancel(queue, 1000)); /* of nothing: all goes on */
	CHECK_OK(road_point_wait(step_submit(queue, (struct step){0}), SOON));
}

CONFORMANCE_CASE(queue, queue_reset_alone)
{
	uint64_t word = 77, back = 0;
	road_buffer *cell = fixture_buffer(f, sizeof(word));
	road_event *gate = fixture_event(f, 0);
	road_queue *reset = fixture_queue_new(f, NULL), *other = fixture_queue_new(f, NULL);
	road_point lost = stuck_on(f, reset, gate), behind = step_submit(reset, (struct step){0});
	road_point kept = step_submit(
		other, (struct step){.list = step_write(f, cell, 0, &word, 8), .wait = {gate, 1}});

	CHECK_STATUS(road_point_wait(lost, BRIEFLY), ROAD_TIMEOUT);
	CHECK_OK(road_event_retain(lost.event));
	CHECK_OK(road_queue_reset(reset));
	CHECK_STATUS(road_point_wait(lost, SOON), ROAD_CANCELLED);
	CHECK_STATUS(road_point_wait(behind, SOON), ROAD_CANCELLED);
	road_event_release(lost.event);
	CHECK_OK(road_queue_status(other, NULL));
	CHECK_OPEN(kept);
	CHECK_OK(road_event_signal(gate, 1));
	CHECK_OK(road_point_wait(kept, SOON));
	CHECK_OK(road_queue_status(reset, NULL));
	CHECK_OK(road_queue_read(reset, &back, cell, 0, sizeof(back), NULL));
	CHECK_OK(road_queue_drain(reset, SOON));
	CHECK_EQ(back, word);
}

CONFORMANCE_CASE(queue, deferred_submission_moves_on_signal)
{
	uint64_t word = 5, back = 0;
	road_buffer *cell = fixture_buffer(f, sizeof(word));
	road_event *gate = fixture_event(f, 0), *two = fixture_event(f, 0);
	road_point waits[2] = {{gate, 3}, {two, 1}}, done;
	road_submission s = {.size = sizeof(s),
			     .list = step_write(f, cell, 0, &word, sizeof(word)),
			     .waits = waits,
			     .wait_count = 2};

	CHECK_OK(road_queue_submit(fixture_queue(f), &s, &done));
	CHECK_OK(road_event_signal(gate, 2));
	CHECK_OK(road_event_signal(two, 1));
	CHECK_STATUS(road_point_wait(done, BRIEFLY), ROAD_TIMEOUT);
	CHECK_OK(road_event_signal(gate, 4)); /* past it is as good */
	CHECK_OK(road_point_wait(done, SOON));
	fixture_get(f, &back, cell, 0, sizeof(back));
	CHECK_EQ(back, word);
	/* Met already: not deferred at all. */
	CHECK_OK(road_queue_submit(fixture_queue(f), &s, &done));
	CHECK_OK(road_point_wait(done, SOON));
}

CONFORMANCE_CASE(queue, deferred_cancelled_on_close)
{
	road_event *gate = fixture_event(f, 0), *promised = fixture_event(f, 0);
	road_queue *queue = fixture_queue(f);
	road_point point = step_submit(
		queue, (struct step){.wait = {gate, 1}, .signal = {promised, UINT64_MAX - 1}});

	CHECK_OK(road_event_retain(point.event));
	CHECK_OK(road_space_close(f->space));
	CHECK_STATUS(road_point_wait(point, SOON), ROAD_CANCELLED);
	CHECK_STATUS(road_event_error(promised, UINT64_MAX - 1, NULL), ROAD_CANCELLED);
	CHECK_OPEN(((road_point){promised, UINT64_MAX - 2}));
	CHECK_OK(road_event_signal(gate, 1));
	CHECK_STATUS(step_try(queue, (struct step){0}, NULL), ROAD_STALE);
	CHECK_STATUS(road_queue_status(queue, NULL), ROAD_STALE);
	CHECK_STATUS(road_queue_reset(queue), ROAD_STALE);
	road_event_release(point.event);
}
