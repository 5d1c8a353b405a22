/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the stream helper share. */
#ifndef HAL_HELPERS_STREAM_H
#define HAL_HELPERS_STREAM_H

#include <pthread.h>
#include <roadbed-driver/registers.h>
#include <roadbed-driver/stream.h>
#include <stdatomic.h>

struct stream {
	struct road_stream base; /* first */
	struct road_streams *streams;
	struct road_dma status_memory;
	_Atomic bool open;     /* on the chip */
	_Atomic int why;       /* road_status: ROAD_OK, or why it takes no work */
	bool abandoned;        /* its queue is gone, and the chip did not say that it is closed */
	_Atomic uint64_t rung; /* the last doorbell */
	uint64_t state[];      /* the port's */
};

/* Locks, in the order in which they may be taken: service, chip, the port's, table. */
struct road_streams {
	struct road_drv_device *dev;
	const struct road_stream_port *port;
	struct road_ring_ops ring_ops;
	uint32_t count, vectors;

	pthread_mutex_t table_lock;
	struct stream **table; /* by the chip's numbers */
	uint32_t end;          /* behind the highest number ever used */

	pthread_mutex_t chip_lock; /* a stream opens or closes, or all do by a reset */
	bool halted;               /* under it: nothing opens until a reset succeeds */

	/* service.c */
	pthread_mutex_t service_lock;
	struct stream *service;
	uint64_t service_sequence;
	struct road_dma stage;
};

/* queue NULL: the driver's own. */
road_status road_stream_create(struct road_streams *streams, struct road_drv_queue *queue,
			       struct stream **out);
/* Closes it on the chip if it is open; one that does not come to rest is abandoned. */
void road_stream_destroy(struct stream *stream);
/* Frees what the chip does not touch any more. */
void road_stream_release(struct stream *stream);
/* Gives the stream, empty, to the chip; takes it back (ROAD_TIMEOUT: the chip kept it). */
road_status road_stream_start(struct stream *stream);
road_status road_stream_stop(struct stream *stream);
/* The block's fault word, as of now. */
uint32_t road_stream_fault(struct stream *stream);
/* struct road_ring_ops.doorbell. */
void road_stream_ring(void *stream, uint64_t tail);

#endif
