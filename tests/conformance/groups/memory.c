/* SPDX-License-Identifier: Apache-2.0 */
/* Buffers of every heap: what is refused, what is given, what it holds, when it goes. How they are
 * shown to the host and to others stands in memory_share.c. */
#include "tests/conformance/groups/model.h"

#include <stdlib.h>
#include <unistd.h>

static road_heap_info heap_at(struct fixture *f, uint32_t index)
{
	road_heap_info heap = {.size = sizeof(heap)};

	CHECK_OK(road_device_heap(f->device, index, &heap));
	return heap;
}

static road_heap_info heap_of(struct fixture *f, uint32_t kind)
{
	road_heap_info heap = heap_at(f, 0);

	for (uint32_t i = 1; heap.kind != kind; i++)
		heap = heap_at(f, i);
	return heap;
}

static road_status create(struct fixture *f, uint32_t heap, uint64_t bytes, uint64_t alignment,
			  road_buffer **out)
{
	road_buffer_options options = {
		.size = sizeof(options), .heap = heap, .bytes = bytes, .alignment = alignment};

	return road_buffer_create(f->space, &options, out);
}

static void check_zero(struct fixture *f, road_buffer *buffer, uint64_t bytes, const char *what)
{
	const struct model zero = {buffer, calloc(1, bytes), bytes};

	REQUIRE(zero.bytes != NULL);
	model_check(f, &zero, what);
	free(zero.bytes);
}

/* ---- sizes and alignments ---- */

CONFORMANCE_CASE(memory, buffer_create_min_size)
{
	for (uint32_t i = 0; i < f->info.heap_count; i++) {
		struct model m = model_new(f, heap_at(f, i).kind, 1);
		road_buffer_info info = {.size = sizeof(info)};
		char two[2];

		model_check(f, &m, "the one byte");
		CHECK_OK(road_buffer_info_get(m.buffer, &info));
		CHECK_EQ(info.bytes, 1);
		CHECK_STATUS(road_queue_read(fixture_queue(f), two, m.buffer, 0, 2, NULL),
			     ROAD_INVALID_ARGUMENT);
	}
}

CONFORMANCE_CASE(memory, buffer_create_zero_size_invalid_argument)
{
	road_buffer *const before = (road_buffer *)(void *)f, *buffer = before;

	for (uint32_t i = 0; i < f->info.heap_count; i++) {
		CHECK_STATUS(create(f, heap_at(f, i).kind, 0, 0, &buffer), ROAD_INVALID_ARGUMENT);
		CHECK_DETAIL("size is zero");
		CHECK_DETAIL("options.bytes");
	}
	CHECK(buffer == before);
}

static void check_too_much(struct fixture *f, uint32_t kind, uint64_t bytes)
{
	road_buffer *buffer = NULL;
	road_status status = create(f, kind, bytes, 0, &buffer);

	if (kind != ROAD_HEAP_HOST)
		CHECK_STATUS(status, ROAD_OUT_OF_DEVICE_MEMORY);
	else if (status != ROAD_OUT_OF_HOST_MEMORY)
		CHECK_STATUS(status, ROAD_OUT_OF_DEVICE_MEMORY);
	if (!status)
		CASE_FAIL("%llu bytes are granted", (unsigned long long)bytes);
	road_buffer_release(buffer);
}

/* Also what would fit into addresses and not into the machine: pages come at the first touch. */
CONFORMANCE_CASE(memory, buffer_create_huge_out_of_device_memory)
{
	const uint64_t machine = (uint64_t)sysconf(_SC_PHYS_PAGES) * 4096;

	for (uint32_t i = 0; i < f->info.heap_count; i++) {
		road_heap_info heap = heap_at(f, i);

		check_too_much(f, heap.kind, heap.bytes ? heap.bytes + 1 : machine * 8);
		check_too_much(f, heap.kind, UINT64_C(1) << 50);
		check_too_much(f, heap.kind, UINT64_C(1) << 60);
		check_too_much(f, heap.kind, UINT64_MAX - 4095);
		check_too_much(f, heap.kind, UINT64_MAX);
		CHECK_EQ(heap_at(f, i).used_bytes, heap.used_bytes);
		CHECK_EQ(heap_at(f, i).buffer_count, 0);
		struct model m = model_new(f, heap.kind, 100);

		model_check(f, &m, "a small buffer afterwards");
	}
}

/* Three of odd sizes at a time, so that luck does not align them all. */
static void check_alignment(struct fixture *f, const road_heap_info *heap, uint64_t alignment)
{
	road_buffer *buffers[3] = {NULL};

	for (int i = 0; i < 3; i++) {
		road_buffer_info info = {.size = sizeof(info)};
		road_status status = create(f, heap->kind, 37, alignment, &buffers[i]);

		if (status == ROAD_OUT_OF_DEVICE_MEMORY && heap->bytes &&
		    4 * alignment > heap->bytes)
			continue; /* the heap has no such place */
		CHECK_OK(status);
		CHECK_OK(road_buffer_info_get(buffers[i], &info));
		CHECK_EQ(info.alignment, alignment);
		CHECK_EQ(info.address % (alignment ? alignment : heap->granule_bytes), 0);
		CHECK_EQ(fixture_address(f, buffers[i]), info.address);
		check_zero(f, buffers[i], 37, "an aligned buffer");
	}
	for (int i = 0; i < 3; i++)
		road_buffer_release(buffers[i]);
}

CONFORMANCE_CASE(memory, buffer_create_align_honoured)
{
	for (uint32_t i = 0; i < f->info.heap_count; i++) {
		road_heap_info heap = heap_at(f, i);

		check_alignment(f, &heap, 0);
		for (uint64_t alignment = 1; alignment <= 2 << 20; alignment *= 2)
			check_alignment(f, &heap, alignment);
	}
}

CONFORMANCE_CASE(memory, buffer_create_bad_align_invalid_argument)
{
	static const uint64_t bad[] = {
		3, 24, 4095, (2 << 20) + 1, 4 << 20, UINT64_C(1) << 63, UINT64_MAX};
	road_buffer *buffer = NULL;

	for (uint32_t i = 0; i < f->info.heap_count; i++) {
		for (size_t k = 0; k < sizeof(bad) / sizeof(bad[0]); k++) {
			CHECK_STATUS(create(f, heap_at(f, i).kind, 64, bad[k], &buffer),
				     ROAD_INVALID_ARGUMENT);
			CHECK_DETAIL("options.alignment");
			CHECK_DETAIL("power of two");
		}
	}
	CHECK(buffer == NULL);
}

/* ---- heaps ---- */

/* The heap that was asked for, or none: no other one stands in for it. */
CONFORMANCE_CASE(memory, buffer_heap_as_asked)
{
	uint32_t kinds = 0;
	road_buffer *buffer = NULL;

	for (uint32_t i = 0; i < f->info.heap_count; i++) {
		road_heap_info before = heap_at(f, i);
		road_buffer_info info = {.size = sizeof(info)};

		buffer = fixture_buffer_in(f, before.kind, 100);
		CHECK_OK(road_buffer_info_get(buffer, &info));
		CHECK_EQ(info.heap, before.kind);
		for (uint32_t k = 0; k < f->info.heap_count; k++)
			CHECK_EQ(heap_at(f, k).buffer_count, k <= i);
		kinds |= 1u << before.kind;
	}
	for (uint32_t kind = 0; kind < ROAD_HEAP_KINDS; kind++)
		if (!(kinds >> kind & 1))
			CHECK_STATUS(create(f, kind, 100, 0, &buffer), ROAD_UNSUPPORTED);
	CHECK_STATUS(create(f, ROAD_HEAP_KINDS, 100, 0, &buffer), ROAD_INVALID_ARGUMENT);
	CHECK_DETAIL("options.heap");
}

static void check_heap(struct fixture *f, const road_heap_info *heap)
{
	const bool coherent = f->info.features & ROAD_FEATURE_COHERENT;
	road_buffer *buffer = fixture_buffer_in(f, heap->kind, 128);
	void *pointer = NULL;

	CHECK(heap->kind < ROAD_HEAP_KINDS);
	CHECK(heap->host_visible ==
	      (heap->kind != ROAD_HEAP_DEVICE && heap->kind != ROAD_HEAP_SCRATCH));
	CHECK(heap->granule_bytes && !(heap->granule_bytes & (heap->granule_bytes - 1)));
	CHECK(!heap->bytes || heap->used_bytes <= heap->bytes);
	if (heap->kind == ROAD_HEAP_HOST)
		CHECK_EQ(!!heap->coherent, coherent);
	CHECK_STATUS(road_buffer_map(buffer, 0, 128, ROAD_MAP_READ, &pointer),
		     heap->host_visible ? ROAD_OK : ROAD_PERMISSION);
	CHECK_EQ(pointer != NULL, heap->host_visible);
}

CONFORMANCE_CASE(memory, heap_kinds_as_reported)
{
	road_heap_info none = {.size = sizeof(none)};
	uint32_t kinds = 0;

	CHECK(f->info.heap_count >= 1);
	for (uint32_t i = 0; i < f->info.heap_count; i++) {
		road_heap_info heap = heap_at(f, i), now;
		road_buffer *a, *b = NULL;

		CHECK(!(kinds >> heap.kind & 1));
		kinds |= 1u << heap.kind;
		check_heap(f, &heap);
		a = fixture_buffer_in(f, heap.kind, 200);
		CHECK_OK(create(f, heap.kind, 300, 0, &b));
		now = heap_at(f, i);
		CHECK_EQ(now.buffer_count, 3); /* and that of check_heap */
		CHECK_EQ(now.buffer_bytes, 128 + 200 + 300);
		CHECK(now.used_bytes >= heap.used_bytes + 628);
		road_buffer_release(b);
		now = heap_at(f, i);
		CHECK_EQ(now.buffer_bytes, 128 + 200);
		CHECK_EQ(now.buffer_peak_bytes, 628);
		CHECK(a != NULL);
	}
	CHECK_STATUS(road_device_heap(f->device, f->info.heap_count, &none), ROAD_NOT_FOUND);
	CHECK_STATUS(road_device_heap(f->device, UINT32_MAX, &none), ROAD_NOT_FOUND);
}

CONFORMANCE_CASE(memory, buffer_info_matches_create)
{
	uint64_t last = 0;

	for (uint32_t i = 0; i < f->info.heap_count; i++) {
		road_buffer_options options = {.size = sizeof(options),
					       .heap = heap_at(f, i).kind,
					       .bytes = 1000 + i,
					       .alignment = 64,
					       .flags = ROAD_BUFFER_READ_ONLY};
		road_buffer_info info = {.size = sizeof(info)};
		road_buffer *buffer = NULL;

		CHECK_OK(road_buffer_create(f->space, &options, &buffer));
		CHECK_OK(road_buffer_info_get(buffer, &info));
		CHECK_EQ(info.size, sizeof(info));
		CHECK_EQ(info.heap, options.heap);
		CHECK_EQ(info.bytes, options.bytes);
		CHECK_EQ(info.alignment, 64);
		CHECK_EQ(info.flags, ROAD_BUFFER_READ_ONLY);
		CHECK(info.id > last);
		CHECK_EQ(info.address, fixture_address(f, buffer));
		last = info.id;
		road_buffer_release(buffer);
	}
}

/* ---- what a new buffer holds ---- */

CONFORMANCE_CASE(memory, buffer_zero_initialised)
{
	static const uint64_t sizes[] = {1, 7, 64, 100, 4096, 4097, 300000};

	for (uint32_t i = 0; i < f->memory_heaps; i++) {
		uint32_t kind = heap_at(f, i).kind;

		for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
			uint64_t bytes = sizes[k] < 1000 ? sizes[k] : fixture_bytes(f, sizes[k], 1);
			road_buffer *buffer = NULL;

			CHECK_OK(create(f, kind, bytes, 0, &buffer));
			check_zero(f, buffer, bytes, "a new buffer");
			road_buffer_release(buffer);
		}
	}
}

/* All bytes of a buffer become 0x5a or so, by the device where it can. */
static void stain(struct fixture *f, road_queue *queue, road_buffer *buffer, uint64_t bytes)
{
	road_point point;

	if (fixture_has(f, CAPABILITY_FILL)) {
		CHECK_OK(road_queue_fill(queue, buffer, 0, bytes, 0x5a, 1, &point));
	} else {
		unsigned char *dirt = fixture_memory(f, bytes);

		memset(dirt, 0xa5, bytes);
		CHECK_OK(road_queue_write(queue, buffer, 0, dirt, bytes, &point));
	}
	CHECK_OK(road_point_wait(point, SOON));
}

/* The same memory again and again, in pieces of other sizes each time. */
CONFORMANCE_CASE(memory, wiped_between_owners)
{
	enum { OWNERS = 8 };
	const uint64_t most = fixture_bytes(f, 1 << 19, 256);

	for (uint32_t i = 0; i < f->memory_heaps; i++) {
		uint32_t kind = heap_at(f, i).kind;

		for (int round = 0; round < 6; round++) {
			road_buffer *owners[OWNERS] = {NULL};

			for (int k = 0; k < OWNERS; k++) {
				uint64_t bytes = 1 + model_below(f, most);

				CHECK_OK(create(f, kind, bytes, 0, &owners[k]));
				check_zero(f, owners[k], bytes, "memory that others had");
				stain(f, fixture_queue(f), owners[k], bytes);
			}
			for (int k = 0; k < OWNERS; k++)
				road_buffer_release(owners[(k * 3 + round) % OWNERS]);
		}
	}
}

/* One piece of the other client's memory, left behind stained. */
static road_buffer *leave_stained(struct fixture *f, road_queue *queue, road_space *space,
				  uint32_t heap, uint64_t bytes)
{
	road_buffer_options options = {.size = sizeof(options), .heap = heap, .bytes = bytes};
	road_buffer *buffer = NULL;

	CHECK_OK(road_buffer_create(space, &options, &buffer));
	stain(f, queue, buffer, bytes);
	return buffer;
}

/* Beside a space that lives and releases its buffers, and after one that was closed over them. */
CONFORMANCE_CASE(memory, buffer_no_stale_data_from_other_client)
{
	const uint64_t bytes = fixture_bytes(f, 300000, 300);

	for (uint32_t i = 0; i < f->memory_heaps; i++) {
		uint32_t kind = heap_at(f, i).kind;
		road_space *other = NULL;
		road_queue *queue = NULL;

		CHECK_OK(road_space_create(f->device, NULL, &other));
		CHECK_OK(road_queue_create(other, NULL, &queue));
		for (int k = 0; k < 4; k++) {
			road_buffer_release(leave_stained(f, queue, other, kind, bytes));
			check_zero(f, fixture_buffer_in(f, kind, bytes), bytes, "beside a space");
		}
		road_buffer *theirs = leave_stained(f, queue, other, kind, bytes);

		CHECK_OK(road_space_close(other));
		check_zero(f, fixture_buffer_in(f, kind, bytes), bytes, "after a space's end");
		road_buffer_release(theirs);
		road_queue_release(queue);
		road_space_release(other);
	}
}

/* ---- how much there is ---- */

/* Pieces of a size until there are none, then of half of it: at most 64 a size. */
static uint32_t take_all(struct fixture *f, uint32_t kind, uint64_t bytes, road_buffer **out,
			 uint32_t room)
{
	uint32_t count = 0, of_size = 0;

	while (count < room && bytes >= 64) {
		road_status status = create(f, kind, bytes, 0, &out[count]);

		if (!status && of_size++ < 64) {
			count++;
			continue;
		}
		if (!status)
			road_buffer_release(out[count]);
		else
			CHECK_STATUS(status, ROAD_OUT_OF_DEVICE_MEMORY);
		bytes /= 2;
		of_size = 0;
	}
	return count;
}

CONFORMANCE_CASE(memory, buffer_exhaust_then_free_recovers)
{
	enum { ROOM = 400 };
	const road_heap_info before = heap_at(f, 0);
	road_buffer *buffers[ROOM];
	uint64_t piece = before.bytes / 8, again = piece < 64 << 20 ? piece : 64 << 20;
	const uint64_t most = before.bytes < 1 << 30 ? before.bytes / 4 * 3 : 64 << 20;
	struct model kept = model_new(f, before.kind, 64);

	if (!before.bytes)
		case_unsupported("its first heap is bounded by the machine only");
	CHECK_OK(create(f, before.kind, most, 0, &buffers[0]));
	road_buffer_release(buffers[0]);
	for (int round = 0; round < 2; round++) {
		uint32_t count = take_all(f, before.kind, round ? again : piece, buffers, ROOM);

		CHECK(count >= 4);
		if (!round) /* what is too large for what is left */
			CHECK_STATUS(create(f, before.kind, piece, 0, &buffers[count]),
				     ROAD_OUT_OF_DEVICE_MEMORY);
		for (uint32_t i = 0; i < count; i += 2) /* holes first */
			road_buffer_release(buffers[i]);
		for (uint32_t i = 1; i < count; i += 2)
			road_buffer_release(buffers[i]);
		CHECK_EQ(heap_at(f, 0).buffer_count, 1);
	}
	CHECK_OK(create(f, before.kind, most, 0, &buffers[0])); /* the pieces are one again */
	road_buffer_release(buffers[0]);
	model_check(f, &kept, "a buffer that was there all the time");
}

enum { LIVE = 24 };

/* The space's own count agrees with ours. */
static void check_usage(struct fixture *f, const struct model *live)
{
	road_space_usage usage = {.size = sizeof(usage)};
	uint64_t bytes = 0;
	uint32_t count = 0;

	for (int i = 0; i < LIVE; i++) {
		count += live[i].buffer != NULL;
		bytes += live[i].buffer ? live[i].size : 0;
	}
	CHECK_OK(road_space_usage_get(f->space, &usage));
	CHECK_EQ(usage.buffers, count);
	CHECK_EQ(usage.bytes, bytes);
}

static void renew(struct fixture *f, struct model *m, uint64_t most)
{
	uint32_t kind = heap_at(f, (uint32_t)model_below(f, f->memory_heaps)).kind;

	if (m->buffer) {
		model_check(f, m, "before its release");
		road_buffer_release(m->buffer);
		free(m->bytes);
	}
	m->size = 1 + (model_below(f, most) >> model_below(f, 6));
	m->bytes = calloc(1, m->size);
	REQUIRE(m->bytes != NULL);
	CHECK_OK(create(f, kind, m->size, UINT64_C(1) << model_below(f, 7), &m->buffer));
	check_zero(f, m->buffer, m->size, "new");
}

/* A few random commands between two of them. */
static void exchange(struct fixture *f, struct model *a, struct model *b)
{
	road_list *list = NULL;

	CHECK_OK(road_list_create(f->space, 0, &list));
	for (int i = 0; i < 4; i++) {
		uint64_t bytes = 1 + model_below(f, a->size < b->size ? a->size : b->size);

		model_copy(list, a, model_below(f, a->size - bytes + 1), b,
			   model_below(f, b->size - bytes + 1), bytes);
		model_fill(list, b, model_below(f, b->size - bytes + 1), bytes, fixture_random(f),
			   1);
	}
	model_run(f, list);
	road_list_release(list);
}

/* Random buffers of all heaps come, change and go, against a model of each. */
CONFORMANCE_CASE(memory, buffer_fragmentation_stress)
{
	const uint64_t most = fixture_bytes(f, 1 << 17, 96);
	struct model live[LIVE] = {{NULL, NULL, 0}};

	for (int step = 0; step < (f->soak ? 20000 : 250); step++) {
		struct model *a = &live[model_below(f, LIVE)], *b = &live[model_below(f, LIVE)];

		if (a->buffer && b->buffer && a != b && model_below(f, 3))
			exchange(f, a, b);
		else
			renew(f, a, most);
		check_usage(f, live);
	}
	for (int i = 0; i < LIVE; i++) {
		if (!live[i].buffer)
			continue;
		model_check(f, &live[i], "at the end");
		road_buffer_release(live[i].buffer);
		free(live[i].bytes);
	}
}

/* ---- when they go ---- */

/* Work that awaits an event uses a buffer that its program has released. */
CONFORMANCE_CASE(memory, buffer_refcount_alive_while_job_uses)
{
	const uint64_t bytes = fixture_bytes(f, 100000, 256);
	struct model dst = model_new(f, fixture_heap(f), bytes);
	road_event *gate = fixture_event(f, 0);
	const road_point open = {gate, 1};
	road_list *list = NULL;
	road_submission submission = {.size = sizeof(submission), .waits = &open, .wait_count = 1};
	road_buffer *src = NULL;
	road_point point, early;

	CHECK_OK(create(f, fixture_heap(f), bytes, 0, &src));
	fixture_fill_random(f, dst.bytes, bytes);
	fixture_put(f, src, 0, dst.bytes, bytes);
	CHECK_OK(road_list_create(f->space, 0, &list));
	CHECK_OK(road_list_copy(list, dst.buffer, 0, src, 0, bytes));
	CHECK_OK(road_list_close(list));
	submission.list = list;
	CHECK_OK(road_queue_submit(fixture_queue(f), &submission, &point));
	road_list_release(list);
	road_buffer_release(src);
	CHECK_EQ(heap_of(f, fixture_heap(f)).buffer_count, 2);
	/* Whatever takes memory now must not get that one. */
	road_buffer *other = fixture_buffer(f, bytes);

	CHECK_OK(road_queue_tail(fixture_queue(f), &early));
	CHECK_STATUS(road_event_error(early.event, early.value, NULL), ROAD_NOT_READY);
	CHECK_OK(road_event_signal(gate, 1));
	CHECK_OK(road_point_wait(point, SOON));
	model_check(f, &dst, "copied from a buffer that was released");
	check_zero(f, other, bytes, "another buffer");
	CHECK_EQ(heap_of(f, fixture_heap(f)).buffer_count, 2); /* src is gone */
}

/* Buffers that are released behind their last use, while new ones take memory all the time. */
CONFORMANCE_CASE(memory, free_in_queue_order)
{
	enum { STEPS = 24 };
	const uint64_t bytes = fixture_bytes(f, 1 << 18, 256);
	struct model last = model_new(f, fixture_heap(f), bytes);
	road_buffer *previous = last.buffer, *next = NULL;
	road_point point;

	CHECK_OK(road_buffer_retain(previous));
	/* each copies what the one before it held, and then spoils that */
	for (int i = 0; i < STEPS; i++) {
		CHECK_OK(create(f, fixture_heap(f), bytes, 0, &next));
		CHECK_OK(road_queue_copy(fixture_queue(f), next, 0, previous, 0, bytes, NULL));
		CHECK_OK(road_queue_copy(fixture_queue(f), previous, 0, previous, bytes / 2,
					 bytes / 2, &point));
		road_buffer_release(previous);
		previous = next;
		/* depth is bounded, and so is a small heap */
		if (i % 4 == 3)
			CHECK_OK(road_point_wait(point, SOON));
	}
	struct model end = {previous, last.bytes, bytes};

	model_check(f, &end, "what went through all of them");
	road_buffer_release(previous);
	memcpy(last.bytes, last.bytes + bytes / 2, bytes / 2);
	model_check(f, &last, "the first one");
	CHECK_EQ(heap_of(f, fixture_heap(f)).buffer_count, 1);
}

CONFORMANCE_CASE(memory, buffer_leak_zero_after_close)
{
	enum { EACH = 3 };
	road_buffer *held[ROAD_HEAP_KINDS * EACH];
	road_heap_info before[ROAD_HEAP_KINDS];
	road_buffer_info info = {.size = sizeof(info)};
	uint32_t count = 0;

	for (uint32_t i = 0; i < f->info.heap_count; i++)
		before[i] = heap_at(f, i);
	for (uint32_t i = 0; i < f->info.heap_count * EACH; i++)
		CHECK_OK(create(f, before[i / EACH].kind, 500 + i, 0, &held[count++]));
	for (uint32_t i = 0; i < f->info.heap_count; i++)
		CHECK_EQ(heap_at(f, i).buffer_count, EACH);
	CHECK_OK(road_space_close(f->space));
	for (uint32_t i = 0; i < f->info.heap_count; i++) {
		CHECK_EQ(heap_at(f, i).buffer_count, 0);
		CHECK_EQ(heap_at(f, i).buffer_bytes, 0);
		CHECK(heap_at(f, i).used_bytes <= before[i].used_bytes);
	}
	for (uint32_t i = 0; i < count; i++) {
		CHECK_STATUS(road_buffer_info_get(held[i], &info), ROAD_STALE);
		road_buffer_release(held[i]);
	}
}

/* ---- checked mode ---- */

static void check_named(road_buffer *buffer, road_status wanted, const char *name)
{
	road_buffer_info info = {.size = sizeof(info)};
	uint64_t address = 7;
	road_buffer *view = NULL;
	void *pointer = NULL;

	CHECK_STATUS(road_buffer_info_get(buffer, &info), wanted);
	CHECK_DETAIL("bad handle");
	CHECK_DETAIL(name);
	CHECK_DETAIL("road_buffer_info_get");
	CHECK_STATUS(road_buffer_address(buffer, &address), wanted);
	CHECK_STATUS(road_buffer_retain(buffer), wanted);
	CHECK_STATUS(road_buffer_view(buffer, 0, 1, &view), wanted);
	CHECK_STATUS(road_buffer_map(buffer, 0, 1, ROAD_MAP_READ, &pointer), wanted);
	CHECK_STATUS(road_buffer_unmap(buffer), wanted);
	CHECK_STATUS(road_buffer_flush(buffer, 0, 1), wanted);
	CHECK_STATUS(road_buffer_invalidate(buffer, 0, 1), wanted);
	CHECK_EQ(address, 7);
	CHECK(!view && !pointer);
}

CONFORMANCE_CASE(memory, validate_bad_handle_not_found)
{
	road_buffer *dead = NULL;
	road_point point;

	CHECK_OK(create(f, fixture_heap(f), 64, 0, &dead));
	road_buffer_release(dead);
	check_named(dead, ROAD_NOT_FOUND, "freed or never made");
	check_named(fixture_memory(f, 4096), ROAD_NOT_FOUND, "freed or never made");
	check_named((road_buffer *)(uintptr_t)0x10, ROAD_NOT_FOUND, "freed or never made");
	check_named((road_buffer *)(void *)f->space, ROAD_INVALID_ARGUMENT, "space");
	CHECK_STATUS(road_queue_write(fixture_queue(f), dead, 0, "x", 1, &point), ROAD_NOT_FOUND);
	CHECK_STATUS(road_queue_write(fixture_queue(f), NULL, 0, "x", 1, &point),
		     ROAD_INVALID_ARGUMENT);
	CHECK_DETAIL("NULL");
}

CONFORMANCE_CASE(memory, validate_double_release_named)
{
	road_buffer *once = NULL, *bad[4];
	struct model other = model_new(f, fixture_heap(f), 64);

	CHECK_OK(create(f, fixture_heap(f), 64, 0, &once));
	road_buffer_release(once);
	bad[0] = once;
	bad[1] = fixture_memory(f, 4096);
	bad[2] = (road_buffer *)(void *)f->space;
	bad[3] = (road_buffer *)(uintptr_t)0x10;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		road_error error = {.size = sizeof(error)};
		road_buffer *none = NULL;

		/* another error first, so that the one we look for is new */
		CHECK_STATUS(create(f, fixture_heap(f), 0, 0, &none), ROAD_INVALID_ARGUMENT);
		road_buffer_release(bad[i]);
		CHECK_OK(road_last_error(&error));
		CHECK_EQ(error.status, i == 2 ? ROAD_INVALID_ARGUMENT : ROAD_NOT_FOUND);
		CHECK_DETAIL("bad handle");
		CHECK_DETAIL("road_buffer_release");
	}
	/* and nothing else happened: the space is there, the counts are right */
	CHECK_OK(road_space_status(f->space, NULL));
	model_check(f, &other, "another buffer");
	CHECK_EQ(heap_of(f, fixture_heap(f)).buffer_count, 1);
}
