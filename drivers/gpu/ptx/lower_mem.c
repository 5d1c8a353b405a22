/* SPDX-License-Identifier: Apache-2.0 */
/* Loads, stores and what orders them (PTX ISA, sections 9.7.9 and 9.7.13). */
#include "drivers/gpu/ptx/lower.h"

/* The space that a variable's name stands for in an address without a register. */
static int symbol_space(const struct symbol *symbol)
{
	switch (symbol->kind) {
	case SYMBOL_DATA: return symbol->is_const ? ROAD_GPU_SPACE_CONST : ROAD_GPU_SPACE_GLOBAL;
	case SYMBOL_SHARED:
	case SYMBOL_DYNAMIC: return ROAD_GPU_SPACE_SHARED;
	case SYMBOL_FUNCTION_PARAM:
	case SYMBOL_LOCAL: return ROAD_GPU_SPACE_LOCAL;
	case SYMBOL_PARAM: return ROAD_GPU_SPACE_PARAM;
	default: return -1;
	}
}

static bool is_offset_space(int space)
{
	return space == ROAD_GPU_SPACE_SHARED || space == ROAD_GPU_SPACE_LOCAL ||
	       space == ROAD_GPU_SPACE_PARAM;
}

static void check_symbol_space(struct ptx *p, const struct instr *in, const struct operand *o,
			       int space)
{
	static const char *const names[] = {".generic", ".global", ".shared",
					    ".local",   ".const",  ".param"};
	int of = symbol_space(&o->symbol);

	if (of < 0 || of == space ||
	    (space == ROAD_GPU_SPACE_GENERIC && of == ROAD_GPU_SPACE_GLOBAL))
		return;
	ptx_fail(p, o->at, "'%.*s%s' of '%.*s', which is in %s", SLICE(in->name),
		 space == ROAD_GPU_SPACE_GENERIC ? "" : names[space], SLICE(o->name), names[of]);
}

/* [sym + c] in a space of offsets is a constant; elsewhere the variable's address in a register. */
static void symbol_address(struct ptx *p, const struct instr *in, const struct operand *o,
			   int space, struct address *out)
{
	struct operand base = *o;

	check_symbol_space(p, in, o, space);
	base.constant.value = 0;
	out->imm = (int32_t)(uint32_t)o->constant.value;
	out->form = is_offset_space(space) ? ROAD_GPU_FORM_ADDR32 : 0;
	struct val v = symbol_value(p, in, &base, out->form ? CLASS_R : CLASS_D);

	if (v.is_const)
		out->imm = (int32_t)((uint32_t)out->imm + (uint32_t)v.bits);
	else
		out->vreg = v.vreg;
}

struct address lower_address(struct ptx *p, const struct instr *in, const struct operand *o,
			     int space)
{
	struct address out = {0};
	int64_t offset = (int64_t)o->constant.value;

	if (o->kind != OPERAND_ADDRESS)
		ptx_fail(p, o->at, "'%.*s' needs an address in brackets here", SLICE(in->name));
	if (o->has_symbol) {
		symbol_address(p, in, o, space, &out);
		return out;
	}
	if (o->vreg) {
		const struct vreg *reg = &p->function->vregs[o->vreg];

		if (reg->bits != 64 && (reg->bits != 32 || !is_offset_space(space)))
			ptx_fail(p, o->at, "address register '%.*s' is %u bits; allowed: %s",
				 SLICE(o->name), reg->bits,
				 is_offset_space(space) ? "32 or 64" : "64");
		out.vreg = o->vreg;
		out.form = reg->bits == 32 ? ROAD_GPU_FORM_ADDR32 : 0;
	}
	out.imm = (int32_t)offset;
	if (out.form || out.imm == offset)
		return out;
	struct val sum = emit_r(p, in, ROAD_GPU_OP_add_u64, val_reg(out.vreg),
				val_const((uint64_t)offset), VAL_NONE);

	out.vreg = sum.vreg;
	out.imm = 0;
	return out;
}

static uint16_t memory_mods(const struct instr *in)
{
	unsigned mods = (unsigned)space_of(in);

	if (in->flags & (FLAG_VOLATILE | FLAG_MMIO))
		mods |= ROAD_GPU_MEM_VOLATILE;
	if (in->sem > 0) {
		mods |= (unsigned)in->sem << ROAD_GPU_MEM_SEM_SHIFT;
		mods |= (in->scope > 0 ? (unsigned)in->scope : 0) << ROAD_GPU_MEM_SCOPE_SHIFT;
	}
	if (in->cache > 0)
		mods |= (unsigned)in->cache << ROAD_GPU_MEM_CACHE_SHIFT;
	return (uint16_t)mods;
}

struct inst *emit_memory(struct ptx *p, const struct instr *in, unsigned op, uint32_t d,
			 const struct address *address, uint32_t b)
{
	struct inst *i = emit(p, in, op, d, val_reg(address->vreg), val_reg(b), VAL_NONE);

	i->form = address->form;
	i->imm = address->imm;
	if (!address->vreg && !(address->form & ROAD_GPU_FORM_ADDR32) && is_offset_space(in->space))
		i->form = ROAD_GPU_FORM_ADDR32;
	i->mods = memory_mods(in);
	return i;
}

static void check_memory(struct ptx *p, const struct instr *in, bool is_store)
{
	if (in->sem > 0 && in->scope < 0 && !(in->flags & FLAG_MMIO))
		ptx_fail(p, in->at,
			 "'%.*s' with a memory order needs a scope; allowed: .cta "
			 ".cluster .gpu .sys",
			 SLICE(in->name));
	if (in->sem > ROAD_GPU_SEM_RELEASE ||
	    in->sem == (is_store ? ROAD_GPU_SEM_ACQUIRE : ROAD_GPU_SEM_RELEASE))
		ptx_fail(p, in->at, "memory order of '%.*s'; allowed: .weak .relaxed %s",
			 SLICE(in->name), is_store ? ".release" : ".acquire");
	if (is_store && (in->space == ROAD_GPU_SPACE_CONST))
		ptx_fail(p, in->at, "'st.const': constants are read only");
}

/* Byte k (or pair of bytes) of a loaded word, extended to 32 bits. */
static struct val extract(struct ptx *p, const struct instr *in, struct val word, unsigned k,
			  unsigned bytes, bool is_signed)
{
	unsigned low = k * bytes, top = low + bytes - 1;
	unsigned fill = is_signed ? 8u | top : 4u; /* copies of the sign, or zeros of RZ */
	unsigned selector = bytes == 2 ? low | top << 4 : low | fill << 4;

	selector |= fill << 8 | fill << 12;
	return emit_r(p, in, ROAD_GPU_OP_prmt_b32, word, VAL_NONE, val_const(selector));
}

/* A value loaded into 32 bits goes to a register of 8 to 64 bits. */
static void store_loaded(struct ptx *p, const struct instr *in, uint32_t d, struct val v,
			 bool is_signed)
{
	unsigned bits = p->function->vregs[d].bits;

	if (bits == 64) {
		emit(p, in, ROAD_GPU_OP_cvt_64_32, d, v, VAL_NONE, VAL_NONE)->aux =
			is_signed ? ROAD_GPU_CVT(ROAD_GPU_S64, ROAD_GPU_S32)
				  : ROAD_GPU_CVT(ROAD_GPU_U64, ROAD_GPU_U32);
	} else if (is_signed) {
		emit_cut(p, in, d, v, bits);
	} else {
		emit_mov(p, in, CLASS_R, d, v);
	}
}

static unsigned scalar_load(unsigned bytes, bool is_signed)
{
	switch (bytes) {
	case 1: return is_signed ? ROAD_GPU_OP_ld_s8 : ROAD_GPU_OP_ld_u8;
	case 2: return is_signed ? ROAD_GPU_OP_ld_s16 : ROAD_GPU_OP_ld_u16;
	case 4: return ROAD_GPU_OP_ld_b32;
	default: return ROAD_GPU_OP_ld_b64;
	}
}

static void load_scalar(struct ptx *p, const struct instr *in, const struct address *address)
{
	enum ptx_type type = in->types[0];
	unsigned bytes = ptx_types[type].bytes;
	uint32_t d = lower_destination(p, in, &in->operands[0], type, true);
	unsigned d_bits = p->function->vregs[d].bits;
	/* a sign that ends at the register's own width needs no extension */
	bool is_signed = ptx_types[type].kind == KIND_SIGNED && d_bits > bytes * 8;

	if (bytes == 8 || d_bits == 32 || !(is_signed || d_bits == 64)) {
		emit_memory(p, in, scalar_load(bytes, is_signed), d, address, 0);
		return;
	}
	uint32_t t = temp(p, CLASS_R);

	emit_memory(p, in, scalar_load(bytes, is_signed), t, address, 0);
	store_loaded(p, in, d, val_reg(t), is_signed);
}

/* Vectors of 32- and 64-bit elements: into a group, then to the named registers. */
static void load_group(struct ptx *p, const struct instr *in, const struct address *address)
{
	enum ptx_type type = in->types[0];
	bool wide = ptx_types[type].bytes == 8;
	const struct operand *list = &in->operands[0];
	uint32_t group = vreg_new_group(p, wide ? CLASS_D : CLASS_R, list->count);
	unsigned op = wide               ? ROAD_GPU_OP_ld_v2_b64
		      : list->count == 2 ? ROAD_GPU_OP_ld_v2_b32
					 : ROAD_GPU_OP_ld_v4_b32;

	emit_memory(p, in, op, group, address, 0);
	for (unsigned k = 0; k < list->count; k++) {
		if (list->elements[k].kind == OPERAND_SINK)
			continue;
		uint32_t d = lower_destination(p, in, &list->elements[k], type, true);

		if (wide)
			emit_mov(p, in, CLASS_D, d, val_reg(group + k));
		else
			store_loaded(p, in, d, val_reg(group + k),
				     ptx_types[type].kind == KIND_SIGNED &&
					     p->function->vregs[d].bits == 64);
	}
}

/* Vectors of 8- and 16-bit elements: one or two words, taken apart. */
static void load_packed(struct ptx *p, const struct instr *in, const struct address *address)
{
	enum ptx_type type = in->types[0];
	unsigned bytes = ptx_types[type].bytes;
	const struct operand *list = &in->operands[0];
	unsigned total = bytes * list->count, per_word = 4 / bytes;
	bool is_signed = ptx_types[type].kind == KIND_SIGNED;
	uint32_t words = total == 8 ? vreg_new_group(p, CLASS_R, 2) : temp(p, CLASS_R);

	emit_memory(p, in, total == 8 ? ROAD_GPU_OP_ld_v2_b32 : scalar_load(total, false), words,
		    address, 0);
	for (unsigned k = 0; k < list->count; k++) {
		if (list->elements[k].kind == OPERAND_SINK)
			continue;
		uint32_t d = lower_destination(p, in, &list->elements[k], type, true);
		struct val word = val_reg(words + k / per_word);
		bool extend = is_signed && p->function->vregs[d].bits > bytes * 8;

		store_loaded(p, in, d, extract(p, in, word, k % per_word, bytes, extend), extend);
	}
}

static void check_vector(struct ptx *p, const struct instr *in, const struct operand *list)
{
	unsigned bytes = ptx_types[in->types[0]].bytes * in->vector;

	if (list->kind != OPERAND_LIST || list->count != in->vector)
		ptx_fail(p, list->at, "'%.*s.v%u' needs %u registers in braces, saw %u",
			 SLICE(in->name), in->vector, in->vector,
			 list->kind == OPERAND_LIST ? list->count : 1);
	if (bytes > 16)
		function_refuse(p, in->at, "'%.*s' of %u bytes; the chip has up to 16",
				SLICE(in->name), bytes);
}

/* The register to store: of the type's width, from one perhaps wider. */
static struct val stored_value(struct ptx *p, const struct instr *in, const struct operand *o)
{
	enum ptx_type type = in->types[0];
	struct val v = lower_source(p, in, o, type, true);

	v = in_register(p, in, type_class(type), v);
	if (type_class(type) == CLASS_R && p->function->vregs[v.vreg].cls == CLASS_D)
		v = emit_r(p, in, ROAD_GPU_OP_unlo_b64, v, VAL_NONE, VAL_NONE);
	return v;
}

/* ---- .param of functions and calls ---- */

static const struct symbol *param_of_call(const struct operand *o)
{
	return o->kind == OPERAND_ADDRESS && o->has_symbol &&
			       o->symbol.kind == SYMBOL_FUNCTION_PARAM
		       ? &o->symbol
		       : NULL;
}

/* Those in registers hold one scalar, of which a part may be asked for. */
static bool check_param_part(struct ptx *p, const struct instr *in, const struct operand *o,
			     const struct symbol *symbol)
{
	uint64_t offset = o->constant.value, bytes = ptx_types[in->types[0]].bytes;

	if (in->vector == 1 && offset <= symbol->bytes && bytes <= symbol->bytes - offset)
		return true;
	function_refuse(p, in->at, "'%.*s' of %llu bytes at byte %llu of '%.*s', which has %u",
			SLICE(in->name), (unsigned long long)(bytes * in->vector),
			(unsigned long long)offset, SLICE(symbol->name), symbol->bytes);
	return false;
}

static void load_param_register(struct ptx *p, const struct instr *in, const struct operand *o,
				const struct symbol *symbol)
{
	enum ptx_type type = in->types[0];
	unsigned bytes = ptx_types[type].bytes, shift = (unsigned)o->constant.value * 8;
	struct val v = val_reg(symbol->vreg);

	if (!check_param_part(p, in, o, symbol))
		return;
	uint32_t d = lower_destination(p, in, &in->operands[0], type, true);
	bool is_signed =
		ptx_types[type].kind == KIND_SIGNED && p->function->vregs[d].bits > bytes * 8;

	if (bytes == 8) {
		emit_mov(p, in, CLASS_D, d, v);
		return;
	}
	if (symbol->bytes == 8) {
		v = emit_r(p, in, shift >= 32 ? ROAD_GPU_OP_unhi_b64 : ROAD_GPU_OP_unlo_b64, v,
			   VAL_NONE, VAL_NONE);
		shift %= 32;
	}
	if (shift)
		v = emit_r(p, in, ROAD_GPU_OP_shr_u32, v, val_const(shift), VAL_NONE);
	if (bytes < 4 && is_signed)
		v = sign_extend(p, in, v, type);
	else if (bytes < 4)
		v = emit_r(p, in, ROAD_GPU_OP_and_b32, v, val_const((1u << bytes * 8) - 1),
			   VAL_NONE);
	store_loaded(p, in, d, v, is_signed);
}

/* The value in the register's low bytes; PTX has compilers write the whole of it. */
static void store_param_register(struct ptx *p, const struct instr *in, const struct operand *o,
				 const struct symbol *symbol)
{
	unsigned bytes = ptx_types[in->types[0]].bytes;

	if (!check_param_part(p, in, o, symbol))
		return;
	if (o->constant.value || (symbol->bytes == 8 && bytes != 8)) {
		function_refuse(p, in->at, "'st.param' of a part of '%.*s'", SLICE(symbol->name));
		return;
	}
	struct val v = stored_value(p, in, &in->operands[1]);

	if (bytes == 8)
		emit_mov(p, in, CLASS_D, symbol->vreg, v);
	else
		emit_cut(p, in, symbol->vreg, v, bytes * 8);
}

/* Of one register braces may be there, too: Triton writes them. */
static void unwrap(const struct instr *in, struct operand *o)
{
	if (o->kind == OPERAND_LIST && o->count == 1 && in->vector == 1)
		*o = o->elements[0];
}

/* True if it was one in a register; if it is one in memory, *local is the access as of .local. */
static bool access_param(struct ptx *p, const struct instr *in, unsigned k, struct instr *local)
{
	const struct operand *o = &in->operands[k];
	const struct symbol *symbol = param_of_call(o);

	*local = *in;
	unwrap(local, &local->operands[k ? 0 : 1]);
	in = local;
	if (!symbol)
		return false;
	if (in->space != ROAD_GPU_SPACE_PARAM && in->space != ROAD_GPU_SPACE_LOCAL)
		ptx_fail(p, o->at, "'%.*s' of '%.*s', which is in .param", SLICE(in->name),
			 SLICE(o->name));
	local->space = ROAD_GPU_SPACE_LOCAL;
	if (!symbol->vreg || symbol->by_reference)
		return false;
	if (k)
		load_param_register(p, in, o, symbol);
	else
		store_param_register(p, in, o, symbol);
	return true;
}

void lower_ld(struct ptx *p, const struct instr *in)
{
	struct instr own;

	check_memory(p, in, false);
	if (access_param(p, in, 1, &own))
		return;
	in = &own;
	struct address address = lower_address(p, in, &in->operands[1], space_of(in));

	if (in->vector == 1 && in->operands[0].kind != OPERAND_LIST) {
		load_scalar(p, in, &address);
		return;
	}
	check_vector(p, in, &in->operands[0]);
	if (p->function->refusal)
		return;
	if (ptx_types[in->types[0]].bytes < 4)
		load_packed(p, in, &address);
	else
		load_group(p, in, &address);
}

static unsigned scalar_store(unsigned bytes)
{
	return bytes == 1   ? ROAD_GPU_OP_st_b8
	       : bytes == 2 ? ROAD_GPU_OP_st_b16
	       : bytes == 4 ? ROAD_GPU_OP_st_b32
			    : ROAD_GPU_OP_st_b64;
}

static void store_packed(struct ptx *p, const struct instr *in, const struct address *address,
			 struct val *v, unsigned count, unsigned bytes)
{
	unsigned total = bytes * count;

	for (; bytes < 4 && count > 1; bytes *= 2, count /= 2)
		for (unsigned k = 0; k < count / 2; k++)
			v[k] = emit_r(p, in, ROAD_GPU_OP_prmt_b32, v[2 * k], v[2 * k + 1],
				      val_const(bytes == 1 ? 0x0040 : 0x5410));
	if (total <= 4) {
		emit_memory(p, in, scalar_store(total), 0, address, v[0].vreg);
		return;
	}
	uint32_t group = vreg_new_group(p, CLASS_R, 2);

	emit_mov(p, in, CLASS_R, group, v[0]);
	emit_mov(p, in, CLASS_R, group + 1, v[1]);
	emit_memory(p, in, ROAD_GPU_OP_st_v2_b32, 0, address, group);
}

static void store_vector(struct ptx *p, const struct instr *in, const struct address *address)
{
	const struct operand *list = &in->operands[1];
	unsigned bytes = ptx_types[in->types[0]].bytes;
	struct val v[INSTR_ELEMENTS] = {0};

	for (unsigned k = 0; k < list->count; k++)
		v[k] = stored_value(p, in, &list->elements[k]);
	if (bytes < 4) {
		store_packed(p, in, address, v, list->count, bytes);
		return;
	}
	enum reg_class cls = bytes == 8 ? CLASS_D : CLASS_R;
	uint32_t group = vreg_new_group(p, cls, list->count);

	for (unsigned k = 0; k < list->count; k++)
		emit_mov(p, in, cls, group + k, v[k]);
	emit_memory(p, in,
		    bytes == 8         ? ROAD_GPU_OP_st_v2_b64
		    : list->count == 2 ? ROAD_GPU_OP_st_v2_b32
				       : ROAD_GPU_OP_st_v4_b32,
		    0, address, group);
}

void lower_st(struct ptx *p, const struct instr *in)
{
	struct instr own;

	check_memory(p, in, true);
	if (access_param(p, in, 0, &own))
		return;
	in = &own;
	if (in->space == ROAD_GPU_SPACE_PARAM)
		ptx_fail(p, in->at, "'st.param' of a kernel's parameter: those are read only");
	struct address address = lower_address(p, in, &in->operands[0], space_of(in));

	if (in->vector == 1 && in->operands[1].kind != OPERAND_LIST) {
		struct val v = stored_value(p, in, &in->operands[1]);

		emit_memory(p, in, scalar_store(ptx_types[in->types[0]].bytes), 0, &address,
			    v.vreg);
		return;
	}
	check_vector(p, in, &in->operands[1]);
	if (!p->function->refusal)
		store_vector(p, in, &address);
}

void lower_isspacep(struct ptx *p, const struct instr *in)
{
	uint32_t d = lower_pred_dst(p, &in->operands[0]);
	struct val a = in_register(p, in, CLASS_D, lower_src(p, in, 1, TYPE_U64));

	if (in->space <= 0)
		ptx_fail(p, in->at,
			 "'isspacep' needs a state space; allowed: .global .shared "
			 ".local .const .param");
	emit(p, in, ROAD_GPU_OP_isspacep, d, a, VAL_NONE, VAL_NONE)->mods = (uint16_t)in->space;
}

/* Hints: nothing to do. */
void lower_nop(struct ptx *p, const struct instr *in)
{
	(void)p;
	(void)in;
}

/* A policy is a hint that loads and stores take and ignore: for a part of accesses, for a range of
 * addresses, or made of an access property. */
void lower_createpolicy(struct ptx *p, const struct instr *in)
{
	unsigned high = in->form == FORM_RANGE ? 4 : 2;

	if ((in->form >= 0 && in->form != FORM_RANGE && in->form != FORM_CONVERT) ||
	    (in->space >= 0 && in->form != FORM_RANGE))
		ptx_fail(p, in->at, "form of 'createpolicy'; allowed: .fractional .range .cvt");
	if (in->operand_count > high || (in->form >= 0 && in->operand_count < high))
		ptx_fail(p, in->at, "'createpolicy' has %u operands here, needs %u",
			 in->operand_count, high);
	emit_mov(p, in, CLASS_D, lower_dst(p, in, 0, TYPE_B64), val_const(0));
}

/* membar.level and fence{.sem}.scope */
void lower_fence(struct ptx *p, const struct instr *in)
{
	bool is_membar = slice_is(in->name, "membar");
	int sem = in->sem >= 0 ? in->sem : is_membar ? ROAD_GPU_SEM_SC : ROAD_GPU_SEM_ACQ_REL;

	if (in->scope < 0)
		ptx_fail(p, in->at, "'%.*s' needs a scope; allowed: %s", SLICE(in->name),
			 is_membar ? ".cta .gl .sys" : ".cta .cluster .gpu .sys");
	if (sem == ROAD_GPU_SEM_WEAK || sem == ROAD_GPU_SEM_RELAXED)
		ptx_fail(p, in->at,
			 "memory order of 'fence'; allowed: .sc .acq_rel .acquire "
			 ".release");
	emit(p, in, ROAD_GPU_OP_membar, 0, VAL_NONE, VAL_NONE, VAL_NONE)->mods =
		(uint16_t)((unsigned)sem << ROAD_GPU_MEM_SEM_SHIFT |
			   (unsigned)in->scope << ROAD_GPU_MEM_SCOPE_SHIFT);
}
