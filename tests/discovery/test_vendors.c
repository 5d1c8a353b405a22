/* SPDX-License-Identifier: Apache-2.0 */
/* Classes of vendors' own, and a libpci that fails. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/discovery/process.h"
#include "tests/support/tap.h"

#define RUN(...) ((const char *const[]){__VA_ARGS__, NULL})

static char *run(int code, const char *const *arguments)
{
	char *seen;

	CU_ASSERT_EQUAL(bed_run(arguments, &seen), code);
	for (const char *at = seen; *at; at++)
		CU_ASSERT_FATAL(*at == '\n' || (*at >= ' ' && *at <= '~'));
	return seen;
}

static void says(char *seen, const char *text, bool is)
{
	if (!strstr(seen, text) == is)
		printf("# \"%s\" is %s\n", text, is ? "missing" : "there");
	CU_ASSERT_EQUAL(strstr(seen, text) != NULL, is);
}

/* ---- classes ---- */

static void a_node_of_a_vendors_class_is_joined_to_its_function(void)
{
	UMockdevTestbed *bed = bed_new("vendors.testbed");
	char *seen = run(0, RUN("explain"));

	says(seen, "cabc:0370, kernel driver cambricon_pci_drv, /dev/cambricon_dev0\n", true);
	says(seen, "1da3:1000, kernel driver habanalabs, /dev/hl0\n", true);
	/* No class of PCI says that it is one: its node does. */
	says(seen, "1e52:b140, kernel driver tenstorrent, /dev/tenstorrent/0\n", true);
	says(seen, "cambricon_ctl", false);
	says(seen, "hl_controlD0", false);
	g_free(seen);
	seen = run(0, RUN("info", "pci:0000:43:00.0"));
	says(seen, "node.0                              /dev/hl0  [kernel]", true);
	says(seen, "node.0.drm", false);
	g_free(seen);
	g_object_unref(bed);
}

static void a_node_that_no_function_is_known_of_is_a_device_itself(void)
{
	UMockdevTestbed *bed = bed_new("vendors.testbed");
	char *seen = run(0, RUN("list"));

	says(seen, "\nnode:davinci0 ", true);
	says(seen, "davinci_manager", false);
	says(seen, "frob0", false);
	g_free(seen);
	seen = run(0, RUN("info", "node:davinci0"));
	says(seen, "/dev/davinci0  [kernel]", true);
	says(seen, "sysfs.chip_state                    ready", true);
	g_free(seen);
	g_free(run(1, RUN("info", "node:frob0")));
	seen = run(1, RUN("info", "node:hl0"));
	says(seen, "pci:0000:43:00.0", true);
	g_free(seen);
	g_object_unref(bed);
}

/* Opening a vendor's node may take the device from others. */
static void a_vendors_node_is_not_opened(void)
{
	UMockdevTestbed *bed = bed_new("vendors.testbed");
	struct bed_drm drm = {.name = "no DRM", .version = {1, 2, 3}};

	bed_attach_drm(bed, "/dev/hl0", &drm);
	g_free(run(0, RUN("info", "pci:0000:43:00.0")));
	CU_ASSERT_EQUAL(drm.asked, 0);
	g_object_unref(bed);
}

/* ---- libpci ---- */

static char *run_failing(const char *call, int code, const char *const *arguments)
{
	const char *others = getenv("LD_PRELOAD");
	char *before = g_strdup(others ? others : "");
	char *preload = g_strdup_printf("%s:%s", getenv("ROADBED_TEST_LIBPCI"), before);
	char *seen;

	setenv("LD_PRELOAD", preload, 1);
	setenv("ROADBED_TEST_LIBPCI_FAILS", call, 1);
	seen = run(code, arguments);
	setenv("LD_PRELOAD", before, 1);
	unsetenv("ROADBED_TEST_LIBPCI_FAILS");
	g_free(preload);
	g_free(before);
	return seen;
}

static void a_libpci_that_cannot_start_is_a_reason(void)
{
	UMockdevTestbed *bed = bed_new("mixed.testbed");
	char *seen = run_failing("init", 0, RUN("explain"));

	says(seen, "\npci: ", true);
	says(seen, "libpci cannot start: init: no?[31m way", true);
	says(seen, "\naccel:accel1 ", true);
	says(seen, "\npci:0000", false);
	g_free(seen);
	seen = run_failing("init", 0, RUN("list"));
	says(seen, "\naccel:accel1 ", true);
	g_free(seen);
	seen = run_failing("init", 1, RUN("info", "pci:0000:03:00.0"));
	says(seen, "libpci cannot start", true);
	g_free(seen);
	seen = run_failing("nothing", 0, RUN("explain"));
	says(seen, "\npci:0000:03:00.0 ", true);
	g_free(seen);
	g_object_unref(bed);
}

static void no_error_of_libpci_ends_the_process(void)
{
	static const char *const calls[] = {"get", "fill", "cleanup"};

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		UMockdevTestbed *bed = bed_new("mixed.testbed");
		char *seen = run_failing(calls[i], 0, RUN("explain"));

		says(seen, "host:", true);
		says(seen, "\npci:0000:03:00.0 ", true);
		says(seen, "what it is cannot be read", strcmp(calls[i], "cleanup") != 0);
		g_free(seen);
		g_object_unref(bed);
	}
}

static const struct tap_case cases[] = {
	{"a node of a vendor's class is joined to its function",
	 a_node_of_a_vendors_class_is_joined_to_its_function},
	{"a node that no function is known of is a device itself",
	 a_node_that_no_function_is_known_of_is_a_device_itself},
	{"a vendor's node is not opened", a_vendors_node_is_not_opened},
	{"a libpci that cannot start is a reason", a_libpci_that_cannot_start_is_a_reason},
	{"no error of libpci ends the process", no_error_of_libpci_ends_the_process},
};

TAP_MAIN(cases)
