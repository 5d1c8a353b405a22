/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The contract between the chip `template` and its driver: registers and packets. It stands alone,
 * so that the driver and the simulator share nothing but what silicon would answer to. PORT: put
 * your data sheet here; cite its sections; layouts are fixed, padding is explicit and zero.
 *
 * Region 0 holds registers, region 1 is the chip's memory. One queue: a ring of 32-byte packets in
 * host memory. The chip takes packets in order up to the tail, and each completes before the next.
 */
#ifndef UAPI_TEMPLATE_REGS_H
#define UAPI_TEMPLATE_REGS_H

#include <stdint.h>

#define TEMPLATE_REGION_REGS   0u
#define TEMPLATE_REGION_MEMORY 1u
#define TEMPLATE_REGS_BYTES    0x1000u

enum template_reg {
	TEMPLATE_REG_ID = 0x00,           /* TEMPLATE_ID */
	TEMPLATE_REG_STATUS = 0x04,       /* TEMPLATE_STATUS_* */
	TEMPLATE_REG_RESET = 0x08,        /* write 1: stops, forgets the ring; memory stays */
	TEMPLATE_REG_IRQ = 0x0c,          /* reads 1 while raised; write 1: acknowledge */
	TEMPLATE_REG_MEMORY_BYTES = 0x10, /* of region 1 */
	TEMPLATE_REG_FAULT = 0x14,        /* enum template_fault: why the queue stopped */
	TEMPLATE_REG_FAULT_PACKET = 0x18, /* 64-bit: which packet, counted like the tail */
	TEMPLATE_REG_RING = 0x20,         /* 64-bit: bus address */
	TEMPLATE_REG_PACKETS = 0x28,      /* in the ring; a write starts the queue at packet 0 */
	TEMPLATE_REG_TAIL = 0x30,         /* 64-bit: packets written since then; the doorbell */
};
#define TEMPLATE_ID             0x504d4554u /* PORT */
#define TEMPLATE_STATUS_READY   0x1u        /* within 100 ms of a reset */
#define TEMPLATE_STATUS_FAULTED 0x2u        /* the queue stopped; only a reset helps */

enum template_fault {
	TEMPLATE_FAULT_NONE,
	TEMPLATE_FAULT_PACKET,  /* no such op or flag */
	TEMPLATE_FAULT_ADDRESS, /* beyond the memory, or not on the bus */
};

enum template_op {
	TEMPLATE_EMPTY,
	TEMPLATE_COPY,  /* bytes from src to dst; both may overlap */
	TEMPLATE_FILL,  /* bytes at dst with the 8 bytes of src, over and over */
	TEMPLATE_FENCE, /* stores the 8 bytes of src at dst, then raises the interrupt */
};
#define TEMPLATE_DST_BUS 0x1u /* dst is a bus address; else an offset in the chip's memory */
#define TEMPLATE_SRC_BUS 0x2u

struct template_packet {
	uint16_t op;    /* enum template_op; stored last */
	uint16_t flags; /* TEMPLATE_*_BUS */
	uint32_t bytes;
	uint64_t dst, src;
	uint64_t reserved; /* 0 */
};

#endif
