/* SPDX-License-Identifier: Apache-2.0 */
/* What the mapper must know of an operation. */
#ifndef TOOLS_MAP_OPS_H
#define TOOLS_MAP_OPS_H

#include <stdbool.h>
#include <stddef.h>

#include "uapi/rpu/fabric.h"

struct map_op {
	const char *name;
	unsigned operands;
	enum road_rpu_class class;
};
extern const struct map_op map_ops[ROAD_RPU_OPS];

/* -1: there is none of the name. */
int map_op_find(const char *name, size_t bytes);
bool map_op_stores(enum road_rpu_op op);
/* a and b may change places. */
bool map_op_commutes(enum road_rpu_op op);

#endif
