/* SPDX-License-Identifier: Apache-2.0 */
/* What stays within one region: its reset, its hardware's faults, what its owners left in it. */
#include "tests/conformance/fixture.h"
#include "tests/conformance/groups/regions.h"

static uint32_t slots_in_use(road_region *region)
{
	uint32_t used = 0;

	for (uint32_t i = 0; i < region_info(region).slots; i++) {
		road_slot_info slot = {.size = sizeof(slot)};

		CHECK_OK(road_region_slot(region, i, &slot));
		used += slot.state != ROAD_SLOT_EMPTY || slot.config != 0;
	}
	return used;
}

/* One part is emptied, and its work with it; the other one works on. */
/* Runs beside the part that is reset, where a third queue can be had for it. */
static road_queue *start_beside(struct fixture *f, road_region *region, road_queue *other,
				road_point *point)
{
	if (f->info.queues_max && f->info.queues_max < 3)
		return NULL;
	road_queue *queue = region_queue(f, region);

	region_occupy(f, queue, other, point);
	return queue;
}

/* Beside it nothing happened. */
static void check_beside(road_region *region, const road_region_status *before)
{
	CHECK_EQ(region_status(region).active, before->active);
	CHECK_EQ(region_status(region).switches, before->switches);
	CHECK_EQ(slots_in_use(region) > 0, before->active != 0);
}

CONFORMANCE_CASE(fault, reset_partition_only)
{
	road_reconfiguration reset = region_command(ROAD_RECONFIGURE_RESET, NULL);
	road_region_part parts[2];
	road_region *root = region_split(f, parts);
	road_region *a = region_child(f, root, 0), *b = region_child(f, root, 1);
	road_queue *qa = region_queue(f, a), *busy = region_queue(f, a);
	road_point mine, theirs;

	CHECK_OK(region_verb(f, qa, ROAD_RECONFIGURE_ACTIVATE, 0, NULL));
	CHECK_OK(region_verb(f, busy, ROAD_RECONFIGURE_ACTIVATE, 0, NULL));
	region_occupy(f, busy, qa, &mine);
	road_queue *qb = start_beside(f, b, qa, &theirs);
	road_region_status before = region_status(b);
	uint64_t generation = region_info(a).generation;

	reset.drain = ROAD_DRAIN_ABORT;
	CHECK_OK(road_event_retain(mine.event));
	CHECK_OK(region_do(qa, &reset));
	CHECK_STATUS(road_point_wait(mine, SOON), ROAD_CANCELLED);
	road_event_release(mine.event);
	CHECK_EQ(region_status(a).active, 0);
	CHECK_EQ(slots_in_use(a), 0);
	CHECK_EQ(region_info(a).generation, generation);
	CHECK_STATUS(region_work(f, qa, 0, 0), ROAD_CONFIG_MISMATCH);
	CHECK_STATUS(region_work(f, qa, 0, ROAD_LAUNCH_ACTIVATE), ROAD_OK);
	CHECK(!qb || region_runs(theirs));
	check_beside(b, &before);
	CHECK_OK(road_queue_reset(busy));
	if (qb) {
		CHECK_OK(road_queue_reset(qb));
	} else {
		fixture_queue_drop(f, busy);
		qb = region_queue(f, b);
	}
	CHECK_STATUS(region_work(f, qb, 1, ROAD_LAUNCH_ACTIVATE), ROAD_OK);
}

/* A launch that reads what error correction could not save. */
static void check_hardware_fails(struct fixture *f, road_queue *queue, road_buffer *lost)
{
	uint64_t arguments[] = {fixture_address(f, fixture_buffer(f, 64)),
				fixture_address(f, lost)};
	road_launch launch = fixture_launch_of(f, "peek", arguments, 2);
	road_point point;

	CHECK_OK(road_queue_launch(queue, &launch, &point));
	CHECK_STATUS(road_point_wait(point, SOON), ROAD_FAULT);
	CHECK_OK(road_queue_reset(queue));
}

static void check_wrong_address(struct fixture *f, road_queue *queue)
{
	uint64_t arguments[] = {8, 1}; /* nothing is mapped there */
	road_launch launch = fixture_launch_of(f, "poke", arguments, 2);
	road_point point;

	CHECK_OK(road_queue_launch(queue, &launch, &point));
	CHECK_STATUS(road_point_wait(point, SOON), ROAD_FAULT);
	CHECK_OK(road_queue_reset(queue));
}

CONFORMANCE_CASE(reconfigure, quarantine_after_faults_of_work)
{
	road_region_part parts[2];
	road_region *root = region_split(f, parts);
	road_region *a = region_child(f, root, 0), *b = region_child(f, root, 1);
	road_queue *qa = region_queue(f, a), *qb = region_queue(f, b);
	road_buffer *lost = fixture_buffer(f, 64);

	CHECK_OK(road_sim_error_inject(f->device, ROAD_SIM_ECC_UNCORRECTABLE,
				       fixture_address(f, lost)));
	/* what a program does wrong is not the hardware's fault */
	for (uint32_t i = 0; i < 4 && fixture_has(f, CAPABILITY_PROTECTION); i++)
		check_wrong_address(f, qa);
	CHECK_EQ(region_status(a).faults, 0);
	for (uint32_t i = 0; i < 3; i++) {
		CHECK_EQ(region_status(a).quarantined, 0);
		check_hardware_fails(f, qa, lost);
		CHECK_EQ(region_status(a).faults, i + 1);
	}
	CHECK_EQ(region_status(a).quarantined, 1);
	CHECK_EQ(region_status(a).active, 0);
	CHECK_STATUS(region_work(f, qa, 0, ROAD_LAUNCH_ACTIVATE), ROAD_FAULT);
	CHECK_DETAIL("quarantine");
	CHECK_EQ(region_status(b).quarantined, 0);
	CHECK_EQ(region_status(b).faults, 0);
	CHECK_STATUS(region_work(f, qb, 1, ROAD_LAUNCH_ACTIVATE), ROAD_OK);
	CHECK_OK(road_region_release_quarantine(a));
	CHECK_STATUS(region_work(f, qa, 0, ROAD_LAUNCH_ACTIVATE), ROAD_OK);
}

/* ---- owners ---- */

/* A space, and a queue of it in the region: a client. */
struct client {
	road_space *space;
	road_queue *queue;
};

static struct client arrive(struct fixture *f)
{
	struct client client;

	CHECK_OK(road_space_create(f->device, NULL, &client.space));
	CHECK_OK(road_queue_create(client.space, NULL, &client.queue));
	return client;
}

static void leave(struct client *client)
{
	road_queue_release(client->queue);
	CHECK_OK(road_space_close(client->space));
	road_space_release(client->space);
}

CONFORMANCE_CASE(reconfigure, region_wiped_between_owners)
{
	road_region *root = region_root(f);
	struct client one, other;

	one = arrive(f);
	for (uint32_t i = 0; i < 3; i++)
		CHECK_OK(region_verb(f, one.queue, ROAD_RECONFIGURE_ACTIVATE, i, NULL));
	CHECK_EQ(region_status(root).active, region_id(f, 2));
	CHECK(slots_in_use(root) > 0);
	leave(&one);
	other = arrive(f);
	CHECK_EQ(region_status(root).active, 0);
	CHECK_EQ(region_status(root).previous, 0);
	CHECK_EQ(slots_in_use(root), 0);
	CHECK_STATUS(region_verb(f, other.queue, ROAD_RECONFIGURE_PIN, 2, NULL), ROAD_NOT_FOUND);
	leave(&other);
}
