/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/conformance/capability.h"

#include "tests/conformance/allocations.h"
#include "tests/conformance/fixture.h"
#include "tests/conformance/machine.h"

#include <stdio.h>
#include <unistd.h>

/* ---- how each is seen ---- */

static bool feature(const struct fixture *f, uint32_t bit)
{
	return f->info.features & bit;
}

static bool command(const struct fixture *f, enum road_command_kind kind)
{
	return f->info.commands >> kind & 1;
}

static bool heap(struct fixture *f, uint32_t kind)
{
	for (uint32_t i = 0; i < f->info.heap_count; i++) {
		road_heap_info info = {.size = sizeof(info)};

		if (!road_device_heap(f->device, i, &info) && info.kind == kind)
			return true;
	}
	return false;
}

static bool can_export(struct fixture *f, bool import)
{
	uint32_t kind = heap(f, ROAD_HEAP_HOST) ? ROAD_HEAP_HOST : fixture_heap(f);
	road_buffer *buffer = fixture_buffer_in(f, kind, 4096), *again = NULL;
	road_status status;
	int fd = -1;

	status = road_buffer_export(buffer, &fd);
	if (!status && import)
		status = road_buffer_import(f->space, fd, 4096, &again);
	road_buffer_release(again);
	if (fd >= 0)
		close(fd);
	return status != ROAD_UNSUPPORTED;
}

static bool prints(struct fixture *f)
{
	size_t bytes;

	return road_space_output_read(f->space, NULL, 0, &bytes) != ROAD_UNSUPPORTED;
}

static bool has_limits(struct fixture *f)
{
	uint64_t bytes;

	for (uint32_t limit = 0; limit < ROAD_LIMIT_KINDS; limit++)
		if (road_space_limit(f->space, limit, &bytes) != ROAD_UNSUPPORTED)
			return true;
	return false;
}

static bool timed(const struct fixture *f)
{
	return f->info.simulated && !strstr(f->address, "time=functional");
}

static bool truth(struct fixture *f, const char *property)
{
	road_property out = {.size = sizeof(out)};

	return !road_device_property(f->device, property, &out) && out.u64;
}

/* What the root region says of itself; all zero where there is none. */
static road_region_info root_info(struct fixture *f)
{
	road_region_info info = {.size = sizeof(info)};
	road_region *root = NULL;

	if (feature(f, ROAD_FEATURE_REGIONS)) {
		CHECK_OK(road_region_root(f->device, &root));
		CHECK_OK(road_region_info_get(root, &info));
		road_region_release(root);
	}
	return info;
}

/* Is there a metric of this unit? */
static bool measures(struct fixture *f, const char *unit)
{
	road_metric metric = {.size = sizeof(metric)};

	for (uint32_t i = 0; !road_device_telemetry(f->device, ROAD_TELEMETRY_ALL, i, &metric); i++)
		if (!strcmp(metric.unit, unit))
			return true;
	return false;
}

/* 0: pushed, 1: pulled, -1: the device boots none. */
static int firmware_style(struct fixture *f)
{
	road_device_firmware firmware = {.size = sizeof(firmware)};

	return road_device_firmware_get(f->device, &firmware) ? -1 : (int)firmware.pull;
}

bool fixture_has(struct fixture *f, enum capability capability)
{
	switch (capability) {
	case CAPABILITY_IMAGES: return feature(f, ROAD_FEATURE_IMAGES);
	case CAPABILITY_SPACES: return feature(f, ROAD_FEATURE_SPACES);
	case CAPABILITY_UNIFIED: return feature(f, ROAD_FEATURE_UNIFIED_ADDRESS);
	case CAPABILITY_NONCOHERENT: return !feature(f, ROAD_FEATURE_COHERENT);
	case CAPABILITY_SPACE_MAP: return feature(f, ROAD_FEATURE_SPACE_MAP);
	case CAPABILITY_QUEUE_RESET: return feature(f, ROAD_FEATURE_QUEUE_RESET);
	case CAPABILITY_RESET:
		return road_device_reset(f->device, ROAD_RESET_DEVICE) != ROAD_UNSUPPORTED;
	case CAPABILITY_REGIONS: return feature(f, ROAD_FEATURE_REGIONS);
	case CAPABILITY_PRIORITIES: return feature(f, ROAD_FEATURE_PRIORITIES);
	case CAPABILITY_CLUSTERS: return feature(f, ROAD_FEATURE_CLUSTERS);
	case CAPABILITY_COMPUTE: return f->info.queue_classes >> ROAD_QUEUE_COMPUTE & 1;
	case CAPABILITY_TRANSFER: return f->info.queue_classes >> ROAD_QUEUE_TRANSFER & 1;
	case CAPABILITY_TWO_QUEUES: return f->info.queues_max > 1;
	case CAPABILITY_COPY: return command(f, ROAD_COMMAND_COPY);
	case CAPABILITY_FILL: return command(f, ROAD_COMMAND_FILL);
	case CAPABILITY_WAIT_VALUE: return command(f, ROAD_COMMAND_WAIT_VALUE);
	case CAPABILITY_WRITE_VALUE: return command(f, ROAD_COMMAND_WRITE_VALUE);
	case CAPABILITY_TIMESTAMP: return command(f, ROAD_COMMAND_TIMESTAMP);
	case CAPABILITY_CALLBACK: return command(f, ROAD_COMMAND_CALLBACK);
	case CAPABILITY_DEVICE_HEAP: return heap(f, ROAD_HEAP_DEVICE);
	case CAPABILITY_VISIBLE_HEAP: return fixture_visible_heap(f) != ROAD_HEAP_KINDS;
	case CAPABILITY_HOST_HEAP: return heap(f, ROAD_HEAP_HOST);
	case CAPABILITY_SCRATCH: return heap(f, ROAD_HEAP_SCRATCH);
	case CAPABILITY_EXPORT: return can_export(f, false);
	case CAPABILITY_IMPORT: return can_export(f, true);
	case CAPABILITY_PRINT: return prints(f);
	case CAPABILITY_LIMITS: return has_limits(f);
	case CAPABILITY_WATCHDOG: return truth(f, "fault.watchdog");
	case CAPABILITY_PROTECTION: return truth(f, "fault.protection");
	case CAPABILITY_SECOND: return fixture_can_second(f);
	case CAPABILITY_BUS: return strcmp(f->info.bus, "none") && strcmp(f->info.bus, "library");
	case CAPABILITY_PCI: return f->info.pci_address[0];
	case CAPABILITY_FIXED: return !feature(f, ROAD_FEATURE_REGIONS);
	case CAPABILITY_LAYOUT: return root_info(f).flags & ROAD_REGION_LAYOUT;
	case CAPABILITY_SLOTS: return root_info(f).slots > 1;
	case CAPABILITY_READ_BACK: return root_info(f).flags & ROAD_REGION_READ_BACK;
	case CAPABILITY_ENERGY: return measures(f, "J");
	case CAPABILITY_FIRMWARE: return firmware_style(f) >= 0;
	case CAPABILITY_FIRMWARE_PUSH: return firmware_style(f) == 0;
	case CAPABILITY_FIRMWARE_PULL: return firmware_style(f) == 1;
	case CAPABILITY_SIMULATED: return f->info.simulated;
	case CAPABILITY_DOMAIN: return fixture_in_process(f);
	case CAPABILITY_TIMED: return timed(f);
	case CAPABILITY_ECC: return truth(f, "memory.ecc");
	case CAPABILITY_KERNEL_SPIN: return fixture_has_kernel(f, "spin");
	case CAPABILITY_KERNEL_ILLEGAL: return fixture_has_kernel(f, "illegal");
	case CAPABILITY_KERNEL_BARRIER: return fixture_has_kernel(f, "barrier");
	case CAPABILITY_KERNEL_ATOMIC: return fixture_has_kernel(f, "atomic");
	case CAPABILITY_KERNEL_TRAP: return fixture_has_kernel(f, "trap");
	case CAPABILITY_KERNEL_VIOLATE: return fixture_has_kernel(f, "violate");
	case CAPABILITY_KERNEL_PRINT: return fixture_has_kernel(f, "print");
	case CAPABILITY_STARVE: return allocations_watched();
	case CAPABILITY_COMPILER: return machine_has("cc") && machine_headers();
	case CAPABILITY_CXX: return machine_has("c++") && machine_headers();
	case CAPABILITY_SOURCES: return machine_has("cc") && machine_sources();
	case CAPABILITY_M32: return machine_has_m32();
	case CAPABILITY_HOTPLUG: return f->info.simulated || fixture_hotplug(f);
	case CAPABILITY_DRIVERS: return machine_drivers() != NULL;
	case CAPABILITY_COMMAND: return machine_command() != NULL;
	case CAPABILITIES: break;
	}
	return false;
}

/* ---- negative twins: without it, the call says so ---- */

static void twin_images(struct fixture *f)
{
	road_image *image = NULL;

	CHECK_STATUS(road_image_load(f->space, "x", 1, NULL, &image), ROAD_UNSUPPORTED);
}

static void twin_spaces(struct fixture *f)
{
	road_space *space = NULL;

	CHECK_STATUS(road_space_create(f->device, NULL, &space), ROAD_UNSUPPORTED);
}

static void twin_space_map(struct fixture *f)
{
	uint64_t address;

	CHECK_STATUS(road_space_reserve(f->space, 4096, 0, &address), ROAD_UNSUPPORTED);
}

static void twin_class(struct fixture *f, uint32_t queue_class)
{
	road_queue_options options = {.size = sizeof(options), .queue_class = queue_class};
	road_queue *queue = NULL;

	CHECK_STATUS(road_queue_create(f->space, &options, &queue), ROAD_UNSUPPORTED);
}

static void twin_priorities(struct fixture *f)
{
	for (uint32_t priority = 1; priority <= 2; priority++) {
		road_queue_options options = {.size = sizeof(options), .priority = priority};
		road_queue *queue = NULL;

		CHECK_STATUS(road_queue_create(f->space, &options, &queue), ROAD_UNSUPPORTED);
	}
}

static void twin_timed(struct fixture *f)
{
	road_times times = {.size = sizeof(times)};
	road_submission s = {.size = sizeof(s), .flags = ROAD_SUBMIT_TIMED, .times = &times};

	CHECK_STATUS(road_queue_submit(fixture_queue(f), &s, NULL), ROAD_UNSUPPORTED);
}

/* Who runs it is outside: nothing is promised of its times, and its options were taken there. */
static void twin_domain(struct fixture *f)
{
	road_device *device = NULL;
	uint32_t deterministic = 1;
	char address[300];

	if (!f->info.simulated)
		return;
	CHECK_OK(road_sim_deterministic(f->device, &deterministic));
	CHECK_EQ(deterministic, 0);
	snprintf(address, sizeof(address), "%s@1?seed=7", f->address);
	CHECK_STATUS(road_device_open(f->instance, address, &device), ROAD_INVALID_ARGUMENT);
	CHECK_DETAIL("options");
}

static void twin_heap(struct fixture *f, uint32_t kind)
{
	road_buffer_options options = {.size = sizeof(options), .heap = kind, .bytes = 64};
	road_buffer *buffer = NULL;

	CHECK_STATUS(road_buffer_create(f->space, &options, &buffer), ROAD_UNSUPPORTED);
}

static void twin_command(struct fixture *f, enum road_command_kind kind)
{
	road_list *list = fixture_list(f, 0);
	road_buffer *buffer = fixture_buffer(f, 64);
	road_status status;

	switch (kind) {
	case ROAD_COMMAND_COPY: status = road_list_copy(list, buffer, 0, buffer, 32, 8); break;
	case ROAD_COMMAND_FILL: status = road_list_fill(list, buffer, 0, 64, 0, 1); break;
	case ROAD_COMMAND_WAIT_VALUE:
		status = road_list_wait_value(list, buffer, 0, 8, ROAD_COMPARE_GE, 0);
		break;
	case ROAD_COMMAND_WRITE_VALUE: status = road_list_write_value(list, buffer, 0, 8, 0); break;
	default: status = road_list_timestamp(list, buffer, 0); break;
	}
	CHECK_STATUS(status, ROAD_UNSUPPORTED);
}

static void twin_export(struct fixture *f)
{
	int fd = -1;

	CHECK_STATUS(road_buffer_export(fixture_buffer(f, 4096), &fd), ROAD_UNSUPPORTED);
}

static void twin_print(struct fixture *f)
{
	size_t bytes;

	CHECK_STATUS(road_space_output_read(f->space, NULL, 0, &bytes), ROAD_UNSUPPORTED);
}

static void twin_limits(struct fixture *f)
{
	for (uint32_t limit = 0; limit < ROAD_LIMIT_KINDS; limit++)
		CHECK_STATUS(road_space_limit_set(f->space, limit, 4096), ROAD_UNSUPPORTED);
}

static void twin_simulated(struct fixture *f)
{
	uint64_t count;

	CHECK_STATUS(road_sim_violations(f->device, &count), ROAD_UNSUPPORTED);
}

/* A device with regions that lacks what some have; without regions nothing can be asked. */
static void twin_layout(struct fixture *f)
{
	road_region *root = NULL;

	if (!feature(f, ROAD_FEATURE_REGIONS))
		return;
	CHECK_OK(road_region_root(f->device, &root));
	road_region_part all = {.first_unit = 0, .units = 1};

	CHECK_STATUS(road_layout_check(root, &all, 1, NULL), ROAD_UNSUPPORTED);
	road_region_release(root);
}

static void twin_regions(struct fixture *f)
{
	road_region *root = NULL;

	CHECK_STATUS(road_region_root(f->device, &root), ROAD_UNSUPPORTED);
}

/* A decorator stands before a bus. */
static void twin_bus(struct fixture *f)
{
	char address[400];
	road_device *device = NULL;

	snprintf(address, sizeof(address), "faulty(1@1):%s", f->address);
	CHECK_STATUS(road_device_open(f->instance, address, &device), ROAD_INVALID_ARGUMENT);
}

static void twin_pci(struct fixture *f)
{
	char address[256];

	CHECK_STATUS(road_instance_find(f->instance, "0000:00:00.0", address, sizeof(address)),
		     ROAD_NOT_FOUND);
}

static void twin_firmware(struct fixture *f)
{
	road_device_firmware firmware = {.size = sizeof(firmware)};
	road_firmware_source image = {.bytes = "none", .byte_count = 4};
	road_firmware_load_options load = {
		.size = sizeof(load), .images = &image, .image_count = 1};

	CHECK_STATUS(road_device_firmware_get(f->device, &firmware), ROAD_UNSUPPORTED);
	const road_status status = road_device_firmware_load(f->device, &load);

	if (status == ROAD_PERMISSION)
		CHECK_DETAIL("another function of the chip owns it");
	else
		CHECK_STATUS(status, ROAD_UNSUPPORTED);
}

/* The machine's, a kernel's and a second device's absence have nothing to answer. */
void capability_twin(struct fixture *f, enum capability capability)
{
	switch (capability) {
	case CAPABILITY_IMAGES: twin_images(f); break;
	case CAPABILITY_SPACES: twin_spaces(f); break;
	case CAPABILITY_SPACE_MAP: twin_space_map(f); break;
	case CAPABILITY_PRIORITIES: twin_priorities(f); break;
	case CAPABILITY_COMPUTE: twin_class(f, ROAD_QUEUE_COMPUTE); break;
	case CAPABILITY_TRANSFER: twin_class(f, ROAD_QUEUE_TRANSFER); break;
	case CAPABILITY_COPY: twin_command(f, ROAD_COMMAND_COPY); break;
	case CAPABILITY_FILL: twin_command(f, ROAD_COMMAND_FILL); break;
	case CAPABILITY_WAIT_VALUE: twin_command(f, ROAD_COMMAND_WAIT_VALUE); break;
	case CAPABILITY_WRITE_VALUE: twin_command(f, ROAD_COMMAND_WRITE_VALUE); break;
	case CAPABILITY_TIMESTAMP:
		twin_command(f, ROAD_COMMAND_TIMESTAMP);
		twin_timed(f);
		break;
	case CAPABILITY_DEVICE_HEAP: twin_heap(f, ROAD_HEAP_DEVICE); break;
	case CAPABILITY_HOST_HEAP: twin_heap(f, ROAD_HEAP_HOST); break;
	case CAPABILITY_SCRATCH: twin_heap(f, ROAD_HEAP_SCRATCH); break;
	case CAPABILITY_EXPORT: twin_export(f); break;
	case CAPABILITY_PRINT: twin_print(f); break;
	case CAPABILITY_LIMITS: twin_limits(f); break;
	case CAPABILITY_REGIONS: twin_regions(f); break;
	case CAPABILITY_LAYOUT: twin_layout(f); break;
	case CAPABILITY_BUS: twin_bus(f); break;
	case CAPABILITY_PCI: twin_pci(f); break;
	case CAPABILITY_FIRMWARE: twin_firmware(f); break;
	case CAPABILITY_SIMULATED: twin_simulated(f); break;
	case CAPABILITY_DOMAIN: twin_domain(f); break;
	default: break;
	}
}

/* ---- names ---- */

static const struct {
	const char *name, *absence;
} rows[] = {
#define CAPABILITY(id, name, text) {name, text},
#include "tests/conformance/capability.def"
#undef CAPABILITY
};

_Static_assert(CAPABILITIES <= 64, "capabilities are bits of a 64-bit word");

const char *capability_name(enum capability capability)
{
	return rows[capability].name;
}

const char *capability_absence(enum capability capability)
{
	return rows[capability].absence;
}

enum capability capability_find(const char *name)
{
	unsigned i = 0;

	while (i < CAPABILITIES && strcmp(rows[i].name, name))
		i++;
	return i;
}

bool capability_of_machine(enum capability capability)
{
	return !strncmp(rows[capability].name, "machine.", 8);
}
