/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver of the devices behind libtemplate-rt.so (uapi/template/rt.h), a runtime port with all
 * of its steps written: what drivers/template/runtime becomes, to compare with. Tests run it; no
 * build ships it.
 */
#include <pthread.h>
#include <roadbed-driver/driver.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "uapi/template/rt.h"

#define IDLE_NS UINT64_C(10000000000) /* the most that a stream may take to come to rest */
#define GRANULE UINT64_C(256)         /* what the library aligns to */

/* The library's functions, by name. */
#define MEMBER(name, arguments) int(*name) arguments;
struct template_rt {
	TEMPLATE_RT_FUNCTIONS(MEMBER)
};

/* A submission that is under way. */
struct template_job {
	uint64_t sequence;
	struct template_rt_event *event;
	int result; /* of queueing it: it fails when what was queued of it has ended */
};

struct template_queue {
	struct template_queue *next;
	struct template_rt_stream *stream;
	struct template_job *jobs; /* ring of `depth`, each with its event */
	uint32_t depth;
	uint64_t head, tail; /* jobs that ended, that came */
	struct road_drv_progress progress;
};

struct template_device {
	struct road_bus *bus;
	struct template_rt rt;
	int ordinal;
	pthread_mutex_t lock; /* of all queues */
	struct template_queue *queues;
};

static const struct road_drv_progress nothing_done = {.failed_from = UINT64_MAX};

static road_status status_of(int result, const char *function)
{
	switch (result) {
	case TEMPLATE_RT_OK: return ROAD_OK;
	case TEMPLATE_RT_OUT_OF_MEMORY:
		return road_drv_error(ROAD_OUT_OF_DEVICE_MEMORY, "the library has no memory left",
				      function, NULL, NULL);
	case TEMPLATE_RT_FAULT:
		return road_drv_error(ROAD_FAULT, "the device faulted", function, NULL, NULL);
	default: return road_drv_errorf(ROAD_IO, function, "the library answers %d", result);
	}
}

/* ---- 1: is the library there, and which devices has it? ---- */

static road_status find_functions(struct road_bus *bus, struct template_rt *out)
{
#define ROW(name, arguments) {"template_rt_" #name, (void **)(void *)&out->name},
	const struct {
		const char *name;
		void **at;
	} rows[] = {TEMPLATE_RT_FUNCTIONS(ROW)};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		road_status status = bus->ops->symbol(bus, rows[i].name, rows[i].at);

		if (status)
			return status;
	}
	return ROAD_OK;
}

static road_status probe(struct road_bus *bus)
{
	struct template_rt rt;
	road_status status = find_functions(bus, &rt);
	int version = 0;

	if (!status)
		status = status_of(rt.version(&version), "template_rt_version");
	if (!status && version != TEMPLATE_RT_VERSION)
		status =
			road_drv_errorf(ROAD_UNSUPPORTED, "template: the library",
					"is version %d; allowed: %d", version, TEMPLATE_RT_VERSION);
	return status;
}

static road_status scan(struct road_bus *bus, struct road_drv_sink *sink)
{
	struct template_rt rt;
	road_status status = find_functions(bus, &rt);
	char name[16];
	int count = 0;

	if (!status)
		status = status_of(rt.device_count(&count), "template_rt_device_count");
	for (int i = 0; i < count && !status; i++) {
		snprintf(name, sizeof(name), "%d", i);
		if (!sink->found(sink,
				 &(struct road_drv_found){.size = sizeof(struct road_drv_found),
							  .name = name,
							  .product = "template"}))
			break;
	}
	return status;
}

/* ---- 2: up, down, what it is ---- */

/* The library's current device is the thread's own: every entry from the core begins with this. */
static road_status enter(const struct template_device *t)
{
	return status_of(t->rt.set_device(t->ordinal), "template_rt_set_device");
}

static road_status find_device(struct template_device *t, const char *name)
{
	int count = 0;
	char *end;
	unsigned long long ordinal = strtoull(name, &end, 10);
	road_status status = status_of(t->rt.device_count(&count), "template_rt_device_count");

	if (status)
		return status;
	if (name[0] < '0' || name[0] > '9' || *end || ordinal >= (unsigned)count)
		return road_drv_error(ROAD_NOT_FOUND, "the library has no such device", "template",
				      name, "one that roadbed list names");
	t->ordinal = (int)ordinal;
	return enter(t);
}

static road_status start(struct road_drv_device *dev, const char *options)
{
	struct template_device *t = calloc(1, sizeof(*t));
	road_status status;

	if (!t)
		return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for the driver",
				      "template", NULL, NULL);
	t->bus = dev->bus;
	pthread_mutex_init(&t->lock, NULL);
	status = find_functions(t->bus, &t->rt);
	if (!status && options[0])
		status = road_drv_error(ROAD_INVALID_ARGUMENT, "template takes no options",
					"device address", options, NULL);
	if (!status)
		status = find_device(t, dev->name);
	if (status) {
		pthread_mutex_destroy(&t->lock);
		free(t);
		return status;
	}
	dev->data = t;
	return ROAD_OK;
}

static void stop(struct road_drv_device *dev, enum road_stop_reason why)
{
	struct template_device *t = dev->data;

	(void)why;
	pthread_mutex_destroy(&t->lock);
	free(t);
	dev->data = NULL;
}

static void info(struct road_drv_device *dev, struct road_device_info *out)
{
	const struct template_device *t = dev->data;
	uint64_t used;

	(void)t->rt.device_memory(t->ordinal, &out->memory_bytes, &used);
	snprintf(out->name, sizeof(out->name), "template");
	out->device_class = ROAD_CLASS_OTHER;
	out->heap_count = 1;
	out->queue_classes = 1u << ROAD_QUEUE_TRANSFER;
	out->queues_max = 16;
	out->queue_depth_max = 64;
	out->commands = 1u << ROAD_COMMAND_COPY | 1u << ROAD_COMMAND_FILL;
	out->features =
		ROAD_FEATURE_UNIFIED_ADDRESS | ROAD_FEATURE_COHERENT | ROAD_FEATURE_QUEUE_RESET;
}

static road_status property(struct road_drv_device *dev, uint32_t index, struct road_property *out)
{
	const struct road_property properties[] = {
		{.id = 1,
		 .name = "address.unified",
		 .type = ROAD_VALUE_BOOL,
		 .source = ROAD_SOURCE_COMPUTED,
		 .u64 = 1},
	};

	(void)dev;
	if (index >= sizeof(properties) / sizeof(properties[0]))
		return road_drv_errorf(ROAD_NOT_FOUND, "template", "no property %u", index);
	*out = properties[index];
	return ROAD_OK;
}

/* ---- 3: memory ---- */

static road_status heap(struct road_drv_device *dev, uint32_t index, struct road_heap_info *out)
{
	const struct template_device *t = dev->data;

	if (index)
		return road_drv_errorf(ROAD_NOT_FOUND, "road_device_heap", "no heap %u", index);
	*out = (struct road_heap_info){.size = sizeof(*out),
				       .kind = ROAD_HEAP_DEVICE,
				       .granule_bytes = GRANULE,
				       .coherent = 1};
	return status_of(t->rt.device_memory(t->ordinal, &out->bytes, &out->used_bytes),
			 "template_rt_device_memory");
}

/* ---- waiting without the library's waits ---- */

/* Until the event is reached, at the latest IDLE_NS from now. */
static road_status await_event(const struct template_device *t, struct template_rt_event *event)
{
	uint64_t deadline = t->bus->ops->now_ns(t->bus) + IDLE_NS;
	int result;

	while ((result = t->rt.event_query(event)) == TEMPLATE_RT_NOT_READY) {
		if (t->bus->ops->now_ns(t->bus) >= deadline)
			return road_drv_error(ROAD_TIMEOUT, "the stream does not come to rest",
					      "template_rt_event_query", NULL, NULL);
		t->bus->ops->relax(t->bus, deadline);
	}
	return status_of(result, "template_rt_event_query");
}

/* Awaits all that was queued in the stream so far. */
static road_status await_stream(const struct template_device *t, struct template_rt_stream *stream)
{
	struct template_rt_event *event;
	road_status status = status_of(t->rt.event_create(&event), "template_rt_event_create");

	if (status)
		return status;
	status = status_of(t->rt.event_record(event, stream), "template_rt_event_record");
	if (!status)
		status = await_event(t, event);
	(void)t->rt.event_destroy(event);
	return status;
}

/* Whatever the memory's last owner left there goes. */
static road_status wipe(const struct template_device *t, void *memory, uint64_t bytes)
{
	struct template_rt_stream *stream;
	road_status status = status_of(t->rt.stream_create(&stream), "template_rt_stream_create");

	if (status)
		return status;
	status = status_of(t->rt.fill(memory, 0, bytes, stream), "template_rt_fill");
	if (!status)
		status = await_stream(t, stream);
	(void)t->rt.stream_destroy(stream);
	return status;
}

/* The library's alignment is what it is: more is asked for, and the start moved. */
static road_status alloc(struct road_drv_buffer *buffer)
{
	const struct template_device *t = buffer->space->dev->data;
	uint64_t extra = buffer->alignment > GRANULE ? buffer->alignment : 0;
	road_status status = enter(t);
	void *memory;

	if (buffer->heap != ROAD_HEAP_DEVICE)
		return road_drv_errorf(ROAD_UNSUPPORTED, "road_buffer_create: options.heap",
				       "no heap of kind %u", buffer->heap);
	if (!status)
		status =
			status_of(t->rt.alloc(&memory, buffer->bytes + extra), "template_rt_alloc");
	if (status)
		return status;
	status = wipe(t, memory, buffer->bytes + extra);
	if (status) {
		(void)t->rt.free(memory);
		return status;
	}
	buffer->data = memory;
	buffer->address = (uint64_t)(uintptr_t)memory;
	if (extra)
		buffer->address = (buffer->address + extra - 1) & ~(extra - 1);
	return ROAD_OK;
}

static void free_buffer(struct road_drv_buffer *buffer)
{
	const struct template_device *t = buffer->space->dev->data;

	(void)enter(t);
	(void)t->rt.free(buffer->data);
}

/* ---- 4: the queue is a stream, a command is a call ---- */

static void free_queue(const struct template_device *t, struct template_queue *own)
{
	for (uint32_t i = 0; i < own->depth; i++)
		if (own->jobs[i].event)
			(void)t->rt.event_destroy(own->jobs[i].event);
	if (own->stream)
		(void)t->rt.stream_destroy(own->stream);
	free(own->jobs);
	free(own);
}

static road_status make_queue(const struct template_device *t, struct road_drv_queue *queue,
			      struct template_queue **out)
{
	struct template_queue *own = calloc(1, sizeof(*own));
	road_status status;

	if (own)
		own->jobs = calloc(queue->depth, sizeof(*own->jobs));
	if (!own || !own->jobs) {
		free(own);
		return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for a queue", "template",
				      NULL, NULL);
	}
	own->depth = queue->depth;
	own->progress = nothing_done;
	status = status_of(t->rt.stream_create(&own->stream), "template_rt_stream_create");
	for (uint32_t i = 0; i < own->depth && !status; i++)
		status = status_of(t->rt.event_create(&own->jobs[i].event),
				   "template_rt_event_create");
	if (status) {
		free_queue(t, own);
		return status;
	}
	*out = own;
	return ROAD_OK;
}

static road_status queue_open(struct road_drv_queue *queue)
{
	struct template_device *t = queue->dev->data;
	struct template_queue *own = NULL;
	road_status status = enter(t);

	if (!status)
		status = make_queue(t, queue, &own);
	if (status)
		return status;
	pthread_mutex_lock(&t->lock);
	own->next = t->queues;
	t->queues = own;
	pthread_mutex_unlock(&t->lock);
	queue->data = own;
	return ROAD_OK;
}

/* What runs cannot be stopped, only awaited. */
static void queue_close(struct road_drv_queue *queue)
{
	struct template_device *t = queue->dev->data;
	struct template_queue *own = queue->data, **at = &t->queues;

	(void)enter(t);
	pthread_mutex_lock(&t->lock);
	while (*at != own)
		at = &(*at)->next;
	*at = own->next;
	pthread_mutex_unlock(&t->lock);
	if (await_stream(t, own->stream))
		road_drv_device_lost(queue->dev);
	free_queue(t, own);
	queue->data = NULL;
}

static void *pointer(const struct road_place *place, uint64_t offset)
{
	return (void *)(uintptr_t)(place->address + offset); /* bus addresses are host pointers */
}

static int queue_copy(const struct template_device *t, const struct road_cmd_copy *copy,
		      struct template_rt_stream *stream)
{
	uint64_t rows = (uint64_t)copy->rows * copy->slices;
	int result = TEMPLATE_RT_OK;

	for (uint64_t row = 0; row < rows && !result; row++) {
		uint64_t slice = row / copy->rows, line = row % copy->rows;

		result = t->rt.copy(pointer(&copy->dst, slice * copy->dst_slice_pitch +
								line * copy->dst_row_pitch),
				    pointer(&copy->src, slice * copy->src_slice_pitch +
								line * copy->src_row_pitch),
				    copy->bytes, stream);
	}
	return result;
}

static int queue_fill(const struct template_device *t, const struct road_cmd_fill *fill,
		      struct template_rt_stream *stream)
{
	uint64_t pattern = fill->pattern;

	for (uint32_t bytes = fill->pattern_bytes; bytes < 8; bytes *= 2)
		pattern = (pattern & ((UINT64_C(1) << bytes * 8) - 1)) | pattern << bytes * 8;
	return t->rt.fill(pointer(&fill->dst, 0), pattern, fill->bytes, stream);
}

static int queue_command(const struct template_device *t, const struct road_cmd *command,
			 struct template_rt_stream *stream)
{
	switch (command->kind) {
	case ROAD_COMMAND_COPY: return queue_copy(t, &command->copy, stream);
	case ROAD_COMMAND_FILL: return queue_fill(t, &command->fill, stream);
	default: return TEMPLATE_RT_OK; /* a barrier: streams keep order */
	}
}

/* ---- 5: completion ---- */

/* Under the lock: from the job at `head` on all fails, until the queue is reset. */
static void fail(struct template_queue *own, uint64_t sequence, int result)
{
	if (own->progress.failed_from != UINT64_MAX)
		return;
	own->progress.failed_from = sequence;
	own->progress.status = status_of(result, "template");
	snprintf(own->progress.fault.text, sizeof(own->progress.fault.text),
		 "the library answers %d", result);
	own->progress.fault.size = sizeof(own->progress.fault);
	if (result == TEMPLATE_RT_FAULT)
		own->progress.fault.kind = ROAD_FAULT_TRAP;
}

/* Under the lock: how far has the stream come? */
static void look(const struct template_device *t, struct template_queue *own)
{
	while (own->head != own->tail && own->progress.failed_from == UINT64_MAX) {
		const struct template_job *job = &own->jobs[own->head % own->depth];
		int result = t->rt.event_query(job->event);

		if (result == TEMPLATE_RT_NOT_READY)
			break;
		if (!result)
			result = job->result;
		if (result)
			fail(own, job->sequence, result);
		else
			own->progress.completed = job->sequence;
		own->head++;
	}
}

static road_status submit(struct road_drv_queue *queue,
			  const struct road_drv_submission *submission)
{
	struct template_device *t = queue->dev->data;
	struct template_queue *own = queue->data;
	struct template_job *job;
	road_status status = enter(t);
	int result = TEMPLATE_RT_OK;

	if (status)
		return status;
	pthread_mutex_lock(&t->lock);
	if (own->progress.failed_from != UINT64_MAX) { /* it stands behind what failed */
		pthread_mutex_unlock(&t->lock);
		return ROAD_OK;
	}
	if (own->tail - own->head == own->depth) {
		pthread_mutex_unlock(&t->lock);
		return ROAD_NOT_READY;
	}
	job = &own->jobs[own->tail % own->depth];
	job->sequence = submission->sequence;
	for (uint32_t i = 0; i < submission->count && !result; i++)
		result = queue_command(t, &submission->commands[i], own->stream);
	if (!result)
		result = t->rt.event_record(job->event, own->stream);
	/* What was queued of it may run, and uses its memory: it fails when that has ended. */
	if (result && t->rt.event_record(job->event, own->stream))
		fail(own, submission->sequence, result);
	job->result = result;
	own->tail++;
	pthread_mutex_unlock(&t->lock);
	return ROAD_OK;
}

/* Nobody interrupts: the core asks whenever somebody queries or waits. */
static void advance(struct road_drv_queue *queue, struct road_drv_progress *out)
{
	struct template_device *t = queue->dev->data;
	struct template_queue *own = queue->data;

	pthread_mutex_lock(&t->lock);
	if (!enter(t))
		look(t, own);
	*out = own->progress;
	pthread_mutex_unlock(&t->lock);
}

/* Sleeps until the submission is decided. The library's own waits take no deadline. */
static void wait_for(struct road_drv_queue *queue, uint64_t sequence, uint64_t deadline_ns)
{
	const struct template_device *t = queue->dev->data;
	struct road_drv_progress progress;

	do {
		t->bus->ops->relax(t->bus, deadline_ns);
		advance(queue, &progress);
	} while (progress.completed < sequence && progress.failed_from > sequence &&
		 t->bus->ops->now_ns(t->bus) < deadline_ns);
}

/* ---- 7: resets ---- */

static road_status queue_reset(struct road_drv_queue *queue)
{
	struct template_device *t = queue->dev->data;
	struct template_queue *own = queue->data;
	road_status status = enter(t);

	if (!status)
		status = await_stream(t, own->stream);
	if (status)
		return status;
	pthread_mutex_lock(&t->lock);
	own->head = own->tail;
	own->progress = nothing_done;
	pthread_mutex_unlock(&t->lock);
	return ROAD_OK;
}

/* All queues fail, and stay so until each is reset; what runs is awaited then. */
static road_status reset(struct road_drv_device *dev)
{
	struct template_device *t = dev->data;

	pthread_mutex_lock(&t->lock);
	for (struct template_queue *own = t->queues; own; own = own->next) {
		own->progress.failed_from = own->progress.completed + 1;
		own->progress.status = ROAD_CANCELLED;
	}
	pthread_mutex_unlock(&t->lock);
	return ROAD_OK;
}

/* ---- the tables; a missing slot gets a default or answers UNSUPPORTED ---- */

static const struct road_driver_ops ops = {
	.probe = probe,
	.scan = scan,
	.start = start,
	.stop = stop,
	.info = info,
	.property = property,
	.queue_open = queue_open,
	.queue_close = queue_close,
	.submit = submit,
	.advance = advance,
	.wait = wait_for,
	.queue_reset = queue_reset,
	.reset = reset,
};
static const struct road_memory_ops memory_ops = {
	.heap = heap,
	.alloc = alloc,
	.free = free_buffer,
};

extern const struct road_driver road_driver_template;
const struct road_driver road_driver_template = {
	.abi = ROAD_DRIVER_ABI,
	.name = "template",
	.scheme = "template",
	.library = "libtemplate-rt.so",
	.ops = &ops,
	.memory = &memory_ops,
};
