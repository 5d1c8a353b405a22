/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AlmaIF version 3: registers, queue and packets of small fixed-function accelerators, as the
 * documentation of PoCL publishes them (https://pocl.sourceforge.net/docs/html/almaif.html; MIT).
 * Facts and numbers are from there; where it leaves something open, this says so ("ours").
 *
 * The chip has control registers and three memories: for instructions, for its queue, and for data.
 * A fixed-function accelerator needs no instructions. Addresses are the chip's own: those of its
 * data memory begin at DMEM_START; with ALMAIF_FEATURE_MASTER it also reaches the memory around it,
 * at bus addresses, which are all below the chip's memories.
 *
 * Ours: on Roadbed's buses region 0 is the registers, region 1 the queue's memory, region 2 the
 * data memory. There is no interrupt and no doorbell register: whoever rings stores write_index;
 * whoever waits looks at the words of completion.
 */
#ifndef UAPI_ALMAIF_REGS_H
#define UAPI_ALMAIF_REGS_H

#include <stdint.h>

#define ALMAIF_REGION_REGS  0u
#define ALMAIF_REGION_QUEUE 1u
#define ALMAIF_REGION_DATA  2u
#define ALMAIF_REGS_BYTES   1024u

/* 32 bits each; *_LOW is followed by the high half. */
enum almaif_reg {
	ALMAIF_REG_STATUS = 0x000, /* ALMAIF_STATUS_* */
	ALMAIF_REG_PC = 0x004,
	ALMAIF_REG_CYCLES_LOW = 0x008,
	ALMAIF_REG_STALLS_LOW = 0x010,
	ALMAIF_REG_COMMAND = 0x200,      /* ALMAIF_COMMAND_* */
	ALMAIF_REG_DEVICE_CLASS = 0x300, /* vendor */
	ALMAIF_REG_DEVICE_ID = 0x304,
	ALMAIF_REG_INTERFACE_TYPE = 0x308, /* ALMAIF_INTERFACE */
	ALMAIF_REG_CORE_COUNT = 0x30c,
	ALMAIF_REG_CTRL_SIZE = 0x310, /* ALMAIF_REGS_BYTES */
	ALMAIF_REG_IMEM_SIZE = 0x314,
	ALMAIF_REG_IMEM_START_LOW = 0x318,
	ALMAIF_REG_CQMEM_SIZE_LOW = 0x320,
	ALMAIF_REG_CQMEM_START_LOW = 0x328,
	ALMAIF_REG_DMEM_SIZE_LOW = 0x330,
	ALMAIF_REG_DMEM_START_LOW = 0x338,
	ALMAIF_REG_FEATURES_LOW = 0x340, /* ALMAIF_FEATURE_* */
	ALMAIF_REG_PTR_SIZE = 0x348,     /* bytes of an argument */
};
#define ALMAIF_INTERFACE 3u

#define ALMAIF_STATUS_STALLED          0x1u
#define ALMAIF_STATUS_EXTERNAL_STALLED 0x2u
#define ALMAIF_STATUS_RESET            0x4u

#define ALMAIF_COMMAND_RESET    1u /* stops, and stays so: STATUS_RESET */
#define ALMAIF_COMMAND_CONTINUE 2u /* lifts reset and stall; the queue's header holds then */
#define ALMAIF_COMMAND_BREAK    4u /* stalls */

#define ALMAIF_FEATURE_MASTER     0x1u /* reaches memory outside */
#define ALMAIF_FEATURE_IMEM_START 0x2u /* writable */
#define ALMAIF_FEATURE_DMEM_START 0x4u /* writable */
#define ALMAIF_FEATURE_PAUSE      0x8u

/* The queue's memory: this, then the ring; packet i lies 64 * (1 + i % size) from the start. */
struct almaif_queue {
	uint32_t type, features;
	uint64_t base_address; /* of the ring, as the chip sees it */
	uint64_t doorbell_signal;
	uint32_t size; /* packets in the ring, any number but 0 */
	uint32_t reserved;
	uint64_t id;
	uint64_t
		write_index; /* the host's: packets written. Ours: the chip looks when it changes */
	uint64_t read_index; /* the chip's: packets done */
	uint64_t reserved2;
};
#define ALMAIF_QUEUE_WRITE_INDEX 0x28u

/*
 * Packets are of AQL. A packet is there when its header is not INVALID; the chip makes it INVALID
 * again when it is done. One at a time, in order.
 */
#define ALMAIF_INVALID     0x1u
#define ALMAIF_DISPATCH    0x4u
#define ALMAIF_BARRIER_AND 0x8u

struct almaif_dispatch {
	uint16_t header;
	uint16_t dimensions;
	uint16_t workgroup_x, workgroup_y, workgroup_z;
	uint16_t reserved;
	uint32_t grid_x, grid_y, grid_z; /* work-items */
	uint32_t private_segment_size, group_segment_size;
	uint64_t kernel_object;   /* number of a built-in kernel */
	uint64_t kernarg_address; /* words of PTR_SIZE bytes, packed */
	uint64_t reserved2;
	uint64_t command_meta_address;
};

struct almaif_barrier {
	uint16_t header;
	uint16_t reserved;
	uint32_t reserved2;
	uint64_t dep_signals[5]; /* words of completion, 0: none; all are awaited */
	uint64_t signal_count;
	uint64_t completion_signal;
};

/* What the chip tells of a dispatch, in its data memory. */
struct almaif_meta {
	uint32_t completion_signal; /* ALMAIF_* below */
	uint32_t reserved;
	uint64_t start_timestamp, finish_timestamp; /* cycles */
	uint64_t reserved2;
};
#define ALMAIF_PENDING 0u
#define ALMAIF_OK      1u
/* Ours: after it the chip stalls until it is reset, so that nothing that was queued behind runs. */
#define ALMAIF_FAILED 2u

/*
 * Built-in kernels. PoCL's list has these; arguments are addresses, a work-item an element.
 *	copy.i8: input, output	add.i32, mul.i32: input, input, output
 */
#define ALMAIF_KERNEL_COPY_I8 0u
#define ALMAIF_KERNEL_ADD_I32 1u
#define ALMAIF_KERNEL_MUL_I32 2u
/*
 * Ours, numbered beyond any list: what a driver needs of a chip that has no copy engine. One
 * work-item is enough.
 *	BOX: dst, src, bytes, rows, slices, dst row and slice pitch, src row and slice pitch; a
 *	     single row may overlap itself
 *	FILL: dst, bytes, pattern, bytes of the pattern (1, 2, 4 or 8)
 *	TIMESTAMP: dst, which becomes the 64-bit time in nanoseconds
 */
#define ALMAIF_KERNEL_BOX       0x10000u
#define ALMAIF_KERNEL_FILL      0x10001u
#define ALMAIF_KERNEL_TIMESTAMP 0x10002u

#endif
