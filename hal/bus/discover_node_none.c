/* SPDX-License-Identifier: Apache-2.0 */
/* Built without libudev: no nodes are found. */
#include "hal/bus/discover.h"

bool road_nodes_find(struct road_nodes *out)
{
	*out = (struct road_nodes){0};
	return true;
}

void road_nodes_free(struct road_nodes *nodes)
{
	*nodes = (struct road_nodes){0};
}
