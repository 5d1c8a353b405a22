/* SPDX-License-Identifier: Apache-2.0 */
#include <roadbed-driver/copy.h>

static bool fits32(uint64_t a, uint64_t b)
{
	return a <= UINT32_MAX && b <= UINT32_MAX;
}

/* Rows between slices, the same whole number on both sides; 0: there is none. */
static uint32_t common_rows(const struct road_cmd_copy *copy)
{
	uint64_t rows = copy->dst_slice_pitch / copy->dst_row_pitch;

	if (rows > UINT32_MAX || copy->dst_slice_pitch % copy->dst_row_pitch ||
	    copy->src_slice_pitch % copy->src_row_pitch ||
	    copy->src_slice_pitch / copy->src_row_pitch != rows)
		return 0;
	return (uint32_t)rows;
}

/* Drops dimensions that are none: one row a slice, or rows that follow each other closely. */
static struct road_cmd_copy flatten(struct road_cmd_copy copy)
{
	bool tight = copy.dst_row_pitch == copy.bytes && copy.src_row_pitch == copy.bytes;

	if (copy.rows > 1 && tight && copy.bytes <= UINT64_MAX / copy.rows) {
		copy.bytes *= copy.rows;
		copy.rows = 1;
	}
	if (copy.rows == 1 && copy.slices > 1) {
		copy.rows = copy.slices;
		copy.dst_row_pitch = copy.dst_slice_pitch;
		copy.src_row_pitch = copy.src_slice_pitch;
		copy.slices = 1;
		tight = copy.dst_row_pitch == copy.bytes && copy.src_row_pitch == copy.bytes;
		if (tight && copy.bytes <= UINT64_MAX / copy.rows) {
			copy.bytes *= copy.rows;
			copy.rows = 1;
		}
	}
	return copy;
}

/* Packets of slices, one for each row. */
static void by_slices(const struct road_cmd_copy *copy, struct road_copy_plan *plan)
{
	plan->rows = copy->slices;
	plan->dst_pitch = (uint32_t)copy->dst_slice_pitch;
	plan->src_pitch = (uint32_t)copy->src_slice_pitch;
	plan->outer = copy->rows;
	plan->dst_step = copy->dst_row_pitch;
	plan->src_step = copy->src_row_pitch;
}

/* Packets of rows, for all slices or for each; where pitches are too large, one for each row. */
static void by_rows(const struct road_cmd_copy *copy, bool fit, struct road_copy_plan *plan)
{
	plan->dst_step = copy->dst_slice_pitch;
	plan->src_step = copy->src_slice_pitch;
	if (plan->slice_rows)
		plan->slices = copy->slices;
	else
		plan->outer = copy->slices;
	if (copy->rows > 1 && !fit) {
		plan->middle = copy->rows;
		plan->dst_middle = copy->dst_row_pitch;
		plan->src_middle = copy->src_row_pitch;
	} else if (copy->rows > 1) {
		plan->rows = copy->rows;
		plan->dst_pitch = (uint32_t)copy->dst_row_pitch;
		plan->src_pitch = (uint32_t)copy->src_row_pitch;
	}
}

void road_copy_plan_make(const struct road_cmd_copy *command, struct road_copy_plan *out)
{
	struct road_cmd_copy copy = flatten(*command);
	bool rows_fit = fits32(copy.dst_row_pitch, copy.src_row_pitch);
	bool slices_fit = fits32(copy.dst_slice_pitch, copy.src_slice_pitch);

	*out = (struct road_copy_plan){
		.bytes = copy.bytes, .rows = 1, .slices = 1, .outer = 1, .middle = 1};
	if (copy.slices > 1 && rows_fit)
		out->slice_rows = common_rows(&copy);
	if (copy.slices > 1 && !out->slice_rows && slices_fit &&
	    (!rows_fit || copy.rows < copy.slices))
		by_slices(&copy, out);
	else
		by_rows(&copy, rows_fit, out);
}
