/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver of the devices behind libfakert.so.1 (uapi/fakert/rt.h), a port of the runtime shape.
 *
 *   queue        a stream of the library, and an event a submission
 *   waiting      events are asked, with a deadline: the library's own waits have none
 *   cancelling   work that runs is awaited; what does not end costs the device (frtDeviceReset)
 */
#ifndef DRIVERS_FAKERT_FAKERT_H
#define DRIVERS_FAKERT_FAKERT_H

#include <pthread.h>
#include <stdatomic.h>

#include <roadbed-driver/driver.h>

#include "uapi/fakert/rt.h"

#define FAKERT_GRANULE UINT64_C(256) /* what frtMalloc aligns to */
enum { FAKERT_ARGUMENTS_MAX = 64 };  /* of a kernel */

/* The library's functions, by name. */
#define FAKERT_MEMBER(name, arguments) int(*name) arguments;
struct fakert_rt {
	FRT_FUNCTIONS(FAKERT_MEMBER)
};

struct fakert_queue;

struct fakert {
	struct road_drv_device *dev;
	struct road_bus *bus;
	struct fakert_rt rt;
	struct frtDeviceProp prop;
	int ordinal;
	int priorities[3]; /* the library's, of Roadbed's: normal, high, low */
	uint64_t hang_ns;  /* work that takes longer to come to rest never does */
	atomic_bool given_up;
	pthread_mutex_t wipe_lock;
	frtStream_t wiper;
	atomic_uint_fast64_t host_bytes; /* of the host heap */
};

/* A stay in the library: the device is the thread's current one until fakert_leave, which restores
 * what was. Every call of the core that reaches the library is one. */
struct fakert_stay {
	int before;
};
road_status fakert_enter(struct fakert *f, struct fakert_stay *stay);
void fakert_leave(struct fakert *f, const struct fakert_stay *stay);

/* The library's result as a status; takes away the thread's last error, and notices loss. */
road_status fakert_status(struct fakert *f, int result, const char *function);
/* Inside a stay: does nothing of the stream run any more, however it ended? */
bool fakert_at_rest(struct fakert *f, frtStream_t stream);
/* Inside a stay: waits until it is so. */
road_status fakert_settle(struct fakert *f, frtStream_t stream);
/* Inside a stay: something runs that does not end. The library loses all that it has there, so that
 * nothing is touched any more, and the core loses the device. */
road_status fakert_give_up(struct fakert *f);

road_status fakert_queue_open(struct road_drv_queue *queue);
void fakert_queue_close(struct road_drv_queue *queue);
road_status fakert_submit(struct road_drv_queue *queue,
			  const struct road_drv_submission *submission);
void fakert_advance(struct road_drv_queue *queue, struct road_drv_progress *out);
void fakert_wait(struct road_drv_queue *queue, uint64_t sequence, uint64_t deadline_ns);
road_status fakert_queue_reset(struct road_drv_queue *queue);

/* Calls the library for a command; an enum frtError. stamp: a word that lives as long as the
 * submission, for TIMESTAMP. */
int fakert_command(const struct fakert *f, const struct road_cmd *command, frtStream_t stream,
		   uint64_t *stamp);

frtFunction_t fakert_function(const struct road_drv_kernel *kernel);

extern const struct road_memory_ops fakert_memory_ops;
extern const struct road_image_ops fakert_image_ops;

#endif
