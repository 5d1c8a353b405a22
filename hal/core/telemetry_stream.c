/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streams of telemetry. No thread takes rounds: who ran a slice of the simulation, or reads, takes
 * those that are due. What was due in between is counted as lost.
 */
#include <stdlib.h>

#include "hal/core/telemetry.h"

enum { STREAMS = 64, KEPT = 32 };

struct value { /* what changes of a metric */
	uint32_t type;
	uint64_t u64;
	double f64;
};

struct road_telemetry {
	struct road_object object;
	struct road_device *device; /* a reference */
	uint32_t groups, count;
	uint64_t period_ns;
	struct road_metric *metrics; /* names and units: stay as they are */
	struct road_metric *scratch; /* of who samples */
	pthread_mutex_t lock;
	bool sampling;
	uint64_t due_ns, periods; /* of the next round: when, and its number */
	uint64_t first, unread, lost;
	struct road_telemetry_round rounds[KEPT];
	struct value *values; /* KEPT times count */
};

static struct {
	pthread_mutex_t lock;
	struct road_telemetry *streams[STREAMS];
	_Atomic uint32_t count;
} all = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct road_telemetry *stream_of(struct road_object *object)
{
	return (struct road_telemetry *)(void *)object;
}

static void stream_close(struct road_object *object)
{
	pthread_mutex_lock(&all.lock);
	for (uint32_t i = 0; i < STREAMS; i++) {
		if (all.streams[i] != stream_of(object))
			continue;
		all.streams[i] = NULL;
		atomic_fetch_sub(&all.count, 1);
	}
	pthread_mutex_unlock(&all.lock);
}

static void stream_finish(struct road_object *object)
{
	struct road_telemetry *stream = stream_of(object);

	free(stream->metrics);
	free(stream->scratch);
	free(stream->values);
	pthread_mutex_destroy(&stream->lock);
	road_object_release(&stream->device->object);
}

static void stream_free(struct road_object *object)
{
	free(stream_of(object));
}

static const struct road_class stream_class = {ROAD_TYPE_TELEMETRY, "telemetry", stream_close,
					       stream_finish, stream_free};

/* ---- sampling ---- */

/* Under the lock: the round's place; the oldest goes if there is none. */
static uint64_t place_round(struct road_telemetry *stream)
{
	if (stream->unread == KEPT) {
		stream->first++;
		stream->unread--;
		stream->lost++;
	}
	return (stream->first + stream->unread) % KEPT;
}

static void push(struct road_telemetry *stream, uint64_t missed, uint64_t device_ns)
{
	stream->lost += missed;
	uint64_t at = place_round(stream);
	struct value *values = stream->values + at * stream->count;

	/* The first unread round tells of all that was lost before it. */
	stream->rounds[at] = (struct road_telemetry_round){
		.count = stream->count,
		.sequence = stream->periods + missed,
		.lost = missed,
		.device_ns = device_ns,
		.host_ns = road_now_ns(),
	};
	for (uint32_t i = 0; i < stream->count; i++)
		values[i] = (struct value){stream->scratch[i].type, stream->scratch[i].u64,
					   stream->scratch[i].f64};
	stream->unread++;
	stream->periods += missed + 1;
	stream->due_ns += (missed + 1) * stream->period_ns;
}

static void read_metrics(struct road_telemetry *stream, struct road_metric *out)
{
	struct road_metric_place at = {.groups = stream->groups};

	for (uint32_t i = 0; i < stream->count; i++)
		if (!road_metric_at(stream->device, &at, &out[i]))
			out[i].type = ROAD_VALUE_NULL;
}

/* Takes a round if one is due. No lock held. */
static void sample(struct road_telemetry *stream)
{
	uint64_t now = road_device_now_ns(stream->device);

	pthread_mutex_lock(&stream->lock);
	bool due =
		!stream->sampling && now >= stream->due_ns && !road_device_is_lost(stream->device);

	if (due)
		stream->sampling = true;
	pthread_mutex_unlock(&stream->lock);
	if (!due)
		return;
	read_metrics(stream, stream->scratch);
	pthread_mutex_lock(&stream->lock);
	push(stream, (now - stream->due_ns) / stream->period_ns, now);
	stream->sampling = false;
	pthread_mutex_unlock(&stream->lock);
}

void road_telemetry_tick(void)
{
	struct road_telemetry *held[STREAMS];
	uint32_t count = 0;

	if (!atomic_load_explicit(&all.count, memory_order_relaxed))
		return;
	pthread_mutex_lock(&all.lock);
	for (uint32_t i = 0; i < STREAMS; i++) {
		if (!all.streams[i])
			continue;
		road_object_hold(&all.streams[i]->object);
		held[count++] = all.streams[i];
	}
	pthread_mutex_unlock(&all.lock);
	for (uint32_t i = 0; i < count; i++) {
		sample(held[i]);
		road_object_drop(&held[i]->object);
	}
}

/* ---- for programs ---- */

static uint32_t count_metrics(struct road_device *device, uint32_t groups)
{
	struct road_metric_place at = {.groups = groups};
	struct road_metric metric;
	uint32_t count = 0;

	while (road_metric_at(device, &at, &metric))
		count++;
	return count;
}

static road_status enlist(struct road_telemetry *stream)
{
	road_status status = ROAD_NO_SPACE;

	pthread_mutex_lock(&all.lock);
	for (uint32_t i = 0; i < STREAMS && status; i++) {
		if (all.streams[i])
			continue;
		all.streams[i] = stream;
		atomic_fetch_add(&all.count, 1);
		status = ROAD_OK;
	}
	pthread_mutex_unlock(&all.lock);
	if (status)
		road_fail_u64(status, "the process has too many streams of telemetry",
			      "road_telemetry_create", STREAMS, "at most 64");
	return status;
}

static road_status make(struct road_device *device, uint32_t groups, uint64_t period_ns,
			struct road_telemetry **out)
{
	struct road_telemetry *stream = calloc(1, sizeof(*stream));
	uint32_t count = count_metrics(device, groups);

	if (stream) {
		stream->metrics = calloc(count ? count : 1, sizeof(*stream->metrics));
		stream->scratch = calloc(count ? count : 1, sizeof(*stream->scratch));
		stream->values = calloc((size_t)KEPT * (count ? count : 1), sizeof(struct value));
	}
	if (!stream || !stream->metrics || !stream->scratch || !stream->values) {
		if (stream) {
			free(stream->metrics);
			free(stream->scratch);
			free(stream->values);
		}
		free(stream);
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for a stream of telemetry",
				 "road_telemetry_create", "", "");
	}
	stream->device = device;
	stream->groups = groups;
	stream->count = count;
	stream->period_ns = period_ns;
	stream->periods = 1;
	stream->due_ns = road_device_now_ns(device) + period_ns;
	pthread_mutex_init(&stream->lock, NULL);
	road_object_retain(&device->object);
	road_object_init(&stream->object, &stream_class);
	read_metrics(stream, stream->metrics); /* names and units */
	*out = stream;
	return ROAD_OK;
}

road_status road_telemetry_create(road_device *device, uint32_t groups, uint64_t period_ns,
				  road_telemetry **out)
{
	struct road_telemetry *stream = NULL;
	road_status status =
		road_telemetry_check(device, groups, "road_telemetry_create: device, groups");

	if (!status && (!period_ns || period_ns > INT64_MAX))
		status = road_fail_u64(ROAD_INVALID_ARGUMENT, "bad period",
				       "road_telemetry_create: period_ns", period_ns,
				       "1 to 2^63-1 ns");
	if (!status && !out)
		status = road_fail(ROAD_INVALID_ARGUMENT, "output is NULL",
				   "road_telemetry_create: out", "NULL", "");
	if (!status)
		status = make(device, groups, period_ns, &stream);
	if (status)
		return status;
	status = enlist(stream);
	if (status) {
		road_object_release(&stream->object);
		return status;
	}
	*out = stream;
	return ROAD_OK;
}

road_status road_telemetry_retain(road_telemetry *telemetry)
{
	road_status status =
		road_object_check(telemetry, &stream_class, "road_telemetry_retain: telemetry");

	if (!status)
		road_object_retain(&telemetry->object);
	return status;
}

void road_telemetry_release(road_telemetry *telemetry)
{
	if (road_object_mine(telemetry, &stream_class, "road_telemetry_release: telemetry"))
		road_object_release(&telemetry->object);
}

/* Under the lock: the oldest round goes to the reader. */
static void take(struct road_telemetry *stream, struct road_metric *metrics, uint32_t stride,
		 struct road_telemetry_round *out)
{
	uint64_t at = stream->first % KEPT;
	const struct value *values = stream->values + at * stream->count;

	*out = stream->rounds[at];
	out->lost = stream->lost;
	for (uint64_t i = 1; i < stream->unread; i++) /* lost behind this one: told then */
		out->lost -= stream->rounds[(stream->first + i) % KEPT].lost;
	stream->lost -= out->lost;
	for (uint32_t i = 0; i < stream->count; i++) {
		struct road_metric metric = stream->metrics[i];
		char *to = (char *)metrics + (size_t)i * stride;

		metric.type = values[i].type;
		metric.u64 = values[i].u64;
		metric.f64 = values[i].f64;
		*(uint32_t *)(void *)to = stride;
		road_struct_out(to, &metric, sizeof(metric));
	}
	stream->first++;
	stream->unread--;
}

road_status road_telemetry_next(road_telemetry *telemetry, road_metric *metrics, uint32_t room,
				road_telemetry_round *out)
{
	struct road_telemetry_round round;
	road_status status =
		road_object_check(telemetry, &stream_class, "road_telemetry_next: telemetry");

	if (!status)
		status = road_struct_out_check(out, 8, "road_telemetry_next: out");
	if (!status)
		status = road_struct_out_check(metrics, 8, "road_telemetry_next: metrics");
	if (!status && metrics->size % _Alignof(road_metric))
		status = road_fail_u64(ROAD_INVALID_ARGUMENT, "size of a metric is not aligned",
				       "road_telemetry_next: metrics", metrics->size,
				       "sizeof(road_metric)");
	if (!status && room < telemetry->count)
		status = road_fail_u64(ROAD_INVALID_ARGUMENT, "too little room for a round",
				       "road_telemetry_next: room", room,
				       "the number of metrics that road_device_telemetry lists");
	if (status)
		return status;
	sample(telemetry);
	pthread_mutex_lock(&telemetry->lock);
	if (telemetry->unread)
		take(telemetry, metrics, metrics->size, &round);
	else
		status = ROAD_NOT_READY;
	pthread_mutex_unlock(&telemetry->lock);
	if (status && road_device_is_lost(telemetry->device))
		return road_fail(ROAD_DEVICE_LOST, "the device is gone",
				 "road_telemetry_next: telemetry", "", "");
	if (!status)
		road_struct_out(out, &round, sizeof(round));
	return status;
}
