/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Optimisation works on registers that are like SSA values: written once, by an instruction without
 * guard that dominates every read. For those the text-book rules hold without copies of the graph:
 * a copy of one such register by another may be replaced everywhere.
 */
#ifndef DRIVERS_GPU_PTX_OPT_H
#define DRIVERS_GPU_PTX_OPT_H

#include "drivers/gpu/ptx/module.h"

struct value {
	bool is_single; /* the SSA-like property */
	bool is_const, negated;
	uint32_t copy_of; /* 0 = itself */
	uint64_t bits;
};

struct opt {
	struct ptx *p;
	struct function *f;
	struct value *values; /* by register */
};

/* dominators.c: idom, and preorder intervals of the dominator tree in preorder/last_descendant.
 * False for graphs too tangled to bother. */
bool dominators_compute(struct ptx *p);
static inline bool block_dominates(const struct block *a, const struct block *b)
{
	return a->preorder <= b->preorder && b->preorder <= a->last_descendant;
}

/* opt_fold.c */
void fold_inst(struct opt *o, struct inst *i);
/* opt_address.c */
void fold_address(struct opt *o, struct inst *i);
void fuse_multiply(struct opt *o, struct inst *i);
/* opt_vector.c: lets vector stores take registers where they are */
void join_vectors(struct opt *o);

#endif
