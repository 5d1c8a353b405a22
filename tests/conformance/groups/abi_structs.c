/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every structure of the public interface that starts with its size: what older, newer and wrong
 * callers give. One row a structure; a new structure gets its row.
 */
#include "tests/conformance/fixture.h"
#include "tests/conformance/groups/abi.h"

#include <roadbed/host.h>
#include <stddef.h>
#include <sys/mman.h>

/* ---- structures that a call reads ---- */

/* Makes what the structure asks for, and takes it back. */
typedef road_status (*in_fn)(struct fixture *f, const void *in);

static road_status in_instance(struct fixture *f, const void *in)
{
	road_instance *made = NULL;
	road_status status = road_instance_create(in, &made);

	(void)f;
	road_instance_release(made);
	return status;
}

static road_status in_space(struct fixture *f, const void *in)
{
	road_space *made = NULL;
	road_status status = road_space_create(f->device, in, &made);

	road_space_release(made);
	return status;
}

static road_status in_buffer(struct fixture *f, const void *in)
{
	road_buffer *made = NULL;
	road_status status = road_buffer_create(f->space, in, &made);

	road_buffer_release(made);
	return status;
}

static road_status in_queue(struct fixture *f, const void *in)
{
	road_queue *made = NULL;
	road_status status = road_queue_create(f->space, in, &made);

	road_queue_release(made);
	return status;
}

static road_status in_image(struct fixture *f, const void *in)
{
	size_t bytes;
	const void *image = fixture_image_bytes(f, &bytes);
	road_image *made = NULL;
	road_status status = road_image_load(f->space, image, bytes, in, &made);

	road_image_release(made);
	return status;
}

static road_status in_box(struct fixture *f, const void *in)
{
	road_list *list = NULL;
	road_buffer *buffer = fixture_buffer(f, 64);

	CHECK_OK(road_list_create(f->space, 0, &list));
	road_status status = road_list_copy_box(list, buffer, buffer, in);

	road_list_release(list);
	return status;
}

static road_status in_server(struct fixture *f, const void *in)
{
	road_sim_server *made = NULL;
	road_status status = road_sim_server_create(f->instance, in, &made);

	road_sim_server_release(made);
	return status;
}

static road_status in_launch(struct fixture *f, const void *in)
{
	road_list *list = NULL;

	CHECK_OK(road_list_create(f->space, 0, &list));
	road_status status = road_list_launch(list, in);

	road_list_release(list);
	return status;
}

static road_status in_reconfiguration(struct fixture *f, const void *in)
{
	return road_list_reconfigure(fixture_list(f, 0), in);
}

static road_status in_submission(struct fixture *f, const void *in)
{
	road_point point;
	road_status status = road_queue_submit(fixture_queue(f), in, &point);

	if (!status)
		CHECK_OK(road_point_wait(point, SOON));
	return status;
}

/* The device is open, and stays what it is: whoever gets so far has read the structure. */
static road_status in_load(struct fixture *f, const void *in)
{
	const road_status status = road_device_firmware_load(f->device, in);

	return status == ROAD_BUSY ? ROAD_OK : status;
}

/* One that is right: each in memory of its own. */
static void fill_none(struct fixture *f, void *in)
{
	(void)f;
	(void)in;
}

static void fill_instance(struct fixture *f, void *in)
{
	(void)f;
	((road_instance_options *)in)->flags = ROAD_INSTANCE_NO_ENV;
}

static void fill_server(struct fixture *f, void *in)
{
	static const char *address;
	road_sim_server_options *options = in;

	address = f->address;
	options->address_count = 1;
	options->addresses = &address;
	options->socket_path = abi_socket(f);
}

static void fill_buffer(struct fixture *f, void *in)
{
	road_buffer_options *options = in;

	options->heap = fixture_heap(f);
	options->bytes = 64;
}

static void fill_box(struct fixture *f, void *in)
{
	road_copy_box *box = in;

	(void)f;
	box->rows = box->slices = 1;
	box->bytes = 8;
	box->dst_offset = 32;
}

static void fill_load(struct fixture *f, void *in)
{
	static const road_firmware_source image = {.bytes = "no image", .byte_count = 8};
	road_firmware_load_options *options = in;

	(void)f;
	options->images = &image;
	options->image_count = 1;
}

static void fill_reconfiguration(struct fixture *f, void *in)
{
	road_reconfiguration *what = in;

	(void)f;
	what->verb = ROAD_RECONFIGURE_RESET;
}

static void fill_launch(struct fixture *f, void *in)
{
	uint64_t *arguments = fixture_memory(f, 3 * sizeof(*arguments));
	road_launch launch;

	arguments[0] = fixture_address(f, fixture_buffer(f, 64));
	launch = fixture_launch_of(f, "iota", arguments, 3);
	memcpy(in, &launch, sizeof(launch));
}

#define RESERVED_MAX 4
static const struct in_row {
	const char *name;
	in_fn call;
	void (*fill)(struct fixture *f, void *in);
	uint32_t bytes;
	uint32_t older;             /* a size without the members that are behind what is needed */
	int flags;                  /* offset; -1: none */
	uint32_t known;             /* bits of flags */
	int reserved[RESERVED_MAX]; /* offsets; 0 ends */
	uint64_t needs;
} in_rows[] = {
	{"road_instance_options",
	 in_instance,
	 fill_instance,
	 sizeof(road_instance_options),
	 offsetof(road_instance_options, library_folder),
	 offsetof(road_instance_options, flags),
	 ROAD_INSTANCE_VALIDATE | ROAD_INSTANCE_NO_ENV | ROAD_INSTANCE_PUMP | ROAD_INSTANCE_NO_WAKE,
	 {0},
	 0},
	{"road_space_options",
	 in_space,
	 fill_none,
	 sizeof(road_space_options),
	 offsetof(road_space_options, quota_bytes),
	 offsetof(road_space_options, flags),
	 0,
	 {0},
	 CAP(SPACES)},
	{"road_buffer_options",
	 in_buffer,
	 fill_buffer,
	 sizeof(road_buffer_options),
	 offsetof(road_buffer_options, alignment),
	 offsetof(road_buffer_options, flags),
	 ROAD_BUFFER_READ_ONLY,
	 {offsetof(road_buffer_options, reserved)},
	 0},
	{"road_queue_options",
	 in_queue,
	 fill_none,
	 sizeof(road_queue_options),
	 offsetof(road_queue_options, priority),
	 offsetof(road_queue_options, flags),
	 0,
	 {offsetof(road_queue_options, reserved)},
	 0},
	{"road_image_options",
	 in_image,
	 fill_none,
	 sizeof(road_image_options),
	 offsetof(road_image_options, log),
	 offsetof(road_image_options, flags),
	 ROAD_IMAGE_PLAIN | ROAD_IMAGE_IN_ORDER,
	 {offsetof(road_image_options, reserved)},
	 CAP(IMAGES)},
	{"road_copy_box",
	 in_box,
	 fill_box,
	 sizeof(road_copy_box),
	 offsetof(road_copy_box, src_offset),
	 -1,
	 0,
	 {offsetof(road_copy_box, reserved)},
	 CAP(COPY)},
	{"road_launch",
	 in_launch,
	 fill_launch,
	 sizeof(road_launch),
	 offsetof(road_launch, argument_pointers),
	 offsetof(road_launch, flags),
	 ROAD_LAUNCH_COOPERATIVE | ROAD_LAUNCH_ACTIVATE,
	 {offsetof(road_launch, reserved), offsetof(road_launch, reserved2),
	  offsetof(road_launch, reserved3), offsetof(road_launch, reserved4)},
	 CAP(IMAGES)},
	{"road_reconfiguration",
	 in_reconfiguration,
	 fill_reconfiguration,
	 sizeof(road_reconfiguration),
	 offsetof(road_reconfiguration, target),
	 offsetof(road_reconfiguration, flags),
	 ROAD_RECONFIGURE_LOSE_MEMORY,
	 {offsetof(road_reconfiguration, reserved)},
	 CAP(REGIONS)},
	{"road_firmware_load_options",
	 in_load,
	 fill_load,
	 sizeof(road_firmware_load_options),
	 offsetof(road_firmware_load_options, reserved),
	 -1,
	 0,
	 {offsetof(road_firmware_load_options, reserved)},
	 CAP(FIRMWARE)},
	{"road_sim_server_options",
	 in_server,
	 fill_server,
	 sizeof(road_sim_server_options),
	 offsetof(road_sim_server_options, clients_max),
	 -1,
	 0,
	 {0},
	 CAP(DOMAIN)},
	{"road_submission",
	 in_submission,
	 fill_none,
	 sizeof(road_submission),
	 offsetof(road_submission, waits),
	 offsetof(road_submission, flags),
	 ROAD_SUBMIT_TIMED,
	 {0},
	 0},
};
enum { IN_ROWS = sizeof(in_rows) / sizeof(in_rows[0]), ROOM = 2048, TAIL = 64, POISON = 0xa5 };

static bool is_here(struct fixture *f, uint64_t needs)
{
	for (unsigned i = 0; i < CAPABILITIES; i++)
		if (needs >> i & 1 && !fixture_has(f, i))
			return false;
	return true;
}

/* The row's right structure, zeroes behind it; says its size. */
static void make_in(struct fixture *f, const struct in_row *row, unsigned char *in)
{
	memset(in, 0, ROOM);
	abi_set_size(in, row->bytes);
	row->fill(f, in);
}

static _Alignas(16) unsigned char area[ROOM];

#define EACH_IN(f, row)                                                          \
	for (const struct in_row *row = in_rows; row < in_rows + IN_ROWS; row++) \
		if (is_here(f, row->needs))

static void expect_in(struct fixture *f, const struct in_row *row, road_status wanted,
		      const char *what, uint64_t number)
{
	road_status status = row->call(f, area);
	road_error e = {.size = sizeof(e)};

	if (status == wanted)
		return;
	if (!status || road_last_error(&e))
		e.what[0] = e.where[0] = 0;
	CASE_FAIL("%s %s %llu answers \"%s\" (%s: %s), not \"%s\"", row->name, what,
		  (unsigned long long)number, road_status_text(status), e.where, e.what,
		  road_status_text(wanted));
}

/* What is behind an older caller's structure is not the library's. */
CONFORMANCE_CASE(abi, struct_short_zero_extended)
{
	EACH_IN(f, row)
	{
		make_in(f, row, area);
		expect_in(f, row, ROAD_OK, "of its size", row->bytes);
		abi_set_size(area, row->older);
		memset(area + row->older, POISON, ROOM - row->older);
		expect_in(f, row, ROAD_OK, "of an older size", row->older);
		for (uint32_t size = 0; size < 8; size++) {
			abi_set_size(area, size);
			expect_in(f, row, ROAD_INVALID_ARGUMENT, "of size", size);
		}
	}
}

CONFORMANCE_CASE(abi, struct_long_zero_tail_ok)
{
	EACH_IN(f, row)
	{
		make_in(f, row, area);
		for (uint32_t more = 1; more <= TAIL; more *= 8) {
			abi_set_size(area, row->bytes + more);
			memset(area + row->bytes + more, POISON, 8);
			expect_in(f, row, ROAD_OK, "longer by", more);
			memset(area + row->bytes, 0, TAIL + 8);
		}
	}
}

CONFORMANCE_CASE(abi, struct_long_nonzero_tail_refused)
{
	EACH_IN(f, row)
	{
		make_in(f, row, area);
		abi_set_size(area, row->bytes + TAIL);
		for (uint32_t at = 0; at < TAIL; at += TAIL - 1) {
			area[row->bytes + at] = 1;
			expect_in(f, row, ROAD_INVALID_ARGUMENT, "with tail byte", at);
			CHECK_DETAIL("tail");
			area[row->bytes + at] = 0;
		}
		expect_in(f, row, ROAD_OK, "longer by", TAIL);
	}
}

CONFORMANCE_CASE(abi, pad_nonzero_invalid_argument)
{
	EACH_IN(f, row)
	{
		for (int i = 0; i < RESERVED_MAX && row->reserved[i]; i++) {
			for (int bit = 0; bit < 32; bit += 31) {
				uint32_t value = 1u << bit;

				make_in(f, row, area);
				memcpy(area + row->reserved[i], &value, sizeof(value));
				expect_in(f, row, ROAD_INVALID_ARGUMENT, "with padding at offset",
					  (uint64_t)row->reserved[i]);
			}
		}
	}
}

CONFORMANCE_CASE(abi, flags_unknown_invalid_argument)
{
	road_candidate candidate = {.size = sizeof(candidate)};
	road_list *list = NULL;
	road_watch *watch = NULL;
	road_metric metric = {.size = sizeof(metric)};
	road_buffer *buffer = fixture_buffer(f, 64);
	void *host = NULL;

	EACH_IN(f, row)
	{
		for (int bit = 0; bit < 32 && row->flags >= 0; bit++) {
			uint32_t value = 1u << bit;

			if (row->known & value)
				continue;
			make_in(f, row, area);
			memcpy(area + row->flags, &value, sizeof(value));
			expect_in(f, row, ROAD_INVALID_ARGUMENT, "with flag bit", (uint64_t)bit);
		}
	}
	CHECK_STATUS(road_instance_enumerate(f->instance, 0x80000000u, 0, &candidate),
		     ROAD_INVALID_ARGUMENT);
	CHECK_STATUS(
		road_instance_explain(f->instance, ROAD_ENUMERATE_POSSIBLE << 1, 0, &candidate),
		ROAD_INVALID_ARGUMENT);
	CHECK_STATUS(road_list_create(f->space, ROAD_LIST_CONCURRENT << 1, &list),
		     ROAD_INVALID_ARGUMENT);
	CHECK_STATUS(
		road_watch_create(f->instance, (ROAD_CHANGE_ALL + 1) | ROAD_CHANGE_LOST, &watch),
		ROAD_INVALID_ARGUMENT);
	CHECK_STATUS(road_device_telemetry(f->device, ROAD_TELEMETRY_ALL + 1, 0, &metric),
		     ROAD_INVALID_ARGUMENT);
	CHECK_STATUS(road_buffer_map(buffer, 0, 64, ROAD_MAP_READ | ROAD_MAP_WRITE << 1, &host),
		     ROAD_INVALID_ARGUMENT);
}

static road_status wait_word(struct fixture *f, road_buffer *buffer, uint32_t compare)
{
	return road_list_wait_value(fixture_list(f, 0), buffer, 0, 8, compare, 0);
}

/* Values that no enumeration has (yet): what an older library must not take for another. */
CONFORMANCE_CASE(abi, reserved_nonzero_invalid_argument)
{
	road_buffer_options buffer = {.size = sizeof(buffer), .bytes = 64};
	road_queue_options queue = {.size = sizeof(queue)};
	road_point point = {fixture_event(f, 0), 0};
	road_buffer *made = NULL, *there = fixture_buffer(f, 64);
	road_queue *made_queue = NULL;
	uint64_t bytes = 0;

	for (unsigned i = 0; i < 2; i++) {
		uint32_t more = i ? UINT32_MAX / 2 : 0; /* the next one; one far off */

		buffer.heap = ROAD_HEAP_KINDS + more;
		CHECK_STATUS(road_buffer_create(f->space, &buffer, &made), ROAD_INVALID_ARGUMENT);
		queue.queue_class = ROAD_QUEUE_TRANSFER + 1 + more;
		CHECK_STATUS(road_queue_create(f->space, &queue, &made_queue),
			     ROAD_INVALID_ARGUMENT);
		queue.queue_class = 0;
		queue.priority = 3 + more;
		CHECK_STATUS(road_queue_create(f->space, &queue, &made_queue),
			     ROAD_INVALID_ARGUMENT);
		queue.priority = 0;
		CHECK_STATUS(road_event_wait(&point, 1, ROAD_WAIT_ANY + 1 + more, 0, NULL),
			     ROAD_INVALID_ARGUMENT);
		CHECK_STATUS(road_device_reset(f->device, ROAD_RESET_DEVICE + 1 + more),
			     ROAD_INVALID_ARGUMENT);
		CHECK_STATUS(road_space_limit(f->space, ROAD_LIMIT_KINDS + more, &bytes),
			     ROAD_INVALID_ARGUMENT);
		CHECK_STATUS(road_event_fail(point.event, 9, (road_status)(-1000 - (int)i)),
			     ROAD_INVALID_ARGUMENT);
		if (fixture_has(f, CAPABILITY_WAIT_VALUE))
			CHECK_STATUS(wait_word(f, there, ROAD_COMPARE_NOR + 1 + more),
				     ROAD_INVALID_ARGUMENT);
		if (fixture_has(f, CAPABILITY_IMAGES))
			CHECK_STATUS(road_kernel_set(fixture_kernel(f, "iota"),
						     ROAD_KERNEL_ATTRIBUTES + more, 0),
				     ROAD_INVALID_ARGUMENT);
	}
}

/* ---- structures that a call fills ---- */

typedef road_status (*out_fn)(struct fixture *f, void *out);

static road_status out_error(struct fixture *f, void *out)
{
	(void)road_list_create(NULL, 0, &(road_list *){NULL});
	(void)f;
	return road_last_error(out);
}

static road_status out_event_error(struct fixture *f, void *out)
{
	road_event *event = fixture_event(f, 0);

	CHECK_OK(road_event_fail(event, 1, ROAD_FAULT));
	return road_event_error(event, 1, out) == ROAD_FAULT ? ROAD_OK : ROAD_INTERNAL;
}

static road_status out_enumerate(struct fixture *f, void *out)
{
	return road_instance_enumerate(f->instance, ROAD_ENUMERATE_POSSIBLE, 0, out);
}

static road_status out_explain(struct fixture *f, void *out)
{
	return road_instance_explain(f->instance, ROAD_ENUMERATE_POSSIBLE, 0, out);
}

/* A device that comes makes a change. */
static road_status out_change(struct fixture *f, void *out)
{
	road_instance *instance = fixture_instance(f, NULL, 0);
	road_device *device = NULL;
	road_watch *watch = NULL;

	CHECK_OK(road_watch_create(instance, ROAD_CHANGE_ARRIVED, &watch));
	CHECK_OK(road_device_open(instance, f->address, &device));
	road_status status = road_watch_next(watch, out);

	road_device_release(device);
	road_watch_release(watch);
	fixture_back(f);
	return status;
}

static road_status out_info(struct fixture *f, void *out)
{
	return road_device_info_get(f->device, out);
}

static road_status out_property_at(struct fixture *f, void *out)
{
	return road_device_property_at(f->device, 0, out);
}

static road_status out_property(struct fixture *f, void *out)
{
	road_property first = {.size = sizeof(first)};

	CHECK_OK(road_device_property_at(f->device, 0, &first));
	return road_device_property(f->device, first.name, out);
}

static road_status out_link(struct fixture *f, void *out)
{
	return road_device_link(f->device, f->device, out);
}

static road_status out_heap(struct fixture *f, void *out)
{
	return road_device_heap(f->device, 0, out);
}

static road_status out_buffer(struct fixture *f, void *out)
{
	return road_buffer_info_get(fixture_buffer(f, 64), out);
}

static road_status out_lookup(struct fixture *f, void *out)
{
	return road_lookup(f->instance, fixture_address(f, fixture_buffer(f, 64)), out);
}

static road_status out_usage(struct fixture *f, void *out)
{
	return road_space_usage_get(f->space, out);
}

static road_status out_kernel(struct fixture *f, void *out)
{
	return road_kernel_info_get(fixture_kernel(f, "iota"), out);
}

static road_status out_argument(struct fixture *f, void *out)
{
	return road_kernel_argument(fixture_kernel(f, "iota"), 0, out);
}

static road_status out_occupancy(struct fixture *f, void *out)
{
	road_status status = road_kernel_occupancy(fixture_kernel(f, "iota"), 1, 0, out);

	return status == ROAD_UNSUPPORTED ? ROAD_NOT_READY : status; /* may be unknown */
}

static road_status out_metric(struct fixture *f, void *out)
{
	return road_device_telemetry(f->device, ROAD_TELEMETRY_QUEUES, 0, out);
}

static road_status out_times(struct fixture *f, void *out)
{
	road_submission submission = {.size = sizeof(submission), .flags = ROAD_SUBMIT_TIMED};
	road_point point;

	submission.times = out;
	road_status status = road_queue_submit(fixture_queue(f), &submission, &point);

	return status ? status : road_point_wait(point, SOON);
}

static road_status of_root(struct fixture *f, road_status (*ask)(road_region *root, void *out),
			   void *out)
{
	road_region *root = NULL;

	CHECK_OK(road_region_root(f->device, &root));
	road_status status = ask(root, out);

	road_region_release(root);
	return status;
}

static road_status ask_info(road_region *root, void *out)
{
	return road_region_info_get(root, out);
}

static road_status ask_status(road_region *root, void *out)
{
	return road_region_status_get(root, out);
}

static road_status ask_slot(road_region *root, void *out)
{
	return road_region_slot(root, 0, out);
}

static road_status out_region(struct fixture *f, void *out)
{
	return of_root(f, ask_info, out);
}

static road_status out_region_status(struct fixture *f, void *out)
{
	return of_root(f, ask_status, out);
}

static road_status out_slot(struct fixture *f, void *out)
{
	return of_root(f, ask_slot, out);
}

/* Whole or not at all: <roadbed/sim.h> says so. */
static road_status out_parameter(struct fixture *f, void *out)
{
	return road_sim_parameter_get(f->device, 0, out);
}

static road_status out_chip(struct fixture *f, void *out)
{
	static const char sound[] = "chip: sound\nfamily: none\nsources: {own: own}\nidentity:\n"
				    "  vendor: {value: Own, source: own, kind: assumed}\n"
				    "  product: {value: Sound, source: own, kind: assumed}\n"
				    "parameters: {}\n";

	return road_sim_chip_check(f->instance, "sound.yaml", sound, sizeof(sound) - 1, out);
}

static road_status out_server(struct fixture *f, void *out)
{
	const road_sim_server_options options = {.size = sizeof(options),
						 .address_count = 1,
						 .addresses = &f->address,
						 .socket_path = abi_socket(f)};
	road_sim_server *server = NULL;

	CHECK_OK(road_sim_server_create(f->instance, &options, &server));
	road_status status = road_sim_server_info_get(server, out);

	road_sim_server_release(server);
	return status;
}

static const struct out_row {
	const char *name;
	out_fn call;
	uint32_t bytes;
	uint32_t older; /* a size that an older caller may have */
	uint64_t needs;
} out_rows[] = {
	{"road_error", out_error, sizeof(road_error), offsetof(road_error, where), 0},
	{"road_event_error", out_event_error, sizeof(road_error), offsetof(road_error, where), 0},
	{"road_instance_enumerate", out_enumerate, sizeof(road_candidate),
	 offsetof(road_candidate, reason), 0},
	{"road_instance_explain", out_explain, sizeof(road_candidate),
	 offsetof(road_candidate, reason), 0},
	{"road_sim_chip", out_chip, sizeof(road_sim_chip), offsetof(road_sim_chip, vendor),
	 CAP(DOMAIN)},
	{"road_change", out_change, sizeof(road_change), offsetof(road_change, text), 0},
	{"road_device_info", out_info, sizeof(road_device_info), offsetof(road_device_info, uuid),
	 0},
	{"road_device_property_at", out_property_at, sizeof(road_property),
	 offsetof(road_property, text), 0},
	{"road_device_property", out_property, sizeof(road_property), offsetof(road_property, text),
	 0},
	{"road_link", out_link, sizeof(road_link), offsetof(road_link, path), 0},
	{"road_heap_info", out_heap, sizeof(road_heap_info), offsetof(road_heap_info, buffer_bytes),
	 0},
	{"road_buffer_info", out_buffer, sizeof(road_buffer_info),
	 offsetof(road_buffer_info, flags), 0},
	{"road_lookup_result", out_lookup, sizeof(road_lookup_result),
	 offsetof(road_lookup_result, base), 0},
	{"road_space_usage", out_usage, sizeof(road_space_usage),
	 offsetof(road_space_usage, quota_bytes), 0},
	{"road_kernel_info", out_kernel, sizeof(road_kernel_info),
	 offsetof(road_kernel_info, spill_bytes), CAP(IMAGES)},
	{"road_argument_info", out_argument, sizeof(road_argument_info),
	 offsetof(road_argument_info, alignment), CAP(IMAGES)},
	{"road_occupancy", out_occupancy, sizeof(road_occupancy), offsetof(road_occupancy, limit),
	 CAP(IMAGES)},
	{"road_metric", out_metric, sizeof(road_metric), offsetof(road_metric, f64), 0},
	{"road_times", out_times, sizeof(road_times), offsetof(road_times, ended), CAP(TIMESTAMP)},
	{"road_region_info", out_region, sizeof(road_region_info),
	 offsetof(road_region_info, layout_ns), CAP(REGIONS)},
	{"road_region_status", out_region_status, sizeof(road_region_status),
	 offsetof(road_region_status, idle_ns), CAP(REGIONS)},
	{"road_slot_info", out_slot, sizeof(road_slot_info), offsetof(road_slot_info, config),
	 CAP(REGIONS)},
	{"road_sim_server_info", out_server, sizeof(road_sim_server_info),
	 offsetof(road_sim_server_info, messages), CAP(DOMAIN)},
	{"road_sim_parameter", out_parameter, sizeof(road_sim_parameter),
	 sizeof(road_sim_parameter), CAP(SIMULATED)},
};
enum { OUT_ROWS = sizeof(out_rows) / sizeof(out_rows[0]) };

static road_status fill_out(struct fixture *f, const struct out_row *row, uint32_t size)
{
	memset(area, POISON, ROOM);
	abi_set_size(area, size);
	return row->call(f, area);
}

/* A caller's size of `size`: the call keeps to it, whatever its own is. */
static void look_at_out(struct fixture *f, const struct out_row *row, uint32_t size)
{
	road_status status = fill_out(f, row, size);
	uint32_t seen;

	if (status == ROAD_NOT_READY)
		return; /* nothing to tell */
	memcpy(&seen, area, sizeof(seen));
	if (status)
		CASE_FAIL("%s of size %u answers \"%s\"", row->name, size,
			  road_status_text(status));
	else if (seen != size)
		CASE_FAIL("%s of size %u: the size is %u afterwards", row->name, size, seen);
	else if (!abi_is_all(area + size, ROOM - size, POISON))
		CASE_FAIL("%s of size %u: bytes behind it are written", row->name, size);
	else if (size > row->bytes && !abi_is_all(area + row->bytes, size - row->bytes, 0))
		CASE_FAIL("%s of size %u: the tail behind %u is not zero", row->name, size,
			  row->bytes);
}

CONFORMANCE_CASE(abi, out_tail_zero_filled)
{
	for (const struct out_row *row = out_rows; row < out_rows + OUT_ROWS; row++) {
		if (!is_here(f, row->needs))
			continue;
		look_at_out(f, row, row->bytes + TAIL);
		look_at_out(f, row, row->bytes + 1);
		look_at_out(f, row, row->bytes);
		look_at_out(f, row, row->older);
		for (uint32_t size = 0; size < 8; size++) {
			road_status status = fill_out(f, row, size);

			if (status != ROAD_INVALID_ARGUMENT && status != ROAD_NOT_READY &&
			    status != ROAD_INTERNAL)
				CASE_FAIL("%s of size %u answers \"%s\"", row->name, size,
					  road_status_text(status));
			if (!abi_is_all(area + 4, ROOM - 4, POISON))
				CASE_FAIL("%s of size %u is refused, and written", row->name, size);
		}
	}
}
