/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/oracle/mpfr/forms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	enum form_group group;
	const char *pattern;
} patterns[] = {
#define FORM(group, pattern) {FORM_##group, pattern},
#include "tests/oracle/mpfr/forms.def"
#undef FORM
};

static const char *const type_names[] = {
#define TYPE(name) #name,
#include "tests/oracle/mpfr/types.def"
#undef TYPE
};

/* FORM_TYPE_COUNT: it is none. */
static enum form_type type_named(const char *token)
{
	unsigned i = 0;

	while (i < FORM_TYPE_COUNT && strcmp(token, type_names[i]) != 0)
		i++;
	return (enum form_type)i;
}

static char register_of(const char *type)
{
	if (strstr(type, "64"))
		return 'd';
	return strstr(type, "32") ? 'r' : 'h';
}

/* %? takes its letter from the first type for register 0, from the last for others. */
static void choose_registers(struct form *form)
{
	for (char *at = form->text; (at = strstr(at, "%?")); at++)
		at[1] = register_of(form->type[at[2] == '0' ? 0 : form->types - 1]);
}

/* The instruction that register 0 belongs to. */
static const char *meant(const char *text)
{
	const char *start = text, *zero;

	for (zero = text; zero[0] && !(zero[0] == '%' && zero[2] == '0'); zero++) {
		if (zero[0] == ';')
			start = zero + 2;
	}
	return start;
}

static void parse_name(struct form *form, const char *at)
{
	char word[FORM_TEXT];
	char *token, *rest;

	snprintf(word, sizeof(word), "%.*s", (int)strcspn(at, " "), at);
	token = strtok_r(word, ".", &rest);
	snprintf(form->name, sizeof(form->name), "%s", token);
	form->name_word = form_word(token);
	while ((token = strtok_r(NULL, ".", &rest)) && form->tokens < FORM_TOKENS) {
		const enum form_type type = type_named(token);

		if (type < FORM_TYPE_COUNT && form->types < 3) {
			form->type_of[form->types] = type;
			snprintf(form->type[form->types++], sizeof(form->type[0]), "%s", token);
		}
		form->token[form->tokens++] = form_word(token);
	}
}

static void parse_operands(struct form *form, const char *at)
{
	const char *end = at + strcspn(at, ";"), *comma;

	form->operands = 1;
	for (comma = at; comma < end; comma++)
		form->operands += *comma == ',';
	for (at = form->text; (at = strchr(at, '%')); at++) {
		unsigned number = (unsigned)(at[2] - '0');

		if (number == 0)
			form->result = at[1];
		else if (number == 5)
			form->second = at[1];
		else if (number <= FORM_INPUTS)
			form->input[number - 1] = at[1];
		form->negated |= at > form->text && at[-1] == '!';
	}
	if (strstr(form->text, "0x") && !strcmp(form->name, "lop3"))
		form->immediate = (uint32_t)strtoul(strstr(form->text, "0x"), NULL, 16);
}

static void visit_text(enum form_group group, const char *text,
		       void (*visit)(const struct form *form, void *context), void *context)
{
	struct form form = {.group = group};

	snprintf(form.text, sizeof(form.text), "%s", text);
	parse_name(&form, meant(form.text));
	choose_registers(&form);
	parse_operands(&form, meant(form.text));
	visit(&form, context);
}

/* Replaces the first choice by each of its alternatives. */
static void expand(enum form_group group, const char *text,
		   void (*visit)(const struct form *form, void *context), void *context)
{
	const char *open = strchr(text, '{'), *close, *at, *end;
	char chosen[FORM_TEXT * 2];

	if (!open) {
		visit_text(group, text, visit, context);
		return;
	}
	close = strchr(open, '}');
	for (at = open + 1; at <= close; at = end + 1) {
		end = at + strcspn(at, "|}");
		if (end > close)
			end = close;
		snprintf(chosen, sizeof(chosen), "%.*s%.*s%s", (int)(open - text), text,
			 (int)(end - at), at, close + 1);
		expand(group, chosen, visit, context);
	}
}

void forms_each(enum form_group group, void (*visit)(const struct form *form, void *context),
		void *context)
{
	for (unsigned i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		if (patterns[i].group == group)
			expand(group, patterns[i].pattern, visit, context);
	}
}
