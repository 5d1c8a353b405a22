/* SPDX-License-Identifier: Apache-2.0 */
/* Layouts: row-major to NZ, NZ to the fractals of L0A and L0B, bias values to BT. */
#include "simulators/dsa/internal.h"

#include <string.h>

#include "simulators/dsa/hazard.h"

enum { ROW = ROAD_DSA_ALIGN, FRACTAL_ROWS = 16, FRACTAL = ROW * FRACTAL_ROWS };

static bool wrong(struct dsa_core *core, uint64_t value)
{
	return dsa_fault(core, ROAD_DSA_FAULT_SHAPE, ROAD_DSA_PADS, 0, value);
}

/* Rows, columns and room of an NZ matrix; false: cannot be. Products below fit 64 bits. */
static bool fits(struct dsa_core *core, uint64_t rows, uint64_t columns, uint64_t room,
		 const struct dsa_entry *entry)
{
	uint64_t pad = core->params->pad_bytes[ROAD_DSA_PAD_L1];

	if (!rows || !columns || rows > pad || columns > pad)
		return wrong(core, entry->b[0]);
	if (room < rows || room % FRACTAL_ROWS || room > pad)
		return wrong(core, entry->b[1]);
	return true;
}

/* ---- row-major to NZ ---- */

/* A source of rows, wherever it lies. */
struct source {
	const uint8_t *at;
	uint64_t base;
	bool global;
	struct dsa_piece piece;
};

static bool open_source(struct dsa_core *core, const struct dsa_entry *entry, uint64_t bytes,
			uint64_t stride, struct source *source)
{
	source->global = entry->word->op == ROAD_DSA_OP_move_nz;
	source->base = entry->a;
	if (source->global) {
		if (!dsa_global(core, entry->a, bytes, false, &source->piece))
			return false;
		source->at = source->piece.host;
		return true;
	}
	if (stride % ROAD_DSA_ALIGN)
		return dsa_fault(core, ROAD_DSA_FAULT_MISALIGNED, ROAD_DSA_PAD_UB, stride,
				 ROAD_DSA_ALIGN);
	source->at = dsa_pad(core, ROAD_DSA_PAD_UB, entry->a, bytes, ROAD_DSA_ALIGN, false);
	return source->at;
}

/* One block of columns: rows of `bytes` bytes (32, or fewer in the last one), then zeros. */
static void fill_block(uint8_t *to, const uint8_t *from, uint64_t rows, uint64_t room,
		       uint64_t stride, uint64_t bytes)
{
	for (uint64_t r = 0; r < rows; r++) {
		memcpy(to + r * ROW, from + r * stride, bytes);
		if (bytes < ROW)
			memset(to + r * ROW + bytes, 0, ROW - bytes);
	}
	memset(to + rows * ROW, 0, (room - rows) * ROW);
}

static void note_rows(struct dsa_core *core, const struct source *source, uint64_t rows,
		      uint64_t stride, uint64_t bytes)
{
	for (uint64_t r = 0; dsa_watched(core) && r < rows; r++) {
		if (source->global)
			dsa_touch(core, &source->piece, r * stride, bytes, false);
		else
			dsa_hazards_pad(core->hazards, ROAD_DSA_PAD_UB, source->base + r * stride,
					bytes, false);
	}
}

bool dsa_exec_tile(struct dsa_core *core, const struct dsa_entry *entry)
{
	uint64_t rows = dsa_low(entry->b[0]), columns = dsa_high(entry->b[0]);
	uint64_t stride = dsa_low(entry->b[1]), room = dsa_high(entry->b[1]);
	uint64_t row_bytes = columns * dsa_type_bytes(entry->word->type);
	uint64_t blocks = dsa_ceil(row_bytes, ROW);
	const struct road_dsa_path *path;
	struct source source;
	uint8_t *to;

	if (!fits(core, rows, columns, room, entry) ||
	    !open_source(core, entry, (rows - 1) * stride + row_bytes, stride, &source))
		return false;
	to = dsa_pad(core, ROAD_DSA_PAD_L1, entry->d, blocks * room * ROW, ROAD_DSA_ALIGN, true);
	if (!to)
		return false;
	for (uint64_t b = 0; b < blocks; b++) {
		uint64_t left = row_bytes - b * ROW;

		fill_block(to + b * room * ROW, source.at + b * ROW, rows, room, stride,
			   left < ROW ? left : ROW);
	}
	note_rows(core, &source, rows, stride, row_bytes);
	dsa_hazards_pad(core->hazards, ROAD_DSA_PAD_L1, entry->d, blocks * room * ROW, true);
	path = source.global ? &core->params->gm_l1 : &core->params->ub_l1;
	dsa_cost_move(core, path, rows, row_bytes);
	if (source.global)
		dsa_cost_global(core, path, &source.piece, row_bytes, rows, (int64_t)stride, false);
	return true;
}

/* ---- NZ to fractals ---- */

struct fractals {
	uint64_t rows, k;      /* rows: m of L0A, n of L0B */
	uint64_t room;         /* P of the source */
	uint64_t outer, depth; /* blocks of 16 rows; blocks of 32 bytes of k */
	uint32_t bytes, c0;    /* of an element; elements in 32 bytes */
	bool b, transpose;
};

/* Where the 512 bytes of row block `r` and k block `k` begin. */
static uint64_t fractal_at(const struct fractals *f, uint64_t r, uint64_t k)
{
	return (f->b ? k * f->outer + r : r * f->depth + k) * FRACTAL;
}

/* The source has `rows` rows and k columns: whole rows of 32 bytes move. */
static void load_fractal(const struct fractals *f, uint8_t *to, const uint8_t *from, uint64_t r,
			 uint64_t k)
{
	uint64_t rows = f->rows - r * FRACTAL_ROWS, left = (f->k - k * f->c0) * f->bytes;
	const uint8_t *source = from + (k * f->room + r * FRACTAL_ROWS) * ROW;

	rows = rows < FRACTAL_ROWS ? rows : FRACTAL_ROWS;
	if (left >= ROW) {
		memcpy(to, source, rows * ROW);
	} else {
		for (uint64_t i = 0; i < rows; i++) {
			memcpy(to + i * ROW, source + i * ROW, left);
			memset(to + i * ROW + left, 0, ROW - left);
		}
	}
	memset(to + rows * ROW, 0, FRACTAL - rows * ROW);
}

static void copy_element(uint8_t *to, const uint8_t *from, uint32_t bytes)
{
	switch (bytes) {
	case 1: memcpy(to, from, 1); break;
	case 2: memcpy(to, from, 2); break;
	default: memcpy(to, from, 4); break;
	}
}

/* The source has k rows and `rows` columns. */
static void load_transposed(const struct fractals *f, uint8_t *to, const uint8_t *from, uint64_t r,
			    uint64_t k)
{
	uint64_t rows = f->rows - r * FRACTAL_ROWS, depth = f->k - k * f->c0;

	rows = rows < FRACTAL_ROWS ? rows : FRACTAL_ROWS;
	depth = depth < f->c0 ? depth : f->c0;
	if (rows < FRACTAL_ROWS || depth < f->c0)
		memset(to, 0, FRACTAL);
	for (uint64_t i = 0; i < rows; i++) {
		uint64_t column = r * FRACTAL_ROWS + i;
		const uint8_t *source = from + (column / f->c0 * f->room + k * f->c0) * ROW +
					column % f->c0 * f->bytes;

		for (uint64_t j = 0; j < depth; j++)
			copy_element(to + i * ROW + j * f->bytes, source + j * ROW, f->bytes);
	}
}

static void load_all(const struct fractals *f, uint8_t *to, const uint8_t *from)
{
	for (uint64_t r = 0; r < f->outer; r++) {
		for (uint64_t k = 0; k < f->depth; k++) {
			uint8_t *fractal = to + fractal_at(f, r, k);

			if (f->transpose)
				load_transposed(f, fractal, from, r, k);
			else
				load_fractal(f, fractal, from, r, k);
		}
	}
}

/* The columns of the source in blocks, each a run of rows. */
static void note_blocks(struct dsa_core *core, uint64_t base, uint64_t blocks, uint64_t room,
			uint64_t rows)
{
	for (uint64_t b = 0; core->hazards && b < blocks; b++)
		dsa_hazards_pad(core->hazards, ROAD_DSA_PAD_L1, base + b * room * ROW, rows * ROW,
				false);
}

static bool read_fractals(struct dsa_core *core, const struct dsa_entry *entry, struct fractals *f)
{
	f->rows = dsa_low(entry->b[0]);
	f->k = dsa_high(entry->b[0]);
	f->room = entry->b[1];
	f->transpose = entry->word->mods & ROAD_DSA_MOD_TRANSPOSE;
	f->b = entry->word->op == ROAD_DSA_OP_load_b;
	f->bytes = dsa_type_bytes(entry->word->type);
	f->c0 = ROW / f->bytes;
	if (!fits(core, f->transpose ? f->k : f->rows, f->transpose ? f->rows : f->k, f->room,
		  entry))
		return false;
	f->outer = dsa_ceil(f->rows, FRACTAL_ROWS);
	f->depth = dsa_ceil(f->k, f->c0);
	return true;
}

bool dsa_exec_fractals(struct dsa_core *core, const struct dsa_entry *entry)
{
	uint64_t source_rows, source_blocks, bytes;
	const uint8_t *from;
	enum road_dsa_pad pad;
	struct fractals f;
	uint8_t *to;

	if (!read_fractals(core, entry, &f))
		return false;
	pad = f.b ? ROAD_DSA_PAD_L0B : ROAD_DSA_PAD_L0A;
	source_rows = f.transpose ? f.k : f.rows;
	source_blocks = dsa_ceil(f.transpose ? f.rows : f.k, f.c0);
	bytes = f.outer * f.depth * FRACTAL;
	from = dsa_pad(core, ROAD_DSA_PAD_L1, entry->a,
		       ((source_blocks - 1) * f.room + source_rows) * ROW, ROAD_DSA_ALIGN, false);
	to = from ? dsa_pad(core, pad, entry->d, bytes, ROAD_DSA_ALIGN, true) : NULL;
	if (!to)
		return false;
	load_all(&f, to, from);
	note_blocks(core, entry->a, source_blocks, f.room, source_rows);
	dsa_hazards_pad(core->hazards, pad, entry->d, bytes, true);
	dsa_cost_move(core, f.b ? &core->params->l1_l0b : &core->params->l1_l0a, f.outer * f.depth,
		      FRACTAL);
	return true;
}

/* ---- L1 to BT ---- */

bool dsa_exec_bytes(struct dsa_core *core, const struct dsa_entry *entry)
{
	uint64_t bytes = entry->b[0];
	const uint8_t *from;
	uint8_t *to;

	if (!bytes || bytes % ROAD_DSA_ALIGN)
		return wrong(core, bytes);
	from = dsa_pad(core, ROAD_DSA_PAD_L1, entry->a, bytes, ROAD_DSA_ALIGN, false);
	to = from ? dsa_pad(core, ROAD_DSA_PAD_BT, entry->d, bytes, ROAD_DSA_ALIGN, true) : NULL;
	if (!to)
		return false;
	memcpy(to, from, bytes);
	dsa_hazards_pad(core->hazards, ROAD_DSA_PAD_L1, entry->a, bytes, false);
	dsa_hazards_pad(core->hazards, ROAD_DSA_PAD_BT, entry->d, bytes, true);
	dsa_cost_move(core, &core->params->l1_bt, 1, bytes);
	return true;
}
