/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel's DRM says of a node: driver, version, and what it can share and wait for. */
#ifndef HAL_BUS_FACTS_DRM_H
#define HAL_BUS_FACTS_DRM_H

#include "hal/bus/facts.h"

/* Opens the node unless that may wake the device; properties "node.N.drm.…". */
void road_facts_drm(struct road_facts *facts, const struct road_node *node, unsigned number);

#endif
