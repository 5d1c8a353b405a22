/* SPDX-License-Identifier: Apache-2.0 */
/* V: shapes, places and repeats; what is done to elements stands in rows_*.c and lanes.c. */
#include "simulators/dsa/vector.h"

#include "simulators/dsa/hazard.h"

#define ELEMENTS_MAX (UINT64_C(1) << 24) /* of all repeats together */

/* What a row of ops.def does beyond its format. */
static const struct kind {
	dsa_lanes_fn run; /* NULL: element by element, from the tables of rows.h */
	bool special;     /* costs vector_special */
	bool reduces;     /* writes one element a repeat */
	bool once;        /* one repeat only */
	bool reads_d;
	bool gathers, scatters; /* one side is anywhere */
} kinds[ROAD_DSA_OPS] = {
	[ROAD_DSA_OP_vdiv] = {.special = true},
	[ROAD_DSA_OP_vexp] = {.special = true},
	[ROAD_DSA_OP_vln] = {.special = true},
	[ROAD_DSA_OP_vsqrt] = {.special = true},
	[ROAD_DSA_OP_vrsqrt] = {.special = true},
	[ROAD_DSA_OP_vrec] = {.special = true},
	[ROAD_DSA_OP_vtanh] = {.special = true},
	[ROAD_DSA_OP_vmadd] = {.reads_d = true},
	[ROAD_DSA_OP_vcopy] = {.run = dsa_lanes_copy},
	[ROAD_DSA_OP_vdup] = {.run = dsa_lanes_dup},
	[ROAD_DSA_OP_viota] = {.run = dsa_lanes_iota},
	[ROAD_DSA_OP_vsum] = {.run = dsa_lanes_reduce, .reduces = true},
	[ROAD_DSA_OP_vrmax] = {.run = dsa_lanes_reduce, .reduces = true},
	[ROAD_DSA_OP_vrmin] = {.run = dsa_lanes_reduce, .reduces = true},
	[ROAD_DSA_OP_vcmp] = {.run = dsa_lanes_compare, .once = true},
	[ROAD_DSA_OP_vsel] = {.run = dsa_lanes_select, .once = true},
	[ROAD_DSA_OP_vcvt] = {.run = dsa_lanes_convert},
	[ROAD_DSA_OP_vgather] = {.run = dsa_lanes_gather, .once = true, .gathers = true},
	[ROAD_DSA_OP_vscatter] = {.run = dsa_lanes_scatter, .once = true, .scatters = true},
};

enum { DEST, FIRST, SECOND, MASK, OPERANDS };

/* One operand over all repeats. */
struct operand {
	bool used, write;
	uint64_t address, bytes; /* of a repeat */
	uint64_t step;           /* bytes to the next */
	uint32_t align;
	uint8_t *at;
};

struct shape {
	const struct kind *kind;
	uint64_t n, repeats;
	struct operand o[OPERANDS];
};

static bool wrong(struct dsa_core *core, uint64_t value)
{
	return dsa_fault(core, ROAD_DSA_FAULT_SHAPE, ROAD_DSA_PAD_UB, 0, value);
}

/* ---- operands by format ---- */

static void use(struct operand *o, uint64_t address, uint64_t bytes, uint64_t step)
{
	*o = (struct operand){
		.used = true, .address = address, .bytes = bytes, .align = ROAD_DSA_ALIGN};
	o->step = (step & 0xffffu) * ROAD_DSA_ALIGN;
}

static uint64_t result_bytes(const struct road_dsa_word *word, const struct shape *s)
{
	uint64_t element = dsa_type_bytes(word->type);

	if (word->op == ROAD_DSA_OP_vcmp)
		return dsa_ceil(s->n, 8);
	if (word->op == ROAD_DSA_OP_vcvt)
		return s->n * dsa_type_bytes(word->mods);
	if (s->kind->reduces)
		return word->op == ROAD_DSA_OP_vsum ? 4 : element;
	return s->n * element;
}

static void read_operands(const struct dsa_entry *entry, struct shape *s)
{
	const struct road_dsa_word *word = entry->word;
	uint32_t format = dsa_ops[word->op].format;
	uint64_t bytes = s->n * dsa_type_bytes(word->type);
	uint64_t steps = format == ROAD_DSA_FORMAT_V_SEL ? 0 : entry->e;
	bool second = format == ROAD_DSA_FORMAT_V_DAB || format == ROAD_DSA_FORMAT_V_CMP ||
		      format == ROAD_DSA_FORMAT_V_SEL;
	bool offsets = s->kind->gathers || s->kind->scatters;

	if (!s->kind->scatters)
		use(&s->o[DEST], entry->d, result_bytes(word, s), steps);
	s->o[DEST].write = true;
	if (s->kind->reduces) {
		s->o[DEST].step = s->o[DEST].bytes;
		s->o[DEST].align = (uint32_t)s->o[DEST].bytes;
	}
	if (format != ROAD_DSA_FORMAT_V_DS && !s->kind->gathers)
		use(&s->o[FIRST], entry->a, bytes, steps >> 16);
	if (second)
		use(&s->o[SECOND], entry->b[0], offsets ? s->n * 4 : bytes, steps >> 32);
	if (format == ROAD_DSA_FORMAT_V_SEL)
		use(&s->o[MASK], entry->e, dsa_ceil(s->n, 8), 0);
}

static bool read_shape(struct dsa_core *core, const struct dsa_entry *entry, struct shape *s)
{
	bool mask = dsa_ops[entry->word->op].format == ROAD_DSA_FORMAT_V_SEL;

	s->kind = &kinds[entry->word->op];
	s->n = dsa_low(entry->c);
	s->repeats = (uint64_t)dsa_high(entry->c) + 1;
	if (!s->n || s->n * s->repeats > ELEMENTS_MAX || (s->kind->once && s->repeats > 1))
		return wrong(core, entry->c);
	if (!mask && (entry->e >> 48 || (s->kind->reduces && entry->e & 0xffffu)))
		return wrong(core, entry->e);
	read_operands(entry, s);
	return true;
}

/* ---- places ---- */

static bool find(struct dsa_core *core, struct operand *o, uint64_t repeats)
{
	if (!o->used)
		return true;
	o->at = dsa_pad(core, ROAD_DSA_PAD_UB, o->address, (repeats - 1) * o->step + o->bytes,
			o->align, o->write);
	return o->at;
}

static bool overlap(const struct operand *d, const struct operand *s, uint64_t r)
{
	uint64_t to = d->address + r * d->step, from = s->address + r * s->step;

	return to != from && to < from + s->bytes && from < to + d->bytes;
}

static bool places_fit(struct dsa_core *core, const struct dsa_entry *entry, struct shape *s)
{
	const struct operand *d = &s->o[DEST];

	for (unsigned i = 0; i < OPERANDS; i++)
		if (!find(core, &s->o[i], s->repeats))
			return false;
	for (unsigned i = FIRST; d->used && i < OPERANDS; i++)
		for (uint64_t r = 0; s->o[i].used && r < s->repeats; r++)
			if (overlap(d, &s->o[i], r))
				return dsa_fault(core, ROAD_DSA_FAULT_SHAPE, ROAD_DSA_PAD_UB,
						 d->address + r * d->step, entry->c);
	return true;
}

/* Offsets of a gather or scatter: each element lies in UB, aligned to its size. */
static bool offsets_fit(struct dsa_core *core, const struct dsa_entry *entry, const struct shape *s)
{
	const uint32_t *offset = (const uint32_t *)s->o[SECOND].at;
	uint64_t base = s->kind->gathers ? entry->a : entry->d;
	uint32_t bytes = dsa_type_bytes(entry->word->type);

	if (base % ROAD_DSA_ALIGN)
		return dsa_fault(core, ROAD_DSA_FAULT_MISALIGNED, ROAD_DSA_PAD_UB, base,
				 ROAD_DSA_ALIGN);
	if (base > core->params->pad_bytes[ROAD_DSA_PAD_UB])
		return dsa_fault(core, ROAD_DSA_FAULT_BOUNDS, ROAD_DSA_PAD_UB, base, bytes);
	for (uint64_t i = 0; i < s->n; i++)
		if (!dsa_pad(core, ROAD_DSA_PAD_UB, base + offset[i], bytes, bytes,
			     s->kind->scatters))
			return false;
	return true;
}

static void note(struct dsa_core *core, const struct dsa_entry *entry, const struct shape *s)
{
	uint64_t base = s->kind->gathers ? entry->a : entry->d;
	uint32_t bytes = dsa_type_bytes(entry->word->type);

	if (!core->hazards)
		return;
	for (uint64_t i = 0; (s->kind->gathers || s->kind->scatters) && i < s->n; i++)
		dsa_hazards_pad(core->hazards, ROAD_DSA_PAD_UB,
				base + ((const uint32_t *)s->o[SECOND].at)[i], bytes,
				s->kind->scatters);
	for (unsigned i = OPERANDS; i-- > 0;) { /* sources first */
		const struct operand *o = &s->o[i];

		for (uint64_t r = 0; o->used && r < s->repeats; r++) {
			uint64_t at = o->address + r * o->step;

			if (i == DEST && s->kind->reads_d)
				dsa_hazards_pad(core->hazards, ROAD_DSA_PAD_UB, at, o->bytes,
						false);
			dsa_hazards_pad(core->hazards, ROAD_DSA_PAD_UB, at, o->bytes, i == DEST);
		}
	}
}

/* ---- the instruction ---- */

static void run_repeat(struct dsa_core *core, const struct dsa_entry *entry, const struct shape *s,
		       uint64_t r)
{
	struct dsa_lanes lanes = {
		.entry = entry,
		.d = s->o[DEST].used ? s->o[DEST].at + r * s->o[DEST].step : NULL,
		.a = s->o[FIRST].used ? s->o[FIRST].at + r * s->o[FIRST].step : NULL,
		.b = s->o[SECOND].used ? s->o[SECOND].at + r * s->o[SECOND].step : NULL,
		.mask = s->o[MASK].at,
		.n = s->n,
	};

	if (s->kind->run)
		s->kind->run(core, &lanes);
	else
		dsa_lanes_rows(core, &lanes);
}

bool dsa_exec_vector(struct dsa_core *core, const struct dsa_entry *entry)
{
	struct shape s = {0};
	uint64_t bytes, result;

	if (!read_shape(core, entry, &s) || !places_fit(core, entry, &s))
		return false;
	if ((s.kind->gathers || s.kind->scatters) && !offsets_fit(core, entry, &s))
		return false;
	note(core, entry, &s); /* a gather may overwrite its offsets */
	for (uint64_t r = 0; r < s.repeats; r++)
		run_repeat(core, entry, &s, r);
	bytes = s.n * dsa_type_bytes(entry->word->type);
	result = s.o[DEST].bytes > bytes ? s.o[DEST].bytes : bytes;
	dsa_cost_vector(core, result, s.repeats, s.kind->special);
	core->work.elements = s.n * s.repeats;
	return true;
}
