/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/conformance/allocations.h"

#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__GLIBC__)
#define WATCHED 0
#else
#define WATCHED 1
#endif

static _Atomic uint64_t live;
static _Atomic uint64_t countdown; /* 0: none fails */
static _Atomic bool failed;

bool allocations_watched(void)
{
	return WATCHED;
}

uint64_t allocations_live(void)
{
	return atomic_load(&live);
}

void allocations_fail_at(uint64_t nth)
{
	atomic_store(&failed, false);
	atomic_store(&countdown, nth);
}

bool allocations_have_failed(void)
{
	return atomic_load(&failed);
}

#if WATCHED
/* glibc's own, under the names that it keeps for those who put theirs in front. */
extern void *__libc_malloc(size_t bytes);
extern void *__libc_calloc(size_t count, size_t bytes);
extern void *__libc_realloc(void *memory, size_t bytes);
extern void *__libc_memalign(size_t alignment, size_t bytes);
extern void __libc_free(void *memory);

static bool fails(void)
{
	uint64_t left = atomic_load(&countdown);

	while (left && !atomic_compare_exchange_weak(&countdown, &left, left - 1))
		;
	if (left != 1)
		return false;
	atomic_store(&failed, true);
	errno = ENOMEM;
	return true;
}

static void *counted(void *memory)
{
	if (memory)
		atomic_fetch_add(&live, 1);
	return memory;
}

#define IN_FRONT __attribute__((visibility("default")))

IN_FRONT void *malloc(size_t bytes)
{
	return fails() ? NULL : counted(__libc_malloc(bytes));
}

IN_FRONT void *calloc(size_t count, size_t bytes)
{
	return fails() ? NULL : counted(__libc_calloc(count, bytes));
}

IN_FRONT void *realloc(void *memory, size_t bytes)
{
	if (fails())
		return NULL;
	void *moved = __libc_realloc(memory, bytes);

	if (!memory)
		return counted(moved);
	if (!bytes && !moved) /* freed, as glibc does */
		atomic_fetch_sub(&live, 1);
	return moved;
}

IN_FRONT void *memalign(size_t alignment, size_t bytes)
{
	return fails() ? NULL : counted(__libc_memalign(alignment, bytes));
}

IN_FRONT void *aligned_alloc(size_t alignment, size_t bytes)
{
	return memalign(alignment, bytes);
}

IN_FRONT int posix_memalign(void **out, size_t alignment, size_t bytes)
{
	void *memory = memalign(alignment, bytes);

	if (!memory)
		return ENOMEM;
	*out = memory;
	return 0;
}

IN_FRONT void free(void *memory)
{
	if (memory)
		atomic_fetch_sub(&live, 1);
	__libc_free(memory);
}
#endif
