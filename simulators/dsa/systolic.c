/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cycles of a systolic array, in closed form. tests/unit/sim_dsa/test_systolic.c derives them
 * from an array that is simulated cell by cell.
 *
 * Weight-stationary: for each R x C piece of the weights, R cycles to shift it in, then M rows of
 * activations enter skewed; the last sum leaves M + R + C - 2 cycles later. Output-stationary: for
 * each R x C piece of the result, the last cell adds its last product after K + R + C - 2 cycles;
 * that the sums are then read is not counted. Pieces do not overlap.
 */
#include "simulators/dsa/internal.h"

uint64_t dsa_systolic_cycles(enum road_dsa_dataflow dataflow, uint64_t rows, uint64_t columns,
			     uint64_t m, uint64_t n, uint64_t k)
{
	if (dataflow == ROAD_DSA_WEIGHT_STATIONARY)
		return dsa_ceil(k, rows) * dsa_ceil(n, columns) * (m + 2 * rows + columns - 2);
	return dsa_ceil(m, rows) * dsa_ceil(n, columns) * (k + rows + columns - 2);
}
