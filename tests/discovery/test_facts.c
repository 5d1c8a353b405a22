/* SPDX-License-Identifier: Apache-2.0 */
/* All that a device's folder says is shown, and what cannot be read is unknown. */
#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <roadbed/roadbed.h>

#include "tests/discovery/process.h"
#include "tests/support/tap.h"

#define RUN(...) ((const char *const[]){__VA_ARGS__, NULL})
#define CARD     "pci:0000:03:00.0"
#define SYS      "/sys/devices/pci0000:00/0000:03:00.0"
#define UNKNOWN  "pci:0000:04:00.0"

static char *run_well(const char *const *arguments)
{
	char *seen;

	CU_ASSERT_EQUAL(bed_run(arguments, &seen), 0);
	for (const char *at = seen; *at; at++)
		CU_ASSERT_FATAL(*at == '\n' || (*at >= ' ' && *at <= '~'));
	return seen;
}

/* ---- everything is shown ---- */

/* Where a file of the card is shown; what is not here is shown by its own name, "sysfs.…". */
static const struct {
	const char *file, *property, *value;
} shown_as[] = {
	{"numa_node", "numa.node", "1"},
	{"power_state", "pci.power_state", "D0"},
	{"power/runtime_status", "power.runtime", "active"},
	{"reset_method", "pci.reset_methods", "bus"},
	{"current_link_speed", "pci.link.speed", "32 GT/s"},
	{"current_link_width", "pci.link.width", "16 lanes"},
	{"max_link_speed", "pci.link.speed_max", "32 GT/s"},
	{"max_link_width", "pci.link.width_max", "16 lanes"},
	{"sriov_totalvfs", "pci.sriov.total", "8 functions"},
	{"sriov_numvfs", "pci.sriov.enabled", "0 functions"},
	{"aer_dev_correctable", "pci.errors.correctable", "3 "},
	{"aer_dev_nonfatal", "pci.errors.nonfatal", "4 "},
	{"aer_dev_fatal", "pci.errors.fatal", "5 "},
	{"pcie_replay_count", "pci.errors.replays", "17 "},
	{"class", "pci.class", "0x120000"},
	{"vendor", "pci.vendor", "0x1002"},
	{"device", "pci.device", "0x74a1"},
	{"revision", "pci.revision", "0x00"},
	{"subsystem_vendor", "pci.subsystem_vendor", "0x1002"},
	{"subsystem_device", "pci.subsystem", "0x74a1"},
	{"resource", "pci.bar0.bytes", "274877906944 bytes"},
	{"mem_info_vram_total", "memory.bytes", "206141652992 bytes"},
	{"mem_info_vram_used", "memory.used", "297312256 bytes"},
	{"mem_info_vis_vram_total", "memory.visible_bytes", "206141652992 bytes"},
	{"mem_info_vis_vram_used", "memory.visible_used", "197312256 bytes"},
	{"mem_info_gtt_total", "memory.host_bytes", "135000000000 bytes"},
	{"mem_info_gtt_used", "memory.host_used", "12345678 bytes"},
	{"mem_info_vram_vendor", "memory.vendor", "hynix"},
	{"gpu_busy_percent", "load.compute", "12 %"},
	{"mem_busy_percent", "load.memory", "34 %"},
	{"vbios_version", "firmware.vbios", "113-M3000100-102"},
	{"serial_number", "device.serial", "692245000123"},
	{"product_name", "device.board", "AMD Instinct MI300X"},
	{"product_number", "device.board_number", "102-G30211-00"},
	{"ras/umc_err_count", "errors.umc.uncorrectable", "1 "},
	{"ras/gfx_err_count", "errors.gfx.deferred", "4 "},
	{"hwmon/hwmon3/temp2_input", "temperature.junction", "41 C"},
	{"hwmon/hwmon3/temp2_crit", "temperature_critical.junction", "100 C"},
	{"hwmon/hwmon3/temp2_emergency", "temperature_emergency.junction", "105 C"},
	{"hwmon/hwmon3/temp3_input", "temperature.mem", "-3.5 C"},
	{"hwmon/hwmon3/power1_average", "power.ppt", "126 W"},
	{"hwmon/hwmon3/power1_cap", "power_limit.ppt", "750 W"},
	{"hwmon/hwmon3/power1_cap_max", "power_limit_max.ppt", "760 W"},
	{"hwmon/hwmon3/energy1_input", "energy.energy1", "987.654 J"},
	{"hwmon/hwmon3/freq1_input", "clock.sclk", "132 MHz"},
	{"hwmon/hwmon3/fan1_input", "fan.fan1", "1200 rpm"},
	{"hwmon/hwmon3/in0_input", "voltage.vddgfx", "0.806 V"},
};

/* Files that are not shown, each with the reason. */
static const struct {
	const char *file, *why;
} not_shown[] = {
	{"uevent", "repeats what other files say"},
	{"modalias", "ids in another form"},
	{"hwmon/hwmon3/temp2_label", "is the sensor's name"},
	{"hwmon/hwmon3/temp3_label", "is the sensor's name"},
	{"hwmon/hwmon3/power1_label", "is the sensor's name"},
	{"hwmon/hwmon3/freq1_label", "is the sensor's name"},
	{"hwmon/hwmon3/in0_label", "is the sensor's name"},
};

static bool is_not_shown(const char *file)
{
	for (size_t i = 0; i < sizeof(not_shown) / sizeof(not_shown[0]); i++)
		if (!strcmp(not_shown[i].file, file))
			return true;
	return false;
}

/* "  NAME   VALUE" is a line of it; value NULL: any that is known. */
static bool has_line(const char *seen, const char *name, const char *value)
{
	char *start = g_strdup_printf("\n  %s ", name);
	const char *at = strstr(seen, start);

	if (at)
		at += strlen(start) + strspn(at + strlen(start), " ");
	g_free(start);
	return at && (value ? !strncmp(at, value, strlen(value)) : strncmp(at, "unknown", 7) != 0);
}

static bool is_shown(const char *seen, const char *file)
{
	char *name;
	bool shown;

	for (size_t i = 0; i < sizeof(shown_as) / sizeof(shown_as[0]); i++)
		if (!strcmp(shown_as[i].file, file))
			return has_line(seen, shown_as[i].property, shown_as[i].value);
	name = g_strconcat("sysfs.", g_str_has_prefix(file, "hwmon/hwmon3/") ? "hwmon." : "",
			   g_str_has_prefix(file, "hwmon/hwmon3/") ? file + 13 : file, NULL);
	for (char *at = name; *at; at++)
		if (*at == '/')
			*at = '.';
	shown = has_line(seen, name, NULL);
	g_free(name);
	return shown;
}

/* Each regular file below the folder; its nodes are other devices. */
static unsigned check_folder(const char *folder, const char *below, const char *seen)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	unsigned files = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(dir);
	while ((entry = readdir(dir))) {
		char *path = g_strdup_printf("%s/%s", folder, entry->d_name);
		char *file = g_strdup_printf("%s%s", below, entry->d_name);
		char *further = g_strconcat(file, "/", NULL);
		struct stat is;

		CU_ASSERT_EQUAL_FATAL(lstat(path, &is), 0);
		if (S_ISDIR(is.st_mode) && entry->d_name[0] != '.' && strcmp(file, "drm"))
			files += check_folder(path, further, seen);
		else if (S_ISREG(is.st_mode) && !is_not_shown(file)) {
			if (!is_shown(seen, file))
				printf("# %s is not shown\n", file);
			CU_ASSERT(is_shown(seen, file));
			files++;
		}
		g_free(further);
		g_free(file);
		g_free(path);
	}
	closedir(dir);
	return files;
}

static void every_file_of_a_card_is_shown_or_left_out_for_a_reason(void)
{
	UMockdevTestbed *bed = bed_new("facts.testbed");
	char *seen = run_well(RUN("info", CARD)), *folder = bed_path(bed, SYS);

	CU_ASSERT(check_folder(folder, "", seen) > 50);
	g_free(folder);
	g_free(seen);
	g_object_unref(bed);
}

static void files_of_a_driver_that_nobody_knows_are_shown_by_their_names(void)
{
	UMockdevTestbed *bed = bed_new("facts.testbed");
	char *seen = run_well(RUN("info", UNKNOWN));

	CU_ASSERT(has_line(seen, "sysfs.frob_units", "12 "));
	CU_ASSERT(has_line(seen, "sysfs.frob_state", "ready; and waiting"));
	g_free(seen);
	g_object_unref(bed);
}

static void how_much_memory_is_free_is_said(void)
{
	UMockdevTestbed *bed = bed_new("facts.testbed");
	char *seen = run_well(RUN("info", CARD, "--field", "memory.free_bytes"));

	CU_ASSERT_STRING_EQUAL(seen, "205844340736\n");
	g_free(seen);
	seen = run_well(RUN("info", CARD));
	CU_ASSERT_PTR_NOT_NULL(
		strstr(seen, "device: 196592 MiB, 201019864 KiB free, 290344 KiB used"));
	g_free(seen);
	bed_write(bed, SYS "/mem_info_vram_used", "206141652993\n", -1); /* more than there is */
	seen = run_well(RUN("info", CARD));
	CU_ASSERT(has_line(seen, "memory.free_bytes", "unknown"));
	g_free(seen);
	/* A BAR is not the memory. */
	bed_remove(bed, SYS "/mem_info_vram_total");
	seen = run_well(RUN("info", CARD));
	CU_ASSERT(has_line(seen, "pci.bar0.bytes", "274877906944 bytes"));
	CU_ASSERT_PTR_NOT_NULL(strstr(seen, "\nmemory (total)  unknown\n"));
	g_free(seen);
	g_object_unref(bed);
}

static void a_files_reader_is_not_every_file(void)
{
	UMockdevTestbed *bed = bed_new("facts.testbed");
	char *path = bed_path(bed, SYS "/secret"), *seen;

	bed_write(bed, SYS "/secret", "hidden\n", -1);
	CU_ASSERT_EQUAL(chmod(path, 0600), 0);
	bed_write(bed, SYS "/config", "\x02\x10\xa1\x74", 4);
	seen = run_well(RUN("info", CARD));
	CU_ASSERT_PTR_NULL(strstr(seen, "secret"));
	CU_ASSERT_PTR_NULL(strstr(seen, "sysfs.config"));
	g_free(seen);
	g_free(path);
	g_object_unref(bed);
}

/* ---- what cannot be read ---- */

#define FILES                                                                           \
	SYS "/frobnication_level", SYS "/mem_info_vram_used", SYS "/ras/umc_err_count", \
		SYS "/hwmon/hwmon3/energy1_input", SYS "/hwmon/hwmon3/temp2_label",     \
		SYS "/pcie_replay_count", SYS "/gpu_busy_percent", SYS "/driver_note"

static void broken(const char *bytes, gssize count, bool is_number)
{
	static const char *const files[] = {FILES};
	UMockdevTestbed *bed = bed_new("facts.testbed");

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		bed_write(bed, files[i], bytes, count);
	char *seen = run_well(RUN("info", CARD));

	CU_ASSERT(has_line(seen, "pci.errors.replays", "unknown"));
	CU_ASSERT(has_line(seen, "memory.used", "unknown"));
	CU_ASSERT(has_line(seen, "memory.free_bytes", "unknown"));
	CU_ASSERT(has_line(seen, "errors.umc.correctable", "unknown"));
	CU_ASSERT(has_line(seen, "errors.gfx.correctable", "3 "));
	CU_ASSERT(has_line(seen, "memory.host_used", "12345678 bytes"));
	CU_ASSERT(has_line(seen, "energy.energy1", NULL) == is_number);
	g_free(seen);
	seen = run_well(RUN("watch", "--count", "1", CARD));
	CU_ASSERT(has_line(seen, "clock.sclk", "132 MHz"));
	g_free(seen);
	g_object_unref(bed);
}

static void broken_files_are_unknown_and_spoil_nothing_else(void)
{
	char *huge = g_strnfill(1 << 20, '7');

	broken("", 0, false);
	broken(huge, 1 << 20, false);
	broken("\x1b[31mred\x1b[0m\0\xff\x9b", 16, false);
	broken("-1\n", -1, true); /* a sensor may say so, a size may not */
	broken("99999999999999999999999999\n", -1, true);
	g_free(huge);
}

static void names_and_texts_bring_no_control_characters(void)
{
	UMockdevTestbed *bed = bed_new("facts.testbed");
	struct bed_drm drm = {.name = "am\x1b]0;dgpu\x07", .version = {1, 2, 3}};
	char *seen;

	bed_attach_drm(bed, "/dev/dri/renderD128", &drm);
	bed_write(bed, SYS "/product_name", "card\x1b[2J\n", -1);
	bed_write(bed, SYS "/note", "a\tb\x9b\x31m\nc\x1b[0m\n", -1);
	bed_write(bed, SYS "/od\x1b[31md", "1\n", -1);
	bed_write(bed, SYS "/ras/u\x1b[31mc_err_count", "ue: 1\n", -1);
	bed_write(bed, SYS "/hwmon/hwmon3/temp2_label", "hot\x1b[31m\n", -1);
	seen = run_well(RUN("info", CARD)); /* which looks at each character */
	CU_ASSERT(has_line(seen, "sysfs.note", "a b?1m; c?[0m"));
	CU_ASSERT(has_line(seen, "node.0.drm.driver", "am?]0;dgpu?"));
	CU_ASSERT(has_line(seen, "temperature.hot__31m", "41 C"));
	CU_ASSERT_PTR_NULL(strstr(seen, "sysfs.od"));
	g_free(seen);
	g_free(run_well(RUN("info", CARD, "--json")));
	g_free(run_well(RUN("explain")));
	g_object_unref(bed);
}

/* ---- the table of properties ---- */

/* Capitals of its names stand for a word: "*" in a pattern. */
static char **read_table(void)
{
	char *path = g_strconcat(getenv("ROADBED_TEST_FOLDER"),
				 "/../../tools/roadbed/properties.def", NULL);
	char *text = NULL, **lines;
	GPtrArray *names = g_ptr_array_new();

	CU_ASSERT_FATAL(g_file_get_contents(path, &text, NULL, NULL));
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line; line++) {
		char **parts =
			g_str_has_prefix(*line, "PROPERTY(\"") ? g_strsplit(*line, "\"", 3) : NULL;
		char *to = parts ? parts[1] : NULL;

		for (char *from = to; from && (*to = *from); from++)
			if (*from < 'A' || *from > 'Z')
				to++;
			else if (from[1] < 'A' || from[1] > 'Z')
				*to++ = '*';
		if (parts)
			g_ptr_array_add(names, g_strdup(parts[1]));
		g_strfreev(parts);
	}
	g_ptr_array_add(names, NULL);
	g_strfreev(lines);
	g_free(text);
	g_free(path);
	return (char **)g_ptr_array_free(names, FALSE);
}

static bool is_in(char **table, const char *name)
{
	for (char **row = table; *row; row++)
		if (!fnmatch(*row, name, 0))
			return true;
	return false;
}

static void each_property_is_in_the_table(void)
{
	UMockdevTestbed *bed = bed_new("facts.testbed");
	struct bed_drm drm = {.name = "amdgpu", .version = {3, 57, 0}};
	char **table = read_table(), *seen, **lines;
	unsigned count = 0;

	bed_attach_drm(bed, "/dev/dri/renderD128", &drm);
	bed_process(bed, 42, "train");
	bed_descriptor(bed, 42, 3, "/dev/dri/renderD128",
		       "drm-driver:\tamdgpu\ndrm-client-id:\t7\ndrm-client-name:\tn\n"
		       "drm-total-vram:\t1\ndrm-resident-vram:\t1\ndrm-shared-vram:\t1\n"
		       "drm-active-vram:\t1\ndrm-purgeable-vram:\t1\ndrm-engine-gfx:\t1 ns\n"
		       "drm-cycles-gfx:\t1\ndrm-total-cycles-gfx:\t1\ndrm-maxfreq-gfx:\t1 MHz\n"
		       "drm-engine-capacity-gfx:\t1\n");
	seen = run_well(RUN("info", CARD));
	lines = g_strsplit(seen, "\n", -1);
	for (char **line = lines; *line; line++) {
		char *name = g_str_has_prefix(*line, "  ") ? g_strdup(*line + 2) : NULL;

		if (name)
			name[strcspn(name, " ")] = 0;
		if (name && name[0] && !is_in(table, name)) {
			printf("# %s is not in properties.def\n", name);
			CU_FAIL("a property is not in the table");
		}
		count += name && name[0];
		g_free(name);
	}
	CU_ASSERT(count > 100);
	g_strfreev(lines);
	g_strfreev(table);
	g_free(seen);
	g_object_unref(bed);
}

/* ---- as they move ---- */

static road_device *open_card(road_instance **instance)
{
	const road_instance_options options = {.size = sizeof(options),
					       .flags = ROAD_INSTANCE_NO_ENV};
	road_device *device = NULL;

	CU_ASSERT_EQUAL_FATAL(road_instance_create(&options, instance), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_device_open(*instance, CARD, &device), ROAD_OK);
	return device;
}

/* The metric of this name; its number, or the list's length if there is none. */
static uint32_t metric(road_device *device, const char *name, road_metric *out)
{
	uint32_t i = 0;

	*out = (road_metric){.size = sizeof(*out)};
	while (!road_device_telemetry(device, ROAD_TELEMETRY_ALL, i, out) &&
	       strcmp(out->name, name))
		i++;
	return i;
}

static uint32_t metrics(road_device *device)
{
	road_metric none;

	return metric(device, "no such metric", &none);
}

static void what_moves_is_telemetry(void)
{
	UMockdevTestbed *bed = bed_new("facts.testbed");
	road_instance *instance;
	road_device *device = open_card(&instance);
	road_metric one;

	metric(device, "temperature.junction", &one);
	CU_ASSERT_EQUAL(one.f64, 41);
	CU_ASSERT_STRING_EQUAL(one.unit, "C");
	bed_write(bed, SYS "/hwmon/hwmon3/temp2_input", "52000\n", -1);
	metric(device, "temperature.junction", &one);
	CU_ASSERT_EQUAL(one.f64, 52);
	metric(device, "energy.energy1", &one);
	CU_ASSERT_DOUBLE_EQUAL(one.f64, 987.654321, 1e-9);
	metric(device, "load.compute", &one);
	CU_ASSERT_EQUAL(one.u64, 12);
	metric(device, "memory.device.used", &one);
	CU_ASSERT_EQUAL(one.u64, 297312256);
	CU_ASSERT_EQUAL(one.source, ROAD_SOURCE_COMPUTED);
	metric(device, "power.ppt", &one);
	CU_ASSERT_EQUAL(one.source, ROAD_SOURCE_KERNEL);
	/* What stays as it is is none. */
	CU_ASSERT_EQUAL(metric(device, "memory.bytes", &one), metrics(device));
	CU_ASSERT_EQUAL(metric(device, "power.runtime", &one), metrics(device));
	road_device_release(device);
	road_instance_release(instance);
	g_object_unref(bed);
}

static void what_vanishes_keeps_its_place_and_the_rest_its_value(void)
{
	UMockdevTestbed *bed = bed_new("facts.testbed");
	road_instance *instance;
	road_device *device = open_card(&instance);
	road_heap_info heap = {.size = sizeof(heap)};
	road_metric one;
	const uint32_t all = metrics(device), fan = metric(device, "fan.fan1", &one);

	bed_remove(bed, SYS "/hwmon/hwmon3/temp2_input");
	bed_remove(bed, SYS "/mem_info_vram_used");
	CU_ASSERT_EQUAL(metrics(device), all);
	CU_ASSERT_EQUAL(metric(device, "fan.fan1", &one), fan);
	CU_ASSERT_EQUAL(one.f64, 1200);
	CU_ASSERT(metric(device, "temperature.junction", &one) < all);
	CU_ASSERT_EQUAL(one.type, ROAD_VALUE_NULL);
	CU_ASSERT(metric(device, "memory.device.used", &one) < all);
	CU_ASSERT_EQUAL(one.type, ROAD_VALUE_NULL);
	CU_ASSERT(metric(device, "memory.visible.used", &one) < all);
	CU_ASSERT_EQUAL(one.type, ROAD_VALUE_U64);
	CU_ASSERT_EQUAL(road_device_heap(device, 0, &heap), ROAD_IO);
	CU_ASSERT_EQUAL(road_device_heap(device, 1, &heap), ROAD_OK);
	CU_ASSERT_EQUAL(road_device_heap(device, 3, &heap), ROAD_NOT_FOUND);
	road_device_release(device);
	road_instance_release(instance);
	g_object_unref(bed);
}

static void a_heap_of_such_a_device_gives_nothing(void)
{
	UMockdevTestbed *bed = bed_new("facts.testbed");
	road_instance *instance;
	road_device *device = open_card(&instance);
	road_heap_info heap = {.size = sizeof(heap)};
	const road_buffer_options options = {
		.size = sizeof(options), .heap = ROAD_HEAP_DEVICE, .bytes = 4096};
	road_space *space = NULL;
	road_buffer *buffer = NULL;

	CU_ASSERT_EQUAL(road_device_heap(device, 0, &heap), ROAD_OK);
	CU_ASSERT_EQUAL(heap.bytes, UINT64_C(206141652992));
	CU_ASSERT_EQUAL(heap.used_bytes, 297312256);
	CU_ASSERT_EQUAL_FATAL(road_space_shared(device, &space), ROAD_OK);
	CU_ASSERT_EQUAL(road_buffer_create(space, &options, &buffer), ROAD_UNSUPPORTED);
	road_space_release(space);
	road_device_release(device);
	road_instance_release(instance);
	g_object_unref(bed);
}

static void watch_draws_bars_of_a_real_card(void)
{
	UMockdevTestbed *bed = bed_new("facts.testbed");
	char *seen = run_well(RUN("watch", "--count", "1", CARD));

	CU_ASSERT_PTR_NOT_NULL(strstr(seen, "34 %  [##########...................."));
	CU_ASSERT(has_line(seen, "memory.device.used", "297312256 bytes  [...."));
	CU_ASSERT(has_line(seen, "temperature.junction", "41 C"));
	g_free(seen);
	g_object_unref(bed);
}

/* ---- NVIDIA's own driver ---- */

static void what_nvidias_driver_says_in_proc_is_shown(void)
{
	UMockdevTestbed *bed = bed_new("facts.testbed");
	char *seen;

	bed_write(bed, "/proc/driver/nvidia/gpus/0000:04:00.0/information",
		  "Model: \t\t NVIDIA A100-SXM4-40GB\nIRQ:   \t\t 94\n"
		  "GPU UUID: \t GPU-5c2f8b3e\nVideo BIOS: \t 92.00.45.00.03\nDevice Minor: \t 3\n",
		  -1);
	seen = run_well(RUN("info", UNKNOWN));
	CU_ASSERT(has_line(seen, "device.board", "NVIDIA A100-SXM4-40GB"));
	CU_ASSERT(has_line(seen, "device.uuid", "GPU-5c2f8b3e"));
	CU_ASSERT(has_line(seen, "node.minor", "3 "));
	CU_ASSERT(has_line(seen, "firmware.version", "unknown"));
	g_free(seen);
	g_object_unref(bed);
}

static const struct tap_case cases[] = {
	{"every file of a card is shown, or left out for a reason",
	 every_file_of_a_card_is_shown_or_left_out_for_a_reason},
	{"files of a driver that nobody knows are shown by their names",
	 files_of_a_driver_that_nobody_knows_are_shown_by_their_names},
	{"how much memory is free is said", how_much_memory_is_free_is_said},
	{"what not everybody may read is left alone", a_files_reader_is_not_every_file},
	{"broken files are unknown and spoil nothing else",
	 broken_files_are_unknown_and_spoil_nothing_else},
	{"names and texts bring no control characters",
	 names_and_texts_bring_no_control_characters},
	{"each property is in the table of properties", each_property_is_in_the_table},
	{"what moves is telemetry", what_moves_is_telemetry},
	{"what vanishes keeps its place, and the rest its value",
	 what_vanishes_keeps_its_place_and_the_rest_its_value},
	{"a heap of such a device gives nothing", a_heap_of_such_a_device_gives_nothing},
	{"watch draws bars of a real card", watch_draws_bars_of_a_real_card},
	{"what NVIDIA's driver says in /proc is shown", what_nvidias_driver_says_in_proc_is_shown},
};

TAP_MAIN(cases)
