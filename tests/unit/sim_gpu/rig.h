/* SPDX-License-Identifier: Apache-2.0 */
/* A small assembler for kernels by hand, the image around them, and one launch at a time. */
#ifndef TESTS_UNIT_SIM_GPU_RIG_H
#define TESTS_UNIT_SIM_GPU_RIG_H

#include "simulators/gpu/warp.h"
#include "simulators/numbers/vector.h"
#include "tests/support/tap.h"

#include <stdbool.h>
#include <stdint.h>

#define RIG_WORDS    256u
#define RIG_VA       UINT64_C(0x100000) /* where the rig's memory is mapped, readable, writable */
#define RIG_BYTES    65536u
#define RIG_READONLY UINT64_C(0x400000) /* a second range: 4096 bytes that may only be read */

enum { RZ = ROAD_GPU_RZ, PT = ROAD_GPU_PT };

/* A kernel under construction, and what the launch needs. */
struct rig {
	struct road_gpu_word words[RIG_WORDS];
	uint32_t count;
	uint32_t branches[16], branch_count;
	struct road_gpu_kernel desc;
	struct road_gpu_launch_config config;
	uint64_t params[8];
	uint8_t memory[RIG_BYTES] __attribute__((aligned(64)));
	uint8_t readonly[4096] __attribute__((aligned(64)));
	struct road_gpu_range ranges[2];
	struct road_gpu_ranges space;
	struct road_gpu_module *module;
	struct road_gpu_launch *launch;
};

/* A new rig: one workgroup of 32 threads, 32 registers, 8 predicates, params 64 bytes. */
void rig_init(struct rig *rig);
void rig_free(struct rig *rig);

/* Appends a word; the result may be changed until the next one. Unused fields are 0. */
struct road_gpu_word *emit(struct rig *rig, unsigned op, unsigned d, unsigned a, unsigned b,
			   unsigned c);
/* The same with the immediate in field `place` (1 a, 2 b, 3 c). */
struct road_gpu_word *emit_imm(struct rig *rig, unsigned op, unsigned d, unsigned a, unsigned b,
			       unsigned c, unsigned place, int32_t imm);
/* bra, guarded; target is a word index */
struct road_gpu_word *emit_branch(struct rig *rig, unsigned guard, uint32_t target);
/* r = tid.x; loads and stores of b32 at [address pair + imm] in global memory */
void emit_tid(struct rig *rig, unsigned r);
/* stores register `r` of each lane to memory + base + 4 * global thread number; uses r28..r31 */
void emit_store_by_thread(struct rig *rig, unsigned r, int32_t base);
void emit_exit(struct rig *rig);

/* The image as the driver would place it; returns its bytes, in a buffer to be freed. */
uint8_t *rig_image(const struct rig *rig, uint32_t *bytes);

/* Decodes and creates the launch; asserts that both work. */
void rig_launch(struct rig *rig);
/* Runs it in functional mode in slices of `slice`; returns the steps run. */
uint64_t rig_run(struct rig *rig, uint64_t slice, enum road_gpu_progress *end);
/* rig_launch() and rig_run(): asserts that it finishes. */
void rig_finish(struct rig *rig);
/* The same, asserts that it faults with this. */
const struct road_gpu_fault_info *rig_fault(struct rig *rig, enum road_gpu_fault code);

static inline uint32_t *rig_u32(struct rig *rig, uint32_t index)
{
	return (uint32_t *)(void *)rig->memory + index;
}

/* Runs a case once under each vector variant that this machine has. */
void each_variant(void (*run)(const char *name));
/* Runs it under this one, or skips the case, by name, where the machine lacks it. */
void in_variant(const char *name, void (*run)(const char *name));

uint64_t rig_random(uint64_t *state);

#endif
