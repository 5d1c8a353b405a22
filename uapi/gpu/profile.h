/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Partition profiles of the Roadbed GPGPU: the payload of its configuration images
 * (uapi/region.h, kind ROAD_CONFIG_PROFILE). A profile says how the SMs of a region are set up for
 * the launches that it is active for. A region without image has all that its SMs have.
 *
 * The units of regions are slices. What a region has of the chip goes by how many it has:
 *
 *	of the chip                          a slice has      the root has, beside the slices
 *	SMs                                  SMs / slices     those that no whole slice is left for
 *	slices of the second level, each     L2 slices /      likewise
 *	with its channel of device memory      slices
 *	bytes of device memory               memory / slices, what its children leave
 *	                                       or as the layout says
 *
 * Quotients are rounded down. A region's accesses go through its own slices of the second level and
 * its own channels, wherever in device memory the bytes lie; so does what its queues copy. Nothing
 * that runs in a region slows down what runs in another one, but for the command processor and the
 * bus to the host. How many bytes a region may have of device memory is for the driver's side to
 * keep; the chip only says it (uapi/region.h, MEMORY64). A slice of the second level that becomes
 * another region's is empty then.
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
	uint32_t warps;        /* ROAD_GPU_PROFILE_WARPS_MIN at the least: 0 means nothing here */
	uint32_t blocks;
	uint32_t reserved[4]; /* 0 */
};
/* A workgroup has one at the least. Not 0 for all, like the others, so that zeroed bytes are no
 * profile. */
#define ROAD_GPU_PROFILE_WARPS_MIN 1u
/* One launch of the region at a time; the next one waits. */
#define ROAD_GPU_PROFILE_EXCLUSIVE 0x1u

#ifdef __cplusplus
}
#endif
#endif
