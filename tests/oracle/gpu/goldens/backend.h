/* SPDX-License-Identifier: Apache-2.0 */
/* Where kernels are run for goldens: a real GPU through CUDA's driver, or the simulated chip. */
#ifndef TESTS_ORACLE_GPU_GOLDENS_BACKEND_H
#define TESTS_ORACLE_GPU_GOLDENS_BACKEND_H

#include <stddef.h>
#include <stdint.h>

struct golden_buffer {
	uint8_t *data; /* written before, read back after */
	uint64_t bytes;
};

struct golden_launch {
	const char *text, *kernel;
	uint32_t grid[3], block[3], shared;
	struct golden_buffer *buffers;
	unsigned buffer_count;
	/* The parameter block, in which buffer k's address is put at 8 * k. */
	uint8_t *arguments;
	uint64_t argument_bytes;
};

struct backend {
	const char *name;
	/* 0, or -1 with the reason; `who` tells GPU and driver, *target the sm_ number of PTX */
	int (*open)(char *who, size_t who_bytes, unsigned *target, char *why, size_t why_bytes);
	int (*run)(const struct golden_launch *l, char *why, size_t why_bytes);
	void (*close)(void);
};

extern const struct backend backend_cuda, backend_sim;

#endif
