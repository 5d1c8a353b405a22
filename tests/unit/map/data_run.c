/* SPDX-License-Identifier: Apache-2.0 */
/* A mapping on the simulated fabric. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/map/data.h"
#include "tools/map/ops.h"

#define CYCLES_MAX 10000000u

struct rpu_fabric_params data_params(const struct map_fabric *fabric, uint32_t spm_bytes)
{
	struct rpu_fabric_params params = {.fabric_id = map_fabric_id(fabric),
					   .spm_bytes = spm_bytes,
					   .banks = fabric->banks,
					   .bank_bytes = 32,
					   .stream_latency = 2};

	for (unsigned i = ROAD_RPU_CLASS_ALU; i < ROAD_RPU_CLASSES; i++) {
		params.latency[i] = (uint8_t)fabric->latency[i];
		params.interval[i] = (uint8_t)fabric->interval[i];
		params.cost[i] = (uint8_t)(1 + i % 3); /* of steps; no result depends on it */
	}
	return params;
}

uint64_t data_launch(struct rpu_fabric *fabric, const struct rpu_config *config,
		     const uint32_t *values)
{
	const struct road_rpu_config *header = rpu_config_header(config);
	const struct road_rpu_argument *arguments = rpu_config_arguments(config);
	uint8_t block[ROAD_RPU_ARGUMENT_BYTES_MAX] = {0};
	const struct rpu_fabric_fault *fault;

	for (unsigned i = 0; i < header->arguments; i++)
		memcpy(block + arguments[i].offset, &values[i], 4);
	rpu_fabric_launch(fabric, block, header->argument_bytes, 0, 1);
	if (rpu_fabric_run(fabric, CYCLES_MAX, NULL) == RPU_FABRIC_DONE)
		return rpu_fabric_counters(fabric)->cycles;
	fault = rpu_fabric_fault(fabric);
	printf("# %s: %s, index %u, seen %llu, allowed %llu\n", header->name,
	       rpu_fault_text(fault->kind), fault->index, (unsigned long long)fault->seen,
	       (unsigned long long)fault->allowed);
	CU_FAIL("the launch did not end well");
	return 0;
}

static uint64_t run(const struct rpu_fabric_params *params, const struct rpu_config *config,
		    enum rpu_fabric_mode mode, uint8_t *memory, const uint32_t *values)
{
	const struct rpu_fabric_memory spm = {.spm = memory};
	struct rpu_fabric *fabric = rpu_fabric_create(params, &spm, mode);
	uint64_t cycles = 0;

	CU_ASSERT_PTR_NOT_NULL(fabric);
	if (fabric && rpu_fabric_activate(fabric, config))
		cycles = data_launch(fabric, config, values);
	rpu_fabric_free(fabric);
	return cycles;
}

uint64_t data_run(const struct map_graph *graph, const struct map_fabric *fabric,
		  const struct map_mapping *mapping, enum rpu_fabric_mode mode, uint8_t *memory,
		  const uint32_t *values)
{
	struct rpu_fabric_params params = data_params(fabric, SPM_BYTES);
	struct rpu_config_verdict verdict;
	struct rpu_config *config;
	struct map_error error;
	uint64_t cycles = 0;
	size_t bytes;
	void *image = map_emit(graph, fabric, mapping, &bytes, &error);

	CU_ASSERT_PTR_NOT_NULL(image);
	if (!image)
		return 0;
	config = rpu_config_check(&params, image, bytes, &verdict);
	if (config) {
		cycles = run(&params, config, mode, memory, values);
	} else {
		printf("# %s: %s in %s %u, seen %llu, allowed %llu\n", graph->name,
		       rpu_config_error_text(verdict.error), rpu_config_part_name(verdict.part),
		       verdict.index, (unsigned long long)verdict.seen,
		       (unsigned long long)verdict.allowed);
		CU_FAIL("the configuration is refused");
	}
	rpu_config_free(config);
	free(image);
	return cycles;
}
