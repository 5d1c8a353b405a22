/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/layout_walk.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SOON road_deadline_after(UINT64_C(20000000000))

enum { PARTS = 8 };

/* A part as it has to be. */
struct piece {
	road_region_part part;
	uint64_t active, generation;
	road_region *handle;
	road_queue *queue; /* NULL: none is open */
};

struct layout {
	struct layout_walk *walk;
	road_region *root;
	uint32_t units, alignment, least, count, former_count, step;
	bool pending;
	struct piece pieces[PARTS];
	road_region_part former[PARTS];
	uint64_t random, id;
};

static uint32_t below(struct layout *l, uint32_t count)
{
	l->random = l->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)((l->random >> 33) % count);
}

__attribute__((format(printf, 2, 3))) static bool wrong(struct layout *l, const char *format, ...)
{
	char *out = l->walk->wrong;
	int begun = snprintf(out, sizeof(l->walk->wrong), "layout step %u: ", l->step);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(out + begun, sizeof(l->walk->wrong) - (size_t)begun, format, arguments);
	va_end(arguments);
	return false;
}

static bool answers(struct layout *l, const char *what, road_status status, road_status expected)
{
	road_error why = {.size = sizeof(why)};

	if (status == expected)
		return true;
	road_last_error(&why);
	return wrong(l, "%s answers \"%s\", not \"%s\" (%.60s: %.60s)", what,
		     road_status_text(status), road_status_text(expected), why.what, why.seen);
}

/* ---- the reference ---- */

static bool is_same(const road_region_part *a, const road_region_part *b)
{
	return a->first_unit == b->first_unit && a->units == b->units;
}

static bool is_among(const road_region_part *part, const road_region_part *parts, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (is_same(part, &parts[i]))
			return true;
	return false;
}

/* Bit i: part i of now is not among these. */
static uint64_t changing(const struct layout *l, const road_region_part *parts, uint32_t count)
{
	uint64_t mask = 0;

	for (uint32_t i = 0; i < l->count; i++)
		if (!is_among(&l->pieces[i].part, parts, count))
			mask |= UINT64_C(1) << i;
	return mask;
}

static bool is_used(const struct layout *l, uint64_t mask)
{
	for (uint32_t i = 0; i < l->count; i++)
		if (mask >> i & 1 && l->pieces[i].queue)
			return true;
	return false;
}

/* What part i of a proposal is: the first rule that it breaks. */
static road_status judge(const struct layout *l, const road_region_part *parts, uint32_t i)
{
	const uint64_t end = (uint64_t)parts[i].first_unit + parts[i].units;

	if (parts[i].units < l->least || parts[i].first_unit % l->alignment ||
	    parts[i].units % l->alignment)
		return ROAD_INVALID_ARGUMENT;
	if (end > l->units)
		return ROAD_NO_SPACE;
	if (i && parts[i].first_unit < parts[i - 1].first_unit + parts[i - 1].units)
		return ROAD_INVALID_ARGUMENT;
	return ROAD_OK;
}

static road_status predict(const struct layout *l, const road_region_part *parts, uint32_t count)
{
	road_status status = l->pending ? ROAD_BUSY : ROAD_OK;

	for (uint32_t i = 0; i < count && !status; i++)
		status = judge(l, parts, i);
	return status;
}

/* ---- the chip beside it ---- */

static bool goes(struct layout *l, struct piece *piece)
{
	road_region_info info = {.size = sizeof(info)};
	road_status status = road_region_info_get(piece->handle, &info);

	road_region_release(piece->handle);
	*piece = (struct piece){.handle = NULL};
	return answers(l, "the handle of a part that went", status, ROAD_STALE);
}

static bool comes(struct layout *l, uint32_t index, const road_region_part *part)
{
	struct piece *piece = &l->pieces[index];
	road_region_info info = {.size = sizeof(info)};
	road_status status;

	*piece = (struct piece){.part = *part};
	status = road_region_child(l->root, index, &piece->handle);
	if (!status)
		status = road_region_info_get(piece->handle, &info);
	piece->generation = info.generation;
	return answers(l, "a new part", status, ROAD_OK);
}

/* The new parts are there: those of before that are among them stay as they are. */
static bool become(struct layout *l, const road_region_part *parts, uint32_t count)
{
	struct piece old[PARTS];
	const uint32_t old_count = l->count;
	bool right = true;

	memcpy(old, l->pieces, sizeof(old));
	l->count = count;
	for (uint32_t i = 0; i < count && right; i++) {
		uint32_t k = 0;

		while (k < old_count && (!old[k].handle || !is_same(&old[k].part, &parts[i])))
			k++;
		if (k == old_count) {
			right = comes(l, i, &parts[i]);
			continue;
		}
		l->pieces[i] = old[k];
		old[k].handle = NULL;
		l->walk->kept++;
	}
	for (uint32_t k = 0; k < old_count && right; k++)
		right = !old[k].handle || goes(l, &old[k]);
	return right;
}

static bool compare_piece(struct layout *l, uint32_t index)
{
	const struct piece *piece = &l->pieces[index];
	road_region_info info = {.size = sizeof(info)};
	road_region_status now = {.size = sizeof(now)};
	road_region *child = NULL;
	road_status status = road_region_child(l->root, index, &child);

	if (!status)
		status = road_region_info_get(child, &info);
	road_region_release(child);
	if (!answers(l, "a part", status, ROAD_OK))
		return false;
	if (info.first_unit != piece->part.first_unit || info.units != piece->part.units)
		return wrong(l, "part %u is %u+%u, not %u+%u", index, info.first_unit, info.units,
			     piece->part.first_unit, piece->part.units);
	status = road_region_status_get(piece->handle, &now);
	if (!answers(l, "the handle of a part that stays", status, ROAD_OK))
		return false;
	if (now.generation != piece->generation || now.active != piece->active)
		return wrong(l, "part %u has generation %llu, image %016llx, not %llu, %016llx",
			     index, (unsigned long long)now.generation,
			     (unsigned long long)now.active, (unsigned long long)piece->generation,
			     (unsigned long long)piece->active);
	return true;
}

static bool compare(struct layout *l)
{
	road_region_info info = {.size = sizeof(info)};
	road_status status = road_region_info_get(l->root, &info);

	if (!answers(l, "the root", status, ROAD_OK))
		return false;
	if (info.child_count != l->count)
		return wrong(l, "there are %u parts, not %u", info.child_count, l->count);
	for (uint32_t i = 0; i < l->count; i++)
		if (!compare_piece(l, i))
			return false;
	return true;
}

/* ---- steps ---- */

/* Side by side, with gaps; now and then what is there already, or what breaks a rule. */
static uint32_t propose(struct layout *l, road_region_part *parts)
{
	const uint32_t steps = l->units / l->alignment;
	uint32_t count = 0, at = 0;

	if (l->count && !below(l, 4)) { /* all but one stay */
		uint32_t without = below(l, l->count);

		for (uint32_t i = 0; i < l->count; i++)
			if (i != without)
				parts[count++] = l->pieces[i].part;
		return count;
	}
	while (at < steps && count < PARTS && below(l, 6)) {
		uint32_t units = 1 + below(l, steps - at);

		parts[count++] = (road_region_part){.first_unit = at * l->alignment,
						    .units = units * l->alignment};
		at += units + !below(l, 4);
	}
	if (!count || below(l, 6))
		return count;
	switch (below(l, 3)) {
	case 0: parts[count - 1].units = 0; break;
	case 1: parts[count - 1].first_unit = l->units; break;
	default: parts[count - 1].first_unit = 0; break; /* good, where it is the only one */
	}
	return count;
}

static bool check_step(struct layout *l)
{
	road_region_part parts[PARTS];
	const uint32_t count = propose(l, parts);
	const road_status expected = predict(l, parts, count);
	uint64_t drain = 0;
	road_status status = road_layout_check(l->root, parts, count, &drain);

	if (!answers(l, "a check", status, expected))
		return false;
	if (!status && drain != changing(l, parts, count))
		return wrong(l, "the parts that have to drain are %llx, not %llx",
			     (unsigned long long)drain,
			     (unsigned long long)changing(l, parts, count));
	return true;
}

static bool apply(struct layout *l, const road_region_part *parts, uint32_t count)
{
	road_status expected = predict(l, parts, count);

	if (!expected && is_used(l, changing(l, parts, count)))
		expected = ROAD_BUSY;
	if (!answers(l, "an apply", road_layout_apply(l->root, parts, count), expected))
		return false;
	l->walk->refused += expected != ROAD_OK;
	if (expected)
		return true;
	l->pending = true;
	l->walk->applied++;
	l->former_count = l->count;
	for (uint32_t i = 0; i < l->count; i++)
		l->former[i] = l->pieces[i].part;
	return become(l, parts, count);
}

static bool apply_step(struct layout *l)
{
	road_region_part parts[PARTS];
	const uint32_t count = propose(l, parts);

	return apply(l, parts, count);
}

static bool commit_step(struct layout *l)
{
	const road_status expected = l->pending ? ROAD_OK : ROAD_NOT_FOUND;

	l->pending = false;
	return answers(l, "a commit", road_layout_commit(l->root), expected);
}

static bool revert_step(struct layout *l)
{
	road_status expected = l->pending ? ROAD_OK : ROAD_NOT_FOUND;

	if (l->pending && is_used(l, changing(l, l->former, l->former_count)))
		expected = ROAD_BUSY;
	if (!answers(l, "a revert", road_layout_revert(l->root), expected))
		return false;
	l->walk->refused += expected == ROAD_BUSY;
	if (expected)
		return true;
	l->walk->reverted++;
	l->pending = false;
	return become(l, l->former, l->former_count);
}

static road_status open_queue(struct layout *l, road_region *region, road_queue **out)
{
	const road_queue_options options = {.size = sizeof(options), .region = region};

	return road_queue_create(l->walk->space, &options, out);
}

/* A part gets a queue and an image, or gives the queue back; what is split takes none itself. */
static bool use_step(struct layout *l)
{
	struct piece *piece = l->count ? &l->pieces[below(l, l->count)] : NULL;
	road_reconfiguration what = {.size = sizeof(what),
				     .verb = ROAD_RECONFIGURE_ACTIVATE,
				     .slot = ROAD_SLOT_ANY,
				     .config = l->walk->config};
	road_queue *none = NULL;
	road_point point = {0};
	road_status status;

	if (!piece)
		return true;
	if (piece->queue) {
		road_queue_release(piece->queue);
		piece->queue = NULL;
		return answers(l, "a queue of what is split", open_queue(l, l->root, &none),
			       ROAD_BUSY);
	}
	status = open_queue(l, piece->handle, &piece->queue);
	if (!status)
		status = road_queue_reconfigure(piece->queue, &what, &point);
	if (!status)
		status = road_point_wait(point, SOON);
	piece->active = l->id;
	return answers(l, "an activation in a part", status, ROAD_OK);
}

static bool one_step(struct layout *l)
{
	const uint32_t dice = below(l, 16);
	bool right;

	if (dice < 3)
		right = check_step(l);
	else if (dice < 7)
		right = apply_step(l);
	else if (dice < 9)
		right = commit_step(l);
	else if (dice < 11)
		right = revert_step(l);
	else
		right = use_step(l);
	return right && compare(l);
}

/* ---- begin and end ---- */

static bool begin(struct layout *l)
{
	road_region_info info = {.size = sizeof(info)};
	road_config_info config = {.size = sizeof(config)};
	road_status status = road_region_root(l->walk->device, &l->root);

	if (!status)
		status = road_region_info_get(l->root, &info);
	if (!status)
		status = road_config_info_get(l->walk->config, &config);
	l->units = info.units;
	l->alignment = info.unit_alignment ? info.unit_alignment : 1;
	l->least = info.units_min ? info.units_min : 1;
	l->id = config.id;
	return answers(l, "the beginning", status, ROAD_OK);
}

/* One piece again, whatever was; it was split, so nothing is left of what it held. */
static bool end(struct layout *l)
{
	const road_region_part all = {.units = l->units};
	bool right = true;

	for (uint32_t i = 0; i < l->count; i++) {
		road_queue_release(l->pieces[i].queue);
		l->pieces[i].queue = NULL;
	}
	if (l->pending)
		right = commit_step(l);
	return right && apply(l, &all, 1) && commit_step(l) && apply(l, NULL, 0) &&
	       commit_step(l) && compare(l);
}

int layout_walk_run(struct layout_walk *walk)
{
	struct layout l = {.walk = walk, .random = walk->seed * UINT64_C(0x9e3779b97f4a7c15) + 1};
	bool right = begin(&l);

	for (; right && l.step < walk->steps; l.step++) {
		right = one_step(&l);
		walk->parts = l.count > walk->parts ? l.count : walk->parts;
	}
	right = right && end(&l);
	for (uint32_t i = 0; i < l.count; i++) {
		road_queue_release(l.pieces[i].queue);
		road_region_release(l.pieces[i].handle);
	}
	road_region_release(l.root);
	return right ? 0 : 1;
}
