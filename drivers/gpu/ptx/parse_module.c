/* SPDX-License-Identifier: Apache-2.0 */
/* Module-level directives (PTX ISA, chapter 11). */
#include "drivers/gpu/ptx/module.h"

void parse_skip_to(struct ptx *p, uint32_t punct, const char *where)
{
	unsigned depth = 0;

	while (depth || !lex_is(p, punct)) {
		if (p->lex.token.kind == TOKEN_END)
			ptx_fail(p, p->lex.token.at, "the text ends in %s, before '%c'", where,
				 (char)punct);
		if (lex_is(p, '{') || lex_is(p, '(') || lex_is(p, '[')) {
			if (++depth > PTX_MAX_DEPTH)
				ptx_fail(p, p->lex.token.at, "%s is nested deeper than %d", where,
					 PTX_MAX_DEPTH);
		} else if (lex_is(p, '}') || lex_is(p, ')') || lex_is(p, ']')) {
			if (!depth--)
				ptx_fail(p, p->lex.token.at, "'%.*s' in %s, expected '%c'",
					 SLICE(p->lex.token.text), where, (char)punct);
		}
		lex_next(p);
	}
	lex_next(p);
}

/* .version 9.0: any major version that has an ISA manual with this syntax. */
static void parse_version(struct ptx *p)
{
	if (p->lex.token.kind != TOKEN_F64)
		ptx_fail(p, p->lex.token.at, "expected a version such as 8.0, saw '%.*s'",
			 SLICE(lex_seen(p)));
	lex_next(p);
}

/* .target is no gate: what a chip can run is decided instruction by instruction. */
static void parse_target(struct ptx *p)
{
	do
		lex_expect_name(p, ".target");
	while (lex_accept(p, ','));
}

static void parse_address_size(struct ptx *p)
{
	parse_count(p, ".address_size", 64, 64);
}

/* .file 1 "name", 123, 456 */
static void parse_file(struct ptx *p)
{
	parse_count(p, ".file", 0, UINT32_MAX);
	if (p->lex.token.kind != TOKEN_STRING)
		ptx_fail(p, p->lex.token.at, "expected a string in .file, saw '%.*s'",
			 SLICE(lex_seen(p)));
	lex_next(p);
	while (lex_accept(p, ','))
		parse_count(p, ".file", 0, UINT64_MAX);
}

static void parse_section(struct ptx *p)
{
	lex_next(p); /* its name */
	lex_expect(p, '{', ".section");
	parse_skip_to(p, '}', ".section");
}

static void parse_pragma(struct ptx *p)
{
	parse_skip_to(p, ';', "a directive");
}

static const struct {
	const char *name;
	void (*parse)(struct ptx *p);
} directives[] = {
	{"version", parse_version},
	{"target", parse_target},
	{"address_size", parse_address_size},
	{"file", parse_file},
	{"section", parse_section},
	{"pragma", parse_pragma},
	{"alias", parse_alias},
};

static bool parse_plain_directive(struct ptx *p)
{
	for (unsigned i = 0; i < sizeof(directives) / sizeof(directives[0]); i++) {
		if (lex_is_dot(p, directives[i].name)) {
			lex_next(p);
			directives[i].parse(p);
			return true;
		}
	}
	return false;
}

static void parse_linked(struct ptx *p)
{
	bool is_extern = false, is_visible = false;
	enum variable_space space;

	for (;; lex_next(p)) {
		if (lex_is_dot(p, "extern"))
			is_extern = true;
		else if (lex_is_dot(p, "visible") || lex_is_dot(p, "weak") ||
			 lex_is_dot(p, "common"))
			is_visible = true;
		else
			break;
	}
	struct token token = p->lex.token;
	bool is_entry = lex_is_dot(p, "entry");

	if (token.kind == TOKEN_DOT && (is_entry || lex_is_dot(p, "func"))) {
		lex_next(p);
		parse_function(p, is_entry, is_extern);
	} else if (token.kind == TOKEN_DOT && variable_space_find(token.text, &space) &&
		   space != VARIABLE_PARAM) {
		lex_next(p);
		parse_variables(p, space, is_extern, is_visible);
	} else {
		ptx_fail(p, token.at,
			 "'%s%.*s' at module level; allowed: a directive such as .entry, .func, "
			 ".global, .const, .shared, .version",
			 token.kind == TOKEN_DOT ? "." : "", SLICE(lex_seen(p)));
	}
}

/* The directives that must open a module, in order (sections 11.1.1 to 11.1.3). */
static void parse_header(struct ptx *p)
{
	if (!lex_is_dot(p, "version"))
		ptx_fail(p, p->lex.token.at, "a module starts with .version, saw '%.*s'",
			 SLICE(lex_seen(p)));
	parse_plain_directive(p);
	if (!lex_is_dot(p, "target"))
		ptx_fail(p, p->lex.token.at, ".target must follow .version, saw '%.*s'",
			 SLICE(lex_seen(p)));
}

void parse_module(struct ptx *p)
{
	parse_header(p);
	while (p->lex.token.kind != TOKEN_END)
		if (!lex_accept(p, ';') && !parse_plain_directive(p))
			parse_linked(p);
}
