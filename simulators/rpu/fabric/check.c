/* SPDX-License-Identifier: Apache-2.0 */
/* The header of a configuration and how its parts lie; then what the other check_*.c look at. */
#include <stdlib.h>
#include <string.h>

#include "simulators/rpu/fabric/internal.h"

static const char *const error_texts[RPU_CONFIG_ERRORS] = {
	[RPU_CONFIG_OK] = "valid",
	[RPU_CONFIG_MEMORY] = "no memory left",
	[RPU_CONFIG_SIZE] = "parts do not add up to the size",
	[RPU_CONFIG_MAGIC] = "no configuration of this version",
	[RPU_CONFIG_FABRIC] = "made for another fabric",
	[RPU_CONFIG_INTERVAL] = "initiation interval out of range",
	[RPU_CONFIG_COUNT] = "more than there may be",
	[RPU_CONFIG_NAME] = "no name",
	[RPU_CONFIG_RESERVED] = "not used, must be 0",
	[RPU_CONFIG_TIMING] = "scheduled for another latency or interval",
	[RPU_CONFIG_LENGTH] = "length differs from what the words take",
	[RPU_CONFIG_CRC] = "CRC of the word is wrong",
	[RPU_CONFIG_OP] = "no such operation",
	[RPU_CONFIG_SOURCE] = "no such operand",
	[RPU_CONFIG_LINK] = "link leads nowhere, or comes from nowhere",
	[RPU_CONFIG_DESTINATION] = "no such destination",
	[RPU_CONFIG_BORDER] = "element reaches no stream, or not the scratchpad",
	[RPU_CONFIG_STREAM] = "no such stream, in the other direction, or not used",
	[RPU_CONFIG_FIRST] = "replaces an operand that cannot be",
	[RPU_CONFIG_COLLISION] = "two results, two writes, or a unit still busy",
	[RPU_CONFIG_STAGE] = "words that share a stream differ in stage",
	[RPU_CONFIG_VALUE] = "number out of range or order",
	[RPU_CONFIG_ENGINE] = "stream engine cannot do this",
	[RPU_CONFIG_RELOCATION] = "relocation of what is not there, twice, or of what is not 0",
	[RPU_CONFIG_ARGUMENT] = "argument misplaced",
	[RPU_CONFIG_TABLE] = "table too large, or behind a gap",
};

const char *rpu_config_error_text(enum rpu_config_error error)
{
	return error < RPU_CONFIG_ERRORS ? error_texts[error] : "?";
}

const char *rpu_config_part_name(enum rpu_config_part part)
{
	static const char *const names[RPU_PARTS] = {
		[RPU_PART_HEADER] = "header",       [RPU_PART_WORDS] = "words",
		[RPU_PART_CONSTANTS] = "constants", [RPU_PART_REGISTERS] = "registers",
		[RPU_PART_STREAMS] = "streams",     [RPU_PART_RELOCATIONS] = "relocations",
		[RPU_PART_ARGUMENTS] = "arguments", [RPU_PART_TABLES] = "tables",
	};

	return part < RPU_PARTS ? names[part] : "?";
}

bool rpu_refuse(struct rpu_check *check, enum rpu_config_error error, enum rpu_config_part part,
		uint32_t index, uint64_t seen, uint64_t allowed)
{
	uint64_t inside =
		part == RPU_PART_HEADER ? index : (uint64_t)index * check->item_bytes[part];

	*check->verdict = (struct rpu_config_verdict){
		.error = error,
		.part = part,
		.index = index,
		.offset = check->part_offset[part] + inside,
		.seen = seen,
		.allowed = allowed,
	};
	return false;
}

#define REFUSE_FIELD(check, error, field, allowed)                                         \
	rpu_refuse(check, error, RPU_PART_HEADER, offsetof(struct road_rpu_config, field), \
		   (check)->config->header->field, allowed)

bool rpu_name_valid(const uint8_t *name, size_t bytes)
{
	size_t length = 0;

	while (length < bytes && name[length]) {
		uint8_t c = name[length];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      c == '_'))
			return false;
		length++;
	}
	if (length == 0 || length == bytes)
		return false;
	for (size_t i = length; i < bytes; i++)
		if (name[i])
			return false;
	return true;
}

bool rpu_fabric_params_valid(const struct rpu_fabric_params *params)
{
	uint32_t id = params->fabric_id;

	if (!rpu_fabric_rows(id) || rpu_fabric_rows(id) > ROAD_RPU_ROWS_MAX ||
	    !rpu_fabric_columns(id) || rpu_fabric_columns(id) > ROAD_RPU_COLUMNS_MAX ||
	    !rpu_fabric_registers(id) || rpu_fabric_registers(id) > ROAD_RPU_REGISTERS ||
	    rpu_fabric_streams(id) > ROAD_RPU_STREAMS || id & 0xe00000u ||
	    id >> ROAD_RPU_FABRIC_VERSION_SHIFT != ROAD_RPU_FABRIC_VERSION)
		return false;
	for (unsigned class = ROAD_RPU_CLASS_ALU; class < ROAD_RPU_CLASSES; class ++)
		if (!params->latency[class] || params->latency[class] > ROAD_RPU_LATENCY_MAX ||
		    !params->interval[class] || (rpu_stepwise(params) && !params->cost[class]))
			return false;
	if (!params->banks || params->banks > RPU_BANKS_MAX ||
	    params->banks & (params->banks - 1) || params->bank_bytes < 4 ||
	    params->bank_bytes & (params->bank_bytes - 1))
		return false;
	return params->stream_latency >= 1 && params->stream_latency <= ROAD_RPU_FIFO &&
	       params->spm_bytes && params->spm_bytes < UINT32_C(0x80000000) &&
	       params->spm_bytes % 8 == 0;
}

static bool check_identity(struct rpu_check *check)
{
	const struct road_rpu_config *header = check->config->header;
	uint32_t id = check->config->params.fabric_id;

	if (header->magic != ROAD_RPU_CONFIG_MAGIC)
		return REFUSE_FIELD(check, RPU_CONFIG_MAGIC, magic, ROAD_RPU_CONFIG_MAGIC);
	if (header->version != ROAD_RPU_CONFIG_VERSION)
		return REFUSE_FIELD(check, RPU_CONFIG_MAGIC, version, ROAD_RPU_CONFIG_VERSION);
	if (header->fabric_id != id)
		return REFUSE_FIELD(check, RPU_CONFIG_FABRIC, fabric_id, id);
	if (header->interval < 1 || header->interval > ROAD_RPU_INTERVAL_MAX)
		return REFUSE_FIELD(check, RPU_CONFIG_INTERVAL, interval, ROAD_RPU_INTERVAL_MAX);
	if (!rpu_name_valid(header->name, sizeof(header->name)))
		return rpu_refuse(check, RPU_CONFIG_NAME, RPU_PART_HEADER,
				  offsetof(struct road_rpu_config, name), header->name[0], 0);
	for (unsigned r = 0; r < 2; r++)
		if (header->reserved[r])
			return rpu_refuse(
				check, RPU_CONFIG_RESERVED, RPU_PART_HEADER,
				(uint32_t)(offsetof(struct road_rpu_config, reserved) + 8 * r),
				header->reserved[r], 0);
	return true;
}

static bool check_counts(struct rpu_check *check)
{
	const struct road_rpu_config *header = check->config->header;
	uint32_t elements = check->config->elements;
	bool ended = false;

	if (header->constants > elements * ROAD_RPU_CONSTANTS)
		return REFUSE_FIELD(check, RPU_CONFIG_COUNT, constants,
				    elements * ROAD_RPU_CONSTANTS);
	if (header->registers > elements * ROAD_RPU_REGISTERS)
		return REFUSE_FIELD(check, RPU_CONFIG_COUNT, registers,
				    elements * ROAD_RPU_REGISTERS);
	if (header->streams > rpu_fabric_streams(header->fabric_id))
		return REFUSE_FIELD(check, RPU_CONFIG_COUNT, streams,
				    rpu_fabric_streams(header->fabric_id));
	if (header->relocations > ROAD_RPU_RELOCATIONS_MAX)
		return REFUSE_FIELD(check, RPU_CONFIG_COUNT, relocations, ROAD_RPU_RELOCATIONS_MAX);
	if (header->arguments > ROAD_RPU_ARGUMENTS_MAX)
		return REFUSE_FIELD(check, RPU_CONFIG_COUNT, arguments, ROAD_RPU_ARGUMENTS_MAX);
	if (header->argument_bytes > ROAD_RPU_ARGUMENT_BYTES_MAX || header->argument_bytes % 8)
		return REFUSE_FIELD(check, RPU_CONFIG_ARGUMENT, argument_bytes,
				    ROAD_RPU_ARGUMENT_BYTES_MAX);
	for (unsigned t = 0; t < ROAD_RPU_TABLES; t++) {
		if (header->table_entries[t] > ROAD_RPU_TABLE_ENTRIES_MAX ||
		    (ended && header->table_entries[t]))
			return rpu_refuse(
				check, RPU_CONFIG_TABLE, RPU_PART_HEADER,
				(uint32_t)(offsetof(struct road_rpu_config, table_entries) + 2 * t),
				header->table_entries[t], ended ? 0 : ROAD_RPU_TABLE_ENTRIES_MAX);
		ended = !header->table_entries[t];
	}
	return true;
}

/* Where the parts lie; they end exactly where the configuration does. */
static bool lay_out(struct rpu_check *check)
{
	struct rpu_config *config = check->config;
	const struct road_rpu_config *header = config->header;
	uint64_t counts[RPU_PARTS] = {
		1,
		(uint64_t)header->interval * config->elements,
		header->constants,
		header->registers,
		header->streams,
		header->relocations,
		header->arguments,
	};
	uint64_t at = 0;

	for (unsigned t = 0; t < ROAD_RPU_TABLES; t++) {
		config->table_first[t] = (uint32_t)counts[RPU_PART_TABLES];
		counts[RPU_PART_TABLES] += header->table_entries[t];
	}
	for (unsigned part = 0; part < RPU_PARTS; part++) {
		check->part_offset[part] = at;
		at += counts[part] * check->item_bytes[part];
	}
	if ((at + 7) / 8 * 8 != header->total_bytes)
		return REFUSE_FIELD(check, RPU_CONFIG_SIZE, total_bytes, (at + 7) / 8 * 8);
	for (; at < header->total_bytes; at++)
		if (config->bytes[at])
			return rpu_refuse(check, RPU_CONFIG_RESERVED, RPU_PART_TABLES,
					  (uint32_t)counts[RPU_PART_TABLES], config->bytes[at], 0);
	config->raw = (const void *)(config->bytes + check->part_offset[RPU_PART_WORDS]);
	config->constants = (const void *)(config->bytes + check->part_offset[RPU_PART_CONSTANTS]);
	config->registers = (const void *)(config->bytes + check->part_offset[RPU_PART_REGISTERS]);
	config->streams = (const void *)(config->bytes + check->part_offset[RPU_PART_STREAMS]);
	config->relocations =
		(const void *)(config->bytes + check->part_offset[RPU_PART_RELOCATIONS]);
	config->arguments = (const void *)(config->bytes + check->part_offset[RPU_PART_ARGUMENTS]);
	config->entries = (const void *)(config->bytes + check->part_offset[RPU_PART_TABLES]);
	return true;
}

static bool take_copy(struct rpu_check *check, const void *bytes, size_t size)
{
	struct rpu_config *config = check->config;
	uint32_t id = config->params.fabric_id;

	if (size < sizeof(struct road_rpu_config) || size > ROAD_RPU_CONFIG_BYTES_MAX)
		return rpu_refuse(check, RPU_CONFIG_SIZE, RPU_PART_HEADER, 0, size,
				  ROAD_RPU_CONFIG_BYTES_MAX);
	config->bytes = malloc(size);
	if (!config->bytes)
		return rpu_refuse(check, RPU_CONFIG_MEMORY, RPU_PART_HEADER, 0, size, 0);
	memcpy(config->bytes, bytes, size);
	config->header = (const void *)config->bytes;
	if (config->header->total_bytes != size)
		return REFUSE_FIELD(check, RPU_CONFIG_SIZE, total_bytes, size);
	config->rows = rpu_fabric_rows(id);
	config->columns = rpu_fabric_columns(id);
	config->elements = config->rows * config->columns;
	config->registers_each = rpu_fabric_registers(id);
	return true;
}

static bool check_all(struct rpu_check *check, const void *bytes, size_t size)
{
	if (!take_copy(check, bytes, size) || !check_identity(check) || !check_counts(check))
		return false;
	check->config->interval = check->config->header->interval;
	return lay_out(check) && rpu_check_parts(check) && rpu_check_words(check) &&
	       rpu_check_schedule(check);
}

struct rpu_config *rpu_config_check(const struct rpu_fabric_params *params, const void *bytes,
				    size_t size, struct rpu_config_verdict *verdict)
{
	struct rpu_config *config = calloc(1, sizeof(*config));
	struct rpu_check check = {
		.config = config,
		.verdict = verdict,
		.item_bytes = {sizeof(struct road_rpu_config), sizeof(uint64_t),
			       sizeof(struct road_rpu_value), sizeof(struct road_rpu_value),
			       sizeof(struct road_rpu_stream), sizeof(struct road_rpu_relocation),
			       sizeof(struct road_rpu_argument), sizeof(uint32_t)},
	};

	*verdict = (struct rpu_config_verdict){RPU_CONFIG_OK};
	if (!config) {
		rpu_refuse(&check, RPU_CONFIG_MEMORY, RPU_PART_HEADER, 0, sizeof(*config), 0);
		return NULL;
	}
	config->params = *params;
	if (check_all(&check, bytes, size))
		return config;
	rpu_config_free(config);
	return NULL;
}

void rpu_config_free(struct rpu_config *config)
{
	if (!config)
		return;
	free(config->pushes);
	free(config->pops);
	free(config->accesses);
	free(config->done);
	free(config->words);
	free(config->bytes);
	free(config);
}

const struct road_rpu_config *rpu_config_header(const struct rpu_config *config)
{
	return config->header;
}

const struct road_rpu_argument *rpu_config_arguments(const struct rpu_config *config)
{
	return config->arguments;
}

const void *rpu_config_bytes(const struct rpu_config *config)
{
	return config->bytes;
}

uint32_t rpu_config_ops(const struct rpu_config *config)
{
	return config->ops;
}
