/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers of the Roadbed GPGPU, its address translation and its fault records.
 *
 * Region 0 holds the registers of one function of the chip (all that one client may touch):
 * identity and control in the first page, doorbells from ROAD_GPU_DOORBELL on.
 * Region 2 is the chip's memory, as much of it as ROAD_GPU_REG_MEM_WINDOW says, from address 0.
 */
#ifndef UAPI_GPU_REGS_H
#define UAPI_GPU_REGS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ROAD_GPU_REGION_REGS   0u
#define ROAD_GPU_REGION_MEMORY 2u
#define ROAD_GPU_REGS_BYTES    0x20000u

/* Registers: 32-bit unless the name ends in 64 (those are 8-byte aligned, 64-bit accesses). */
enum road_gpu_reg {
	ROAD_GPU_REG_ID = 0x000,      /* ROAD_GPU_ID */
	ROAD_GPU_REG_VERSION = 0x004, /* interface version, major << 16 | minor */
	ROAD_GPU_REG_STATUS = 0x008,  /* ROAD_GPU_STATUS_* */
	ROAD_GPU_REG_CONTROL = 0x00c, /* write ROAD_GPU_CONTROL_* */
	ROAD_GPU_REG_SM_COUNT = 0x010,
	ROAD_GPU_REG_WARPS_PER_SM = 0x014,
	ROAD_GPU_REG_BLOCKS_PER_SM = 0x018,
	ROAD_GPU_REG_REGS_PER_SM = 0x01c, /* 32-bit registers times 32 lanes: thread registers */
	ROAD_GPU_REG_SHARED_PER_SM = 0x020,
	ROAD_GPU_REG_SHARED_PER_BLOCK = 0x024, /* the most that a launch may ask for */
	ROAD_GPU_REG_THREADS_PER_BLOCK = 0x028,
	ROAD_GPU_REG_CLOCK_KHZ = 0x02c,
	ROAD_GPU_REG_L2_BYTES = 0x030,
	ROAD_GPU_REG_COMPUTE = 0x034, /* major << 8 | minor: what the hardware can do */
	ROAD_GPU_REG_QUEUES = 0x038,  /* hardware queues of this function */
	ROAD_GPU_REG_SPACES = 0x03c,  /* address spaces of this function */
	ROAD_GPU_REG_MEM_BYTES64 = 0x040,
	ROAD_GPU_REG_MEM_WINDOW64 = 0x048,    /* bytes of memory that region 2 shows */
	ROAD_GPU_REG_MEM_RATE64 = 0x050,      /* peak bytes per second of device memory */
	ROAD_GPU_REG_TIME64 = 0x058,          /* ns since reset of the chip's timer */
	ROAD_GPU_REG_REG_GRANULE = 0x060,     /* thread registers are given out in these */
	ROAD_GPU_REG_SHARED_GRANULE = 0x064,  /* bytes */
	ROAD_GPU_REG_SHARED_RESERVED = 0x068, /* bytes of shared memory taken per workgroup */
	/* Errors of device memory since power-on, where STATUS_ECC says that it is protected. */
	ROAD_GPU_REG_ECC_CORRECTED64 = 0x070,
	ROAD_GPU_REG_ECC_UNCORRECTED64 = 0x078,

	/* Interrupts: one bit per vector. A vector is a message, sent each time if it is enabled,
	 * whether the one before was acknowledged or not; one that was not enabled follows when it
	 * is. IRQ_STATUS is for hosts that poll. */
	ROAD_GPU_REG_IRQ_STATUS = 0x080, /* write 1 to acknowledge */
	ROAD_GPU_REG_IRQ_MASK = 0x084,   /* 1 = enabled */

	/* Queue setup: write the fields, then QUEUE_COMMAND; they are latched by it. */
	ROAD_GPU_REG_QUEUE_SELECT = 0x100,
	ROAD_GPU_REG_QUEUE_COMMAND = 0x104,  /* enum road_gpu_queue_command */
	ROAD_GPU_REG_QUEUE_STATE = 0x108,    /* of the selected queue: enum road_gpu_queue_state */
	ROAD_GPU_REG_QUEUE_SPACE = 0x10c,    /* address space */
	ROAD_GPU_REG_QUEUE_RING64 = 0x110,   /* bus address of the ring */
	ROAD_GPU_REG_QUEUE_SLOTS = 0x118,    /* packets in the ring, a power of two */
	ROAD_GPU_REG_QUEUE_PRIORITY = 0x11c, /* 0 highest .. 3 */
	ROAD_GPU_REG_QUEUE_STATUS64 = 0x120, /* bus address of a struct road_gpu_queue_status */
	/* Region whose SMs run its launches; ROAD_GPU_REGION_NONE: none, it copies only. Where
	 * STATUS_REGIONS says that there are any. */
	ROAD_GPU_REG_QUEUE_REGION = 0x128,

	/* Space setup, likewise. */
	ROAD_GPU_REG_SPACE_SELECT = 0x140,
	ROAD_GPU_REG_SPACE_COMMAND = 0x144, /* enum road_gpu_space_command; reads 1 while open */
	ROAD_GPU_REG_SPACE_TABLE64 = 0x148, /* bus address of the segment table */
	ROAD_GPU_REG_SPACE_COUNT = 0x150,   /* segments */
	/* Of SPACE_PRINT: bus address and bytes of a struct road_gpu_print_ring (print.h). */
	ROAD_GPU_REG_SPACE_PRINT64 = 0x158,
	ROAD_GPU_REG_SPACE_PRINT_BYTES = 0x160, /* of its data; 0: none */

	/* Memory, caches, peak rates (uapi/traits.h); ROAD_TRAITS_BYTES. Since 1.1. */
	ROAD_GPU_REG_TRAITS = 0x200,

	/* The reconfiguration unit (uapi/region.h, profile.h), where STATUS_REGIONS says so. */
	ROAD_GPU_REG_UNIT = 0x400,

	/* The boot block (uapi/firmware/boot.h); ROAD_BOOT_BYTES. */
	ROAD_GPU_REG_BOOT = 0x800,

	/* Doorbell of queue q at ROAD_GPU_DOORBELL + q * ROAD_GPU_DOORBELL_STRIDE: 64-bit write
	 * of the number of packets written since the queue was opened. */
	ROAD_GPU_DOORBELL = 0x10000,
};
#define ROAD_GPU_DOORBELL_STRIDE 8u
#define ROAD_GPU_ID              0x52424750u /* "RBGP" */
#define ROAD_GPU_INTERFACE       0x00010001u
#define ROAD_GPU_QUEUES_MAX      1024u
#define ROAD_GPU_SPACES_MAX      256u

#define ROAD_GPU_STATUS_READY    0x1u
#define ROAD_GPU_STATUS_FAULT    0x2u  /* a queue of this function stopped on a fault */
#define ROAD_GPU_STATUS_CLEAN    0x4u  /* device memory is zero since reset */
#define ROAD_GPU_STATUS_ECC      0x8u  /* device memory has error correction */
#define ROAD_GPU_STATUS_REGIONS  0x10u /* it can be reconfigured */
#define ROAD_GPU_STATUS_FIRMWARE 0x20u /* firmware runs that the host brought */
#define ROAD_GPU_REGION_NONE     UINT32_MAX
#define ROAD_GPU_IRQ_FAULT       0u   /* the vector that a queue raises when it stops on a fault */
#define ROAD_GPU_CONTROL_RESET   0x1u /* this function: queues, spaces, interrupts, images */

enum road_gpu_queue_command {
	ROAD_GPU_QUEUE_OPEN = 1,
	ROAD_GPU_QUEUE_CLOSE, /* stops at once; running launches are dropped */
	ROAD_GPU_QUEUE_RESET, /* drops all work up to the last doorbell, clears a fault */
};
enum road_gpu_queue_state {
	ROAD_GPU_QUEUE_CLOSED,
	ROAD_GPU_QUEUE_IDLE,
	ROAD_GPU_QUEUE_RUNNING,
	ROAD_GPU_QUEUE_FAULTED,
	ROAD_GPU_QUEUE_REFUSED, /* the last command was not valid */
};
enum road_gpu_space_command {
	ROAD_GPU_SPACE_OPEN = 1, /* also: replaces the table; earlier packets saw the old one */
	ROAD_GPU_SPACE_CLOSE,
	ROAD_GPU_SPACE_PRINT, /* gives an open space its print ring, instead of the one before */
};

/*
 * One range of an address space. The table is sorted by va, ranges do not overlap, none touches
 * the first ROAD_GPU_UNMAPPED bytes or a window, va + bytes does not wrap. An access must lie
 * within one range. The chip reads the table when SPACE_OPEN is written, and then only.
 */
struct road_gpu_segment {
	uint64_t va;
	uint64_t bytes;
	uint64_t pa;    /* offset in device memory, or bus address with SYSTEM */
	uint32_t flags; /* ROAD_GPU_SEGMENT_* */
	uint32_t reserved;
};
#define ROAD_GPU_SEGMENT_READ   0x1u
#define ROAD_GPU_SEGMENT_WRITE  0x2u
#define ROAD_GPU_SEGMENT_SYSTEM 0x4u /* host memory, reached over the bus */

/*
 * What the chip keeps in host memory for each queue. The chip writes `fault` and its record
 * before it raises the interrupt; FENCE packets usually point at `fence`.
 */
struct road_gpu_queue_status {
	uint64_t fence;    /* by convention the destination of FENCE packets */
	uint64_t consumed; /* packets taken from the ring; their slots may be reused */
	uint32_t fault;    /* enum road_gpu_fault; the queue has stopped when it is not 0 */
	uint32_t packet;   /* low 32 bits of the faulting packet's number */
	uint64_t address;  /* that was accessed, or 0 */
	uint32_t kernel;   /* name: offset in the image's strings */
	uint32_t pc;       /* word index within the kernel */
	uint32_t line;     /* source line of that word */
	uint32_t lane;     /* lowest faulting lane */
	uint32_t ctaid[3];
	uint32_t warp;   /* within its workgroup */
	uint64_t image;  /* device address of the image */
	uint64_t detail; /* by kind: bytes of the access, opcode, barrier, warp instructions run */
	uint32_t padding[12]; /* 0; 128 bytes in all */
};

enum road_gpu_fault {
	ROAD_GPU_FAULT_NONE,
	ROAD_GPU_FAULT_PACKET,    /* malformed packet; detail = byte offset of the field */
	ROAD_GPU_FAULT_IMAGE,     /* LOAD of an invalid image; pc = word, detail = reason */
	ROAD_GPU_FAULT_KERNEL,    /* dispatch of what is no loaded, usable kernel */
	ROAD_GPU_FAULT_RESOURCES, /* a workgroup fits on no SM */
	ROAD_GPU_FAULT_UNMAPPED,  /* address in no range */
	ROAD_GPU_FAULT_RIGHTS,    /* write to a read-only range, or read of an unreadable one */
	ROAD_GPU_FAULT_MISALIGNED,
	ROAD_GPU_FAULT_ILLEGAL, /* ran off the kernel's end, branch table index out of range */
	ROAD_GPU_FAULT_TRAP,
	ROAD_GPU_FAULT_BARRIER, /* nothing can move: threads wait that others will never meet */
	ROAD_GPU_FAULT_WATCHDOG,
	ROAD_GPU_FAULT_DMA,      /* a bus address that is not mapped */
	ROAD_GPU_FAULT_DIVIDE,   /* integer division by zero, where the chip checks it */
	ROAD_GPU_FAULT_CALL,     /* indirect call of what is no function; address */
	ROAD_GPU_FAULT_STACK,    /* stack beyond local memory; detail = bytes that it would need */
	ROAD_GPU_FAULT_MBARRIER, /* address; detail = enum road_gpu_mbarrier_error */
	ROAD_GPU_FAULT_ECC,      /* read of memory that could not be corrected: address */
	ROAD_GPU_FAULT_REGION,   /* detail = enum road_region_error (uapi/region.h) */
	ROAD_GPU_FAULT_ABORTED,  /* a reconfiguration ended the launch */
	ROAD_GPU_FAULT_FIRMWARE, /* what runs the chip crashed */
	ROAD_GPU_FAULTS
};

/* Reasons of ROAD_GPU_FAULT_MBARRIER. */
enum road_gpu_mbarrier_error {
	ROAD_GPU_MBARRIER_OK,
	ROAD_GPU_MBARRIER_SPACE,    /* a generic address outside shared memory */
	ROAD_GPU_MBARRIER_COUNT,    /* INIT: a count of 0 or above COUNT_MAX */
	ROAD_GPU_MBARRIER_LIVE,     /* INIT of what is a barrier already */
	ROAD_GPU_MBARRIER_NONE,     /* no barrier is there */
	ROAD_GPU_MBARRIER_EXCESS,   /* 0 arrivals, or more than the phase lacks */
	ROAD_GPU_MBARRIER_COMPLETE, /* NO_COMPLETE that would end the phase */
	ROAD_GPU_MBARRIER_STATE,    /* a state of neither the current phase nor the one before */
	ROAD_GPU_MBARRIER_PARITY,   /* neither 0 nor 1 */
	ROAD_GPU_MBARRIER_FULL,     /* copy_arrive: more than COUNT_MAX arrivals to come */
	ROAD_GPU_MBARRIER_ERRORS
};

/* Reasons of ROAD_GPU_FAULT_IMAGE and packet fields of ROAD_GPU_FAULT_PACKET. */
enum road_gpu_image_error {
	ROAD_GPU_IMAGE_OK,
	ROAD_GPU_IMAGE_HEADER,
	ROAD_GPU_IMAGE_SECTION,
	ROAD_GPU_IMAGE_KERNEL,
	ROAD_GPU_IMAGE_OPCODE,
	ROAD_GPU_IMAGE_FORM,
	ROAD_GPU_IMAGE_MODS,
	ROAD_GPU_IMAGE_AUX,
	ROAD_GPU_IMAGE_GUARD,
	ROAD_GPU_IMAGE_OPERAND_D,
	ROAD_GPU_IMAGE_OPERAND_A,
	ROAD_GPU_IMAGE_OPERAND_B,
	ROAD_GPU_IMAGE_OPERAND_C,
	ROAD_GPU_IMAGE_IMMEDIATE,
	ROAD_GPU_IMAGE_TARGET,
	ROAD_GPU_IMAGE_ERRORS
};

#ifdef __cplusplus
}
#endif
#endif
