/* SPDX-License-Identifier: Apache-2.0 */
/* What the command says of a machine with accelerators: where they lie, what they can do, why one
 * is missing; and its JSON against the schemas. */
#include "tests/discovery/bed.h"

#include <string.h>
#include <unistd.h>

#include "tests/support/tap.h"

#define RUN(...) ((const char *const[]){__VA_ARGS__, NULL})
#define MI300    "pci:0000:03:00.0"

static struct bed_drm amdgpu = {.name = "amdgpu", .version = {3, 57, 0}};

static UMockdevTestbed *mixed(void)
{
	UMockdevTestbed *bed = bed_new("mixed.testbed");

	bed_attach_drm(bed, "/dev/dri/renderD128", &amdgpu);
	return bed;
}

static void golden(const char *const *arguments, const char *file)
{
	UMockdevTestbed *bed = mixed();

	bed_check(arguments, file);
	g_object_unref(bed);
}

static void topo_shows_numa_nodes_and_paths_as_a_tree(void)
{
	golden(RUN("topo"), "topo_tree.txt");
	golden(RUN("topo", "--tree"), "topo_tree.txt");
}

static void topo_shows_links_as_a_matrix(void)
{
	golden(RUN("topo", "--matrix"), "topo_matrix.txt");
}

/* Two functions of one card behind a bridge, another card behind another bridge of the same switch.
 */
static void functions_behind_one_bridge_are_told_so(void)
{
	static const char *const places[] = {"0000:00:01.0/0000:01:00.0/0000:02:00.0/0000:03:00.0",
					     "0000:00:01.0/0000:01:00.0/0000:02:00.0/0000:03:00.1",
					     "0000:00:01.0/0000:01:00.0/0000:02:01.0/0000:04:00.0"};
	UMockdevTestbed *bed = bed_new(NULL);
	char *seen;

	for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
		char *text = g_strdup_printf("P: /devices/pci0000:00/%s\nE: SUBSYSTEM=pci\n"
					     "A: class=0x120000\\n\nA: vendor=0x1002\\n\n"
					     "A: device=0x74a1\\n\n",
					     places[i]);

		CU_ASSERT(umockdev_testbed_add_from_string(bed, text, NULL));
		g_free(text);
	}
	CU_ASSERT_EQUAL(bed_run(RUN("topo", "--matrix", "pci:0000:03:00.0", "pci:0000:03:00.1",
				    "pci:0000:04:00.0"),
				&seen),
			0);
	CU_ASSERT_PTR_NOT_NULL(strstr(seen, "  host memory (PCI bridge 0000:02:00.0)"
					    "  host memory (PCI bridge 0000:01:00.0)\n"));
	g_free(seen);
	CU_ASSERT_EQUAL(bed_run(RUN("topo"), &seen), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(seen, places[2]));
	g_free(seen);
	g_object_unref(bed);
}

static void topo_shows_a_graph(void)
{
	golden(RUN("topo", "--dot"), "topo_dot.txt");
}

static void caps_has_every_property_by_name(void)
{
	golden(RUN("caps", MI300), "caps_mi300x.txt");
}

static void explain_is_a_table_too(void)
{
	golden(RUN("explain"), "explain.txt");
}

static void list_is_a_table_too(void)
{
	golden(RUN("list"), "list.txt");
}

/* ---- doctor ---- */

/* The rows of checks whose result the machine decides, with their remedies. */
static char *of_the_machine(const char *text)
{
	static const char *const ids[] = {"pci.bus", "pci.driver", "iommu", "node.", "device "};
	char **lines = g_strsplit(text, "\n", -1);
	GString *kept = g_string_new("");
	bool keep = false;

	for (guint i = 0; lines[i] && lines[i][0]; i++) {
		if (lines[i][0] != ' ') {
			keep = false;
			for (guint n = 0; n < G_N_ELEMENTS(ids); n++)
				keep |= strlen(lines[i]) > 6 &&
					g_str_has_prefix(lines[i] + 6, ids[n]);
		}
		if (keep)
			g_string_append_printf(kept, "%s\n", lines[i]);
	}
	g_strfreev(lines);
	return g_string_free(kept, FALSE);
}

static char *doctor(int code)
{
	char *seen, *kept;

	CU_ASSERT_EQUAL(bed_run(RUN("doctor"), &seen), code);
	kept = of_the_machine(seen);
	g_free(seen);
	return kept;
}

static void doctor_names_what_no_driver_is_bound_to(void)
{
	UMockdevTestbed *bed = mixed();
	char *seen = doctor(1);

	bed_compare(seen, "doctor.txt");
	g_free(seen);
	g_object_unref(bed);
}

static void doctor_names_a_node_that_is_missing(void)
{
	UMockdevTestbed *bed = mixed();
	char *root = umockdev_testbed_get_root_dir(bed);
	char *node = g_strdup_printf("%s/dev/accel/accel0", root), *seen;

	CU_ASSERT_EQUAL(unlink(node), 0);
	seen = doctor(2);
	CU_ASSERT_PTR_NOT_NULL(strstr(
		seen,
		"FAIL  node.accel         /dev/accel/accel0 is missing, /sys/class/accel has"));
	CU_ASSERT_PTR_NOT_NULL(strstr(seen, "--device /dev/accel/accel0"));
	CU_ASSERT_PTR_NOT_NULL(strstr(seen, "PASS  node.dri"));
	g_free(seen);
	g_free(node);
	g_free(root);
	g_object_unref(bed);
}

static void doctor_says_what_has_no_name_and_whether_udevd_is_there(void)
{
	UMockdevTestbed *bed = mixed();
	char *seen;

	CU_ASSERT_EQUAL(bed_run(RUN("doctor"), &seen), 1);
	CU_ASSERT_PTR_NOT_NULL(strstr(seen, "WARN  pci.ids"));
	CU_ASSERT_PTR_NOT_NULL(strstr(seen, "accelerators have no name; pci.ids is "));
	CU_ASSERT_PTR_NOT_NULL(
		strstr(seen, access("/run/udev/control", F_OK) ? "WARN  udev" : "PASS  udev"));
	g_free(seen);
	g_object_unref(bed);
}

static void doctor_counts_groups_of_an_iommu(void)
{
	UMockdevTestbed *bed = mixed();
	char *root = umockdev_testbed_get_root_dir(bed), *seen;

	for (int i = 0; i < 3; i++) {
		char *group = g_strdup_printf("%s/sys/kernel/iommu_groups/%d", root, i);

		CU_ASSERT_EQUAL(g_mkdir_with_parents(group, 0700), 0);
		g_free(group);
	}
	seen = doctor(1);
	CU_ASSERT_PTR_NOT_NULL(strstr(seen, "PASS  iommu              3 groups"));
	g_free(seen);
	g_free(root);
	g_object_unref(bed);
}

/* ---- schemas ---- */

static void json_of_a_real_machine_is_what_the_schemas_say(void)
{
	GString *all = g_string_new("");
	UMockdevTestbed *bed = mixed();

	if (!bed_can_validate()) {
		tap_skip("needs python3-jsonschema");
		g_string_free(all, TRUE);
		g_object_unref(bed);
		return;
	}
	bed_collect(RUN("list", "--json"), 0, all);
	bed_collect(RUN("explain", "--json"), 0, all);
	bed_collect(RUN("info", "--json"), 0, all);
	bed_collect(RUN("info", MI300, "--json"), 0, all);
	bed_collect(RUN("info", MI300, "--json", "--no-wake"), 0, all);
	bed_collect(RUN("caps", MI300, "--json"), 0, all);
	bed_collect(RUN("caps", MI300, "--diff", "pci:0000:00:0b.0", "--json"), 1, all);
	bed_collect(RUN("topo", "--json"), 0, all);
	bed_collect(RUN("doctor", "--json"), 1, all);
	bed_collect(RUN("watch", "--json-lines", "--count", "1"), 0, all);
	bed_collect(RUN("events", MI300, "--once", "--json"), 0, all);
	CU_ASSERT(bed_valid(all));
	bed_collect(RUN("list"), 0, all); /* no JSON */
	CU_ASSERT_FALSE(bed_valid(all));
	g_string_free(all, TRUE);
	g_object_unref(bed);
}

static const struct tap_case cases[] = {
	{"topo shows NUMA nodes and paths as a tree", topo_shows_numa_nodes_and_paths_as_a_tree},
	{"topo shows links as a matrix", topo_shows_links_as_a_matrix},
	{"functions behind one bridge are told so", functions_behind_one_bridge_are_told_so},
	{"topo shows a graph", topo_shows_a_graph},
	{"caps has every property by name", caps_has_every_property_by_name},
	{"explain is a table, too", explain_is_a_table_too},
	{"list is a table, too", list_is_a_table_too},
	{"doctor names what no driver is bound to", doctor_names_what_no_driver_is_bound_to},
	{"doctor names a node that is missing", doctor_names_a_node_that_is_missing},
	{"doctor says what has no name, and whether udevd is there",
	 doctor_says_what_has_no_name_and_whether_udevd_is_there},
	{"doctor counts groups of an IOMMU", doctor_counts_groups_of_an_iommu},
	{"JSON of a real machine is what the schemas say",
	 json_of_a_real_machine_is_what_the_schemas_say},
};

TAP_MAIN(cases)
