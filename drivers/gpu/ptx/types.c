/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/gpu/ptx/types.h"

#include <string.h>

#include "uapi/gpu/isa.h"

const struct ptx_type_info ptx_types[TYPES + 1] = {
#define TYPE(enumerator, name, bytes, kind, lanes) {name, bytes, KIND_##kind, lanes},
	PTX_TYPES(TYPE)
#undef TYPE
		{"", 0, KIND_BITS, -1},
};

enum ptx_type type_find(struct slice name)
{
	for (unsigned i = 0; i < TYPES; i++)
		if (slice_is(name, ptx_types[i].name))
			return i;
	return TYPE_NONE;
}

const char *type_set_names(struct ptx *p, struct arena *arena, uint32_t set)
{
	const char *names = "";

	for (unsigned i = 0; i < TYPES; i++)
		if (set >> i & 1)
			names = ptx_format(p, arena, "%s%s.%s", names, *names ? " " : "",
					   ptx_types[i].name);
	return names;
}
