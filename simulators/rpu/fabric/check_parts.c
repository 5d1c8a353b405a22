/* SPDX-License-Identifier: Apache-2.0 */
/* Constants, registers, streams, relocations, arguments. */
#include <string.h>

#include "simulators/rpu/fabric/internal.h"

static bool check_values(struct rpu_check *check, enum rpu_config_part part,
			 const struct road_rpu_value *values, uint32_t count, uint32_t each,
			 uint32_t allowed)
{
	for (uint32_t i = 0; i < count; i++) {
		uint32_t number = values[i].number;

		if (number / each >= check->config->elements || number % each >= allowed)
			return rpu_refuse(check, RPU_CONFIG_VALUE, part, i, number,
					  check->config->elements * each - 1);
		if (i && number <= values[i - 1].number)
			return rpu_refuse(check, RPU_CONFIG_VALUE, part, i, number,
					  values[i - 1].number + 1);
	}
	return true;
}

/* Which fields a kind of stream has; others are 0. */
static const struct {
	bool reads, writes, memory, reduces, gathers;
	bool stays; /* stride[0] is 0 */
} kinds[ROAD_RPU_STREAM_KINDS] = {
	[ROAD_RPU_STREAM_LINEAR] = {.reads = true, .writes = true, .memory = true},
	[ROAD_RPU_STREAM_GATHER] = {.reads = true, .writes = true, .memory = true, .gathers = true},
	[ROAD_RPU_STREAM_BROADCAST] = {.reads = true, .memory = true, .stays = true},
	[ROAD_RPU_STREAM_REDUCE] = {.writes = true, .memory = true, .reduces = true, .stays = true},
	[ROAD_RPU_STREAM_COUNTER] = {.reads = true},
};

static bool zero(const void *bytes, size_t size)
{
	const uint8_t *at = bytes;

	for (size_t i = 0; i < size; i++)
		if (at[i])
			return false;
	return true;
}

static bool check_stream(struct rpu_check *check, uint32_t s)
{
	const struct road_rpu_stream *stream = &check->config->streams[s];
	uint32_t kind = stream->kind;

	if (kind >= ROAD_RPU_STREAM_KINDS)
		return rpu_refuse(check, RPU_CONFIG_ENGINE, RPU_PART_STREAMS, s, kind,
				  ROAD_RPU_STREAM_KINDS - 1);
	if (kind == ROAD_RPU_STREAM_NONE)
		return zero(stream, sizeof(*stream)) ||
		       rpu_refuse(check, RPU_CONFIG_RESERVED, RPU_PART_STREAMS, s, kind, 0);
	if (stream->write > 1 || !(stream->write ? kinds[kind].writes : kinds[kind].reads))
		return rpu_refuse(check, RPU_CONFIG_ENGINE, RPU_PART_STREAMS, s, stream->write,
				  kinds[kind].writes);
	if (stream->type >= ROAD_RPU_TYPES ||
	    (!kinds[kind].memory && stream->type != ROAD_RPU_TYPE_32))
		return rpu_refuse(check, RPU_CONFIG_ENGINE, RPU_PART_STREAMS, s, stream->type,
				  ROAD_RPU_TYPES - 1);
	if (stream->reduce >= (kinds[kind].reduces ? ROAD_RPU_REDUCES : 1))
		return rpu_refuse(check, RPU_CONFIG_ENGINE, RPU_PART_STREAMS, s, stream->reduce,
				  kinds[kind].reduces ? ROAD_RPU_REDUCES - 1 : 0);
	if (stream->index_type >= ROAD_RPU_TYPES || stream->index_shift > 31)
		return rpu_refuse(check, RPU_CONFIG_ENGINE, RPU_PART_STREAMS, s,
				  stream->index_shift, 31);
	if (!zero(stream->reserved, sizeof(stream->reserved)) ||
	    (!kinds[kind].gathers &&
	     (stream->index_type || stream->index_shift || stream->index_base ||
	      !zero(stream->index_stride, sizeof(stream->index_stride)))))
		return rpu_refuse(check, RPU_CONFIG_RESERVED, RPU_PART_STREAMS, s,
				  stream->index_base, 0);
	if (kinds[kind].stays && stream->stride[0])
		return rpu_refuse(check, RPU_CONFIG_ENGINE, RPU_PART_STREAMS, s,
				  (uint32_t)stream->stride[0], 0);
	return true;
}

/* ---- relocations ---- */

const uint32_t *rpu_field(const struct rpu_config *config,
			  const struct road_rpu_relocation *relocation)
{
	const struct road_rpu_config *header = config->header;
	const struct road_rpu_stream *stream;
	uint32_t target = relocation->target, dimension = relocation->dimension;

	switch (relocation->field) {
	case ROAD_RPU_FIELD_ITERATIONS: return target ? NULL : &header->iterations;
	case ROAD_RPU_FIELD_PERIOD: return target ? NULL : &header->period;
	case ROAD_RPU_FIELD_CONSTANT:
		return target < header->constants ? &config->constants[target].value : NULL;
	case ROAD_RPU_FIELD_REGISTER:
		return target < header->registers ? &config->registers[target].value : NULL;
	default: break;
	}
	if (target >= header->streams || !config->streams[target].kind)
		return NULL;
	stream = &config->streams[target];
	switch (relocation->field) {
	case ROAD_RPU_FIELD_STREAM_BASE: return &stream->base;
	case ROAD_RPU_FIELD_STREAM_INDEX_BASE:
		return kinds[stream->kind].gathers ? &stream->index_base : NULL;
	case ROAD_RPU_FIELD_STREAM_COUNT: return &stream->count[dimension];
	case ROAD_RPU_FIELD_STREAM_STRIDE:
		return dimension || !kinds[stream->kind].stays
			       ? (const uint32_t *)&stream->stride[dimension]
			       : NULL;
	case ROAD_RPU_FIELD_STREAM_INDEX_STRIDE:
		return kinds[stream->kind].gathers
			       ? (const uint32_t *)&stream->index_stride[dimension]
			       : NULL;
	default: return NULL;
	}
}

static bool check_relocation(struct rpu_check *check, uint32_t i)
{
	const struct rpu_config *config = check->config;
	const struct road_rpu_relocation *at = &config->relocations[i];
	bool dimensions = at->field >= ROAD_RPU_FIELD_STREAM_COUNT;
	const uint32_t *field;

	if (at->reserved)
		return rpu_refuse(check, RPU_CONFIG_RESERVED, RPU_PART_RELOCATIONS, i, at->reserved,
				  0);
	if (at->dimension >= (dimensions ? ROAD_RPU_DIMENSIONS : 1))
		return rpu_refuse(check, RPU_CONFIG_RELOCATION, RPU_PART_RELOCATIONS, i,
				  at->dimension, dimensions ? ROAD_RPU_DIMENSIONS - 1 : 0);
	field = rpu_field(config, at);
	if (!field)
		return rpu_refuse(check, RPU_CONFIG_RELOCATION, RPU_PART_RELOCATIONS, i, at->target,
				  config->header->streams);
	if (*field)
		return rpu_refuse(check, RPU_CONFIG_RELOCATION, RPU_PART_RELOCATIONS, i, *field, 0);
	for (unsigned a = 0; a < 3; a++)
		if (at->argument[a] >= config->header->arguments &&
		    at->argument[a] < ROAD_RPU_ARGUMENT_TILES)
			return rpu_refuse(check, RPU_CONFIG_RELOCATION, RPU_PART_RELOCATIONS, i,
					  at->argument[a], config->header->arguments);
	for (uint32_t j = 0; j < i; j++)
		if (rpu_field(config, &config->relocations[j]) == field)
			return rpu_refuse(check, RPU_CONFIG_RELOCATION, RPU_PART_RELOCATIONS, i, j,
					  i);
	return true;
}

/* A count of 0 stands in the image only where a relocation fills it in. */
static bool check_stream_counts(struct rpu_check *check)
{
	const struct rpu_config *config = check->config;
	bool filled[ROAD_RPU_STREAMS][ROAD_RPU_DIMENSIONS] = {{false}};

	for (uint32_t i = 0; i < config->header->relocations; i++)
		if (config->relocations[i].field == ROAD_RPU_FIELD_STREAM_COUNT)
			filled[config->relocations[i].target][config->relocations[i].dimension] =
				true;
	for (uint32_t s = 0; s < config->header->streams; s++)
		for (unsigned d = 0; config->streams[s].kind && d < ROAD_RPU_DIMENSIONS; d++)
			if (!config->streams[s].count[d] && !filled[s][d])
				return rpu_refuse(check, RPU_CONFIG_ENGINE, RPU_PART_STREAMS, s, 0,
						  1);
	return true;
}

/* ---- arguments ---- */

static bool check_argument(struct rpu_check *check, uint32_t i, uint32_t *end)
{
	const struct rpu_config *config = check->config;
	const struct road_rpu_argument *at = &config->arguments[i];
	uint32_t bytes = at->bytes;

	if (bytes != 1 && bytes != 2 && bytes != 4 && bytes != 8)
		return rpu_refuse(check, RPU_CONFIG_ARGUMENT, RPU_PART_ARGUMENTS, i, bytes, 8);
	if (at->kind >= ROAD_RPU_ARGUMENT_KINDS || (at->kind && bytes < 4))
		return rpu_refuse(check, RPU_CONFIG_ARGUMENT, RPU_PART_ARGUMENTS, i, at->kind,
				  ROAD_RPU_ARGUMENT_KINDS - 1);
	if (at->offset % bytes || at->offset < *end ||
	    at->offset + bytes > config->header->argument_bytes)
		return rpu_refuse(check, RPU_CONFIG_ARGUMENT, RPU_PART_ARGUMENTS, i, at->offset,
				  config->header->argument_bytes);
	if (at->reserved)
		return rpu_refuse(check, RPU_CONFIG_RESERVED, RPU_PART_ARGUMENTS, i, at->reserved,
				  0);
	if (!rpu_name_valid(at->name, sizeof(at->name)))
		return rpu_refuse(check, RPU_CONFIG_NAME, RPU_PART_ARGUMENTS, i, at->name[0], 0);
	for (uint32_t j = 0; j < i; j++)
		if (!memcmp(at->name, config->arguments[j].name, sizeof(at->name)))
			return rpu_refuse(check, RPU_CONFIG_NAME, RPU_PART_ARGUMENTS, i, j, i);
	*end = at->offset + bytes;
	return true;
}

bool rpu_check_parts(struct rpu_check *check)
{
	const struct rpu_config *config = check->config;
	const struct road_rpu_config *header = config->header;
	uint32_t end = 0;

	if (!check_values(check, RPU_PART_CONSTANTS, config->constants, header->constants,
			  ROAD_RPU_CONSTANTS, ROAD_RPU_CONSTANTS) ||
	    !check_values(check, RPU_PART_REGISTERS, config->registers, header->registers,
			  ROAD_RPU_REGISTERS, config->registers_each))
		return false;
	for (uint32_t s = 0; s < header->streams; s++)
		if (!check_stream(check, s))
			return false;
	for (uint32_t i = 0; i < header->arguments; i++)
		if (!check_argument(check, i, &end))
			return false;
	for (uint32_t i = 0; i < header->relocations; i++)
		if (!check_relocation(check, i))
			return false;
	return check_stream_counts(check);
}
