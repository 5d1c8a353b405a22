/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The GPGPU driver's PTX compiler: PTX text in, a module image (uapi/gpu/image.h) out.
 *
 * A pure function of its arguments: no globals, no files, no environment; any number of threads may
 * compile at once. The text may be hostile; whatever it says costs bounded time and memory.
 */
#ifndef DRIVERS_GPU_PTX_PTX_H
#define DRIVERS_GPU_PTX_PTX_H

#include <stddef.h>
#include <stdint.h>

#define ROAD_PTX_TEXT_MAX (UINT64_C(64) << 20) /* bytes of PTX accepted */

/* A digest of the compiler's sources and of what it shares with chips: differs wherever what it
 * makes of a text may differ. Written by meson (version.py). */
extern const char road_ptx_version[];

struct road_ptx_options {
	uint32_t max_regs; /* 32-bit registers per kernel, 0 = all that the chip has; forces spills
			    */
	uint32_t optimise; /* 0 = translate only, 1 = all passes */
	uint32_t in_order; /* 1 = but for scheduling */
};

struct road_ptx_error {
	uint32_t line, column; /* from 1; 0 where the error has no place in the text */
	char text[256];
};

/*
 * Compiles `bytes` bytes of PTX (no terminating zero needed; NULL options = defaults, optimised).
 *
 * 0: *image is malloc'ed, *image_bytes long, and the caller's to free. Kernels that use what the
 *    chip cannot run are in the image with ROAD_GPU_KERNEL_REFUSED, a reason and a source line.
 * -1: the text is malformed: *error says where and why, nothing is allocated.
 * -2: out of memory; nothing is allocated.
 */
int road_ptx_compile(const char *text, size_t bytes, const struct road_ptx_options *options,
		     void **image, size_t *image_bytes, struct road_ptx_error *error);

#endif
