/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast one core runs kernels as the mapper places them on an 8 x 8 fabric: millions of
 * element-ops a second of the host, interpreted and compiled. The floors (10 and 50 M/s) and
 * targets (50 and 200 M/s) mean the geometric mean of the twelve kernels with streams and of `add`,
 * one element with three streams, where next to nothing but the streams' time is simulated; the
 * slowest is printed too. A calibration loop stands beside it, so that runs on other hosts compare.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "simulators/numbers/vector.h"
#include "tests/unit/map/data.h"

enum { RUNS = 5, MEMORY = 1 << 20 };

#define WORDS(kind, n)               \
	{                            \
		DATA_##kind, n, 0, 0 \
	}
#define NUMBER(n)                    \
	{                            \
		DATA_NUMBER, n, 0, 0 \
	}
#define REAL(x)                    \
	{                          \
		DATA_REAL, 0, 0, x \
	}
#define BELOW(n, most)                   \
	{                                \
		DATA_INDICES, n, most, 0 \
	}

/* clang-format off */
static const struct data_kernel kernels[] = {
	{"fir", true, NULL, {WORDS(INTS, 4112), WORDS(INTS, 16), WORDS(INTS, 4096), NUMBER(4096), NUMBER(16)}},
	{"conv", true, NULL, {WORDS(INTS, 20002), WORDS(INTS, 20002), WORDS(INTS, 20002), WORDS(INTS, 9),
			      WORDS(INTS, 20000), NUMBER(20000)}},
	{"fft", true, NULL, {WORDS(FLOATS, 20000), WORDS(FLOATS, 20000), WORDS(FLOATS, 20000), WORDS(FLOATS, 20000),
			     WORDS(FLOATS, 20000), WORDS(FLOATS, 20000), WORDS(FLOATS, 40000), WORDS(FLOATS, 40000),
			     NUMBER(20000)}},
	{"gemm", true, NULL, {WORDS(FLOATS, 1600), WORDS(FLOATS, 1600), WORDS(FLOATS, 1600), NUMBER(40), NUMBER(40),
			      NUMBER(40)}},
	{"histogram", true, NULL, {BELOW(40000, 64), WORDS(INTS, 64), NUMBER(40000)}},
	{"latnrm", true, NULL, {WORDS(FLOATS, 40000), WORDS(FLOATS, 40000), WORDS(FLOATS, 40000),
				WORDS(FLOATS, 40000), NUMBER(40000)}},
	{"spmv", true, NULL, {WORDS(FLOATS, 60000), BELOW(60000, 4000), WORDS(FLOATS, 4000), WORDS(FLOATS, 6000),
			      NUMBER(6000), NUMBER(10)}},
	{"mvt", true, NULL, {WORDS(FLOATS, 62500), WORDS(FLOATS, 250), WORDS(FLOATS, 250), WORDS(FLOATS, 250),
			     WORDS(FLOATS, 250), WORDS(FLOATS, 250), WORDS(FLOATS, 250), NUMBER(250)}},
	{"relu", true, NULL, {WORDS(FLOATS, 100000), WORDS(FLOATS, 100000), NUMBER(100000)}},
	{"dtw", true, NULL, {WORDS(INTS, 60000), WORDS(INTS, 60000), WORDS(INTS, 60000), NUMBER(77), NUMBER(60000)}},
	{"decompose", true, NULL, {WORDS(FLOATS, 90000), WORDS(FLOATS, 300), WORDS(FLOATS, 300), WORDS(FLOATS, 90000),
				   REAL(0.37f), NUMBER(300), NUMBER(300)}},
	{"invert", true, NULL, {WORDS(FLOATS, 40000), WORDS(FLOATS, 40000), WORDS(FLOATS, 40000),
				WORDS(FLOATS, 40000), WORDS(FLOATS, 40000), WORDS(FLOATS, 40000), REAL(-1.7f),
				NUMBER(40000)}},
	{"add", false, NULL, {WORDS(FLOATS, 80000), WORDS(FLOATS, 80000), WORDS(FLOATS, 80000), NUMBER(80000)}},
};
/* clang-format on */
enum { KERNELS = sizeof(kernels) / sizeof(kernels[0]) };

static struct map_graph graph;
static struct map_mapping mapping;
static uint8_t memory[MEMORY];

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

struct speed {
	double rate; /* element-ops in a second; 0: it did not come to its end */
	double per_cycle;
	unsigned leapt; /* of 100 iterations */
};

static struct speed run(const struct data_kernel *kernel, const struct rpu_fabric_params *params,
			const struct rpu_config *config, enum rpu_fabric_mode mode)
{
	const struct rpu_fabric_memory spm = {.spm = memory};
	struct rpu_fabric *fabric = rpu_fabric_create(params, &spm, mode);
	uint32_t values[MAP_ARGUMENTS_MAX] = {0};
	struct speed speed = {0};
	double start;

	data_fill(kernel, 7, memory, values);
	CU_ASSERT_FATAL(fabric && rpu_fabric_activate(fabric, config));
	start = seconds();
	if (data_launch(fabric, config, values)) {
		const struct rpu_fabric_counters *counters = rpu_fabric_counters(fabric);

		speed.rate = (double)counters->element_ops / (seconds() - start);
		speed.per_cycle = (double)counters->element_ops / (double)counters->cycles;
		speed.leapt = (unsigned)(100 * rpu_fabric_shortcuts(fabric)->leapt /
					 counters->iterations);
	}
	rpu_fabric_free(fabric);
	return speed;
}

static int by_rate(const void *a, const void *b)
{
	const struct speed *x = a, *y = b;

	return x->rate < y->rate ? -1 : x->rate > y->rate;
}

static struct rpu_config *map_kernel(const struct data_kernel *kernel,
				     struct rpu_fabric_params *params)
{
	struct rpu_config_verdict verdict;
	struct rpu_config *config;
	struct map_error error;
	size_t bytes;
	void *image;

	*params = data_params(map_fabric_default(), MEMORY);
	if (!kernel_graph(kernel->name, &graph) ||
	    map_run(&graph, map_fabric_default(), &map_options_default, &mapping, &error))
		return NULL;
	image = map_emit(&graph, map_fabric_default(), &mapping, &bytes, &error);
	config = image ? rpu_config_check(params, image, bytes, &verdict) : NULL;
	free(image);
	return config;
}

/* Medians of both modes, by mode. */
static void report(const struct data_kernel *kernel, double rates[2])
{
	struct rpu_fabric_params params;
	struct rpu_config *config = map_kernel(kernel, &params);
	struct speed speeds[2][RUNS];

	CU_ASSERT_PTR_NOT_NULL_FATAL(config);
	for (unsigned mode = 0; mode < 2; mode++) {
		for (unsigned i = 0; i < RUNS; i++)
			speeds[mode][i] = run(kernel, &params, config, (enum rpu_fabric_mode)mode);
		qsort(speeds[mode], RUNS, sizeof(speeds[mode][0]), by_rate);
		rates[mode] = speeds[mode][RUNS / 2].rate;
	}
	rpu_config_free(config);
	printf("# %-10s %5.2f ops a cycle  interpreted %7.1f (best %7.1f)  compiled %7.1f (best "
	       "%7.1f), %3u %% leapt\n",
	       kernel->name, speeds[0][0].per_cycle, rates[0] / 1e6, speeds[0][RUNS - 1].rate / 1e6,
	       rates[1] / 1e6, speeds[1][RUNS - 1].rate / 1e6, speeds[1][0].leapt);
}

static void measure(void)
{
	static const char *const modes[] = {"interpreted", "compiled"};
	double sum[2] = {0}, least[2] = {INFINITY, INFINITY}, rates[2];

	printf("# calibration %.3f s for 2^26 additions; %s; M element-op/s, medians of %d\n",
	       calibrate(), road_sim_variant_name(road_sim_vector_variant()), RUNS);
	for (unsigned i = 0; i < KERNELS; i++) {
		report(&kernels[i], rates);
		for (unsigned mode = 0; mode < 2; mode++) {
			sum[mode] += log(rates[mode]);
			least[mode] = fmin(least[mode], rates[mode]);
		}
	}
	for (unsigned mode = 0; mode < 2; mode++)
		printf("# %-12s geometric mean %.1f M element-op/s, slowest %.1f\n", modes[mode],
		       exp(sum[mode] / KERNELS) / 1e6, least[mode] / 1e6);
}

static const struct tap_case cases[] = {{"all kernels come to their end", measure}};

TAP_MAIN(cases)
