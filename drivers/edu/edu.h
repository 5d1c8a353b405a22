/* SPDX-License-Identifier: Apache-2.0 */
/* The port of the educational device: what its files share. */
#ifndef DRIVERS_EDU_EDU_H
#define DRIVERS_EDU_EDU_H

#include <pthread.h>
#include <roadbed-driver/driver.h>
#include <roadbed-driver/step.h>

#include "uapi/edu.h"

/* The last bytes of the device's buffer are the driver's: copies from host to host pass through. */
#define EDU_SCRATCH_BYTES UINT64_C(256)
#define EDU_HEAP_BYTES    (ROAD_EDU_BUFFER_BYTES - EDU_SCRATCH_BYTES)
/* QEMU refuses a transfer of the whole buffer: stay below. */
#define EDU_TRANSFER_MAX UINT64_C(2048)

struct edu {
	struct road_bus *bus;
	struct road_stepper *stepper;
	pthread_mutex_t heap_lock;
	struct road_ranges *heap;  /* offsets in the buffer */
	uint64_t window;           /* reserved addresses that stand for the buffer */
	struct road_dma bounce;    /* patterns, words, and copies within the buffer */
	uint64_t part;             /* bytes of the transfer that runs */
	bool second;               /* it is the second half of a two-step copy */
	pthread_mutex_t wipe_lock;
	struct road_drv_queue wiper; /* clears memory that had an owner before */
	uint64_t wiped;
};

extern const struct road_memory_ops edu_memory_ops;
extern const struct road_step_ops edu_step_ops;

/* Waits on the device's clock until no transfer runs. ROAD_TIMEOUT, ROAD_DEVICE_LOST. */
road_status edu_idle(struct edu *edu);

/* Fills [address, address + bytes) of the window with zeros and awaits it. */
road_status edu_wipe(struct edu *edu, uint64_t address, uint64_t bytes);

#endif
