/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads and stores of a whole warp where nothing is in the way: no port, one range (or shared or
 * parameter memory) that holds all lanes, all aligned. Whatever else there is goes lane by lane
 * through access.c, which also finds out what fault it is.
 */
#include "simulators/gpu/exec_rows.h"

/* Lanes that do not take part get the address of one that does, so all may be read. */
struct span {
	uint64_t address[ROAD_GPU_WARP_LANES] ROAD_SIM_ROW;
	uint64_t first;
	bool contiguous;          /* lane l at first + l * bytes */
	bool uniform;             /* all at first */
	uint64_t low, high, bits; /* smallest, largest, or of all addresses */
};

static inline void form_addresses(const struct road_gpu_warp *warp,
				  const struct road_gpu_insn *insn, uint32_t mask,
				  struct span *span)
{
	uint64_t *address = span->address;

	if (insn->form & ROAD_GPU_FORM_ADDR32) {
		const uint32_t *a = road_gpu_source(warp, insn->a);
		uint32_t offset = (uint32_t)insn->imm;

		LANES(l) address[l] = (uint32_t)(a[l] + offset);
	} else {
		const uint64_t *a = road_gpu_source(warp, insn->a);
		uint64_t offset = (uint64_t)(int64_t)insn->imm;

		LANES(l) address[l] = a[l] + offset;
	}
	span->first = address[__builtin_ctz(mask)];
	if (mask != ROAD_GPU_ALL) {
		uint64_t first = span->first;

		LANES(l) address[l] = mask & exec_wide_bit[l] ? address[l] : first;
	}
}

static inline void scatter_bounds(struct span *span)
{
	const uint64_t *address = span->address;
	uint64_t low = UINT64_MAX, high = 0, bits = 0;

	LANES(l)
	{
		low = address[l] < low ? address[l] : low;
		high = address[l] > high ? address[l] : high;
		bits |= address[l];
	}
	span->low = low;
	span->high = high;
	span->bits = bits;
}

static inline void measure(struct span *span, uint64_t bytes)
{
	const uint64_t *address = span->address;
	uint64_t first = span->first, apart = 0, different = 0;

	LANES(l)
	{
		apart |= address[l] ^ (first + (uint64_t)l * bytes);
		different |= address[l] ^ first;
	}
	span->contiguous = !apart;
	span->uniform = !different;
	span->low = span->high = span->bits = first;
	if (!apart)
		span->high = first + 31u * bytes;
	else if (different)
		scatter_bounds(span);
}

static uint8_t *in_range(struct road_gpu_warp *warp, uint64_t low, uint64_t bytes, bool store)
{
	const struct road_gpu_launch_config *config = &warp->block->launch->config;
	const struct road_gpu_range *range = warp->last;

	if (!road_gpu_range_holds(range, low, bytes)) {
		range = road_gpu_ranges_find(config->ranges, low);
		if (!road_gpu_range_holds(range, low, bytes))
			return NULL;
		warp->last = range;
	}
	if (!(range->flags & (store ? ROAD_GPU_SEGMENT_WRITE : ROAD_GPU_SEGMENT_READ)) ||
	    !range->host)
		return NULL;
	return range->host + (low - range->va);
}

static uint8_t *in_shared(struct road_gpu_warp *warp, uint64_t low, uint64_t bytes)
{
	uint64_t limit = warp->block->launch->config.shared_bytes;

	return low <= limit && bytes <= limit - low ? warp->block->shared + low : NULL;
}

/* Where the lowest address lies in host memory, or NULL. */
static uint8_t *resolve(struct road_gpu_warp *warp, const struct road_gpu_insn *insn,
			const struct span *span)
{
	const struct road_gpu_launch *launch = warp->block->launch;
	uint64_t bytes = span->high - span->low + insn->bytes;
	bool store = insn->kind == ROAD_GPU_KIND_STORE;
	uint8_t *host;

	if (span->bits & (insn->bytes - 1u) || bytes < insn->bytes)
		return NULL;
	switch (insn->space) {
	case ROAD_GPU_SPACE_GLOBAL:
	case ROAD_GPU_SPACE_CONST: return in_range(warp, span->low, bytes, store);
	case ROAD_GPU_SPACE_SHARED: return in_shared(warp, span->low, bytes);
	case ROAD_GPU_SPACE_PARAM:
		if (span->low > launch->config.code->desc.param_bytes ||
		    bytes > launch->config.code->desc.param_bytes - span->low)
			return NULL;
		return launch->params + span->low;
	case ROAD_GPU_SPACE_GENERIC: /* no range lies in a window */
		host = in_range(warp, span->low, bytes, store);
		if (host || span->low < ROAD_GPU_SHARED_WINDOW)
			return host;
		return in_shared(warp, span->low - ROAD_GPU_SHARED_WINDOW, bytes);
	default: return NULL;
	}
}

/* Element number `part` of each lane's group, from memory to a row. */
#define LOAD(name, type, row_type)                                                                 \
	static inline void load_##name(const struct span *span, const uint8_t *host, void *target, \
				       uint32_t mask, unsigned part, unsigned stride)              \
	{                                                                                          \
		row_type row[ROAD_GPU_WARP_LANES] ROAD_SIM_ROW;                                    \
		uint64_t low = span->low;                                                          \
		type value;                                                                        \
                                                                                                   \
		host += part * sizeof(type);                                                       \
		if (span->contiguous && stride == 1 && sizeof(type) == sizeof(row_type) &&         \
		    mask == ROAD_GPU_ALL) {                                                        \
			memcpy(target, host, sizeof(row));                                         \
			return;                                                                    \
		}                                                                                  \
		if (span->uniform) {                                                               \
			memcpy(&value, host, sizeof(value));                                       \
			LANES(l) row[l] = (row_type)value;                                         \
		} else {                                                                           \
			for (unsigned l = 0; l < ROAD_GPU_WARP_LANES; l++) {                       \
				memcpy(&value, host + (span->address[l] - low), sizeof(value));    \
				row[l] = (row_type)value;                                          \
			}                                                                          \
		}                                                                                  \
		exec_put(target, row, sizeof(row_type), mask);                                     \
	}

LOAD(u8, uint8_t, uint32_t)
LOAD(s8, int8_t, int32_t)
LOAD(u16, uint16_t, uint32_t)
LOAD(s16, int16_t, int32_t)
LOAD(u32, uint32_t, uint32_t)
LOAD(u64, uint64_t, uint64_t)

static void load(const struct road_gpu_insn *insn, const struct span *span, const uint8_t *host,
		 uint8_t *target, uint32_t mask)
{
	switch (insn->op) {
	case ROAD_GPU_OP_ld_u8: load_u8(span, host, target, mask, 0, 1); break;
	case ROAD_GPU_OP_ld_s8: load_s8(span, host, target, mask, 0, 1); break;
	case ROAD_GPU_OP_ld_u16: load_u16(span, host, target, mask, 0, 1); break;
	case ROAD_GPU_OP_ld_s16: load_s16(span, host, target, mask, 0, 1); break;
	case ROAD_GPU_OP_ld_b32: load_u32(span, host, target, mask, 0, 1); break;
	case ROAD_GPU_OP_ld_b64: load_u64(span, host, target, mask, 0, 1); break;
	case ROAD_GPU_OP_ld_v2_b64:
		for (unsigned i = 0; i < 2; i++)
			load_u64(span, host, target + i * 2 * ROAD_GPU_ROW_BYTES, mask, i, 2);
		break;
	default: /* v2, v4 of b32 */
		for (unsigned i = 0; i < insn->bytes / 4u; i++)
			load_u32(span, host, target + i * ROAD_GPU_ROW_BYTES, mask, i, 2);
		break;
	}
}

/* Lanes in ascending order: of two that write the same byte the higher one wins. */
#define STORE(name, type, row_type)                                                        \
	static inline void store_##name(const struct span *span, uint8_t *host,            \
					const void *source, uint32_t mask, unsigned part,  \
					unsigned stride)                                   \
	{                                                                                  \
		const row_type *row = source;                                              \
                                                                                           \
		host += part * sizeof(type);                                               \
		if (span->contiguous && stride == 1 && sizeof(type) == sizeof(row_type) && \
		    mask == ROAD_GPU_ALL) {                                                \
			memcpy(host, row, ROAD_GPU_WARP_LANES * sizeof(type));             \
			return;                                                            \
		}                                                                          \
		for (unsigned l = 0; l < ROAD_GPU_WARP_LANES; l++) {                       \
			type value = (type)row[l];                                         \
                                                                                           \
			if (mask >> l & 1u)                                                \
				memcpy(host + (span->address[l] - span->low), &value,      \
				       sizeof(value));                                     \
		}                                                                          \
	}

STORE(u8, uint8_t, uint32_t)
STORE(u16, uint16_t, uint32_t)
STORE(u32, uint32_t, uint32_t)
STORE(u64, uint64_t, uint64_t)

static void store(const struct road_gpu_insn *insn, const struct span *span, uint8_t *host,
		  const uint8_t *source, uint32_t mask)
{
	switch (insn->op) {
	case ROAD_GPU_OP_st_b8: store_u8(span, host, source, mask, 0, 1); break;
	case ROAD_GPU_OP_st_b16: store_u16(span, host, source, mask, 0, 1); break;
	case ROAD_GPU_OP_st_b32: store_u32(span, host, source, mask, 0, 1); break;
	case ROAD_GPU_OP_st_b64: store_u64(span, host, source, mask, 0, 1); break;
	case ROAD_GPU_OP_st_v2_b64:
		for (unsigned i = 0; i < 2; i++)
			store_u64(span, host, source + i * 2 * ROAD_GPU_ROW_BYTES, mask, i, 2);
		break;
	default:
		for (unsigned i = 0; i < insn->bytes / 4u; i++)
			store_u32(span, host, source + i * ROAD_GPU_ROW_BYTES, mask, i, 2);
		break;
	}
}

/* Local memory at one offset: rows as they are (this is what spilled registers do). */
static bool move_local(struct road_gpu_warp *warp, const struct road_gpu_insn *insn,
		       const struct span *span, uint32_t mask)
{
	uint64_t limit = warp->block->launch->config.local_bytes;
	uint8_t *memory;

	if (!span->uniform || insn->bytes < 4 || span->first & (insn->bytes - 1u) ||
	    span->first > limit || insn->bytes > limit - span->first)
		return false;
	if (insn->op != ROAD_GPU_OP_ld_b32 && insn->op != ROAD_GPU_OP_st_b32)
		return false;
	memory = warp->local + road_gpu_local_at(0, span->first);
	if (insn->kind == ROAD_GPU_KIND_LOAD)
		exec_put(road_gpu_target(warp, insn->d), memory, 4, mask);
	else
		exec_put(memory, road_gpu_source(warp, insn->b), 4, mask);
	return true;
}

enum road_gpu_fault EXEC_NAME(road_gpu_exec_memory)(struct road_gpu_warp *warp,
						    const struct road_gpu_insn *insn, uint32_t mask)
{
	const struct road_gpu_port *port = warp->block->launch->config.port;
	struct road_gpu_access access;
	struct span span;
	uint8_t *host;

	form_addresses(warp, insn, mask, &span);
	measure(&span, insn->bytes);
	if (insn->space == ROAD_GPU_SPACE_LOCAL) {
		if (move_local(warp, insn, &span, mask))
			return ROAD_GPU_FAULT_NONE;
	} else if (!port || !(port->load || port->store)) {
		host = resolve(warp, insn, &span);
		if (host && insn->kind == ROAD_GPU_KIND_LOAD) {
			load(insn, &span, host, road_gpu_target(warp, insn->d), mask);
			return ROAD_GPU_FAULT_NONE;
		}
		if (host) {
			store(insn, &span, host, road_gpu_source(warp, insn->b), mask);
			return ROAD_GPU_FAULT_NONE;
		}
	}
	return road_gpu_access_run(warp, insn, mask, &access);
}
