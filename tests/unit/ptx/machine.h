/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small machine that runs words one lane at a time, to see what compiled code means. It knows
 * nothing of warps or time: lanes run to the next barrier in turn. Written from uapi alone.
 */
#ifndef TESTS_UNIT_PTX_MACHINE_H
#define TESTS_UNIT_PTX_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "uapi/gpu/image.h"

#define MACHINE_GLOBAL       UINT64_C(0x100000) /* address of global[0] */
#define MACHINE_GLOBAL_BYTES (1u << 16)
#define MACHINE_DATA         UINT64_C(0x800000) /* address of the module's data */
#define MACHINE_SHARED_BYTES (1u << 14)
#define MACHINE_LOCAL_BYTES  1024u
#define MACHINE_CALLS        64u

struct machine {
	const struct road_gpu_image *image;
	unsigned kernel;
	uint32_t ntid[3], nctaid[3];
	uint8_t params[256];
	uint8_t global[MACHINE_GLOBAL_BYTES];
	uint8_t data[4096];
	uint8_t shared[MACHINE_SHARED_BYTES];
	const char *fault; /* NULL = none */
	uint32_t fault_word;
	uint64_t steps; /* left before the machine gives up */
};

/* Runs the whole grid; false with `fault` set if it cannot. */
bool machine_run(struct machine *m);

#endif
