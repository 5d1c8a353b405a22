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

/* What one client holds of a chip. */
struct sim_function {
	struct sim_env *env;
	uint32_t index;
	bool open;             /* a client holds it */
	bool gone;             /* unplugged: reaches nothing, and nothing reaches it */
	uint64_t last_post_ps; /* posted writes of a function stay in order */
	struct sim_host host;
	_Atomic uint64_t irq_pending; /* bits of vectors */
	uint64_t violation_count;
	char violations[SIM_VIOLATIONS_KEPT][SIM_VIOLATION_BYTES];
	int memory_fd; /* of its share of the chip's memory; -1: it is the chip's alone */
};

struct sim_approximation {
	const char *name;
	uint64_t count;
};

/* One opened chip. */
struct sim_env {
	struct sim_env *next;
	struct sim_function *functions; /* number 0: the physical one */
	uint32_t function_count, functions_open;
	const struct sim_model_ops *ops;
	void *model;
	struct road_chip *chip;
	const char *path; /* of its file; "": built in */
	enum sim_fidelity fidelity;
	uint64_t random[4];
	uint32_t watching; /* packets that wait for words in host memory */
	struct sim_approximation approximations[SIM_APPROXIMATIONS];
	void *memory; /* the functions' shares side by side, and what is behind them */
	uint64_t memory_bytes, share_bytes;
	int memory_fd; /* of all, or of what is behind the shares; -1: there is none */
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

/* memory.c: each function's equal share of `bytes`; 0: there are not as many. */
uint64_t sim_memory_share(uint64_t bytes, uint32_t functions);
void sim_memory_free(struct sim_env *env);
/* Gives the pages of a function's share back. Nothing if the chip has one function. */
void sim_memory_discard_share(const struct sim_function *function);
/* The descriptor behind a piece of the function's share; false: it is none of it. */
bool sim_memory_find(const struct sim_function *function, const void *at, uint64_t bytes, int *fd,
		     uint64_t *fd_offset);

/* The caller's floating-point state is set aside while models run. */
struct sim_fp {
	uint64_t control;
	uint16_t x87; /* for long double, and what fegetround() tells */
};
struct sim_fp sim_fp_enter(void);
void sim_fp_leave(struct sim_fp saved);

/* Every way in: the lock, and the floating-point state that models rely on. */
struct sim_fp sim_enter(void);
void sim_leave(struct sim_fp saved);

#endif
