/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A configuration of a tile's fabric, as it lies in a configuration image behind the header that
 * all regions' images have (uapi/region.h). Little-endian, without gaps, each part as the header
 * counts it:
 *
 *	struct road_rpu_config
 *	uint64_t words[interval * rows * columns]	(fabric.h), index step * elements + element
 *	struct road_rpu_value constants[constants]	number: element * 4 + k, ascending
 *	struct road_rpu_value registers[registers]	number: element * 8 + r, ascending
 *	struct road_rpu_stream streams[streams]		stream n of the words is the n-th
 *	struct road_rpu_relocation relocations[relocations]
 *	struct road_rpu_argument arguments[arguments]
 *	uint32_t entries[sum of table_entries], and 4 zero bytes if that is odd
 *
 * Constants that are not listed are 0. A launch brings an argument block; relocations put its
 * values into fields of a private copy of the configuration. A field that is relocated is 0 in the
 * image: so the image is in its canonical form as it stands, and its hash, and what a chip reads
 * back, do not depend on any launch.
 *
 * One configuration runs on one tile or on several at once, each with its own scratchpad and
 * streams; TILE and TILES let them differ.
 */
#ifndef UAPI_RPU_CONFIG_H
#define UAPI_RPU_CONFIG_H

#include <stdint.h>

#include "uapi/rpu/fabric.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ROAD_RPU_CONFIG_MAGIC        0x46435052u /* "RPCF" */
#define ROAD_RPU_CONFIG_VERSION      1u
#define ROAD_RPU_CONFIG_BYTES_MAX    65536u /* of the whole */
#define ROAD_RPU_RELOCATIONS_MAX     256u
#define ROAD_RPU_ARGUMENTS_MAX       64u
#define ROAD_RPU_ARGUMENT_BYTES_MAX  1024u
#define ROAD_RPU_TABLES              4u
#define ROAD_RPU_TABLE_ENTRIES_MAX   256u
#define ROAD_RPU_NAME_BYTES          32u
#define ROAD_RPU_ARGUMENT_NAME_BYTES 24u
#define ROAD_RPU_LATENCY_MAX         63u
#define ROAD_RPU_DIMENSIONS          4u
#define ROAD_RPU_CONFIG_CLASSES      16u /* room for classes to come */

struct road_rpu_config {
	uint32_t magic;       /* ROAD_RPU_CONFIG_MAGIC */
	uint16_t version;     /* ROAD_RPU_CONFIG_VERSION */
	uint16_t interval;    /* II, 1..16 */
	uint32_t total_bytes; /* of the configuration, a multiple of 8 */
	uint32_t fabric_id;   /* what it is made for: fabric.h */
	uint32_t iterations;  /* of a launch; often relocated. 0: nothing runs */
	uint32_t period;      /* of FIRST and phase; 0: none */
	uint32_t length;      /* of one iteration: the greatest step + II * stage + latency */
	uint16_t constants;   /* counts of the parts */
	uint16_t registers;
	uint16_t streams; /* 0..12 */
	uint16_t relocations;
	uint16_t arguments;
	uint16_t argument_bytes;                  /* of the block; a multiple of 8 */
	uint16_t table_entries[ROAD_RPU_TABLES];  /* 0: no such table; those that are come first */
	uint8_t latency[ROAD_RPU_CONFIG_CLASSES]; /* by class: what the schedule relies on; 0 for */
	uint8_t intervals[ROAD_RPU_CONFIG_CLASSES]; /* classes that no word uses */
	uint8_t name[ROAD_RPU_NAME_BYTES]; /* of the kernel: letters, digits, _; then zeros (>= 1)
					    */
	uint64_t reserved[2];              /* 0 */
};

struct road_rpu_value {
	uint32_t number;
	uint32_t value;
};

/*
 * A stream: a loop nest of four dimensions that moves one token in each turn, dimension 0 turning
 * fastest; dimensions that are not needed have count 1. Turn (i0, i1, i2, i3) has
 *
 *	offset  = i0 * stride[0] + ... + i3 * stride[3]		bytes, may be negative
 *	LINEAR	  one access at base + offset
 *	GATHER	  at index_base + i0 * index_stride[0] + ... lies an index of index_type; one access
 *at base + offset + (index << index_shift), reading (gather) or writing (scatter) BROADCAST read
 *only: as LINEAR, but memory is read only when i0 = 0; stride[0] is 0; the token is then given
 *count[0] times REDUCE	  write only: the tokens of dimension 0 are folded in order by `reduce`, and
 *one value is written when i0 = count[0] - 1, at base + offset with stride[0] = 0 COUNTER read
 *only, no memory: the token is base + offset (modulo 2^32)
 *
 * Addresses are bytes in the tile's scratchpad, aligned to the element. LINEAR, BROADCAST, REDUCE
 * and the indices are checked when a launch begins; a gathered address out of bounds is a fault.
 * Streams are not ordered with each other or with the elements' own accesses: what one writes,
 * another must not read in the same launch.
 */
enum road_rpu_stream_kind {
	ROAD_RPU_STREAM_NONE, /* a number that is not used; all else is 0 */
	ROAD_RPU_STREAM_LINEAR,
	ROAD_RPU_STREAM_GATHER,
	ROAD_RPU_STREAM_BROADCAST,
	ROAD_RPU_STREAM_REDUCE,
	ROAD_RPU_STREAM_COUNTER,
	ROAD_RPU_STREAM_KINDS
};

/* An element in memory. Tokens have 32 bits: extended when read, low bits when written. */
enum road_rpu_type {
	ROAD_RPU_TYPE_S8,
	ROAD_RPU_TYPE_U8,
	ROAD_RPU_TYPE_S16,
	ROAD_RPU_TYPE_U16,
	ROAD_RPU_TYPE_32,
	ROAD_RPU_TYPES
};

enum road_rpu_reduce {
	ROAD_RPU_REDUCE_LAST, /* the last token */
	ROAD_RPU_REDUCE_ADD,  /* 32-bit integers, wraps */
	ROAD_RPU_REDUCE_MIN,  /* signed */
	ROAD_RPU_REDUCE_MAX,
	ROAD_RPU_REDUCE_FADD, /* f32, from the first token on in order */
	ROAD_RPU_REDUCE_FMIN, /* as the ops fmin, fmax */
	ROAD_RPU_REDUCE_FMAX,
	ROAD_RPU_REDUCES
};

struct road_rpu_stream {
	uint8_t kind;        /* enum road_rpu_stream_kind */
	uint8_t write;       /* 1: from the fabric to memory; 0: to the fabric */
	uint8_t type;        /* enum road_rpu_type; COUNTER: TYPE_32 */
	uint8_t reduce;      /* enum road_rpu_reduce; 0 unless REDUCE */
	uint8_t index_type;  /* GATHER; else 0 */
	uint8_t index_shift; /* 0..31; GATHER; else 0 */
	uint8_t reserved[2]; /* 0 */
	uint32_t base;
	uint32_t index_base;                 /* GATHER; else 0 */
	uint32_t count[ROAD_RPU_DIMENSIONS]; /* at least 1, unless relocated */
	int32_t stride[ROAD_RPU_DIMENSIONS];
	int32_t index_stride[ROAD_RPU_DIMENSIONS];
};

/*
 * Puts addend + scale * argument * argument2 * argument3, modulo 2^32, into a field.
 */
enum road_rpu_field {
	ROAD_RPU_FIELD_ITERATIONS,          /* target, dimension: 0 */
	ROAD_RPU_FIELD_PERIOD,              /* likewise */
	ROAD_RPU_FIELD_CONSTANT,            /* target: position in constants */
	ROAD_RPU_FIELD_REGISTER,            /* target: position in registers */
	ROAD_RPU_FIELD_STREAM_BASE,         /* target: stream */
	ROAD_RPU_FIELD_STREAM_INDEX_BASE,   /* GATHER */
	ROAD_RPU_FIELD_STREAM_COUNT,        /* and dimension 0..3 */
	ROAD_RPU_FIELD_STREAM_STRIDE,       /* likewise */
	ROAD_RPU_FIELD_STREAM_INDEX_STRIDE, /* likewise */
	ROAD_RPU_FIELDS
};

struct road_rpu_relocation {
	uint8_t field; /* enum road_rpu_field; each field of each target once */
	uint8_t dimension;
	uint16_t target;
	uint8_t argument[3]; /* its number, ROAD_RPU_ARGUMENT_TILE, _TILES, or _ONE: a factor of 1
			      */
	uint8_t reserved;    /* 0 */
	int32_t scale;
	int32_t addend;
};
#define ROAD_RPU_ARGUMENT_ONE   0xffu /* 1 */
#define ROAD_RPU_ARGUMENT_TILE  0xfeu /* this tile's number among those of the launch, from 0 */
#define ROAD_RPU_ARGUMENT_TILES 0xfdu /* how many they are */

/* A value in the argument block. Wider ones than 4 bytes must fit into 32 bits, zero-extended. */
enum road_rpu_argument_kind {
	ROAD_RPU_ARGUMENT_VALUE,  /* a number or bits */
	ROAD_RPU_ARGUMENT_INPUT,  /* the address of bytes in the scratchpad that are read */
	ROAD_RPU_ARGUMENT_OUTPUT, /* that are written */
	ROAD_RPU_ARGUMENT_INOUT,
	ROAD_RPU_ARGUMENT_KINDS
};

struct road_rpu_argument {
	uint16_t offset;   /* in the block, aligned to bytes; entries ascend and do not overlap */
	uint8_t bytes;     /* 1, 2, 4, 8; of addresses 4 or 8 */
	uint8_t kind;      /* enum road_rpu_argument_kind */
	uint32_t reserved; /* 0 */
	uint8_t name[ROAD_RPU_ARGUMENT_NAME_BYTES]; /* as the kernel's; unique */
};

/* ---- kernels of engines that are not configured ---- */

/*
 * What an image of kind ROAD_CONFIG_ENGINE holds: a kernel of the engine NEUR. The driver makes
 * entries of its launches (ring.h: struct road_rpu_gemm); the chip never sees it.
 */
struct road_rpu_engine_kernel {
	uint32_t magic;                    /* ROAD_RPU_ENGINE_MAGIC */
	uint16_t version;                  /* ROAD_RPU_ENGINE_VERSION */
	uint8_t engine;                    /* ROAD_RPU_ENGINE_NEUR */
	uint8_t type;                      /* enum road_rpu_gemm_type */
	uint8_t flags;                     /* ROAD_RPU_WORK_ADD, ROAD_RPU_WORK_NARROW */
	uint8_t reserved[7];               /* 0 */
	uint8_t name[ROAD_RPU_NAME_BYTES]; /* as that of a configuration */
};
#define ROAD_RPU_ENGINE_MAGIC   0x4b454252u /* "RBEK" */
#define ROAD_RPU_ENGINE_VERSION 1u

/* The arguments of such a kernel, as launches bring them: C = A * B, or C + A * B. */
struct road_rpu_gemm_arguments {
	uint64_t a, b, c;                   /* device addresses in the scratchpad */
	uint32_t m, n, k;                   /* A has m x k elements, B k x n, C m x n */
	uint32_t a_pitch, b_pitch, c_pitch; /* bytes between rows; 0: they lie close */
};

#ifdef __cplusplus
}
#endif
#endif
