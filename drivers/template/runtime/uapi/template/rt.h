/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the driver calls of the vendor's library, libtemplate-rt.so. PORT: the functions of yours,
 * as its manual has them; not its header, which not every machine has that builds the driver.
 *
 * As such libraries are: the device is the calling thread's current one, work is queued in streams,
 * and an event tells without waiting whether what was queued before it is done. Waits of the
 * library know no deadline: the driver never calls one.
 */
#ifndef UAPI_TEMPLATE_RT_H
#define UAPI_TEMPLATE_RT_H

#include <stddef.h>
#include <stdint.h>

#define TEMPLATE_RT_VERSION 1

enum template_rt_result {
	TEMPLATE_RT_OK,
	TEMPLATE_RT_NOT_READY,
	TEMPLATE_RT_BAD_ARGUMENT,
	TEMPLATE_RT_OUT_OF_MEMORY,
	TEMPLATE_RT_FAULT, /* of the device, on work that was queued; the stream is dead */
};

struct template_rt_stream;
struct template_rt_event;

/*
 * F(name, arguments) for each function; all answer enum template_rt_result as int, and are called
 * template_rt_NAME. Any thread, several at a time.
 */
#define TEMPLATE_RT_FUNCTIONS(F)                                                                \
	F(version, (int *out))                                                                  \
	F(device_count, (int *out))                                                             \
	F(device_memory, (int device, uint64_t *total, uint64_t *used))                         \
	F(set_device, (int device)) /* for this thread, from here on */                         \
	F(alloc, (void **out, size_t bytes))                                                    \
	F(free, (void *memory))                                                                 \
	F(stream_create, (struct template_rt_stream * *out))                                    \
	F(stream_destroy, (struct template_rt_stream * stream)) /* waits for its work */        \
	F(copy, (void *dst, const void *src, size_t bytes, struct template_rt_stream *stream))  \
	F(fill, (void *dst, uint64_t pattern, size_t bytes, struct template_rt_stream *stream)) \
	F(event_create, (struct template_rt_event * *out))                                      \
	F(event_record, (struct template_rt_event * event, struct template_rt_stream * stream)) \
	F(event_query, (struct template_rt_event * event)) /* NOT_READY, or how it ended */     \
	F(event_destroy, (struct template_rt_event * event))

#endif
