/* SPDX-License-Identifier: Apache-2.0 */
/* From blocks to words, and from all kernels to the image (uapi/gpu/image.h). */
#include <stdlib.h>
#include <string.h>

#include "drivers/gpu/ptx/module.h"

uint32_t emit_string(struct ptx *p, const char *text, uint32_t bytes)
{
	if (!bytes)
		return 0;
	while (p->string_bytes + bytes + 1 > p->string_room)
		p->strings =
			ptx_grow(p, &p->module, p->strings, p->string_room, &p->string_room, 1);
	uint32_t offset = p->string_bytes;

	memcpy(p->strings + offset, text, bytes);
	p->strings[offset + bytes] = '\0';
	p->string_bytes += bytes + 1;
	return offset;
}

static uint8_t physical(const struct function *f, unsigned kind, uint32_t v)
{
	if (kind == ROAD_GPU_OPERAND_N)
		return 0;
	if (!v)
		return kind == ROAD_GPU_OPERAND_P ? ROAD_GPU_PT : ROAD_GPU_RZ;
	const struct vreg *reg = &f->vregs[v];

	switch (reg->cls) {
	case CLASS_D: return (uint8_t)(2 * reg->place);
	case CLASS_P: return reg->place;
	default: return (uint8_t)(f->row_base + reg->place);
	}
}

static uint8_t source(const struct function *f, unsigned kind, uint32_t v, bool negated)
{
	uint8_t place = physical(f, kind, v);

	return negated && kind == ROAD_GPU_OPERAND_P ? place | ROAD_GPU_PNOT : place;
}

static struct road_gpu_word *push_word(struct ptx *p, uint32_t note)
{
	if (p->word_count >= PTX_MAX_WORDS)
		ptx_fail(p, (struct place){note & ROAD_GPU_LINE_MASK, 1},
			 "module has more than %u instructions", PTX_MAX_WORDS);
	p->words =
		ptx_grow(p, &p->module, p->words, p->word_count, &p->word_room, sizeof(*p->words));
	p->lines =
		ptx_grow(p, &p->module, p->lines, p->word_count, &p->line_room, sizeof(*p->lines));
	p->lines[p->word_count] = note;
	return &p->words[p->word_count++];
}

static void push_reloc(struct ptx *p, uint32_t kind, uint32_t where, int64_t addend)
{
	p->relocs = ptx_grow(p, &p->module, p->relocs, p->reloc_count, &p->reloc_room,
			     sizeof(*p->relocs));
	p->relocs[p->reloc_count++] = (struct road_gpu_reloc){kind, where, addend};
}

/* Second destinations, which are predicates, stand in aux. */
static bool has_second(unsigned mods)
{
	return mods == ROAD_GPU_MODS_ICMP || mods == ROAD_GPU_MODS_FCMP ||
	       mods == ROAD_GPU_MODS_HCMP || mods == ROAD_GPU_MODS_CARRY ||
	       mods == ROAD_GPU_MODS_SHFL || mods == ROAD_GPU_MODS_MATCH;
}

static void emit_inst(struct ptx *p, const struct inst *i)
{
	struct function *f = p->function;
	const struct op_info *op = &ptx_ops[i->op];
	uint16_t aux = i->aux;

	if (i->op == ROAD_GPU_OP_nop)
		return;
	if (inst_is_copy(i) && f->vregs[i->d].cls == f->vregs[inst_copied(i)].cls &&
	    f->vregs[i->d].place == f->vregs[inst_copied(i)].place)
		return;
	if (has_second(op->mods))
		aux |= physical(f, ROAD_GPU_OPERAND_P, i->d2);
	if (op->unit == ROAD_GPU_UNIT_SPECIAL)
		f->info.flags |= ROAD_GPU_KERNEL_APPROXIMATE;
	if (i->op == ROAD_GPU_OP_print || i->op == ROAD_GPU_OP_assert_fail)
		f->info.flags |= ROAD_GPU_KERNEL_PRINTS;
	if (i->symbol == SYMBOL_IS_LOW || i->symbol == SYMBOL_IS_HIGH)
		push_reloc(p,
			   i->symbol == SYMBOL_IS_LOW ? ROAD_GPU_RELOC_LO32 : ROAD_GPU_RELOC_HI32,
			   p->word_count, i->addend);
	*push_word(p, i->line | (i->is_spill ? ROAD_GPU_LINE_SPILL : 0)) = (struct road_gpu_word){
		.op = i->op,
		.mods = i->mods,
		.guard = source(f, ROAD_GPU_OPERAND_P, i->guard, i->negate & NEGATE_GUARD),
		.d = physical(f, op->d, i->d),
		.a = source(f, op->a, i->a, i->negate & NEGATE_A),
		.b = source(f, op->b, i->b, i->negate & NEGATE_B),
		.c = source(f, op->c, i->c, i->negate & NEGATE_C),
		.form = i->form,
		.aux = aux,
		.imm = i->imm,
	};
}

/* Jump targets are block numbers until every block has its word. */
static void emit_jump(struct ptx *p, const struct block *b, const struct block *following)
{
	struct inst jump = {.op = ROAD_GPU_OP_bra, .line = b->line};
	const struct inst *tail = b->tail;
	const struct block *next = b->next;

	if (tail && tail->op == ROAD_GPU_OP_bra) {
		jump = *tail;
		jump.imm = (int32_t)b->taken->number;
		if (b->taken == next) {
			/* both ways lead to the same place */
		} else if (b->taken == following) {
			jump.negate ^= NEGATE_GUARD;
			jump.imm = (int32_t)next->number;
			next = NULL;
			emit_inst(p, &jump);
		} else {
			emit_inst(p, &jump);
		}
		jump.guard = 0;
		jump.negate = 0;
	}
	if (!next || next == following)
		return;
	jump.imm = (int32_t)next->number;
	emit_inst(p, &jump);
}

static void emit_table(struct ptx *p, const struct block *b)
{
	for (uint32_t k = 0; k < b->table_count; k++) {
		p->branches = ptx_grow(p, &p->module, p->branches, p->branch_count, &p->branch_room,
				       sizeof(*p->branches));
		p->branches[p->branch_count++] = b->table[k]->number;
	}
}

/* Where this kernel has the functions whose addresses somebody takes. */
static void emit_addresses(struct ptx *p, struct inst *call)
{
	struct function *f = p->function;

	call->imm = (int32_t)(p->branch_count - f->info.first_branch);
	call->aux = (uint16_t)p->addressed_count;
	for (uint32_t k = 0; k < p->addressed_count; k++) {
		const struct routine *routine = NULL;
		uint32_t body = f->pointed;

		if (k)
			routine = routine_resolve(p, &p->routines[p->addressed[k]]);
		if (routine && routine->kernel == f->number)
			body = routine->body;
		p->branches = ptx_grow(p, &p->module, p->branches, p->branch_count, &p->branch_room,
				       sizeof(*p->branches));
		p->branches[p->branch_count++] = f->bodies[body].block->number;
	}
}

static void emit_block(struct ptx *p, struct block *b, const struct block *following)
{
	struct function *f = p->function;

	for (struct inst *i = b->head; i; i = i->next) {
		if (i->op == ROAD_GPU_OP_bra)
			continue;
		if (i->op == ROAD_GPU_OP_call)
			i->imm = (int32_t)f->bodies[i->target].block->number;
		if (i->op == ROAD_GPU_OP_call_table)
			emit_addresses(p, i);
		if (i->symbol == SYMBOL_IS_STACK)
			i->imm = (int32_t)((f->local_bytes + 15) & ~15u);
		if (i->op == ROAD_GPU_OP_brx) {
			i->imm = (int32_t)(p->branch_count - f->info.first_branch);
			i->aux = (uint16_t)b->table_count;
			emit_table(p, b);
		}
		emit_inst(p, i);
	}
	emit_jump(p, b, following);
}

static void patch_targets(struct ptx *p, const uint32_t *starts)
{
	const struct road_gpu_kernel *info = &p->function->info;

	for (uint32_t w = info->first_word; w < p->word_count; w++)
		if (p->words[w].op == ROAD_GPU_OP_bra || p->words[w].op == ROAD_GPU_OP_call)
			p->words[w].imm = (int32_t)starts[p->words[w].imm];
	for (uint32_t k = info->first_branch; k < p->branch_count; k++)
		p->branches[k] = starts[p->branches[k]];
}

static void emit_code(struct ptx *p)
{
	struct function *f = p->function;
	uint32_t *starts = ptx_alloc(p, &p->kernel, f->block_count, sizeof(*starts));

	for (uint32_t k = 0; k < f->block_count; k++) {
		starts[k] = p->word_count - f->info.first_word;
		f->blocks[k]->number = k;
		emit_block(p, f->blocks[k], k + 1 < f->block_count ? f->blocks[k + 1] : NULL);
	}
	patch_targets(p, starts);
	f->info.word_count = p->word_count - f->info.first_word;
	f->info.branch_count = p->branch_count - f->info.first_branch;
	uint32_t rows = f->places[CLASS_R], pairs = f->places[CLASS_D];

	f->info.regs = (uint16_t)(rows ? f->row_base + rows : 2 * pairs);
	f->info.preds = (uint16_t)f->places[CLASS_P];
	f->info.local_bytes = (f->local_bytes + 15) & ~15u;
	f->info.spill_bytes = f->spill_bytes;
	if (f->has_stack)
		f->info.flags |= ROAD_GPU_KERNEL_STACK;
}

void emit_function(struct ptx *p)
{
	struct function *f = p->function;

	f->info.name = emit_string(p, f->name.text, f->name.bytes);
	f->info.first_word = p->word_count;
	f->info.first_branch = p->branch_count;
	if (!f->info.shared_align)
		f->info.shared_align = 1;
	if (f->refusal) {
		f->info.flags = ROAD_GPU_KERNEL_REFUSED;
		f->info.error = emit_string(p, f->refusal, (uint32_t)strlen(f->refusal));
		f->info.error_line = f->refused_at.line;
		f->info.barriers = 0;
	} else {
		emit_code(p);
	}
	p->kernels = ptx_grow(p, &p->module, p->kernels, p->kernel_count, &p->kernel_room,
			      sizeof(*p->kernels));
	p->kernels[p->kernel_count++] = f->info;
}

struct part {
	struct road_gpu_section *section;
	const void *from;
	uint32_t count, size;
};

static struct road_gpu_symbol *make_symbols(struct ptx *p, uint32_t *count)
{
	struct road_gpu_symbol *symbols =
		ptx_alloc(p, &p->module, p->variable_count + 1, sizeof(*symbols));

	*count = 0;
	for (uint32_t i = 0; i < p->variable_count; i++) {
		const struct variable *v = &p->variables[i];

		if (v->is_local)
			continue;
		symbols[(*count)++] = (struct road_gpu_symbol){
			.name = emit_string(p, v->name.text, v->name.bytes),
			.offset = v->offset,
			.bytes = v->bytes,
			.flags = v->flags,
		};
	}
	return symbols;
}

/* Places the sections in order; returns the image's size. */
static uint64_t place_parts(struct part *parts, unsigned count)
{
	uint64_t at = sizeof(struct road_gpu_image);

	for (unsigned i = 0; i < count; i++) {
		at = (at + 7) & ~UINT64_C(7);
		*parts[i].section = (struct road_gpu_section){(uint32_t)at, parts[i].count};
		at += (uint64_t)parts[i].count * parts[i].size;
		if (at > ROAD_GPU_IMAGE_MAX_BYTES)
			return at;
	}
	return (at + 7) & ~UINT64_C(7);
}

void emit_image(struct ptx *p, void **image, size_t *bytes)
{
	struct road_gpu_image header = {
		.magic = ROAD_GPU_IMAGE_MAGIC,
		.version = ROAD_GPU_IMAGE_VERSION,
		.isa_version = ROAD_GPU_ISA_VERSION,
		.data_align = p->data_align ? p->data_align : 1,
	};
	uint32_t symbol_count;
	struct road_gpu_symbol *symbols = make_symbols(p, &symbol_count);
	struct part parts[] = {
		{&header.kernels, p->kernels, p->kernel_count, sizeof(*p->kernels)},
		{&header.words, p->words, p->word_count, sizeof(*p->words)},
		{&header.lines, p->lines, p->word_count, sizeof(*p->lines)},
		{&header.branches, p->branches, p->branch_count, sizeof(*p->branches)},
		{&header.params, p->params, p->param_count, sizeof(*p->params)},
		{&header.strings, p->strings, p->string_bytes, 1},
		{&header.data, p->data, p->data_bytes, 1},
		{&header.symbols, symbols, symbol_count, sizeof(*symbols)},
		{&header.relocs, p->relocs, p->reloc_count, sizeof(*p->relocs)},
	};
	unsigned count = sizeof(parts) / sizeof(parts[0]);
	uint64_t total = place_parts(parts, count);

	if (total > ROAD_GPU_IMAGE_MAX_BYTES)
		ptx_fail(p, (struct place){0, 0}, "image is larger than %u bytes",
			 ROAD_GPU_IMAGE_MAX_BYTES);
	header.total_bytes = (uint32_t)total;
	header.code_bytes = header.params.offset + p->param_count * (uint32_t)sizeof(*p->params);
	uint8_t *out = calloc(1, total);

	if (!out)
		ptx_no_memory(p);
	memcpy(out, &header, sizeof(header));
	for (unsigned i = 0; i < count; i++)
		if (parts[i].count)
			memcpy(out + parts[i].section->offset, parts[i].from,
			       (size_t)parts[i].count * parts[i].size);
	*image = out;
	*bytes = total;
}
