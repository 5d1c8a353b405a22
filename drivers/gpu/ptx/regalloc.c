/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linear-scan register allocation.
 *
 * 64-bit pairs and 32-bit rows live in separate parts of the register file, pairs below, rows
 * above: a pair keeps lane n's value where a row keeps that of lanes 2n and 2n+1, so a register
 * reused in the other shape while some lanes of the warp are elsewhere would spoil what those lanes
 * hold. Within one shape a lane's value is its own, and ordinary liveness per lane is enough.
 */
#include "drivers/gpu/ptx/regalloc.h"

#include <stdlib.h>
#include <string.h>

#define ROUNDS_MAX 24
#define UNITS_MAX  256

struct item {
	uint32_t start, vreg;
};

struct file { /* one class's registers during a scan */
	uint32_t limit, used;
	uint32_t free_at[UNITS_MAX]; /* position after the occupant's end */
	uint32_t owner[UNITS_MAX];
};

struct allocator {
	struct item *items;
	uint32_t item_count;
	uint32_t *hints; /* register that a copy ties this one to */
	float *weights;
	bool *spilled; /* NULL: no spilling in this scan */
	bool any_spilled;
	struct file files[CLASSES];
};

static int compare_items(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->vreg < y->vreg ? -1 : x->vreg > y->vreg;
}

static unsigned member_count(const struct vreg *v)
{
	return v->group_count ? v->group_count : 1;
}

static void collect_items(struct ptx *p, struct allocator *a)
{
	struct function *f = p->function;

	a->items = ptx_alloc(p, &p->kernel, f->vreg_count, sizeof(*a->items));
	for (uint32_t v = 1; v < f->vreg_count; v++) {
		const struct vreg *reg = &f->vregs[v];
		uint32_t start = reg->start;

		if (reg->group_index)
			continue;
		for (unsigned k = 1; k < member_count(reg); k++)
			if (f->vregs[v + k].start < start)
				start = f->vregs[v + k].start;
		if (start != UINT32_MAX)
			a->items[a->item_count++] = (struct item){start, v};
	}
	qsort(a->items, a->item_count, sizeof(*a->items), compare_items);
}

static void weigh(struct ptx *p, struct allocator *a)
{
	struct function *f = p->function;
	uint32_t regs[OPERANDS_MAX];

	a->weights = ptx_alloc(p, &p->kernel, f->vreg_count, sizeof(*a->weights));
	a->hints = ptx_alloc(p, &p->kernel, f->vreg_count, sizeof(*a->hints));
	for (uint32_t k = 0; k < f->block_count; k++) {
		float weight = 1;

		for (uint32_t d = 0; d < f->blocks[k]->depth && d < 6; d++)
			weight *= 8;
		for (struct inst *i = f->blocks[k]->head; i; i = i->next) {
			unsigned count = inst_reads(f->vregs, i, regs);

			count += inst_writes(i, regs + count);
			for (unsigned n = 0; n < count; n++) {
				const struct vreg *v = &f->vregs[regs[n]];

				a->weights[v->group_count ? v->group : regs[n]] += weight;
			}
			if (!inst_is_copy(i))
				continue;
			uint32_t from = inst_copied(i);

			a->hints[i->d] = a->hints[i->d] ? a->hints[i->d] : from;
			a->hints[from] = a->hints[from] ? a->hints[from] : i->d;
		}
	}
}

static bool is_free(const struct file *file, uint32_t unit, uint32_t count, uint32_t at)
{
	for (uint32_t k = 0; k < count; k++)
		if (file->free_at[unit + k] > at)
			return false;
	return true;
}

static void occupy(struct function *f, struct file *file, uint32_t v, uint32_t unit, uint32_t at)
{
	unsigned count = member_count(&f->vregs[v]);

	for (unsigned k = 0; k < count; k++) {
		struct vreg *member = &f->vregs[v + k];
		uint32_t end = member->start == UINT32_MAX ? at : member->end;

		member->place = (uint8_t)(unit + k);
		file->free_at[unit + k] = end + 1;
		file->owner[unit + k] = v;
	}
	if (unit + count > file->used)
		file->used = unit + count;
}

static bool try_hint(struct function *f, const struct allocator *a, struct file *file, uint32_t v,
		     uint32_t at)
{
	uint32_t hint = a->hints[v];
	const struct vreg *reg = &f->vregs[v], *other = &f->vregs[hint];

	if (!hint || reg->group_count || other->cls != reg->cls || other->start >= at ||
	    (a->spilled && a->spilled[other->group_count ? other->group : hint]) ||
	    !is_free(file, other->place, 1, at))
		return false;
	occupy(f, file, v, other->place, at);
	return true;
}

static float cost_of(const struct function *f, const struct allocator *a, uint32_t v)
{
	const struct vreg *reg = &f->vregs[v];
	uint32_t start = UINT32_MAX, end = 0;

	if (reg->fixed)
		return 1e30f;
	for (unsigned k = 0; k < member_count(reg); k++) {
		if (reg[k].start < start)
			start = reg[k].start;
		if (reg[k].end > end && reg[k].start != UINT32_MAX)
			end = reg[k].end;
	}
	/* nothing is won by spilling what lives from one instruction to the next */
	if (end - start <= 2)
		return 1e20f;
	return a->weights[v] / (float)(end - start);
}

static void evict(struct function *f, struct allocator *a, struct file *file, uint32_t v)
{
	a->spilled[v] = true;
	a->any_spilled = true;
	for (unsigned k = 0; k < member_count(&f->vregs[v]); k++) {
		uint32_t unit = f->vregs[v + k].place;

		if (file->owner[unit] == v)
			file->free_at[unit] = 0;
	}
}

/* No place is free: the cheapest of all that stand in one aligned place goes to memory, or `v`
 * itself. False if none can. */
static bool make_room(struct function *f, struct allocator *a, struct file *file, uint32_t v,
		      uint32_t at)
{
	unsigned count = member_count(&f->vregs[v]);
	float best = cost_of(f, a, v);
	uint32_t best_unit = UINT32_MAX;

	for (uint32_t unit = 0; unit + count <= file->limit; unit += count) {
		float cost = 0;
		uint32_t last = 0;

		for (unsigned k = 0; k < count; k++) {
			uint32_t owner = file->owner[unit + k];

			if (file->free_at[unit + k] <= at || owner == last)
				continue;
			last = owner;
			cost += cost_of(f, a, owner);
		}
		if (cost < best) {
			best = cost;
			best_unit = unit;
		}
	}
	if (best >= 1e30f)
		return false;
	if (best_unit == UINT32_MAX) {
		a->spilled[v] = a->any_spilled = true;
		return true;
	}
	for (unsigned k = 0; k < count; k++)
		if (file->free_at[best_unit + k] > at)
			evict(f, a, file, file->owner[best_unit + k]);
	occupy(f, file, v, best_unit, at);
	return true;
}

/* One pass over all items. False if an item finds no place and nothing may be spilled. */
static bool scan(struct function *f, struct allocator *a)
{
	for (uint32_t n = 0; n < a->item_count; n++) {
		uint32_t v = a->items[n].vreg, at = a->items[n].start;
		struct file *file = &a->files[f->vregs[v].cls];
		unsigned count = member_count(&f->vregs[v]);
		uint32_t unit = 0;

		if (try_hint(f, a, file, v, at))
			continue;
		while (unit + count <= file->limit && !is_free(file, unit, count, at))
			unit += count; /* alignment = size */
		if (unit + count <= file->limit)
			occupy(f, file, v, unit, at);
		else if (!a->spilled || !make_room(f, a, file, v, at))
			return false;
	}
	return true;
}

static uint32_t row_alignment(const struct function *f)
{
	uint32_t align = 1;

	for (uint32_t v = 1; v < f->vreg_count; v++)
		if (f->vregs[v].cls == CLASS_R && f->vregs[v].group_count > align &&
		    f->vregs[v].start != UINT32_MAX)
			align = f->vregs[v].group_count;
	return align;
}

static uint32_t row_base(uint32_t pairs, uint32_t align)
{
	return (2 * pairs + align - 1) & ~(align - 1);
}

static void start_scan(struct allocator *a, uint32_t rows, uint32_t pairs)
{
	memset(a->files, 0, sizeof(a->files));
	a->files[CLASS_R].limit = rows;
	a->files[CLASS_D].limit = pairs;
	a->files[CLASS_P].limit = ROAD_GPU_PREDS_MAX;
}

/* How many pairs, of `max` registers, in proportion to what pairs and rows each would use. */
static uint32_t share_of_pairs(uint32_t max, const struct file *rows, const struct file *pairs,
			       uint32_t align)
{
	uint32_t total = 2 * pairs->used + rows->used;
	uint32_t least_rows = rows->used < 8 ? rows->used : 8;
	uint32_t least_pairs = pairs->used < 4 ? pairs->used : 4;
	uint32_t p = total ? pairs->used * max / total : 0;

	if (p < least_pairs)
		p = least_pairs;
	while (p > least_pairs && row_base(p, align) + least_rows > max)
		p--;
	return p;
}

static bool scan_divided(struct function *f, struct allocator *a, uint32_t max, uint32_t align,
			 uint32_t pairs)
{
	uint32_t rows = max > row_base(pairs, align) ? max - row_base(pairs, align) : 0;

	memset(a->spilled, 0, f->vreg_count * sizeof(*a->spilled));
	a->any_spilled = false;
	start_scan(a, rows, pairs);
	return scan(f, a);
}

/* Where single registers that cannot be spilled stand in all places of a group that cannot be
 * either, a few registers more or fewer may leave it one: the shares next to `pairs` are tried,
 * then those beyond. */
static bool scan_spilling(struct function *f, struct allocator *a, uint32_t max, uint32_t align,
			  uint32_t pairs)
{
	for (uint32_t step = 0; step <= max / 2; step++) {
		if (pairs + step <= max / 2 && scan_divided(f, a, max, align, pairs + step))
			return true;
		if (step && step <= pairs && scan_divided(f, a, max, align, pairs - step))
			return true;
	}
	return false;
}

static void finish(struct function *f, const struct allocator *a, uint32_t align)
{
	for (unsigned c = 0; c < CLASSES; c++)
		f->places[c] = a->files[c].used;
	f->row_base = row_base(f->places[CLASS_D], align);
}

static uint32_t register_limit(const struct ptx *p)
{
	uint32_t max = ROAD_GPU_REGS_MAX, of_kernel = p->function->max_regs;

	if (p->options.max_regs && p->options.max_regs < max)
		max = p->options.max_regs;
	return of_kernel && of_kernel < max ? of_kernel : max;
}

/* 1: done, 0: spilled something, try again, -1: impossible. */
static int allocate_round(struct ptx *p, bool may_spill)
{
	struct function *f = p->function;
	uint32_t max = register_limit(p), align, pairs;
	struct allocator a = {0};

	if (!live_compute(p)) {
		function_refuse(p, f->at, "control flow of '%.*s' is too tangled", SLICE(f->name));
		return -1;
	}
	align = row_alignment(f);
	collect_items(p, &a);
	weigh(p, &a);
	/* 128 pairs and 256 rows are more than exist, to see what would be used */
	start_scan(&a, UNITS_MAX, UNITS_MAX / 2);
	if (scan(f, &a) && row_base(a.files[CLASS_D].used, align) + a.files[CLASS_R].used <= max) {
		finish(f, &a, align);
		return 1;
	}
	if (!may_spill)
		return -1;
	if (a.files[CLASS_P].used > ROAD_GPU_PREDS_MAX - 1 && a.files[CLASS_R].used < 4)
		a.files[CLASS_R].used = 4; /* spilled predicates pass through rows */
	pairs = share_of_pairs(max, &a.files[CLASS_R], &a.files[CLASS_D], align);
	a.spilled = ptx_alloc(p, &p->kernel, f->vreg_count, sizeof(*a.spilled));
	if (!scan_spilling(f, &a, max, align, pairs))
		return -1;
	if (a.any_spilled) {
		spill_rewrite(p, a.spilled);
		return 0;
	}
	finish(f, &a, align);
	return 1;
}

bool regalloc_run(struct ptx *p, bool may_spill)
{
	for (unsigned round = 0; round < ROUNDS_MAX; round++) {
		int result = allocate_round(p, may_spill);

		if (result)
			return result > 0;
	}
	return false;
}
