/* SPDX-License-Identifier: Apache-2.0 */
/* Devices that are pulled out at any time, and plugged in again: by their simulator's back door, or
 * real ones by the program of --hotplug. */
#include "tests/conformance/fixture.h"
#include "tests/conformance/groups/rig.h"
#include "tests/conformance/groups/steps.h"
#include "tests/conformance/machine.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

/* What a case opens by itself; the fixture's own device stays as it is. */
static road_instance *instance_new(struct fixture *f)
{
	return fixture_instance(f, NULL, 0);
}

static void pull(struct fixture *f, road_device *device)
{
	uint32_t health = 0;
	uint64_t resets = 0;

	if (!fixture_hotplug(f))
		CHECK_OK(road_sim_unplug(device));
	else if (!machine_plug(fixture_hotplug(f), false, f->address))
		CASE_FAIL("%s does not pull %s out", fixture_hotplug(f), f->address);
	/* The kernel may be done with a real one before who holds it has seen that. */
	for (int ms = 0; fixture_hotplug(f) && health != ROAD_HEALTH_LOST; ms++) {
		REQUIRE(ms < 20000);
		usleep(1000);
		CHECK_OK(road_device_health(device, &health, &resets));
	}
}

static bool is_listed(road_instance *instance, const char *address)
{
	road_candidate one = {.size = sizeof(one)};

	for (uint32_t i = 0; !road_instance_enumerate(instance, 0, i, &one); i++)
		if (!strcmp(one.address, address))
			return true;
	return false;
}

static const char *const elsewhere =
	"has another address while a program holds what was pulled out";

/* false: it comes back `elsewhere`, as a node does, whose number is the old one's until that is
 * closed. */
static bool plug(struct fixture *f, road_instance *instance)
{
	if (!fixture_hotplug(f)) {
		CHECK_OK(road_sim_plug(instance, f->address));
		return true;
	}
	if (!machine_plug(fixture_hotplug(f), true, f->address))
		CASE_FAIL("%s does not plug %s in", fixture_hotplug(f), f->address);
	return is_listed(instance, f->address);
}

static uint32_t health_of(struct fixture *f, road_device *device)
{
	uint32_t health = 0;
	uint64_t resets = 0;

	CHECK_OK(road_device_health(device, &health, &resets));
	(void)f;
	return health;
}

CONFORMANCE_CASE(hotplug, unplug_idle)
{
	road_instance *instance = instance_new(f);
	struct rig rig = rig_open(f, instance, f->address);
	struct outcome before = rig_work(f, &rig);

	CHECK(before.data != 0);
	pull(f, rig.device);
	CHECK_EQ(health_of(f, rig.device), ROAD_HEALTH_LOST);
	rig_close(&rig);
}

CONFORMANCE_CASE(hotplug, unplug_with_running_jobs)
{
	road_instance *instance = instance_new(f);
	struct rig rig = rig_open(f, instance, f->address);
	road_buffer *buffer = rig_buffer(f, &rig);
	unsigned char bytes[RIG_BYTES] = {1};
	road_point points[16], last;

	for (int i = 0; i < 16; i++)
		CHECK_OK(road_queue_write(rig.queue, buffer, 0, bytes, sizeof(bytes), &points[i]));
	pull(f, rig.device);
	/* Each point is decided: reached before, or failed by the loss; never left open. */
	for (int i = 0; i < 16; i++) {
		road_status status = road_point_wait(points[i], ROAD_FOREVER);

		CHECK(status == ROAD_OK || status == ROAD_DEVICE_LOST);
	}
	CHECK_STATUS(road_queue_write(rig.queue, buffer, 0, bytes, sizeof(bytes), &last),
		     ROAD_DEVICE_LOST);
	road_buffer_release(buffer);
	rig_close(&rig);
}

/* What was mapped stays memory of this process, whatever it holds. */
CONFORMANCE_CASE(hotplug, unplug_with_mapped_buffer_no_sigbus)
{
	road_buffer_options options = {
		.size = sizeof(options), .heap = fixture_visible_heap(f), .bytes = 4096};
	road_instance *instance = instance_new(f);
	struct rig rig = rig_open(f, instance, f->address);
	road_buffer *buffer = NULL;
	void *host = NULL;
	volatile unsigned char *seen;
	unsigned sum = 0;

	CHECK_OK(road_buffer_create(rig.space, &options, &buffer));
	CHECK_OK(road_buffer_map(buffer, 0, 4096, ROAD_MAP_READ | ROAD_MAP_WRITE, &host));
	memset(host, 0x5a, 4096);
	pull(f, rig.device);
	seen = host;
	for (int i = 0; i < 4096; i++) {
		(void)seen[i];
		seen[i] = (unsigned char)i;
	}
	for (int i = 0; i < 4096; i++)
		sum += seen[i] != (unsigned char)i;
	CHECK_EQ(sum, 0);
	road_buffer_release(buffer);
	rig_close(&rig);
}

struct waiter {
	pthread_t thread;
	road_point point;
	_Atomic int began;
	road_status status;
};

static void *wait_forever(void *arg)
{
	struct waiter *waiter = arg;

	atomic_store(&waiter->began, 1);
	waiter->status = road_point_wait(waiter->point, ROAD_FOREVER);
	return NULL;
}

/* Two threads wait for what only the device, behind a point that never comes, could do. */
CONFORMANCE_CASE(hotplug, unplug_wakes_waiters_device_lost)
{
	road_instance *instance = instance_new(f);
	struct rig rig = rig_open(f, instance, f->address);
	road_event *gate = NULL;
	struct waiter waiters[2] = {0};

	CHECK_OK(road_event_create(instance, 0, &gate));
	road_list *nothing = NULL;

	CHECK_OK(road_list_create(rig.space, 0, &nothing));
	CHECK_OK(road_list_close(nothing));
	for (int i = 0; i < 2; i++) {
		waiters[i].point =
			step_submit(rig.queue, (struct step){.list = nothing, .wait = {gate, 1}});
		CHECK_EQ(pthread_create(&waiters[i].thread, NULL, wait_forever, &waiters[i]), 0);
	}
	for (int i = 0; i < 2; i++)
		while (!atomic_load(&waiters[i].began))
			;
	pull(f, rig.device);
	for (int i = 0; i < 2; i++) {
		pthread_join(waiters[i].thread, NULL);
		CHECK_STATUS(waiters[i].status, ROAD_DEVICE_LOST);
	}
	road_list_release(nothing);
	road_event_release(gate);
	rig_close(&rig);
}

/* A program's own event that the queue had promised fails with the loss, from that value on. */
CONFORMANCE_CASE(hotplug, unplug_fences_error_device_lost)
{
	road_instance *instance = instance_new(f);
	struct rig rig = rig_open(f, instance, f->address);
	road_event *gate = NULL, *fence = NULL;
	road_list *nothing = NULL;
	road_error why = {.size = sizeof(why)};

	CHECK_OK(road_event_create(instance, 0, &gate));
	CHECK_OK(road_event_create(instance, 0, &fence));
	CHECK_OK(road_list_create(rig.space, 0, &nothing));
	CHECK_OK(road_list_close(nothing));
	(void)step_submit(rig.queue, (struct step){.list = nothing, .signal = {fence, 1}});
	CHECK_OK(road_point_wait((road_point){fence, 1}, ROAD_FOREVER));
	(void)step_submit(rig.queue,
			  (struct step){.list = nothing, .wait = {gate, 1}, .signal = {fence, 2}});
	pull(f, rig.device);
	CHECK_STATUS(road_point_wait((road_point){fence, 2}, ROAD_FOREVER), ROAD_DEVICE_LOST);
	CHECK_STATUS(road_event_error(fence, 2, &why), ROAD_DEVICE_LOST);
	CHECK_EQ(why.status, ROAD_DEVICE_LOST);
	CHECK_REACHED(((road_point){fence, 1})); /* what was reached stays so */
	road_list_release(nothing);
	road_event_release(fence);
	road_event_release(gate);
	rig_close(&rig);
}

CONFORMANCE_CASE(hotplug, call_after_unplug_device_lost)
{
	road_instance *instance = instance_new(f);
	struct rig rig = rig_open(f, instance, f->address);
	road_buffer *buffer = rig_buffer(f, &rig), *more = NULL;
	road_buffer_options options = {
		.size = sizeof(options), .heap = fixture_heap(f), .bytes = 64};
	road_device_info info = {.size = sizeof(info)};
	unsigned char bytes[64] = {0};
	road_queue *queue = NULL;
	road_space *space = NULL;

	pull(f, rig.device);
	CHECK_STATUS(road_queue_write(rig.queue, buffer, 0, bytes, 64, NULL), ROAD_DEVICE_LOST);
	CHECK_STATUS(road_queue_read(rig.queue, bytes, buffer, 0, 64, NULL), ROAD_DEVICE_LOST);
	CHECK_STATUS(road_buffer_create(rig.space, &options, &more), ROAD_DEVICE_LOST);
	CHECK_STATUS(road_queue_create(rig.space, NULL, &queue), ROAD_DEVICE_LOST);
	CHECK_STATUS(road_space_shared(rig.device, &space), ROAD_DEVICE_LOST);
	CHECK_STATUS(road_device_reset(rig.device, ROAD_RESET_DEVICE), ROAD_DEVICE_LOST);
	/* What is known is still told. */
	CHECK_OK(road_device_info_get(rig.device, &info));
	CHECK(!strcmp(info.driver, f->info.driver));
	road_buffer_release(buffer);
	rig_close(&rig);
}

CONFORMANCE_CASE(hotplug, open_after_unplug_device_lost)
{
	road_instance *instance = instance_new(f);
	struct rig rig = rig_open(f, instance, f->address);
	road_device *device = NULL;

	pull(f, rig.device);
	if (fixture_hotplug(f)) { /* whether something was there nobody knows: its place is empty */
		CHECK_STATUS(road_device_open(instance, f->address, &device), ROAD_NOT_FOUND);
		rig_close(&rig);
		CHECK_STATUS(road_device_open(instance, f->address, &device), ROAD_NOT_FOUND);
		return;
	}
	CHECK_STATUS(road_device_open(instance, f->address, &device), ROAD_DEVICE_LOST);
	CHECK_DETAIL("pulled out");
	rig_close(&rig);
	CHECK_STATUS(road_device_open(instance, f->address, &device), ROAD_DEVICE_LOST);
	/* Another instance has chips of its own. */
	struct rig other = rig_open(f, NULL, f->address);

	CHECK(rig_work(f, &other).data != 0);
	rig_close(&other);
}

/* The old handle means the old device, for good; the address means the new one. */
CONFORMANCE_CASE(hotplug, replug_is_new_device)
{
	road_instance *instance = instance_new(f);
	struct rig old = rig_open(f, instance, f->address);
	struct outcome before = rig_work(f, &old);

	pull(f, old.device);
	CHECK_STATUS(road_sim_plug(instance, "sim:never-there"), ROAD_NOT_FOUND);
	if (!plug(f, instance)) {
		rig_close(&old);
		case_unsupported(elsewhere);
	}
	CHECK_STATUS(road_sim_plug(instance, f->address), ROAD_NOT_FOUND);
	struct rig new = rig_open(f, instance, f->address);

	CHECK(new.device != old.device);
	CHECK_EQ(rig_work(f, &new).data, before.data);
	CHECK_EQ(health_of(f, old.device), ROAD_HEALTH_LOST);
	CHECK_EQ(health_of(f, new.device), ROAD_HEALTH_OK);
	rig_close(&new);
	rig_close(&old);
}

CONFORMANCE_CASE(hotplug, unplug_during_reconfigure)
{
	road_instance *instance = instance_new(f);
	struct rig rig = rig_open(f, instance, f->address);
	road_reconfiguration reset = {.size = sizeof(reset), .verb = ROAD_RECONFIGURE_RESET};
	road_region *root = NULL;
	road_point point;

	CHECK_OK(road_region_root(rig.device, &root));
	CHECK_OK(road_queue_reconfigure(rig.queue, &reset, &point));
	pull(f, rig.device);
	road_status status = road_point_wait(point, ROAD_FOREVER);

	CHECK(status == ROAD_OK || status == ROAD_DEVICE_LOST);
	CHECK_STATUS(road_layout_commit(root), ROAD_DEVICE_LOST);
	road_region_release(root);
	rig_close(&rig);
}

CONFORMANCE_CASE(hotplug, unplug_rescan_100)
{
	road_instance *instance = instance_new(f);
	road_watch *watch = NULL;
	road_change change = {.size = sizeof(change)};
	const uint32_t rounds = (fixture_hotplug(f) ? 10u : 100u) * (f->soak ? 10 : 1);
	uint32_t lost = 0, arrived = 0, removed = 0;

	CHECK_OK(road_watch_create(
		instance, ROAD_CHANGE_LOST | ROAD_CHANGE_ARRIVED | ROAD_CHANGE_REMOVED, &watch));
	for (uint32_t i = 0; i < rounds; i++) {
		road_device *device = NULL;

		CHECK_OK(road_device_open(instance, f->address, &device));
		pull(f, device);
		const bool back = plug(f, instance);

		road_device_release(device);
		if (!back) {
			road_watch_release(watch);
			case_unsupported(elsewhere);
		}
		while (!road_watch_next(watch, &change)) {
			lost += change.kind == ROAD_CHANGE_LOST;
			arrived += change.kind == ROAD_CHANGE_ARRIVED;
			removed += change.kind == ROAD_CHANGE_REMOVED;
		}
	}
	if (fixture_hotplug(
		    f)) { /* the kernel tells of the function and of its driver, in its time */
		CHECK(lost >= rounds && arrived >= rounds && removed >= rounds);
	} else {
		CHECK_EQ(lost, rounds);
		CHECK_EQ(arrived, 2 * rounds); /* plugged in, opened */
		CHECK_EQ(removed, 2 * rounds); /* pulled out, closed */
	}
	road_watch_release(watch);
	struct rig rig = rig_open(f, instance, f->address);

	CHECK(rig_work(f, &rig).data != 0);
	rig_close(&rig);
}

/* The old device's last handle goes while the new one works. */
CONFORMANCE_CASE(hotplug, unbind_rebind_late_close)
{
	road_instance *instance = instance_new(f);
	struct rig old = rig_open(f, instance, f->address);
	struct outcome before = rig_work(f, &old);
	road_buffer *kept = rig_buffer(f, &old);

	pull(f, old.device);
	if (!plug(f, instance)) {
		road_buffer_release(kept);
		rig_close(&old);
		case_unsupported(elsewhere);
	}
	struct rig new = rig_open(f, instance, f->address);
	road_buffer *buffer = rig_buffer(f, &new);
	unsigned char there[RIG_BYTES], back[RIG_BYTES] = {0};
	road_point point;

	memset(there, 0x3c, sizeof(there));
	CHECK_OK(road_queue_write(new.queue, buffer, 0, there, sizeof(there), NULL));
	road_buffer_release(kept);
	rig_close(&old);
	CHECK_OK(road_queue_read(new.queue, back, buffer, 0, sizeof(back), &point));
	CHECK_OK(road_point_wait(point, ROAD_FOREVER));
	CHECK(!memcmp(there, back, sizeof(there)));
	road_buffer_release(buffer);
	CHECK_EQ(rig_work(f, &new).data, before.data);
	rig_close(&new);
}

struct called {
	_Atomic int began, go, ended;
};

static void call_back(void *user)
{
	struct called *called = user;

	atomic_store(&called->began, 1);
	while (!atomic_load(&called->go))
		;
	atomic_store(&called->ended, 1);
}

/* A callback under way ends in its own time; what waits behind it fails. */
CONFORMANCE_CASE(hotplug, unplug_with_callback_outstanding)
{
	static struct called called;
	road_instance *instance = instance_new(f);
	struct rig rig = rig_open(f, instance, f->address);
	road_list *list = NULL;
	road_point point;

	called = (struct called){0};
	CHECK_OK(road_list_create(rig.space, 0, &list));
	CHECK_OK(road_list_callback(list, call_back, &called, 0));
	CHECK_OK(road_list_close(list));
	point = step_submit(rig.queue, (struct step){.list = list});
	while (!atomic_load(&called.began))
		(void)road_point_wait(point, BRIEFLY);
	pull(f, rig.device);
	CHECK_STATUS(road_point_wait(point, ROAD_FOREVER), ROAD_DEVICE_LOST);
	atomic_store(&called.go, 1);
	road_list_release(list);
	rig_close(&rig);
	while (!atomic_load(&called.ended))
		;
}

/* Another device's work that waited for the lost one's fails, too; the device goes on. */
CONFORMANCE_CASE(hotplug, unplug_with_deferred_elsewhere)
{
	road_instance *instance = instance_new(f);
	struct rig rig = rig_open(f, instance, f->address);
	struct rig other = rig_open(f, instance, rig_address(f, 1, NULL));
	road_event *gate = NULL;
	road_list *nothing = NULL, *there = NULL;
	road_point owed, deferred;

	CHECK_OK(road_event_create(instance, 0, &gate));
	CHECK_OK(road_list_create(rig.space, 0, &nothing));
	CHECK_OK(road_list_close(nothing));
	CHECK_OK(road_list_create(other.space, 0, &there));
	CHECK_OK(road_list_close(there));
	owed = step_submit(rig.queue, (struct step){.list = nothing, .wait = {gate, 1}});
	deferred = step_submit(other.queue, (struct step){.list = there, .wait = owed});
	pull(f, rig.device);
	CHECK_STATUS(road_point_wait(deferred, ROAD_FOREVER), ROAD_DEVICE_LOST);
	CHECK_EQ(health_of(f, other.device), ROAD_HEALTH_OK);
	CHECK_OK(road_queue_reset(other.queue));
	CHECK(rig_work(f, &other).data != 0);
	road_list_release(nothing);
	road_list_release(there);
	road_event_release(gate);
	rig_close(&other);
	rig_close(&rig);
}
