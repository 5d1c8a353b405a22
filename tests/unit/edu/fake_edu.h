/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bus with an educational device on it, as strict as QEMU before version 9.1, and stricter: what
 * a real one would bear silently is counted in `broken`. Its time passes in relax alone. Memory may
 * be incoherent: the device then sees only what dma_sync showed it, and the host likewise.
 */
#ifndef TESTS_UNIT_EDU_FAKE_EDU_H
#define TESTS_UNIT_EDU_FAKE_EDU_H

#include <roadbed-driver/bus.h>

#include "uapi/edu.h"

#define FAKE_DMA_NS UINT64_C(100000000) /* as QEMU: 100 ms, whatever the size */
enum { FAKE_MAPPINGS = 64 };

struct fake_mapping {
	struct road_dma dma;
	unsigned char *shadow; /* what the device sees; the host's memory if that is coherent */
};

struct fake_edu {
	struct road_bus bus;
	/* what the test sets */
	uint32_t id;
	uint32_t factorial_of_5; /* 120 unless the test wants a broken device */
	uint32_t liveness_xor;   /* likewise 0 */
	bool coherent, computes_forever, wedged, lost;
	uint64_t first_iova;
	unsigned fail_alloc; /* the Nth dma_alloc fails; 0: none */
	/* the device */
	uint64_t now, dma_end;
	uint32_t liveness, factorial, status, irq_status;
	uint64_t source, target, count;
	uint32_t command;
	unsigned char buffer[ROAD_EDU_BUFFER_BYTES];
	struct fake_mapping mappings[FAKE_MAPPINGS];
	/* what the test looks at */
	unsigned broken, transfers, resets, allocs, mapped, writes;
	uint64_t largest;
	bool irq;      /* the interrupt line */
	char why[128]; /* what was broken last */
};

void fake_init(struct fake_edu *fake);
/* The running transfer ends. */
void fake_finish(struct fake_edu *fake);

#endif
