/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/oracle/gpu/cpu/threads.h"

#include <stdlib.h>
#include <ucontext.h>

#define STACK_BYTES (64u << 10)
#define THREADS_MAX 1024
#define LANES       32u

enum state { READY, AT_BARRIER, IN_WARP, ENDED };

struct fibre {
	ucontext_t context;
	struct cpu_dim thread;
	enum state state;
	uint32_t given; /* to the warp */
};

struct cpu_place cpu_here;

static struct {
	struct fibre *fibres;
	uint8_t *stacks;
	unsigned count, current;
	ucontext_t scheduler;
	void (*kernel)(void **);
	void **arguments;
} group;

static void enter(void)
{
	group.kernel(group.arguments);
	group.fibres[group.current].state = ENDED;
	swapcontext(&group.fibres[group.current].context, &group.scheduler);
}

static void wait_in(enum state state)
{
	struct fibre *fibre = &group.fibres[group.current];

	fibre->state = state;
	swapcontext(&fibre->context, &group.scheduler);
}

void cpu_barrier(void)
{
	wait_in(AT_BARRIER);
}

static uint32_t from_lane(uint32_t value, unsigned lane)
{
	unsigned self = group.current, first = self / LANES * LANES;

	group.fibres[self].given = value;
	wait_in(IN_WARP);
	uint32_t taken = lane < LANES && first + lane < group.count
				 ? group.fibres[first + lane].given
				 : value;

	wait_in(IN_WARP); /* nobody gives anew before all have taken */
	return taken;
}

uint32_t cpu_shuffle_xor(uint32_t value, unsigned bits)
{
	return from_lane(value, group.current % LANES ^ bits);
}

uint32_t cpu_shuffle_down(uint32_t value, unsigned by)
{
	return from_lane(value, group.current % LANES + by);
}

static void start(unsigned k, struct cpu_dim n)
{
	struct fibre *fibre = &group.fibres[k];

	getcontext(&fibre->context);
	fibre->context.uc_stack.ss_sp = group.stacks + (size_t)k * STACK_BYTES;
	fibre->context.uc_stack.ss_size = STACK_BYTES;
	fibre->context.uc_link = NULL;
	makecontext(&fibre->context, enter, 0);
	fibre->thread = (struct cpu_dim){k % n.x, k / n.x % n.y, k / n.x / n.y};
	fibre->state = READY;
}

/* Lets go whoever waits with all others of [first, end) that have not ended. */
static void release(unsigned first, unsigned end, enum state state)
{
	for (unsigned k = first; k < end; k++)
		if (group.fibres[k].state != state && group.fibres[k].state != ENDED)
			return;
	for (unsigned k = first; k < end; k++)
		if (group.fibres[k].state == state)
			group.fibres[k].state = READY;
}

static void run_group(void)
{
	for (unsigned left = group.count; left;) {
		left = 0;
		for (group.current = 0; group.current < group.count; group.current++) {
			struct fibre *fibre = &group.fibres[group.current];

			if (fibre->state == READY) {
				cpu_here.thread = fibre->thread;
				swapcontext(&group.scheduler, &fibre->context);
			}
			left += fibre->state != ENDED;
		}
		release(0, group.count, AT_BARRIER);
		for (unsigned first = 0; first < group.count; first += LANES)
			release(first, first + LANES < group.count ? first + LANES : group.count,
				IN_WARP);
	}
}

void cpu_launch(void (*kernel)(void **), struct cpu_dim blocks, struct cpu_dim threads,
		void **arguments)
{
	struct cpu_dim b;

	group.count = threads.x * threads.y * threads.z;
	group.fibres = calloc(group.count, sizeof(*group.fibres));
	group.stacks = malloc((size_t)group.count * STACK_BYTES);
	group.kernel = kernel;
	group.arguments = arguments;
	if (!group.fibres || !group.stacks)
		abort();
	cpu_here.threads = threads;
	cpu_here.blocks = blocks;
	for (b.z = 0; b.z < blocks.z; b.z++)
		for (b.y = 0; b.y < blocks.y; b.y++)
			for (b.x = 0; b.x < blocks.x; b.x++) {
				cpu_here.block = b;
				for (unsigned k = 0; k < group.count; k++)
					start(k, threads);
				run_group();
			}
	free(group.fibres);
	free(group.stacks);
}
