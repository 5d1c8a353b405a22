/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Peak rates as oracles: loops of nothing but the instruction that a rate is made of come close to
 * the property `peak.*` of their unit and type, and do not exceed it.
 */
#include <roadbed/sim.h>

#include "tests/dsa/run.h"

enum { TURNS = 512, VECTOR = 4096 /* elements: half of UB in words */ };
#define SHAPE(m, n, k) (m | n << 16 | (uint64_t)k << 32)

static const struct kind {
	const char *peak, *kernel;
	uint64_t shape, ops; /* operations of an instruction */
} kinds[] = {
	{"peak.matrix.f16", "peak_m_f16", SHAPE(64, 64, 128), 2 * 64 * 64 * 128},
	{"peak.matrix.bf16", "peak_m_bf16", SHAPE(64, 64, 128), 2 * 64 * 64 * 128},
	{"peak.matrix.i8", "peak_m_s8", SHAPE(64, 64, 256), 2 * 64 * 64 * 256},
	{"peak.matrix.f32", "peak_m_f32", SHAPE(64, 64, 64), 2 * 64 * 64 * 64},
	{"peak.vector.f32", "peak_v_f32", VECTOR, 2 * VECTOR},
	{"peak.vector.f16", "peak_v_f16", VECTOR, 2 * VECTOR},
	{"peak.vector.bf16", "peak_v_bf16", VECTOR, 2 * VECTOR},
	{"peak.vector.i32", "peak_v_s32", VECTOR, VECTOR},
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static uint64_t number_of(const struct fixture *f, const char *name)
{
	road_property property = {.size = sizeof(property)};

	if (road_device_property(f->device, name, &property))
		tell_error(name);
	CU_ASSERT_EQUAL_FATAL(property.type, ROAD_VALUE_U64);
	return property.u64;
}

/* Virtual time of the process. */
static uint64_t now(const struct fixture *f)
{
	uint64_t ns = 0;

	CU_ASSERT_EQUAL(road_sim_time(f->device, &ns, NULL), ROAD_OK);
	return ns;
}

/* A block on each core, launching included. */
static double rate_of(struct fixture *f, const struct kind *kind)
{
	const uint32_t cores = (uint32_t)number_of(f, "compute.units");
	const struct run run = {.file = "device.elf",
				.kernel = kind->kernel,
				.blocks = cores,
				.arguments = {{.number = TURNS}, {.number = kind->shape}},
				.argument_count = 2};
	const uint64_t before = now(f);

	CU_ASSERT_EQUAL_FATAL(run_kernel(f, &run), ROAD_OK);
	return (double)kind->ops * cores * TURNS * 1e9 / (double)(now(f) - before);
}

static void no_kernel_exceeds_its_peak(void)
{
	struct fixture f = setup("sim:dsa-small?time=approx");

	for (uint32_t i = 0; i < KINDS; i++) {
		const double peak = (double)number_of(&f, kinds[i].peak);
		const double rate = rate_of(&f, &kinds[i]);

		printf("# %s: %.4g of %.4g\n", kinds[i].peak, rate, peak);
		CU_ASSERT(rate <= peak);
		CU_ASSERT(rate >= 0.5 * peak); /* else the bound would say little */
	}
	teardown(&f);
}

static void the_cube_counts_multiply_adds(void)
{
	struct fixture f = setup("sim:dsa-small");

	CU_ASSERT_EQUAL(number_of(&f, "compute.cube_macs_per_second") * 2,
			number_of(&f, "peak.matrix.f16"));
	teardown(&f);
}

static const struct tap_case cases[] = {
	{"loops of one instruction come close to its peak rate, and not above",
	 no_kernel_exceeds_its_peak},
	{"the cube's rate is the peak's in multiply-adds", the_cube_counts_multiply_adds},
};

TAP_MAIN(cases)
