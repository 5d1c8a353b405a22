/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interrupts of real devices, as descriptors: who has nothing to run sleeps on those of all devices
 * at once, so that an interrupt needs no other thread on its way to who awaits it; and the pump
 * sleeps there, for when nobody waits. It is the process's interrupt thread, from the first device
 * with descriptors on.
 *
 *	device --eventfd--> level set: waiters        (as long as it is not taken)
 *	                `-> edge set:  the pump       (once each)
 *
 * Both only note that something is due. Whoever holds the baton takes the interrupts and calls the
 * drivers, as it does for simulated devices.
 */
#ifndef HAL_CORE_INTERRUPTS_H
#define HAL_CORE_INTERRUPTS_H

#include "hal/core/core.h"

/* Binds a descriptor to each interrupt of the device's bus. A bus without descriptors is fine. No
 * lock held. */
road_status road_interrupts_open(struct road_device *device);
/* Takes them back; nothing of the device's bus is called afterwards. */
void road_interrupts_close(struct road_device *device);
/* Some may have come that nobody noted. */
void road_interrupts_look(void);

/* Has something come since it was asked last? By the baton's holder. */
bool road_interrupts_due(void);
/* The same without taking note; no lock. */
bool road_interrupts_pending(void);

/* Is there a device with descriptors? No lock. */
bool road_interrupts_any(void);

/* Before a sleeper is listed, or linked to an event: from now on it sleeps on the devices, too. */
void road_interrupts_join(struct road_sleeper *sleeper);
/* After nobody can wake it any more. */
void road_interrupts_leave(struct road_sleeper *sleeper);
/* As road_sleeper_sleep, for one that has joined. */
bool road_interrupts_sleep(struct road_sleeper *sleeper, uint64_t deadline_ns);
/* As road_sleeper_wake, likewise. */
void road_interrupts_wake(struct road_waker *waker);

#endif
