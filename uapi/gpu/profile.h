/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Partition profiles of the Roadbed GPGPU: the payload of its configuration images
 * (uapi/region.h, kind ROAD_CONFIG_PROFILE). A profile says how the SMs of a region are set up for
 * the launches that it is active for. Its units are slices: equal numbers of SMs; the root has
 * those SMs, too, that no whole slice is left for. A region without image has all that its SMs
 * have.
 *
 * Profiles claim nothing and relocate nothing.
 */
#ifndef UAPI_GPU_PROFILE_H
#define UAPI_GPU_PROFILE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Of all Roadbed GPGPUs: the id of what takes these images. */
#define ROAD_GPU_PROFILE_FABRIC  UINT64_C(0x3150504752424452)
#define ROAD_GPU_PROFILE_VERSION 1u

struct road_gpu_profile {
	uint16_t version; /* ROAD_GPU_PROFILE_VERSION */
	uint16_t flags;   /* ROAD_GPU_PROFILE_* */
	/* Of an SM, for the workgroups of one launch; a launch whose workgroup needs more faults
	 * (RESOURCES), others have fewer workgroups at a time. 0: all that there is. */
	uint32_t shared_bytes; /* carve-out of shared memory */
	uint32_t warps;        /* 1 at the least */
	uint32_t blocks;
	uint32_t reserved[4]; /* 0 */
};
/* One launch of the region at a time; the next one waits. */
#define ROAD_GPU_PROFILE_EXCLUSIVE 0x1u

#ifdef __cplusplus
}
#endif
#endif
