/* SPDX-License-Identifier: Apache-2.0 */
/* FIX: what the cube left in L0C, scaled, clipped, converted, and put where it is wanted. */
#include "simulators/dsa/internal.h"

#include <string.h>

#include "simulators/dsa/hazard.h"
#include "simulators/dsa/rows.h"
#include "simulators/numbers/elements.h"

enum { SIDE = 16, ROW = ROAD_DSA_ALIGN, RESULT = 1024 };

struct shape {
	uint64_t m, n;
	uint64_t pitch; /* bytes from row to row, or P of an NZ matrix */
	uint64_t rows1; /* M1 of L0C */
	uint32_t element;
	uint64_t row_bytes;
	float factor;
};

struct target {
	uint8_t *at;
	bool nz, global;
	uint32_t pad;
	uint64_t rows, blocks; /* of an NZ matrix, padding included */
	struct dsa_piece piece;
	const struct road_dsa_path *path;
};

static bool wrong(struct dsa_core *core, uint64_t value)
{
	return dsa_fault(core, ROAD_DSA_FAULT_SHAPE, ROAD_DSA_PADS, 0, value);
}

static bool read_shape(struct dsa_core *core, const struct dsa_entry *entry, struct shape *s)
{
	uint64_t pad = core->params->pad_bytes[ROAD_DSA_PAD_L0C];
	bool quant = entry->word->mods & ROAD_DSA_MOD_QUANT;

	s->m = dsa_low(entry->b[0]);
	s->n = dsa_high(entry->b[0]);
	s->pitch = dsa_low(entry->b[1]);
	s->rows1 = dsa_high(entry->b[1]);
	s->element = dsa_type_bytes(entry->word->type);
	s->row_bytes = s->n * s->element;
	s->factor = road_num_float(quant ? dsa_low(entry->b[2]) : 0x3f800000u);
	if (!s->m || !s->n || s->m > pad || s->n > pad)
		return wrong(core, entry->b[0]);
	if (s->rows1 < dsa_ceil(s->m, SIDE) || s->rows1 > pad)
		return wrong(core, entry->b[1]);
	return true;
}

/* ---- where it goes ---- */

static bool find_nz(struct dsa_core *core, const struct dsa_entry *entry, const struct shape *s,
		    struct target *t)
{
	t->nz = true;
	t->pad = ROAD_DSA_PAD_L1;
	t->path = &core->params->l0c_l1;
	t->rows = dsa_round(s->m, SIDE);
	t->blocks = dsa_ceil(s->row_bytes, ROW);
	if (s->pitch < t->rows || s->pitch % SIDE)
		return wrong(core, entry->b[1]);
	t->at = dsa_pad(core, t->pad, entry->d, ((t->blocks - 1) * s->pitch + t->rows) * ROW,
			ROAD_DSA_ALIGN, true);
	return t->at;
}

static bool find_rows(struct dsa_core *core, const struct dsa_entry *entry, const struct shape *s,
		      struct target *t)
{
	uint64_t bytes = (s->m - 1) * s->pitch + s->row_bytes;

	t->global = entry->word->op == ROAD_DSA_OP_fix_gm;
	t->pad = t->global ? ROAD_DSA_PADS : ROAD_DSA_PAD_UB;
	t->path = t->global ? &core->params->l0c_gm : &core->params->l0c_ub;
	if (t->global) {
		if (!dsa_global(core, entry->d, bytes, true, &t->piece))
			return false;
		t->at = t->piece.host;
		return true;
	}
	if (s->pitch % ROAD_DSA_ALIGN)
		return dsa_fault(core, ROAD_DSA_FAULT_MISALIGNED, t->pad, s->pitch, ROAD_DSA_ALIGN);
	t->at = dsa_pad(core, t->pad, entry->d, bytes, ROAD_DSA_ALIGN, true);
	return t->at;
}

/* ---- data ---- */

static void relu_f32(float *row)
{
	for (uint32_t i = 0; i < SIDE; i++)
		row[i] = row[i] > 0.0f ? row[i] : 0.0f; /* NaN too, as vrelu */
}

/* 16 values of L0C to the word's type. */
static void convert(const struct dsa_core *core, const struct road_dsa_word *word, float factor,
		    const uint8_t *from, uint8_t *out)
{
	const struct dsa_vector_ops *ops = core->vector;
	bool s32 = word->mods & ROAD_DSA_MOD_S32, quant = word->mods & ROAD_DSA_MOD_QUANT;
	bool relu = word->mods & ROAD_DSA_MOD_RELU;
	float row[SIDE];
	int32_t ints[SIDE];

	if (s32 && !quant) {
		memcpy(ints, from, sizeof(ints));
		for (uint32_t i = 0; relu && i < SIDE; i++)
			ints[i] = ints[i] > 0 ? ints[i] : 0;
		memcpy(out, ints, sizeof(ints));
		return;
	}
	ops->to_f32[s32 ? ROAD_DSA_TYPE_S32 : ROAD_DSA_TYPE_F32](row, from, SIDE);
	if (quant)
		ops->scale(row, factor, SIDE);
	if (relu)
		relu_f32(row);
	ops->from_f32[word->type](out, row, SIDE);
}

/* Row r, columns 16 c and on, of which `valid` exist: to where they lie in the target. */
static void put(const struct target *t, const struct shape *s, uint64_t r, uint64_t c,
		uint64_t valid, uint8_t *out)
{
	uint64_t bytes = SIDE * s->element, at = c * bytes;

	if (!t->nz) {
		memcpy(t->at + r * s->pitch + at, out, valid * s->element);
		return;
	}
	memset(out + valid * s->element, 0, bytes - valid * s->element);
	for (uint64_t done = 0; done < bytes; done += ROW, at += ROW) {
		uint64_t block = at / ROW, left = bytes - done < ROW ? bytes - done : ROW;

		if (block < t->blocks)
			memcpy(t->at + (block * s->pitch + r) * ROW + at % ROW, out + done, left);
	}
}

static void put_all(const struct dsa_core *core, const struct dsa_entry *entry,
		    const struct shape *s, const struct target *t, const uint8_t *l0c)
{
	uint64_t rows = t->nz ? t->rows : s->m;
	uint8_t out[SIDE * 4] __attribute__((aligned(4)));

	for (uint64_t c = 0; c * SIDE < s->n; c++) {
		uint64_t left = s->n - c * SIDE;

		for (uint64_t r = 0; r < rows; r++) {
			const uint8_t *from =
				l0c + (c * s->rows1 + r / SIDE) * RESULT + r % SIDE * SIDE * 4;

			convert(core, entry->word, s->factor, from, out);
			put(t, s, r, c, r >= s->m ? 0 : left < SIDE ? left : SIDE, out);
		}
	}
}

/* s8 has 32 columns in a block: where n needs only half of the last one, the rest is zero. */
static void zero_tail(const struct shape *s, const struct target *t)
{
	uint64_t written = dsa_round(s->n, SIDE) * s->element;

	if (!t->nz || written % ROW == 0)
		return;
	for (uint64_t r = 0; r < t->rows; r++)
		memset(t->at + ((t->blocks - 1) * s->pitch + r) * ROW + written % ROW, 0,
		       ROW - written % ROW);
}

static void note(struct dsa_core *core, const struct dsa_entry *entry, const struct shape *s,
		 const struct target *t)
{
	if (!dsa_watched(core))
		return;
	for (uint64_t c = 0; c * SIDE < s->n; c++)
		dsa_hazards_pad(core->hazards, ROAD_DSA_PAD_L0C, entry->a + c * s->rows1 * RESULT,
				dsa_ceil(s->m, SIDE) * RESULT, false);
	for (uint64_t b = 0; t->nz && b < t->blocks; b++)
		dsa_hazards_pad(core->hazards, t->pad, entry->d + b * s->pitch * ROW, t->rows * ROW,
				true);
	for (uint64_t r = 0; !t->nz && r < s->m; r++) {
		if (t->global)
			dsa_touch(core, &t->piece, r * s->pitch, s->row_bytes, true);
		else
			dsa_hazards_pad(core->hazards, t->pad, entry->d + r * s->pitch,
					s->row_bytes, true);
	}
}

bool dsa_exec_fix(struct dsa_core *core, const struct dsa_entry *entry)
{
	struct target t = {0};
	const uint8_t *l0c;
	uint64_t bytes;
	struct shape s;
	bool found;

	if (!read_shape(core, entry, &s))
		return false;
	bytes = ((dsa_ceil(s.n, SIDE) - 1) * s.rows1 + dsa_ceil(s.m, SIDE)) * RESULT;
	l0c = dsa_pad(core, ROAD_DSA_PAD_L0C, entry->a, bytes, ROAD_DSA_ALIGN, false);
	if (!l0c)
		return false;
	if (entry->word->op == ROAD_DSA_OP_fix_l1)
		found = find_nz(core, entry, &s, &t);
	else
		found = find_rows(core, entry, &s, &t);
	if (!found)
		return false;
	put_all(core, entry, &s, &t, l0c);
	zero_tail(&s, &t);
	note(core, entry, &s, &t);
	dsa_cost_move(core, t.path, s.m, s.row_bytes);
	if (t.global)
		dsa_cost_global(core, t.path, &t.piece, s.row_bytes, s.m, (int64_t)s.pitch, true);
	return true;
}
