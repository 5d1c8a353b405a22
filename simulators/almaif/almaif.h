/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated AlmaIF chip: its numbers, and what its built-in kernels see of it. */
#ifndef SIMULATORS_ALMAIF_ALMAIF_H
#define SIMULATORS_ALMAIF_ALMAIF_H

#include <stdbool.h>
#include <stdint.h>

#include <roadbed-sim/model.h>

/* simulators/chips/almaif.yaml gives the values, each with its source. */
struct almaif_params {
	uint64_t queue_bytes, data_bytes; /* of the two memories */
	uint64_t clock_hz, reset_cycles, poll_cycles, dispatch_cycles;
	uint64_t bytes_per_cycle; /* of a kernel that moves bytes */
	uint64_t items_per_cycle; /* of one that computes */
	uint32_t device_class, device_id;
};

/* The chip's own addresses begin above all that it can put on the bus. */
#define ALMAIF_BUS_MASK    ((UINT64_C(1) << 47) - 1)
#define ALMAIF_CQMEM_START (UINT64_C(1) << 47)
#define ALMAIF_DMEM_START  (UINT64_C(1) << 48)

/* What a kernel may touch. */
struct almaif_memory {
	struct sim_env *env;
	uint32_t function; /* whose bus addresses are meant */
	unsigned char *data;
	uint64_t data_bytes;
};
/* The bytes at an address of the chip; NULL: they are not all there. Valid for this event. */
void *almaif_at(const struct almaif_memory *memory, uint64_t address, uint64_t bytes, bool write);

enum almaif_outcome {
	ALMAIF_DONE,
	ALMAIF_BROKEN,  /* completes as failed */
	ALMAIF_ENDLESS, /* never completes */
};
struct almaif_job {
	uint64_t kernel, kernarg;
	uint64_t items; /* work-items in all */
	/* out: work, for the time that it takes */
	uint64_t bytes, elements;
};
/* Runs a built-in kernel at once, or finds out that it cannot be. */
enum almaif_outcome almaif_kernel_run(const struct almaif_memory *memory, struct almaif_job *job);

extern const struct road_chip_family road_chip_family_almaif;
extern const struct sim_model_ops sim_model_almaif;

#endif
