/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters of the family `edu`: QEMU's educational PCI device (docs/specs/edu.txt there). */
#ifndef SIMULATORS_CHIPS_CHIP_EDU_H
#define SIMULATORS_CHIPS_CHIP_EDU_H

#include <stdint.h>

struct road_edu_params {
	uint64_t factorial_ps;      /* start to done, whatever the operand */
	uint64_t factorial_step_ps; /* and per multiplication */
	uint64_t dma_latency_ps;    /* start to the first byte */
	uint64_t dma_bytes_per_second;
	uint32_t dma_address_bits;
	uint32_t buffer_bytes; /* the device's own memory at its DMA window */
};

#endif
