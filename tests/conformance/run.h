/* SPDX-License-Identifier: Apache-2.0 */
/* One case in a process of its own: what it said, how it ended. */
#ifndef TESTS_CONFORMANCE_RUN_H
#define TESTS_CONFORMANCE_RUN_H

#include "tests/conformance/fixture.h"

struct conformance_case {
	const char *group, *name;
	void (*run)(struct fixture *f); /* NULL: pending */
	uint64_t needs;
	const char *awaits;
};
extern const struct conformance_case conformance_cases[];
extern const unsigned conformance_case_count;

enum outcome { PASSED, FAILED, UNSUPPORTED, PENDING, SKIPPED, OUTCOMES };

struct failure {
	char file[96];
	unsigned line;
	char text[400];
	struct failure *next;
};

struct result {
	enum outcome outcome;
	char reason[160];           /* of UNSUPPORTED, PENDING, SKIPPED */
	enum capability capability; /* that was missing; CAPABILITIES: none */
	struct failure *failures;   /* in order */
	char notes[512];            /* lines */
	double seconds; /* of the host's clock, for whoever waits: nothing is judged by it */
};

/* Runs it and waits for its end, at most some two minutes (times ROADBED_TIMEOUT_SCALE).
 * in_process: here, for debuggers; a crash is the runner's then. */
void case_run(const struct conformance_case *c, const struct fixture_where *where, bool in_process,
	      struct result *out);
void result_clear(struct result *result);

/* What the device says of itself, asked in a process of its own; false: it cannot be opened, and
 * `result` says why. */
bool device_identify(const struct fixture_where *where, road_device_info *out,
		     struct result *result);

#endif
