/* SPDX-License-Identifier: Apache-2.0 */
/* MOVE: strided transfers between global memory and scratchpads, up to four dimensions. */
#include "simulators/dsa/internal.h"

#include <string.h>

#include "simulators/dsa/hazard.h"

#define BURSTS_MAX (UINT64_C(1) << 20)
#define BYTES_MAX  (UINT64_C(1) << 26)

struct shape {
	uint64_t bytes, zero; /* of a burst; written behind it */
	uint64_t count[3];
	int64_t from[3], to[3]; /* bytes from burst to burst */
	uint64_t bursts;
	uint32_t element;
	bool transpose;
};

/* How far accesses reach on one side of where it starts. */
struct extent {
	int64_t low;
	uint64_t bytes;
};

static const struct route {
	uint8_t from, to; /* enum road_dsa_pad; ROAD_DSA_PADS: global */
	size_t path;      /* in struct road_dsa_params */
} routes[ROAD_DSA_OPS] = {
#define ROUTE(from, to, path)                                    \
	{                                                        \
		from, to, offsetof(struct road_dsa_params, path) \
	}
	[ROAD_DSA_OP_move_l1] = ROUTE(ROAD_DSA_PADS, ROAD_DSA_PAD_L1, gm_l1),
	[ROAD_DSA_OP_move_ub] = ROUTE(ROAD_DSA_PADS, ROAD_DSA_PAD_UB, gm_ub),
	[ROAD_DSA_OP_store_ub] = ROUTE(ROAD_DSA_PAD_UB, ROAD_DSA_PADS, ub_gm),
	[ROAD_DSA_OP_store_l1] = ROUTE(ROAD_DSA_PAD_UB, ROAD_DSA_PAD_L1, ub_l1),
#undef ROUTE
};

static const struct road_dsa_path *path_of(const struct dsa_core *core, const struct route *route)
{
	return (const struct road_dsa_path *)((const char *)core->params + route->path);
}

static bool wrong(struct dsa_core *core, uint64_t value)
{
	return dsa_fault(core, ROAD_DSA_FAULT_SHAPE, ROAD_DSA_PADS, 0, value);
}

/* ---- the shape ---- */

static bool read_counts(struct dsa_core *core, const struct dsa_entry *entry, struct shape *s)
{
	uint32_t dims = (uint32_t)entry->word->imm;

	s->bursts = 1;
	for (uint32_t i = 0; i < 3; i++) {
		s->count[i] = i + 1 < dims ? entry->b[1] >> 16 * i & 0xffffu : 1;
		s->from[i] = i + 1 < dims ? (int32_t)dsa_low(entry->b[2 + i]) : 0;
		s->to[i] = i + 1 < dims ? (int32_t)dsa_high(entry->b[2 + i]) : 0;
		s->bursts *= s->count[i];
	}
	if (dims > 1 && entry->b[1] >> 16 * (dims - 1))
		return wrong(core, entry->b[1]); /* counts of dimensions that there are not */
	return true;
}

static bool read_shape(struct dsa_core *core, const struct dsa_entry *entry, struct shape *s)
{
	s->bytes = dsa_low(entry->b[0]);
	s->zero = dsa_high(entry->b[0]);
	s->element = dsa_type_bytes(entry->word->type);
	s->transpose = entry->word->mods & ROAD_DSA_MOD_TRANSPOSE;
	if (!read_counts(core, entry, s))
		return false;
	if (!s->bytes || (s->transpose && (s->zero || s->bytes % s->element)))
		return wrong(core, entry->b[0]);
	if (!s->bursts || s->bursts > BURSTS_MAX)
		return wrong(core, entry->b[1]);
	if (s->bursts * (s->bytes + s->zero) > BYTES_MAX)
		return wrong(core, entry->b[0]);
	return true;
}

static struct extent extent_of(const struct shape *s, const int64_t *stride, uint64_t bytes)
{
	struct extent extent = {0, bytes};

	for (uint32_t i = 0; i < 3; i++) {
		int64_t reach = (int64_t)(s->count[i] - 1) * stride[i];

		extent.low += reach < 0 ? reach : 0;
		extent.bytes += (uint64_t)(reach < 0 ? -reach : reach);
	}
	return extent;
}

/* Burst r of n elements becomes column r: n lines of `bursts` elements. */
static struct extent extent_transposed(const struct shape *s)
{
	int64_t reach = (int64_t)(s->bytes / s->element - 1) * s->to[0];
	struct extent extent = {reach < 0 ? reach : 0, s->bursts * s->element};

	extent.bytes += (uint64_t)(reach < 0 ? -reach : reach);
	return extent;
}

/* ---- its sides ---- */

struct side {
	uint8_t *at;   /* of what the register names, not of the lowest byte */
	uint64_t base; /* offset in the scratchpad */
	uint32_t pad;
	struct dsa_piece piece;
	int64_t low; /* of the piece's first byte, from the base */
};

static bool open_pad(struct dsa_core *core, struct side *side, uint64_t address,
		     const int64_t *stride, struct extent extent, bool write)
{
	uint64_t low = address + (uint64_t)extent.low;
	uint8_t *at;

	for (uint32_t i = 0; i < 3; i++)
		if (stride[i] % ROAD_DSA_ALIGN)
			return dsa_fault(core, ROAD_DSA_FAULT_MISALIGNED, side->pad,
					 (uint64_t)stride[i], ROAD_DSA_ALIGN);
	at = dsa_pad(core, side->pad, low, extent.bytes, ROAD_DSA_ALIGN, write);
	side->at = at ? at - extent.low : NULL;
	side->base = address;
	return at;
}

static bool open_side(struct dsa_core *core, struct side *side, uint64_t address,
		      const int64_t *stride, struct extent extent, bool write)
{
	if (side->pad != ROAD_DSA_PADS)
		return open_pad(core, side, address, stride, extent, write);
	if (!dsa_global(core, address + (uint64_t)extent.low, extent.bytes, write, &side->piece))
		return false;
	side->at = side->piece.host - extent.low;
	side->low = extent.low;
	return true;
}

static void note_access(struct dsa_core *core, const struct side *side, int64_t offset,
			uint64_t bytes, bool write)
{
	if (!dsa_watched(core))
		return;
	if (side->pad == ROAD_DSA_PADS)
		dsa_touch(core, &side->piece, (uint64_t)(offset - side->low), bytes, write);
	else
		dsa_hazards_pad(core->hazards, side->pad, side->base + (uint64_t)offset, bytes,
				write);
}

/* ---- data ---- */

static void copy_element(uint8_t *to, const uint8_t *from, uint32_t bytes)
{
	for (uint32_t i = 0; i < bytes; i++)
		to[i] = from[i];
}

static void move_transposed(struct dsa_core *core, const struct shape *s, const struct side *from,
			    const struct side *to)
{
	uint64_t elements = s->bytes / s->element;

	for (uint64_t r = 0; r < s->bursts; r++) {
		const uint8_t *source = from->at + (int64_t)r * s->from[0];

		note_access(core, from, (int64_t)r * s->from[0], s->bytes, false);
		for (uint64_t c = 0; c < elements; c++)
			copy_element(to->at + (int64_t)c * s->to[0] + r * s->element,
				     source + c * s->element, s->element);
	}
	for (uint64_t c = 0; c < elements; c++)
		note_access(core, to, (int64_t)c * s->to[0], s->bursts * s->element, true);
}

static void move_burst(struct dsa_core *core, const struct shape *s, const struct side *from,
		       const struct side *to, int64_t source, int64_t target)
{
	memcpy(to->at + target, from->at + source, s->bytes);
	if (s->zero)
		memset(to->at + target + s->bytes, 0, s->zero);
	note_access(core, from, source, s->bytes, false);
	note_access(core, to, target, s->bytes + s->zero, true);
}

static void move_bursts(struct dsa_core *core, const struct shape *s, const struct side *from,
			const struct side *to)
{
	for (uint64_t i = 0; i < s->bursts; i++) {
		uint64_t x = i % s->count[0], y = i / s->count[0] % s->count[1];
		uint64_t z = i / s->count[0] / s->count[1];
		int64_t source =
			(int64_t)x * s->from[0] + (int64_t)y * s->from[1] + (int64_t)z * s->from[2];
		int64_t target =
			(int64_t)x * s->to[0] + (int64_t)y * s->to[1] + (int64_t)z * s->to[2];

		move_burst(core, s, from, to, source, target);
	}
}

/* ---- time ---- */

/* Shared memory sees a row of bursts for each step of the outer dimensions. */
static void cost_global(struct dsa_core *core, const struct shape *s,
			const struct road_dsa_path *path, const struct side *side, bool write)
{
	const int64_t *stride = write ? s->to : s->from;
	uint64_t bytes = write ? s->bytes + s->zero : s->bytes, bursts = s->count[0];
	int64_t inner = stride[0];

	if (!core->timed)
		return;
	if (write && s->transpose) {
		bytes = s->bursts * s->element;
		bursts = s->bytes / s->element;
	}
	for (uint64_t i = 0; i < s->count[1] * s->count[2]; i++) {
		int64_t offset = (int64_t)(i % s->count[1]) * stride[1] +
				 (int64_t)(i / s->count[1]) * stride[2];
		struct dsa_piece piece = side->piece;

		piece.pa += (uint64_t)(offset - side->low);
		dsa_cost_global(core, path, &piece, bytes, bursts, inner, write);
	}
}

bool dsa_exec_move(struct dsa_core *core, const struct dsa_entry *entry)
{
	const struct route *route = &routes[entry->word->op];
	const struct road_dsa_path *path = path_of(core, route);
	struct side from = {.pad = route->from}, to = {.pad = route->to};
	struct extent reads, writes;
	struct shape s;

	if (!read_shape(core, entry, &s))
		return false;
	reads = extent_of(&s, s.from, s.bytes);
	writes = s.transpose ? extent_transposed(&s) : extent_of(&s, s.to, s.bytes + s.zero);
	if (!open_side(core, &from, entry->a, s.from, reads, false) ||
	    !open_side(core, &to, entry->d, s.to, writes, true))
		return false;
	if (s.transpose)
		move_transposed(core, &s, &from, &to);
	else
		move_bursts(core, &s, &from, &to);
	dsa_cost_move(core, path, s.bursts, s.bytes);
	if (from.pad == ROAD_DSA_PADS)
		cost_global(core, &s, path, &from, false);
	if (to.pad == ROAD_DSA_PADS)
		cost_global(core, &s, path, &to, true);
	return true;
}
