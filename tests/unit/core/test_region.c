/* SPDX-License-Identifier: Apache-2.0 */
/* Regions: handles and what makes them stale, layouts, safe images, quarantine. */
#include "tests/unit/core/fake/fixture.h"

static const road_region_part halves[] = {{.units = 4}, {.first_unit = 4, .units = 4}};
static const road_region_part quarters[] = {
	{.units = 4}, {.first_unit = 4, .units = 2}, {.first_unit = 6, .units = 2}};

static road_region *child_of(road_region *region, uint32_t index)
{
	road_region *child = NULL;

	CU_ASSERT_EQUAL_FATAL(road_region_child(region, index, &child), ROAD_OK);
	return child;
}

static road_status is_good(road_region *region)
{
	road_region_info info = {.size = sizeof(info)};

	return road_region_info_get(region, &info);
}

static void close_queue(struct fake *k)
{
	road_queue_release(k->f.queue);
	k->f.queue = NULL;
}

static void a_device_without_regions_has_none(void)
{
	struct fixture f = setup("host:");
	road_region *region = NULL;
	road_config *config = NULL;
	road_reconfiguration what = {.size = sizeof(what), .verb = ROAD_RECONFIGURE_RESET};
	uint8_t hash[32] = {0};

	CU_ASSERT_EQUAL(road_region_root(f.device, &region), ROAD_UNSUPPORTED);
	CU_ASSERT_EQUAL(road_config_create(f.device, "x", 1, &config), ROAD_UNSUPPORTED);
	CU_ASSERT_EQUAL(road_config_attach(f.device, hash, &config), ROAD_UNSUPPORTED);
	CU_ASSERT_EQUAL(road_queue_reconfigure(f.queue, &what, NULL), ROAD_UNSUPPORTED);
	teardown(&f);
}

static void a_region_says_what_it_is(void)
{
	struct fake k = fake_setup(FAKE_FEATURES);
	road_region_info info = {.size = sizeof(info)};
	road_region_status status = {.size = sizeof(status)};
	road_slot_info slot = {.size = sizeof(slot)};
	road_region *child = NULL;

	CU_ASSERT_EQUAL(road_region_info_get(k.root, &info), ROAD_OK);
	CU_ASSERT_EQUAL(info.units, FAKE_UNITS);
	CU_ASSERT_EQUAL(info.slots, FAKE_SLOTS);
	CU_ASSERT_EQUAL(road_region_status_get(k.root, &status), ROAD_OK);
	CU_ASSERT_EQUAL(status.generation, info.generation);
	CU_ASSERT_EQUAL(road_region_slot(k.root, FAKE_SLOTS - 1, &slot), ROAD_OK);
	CU_ASSERT_EQUAL(slot.state, ROAD_SLOT_EMPTY);
	CU_ASSERT_EQUAL(road_region_slot(k.root, FAKE_SLOTS, &slot), ROAD_NOT_FOUND);
	CU_ASSERT_EQUAL(road_region_child(k.root, 0, &child), ROAD_NOT_FOUND);
	CU_ASSERT_EQUAL(road_region_info_get(k.root, NULL), ROAD_INVALID_ARGUMENT);
	fake_teardown(&k);
}

static void a_reset_makes_all_handles_stale(void)
{
	struct fake k = fake_setup(FAKE_FEATURES);
	road_region_status status = {.size = sizeof(status)};
	road_slot_info slot = {.size = sizeof(slot)};
	road_region_info info = {.size = sizeof(info)};
	road_region *root = NULL, *child = NULL;
	road_queue_options options = {.size = sizeof(options), .region = k.root};
	road_queue *queue = NULL;
	road_config *config = config_of(&k, "image");

	road_config *safe = config_of(&k, "safe");

	CU_ASSERT_EQUAL(reconfigure(k.f.queue, ROAD_RECONFIGURE_LOAD, safe, NULL), ROAD_OK);
	CU_ASSERT_EQUAL(road_region_set_safe(k.root, safe), ROAD_OK);
	road_config_release(safe);
	CU_ASSERT_EQUAL_FATAL(road_queue_create(k.f.space, &options, &queue), ROAD_OK);
	CU_ASSERT_EQUAL(k.door->open_now, 1);
	CU_ASSERT_EQUAL(road_device_reset(k.f.device, ROAD_RESET_DEVICE), ROAD_OK);
	CU_ASSERT_EQUAL(k.door->open_now, 0); /* nobody needs it any more */
	CU_ASSERT_EQUAL(road_region_info_get(k.root, &info), ROAD_STALE);
	CU_ASSERT_EQUAL(road_region_status_get(k.root, &status), ROAD_STALE);
	CU_ASSERT_EQUAL(road_region_slot(k.root, 0, &slot), ROAD_STALE);
	CU_ASSERT_EQUAL(road_region_child(k.root, 0, &child), ROAD_STALE);
	CU_ASSERT_EQUAL(road_region_set_safe(k.root, NULL), ROAD_STALE);
	CU_ASSERT_EQUAL(road_region_release_quarantine(k.root), ROAD_STALE);
	CU_ASSERT_EQUAL(road_layout_check(k.root, halves, 2, NULL), ROAD_STALE);
	CU_ASSERT_EQUAL(road_layout_apply(k.root, halves, 2), ROAD_STALE);
	CU_ASSERT_EQUAL(road_layout_commit(k.root), ROAD_STALE);
	CU_ASSERT_EQUAL(road_layout_revert(k.root), ROAD_STALE);
	CU_ASSERT_EQUAL(road_config_check(config, k.root), ROAD_STALE);
	CU_ASSERT_EQUAL(road_queue_create(k.f.space, &options, &queue), ROAD_STALE);
	CU_ASSERT_EQUAL_FATAL(road_region_root(k.f.device, &root), ROAD_OK);
	CU_ASSERT_EQUAL(road_region_info_get(root, &info), ROAD_OK);

	/* A queue of the root is one of the new root; one of that handle is not. */
	CU_ASSERT_EQUAL(reconfigure(k.f.queue, ROAD_RECONFIGURE_RESET, NULL, NULL), ROAD_CANCELLED);
	CU_ASSERT_EQUAL(road_queue_reset(k.f.queue), ROAD_OK);
	CU_ASSERT_EQUAL(k.door->queue_generation, info.generation);
	CU_ASSERT_EQUAL(reconfigure(k.f.queue, ROAD_RECONFIGURE_ACTIVATE, config, NULL), ROAD_OK);
	CU_ASSERT_EQUAL(k.door->generation, info.generation);
	CU_ASSERT_EQUAL(road_queue_reset(queue), ROAD_OK);
	CU_ASSERT_EQUAL(reconfigure(queue, ROAD_RECONFIGURE_ACTIVATE, config, NULL), ROAD_STALE);
	CU_ASSERT_EQUAL(road_queue_status(queue, NULL), ROAD_STALE);
	road_region_release(root);
	road_config_release(config);
	road_queue_release(queue);
	fake_teardown(&k);
}

static void wrong_parts_are_named(void)
{
	struct fake k = fake_setup(FAKE_FEATURES);
	const struct {
		road_region_part parts[2];
		road_status status;
		const char *says;
	} rows[] = {
		{{{0, 4, 0}, {2, 4, 0}}, ROAD_INVALID_ARGUMENT, "parts[1]"},
		{{{4, 4, 0}, {0, 6, 0}}, ROAD_INVALID_ARGUMENT, "overlaps"},
		{{{1, 2, 0}, {4, 4, 0}}, ROAD_INVALID_ARGUMENT, "misaligned"},
		{{{0, 3, 0}, {4, 4, 0}}, ROAD_INVALID_ARGUMENT, "misaligned"},
		{{{0, 4, 0}, {4, 0, 0}}, ROAD_INVALID_ARGUMENT, "too small"},
		{{{0, 4, 0}, {4, 6, 0}}, ROAD_NO_SPACE, "parts[1]"},
		{{{0, 4, 0}, {4294967294u, 2, 0}}, ROAD_NO_SPACE, "parts[1]"},
		{{{0, 4, 4096}, {4, 4, 4097}}, ROAD_NO_SPACE, "memory"},
		{{{0, 4, 1}, {4, 4, UINT64_MAX}}, ROAD_NO_SPACE, "parts[1]"},
		{{{0, 4, 4096}, {4, 4, 4096}}, ROAD_OK, ""},
	};
	uint64_t drain = 99;

	close_queue(&k);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CU_ASSERT_EQUAL(road_layout_check(k.root, rows[i].parts, 2, &drain),
				rows[i].status);
		CU_ASSERT(!rows[i].status || error_says(rows[i].says));
		CU_ASSERT_EQUAL(drain, rows[i].status ? 99 : 0);
		if (rows[i].status)
			CU_ASSERT_EQUAL(road_layout_apply(k.root, rows[i].parts, 2),
					rows[i].status);
	}
	CU_ASSERT_EQUAL(road_layout_check(k.root, NULL, 1, NULL), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_layout_check(k.root, halves, 17, NULL), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_layout_commit(k.root), ROAD_NOT_FOUND);
	CU_ASSERT_EQUAL(road_layout_revert(k.root), ROAD_NOT_FOUND);
	fake_teardown(&k);
}

static void children_that_stay_keep_their_handles(void)
{
	struct fake k = fake_setup(FAKE_FEATURES);
	uint64_t drain = 0;

	close_queue(&k);
	CU_ASSERT_EQUAL_FATAL(road_layout_apply(k.root, halves, 2), ROAD_OK);
	CU_ASSERT_EQUAL(road_layout_apply(k.root, quarters, 3), ROAD_BUSY);
	CU_ASSERT_EQUAL(road_layout_check(k.root, quarters, 3, NULL), ROAD_BUSY);
	CU_ASSERT_EQUAL(road_layout_commit(k.root), ROAD_OK);
	CU_ASSERT_EQUAL(road_layout_commit(k.root), ROAD_NOT_FOUND);
	road_region *left = child_of(k.root, 0), *right = child_of(k.root, 1);
	road_queue_options options = {.size = sizeof(options), .region = left};
	road_queue *queue = NULL;

	CU_ASSERT_EQUAL(road_queue_create(k.f.space, NULL, &queue), ROAD_BUSY);
	CU_ASSERT_EQUAL_FATAL(road_queue_create(k.f.space, &options, &queue), ROAD_OK);
	CU_ASSERT_EQUAL(road_layout_check(left, quarters, 3, NULL), ROAD_UNSUPPORTED);
	CU_ASSERT_EQUAL(road_layout_check(k.root, quarters, 3, &drain), ROAD_OK);
	CU_ASSERT_EQUAL(drain, 2);
	CU_ASSERT_EQUAL(is_good(right), ROAD_OK); /* a check changes nothing */
	CU_ASSERT_EQUAL(road_layout_apply(k.root, quarters, 3), ROAD_OK);
	CU_ASSERT_EQUAL(is_good(left), ROAD_OK);
	CU_ASSERT_EQUAL(is_good(right), ROAD_STALE);
	CU_ASSERT_EQUAL(reconfigure(queue, ROAD_RECONFIGURE_RESET, NULL, NULL), ROAD_OK);
	road_region *third = child_of(k.root, 2);

	CU_ASSERT_EQUAL(road_layout_revert(k.root), ROAD_OK);
	CU_ASSERT_EQUAL(is_good(left), ROAD_OK);
	CU_ASSERT_EQUAL(is_good(third), ROAD_STALE);
	CU_ASSERT_EQUAL(is_good(right), ROAD_STALE); /* it is another one now */
	CU_ASSERT_EQUAL(reconfigure(queue, ROAD_RECONFIGURE_RESET, NULL, NULL), ROAD_OK);
	CU_ASSERT_EQUAL(is_good(k.root), ROAD_OK);
	road_region_release(left);
	road_region_release(right);
	road_region_release(third);
	road_queue_release(queue);
	fake_teardown(&k);
}

static void what_changes_must_be_idle(void)
{
	struct fake k = fake_setup(FAKE_FEATURES);

	CU_ASSERT_EQUAL(road_layout_apply(k.root, halves, 2), ROAD_BUSY); /* a queue of the root */
	CU_ASSERT(error_says("region 0 has 1"));
	close_queue(&k);
	k.door->buffers_live = true;
	CU_ASSERT_EQUAL(road_layout_apply(k.root, halves, 2), ROAD_BUSY); /* says the driver */
	k.door->buffers_live = false;
	CU_ASSERT_EQUAL(road_layout_apply(k.root, halves, 2), ROAD_OK);
	CU_ASSERT_EQUAL(road_layout_commit(k.root), ROAD_OK);
	road_region *right = child_of(k.root, 1);
	road_queue_options options = {.size = sizeof(options), .region = right};
	road_queue *queue = NULL;

	CU_ASSERT_EQUAL_FATAL(road_queue_create(k.f.space, &options, &queue), ROAD_OK);
	CU_ASSERT_EQUAL(road_layout_apply(k.root, quarters, 3), ROAD_BUSY);
	CU_ASSERT_EQUAL(road_layout_apply(k.root, NULL, 0), ROAD_BUSY);
	road_queue_release(queue);
	CU_ASSERT_EQUAL(road_layout_apply(k.root, NULL, 0), ROAD_OK); /* one piece again */
	CU_ASSERT_EQUAL(is_good(right), ROAD_STALE);
	CU_ASSERT_EQUAL_FATAL(road_queue_create(k.f.space, NULL, &k.f.queue), ROAD_OK);
	CU_ASSERT_EQUAL(reconfigure(k.f.queue, ROAD_RECONFIGURE_RESET, NULL, NULL), ROAD_OK);
	CU_ASSERT_EQUAL(road_layout_commit(k.root), ROAD_OK);
	road_region_release(right);
	fake_teardown(&k);
}

/* Whoever else may lay the chip out committed it: then there is nothing to commit or to revert
 * here, and nothing that a further layout would have to wait for. */
static void a_layout_that_somebody_ended_is_over(void)
{
	struct fake k = fake_setup(FAKE_FEATURES);

	close_queue(&k);
	CU_ASSERT_EQUAL(road_layout_apply(k.root, halves, 2), ROAD_OK);
	CU_ASSERT_EQUAL(road_layout_apply(k.root, quarters, 3), ROAD_BUSY);
	k.door->settle();
	CU_ASSERT_EQUAL(road_layout_commit(k.root), ROAD_NOT_FOUND);
	CU_ASSERT_EQUAL(road_layout_apply(k.root, quarters, 3), ROAD_OK);
	CU_ASSERT_EQUAL(road_layout_commit(k.root), ROAD_OK);
	CU_ASSERT_EQUAL(road_layout_apply(k.root, NULL, 0), ROAD_OK);
	k.door->settle();
	CU_ASSERT_EQUAL(road_layout_revert(k.root), ROAD_NOT_FOUND);
	CU_ASSERT_EQUAL(road_layout_check(k.root, halves, 2, NULL), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_queue_create(k.f.space, NULL, &k.f.queue), ROAD_OK);
	fake_teardown(&k);
}

static road_region *root_of(struct fake *k)
{
	road_region *root = NULL;

	CU_ASSERT_EQUAL_FATAL(road_region_root(k->f.device, &root), ROAD_OK);
	return root;
}

/* What was open before a reset keeps no layout from the regions of now. */
static void queues_of_before_a_reset_keep_nothing(void)
{
	struct fake k = fake_setup(FAKE_FEATURES);
	road_queue_options options = {.size = sizeof(options)};
	road_queue *before = NULL;

	close_queue(&k);
	CU_ASSERT_EQUAL(road_layout_apply(k.root, halves, 2), ROAD_OK);
	CU_ASSERT_EQUAL(road_layout_commit(k.root), ROAD_OK);
	road_region *child = options.region = child_of(k.root, 0);

	CU_ASSERT_EQUAL_FATAL(road_queue_create(k.f.space, &options, &before), ROAD_OK);
	CU_ASSERT_EQUAL(road_device_reset(k.f.device, ROAD_RESET_DEVICE), ROAD_OK);
	road_region *root = root_of(&k);

	CU_ASSERT_EQUAL(road_layout_apply(root, halves, 2), ROAD_OK);
	CU_ASSERT_EQUAL(road_layout_commit(root), ROAD_OK);
	CU_ASSERT_EQUAL(road_layout_apply(root, NULL, 0), ROAD_OK); /* not kept by `before` */
	CU_ASSERT_EQUAL(road_layout_commit(root), ROAD_OK);
	road_queue_release(before);
	CU_ASSERT_EQUAL(road_layout_apply(root, halves, 2), ROAD_OK);
	CU_ASSERT_EQUAL(road_layout_commit(root), ROAD_OK);
	road_region_release(child);
	options.region = child = child_of(root, 0);
	CU_ASSERT_EQUAL_FATAL(road_queue_create(k.f.space, &options, &before), ROAD_OK);
	CU_ASSERT_EQUAL(road_layout_apply(root, NULL, 0), ROAD_BUSY); /* that one does */
	road_queue_release(before);
	road_region_release(child);
	road_region_release(root);
	fake_teardown(&k);
}

/* One of the root comes into the new root when it is reset, if that takes queues then. */
static void a_queue_of_the_root_counts_again_when_reset(void)
{
	struct fake k = fake_setup(FAKE_FEATURES);

	CU_ASSERT_EQUAL(road_device_reset(k.f.device, ROAD_RESET_DEVICE), ROAD_OK);
	road_region *root = root_of(&k);

	CU_ASSERT_EQUAL(road_layout_apply(root, halves, 2), ROAD_OK);
	CU_ASSERT_EQUAL(road_queue_reset(k.f.queue), ROAD_BUSY);
	CU_ASSERT(error_says("children"));
	CU_ASSERT_EQUAL(road_layout_revert(root), ROAD_OK);
	CU_ASSERT_EQUAL(road_queue_reset(k.f.queue), ROAD_OK);
	CU_ASSERT_EQUAL(reconfigure(k.f.queue, ROAD_RECONFIGURE_RESET, NULL, NULL), ROAD_OK);
	CU_ASSERT_EQUAL(road_layout_apply(root, halves, 2), ROAD_BUSY);
	CU_ASSERT_EQUAL(road_queue_reset(k.f.queue), ROAD_OK); /* it counts once */
	close_queue(&k);
	CU_ASSERT_EQUAL(road_layout_apply(root, halves, 2), ROAD_OK);
	road_region_release(root);
	fake_teardown(&k);
}

/* Nor does one that is closed meanwhile: its reset is too late. */
static void a_closed_queue_is_not_counted_again(void)
{
	struct fake k = fake_setup(FAKE_FEATURES);

	CU_ASSERT_EQUAL(road_device_reset(k.f.device, ROAD_RESET_DEVICE), ROAD_OK);
	road_region *root = root_of(&k);

	CU_ASSERT_EQUAL(road_space_close(k.f.space), ROAD_OK);
	CU_ASSERT_EQUAL(road_queue_reset(k.f.queue), ROAD_STALE);
	CU_ASSERT_EQUAL(road_layout_apply(root, halves, 2), ROAD_OK);
	road_region_release(root);
	fake_teardown(&k);
}

static void a_reset_of_the_region_lets_go_of_the_safe_image(void)
{
	struct fake k = fake_setup(FAKE_FEATURES);
	road_config *safe = config_of(&k, "safe");
	road_region_status status = {.size = sizeof(status)};

	CU_ASSERT_EQUAL(reconfigure(k.f.queue, ROAD_RECONFIGURE_LOAD, safe, NULL), ROAD_OK);
	CU_ASSERT_EQUAL(road_region_set_safe(k.root, safe), ROAD_OK);
	road_config_release(safe);
	CU_ASSERT_EQUAL(k.door->open_now, 1);
	CU_ASSERT_EQUAL(reconfigure(k.f.queue, ROAD_RECONFIGURE_RESET, NULL, NULL), ROAD_OK);
	CU_ASSERT_EQUAL(is_good(k.root), ROAD_OK); /* the core looks */
	CU_ASSERT_EQUAL(k.door->open_now, 0);
	CU_ASSERT_EQUAL(road_region_status_get(k.root, &status), ROAD_OK);
	CU_ASSERT_EQUAL(status.safe, 0);
	fake_teardown(&k);
}

static void a_region_of_another_device_is_refused(void)
{
	struct fake k = fake_setup(FAKE_FEATURES);
	struct fixture other = setup("host:");
	road_queue_options options = {.size = sizeof(options), .region = k.root};
	road_queue *queue = NULL;

	CU_ASSERT_EQUAL(road_queue_create(other.space, &options, &queue), ROAD_UNSUPPORTED);
	teardown(&other);
	fake_teardown(&k);
}

static void a_safe_image_stays_without_its_handle(void)
{
	struct fake k = fake_setup(FAKE_FEATURES);
	road_config *safe = config_of(&k, "safe"), *bad = config_of(&k, "bad");
	road_reconfiguration what = command(ROAD_RECONFIGURE_ACTIVATE, bad, NULL);
	road_region_status status = {.size = sizeof(status)};
	uint64_t id = id_of(safe);
	road_point point;

	CU_ASSERT_EQUAL(road_region_set_safe(k.root, safe), ROAD_NOT_FOUND); /* not resident */
	CU_ASSERT_EQUAL(reconfigure(k.f.queue, ROAD_RECONFIGURE_LOAD, safe, NULL), ROAD_OK);
	CU_ASSERT_EQUAL(road_region_set_safe(k.root, safe), ROAD_OK);
	CU_ASSERT_EQUAL(k.door->open_now, 1);
	road_config_release(safe);
	CU_ASSERT_EQUAL(k.door->open_now, 1);
	CU_ASSERT_EQUAL(road_region_status_get(k.root, &status), ROAD_OK);
	CU_ASSERT_EQUAL(status.safe, id);
	what.on_failure = ROAD_FAILURE_SAFE;
	k.door->fail_phase = ROAD_PHASE_COMMIT;
	CU_ASSERT_EQUAL(road_queue_reconfigure(k.f.queue, &what, &point), ROAD_OK);
	CU_ASSERT_EQUAL(road_point_wait(point, soon()), ROAD_FAULT);
	CU_ASSERT_EQUAL(active_in(k.root), id);
	CU_ASSERT_EQUAL(road_region_set_safe(k.root, NULL), ROAD_OK);
	CU_ASSERT_EQUAL(k.door->open_now, 1); /* the other one */
	road_config_release(bad);
	CU_ASSERT_EQUAL(k.door->open_now, 0);
	fake_teardown(&k);
}

static void a_region_in_quarantine_refuses_work(void)
{
	struct fake k = fake_setup(FAKE_FEATURES);
	road_config *config = config_of(&k, "image");
	road_reconfigure_result result;
	road_queue *queue = NULL;

	for (int i = 0; i < 3; i++) {
		CU_ASSERT_EQUAL(road_region_release_quarantine(k.root), ROAD_NOT_FOUND);
		k.door->fail_phase = ROAD_PHASE_TRANSFER;
		CU_ASSERT_EQUAL(reconfigure(k.f.queue, ROAD_RECONFIGURE_LOAD, config, &result),
				ROAD_FAULT);
		CU_ASSERT_EQUAL(result.phase, ROAD_PHASE_TRANSFER);
		CU_ASSERT_EQUAL(road_queue_reset(k.f.queue), ROAD_OK);
	}
	uint32_t handed = k.door->handed;

	CU_ASSERT_EQUAL(result.flags, ROAD_RESULT_QUARANTINED);
	CU_ASSERT_EQUAL(reconfigure(k.f.queue, ROAD_RECONFIGURE_LOAD, config, NULL), ROAD_FAULT);
	CU_ASSERT(error_says("quarantine"));
	CU_ASSERT_EQUAL(road_queue_status(k.f.queue, NULL), ROAD_FAULT);
	CU_ASSERT_EQUAL(road_queue_create(k.f.space, NULL, &queue), ROAD_FAULT);
	CU_ASSERT_EQUAL(road_layout_check(k.root, halves, 2, NULL), ROAD_FAULT);
	CU_ASSERT_EQUAL(road_region_set_safe(k.root, config), ROAD_FAULT);
	CU_ASSERT_EQUAL(k.door->handed, handed);
	CU_ASSERT_EQUAL(road_region_release_quarantine(k.root), ROAD_OK);
	CU_ASSERT_EQUAL(road_region_release_quarantine(k.root), ROAD_NOT_FOUND);
	CU_ASSERT_EQUAL(reconfigure(k.f.queue, ROAD_RECONFIGURE_LOAD, config, &result), ROAD_OK);
	CU_ASSERT_EQUAL(result.flags, 0); /* it was wiped */
	road_config_release(config);
	fake_teardown(&k);
}

/* A chip that counts its generations from 1 again. */
static void a_generation_that_comes_again_is_another(void)
{
	struct fake k = fake_setup(FAKE_FEATURES);
	road_queue_options options = {.size = sizeof(options), .region = k.root};
	road_region *root = NULL;
	road_queue *queue = NULL;

	k.door->forgets = true;
	CU_ASSERT_EQUAL(road_device_reset(k.f.device, ROAD_RESET_DEVICE), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_region_root(k.f.device, &root), ROAD_OK);
	CU_ASSERT_EQUAL(is_good(root), ROAD_OK);
	options.region = root;
	CU_ASSERT_EQUAL_FATAL(road_queue_create(k.f.space, &options, &queue), ROAD_OK);
	CU_ASSERT_EQUAL(road_device_reset(k.f.device, ROAD_RESET_DEVICE), ROAD_OK);
	CU_ASSERT_EQUAL(is_good(root), ROAD_STALE);
	CU_ASSERT_EQUAL(road_queue_reset(queue), ROAD_OK);
	CU_ASSERT_EQUAL(reconfigure(queue, ROAD_RECONFIGURE_RESET, NULL, NULL), ROAD_STALE);
	road_region_release(root);
	road_queue_release(queue);
	fake_teardown(&k);
}

/* It was another client's work that faulted. */
static void a_quarantine_is_seen_without_a_failure(void)
{
	struct fake k = fake_setup(FAKE_FEATURES);
	road_region_status status = {.size = sizeof(status)};

	for (int i = 0; i < 3; i++)
		k.door->fault(0);
	CU_ASSERT_EQUAL(road_region_release_quarantine(k.root), ROAD_OK);

	/* A failure makes the core ask, whatever the report says. */
	k.door->no_report = true;
	for (int i = 0; i < 3; i++)
		k.door->fault(0);
	CU_ASSERT_EQUAL(reconfigure(k.f.queue, ROAD_RECONFIGURE_RESET, NULL, NULL), ROAD_FAULT);
	CU_ASSERT_EQUAL(k.door->handed, 1);
	CU_ASSERT_EQUAL(road_queue_reset(k.f.queue), ROAD_OK);
	CU_ASSERT_EQUAL(reconfigure(k.f.queue, ROAD_RECONFIGURE_RESET, NULL, NULL), ROAD_FAULT);
	CU_ASSERT_EQUAL(k.door->handed, 1);
	CU_ASSERT_EQUAL(road_region_release_quarantine(k.root), ROAD_OK);
	k.door->no_report = false;

	for (int i = 0; i < 3; i++)
		k.door->fault(0);
	CU_ASSERT_EQUAL(road_region_status_get(k.root, &status), ROAD_OK);
	CU_ASSERT_EQUAL(status.quarantined, 1);
	CU_ASSERT_EQUAL(reconfigure(k.f.queue, ROAD_RECONFIGURE_RESET, NULL, NULL), ROAD_FAULT);
	CU_ASSERT_EQUAL(k.door->handed, 1);
	CU_ASSERT_EQUAL(road_region_release_quarantine(k.root), ROAD_OK);
	CU_ASSERT_EQUAL(reconfigure(k.f.queue, ROAD_RECONFIGURE_RESET, NULL, NULL), ROAD_OK);
	fake_teardown(&k);
}

static void a_region_outlives_its_device_handle(void)
{
	struct fake k = fake_setup(FAKE_FEATURES);

	close_queue(&k);
	road_space_release(k.f.space);
	road_device_release(k.f.device);
	CU_ASSERT_EQUAL(is_good(k.root), ROAD_OK); /* it holds the device */
	CU_ASSERT_EQUAL(road_device_open(k.f.instance, "fake:", &k.f.device), ROAD_OK);
	CU_ASSERT_EQUAL(is_good(k.root), ROAD_OK);
	CU_ASSERT_EQUAL(road_space_shared(k.f.device, &k.f.space), ROAD_OK);
	fake_teardown(&k);
}

static const struct tap_case cases[] = {
	{"a device without regions has none", a_device_without_regions_has_none},
	{"a region says what it is", a_region_says_what_it_is},
	{"a reset makes all handles stale", a_reset_makes_all_handles_stale},
	{"wrong parts of a layout are named", wrong_parts_are_named},
	{"children that stay keep their handles", children_that_stay_keep_their_handles},
	{"what a layout changes must be idle", what_changes_must_be_idle},
	{"a layout that somebody else ended is over", a_layout_that_somebody_ended_is_over},
	{"queues of before a reset keep no layout", queues_of_before_a_reset_keep_nothing},
	{"a queue of the root counts again when it is reset",
	 a_queue_of_the_root_counts_again_when_reset},
	{"a closed queue is not counted again by its reset", a_closed_queue_is_not_counted_again},
	{"a reset of the region lets go of the safe image",
	 a_reset_of_the_region_lets_go_of_the_safe_image},
	{"a region of another device is refused", a_region_of_another_device_is_refused},
	{"a safe image stays without its handle", a_safe_image_stays_without_its_handle},
	{"a region in quarantine refuses work", a_region_in_quarantine_refuses_work},
	{"a generation that comes again is another", a_generation_that_comes_again_is_another},
	{"a quarantine is seen without a failure", a_quarantine_is_seen_without_a_failure},
	{"a region outlives its device's handle", a_region_outlives_its_device_handle},
};
TAP_MAIN(cases)
