/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers of the Roadbed RPU, a chip of reconfigurable tiles, and its fault records.
 *
 * Region 0 holds the registers of one function of the chip (all that one client may touch):
 * identity and control, the reconfiguration unit (uapi/region.h) from ROAD_RPU_REGIONS on,
 * doorbells from ROAD_RPU_DOORBELL on. The chip's memory cannot be seen by the host: it is reached
 * by ring entries (ring.h). The chip looks into the host's caches.
 */
#ifndef UAPI_RPU_REGS_H
#define UAPI_RPU_REGS_H

#include <stdint.h>

#include "uapi/range.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ROAD_RPU_REGION_REGS 0u
#define ROAD_RPU_REGS_BYTES  0x2000u
#define ROAD_RPU_LINE        64u /* alignment of what the chip reads or writes by bus address */

/* Registers: 32-bit unless the name ends in 64 (those are 8-byte aligned, 64-bit accesses). */
enum road_rpu_reg {
	ROAD_RPU_REG_ID = 0x000,      /* ROAD_RPU_ID */
	ROAD_RPU_REG_VERSION = 0x004, /* interface version, major << 16 | minor */
	ROAD_RPU_REG_STATUS = 0x008,  /* ROAD_RPU_STATUS_* */
	ROAD_RPU_REG_CONTROL = 0x00c, /* write ROAD_RPU_CONTROL_* */
	ROAD_RPU_REG_TILES = 0x010,
	ROAD_RPU_REG_MESH_COLUMNS = 0x014, /* tile t stands in row t / columns */
	ROAD_RPU_REG_CLOCK_KHZ = 0x018,
	ROAD_RPU_REG_STREAMS = 0x01c,   /* rings of this function */
	ROAD_RPU_REG_CONTEXTS = 0x020,  /* address spaces of this function */
	ROAD_RPU_REG_FEATURES = 0x024,  /* ROAD_RPU_FEATURE_* */
	ROAD_RPU_REG_SPM_BYTES = 0x028, /* scratchpad of a tile */
	ROAD_RPU_REG_SPM_BANKS = 0x02c,
	ROAD_RPU_REG_FABRIC = 0x030, /* id of each tile's fabric: fabric.h */
	ROAD_RPU_REG_MEM_BYTES64 = 0x040,
	ROAD_RPU_REG_MEM_RATE64 = 0x048,  /* peak bytes per second */
	ROAD_RPU_REG_TIME64 = 0x050,      /* ns since reset */
	ROAD_RPU_REG_NEUR_RATE64 = 0x058, /* peak multiply-adds per second, all tiles */

	/* Errors of the chip's memory since power-on, where FEATURE_ECC says that it is protected.
	 */
	ROAD_RPU_REG_ECC_CORRECTED64 = 0x060,
	ROAD_RPU_REG_ECC_UNCORRECTED64 = 0x068,

	ROAD_RPU_REG_IRQ_STATUS = 0x080, /* one bit a vector: write 1 to acknowledge */
	ROAD_RPU_REG_IRQ_MASK = 0x084,   /* 1 = enabled; vectors are messages */

	/* Stream set-up: write the fields, then STREAM_COMMAND; they are latched by it. */
	ROAD_RPU_REG_STREAM_SELECT = 0x100,
	ROAD_RPU_REG_STREAM_COMMAND = 0x104, /* enum road_rpu_stream_command */
	ROAD_RPU_REG_STREAM_STATE = 0x108,   /* of the selected one: enum road_rpu_stream_state */
	ROAD_RPU_REG_STREAM_CONTEXT = 0x10c,
	ROAD_RPU_REG_STREAM_RING64 = 0x110,   /* bus address of the ring */
	ROAD_RPU_REG_STREAM_SLOTS = 0x118,    /* entries, a power of two */
	ROAD_RPU_REG_STREAM_PRIORITY = 0x11c, /* 0 highest .. 2 */
	ROAD_RPU_REG_STREAM_STATUS64 = 0x120, /* bus address of a struct road_rpu_stream_status */
	ROAD_RPU_REG_STREAM_REGION = 0x128,   /* whose tiles do its work: one without children,
					       * or ROAD_RPU_NO_REGION: no work for tiles */
	ROAD_RPU_REG_STREAM_GENERATION64 = 0x130, /* of that region; 0: whichever it has */

	/* Context set-up, likewise. */
	ROAD_RPU_REG_CONTEXT_SELECT = 0x140,
	ROAD_RPU_REG_CONTEXT_COMMAND =
		0x144, /* enum road_rpu_context_command; reads 1 while open */
	ROAD_RPU_REG_CONTEXT_TABLE64 = 0x148, /* bus address of the table (uapi/range.h) */
	ROAD_RPU_REG_CONTEXT_COUNT = 0x150,   /* ranges */

	/* Memory, caches, peak rates (uapi/traits.h); ROAD_TRAITS_BYTES. Since 1.1. */
	ROAD_RPU_TRAITS = 0x200,

	ROAD_RPU_REGIONS = 0x400, /* ROAD_REGION_REGS_BYTES: enum road_region_reg */
	ROAD_RPU_BOOT = 0x800,    /* ROAD_BOOT_BYTES: uapi/firmware/boot.h */

	/* Doorbell of stream s at ROAD_RPU_DOORBELL + s * ROAD_RPU_DOORBELL_STRIDE: 64-bit write of
	 * the number of entries written since the stream was opened. */
	ROAD_RPU_DOORBELL = 0x1000,
};
#define ROAD_RPU_DOORBELL_STRIDE 8u
#define ROAD_RPU_ID              0x52425250u /* "RBRP" */
#define ROAD_RPU_INTERFACE       0x00010001u
#define ROAD_RPU_STREAMS_MAX     64u
#define ROAD_RPU_CONTEXTS_MAX    32u
#define ROAD_RPU_TILES_MAX       32u
#define ROAD_RPU_TOKENS          16u /* of each stream */
#define ROAD_RPU_NO_REGION       0xffffffffu

#define ROAD_RPU_STATUS_READY    0x1u
#define ROAD_RPU_STATUS_FAULT    0x2u /* a stream of this function stopped on a fault */
#define ROAD_RPU_STATUS_CLEAN    0x4u /* device memory is zero since reset */
#define ROAD_RPU_STATUS_FIRMWARE 0x8u /* firmware runs that the host brought */

/* This function: streams, contexts, interrupts, layout, slots, scratchpads. */
#define ROAD_RPU_CONTROL_RESET 0x1u

#define ROAD_RPU_FEATURE_ECC    0x1u /* the chip's memory has error correction */
#define ROAD_RPU_FEATURE_NEUR   0x2u /* tiles have the matrix engine */
#define ROAD_RPU_FEATURE_MEMORY 0x4u /* fabrics reach the memory behind the scratchpad */

#define ROAD_RPU_IRQ_FAULT 0u /* the vector that a stream raises when it stops on a fault */

/*
 * Addresses that launches hand to kernels, of 32 bits: nothing below ROAD_RPU_SPM_BASE, so that a
 * null pointer faults; from there on the tile's scratchpad, for kernels from 0 on: the chip takes
 * the base off addresses in arguments; from ROAD_RPU_MEMORY_BASE on the first 4 GiB of the
 * stream's context, for images that claim it (ROAD_CLAIM_MEMORY).
 */
#define ROAD_RPU_SPM_BASE     0x01000000u
#define ROAD_RPU_MEMORY_BASE  0x02000000u
#define ROAD_RPU_MEMORY_BYTES (UINT64_C(0x100000000) - ROAD_RPU_MEMORY_BASE)

enum road_rpu_stream_command {
	ROAD_RPU_STREAM_OPEN = 1,
	ROAD_RPU_STREAM_CLOSE, /* stops at once; running work is dropped */
};
enum road_rpu_stream_state {
	ROAD_RPU_STREAM_CLOSED,
	ROAD_RPU_STREAM_IDLE,
	ROAD_RPU_STREAM_RUNNING,
	ROAD_RPU_STREAM_FAULTED,
	ROAD_RPU_STREAM_REFUSED, /* the last command was not valid */
};
enum road_rpu_context_command {
	ROAD_RPU_CONTEXT_OPEN = 1, /* also: replaces the table; earlier entries saw the old */
	ROAD_RPU_CONTEXT_CLOSE,
};

enum road_rpu_engine {
	ROAD_RPU_ENGINE_CGRA, /* the fabric */
	ROAD_RPU_ENGINE_NEUR, /* matrix products */
	ROAD_RPU_ENGINE_RDMA, /* memory to scratchpad */
	ROAD_RPU_ENGINE_WDMA, /* scratchpad to memory */
	ROAD_RPU_ENGINES      /* none: the stream itself */
};

/*
 * What the chip keeps in host memory for each stream. It writes the fault record, `fault` last,
 * before it raises the interrupt.
 */
struct road_rpu_stream_status {
	uint64_t done;     /* what FENCE entries store */
	uint64_t consumed; /* entries taken from the ring; their slots may be reused */
	uint32_t fault;    /* enum road_rpu_fault; the stream has stopped when it is not 0 */
	uint32_t slot;     /* low 32 bits of the faulting entry's number */
	uint64_t address;  /* that was accessed: scratchpad or context, or bus; or 0 */
	uint64_t detail;   /* by kind */
	uint64_t config;   /* id of the configuration that ran, or was expected; 0: none */
	uint32_t engine;   /* enum road_rpu_engine */
	uint32_t tile;     /* of the chip; ~0: none */
	uint32_t block;
	uint32_t stream;                  /* of the fabric; ~0: none */
	uint32_t element;                 /* ~0: none */
	uint32_t step;                    /* of the configuration */
	uint32_t padding[10];             /* 0 */
	uint64_t window_from, window_end; /* WINDOW: the nearest that was allowed; 0, 0: none */
};

enum road_rpu_fault {
	ROAD_RPU_FAULT_NONE,
	ROAD_RPU_FAULT_ENTRY,      /* malformed; detail = byte offset of the field */
	ROAD_RPU_FAULT_REGION,     /* REGION failed; detail = enum road_region_error */
	ROAD_RPU_FAULT_CONFIG,     /* RUN: another configuration; detail = enum road_region_error */
	ROAD_RPU_FAULT_UNMAPPED,   /* address in no range; detail = bytes */
	ROAD_RPU_FAULT_RIGHTS,     /* the range does not allow it; detail = bytes */
	ROAD_RPU_FAULT_MISALIGNED, /* detail = alignment needed */
	ROAD_RPU_FAULT_BOUNDS,     /* leaves the scratchpad; detail = bytes */
	ROAD_RPU_FAULT_ARGUMENTS,  /* block of another size, or a value that cannot be; detail */
	ROAD_RPU_FAULT_STREAM,     /* a stream of the fabric that cannot be; detail = what it has */
	ROAD_RPU_FAULT_TOKEN,      /* signalled more than 255 times; detail = token */
	ROAD_RPU_FAULT_DEADLOCK,   /* work waits for ever; detail = tokens awaited */
	ROAD_RPU_FAULT_WATCHDOG,   /* detail = cycles run */
	ROAD_RPU_FAULT_DMA,        /* a bus address that is not mapped */
	ROAD_RPU_FAULT_ECC,        /* read of memory that could not be corrected; detail = bytes */
	ROAD_RPU_FAULT_ABORTED,    /* ended by a region op that drains so; detail = cycles run */
	ROAD_RPU_FAULT_HOST,       /* the simulation lacks host memory */
	ROAD_RPU_FAULT_WINDOW,     /* bytes of the scratchpad that neither the image claims nor the
				    * context has a window of; detail = bytes */
	ROAD_RPU_FAULT_FIRMWARE,   /* what runs the chip crashed */
	ROAD_RPU_FAULTS
};

#ifdef __cplusplus
}
#endif
#endif
