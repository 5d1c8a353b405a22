/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernels that are built in; modules name them. All arguments are 8 bytes wide. However large
 * the grid, the whole of a launch is one call. Memory that the device does not reach is noticed
 * before it is touched.
 */
#include "tests/fakert/fake.h"

#include <string.h>

/* The memory, or NULL. */
static void *reach(const struct launch *launch, uint64_t address, uint64_t count, uint64_t width)
{
	void *at = (void *)(uintptr_t)address;

	if (address % width || count > SIZE_MAX / width)
		return NULL;
	pthread_mutex_lock(&fake.lock);
	bool reached = fake_block(at, count * width, launch->device);

	pthread_mutex_unlock(&fake.lock);
	return reached ? at : NULL;
}

static int iota(const struct launch *launch)
{
	const uint64_t *a = launch->arguments, count = a[1];
	uint32_t *out = reach(launch, a[0], count, 4);

	if (!out)
		return frtErrorIllegalAddress;
	for (uint64_t i = 0; i < count; i++)
		out[i] = (uint32_t)(a[2] + i);
	return frtSuccess;
}

static int add(const struct launch *launch)
{
	const uint64_t *a = launch->arguments, count = a[3];
	uint32_t *out = reach(launch, a[0], count, 4);
	const uint32_t *left = reach(launch, a[1], count, 4),
		       *right = reach(launch, a[2], count, 4);

	if (!out || !left || !right)
		return frtErrorIllegalAddress;
	for (uint64_t i = 0; i < count; i++)
		out[i] = left[i] + right[i];
	return frtSuccess;
}

static int poke(const struct launch *launch)
{
	uint64_t *at = reach(launch, launch->arguments[0], 1, 8);

	if (!at)
		return frtErrorIllegalAddress;
	__atomic_store_n(at, launch->arguments[1], __ATOMIC_RELEASE);
	return frtSuccess;
}

static int peek(const struct launch *launch)
{
	uint64_t *out = reach(launch, launch->arguments[0], 1, 8);
	const uint64_t *at = reach(launch, launch->arguments[1], 1, 8);

	if (!out || !at)
		return frtErrorIllegalAddress;
	__atomic_store_n(out, __atomic_load_n(at, __ATOMIC_ACQUIRE), __ATOMIC_RELEASE);
	return frtSuccess;
}

static int atomic(const struct launch *launch)
{
	uint64_t *counter = reach(launch, launch->arguments[0], 1, 8);

	if (!counter)
		return frtErrorIllegalAddress;
	for (uint64_t i = 0; i < launch->arguments[1]; i++)
		__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
	return frtSuccess;
}

static int ticket(const struct launch *launch)
{
	uint64_t count = launch->arguments[2], *out = reach(launch, launch->arguments[0], count, 8);
	uint64_t *counter = reach(launch, launch->arguments[1], 1, 8);

	if (!out || !counter)
		return frtErrorIllegalAddress;
	for (uint64_t i = 0; i < count; i++)
		out[i] = __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
	return frtSuccess;
}

static int illegal(const struct launch *launch)
{
	(void)launch;
	return frtErrorIllegalInstruction;
}

static int trap(const struct launch *launch)
{
	(void)launch;
	return frtErrorAssert;
}

static const struct builtin builtins[] = {
	{"iota", 3, iota},     {"add", 4, add},       {"poke", 2, poke},       {"peek", 2, peek},
	{"atomic", 2, atomic}, {"ticket", 3, ticket}, {"illegal", 0, illegal}, {"trap", 0, trap},
};

const struct builtin *fake_builtin(const char *name, size_t bytes)
{
	for (size_t i = 0; i < sizeof(builtins) / sizeof(builtins[0]); i++)
		if (strlen(builtins[i].name) == bytes && !memcmp(builtins[i].name, name, bytes))
			return &builtins[i];
	return NULL;
}
