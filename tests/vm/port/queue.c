/* SPDX-License-Identifier: Apache-2.0 */
/* Queues: a submission is a job of the kernel's, or a few if it is long; the last one raises the
 * queue's syncobj to its sequence. It takes no memory of the host, so that it cannot lack. */
#include "tests/vm/port/port.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { BATCH = 64 }; /* operations of one job */

struct port_queue {
	uint32_t queue, syncobj;           /* the kernel's numbers */
	struct roadbed_test_op ops[BATCH]; /* of a submission: one thread at a time makes one */
	pthread_mutex_t lock;              /* of what follows */
	struct road_drv_progress progress;
};

/* ---- making and unmaking ---- */

static road_status make(struct port *port, struct port_queue *own)
{
	struct drm_syncobj_create syncobj = {0};
	struct roadbed_test_queue queue = {0};
	road_status status = port_call(port, DRM_IOCTL_SYNCOBJ_CREATE, &syncobj);

	if (status)
		return status;
	status = port_call(port, DRM_IOCTL_ROADBED_TEST_QUEUE_OPEN, &queue);
	if (status) {
		struct drm_syncobj_destroy destroy = {.handle = syncobj.handle};

		(void)port_call(port, DRM_IOCTL_SYNCOBJ_DESTROY, &destroy);
		return status;
	}
	own->queue = queue.queue;
	own->syncobj = syncobj.handle;
	own->progress = (struct road_drv_progress){.failed_from = UINT64_MAX};
	return ROAD_OK;
}

/* The kernel has stopped when it answers, or the device is gone with all that ran. */
static void unmake(struct port *port, const struct port_queue *own)
{
	struct roadbed_test_queue queue = {.queue = own->queue};
	struct drm_syncobj_destroy syncobj = {.handle = own->syncobj};

	(void)port_call(port, DRM_IOCTL_ROADBED_TEST_QUEUE_CLOSE, &queue);
	(void)port_call(port, DRM_IOCTL_SYNCOBJ_DESTROY, &syncobj);
}

road_status port_queue_open(struct road_drv_queue *queue)
{
	struct port_queue *own = calloc(1, sizeof(*own));
	road_status status;

	if (!own)
		return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for a queue",
				      ROADBED_TEST_NAME, NULL, NULL);
	status = make(queue->dev->data, own);
	if (status) {
		free(own);
		return status;
	}
	pthread_mutex_init(&own->lock, NULL);
	queue->data = own;
	return ROAD_OK;
}

void port_queue_close(struct road_drv_queue *queue)
{
	struct port_queue *own = queue->data;

	unmake(queue->dev->data, own);
	pthread_mutex_destroy(&own->lock);
	free(own);
	queue->data = NULL;
}

/* A queue that failed stays dead: there is a new one. */
road_status port_queue_reset(struct road_drv_queue *queue)
{
	struct port_queue *own = queue->data, fresh;
	road_status status = make(queue->dev->data, &fresh);

	if (status)
		return status;
	unmake(queue->dev->data, own);
	pthread_mutex_lock(&own->lock);
	own->queue = fresh.queue;
	own->syncobj = fresh.syncobj;
	own->progress = fresh.progress;
	pthread_mutex_unlock(&own->lock);
	return ROAD_OK;
}

/* ---- commands ---- */

static void take_copy(struct port *port, const struct road_cmd_copy *copy,
		      struct roadbed_test_op *out)
{
	*out = (struct roadbed_test_op){.kind = ROADBED_TEST_COPY,
					.bytes = copy->bytes,
					.rows = copy->rows,
					.slices = copy->slices,
					.dst_row_pitch = copy->dst_row_pitch,
					.dst_slice_pitch = copy->dst_slice_pitch,
					.src_row_pitch = copy->src_row_pitch,
					.src_slice_pitch = copy->src_slice_pitch};
	port_place(port, &copy->dst, &out->dst);
	port_place(port, &copy->src, &out->src);
}

static void take_fill(struct port *port, const struct road_cmd_fill *fill,
		      struct roadbed_test_op *out)
{
	*out = (struct roadbed_test_op){.kind = ROADBED_TEST_FILL,
					.pattern_bytes = fill->pattern_bytes,
					.pattern = fill->pattern,
					.bytes = fill->bytes,
					.rows = 1,
					.slices = 1};
	port_place(port, &fill->dst, &out->dst);
}

/* A value that is written is a pattern that is there once. */
static void take_word(struct port *port, const struct road_cmd_word *word, bool stamp,
		      struct roadbed_test_op *out)
{
	*out = (struct roadbed_test_op){.kind = stamp ? ROADBED_TEST_TIMESTAMP : ROADBED_TEST_FILL,
					.pattern_bytes = word->bytes,
					.pattern = word->value,
					.bytes = word->bytes,
					.rows = 1,
					.slices = 1};
	port_place(port, &word->at, &out->dst);
}

/* Jobs keep their order, so that a barrier is nothing: false. */
static bool take(struct port *port, const struct road_cmd *command, struct roadbed_test_op *out)
{
	switch (command->kind) {
	case ROAD_COMMAND_COPY: take_copy(port, &command->copy, out); return true;
	case ROAD_COMMAND_FILL: take_fill(port, &command->fill, out); return true;
	case ROAD_COMMAND_WRITE_VALUE:
	case ROAD_COMMAND_TIMESTAMP:
		take_word(port, &command->word, command->kind == ROAD_COMMAND_TIMESTAMP, out);
		return true;
	default: return false;
	}
}

/* sequence 0: more of this submission comes. */
static road_status hand_over(struct port *port, struct port_queue *own, uint32_t count,
			     uint64_t sequence)
{
	struct roadbed_test_submit submit = {.ops = (uint64_t)(uintptr_t)own->ops,
					     .op_count = count,
					     .queue = own->queue,
					     .out_syncobj = sequence ? own->syncobj : 0,
					     .out_point = sequence};

	return port_call(port, DRM_IOCTL_ROADBED_TEST_SUBMIT, &submit);
}

road_status port_submit(struct road_drv_queue *queue, const struct road_drv_submission *submission)
{
	struct port *port = queue->dev->data;
	struct port_queue *own = queue->data;
	road_status status = ROAD_OK;
	uint32_t count = 0;

	for (uint32_t i = 0; i < submission->count && !status; i++) {
		if (count == BATCH) {
			status = hand_over(port, own, count, 0);
			count = 0;
		}
		count += take(port, &submission->commands[i], &own->ops[count]);
	}
	return status ? status : hand_over(port, own, count, submission->sequence);
}

/* ---- how far it is ---- */

static void fail(struct port *port, struct port_queue *own, const struct roadbed_test_status *now)
{
	struct road_drv_progress *progress = &own->progress;
	struct road_fault *fault = &progress->fault;

	progress->failed_from = now->completed + 1;
	*fault = (struct road_fault){.size = sizeof(*fault)};
	if (now->error != -EFAULT) {
		progress->status = road_drv_errorf(ROAD_IO, "the queue's work",
						   "the kernel ended it: error %d", -now->error);
		return;
	}
	fault->kind = ROAD_FAULT_MEMORY;
	fault->address =
		now->fault_handle ? port_address(port, now->fault_handle, now->fault) : now->fault;
	snprintf(fault->text, sizeof(fault->text), "nothing is at %#llx, or it ends before",
		 (unsigned long long)fault->address);
	progress->status = road_drv_error(ROAD_FAULT, "an access out of bounds", "the queue's work",
					  fault->text, "memory of a buffer");
}

void port_advance(struct road_drv_queue *queue, struct road_drv_progress *out)
{
	struct port *port = queue->dev->data;
	struct port_queue *own = queue->data;
	struct roadbed_test_status now = {0};

	pthread_mutex_lock(&own->lock);
	now.queue = own->queue;
	if (own->progress.failed_from == UINT64_MAX &&
	    !port_call(port, DRM_IOCTL_ROADBED_TEST_STATUS, &now)) {
		own->progress.completed = now.completed;
		if (now.error)
			fail(port, own, &now);
	}
	*out = own->progress;
	pthread_mutex_unlock(&own->lock);
}

void port_wait(struct road_drv_queue *queue, uint64_t sequence, uint64_t deadline_ns)
{
	struct port_queue *own = queue->data;
	struct drm_syncobj_timeline_wait wait = {.handles = (uint64_t)(uintptr_t)&own->syncobj,
						 .points = (uint64_t)(uintptr_t)&sequence,
						 .timeout_nsec = (int64_t)deadline_ns,
						 .count_handles = 1};

	(void)port_call(queue->dev->data, DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT, &wait);
}
