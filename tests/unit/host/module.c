/* SPDX-License-Identifier: Apache-2.0 */
/* A shared object of kernels, as a program would build one. */
#include <roadbed/host.h>

static int add(const road_host_group *group, const void *arguments)
{
	const struct {
		uint32_t *out;
		uint32_t value;
	} *a = arguments;

	for (uint32_t i = 0; i < group->block.x; i++)
		a->out[group->group.x * group->block.x + i] += a->value;
	return 0;
}

static const uint32_t sizes[] = {8, 4};
static const road_host_kernel kernels[] = {{"add", add, 2, 0, sizes}};

ROAD_API const road_host_module road_host_kernels = {sizeof(road_host_kernels), 1, kernels};
