/* SPDX-License-Identifier: Apache-2.0 */
/* Executors of register instructions, built once per instruction set of the host. */
#ifndef SIMULATORS_GPU_EXEC_H
#define SIMULATORS_GPU_EXEC_H

#include "simulators/gpu/warp.h"

struct road_gpu_variant {
	const char *name; /* "baseline", "avx2", "avx512" */
	road_gpu_exec_fn exec[ROAD_GPU_OPS];
};

/* The widest that this machine runs; or the one that was forced. */
const struct road_gpu_variant *road_gpu_variant_best(void);
/* By name; NULL: not built in, or this machine lacks it. */
const struct road_gpu_variant *road_gpu_variant_find(const char *name);
/* For tests: makes _best() answer this one from now on. false: see _find(). */
bool road_gpu_variant_force(const char *name);

/* Values of the special registers, in warp.c: they need the launch. */
void road_gpu_exec_sreg(struct road_gpu_warp *warp, const struct road_gpu_insn *insn,
			uint32_t mask);

#endif
