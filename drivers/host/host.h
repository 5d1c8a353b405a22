/* SPDX-License-Identifier: Apache-2.0 */
/* The device that is this machine's processor: what its files share. */
#ifndef DRIVERS_HOST_HOST_H
#define DRIVERS_HOST_HOST_H

#include <pthread.h>
#include <roadbed-driver/driver.h>
#include <roadbed/host.h>
#include <stdatomic.h>

#define HOST_SHARED_MAX (UINT32_C(1) << 30) /* shared memory of a workgroup, in bytes */

struct host_queue {
	/* what advance reads, without the lock */
	_Atomic uint64_t completed;
	_Atomic bool failed;
	/* under the device's lock */
	bool running;                     /* its command runs, the lock is open */
	bool parked;                      /* its command waits for a word */
	uint32_t command;                 /* of the first submission */
	uint64_t head, tail;              /* submissions that ended, that came */
	struct road_drv_submission *work; /* ring; the commands are the core's until they end */
	uint32_t depth, mask;             /* mask: of the ring, whose size is a power of two */
	struct host_queue *next;          /* ring of the device's queues */
	struct road_drv_queue *queue;
	struct road_drv_progress failure;
};

enum { HOST_HEAPS = ROAD_HEAP_HOST + 1 }; /* of the kinds below that one, too */

struct host {
	struct road_source source; /* first: the core gives it back to us */
	pthread_mutex_t lock;
	pthread_cond_t idle;     /* a command ended */
	struct host_queue *turn; /* whose turn is next */
	uint32_t queue_count;
	_Atomic uint32_t ready;  /* submissions that could run, in all queues */
	_Atomic uint32_t parked; /* queues */
	_Atomic uint64_t used_bytes[HOST_HEAPS];
};

enum host_result { HOST_DONE, HOST_PARKED, HOST_FAULT };
/* Runs one command on the calling thread; fills the fault for HOST_FAULT. */
enum host_result host_run(const struct road_cmd *command, struct road_fault *fault);

struct host_kernel {
	const road_host_kernel *kernel;
	struct road_argument_info *arguments;
};

/* This machine's memory; 0 if it does not tell. */
uint64_t host_memory_bytes(void);

extern const struct road_memory_ops host_memory_ops;
extern const struct road_image_ops host_image_ops;

#endif
