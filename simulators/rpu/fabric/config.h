/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configurations: bytes of a stranger become a checked object, once; all that runs later reads the
 * object. A config does not change; whoever holds one frees it when no fabric has it any more.
 */
#ifndef SIMULATORS_RPU_FABRIC_CONFIG_H
#define SIMULATORS_RPU_FABRIC_CONFIG_H

#include <stddef.h>

#include "simulators/rpu/fabric/params.h"

enum rpu_config_error {
	RPU_CONFIG_OK,
	RPU_CONFIG_MEMORY,   /* the host has none left */
	RPU_CONFIG_SIZE,     /* total_bytes, or parts that do not add up to it */
	RPU_CONFIG_MAGIC,    /* or version */
	RPU_CONFIG_FABRIC,   /* made for another fabric */
	RPU_CONFIG_INTERVAL, /* II out of range */
	RPU_CONFIG_COUNT,    /* more of a part than there may be */
	RPU_CONFIG_NAME,     /* of the kernel or of an argument */
	RPU_CONFIG_RESERVED, /* a reserved field, or one that is not used, is not 0 */
	RPU_CONFIG_TIMING,   /* scheduled for another latency or interval of a class */
	RPU_CONFIG_LENGTH,   /* of an iteration is not what the words say */
	RPU_CONFIG_CRC,      /* of a word */
	RPU_CONFIG_OP,       /* there is none of this number */
	RPU_CONFIG_SOURCE, /* operand that does not exist: reserved, over a mesh's edge, register */
	RPU_CONFIG_LINK,   /* likewise of a link or move, or a link that leads nowhere */
	RPU_CONFIG_DESTINATION, /* reserved, or no such register */
	RPU_CONFIG_BORDER,      /* stream or memory access of an element that does not reach it */
	RPU_CONFIG_STREAM,      /* no such stream, or in the wrong direction */
	RPU_CONFIG_FIRST,       /* replaces an operand that the op does not have, or a stream's */
	RPU_CONFIG_COLLISION,   /* two results, two writes of a register, or a unit still busy */
	RPU_CONFIG_STAGE,       /* words of one step that share a stream differ in stage */
	RPU_CONFIG_VALUE,       /* constant or register number: range or order */
	RPU_CONFIG_ENGINE, /* a stream's kind, type, direction, reduction, shift, count, stride */
	RPU_CONFIG_RELOCATION, /* field, target, argument, one twice, or the field is not 0 */
	RPU_CONFIG_ARGUMENT,   /* size, alignment, order, kind */
	RPU_CONFIG_TABLE,      /* entries, or a gap before it */
	RPU_CONFIG_ERRORS
};

enum rpu_config_part {
	RPU_PART_HEADER,
	RPU_PART_WORDS,
	RPU_PART_CONSTANTS,
	RPU_PART_REGISTERS,
	RPU_PART_STREAMS,
	RPU_PART_RELOCATIONS,
	RPU_PART_ARGUMENTS,
	RPU_PART_TABLES,
	RPU_PARTS
};

/* What was wrong and where. */
struct rpu_config_verdict {
	enum rpu_config_error error;
	enum rpu_config_part part;
	uint32_t index;  /* in the part; of the header: byte offset of the field */
	uint64_t offset; /* byte in the configuration */
	uint64_t seen;
	uint64_t allowed; /* or the greatest that is */
};

const char *rpu_config_error_text(enum rpu_config_error error);
const char *rpu_config_part_name(enum rpu_config_part part);

struct rpu_config;

/*
 * Checks a configuration for fabrics of these parameters; bytes are read once, into a copy. NULL
 * and a verdict if it is refused.
 */
struct rpu_config *rpu_config_check(const struct rpu_fabric_params *params, const void *bytes,
				    size_t size, struct rpu_config_verdict *verdict);
void rpu_config_free(struct rpu_config *config);

const struct road_rpu_config *rpu_config_header(const struct rpu_config *config);
const struct road_rpu_argument *rpu_config_arguments(const struct rpu_config *config);
/* The bytes as they were checked, total_bytes of them: what reading back yields. */
const void *rpu_config_bytes(const struct rpu_config *config);
/* Enabled ops in one iteration. */
uint32_t rpu_config_ops(const struct rpu_config *config);

/* What a field of a word, a class or an op is called; for reports. */
const char *rpu_op_name(uint32_t op);
const char *rpu_class_name(uint32_t class);

#endif
