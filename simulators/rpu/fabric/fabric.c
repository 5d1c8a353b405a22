/* SPDX-License-Identifier: Apache-2.0 */
/* A fabric's life: made, given configurations, launched. */
#include "simulators/rpu/fabric/fabric.h"

#include <stdlib.h>
#include <string.h>

#include "simulators/rpu/fabric/batch.h"

static const char *const fault_texts[RPU_FAULTS] = {
	[RPU_FAULT_NONE] = "none",
	[RPU_FAULT_ARGUMENTS] = "arguments of another size, or a value beyond 32 bits",
	[RPU_FAULT_TOKENS] = "a stream counts other tokens than the fabric moves",
	[RPU_FAULT_COUNT] = "a stream's count is 0, or a stride is not",
	[RPU_FAULT_RANGE] = "a stream leaves the scratchpad",
	[RPU_FAULT_ALIGNMENT] = "a stream's base or stride is not aligned to its element",
	[RPU_FAULT_GATHER] = "a stream's address is none, or misaligned",
	[RPU_FAULT_ACCESS] = "an element's access is out of bounds or misaligned",
	[RPU_FAULT_STATE] = "no state of this configuration",
};

const char *rpu_fault_text(enum rpu_fault_kind kind)
{
	return kind < RPU_FAULTS ? fault_texts[kind] : "?";
}

struct rpu_fabric *rpu_fabric_create(const struct rpu_fabric_params *params,
				     const struct rpu_fabric_memory *memory,
				     enum rpu_fabric_mode mode)
{
	struct rpu_fabric *fabric;

	if (!rpu_fabric_params_valid(params) ||
	    (memory->far && (memory->far_base < params->spm_bytes || memory->far_base % 8 ||
			     !memory->far_latency || !memory->far_interval)))
		return NULL;
	fabric = calloc(1, sizeof(*fabric));
	if (!fabric)
		return NULL;
	fabric->params = *params;
	fabric->memory = *memory;
	fabric->mode = mode;
	fabric->counters.first_stall_stream = ROAD_RPU_STREAMS;
	return fabric;
}

static void drop_configuration(struct rpu_fabric *fabric)
{
	rpu_batch_free(fabric->batch);
	rpu_compiled_free(fabric->compiled);
	fabric->batch = NULL;
	free(fabric->places);
	free(fabric->results);
	fabric->compiled = NULL;
	fabric->places = NULL;
	fabric->results = NULL;
	fabric->config = NULL;
	fabric->status = RPU_FABRIC_IDLE;
}

void rpu_fabric_free(struct rpu_fabric *fabric)
{
	if (!fabric)
		return;
	drop_configuration(fabric);
	free(fabric);
}

/* Nothing of one launch is left for the next. */
static void wipe_launch(struct rpu_fabric *fabric)
{
	memset(&fabric->counters, 0, sizeof(fabric->counters));
	memset(&fabric->shortcuts, 0, sizeof(fabric->shortcuts));
	memset(&fabric->fault, 0, sizeof(fabric->fault));
	memset(fabric->arguments, 0, sizeof(fabric->arguments));
	memset(fabric->served, 0, sizeof(fabric->served));
	fabric->counters.first_stall_stream = ROAD_RPU_STREAMS;
	fabric->at = fabric->round = 0;
	fabric->step = 0;
	fabric->begins = fabric->waits = 0;
	fabric->waiting = false;
	fabric->held_until = fabric->far_next = fabric->busy_until = 0;
}

bool rpu_fabric_activate(struct rpu_fabric *fabric, const struct rpu_config *config)
{
	struct rpu_compiled *compiled = NULL;
	uint32_t *places = NULL, *results = NULL;
	size_t count;

	if (config) {
		compiled = fabric->mode == RPU_MODE_COMPILED ? rpu_compile(config) : NULL;
		count = rpu_scratch_place(config, rpu_compiled_places(compiled));
		places = calloc(count, sizeof(*places));
		results = calloc(config->ring * config->elements, sizeof(*results));
		if (!places || !results || (fabric->mode == RPU_MODE_COMPILED && !compiled))
			goto free_parts;
	}
	drop_configuration(fabric);
	wipe_launch(fabric);
	fabric->config = config;
	fabric->compiled = compiled;
	fabric->batch = compiled ? rpu_batch_make(config) : NULL;
	fabric->places = places;
	fabric->results = results;
	return true;

free_parts:
	free(results);
	free(places);
	rpu_compiled_free(compiled);
	return false;
}

const struct rpu_config *rpu_fabric_active(const struct rpu_fabric *fabric)
{
	return fabric->config;
}

uint64_t rpu_fabric_configure_cycles(const struct rpu_fabric_params *params, uint32_t interval)
{
	return rpu_stepwise(params) ? (uint64_t)params->configure_step * interval : 0;
}

static void seed(struct rpu_injection *injection)
{
	/* a state of zero would stay so */
	injection->state = (injection->seed ^ UINT64_C(0x9e3779b97f4a7c15)) | 1;
}

enum rpu_fabric_status rpu_fabric_launch(struct rpu_fabric *fabric, const void *arguments,
					 size_t bytes, uint32_t tile, uint32_t tiles)
{
	const struct rpu_config *config = fabric->config;

	if (!config)
		return fabric->status;
	wipe_launch(fabric);
	fabric->status = RPU_FABRIC_RUNNING;
	if (bytes != config->header->argument_bytes) {
		rpu_fault_at(fabric, RPU_FAULT_ARGUMENTS, UINT32_MAX, bytes,
			     config->header->argument_bytes);
		return fabric->status;
	}
	if (bytes)
		memcpy(fabric->arguments, arguments, bytes);
	fabric->tile = tile;
	fabric->tiles = tiles;
	seed(&fabric->injection);
	if (!rpu_bind(fabric))
		return fabric->status;
	if (!fabric->end) {
		fabric->status = RPU_FABRIC_DONE;
		return fabric->status;
	}
	if (rpu_stepwise(&fabric->params))
		fabric->begins = fabric->params.begin_fixed +
				 (uint64_t)fabric->params.begin_step * config->interval;
	fabric->counters.fill = fabric->begins + config->length;
	return fabric->status;
}

enum rpu_fabric_status rpu_fabric_status(const struct rpu_fabric *fabric)
{
	return fabric->status;
}

const struct rpu_fabric_counters *rpu_fabric_counters(const struct rpu_fabric *fabric)
{
	return &fabric->counters;
}

const struct rpu_fabric_shortcuts *rpu_fabric_shortcuts(const struct rpu_fabric *fabric)
{
	return &fabric->shortcuts;
}

const struct rpu_fabric_fault *rpu_fabric_fault(const struct rpu_fabric *fabric)
{
	return &fabric->fault;
}

void rpu_fabric_abort(struct rpu_fabric *fabric)
{
	if (fabric->status == RPU_FABRIC_RUNNING)
		fabric->status = RPU_FABRIC_IDLE;
}

void rpu_fabric_inject(struct rpu_fabric *fabric, uint64_t seed_value, uint32_t of_fabric,
		       uint32_t of_stream)
{
	fabric->injection.seed = seed_value;
	fabric->injection.of_fabric = of_fabric;
	fabric->injection.of_stream = of_stream;
}

uint32_t rpu_fabric_peek(const struct rpu_fabric *fabric, uint32_t element, uint32_t source)
{
	if (!fabric->config || element >= fabric->config->elements ||
	    source >= ROAD_RPU_SOURCE_STREAM0)
		return 0;
	return fabric->places[rpu_place(element, source)];
}
