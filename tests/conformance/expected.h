/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known about a driver: expected/DRIVER.list.
 *
 *	# comment
 *	minimum GROUP[?OPTION] COUNT           cases of the group that must be applicable
 *	unsupported NAME[?OPTION] REASON       NAME: @CAPABILITY, or GROUP.CASE
 *	expected-failure NAME[?OPTION] REASON  NAME: GROUP.CASE
 *
 * ?OPTION: holds only for addresses with that option ("?time=functional"), or for that address
 * whatever its options ("?sim:openedge"), or for all of a scheme ("?pci:"). Of minima the last one
 *that holds counts. What is unsupported or fails and is not listed, and what is listed and is not
 *so (any more), fails the run.
 */
#ifndef TESTS_CONFORMANCE_EXPECTED_H
#define TESTS_CONFORMANCE_EXPECTED_H

#include "tests/conformance/run.h"

struct expected;

/* NULL, with words in error (at least 256 bytes), for a file that is not read or not understood. */
struct expected *expected_read(const char *path, const char *address, char *error, size_t bytes);
void expected_free(struct expected *expected); /* NULL is allowed */

/* Is this result the one that is expected? If not, says why. expected may be NULL: an empty list.
 */
bool expected_is(struct expected *expected, const struct conformance_case *c,
		 const struct result *result, char *why, size_t bytes);
/* Least number of applicable cases of a group. */
unsigned expected_minimum(const struct expected *expected, const char *group);
/* Entry `index` of those that no result has met; NULL ends. */
const char *expected_unmet(const struct expected *expected, unsigned index);

#endif
