/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernels of engines that need no mapping. Their text is statements of one kind, one a line:
 *
 *	neur NAME TYPE [add] [narrow]		TYPE: f16, bf16, s8
 */
#ifndef TOOLS_MAP_ENGINE_H
#define TOOLS_MAP_ENGINE_H

#include <stdbool.h>

#include "tools/map/graph.h"
#include "uapi/rpu/config.h"

enum { MAP_ENGINE_KERNELS = 16 }; /* of a text */

struct map_engines {
	unsigned count;
	struct road_rpu_engine_kernel kernels[MAP_ENGINE_KERNELS];
};

/* Does the text begin as one of these? */
bool map_is_engines(const char *text, size_t bytes);
int map_engines_parse(const char *text, size_t bytes, struct map_engines *out,
		      struct map_error *error);

#endif
