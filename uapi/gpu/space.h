/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of an address space: struct road_gpu_segment (uapi/gpu/regs.h), which is struct
 * road_range (uapi/range.h) to the byte; what else a table may not touch stands there.
 */
#ifndef UAPI_GPU_SPACE_H
#define UAPI_GPU_SPACE_H

#ifdef __cplusplus
extern "C" {
#endif

#define ROAD_GPU_SEGMENTS_MAX (1u << 20)

#ifdef __cplusplus
}
#endif
#endif
