/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast one core runs a fabric of 8 x 8 that is full, and one with a single element: millions of
 * element-ops a second of the host, of both modes. What floors mean is the mix of mapped kernels in
 * tests/unit/map/bench_kernels.c. A calibration loop stands beside it, so that runs on other hosts
 * compare.
 */
#include "simulators/numbers/vector.h"
#include "tests/unit/sim_rpu_fabric/rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { RUNS = 5, SIDE = 8, FEEDS = 4 };

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

static void begin(uint32_t interval, uint32_t iterations)
{
	rig_init(&rig, SIDE, SIDE, ROAD_RPU_FABRIC_TORUS, interval);
	rig.header.iterations = iterations;
	for (uint32_t i = 0; i < RIG_SPM; i += 4)
		rig_store(&rig, i, 0x3f800000u + i);
}

/* Streams that read their rows of banks over and over. */
static void feed(uint32_t streams, uint32_t tokens)
{
	for (uint32_t s = 0; s < streams; s++) {
		struct road_rpu_stream *stream = rig_stream(&rig, false, 4096 + 128 * s, 1);

		stream->count[0] = 1000;
		stream->count[1] = tokens / 1000;
	}
}

/* What comes in from the west, or from a stream at the border; everything goes on to the east. */
static void row_word(uint32_t step, uint32_t element, uint32_t op, uint32_t b, uint32_t c)
{
	uint32_t row = element / SIDE, column = element % SIDE;

	*rig_at(&rig, step, element) = (struct rig_word){
		.op = op,
		.a = column ? W_IN : STREAM(row % FEEDS),
		.b = b,
		.c = c,
		.link = {TO_E = ROAD_RPU_PASS_A},
	};
}

/* Every element folds what passes by: 64 ops a cycle. */
static void all_fold(uint32_t op, uint32_t iterations)
{
	begin(1, iterations);
	feed(FEEDS, iterations);
	for (uint32_t e = 0; e < SIDE * SIDE; e++) {
		rig_constant(&rig, e, 0, 0x3f000000);
		row_word(0, e, op, K(0), rpu_ops[op].operands > 2 ? SELF : 0);
	}
}

static void all_fma(void)
{
	all_fold(OP(fma), 100000);
}

static void all_dot4(void)
{
	all_fold(OP(dot4), 100000);
}

/* Operations of many kinds, each element its own. */
static void mixture(void)
{
	static const uint32_t ops[] = {OP(add), OP(xor), OP(min),  OP(shl),  OP(sub), OP(maxu),
				       OP(and), OP(lt),  OP(fmin), OP(popc), OP(andn)};

	begin(1, 100000);
	feed(FEEDS, 100000);
	for (uint32_t e = 0; e < SIDE * SIDE; e++) {
		uint32_t op = ops[e * 7 % (sizeof(ops) / sizeof(ops[0]))];

		row_word(0, e, op, rpu_ops[op].operands > 1 ? SELF : 0, 0);
	}
}

/* y = a * x + y: one element, three streams: little but the streams' work. */
static void one_element(void)
{
	begin(1, 100000);
	feed(2, 100000);
	rig_stream(&rig, true, 0, 1)->count[0] = 1000;
	rig.streams[2].count[1] = 100;
	rig_constant(&rig, 0, 0, 0x40000000);
	*rig_at(&rig, 0, 0) = (struct rig_word){
		.op = OP(fma), .a = STREAM(0), .b = K(0), .c = STREAM(1), .dest = STREAM(2)};
}

/* Four steps, with registers, accesses of border elements, and a product in each element. */
static void four_steps(void)
{
	begin(4, 25000);
	for (uint32_t e = 0; e < SIDE * SIDE; e++) {
		bool border = e % SIDE == 0;

		rig_constant(&rig, e, 0, 32 * (e / SIDE));
		*rig_at(&rig, 0, e) = (struct rig_word){
			.op = border ? OP(ld32) : OP(add), .a = border ? K(0) : R(0), .dest = R(0)};
		*rig_at(&rig, 1, e) = (struct rig_word){
			.op = OP(fmul), .a = W_IN, .b = R(0), .link = {TO_E = RESULT}};
		if (border)
			continue; /* its load completes in step 2 */
		*rig_at(&rig, 2, e) =
			(struct rig_word){.op = OP(add), .a = SELF, .b = R(1), .dest = R(1)};
		*rig_at(&rig, 1, e) = (struct rig_word){
			.op = OP(xor), .a = W_IN, .b = R(0), .link = {TO_E = RESULT}};
	}
}

/* 0: it did not come to its end. */
static double run(enum rpu_fabric_mode mode)
{
	struct rpu_fabric_memory memory = {.spm = rig.spm};
	struct rpu_config_verdict verdict;
	size_t bytes = rig_image(&rig);
	struct rpu_config *config = rpu_config_check(&rig.params, rig.image, bytes, &verdict);
	struct rpu_fabric *fabric = rpu_fabric_create(&rig.params, &memory, mode);
	double start, rate = 0;

	if (config && fabric && rpu_fabric_activate(fabric, config)) {
		start = seconds();
		rpu_fabric_launch(fabric, NULL, 0, 0, 1);
		rpu_fabric_run(fabric, UINT64_C(1) << 40, NULL);
		rate = (double)rpu_fabric_counters(fabric)->element_ops / (seconds() - start) / 1e6;
		if (rpu_fabric_status(fabric) != RPU_FABRIC_DONE)
			rate = 0;
	}
	if (!config)
		printf("refused: %s, word %u\n", rpu_config_error_text(verdict.error),
		       verdict.index);
	rpu_fabric_free(fabric);
	rpu_config_free(config);
	return rate;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void report(const char *name, const char *mode_name, enum rpu_fabric_mode mode)
{
	double rates[RUNS];

	for (int i = 0; i < RUNS; i++)
		rates[i] = run(mode);
	qsort(rates, RUNS, sizeof(rates[0]), by_value);
	printf("%-12s %-12s %8.1f M element-op/s (median of %d; best %.1f)\n", name, mode_name,
	       rates[RUNS / 2], RUNS, rates[RUNS - 1]);
}

int main(void)
{
	static const struct {
		const char *name;
		void (*make)(void);
	} kernels[] = {{"fma", all_fma},
		       {"dot4", all_dot4},
		       {"mixture", mixture},
		       {"four steps", four_steps},
		       {"one element", one_element}};

	printf("calibration %.3f s for 2^26 additions; %s\n", calibrate(),
	       road_sim_variant_name(road_sim_vector_variant()));
	for (unsigned i = 0; i < sizeof(kernels) / sizeof(kernels[0]); i++) {
		kernels[i].make();
		report(kernels[i].name, "interpreted", RPU_MODE_INTERPRETED);
		report(kernels[i].name, "compiled", RPU_MODE_COMPILED);
	}
	return 0;
}
