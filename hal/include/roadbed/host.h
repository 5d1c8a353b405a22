/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernels for `host:`, the device that is this machine's processor.
 *
 * A kernel is a C function that is called once per workgroup and loops over its work-items. A
 * program registers a table of them with road_host_register and loads it by name:
 * road_image_load(space, "name", strlen("name"), …); or it loads the bytes of a path to a shared
 * object (an absolute path text starting with '/') that exports `road_host_kernels`.
 */
#ifndef ROADBED_HOST_H
#define ROADBED_HOST_H

#include <roadbed/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a kernel sees of its launch. Valid during the call. */
typedef struct road_host_group {
	uint32_t size;
	uint32_t reserved;
	road_dim3 grid;  /* workgroups */
	road_dim3 block; /* work-items of a workgroup */
	road_dim3 group; /* this workgroup */
	uint32_t shared_bytes;
	/* shared_bytes, 64-byte aligned, contents undefined at the start; NULL if there are none.
	 */
	void *shared;
} road_host_group;

/* Runs one workgroup. arguments: the packed block, by the kernel's layout. Returns 0, or not 0 to
 * fault the launch. Workgroups run in linear order, x first, one after the other, on a thread that
 * waits or queries, with the default floating-point environment. There is no watchdog: a kernel
 * that does not return blocks that thread. */
typedef int (*road_host_kernel_fn)(const road_host_group *group, const void *arguments);

typedef struct road_host_kernel {
	const char *name;
	road_host_kernel_fn run;
	uint32_t argument_count;
	uint32_t shared_bytes; /* static shared memory, added to the launch's */
	/* Size of each; each is aligned to its size (rounded up to a power of two), at most to 16.
	 * At most 65536 bytes in all. */
	const uint32_t *argument_bytes;
} road_host_kernel;

typedef struct road_host_module {
	uint32_t size;
	uint32_t kernel_count;
	const road_host_kernel *kernels;
} road_host_module;

/* What a shared object of kernels exports: `const road_host_module road_host_kernels`. */
#define ROAD_HOST_MODULE_SYMBOL "road_host_kernels"

/* Makes a table known under a name for the life of the process; it must stay valid.
 * ROAD_BUSY if the name is taken by another table. */
ROAD_API road_status road_host_register(const char *name, const road_host_module *module);

#ifdef __cplusplus
}
#endif
#endif
