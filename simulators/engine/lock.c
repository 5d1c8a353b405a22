/* SPDX-License-Identifier: Apache-2.0 */
#include "simulators/engine/lock.h"

#include <limits.h>
#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PAUSES = 100 };

static inline void pause_once(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

/* Tickets of one bit are woken together: with up to 32 threads, only the one whose turn it is. */
static uint32_t bit_of(uint32_t ticket)
{
	return 1u << ticket % 32;
}

static void sleep_until(struct sim_lock *lock, uint32_t ticket)
{
	uint32_t serving;

	atomic_fetch_add(&lock->sleepers, 1);
	while ((serving = atomic_load(&lock->serving)) != ticket)
		syscall(SYS_futex, &lock->serving, FUTEX_WAIT_BITSET_PRIVATE, serving, NULL, NULL,
			bit_of(ticket));
	atomic_fetch_sub(&lock->sleepers, 1);
}

void sim_lock(struct sim_lock *lock)
{
	uint32_t ticket = atomic_fetch_add(&lock->next, 1);

	for (int i = 0; i < PAUSES; i++) {
		if (atomic_load_explicit(&lock->serving, memory_order_acquire) == ticket)
			return;
		pause_once();
	}
	sleep_until(lock, ticket);
}

void sim_unlock(struct sim_lock *lock)
{
	/* Only the holder writes `serving`. Sleepers are counted before they look again. */
	uint32_t next = atomic_fetch_add(&lock->serving, 1) + 1;

	if (atomic_load(&lock->sleepers))
		syscall(SYS_futex, &lock->serving, FUTEX_WAKE_BITSET_PRIVATE, INT_MAX, NULL, NULL,
			bit_of(next));
}
