/* SPDX-License-Identifier: Apache-2.0 */
/* A machine without an accelerator, and a container that sees little: each answer makes sense. */
#include "tests/discovery/bed.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/tap.h"

#define RUN(...) ((const char *const[]){__VA_ARGS__, NULL})

/* The command answers with this status, this text is in what it says, and that is not. */
static void says(const char *const *arguments, int code, const char *text, const char *absent)
{
	char *seen;

	CU_ASSERT_EQUAL(bed_run(arguments, &seen), code);
	CU_ASSERT_PTR_NOT_NULL(strstr(seen, text));
	CU_ASSERT_PTR_NULL(strstr(seen, absent));
	if (!strstr(seen, text) || strstr(seen, absent))
		printf("# %s: %s", arguments[0], seen);
	g_free(seen);
}

/* Whatever there is to be seen, the host is. */
static void the_host_alone_is_shown(void)
{
	says(RUN("list"), 0, "host:", "pci:");
	says(RUN("list", "--json"), 0, "\"address\":\"host:\"", "pci:");
	says(RUN("explain"), 0, "host:", "pci:");
	says(RUN("info"), 0, "address         host:\n", "pci:");
	says(RUN("topo"), 0, "host\n  host:  ", "NUMA");
	says(RUN("topo", "--matrix"), 0, "[0]    host:  same device\n", "[1]");
	says(RUN("topo", "--dot"), 0, "\"host\" -- \"host:\";", "NUMA");
	says(RUN("watch", "--count", "1"), 0, "host:", "pci:");
	says(RUN("list", "--nfd"), 0, "device.count=1\n", "gpu.count");
	says(RUN("info", "pci:0000:03:00.0"), 1, "0000:03:00.0", "address  ");
}

static void a_machine_without_accelerator_has_the_host_alone(void)
{
	UMockdevTestbed *bed = bed_new(NULL);
	char *root = umockdev_testbed_get_root_dir(bed);
	char *pci = g_strdup_printf("%s/sys/bus/pci/devices", root);

	CU_ASSERT_EQUAL(g_mkdir_with_parents(pci, 0700), 0);
	the_host_alone_is_shown();
	says(RUN("doctor"), 0, "pci.bus            0 functions; the kernel sees no accelerator",
	     "FAIL");
	says(RUN("doctor"), 0, "PASS  devices            no accelerator is here", "WARN");
	g_free(pci);
	g_free(root);
	g_object_unref(bed);
}

static void a_network_card_is_no_accelerator(void)
{
	UMockdevTestbed *bed = bed_new(NULL);

	umockdev_testbed_add_device(bed, "pci", "0000:44:00.0", NULL, "class", "0x020000\n",
				    "vendor", "0x8086\n", "device", "0x10d3\n", NULL, NULL);
	the_host_alone_is_shown();
	says(RUN("doctor"), 0, "pci.bus            1 functions; the kernel sees no accelerator",
	     "FAIL");
	says(RUN("info", "pci:0000:44:00.0"), 1, "no accelerator (not found); seen: 0x020000;",
	     "131072");
	g_object_unref(bed);
}

static void a_machine_without_pci_is_well(void)
{
	UMockdevTestbed *bed = bed_new(NULL);
	char *root = umockdev_testbed_get_root_dir(bed);
	char *class_folder = g_strdup_printf("%s/sys/class", root);

	CU_ASSERT_EQUAL(g_mkdir_with_parents(class_folder, 0700), 0);
	the_host_alone_is_shown();
	says(RUN("doctor"), 0, "PASS  pci.bus            this machine has no PCI", "FAIL");
	g_free(class_folder);
	g_free(root);
	g_object_unref(bed);
}

static void a_container_without_sys_is_told(void)
{
	UMockdevTestbed *bed = bed_new(NULL);
	char *root = umockdev_testbed_get_root_dir(bed);
	char *sys = g_strdup_printf("%s/sys", root), *aside = g_strdup_printf("%s/gone", root);

	CU_ASSERT_EQUAL(rename(sys, aside), 0);
	the_host_alone_is_shown();
	says(RUN("doctor"), 1, "WARN  pci.bus            there is no /sys", "FAIL");
	says(RUN("doctor"), 1, "remedy: mount sysfs on /sys", "FAIL");
	CU_ASSERT_EQUAL(rename(aside, sys), 0);
	g_free(aside);
	g_free(sys);
	g_free(root);
	g_object_unref(bed);
}

static void json_of_a_bare_machine_is_what_the_schemas_say(void)
{
	GString *all = g_string_new("");
	UMockdevTestbed *bed = bed_new(NULL);

	if (!bed_can_validate()) {
		tap_skip("needs python3-jsonschema");
		g_string_free(all, TRUE);
		g_object_unref(bed);
		return;
	}
	bed_collect(RUN("list", "--json"), 0, all);
	bed_collect(RUN("explain", "--json"), 0, all);
	bed_collect(RUN("info", "--json"), 0, all);
	bed_collect(RUN("topo", "--json"), 0, all);
	CU_ASSERT(bed_valid(all));
	g_string_free(all, TRUE);
	g_object_unref(bed);
}

static const struct tap_case cases[] = {
	{"a machine without accelerator has the host alone",
	 a_machine_without_accelerator_has_the_host_alone},
	{"a network card is no accelerator", a_network_card_is_no_accelerator},
	{"a machine without PCI is well", a_machine_without_pci_is_well},
	{"a container without /sys is told", a_container_without_sys_is_told},
	{"JSON of a bare machine is what the schemas say",
	 json_of_a_bare_machine_is_what_the_schemas_say},
};

TAP_MAIN(cases)
