/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/map/support.h"

#include <stdio.h>
#include <string.h>

static bool parsed_bytes(const char *what, const char *text, size_t bytes, struct map_graph *graph)
{
	struct map_error error;

	if (!map_graph_parse(text, bytes, graph, &error))
		return true;
	printf("# %s:%u:%u: %s; seen: %s; allowed: %s\n", what, error.line, error.column,
	       error.what, error.seen, error.allowed);
	CU_FAIL("no graph");
	return false;
}

bool parsed(const char *text, struct map_graph *graph)
{
	return parsed_bytes("text", text, strlen(text), graph);
}

bool kernel_graph(const char *name, struct map_graph *graph)
{
	char path[512], text[16384];
	size_t bytes;
	FILE *file;

	snprintf(path, sizeof(path), MAP_KERNELS "/%s.graph", name);
	file = fopen(path, "r");
	CU_ASSERT_PTR_NOT_NULL(file);
	if (!file)
		return false;
	bytes = fread(text, 1, sizeof(text), file);
	fclose(file);
	CU_ASSERT(bytes < sizeof(text));
	return parsed_bytes(name, text, bytes, graph);
}

struct map_fabric small_fabric(void)
{
	struct map_fabric fabric = *map_fabric_default();

	fabric.rows = fabric.columns = 4;
	return fabric;
}
