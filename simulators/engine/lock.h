/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine's lock: first come, first served, so that a thread that runs slice after slice does
 * not starve one that wants to read a register. Waiters pause some hundred times, then sleep.
 */
#ifndef SIMULATORS_ENGINE_LOCK_H
#define SIMULATORS_ENGINE_LOCK_H

#include <stdatomic.h>
#include <stdint.h>

struct sim_lock {
	_Atomic uint32_t next;    /* ticket to be given out */
	_Atomic uint32_t serving; /* ticket that holds the lock */
	_Atomic uint32_t sleepers;
};

void sim_lock(struct sim_lock *lock);
void sim_unlock(struct sim_lock *lock);

#endif
