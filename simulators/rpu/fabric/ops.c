/* SPDX-License-Identifier: Apache-2.0 */
#include "simulators/rpu/fabric/ops.h"

#include "simulators/rpu/fabric/config.h"

const struct rpu_op_info rpu_ops[ROAD_RPU_OPS] = {
#define OP(name, operands, class, text) \
	[ROAD_RPU_OP_##name] = {#name, operands, ROAD_RPU_CLASS_##class, rpu_op_##name},
#include "uapi/rpu/ops.def"
#undef OP
};

static const char *const class_names[ROAD_RPU_CLASSES] = {
	[ROAD_RPU_CLASS_NONE] = "none",   [ROAD_RPU_CLASS_ALU] = "alu",
	[ROAD_RPU_CLASS_MUL] = "mul",     [ROAD_RPU_CLASS_DIV] = "div",
	[ROAD_RPU_CLASS_FADD] = "fadd",   [ROAD_RPU_CLASS_FMUL] = "fmul",
	[ROAD_RPU_CLASS_FMA] = "fma",     [ROAD_RPU_CLASS_CVT] = "cvt",
	[ROAD_RPU_CLASS_TABLE] = "table", [ROAD_RPU_CLASS_DOT] = "dot",
	[ROAD_RPU_CLASS_MEM] = "mem",
};

const char *rpu_op_name(uint32_t op)
{
	return op < ROAD_RPU_OPS ? rpu_ops[op].name : "?";
}

const char *rpu_class_name(uint32_t class)
{
	return class < ROAD_RPU_CLASSES ? class_names[class] : "?";
}
