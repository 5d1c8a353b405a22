/* SPDX-License-Identifier: Apache-2.0 */
#include "simulators/engine/trace.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The row of the picture with this name; a new one at its first use; -1: too many rows. */
static int lane_of(struct sim_trace *trace, const char *lane)
{
	for (uint32_t i = 0; i < trace->lane_count; i++)
		if (!strncmp(trace->lanes[i], lane, SIM_TRACE_NAME - 1))
			return (int)i;
	if (trace->lane_count == SIM_TRACE_LANES)
		return -1;
	snprintf(trace->lanes[trace->lane_count], SIM_TRACE_NAME, "%s", lane);
	return (int)trace->lane_count++;
}

static bool make_room(struct sim_trace *trace)
{
	if (trace->count < trace->room)
		return true;
	if (trace->room >= SIM_TRACE_SPANS_MAX)
		return false;
	uint32_t room = trace->room ? trace->room * 2 : 1024;
	struct sim_trace_span *spans = realloc(trace->spans, room * sizeof(*spans));

	if (!spans)
		return false;
	trace->spans = spans;
	trace->room = room;
	return true;
}

/* to_row: SIM_TRACE_NO_LANE for a span. */
static void add(struct sim_trace *trace, int row, uint32_t to_row, const char *name,
		uint64_t from_ps, uint64_t to_ps)
{
	if (row < 0 || !make_room(trace)) {
		trace->dropped++;
		return;
	}
	struct sim_trace_span *span = &trace->spans[trace->count++];

	*span = (struct sim_trace_span){
		.from_ps = from_ps,
		.to_ps = to_ps > from_ps ? to_ps : from_ps,
		.lane = (uint32_t)row,
		.to_lane = to_row,
	};
	snprintf(span->name, sizeof(span->name), "%s", name);
}

void sim_trace_add(struct sim_trace *trace, const char *lane, const char *name, uint64_t from_ps,
		   uint64_t to_ps)
{
	add(trace, lane_of(trace, lane), SIM_TRACE_NO_LANE, name, from_ps, to_ps);
}

void sim_trace_add_arrow(struct sim_trace *trace, const char *lane, const char *to_lane,
			 const char *name, uint64_t from_ps, uint64_t to_ps)
{
	int row = lane_of(trace, lane), to_row = lane_of(trace, to_lane);

	add(trace, to_row < 0 ? -1 : row, (uint32_t)to_row, name, from_ps, to_ps);
}

struct out {
	int fd;
	int error;
	size_t used;
	char bytes[8192];
};

static void flush(struct out *out)
{
	size_t done = 0;

	while (!out->error && done < out->used) {
		ssize_t n = write(out->fd, out->bytes + done, out->used - done);

		if (n >= 0)
			done += (size_t)n;
		else if (errno != EINTR)
			out->error = errno;
	}
	out->used = 0;
}

static void put(struct out *out, const char *text, size_t length)
{
	if (out->used + length > sizeof(out->bytes))
		flush(out);
	memcpy(out->bytes + out->used, text, length);
	out->used += length;
}

static void put_text(struct out *out, const char *text)
{
	put(out, text, strlen(text));
}

/* A JSON string; names are short. */
static void put_string(struct out *out, const char *text)
{
	char escaped[8];

	put(out, "\"", 1);
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\' || c < 0x20)
			put(out, escaped, (size_t)snprintf(escaped, sizeof(escaped), "\\u%04x", c));
		else
			put(out, text, 1);
	}
	put(out, "\"", 1);
}

__attribute__((format(printf, 2, 3))) static void put_format(struct out *out, const char *format,
							     ...)
{
	char text[128];
	va_list args;

	va_start(args, format);
	int n = vsnprintf(text, sizeof(text), format, args);

	va_end(args);
	if (n > 0)
		put(out, text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
}

/* The format counts in microseconds. */
static void put_time(struct out *out, const char *key, uint64_t ps)
{
	put_format(out, ",\"%s\":%" PRIu64 ".%06" PRIu64, key, ps / 1000000, ps % 1000000);
}

static void put_lanes(struct out *out, const struct sim_trace *trace)
{
	for (uint32_t i = 0; i < trace->lane_count; i++) {
		put_format(out, "%s{\"ph\":\"M\",\"pid\":1,\"tid\":%u,", i ? ",\n" : "\n", i + 1);
		put_text(out, "\"name\":\"thread_name\",\"args\":{\"name\":");
		put_string(out, trace->lanes[i]);
		put_text(out, "}}");
	}
}

static void put_span(struct out *out, const struct sim_trace_span *span)
{
	put_format(out, ",\n{\"ph\":\"X\",\"pid\":1,\"tid\":%u", span->lane + 1);
	put_time(out, "ts", span->from_ps);
	put_time(out, "dur", span->to_ps - span->from_ps);
	put_text(out, ",\"name\":");
	put_string(out, span->name);
	put_text(out, "}");
}

/* Flow events: a start and a finish of one number, bound to the spans that they lie in. */
static void put_arrow(struct out *out, const struct sim_trace_span *span, uint32_t number)
{
	for (int end = 0; end < 2; end++) {
		put_format(out, ",\n{\"ph\":\"%s\",\"cat\":\"token\",\"id\":%u,\"pid\":1",
			   end ? "f\",\"bp\":\"e" : "s", number);
		put_format(out, ",\"tid\":%u", (end ? span->to_lane : span->lane) + 1);
		put_time(out, "ts", end ? span->to_ps : span->from_ps);
		put_text(out, ",\"name\":");
		put_string(out, span->name);
		put_text(out, "}");
	}
}

int sim_trace_write(const struct sim_trace *trace, const char *chip, int fd)
{
	struct out out = {.fd = fd};

	put_text(&out, "{\"otherData\":{\"simulated\":true,\"chip\":");
	put_string(&out, chip);
	put_format(&out, ",\"dropped_events\":%" PRIu64 "},\"traceEvents\":[", trace->dropped);
	put_lanes(&out, trace);
	for (uint32_t i = 0; i < trace->count; i++) {
		const struct sim_trace_span *span = &trace->spans[i];

		if (span->to_lane == SIM_TRACE_NO_LANE)
			put_span(&out, span);
		else
			put_arrow(&out, span, i);
	}
	put_text(&out, "\n]}\n");
	flush(&out);
	return out.error;
}

bool sim_trace_copy(const struct sim_trace *trace, struct sim_trace *out)
{
	*out = *trace;
	out->room = trace->count;
	if (!trace->count)
		return true;
	out->spans = malloc(trace->count * sizeof(*out->spans));
	if (out->spans)
		memcpy(out->spans, trace->spans, trace->count * sizeof(*out->spans));
	return out->spans != NULL;
}

void sim_trace_free(struct sim_trace *trace)
{
	free(trace->spans);
	trace->spans = NULL;
}
