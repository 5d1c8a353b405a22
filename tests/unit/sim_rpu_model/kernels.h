/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels for a simulated RPU, from the text of their graphs to entries of a ring. */
#ifndef TESTS_UNIT_SIM_RPU_MODEL_KERNELS_H
#define TESTS_UNIT_SIM_RPU_MODEL_KERNELS_H

#include "tests/unit/sim_rpu_model/rig.h"

/* Maps the graph and has stream 0 bring its image to n * 0x8000 of device memory; its bytes. */
size_t rig_put_image(struct rig *rig, unsigned n, const char *text);
/* Activates the n-th image as this configuration, in the order of the stream. */
void rig_activate(struct rig *rig, uint32_t stream, unsigned n, size_t bytes, uint64_t config,
		  uint8_t drain);
/* Behind all that the stream was given; and rings. */
void rig_fence(struct rig *rig, uint32_t stream, uint64_t value);
/* One block of what is active, with the arguments at ARGUMENTS_AT. */
struct road_rpu_run rig_run_of(uint32_t argument_bytes);

#endif
