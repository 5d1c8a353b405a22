/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/ptx/verify.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct row {
	unsigned char d, a, b, c, mods, unit;
};
static const struct row rows[ROAD_GPU_OPS] = {
#define OP(name, unit, latency, tier, d, a, b, c, mods)                    \
	{ROAD_GPU_OPERAND_##d, ROAD_GPU_OPERAND_##a, ROAD_GPU_OPERAND_##b, \
	 ROAD_GPU_OPERAND_##c, ROAD_GPU_MODS_##mods, ROAD_GPU_UNIT_##unit},
#include "uapi/gpu/ops.def"
#undef OP
};

enum shape { SHAPE_NONE, SHAPE_ROW, SHAPE_PAIR };

struct check {
	const struct road_gpu_kernel *kernel;
	const struct road_gpu_word *word;
	unsigned char shapes[256];
	const char *wrong;
};

static void require(struct check *c, bool holds, const char *what)
{
	if (!holds && !c->wrong)
		c->wrong = what;
}

/* Rows and pairs must not share registers: lanes would overlap (isa.h, on pairs). */
static void use(struct check *c, unsigned reg, unsigned count, enum shape shape)
{
	for (unsigned k = reg; k < reg + count && k < 256; k++) {
		require(c, c->shapes[k] == SHAPE_NONE || c->shapes[k] == shape,
			"a register is row and pair");
		c->shapes[k] = (unsigned char)shape;
	}
	require(c, reg + count <= c->kernel->regs, "a register is beyond the kernel's");
}

static void check_field(struct check *c, unsigned kind, unsigned field, bool is_source,
			bool is_immediate)
{
	bool is_register = kind == ROAD_GPU_OPERAND_R || kind == ROAD_GPU_OPERAND_D;

	if (is_immediate) {
		require(c, is_register, "an immediate in a field that takes none");
		require(c, field == ROAD_GPU_RZ, "an immediate's field is not RZ");
		return;
	}
	if (kind == ROAD_GPU_OPERAND_A)
		kind = c->word->form & ROAD_GPU_FORM_ADDR32 ? ROAD_GPU_OPERAND_R
							    : ROAD_GPU_OPERAND_D;
	if (kind == ROAD_GPU_OPERAND_N) {
		require(c, field == 0, "an unused field is not 0");
		return;
	}
	if (kind == ROAD_GPU_OPERAND_P) {
		unsigned pred = is_source ? field & ~ROAD_GPU_PNOT : field;

		require(c, pred == ROAD_GPU_PT || pred < c->kernel->preds,
			"a predicate is beyond the kernel's");
		return;
	}
	static const unsigned char counts[] = {[ROAD_GPU_OPERAND_R] = 1,
					       [ROAD_GPU_OPERAND_D] = 2,
					       [ROAD_GPU_OPERAND_V2] = 2,
					       [ROAD_GPU_OPERAND_V4] = 4,
					       [ROAD_GPU_OPERAND_W2] = 4};
	bool pair = kind == ROAD_GPU_OPERAND_D || kind == ROAD_GPU_OPERAND_W2;

	if (field == ROAD_GPU_RZ && (kind == ROAD_GPU_OPERAND_R || kind == ROAD_GPU_OPERAND_D))
		return;
	require(c, field % counts[kind] == 0, "a register is not aligned");
	use(c, field, counts[kind], pair ? SHAPE_PAIR : SHAPE_ROW);
}

static unsigned field_of(unsigned mods, unsigned mask, unsigned shift)
{
	return (mods & mask) >> shift;
}

static void check_memory(struct check *c, unsigned mods)
{
	unsigned known = ROAD_GPU_MEM_SPACE_MASK | ROAD_GPU_MEM_VOLATILE | ROAD_GPU_MEM_SEM_MASK |
			 ROAD_GPU_MEM_SCOPE_MASK | ROAD_GPU_MEM_CACHE_MASK;
	unsigned space = mods & ROAD_GPU_MEM_SPACE_MASK;

	require(c, !(mods & ~known), "unknown memory modifiers");
	require(c, space < ROAD_GPU_SPACES, "unknown space");
	require(c, field_of(mods, ROAD_GPU_MEM_SEM_MASK, ROAD_GPU_MEM_SEM_SHIFT) < ROAD_GPU_SEMS,
		"unknown order");
	require(c,
		field_of(mods, ROAD_GPU_MEM_CACHE_MASK, ROAD_GPU_MEM_CACHE_SHIFT) < ROAD_GPU_CACHES,
		"unknown cache operator");
	bool offsets = space == ROAD_GPU_SPACE_SHARED || space == ROAD_GPU_SPACE_LOCAL ||
		       space == ROAD_GPU_SPACE_PARAM;

	require(c, offsets || !(c->word->form & ROAD_GPU_FORM_ADDR32),
		"32-bit address in a 64-bit space");
}

static void check_members(struct check *c, unsigned second)
{
	const struct road_gpu_word *w = c->word;
	unsigned members = w->mods & ROAD_GPU_MOD_MEMBERS_MASK;

	require(c, members < ROAD_GPU_MEMBERS, "unknown choice of lanes");
	require(c,
		members == ROAD_GPU_MEMBERS_FIELD ||
			(w->c == ROAD_GPU_RZ &&
			 (w->form & ROAD_GPU_FORM_IMM_MASK) != ROAD_GPU_FORM_IMM_C),
		"lanes that are named twice");
	require(c, second == ROAD_GPU_PT || second < c->kernel->preds, "second destination");
}

static void check_compare(struct check *c, unsigned mods, unsigned end, unsigned allowed)
{
	const struct road_gpu_word *w = c->word;
	unsigned second = w->aux & 0xff;

	require(c, !(mods & ~(ROAD_GPU_MOD_CMP_MASK | ROAD_GPU_MOD_BOOL_MASK | allowed)),
		"modifiers of a comparison");
	require(c, field_of(mods, ROAD_GPU_MOD_CMP_MASK, ROAD_GPU_MOD_CMP_SHIFT) < end,
		"unknown comparison");
	require(c, second == ROAD_GPU_PT || second < c->kernel->preds, "second destination");
	if (!(mods & ROAD_GPU_MOD_BOOL_MASK))
		require(c, w->c == ROAD_GPU_PT, "a predicate that is not combined");
}

static void check_branch(struct check *c, const uint32_t *table)
{
	const struct road_gpu_word *w = c->word;
	uint32_t words = c->kernel->word_count;

	if (rows[w->op].mods == ROAD_GPU_MODS_BRANCH) {
		require(c, w->imm >= 0 && (uint32_t)w->imm < words, "branch out of the kernel");
		return;
	}
	require(c, w->imm >= 0 && w->aux && (uint32_t)w->imm + w->aux <= c->kernel->branch_count,
		"branch table out of the kernel's");
	for (unsigned k = 0; !c->wrong && k < w->aux; k++)
		require(c, table[c->kernel->first_branch + (uint32_t)w->imm + k] < words,
			"table entry out of the kernel");
}

static bool is_wide(unsigned type)
{
	return type == ROAD_GPU_U64 || type == ROAD_GPU_S64 || type == ROAD_GPU_F64;
}

static void check_arithmetic(struct check *c)
{
	unsigned mods = c->word->mods;

	require(c, (mods & ROAD_GPU_MOD_ROUND_MASK) < ROAD_GPU_RNA, "rounding");
	if (rows[c->word->op].unit == ROAD_GPU_UNIT_FP64)
		require(c, !(mods & (ROAD_GPU_MOD_FTZ | ROAD_GPU_MOD_SAT)), "modifiers of f32");
}

static void check_integers(struct check *c)
{
	check_compare(c, c->word->mods, ROAD_GPU_CMP_INT_END, 0);
}

static void check_floats(struct check *c)
{
	bool f64 = rows[c->word->op].unit == ROAD_GPU_UNIT_FP64;

	check_compare(c, c->word->mods, ROAD_GPU_CMPS, f64 ? 0 : ROAD_GPU_MOD_FTZ);
}

static void check_halves(struct check *c)
{
	require(c, c->word->aux >> 8 < ROAD_GPU_HALVES, "format of halves");
	check_compare(c, c->word->mods, ROAD_GPU_CMPS, ROAD_GPU_MOD_FTZ);
}

static void check_carry(struct check *c)
{
	require(c, c->word->aux == ROAD_GPU_PT || c->word->aux < c->kernel->preds, "carry out");
}

static void check_cvt(struct check *c)
{
	const struct road_gpu_word *w = c->word;
	unsigned to = ROAD_GPU_CVT_TO(w->aux), from = ROAD_GPU_CVT_FROM(w->aux);

	require(c, (w->mods & ROAD_GPU_MOD_ROUND_MASK) < ROAD_GPU_ROUNDS, "rounding");
	require(c, to < ROAD_GPU_TYPES, "type to convert to");
	require(c, from < ROAD_GPU_TYPES, "type to convert from");
	require(c,
		is_wide(to) == (rows[w->op].d == ROAD_GPU_OPERAND_D) &&
			is_wide(from) == (rows[w->op].a == ROAD_GPU_OPERAND_D),
		"a type of another width than its register");
}

static void check_access(struct check *c)
{
	check_memory(c, c->word->mods);
}

static void check_atomic(struct check *c)
{
	check_memory(c, c->word->mods);
	require(c, (c->word->mods & ROAD_GPU_MEM_SPACE_MASK) <= ROAD_GPU_SPACE_SHARED,
		"an atomic in this space");
}

static void check_space(struct check *c)
{
	require(c, c->word->mods < ROAD_GPU_SPACES, "unknown space");
}

static void check_rows(struct check *c)
{
	require(c,
		c->word->mods == ROAD_GPU_SPACE_SHARED || c->word->mods == ROAD_GPU_SPACE_GENERIC,
		"rows of a matrix, or a barrier, in this space");
}

static void check_integer_matrix(struct check *c)
{
	unsigned elements = c->word->aux >> ROAD_GPU_MMA_ELEMENTS_SHIFT;

	require(c,
		elements < ROAD_GPU_MMA_BITS_XOR ||
			(!(c->word->aux & (ROAD_GPU_MMA_A_SIGNED | ROAD_GPU_MMA_B_SIGNED)) &&
			 !c->word->mods),
		"signs or saturation of bits");
}

static void check_mbarrier(struct check *c)
{
	const struct road_gpu_word *w = c->word;
	bool acts = w->op == ROAD_GPU_OP_mbarrier, copies = w->op == ROAD_GPU_OP_copy_arrive;

	check_rows(c);
	require(c, acts || w->aux <= (copies ? ROAD_GPU_MBARRIER_NO_INC : 0u), "aux of a barrier");
	require(c, !acts || w->aux > ROAD_GPU_MBARRIER_INVAL || w->d == ROAD_GPU_RZ,
		"a state of what makes none");
}

static void check_shuffle(struct check *c)
{
	check_members(c, ROAD_GPU_SHFL_PRED(c->word->aux));
}

static void check_warp(struct check *c)
{
	check_members(c, ROAD_GPU_PT);
}

static void check_match(struct check *c)
{
	check_members(c, c->word->aux);
}

/* By modifier class: bits of mods that there are, where aux ends (0: it is 0), and the rest. */
#define COMPARE (ROAD_GPU_MOD_CMP_MASK | ROAD_GPU_MOD_BOOL_MASK | ROAD_GPU_MOD_FTZ)
#define MINMAX  (ROAD_GPU_MOD_FTZ | ROAD_GPU_MOD_NAN | ROAD_GPU_MOD_XORSIGN | ROAD_GPU_MOD_ABS)
#define HALF    (ROAD_GPU_HALVES << 8)
#define ANY     (UINT16_MAX + 1u)
static const struct {
	unsigned flags, aux_end;
	void (*check)(struct check *c);
} classes[] = {
	[ROAD_GPU_MODS_SAT] = {ROAD_GPU_MOD_SAT, 0, NULL},
	[ROAD_GPU_MODS_FTZ] = {ROAD_GPU_MOD_FTZ, 0, NULL},
	[ROAD_GPU_MODS_FARITH] = {ROAD_GPU_MOD_ROUND_MASK | ROAD_GPU_MOD_FTZ | ROAD_GPU_MOD_SAT, 0,
				  check_arithmetic},
	[ROAD_GPU_MODS_FMINMAX] = {MINMAX, 0, NULL},
	[ROAD_GPU_MODS_ICMP] = {COMPARE, ANY, check_integers},
	[ROAD_GPU_MODS_FCMP] = {COMPARE, ANY, check_floats},
	[ROAD_GPU_MODS_HCMP] = {COMPARE, ANY, check_halves},
	[ROAD_GPU_MODS_CARRY] = {0, ANY, check_carry},
	[ROAD_GPU_MODS_HARITH] = {ROAD_GPU_MOD_FTZ | ROAD_GPU_MOD_SAT | ROAD_GPU_MOD_RELU, HALF,
				  NULL},
	[ROAD_GPU_MODS_HMINMAX] = {MINMAX, HALF, NULL},
	[ROAD_GPU_MODS_HUNARY] = {ROAD_GPU_MOD_FTZ, HALF, NULL},
	[ROAD_GPU_MODS_DOT] = {0, 8, NULL},
	[ROAD_GPU_MODS_LUT] = {0, 256, NULL},
	[ROAD_GPU_MODS_CVT] = {ROAD_GPU_MOD_ROUND_MASK | ROAD_GPU_MOD_FTZ | ROAD_GPU_MOD_SAT |
				       ROAD_GPU_MOD_RELU | ROAD_GPU_MOD_SATFINITE,
			       0x200, check_cvt},
	[ROAD_GPU_MODS_SREG] = {0, ROAD_GPU_SREGS, NULL},
	[ROAD_GPU_MODS_TESTP] = {0, ROAD_GPU_TESTPS, NULL},
	[ROAD_GPU_MODS_PRMT] = {0, ROAD_GPU_PRMTS, NULL},
	[ROAD_GPU_MODS_SHF] = {0, 2, NULL},
	[ROAD_GPU_MODS_MEM] = {UINT16_MAX, 0, check_access},
	[ROAD_GPU_MODS_SPACE] = {ROAD_GPU_MEM_SPACE_MASK, 0, check_space},
	[ROAD_GPU_MODS_BRX] = {0, ANY, NULL},
	[ROAD_GPU_MODS_COPY_WAIT] = {0, ANY, NULL},
	[ROAD_GPU_MODS_COPY] = {ROAD_GPU_MEM_CACHE_MASK, 2, NULL},
	[ROAD_GPU_MODS_MMA] = {0, ROAD_GPU_MMAS, NULL},
	[ROAD_GPU_MODS_IMMA] = {ROAD_GPU_MOD_SAT,
				ROAD_GPU_MMA_ELEMENTS << ROAD_GPU_MMA_ELEMENTS_SHIFT,
				check_integer_matrix},
	[ROAD_GPU_MODS_LDMATRIX] = {ROAD_GPU_MEM_SPACE_MASK, 2, check_rows},
	[ROAD_GPU_MODS_MBARRIER] = {ROAD_GPU_MEM_SPACE_MASK, ROAD_GPU_MBARRIERS, check_mbarrier},
	[ROAD_GPU_MODS_SHFL] = {ROAD_GPU_MOD_MEMBERS_MASK | ROAD_GPU_MOD_PACKED, ANY,
				check_shuffle},
	[ROAD_GPU_MODS_WARP] = {ROAD_GPU_MOD_MEMBERS_MASK, 0, check_warp},
	[ROAD_GPU_MODS_MATCH] = {ROAD_GPU_MOD_MEMBERS_MASK, 64, check_match},
	[ROAD_GPU_MODS_ATOM] = {ROAD_GPU_MEM_SPACE_MASK | ROAD_GPU_MEM_SEM_MASK |
					ROAD_GPU_MEM_SCOPE_MASK,
				ROAD_GPU_ATOMS, check_atomic},
	[ROAD_GPU_MODS_CAS] = {ROAD_GPU_MEM_SPACE_MASK | ROAD_GPU_MEM_SEM_MASK |
				       ROAD_GPU_MEM_SCOPE_MASK,
			       0, check_atomic},
};

static void check_mods(struct check *c, const uint32_t *table)
{
	const struct road_gpu_word *w = c->word;
	unsigned class = rows[w->op].mods, flags = 0, aux_end = 0;

	if (class < sizeof(classes) / sizeof(classes[0])) {
		flags = classes[class].flags;
		aux_end = classes[class].aux_end;
		if (classes[class].check)
			classes[class].check(c);
	}
	if (class == ROAD_GPU_MODS_BRANCH || class == ROAD_GPU_MODS_BRX)
		check_branch(c, table);
	require(c, !(w->mods & ~flags), "modifiers that the opcode does not have");
	require(c, w->aux < (aux_end ? aux_end : 1), "aux out of range");
}

/* With several destinations one may be written before all sources are read. */
static void check_overlap(struct check *c)
{
	const struct road_gpu_word *w = c->word;
	unsigned class = rows[w->op].mods, kind = rows[w->op].d, count = 1;

	if ((class == ROAD_GPU_MODS_ICMP || class == ROAD_GPU_MODS_FCMP ||
	     class == ROAD_GPU_MODS_HCMP) &&
	    (w->aux & 0xff) != ROAD_GPU_PT && w->d != ROAD_GPU_PT)
		require(c, (w->aux & 0xff) != w->d && (w->c & ~ROAD_GPU_PNOT) != w->d,
			"a predicate is read and one of two destinations");
	if (kind == ROAD_GPU_OPERAND_V2)
		count = 2;
	if (kind == ROAD_GPU_OPERAND_V4 || kind == ROAD_GPU_OPERAND_W2)
		count = 4;
	if (count > 1)
		require(c, w->a < w->d || w->a >= w->d + count, "an address in a vector's place");
}

static void check_word(struct check *c, const uint32_t *table)
{
	const struct road_gpu_word *w = c->word;

	require(c, w->op < ROAD_GPU_OPS, "unknown opcode");
	require(c, !(w->form & ~ROAD_GPU_FORM_ALL), "unknown form");
	if (c->wrong)
		return;
	const struct row *row = &rows[w->op];
	unsigned immediate = w->form & ROAD_GPU_FORM_IMM_MASK;
	bool has_address = row->a == ROAD_GPU_OPERAND_A;
	bool may_high = immediate && (immediate == 1   ? row->a
				      : immediate == 2 ? row->b
						       : row->c) == ROAD_GPU_OPERAND_D;

	check_field(c, ROAD_GPU_OPERAND_P, w->guard, true, false);
	check_field(c, row->d, w->d, false, false);
	check_field(c, row->a, w->a, true, immediate == ROAD_GPU_FORM_IMM_A);
	check_field(c, row->b, w->b, true, immediate == ROAD_GPU_FORM_IMM_B);
	check_field(c, row->c, w->c, true, immediate == ROAD_GPU_FORM_IMM_C);
	require(c, has_address || !(w->form & ROAD_GPU_FORM_ADDR32), "ADDR32 without address");
	require(c, !has_address || !immediate, "an immediate beside an offset");
	require(c, may_high || !(w->form & ROAD_GPU_FORM_IMM_HIGH), "IMM_HIGH of 32 bits");
	require(c,
		immediate || has_address || row->mods == ROAD_GPU_MODS_BRANCH ||
			row->mods == ROAD_GPU_MODS_BRX || !w->imm,
		"imm that nobody reads");
	check_mods(c, table);
	check_overlap(c);
}

static bool ends(const struct road_gpu_word *w)
{
	return w->guard == ROAD_GPU_PT &&
	       (w->op == ROAD_GPU_OP_exit || w->op == ROAD_GPU_OP_bra ||
		w->op == ROAD_GPU_OP_trap || w->op == ROAD_GPU_OP_brx || w->op == ROAD_GPU_OP_ret);
}

/* Exactly one of local memory's loads and stores. */
static bool moves_local(const struct road_gpu_word *w)
{
	return (w->mods & ROAD_GPU_MEM_SPACE_MASK) == ROAD_GPU_SPACE_LOCAL &&
	       (w->op == ROAD_GPU_OP_ld_b32 || w->op == ROAD_GPU_OP_ld_b64 ||
		w->op == ROAD_GPU_OP_ld_v2_b32 || w->op == ROAD_GPU_OP_ld_v4_b32 ||
		w->op == ROAD_GPU_OP_ld_v2_b64 || w->op == ROAD_GPU_OP_st_b32 ||
		w->op == ROAD_GPU_OP_st_b64 || w->op == ROAD_GPU_OP_st_v2_b32 ||
		w->op == ROAD_GPU_OP_st_v4_b32 || w->op == ROAD_GPU_OP_st_v2_b64);
}

static const char *check_kernel(const struct road_gpu_image *image,
				const struct road_gpu_kernel *kernel, unsigned *word)
{
	const struct road_gpu_word *words = image_part(image, &image->words);
	const uint32_t *table = image_part(image, &image->branches);
	const uint32_t *lines = image_part(image, &image->lines);
	const struct road_gpu_param *params = image_part(image, &image->params);
	struct check c = {.kernel = kernel};
	uint32_t end = 0;

	if (kernel->flags & ROAD_GPU_KERNEL_REFUSED)
		return kernel->word_count || !kernel->error || !kernel->error_line
			       ? "a refused kernel has words or no reason"
			       : NULL;
	require(&c, !kernel->error && !kernel->error_line, "an error without refusal");
	require(&c, kernel->word_count, "no words");
	require(&c, (uint64_t)kernel->first_word + kernel->word_count <= image->words.count,
		"words");
	require(&c, (uint64_t)kernel->first_branch + kernel->branch_count <= image->branches.count,
		"branches");
	require(&c, (uint64_t)kernel->first_param + kernel->param_count <= image->params.count,
		"params");
	require(&c, kernel->regs <= ROAD_GPU_REGS_MAX, "too many registers");
	require(&c, kernel->preds <= ROAD_GPU_PREDS_MAX, "too many predicates");
	require(&c, kernel->local_bytes % 16 == 0, "local memory is not a multiple of 16");
	require(&c, kernel->spill_bytes <= kernel->local_bytes, "spills exceed local memory");
	require(&c, kernel->barriers <= 16, "barriers");
	require(&c, kernel->shared_align && !(kernel->shared_align & (kernel->shared_align - 1)),
		"shared alignment");
	for (unsigned k = 0; k < 3; k++)
		require(&c, !kernel->reserved[k], "reserved");
	for (unsigned k = 0; !c.wrong && k < kernel->param_count; k++) {
		const struct road_gpu_param *param = &params[kernel->first_param + k];

		require(&c, param->offset >= end && param->offset % param->align == 0,
			"parameter placement");
		end = param->offset + param->bytes;
	}
	require(&c, end <= kernel->param_bytes, "parameter size");
	for (*word = 0; !c.wrong && *word < kernel->word_count; ++*word) {
		c.word = &words[kernel->first_word + *word];
		check_word(&c, table);
		uint32_t note = lines[kernel->first_word + *word];

		require(&c, note & ROAD_GPU_LINE_MASK, "a word without line");
		if (note & ROAD_GPU_LINE_SPILL)
			require(&c, kernel->spill_bytes && moves_local(c.word),
				"a spill that moves no local memory, or without room for it");
	}
	if (!c.wrong && !ends(c.word))
		return "the last word falls off the kernel";
	return c.wrong;
}

static const char *check_sections(const struct road_gpu_image *image, size_t bytes)
{
	static const unsigned char sizes[] = {sizeof(struct road_gpu_kernel),
					      sizeof(struct road_gpu_word),
					      4,
					      4,
					      sizeof(struct road_gpu_param),
					      1,
					      1,
					      sizeof(struct road_gpu_symbol),
					      sizeof(struct road_gpu_reloc)};
	const struct road_gpu_section *sections = &image->kernels;
	const unsigned char *raw = (const void *)image;
	uint64_t at = sizeof(*image);

	for (unsigned k = 0; k < sizeof(sizes); k++) {
		if (sections[k].offset % 8 || sections[k].offset < at)
			return "section out of order or not aligned";
		if (sections[k].offset + (uint64_t)sections[k].count * sizes[k] > bytes)
			return "section out of the image";
		for (; at < sections[k].offset; at++)
			if (raw[at])
				return "padding is not zero";
		at += (uint64_t)sections[k].count * sizes[k];
		if (&sections[k] == &image->params && image->code_bytes != at)
			return "code_bytes is not the end of the parameters";
	}
	return image->lines.count == image->words.count ? NULL : "a line for each word";
}

static const char *check_strings(const struct road_gpu_image *image)
{
	const char *strings = image_part(image, &image->strings);

	if (!image->strings.count || strings[0] || strings[image->strings.count - 1])
		return "strings do not start with \"\" or end in 0";
	return NULL;
}

static const char *check_relocs(const struct road_gpu_image *image)
{
	const struct road_gpu_reloc *relocs = image_part(image, &image->relocs);
	const struct road_gpu_word *words = image_part(image, &image->words);

	for (unsigned k = 0; k < image->relocs.count; k++) {
		const struct road_gpu_reloc *r = &relocs[k];

		if (r->kind == ROAD_GPU_RELOC_ABS64
			    ? (uint64_t)r->where + 8 > image->data.count
			    : r->kind >= ROAD_GPU_RELOCS || r->where >= image->words.count ||
				      !(words[r->where].form & ROAD_GPU_FORM_IMM_MASK))
			return "relocation";
	}
	return NULL;
}

static const char *check_symbols(const struct road_gpu_image *image)
{
	const struct road_gpu_symbol *symbols = image_part(image, &image->symbols);

	for (unsigned k = 0; k < image->symbols.count; k++)
		if (!symbols[k].name || symbols[k].name >= image->strings.count ||
		    (uint64_t)symbols[k].offset + symbols[k].bytes > image->data.count)
			return "symbol";
	return NULL;
}

const char *verify_image(const void *raw, size_t bytes, unsigned *word)
{
	const struct road_gpu_image *image = raw;
	const char *wrong;

	*word = 0;
	if (bytes < sizeof(*image) || image->total_bytes != bytes)
		return "size";
	if (image->magic != ROAD_GPU_IMAGE_MAGIC || image->version != ROAD_GPU_IMAGE_VERSION ||
	    image->isa_version != ROAD_GPU_ISA_VERSION || image->reserved)
		return "header";
	if (!image->data_align || image->data_align & (image->data_align - 1))
		return "data alignment";
	wrong = check_sections(image, bytes);
	if (!wrong)
		wrong = check_strings(image);
	if (!wrong)
		wrong = check_symbols(image);
	if (!wrong)
		wrong = check_relocs(image);
	for (unsigned k = 0; !wrong && k < image->kernels.count; k++) {
		const struct road_gpu_kernel *kernel = image_kernel(image, k);

		if (kernel->name >= image->strings.count || kernel->error >= image->strings.count)
			return "name";
		wrong = check_kernel(image, kernel, word);
	}
	return wrong;
}

const struct road_gpu_kernel *image_kernel(const struct road_gpu_image *image, unsigned index)
{
	return (const struct road_gpu_kernel *)image_part(image, &image->kernels) + index;
}

const struct road_gpu_word *image_words(const struct road_gpu_image *image, unsigned kernel)
{
	return (const struct road_gpu_word *)image_part(image, &image->words) +
	       image_kernel(image, kernel)->first_word;
}

const char *image_string(const struct road_gpu_image *image, unsigned offset)
{
	return (const char *)image_part(image, &image->strings) + offset;
}
