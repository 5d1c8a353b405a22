/* SPDX-License-Identifier: Apache-2.0 */
/* What a device's nodes are called, and whether they may be opened. */
#include "hal/bus/facts.h"
#include "hal/bus/facts_drm.h"

#include <stdio.h>
#include <string.h>

static bool belongs(const struct road_node *node, const struct road_found *found)
{
	return strcmp(found->scheme, "pci")
		       ? !node->function[0] && !strcmp(node->scheme, found->scheme) &&
				 !strcmp(node->name, found->place)
		       : !strcmp(node->function, found->place);
}

void road_facts_nodes(struct road_facts *facts, const struct road_found *found)
{
	struct road_nodes nodes;
	char name[64];
	unsigned count = 0;

	if (!road_nodes_find(&nodes)) {
		facts->full = true;
		return;
	}
	for (uint32_t i = 0; i < nodes.count; i++) {
		if (!belongs(&nodes.at[i], found))
			continue;
		snprintf(name, sizeof(name), "node.%u", count);
		road_fact_text(facts, ROAD_SOURCE_KERNEL, name, nodes.at[i].path);
		road_facts_drm(facts, &nodes.at[i], count++);
	}
	road_nodes_free(&nodes);
}
