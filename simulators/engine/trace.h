/* SPDX-License-Identifier: Apache-2.0 */
/* The event log of one chip, in Chrome's trace format. Bounded; what does not fit is counted. */
#ifndef SIMULATORS_ENGINE_TRACE_H
#define SIMULATORS_ENGINE_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SIM_TRACE_LANES = 256, SIM_TRACE_NAME = 48 };
#define SIM_TRACE_SPANS_MAX (1u << 20)

/* A span of a lane, or an arrow from one to another. */
#define SIM_TRACE_NO_LANE UINT32_MAX
struct sim_trace_span {
	uint64_t from_ps, to_ps;
	uint32_t lane;
	uint32_t to_lane; /* of an arrow; else SIM_TRACE_NO_LANE */
	char name[SIM_TRACE_NAME];
};

struct sim_trace {
	struct sim_trace_span *spans;
	uint32_t count, room;
	uint64_t dropped;
	char lanes[SIM_TRACE_LANES][SIM_TRACE_NAME];
	uint32_t lane_count;
};

void sim_trace_add(struct sim_trace *trace, const char *lane, const char *name, uint64_t from_ps,
		   uint64_t to_ps);
/* From `lane` at from_ps to `to_lane` at to_ps. */
void sim_trace_add_arrow(struct sim_trace *trace, const char *lane, const char *to_lane,
			 const char *name, uint64_t from_ps, uint64_t to_ps);
/* A copy, to be written with no lock held; false: no memory. */
bool sim_trace_copy(const struct sim_trace *trace, struct sim_trace *out);
/* Returns 0 or an errno. */
int sim_trace_write(const struct sim_trace *trace, const char *chip, int fd);
void sim_trace_free(struct sim_trace *trace);

#endif
