/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Work of the Roadbed RPU: entries of 64 bytes in rings that the host writes and the chip reads.
 * The producer writes entries, then rings the doorbell with the number of entries written so far;
 * that number alone publishes.
 *
 * A stream takes entries in order. What is for an engine it hands to that engine's queue on the
 * tiles of its region, and goes on; the rest it does itself, one at a time. An engine works its
 * queue off in order; engines run side by side, ordered by nothing but
 *	ORDERED		the entry is taken only when all earlier ones of the stream completed
 *	tokens		16 counters (0..255) of the stream. An entry begins when each token of its
 *			`wait` is at least 1, and takes 1 of each; when it ends, each token of its
 *			`signal` gains 1
 */
#ifndef UAPI_RPU_RING_H
#define UAPI_RPU_RING_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ROAD_RPU_ENTRY_BYTES 64u

enum road_rpu_work {
	ROAD_RPU_WORK_NONE, /* invalid */
	/* for engines */
	ROAD_RPU_WORK_RUN,  /* CGRA: the active configuration's kernel */
	ROAD_RPU_WORK_GEMM, /* NEUR */
	ROAD_RPU_WORK_MOVE, /* RDMA, WDMA */
	/* of the stream itself */
	ROAD_RPU_WORK_REGION,    /* src = bus address of a struct road_region_op */
	ROAD_RPU_WORK_COPY,      /* rows x bytes from src to dst with pitches, slices deep */
	ROAD_RPU_WORK_FILL,      /* value's low value_bytes (1, 2, 4, 8) repeated over bytes */
	ROAD_RPU_WORK_WRITE,     /* store value (value_bytes 4 or 8) to dst */
	ROAD_RPU_WORK_WAIT,      /* until (word at src, value_bytes) COND value */
	ROAD_RPU_WORK_TIMESTAMP, /* store the chip's time in ns (8 bytes) to dst */
	ROAD_RPU_WORK_BARRIER,   /* nothing: tokens and ORDERED */
	ROAD_RPU_WORK_FENCE,     /* store value to the status block's `done`, raise `vector` */
	ROAD_RPU_WORKS
};
/*
 * These are the opcodes of the firmware, too (uapi/firmware/program.h): the mesh's has those of the
 * stream itself, the tiles' those for engines. Invalid: an entry whose work is not enabled (at the
 * byte of `work`), or that has a flag which the enabled version does not (at that of `flags`).
 *	run	1: no ACTIVATE			2: with it
 *	gemm	1: neither ADD nor NARROW	2: ADD		3: both
 */
#define ROAD_RPU_WORK_ORDERED  0x01u
#define ROAD_RPU_WORK_DST_BUS  0x02u /* dst is a bus address (IOVA), not translated */
#define ROAD_RPU_WORK_SRC_BUS  0x04u
#define ROAD_RPU_WORK_IRQ      0x08u /* FENCE: raise the interrupt */
#define ROAD_RPU_WORK_ACTIVATE 0x10u /* RUN: bring the configuration in if another is active */
#define ROAD_RPU_WORK_ADD      0x20u /* GEMM: C = C + A * B */
#define ROAD_RPU_WORK_NARROW   0x40u /* GEMM: C has the type of A and B, rounded once */
#define ROAD_RPU_WORK_SPM      0x80u /* COPY, FILL: dst and src are addresses in scratchpads */

/* The kernel of a configuration, once for each block: block i on tile i % tiles of the region. */
struct road_rpu_run {
	uint8_t work; /* ROAD_RPU_WORK_RUN */
	uint8_t flags;
	uint8_t engine; /* ROAD_RPU_ENGINE_CGRA */
	uint8_t reserved0;
	uint16_t wait, signal; /* tokens, bit by bit */
	uint64_t config;       /* id that must be active; 0: whichever is */
	uint64_t arguments;    /* bus address, 64-byte aligned; 0 if there are none */
	uint32_t argument_bytes;
	uint32_t blocks;      /* at least 1 */
	uint64_t watchdog;    /* cycles of a block after which it faults; 0 = default */
	uint64_t image;       /* ACTIVATE: where the image lies (physical), if it is not resident */
	uint32_t image_bytes; /* 0: it must be resident */
	uint32_t reserved1;
	uint64_t reserved2;
};

enum road_rpu_gemm_type { ROAD_RPU_GEMM_F16, ROAD_RPU_GEMM_BF16, ROAD_RPU_GEMM_S8 };

/*
 * C[m][n] = sum over ascending k of A[m][k] * B[k][n], rows `pitch` bytes apart in the scratchpad:
 * A and B of `type`; C of f32 (s32 for S8), unless NARROW. Each product is exact, each sum is
 * rounded to f32 once (S8: wraps; NARROW saturates).
 */
struct road_rpu_gemm {
	uint8_t work; /* ROAD_RPU_WORK_GEMM */
	uint8_t flags;
	uint8_t engine; /* ROAD_RPU_ENGINE_NEUR */
	uint8_t type;   /* enum road_rpu_gemm_type */
	uint16_t wait, signal;
	uint32_t a, b, c; /* scratchpad addresses, aligned to an element */
	uint32_t a_pitch, b_pitch, c_pitch;
	uint32_t m, n, k; /* at least 1 */
	uint32_t tiles;   /* bit mask of the region's tiles; 0: all */
	uint64_t reserved[2];
};

/*
 * Slices of rows of bytes between memory and the scratchpads of tiles. The i-th of the tiles has
 * memory + i * tile_stride; RDMA with tile_stride 0 reads once and broadcasts.
 */
struct road_rpu_move {
	uint8_t work;   /* ROAD_RPU_WORK_MOVE */
	uint8_t flags;  /* SRC_BUS (RDMA), DST_BUS (WDMA): memory is a bus address */
	uint8_t engine; /* ROAD_RPU_ENGINE_RDMA, _WDMA */
	uint8_t reserved0;
	uint16_t wait, signal;
	uint64_t memory;
	uint32_t spm;
	uint32_t bytes;                   /* of a row, at least 1 */
	uint32_t rows, slices;            /* at least 1 */
	uint32_t memory_pitch, spm_pitch; /* bytes between rows where rows > 1 */
	uint32_t slice_rows;              /* rows between slices, on both sides */
	uint32_t tiles;                   /* bit mask of the region's tiles; 0: all */
	uint64_t tile_stride;             /* of several tiles; WDMA: at least what a tile writes */
	uint64_t reserved1;
};

/* All the others. Fields that a kind does not use are 0. */
struct road_rpu_entry {
	uint8_t work; /* enum road_rpu_work */
	uint8_t flags;
	uint8_t value_bytes;
	uint8_t cond; /* enum road_rpu_wait_cond */
	uint16_t wait, signal;
	uint64_t dst, src; /* device addresses of the stream's context, or bus addresses by flag */
	uint64_t bytes;    /* per row */
	uint32_t rows;     /* 1 for one dimension */
	uint32_t slices;   /* 1 for one or two */
	uint32_t dst_pitch, src_pitch; /* bytes between rows where rows > 1 */
	uint32_t slice_rows;           /* rows between slices, source and destination alike */
	uint32_t vector;               /* FENCE */
	uint64_t value;
};
/*
 * COPY, FILL: all from the first to the last byte of a side lies in one range of the context, or
 * in one mapping of the bus. Copies are made as if the source was read first. With SPM both sides
 * are addresses in the scratchpad, and each tile of the stream's region does it in its own; of a
 * stream without a region: each tile of the chip.
 */

enum road_rpu_wait_cond {
	ROAD_RPU_WAIT_GE, /* cyclic: (int64)(word - value) >= 0, or int32 for 4 bytes */
	ROAD_RPU_WAIT_EQ,
	ROAD_RPU_WAIT_AND, /* (word & value) != 0 */
	ROAD_RPU_WAIT_NOR, /* ~(word | value) != 0 */
	ROAD_RPU_WAIT_CONDS
};

#ifdef __cplusplus
}
#endif
#endif
