/* SPDX-License-Identifier: Apache-2.0 */
/* Further devices of the case's kind, opened otherwise, and one piece of work to compare them by.
 */
#ifndef TESTS_CONFORMANCE_GROUPS_RIG_H
#define TESTS_CONFORMANCE_GROUPS_RIG_H

#include "tests/conformance/case.h"

struct rig {
	road_instance *instance; /* a reference of its own */
	road_device *device;
	road_space *space;
	road_queue *queue;
};

/* The fixture's address for number `at` of its kind, with an option ("time=functional") in place of
 * what it says of that itself; NULL: as it is. Given back with the fixture. */
const char *rig_address(struct fixture *f, uint32_t at, const char *option);
/* Opens it in this instance; NULL: in one of its own. */
struct rig rig_open(struct fixture *f, road_instance *instance, const char *address);
void rig_close(struct rig *rig);

enum { RIG_BYTES = 256 };
/* Zeroed, of the device's first heap; the caller releases it. */
road_buffer *rig_buffer(struct fixture *f, const struct rig *rig);
/* One launch of a kernel of the family's image, in several workgroups. */
void rig_launch(struct fixture *f, const struct rig *rig, const char *name,
		const uint64_t *arguments, uint32_t count);
uint64_t rig_hash(uint64_t hash, const void *bytes, size_t count);

struct outcome {
	uint64_t data;      /* a hash of all bytes that came back */
	uint64_t thread_ns; /* virtual time that it took this thread; 0: not simulated */
};
/* Copies, fills and kernels, as far as the device has them; the same for each device of a kind. */
struct outcome rig_work(struct fixture *f, const struct rig *rig);

#endif
