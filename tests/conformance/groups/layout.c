/* SPDX-License-Identifier: Apache-2.0 */
/* A chip in several parts, each a region of its own. */
#include "tests/conformance/groups/regions.h"

static void apply(road_region *root, const road_region_part *parts, uint32_t count)
{
	CHECK_OK(road_layout_apply(root, parts, count));
	CHECK_OK(road_layout_commit(root));
}

static void check_copies(struct fixture *f, road_queue *queue)
{
	uint64_t there = fixture_random(f), back = 0;
	road_buffer *buffer = fixture_buffer(f, 64);
	road_point point;

	CHECK_OK(road_queue_write(queue, buffer, 8, &there, 8, NULL));
	CHECK_OK(road_queue_read(queue, &back, buffer, 8, 8, &point));
	CHECK_OK(road_point_wait(point, SOON));
	CHECK_EQ(back, there);
}

/* Work of the family, under image `which`, in that region's queue. */
static void check_runs(struct fixture *f, road_queue *queue, uint32_t which)
{
	check_copies(f, queue);
	CHECK_STATUS(region_work(f, queue, which, ROAD_LAUNCH_ACTIVATE), ROAD_OK);
}

CONFORMANCE_CASE(layout, layout_full_device)
{
	road_region *root = region_root(f);
	road_region_info info = region_info(root);
	road_region_part all = {.first_unit = 0, .units = info.units};

	CHECK_EQ(info.index, 0);
	CHECK_EQ(info.child_count, 0);
	apply(root, &all, 1);
	CHECK_EQ(region_info(root).child_count, 1);
	road_region *child = region_child(f, root, 0);

	CHECK_EQ(region_info(child).units, info.units);
	road_queue *queue = region_queue(f, child);

	check_runs(f, queue, 0);
}

CONFORMANCE_CASE(layout, layout_split_two_isolated)
{
	road_region_part parts[2];
	road_region *root = region_split(f, parts);
	road_region *a = region_child(f, root, 0), *b = region_child(f, root, 1);
	road_queue *qa = region_queue(f, a), *qb = region_queue(f, b);

	CHECK_OK(region_verb(f, qa, ROAD_RECONFIGURE_ACTIVATE, 0, NULL));
	CHECK_EQ(region_status(a).active, region_id(f, 0));
	CHECK_EQ(region_status(b).active, 0);
	CHECK_OK(region_verb(f, qb, ROAD_RECONFIGURE_ACTIVATE, 1, NULL));
	CHECK_EQ(region_status(a).active, region_id(f, 0));
	CHECK_EQ(region_status(b).active, region_id(f, 1));
	/* each runs its own, and not the other's */
	CHECK_STATUS(region_work(f, qa, 0, 0), ROAD_OK);
	CHECK_STATUS(region_work(f, qb, 1, 0), ROAD_OK);
	CHECK_STATUS(region_work(f, qa, 1, 0), ROAD_CONFIG_MISMATCH);
	CHECK_STATUS(region_work(f, qb, 0, 0), ROAD_CONFIG_MISMATCH);
	CHECK_STATUS(region_work(f, qb, 1, 0), ROAD_OK);
}

CONFORMANCE_CASE(layout, layout_overlap_busy)
{
	road_region *root = region_root(f);
	road_region_info info = region_info(root);
	road_region_part parts[2];

	region_two_parts(&info, parts);
	parts[1].first_unit = 0;
	CHECK_STATUS(road_layout_check(root, parts, 2, NULL), ROAD_INVALID_ARGUMENT);
	CHECK_STATUS(road_layout_apply(root, parts, 2), ROAD_INVALID_ARGUMENT);
	CHECK_EQ(region_info(root).child_count, 0);
	region_two_parts(&info, parts);
	apply(root, parts, 2);
	/* what a queue uses is busy */
	road_queue *queue = region_queue(f, region_child(f, root, 1));
	road_region_part all = {.first_unit = 0, .units = info.units};
	uint64_t drain = 0;

	CHECK_OK(road_layout_check(root, &all, 1, &drain));
	CHECK_EQ(drain, 3); /* both change */
	CHECK_STATUS(road_layout_apply(root, &all, 1), ROAD_BUSY);
	CHECK_EQ(region_info(root).child_count, 2);
	check_runs(f, queue, 0);
	/* a region that is split runs nothing itself */
	road_queue_options options = {.size = sizeof(options), .region = root};
	road_queue *none = NULL;

	CHECK_STATUS(road_queue_create(f->space, &options, &none), ROAD_BUSY);
}

CONFORMANCE_CASE(layout, layout_align_enforced)
{
	road_region *root = region_root(f);
	road_region_info info = region_info(root);

	REQUIRE(info.unit_alignment >= 1);
	CHECK_EQ(info.units % info.unit_alignment, 0);
	if (info.unit_alignment == 1) {
		case_note("any unit may begin a part");
		return;
	}
	road_region_part part = {.first_unit = 1, .units = info.unit_alignment};

	CHECK_STATUS(road_layout_check(root, &part, 1, NULL), ROAD_INVALID_ARGUMENT);
	part = (road_region_part){.first_unit = 0, .units = info.unit_alignment + 1};
	CHECK_STATUS(road_layout_check(root, &part, 1, NULL), ROAD_INVALID_ARGUMENT);
	CHECK_EQ(region_info(root).child_count, 0);
}

CONFORMANCE_CASE(layout, layout_min_max_enforced)
{
	road_region *root = region_root(f);
	road_region_info info = region_info(root);
	road_region_part part = {.first_unit = 0, .units = info.units_min};

	REQUIRE(info.units_min >= 1);
	CHECK_OK(road_layout_check(root, &part, 1, NULL));
	part.units = info.units_min - 1;
	CHECK_STATUS(road_layout_check(root, &part, 1, NULL), ROAD_INVALID_ARGUMENT);
	part.units = info.units + info.unit_alignment;
	CHECK_STATUS(road_layout_check(root, &part, 1, NULL), ROAD_NO_SPACE);
	part = (road_region_part){.first_unit = info.units, .units = info.units_min};
	CHECK_STATUS(road_layout_check(root, &part, 1, NULL), ROAD_NO_SPACE);
	part = (road_region_part){.first_unit =
					  UINT32_MAX / info.unit_alignment * info.unit_alignment,
				  .units = info.units_min};
	CHECK_STATUS(road_layout_check(root, &part, 1, NULL), ROAD_NO_SPACE);
	road_region_part many[ROAD_REGION_PARTS_MAX + 1] = {{0}};

	CHECK_STATUS(road_layout_check(root, many, ROAD_REGION_PARTS_MAX + 1, NULL),
		     ROAD_INVALID_ARGUMENT);
	CHECK_EQ(region_info(root).child_count, 0);
}

CONFORMANCE_CASE(layout, layout_memory_quota_enforced)
{
	uint64_t quarter = f->info.memory_bytes / 4;
	road_region *root = region_root(f);
	road_region_info info = region_info(root);
	road_region_part parts[2];

	REQUIRE(quarter > 0);
	region_two_parts(&info, parts);
	apply(root, parts, 2);
	if (!region_info(region_child(f, root, 0)).memory_bytes)
		case_unsupported("its parts share all memory");
	parts[0].memory_bytes = 3 * quarter;
	parts[1].memory_bytes = 2 * quarter;
	CHECK_STATUS(road_layout_check(root, parts, 2, NULL), ROAD_NO_SPACE);
	parts[1].memory_bytes = quarter;
	apply(root, parts, 2);
	CHECK_EQ(region_info(region_child(f, root, 0)).memory_bytes, 3 * quarter);
	CHECK_EQ(region_info(region_child(f, root, 1)).memory_bytes, quarter);
}

static road_space *space_of(struct fixture *f, road_region *region)
{
	const road_space_options options = {.size = sizeof(options), .region = region};
	road_space *space = NULL;

	CHECK_OK(road_space_create(f->device, &options, &space));
	return space;
}

static road_status take(road_space *space, uint32_t heap, uint64_t bytes, road_buffer **out)
{
	const road_buffer_options options = {.size = sizeof(options), .heap = heap, .bytes = bytes};

	return road_buffer_create(space, &options, out);
}

/* Spaces of a region use up its share of memory together, and no other's; what they took is theirs
 * until they give it back. */
CONFORMANCE_CASE(layout, layout_memory_share_kept)
{
	const uint64_t share = f->info.memory_bytes / 8;
	road_region *root = region_root(f);
	road_region_info info = region_info(root);
	road_region_part parts[2], all = {.first_unit = 0, .units = info.units};
	road_buffer *half = NULL, *rest = NULL, *more = NULL;
	road_error error = {.size = sizeof(error)};

	region_two_parts(&info, parts);
	apply(root, parts, 2);
	if (!region_info(region_child(f, root, 0)).memory_bytes)
		case_unsupported("its parts share all memory");
	parts[0].memory_bytes = parts[1].memory_bytes = share;
	apply(root, parts, 2);
	road_region *a = region_child(f, root, 0), *b = region_child(f, root, 1);
	road_space *one = space_of(f, a), *two = space_of(f, a);
	road_queue_options options = {.size = sizeof(options), .region = b};
	road_queue *queue = NULL;

	CHECK_OK(take(one, ROAD_HEAP_DEVICE, share / 2, &half));
	CHECK_STATUS(take(two, ROAD_HEAP_DEVICE, share / 2 + 1, &more), ROAD_OUT_OF_DEVICE_MEMORY);
	CHECK_OK(road_last_error(&error));
	CHECK(strstr(error.what, "share") && error.seen[0] && error.allowed[0]);
	CHECK_OK(take(two, ROAD_HEAP_DEVICE, share / 2, &rest));
	CHECK_STATUS(take(one, ROAD_HEAP_DEVICE, 1, &more), ROAD_OUT_OF_DEVICE_MEMORY);
	road_buffer_release(half);
	CHECK_OK(take(two, ROAD_HEAP_DEVICE, 1, &more));
	/* it has queues of its own region, and that one does not change under buffers */
	CHECK_STATUS(road_queue_create(one, &options, &queue), ROAD_INVALID_ARGUMENT);
	options.region = NULL;
	CHECK_OK(road_queue_create(one, &options, &queue));
	CHECK_STATUS(road_layout_apply(root, &all, 1), ROAD_BUSY);
	road_queue_release(queue);
	CHECK_STATUS(road_layout_apply(root, &all, 1), ROAD_BUSY);
	road_buffer_release(more);
	road_buffer_release(rest);
	apply(root, &all, 1);
	CHECK_STATUS(take(one, ROAD_HEAP_DEVICE, 1, &more), ROAD_STALE);
	CHECK_STATUS(take(one, ROAD_HEAP_HOST, 1, &more), ROAD_STALE);
	CHECK_STATUS(road_queue_create(one, &options, &queue), ROAD_STALE);
	road_space_release(one);
	road_space_release(two);
}

CONFORMANCE_CASE(layout, layout_revert_restores)
{
	road_region_part parts[2];
	road_region *root = region_split(f, parts);
	road_region *a = region_child(f, root, 0), *b = region_child(f, root, 1);
	road_region_part all = {.first_unit = 0, .units = region_info(root).units};

	CHECK_STATUS(road_layout_revert(root), ROAD_NOT_FOUND);
	CHECK_STATUS(road_layout_commit(root), ROAD_NOT_FOUND);
	CHECK_OK(road_layout_apply(root, &all, 1));
	CHECK_EQ(region_info(root).child_count, 1);
	road_region *gone = region_child(f, root, 0);
	road_region_info info = {.size = sizeof(info)};

	CHECK_STATUS(road_region_info_get(a, &info), ROAD_STALE);
	CHECK_STATUS(road_layout_apply(root, parts, 2), ROAD_BUSY); /* one at a time */
	CHECK_OK(road_layout_revert(root));
	CHECK_EQ(region_info(root).child_count, 2);
	CHECK_STATUS(road_region_info_get(gone, &info), ROAD_STALE);
	for (uint32_t i = 0; i < 2; i++) {
		info = region_info(region_child(f, root, i));
		CHECK_EQ(info.first_unit, parts[i].first_unit);
		CHECK_EQ(info.units, parts[i].units);
	}
	check_runs(f, region_queue(f, region_child(f, root, 1)), 0);
	(void)b;
}

CONFORMANCE_CASE(layout, layout_query_lists)
{
	road_region_part parts[2];
	road_region *root = region_split(f, parts), *none = NULL;
	uint32_t units = 0;

	for (uint32_t i = 0; i < region_info(root).child_count; i++) {
		road_region_info info = region_info(region_child(f, root, i));

		CHECK_EQ(info.first_unit, units);
		CHECK_EQ(info.slots, region_info(root).slots);
		CHECK(info.index != 0);
		CHECK(!(info.flags & ROAD_REGION_LAYOUT));
		units += info.units;
	}
	CHECK_EQ(units, region_info(root).units);
	CHECK_STATUS(road_region_child(root, 2, &none), ROAD_NOT_FOUND);
	CHECK_STATUS(road_region_child(region_child(f, root, 0), 0, &none), ROAD_NOT_FOUND);
}

CONFORMANCE_CASE(layout, layout_independent_progress)
{
	road_region_part parts[2];
	road_region *root = region_split(f, parts);
	road_queue *qa = region_queue(f, region_child(f, root, 0));
	road_queue *qb = region_queue(f, region_child(f, root, 1));
	road_point endless;

	/* one region works and does not end; the other one goes on, switches included */
	region_occupy(f, qa, qb, &endless);
	for (uint32_t i = 0; i < 2; i++)
		CHECK_OK(region_verb(f, qb, ROAD_RECONFIGURE_ACTIVATE, i % 2, NULL));
	check_runs(f, qb, 1);
	CHECK(region_runs(endless));
	CHECK_OK(road_queue_reset(qa));
	check_runs(f, qa, 0);
}

CONFORMANCE_CASE(layout, layout_fault_contained)
{
	road_region_part parts[2];
	road_region *root = region_split(f, parts);
	road_queue *qa = region_queue(f, region_child(f, root, 0));
	road_queue *qb = region_queue(f, region_child(f, root, 1));
	uint64_t arguments[2] = {8, 1}; /* nothing is mapped there */
	road_launch bad = fixture_launch_of(f, "poke", arguments, 2);
	road_point point;

	check_runs(f, qb, 0);
	CHECK_OK(road_queue_launch(qa, &bad, &point));
	CHECK_STATUS(road_point_wait(point, SOON), ROAD_FAULT);
	check_runs(f, qb, 0);
	CHECK_EQ(region_status(region_child(f, root, 1)).quarantined, 0);
	CHECK_OK(road_queue_reset(qa));
	check_runs(f, qa, 0);
}

CONFORMANCE_CASE(layout, layout_check_has_no_effect)
{
	road_region *root = region_root(f);
	road_region_info before = region_info(root), after;
	road_region_part parts[2];

	region_two_parts(&before, parts);
	for (int i = 0; i < 3; i++)
		CHECK_OK(road_layout_check(root, parts, 2, NULL));
	after = region_info(root);
	CHECK_EQ(after.generation, before.generation);
	CHECK_EQ(after.child_count, 0);
	CHECK_STATUS(road_layout_commit(root), ROAD_NOT_FOUND);
	check_runs(f, region_queue(f, root), 0);
}

CONFORMANCE_CASE(layout, sibling_keeps_running)
{
	road_region_part parts[2], less[1];
	road_region *root = region_split(f, parts);
	road_region *a = region_child(f, root, 0), *b = region_child(f, root, 1);
	road_queue *queue = region_queue(f, a);
	road_region_info before = region_info(a), gone = {.size = sizeof(gone)};
	uint64_t drain = 0;

	CHECK_OK(region_verb(f, queue, ROAD_RECONFIGURE_ACTIVATE, 0, NULL));
	struct region_work work = region_launch(f, queue, 0, 0);

	less[0] = parts[0];
	CHECK_OK(road_layout_check(root, less, 1, &drain));
	CHECK_EQ(drain, 2); /* the second one alone */
	apply(root, less, 1);
	CHECK_STATUS(region_proof(queue, &work), ROAD_OK);
	CHECK_STATUS(road_region_info_get(b, &gone), ROAD_STALE);
	CHECK_EQ(region_info(a).generation, before.generation);
	CHECK_EQ(region_status(a).active, region_id(f, 0));
	CHECK_STATUS(region_work(f, queue, 0, 0), ROAD_OK);
}

/* ---- what it is, told in several places ---- */

static bool property_of(struct fixture *f, const char *name, uint64_t *value)
{
	road_property property = {.size = sizeof(property)};

	if (road_device_property(f->device, name, &property) || property.type != ROAD_VALUE_U64)
		return false;
	*value = property.u64;
	return true;
}

static void check_configs_fit(struct fixture *f, const road_region_info *root)
{
	for (uint32_t i = 0; i < REGION_CONFIGS; i++) {
		road_config_info info = {.size = sizeof(info)};

		CHECK_OK(road_config_info_get(region_config(f, i), &info));
		CHECK_EQ(info.fabric, root->fabric);
		CHECK(info.units >= 1 && info.units <= root->units);
		CHECK(info.bytes >= 1 && info.bytes <= root->slot_bytes);
		CHECK(info.load_ns >= root->load_ns);
		CHECK_OK(road_config_check(region_config(f, i), region_root(f)));
	}
}

CONFORMANCE_CASE(query, fabric_geometry_consistent)
{
	road_region_info root = region_info(region_root(f)), part;
	uint64_t value, memory = 0;

	CHECK_EQ(root.index, 0);
	CHECK_EQ(root.first_unit, 0);
	CHECK(root.flags & ROAD_REGION_SWITCHES);
	CHECK(root.unit_name[0] && memchr(root.unit_name, 0, sizeof(root.unit_name)));
	CHECK(root.unit_alignment >= 1 && root.units % root.unit_alignment == 0);
	CHECK(root.units_min >= 1 && root.units_min <= root.units);
	CHECK(root.slots >= 1 && root.slot_bytes >= 1);
	if (property_of(f, "compute.units", &value)) /* a unit of a region has one or more */
		CHECK(value >= root.units);
	if (property_of(f, "compute.fabric_id", &value))
		CHECK_EQ(value, root.fabric);
	check_configs_fit(f, &root);
	if (!fixture_has(f, CAPABILITY_LAYOUT))
		return;
	/* parts are made of the same stuff, and of no more */
	road_region_part parts[2];
	road_region *region = region_split(f, parts);

	for (uint32_t i = 0; i < 2; i++) {
		part = region_info(region_child(f, region, i));
		CHECK_EQ(part.fabric, root.fabric);
		CHECK_EQ(part.slots, root.slots);
		CHECK_EQ(part.slot_bytes, root.slot_bytes);
		CHECK(!strcmp(part.unit_name, root.unit_name));
		CHECK_EQ(part.units, parts[i].units);
		memory += part.memory_bytes;
	}
	CHECK(memory <= f->info.memory_bytes);
}
