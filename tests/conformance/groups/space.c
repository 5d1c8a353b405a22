/* SPDX-License-Identifier: Apache-2.0 */
/* Spaces: who shares one, what keeps them apart, what ends with them. Addresses that the program
 * chooses stand in space_map.c. */
#include "tests/conformance/groups/model.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

/* A client of its own on the fixture's device. */
struct client {
	road_space *space;
	road_queue *queue;
};

static road_space *space_of(struct fixture *f, uint64_t quota)
{
	road_space_options options = {.size = sizeof(options), .quota_bytes = quota};
	road_space *space = NULL;

	CHECK_OK(road_space_create(f->device, &options, &space));
	return space;
}

static struct client open_client(struct fixture *f, uint64_t quota)
{
	struct client client = {space_of(f, quota), NULL};

	CHECK_OK(road_queue_create(client.space, NULL, &client.queue));
	return client;
}

static void close_client(struct client *client)
{
	road_queue_release(client->queue);
	road_space_release(client->space);
}

static road_status create_in(road_space *space, uint32_t heap, uint64_t bytes, road_buffer **out)
{
	road_buffer_options options = {.size = sizeof(options), .heap = heap, .bytes = bytes};

	return road_buffer_create(space, &options, out);
}

/* ---- the shared one ---- */

static void *get_shared(void *device)
{
	road_space *space = NULL;

	return road_space_shared(device, &space) ? NULL : space;
}

CONFORMANCE_CASE(space, shared_space_same_for_all)
{
	enum { THREADS = 4 };
	road_device *again = NULL;
	road_space *first = get_shared(f->device), *other;
	pthread_t threads[THREADS];
	void *seen;

	REQUIRE(first != NULL);
	CHECK_OK(road_device_open(f->instance, f->address, &again));
	CHECK(again == f->device);
	CHECK(get_shared(again) == first);
	road_space_release(first);
	for (int i = 0; i < THREADS; i++)
		REQUIRE(!pthread_create(&threads[i], NULL, get_shared, again));
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &seen);
		CHECK(seen == first);
		road_space_release(seen);
	}
	if (fixture_has(f, CAPABILITY_SPACES)) {
		CHECK(f->space != first);
		CHECK_OK(road_space_create(f->device, NULL, &other));
		CHECK(other != first && other != f->space);
		road_space_release(other);
	}
	/* closed by one, it is closed for all, and the next one is new */
	CHECK_OK(road_space_close(first));
	CHECK_STATUS(road_space_status(first, NULL), ROAD_STALE);
	other = get_shared(f->device);
	CHECK(other && other != first);
	CHECK_OK(road_space_status(other, NULL));
	road_space_release(other);
	road_space_release(first);
	road_device_release(again);
}

/* ---- isolation ---- */

static road_status run_kernel(struct fixture *f, road_queue *queue, const char *name,
			      const uint64_t *arguments, uint32_t count)
{
	road_point point;

	fixture_launch(f, queue, name, arguments, count, &point);
	road_status status = road_point_wait(point, SOON);

	if (status)
		CHECK_OK(road_queue_reset(queue));
	return status;
}

/* Our kernels do not get at their bytes, whatever address they are given. */
static void check_kernels(struct fixture *f, road_buffer *theirs, road_buffer *ours)
{
	uint64_t address = fixture_address(f, theirs), word = 0;
	const uint64_t poke[] = {address + 8, UINT64_C(0x4711471147114711)};
	const uint64_t peek[] = {fixture_address(f, ours), address + 8};
	const uint64_t good[] = {fixture_address(f, ours), 7};

	CHECK_STATUS(run_kernel(f, fixture_queue(f), "poke", poke, 2), ROAD_FAULT);
	CHECK_STATUS(run_kernel(f, fixture_queue(f), "peek", peek, 2), ROAD_FAULT);
	fixture_get(f, &word, ours, 0, 8);
	CHECK_EQ(word, 0);
	CHECK_STATUS(run_kernel(f, fixture_queue(f), "poke", good, 2), ROAD_OK);
}

/* Nor do our lists, by handle. */
static void check_handles(struct fixture *f, road_buffer *theirs, road_buffer *ours)
{
	road_queue *queue = fixture_queue(f);
	uint64_t word = 0;

	CHECK_STATUS(road_queue_read(queue, &word, theirs, 0, 8, NULL), ROAD_INVALID_ARGUMENT);
	CHECK_DETAIL("another space");
	CHECK_STATUS(road_queue_write(queue, theirs, 0, &word, 8, NULL), ROAD_INVALID_ARGUMENT);
	if (fixture_has(f, CAPABILITY_COPY)) {
		CHECK_STATUS(road_queue_copy(queue, ours, 0, theirs, 0, 8, NULL),
			     ROAD_INVALID_ARGUMENT);
		CHECK_STATUS(road_queue_copy(queue, theirs, 0, ours, 0, 8, NULL),
			     ROAD_INVALID_ARGUMENT);
	}
	if (fixture_has(f, CAPABILITY_FILL))
		CHECK_STATUS(road_queue_fill(queue, theirs, 0, 8, 1, 1, NULL),
			     ROAD_INVALID_ARGUMENT);
}

CONFORMANCE_CASE(space, spaces_isolated)
{
	enum { BYTES = 64 };
	struct client other = open_client(f, 0);
	unsigned char bytes[BYTES], back[BYTES];
	road_list *list = NULL;
	road_point point;

	fixture_fill_random(f, bytes, BYTES);
	for (uint32_t i = 0; i < f->memory_heaps; i++) {
		road_heap_info heap = {.size = sizeof(heap)};
		road_buffer *theirs = NULL, *ours = fixture_buffer(f, BYTES);

		CHECK_OK(road_device_heap(f->device, i, &heap));
		CHECK_OK(create_in(other.space, heap.kind, BYTES, &theirs));
		CHECK_OK(road_queue_write(other.queue, theirs, 0, bytes, BYTES, &point));
		CHECK_OK(road_point_wait(point, SOON));
		check_handles(f, theirs, ours);
		if (fixture_has(f, CAPABILITY_IMAGES) && fixture_has(f, CAPABILITY_PROTECTION))
			check_kernels(f, theirs, ours);
		CHECK_OK(road_queue_read(other.queue, back, theirs, 0, BYTES, &point));
		CHECK_OK(road_point_wait(point, SOON));
		CHECK_SAME(bytes, back, BYTES);
		CHECK_OK(road_space_status(other.space, NULL)); /* our faults are not theirs */
		road_buffer_release(theirs);
	}
	/* a list of one space is for its queues */
	road_submission submission = {.size = sizeof(submission)};

	CHECK_OK(road_list_create(other.space, 0, &list));
	CHECK_OK(road_list_close(list));
	submission.list = list;
	CHECK_STATUS(road_queue_submit(fixture_queue(f), &submission, NULL), ROAD_INVALID_ARGUMENT);
	CHECK_OK(road_queue_submit(other.queue, &submission, &point));
	CHECK_OK(road_point_wait(point, SOON));
	road_list_release(list);
	close_client(&other);
}

/* ---- quota ---- */

static void check_usage(road_space *space, uint32_t buffers, uint64_t bytes, uint64_t quota)
{
	road_space_usage usage = {.size = sizeof(usage)};

	CHECK_OK(road_space_usage_get(space, &usage));
	CHECK_EQ(usage.buffers, buffers);
	CHECK_EQ(usage.bytes, bytes);
	CHECK_EQ(usage.quota_bytes, quota);
}

static void check_used_up(struct client *client, uint32_t heap, uint64_t bytes)
{
	road_buffer *buffer = NULL;

	CHECK_STATUS(create_in(client->space, heap, bytes, &buffer), ROAD_NO_SPACE);
	CHECK_DETAIL("quota");
	CHECK(buffer == NULL);
}

/* Of all heaps together, to the byte. */
CONFORMANCE_CASE(space, quota_enforced)
{
	enum { QUOTA = 3000 };
	struct client small = open_client(f, QUOTA), none = {space_of(f, 0), NULL};
	road_buffer *buffers[ROAD_HEAP_KINDS], *rest = NULL, *view = NULL, *big = NULL;
	uint32_t heap = fixture_heap(f), count = f->info.heap_count;
	uint64_t used = 0;

	check_usage(small.space, 0, 0, QUOTA);
	check_used_up(&small, heap, QUOTA + 1);
	check_used_up(&small, heap, UINT64_C(1) << 60);
	for (uint32_t i = 0; i < count; i++) {
		road_heap_info info = {.size = sizeof(info)};

		CHECK_OK(road_device_heap(f->device, i, &info));
		CHECK_OK(create_in(small.space, info.kind, 500 + i, &buffers[i]));
		used += 500 + i;
	}
	check_usage(small.space, count, used, QUOTA);
	check_used_up(&small, heap, QUOTA - used + 1);
	check_usage(small.space, count, used, QUOTA); /* what was refused is not booked */
	CHECK_OK(create_in(small.space, heap, QUOTA - used, &rest));
	check_used_up(&small, heap, 1);
	CHECK_OK(road_buffer_view(rest, 0, 10, &view)); /* has no memory of its own */
	check_usage(small.space, count + 1, QUOTA, QUOTA);
	CHECK_OK(create_in(none.space, heap, QUOTA + 1, &big)); /* the others' is theirs */
	road_buffer_release(big);
	road_buffer_release(rest);
	check_used_up(&small, heap, QUOTA - used + 1); /* the view holds it */
	road_buffer_release(view);
	check_usage(small.space, count, used, QUOTA);
	CHECK_OK(create_in(small.space, heap, QUOTA - used, &rest));
	road_buffer_release(rest);
	for (uint32_t i = 0; i < count; i++)
		road_buffer_release(buffers[i]);
	check_usage(small.space, 0, 0, QUOTA);
	close_client(&small);
	close_client(&none);
	/* what the quota allows and the device has not: not booked either */
	struct client large = {space_of(f, UINT64_MAX), NULL};

	CHECK(create_in(large.space, heap, UINT64_C(1) << 59, &big) < 0);
	check_usage(large.space, 0, 0, UINT64_MAX);
	close_client(&large);
}

/* ---- the end ---- */

/* A submission of the space's queue that awaits what nobody signals. */
static road_point submit_gated(struct fixture *f, road_queue *queue, road_point gate)
{
	road_submission submission = {.size = sizeof(submission), .waits = &gate, .wait_count = 1};
	road_point point = {NULL, 0};

	(void)f;
	CHECK_OK(road_queue_submit(queue, &submission, &point));
	CHECK_OK(road_event_retain(point.event));
	return point;
}

CONFORMANCE_CASE(space, close_cancels_and_frees)
{
	road_event *gate = fixture_event(f, 0);
	road_queue *queues[2] = {fixture_queue(f), NULL}; /* which the model uses, too */
	uint32_t count = fixture_has(f, CAPABILITY_TWO_QUEUES) ? 2 : 1;
	struct model m = model_new(f, fixture_heap(f), 200);
	road_point points[2], done;
	road_heap_info heap = {.size = sizeof(heap)};
	road_error why = {.size = sizeof(why)};

	/* what has ended stays as it ended */
	CHECK_OK(road_queue_write(queues[0], m.buffer, 0, m.bytes, 200, &done));
	CHECK_OK(road_event_retain(done.event));
	CHECK_OK(road_point_wait(done, SOON));
	for (uint32_t i = 0; i < count; i++) {
		if (i)
			queues[i] = fixture_queue_new(f, NULL);
		points[i] = submit_gated(f, queues[i], (road_point){gate, 1});
		CHECK_STATUS(road_event_error(points[i].event, points[i].value, NULL),
			     ROAD_NOT_READY);
	}
	CHECK_OK(road_space_close(f->space));
	for (uint32_t i = 0; i < count; i++) {
		CHECK_STATUS(road_point_wait(points[i], SOON), ROAD_CANCELLED);
		CHECK_STATUS(road_event_error(points[i].event, points[i].value, &why),
			     ROAD_CANCELLED);
		CHECK(strstr(why.what, "space was closed") != NULL);
		road_event_release(points[i].event);
	}
	CHECK_OK(road_point_wait(done, 0));
	road_event_release(done.event);
	CHECK_OK(road_device_heap(f->device, 0, &heap));
	CHECK_EQ(heap.buffer_count, 0);
	CHECK_OK(road_event_signal(gate, 1)); /* wakes nothing any more */
	CHECK_STATUS(road_space_close(f->space), ROAD_STALE);
}

static void check_stale_objects(road_buffer *buffer, road_queue *queue, road_list *list)
{
	road_submission submission = {.size = sizeof(submission)};
	road_buffer *view = NULL;
	void *pointer = NULL;
	uint64_t address = 0;
	char byte = 0;

	CHECK_STATUS(road_buffer_address(buffer, &address), ROAD_STALE);
	CHECK_STATUS(road_buffer_view(buffer, 0, 1, &view), ROAD_STALE);
	CHECK_STATUS(road_buffer_map(buffer, 0, 1, ROAD_MAP_READ, &pointer), ROAD_STALE);
	CHECK_STATUS(road_buffer_flush(buffer, 0, 1), ROAD_STALE);
	CHECK_STATUS(road_queue_submit(queue, &submission, NULL), ROAD_STALE);
	CHECK_STATUS(road_queue_status(queue, NULL), ROAD_STALE);
	CHECK_STATUS(road_queue_read(queue, &byte, buffer, 0, 1, NULL), ROAD_STALE);
	CHECK_STATUS(road_list_read(list, &byte, buffer, 0, 1), ROAD_STALE);
}

static void check_stale_space(struct fixture *f)
{
	road_space_usage usage = {.size = sizeof(usage)};
	road_buffer *buffer = NULL;
	road_queue *queue = NULL;
	road_list *list = NULL;
	road_image *image = NULL;

	CHECK_STATUS(create_in(f->space, fixture_heap(f), 10, &buffer), ROAD_STALE);
	CHECK_DETAIL("closed");
	CHECK_STATUS(road_queue_create(f->space, NULL, &queue), ROAD_STALE);
	CHECK_STATUS(road_list_create(f->space, 0, &list), ROAD_STALE);
	CHECK_STATUS(road_space_status(f->space, NULL), ROAD_STALE);
	CHECK_STATUS(road_space_usage_get(f->space, &usage), ROAD_STALE);
	CHECK_STATUS(road_space_drain(f->space, SOON), ROAD_STALE);
	if (fixture_has(f, CAPABILITY_IMAGES))
		CHECK_STATUS(road_image_load(f->space, "x", 1, NULL, &image), ROAD_STALE);
	CHECK(!buffer && !queue && !list && !image);
}

CONFORMANCE_CASE(space, stale_after_close)
{
	road_buffer *buffer = fixture_buffer(f, 100), *held = NULL;
	road_queue *queue = fixture_queue(f);
	road_list *list = fixture_list(f, 0);
	road_kernel_info info = {.size = sizeof(info)};
	road_kernel *kernel = NULL;
	road_space *next = NULL;

	if (fixture_has(f, CAPABILITY_IMAGES))
		kernel = fixture_kernel(f, "iota");
	CHECK_OK(road_buffer_view(buffer, 10, 10, &held));
	CHECK_OK(road_space_close(f->space));
	check_stale_objects(buffer, queue, list);
	check_stale_objects(held, queue, list);
	check_stale_space(f);
	if (kernel)
		CHECK_STATUS(road_kernel_info_get(kernel, &info), ROAD_STALE);
	/* The device is as it was, and what is still held is released by the fixture. */
	CHECK_OK(road_space_shared(f->device, &next));
	CHECK_OK(create_in(next, fixture_heap(f), 100, &buffer));
	road_buffer_release(buffer);
	road_space_release(next);
	road_buffer_release(held);
}

/* ---- faults ---- */

CONFORMANCE_CASE(space, sticky_fault_of_space)
{
	road_error first = {.size = sizeof(first)}, later = {.size = sizeof(later)};
	road_queue *queue = fixture_queue(f);
	struct client other = {NULL, NULL};

	if (fixture_has(f, CAPABILITY_SPACES))
		other = open_client(f, 0);
	CHECK_OK(road_space_status(f->space, &first));
	CHECK_EQ(first.status, ROAD_OK);
	CHECK_STATUS(run_kernel(f, queue, "trap", NULL, 0), ROAD_FAULT);
	CHECK_STATUS(road_space_status(f->space, &first), ROAD_FAULT);
	CHECK_EQ(first.status, ROAD_FAULT);
	CHECK(first.what[0] && first.where[0]);
	/* its queue was reset, and works; the space remembers, and the first it is */
	CHECK_OK(road_queue_status(queue, NULL));
	CHECK_STATUS(run_kernel(f, queue, "trap", NULL, 0), ROAD_FAULT);
	CHECK_STATUS(road_space_status(f->space, &later), ROAD_FAULT);
	CHECK_SAME(&first, &later, sizeof(first));
	if (other.space)
		CHECK_OK(road_space_status(other.space, NULL));
	road_status reset = road_device_reset(f->device, ROAD_RESET_DEVICE);

	if (reset != ROAD_UNSUPPORTED) {
		CHECK_OK(reset);
		CHECK_OK(road_space_status(f->space, NULL)); /* nothing since then */
		CHECK_OK(road_queue_reset(queue));
		CHECK_STATUS(run_kernel(f, queue, "trap", NULL, 0), ROAD_FAULT);
		CHECK_STATUS(road_space_status(f->space, NULL), ROAD_FAULT);
	}
	close_client(&other);
}

/* ---- limits and output ---- */

static void check_limit(struct fixture *f, road_space *other, uint32_t limit)
{
	uint64_t before = 0, theirs = 0, now = 0;
	road_status has = road_space_limit(f->space, limit, &before);

	if (has) {
		CHECK_STATUS(has, ROAD_UNSUPPORTED);
		CHECK_STATUS(road_space_limit_set(f->space, limit, 4096), ROAD_UNSUPPORTED);
		return;
	}
	road_status set = road_space_limit_set(f->space, limit, before + 1);

	if (set) { /* one that is fixed */
		CHECK_STATUS(set, ROAD_UNSUPPORTED);
		return;
	}
	CHECK_OK(road_space_limit(f->space, limit, &now));
	CHECK(now > before); /* at least what was asked for */
	CHECK_STATUS(road_space_limit_set(f->space, limit, UINT64_MAX), ROAD_INVALID_ARGUMENT);
	CHECK_DETAIL("18446744073709551615");
	CHECK_OK(road_space_limit(f->space, limit, &theirs));
	CHECK_EQ(theirs, now); /* what was refused changed nothing */
	CHECK_OK(road_space_limit_set(f->space, limit, before));
	CHECK_OK(road_space_limit(f->space, limit, &now));
	CHECK(now >= before && now < theirs);
	if (other) {
		CHECK_OK(road_space_limit_set(f->space, limit, before + 1));
		CHECK_OK(road_space_limit(other, limit, &theirs));
		CHECK_EQ(theirs, before);
	}
}

CONFORMANCE_CASE(space, limits_set_and_read)
{
	road_space *other = NULL;
	uint64_t bytes = 7;

	if (fixture_has(f, CAPABILITY_SPACES))
		CHECK_OK(road_space_create(f->device, NULL, &other));
	for (uint32_t limit = 0; limit < ROAD_LIMIT_KINDS; limit++)
		check_limit(f, other, limit);
	CHECK_STATUS(road_space_limit(f->space, ROAD_LIMIT_KINDS, &bytes), ROAD_INVALID_ARGUMENT);
	CHECK_STATUS(road_space_limit_set(f->space, ROAD_LIMIT_KINDS, 1), ROAD_INVALID_ARGUMENT);
	CHECK_STATUS(road_space_limit(f->space, 0, NULL), ROAD_INVALID_ARGUMENT);
	CHECK_EQ(bytes, 7);
	road_space_release(other);
}

/* All that there is, in pieces of up to 7 bytes. */
static char *read_output(struct fixture *f, road_space *space, size_t room)
{
	char *text = fixture_memory(f, room);
	size_t count = 0, more = 1;

	while (more) {
		size_t piece = room - 1 - count < 7 ? room - 1 - count : 7;

		CHECK_OK(road_space_output_read(space, text + count, piece, &more));
		REQUIRE(more <= piece);
		count += more;
	}
	REQUIRE(count + 1 < room);
	return text;
}

static void print_numbers(struct fixture *f, uint64_t from, uint64_t count)
{
	road_point point;

	for (uint64_t i = from; i < from + count; i++)
		fixture_launch(f, fixture_queue(f), "print", &i, 1, &point);
	CHECK_OK(road_point_wait(point, SOON));
}

/* More than the print buffer holds is lost, and a line says so. */
static void overflow(struct fixture *f)
{
	enum { ROOM = 1 << 20, COUNT = 400 };
	uint64_t bytes;

	if (road_space_limit_set(f->space, ROAD_LIMIT_PRINT_BUFFER, 1) ||
	    road_space_limit(f->space, ROAD_LIMIT_PRINT_BUFFER, &bytes) || bytes > COUNT * 8)
		return;
	for (int i = 0; i < COUNT; i += 20)
		print_numbers(f, 1000, 20);
	const char *text = read_output(f, f->space, ROOM), *at = text;
	int lines = 0, others = 0;

	for (char number[16] = "value 1000\n"; *at; at = strchr(at, '\n') + 1) {
		REQUIRE(strchr(at, '\n') != NULL);
		if (strncmp(at, number, strlen(number)))
			others++;
		else
			lines++;
	}
	CHECK(lines > 0 && lines < COUNT);
	CHECK_EQ(others, 1);
	print_numbers(f, 5, 1); /* read, there is room again */
	CHECK(!strcmp(read_output(f, f->space, ROOM), "value 5\n"));
}

CONFORMANCE_CASE(space, kernel_output_read)
{
	char *text, wanted[400] = "";
	road_space *other = NULL;
	size_t bytes = 7;

	CHECK_OK(road_space_output_read(f->space, NULL, 0, &bytes));
	CHECK_EQ(bytes, 0);
	for (int i = 0; i < 20; i++)
		sprintf(wanted + strlen(wanted), "value %d\n", 90 + i);
	print_numbers(f, 90, 20);
	if (fixture_has(f, CAPABILITY_SPACES)) {
		CHECK_OK(road_space_create(f->device, NULL, &other));
		CHECK(!strcmp(read_output(f, other, 100), "")); /* it is not theirs */
		road_space_release(other);
	}
	text = read_output(f, f->space, 1000);
	if (strcmp(text, wanted))
		CASE_FAIL("printed and read: %s", text);
	CHECK(!strcmp(read_output(f, f->space, 100), "")); /* once */
	overflow(f);
}
