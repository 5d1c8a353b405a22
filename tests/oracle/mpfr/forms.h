/* SPDX-License-Identifier: Apache-2.0 */
/* PTX's arithmetic by spelling (forms.def): what an instruction must give, what to feed it. */
#ifndef TESTS_ORACLE_MPFR_FORMS_H
#define TESTS_ORACLE_MPFR_FORMS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { FORM_TEXT = 200, FORM_TOKENS = 10, FORM_INPUTS = 4 };
enum form_group { FORM_F32, FORM_F64, FORM_HALF, FORM_INT, FORM_CVT, FORM_GROUPS };

/* A short text that is compared at once: each value asks for some forty of them. Of a literal it
 * is a constant. */
struct form_word {
	uint64_t part[2];
};

static inline struct form_word form_word(const char *text)
{
	struct form_word word = {{0, 0}};
	const size_t bytes = strlen(text);

	memcpy(&word, text, bytes < sizeof(word) ? bytes : sizeof(word));
	return word;
}

static inline bool form_same(struct form_word a, struct form_word b)
{
	return a.part[0] == b.part[0] && a.part[1] == b.part[1];
}

/* Types by their spelling. */
enum form_type {
#define TYPE(name) FORM_TYPE_##name,
#include "tests/oracle/mpfr/types.def"
#undef TYPE
	FORM_TYPE_COUNT
};

struct form {
	enum form_group group;
	char text[FORM_TEXT]; /* PTX, without the last semicolon */
	char name[16];        /* of the instruction that is meant */
	struct form_word name_word;
	struct form_word token[FORM_TOKENS]; /* what its dots name, in order */
	unsigned tokens, operands;           /* operands: with the result */
	char type[3][12];                    /* its types, in order */
	enum form_type type_of[3];
	unsigned types;
	char result, second;     /* h, r, d, p; second: 0 if there is none */
	char input[FORM_INPUTS]; /* kind of register 1 and so on; 0: not used */
	bool negated;            /* the predicate that comes in */
	uint32_t immediate;      /* lop3 */
};

static inline bool form_has(const struct form *form, const char *token)
{
	const struct form_word word = form_word(token);

	for (unsigned i = 0; i < form->tokens; i++)
		if (form_same(form->token[i], word))
			return true;
	return false;
}

/* Each spelling of this group in turn. */
void forms_each(enum form_group group, void (*visit)(const struct form *form, void *context),
		void *context);

/* The result and the second one, in the low bits of as many as their registers have. False if
 * the oracle does not know the instruction. */
bool form_reference(const struct form *form, const uint64_t in[FORM_INPUTS], uint64_t out[2]);

/* How many inputs the special values make, and input number i of them; random ones follow. */
uint32_t form_specials(const struct form *form);
void form_values(const struct form *form, uint32_t i, uint64_t *state, uint64_t in[FORM_INPUTS]);

#endif
