/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/conformance/groups/steps.h"

road_status step_try(road_queue *queue, struct step step, road_point *point)
{
	road_submission s = {.size = sizeof(s),
			     .list = step.list,
			     .waits = &step.wait,
			     .wait_count = step.wait.event ? 1 : 0,
			     .signals = &step.signal,
			     .signal_count = step.signal.event ? 1 : 0};

	return road_queue_submit(queue, &s, point);
}

road_point step_submit(road_queue *queue, struct step step)
{
	road_point point = {0};

	CHECK_OK(step_try(queue, step, &point));
	return point;
}

road_list *step_write(struct fixture *f, road_buffer *to, uint64_t offset, const void *from,
		      uint64_t bytes)
{
	road_list *list = fixture_list(f, 0);

	CHECK_OK(road_list_write(list, to, offset, from, bytes));
	CHECK_OK(road_list_close(list));
	return list;
}

road_list *step_exchange(struct fixture *f, road_buffer *cell, uint64_t offset, uint64_t *seen,
			 const uint64_t *next)
{
	road_list *list = fixture_list(f, 0);

	CHECK_OK(road_list_read(list, seen, cell, offset, sizeof(*seen)));
	CHECK_OK(road_list_write(list, cell, offset, next, sizeof(*next)));
	CHECK_OK(road_list_close(list));
	return list;
}

road_list *step_callback(struct fixture *f, road_callback_fn fn, void *user, uint32_t flags)
{
	road_list *list = fixture_list(f, 0);

	CHECK_OK(road_list_callback(list, fn, user, flags));
	CHECK_OK(road_list_close(list));
	return list;
}

uint64_t step_thread_ns(struct fixture *f)
{
	uint64_t thread_ns = 0;

	if (f->info.simulated)
		CHECK_OK(road_sim_time(f->device, NULL, &thread_ns));
	return thread_ns;
}

uint64_t step_domain_ns(struct fixture *f)
{
	uint64_t domain_ns = 0;

	if (f->info.simulated)
		CHECK_OK(road_sim_time(f->device, &domain_ns, NULL));
	return domain_ns;
}
