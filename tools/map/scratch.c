/* SPDX-License-Identifier: Apache-2.0 */
/* Windows of scratchpads that a graph names by constants. */
#include "tools/map/scratch.h"

#include <string.h>

#include "uapi/rpu/regs.h"

struct access {
	bool is_store;
	uint32_t bytes; /* 0: none */
};

static struct access access_of(enum road_rpu_op op)
{
	switch (op) {
	case ROAD_RPU_OP_ld8:
	case ROAD_RPU_OP_ldu8: return (struct access){false, 1};
	case ROAD_RPU_OP_ld16:
	case ROAD_RPU_OP_ldu16: return (struct access){false, 2};
	case ROAD_RPU_OP_ld32: return (struct access){false, 4};
	case ROAD_RPU_OP_stif8:
	case ROAD_RPU_OP_st8: return (struct access){true, 1};
	case ROAD_RPU_OP_stif16:
	case ROAD_RPU_OP_st16: return (struct access){true, 2};
	case ROAD_RPU_OP_stif32:
	case ROAD_RPU_OP_st32: return (struct access){true, 4};
	default: return (struct access){false, 0};
	}
}

/* False: the node accesses nothing in the scratchpad, or where is not known here. */
static bool window_of(const struct map_node *node, struct road_config_claim *out)
{
	const struct map_operand *operands = node->operands;
	const struct access access = access_of(node->op);
	uint32_t at = operands[0].bits;

	if (!access.bytes || operands[0].kind != MAP_CONSTANT)
		return false;
	if (!access.is_store) {
		if (operands[1].kind != MAP_CONSTANT)
			return false;
		at += operands[1].bits;
	}
	*out = (struct road_config_claim){
		.kind = ROAD_CLAIM_SCRATCH,
		.flags = access.is_store ? ROAD_CONFIG_CLAIM_WRITE : ROAD_CONFIG_CLAIM_READ,
		.offset = at,
		.bytes = access.bytes,
	};
	return at < ROAD_RPU_MEMORY_BASE;
}

static bool meet(const struct road_config_claim *a, const struct road_config_claim *b)
{
	bool touch = a->offset == b->offset + b->bytes || b->offset == a->offset + a->bytes;

	return (a->offset < b->offset + b->bytes && b->offset < a->offset + a->bytes) ||
	       (touch && a->flags == b->flags);
}

static void join(struct road_config_claim *a, const struct road_config_claim *b)
{
	uint64_t end = a->offset + a->bytes, other = b->offset + b->bytes;

	a->offset = a->offset < b->offset ? a->offset : b->offset;
	a->bytes = (end > other ? end : other) - a->offset;
	a->flags |= b->flags;
}

/* Joins what meets the window to it, puts it in its place by offset; returns the new count. */
static unsigned add(struct road_config_claim *claims, unsigned count,
		    struct road_config_claim window)
{
	unsigned at = 0;

	for (unsigned i = 0; i < count;) {
		if (!meet(&claims[i], &window) && count < MAP_SCRATCH_CLAIMS) {
			i++;
			continue;
		}
		join(&window, &claims[i]);
		memmove(claims + i, claims + i + 1, (--count - i) * sizeof(*claims));
		i = 0; /* it is larger now */
	}
	while (at < count && claims[at].offset < window.offset)
		at++;
	memmove(claims + at + 1, claims + at, (count - at) * sizeof(*claims));
	claims[at] = window;
	return count + 1;
}

unsigned map_scratch(const struct map_graph *graph,
		     struct road_config_claim claims[MAP_SCRATCH_CLAIMS])
{
	struct road_config_claim window;
	unsigned count = 0;

	for (unsigned i = 0; i < graph->node_count; i++)
		if (window_of(&graph->nodes[i], &window))
			count = add(claims, count, window);
	return count;
}
