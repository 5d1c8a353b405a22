/* SPDX-License-Identifier: Apache-2.0 */
/* Counters and the family's part of the report: what was counted is one table. */
#include <inttypes.h>
#include <stdio.h>

#include "simulators/engine/text.h"
#include "simulators/gpu/model.h"

struct row {
	const char *name;
	size_t offset;
};

#define OWN(name, member)                                   \
	{                                                   \
		name, offsetof(struct gpu_counters, member) \
	}
#define UNIT(name, u)  OWN("gpu.unit." name, by_unit[ROAD_GPU_UNIT_##u])
#define FAULT(name, f) OWN("gpu.fault." name, faults[ROAD_GPU_FAULT_##f])

static const struct row own[] = {
	OWN("gpu.packets", packets),
	OWN("gpu.doorbells", doorbells),
	OWN("gpu.interrupts", interrupts),
	OWN("gpu.fences", fences),
	OWN("gpu.signals", signals),
	OWN("gpu.packets_dropped", dropped),
	OWN("gpu.copies", copies),
	OWN("gpu.copied_bytes", copied_bytes),
	OWN("gpu.filled_bytes", filled_bytes),
	OWN("gpu.images_loaded", loads),
	OWN("gpu.image_bytes", loaded_bytes),
	OWN("gpu.launches", launches),
	OWN("gpu.workgroups", workgroups),
	OWN("gpu.launch_ps", launch_ps),
	OWN("gpu.warp_instructions", warp_instructions),
	OWN("gpu.thread_instructions", thread_instructions),
	OWN("gpu.approximate_instructions", approximate),
	OWN("gpu.divides_by_zero", divides_by_zero),
	OWN("gpu.divergent_branches", divergent_branches),
	OWN("gpu.barriers", barriers),
	OWN("gpu.memory.ecc_corrected", ecc_corrected),
	OWN("gpu.memory.ecc_uncorrected", ecc_uncorrected),
	UNIT("int", INT),
	UNIT("fp32", FP32),
	UNIT("fp16", FP16),
	UNIT("fp64", FP64),
	UNIT("special", SPECIAL),
	UNIT("tensor", TENSOR),
	UNIT("ldst", LDST),
	UNIT("control", CONTROL),
	FAULT("packet", PACKET),
	FAULT("image", IMAGE),
	FAULT("kernel", KERNEL),
	FAULT("resources", RESOURCES),
	FAULT("unmapped", UNMAPPED),
	FAULT("rights", RIGHTS),
	FAULT("misaligned", MISALIGNED),
	FAULT("illegal", ILLEGAL),
	FAULT("trap", TRAP),
	FAULT("barrier", BARRIER),
	FAULT("watchdog", WATCHDOG),
	FAULT("dma", DMA),
	FAULT("divide", DIVIDE),
	FAULT("call", CALL),
	FAULT("stack", STACK),
	FAULT("mbarrier", MBARRIER),
	FAULT("ecc", ECC),
};

#define TIMED(name, member)                                             \
	{                                                               \
		name, offsetof(struct road_gpu_timing_counters, member) \
	}
#define STALL(name, s) TIMED("gpu.stall." name, stalls[ROAD_GPU_STALL_##s])

/* Of the timing model: in approx and trace mode only. */
static const struct row timed[] = {
	TIMED("gpu.timing.warp_instructions", warp_instructions),
	TIMED("gpu.timing.thread_instructions", thread_instructions),
	TIMED("gpu.timing.resident_warp_cycles", resident_warp_cycles),
	TIMED("gpu.timing.active_sm_cycles", active_sm_cycles),
	TIMED("gpu.timing.workgroups", workgroups),
	TIMED("gpu.timing.quanta", quanta),
	STALL("barrier", BARRIER),
	STALL("memory", MEMORY),
	STALL("dependence", DEPENDENCE),
	STALL("unit", UNIT),
	STALL("not_selected", NOT_SELECTED),
	TIMED("gpu.memory.accesses", accesses),
	TIMED("gpu.memory.sectors", sectors),
	TIMED("gpu.memory.sectors_ideal", sectors_ideal),
	TIMED("gpu.shared.accesses", shared_accesses),
	TIMED("gpu.shared.replays", shared_replays),
	TIMED("gpu.const.accesses", const_accesses),
	TIMED("gpu.l1.hits", l1_hits),
	TIMED("gpu.l1.misses", l1_misses),
	TIMED("gpu.l1.merged", l1_merged),
	TIMED("gpu.l2.reads", l2_reads),
	TIMED("gpu.l2.writes", l2_writes),
	TIMED("gpu.l2.near_hits", l2_near_hits),
	TIMED("gpu.l2.far_hits", l2_far_hits),
	TIMED("gpu.l2.misses", l2_misses),
	TIMED("gpu.l2.write_backs", l2_write_backs),
	TIMED("gpu.l2.atomics", l2_atomics),
	TIMED("gpu.dram.read_bytes", dram_read_bytes),
	TIMED("gpu.dram.written_bytes", dram_written_bytes),
	TIMED("gpu.dram.row_hits", dram_row_hits),
	TIMED("gpu.dram.row_misses", dram_row_misses),
	TIMED("gpu.system.reads", system_reads),
	TIMED("gpu.system.writes", system_writes),
};

#define COUNT(table) (uint32_t)(sizeof(table) / sizeof((table)[0]))

static uint64_t value_at(const void *counters, const struct row *row)
{
	return *(const uint64_t *)(const void *)((const char *)counters + row->offset);
}

bool road_gpu_counter(void *model, uint32_t index, struct sim_counter *out)
{
	const struct gpu_chip *chip = model;
	struct road_gpu_timing_counters counters;

	if (index < COUNT(own)) {
		*out = (struct sim_counter){own[index].name,
					    value_at(&chip->counters, &own[index])};
		return true;
	}
	index -= COUNT(own);
	if (index >= COUNT(timed) || !road_gpu_timed_counters(chip, &counters))
		return false;
	*out = (struct sim_counter){timed[index].name, value_at(&counters, &timed[index])};
	return true;
}

static uint64_t ps_cycles(const struct gpu_chip *chip, uint64_t ps)
{
	return (uint64_t)((unsigned __int128)ps * chip->params.clock_khz / 1000000000u);
}

static void say_own(struct sim_text *text, const struct gpu_chip *chip)
{
	const struct gpu_counters *c = &chip->counters;

	sim_say(text, "\"cycles\":%" PRIu64 ",\"launch_cycles\":%" PRIu64,
		ps_cycles(chip, sim_now(chip->env)), ps_cycles(chip, c->launch_ps));
	sim_say(text, ",\"warp_instructions\":%" PRIu64 ",\"thread_instructions\":%" PRIu64,
		c->warp_instructions, c->thread_instructions);
	sim_say(text, ",\"packets\":%" PRIu64 ",\"launches\":%" PRIu64 ",\"workgroups\":%" PRIu64,
		c->packets, c->launches, c->workgroups);
	sim_say(text, ",\"copied_bytes\":%" PRIu64 ",\"filled_bytes\":%" PRIu64, c->copied_bytes,
		c->filled_bytes);
	sim_say(text, ",\"order_sensitive\":%s", chip->order_sensitive ? "true" : "false");
	if (chip->order_sensitive)
		sim_say(text, ",\"order_sensitive_at\":{\"kernel\":%u,\"pc\":%u,\"line\":%u}",
			chip->order_kernel, chip->order_pc, chip->order_line);
}

/* A member with one number for each row whose name starts with `prefix`. */
static void say_group(struct sim_text *text, const char *member, const char *prefix, size_t skip,
		      const struct row *rows, uint32_t count, const void *counters)
{
	const char *comma = "";

	sim_say(text, ",\"%s\":{", member);
	for (uint32_t i = 0; i < count; i++) {
		size_t n = 0;

		while (prefix[n] && prefix[n] == rows[i].name[n])
			n++;
		if (prefix[n])
			continue;
		sim_say(text, "%s\"%s\":%" PRIu64, comma, rows[i].name + skip,
			value_at(counters, &rows[i]));
		comma = ",";
	}
	sim_say(text, "}");
}

static void say_timed(struct sim_text *text, const struct gpu_chip *chip)
{
	struct road_gpu_timing_counters c;

	if (!road_gpu_timed_counters(chip, &c))
		return;
	sim_say(text, ",\"resident_warp_cycles\":%" PRIu64 ",\"active_sm_cycles\":%" PRIu64,
		c.resident_warp_cycles, c.active_sm_cycles);
	sim_say(text, ",\"occupancy\":{");
	sim_say_share(text, "achieved", c.resident_warp_cycles,
		      c.active_sm_cycles * chip->params.warps_per_sm);
	sim_say(text, "}");
	say_group(text, "stalls", "gpu.stall.", 10, timed, COUNT(timed), &c);
	say_group(text, "memory", "gpu.memory.", 11, timed, COUNT(timed), &c);
	say_group(text, "shared", "gpu.shared.", 11, timed, COUNT(timed), &c);
	say_group(text, "l1", "gpu.l1.", 7, timed, COUNT(timed), &c);
	say_group(text, "l2", "gpu.l2.", 7, timed, COUNT(timed), &c);
	say_group(text, "dram", "gpu.dram.", 9, timed, COUNT(timed), &c);
	say_group(text, "system", "gpu.system.", 11, timed, COUNT(timed), &c);
}

static void say_note(struct sim_text *text, const struct gpu_chip *chip,
		     const struct gpu_launch_note *note)
{
	static const char *const limits[ROAD_GPU_LIMITS] = {
		[ROAD_GPU_LIMIT_GRID] = "grid",
		[ROAD_GPU_LIMIT_BLOCKS] = "workgroups",
		[ROAD_GPU_LIMIT_WARPS] = "warps",
		[ROAD_GPU_LIMIT_REGISTERS] = "registers",
		[ROAD_GPU_LIMIT_SHARED] = "shared memory",
	};

	sim_say(text, "{\"kernel\":%u,\"kernel_object\":%" PRIu64 ",\"begin_ns\":%" PRIu64,
		note->name, note->kernel_object, note->begin_ps / SIM_PS_PER_NS);
	sim_say(text, ",\"cycles\":%" PRIu64 ",\"workgroups\":%" PRIu64,
		ps_cycles(chip, note->end_ps - note->begin_ps), note->workgroups);
	sim_say(text, ",\"warp_instructions\":%" PRIu64 ",\"thread_instructions\":%" PRIu64,
		note->warp_instructions, note->thread_instructions);
	if (note->timed) {
		sim_say(text, ",\"workgroups_per_sm\":%u,\"warps_per_workgroup\":%u,",
			note->blocks_per_sm, note->warps_per_block);
		sim_say_share(text, "occupancy", note->occupancy_permille, 1000);
		sim_say(text, ",");
		sim_say_share(text, "occupancy_achieved", note->achieved_permille, 1000);
		sim_say(text, ",\"limited_by\":\"%s\"",
			note->limit < ROAD_GPU_LIMITS ? limits[note->limit] : "?");
	}
	sim_say(text, "}");
}

size_t road_gpu_report(void *model, char *out, size_t bytes)
{
	const struct gpu_chip *chip = model;
	struct sim_text text = {out, bytes, 0};
	uint64_t first = chip->noted > GPU_LAUNCH_LOG ? chip->noted - GPU_LAUNCH_LOG : 0;

	say_own(&text, chip);
	say_group(&text, "units", "gpu.unit.", 9, own, COUNT(own), &chip->counters);
	say_group(&text, "faults", "gpu.fault.", 10, own, COUNT(own), &chip->counters);
	say_timed(&text, chip);
	sim_say(&text, ",\"last_launches\":[");
	for (uint64_t i = first; i < chip->noted; i++) {
		sim_say(&text, "%s", i > first ? "," : "");
		say_note(&text, chip, &chip->notes[i % GPU_LAUNCH_LOG]);
	}
	sim_say(&text, "]");
	return text.used;
}
