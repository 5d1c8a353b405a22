/* SPDX-License-Identifier: Apache-2.0 */
#include "simulators/engine/parallel.h"

#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "simulators/engine/domain.h"

/* Waking costs 2 to 80 us; phases of a launch follow each other faster than that. */
enum { SPINS = 2000 };

/*
 * A participant's part of a job: indices from `next` up to the end, in one word (end << 32 | next)
 * so that taking one is one step. Whoever took an index below the end has a claim on the job: it
 * is not over before all such are done. A helper that comes too late finds nothing, or part of the
 * next job, which it may as well do.
 */
struct share {
	_Atomic uint64_t claim;
	char pad[64 - sizeof(uint64_t)];
};

static struct {
	struct share shares[SIM_THREADS_MAX] __attribute__((aligned(64)));
	/* Of the job; read by those only who have a claim. */
	void (*fn)(void *arg, uint32_t index);
	void *arg;
	_Atomic uint32_t wanted; /* participants, the caller among them */
	_Atomic uint32_t left __attribute__((aligned(64))); /* indices not done */
	_Atomic uint32_t caller_sleeps;
	_Atomic uint32_t ticket __attribute__((aligned(64))); /* rises with each job */
	_Atomic uint32_t sleepers;
	_Atomic bool stop;
	bool running; /* written while no helper has a claim */
	uint32_t helpers;
	pthread_t thread[SIM_THREADS_MAX];
} pool;

static inline void pause_once(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

static void futex_wait(_Atomic uint32_t *word, uint32_t seen)
{
	syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
}

static void futex_wake(_Atomic uint32_t *word, uint32_t count)
{
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
}

static bool take(struct share *share, uint32_t *index)
{
	uint64_t seen = atomic_load_explicit(&share->claim, memory_order_relaxed);

	if ((uint32_t)seen >= seen >> 32)
		return false;
	seen = atomic_fetch_add(&share->claim, 1);
	*index = (uint32_t)seen;
	return (uint32_t)seen < seen >> 32;
}

/* One's own part first, so that what was near stays near; then what others have left. */
static void work(uint32_t self, uint32_t participants)
{
	uint32_t done = 0, index;

	for (uint32_t i = 0; i < participants; i++) {
		struct share *share = &pool.shares[(self + i) % participants];

		for (; take(share, &index); done++)
			pool.fn(pool.arg, index);
	}
	if (done && atomic_fetch_sub(&pool.left, done) == done && atomic_load(&pool.caller_sleeps))
		futex_wake(&pool.left, 1);
}

static void await_ticket(uint32_t seen)
{
	for (int i = 0; i < SPINS; i++) {
		if (atomic_load_explicit(&pool.ticket, memory_order_acquire) != seen)
			return;
		pause_once();
	}
	/* Counted before it looks again: whoever raises the ticket sees one of the two. */
	atomic_fetch_add(&pool.sleepers, 1);
	while (atomic_load(&pool.ticket) == seen)
		futex_wait(&pool.ticket, seen);
	atomic_fetch_sub(&pool.sleepers, 1);
}

static void *help(void *arg)
{
	uint32_t self = (uint32_t)(uintptr_t)arg, seen = 0;

	sim_fp_enter(); /* for good: nothing but models runs here */
	for (;;) {
		await_ticket(seen);
		seen = atomic_load(&pool.ticket);
		if (atomic_load(&pool.stop))
			return NULL;
		uint32_t participants = atomic_load(&pool.wanted);

		if (self < participants)
			work(self, participants);
	}
}

/* No signal of the program's is handled here. */
static void start_helpers(uint32_t count)
{
	sigset_t all, before;

	if (pool.helpers >= count)
		return;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (pool.helpers < count && !pthread_create(&pool.thread[pool.helpers], NULL, help,
						       (void *)(uintptr_t)(pool.helpers + 1)))
		pool.helpers++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void publish(uint32_t count, uint32_t participants)
{
	atomic_store(&pool.left, count);
	atomic_store(&pool.wanted, participants);
	for (uint32_t i = 0; i < participants; i++) {
		uint64_t from = (uint64_t)count * i / participants;
		uint64_t end = (uint64_t)count * (i + 1) / participants;

		atomic_store(&pool.shares[i].claim, end << 32 | from);
	}
	atomic_fetch_add(&pool.ticket, 1);
	if (atomic_load(&pool.sleepers))
		futex_wake(&pool.ticket, INT_MAX);
}

static void await_all(void)
{
	uint32_t left;

	for (int i = 0; i < SPINS; i++) {
		if (!atomic_load_explicit(&pool.left, memory_order_acquire))
			return;
		pause_once();
	}
	atomic_store(&pool.caller_sleeps, 1);
	while ((left = atomic_load(&pool.left)) != 0)
		futex_wait(&pool.left, left);
	atomic_store(&pool.caller_sleeps, 0);
}

void sim_pool_run(uint32_t threads, uint32_t count, void (*fn)(void *arg, uint32_t index),
		  void *arg)
{
	uint32_t participants = threads < count ? threads : count;

	if (participants > 1)
		start_helpers(participants - 1);
	if (participants > pool.helpers + 1)
		participants = pool.helpers + 1;
	if (participants < 2) {
		for (uint32_t i = 0; i < count; i++)
			fn(arg, i);
		return;
	}
	pool.fn = fn;
	pool.arg = arg;
	pool.running = true;
	publish(count, participants);
	work(0, participants);
	await_all();
	pool.running = false;
}

void sim_pool_stop(void)
{
	if (!pool.helpers)
		return;
	atomic_store(&pool.stop, true);
	atomic_fetch_add(&pool.ticket, 1);
	futex_wake(&pool.ticket, INT_MAX);
	while (pool.helpers)
		pthread_join(pool.thread[--pool.helpers], NULL);
	atomic_store(&pool.stop, false);
}

bool sim_pool_running(void)
{
	return pool.running;
}

uint32_t sim_pool_helpers(void)
{
	return pool.helpers;
}
