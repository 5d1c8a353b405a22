/* SPDX-License-Identifier: Apache-2.0 */
/* The device that is this machine's processor: what its files share. */
#ifndef DRIVERS_HOST_HOST_H
#define DRIVERS_HOST_HOST_H

#include <pthread.h>
#include <roadbed-driver/driver.h>
#include <roadbed/host.h>
#include <stdatomic.h>

/* A submission that waits for its turn; the core keeps its commands. */
struct host_work {
	struct road_drv_submission submission;
};

struct host_queue {
	struct host_queue *next;  /* ring of the device's queues */
	struct road_drv_queue *queue;
	struct host_work *ring;   /* `depth` of them */
	uint32_t depth;
	uint64_t head, tail;      /* under the device's lock */
	uint32_t command;         /* of the first submission */
	bool running;             /* its command runs, the lock is open */
	bool parked;              /* its command waits for a word */
	struct road_drv_progress progress;
};

struct host {
	struct road_source source; /* first: the core gives it back to us */
	struct road_drv_device *dev;
	pthread_mutex_t lock;
	pthread_cond_t idle;       /* a command ended */
	struct host_queue *turn;
	_Atomic uint32_t ready;    /* submissions that could run, in all queues */
	_Atomic uint32_t parked;
	_Atomic uint64_t used_bytes;
};

enum host_result { HOST_DONE, HOST_PARKED, HOST_FAULT };
/* Runs one command on the calling thread. */
enum host_result host_run(const struct road_cmd *command, struct road_fault *fault);

struct host_kernel {
	const road_host_kernel *kernel;
	struct road_argument_info *arguments;
};

extern const struct road_memory_ops host_memory_ops;
extern const struct road_image_ops host_image_ops;

#endif
