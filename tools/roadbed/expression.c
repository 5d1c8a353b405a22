/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/roadbed/expression.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct parser {
	struct expression *to;
	const char *at;
	unsigned depth;
	struct tool_error *error;
};

static const struct {
	const char *text; /* longer ones first */
	enum expression_relation relation;
} operators[] = {
	{"==", EXPRESSION_EQUAL},    {"!=", EXPRESSION_UNEQUAL}, {"<=", EXPRESSION_AT_MOST},
	{">=", EXPRESSION_AT_LEAST}, {"<", EXPRESSION_LESS},     {">", EXPRESSION_MORE},
	{"~", EXPRESSION_WITHIN},
};
enum { OPERATORS = sizeof(operators) / sizeof(operators[0]) };

/* ---- units ---- */

static const struct unit {
	const char *name, *base; /* what properties are told in */
	long double scale;
} units[] = {
	{"bytes", "bytes", 1},
	{"B", "bytes", 1},
	{"KiB", "bytes", 0x1p10L},
	{"MiB", "bytes", 0x1p20L},
	{"GiB", "bytes", 0x1p30L},
	{"TiB", "bytes", 0x1p40L},
	{"KB", "bytes", 1e3L},
	{"MB", "bytes", 1e6L},
	{"GB", "bytes", 1e9L},
	{"TB", "bytes", 1e12L},
	{"bytes/s", "bytes/s", 1},
	{"B/s", "bytes/s", 1},
	{"MB/s", "bytes/s", 1e6L},
	{"GB/s", "bytes/s", 1e9L},
	{"TB/s", "bytes/s", 1e12L},
	{"GiB/s", "bytes/s", 0x1p30L},
	{"Hz", "Hz", 1},
	{"kHz", "Hz", 1e3L},
	{"MHz", "Hz", 1e6L},
	{"GHz", "Hz", 1e9L},
	{"ns", "ns", 1},
	{"us", "ns", 1e3L},
	{"ms", "ns", 1e6L},
	{"s", "ns", 1e9L},
	{"mW", "mW", 1},
	{"W", "mW", 1e3L},
	{"1/s", "1/s", 1},
	{"bits", "bits", 1},
};
enum { UNITS = sizeof(units) / sizeof(units[0]) };

static const struct unit *unit_find(const char *name)
{
	for (unsigned i = 0; i < UNITS; i++)
		if (!strcmp(units[i].name, name))
			return &units[i];
	return NULL;
}

/* Those of one base; of all with NULL. */
static void unit_names(const char *base, char *out, size_t bytes)
{
	size_t used = 0;

	out[0] = 0;
	for (unsigned i = 0; i < UNITS && used < bytes; i++)
		if (!base || !strcmp(units[i].base, base))
			used += (size_t)snprintf(out + used, bytes - used, "%s%s", used ? " " : "",
						 units[i].name);
}

/* ---- words ---- */

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '.' || c == '-' || c == ':';
}

static size_t word_bytes(const char *at)
{
	size_t bytes = 0;

	while (is_word(at[bytes]))
		bytes++;
	return bytes;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

static void skip_blank(struct parser *parser)
{
	while (is_blank(*parser->at))
		parser->at++;
}

static int refuse(struct parser *parser, const char *what, const char *allowed)
{
	const size_t column = (size_t)(parser->at - parser->to->text) + 1;
	char where[32], seen[40];

	snprintf(where, sizeof(where), "expression, column %zu", column);
	snprintf(seen, sizeof(seen), "%.*s", 32, *parser->at ? parser->at : "its end");
	return tool_error_set(parser->error, where, what, seen, allowed);
}

/* Takes this word if it stands here alone. */
static bool take_word(struct parser *parser, const char *word)
{
	const size_t bytes = strlen(word);

	skip_blank(parser);
	if (word_bytes(parser->at) != bytes || strncmp(parser->at, word, bytes))
		return false;
	parser->at += bytes;
	return true;
}

/* ---- values ---- */

static int take_text(struct parser *parser, struct expression_value *out)
{
	const char quote = *parser->at;
	const char *end = strchr(parser->at + 1, quote);
	size_t bytes;

	if (!end)
		return refuse(parser, "a text does not end", "the quote that it began with");
	bytes = (size_t)(end - parser->at - 1);
	if (bytes >= sizeof(out->text))
		return refuse(parser, "a text is too long", "127 bytes");
	out->type = EXPRESSION_TEXT;
	memcpy(out->text, parser->at + 1, bytes);
	out->text[bytes] = 0;
	parser->at = end + 1;
	return 0;
}

/* A number and, at once or behind a blank, its unit. */
static int take_number(struct parser *parser, struct expression_value *out)
{
	char allowed[192];
	char *end;
	size_t bytes;

	out->type = EXPRESSION_NUMBER;
	out->number = strtold(parser->at, &end);
	if (end == parser->at || !(out->number >= -1e30L && out->number <= 1e30L))
		return refuse(parser, "is no number", "such as 2, 1.5, 0x10, 16GiB");
	parser->at = end;
	skip_blank(parser);
	for (bytes = 0; is_word(parser->at[bytes]) || parser->at[bytes] == '/';)
		bytes++;
	if (!bytes || (bytes == 3 && !strncmp(parser->at, "and", 3)) ||
	    (bytes == 2 && !strncmp(parser->at, "or", 2)))
		return 0;
	snprintf(out->unit, sizeof(out->unit), "%.*s", (int)(bytes < 15 ? bytes : 15), parser->at);
	if (bytes > 15 || !unit_find(out->unit)) {
		unit_names(NULL, allowed, sizeof(allowed));
		return refuse(parser, "is no unit", allowed);
	}
	parser->at += bytes;
	return 0;
}

static int take_value(struct parser *parser, struct expression_value *out)
{
	static const char allowed[] = "a number, a text in quotes or a word, true, false, null";
	size_t bytes;

	*out = (struct expression_value){.type = EXPRESSION_NULL};
	skip_blank(parser);
	if (*parser->at == '"' || *parser->at == '\'')
		return take_text(parser, out);
	if (isdigit((unsigned char)*parser->at) || *parser->at == '-' || *parser->at == '+' ||
	    (*parser->at == '.' && isdigit((unsigned char)parser->at[1])))
		return take_number(parser, out);
	if (take_word(parser, "null"))
		return 0;
	if (take_word(parser, "true") || take_word(parser, "false")) {
		out->type = EXPRESSION_BOOL;
		out->number = parser->at[-2] == 'u'; /* tr_u_e */
		return 0;
	}
	bytes = word_bytes(parser->at);
	if (!bytes)
		return refuse(parser, "a value is missing", allowed);
	if (bytes >= sizeof(out->text))
		return refuse(parser, "a word is too long", "127 bytes");
	out->type = EXPRESSION_TEXT;
	memcpy(out->text, parser->at, bytes);
	out->text[bytes] = 0;
	parser->at += bytes;
	return 0;
}

/* ---- parts ---- */

/* NULL: refused. */
static struct expression_part *add(struct parser *parser)
{
	struct expression *to = parser->to;
	struct expression_part *part = &to->parts[to->count];

	if (to->count == EXPRESSION_PARTS_MAX) {
		refuse(parser, "has too many parts", "256");
		return NULL;
	}
	to->count++;
	memset(part, 0, sizeof(*part));
	return part;
}

static uint16_t number_of(const struct parser *parser, const struct expression_part *part)
{
	return (uint16_t)(part - parser->to->parts);
}

static int take_operator(struct parser *parser, struct expression_part *part)
{
	skip_blank(parser);
	for (unsigned i = 0; i < OPERATORS; i++) {
		const size_t bytes = strlen(operators[i].text);

		if (strncmp(parser->at, operators[i].text, bytes))
			continue;
		parser->at += bytes;
		part->relation = operators[i].relation;
		return take_value(parser, &part->value);
	}
	if (*parser->at == '=')
		return refuse(parser, "is no operator", "== != < <= > >= ~");
	part->relation = EXPRESSION_IS;
	return 0;
}

static int compare(struct parser *parser, uint16_t *out)
{
	const size_t bytes = word_bytes(parser->at);
	struct expression_part *part;

	if (!bytes || isdigit((unsigned char)*parser->at) || *parser->at == '-')
		return refuse(parser, "a property is missing", "a name such as memory.bytes");
	if (bytes >= sizeof(part->name))
		return refuse(parser, "is too long for a name", "63 bytes");
	part = add(parser);
	if (!part)
		return -1;
	part->kind = EXPRESSION_COMPARE;
	part->first = (uint32_t)(parser->at - parser->to->text);
	memcpy(part->name, parser->at, bytes);
	parser->at += bytes;

	const char *end = parser->at;

	if (take_operator(parser, part))
		return -1;
	if (part->relation != EXPRESSION_IS)
		end = parser->at;
	while (is_blank(end[-1]))
		end--;
	part->bytes = (uint32_t)(end - parser->to->text) - part->first;
	*out = number_of(parser, part);
	return 0;
}

static int either(struct parser *parser, uint16_t *out);

static int negated(struct parser *parser, uint16_t *out);

static int part(struct parser *parser, uint16_t *out)
{
	skip_blank(parser);
	if (parser->depth == EXPRESSION_DEPTH_MAX)
		return refuse(parser, "is nested too deep", "32 levels of parentheses and not");
	if (take_word(parser, "not"))
		return negated(parser, out);
	if (*parser->at != '(')
		return compare(parser, out);
	parser->at++;
	parser->depth++;
	if (either(parser, out))
		return -1;
	parser->depth--;
	skip_blank(parser);
	if (*parser->at != ')')
		return refuse(parser, "a parenthesis is not closed", "), and, or");
	parser->at++;
	return 0;
}

static int negated(struct parser *parser, uint16_t *out)
{
	struct expression_part *made;
	uint16_t inner = 0;

	parser->depth++;
	if (part(parser, &inner))
		return -1;
	made = add(parser);
	if (!made)
		return -1;
	parser->depth--;
	made->kind = EXPRESSION_NOT;
	made->left = inner;
	*out = number_of(parser, made);
	return 0;
}

/* `next` parts with `word` between them, grouped from the left. */
static int chain(struct parser *parser, const char *word, enum expression_kind kind,
		 int (*next)(struct parser *parser, uint16_t *out), uint16_t *out)
{
	struct expression_part *made;
	uint16_t right = 0;

	if (next(parser, out))
		return -1;
	while (take_word(parser, word)) {
		if (next(parser, &right))
			return -1;
		made = add(parser);
		if (!made)
			return -1;
		made->kind = kind;
		made->left = *out;
		made->right = right;
		*out = number_of(parser, made);
	}
	return 0;
}

static int both(struct parser *parser, uint16_t *out)
{
	return chain(parser, "and", EXPRESSION_AND, part, out);
}

static int either(struct parser *parser, uint16_t *out)
{
	return chain(parser, "or", EXPRESSION_OR, both, out);
}

int expression_parse(const char *text, struct expression *out, struct tool_error *error)
{
	struct parser parser = {.to = out, .error = error};
	const size_t bytes = strnlen(text, EXPRESSION_BYTES_MAX + 1);

	out->count = out->root = 0;
	if (bytes > EXPRESSION_BYTES_MAX)
		return tool_error_set(error, "expression", "is too long", "", "4096 bytes");
	memcpy(out->text, text, bytes);
	out->text[bytes] = 0;
	parser.at = out->text;
	if (either(&parser, &out->root))
		return -1;
	skip_blank(&parser);
	return *parser.at ? refuse(&parser, "is not expected here", "and, or, the end") : 0;
}

/* ---- truth ---- */

struct evaluation {
	const struct expression *expression;
	expression_look look;
	void *arg;
	struct tool_error *error;
	expression_missed missed;
	int failed;
};

static bool is_whole(long double number)
{
	return number >= -0x1p63L && number < 0x1p64L && number == floorl(number);
}

void expression_value_text(const struct expression_value *value, char *out, size_t bytes)
{
	switch (value->type) {
	case EXPRESSION_NUMBER:
		snprintf(out, bytes, is_whole(value->number) ? "%.0Lf%s%s" : "%.9Lg%s%s",
			 value->number, value->unit[0] ? " " : "", value->unit);
		break;
	case EXPRESSION_TEXT: snprintf(out, bytes, "\"%s\"", value->text); break;
	case EXPRESSION_BOOL: snprintf(out, bytes, value->number != 0 ? "true" : "false"); break;
	default: snprintf(out, bytes, "unknown");
	}
}

static enum expression_truth truth(bool holds)
{
	return holds ? EXPRESSION_TRUE : EXPRESSION_FALSE;
}

static enum expression_truth ordered(enum expression_relation relation, long double a,
				     long double b)
{
	switch (relation) {
	case EXPRESSION_EQUAL: return truth(a == b);
	case EXPRESSION_UNEQUAL: return truth(a != b);
	case EXPRESSION_LESS: return truth(a < b);
	case EXPRESSION_AT_MOST: return truth(a <= b);
	case EXPRESSION_MORE: return truth(a > b);
	default: return truth(a >= b);
	}
}

/* Text within text, whatever the case of letters. */
static bool within(const char *text, const char *part)
{
	const size_t bytes = strlen(part);

	for (; strlen(text) >= bytes; text++) {
		size_t same = 0;

		while (same < bytes &&
		       tolower((unsigned char)text[same]) == tolower((unsigned char)part[same]))
			same++;
		if (same == bytes)
			return true;
	}
	return false;
}

static enum expression_truth mistyped(struct evaluation *of, const struct expression_part *part,
				      const char *what, const struct expression_value *value,
				      const char *allowed)
{
	char where[96], seen[160];

	snprintf(where, sizeof(where), "expression, column %u: %s", part->first + 1, part->name);
	expression_value_text(value, seen, sizeof(seen));
	of->failed = tool_error_set(of->error, where, what, seen, allowed);
	return EXPRESSION_UNKNOWN;
}

static enum expression_truth numbers(struct evaluation *of, const struct expression_part *part,
				     const struct expression_value *seen)
{
	const struct unit *told = unit_find(seen->unit), *asked = unit_find(part->value.unit);
	char allowed[192];
	long double value = part->value.number;

	if (asked && (!told || strcmp(told->base, asked->base))) {
		unit_names(told ? told->base : "", allowed, sizeof(allowed));
		return mistyped(of, part, "has another unit", seen,
				told ? allowed : "a number without a unit");
	}
	if (asked)
		value = value * asked->scale / told->scale;
	return ordered(part->relation, seen->number, value);
}

static enum expression_truth texts(struct evaluation *of, const struct expression_part *part,
				   const struct expression_value *seen)
{
	switch (part->relation) {
	case EXPRESSION_EQUAL: return truth(!strcmp(seen->text, part->value.text));
	case EXPRESSION_UNEQUAL: return truth(strcmp(seen->text, part->value.text) != 0);
	case EXPRESSION_WITHIN: return truth(within(seen->text, part->value.text));
	default: return mistyped(of, part, "is a text", seen, "== != ~");
	}
}

static enum expression_truth booleans(struct evaluation *of, const struct expression_part *part,
				      const struct expression_value *seen)
{
	if (part->relation == EXPRESSION_EQUAL || part->relation == EXPRESSION_UNEQUAL)
		return ordered(part->relation, seen->number, part->value.number);
	return mistyped(of, part, "is true or false", seen, "== !=");
}

static enum expression_truth compared(struct evaluation *of, const struct expression_part *part,
				      const struct expression_value *seen)
{
	static const char *const wanted[] = {"null", "a number", "a text", "true or false"};

	if (part->relation != EXPRESSION_IS && part->value.type == EXPRESSION_NULL) {
		if (part->relation == EXPRESSION_EQUAL)
			return truth(seen->type == EXPRESSION_NULL);
		if (part->relation == EXPRESSION_UNEQUAL)
			return truth(seen->type != EXPRESSION_NULL);
		return mistyped(of, part, "null has no order", seen, "== !=");
	}
	if (seen->type == EXPRESSION_NULL)
		return EXPRESSION_UNKNOWN;
	if (part->relation == EXPRESSION_IS)
		return seen->type == EXPRESSION_TEXT
			       ? mistyped(of, part, "is a text, and stands alone", seen, "== != ~")
			       : truth(seen->number != 0);
	if (seen->type != part->value.type)
		return mistyped(of, part, "is compared with another type", seen,
				wanted[seen->type]);
	if (part->relation == EXPRESSION_WITHIN && seen->type != EXPRESSION_TEXT)
		return mistyped(of, part, "is no text", seen, "== != < <= > >=");
	if (seen->type == EXPRESSION_NUMBER)
		return numbers(of, part, seen);
	return seen->type == EXPRESSION_TEXT ? texts(of, part, seen) : booleans(of, part, seen);
}

/* A comparison; tells of it if `wrong` is what came out, or nothing did. */
static enum expression_truth leaf(struct evaluation *of, const struct expression_part *part,
				  enum expression_truth wrong)
{
	struct expression_value seen = {.type = EXPRESSION_NULL};
	const int found = of->look(of->arg, part->name, &seen, of->error);
	enum expression_truth result = EXPRESSION_UNKNOWN;
	char text[160];

	if (found < 0) {
		snprintf(of->error->where, sizeof(of->error->where), "expression, column %u",
			 part->first + 1);
		of->failed = -1;
		return EXPRESSION_UNKNOWN;
	}
	if (!found)
		result = compared(of, part, &seen);
	else if (part->value.type == EXPRESSION_NULL && part->relation == EXPRESSION_EQUAL)
		result = EXPRESSION_TRUE;
	if (of->failed || !of->missed || (result != wrong && result != EXPRESSION_UNKNOWN))
		return result;
	if (found)
		snprintf(text, sizeof(text), "no property of this device");
	else
		expression_value_text(&seen, text, sizeof(text));
	of->missed(of->arg, of->expression->text + part->first, (int)part->bytes, part->first + 1,
		   text, wrong == EXPRESSION_FALSE);
	return result;
}

static enum expression_truth evaluate(struct evaluation *of, uint16_t number,
				      enum expression_truth wrong);

/* AND with `decides` FALSE, OR with TRUE: the value that one side alone decides it by. */
static enum expression_truth joined(struct evaluation *of, const struct expression_part *part,
				    enum expression_truth wrong, enum expression_truth decides)
{
	const enum expression_truth left = evaluate(of, part->left, wrong);
	const enum expression_truth right = evaluate(of, part->right, wrong);

	if (left == decides || right == decides)
		return decides;
	return left == EXPRESSION_UNKNOWN ? left : right;
}

static enum expression_truth evaluate(struct evaluation *of, uint16_t number,
				      enum expression_truth wrong)
{
	const struct expression_part *part = &of->expression->parts[number];
	enum expression_truth inner;

	switch (part->kind) {
	case EXPRESSION_COMPARE: return leaf(of, part, wrong);
	case EXPRESSION_AND: return joined(of, part, wrong, EXPRESSION_FALSE);
	case EXPRESSION_OR: return joined(of, part, wrong, EXPRESSION_TRUE);
	default: break;
	}
	inner = evaluate(of, part->left, truth(wrong == EXPRESSION_FALSE));
	return inner == EXPRESSION_UNKNOWN ? inner : truth(inner == EXPRESSION_FALSE);
}

int expression_holds(const struct expression *expression, expression_look look,
		     expression_missed missed, void *arg, enum expression_truth *out,
		     struct tool_error *error)
{
	struct evaluation of = {.expression = expression, .look = look, .arg = arg, .error = error};

	*out = evaluate(&of, expression->root, EXPRESSION_FALSE);
	if (of.failed || *out == EXPRESSION_TRUE || !missed)
		return of.failed;
	/* Once more, to tell of what kept it. */
	of.missed = missed;
	(void)evaluate(&of, expression->root, EXPRESSION_FALSE);
	return of.failed;
}
