/* SPDX-License-Identifier: Apache-2.0 */
/* Drivers over a vendor's runtime library: many devices, the library's place, sleeping in it. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/tap.h"
#include "tests/unit/load/folders.h"

#define LIBRARY     FILES "/vendor-1.so"
#define VARIABLE    "ROADBED_LIBRARY_VEND_OR"
#define DEVICE(n)   "vend-or:" #n
#define WITH_OPTION "?library=" LIBRARY

enum { WORK = 50 };

static uint64_t soon(void)
{
	return road_deadline_after(20000000000);
}

static char *folder;

/* With or without the environment. */
static road_instance *instance_with(uint32_t flags)
{
	road_instance_options options = {.size = sizeof(options),
					 .flags = flags,
					 .library_folder = SIM_FOLDER,
					 .driver_folders = folder};
	road_instance *instance = NULL;

	CU_ASSERT_EQUAL_FATAL(road_instance_create(&options, &instance), ROAD_OK);
	return instance;
}

static road_instance *begin(void)
{
	folder = folder_new();
	folder_put(folder, FILES "/driver-vendor.so", "vendor.so");
	setenv(VARIABLE, LIBRARY, 1);
	return instance_with(0);
}

static void end(road_instance *instance)
{
	road_instance_release(instance);
	unsetenv(VARIABLE);
	folder_remove(folder);
}

struct use {
	road_device *device;
	road_space *space;
	road_queue *queue;
};

static struct use open_use(road_instance *instance, const char *address)
{
	struct use use = {0};
	road_error why = {.size = sizeof(why)};
	road_status status = road_device_open(instance, address, &use.device);

	if (status && !road_last_error(&why))
		printf("# %s: %s: %s\n", address, why.where, why.what);
	CU_ASSERT_EQUAL_FATAL(status, ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_space_shared(use.device, &use.space), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_queue_create(use.space, NULL, &use.queue), ROAD_OK);
	return use;
}

static void close_use(struct use *use)
{
	road_queue_release(use->queue);
	road_space_release(use->space);
	road_device_release(use->device);
}

static road_point give(const struct use *use)
{
	road_submission nothing = {.size = sizeof(nothing)};
	road_point point = {0};

	CU_ASSERT_EQUAL_FATAL(road_queue_submit(use->queue, &nothing, &point), ROAD_OK);
	return point;
}

static uint64_t chip_metric(const struct use *use, uint32_t index, const char *name)
{
	road_metric metric = {.size = sizeof(metric)};

	CU_ASSERT_EQUAL_FATAL(
		road_device_telemetry(use->device, ROAD_TELEMETRY_CHIP, index, &metric), ROAD_OK);
	CU_ASSERT_STRING_EQUAL(metric.name, name);
	return metric.u64;
}

static uint64_t sleeps_of(const struct use *use)
{
	return chip_metric(use, 0, "vendor.waits");
}

static void scan_tells_of_all_devices(void)
{
	road_instance *instance = begin();
	road_candidate row;

	for (int i = 0; i < 2; i++) {
		const char *const addresses[] = {DEVICE(0), DEVICE(1)};

		CU_ASSERT_FATAL(candidate_of(instance, addresses[i], &row));
		CU_ASSERT_EQUAL(row.status, ROAD_OK);
		CU_ASSERT_STRING_EQUAL(row.name, "Vendor's device");
		CU_ASSERT_EQUAL(row.simulated, i); /* as the driver says of each */
		CU_ASSERT_STRING_EQUAL(row.driver, "vendor");
		CU_ASSERT_PTR_NOT_NULL(strstr(row.reason, folder));
	}
	CU_ASSERT_FALSE(candidate_of(instance, DEVICE(2), &row));
	CU_ASSERT_FALSE(candidate_of(instance, "vend-or:", &row));
	/* And what comes behind them in the list is still there. */
	CU_ASSERT(candidate_of(instance, "sim:edu", &row));
	end(instance);
}

static void refused_address(road_instance *instance, const char *address, road_status status,
			    const char *says)
{
	road_device *device = NULL;
	road_error why = {.size = sizeof(why)};

	CU_ASSERT_EQUAL(road_device_open(instance, address, &device), status);
	CU_ASSERT_EQUAL(road_last_error(&why), ROAD_OK);
	if (!strstr(why.what, says))
		printf("# %s: \"%s\", awaited: \"%s\"\n", address, why.what, says);
	CU_ASSERT_PTR_NOT_NULL(strstr(why.what, says));
}

static void names_are_the_drivers_and_decorators_nobodys(void)
{
	road_instance *instance = begin();

	refused_address(instance, "vend-or:", ROAD_INVALID_ARGUMENT, "names no device");
	refused_address(instance, "vend-or:7", ROAD_NOT_FOUND, "no such device");
	refused_address(instance, "faulty(dma_alloc@1=lost):vend-or:0", ROAD_INVALID_ARGUMENT,
			"takes no decorator");
	end(instance);
}

static void a_missing_library_is_explained(void)
{
	road_instance *instance = begin();
	road_candidate row;

	unsetenv(VARIABLE);
	CU_ASSERT_FATAL(candidate_of(instance, "vend-or:", &row));
	CU_ASSERT_EQUAL(row.status, ROAD_NOT_FOUND);
	CU_ASSERT_PTR_NOT_NULL(strstr(row.reason, "libroadbed-test-vendor.so.1"));
	refused_address(instance, DEVICE(0), ROAD_NOT_FOUND, "libroadbed-test-vendor.so.1");
	setenv(VARIABLE, "some/where.so", 1);
	refused_address(instance, DEVICE(0), ROAD_INVALID_ARGUMENT, "not absolute");
	CU_ASSERT_FATAL(candidate_of(instance, "vend-or:", &row));
	CU_ASSERT_PTR_NOT_NULL(strstr(row.reason, VARIABLE));
	/* A library that is none of the vendor's, and another version of the right one. */
	setenv(VARIABLE, FILES "/driver-good.so", 1);
	refused_address(instance, DEVICE(0), ROAD_NOT_FOUND, "lacks a function");
	setenv(VARIABLE, FILES "/vendor-2.so", 1);
	refused_address(instance, DEVICE(0), ROAD_UNSUPPORTED, "version 2");
	end(instance);
}

static void the_environment_may_be_ignored(void)
{
	road_instance *instance = begin(), *deaf = instance_with(ROAD_INSTANCE_NO_ENV);

	refused_address(deaf, DEVICE(0), ROAD_NOT_FOUND, "libroadbed-test-vendor.so.1");
	road_instance_release(deaf);
	end(instance);
}

static void name_is(road_instance *instance, const char *address, const char *name)
{
	road_device_info info = {.size = sizeof(info)};
	struct use use = open_use(instance, address);

	CU_ASSERT_EQUAL(road_device_info_get(use.device, &info), ROAD_OK);
	CU_ASSERT_STRING_EQUAL(info.name, name);
	CU_ASSERT_STRING_EQUAL(info.bus, "library");
	CU_ASSERT_EQUAL(road_point_wait(give(&use), soon()), ROAD_OK);
	close_use(&use);
}

static void the_address_says_where_the_library_is(void)
{
	road_instance *instance = begin();

	unsetenv(VARIABLE);
	name_is(instance, DEVICE(0) WITH_OPTION, "Vendor's device ");
	name_is(instance, DEVICE(0) WITH_OPTION "&a=1", "Vendor's device a=1");
	name_is(instance, DEVICE(0) "?a=1&library=" LIBRARY, "Vendor's device a=1");
	name_is(instance, DEVICE(1) "?a=1&library=" LIBRARY "&b=2", "Vendor's device a=1&b=2");
	refused_address(instance, DEVICE(0) "?library=where.so", ROAD_INVALID_ARGUMENT,
			"not absolute");
	setenv(VARIABLE, FILES "/vendor-2.so", 1); /* the address goes first */
	name_is(instance, DEVICE(0) WITH_OPTION, "Vendor's device ");
	end(instance);
}

static void who_waits_sleeps_in_the_library(void)
{
	road_instance *instance = begin();
	struct use use = open_use(instance, DEVICE(0));
	road_point last = {0};

	for (int i = 0; i < WORK; i++)
		last = give(&use);
	CU_ASSERT_EQUAL(road_point_wait(last, soon()), ROAD_OK);
	CU_ASSERT(sleeps_of(&use) > 0);
	/* It asks the library for the point itself, not for each before it. */
	CU_ASSERT_EQUAL(chip_metric(&use, 1, "vendor.asked"), WORK);
	close_use(&use);
	end(instance);
}

static void queries_see_progress_without_a_wait(void)
{
	road_instance *instance = begin();
	struct use use = open_use(instance, DEVICE(0));
	road_point point = give(&use);
	uint64_t value = 0, until = soon();

	while (value < point.value && road_deadline_after(0) < until)
		CU_ASSERT_EQUAL_FATAL(road_event_value(point.event, &value), ROAD_OK);
	CU_ASSERT_EQUAL(value, point.value);
	CU_ASSERT_EQUAL(sleeps_of(&use), 0);
	close_use(&use);
	end(instance);
}

static void a_deadline_ends_the_sleep(void)
{
	road_instance *instance = begin();
	struct use use = open_use(instance, DEVICE(0));
	road_event *never = NULL;
	road_point points[2];

	CU_ASSERT_EQUAL_FATAL(road_event_create(instance, 0, &never), ROAD_OK);
	points[0] = give(&use);
	points[1] = (road_point){never, 1};
	CU_ASSERT_EQUAL(
		road_event_wait(points, 2, ROAD_WAIT_ALL, road_deadline_after(20000000), NULL),
		ROAD_TIMEOUT);
	uint32_t first = 9;

	points[0] = give(&use);
	CU_ASSERT_EQUAL(road_event_wait(points, 2, ROAD_WAIT_ANY, soon(), &first), ROAD_OK);
	CU_ASSERT_EQUAL(first, 0);
	road_event_release(never);
	close_use(&use);
	end(instance);
}

/* Queue of device 1 waits for queue of device 0, and for the program; threads wait for both. */
static void *wait_for(void *arg)
{
	road_error why = {.size = sizeof(why)};
	road_status status = road_point_wait(*(road_point *)arg, soon());

	if (status && !road_last_error(&why))
		printf("# %d: %s: %s (%s)\n", status, why.where, why.what, why.seen);
	return (void *)(intptr_t)status;
}

static void linger(void *user)
{
	(void)user;
	usleep(20000); /* so that who waits has nothing to ask, and sleeps */
}

static void what_a_callback_lets_go_on_is_seen(void)
{
	road_instance *instance = begin();
	struct use use = open_use(instance, DEVICE(0));
	road_submission submission = {.size = sizeof(submission)};
	road_point behind;

	CU_ASSERT_EQUAL_FATAL(road_list_create(use.space, 0, &submission.list), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_list_callback(submission.list, linger, NULL, 0), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_list_close(submission.list), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_queue_submit(use.queue, &submission, NULL), ROAD_OK);
	behind = give(&use);
	CU_ASSERT_EQUAL(road_point_wait(behind, soon()), ROAD_OK);
	road_list_release(submission.list);
	close_use(&use);
	end(instance);
}

static void queues_of_two_devices_wait_for_each_other(void)
{
	enum { THREADS = 4 };
	road_instance *instance = begin();
	struct use first = open_use(instance, DEVICE(0)), second = open_use(instance, DEVICE(1));
	road_event *start = NULL, *promised = NULL;
	pthread_t threads[THREADS];
	road_point points[2];

	CU_ASSERT_EQUAL_FATAL(road_event_create(instance, 0, &start), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_event_create(instance, 0, &promised), ROAD_OK);
	const road_point begun = {start, 1}, owed = {promised, 5};
	road_submission one = {.size = sizeof(one),
			       .waits = &begun,
			       .wait_count = 1,
			       .signals = &owed,
			       .signal_count = 1};
	road_submission two = {.size = sizeof(two), .waits = &owed, .wait_count = 1};

	CU_ASSERT_EQUAL_FATAL(road_queue_submit(first.queue, &one, &points[0]), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_queue_submit(second.queue, &two, &points[1]), ROAD_OK);
	for (int i = 0; i < THREADS; i++)
		CU_ASSERT_EQUAL_FATAL(
			pthread_create(&threads[i], NULL, wait_for, &points[(i + 1) % 2]), 0);
	CU_ASSERT_EQUAL(road_event_signal(start, 1), ROAD_OK);
	for (int i = 0; i < THREADS; i++) {
		void *status = &threads;

		pthread_join(threads[i], &status);
		CU_ASSERT_EQUAL((intptr_t)status, ROAD_OK);
	}
	road_event_release(start);
	road_event_release(promised);
	close_use(&first);
	close_use(&second);
	end(instance);
}

static void a_queue_closes_while_somebody_sleeps_for_it(void)
{
	road_instance *instance = begin();
	struct use use = open_use(instance, DEVICE(0));
	pthread_t thread;
	road_point point = {0};
	void *status = NULL;

	for (int i = 0; i < WORK; i++)
		point = give(&use);
	CU_ASSERT_EQUAL_FATAL(road_event_retain(point.event), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, wait_for, &point), 0);
	while (!sleeps_of(&use))
		;
	close_use(&use);
	pthread_join(thread, &status);
	/* On a busy machine the work may be done before the queue is closed. */
	CU_ASSERT((intptr_t)status == ROAD_CANCELLED || (intptr_t)status == ROAD_OK);
	road_event_release(point.event);
	end(instance);
}

static const struct tap_case cases[] = {
	{"scan tells of all devices", scan_tells_of_all_devices},
	{"names are the driver's, decorators nobody's",
	 names_are_the_drivers_and_decorators_nobodys},
	{"a missing library is explained", a_missing_library_is_explained},
	{"the environment may be ignored", the_environment_may_be_ignored},
	{"the address says where the library is", the_address_says_where_the_library_is},
	{"who waits sleeps in the library", who_waits_sleeps_in_the_library},
	{"queries see progress without a wait", queries_see_progress_without_a_wait},
	{"a deadline ends the sleep", a_deadline_ends_the_sleep},
	{"what a callback lets go on is seen by who sleeps", what_a_callback_lets_go_on_is_seen},
	{"queues of two devices wait for each other", queues_of_two_devices_wait_for_each_other},
	{"a queue closes while somebody sleeps for it",
	 a_queue_closes_while_somebody_sleeps_for_it},
};

TAP_MAIN(cases)
