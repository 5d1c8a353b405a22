/* SPDX-License-Identifier: Apache-2.0 */
#include "simulators/dsa/hazard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "simulators/dsa/hazard_cells.h"

static const char *const pad_names[ROAD_DSA_PADS] = {
	[ROAD_DSA_PAD_L0A] = "L0A", [ROAD_DSA_PAD_L0B] = "L0B", [ROAD_DSA_PAD_L0C] = "L0C",
	[ROAD_DSA_PAD_L1] = "L1",   [ROAD_DSA_PAD_UB] = "UB",   [ROAD_DSA_PAD_BT] = "BT",
};

struct dsa_hazards *dsa_hazards_create(struct dsa_core *core)
{
	struct dsa_hazards *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->core = core;
	for (uint32_t p = 0; p < ROAD_DSA_PADS; p++) {
		uint64_t granules = dsa_ceil(core->params->pad_bytes[p], DSA_GRANULE);

		h->pad[p] = calloc(granules + 1, sizeof(struct dsa_cell));
		if (!h->pad[p]) {
			dsa_hazards_destroy(h);
			return NULL;
		}
	}
	if (!core->setup.memory)
		return h;
	h->shadow = dsa_memory_shadow(core->setup.memory);
	h->remote = calloc((size_t)core->params->cores * ROAD_DSA_QUEUES, sizeof(*h->remote));
	h->inbox = calloc(1, dsa_hazards_inbox_bytes(core->params->cores));
	if (h->shadow && h->remote && h->inbox)
		return h;
	dsa_hazards_destroy(h);
	return NULL;
}

void dsa_hazards_destroy(struct dsa_hazards *h)
{
	if (!h)
		return;
	for (uint32_t p = 0; p < ROAD_DSA_PADS; p++)
		free(h->pad[p]);
	dsa_hazards_forget(h);
	free(h->learned);
	free(h->remote);
	free(h->inbox);
	free(h);
}

void dsa_hazards_begin(struct dsa_hazards *h)
{
	if (!h)
		return;
	for (uint32_t q = 0; q < ROAD_DSA_QUEUES; q++)
		memcpy(h->known[q], h->count, sizeof(h->count));
	h->pair_count = 0;
	h->fresh = true;
	dsa_hazards_forget(h);
}

/* ---- clocks ---- */

static void join(uint32_t *clock, const uint32_t *other)
{
	for (uint32_t q = 0; q < ROAD_DSA_QUEUES; q++)
		clock[q] = clock[q] > other[q] ? clock[q] : other[q];
}

/* What is over for who hears of it once this queue's instructions have completed. */
static void publish(const struct dsa_hazards *h, uint32_t queue, uint32_t *clock)
{
	memcpy(clock, h->known[queue], sizeof(h->known[queue]));
	clock[queue] = h->count[queue];
}

void dsa_hazards_dispatch(struct dsa_hazards *h, struct dsa_entry *entry)
{
	if (h)
		publish(h, ROAD_DSA_QUEUE_S, entry->clock);
}

void dsa_hazards_enter(struct dsa_hazards *h, uint32_t queue, const struct dsa_entry *entry)
{
	if (!h)
		return;
	h->queue = queue;
	h->fresh = true;
	h->count[queue]++;
	if (entry)
		join(h->known[queue], entry->clock);
}

void dsa_hazards_barrier(struct dsa_hazards *h, uint32_t queue)
{
	if (!h)
		return;
	if (queue < ROAD_DSA_QUEUES) {
		h->known[queue][queue] = h->count[queue];
		return;
	}
	for (uint32_t q = 0; q < ROAD_DSA_QUEUES; q++) {
		uint32_t clock[ROAD_DSA_QUEUES];

		publish(h, q, clock);
		join(h->known[ROAD_DSA_QUEUE_S], clock);
	}
}

void dsa_hazards_set(struct dsa_hazards *h, uint32_t source, uint32_t target, uint32_t id)
{
	if (h)
		publish(h, source, h->token[source][target][id]);
}

void dsa_hazards_wait(struct dsa_hazards *h, uint32_t source, uint32_t target, uint32_t id)
{
	if (h)
		join(h->known[target], h->token[source][target][id]);
}

/* ---- accesses ---- */

/* The accesses of each queue that the one at hand is behind: those counted up to here. */
void dsa_hazards_limits(const struct dsa_hazards *h, bool write, struct dsa_access *access)
{
	bool overlaps = h->queue == ROAD_DSA_QUEUE_V && !h->core->params->interlocked && !write;

	memcpy(access->limit[0], h->known[h->queue], sizeof(access->limit[0]));
	memcpy(access->limit[1], h->known[h->queue], sizeof(access->limit[1]));
	access->limit[0][h->queue] = UINT32_MAX;
	/* Of writes: a read in V is behind those alone that a barrier held it for. */
	if (!overlaps)
		access->limit[1][h->queue] = UINT32_MAX;
	access->self.clock = h->count[h->queue];
	access->self.queue = (uint8_t)h->queue;
	access->self.pc = h->core->at_pc;
	access->self.write = write;
	access->self.core = (uint16_t)h->core->setup.index;
}

static bool seen(struct dsa_hazards *h, uint32_t earlier, uint32_t later)
{
	uint64_t pair = (uint64_t)earlier << 32 | later;

	for (uint32_t i = 0; i < h->pair_count; i++)
		if (h->pair[i] == pair)
			return true;
	if (h->pair_count < DSA_HAZARD_PAIRS)
		h->pair[h->pair_count++] = pair;
	return false;
}

void dsa_hazards_report(struct dsa_hazards *h, const struct dsa_record *earlier,
			const struct dsa_record *later, const char *place, uint64_t address)
{
	struct dsa_core *core = h->core;
	char block[24] = "";

	if (seen(h, earlier->pc, later->pc))
		return;
	core->counts.hazards++;
	if (earlier->core != later->core)
		snprintf(block, sizeof(block), "block %u ", earlier->core);
	sim_violation(core->setup.env, core->task->function,
		      "hazard: core %u kernel %u %s+0x%llx: %s%s %s pc %u line %u, "
		      "%s %s pc %u line %u",
		      core->setup.index, core->task->kernel, place, (unsigned long long)address,
		      block, dsa_queue_names[earlier->queue], earlier->write ? "writes" : "reads",
		      earlier->pc, dsa_line(core, earlier->pc), dsa_queue_names[later->queue],
		      later->write ? "writes" : "reads", later->pc, dsa_line(core, later->pc));
}

void dsa_hazards_pad(struct dsa_hazards *h, uint32_t pad, uint64_t offset, uint64_t bytes,
		     bool write)
{
	struct dsa_access access;
	uint64_t end = offset + bytes;

	if (!h || !bytes)
		return;
	dsa_hazards_limits(h, write, &access);
	access.remote = NULL;
	for (uint64_t at = offset; at < end; at = (at / DSA_GRANULE + 1) * DSA_GRANULE) {
		struct dsa_record other = {0};

		access.self.mask = dsa_granule_mask(at, end);
		if (dsa_cell_touch(&h->pad[pad][at / DSA_GRANULE], &access, &other))
			dsa_hazards_report(h, &other, &access.self, pad_names[pad], at);
	}
}
