/* SPDX-License-Identifier: Apache-2.0 */
/* A machine with five accelerators and a network card, as people see it through the command. */
#include "tests/discovery/bed.h"

#include <errno.h>
#include <string.h>

#include "tests/support/tap.h"

#define RUN(...) ((const char *const[]){__VA_ARGS__, NULL})
#define MI300    "pci:0000:03:00.0"

static struct bed_drm amdgpu = {.name = "amdgpu", .version = {3, 57, 0}};

static UMockdevTestbed *mixed(void)
{
	UMockdevTestbed *bed = bed_new("mixed.testbed");

	amdgpu.asked = 0;
	bed_attach_drm(bed, "/dev/dri/renderD128", &amdgpu);
	return bed;
}

static void accelerators_are_listed_and_a_network_card_is_not(void)
{
	UMockdevTestbed *bed = mixed();

	bed_check(RUN("list", "--json"), "list.json");
	CU_ASSERT_EQUAL(amdgpu.asked, 0);
	g_object_unref(bed);
}

static void explain_says_what_is_bound_to_each(void)
{
	UMockdevTestbed *bed = mixed();

	bed_check(RUN("explain", "--json"), "explain.json");
	g_object_unref(bed);
}

static void info_shows_every_field_that_sysfs_and_drm_have(void)
{
	UMockdevTestbed *bed = mixed();

	bed_check(RUN("info", MI300), "info_mi300x.txt");
	CU_ASSERT(amdgpu.asked > 0);
	g_object_unref(bed);
}

static void unknown_is_null_in_json(void)
{
	UMockdevTestbed *bed = mixed();

	bed_check(RUN("info", "pci:0000:43:00.0", "--json"), "info_unknown.json");
	g_object_unref(bed);
}

static void a_node_of_a_function_names_the_function(void)
{
	UMockdevTestbed *bed = mixed();
	char *seen;

	CU_ASSERT_NOT_EQUAL(bed_run(RUN("info", "drm:renderD128"), &seen), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(seen, MI300));
	g_free(seen);
	g_object_unref(bed);
}

static void an_empty_machine_has_the_host_alone(void)
{
	UMockdevTestbed *bed = bed_new(NULL);
	char *seen;

	CU_ASSERT_EQUAL(bed_run(RUN("list"), &seen), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(seen, "host:"));
	CU_ASSERT_PTR_NULL(strstr(seen, "pci:"));
	g_free(seen);
	g_object_unref(bed);
}

static const struct tap_case cases[] = {
	{"accelerators are listed, and a network card is not",
	 accelerators_are_listed_and_a_network_card_is_not},
	{"explain says what is bound to each", explain_says_what_is_bound_to_each},
	{"info shows every field that sysfs and DRM have",
	 info_shows_every_field_that_sysfs_and_drm_have},
	{"unknown is null in JSON", unknown_is_null_in_json},
	{"a node of a function names the function", a_node_of_a_function_names_the_function},
	{"an empty machine has the host alone", an_empty_machine_has_the_host_alone},
};

TAP_MAIN(cases)
