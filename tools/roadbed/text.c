/* SPDX-License-Identifier: Apache-2.0 */
/* Errors, numbers and options as text. */
#include "tools/roadbed/tool.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static void cut(char *out, size_t bytes, const char *text)
{
	int wanted = snprintf(out, bytes, "%s", text ? text : "");

	if (wanted >= 0 && (size_t)wanted >= bytes)
		memcpy(out + bytes - 4, "...", 4);
}

int tool_error_set(struct tool_error *error, const char *where, const char *what, const char *seen,
		   const char *allowed)
{
	cut(error->where, sizeof(error->where), where);
	cut(error->what, sizeof(error->what), what);
	cut(error->seen, sizeof(error->seen), seen);
	cut(error->allowed, sizeof(error->allowed), allowed);
	return -1;
}

int tool_error_allow(struct tool_error *error, const char *where, const char *what,
		     const char *seen, const char *format, ...)
{
	char allowed[sizeof(error->allowed)];
	va_list list;

	va_start(list, format);
	vsnprintf(allowed, sizeof(allowed), format, list);
	va_end(list);
	return tool_error_set(error, where, what, seen, allowed);
}

void tool_error_print(const struct tool_error *error)
{
	fprintf(stderr, "%s: %s%s%s", program_invocation_short_name, error->where,
		error->where[0] ? ": " : "", error->what);
	if (error->seen[0])
		fprintf(stderr, "; seen: %s", error->seen);
	if (error->allowed[0])
		fprintf(stderr, "; allowed: %s", error->allowed);
	fputc('\n', stderr);
}

int tool_refuse(int code, const char *where, const char *what, const char *seen,
		const char *allowed)
{
	struct tool_error error;

	tool_error_set(&error, where, what, seen, allowed);
	tool_error_print(&error);
	return code;
}

void tool_no_memory(void)
{
	tool_refuse(TOOL_FAILURE, "", "out of host memory", "", "");
	exit(TOOL_FAILURE);
}

static int digit_of(char c, unsigned base)
{
	int digit = -1;

	if (c >= '0' && c <= '9')
		digit = c - '0';
	else if (c >= 'a' && c <= 'f')
		digit = c - 'a' + 10;
	else if (c >= 'A' && c <= 'F')
		digit = c - 'A' + 10;
	return digit < (int)base ? digit : -1;
}

bool tool_number(const char *text, size_t bytes, uint64_t max, uint64_t *out)
{
	unsigned base = 10;
	uint64_t value = 0;

	if (bytes > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		base = 16;
		text += 2;
		bytes -= 2;
	}
	if (!bytes)
		return false;
	for (size_t i = 0; i < bytes; i++) {
		int digit = digit_of(text[i], base);

		if (digit < 0 || __builtin_mul_overflow(value, (uint64_t)base, &value) ||
		    __builtin_add_overflow(value, (uint64_t)digit, &value) || value > max)
			return false;
	}
	*out = value;
	return true;
}

static const struct tool_option *option_of(const struct tool_option *options, const char *text,
					   size_t bytes)
{
	for (; options->name; options++)
		if (strlen(options->name) == bytes && !strncmp(options->name, text, bytes))
			return options;
	return NULL;
}

static void list_names(const struct tool_option *options, char *out, size_t bytes)
{
	size_t used = 0;

	out[0] = 0;
	for (; options->name && used < bytes; options++)
		used += (size_t)snprintf(out + used, bytes - used, "%s%s", used ? " " : "",
					 options->name);
}

/* Takes the option at argv[i]; answers how many words it used, or -1. */
static int take(const struct tool_option *options, int argc, char **argv, int i,
		struct tool_error *error)
{
	const char *equals = strchr(argv[i], '=');
	size_t bytes = equals ? (size_t)(equals - argv[i]) : strlen(argv[i]);
	const struct tool_option *option = option_of(options, argv[i], bytes);
	char names[sizeof(error->allowed)];

	if (!option) {
		list_names(options, names, sizeof(names));
		return tool_error_set(error, "command line", "no such option", argv[i], names);
	}
	if (option->flag) {
		if (equals)
			return tool_error_set(error, option->name, "takes no value", argv[i],
					      option->name);
		*option->flag = true;
		return 1;
	}
	if (*option->value)
		return tool_error_set(error, option->name, "is given twice", argv[i], "once");
	if (!equals && i + 1 >= argc)
		return tool_error_set(error, option->name, "lacks its value", "", "");
	*option->value = equals ? equals + 1 : argv[i + 1];
	return equals ? 1 : 2;
}

int tool_options(const struct tool_option *options, int argc, char **argv, int *left,
		 struct tool_error *error)
{
	bool ended = false;
	int kept = 0;

	for (int i = 0; i < argc;) {
		int used = 1;

		if (ended || argv[i][0] != '-' || !argv[i][1])
			argv[kept++] = argv[i];
		else if (!strcmp(argv[i], "--"))
			ended = true;
		else
			used = take(options, argc, argv, i, error);
		if (used < 0)
			return -1;
		i += used;
	}
	*left = kept;
	return 0;
}
