/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/oracle/gpu/special.h"

#include <string.h>

static const char *const names[] = {
	"%tid",
	"%ntid",
	"%ctaid",
	"%nctaid",
	"%laneid",
	"%lanemask_eq",
	"%lanemask_lt",
	"%lanemask_le",
	"%lanemask_gt",
	"%lanemask_ge",
	"%warpid",
	"%nwarpid",
	"%dynamic_smem_size",
	"%total_smem_size",
};
enum { TID, NTID, CTAID, NCTAID, LANEID, EQ, LT, LE, GT, GE, WARPID, NWARPID, DYNAMIC, TOTAL };

int special_find(const char *name, const char *part)
{
	for (unsigned k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
		if (strcmp(names[k], name))
			continue;
		if (k > NCTAID)
			return *part ? -1 : (int)k * 4;
		static const char parts[] = "xyzw";
		const char *at = *part && !part[1] ? strchr(parts, *part) : NULL;

		return at ? (int)(k * 4 + (unsigned)(at - parts)) : -1;
	}
	return -1;
}

static uint64_t vector_value(const struct thread *t, unsigned which, unsigned part)
{
	const struct oracle_launch *l = t->block->launch;

	if (part == 3)
		return 0;
	switch (which) {
	case TID: return t->tid[part];
	case NTID: return l->block[part];
	case CTAID: return t->block->ctaid[part];
	default: return l->grid[part];
	}
}

uint64_t special_value(const struct thread *t, int special)
{
	unsigned which = (unsigned)special / 4, lane = t->linear % 32;
	uint32_t bit = 1u << lane;

	switch (which) {
	case LANEID: return lane;
	case EQ: return bit;
	case LT: return bit - 1;
	case LE: return bit | (bit - 1);
	case GT: return (uint32_t) ~(bit | (bit - 1));
	case GE: return (uint32_t) ~(bit - 1);
	case WARPID: return t->linear / 32;
	case NWARPID: return (t->block->count + 31) / 32;
	case DYNAMIC: return t->block->launch->dynamic_shared;
	case TOTAL: return t->block->shared_bytes;
	default: return vector_value(t, which, (unsigned)special % 4);
	}
}
