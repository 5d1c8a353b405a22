/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stream helper: the numbered hardware queues of a chip, each a ring (<roadbed-driver/ring.h>),
 * a status block that the chip writes, and a doorbell; and one more that is the driver's own, for
 * work that it waits for itself. The port says what a block is like, and opens and closes a queue
 * by its registers.
 *
 *	start     road_streams_create(dev, &port, count, vectors, &streams)
 *	open      road_stream_open(streams, queue)
 *	.queue_close = road_stream_close, .submit = road_stream_submit,
 *	.advance = road_stream_advance, .queue_reset = road_stream_reset
 *	irq       road_streams_irq(streams, vector)
 *	reset     road_streams_reset(streams, reset_chip)
 *	stop      road_streams_destroy(streams)
 *
 *	program                          host                           chip
 *	road_queue_submit -> road_stream_submit
 *	                     -> road_ring_submit -> port.encode
 *	                     -> port.doorbell  ------------------------> runs packets
 *	                                             status block <----- word, or fault and packet
 *	                     road_streams_irq  <------------------------ interrupt
 *	progress <---------- road_stream_advance
 */
#ifndef ROADBED_DRIVER_STREAM_H
#define ROADBED_DRIVER_STREAM_H

#include <roadbed-driver/driver.h>
#include <roadbed-driver/ring.h>

#ifdef __cplusplus
extern "C" {
#endif

struct road_streams; /* those of a device */

/* What encoding needs to know of a stream: encoder->user. */
struct road_stream_encode {
	struct road_drv_device *dev;
	void *space;     /* the port's (road_drv_space.data): whose addresses the packets name */
	uint64_t word;   /* bus address of the word that fences store to */
	uint32_t vector; /* the interrupt that fences raise, if irq */
	bool irq;
	void *state; /* the port's, state_bytes of it, zero at first */
};

struct road_stream {
	struct road_stream_encode encode; /* first */
	struct road_drv_queue *queue;     /* NULL: the driver's own */
	uint32_t index;                   /* the chip's number, from 0 */
	uint32_t slots;                   /* packets in the ring */
	struct road_ring *ring;
	const void *status;   /* the block, where the host sees it */
	uint64_t status_iova; /* and where the chip does */
};

/* Its priority as most chips count: 0 high, 1 normal, 2 low. The driver's own has 0. */
ROAD_API uint32_t road_stream_rank(const struct road_stream *stream);

struct road_stream_port {
	/* Of the core's queues; the driver's own ring is shorter and has no arguments. */
	struct road_ring_geometry geometry;
	int (*encode)(struct road_ring_encoder *encoder, const struct road_cmd *command);
	void (*encode_fence)(struct road_ring_encoder *encoder, uint64_t sequence);
	void (*doorbell)(struct road_stream *stream, uint64_t tail);
	uint32_t state_bytes; /* that encoding keeps of each stream; 0: none */
	/* The status block: its size, and where in it stand */
	uint32_t status_bytes;
	uint32_t word_at;   /* 64 bits: the sequence that the last fence stored */
	uint32_t fault_at;  /* 32 bits, stored last: not 0, the stream has stopped */
	uint32_t packet_at; /* 32 bits: the low half of the number of the packet where it did */
	/* Opens the stream on the chip, empty, its block zero. Takes the port's locks itself. */
	road_status (*open)(struct road_stream *stream);
	/* ROAD_OK: the chip touches nothing of the stream any more. ROAD_TIMEOUT: it did not say
	 * so; then memory and number stay taken until the device is reset or stopped. */
	road_status (*close)(struct road_stream *stream);
	/* What the block of a stopped stream says: the answer of its work, and for ROAD_FAULT the
	 * fault (zero before; point and time are the helper's). */
	road_status (*describe)(const struct road_stream *stream, struct road_fault *out);
	/* The same of the driver's own stream, as a recorded error. */
	road_status (*error)(const struct road_stream *stream, const char *where);
};

/* `count` is the chip's, one of them becomes the driver's own; `vectors` interrupts are shared by
 * all others, 0: there are none. The port stays until destroy. */
ROAD_API road_status road_streams_create(struct road_drv_device *dev,
					 const struct road_stream_port *port, uint32_t count,
					 uint32_t vectors, struct road_streams **out);
/* After the last close; NULL is fine. */
ROAD_API void road_streams_destroy(struct road_streams *streams);

/* ---- slots of road_driver_ops: any thread, submit as the core promises ---- */

ROAD_API road_status road_stream_open(struct road_streams *streams, struct road_drv_queue *queue);
/* Of a queue that is open. */
ROAD_API struct road_stream *road_stream_of(const struct road_drv_queue *queue);
ROAD_API void road_stream_close(struct road_drv_queue *queue);
ROAD_API road_status road_stream_submit(struct road_drv_queue *queue,
					const struct road_drv_submission *submission);
ROAD_API void road_stream_advance(struct road_drv_queue *queue, struct road_drv_progress *out);
ROAD_API road_status road_stream_reset(struct road_drv_queue *queue);
/* The port acknowledged it, where its chip wants that. */
ROAD_API void road_streams_irq(struct road_streams *streams, uint32_t vector);
/* From now on all streams refuse work, and none opens, until a reset succeeds: the chip goes back
 * to its ROM, or is about to. */
ROAD_API void road_streams_halt(struct road_streams *streams);
/* Calls reset(dev) at a time when no work of the driver's own is under way, and none can begin: it
 * also gives the chip back what work needs (address spaces), without work of its own. From then on
 * all streams refuse work until each is reset; ROAD_OK of it means that they are closed on the
 * chip, too. */
ROAD_API road_status road_streams_reset(struct road_streams *streams,
					road_status (*reset)(struct road_drv_device *dev));

/* ---- the driver's own: one job at a time, in whatever space it is for; returns when it is done.
 * Its deadline is on the bus's clock, and a nanosecond a byte later. ---- */
#define ROAD_STREAMS_WAIT_NS UINT64_C(1000000000)

/* bytes: how much it moves. where: for errors. */
ROAD_API road_status road_streams_run(struct road_streams *streams, void *space,
				      const struct road_cmd *command, uint64_t bytes,
				      const char *where);
ROAD_API road_status road_streams_zero(struct road_streams *streams, void *space, uint64_t address,
				       uint64_t bytes);
ROAD_API road_status road_streams_upload(struct road_streams *streams, void *space,
					 uint64_t address, const void *from, uint64_t bytes);
/* The space is about to go. */
ROAD_API void road_streams_leave(struct road_streams *streams, const void *space);

#ifdef __cplusplus
}
#endif
#endif
