/* SPDX-License-Identifier: Apache-2.0 */
/* What the core's tests share: a validating instance, a device, its space, a queue. */
#ifndef TESTS_UNIT_CORE_FIXTURE_H
#define TESTS_UNIT_CORE_FIXTURE_H

#include <roadbed/host.h>
#include <roadbed/roadbed.h>
#include <roadbed/sim.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/tap.h"

#define SECOND UINT64_C(1000000000)

struct fixture {
	road_instance *instance;
	road_device *device;
	road_space *space;
	road_queue *queue;
};

static inline road_instance *open_instance(void)
{
	road_instance_options options = {.size = sizeof(options),
					 .flags = ROAD_INSTANCE_VALIDATE | ROAD_INSTANCE_NO_ENV,
					 .library_folder = SIM_FOLDER};
	road_instance *instance = NULL;

	CU_ASSERT_EQUAL_FATAL(road_instance_create(&options, &instance), ROAD_OK);
	return instance;
}

static inline void tell_error(const char *what)
{
	road_error error = {.size = sizeof(error)};

	if (!road_last_error(&error))
		printf("# %s: %s [%s] seen \"%s\" allowed \"%s\"\n", what, error.what, error.where,
		       error.seen, error.allowed);
}

static inline struct fixture setup(const char *address)
{
	struct fixture f = {.instance = open_instance()};
	road_status status = road_device_open(f.instance, address, &f.device);

	if (status)
		tell_error(address);
	CU_ASSERT_EQUAL_FATAL(status, ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_space_shared(f.device, &f.space), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_queue_create(f.space, NULL, &f.queue), ROAD_OK);
	return f;
}

static inline void teardown(struct fixture *f)
{
	uint64_t violations = 0;

	if (!road_sim_violations(f->device, &violations)) {
		char text[200];

		for (uint32_t i = 0; !road_sim_violation(f->device, i, text, sizeof(text)); i++)
			printf("# violation: %s\n", text);
		CU_ASSERT_EQUAL(violations, 0);
	}
	road_queue_release(f->queue);
	road_space_release(f->space);
	road_device_release(f->device);
	road_instance_release(f->instance);
}

static inline road_buffer *buffer_of(struct fixture *f, uint32_t heap, uint64_t bytes)
{
	road_buffer_options options = {.size = sizeof(options), .heap = heap, .bytes = bytes};
	road_buffer *buffer = NULL;
	road_status status = road_buffer_create(f->space, &options, &buffer);

	if (status)
		tell_error("buffer");
	CU_ASSERT_EQUAL_FATAL(status, ROAD_OK);
	return buffer;
}

static inline void *mapped(road_buffer *buffer)
{
	road_buffer_info info = {.size = sizeof(info)};
	void *pointer = NULL;

	CU_ASSERT_EQUAL_FATAL(road_buffer_info_get(buffer, &info), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(
		road_buffer_map(buffer, 0, info.bytes, ROAD_MAP_READ | ROAD_MAP_WRITE, &pointer),
		ROAD_OK);
	return pointer;
}

static inline uint64_t soon(void)
{
	return road_deadline_after(20 * SECOND);
}

#endif
