/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loads and stores that kernels do most: whole rows of 32 bits, the lanes of each half of the
 * warp side by side or all at one place. They are seen at their addresses, without a list of where
 * each lane is. Whatever else comes to these instructions is left to exec_memory.c.
 */
#include "simulators/gpu/exec_place.h"

enum { HALF = ROAD_GPU_WARP_LANES / 2, ELEMENT = 4, SPAN = HALF * ELEMENT };

enum pattern { SCATTERED, SIDE_BY_SIDE, AT_ONE_PLACE };

/* How the addresses of lanes stand to those of lanes 0 and 16. Two lanes tell what to look for. */
#define PATTERN(name, type)                                                           \
	static inline enum pattern name(const type *a)                                \
	{                                                                             \
		const type *b = a + HALF, low = a[0], high = b[0], step = a[1] - low; \
		type apart = 0, stepping = step ? (type)-1 : 0;                       \
                                                                                      \
		if (step && step != ELEMENT)                                          \
			return SCATTERED;                                             \
		for (type l = 0; l < HALF; l++) {                                     \
			type by = l * ELEMENT & stepping;                             \
                                                                                      \
			apart |= (a[l] ^ (low + by)) | (b[l] ^ (high + by));          \
		}                                                                     \
		return apart ? SCATTERED : step ? SIDE_BY_SIDE : AT_ONE_PLACE;        \
	}

PATTERN(pattern_of_words, uint32_t)
PATTERN(pattern_of_pairs, uint64_t)

/* Where both halves are, if each lies wholly in memory and is aligned. */
struct place {
	uint8_t *low, *high;
};

static inline bool in_shared(struct road_gpu_warp *warp, const struct road_gpu_insn *insn,
			     uint32_t bytes, struct place *out)
{
	const uint32_t *a = road_gpu_source(warp, insn->a);
	uint32_t limit = warp->block->launch->config.shared_bytes;
	uint32_t low = a[0] + (uint32_t)insn->imm, high = a[HALF] + (uint32_t)insn->imm;

	if (limit < bytes || low > limit - bytes || high > limit - bytes ||
	    (low | high) & (ELEMENT - 1))
		return false;
	*out = (struct place){warp->block->shared + low, warp->block->shared + high};
	return true;
}

static inline bool in_global(struct road_gpu_warp *warp, const struct road_gpu_insn *insn,
			     uint32_t bytes, struct place *out)
{
	const struct road_gpu_port *port = warp->block->launch->config.port;
	const uint64_t *a = road_gpu_source(warp, insn->a);
	const struct road_gpu_range *range = *road_gpu_last_range(warp, insn);
	uint64_t low = a[0] + (uint64_t)(int64_t)insn->imm;
	uint64_t high = a[HALF] + (uint64_t)(int64_t)insn->imm;
	uint32_t rights = rights_of(insn);

	if ((port && (port->load || port->store)) || !road_gpu_range_holds(range, low, bytes) ||
	    !road_gpu_range_holds(range, high, bytes) || (low | high) & (ELEMENT - 1) ||
	    (range->flags & rights) != rights || !range->host)
		return false;
	*out = (struct place){range->host + (low - range->va), range->host + (high - range->va)};
	return true;
}

/* Loops, not memcpy: what reads the row next does so in the same large pieces, or the host has to
 * wait until the smaller ones have left its store buffer. */
static inline void load_half(uint32_t *row, const uint8_t *from)
{
	const any_u32 *values = (const any_u32 *)from;

#pragma GCC ivdep
	for (unsigned l = 0; l < HALF; l++)
		row[l] = values[l];
}

static inline void store_half(uint8_t *to, const uint32_t *row)
{
	any_u32 *values = (any_u32 *)to;

#pragma GCC ivdep
	for (unsigned l = 0; l < HALF; l++)
		values[l] = row[l];
}

static inline void load_row(uint32_t *row, const struct place *from, bool one_place)
{
	if (!one_place) {
		load_half(row, from->low);
		load_half(row + HALF, from->high);
		return;
	}
	uint32_t first = *(const any_u32 *)from->low, second = *(const any_u32 *)from->high;

	for (unsigned l = 0; l < HALF; l++)
		row[l] = first;
	for (unsigned l = 0; l < HALF; l++)
		row[HALF + l] = second;
}

static __attribute__((noinline)) void x_memory(struct road_gpu_warp *warp,
					       const struct road_gpu_insn *insn, uint32_t mask)
{
	EXEC_NAME(road_gpu_exec_memory)(warp, insn, mask);
}

#define ROWS32(space, address, pattern_of)                                                        \
	static void x_load_##space(struct road_gpu_warp *warp, const struct road_gpu_insn *insn,  \
				   uint32_t mask)                                                 \
	{                                                                                         \
		const address *a = road_gpu_source(warp, insn->a);                                \
		enum pattern pattern = mask == ROAD_GPU_ALL ? pattern_of(a) : SCATTERED;          \
		bool one_place = pattern == AT_ONE_PLACE;                                         \
		struct place place;                                                               \
                                                                                                  \
		if (pattern != SCATTERED &&                                                       \
		    in_##space(warp, insn, one_place ? ELEMENT : SPAN, &place))                   \
			load_row(road_gpu_target(warp, insn->d), &place, one_place);              \
		else                                                                              \
			x_memory(warp, insn, mask);                                               \
	}                                                                                         \
                                                                                                  \
	static void x_store_##space(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, \
				    uint32_t mask)                                                \
	{                                                                                         \
		const address *a = road_gpu_source(warp, insn->a);                                \
		const uint32_t *row = road_gpu_source(warp, insn->b);                             \
		struct place place;                                                               \
                                                                                                  \
		if (mask == ROAD_GPU_ALL && pattern_of(a) == SIDE_BY_SIDE &&                      \
		    in_##space(warp, insn, SPAN, &place)) {                                       \
			store_half(place.low, row); /* the higher lanes win */                    \
			store_half(place.high, row + HALF);                                       \
		} else {                                                                          \
			x_memory(warp, insn, mask);                                               \
		}                                                                                 \
	}

ROWS32(shared, uint32_t, pattern_of_words)
ROWS32(global, uint64_t, pattern_of_pairs)

/* An argument: the same in all lanes. */
static void x_load_argument(struct road_gpu_warp *warp, const struct road_gpu_insn *insn,
			    uint32_t mask)
{
	const struct road_gpu_launch *launch = warp->block->launch;
	uint32_t bytes = launch->config.code->desc.param_bytes, at = (uint32_t)insn->imm;

	if (mask != ROAD_GPU_ALL || bytes < insn->bytes || at > bytes - insn->bytes ||
	    at & (insn->bytes - 1u)) {
		x_memory(warp, insn, mask);
	} else if (insn->bytes == 4) {
		uint32_t *row = road_gpu_target(warp, insn->d);
		uint32_t value = *(const any_u32 *)(launch->params + at);

		LANES(l) row[l] = value;
	} else {
		uint64_t *row = road_gpu_target(warp, insn->d);
		uint64_t value = *(const any_u64 *)(launch->params + at);

		LANES(l) row[l] = value;
	}
}

road_gpu_exec_fn EXEC_NAME(road_gpu_exec_rows32)(const struct road_gpu_insn *insn)
{
	bool store = insn->kind == ROAD_GPU_KIND_STORE;
	bool narrow = insn->form & ROAD_GPU_FORM_ADDR32;

	if (store ? insn->op != ROAD_GPU_OP_st_b32
		  : insn->op != ROAD_GPU_OP_ld_b32 && insn->op != ROAD_GPU_OP_ld_b64)
		return x_memory;
	if (!store && insn->space == ROAD_GPU_SPACE_PARAM && insn->a == ROAD_GPU_BANK_MASK)
		return x_load_argument;
	if (insn->bytes != ELEMENT)
		return x_memory;
	if (insn->space == ROAD_GPU_SPACE_SHARED && narrow)
		return store ? x_store_shared : x_load_shared;
	if (insn->space == ROAD_GPU_SPACE_GLOBAL && !narrow)
		return store ? x_store_global : x_load_global;
	return x_memory;
}

/* Conditional branches are foretold better than targets of calls. */
void EXEC_NAME(road_gpu_exec_row)(struct road_gpu_warp *warp, const struct road_gpu_insn *insn,
				  uint32_t mask)
{
	if (insn->exec == x_load_global)
		x_load_global(warp, insn, mask);
	else if (insn->exec == x_store_global)
		x_store_global(warp, insn, mask);
	else if (insn->exec == x_load_shared)
		x_load_shared(warp, insn, mask);
	else if (insn->exec == x_store_shared)
		x_store_shared(warp, insn, mask);
	else if (insn->exec == x_load_argument)
		x_load_argument(warp, insn, mask);
	else
		x_memory(warp, insn, mask);
}
