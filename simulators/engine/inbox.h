/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Posted register writes on their way into the domain: many producers, none of which takes the
 * engine's lock; one consumer, who holds it. A bounded queue of cells, each with a sequence number
 * that says whose turn it is.
 */
#ifndef SIMULATORS_ENGINE_INBOX_H
#define SIMULATORS_ENGINE_INBOX_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct sim_function;

enum { SIM_INBOX_CELLS = 1024 };

struct sim_post {
	struct sim_function *function;
	uint64_t offset, value, stamp_ps;
	uint32_t region, width;
};

struct sim_inbox {
	_Atomic uint64_t tail;              /* next to be written */
	_Alignas(64) _Atomic uint64_t head; /* next to be read */
	struct {
		_Atomic uint64_t turn;
		struct sim_post post;
	} cells[SIM_INBOX_CELLS];
};

void sim_inbox_init(struct sim_inbox *inbox);
/* false: full; the producer makes room by draining it under the engine's lock. */
bool sim_inbox_put(struct sim_inbox *inbox, const struct sim_post *post);
bool sim_inbox_take(struct sim_inbox *inbox, struct sim_post *out);
bool sim_inbox_empty(const struct sim_inbox *inbox);
bool sim_inbox_single(const struct sim_inbox *inbox); /* one post, or a place taken for one */

#endif
