/* SPDX-License-Identifier: Apache-2.0 */
/* Copies and fills of rows: `rows` of `bytes`, slices deep, each side with a pitch of its own. */
#ifndef SIMULATORS_MEMORY_ROWS_H
#define SIMULATORS_MEMORY_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include <roadbed-sim/model.h>

struct road_rows {
	uint64_t bytes;                /* of a row; at least 1 */
	uint32_t rows, slices;         /* at least 1 */
	uint32_t slice_rows;           /* from slice to slice, in rows; where slices > 1 */
	uint64_t dst_pitch, src_pitch; /* from row to row; where there is more than one */
};

/* Bytes from the first to the last of a side; 0: more than there are addresses. */
uint64_t road_rows_extent(const struct road_rows *rows, uint64_t pitch);
/* Do the rows of a side lie one behind the other, without overlap? */
bool road_rows_fit(const struct road_rows *rows, uint64_t pitch);

/* Both sides are whole extents. As if the source was read first; false: no memory for that. */
bool road_rows_copy(const struct road_rows *rows, uint8_t *dst, const uint8_t *src);
/* value's low value_bytes (1, 2, 4, 8; rows->bytes is a multiple) over and over. */
void road_rows_fill(const struct road_rows *rows, uint8_t *dst, uint64_t value,
		    uint32_t value_bytes);

/* The same in a chip's memory, or in what it sees of the host's. */
void road_rows_fill_memory(struct sim_env *env, const struct road_rows *rows, uint8_t *dst,
			   uint64_t value, uint32_t value_bytes);

#endif
