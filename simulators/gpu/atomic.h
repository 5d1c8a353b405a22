/* SPDX-License-Identifier: Apache-2.0 */
/* What an atomic does to one lane's word. */
#ifndef SIMULATORS_GPU_ATOMIC_H
#define SIMULATORS_GPU_ATOMIC_H

#include "simulators/gpu/decode.h"

/*
 * What memory holds after an atomic of KIND_ATOMIC found `old` there; operands b and c in their
 * low bytes. `shared`: the word lies in shared memory.
 */
uint64_t road_gpu_atomic_result(const struct road_gpu_insn *insn, bool shared, uint64_t old,
				uint64_t b, uint64_t c);

#endif
