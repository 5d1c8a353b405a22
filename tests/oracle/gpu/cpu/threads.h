/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernels on this machine: a workgroup's threads are contexts that take turns, and give theirs away
 * where they wait for each other. One launch at a time.
 */
#ifndef TESTS_ORACLE_GPU_CPU_THREADS_H
#define TESTS_ORACLE_GPU_CPU_THREADS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cpu_dim {
	unsigned x, y, z;
};

/* Where the thread that runs stands. */
struct cpu_place {
	struct cpu_dim thread, block, threads, blocks;
};
extern struct cpu_place cpu_here;

/* Runs the kernel for each thread of the grid; arguments[i] points to argument i. */
void cpu_launch(void (*kernel)(void **), struct cpu_dim blocks, struct cpu_dim threads,
		void **arguments);
/* All threads of the workgroup that have not ended come here. */
void cpu_barrier(void);
/* Gives 32 bits to the warp and takes those of the lane whose number differs in these bits (or is
 * higher by that): all lanes of the warp come here. */
uint32_t cpu_shuffle_xor(uint32_t value, unsigned bits);
uint32_t cpu_shuffle_down(uint32_t value, unsigned by);

#ifdef __cplusplus
}
#endif
#endif
