/* SPDX-License-Identifier: Apache-2.0 */
/* Counters and the family's part of the report. */
#include <inttypes.h>
#include <stdio.h>

#include "simulators/dsa/model.h"
#include "simulators/engine/text.h"

struct row {
	const char *name;
	size_t offset;
};

#define OWN(name, member)                                   \
	{                                                   \
		name, offsetof(struct dsa_counters, member) \
	}
#define FAULT(name, f) OWN("dsa.fault." name, faults[ROAD_DSA_FAULT_##f])
static const struct row own[] = {
	OWN("dsa.descriptors", descriptors),
	OWN("dsa.doorbells", doorbells),
	OWN("dsa.interrupts", interrupts),
	OWN("dsa.fences", fences),
	OWN("dsa.descriptors_dropped", dropped),
	OWN("dsa.copies", copies),
	OWN("dsa.copied_bytes", copied_bytes),
	OWN("dsa.filled_bytes", filled_bytes),
	OWN("dsa.code_loaded", loads),
	OWN("dsa.code_bytes", loaded_bytes),
	OWN("dsa.tasks", tasks),
	OWN("dsa.blocks", blocks),
	OWN("dsa.task_ps", task_ps),
	OWN("dsa.memory.ecc_corrected", ecc_corrected),
	OWN("dsa.memory.ecc_uncorrected", ecc_uncorrected),
	FAULT("descriptor", DESCRIPTOR),
	FAULT("code", CODE),
	FAULT("kernel", KERNEL),
	FAULT("cores", CORES),
	FAULT("unmapped", UNMAPPED),
	FAULT("rights", RIGHTS),
	FAULT("misaligned", MISALIGNED),
	FAULT("bounds", BOUNDS),
	FAULT("shape", SHAPE),
	FAULT("flag", FLAG),
	FAULT("illegal", ILLEGAL),
	FAULT("trap", TRAP),
	FAULT("deadlock", DEADLOCK),
	FAULT("watchdog", WATCHDOG),
	FAULT("dma", DMA),
	FAULT("ecc", ECC),
	FAULT("operator", OPERATOR),
	FAULT("region", REGION),
	FAULT("config", CONFIG),
	FAULT("aborted", ABORTED),
};

static const struct {
	const char *name;
	enum road_region_counter counter;
} regions[] = {
	{"dsa.region.loads", ROAD_REGION_COUNT_LOADS},
	{"dsa.region.load_bytes", ROAD_REGION_COUNT_LOAD_BYTES},
	{"dsa.region.hits", ROAD_REGION_COUNT_HITS},
	{"dsa.region.misses", ROAD_REGION_COUNT_MISSES},
	{"dsa.region.evictions", ROAD_REGION_COUNT_EVICTIONS},
	{"dsa.region.switches", ROAD_REGION_COUNT_SWITCHES},
	{"dsa.region.preemptions", ROAD_REGION_COUNT_PREEMPTIONS},
	{"dsa.region.rollbacks", ROAD_REGION_COUNT_ROLLBACKS},
	{"dsa.region.faults", ROAD_REGION_COUNT_FAULTS},
	{"dsa.region.idle_ps", ROAD_REGION_COUNT_IDLE_PS},
	{"dsa.region.loading_ps", ROAD_REGION_COUNT_LOADING_PS},
};

#define MEMORY(name, member)                                     \
	{                                                        \
		name, offsetof(struct dsa_memory_counts, member) \
	}
static const struct row memory[] = {
	MEMORY("dsa.l2.hits", l2_hits),
	MEMORY("dsa.l2.misses", l2_misses),
	MEMORY("dsa.l2.read_bytes", l2_read_bytes),
	MEMORY("dsa.l2.written_bytes", l2_written_bytes),
	MEMORY("dsa.l2.busy_ps", l2_busy_ps),
	MEMORY("dsa.hbm.read_bytes", hbm_read_bytes),
	MEMORY("dsa.hbm.written_bytes", hbm_written_bytes),
	MEMORY("dsa.hbm.busy_ps", hbm_busy_ps),
	MEMORY("dsa.system.read_bytes", system_read_bytes),
	MEMORY("dsa.system.written_bytes", system_written_bytes),
	MEMORY("dsa.system.busy_ps", system_busy_ps),
};

#define CORE(name, member)                                     \
	{                                                      \
		name, offsetof(struct dsa_core_counts, member) \
	}
#define QUEUE(name, q)                                                          \
	CORE("dsa.queue." name ".instructions", queue[q].instructions),         \
		CORE("dsa.queue." name ".bytes", queue[q].bytes),               \
		CORE("dsa.queue." name ".busy_ps", queue[q].busy_ps),           \
		CORE("dsa.queue." name ".wait_flag_ps", queue[q].wait_flag_ps), \
		CORE("dsa.queue." name ".wait_full_ps", queue[q].wait_full_ps)
/* Of all cores together. */
static const struct row cores[] = {
	CORE("dsa.macs", macs),
	CORE("dsa.vector_elements", vector_elements),
	CORE("dsa.hazards", hazards),
	QUEUE("s", ROAD_DSA_QUEUE_S),
	QUEUE("v", ROAD_DSA_QUEUE_V),
	QUEUE("m", ROAD_DSA_QUEUE_M),
	QUEUE("mte1", ROAD_DSA_QUEUE_MTE1),
	QUEUE("mte2", ROAD_DSA_QUEUE_MTE2),
	QUEUE("mte3", ROAD_DSA_QUEUE_MTE3),
	QUEUE("fix", ROAD_DSA_QUEUE_FIX),
};

#define COUNT(table) (uint32_t)(sizeof(table) / sizeof((table)[0]))

static uint64_t value_at(const void *counters, size_t offset)
{
	return *(const uint64_t *)(const void *)((const char *)counters + offset);
}

static uint64_t of_cores(const struct dsa_chip *chip, size_t offset)
{
	uint64_t sum = dsa_away_count(chip, value_at, offset);

	for (uint32_t i = 0; i < chip->params.cores; i++)
		if (chip->seats[i].core)
			sum += value_at(dsa_core_counts(chip->seats[i].core), offset);
	return sum;
}

static uint64_t of_memory(const struct dsa_chip *chip, size_t offset)
{
	struct dsa_memory_counts counts = {0};

	if (chip->path)
		dsa_memory_counts(chip->path, &counts);
	return value_at(&counts, offset);
}

bool road_dsa_counter(void *model, uint32_t index, struct sim_counter *out)
{
	const struct dsa_chip *chip = model;

	if (index < COUNT(own)) {
		*out = (struct sim_counter){own[index].name,
					    value_at(&chip->counters, own[index].offset)};
		return true;
	}
	index -= COUNT(own);
	if (index < COUNT(cores)) {
		*out = (struct sim_counter){cores[index].name, of_cores(chip, cores[index].offset)};
		return true;
	}
	index -= COUNT(cores);
	if (index < COUNT(memory)) {
		*out = (struct sim_counter){memory[index].name,
					    of_memory(chip, memory[index].offset)};
		return true;
	}
	index -= COUNT(memory);
	if (!chip->unit || index >= COUNT(regions))
		return false;
	*out = (struct sim_counter){regions[index].name,
				    region_unit_count(chip->unit, regions[index].counter)};
	return true;
}

/* ---- the report ---- */

static uint64_t cycles_of(const struct dsa_chip *chip, uint64_t ps)
{
	return (uint64_t)((unsigned __int128)ps * chip->params.clock_hz / DSA_PS_PER_S);
}

static void say_queue(struct sim_text *text, const struct dsa_chip *chip, uint32_t q,
		      const char *name)
{
#define OF(member)                                                         \
	of_cores(chip, offsetof(struct dsa_core_counts, queue[0].member) + \
			       q * sizeof(struct dsa_queue_counts))
	uint64_t busy = OF(busy_ps);

	sim_say(text, "\"%s\":{\"instructions\":%" PRIu64 ",\"bytes\":%" PRIu64, name,
		OF(instructions), OF(bytes));
	sim_say(text, ",\"busy_cycles\":%" PRIu64 ",\"wait_flag_cycles\":%" PRIu64,
		cycles_of(chip, busy), cycles_of(chip, OF(wait_flag_ps)));
	sim_say(text, ",\"wait_full_cycles\":%" PRIu64 ",", cycles_of(chip, OF(wait_full_ps)));
	sim_say_share(text, "bytes_per_cycle", OF(bytes), cycles_of(chip, busy));
	sim_say(text, "}");
#undef OF
}

static void say_memory(struct sim_text *text, const struct dsa_chip *chip)
{
	struct dsa_memory_counts c = {0};

	if (chip->path)
		dsa_memory_counts(chip->path, &c);
	sim_say(text, ",\"l2\":{\"hits\":%" PRIu64 ",\"misses\":%" PRIu64 ",", c.l2_hits,
		c.l2_misses);
	sim_say_share(text, "hit_rate", c.l2_hits, c.l2_hits + c.l2_misses);
	sim_say(text, "},\"hbm\":{\"read_bytes\":%" PRIu64 ",\"written_bytes\":%" PRIu64 "}",
		c.hbm_read_bytes, c.hbm_written_bytes);
	sim_say(text, ",\"system\":{\"read_bytes\":%" PRIu64 ",\"written_bytes\":%" PRIu64 "}",
		c.system_read_bytes, c.system_written_bytes);
}

static void say_regions(struct sim_text *text, const struct dsa_chip *chip)
{
	if (!chip->unit)
		return;
	uint64_t idle = region_unit_count(chip->unit, ROAD_REGION_COUNT_IDLE_PS);
	uint64_t loading = region_unit_count(chip->unit, ROAD_REGION_COUNT_LOADING_PS);

	sim_say(text, ",\"regions\":{\"loads\":%" PRIu64 ",\"switches\":%" PRIu64,
		region_unit_count(chip->unit, ROAD_REGION_COUNT_LOADS),
		region_unit_count(chip->unit, ROAD_REGION_COUNT_SWITCHES));
	sim_say(text, ",\"loading_cycles\":%" PRIu64 ",\"idle_cycles\":%" PRIu64 ",",
		cycles_of(chip, loading), cycles_of(chip, idle));
	sim_say_share(text, "load_hidden", loading > idle ? loading - idle : 0, loading);
	sim_say(text, "}");
}

static void say_notes(struct sim_text *text, const struct dsa_chip *chip)
{
	uint64_t first = chip->noted > DSA_TASK_LOG ? chip->noted - DSA_TASK_LOG : 0;

	sim_say(text, ",\"last_tasks\":[");
	for (uint64_t i = first; i < chip->noted; i++) {
		const struct dsa_note *note = &chip->notes[i % DSA_TASK_LOG];

		sim_say(text, "%s{\"kernel\":%u,\"code\":%" PRIu64 ",\"begin_ns\":%" PRIu64,
			i > first ? "," : "", note->kernel, note->code,
			note->begin_ps / SIM_PS_PER_NS);
		sim_say(text, ",\"cycles\":%" PRIu64 ",\"blocks\":%u}",
			cycles_of(chip, note->end_ps - note->begin_ps), note->blocks);
	}
	sim_say(text, "]");
}

size_t dsa_report(void *model, char *out, size_t bytes)
{
	static const char *const names[ROAD_DSA_QUEUES] = {"s",    "v",    "m",  "mte1",
							   "mte2", "mte3", "fix"};
	const struct dsa_chip *chip = model;
	const struct dsa_counters *c = &chip->counters;
	struct sim_text text = {out, bytes, 0};

	sim_say(&text, "\"cycles\":%" PRIu64 ",\"launch_cycles\":%" PRIu64,
		cycles_of(chip, sim_now(chip->env) - chip->origin_ps), cycles_of(chip, c->task_ps));
	sim_say(&text, ",\"descriptors\":%" PRIu64 ",\"tasks\":%" PRIu64 ",\"blocks\":%" PRIu64,
		c->descriptors, c->tasks, c->blocks);
	sim_say(&text, ",\"copied_bytes\":%" PRIu64 ",\"filled_bytes\":%" PRIu64, c->copied_bytes,
		c->filled_bytes);
	sim_say(&text, ",\"macs\":%" PRIu64,
		of_cores(chip, offsetof(struct dsa_core_counts, macs)));
	sim_say(&text, ",\"hazards\":%" PRIu64 ",\"hazard_checker\":%s,\"queues\":{",
		of_cores(chip, offsetof(struct dsa_core_counts, hazards)),
		chip->hazards ? "true" : "false");
	for (uint32_t q = 0; q < ROAD_DSA_QUEUES; q++) {
		sim_say(&text, "%s", q ? "," : "");
		say_queue(&text, chip, q, names[q]);
	}
	sim_say(&text, "}");
	say_memory(&text, chip);
	say_regions(&text, chip);
	say_notes(&text, chip);
	return text.used;
}
