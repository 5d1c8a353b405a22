/* SPDX-License-Identifier: Apache-2.0 */
/* What the chip says of its memory, its caches and its peak rates. */
#include "simulators/gpu/model.h"

enum { WORD = 4, FMA = 2 /* operations */, DOT4 = 8 };

/* A second, all SMs: a warp's instruction takes a sub-core's unit for whole cycles. */
static uint64_t lanes_rate(const struct gpu_chip *chip, enum road_gpu_unit unit, uint64_t each)
{
	const struct road_gpu_params *p = &chip->params;
	const uint32_t cycles = (ROAD_GPU_WARP_LANES + p->lanes[unit] - 1) / p->lanes[unit];
	const uint64_t warps = (uint64_t)p->sm_count * p->subcores * chip->built_khz * 1000;

	return warps * ROAD_GPU_WARP_LANES * each / cycles;
}

static uint32_t capability(const struct gpu_chip *chip)
{
	return chip->params.compute_major * 10 + chip->params.compute_minor;
}

/* `since`, here and below: the compute capability from which on the hardware has the type. */
static void set_vector(struct gpu_chip *chip)
{
	static const struct {
		enum road_peak peak;
		enum road_gpu_unit unit;
		uint32_t each; /* operations of a lane's instruction */
		uint32_t since;
		const char *lanes;
	} rows[] = {
		{ROAD_PEAK_VECTOR_F64, ROAD_GPU_UNIT_FP64, FMA, 13, "fp64_lanes"},
		{ROAD_PEAK_VECTOR_F32, ROAD_GPU_UNIT_FP32, FMA, 0, "fp32_lanes"},
		{ROAD_PEAK_VECTOR_F16, ROAD_GPU_UNIT_FP16, 2 * FMA, 53, "fp16_lanes"}, /* pairs */
		{ROAD_PEAK_VECTOR_BF16, ROAD_GPU_UNIT_FP16, 2 * FMA, 80, "fp16_lanes"},
		{ROAD_PEAK_VECTOR_I32, ROAD_GPU_UNIT_INT, FMA, 0, "int_lanes"},
		{ROAD_PEAK_VECTOR_I8, ROAD_GPU_UNIT_INT, DOT4, 61, "int_lanes"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (capability(chip) >= rows[i].since)
			sim_traits_peak(&chip->traits, chip->env, rows[i].peak,
					lanes_rate(chip, rows[i].unit, rows[i].each),
					(const char *const[]){"sm_count", "subcores", "clock",
							      rows[i].lanes, NULL});
}

/* Against f16, as in decode.c. */
static void set_matrix(struct gpu_chip *chip)
{
	static const struct {
		enum road_peak peak;
		uint32_t sixteenths, since;
	} rows[] = {
		{ROAD_PEAK_MATRIX_F16, 16, 70},  {ROAD_PEAK_MATRIX_I8, 32, 72},
		{ROAD_PEAK_MATRIX_BF16, 16, 80}, {ROAD_PEAK_MATRIX_TF32, 8, 80},
		{ROAD_PEAK_MATRIX_F64, 1, 80},
	};
	static const char *const made_of[] = {"sm_count", "subcores", "clock", "tensor_fmas", NULL};
	const struct road_gpu_params *p = &chip->params;
	const uint64_t f16 =
		(uint64_t)p->sm_count * p->subcores * p->tensor_fmas * FMA * chip->built_khz * 1000;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (capability(chip) >= rows[i].since)
			sim_traits_peak(&chip->traits, chip->env, rows[i].peak,
					f16 / 16 * rows[i].sixteenths, made_of);
}

void road_gpu_traits_make(struct gpu_chip *chip)
{
	const struct road_gpu_params *p = &chip->params;

	chip->traits = (struct sim_traits){
		.l1_bytes = p->l1_bytes,
		.l1_line = ROAD_GPU_LINE_BYTES,
		.l2_line = ROAD_GPU_LINE_BYTES,
		.register_bytes = p->registers_per_sm * WORD,
		.vector_bytes = p->lanes[ROAD_GPU_UNIT_FP32] * WORD,
		.matrix_units = p->subcores,
		.host_rate = p->bus_rate,
	};
	set_vector(chip);
	set_matrix(chip);
}
