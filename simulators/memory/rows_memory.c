/* SPDX-License-Identifier: Apache-2.0 */
/* Fills that know the memory of a chip: what is zeroed costs nothing until it is touched. */
#include "simulators/memory/rows.h"

void road_rows_fill_memory(struct sim_env *env, const struct road_rows *rows, uint8_t *dst,
			   uint64_t value, uint32_t value_bytes)
{
	const uint64_t bytes = rows->bytes * rows->rows * rows->slices;
	const bool one_piece = bytes == road_rows_extent(rows, rows->dst_pitch);

	if (value || !one_piece || !sim_memory_zero(env, dst, bytes))
		road_rows_fill(rows, dst, value, value_bytes);
}
