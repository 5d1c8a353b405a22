/* SPDX-License-Identifier: Apache-2.0 */
/*
 * External agents, and the pump: a thread that runs the simulation while nobody waits, because
 * something outside (an exported descriptor, a program that spins on a written word) expects it.
 * Where there are real devices it is also the thread that their interrupts wake (interrupts.h). It
 * starts at the first such agent and lives as long as the process.
 */
#include "hal/core/interrupts.h"

static _Atomic uint32_t agents_seen, agents_alive;

static struct {
	pthread_mutex_t lock;
	bool running;
	_Atomic bool called; /* something new to watch came while it looked */
	pthread_t thread;
	struct road_sleeper sleeper;
} pump = {.lock = PTHREAD_MUTEX_INITIALIZER, .sleeper = {.word = 1, .background = true}};

void road_agent_begin(void)
{
	atomic_fetch_add(&agents_seen, 1);
	atomic_fetch_add(&agents_alive, 1);
}

void road_agent_end(void)
{
	atomic_fetch_sub(&agents_alive, 1);
}

uint32_t road_agent_seen(void)
{
	return atomic_load(&agents_seen);
}

bool road_agent_alive(void)
{
	return atomic_load(&agents_alive) != 0;
}

static void *run(void *arg)
{
	struct road_sleeper *sleeper = &pump.sleeper;
	bool watching = false;

	(void)arg;
	road_sleeper_list(sleeper);
	for (;;) {
		/* Taken before it looks: a call that comes later is found below. */
		bool called = atomic_exchange(&pump.called, false);

		if (road_baton_take(sleeper)) {
			struct road_progress progress = road_progress_slice(UINT64_MAX);

			watching = progress.watching;
			road_baton_release(sleeper);
			if (progress.ran || progress.more)
				continue;
		} else if (called) {
			watching = true; /* somebody else runs: it has still to look itself */
		}
		road_progress_check_lost();
		road_interrupts_join(sleeper); /* awake it is woken by nobody */
		atomic_store(&sleeper->word, 0);
		if (atomic_load(&pump.called) || (road_progress_pending() && road_baton_free())) {
			atomic_store(&sleeper->word, 1);
			continue;
		}
		road_sleeper_sleep(sleeper,
				   watching ? road_now_ns() + ROAD_WATCH_NS : ROAD_FOREVER);
		if (watching && road_progress_domain_get())
			road_progress_domain_get()->poke();
	}
	return NULL;
}

/* There is something new to watch, which no thread may be waiting for. */
void road_pump_wake(void)
{
	atomic_store(&pump.called, true); /* awake it would forget a mere wake */
	road_sleeper_wake(&pump.sleeper);
}

road_status road_pump_start(void)
{
	road_status status = ROAD_OK;

	pthread_mutex_lock(&pump.lock);
	if (!pump.running) {
		road_agent_begin(); /* for good */
		if (pthread_create(&pump.thread, NULL, run, NULL))
			status = road_fail(ROAD_OUT_OF_HOST_MEMORY, "cannot start the pump thread",
					   "road_pump_start", "", "");
		else
			pthread_detach(pump.thread);
		pump.running = status == ROAD_OK;
	}
	pthread_mutex_unlock(&pump.lock);
	return status;
}
