/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers of the educational PCI device, as QEMU's docs/specs/edu.txt describes it. Region 0,
 * 1 MiB; below 0x80 only 32-bit accesses, from 0x80 on 32 or 64 bits.
 */
#ifndef UAPI_EDU_H
#define UAPI_EDU_H

#include <stdint.h>

#define ROAD_EDU_REGION       0u
#define ROAD_EDU_REGION_BYTES 0x100000u

enum road_edu_reg {
	ROAD_EDU_REG_ID = 0x00,         /* ROAD_EDU_ID */
	ROAD_EDU_REG_LIVENESS = 0x04,   /* reads the bitwise not of what was written */
	ROAD_EDU_REG_FACTORIAL = 0x08,  /* write n; reads n! modulo 2^32 once it is computed */
	ROAD_EDU_REG_STATUS = 0x20,     /* ROAD_EDU_STATUS_* */
	ROAD_EDU_REG_IRQ_STATUS = 0x24, /* values that raised the interrupt, or-ed */
	ROAD_EDU_REG_IRQ_RAISE = 0x60,  /* or-ed into the status; raises */
	ROAD_EDU_REG_IRQ_ACK = 0x64,    /* cleared from the status; 0 left lowers */
	ROAD_EDU_REG_DMA_SOURCE = 0x80, /* 64-bit: bus address, or one in the buffer's window */
	ROAD_EDU_REG_DMA_TARGET = 0x88,
	ROAD_EDU_REG_DMA_COUNT = 0x90,   /* bytes */
	ROAD_EDU_REG_DMA_COMMAND = 0x98, /* ROAD_EDU_DMA_* */
};

#define ROAD_EDU_ID               0x010000edu /* major 1, minor 0, "ed" */
#define ROAD_EDU_STATUS_COMPUTING 0x01u       /* read only */
#define ROAD_EDU_STATUS_IRQ       0x80u       /* raise ROAD_EDU_IRQ_FACTORIAL when it is computed */
#define ROAD_EDU_IRQ_FACTORIAL    0x001u
#define ROAD_EDU_IRQ_DMA          0x100u
#define ROAD_EDU_DMA_START        0x1u /* reads 1 while it runs */
#define ROAD_EDU_DMA_TO_HOST      0x2u /* from the buffer to memory; else the other way */
#define ROAD_EDU_DMA_IRQ          0x4u /* raise ROAD_EDU_IRQ_DMA at the end */
#define ROAD_EDU_BUFFER           UINT64_C(0x40000)
#define ROAD_EDU_BUFFER_BYTES     UINT64_C(4096)
#define ROAD_EDU_DMA_MASK         UINT64_C(0x0fffffff) /* 28 bits unless configured wider */

#endif
