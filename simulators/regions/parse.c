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

#define EQUAL    ROAD_REGION_RULE_EQUAL
#define AT_LEAST ROAD_REGION_RULE_AT_LEAST
#define AT_MOST  ROAD_REGION_RULE_AT_MOST

static struct region_finding find_reserved(const struct road_region_op *what)
{
	for (size_t i = 0; i < sizeof(what->reserved) / sizeof(what->reserved[0]); i++)
		if (what->reserved[i])
			return (struct region_finding){
				true, FIELD(reserved) + i * sizeof(what->reserved[0]),
				what->reserved[i], EQUAL, 0};
	return (struct region_finding){.bad = false};
}

/* The first field that is not valid. */
static struct region_finding find_bad(const struct region_op *op)
{
	const struct road_region_op *what = &op->what;
	const uint32_t needs = what->verb < ROAD_REGION_VERBS ? region_verbs[what->verb].needs : 0;
	const bool buffer = needs & VERB_BUFFER, image = what->image_bytes != 0;
	const bool switches = needs & VERB_SWITCH;
	const uint32_t drains = switches ? DRAIN_REFUSE : 0;
	const uint32_t policies = switches ? FAILURE_QUARANTINE : 0;
	const uint32_t targets = needs & VERB_TARGET ? TARGET_INITIAL : 0;
	const uint32_t slots = needs & VERB_SLOT ? op->unit->setup.slots : 0;
	const struct region_finding rules[] = {
		{what->verb >= ROAD_REGION_VERBS, FIELD(verb), what->verb, AT_MOST,
		 ROAD_REGION_VERBS - 1},
		{what->region != op->region, FIELD(region), what->region, EQUAL, op->region},
		{what->slot != ROAD_REGION_SLOT_ANY && what->slot >= slots, FIELD(slot), what->slot,
		 slots ? AT_MOST : EQUAL, slots ? slots - 1 : ROAD_REGION_SLOT_ANY},
		{what->drain > drains, FIELD(drain), what->drain, AT_MOST, drains},
		{what->on_failure > policies, FIELD(on_failure), what->on_failure, AT_MOST,
		 policies},
		{what->target > targets, FIELD(target), what->target, AT_MOST, targets},
		{what->flags & ~ROAD_REGION_OP_LOSE_MEMORY, FIELD(flags), what->flags,
		 ROAD_REGION_RULE_BITS, ROAD_REGION_OP_LOSE_MEMORY},
		{!what->config != !(needs & VERB_CONFIG), FIELD(config), what->config,
		 what->config ? EQUAL : AT_LEAST, !what->config},
		{image && !(needs & VERB_IMAGE), FIELD(image_bytes), what->image_bytes, EQUAL, 0},
		{what->image && !image, FIELD(image), what->image, EQUAL, 0},
		{what->buffer && !buffer, FIELD(buffer), what->buffer, EQUAL, 0},
		{buffer && !what->buffer_bytes, FIELD(buffer_bytes), 0, AT_LEAST, 1},
		{what->buffer_bytes > (buffer ? UINT32_MAX : 0), FIELD(buffer_bytes),
		 what->buffer_bytes, AT_MOST, buffer ? UINT32_MAX : 0},
		{what->report % 64 != 0, FIELD(report), what->report, ROAD_REGION_RULE_MULTIPLE,
		 64},
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].bad)
			return rules[i];
	return find_reserved(what);
}

enum region_outcome region_parse(struct region_op *op)
{
	const uint64_t generation = op->unit->regions[op->region].mine[op->function].generation;
	const uint32_t features = op->unit->setup.features;
	const struct region_finding bad = find_bad(op);

	if (bad.bad) {
		if (bad.at == FIELD(report))
			op->what.report = 0;
		return region_op_refuse(op, ROAD_REGION_ERROR_OP, 0, bad);
	}
	if (op->what.generation != generation)
		return region_op_refuse(op, ROAD_REGION_ERROR_STALE, 0,
					(struct region_finding){true, FIELD(generation),
								op->what.generation, EQUAL,
								generation});
	if (!(features & REGION_SWITCHES))
		return region_op_fail(op, ROAD_REGION_ERROR_UNSUPPORTED, 0, FIELD(verb));
	if (region_verbs[op->what.verb].feature & ~features)
		return region_op_fail(op, ROAD_REGION_ERROR_UNSUPPORTED, 0, FIELD(verb));
	if (op->what.drain == DRAIN_ITERATION && !(features & REGION_STATE))
		return region_op_fail(op, ROAD_REGION_ERROR_UNSUPPORTED, 0, FIELD(drain));
	return OUTCOME_OK;
}
