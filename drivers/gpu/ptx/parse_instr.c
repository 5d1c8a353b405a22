/* SPDX-License-Identifier: Apache-2.0 */
/* One instruction: find its row, read its operands, lower it. */
#include "drivers/gpu/ptx/lower.h"

static bool row_fits(const struct row *row, const struct instr *in)
{
	if ((in->flags & row->needs) != row->needs || in->flags & ~(row->needs | row->allows))
		return false;
	if (!row->lower)
		return !row->types ||
		       (in->type_count && row->types >> in->types[in->type_count - 1] & 1) ||
		       (in->type_count > 1 && row->types >> in->types[0] & 1);
	if (in->seen & ~(M_TYPE_AND_FLAG | row->modifiers) || in->type_count != row->type_count)
		return false;
	return !row->types || row->types >> in->types[in->type_count - 1] & 1;
}

static const struct row *choose_row(const struct instr *in, const struct row *rows, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		if (!row_fits(&rows[i], in))
			continue;
		/* rows of cvt differ by the destination's type too */
		if (rows[i].lower == lower_cvt && !(1 << in->types[0] & T_CVT) &&
		    1 << in->types[0] & (T_PAIRS | T_TF32))
			continue;
		if (rows[i].lower == lower_cvt_clamp && 1 << in->types[0] & T_PAIRS)
			continue;
		return &rows[i];
	}
	return NULL;
}

/* No row fits: says what is wrong, in the order of what an author would look at first. */
static _Noreturn void fail_row(struct ptx *p, const struct instr *in, const struct row *rows,
			       unsigned count)
{
	uint32_t types = 0, modifiers = 0, given = 0;
	uint64_t flags = 0;
	enum ptx_type type = in->type_count ? in->types[in->type_count - 1] : TYPE_NONE;
	bool type_fits = false;

	for (unsigned i = 0; i < count; i++) {
		if (!rows[i].lower)
			continue;
		types |= rows[i].types;
		given |= 1u << rows[i].type_count;
		if (rows[i].types && !(type != TYPE_NONE && rows[i].types >> type & 1))
			continue;
		type_fits = true;
		flags |= rows[i].needs | rows[i].allows;
		modifiers |= rows[i].modifiers;
	}
	if (!(given >> in->type_count & 1))
		ptx_fail(p, in->at, "'%.*s' has %u types, needs %s%s", SLICE(in->name),
			 in->type_count,
			 given & 1   ? "none"
			 : given & 2 ? "one of "
				     : "two, of ",
			 type_set_names(p, &p->kernel, types));
	if (!type_fits)
		ptx_fail(p, in->at, "type .%s in '%.*s'; allowed: %s", ptx_types[type].name,
			 SLICE(in->name), type_set_names(p, &p->kernel, types));
	for (unsigned kind = MODIFIER_ROUND; kind <= MODIFIER_IGNORED; kind++)
		if (in->seen & ~modifiers & 1u << kind)
			ptx_fail(p, in->at, "'%.*s' takes no %s", SLICE(in->name),
				 modifier_kind_name(kind));
	if (in->flags & ~flags)
		ptx_fail(p, in->at, "'%.*s%s%s' with %s; allowed: %s", SLICE(in->name),
			 *ptx_types[type].name ? "." : "", ptx_types[type].name,
			 flag_names(p, in->flags & ~flags), flags ? flag_names(p, flags) : "none");
	ptx_fail(p, in->at, "'%.*s%s%s' needs another choice of %s", SLICE(in->name),
		 *ptx_types[type].name ? "." : "", ptx_types[type].name, flag_names(p, flags));
}

/* The opcode with its modifiers as written, for the reason of a refusal. */
static struct slice spelling(const struct instr *in, const char *end)
{
	return (struct slice){in->name.text, (uint32_t)(end - in->name.text)};
}

static void refuse(struct ptx *p, const struct instr *in, const char *end, unsigned tier)
{
	struct slice s = spelling(in, end);

	if (tier)
		function_refuse(p, in->at, "'%.*s' is not supported (tier %u)", SLICE(s), tier);
	else
		function_refuse(p, in->at, "unknown instruction '%.*s'", SLICE(s));
	parse_skip_to(p, ';', "an instruction");
}

static void check_operand_count(struct ptx *p, const struct instr *in)
{
	const struct row *row = in->row;
	unsigned high = row->high;

	if (row->allows & FLAG_HINT && !(in->flags & FLAG_HINT))
		high--; /* no cache policy behind the others */
	if (in->operand_count >= row->low && in->operand_count <= high)
		return;
	if (row->low == high)
		ptx_fail(p, in->at, "'%.*s' has %u operands, needs %u", SLICE(in->name),
			 in->operand_count, high);
	ptx_fail(p, in->at, "'%.*s' has %u operands, needs %u to %u", SLICE(in->name),
		 in->operand_count, row->low, high);
}

void parse_instruction(struct ptx *p, struct slice name, struct place at, uint32_t guard,
		       bool negated)
{
	struct instr in = {.name = name, .at = at, .guard = guard, .guard_negated = negated};
	const char *end = name.text + name.bytes;
	unsigned count;
	const struct row *rows = row_find(name, &count);

	while (!rows && p->lex.token.kind == TOKEN_DOT) {
		end = p->lex.token.text.text + p->lex.token.text.bytes;
		lex_next(p);
	}
	if (!rows) {
		refuse(p, &in, end, 0);
		return;
	}
	parse_modifiers(p, &in);
	if (in.last_end)
		end = in.last_end;
	in.row = choose_row(&in, rows, count);
	if ((in.row && !in.row->lower) || in.unsupported.bytes) {
		refuse(p, &in, end, in.row && !in.row->lower ? in.row->tier : 3);
		return;
	}
	if (in.unknown.bytes)
		ptx_fail(p, in.unknown_at, "'.%.*s' is no type and no modifier of '%.*s'",
			 SLICE(in.unknown), SLICE(name));
	if (in.second_at.line)
		ptx_fail(p, in.second_at, "second modifier of one kind in '%.*s'", SLICE(name));
	if (!in.row)
		fail_row(p, &in, rows, count);
	if (in.row->op == ROAD_GPU_OP_call) {
		lower_call(p, &in);
		return;
	}
	parse_operands(p, &in);
	check_operand_count(p, &in);
	in.row->lower(p, &in);
}
