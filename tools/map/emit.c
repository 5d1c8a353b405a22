/* SPDX-License-Identifier: Apache-2.0 */
/* A mapping as a configuration (uapi/rpu/config.h). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/map/map.h"
#include "tools/map/ops.h"

#define CONSTANTS_MAX (ROAD_RPU_ROWS_MAX * ROAD_RPU_COLUMNS_MAX * ROAD_RPU_CONSTANTS)

struct emitter {
	const struct map_graph *graph;
	const struct map_mapping *mapping;
	struct map_error *error;
	struct road_rpu_config header;
	struct road_rpu_value constants[CONSTANTS_MAX];
	struct road_rpu_stream streams[ROAD_RPU_STREAMS];
	struct road_rpu_relocation relocations[ROAD_RPU_RELOCATIONS_MAX];
	struct road_rpu_argument arguments[MAP_ARGUMENTS_MAX];
};

static const unsigned type_bytes[ROAD_RPU_TYPES] = {1, 1, 2, 2, 4};
static const unsigned type_shifts[ROAD_RPU_TYPES] = {0, 0, 1, 1, 2};

static int refuse(struct emitter *emitter, const char *what, const char *seen, const char *allowed)
{
	return map_error_set(emitter->error, 0, 0, what, seen, strlen(seen), allowed);
}

static int relocate(struct emitter *emitter, const struct road_rpu_relocation *relocation)
{
	if (emitter->header.relocations == ROAD_RPU_RELOCATIONS_MAX)
		return refuse(emitter, "too many fields depend on arguments", "more", "256");
	emitter->relocations[emitter->header.relocations++] = *relocation;
	return 0;
}

/* addend + scale * argument into a field. */
static int relocate_argument(struct emitter *emitter, unsigned field, unsigned target,
			     unsigned dimension, unsigned argument, int32_t scale, int32_t addend)
{
	const struct road_rpu_relocation relocation = {
		.field = (uint8_t)field,
		.dimension = (uint8_t)dimension,
		.target = (uint16_t)target,
		.argument = {(uint8_t)argument, ROAD_RPU_ARGUMENT_ONE, ROAD_RPU_ARGUMENT_ONE},
		.scale = scale,
		.addend = addend};

	return relocate(emitter, &relocation);
}

/* How often the loops from `first` on turn, into a field of the header. */
static int turns(struct emitter *emitter, unsigned first, unsigned field, uint32_t *number)
{
	struct road_rpu_relocation relocation = {.field = (uint8_t)field, .scale = 1};
	unsigned count = 0;

	memset(relocation.argument, ROAD_RPU_ARGUMENT_ONE, sizeof(relocation.argument));
	for (unsigned i = first; i < emitter->graph->loop_count; i++) {
		const struct map_number *loop = &emitter->graph->loops[i].count;

		if (!loop->is_argument) {
			if (__builtin_mul_overflow(relocation.scale, loop->value,
						   &relocation.scale))
				return refuse(emitter, "the loops turn too often",
					      emitter->graph->loops[i].name, "2147483647 in all");
			continue;
		}
		if (count == sizeof(relocation.argument))
			return refuse(emitter, "too many loops depend on arguments",
				      emitter->graph->loops[i].name, "3");
		relocation.argument[count++] = (uint8_t)loop->argument;
	}
	if (count)
		return relocate(emitter, &relocation);
	*number = (uint32_t)relocation.scale;
	return 0;
}

static int constants(struct emitter *emitter)
{
	for (unsigned e = 0; e < emitter->mapping->elements; e++)
		for (unsigned k = 0; k < ROAD_RPU_CONSTANTS; k++) {
			const struct map_constant *constant = &emitter->mapping->constants[e][k];
			unsigned at = emitter->header.constants;

			if (constant->kind == MAP_FREE)
				continue;
			emitter->constants[at].number = e * ROAD_RPU_CONSTANTS + k;
			emitter->constants[at].value = constant->bits;
			emitter->header.constants++;
			if (constant->kind == MAP_RELOCATED &&
			    relocate_argument(emitter, ROAD_RPU_FIELD_CONSTANT, at, 0,
					      constant->argument, 1, 0))
				return -1;
		}
	return 0;
}

/* times * bytes, as 32 bits have it. */
static int in_bytes(struct emitter *emitter, int32_t times, unsigned bytes, int32_t *out)
{
	char seen[16];

	if (!__builtin_mul_overflow(times, (int32_t)bytes, out))
		return 0;
	snprintf(seen, sizeof(seen), "%d", times);
	return refuse(emitter, "an offset or a stride is too large", seen,
		      "-2147483648 to 2147483647 bytes");
}

/* Counts and strides; dimension 0 is the innermost loop. `field`: that of the strides. */
static int pattern(struct emitter *emitter, unsigned index, int32_t *strides, unsigned field,
		   unsigned bytes)
{
	const struct map_graph *graph = emitter->graph;
	const struct map_stream *from = &graph->streams[index];
	struct road_rpu_stream *stream = &emitter->streams[index];

	for (unsigned d = 0; d < ROAD_RPU_DIMENSIONS; d++) {
		const struct map_number *stride, *count;

		stream->count[d] = 1;
		if (d >= graph->loop_count)
			continue;
		stride = &from->strides[graph->loop_count - 1 - d];
		count = &graph->loops[graph->loop_count - 1 - d].count;
		stream->count[d] = count->is_argument ? 0 : (uint32_t)count->value;
		if (count->is_argument && relocate_argument(emitter, ROAD_RPU_FIELD_STREAM_COUNT,
							    index, d, count->argument, 1, 0))
			return -1;
		strides[d] = 0;
		if (!stride->is_argument &&
		    in_bytes(emitter, (int32_t)stride->value, bytes, &strides[d]))
			return -1;
		if (stride->is_argument && relocate_argument(emitter, field, index, d,
							     stride->argument, (int32_t)bytes, 0))
			return -1;
	}
	return 0;
}

static bool repeats(const struct map_graph *graph, const struct map_stream *stream)
{
	const struct map_number *stride = &stream->strides[graph->loop_count - 1];

	return stream->kind == MAP_READ && !stride->is_argument && !stride->value;
}

static int gathering(struct emitter *emitter, unsigned index)
{
	const struct map_stream *from = &emitter->graph->streams[index];
	struct road_rpu_stream *stream = &emitter->streams[index];
	unsigned bytes = type_bytes[from->index_type];
	int32_t offset;

	if (in_bytes(emitter, from->offset, bytes, &offset))
		return -1;
	stream->kind = ROAD_RPU_STREAM_GATHER;
	stream->index_type = (uint8_t)from->index_type;
	stream->index_shift = (uint8_t)type_shifts[from->type];
	if (relocate_argument(emitter, ROAD_RPU_FIELD_STREAM_BASE, index, 0, from->argument, 1,
			      0) ||
	    relocate_argument(emitter, ROAD_RPU_FIELD_STREAM_INDEX_BASE, index, 0,
			      from->index_argument, 1, offset))
		return -1;
	return pattern(emitter, index, stream->index_stride, ROAD_RPU_FIELD_STREAM_INDEX_STRIDE,
		       bytes);
}

static int one_stream(struct emitter *emitter, unsigned index)
{
	const struct map_stream *from = &emitter->graph->streams[index];
	struct road_rpu_stream *stream = &emitter->streams[index];
	unsigned bytes = type_bytes[from->type];
	int32_t offset;

	stream->type = (uint8_t)from->type;
	stream->write =
		from->kind == MAP_WRITE || from->kind == MAP_SCATTER || from->kind == MAP_REDUCE;
	if (from->kind == MAP_GATHER || from->kind == MAP_SCATTER)
		return gathering(emitter, index);
	stream->kind = ROAD_RPU_STREAM_LINEAR;
	if (from->kind == MAP_COUNTER) {
		stream->kind = ROAD_RPU_STREAM_COUNTER;
		stream->base = (uint32_t)from->offset;
		return pattern(emitter, index, stream->stride, ROAD_RPU_FIELD_STREAM_STRIDE, 1);
	}
	if (from->kind == MAP_REDUCE) {
		stream->kind = ROAD_RPU_STREAM_REDUCE;
		stream->reduce = (uint8_t)from->reduce;
	} else if (repeats(emitter->graph, from)) {
		stream->kind = ROAD_RPU_STREAM_BROADCAST;
	}
	if (in_bytes(emitter, from->offset, bytes, &offset) ||
	    relocate_argument(emitter, ROAD_RPU_FIELD_STREAM_BASE, index, 0, from->argument, 1,
			      offset))
		return -1;
	return pattern(emitter, index, stream->stride, ROAD_RPU_FIELD_STREAM_STRIDE, bytes);
}

/* Each aligned to its own bytes. */
static void arguments(struct emitter *emitter)
{
	unsigned offset = 0;

	for (unsigned i = 0; i < emitter->graph->argument_count; i++) {
		const struct map_argument *from = &emitter->graph->arguments[i];
		struct road_rpu_argument *argument = &emitter->arguments[i];
		unsigned bytes = from->bytes;

		offset = (offset + bytes - 1) / bytes * bytes;
		argument->offset = (uint16_t)offset;
		argument->bytes = (uint8_t)bytes;
		argument->kind = (uint8_t)from->kind;
		memcpy(argument->name, from->name, sizeof(argument->name) - 1);
		offset += bytes;
	}
	emitter->header.arguments = (uint16_t)emitter->graph->argument_count;
	emitter->header.argument_bytes = (uint16_t)((offset + 7) / 8 * 8);
}

static void timing(struct emitter *emitter, const struct map_fabric *fabric)
{
	for (unsigned n = 0; n < emitter->graph->node_count; n++) {
		enum road_rpu_op op = emitter->graph->nodes[n].op;
		enum road_rpu_class class = map_ops[op].class;

		emitter->header.latency[class] = (uint8_t)map_latency(fabric, op);
		emitter->header.intervals[class] = (uint8_t)map_interval(fabric, op);
	}
}

static void *join(const struct emitter *emitter, size_t *bytes)
{
	const struct road_rpu_config *header = &emitter->header;
	const struct {
		const void *part;
		size_t bytes;
	} parts[] = {
		{header, sizeof(*header)},
		{emitter->mapping->words,
		 sizeof(uint64_t) * header->interval * emitter->mapping->elements},
		{emitter->constants, sizeof(emitter->constants[0]) * header->constants},
		{emitter->streams, sizeof(emitter->streams[0]) * header->streams},
		{emitter->relocations, sizeof(emitter->relocations[0]) * header->relocations},
		{emitter->arguments, sizeof(emitter->arguments[0]) * header->arguments},
	};
	uint8_t *config, *at;

	*bytes = 0;
	for (unsigned i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		*bytes += parts[i].bytes;
	config = at = malloc(*bytes);
	for (unsigned i = 0; config && i < sizeof(parts) / sizeof(parts[0]); i++) {
		memcpy(at, parts[i].part, parts[i].bytes);
		at += parts[i].bytes;
	}
	if (config)
		((struct road_rpu_config *)config)->total_bytes = (uint32_t)*bytes;
	return config;
}

static int fill(struct emitter *emitter, const struct map_fabric *fabric)
{
	const struct map_graph *graph = emitter->graph;
	struct road_rpu_config *header = &emitter->header;

	header->magic = ROAD_RPU_CONFIG_MAGIC;
	header->version = ROAD_RPU_CONFIG_VERSION;
	header->interval = (uint16_t)emitter->mapping->interval;
	header->fabric_id = map_fabric_id(fabric);
	header->length = emitter->mapping->length;
	header->streams = (uint16_t)graph->stream_count;
	memcpy(header->name, graph->name, sizeof(header->name) - 1);
	timing(emitter, fabric);
	arguments(emitter);
	if (turns(emitter, 0, ROAD_RPU_FIELD_ITERATIONS, &header->iterations))
		return -1;
	if (graph->period_loop &&
	    turns(emitter, graph->period_loop, ROAD_RPU_FIELD_PERIOD, &header->period))
		return -1;
	for (unsigned i = 0; i < graph->stream_count; i++)
		if (one_stream(emitter, i))
			return -1;
	return constants(emitter);
}

void *map_emit(const struct map_graph *graph, const struct map_fabric *fabric,
	       const struct map_mapping *mapping, size_t *bytes, struct map_error *error)
{
	struct emitter *emitter = calloc(1, sizeof(*emitter));
	void *config = NULL;

	if (emitter) {
		emitter->graph = graph;
		emitter->mapping = mapping;
		emitter->error = error;
		if (fill(emitter, fabric)) {
			free(emitter);
			return NULL;
		}
		config = join(emitter, bytes);
	}
	free(emitter);
	if (!config)
		map_error_set(error, 0, 0, "out of memory", "none", 4, "some");
	return config;
}
