/* SPDX-License-Identifier: Apache-2.0 */
/* One kernel with its problem, and runs of it that are measured. */
#ifndef BENCH_KERNEL_H
#define BENCH_KERNEL_H

#include "bench/bench.h"

enum { BENCH_ARGUMENTS = 6 };

enum bench_fill {
	BENCH_NUMBER, /* no buffer: value, or number if it is a float */
	BENCH_FLOATS, /* 0.000 to 0.999 */
	BENCH_HALVES, /* f16 from 0.25 up */
	BENCH_BYTES,  /* of all values */
};

struct bench_argument {
	enum bench_fill fill;
	uint64_t words; /* of the buffer, 32 bits each */
	uint32_t value;
	float number;
	bool is_float;
};

#define BENCH_BUFFER(of, n)                      \
	{                                        \
		.fill = BENCH_##of, .words = (n) \
	}
#define BENCH_INT(n)         \
	{                    \
		.value = (n) \
	}
#define BENCH_REAL(x)                           \
	{                                       \
		.number = (x), .is_float = true \
	}

struct bench_kernel {
	const char *name, *problem;
	const char *file; /* of bench_files; NULL: named as the kernel */
	road_dim3 grid, block;
	unsigned count;
	struct bench_argument arguments[BENCH_ARGUMENTS];
};

struct bench_times {
	double seconds[BENCH_RUNS], warp_instructions[BENCH_RUNS];
};

/* Runs the kernel BENCH_RUNS times, after once that warms; false after a failure, noted. */
bool bench_kernel_run(struct bench *bench, struct bench_device *device,
		      const struct bench_kernel *kernel, struct bench_times *out);

#endif
