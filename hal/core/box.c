/* SPDX-License-Identifier: Apache-2.0 */
/* Boxes of bytes: whether they fit, whether they meet. Pure in their inputs. */
#include "hal/core/core.h"

uint64_t road_box_span(const road_copy_box *box, uint64_t row_pitch, uint64_t slice_pitch)
{
	unsigned __int128 slice = (unsigned __int128)(box->rows - 1) * row_pitch + box->bytes;
	unsigned __int128 all = (unsigned __int128)(box->slices - 1) * slice_pitch + slice;

	if (box->rows > 1 && row_pitch < box->bytes)
		return UINT64_MAX;
	if (box->slices > 1 && slice_pitch < slice)
		return UINT64_MAX;
	return all > UINT64_MAX - 1 ? UINT64_MAX : (uint64_t)all;
}

/* The nearest steps from -distance: `out` receives up to three of (-count, count). */
static int near_steps(__int128 distance, uint64_t pitch, uint32_t count, __int128 out[3])
{
	__int128 middle = count > 1 ? -distance / pitch : 0;
	int found = 0;

	for (__int128 step = middle - 1; step <= middle + 1; step++)
		if (step < count && -step < count)
			out[found++] = step;
	return found;
}

/* Both sides have these pitches, the destination `distance` above the source: does any row of one
 * meet a row of the other? Rows of other slices than the nearest are further away. */
static bool rows_meet(const road_copy_box *box, __int128 distance)
{
	__int128 slices[3], rows[3];
	int slice_count = near_steps(distance, box->src_slice_pitch, box->slices, slices);

	for (int s = 0; s < slice_count; s++) {
		__int128 rest = distance + slices[s] * box->src_slice_pitch;
		int row_count = near_steps(rest, box->src_row_pitch, box->rows, rows);

		for (int r = 0; r < row_count; r++) {
			__int128 gap = rest + rows[r] * box->src_row_pitch;

			if (gap < box->bytes && -gap < box->bytes)
				return true;
		}
	}
	return false;
}

bool road_box_overlaps(const road_copy_box *box, uint64_t dst, uint64_t src)
{
	__int128 distance = (__int128)dst - src;

	if (distance >= road_box_span(box, box->src_row_pitch, box->src_slice_pitch) ||
	    -distance >= road_box_span(box, box->dst_row_pitch, box->dst_slice_pitch))
		return false;
	if ((box->rows > 1 && box->dst_row_pitch != box->src_row_pitch) ||
	    (box->slices > 1 && box->dst_slice_pitch != box->src_slice_pitch))
		return true; /* or nearly so: not worth the search */
	return rows_meet(box, distance);
}
