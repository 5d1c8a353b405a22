/* SPDX-License-Identifier: Apache-2.0 */
/* Running one kernel of an image on a DSA, arguments by a short list. */
#ifndef TESTS_DSA_RUN_H
#define TESTS_DSA_RUN_H

#include <stdbool.h>

#include "tests/unit/core/fixture.h"

enum { RUN_ARGUMENTS = 8 };

struct run_argument {
	void *data; /* written to a buffer before, read back after */
	uint64_t bytes;
	uint64_t number; /* if there are no data */
};

struct run {
	const char *file, *kernel; /* an image of IMAGES */
	uint32_t blocks;
	struct run_argument arguments[RUN_ARGUMENTS];
	uint32_t argument_count;
	bool cooperative;
	uint64_t watchdog;
};

/* An image of IMAGES; the caller frees. */
void *run_read(const char *file, size_t *bytes);
/* Runs it and answers the status of its point. */
road_status run_kernel(struct fixture *f, const struct run *run);
/* A counter of the chip by name; UINT64_MAX if it has none. */
uint64_t counter_of(const struct fixture *f, const char *wanted);

#endif
