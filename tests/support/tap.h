/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CUnit behind, TAP in front: one line a case, for meson's `protocol: 'tap'`.
 *
 * A test program has a table of cases and one line of main. A case's name is the sentence that it
 * proves. Inside a case use CUnit's CU_ASSERT_*; tap_skip() leaves it as skipped, by name.
 */
#ifndef TESTS_SUPPORT_TAP_H
#define TESTS_SUPPORT_TAP_H

#include <CUnit/CUnit.h>

struct tap_case {
	const char *name; /* the sentence that the case proves */
	void (*run)(void);
};

/* Runs the cases named in argv (all without one), prints TAP, returns main's exit status. */
int tap_main(int argc, char **argv, const struct tap_case *cases, unsigned count);

/* Marks the running case as skipped for this reason; the caller returns afterwards. */
void tap_skip(const char *reason);

#define TAP_MAIN(cases)                                                                 \
	int main(int argc, char **argv)                                                 \
	{                                                                               \
		return tap_main(argc, argv, cases, sizeof(cases) / sizeof((cases)[0])); \
	}

#endif
