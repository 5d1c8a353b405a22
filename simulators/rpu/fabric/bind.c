/* SPDX-License-Identifier: Apache-2.0 */
/* A launch's arguments become streams, constants, registers, iterations. */
#include <string.h>

#include "simulators/rpu/fabric/batch.h"

static bool refuse(struct rpu_fabric *fabric, enum rpu_fault_kind kind, uint32_t index,
		   uint64_t seen, uint64_t allowed)
{
	rpu_fault_at(fabric, kind, index, seen, allowed);
	return false;
}

static bool argument(struct rpu_fabric *fabric, uint32_t number, uint32_t *value)
{
	const struct road_rpu_argument *at;
	uint64_t wide = 0;

	switch (number) {
	case ROAD_RPU_ARGUMENT_ONE: *value = 1; return true;
	case ROAD_RPU_ARGUMENT_TILE: *value = fabric->tile; return true;
	case ROAD_RPU_ARGUMENT_TILES: *value = fabric->tiles; return true;
	default: break;
	}
	at = &fabric->config->arguments[number];
	memcpy(&wide, fabric->arguments + at->offset, at->bytes);
	if (wide > UINT32_MAX)
		return refuse(fabric, RPU_FAULT_ARGUMENTS, number, wide, UINT32_MAX);
	*value = (uint32_t)wide;
	return true;
}

/* Where a relocated field of the launch lies. */
static uint32_t *bound_field(struct rpu_fabric *fabric, const struct road_rpu_relocation *at)
{
	const struct rpu_config *config = fabric->config;
	struct road_rpu_stream *stream = &fabric->engines[at->target % ROAD_RPU_STREAMS].stream;
	uint32_t number;

	switch (at->field) {
	case ROAD_RPU_FIELD_PERIOD: return &fabric->period;
	case ROAD_RPU_FIELD_CONSTANT:
		number = config->constants[at->target].number;
		return &fabric->places[rpu_place(number / ROAD_RPU_CONSTANTS,
						 ROAD_RPU_SOURCE_K0 + number % ROAD_RPU_CONSTANTS)];
	case ROAD_RPU_FIELD_REGISTER:
		number = config->registers[at->target].number;
		return &fabric->places[rpu_place(number / ROAD_RPU_REGISTERS,
						 ROAD_RPU_SOURCE_R0 + number % ROAD_RPU_REGISTERS)];
	case ROAD_RPU_FIELD_STREAM_BASE: return &stream->base;
	case ROAD_RPU_FIELD_STREAM_INDEX_BASE: return &stream->index_base;
	case ROAD_RPU_FIELD_STREAM_COUNT: return &stream->count[at->dimension];
	case ROAD_RPU_FIELD_STREAM_STRIDE: return (uint32_t *)&stream->stride[at->dimension];
	default: return (uint32_t *)&stream->index_stride[at->dimension];
	}
}

static bool relocate(struct rpu_fabric *fabric)
{
	const struct rpu_config *config = fabric->config;

	for (uint32_t i = 0; i < config->header->relocations; i++) {
		const struct road_rpu_relocation *at = &config->relocations[i];
		uint32_t value = (uint32_t)at->scale, factor;

		for (unsigned a = 0; a < 3; a++) {
			if (!argument(fabric, at->argument[a], &factor))
				return false;
			value *= factor;
		}
		value += (uint32_t)at->addend;
		if (at->field == ROAD_RPU_FIELD_ITERATIONS)
			fabric->iterations = value;
		else
			*bound_field(fabric, at) = value;
	}
	return true;
}

/* The span of addresses that hold what begins at base: a window of the scratchpad, or what is
 * beyond it. */
static bool memory_of(const struct rpu_fabric *fabric, uint32_t base, bool write, int64_t *low,
		      int64_t *end)
{
	const struct rpu_fabric_memory *memory = &fabric->memory;
	struct rpu_window window = {0, fabric->params.spm_bytes};
	bool far = memory->far && base >= memory->far_base, is_there = true;

	if (!far && memory->window)
		is_there = memory->window(memory->context, base, write, &window);
	*low = far ? memory->far_base : window.from;
	*end = far ? INT64_C(1) << 32 : window.end;
	return is_there;
}

static bool leaves(struct rpu_fabric *fabric, uint32_t s, int64_t address, uint32_t bytes,
		   int64_t from, int64_t end)
{
	const struct rpu_window window = {(uint32_t)from, (uint32_t)end};

	rpu_fault_in(fabric, RPU_FAULT_RANGE, s, (uint64_t)address, bytes, window);
	return false;
}

/* All addresses that an affine walk makes lie in one memory, aligned. */
static bool walk_inside(struct rpu_fabric *fabric, uint32_t s, uint32_t base,
			const int32_t stride[ROAD_RPU_DIMENSIONS], uint32_t bytes, bool write)
{
	const struct road_rpu_stream *stream = &fabric->engines[s].stream;
	int64_t low = base, high = base, from, end;

	if (base % bytes)
		return refuse(fabric, RPU_FAULT_ALIGNMENT, s, base, bytes);
	if (!memory_of(fabric, base, write, &from, &end))
		return leaves(fabric, s, base, bytes, from, end);
	for (unsigned d = 0; d < ROAD_RPU_DIMENSIONS; d++) {
		int64_t reach = (int64_t)(stream->count[d] - 1) * stride[d];

		if (stream->count[d] == 1)
			continue;
		if (stride[d] % (int32_t)bytes)
			return refuse(fabric, RPU_FAULT_ALIGNMENT, s, base + (uint32_t)stride[d],
				      bytes);
		if (reach > end || reach < -end)
			return leaves(fabric, s, base + reach, bytes, from, end);
		if (reach < 0)
			low += reach;
		else
			high += reach;
	}
	if (low < from || high > end - bytes)
		return leaves(fabric, s, low < from ? low : high, bytes, from, end);
	fabric->engines[s].low = low;
	fabric->engines[s].end = high + bytes;
	return true;
}

static bool check_addresses(struct rpu_fabric *fabric, uint32_t s)
{
	const struct road_rpu_stream *stream = &fabric->engines[s].stream;

	switch (stream->kind) {
	case ROAD_RPU_STREAM_COUNTER: return true;
	case ROAD_RPU_STREAM_GATHER:
		return walk_inside(fabric, s, stream->index_base, stream->index_stride,
				   rpu_type_bytes(stream->index_type), false);
	default:
		return walk_inside(fabric, s, stream->base, stream->stride,
				   rpu_type_bytes(stream->type), stream->write);
	}
}

static bool start_engine(struct rpu_fabric *fabric, uint32_t s)
{
	struct rpu_engine *engine = &fabric->engines[s];
	const struct road_rpu_stream *stream = &engine->stream;
	uint64_t wanted = fabric->iterations * fabric->config->uses[s];
	uint64_t tokens = 1;
	bool stays =
		stream->kind == ROAD_RPU_STREAM_BROADCAST || stream->kind == ROAD_RPU_STREAM_REDUCE;

	if (stays && stream->stride[0])
		return refuse(fabric, RPU_FAULT_COUNT, s, (uint32_t)stream->stride[0], 0);
	for (unsigned d = 0; d < ROAD_RPU_DIMENSIONS; d++) {
		if (!stream->count[d])
			return refuse(fabric, RPU_FAULT_COUNT, s, 0, 1);
		/* more than can be wanted is enough to know */
		if (__builtin_mul_overflow(tokens, stream->count[d], &tokens))
			tokens = UINT64_MAX;
	}
	if (tokens != wanted)
		return refuse(fabric, RPU_FAULT_TOKENS, s, tokens, wanted);
	if (!check_addresses(fabric, s))
		return false;
	engine->tokens = tokens;
	engine->near = stream->kind != ROAD_RPU_STREAM_GATHER &&
		       (stream->kind == ROAD_RPU_STREAM_COUNTER || !fabric->memory.far ||
			stream->base < fabric->memory.far_base);
	rpu_engine_start(engine);
	return true;
}

/* Registers, links and tokens as a launch finds them. */
static void set_places(struct rpu_fabric *fabric)
{
	const struct rpu_config *config = fabric->config;

	memset(fabric->places, 0, rpu_scratch_place(config, 0) * sizeof(*fabric->places));
	memset(fabric->results, 0, config->ring * config->elements * sizeof(*fabric->results));
	for (uint32_t i = 0; i < config->header->constants; i++) {
		const struct road_rpu_value *at = &config->constants[i];

		fabric->places[rpu_place(at->number / ROAD_RPU_CONSTANTS,
					 ROAD_RPU_SOURCE_K0 + at->number % ROAD_RPU_CONSTANTS)] =
			at->value;
	}
	for (uint32_t i = 0; i < config->header->registers; i++) {
		const struct road_rpu_value *at = &config->registers[i];

		fabric->places[rpu_place(at->number / ROAD_RPU_REGISTERS,
					 ROAD_RPU_SOURCE_R0 + at->number % ROAD_RPU_REGISTERS)] =
			at->value;
	}
}

bool rpu_bind(struct rpu_fabric *fabric)
{
	const struct rpu_config *config = fabric->config;

	set_places(fabric);
	memset(fabric->engines, 0, sizeof(fabric->engines));
	fabric->engine_count = config->header->streams;
	for (uint32_t s = 0; s < fabric->engine_count; s++)
		fabric->engines[s].stream = config->streams[s];
	fabric->iterations = config->header->iterations;
	fabric->period = config->header->period;
	if (!relocate(fabric))
		return false;
	fabric->span = config->interval * fabric->iterations;
	fabric->end = fabric->iterations && config->length
			      ? config->interval * (fabric->iterations - 1) + config->length
			      : 0;
	for (uint32_t s = 0; fabric->iterations && s < fabric->engine_count; s++)
		if (fabric->engines[s].stream.kind && !start_engine(fabric, s))
			return false;
	fabric->in_batches = fabric->batch && rpu_batch_fits(fabric);
	return true;
}
