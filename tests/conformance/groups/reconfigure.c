/* SPDX-License-Identifier: Apache-2.0 */
/* Configurations in the order of queues: loads, activations, what launches expect. What goes wrong
 * on purpose stands in reconfigure_fail.c. */
#include "tests/conformance/fixture.h"
#include "tests/conformance/groups/regions.h"

#include <stdio.h>

static road_slot_info slot_of(road_region *region, uint32_t slot)
{
	road_slot_info info = {.size = sizeof(info)};

	CHECK_OK(road_region_slot(region, slot, &info));
	return info;
}

/* The slot that holds it, or ROAD_SLOT_ANY; a config never lies in two. */
static uint32_t slot_with(road_region *region, uint64_t id)
{
	uint32_t found = ROAD_SLOT_ANY;

	for (uint32_t i = 0; i < region_info(region).slots; i++)
		if (slot_of(region, i).config == id) {
			CHECK_EQ(found, ROAD_SLOT_ANY);
			found = i;
		}
	return found;
}

CONFORMANCE_CASE(reconfigure, reconfig_empty_to_active)
{
	road_region *root = region_root(f);
	road_region_info info = region_info(root);
	road_slot_info none = {.size = sizeof(none)};
	road_reconfigure_result result;

	CHECK_EQ(region_status(root).active, 0);
	REQUIRE(info.slots >= 1);
	for (uint32_t i = 0; i < info.slots; i++) {
		CHECK_EQ(slot_of(root, i).state, ROAD_SLOT_EMPTY);
		CHECK_EQ(slot_of(root, i).config, 0);
	}
	CHECK_STATUS(road_region_slot(root, info.slots, &none), ROAD_NOT_FOUND);
	CHECK_OK(region_verb(f, fixture_queue(f), ROAD_RECONFIGURE_ACTIVATE, 0, &result));
	CHECK_EQ(result.status, ROAD_OK);
	CHECK_EQ(result.phase, ROAD_PHASE_NONE);
	CHECK_EQ(result.flags & (ROAD_RESULT_HIT | ROAD_RESULT_ROLLED_BACK), 0);
	CHECK_EQ(result.active, region_id(f, 0));
	CHECK_EQ(region_status(root).active, region_id(f, 0));
	REQUIRE(result.slot < info.slots);
	CHECK_EQ(slot_of(root, result.slot).state, ROAD_SLOT_ACTIVE);
	CHECK_EQ(slot_of(root, result.slot).config, region_id(f, 0));
	CHECK_STATUS(region_work(f, fixture_queue(f), 0, 0), ROAD_OK);
}

CONFORMANCE_CASE(reconfigure, reconfig_swap_image_result_changes)
{
	road_queue *queue = fixture_queue(f);

	for (uint32_t i = 0; i < 4; i++) {
		CHECK_OK(region_verb(f, queue, ROAD_RECONFIGURE_ACTIVATE, i % 2, NULL));
		CHECK_STATUS(region_work(f, queue, i % 2, 0), ROAD_OK);
		CHECK_STATUS(region_work(f, queue, (i + 1) % 2, 0), ROAD_CONFIG_MISMATCH);
	}
}

CONFORMANCE_CASE(reconfigure, reconfig_generation_increments)
{
	road_region *old = region_root(f);
	uint64_t before = region_info(old).generation;

	CHECK_OK(region_verb(f, fixture_queue(f), ROAD_RECONFIGURE_ACTIVATE, 0, NULL));
	CHECK_EQ(region_info(old).generation, before); /* switches are no new generation */
	CHECK_OK(road_device_reset(f->device, ROAD_RESET_DEVICE));
	CHECK(region_info(region_root(f)).generation > before);
	CHECK_EQ(region_status(region_root(f)).active, 0);
	CHECK_OK(road_queue_reset(fixture_queue(f)));
}

CONFORMANCE_CASE(reconfigure, reconfig_stale_job_stale)
{
	road_region *old = region_root(f), *none = NULL;
	road_queue_options options = {.size = sizeof(options), .region = old};
	road_region_info info = {.size = sizeof(info)};
	road_region_status status = {.size = sizeof(status)};
	road_slot_info slot = {.size = sizeof(slot)};
	road_queue *queue = NULL;

	CHECK_OK(road_device_reset(f->device, ROAD_RESET_DEVICE));
	CHECK_STATUS(road_region_info_get(old, &info), ROAD_STALE);
	CHECK_STATUS(road_region_status_get(old, &status), ROAD_STALE);
	CHECK_STATUS(road_region_slot(old, 0, &slot), ROAD_STALE);
	CHECK_STATUS(road_region_child(old, 0, &none), ROAD_STALE);
	CHECK_STATUS(road_region_set_safe(old, NULL), ROAD_STALE);
	CHECK_STATUS(road_region_release_quarantine(old), ROAD_STALE);
	CHECK_STATUS(road_layout_check(old, NULL, 0, NULL), ROAD_STALE);
	CHECK_STATUS(road_config_check(region_config(f, 0), old), ROAD_STALE);
	CHECK_STATUS(road_queue_create(f->space, &options, &queue), ROAD_STALE);
}

CONFORMANCE_CASE(reconfigure, reconfig_drain_waits_for_jobs)
{
	road_queue *one = fixture_queue(f), *other = fixture_queue_new(f, NULL);
	road_reconfiguration what = region_command(ROAD_RECONFIGURE_ACTIVATE, region_config(f, 1));
	road_reconfigure_result result = {.size = sizeof(result)};
	road_point point, endless;

	CHECK_OK(region_verb(f, one, ROAD_RECONFIGURE_ACTIVATE, 0, NULL));
	region_occupy(f, one, other, &endless);
	uint64_t active = region_status(region_root(f)).active;

	/* it waits as long as the work runs, and no longer */
	what.result = &result;
	CHECK_OK(road_queue_reconfigure(other, &what, &point));
	if (!f->info.queues_max || f->info.queues_max > 2) {
		road_queue *third = fixture_queue_new(f, NULL);

		for (int i = 0; i < 4; i++)
			region_pass(f, third);
	}
	CHECK(region_runs(endless));
	CHECK(region_runs(point));
	CHECK_EQ(region_status(region_root(f)).active, active);
	CHECK_OK(road_queue_reset(one));
	CHECK_OK(road_point_wait(point, SOON));
	CHECK(result.drained_ns > 0);
	CHECK_EQ(region_status(region_root(f)).active, region_id(f, 1));
	/* the first queue's own image is the other one still */
	CHECK_STATUS(region_work(f, one, 0, 0), ROAD_CONFIG_MISMATCH);
	CHECK_STATUS(region_work(f, other, 1, 0), ROAD_OK);
}

/* A device whose regions keep no state has no such way to drain. */
static void check_no_iterations(struct fixture *f, road_reconfiguration *what)
{
	what->drain = ROAD_DRAIN_ITERATION;
	CHECK_STATUS(road_queue_reconfigure(fixture_queue(f), what, NULL), ROAD_UNSUPPORTED);
	CHECK_DETAIL("drain");
	case_unsupported("regions keep no state");
}

/* Work that never ends stops between two iterations, does not fail, and goes on. */
static void check_endless_stops(struct fixture *f, road_queue *one, road_queue *other)
{
	road_reconfiguration what = region_command(ROAD_RECONFIGURE_ACTIVATE, region_config(f, 1));
	road_reconfigure_result result = {.size = sizeof(result)};
	road_config *spin = region_endless_config(f);
	road_point endless;

	CHECK_OK(region_verb(f, other, ROAD_RECONFIGURE_ACTIVATE, 0, NULL));
	region_occupy(f, other, one, &endless);
	uint64_t preemptions = region_status(region_root(f)).preemptions;

	what.drain = ROAD_DRAIN_ITERATION;
	what.result = &result;
	CHECK_OK(region_do(one, &what));
	CHECK_EQ(result.active, region_id(f, 1));
	CHECK(region_status(region_root(f)).preemptions > preemptions);
	CHECK(region_runs(endless));
	/* its image is active again: what must not meet work meets it */
	what = region_command(ROAD_RECONFIGURE_ACTIVATE, spin ? spin : region_config(f, 0));
	CHECK_OK(region_do(one, &what));
	for (int i = 0; i < 4; i++)
		fixture_pass(f);
	what = region_command(ROAD_RECONFIGURE_ACTIVATE, region_config(f, 1));
	what.drain = ROAD_DRAIN_REFUSE;
	CHECK_STATUS(region_do(one, &what), ROAD_BUSY);
	CHECK(region_runs(endless));
	CHECK_OK(road_queue_reset(other));
}

/* Was it stopped on the way? Whether or not, it ends, and did all it had to. */
static bool stop_iota(struct fixture *f, road_queue *one, road_queue *other, uint64_t count)
{
	road_reconfiguration what = region_command(ROAD_RECONFIGURE_ACTIVATE, region_config(f, 1));
	road_buffer *out = fixture_buffer(f, 4 * count);
	uint32_t *back = fixture_memory(f, 4 * count), wrong = 0;
	uint64_t arguments[] = {fixture_address(f, out), count, 7};
	road_launch launch = fixture_launch_of(f, "iota", arguments, 3);
	uint64_t preemptions = region_status(region_root(f)).preemptions;
	road_point point;

	CHECK_OK(region_verb(f, other, ROAD_RECONFIGURE_ACTIVATE, 0, NULL));
	CHECK_OK(road_queue_launch(other, &launch, &point));
	what.drain = ROAD_DRAIN_ITERATION;
	CHECK_OK(region_do(one, &what));
	preemptions = region_status(region_root(f)).preemptions - preemptions;
	CHECK_OK(region_verb(f, one, ROAD_RECONFIGURE_ACTIVATE, 0, NULL));
	CHECK_OK(road_point_wait(point, SOON));
	fixture_get(f, back, out, 0, 4 * count);
	for (uint64_t i = 0; i < count; i++)
		wrong += back[i] != 7 + i;
	CHECK_EQ(wrong, 0);
	return preemptions > 0;
}

CONFORMANCE_CASE(reconfigure, drain_iteration_goes_on)
{
	road_queue *one = fixture_queue(f), *other = fixture_queue_new(f, NULL);
	road_reconfiguration what = region_command(ROAD_RECONFIGURE_ACTIVATE, region_config(f, 1));
	const uint64_t most = fixture_bytes(f, 1 << 20, 1 << 12) / 4;
	bool stopped = false;

	if (!(region_info(region_root(f)).flags & ROAD_REGION_STATE))
		check_no_iterations(f, &what);
	check_endless_stops(f, one, other);
	for (uint64_t count = most / 64; count <= most && !stopped; count *= 4)
		stopped = stop_iota(f, one, other, count);
	if (!stopped && !fixture_in_process(f)) /* it has a clock of its own */
		case_note("the device was too quick to be stopped at work");
	else
		CHECK(stopped);
}

CONFORMANCE_CASE(reconfigure, reconfig_other_partition_unaffected)
{
	road_region_part parts[2];
	road_region *root = region_split(f, parts), *b = region_child(f, root, 1);
	road_queue *qa = region_queue(f, region_child(f, root, 0)), *qb = region_queue(f, b);
	road_point endless;

	CHECK_OK(region_verb(f, qb, ROAD_RECONFIGURE_ACTIVATE, 1, NULL));
	region_occupy(f, qb, qa, &endless);
	road_region_status before = region_status(b);

	for (uint32_t i = 0; i < 2; i++)
		CHECK_OK(region_verb(f, qa, ROAD_RECONFIGURE_ACTIVATE, i % 2, NULL));
	road_region_status after = region_status(b);

	CHECK(region_runs(endless)); /* all the while */
	CHECK_OK(road_queue_reset(qb));
	CHECK_STATUS(region_work(f, qb, 1, ROAD_LAUNCH_ACTIVATE), ROAD_OK);
	CHECK_EQ(after.switches, before.switches);
	CHECK_EQ(after.idle_ns, before.idle_ns);
	CHECK_EQ(after.active, before.active);
}

CONFORMANCE_CASE(reconfigure, reconfig_fence_in_out_order)
{
	road_queue *queue = fixture_queue(f);
	road_event *in = fixture_event(f, 0), *out = fixture_event(f, 0);
	road_point wait = {in, 1}, signal = {out, 7}, point;
	road_list *list = fixture_list(f, 0);
	road_reconfiguration what = region_command(ROAD_RECONFIGURE_ACTIVATE, region_config(f, 1));
	road_submission s = {.size = sizeof(s),
			     .list = list,
			     .waits = &wait,
			     .wait_count = 1,
			     .signals = &signal,
			     .signal_count = 1};

	CHECK_OK(region_verb(f, queue, ROAD_RECONFIGURE_ACTIVATE, 0, NULL));
	CHECK_OK(road_list_reconfigure(list, &what));
	CHECK_OK(road_list_close(list));
	CHECK_OK(road_queue_submit(queue, &s, &point));
	CHECK_EQ(region_status(region_root(f)).active, region_id(f, 0));
	CHECK_STATUS(road_event_error(out, 7, NULL), ROAD_NOT_READY);
	CHECK_OK(road_event_signal(in, 1));
	CHECK_OK(road_point_wait(signal, SOON));
	CHECK_EQ(region_status(region_root(f)).active, region_id(f, 1));
	CHECK_OK(road_point_wait(point, SOON));
	/* the list again: a hit */
	signal.value = 8;
	CHECK_OK(road_queue_submit(queue, &s, &point));
	CHECK_OK(road_point_wait(signal, SOON));
}

static uint64_t modelled_load(const road_region_info *info, uint64_t bytes)
{
	return info->load_ns + (bytes + 1023) / 1024 * info->load_ns_per_kib;
}

static uint64_t bytes_of(struct fixture *f, uint32_t which)
{
	road_config_info info = {.size = sizeof(info)};

	CHECK_OK(road_config_info_get(region_config(f, which), &info));
	return info.bytes;
}

CONFORMANCE_CASE(reconfigure, reconfig_cost_at_least_modelled)
{
	road_region_info info = region_info(region_root(f));
	road_reconfigure_result miss, hit;

	CHECK_OK(region_verb(f, fixture_queue(f), ROAD_RECONFIGURE_ACTIVATE, 0, &miss));
	CHECK_EQ(miss.bytes, bytes_of(f, 0));
	/* the cost of a KiB begun holds for a whole one: a part of it may take its share */
	CHECK(miss.ended_ns - miss.began_ns >=
	      info.switch_ns + info.load_ns + bytes_of(f, 0) / 1024 * info.load_ns_per_kib);
	CHECK_OK(region_verb(f, fixture_queue(f), ROAD_RECONFIGURE_ACTIVATE, 0, &hit));
	CHECK(hit.flags & ROAD_RESULT_HIT);
	CHECK_EQ(hit.bytes, 0);
	CHECK(hit.ended_ns - hit.began_ns <= miss.ended_ns - miss.began_ns);
	CHECK(hit.began_ns >= miss.ended_ns);
	case_note("miss %llu ns, hit %llu ns", (unsigned long long)(miss.ended_ns - miss.began_ns),
		  (unsigned long long)(hit.ended_ns - hit.began_ns));
}

CONFORMANCE_CASE(reconfigure, cost_model_covers_measured)
{
	road_region_info info = region_info(region_root(f));

	CHECK(info.cost_quality <= ROAD_COST_EXACT);
	for (uint32_t i = 0; i < REGION_CONFIGS; i++) {
		road_config_info config = {.size = sizeof(config)};
		road_reconfigure_result result;

		CHECK_OK(road_config_info_get(region_config(f, i), &config));
		CHECK_OK(region_verb(f, fixture_queue(f), ROAD_RECONFIGURE_ACTIVATE, i, &result));
		CHECK(result.loaded_ns > 0);
		CHECK(result.loaded_ns <= config.load_ns);
		CHECK(config.load_ns <= modelled_load(&info, config.bytes));
	}
}

CONFORMANCE_CASE(reconfigure, reconfig_1000_cycles_no_leak)
{
	road_queue *queue = fixture_queue(f);
	uint32_t turns = f->soak ? 10000 : 1000;
	road_region_status before = region_status(region_root(f));
	road_reconfiguration what[2];
	road_point point = {0};

	for (uint32_t i = 0; i < 2; i++)
		what[i] = region_command(ROAD_RECONFIGURE_ACTIVATE, region_config(f, i));
	for (uint32_t i = 0; i < turns; i++) {
		CHECK_OK(road_queue_reconfigure(queue, &what[i % 2], &point));
		if (i % 8 == 7)
			CHECK_OK(road_point_wait(point, SOON));
	}
	CHECK_OK(road_queue_drain(queue, SOON));
	CHECK_EQ(region_status(region_root(f)).switches, before.switches + turns);
	CHECK_STATUS(region_work(f, queue, 1, 0), ROAD_OK);
}

CONFORMANCE_CASE(reconfigure, reconfig_on_fixed_chip_unsupported)
{
	road_region *region = NULL;
	road_config *config = NULL;
	uint8_t hash[32] = {1};
	road_reconfiguration what = region_command(ROAD_RECONFIGURE_ROLLBACK, NULL);

	CHECK_STATUS(road_region_root(f->device, &region), ROAD_UNSUPPORTED);
	CHECK_STATUS(road_config_create(f->device, "x", 1, &config), ROAD_UNSUPPORTED);
	CHECK_STATUS(road_config_attach(f->device, hash, &config), ROAD_UNSUPPORTED);
	CHECK_STATUS(road_list_reconfigure(fixture_list(f, 0), &what), ROAD_UNSUPPORTED);
	CHECK_STATUS(road_queue_reconfigure(fixture_queue(f), &what, NULL), ROAD_UNSUPPORTED);
	CHECK_EQ(f->info.commands >> ROAD_COMMAND_RECONFIGURE & 1, 0);
}

CONFORMANCE_CASE(reconfigure, activate_ordered_in_queue)
{
	road_queue *queue = fixture_queue(f);
	struct region_work work[6];

	for (uint32_t i = 0; i < 6; i++) {
		road_reconfiguration what =
			region_command(ROAD_RECONFIGURE_ACTIVATE, region_config(f, i % 3));

		CHECK_OK(road_queue_reconfigure(queue, &what, NULL));
		work[i] = region_launch(f, queue, i % 3, 0);
	}
	for (uint32_t i = 0; i < 6; i++)
		CHECK_STATUS(region_proof(queue, &work[i]), ROAD_OK);
}

CONFORMANCE_CASE(reconfigure, activate_active_is_hit)
{
	road_queue *queue = fixture_queue(f);
	road_reconfigure_result result;

	CHECK_OK(region_verb(f, queue, ROAD_RECONFIGURE_ACTIVATE, 0, NULL));
	road_region_status before = region_status(region_root(f));

	CHECK_OK(region_verb(f, queue, ROAD_RECONFIGURE_ACTIVATE, 0, &result));
	road_region_status after = region_status(region_root(f));

	CHECK(result.flags & ROAD_RESULT_HIT);
	CHECK_EQ(after.hits, before.hits + 1);
	CHECK_EQ(after.switches, before.switches);
	CHECK_EQ(after.loads, before.loads);
	CHECK_EQ(after.previous, before.previous);
	if (!fixture_has(f, CAPABILITY_TWO_QUEUES) || !fixture_has(f, CAPABILITY_KERNEL_SPIN))
		return;
	/* no barrier: it does not wait for what runs in another queue */
	road_queue *other = fixture_queue_new(f, NULL);
	road_point endless;

	region_occupy(f, other, queue, &endless);
	uint64_t active = region_status(region_root(f)).active;

	for (uint32_t i = 0; i < REGION_CONFIGS; i++)
		if (region_id(f, i) == active)
			CHECK_OK(region_verb(f, queue, ROAD_RECONFIGURE_ACTIVATE, i, NULL));
	CHECK_STATUS(road_event_error(endless.event, endless.value, NULL), ROAD_NOT_READY);
	CHECK_OK(road_queue_reset(other));
}

static road_point activate_soon(struct fixture *f, road_queue *queue, uint32_t which)
{
	road_reconfiguration what =
		region_command(ROAD_RECONFIGURE_ACTIVATE, region_config(f, which));
	road_point point = {0};

	CHECK_OK(road_queue_reconfigure(queue, &what, &point));
	return point;
}

/* Who reads the active image holds its place for a while. */
static void activate_while_read(struct fixture *f, road_queue *reads, road_queue *other)
{
	road_reconfiguration what = region_command(ROAD_RECONFIGURE_READ_BACK, region_config(f, 0));
	road_point read = {0}, point;

	what.buffer_bytes = bytes_of(f, 0);
	what.buffer = fixture_buffer(f, what.buffer_bytes);
	CHECK_OK(region_verb(f, reads, ROAD_RECONFIGURE_ACTIVATE, 0, NULL));
	CHECK_OK(road_queue_reconfigure(reads, &what, &read));
	point = activate_soon(f, other, 1);
	CHECK_OK(road_point_wait(read, SOON));
	CHECK_OK(road_point_wait(point, SOON));
	CHECK_EQ(region_status(region_root(f)).active, region_id(f, 1));
}

/* More images are wanted at once than there may be slots: an activation waits for the operation
 * that holds the place which it needs, and is not refused it. */
CONFORMANCE_CASE(reconfigure, activations_wait_for_each_other)
{
	enum { TURNS = 6, QUEUES = 3 };
	const uint32_t count = f->info.queues_max == 2 ? 2 : QUEUES;
	road_queue *queues[QUEUES] = {fixture_queue(f)};
	road_point points[TURNS][QUEUES];
	struct region_work work[TURNS];

	for (uint32_t q = 1; q < count; q++)
		queues[q] = fixture_queue_new(f, NULL);
	if (fixture_has(f, CAPABILITY_READ_BACK))
		activate_while_read(f, queues[0], queues[1]);
	for (uint32_t i = 0; i < TURNS; i++) {
		work[i] = region_launch(f, queues[0], i % REGION_CONFIGS, ROAD_LAUNCH_ACTIVATE);
		for (uint32_t q = 1; q < count; q++)
			points[i][q] = activate_soon(f, queues[q], (i + q) % REGION_CONFIGS);
	}
	for (uint32_t i = 0; i < TURNS; i++) {
		CHECK_STATUS(region_proof(queues[0], &work[i]), ROAD_OK);
		for (uint32_t q = 1; q < count; q++)
			CHECK_OK(road_point_wait(points[i][q], SOON));
	}
}

CONFORMANCE_CASE(reconfigure, load_never_disturbs_active)
{
	road_queue *queue = fixture_queue(f);
	road_region *root = region_root(f);
	road_reconfigure_result result;

	CHECK_OK(region_verb(f, queue, ROAD_RECONFIGURE_ACTIVATE, 0, &result));
	road_reconfiguration over = region_command(ROAD_RECONFIGURE_LOAD, region_config(f, 1));

	over.slot = result.slot;
	CHECK_STATUS(region_do(queue, &over), ROAD_BUSY);
	CHECK_EQ(region_status(root).active, region_id(f, 0));
	CHECK_STATUS(region_work(f, queue, 0, 0), ROAD_OK);
	over.slot = region_info(root).slots;
	CHECK(region_do(queue, &over) < 0); /* there is no such slot */
	road_status status = region_verb(f, queue, ROAD_RECONFIGURE_LOAD, 1, NULL);

	CHECK_STATUS(status, region_info(root).slots > 1 ? ROAD_OK : ROAD_BUSY);
	CHECK_EQ(region_status(root).active, region_id(f, 0));
	CHECK_STATUS(region_work(f, queue, 0, 0), ROAD_OK);
	if (status)
		return;
	uint32_t slot = slot_with(root, region_id(f, 1));

	REQUIRE(slot != ROAD_SLOT_ANY && slot != result.slot);
	CHECK_EQ(slot_of(root, slot).state, ROAD_SLOT_READY);
}

CONFORMANCE_CASE(reconfigure, slot_pin_resists_eviction)
{
	road_queue *queue = fixture_queue(f);
	road_region *root = region_root(f);
	road_reconfigure_result result;

	CHECK_STATUS(region_verb(f, queue, ROAD_RECONFIGURE_PIN, 1, NULL), ROAD_NOT_FOUND);
	CHECK_OK(region_verb(f, queue, ROAD_RECONFIGURE_ACTIVATE, 0, NULL));
	CHECK_OK(region_verb(f, queue, ROAD_RECONFIGURE_LOAD, 1, &result));
	CHECK_OK(region_verb(f, queue, ROAD_RECONFIGURE_PIN, 1, NULL));
	CHECK_EQ(slot_of(root, result.slot).pinned, 1);
	CHECK_STATUS(region_verb(f, queue, ROAD_RECONFIGURE_EVICT, 1, NULL), ROAD_BUSY);
	road_reconfiguration over = region_command(ROAD_RECONFIGURE_LOAD, region_config(f, 2));

	over.slot = result.slot;
	CHECK_STATUS(region_do(queue, &over), ROAD_BUSY);
	if (region_info(root).slots == 2) /* one active, one pinned: none to take */
		CHECK_STATUS(region_verb(f, queue, ROAD_RECONFIGURE_LOAD, 2, NULL), ROAD_BUSY);
	CHECK_EQ(slot_of(root, result.slot).config, region_id(f, 1));
	CHECK_OK(region_verb(f, queue, ROAD_RECONFIGURE_UNPIN, 1, NULL));
	CHECK_OK(region_do(queue, &over));
	CHECK_EQ(slot_of(root, result.slot).config, region_id(f, 2));
	CHECK_OK(region_verb(f, queue, ROAD_RECONFIGURE_EVICT, 2, NULL));
	CHECK_EQ(slot_of(root, result.slot).state, ROAD_SLOT_EMPTY);
	CHECK_STATUS(region_verb(f, queue, ROAD_RECONFIGURE_EVICT, 0, NULL), ROAD_BUSY);
	CHECK_STATUS(region_verb(f, queue, ROAD_RECONFIGURE_EVICT, 2, NULL), ROAD_NOT_FOUND);
}

CONFORMANCE_CASE(reconfigure, prefetch_is_a_hint)
{
	road_queue *queue = fixture_queue(f);
	road_region *root = region_root(f);
	road_reconfigure_result result;

	CHECK_OK(region_verb(f, queue, ROAD_RECONFIGURE_ACTIVATE, 0, NULL));
	CHECK_OK(region_verb(f, queue, ROAD_RECONFIGURE_PREFETCH, 1, NULL));
	CHECK_EQ(region_status(root).active, region_id(f, 0));
	CHECK_STATUS(region_work(f, queue, 0, 0), ROAD_OK);
	if (region_info(root).slots == 1)
		return; /* there is no place for it, and that is no failure */
	CHECK_OK(region_verb(f, queue, ROAD_RECONFIGURE_ACTIVATE, 1, &result));
	CHECK_EQ(region_status(root).loads, 2);
	CHECK_STATUS(region_work(f, queue, 1, 0), ROAD_OK);
	CHECK_OK(region_verb(f, queue, ROAD_RECONFIGURE_PREFETCH, 1, NULL)); /* it is there */
	CHECK_EQ(region_status(root).loads, 2);
}

CONFORMANCE_CASE(reconfigure, readback_hash)
{
	road_queue *queue = fixture_queue(f);
	uint64_t bytes = bytes_of(f, 0);
	road_buffer *buffer = fixture_buffer(f, bytes + 64);
	road_reconfiguration what = region_command(ROAD_RECONFIGURE_READ_BACK, region_config(f, 0));
	unsigned char *back = fixture_memory(f, bytes + 64);
	road_config_info info = {.size = sizeof(info)};
	road_config *same = NULL;

	what.buffer = buffer;
	what.buffer_bytes = bytes;
	CHECK_STATUS(region_do(queue, &what), ROAD_NOT_FOUND);
	CHECK_OK(region_verb(f, queue, ROAD_RECONFIGURE_ACTIVATE, 0, NULL));
	CHECK_STATUS(region_work(f, queue, 0, 0), ROAD_OK);
	what.buffer_offset = 8;
	CHECK_OK(region_do(queue, &what));
	fixture_get(f, back, buffer, 0, bytes + 64);
	for (uint64_t i = 0; i < 8; i++)
		CHECK_EQ(back[i], 0);
	for (uint64_t i = bytes + 8; i < bytes + 64; i++)
		CHECK_EQ(back[i], 0);
	CHECK_OK(road_config_create(f->device, back + 8, bytes, &same));
	CHECK_OK(road_config_info_get(same, &info));
	CHECK_EQ(info.id, region_id(f, 0));
	road_config_release(same);
	what.buffer_bytes = bytes - 1;
	CHECK_STATUS(road_queue_reconfigure(queue, &what, NULL), ROAD_INVALID_ARGUMENT);
}

/* What is no state of the image is refused, and what was active stays. */
static void check_foreign_state(struct fixture *f, road_reconfiguration *what, uint32_t active)
{
	CHECK_STATUS(region_do(fixture_queue(f), what), ROAD_IMAGE_INCOMPATIBLE);
	CHECK_EQ(region_status(region_root(f)).active, region_id(f, active));
	CHECK_STATUS(region_work(f, fixture_queue(f), active, 0), ROAD_OK);
}

static void check_no_state(struct fixture *f, road_reconfiguration what)
{
	what.buffer = fixture_buffer(f, 64);
	what.buffer_bytes = 64;
	CHECK_STATUS(region_do(fixture_queue(f), &what), ROAD_UNSUPPORTED);
	what.verb = ROAD_RECONFIGURE_RESTORE;
	CHECK_STATUS(region_do(fixture_queue(f), &what), ROAD_UNSUPPORTED);
}

CONFORMANCE_CASE(reconfigure, swap_saves_restore_takes_back)
{
	road_queue *queue = fixture_queue(f);
	road_region_info info = region_info(region_root(f));
	road_reconfiguration what = region_command(ROAD_RECONFIGURE_SWAP, region_config(f, 1));
	unsigned char byte;

	CHECK_EQ(!info.state_bytes, !(info.flags & ROAD_REGION_STATE));
	if (!info.state_bytes) {
		check_no_state(f, what);
		return;
	}
	what.buffer = fixture_buffer(f, info.state_bytes);
	what.buffer_bytes = info.state_bytes - 1;
	CHECK_STATUS(road_queue_reconfigure(queue, &what, NULL), ROAD_INVALID_ARGUMENT);
	what.buffer_bytes = info.state_bytes;
	CHECK_STATUS(region_work(f, queue, 0, ROAD_LAUNCH_ACTIVATE), ROAD_OK);
	CHECK_OK(region_do(queue, &what));
	CHECK_EQ(region_status(region_root(f)).active, region_id(f, 1));
	CHECK_STATUS(region_work(f, queue, 1, 0), ROAD_OK);
	what.verb = ROAD_RECONFIGURE_RESTORE;
	check_foreign_state(f, &what, 1); /* it is the first one's */
	what.config = region_config(f, 0);
	CHECK_OK(region_do(queue, &what));
	CHECK_EQ(region_status(region_root(f)).active, region_id(f, 0));
	CHECK_STATUS(region_work(f, queue, 0, 0), ROAD_OK);
	fixture_get(f, &byte, what.buffer, 0, 1);
	byte ^= 1;
	fixture_put(f, what.buffer, 0, &byte, 1);
	check_foreign_state(f, &what, 0);
}

CONFORMANCE_CASE(reconfigure, rollback_previous)
{
	road_queue *queue = fixture_queue(f);
	road_region *root = region_root(f);
	road_reconfiguration back = region_command(ROAD_RECONFIGURE_ROLLBACK, NULL);

	CHECK_STATUS(region_do(queue, &back), ROAD_NOT_FOUND); /* there was none before */
	CHECK_OK(region_verb(f, queue, ROAD_RECONFIGURE_ACTIVATE, 0, NULL));
	CHECK_OK(region_verb(f, queue, ROAD_RECONFIGURE_ACTIVATE, 1, NULL));
	CHECK_EQ(region_status(root).previous, region_id(f, 0));
	CHECK_OK(region_do(queue, &back));
	CHECK_EQ(region_status(root).active, region_id(f, 0));
	CHECK_EQ(region_status(root).rollbacks, 1);
	CHECK_STATUS(region_work(f, queue, 0, 0), ROAD_OK);
	back.target = ROAD_ROLLBACK_SAFE;
	CHECK_STATUS(region_do(queue, &back), ROAD_NOT_FOUND);
	back.target = ROAD_ROLLBACK_INITIAL;
	CHECK_OK(region_do(queue, &back));
	CHECK_EQ(region_status(root).active, 0);
	CHECK_STATUS(region_work(f, queue, 0, 0), ROAD_CONFIG_MISMATCH);
}

/* A kernel of no configuration expects what its queue's last activation brought. */
static void check_queue_image(struct fixture *f)
{
	road_queue *queue[2] = {fixture_queue(f), fixture_queue_new(f, NULL)};
	uint64_t arguments[3] = {fixture_address(f, fixture_buffer(f, 64)), 16, 1};
	road_launch launch = fixture_launch_of(f, "iota", arguments, 3);
	road_config *config = NULL;
	road_point point;

	if (!road_kernel_config(launch.kernel, &config)) {
		road_config_release(config);
		return;
	}
	for (uint32_t i = 0; i < 2; i++)
		CHECK_OK(region_verb(f, queue[i], ROAD_RECONFIGURE_ACTIVATE, i, NULL));
	CHECK_OK(road_queue_launch(queue[1], &launch, &point));
	CHECK_OK(road_point_wait(point, SOON));
	CHECK_OK(road_queue_launch(queue[0], &launch, &point));
	CHECK_STATUS(road_point_wait(point, SOON), ROAD_CONFIG_MISMATCH);
	CHECK_OK(road_queue_reset(queue[0]));
}

CONFORMANCE_CASE(reconfigure, expected_image_mismatch)
{
	road_queue *queue = fixture_queue(f);
	road_region *root = region_root(f);

	CHECK_STATUS(region_work(f, queue, 0, 0), ROAD_CONFIG_MISMATCH); /* there is none */
	CHECK_STATUS(region_work(f, queue, 0, ROAD_LAUNCH_ACTIVATE), ROAD_OK);
	CHECK_EQ(region_status(root).active, region_id(f, 0));
	CHECK_STATUS(region_work(f, queue, 1, 0), ROAD_CONFIG_MISMATCH);
	CHECK_EQ(region_status(root).active, region_id(f, 0));
	CHECK_STATUS(region_work(f, queue, 1, ROAD_LAUNCH_ACTIVATE), ROAD_OK);
	CHECK_EQ(region_status(root).active, region_id(f, 1));
	uint64_t switches = region_status(root).switches;

	CHECK_STATUS(region_work(f, queue, 1, ROAD_LAUNCH_ACTIVATE), ROAD_OK);
	CHECK_EQ(region_status(root).switches, switches);
	if (fixture_has(f, CAPABILITY_TWO_QUEUES))
		check_queue_image(f);
}
