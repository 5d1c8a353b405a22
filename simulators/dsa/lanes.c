/* SPDX-License-Identifier: Apache-2.0 */
/* One repeat of each vector instruction. */
#include "simulators/dsa/vector.h"

#include <string.h>

#include "simulators/dsa/rows.h"
#include "simulators/numbers/bits.h"

enum { CHUNK = 256 }; /* elements */

static uint32_t element_bytes(const struct dsa_lanes *l)
{
	return dsa_type_bytes(l->entry->word->type);
}

static void fill(uint8_t *d, uint64_t value, uint32_t bytes, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		memcpy(d + i * bytes, &value, bytes); /* the host is little-endian */
}

/* ---- element by element ---- */

void dsa_lanes_rows(struct dsa_core *core, const struct dsa_lanes *l)
{
	const struct road_dsa_word *word = l->entry->word;
	const struct dsa_vector_ops *ops = core->vector;
	bool is_float = dsa_type_is_float(word->type);
	dsa_row_fn row = (is_float ? ops->floats : ops->ints)[word->op][word->type];
	uint8_t scalars[CHUNK * 4] __attribute__((aligned(64)));
	uint32_t bytes = element_bytes(l);

	if (dsa_ops[word->op].format != ROAD_DSA_FORMAT_V_DAS) {
		row(l->d, l->a, l->b, l->n);
		return;
	}
	fill(scalars, l->entry->b[0], bytes, l->n < CHUNK ? l->n : CHUNK);
	for (uint64_t i = 0; i < l->n; i += CHUNK)
		row(l->d + i * bytes, l->a + i * bytes, scalars,
		    l->n - i < CHUNK ? l->n - i : CHUNK);
}

void dsa_lanes_compare(struct dsa_core *core, const struct dsa_lanes *l)
{
	const struct road_dsa_word *word = l->entry->word;

	core->vector->compare[word->mods][word->type](l->d, l->a, l->b, l->n);
}

void dsa_lanes_reduce(struct dsa_core *core, const struct dsa_lanes *l)
{
	const struct road_dsa_word *word = l->entry->word;

	core->vector->reduce[word->op][word->type](l->d, l->a, l->n);
}

/* ---- bits that move ---- */

void dsa_lanes_copy(struct dsa_core *core, const struct dsa_lanes *l)
{
	(void)core;
	memmove(l->d, l->a, l->n * element_bytes(l));
}

void dsa_lanes_dup(struct dsa_core *core, const struct dsa_lanes *l)
{
	(void)core;
	fill(l->d, l->entry->b[0], element_bytes(l), l->n);
}

void dsa_lanes_iota(struct dsa_core *core, const struct dsa_lanes *l)
{
	uint32_t first = dsa_low(l->entry->b[0]);

	(void)core;
	for (uint64_t i = 0; i < l->n; i++)
		memcpy(l->d + 4 * i, &(uint32_t){first + (uint32_t)i}, 4);
}

void dsa_lanes_select(struct dsa_core *core, const struct dsa_lanes *l)
{
	uint32_t bytes = element_bytes(l);
	const uint8_t *mask = l->mask;

	if (mask == l->d) {
		memcpy(core->scratch, mask, dsa_ceil(l->n, 8));
		mask = core->scratch;
	}
	for (uint64_t i = 0; i < l->n; i++) {
		const uint8_t *from = mask[i / 8] >> i % 8 & 1 ? l->a : l->b;

		memmove(l->d + i * bytes, from + i * bytes, bytes);
	}
}

void dsa_lanes_gather(struct dsa_core *core, const struct dsa_lanes *l)
{
	const uint8_t *base = core->pad[ROAD_DSA_PAD_UB] + l->entry->a;
	uint32_t bytes = element_bytes(l), offset;

	memcpy(core->scratch, l->b, 4 * l->n);
	for (uint64_t i = 0; i < l->n; i++) {
		memcpy(&offset, core->scratch + 4 * i, 4);
		memmove(l->d + i * bytes, base + offset, bytes);
	}
}

void dsa_lanes_scatter(struct dsa_core *core, const struct dsa_lanes *l)
{
	uint8_t *base = core->pad[ROAD_DSA_PAD_UB] + l->entry->d;
	uint32_t bytes = element_bytes(l), offset;

	memcpy(core->scratch, l->b, 4 * l->n); /* what was checked, whatever is overwritten */
	for (uint64_t i = 0; i < l->n; i++) {
		memcpy(&offset, core->scratch + 4 * i, 4);
		memmove(base + offset, l->a + i * bytes, bytes);
	}
}

/* ---- conversions ---- */

/* By f32, or from integers without a factor by s32: then the value is rounded once. */
static void convert_chunk(const struct dsa_core *core, const struct road_dsa_word *word,
			  float factor, uint8_t *d, const uint8_t *a, uint64_t n)
{
	const struct dsa_vector_ops *ops = core->vector;
	int32_t ints[CHUNK];
	float floats[CHUNK];

	if (!word->b && ops->to_s32[word->type]) {
		ops->to_s32[word->type](ints, a, n);
		ops->from_s32[word->mods](d, ints, n);
		return;
	}
	ops->to_f32[word->type](floats, a, n);
	if (word->b)
		ops->scale(floats, factor, n);
	ops->from_f32[word->mods](d, floats, n);
}

void dsa_lanes_convert(struct dsa_core *core, const struct dsa_lanes *l)
{
	const struct road_dsa_word *word = l->entry->word;
	uint32_t from = element_bytes(l), to = dsa_type_bytes(word->mods);
	float factor = road_num_float(dsa_low(l->entry->b[0]));
	const uint8_t *a = l->a;

	if (to > from && a == l->d) { /* would run ahead of what it reads */
		memcpy(core->scratch, a, l->n * from);
		a = core->scratch;
	}
	for (uint64_t i = 0; i < l->n; i += CHUNK)
		convert_chunk(core, word, factor, l->d + i * to, a + i * from,
			      l->n - i < CHUNK ? l->n - i : CHUNK);
}
