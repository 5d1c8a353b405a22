/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any text as a condition (tools/roadbed/expression.h): it is refused with a column, or asked of
 * properties of every type, and what it says does not hang on who listens.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/reader.h"
#include "tools/roadbed/expression.h"

static void ended(const struct tool_error *error)
{
	if (!error->what[0] || !memchr(error->what, 0, sizeof(error->what)) ||
	    !memchr(error->where, 0, sizeof(error->where)) ||
	    !memchr(error->seen, 0, sizeof(error->seen)) ||
	    !memchr(error->allowed, 0, sizeof(error->allowed)))
		abort();
}

/* The name decides what the property is. */
static int look(void *arg, const char *name, struct expression_value *out, struct tool_error *error)
{
	(void)arg;
	switch (name[0] & 7) {
	case 0: return tool_error_set(error, "", "nobody knows it", name, "");
	case 1: return 1;
	case 2:
		*out = (struct expression_value){.type = EXPRESSION_BOOL, .number = name[1] & 1};
		return 0;
	case 3: *out = (struct expression_value){.type = EXPRESSION_TEXT, .text = "text"}; return 0;
	case 4: *out = (struct expression_value){.type = EXPRESSION_NUMBER, .number = 3}; return 0;
	case 5:
		*out = (struct expression_value){
			.type = EXPRESSION_NUMBER, .number = 1024, .unit = "bytes"};
		return 0;
	default: *out = (struct expression_value){.type = EXPRESSION_NULL}; return 0;
	}
}

static void missed(void *arg, const char *part, int bytes, uint32_t column, const char *seen,
		   bool wanted)
{
	const struct expression *expression = arg;

	(void)wanted;
	if (bytes <= 0 || column < 1 || !seen[0] || part != expression->text + column - 1 ||
	    (size_t)bytes + column - 1 > strlen(expression->text))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct expression expression;
	enum expression_truth alone, told;
	struct tool_error error;
	char *text = malloc(size + 1);

	if (!text)
		return 0;
	if (size)
		memcpy(text, data, size);
	text[size] = 0;
	if (expression_parse(text, &expression, &error)) {
		ended(&error);
	} else if (expression_holds(&expression, look, NULL, &expression, &alone, &error)) {
		ended(&error);
	} else {
		if (expression_holds(&expression, look, missed, &expression, &told, &error) ||
		    alone != told)
			abort();
	}
	free(text);
	return 0;
}
