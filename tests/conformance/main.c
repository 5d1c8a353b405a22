/* SPDX-License-Identifier: Apache-2.0 */
/* The conformance suite: one program against any device. `roadbed conformance` runs it. */
#include "tests/conformance/expected.h"
#include "tests/conformance/groups/process.h"
#include "tests/conformance/machine.h"
#include "tests/conformance/peer.h"
#include "tests/conformance/report.h"

#include <CUnit/CUnit.h>
#include <CUnit/TestRun.h>
#include <getopt.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { EXIT_WRONG = 1, EXIT_USAGE = 2 };

static const char usage[] =
	"usage: roadbed conformance DEVICE [--suite GROUP] [--case GROUP.CASE] [--list] [--soak]\n"
	"           [--json | --tap] [--junit FILE] [--seed N] [--first] [--in-process]\n"
	"           [--expected FILE] [--kernels FOLDER] [--hotplug COMMAND]\n"
	"  --suite, --case  only these; may be given more than once\n"
	"  --list           print the cases, one a line, and run none\n"
	"  --soak           the long forms\n"
	"  --seed N         of all random choices (1)\n"
	"  --first          stop at the first case that is wrong\n"
	"  --in-process     for debuggers: no process of its own for each case\n"
	"  --expected FILE  what is known about the driver (expected/DRIVER.list)\n"
	"  --kernels FOLDER images of kernels: DRIVER.image or DRIVER.so\n"
	"  --hotplug COMMAND  a program that pulls a real device out, COMMAND out DEVICE, and "
	"plugs it in\n"
	"                   again so that it can be opened, COMMAND in DEVICE; it ends when that "
	"is so\n"
	"Exits with 0 if the device conforms, 1 if it does not, 2 for a wrong command line.\n";

enum { WANTED_MAX = 64 };

static struct {
	struct fixture_where where;
	struct report report;
	struct expected *expected;
	const char *wanted[WANTED_MAX];
	unsigned wanted_count;
	const char *expected_path, *junit;
	const char *serve;   /* the path of a socket: one of the suite's own servers */
	const char *peer;    /* the other process of a case: peer.h */
	char home[PATH_MAX]; /* folder of this program */
	char kernels[PATH_MAX + 64], libraries[PATH_MAX + 64];
	bool list, first, in_process, stopped, cases_only;
} run;

/* ---- which cases ---- */

static bool is_wanted(const struct conformance_case *c)
{
	char name[96];

	snprintf(name, sizeof(name), "%s.%s", c->group, c->name);
	for (unsigned i = 0; i < run.wanted_count; i++)
		if (!strcmp(run.wanted[i], c->group) || !strcmp(run.wanted[i], name))
			return true;
	return !run.wanted_count;
}

static bool names_something(const char *wanted)
{
	char name[96];

	for (unsigned i = 0; i < conformance_case_count; i++) {
		const struct conformance_case *c = &conformance_cases[i];

		snprintf(name, sizeof(name), "%s.%s", c->group, c->name);
		if (!strcmp(wanted, c->group) || !strcmp(wanted, name))
			return true;
	}
	return false;
}

static int list_cases(void)
{
	for (unsigned i = 0; i < conformance_case_count; i++)
		if (is_wanted(&conformance_cases[i]))
			printf("%s.%s\n", conformance_cases[i].group, conformance_cases[i].name);
	return 0;
}

/* ---- one case, as CUnit runs it ---- */

static struct row *current;

/* CUnit names tests; the row of the one that starts is found by its order. */
static void start_row(const CU_pTest test, const CU_pSuite suite)
{
	(void)test;
	(void)suite;
	current = current ? current + 1 : run.report.rows;
}

/* The case's seed depends on its name, not on what ran before it. */
static uint64_t seed_of(const struct conformance_case *c)
{
	uint64_t seed = run.report.seed;

	for (const char *at = c->name; *at; at++)
		seed = (seed ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
	return seed;
}

static double now(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static void run_row(void)
{
	struct row *row = current;

	if (run.stopped) {
		row->result.outcome = SKIPPED;
		row->good = true;
		return;
	}
	run.where.seed = seed_of(row->c);
	double start = now();

	case_run(row->c, &run.where, run.in_process, &row->result);
	row->result.seconds = now() - start;
	row->good = expected_is(run.expected, row->c, &row->result, row->why, sizeof(row->why));
	for (const struct failure *f = row->result.failures; f && !row->good; f = f->next)
		CU_assertImplementation(CU_FALSE, f->line, f->text, f->file, "", CU_FALSE);
	if (row->why[0])
		CU_assertImplementation(CU_FALSE, 0, row->why, "", "", CU_FALSE);
	report_row(&run.report, row);
	run.stopped = run.first && !row->good;
}

static bool make_rows(void)
{
	CU_pSuite suite = NULL;
	const char *group = "";
	unsigned count = 0;

	run.report.rows = calloc(conformance_case_count, sizeof(*run.report.rows));
	if (!run.report.rows || CU_initialize_registry() != CUE_SUCCESS)
		return false;
	for (unsigned i = 0; i < conformance_case_count; i++) {
		const struct conformance_case *c = &conformance_cases[i];

		if (!is_wanted(c))
			continue;
		if (strcmp(group, c->group))
			suite = CU_add_suite(c->group, NULL, NULL);
		group = c->group;
		if (!suite || !CU_add_test(suite, c->name, run_row))
			return false;
		run.report.rows[count++].c = c;
	}
	run.report.count = count;
	CU_set_test_start_handler(start_row);
	return true;
}

/* ---- the whole ---- */

/* Groups with too few applicable cases, entries of the list that nothing met. */
static bool look_at_list(void)
{
	const char *group = "", *unmet;
	bool bad = false;
	char words[200];

	for (unsigned i = 0; i < run.report.count && !run.cases_only; i++) {
		const char *of = run.report.rows[i].c->group;
		unsigned least = expected_minimum(run.expected, of);
		unsigned applicable = report_group(&run.report, of).applicable;

		if (!strcmp(group, of))
			continue;
		group = of;
		if (applicable >= least)
			continue;
		snprintf(words, sizeof(words),
			 "WRONG: group %s has %u applicable cases, the list asks for %u", of,
			 applicable, least);
		report_trouble(&run.report, words);
		bad = true;
	}
	for (unsigned i = 0; !run.wanted_count && (unmet = expected_unmet(run.expected, i)); i++) {
		snprintf(words, sizeof(words),
			 "WRONG: the list names %s, and no case is so any more", unmet);
		report_trouble(&run.report, words);
		bad = true;
	}
	return bad;
}

/* The end of the report; answers the exit code. */
static int finish(bool bad)
{
	report_end(&run.report, bad);
	if (run.junit && !report_junit(&run.report, run.junit)) {
		fprintf(stderr, "roadbed conformance: %s cannot be written\n", run.junit);
		bad = true;
	}
	return bad ? EXIT_WRONG : 0;
}

static int run_all(void)
{
	bool bad = false;

	if (!make_rows())
		return EXIT_USAGE;
	report_begin(&run.report);
	CU_run_all_tests();
	if (run.where.hotplug && !machine_plug(run.where.hotplug, true, run.where.address)) {
		report_trouble(&run.report, "WRONG: the program of --hotplug does not plug it in");
		bad = true;
	}
	for (unsigned i = 0; i < run.report.count; i++)
		bad |= !run.report.rows[i].good;
	if (!run.stopped)
		bad |= look_at_list();
	int code = finish(bad);

	for (unsigned i = 0; i < run.report.count; i++)
		result_clear(&run.report.rows[i].result);
	free(run.report.rows);
	CU_cleanup_registry();
	return code;
}

/* The device cannot even be opened: that is the first case's failure. */
static int no_device(const struct result *result)
{
	static const struct conformance_case opens = {.group = "discovery",
						      .name = "open_by_address"};
	struct row row = {.c = &opens, .result = *result};

	run.report.rows = &row;
	run.report.count = 1;
	report_begin(&run.report);
	report_row(&run.report, &row);
	return finish(true);
}

static int look_at_device(void)
{
	char path[PATH_MAX + 128], error[256];
	struct result result;

	if (!device_identify(&run.where, &run.report.info, &result)) {
		int code = no_device(&result);

		result_clear(&result);
		return code;
	}
	snprintf(path, sizeof(path), "%s/expected/%s.list", run.home, run.report.info.driver);
	if (access(path, R_OK))
		snprintf(path, sizeof(path), "%s/../../share/roadbed/conformance/expected/%s.list",
			 run.home, run.report.info.driver);
	if (!run.expected_path && access(path, R_OK))
		return run_all(); /* nothing is known: all must hold */
	run.expected = expected_read(run.expected_path ? run.expected_path : path,
				     run.where.address, error, sizeof(error));
	if (!run.expected) {
		fprintf(stderr, "roadbed conformance: %s\n", error);
		return EXIT_USAGE;
	}
	int code = run_all();

	expected_free(run.expected);
	return code;
}

/* Beside this program in a build folder; under share/ when it is installed. */
static void find_home(void)
{
	ssize_t bytes = readlink("/proc/self/exe", run.home, sizeof(run.home) - 1);

	run.home[bytes > 0 ? bytes : 0] = 0;
	dirname(run.home);
	snprintf(run.kernels, sizeof(run.kernels), "%s/kernels", run.home);
	if (access(run.kernels, X_OK))
		snprintf(run.kernels, sizeof(run.kernels),
			 "%s/../../share/roadbed/conformance/kernels", run.home);
	run.where.kernels = run.kernels;
	snprintf(run.libraries, sizeof(run.libraries), "%s/../../simulators", run.home);
	if (!access(run.libraries, X_OK))
		run.where.libraries = run.libraries;
}

static int refuse(const char *what, const char *seen)
{
	fprintf(stderr, "roadbed conformance: %s: %s\n", what, seen);
	return EXIT_USAGE;
}

static int parse(int argc, char **argv)
{
	enum {
		SUITE = 1,
		CASE_NAME,
		LIST,
		SOAK,
		JSON,
		TAP,
		JUNIT,
		SEED,
		FIRST,
		IN_PROCESS,
		EXPECTED,
		KERNELS,
		SERVE,
		PEER,
		HOTPLUG,
		HELP
	};
	static const struct option options[] = {{"suite", 1, NULL, SUITE},
						{"case", 1, NULL, CASE_NAME},
						{"list", 0, NULL, LIST},
						{"soak", 0, NULL, SOAK},
						{"json", 0, NULL, JSON},
						{"tap", 0, NULL, TAP},
						{"junit", 1, NULL, JUNIT},
						{"seed", 1, NULL, SEED},
						{"first", 0, NULL, FIRST},
						{"in-process", 0, NULL, IN_PROCESS},
						{"expected", 1, NULL, EXPECTED},
						{"kernels", 1, NULL, KERNELS},
						{"serve", 1, NULL, SERVE},
						{"peer", 1, NULL, PEER},
						{"hotplug", 1, NULL, HOTPLUG},
						{"help", 0, NULL, HELP},
						{0}};
	char *end;

	run.report.seed = 1;
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
		switch (option) {
		case SUITE:
		case CASE_NAME:
			if (run.wanted_count == WANTED_MAX || !names_something(optarg))
				return refuse("no such group or case", optarg);
			run.cases_only |= option == CASE_NAME;
			run.wanted[run.wanted_count++] = optarg;
			break;
		case LIST: run.list = true; break;
		case SOAK: run.where.soak = true; break;
		case JSON: run.report.format = FORMAT_JSON; break;
		case TAP: run.report.format = FORMAT_TAP; break;
		case JUNIT: run.junit = optarg; break;
		case SEED:
			run.report.seed = strtoull(optarg, &end, 0);
			if (*end || !*optarg)
				return refuse("a seed is a number, not", optarg);
			break;
		case FIRST: run.first = true; break;
		case IN_PROCESS: run.in_process = true; break;
		case EXPECTED: run.expected_path = optarg; break;
		case KERNELS: run.where.kernels = optarg; break;
		case SERVE: run.serve = optarg; break;
		case HOTPLUG: run.where.hotplug = optarg; break;
		case PEER: run.peer = optarg; break;
		case HELP: fputs(usage, stdout); exit(0);
		default: fputs(usage, stderr); return EXIT_USAGE;
		}
	return 0;
}

int main(int argc, char **argv)
{
	find_home();
	int code = parse(argc, argv);

	if (code)
		return code;
	if (run.list)
		return list_cases();
	if (optind + 1 != argc) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	if (run.peer)
		return peer_run(run.peer, argv[optind]);
	run.where.address = run.report.address = argv[optind];
	if (run.serve)
		return process_server_main(&run.where, run.serve);
	return look_at_device();
}
