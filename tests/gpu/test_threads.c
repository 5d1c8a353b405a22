/* SPDX-License-Identifier: Apache-2.0 */
/*
 * However many threads simulate a GPGPU, it leaves the same memory, counters, times, faults and
 * event log behind, programs with races included.
 */
#include <fenv.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/gpu/corpus_run.h"
#include "tests/gpu/workload.h"

static const char *const chips[] = {"sim:gpu-small?cores=20&time=trace",
				    "sim:gpu-small?cores=9&lines=1",
				    "sim:a100-sxm4-80gb?time=approx"};
static const uint32_t counts[] = {3, 8, 2};

/* The race detector makes all this twenty times slower, and finds a race with few threads too. */
#ifdef __SANITIZE_THREAD__
enum { COUNTS = 1 };
#else
enum { COUNTS = 3 };
#endif

static uint64_t hash_workload(const char *address, const void *workload)
{
	return workload_hash(address, workload);
}

/* What a kernel of the corpus leaves behind. */
static uint64_t hash_corpus(const char *address, const void *corpus_case)
{
	const struct corpus_case *c = corpus_case;
	struct fixture f = setup(address);
	struct corpus_state s = {0};
	uint64_t hash = WORKLOAD_SEED;

	corpus_make(c, &s);
	corpus_run(c, &s, &f);
	for (uint32_t i = 0; i < s.count; i++)
		if (s.seen[i])
			workload_add(&hash, s.seen[i], corpus_bytes(&c->arguments[i]));
	workload_add_device(&hash, &f);
	corpus_release(c, &s);
	teardown(&f);
	return hash;
}

/* In the child: a failure that ends a case ends the process, and no further case begins. */
static int run_apart(uint64_t (*run)(const char *, const void *), const char *address,
		     const void *what, int out)
{
	unsigned before = CU_get_number_of_failures();
	jmp_buf fatal;
	uint64_t hash;

	CU_get_current_test()->pJumpBuf = &fatal;
	if (setjmp(fatal)) {
		printf("# fails on %s\n", address);
		fflush(stdout);
		return 1;
	}
	hash = run(address, what);
	fflush(stdout);
	return write(out, &hash, sizeof(hash)) != sizeof(hash) ||
	       CU_get_number_of_failures() != before;
}

/* In a process of its own, whose virtual time begins at 0. */
static uint64_t hash_apart(uint64_t (*run)(const char *, const void *), const char *address,
			   const void *what)
{
	uint64_t hash = 0;
	int ends[2], status = -1;

	CU_ASSERT_EQUAL_FATAL(pipe(ends), 0);
	fflush(stdout);
	pid_t child = fork();

	CU_ASSERT_TRUE_FATAL(child >= 0);
	if (!child)
		_exit(run_apart(run, address, what, ends[1]));
	close(ends[1]);
	CU_ASSERT_EQUAL(read(ends[0], &hash, sizeof(hash)), sizeof(hash));
	close(ends[0]);
	CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
	CU_ASSERT_EQUAL(status, 0);
	return hash;
}

static uint64_t hash_of(const char *address, const struct workload *workload)
{
	return hash_apart(hash_workload, address, workload);
}

static uint64_t hash_with(const char *chip, uint32_t threads, const struct workload *workload)
{
	char address[128];

	snprintf(address, sizeof(address), "%s&threads=%u", chip, threads);
	return hash_of(address, workload);
}

static void check_chip(const char *chip, uint32_t n)
{
	for (uint32_t w = 0; w < workload_count; w++) {
		uint64_t want = hash_of(chip, &workloads[w]);

		for (uint32_t i = 0; i < n; i++) {
			uint64_t got = hash_with(chip, counts[i], &workloads[w]);

			if (got != want)
				printf("# %s on %s differs with %u threads\n", workloads[w].name,
				       chip, counts[i]);
			CU_ASSERT_EQUAL(got, want);
		}
	}
}

static void threads_change_nothing_in_trace_mode(void)
{
	check_chip(chips[0], COUNTS);
}

static void threads_change_nothing_where_few_sms_are_busy(void)
{
	check_chip(chips[1], COUNTS);
}

static void threads_change_nothing_on_a_large_chip(void)
{
	if (COUNTS == 1)
		tap_skip("108 SMs take too long under the race detector");
	else
		check_chip(chips[2], 1);
}

/* Each with another number of threads than the one before. */
static void threads_change_nothing_for_compiled_kernels(void)
{
	uint32_t n = 0;

	for (uint32_t t = 0; t < CORPUS_TABLES; t++) {
		for (const struct corpus_case *c = corpus_tables[t]; c->says; c++, n++) {
			char address[128];

			snprintf(address, sizeof(address), "%s&threads=%u", chips[0],
				 counts[n % COUNTS]);
			bool same = hash_apart(hash_corpus, chips[0], c) ==
				    hash_apart(hash_corpus, address, c);

			CU_ASSERT(same);
			if (!same)
				printf("# %s differs on %s\n", c->kernel, address);
		}
	}
	CU_ASSERT(n > 20);
}

/* The number tells one run from another, or the tests above prove nothing. */
static void another_chip_leaves_another_number(void)
{
	const struct workload *workload = workload_find("meddle");

	CU_ASSERT_PTR_NOT_NULL_FATAL(workload);
	CU_ASSERT_NOT_EQUAL(hash_of("sim:gpu-small?cores=9", workload),
			    hash_of("sim:gpu-small?cores=10", workload));
}

/* The mode that the timing model stands beside. */
static void functional_mode_computes_the_same(void)
{
	hash_of("sim:gpu-small?time=functional", workload_find("partial"));
}

/* Threads that the engine starts have the floating-point state that models rely on. */
static void the_callers_rounding_mode_reaches_no_thread(void)
{
	const struct workload *workload = workload_find("softmax");
	uint64_t want;

	CU_ASSERT_PTR_NOT_NULL_FATAL(workload);
	want = hash_of(chips[1], workload);
	fesetround(FE_UPWARD);
	CU_ASSERT_EQUAL(hash_with(chips[1], 3, workload), want);
	CU_ASSERT_EQUAL(fegetround(), FE_UPWARD);
	fesetround(FE_TONEAREST);
}

static void *open_and_close(void *arg)
{
	(void)arg;
	for (int i = 0; i < 20; i++) {
		struct fixture f = setup("sim:gpu-small?cores=9&threads=3");

		teardown(&f);
	}
	return NULL;
}

/* Chips with and without threads come and go beside one that computes. */
static void chips_with_threads_come_and_go(void)
{
	pthread_t thread;

	CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, open_and_close, NULL), 0);
	for (int i = 0; i < 3; i++)
		workload_hash("sim:gpu-small?cores=9&threads=2", &workloads[3]);
	pthread_join(thread, NULL);
}

static const struct tap_case cases[] = {
	{"threads change nothing in trace mode", threads_change_nothing_in_trace_mode},
	{"threads change nothing where few SMs are busy",
	 threads_change_nothing_where_few_sms_are_busy},
	{"threads change nothing on a large chip", threads_change_nothing_on_a_large_chip},
	{"threads change nothing for kernels that compilers made",
	 threads_change_nothing_for_compiled_kernels},
	{"functional mode computes what is expected, too", functional_mode_computes_the_same},
	{"another chip leaves another number", another_chip_leaves_another_number},
	{"the caller's rounding mode reaches no thread",
	 the_callers_rounding_mode_reaches_no_thread},
	{"chips with threads come and go", chips_with_threads_come_and_go},
};

TAP_MAIN(cases)
