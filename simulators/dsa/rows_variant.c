/* SPDX-License-Identifier: Apache-2.0 */
#include "simulators/dsa/rows.h"
#include "simulators/numbers/vector.h"

extern const struct dsa_vector_ops dsa_vector_ops_base;
#if defined(__x86_64__) && !defined(ROAD_SIM_ONE_VARIANT)
extern const struct dsa_vector_ops dsa_vector_ops_avx2, dsa_vector_ops_avx512;
#endif

static const struct dsa_vector_ops *const variants[ROAD_SIM_VARIANTS] = {
	[ROAD_SIM_BASE] = &dsa_vector_ops_base,
#if defined(__x86_64__) && !defined(ROAD_SIM_ONE_VARIANT)
	[ROAD_SIM_AVX2] = &dsa_vector_ops_avx2,
	[ROAD_SIM_AVX512] = &dsa_vector_ops_avx512,
#endif
};

const struct dsa_vector_ops *dsa_vector_ops_in_use(void)
{
	return variants[road_sim_vector_variant()];
}
