/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Atomics of a whole warp where nothing is in the way, as in exec_memory.c. Lanes take their turns
 * in ascending order, so that of several at one place each sees what the one before it left.
 */
#include "simulators/gpu/atomic.h"
#include "simulators/gpu/exec_place.h"

struct update {
	const struct road_gpu_insn *insn;
	bool shared;
	uint8_t *host;
	const uint32_t *b, *c; /* rows */
	struct road_gpu_lanes lanes;
	uint32_t old[ROAD_GPU_WARP_LANES] ROAD_SIM_ROW;
};

/* One loop for each: what is between a load and its store is what the next lane waits for. */
#define UPDATE(name, expression)                                                    \
	static void update_##name(struct update *u, uint32_t mask)                  \
	{                                                                           \
		for (; mask; mask &= mask - 1) {                                    \
			unsigned l = (unsigned)__builtin_ctz(mask);                 \
			any_u32 *place = (any_u32 *)(u->host + u->lanes.offset[l]); \
			uint32_t old = *place, b __attribute__((unused)) = u->b[l]; \
                                                                                    \
			*place = (uint32_t)(expression);                            \
			u->old[l] = old;                                            \
		}                                                                   \
	}

UPDATE(add, old + b)
UPDATE(and, old &b)
UPDATE(or, old | b)
UPDATE(xor, old ^ b)
UPDATE(min_u, old < b ? old : b)
UPDATE(max_u, old > b ? old : b)
UPDATE(min_s, (int32_t)old < (int32_t)b ? old : b)
UPDATE(max_s, (int32_t)old > (int32_t)b ? old : b)
UPDATE(exch, b)
UPDATE(cas, old == b ? u->c[l] : old)
UPDATE(other, road_gpu_atomic_result(u->insn, u->shared, old, b, 0))

static void (*const updates[])(struct update *u, uint32_t mask) = {
	[ROAD_GPU_ATOM_EXCH] = update_exch,      [ROAD_GPU_ATOM_ADD] = update_add,
	[ROAD_GPU_ATOM_INC] = update_other,      [ROAD_GPU_ATOM_DEC] = update_other,
	[ROAD_GPU_ATOM_MIN_U] = update_min_u,    [ROAD_GPU_ATOM_MIN_S] = update_min_s,
	[ROAD_GPU_ATOM_MAX_U] = update_max_u,    [ROAD_GPU_ATOM_MAX_S] = update_max_s,
	[ROAD_GPU_ATOM_AND] = update_and,        [ROAD_GPU_ATOM_OR] = update_or,
	[ROAD_GPU_ATOM_XOR] = update_xor,        [ROAD_GPU_ATOM_ADD_F] = update_other,
	[ROAD_GPU_ATOM_ADD_BF] = update_other,   [ROAD_GPU_ATOM_ADD_FX2] = update_other,
	[ROAD_GPU_ATOM_ADD_BFX2] = update_other,
};

/* False: it has to be done lane by lane. */
static bool update_rows(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, uint32_t mask)
{
	const struct road_gpu_port *port = warp->block->launch->config.port;
	uint64_t first = road_gpu_lane_address(warp, insn, (unsigned)__builtin_ctz(mask));
	struct window window;
	struct update u;

	if (insn->bytes != 4 || (port && port->atomic))
		return false;
	window = find_window(warp, insn, first);
	if (!window.piece.host || !place_lanes(warp, insn, &window, first, mask, &u.lanes))
		return false;
	if (insn->flags & ROAD_GPU_INSN_ORDER_SENSITIVE)
		road_gpu_note_order(warp, insn);
	u.insn = insn;
	u.host = window.piece.host;
	u.shared = u.host == warp->block->shared;
	u.b = road_gpu_source(warp, insn->b);
	u.c = road_gpu_source(warp, insn->c);
	if (insn->op == ROAD_GPU_OP_cas_b32)
		update_cas(&u, mask);
	else
		updates[insn->aux](&u, mask);
	if (insn->uses.write_rows)
		exec_put(road_gpu_target(warp, insn->d), u.old, 4, mask);
	return true;
}

enum road_gpu_fault EXEC_NAME(road_gpu_exec_atomic)(struct road_gpu_warp *warp,
						    const struct road_gpu_insn *insn, uint32_t mask)
{
	struct road_gpu_access access;

	if (update_rows(warp, insn, mask))
		return ROAD_GPU_FAULT_NONE;
	return road_gpu_access_run(warp, insn, mask, &access);
}
