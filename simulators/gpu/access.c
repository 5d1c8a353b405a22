/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads, stores and atomics lane by lane: resolves generic addresses, translates, checks, and moves
 * the bytes itself or through the port. All lanes are checked before any byte moves.
 */
#include "simulators/gpu/atomic.h"
#include "simulators/gpu/exec.h"

#include <string.h>

#define LANE_BYTES 16u /* of a lane in the buffer between rows and memory */

enum road_gpu_fault road_gpu_range_poisoned(const struct road_gpu_ranges *ranges,
					    const struct road_gpu_range *range, uint64_t va,
					    uint64_t bytes, uint32_t right)
{
	uint64_t pa = range->pa + (va - range->va);

	if (!(range->flags & ROAD_GPU_RANGE_POISONED) ||
	    (road_gpu_range_rights(range) & right) != right)
		return ROAD_GPU_FAULT_RIGHTS;
	if (right & ROAD_GPU_SEGMENT_READ && road_poison_find(ranges->poison, pa, bytes, NULL))
		return ROAD_GPU_FAULT_ECC;
	if (right & ROAD_GPU_SEGMENT_WRITE)
		road_poison_clear(ranges->poison, pa, bytes);
	return ROAD_GPU_FAULT_NONE;
}

enum road_gpu_fault road_gpu_access_translate(struct road_gpu_warp *warp,
					      struct road_gpu_access *access, unsigned lane)
{
	uint64_t address = access->address[lane];
	const struct road_gpu_range **last = road_gpu_last_range(warp, access->insn);
	const struct road_gpu_range *range = *last;
	uint32_t right = access->atomic  ? ROAD_GPU_SEGMENT_READ | ROAD_GPU_SEGMENT_WRITE
			 : access->store ? ROAD_GPU_SEGMENT_WRITE
					 : ROAD_GPU_SEGMENT_READ;

	if (!road_gpu_range_holds(range, address, access->bytes)) {
		range = road_gpu_ranges_find(warp->block->launch->config.ranges, address);
		if (!road_gpu_range_holds(range, address, access->bytes))
			return ROAD_GPU_FAULT_UNMAPPED;
		*last = range;
	}
	if (__builtin_expect((range->flags & right) != right, 0)) {
		enum road_gpu_fault fault = road_gpu_range_poisoned(
			warp->block->launch->config.ranges, range, address, access->bytes, right);

		if (fault)
			return fault;
	}
	access->pa[lane] = range->pa + (address - range->va);
	access->host[lane] = range->host ? range->host + (address - range->va) : NULL;
	access->flags[lane] = range->flags;
	return ROAD_GPU_FAULT_NONE;
}

/* The space that a lane's generic address lies in; the address becomes an offset in it. */
static unsigned resolve_space(struct road_gpu_access *access, unsigned space, unsigned lane)
{
	if (space != ROAD_GPU_SPACE_GENERIC)
		return space;
	if (access->address[lane] - ROAD_GPU_SHARED_WINDOW < ROAD_GPU_WINDOW_BYTES) {
		access->address[lane] -= ROAD_GPU_SHARED_WINDOW;
		return ROAD_GPU_SPACE_SHARED;
	}
	if (access->address[lane] - ROAD_GPU_LOCAL_WINDOW < ROAD_GPU_WINDOW_BYTES) {
		access->address[lane] -= ROAD_GPU_LOCAL_WINDOW;
		return ROAD_GPU_SPACE_LOCAL;
	}
	return ROAD_GPU_SPACE_GLOBAL;
}

/* An offset in memory that is no range of the address space; `memory` NULL: local. */
static enum road_gpu_fault check_own(struct road_gpu_access *access, unsigned lane, uint8_t *memory,
				     uint64_t limit)
{
	uint64_t offset = access->address[lane];

	if (offset > limit || access->bytes > limit - offset)
		return ROAD_GPU_FAULT_UNMAPPED;
	access->host[lane] = memory ? memory + offset : NULL;
	return ROAD_GPU_FAULT_NONE;
}

static enum road_gpu_fault check_lane(struct road_gpu_warp *warp, struct road_gpu_access *access,
				      unsigned space, unsigned lane)
{
	const struct road_gpu_launch *launch = warp->block->launch;
	const struct road_gpu_launch_config *config = &launch->config;

	switch (space) {
	case ROAD_GPU_SPACE_SHARED:
		access->shared |= 1u << lane;
		return check_own(access, lane, warp->block->shared, config->shared_bytes);
	case ROAD_GPU_SPACE_LOCAL:
		access->local |= 1u << lane;
		if (access->atomic) /* nobody else can see it: PTX has none there */
			return ROAD_GPU_FAULT_ILLEGAL;
		return check_own(access, lane, NULL, config->local_bytes);
	case ROAD_GPU_SPACE_PARAM:
		return check_own(access, lane, launch->params, config->code->desc.param_bytes);
	default: return road_gpu_access_translate(warp, access, lane);
	}
}

enum road_gpu_fault road_gpu_access_prepare(struct road_gpu_warp *warp,
					    struct road_gpu_access *access)
{
	const struct road_gpu_insn *insn = access->insn;
	enum road_gpu_fault fault;

	for (unsigned lane = 0; lane < ROAD_GPU_WARP_LANES; lane++) {
		uint64_t address;
		unsigned space;

		if (!(access->mask >> lane & 1u))
			continue;
		address = access->address[lane] = road_gpu_lane_address(warp, insn, lane);
		space = resolve_space(access, insn->space, lane);
		fault = address & (access->bytes - 1u) ? ROAD_GPU_FAULT_MISALIGNED
						       : check_lane(warp, access, space, lane);
		if (fault) {
			road_gpu_warp_fault(warp, insn, fault, 1u << lane, address, access->bytes);
			return fault;
		}
	}
	return ROAD_GPU_FAULT_NONE;
}

/* Bytes of a lane's local memory: word by word, as they are interleaved. */
static void move_local(const struct road_gpu_warp *warp, unsigned lane, uint64_t offset,
		       unsigned bytes, uint8_t *data, bool store)
{
	for (unsigned done = 0; done < bytes;) {
		uint8_t *memory = warp->local + road_gpu_local_at(lane, offset + done);
		unsigned count = bytes < 4 ? bytes : 4;

		memcpy(store ? memory : data + done, store ? data + done : memory, count);
		done += count;
	}
}

static void update_lane(const struct road_gpu_access *access, unsigned lane, uint8_t *data)
{
	uint64_t old = 0, b, c, now;

	memcpy(&old, access->host[lane], access->bytes);
	memcpy(&b, data, 8);
	memcpy(&c, data + 8, 8);
	now = road_gpu_atomic_result(access->insn, access->shared >> lane & 1u, old, b, c);
	memcpy(access->host[lane], &now, access->bytes);
	memcpy(data, &old, 8);
}

static void move_lanes(const struct road_gpu_warp *warp, const struct road_gpu_access *access,
		       uint32_t lanes, uint8_t *data)
{
	for (unsigned lane = 0; lane < ROAD_GPU_WARP_LANES; lane++) {
		uint8_t *bytes = data + lane * LANE_BYTES;

		if (!(lanes >> lane & 1u))
			continue;
		if (access->atomic)
			update_lane(access, lane, bytes);
		else if (access->local >> lane & 1u)
			move_local(warp, lane, access->address[lane], access->bytes, bytes,
				   access->store);
		else if (access->store)
			memcpy(access->host[lane], bytes, access->bytes);
		else
			memcpy(bytes, access->host[lane], access->bytes);
	}
}

/* Through the port, or directly; a range without host memory needs a port. */
static enum road_gpu_fault move(struct road_gpu_warp *warp, struct road_gpu_access *access,
				uint8_t *data)
{
	const struct road_gpu_port *port = warp->block->launch->config.port;
	uint32_t outside = access->mask & ~(access->shared | access->local);
	bool ported = port && (access->atomic  ? port->atomic != NULL
			       : access->store ? port->store != NULL
					       : port->load != NULL);

	if (access->space != ROAD_GPU_SPACE_GLOBAL && access->space != ROAD_GPU_SPACE_CONST)
		outside = 0;
	for (unsigned lane = 0; outside && !ported && lane < ROAD_GPU_WARP_LANES; lane++) {
		if (outside >> lane & 1u && !access->host[lane]) {
			road_gpu_warp_fault(warp, access->insn, ROAD_GPU_FAULT_DMA, 1u << lane,
					    access->address[lane], access->bytes);
			return ROAD_GPU_FAULT_DMA;
		}
	}
	if (ported && outside) {
		enum road_gpu_fault fault =
			access->atomic  ? port->atomic(port->ctx, warp->block, access, data)
			: access->store ? port->store(port->ctx, warp->block, access, data)
					: port->load(port->ctx, warp->block, access, data);

		if (fault) {
			unsigned lane = (unsigned)__builtin_ctz(outside);

			road_gpu_warp_fault(warp, access->insn, fault, outside,
					    access->address[lane], access->bytes);
			return fault;
		}
		move_lanes(warp, access, access->mask & ~outside, data);
		return ROAD_GPU_FAULT_NONE;
	}
	move_lanes(warp, access, access->mask, data);
	return ROAD_GPU_FAULT_NONE;
}

/* Rows that one lane's bytes spread over: how many, of how many bytes in memory each. */
static unsigned part_bytes(const struct road_gpu_insn *insn)
{
	bool wide = insn->op == ROAD_GPU_OP_ld_v2_b64 || insn->op == ROAD_GPU_OP_st_v2_b64 ||
		    insn->op == ROAD_GPU_OP_ld_b64 || insn->op == ROAD_GPU_OP_st_b64 ||
		    (insn->kind == ROAD_GPU_KIND_ATOMIC && insn->bytes == 8);

	return wide ? 8u : insn->bytes < 4 ? insn->bytes : 4u;
}

static void put_lane(const struct road_gpu_insn *insn, uint8_t *rows, unsigned lane,
		     const uint8_t *data)
{
	unsigned part = part_bytes(insn), width = part == 8 ? 8 : 4;

	for (unsigned i = 0; i * part < insn->bytes; i++) {
		uint8_t *place = rows + i * width * ROAD_GPU_WARP_LANES + lane * width;
		uint64_t value = 0;
		uint32_t narrow;

		memcpy(&value, data + i * part, part);
		if (insn->op == ROAD_GPU_OP_ld_s8)
			value = (uint64_t)(int64_t)(int8_t)value;
		if (insn->op == ROAD_GPU_OP_ld_s16)
			value = (uint64_t)(int64_t)(int16_t)value;
		narrow = (uint32_t)value;
		memcpy(place, width == 8 ? (const void *)&value : (const void *)&narrow, width);
	}
}

static void get_lane(const struct road_gpu_insn *insn, const uint8_t *rows, unsigned lane,
		     uint8_t *data)
{
	unsigned part = part_bytes(insn), width = part == 8 ? 8 : 4;

	for (unsigned i = 0; i * part < insn->bytes; i++)
		memcpy(data + i * part, rows + i * width * ROAD_GPU_WARP_LANES + lane * width,
		       part); /* little-endian: the low bytes come first */
}

/* Operands b and c of an atomic, one behind the other. */
static void get_operands(const struct road_gpu_warp *warp, const struct road_gpu_insn *insn,
			 unsigned lane, uint8_t *data)
{
	memset(data, 0, LANE_BYTES);
	get_lane(insn, road_gpu_source(warp, insn->b), lane, data);
	get_lane(insn, road_gpu_source(warp, insn->c), lane, data + 8);
}

/* ---- ldmatrix: the rows that lanes point to, spread over the warp ---- */

/* Lanes that give addresses; 0 and a fault if the warp is not whole (PTX: .sync.aligned). */
static uint32_t matrix_lanes(struct road_gpu_warp *warp, const struct road_gpu_insn *insn,
			     uint32_t mask)
{
	if (mask == ROAD_GPU_ALL)
		return road_gpu_matrix_lanes(insn);
	road_gpu_warp_fault(warp, insn, ROAD_GPU_FAULT_ILLEGAL, ~mask, 0, mask);
	return 0;
}

typedef uint16_t halves __attribute__((vector_size(16), aligned(1), may_alias));

#define LOW(a, b)  __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define HIGH(a, b) __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)

/* Eight rows of eight: half of the rows at a time between the other half, three times. */
static void transpose(halves *out, const halves *in)
{
	halves a[8], b[8];

	for (unsigned i = 0; i < 4; i++) {
		a[2 * i] = LOW(in[i], in[i + 4]);
		a[2 * i + 1] = HIGH(in[i], in[i + 4]);
	}
	for (unsigned i = 0; i < 4; i++) {
		b[2 * i] = LOW(a[i], a[i + 4]);
		b[2 * i + 1] = HIGH(a[i], a[i + 4]);
	}
	for (unsigned i = 0; i < 4; i++) {
		out[2 * i] = LOW(b[i], b[i + 4]);
		out[2 * i + 1] = HIGH(b[i], b[i + 4]);
	}
}

/* Lane l of matrix i gets two elements of 16 bits: of row l / 4, or transposed of column l / 4. */
void road_gpu_put_matrices(const struct road_gpu_insn *insn, uint8_t *rows, const uint8_t *data)
{
	for (unsigned i = 0; i < insn->uses.write_rows; i++) {
		const uint8_t *matrix = data + i * 8 * LANE_BYTES;
		uint8_t *row = rows + i * ROAD_GPU_ROW_BYTES;

		if (insn->aux & ROAD_GPU_LDMATRIX_TRANSPOSED)
			transpose((halves *)row, (const halves *)matrix);
		else
			memcpy(row, matrix, ROAD_GPU_ROW_BYTES);
	}
}

void road_gpu_access_finish(struct road_gpu_warp *warp, const struct road_gpu_insn *insn,
			    uint32_t lanes, const uint8_t *data)
{
	if (!insn->uses.write_rows)
		return;
	if (insn->flags & ROAD_GPU_INSN_MATRIX) {
		road_gpu_put_matrices(insn, road_gpu_target(warp, insn->d), data);
		return;
	}
	for (; lanes; lanes &= lanes - 1) {
		unsigned lane = (unsigned)__builtin_ctz(lanes);

		put_lane(insn, road_gpu_target(warp, insn->d), lane, data + lane * LANE_BYTES);
	}
}

/* Lanes whose data the port brings later. */
static uint32_t lanes_later(const struct road_gpu_access *access)
{
	return access->later ? access->mask & ~(access->shared | access->local) : 0;
}

enum road_gpu_fault road_gpu_access_run(struct road_gpu_warp *warp,
					const struct road_gpu_insn *insn, uint32_t mask,
					struct road_gpu_access *access)
{
	uint8_t data[ROAD_GPU_WARP_LANES * LANE_BYTES];
	enum road_gpu_fault fault;

	if (insn->flags & ROAD_GPU_INSN_MATRIX) {
		mask = matrix_lanes(warp, insn, mask);
		if (!mask)
			return ROAD_GPU_FAULT_ILLEGAL;
	}
	access->insn = insn;
	access->mask = mask;
	access->together = false;
	access->shared = access->local = 0;
	access->bytes = insn->bytes;
	access->store = insn->kind == ROAD_GPU_KIND_STORE;
	access->atomic = insn->kind == ROAD_GPU_KIND_ATOMIC;
	access->later = false;
	access->space = insn->space == ROAD_GPU_SPACE_GENERIC ? ROAD_GPU_SPACE_GLOBAL : insn->space;
	fault = road_gpu_access_prepare(warp, access);
	if (fault)
		return fault;
	for (uint32_t left = mask; left && (access->store || access->atomic); left &= left - 1) {
		unsigned lane = (unsigned)__builtin_ctz(left);

		if (access->atomic)
			get_operands(warp, insn, lane, data + lane * LANE_BYTES);
		else
			get_lane(insn, road_gpu_source(warp, insn->b), lane,
				 data + lane * LANE_BYTES);
	}
	if (insn->flags & ROAD_GPU_INSN_ORDER_SENSITIVE)
		road_gpu_note_order(warp, insn);
	fault = move(warp, access, data);
	if (!fault && !access->store)
		road_gpu_access_finish(warp, insn, mask & ~lanes_later(access), data);
	return fault;
}
