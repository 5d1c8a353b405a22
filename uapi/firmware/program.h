/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The payload of a firmware image of Roadbed's own chips: what the command processor obeys.
 * Little-endian.
 *
 *	struct road_program · opcode_count opcodes · level_count levels · text
 *
 * An opcode that is not in the table, or has version 0, is not enabled: an entry of a ring that
 * says it is malformed. What the versions of an opcode mean stands with the chip's ring.
 */
#ifndef UAPI_FIRMWARE_PROGRAM_H
#define UAPI_FIRMWARE_PROGRAM_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ROAD_PROGRAM_MAGIC       0x4d475052u /* "RPGM" */
#define ROAD_PROGRAM_VERSION     1u
#define ROAD_PROGRAM_OPCODES_MAX 64u
#define ROAD_PROGRAM_LEVELS_MAX  16u
#define ROAD_PROGRAM_CLOCK_MIN   100u
#define ROAD_PROGRAM_CLOCK_MAX   1000u
#define ROAD_PROGRAM_POWER_MAX   10000000u

enum road_program_family { ROAD_PROGRAM_GPU = 1, ROAD_PROGRAM_DSA, ROAD_PROGRAM_RPU };

/* 64 bytes. */
struct road_program {
	uint32_t magic, version;
	uint32_t family; /* enum road_program_family */
	uint32_t program_bytes;
	uint32_t protocol_min, protocol_max; /* that it speaks; min >= 1 */
	uint64_t features;                   /* of the hello: reserved for higher layers */
	/* How long a queue's entries go first while others of its priority have some, too; 0: the
	 * next one is another queue's. */
	uint32_t quantum_ns;
	uint32_t opcode_count; /* 1 … ROAD_PROGRAM_OPCODES_MAX */
	uint32_t level_count;  /* 1 … ROAD_PROGRAM_LEVELS_MAX */
	uint32_t level;        /* in use: an index into the levels */
	uint32_t text_bytes;   /* of a description for people, behind the levels */
	uint32_t reserved[3];  /* 0 */
};

struct road_program_opcode {
	uint16_t opcode;  /* of the chip's ring: 0 … ROAD_PROGRAM_OPCODES_MAX - 1, rising */
	uint16_t version; /* 0: not enabled */
};

/*
 * opcodes.def has the opcodes of each family: name, number, highest version.
 *
 * A chip with several components works by all of their programs as by one: each opcode has the
 * highest version of any, a protocol is one that all speak; quantum, levels and features are the
 * first component's. Each of the others has a quantum of 0 and one level, of clock 1000, whose
 * power its units add to the chip's.
 */

/* A level of clock and power. */
struct road_program_level {
	uint32_t clock;    /* in 1/1000 of the chip's own, 100 … 1000 */
	uint32_t power_mw; /* taken at most, assumed; up to ROAD_PROGRAM_POWER_MAX, 0: unknown */
};

/* What the images for Roadbed's chips name as their vendor and class: UUIDs, bytes in the order of
 * their text. */
#define ROAD_PROGRAM_VENDOR                                                                   \
	{                                                                                     \
		0x2e, 0x23, 0x31, 0x5c, 0xd1, 0x09, 0x49, 0x87, 0x8f, 0x38, 0x5d, 0x3e, 0x53, \
			0x1c, 0x7f, 0x4e                                                      \
	}
#define ROAD_PROGRAM_CLASS_GPU                                                                \
	{                                                                                     \
		0x39, 0x35, 0x9d, 0xb5, 0xdb, 0x79, 0x46, 0xf7, 0xb2, 0x10, 0x93, 0xa9, 0x1d, \
			0xcb, 0x54, 0x88                                                      \
	}
#define ROAD_PROGRAM_CLASS_DSA                                                                \
	{                                                                                     \
		0x77, 0x28, 0x70, 0x50, 0x51, 0xc9, 0x4c, 0x76, 0xa6, 0x27, 0x48, 0x65, 0xd8, \
			0x2b, 0xd2, 0xb9                                                      \
	}
#define ROAD_PROGRAM_CLASS_RPU                                                                \
	{                                                                                     \
		0x3c, 0x60, 0xd6, 0xfa, 0xb2, 0x0e, 0x40, 0xf6, 0x90, 0x4c, 0x25, 0x8e, 0xc7, \
			0x5b, 0x28, 0xb3                                                      \
	}

#ifdef __cplusplus
}
#endif
#endif
