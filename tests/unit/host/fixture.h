/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the host driver share: a device, and its work run by the test. */
#ifndef TESTS_UNIT_HOST_FIXTURE_H
#define TESTS_UNIT_HOST_FIXTURE_H

#include <stdlib.h>
#include <string.h>

#include "drivers/host/host.h"
#include "tests/unit/edu/services.h"

extern const struct road_driver road_driver_host;

struct fixture {
	const struct road_driver_ops *ops;
	struct road_drv_device dev;
	struct road_drv_space space;
};

static inline void setup(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	f->ops = road_driver_host.ops;
	f->dev.driver = &road_driver_host;
	f->space.dev = &f->dev;
	CU_ASSERT_EQUAL_FATAL(f->ops->probe(NULL), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(f->ops->start(&f->dev, ""), ROAD_OK);
}

static inline void teardown(struct fixture *f)
{
	f->ops->stop(&f->dev, ROAD_STOP_CLOSE);
	CU_ASSERT_PTR_NULL(atomic_load(&services_source));
}

static inline void open_queue(struct fixture *f, struct road_drv_queue *queue, uint32_t depth)
{
	*queue = (struct road_drv_queue){.dev = &f->dev, .space = &f->space, .depth = depth};
	CU_ASSERT_EQUAL_FATAL(f->ops->queue_open(queue), ROAD_OK);
}

static inline road_status submit(struct fixture *f, struct road_drv_queue *queue, uint64_t sequence,
				 const struct road_cmd *commands, uint32_t count)
{
	const struct road_drv_submission s = {sequence, commands, count, false};

	return f->ops->submit(queue, &s);
}

static inline struct road_progress run_once(void)
{
	struct road_source *source = atomic_load(&services_source);

	return source->run(source);
}

static inline bool is_pending(void)
{
	struct road_source *source = atomic_load(&services_source);

	return source->pending(source);
}

static inline void run_all(void)
{
	struct road_progress progress;

	do
		progress = run_once();
	while (progress.ran || progress.more);
}

static inline struct road_drv_progress progress_of(struct fixture *f, struct road_drv_queue *queue)
{
	struct road_drv_progress progress = {.failed_from = 1234};

	f->ops->advance(queue, &progress);
	return progress;
}

static inline struct road_place at(const void *pointer)
{
	return (struct road_place){.address = (uint64_t)(uintptr_t)pointer};
}

/* One command from submit to its end; it must not run inside submit. */
static inline void run_command(struct fixture *f, const struct road_cmd *command)
{
	struct road_drv_queue queue;

	open_queue(f, &queue, 1);
	CU_ASSERT_EQUAL(submit(f, &queue, 1, command, 1), ROAD_OK);
	CU_ASSERT_EQUAL(progress_of(f, &queue).completed, 0);
	run_all();
	CU_ASSERT_EQUAL(progress_of(f, &queue).completed, 1);
	CU_ASSERT_EQUAL(progress_of(f, &queue).failed_from, UINT64_MAX);
	f->ops->queue_close(&queue);
}

#endif
