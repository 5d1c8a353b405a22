/* SPDX-License-Identifier: Apache-2.0 */
/* PTX's arithmetic by spelling (forms.def): what an instruction must give, what to feed it. */
#ifndef TESTS_ORACLE_MPFR_FORMS_H
#define TESTS_ORACLE_MPFR_FORMS_H

#include <stdbool.h>
#include <stdint.h>

enum { FORM_TEXT = 200, FORM_TOKENS = 10, FORM_INPUTS = 4 };
enum form_group { FORM_F32, FORM_F64, FORM_HALF, FORM_INT, FORM_CVT, FORM_GROUPS };

struct form {
	enum form_group group;
	char text[FORM_TEXT];        /* PTX, without the last semicolon */
	char name[16];               /* of the instruction that is meant */
	char token[FORM_TOKENS][12]; /* what its dots name, in order */
	unsigned tokens, operands;   /* operands: with the result */
	char type[3][12];            /* its types, in order */
	unsigned types;
	char result, second;     /* h, r, d, p; second: 0 if there is none */
	char input[FORM_INPUTS]; /* kind of register 1 and so on; 0: not used */
	bool negated;            /* the predicate that comes in */
	uint32_t immediate;      /* lop3 */
};

bool form_has(const struct form *form, const char *token);
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
