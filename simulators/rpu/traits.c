/* SPDX-License-Identifier: Apache-2.0 */
/* What the chip says of its memory, its fabrics and its peak rates. */
#include <stdio.h>

#include "simulators/rpu/model.h"

enum { WORD = 4 };

/* The best of an element: operations of the types' ops (uapi/rpu/ops.def), by the op's class. */
static const struct ops {
	enum road_peak peak;
	const char *names[4]; /* of the classes' parameters */
	struct {
		uint8_t class, each; /* each: operations of one op; 0: no more */
	} ops[4];
} elements[] = {
	{ROAD_PEAK_VECTOR_F32,
	 {"fma", "fadd", "fmul"},
	 {{ROAD_RPU_CLASS_FMA, 2}, {ROAD_RPU_CLASS_FADD, 1}, {ROAD_RPU_CLASS_FMUL, 1}}},
	{ROAD_PEAK_VECTOR_F16,
	 {"fma", "dot", "fadd", "fmul"},
	 {{ROAD_RPU_CLASS_FMA, 4},
	  {ROAD_RPU_CLASS_DOT, 4},
	  {ROAD_RPU_CLASS_FADD, 2},
	  {ROAD_RPU_CLASS_FMUL, 2}}},
	{ROAD_PEAK_VECTOR_BF16,
	 {"fma", "dot", "fadd", "fmul"},
	 {{ROAD_RPU_CLASS_FMA, 4},
	  {ROAD_RPU_CLASS_DOT, 4},
	  {ROAD_RPU_CLASS_FADD, 2},
	  {ROAD_RPU_CLASS_FMUL, 2}}},
	{ROAD_PEAK_VECTOR_I32, {"mul", "alu"}, {{ROAD_RPU_CLASS_MUL, 2}, {ROAD_RPU_CLASS_ALU, 1}}},
	{ROAD_PEAK_VECTOR_I8, {"dot", "alu"}, {{ROAD_RPU_CLASS_DOT, 8}, {ROAD_RPU_CLASS_ALU, 4}}},
};

/* Of all elements, at the class of op that does the most; *best: which. */
static uint64_t element_rate(const struct rpu_chip *chip, const struct ops *of, uint32_t *best)
{
	const struct road_rpu_params *p = &chip->params;
	const uint32_t *cycles = p->stepwise ? p->cost : p->interval;
	const uint64_t all = chip->built_hz * p->tiles * p->rows * p->columns;
	uint64_t rate = 0;

	for (uint32_t i = 0; i < 4 && of->ops[i].each; i++) {
		const uint64_t one = all * of->ops[i].each / cycles[of->ops[i].class];

		if (one <= rate)
			continue;
		rate = one;
		*best = i;
	}
	return rate;
}

static void set_vector(struct rpu_chip *chip)
{
	for (size_t i = 0; i < sizeof(elements) / sizeof(elements[0]); i++) {
		uint32_t best = 0;
		const uint64_t rate = element_rate(chip, &elements[i], &best);
		char class[32];

		snprintf(class, sizeof(class), "%s_%s", elements[i].names[best],
			 chip->params.stepwise ? "cost" : "interval");
		sim_traits_peak(
			&chip->traits, chip->env, elements[i].peak, rate,
			(const char *const[]){"tiles", "clock", "rows", "columns", class, NULL});
	}
}

/* NEUR takes as long whatever the type. */
static void set_matrix(struct rpu_chip *chip)
{
	static const enum road_peak peaks[] = {ROAD_PEAK_MATRIX_F16, ROAD_PEAK_MATRIX_BF16,
					       ROAD_PEAK_MATRIX_I8};
	static const char *const made_of[] = {"tiles", "clock", "neur", "neur_side", NULL};
	const struct road_rpu_params *p = &chip->params;
	const uint64_t side = p->neur_side, macs = side * side * side;

	for (size_t i = 0; p->neur && i < sizeof(peaks) / sizeof(peaks[0]); i++)
		sim_traits_peak(&chip->traits, chip->env, peaks[i],
				chip->built_hz * p->tiles * macs * 2, made_of);
}

void rpu_traits_make(struct rpu_chip *chip)
{
	const struct road_rpu_params *p = &chip->params;

	chip->traits = (struct sim_traits){
		.register_bytes = p->rows * p->columns * p->registers * WORD,
		.vector_bytes = WORD,
		.matrix_units = p->neur,
		.host_rate = p->system_rate,
		.link_rate = p->link_rate * chip->built_hz,
	};
	set_vector(chip);
	set_matrix(chip);
}
