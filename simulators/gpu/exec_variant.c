/* SPDX-License-Identifier: Apache-2.0 */
#include "simulators/gpu/exec.h"
#include "simulators/numbers/vector.h"

extern const struct road_gpu_variant road_gpu_variant_base;
#if defined(__x86_64__) && !defined(ROAD_SIM_ONE_VARIANT)
extern const struct road_gpu_variant road_gpu_variant_avx2, road_gpu_variant_avx512;
#endif

static const struct road_gpu_variant *const variants[ROAD_SIM_VARIANTS] = {
	[ROAD_SIM_BASE] = &road_gpu_variant_base,
#if defined(__x86_64__) && !defined(ROAD_SIM_ONE_VARIANT)
	[ROAD_SIM_AVX2] = &road_gpu_variant_avx2,
	[ROAD_SIM_AVX512] = &road_gpu_variant_avx512,
#endif
};

const struct road_gpu_variant *road_gpu_variant_in_use(void)
{
	return variants[road_sim_vector_variant()];
}
