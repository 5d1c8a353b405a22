/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenCL's platform of PoCL, opened when the program runs: nothing of it is needed to build this.
 */
#ifndef BENCH_POCL_H
#define BENCH_POCL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { POCL_ARGUMENTS = 6 };

/* A buffer of floats, or a number of 4 bytes. */
struct pocl_argument {
	size_t floats; /* 0: a number */
	uint32_t number;
};

struct pocl_work {
	const char *source, *kernel;
	size_t source_bytes;
	size_t global[3], local[3];
	unsigned count;
	struct pocl_argument arguments[POCL_ARGUMENTS];
};

struct pocl;

/* NULL, and why: not installed, or no such platform. */
struct pocl *pocl_open(const char **why);
void pocl_close(struct pocl *pocl);
/* An empty marker and the wait for it; false after a failure. */
bool pocl_marker(struct pocl *pocl);
/* Compiles the kernel and makes its buffers; run: launches it and waits. */
bool pocl_prepare(struct pocl *pocl, const struct pocl_work *work);
bool pocl_run(struct pocl *pocl, const struct pocl_work *work);

#endif
