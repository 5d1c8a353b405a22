/* SPDX-License-Identifier: Apache-2.0 */
/* What the search found, as configuration words (uapi/rpu/fabric.h). */
#include "tools/map/words.h"

#include <string.h>

struct writer {
	const struct map_search *search;
	struct map_mapping *mapping;
	int begin; /* time of the first cycle */
	bool contradiction;
};

/* The word of an element at a time, whatever its iteration. */
static uint64_t *word_at(struct writer *writer, unsigned element, int time)
{
	/* A link may take a value in the cycle before the first operation: from its last step. */
	unsigned interval = writer->mapping->interval;
	unsigned step = (unsigned)(time - writer->begin + (int)interval) % interval;

	return &writer->mapping->words[step * writer->mapping->elements + element];
}

static void put(struct writer *writer, uint64_t *word, unsigned shift, unsigned mask,
		unsigned value)
{
	unsigned before = map_word_field(*word, shift, mask);

	if (before && before != value)
		writer->contradiction = true;
	*word |= (uint64_t)(value & mask) << shift;
}

static const unsigned source_shifts[MAP_OPERANDS] = {ROAD_RPU_WORD_A_SHIFT, ROAD_RPU_WORD_B_SHIFT,
						     ROAD_RPU_WORD_C_SHIFT};

static void put_source(struct writer *writer, uint64_t *word, unsigned port, unsigned source)
{
	put(writer, word, source_shifts[port], ROAD_RPU_WORD_SOURCE_MASK, source);
}

/* Where an element finds the value of the cell: its own, or a neighbour's link to it. */
static unsigned side_of(const struct writer *writer, unsigned element, const struct map_hop *hop)
{
	for (unsigned side = 0; side < ROAD_RPU_SIDES; side++) {
		int neighbour = map_fabric_neighbour(writer->search->fabric, element, side);

		if (neighbour >= 0 &&
		    hop->node == map_node((unsigned)neighbour, MAP_CELL_LINK + (side + 2) % 4))
			return side;
	}
	return ROAD_RPU_SIDES;
}

static unsigned source_of(const struct writer *writer, unsigned element, const struct map_hop *hop)
{
	unsigned cell = hop->node % MAP_CELLS;

	if (hop->node / MAP_CELLS == element && cell == MAP_CELL_SELF)
		return ROAD_RPU_SOURCE_SELF;
	if (hop->node / MAP_CELLS == element && cell >= MAP_CELL_REG && cell < MAP_CELL_PORT)
		return ROAD_RPU_SOURCE_R0 + cell - MAP_CELL_REG;
	return ROAD_RPU_SOURCE_N + side_of(writer, element, hop);
}

static unsigned pass_of(const struct writer *writer, unsigned element, const struct map_hop *hop)
{
	unsigned cell = hop->node % MAP_CELLS;

	if (hop->node / MAP_CELLS == element && cell == MAP_CELL_SELF)
		return ROAD_RPU_PASS_RESULT;
	if (hop->node / MAP_CELLS == element && cell >= MAP_CELL_PORT)
		return ROAD_RPU_PASS_A + cell - MAP_CELL_PORT;
	return ROAD_RPU_PASS_N + side_of(writer, element, hop);
}

static void write_hop(struct writer *writer, const struct map_edge *edge, unsigned index)
{
	const struct map_hop *hop = &edge->hops[index], *before = hop - 1;
	unsigned element = hop->node / MAP_CELLS, cell = hop->node % MAP_CELLS;
	const struct map_placed *from = &writer->search->places[edge->from];
	uint64_t *word;

	if (hop->node == before->node)
		return;
	if (cell >= MAP_CELL_PORT) {
		put_source(writer, word_at(writer, element, hop->time), cell - MAP_CELL_PORT,
			   source_of(writer, element, before));
	} else if (hop->by_dest) {
		put(writer, word_at(writer, element, from->time), ROAD_RPU_WORD_DEST_SHIFT,
		    ROAD_RPU_WORD_SOURCE_MASK, ROAD_RPU_SOURCE_R0 + cell - MAP_CELL_REG);
	} else if (cell >= MAP_CELL_REG) {
		word = word_at(writer, element, hop->time - 1);
		put(writer, word, ROAD_RPU_WORD_MOVE_SHIFT, ROAD_RPU_WORD_PASS_MASK,
		    pass_of(writer, element, before));
		put(writer, word, ROAD_RPU_WORD_MOVE_REG_SHIFT, ROAD_RPU_WORD_MOVE_REG_MASK,
		    cell - MAP_CELL_REG);
	} else {
		put(writer, word_at(writer, element, hop->time - 1),
		    ROAD_RPU_WORD_LINK_SHIFT + ROAD_RPU_WORD_LINK_BITS * (cell - MAP_CELL_LINK),
		    ROAD_RPU_WORD_PASS_MASK, pass_of(writer, element, before));
	}
}

/* `copies` constants in a row that all have the value; answers the first. */
static unsigned constant(struct writer *writer, unsigned element, const struct map_constant *wanted,
			 unsigned copies)
{
	struct map_constant *all = writer->mapping->constants[element];

	for (unsigned first = 0; first + copies <= ROAD_RPU_CONSTANTS; first++) {
		unsigned fits = 0;

		while (fits < copies && (all[first + fits].kind == MAP_FREE ||
					 !memcmp(&all[first + fits], wanted, sizeof(*wanted))))
			fits++;
		if (fits < copies)
			continue;
		for (unsigned i = 0; i < copies; i++)
			all[first + i] = *wanted;
		return first;
	}
	writer->contradiction = true;
	return 0;
}

static void write_first(struct writer *writer, unsigned node, uint64_t *word, unsigned index)
{
	const struct map_node *what = &writer->search->graph->nodes[node];
	const struct map_operand *operand = &what->operands[index];
	const struct map_constant wanted = {MAP_BITS, operand->bits, 0};
	unsigned first =
		constant(writer, writer->search->places[node].element, &wanted, operand->distance);

	put(writer, word, ROAD_RPU_WORD_FIRST_SHIFT, ROAD_RPU_WORD_FIRST_MASK, operand->distance);
	put(writer, word, ROAD_RPU_WORD_KFIRST_SHIFT, ROAD_RPU_WORD_KFIRST_MASK, first);
	put(writer, word, ROAD_RPU_WORD_LAST_SHIFT, ROAD_RPU_WORD_LAST_MASK, index > 0);
}

static void write_constant(struct writer *writer, unsigned node, uint64_t *word, unsigned index)
{
	const struct map_operand *operand = &writer->search->graph->nodes[node].operands[index];
	struct map_constant wanted = {MAP_BITS, operand->bits, 0};

	if (operand->kind == MAP_ARGUMENT)
		wanted = (struct map_constant){MAP_RELOCATED, 0, operand->index};
	else if (!operand->bits)
		return;
	put_source(writer, word, index,
		   ROAD_RPU_SOURCE_K0 +
			   constant(writer, writer->search->places[node].element, &wanted, 1));
}

static void write_node(struct writer *writer, unsigned node)
{
	const struct map_node *what = &writer->search->graph->nodes[node];
	const struct map_placed *place = &writer->search->places[node];
	unsigned time = (unsigned)(place->time - writer->begin);
	uint64_t *word = word_at(writer, place->element, place->time);

	put(writer, word, ROAD_RPU_WORD_OP_SHIFT, ROAD_RPU_WORD_OP_MASK, what->op);
	if (time / writer->mapping->interval >= ROAD_RPU_STAGES_MAX)
		writer->contradiction = true;
	put(writer, word, ROAD_RPU_WORD_STAGE_SHIFT, ROAD_RPU_WORD_STAGE_MASK,
	    time / writer->mapping->interval);
	if (what->pushes)
		put(writer, word, ROAD_RPU_WORD_DEST_SHIFT, ROAD_RPU_WORD_SOURCE_MASK,
		    ROAD_RPU_SOURCE_STREAM0 + what->stream);
	for (unsigned i = 0; i < map_ops[what->op].operands; i++)
		if (what->operands[i].kind == MAP_STREAM)
			put_source(writer, word, i,
				   ROAD_RPU_SOURCE_STREAM0 + what->operands[i].index);
		else if (what->operands[i].kind != MAP_VALUE)
			write_constant(writer, node, word, i);
	writer->mapping->places[node].element = place->element;
	writer->mapping->places[node].time = time;
	time += map_latency(writer->search->fabric, what->op);
	if (time > writer->mapping->length)
		writer->mapping->length = time;
}

/* Constants in a row first, the longest rows before others: then there is always room. */
static void write_firsts(struct writer *writer)
{
	const struct map_graph *graph = writer->search->graph;

	for (unsigned distance = MAP_DISTANCE_MAX; distance; distance--)
		for (unsigned n = 0; n < graph->node_count; n++)
			for (unsigned i = 0; i < MAP_OPERANDS; i++) {
				const struct map_placed *place = &writer->search->places[n];

				if (graph->nodes[n].operands[i].distance == distance)
					write_first(writer, n,
						    word_at(writer, place->element, place->time),
						    i);
			}
}

uint64_t map_word_seal(uint64_t word, unsigned index)
{
	const uint8_t last[2] = {(uint8_t)index, (uint8_t)(index >> 8)};
	uint8_t crc = 0;

	for (unsigned i = 0; i < 9; i++) {
		crc ^= i < 7 ? (uint8_t)(word >> 8 * i) : last[i - 7];
		for (unsigned bit = 0; bit < 8; bit++)
			crc = (uint8_t)((unsigned)crc << 1 ^
					(crc & 0x80 ? ROAD_RPU_CRC_POLYNOMIAL : 0));
	}
	word &= ~((uint64_t)ROAD_RPU_WORD_CRC_MASK << ROAD_RPU_WORD_CRC_SHIFT);
	return word | (uint64_t)crc << ROAD_RPU_WORD_CRC_SHIFT;
}

int map_words(const struct map_search *search, struct map_mapping *mapping)
{
	struct writer writer = {search, mapping, search->places[0].time, false};

	memset(mapping, 0, sizeof(*mapping));
	mapping->interval = search->interval;
	mapping->elements = search->elements;
	for (unsigned n = 1; n < search->graph->node_count; n++)
		if (search->places[n].time < writer.begin)
			writer.begin = search->places[n].time;
	write_firsts(&writer);
	for (unsigned n = 0; n < search->graph->node_count; n++)
		write_node(&writer, n);
	for (unsigned i = 0; i < search->edge_count; i++)
		for (unsigned h = 1; h < search->edges[i].count; h++)
			write_hop(&writer, &search->edges[i], h);
	for (unsigned i = 0; i < mapping->interval * mapping->elements; i++)
		mapping->words[i] = map_word_seal(mapping->words[i], i);
	return writer.contradiction ? -1 : 0;
}
