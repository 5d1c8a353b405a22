/* SPDX-License-Identifier: Apache-2.0 */
/* Spaces: a client's address space on one device; the unit of isolation, quota, sticky faults. */
#ifndef ROADBED_SPACE_H
#define ROADBED_SPACE_H

#include <roadbed/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The one space of this device that all users of the instance share. */
ROAD_API road_status road_space_shared(road_device *device, road_space **out);

typedef struct road_space_options {
	uint32_t size;
	uint32_t flags;       /* 0 */
	uint64_t quota_bytes; /* of all heaps together; 0 = none */
} road_space_options;
/* A further space, isolated from the others. ROAD_UNSUPPORTED without ROAD_FEATURE_SPACES,
 * ROAD_NO_SPACE when the device has no more. options may be NULL. */
ROAD_API road_status road_space_create(road_device *device, const road_space_options *options,
				       road_space **out);
ROAD_API road_status road_space_retain(road_space *space);
/* Queues, buffers, images and lists of the space hold references to it; the last one closes. */
ROAD_API void road_space_release(road_space *space);

/* Closes now: unfinished work of its queues fails with ROAD_CANCELLED, buffers and images are
 * freed. What is still held of the space answers ROAD_STALE; releasing it stays right. */
ROAD_API road_status road_space_close(road_space *space);

/* Waits until all work submitted to the space's queues so far completed or failed; the first
 * failure is returned. ROAD_TIMEOUT. */
ROAD_API road_status road_space_drain(road_space *space, uint64_t deadline);

/* ROAD_OK, or the first fault of the space since it was made or last reset (sticky). detail may
 * be NULL. */
ROAD_API road_status road_space_status(road_space *space, road_error *detail);

typedef struct road_space_usage {
	uint32_t size;
	uint32_t buffers;     /* alive */
	uint64_t bytes;       /* allocated in all heaps */
	uint64_t quota_bytes; /* 0 = none */
} road_space_usage;
ROAD_API road_status road_space_usage_get(road_space *space, road_space_usage *out);

#ifdef __cplusplus
}
#endif
#endif
