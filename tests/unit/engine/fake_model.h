/* SPDX-License-Identifier: Apache-2.0 */
/* A model made for tests: it logs what reaches it, and offers itself on one function. */
#ifndef TESTS_UNIT_ENGINE_FAKE_MODEL_H
#define TESTS_UNIT_ENGINE_FAKE_MODEL_H

#include "simulators/engine/domain.h"

enum { FAKE_LOG = 4096 };

struct fake {
	struct sim_env *env;
	const struct sim_entry *sim;
	struct sim_function *function;
	struct {
		uint64_t offset, value, time_ps;
	} log[FAKE_LOG]; /* writes, in the order in which they came */
	uint32_t writes, resets, pokes;
	uint64_t (*on_read)(struct fake *fake, uint64_t offset);
	void (*on_write)(struct fake *fake, uint64_t offset, uint64_t value);
	void (*on_poke)(struct fake *fake);
	unsigned char *host; /* what bus address 0 is */
	uint64_t host_bytes;
};

/* Opened, with the costs of chip "edu" (a read takes 500 ns). */
struct fake *fake_open(void);
/* Closes the chip, and frees what fake_open made. */
void fake_close(struct fake *fake);
/* Runs the domain until nothing is left to run, interrupts or not. */
void fake_settle(struct fake *fake);

#endif
