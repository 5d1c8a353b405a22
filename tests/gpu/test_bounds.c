/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What holds for any kernel on any chip: nothing is faster than the chip's rates, bytes balance
 * between levels, each resident warp-cycle is an issue or a stall, and a better chip is not slower.
 * nvcc's nine kernels on chips with random parameters; the seed is printed, and
 * ROADBED_TEST_SEED=N repeats it.
 */
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>

#include "tests/gpu/workload.h"

enum { CHIPS = 3, LANES = 32, SECTOR = 32, MMA_FMAS = 16 * 8 * 16 };

static const char *const kernels[] = {"vecadd",     "saxpy",     "transpose",
				      "gemm_tiled", "softmax",   "reduce_shfl",
				      "histogram",  "layernorm", "mma_gemm"};

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

static uint64_t seed_of_run(void)
{
	const char *text = getenv("ROADBED_TEST_SEED");
	uint64_t seed = text ? strtoull(text, NULL, 0) : 20261128;

	printf("# ROADBED_TEST_SEED=%" PRIu64 "\n", seed);
	return seed;
}

static uint64_t state;

static uint32_t random_below(uint32_t n)
{
	state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)((state >> 33) * n >> 31);
}

/* A parameter that chips differ in: a value from low to high, and what makes it better. */
struct knob {
	const char *name;
	uint32_t low, high;
	bool more; /* is better; else less */
};

static const struct knob knobs[] = {
	{"sm_count", 2, 24, true},
	{"dram_rate", 8, 200, true},
	{"l2_slice_rate", 8, 128, true},
	{"network_reply_rate", 8, 128, true},
	{"network_request_rate", 8, 128, true},
	{"fp32_lanes", 2, 16, true},
	{"l1_miss_registers", 8, 128, true},
	{"dram_latency", 20, 400, false},
	{"l2_latency", 10, 200, false},
	{"l1_latency", 8, 60, false},
	{"fma_latency", 2, 20, false},
	{"alu_latency", 2, 20, false},
};
enum { KNOBS = COUNT_OF(knobs) };

struct chip {
	uint32_t value[KNOBS];
};

static struct chip random_chip(void)
{
	struct chip chip;

	for (uint32_t k = 0; k < KNOBS; k++)
		chip.value[k] = knobs[k].low + random_below(knobs[k].high - knobs[k].low + 1);
	return chip;
}

/* Rows that are open or not, and what a full cache or a second partition keeps, hang on the order
 * of arrival, which any change of speed changes: an anomaly of real chips too, left out here. */
static void name_chip(const struct chip *chip, bool plain, char *out, size_t room)
{
	int used = snprintf(out, room, "sim:gpu-small?time=approx%s",
			    plain ? "&dram_activate=0&dram_precharge=0&l2_partitions=1" : "");

	for (uint32_t k = 0; k < KNOBS; k++)
		used += snprintf(out + used, room - (size_t)used, "&%s=%u", knobs[k].name,
				 chip->value[k]);
}

/* A chip's parameter as it is in force, in the file's unit. */
static double parameter(const struct fixture *f, const char *name)
{
	road_sim_parameter p = {.size = sizeof(p)};

	for (uint32_t i = 0; !road_sim_parameter_get(f->device, i, &p); i++)
		if (!strcmp(p.name, name))
			return strtod(p.value, NULL);
	printf("# no parameter %s\n", name);
	CU_FAIL("parameter");
	return 0;
}

static void at_most(const char *kernel, const char *address, const char *what, double seen,
		    double most)
{
	CU_ASSERT(seen <= most);
	if (seen > most)
		printf("# %s on %s: %s %.0f, at most %.0f\n", kernel, address, what, seen, most);
}

static double count(const struct fixture *f, const char *counter)
{
	return (double)counter_of(f, counter);
}

static double cycles_of(const struct fixture *f)
{
	/* GHz times ps: thousands of cycles */
	return count(f, "gpu.launch_ps") / 1000 * parameter(f, "clock") / 1000;
}

/* What a cycle can do of each kind, times cycles, bounds what was done. */
static void check_roofline(const struct fixture *f, const char *kernel, const char *address)
{
	double cycles = cycles_of(f), sms = parameter(f, "sm_count"),
	       sub = sms * parameter(f, "subcores");
	double dram = parameter(f, "dram_rate") * 1000 / parameter(f, "clock"); /* bytes a cycle */
	double slices = parameter(f, "l2_slices");

	at_most(kernel, address, "warp instructions", count(f, "gpu.warp_instructions"),
		sub * cycles);
	at_most(kernel, address, "fp32 operations", count(f, "gpu.unit.fp32") * LANES,
		parameter(f, "fp32_lanes") * sub * cycles);
	at_most(kernel, address, "integer operations", count(f, "gpu.unit.int") * LANES,
		parameter(f, "int_lanes") * sub * cycles);
	at_most(kernel, address, "special operations", count(f, "gpu.unit.special") * LANES,
		parameter(f, "special_lanes") * sub * cycles);
	at_most(kernel, address, "loads and stores", count(f, "gpu.unit.ldst") * LANES,
		parameter(f, "ldst_lanes") * sms * cycles);
	at_most(kernel, address, "multiplications of matrices",
		strcmp(kernel, "mma_gemm") ? 0 : count(f, "gpu.unit.tensor") * MMA_FMAS,
		parameter(f, "tensor_fmas") * sub * cycles);
	at_most(kernel, address, "bytes read from memory", count(f, "gpu.dram.read_bytes"),
		dram * cycles);
	at_most(kernel, address, "bytes of the second level", count(f, "gpu.l2.reads") * SECTOR,
		slices * parameter(f, "l2_partitions") * parameter(f, "l2_slice_rate") * cycles);
	at_most(kernel, address, "bytes through the SMs' ports", count(f, "gpu.l2.reads") * SECTOR,
		sms * parameter(f, "network_reply_rate") * cycles);
}

/* Each level asks the next for exactly what it misses. */
static void check_bytes(const struct fixture *f)
{
	uint64_t sum = counter_of(f, "gpu.timing.warp_instructions");
	static const char *const stalls[] = {"gpu.stall.barrier", "gpu.stall.memory",
					     "gpu.stall.dependence", "gpu.stall.unit",
					     "gpu.stall.not_selected"};

	for (uint32_t i = 0; i < COUNT_OF(stalls); i++)
		sum += counter_of(f, stalls[i]);
	CU_ASSERT_EQUAL(sum, counter_of(f, "gpu.timing.resident_warp_cycles"));
	CU_ASSERT_EQUAL(counter_of(f, "gpu.l1.misses"),
			counter_of(f, "gpu.l2.reads") + counter_of(f, "gpu.system.reads"));
	CU_ASSERT_EQUAL(counter_of(f, "gpu.l2.reads"), counter_of(f, "gpu.l2.near_hits") +
							       counter_of(f, "gpu.l2.far_hits") +
							       counter_of(f, "gpu.l2.misses"));
	CU_ASSERT_EQUAL(counter_of(f, "gpu.dram.read_bytes"),
			SECTOR * counter_of(f, "gpu.l2.misses"));
	CU_ASSERT_EQUAL(counter_of(f, "gpu.dram.written_bytes"),
			SECTOR * counter_of(f, "gpu.l2.write_backs"));
	CU_ASSERT(counter_of(f, "gpu.l2.write_backs") <=
		  counter_of(f, "gpu.l2.writes") + counter_of(f, "gpu.l2.atomics"));
}

static double run_on(const struct chip *chip, bool plain, const char *kernel)
{
	char address[600];

	name_chip(chip, plain, address, sizeof(address));
	struct fixture f = setup(address);

	workload_run(&f, workload_find(kernel));
	check_roofline(&f, kernel, address);
	check_bytes(&f);
	double cycles = cycles_of(&f);

	teardown(&f);
	return cycles;
}

static void nothing_is_faster_than_the_chip_and_bytes_balance(void)
{
	state = seed_of_run();
	for (uint32_t n = 0; n < CHIPS; n++) {
		const struct chip chip = random_chip();

		for (uint32_t k = 0; k < COUNT_OF(kernels); k++)
			CU_ASSERT(run_on(&chip, false, kernels[k]) > 0);
	}
}

/* Twice as much of it, or half, within what chips have. */
static struct chip better(struct chip chip, uint32_t k)
{
	uint32_t v = chip.value[k];

	chip.value[k] = knobs[k].more ? 2 * v : v / 2 > 1 ? v / 2 : 2;
	return chip;
}

/*
 * A single kernel may lose a little: which warp comes first decides what the first level still
 * holds and which warp of a workgroup is last, and any change of speed changes who comes first
 * (Graham's anomalies, which real chips have; a tenth was the most in 750 pairs). So each kernel is
 * held to ANOMALY, and all together, geometrically, to not being slower.
 */
#define ANOMALY  1.15
#define TOGETHER 1.01

static double gain_of_all(uint32_t k, uint32_t *faster)
{
	double logs = 0;

	for (uint32_t n = 0; n < COUNT_OF(kernels); n++) {
		const struct chip chip = random_chip();
		const struct chip good = better(chip, k);
		double slow = run_on(&chip, true, kernels[n]);
		double fast = run_on(&good, true, kernels[n]);

		CU_ASSERT(fast <= slow * ANOMALY);
		if (fast > slow * ANOMALY)
			printf("# %s, %s from %u to %u: %.0f cycles, then %.0f\n", kernels[n],
			       knobs[k].name, chip.value[k], good.value[k], slow, fast);
		*faster += fast < slow;
		logs += log(fast / slow);
	}
	return exp(logs / COUNT_OF(kernels));
}

static void a_better_chip_is_not_slower(void)
{
	uint32_t faster = 0;

#ifdef __SANITIZE_THREAD__
	tap_skip("216 launches more, with threads as in those above: only their times differ");
	return;
#endif
	state = seed_of_run();
	for (uint32_t k = 0; k < KNOBS; k++) {
		double gain = gain_of_all(k, &faster);

		CU_ASSERT(gain <= TOGETHER);
		if (gain > TOGETHER)
			printf("# %s: %.4f of the time\n", knobs[k].name, gain);
	}
	CU_ASSERT(faster > KNOBS * COUNT_OF(kernels) / 3);
}

static const struct tap_case cases[] = {
	{"nothing is faster than the chip allows, and bytes balance between levels",
	 nothing_is_faster_than_the_chip_and_bytes_balance},
	{"a better chip is not slower", a_better_chip_is_not_slower},
};

TAP_MAIN(cases)
