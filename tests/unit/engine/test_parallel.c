/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's helpers: each index once, whoever comes late, however often they come and go. */
#include <fenv.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "simulators/engine/domain.h"
#include "simulators/engine/options.h"
#include "simulators/engine/parallel.h"
#include "tests/support/tap.h"

enum { ROOM = 1000 };

struct job {
	uint32_t done[ROOM]; /* plain: two threads at one index are a race */
	_Atomic uint32_t calls, odd_rounding;
};

static void do_one(void *arg, uint32_t index)
{
	struct job *job = arg;

	job->done[index]++;
	atomic_fetch_add(&job->calls, 1);
	if (fegetround() != FE_TONEAREST)
		atomic_fetch_add(&job->odd_rounding, 1);
}

static void each_index_is_called_once(void)
{
	static const uint32_t counts[] = {0, 1, 2, 3, 7, 64, 65, ROOM};
	static struct job job;
	uint32_t wrong = 0;

	for (uint32_t round = 0; round < 400; round++) {
		for (uint32_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
			memset(&job, 0, sizeof(job));
			sim_pool_run(1 + (round * 7 + c) % 9, counts[c], do_one, &job);
			wrong += job.calls != counts[c];
			for (uint32_t i = 0; i < ROOM; i++)
				wrong += job.done[i] != (i < counts[c]);
		}
	}
	CU_ASSERT_EQUAL(wrong, 0);
	CU_ASSERT_EQUAL(job.odd_rounding, 0);
	sim_pool_stop();
}

/* Helpers fall asleep between jobs that are far apart, and wake for the next. */
static void helpers_that_sleep_come_back(void)
{
	static struct job job;

	for (int i = 0; i < 20; i++) {
		const struct timespec pause = {.tv_nsec = 2000000};

		memset(&job, 0, sizeof(job));
		sim_pool_run(4, ROOM, do_one, &job);
		CU_ASSERT_EQUAL(job.calls, ROOM);
		nanosleep(&pause, NULL);
	}
	sim_pool_stop();
}

static void there_are_no_helpers_before_a_job_wants_them(void)
{
	static struct job job;

	CU_ASSERT_EQUAL(sim_pool_helpers(), 0);
	sim_pool_run(1, ROOM, do_one, &job);
	sim_pool_run(8, 1, do_one, &job);
	CU_ASSERT_EQUAL(sim_pool_helpers(), 0);
	sim_pool_run(8, 3, do_one, &job);
	CU_ASSERT_EQUAL(sim_pool_helpers(), 2);
	sim_pool_run(4, ROOM, do_one, &job);
	CU_ASSERT_EQUAL(sim_pool_helpers(), 3);
	sim_pool_stop();
	CU_ASSERT_EQUAL(sim_pool_helpers(), 0);
	sim_pool_stop();
}

static void helpers_come_and_go(void)
{
	static struct job job;

	for (int i = 0; i < 50; i++) {
		memset(&job, 0, sizeof(job));
		sim_pool_run(3, 100, do_one, &job);
		CU_ASSERT_EQUAL(job.calls, 100);
		sim_pool_stop();
	}
}

/* What the caller has set is its own; helpers are started under it. */
static void helpers_round_to_nearest(void)
{
	static struct job job;
	struct sim_fp saved;

	fesetround(FE_DOWNWARD);
	saved = sim_fp_enter(); /* as at every way into the engine */
	for (int i = 0; i < 100; i++)
		sim_pool_run(4, ROOM, do_one, &job);
	sim_fp_leave(saved);
	CU_ASSERT_EQUAL(job.odd_rounding, 0);
	/* And where they are started under another mode. */
	sim_pool_stop();
	sim_pool_run(4, 4, do_one, &job);
	job.odd_rounding = 0;
	saved = sim_fp_enter();
	for (int i = 0; i < 100; i++)
		sim_pool_run(4, ROOM, do_one, &job);
	sim_fp_leave(saved);
	CU_ASSERT_EQUAL(fegetround(), FE_DOWNWARD);
	fesetround(FE_TONEAREST);
	CU_ASSERT_EQUAL(job.odd_rounding, 0);
	sim_pool_stop();
}

static void the_option_is_checked(void)
{
	static const char *const bad[] = {"threads=0", "threads=65", "threads=x",
					  "threads=2&threads=2"};
	struct sim_options options;
	char error[SIM_ERROR_BYTES];

	CU_ASSERT_EQUAL(sim_options_parse("", &options, error), 0);
	CU_ASSERT_EQUAL(options.threads, 1);
	CU_ASSERT_EQUAL(sim_options_parse("seed=1&threads=8", &options, error), 0);
	CU_ASSERT_EQUAL(options.threads, 8);
	CU_ASSERT_EQUAL(options.own_count, 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CU_ASSERT_NOT_EQUAL(sim_options_parse(bad[i], &options, error), 0);
		CU_ASSERT_PTR_NOT_NULL(strstr(error, "threads"));
	}
}

static const struct tap_case cases[] = {
	{"there are no helpers before a job wants them",
	 there_are_no_helpers_before_a_job_wants_them},
	{"each index is called once", each_index_is_called_once},
	{"helpers that sleep come back", helpers_that_sleep_come_back},
	{"helpers come and go", helpers_come_and_go},
	{"helpers round to nearest", helpers_round_to_nearest},
	{"the option is checked", the_option_is_checked},
};

TAP_MAIN(cases)
