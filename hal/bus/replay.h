/* SPDX-License-Identifier: Apache-2.0 */
/* A trace that answers: where it is, and what a call of the driver's finds there. The bus around it
 * is replay.c, which says by which rules. */
#ifndef HAL_BUS_REPLAY_H
#define HAL_BUS_REPLAY_H

#include <pthread.h>

#include "hal/bus/traced.h"
#include "hal/bus/transport.h"

enum { ROAD_REPLAY_VECTORS = 64 };

/* What a register answered last, or was told: until the trace says more, it is taken for memory. */
struct road_replay_known {
	uint64_t numbers[3], value;
	bool used; /* a row of the hash table */
};

struct road_replayer {
	struct road_bus_handle handle;
	struct road_bus_control control;
	pthread_mutex_t lock;
	struct road_trace trace;
	uint8_t *quiet;         /* of each event: it may be left out */
	uint8_t *done;          /* of memory's: it was, out of turn */
	pthread_cond_t went_on; /* in the trace */
	size_t next;
	size_t floating; /* memory's events before this one were */
	uint64_t used;   /* of the next event's count */
	uint64_t clock_ns;
	bool moved; /* since time was last let pass */
	struct road_replay_known *known;
	size_t known_count, known_room; /* a power of two */
	struct road_traced_list memory;
	int eventfds[ROAD_REPLAY_VECTORS];
	bool signalled[ROAD_REPLAY_VECTORS];
	bool lost;
	char why[256]; /* of the first difference; "": none */
	uint64_t again, skipped;
};

/* All below with the lock, but for enter and leave. */
void road_replay_enter(struct road_replayer *r);
/* was_lost: what `lost` was after enter; says to the core that the device is gone if it is now. */
void road_replay_leave(struct road_replayer *r, bool was_lost);

/* Which events may be left out. false: no memory. */
bool road_replay_prepare(struct road_replayer *r);
/* The next event that has to come, behind what may be left out or is looked for by itself; NULL:
 * the trace ends. */
const struct road_trace_event *road_replay_due(const struct road_replayer *r);
/* The event that answers, and one of its count is used up; NULL: there is none. */
const struct road_trace_event *road_replay_find(struct road_replayer *r, enum road_trace_kind kind,
						const uint64_t *numbers);
/* The same for a call that has to be in the trace: else this is the difference, and the end. */
const struct road_trace_event *road_replay_call(struct road_replayer *r, enum road_trace_kind kind,
						const uint64_t *numbers);
/* Until another thread goes on in the trace, or 2 s of the host passed: false. */
bool road_replay_await_others(struct road_replayer *r);
void road_replay_differ(struct road_replayer *r, enum road_trace_kind kind,
			const uint64_t *numbers);
/* What a register is known to hold. NULL: it was never read, or, to be added, no memory. */
struct road_replay_known *road_replay_known(struct road_replayer *r, enum road_trace_kind kind,
					    const uint64_t *numbers, bool add);
/* Which of the numbers of an access is its value. */
uint32_t road_replay_value_at(enum road_trace_kind kind);
/* Events that have still to come. */
uint64_t road_replay_left(const struct road_replayer *r);

#endif
