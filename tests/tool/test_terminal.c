/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/roadbed/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/tap.h"

static void a_bar_turns_yellow_and_then_red(void)
{
	CU_ASSERT_EQUAL(terminal_level(0, 100), TERMINAL_GREEN);
	CU_ASSERT_EQUAL(terminal_level(69, 100), TERMINAL_GREEN);
	CU_ASSERT_EQUAL(terminal_level(70, 100), TERMINAL_YELLOW);
	CU_ASSERT_EQUAL(terminal_level(89, 100), TERMINAL_YELLOW);
	CU_ASSERT_EQUAL(terminal_level(90, 100), TERMINAL_RED);
	CU_ASSERT_EQUAL(terminal_level(UINT64_MAX, 1), TERMINAL_RED);
	CU_ASSERT_EQUAL(terminal_level(UINT64_MAX / 2, UINT64_MAX), TERMINAL_GREEN);
	CU_ASSERT_EQUAL(terminal_level(5, 0), TERMINAL_PLAIN);
}

/* test_colors.py has a terminal. */
static void what_is_no_terminal_gets_nothing(void)
{
	const int kept = dup(STDOUT_FILENO);
	int pipes[2];

	CU_ASSERT_EQUAL_FATAL(pipe(pipes), 0);
	CU_ASSERT_EQUAL_FATAL(setenv("TERM", "xterm", 1), 0);
	dup2(pipes[1], STDOUT_FILENO);
	const bool is = terminal_is();
	const char *begin = terminal_begin(TERMINAL_RED), *end = terminal_end(TERMINAL_RED);

	dup2(kept, STDOUT_FILENO);
	close(kept);
	close(pipes[0]);
	close(pipes[1]);
	CU_ASSERT_FALSE(is);
	CU_ASSERT_STRING_EQUAL(begin, "");
	CU_ASSERT_STRING_EQUAL(end, "");
}

static const struct tap_case cases[] = {
	{"a bar turns yellow, and then red", a_bar_turns_yellow_and_then_red},
	{"what is no terminal gets nothing", what_is_no_terminal_gets_nothing},
};

TAP_MAIN(cases)
