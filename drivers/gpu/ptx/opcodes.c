/* SPDX-License-Identifier: Apache-2.0 */
/* Finding an opcode in opcodes.def. */
#include <stdlib.h>
#include <string.h>

#include "drivers/gpu/ptx/lower.h"

#define ROW(name, needs, allows, types, given, modifiers, op, tier, narrow, low, high, handler) \
	{name, needs,           allows, types, modifiers, ROAD_GPU_OP_##op,                     \
	 tier, NARROW_##narrow, low,    high,  given,     lower_##handler},
#define TODO_ROW(name, needs, types, tier) \
	{name, needs, ~UINT64_C(0), types, UINT32_MAX, ROAD_GPU_OP_nop, tier, 0, 0, 0, 0, NULL},

#define FTZ  FLAG_FTZ
#define FSAT (FLAG_FTZ | FLAG_SAT)
#define FMIN (FLAG_FTZ | FLAG_NAN | FLAG_XORSIGN | FLAG_ABS)
#define LDM  (M_SPACE | M_VECTOR | M_SEM | M_SCOPE | M_CACHE | M_IGNORED)
#define MMA  (M_SHAPE | M_LAYOUT | M_ROUND | M_COMBINE | M_OPERATION)
#define WMMA (MMA | M_ACTION | M_MATRIX | M_SPACE)
#define ATOM (M_SPACE | M_SEM | M_SCOPE | M_OPERATION | M_COMBINE | M_IGNORED)

const struct row ptx_rows[] = {
#include "drivers/gpu/ptx/opcodes.def"
};
const unsigned ptx_row_count = sizeof(ptx_rows) / sizeof(ptx_rows[0]);

static int compare(struct slice name, const char *row)
{
	size_t bytes = strlen(row);
	size_t common = name.bytes < bytes ? name.bytes : bytes;
	int order = memcmp(name.text, row, common);

	return order ? order : (name.bytes > bytes) - (name.bytes < bytes);
}

const struct row *row_find(struct slice name, unsigned *count)
{
	unsigned low = 0, high = ptx_row_count;

	while (low < high) { /* the first row that is not before `name` */
		unsigned middle = (low + high) / 2;

		if (compare(name, ptx_rows[middle].name) > 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (*count = 0; low + *count < ptx_row_count; ++*count)
		if (compare(name, ptx_rows[low + *count].name))
			break;
	return *count ? &ptx_rows[low] : NULL;
}
