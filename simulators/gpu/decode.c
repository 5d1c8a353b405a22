/* SPDX-License-Identifier: Apache-2.0 */
#include "simulators/gpu/decode.h"

#include <stdlib.h>
#include <string.h>

#include "simulators/gpu/exec.h"

enum { WORDS_MAX = 1 << 20, LOCAL_MAX = 1 << 19, SHARED_MAX = 1 << 24, PARAMS_MAX = 1 << 16 };
enum { WIDE = 2 * ROAD_GPU_ROW_BYTES };

struct op_row {
	const char *name;
	uint8_t unit, latency, d, a, b, c, mods;
};

static const struct op_row ops[] = {
#define OP(name, unit, latency, tier, d, a, b, c, mods)                                            \
	{#name,		  ROAD_GPU_UNIT_##unit, ROAD_GPU_LAT_##latency,				   \
	 ROAD_GPU_OPERAND_##d, ROAD_GPU_OPERAND_##a, ROAD_GPU_OPERAND_##b, ROAD_GPU_OPERAND_##c,   \
	 ROAD_GPU_MODS_##mods},
#include "uapi/gpu/ops.def"
#undef OP
};

const char *road_gpu_op_name(unsigned op)
{
	return op < ROAD_GPU_OPS ? ops[op].name : "?";
}

/* ---- sections ---- */

struct image {
	const uint8_t *bytes;
	struct road_gpu_image header;
};

/* The sections that lie in device memory, in their order. */
static bool check_sections(const struct image *image, size_t bytes)
{
	const struct road_gpu_image *h = &image->header;
	const struct {
		struct road_gpu_section section;
		uint32_t element;
	} sections[] = {
		{h->kernels, sizeof(struct road_gpu_kernel)}, {h->words, sizeof(struct road_gpu_word)},
		{h->lines, 4},				      {h->branches, 4},
		{h->params, sizeof(struct road_gpu_param)},
	};
	uint64_t at = sizeof(*h);

	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
		uint64_t size = (uint64_t)sections[i].section.count * sections[i].element;

		if (sections[i].section.offset % 8 || sections[i].section.offset < at ||
		    sections[i].section.offset + size > bytes)
			return false;
		at = sections[i].section.offset + size;
	}
	return h->lines.count == h->words.count;
}

/* ---- constants: rows of immediates ---- */

struct constants {
	uint8_t *rows;
	size_t bytes, room;
	uint32_t *table; /* open addressing: byte offset + 1 of narrow values */
	uint32_t *wide;  /* and of 64-bit values */
	size_t slots;
};

static bool constants_room(struct constants *c, size_t more)
{
	if (c->bytes + more <= c->room)
		return true;
	size_t room = c->room ? c->room * 2 : 64 * ROAD_GPU_ROW_BYTES;
	uint8_t *rows = aligned_alloc(64, room);

	if (!rows)
		return false;
	if (c->bytes)
		memcpy(rows, c->rows, c->bytes);
	free(c->rows);
	c->rows = rows;
	c->room = room;
	return true;
}

static bool constants_init(struct constants *c, uint32_t words)
{
	*c = (struct constants){.slots = 64};
	while (c->slots < 2u * words)
		c->slots *= 2;
	c->table = calloc(2 * c->slots, sizeof(*c->table));
	if (!c->table || !constants_room(c, 4 * ROAD_GPU_ROW_BYTES))
		return false;
	c->wide = c->table + c->slots;
	memset(c->rows, 0, 4 * ROAD_GPU_ROW_BYTES);
	c->bytes = 4 * ROAD_GPU_ROW_BYTES;
	return true;
}

/* Byte offset of the row, or pair of rows, that holds `value` in every lane; 0 if memory ran out
 * (offset 0 is zero itself and found without a table). */
static bool constants_find(struct constants *c, uint64_t value, bool wide, uint32_t *out)
{
	uint32_t *table = wide ? c->wide : c->table;
	size_t i = (size_t)(value * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (c->slots - 1);

	*out = 0;
	if (!value)
		return true;
	for (; table[i]; i = (i + 1) & (c->slots - 1)) {
		uint64_t known = 0;

		memcpy(&known, c->rows + table[i], wide ? 8 : 4);
		if (known == value) {
			*out = table[i];
			return true;
		}
	}
	if (!constants_room(c, wide ? WIDE : ROAD_GPU_ROW_BYTES))
		return false;
	for (size_t lane = 0; lane < 32; lane++)
		memcpy(c->rows + c->bytes + lane * (wide ? 8 : 4), &value, wide ? 8 : 4);
	*out = table[i] = (uint32_t)c->bytes;
	c->bytes += wide ? WIDE : ROAD_GPU_ROW_BYTES;
	return true;
}

/* ---- words ---- */

struct decoder {
	const struct road_gpu_kernel *desc;
	const struct op_row *row;
	struct road_gpu_word word;
	struct road_gpu_insn *insn;
	struct constants *constants;
	bool out_of_memory;
};

static unsigned rows_of(uint8_t kind)
{
	switch (kind) {
	case ROAD_GPU_OPERAND_R: return 1;
	case ROAD_GPU_OPERAND_D:
	case ROAD_GPU_OPERAND_V2: return 2;
	case ROAD_GPU_OPERAND_V4:
	case ROAD_GPU_OPERAND_W2: return 4;
	default: return 0;
	}
}

static bool register_fits(const struct decoder *d, uint8_t field, unsigned rows)
{
	return field == ROAD_GPU_RZ || (field % rows == 0 && field + rows <= d->desc->regs);
}

static bool predicate_fits(const struct decoder *d, uint8_t field)
{
	uint8_t index = field & (uint8_t)~ROAD_GPU_PNOT;

	return index == ROAD_GPU_PT || index < d->desc->preds;
}

static bool is_memory(const struct op_row *row)
{
	return row->a == ROAD_GPU_OPERAND_A;
}

/* The kind of register that an operand is; addresses are wide or narrow by form. */
static uint8_t kind_of(const struct decoder *d, uint8_t kind)
{
	if (kind != ROAD_GPU_OPERAND_A)
		return kind;
	return d->word.form & ROAD_GPU_FORM_ADDR32 ? ROAD_GPU_OPERAND_R : ROAD_GPU_OPERAND_D;
}

static bool immediate(const struct decoder *d, uint8_t kind, uint32_t *out)
{
	bool wide = kind == ROAD_GPU_OPERAND_D;
	uint64_t value = (uint32_t)d->word.imm;

	if (wide && d->word.form & ROAD_GPU_FORM_IMM_HIGH)
		value <<= 32;
	else if (wide)
		value = (uint64_t)(int64_t)d->word.imm;
	if (!constants_find(d->constants, value, wide, out))
		return false;
	*out |= ROAD_GPU_BANK_MASK;
	return true;
}

/* Source field number `n` (0 a, 1 b, 2 c). */
static bool decode_source(struct decoder *d, unsigned n, uint8_t kind, uint8_t field, uint32_t *out,
			  uint8_t *predicate)
{
	struct road_gpu_uses *uses = &d->insn->uses;

	kind = kind_of(d, kind);
	*predicate = ROAD_GPU_PT;
	uses->pred_read[n + 1] = ROAD_GPU_PT;
	if (kind == ROAD_GPU_OPERAND_N) {
		*out = ROAD_GPU_BANK_MASK;
		return field == 0;
	}
	if (kind == ROAD_GPU_OPERAND_P) {
		*predicate = field;
		uses->pred_read[n + 1] = field & (uint8_t)~ROAD_GPU_PNOT;
		return predicate_fits(d, field);
	}
	if (!is_memory(d->row) && (d->word.form & ROAD_GPU_FORM_IMM_MASK) == n + 1) {
		if (field != ROAD_GPU_RZ)
			return false;
		d->out_of_memory |= !immediate(d, kind, out);
		return true;
	}
	unsigned rows = rows_of(kind);

	if (!register_fits(d, field, rows))
		return false;
	if (field == ROAD_GPU_RZ) {
		*out = ROAD_GPU_BANK_MASK;
		return true;
	}
	*out = field * ROAD_GPU_ROW_BYTES;
	uses->read[n] = field;
	uses->read_rows[n] = (uint8_t)rows;
	return true;
}

static bool decode_destination(struct decoder *d)
{
	struct road_gpu_uses *uses = &d->insn->uses;
	uint8_t field = d->word.d, kind = d->row->d;

	d->insn->pd = ROAD_GPU_PT;
	uses->pred_write[0] = uses->pred_write[1] = ROAD_GPU_PT;
	if (kind == ROAD_GPU_OPERAND_N)
		return field == 0;
	if (kind == ROAD_GPU_OPERAND_P) {
		d->insn->pd = uses->pred_write[0] = field;
		return field <= ROAD_GPU_PT && predicate_fits(d, field);
	}
	unsigned rows = rows_of(kind);

	if (!register_fits(d, field, rows))
		return false;
	d->insn->d = (field == ROAD_GPU_RZ ? (uint32_t)d->desc->regs : field) * ROAD_GPU_ROW_BYTES;
	if (field != ROAD_GPU_RZ) {
		uses->write = field;
		uses->write_rows = (uint8_t)rows;
	}
	return true;
}

static bool check_form(const struct decoder *d)
{
	const struct op_row *row = d->row;
	unsigned form = d->word.form, imm = form & ROAD_GPU_FORM_IMM_MASK;

	if (form & ~ROAD_GPU_FORM_ALL)
		return false;
	if (is_memory(row))
		return (form & ~ROAD_GPU_FORM_ADDR32) == 0;
	if (form & ROAD_GPU_FORM_ADDR32)
		return false;
	if (!imm)
		return !(form & ROAD_GPU_FORM_IMM_HIGH);
	uint8_t kind = imm == 1 ? row->a : imm == 2 ? row->b : row->c;

	if (kind == ROAD_GPU_OPERAND_D)
		return true;
	return kind == ROAD_GPU_OPERAND_R && !(form & ROAD_GPU_FORM_IMM_HIGH);
}

static bool check_memory_mods(const struct decoder *d)
{
	unsigned mods = d->word.mods, space = mods & ROAD_GPU_MEM_SPACE_MASK;
	unsigned sem = (mods & ROAD_GPU_MEM_SEM_MASK) >> ROAD_GPU_MEM_SEM_SHIFT;
	unsigned cache = (mods & ROAD_GPU_MEM_CACHE_MASK) >> ROAD_GPU_MEM_CACHE_SHIFT;
	bool narrow = d->word.form & ROAD_GPU_FORM_ADDR32;
	bool offset = space == ROAD_GPU_SPACE_SHARED || space == ROAD_GPU_SPACE_LOCAL ||
		      space == ROAD_GPU_SPACE_PARAM;
	bool store = d->row->d == ROAD_GPU_OPERAND_N && is_memory(d->row);

	if (mods & 0xf000u || space >= ROAD_GPU_SPACES || sem >= ROAD_GPU_SEMS ||
	    cache >= ROAD_GPU_CACHES)
		return false;
	if (store && (space == ROAD_GPU_SPACE_CONST || space == ROAD_GPU_SPACE_PARAM))
		return false;
	return !is_memory(d->row) || !narrow || offset;
}

static bool type_is_wide(unsigned type)
{
	return type == ROAD_GPU_U64 || type == ROAD_GPU_S64 || type == ROAD_GPU_F64;
}

static bool type_is_float(unsigned type)
{
	return type >= ROAD_GPU_F16;
}

static bool check_cvt(const struct decoder *d)
{
	unsigned aux = d->word.aux, to = ROAD_GPU_CVT_TO(aux), from = ROAD_GPU_CVT_FROM(aux);
	bool integral = aux & ROAD_GPU_CVT_INTEGRAL;

	if (aux & ~0x1ffu || to >= ROAD_GPU_TYPES || from >= ROAD_GPU_TYPES)
		return false;
	if (integral && !(type_is_float(to) && type_is_float(from)))
		return false;
	return type_is_wide(to) == (d->row->d == ROAD_GPU_OPERAND_D) &&
	       type_is_wide(from) == (d->row->a == ROAD_GPU_OPERAND_D);
}

static bool check_mods(const struct decoder *d)
{
	unsigned mods = d->word.mods, round = mods & ROAD_GPU_MOD_ROUND_MASK;
	unsigned cmp = (mods & ROAD_GPU_MOD_CMP_MASK) >> ROAD_GPU_MOD_CMP_SHIFT;
	bool wide = d->row->d == ROAD_GPU_OPERAND_D || d->row->a == ROAD_GPU_OPERAND_D;

	switch (d->row->mods) {
	case ROAD_GPU_MODS_SAT: return !(mods & ~ROAD_GPU_MOD_SAT);
	case ROAD_GPU_MODS_FTZ: return !(mods & ~ROAD_GPU_MOD_FTZ);
	case ROAD_GPU_MODS_FARITH:
		return round < ROAD_GPU_RNA &&
		       !(mods & ~(ROAD_GPU_MOD_ROUND_MASK |
				  (wide ? 0u : ROAD_GPU_MOD_FTZ | ROAD_GPU_MOD_SAT)));
	case ROAD_GPU_MODS_FMINMAX:
		return !(mods & ~(ROAD_GPU_MOD_FTZ | ROAD_GPU_MOD_NAN | ROAD_GPU_MOD_XORSIGN |
				  ROAD_GPU_MOD_ABS));
	case ROAD_GPU_MODS_ICMP:
		return cmp < ROAD_GPU_CMP_INT_END &&
		       !(mods & ~(ROAD_GPU_MOD_CMP_MASK | ROAD_GPU_MOD_BOOL_MASK));
	case ROAD_GPU_MODS_FCMP:
		return cmp < ROAD_GPU_CMPS &&
		       !(mods & ~(ROAD_GPU_MOD_CMP_MASK | ROAD_GPU_MOD_BOOL_MASK |
				  (wide ? 0u : ROAD_GPU_MOD_FTZ)));
	case ROAD_GPU_MODS_CVT:
		return round < ROAD_GPU_ROUNDS &&
		       !(mods & ~(ROAD_GPU_MOD_ROUND_MASK | ROAD_GPU_MOD_FTZ | ROAD_GPU_MOD_SAT));
	case ROAD_GPU_MODS_MEM: return check_memory_mods(d);
	case ROAD_GPU_MODS_SPACE: return mods < ROAD_GPU_SPACES;
	default: return !mods;
	}
}

static bool check_sreg(const struct decoder *d)
{
	unsigned aux = d->word.aux;
	bool wide = aux == ROAD_GPU_SREG_CLOCK64 || aux == ROAD_GPU_SREG_GLOBALTIMER;

	return aux < ROAD_GPU_SREGS && wide == (d->row->d == ROAD_GPU_OPERAND_D);
}

static bool check_aux(const struct decoder *d)
{
	unsigned aux = d->word.aux;

	switch (d->row->mods) {
	case ROAD_GPU_MODS_ICMP:
	case ROAD_GPU_MODS_FCMP: return aux <= ROAD_GPU_PT && predicate_fits(d, (uint8_t)aux);
	case ROAD_GPU_MODS_LUT: return aux <= 0xff;
	case ROAD_GPU_MODS_CVT: return check_cvt(d);
	case ROAD_GPU_MODS_SREG: return check_sreg(d);
	case ROAD_GPU_MODS_TESTP: return aux < ROAD_GPU_TESTPS;
	case ROAD_GPU_MODS_PRMT: return aux < ROAD_GPU_PRMTS;
	case ROAD_GPU_MODS_SHF: return aux <= 1;
	case ROAD_GPU_MODS_BRX: return aux != 0;
	default: return !aux;
	}
}

static enum road_gpu_image_error check_immediate(const struct decoder *d)
{
	int64_t imm = d->word.imm;
	bool used = d->word.form & ROAD_GPU_FORM_IMM_MASK;

	switch (d->row->mods) {
	case ROAD_GPU_MODS_BRANCH:
		return imm >= 0 && imm < d->desc->word_count ? ROAD_GPU_IMAGE_OK :
							       ROAD_GPU_IMAGE_TARGET;
	case ROAD_GPU_MODS_BRX:
		return imm >= 0 && imm + d->word.aux <= d->desc->branch_count ?
			       ROAD_GPU_IMAGE_OK :
			       ROAD_GPU_IMAGE_TARGET;
	case ROAD_GPU_MODS_BAR:
		if ((d->word.form & ROAD_GPU_FORM_IMM_MASK) == ROAD_GPU_FORM_IMM_A)
			return imm >= 0 && imm < (int64_t)ROAD_GPU_BARRIERS ?
				       ROAD_GPU_IMAGE_OK :
				       ROAD_GPU_IMAGE_IMMEDIATE;
		break;
	default: break;
	}
	if (is_memory(d->row) || used)
		return ROAD_GPU_IMAGE_OK;
	return imm ? ROAD_GPU_IMAGE_IMMEDIATE : ROAD_GPU_IMAGE_OK;
}

static uint8_t memory_bytes(unsigned op)
{
	switch (op) {
	case ROAD_GPU_OP_ld_u8:
	case ROAD_GPU_OP_ld_s8:
	case ROAD_GPU_OP_st_b8: return 1;
	case ROAD_GPU_OP_ld_u16:
	case ROAD_GPU_OP_ld_s16:
	case ROAD_GPU_OP_st_b16: return 2;
	case ROAD_GPU_OP_ld_b32:
	case ROAD_GPU_OP_st_b32: return 4;
	case ROAD_GPU_OP_ld_v4_b32:
	case ROAD_GPU_OP_st_v4_b32:
	case ROAD_GPU_OP_ld_v2_b64:
	case ROAD_GPU_OP_st_v2_b64: return 16;
	default: return 8;
	}
}

static uint8_t step_kind(const struct decoder *d)
{
	switch (d->word.op) {
	case ROAD_GPU_OP_nop: return ROAD_GPU_KIND_NOP;
	case ROAD_GPU_OP_bra: return ROAD_GPU_KIND_BRANCH;
	case ROAD_GPU_OP_brx: return ROAD_GPU_KIND_BRANCH_TABLE;
	case ROAD_GPU_OP_exit: return ROAD_GPU_KIND_EXIT;
	case ROAD_GPU_OP_trap: return ROAD_GPU_KIND_TRAP;
	case ROAD_GPU_OP_bar_sync: return ROAD_GPU_KIND_BAR_SYNC;
	case ROAD_GPU_OP_bar_arrive: return ROAD_GPU_KIND_BAR_ARRIVE;
	case ROAD_GPU_OP_membar: return ROAD_GPU_KIND_MEMBAR;
	default: break;
	}
	if (!is_memory(d->row))
		return ROAD_GPU_KIND_ALU;
	return d->row->d == ROAD_GPU_OPERAND_N ? ROAD_GPU_KIND_STORE : ROAD_GPU_KIND_LOAD;
}

static uint8_t insn_flags(const struct decoder *d)
{
	unsigned op = d->word.op, aux = d->word.aux;
	uint8_t flags = 0;

	if (d->row->unit == ROAD_GPU_UNIT_SPECIAL)
		flags |= ROAD_GPU_INSN_APPROXIMATE;
	if (d->row->latency == ROAD_GPU_LAT_IDIV)
		flags |= ROAD_GPU_INSN_SLOW;
	if ((op == ROAD_GPU_OP_sreg_b32 || op == ROAD_GPU_OP_sreg_b64) &&
	    (aux == ROAD_GPU_SREG_SMID || aux == ROAD_GPU_SREG_WARPID ||
	     (aux >= ROAD_GPU_SREG_CLOCK && aux <= ROAD_GPU_SREG_GLOBALTIMER_HI)))
		flags |= ROAD_GPU_INSN_ORDER_SENSITIVE;
	return flags;
}

static enum road_gpu_image_error decode_word(struct decoder *d)
{
	struct road_gpu_insn *insn = d->insn;
	enum road_gpu_image_error error;

	if (d->word.op >= ROAD_GPU_OPS)
		return ROAD_GPU_IMAGE_OPCODE;
	d->row = &ops[d->word.op];
	if (!check_form(d))
		return ROAD_GPU_IMAGE_FORM;
	if (!check_mods(d))
		return ROAD_GPU_IMAGE_MODS;
	if (!check_aux(d))
		return ROAD_GPU_IMAGE_AUX;
	if (!predicate_fits(d, d->word.guard))
		return ROAD_GPU_IMAGE_GUARD;
	if (!decode_destination(d))
		return ROAD_GPU_IMAGE_OPERAND_D;
	if (!decode_source(d, 0, d->row->a, d->word.a, &insn->a, &insn->pa))
		return ROAD_GPU_IMAGE_OPERAND_A;
	if (!decode_source(d, 1, d->row->b, d->word.b, &insn->b, &insn->pb))
		return ROAD_GPU_IMAGE_OPERAND_B;
	if (!decode_source(d, 2, d->row->c, d->word.c, &insn->c, &insn->pc))
		return ROAD_GPU_IMAGE_OPERAND_C;
	error = check_immediate(d);
	if (error)
		return error;
	insn->imm = d->word.imm;
	insn->op = d->word.op;
	insn->mods = d->word.mods;
	insn->aux = d->word.aux;
	insn->form = d->word.form;
	insn->guard = d->word.guard;
	insn->unit = d->row->unit;
	insn->latency = d->row->latency;
	insn->kind = step_kind(d);
	insn->flags = insn_flags(d);
	insn->uses.pred_read[0] = d->word.guard & (uint8_t)~ROAD_GPU_PNOT;
	if (is_memory(d->row)) {
		insn->bytes = memory_bytes(d->word.op);
		insn->space = d->word.mods & ROAD_GPU_MEM_SPACE_MASK;
	}
	if (d->row->mods == ROAD_GPU_MODS_ICMP || d->row->mods == ROAD_GPU_MODS_FCMP)
		insn->uses.pred_write[1] = (uint8_t)d->word.aux;
	return ROAD_GPU_IMAGE_OK;
}

/* ---- kernels ---- */

static bool check_kernel(const struct image *image, const struct road_gpu_kernel *k)
{
	const struct road_gpu_image *h = &image->header;
	bool refused = k->flags & ROAD_GPU_KERNEL_REFUSED;

	if (k->flags & ~(ROAD_GPU_KERNEL_REFUSED | ROAD_GPU_KERNEL_APPROXIMATE) || k->reserved[0] ||
	    k->reserved[1] || k->reserved[2])
		return false;
	if (refused ? k->word_count != 0 : k->word_count == 0 || k->word_count > WORDS_MAX)
		return false;
	if ((uint64_t)k->first_word + k->word_count > h->words.count ||
	    (uint64_t)k->first_branch + k->branch_count > h->branches.count ||
	    (uint64_t)k->first_param + k->param_count > h->params.count)
		return false;
	return k->regs <= ROAD_GPU_REGS_MAX && k->preds <= ROAD_GPU_PREDS_MAX &&
	       k->barriers <= ROAD_GPU_BARRIERS && k->local_bytes % 16 == 0 &&
	       k->local_bytes <= LOCAL_MAX && k->shared_bytes <= SHARED_MAX &&
	       k->param_bytes <= PARAMS_MAX && k->max_threads <= 1024;
}

static bool check_params(const struct road_gpu_code *code)
{
	for (uint32_t i = 0; i < code->desc.param_count; i++) {
		const struct road_gpu_param *p = &code->params[i];

		if (p->flags & ~ROAD_GPU_PARAM_POINTER ||
		    (uint64_t)p->offset + p->bytes > code->desc.param_bytes)
			return false;
	}
	return true;
}

static void finish_insns(struct road_gpu_code *code, const struct road_gpu_variant *variant)
{
	struct road_gpu_insn *end = &code->insns[code->desc.word_count];

	for (uint32_t i = 0; i < code->desc.word_count; i++)
		code->insns[i].exec = variant->exec[code->insns[i].op];
	*end = (struct road_gpu_insn){.kind = ROAD_GPU_KIND_END,
				      .unit = ROAD_GPU_UNIT_CONTROL,
				      .latency = ROAD_GPU_LAT_BRANCH,
				      .guard = ROAD_GPU_PT,
				      .uses = {.pred_read = {ROAD_GPU_PT, ROAD_GPU_PT, ROAD_GPU_PT,
							     ROAD_GPU_PT},
					       .pred_write = {ROAD_GPU_PT, ROAD_GPU_PT}}};
}

static enum road_gpu_image_error decode_kernel(const struct image *image,
					       struct road_gpu_code *code,
					       const struct road_gpu_variant *variant,
					       struct road_gpu_image_fault *fault, bool *no_memory)
{
	const struct road_gpu_kernel *desc = &code->desc;
	struct constants constants;
	size_t bytes = ((size_t)desc->word_count + 1) * sizeof(struct road_gpu_insn);
	enum road_gpu_image_error error = ROAD_GPU_IMAGE_OK;

	code->insns = aligned_alloc(64, (bytes + 63) & ~(size_t)63);
	if (!constants_init(&constants, desc->word_count) || !code->insns) {
		*no_memory = true;
		goto out;
	}
	memset(code->insns, 0, bytes);
	for (uint32_t i = 0; i < desc->word_count && !error && !*no_memory; i++) {
		struct decoder d = {.desc = desc,
				    .insn = &code->insns[i],
				    .constants = &constants};

		memcpy(&d.word,
		       image->bytes + image->header.words.offset +
			       (size_t)(desc->first_word + i) * sizeof(d.word),
		       sizeof(d.word));
		error = decode_word(&d);
		*no_memory = d.out_of_memory;
		fault->word = desc->first_word + i;
	}
	for (uint32_t i = 0; i < desc->branch_count && !error; i++) {
		if (code->branches[i] >= desc->word_count)
			error = ROAD_GPU_IMAGE_TARGET;
	}
	if (!error && !check_params(code))
		error = ROAD_GPU_IMAGE_KERNEL;
	if (!error && !*no_memory)
		finish_insns(code, variant);
out:
	free(constants.table);
	code->constants = constants.rows;
	return error;
}

static void *copy_section(const struct image *image, struct road_gpu_section section, size_t element)
{
	size_t bytes = section.count * element;
	void *copy = malloc(bytes ? bytes : 1);

	if (copy)
		memcpy(copy, image->bytes + section.offset, bytes);
	return copy;
}

static bool take_tables(struct road_gpu_module *module, const struct image *image)
{
	const struct road_gpu_image *h = &image->header;

	module->kernel_count = h->kernels.count;
	module->kernels_offset = h->kernels.offset;
	module->kernels = calloc(h->kernels.count ? h->kernels.count : 1, sizeof(*module->kernels));
	module->lines = copy_section(image, h->lines, 4);
	module->branches = copy_section(image, h->branches, 4);
	module->params = copy_section(image, h->params, sizeof(struct road_gpu_param));
	return module->kernels && module->lines && module->branches && module->params;
}

static enum road_gpu_image_error decode_all(struct road_gpu_module *module,
					    const struct image *image,
					    struct road_gpu_image_fault *fault, bool *no_memory)
{
	for (uint32_t i = 0; i < module->kernel_count; i++) {
		struct road_gpu_code *code = &module->kernels[i];

		fault->kernel = i;
		fault->word = UINT32_MAX;
		memcpy(&code->desc,
		       image->bytes + module->kernels_offset + i * sizeof(code->desc),
		       sizeof(code->desc));
		if (!check_kernel(image, &code->desc))
			return ROAD_GPU_IMAGE_KERNEL;
		code->lines = module->lines + code->desc.first_word;
		code->branches = module->branches + code->desc.first_branch;
		code->params = module->params + code->desc.first_param;
		enum road_gpu_image_error error =
			decode_kernel(image, code, module->variant, fault, no_memory);

		if (error || *no_memory)
			return error;
	}
	return ROAD_GPU_IMAGE_OK;
}

struct road_gpu_module *road_gpu_module_load(const void *bytes, size_t byte_count,
					     struct road_gpu_image_fault *fault)
{
	struct image image = {.bytes = bytes};
	const struct road_gpu_image *h = &image.header;
	bool no_memory = false;

	*fault = (struct road_gpu_image_fault){ROAD_GPU_IMAGE_HEADER, UINT32_MAX, UINT32_MAX};
	if (byte_count < sizeof(image.header) || byte_count > ROAD_GPU_IMAGE_MAX_BYTES)
		return NULL;
	memcpy(&image.header, bytes, sizeof(image.header));
	if (h->magic != ROAD_GPU_IMAGE_MAGIC || h->version != ROAD_GPU_IMAGE_VERSION ||
	    h->isa_version != ROAD_GPU_ISA_VERSION || h->code_bytes != byte_count || h->reserved)
		return NULL;
	fault->error = ROAD_GPU_IMAGE_SECTION;
	if (!check_sections(&image, byte_count))
		return NULL;
	struct road_gpu_module *module = calloc(1, sizeof(*module));

	fault->error = ROAD_GPU_IMAGE_OK;
	if (!module)
		return NULL;
	module->variant = road_gpu_variant_best();
	if (!take_tables(module, &image))
		no_memory = true;
	else
		fault->error = decode_all(module, &image, fault, &no_memory);
	if (no_memory)
		fault->error = ROAD_GPU_IMAGE_OK;
	if (no_memory || fault->error) {
		road_gpu_module_free(module);
		return NULL;
	}
	return module;
}

void road_gpu_module_free(struct road_gpu_module *module)
{
	if (!module)
		return;
	for (uint32_t i = 0; module->kernels && i < module->kernel_count; i++) {
		free(module->kernels[i].insns);
		free(module->kernels[i].constants);
	}
	free(module->kernels);
	free(module->lines);
	free(module->branches);
	free(module->params);
	free(module);
}

const struct road_gpu_code *road_gpu_module_kernel(const struct road_gpu_module *module,
						   uint64_t offset)
{
	uint64_t from = module->kernels_offset;

	if (offset < from || (offset - from) % sizeof(struct road_gpu_kernel))
		return NULL;
	uint64_t index = (offset - from) / sizeof(struct road_gpu_kernel);

	return index < module->kernel_count ? &module->kernels[index] : NULL;
}
