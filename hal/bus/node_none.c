/* SPDX-License-Identifier: Apache-2.0 */
/* Built without libdrm's headers: no node is opened. */
#include "hal/bus/node.h"

road_status road_node_open(const struct road_bus_wish *wish, struct road_found *found,
			   struct road_bus **out)
{
	(void)wish;
	(void)found;
	(void)out;
	return ROAD_NOT_FOUND;
}

bool road_node_runs(struct road_found *found, const struct road_candidate_sink *sink)
{
	(void)found;
	(void)sink;
	return false;
}

road_status road_node_access(const struct road_found *found)
{
	(void)found;
	return ROAD_OK;
}
