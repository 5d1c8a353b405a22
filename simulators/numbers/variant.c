/* SPDX-License-Identifier: Apache-2.0 */
#include "simulators/numbers/vector.h"

#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

extern const struct road_sim_vector_ops road_sim_vector_ops_base;
#if defined(__x86_64__) && !defined(ROAD_SIM_ONE_VARIANT)
extern const struct road_sim_vector_ops road_sim_vector_ops_avx2;
extern const struct road_sim_vector_ops road_sim_vector_ops_avx512;

static bool has_avx2(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
	       __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
	       __builtin_cpu_supports("popcnt");
}

static bool has_avx512(void)
{
	return has_avx2() && __builtin_cpu_supports("avx512f") &&
	       __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd") &&
	       __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
#endif

static bool has_base(void)
{
	return true;
}

static const struct {
	const char *name;
	const struct road_sim_vector_ops *ops;
	bool (*has)(void);
} variants[ROAD_SIM_VARIANTS] = {
	[ROAD_SIM_BASE] = {"base", &road_sim_vector_ops_base, has_base},
#if defined(__x86_64__) && !defined(ROAD_SIM_ONE_VARIANT)
	[ROAD_SIM_AVX2] = {"avx2", &road_sim_vector_ops_avx2, has_avx2},
	[ROAD_SIM_AVX512] = {"avx512", &road_sim_vector_ops_avx512, has_avx512},
#else
	[ROAD_SIM_AVX2] = {"avx2", NULL, has_base},
	[ROAD_SIM_AVX512] = {"avx512", NULL, has_base},
#endif
};

/* What a program forced, plus one; 0: nothing. It selects code, never a result. */
static atomic_uint forced;

const struct road_sim_vector_ops *road_sim_vector_ops_of(enum road_sim_variant variant)
{
	if ((unsigned)variant >= ROAD_SIM_VARIANTS || !variants[variant].has())
		return NULL;
	return variants[variant].ops;
}

const char *road_sim_variant_name(enum road_sim_variant variant)
{
	return (unsigned)variant < ROAD_SIM_VARIANTS ? variants[variant].name : "?";
}

enum road_sim_variant road_sim_vector_variant(void)
{
	unsigned choice = atomic_load_explicit(&forced, memory_order_relaxed);

	if (choice)
		return (enum road_sim_variant)(choice - 1);
	choice = ROAD_SIM_VARIANTS - 1;
	while (choice > 0 && !road_sim_vector_ops_of((enum road_sim_variant)choice))
		choice--;
	return (enum road_sim_variant)choice;
}

const struct road_sim_vector_ops *road_sim_vector(void)
{
	return road_sim_vector_ops_of(road_sim_vector_variant());
}

bool road_sim_set_vector_variant(const char *name)
{
	unsigned choice = 0;

	if (name) {
		while (choice < ROAD_SIM_VARIANTS && strcmp(variants[choice].name, name))
			choice++;
		if (!road_sim_vector_ops_of((enum road_sim_variant)choice))
			return false;
		choice++;
	}
	atomic_store_explicit(&forced, choice, memory_order_relaxed);
	return true;
}
