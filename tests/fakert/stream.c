/* SPDX-License-Identifier: Apache-2.0 */
/* Streams, each a thread that does its work in order, and events. */
#include "tests/fakert/fake.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum kind { COPY, SET, RECORD, WAIT, LAUNCH, HOST };

struct frtEvent {
	int device;
	uint64_t resets;
	uint32_t refs;              /* the handle's, and that of work in streams */
	uint64_t recorded, reached; /* how often */
	int result;                 /* of what was reached last */
	uint64_t reached_ns;
};

struct work {
	struct work *next;
	enum kind kind;
	union {
		struct {
			char *dst;
			const char *src;
			size_t bytes, rows, dst_pitch, src_pitch;
			int value;
		};
		struct {
			struct frtEvent *event;
			uint64_t record; /* the how manyth */
		};
		struct {
			const struct builtin *kernel;
			struct launch launch;
		};
		struct {
			frtHostFn_t function;
			void *user;
		};
	};
};

enum { POOL = 256 }; /* works that a stream has room for without asking anybody */

struct frtStream {
	struct frtStream *next;
	int device;
	uint64_t resets;
	pthread_t thread;
	struct work *first, **last;
	struct work *pool, *spare; /* all, and those that are free */
	bool busy, closing;
	int error; /* dead, and why */
};

/* ---- the stream's thread ---- */

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static bool aligned(const struct work *work, size_t bytes)
{
	return work->bytes == bytes && !((uintptr_t)work->dst % bytes) &&
	       !((uintptr_t)work->src % bytes);
}

static void copy(const struct work *work)
{
	if (work->rows == 1 && aligned(work, 8))
		__atomic_store_n((uint64_t *)(void *)work->dst,
				 __atomic_load_n((const uint64_t *)(const void *)work->src,
						 __ATOMIC_ACQUIRE),
				 __ATOMIC_RELEASE);
	else if (work->rows == 1 && aligned(work, 4))
		__atomic_store_n((uint32_t *)(void *)work->dst,
				 __atomic_load_n((const uint32_t *)(const void *)work->src,
						 __ATOMIC_ACQUIRE),
				 __ATOMIC_RELEASE);
	else
		for (size_t row = 0; row < work->rows; row++)
			memmove(work->dst + row * work->dst_pitch,
				work->src + row * work->src_pitch, work->bytes);
}

/* With the lock open. */
static int execute(const struct work *work)
{
	switch (work->kind) {
	case COPY: copy(work); return frtSuccess;
	case SET: memset(work->dst, work->value, work->bytes); return frtSuccess;
	case LAUNCH: return work->kernel->run(&work->launch);
	case HOST: work->function(work->user); return frtSuccess;
	default: return frtSuccess;
	}
}

static void unref(struct frtEvent *event)
{
	if (--event->refs)
		return;
	free(event);
	fake.live--;
}

/* Under the lock; NULL: no memory. */
static struct work *take_work(struct frtStream *stream)
{
	struct work *work = stream->spare;

	if (!work)
		return malloc(sizeof(*work));
	stream->spare = work->next;
	return work;
}

static void give_work(struct frtStream *stream, struct work *work)
{
	if (work < stream->pool || work >= stream->pool + POOL) {
		free(work);
		return;
	}
	work->next = stream->spare;
	stream->spare = work;
}

static void end_work(struct frtStream *stream, struct work *work)
{
	if (work->kind == RECORD) {
		work->event->reached = work->record;
		work->event->result = stream->error;
		work->event->reached_ns = now_ns();
	}
	if (work->kind == RECORD || work->kind == WAIT)
		unref(work->event);
	give_work(stream, work);
	pthread_cond_broadcast(&fake.change);
}

static struct work *pop(struct frtStream *stream)
{
	struct work *work = stream->first;

	stream->first = work->next;
	if (!stream->first)
		stream->last = &stream->first;
	return work;
}

/* Has the work to wait, for an event, or because a test wants it to hang? */
static bool blocked(struct frtStream *stream)
{
	const struct work *work = stream->first;
	struct device *device = &fake.devices[stream->device];

	if (work->kind == WAIT)
		return work->event->reached < work->record;
	if (!device->hangs || work->kind == RECORD)
		return false;
	device->hangs--;
	while (!stream->error)
		pthread_cond_wait(&fake.change, &fake.lock);
	return true;
}

static void do_one(struct frtStream *stream)
{
	struct work *work = pop(stream);

	stream->busy = true;
	pthread_mutex_unlock(&fake.lock);
	int result = execute(work);

	pthread_mutex_lock(&fake.lock);
	stream->busy = false;
	if (!stream->error)
		stream->error = result;
	end_work(stream, work);
}

static void *run(void *arg)
{
	struct frtStream *stream = arg;

	pthread_mutex_lock(&fake.lock);
	while (stream->first || !stream->closing) {
		if (stream->first && stream->error)
			end_work(stream, pop(stream));
		else if (!stream->first || blocked(stream)) {
			if (!stream->error || !stream->first)
				pthread_cond_wait(&fake.change, &fake.lock);
		} else
			do_one(stream);
	}
	pthread_mutex_unlock(&fake.lock);
	return NULL;
}

static bool at_rest(int device)
{
	for (const struct frtStream *s = fake.streams; s; s = s->next)
		if (s->device == device && (s->busy || s->first))
			return false;
	return true;
}

void fake_kill(int device, int why)
{
	for (struct frtStream *s = fake.streams; s; s = s->next)
		if (s->device == device && !s->error)
			s->error = why;
	pthread_cond_broadcast(&fake.change);
	while (!at_rest(device))
		pthread_cond_wait(&fake.change, &fake.lock);
}

/* ---- streams ---- */

static int start(struct frtStream *stream)
{
	int device = stream->device = fake_current();

	stream->resets = fake.devices[device].resets;
	stream->last = &stream->first;
	if (fake.devices[device].gone)
		return frtErrorDevicesUnavailable;
	stream->pool = calloc(POOL, sizeof(*stream->pool));
	if (!stream->pool || pthread_create(&stream->thread, NULL, run, stream))
		return frtErrorMemoryAllocation;
	for (struct work *work = stream->pool; work < stream->pool + POOL; work++)
		give_work(stream, work);
	stream->next = fake.streams;
	fake.streams = stream;
	fake.live++;
	return frtSuccess;
}

int frtStreamCreateWithPriority(frtStream_t *out, unsigned flags, int priority)
{
	BEGIN();
	struct frtStream *stream = calloc(1, sizeof(*stream));
	int result = frtErrorMemoryAllocation;

	if (flags || priority < -1 || priority > 1) {
		result = frtErrorInvalidValue;
	} else if (stream) {
		pthread_mutex_lock(&fake.lock);
		result = start(stream);
		pthread_mutex_unlock(&fake.lock);
	}
	if (!result)
		*out = stream;
	else if (stream)
		free(stream->pool);
	if (result)
		free(stream);
	return fake_end(result);
}

int frtStreamDestroy(frtStream_t stream)
{
	pthread_mutex_lock(&fake.lock);
	struct frtStream **at = &fake.streams;

	stream->closing = true;
	pthread_cond_broadcast(&fake.change);
	pthread_mutex_unlock(&fake.lock);
	pthread_join(stream->thread, NULL);
	pthread_mutex_lock(&fake.lock);
	while (*at != stream)
		at = &(*at)->next;
	*at = stream->next;
	fake.live--;
	pthread_mutex_unlock(&fake.lock);
	free(stream->pool);
	free(stream);
	return frtSuccess;
}

/* Under the lock. */
static int state(const struct frtStream *stream)
{
	int usable = fake_usable(stream->device, stream->resets);

	if (usable)
		return usable;
	return stream->busy || stream->first ? frtErrorNotReady : stream->error;
}

int frtStreamQuery(frtStream_t stream)
{
	BEGIN();
	pthread_mutex_lock(&fake.lock);
	int result = state(stream);

	pthread_mutex_unlock(&fake.lock);
	return fake_end(result);
}

int frtStreamSynchronize(frtStream_t stream)
{
	BEGIN();
	pthread_mutex_lock(&fake.lock);
	int result;

	while ((result = state(stream)) == frtErrorNotReady)
		pthread_cond_wait(&fake.change, &fake.lock);
	pthread_mutex_unlock(&fake.lock);
	return fake_end(result);
}

int frtDeviceSynchronize(void)
{
	BEGIN();
	pthread_mutex_lock(&fake.lock);
	while (!at_rest(fake_current()))
		pthread_cond_wait(&fake.change, &fake.lock);
	pthread_mutex_unlock(&fake.lock);
	return frtSuccess;
}

/* Under the lock. */
static int append(frtStream_t stream, const struct work *what)
{
	int result = fake_usable(stream->device, stream->resets);
	struct work *work;

	if (!result)
		result = stream->error;
	if (result)
		return result;
	work = take_work(stream);
	if (!work)
		return frtErrorMemoryAllocation;
	*work = *what;
	work->next = NULL;
	if (work->kind == RECORD || work->kind == WAIT) {
		struct frtEvent *event = work->event;

		work->record = work->kind == RECORD ? ++event->recorded : event->recorded;
		event->refs++;
	}
	*stream->last = work;
	stream->last = &work->next;
	pthread_cond_broadcast(&fake.change);
	return frtSuccess;
}

static int put(frtStream_t stream, const struct work *what)
{
	pthread_mutex_lock(&fake.lock);
	int result = append(stream, what);

	pthread_mutex_unlock(&fake.lock);
	return result;
}

int frtMemcpyAsync(void *dst, const void *src, size_t bytes, int kind, frtStream_t stream)
{
	return frtMemcpy2DAsync(dst, bytes, src, bytes, bytes, 1, kind, stream);
}

int frtMemcpy2DAsync(void *dst, size_t dst_pitch, const void *src, size_t src_pitch, size_t width,
		     size_t height, int kind, frtStream_t stream)
{
	BEGIN();
	if (width > dst_pitch || width > src_pitch)
		return fake_end(frtErrorInvalidPitchValue);
	if (kind < 0 || kind > frtMemcpyDefault)
		return fake_end(frtErrorInvalidValue);
	return fake_end(put(stream, &(struct work){.kind = COPY,
						   .dst = dst,
						   .src = src,
						   .bytes = width,
						   .rows = height,
						   .dst_pitch = dst_pitch,
						   .src_pitch = src_pitch}));
}

int frtMemsetAsync(void *dst, int value, size_t bytes, frtStream_t stream)
{
	BEGIN();
	return fake_end(put(
		stream, &(struct work){.kind = SET, .dst = dst, .bytes = bytes, .value = value}));
}

int fake_put_launch(frtStream_t stream, const struct builtin *kernel, const struct launch *launch)
{
	struct work work = {.kind = LAUNCH, .kernel = kernel, .launch = *launch};

	work.launch.device = stream->device;
	return put(stream, &work);
}

int frtLaunchHostFunc(frtStream_t stream, frtHostFn_t function, void *user)
{
	BEGIN();
	return fake_end(
		put(stream, &(struct work){.kind = HOST, .function = function, .user = user}));
}

/* ---- events ---- */

int frtEventCreate(frtEvent_t *out)
{
	BEGIN();
	struct frtEvent *event = calloc(1, sizeof(*event));

	if (!event)
		return fake_end(frtErrorMemoryAllocation);
	pthread_mutex_lock(&fake.lock);
	event->refs = 1;
	event->device = fake_current();
	event->resets = fake.devices[event->device].resets;
	fake.live++;
	pthread_mutex_unlock(&fake.lock);
	*out = event;
	return frtSuccess;
}

int frtEventDestroy(frtEvent_t event)
{
	pthread_mutex_lock(&fake.lock);
	unref(event);
	pthread_mutex_unlock(&fake.lock);
	return frtSuccess;
}

int frtEventRecord(frtEvent_t event, frtStream_t stream)
{
	BEGIN();
	if (event->device != stream->device)
		return fake_end(frtErrorInvalidResourceHandle);
	return fake_end(put(stream, &(struct work){.kind = RECORD, .event = event}));
}

int frtStreamWaitEvent(frtStream_t stream, frtEvent_t event, unsigned flags)
{
	BEGIN();
	if (flags)
		return fake_end(frtErrorInvalidValue);
	return fake_end(put(stream, &(struct work){.kind = WAIT, .event = event}));
}

/* Under the lock. */
static int event_state(const struct frtEvent *event)
{
	int usable = fake_usable(event->device, event->resets);

	if (usable)
		return usable;
	return event->reached < event->recorded ? frtErrorNotReady : event->result;
}

int frtEventQuery(frtEvent_t event)
{
	BEGIN();
	pthread_mutex_lock(&fake.lock);
	int result = event_state(event);

	pthread_mutex_unlock(&fake.lock);
	return fake_end(result);
}

int frtEventSynchronize(frtEvent_t event)
{
	BEGIN();
	pthread_mutex_lock(&fake.lock);
	int result;

	while ((result = event_state(event)) == frtErrorNotReady)
		pthread_cond_wait(&fake.change, &fake.lock);
	pthread_mutex_unlock(&fake.lock);
	return fake_end(result);
}

int frtEventElapsedTime(float *milliseconds, frtEvent_t from, frtEvent_t to)
{
	BEGIN();
	pthread_mutex_lock(&fake.lock);
	int result = event_state(from);

	if (!result)
		result = event_state(to);
	*milliseconds = (float)(to->reached_ns - from->reached_ns) / 1e6f;
	pthread_mutex_unlock(&fake.lock);
	return fake_end(result);
}
