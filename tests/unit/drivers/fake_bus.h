/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bus without a device: memory that is reached by bus address, a clock that only relax moves,
 * failures on demand. What answers register accesses is up to its user.
 */
#ifndef TESTS_UNIT_DRIVERS_FAKE_BUS_H
#define TESTS_UNIT_DRIVERS_FAKE_BUS_H

#include <roadbed-driver/driver.h>

enum { FAKE_DMA_MAX = 256 };

struct fake_bus {
	struct road_bus bus; /* first */
	/* What stands behind the registers; NULL: reads give 0. */
	uint64_t (*read)(struct fake_bus *fake, uint64_t offset, uint32_t width);
	void (*write)(struct fake_bus *fake, uint64_t offset, uint32_t width, uint64_t value);
	void (*relaxed)(struct fake_bus *fake);
	void (*synced)(struct fake_bus *fake, const struct road_dma *dma, uint64_t offset,
		       uint64_t bytes, enum road_dma_direction direction);
	char *memory; /* of region memory_region */
	uint32_t memory_region;
	uint64_t memory_bytes;
	uint32_t vectors;
	struct road_dma dma[FAKE_DMA_MAX]; /* host NULL: free slot */
	uint64_t next_iova;
	uint64_t now_ns;
	uint32_t window_maps; /* that are open */
	int accesses_left;    /* until the device is lost; < 0: for ever */
	bool is_lost;
};

void fake_bus_init(struct fake_bus *fake);
/* How many allocations and mappings are still there. */
uint32_t fake_bus_live(const struct fake_bus *fake);
/* The host's memory behind a bus address; NULL: not all of it is mapped. */
void *fake_bus_host(struct fake_bus *fake, uint64_t iova, uint64_t bytes);

/* ---- the core's services (services.c) ---- */
extern char services_what[256], services_where[128]; /* of the last error */
extern road_status services_status;
extern uint32_t services_ready; /* calls of road_drv_queue_ready */
extern uint32_t services_lost;
/* The n-th allocation from now on fails, of memory or by the bus; < 0: none. Linked with
 * --wrap=malloc,calloc,realloc,strdup. */
extern int services_fail_after;
bool services_fail_now(void);

#endif
