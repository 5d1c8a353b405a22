/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the driver and the chip agree on, whichever chip it is, silicon or simulated. "Scratch" is a
 * chip with memory of its own and one engine that copies between it and the host.
 */
#ifndef SCRATCH_H
#define SCRATCH_H

#define SCRATCH_ID 0x53435254u /* "SCRT" */

/* Region 0: registers of 8 bytes, but those that are marked with 4. */
#define SCRATCH_REGS       0u
#define SCRATCH_REG_ID     0x00u /* 4, read only: SCRATCH_ID */
#define SCRATCH_REG_MEMORY 0x08u /* read only: bytes of region 1 */
#define SCRATCH_REG_SOURCE 0x10u
#define SCRATCH_REG_TARGET 0x18u
#define SCRATCH_REG_BYTES  0x20u
#define SCRATCH_REG_GO     0x28u /* 4, write: SCRATCH_GO_*; starts, and clears STATUS */
#define SCRATCH_REG_STATUS 0x30u /* 4, read only: SCRATCH_STATUS_* */
#define SCRATCH_REGS_BYTES 0x1000u

/* Where an address is one of the bus; else it is an offset in the chip's memory. */
#define SCRATCH_GO_SOURCE_BUS 0x1u
#define SCRATCH_GO_TARGET_BUS 0x2u

/* BUSY falls, and interrupt 0 is raised, when the copy ended. */
#define SCRATCH_STATUS_BUSY   0x1u
#define SCRATCH_STATUS_FAILED 0x2u /* an address was none */

#define SCRATCH_MEMORY 1u /* region 1: the chip's memory, may be mapped */

#endif
