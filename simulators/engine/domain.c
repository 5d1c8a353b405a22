/* SPDX-License-Identifier: Apache-2.0 */
#include "simulators/engine/domain.h"

#include <stdlib.h>

enum { POKE_ROUNDS = 64 };

struct sim_domain sim_domain;

/* A posted write that waits for its time. */
struct sim_post_event {
	struct sim_event event;
	struct sim_post post;
	struct sim_post_event *next;
};

static void apply_post(const struct sim_post *post)
{
	struct sim_env *env = post->function->env;

	if (sim_width_valid(post->width))
		env->ops->reg_write(env->model, post->function->index, post->region, post->offset,
				    post->width, post->value);
	else
		sim_violation(env, post->function->index, "write of %u bytes at 0x%llx",
			      post->width, (unsigned long long)post->offset);
	sim_domain.host_written = true; /* a doorbell: parked packets look again */
}

static void run_post(void *arg)
{
	struct sim_post_event *own = arg;
	struct sim_post post = own->post;

	own->next = sim_domain.free_posts;
	sim_domain.free_posts = own;
	apply_post(&post);
}

static struct sim_post_event *new_post(void)
{
	struct sim_post_event *own = sim_domain.free_posts;

	if (own)
		sim_domain.free_posts = own->next;
	else
		own = calloc(1, sizeof(*own));
	return own;
}

/*
 * Posted writes of one function take effect in the order in which they were posted, as on a real
 * bus, even if the thread of a later one is behind in virtual time: the order of arrival is what
 * the program's own locks made of it.
 */
static uint64_t time_of_post(const struct sim_post *post)
{
	const struct sim_function *function = post->function;

	return sim_max(sim_max(post->stamp_ps, sim_now(function->env)), function->last_post_ps);
}

static void queue_post(const struct sim_post *post)
{
	struct sim_function *function = post->function;
	uint64_t time = time_of_post(post);
	struct sim_post_event *own;

	if (function->gone)
		return;
	own = new_post();
	if (own) {
		own->post = *post;
		own->event = (struct sim_event){.run = run_post, .arg = own, .env = function->env};
		if (sim_heap_put(&sim_domain.heap, &own->event, time)) {
			function->last_post_ps = time;
			return;
		}
		free(own);
	}
	sim_violation(function->env, function->index,
		      "no memory for a register write: simulation is incomplete");
}

/*
 * Takes all that was posted before the call. A producer that took its place in the inbox and has
 * not filled it yet hides what others posted behind it, the caller's own writes among them: a read
 * that did not wait for it would overtake them. It takes no lock between the two
 * steps and they are a few instructions apart, so this spins until it goes on.
 */
void sim_domain_drain(void)
{
	uint64_t end = atomic_load(&sim_domain.inbox.tail);
	struct sim_post post;

	if (atomic_load(&sim_domain.inbox.head) == end)
		return;
	/* Work does not vanish from sight between the two. */
	atomic_store_explicit(&sim_domain.foreground, 1, memory_order_relaxed);
	do
		while (sim_inbox_take(&sim_domain.inbox, &post))
			queue_post(&post);
	while (atomic_load(&sim_domain.inbox.head) < end);
	sim_domain_publish();
}

/* What a packet waits for may be written by one that waited: a chain over all chips. */
static void poke_waiting(void)
{
	for (int round = 0; sim_domain.host_written && round < POKE_ROUNDS; round++) {
		sim_domain.host_written = false;
		if (sim_domain.watching)
			sim_domain_poke();
	}
}

static void run_at(uint64_t time_ps, void (*run)(void *), void *arg)
{
	atomic_store_explicit(&sim_domain.now_ps, time_ps, memory_order_relaxed);
	run(arg);
	poke_waiting();
}

static void run_apply(void *post)
{
	apply_post(post);
}

bool sim_domain_step_post(uint64_t until_ps)
{
	const struct sim_event *first = sim_heap_first(&sim_domain.heap);
	struct sim_post post;

	if (!sim_inbox_single(&sim_domain.inbox))
		return false;
	atomic_store_explicit(&sim_domain.foreground, 1, memory_order_relaxed); /* see drain */
	if (!sim_inbox_take(&sim_domain.inbox, &post))
		return false;
	uint64_t time = time_of_post(&post);

	if (post.function->gone || time > until_ps || (first && first->time_ps <= time)) {
		queue_post(&post);
		return false;
	}
	post.function->last_post_ps = time;
	run_at(time, run_apply, &post);
	return true;
}

bool sim_domain_step(uint64_t until_ps, bool idle)
{
	struct sim_event *event = sim_heap_first(&sim_domain.heap);

	if (!event || event->time_ps > until_ps || (!sim_domain.heap.foreground && !idle))
		return false;
	sim_heap_remove(&sim_domain.heap, event);
	run_at(event->time_ps, event->run, event->arg);
	return true;
}

void sim_domain_run(uint64_t when)
{
	sim_domain_drain();
	while (sim_domain_step(when, true))
		if (!sim_inbox_empty(&sim_domain.inbox))
			sim_domain_drain();
	sim_domain.irq_raised = false;
	if (when > atomic_load(&sim_domain.now_ps))
		atomic_store(&sim_domain.now_ps, when);
}

static bool is_post_of(const struct sim_event *event, const struct sim_function *function)
{
	return event->run == run_post &&
	       ((const struct sim_post_event *)event->arg)->post.function == function;
}

/* Removes what matches; a model's own events are its own memory, posts are the engine's. */
static void forget(const struct sim_env *env, const struct sim_function *posts_of)
{
	sim_domain_drain();
	for (uint32_t i = 0; i < sim_domain.heap.count;) {
		struct sim_event *event = sim_domain.heap.slots[i];

		if (posts_of ? !is_post_of(event, posts_of) : event->env != env) {
			i++;
			continue;
		}
		sim_heap_remove(&sim_domain.heap, event);
		if (event->run == run_post)
			free(event->arg);
		i = 0; /* the heap has moved */
	}
	sim_domain_publish();
}

void sim_domain_forget(const struct sim_env *env)
{
	forget(env, NULL);
}

void sim_domain_forget_posts(const struct sim_function *function)
{
	forget(NULL, function);
}

void sim_domain_poke(void)
{
	for (struct sim_env *env = sim_domain.envs; env; env = env->next)
		if (env->watching && env->ops->poke)
			env->ops->poke(env->model);
	sim_domain_publish();
}

/* Round to nearest, no flush to zero, no traps: what IEEE 754 calls the default. */
struct sim_fp sim_fp_enter(void)
{
	struct sim_fp saved = {0};

#if defined(__x86_64__)
	saved.control = __builtin_ia32_stmxcsr();
	if ((saved.control & 0xffc0) != 0x1f80)
		__builtin_ia32_ldmxcsr(0x1f80);
	static const uint16_t x87_default = 0x37f;

	__asm__ volatile("fnstcw %0" : "=m"(saved.x87));
	if (saved.x87 != x87_default)
		__asm__ volatile("fldcw %0" : : "m"(x87_default));
#elif defined(__aarch64__)
	__asm__ volatile("mrs %0, fpcr" : "=r"(saved.control));
	if (saved.control)
		__asm__ volatile("msr fpcr, %0" : : "r"(UINT64_C(0)));
#endif
	return saved;
}

void sim_fp_leave(struct sim_fp saved)
{
#if defined(__x86_64__)
	if (__builtin_ia32_stmxcsr() != (unsigned)saved.control)
		__builtin_ia32_ldmxcsr((unsigned)saved.control);
	if (saved.x87 != 0x37f)
		__asm__ volatile("fldcw %0" : : "m"(saved.x87));
#elif defined(__aarch64__)
	__asm__ volatile("msr fpcr, %0" : : "r"(saved.control));
#endif
}

struct sim_fp sim_enter(void)
{
	sim_lock(&sim_domain.lock);
	return sim_fp_enter();
}

void sim_leave(struct sim_fp saved)
{
	sim_domain_publish();
	sim_fp_leave(saved);
	sim_unlock(&sim_domain.lock);
}
