/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast one core multiplies with data: billions of multiply-adds a second of the host, for each
 * type and variant. A calibration loop stands beside it, so that runs on other hosts compare.
 */
#include "tests/unit/sim_dsa/rig.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "simulators/numbers/vector.h"

enum { RUNS = 5, PRODUCTS = 400 };

static struct rig rig;

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now); /* others may run beside it */
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* A chain of dependent additions: seconds for 2^26 of them. */
static double calibrate(void)
{
	double start = seconds();
	volatile double sum = 0;

	for (uint32_t i = 0; i < 1u << 26; i++)
		sum = sum + 1.0;
	return seconds() - start;
}

/* mmad of one shape, over and over; UB is not touched. */
static void emit(uint32_t type, uint64_t m, uint64_t n, uint64_t k)
{
	rig_load(&rig, 1, PRODUCTS);
	rig_load(&rig, 2, m | n << 16 | k << 32);
	rig_emit(&rig, ROAD_DSA_OP_mmad, type, 0, 0, 0)->c = 2;
	EMIT(&rig, loop, 1, 0, 0)->imm = -1;
	EMIT(&rig, end, 0, 0, 0);
}

static double run(uint32_t type, uint64_t k, bool hazards)
{
	double best = 1e9;

	for (int i = 0; i < RUNS; i++) {
		double start;

		rig_init(&rig);
		rig.no_hazards = !hazards;
		rig.params.pad_bytes[ROAD_DSA_PAD_L0A] = 65536;
		rig.params.pad_bytes[ROAD_DSA_PAD_L0B] = 65536;
		rig.params.pad_bytes[ROAD_DSA_PAD_L0C] = 131072;
		emit(type, 128, 128, k);
		start = seconds();
		if (rig_run(&rig) != DSA_CORE_DONE)
			return 0;
		start = seconds() - start;
		best = start < best ? start : best;
	}
	return 128.0 * 128.0 * (double)k * PRODUCTS / best / 1e9;
}

int main(void)
{
	static const struct {
		const char *name;
		uint32_t type;
		uint64_t k;
	} rows[] = {{"f16", ROAD_DSA_TYPE_F16, 128},
		    {"s8", ROAD_DSA_TYPE_S8, 256},
		    {"bf16", ROAD_DSA_TYPE_BF16, 128},
		    {"f32", ROAD_DSA_TYPE_F32, 64}};

	printf("calibration %.3f s for 2^26 additions\n", calibrate());
	for (unsigned v = 0; v < ROAD_SIM_VARIANTS; v++) {
		const char *variant = road_sim_variant_name((enum road_sim_variant)v);

		if (!road_sim_set_vector_variant(variant)) {
			printf("%s: not on this machine\n", variant);
			continue;
		}
		for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
			printf("%-7s %-5s %7.2f GMAC/s, with hazard checker %7.2f\n", variant,
			       rows[i].name, run(rows[i].type, rows[i].k, false),
			       run(rows[i].type, rows[i].k, true));
	}
	rig_free(&rig);
	return 0;
}
