/* SPDX-License-Identifier: Apache-2.0 */
/* What the chip says of its memory, its caches and its peak rates. */
#include "simulators/dsa/model.h"

enum { LINE = 128 /* of L2: memory.h */, MADD = 2 /* operations */ };

/* Cores without microcode, which could give the cube what is the vector unit's. */
static void set_vector(struct dsa_chip *chip)
{
	static const struct {
		enum road_peak peak;
		uint32_t bytes, each; /* of an element; operations */
	} rows[] = {
		{ROAD_PEAK_VECTOR_F32, 4, MADD},
		{ROAD_PEAK_VECTOR_F16, 2, MADD},
		{ROAD_PEAK_VECTOR_BF16, 2, MADD},
		{ROAD_PEAK_VECTOR_I32, 4, 1},
	};
	static const char *const made_of[] = {"cores", "clock", "vector", NULL};
	const struct road_dsa_params *p = &chip->params;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		sim_traits_peak(&chip->traits, chip->env, rows[i].peak,
				chip->built_hz * p->cores * p->vector_bytes / rows[i].bytes *
					rows[i].each,
				made_of);
}

/* Multiply-adds that one core's matrix unit finishes in `interval` cycles. */
static uint64_t cube_macs(const struct road_dsa_params *p, uint32_t bytes)
{
	const uint32_t k = p->cube_k_bytes / bytes;

	return p->systolic ? (uint64_t)p->systolic_rows * p->systolic_columns
			   : (uint64_t)p->cube_m * p->cube_n * (k ? k : 1);
}

static void set_matrix(struct dsa_chip *chip)
{
	static const struct {
		enum road_peak peak;
		uint32_t bytes;
	} rows[] = {
		{ROAD_PEAK_MATRIX_F32, 4},
		{ROAD_PEAK_MATRIX_F16, 2},
		{ROAD_PEAK_MATRIX_BF16, 2},
		{ROAD_PEAK_MATRIX_I8, 1},
	};
	static const char *const cube[] = {"cores",  "clock",         "cube_m",          "cube_n",
					   "cube_k", "cube_interval", "cube_f32_factor", NULL};
	static const char *const array[] = {"cores", "clock", "systolic_rows", "systolic_columns",
					    NULL};
	const struct road_dsa_params *p = &chip->params;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const uint32_t bytes = rows[i].bytes;
		const uint64_t interval =
			p->systolic ? 1 : p->cube_interval * (bytes == 4 ? p->cube_f32_factor : 1);

		sim_traits_peak(&chip->traits, chip->env, rows[i].peak,
				chip->built_hz * p->cores * MADD * cube_macs(p, bytes) / interval,
				p->systolic ? array : cube);
	}
}

void dsa_traits_make(struct dsa_chip *chip)
{
	const struct road_dsa_params *p = &chip->params;

	chip->traits = (struct sim_traits){
		.l2_line = LINE,
		.vector_bytes = p->vector_bytes,
		.matrix_units = 1,
		.host_rate = p->system_rate,
	};
	set_vector(chip);
	set_matrix(chip);
}
