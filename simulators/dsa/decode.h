/* SPDX-License-Identifier: Apache-2.0 */
/* The table of operations, made of uapi/dsa/ops.def, and what a word of each format uses. */
#ifndef SIMULATORS_DSA_DECODE_H
#define SIMULATORS_DSA_DECODE_H

#include <stdbool.h>
#include <stdint.h>

#include "uapi/dsa/isa.h"

struct dsa_op_info {
	const char *name;
	uint8_t queue;  /* enum road_dsa_queue; ANY: the word names it */
	uint8_t format; /* enum road_dsa_format */
	uint16_t types; /* bits of enum road_dsa_type; 0: none */
};
extern const struct dsa_op_info dsa_ops[ROAD_DSA_OPS];

extern const char *const dsa_queue_names[ROAD_DSA_QUEUES];

/* The queue that executes a word that was checked. */
enum road_dsa_queue dsa_queue_of(const struct road_dsa_word *word);

/* How many registers from xB on a word reads: 1, or a block that describes a shape. */
uint32_t dsa_shape_registers(const struct road_dsa_word *word);

/* Bytes of an element; 0 for NONE. */
uint32_t dsa_type_bytes(uint32_t type);

static inline bool dsa_type_is_float(uint32_t type)
{
	return type == ROAD_DSA_TYPE_F16 || type == ROAD_DSA_TYPE_BF16 || type == ROAD_DSA_TYPE_F32;
}

#endif
