/* SPDX-License-Identifier: Apache-2.0 */
/* A shared object of kernels for `host:`, as test_command.py runs it. */
#include <roadbed/host.h>

#include <stdint.h>

struct saxpy {
	const float *x;
	float *y;
	float a;
	uint32_t count;
};

static int saxpy(const road_host_group *group, const void *arguments)
{
	const struct saxpy *p = arguments;
	uint32_t first = group->group.x * group->block.x;

	for (uint32_t i = first; i < first + group->block.x; i++)
		if (i < p->count)
			p->y[i] += p->a * p->x[i];
	return 0;
}

static int fails(const road_host_group *group, const void *arguments)
{
	(void)group;
	(void)arguments;
	return 1;
}

static const uint32_t saxpy_bytes[] = {8, 8, 4, 4};
static const road_host_kernel kernels[] = {
	{"saxpy", saxpy, 4, 0, saxpy_bytes},
	{"fails", fails, 0, 0, NULL},
};

ROAD_API extern const road_host_module road_host_kernels;
const road_host_module road_host_kernels = {
	.size = sizeof(road_host_kernels), .kernel_count = 2, .kernels = kernels};
