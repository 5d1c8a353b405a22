/* SPDX-License-Identifier: Apache-2.0 */
/* Between the allocator's parts. */
#ifndef DRIVERS_GPU_PTX_REGALLOC_H
#define DRIVERS_GPU_PTX_REGALLOC_H

#include "drivers/gpu/ptx/module.h"

/* Fills start and end of all registers; false if the graph is too tangled to be worth it. */
bool live_compute(struct ptx *p);

/* Moves the registers marked in `spilled` (first members stand for groups) to local memory. */
void spill_rewrite(struct ptx *p, const bool *spilled);

#endif
