/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hazard checker: two accesses to a common byte, one of them a write, that nothing orders.
 * Orders are a queue's own (in V a read is not behind a write without pipe_barrier, unless the
 * chip is interlocked), set_flag to wait_flag, cross_set to cross_wait, dispatch, and
 * pipe_barrier. When things happen has no part in it: vector clocks count instructions.
 *
 * Granules of 32 bytes with a mask of bytes each keep the accesses that no later one stands for.
 * All functions take NULL for a checker that is off.
 */
#ifndef SIMULATORS_DSA_HAZARD_H
#define SIMULATORS_DSA_HAZARD_H

#include "simulators/dsa/internal.h"

struct dsa_shadow;

struct dsa_hazards *dsa_hazards_create(struct dsa_core *core);
void dsa_hazards_destroy(struct dsa_hazards *hazards);
/* A block begins: it is behind all that the core did before. */
void dsa_hazards_begin(struct dsa_hazards *hazards);

/* S gives an instruction to a queue; the queue begins it, or S one of its own (NULL). */
void dsa_hazards_dispatch(struct dsa_hazards *hazards, struct dsa_entry *entry);
void dsa_hazards_enter(struct dsa_hazards *hazards, uint32_t queue, const struct dsa_entry *entry);
/* queue: ROAD_DSA_QUEUES for ALL. */
void dsa_hazards_barrier(struct dsa_hazards *hazards, uint32_t queue);
void dsa_hazards_set(struct dsa_hazards *hazards, uint32_t source, uint32_t target, uint32_t id);
void dsa_hazards_wait(struct dsa_hazards *hazards, uint32_t source, uint32_t target, uint32_t id);

/* Accesses of the instruction that entered last. */
void dsa_hazards_pad(struct dsa_hazards *hazards, uint32_t pad, uint64_t offset, uint64_t bytes,
		     bool write);

/* Global memory: bytes of a piece, and flags between cores; block: UINT32_MAX for all others. */
void dsa_hazards_global(struct dsa_hazards *hazards, const struct dsa_piece *piece, uint64_t offset,
			uint64_t bytes, bool write);
void dsa_hazards_cross_set(struct dsa_hazards *hazards, uint32_t queue, uint32_t block,
			   uint32_t id);
void dsa_hazards_cross_wait(struct dsa_hazards *hazards, uint32_t queue, uint32_t id);

/* What a chip remembers of accesses to global memory, for all of its cores. */
struct dsa_shadow *dsa_shadow_create(uint32_t cores);
void dsa_shadow_destroy(struct dsa_shadow *shadow);
/* memory.c: the chip's, made when it is first asked for; NULL: no memory. */
struct dsa_shadow *dsa_memory_shadow(struct dsa_memory *memory);

#endif
