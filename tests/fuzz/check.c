/* SPDX-License-Identifier: Apache-2.0 */
/* CUnit's one function that checks call, for rigs shared with the tests: a failed check is a crash
 * with an input to keep. */
#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdlib.h>

CU_BOOL CU_assertImplementation(CU_BOOL value, unsigned line, const char *condition,
				const char *file, const char *function, CU_BOOL fatal)
{
	(void)function;
	(void)fatal;
	if (value)
		return CU_TRUE;
	fprintf(stderr, "%s:%u: %s\n", file, line, condition);
	abort();
}
