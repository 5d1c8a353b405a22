/* SPDX-License-Identifier: Apache-2.0 */
#include "simulators/memory/rows.h"

#include <stdlib.h>
#include <string.h>

static uint64_t count_of(const struct road_rows *rows)
{
	return (uint64_t)rows->rows * rows->slices;
}

/* Offset of a row from the first byte. */
static uint64_t row_at(const struct road_rows *rows, uint64_t pitch, uint64_t row)
{
	return (row / rows->rows * rows->slice_rows + row % rows->rows) * pitch;
}

uint64_t road_rows_extent(const struct road_rows *rows, uint64_t pitch)
{
	unsigned __int128 last = rows->slices - 1u;

	last = (last * rows->slice_rows + rows->rows - 1u) * pitch + rows->bytes;
	return last > UINT64_MAX ? 0 : (uint64_t)last;
}

bool road_rows_fit(const struct road_rows *rows, uint64_t pitch)
{
	return count_of(rows) == 1 || (pitch >= rows->bytes && road_rows_extent(rows, pitch));
}

/* Where the sides overlap and their pitches differ no order of rows is safe. */
static bool copy_staged(const struct road_rows *rows, uint8_t *dst, const uint8_t *src)
{
	uint64_t count = count_of(rows);
	uint8_t *stage = count <= SIZE_MAX / rows->bytes ? malloc(count * rows->bytes) : NULL;

	if (!stage)
		return false;
	for (uint64_t row = 0; row < count; row++)
		memcpy(stage + row * rows->bytes, src + row_at(rows, rows->src_pitch, row),
		       rows->bytes);
	for (uint64_t row = 0; row < count; row++)
		memcpy(dst + row_at(rows, rows->dst_pitch, row), stage + row * rows->bytes,
		       rows->bytes);
	free(stage);
	return true;
}

static bool overlap(const struct road_rows *rows, const uint8_t *dst, const uint8_t *src)
{
	return dst < src + road_rows_extent(rows, rows->src_pitch) &&
	       src < dst + road_rows_extent(rows, rows->dst_pitch);
}

bool road_rows_copy(const struct road_rows *rows, uint8_t *dst, const uint8_t *src)
{
	uint64_t count = count_of(rows);
	bool down = dst > src;

	if (count > 1 && rows->src_pitch != rows->dst_pitch && overlap(rows, dst, src))
		return copy_staged(rows, dst, src);
	for (uint64_t i = 0; i < count; i++) {
		uint64_t row = down ? count - 1 - i : i;

		memmove(dst + row_at(rows, rows->dst_pitch, row),
			src + row_at(rows, rows->src_pitch, row), rows->bytes);
	}
	return true;
}

void road_rows_fill(const struct road_rows *rows, uint8_t *dst, uint64_t value,
		    uint32_t value_bytes)
{
	uint64_t count = count_of(rows);

	for (uint64_t row = 0; row < count; row++) {
		uint8_t *at = dst + row_at(rows, rows->dst_pitch, row);

		if (value_bytes == 1) {
			memset(at, (int)(value & 0xff), rows->bytes);
			continue;
		}
		for (uint64_t i = 0; i < rows->bytes; i += value_bytes)
			memcpy(at + i, &value, value_bytes);
	}
}
