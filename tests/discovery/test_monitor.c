/* SPDX-License-Identifier: Apache-2.0 */
/* Devices that come and go while somebody watches. */
#include "tests/discovery/bed.h"

#include <dirent.h>
#include <string.h>
#include <unistd.h>

#include <roadbed/roadbed.h>

#include "tests/discovery/plug.h"
#include "tests/support/tap.h"

/* ---- functions and nodes ---- */

static void a_function_arrives_once_and_goes_once(void)
{
	struct rig rig = rig_new(NULL);

	plug(&rig, FUNCTION(0));
	expect(&rig, ROAD_CHANGE_ARRIVED, PCI(0), "processing accelerator 1002:74a1");
	pull(&rig, FUNCTION(0));
	expect(&rig, ROAD_CHANGE_REMOVED, PCI(0), "pulled out");
	expect_nothing_more(&rig);
	rig_end(&rig);
}

static void what_was_there_before_is_no_news(void)
{
	struct rig rig = rig_new("mixed.testbed");

	umockdev_testbed_uevent(rig.bed, "/sys/devices/pci0000:00/0000:03:00.0", "add");
	umockdev_testbed_uevent(rig.bed, "/sys/devices/pci0000:00/0000:03:00.0", "change");
	expect_nothing_more(&rig);
	rig_end(&rig);
}

static void a_network_card_is_no_news(void)
{
	struct rig rig = rig_new(NULL);

	plug_as(&rig, FUNCTION(0), "0x020000", "0x1234");
	expect_nothing_more(&rig);
	pull(&rig, FUNCTION(0));
	expect_nothing_more(&rig);
	rig_end(&rig);
}

static void a_node_that_no_function_is_above_comes_and_goes(void)
{
	static const char npu[] = "P: /devices/platform/npu\nE: SUBSYSTEM=platform\n\n"
				  "P: /devices/platform/npu/accel/accel7\nN: accel/accel7\n"
				  "E: DEVNAME=/dev/accel/accel7\nE: SUBSYSTEM=accel\n";
	struct rig rig = rig_new(NULL);

	CU_ASSERT_FATAL(umockdev_testbed_add_from_string(rig.bed, npu, NULL));
	expect(&rig, ROAD_CHANGE_ARRIVED, "accel:accel7", "/dev/accel/accel7");
	umockdev_testbed_uevent(rig.bed, "/sys/devices/platform/npu/accel/accel7", "remove");
	umockdev_testbed_remove_device(rig.bed, "/sys/devices/platform/npu/accel/accel7");
	expect(&rig, ROAD_CHANGE_REMOVED, "accel:accel7", "pulled out");
	expect_nothing_more(&rig);
	rig_end(&rig);
}

/* ---- the kernel's driver ---- */

static void a_driver_that_is_bound_and_unbound_is_told(void)
{
	struct rig rig = rig_new(NULL);

	plug(&rig, FUNCTION(0));
	expect(&rig, ROAD_CHANGE_ARRIVED, PCI(0), "no kernel driver is bound");
	bind_driver(&rig, FUNCTION(0), "amdgpu");
	expect(&rig, ROAD_CHANGE_RECOVERED, PCI(0), "kernel driver amdgpu");
	unbind_driver(&rig, FUNCTION(0));
	expect(&rig, ROAD_CHANGE_LOST, PCI(0), "kernel driver amdgpu was unbound");
	expect_nothing_more(&rig);
	rig_end(&rig);
}

static void plug_bound(struct rig *rig, const char *place, const char *driver)
{
	plug(rig, place);
	expect(rig, ROAD_CHANGE_ARRIVED, PCI(0), "");
	bind_driver(rig, place, driver);
	expect(rig, ROAD_CHANGE_RECOVERED, PCI(0), driver);
}

static void a_driver_that_takes_the_place_of_another_is_told(void)
{
	struct rig rig = rig_new(NULL);

	plug_bound(&rig, FUNCTION(0), "amdgpu");
	put_driver(&rig, FUNCTION(0), "vfio-pci");
	tell_of(&rig, FUNCTION(0), "bind");
	expect(&rig, ROAD_CHANGE_LOST, PCI(0), "kernel driver amdgpu was unbound");
	expect(&rig, ROAD_CHANGE_RECOVERED, PCI(0), "kernel driver vfio-pci");
	expect_nothing_more(&rig);
	rig_end(&rig);
}

/* So fast that it is bound when somebody looks. */
static void a_driver_that_was_bound_anew_is_told(void)
{
	struct rig rig = rig_new(NULL);

	plug_bound(&rig, FUNCTION(0), "amdgpu");
	tell_of(&rig, FUNCTION(0), "unbind");
	tell_of(&rig, FUNCTION(0), "bind");
	expect(&rig, ROAD_CHANGE_LOST, PCI(0), "kernel driver amdgpu was unbound");
	expect(&rig, ROAD_CHANGE_RECOVERED, PCI(0), "kernel driver amdgpu");
	expect_nothing_more(&rig);
	rig_end(&rig);
}

static void a_node_of_a_function_that_goes_and_comes_is_told(void)
{
	static const char card[] = "P: /devices/pci0000:00/0000:00:10.0/drm/renderD190\n"
				   "N: dri/renderD190\nE: DEVNAME=/dev/dri/renderD190\n"
				   "E: SUBSYSTEM=drm\n";
	static const char path[] = "/sys/devices/pci0000:00/0000:00:10.0/drm/renderD190";
	struct rig rig = rig_new(NULL);

	plug(&rig, "0000:00:10.0");
	expect(&rig, ROAD_CHANGE_ARRIVED, "pci:0000:00:10.0", "");
	CU_ASSERT_FATAL(umockdev_testbed_add_from_string(rig.bed, card, NULL));
	expect(&rig, ROAD_CHANGE_RECOVERED, "pci:0000:00:10.0", "/dev/dri/renderD190");
	umockdev_testbed_uevent(rig.bed, path, "remove");
	umockdev_testbed_remove_device(rig.bed, path);
	expect(&rig, ROAD_CHANGE_LOST, "pci:0000:00:10.0", "/dev/dri/renderD190 went");
	expect_nothing_more(&rig);
	rig_end(&rig);
}

/* ---- what the kernel says, and what is there ---- */

/* It says that a device goes before the folder of that goes, and nothing afterwards. */
static void what_is_said_to_be_gone_goes_when_it_is(void)
{
	struct rig rig = rig_new(NULL);

	plug(&rig, FUNCTION(0));
	expect(&rig, ROAD_CHANGE_ARRIVED, PCI(0), "");
	tell_of(&rig, FUNCTION(0), "remove");
	expect_nothing_more(&rig);
	vanish(&rig, FUNCTION(0));
	expect(&rig, ROAD_CHANGE_REMOVED, PCI(0), "pulled out");
	expect_nothing_more(&rig);
	rig_end(&rig);
}

static void another_device_at_the_same_place_is_another(void)
{
	struct rig rig = rig_new(NULL);

	plug(&rig, FUNCTION(0));
	expect(&rig, ROAD_CHANGE_ARRIVED, PCI(0), "");
	change_places(&rig, FUNCTION(0));
	expect(&rig, ROAD_CHANGE_REMOVED, PCI(0), "pulled out");
	expect(&rig, ROAD_CHANGE_ARRIVED, PCI(0), "plugged in");
	expect_nothing_more(&rig);
	rig_end(&rig);
}

/* ---- open devices ---- */

static void an_open_device_that_is_pulled_out_is_lost(void)
{
	struct rig rig = rig_new("mixed.testbed");
	road_device *device = NULL, *other = NULL;
	road_error why = {.size = sizeof(why)};
	uint64_t resets;
	uint32_t health;

	plug(&rig, FUNCTION(0));
	expect(&rig, ROAD_CHANGE_ARRIVED, PCI(0), "plugged in");
	CU_ASSERT_EQUAL_FATAL(road_device_open(rig.instance, PCI(0), &device), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_device_open(rig.instance, "pci:0000:03:00.0", &other), ROAD_OK);
	expect(&rig, ROAD_CHANGE_ARRIVED, PCI(0), "opened");
	expect(&rig, ROAD_CHANGE_ARRIVED, "pci:0000:03:00.0", "opened");
	pull(&rig, FUNCTION(0));
	expect(&rig, ROAD_CHANGE_LOST, PCI(0), PCI(0) " was pulled out");
	expect(&rig, ROAD_CHANGE_REMOVED, PCI(0), "pulled out");
	CU_ASSERT_EQUAL(road_device_health(device, &health, &resets), ROAD_OK);
	CU_ASSERT_EQUAL(health, ROAD_HEALTH_LOST);
	CU_ASSERT_EQUAL(road_device_health(other, &health, &resets), ROAD_OK);
	CU_ASSERT_EQUAL(health, ROAD_HEALTH_OK);
	CU_ASSERT_EQUAL(road_device_reset(device, ROAD_RESET_DEVICE), ROAD_DEVICE_LOST);
	road_last_error(&why);
	CU_ASSERT_STRING_EQUAL(why.seen, PCI(0) " was pulled out");
	road_device_release(device);
	road_device_release(other);
	expect(&rig, ROAD_CHANGE_REMOVED, PCI(0), "closed");
	expect(&rig, ROAD_CHANGE_REMOVED, "pci:0000:03:00.0", "closed");
	expect_nothing_more(&rig);
	rig_end(&rig);
}

static void check_anew(struct rig *rig)
{
	road_device *old = NULL, *new = NULL;
	road_device_info info = {.size = sizeof(info)};
	uint32_t health;
	uint64_t resets;

	CU_ASSERT_EQUAL_FATAL(road_device_open(rig->instance, PCI(0), &old), ROAD_OK);
	change_places(rig, FUNCTION(0));
	CU_ASSERT_EQUAL_FATAL(road_device_open(rig->instance, PCI(0), &new), ROAD_OK);
	CU_ASSERT(old != new);
	CU_ASSERT_EQUAL(road_device_health(old, &health, &resets), ROAD_OK);
	CU_ASSERT_EQUAL(health, ROAD_HEALTH_LOST);
	CU_ASSERT_EQUAL(road_device_health(new, &health, &resets), ROAD_OK);
	CU_ASSERT_EQUAL(health, ROAD_HEALTH_OK);
	CU_ASSERT_EQUAL(road_device_info_get(new, &info), ROAD_OK);
	CU_ASSERT_STRING_EQUAL(info.address, PCI(0));
	road_device_release(old);
	road_device_release(new);
}

static void a_device_in_the_place_of_an_open_one_is_new_at_the_same_address(void)
{
	struct rig rig = rig_new(NULL);

	plug(&rig, FUNCTION(0));
	check_anew(&rig);
	expect_seen(&rig, ROAD_CHANGE_LOST, PCI(0), "another device is there");
	rig_end(&rig);
}

/* Whoever asks is told, too. */
static void nobody_has_to_watch_for_a_device_to_be_lost(void)
{
	struct rig rig = rig_new(NULL);
	road_device *device = NULL;
	uint64_t resets;
	uint32_t health;

	road_watch_release(rig.watch);
	rig.watch = NULL;
	plug(&rig, FUNCTION(0));
	check_anew(&rig);
	CU_ASSERT_EQUAL_FATAL(road_device_open(rig.instance, PCI(0), &device), ROAD_OK);
	vanish(&rig, FUNCTION(0));
	CU_ASSERT_EQUAL(road_device_health(device, &health, &resets), ROAD_OK);
	CU_ASSERT_EQUAL(health, ROAD_HEALTH_LOST);
	road_device_release(device);
	rig_end(&rig);
}

/* ---- who watches ---- */

/* A folder of /proc/self. */
static int count(const char *folder)
{
	DIR *all = opendir(folder);
	int entries = 0;

	while (all && readdir(all))
		entries++;
	if (all)
		closedir(all);
	return entries;
}

static int threads(void)
{
	return count("/proc/self/task");
}

static void only_who_watches_pays(void)
{
	struct rig rig = rig_new(NULL);
	road_watch *faults = NULL, *all[2] = {NULL, NULL};

	road_watch_release(rig.watch);
	rig.watch = NULL;
	const int before = threads(), open = count("/proc/self/fd");

	CU_ASSERT_EQUAL(
		road_watch_create(rig.instance, ROAD_CHANGE_FAULT | ROAD_CHANGE_BOOT, &faults),
		ROAD_OK);
	CU_ASSERT_EQUAL(threads(), before);
	for (int i = 0; i < 2; i++)
		CU_ASSERT_EQUAL(road_watch_create(rig.instance, ROAD_CHANGE_ALL, &all[i]), ROAD_OK);
	CU_ASSERT_EQUAL(threads(), before + 1);
	road_watch_release(all[0]);
	CU_ASSERT_EQUAL(threads(), before + 1);
	road_watch_release(all[1]);
	road_watch_release(faults);
	CU_ASSERT_EQUAL(threads(), before);
	CU_ASSERT_EQUAL(count("/proc/self/fd"), open);
	rig_end(&rig);
}

static void every_instance_that_watches_is_told(void)
{
	struct rig one = rig_new(NULL), two = {.bed = one.bed, .instance = new_instance()};
	const int before = threads();

	CU_ASSERT_EQUAL_FATAL(road_watch_create(two.instance, ROAD_CHANGE_ALL, &two.watch),
			      ROAD_OK);
	CU_ASSERT_EQUAL(threads(), before);
	plug(&one, FUNCTION(0));
	expect(&one, ROAD_CHANGE_ARRIVED, PCI(0), "");
	expect(&two, ROAD_CHANGE_ARRIVED, PCI(0), "");
	road_watch_release(one.watch);
	road_instance_release(one.instance);
	pull(&two, FUNCTION(0));
	expect(&two, ROAD_CHANGE_REMOVED, PCI(0), "");
	expect_nothing_more(&two);
	rig_end(&two);
}

static const struct tap_case cases[] = {
	{"a function arrives once and goes once", a_function_arrives_once_and_goes_once},
	{"what was there before is no news", what_was_there_before_is_no_news},
	{"a network card is no news", a_network_card_is_no_news},
	{"a node that no function is above comes and goes",
	 a_node_that_no_function_is_above_comes_and_goes},
	{"a driver that is bound and unbound is told", a_driver_that_is_bound_and_unbound_is_told},
	{"a driver that takes the place of another is told",
	 a_driver_that_takes_the_place_of_another_is_told},
	{"a driver that was bound anew is told", a_driver_that_was_bound_anew_is_told},
	{"a node of a function that goes and comes is told",
	 a_node_of_a_function_that_goes_and_comes_is_told},
	{"what is said to be gone goes when it is", what_is_said_to_be_gone_goes_when_it_is},
	{"another device at the same place is another",
	 another_device_at_the_same_place_is_another},
	{"an open device that is pulled out is lost", an_open_device_that_is_pulled_out_is_lost},
	{"a device in the place of an open one is new at the same address",
	 a_device_in_the_place_of_an_open_one_is_new_at_the_same_address},
	{"nobody has to watch for a device to be lost",
	 nobody_has_to_watch_for_a_device_to_be_lost},
	{"only who watches pays", only_who_watches_pays},
	{"every instance that watches is told", every_instance_that_watches_is_told},
};

TAP_MAIN(cases)
