/* SPDX-License-Identifier: Apache-2.0 */
/* The domain: the process's one virtual clock, its events, its lock. Inside the engine only. */
#ifndef SIMULATORS_ENGINE_DOMAIN_H
#define SIMULATORS_ENGINE_DOMAIN_H

#include "simulators/chips/chip.h"
#include "simulators/engine/entry.h"
#include "simulators/engine/heap.h"
#include "simulators/engine/inbox.h"
#include "simulators/engine/lock.h"
#include "simulators/engine/trace.h"

enum { SIM_VIOLATIONS_KEPT = 64, SIM_VIOLATION_BYTES = 160, SIM_APPROXIMATIONS = 32 };

struct sim_function {
	struct sim_env *env;
	uint32_t index;
	bool gone;             /* unplugged: reaches nothing, and nothing reaches it */
	uint64_t last_post_ps; /* posted writes of a function stay in order */
};

struct sim_approximation {
	const char *name;
	uint64_t count;
};

/* One opened chip. */
struct sim_env {
	struct sim_env *next;
	struct sim_function function; /* one client a chip, so far */
	const struct sim_model_ops *ops;
	void *model;
	struct road_chip *chip;
	const char *path; /* of its file; "": built in */
	enum sim_fidelity fidelity;
	struct sim_host host;
	uint64_t random[4];
	_Atomic uint64_t irq_pending; /* bits of vectors */
	uint32_t watching;            /* packets that wait for words in host memory */
	uint64_t violation_count;
	char violations[SIM_VIOLATIONS_KEPT][SIM_VIOLATION_BYTES];
	struct sim_approximation approximations[SIM_APPROXIMATIONS];
	void *memory;
	uint64_t memory_bytes;
	int memory_fd;
	struct sim_trace trace;
	uint64_t seed;
	uint32_t threads; /* that may simulate it, at most */
};

struct sim_domain {
	struct sim_lock lock;
	_Atomic uint64_t now_ps;
	struct sim_heap heap;
	struct sim_inbox inbox;
	struct sim_env *envs;
	_Atomic uint32_t foreground; /* copy of heap.foreground, readable without the lock */
	_Atomic uint32_t irqs;       /* pending vectors of all chips */
	uint32_t watching;
	bool irq_raised;   /* or sim_host_looks, by the event that runs: the slice ends */
	bool host_written; /* a model wrote host memory that a packet may wait for */
	struct sim_post_event *free_posts;
};

extern struct sim_domain sim_domain;

static inline uint64_t sim_max(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static inline bool sim_width_valid(uint32_t width)
{
	return width == 1 || width == 2 || width == 4 || width == 8;
}

/* All of these under the lock. */
/* Tells those without the lock whether there is something to run. Whoever hands over the baton or
 * the lock after it orders this store. */
static inline void sim_domain_publish(void)
{
	atomic_store_explicit(&sim_domain.foreground, sim_domain.heap.foreground,
			      memory_order_release);
}
void sim_domain_drain(void); /* inbox to events */
/* The one posted write of the inbox, if it is due by `until_ps` and nothing comes before it: at
 * once, without becoming an event. */
bool sim_domain_step_post(uint64_t until_ps);
/* One event; false: none is due. `idle`: background events too when nothing else is queued. */
bool sim_domain_step(uint64_t until_ps, bool idle);
/* Runs what is due until `when`, and lets the clock stand there. */
void sim_domain_run(uint64_t when);
void sim_domain_forget(const struct sim_env *env); /* events and posts of a chip that closes */
/* Posted writes of a function that is reset. */
void sim_domain_forget_posts(const struct sim_function *function);
void sim_domain_poke(void);

/* The caller's floating-point state is set aside while models run. */
struct sim_fp {
	uint64_t control;
	uint16_t x87; /* for long double, and what fegetround() tells */
};
struct sim_fp sim_fp_enter(void);
void sim_fp_leave(struct sim_fp saved);

#endif
