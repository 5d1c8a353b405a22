/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A GPGPU pulled out while a kernel runs on it, in front of every access to its bus: never a hang,
 * a crash or a leak, and whatever waited gets an answer.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <unistd.h>

#include "tests/unit/core/fixture.h"

/* Counts to 3000 in memory, so that many slices pass. */
static const char counting[] = ".version 7.0\n.target sm_80\n.address_size 64\n"
			       ".visible .entry counting(.param .u64 p)\n"
			       "{\n"
			       "\t.reg .pred %p<2>;\n"
			       "\t.reg .b32 %r<4>;\n"
			       "\t.reg .b64 %rd<4>;\n"
			       "\tld.param.u64 %rd1, [p];\n"
			       "\tmov.u32 %r1, %tid.x;\n"
			       "\tmul.wide.u32 %rd2, %r1, 4;\n"
			       "\tadd.s64 %rd3, %rd1, %rd2;\n"
			       "\tmov.u32 %r2, 0;\n"
			       "$L:\n"
			       "\tadd.u32 %r2, %r2, 1;\n"
			       "\tst.global.u32 [%rd3], %r2;\n"
			       "\tsetp.lt.u32 %p1, %r2, 3000;\n"
			       "\t@%p1 bra $L;\n"
			       "\tret;\n"
			       "}\n";

enum { LANES = 32, POINTS = 12, PROBES = 6 };

struct run {
	road_instance *instance;
	road_device *device;
	road_space *space;
	road_queue *queue, *second, *third;
	road_buffer *buffer;
	road_image *image;
	road_kernel *kernel;
	road_list *list;
	road_event *event;
	road_point points[POINTS];
	uint32_t point_count;
	uint32_t words[LANES];
};

/* What a run saw; the parts of it that happen while the kernel runs. */
struct seen {
	uint64_t accesses;
	bool launched;       /* the kernel's submission was accepted */
	bool lost_in_flight; /* the device went while the kernel ran */
	road_status kernel;  /* how its wait ended */
};

/* Outlives every run: a callback may still be under way when its points have failed. */
static _Atomic int called, may_return;

static void called_back(void *user)
{
	atomic_fetch_add((_Atomic int *)user, 1);
	for (int i = 0; i < 2000 && !atomic_load(&may_return); i++)
		usleep(100);
}

static void *wait_too(void *arg)
{
	struct run *r = arg;

	/* Whatever it is, it must be an answer, and not a timeout. */
	for (uint32_t i = 0; i < r->point_count; i++)
		CU_ASSERT_NOT_EQUAL(road_point_wait(r->points[i], soon()), ROAD_TIMEOUT);
	return NULL;
}

static bool open_all(struct run *r, const char *address)
{
	road_buffer_options options = {
		.size = sizeof(options), .heap = ROAD_HEAP_DEVICE, .bytes = 4096};

	return !road_device_open(r->instance, address, &r->device) &&
	       !road_space_shared(r->device, &r->space) &&
	       !road_queue_create(r->space, NULL, &r->queue) &&
	       !road_queue_create(r->space, NULL, &r->second) &&
	       !road_queue_create(r->space, NULL, &r->third) &&
	       !road_buffer_create(r->space, &options, &r->buffer) &&
	       !road_image_load(r->space, counting, strlen(counting), NULL, &r->image) &&
	       !road_image_kernel(r->image, "counting", &r->kernel);
}

static void close_all(struct run *r)
{
	road_list_release(r->list);
	road_kernel_release(r->kernel);
	road_image_release(r->image);
	road_buffer_release(r->buffer);
	road_queue_release(r->third);
	road_queue_release(r->second);
	road_queue_release(r->queue);
	road_space_release(r->space);
	road_device_release(r->device);
	road_event_release(r->event);
	road_instance_release(r->instance);
}

static bool submitted(struct run *r, road_status status)
{
	if (!status)
		r->point_count++;
	return !status;
}

static bool launch(struct run *r)
{
	uint64_t address = 0;
	road_launch launch = {.size = sizeof(launch),
			      .kernel = r->kernel,
			      .grid = {2, 1, 1},
			      .block = {LANES, 1, 1},
			      .arguments = &address,
			      .argument_bytes = sizeof(address)};

	return !road_buffer_address(r->buffer, &address) &&
	       submitted(r, road_queue_launch(r->queue, &launch, &r->points[r->point_count]));
}

/* A callback that does not return, and a submission that nothing has released yet. */
static void submit_others(struct run *r)
{
	road_point wait = {r->event, 1};
	road_submission blocked = {.size = sizeof(blocked)};
	road_submission deferred = {.size = sizeof(deferred), .waits = &wait, .wait_count = 1};

	if (!road_list_create(r->space, 0, &r->list) &&
	    !road_list_callback(r->list, called_back, &called, 0) && !road_list_close(r->list)) {
		blocked.list = r->list;
		submitted(r, road_queue_submit(r->third, &blocked, &r->points[r->point_count]));
	}
	submitted(r, road_queue_submit(r->second, &deferred, &r->points[r->point_count]));
}

static bool is_lost(struct run *r)
{
	uint32_t health = ROAD_HEALTH_OK;
	uint64_t resets;

	return !road_device_health(r->device, &health, &resets) && health == ROAD_HEALTH_LOST;
}

/* Goes on making accesses while the kernel runs: queries let the clock pass a little. */
static void probe_in_flight(struct run *r, road_point kernel, struct seen *seen)
{
	for (int i = 0; i < PROBES; i++) {
		uint64_t value = 0;
		bool running = !road_event_value(kernel.event, &value) && value < kernel.value;

		if (r->point_count < POINTS - 1)
			submitted(r, road_queue_write(r->queue, r->buffer, 2048, r->words, 64,
						      &r->points[r->point_count]));
		/* The core learns of the loss at its next step. */
		road_event_value(kernel.event, &value);
		if (running && !seen->lost_in_flight)
			seen->lost_in_flight = is_lost(r);
		if (seen->lost_in_flight)
			return;
	}
}

/* The run, as far as it gets; alone or with another waiter, a callback and a deferred submission.
 */
static struct seen run_once(const char *address, bool alone)
{
	struct run r = {.instance = open_instance()};
	struct run view; /* the other waiter's: the points up to its start */
	struct seen seen = {0};
	pthread_t thread;

	atomic_store(&may_return, 0);
	CU_ASSERT_EQUAL_FATAL(road_event_create(r.instance, 0, &r.event), ROAD_OK);
	if (open_all(&r, address)) {
		uint32_t at = r.point_count;

		seen.launched = launch(&r);
		if (!alone) {
			submit_others(&r);
			view = r;
			pthread_create(&thread, NULL, wait_too, &view);
		}
		if (seen.launched)
			probe_in_flight(&r, r.points[at], &seen);
		road_event_signal(r.event, 1);
		atomic_store(&may_return, 1);
		if (seen.launched)
			seen.kernel = road_point_wait(r.points[at], soon());
		if (!alone)
			pthread_join(thread, NULL);
		wait_too(&r);
		if (!road_queue_read(r.queue, r.words, r.buffer, 0, sizeof(r.words), NULL))
			CU_ASSERT_NOT_EQUAL(road_queue_drain(r.queue, soon()), ROAD_TIMEOUT);
	}
	if (r.device)
		road_sim_counter(r.device, 0, NULL, &seen.accesses);
	close_all(&r);
	return seen;
}

/* Answers how many of the runs lost the device while the kernel ran. */
static int remove_everywhere(const char *device, bool alone)
{
	char address[128];
	int in_flight = 0;

	snprintf(address, sizeof(address), "faulty(remove@1000000):%s", device);
	struct seen whole = run_once(address, alone);

	CU_ASSERT_TRUE_FATAL(whole.launched);
	CU_ASSERT_EQUAL(whole.kernel, ROAD_OK);
	CU_ASSERT_FATAL(whole.accesses > 20);
	for (uint64_t at = 1; at <= whole.accesses; at++) {
		snprintf(address, sizeof(address), "faulty(remove@%llu):%s", (unsigned long long)at,
			 device);
		struct seen seen = run_once(address, alone);

		in_flight += seen.lost_in_flight;
		if (seen.lost_in_flight && alone) /* others may have run it to its end meanwhile */
			CU_ASSERT_EQUAL(seen.kernel, ROAD_DEVICE_LOST);
	}
	printf("# %s: removed in front of %llu accesses, %d of them while the kernel ran\n", device,
	       (unsigned long long)whole.accesses, in_flight);
	return in_flight;
}

static void functional_alone(void)
{
	CU_ASSERT(remove_everywhere("sim:gpu-small?time=functional", true) >= PROBES);
}

static void approx_alone(void)
{
	CU_ASSERT(remove_everywhere("sim:gpu-small?time=approx", true) >= PROBES);
}

static void functional_with_others(void)
{
	remove_everywhere("sim:gpu-small?time=functional", false);
}

static void approx_with_others(void)
{
	remove_everywhere("sim:gpu-small?time=approx", false);
}

/* Pulled by another thread at some moment of the run, while this one waits. */
static void *pull(void *arg)
{
	struct run *r = arg;

	usleep(300);
	CU_ASSERT_EQUAL(road_sim_unplug(r->device), ROAD_OK);
	return NULL;
}

static void another_thread_pulls(void)
{
	static const char *const devices[] = {"sim:gpu-small?time=functional",
					      "sim:gpu-small?time=approx"};

	for (int i = 0; i < 20; i++) {
		struct run r = {.instance = open_instance()};
		pthread_t puller, waiter;

		CU_ASSERT_EQUAL_FATAL(road_event_create(r.instance, 0, &r.event), ROAD_OK);
		CU_ASSERT_TRUE_FATAL(open_all(&r, devices[i % 2]));
		atomic_store(&may_return, 1);
		for (int k = 0; k < 4; k++)
			CU_ASSERT_TRUE(launch(&r));
		submit_others(&r);
		pthread_create(&puller, NULL, pull, &r);
		pthread_create(&waiter, NULL, wait_too, &r);
		road_event_signal(r.event, 1);
		wait_too(&r);
		pthread_join(waiter, NULL);
		pthread_join(puller, NULL);
		CU_ASSERT_EQUAL(
			road_queue_submit(
				r.queue, &(road_submission){.size = sizeof(road_submission)}, NULL),
			ROAD_DEVICE_LOST);
		close_all(&r);
	}
}

static const struct tap_case cases[] = {
	{"functional: in front of every access while a kernel runs, its wait says lost",
	 functional_alone},
	{"approx: in front of every access while a kernel runs, its wait says lost", approx_alone},
	{"functional: every access, with a second waiter, a deferred submission, a callback",
	 functional_with_others},
	{"approx: every access, with a second waiter, a deferred submission, a callback",
	 approx_with_others},
	{"another thread pulls it while two wait", another_thread_pulls},
};

TAP_MAIN(cases)
