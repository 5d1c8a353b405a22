/* SPDX-License-Identifier: Apache-2.0 */
/* The port of the educational device: what its files share. */
#ifndef DRIVERS_EDU_EDU_H
#define DRIVERS_EDU_EDU_H

#include <pthread.h>
#include <roadbed-driver/driver.h>
#include <roadbed-driver/registers.h>
#include <roadbed-driver/step.h>

#include "uapi/edu.h"

/*
 * The device's buffer:
 *
 *	0                                      3840            4088   4096
 *	| heap: buffers of programs             | scratch       | guard |
 *
 * The scratch is the driver's: copies from host memory to host memory pass through it. QEMU before
 * version 9.1 aborts at a transfer that ends where the buffer ends: the guard is never transferred.
 */
#define EDU_HEAP_BYTES    UINT64_C(3840)
#define EDU_SCRATCH       (ROAD_EDU_BUFFER + EDU_HEAP_BYTES)
#define EDU_SCRATCH_BYTES UINT64_C(248)
/* The most in one transfer: none is as long as the buffer. */
#define EDU_TRANSFER_MAX UINT64_C(2048)
/* Host memory of the driver: fill patterns, words, and copies within the device's buffer. */
#define EDU_BOUNCE_BYTES UINT64_C(4096)

/* One transfer of the engine; source and target as the engine addresses them. */
struct edu_leg {
	uint64_t source, target;
	bool to_host;
};

/* Host memory of a buffer. */
struct edu_host {
	struct road_dma dma;
	uint64_t address; /* first byte's device address: the host pointer */
	uint64_t iova;    /* likewise on the bus */
	uint64_t bytes;
};

struct edu {
	struct road_drv_device *dev;
	struct road_bus *bus;
	struct road_stepper *stepper;
	pthread_mutex_t heap_lock;
	struct road_ranges *heap; /* offsets in the device's buffer */
	uint64_t window;          /* reserved addresses that stand for the device's buffer */
	struct edu_host **hosts;  /* by address, under heap_lock */
	size_t host_count, host_room;
	struct road_dma bounce;
	/* the step that runs; under the stepper's lock */
	uint64_t part;         /* its bytes */
	struct edu_leg second; /* what remains of a part that takes two transfers */
	bool has_second;
	/* the driver's own queue, which clears memory before it is handed out */
	pthread_mutex_t wipe_lock;
	struct road_drv_queue wiper;
	uint64_t wiped;
};

extern const struct road_memory_ops edu_memory_ops;
extern const struct road_step_ops edu_step_ops;

/* Waits on the device's clock until no transfer runs. ROAD_TIMEOUT, ROAD_DEVICE_LOST. */
road_status edu_idle(struct edu *edu);

/* Fills [address, address + bytes) of the window with zeros and awaits it. */
road_status edu_wipe(struct edu *edu, uint64_t address, uint64_t bytes);

/* Where [address, address + bytes) of the host heap lies on the bus; false: no buffer of it. */
bool edu_host_iova(struct edu *edu, uint64_t address, uint64_t bytes, uint64_t *iova);

/* Can the engine produce all of these bus addresses? */
bool edu_reaches(uint64_t iova, uint64_t bytes);

#endif
