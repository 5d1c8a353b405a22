/* SPDX-License-Identifier: Apache-2.0 */
/* The first phase: every field of the op, and the verbs' table. */
#include "simulators/regions/internal.h"
#include "simulators/regions/verbs.h"

const struct region_verb_row region_verbs[ROAD_REGION_VERBS] = {
	[ROAD_REGION_VERB_LOAD] = {"load", VERB_CONFIG | VERB_IMAGE | VERB_SLOT, 0},
	[ROAD_REGION_VERB_PREFETCH] = {"prefetch", VERB_CONFIG | VERB_IMAGE | VERB_SLOT, 0},
	[ROAD_REGION_VERB_PIN] = {"pin", VERB_CONFIG, 0},
	[ROAD_REGION_VERB_UNPIN] = {"unpin", VERB_CONFIG, 0},
	[ROAD_REGION_VERB_EVICT] = {"evict", VERB_CONFIG, 0},
	[ROAD_REGION_VERB_ACTIVATE] = {"activate",
				       VERB_CONFIG | VERB_IMAGE | VERB_SLOT | VERB_SWITCH, 0},
	[ROAD_REGION_VERB_SWAP] = {"swap",
				   VERB_CONFIG | VERB_IMAGE | VERB_SLOT | VERB_SWITCH | VERB_BUFFER,
				   REGION_STATE},
	[ROAD_REGION_VERB_RESTORE] = {"restore",
				      VERB_CONFIG | VERB_IMAGE | VERB_SLOT | VERB_SWITCH |
					      VERB_BUFFER,
				      REGION_STATE},
	[ROAD_REGION_VERB_READ_BACK] = {"read back", VERB_CONFIG | VERB_BUFFER, REGION_READ_BACK},
	[ROAD_REGION_VERB_ROLLBACK] = {"rollback", VERB_SWITCH | VERB_TARGET, 0},
	[ROAD_REGION_VERB_RESET] = {"reset", VERB_SWITCH, 0},
};

#define FIELD(member) offsetof(struct road_region_op, member)

static uint64_t find_reserved(const struct road_region_op *what)
{
	for (size_t i = 0; i < sizeof(what->reserved) / sizeof(what->reserved[0]); i++)
		if (what->reserved[i])
			return FIELD(reserved) + i * sizeof(what->reserved[0]);
	return 0;
}

/* Byte offset of the first field that is not valid; UINT64_MAX: all are. */
static uint64_t find_bad(const struct region_op *op)
{
	const struct road_region_op *what = &op->what;
	const uint32_t needs = what->verb < ROAD_REGION_VERBS ? region_verbs[what->verb].needs : 0;
	const bool buffer = needs & VERB_BUFFER, image = what->image_bytes != 0;
	const struct {
		bool bad;
		uint64_t at;
	} rules[] = {
		{what->verb >= ROAD_REGION_VERBS, FIELD(verb)},
		{what->region != op->region, FIELD(region)},
		{what->slot != ROAD_REGION_SLOT_ANY &&
			 (!(needs & VERB_SLOT) || what->slot >= op->unit->setup.slots),
		 FIELD(slot)},
		{what->drain > DRAIN_REFUSE || (what->drain && !(needs & VERB_SWITCH)),
		 FIELD(drain)},
		{what->on_failure > FAILURE_QUARANTINE ||
			 (what->on_failure && !(needs & VERB_SWITCH)),
		 FIELD(on_failure)},
		{what->target > TARGET_INITIAL || (what->target && !(needs & VERB_TARGET)),
		 FIELD(target)},
		{what->flags & ~ROAD_REGION_OP_LOSE_MEMORY, FIELD(flags)},
		{!what->config != !(needs & VERB_CONFIG), FIELD(config)},
		{image && !(needs & VERB_IMAGE), FIELD(image_bytes)},
		{what->image && !image, FIELD(image)},
		{what->buffer && !buffer, FIELD(buffer)},
		{!what->buffer_bytes != !buffer || what->buffer_bytes > UINT32_MAX,
		 FIELD(buffer_bytes)},
		{what->report % 64 != 0, FIELD(report)},
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].bad)
			return rules[i].at;
	return find_reserved(what) ? find_reserved(what) : UINT64_MAX;
}

enum region_outcome region_parse(struct region_op *op)
{
	const struct region *region = &op->unit->regions[op->region];
	const uint32_t features = op->unit->setup.features;
	uint64_t bad = find_bad(op);

	if (bad != UINT64_MAX) {
		if (bad == FIELD(report))
			op->what.report = 0;
		return region_op_fail(op, ROAD_REGION_ERROR_OP, 0, bad);
	}
	if (op->what.generation != region->generation)
		return region_op_fail(op, ROAD_REGION_ERROR_STALE, 0, FIELD(generation));
	if (!(features & REGION_SWITCHES))
		return region_op_fail(op, ROAD_REGION_ERROR_UNSUPPORTED, 0, FIELD(verb));
	if (region_verbs[op->what.verb].feature & ~features)
		return region_op_fail(op, ROAD_REGION_ERROR_UNSUPPORTED, 0, FIELD(verb));
	if (op->what.drain == DRAIN_ITERATION && !(features & REGION_STATE))
		return region_op_fail(op, ROAD_REGION_ERROR_UNSUPPORTED, 0, FIELD(drain));
	return OUTCOME_OK;
}
