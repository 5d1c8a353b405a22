/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A scalar interpreter of PTX text: what the simulated GPGPU and its compiler are compared with.
 * It shares nothing with them: no table, no header, no arithmetic. Threads run one at a time, each
 * with registers of its own as the text declares them; there are no warps but as groups of 32
 * threads whose `.sync` instructions wait for each other.
 */
#ifndef TESTS_ORACLE_GPU_ORACLE_H
#define TESTS_ORACLE_GPU_ORACLE_H

#include <stddef.h>
#include <stdint.h>

/* Global memory that the program may reach: `bytes` of it at `address`, kept at `data`. */
struct oracle_region {
	uint64_t address, bytes;
	uint8_t *data;
};

struct oracle_launch {
	const char *text;   /* PTX, terminated */
	const char *kernel; /* name of an .entry */
	uint32_t grid[3], block[3];
	uint32_t dynamic_shared;
	const void *arguments; /* the parameter block */
	size_t argument_bytes;
	const struct oracle_region *regions;
	unsigned region_count;
	uint64_t steps_max; /* instructions of all threads; 0: 2^32 */
};

/* Runs it; 0, or -1 with the reason in `error`. Not for several threads at once. */
int oracle_run(const struct oracle_launch *launch, char *error, size_t error_bytes);

#endif
