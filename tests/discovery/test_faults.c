/* SPDX-License-Identifier: Apache-2.0 */
/* Trees that no kernel should show, nodes that answer nonsense, devices that go away, and many. */
#include "tests/discovery/bed.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <roadbed/roadbed.h>

#include "tests/support/tap.h"

#define RUN(...)  ((const char *const[]){__VA_ARGS__, NULL})
#define MI300     "pci:0000:03:00.0"
#define MI300_SYS "/sys/devices/pci0000:00/0000:03:00.0"

static road_instance *instance(void)
{
	const road_instance_options options = {.size = sizeof(options),
					       .flags = ROAD_INSTANCE_NO_ENV};
	road_instance *out = NULL;

	CU_ASSERT_EQUAL_FATAL(road_instance_create(&options, &out), ROAD_OK);
	return out;
}

/* ---- breaking files ---- */

static char *file_of(UMockdevTestbed *bed, const char *attribute)
{
	char *root = umockdev_testbed_get_root_dir(bed);
	char *path = g_strdup_printf("%s" MI300_SYS "/%s", root, attribute);

	g_free(root);
	return path;
}

static void put(const char *path, const char *bytes, gssize count)
{
	unlink(path);
	CU_ASSERT_FATAL(g_file_set_contents(path, bytes, count, NULL));
}

static void make_empty(const char *path)
{
	put(path, "", 0);
}

static void make_huge(const char *path)
{
	char *huge = g_strnfill(1 << 20, '7');

	put(path, huge, 1 << 20);
	g_free(huge);
}

static void make_binary(const char *path)
{
	static const char bytes[] = "0x\x1b[31m\0\xff\x07\r12\n";

	put(path, bytes, sizeof(bytes));
}

static void make_folder(const char *path)
{
	unlink(path);
	CU_ASSERT_EQUAL(mkdir(path, 0700), 0);
}

static void make_missing(const char *path)
{
	unlink(path);
}

/* May not be read; where root reads all, a link that leads to itself. */
static void make_forbidden(const char *path)
{
	if (geteuid()) {
		CU_ASSERT_EQUAL(chmod(path, 0), 0);
		return;
	}
	unlink(path);
	CU_ASSERT_EQUAL(symlink(path, path), 0);
}

static void (*const breaks[])(const char *path) = {make_empty,  make_huge,    make_binary,
						   make_folder, make_missing, make_forbidden};
enum { BREAKS = sizeof(breaks) / sizeof(breaks[0]) };

static bool is_printable(const char *text)
{
	for (; *text; text++)
		if (*text != '\n' && (*text < ' ' || *text > '~'))
			return false;
	return true;
}

/* The command ends well, prints nothing odd, and what else is here is still there. */
static char *run_well(const char *const *arguments, const char *expected)
{
	char *seen;

	CU_ASSERT_EQUAL(bed_run(arguments, &seen), 0);
	CU_ASSERT(is_printable(seen));
	CU_ASSERT_PTR_NOT_NULL(strstr(seen, expected));
	return seen;
}

/* Each way to break them, with all of these files. */
static void with_broken(const char *const *attributes, void (*look)(void))
{
	for (int i = 0; i < BREAKS; i++) {
		UMockdevTestbed *bed = bed_new("mixed.testbed");

		for (int n = 0; attributes[n]; n++) {
			char *path = file_of(bed, attributes[n]);

			breaks[i](path);
			g_free(path);
		}
		look();
		g_object_unref(bed);
	}
}

static void look_at_all(void)
{
	g_free(run_well(RUN("explain"), "pci:0000:42:00.0"));
}

static void identity_that_cannot_be_read_hides_no_other_device(void)
{
	with_broken(RUN("class"), look_at_all);
	with_broken(RUN("vendor"), look_at_all);
}

static void a_function_without_identity_says_what_libpci_said(void)
{
	UMockdevTestbed *bed = bed_new("mixed.testbed");
	char *path = file_of(bed, "vendor"), *seen;

	make_missing(path);
	seen = run_well(RUN("explain"), "what it is cannot be read: Cannot open");
	g_free(seen);
	CU_ASSERT_NOT_EQUAL(bed_run(RUN("info", MI300), &seen), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(seen, "cannot be read"));
	g_free(seen);
	g_free(path);
	g_object_unref(bed);
}

static void look_at_one(void)
{
	g_free(run_well(RUN("info", MI300), "pci.power_state"));
}

static void facts_that_cannot_be_read_are_unknown(void)
{
	with_broken(RUN("resource", "current_link_speed", "aer_dev_correctable", "numa_node",
			"mem_info_vram_total", "hwmon/hwmon3/temp2_label",
			"hwmon/hwmon3/temp2_input"),
		    look_at_one);
}

static void a_number_that_is_none_is_not_zero(void)
{
	UMockdevTestbed *bed = bed_new("mixed.testbed");
	road_property fact = {.size = sizeof(fact)};
	char *path = file_of(bed, "mem_info_vram_used");
	road_instance *all = instance();
	road_device *device = NULL;

	make_binary(path);
	CU_ASSERT_EQUAL_FATAL(road_device_open(all, MI300, &device), ROAD_OK);
	CU_ASSERT_EQUAL(road_device_property(device, "memory.used", &fact), ROAD_OK);
	CU_ASSERT_EQUAL(fact.type, ROAD_VALUE_NULL);
	road_device_release(device);
	road_instance_release(all);
	g_free(path);
	g_object_unref(bed);
}

/* ---- nodes ---- */

static char *version_of(struct bed_drm *drm, const char *option)
{
	UMockdevTestbed *bed = bed_new("mixed.testbed");
	char *seen;

	bed_attach_drm(bed, "/dev/dri/renderD128", drm);
	CU_ASSERT_EQUAL(bed_run(RUN("info", MI300, "--json", option), &seen), 0);
	g_object_unref(bed);
	return seen;
}

static void a_node_that_knows_no_call_leaves_unknowns(void)
{
	struct bed_drm drm = {.name = "amdgpu", .error = ENOTTY};
	char *seen = version_of(&drm, NULL);

	CU_ASSERT(drm.asked > 0);
	const char *at = strstr(seen, "node.0.drm.version");

	CU_ASSERT_PTR_NOT_NULL_FATAL(at);
	at = strstr(at, "\"value\":");
	CU_ASSERT_PTR_NOT_NULL_FATAL(at);
	CU_ASSERT_EQUAL(strncmp(at, "\"value\":null", 12), 0);
	g_free(seen);
}

static void an_interrupted_call_is_made_again(void)
{
	struct bed_drm drm = {.name = "amdgpu", .version = {9, 8, 7}, .interrupted = 5};
	char *seen = version_of(&drm, NULL);

	CU_ASSERT_PTR_NOT_NULL(strstr(seen, "9.8.7"));
	g_free(seen);
}

static void a_node_that_is_interrupted_for_ever_is_given_up(void)
{
	struct bed_drm drm = {.name = "amdgpu", .version = {9, 8, 7}, .interrupted = UINT32_MAX};
	char *seen = version_of(&drm, NULL);

	CU_ASSERT_PTR_NULL(strstr(seen, "9.8.7"));
	g_free(seen);
}

static void no_wake_opens_no_node(void)
{
	struct bed_drm drm = {.name = "amdgpu", .version = {9, 8, 7}};
	char *seen = version_of(&drm, "--no-wake");

	CU_ASSERT_EQUAL(drm.asked, 0);
	CU_ASSERT_PTR_NULL(strstr(seen, "9.8.7"));
	g_free(seen);
}

/* The Ascend sleeps in D3: its link is not asked for, what is cached is told. */
static void no_wake_reads_nothing_that_wakes_a_device_that_sleeps(void)
{
	UMockdevTestbed *bed = bed_new("mixed.testbed");
	char *awake = run_well(RUN("info", "pci:0000:41:00.0"), "pci.link.speed ");
	char *asleep = run_well(RUN("info", "pci:0000:41:00.0", "--no-wake"), "pci.link.speed_max");
	char *at = strstr(asleep, "pci.link.speed ");

	CU_ASSERT_PTR_NOT_NULL_FATAL(at);
	CU_ASSERT_EQUAL(
		strncmp(at + strcspn(at, " ") + strspn(at + strcspn(at, " "), " "), "unknown", 7),
		0);
	CU_ASSERT_STRING_NOT_EQUAL(awake, asleep);
	g_free(awake);
	g_free(asleep);
	g_object_unref(bed);
}

/* ---- devices that go ---- */

static void a_device_that_goes_between_list_and_info_is_not_found(void)
{
	UMockdevTestbed *bed = bed_new("mixed.testbed");
	road_instance *all = instance();
	road_candidate one = {.size = sizeof(one)};
	road_device *device = NULL;
	bool listed = false;

	for (uint32_t i = 0; !road_instance_enumerate(all, 0, i, &one); i++)
		listed |= !strcmp(one.address, MI300);
	CU_ASSERT(listed);
	umockdev_testbed_remove_device(bed, MI300_SYS);
	CU_ASSERT_EQUAL(road_device_open(all, MI300, &device), ROAD_NOT_FOUND);
	road_instance_release(all);
	g_object_unref(bed);
}

static void a_device_that_goes_while_it_is_open_knows_nothing_any_more(void)
{
	UMockdevTestbed *bed = bed_new("mixed.testbed");
	road_property fact = {.size = sizeof(fact)};
	road_instance *all = instance();
	road_device *device = NULL;

	CU_ASSERT_EQUAL_FATAL(road_device_open(all, MI300, &device), ROAD_OK);
	CU_ASSERT_EQUAL(road_device_property(device, "memory.used", &fact), ROAD_OK);
	CU_ASSERT_EQUAL(fact.type, ROAD_VALUE_U64);
	umockdev_testbed_remove_device(bed, MI300_SYS);
	CU_ASSERT_EQUAL(road_device_property(device, "memory.used", &fact), ROAD_OK);
	CU_ASSERT_EQUAL(fact.type, ROAD_VALUE_NULL);
	road_device_release(device);
	road_instance_release(all);
	g_object_unref(bed);
}

static void nothing_runs_on_a_device_that_no_driver_runs(void)
{
	UMockdevTestbed *bed = bed_new("mixed.testbed");
	road_device_info info = {.size = sizeof(info)};
	road_instance *all = instance();
	road_device *device = NULL;

	CU_ASSERT_EQUAL_FATAL(road_device_open(all, MI300, &device), ROAD_OK);
	CU_ASSERT_EQUAL(road_device_info_get(device, &info), ROAD_OK);
	CU_ASSERT_EQUAL(info.commands, 0);
	CU_ASSERT_EQUAL(info.features, 0);
	CU_ASSERT_EQUAL(info.simulated, 0);
	CU_ASSERT_EQUAL(road_device_reset(device, ROAD_RESET_DEVICE), ROAD_UNSUPPORTED);
	road_device_release(device);
	road_instance_release(all);
	g_object_unref(bed);
}

/* ---- many ---- */

enum { MANY = 2000 };

static void two_thousand_functions_are_listed(void)
{
	UMockdevTestbed *bed = umockdev_testbed_new();
	road_candidate one = {.size = sizeof(one)};
	road_instance *all = instance();
	uint32_t count = 0;

	for (unsigned i = 0; i < MANY; i++)
		bed_add_function(bed, i);
	for (uint32_t i = 0; !road_instance_enumerate(all, 0, i, &one); i++)
		count += !strncmp(one.address, "pci:", 4) && !strcmp(one.name, "Instinct MI300X");
	CU_ASSERT_EQUAL(count, MANY);
	road_instance_release(all);
	g_object_unref(bed);
}

static const struct tap_case cases[] = {
	{"identity that cannot be read hides no other device",
	 identity_that_cannot_be_read_hides_no_other_device},
	{"a function without identity says what libpci said",
	 a_function_without_identity_says_what_libpci_said},
	{"facts that cannot be read are unknown", facts_that_cannot_be_read_are_unknown},
	{"a number that is none is not zero", a_number_that_is_none_is_not_zero},
	{"a node that knows no call leaves unknowns", a_node_that_knows_no_call_leaves_unknowns},
	{"an interrupted call is made again", an_interrupted_call_is_made_again},
	{"a node that is interrupted for ever is given up",
	 a_node_that_is_interrupted_for_ever_is_given_up},
	{"no-wake opens no node", no_wake_opens_no_node},
	{"no-wake reads nothing that wakes a device that sleeps",
	 no_wake_reads_nothing_that_wakes_a_device_that_sleeps},
	{"a device that goes between list and info is not found",
	 a_device_that_goes_between_list_and_info_is_not_found},
	{"a device that goes while it is open knows nothing any more",
	 a_device_that_goes_while_it_is_open_knows_nothing_any_more},
	{"nothing runs on a device that no driver runs",
	 nothing_runs_on_a_device_that_no_driver_runs},
	{"two thousand functions are listed", two_thousand_functions_are_listed},
};

TAP_MAIN(cases)
