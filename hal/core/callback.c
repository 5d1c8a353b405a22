/* SPDX-License-Identifier: Apache-2.0 */
/* The thread of an instance that runs host callbacks; started at the first one. */
#include "hal/core/core.h"

_Thread_local bool road_in_callback;

static struct road_callback_job *next_job(struct road_instance *instance)
{
	pthread_mutex_lock(&instance->callback_lock);
	while (!instance->callback_first && !instance->callback_stop)
		pthread_cond_wait(&instance->callback_wake, &instance->callback_lock);
	struct road_callback_job *job = instance->callback_first;

	if (job)
		instance->callback_first = job->next;
	pthread_mutex_unlock(&instance->callback_lock);
	return job;
}

static void *run(void *arg)
{
	struct road_instance *instance = arg;
	struct road_callback_job *job;

	road_in_callback = true;
	while ((job = next_job(instance))) {
		uint64_t now = road_progress_now();

		if (*road_thread_time() < now)
			*road_thread_time() = now;
		if (road_queue_callback_due(job->queue))
			job->fn(job->user);
		road_queue_callback_done(job->queue);
		road_agent_end();
		road_baton_poke();
	}
	road_object_drop(&instance->object);
	return NULL;
}

void road_callback_post(struct road_instance *instance, struct road_callback_job *job)
{
	road_agent_begin();
	pthread_mutex_lock(&instance->callback_lock);
	job->next = NULL;
	if (instance->callback_first)
		instance->callback_last->next = job;
	else
		instance->callback_first = job;
	instance->callback_last = job;
	pthread_cond_signal(&instance->callback_wake);
	pthread_mutex_unlock(&instance->callback_lock);
}

/* Before a list with a callback is recorded, so that submitting cannot fail for want of a thread.
 */
road_status road_callback_start(struct road_instance *instance)
{
	road_status status = ROAD_OK;

	pthread_mutex_lock(&instance->callback_lock);
	if (!instance->callback_running) {
		/* The thread may itself give back the last reference to the instance. */
		road_object_hold(&instance->object);
		if (pthread_create(&instance->callback_thread, NULL, run, instance)) {
			status = road_fail(ROAD_OUT_OF_HOST_MEMORY, "cannot start a thread",
					   "road_list_callback", "", "");
			road_object_drop(&instance->object);
		} else {
			instance->callback_running = true;
		}
	}
	pthread_mutex_unlock(&instance->callback_lock);
	return status;
}

void road_callback_stop(struct road_instance *instance)
{
	if (!instance->callback_running)
		return;
	pthread_mutex_lock(&instance->callback_lock);
	instance->callback_stop = true;
	pthread_cond_signal(&instance->callback_wake);
	pthread_mutex_unlock(&instance->callback_lock);
	if (pthread_equal(pthread_self(), instance->callback_thread))
		pthread_detach(instance->callback_thread);
	else
		pthread_join(instance->callback_thread, NULL);
}
