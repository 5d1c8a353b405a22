/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_CONFORMANCE_GROUPS_ABI_H
#define TESTS_CONFORMANCE_GROUPS_ABI_H

#include "tests/conformance/case.h"

/* Has the function a row in the table of wrong calls, or a reason to have none? */
bool abi_call_listed(const char *function);

#endif
