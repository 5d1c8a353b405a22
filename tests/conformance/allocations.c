/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/conformance/allocations.h"

#include <errno.h>
#include <link.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__GLIBC__)
#define WATCHED 0
#else
#define WATCHED 1
#endif

static _Atomic uint64_t live;
static _Atomic uint64_t countdown; /* 0: none fails */
static _Atomic bool failed;

/* A library's code and data. */
struct range {
	const char *name;
	uintptr_t begin, end;
};

static struct range spared, spared_growth;

static int find_library(struct dl_phdr_info *info, size_t bytes, void *arg)
{
	struct range *out = arg;

	(void)bytes;
	if (!strstr(info->dlpi_name, out->name))
		return 0;
	out->begin = UINTPTR_MAX;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		uintptr_t begin = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
		uintptr_t end = begin + info->dlpi_phdr[i].p_memsz;

		if (info->dlpi_phdr[i].p_type != PT_LOAD)
			continue;
		out->begin = begin < out->begin ? begin : out->begin;
		out->end = end > out->end ? end : out->end;
	}
	return 1;
}

static void find(const char *library, struct range *out)
{
	*out = (struct range){.name = library};
	if (library)
		dl_iterate_phdr(find_library, out);
}

void allocations_spare(const char *library)
{
	find(library, &spared);
}

void allocations_spare_growth(const char *library)
{
	find(library, &spared_growth);
}

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

static bool holds(const struct range *range, const void *caller)
{
	return (uintptr_t)caller >= range->begin && (uintptr_t)caller < range->end;
}

/* caller: where the allocation is asked for. */
static bool fails(const void *caller)
{
	uint64_t left = atomic_load(&countdown);

	if (left && holds(&spared, caller))
		return false;
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
	return fails(__builtin_return_address(0)) ? NULL : counted(__libc_malloc(bytes));
}

IN_FRONT void *calloc(size_t count, size_t bytes)
{
	return fails(__builtin_return_address(0)) ? NULL : counted(__libc_calloc(count, bytes));
}

IN_FRONT void *realloc(void *memory, size_t bytes)
{
	const void *caller = __builtin_return_address(0);

	if (!(memory && holds(&spared_growth, caller)) && fails(caller))
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
	return fails(__builtin_return_address(0)) ? NULL
						  : counted(__libc_memalign(alignment, bytes));
}

IN_FRONT void *aligned_alloc(size_t alignment, size_t bytes)
{
	return fails(__builtin_return_address(0)) ? NULL
						  : counted(__libc_memalign(alignment, bytes));
}

IN_FRONT int posix_memalign(void **out, size_t alignment, size_t bytes)
{
	void *memory = fails(__builtin_return_address(0))
			       ? NULL
			       : counted(__libc_memalign(alignment, bytes));

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
