/* SPDX-License-Identifier: Apache-2.0 */
/* What a run prints: lines as it goes, a summary a group, JSON or JUnit of the whole. */
#ifndef TESTS_CONFORMANCE_REPORT_H
#define TESTS_CONFORMANCE_REPORT_H

#include "tests/conformance/run.h"

#include <stdio.h>

enum format { FORMAT_TEXT, FORMAT_TAP, FORMAT_JSON };

struct row {
	const struct conformance_case *c;
	struct result result;
	bool good;     /* as it was expected */
	char why[200]; /* why not, beyond its failures */
};

struct report {
	enum format format;
	const char *address;
	road_device_info info;
	uint64_t seed;
	struct row *rows;
	unsigned count;
	char troubles[16]
		     [200]; /* that belong to no case; what is too much for it is printed only */
	unsigned trouble_count;
};

void report_begin(const struct report *report);
void report_row(const struct report *report, const struct row *row);
/* A line of trouble that belongs to no case; it fails the run. */
void report_trouble(struct report *report, const char *text);
/* bad: whether the run failed. */
void report_end(const struct report *report, bool bad);
/* false: the file cannot be written. */
bool report_junit(const struct report *report, const char *path);

struct group_count {
	unsigned applicable, outcomes[OUTCOMES], bad;
};
struct group_count report_group(const struct report *report, const char *group);

#endif
