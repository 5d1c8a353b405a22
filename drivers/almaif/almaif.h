/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the AlmaIF driver share. */
#ifndef DRIVERS_ALMAIF_ALMAIF_H
#define DRIVERS_ALMAIF_ALMAIF_H

#include <pthread.h>
#include <stdatomic.h>

#include <roadbed-driver/driver.h>
#include <roadbed-driver/registers.h>
#include <roadbed-driver/ring.h>
#include <roadbed-driver/window.h>

#include "uapi/almaif/regs.h"

enum { ALMAIF_ARGUMENTS_MAX = 16, ALMAIF_NAME_MAX = 64 };

/* Where the data memory is: as the program knows it, and as the chip does. */
struct almaif_places {
	uint64_t window; /* device addresses are window + offset: one meaning in the process */
	uint64_t start, bytes;
	uint64_t metas; /* the chip's address of slot 0's struct almaif_meta */
	/* Which kernel each slot's packet launches, for faults: the chip tells none. NULL: unasked
	 */
	char (*names)[ALMAIF_NAME_MAX];
};

struct almaif_chip {
	struct road_bus *bus;
	struct almaif_places places;
	struct road_window *memory; /* region 2, but for its end, */
	char *reserved;             /* where arguments and words of completion lie */
	uint64_t reserved_bytes;
	char *queue_memory;                /* region 1 */
	uint64_t queue_bytes, queue_start; /* as the chip names it */
	pthread_mutex_t lock;              /* of bringing the queue up and down */
	struct road_ring *ring;
	_Atomic bool running, stopped; /* has a ring; was told to stall after a failure */
};

/* struct road_ring_ops.encode; encoder->user is a struct almaif_places. Pure. */
int almaif_encode(struct road_ring_encoder *encoder, const struct road_cmd *command);

extern const struct road_image_ops almaif_image_ops;

/* A built-in kernel, as an image names it. */
struct almaif_kernel {
	char name[ALMAIF_NAME_MAX];
	uint64_t number;
	uint32_t arguments; /* words */
	uint32_t addresses; /* a bit for each that is one */
};

#endif
