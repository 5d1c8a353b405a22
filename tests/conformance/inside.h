/* SPDX-License-Identifier: Apache-2.0 */
/* What runs in a case's own process; run.c starts it and reads what it says. */
#ifndef TESTS_CONFORMANCE_INSIDE_H
#define TESTS_CONFORMANCE_INSIDE_H

#include "tests/conformance/capability.h"
#include "tests/conformance/run.h"

/*
 * Records, one a line, fields parted by \x1f: kind, file, line, text. F: a failure. N: a note. U,
 * S: unsupported, skipped; line is the capability. D: the case came to its end.
 */
void inside_case(const struct conformance_case *c, const struct fixture_where *where, int fd);
/* 'I' and road_device_info, or a failure. */
void inside_identify(const struct fixture_where *where, int fd);

#endif
