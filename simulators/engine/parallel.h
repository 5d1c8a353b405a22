/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine's helpers: threads that share the work of the one that runs the engine, when a model
 * asks for it (sim_parallel() in model.h). They come with the first job that asks for them, spin
 * shortly for the next one, then sleep, and go when the last chip that may use them closes.
 * All calls under the engine's lock; helpers never take it.
 */
#ifndef SIMULATORS_ENGINE_PARALLEL_H
#define SIMULATORS_ENGINE_PARALLEL_H

#include <stdbool.h>
#include <stdint.h>

#define SIM_THREADS_MAX 64u

/* fn(arg, index) for each index below `count`, on up to `threads` threads with this one among
 * them; returns when all are done. Whoever cannot have a thread does with fewer. */
void sim_pool_run(uint32_t threads, uint32_t count, void (*fn)(void *arg, uint32_t index),
		  void *arg);
/* Ends all helpers; the next job may start them again. */
void sim_pool_stop(void);
bool sim_pool_running(void);     /* a job: inside its calls, on whatever thread */
uint32_t sim_pool_helpers(void); /* that there are */

#endif
