/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/conformance/groups/model.h"

#include <stdlib.h>

uint64_t model_below(struct fixture *f, uint64_t bound)
{
	return fixture_random(f) % bound;
}

uint32_t model_heap(struct fixture *f, uint64_t bytes)
{
	road_heap_info heap = {.size = sizeof(heap)};

	CHECK_OK(road_device_heap(f->device, 0, &heap));
	return !heap.bytes || bytes <= heap.bytes - heap.used_bytes ? heap.kind : ROAD_HEAP_HOST;
}

void model_scramble(struct fixture *f, struct model *model)
{
	fixture_fill_random(f, model->bytes, model->size);
	fixture_put(f, model->buffer, 0, model->bytes, model->size);
}

struct model model_new(struct fixture *f, uint32_t heap, uint64_t bytes)
{
	struct model model = {fixture_buffer_in(f, heap, bytes), fixture_memory(f, bytes), bytes};

	model_scramble(f, &model);
	return model;
}

bool model_check_part(struct fixture *f, const struct model *model, uint64_t offset, uint64_t bytes,
		      const char *what)
{
	unsigned char *seen = malloc(bytes);
	uint64_t at = 0;

	REQUIRE(seen != NULL);
	memset(seen, 0xee, bytes);
	fixture_get(f, seen, model->buffer, offset, bytes);
	while (at < bytes && seen[at] == model->bytes[offset + at])
		at++;
	if (at < bytes)
		CASE_FAIL("%s: byte %llu of %llu is 0x%02x, not 0x%02x", what,
			  (unsigned long long)(offset + at), (unsigned long long)model->size,
			  seen[at], model->bytes[offset + at]);
	free(seen);
	return at == bytes;
}

bool model_check(struct fixture *f, const struct model *model, const char *what)
{
	return model_check_part(f, model, 0, model->size, what);
}

/* ---- commands ---- */

void model_copy(road_list *list, struct model *dst, uint64_t dst_offset, const struct model *src,
		uint64_t src_offset, uint64_t bytes)
{
	CHECK_OK(road_list_copy(list, dst->buffer, dst_offset, src->buffer, src_offset, bytes));
	memmove(dst->bytes + dst_offset, src->bytes + src_offset, bytes);
}

/* The meaning of a box: all of the source is read, then written. */
static void copy_box(unsigned char *dst, const unsigned char *src, unsigned char *between,
		     const road_copy_box *b)
{
	for (int out = 0; out < 2; out++) {
		unsigned char *at = between;

		for (uint32_t s = 0; s < b->slices; s++) {
			for (uint32_t r = 0; r < b->rows; r++, at += b->bytes) {
				if (out)
					memcpy(dst + b->dst_offset + s * b->dst_slice_pitch +
						       r * b->dst_row_pitch,
					       at, b->bytes);
				else
					memcpy(at,
					       src + b->src_offset + s * b->src_slice_pitch +
						       r * b->src_row_pitch,
					       b->bytes);
			}
		}
	}
}

void model_box(struct fixture *f, road_list *list, struct model *dst, const struct model *src,
	       const road_copy_box *box)
{
	unsigned char *between = malloc(box->bytes * box->rows * box->slices);

	(void)f;
	REQUIRE(between != NULL);
	copy_box(dst->bytes, src->bytes, between, box);
	free(between);
	CHECK_OK(road_list_copy_box(list, dst->buffer, src->buffer, box));
}

void model_fill(road_list *list, struct model *dst, uint64_t offset, uint64_t bytes,
		uint64_t pattern, uint32_t pattern_bytes)
{
	CHECK_OK(road_list_fill(list, dst->buffer, offset, bytes, pattern, pattern_bytes));
	for (uint64_t i = 0; i < bytes; i++)
		dst->bytes[offset + i] = (unsigned char)(pattern >> 8 * (i % pattern_bytes));
}

void model_run(struct fixture *f, road_list *list)
{
	road_submission submission = {.size = sizeof(submission), .list = list};
	road_point point;

	CHECK_OK(road_list_close(list));
	CHECK_OK(road_queue_submit(fixture_queue(f), &submission, &point));
	CHECK_OK(road_point_wait(point, SOON));
}

/* ---- boxes ---- */

struct side {
	uint64_t offset, row_pitch, slice_pitch;
};

/* Pitches that cover and an offset, so that all lies in `size` bytes; false: it cannot. */
static bool choose(struct fixture *f, const road_copy_box *b, uint64_t size, struct side *out)
{
	out->row_pitch = b->bytes + model_below(f, 3) * model_below(f, 1 + b->bytes);
	uint64_t slice = (b->rows - 1) * out->row_pitch + b->bytes;

	/* whole rows between slices, or anything */
	out->slice_pitch = model_below(f, 2) ? (b->rows + model_below(f, 3)) * out->row_pitch
					     : slice + model_below(f, 1 + b->bytes);
	uint64_t all = (b->slices - 1) * out->slice_pitch + slice;

	if (all > size)
		return false;
	out->offset = model_below(f, size - all + 1);
	return true;
}

road_copy_box model_random_box(struct fixture *f, const struct model *dst, const struct model *src,
			       uint32_t slices)
{
	const uint64_t least = dst->size < src->size ? dst->size : src->size;
	struct side to, from;
	road_copy_box box;

	do {
		box = (road_copy_box){.size = sizeof(box)};
		box.slices = 1 + (uint32_t)model_below(f, slices);
		box.rows = 1 + (uint32_t)model_below(f, 12);
		box.bytes = 1 + model_below(f, 1 + least / (2 * box.rows * box.slices));
	} while (!choose(f, &box, dst->size, &to) || !choose(f, &box, src->size, &from));
	box.dst_offset = to.offset;
	box.dst_row_pitch = to.row_pitch;
	box.dst_slice_pitch = to.slice_pitch;
	box.src_offset = from.offset;
	box.src_row_pitch = from.row_pitch;
	box.src_slice_pitch = from.slice_pitch;
	return box;
}
