/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oracle-dsa --assembler FILE [--folder SIMULATORS] [--seed N] [--programs N] [--mutants N]
 *            [--arbitrations N] [--show N]
 *
 * Programs must mean the same for every arbitration seed and in `approx`, and the hazard checker
 * must be silent. Of mutants, from which an ordering was taken, it must report exactly: something
 * if and only if some conflicting pair is no longer ordered, and nothing but such pairs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/oracle/dsa/program.h"

struct options {
	const char *assembler, *folder;
	uint64_t seed;
	uint32_t programs, mutants, arbitrations;
	int64_t show;
};

struct score {
	uint32_t programs, runs, operations, tokens, wrong;
	uint32_t mutants[MUTANTS], lost[MUTANTS], stuck;
};

static const char *const mutant_names[MUTANTS] = {
	"a token removed", "ids swapped", "a set moved before an operation", "a barrier removed"};

static struct program program, mutated;

static uint32_t first_difference(const struct image *a, const struct image *b)
{
	for (uint32_t i = 0; i < GLOBAL_BYTES; i++)
		if (a->bytes[GLOBAL][i] != b->bytes[GLOBAL][i])
			return i;
	return GLOBAL_BYTES;
}

static bool fail(struct score *score, const char *what, uint64_t seed, const char *address,
		 const char *detail)
{
	printf("# program %llu on %s: %s%s%s\n", (unsigned long long)seed, address, what,
	       detail[0] ? ": " : "", detail);
	score->wrong++;
	return false;
}

static bool run_well(const struct options *o, struct score *score, uint64_t seed,
		     const char *address, const struct image *expected)
{
	struct image image;
	struct outcome out;
	char at[64];

	image_begin(&image, seed);
	score->runs++;
	if (!device_run(&program, address, o->assembler, o->folder, &image, &out) || !out.ran)
		return fail(score, "did not run", seed, address, out.why);
	if (out.hazards)
		return fail(score, "a hazard where none is", seed, address, "");
	if (out.others)
		return fail(score, "a violation", seed, address, out.other);
	snprintf(at, sizeof(at), "byte %u", first_difference(&image, expected));
	if (first_difference(&image, expected) < GLOBAL_BYTES)
		return fail(score, "another result", seed, address, at);
	return true;
}

static void check_program(const struct options *o, struct score *score, uint64_t seed)
{
	struct image expected;
	char address[96];

	image_begin(&expected, seed);
	program_mean(&program, &expected);
	for (uint32_t a = 0; a < o->arbitrations; a++) {
		snprintf(address, sizeof(address), "sim:dsa-small?time=functional&seed=%u", a);
		if (!run_well(o, score, seed, address, &expected))
			return;
	}
	run_well(o, score, seed, "sim:dsa-small?time=approx&check=hazards", &expected);
}

/* ---- mutants ---- */

static bool is_lost(uint32_t (*pairs)[2], uint32_t count, const uint32_t *lines)
{
	for (uint32_t i = 0; i < count; i++) {
		uint32_t a = mutated.ops[pairs[i][0]].line, b = mutated.ops[pairs[i][1]].line;

		if ((a == lines[0] && b == lines[1]) || (a == lines[1] && b == lines[0]))
			return true;
	}
	return false;
}

static void check_mutant(const struct options *o, struct score *score, uint64_t seed,
			 enum mutant mutant)
{
	static uint32_t pairs[OPS_MAX * OPS_MAX / 2][2];
	const char *address = "sim:dsa-small?time=functional";
	struct order order;
	struct outcome out;
	struct image image;
	char detail[96];

	order_of(&mutated, &order);
	if (order.stuck || order.left) {
		score->stuck++;
		return;
	}
	uint32_t lost = order_lost(&mutated, &order, pairs, OPS_MAX * OPS_MAX / 2);

	program_write(&mutated);
	image_begin(&image, seed);
	score->mutants[mutant]++;
	score->lost[mutant] += lost > 0;
	if (!device_run(&mutated, address, o->assembler, o->folder, &image, &out) || !out.ran) {
		fail(score, mutant_names[mutant], seed, "a mutant did not run", out.why);
		return;
	}
	if (!lost != !out.hazards) {
		snprintf(detail, sizeof(detail), "%u pairs lost, %u reported", lost, out.hazards);
		if (lost)
			snprintf(detail, sizeof(detail), "lines %u and %u, nothing reported",
				 mutated.ops[pairs[0][0]].line, mutated.ops[pairs[0][1]].line);
		fail(score, mutant_names[mutant], seed, address, detail);
	}
	for (uint32_t i = 0; i < out.hazards && i < HAZARDS_MAX; i++)
		if (lost && !is_lost(pairs, lost, out.lines[i])) {
			snprintf(detail, sizeof(detail), "lines %u and %u are ordered",
				 out.lines[i][0], out.lines[i][1]);
			fail(score, mutant_names[mutant], seed, address, detail);
		}
}

static void one(const struct options *o, struct score *score, uint64_t seed)
{
	struct random r = {seed * 0x2545f4914f6cdd1du + 77};

	program_generate(&program, seed);
	order_make(&program, &r);
	program_write(&program);
	if (o->show == (int64_t)seed)
		printf("%s", program.text);
	score->programs++;
	score->operations += program.op_count;
	for (uint32_t i = 0; i < program.step_count; i++)
		score->tokens += program.steps[i].kind == STEP_SET;
	check_program(o, score, seed);
	for (uint32_t i = 0; i < o->mutants; i++) {
		enum mutant mutant = (enum mutant)(i % MUTANTS);

		mutated = program;
		if (order_mutate(&mutated, mutant, &r))
			check_mutant(o, score, seed, mutant);
	}
}

static void take_options(int argc, char **argv, struct options *o)
{
	for (int i = 1; i + 1 < argc; i += 2) {
		const char *value = argv[i + 1];

		if (!strcmp(argv[i], "--assembler"))
			o->assembler = value;
		else if (!strcmp(argv[i], "--folder"))
			o->folder = value;
		else if (!strcmp(argv[i], "--seed"))
			o->seed = strtoull(value, NULL, 10);
		else if (!strcmp(argv[i], "--programs"))
			o->programs = (uint32_t)strtoul(value, NULL, 10);
		else if (!strcmp(argv[i], "--mutants"))
			o->mutants = (uint32_t)strtoul(value, NULL, 10);
		else if (!strcmp(argv[i], "--arbitrations"))
			o->arbitrations = (uint32_t)strtoul(value, NULL, 10);
		else if (!strcmp(argv[i], "--show"))
			o->show = strtoll(value, NULL, 10);
	}
}

int main(int argc, char **argv)
{
	struct options o = {.programs = 20, .mutants = 8, .arbitrations = 4, .show = -1};
	struct score score = {0};
	uint32_t mutants = 0, lost = 0;

	take_options(argc, argv, &o);
	if (!o.assembler) {
		fprintf(stderr, "oracle-dsa: --assembler FILE is needed\n");
		return 2;
	}
	printf("1..1\n");
	for (uint32_t i = 0; i < o.programs; i++)
		one(&o, &score, o.seed + i);
	printf("# seed %llu: %u programs, %u operations, %u tokens, %u runs\n",
	       (unsigned long long)o.seed, score.programs, score.operations, score.tokens,
	       score.runs);
	for (uint32_t m = 0; m < MUTANTS; m++) {
		printf("# %s: %u mutants, %u lost an order\n", mutant_names[m], score.mutants[m],
		       score.lost[m]);
		mutants += score.mutants[m];
		lost += score.lost[m];
	}
	printf("# %u mutants would wait for ever and were left out\n", score.stuck);
	if (o.mutants >= MUTANTS && o.programs >= 10 && (!lost || lost == mutants))
		score.wrong++; /* they would prove nothing */
	printf("%sok 1 - programs mean the same however they run, and lost orders are told\n",
	       score.wrong ? "not " : "");
	return score.wrong != 0;
}
