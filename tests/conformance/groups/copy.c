/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of bytes: between host and device, within a device, at any place, of any size. Boxes stand
 * in copy_box.c. */
#include "tests/conformance/groups/model.h"

#include <stdio.h>
#include <stdlib.h>

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* ---- between host and device ---- */

/* Through a buffer that the host maps, there and back. */
static void pass_through_map(struct fixture *f, uint32_t heap, uint64_t bytes)
{
	uint32_t seen_heap = fixture_visible_heap(f);
	road_buffer *in = fixture_buffer_in(f, seen_heap, bytes);
	road_buffer *there = fixture_buffer_in(f, heap, bytes);
	road_buffer *out = fixture_buffer_in(f, seen_heap, bytes);
	road_list *list = fixture_list(f, 0);
	void *from, *to;

	CHECK_OK(road_buffer_map(in, 0, bytes, ROAD_MAP_WRITE, &from));
	CHECK_OK(road_buffer_map(out, 0, bytes, ROAD_MAP_READ, &to));
	fixture_fill_random(f, from, bytes);
	CHECK_OK(road_buffer_flush(in, 0, bytes));
	CHECK_OK(road_list_copy(list, there, 0, in, 0, bytes));
	CHECK_OK(road_list_copy(list, out, 0, there, 0, bytes));
	model_run(f, list);
	CHECK_OK(road_buffer_invalidate(out, 0, bytes));
	CHECK_SAME(from, to, bytes);
	CHECK_OK(road_buffer_unmap(in));
	CHECK_OK(road_buffer_unmap(out));
}

CONFORMANCE_CASE(copy, copy_h2d_d2h_identity)
{
	static const uint64_t small[] = {1, 2, 3, 7, 63, 255, 4095, 4097, 65535};
	uint64_t bytes = fixture_bytes(f, 4 << 20, 256);

	for (uint32_t i = 0; i < f->memory_heaps; i++) {
		road_heap_info heap = {.size = sizeof(heap)};

		CHECK_OK(road_device_heap(f->device, i, &heap));
		/* model_new writes it, the check reads it back */
		struct model m = model_new(f, heap.kind, bytes - 3);

		model_check(f, &m, "what was written is read back");
		model_scramble(f, &m);
		model_check_part(f, &m, bytes / 3, bytes / 3, "a part is read back");
		for (size_t k = 0; k < sizeof(small) / sizeof(small[0]) && small[k] < bytes / 2;
		     k++) {
			fixture_fill_random(f, m.bytes + k, small[k]);
			fixture_put(f, m.buffer, k, m.bytes + k, small[k]);
			model_check_part(f, &m, 0, small[k] + k + 5, "few bytes");
		}
		if (fixture_has(f, CAPABILITY_VISIBLE_HEAP) && fixture_has(f, CAPABILITY_COPY))
			pass_through_map(f, heap.kind, bytes);
	}
}

static void write_and_read_sizes(struct fixture *f, bool write)
{
	static const uint64_t sizes[] = {1, 4095, 4097, 65536, 65537, (1 << 20) + 13};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		/* more than what is captured, on every device: host memory if its own is small */
		uint64_t bytes = sizes[i] > 65537 ? fixture_bytes(f, sizes[i], 65537) : sizes[i];
		struct model m = model_new(f, model_heap(f, bytes + 64), bytes + 32);
		unsigned char *memory = malloc(bytes + 64), *host = memory + 3;

		REQUIRE(memory != NULL);
		memset(memory, 0xa5, bytes + 64);
		if (write) {
			fixture_fill_random(f, host, bytes);
			fixture_put(f, m.buffer, 17, host, bytes);
			memcpy(m.bytes + 17, host, bytes);
			model_check(f, &m, "written from pageable memory");
		} else {
			fixture_get(f, host, m.buffer, 17, bytes);
			CHECK_SAME(host, m.bytes + 17, bytes);
			CHECK_EQ(host[-1], 0xa5);
			CHECK_EQ(host[bytes], 0xa5);
		}
		free(memory);
	}
}

CONFORMANCE_CASE(copy, write_from_pageable_host)
{
	write_and_read_sizes(f, true);
}

CONFORMANCE_CASE(copy, read_to_pageable_host)
{
	write_and_read_sizes(f, false);
}

CONFORMANCE_CASE(copy, write_capture_source_reusable)
{
	static const uint64_t sizes[] = {1, 8, 4096, 4097, 65535, 65536};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint64_t bytes = sizes[i];
		struct model m = model_new(f, model_heap(f, 3 * bytes), 2 * bytes);
		road_list *list = fixture_list(f, 0);
		road_submission submission = {.size = sizeof(submission), .list = list};
		unsigned char *source = fixture_memory(f, bytes);
		road_point point;

		fixture_fill_random(f, m.bytes, 2 * bytes);
		memcpy(source, m.bytes, bytes);
		CHECK_OK(road_queue_write(fixture_queue(f), m.buffer, 0, source, bytes, NULL));
		memset(source, 0x5a, bytes); /* reused at once: nothing has run yet */
		CHECK_OK(road_list_write(list, m.buffer, bytes, source, bytes));
		CHECK_OK(road_list_close(list));
		memcpy(source, m.bytes + bytes, bytes); /* captured at submit, not before */
		CHECK_OK(road_queue_submit(fixture_queue(f), &submission, &point));
		memset(source, 0xa5, bytes);
		CHECK_OK(road_point_wait(point, SOON));
		model_check(f, &m, "what the source held at submit");
		CHECK_OK(road_queue_submit(fixture_queue(f), &submission, &point));
		memset(m.bytes + bytes, 0xa5, bytes);
		CHECK_OK(road_point_wait(point, SOON));
		model_check(f, &m, "what it held at the next submit");
	}
}

static road_queue *transfer_queue(struct fixture *f)
{
	road_queue_options options = {.size = sizeof(options)};

	if (fixture_has(f, CAPABILITY_TRANSFER))
		options.queue_class = ROAD_QUEUE_TRANSFER;
	return fixture_queue_new(f, &options);
}

/* Both transfers of a round are submitted before anybody waits. */
CONFORMANCE_CASE(copy, copy_concurrent_both_directions)
{
	uint64_t bytes = fixture_bytes(f, 1 << 20, 1024);
	struct model in = model_new(f, fixture_heap(f), bytes);
	struct model out = model_new(f, fixture_heap(f), bytes);
	road_queue *down = transfer_queue(f);
	road_queue *up = f->info.queues_max > 2 ? transfer_queue(f) : fixture_queue(f);
	unsigned char *back = fixture_memory(f, bytes);

	for (int round = 0; round < 4; round++) {
		road_point points[2];

		model_scramble(f, &out);
		memset(back, 0, bytes);
		fixture_fill_random(f, in.bytes, bytes);
		CHECK_OK(road_queue_write(down, in.buffer, 0, in.bytes, bytes, &points[0]));
		CHECK_OK(road_queue_read(up, back, out.buffer, 0, bytes, &points[1]));
		CHECK_OK(road_event_wait(points, 2, ROAD_WAIT_ALL, SOON, NULL));
		CHECK_SAME(back, out.bytes, bytes);
		model_check(f, &in, "written while another was read");
	}
}

/* ---- within the device ---- */

CONFORMANCE_CASE(copy, copy_d2d)
{
	uint64_t bytes = fixture_bytes(f, 1 << 20, 256);

	/* between any two heaps */
	for (uint32_t i = 0; i < f->memory_heaps * f->memory_heaps; i++) {
		road_heap_info to = {.size = sizeof(to)}, from = {.size = sizeof(from)};

		CHECK_OK(road_device_heap(f->device, i % f->memory_heaps, &to));
		CHECK_OK(road_device_heap(f->device, i / f->memory_heaps, &from));
		struct model dst = model_new(f, to.kind, bytes);
		struct model src = model_new(f, from.kind, bytes);
		road_list *list = fixture_list(f, 0);

		model_copy(list, &dst, 0, &src, 0, bytes);
		model_run(f, list);
		model_check(f, &dst, "the destination");
		model_check(f, &src, "the source");
	}
}

/* More than an engine moves at a time, up and down by less than that. */
static void overlap_much(struct fixture *f)
{
	const uint64_t size = fixture_bytes(f, 9 << 20, 2560), distance = size / 9 + 3;
	struct model m = model_new(f, fixture_heap(f), size);

	for (int up = 0; up < 2; up++) {
		road_list *list = fixture_list(f, 0);

		model_copy(list, &m, up ? distance : 0, &m, up ? 0 : distance, size - distance);
		model_run(f, list);
		model_check(f, &m, up ? "much of it, up" : "much of it, down");
	}
}

/* A line over itself, by every distance that is likely to be a special one. */
CONFORMANCE_CASE(copy, copy_overlap_defined)
{
	static const uint64_t distances[] = {0, 1, 2, 3, 4, 7, 8, 16, 31, 32, 33, 64, 100, 249};
	const uint64_t size = fixture_bytes(f, 16384, 2560);
	struct model m = model_new(f, fixture_heap(f), size);

	for (size_t d = 0; d < sizeof(distances) / sizeof(distances[0]); d++) {
		for (int up = 0; up < 2; up++) {
			uint64_t low = model_below(f, 16), high = low + distances[d];
			uint64_t bytes = size - high - model_below(f, 16);
			road_list *list = fixture_list(f, 0);
			char text[80];

			model_copy(list, &m, up ? high : low, &m, up ? low : high, bytes);
			model_run(f, list);
			snprintf(text, sizeof(text), "%llu bytes %s by %llu",
				 (unsigned long long)bytes, up ? "up" : "down",
				 (unsigned long long)distances[d]);
			if (!model_check(f, &m, text))
				return;
		}
		model_scramble(f, &m);
	}
	if (f->info.test_scale == 1) /* a small device has no room, and moves it in parts anyway */
		overlap_much(f);
}

CONFORMANCE_CASE(copy, copy_unaligned_offsets)
{
	const uint64_t size = fixture_bytes(f, 32768, 1024);
	struct model dst = model_new(f, fixture_heap(f), size);
	struct model src = model_new(f, fixture_heap(f), size);

	/* a long one first, so that it hides nothing of the three short ones */
	for (uint32_t i = 0; i < 64; i++) {
		road_list *list = fixture_list(f, 0);

		for (uint32_t j = i % 4 * 4; j < i % 4 * 4 + 4; j++) {
			uint64_t bytes = 16 + model_below(f, j % 4 ? 100 : size / 4);
			uint64_t to = model_below(f, (size - bytes - 16) / 16) * 16 + i / 4;
			uint64_t from = model_below(f, (size - bytes - 16) / 16) * 16 + j;

			model_copy(list, &dst, to, &src, from, bytes);
		}
		model_run(f, list);
		if (!model_check(f, &dst, "copies to and from odd places"))
			return;
	}
	model_check(f, &src, "the source");
}

static bool copy_one_size(struct fixture *f, struct model *dst, const struct model *src,
			  uint64_t bytes)
{
	uint64_t from = model_below(f, src->size - bytes + 1), tail = dst->size - bytes;
	road_list *list = fixture_list(f, 0);
	char text[40];

	model_copy(list, dst, 0, src, from, bytes);
	model_run(f, list);
	snprintf(text, sizeof(text), "%llu bytes", (unsigned long long)bytes);
	return model_check_part(f, dst, 0, bytes + least(tail, 64), text);
}

CONFORMANCE_CASE(copy, copy_sizes_sweep)
{
	const uint64_t size = fixture_bytes(f, 1 << 21, 1400), most = size - 64;
	struct model dst = model_new(f, fixture_heap(f), size);
	struct model src = model_new(f, fixture_heap(f), size);

	CHECK_STATUS(road_queue_copy(fixture_queue(f), dst.buffer, 0, src.buffer, 0, 0, NULL),
		     ROAD_INVALID_ARGUMENT);
	CHECK_DETAIL("size is zero");
	for (uint64_t bytes = 1; bytes <= least(300, most); bytes++)
		if (!copy_one_size(f, &dst, &src, bytes))
			return;
	for (uint64_t power = 512; power + 1 <= most; power *= 2)
		for (uint64_t bytes = power - 1; bytes <= power + 1; bytes++)
			if (!copy_one_size(f, &dst, &src, bytes))
				return;
}

CONFORMANCE_CASE(copy, copy_fill_pattern_sizes)
{
	const uint64_t size = fixture_bytes(f, 65536, 1024);
	struct model m = model_new(f, fixture_heap(f), size);

	for (uint32_t width = 1; width <= 8; width *= 2) {
		for (uint64_t offset = 0; offset < 16; offset++) {
			road_list *list = fixture_list(f, 0);
			uint64_t at = model_below(f, size / 32) * 16 + offset;
			uint64_t count = 1 + model_below(f, (size - at) / width);

			model_fill(list, &m, offset, width, fixture_random(f), width);
			model_fill(list, &m, at, count * width, fixture_random(f), width);
			model_run(f, list);
			if (!model_check(f, &m, "filled"))
				return;
		}
	}
	road_queue *queue = fixture_queue(f);

	CHECK_STATUS(road_queue_fill(queue, m.buffer, 0, 6, 1, 3, NULL), ROAD_INVALID_ARGUMENT);
	CHECK_DETAIL("1, 2, 4, 8");
	CHECK_STATUS(road_queue_fill(queue, m.buffer, 0, 6, 1, 4, NULL), ROAD_INVALID_ARGUMENT);
	CHECK_DETAIL("multiple");
	CHECK_STATUS(road_queue_fill(queue, m.buffer, 0, 0, 1, 4, NULL), ROAD_INVALID_ARGUMENT);
	model_check(f, &m, "refused fills do nothing");
}

/* ---- out of bounds ---- */

/* Each refused command names the call's argument and the value; nothing of it reaches the device.
 */
CONFORMANCE_CASE(copy, copy_oob_faults_cleanly)
{
	enum { SIZE = 256 };
	const struct {
		uint64_t offset, bytes;
		const char *seen;
	} bad[] = {
		{0, SIZE + 1, "257"},
		{1, SIZE, "256"},
		{SIZE - 1, 2, "2"},
		{SIZE, 1, "1"},
		{SIZE + 1, 1, "257"},
		{UINT64_MAX, 1, "18446744073709551615"},
		{16, UINT64_MAX - 8, "18446744073709551607"},
	};
	struct model a = model_new(f, fixture_heap(f), SIZE);
	struct model b = model_new(f, fixture_heap(f), SIZE);
	road_queue *queue = fixture_queue(f);
	unsigned char host[16] = {0};
	road_point before, after;

	CHECK_OK(road_queue_tail(queue, &before));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint64_t at = bad[i].offset, bytes = bad[i].bytes;

		CHECK_STATUS(road_queue_copy(queue, a.buffer, at, b.buffer, 0, bytes, NULL),
			     ROAD_INVALID_ARGUMENT);
		CHECK_DETAIL(bad[i].seen);
		CHECK_STATUS(road_queue_copy(queue, a.buffer, 0, b.buffer, at, bytes, NULL),
			     ROAD_INVALID_ARGUMENT);
		CHECK_STATUS(road_queue_write(queue, a.buffer, at, host, bytes, NULL),
			     ROAD_INVALID_ARGUMENT);
		CHECK_DETAIL(bad[i].seen);
		CHECK_STATUS(road_queue_read(queue, host, a.buffer, at, bytes, NULL),
			     ROAD_INVALID_ARGUMENT);
		CHECK_DETAIL(bad[i].seen);
		CHECK_STATUS(road_queue_fill(queue, a.buffer, at, bytes, 0, 1, NULL),
			     fixture_has(f, CAPABILITY_FILL) ? ROAD_INVALID_ARGUMENT
							     : ROAD_UNSUPPORTED);
	}
	CHECK_OK(road_queue_tail(queue, &after));
	CHECK_EQ(after.value, before.value);
	CHECK_OK(road_queue_status(queue, NULL));
	model_check(f, &a, "after what was refused");
	model_check(f, &b, "after what was refused");
}

/* ---- much ---- */

static uint64_t mix(uint64_t hash, const uint64_t *words, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++)
		hash = (hash ^ words[i]) * UINT64_C(0x9e3779b97f4a7c15) + (hash >> 29);
	return hash;
}

/* A gigabyte (in the long form; a part of it else) goes in, across and out, in rounds as large as
 * the device's memory allows. */
CONFORMANCE_CASE(copy, copy_checksum_1gib)
{
	const uint64_t total = fixture_bytes(f, UINT64_C(1) << (f->soak ? 30 : 25), 4096);
	road_heap_info heap = {.size = sizeof(heap)};
	uint64_t sent = 0, got = 0, moved = 0, round = least(total, 16 << 20);

	CHECK_OK(road_device_heap(f->device, 0, &heap));
	if (heap.bytes && round > (heap.bytes - heap.used_bytes) / 4)
		round = (heap.bytes - heap.used_bytes) / 4 & ~UINT64_C(7);
	road_buffer *a = fixture_buffer(f, round), *b = fixture_buffer(f, round);
	uint64_t *words = fixture_memory(f, round), *back = fixture_memory(f, round);
	road_point point;

	for (; moved < total; moved += round) {
		for (uint64_t i = 0; i < round / 8; i++)
			words[i] = fixture_random(f);
		sent = mix(sent, words, round / 8);
		CHECK_OK(road_queue_write(fixture_queue(f), a, 0, words, round, NULL));
		CHECK_OK(road_queue_copy(fixture_queue(f), b, 0, a, 0, round, NULL));
		CHECK_OK(road_queue_read(fixture_queue(f), back, b, 0, round, &point));
		CHECK_OK(road_point_wait(point, SOON));
		got = mix(got, back, round / 8);
	}
	CHECK_EQ(got, sent);
	case_note("%llu bytes in rounds of %llu", (unsigned long long)moved,
		  (unsigned long long)round);
}
