/* SPDX-License-Identifier: Apache-2.0 */
/* What kernels of a space may use beside its buffers. */
#include <stdio.h>

#include "drivers/gpu/gpu.h"

static road_status set_stack(struct gpu_space *space, uint64_t bytes)
{
	char seen[32], allowed[32];

	if (bytes > GPU_STACK_MAX) {
		snprintf(seen, sizeof(seen), "%llu", (unsigned long long)bytes);
		snprintf(allowed, sizeof(allowed), "%d", GPU_STACK_MAX);
		return road_drv_error(ROAD_INVALID_ARGUMENT, "stack of a work-item is too large",
				      "road_space_limit_set: bytes", seen, allowed);
	}
	space->stack = ((uint32_t)bytes + GPU_STACK_GRANULE - 1) & ~(GPU_STACK_GRANULE - 1u);
	return ROAD_OK;
}

road_status gpu_limit(struct road_drv_space *drv, uint32_t limit, bool set, uint64_t *bytes)
{
	struct gpu_space *space = drv->data;
	road_status status = ROAD_OK;

	if (limit == ROAD_LIMIT_PRINT_BUFFER)
		return gpu_print_limit(space, set, bytes);
	if (limit != ROAD_LIMIT_STACK)
		return road_drv_error(ROAD_UNSUPPORTED, "this device has no such limit",
				      "road_space_limit: limit", NULL, NULL);
	if (set)
		status = set_stack(space, *bytes);
	*bytes = space->stack;
	return status;
}

uint32_t gpu_local_bytes(const struct gpu_space *space, const struct gpu_kernel *kernel)
{
	uint32_t stack = space ? space->stack : GPU_STACK_DEFAULT, all;

	if (!kernel->has_stack)
		return kernel->local_bytes;
	/* more than the chip has stays so: it refuses the launch */
	return __builtin_add_overflow(kernel->local_bytes, stack, &all) ? UINT32_MAX : all;
}
