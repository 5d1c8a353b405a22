/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/region_walk.h"

#include <stdarg.h>
#include <stdio.h>

#include "tests/support/layout_walk.h"
#include "tests/support/region_reference.h"

#define SOON road_deadline_after(UINT64_C(20000000000))

enum { NOTHING = WALK_CONFIGS_MAX };

struct walker {
	struct region_walk *walk;
	struct reference reference;
	road_region *root;
	road_queue *queues[WALK_QUEUES];
	uint64_t ids[WALK_CONFIGS_MAX], random;
	uint32_t step, saved_of; /* whose state the buffer has; NOTHING: of none */
};

static uint32_t below(struct walker *w, uint32_t count)
{
	w->random = w->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)((w->random >> 33) % count);
}

__attribute__((format(printf, 2, 3))) static bool wrong(struct walker *w, const char *format, ...)
{
	char *out = w->walk->wrong;
	size_t room = sizeof(w->walk->wrong);
	int begun = snprintf(out, room, "step %u: ", w->step);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(out + begun, room - (size_t)begun, format, arguments);
	va_end(arguments);
	return false;
}

/* ---- the chip beside the reference ---- */

/* A slot that a failed load took may hold what was there, what was to come, or nothing. */
static bool is_excused(struct walker *w, uint32_t slot, uint64_t seen,
		       const struct reference_step *failed)
{
	const struct reference *r = &w->reference;

	return failed && (!seen || seen == failed->config) && !reference_pinned(r, (int)slot) &&
	       r->active != (int)slot;
}

static bool compare_slot(struct walker *w, uint32_t slot, const struct reference_step *failed)
{
	struct reference_slot *expected = &w->reference.slot[slot];
	road_slot_info info = {.size = sizeof(info)};
	road_status status = road_region_slot(w->root, slot, &info);

	for (uint32_t i = 0; !status && info.state == ROAD_SLOT_LOADING && i < 1000000; i++)
		status = road_region_slot(w->root, slot, &info); /* a hint is being followed */
	if (status)
		return wrong(w, "slot %u answers \"%s\"", slot, road_status_text(status));
	if (info.state == ROAD_SLOT_FAULT)
		info.config = 0;
	if (info.config != expected->config && is_excused(w, slot, info.config, failed))
		*expected = (struct reference_slot){.config = info.config, .doubtful = true};
	bool active = info.state == ROAD_SLOT_ACTIVE;

	if (info.config != expected->config || active != (w->reference.active == (int)slot))
		return wrong(w, "slot %u holds %016llx (state %u), not %016llx", slot,
			     (unsigned long long)info.config, info.state,
			     (unsigned long long)expected->config);
	if (info.config && !info.pinned != !reference_pinned(&w->reference, (int)slot))
		return wrong(w, "slot %u is%s pinned", slot, info.pinned ? "" : " not");
	return true;
}

static bool compare(struct walker *w, const struct reference_step *failed)
{
	const struct reference *r = &w->reference;
	road_region_status now = {.size = sizeof(now)};
	road_status status = road_region_status_get(w->root, &now);

	if (status)
		return wrong(w, "the region's status answers \"%s\"", road_status_text(status));
	if (now.active != reference_active(r) || !now.quarantined != !r->quarantined)
		return wrong(w, "active is %016llx (quarantined %u), not %016llx (%u)",
			     (unsigned long long)now.active, now.quarantined,
			     (unsigned long long)reference_active(r), r->quarantined);
	if (!r->quarantined && (now.previous != r->previous || now.safe != r->safe))
		return wrong(w, "previous, safe are %016llx, %016llx, not %016llx, %016llx",
			     (unsigned long long)now.previous, (unsigned long long)now.safe,
			     (unsigned long long)r->previous, (unsigned long long)r->safe);
	for (uint32_t i = 0; i < r->slots; i++)
		if (!compare_slot(w, i, failed))
			return false;
	return true;
}

/* ---- steps ---- */

static const uint32_t verbs[] = {
	ROAD_RECONFIGURE_LOAD,     ROAD_RECONFIGURE_LOAD,     ROAD_RECONFIGURE_PREFETCH,
	ROAD_RECONFIGURE_PIN,      ROAD_RECONFIGURE_UNPIN,    ROAD_RECONFIGURE_UNPIN,
	ROAD_RECONFIGURE_EVICT,    ROAD_RECONFIGURE_ACTIVATE, ROAD_RECONFIGURE_ACTIVATE,
	ROAD_RECONFIGURE_ACTIVATE, ROAD_RECONFIGURE_ROLLBACK, ROAD_RECONFIGURE_RESET};

static bool names_config(uint32_t verb)
{
	return verb != ROAD_RECONFIGURE_ROLLBACK && verb != ROAD_RECONFIGURE_RESET;
}

static uint32_t active_config(const struct walker *w)
{
	for (uint32_t i = 0; i < w->walk->config_count; i++)
		if (w->ids[i] == reference_active(&w->reference))
			return i;
	return NOTHING;
}

/* Some activations save the state of what goes, or take back what was saved. */
static uint32_t choose_switch(struct walker *w, uint32_t *config)
{
	uint32_t dice = w->walk->state ? below(w, 16) : 3;

	if (dice == 0 && active_config(w) != NOTHING)
		return ROAD_RECONFIGURE_SWAP;
	if (dice != 1 || w->saved_of == NOTHING)
		return ROAD_RECONFIGURE_ACTIVATE;
	*config = w->saved_of;
	return ROAD_RECONFIGURE_RESTORE;
}

static void choose(struct walker *w, struct reference_step *step, road_reconfiguration *what)
{
	uint32_t config = below(w, w->walk->config_count);
	uint32_t verb = verbs[below(w, sizeof(verbs) / sizeof(verbs[0]))];

	if (verb == ROAD_RECONFIGURE_RESET && below(w, 8))
		verb = ROAD_RECONFIGURE_ACTIVATE;
	if (verb == ROAD_RECONFIGURE_ACTIVATE)
		verb = choose_switch(w, &config);
	*what = (road_reconfiguration){.size = sizeof(*what), .verb = verb, .slot = ROAD_SLOT_ANY};
	what->on_failure = below(w, 3);
	if (names_config(verb))
		what->config = w->walk->configs[config];
	if (verb == ROAD_RECONFIGURE_SWAP || verb == ROAD_RECONFIGURE_RESTORE) {
		what->buffer = w->walk->state;
		what->buffer_bytes = w->walk->state_bytes;
	}
	if (verb == ROAD_RECONFIGURE_ROLLBACK)
		what->target = below(w, 3);
	if ((verb == ROAD_RECONFIGURE_LOAD || verb == ROAD_RECONFIGURE_ACTIVATE) && !below(w, 4))
		what->slot = below(w, w->reference.slots);
	*step = (struct reference_step){.verb = verb,
					.wish = what->slot,
					.target = what->target,
					.on_failure = what->on_failure,
					.config = names_config(verb) ? w->ids[config] : 0};
}

/* A phase that this step goes through. */
static void choose_failure(struct walker *w, struct reference_step *step)
{
	struct reference_outcome outcome = reference_predict(&w->reference, step);

	if (!w->walk->fail_next || below(w, 20) || step->verb == ROAD_RECONFIGURE_PREFETCH ||
	    (outcome.loads && step->verb == ROAD_RECONFIGURE_ROLLBACK))
		return;
	if (outcome.loads && below(w, 2))
		step->fails_in = ROAD_PHASE_TRANSFER + below(w, 2);
	else if (outcome.switches)
		step->fails_in = ROAD_PHASE_COMMIT + below(w, 3);
	if (!step->fails_in)
		return;
	w->walk->failures++;
	w->walk->fail_next(w->walk->user, step->fails_in);
}

static bool compare_result(struct walker *w, const struct reference_step *step,
			   const struct reference_outcome *outcome,
			   const road_reconfigure_result *result)
{
	const struct reference *r = &w->reference;
	road_status status = step->fails_in ? ROAD_FAULT : outcome->status;

	if (result->status != status)
		return wrong(w, "the result of verb %u is \"%s\", not \"%s\"", step->verb,
			     road_status_text(result->status), road_status_text(status));
	if (step->fails_in && result->phase != step->fails_in)
		return wrong(w, "it failed in phase %u, not %u", result->phase, step->fails_in);
	if (step->verb == ROAD_RECONFIGURE_PREFETCH)
		return true;
	if (!status && !(result->flags & ROAD_RESULT_HIT) != !outcome->hit)
		return wrong(w, "verb %u: a hit, or none", step->verb);
	if (result->active != reference_active(r) ||
	    !(result->flags & ROAD_RESULT_QUARANTINED) != !r->quarantined)
		return wrong(w, "the result says that %016llx is active (flags %x), not %016llx",
			     (unsigned long long)result->active, result->flags,
			     (unsigned long long)reference_active(r));
	return true;
}

/* Submits it, waits; false: neither accepted nor refused as it has to be. */
static bool submit(struct walker *w, road_queue *queue, const road_reconfiguration *what,
		   road_status expected, bool *accepted)
{
	road_point point;
	road_status status = road_queue_reconfigure(queue, what, &point);

	*accepted = !status;
	if (!status)
		status = road_point_wait(point, SOON);
	if (status != expected) {
		road_error why = {.size = sizeof(why)};

		road_last_error(&why);
		return wrong(w, "verb %u answers \"%s\", not \"%s\" (%.60s: %.60s)", what->verb,
			     road_status_text(status), road_status_text(expected), why.where,
			     why.what);
	}
	return true;
}

/* Where a hint went nobody is told: the slot that shows it. */
static uint32_t slot_of(struct walker *w, uint64_t config)
{
	road_slot_info info = {.size = sizeof(info)};

	for (uint32_t i = 0; i < w->reference.slots; i++)
		if (!road_region_slot(w->root, i, &info) && info.config == config)
			return i;
	return ROAD_SLOT_ANY;
}

static bool command_step(struct walker *w)
{
	road_reconfigure_result result = {.size = sizeof(result), .status = 77};
	road_queue *queue = w->queues[below(w, WALK_QUEUES)];
	struct reference_step step;
	road_reconfiguration what;
	bool accepted, was_bad = w->reference.quarantined;

	choose(w, &step, &what);
	choose_failure(w, &step);
	struct reference_outcome outcome = reference_predict(&w->reference, &step);
	road_status expected = step.fails_in ? ROAD_FAULT : outcome.status;
	uint32_t going = active_config(w);

	what.result = &result;
	if (!submit(w, queue, &what, expected, &accepted))
		return false;
	if (accepted && was_bad)
		return wrong(w, "a region in quarantine takes work");
	w->walk->hits += outcome.hit;
	w->walk->loads += outcome.loads;
	w->walk->switches += outcome.switches;
	if (step.verb == ROAD_RECONFIGURE_SWAP)
		w->saved_of = expected ? NOTHING : going; /* who fails may have saved, or not */
	w->walk->swaps += step.verb == ROAD_RECONFIGURE_SWAP && !expected;
	w->walk->restores += step.verb == ROAD_RECONFIGURE_RESTORE && !expected;
	if (!accepted)
		return result.status == 77 || wrong(w, "a result of what was refused");
	uint32_t slot =
		step.verb == ROAD_RECONFIGURE_PREFETCH ? slot_of(w, step.config) : result.slot;

	if (!reference_do(&w->reference, &step, slot))
		return wrong(w, "verb %u took slot %u", step.verb, slot);
	w->walk->quarantines += !was_bad && w->reference.quarantined;
	if (!compare_result(w, &step, &outcome, &result))
		return false;
	if (expected && road_queue_reset(queue))
		return wrong(w, "a queue is not reset");
	return compare(w, step.fails_in ? &step : NULL);
}

/* Work that names an image, or none; with another one active it fails, or brings its own. */
static bool launch_step(struct walker *w)
{
	const bool named = below(w, 8), was_bad = w->reference.quarantined;
	const uint32_t config = named ? below(w, w->walk->config_count) : 0;
	struct reference_step step = {.verb = REFERENCE_LAUNCH,
				      .wish = ROAD_SLOT_ANY,
				      .config = w->ids[config],
				      .brings = !named || below(w, 2)};
	struct reference_outcome outcome = reference_predict(&w->reference, &step);
	road_queue *queue = w->queues[below(w, WALK_QUEUES)];
	road_point point;
	road_status status =
		w->walk->launch(w->walk->user, queue, named ? step.config : 0,
				named && step.brings ? ROAD_LAUNCH_ACTIVATE : 0, &point);
	const bool accepted = !status;

	if (accepted)
		status = road_point_wait(point, SOON);
	if (status != outcome.status || (accepted && was_bad))
		return wrong(w, "a launch answers \"%s\", not \"%s\"", road_status_text(status),
			     road_status_text(outcome.status));
	if (!status && !w->walk->worked(w->walk->user))
		return wrong(w, "a launch did not do its work");
	w->walk->launches += !status;
	w->walk->mismatches += status == ROAD_CONFIG_MISMATCH;
	w->walk->brought += outcome.switches;
	w->walk->loads += outcome.loads;
	w->walk->switches += outcome.switches;
	if (!reference_do(&w->reference, &step, slot_of(w, step.config)))
		return wrong(w, "a launch took slot %u", slot_of(w, step.config));
	if (accepted && status && road_queue_reset(queue))
		return wrong(w, "a queue is not reset");
	return compare(w, NULL);
}

static road_status open_queues(struct walker *w)
{
	road_status status = ROAD_OK;

	for (int i = 0; i < WALK_QUEUES && !status; i++)
		status = road_queue_create(w->walk->space, NULL, &w->queues[i]);
	return status;
}

static void close_queues(struct walker *w)
{
	for (int i = 0; i < WALK_QUEUES; i++) {
		road_queue_release(w->queues[i]);
		w->queues[i] = NULL;
	}
}

/* Parts come and go; then it is one piece again. Not while its own queues are open. */
static bool layout_step(struct walker *w)
{
	const road_region_part whole = {.units = 1};
	struct layout_walk walk = {.device = w->walk->device,
				   .space = w->walk->space,
				   .config = w->walk->configs[0],
				   .seed = below(w, 1u << 30),
				   .steps = 24};

	if (road_layout_apply(w->root, &whole, 1) != ROAD_BUSY)
		return wrong(w, "a region with queues is split");
	close_queues(w);
	if (layout_walk_run(&walk))
		return wrong(w, "%s", walk.wrong);
	w->step += walk.steps;
	w->walk->applied += walk.applied;
	w->walk->reverted += walk.reverted;
	w->walk->kept += walk.kept;
	w->walk->refused += walk.refused;
	reference_wipe(&w->reference);
	if (open_queues(w))
		return wrong(w, "behind a layout there is no queue");
	return compare(w, NULL);
}

static bool safe_step(struct walker *w)
{
	uint32_t config = below(w, w->walk->config_count + 1);
	bool none = config == w->walk->config_count;
	road_status status = road_region_set_safe(w->root, none ? NULL : w->walk->configs[config]);
	road_status expected = reference_set_safe(&w->reference, none ? 0 : w->ids[config]);

	if (status != expected)
		return wrong(w, "setting the safe image answers \"%s\", not \"%s\"",
			     road_status_text(status), road_status_text(expected));
	return compare(w, NULL);
}

static bool release_step(struct walker *w)
{
	road_status status = road_region_release_quarantine(w->root);
	road_status expected = reference_release(&w->reference);

	if (status != expected)
		return wrong(w, "ending a quarantine answers \"%s\", not \"%s\"",
			     road_status_text(status), road_status_text(expected));
	return compare(w, NULL);
}

static bool reset_step(struct walker *w)
{
	road_region_info info = {.size = sizeof(info)};
	road_status status = road_device_reset(w->walk->device, ROAD_RESET_DEVICE);

	if (status)
		return wrong(w, "the reset answers \"%s\"", road_status_text(status));
	if (road_region_info_get(w->root, &info) != ROAD_STALE)
		return wrong(w, "a handle outlives a reset");
	road_region_release(w->root);
	w->root = NULL;
	status = road_region_root(w->walk->device, &w->root);
	for (int i = 0; i < WALK_QUEUES && !status; i++)
		status = road_queue_reset(w->queues[i]);
	if (status)
		return wrong(w, "behind a reset: \"%s\"", road_status_text(status));
	reference_reset(&w->reference, w->reference.slots);
	w->saved_of = NOTHING; /* memory may be lost */
	w->walk->resets++;
	return compare(w, NULL);
}

static bool one_step(struct walker *w)
{
	uint32_t dice = below(w, 200);

	if (w->reference.quarantined && dice < 100)
		return release_step(w);
	if (!dice)
		return reset_step(w);
	if (dice < 3)
		return release_step(w);
	if (dice == 3 && w->walk->layouts && !w->reference.quarantined)
		return layout_step(w);
	if (dice < 15)
		return safe_step(w);
	return dice < 50 && w->walk->launch ? launch_step(w) : command_step(w);
}

static bool begin(struct walker *w)
{
	road_region_info info = {.size = sizeof(info)};
	road_config_info config = {.size = sizeof(config)};
	road_status status = road_region_root(w->walk->device, &w->root);

	if (!status)
		status = road_region_info_get(w->root, &info);
	if (!status)
		status = open_queues(w);
	for (uint32_t i = 0; i < w->walk->config_count && !status; i++) {
		status = road_config_info_get(w->walk->configs[i], &config);
		w->ids[i] = config.id;
	}
	if (status || info.slots > REFERENCE_SLOTS)
		return wrong(w, "the beginning: \"%s\"", road_status_text(status));
	w->reference.keeps = w->walk->keeps;
	reference_reset(&w->reference, info.slots);
	return true;
}

int region_walk_run(struct region_walk *walk)
{
	struct walker w = {.walk = walk,
			   .saved_of = NOTHING,
			   .random = walk->seed * UINT64_C(0x9e3779b97f4a7c15) + 1};
	bool right = begin(&w);

	walk->wrong[0] = right ? 0 : walk->wrong[0];
	for (; right && w.step < walk->steps; w.step++)
		right = one_step(&w);
	close_queues(&w);
	road_region_release(w.root);
	return right ? 0 : 1;
}
