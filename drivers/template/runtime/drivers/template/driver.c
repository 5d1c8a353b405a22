/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver of the devices behind libtemplate-rt.so (uapi/template/rt.h), a runtime port: a
 * vendor's library does the work, its streams are the queues, its events tell how far they are.
 * What is the same for every library is written; what is yours says PORT_TODO with its step of
 * docs/porting.md. `PORT:` marks what to look over.
 *
 * Rules that no compiler checks:
 *
 *   - the library is reached through bus->ops->symbol alone, and its header is not included.
 *   - its waits know no deadline: none is called. Events are asked, with one.
 *   - its current device is the thread's own: every entry that uses it begins with enter().
 *   - submit and advance never wait; when queue_close returns nothing runs any more.
 *   - memory is zero when it is handed out.
 *   - every error says where, what was seen and what would be right.
 */
#include <pthread.h>
#include <roadbed-driver/driver.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "uapi/template/rt.h"

/* What is not written yet answers with what to write; the guide has a section for each step. */
#define PORT_TEXT(step, what, function) \
	"template: step " #step ": " what ": " function "() in driver.c"
#define PORT_TODO(step, what)                                             \
	road_drv_errorf(ROAD_UNSUPPORTED, "docs/porting.md, step " #step, \
			PORT_TEXT(step, what, "%s"), __func__)

#define IDLE_NS UINT64_C(10000000000) /* PORT: the most that a stream may take to come to rest */
#define GRANULE UINT64_C(256)         /* PORT: what the library aligns to */

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

/* PORT: the library's results as statuses. */
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

	return status ? status : PORT_TODO(1, "check the library's version");
}

static road_status scan(struct road_bus *bus, struct road_drv_sink *sink)
{
	(void)bus;
	(void)sink;
	return PORT_TODO(1, "tell the sink of each device");
}

/* ---- 2: up, down, what it is ---- */

/* The library's current device is the thread's own: every entry from the core begins with this. */
static road_status enter(const struct template_device *t)
{
	(void)t;
	return PORT_TODO(2, "make the device the thread's current one");
}

/* Sets t->ordinal and enters. */
static road_status find_device(struct template_device *t, const char *name)
{
	(void)name;
	t->ordinal = -1;
	return PORT_TODO(2, "find the device of this name");
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

/* PORT: only what is written and works; from the library where it tells. */
static void info(struct road_drv_device *dev, struct road_device_info *out)
{
	const struct template_device *t = dev->data;

	(void)t; /* step 2: memory_bytes */
	snprintf(out->name, sizeof(out->name), "template");
	out->device_class = ROAD_CLASS_OTHER;
	out->heap_count = 0; /* step 3: 1 */
	out->queue_classes = 1u << ROAD_QUEUE_TRANSFER;
	out->queues_max = 16;
	out->queue_depth_max = 64;
	out->commands = 1u << ROAD_COMMAND_COPY | 1u << ROAD_COMMAND_FILL;
	out->features = ROAD_FEATURE_UNIFIED_ADDRESS | ROAD_FEATURE_COHERENT;
}

/* PORT: what info() has no field for; by position, ROAD_NOT_FOUND ends. Unknown is ROAD_VALUE_NULL,
 * never 0. */
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
	(void)t;
	(void)event;
	return PORT_TODO(3, "ask the event until it is reached, with a deadline");
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

/* Zeroed, aligned as the buffer asks; what free_buffer needs stands in buffer->data. */
static road_status alloc(struct road_drv_buffer *buffer)
{
	(void)buffer;
	return PORT_TODO(3, "allocate, wipe, and await the wiping");
}

static void free_buffer(struct road_drv_buffer *buffer)
{
	(void)buffer; /* step 3 */
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
	status = PORT_TODO(4, "open a stream");
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

/* Places: the library's pointers, or host pointers if place.bus. PORT: what the library can. */
static int queue_command(const struct template_device *t, const struct road_cmd *command,
			 struct template_rt_stream *stream)
{
	(void)t; /* step 4 */
	(void)command;
	(void)stream;
	return TEMPLATE_RT_BAD_ARGUMENT;
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

/* Under the lock: how far has the stream come? A job is decided when its event is reached, and has
 * failed then if its queueing did. */
static void look(const struct template_device *t, struct template_queue *own)
{
	(void)t;
	if (own->head == own->tail || own->progress.failed_from != UINT64_MAX)
		return;
	own->progress.failed_from = own->jobs[own->head % own->depth].sequence;
	own->progress.status = ROAD_UNSUPPORTED;
	snprintf(own->progress.fault.text, sizeof(own->progress.fault.text), "%s",
		 PORT_TEXT(5, "ask the events of the jobs", "look"));
}

static road_status submit(struct road_drv_queue *queue,
			  const struct road_drv_submission *submission)
{
	struct template_device *t = queue->dev->data;
	struct template_queue *own = queue->data;
	struct template_job *job;
	road_status status = enter(t);
	int result = TEMPLATE_RT_OK;

	if (!status)
		status = PORT_TODO(4, "write queue_command(), then take this away");
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

/* Sleeps until the submission is decided. PORT: the library's own wait, if it takes a deadline. */
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

/* ---- 6: images and kernels; a chip without kernels: delete this part ---- */

static road_status load(struct road_drv_image *image, const void *bytes, size_t byte_count,
			const struct road_image_options *options)
{
	(void)image;
	(void)bytes;
	(void)byte_count;
	(void)options;
	return PORT_TODO(6, "check the image and give it to the library");
}

static void unload(struct road_drv_image *image)
{
	(void)image; /* step 6 */
}

static road_status kernel(struct road_drv_kernel *kernel, const char *name)
{
	(void)kernel;
	(void)name;
	return PORT_TODO(6, "find the kernel and say what arguments it takes");
}

/* ---- 7: faults and resets ---- */

static road_status queue_reset(struct road_drv_queue *queue)
{
	(void)queue;
	return PORT_TODO(7, "await the stream, forget its jobs");
}

/* All queues fail, and stay so until each is reset; what runs is awaited then. */
static road_status reset(struct road_drv_device *dev)
{
	(void)dev;
	return PORT_TODO(7, "queues fail and stay so until each is reset");
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

static const struct road_image_ops image_ops = {
	.load = load,
	.unload = unload,
	.kernel = kernel,
};

extern const struct road_driver road_driver_template;
const struct road_driver road_driver_template = {
	.abi = ROAD_DRIVER_ABI,
	.name = "template",
	.scheme = "template",
	.library = "libtemplate-rt.so",
	.ops = &ops,
	.memory = &memory_ops,
	.image = &image_ops,
};
