/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses that mean one thing in this process: reservations of its own address space. */
#include <inttypes.h>
#include <sys/mman.h>

#include <roadbed-driver/driver.h>

#include "uapi/gpu/isa.h"

#define PAGE UINT64_C(4096)

/* The most reservations that may fall into a window, one after the other, before we give up. */
enum { TRIES = 16 };

static uint64_t span_of(uint64_t bytes)
{
	return ((bytes + PAGE - 1) & ~(PAGE - 1)) + PAGE; /* a guard page behind */
}

/* Addresses that a GPGPU takes for shared or local memory can be nobody's global memory. */
static bool meets_window(uint64_t at, uint64_t span)
{
	static const uint64_t windows[] = {ROAD_GPU_SHARED_WINDOW, ROAD_GPU_LOCAL_WINDOW};

	for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++)
		if (at < windows[i] + ROAD_GPU_WINDOW_BYTES && windows[i] < at + span)
			return true;
	return at < ROAD_GPU_UNMAPPED;
}

/* 0: no address space left. */
static uint64_t reserve(uint64_t span, uint64_t alignment)
{
	uint64_t slack = alignment > PAGE ? alignment : 0;
	char *start = mmap(NULL, span + slack, PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	uint64_t at = (uint64_t)(uintptr_t)start;

	if (start == MAP_FAILED)
		return 0;
	if (slack) { /* give back what stands out on both sides */
		uint64_t aligned = (at + alignment - 1) & ~(alignment - 1);

		if (aligned > at)
			munmap(start, aligned - at);
		if (aligned + span < at + span + slack)
			munmap((char *)(uintptr_t)(aligned + span), at + slack - aligned);
		at = aligned;
	}
	return at;
}

road_status road_va_reserve(uint64_t bytes, uint64_t alignment, uint64_t *out)
{
	uint64_t span = span_of(bytes), kept[TRIES], at = 0;
	uint32_t tries = 0;

	if (!bytes || span < bytes || span + alignment < span)
		return road_drv_errorf(ROAD_INVALID_ARGUMENT, "road_va_reserve",
				       "cannot reserve %" PRIu64 " bytes", bytes);
	if (alignment & (alignment - 1))
		return road_drv_errorf(ROAD_INVALID_ARGUMENT, "road_va_reserve: alignment",
				       "alignment %" PRIu64 " is no power of two", alignment);
	/* What falls into a window is held until another place is found. */
	while (tries < TRIES && (at = reserve(span, alignment)) && meets_window(at, span)) {
		kept[tries++] = at;
		at = 0;
	}
	while (tries)
		munmap((void *)(uintptr_t)kept[--tries], span);
	if (!at)
		return road_drv_errorf(ROAD_OUT_OF_HOST_MEMORY, "road_va_reserve",
				       "no address space left for %" PRIu64 " bytes", bytes);
	*out = at;
	return ROAD_OK;
}

void road_va_release(uint64_t address, uint64_t bytes)
{
	munmap((void *)(uintptr_t)address, span_of(bytes));
}
