/* SPDX-License-Identifier: Apache-2.0 */
/* What a device's nodes are called, and whether they may be opened. */
#include "hal/bus/facts.h"
#include "hal/bus/facts_drm.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A vendor's node is not opened: that may take it from others, or start the device. */
static void say_access(struct road_facts *facts, const struct road_node *node, unsigned number)
{
	char name[64];
	const bool may = !access(node->path, R_OK | W_OK);

	snprintf(name, sizeof(name), "node.%u.access", number);
	road_fact_text(facts, ROAD_SOURCE_KERNEL, name, may ? "read and write" : strerror(errno));
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
		if (!road_node_belongs(&nodes.at[i], found))
			continue;
		snprintf(name, sizeof(name), "node.%u", count);
		road_fact_text(facts, ROAD_SOURCE_KERNEL, name, nodes.at[i].path);
		if (strcmp(nodes.at[i].scheme, "node"))
			road_facts_drm(facts, &nodes.at[i], count++);
		else
			say_access(facts, &nodes.at[i], count++);
	}
	road_nodes_free(&nodes);
}
