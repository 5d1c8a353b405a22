/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A GPGPU for tests of its driver: registers, translation, and packets that are carried out while
 * the doorbell is written. It runs no kernels: a dispatch is checked and noted. What a driver must
 * not do is counted as a violation.
 */
#ifndef TESTS_UNIT_GPU_FAKE_GPU_H
#define TESTS_UNIT_GPU_FAKE_GPU_H

#include "tests/unit/drivers/fake_bus.h"
#include "uapi/gpu/aql.h"
#include "uapi/gpu/image.h"
#include "uapi/gpu/isa.h"
#include "uapi/gpu/regs.h"

enum {
	FAKE_QUEUES = 8,
	FAKE_SPACES = 4,
	FAKE_SEGMENTS = 512,
	FAKE_IMAGES = 16,
	FAKE_MEMORY = 4 << 20,
	FAKE_WINDOW = 1 << 20
};

struct fake_queue {
	bool open;
	uint32_t state, space, slots, priority;
	uint64_t ring, status, taken, rung;
};

struct fake_space {
	bool open;
	uint32_t count;
	struct road_gpu_segment segments[FAKE_SEGMENTS];
};

struct fake_gpu {
	struct fake_bus bus; /* first */
	uint32_t regs[0x400 / 4];
	struct fake_queue queues[FAKE_QUEUES];
	struct fake_space spaces[FAKE_SPACES];
	struct {
		uint64_t va;
		uint32_t space;
	} images[FAKE_IMAGES];
	uint32_t image_count;
	uint32_t irq_status;
	/* what tests look at */
	struct road_gpu_dispatch dispatch; /* the last */
	unsigned char kernarg[64];         /* its first arguments */
	uint32_t dispatches, loads, unloads, fences, fills, copies, opens, closes;
	uint32_t violations;
	const char *violation; /* the first */
	/* what tests ask for */
	bool hang;  /* takes no packet */
	bool dirty; /* memory is not zero at reset */
	bool never_ready;
	uint32_t refuse_queue;              /* commands that are refused from now on */
	struct road_gpu_queue_status fault; /* of the next dispatch; fault 0: none */
	uint32_t image_error;               /* of the next LOAD */
};

void fake_gpu_init(struct fake_gpu *gpu);
void fake_gpu_destroy(struct fake_gpu *gpu);
/* Device memory behind an address of a space; NULL: not mapped with these rights. */
void *fake_gpu_at(struct fake_gpu *gpu, uint32_t space, uint64_t va, uint64_t bytes,
		  uint32_t rights);

#endif
