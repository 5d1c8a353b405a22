/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The contract between the chip `template` and its driver: registers. It stands alone,
 * so that the driver and the simulator share nothing but what silicon would answer to. PORT: put
 * your data sheet here; cite its sections; layouts are fixed, padding is explicit and zero.
 *
 * Region 0 holds registers, region 1 is the chip's memory. One engine, which does one thing at a
 * time: a write to COMMAND starts it, the interrupt says that it is done.
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
	TEMPLATE_REG_RESET = 0x08,        /* write 1: stops the engine; memory stays */
	TEMPLATE_REG_IRQ = 0x0c,          /* reads 1 while raised; write 1: acknowledge */
	TEMPLATE_REG_MEMORY_BYTES = 0x10, /* of region 1 */
	TEMPLATE_REG_BYTES = 0x14,        /* of the next command */
	TEMPLATE_REG_DST = 0x18,          /* 64-bit: offset in the memory, or bus address by flag */
	TEMPLATE_REG_SRC = 0x20,          /* 64-bit: likewise; FILL: the pattern */
	TEMPLATE_REG_COMMAND = 0x28,      /* write: enum template_op and flags; starts */
};
#define TEMPLATE_ID             0x504d4554u /* PORT */
#define TEMPLATE_STATUS_READY   0x1u        /* within 100 ms of a reset */
#define TEMPLATE_STATUS_BUSY    0x2u
#define TEMPLATE_STATUS_FAULTED 0x4u /* the last command: no memory at an address of it */

enum template_op {
	TEMPLATE_NOTHING,
	TEMPLATE_COPY, /* bytes from SRC to DST; both may overlap */
	TEMPLATE_FILL, /* bytes at DST with the 8 bytes of SRC, over and over */
};
#define TEMPLATE_DST_BUS 0x100u /* DST is a bus address; else an offset in the chip's memory */
#define TEMPLATE_SRC_BUS 0x200u

#endif
