/* SPDX-License-Identifier: Apache-2.0 */
/* Loads and stores of a warp: addresses, translation, checks, and the bytes themselves. */
#include "simulators/gpu/warp_internal.h"

#include <string.h>

#define PIECE 16u /* bytes kept per lane while they move */

/* Generic addresses that fall into a window become offsets. */
static void resolve_generic(struct road_gpu_access *access)
{
	for (uint32_t m = access->mask; m; m &= m - 1) {
		uint32_t lane = (uint32_t)__builtin_ctz(m);
		uint64_t at = access->address[lane];

		if (at - ROAD_GPU_SHARED_WINDOW < ROAD_GPU_WINDOW_BYTES) {
			access->shared |= 1u << lane;
			access->address[lane] = at - ROAD_GPU_SHARED_WINDOW;
		} else if (at - ROAD_GPU_LOCAL_WINDOW < ROAD_GPU_WINDOW_BYTES) {
			access->local |= 1u << lane;
			access->address[lane] = at - ROAD_GPU_LOCAL_WINDOW;
		}
	}
}

static void take_addresses(struct road_gpu_warp *warp, const struct road_gpu_insn *insn,
			   struct road_gpu_access *access)
{
	uint64_t offset = (uint64_t)(int64_t)insn->imm;

	access->space = insn->space == ROAD_GPU_SPACE_GENERIC ? ROAD_GPU_SPACE_GLOBAL : insn->space;
	access->shared = insn->space == ROAD_GPU_SPACE_SHARED ? access->mask : 0;
	access->local = insn->space == ROAD_GPU_SPACE_LOCAL ? access->mask : 0;
	if (insn->form & ROAD_GPU_FORM_ADDR32) {
		const uint32_t *base = gpu_row32(warp, insn->a);

		for (uint32_t l = 0; l < ROAD_GPU_WARP_LANES; l++)
			access->address[l] = (uint32_t)(base[l] + (uint32_t)insn->imm);
	} else {
		const uint64_t *base = gpu_row64(warp, insn->a);

		for (uint32_t l = 0; l < ROAD_GPU_WARP_LANES; l++)
			access->address[l] = base[l] + offset;
	}
	if (insn->space == ROAD_GPU_SPACE_GENERIC)
		resolve_generic(access);
}

/* Finds the lane's bytes in the space's ranges. */
static enum road_gpu_fault translate(struct road_gpu_warp *warp, struct road_gpu_access *access,
				     uint32_t lane)
{
	uint64_t at = access->address[lane];
	const struct road_gpu_range *range = warp->last;
	uint32_t right = access->store ? ROAD_GPU_SEGMENT_WRITE : ROAD_GPU_SEGMENT_READ;

	if (!road_gpu_range_holds(range, at, access->bytes)) {
		range = road_gpu_ranges_find(warp->block->launch->config.ranges, at);
		if (!road_gpu_range_holds(range, at, access->bytes))
			return ROAD_GPU_FAULT_UNMAPPED;
		warp->last = range;
	}
	if (!(range->flags & right))
		return ROAD_GPU_FAULT_RIGHTS;
	access->pa[lane] = range->pa + (at - range->va);
	access->host[lane] = range->host ? range->host + (at - range->va) : NULL;
	access->flags[lane] = range->flags;
	return ROAD_GPU_FAULT_NONE;
}

/* Size of a space that is addressed by offset. */
static uint64_t offset_limit(const struct road_gpu_warp *warp, const struct road_gpu_access *access,
			     uint32_t lane)
{
	const struct road_gpu_launch_config *config = &warp->block->launch->config;

	if (access->shared >> lane & 1)
		return config->shared_bytes;
	if (access->local >> lane & 1)
		return config->local_bytes;
	return config->code->desc.param_bytes;
}

static enum road_gpu_fault check_lane(struct road_gpu_warp *warp, struct road_gpu_access *access,
				      uint32_t lane)
{
	uint64_t at = access->address[lane];
	bool offset = (access->shared | access->local) >> lane & 1 ||
		      access->space == ROAD_GPU_SPACE_PARAM;

	if (at & (access->bytes - 1u))
		return ROAD_GPU_FAULT_MISALIGNED;
	if (!offset)
		return translate(warp, access, lane);
	uint64_t limit = offset_limit(warp, access, lane);

	return at < limit && limit - at >= access->bytes ? ROAD_GPU_FAULT_NONE :
							   ROAD_GPU_FAULT_UNMAPPED;
}

/* ---- bytes between memory and a lane's piece ---- */

static void move_local(const struct road_gpu_warp *warp, uint32_t lane, uint64_t at, uint8_t *piece,
		       uint32_t bytes, bool store)
{
	for (uint32_t i = 0; i < bytes; i += 4) {
		uint8_t *memory = warp->local + road_gpu_local_at(lane, at + i);
		uint32_t n = bytes - i < 4 ? bytes - i : 4;

		memcpy(store ? memory : piece + i, store ? piece + i : memory, n);
	}
}

static uint8_t *place_of(const struct road_gpu_warp *warp, const struct road_gpu_access *access,
			 uint32_t lane)
{
	if (access->shared >> lane & 1)
		return warp->block->shared + access->address[lane];
	if (access->space == ROAD_GPU_SPACE_PARAM)
		return warp->block->launch->params + access->address[lane];
	return access->host[lane];
}

static void move_lane(const struct road_gpu_warp *warp, const struct road_gpu_access *access,
		      uint32_t lane, uint8_t *piece)
{
	if (access->local >> lane & 1) {
		move_local(warp, lane, access->address[lane], piece, access->bytes, access->store);
		return;
	}
	uint8_t *memory = place_of(warp, access, lane);

	memcpy(access->store ? memory : piece, access->store ? piece : memory, access->bytes);
}

/* ---- pieces and registers ---- */

/* How a lane's piece lies in the rows that start at d (loads) or b (stores): words of `width`. */
static uint32_t row_width(unsigned op)
{
	switch (op) {
	case ROAD_GPU_OP_ld_b64:
	case ROAD_GPU_OP_st_b64:
	case ROAD_GPU_OP_ld_v2_b64:
	case ROAD_GPU_OP_st_v2_b64: return 8;
	default: return 4;
	}
}

static void piece_to_rows(struct road_gpu_warp *warp, const struct road_gpu_insn *insn,
			  uint32_t lane, const uint8_t *piece)
{
	uint8_t *rows = gpu_row_out(warp, insn->d);
	uint32_t width = row_width(insn->op), value = 0;

	if (insn->bytes < 4) {
		memcpy(&value, piece, insn->bytes);
		if (insn->op == ROAD_GPU_OP_ld_s8)
			value = (uint32_t)(int32_t)(int8_t)value;
		if (insn->op == ROAD_GPU_OP_ld_s16)
			value = (uint32_t)(int32_t)(int16_t)value;
		memcpy(rows + lane * 4u, &value, 4);
		return;
	}
	for (uint32_t i = 0; i < insn->bytes / width; i++)
		memcpy(rows + (size_t)i * width * 32 + (size_t)lane * width, piece + i * width,
		       width);
}

static void rows_to_piece(const struct road_gpu_warp *warp, const struct road_gpu_insn *insn,
			  uint32_t lane, uint8_t *piece)
{
	const uint8_t *rows = (const uint8_t *)gpu_row32(warp, insn->b);
	uint32_t width = row_width(insn->op);

	if (insn->bytes < 4) {
		memcpy(piece, rows + lane * 4u, insn->bytes);
		return;
	}
	for (uint32_t i = 0; i < insn->bytes / width; i++)
		memcpy(piece + i * width, rows + (size_t)i * width * 32 + (size_t)lane * width,
		       width);
}

/* ---- the common cases ---- */

/* The whole row in one piece of memory: every lane active, one word each, side by side. */
static uint8_t *whole_row(struct road_gpu_warp *warp, const struct road_gpu_insn *insn,
			  const uint64_t *address, uint32_t right)
{
	uint64_t step = insn->bytes, first = address[0], apart = 0;

	for (uint32_t l = 0; l < ROAD_GPU_WARP_LANES; l++)
		apart |= address[l] ^ (first + l * step);
	if (apart || first & (step - 1))
		return NULL;
	const struct road_gpu_range *range = warp->last;

	if (!road_gpu_range_holds(range, first, step * ROAD_GPU_WARP_LANES)) {
		range = road_gpu_ranges_find(warp->block->launch->config.ranges, first);
		if (!road_gpu_range_holds(range, first, step * ROAD_GPU_WARP_LANES))
			return NULL;
		warp->last = range;
	}
	return range->host && range->flags & right ? range->host + (first - range->va) : NULL;
}

/* Functional mode's fast ways; false: take the long one. */
static bool fast_global(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, uint32_t mask)
{
	uint64_t address[ROAD_GPU_WARP_LANES];
	const uint64_t *base = gpu_row64(warp, insn->a);
	bool store = insn->kind == ROAD_GPU_KIND_STORE;

	if (mask != ROAD_GPU_ALL || (insn->bytes != 4 && insn->op != ROAD_GPU_OP_ld_b64 &&
				     insn->op != ROAD_GPU_OP_st_b64))
		return false;
	for (uint32_t l = 0; l < ROAD_GPU_WARP_LANES; l++)
		address[l] = base[l] + (uint64_t)(int64_t)insn->imm;
	uint8_t *memory = whole_row(warp, insn, address,
				    store ? ROAD_GPU_SEGMENT_WRITE : ROAD_GPU_SEGMENT_READ);

	if (!memory)
		return false;
	if (store)
		memcpy(memory, gpu_row32(warp, insn->b), insn->bytes * (size_t)ROAD_GPU_WARP_LANES);
	else
		memcpy(gpu_row_out(warp, insn->d), memory,
		       insn->bytes * (size_t)ROAD_GPU_WARP_LANES);
	return true;
}

/* 32-bit words of shared memory, all lanes in bounds. */
static bool fast_shared(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, uint32_t mask)
{
	const uint32_t *base = gpu_row32(warp, insn->a);
	uint32_t bytes = warp->block->launch->config.shared_bytes, bad = 0;
	uint32_t imm = (uint32_t)insn->imm;
	uint8_t *shared = warp->block->shared;

	if (insn->bytes != 4 || !(insn->form & ROAD_GPU_FORM_ADDR32) || mask != ROAD_GPU_ALL ||
	    bytes < 4)
		return false;
	for (uint32_t l = 0; l < ROAD_GPU_WARP_LANES; l++) {
		uint32_t at = base[l] + imm;

		bad |= (at & 3u) | (uint32_t)(at > bytes - 4);
	}
	if (bad)
		return false;
	if (insn->kind == ROAD_GPU_KIND_STORE) {
		const uint32_t *from = gpu_row32(warp, insn->b);

		for (uint32_t l = 0; l < ROAD_GPU_WARP_LANES; l++)
			memcpy(shared + base[l] + imm, &from[l], 4);
	} else {
		uint32_t row[ROAD_GPU_WARP_LANES];

		for (uint32_t l = 0; l < ROAD_GPU_WARP_LANES; l++)
			memcpy(&row[l], shared + base[l] + imm, 4);
		memcpy(gpu_row_out(warp, insn->d), row, sizeof(row));
	}
	return true;
}

/* Arguments at a fixed offset: one value for all lanes. */
static bool fast_param(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, uint32_t mask)
{
	uint32_t at = (uint32_t)insn->imm, bytes = warp->block->launch->config.code->desc.param_bytes;
	const uint8_t *from = warp->block->launch->params + at;
	uint8_t *to = gpu_row_out(warp, insn->d);

	if (insn->a != ROAD_GPU_BANK_MASK || mask != ROAD_GPU_ALL || at & (insn->bytes - 1u) ||
	    at >= bytes || bytes - at < insn->bytes)
		return false;
	if (insn->op != ROAD_GPU_OP_ld_b32 && insn->op != ROAD_GPU_OP_ld_b64)
		return false;
	for (uint32_t l = 0; l < ROAD_GPU_WARP_LANES; l++)
		memcpy(to + (size_t)l * insn->bytes, from, insn->bytes);
	return true;
}

static bool fast(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, uint32_t mask)
{
	switch (insn->space) {
	case ROAD_GPU_SPACE_GLOBAL:
	case ROAD_GPU_SPACE_CONST: return fast_global(warp, insn, mask);
	case ROAD_GPU_SPACE_SHARED: return fast_shared(warp, insn, mask);
	case ROAD_GPU_SPACE_PARAM: return fast_param(warp, insn, mask);
	default: return false;
	}
}

/* ---- the general case ---- */

/* Lanes that the port moves. */
static uint32_t outside(const struct road_gpu_warp *warp, const struct road_gpu_access *access)
{
	const struct road_gpu_port *port = warp->block->launch->config.port;
	bool ported = port && (access->store ? (void *)port->store != NULL :
					       (void *)port->load != NULL);

	if (!ported || access->space == ROAD_GPU_SPACE_PARAM)
		return 0;
	return access->mask & ~(access->shared | access->local);
}

static enum road_gpu_fault move(struct road_gpu_warp *warp, const struct road_gpu_insn *insn,
				struct road_gpu_access *access)
{
	uint8_t data[ROAD_GPU_WARP_LANES * PIECE];
	const struct road_gpu_port *port = warp->block->launch->config.port;
	uint32_t ported = outside(warp, access);
	enum road_gpu_fault fault = ROAD_GPU_FAULT_NONE;

	if (access->store)
		for (uint32_t m = access->mask; m; m &= m - 1)
			rows_to_piece(warp, insn, (uint32_t)__builtin_ctz(m),
				      data + (size_t)__builtin_ctz(m) * PIECE);
	for (uint32_t m = access->mask & ~ported; m; m &= m - 1) {
		uint32_t lane = (uint32_t)__builtin_ctz(m);
		bool direct = !((access->shared | access->local) >> lane & 1) &&
			      access->space != ROAD_GPU_SPACE_PARAM;

		if (direct && !access->host[lane])
			return ROAD_GPU_FAULT_DMA;
		move_lane(warp, access, lane, data + (size_t)lane * PIECE);
	}
	if (ported && access->store)
		fault = port->store(port->ctx, warp->block, access, data);
	else if (ported)
		fault = port->load(port->ctx, warp->block, access, data);
	if (fault)
		return fault;
	if (!access->store)
		for (uint32_t m = access->mask; m; m &= m - 1)
			piece_to_rows(warp, insn, (uint32_t)__builtin_ctz(m),
				      data + (size_t)__builtin_ctz(m) * PIECE);
	return ROAD_GPU_FAULT_NONE;
}

enum road_gpu_fault gpu_access(struct road_gpu_warp *warp, const struct road_gpu_insn *insn,
			       uint32_t mask, struct road_gpu_access *access)
{
	struct road_gpu_access own;
	enum road_gpu_fault fault = ROAD_GPU_FAULT_NONE;

	if (!access && fast(warp, insn, mask))
		return ROAD_GPU_FAULT_NONE;
	if (!access)
		access = &own;
	access->insn = insn;
	access->mask = mask;
	access->bytes = insn->bytes;
	access->store = insn->kind == ROAD_GPU_KIND_STORE;
	take_addresses(warp, insn, access);
	for (uint32_t m = mask; m; m &= m - 1) {
		uint32_t lane = (uint32_t)__builtin_ctz(m);

		fault = check_lane(warp, access, lane);
		if (fault) {
			gpu_fault(warp, insn, fault, lane, access->address[lane], access->bytes);
			return fault;
		}
	}
	fault = move(warp, insn, access);
	if (fault)
		gpu_fault(warp, insn, fault, (uint32_t)__builtin_ctz(mask),
			  access->address[__builtin_ctz(mask)], access->bytes);
	return fault;
}
