/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The baton: who runs the simulation, and how the others sleep.
 *
 * One thread holds it at a time. Who cannot have it sleeps on a futex of its own,
 * or, once there are real devices, on a descriptor and theirs (interrupts.h). Whoever leaves
 * wakes one sleeper if work remains; one that was chosen and leaves instead passes the choice on
 * (road_baton_poke). A sleeper marks itself asleep, looks again, and only then sleeps.
 */
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "hal/core/interrupts.h"

static struct {
	pthread_mutex_t lock;
	_Atomic bool held;
	_Atomic uint32_t listed;
	struct road_sleeper list;
} baton = {.lock = PTHREAD_MUTEX_INITIALIZER, .list = {.next = &baton.list, .prev = &baton.list}};

static void futex_wake(_Atomic uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

void road_sleeper_wake(struct road_sleeper *sleeper)
{
	if (atomic_exchange(&sleeper->word, 1))
		return;
	struct road_waker *waker = atomic_load(&sleeper->waker);

	if (waker)
		road_interrupts_wake(waker);
	else
		futex_wake(&sleeper->word);
}

bool road_sleeper_sleep(struct road_sleeper *sleeper, uint64_t deadline_ns)
{
	if (atomic_load(&sleeper->waker))
		return road_interrupts_sleep(sleeper, deadline_ns);
	struct timespec at = {.tv_sec = (time_t)(deadline_ns / 1000000000u),
			      .tv_nsec = (long)(deadline_ns % 1000000000u)};

	while (!atomic_load(&sleeper->word)) {
		long result = syscall(SYS_futex, &sleeper->word, FUTEX_WAIT_BITSET_PRIVATE, 0,
				      deadline_ns == ROAD_FOREVER ? NULL : &at, NULL,
				      FUTEX_BITSET_MATCH_ANY);

		if (result < 0 && errno == ETIMEDOUT) {
			atomic_store(&sleeper->word, 1);
			return false;
		}
	}
	return true;
}

void road_sleeper_list(struct road_sleeper *sleeper)
{
	pthread_mutex_lock(&baton.lock);
	sleeper->next = &baton.list;
	sleeper->prev = baton.list.prev;
	sleeper->prev->next = sleeper->next->prev = sleeper;
	atomic_fetch_add(&baton.listed, 1);
	pthread_mutex_unlock(&baton.lock);
}

void road_sleeper_unlist(struct road_sleeper *sleeper)
{
	pthread_mutex_lock(&baton.lock);
	sleeper->next->prev = sleeper->prev;
	sleeper->prev->next = sleeper->next;
	atomic_fetch_sub(&baton.listed, 1);
	pthread_mutex_unlock(&baton.lock);
}

/* Under the lock: wakes the one who sleeps longest; the pump only if there is nobody else. */
static void choose(void)
{
	struct road_sleeper *background = NULL;

	for (struct road_sleeper *s = baton.list.next; s != &baton.list; s = s->next) {
		if (atomic_load(&s->word))
			continue;
		if (!s->background) {
			road_sleeper_wake(s);
			return;
		}
		background = s;
	}
	if (background)
		road_sleeper_wake(background);
}

/* If there is work that nobody runs. */
static void wake_one(void)
{
	if (atomic_load(&baton.held) || !road_progress_pending())
		return;
	pthread_mutex_lock(&baton.lock);
	if (!atomic_load(&baton.held))
		choose();
	pthread_mutex_unlock(&baton.lock);
}

bool road_baton_take(struct road_sleeper *self)
{
	bool expected = false;

	(void)self;
	return atomic_compare_exchange_strong(&baton.held, &expected, true);
}

void road_baton_release(struct road_sleeper *self)
{
	(void)self;
	atomic_store(&baton.held, false); /* before it looks for sleepers: see road_baton_poke */
	if (atomic_load(&baton.listed))
		wake_one();
}

/*
 * What was posted is to be seen before it is looked whether anybody is listed, as a sleeper is
 * listed before it looks whether anything was posted. So this is a read that writes.
 */
void road_baton_poke(void)
{
	if (atomic_fetch_add(&baton.listed, 0))
		wake_one();
}
bool road_baton_free(void)
{
	return !atomic_load(&baton.held);
}
