/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Work of the Roadbed DSA: descriptors of 64 bytes in rings that the host writes and the chip
 * reads. The producer writes descriptors, writes them back to memory, then rings the doorbell with
 * the number of descriptors written so far; that number alone publishes. The chip takes them in
 * order; one with ORDERED starts only when all earlier ones of the stream completed.
 */
#ifndef UAPI_DSA_RING_H
#define UAPI_DSA_RING_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ROAD_DSA_DESCRIPTOR_BYTES 64u

enum road_dsa_work {
	ROAD_DSA_WORK_NONE, /* invalid */
	ROAD_DSA_WORK_TASK,
	ROAD_DSA_WORK_LOAD,      /* dst = device address of a code block, bytes = its size */
	ROAD_DSA_WORK_UNLOAD,    /* dst = device address of a loaded code block */
	ROAD_DSA_WORK_COPY,      /* rows x bytes from src to dst with pitches, slices deep */
	ROAD_DSA_WORK_FILL,      /* value's low value_bytes (1, 2, 4, 8) repeated over bytes */
	ROAD_DSA_WORK_WRITE,     /* store value (value_bytes 4 or 8) to dst */
	ROAD_DSA_WORK_WAIT,      /* until (word at src, value_bytes) COND value */
	ROAD_DSA_WORK_TIMESTAMP, /* store the chip's time in ns (8 bytes) to dst */
	ROAD_DSA_WORK_FENCE,     /* store value to the status block's `done`, raise `vector` */
	ROAD_DSA_WORK_REGION,    /* src = bus address of a struct road_region_op (uapi/region.h) */
	ROAD_DSA_WORKS
};
/*
 * These are the opcodes of the firmware that streams obey, too (uapi/firmware/program.h). Invalid:
 * a descriptor whose work is not enabled (at the byte of `work`), or that has a flag which the
 * enabled version does not (at that of `flags`).
 *	task	1: neither COOPERATIVE nor ACTIVATE	2: COOPERATIVE		3: both
 */
#define ROAD_DSA_WORK_ORDERED 0x1u
#define ROAD_DSA_WORK_DST_BUS 0x2u /* dst is a bus address (IOVA), not translated */
#define ROAD_DSA_WORK_SRC_BUS 0x4u
#define ROAD_DSA_WORK_IRQ     0x8u /* FENCE: raise the interrupt */
/* TASK: all blocks run at once, each on a core of its own, and may use cross-core flags. */
#define ROAD_DSA_WORK_COOPERATIVE 0x10u
/* TASK: where another configuration is active, `config` is activated instead of failing. */
#define ROAD_DSA_WORK_ACTIVATE 0x20u

/*
 * A kernel runs once for each of its blocks; blocks are given to free cores of the stream's region
 * in ascending order. It begins only while the configuration that it expects is active there.
 */
struct road_dsa_task {
	uint8_t work; /* ROAD_DSA_WORK_TASK */
	uint8_t flags;
	uint16_t image_words;    /* of 8 bytes, with ACTIVATE; 0: it must be resident */
	uint32_t blocks;         /* at least 1 */
	uint64_t code;           /* device address of a loaded code block */
	uint32_t kernel;         /* number within it */
	uint32_t argument_bytes; /* equal to the kernel's */
	uint64_t arguments;      /* bus address, 32-byte aligned; 0 if there are none */
	uint64_t watchdog;       /* instructions of a block after which it faults; 0 = default */
	uint64_t data;           /* device address of the image's data, or 0 */
	uint64_t config;         /* id of what must be active; 0: what its stream expects */
	uint64_t image;          /* device memory (physical) where ACTIVATE finds it */
};

/* All the others. Fields that a kind does not use are 0. */
struct road_dsa_descriptor {
	uint8_t work; /* enum road_dsa_work */
	uint8_t flags;
	uint8_t value_bytes;
	uint8_t cond;      /* enum road_dsa_wait_cond */
	uint32_t vector;   /* FENCE */
	uint64_t dst, src; /* device addresses of the stream's context, or bus addresses by flag */
	uint64_t bytes;    /* per row */
	uint32_t rows;     /* 1 for one dimension */
	uint32_t slices;   /* 1 for one or two */
	uint32_t dst_pitch, src_pitch; /* bytes between rows where rows > 1 */
	uint32_t slice_rows;           /* rows between slices, source and destination alike */
	uint32_t reserved;
	uint64_t value;
};
/* COPY, FILL: all from the first to the last byte of a side lies in one range of the context, or
 * in one mapping of the bus. Copies are made as if the source was read first. */

enum road_dsa_wait_cond {
	ROAD_DSA_WAIT_GE, /* cyclic: (int64)(word - value) >= 0, or int32 for 4 bytes */
	ROAD_DSA_WAIT_EQ,
	ROAD_DSA_WAIT_AND, /* (word & value) != 0 */
	ROAD_DSA_WAIT_NOR, /* ~(word | value) != 0 */
	ROAD_DSA_WAIT_CONDS
};

#ifdef __cplusplus
}
#endif
#endif
