/* SPDX-License-Identifier: Apache-2.0 */
/* The whole library on a real function, on a kernel that the test makes up: interrupts, waits, and
 * the device's end. Discovery alone is the test's. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <roadbed/roadbed.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hal/core/error.h"
#include "tests/support/tap.h"
#include "tests/unit/vfio/fake_kernel.h"
#include "uapi/edu.h"

enum { BYTES = 1024 };
#define ADDRESS "pci:" FAKE_PLACE
#define SOON    road_deadline_after(UINT64_C(60000000000))
#define BRIEFLY road_deadline_after(UINT64_C(5000000))

road_status __wrap_road_discover_one(const char *scheme, const char *place, struct road_found *out);

static const char *driver = "vfio-pci";
static bool veiled; /* QEMU's memory, and nobody may look what it is for */

road_status __wrap_road_discover_one(const char *scheme, const char *place, struct road_found *out)
{
	CU_ASSERT_STRING_EQUAL(scheme, "pci");
	CU_ASSERT_STRING_EQUAL(place, FAKE_PLACE);
	*out = fake_found();
	snprintf(out->kernel, sizeof(out->kernel), "%s", driver);
	if (veiled) {
		out->ivshmem = out->veiled = true;
		out->ids.vendor = 0x1af4;
		out->ids.device = 0x1110;
	}
	return ROAD_OK;
}

/* ---- helpers ---- */

struct rig {
	road_instance *instance;
	road_device *device;
	road_space *space;
	road_queue *queue;
	road_buffer *buffer;
};

static struct rig rig_open(void)
{
	const road_instance_options options = {
		.size = sizeof(options), .flags = ROAD_INSTANCE_VALIDATE | ROAD_INSTANCE_NO_ENV};
	struct rig rig = {0};

	CU_ASSERT_EQUAL_FATAL(road_instance_create(&options, &rig.instance), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_device_open(rig.instance, ADDRESS, &rig.device), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_space_shared(rig.device, &rig.space), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_queue_create(rig.space, NULL, &rig.queue), ROAD_OK);
	const road_buffer_options bytes = {
		.size = sizeof(bytes), .heap = ROAD_HEAP_DEVICE, .bytes = BYTES};

	CU_ASSERT_EQUAL_FATAL(road_buffer_create(rig.space, &bytes, &rig.buffer), ROAD_OK);
	return rig;
}

static void rig_close(struct rig *rig)
{
	road_buffer_release(rig->buffer);
	road_queue_release(rig->queue);
	road_space_release(rig->space);
	road_device_release(rig->device);
	road_instance_release(rig->instance);
}

/* Bytes to the device and back. */
static void copy(struct rig *rig, unsigned seed)
{
	unsigned char out[BYTES], in[BYTES] = {0};
	road_point point;

	for (unsigned i = 0; i < BYTES; i++)
		out[i] = (unsigned char)(i * 7 + seed);
	CU_ASSERT_EQUAL(road_queue_write(rig->queue, rig->buffer, 0, out, BYTES, &point), ROAD_OK);
	CU_ASSERT_EQUAL(road_queue_read(rig->queue, in, rig->buffer, 0, BYTES, &point), ROAD_OK);
	CU_ASSERT_EQUAL(road_point_wait(point, SOON), ROAD_OK);
	CU_ASSERT_EQUAL(memcmp(in, out, BYTES), 0);
}

static road_error last_error(void)
{
	road_error error = {.size = sizeof(error)};

	road_last_error(&error);
	return error;
}

/* ---- cases ---- */

static void copies(void)
{
	road_device_info info = {.size = sizeof(info)};

	fake_begin();
	struct rig rig = rig_open();

	CU_ASSERT_EQUAL(road_device_info_get(rig.device, &info), ROAD_OK);
	CU_ASSERT_STRING_EQUAL(info.driver, "edu");
	CU_ASSERT_STRING_EQUAL(info.bus, "vfio");
	CU_ASSERT_FALSE(info.simulated);
	for (unsigned i = 0; i < 20; i++)
		copy(&rig, i);
	CU_ASSERT(fake.transfers >= 40);
	CU_ASSERT_EQUAL(fake.blocked, 0);
	rig_close(&rig);
	fake_end();
}

/* A function that counts eight messages, of which the machine gives one. */
static void with_fewer_messages(void)
{
	fake_begin();
	fake.msi = 8;
	fake.few = 1;
	struct rig rig = rig_open();

	for (unsigned i = 0; i < 5; i++)
		copy(&rig, i);
	rig_close(&rig);
	fake_end();
}

static void by_line(void)
{
	fake_begin();
	fake.msi = 0;
	struct rig rig = rig_open();

	for (unsigned i = 0; i < 5; i++)
		copy(&rig, i);
	CU_ASSERT(fake.unmasks >= 10);
	rig_close(&rig);
	fake_end();
}

/* The end of the transfer comes from outside, while the waiter sleeps on the interrupt. */
static void *finish_later(void *arg)
{
	const unsigned transfers = fake.transfers + 1;

	(void)arg;
	while (fake.transfers < transfers) {
		usleep(2000);
		fake_finish();
	}
	return NULL;
}

static void waiter_sleeps_on_the_interrupt(void)
{
	unsigned char byte = 1;
	road_point point;
	pthread_t thread;

	fake_begin();
	struct rig rig = rig_open();

	fake.withheld = true;
	for (int i = 0; i < 10; i++) {
		CU_ASSERT_EQUAL(road_queue_write(rig.queue, rig.buffer, 0, &byte, 1, &point),
				ROAD_OK);
		CU_ASSERT_EQUAL(road_point_wait(point, BRIEFLY), ROAD_TIMEOUT);
		CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, finish_later, NULL), 0);
		CU_ASSERT_EQUAL(road_point_wait(point, SOON), ROAD_OK);
		pthread_join(thread, NULL);
	}
	fake.withheld = false;
	rig_close(&rig);
	fake_end();
}

/* With nobody waiting the interrupt thread takes the interrupt, and what follows from it is done:
 * an event's descriptor becomes readable. */
static void nobody_waits(void)
{
	unsigned char byte = 1;
	road_point point;
	uint64_t value = 0;

	fake_begin();
	struct rig rig = rig_open();

	fake.withheld = true;
	CU_ASSERT_EQUAL(road_queue_write(rig.queue, rig.buffer, 0, &byte, 1, &point), ROAD_OK);
	fake_finish();
	for (int i = 0; i < 10000 && value < point.value; i++) {
		usleep(1000);
		value = 0;
		/* Looks at the value alone: with a deadline in the past a wait runs nothing. */
		if (!road_point_wait(point, 0))
			value = point.value;
	}
	CU_ASSERT_EQUAL(value, point.value);
	fake.withheld = false;
	rig_close(&rig);
	fake_end();
}

/* Four threads wait for points of one device, each behind the other. */
struct one_of_four {
	road_point point;
	road_status status;
};

static void *wait_for_one(void *arg)
{
	struct one_of_four *one = arg;

	one->status = road_point_wait(one->point, SOON);
	return NULL;
}

static void four_wait(void)
{
	struct one_of_four all[4];
	unsigned char byte = 1;
	pthread_t threads[4];

	fake_begin();
	struct rig rig = rig_open();

	fake.withheld = true;
	for (int i = 0; i < 4; i++) {
		CU_ASSERT_EQUAL(road_queue_write(rig.queue, rig.buffer, 0, &byte, 1, &all[i].point),
				ROAD_OK);
		CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL, wait_for_one, &all[i]), 0);
	}
	const unsigned before = fake.transfers;

	while (fake.transfers < before + 4) {
		usleep(1000);
		fake_finish();
	}
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		CU_ASSERT_EQUAL(all[i].status, ROAD_OK);
	}
	fake.withheld = false;
	rig_close(&rig);
	fake_end();
}

/* The kernel wants the device back in the middle of work: the waiter is told, the kernel gets all
 * that it gave while the program still holds its objects, and the device opens again. */
static void asked_back(void)
{
	unsigned char byte = 1;
	road_change change = {.size = sizeof(change)};
	road_watch *watch = NULL;
	road_point point;
	uint32_t health = 0;
	uint64_t resets;

	fake_begin();
	struct rig rig = rig_open();

	CU_ASSERT_EQUAL(road_watch_create(rig.instance, ROAD_CHANGE_LOST, &watch), ROAD_OK);
	fake.withheld = true;
	CU_ASSERT_EQUAL(road_queue_write(rig.queue, rig.buffer, 0, &byte, 1, &point), ROAD_OK);
	fake_ask_back();
	CU_ASSERT_EQUAL(road_point_wait(point, SOON), ROAD_DEVICE_LOST);
	CU_ASSERT(!fake_is_held());
	CU_ASSERT_EQUAL(fake_live_maps(), 0);
	CU_ASSERT_EQUAL(road_device_health(rig.device, &health, &resets), ROAD_OK);
	CU_ASSERT_EQUAL(health, ROAD_HEALTH_LOST);
	/* The waiter hears of it a moment before the readers of changes. */
	for (int ms = 0; ms < 10000 && road_watch_next(watch, &change) == ROAD_NOT_READY; ms++)
		usleep(1000);
	CU_ASSERT_EQUAL(change.kind, ROAD_CHANGE_LOST);
	road_watch_release(watch);
	fake.withheld = false;
	struct rig next = rig_open();

	copy(&next, 3);
	rig_close(&rig);
	copy(&next, 4);
	rig_close(&next);
	fake_end();
}

/* Nobody waits and nobody calls: the interrupt thread lets go. */
static void asked_back_when_idle(void)
{
	fake_begin();
	struct rig rig = rig_open();

	fake_ask_back();
	for (int i = 0; i < 10000 && fake_is_held(); i++)
		usleep(1000);
	CU_ASSERT(!fake_is_held());
	rig_close(&rig);
	fake_end();
}

static void another_instance(void)
{
	const road_instance_options options = {.size = sizeof(options),
					       .flags = ROAD_INSTANCE_NO_ENV};
	road_instance *instance = NULL;
	road_device *device = NULL;

	fake_begin();
	struct rig rig = rig_open();

	CU_ASSERT_EQUAL(road_instance_create(&options, &instance), ROAD_OK);
	CU_ASSERT_EQUAL(road_device_open(instance, ADDRESS, &device), ROAD_BUSY);
	copy(&rig, 9);
	road_instance_release(instance);
	rig_close(&rig);
	fake_end();
}

/* A function that another driver has is no device: with the words of what to do. */
static void bound_elsewhere(void)
{
	const road_instance_options options = {.size = sizeof(options),
					       .flags = ROAD_INSTANCE_NO_ENV};
	road_instance *instance = NULL;
	road_device *device = NULL;
	road_error error;

	fake_begin();
	CU_ASSERT_EQUAL(road_instance_create(&options, &instance), ROAD_OK);
	driver = "other";
	CU_ASSERT_EQUAL(road_device_open(instance, ADDRESS, &device), ROAD_BUSY);
	error = last_error();
	CU_ASSERT_STRING_EQUAL(error.seen, "other");
	CU_ASSERT_STRING_EQUAL(error.allowed, "roadbed bind " ADDRESS);
	driver = "";
	CU_ASSERT_EQUAL(road_device_open(instance, ADDRESS, &device), ROAD_UNSUPPORTED);
	error = last_error();
	CU_ASSERT_STRING_EQUAL(error.allowed, "roadbed bind " ADDRESS);
	driver = "vfio-pci";
	fake.no_group = EACCES;
	CU_ASSERT_EQUAL(road_device_open(instance, ADDRESS, &device), ROAD_PERMISSION);
	fake.no_group = 0;
	CU_ASSERT_EQUAL(road_device_open(instance, ADDRESS, &device), ROAD_OK);
	road_device_release(device);
	road_instance_release(instance);
	fake_end();
}

/* Without its identity no driver is asked for it: it is refused all the same, and is not opened as
 * a function of which some facts are known. */
static void veiled_elsewhere(void)
{
	const road_instance_options options = {.size = sizeof(options),
					       .flags = ROAD_INSTANCE_NO_ENV};
	road_instance *instance = NULL;
	road_device *device = NULL;

	fake_begin();
	CU_ASSERT_EQUAL(road_instance_create(&options, &instance), ROAD_OK);
	veiled = true;
	fake.no_group = EBUSY;
	CU_ASSERT_EQUAL(road_device_open(instance, ADDRESS, &device), ROAD_BUSY);
	CU_ASSERT_PTR_NULL(device);
	fake.no_group = EACCES;
	CU_ASSERT_EQUAL(road_device_open(instance, ADDRESS, &device), ROAD_PERMISSION);
	fake.no_group = 0;
	veiled = false;
	road_instance_release(instance);
	fake_end();
}

static int descriptors(void)
{
	int count = 0;

	for (int fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void nothing_stays(void)
{
	fake_begin();
	struct rig rig = rig_open();

	copy(&rig, 1);
	rig_close(&rig); /* what is made once is there now */
	const int before = descriptors();

	for (int i = 0; i < 20; i++) {
		rig = rig_open();
		copy(&rig, 1);
		rig_close(&rig);
	}
	int after = descriptors();

	for (int i = 0; i < 2000 && after > before; i++) {
		usleep(1000); /* the interrupt thread is done with it a moment later */
		after = descriptors();
	}
	CU_ASSERT(after <= before);
	fake_end();
}

static const struct tap_case cases[] = {
	{"an unmodified driver copies over VFIO", copies},
	{"it does so with fewer messages than were counted", with_fewer_messages},
	{"it does so with an interrupt line", by_line},
	{"a waiter sleeps on the interrupt", waiter_sleeps_on_the_interrupt},
	{"with nobody waiting the interrupt thread takes it", nobody_waits},
	{"four threads wait for one device", four_wait},
	{"a device that is asked back in the middle of work is let go", asked_back},
	{"a device that is asked back with nobody looking is let go", asked_back_when_idle},
	{"another instance of the program is refused", another_instance},
	{"a function that cannot be had says why", bound_elsewhere},
	{"so does one that shows not even what it is", veiled_elsewhere},
	{"no descriptor stays behind", nothing_stays},
};

TAP_MAIN(cases)
