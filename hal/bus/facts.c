/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/bus/facts.h"
#include "hal/bus/sysfs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FACTS_MAX = 1024 };

/* ---- the list ---- */

static struct road_fact *add(struct road_facts *facts, uint32_t source, const char *name,
			     const char *unit)
{
	if (facts->count == facts->room && facts->room < FACTS_MAX) {
		const uint32_t room = facts->room ? facts->room * 2 : 64;
		struct road_fact *more = realloc(facts->at, room * sizeof(*more));

		facts->full |= !more;
		if (more) {
			facts->at = more;
			facts->room = room;
		}
	}
	if (facts->full || facts->count == facts->room)
		return NULL;
	struct road_fact *fact = &facts->at[facts->count++];

	*fact = (struct road_fact){.property.size = sizeof(fact->property)};
	fact->property.id = facts->count;
	fact->property.source = source;
	snprintf(fact->property.name, sizeof(fact->property.name), "%s", name);
	snprintf(fact->property.unit, sizeof(fact->property.unit), "%s", unit);
	return fact;
}

void road_fact_text(struct road_facts *facts, uint32_t source, const char *name, const char *text)
{
	struct road_fact *fact = add(facts, source, name, "");

	if (fact)
		road_fact_set_text(&fact->property, text ? text : "");
}

void road_fact_u64(struct road_facts *facts, uint32_t source, const char *name, const char *unit,
		   uint64_t value)
{
	struct road_fact *fact = add(facts, source, name, unit);

	if (!fact)
		return;
	fact->property.type = ROAD_VALUE_U64;
	fact->property.u64 = value;
}

void road_fact_bool(struct road_facts *facts, uint32_t source, const char *name, bool value)
{
	struct road_fact *fact = add(facts, source, name, "");

	if (!fact)
		return;
	fact->property.type = ROAD_VALUE_BOOL;
	fact->property.u64 = value;
}

void road_fact_unknown(struct road_facts *facts, uint32_t source, const char *name,
		       const char *unit)
{
	add(facts, source, name, unit);
}

struct road_fact *road_fact_file(struct road_facts *facts, const char *folder,
				 const struct road_fact_row *row)
{
	struct road_fact *fact = add(facts, ROAD_SOURCE_KERNEL, row->name, row->unit);

	if (!fact)
		return NULL;
	fact->how = row->how;
	fact->scale = row->scale;
	snprintf(fact->folder, sizeof(fact->folder), "%s", folder);
	snprintf(fact->file, sizeof(fact->file), "%s", row->file);
	snprintf(fact->other, sizeof(fact->other), "%s", row->other ? row->other : "");
	if ((row->how & ROAD_FACT_HOW) == ROAD_FACT_LESS)
		fact->property.source = ROAD_SOURCE_COMPUTED;
	return fact;
}

bool road_facts_has(const struct road_facts *facts, const char *folder, const char *file)
{
	char path[sizeof(facts->at->folder) + sizeof(facts->at->file)];

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	for (uint32_t i = 0; i < facts->count; i++) {
		const struct road_fact *fact = &facts->at[i];
		const size_t length = strlen(fact->folder);

		if (length && !strncmp(path, fact->folder, length) && path[length] == '/' &&
		    !strcmp(path + length + 1, fact->file))
			return true;
	}
	return false;
}

bool road_facts_named(const struct road_facts *facts, const char *name)
{
	for (uint32_t i = 0; i < facts->count; i++)
		if (!strcmp(facts->at[i].property.name, name))
			return true;
	return false;
}

/* ---- what there is ---- */

/* Documentation/ABI/testing/sysfs-bus-pci and sysfs-devices-power of the kernel. */
static const struct road_fact_row of_function[] = {
	{"numa.node", "", "numa_node", ROAD_FACT_U64},
	{"iommu.group", "", "iommu_group", ROAD_FACT_LINK_U64},
	{"pci.link.speed", "GT/s", "current_link_speed", ROAD_FACT_LEADING | ROAD_FACT_WAKES, 1},
	{"pci.link.width", "lanes", "current_link_width", ROAD_FACT_U64 | ROAD_FACT_WAKES},
	{"pci.link.speed_max", "GT/s", "max_link_speed", ROAD_FACT_LEADING, 1},
	{"pci.link.width_max", "lanes", "max_link_width", ROAD_FACT_U64},
	{"pci.sriov.total", "functions", "sriov_totalvfs", ROAD_FACT_U64},
	{"pci.sriov.enabled", "functions", "sriov_numvfs", ROAD_FACT_U64},
	{"pci.sriov.physical", "", "physfn", ROAD_FACT_LINK},
	{"pci.reset_methods", "", "reset_method", ROAD_FACT_TEXT},
	{"pci.power_state", "", "power_state", ROAD_FACT_TEXT},
	{"pci.errors.correctable", "", "aer_dev_correctable", ROAD_FACT_TOTAL},
	{"pci.errors.nonfatal", "", "aer_dev_nonfatal", ROAD_FACT_TOTAL},
	{"pci.errors.fatal", "", "aer_dev_fatal", ROAD_FACT_TOTAL},
};

static const struct road_fact_row of_device[] = {
	{"kernel.driver", "", "driver", ROAD_FACT_LINK},
	{"kernel.driver_version", "", "driver/module/version", ROAD_FACT_TEXT},
	{"power.runtime", "", "power/runtime_status", ROAD_FACT_TEXT},
};

/* Attributes that kernel drivers of accelerators share or have had for long; a device shows those
 * that it has. Of amdgpu: Documentation/gpu/amdgpu/driver-misc; of ivpu and habanalabs: the
 * kernel's Documentation/ABI. */
static const struct road_fact_row of_drivers[] = {
	{"memory.bytes", "bytes", "mem_info_vram_total", ROAD_FACT_U64},
	{"memory.used", "bytes", "mem_info_vram_used", ROAD_FACT_U64},
	{"memory.free_bytes", "bytes", "mem_info_vram_total", ROAD_FACT_LESS, 1,
	 "mem_info_vram_used"},
	{"memory.visible_bytes", "bytes", "mem_info_vis_vram_total", ROAD_FACT_U64},
	{"memory.visible_used", "bytes", "mem_info_vis_vram_used", ROAD_FACT_U64},
	{"memory.host_bytes", "bytes", "mem_info_gtt_total", ROAD_FACT_U64},
	{"memory.host_used", "bytes", "mem_info_gtt_used", ROAD_FACT_U64},
	{"memory.vendor", "", "mem_info_vram_vendor", ROAD_FACT_TEXT},
	{"load.compute", "%", "gpu_busy_percent", ROAD_FACT_U64 | ROAD_FACT_WAKES},
	{"load.memory", "%", "mem_busy_percent", ROAD_FACT_U64 | ROAD_FACT_WAKES},
	{"load.busy_time", "us", "npu_busy_time_us", ROAD_FACT_U64},
	{"memory.used", "bytes", "npu_memory_utilization", ROAD_FACT_U64},
	{"clock.compute", "MHz", "npu_current_frequency_mhz", ROAD_FACT_U64 | ROAD_FACT_WAKES},
	{"clock.compute_max", "MHz", "npu_max_frequency_mhz", ROAD_FACT_U64},
	{"clock.compute", "MHz", "clk_cur_freq_mhz", ROAD_FACT_U64 | ROAD_FACT_WAKES},
	{"clock.compute_max", "MHz", "clk_max_freq_mhz", ROAD_FACT_U64},
	{"pci.errors.replays", "", "pcie_replay_count", ROAD_FACT_U64 | ROAD_FACT_WAKES},
	{"firmware.vbios", "", "vbios_version", ROAD_FACT_TEXT},
	{"device.serial", "", "serial_number", ROAD_FACT_TEXT},
	{"device.serial", "", "unique_id", ROAD_FACT_TEXT},
	{"device.board", "", "product_name", ROAD_FACT_TEXT},
	{"device.board_number", "", "product_number", ROAD_FACT_TEXT},
};

/* What NVIDIA's own driver says in /proc/driver/nvidia/gpus/PLACE, file `information`. */
static const struct road_fact_row of_nvidia[] = {
	{"device.board", "", "information", ROAD_FACT_WORD_TEXT, 1, "Model:"},
	{"device.uuid", "", "information", ROAD_FACT_WORD_TEXT, 1, "GPU UUID:"},
	{"firmware.vbios", "", "information", ROAD_FACT_WORD_TEXT, 1, "Video BIOS:"},
	{"firmware.version", "", "information", ROAD_FACT_WORD_TEXT, 1, "GPU Firmware:"},
	{"node.minor", "", "information", ROAD_FACT_WORD, 1, "Device Minor:"},
};

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static void add_rows(struct road_facts *facts, const char *folder, const struct road_fact_row *rows,
		     size_t count)
{
	for (size_t i = 0; i < count; i++)
		road_fact_file(facts, folder, &rows[i]);
}

/* Those of drivers that have such a file, whatever is in it; of a name, the first one. */
static void add_present(struct road_facts *facts, const char *folder,
			const struct road_fact_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!road_facts_named(facts, rows[i].name) &&
		    road_sysfs_present(folder, rows[i].file))
			road_fact_file(facts, folder, &rows[i]);
}

static void add_ids(struct road_facts *facts, const struct road_found *found)
{
	const struct {
		const char *name, *format;
		unsigned value;
		bool known;
	} rows[] = {
		{"pci.vendor", "0x%04x", found->ids.vendor, found->ids.vendor},
		{"pci.device", "0x%04x", found->ids.device, found->ids.vendor},
		{"pci.subsystem_vendor", "0x%04x", found->ids.subsystem_vendor,
		 found->ids.subsystem_vendor},
		{"pci.subsystem", "0x%04x", found->ids.subsystem, found->ids.subsystem_vendor},
		{"pci.class", "0x%06x", found->ids.class_code, true},
		{"pci.revision", "0x%02x", found->ids.revision, true},
	};
	char text[16];

	for (size_t i = 0; i < ROWS(rows); i++) {
		snprintf(text, sizeof(text), rows[i].format, rows[i].value);
		road_fact_text(facts, ROAD_SOURCE_KERNEL, rows[i].name, rows[i].known ? text : "");
	}
}

/* "START END FLAGS" a line, in hexadecimal: six BARs and the ROM, then those of SR-IOV. */
static void add_bars(struct road_facts *facts, const char *folder)
{
	char all[ROAD_SYSFS_MAX], name[32];
	const char *line = all;

	if (!road_sysfs_read(folder, "resource", all, sizeof(all)))
		all[0] = 0;
	for (unsigned i = 0; i < 7; i++) {
		uint64_t start = 0, end = 0, flags = 0;
		bool known =
			sscanf(line, "%" SCNx64 " %" SCNx64 " %" SCNx64, &start, &end, &flags) == 3;

		snprintf(name, sizeof(name), i < 6 ? "pci.bar%u.bytes" : "pci.rom.bytes", i);
		if (known && flags && end > start)
			road_fact_u64(facts, ROAD_SOURCE_KERNEL, name, "bytes", end - start + 1);
		else if (!known)
			road_fact_unknown(facts, ROAD_SOURCE_KERNEL, name, "bytes");
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
}

static void add_names(struct road_facts *facts, const struct road_found *found)
{
	road_fact_text(facts, ROAD_SOURCE_CATALOGUE, "device.vendor", found->ids.vendor_name);
	road_fact_text(facts, ROAD_SOURCE_CATALOGUE, "device.product", found->ids.name);
	road_fact_text(facts, ROAD_SOURCE_COMPUTED, "device.names_from",
		       found->own_name      ? "Roadbed's chips"
		       : found->ids.name[0] ? "pci.ids"
					    : "");
	road_fact_text(facts, ROAD_SOURCE_CATALOGUE, "device.chip", found->chip);
	road_fact_text(facts, ROAD_SOURCE_CATALOGUE, "device.family", found->family);
}

static void add_nvidia(struct road_facts *facts, const struct road_found *found)
{
	char folder[96];

	snprintf(folder, sizeof(folder), "/proc/driver/nvidia/gpus/%.31s", found->place);
	if (!strcmp(found->scheme, "pci"))
		add_present(facts, folder, of_nvidia, ROWS(of_nvidia));
}

bool road_facts_find(struct road_facts *facts, const struct road_found *found, bool no_wake)
{
	*facts = (struct road_facts){.no_wake = no_wake};
	snprintf(facts->power, sizeof(facts->power), "%s", found->folder);
	add_names(facts, found);
	add_rows(facts, found->folder, of_device, ROWS(of_device));
	if (!strcmp(found->scheme, "pci")) {
		add_ids(facts, found);
		add_bars(facts, found->folder);
		add_rows(facts, found->folder, of_function, ROWS(of_function));
	}
	add_present(facts, found->folder, of_drivers, ROWS(of_drivers));
	add_nvidia(facts, found);
	road_facts_hwmon(facts, found->folder);
	road_facts_ras(facts, found->folder);
	road_facts_nodes(facts, found);
	road_facts_rest(facts, found->folder, "");
	road_facts_clients(facts, found); /* the last ones: there may be more than there is room */
	if (facts->full)
		road_facts_free(facts);
	return !facts->full;
}

void road_facts_free(struct road_facts *facts)
{
	free(facts->at);
	road_usage_free(facts->usage);
	facts->at = NULL;
	facts->usage = NULL;
	facts->count = 0;
}
