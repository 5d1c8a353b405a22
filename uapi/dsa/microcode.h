/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The microcode of the Roadbed DSA's cores: what a configuration image (uapi/region.h, kind
 * ROAD_CONFIG_MICROCODE) holds behind its header. A region's image says which instructions its
 * cores know, and how a core's power is split between the cube and the vector unit. Without an
 * image cores work as they are built: all instructions, both units at 8 eighths.
 */
#ifndef UAPI_DSA_MICROCODE_H
#define UAPI_DSA_MICROCODE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Regions that take such images: the unit's FABRIC64. The low half is the ISA's version. */
#define ROAD_DSA_FABRIC UINT64_C(0x4453414600000001) /* "DSAF" */

/* All of the payload. Instructions are the rows of ops.def, in its order. */
struct road_dsa_microcode {
	uint32_t magic;   /* ROAD_DSA_MICROCODE_MAGIC */
	uint16_t version; /* ROAD_DSA_MICROCODE_VERSION */
	/* Eighths of the unit's rate as it is built, 16 together: 4 to 12 each; or one has all 16,
	 * and the other one, 0, is off: none of its instructions (those of its queue) is enabled.
	 */
	uint8_t cube, vector;
	uint32_t isa;         /* ROAD_DSA_ISA_VERSION */
	uint32_t operators;   /* the table is made for so many: 1 to ROAD_DSA_OPS */
	uint64_t enabled[4];  /* bit i: instruction i is known; `end` always is. Others fault with
			       * ROAD_DSA_FAULT_OPERATOR when a core comes to them */
	uint64_t reserved[2]; /* 0 */
};
#define ROAD_DSA_MICROCODE_MAGIC   0x434d4252u /* "RBMC" */
#define ROAD_DSA_MICROCODE_VERSION 1u
#define ROAD_DSA_SPLIT_MIN         4u
#define ROAD_DSA_SPLIT_MAX         12u
#define ROAD_DSA_SPLIT_SUM         16u
#define ROAD_DSA_OPERATORS_MAX     256u

#ifdef __cplusplus
}
#endif
#endif
