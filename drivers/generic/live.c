/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/generic/live.h"

#include <stdlib.h>
#include <string.h>

/* Names that facts begin with: does what they say move? The first row that fits. */
static const struct {
	const char *name;
	bool moves;
} rows[] = {
	{"power.runtime", false}, /* a word */
	{"power.limit", false},
	{"clock.compute_max", false},
	{"clock.", true},
	{"temperature.", true},
	{"power.", true},
	{"energy.", true},
	{"current.", true},
	{"voltage.", true},
	{"fan.", true},
	{"load.", true},
	{"memory.used", true},
	{"memory.free_bytes", true},
	{"clients.complete", false}, /* yes or no */
	{"clients.", true},
	{"pci.errors.", true},
	{"errors.", true},
};

static bool moves(const char *name)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!strncmp(name, rows[i].name, strlen(rows[i].name)))
			return rows[i].moves;
	return false;
}

static const struct {
	uint32_t kind;
	const char *bytes, *used;
} memories[GENERIC_HEAPS] = {
	{ROAD_HEAP_DEVICE, "memory.bytes", "memory.used"},
	{ROAD_HEAP_DEVICE_VISIBLE, "memory.visible_bytes", "memory.visible_used"},
	{ROAD_HEAP_HOST, "memory.host_bytes", "memory.host_used"},
};

struct place {
	uint32_t bytes, used;
	bool has_bytes, has_used;
};

static void see_memory(struct place places[GENERIC_HEAPS], const struct road_property *fact,
		       uint32_t number)
{
	for (uint32_t i = 0; i < GENERIC_HEAPS && fact->type == ROAD_VALUE_U64; i++) {
		if (!places[i].has_bytes && !strcmp(fact->name, memories[i].bytes)) {
			places[i].bytes = number;
			places[i].has_bytes = true;
		} else if (!places[i].has_used && !strcmp(fact->name, memories[i].used)) {
			places[i].used = number;
			places[i].has_used = true;
		}
	}
}

static bool add(struct generic_live *live, uint32_t number)
{
	if (live->count == live->room) {
		const uint32_t room = live->room ? live->room * 2 : 32;
		uint32_t *more = realloc(live->facts, room * sizeof(*more));

		if (!more)
			return false;
		live->facts = more;
		live->room = room;
	}
	live->facts[live->count++] = number;
	return true;
}

road_status generic_live_find(struct road_bus *bus, struct generic_live *out)
{
	struct place places[GENERIC_HEAPS] = {{.has_bytes = false}};
	struct road_property fact;

	*out = (struct generic_live){.count = 0};
	for (uint32_t i = 0; !bus->ops->fact(bus, i, &fact); i++) {
		see_memory(places, &fact, i);
		if (!moves(fact.name) || add(out, i))
			continue;
		generic_live_free(out);
		return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for what moves",
				      "generic", NULL, NULL);
	}
	for (uint32_t i = 0; i < GENERIC_HEAPS; i++)
		if (places[i].has_bytes && places[i].has_used)
			out->heaps[out->heap_count++] = (struct generic_heap){
				memories[i].kind, places[i].bytes, places[i].used};
	return ROAD_OK;
}

void generic_live_free(struct generic_live *live)
{
	free(live->facts);
	*live = (struct generic_live){.count = 0};
}
