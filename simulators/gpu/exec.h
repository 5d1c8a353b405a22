/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Executors: what an instruction does to the rows of a warp. The files exec_*.c are built once
 * per instruction set of the host ("variant", as in numbers/vector.h); all give the same bits.
 */
#ifndef SIMULATORS_GPU_EXEC_H
#define SIMULATORS_GPU_EXEC_H

#include "simulators/gpu/warp.h"

struct road_gpu_part;
struct road_sim_vector_ops;

/* Why a run of a warp ended. */
enum road_gpu_run {
	ROAD_GPU_RUN_STEPS,   /* as many as were asked for */
	ROAD_GPU_RUN_BLOCKED, /* the warp waits or has exited, or its workgroup finished */
	ROAD_GPU_RUN_FAULT,   /* see block->fault */
};

struct road_gpu_variant {
	const char *name;
	const struct road_sim_vector_ops *vector;
	/* The executor of a decoded instruction of KIND_ALU, SYNC, LOAD or STORE; NULL: none. */
	road_gpu_exec_fn (*executor)(const struct road_gpu_insn *insn);
	/* A load or store that somebody looks at; NONE, or the fault, which is recorded. */
	enum road_gpu_fault (*access)(struct road_gpu_warp *warp, const struct road_gpu_insn *insn,
				      uint32_t mask, struct road_gpu_access *access);
	/* An instruction of KIND_SYNC whose lanes are at one word or at several. */
	void (*together)(struct road_gpu_warp *warp, const struct road_gpu_part *parts,
			 uint32_t count);
	/* Runs up to `steps` instructions; *ran counts them. */
	enum road_gpu_run (*run)(struct road_gpu_warp *warp, uint32_t steps, uint32_t *ran);
};

/* Lanes of a warp that act together, by the word that they are at. */
struct road_gpu_part {
	const struct road_gpu_insn *insn;
	uint32_t lanes;
};

/* The one in use (road_sim_set_vector_variant()). */
const struct road_gpu_variant *road_gpu_variant_in_use(void);

/* Row operands of an instruction. */
static inline const void *road_gpu_source(const struct road_gpu_warp *warp, uint32_t operand)
{
	return warp->rows[operand & ROAD_GPU_BANK_MASK] + (operand & ~ROAD_GPU_BANK_MASK);
}

static inline void *road_gpu_target(const struct road_gpu_warp *warp, uint32_t operand)
{
	return warp->rows[0] + operand;
}

/* What a lane's address operand and offset make, before any translation. */
static inline uint64_t road_gpu_lane_address(const struct road_gpu_warp *warp,
					     const struct road_gpu_insn *insn, unsigned lane)
{
	const void *a = road_gpu_source(warp, insn->a);

	if (insn->form & ROAD_GPU_FORM_ADDR32)
		return ((const uint32_t *)a)[lane] + (uint32_t)insn->imm;
	return ((const uint64_t *)a)[lane] + (uint64_t)(int64_t)insn->imm;
}

/* The range that an access by the same address register hit last. */
static inline const struct road_gpu_range **road_gpu_last_range(struct road_gpu_warp *warp,
								const struct road_gpu_insn *insn)
{
	return &warp->last[insn->a / (2 * ROAD_GPU_ROW_BYTES) % ROAD_GPU_LAST];
}

/* A predicate field as read: bit 7 negates. */
static inline uint32_t road_gpu_predicate(const struct road_gpu_warp *warp, unsigned field)
{
	return warp->preds[field & ROAD_GPU_PREDS_MAX] ^ (0u - (field >> 7));
}

/* Where a launch's dynamic shared memory starts: behind the static part, aligned. */
static inline uint32_t road_gpu_dynamic(const struct road_gpu_kernel *desc)
{
	uint32_t align = desc->shared_align ? desc->shared_align : 1u;

	return (desc->shared_bytes + align - 1u) & ~(align - 1u);
}

/* Parts of a step that are not the same in every variant file (warp.c). */

/* Records a fault of the block: the lowest lane of `lanes`, address, detail. */
void road_gpu_warp_fault(struct road_gpu_warp *warp, const struct road_gpu_insn *insn,
			 enum road_gpu_fault code, uint32_t lanes, uint64_t address,
			 uint64_t detail);
/* Branches, barriers, exits, traps: moves the splits. False after a fault. */
bool road_gpu_warp_control(struct road_gpu_warp *warp, const struct road_gpu_insn *insn,
			   uint32_t active, uint32_t mask, struct road_gpu_step *step);
/* Lanes of the current split leave it for a split of their own at pc. */
struct road_gpu_split *road_gpu_warp_split_off(struct road_gpu_warp *warp, uint32_t lanes,
					       uint32_t pc);
/* Lanes of the current split are at an instruction of KIND_SYNC. */
void road_gpu_sync(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, uint32_t mask);
void road_gpu_sync_left(struct road_gpu_warp *warp); /* lanes exited: who waits for them? */
/* Are these lanes all that the instruction names, so that nobody has to wait? */
static inline bool road_gpu_sync_whole(const struct road_gpu_warp *warp,
				       const struct road_gpu_insn *insn, uint32_t mask)
{
	const uint32_t *names = road_gpu_source(warp, insn->c);
	uint32_t differ = 0;

	if ((insn->mods & ROAD_GPU_MOD_MEMBERS_MASK) == ROAD_GPU_MEMBERS_FULL)
		return mask == ROAD_GPU_ALL;
	for (uint32_t l = 0; l < ROAD_GPU_WARP_LANES; l++)
		differ |= mask >> l & 1u ? names[l] ^ mask : 0;
	return mask && !differ;
}
/* Chooses and merges so that warp->current is the split to run; false if there is none. */
bool road_gpu_warp_choose(struct road_gpu_warp *warp);
/* The workgroup has finished: its slot's memory may serve another slot. */
void road_gpu_block_leave(struct road_gpu_block *block);
/* Loads, stores and atomics lane by lane, through the port if there is one. */
enum road_gpu_fault road_gpu_access_run(struct road_gpu_warp *warp,
					const struct road_gpu_insn *insn, uint32_t mask,
					struct road_gpu_access *access);
/* Finds and checks where the lanes of an access are; or records the lowest faulting lane's fault.
 */
enum road_gpu_fault road_gpu_access_prepare(struct road_gpu_warp *warp,
					    struct road_gpu_access *access);
/* A lane's virtual address to memory, checked; NONE or the fault, which is not recorded. */
enum road_gpu_fault road_gpu_access_translate(struct road_gpu_warp *warp,
					      struct road_gpu_access *access, unsigned lane);
/* ldmatrix: the lanes that give addresses of rows (one, two or four matrices of eight). */
static inline uint32_t road_gpu_matrix_lanes(const struct road_gpu_insn *insn)
{
	return ROAD_GPU_ALL >> (32 - (8u << (insn->op - ROAD_GPU_OP_ldmatrix_x1)));
}
/* Its result, from 16 bytes a lane. */
void road_gpu_put_matrices(const struct road_gpu_insn *insn, uint8_t *rows, const uint8_t *data);
void road_gpu_note_order(struct road_gpu_warp *warp, const struct road_gpu_insn *insn);

#endif
