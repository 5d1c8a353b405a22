/* SPDX-License-Identifier: Apache-2.0 */
/* What looking around costs, from starting the command to its end: the catalogue on this machine,
 * and a fake machine of a thousand accelerators. docs/performance.md has the figures. */
#include "tests/discovery/bed.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/tap.h"

enum { RUNS = 11, DEVICES = 1000 };

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Processor time of the commands that ended. */
static double spent(void)
{
	struct rusage usage;

	getrusage(RUSAGE_CHILDREN, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static int by_value(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static uint32_t lines(const char *text)
{
	uint32_t count = 0;

	for (; *text; text++)
		count += *text == '\n';
	return count;
}

/* Of a machine that is loaded, processor time says more than the clock. */
static bool measure(const char *name, const char *const *arguments, uint32_t least, double bound_ms)
{
	double wall[RUNS], cpu[RUNS];
	uint32_t rows = 0;

	for (int i = 0; i < RUNS; i++) {
		const double start = seconds(), before = spent();
		char *out;

		if (bed_run(arguments, &out)) {
			printf("# %s: failed: %s\n", name, out);
			return false;
		}
		wall[i] = (seconds() - start) * 1e3;
		cpu[i] = (spent() - before) * 1e3;
		rows = lines(out);
		g_free(out);
	}
	qsort(wall, RUNS, sizeof(*wall), by_value);
	qsort(cpu, RUNS, sizeof(*cpu), by_value);
	printf("# %-32s %5u lines  wall ms: median %7.1f, least %7.1f, most %7.1f  processor ms: "
	       "median %7.1f  bound %g: %s\n",
	       name, rows, wall[RUNS / 2], wall[0], wall[RUNS - 1], cpu[RUNS / 2], bound_ms,
	       wall[RUNS / 2] <= bound_ms ? "met" : "missed");
	return rows >= least;
}

#define RUN(...) ((const char *const[]){__VA_ARGS__, NULL})

static void the_catalogue_on_this_machine(void)
{
	char *preload = g_strdup(getenv("LD_PRELOAD"));

	unsetenv("LD_PRELOAD");
	CU_ASSERT(measure("list --all, the catalogue", RUN("list", "--all"), 60, 50));
	CU_ASSERT(measure("list --all --json", RUN("list", "--all", "--json"), 60, 50));
	CU_ASSERT(measure("list", RUN("list"), 2, 50));
	setenv("LD_PRELOAD", preload ? preload : "", 1);
	g_free(preload);
}

static void a_machine_of_a_thousand_accelerators(void)
{
	UMockdevTestbed *bed = bed_new(NULL);

	for (unsigned i = 0; i < DEVICES; i++)
		bed_add_function(bed, i);
	CU_ASSERT(measure("list, 1000 devices", RUN("list"), DEVICES, 1000));
	CU_ASSERT(measure("list --all --json, 1000 devices", RUN("list", "--all", "--json"),
			  DEVICES, 1000));
	CU_ASSERT(measure("list --nfd, 1000 devices", RUN("list", "--nfd"), 3, 1000));
	CU_ASSERT(measure("info of one of 1000", RUN("info", "pci:0000:00:00.5"), 20, 1000));
	g_object_unref(bed);
}

static const struct tap_case cases[] = {
	{"the catalogue on this machine", the_catalogue_on_this_machine},
	{"a machine of a thousand accelerators", a_machine_of_a_thousand_accelerators},
};

TAP_MAIN(cases)
