/* SPDX-License-Identifier: Apache-2.0 */
/* What standard output can show: colours and rounds in place on a terminal, plain text elsewhere.
 */
#ifndef TOOLS_ROADBED_TERMINAL_H
#define TOOLS_ROADBED_TERMINAL_H

#include <stdbool.h>
#include <stdint.h>

enum terminal_color { TERMINAL_PLAIN, TERMINAL_GREEN, TERMINAL_YELLOW, TERMINAL_RED };

/* A terminal that takes escape sequences: TERM is set, and not "dumb". */
bool terminal_is(void);
/* What begins and ends a coloured word; "" where standard output is none, or NO_COLOR has a value
 * (no-color.org). */
const char *terminal_begin(enum terminal_color color);
const char *terminal_end(enum terminal_color color);
/* How full something is: red from nine tenths on, yellow from seven; plain where nothing is known.
 */
enum terminal_color terminal_level(uint64_t part, uint64_t whole);
/* The screen is empty, and the next line is its first; only where terminal_is(). */
void terminal_clear(void);

#endif
