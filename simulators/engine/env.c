/* SPDX-License-Identifier: Apache-2.0 */
/* The services that a model gets. All run under the engine's lock. */
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "simulators/engine/domain.h"
#include "simulators/engine/parallel.h"

/* The host's side of a translation counts on one caller at a time. */
static pthread_mutex_t translating = PTHREAD_MUTEX_INITIALIZER;

uint64_t sim_now(const struct sim_env *env)
{
	(void)env;
	return atomic_load_explicit(&sim_domain.now_ps, memory_order_relaxed);
}

void sim_schedule(struct sim_env *env, struct sim_event *event, uint64_t time_ps)
{
	uint64_t now = sim_now(env);

	event->env = env;
	if (!sim_heap_put(&sim_domain.heap, event, time_ps > now ? time_ps : now))
		sim_violation(env, 0, "no memory for an event: simulation is incomplete");
}

void sim_cancel(struct sim_env *env, struct sim_event *event)
{
	(void)env;
	if (event->slot)
		sim_heap_remove(&sim_domain.heap, event);
}

/* A function that a client holds and that was not unplugged; NULL: it is none. */
static struct sim_function *live(struct sim_env *env, uint32_t function)
{
	if (function >= env->function_count || !env->functions[function].open ||
	    env->functions[function].gone)
		return NULL;
	return &env->functions[function];
}

void *sim_dma_window(struct sim_env *env, uint32_t function, uint64_t iova, size_t bytes,
		     bool write)
{
	bool shared = sim_pool_running();
	const struct sim_function *of = live(env, function);
	void *window;

	if (!of)
		return NULL;
	if (write)
		sim_domain.host_written = true;
	if (shared)
		pthread_mutex_lock(&translating);
	window = of->host.translate(of->host.host, iova, bytes, write);
	if (shared)
		pthread_mutex_unlock(&translating);
	return window;
}

bool sim_dma_read(struct sim_env *env, uint32_t function, uint64_t iova, void *out, size_t bytes)
{
	const void *from = sim_dma_window(env, function, iova, bytes, false);

	if (!from)
		return false;
	if (!sim_width_valid((uint32_t)bytes) || bytes > 8 || (uintptr_t)from % bytes) {
		memcpy(out, from, bytes);
		return true;
	}
	uint64_t word = 0; /* memcpy out of it: `out` may be aligned to nothing */

	switch (bytes) {
	case 8: word = __atomic_load_n((const uint64_t *)from, __ATOMIC_ACQUIRE); break;
	case 4: word = __atomic_load_n((const uint32_t *)from, __ATOMIC_ACQUIRE); break;
	case 2: word = __atomic_load_n((const uint16_t *)from, __ATOMIC_ACQUIRE); break;
	default: word = __atomic_load_n((const uint8_t *)from, __ATOMIC_ACQUIRE);
	}
	memcpy(out, &word, bytes);
	return true;
}

bool sim_dma_write(struct sim_env *env, uint32_t function, uint64_t iova, const void *in,
		   size_t bytes)
{
	void *to = sim_dma_window(env, function, iova, bytes, true);

	if (!to)
		return false;
	if (!sim_width_valid((uint32_t)bytes) || bytes > 8 || (uintptr_t)to % bytes) {
		memcpy(to, in, bytes);
		return true;
	}
	uint64_t word = 0;

	memcpy(&word, in, bytes);
	switch (bytes) {
	case 8: __atomic_store_n((uint64_t *)to, word, __ATOMIC_RELEASE); break;
	case 4: __atomic_store_n((uint32_t *)to, (uint32_t)word, __ATOMIC_RELEASE); break;
	case 2: __atomic_store_n((uint16_t *)to, (uint16_t)word, __ATOMIC_RELEASE); break;
	default: __atomic_store_n((uint8_t *)to, (uint8_t)word, __ATOMIC_RELEASE);
	}
	return true;
}

void sim_irq_raise(struct sim_env *env, uint32_t function, uint32_t vector)
{
	uint64_t bit = UINT64_C(1) << (vector & 63);
	struct sim_function *to = live(env, function);

	if (!to)
		return;
	sim_domain.irq_raised = true;
	if (!(atomic_fetch_or(&to->irq_pending, bit) & bit))
		atomic_fetch_add(&sim_domain.irqs, 1);
}

void sim_host_looks(struct sim_env *env)
{
	(void)env;
	sim_domain.irq_raised = true;
}

uint64_t sim_resource_take(struct sim_resource *resource, uint64_t from_ps, uint64_t duration_ps)
{
	uint64_t start = from_ps > resource->busy_until_ps ? from_ps : resource->busy_until_ps;

	resource->busy_until_ps = start + duration_ps;
	resource->busy_ps += duration_ps;
	resource->uses++;
	return resource->busy_until_ps;
}

static uint64_t rotate(uint64_t x, int by)
{
	return x << by | x >> (64 - by);
}

/* xoshiro256** by Blackman and Vigna (public domain algorithm). */
uint64_t sim_random(struct sim_env *env)
{
	uint64_t *s = env->random, result = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotate(s[3], 45);
	return result;
}

void sim_violation(struct sim_env *env, uint32_t function, const char *format, ...)
{
	struct sim_function *by = &env->functions[function < env->function_count ? function : 0];
	va_list args;

	if (by->violation_count < SIM_VIOLATIONS_KEPT) {
		va_start(args, format);
		vsnprintf(by->violations[by->violation_count], SIM_VIOLATION_BYTES, format, args);
		va_end(args);
	}
	by->violation_count++;
}

void sim_approximate(struct sim_env *env, const char *name, uint64_t count)
{
	for (int i = 0; i < SIM_APPROXIMATIONS; i++) {
		struct sim_approximation *a = &env->approximations[i];

		if (!a->name) /* the last place holds all for which there was none */
			a->name = i < SIM_APPROXIMATIONS - 1 ? name : "others";
		if (i == SIM_APPROXIMATIONS - 1 || !strcmp(a->name, name)) {
			a->count += count;
			return;
		}
	}
}

void sim_trace_span(struct sim_env *env, const char *lane, const char *name, uint64_t from_ps,
		    uint64_t to_ps)
{
	if (env->fidelity == SIM_TRACE)
		sim_trace_add(&env->trace, lane, name, from_ps, to_ps);
}

void sim_trace_arrow(struct sim_env *env, const char *lane, const char *to_lane, const char *name,
		     uint64_t from_ps, uint64_t to_ps)
{
	if (env->fidelity == SIM_TRACE)
		sim_trace_add_arrow(&env->trace, lane, to_lane, name, from_ps, to_ps);
}

void sim_parallel(struct sim_env *env, uint32_t count, void (*fn)(void *arg, uint32_t index),
		  void *arg)
{
	sim_pool_run(env->threads, count, fn, arg);
}

void sim_watch_begin(struct sim_env *env)
{
	env->watching++;
	sim_domain.watching++;
}

void sim_watch_end(struct sim_env *env)
{
	env->watching--;
	sim_domain.watching--;
}
