/* SPDX-License-Identifier: Apache-2.0 */
/* A plan's packets copy exactly the runs of bytes that the box has, whatever its pitches. */
#include <roadbed-driver/copy.h>
#include <stdlib.h>

#include "tests/support/tap.h"

enum { RUNS = 64 };

/* Bytes that follow each other on both sides. */
struct run {
	uint64_t dst, src, bytes;
};

static int compare(const void *a, const void *b)
{
	const struct run *x = a, *y = b;

	return x->dst != y->dst ? (x->dst < y->dst ? -1 : 1)
				: (x->src > y->src) - (x->src < y->src);
}

/* In order, those that continue one another as one. */
static uint32_t merged(struct run *runs, uint32_t count)
{
	uint32_t kept = 0;

	qsort(runs, count, sizeof(*runs), compare);
	for (uint32_t i = 0; i < count; i++) {
		struct run *last = kept ? &runs[kept - 1] : NULL;

		if (last && last->dst + last->bytes == runs[i].dst &&
		    last->src + last->bytes == runs[i].src)
			last->bytes += runs[i].bytes;
		else
			runs[kept++] = runs[i];
	}
	return kept;
}

static uint32_t runs_of_box(const struct road_cmd_copy *box, struct run *out)
{
	uint32_t count = 0;

	for (uint64_t s = 0; s < box->slices; s++)
		for (uint64_t r = 0; r < box->rows; r++)
			out[count++] = (struct run){
				s * box->dst_slice_pitch + r * box->dst_row_pitch,
				s * box->src_slice_pitch + r * box->src_row_pitch, box->bytes};
	return merged(out, count);
}

static uint32_t runs_of_plan(const struct road_copy_plan *plan, struct run *out)
{
	uint64_t slice_dst = (uint64_t)plan->slice_rows * plan->dst_pitch;
	uint64_t slice_src = (uint64_t)plan->slice_rows * plan->src_pitch;
	uint32_t count = 0;

	for (uint64_t i = 0; i < road_copy_packets(plan); i++)
		for (uint64_t s = 0; s < plan->slices; s++)
			for (uint64_t r = 0; r < plan->rows; r++) {
				CU_ASSERT_FATAL(count < RUNS);
				out[count++] = (struct run){road_copy_dst(plan, i) + s * slice_dst +
								    r * plan->dst_pitch,
							    road_copy_src(plan, i) + s * slice_src +
								    r * plan->src_pitch,
							    plan->bytes};
			}
	return merged(out, count);
}

static void check(const struct road_cmd_copy *box)
{
	struct run wanted[RUNS], got[RUNS];
	struct road_copy_plan plan;

	road_copy_plan_make(box, &plan);
	uint32_t count = runs_of_box(box, wanted);
	bool same = runs_of_plan(&plan, got) == count;

	for (uint32_t i = 0; same && i < count; i++)
		same = !compare(&wanted[i], &got[i]) && wanted[i].bytes == got[i].bytes;
	CU_ASSERT(same);
}

/* What a pitch covers, and steps more: none, some bytes, beyond 32 bits. */
static const uint64_t steps[] = {0, 24, UINT64_C(1) << 33};
enum { STEPS = 3 };

static void check_pitches(uint32_t rows, uint32_t slices)
{
	for (int i = 0; i < STEPS * STEPS * STEPS * STEPS; i++) {
		struct road_cmd_copy box = {.bytes = 8, .rows = rows, .slices = slices};

		box.dst_row_pitch = 8 + steps[i % STEPS];
		box.src_row_pitch = 8 + steps[i / STEPS % STEPS];
		box.dst_slice_pitch = rows * box.dst_row_pitch + steps[i / 9 % STEPS];
		box.src_slice_pitch = rows * box.src_row_pitch + steps[i / 27];
		check(&box);
		/* the same whole number of rows on both sides */
		box.dst_slice_pitch = 7 * box.dst_row_pitch;
		box.src_slice_pitch = 7 * box.src_row_pitch;
		check(&box);
	}
}

static void packets_copy_what_the_box_has(void)
{
	for (uint32_t rows = 1; rows <= 5; rows++)
		for (uint32_t slices = 1; slices <= 5; slices++)
			check_pitches(rows, slices);
}

/* A plan that is right but moves single rows where one packet could do it all is none. */
static void pitches_of_32_bits_take_one_packet(void)
{
	const struct road_cmd_copy box = {.bytes = 8,
					  .rows = 5,
					  .slices = 4,
					  .dst_row_pitch = 16,
					  .src_row_pitch = 32,
					  .dst_slice_pitch = 7 * 16,
					  .src_slice_pitch = 7 * 32};
	struct road_copy_plan plan;

	road_copy_plan_make(&box, &plan);
	CU_ASSERT_EQUAL(road_copy_packets(&plan), 1);
}

static const struct tap_case cases[] = {
	{"packets copy what the box has", packets_copy_what_the_box_has},
	{"pitches of 32 bits take one packet", pitches_of_32_bits_take_one_packet},
};

TAP_MAIN(cases)
