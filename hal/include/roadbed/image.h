/* SPDX-License-Identifier: Apache-2.0 */
/* Images and kernels: code for a device. */
#ifndef ROADBED_IMAGE_H
#define ROADBED_IMAGE_H

#include <roadbed/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How text is compiled; what is code already is loaded as it is. */
#define ROAD_IMAGE_PLAIN    0x1u /* each instruction as it is written, nothing optimised */
#define ROAD_IMAGE_IN_ORDER 0x2u /* optimised, but nothing is moved within a block */

typedef struct road_image_options {
	uint32_t size;
	uint32_t flags; /* ROAD_IMAGE_* */
	char *log;      /* compiler's words, always terminated; may be NULL */
	uint64_t log_bytes;
	uint32_t max_registers; /* per work-item, 0 = the compiler's choice */
	uint32_t reserved;
} road_image_options;

/*
 * Loads code into the space: for the GPGPU PTX text, for `host:` a shared object or the name of a
 * registered table (<roadbed/host.h>). bytes are copied. ROAD_IMAGE_INVALID with line and column
 * in the detail and the log; ROAD_IMAGE_INCOMPATIBLE; ROAD_OUT_OF_DEVICE_MEMORY. options may be
 * NULL.
 */
ROAD_API road_status road_image_load(road_space *space, const void *bytes, size_t byte_count,
				     const road_image_options *options, road_image **out);
ROAD_API road_status road_image_retain(road_image *image);
/* Unloaded when the last reference is gone and no kernel of it runs. */
ROAD_API void road_image_release(road_image *image);

/* A kernel by name; keeps the image alive. ROAD_NOT_FOUND; ROAD_UNSUPPORTED if the module holds it
 * but it uses what the device lacks: the detail names the operation and its line. */
ROAD_API road_status road_image_kernel(road_image *image, const char *name, road_kernel **out);
/* The name of kernel `index`, from 0; ROAD_NOT_FOUND ends the list. Lives as long as the image. */
ROAD_API road_status road_image_kernel_name(road_image *image, uint32_t index, const char **out);
/* A module variable: device address and size. */
ROAD_API road_status road_image_symbol(road_image *image, const char *name, uint64_t *address,
				       uint64_t *bytes);
ROAD_API road_status road_kernel_retain(road_kernel *kernel);
ROAD_API void road_kernel_release(road_kernel *kernel);

typedef struct road_kernel_info {
	uint32_t size;
	uint32_t registers; /* per work-item, 0 = does not apply */
	char name[128];
	uint32_t shared_bytes; /* static */
	uint32_t local_bytes;  /* per work-item, spills included */
	uint32_t spill_bytes;
	uint32_t threads_max;    /* of a workgroup */
	uint32_t argument_bytes; /* of the packed block */
	uint32_t argument_count;
} road_kernel_info;
ROAD_API road_status road_kernel_info_get(road_kernel *kernel, road_kernel_info *out);

typedef struct road_argument_info {
	uint32_t size;
	uint32_t offset, bytes, alignment; /* in the packed block */
} road_argument_info;
/* index from 0; ROAD_NOT_FOUND ends the list. */
ROAD_API road_status road_kernel_argument(road_kernel *kernel, uint32_t index,
					  road_argument_info *out);

/* What can be set of a kernel. */
enum road_kernel_attribute {
	ROAD_KERNEL_SHARED_MAX, /* most dynamic shared memory that a launch may ask for, in bytes */
	ROAD_KERNEL_ATTRIBUTES
};
/*
 * Holds for launches that are recorded afterwards, through whatever handle; what was recorded
 * before stays. ROAD_INVALID_ARGUMENT: unknown attribute, or more than the device can give (the
 * detail says how much). ROAD_UNSUPPORTED: this device's kernels have no such attribute.
 */
ROAD_API road_status road_kernel_set(road_kernel *kernel, uint32_t attribute, uint64_t value);

typedef struct road_occupancy {
	uint32_t size;
	uint32_t blocks_per_unit; /* workgroups resident on one compute unit */
	uint32_t warps_per_unit;
	uint32_t warps_max;
	char limit[24]; /* what bounds it: "registers", "shared memory", … */
} road_occupancy;
/* For workgroups of `block` work-items with this much dynamic shared memory. */
ROAD_API road_status road_kernel_occupancy(road_kernel *kernel, uint32_t block,
					   uint32_t shared_bytes, road_occupancy *out);

#ifdef __cplusplus
}
#endif
#endif
