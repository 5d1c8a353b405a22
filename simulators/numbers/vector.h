/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operations on rows of 32 lanes, built once per instruction set of the host ("variant"); all
 * variants give the same bits. Rows are bit patterns, 64-byte aligned; d may be a source row.
 */
#ifndef SIMULATORS_NUMBERS_VECTOR_H
#define SIMULATORS_NUMBERS_VECTOR_H

#include <stdbool.h>
#include <stdint.h>

#define ROAD_SIM_LANES 32u

typedef void (*road_sim_unary32)(uint32_t *d, const uint32_t *a, bool ftz);
typedef void (*road_sim_binary32)(uint32_t *d, const uint32_t *a, const uint32_t *b, bool ftz);

struct road_sim_vector_ops {
	const char *name;
	/* approximate functions of f32: the exact value rounded to nearest even */
	road_sim_unary32 ex2, lg2, sine, cosine, tanh, rcp, rsqrt, sqrt;
	road_sim_binary32 div;
	/* f32 with ftz and sat, rounded to nearest even */
	void (*add)(uint32_t *d, const uint32_t *a, const uint32_t *b, bool ftz, bool sat);
	void (*mul)(uint32_t *d, const uint32_t *a, const uint32_t *b, bool ftz, bool sat);
	void (*fma)(uint32_t *d, const uint32_t *a, const uint32_t *b, const uint32_t *c, bool ftz,
		    bool sat);
};

enum road_sim_variant {
	ROAD_SIM_BASE,   /* what every machine of this architecture has */
	ROAD_SIM_AVX2,   /* x86-64-v3 */
	ROAD_SIM_AVX512, /* x86-64-v4 */
	ROAD_SIM_VARIANTS
};

/* The operations of a variant, or NULL where it is not built in or this machine lacks it. */
const struct road_sim_vector_ops *road_sim_vector_ops_of(enum road_sim_variant variant);

/* The variant in use: the widest that the machine has, unless set. */
enum road_sim_variant road_sim_vector_variant(void);
const struct road_sim_vector_ops *road_sim_vector(void);
const char *road_sim_variant_name(enum road_sim_variant variant);

/*
 * Uses this variant ("base", "avx2", "avx512"; NULL: the widest) for what is made from now on;
 * call it before any simulated device exists. False if this machine cannot run it.
 */
bool road_sim_set_vector_variant(const char *name);

#endif
