/* SPDX-License-Identifier: Apache-2.0 */
/* Switches of a region whose chip does not order them: the core does. */
#include <pthread.h>

#include "tests/unit/core/fake/fixture.h"

#define ORDERED (FAKE_FEATURES | ROAD_REGION_BARRIER)

static road_queue *queue_in(struct fake *k, road_region *region)
{
	road_queue_options options = {.size = sizeof(options), .region = region};
	road_queue *queue = NULL;

	CU_ASSERT_EQUAL_FATAL(road_queue_create(k->f.space, &options, &queue), ROAD_OK);
	return queue;
}

static road_point submit(road_queue *queue, uint32_t verb, road_config *config)
{
	road_reconfiguration what = command(verb, config, NULL);
	road_point point = {0};

	CU_ASSERT_EQUAL_FATAL(road_queue_reconfigure(queue, &what, &point), ROAD_OK);
	return point;
}

static road_status one(struct fake *k, road_point point)
{
	CU_ASSERT_EQUAL(k->door->run(1), 1);
	return road_point_wait(point, soon());
}

static void a_switch_has_the_region_for_itself(void)
{
	struct fake k = fake_setup(ORDERED);
	road_config *config = config_of(&k, "image");
	road_queue *a = k.f.queue, *b = queue_in(&k, k.root);

	k.door->held = true;
	road_point a1 = submit(a, ROAD_RECONFIGURE_LOAD, config);
	road_point b1 = submit(b, ROAD_RECONFIGURE_LOAD, config);

	CU_ASSERT_EQUAL(k.door->handed, 2);
	road_point b2 = submit(b, ROAD_RECONFIGURE_ACTIVATE, config);
	road_point a2 = submit(a, ROAD_RECONFIGURE_LOAD, config);

	CU_ASSERT_EQUAL(k.door->handed, 2); /* the switch waits, and nothing passes it */
	CU_ASSERT_EQUAL(one(&k, a1), ROAD_OK);
	CU_ASSERT_EQUAL(k.door->handed, 2);
	CU_ASSERT_EQUAL(one(&k, b1), ROAD_OK);
	CU_ASSERT_EQUAL(k.door->handed, 3);
	CU_ASSERT_EQUAL(one(&k, b2), ROAD_OK);
	CU_ASSERT_EQUAL(k.door->handed, 4);
	CU_ASSERT_EQUAL(one(&k, a2), ROAD_OK);
	CU_ASSERT_STRING_EQUAL(k.door->log, "AAFA");
	CU_ASSERT_EQUAL(k.door->overlaps, 0);
	road_queue_release(b);
	road_config_release(config);
	fake_teardown(&k);
}

static void a_chip_that_orders_gets_them_at_once(void)
{
	struct fake k = fake_setup(FAKE_FEATURES);
	road_config *config = config_of(&k, "image");
	road_queue *a = k.f.queue, *b = queue_in(&k, k.root);

	k.door->held = true;
	submit(a, ROAD_RECONFIGURE_LOAD, config);
	submit(b, ROAD_RECONFIGURE_ACTIVATE, config);
	submit(a, ROAD_RECONFIGURE_LOAD, config);
	CU_ASSERT_EQUAL(k.door->handed, 3);
	CU_ASSERT_EQUAL(k.door->overlaps, 2);
	k.door->run(3);
	CU_ASSERT_EQUAL(road_queue_drain(a, soon()), ROAD_OK);
	CU_ASSERT_EQUAL(road_queue_drain(b, soon()), ROAD_OK);
	road_queue_release(b);
	road_config_release(config);
	fake_teardown(&k);
}

/* A switch that will not come lets the others go. */
static void a_switch_that_is_dropped_holds_nothing(void)
{
	for (int how = 0; how < 3; how++) {
		struct fake k = fake_setup(ORDERED);
		road_config *config = config_of(&k, "image");
		road_queue *a = k.f.queue, *b = queue_in(&k, k.root);

		k.door->held = true;
		road_point a1 = submit(a, ROAD_RECONFIGURE_LOAD, config);
		road_point b1 = submit(b, ROAD_RECONFIGURE_ACTIVATE, config);
		road_point a2 = submit(a, ROAD_RECONFIGURE_LOAD, config);

		CU_ASSERT_EQUAL(k.door->handed, 1);
		if (how == 0)
			CU_ASSERT_EQUAL(road_queue_cancel(b, b1.value), ROAD_OK);
		if (how == 1)
			CU_ASSERT_EQUAL(road_queue_reset(b), ROAD_OK);
		if (how == 2)
			road_queue_release(b);
		CU_ASSERT_EQUAL(k.door->handed, 2);
		CU_ASSERT_EQUAL(one(&k, a1), ROAD_OK);
		CU_ASSERT_EQUAL(one(&k, a2), ROAD_OK);
		if (how < 2)
			road_queue_release(b);
		road_config_release(config);
		fake_teardown(&k);
	}
}

/* A switch on the device fails, or is taken off it: the region goes on. */
static void a_switch_that_fails_holds_nothing(void)
{
	for (int how = 0; how < 2; how++) {
		struct fake k = fake_setup(ORDERED);
		road_config *config = config_of(&k, "image");
		road_queue *a = k.f.queue, *b = queue_in(&k, k.root);

		k.door->held = true;
		road_point b1 = submit(b, ROAD_RECONFIGURE_ACTIVATE, config);
		road_point a1 = submit(a, ROAD_RECONFIGURE_LOAD, config);

		CU_ASSERT_EQUAL(k.door->handed, 1);
		k.door->fail_phase = ROAD_PHASE_COMMIT;
		CU_ASSERT_EQUAL(how ? road_queue_reset(b) : one(&k, b1),
				how ? ROAD_OK : ROAD_FAULT);
		k.door->fail_phase = 0;
		CU_ASSERT_EQUAL(k.door->handed, 2);
		CU_ASSERT_EQUAL(one(&k, a1), ROAD_OK);
		road_queue_release(b);
		road_config_release(config);
		fake_teardown(&k);
	}
}

static void regions_beside_each_other_do_not_wait(void)
{
	struct fake k = fake_setup(ORDERED);
	const road_region_part halves[] = {{.units = 4}, {.first_unit = 4, .units = 4}};
	road_config *config = config_of(&k, "image");
	road_region *child[2] = {0};

	road_queue_release(k.f.queue);
	k.f.queue = NULL;
	CU_ASSERT_EQUAL_FATAL(road_layout_apply(k.root, halves, 2), ROAD_OK);
	CU_ASSERT_EQUAL(road_layout_commit(k.root), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_region_child(k.root, 0, &child[0]), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_region_child(k.root, 1, &child[1]), ROAD_OK);
	road_queue *a = queue_in(&k, child[0]), *b = queue_in(&k, child[1]);

	k.door->held = true;
	road_point a1 = submit(a, ROAD_RECONFIGURE_ACTIVATE, config);
	road_point b1 = submit(b, ROAD_RECONFIGURE_ACTIVATE, config);

	CU_ASSERT_EQUAL(k.door->handed, 2);
	CU_ASSERT_EQUAL(one(&k, a1), ROAD_OK);
	CU_ASSERT_EQUAL(one(&k, b1), ROAD_OK);
	CU_ASSERT_EQUAL(active_in(child[0]), id_of(config));
	CU_ASSERT_EQUAL(active_in(child[1]), id_of(config));
	road_queue_release(a);
	road_queue_release(b);
	road_region_release(child[0]);
	road_region_release(child[1]);
	road_config_release(config);
	fake_teardown(&k);
}

/* ---- threads ---- */

enum { THREADS = 3, ROUNDS = 150 };
struct worker {
	struct fake *k;
	road_queue *queue;
	road_config *const *configs;
	uint32_t seed;
	int failed;
};
struct runner {
	struct fake_door *door;
	int stop;
};

static void *work(void *user)
{
	struct worker *w = user;

	for (int i = 0; i < ROUNDS; i++) {
		w->seed = w->seed * 1103515245u + 12345u;
		uint32_t dice = w->seed >> 16;
		uint32_t verb = dice % 3 ? ROAD_RECONFIGURE_LOAD : ROAD_RECONFIGURE_ACTIVATE;
		road_reconfigure_result result;
		road_reconfiguration what = command(verb, w->configs[dice / 3 % 2], &result);
		road_point point;

		if (road_queue_reconfigure(w->queue, &what, &point) ||
		    (dice & 0x100 && road_point_wait(point, soon())) ||
		    road_queue_drain(w->queue, soon()) || result.status)
			w->failed++;
	}
	return NULL;
}

static void *keep_running(void *user)
{
	struct runner *r = user;

	while (!__atomic_load_n(&r->stop, __ATOMIC_ACQUIRE))
		r->door->run(1);
	return NULL;
}

static void threads_never_meet_a_switch(void)
{
	struct fake k = fake_setup(ORDERED);
	road_config *configs[] = {config_of(&k, "image a"), config_of(&k, "image b")};
	struct runner runner = {.door = k.door};
	struct worker workers[THREADS];
	pthread_t threads[THREADS], running;

	k.door->held = true;
	CU_ASSERT_EQUAL_FATAL(pthread_create(&running, NULL, keep_running, &runner), 0);
	for (uint32_t i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){&k, queue_in(&k, k.root), configs, i + 1, 0};
		CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
	}
	for (uint32_t i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		CU_ASSERT_EQUAL(workers[i].failed, 0);
		road_queue_release(workers[i].queue);
	}
	__atomic_store_n(&runner.stop, 1, __ATOMIC_RELEASE);
	pthread_join(running, NULL);
	CU_ASSERT_EQUAL(k.door->overlaps, 0);
	CU_ASSERT_EQUAL(k.door->handed, THREADS * ROUNDS);
	road_config_release(configs[0]);
	road_config_release(configs[1]);
	fake_teardown(&k);
}

static const struct tap_case cases[] = {
	{"a switch has the region for itself", a_switch_has_the_region_for_itself},
	{"a chip that orders gets them at once", a_chip_that_orders_gets_them_at_once},
	{"a switch that is dropped holds nothing", a_switch_that_is_dropped_holds_nothing},
	{"a switch that fails holds nothing", a_switch_that_fails_holds_nothing},
	{"regions beside each other do not wait", regions_beside_each_other_do_not_wait},
	{"threads never meet a switch", threads_never_meet_a_switch},
};
TAP_MAIN(cases)
