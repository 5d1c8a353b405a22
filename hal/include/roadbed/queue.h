/* SPDX-License-Identifier: Apache-2.0 */
/* Queues: in-order streams of submissions to a device. */
#ifndef ROADBED_QUEUE_H
#define ROADBED_QUEUE_H

#include <roadbed/base.h>
#include <roadbed/list.h>

#ifdef __cplusplus
extern "C" {
#endif

enum road_queue_class { ROAD_QUEUE_COMPUTE = 1, ROAD_QUEUE_TRANSFER = 2 };

typedef struct road_queue_options {
	uint32_t size;
	uint32_t queue_class; /* enum road_queue_class; 0 = compute, or what the device has */
	uint32_t priority;    /* 0 normal; 1 high, 2 low: with ROAD_FEATURE_PRIORITIES */
	uint32_t depth;       /* submissions in flight and pending; 0 = the device's default */
	uint32_t flags;       /* 0 */
	uint32_t reserved;
	/* Whose units run its work; NULL: the root, which must have no children. A reference is
	 * held. ROAD_STALE; ROAD_BUSY: the region has children. */
	road_region *region;
} road_queue_options;

/*
 * A queue of the space, with a timeline of its own: submission n completes at value n (from 1).
 * It starts submissions in order and completes them in order. options may be NULL.
 * ROAD_INVALID_ARGUMENT, ROAD_UNSUPPORTED (class, priority), ROAD_NO_SPACE (queues used up).
 */
ROAD_API road_status road_queue_create(road_space *space, const road_queue_options *options,
				       road_queue **out);
ROAD_API road_status road_queue_retain(road_queue *queue);
/* The last release cancels what is unfinished: its points fail with ROAD_CANCELLED. */
ROAD_API void road_queue_release(road_queue *queue);

#define ROAD_SUBMIT_TIMED 0x1u

typedef struct road_times { /* device's clock, ns; 0: not reached */
	uint32_t size;
	uint32_t reserved;
	uint64_t queued, submitted, started, ended;
} road_times;

typedef struct road_submission {
	uint32_t size;
	uint32_t flags;          /* ROAD_SUBMIT_* */
	road_list *list;         /* closed; NULL: nothing, a synchronisation point */
	const road_point *waits; /* all must be reached before the first command starts */
	uint32_t wait_count;
	uint32_t signal_count;
	/* Promised now, signalled when the list completed. Each value must be above the event's
	 * value and the last promise on it; one queue at a time promises on an event. */
	const road_point *signals;
	road_times *times; /* with TIMED: written before the points are reached */
} road_submission;

/*
 * Hands work to the queue; never waits and never runs it. submission NULL: one of zeroes.
 * ROAD_NOT_READY: the queue's depth is used up, nothing changed. Once accepted, every promised
 * point is reached or fails exactly once, whatever happens. A wait on a failed point fails the
 * submission with that point's status; a failed submission fails the rest of the queue, which then
 * refuses work (road_queue_status) until it is reset. point (may be NULL) receives the submission's
 * point on the queue's timeline.
 */
ROAD_API road_status road_queue_submit(road_queue *queue, const road_submission *submission,
				       road_point *point);

/* Short forms: one command, submitted at once. */
ROAD_API road_status road_queue_copy(road_queue *queue, road_buffer *dst, uint64_t dst_offset,
				     road_buffer *src, uint64_t src_offset, uint64_t bytes,
				     road_point *point);
ROAD_API road_status road_queue_write(road_queue *queue, road_buffer *dst, uint64_t offset,
				      const void *src, uint64_t bytes, road_point *point);
ROAD_API road_status road_queue_read(road_queue *queue, void *dst, road_buffer *src,
				     uint64_t offset, uint64_t bytes, road_point *point);
ROAD_API road_status road_queue_fill(road_queue *queue, road_buffer *dst, uint64_t offset,
				     uint64_t bytes, uint64_t pattern, uint32_t pattern_bytes,
				     road_point *point);
ROAD_API road_status road_queue_launch(road_queue *queue, const road_launch *launch,
				       road_point *point);

/* The point of all that was submitted so far. The event belongs to the queue; retain it to keep it
 * longer. After cancel or reset the queue has a new timeline. */
ROAD_API road_status road_queue_tail(road_queue *queue, road_point *out);

/* ROAD_OK, or why the queue refuses work: ROAD_FAULT, ROAD_CANCELLED, ROAD_DEVICE_LOST, ROAD_STALE.
 * detail may be NULL. */
ROAD_API road_status road_queue_status(road_queue *queue, road_error *detail);

/* Waits for the tail. */
ROAD_API road_status road_queue_drain(road_queue *queue, uint64_t deadline);

/* Fails all unfinished submissions with timeline value >= from with ROAD_CANCELLED. What the device
 * already runs is stopped where it can be (all of the queue's running work, if it cannot be told
 * apart), and the queue goes on with a new timeline. */
ROAD_API road_status road_queue_cancel(road_queue *queue, uint64_t from);

/* Cancels everything, clears a fault, starts a new timeline. */
ROAD_API road_status road_queue_reset(road_queue *queue);

#ifdef __cplusplus
}
#endif
#endif
