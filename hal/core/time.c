/* SPDX-License-Identifier: Apache-2.0 */
/* The host's clock, for deadlines of the caller only. Nothing that decides data reads it. */
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <time.h>

#include "hal/core/core.h"

static _Thread_local uint64_t thread_time_ps;

uint64_t *road_thread_time(void)
{
	return &thread_time_ps;
}

uint64_t road_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t road_host_now_ns(void)
{
	return road_now_ns();
}

/* ROADBED_TIMEOUT_SCALE in thousandths, read once; 1000 if unset, malformed, below 1 or AT_SECURE.
 */
static uint64_t timeout_scale(void)
{
	static _Atomic uint64_t cached;
	uint64_t scale = atomic_load_explicit(&cached, memory_order_relaxed);

	if (scale)
		return scale;
	scale = 1000;
	const char *text = getauxval(AT_SECURE) ? NULL : getenv("ROADBED_TIMEOUT_SCALE");
	char *end = NULL;
	double value = text ? strtod(text, &end) : 1;

	if (text && end != text && !*end && value >= 1 && value <= 1e6)
		scale = (uint64_t)(value * 1000);
	atomic_store_explicit(&cached, scale, memory_order_relaxed);
	return scale;
}

uint64_t road_deadline_after(uint64_t nanoseconds)
{
	unsigned __int128 at = (unsigned __int128)nanoseconds * timeout_scale() / 1000;

	at += road_now_ns();
	return at >= ROAD_FOREVER ? ROAD_FOREVER - 1 : (uint64_t)at;
}

uint32_t road_version(void)
{
	return ROAD_VERSION_MAJOR << 16 | ROAD_VERSION_MINOR << 8 | ROAD_VERSION_PATCH;
}
