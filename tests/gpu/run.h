/* SPDX-License-Identifier: Apache-2.0 */
/* Running one kernel on a device, arguments by a short list. */
#ifndef TESTS_GPU_RUN_H
#define TESTS_GPU_RUN_H

#include "tests/unit/core/fixture.h"

enum { RUN_ARGUMENTS = 8 };

struct run_argument {
	void *data; /* written to a buffer before, read back after */
	uint32_t count;
	uint64_t number;   /* if there are no data; as many bytes of it as the kernel wants */
	uint32_t element;  /* bytes of one of count; 0: 4 */
	const void *value; /* if there are no data: instead of number, for what is larger */
};

struct run {
	const char *ptx;  /* text, or */
	const char *file; /* a file of KERNELS */
	const char *kernel;
	road_dim3 grid, block;
	struct run_argument arguments[RUN_ARGUMENTS];
	uint32_t argument_count;
	uint32_t shared_bytes;
	uint64_t watchdog;
};

/* Runs it and answers the status of its point; took_ns (virtual) may be NULL. */
road_status run_kernel(struct fixture *f, const struct run *run, uint64_t *took_ns);
/* A file of KERNELS, terminated; the caller frees. */
char *run_read(const char *file, size_t *bytes);

/* A counter of the chip by name; 0 if it has none. */
uint64_t counter_of(const struct fixture *f, const char *wanted);

/* What a run was like, to the cycle. (Times in ns are rounded, and depend on when it began.) */
struct course {
	uint64_t instructions, warp_cycles, quanta; /* the last two: of approx mode only */
};
struct course course_of(const struct fixture *f);

#endif
