/* SPDX-License-Identifier: Apache-2.0 */
/* Any text: an error, or a graph that is mapped, with little effort, to a mapping that is right. */
#include "tests/fuzz/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/map/container.h"
#include "tools/map/map.h"

static struct map_graph graph;
static struct map_mapping mapping;

static void must(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

static void use(const struct map_fabric *fabric)
{
	struct map_options options = {.attempts = 1, .effort = 60, .seed = 1};
	struct map_bounds bounds = map_bounds(&graph, fabric);
	struct map_error error = {0};
	size_t bytes;
	void *config, *container;

	must(bounds.least >= 1 && bounds.memory >= bounds.recurrence,
	     "bounds contradict each other");
	if (graph.node_count > 24 || bounds.least > 8)
		return;
	options.most = bounds.least + 1;
	if (map_run(&graph, fabric, &options, &mapping, &error)) {
		must(!strstr(error.allowed, "bug"), error.what);
		return;
	}
	config = map_emit(&graph, fabric, &mapping, &bytes, &error);
	must(config || error.what[0], "no reason");
	if (!config)
		return;
	container = map_container(config, 0, &bytes);
	must(container, "no container");
	free(container);
	free(config);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct map_fabric fabric = *map_fabric_default();
	struct map_error error = {0};

	fabric.rows = fabric.columns = 4;
	if (map_graph_parse((const char *)data, size, &graph, &error))
		must(error.what[0], "no reason");
	else
		use(&fabric);
	if (size && size < 256 && !memchr(data, 0, size)) {
		char text[257] = {0};

		memcpy(text, data, size);
		if (map_fabric_set(&fabric, text, &error))
			must(error.what[0], "no reason");
		else
			must(fabric.rows && fabric.columns && fabric.registers,
			     "a fabric of nothing");
	}
	return 0;
}
