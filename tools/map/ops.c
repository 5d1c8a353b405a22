/* SPDX-License-Identifier: Apache-2.0 */
/* The operations by name, out of the contract's own table. */
#include "tools/map/ops.h"

#include <string.h>

const struct map_op map_ops[ROAD_RPU_OPS] = {
#define OP(name, operands, class, text) {#name, operands, ROAD_RPU_CLASS_##class},
#include "uapi/rpu/ops.def"
#undef OP
};

int map_op_find(const char *name, size_t bytes)
{
	for (int i = 0; i < (int)ROAD_RPU_OPS; i++)
		if (i != ROAD_RPU_OP_nop && strlen(map_ops[i].name) == bytes &&
		    !memcmp(map_ops[i].name, name, bytes))
			return i;
	return -1;
}

bool map_op_stores(enum road_rpu_op op)
{
	return map_ops[op].class == ROAD_RPU_CLASS_MEM && !strncmp(map_ops[op].name, "st", 2);
}

bool map_op_commutes(enum road_rpu_op op)
{
	switch (op) {
	case ROAD_RPU_OP_add:
	case ROAD_RPU_OP_mul:
	case ROAD_RPU_OP_mad:
	case ROAD_RPU_OP_and:
	case ROAD_RPU_OP_or:
	case ROAD_RPU_OP_xor:
	case ROAD_RPU_OP_min:
	case ROAD_RPU_OP_max:
	case ROAD_RPU_OP_minu:
	case ROAD_RPU_OP_maxu:
	case ROAD_RPU_OP_eq:
	case ROAD_RPU_OP_ne:
	case ROAD_RPU_OP_fadd:
	case ROAD_RPU_OP_fmul:
	case ROAD_RPU_OP_fma:
	case ROAD_RPU_OP_fmin:
	case ROAD_RPU_OP_fmax: return true;
	default: return false;
	}
}
