/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels with data: their C sources, what they are called with, and who else computes them. */
#ifndef TESTS_UNIT_MAP_DATA_H
#define TESTS_UNIT_MAP_DATA_H

#include "simulators/rpu/fabric/fabric.h"
#include "tests/unit/map/support.h"

#define SPM_BYTES 65536u

enum data_kind {
	DATA_END,
	DATA_FLOATS, /* so many words of memory */
	DATA_POSITIVE,
	DATA_INTS,
	DATA_BITS,
	DATA_PAIRS,   /* of bf16 */
	DATA_INDICES, /* below `limit` */
	DATA_NUMBER,  /* a value: count */
	DATA_REAL,    /* a value: real */
};
struct data_argument {
	enum data_kind kind;
	uint32_t count, limit;
	float real;
};
struct data_kernel {
	const char *name;
	bool loop; /* NAME_loop is there, too */
	void (*source)(uint8_t *memory, const uint32_t *values);
	struct data_argument arguments[MAP_ARGUMENTS_MAX];
};
extern const struct data_kernel data_kernels[];
extern const unsigned data_kernel_count;

/* Fills memory for the kernel; values: where arrays begin, or numbers. */
void data_fill(const struct data_kernel *kernel, uint64_t seed, uint8_t *memory, uint32_t *values);

/* The simulated fabric that a graph is mapped to. */
struct rpu_fabric_params data_params(const struct map_fabric *fabric, uint32_t spm_bytes);

/* A launch to its end; its cycles, or 0 and a failed case. */
uint64_t data_launch(struct rpu_fabric *fabric, const struct rpu_config *config,
		     const uint32_t *values);

/* The graph mapped and run on a fabric with this memory; its cycles, or 0 and a failed case. */
uint64_t data_run(const struct map_graph *graph, const struct map_fabric *fabric,
		  const struct map_mapping *mapping, enum rpu_fabric_mode mode, uint8_t *memory,
		  const uint32_t *values);

#endif
