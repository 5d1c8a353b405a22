/* SPDX-License-Identifier: Apache-2.0 */
/* What a fabric is like: its description, its neighbours, its borders. */
#include "tools/map/fabric.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/map/ops.h"

const struct map_fabric *map_fabric_of(const char *chip)
{
	for (unsigned i = 0; i < map_chip_count; i++)
		if (!strcmp(map_chips[i].name, chip))
			return &map_chips[i].fabric;
	return NULL;
}

const struct map_fabric *map_fabric_default(void)
{
	return map_fabric_of(MAP_CHIP_DEFAULT);
}

void map_fabric_chips(char *out, size_t bytes)
{
	size_t at = 0;

	*out = 0;
	for (unsigned i = 0; i < map_chip_count && at < bytes; i++)
		at += (size_t)snprintf(out + at, bytes - at, "%s%s", i ? ", " : "",
				       map_chips[i].name);
}

static const char *const class_names[ROAD_RPU_CLASSES] = {
	[ROAD_RPU_CLASS_NONE] = "none",   [ROAD_RPU_CLASS_ALU] = "alu",
	[ROAD_RPU_CLASS_MUL] = "mul",     [ROAD_RPU_CLASS_DIV] = "div",
	[ROAD_RPU_CLASS_FADD] = "fadd",   [ROAD_RPU_CLASS_FMUL] = "fmul",
	[ROAD_RPU_CLASS_FMA] = "fma",     [ROAD_RPU_CLASS_CVT] = "cvt",
	[ROAD_RPU_CLASS_TABLE] = "table", [ROAD_RPU_CLASS_DOT] = "dot",
	[ROAD_RPU_CLASS_MEM] = "mem",
};

static bool is_name(const char *name, const char *text, size_t bytes)
{
	return strlen(name) == bytes && !memcmp(name, text, bytes);
}

static int refuse(struct map_error *error, const char *what, const char *seen, size_t bytes,
		  const char *allowed)
{
	return map_error_set(error, 0, 0, what, seen, bytes, allowed);
}

/* A number of `least` to `most` up to a comma, a slash or the end; *text moves behind it. */
static int take_number(const char **text, unsigned least, unsigned most, unsigned *value)
{
	char *end;
	unsigned long number = strtoul(*text, &end, 10);

	if (**text < '0' || **text > '9' || number < least || number > most)
		return -1;
	*value = (unsigned)number;
	*text = end;
	return 0;
}

static int set_class(struct map_fabric *fabric, unsigned class, const char **text)
{
	if (take_number(text, 1, ROAD_RPU_LATENCY_MAX, &fabric->latency[class]))
		return -1;
	if (**text != '/')
		return 0;
	++*text;
	return take_number(text, 1, ROAD_RPU_INTERVAL_MAX, &fabric->interval[class]);
}

static int set_flag(const char **text, bool *flag)
{
	unsigned value;

	if (take_number(text, 0, 1, &value))
		return -1;
	*flag = value;
	return 0;
}

/* -2: no such name; -1: no such value. */
static int set_one(struct map_fabric *fabric, const char *name, size_t bytes, const char **text)
{
	const struct {
		const char *name;
		unsigned *value, least, most;
	} sizes[] = {
		{"rows", &fabric->rows, 1, ROAD_RPU_ROWS_MAX},
		{"columns", &fabric->columns, 1, ROAD_RPU_COLUMNS_MAX},
		{"registers", &fabric->registers, 1, ROAD_RPU_REGISTERS},
		{"streams", &fabric->streams, 0, ROAD_RPU_STREAMS},
		{"banks", &fabric->banks, 1, 1024},
	};

	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		if (is_name(sizes[i].name, name, bytes))
			return take_number(text, sizes[i].least, sizes[i].most, sizes[i].value);
	if (is_name("torus", name, bytes))
		return set_flag(text, &fabric->torus);
	if (is_name("memory_all", name, bytes))
		return set_flag(text, &fabric->memory_all);
	if (is_name("stepwise", name, bytes))
		return set_flag(text, &fabric->stepwise);
	for (unsigned i = ROAD_RPU_CLASS_ALU; i < ROAD_RPU_CLASSES; i++)
		if (is_name(class_names[i], name, bytes))
			return set_class(fabric, i, text);
	return -2;
}

int map_fabric_set(struct map_fabric *fabric, const char *text, struct map_error *error)
{
	while (*text) {
		const char *whole = text;
		size_t name = strcspn(text, "=,"), bytes = strcspn(text, ",");
		int bad = -2;

		text += name + (text[name] == '=');
		if (whole[name] == '=')
			bad = set_one(fabric, whole, name, &text);
		if (bad == -2)
			return refuse(error, "a fabric has no such thing", whole, bytes,
				      "rows=, columns=, registers=, streams=, banks=, torus=, "
				      "memory_all=, stepwise=, alu=, mul=, div=, fadd=, fmul=, "
				      "fma=, cvt=, table=, dot=, mem=");
		if (bad || text != whole + bytes)
			return refuse(error, "no such value of a fabric", whole, bytes,
				      "rows, columns 1..16, registers 1..8, streams 0..12, banks "
				      "1..1024, flags 0 or 1, a class LATENCY or "
				      "LATENCY/INTERVAL, 1..63 and 1..16");
		text += *text == ',';
	}
	return 0;
}

uint32_t map_fabric_id(const struct map_fabric *fabric)
{
	return fabric->rows | fabric->columns << ROAD_RPU_FABRIC_COLUMNS_SHIFT |
	       fabric->registers << ROAD_RPU_FABRIC_REGISTERS_SHIFT |
	       fabric->streams << ROAD_RPU_FABRIC_STREAMS_SHIFT |
	       (fabric->torus ? ROAD_RPU_FABRIC_TORUS : 0) |
	       (fabric->memory_all ? ROAD_RPU_FABRIC_MEMORY_ALL : 0) |
	       (fabric->stepwise ? ROAD_RPU_FABRIC_STEPWISE : 0) |
	       ROAD_RPU_FABRIC_VERSION << ROAD_RPU_FABRIC_VERSION_SHIFT;
}

unsigned map_fabric_elements(const struct map_fabric *fabric)
{
	return fabric->rows * fabric->columns;
}

int map_fabric_neighbour(const struct map_fabric *fabric, unsigned element, unsigned side)
{
	static const int row_steps[] = {-1, 0, 1, 0}, column_steps[] = {0, 1, 0, -1};
	int rows = (int)fabric->rows, columns = (int)fabric->columns;
	int row = (int)element / columns + row_steps[side];
	int column = (int)element % columns + column_steps[side];

	if (!fabric->torus && (row < 0 || row >= rows || column < 0 || column >= columns))
		return -1;
	return (row + rows) % rows * columns + (column + columns) % columns;
}

bool map_fabric_border(const struct map_fabric *fabric, unsigned element)
{
	unsigned row = element / fabric->columns, column = element % fabric->columns;

	return !row || !column || row == fabric->rows - 1 || column == fabric->columns - 1;
}

bool map_fabric_memory(const struct map_fabric *fabric, unsigned element)
{
	unsigned column = element % fabric->columns;

	return fabric->memory_all || !column || column == fabric->columns - 1;
}

static unsigned apart(unsigned from, unsigned to, unsigned size, bool torus)
{
	unsigned direct = from < to ? to - from : from - to;

	return torus && size - direct < direct ? size - direct : direct;
}

unsigned map_fabric_distance(const struct map_fabric *fabric, unsigned from, unsigned to)
{
	unsigned columns = fabric->columns;

	return apart(from / columns, to / columns, fabric->rows, fabric->torus) +
	       apart(from % columns, to % columns, columns, fabric->torus);
}

unsigned map_latency(const struct map_fabric *fabric, enum road_rpu_op op)
{
	return fabric->stepwise ? 1 : fabric->latency[map_ops[op].class];
}

unsigned map_interval(const struct map_fabric *fabric, enum road_rpu_op op)
{
	return fabric->stepwise ? 1 : fabric->interval[map_ops[op].class];
}
