/* SPDX-License-Identifier: Apache-2.0 */
#include "simulators/numbers/vector.h"
#include "simulators/rpu/fabric/rows.h"

extern const struct rpu_row_ops rpu_row_ops_base;
#if defined(__x86_64__) && !defined(ROAD_SIM_ONE_VARIANT)
extern const struct rpu_row_ops rpu_row_ops_avx2, rpu_row_ops_avx512;
#endif

static const struct rpu_row_ops *const variants[ROAD_SIM_VARIANTS] = {
	[ROAD_SIM_BASE] = &rpu_row_ops_base,
#if defined(__x86_64__) && !defined(ROAD_SIM_ONE_VARIANT)
	[ROAD_SIM_AVX2] = &rpu_row_ops_avx2,
	[ROAD_SIM_AVX512] = &rpu_row_ops_avx512,
#endif
};

const struct rpu_row_ops *rpu_row_ops_in_use(void)
{
	return variants[road_sim_vector_variant()];
}
