/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads and stores of a whole warp where nothing is in the way: no port, and one piece of memory
 * (a range, shared memory, the arguments) that holds all lanes, all aligned. Whatever else there
 * is goes lane by lane through access.c, which also finds out what fault it is.
 */
#include "simulators/gpu/exec_place.h"

/*
 * Element `part` of each lane's `parts` elements, from memory to a row. `parts` is a constant
 * where this is expanded.
 */
#define LOAD(name, row_type)                                                                   \
	static inline __attribute__((always_inline)) void load_##name(                         \
		const struct road_gpu_lanes *lanes, const uint8_t *host, void *target,         \
		uint32_t mask, unsigned part, unsigned parts)                                  \
	{                                                                                      \
		row_type scratch[ROAD_GPU_WARP_LANES] ROAD_SIM_ROW;                            \
		row_type *row = mask == ROAD_GPU_ALL ? target : scratch;                       \
		const int32_t *offset = lanes->offset;                                         \
		const uint8_t *from = host + part * sizeof(any_##name);                        \
                                                                                               \
		if (lanes->contiguous) {                                                       \
			const any_##name *values = (const void *)(from + offset[0]);           \
                                                                                               \
			LANES(l) row[l] = (row_type)values[l * parts];                         \
		} else {                                                                       \
			LANES(l) row[l] = (row_type) * (const any_##name *)(from + offset[l]); \
		}                                                                              \
		if (row == scratch)                                                            \
			exec_put(target, scratch, sizeof(row_type), mask);                     \
	}

LOAD(u8, uint32_t)
LOAD(s8, int32_t)
LOAD(u16, uint32_t)
LOAD(s16, int32_t)
LOAD(u32, uint32_t)
LOAD(u64, uint64_t)

static inline void load(const struct road_gpu_insn *insn, const struct road_gpu_lanes *lanes,
			const uint8_t *host, uint8_t *target, uint32_t mask)
{
	switch (insn->op) {
	case ROAD_GPU_OP_ld_u8: load_u8(lanes, host, target, mask, 0, 1); break;
	case ROAD_GPU_OP_ld_s8: load_s8(lanes, host, target, mask, 0, 1); break;
	case ROAD_GPU_OP_ld_u16: load_u16(lanes, host, target, mask, 0, 1); break;
	case ROAD_GPU_OP_ld_s16: load_s16(lanes, host, target, mask, 0, 1); break;
	case ROAD_GPU_OP_ld_b32: load_u32(lanes, host, target, mask, 0, 1); break;
	case ROAD_GPU_OP_ld_b64: load_u64(lanes, host, target, mask, 0, 1); break;
	case ROAD_GPU_OP_ld_v2_b32:
		for (unsigned i = 0; i < 2; i++)
			load_u32(lanes, host, target + i * ROAD_GPU_ROW_BYTES, mask, i, 2);
		break;
	case ROAD_GPU_OP_ld_v4_b32:
		for (unsigned i = 0; i < 4; i++)
			load_u32(lanes, host, target + i * ROAD_GPU_ROW_BYTES, mask, i, 4);
		break;
	default: /* v2_b64 */
		for (unsigned i = 0; i < 2; i++)
			load_u64(lanes, host, target + i * 2 * ROAD_GPU_ROW_BYTES, mask, i, 2);
		break;
	}
}

/* Lanes in ascending order: of two that write the same byte the higher one wins. */
#define STORE(name, row_type)                                                          \
	static inline __attribute__((always_inline)) void store_##name(                \
		const struct road_gpu_lanes *lanes, uint8_t *host, const void *source, \
		uint32_t mask, unsigned part, unsigned parts)                          \
	{                                                                              \
		const row_type *row = source;                                          \
		uint8_t *to = host + part * sizeof(any_##name);                        \
                                                                                       \
		if (lanes->contiguous && mask == ROAD_GPU_ALL) {                       \
			any_##name *values = (void *)(to + lanes->offset[0]);          \
                                                                                       \
			LANES(l) values[l * parts] = (any_##name)row[l];               \
			return;                                                        \
		}                                                                      \
		for (; mask; mask &= mask - 1) {                                       \
			unsigned l = (unsigned)__builtin_ctz(mask);                    \
                                                                                       \
			*(any_##name *)(to + lanes->offset[l]) = (any_##name)row[l];   \
		}                                                                      \
	}

STORE(u8, uint32_t)
STORE(u16, uint32_t)
STORE(u32, uint32_t)
STORE(u64, uint64_t)

/* Overlapping lanes of a vector store keep their order only if each lane writes all its parts. */
static void store_vectors(const struct road_gpu_insn *insn, const struct road_gpu_lanes *lanes,
			  uint8_t *host, const uint8_t *source, uint32_t mask)
{
	unsigned width = insn->op == ROAD_GPU_OP_st_v2_b64 ? 8 : 4;

	for (; mask; mask &= mask - 1) {
		unsigned l = (unsigned)__builtin_ctz(mask);

		for (unsigned i = 0; i < insn->bytes / width; i++)
			memcpy(host + lanes->offset[l] + i * width,
			       source + (i * ROAD_GPU_WARP_LANES + l) * width, width);
	}
}

static inline void store(const struct road_gpu_insn *insn, const struct road_gpu_lanes *lanes,
			 uint8_t *host, const uint8_t *source, uint32_t mask)
{
	switch (insn->op) {
	case ROAD_GPU_OP_st_b8: store_u8(lanes, host, source, mask, 0, 1); break;
	case ROAD_GPU_OP_st_b16: store_u16(lanes, host, source, mask, 0, 1); break;
	case ROAD_GPU_OP_st_b32: store_u32(lanes, host, source, mask, 0, 1); break;
	case ROAD_GPU_OP_st_b64: store_u64(lanes, host, source, mask, 0, 1); break;
	default: store_vectors(insn, lanes, host, source, mask); break;
	}
}

/* Loads whose address register is RZ (of arguments, mostly): one value for all lanes. */
static bool load_uniform(struct road_gpu_warp *warp, const struct road_gpu_insn *insn,
			 uint32_t mask)
{
	uint64_t address = road_gpu_lane_address(warp, insn, 0), value = 0, place;
	struct window window = find_window(warp, insn, address);
	void *target = road_gpu_target(warp, insn->d);

	place = address - window.start;
	if (!window.piece.host || place > window.bytes || insn->bytes > window.bytes - place ||
	    address & (insn->bytes - 1u))
		return false;
	memcpy(&value, window.piece.host + place, insn->bytes);
	if (insn->op == ROAD_GPU_OP_ld_b32) {
		uint32_t row[ROAD_GPU_WARP_LANES] ROAD_SIM_ROW, narrow = (uint32_t)value;

		LANES(l) row[l] = narrow;
		exec_put(target, row, 4, mask);
	} else {
		uint64_t row[ROAD_GPU_WARP_LANES] ROAD_SIM_ROW;

		LANES(l) row[l] = value;
		exec_put(target, row, 8, mask);
	}
	return true;
}

/* Local memory at one offset: rows as they are (this is what spilled registers do). */
static bool move_local(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, uint32_t mask)
{
	uint64_t limit = warp->block->launch->config.local_bytes;
	uint64_t offset = road_gpu_lane_address(warp, insn, 0);
	uint8_t *memory;

	if (insn->a != ROAD_GPU_BANK_MASK || offset & 3u || offset > limit || limit - offset < 4)
		return false;
	if (insn->op != ROAD_GPU_OP_ld_b32 && insn->op != ROAD_GPU_OP_st_b32)
		return false;
	memory = warp->local + road_gpu_local_at(0, offset);
	if (insn->kind == ROAD_GPU_KIND_LOAD)
		exec_put(road_gpu_target(warp, insn->d), memory, 4, mask);
	else
		exec_put(memory, road_gpu_source(warp, insn->b), 4, mask);
	return true;
}

static inline void move(struct road_gpu_warp *warp, const struct road_gpu_insn *insn,
			const struct road_gpu_lanes *lanes, uint8_t *host, uint32_t mask)
{
	if (insn->kind == ROAD_GPU_KIND_LOAD)
		load(insn, lanes, host, road_gpu_target(warp, insn->d), mask);
	else
		store(insn, lanes, host, road_gpu_source(warp, insn->b), mask);
}

/* ldmatrix from shared memory. */
static bool move_matrices(struct road_gpu_warp *warp, const struct road_gpu_insn *insn,
			  uint32_t mask)
{
	uint8_t data[ROAD_GPU_WARP_LANES * 16] ROAD_SIM_ROW;
	uint64_t first = road_gpu_lane_address(warp, insn, 0);
	struct window window = find_window(warp, insn, first);
	struct road_gpu_lanes lanes;

	if (mask != ROAD_GPU_ALL || !window.piece.host)
		return false;
	mask = road_gpu_matrix_lanes(insn);
	if (!place_lanes(warp, insn, &window, first, mask, &lanes))
		return false;
	for (; mask; mask &= mask - 1) {
		unsigned l = (unsigned)__builtin_ctz(mask);

		memcpy(data + l * 16, window.piece.host + lanes.offset[l], 16);
	}
	road_gpu_put_matrices(insn, road_gpu_target(warp, insn->d), data);
	return true;
}

/* False: it has to be done lane by lane. */
static inline bool move_rows(struct road_gpu_warp *warp, const struct road_gpu_insn *insn,
			     uint32_t mask)
{
	uint64_t first = road_gpu_lane_address(warp, insn, (unsigned)__builtin_ctz(mask));
	struct window window;
	struct road_gpu_lanes lanes;

	if (insn->flags & ROAD_GPU_INSN_MATRIX)
		return move_matrices(warp, insn, mask);
	if (insn->space == ROAD_GPU_SPACE_LOCAL)
		return move_local(warp, insn, mask);
	if (insn->a == ROAD_GPU_BANK_MASK &&
	    (insn->op == ROAD_GPU_OP_ld_b32 || insn->op == ROAD_GPU_OP_ld_b64))
		return load_uniform(warp, insn, mask);
	window = find_window(warp, insn, first);
	if (!window.piece.host || !place_lanes(warp, insn, &window, first, mask, &lanes))
		return false;
	move(warp, insn, &lanes, window.piece.host, mask);
	return true;
}

enum road_gpu_fault EXEC_NAME(road_gpu_exec_memory)(struct road_gpu_warp *warp,
						    const struct road_gpu_insn *insn, uint32_t mask)
{
	const struct road_gpu_port *port = warp->block->launch->config.port;
	struct road_gpu_access access;

	if (!(port && (port->load || port->store)) && move_rows(warp, insn, mask))
		return ROAD_GPU_FAULT_NONE;
	return road_gpu_access_run(warp, insn, mask, &access);
}

/* ---- the same while a timing model looks on ---- */

static void find_span(struct road_gpu_access *access)
{
	const int32_t *offset = access->lanes.offset;
	int32_t low = offset[0], high = offset[0];

	LANES(l)
	{
		low = offset[l] < low ? offset[l] : low;
		high = offset[l] > high ? offset[l] : high;
	}
	access->low = low;
	access->high = high;
}

static bool watch_local(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, uint32_t mask,
			struct road_gpu_access *access)
{
	int32_t at = insn->imm, *offset = access->lanes.offset;

	if (!move_local(warp, insn, mask))
		return false;
	access->local = mask;
	access->low = access->high = at;
	access->lanes.contiguous = false;
	LANES(l) offset[l] = at;
	return true;
}

/* To or from memory that a port stands before. */
static bool watch_port(struct road_gpu_warp *warp, const struct road_gpu_port *port,
		       const struct road_gpu_access *access)
{
	const struct road_gpu_insn *insn = access->insn;
	uint8_t packed[ROAD_GPU_WARP_LANES * 16] ROAD_SIM_ROW;
	int32_t bytes = insn->bytes;
	struct road_gpu_lanes lanes = {.contiguous = access->mask == ROAD_GPU_ALL};

	if (!access->store) {
		if (!port->load_rows || !port->load_rows(port->ctx, warp->block, access))
			return false;
		load(insn, &access->lanes, access->piece.host, road_gpu_target(warp, insn->d),
		     access->mask);
		return true;
	}
	if (!port->store_rows)
		return false;
	LANES(l) lanes.offset[l] = (int32_t)l * bytes;
	store(insn, &lanes, packed, road_gpu_source(warp, insn->b), access->mask);
	return port->store_rows(port->ctx, warp->block, access, packed);
}

static bool watch_rows(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, uint32_t mask,
		       struct road_gpu_access *access)
{
	const struct road_gpu_port *port = warp->block->launch->config.port;
	uint64_t first = road_gpu_lane_address(warp, insn, (unsigned)__builtin_ctz(mask));
	bool ported = port && (access->store ? port->store != NULL : port->load != NULL);
	struct window window;

	if (insn->space == ROAD_GPU_SPACE_LOCAL)
		return watch_local(warp, insn, mask, access);
	if (insn->space == ROAD_GPU_SPACE_PARAM && insn->a == ROAD_GPU_BANK_MASK &&
	    (insn->op == ROAD_GPU_OP_ld_b32 || insn->op == ROAD_GPU_OP_ld_b64))
		return load_uniform(warp, insn, mask);
	window = find_window(warp, insn, first);
	if (!window.piece.host || !place_lanes(warp, insn, &window, first, mask, &access->lanes))
		return false;
	access->piece = window.piece;
	find_span(access);
	if (window.piece.host == warp->block->shared)
		access->shared = mask;
	else if (insn->space != ROAD_GPU_SPACE_PARAM && ported)
		return watch_port(warp, port, access);
	move(warp, insn, &access->lanes, access->piece.host, mask);
	return true;
}

enum road_gpu_fault EXEC_NAME(road_gpu_exec_access)(struct road_gpu_warp *warp,
						    const struct road_gpu_insn *insn, uint32_t mask,
						    struct road_gpu_access *access)
{
	access->insn = insn;
	access->mask = mask;
	access->shared = access->local = 0;
	access->bytes = insn->bytes;
	access->store = insn->kind == ROAD_GPU_KIND_STORE;
	access->space = insn->space == ROAD_GPU_SPACE_GENERIC ? ROAD_GPU_SPACE_GLOBAL : insn->space;
	access->atomic = access->later = false;
	access->together = true;
	if (!(insn->flags & ROAD_GPU_INSN_MATRIX) && watch_rows(warp, insn, mask, access))
		return ROAD_GPU_FAULT_NONE;
	return road_gpu_access_run(warp, insn, mask, access);
}
