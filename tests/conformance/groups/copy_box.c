/* SPDX-License-Identifier: Apache-2.0 */
/* Boxes: rows and slices with pitches; and what lies on another device. */
#include "tests/conformance/groups/model.h"

#include <stdio.h>

/* Enough of a text to repeat the box by hand. */
static void describe(const road_copy_box *b, char *out, size_t bytes)
{
	snprintf(out, bytes, "%llu x %u x %u, to %llu +%llu +%llu, from %llu +%llu +%llu",
		 (unsigned long long)b->bytes, b->rows, b->slices,
		 (unsigned long long)b->dst_offset, (unsigned long long)b->dst_row_pitch,
		 (unsigned long long)b->dst_slice_pitch, (unsigned long long)b->src_offset,
		 (unsigned long long)b->src_row_pitch, (unsigned long long)b->src_slice_pitch);
}

static bool run_box(struct fixture *f, struct model *dst, const struct model *src,
		    const road_copy_box *box)
{
	road_list *list = fixture_list(f, 0);
	char text[200];

	describe(box, text, sizeof(text));
	model_box(f, list, dst, src, box);
	model_run(f, list);
	return model_check(f, dst, text);
}

static void random_boxes(struct fixture *f, uint32_t slices)
{
	const uint64_t size = fixture_bytes(f, 65536, 1280);
	struct model dst = model_new(f, fixture_heap(f), size);
	struct model src = model_new(f, fixture_heap(f), size + 7);

	for (int i = 0; i < (f->soak ? 3000 : 60); i++) {
		road_copy_box box = model_random_box(f, &dst, &src, slices);

		if (!run_box(f, &dst, &src, &box))
			return;
	}
	model_check(f, &src, "the source");
}

/* Of a buffer of 256 bytes, onto itself. */
static void check_refused(struct fixture *f, road_buffer *buffer, road_copy_box box,
			  const char *detail)
{
	CHECK_STATUS(road_list_copy_box(fixture_list(f, 0), buffer, buffer, &box),
		     ROAD_INVALID_ARGUMENT);
	CHECK_DETAIL(detail);
}

CONFORMANCE_CASE(copy, copy_2d_strides)
{
	const road_copy_box good = {.size = sizeof(good),
				    .rows = 4,
				    .slices = 1,
				    .bytes = 8,
				    .dst_row_pitch = 16,
				    .src_row_pitch = 16};
	road_buffer *buffer = fixture_buffer(f, 256);
	road_copy_box bad;

	random_boxes(f, 1);
#define REFUSED(change, detail) (bad = good, bad.change, check_refused(f, buffer, bad, detail))
	REFUSED(rows = 0, "empty");
	REFUSED(slices = 0, "empty");
	REFUSED(bytes = 0, "empty");
	REFUSED(reserved = 1, "reserved");
	REFUSED(dst_row_pitch = 7, "pitches do not cover");
	REFUSED(src_row_pitch = 7, "pitches do not cover");
	REFUSED(dst_offset = 201, "ends beyond the buffer"); /* 200 + 3 * 16 + 8 = 256 fits */
	REFUSED(src_offset = 201, "ends beyond the buffer");
	REFUSED(dst_row_pitch = UINT64_MAX / 2, "pitches do not cover"); /* it wraps */
#undef REFUSED
}

CONFORMANCE_CASE(copy, copy_3d_strides)
{
	const road_copy_box good = {.size = sizeof(good),
				    .rows = 2,
				    .slices = 3,
				    .bytes = 8,
				    .dst_row_pitch = 16,
				    .dst_slice_pitch = 24,
				    .src_row_pitch = 8,
				    .src_slice_pitch = 16};
	road_buffer *buffer = fixture_buffer(f, 256);
	road_copy_box bad;

	random_boxes(f, 5);
#define REFUSED(change, detail) (bad = good, bad.change, check_refused(f, buffer, bad, detail))
	REFUSED(dst_slice_pitch = 23, "pitches do not cover"); /* a slice is 16 + 8 */
	REFUSED(src_slice_pitch = 15, "pitches do not cover");
	REFUSED(dst_offset = 185, "ends beyond the buffer"); /* 184 + 2 * 24 + 24 = 256 fits */
#undef REFUSED
}

/* ---- overlap ---- */

/* The same pitches on both sides: the box is moved within its picture. */
static void make_shift(struct fixture *f, uint64_t size, road_copy_box *box)
{
	uint64_t distance = model_below(f, 3 * box->src_row_pitch);

	box->dst_row_pitch = box->src_row_pitch;
	box->dst_slice_pitch = box->src_slice_pitch;
	uint64_t end = box->src_offset + (box->slices - 1) * box->src_slice_pitch +
		       (box->rows - 1) * box->src_row_pitch + box->bytes;

	if (model_below(f, 2))
		box->dst_offset = box->src_offset >= distance ? box->src_offset - distance : 0;
	else
		box->dst_offset =
			box->src_offset + (end + distance <= size ? distance : size - end);
}

CONFORMANCE_CASE(copy, copy_box_overlap_defined)
{
	const uint64_t size = fixture_bytes(f, 16384, 1400);
	struct model m = model_new(f, fixture_heap(f), size);

	for (int i = 0; i < (f->soak ? 3000 : 60); i++) {
		road_copy_box box = model_random_box(f, &m, &m, i % 3 ? 4 : 1);

		if (i % 2)
			make_shift(f, size, &box);
		if (!run_box(f, &m, &m, &box))
			return;
		if (i % 8 == 7)
			model_scramble(f, &m);
	}
}

/* ---- another device ---- */

struct other {
	road_device *device;
	road_space *space;
	road_queue *queue;
	road_buffer *buffer;
};

static struct other open_other(struct fixture *f, uint64_t bytes)
{
	struct other other = {.device = fixture_second(f)};
	road_buffer_options options = {
		.size = sizeof(options), .heap = fixture_heap(f), .bytes = bytes};

	CHECK_OK(road_space_shared(other.device, &other.space));
	CHECK_OK(road_queue_create(other.space, NULL, &other.queue));
	CHECK_OK(road_buffer_create(other.space, &options, &other.buffer));
	return other;
}

static void close_other(struct other *other)
{
	road_buffer_release(other->buffer);
	road_queue_release(other->queue);
	road_space_release(other->space);
}

/* Over host memory that both devices reach: the second one's copy awaits the first one's. */
static void copy_by_attached(struct fixture *f, struct other *other, const struct model *m)
{
	road_buffer *between = fixture_buffer_in(f, ROAD_HEAP_HOST, m->size), *there = NULL;
	road_list *list = NULL;
	road_submission submission = {.size = sizeof(submission), .wait_count = 1};
	road_point first, second;

	CHECK_OK(road_buffer_attach(between, other->space, &there));
	CHECK_OK(road_queue_copy(fixture_queue(f), between, 0, m->buffer, 0, m->size, &first));
	if (fixture_has(f, CAPABILITY_NONCOHERENT)) { /* from one's view to the other's */
		CHECK_OK(road_point_wait(first, SOON));
		CHECK_OK(road_buffer_invalidate(between, 0, m->size));
		CHECK_OK(road_buffer_flush(there, 0, m->size));
	}
	CHECK_OK(road_list_create(other->space, 0, &list));
	CHECK_OK(road_list_copy(list, other->buffer, 0, there, 0, m->size));
	CHECK_OK(road_list_close(list));
	submission.list = list;
	submission.waits = &first;
	CHECK_OK(road_queue_submit(other->queue, &submission, &second));
	road_list_release(list);
	CHECK_OK(road_point_wait(second, SOON));
	road_buffer_release(there);
}

/* Over memory of the program. */
static void copy_by_host(struct fixture *f, struct other *other, const struct model *m)
{
	unsigned char *between = fixture_memory(f, m->size);
	road_point point;

	fixture_get(f, between, m->buffer, 0, m->size);
	CHECK_OK(road_queue_write(other->queue, other->buffer, 0, between, m->size, &point));
	CHECK_OK(road_point_wait(point, SOON));
}

CONFORMANCE_CASE(copy, copy_peer_two_devices)
{
	const uint64_t bytes = fixture_bytes(f, 1 << 20, 1024);
	struct model m = model_new(f, fixture_heap(f), bytes);
	struct other other = open_other(f, bytes);
	road_link to = {.size = sizeof(to)}, from = {.size = sizeof(from)};
	unsigned char *back = fixture_memory(f, bytes);
	road_point point;

	CHECK_OK(road_device_link(f->device, other.device, &to));
	CHECK_OK(road_device_link(other.device, f->device, &from));
	CHECK_EQ(to.peer_access, from.peer_access);
	CHECK(!strcmp(to.path, from.path));
	/* A list names buffers of its own space: the other's go by attaching, not by name. */
	CHECK_STATUS(road_queue_copy(fixture_queue(f), m.buffer, 0, other.buffer, 0, bytes, NULL),
		     ROAD_INVALID_ARGUMENT);
	CHECK_DETAIL("another space");
	if (fixture_has(f, CAPABILITY_IMPORT))
		copy_by_attached(f, &other, &m);
	else
		copy_by_host(f, &other, &m);
	CHECK_OK(road_queue_read(other.queue, back, other.buffer, 0, bytes, &point));
	CHECK_OK(road_point_wait(point, SOON));
	CHECK_SAME(back, m.bytes, bytes);
	model_check(f, &m, "the first device's buffer");
	close_other(&other);
}
