/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Launches that stand still while the SMs of their region work for another function. What is to
 * come of them comes later by as much time as they stood; clocks that a kernel reads stand, too.
 */
#include "simulators/gpu/model.h"

static void suspend(struct gpu_chip *chip, struct gpu_work *work)
{
	work->launch.suspended = true;
	work->launch.suspended_ps = sim_now(chip->env);
	work->launch.waits = work->event.slot;
	work->launch.due_ps = work->event.time_ps;
	sim_cancel(chip->env, &work->event);
	if (work->launch.running && chip->backend->suspend)
		chip->backend->suspend(work);
}

static void resume(struct gpu_chip *chip, struct gpu_work *work)
{
	const uint64_t stood_ps = sim_now(chip->env) - work->launch.suspended_ps;

	work->launch.suspended = false;
	work->launch.begin_ps += stood_ps;
	if (work->launch.running && chip->backend->resume)
		chip->backend->resume(work);
	if (work->launch.waits)
		sim_schedule(chip->env, &work->event, work->launch.due_ps + stood_ps);
}

static void each(struct gpu_chip *chip, uint32_t function, uint32_t region, bool suspended,
		 void (*act)(struct gpu_chip *chip, struct gpu_work *work))
{
	for (uint32_t i = 0; i < chip->params.queues; i++) {
		struct gpu_queue *queue = &chip->functions[function].queues[i];

		if (region_unit_of_queue(chip->unit, road_gpu_region_queue(queue)) != region)
			continue;
		for (struct gpu_work *work = queue->works; work; work = work->next)
			if (work->op->launch && work->launch.entered &&
			    work->launch.suspended == suspended)
				act(chip, work);
	}
}

void road_gpu_launches_suspend(struct gpu_chip *chip, uint32_t function, uint32_t region)
{
	each(chip, function, region, false, suspend);
}

void road_gpu_launches_resume(struct gpu_chip *chip, uint32_t function, uint32_t region)
{
	each(chip, function, region, true, resume);
}
