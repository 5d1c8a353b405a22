/* SPDX-License-Identifier: Apache-2.0 */
#include "simulators/gpu/async.h"

#include <string.h>

#include "simulators/gpu/exec.h"
#include "simulators/gpu/mbarrier.h"

#define LANE_BYTES 16u

void road_gpu_async_start(struct road_gpu_async *async)
{
	async->count = async->arrivals = 0;
	async->batch = 0;
	memset(async->group, 0, sizeof(async->group));
	async->even = true;
	for (uint32_t i = 0; i < ROAD_GPU_COPIES; i++)
		async->order[i] = (uint8_t)i;
}

/* The i-th oldest. */
static struct road_gpu_copy *copy_at(struct road_gpu_async *async, uint32_t i)
{
	return &async->copy[async->order[i]];
}

/* ---- moving ---- */

/* The lanes' bytes as they are now. */
static enum road_gpu_fault read_lanes(struct road_gpu_warp *warp, const struct road_gpu_copy *copy,
				      uint32_t lanes, uint8_t *data)
{
	const struct road_gpu_port *port = warp->block->launch->config.port;
	struct road_gpu_access access = {.insn = copy->insn,
					 .mask = lanes,
					 .space = ROAD_GPU_SPACE_GLOBAL,
					 .bytes = copy->insn->bytes};

	if (!lanes)
		return ROAD_GPU_FAULT_NONE;
	if (port && port->load_now) {
		memcpy(access.address, copy->address, sizeof(access.address));
		memcpy(access.pa, copy->pa, sizeof(access.pa));
		memcpy(access.host, copy->host, sizeof(access.host));
		memcpy(access.flags, copy->flags, sizeof(access.flags));
		return port->load_now(port->ctx, warp->block, &access, data);
	}
	for (uint32_t left = lanes; left; left &= left - 1) {
		uint32_t l = (uint32_t)__builtin_ctz(left);

		if (!copy->host[l])
			return ROAD_GPU_FAULT_DMA;
		memcpy(data + l * LANE_BYTES, copy->host[l], copy->insn->bytes);
	}
	return ROAD_GPU_FAULT_NONE;
}

/* Of a size that the compiler knows, from memory to memory. */
static inline __attribute__((always_inline)) void
move_lanes(const struct road_gpu_copy *copy, uint32_t lanes, uint8_t *shared, size_t bytes)
{
	for (; lanes; lanes &= lanes - 1) {
		uint32_t l = (uint32_t)__builtin_ctz(lanes);

		memcpy(shared + copy->to[l], copy->host[l], bytes);
	}
}

/* A copy that nothing stands in the way of: no port, and bytes for every byte. */
static bool move_whole(struct road_gpu_warp *warp, const struct road_gpu_copy *copy, uint32_t lanes)
{
	const struct road_gpu_port *port = warp->block->launch->config.port;
	uint8_t *shared = warp->block->shared;

	if (!copy->whole || (port && port->load_now))
		return false;
	for (uint32_t left = lanes; left; left &= left - 1)
		if (!copy->host[__builtin_ctz(left)])
			return false;
	switch (copy->insn->bytes) {
	case 4: move_lanes(copy, lanes, shared, 4); break;
	case 8: move_lanes(copy, lanes, shared, 8); break;
	default: move_lanes(copy, lanes, shared, 16); break;
	}
	return true;
}

static enum road_gpu_fault finish_lanes(struct road_gpu_warp *warp, struct road_gpu_copy *copy,
					uint32_t lanes)
{
	uint8_t data[ROAD_GPU_WARP_LANES * LANE_BYTES];
	uint32_t readers = 0;

	for (uint32_t l = 0; l < ROAD_GPU_WARP_LANES; l++)
		readers |= copy->read[l] ? lanes & 1u << l : 0;

	enum road_gpu_fault fault = read_lanes(warp, copy, readers, data);

	if (fault) {
		uint32_t l = (uint32_t)__builtin_ctz(readers);

		road_gpu_warp_fault(warp, copy->insn, fault, readers, copy->address[l],
				    copy->insn->bytes);
		return fault;
	}
	for (uint32_t left = lanes; left; left &= left - 1) {
		uint32_t l = (uint32_t)__builtin_ctz(left);
		uint8_t *to = warp->block->shared + copy->to[l];

		memcpy(to, data + l * LANE_BYTES, copy->read[l]);
		memset(to + copy->read[l], 0, copy->insn->bytes - copy->read[l]);
	}
	return ROAD_GPU_FAULT_NONE;
}

static enum road_gpu_fault finish(struct road_gpu_warp *warp, struct road_gpu_copy *copy,
				  uint32_t lanes)
{
	if (!move_whole(warp, copy, lanes)) {
		enum road_gpu_fault fault = finish_lanes(warp, copy, lanes);

		if (fault)
			return fault;
	}
	copy->lanes &= ~lanes;
	return ROAD_GPU_FAULT_NONE;
}

static void drop_finished(struct road_gpu_async *async)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < async->count; i++) {
		uint8_t which = async->order[i];

		if (!async->copy[which].lanes)
			continue;
		async->order[i] = async->order[kept];
		async->order[kept++] = which;
	}
	async->count = kept;
}

/* ---- issue ---- */

static enum road_gpu_fault check_target(const struct road_gpu_warp *warp, uint64_t to,
					uint32_t bytes)
{
	uint64_t limit = warp->block->launch->config.shared_bytes;

	if (to & (bytes - 1u))
		return ROAD_GPU_FAULT_MISALIGNED;
	return to > limit || bytes > limit - to ? ROAD_GPU_FAULT_UNMAPPED : ROAD_GPU_FAULT_NONE;
}

/* One lane of a copy; what it reads becomes part of the access. */
static enum road_gpu_fault note_lane(struct road_gpu_warp *warp, struct road_gpu_copy *copy,
				     struct road_gpu_access *access, uint32_t lane, uint64_t *where)
{
	const struct road_gpu_insn *insn = copy->insn;
	uint32_t size = insn->bytes;
	enum road_gpu_fault fault;

	if (insn->aux & ROAD_GPU_COPY_SIZED)
		size = ((const uint32_t *)road_gpu_source(warp, insn->c))[lane];
	*where = road_gpu_lane_address(warp, insn, lane);
	fault = size > insn->bytes ? ROAD_GPU_FAULT_ILLEGAL
				   : check_target(warp, *where, insn->bytes);
	if (fault)
		return fault;
	copy->to[lane] = (uint32_t)*where;
	copy->read[lane] = (uint8_t)size;
	copy->group[lane] = warp->async->group[lane];
	if (!size)
		return ROAD_GPU_FAULT_NONE;
	*where = access->address[lane] = ((const uint64_t *)road_gpu_source(warp, insn->b))[lane];
	if (*where & (insn->bytes - 1u))
		return ROAD_GPU_FAULT_MISALIGNED;
	access->mask |= 1u << lane;
	return road_gpu_access_translate(warp, access, lane);
}

/* The range that the first lane of the mask reads from, if that may be read. */
static const struct road_gpu_range *first_range(struct road_gpu_warp *warp,
						struct road_gpu_access *access, uint32_t mask)
{
	unsigned lane = (unsigned)__builtin_ctz(mask);

	access->address[lane] = ((const uint64_t *)road_gpu_source(warp, access->insn->b))[lane];
	return road_gpu_access_translate(warp, access, lane)
		       ? NULL
		       : *road_gpu_last_range(warp, access->insn);
}

/* All lanes at once, if all is well and one range holds them; false: see lane by lane. */
static bool note_rows(struct road_gpu_warp *warp, struct road_gpu_copy *copy,
		      struct road_gpu_access *access, uint32_t mask)
{
	const struct road_gpu_insn *insn = copy->insn;
	const uint64_t *from = road_gpu_source(warp, insn->b);
	const struct road_gpu_range *range;
	uint64_t shared = warp->block->launch->config.shared_bytes, bytes = insn->bytes, bad = 0;

	if (!mask || insn->aux & ROAD_GPU_COPY_SIZED || shared < bytes)
		return false;
	range = first_range(warp, access, mask);
	if (!range || range->flags & ROAD_GPU_RANGE_POISONED)
		return false;
	for (uint32_t left = mask; left; left &= left - 1) {
		uint32_t l = (uint32_t)__builtin_ctz(left);
		uint64_t to = road_gpu_lane_address(warp, insn, l), place = from[l] - range->va;

		bad |= (to | from[l]) & (bytes - 1);
		bad |= to > shared - bytes || place > range->bytes - bytes;
		copy->to[l] = (uint32_t)to;
		copy->read[l] = (uint8_t)bytes;
		copy->group[l] = warp->async->group[l];
		access->address[l] = from[l];
		access->pa[l] = range->pa + place;
		access->host[l] = range->host && !bad ? range->host + place : NULL;
		access->flags[l] = range->flags;
	}
	if (!bad)
		access->mask = mask;
	return !bad;
}

enum road_gpu_fault road_gpu_async_copy(struct road_gpu_warp *warp,
					const struct road_gpu_insn *insn, uint32_t mask,
					struct road_gpu_access *access)
{
	struct road_gpu_async *async = warp->async;
	struct road_gpu_copy *copy;
	enum road_gpu_fault fault = ROAD_GPU_FAULT_NONE;
	uint64_t where;

	if (async->count == ROAD_GPU_COPIES) {
		fault = finish(warp, copy_at(async, 0), copy_at(async, 0)->lanes);
		drop_finished(async);
	}
	access->insn = insn;
	access->mask = access->shared = access->local = 0;
	access->space = ROAD_GPU_SPACE_GLOBAL;
	access->bytes = insn->bytes;
	access->store = access->atomic = access->later = access->together = false;
	copy = copy_at(async, async->count);
	copy->insn = insn;
	copy->lanes = mask;
	copy->batch = async->batch;
	copy->even = async->even;
	copy->whole = note_rows(warp, copy, access, mask);
	for (uint32_t left = mask; left && !copy->whole && !fault; left &= left - 1) {
		uint32_t lane = (uint32_t)__builtin_ctz(left);

		fault = note_lane(warp, copy, access, lane, &where);
		if (fault)
			road_gpu_warp_fault(warp, insn, fault, 1u << lane, where, insn->bytes);
	}
	if (fault)
		return fault;
	memcpy(copy->address, access->address, sizeof(copy->address));
	memcpy(copy->pa, access->pa, sizeof(copy->pa));
	memcpy(copy->host, access->host, sizeof(copy->host));
	memcpy(copy->flags, access->flags, sizeof(copy->flags));
	async->count++;
	return ROAD_GPU_FAULT_NONE;
}

/* ---- groups ---- */

void road_gpu_async_commit(struct road_gpu_warp *warp, uint32_t mask)
{
	struct road_gpu_async *async = warp->async;

	async->batch++;
	async->even = async->even && mask == ROAD_GPU_ALL;
	for (uint32_t l = 0; l < ROAD_GPU_WARP_LANES; l++)
		async->group[l] += mask >> l & 1u;
}

/* Lanes of the mask whose last `aux` groups the copy is in. */
static uint32_t lanes_early(const struct road_gpu_async *async, const struct road_gpu_copy *copy,
			    uint32_t mask, uint32_t aux)
{
	uint32_t early = 0;

	if (aux == ROAD_GPU_COPY_ALL || !mask)
		return 0;
	if (async->even && copy->even) {
		uint32_t l = (uint32_t)__builtin_ctz(mask);

		return async->group[l] - copy->group[l] <= aux ? mask : 0;
	}
	for (uint32_t l = 0; l < ROAD_GPU_WARP_LANES; l++)
		early |= (uint32_t)(async->group[l] - copy->group[l] <= aux) << l;
	return early & mask;
}

enum road_gpu_fault road_gpu_async_wait(struct road_gpu_warp *warp,
					const struct road_gpu_insn *insn, uint32_t mask)
{
	struct road_gpu_async *async = warp->async;
	enum road_gpu_fault fault = ROAD_GPU_FAULT_NONE;

	for (uint32_t i = 0; i < async->count && !fault; i++) {
		struct road_gpu_copy *copy = copy_at(async, i);
		uint32_t due = copy->lanes & mask;

		due &= ~lanes_early(async, copy, due, insn->aux);
		if (due)
			fault = finish(warp, copy, due);
	}
	drop_finished(async);
	return fault;
}

/* ---- arrivals ---- */

/* Lanes of an arrival: their copies move, then they arrive. */
static enum road_gpu_fault perform(struct road_gpu_warp *warp, struct road_gpu_arrival *arrival,
				   uint32_t lanes)
{
	struct road_gpu_async *async = warp->async;
	enum road_gpu_fault fault = ROAD_GPU_FAULT_NONE;

	for (uint32_t i = 0; i < async->count && !fault; i++) {
		struct road_gpu_copy *copy = copy_at(async, i);

		if (copy->lanes & lanes && (int32_t)(arrival->batch - copy->batch) >= 0)
			fault = finish(warp, copy, copy->lanes & lanes);
	}
	drop_finished(async);
	for (uint32_t left = lanes; left && !fault; left &= left - 1) {
		uint32_t l = (uint32_t)__builtin_ctz(left), at = arrival->barrier[l];
		enum road_gpu_mbarrier_error error =
			road_gpu_mbarrier_arrive(warp->block->shared + at);

		if (!error)
			continue;
		fault = ROAD_GPU_FAULT_MBARRIER;
		road_gpu_warp_fault(warp, arrival->insn, fault, 1u << l, at, error);
	}
	arrival->lanes &= ~lanes;
	return fault;
}

static void drop_arrived(struct road_gpu_async *async)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < async->arrivals; i++) {
		if (!async->arrival[i].lanes)
			continue;
		if (kept != i)
			async->arrival[kept] = async->arrival[i];
		kept++;
	}
	async->arrivals = kept;
}

static bool are_there(const struct road_gpu_warp *warp, const struct road_gpu_arrival *arrival)
{
	const struct road_gpu_port *port = warp->block->launch->config.port;

	return !port || !port->landed ||
	       port->landed(port->ctx, warp->block, warp->index, arrival->batch);
}

/* The first `most` lanes that are to arrive at this barrier: if their copies are there by now, or
 * whatever there is, as the barrier goes. */
static uint32_t lanes_due(const struct road_gpu_warp *warp, const struct road_gpu_arrival *arrival,
			  uint32_t barrier, uint32_t most)
{
	uint32_t due = 0;

	if (most != ROAD_GPU_ARRIVALS_ALL && !are_there(warp, arrival))
		return 0;
	for (uint32_t left = arrival->lanes; left && most; left &= left - 1) {
		uint32_t l = (uint32_t)__builtin_ctz(left);

		if (arrival->barrier[l] != barrier)
			continue;
		due |= 1u << l;
		most--;
	}
	return due;
}

static uint32_t count_due(const struct road_gpu_block *block, uint32_t barrier)
{
	uint32_t due = 0;

	for (uint32_t w = 0; w < block->warp_count; w++) {
		const struct road_gpu_warp *warp = &block->warps[w];

		for (uint32_t i = 0; i < warp->async->arrivals; i++)
			due += road_gpu_lane_count(
				lanes_due(warp, &warp->async->arrival[i], barrier, INT32_MAX));
	}
	return due;
}

enum road_gpu_fault road_gpu_async_settle(struct road_gpu_block *block, uint32_t barrier,
					  uint32_t lacks)
{
	enum road_gpu_fault fault = ROAD_GPU_FAULT_NONE;
	uint32_t left = lacks;

	if (!block->warps[0].async ||
	    (lacks != ROAD_GPU_ARRIVALS_ALL && count_due(block, barrier) < lacks))
		return ROAD_GPU_FAULT_NONE;
	for (uint32_t w = 0; w < block->warp_count && left; w++) {
		struct road_gpu_warp *warp = &block->warps[w];

		for (uint32_t i = 0; i < warp->async->arrivals && left && !fault; i++) {
			struct road_gpu_arrival *arrival = &warp->async->arrival[i];
			uint32_t lanes = lanes_due(warp, arrival, barrier, left);

			left -= lacks == ROAD_GPU_ARRIVALS_ALL ? 0 : road_gpu_lane_count(lanes);
			fault = lanes ? perform(warp, arrival, lanes) : fault;
		}
		drop_arrived(warp->async);
	}
	return fault;
}

/* The barriers of all lanes are there, and expect them. */
static enum road_gpu_fault announce(struct road_gpu_warp *warp,
				    const struct road_gpu_access *access)
{
	bool counts = access->insn->aux != ROAD_GPU_MBARRIER_NO_INC;
	uint64_t before[ROAD_GPU_WARP_LANES];
	uint32_t done = 0;

	for (uint32_t left = access->mask; left; left &= left - 1) {
		uint32_t l = (uint32_t)__builtin_ctz(left);
		enum road_gpu_mbarrier_error error;

		memcpy(&before[l], access->host[l], sizeof(before[l]));
		error = road_gpu_mbarrier_expect(access->host[l], counts);
		done |= 1u << l;
		if (!error)
			continue;
		road_gpu_mbarrier_restore(access, done, before);
		road_gpu_warp_fault(warp, access->insn, ROAD_GPU_FAULT_MBARRIER, 1u << l,
				    access->address[l], error);
		return ROAD_GPU_FAULT_MBARRIER;
	}
	return ROAD_GPU_FAULT_NONE;
}

enum road_gpu_fault road_gpu_async_arrive(struct road_gpu_warp *warp,
					  const struct road_gpu_insn *insn, uint32_t mask,
					  struct road_gpu_access *access)
{
	struct road_gpu_async *async = warp->async;
	struct road_gpu_arrival *arrival;
	enum road_gpu_fault fault = ROAD_GPU_FAULT_NONE;

	if (mask && async->arrivals == ROAD_GPU_ARRIVALS) {
		fault = perform(warp, &async->arrival[0], async->arrival[0].lanes);
		drop_arrived(async);
	}
	if (mask && !fault)
		fault = road_gpu_mbarrier_find(warp, insn, mask, access);
	if (mask && !fault)
		fault = announce(warp, access);
	if (fault)
		return fault;
	if (mask) {
		arrival = &async->arrival[async->arrivals++];
		arrival->insn = insn;
		arrival->lanes = mask;
		arrival->batch = async->batch;
		for (uint32_t l = 0; l < ROAD_GPU_WARP_LANES; l++)
			arrival->barrier[l] = mask >> l & 1u ? (uint32_t)access->address[l] : 0;
	}
	async->batch++;
	return ROAD_GPU_FAULT_NONE;
}
