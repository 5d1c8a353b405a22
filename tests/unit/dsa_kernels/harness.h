/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs kernels of image files on simulated cores without a chip around them: each allocation is a
 * range of its own in global memory, so that a kernel that leaves it faults.
 */
#ifndef TESTS_UNIT_DSA_KERNELS_HARNESS_H
#define TESTS_UNIT_DSA_KERNELS_HARNESS_H

#include "simulators/dsa/core.h"
#include "tests/support/tap.h"

enum { HARNESS_BUFFERS = 16 };

struct harness_buffer {
	uint64_t va, bytes;
	uint8_t *host;
};
struct harness {
	struct harness_buffer buffers[HARNESS_BUFFERS];
	unsigned buffer_count;
	uint64_t seed; /* arbitration between queues */
	enum sim_fidelity fidelity;
	bool large;      /* scratchpads of ascend-910b, not of dsa-small */
	uint64_t cycles; /* of the last run: the blocks one after the other */
	unsigned violations;
	enum road_dsa_fault fault;
	uint32_t fault_line;
	uint8_t *image;
	size_t image_bytes;
};

/* An image of the build's examples/dsa. */
void harness_open(struct harness *harness, const char *image);
void harness_close(struct harness *harness);
/* Memory that holds 0xcd; odd addresses follow from odd offsets of the caller. */
uint64_t harness_alloc(struct harness *harness, uint64_t bytes, void *host_pointer);
/* Frees all memory. */
void harness_clear(struct harness *harness);
/* Runs each block on the same core; it must end without fault or violation. */
void harness_run(struct harness *harness, const char *kernel, const void *arguments,
		 size_t argument_bytes, uint32_t blocks);
/* The same, and it must fault. */
enum road_dsa_fault harness_faults(struct harness *harness, const char *kernel,
				   const void *arguments, size_t argument_bytes);

/* Numbers. */
uint32_t harness_random(uint32_t *seed);
/* Elements of a type, small enough that nothing overflows, as they stand in memory. */
void harness_fill(uint32_t *seed, unsigned type, void *out, size_t count);
float harness_value(unsigned type, const void *at, size_t index);
/* Rounded to the type once, to nearest even. */
uint32_t harness_round(unsigned type, double value);
uint32_t harness_bits(unsigned type, const void *at, size_t index);
size_t harness_bytes(unsigned type);
/* Whether |a - b| <= relative * |b| + absolute; says so where not. */
bool harness_near(double a, double b, double relative, double absolute);

#endif
