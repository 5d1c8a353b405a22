/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/sim_rpu_model/kernels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/tap.h"
#include "tools/map/container.h"
#include "tools/map/map.h"

size_t rig_put_image(struct rig *rig, unsigned n, const char *text)
{
	static struct map_graph graph;
	static struct map_mapping mapping;
	struct map_fabric fabric = *map_fabric_default();
	struct map_options options = map_options_default;
	struct map_error error = {0};
	size_t bytes = 0;
	void *config, *image;

	fabric.rows = fabric.columns = 4;
	if (map_graph_parse(text, strlen(text), &graph, &error) ||
	    map_run(&graph, &fabric, &options, &mapping, &error)) {
		printf("# %u:%u %s, seen %s\n", error.line, error.column, error.what, error.seen);
		CU_FAIL_FATAL("no mapping");
	}
	config = map_emit(&graph, &fabric, &mapping, &bytes, &error);
	CU_ASSERT_PTR_NOT_NULL_FATAL(config);
	image = map_container(config, 4096, &bytes);
	CU_ASSERT_PTR_NOT_NULL_FATAL(image);
	memcpy(rig_system(rig) + n * 0x8000, image, bytes);
	free(image);
	free(config);
	const struct road_rpu_entry copy = {.work = ROAD_RPU_WORK_COPY,
					    .flags = ROAD_RPU_WORK_ORDERED,
					    .dst = VA_DATA + n * 0x8000,
					    .src = VA_SYSTEM + n * 0x8000,
					    .bytes = bytes,
					    .rows = 1,
					    .slices = 1};

	rig_push(rig, 0, &copy);
	return bytes;
}

void rig_activate(struct rig *rig, uint32_t stream, unsigned n, size_t bytes, uint64_t config,
		  uint8_t drain)
{
	struct road_region_op op = {.verb = ROAD_REGION_VERB_ACTIVATE,
				    .slot = ROAD_REGION_SLOT_ANY,
				    .drain = drain,
				    .image_bytes = (uint32_t)bytes,
				    .image = n * 0x8000,
				    .config = config,
				    .report = HOST + OPS_AT + 512 + n * 128};
	const struct road_rpu_entry entry = {.work = ROAD_RPU_WORK_REGION,
					     .flags = ROAD_RPU_WORK_ORDERED,
					     .src = HOST + OPS_AT + n * 128};

	rig_put(rig, ROAD_RPU_REGIONS + ROAD_REGION_REG_SELECT, 4, 0);
	op.generation = rig_get(rig, ROAD_RPU_REGIONS + ROAD_REGION_REG_GENERATION64, 8);
	memcpy(rig->host + OPS_AT + n * 128, &op, sizeof(op));
	rig_push(rig, stream, &entry);
}

void rig_fence(struct rig *rig, uint32_t stream, uint64_t value)
{
	const struct road_rpu_entry entry = {
		.work = ROAD_RPU_WORK_FENCE, .flags = ROAD_RPU_WORK_ORDERED, .value = value};

	rig_push(rig, stream, &entry);
	rig_ring(rig, stream);
}

struct road_rpu_run rig_run_of(uint32_t argument_bytes)
{
	return (struct road_rpu_run){.work = ROAD_RPU_WORK_RUN,
				     .engine = ROAD_RPU_ENGINE_CGRA,
				     .arguments = argument_bytes ? HOST + ARGUMENTS_AT : 0,
				     .argument_bytes = argument_bytes,
				     .blocks = 1};
}
