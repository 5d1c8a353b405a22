/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration in the container that regions load (uapi/region.h). */
#ifndef TOOLS_MAP_CONTAINER_H
#define TOOLS_MAP_CONTAINER_H

#include <stddef.h>

#include "tools/map/scratch.h"
#include "uapi/rpu/config.h"

/*
 * The caller frees; NULL: out of memory. The image claims device memory, where its arguments point
 * to, and so many bytes of the scratchpad (0: none).
 */
void *map_container(const struct road_rpu_config *config, uint32_t scratch_bytes, size_t *bytes);
/* Likewise with these windows of the scratchpad, at most MAP_SCRATCH_CLAIMS. */
void *map_container_claiming(const struct road_rpu_config *config,
			     const struct road_config_claim *scratch, unsigned count,
			     size_t *bytes);
/* Likewise of a kernel of an engine: it claims nothing, its launches name all that it touches. */
void *map_engine_container(const struct road_rpu_engine_kernel *kernel, size_t *bytes);

#endif
