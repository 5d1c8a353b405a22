/* SPDX-License-Identifier: Apache-2.0 */
/* Counters and the family's part of the report. */
#include <inttypes.h>
#include <stdio.h>

#include "simulators/engine/text.h"
#include "simulators/rpu/model.h"

struct row {
	const char *name;
	size_t offset;
};

#define OWN(name, member)                                   \
	{                                                   \
		name, offsetof(struct rpu_counters, member) \
	}
#define FAULT(name, f) OWN("rpu.fault." name, faults[ROAD_RPU_FAULT_##f])
static const struct row own[] = {
	OWN("rpu.entries", entries),
	OWN("rpu.doorbells", doorbells),
	OWN("rpu.interrupts", interrupts),
	OWN("rpu.fences", fences),
	OWN("rpu.entries_dropped", dropped),
	OWN("rpu.copies", copies),
	OWN("rpu.copied_bytes", copied_bytes),
	OWN("rpu.filled_bytes", filled_bytes),
	OWN("rpu.runs", runs),
	OWN("rpu.blocks", blocks),
	OWN("rpu.run_ps", run_ps),
	OWN("rpu.pauses", pauses),
	OWN("rpu.fabric.cycles", cycles),
	OWN("rpu.fabric.element_ops", element_ops),
	OWN("rpu.fabric.stream_accesses", stream_accesses),
	OWN("rpu.fabric.element_accesses", element_accesses),
	OWN("rpu.fabric.stall.empty_cycles", stalls[RPU_STALL_EMPTY]),
	OWN("rpu.fabric.stall.full_cycles", stalls[RPU_STALL_FULL]),
	OWN("rpu.fabric.stall.bank_cycles", stalls[RPU_STALL_BANK]),
	OWN("rpu.fabric.stall.op_cycles", stalls[RPU_STALL_OP]),
	OWN("rpu.gemms", gemms),
	OWN("rpu.macs", macs),
	OWN("rpu.moves", moves),
	OWN("rpu.move.read_bytes", read_bytes),
	OWN("rpu.move.written_bytes", written_bytes),
	OWN("rpu.move.broadcasts", broadcasts),
	OWN("rpu.memory.ecc_corrected", ecc_corrected),
	OWN("rpu.memory.ecc_uncorrected", ecc_uncorrected),
	FAULT("entry", ENTRY),
	FAULT("region", REGION),
	FAULT("config", CONFIG),
	FAULT("unmapped", UNMAPPED),
	FAULT("rights", RIGHTS),
	FAULT("misaligned", MISALIGNED),
	FAULT("bounds", BOUNDS),
	FAULT("arguments", ARGUMENTS),
	FAULT("stream", STREAM),
	FAULT("token", TOKEN),
	FAULT("deadlock", DEADLOCK),
	FAULT("watchdog", WATCHDOG),
	FAULT("dma", DMA),
	FAULT("ecc", ECC),
	FAULT("aborted", ABORTED),
	FAULT("host", HOST),
	FAULT("window", WINDOW),
};

static const struct {
	const char *name;
	enum road_region_counter counter;
} regions[] = {
	{"rpu.region.loads", ROAD_REGION_COUNT_LOADS},
	{"rpu.region.load_bytes", ROAD_REGION_COUNT_LOAD_BYTES},
	{"rpu.region.hits", ROAD_REGION_COUNT_HITS},
	{"rpu.region.misses", ROAD_REGION_COUNT_MISSES},
	{"rpu.region.evictions", ROAD_REGION_COUNT_EVICTIONS},
	{"rpu.region.switches", ROAD_REGION_COUNT_SWITCHES},
	{"rpu.region.preemptions", ROAD_REGION_COUNT_PREEMPTIONS},
	{"rpu.region.rollbacks", ROAD_REGION_COUNT_ROLLBACKS},
	{"rpu.region.faults", ROAD_REGION_COUNT_FAULTS},
	{"rpu.region.idle_ps", ROAD_REGION_COUNT_IDLE_PS},
	{"rpu.region.loading_ps", ROAD_REGION_COUNT_LOADING_PS},
};

static const char *const busy[ROAD_RPU_ENGINES] = {
	"rpu.engine.cgra.busy_ps", "rpu.engine.neur.busy_ps", "rpu.engine.rdma.busy_ps",
	"rpu.engine.wdma.busy_ps"};

#define COUNT(table) (uint32_t)(sizeof(table) / sizeof((table)[0]))

/* Of all tiles together. */
static uint64_t busy_of(const struct rpu_chip *chip, uint32_t engine)
{
	uint64_t sum = 0;

	for (uint32_t t = 0; t < chip->params.tiles; t++)
		sum += chip->tiles[t].busy_ps[engine];
	return sum;
}

bool road_rpu_counter(void *model, uint32_t index, struct sim_counter *out)
{
	const struct rpu_chip *chip = model;
	const char *counters = (const char *)&chip->counters;

	if (index < COUNT(own)) {
		*out = (struct sim_counter){
			own[index].name,
			*(const uint64_t *)(const void *)(counters + own[index].offset)};
		return true;
	}
	index -= COUNT(own);
	if (index < COUNT(regions)) {
		*out = (struct sim_counter){regions[index].name,
					    region_unit_count(chip->unit, regions[index].counter)};
		return true;
	}
	index -= COUNT(regions);
	if (index < ROAD_RPU_ENGINES) {
		*out = (struct sim_counter){busy[index], busy_of(chip, index)};
		return true;
	}
	if (index > ROAD_RPU_ENGINES)
		return false;
	*out = (struct sim_counter){"rpu.ddr.busy_ps", chip->ddr.busy_ps};
	return true;
}

/* ---- the report ---- */

static void say_fabric(struct sim_text *text, const struct rpu_chip *chip)
{
	const struct rpu_counters *c = &chip->counters;

	sim_say(text, ",\"fabric\":{\"mode\":\"%s\",\"cycles\":%" PRIu64,
		chip->mode == RPU_MODE_COMPILED ? "compiled" : "interpreted", c->cycles);
	sim_say(text, ",\"element_ops\":%" PRIu64 ",\"stalls\":{\"empty\":%" PRIu64, c->element_ops,
		c->stalls[RPU_STALL_EMPTY]);
	sim_say(text, ",\"full\":%" PRIu64 ",\"bank\":%" PRIu64 ",\"op\":%" PRIu64 "},",
		c->stalls[RPU_STALL_FULL], c->stalls[RPU_STALL_BANK], c->stalls[RPU_STALL_OP]);
	sim_say_share(text, "ops_per_cycle", c->element_ops, c->cycles);
	sim_say(text, "}");
}

static void say_engines(struct sim_text *text, const struct rpu_chip *chip)
{
	static const char *const names[ROAD_RPU_ENGINES] = {"cgra", "neur", "rdma", "wdma"};

	sim_say(text, ",\"engines\":{");
	for (uint32_t e = 0; e < ROAD_RPU_ENGINES; e++)
		sim_say(text, "%s\"%s\":{\"busy_cycles\":%" PRIu64 "}", e ? "," : "", names[e],
			rpu_cycles(chip, busy_of(chip, e)));
	sim_say(text, "},\"ddr_busy_cycles\":%" PRIu64, rpu_cycles(chip, chip->ddr.busy_ps));
}

static void say_regions(struct sim_text *text, const struct rpu_chip *chip)
{
	uint64_t idle = region_unit_count(chip->unit, ROAD_REGION_COUNT_IDLE_PS);
	uint64_t loading = region_unit_count(chip->unit, ROAD_REGION_COUNT_LOADING_PS);

	sim_say(text, ",\"regions\":{\"loads\":%" PRIu64 ",\"switches\":%" PRIu64,
		region_unit_count(chip->unit, ROAD_REGION_COUNT_LOADS),
		region_unit_count(chip->unit, ROAD_REGION_COUNT_SWITCHES));
	sim_say(text, ",\"loading_cycles\":%" PRIu64 ",\"idle_cycles\":%" PRIu64 ",",
		rpu_cycles(chip, loading), rpu_cycles(chip, idle));
	sim_say_share(text, "load_hidden", loading > idle ? loading - idle : 0, loading);
	sim_say(text, "}");
}

static void say_notes(struct sim_text *text, const struct rpu_chip *chip)
{
	uint64_t first = chip->noted > RPU_LAUNCH_LOG ? chip->noted - RPU_LAUNCH_LOG : 0;

	sim_say(text, ",\"last_launches\":[");
	for (uint64_t i = first; i < chip->noted; i++) {
		const struct rpu_note *note = &chip->notes[i % RPU_LAUNCH_LOG];

		sim_say(text, "%s{\"kernel\":\"%s\",\"begin_ns\":%" PRIu64, i > first ? "," : "",
			note->name, note->begin_ps / SIM_PS_PER_NS);
		sim_say(text, ",\"cycles\":%" PRIu64 ",\"fabric_cycles\":%" PRIu64,
			rpu_cycles(chip, note->end_ps - note->begin_ps), note->cycles);
		sim_say(text, ",\"blocks\":%u,\"stalls\":%" PRIu64, note->blocks, note->stalls);
		if (note->stalled_stream != RPU_NOWHERE)
			sim_say(text, ",\"first_stalled_stream\":%u", note->stalled_stream);
		sim_say(text, "}");
	}
	sim_say(text, "]");
}

size_t rpu_report(void *model, char *out, size_t bytes)
{
	const struct rpu_chip *chip = model;
	const struct rpu_counters *c = &chip->counters;
	struct sim_text text = {out, bytes, 0};

	sim_say(&text, "\"cycles\":%" PRIu64 ",\"launch_cycles\":%" PRIu64,
		rpu_cycles(chip, sim_now(chip->env) - chip->origin_ps),
		rpu_cycles(chip, c->run_ps));
	sim_say(&text, ",\"entries\":%" PRIu64 ",\"runs\":%" PRIu64 ",\"blocks\":%" PRIu64,
		c->entries, c->runs, c->blocks);
	sim_say(&text, ",\"copied_bytes\":%" PRIu64 ",\"filled_bytes\":%" PRIu64, c->copied_bytes,
		c->filled_bytes);
	sim_say(&text, ",\"macs\":%" PRIu64, c->macs);
	say_engines(&text, chip);
	say_fabric(&text, chip);
	say_regions(&text, chip);
	say_notes(&text, chip);
	return text.used;
}
