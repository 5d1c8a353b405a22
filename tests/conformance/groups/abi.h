/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_CONFORMANCE_GROUPS_ABI_H
#define TESTS_CONFORMANCE_GROUPS_ABI_H

#include "tests/conformance/case.h"

#include <string.h>

/* Has the function a row in the table of wrong calls, or a reason to have none? */
bool abi_call_listed(const char *function);

/* Where a server may listen, in a folder that goes with the fixture. */
const char *abi_socket(struct fixture *f);

/* What a structure of the interface starts with. */
static inline void abi_set_size(void *structure, uint32_t size)
{
	memcpy(structure, &size, sizeof(size));
}

static inline bool abi_is_all(const unsigned char *bytes, size_t count, unsigned char value)
{
	for (size_t i = 0; i < count; i++)
		if (bytes[i] != value)
			return false;
	return true;
}

#endif
