/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/sim_rpu_fabric/random.h"

#include <stddef.h>
#include <string.h>

#define READ_BYTES   16384u /* from 0 on: only read */
#define OWN_BYTES    2048u  /* of each write stream, behind */
#define STORE_BASE   49152u /* 16 bytes of each element, for its stores */
#define LOAD_K       2u     /* constants that hold addresses */
#define STORE_K      3u
#define READ_STREAMS 5u /* numbers from 0 on; the others write */
#define STREAMS      9u

struct making {
	struct rig *rig;
	uint64_t *state;
	uint32_t rows, columns, elements, interval, features;
	bool done[ROAD_RPU_INTERVAL_MAX][256];
	uint8_t registers[ROAD_RPU_INTERVAL_MAX][256];
	uint8_t class[ROAD_RPU_INTERVAL_MAX][256];
	int stage[ROAD_RPU_INTERVAL_MAX][STREAMS]; /* of reads; -1: none yet */
	bool affine;                               /* no gathers, no accesses of elements */
	bool pushed[ROAD_RPU_INTERVAL_MAX][STREAMS];
	uint32_t uses[STREAMS];
};

static uint32_t below(struct making *m, uint32_t bound)
{
	return rig_below(m->state, bound);
}

static bool chance(struct making *m, uint32_t of_100)
{
	return below(m, 100) < of_100;
}

static bool stepwise(const struct making *m)
{
	return m->features & ROAD_RPU_FABRIC_STEPWISE;
}

static bool leads(const struct making *m, uint32_t element, uint32_t side)
{
	uint32_t row = element / m->columns, column = element % m->columns;

	if (m->features & ROAD_RPU_FABRIC_TORUS)
		return true;
	switch (side) {
	case ROAD_RPU_SIDE_N: return row > 0;
	case ROAD_RPU_SIDE_S: return row + 1 < m->rows;
	case ROAD_RPU_SIDE_E: return column + 1 < m->columns;
	default: return column > 0;
	}
}

static bool at_border(const struct making *m, uint32_t element)
{
	uint32_t row = element / m->columns, column = element % m->columns;

	return !row || !column || row + 1 == m->rows || column + 1 == m->columns;
}

static bool reaches(const struct making *m, uint32_t element)
{
	uint32_t column = element % m->columns;

	return m->features & ROAD_RPU_FABRIC_MEMORY_ALL || !column || column + 1 == m->columns;
}

static uint32_t latency(const struct making *m, uint32_t class)
{
	return stepwise(m) || !class ? 1 : m->rig->params.latency[class];
}

/* An operand that exists. A stream is counted where it is first named in a step. */
static uint32_t source(struct making *m, uint32_t step, uint32_t element, uint32_t stage)
{
	for (;;) {
		uint32_t s = below(m, ROAD_RPU_SOURCES), stream = s - STREAM(0);

		if (s == 6 || s == 7 || (s >= N_IN && s <= W_IN && !leads(m, element, s - N_IN)))
			continue;
		if (s < STREAM(0))
			return s;
		if (stream >= READ_STREAMS || !at_border(m, element) ||
		    (m->stage[step][stream] >= 0 && m->stage[step][stream] != (int)stage))
			continue;
		m->uses[stream] += m->stage[step][stream] < 0;
		m->stage[step][stream] = (int)stage;
		return s;
	}
}

static void choose_passes(struct making *m, struct rig_word *word, uint32_t step, uint32_t element)
{
	uint32_t reg = below(m, ROAD_RPU_REGISTERS);

	for (unsigned side = 0; side < ROAD_RPU_SIDES; side++) {
		uint32_t pass = below(m, ROAD_RPU_PASSES);

		if (!leads(m, element, side) || chance(m, 40) ||
		    (pass >= ROAD_RPU_PASS_N && pass <= ROAD_RPU_PASS_W &&
		     !leads(m, element, pass - ROAD_RPU_PASS_N)))
			continue;
		word->link[side] = pass;
	}
	word->move = chance(m, 30) ? below(m, ROAD_RPU_PASSES) : 0;
	if (m->registers[step][element] >> reg & 1 ||
	    (word->move >= ROAD_RPU_PASS_N && word->move <= ROAD_RPU_PASS_W &&
	     !leads(m, element, word->move - ROAD_RPU_PASS_N)))
		word->move = 0;
	if (word->move) {
		word->move_reg = reg;
		m->registers[step][element] |= (uint8_t)(1u << reg);
	}
}

static bool unit_free(const struct making *m, uint32_t step, uint32_t element, uint32_t class)
{
	uint32_t interval = stepwise(m) ? 1 : m->rig->params.interval[class];

	if (interval > m->interval)
		return false;
	for (uint32_t k = 1; k < interval; k++)
		if (m->class[(step + k) % m->interval][element] == class ||
		    m->class[(step + m->interval * interval - k) % m->interval][element] == class)
			return false;
	return true;
}

static uint32_t choose_op(struct making *m, uint32_t step, uint32_t element)
{
	uint32_t op = 1 + below(m, ROAD_RPU_OPS - 1), class = rpu_ops[op].class;
	uint32_t done = (step + latency(m, class) - 1) % m->interval;

	if (m->done[done][element] || !unit_free(m, step, element, class) ||
	    (class == ROAD_RPU_CLASS_MEM && (m->affine || !reaches(m, element) || chance(m, 50))))
		return OP(nop);
	m->done[done][element] = true;
	m->class[step][element] = (uint8_t) class;
	return op;
}

static void choose_destination(struct making *m, struct rig_word *word, uint32_t step,
			       uint32_t element)
{
	uint32_t done = (step + latency(m, rpu_ops[word->op].class) - 1) % m->interval;
	uint32_t reg = below(m, ROAD_RPU_REGISTERS);
	uint32_t stream = READ_STREAMS + below(m, STREAMS - READ_STREAMS);

	if (at_border(m, element) && chance(m, 30) && !m->pushed[done][stream]) {
		m->pushed[done][stream] = true;
		m->uses[stream]++;
		word->dest = STREAM(stream);
	} else if (chance(m, 40) && !(m->registers[done][element] >> reg & 1)) {
		m->registers[done][element] |= (uint8_t)(1u << reg);
		word->dest = R(reg);
	}
}

/* Addresses are constants, but for a few that may lead anywhere. */
static void choose_address(struct making *m, struct rig_word *word)
{
	if (rpu_ops[word->op].class != ROAD_RPU_CLASS_MEM || chance(m, 1))
		return;
	word->a = K(word->op >= OP(st8) ? STORE_K : LOAD_K);
	if (word->op < OP(st8))
		word->b = 0;
}

static void choose_word(struct making *m, uint32_t step, uint32_t element)
{
	struct rig_word *word = rig_at(m->rig, step, element);
	bool a = false, b = false;
	uint32_t takes, stage = below(m, 4);
	bool memory;

	word->op = choose_op(m, step, element);
	takes = rpu_ops[word->op].operands;
	memory = rpu_ops[word->op].class == ROAD_RPU_CLASS_MEM;
	choose_passes(m, word, step, element);
	for (unsigned p = 0; p < ROAD_RPU_SIDES; p++) {
		a |= word->link[p] == ROAD_RPU_PASS_A;
		b |= word->link[p] == ROAD_RPU_PASS_B;
	}
	a |= word->move == ROAD_RPU_PASS_A || takes > 0;
	b |= word->move == ROAD_RPU_PASS_B || takes > 1;
	choose_address(m, word);
	if (a && !word->a)
		word->a = source(m, step, element, stage);
	if (b && !(memory && word->op < OP(st8)))
		word->b = source(m, step, element, stage);
	if (takes > 2)
		word->c = source(m, step, element, stage);
	if (word->op || word->a >= STREAM(0) || word->b >= STREAM(0))
		word->stage = stage;
	if (!word->op)
		return;
	choose_destination(m, word, step, element);
	if (takes && !memory && chance(m, 30)) {
		bool last = takes > 1 && chance(m, 50);
		uint32_t replaced = !last ? word->a : takes > 2 ? word->c : word->b;

		if (replaced >= STREAM(0))
			return;
		word->first = 1 + below(m, 3);
		word->kfirst = below(m, 4);
		word->last = last;
	}
}

/* Splits tokens into a loop nest. */
static void choose_counts(struct making *m, struct road_rpu_stream *stream, uint32_t tokens)
{
	for (unsigned d = 0; d < ROAD_RPU_DIMENSIONS; d++) {
		uint32_t count = d == ROAD_RPU_DIMENSIONS - 1 ? tokens : 1 + below(m, 9);

		if (tokens % count)
			count = 1;
		stream->count[d] = count;
		tokens /= count;
	}
}

/* Strides of whole elements that keep all addresses within `reach` bytes of the base. */
static void choose_strides(struct making *m, const struct road_rpu_stream *stream, int32_t *stride,
			   uint32_t bytes, uint32_t reach)
{
	for (unsigned d = 0; d < ROAD_RPU_DIMENSIONS; d++) {
		uint32_t most = reach / ROAD_RPU_DIMENSIONS / bytes / stream->count[d];

		stride[d] = (int32_t)(bytes * (most ? below(m, most < 9 ? most + 1 : 9) : 0));
		if (chance(m, 30))
			stride[d] = -stride[d];
	}
}

static uint32_t type_bytes(uint32_t type)
{
	return type == ROAD_RPU_TYPE_32 ? 4 : type >= ROAD_RPU_TYPE_S16 ? 2 : 1;
}

static void choose_stream(struct making *m, uint32_t s)
{
	static const uint8_t kinds[2][4] = {{ROAD_RPU_STREAM_LINEAR, ROAD_RPU_STREAM_GATHER,
					     ROAD_RPU_STREAM_BROADCAST, ROAD_RPU_STREAM_COUNTER},
					    {ROAD_RPU_STREAM_LINEAR, ROAD_RPU_STREAM_GATHER,
					     ROAD_RPU_STREAM_REDUCE, ROAD_RPU_STREAM_LINEAR}};
	struct road_rpu_stream *stream = &m->rig->streams[s];
	bool write = s >= READ_STREAMS;
	uint32_t bytes, low = write ? READ_BYTES + (s - READ_STREAMS) * OWN_BYTES : 0;
	uint32_t size = write ? OWN_BYTES : READ_BYTES;

	if (!m->uses[s])
		return;
	stream->kind = kinds[write][below(m, 4)];
	if (m->affine && stream->kind == ROAD_RPU_STREAM_GATHER)
		stream->kind = ROAD_RPU_STREAM_LINEAR;
	stream->write = write;
	stream->type = stream->kind == ROAD_RPU_STREAM_COUNTER ? ROAD_RPU_TYPE_32
							       : (uint8_t)below(m, ROAD_RPU_TYPES);
	bytes = type_bytes(stream->type);
	choose_counts(m, stream, m->uses[s] * m->rig->header.iterations);
	if (m->rig->far && stream->kind != ROAD_RPU_STREAM_COUNTER && chance(m, 40))
		low += RIG_SPM;
	stream->base = low + size / 2;
	choose_strides(m, stream, stream->stride, bytes, size / 2);
	if (stream->kind == ROAD_RPU_STREAM_BROADCAST || stream->kind == ROAD_RPU_STREAM_REDUCE)
		stream->stride[0] = 0;
	if (stream->kind == ROAD_RPU_STREAM_REDUCE)
		stream->reduce = (uint8_t)below(m, ROAD_RPU_REDUCES);
	if (stream->kind != ROAD_RPU_STREAM_GATHER)
		return;
	stream->base = low;
	memset(stream->stride, 0, sizeof(stream->stride));
	stream->index_type = ROAD_RPU_TYPE_U8;
	stream->index_shift = 2;
	stream->index_base = READ_BYTES / 2;
	choose_strides(m, stream, stream->index_stride, 1, READ_BYTES / 2);
}

static void choose_values(struct making *m)
{
	struct rig *rig = m->rig;

	for (uint32_t e = 0; e < m->elements; e++) {
		rig_constant(rig, e, 0, (uint32_t)rig_random(m->state));
		rig_constant(rig, e, 1, road_num_bits32((float)below(m, 100) - 50.0f));
		rig_constant(rig, e, LOAD_K, 4 * below(m, READ_BYTES / 4));
		rig_constant(rig, e, STORE_K, STORE_BASE + 16 * e);
		if (chance(m, 30))
			rig_register(rig, e, below(m, ROAD_RPU_REGISTERS), below(m, 1000));
	}
	rig->header.table_entries[0] = (uint16_t)below(m, 20);
	if (rig->header.table_entries[0])
		rig->header.table_entries[1] = (uint16_t)below(m, 20);
	for (uint32_t i = 0; i < 40; i++)
		rig->entries[i] = (uint32_t)rig_random(m->state);
	for (uint32_t i = 0; i < RIG_SPM; i += 4)
		rig_store(rig, i, i < READ_BYTES ? (uint32_t)rig_random(m->state) : 0);
}

static void choose_shape(struct making *m)
{
	m->rows = 1 + below(m, 5);
	m->columns = 1 + below(m, 5);
	m->elements = m->rows * m->columns;
	m->interval = chance(m, 40) ? 1 : 1 + below(m, chance(m, 20) ? 16 : 5);
	m->features = chance(m, 50) ? ROAD_RPU_FABRIC_TORUS : 0;
	m->features |= chance(m, 30) ? ROAD_RPU_FABRIC_MEMORY_ALL : 0;
	m->features |= chance(m, 15) ? ROAD_RPU_FABRIC_STEPWISE : 0;
}

void random_config(struct rig *rig, uint64_t *state)
{
	static struct making making;
	struct making *m = &making;
	uint32_t density;

	memset(m, 0, sizeof(*m));
	memset(m->stage, -1, sizeof(m->stage));
	m->rig = rig;
	m->state = state;
	m->affine = chance(m, 50);
	choose_shape(m);
	rig_init(rig, m->rows, m->columns, m->features, m->interval);
	rig->far = chance(m, 25);
	rig->params.cost[ROAD_RPU_CLASS_MUL] = 3;
	rig->params.cost[ROAD_RPU_CLASS_MEM] = 2;
	rig->params.cost_column = 1;
	rig->params.begin_fixed = 14;
	rig->params.begin_step = 3;
	rig->params.stream_latency = 1 + below(m, 4);
	rig->header.iterations =
		chance(m, 60) ? 100 + below(m, chance(m, 30) ? 900 : 200) : 1 + below(m, 60);
	rig->header.period = chance(m, 50) ? below(m, 10) : 0;
	density = 10 + below(m, 91);
	for (uint32_t step = 0; step < m->interval; step++)
		for (uint32_t e = 0; e < m->elements; e++)
			if (chance(m, density))
				choose_word(m, step, e);
	rig->header.streams = STREAMS;
	for (uint32_t s = 0; s < STREAMS; s++)
		choose_stream(m, s);
	choose_values(m);
}

void random_mutant(struct rig *rig, size_t bytes, uint64_t *state)
{
	static const struct {
		uint8_t shift, bits;
	} fields[] = {{0, 7},  {7, 5},  {12, 5}, {17, 5}, {22, 5}, {27, 3}, {30, 3}, {33, 3},
		      {36, 3}, {39, 3}, {42, 3}, {45, 6}, {51, 2}, {53, 2}, {55, 1}};
	uint32_t words = rig->header.interval * rig_elements(rig), index = rig_below(state, words);
	uint8_t *at = rig->image + sizeof(rig->header) + 8 * (size_t)index;
	uint32_t f = rig_below(state, sizeof(fields) / sizeof(fields[0]));
	uint64_t raw, change;

	if (rig_below(state, 4) == 0) { /* any byte but the words' */
		uint32_t byte = rig_below(state, (uint32_t)(bytes - 8 * (size_t)words));

		byte += byte < sizeof(rig->header) ? 0 : 8 * words;
		rig->image[byte] ^= (uint8_t)(1u << rig_below(state, 8));
		return;
	}
	memcpy(&raw, at, sizeof(raw));
	do {
		change = rig_random(state) & ((UINT64_C(1) << fields[f].bits) - 1);
	} while (!change);
	raw ^= change << fields[f].shift;
	rig_seal(&raw, index);
	memcpy(at, &raw, sizeof(raw));
}
