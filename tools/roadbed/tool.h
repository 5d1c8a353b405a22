/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the `roadbed` commands share: exit codes, errors, options, words, JSON. */
#ifndef TOOLS_ROADBED_TOOL_H
#define TOOLS_ROADBED_TOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* The last two of `roadbed fw` alone. */
enum tool_exit { TOOL_OK = 0, TOOL_FAILURE = 1, TOOL_USAGE = 2, TOOL_IO = 3, TOOL_UNSUPPORTED = 4 };

/* What is wrong, where, the value seen, the value allowed; "" where it does not apply. */
struct tool_error {
	char where[160];
	char what[192];
	char seen[128];
	char allowed[192];
};

#define TOOL_PRINTF(string, first) __attribute__((format(printf, string, first)))

/* Fills an error and answers -1; long texts are cut. */
int tool_error_set(struct tool_error *error, const char *where, const char *what, const char *seen,
		   const char *allowed);
/* The same with a made-up `allowed`. */
int tool_error_allow(struct tool_error *error, const char *where, const char *what,
		     const char *seen, const char *format, ...) TOOL_PRINTF(5, 6);
/* One line on stderr, the program's name before it. */
void tool_error_print(const struct tool_error *error);
/* Prints and answers `code`. */
int tool_refuse(int code, const char *where, const char *what, const char *seen,
		const char *allowed);
/* out of host memory: prints and ends the command. */
void tool_no_memory(void) __attribute__((noreturn));

/* A decimal or 0x number up to `max`, the whole of [text, text + bytes). false: it is none. */
bool tool_number(const char *text, size_t bytes, uint64_t max, uint64_t *out);

/* Command line options of a verb; a table ends with a NULL name. One of flag and value is set. */
struct tool_option {
	const char *name; /* "--grid" */
	bool *flag;
	const char **value;
};
/*
 * Takes the options out of argv, wherever they stand, as `--name value` or `--name=value`; `--`
 * ends them. What remains is moved to the front of argv and counted in *left. -1: error filled.
 */
int tool_options(const struct tool_option *options, int argc, char **argv, int *left,
		 struct tool_error *error);

#endif
