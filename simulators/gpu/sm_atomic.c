/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Atomics on global memory: sent to the second level like stores, done there in the order of
 * arrival, lanes in ascending order; what they found comes back with the answer, no earlier than
 * in the next quantum. A load of a line that an atomic of its SM is on its way to goes behind it
 * in the same way, so that a thread (or one that it met at a barrier) sees what it did.
 */
#include "simulators/gpu/timing_internal.h"

#include "simulators/gpu/atomic.h"

#include <string.h>

#define LANE_BYTES 16u

static uint16_t *filter(struct gpu_sm *sm, uint64_t line)
{
	return &sm->atomic_filter[(line * UINT64_C(0x9e3779b97f4a7c15)) >> 56 &
				  (ATOMIC_FILTER - 1)];
}

void gpu_atomics_clear(struct gpu_sm *sm)
{
	for (uint32_t i = 0; i < ATOMIC_ROOM; i++)
		sm->atomics[i] = (struct gpu_atomic){.next = i + 1 < ATOMIC_ROOM ? i + 2 : 0};
	memset(sm->atomic_filter, 0, sizeof(sm->atomic_filter));
	sm->atomic_unused = 1;
	sm->atomics_used = 0;
	sm->atomic_now = 0;
}

bool gpu_atomic_ahead(struct gpu_sm *sm)
{
	bool ahead = false;

	for (uint32_t i = 0; sm->atomics_used && i < sm->lines; i++)
		ahead |= *filter(sm, sm->touch[i].line) != 0;
	return ahead;
}

static bool reachable(const struct gpu_sm *sm, const struct road_gpu_access *access, uint32_t lanes)
{
	const struct road_gpu_timing_outside *outside = &sm->timing->outside;

	if (outside->load && outside->store)
		return true;
	for (; lanes; lanes &= lanes - 1)
		if (!access->host[__builtin_ctz(lanes)])
			return false;
	return true;
}

/* sm->lines and sm->touch are those of the lanes. */
bool gpu_atomic_add(struct gpu_sm *sm, struct road_gpu_access *access, uint32_t lanes,
		    const uint8_t *data)
{
	struct gpu_atomic *atomic = &sm->atomics[sm->atomic_unused - 1];

	if (!reachable(sm, access, lanes))
		return false;
	sm->atomic_now = sm->atomic_unused;
	sm->atomic_unused = atomic->next;
	sm->atomics_used++;
	atomic->insn = *access->insn; /* the image may go before this does */
	atomic->launch = sm->stepped->launch;
	atomic->serial = atomic->launch->serial;
	atomic->lanes = lanes;
	atomic->parts = sm->lines;
	atomic->returns = access->insn->uses.write_rows != 0;
	memcpy(atomic->host, access->host, sizeof(atomic->host));
	memcpy(atomic->pa, access->pa, sizeof(atomic->pa));
	memcpy(atomic->flags, access->flags, sizeof(atomic->flags));
	memset(atomic->data, 0, sizeof(atomic->data));
	if (access->atomic)
		memcpy(atomic->data, data, sizeof(atomic->data));
	access->later = true;
	return true;
}

enum road_gpu_fault gpu_port_atomic(void *ctx, struct road_gpu_block *block,
				    struct road_gpu_access *access, uint8_t *data)
{
	struct gpu_sm *sm = gpu_sm_of(ctx, block);
	uint32_t lanes = access->mask & ~(access->shared | access->local);

	sm->lines = gpu_coalesce(access, lanes, sm->touch, &sm->ideal);
	return gpu_atomic_add(sm, access, lanes, data) ? ROAD_GPU_FAULT_NONE : ROAD_GPU_FAULT_DMA;
}

void gpu_atomic_send(struct gpu_sm *sm, uint32_t line, uint16_t miss)
{
	const struct gpu_atomic *atomic = &sm->atomics[sm->atomic_now - 1];
	uint32_t lanes = (unsigned)__builtin_popcount(atomic->lanes);
	struct gpu_request request = {.line = sm->touch[line].line,
				      .store = sm->atomic_now - 1,
				      .miss = miss,
				      .sectors = sm->touch[line].sectors,
				      .kind = REQUEST_ATOMIC};

	++*filter(sm, request.line);
	gpu_sm_request(sm, sm->now + line, &request,
		       atomic->insn.kind == ROAD_GPU_KIND_LOAD
			       ? 0
			       : lanes * atomic->insn.bytes / sm->lines);
	sm->store_end =
		sm->requests[(sm->request_first + sm->request_count - 1) % REQUEST_ROOM].arrival;
}

bool gpu_atomic_reads(const struct gpu_sm *sm, const struct gpu_request *request)
{
	return sm->atomics[request->store].insn.kind == ROAD_GPU_KIND_LOAD;
}

static uint32_t lanes_at(const struct gpu_atomic *atomic, uint64_t line)
{
	uint32_t found = 0;

	for (uint32_t m = atomic->lanes; m; m &= m - 1) {
		uint32_t lane = (uint32_t)__builtin_ctz(m);

		if (gpu_line_of(atomic->pa[lane], atomic->flags[lane]) == line)
			found |= 1u << lane;
	}
	return found;
}

uint32_t gpu_atomic_cycles(const struct gpu_sm *sm, const struct gpu_request *request)
{
	const struct gpu_atomic *atomic = &sm->atomics[request->store];
	uint32_t lanes = lanes_at(atomic, request->line), deepest = 0;
	uint32_t rate = sm->timing->params->l2_atomic_lanes;
	uint32_t even = ((unsigned)__builtin_popcount(lanes) + rate - 1) / rate;

	for (uint32_t m = lanes; m; m &= m - 1) {
		uint32_t depth = 0;

		for (uint32_t other = lanes; other; other &= other - 1)
			depth += atomic->pa[__builtin_ctz(other)] == atomic->pa[__builtin_ctz(m)];
		deepest = depth > deepest ? depth : deepest;
	}
	return even > deepest ? even : deepest;
}

/* ---- taking effect (between quanta) ---- */

static void move(const struct gpu_sm *sm, const struct gpu_atomic *atomic, uint32_t lane,
		 void *value, bool write)
{
	const struct road_gpu_timing_outside *outside = &sm->timing->outside;
	uint32_t bytes = atomic->insn.bytes;

	if (atomic->host[lane])
		memcpy(write ? (void *)atomic->host[lane] : value,
		       write ? value : (const void *)atomic->host[lane], bytes);
	else if (write)
		outside->store(outside->ctx, atomic->launch->cookie, atomic->flags[lane],
			       atomic->pa[lane], value, bytes);
	else
		outside->load(outside->ctx, atomic->launch->cookie, atomic->flags[lane],
			      atomic->pa[lane], value, bytes);
}

static void update(const struct gpu_sm *sm, struct gpu_atomic *atomic, uint32_t lane)
{
	uint8_t *data = atomic->data + lane * LANE_BYTES;
	uint64_t old = 0, b, c, now;

	memcpy(&b, data, 8);
	memcpy(&c, data + 8, 8);
	move(sm, atomic, lane, &old, false);
	now = road_gpu_atomic_result(&atomic->insn, false, old, b, c);
	move(sm, atomic, lane, &now, true);
	memcpy(data, &old, 8);
}

void gpu_atomic_apply(struct gpu_sm *sm, const struct gpu_request *request)
{
	struct gpu_atomic *atomic = &sm->atomics[request->store];

	if (atomic->launch->serial != atomic->serial)
		return; /* dropped */
	for (uint32_t m = lanes_at(atomic, request->line); m; m &= m - 1) {
		uint32_t lane = (uint32_t)__builtin_ctz(m);

		if (atomic->insn.kind == ROAD_GPU_KIND_LOAD)
			move(sm, atomic, lane, atomic->data + lane * LANE_BYTES, false);
		else
			update(sm, atomic, lane);
	}
}

static void release(struct gpu_sm *sm, uint32_t index)
{
	sm->atomics[index].next = sm->atomic_unused;
	sm->atomic_unused = index + 1;
	sm->atomics_used--;
}

void gpu_atomic_retire(struct gpu_sm *sm, const struct gpu_request *request)
{
	struct gpu_atomic *atomic = &sm->atomics[request->store];

	--*filter(sm, request->line);
	if (!--atomic->parts && !atomic->returns)
		release(sm, request->store);
}

void gpu_atomic_finish(struct gpu_sm *sm, uint32_t index, struct gpu_warp *w)
{
	struct gpu_atomic *atomic = &sm->atomics[index];

	if (w)
		road_gpu_access_finish(w->exec, &atomic->insn, atomic->lanes, atomic->data);
	release(sm, index);
}

bool gpu_atomics_pending(const struct gpu_sm *sm, const struct gpu_launch *launch)
{
	for (uint32_t i = 0; sm->atomics_used && i < ATOMIC_ROOM; i++) {
		const struct gpu_atomic *atomic = &sm->atomics[i];

		if (atomic->parts && atomic->launch == launch && atomic->serial == launch->serial)
			return true;
	}
	return false;
}
