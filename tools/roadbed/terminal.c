/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/roadbed/terminal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool terminal_is(void)
{
	const char *kind = getenv("TERM");

	return isatty(STDOUT_FILENO) && kind && *kind && strcmp(kind, "dumb") != 0;
}

static bool has_colors(void)
{
	const char *none = getenv("NO_COLOR");

	return terminal_is() && !(none && *none);
}

/* ECMA-48, SGR. */
const char *terminal_begin(enum terminal_color color)
{
	static const char *const codes[] = {
		[TERMINAL_PLAIN] = "",
		[TERMINAL_GREEN] = "\033[32m",
		[TERMINAL_YELLOW] = "\033[33m",
		[TERMINAL_RED] = "\033[31m",
	};

	return has_colors() ? codes[color] : "";
}

const char *terminal_end(enum terminal_color color)
{
	return color != TERMINAL_PLAIN && has_colors() ? "\033[0m" : "";
}

enum terminal_color terminal_level(uint64_t part, uint64_t whole)
{
	const double share = whole ? (double)part / (double)whole : 0;

	if (!whole)
		return TERMINAL_PLAIN;
	return share >= 0.9 ? TERMINAL_RED : share >= 0.7 ? TERMINAL_YELLOW : TERMINAL_GREEN;
}

void terminal_clear(void)
{
	fputs("\033[H\033[2J", stdout);
}
