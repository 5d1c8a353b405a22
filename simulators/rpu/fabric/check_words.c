/* SPDX-License-Identifier: Apache-2.0 */
/* Each word for itself: its fields, one after the other, and where its operands lie. */
#include <stdlib.h>

#include "simulators/rpu/fabric/internal.h"

#define FIELD(raw, shift, mask) ((uint32_t)((raw) >> (shift)) & (mask))
#define BODY_BITS               ROAD_RPU_WORD_CRC_SHIFT

/* One word on its way through the checks. */
struct decoding {
	struct rpu_check *check;
	const struct rpu_config *config;
	struct rpu_word *word;
	uint64_t raw;
	uint32_t index;
	uint32_t source[3];        /* operand fields */
	uint32_t pass[RPU_PASSES]; /* link fields by side, then the move */
	bool passes_a, passes_b;
};

static bool refuse(struct decoding *d, enum rpu_config_error error, uint64_t seen, uint64_t allowed)
{
	return rpu_refuse(d->check, error, RPU_PART_WORDS, d->index, seen, allowed);
}

static uint8_t crc8(uint64_t body, uint32_t index)
{
	uint8_t bytes[9] = {0};
	uint32_t crc = 0;

	for (unsigned i = 0; i < 7; i++)
		bytes[i] = (uint8_t)(body >> 8 * i);
	bytes[7] = (uint8_t)index;
	bytes[8] = (uint8_t)(index >> 8);
	for (unsigned i = 0; i < sizeof(bytes); i++) {
		crc ^= bytes[i];
		for (unsigned bit = 0; bit < 8; bit++)
			crc = crc & 0x80u ? crc << 1 ^ ROAD_RPU_CRC_POLYNOMIAL : crc << 1;
		crc &= 0xffu;
	}
	return (uint8_t)crc;
}

/* The neighbour on a side, or false at a mesh's edge. */
static bool neighbour(const struct rpu_config *config, uint32_t element, uint32_t side,
		      uint32_t *other)
{
	/* rows and columns further, counted so that nothing is negative */
	static const uint8_t down[ROAD_RPU_SIDES] = {0, 1, 2, 1},
			     right[ROAD_RPU_SIDES] = {1, 2, 1, 0};
	uint32_t row = element / config->columns + config->rows + down[side] - 1;
	uint32_t column = element % config->columns + config->columns + right[side] - 1;
	bool inside = row >= config->rows && row < 2 * config->rows && column >= config->columns &&
		      column < 2 * config->columns;

	*other = row % config->rows * config->columns + column % config->columns;
	return inside || config->params.fabric_id & ROAD_RPU_FABRIC_TORUS;
}

bool rpu_is_border(const struct rpu_config *config, uint32_t element)
{
	uint32_t row = element / config->columns, column = element % config->columns;

	return row == 0 || row == config->rows - 1 || column == 0 || column == config->columns - 1;
}

bool rpu_reaches_memory(const struct rpu_config *config, uint32_t element)
{
	uint32_t column = element % config->columns;

	return config->params.fabric_id & ROAD_RPU_FABRIC_MEMORY_ALL || column == 0 ||
	       column == config->columns - 1;
}

/* The place that comes in from a side: the neighbour's link register that points here. */
static bool incoming(struct decoding *d, uint32_t side, uint16_t *place)
{
	uint32_t other;

	if (!neighbour(d->config, d->word->element, side, &other))
		return false;
	*place = (uint16_t)rpu_place(other, ROAD_RPU_SOURCE_N + (side + 2) % ROAD_RPU_SIDES);
	return true;
}

static bool stream_operand(struct decoding *d, uint32_t stream, uint16_t *place)
{
	const struct rpu_config *config = d->config;

	if (!rpu_is_border(config, d->word->element))
		return refuse(d, RPU_CONFIG_BORDER, stream, 0);
	if (stream >= config->header->streams || !config->streams[stream].kind ||
	    config->streams[stream].write)
		return refuse(d, RPU_CONFIG_STREAM, stream, config->header->streams);
	d->word->pops |= (uint16_t)(1u << stream);
	*place = (uint16_t)rpu_token_place(config, stream);
	return true;
}

static bool operand(struct decoding *d, unsigned n)
{
	uint32_t source = d->source[n];
	uint16_t *place = &d->word->operand[n];

	if (source >= ROAD_RPU_SOURCE_STREAM0)
		return stream_operand(d, source - ROAD_RPU_SOURCE_STREAM0, place);
	*place = (uint16_t)rpu_place(d->word->element, source);
	if (source >= ROAD_RPU_SOURCE_N && source <= ROAD_RPU_SOURCE_W) {
		if (!incoming(d, source - ROAD_RPU_SOURCE_N, place))
			return refuse(d, RPU_CONFIG_SOURCE, source, 0);
	} else if (source >= ROAD_RPU_SOURCE_R0 && source < ROAD_RPU_SOURCE_K0) {
		if (source - ROAD_RPU_SOURCE_R0 >= d->config->registers_each)
			return refuse(d, RPU_CONFIG_SOURCE, source,
				      ROAD_RPU_SOURCE_R0 + d->config->registers_each - 1);
	} else if (source > ROAD_RPU_SOURCE_SELF && source < ROAD_RPU_SOURCE_R0) {
		return refuse(d, RPU_CONFIG_SOURCE, source, ROAD_RPU_SOURCES - 1);
	}
	return true;
}

static bool operands(struct decoding *d)
{
	unsigned takes = rpu_ops[d->word->op].operands;
	bool used[3] = {takes > 0 || d->passes_a, takes > 1 || d->passes_b, takes > 2};

	for (unsigned n = 0; n < 3; n++) {
		if (!used[n] && d->source[n])
			return refuse(d, RPU_CONFIG_RESERVED, d->source[n], 0);
		if (!operand(d, n))
			return false;
	}
	return true;
}

static bool destination(struct decoding *d)
{
	uint32_t to = FIELD(d->raw, ROAD_RPU_WORD_DEST_SHIFT, ROAD_RPU_WORD_SOURCE_MASK);
	uint32_t stream = to - ROAD_RPU_SOURCE_STREAM0;
	const struct rpu_config *config = d->config;

	d->word->push = -1;
	if (!to)
		return true;
	if (d->word->op == ROAD_RPU_OP_nop)
		return refuse(d, RPU_CONFIG_RESERVED, to, 0);
	if (to >= ROAD_RPU_SOURCE_R0 && to < ROAD_RPU_SOURCE_R0 + config->registers_each) {
		d->word->destination = (uint16_t)rpu_place(d->word->element, to);
		return true;
	}
	if (to < ROAD_RPU_SOURCE_STREAM0)
		return refuse(d, RPU_CONFIG_DESTINATION, to, ROAD_RPU_SOURCES - 1);
	if (!rpu_is_border(config, d->word->element))
		return refuse(d, RPU_CONFIG_BORDER, stream, 0);
	if (stream >= config->header->streams || !config->streams[stream].kind ||
	    !config->streams[stream].write)
		return refuse(d, RPU_CONFIG_STREAM, stream, config->header->streams);
	d->word->push = (int8_t)stream;
	return true;
}

static bool pass_from(struct decoding *d, uint32_t from, uint16_t *place)
{
	switch (from) {
	case ROAD_RPU_PASS_RESULT: *place = RPU_FROM_RESULT; return true;
	case ROAD_RPU_PASS_A: *place = RPU_FROM_A; return true;
	case ROAD_RPU_PASS_B: *place = RPU_FROM_B; return true;
	default:
		return incoming(d, from - ROAD_RPU_PASS_N, place) ||
		       refuse(d, RPU_CONFIG_LINK, from, 0);
	}
}

static bool passes(struct decoding *d)
{
	uint32_t reg = FIELD(d->raw, ROAD_RPU_WORD_MOVE_REG_SHIFT, ROAD_RPU_WORD_MOVE_REG_MASK);
	struct rpu_word *word = d->word;
	uint32_t other;

	if (d->pass[ROAD_RPU_SIDES] == ROAD_RPU_PASS_NONE && reg)
		return refuse(d, RPU_CONFIG_RESERVED, reg, 0);
	if (reg >= d->config->registers_each)
		return refuse(d, RPU_CONFIG_DESTINATION, reg, d->config->registers_each - 1);
	for (unsigned p = 0; p < RPU_PASSES; p++) {
		if (d->pass[p] == ROAD_RPU_PASS_NONE)
			continue;
		if (p < ROAD_RPU_SIDES && !neighbour(d->config, word->element, p, &other))
			return refuse(d, RPU_CONFIG_LINK, d->pass[p], ROAD_RPU_PASS_NONE);
		word->pass[word->passes].to = (uint16_t)rpu_place(
			word->element,
			p < ROAD_RPU_SIDES ? ROAD_RPU_SOURCE_N + p : ROAD_RPU_SOURCE_R0 + reg);
		if (!pass_from(d, d->pass[p], &word->pass[word->passes].from))
			return false;
		word->passes++;
	}
	return true;
}

static bool first(struct decoding *d)
{
	struct rpu_word *word = d->word;
	uint32_t last = FIELD(d->raw, ROAD_RPU_WORD_LAST_SHIFT, ROAD_RPU_WORD_LAST_MASK);
	unsigned takes = rpu_ops[word->op].operands;

	word->first = (uint8_t)FIELD(d->raw, ROAD_RPU_WORD_FIRST_SHIFT, ROAD_RPU_WORD_FIRST_MASK);
	word->kfirst =
		(uint8_t)FIELD(d->raw, ROAD_RPU_WORD_KFIRST_SHIFT, ROAD_RPU_WORD_KFIRST_MASK);
	if (!word->first)
		return (!word->kfirst && !last) ||
		       refuse(d, RPU_CONFIG_RESERVED, word->kfirst | last << 2, 0);
	if (takes == 0 || (last && takes == 1))
		return refuse(d, RPU_CONFIG_FIRST, takes, last ? 2 : 1);
	word->replaced = (uint8_t)(last ? takes - 1 : 0);
	if (d->source[word->replaced] >= ROAD_RPU_SOURCE_STREAM0)
		return refuse(d, RPU_CONFIG_FIRST, d->source[word->replaced],
			      ROAD_RPU_SOURCE_STREAM0 - 1);
	return true;
}

static bool access(struct decoding *d)
{
	static const uint8_t bytes[ROAD_RPU_OPS] = {
		[ROAD_RPU_OP_ld8] = 1,    [ROAD_RPU_OP_ldu8] = 1,   [ROAD_RPU_OP_ld16] = 2,
		[ROAD_RPU_OP_ldu16] = 2,  [ROAD_RPU_OP_ld32] = 4,   [ROAD_RPU_OP_st8] = 1,
		[ROAD_RPU_OP_st16] = 2,   [ROAD_RPU_OP_st32] = 4,   [ROAD_RPU_OP_stif8] = 1,
		[ROAD_RPU_OP_stif16] = 2, [ROAD_RPU_OP_stif32] = 4,
	};
	uint8_t op = d->word->op;

	d->word->memory = bytes[op];
	d->word->store = bytes[op] && op >= ROAD_RPU_OP_st8;
	if (bytes[op] && !rpu_reaches_memory(d->config, d->word->element))
		return refuse(d, RPU_CONFIG_BORDER, d->word->element, 0);
	return true;
}

static bool stage(struct decoding *d)
{
	struct rpu_word *word = d->word;

	word->stage = (uint8_t)FIELD(d->raw, ROAD_RPU_WORD_STAGE_SHIFT, ROAD_RPU_WORD_STAGE_MASK);
	if (word->op == ROAD_RPU_OP_nop && !word->pops && word->stage)
		return refuse(d, RPU_CONFIG_RESERVED, word->stage, 0);
	word->begin_at = word->step + (uint64_t)d->config->interval * word->stage;
	return true;
}

static bool decode(struct decoding *d)
{
	uint32_t op = FIELD(d->raw, ROAD_RPU_WORD_OP_SHIFT, ROAD_RPU_WORD_OP_MASK);

	if (op >= ROAD_RPU_OPS)
		return refuse(d, RPU_CONFIG_OP, op, ROAD_RPU_OPS - 1);
	d->word->op = (uint8_t)op;
	d->source[0] = FIELD(d->raw, ROAD_RPU_WORD_A_SHIFT, ROAD_RPU_WORD_SOURCE_MASK);
	d->source[1] = FIELD(d->raw, ROAD_RPU_WORD_B_SHIFT, ROAD_RPU_WORD_SOURCE_MASK);
	d->source[2] = FIELD(d->raw, ROAD_RPU_WORD_C_SHIFT, ROAD_RPU_WORD_SOURCE_MASK);
	for (unsigned p = 0; p < RPU_PASSES; p++) {
		unsigned shift = p < ROAD_RPU_SIDES
					 ? ROAD_RPU_WORD_LINK_SHIFT + ROAD_RPU_WORD_LINK_BITS * p
					 : ROAD_RPU_WORD_MOVE_SHIFT;

		d->pass[p] = FIELD(d->raw, shift, ROAD_RPU_WORD_PASS_MASK);
		d->passes_a |= d->pass[p] == ROAD_RPU_PASS_A;
		d->passes_b |= d->pass[p] == ROAD_RPU_PASS_B;
	}
	return operands(d) && destination(d) && passes(d) && first(d) && access(d) && stage(d);
}

bool rpu_check_words(struct rpu_check *check)
{
	struct rpu_config *config = check->config;
	uint32_t count = config->interval * config->elements;

	config->words = calloc(count, sizeof(*config->words));
	if (!config->words)
		return rpu_refuse(check, RPU_CONFIG_MEMORY, RPU_PART_WORDS, 0, count, 0);
	for (uint32_t index = 0; index < count; index++) {
		uint64_t raw = config->raw[index];
		uint64_t body = raw & ((UINT64_C(1) << BODY_BITS) - 1);
		struct rpu_word *word = &config->words[config->word_count];
		struct decoding d = {
			.check = check, .config = config, .word = word, .raw = raw, .index = index};

		if (raw >> BODY_BITS != crc8(body, index))
			return refuse(&d, RPU_CONFIG_CRC, raw >> BODY_BITS, crc8(body, index));
		if (!body)
			continue;
		word->step = (uint8_t)(index / config->elements);
		word->element = (uint16_t)(index % config->elements);
		if (!decode(&d))
			return false;
		config->word_count++;
	}
	return true;
}
