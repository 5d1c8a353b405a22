/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wmma (PTX ISA, section 9.7.14.4) by mma: whoever loads, multiplies and stores decides how a
 * fragment is spread over the warp. Here a fragment is those of mma.m16n8, tile by tile; an f16
 * fragment of A or B that has more registers than that leaves the rest zero.
 *
 * Lane l is g = l / 4 and t = l % 4. Of a register's elements j the slow index is s + g and the
 * fast one f + t e + j: row and column of A, C and D, column and row of B.
 */
#include "drivers/gpu/ptx/lower.h"

struct wmma {
	uint8_t shape;
	uint8_t m, n, k;
};
static const struct wmma shapes[] = {
	{SHAPE_M16N16K16, 16, 16, 16}, {SHAPE_M32N8K16, 32, 8, 16}, {SHAPE_M8N32K16, 8, 32, 16},
	{SHAPE_M16N16K8, 16, 16, 8},   {SHAPE_M8N8K4, 8, 8, 4},     {SHAPE_M8N8K32, 8, 8, 32},
	{SHAPE_M8N8K128, 8, 8, 128},
};

/* What A and B hold: the chip's opcode, and registers of a tile of 16 by k and of k by 8; or of 8
 * by k, where the opcode makes 8 rows. */
struct kind {
	uint32_t types, c; /* of A and B, of C and D */
	uint8_t k, bits;
	uint8_t tile_a, tile_b;
	uint8_t least; /* registers of a fragment, at least */
	uint16_t op, aux;
	bool eight;
};
#define NIBBLE (ROAD_GPU_MMA_NIBBLES << ROAD_GPU_MMA_ELEMENTS_SHIFT)
static const struct kind kinds[] = {
	{T_F16, T_F16 | T_F32, 16, 16, 4, 2, 8, ROAD_GPU_OP_mma_f32_b2, ROAD_GPU_MMA_F16, false},
	{T_BF16, T_F32, 16, 16, 4, 2, 0, ROAD_GPU_OP_mma_f32_b2, ROAD_GPU_MMA_BF16, false},
	{T_TF32, T_F32, 8, 32, 4, 2, 0, ROAD_GPU_OP_mma_f32_b2, ROAD_GPU_MMA_TF32, false},
	{T_S8 | T_U8, T_S32, 16, 8, 2, 1, 0, ROAD_GPU_OP_mma_s32_b1, 0, false},
	{T_F64, T_F64, 4, 64, 1, 1, 0, ROAD_GPU_OP_mma_f64, 0, true},
	{T_S4 | T_U4, T_S32, 32, 4, 1, 1, 0, ROAD_GPU_OP_mma_s32_m8, NIBBLE, true},
	{T_B1, T_S32, 128, 1, 1, 1, 0, ROAD_GPU_OP_mma_s32_m8, 0, true},
};

/* A fragment: registers, and where the elements of each start. */
#define FRAGMENT_MAX 8u
#define TILES_MAX    4u
struct fragment {
	unsigned count, used; /* registers as PTX has them, and with elements in them */
	unsigned each, bits;  /* elements of a register; bits of one */
	unsigned step;        /* of the fast index from lane to lane */
	uint8_t slow[FRAGMENT_MAX], fast[FRAGMENT_MAX];
	bool turned; /* B: the fast index is the row */
	unsigned rows, columns;
};

static const struct wmma *find_shape(const struct instr *in)
{
	for (unsigned i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		if (shapes[i].shape == in->shape)
			return &shapes[i];
	return NULL;
}

static const struct kind *find_kind(enum ptx_type type, unsigned k)
{
	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].types >> type & 1 && kinds[i].k == k)
			return &kinds[i];
	return NULL;
}

static unsigned each_of(unsigned bits)
{
	return bits < 32 ? 32 / bits : 1;
}

static enum ptx_type register_type(const struct fragment *f)
{
	return f->bits == 64 ? TYPE_F64 : TYPE_B32;
}

static void add_register(struct fragment *f, unsigned slow, unsigned fast)
{
	f->slow[f->used] = (uint8_t)slow;
	f->fast[f->used++] = (uint8_t)fast;
}

/* A: tile after tile; of 8 rows the registers of the upper half are not there. */
static struct fragment fragment_a(const struct wmma *w, const struct kind *kind)
{
	struct fragment f = {.each = each_of(kind->bits), .bits = kind->bits};

	f.step = f.each;
	f.rows = w->m;
	f.columns = w->k;
	for (unsigned tile = 0; tile < w->m; tile += 16)
		for (unsigned r = 0; r < kind->tile_a; r++)
			if (w->m > 8 || r % 2 == 0)
				add_register(&f, tile + 8 * (r % 2), 4 * f.each * (r / 2));
	f.count = f.used > kind->least ? f.used : kind->least;
	return f;
}

static struct fragment fragment_b(const struct wmma *w, const struct kind *kind)
{
	struct fragment f = {.each = each_of(kind->bits), .bits = kind->bits, .turned = true};

	f.step = f.each;
	f.rows = w->k;
	f.columns = w->n;
	for (unsigned tile = 0; tile < w->n; tile += 8)
		for (unsigned r = 0; r < kind->tile_b; r++)
			add_register(&f, tile, 4 * f.each * r);
	f.count = f.used > kind->least ? f.used : kind->least;
	return f;
}

/* C and D: tiles of 16 by 8, row by row of tiles; two halves share a register. */
static struct fragment fragment_c(const struct wmma *w, enum ptx_type type)
{
	unsigned bits = type_bits(type);
	struct fragment f = {.each = each_of(bits), .bits = bits, .step = 2};

	f.rows = w->m;
	f.columns = w->n;
	for (unsigned row = 0; row < w->m; row += 16)
		for (unsigned column = 0; column < w->n; column += 8)
			for (unsigned high = 0; high < (w->m > 8 ? 16u : 8u); high += 8)
				for (unsigned j = 0; j < 2; j += f.each)
					add_register(&f, row + high, column + j);
	f.count = f.used;
	return f;
}

/* ---- loads and stores ---- */

/* Where the warp's elements are in memory. */
struct walk {
	const struct fragment *f;
	bool together;    /* the fast index is the one that is contiguous */
	uint32_t base;    /* 64 bits: of the lane's first element */
	struct val pitch; /* bytes from one row or column to the next */
};

static struct val stride_of(struct ptx *p, const struct instr *in, unsigned k, unsigned fallback)
{
	return in->operand_count > k ? lower_src(p, in, k, TYPE_U32) : val_const(fallback);
}

/* So many elements in bytes. */
static struct val bytes_of(struct ptx *p, const struct instr *in, struct val elements,
			   unsigned bits)
{
	unsigned shift = bits == 1 ? 3 : bits == 4 ? 1 : 0;

	if (shift)
		return emit_r(p, in, ROAD_GPU_OP_shr_u32, elements, val_const(shift), VAL_NONE);
	return emit_r(p, in, ROAD_GPU_OP_mul_lo_u32, elements, val_const(bits / 8), VAL_NONE);
}

static void start_walk(struct ptx *p, const struct instr *in, unsigned memory, struct walk *w)
{
	const struct fragment *f = w->f;
	bool row_major = in->layouts[0] == LAYOUT_ROW;
	struct address address = lower_address(p, in, &in->operands[memory], space_of(in));
	uint32_t lane = temp(p, CLASS_R), base = address.vreg;

	w->together = row_major != f->turned;
	emit(p, in, ROAD_GPU_OP_sreg_b32, lane, VAL_NONE, VAL_NONE, VAL_NONE)->aux =
		ROAD_GPU_SREG_LANEID;
	if (address.form & ROAD_GPU_FORM_ADDR32)
		base = emit_r(p, in, ROAD_GPU_OP_pack_b64, val_reg(base), VAL_NONE, VAL_NONE).vreg;
	if (address.imm)
		base = emit_r(p, in, ROAD_GPU_OP_add_u64, val_reg(base),
			      val_const((uint64_t)(int64_t)address.imm), VAL_NONE)
			       .vreg;

	struct val g = emit_r(p, in, ROAD_GPU_OP_shr_u32, val_reg(lane), val_const(2), VAL_NONE);
	struct val t = emit_r(p, in, ROAD_GPU_OP_and_b32, val_reg(lane), val_const(3), VAL_NONE);
	struct val stride = stride_of(p, in, 2, row_major ? f->columns : f->rows);

	w->pitch = bytes_of(p, in, in_register(p, in, CLASS_R, stride), f->bits);
	struct val far = w->together ? g
				     : emit_r(p, in, ROAD_GPU_OP_mul_lo_u32, t, val_const(f->step),
					      VAL_NONE);
	struct val near = w->together ? t : g;
	struct val sum = emit_r(p, in, ROAD_GPU_OP_mad_wide_u32, far, w->pitch, val_reg(base));

	w->base = emit_r(p, in, ROAD_GPU_OP_mad_wide_u32, near,
			 val_const((w->together ? f->step : 1) * f->bits / 8), sum)
			  .vreg;
}

/* The address of element j of register r. */
static struct address place(struct ptx *p, const struct instr *in, const struct walk *w, unsigned r,
			    unsigned j)
{
	unsigned slow = w->f->slow[r], fast = w->f->fast[r] + j;
	unsigned far = w->together ? slow : fast, near = w->together ? fast : slow;
	struct val base = val_reg(w->base);

	if (far)
		base = emit_r(p, in, ROAD_GPU_OP_mad_wide_u32, w->pitch, val_const(far), base);
	return (struct address){.vreg = base.vreg, .imm = (int32_t)(near * w->f->bits / 8)};
}

static unsigned load_op(unsigned bits)
{
	return bits == 8    ? ROAD_GPU_OP_ld_u8
	       : bits == 16 ? ROAD_GPU_OP_ld_u16
	       : bits == 64 ? ROAD_GPU_OP_ld_b64
			    : ROAD_GPU_OP_ld_b32;
}

static unsigned store_op(unsigned bits)
{
	return bits == 8    ? ROAD_GPU_OP_st_b8
	       : bits == 16 ? ROAD_GPU_OP_st_b16
	       : bits == 64 ? ROAD_GPU_OP_st_b64
			    : ROAD_GPU_OP_st_b32;
}

/* Elements that lie apart, side by side in one register. */
static struct val load_apart(struct ptx *p, const struct instr *in, const struct walk *w,
			     unsigned r)
{
	struct val word = VAL_NONE;

	for (unsigned j = 0; j < w->f->each; j++) {
		struct address address = place(p, in, w, r, j);
		uint32_t part = temp(p, CLASS_R);

		emit_memory(p, in, load_op(w->f->bits), part, &address, 0);
		struct val moved = val_reg(part);

		if (j)
			moved = emit_r(p, in, ROAD_GPU_OP_shl_b32, moved, val_const(w->f->bits * j),
				       VAL_NONE);
		word = j ? emit_r(p, in, ROAD_GPU_OP_or_b32, word, moved, VAL_NONE) : moved;
	}
	return word;
}

static void load(struct ptx *p, const struct instr *in, const struct fragment *f)
{
	struct walk w = {.f = f};

	fragment_check(p, in, &in->operands[0], f->count);
	start_walk(p, in, 1, &w);
	for (unsigned r = 0; r < f->count; r++) {
		uint32_t d = lower_destination(p, in, fragment_element(&in->operands[0], r),
					       register_type(f), false);

		if (r >= f->used) {
			emit_mov(p, in, CLASS_R, d, val_const(0));
		} else if (w.together || f->each == 1) {
			struct address address = place(p, in, &w, r, 0);

			emit_memory(p, in, load_op(f->bits == 64 ? 64 : 32), d, &address, 0);
		} else {
			emit_mov(p, in, CLASS_R, d, load_apart(p, in, &w, r));
		}
	}
}

static void store(struct ptx *p, const struct instr *in, const struct fragment *f)
{
	struct walk w = {.f = f};

	fragment_check(p, in, &in->operands[1], f->count);
	start_walk(p, in, 0, &w);
	for (unsigned r = 0; r < f->used; r++) {
		struct val v =
			in_register(p, in, type_class(register_type(f)),
				    lower_source(p, in, fragment_element(&in->operands[1], r),
						 register_type(f), false));
		unsigned pieces = w.together ? 1 : f->each;

		for (unsigned j = 0; j < pieces; j++) {
			struct address address = place(p, in, &w, r, j);

			emit_memory(p, in, store_op(pieces > 1 || f->bits == 64 ? f->bits : 32), 0,
				    &address, v.vreg);
			v = pieces > 1 ? emit_r(p, in, ROAD_GPU_OP_shr_u32, v, val_const(f->bits),
						VAL_NONE)
				       : v;
		}
	}
}

/* ---- products ---- */

/* Registers from[0..count) of an operand side by side; where there is none, zero. */
static uint32_t gather(struct ptx *p, const struct instr *in, const struct operand *o,
		       const int *from, unsigned count, enum ptx_type type)
{
	enum reg_class cls = type_class(type);
	uint32_t group = 0;

	if (count > 1)
		group = vreg_new_group(p, cls, count);
	for (unsigned k = 0; k < count; k++) {
		struct val v = VAL_NONE;

		if (from[k] >= 0)
			v = lower_source(p, in, fragment_element(o, (unsigned)from[k]), type,
					 false);
		if (count == 1)
			return in_register(p, in, cls, v).vreg;
		emit_mov(p, in, cls, group + k, from[k] >= 0 ? v : val_const(0));
	}
	return group;
}

struct product {
	const struct wmma *shape;
	const struct kind *kind;
	enum ptx_type c; /* of C and D */
	uint16_t op, aux, mods;
};

/* Of a tile of the instruction's only the lower half is there. */
static bool is_low(const struct product *x)
{
	return x->shape->m == 8 && !x->kind->eight;
}

/* Registers of a tile of the result: each of the instruction, kept of them are in the fragment. */
static void tile_registers(const struct product *x, unsigned *each, unsigned *kept)
{
	*each = x->c == TYPE_F16 || x->kind->eight ? 2 : 4;
	*kept = is_low(x) ? *each / 2 : *each;
}

/* Tile (row, column) of the result, in tiles; answers its registers. */
static uint32_t multiply_tile(struct ptx *p, const struct instr *in, const struct product *x,
			      unsigned row, unsigned column)
{
	const struct kind *kind = x->kind;
	bool low = is_low(x);
	enum ptx_type type = x->c == TYPE_F64 ? TYPE_F64 : TYPE_B32;
	unsigned tile_a = low ? kind->tile_a / 2u : kind->tile_a, each, kept;
	int a[4], b[2], c[4];

	tile_registers(x, &each, &kept);
	for (unsigned r = 0; r < kind->tile_a; r++)
		a[r] = low && r % 2 ? -1 : (int)(row * tile_a + (low ? r / 2 : r));
	for (unsigned r = 0; r < kind->tile_b; r++)
		b[r] = (int)(column * kind->tile_b + r);
	for (unsigned r = 0; r < each; r++)
		c[r] = r < kept ? (int)((row * (x->shape->n / 8u) + column) * kept + r) : -1;

	uint32_t va = gather(p, in, &in->operands[1], a, kind->tile_a, type);
	uint32_t vb = gather(p, in, &in->operands[2], b, kind->tile_b, type);
	uint32_t vc = gather(p, in, &in->operands[3], c, each, type);
	uint32_t vd = vreg_new_group(p, type_class(type), each);
	struct inst *i = emit(p, in, x->op, vd, val_reg(va), val_reg(vb), val_reg(vc));

	i->aux = x->aux;
	i->mods = x->mods;
	return vd;
}

static void multiply(struct ptx *p, const struct instr *in, const struct product *x)
{
	struct fragment a = fragment_a(x->shape, x->kind), b = fragment_b(x->shape, x->kind);
	struct fragment c = fragment_c(x->shape, x->c);
	unsigned rows = (x->shape->m + 15u) / 16u, columns = x->shape->n / 8u, each, kept;
	uint32_t results[TILES_MAX];

	tile_registers(x, &each, &kept);
	fragment_check(p, in, &in->operands[0], c.count);
	fragment_check(p, in, &in->operands[1], a.count);
	fragment_check(p, in, &in->operands[2], b.count);
	fragment_check(p, in, &in->operands[3], c.count);
	/* All sources are read before a result is written. */
	for (unsigned tile = 0; tile < rows * columns; tile++)
		results[tile] = multiply_tile(p, in, x, tile / columns, tile % columns);
	for (unsigned k = 0; k < c.count; k++)
		emit_mov(p, in, type_class(register_type(&c)),
			 lower_destination(p, in, fragment_element(&in->operands[0], k),
					   register_type(&c), false),
			 val_reg(results[k / kept] + k % kept));
}

/* Types are .d.c for f16, .d.a.b.c for the others. */
static bool find_product(struct ptx *p, const struct instr *in, const struct wmma *shape,
			 struct product *x)
{
	enum ptx_type a = in->type_count == 4 ? in->types[1] : TYPE_F16;
	enum ptx_type b = in->type_count == 4 ? in->types[2] : TYPE_F16;
	enum ptx_type c = in->types[in->type_count - 1], d = in->types[0];

	*x = (struct product){.shape = shape, .kind = find_kind(a, shape->k), .c = c};
	if (!x->kind || !(x->kind->types >> b & 1) || c != d || !(x->kind->c >> c & 1))
		return false;
	x->op = c == TYPE_F16 ? ROAD_GPU_OP_mma_f16_b2 : x->kind->op;
	x->aux = c == TYPE_F16 ? 0 : x->kind->aux;
	x->aux |= mma_signs(a, b) | mma_bits_aux(p, in, a == TYPE_B1);
	if (c == TYPE_S32 && a != TYPE_B1 && in->flags & FLAG_SATFINITE)
		x->mods = ROAD_GPU_MOD_SAT;
	if (in->round > 0 || (in->round >= 0 && c != TYPE_F64))
		ptx_fail(p, in->at, "rounding of 'wmma'; allowed: .rn for .f64");
	return true;
}

/* ---- what PTX writes ---- */

static void lower_memory(struct ptx *p, const struct instr *in, const struct wmma *shape)
{
	enum ptx_type type = in->types[0];
	const struct kind *kind = find_kind(type, shape->k);
	bool is_store = in->action == WMMA_STORE;
	bool operand = in->matrix == WMMA_A || in->matrix == WMMA_B;
	bool accumulator = 1 << type & (T_F16 | T_F32 | T_S32 | T_F64);
	struct fragment f;

	if (in->layout_count != 1 || in->layouts[0] == LAYOUT_TRANS)
		ptx_fail(p, in->at, "layout of 'wmma'; allowed: .row .col");
	if (in->matrix < 0 || is_store != (in->matrix == WMMA_D))
		ptx_fail(p, in->at, "matrix of 'wmma'; allowed: %s",
			 is_store ? ".store.d" : ".load.a .load.b .load.c");
	bool small = 1 << type & T_SMALL;

	if (small && operand && (in->layouts[0] == LAYOUT_ROW) != (in->matrix == WMMA_A))
		ptx_fail(p, in->at, "layout of 'wmma' with .%s; allowed: %s", ptx_types[type].name,
			 in->matrix == WMMA_A ? ".row" : ".col");
	if (operand ? !kind : !accumulator || (type == TYPE_F64) != (shape->k == 4)) {
		function_refuse(p, in->at, "'wmma' of this shape and type is not supported");
		return;
	}
	f = in->matrix == WMMA_A   ? fragment_a(shape, kind)
	    : in->matrix == WMMA_B ? fragment_b(shape, kind)
				   : fragment_c(shape, type);
	if (is_store)
		store(p, in, &f);
	else
		load(p, in, &f);
}

void lower_wmma(struct ptx *p, const struct instr *in)
{
	const struct wmma *shape = find_shape(in);
	struct product x;

	if (!shape || in->action < 0 || in->action > WMMA_MMA) {
		function_refuse(p, in->at, "'wmma' of this shape is not supported");
		return;
	}
	if (in->action != WMMA_MMA) {
		if (in->type_count != 1 || in->operand_count > 3)
			ptx_fail(p, in->at,
				 "'wmma.load' and 'wmma.store' need one type, and two "
				 "or three operands");
		lower_memory(p, in, shape);
		return;
	}
	if (in->operand_count != 4 || in->layout_count != 2)
		ptx_fail(p, in->at, "'wmma.mma' needs two layouts and four operands");
	if (in->type_count < 2 || !find_product(p, in, shape, &x)) {
		function_refuse(p, in->at, "'wmma' of these types is not supported");
		return;
	}
	multiply(p, in, &x);
}
