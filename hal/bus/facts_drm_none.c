/* SPDX-License-Identifier: Apache-2.0 */
/* Built without libdrm: no node is asked. */
#include "hal/bus/facts_drm.h"

void road_facts_drm(struct road_facts *facts, const struct road_node *node, unsigned number)
{
	(void)facts;
	(void)node;
	(void)number;
}
