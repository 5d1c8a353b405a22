/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The contract with the chip that the template drives; a real port has this in uapi/<chip>/.
 *
 * Region 0 holds registers, region 1 is the chip's memory. One queue: a ring of 32-byte packets in
 * host memory; the chip takes packets in order up to the tail, and each completes before the next.
 */
#ifndef DRIVERS_TEMPLATE_CHIP_H
#define DRIVERS_TEMPLATE_CHIP_H

#include <stdint.h>

enum template_reg {
	TEMPLATE_REG_ID = 0x00,           /* TEMPLATE_ID */
	TEMPLATE_REG_STATUS = 0x04,       /* bit 0: ready after reset */
	TEMPLATE_REG_RESET = 0x08,        /* write 1: stops the queue, forgets the ring */
	TEMPLATE_REG_MEMORY_BYTES = 0x0c, /* of region 1 */
	TEMPLATE_REG_RING64 = 0x10,       /* bus address */
	TEMPLATE_REG_PACKETS = 0x18,      /* in the ring; a write starts the queue at packet 0 */
	TEMPLATE_REG_TAIL64 = 0x20,       /* packets written since then */
	TEMPLATE_REG_IRQ = 0x28,          /* write 1: acknowledge */
};
#define TEMPLATE_ID    0x504d4554u /* "TEMP" */
#define TEMPLATE_READY 0x1u

enum template_op {
	TEMPLATE_EMPTY,
	TEMPLATE_COPY,  /* bytes from src to dst */
	TEMPLATE_FILL,  /* bytes at dst with the low byte of src */
	TEMPLATE_FENCE, /* 8 bytes src to dst, then the interrupt */
};
struct template_packet {
	uint16_t op;    /* stored last */
	uint16_t flags; /* TEMPLATE_* */
	uint32_t bytes;
	uint64_t dst, src; /* offsets in the chip's memory, or bus addresses by flag */
	uint64_t reserved; /* 0 */
};
#define TEMPLATE_DST_BUS 0x1u
#define TEMPLATE_SRC_BUS 0x2u

#endif
