/* SPDX-License-Identifier: Apache-2.0 */
/* The suite's kernels for `host:`. What would end the process or never return is left out. */
#include <roadbed/host.h>
#include <string.h>

/* The share of a workgroup: its work-items are the elements first, first + 1, … of each round. */
struct share {
	uint64_t first, items, all;
};

static uint64_t product(road_dim3 d)
{
	return (uint64_t)d.x * d.y * d.z;
}

static struct share share_of(const road_host_group *g)
{
	uint64_t group =
		g->group.x + (uint64_t)g->grid.x * (g->group.y + (uint64_t)g->grid.y * g->group.z);
	uint64_t items = product(g->block);

	return (struct share){group * items, items, items * product(g->grid)};
}

#define FOR_SHARE(i, s, count)                                              \
	for (uint64_t round = (s).first; round < (count); round += (s).all) \
		for (uint64_t i = round; i < (count) && i < round + (s).items; i++)

static void *memory(uint64_t address)
{
	return (void *)(uintptr_t)address;
}

static int iota(const road_host_group *g, const void *arguments)
{
	const struct {
		uint64_t out, count, start;
	} *a = arguments;
	struct share s = share_of(g);
	uint32_t *out = memory(a->out);

	FOR_SHARE(i, s, a->count)
	out[i] = (uint32_t)(a->start + i);
	return 0;
}

static int add(const road_host_group *g, const void *arguments)
{
	const struct {
		uint64_t out, a, b, count;
	} *a = arguments;
	struct share s = share_of(g);
	const uint32_t *left = memory(a->a), *right = memory(a->b);
	uint32_t *out = memory(a->out);

	FOR_SHARE(i, s, a->count)
	out[i] = left[i] + right[i];
	return 0;
}

static int is_first(const road_host_group *g)
{
	return !g->group.x && !g->group.y && !g->group.z;
}

static int poke(const road_host_group *g, const void *arguments)
{
	const struct {
		uint64_t address, value;
	} *a = arguments;

	if (is_first(g))
		memcpy(memory(a->address), &a->value, 8);
	return 0;
}

static int peek(const road_host_group *g, const void *arguments)
{
	const struct {
		uint64_t out, address;
	} *a = arguments;

	if (is_first(g))
		memcpy(memory(a->out), memory(a->address), 8);
	return 0;
}

static int atomic(const road_host_group *g, const void *arguments)
{
	const struct {
		uint64_t counter, count;
	} *a = arguments;
	struct share s = share_of(g);

	FOR_SHARE(i, s, a->count)
	__atomic_fetch_add((uint64_t *)memory(a->counter), 1, __ATOMIC_RELAXED);
	return 0;
}

static int ticket(const road_host_group *g, const void *arguments)
{
	const struct {
		uint64_t out, counter, count;
	} *a = arguments;
	struct share s = share_of(g);
	uint64_t *out = memory(a->out);

	FOR_SHARE(i, s, a->count)
	out[i] = __atomic_fetch_add((uint64_t *)memory(a->counter), 1, __ATOMIC_RELAXED);
	return 0;
}

static int trap(const road_host_group *g, const void *arguments)
{
	(void)g;
	(void)arguments;
	return 1;
}

static const uint32_t words[] = {8, 8, 8, 8};

#define KERNEL(f, count)                                                               \
	{                                                                              \
		.name = #f, .run = f, .argument_count = count, .argument_bytes = words \
	}

static const road_host_kernel kernels[] = {
	KERNEL(iota, 3),   KERNEL(add, 4),    KERNEL(poke, 2), KERNEL(peek, 2),
	KERNEL(atomic, 2), KERNEL(ticket, 3), KERNEL(trap, 0),
};

extern const road_host_module road_host_kernels;
ROAD_API const road_host_module road_host_kernels = {sizeof(road_host_module),
						     sizeof(kernels) / sizeof(kernels[0]), kernels};
