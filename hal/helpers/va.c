/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses that mean one thing in this process: reservations of its own address space. */
#include <inttypes.h>
#include <sys/mman.h>

#include <roadbed-driver/driver.h>

#define PAGE UINT64_C(4096)

static uint64_t span_of(uint64_t bytes)
{
	return ((bytes + PAGE - 1) & ~(PAGE - 1)) + PAGE; /* a guard page behind */
}

road_status road_va_reserve(uint64_t bytes, uint64_t alignment, uint64_t *out)
{
	uint64_t span = span_of(bytes), slack = alignment > PAGE ? alignment : 0;

	if (!bytes || span < bytes || span + slack < span)
		return road_drv_errorf(ROAD_INVALID_ARGUMENT, "road_va_reserve",
				       "cannot reserve %" PRIu64 " bytes", bytes);
	char *start = mmap(NULL, span + slack, PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (start == MAP_FAILED)
		return road_drv_errorf(ROAD_OUT_OF_HOST_MEMORY, "road_va_reserve",
				       "no address space left for %" PRIu64 " bytes", bytes);
	uint64_t at = (uint64_t)(uintptr_t)start;

	if (slack) { /* give back what stands out on both sides */
		uint64_t aligned = (at + alignment - 1) & ~(alignment - 1);

		if (aligned > at)
			munmap(start, aligned - at);
		if (aligned + span < at + span + slack)
			munmap((char *)(uintptr_t)(aligned + span), at + slack - aligned);
		at = aligned;
	}
	*out = at;
	return ROAD_OK;
}

void road_va_release(uint64_t address, uint64_t bytes)
{
	munmap((void *)(uintptr_t)address, span_of(bytes));
}
