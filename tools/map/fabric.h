/* SPDX-License-Identifier: Apache-2.0 */
/* The fabric that a graph is mapped to, as the mapper must know it. */
#ifndef TOOLS_MAP_FABRIC_H
#define TOOLS_MAP_FABRIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/map/graph.h"

struct map_fabric {
	unsigned rows, columns;
	unsigned registers; /* of an element */
	unsigned streams;   /* of a tile */
	unsigned banks;     /* of the scratchpad */
	bool torus;
	bool memory_all; /* every column reaches the scratchpad; else the first and the last */
	bool stepwise;   /* every operation takes one step */
	unsigned latency[ROAD_RPU_CLASSES];
	unsigned interval[ROAD_RPU_CLASSES];
};

/*
 * Changes what the text names: `rows=4,columns=4,registers=8,streams=12,banks=16,torus=0,
 * memory_all=0,stepwise=0,alu=1,mul=3,…`, a class of operations as `CLASS=LATENCY` or
 * `CLASS=LATENCY/INTERVAL`. 0, or -1 and the error.
 */
int map_fabric_set(struct map_fabric *fabric, const char *text, struct map_error *error);
/* Those of the chip files, written from them when this is built. */
struct map_chip {
	const char *name;
	struct map_fabric fabric;
};
extern const struct map_chip map_chips[];
extern const unsigned map_chip_count;

/* The fabric of a chip, by its chip file's name; NULL: there is no such RPU. */
const struct map_fabric *map_fabric_of(const char *chip);
#define MAP_CHIP_DEFAULT "tx81"
const struct map_fabric *map_fabric_default(void);
/* Their names: "openedge, rpu-small". */
void map_fabric_chips(char *out, size_t bytes);

uint32_t map_fabric_id(const struct map_fabric *fabric);
unsigned map_fabric_elements(const struct map_fabric *fabric);
/* The neighbour on a side (enum road_rpu_side), or -1 at a mesh's edge. */
int map_fabric_neighbour(const struct map_fabric *fabric, unsigned element, unsigned side);
/* Elements that reach streams, and the scratchpad. */
bool map_fabric_border(const struct map_fabric *fabric, unsigned element);
bool map_fabric_memory(const struct map_fabric *fabric, unsigned element);
/* Links from one element to another, at least. */
unsigned map_fabric_distance(const struct map_fabric *fabric, unsigned from, unsigned to);
/* In steps of the schedule. */
unsigned map_latency(const struct map_fabric *fabric, enum road_rpu_op op);
unsigned map_interval(const struct map_fabric *fabric, enum road_rpu_op op);

#endif
