/* SPDX-License-Identifier: Apache-2.0 */
/* What queues are given: lists and their commands, callbacks, words, times, dead handles. */
#include "tests/conformance/fixture.h"
#include "tests/conformance/groups/steps.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

/* ---- handles that are dead ---- */

CONFORMANCE_CASE(queue, validate_submit_dead_image)
{
	size_t bytes = 0;
	void *text = fixture_image_bytes(f, &bytes);
	road_buffer *out = fixture_buffer(f, 64);
	uint64_t arguments[3] = {fixture_address(f, out), 16, 100};
	road_launch launch = fixture_launch_of(f, "iota", arguments, 3);
	uint32_t words[16] = {0};
	road_list *list = NULL;
	road_image *image = NULL;
	road_kernel *kernel = NULL;
	road_point point;

	CHECK_OK(road_list_create(f->space, 0, &list));
	CHECK_OK(road_image_load(f->space, text, bytes, NULL, &image));
	CHECK_OK(road_image_kernel(image, "iota", &kernel));
	launch.kernel = kernel;
	CHECK_OK(road_list_launch(list, &launch));
	CHECK_OK(road_list_close(list));
	road_kernel_release(kernel);
	road_image_release(image);
	/* The list keeps what it needs, and what was submitted keeps the list. */
	point = step_submit(fixture_queue(f), (struct step){.list = list});
	road_list_release(list);
	CHECK_OK(road_point_wait(point, SOON));
	fixture_get(f, words, out, 0, sizeof(words));
	for (uint32_t i = 0; i < 16; i++)
		CHECK_EQ(words[i], 100 + i);
	/* A handle that was given back is nobody's. */
	launch.kernel = kernel;
	CHECK_STATUS(road_queue_launch(fixture_queue(f), &launch, NULL), ROAD_NOT_FOUND);
	CHECK_DETAIL("freed");
	CHECK_STATUS(road_image_kernel(image, "iota", &kernel), ROAD_NOT_FOUND);
	CHECK_DETAIL("freed");
	CHECK_OK(road_queue_tail(fixture_queue(f), &point));
	CHECK_EQ(point.value, 2);
}

/* A thread of the library that completes work is done with what the work named a moment later. */
static road_space_usage usage_settled(struct fixture *f, uint64_t buffers)
{
	road_space_usage usage = {.size = sizeof(usage)};

	for (int ms = 0; ms < 20000; ms++) {
		CHECK_OK(road_space_usage_get(f->space, &usage));
		if (usage.buffers == buffers)
			break;
		usleep(1000);
	}
	return usage;
}

CONFORMANCE_CASE(queue, validate_submit_dead_buffer)
{
	road_buffer_options options = {
		.size = sizeof(options), .heap = fixture_heap(f), .bytes = 64};
	road_queue *queue = fixture_queue(f), *gone_queue = NULL;
	uint64_t word = 42, seen = 0;
	road_buffer *kept = NULL, *gone = NULL;
	road_event *gone_event = NULL;
	road_list *list = NULL;
	road_space_usage before = {.size = sizeof(before)};
	road_point point;

	CHECK_OK(road_space_usage_get(f->space, &before));
	CHECK_OK(road_buffer_create(f->space, &options, &kept));
	CHECK_OK(road_buffer_create(f->space, &options, &gone));
	CHECK_OK(road_list_create(f->space, 0, &list));
	CHECK_OK(road_list_write(list, kept, 0, &word, sizeof(word)));
	CHECK_OK(road_list_read(list, &seen, kept, 0, sizeof(seen)));
	CHECK_OK(road_list_close(list));
	road_buffer_release(kept);
	point = step_submit(queue, (struct step){.list = list});
	road_list_release(list);
	CHECK_OK(road_point_wait(point, SOON));
	CHECK_EQ(seen, word);

	road_buffer_release(gone);
	usage_settled(f, before.buffers); /* then the list is gone, too */
	CHECK_STATUS(road_queue_write(queue, gone, 0, &word, 8, NULL), ROAD_NOT_FOUND);
	CHECK_DETAIL("freed");
	CHECK_STATUS(step_try(queue, (struct step){.list = list}, NULL), ROAD_NOT_FOUND);
	CHECK_DETAIL("list");
	CHECK_OK(road_event_create(f->instance, 0, &gone_event));
	road_event_release(gone_event);
	CHECK_STATUS(step_try(queue, (struct step){.wait = {gone_event, 1}}, NULL), ROAD_NOT_FOUND);
	CHECK_DETAIL("waits");
	CHECK_STATUS(step_try(queue, (struct step){.signal = {gone_event, 1}}, NULL),
		     ROAD_NOT_FOUND);
	CHECK_DETAIL("signals");
	CHECK_OK(road_queue_create(f->space, NULL, &gone_queue));
	road_queue_release(gone_queue);
	CHECK_STATUS(step_try(gone_queue, (struct step){0}, NULL), ROAD_NOT_FOUND);
	CHECK_DETAIL("queue");
	/* One of another kind is named as what it is. */
	CHECK_STATUS(step_try((road_queue *)(void *)f->instance, (struct step){0}, NULL),
		     ROAD_INVALID_ARGUMENT);
	CHECK_DETAIL("instance");
	CHECK_OK(road_queue_tail(queue, &point));
	CHECK_EQ(point.value, 1);
}

/* ---- arguments ---- */

CONFORMANCE_CASE(queue, queue_submit_args_too_big_invalid_argument)
{
	uint64_t arguments[4] = {fixture_address(f, fixture_buffer(f, 64)), 1, 1, 0};
	road_launch launch = fixture_launch_of(f, "iota", arguments, 3);
	road_event *event = fixture_event(f, 1);
	road_point *many = fixture_memory(f, 4097 * sizeof(*many)), tail;
	road_submission s = {.size = sizeof(s), .waits = many, .wait_count = 4097};

	for (uint32_t i = 0; i < 4097; i++)
		many[i] = (road_point){event, 1};
	CHECK_STATUS(road_queue_submit(fixture_queue(f), &s, NULL), ROAD_INVALID_ARGUMENT);
	CHECK_DETAIL("4097");
	s.wait_count = 4096;
	CHECK_OK(road_queue_submit(fixture_queue(f), &s, NULL));
	for (uint64_t bytes = 8; bytes <= 32; bytes += 8) {
		launch.argument_bytes = bytes;
		CHECK_STATUS(road_queue_launch(fixture_queue(f), &launch, NULL),
			     bytes == 24 ? ROAD_OK : ROAD_INVALID_ARGUMENT);
		if (bytes != 24)
			CHECK_DETAIL("argument");
	}
	launch.argument_bytes = UINT64_MAX;
	CHECK_STATUS(road_queue_launch(fixture_queue(f), &launch, NULL), ROAD_INVALID_ARGUMENT);
	launch.argument_bytes = 0;
	launch.argument_pointers = (const void *const *)(const void *)many;
	launch.argument_count = 4;
	CHECK_STATUS(road_queue_launch(fixture_queue(f), &launch, NULL), ROAD_INVALID_ARGUMENT);
	CHECK_DETAIL("4");
	CHECK_OK(road_queue_drain(fixture_queue(f), SOON));
	CHECK_OK(road_queue_tail(fixture_queue(f), &tail));
	CHECK_EQ(tail.value, 2);
}

CONFORMANCE_CASE(queue, queue_submit_duplicate_buffer)
{
	unsigned char bytes[64], back[64];
	road_buffer_options options = {
		.size = sizeof(options), .heap = fixture_heap(f), .bytes = sizeof(bytes)};
	road_space_usage before = {.size = sizeof(before)}, after = {.size = sizeof(after)};
	road_list *list = NULL;
	road_buffer *buffer = NULL;
	road_point point;

	CHECK_OK(road_space_usage_get(f->space, &before));
	CHECK_OK(road_buffer_create(f->space, &options, &buffer));
	CHECK_OK(road_list_create(f->space, 0, &list));
	fixture_fill_random(f, bytes, sizeof(bytes));
	CHECK_OK(road_list_write(list, buffer, 0, bytes, sizeof(bytes)));
	for (uint64_t i = 0; i < 3; i++) /* the first quarter everywhere */
		CHECK_OK(road_list_copy(list, buffer, 16 * (i + 1), buffer, 16 * i, 16));
	CHECK_OK(road_list_read(list, back, buffer, 0, sizeof(back)));
	CHECK_OK(road_list_close(list));
	point = step_submit(fixture_queue(f), (struct step){.list = list});
	CHECK_OK(road_point_wait(point, SOON));
	for (uint32_t i = 0; i < 64; i++)
		CHECK_EQ(back[i], bytes[i % 16]);
	/* Named so often, it is there once, and goes once. */
	road_list_release(list);
	road_buffer_release(buffer);
	after = usage_settled(f, before.buffers);
	CHECK_EQ(after.buffers, before.buffers);
	CHECK_EQ(after.bytes, before.bytes);
}

/* ---- lists ---- */

/* Rounds of: chunks a -> b, barrier, chunks b -> c, barrier, a is overwritten; c must have what a
 * had. Without barriers the commands may overlap, and each side of one is read on the other. */
CONFORMANCE_CASE(queue, queue_barrier_orders_both_sides)
{
	enum { CHUNKS = 8, CHUNK = 16, BYTES = CHUNKS * CHUNK };
	road_buffer *a = fixture_buffer(f, BYTES), *b = fixture_buffer(f, BYTES);
	road_buffer *c = fixture_buffer(f, BYTES);
	unsigned char there[BYTES], back[BYTES], last[BYTES];
	road_list *list = fixture_list(f, ROAD_LIST_CONCURRENT);

	for (uint32_t i = 0; i < CHUNKS; i++)
		CHECK_OK(road_list_copy(list, b, i * CHUNK, a, i * CHUNK, CHUNK));
	CHECK_OK(road_list_barrier(list));
	for (uint32_t i = 0; i < CHUNKS; i++) /* each from where others wrote */
		CHECK_OK(road_list_copy(list, c, i * CHUNK, b, (CHUNKS - 1 - i) * CHUNK, CHUNK));
	CHECK_OK(road_list_barrier(list));
	CHECK_OK(road_list_copy(list, a, 0, c, 0, BYTES));
	CHECK_OK(road_list_barrier(list));
	CHECK_OK(road_list_read(list, back, a, 0, BYTES));
	CHECK_OK(road_list_close(list));
	for (int round = 0; round < 20; round++) {
		fixture_fill_random(f, there, BYTES);
		fixture_put(f, a, 0, there, BYTES);
		step_submit(fixture_queue(f), (struct step){.list = list});
		CHECK_OK(road_queue_drain(fixture_queue(f), SOON));
		fixture_get(f, last, a, 0, BYTES);
		CHECK_SAME(back, last, BYTES);
		for (uint32_t i = 0; i < CHUNKS; i++)
			CHECK_SAME(back + i * CHUNK, there + (CHUNKS - 1 - i) * CHUNK, CHUNK);
	}
}

static void count_call(void *user)
{
	atomic_fetch_add((_Atomic uint32_t *)user, 1);
}

/* Each submission turns a ring of words by one: none may be lost, doubled or half done. */
CONFORMANCE_CASE(queue, list_resubmitted_1000)
{
	enum { WORDS = 7, TIMES = 1000 };
	uint64_t words[WORDS], back[WORDS];
	road_buffer *ring = fixture_buffer(f, sizeof(words)), *one = fixture_buffer(f, 8);
	_Atomic uint32_t calls = 0;
	road_list *list = NULL;
	road_point point = {0};

	fixture_fill_random(f, words, sizeof(words));
	fixture_put(f, ring, 0, words, sizeof(words));
	CHECK_OK(road_list_create(f->space, 0, &list));
	CHECK_OK(road_list_copy(list, one, 0, ring, 8 * (WORDS - 1), 8));
	CHECK_OK(road_list_copy(list, ring, 8, ring, 0, 8 * (WORDS - 1)));
	CHECK_OK(road_list_copy(list, ring, 0, one, 0, 8));
	CHECK_OK(road_list_callback(list, count_call, &calls, ROAD_CALLBACK_INLINE));
	CHECK_OK(road_list_close(list));
	CHECK_STATUS(road_list_copy(list, one, 0, ring, 0, 8), ROAD_BUSY);
	CHECK_STATUS(road_list_close(list), ROAD_BUSY);
	for (uint32_t i = 0; i < TIMES; i++) {
		road_status status =
			step_try(fixture_queue(f), (struct step){.list = list}, &point);

		if (status == ROAD_NOT_READY) {
			CHECK_OK(road_queue_drain(fixture_queue(f), SOON));
			status = step_try(fixture_queue(f), (struct step){.list = list}, &point);
		}
		CHECK_OK(status);
	}
	road_list_release(list); /* what is submitted keeps it */
	CHECK_OK(road_point_wait(point, SOON));
	CHECK_EQ(atomic_load(&calls), TIMES);
	fixture_get(f, back, ring, 0, sizeof(back));
	for (uint32_t i = 0; i < WORDS; i++)
		CHECK_EQ(back[(i + TIMES) % WORDS], words[i]);
}

/* Commands that nothing orders are all done when the submission is, also while the same list is
 * under way elsewhere. */
CONFORMANCE_CASE(queue, list_concurrent_flag)
{
	enum { PARTS = 16, PART = 8 };
	unsigned char there[PARTS * PART], back[PARTS * PART];
	road_buffer *buffer = fixture_buffer(f, sizeof(there));
	road_buffer *source = fixture_buffer(f, sizeof(there));
	road_queue *queues[2] = {fixture_queue(f), fixture_queue(f)};
	road_list *list = fixture_list(f, ROAD_LIST_CONCURRENT), *bad = NULL;

	CHECK_STATUS(road_list_create(f->space, 0x100, &bad), ROAD_INVALID_ARGUMENT);
	CHECK(!bad);
	if (fixture_has(f, CAPABILITY_TWO_QUEUES))
		queues[1] = fixture_queue_new(f, NULL);
	fixture_fill_random(f, there, sizeof(there));
	fixture_put(f, source, 0, there, sizeof(there));
	for (uint32_t i = 0; i < PARTS; i++)
		CHECK_OK(road_list_copy(list, buffer, PART * (PARTS - 1 - i), source, PART * i,
					PART));
	CHECK_OK(road_list_close(list));
	for (int round = 0; round < 10; round++) {
		memset(back, 0, sizeof(back));
		fixture_put(f, buffer, 0, back, sizeof(back));
		road_point first = step_submit(queues[0], (struct step){.list = list});
		road_point second = step_submit(queues[1], (struct step){.list = list});

		CHECK_OK(road_point_wait(first, SOON));
		CHECK_OK(road_point_wait(second, SOON));
		fixture_get(f, back, buffer, 0, sizeof(back));
		for (uint32_t i = 0; i < PARTS; i++)
			CHECK_SAME(back + PART * (PARTS - 1 - i), there + PART * i, PART);
	}
}

CONFORMANCE_CASE(queue, list_argument_capture)
{
	road_buffer *out = fixture_buffer(f, 64);
	uint64_t arguments[3] = {fixture_address(f, out), 8, 1000}, start = 2000;
	const void *pointers[3] = {&arguments[0], &arguments[1], &start};
	road_launch launch = fixture_launch_of(f, "iota", arguments, 3);
	road_list *block = fixture_list(f, 0), *array = fixture_list(f, 0);
	uint32_t words[8];

	CHECK_OK(road_list_launch(block, &launch));
	CHECK_OK(road_list_close(block));
	launch.argument_bytes = 0;
	launch.argument_pointers = pointers;
	launch.argument_count = 3;
	CHECK_OK(road_list_launch(array, &launch));
	CHECK_OK(road_list_close(array));
	memset(arguments, 0xff, sizeof(arguments)); /* captured when recorded */
	start = 0;
	for (int round = 0; round < 4; round++) {
		step_submit(fixture_queue(f), (struct step){.list = round % 2 ? array : block});
		CHECK_OK(road_queue_drain(fixture_queue(f), SOON));
		fixture_get(f, words, out, 0, sizeof(words));
		for (uint32_t i = 0; i < 8; i++)
			CHECK_EQ(words[i], (round % 2 ? 2000 : 1000) + i);
	}
}

/* A list that no empty queue of the device can hold fails in its place, and says why; one that is
 * split fits. Either way nothing is half done in silence. */
CONFORMANCE_CASE(queue, list_larger_than_queue)
{
	const uint32_t commands = (uint32_t)fixture_bytes(f, 20000, 100);
	road_buffer *cells = fixture_buffer(f, 64);
	road_list *list = fixture_list(f, 0);
	road_error why = {.size = sizeof(why)};
	uint64_t last;

	for (uint32_t i = 0; i < commands; i++)
		CHECK_OK(road_list_fill(list, cells, 0, 8, i + 1, 8));
	CHECK_OK(road_list_close(list));
	road_point point = step_submit(fixture_queue(f), (struct step){.list = list});
	road_status status = road_point_wait(point, SOON);

	if (status == ROAD_NO_SPACE) {
		CHECK_STATUS(road_queue_status(fixture_queue(f), &why), ROAD_NO_SPACE);
		CHECK(why.what[0]);
		CHECK_OK(road_queue_reset(fixture_queue(f)));
	} else {
		CHECK_STATUS(status, ROAD_OK);
	}
	fixture_get(f, &last, cells, 0, 8);
	CHECK_EQ(last, status ? 0 : commands);
}

/* ---- callbacks ---- */

struct notes {
	uint64_t word; /* what the device read last */
	uint64_t seen[16];
	uint32_t count;
};

static void note_word(void *user)
{
	struct notes *notes = user;

	notes->seen[notes->count++] = notes->word;
}

/* Before each callback the commands in front of it are done, and none behind it has begun. */
static void callbacks_in_order(struct fixture *f, uint32_t flags)
{
	struct notes *notes = fixture_memory(f, sizeof(*notes));
	uint64_t *values = fixture_memory(f, 4 * sizeof(*values));
	road_buffer *cell = fixture_buffer(f, 8);
	road_list *list = fixture_list(f, 0);

	for (uint64_t i = 0; i < 4; i++) {
		values[i] = 10 + i;
		CHECK_OK(road_list_write(list, cell, 0, &values[i], 8));
		CHECK_OK(road_list_read(list, &notes->word, cell, 0, 8));
		CHECK_OK(road_list_callback(list, note_word, notes, flags));
	}
	CHECK_OK(road_list_close(list));
	for (int i = 0; i < 3; i++)
		step_submit(fixture_queue(f), (struct step){.list = list});
	CHECK_OK(road_queue_drain(fixture_queue(f), SOON));
	CHECK_EQ(notes->count, 12);
	for (uint32_t i = 0; i < 12; i++)
		CHECK_EQ(notes->seen[i], 10 + i % 4);
}

CONFORMANCE_CASE(queue, host_callback_in_order)
{
	callbacks_in_order(f, 0);
	callbacks_in_order(f, ROAD_CALLBACK_INLINE);
}

struct meeting {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool entered, leave, left;
};

static void meet(void *user)
{
	struct meeting *m = user;

	pthread_mutex_lock(&m->lock);
	m->entered = true;
	pthread_cond_broadcast(&m->changed);
	while (!m->leave)
		pthread_cond_wait(&m->changed, &m->lock);
	m->left = true;
	pthread_mutex_unlock(&m->lock);
}

/* Who waits starts the callback; on a device that takes its own time, not in the first moment. */
static void await_entry(struct meeting *m, road_point point)
{
	uint64_t until = SOON;

	for (bool entered = false; !entered;) {
		CHECK_STATUS(road_point_wait(point, BRIEFLY), ROAD_TIMEOUT);
		pthread_mutex_lock(&m->lock);
		entered = m->entered;
		pthread_mutex_unlock(&m->lock);
		REQUIRE(road_deadline_after(0) < until);
	}
}

static void let_go(struct meeting *m)
{
	pthread_mutex_lock(&m->lock);
	m->leave = true;
	pthread_cond_broadcast(&m->changed);
	pthread_mutex_unlock(&m->lock);
}

/* The callback blocks until this thread, which waits for the device meanwhile, lets it go. */
CONFORMANCE_CASE(queue, host_callback_may_block)
{
	static struct meeting m;
	road_queue *blocked = fixture_queue_new(f, NULL), *other = fixture_queue_new(f, NULL);
	uint64_t there = 0x0123456789abcdef, back = 0;
	road_buffer *cell = fixture_buffer(f, 8);
	road_list *list = step_callback(f, meet, &m, 0);

	m = (struct meeting){.lock = PTHREAD_MUTEX_INITIALIZER,
			     .changed = PTHREAD_COND_INITIALIZER};
	road_point point = step_submit(blocked, (struct step){.list = list});
	road_point behind = step_submit(blocked, (struct step){0});

	await_entry(&m, point);
	CHECK_OK(road_queue_write(other, cell, 0, &there, 8, NULL));
	CHECK_OK(road_queue_read(other, &back, cell, 0, 8, NULL));
	CHECK_OK(road_queue_drain(other, SOON));
	CHECK_EQ(back, there);
	CHECK_OPEN(behind); /* its own queue is blocked */
	let_go(&m);
	CHECK_OK(road_point_wait(behind, SOON));
	CHECK_REACHED(point);
	CHECK(m.left);
}

/* What was promised fails at once; the callback ends in its own time, and the queue goes on. */
CONFORMANCE_CASE(queue, host_callback_cancelled_meanwhile)
{
	static struct meeting m;
	road_queue *queue = fixture_queue_new(f, NULL);
	road_event *event = fixture_event(f, 0);
	road_list *list = step_callback(f, meet, &m, 0);
	uint64_t value;

	m = (struct meeting){.lock = PTHREAD_MUTEX_INITIALIZER,
			     .changed = PTHREAD_COND_INITIALIZER};
	road_point point = step_submit(queue, (struct step){.list = list, .signal = {event, 5}});
	road_point behind = step_submit(queue, (struct step){.signal = {event, 6}});

	CHECK_OK(road_event_retain(point.event)); /* the queue gets another timeline */
	await_entry(&m, point);
	CHECK_OK(road_queue_cancel(queue, 1));
	CHECK_STATUS(road_event_error(event, 5, NULL), ROAD_CANCELLED);
	CHECK_STATUS(road_point_wait((road_point){event, 6}, SOON), ROAD_CANCELLED);
	CHECK_STATUS(road_event_error(point.event, point.value, NULL), ROAD_CANCELLED);
	CHECK_STATUS(road_event_error(behind.event, behind.value, NULL), ROAD_CANCELLED);
	let_go(&m);
	CHECK_OK(road_point_wait(step_submit(queue, (struct step){0}), SOON));
	CHECK(m.left);
	CHECK_OK(road_event_value(event, &value));
	CHECK_EQ(value, 0);
	road_event_release(point.event);
}

struct inside {
	struct fixture *f;
	road_queue *queue;
	road_event *event;
	road_point reached;
	road_status wait, any, drain, space_drain;            /* refused */
	road_status submit, signal, fail, value, tail, again; /* allowed */
	road_point submitted;
};

static void try_all(void *user)
{
	struct inside *in = user;
	road_point far = {in->event, 9};
	uint64_t value;

	in->wait = road_point_wait(in->reached, SOON);
	in->any = road_event_wait(&far, 1, ROAD_WAIT_ANY, 0, NULL);
	in->drain = road_queue_drain(in->queue, SOON);
	in->space_drain = road_space_drain(in->f->space, SOON);
	in->submit = step_try(in->queue, (struct step){0}, &in->submitted);
	in->signal = road_event_signal(in->event, 3);
	in->fail = road_event_fail(in->event, 100, ROAD_IO);
	in->value = road_event_value(in->event, &value);
	in->tail = road_queue_status(in->queue, NULL);
	in->again = road_event_error(in->event, 100, NULL);
}

static void in_the_wrong_context(struct fixture *f, uint32_t flags)
{
	struct inside *in = fixture_memory(f, sizeof(*in));

	in->f = f;
	in->queue = fixture_queue(f);
	in->event = fixture_event(f, 1);
	in->reached = (road_point){in->event, 1};
	road_list *list = step_callback(f, try_all, in, flags);
	road_point point = step_submit(in->queue, (struct step){.list = list});

	CHECK_OK(road_point_wait(point, SOON));
	CHECK_STATUS(in->wait, ROAD_WRONG_CONTEXT);
	CHECK_STATUS(in->any, ROAD_WRONG_CONTEXT);
	CHECK_STATUS(in->drain, ROAD_WRONG_CONTEXT);
	CHECK_STATUS(in->space_drain, ROAD_WRONG_CONTEXT);
	CHECK_OK(in->submit);
	CHECK_OK(in->signal);
	CHECK_OK(in->fail);
	CHECK_OK(in->value);
	CHECK_OK(in->tail);
	CHECK_STATUS(in->again, ROAD_IO);
	CHECK_OK(road_point_wait(in->submitted, SOON));
	CHECK_OK(road_point_wait((road_point){in->event, 3}, SOON)); /* here it is no callback */
}

CONFORMANCE_CASE(queue, host_callback_wrong_context)
{
	in_the_wrong_context(f, 0);
	in_the_wrong_context(f, ROAD_CALLBACK_INLINE);
}

struct chain {
	road_queue *queue;
	road_list *list;
	uint32_t left;
	road_status status;
	road_event *done;
};

/* Submits its own list again; the last one signals. */
static void next_link(void *user)
{
	struct chain *chain = user;

	if (chain->left--)
		chain->status = step_try(chain->queue, (struct step){.list = chain->list}, NULL);
	else
		chain->status = road_event_signal(chain->done, 1);
}

static uint64_t run_chain(struct fixture *f, uint64_t *thread_ns)
{
	uint64_t word = 1, before = step_domain_ns(f), mine = step_thread_ns(f);
	struct chain *chain = fixture_memory(f, sizeof(*chain));
	road_list *list = fixture_list(f, 0);

	*chain = (struct chain){fixture_queue(f), list, 30, ROAD_OK, fixture_event(f, 0)};
	CHECK_OK(road_list_write(list, fixture_buffer(f, 8), 0, &word, 8));
	CHECK_OK(road_list_callback(list, next_link, chain, ROAD_CALLBACK_INLINE));
	CHECK_OK(road_list_close(list));
	step_submit(chain->queue, (struct step){.list = list});
	CHECK_OK(road_point_wait((road_point){chain->done, 1}, SOON));
	CHECK_OK(chain->status);
	CHECK_OK(road_queue_drain(chain->queue, SOON));
	*thread_ns = step_thread_ns(f) - mine;
	return step_domain_ns(f) - before;
}

CONFORMANCE_CASE(queue, inline_callback_deterministic)
{
	uint64_t first = 0, first_thread = 0;
	uint32_t deterministic = 0;

	run_chain(f, &first_thread); /* what a first time makes, is there from then on */
	for (int run = 0; run < 10; run++) {
		uint64_t thread_ns, took = run_chain(f, &thread_ns);

		if (!run) {
			first = took;
			first_thread = thread_ns;
		}
		CHECK_SPAN(took, first);
		CHECK_SPAN(thread_ns, first_thread);
	}
	CHECK(first > 0);
	CHECK_OK(road_sim_deterministic(f->device, &deterministic));
	CHECK_EQ(deterministic, 1);
}

/* ---- words ---- */

static const struct condition {
	uint32_t compare, bytes;
	uint64_t value, not_yet, met;
} conditions[] = {
	{ROAD_COMPARE_GE, 8, 7, 6, 8},
	{ROAD_COMPARE_GE, 8, 2, UINT64_MAX - 3, 5},                        /* across the wrap */
	{ROAD_COMPARE_GE, 8, UINT64_MAX - 1, UINT64_MAX - 5, 1},           /* met beyond it */
	{ROAD_COMPARE_GE, 8, 1, UINT64_C(1) << 63 | 2, UINT64_C(1) << 63}, /* signed distance */
	{ROAD_COMPARE_GE, 4, 7, 6, 7},
	{ROAD_COMPARE_GE, 4, 2, 0xfffffff0, 3},
	{ROAD_COMPARE_GE, 4, 0xfffffffe, 0xfffffff0, 1},
	{ROAD_COMPARE_EQ, 8, UINT64_C(0x100000005), 5, UINT64_C(0x100000005)},
	{ROAD_COMPARE_EQ, 4, 5, 6, 5},
	{ROAD_COMPARE_AND, 8, UINT64_C(0xff00000000), UINT64_C(0xffffff), UINT64_C(0x100000000)},
	{ROAD_COMPARE_AND, 4, 0x30, 0xcf, 0x10},
	{ROAD_COMPARE_NOR, 8, UINT64_C(0xffffffff), UINT64_C(0xffffffff00000000),
	 UINT64_C(0xfffffffe00000000)},
	{ROAD_COMPARE_NOR, 4, 0xf0, 0xffffff0f, 0xffffff0e},
};

/* One condition: it holds the queue back at the first value, and lets it go at the second, which
 * another queue of the device stores. */
static void wait_for_condition(struct fixture *f, const struct condition *c, road_queue *waiter,
			       road_queue *writer, road_buffer *cell)
{
	road_list *list = fixture_list(f, 0);
	road_point point;

	fixture_put(f, cell, 0, &c->not_yet, c->bytes);
	CHECK_OK(road_list_wait_value(list, cell, 0, c->bytes, c->compare, c->value));
	CHECK_OK(road_list_close(list));
	point = step_submit(waiter, (struct step){.list = list});
	if (road_point_wait(point, BRIEFLY) != ROAD_TIMEOUT)
		CASE_FAIL("comparison %u of %u bytes holds at 0x%llx, value 0x%llx", c->compare,
			  c->bytes, (unsigned long long)c->not_yet, (unsigned long long)c->value);
	CHECK_OK(road_queue_write(writer, cell, 0, &c->met, c->bytes, NULL));
	CHECK_OK(road_queue_drain(writer, SOON));
	if (road_point_wait(point, road_deadline_after(UINT64_C(5000000000)))) {
		CASE_FAIL("comparison %u of %u bytes fails at 0x%llx, value 0x%llx", c->compare,
			  c->bytes, (unsigned long long)c->met, (unsigned long long)c->value);
		CHECK_OK(road_queue_reset(waiter));
	}
}

CONFORMANCE_CASE(queue, wait_value_each_condition)
{
	road_queue *waiter = fixture_queue_new(f, NULL), *writer = fixture_queue(f);
	road_buffer *cell = fixture_buffer(f, 16);
	road_list *bad = fixture_list(f, 0);

	for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++)
		wait_for_condition(f, &conditions[i], waiter, writer, cell);
	CHECK_STATUS(road_list_wait_value(bad, cell, 0, 2, ROAD_COMPARE_EQ, 0),
		     ROAD_INVALID_ARGUMENT);
	CHECK_STATUS(road_list_wait_value(bad, cell, 4, 8, ROAD_COMPARE_EQ, 0),
		     ROAD_INVALID_ARGUMENT);
	CHECK_STATUS(road_list_wait_value(bad, cell, 16, 4, ROAD_COMPARE_EQ, 0),
		     ROAD_INVALID_ARGUMENT);
	CHECK_STATUS(road_list_wait_value(bad, cell, 0, 4, ROAD_COMPARE_NOR + 1, 0),
		     ROAD_INVALID_ARGUMENT);
}

CONFORMANCE_CASE(queue, write_value_seen_by_spinning_cpu)
{
	road_buffer *cell = fixture_buffer_in(f, fixture_visible_heap(f), 16);
	bool coherent = f->info.features & ROAD_FEATURE_COHERENT;
	road_list *list = fixture_list(f, 0);
	uint64_t *word = NULL;
	int spins = 0;

	CHECK_OK(road_buffer_map(cell, 0, 16, ROAD_MAP_READ, (void **)&word));
	CHECK_OK(road_list_write_value(list, cell, 8, 4, 0x5555));
	CHECK_OK(road_list_write_value(list, cell, 0, 8, UINT64_C(0x99887766554433)));
	CHECK_OK(road_list_close(list));
	step_submit(fixture_queue(f), (struct step){.list = list});
	/* No call that would run anything: what runs it is the library's own. */
	while (__atomic_load_n(word, __ATOMIC_ACQUIRE) != UINT64_C(0x99887766554433) &&
	       spins++ < 20000) {
		usleep(1000);
		if (!coherent)
			CHECK_OK(road_buffer_invalidate(cell, 0, 16));
	}
	CHECK_EQ(word[0], UINT64_C(0x99887766554433));
	CHECK_EQ(word[1], 0x5555); /* stored before, four bytes and no more */
	CHECK_OK(road_queue_drain(fixture_queue(f), SOON));
	CHECK_OK(road_buffer_unmap(cell));
}

/* ---- times ---- */

static road_times timed(road_queue *queue, road_list *list, road_point wait, road_event *gate)
{
	road_times times = {.size = sizeof(times)};
	road_submission s = {.size = sizeof(s),
			     .flags = ROAD_SUBMIT_TIMED,
			     .list = list,
			     .waits = &wait,
			     .wait_count = wait.event ? 1 : 0,
			     .times = &times};
	road_point point;

	CHECK_OK(road_queue_submit(queue, &s, &point));
	if (gate) {
		CHECK_STATUS(road_point_wait(point, BRIEFLY), ROAD_TIMEOUT);
		CHECK_OK(road_event_signal(gate, wait.value));
	}
	CHECK_OK(road_point_wait(point, SOON));
	CHECK(times.queued <= times.submitted);
	CHECK(times.submitted <= times.started);
	CHECK(times.started <= times.ended);
	CHECK(times.ended > 0);
	return times;
}

static void do_nothing(void *user)
{
	(void)user;
}

/* The first stamp stands before all commands, the second behind all, whatever lies between. */
static void timed_around_a_callback(struct fixture *f)
{
	const unsigned char in[2][16] = {{1, 2, 3}, {4, 5, 6}};
	unsigned char out[16] = {0};
	road_buffer *buffers[2];
	road_list *list;

	CHECK_OK(road_list_create(f->space, 0, &list));
	for (int i = 0; i < 2; i++) {
		buffers[i] = fixture_buffer(f, 16);
		CHECK_OK(road_list_write(list, buffers[i], 0, in[i], 16));
		if (!i)
			CHECK_OK(road_list_callback(list, do_nothing, NULL, 0));
	}
	CHECK_OK(road_list_close(list));
	timed(fixture_queue(f), list, (road_point){0}, NULL);
	road_list_release(list);
	for (int i = 0; i < 2; i++) {
		CHECK_OK(road_queue_read(fixture_queue(f), out, buffers[i], 0, 16, NULL));
		CHECK_OK(road_queue_drain(fixture_queue(f), SOON));
		CHECK(!memcmp(out, in[i], 16));
	}
}

CONFORMANCE_CASE(queue, timed_submission_four_times_ordered)
{
	unsigned char bytes[64] = {1};
	road_list *list = step_write(f, fixture_buffer(f, 64), 0, bytes, sizeof(bytes));
	road_event *gate = fixture_event(f, 0);
	road_submission bad = {.size = sizeof(bad), .flags = ROAD_SUBMIT_TIMED};
	road_times last = {0};

	for (int i = 0; i < 5; i++) {
		road_times times =
			timed(fixture_queue(f), i % 2 ? list : NULL, (road_point){0}, NULL);

		CHECK(times.queued >= last.ended); /* one after the other, on one clock */
		last = times;
	}
	last = timed(fixture_queue(f), list, (road_point){gate, 1}, gate);
	CHECK(last.submitted <= last.started);
	timed_around_a_callback(f);
	CHECK_STATUS(road_queue_submit(fixture_queue(f), &bad, NULL), ROAD_INVALID_ARGUMENT);
	CHECK_DETAIL("times");
	bad.flags = 0x10;
	CHECK_STATUS(road_queue_submit(fixture_queue(f), &bad, NULL), ROAD_INVALID_ARGUMENT);
}
