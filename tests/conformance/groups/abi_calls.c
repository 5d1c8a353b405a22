/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every function of the public interface, called wrongly: with NULL, with what cannot be, in the
 * child of a fork. One row a function; a new function gets its row.
 */
#include "tests/conformance/fixture.h"
#include "tests/conformance/groups/abi.h"

#include <fcntl.h>
#include <roadbed/host.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

struct calls {
	struct fixture *f;
	road_queue *queue;
	road_buffer *buffer;
	road_event *event;
	road_list *open, *closed;
	road_watch *watch;
	road_telemetry *telemetry;
	road_image *image; /* NULL: the device has none */
	road_kernel *kernel;
	road_region *region; /* likewise, as is the next one */
	road_config *config;
	road_sim_server *server; /* likewise: of a chip that this process simulates */
	uint32_t heap;
	void *out, *out2; /* where outputs go */
	unsigned char bytes[64];
};

/* The call's pointer number i, or NULL if that is what is tried; a value, or one that cannot be. */
#define P(i, pointer)  (wrong >> (i)&1 ? NULL : (pointer))
#define V(good, never) (wrong & NEVER ? (never) : (good))
#define NEVER          0x80000000u
#define NOWHERE        (UINT64_C(1) << 62)

/* A call with all that it needs, but for what `wrong` says. */
typedef road_status (*call_fn)(struct calls *c, uint32_t wrong);
#define CALL(name, ...)                                                 \
	static road_status call_##name(struct calls *c, uint32_t wrong) \
	{                                                               \
		return name(__VA_ARGS__);                               \
	}

#define INSTANCE  P(0, c->f->instance)
#define DEVICE    P(0, c->f->device)
#define SPACE     P(0, c->f->space)
#define BUFFER    P(0, c->buffer)
#define EVENT     P(0, c->event)
#define QUEUE     P(0, c->queue)
#define LIST      P(0, c->open)
#define IMAGE     P(0, c->image)
#define KERNEL    P(0, c->kernel)
#define TELEMETRY P(0, c->telemetry)
#define WATCH     P(0, c->watch)
#define REGION    P(0, c->region)
#define CONFIG    P(0, c->config)
#define SERVER    P(0, c->server)
#define OUT(i)    P(i, c->out)
#define OUT2(i)   P(i, c->out2)

CALL(road_last_error, OUT(0))
CALL(road_instance_shared, OUT(0))
CALL(road_instance_create, NULL, OUT(0))
CALL(road_instance_retain, INSTANCE)
CALL(road_instance_enumerate, INSTANCE, 0, V(0, UINT32_MAX), OUT(1))
CALL(road_instance_explain, INSTANCE, 0, V(0, UINT32_MAX), OUT(1))
CALL(road_instance_find, INSTANCE, P(1, V("0000:00:00.0", "nonsense")), OUT(2), 256)
CALL(road_watch_create, INSTANCE, V(ROAD_CHANGE_ALL, 0), OUT(1))
CALL(road_watch_next, WATCH, OUT(1)) /* nothing to read: NOT_READY */
CALL(road_watch_fd, WATCH, OUT(1))

CALL(road_device_open, INSTANCE, P(1, V(c->f->address, "nosuchbus:x")), OUT(2))
CALL(road_device_retain, DEVICE)
CALL(road_device_info_get, DEVICE, OUT(1))
CALL(road_device_property, DEVICE, P(1, "no.such.property"), OUT(2))
CALL(road_device_property_at, DEVICE, V(0, UINT32_MAX), OUT(1))
CALL(road_device_link, DEVICE, P(1, c->f->device), OUT(2))
CALL(road_device_clock, DEVICE, OUT(1), OUT2(2))
CALL(road_device_health, DEVICE, OUT(1), OUT2(2))
CALL(road_device_fault_read, DEVICE, OUT(1))
CALL(road_device_reset, DEVICE, V(ROAD_RESET_DEVICE, 77))
CALL(road_device_heap, DEVICE, V(0, UINT32_MAX), OUT(1))
CALL(road_device_telemetry, DEVICE, V(ROAD_TELEMETRY_ALL, 0), 0, OUT(1))
CALL(road_telemetry_create, DEVICE, ROAD_TELEMETRY_ALL, V(1000000, 0), OUT(1))
CALL(road_telemetry_retain, TELEMETRY)
static road_status call_road_telemetry_next(struct calls *c, uint32_t wrong)
{
	static road_metric metrics[1];

	metrics[0].size = sizeof(metrics[0]); /* too little room, whatever there is to read */
	return road_telemetry_next(TELEMETRY, P(1, metrics), 0, OUT(2));
}

CALL(road_space_shared, DEVICE, OUT(1))
CALL(road_space_create, DEVICE, NULL, OUT(1))
CALL(road_space_retain, SPACE)
CALL(road_space_close, SPACE)
CALL(road_space_drain, SPACE, 0)
CALL(road_space_status, SPACE, NULL)
CALL(road_space_usage_get, SPACE, OUT(1))
CALL(road_space_reserve, SPACE, V(4096, 1), 0, OUT(1))
CALL(road_space_unreserve, SPACE, 4096)
CALL(road_space_map, SPACE, 4096, P(1, c->buffer), 0, 4096, V(ROAD_MAP_READ, 0u))
CALL(road_space_unmap, SPACE, 4096)
CALL(road_space_protect, SPACE, 4096, V(ROAD_MAP_READ, 0))
CALL(road_space_limit_set, SPACE, V(0, 77), 4096)
CALL(road_space_limit, SPACE, V(0, 77), OUT(1))
CALL(road_space_output_read, SPACE, NULL, 0, OUT(1))

static road_status call_road_buffer_create(struct calls *c, uint32_t wrong)
{
	road_buffer_options options = {.size = sizeof(options), .bytes = V(64, 0)};

	options.heap = c->heap;
	return road_buffer_create(SPACE, P(1, &options), OUT(2));
}
CALL(road_buffer_retain, BUFFER)
CALL(road_buffer_view, BUFFER, V(0, NOWHERE), 64, OUT(1))
CALL(road_buffer_info_get, BUFFER, OUT(1))
CALL(road_buffer_address, BUFFER, OUT(1))
CALL(road_buffer_map, BUFFER, V(0, NOWHERE), 64, ROAD_MAP_READ, OUT(1))
CALL(road_buffer_unmap, BUFFER)
CALL(road_buffer_flush, BUFFER, V(0, NOWHERE), 64)
CALL(road_buffer_invalidate, BUFFER, V(0, NOWHERE), 64)
CALL(road_buffer_export, BUFFER, OUT(1))
CALL(road_buffer_import, SPACE, -1, 4096, OUT(1))
CALL(road_buffer_export_token, BUFFER, OUT(1))
CALL(road_buffer_import_token, SPACE, P(1, (const road_token *)(const void *)c->bytes), OUT(2))
CALL(road_buffer_export_token_to, BUFFER, 0, OUT(1))
CALL(road_buffer_attach, BUFFER, P(1, c->f->space), OUT(2)) /* the space that it is in */
CALL(road_lookup, INSTANCE, V(0u, 1u), OUT(1))

CALL(road_event_create, INSTANCE, 0, OUT(1))
CALL(road_event_retain, EVENT)
CALL(road_event_value, EVENT, OUT(1))
CALL(road_event_signal, EVENT, V(10, 0))
CALL(road_event_fail, EVENT, V(20, 0), ROAD_FAULT)
static road_status call_road_event_wait(struct calls *c, uint32_t wrong)
{
	road_point point = {P(1, c->event), V(1, 30)};

	return road_event_wait(P(0, &point), 1, ROAD_WAIT_ANY, 0, c->out);
}
static road_status call_road_point_wait(struct calls *c, uint32_t wrong)
{
	return road_point_wait((road_point){EVENT, V(1, 30)}, 0);
}
CALL(road_event_error, EVENT, V(0, 30), NULL)
CALL(road_event_point_fd, EVENT, 1, OUT(1))
CALL(road_event_share, EVENT, OUT(1))
CALL(road_event_import, INSTANCE, -1, OUT(1))
CALL(road_event_export_syncobj, EVENT, P(1, c->f->device), OUT(2))
CALL(road_event_import_syncobj, DEVICE, -1, OUT(1))
CALL(road_event_export_token, EVENT, P(1, c->f->device), 0, OUT(2))
CALL(road_event_import_token, DEVICE, P(1, (const road_token *)(const void *)c->bytes), OUT(2))

CALL(road_image_load, SPACE, P(1, "nonsense"), V(8, 0), NULL, OUT(2))
CALL(road_image_retain, IMAGE)
CALL(road_image_kernel, IMAGE, P(1, V("iota", "no such kernel")), OUT(2))
CALL(road_image_kernel_name, IMAGE, V(0, UINT32_MAX), OUT(1))
CALL(road_image_symbol, IMAGE, P(1, "no such symbol"), OUT(2), OUT2(3))
CALL(road_kernel_retain, KERNEL)
CALL(road_kernel_info_get, KERNEL, OUT(1))
CALL(road_kernel_argument, KERNEL, V(0, UINT32_MAX), OUT(1))
CALL(road_kernel_set, KERNEL, V(0, 77), 0)
CALL(road_kernel_occupancy, KERNEL, V(1u, 0u), 0, OUT(1))

CALL(road_list_create, SPACE, V(0u, ~1u), OUT(1))
CALL(road_list_retain, LIST)
CALL(road_list_close, P(0, c->closed)) /* it is */
CALL(road_list_copy, LIST, P(1, c->buffer), V(0, NOWHERE), P(2, c->buffer), 32, 32)
static road_status call_road_list_copy_box(struct calls *c, uint32_t wrong)
{
	road_copy_box box = {.size = sizeof(box), .rows = V(1, 0), .slices = 1, .bytes = 8};

	box.src_offset = 32;
	return road_list_copy_box(LIST, P(1, c->buffer), P(2, c->buffer), P(3, &box));
}
CALL(road_list_write, LIST, P(1, c->buffer), V(0, NOWHERE), P(2, c->bytes), 64)
CALL(road_list_read, LIST, P(1, c->bytes), P(2, c->buffer), V(0, NOWHERE), 64)
CALL(road_list_fill, LIST, P(1, c->buffer), 0, 64, 0, V(8, 3))
static road_launch *launch_of(struct calls *c, uint32_t wrong)
{
	static road_launch launch;

	launch = (road_launch){.size = sizeof(launch), .block = {1, 1, 1}, .grid = {V(1, 0), 1, 1}};
	launch.kernel = P(2, c->kernel);
	launch.arguments = c->bytes;
	launch.argument_bytes = 24; /* of iota */
	return &launch;
}
CALL(road_list_launch, LIST, P(1, launch_of(c, wrong)))
CALL(road_list_barrier, LIST)
CALL(road_list_wait_value, LIST, P(1, c->buffer), V(0, NOWHERE), 8, ROAD_COMPARE_GE, 0)
CALL(road_list_write_value, LIST, P(1, c->buffer), V(0, NOWHERE), 8, 0)
static void nothing(void *user)
{
	(void)user;
}
CALL(road_list_callback, LIST, P(1, nothing), NULL, V(ROAD_CALLBACK_INLINE, ~1u))
CALL(road_list_timestamp, LIST, P(1, c->buffer), V(0, NOWHERE))

static road_status call_road_queue_create(struct calls *c, uint32_t wrong)
{
	road_queue_options options = {.size = sizeof(options), .priority = V(0, 77)};

	return road_queue_create(SPACE, &options, OUT(1));
}
CALL(road_queue_retain, QUEUE)
static road_status call_road_queue_submit(struct calls *c, uint32_t wrong)
{
	road_submission submission = {.size = sizeof(submission), .flags = V(0, 0x100)};

	return road_queue_submit(QUEUE, &submission, c->out);
}
CALL(road_queue_copy, QUEUE, P(1, c->buffer), V(0, NOWHERE), P(2, c->buffer), 32, 32, c->out)
CALL(road_queue_write, QUEUE, P(1, c->buffer), V(0, NOWHERE), P(2, c->bytes), 64, c->out)
CALL(road_queue_read, QUEUE, P(1, c->bytes), P(2, c->buffer), V(0, NOWHERE), 64, c->out)
CALL(road_queue_fill, QUEUE, P(1, c->buffer), 0, 64, 0, V(8, 3), c->out)
CALL(road_queue_launch, QUEUE, P(1, launch_of(c, wrong)), c->out)
CALL(road_queue_tail, QUEUE, OUT(1))
CALL(road_queue_status, QUEUE, NULL)
CALL(road_queue_drain, QUEUE, 0)
CALL(road_queue_cancel, QUEUE, 1)
CALL(road_queue_reset, QUEUE)

CALL(road_host_register, P(0, "conformance"),
     P(1, (const road_host_module *)(const void *)c->bytes))

CALL(road_sim_time, DEVICE, c->out, c->out2)
CALL(road_sim_deterministic, DEVICE, OUT(1))
CALL(road_sim_counter, DEVICE, V(0, UINT32_MAX), c->out, c->out2)
CALL(road_sim_line_get, DEVICE, V(0, UINT32_MAX), OUT(1))
CALL(road_sim_parameter_get, DEVICE, V(0, UINT32_MAX), OUT(1))
CALL(road_sim_scenario, DEVICE, V(0, UINT32_MAX), c->out, c->out2)
CALL(road_sim_violations, DEVICE, OUT(1))
CALL(road_sim_violation, DEVICE, UINT32_MAX, OUT(1), 64)
CALL(road_sim_error_inject, DEVICE, ROAD_SIM_ECC_CORRECTABLE, NOWHERE)
CALL(road_sim_phase_fail, DEVICE, V(1, UINT32_MAX), ROAD_PHASE_CHECK, 1)
CALL(road_sim_boot_fault, DEVICE, V(ROAD_SIM_BOOT_HONEST, UINT32_MAX), 0, 0)
CALL(road_sim_unplug, DEVICE)
CALL(road_sim_chip_check, INSTANCE, P(1, "sound.yaml"),
     P(2, "chip: sound\nfamily: none\nsources: {own: own}\nidentity:\n"
	  "  vendor: {value: Own, source: own, kind: assumed}\n"
	  "  product: {value: Sound, source: own, kind: assumed}\n"
	  "parameters: {}\n"),
     V(175, 3), OUT(3))
CALL(road_sim_plug, INSTANCE, P(1, V("sim:nothing", "nonsense")))
CALL(road_sim_report, DEVICE, c->out, 1, c->out2)
CALL(road_sim_trace, DEVICE, -1)
static road_status call_road_sim_server_create(struct calls *c, uint32_t wrong)
{
	const char *const address = V("sim:nothing", "nonsense");
	const road_sim_server_options options = {.size = sizeof(options),
						 .address_count = 1,
						 .addresses = &address,
						 .socket_path = "/tmp/conformance-none/sock"};

	return road_sim_server_create(INSTANCE, P(1, &options), OUT(2));
}
CALL(road_sim_server_run, SERVER, 0)
CALL(road_sim_server_stop, SERVER)
CALL(road_sim_server_shut, SERVER)
CALL(road_sim_server_info_get, SERVER, OUT(1))
CALL(road_sim_server_device, SERVER, V(0, UINT32_MAX), OUT(1))

CALL(road_config_create, DEVICE, P(1, "nonsense"), V(8, 0), OUT(2))
CALL(road_config_attach, DEVICE, P(1, c->bytes), OUT(2))
CALL(road_config_retain, CONFIG)
CALL(road_config_info_get, CONFIG, OUT(1))
CALL(road_config_check, CONFIG, P(1, c->region))
static road_status call_road_config_patch(struct calls *c, uint32_t wrong)
{
	const road_patch patch = {.kind = V(ROAD_PATCH_WORD, 77)};

	return road_config_patch(CONFIG, P(1, &patch), 1, OUT(2));
}
CALL(road_kernel_config, KERNEL, OUT(1))
CALL(road_region_root, DEVICE, OUT(1))
CALL(road_region_child, REGION, V(0, UINT32_MAX), OUT(1))
CALL(road_region_retain, REGION)
CALL(road_region_info_get, REGION, OUT(1))
CALL(road_region_status_get, REGION, OUT(1))
CALL(road_region_slot, REGION, V(0, UINT32_MAX), OUT(1))
CALL(road_region_set_safe, REGION, NULL)
CALL(road_region_release_quarantine, REGION)
static const road_region_part *part_of(struct calls *c, uint32_t wrong)
{
	static road_region_part whole;

	(void)c;
	whole = (road_region_part){.units = V(1, 0)};
	return &whole;
}
CALL(road_layout_check, REGION, P(1, part_of(c, wrong)), 1, c->out)
CALL(road_layout_apply, REGION, P(1, part_of(c, wrong)), V(1, 17))
CALL(road_layout_commit, REGION)
CALL(road_layout_revert, REGION)
static const road_reconfiguration *what(uint32_t wrong)
{
	static road_reconfiguration reset;

	reset = (road_reconfiguration){.size = sizeof(reset),
				       .verb = V(ROAD_RECONFIGURE_RESET, 77)};
	return &reset;
}
CALL(road_list_reconfigure, LIST, P(1, what(wrong)))
CALL(road_queue_reconfigure, QUEUE, P(1, what(wrong)), c->out)

CALL(road_device_firmware_get, DEVICE, OUT(1))
CALL(road_device_component_get, DEVICE, V(0, UINT32_MAX), OUT(1))
static const road_firmware_load_options *load_of(uint32_t wrong)
{
	static road_firmware_source image;
	static road_firmware_load_options load;

	image = (road_firmware_source){.bytes = P(2, "no image"), .byte_count = 8};
	load = (road_firmware_load_options){
		.size = sizeof(load), .images = P(3, &image), .image_count = 1};
	return P(1, &load);
}
CALL(road_device_firmware_load, DEVICE, load_of(wrong))
CALL(road_device_firmware_dump, DEVICE, V(0, UINT64_MAX), P(1, c->bytes), 8, P(2, c->out))

enum { NO_FORK = 1, FAILS = 2, WITH_CONFIG = 4, WITH_SERVER = 8 };

static const struct row {
	const char *name;
	call_fn call;
	uint32_t pointers;  /* 0 … pointers - 1 must not be NULL */
	uint32_t out_bytes; /* of an output that starts with its size; 0: it does not */
	uint32_t flags;     /* NO_FORK: about no object. FAILS: V's second value is an error */
	uint64_t needs;     /* without it UNSUPPORTED is an answer, too */
} rows[] = {
#define ROW(name, pointers, out, flags, needs)                  \
	{                                                       \
#name, call_##name, pointers, out, flags, needs \
	}
	ROW(road_last_error, 1, sizeof(road_error), NO_FORK, 0),
	ROW(road_instance_shared, 1, 0, 0, 0),
	ROW(road_instance_create, 1, 0, 0, 0),
	ROW(road_instance_retain, 1, 0, 0, 0),
	ROW(road_instance_enumerate, 2, sizeof(road_candidate), FAILS, 0),
	ROW(road_instance_explain, 2, sizeof(road_candidate), FAILS, 0),
	ROW(road_instance_find, 3, 0, FAILS, 0),
	ROW(road_watch_create, 2, 0, FAILS, 0),
	ROW(road_watch_next, 2, sizeof(road_change), FAILS, 0),
	ROW(road_watch_fd, 2, 0, 0, 0),
	ROW(road_device_open, 3, 0, FAILS, 0),
	ROW(road_device_retain, 1, 0, 0, 0),
	ROW(road_device_info_get, 2, sizeof(road_device_info), 0, 0),
	ROW(road_device_property, 3, sizeof(road_property), FAILS, 0),
	ROW(road_device_property_at, 2, sizeof(road_property), FAILS, 0),
	ROW(road_device_link, 3, sizeof(road_link), 0, 0),
	ROW(road_device_clock, 3, 0, 0, 0),
	ROW(road_device_health, 3, 0, 0, 0),
	ROW(road_device_fault_read, 2, sizeof(road_fault), FAILS, 0),
	ROW(road_device_reset, 1, 0, FAILS, 0),
	ROW(road_device_heap, 2, sizeof(road_heap_info), FAILS, 0),
	ROW(road_device_telemetry, 2, sizeof(road_metric), FAILS, 0),
	ROW(road_telemetry_create, 2, 0, FAILS, 0),
	ROW(road_telemetry_retain, 1, 0, 0, 0),
	ROW(road_telemetry_next, 3, sizeof(road_telemetry_round), FAILS, 0),
	ROW(road_space_shared, 2, 0, 0, 0),
	ROW(road_space_create, 2, 0, 0, CAP(SPACES)),
	ROW(road_space_retain, 1, 0, 0, 0),
	ROW(road_space_close, 1, 0, 0, 0),
	ROW(road_space_drain, 1, 0, 0, 0),
	ROW(road_space_status, 1, 0, 0, 0),
	ROW(road_space_usage_get, 2, sizeof(road_space_usage), 0, 0),
	ROW(road_space_reserve, 2, 0, FAILS, CAP(SPACE_MAP)),
	ROW(road_space_unreserve, 1, 0, FAILS, CAP(SPACE_MAP)),
	ROW(road_space_map, 2, 0, FAILS, CAP(SPACE_MAP)),
	ROW(road_space_unmap, 1, 0, FAILS, CAP(SPACE_MAP)),
	ROW(road_space_protect, 1, 0, FAILS, CAP(SPACE_MAP)),
	ROW(road_space_limit_set, 1, 0, FAILS, CAP(LIMITS)),
	ROW(road_space_limit, 2, 0, FAILS, CAP(LIMITS)),
	ROW(road_space_output_read, 2, 0, 0, CAP(PRINT)),
	ROW(road_buffer_create, 3, 0, FAILS, 0),
	ROW(road_buffer_retain, 1, 0, 0, 0),
	ROW(road_buffer_view, 2, 0, FAILS, 0),
	ROW(road_buffer_info_get, 2, sizeof(road_buffer_info), 0, 0),
	ROW(road_buffer_address, 2, 0, 0, 0),
	ROW(road_buffer_map, 2, 0, FAILS, 0),
	ROW(road_buffer_unmap, 1, 0, FAILS, 0),
	ROW(road_buffer_flush, 1, 0, FAILS, 0),
	ROW(road_buffer_invalidate, 1, 0, FAILS, 0),
	ROW(road_buffer_export, 2, 0, 0, CAP(EXPORT)),
	ROW(road_buffer_import, 2, 0, FAILS, CAP(IMPORT)),
	ROW(road_buffer_export_token, 2, 0, 0, CAP(EXPORT)),
	ROW(road_buffer_import_token, 3, 0, FAILS, CAP(IMPORT)),
	ROW(road_buffer_export_token_to, 2, 0, 0, CAP(EXPORT)),
	ROW(road_buffer_attach, 3, 0, FAILS, CAP(IMPORT)),
	ROW(road_lookup, 2, sizeof(road_lookup_result), FAILS, 0),
	ROW(road_event_create, 2, 0, 0, 0),
	ROW(road_event_retain, 1, 0, 0, 0),
	ROW(road_event_value, 2, 0, 0, 0),
	ROW(road_event_signal, 1, 0, FAILS, 0),
	ROW(road_event_fail, 1, 0, FAILS, 0),
	ROW(road_event_wait, 2, 0, FAILS, 0),
	ROW(road_point_wait, 1, 0, FAILS, 0),
	ROW(road_event_error, 1, 0, FAILS, 0),
	ROW(road_event_point_fd, 2, 0, 0, 0),
	ROW(road_event_share, 2, 0, 0, 0),
	ROW(road_event_import, 2, 0, FAILS, 0),
	ROW(road_event_export_syncobj, 3, 0, 0, 0),
	ROW(road_event_import_syncobj, 2, 0, FAILS, 0),
	ROW(road_event_export_token, 3, 0, 0, 0),
	ROW(road_event_import_token, 3, 0, FAILS, 0),
	ROW(road_image_load, 3, 0, FAILS, CAP(IMAGES)),
	ROW(road_image_retain, 1, 0, 0, CAP(IMAGES)),
	ROW(road_image_kernel, 3, 0, FAILS, CAP(IMAGES)),
	ROW(road_image_kernel_name, 2, 0, FAILS, CAP(IMAGES)),
	ROW(road_image_symbol, 4, 0, FAILS, CAP(IMAGES)),
	ROW(road_kernel_retain, 1, 0, 0, CAP(IMAGES)),
	ROW(road_kernel_info_get, 2, sizeof(road_kernel_info), 0, CAP(IMAGES)),
	ROW(road_kernel_argument, 2, sizeof(road_argument_info), FAILS, CAP(IMAGES)),
	ROW(road_kernel_set, 1, 0, FAILS, CAP(IMAGES)),
	ROW(road_kernel_occupancy, 2, sizeof(road_occupancy), FAILS, CAP(IMAGES)),
	ROW(road_list_create, 2, 0, FAILS, 0),
	ROW(road_list_retain, 1, 0, 0, 0),
	ROW(road_list_close, 1, 0, FAILS, 0),
	ROW(road_list_copy, 3, 0, FAILS, CAP(COPY)),
	ROW(road_list_copy_box, 4, 0, FAILS, CAP(COPY)),
	ROW(road_list_write, 3, 0, FAILS, 0),
	ROW(road_list_read, 3, 0, FAILS, 0),
	ROW(road_list_fill, 2, 0, FAILS, CAP(FILL)),
	ROW(road_list_launch, 3, 0, FAILS, CAP(IMAGES)),
	ROW(road_list_barrier, 1, 0, 0, 0),
	ROW(road_list_wait_value, 2, 0, FAILS, CAP(WAIT_VALUE)),
	ROW(road_list_write_value, 2, 0, FAILS, CAP(WRITE_VALUE)),
	ROW(road_list_callback, 2, 0, FAILS, CAP(CALLBACK)),
	ROW(road_list_timestamp, 2, 0, FAILS, CAP(TIMESTAMP)),
	ROW(road_queue_create, 2, 0, FAILS, 0),
	ROW(road_queue_retain, 1, 0, 0, 0),
	ROW(road_queue_submit, 1, 0, FAILS, 0),
	ROW(road_queue_copy, 3, 0, FAILS, CAP(COPY)),
	ROW(road_queue_write, 3, 0, FAILS, 0),
	ROW(road_queue_read, 3, 0, FAILS, 0),
	ROW(road_queue_fill, 2, 0, FAILS, CAP(FILL)),
	ROW(road_queue_launch, 3, 0, FAILS, CAP(IMAGES)),
	ROW(road_queue_tail, 2, 0, 0, 0),
	ROW(road_queue_status, 1, 0, 0, 0),
	ROW(road_queue_drain, 1, 0, 0, 0),
	ROW(road_queue_cancel, 1, 0, 0, 0),
	ROW(road_queue_reset, 1, 0, 0, CAP(QUEUE_RESET)),
	ROW(road_host_register, 2, 0, FAILS | NO_FORK, 0),
	ROW(road_config_create, 3, 0, FAILS, CAP(REGIONS)),
	ROW(road_config_attach, 3, 0, 0, CAP(REGIONS)),
	ROW(road_config_retain, 1, 0, WITH_CONFIG, CAP(REGIONS)),
	ROW(road_config_info_get, 2, sizeof(road_config_info), WITH_CONFIG, CAP(REGIONS)),
	ROW(road_config_check, 2, 0, WITH_CONFIG, CAP(REGIONS)),
	ROW(road_config_patch, 3, 0, FAILS | WITH_CONFIG, CAP(REGIONS)),
	ROW(road_kernel_config, 2, 0, 0, CAP(REGIONS) | CAP(IMAGES)),
	ROW(road_region_root, 2, 0, 0, CAP(REGIONS)),
	ROW(road_region_child, 2, 0, FAILS, CAP(REGIONS)),
	ROW(road_region_retain, 1, 0, 0, CAP(REGIONS)),
	ROW(road_region_info_get, 2, sizeof(road_region_info), 0, CAP(REGIONS)),
	ROW(road_region_status_get, 2, sizeof(road_region_status), 0, CAP(REGIONS)),
	ROW(road_region_slot, 2, sizeof(road_slot_info), FAILS, CAP(REGIONS)),
	ROW(road_region_set_safe, 1, 0, 0, CAP(REGIONS)),
	ROW(road_region_release_quarantine, 1, 0, 0, CAP(REGIONS)),
	ROW(road_layout_check, 2, 0, FAILS, CAP(REGIONS)),
	ROW(road_layout_apply, 2, 0, FAILS, CAP(REGIONS)),
	ROW(road_layout_commit, 1, 0, 0, CAP(REGIONS)),
	ROW(road_layout_revert, 1, 0, 0, CAP(REGIONS)),
	ROW(road_list_reconfigure, 2, 0, FAILS, CAP(REGIONS)),
	ROW(road_queue_reconfigure, 2, 0, FAILS, CAP(REGIONS)),
	ROW(road_sim_time, 1, 0, 0, CAP(SIMULATED)),
	ROW(road_sim_deterministic, 2, 0, 0, CAP(SIMULATED)),
	ROW(road_sim_counter, 1, 0, FAILS, CAP(SIMULATED)),
	ROW(road_sim_line_get, 2, sizeof(road_sim_line), FAILS, CAP(SIMULATED)),
	ROW(road_sim_parameter_get, 2, sizeof(road_sim_parameter), FAILS, CAP(SIMULATED)),
	ROW(road_sim_scenario, 1, 0, FAILS, CAP(SIMULATED)),
	ROW(road_sim_violations, 2, 0, 0, CAP(SIMULATED)),
	ROW(road_sim_violation, 2, 0, FAILS, CAP(SIMULATED)),
	ROW(road_sim_error_inject, 1, 0, FAILS, CAP(SIMULATED)),
	ROW(road_sim_phase_fail, 1, 0, FAILS, CAP(SIMULATED)),
	ROW(road_sim_boot_fault, 1, 0, FAILS, CAP(SIMULATED) | CAP(FIRMWARE)),
	ROW(road_sim_unplug, 1, 0, 0, CAP(SIMULATED)),
	ROW(road_sim_chip_check, 4, sizeof(road_sim_chip), FAILS, CAP(SIMULATED)),
	ROW(road_sim_plug, 2, 0, FAILS, CAP(SIMULATED)),
	ROW(road_sim_report, 1, 0, 0, CAP(SIMULATED)),
	ROW(road_sim_trace, 1, 0, 0, CAP(SIMULATED)),
	ROW(road_sim_server_create, 3, 0, FAILS, CAP(DOMAIN)),
	ROW(road_sim_server_run, 1, 0, WITH_SERVER, CAP(DOMAIN)),
	ROW(road_sim_server_stop, 1, 0, WITH_SERVER, CAP(DOMAIN)),
	ROW(road_sim_server_shut, 1, 0, WITH_SERVER, CAP(DOMAIN)),
	ROW(road_sim_server_info_get, 2, sizeof(road_sim_server_info), WITH_SERVER, CAP(DOMAIN)),
	ROW(road_sim_server_device, 2, 0, FAILS | WITH_SERVER, CAP(DOMAIN)),
	ROW(road_device_firmware_get, 2, sizeof(road_device_firmware), 0, CAP(FIRMWARE)),
	ROW(road_device_component_get, 2, sizeof(road_device_component), FAILS, CAP(FIRMWARE)),
	ROW(road_device_firmware_load, 4, 0, FAILS, CAP(FIRMWARE)),
	ROW(road_device_firmware_dump, 3, 0, FAILS, CAP(FIRMWARE)),
#undef ROW
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]), OUT_BYTES = 2048, POISON = 0xa5 };

/* Those that only take something back, and those that can do nothing wrong. */
bool abi_call_listed(const char *function)
{
	static const char *const without[] = {"road_status_text", "road_version",
					      "road_deadline_after"};
	size_t bytes = strlen(function);

	if (bytes > 8 && !strcmp(function + bytes - 8, "_release"))
		return true;
	for (unsigned i = 0; i < sizeof(without) / sizeof(without[0]); i++)
		if (!strcmp(without[i], function))
			return true;
	for (unsigned i = 0; i < ROWS; i++)
		if (!strcmp(rows[i].name, function))
			return true;
	return false;
}

static void remove_folder(void *folder)
{
	rmdir(folder);
}

const char *abi_socket(struct fixture *f)
{
	enum { BYTES = 40 };
	char *folder = fixture_memory(f, BYTES), *path = fixture_memory(f, BYTES);

	strcpy(folder, "/tmp/conformance-XXXXXX");
	REQUIRE(mkdtemp(folder));
	fixture_keep(f, folder, remove_folder);
	snprintf(path, BYTES, "%s/sock", folder);
	return path;
}

static void server_open(struct calls *c)
{
	const road_sim_server_options options = {.size = sizeof(options),
						 .address_count = 1,
						 .addresses = &c->f->address,
						 .socket_path = abi_socket(c->f)};

	CHECK_OK(road_sim_server_create(c->f->instance, &options, &c->server));
}

static void calls_open(struct calls *c, struct fixture *f)
{
	*c = (struct calls){.f = f, .queue = fixture_queue(f), .buffer = fixture_buffer(f, 64)};
	c->heap = fixture_heap(f);
	c->event = fixture_event(f, 0);
	c->open = fixture_list(f, 0);
	c->closed = fixture_list(f, 0);
	CHECK_OK(road_list_close(c->closed));
	CHECK_OK(road_watch_create(f->instance, ROAD_CHANGE_ALL, &c->watch));
	CHECK_OK(road_telemetry_create(f->device, ROAD_TELEMETRY_ALL, 1000000000, &c->telemetry));
	c->out = fixture_memory(f, OUT_BYTES);
	c->out2 = (char *)c->out + OUT_BYTES / 2;
	if (fixture_has(f, CAPABILITY_REGIONS))
		CHECK_OK(road_region_root(f->device, &c->region));
	if (fixture_has(f, CAPABILITY_DOMAIN))
		server_open(c);
	if (!fixture_has(f, CAPABILITY_IMAGES))
		return;
	size_t bytes;
	const void *image = fixture_image_bytes(f, &bytes);

	CHECK_OK(road_image_load(f->space, image, bytes, NULL, &c->image));
	CHECK_OK(road_image_kernel(c->image, "iota", &c->kernel));
}

static void calls_close(struct calls *c)
{
	road_sim_server_release(c->server);
	road_config_release(c->config);
	road_region_release(c->region);
	road_kernel_release(c->kernel);
	road_image_release(c->image);
	road_telemetry_release(c->telemetry);
	road_watch_release(c->watch);
}

/* Can the row's call be made here with all that it needs? */
static bool is_whole(struct calls *c, const struct row *row)
{
	return (!(row->needs & CAP(IMAGES)) || c->kernel) &&
	       (!(row->needs & CAP(REGIONS)) || c->region) &&
	       (!(row->flags & WITH_CONFIG) || c->config) &&
	       (!(row->flags & WITH_SERVER) || c->server);
}

/* Calls it with outputs that are marked; says whether they are as they were. */
static road_status call_marked(struct calls *c, const struct row *row, uint32_t wrong, bool *kept)
{
	static unsigned char before[OUT_BYTES];

	memset(c->out, POISON, OUT_BYTES);
	if (row->out_bytes)
		memcpy(c->out, &row->out_bytes, sizeof(row->out_bytes));
	memcpy(before, c->out, OUT_BYTES);
	road_status status = row->call(c, wrong);

	*kept = !memcmp(c->out, before, OUT_BYTES);
	return status;
}

static bool is_absent(struct fixture *f, uint64_t needs)
{
	for (unsigned i = 0; i < CAPABILITIES; i++)
		if (needs >> i & 1 && !fixture_has(f, i))
			return true;
	return false;
}

CONFORMANCE_CASE(abi, null_arguments_refused)
{
	struct calls c;
	bool kept;

	calls_open(&c, f);
	for (unsigned i = 0; i < ROWS; i++) {
		bool absent = is_absent(f, rows[i].needs);

		for (uint32_t p = 0; p < rows[i].pointers; p++) {
			if (!is_whole(&c, &rows[i]) && p)
				break;
			road_status status = call_marked(&c, &rows[i], 1u << p, &kept);

			if (status != ROAD_INVALID_ARGUMENT &&
			    !(absent && status == ROAD_UNSUPPORTED))
				CASE_FAIL("%s with pointer %u NULL answers \"%s\"", rows[i].name, p,
					  road_status_text(status));
		}
	}
	calls_close(&c);
}

CONFORMANCE_CASE(abi, failed_call_leaves_output_untouched)
{
	struct calls c;
	bool kept;

	calls_open(&c, f);
	for (unsigned i = 0; i < ROWS; i++) {
		for (uint32_t p = 0; p < rows[i].pointers && is_whole(&c, &rows[i]); p++) {
			(void)call_marked(&c, &rows[i], 1u << p, &kept);
			if (!kept)
				CASE_FAIL("%s with pointer %u NULL writes to its output",
					  rows[i].name, p);
		}
		if (!(rows[i].flags & FAILS) || !is_whole(&c, &rows[i]))
			continue;
		road_status status = call_marked(&c, &rows[i], NEVER, &kept);

		if (!status)
			CASE_FAIL("%s takes what cannot be", rows[i].name);
		if (!kept)
			CASE_FAIL("%s answers \"%s\" and writes to its output", rows[i].name,
				  road_status_text(status));
	}
	calls_close(&c);
}

/* ---- the child of a fork ---- */

/* The child's part, which says what is wrong by itself; its end is awaited. */
static void in_child(struct calls *c, void (*part)(struct calls *c))
{
	pid_t pid = fork();
	int status = 0;

	REQUIRE(pid >= 0);
	if (!pid) {
		alarm(30);
		part(c);
		_exit(0);
	}
	REQUIRE_EQ(waitpid(pid, &status, 0), pid);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		CASE_FAIL("the child ended with wait status 0x%x", status);
}

static void all_calls(struct calls *c)
{
	bool kept;

	for (unsigned i = 0; i < ROWS; i++) {
		if (rows[i].flags & NO_FORK || !is_whole(c, &rows[i]))
			continue;
		road_status status = call_marked(c, &rows[i], 0, &kept);

		if (status != ROAD_WRONG_PROCESS)
			CASE_FAIL("%s answers \"%s\" in the child of a fork", rows[i].name,
				  road_status_text(status));
		if (!kept)
			CASE_FAIL("%s writes to its output in the child of a fork", rows[i].name);
	}
	CHECK(!strcmp(road_status_text(ROAD_WRONG_PROCESS), "wrong process"));
	CHECK(road_version() != 0);
	CHECK(road_deadline_after(1) > 0);
}

CONFORMANCE_CASE(abi, fork_child_wrong_process)
{
	struct calls c;

	calls_open(&c, f);
	in_child(&c, all_calls);
	calls_close(&c);
}

static int open_descriptors(void)
{
	int count = 0;

	for (int fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* Twice: what does nothing can be done again. */
static void all_releases(struct calls *c)
{
	int before = open_descriptors();

	for (int i = 0; i < 2; i++) {
		road_config_release(c->config);
		road_region_release(c->region);
		road_kernel_release(c->kernel);
		road_image_release(c->image);
		road_telemetry_release(c->telemetry);
		road_watch_release(c->watch);
		road_list_release(c->open);
		road_list_release(c->closed);
		road_event_release(c->event);
		road_queue_release(c->queue);
		road_buffer_release(c->buffer);
		road_space_release(c->f->space);
		road_device_release(c->f->device);
		road_instance_release(c->f->instance);
	}
	if (open_descriptors() != before)
		CASE_FAIL("releases in the child closed %d descriptors",
			  before - open_descriptors());
}

CONFORMANCE_CASE(abi, fork_child_release_does_nothing)
{
	unsigned char there[64], back[64];
	road_point point;
	struct calls c;

	calls_open(&c, f);
	fixture_fill_random(f, there, sizeof(there));
	fixture_put(f, c.buffer, 0, there, sizeof(there));
	in_child(&c, all_releases);
	fixture_get(f, back, c.buffer, 0, sizeof(back));
	CHECK_SAME(there, back, sizeof(back));
	CHECK_OK(road_event_signal(c.event, 5));
	CHECK_OK(road_queue_submit(c.queue, NULL, &point));
	CHECK_OK(road_point_wait(point, SOON));
	if (c.kernel) {
		uint64_t arguments[3] = {fixture_address(f, c.buffer), 16, 7};

		fixture_launch(f, c.queue, "iota", arguments, 3, &point);
		CHECK_OK(road_point_wait(point, SOON));
		fixture_get(f, back, c.buffer, 0, sizeof(back));
		CHECK_EQ(((uint32_t *)(void *)back)[15], 22);
	}
	calls_close(&c);
}
