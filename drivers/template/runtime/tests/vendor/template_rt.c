/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stand-in for the vendor's library, for machines that have neither it nor the chip: the same
 * functions, one device whose memory is this process's, and a thread a stream that does the work.
 * It knows nothing of the driver.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "uapi/template/rt.h"

#define API                      __attribute__((visibility("default")))
#define DECLARE(name, arguments) API int template_rt_##name arguments;
TEMPLATE_RT_FUNCTIONS(DECLARE)

#define MEMORY_BYTES (UINT64_C(64) << 20)

struct work {
	struct work *next;
	void *dst;
	const void *src; /* NULL: fill */
	uint64_t pattern;
	size_t bytes;
	struct template_rt_event *event; /* or this was recorded */
	uint64_t record;
};

struct template_rt_event {
	uint64_t recorded, reached; /* how often */
};

struct template_rt_stream {
	pthread_t thread;
	pthread_cond_t more;
	struct work *first, **last;
	bool closing;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of all there is */
static uint64_t used_bytes;
static _Thread_local int current;

static void fill(unsigned char *dst, uint64_t pattern, size_t bytes)
{
	unsigned char unit[sizeof(pattern)];

	memcpy(unit, &pattern, sizeof(unit));
	for (size_t i = 0; i < bytes; i++)
		dst[i] = unit[i % sizeof(unit)];
}

static void *run(void *arg)
{
	struct template_rt_stream *stream = arg;

	pthread_mutex_lock(&lock);
	for (;;) {
		struct work *work = stream->first;

		if (!work && stream->closing)
			break;
		if (!work) {
			pthread_cond_wait(&stream->more, &lock);
			continue;
		}
		stream->first = work->next;
		if (!stream->first)
			stream->last = &stream->first;
		pthread_mutex_unlock(&lock);
		if (work->dst && work->src)
			memmove(work->dst, work->src, work->bytes);
		else if (work->dst)
			fill(work->dst, work->pattern, work->bytes);
		pthread_mutex_lock(&lock);
		if (work->event)
			work->event->reached = work->record;
		free(work);
	}
	pthread_mutex_unlock(&lock);
	return NULL;
}

static int put(struct template_rt_stream *stream, const struct work *what)
{
	struct work *work = malloc(sizeof(*work));

	if (!work)
		return TEMPLATE_RT_OUT_OF_MEMORY;
	*work = *what;
	pthread_mutex_lock(&lock);
	if (work->event)
		work->record = ++work->event->recorded;
	*stream->last = work;
	stream->last = &work->next;
	pthread_cond_signal(&stream->more);
	pthread_mutex_unlock(&lock);
	return TEMPLATE_RT_OK;
}

int template_rt_version(int *out)
{
	*out = TEMPLATE_RT_VERSION;
	return TEMPLATE_RT_OK;
}

int template_rt_device_count(int *out)
{
	*out = 1;
	return TEMPLATE_RT_OK;
}

int template_rt_device_memory(int device, uint64_t *total, uint64_t *used)
{
	if (device)
		return TEMPLATE_RT_BAD_ARGUMENT;
	pthread_mutex_lock(&lock);
	*total = MEMORY_BYTES;
	*used = used_bytes;
	pthread_mutex_unlock(&lock);
	return TEMPLATE_RT_OK;
}

int template_rt_set_device(int device)
{
	if (device)
		return TEMPLATE_RT_BAD_ARGUMENT;
	current = device + 1;
	return TEMPLATE_RT_OK;
}

/* What a block holds beside its bytes; keeps their alignment. */
struct block {
	size_t bytes;
	char pad[256 - sizeof(size_t)];
};

int template_rt_alloc(void **out, size_t bytes)
{
	struct block *block = NULL;
	bool fits;

	if (!current || !bytes)
		return TEMPLATE_RT_BAD_ARGUMENT; /* a thread that forgot to say which device */
	pthread_mutex_lock(&lock);
	fits = bytes <= MEMORY_BYTES - used_bytes;
	if (fits)
		block = aligned_alloc(256, (bytes + 2 * sizeof(*block) - 1) & ~(size_t)255);
	if (block)
		used_bytes += bytes;
	pthread_mutex_unlock(&lock);
	if (!block)
		return TEMPLATE_RT_OUT_OF_MEMORY;
	block->bytes = bytes;
	memset(block + 1, 0xa5, bytes); /* what its last owner left there */
	*out = block + 1;
	return TEMPLATE_RT_OK;
}

int template_rt_free(void *memory)
{
	struct block *block = (struct block *)memory - 1;

	if (!current)
		return TEMPLATE_RT_BAD_ARGUMENT;
	pthread_mutex_lock(&lock);
	used_bytes -= block->bytes;
	pthread_mutex_unlock(&lock);
	free(block);
	return TEMPLATE_RT_OK;
}

int template_rt_stream_create(struct template_rt_stream **out)
{
	struct template_rt_stream *stream = calloc(1, sizeof(*stream));

	if (!current || !stream) {
		free(stream);
		return current ? TEMPLATE_RT_OUT_OF_MEMORY : TEMPLATE_RT_BAD_ARGUMENT;
	}
	stream->last = &stream->first;
	pthread_cond_init(&stream->more, NULL);
	if (pthread_create(&stream->thread, NULL, run, stream)) {
		pthread_cond_destroy(&stream->more);
		free(stream);
		return TEMPLATE_RT_OUT_OF_MEMORY;
	}
	*out = stream;
	return TEMPLATE_RT_OK;
}

int template_rt_stream_destroy(struct template_rt_stream *stream)
{
	pthread_mutex_lock(&lock);
	stream->closing = true;
	pthread_cond_signal(&stream->more);
	pthread_mutex_unlock(&lock);
	pthread_join(stream->thread, NULL);
	pthread_cond_destroy(&stream->more);
	free(stream);
	return TEMPLATE_RT_OK;
}

int template_rt_copy(void *dst, const void *src, size_t bytes, struct template_rt_stream *stream)
{
	return put(stream, &(struct work){.dst = dst, .src = src, .bytes = bytes});
}

int template_rt_fill(void *dst, uint64_t pattern, size_t bytes, struct template_rt_stream *stream)
{
	return put(stream, &(struct work){.dst = dst, .pattern = pattern, .bytes = bytes});
}

int template_rt_event_create(struct template_rt_event **out)
{
	*out = calloc(1, sizeof(**out));
	return *out ? TEMPLATE_RT_OK : TEMPLATE_RT_OUT_OF_MEMORY;
}

int template_rt_event_record(struct template_rt_event *event, struct template_rt_stream *stream)
{
	return put(stream, &(struct work){.event = event});
}

int template_rt_event_query(struct template_rt_event *event)
{
	pthread_mutex_lock(&lock);
	bool reached = event->reached == event->recorded;

	pthread_mutex_unlock(&lock);
	return reached ? TEMPLATE_RT_OK : TEMPLATE_RT_NOT_READY;
}

int template_rt_event_destroy(struct template_rt_event *event)
{
	free(event);
	return TEMPLATE_RT_OK;
}
