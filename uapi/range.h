/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Address spaces of simulated chips that have no pages: a table of ranges in host memory, which
 * the chip reads when it is told to, and then only.
 *
 * The table is sorted by va, ranges do not overlap, none touches the first ROAD_RANGE_UNMAPPED
 * bytes, va + bytes does not wrap. An access must lie within one range. Rights bind what kernels
 * do; ring entries, which the driver writes, reach all of a range.
 */
#ifndef UAPI_RANGE_H
#define UAPI_RANGE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct road_range {
	uint64_t va;
	uint64_t bytes;
	uint64_t pa;    /* offset in device memory, or bus address with SYSTEM */
	uint32_t flags; /* ROAD_RANGE_* */
	uint32_t reserved;
};
#define ROAD_RANGE_READ   0x1u
#define ROAD_RANGE_WRITE  0x2u
#define ROAD_RANGE_SYSTEM 0x4u /* host memory, reached over the bus */
#define ROAD_RANGE_SCRATCH \
	0x8u /* no memory: a window of the scratchpads at this va (RPU); pa is 0 */
#define ROAD_RANGE_UNMAPPED 0x10000u
#define ROAD_RANGES_MAX     65536u

#ifdef __cplusplus
}
#endif
#endif
