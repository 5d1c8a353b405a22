/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers of the Roadbed DSA, its address translation and its fault records.
 *
 * Region 0 holds the registers of one function of the chip (all that one client may touch):
 * identity and control in the first page, the reconfiguration unit (uapi/region.h) from
 * ROAD_DSA_REGIONS on where the chip has one, doorbells from ROAD_DSA_DOORBELL on. The chip's
 * memory cannot be seen by the host: it is reached by descriptors (ring.h).
 *
 * The chip is not coherent with the host's caches: host memory is written back before the chip
 * shall read it, and invalidated before the host reads what the chip wrote, rings and status
 * blocks included; lines of ROAD_DSA_LINE bytes.
 */
#ifndef UAPI_DSA_REGS_H
#define UAPI_DSA_REGS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ROAD_DSA_REGION_REGS 0u
#define ROAD_DSA_REGS_BYTES  0x2000u
#define ROAD_DSA_LINE        64u

/* Registers: 32-bit unless the name ends in 64 (those are 8-byte aligned, 64-bit accesses). */
enum road_dsa_reg {
	ROAD_DSA_REG_ID = 0x000,      /* ROAD_DSA_ID */
	ROAD_DSA_REG_VERSION = 0x004, /* interface version, major << 16 | minor */
	ROAD_DSA_REG_STATUS = 0x008,  /* ROAD_DSA_STATUS_* */
	ROAD_DSA_REG_CONTROL = 0x00c, /* write ROAD_DSA_CONTROL_* */
	ROAD_DSA_REG_CORES = 0x010,
	ROAD_DSA_REG_CLOCK_KHZ = 0x014,
	ROAD_DSA_REG_FLAGS = 0x018,    /* token ids for each pair of queues */
	ROAD_DSA_REG_STREAMS = 0x01c,  /* rings of this function */
	ROAD_DSA_REG_CONTEXTS = 0x020, /* address spaces of this function */
	ROAD_DSA_REG_ISA = 0x024,      /* ROAD_DSA_ISA_VERSION that the cores run */
	ROAD_DSA_REG_FEATURES = 0x028, /* ROAD_DSA_FEATURE_* */
	ROAD_DSA_REG_L2_BYTES = 0x02c,
	ROAD_DSA_REG_PAD_BYTES = 0x030, /* of scratchpad p at + 4 * p: enum road_dsa_pad */
	ROAD_DSA_REG_MEM_BYTES64 = 0x050,
	ROAD_DSA_REG_MEM_RATE64 = 0x058,  /* peak bytes per second */
	ROAD_DSA_REG_TIME64 = 0x060,      /* ns since reset */
	ROAD_DSA_REG_CUBE_RATE64 = 0x068, /* peak fp16 multiply-adds per second, all cores */

	/* Errors of the chip's memory since power-on, where FEATURE_ECC says that it is protected.
	 */
	ROAD_DSA_REG_ECC_CORRECTED64 = 0x070,
	ROAD_DSA_REG_ECC_UNCORRECTED64 = 0x078,

	ROAD_DSA_REG_IRQ_STATUS = 0x080, /* one bit a vector: write 1 to acknowledge */
	ROAD_DSA_REG_IRQ_MASK = 0x084,   /* 1 = enabled; vectors are messages */

	/* Stream set-up: write the fields, then STREAM_COMMAND; they are latched by it. */
	ROAD_DSA_REG_STREAM_SELECT = 0x100,
	ROAD_DSA_REG_STREAM_COMMAND = 0x104, /* enum road_dsa_stream_command */
	ROAD_DSA_REG_STREAM_STATE = 0x108,   /* of the selected one: enum road_dsa_stream_state */
	ROAD_DSA_REG_STREAM_CONTEXT = 0x10c,
	ROAD_DSA_REG_STREAM_RING64 = 0x110,   /* bus address of the ring */
	ROAD_DSA_REG_STREAM_SLOTS = 0x118,    /* descriptors, a power of two */
	ROAD_DSA_REG_STREAM_PRIORITY = 0x11c, /* 0 highest .. 2 */
	ROAD_DSA_REG_STREAM_STATUS64 = 0x120, /* bus address of a struct road_dsa_stream_status */
	ROAD_DSA_REG_STREAM_REGION = 0x128,   /* whose cores do its work: one without children, or
					       * ROAD_DSA_NO_REGION: no tasks, no REGION */
	ROAD_DSA_REG_STREAM_GENERATION64 = 0x130, /* of that region; 0: whichever it has now */

	/* Context set-up, likewise. */
	ROAD_DSA_REG_CONTEXT_SELECT = 0x140,
	ROAD_DSA_REG_CONTEXT_COMMAND =
		0x144, /* enum road_dsa_context_command; reads 1 while open */
	ROAD_DSA_REG_CONTEXT_TABLE64 = 0x148, /* bus address of the range table */
	ROAD_DSA_REG_CONTEXT_COUNT = 0x150,   /* ranges */

	/* Memory, caches, peak rates (uapi/traits.h); ROAD_TRAITS_BYTES. Since 1.2. */
	ROAD_DSA_TRAITS = 0x200,

	/* FEATURE_REGIONS: the reconfiguration unit, whose units are cores and whose images hold
	 * microcode (microcode.h); ROAD_REGION_REGS_BYTES of enum road_region_reg. */
	ROAD_DSA_REGIONS = 0x400,

	/* The boot block (uapi/firmware/boot.h); ROAD_BOOT_BYTES. */
	ROAD_DSA_BOOT = 0x800,

	/* Doorbell of stream s at ROAD_DSA_DOORBELL + s * ROAD_DSA_DOORBELL_STRIDE: 64-bit write of
	 * the number of descriptors written since the stream was opened. */
	ROAD_DSA_DOORBELL = 0x1000,
};
#define ROAD_DSA_DOORBELL_STRIDE 8u
#define ROAD_DSA_ID              0x52424453u /* "RBDS" */
#define ROAD_DSA_INTERFACE       0x00010002u
#define ROAD_DSA_NO_REGION       0xffffffffu
#define ROAD_DSA_STREAMS_MAX     64u
#define ROAD_DSA_CONTEXTS_MAX    32u

#define ROAD_DSA_STATUS_READY    0x1u
#define ROAD_DSA_STATUS_FAULT    0x2u /* a stream of this function stopped on a fault */
#define ROAD_DSA_STATUS_CLEAN    0x4u /* device memory is zero since reset */
#define ROAD_DSA_STATUS_FIRMWARE 0x8u /* firmware runs that the host brought */

#define ROAD_DSA_CONTROL_RESET 0x1u /* this function: streams, contexts, interrupts, code */

#define ROAD_DSA_FEATURE_INTERLOCKED 0x1u /* V needs no pipe_barrier */
#define ROAD_DSA_FEATURE_SYSTOLIC    0x2u /* the cube is a systolic array */
#define ROAD_DSA_FEATURE_ECC         0x4u /* the chip's memory has error correction */
#define ROAD_DSA_FEATURE_REGIONS     0x8u /* 1.1: there is a reconfiguration unit */

#define ROAD_DSA_IRQ_FAULT 0u /* the vector that a stream raises when it stops on a fault */

enum road_dsa_stream_command {
	ROAD_DSA_STREAM_OPEN = 1,
	ROAD_DSA_STREAM_CLOSE, /* stops at once; running tasks are dropped */
};
enum road_dsa_stream_state {
	ROAD_DSA_STREAM_CLOSED,
	ROAD_DSA_STREAM_IDLE,
	ROAD_DSA_STREAM_RUNNING,
	ROAD_DSA_STREAM_FAULTED,
	ROAD_DSA_STREAM_REFUSED, /* the last command was not valid */
};
enum road_dsa_context_command {
	ROAD_DSA_CONTEXT_OPEN = 1, /* also: replaces the table; earlier descriptors saw the old */
	ROAD_DSA_CONTEXT_CLOSE,
};

/*
 * A context's table is one of uapi/range.h. The chip reads it when CONTEXT_OPEN is written, and
 * then only. Rights bind what blocks do; descriptors, which the driver writes, reach all of a
 * range.
 */

/*
 * What the chip keeps in host memory for each stream. It writes the fault record, `fault` last,
 * before it raises the interrupt.
 */
struct road_dsa_stream_status {
	uint64_t done;     /* what FENCE descriptors store */
	uint64_t consumed; /* descriptors taken from the ring; their slots may be reused */
	uint32_t fault;    /* enum road_dsa_fault; the stream has stopped when it is not 0 */
	uint32_t slot;     /* low 32 bits of the faulting descriptor's number */
	uint64_t address;  /* that was accessed: device address, or offset in a scratchpad; or 0 */
	uint64_t detail;   /* by kind */
	uint64_t code;     /* device address of the code block, 0: no task's fault */
	uint32_t kernel;   /* number within it */
	uint32_t pc;       /* word index within the kernel */
	uint32_t line;     /* source line of that word, 0: unknown */
	uint32_t core;
	uint32_t block;
	uint32_t queue;       /* enum road_dsa_queue */
	uint32_t pad;         /* enum road_dsa_pad that was accessed; ROAD_DSA_PADS: global */
	uint32_t padding[13]; /* 0; 128 bytes in all */
};

enum road_dsa_fault {
	ROAD_DSA_FAULT_NONE,
	ROAD_DSA_FAULT_DESCRIPTOR, /* malformed; detail = byte offset of the field */
	ROAD_DSA_FAULT_CODE,     /* LOAD of invalid code; pc = word, detail = road_dsa_code_error */
	ROAD_DSA_FAULT_KERNEL,   /* task of what is no loaded kernel, or of other argument bytes */
	ROAD_DSA_FAULT_CORES,    /* more cooperative blocks than cores; detail = cores */
	ROAD_DSA_FAULT_UNMAPPED, /* address in no range; detail = bytes */
	ROAD_DSA_FAULT_RIGHTS,   /* the range does not allow it; detail = bytes */
	ROAD_DSA_FAULT_MISALIGNED, /* detail = alignment needed */
	ROAD_DSA_FAULT_BOUNDS,     /* leaves the scratchpad; detail = bytes */
	ROAD_DSA_FAULT_SHAPE,      /* a shape that cannot be: detail = the register's value */
	ROAD_DSA_FAULT_FLAG,       /* token id beyond the chip's, cross flag of no block; detail */
	ROAD_DSA_FAULT_ILLEGAL,    /* ran off the kernel's end */
	ROAD_DSA_FAULT_TRAP,       /* detail = imm */
	ROAD_DSA_FAULT_DEADLOCK,   /* all queues wait; queue, pc: the first; detail = tokens awaited
				    */
	ROAD_DSA_FAULT_WATCHDOG,   /* detail = instructions run */
	ROAD_DSA_FAULT_DMA,        /* a bus address that is not mapped */
	ROAD_DSA_FAULT_ECC,        /* read of memory that could not be corrected; detail = bytes */
	ROAD_DSA_FAULT_OPERATOR, /* the region's microcode lacks the instruction; detail = which */
	ROAD_DSA_FAULT_REGION,   /* REGION failed; detail = enum road_region_error */
	ROAD_DSA_FAULT_CONFIG,   /* TASK: another configuration; detail = enum road_region_error */
	ROAD_DSA_FAULT_ABORTED,  /* ended by a region op that drains so */
	ROAD_DSA_FAULT_FIRMWARE, /* what runs the chip crashed */
	ROAD_DSA_FAULTS
};

/* Reasons of ROAD_DSA_FAULT_CODE. */
enum road_dsa_code_error {
	ROAD_DSA_CODE_OK,
	ROAD_DSA_CODE_HEADER,
	ROAD_DSA_CODE_KERNEL,
	ROAD_DSA_CODE_OPCODE,
	ROAD_DSA_CODE_TYPE,
	ROAD_DSA_CODE_MODS,
	ROAD_DSA_CODE_REGISTER, /* beyond x31, a block of registers beyond it, or one unused, not 0
				 */
	ROAD_DSA_CODE_IMMEDIATE,
	ROAD_DSA_CODE_TARGET, /* jump outside the kernel */
	ROAD_DSA_CODE_FLAG,   /* id beyond the chip's, source = target, queue that is none */
	ROAD_DSA_CODE_RESERVED,
	ROAD_DSA_CODE_ERRORS
};

#ifdef __cplusplus
}
#endif
#endif
