/* SPDX-License-Identifier: Apache-2.0 */
/* What verbs need: inside this folder only. */
#ifndef SIMULATORS_REGIONS_VERBS_H
#define SIMULATORS_REGIONS_VERBS_H

#include <stdint.h>

#include "uapi/region.h"

enum region_verb_needs {
	VERB_CONFIG = 0x01, /* names one; others name none */
	VERB_IMAGE = 0x02,  /* may load it */
	VERB_SLOT = 0x04,
	VERB_SWITCH = 0x08, /* drains the region, and may have to undo */
	VERB_BUFFER = 0x10,
	VERB_TARGET = 0x20,
};
struct region_verb_row {
	const char *name;
	uint32_t needs;
	uint32_t feature; /* enum region_feature that it takes */
};
extern const struct region_verb_row region_verbs[ROAD_REGION_VERBS];

#endif
