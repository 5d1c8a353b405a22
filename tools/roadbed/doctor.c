/* SPDX-License-Identifier: Apache-2.0 */
/* `roadbed doctor`: what keeps devices from working here, and what would help. */
#include "tools/roadbed/doctor.h"

#include <stdarg.h>

#include "tools/roadbed/json.h"
#include "tools/roadbed/terminal.h"
#include "tools/roadbed/verbs.h"

static const char *const words[] = {"PASS", "WARN", "FAIL"};
static const enum terminal_color colors[] = {TERMINAL_GREEN, TERMINAL_YELLOW, TERMINAL_RED};

/* In the order in which they are told. The manual has this table, as --list prints it. One check
 * may tell several rows of an id: one for each thing that is wrong. */
static const struct {
	const char *id, *meaning;
	void (*run)(struct doctor *doctor); /* NULL: the row before tells it */
} checks[] = {
	{"library", "version of libroadbed", doctor_library},
	{"simulators", "whether libroadbed-sim is there, and how many chips it has",
	 doctor_simulators},
	{"firmware.loader", "whether chips whose firmware the host brings can be booted",
	 doctor_firmware},
	{"firmware.keys", "the keys that firmware may be signed with; nobody else may write them",
	 NULL},
	{"cache", "the folder of compiled kernels: absolute, this user's alone", doctor_cache},
	{"drivers", "folders and drivers from outside: what was refused, and why", doctor_drivers},
	{"environment", "variables ROADBED_* that nothing reads, or that are malformed",
	 doctor_environment},
	{"pci.bus", "whether /sys and PCI can be seen, and the accelerators there", doctor_pci_bus},
	{"pci.driver", "accelerators that no driver of the kernel is bound to", doctor_pci_driver},
	{"pci.ids", "the system's table of names, and accelerators that it does not name",
	 doctor_pci_ids},
	{"iommu", "what programs need that drive devices themselves (VFIO)", doctor_iommu},
	{"udev", "whether udevd gives nodes their rights and tells of plugging", doctor_udev},
	{"node.accel", "nodes /dev/accel/accel*: missing ones, and which rule or group one lacks",
	 doctor_nodes_accel},
	{"node.dri", "the same of /dev/dri/renderD*", doctor_nodes_dri},
	{"groups", "which of render, video and accel this user is in", doctor_groups},
	{"memory.pinned", "how much memory can be pinned, which VFIO needs", doctor_pinned_memory},
	{"memory.hugepages", "huge pages that are reserved", doctor_huge_pages},
	{"device", "a device that is here or listed, and cannot be opened", doctor_devices},
	{"devices", "how many can be opened", NULL},
};

void doctor_tell(struct doctor *doctor, const char *id, enum doctor_result result,
		 const char *remedy, const char *format, ...)
{
	char what[512];
	va_list list;

	va_start(list, format);
	vsnprintf(what, sizeof(what), format, list);
	va_end(list);
	doctor->tell(doctor, id, result, what, remedy);
}

static int list_checks(void)
{
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		printf("%-18s %s\n", checks[i].id, checks[i].meaning);
	return TOOL_OK;
}

static void note(struct doctor *doctor, enum doctor_result result)
{
	doctor->worst = result > doctor->worst ? result : doctor->worst;
}

static void tell_text(struct doctor *doctor, const char *id, enum doctor_result result,
		      const char *what, const char *remedy)
{
	note(doctor, result);
	printf("%s%s%s  %-18s %s\n", terminal_begin(colors[result]), words[result],
	       terminal_end(colors[result]), id, what);
	if (remedy[0])
		printf("%-24s remedy: %s\n", "", remedy);
}

static void tell_json(struct doctor *doctor, const char *id, enum doctor_result result,
		      const char *what, const char *remedy)
{
	struct json_object *object = json_new();

	note(doctor, result);
	json_add_text(object, "id", id);
	json_add_text(object, "result", words[result]);
	json_add_text(object, "what", what);
	json_add_known_text(object, "remedy", remedy);
	json_append(doctor->to, object);
}

static int run(struct doctor *doctor, bool json)
{
	struct json_object *document = json ? json_document("doctor") : NULL;

	doctor->tell = json ? tell_json : tell_text;
	if (json) {
		doctor->to = json_new_array();
		json_add(document, "checks", doctor->to);
	}
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		if (checks[i].run)
			checks[i].run(doctor);
	if (json) {
		json_add_text(document, "result", words[doctor->worst]);
		json_print(document);
	}
	return (int)doctor->worst;
}

int verb_doctor(int argc, char **argv)
{
	struct doctor doctor = {.dev = NULL};
	bool json = false, only_list = false;
	const struct tool_option options[] = {{"--json", &json, NULL},
					      {"--dev", NULL, &doctor.dev},
					      {"--list", &only_list, NULL},
					      {NULL, NULL, NULL}};
	struct tool_error error;
	int left = 0, rc = tool_options(options, argc, argv, &left, &error), code;

	if (!rc && left)
		rc = tool_error_set(&error, "doctor", "takes no argument", argv[0],
				    "options only; `roadbed explain DEVICE` is about one");
	if (rc) {
		tool_error_print(&error);
		return TOOL_USAGE;
	}
	if (only_list)
		return list_checks();
	if (!doctor.dev)
		doctor.dev = "/dev";
	if (library_open(&doctor.instance))
		return TOOL_USAGE; /* nothing else can work */
	code = candidates_read(doctor.instance, CANDIDATES_EVERYTHING, &doctor.all);
	code = code ? TOOL_USAGE : run(&doctor, json);
	candidates_free(&doctor.all);
	road_instance_release(doctor.instance);
	return code;
}
