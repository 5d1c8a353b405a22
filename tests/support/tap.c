/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/tap.h"

#include <CUnit/TestRun.h>
#include <malloc.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#else
static const char __libc_single_threaded; /* not known: as if there had been more */
#endif

static const char *skipped;
static unsigned number;
static unsigned failed;

void tap_skip(const char *reason)
{
	skipped = reason;
}

static void start(const CU_pTest test, const CU_pSuite suite)
{
	(void)test;
	(void)suite;
	skipped = NULL;
}

static void complete(const CU_pTest test, const CU_pSuite suite, const CU_pFailureRecord failure)
{
	(void)suite;
	number++;
	if (failure)
		failed++;
	printf("%sok %u - %s%s%s\n", failure ? "not " : "", number, test->pName,
	       skipped && !failure ? " # SKIP " : "", skipped && !failure ? skipped : "");
	for (CU_pFailureRecord f = failure; f; f = f->pNext)
		printf("# %s:%u: %s\n", f->strFileName ? f->strFileName : "?", f->uiLineNumber,
		       f->strCondition ? f->strCondition : "?");
	fflush(stdout);
}

static bool forked;

static void note_fork(void)
{
	forked = true;
}

/* Never a second thread, nor a child that could have had one? script/threaded reads it. */
static void tell_threads(void)
{
	struct rusage children;

	if (!__libc_single_threaded || forked || getrusage(RUSAGE_CHILDREN, &children) ||
	    children.ru_minflt)
		return;
	printf("# one thread, no child\n");
}

static bool wanted(int argc, char **argv, const char *name)
{
	for (int i = 1; i < argc; i++)
		if (strstr(name, argv[i]))
			return true;
	return argc < 2;
}

int tap_main(int argc, char **argv, const struct tap_case *cases, unsigned count)
{
#ifdef M_PERTURB
	mallopt(M_PERTURB, 0xa5); /* who uses memory after it was freed shall notice */
#endif
	if (CU_initialize_registry() != CUE_SUCCESS)
		return 2;
	CU_pSuite suite = CU_add_suite("cases", NULL, NULL);
	unsigned planned = 0;

	for (unsigned i = 0; suite && i < count; i++) {
		if (!wanted(argc, argv, cases[i].name))
			continue;
		if (!CU_add_test(suite, cases[i].name, cases[i].run)) {
			printf("Bail out! %s: %s\n", cases[i].name, CU_get_error_msg());
			return 2;
		}
		planned++;
	}
	printf("1..%u\n", planned);
	forked = pthread_atfork(note_fork, NULL, NULL) != 0;
	CU_set_test_start_handler(start);
	CU_set_test_complete_handler(complete);
	CU_run_all_tests();
	bool bad = failed || !planned || CU_get_number_of_failure_records();

	CU_cleanup_registry();
	tell_threads();
	return bad ? 1 : 0;
}
