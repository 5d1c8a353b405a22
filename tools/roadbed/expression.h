/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions on a device's properties: `memory.total_bytes >= 16GiB and region.count >= 2`.
 *
 *	either     = both { "or" both }
 *	both       = part { "and" part }
 *	part       = "not" part | "(" either ")" | NAME | NAME OPERATOR VALUE
 *	OPERATOR   = "==" | "!=" | "<" | "<=" | ">" | ">=" | "~"
 *	VALUE      = number with or without a unit | "text" | 'text' | word | true | false | null
 *
 * A bare NAME holds if its value is true, or a number other than 0. `~` looks for a text within
 * another one, whatever the case. What is unknown makes its comparison neither true nor false, and
 * so what is made of that, unless the rest decides it; `== null` and `!= null` ask for it.
 */
#ifndef TOOLS_ROADBED_EXPRESSION_H
#define TOOLS_ROADBED_EXPRESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/roadbed/tool.h"

enum {
	EXPRESSION_BYTES_MAX = 4096,
	EXPRESSION_PARTS_MAX = 256,
	EXPRESSION_DEPTH_MAX = 32 /* of parentheses and `not` */
};

enum expression_type { EXPRESSION_NULL, EXPRESSION_NUMBER, EXPRESSION_TEXT, EXPRESSION_BOOL };

/* Long double, so that 64-bit numbers stay exact where the machine can. */
struct expression_value {
	enum expression_type type;
	long double number; /* NUMBER; BOOL: 0 or 1 */
	char text[128];     /* TEXT */
	char unit[16];      /* NUMBER, "" = none */
};

enum expression_truth { EXPRESSION_FALSE, EXPRESSION_TRUE, EXPRESSION_UNKNOWN };

enum expression_relation {
	EXPRESSION_IS, /* a bare name */
	EXPRESSION_EQUAL,
	EXPRESSION_UNEQUAL,
	EXPRESSION_LESS,
	EXPRESSION_AT_MOST,
	EXPRESSION_MORE,
	EXPRESSION_AT_LEAST,
	EXPRESSION_WITHIN
};

enum expression_kind { EXPRESSION_COMPARE, EXPRESSION_NOT, EXPRESSION_AND, EXPRESSION_OR };

struct expression_part {
	enum expression_kind kind;
	uint16_t left, right; /* parts; of NOT only left */
	/* of COMPARE */
	enum expression_relation relation;
	char name[64];
	struct expression_value value;
	uint32_t first, bytes; /* of the expression's text */
};

struct expression {
	char text[EXPRESSION_BYTES_MAX + 1];
	struct expression_part parts[EXPRESSION_PARTS_MAX];
	uint16_t count, root;
};

/* -1: error filled; it names the column, from 1. */
int expression_parse(const char *text, struct expression *out, struct tool_error *error);

/* What a name stands for: 0; 1: the device has no such property; -1: nobody knows the name, error
 * filled but for its place. */
typedef int (*expression_look)(void *arg, const char *name, struct expression_value *out,
			       struct tool_error *error);
/* Told of each comparison that kept the whole from holding: the part's text, the value seen or why
 * there is none, and whether the part was to hold; false: behind a `not`. */
typedef void (*expression_missed)(void *arg, const char *part, int bytes, uint32_t column,
				  const char *seen, bool wanted);

/* Does it hold? UNKNOWN: it hangs on what is unknown. -1: the names or types do not fit, error
 * filled. missed may be NULL. */
int expression_holds(const struct expression *expression, expression_look look,
		     expression_missed missed, void *arg, enum expression_truth *out,
		     struct tool_error *error);

/* "16777216 bytes", "\"gpu\"", "true", "unknown". */
void expression_value_text(const struct expression_value *value, char *out, size_t bytes);

#endif
