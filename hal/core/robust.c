/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/core/robust.h"

#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum keeper_state { KEEPER_NONE, KEEPER_STARTS, KEEPER_LIVES, KEEPER_FAILED };

/* The thread whose end the kernel notices. A process may be killed between any two stores here: so
 * the list is whole after each of them. An entry in it whose word is not the thread's is passed
 * over. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t started;
	enum keeper_state state;
	uint32_t thread; /* its number, as the kernel compares it */
	uint32_t words;
	struct robust_list_head head;
} keeper = {.lock = PTHREAD_MUTEX_INITIALIZER, .started = PTHREAD_COND_INITIALIZER};

static size_t page_bytes(void)
{
	return getauxval(AT_PAGESZ);
}

/* ---- the thread ---- */

static void *keep(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&keeper.lock);
	/* In place of the C library's own list: no robust mutex is locked here. */
	const long refused =
		syscall(SYS_set_robust_list, &keeper.head, sizeof(struct robust_list_head));

	keeper.thread = (uint32_t)syscall(SYS_gettid);
	keeper.state = refused ? KEEPER_FAILED : KEEPER_LIVES;
	pthread_cond_broadcast(&keeper.started);
	pthread_mutex_unlock(&keeper.lock);
	while (!refused)
		(void)poll(NULL, 0, -1);
	return NULL;
}

/* Under the lock. Signals are the program's: none is taken there. */
static void start(void)
{
	sigset_t all, before;
	pthread_t thread;

	keeper.head.list.next = &keeper.head.list;
	keeper.head.futex_offset = (long)page_bytes();
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (!pthread_create(&thread, NULL, keep, NULL)) /* else the next one tries again */
		keeper.state = KEEPER_STARTS;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (keeper.state == KEEPER_STARTS)
		pthread_detach(thread);
}

/* Under the lock. */
static bool lives(void)
{
	if (keeper.state == KEEPER_NONE)
		start();
	while (keeper.state == KEEPER_STARTS)
		pthread_cond_wait(&keeper.started, &keeper.lock);
	return keeper.state == KEEPER_LIVES;
}

/* ---- the list ---- */

static void store(struct robust_list **at, struct robust_list *entry)
{
	__atomic_store_n(at, entry, __ATOMIC_RELEASE);
}

static struct robust_list *entry_of(_Atomic uint32_t *word)
{
	return (struct robust_list *)(void *)((char *)word - page_bytes());
}

static void insert(struct robust_list *entry)
{
	store(&entry->next, keeper.head.list.next);
	store(&keeper.head.list.next, entry);
	keeper.words++;
}

static void take_out(const struct robust_list *entry)
{
	struct robust_list *at = &keeper.head.list;

	while (at->next != entry)
		at = at->next;
	store(&at->next, entry->next);
	keeper.words--;
}

/* ---- words ---- */

void *road_robust_map(int fd)
{
	const size_t page = page_bytes();
	char *front =
		mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (front == MAP_FAILED)
		return NULL;
	if (mmap(front + page, page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) ==
	    MAP_FAILED) {
		munmap(front, 2 * page);
		return NULL;
	}
	madvise(front, 2 * page, MADV_DONTFORK);
	return front + page;
}

void road_robust_unmap(void *memory)
{
	const size_t page = page_bytes();

	munmap((char *)memory - page, 2 * page);
}

bool road_robust_claim(_Atomic uint32_t *word)
{
	uint32_t expected = 0;

	pthread_mutex_lock(&keeper.lock);
	bool claimed = keeper.words < ROAD_ROBUST_WORDS && lives();

	if (claimed) {
		/* Linked first: from the very moment that it is claimed the kernel knows. */
		insert(entry_of(word));
		claimed = atomic_compare_exchange_strong(word, &expected, keeper.thread);
		if (!claimed)
			take_out(entry_of(word));
	}
	pthread_mutex_unlock(&keeper.lock);
	return claimed;
}

void road_robust_release(_Atomic uint32_t *word)
{
	pthread_mutex_lock(&keeper.lock);
	atomic_store(word, 0);
	take_out(entry_of(word));
	pthread_mutex_unlock(&keeper.lock);
}

bool road_robust_orphaned(uint32_t word)
{
	return word & FUTEX_OWNER_DIED;
}
