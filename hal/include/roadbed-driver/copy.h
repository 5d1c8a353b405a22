/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The copy helper: a copy of a box (rows, slices, any pitches) as packets of a chip whose copy
 * engine moves rows with a pitch of 32 bits, slices deep.
 */
#ifndef ROADBED_DRIVER_COPY_H
#define ROADBED_DRIVER_COPY_H

#include <roadbed-driver/driver.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * What one packet does (`rows` rows and `slices` slices, `slice_rows` rows from slice to slice on
 * both sides), and how often: outer times middle packets. Packet i (from 0) adds
 * (i / middle) * step + (i % middle) * middle_step to each side. Bytes throughout.
 */
struct road_copy_plan {
	uint64_t bytes;
	uint32_t rows, slices;         /* 1: no such dimension */
	uint32_t slice_rows;           /* 0 unless slices > 1 */
	uint32_t dst_pitch, src_pitch; /* 0 unless rows > 1 or slices > 1 */
	uint64_t outer, dst_step, src_step;
	uint64_t middle, dst_middle, src_middle;
};
/* Pure in its input, which the core checked (at least 1 byte, row and slice; pitches that do not
 * wrap); any thread; cannot fail. */
ROAD_API void road_copy_plan_make(const struct road_cmd_copy *copy, struct road_copy_plan *out);

static inline uint64_t road_copy_packets(const struct road_copy_plan *plan)
{
	return plan->outer * plan->middle;
}

/* Where packet `index` begins, relative to the copy's destination and source. */
static inline uint64_t road_copy_dst(const struct road_copy_plan *plan, uint64_t index)
{
	return index / plan->middle * plan->dst_step + index % plan->middle * plan->dst_middle;
}

static inline uint64_t road_copy_src(const struct road_copy_plan *plan, uint64_t index)
{
	return index / plan->middle * plan->src_step + index % plan->middle * plan->src_middle;
}

#ifdef __cplusplus
}
#endif
#endif
