/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the lanes of a load, store or atomic are, if one piece of memory (a range, shared memory,
 * the arguments) holds them all, each aligned. Only for the files that are built per variant.
 */
#ifndef SIMULATORS_GPU_EXEC_PLACE_H
#define SIMULATORS_GPU_EXEC_PLACE_H

#include "simulators/gpu/exec_rows.h"

#define OFFSET_MAX 0x7fffffffu /* gathers take signed 32-bit offsets */

/* Values in simulated memory: any type, any alignment on the host. */
typedef uint8_t any_u8 __attribute__((may_alias, aligned(1)));
typedef int8_t any_s8 __attribute__((may_alias, aligned(1)));
typedef uint16_t any_u16 __attribute__((may_alias, aligned(1)));
typedef int16_t any_s16 __attribute__((may_alias, aligned(1)));
typedef uint32_t any_u32 __attribute__((may_alias, aligned(1)));
typedef uint64_t any_u64 __attribute__((may_alias, aligned(1)));

/* A piece of memory: its first byte is at address `start`. */
struct window {
	uint64_t start, bytes;
	struct road_gpu_piece piece;
};

/* What an instruction has to be allowed. */
static inline uint32_t rights_of(const struct road_gpu_insn *insn)
{
	switch (insn->kind) {
	case ROAD_GPU_KIND_ATOMIC: return ROAD_GPU_SEGMENT_READ | ROAD_GPU_SEGMENT_WRITE;
	case ROAD_GPU_KIND_STORE: return ROAD_GPU_SEGMENT_WRITE;
	default: return ROAD_GPU_SEGMENT_READ;
	}
}

static inline struct window window_of_range(struct road_gpu_warp *warp,
					    const struct road_gpu_insn *insn, uint64_t address)
{
	const struct road_gpu_range **last = road_gpu_last_range(warp, insn), *range = *last;
	uint32_t rights = rights_of(insn);
	struct window window = {0};
	uint64_t skip;

	if (!road_gpu_range_holds(range, address, 1)) {
		range = road_gpu_ranges_find(warp->block->launch->config.ranges, address);
		if (!range)
			return window;
		*last = range;
	}
	if ((range->flags & rights) != rights || !range->host)
		return window;
	window = (struct window){range->va, range->bytes, {range->host, range->pa, range->flags}};
	if (window.bytes > OFFSET_MAX) { /* the part around the address */
		skip = address - range->va > OFFSET_MAX / 2 ? address - range->va - OFFSET_MAX / 2
							    : 0;
		window.piece.host += skip;
		window.piece.pa += skip;
		window.start += skip;
		window.bytes = range->bytes - skip < OFFSET_MAX ? range->bytes - skip : OFFSET_MAX;
	}
	return window;
}

/* The memory that one lane's address lies in; host NULL: go lane by lane. */
static inline struct window find_window(struct road_gpu_warp *warp,
					const struct road_gpu_insn *insn, uint64_t address)
{
	const struct road_gpu_launch *launch = warp->block->launch;

	switch (insn->space) {
	case ROAD_GPU_SPACE_SHARED:
		return (struct window){0, launch->config.shared_bytes, {warp->block->shared, 0, 0}};
	case ROAD_GPU_SPACE_PARAM:
		return (struct window){
			0, launch->config.code->desc.param_bytes, {launch->params, 0, 0}};
	case ROAD_GPU_SPACE_LOCAL: return (struct window){0};
	case ROAD_GPU_SPACE_GENERIC: /* no range lies in a window */
		if (address - ROAD_GPU_SHARED_WINDOW < ROAD_GPU_WINDOW_BYTES)
			return (struct window){ROAD_GPU_SHARED_WINDOW,
					       launch->config.shared_bytes,
					       {warp->block->shared, 0, 0}};
		return window_of_range(warp, insn, address);
	default: return window_of_range(warp, insn, address);
	}
}

/* Offsets of all lanes; false if one is not wholly in the window, or not aligned. */
static inline bool place_wide(const struct window *window, const uint64_t *a, uint64_t imm,
			      uint64_t bytes, uint64_t first, uint32_t mask,
			      struct road_gpu_lanes *lanes)
{
	uint64_t last = window->bytes - bytes, start = window->start, apart = 0, bad = 0;
	int32_t *offset = lanes->offset;

	if (mask == ROAD_GPU_ALL) {
		LANES(l)
		{
			uint64_t address = a[l] + imm, place = address - start;

			bad |= (place > last ? UINT64_MAX : 0) | (address & (bytes - 1));
			apart |= address ^ (first + (uint64_t)l * bytes);
			offset[l] = (int32_t)place;
		}
		lanes->contiguous = !apart;
		return !bad;
	}
	LANES(l)
	{
		uint64_t address = mask & exec_wide_bit[l] ? a[l] + imm : first;
		uint64_t place = address - start;

		bad |= (place > last ? UINT64_MAX : 0) | (address & (bytes - 1));
		offset[l] = (int32_t)place;
	}
	lanes->contiguous = false;
	return !bad;
}

/* The same with 32-bit addresses, in windows that start at 0. */
static inline bool place_narrow(const struct window *window, const uint32_t *a, uint32_t imm,
				uint32_t bytes, uint32_t first, uint32_t mask,
				struct road_gpu_lanes *lanes)
{
	uint32_t last = (uint32_t)window->bytes - bytes, apart = 0, bad = 0;
	int32_t *offset = lanes->offset;

	LANES(l)
	{
		uint32_t address = mask & exec_bit[l] ? a[l] + imm : first;

		bad |= (address > last ? UINT32_MAX : 0) | (address & (bytes - 1));
		apart |= address ^ (first + (uint32_t)l * bytes);
		offset[l] = (int32_t)address;
	}
	lanes->contiguous = !apart;
	return !bad;
}

static inline bool place_lanes(const struct road_gpu_warp *warp, const struct road_gpu_insn *insn,
			       const struct window *window, uint64_t first, uint32_t mask,
			       struct road_gpu_lanes *lanes)
{
	const void *a = road_gpu_source(warp, insn->a);

	if (window->bytes < insn->bytes)
		return false;
	if (insn->form & ROAD_GPU_FORM_ADDR32 && !window->start && window->bytes <= OFFSET_MAX)
		return place_narrow(window, a, (uint32_t)insn->imm, insn->bytes, (uint32_t)first,
				    mask, lanes);
	if (insn->form & ROAD_GPU_FORM_ADDR32)
		return false;
	return place_wide(window, a, (uint64_t)(int64_t)insn->imm, insn->bytes, first, mask, lanes);
}

#endif
