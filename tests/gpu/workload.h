/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernels with fixed inputs, and one number that stands for all that a run of one leaves behind:
 * memory, counters, virtual time, the event log.
 */
#ifndef TESTS_GPU_WORKLOAD_H
#define TESTS_GPU_WORKLOAD_H

#include "tests/gpu/run.h"

struct workload_argument {
	enum {
		WORKLOAD_BUFFER,
		WORKLOAD_ZEROS,
		WORKLOAD_HALVES,
		WORKLOAD_NUMBER,
		WORKLOAD_FLOAT
	} kind;
	uint32_t words; /* of the buffer: of floats, zeros, pairs of f16 */
	uint32_t number;
	float real;
};

struct workload {
	const char *name;
	const char *file; /* of KERNELS, or */
	const char *ptx;
	road_dim3 grid, block;
	uint32_t argument_count;
	struct workload_argument arguments[RUN_ARGUMENTS];
	/* Looks at the first argument, a buffer, after the last run; may be NULL. */
	void (*expect)(const uint32_t *words, uint32_t count);
	road_status ends; /* ROAD_FAULT: the fault's record is part of the number */
};

/* Adds to a number that starts as WORKLOAD_SEED. */
#define WORKLOAD_SEED UINT64_C(0xcbf29ce484222325)
void workload_add(uint64_t *hash, const void *data, size_t bytes);
/* Counters, costs of lines and event log of the device; asserts that the timing model's counters
 * add up. */
void workload_add_device(uint64_t *hash, const struct fixture *f);

extern const struct workload workloads[];
extern const uint32_t workload_count;

/* NULL: none of that name. */
const struct workload *workload_find(const char *name);
/* Runs it once. */
void workload_run(struct fixture *f, const struct workload *workload);
/* Opens the device, runs it twice, closes. Asserts that it ends as it should, with the data that
 * are expected, and that the timing model's counters add up. */
uint64_t workload_hash(const char *address, const struct workload *workload);

#endif
