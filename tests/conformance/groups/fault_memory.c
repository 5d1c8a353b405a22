/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host without memory: each call of a program that uses most of the interface, with each of its
 * allocations failing in turn. It says so, has done nothing, and works the next time. What a
 * failed call leaks, the runner finds: it looks at what is alive after the case.
 */
#include "tests/conformance/allocations.h"
#include "tests/conformance/case.h"
#include "tests/conformance/fixture.h"

#include <stdio.h>
#include <unistd.h>

enum { BYTES = 1024, POINTS = 12 };

/* The family's image. */
struct file {
	const void *bytes;
	size_t count;
};
/* What the case runs, where. */
struct plan {
	struct fixture *f;
	const char *address;
	const struct file *file; /* NULL: the family has none */
	bool *lacked;            /* by step: what the device is without, as the first run showed */
};
struct program {
	struct fixture *f;
	road_device *device, *again;
	road_space *space, *own;
	road_queue *queue, *second;
	road_buffer *buffer, *view, *imported, *attached, *host;
	road_event *gate, *event, *other, *synced, *from_sync;
	road_list *list, *concurrent;
	road_image *image;
	road_kernel *kernel;
	road_config *config;
	road_region *region;
	road_watch *watch;
	road_telemetry *telemetry;
	road_point point;
	uint64_t reserved;
	int shared, syncobj, ready, memory; /* descriptors */
	const struct plan *plan;
	unsigned char bytes[BYTES];
};

/* ---- the calls, one a step ---- */

static void nothing(void *user)
{
	(void)user;
}

static road_status space_shared(struct program *p)
{
	return road_space_shared(p->device, &p->space);
}

static road_status space_create(struct program *p)
{
	return road_space_create(p->device, NULL, &p->own);
}

static road_status queue_create(struct program *p)
{
	return road_queue_create(p->space, NULL, &p->queue);
}

static road_status queue_second(struct program *p)
{
	return p->f->info.queues_max > 1 ? road_queue_create(p->space, NULL, &p->second)
					 : ROAD_UNSUPPORTED;
}

static road_status buffer_create(struct program *p)
{
	road_buffer_options options = {
		.size = sizeof(options), .heap = fixture_heap(p->f), .bytes = BYTES};

	return road_buffer_create(p->space, &options, &p->buffer);
}

static road_status buffer_host(struct program *p)
{
	road_buffer_options options = {
		.size = sizeof(options), .heap = ROAD_HEAP_HOST, .bytes = BYTES};

	return road_buffer_create(p->space, &options, &p->host);
}

static road_status buffer_view(struct program *p)
{
	return road_buffer_view(p->buffer, 256, 512, &p->view);
}

static road_status buffer_map(struct program *p)
{
	void *pointer;
	road_status status = p->host ? road_buffer_map(p->host, 0, BYTES, ROAD_MAP_READ, &pointer)
				     : ROAD_UNSUPPORTED;

	return status ? status : road_buffer_unmap(p->host);
}

static road_status buffer_export(struct program *p)
{
	return p->host ? road_buffer_export(p->host, &p->memory) : ROAD_UNSUPPORTED;
}

static road_status buffer_import(struct program *p)
{
	if (p->memory < 0)
		return ROAD_UNSUPPORTED;
	return road_buffer_import(p->space, p->memory, BYTES, &p->imported);
}

static road_status buffer_attach(struct program *p)
{
	return p->own ? road_buffer_attach(p->buffer, p->own, &p->attached) : ROAD_UNSUPPORTED;
}

static road_status space_reserve(struct program *p)
{
	return road_space_reserve(p->space, 1 << 20, 0, &p->reserved);
}

static road_status space_map(struct program *p)
{
	return p->reserved ? road_space_map(p->space, p->reserved, p->buffer, 0, BYTES,
					    ROAD_MAP_READ | ROAD_MAP_WRITE)
			   : ROAD_UNSUPPORTED;
}

static road_status space_unmap(struct program *p)
{
	return p->reserved ? road_space_unmap(p->space, p->reserved) : ROAD_UNSUPPORTED;
}

static road_status event_create(struct program *p)
{
	return road_event_create(p->f->instance, 0, &p->event);
}

static road_status gate_create(struct program *p)
{
	return road_event_create(p->f->instance, 0, &p->gate);
}

static road_status event_share(struct program *p)
{
	return road_event_share(p->event, &p->shared);
}

static road_status event_import(struct program *p)
{
	return p->shared < 0 ? ROAD_UNSUPPORTED
			     : road_event_import(p->f->instance, p->shared, &p->other);
}

static road_status sync_create(struct program *p)
{
	return road_event_create(p->f->instance, 0, &p->synced);
}

static road_status sync_export(struct program *p)
{
	return road_event_export_syncobj(p->synced, p->device, &p->syncobj);
}

static road_status sync_import(struct program *p)
{
	return p->syncobj < 0 ? ROAD_UNSUPPORTED
			      : road_event_import_syncobj(p->device, p->syncobj, &p->from_sync);
}

static road_status event_point_fd(struct program *p)
{
	return road_event_point_fd(p->event, 1, &p->ready);
}

static road_status list_create(struct program *p)
{
	return road_list_create(p->space, 0, &p->list);
}

static road_status list_concurrent(struct program *p)
{
	return road_list_create(p->space, ROAD_LIST_CONCURRENT, &p->concurrent);
}

static road_status list_write(struct program *p)
{
	return road_list_write(p->list, p->buffer, 0, p->bytes, 512);
}

static road_status list_read(struct program *p)
{
	return road_list_read(p->list, p->bytes, p->buffer, 0, 512);
}

static road_status list_copy(struct program *p)
{
	return road_list_copy(p->list, p->buffer, 0, p->buffer, 512, 512);
}

/* Over itself, in another pitch: by way of a buffer in between. */
static road_status copy_over_itself(road_list *list, road_buffer *buffer)
{
	road_copy_box box = {.size = sizeof(box),
			     .rows = 4,
			     .slices = 1,
			     .bytes = 64,
			     .dst_row_pitch = 128,
			     .dst_slice_pitch = 512,
			     .src_offset = 16,
			     .src_row_pitch = 64,
			     .src_slice_pitch = 256};

	return road_list_copy_box(list, buffer, buffer, &box);
}

static road_status list_copy_box(struct program *p)
{
	return copy_over_itself(p->list, p->buffer);
}

static road_status concurrent_copy_box(struct program *p)
{
	return copy_over_itself(p->concurrent, p->buffer);
}

static road_status list_fill(struct program *p)
{
	return road_list_fill(p->list, p->buffer, 0, 512, 7, 4);
}

static road_status list_write_value(struct program *p)
{
	return road_list_write_value(p->list, p->buffer, 0, 8, 7);
}

static road_status list_wait_value(struct program *p)
{
	return road_list_wait_value(p->list, p->buffer, 0, 8, ROAD_COMPARE_EQ, 7);
}

static road_status list_timestamp(struct program *p)
{
	return road_list_timestamp(p->list, p->buffer, 8);
}

static road_status list_callback(struct program *p)
{
	return road_list_callback(p->list, nothing, NULL, 0);
}

static road_status list_barrier(struct program *p)
{
	return road_list_barrier(p->list);
}

static road_status list_close(struct program *p)
{
	return road_list_close(p->list);
}

static road_status concurrent_close(struct program *p)
{
	return road_list_close(p->concurrent);
}

/* Waits for the program, which opens the gate later. */
static road_status submit(struct program *p)
{
	const road_point wait = {p->gate, 1}, signal = {p->event, 2};
	const road_submission s = {.size = sizeof(s),
				   .list = p->list,
				   .waits = &wait,
				   .wait_count = 1,
				   .signals = &signal,
				   .signal_count = 1};

	return road_queue_submit(p->queue, &s, &p->point);
}

static road_status submit_second(struct program *p)
{
	const road_submission s = {
		.size = sizeof(s), .list = p->concurrent, .waits = &p->point, .wait_count = 1};

	return road_queue_submit(p->second ? p->second : p->queue, &s, NULL);
}

static road_status event_signal(struct program *p)
{
	return road_event_signal(p->gate, 1);
}

static road_status wait_many(struct program *p)
{
	road_point points[POINTS];

	for (int i = 0; i < POINTS; i++)
		points[i] = (road_point){p->event, 2};
	return road_event_wait(points, POINTS, ROAD_WAIT_ALL, SOON, NULL);
}

static road_status queue_write(struct program *p)
{
	return road_queue_write(p->queue, p->buffer, 0, p->bytes, BYTES, NULL);
}

static road_status queue_read(struct program *p)
{
	return road_queue_read(p->queue, p->bytes, p->buffer, 0, BYTES, NULL);
}

static road_status queue_drain(struct program *p)
{
	return road_queue_drain(p->queue, SOON);
}

static road_status second_drain(struct program *p)
{
	return p->second ? road_queue_drain(p->second, SOON) : ROAD_OK;
}

static road_status device_again(struct program *p)
{
	return road_device_open(p->plan->f->instance, p->plan->address, &p->again);
}

static road_status image_load(struct program *p)
{
	return p->plan->file ? road_image_load(p->space, p->plan->file->bytes, p->plan->file->count,
					       NULL, &p->image)
			     : ROAD_UNSUPPORTED;
}

static road_status image_kernel(struct program *p)
{
	return p->image ? road_image_kernel(p->image, "iota", &p->kernel) : ROAD_UNSUPPORTED;
}

static road_status kernel_config(struct program *p)
{
	return p->kernel && fixture_has(p->f, CAPABILITY_REGIONS)
		       ? road_kernel_config(p->kernel, &p->config)
		       : ROAD_UNSUPPORTED;
}

static road_status region_root(struct program *p)
{
	return road_region_root(p->device, &p->region);
}

static road_status queue_launch(struct program *p)
{
	uint64_t arguments[3] = {0, 16, 0};
	road_launch launch = {.size = sizeof(launch),
			      .kernel = p->kernel,
			      .grid = {1, 1, 1},
			      .block = {1, 1, 1},
			      .arguments = arguments,
			      .argument_bytes = sizeof(arguments)};

	if (!p->kernel)
		return ROAD_UNSUPPORTED;
	road_status status = road_buffer_address(p->buffer, &arguments[0]);

	return status ? status : road_queue_launch(p->queue, &launch, NULL);
}

static road_status queue_load(struct program *p)
{
	const road_reconfiguration what = {.size = sizeof(what),
					   .verb = ROAD_RECONFIGURE_LOAD,
					   .slot = ROAD_SLOT_ANY,
					   .config = p->config};

	return p->config ? road_queue_reconfigure(p->queue, &what, NULL) : ROAD_UNSUPPORTED;
}

static road_status watch_create(struct program *p)
{
	return road_watch_create(p->f->instance, ROAD_CHANGE_ALL, &p->watch);
}

static road_status telemetry_create(struct program *p)
{
	return road_telemetry_create(p->device, ROAD_TELEMETRY_ALL, 1000000000, &p->telemetry);
}

static road_status enumerate(struct program *p)
{
	road_candidate candidate = {.size = sizeof(candidate)};

	return road_instance_enumerate(p->f->instance, 0, 0, &candidate);
}

static road_status queue_reset(struct program *p)
{
	return p->f->info.features & ROAD_FEATURE_QUEUE_RESET ? road_queue_reset(p->queue)
							      : ROAD_UNSUPPORTED;
}

static road_status device_reset(struct program *p)
{
	return road_device_reset(p->device, ROAD_RESET_DEVICE);
}

/* A device may be without what a step asks for: then the call says so, memory or not. */
/* clang-format off */
static const struct step {
	const char *name;
	road_status (*run)(struct program *p);
	bool may_lack;
	bool fed; /* sets work going that lacks memory only later, and then fails by itself */
} steps[] = {
#define STEP(name)  {#name, name, false, false}
#define MAYBE(name) {#name, name, true, false}
#define FED(name)   {#name, name, false, true}
	STEP(space_shared),
	MAYBE(space_create),
	STEP(queue_create),
	MAYBE(queue_second),
	STEP(buffer_create),
	MAYBE(buffer_host),
	STEP(buffer_view),
	MAYBE(buffer_map),
	MAYBE(buffer_export),
	MAYBE(buffer_import),
	MAYBE(buffer_attach),
	MAYBE(space_reserve),
	MAYBE(space_map),
	MAYBE(space_unmap),
	STEP(event_create),
	STEP(gate_create),
	MAYBE(event_share),
	MAYBE(event_import),
	STEP(sync_create),
	MAYBE(sync_export),
	MAYBE(sync_import),
	STEP(event_point_fd),
	STEP(list_create),
	STEP(list_concurrent),
	STEP(list_write),
	STEP(list_read),
	STEP(list_copy),
	MAYBE(list_copy_box),
	MAYBE(concurrent_copy_box),
	STEP(list_fill),
	MAYBE(list_write_value),
	MAYBE(list_wait_value),
	MAYBE(list_timestamp),
	STEP(list_callback),
	STEP(list_barrier),
	STEP(list_close),
	STEP(concurrent_close),
	STEP(submit),
	STEP(submit_second),
	FED(event_signal),
	STEP(wait_many),
	STEP(queue_write),
	STEP(queue_read),
	STEP(queue_drain),
	STEP(second_drain),
	STEP(device_again),
	MAYBE(image_load),
	MAYBE(image_kernel),
	MAYBE(kernel_config),
	MAYBE(region_root),
	MAYBE(queue_launch),
	STEP(queue_drain),
	MAYBE(queue_load),
	STEP(queue_drain),
	STEP(watch_create),
	MAYBE(telemetry_create),
	STEP(enumerate),
	MAYBE(queue_reset),
	MAYBE(device_reset),
#undef STEP
#undef MAYBE
#undef FED
};
/* clang-format on */

/* What the device is without, memory or not. */
static bool lacks(const struct step *step, road_status status)
{
	return step->may_lack && (status == ROAD_UNSUPPORTED || status == ROAD_NOT_FOUND);
}

enum { STEPS = sizeof(steps) / sizeof(steps[0]) };

static road_status begin(const struct plan *plan, struct program *p)
{
	*p = (struct program){
		.f = plan->f, .plan = plan, .shared = -1, .syncobj = -1, .ready = -1, .memory = -1};
	return road_device_open(plan->f->instance, plan->address, &p->device);
}

static void end(struct program *p)
{
	road_telemetry_release(p->telemetry);
	road_watch_release(p->watch);
	road_config_release(p->config);
	road_region_release(p->region);
	road_kernel_release(p->kernel);
	road_image_release(p->image);
	road_list_release(p->list);
	road_list_release(p->concurrent);
	road_queue_release(p->queue);
	road_queue_release(p->second);
	road_buffer_release(p->view);
	road_buffer_release(p->imported);
	road_buffer_release(p->attached);
	road_buffer_release(p->host);
	road_buffer_release(p->buffer);
	if (p->reserved)
		CHECK(road_space_unreserve(p->space, p->reserved) == ROAD_OK);
	road_space_release(p->own);
	road_space_release(p->space);
	road_device_release(p->again);
	road_device_release(p->device);
	road_event_release(p->gate);
	road_event_release(p->event);
	road_event_release(p->other);
	road_event_release(p->synced);
	road_event_release(p->from_sync);
	const int fds[] = {p->shared, p->syncobj, p->ready, p->memory};

	for (int i = 0; i < 4; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

/* ---- without memory ---- */

static bool is_hunger(road_status status)
{
	/* Where the host's memory is the device's, it is that which lacks. */
	return status == ROAD_OUT_OF_HOST_MEMORY || status == ROAD_OUT_OF_DEVICE_MEMORY;
}

static bool starve(struct program *p, const struct step *step, uint32_t *tried)
{
	/* Translating an image takes thousands: ever larger steps. What the call does without (a
	 * cache) ends its turn: it did what it was asked for. */
	for (uint64_t nth = 1; nth < 1000000; nth += 1 + nth / 64) {
		allocations_fail_at(step->fed ? 0 : nth);
		road_status status = step->run(p);
		bool failed = allocations_have_failed();

		allocations_fail_at(0);
		*tried += failed;
		if (status == ROAD_OK || (p->plan->lacked[step - steps] && lacks(step, status)))
			return true;
		if (!failed || !is_hunger(status)) {
			road_error why = {.size = sizeof(why)};

			road_last_error(&why);
			CASE_FAIL("%s, allocation %llu%s: %s (%s: %s)", step->name,
				  (unsigned long long)nth, failed ? "" : " (none failed)",
				  road_status_text(status), why.where, why.what);
			return false;
		}
	}
	CASE_FAIL("%s never succeeds", step->name);
	return false;
}

/* Opens the device, ever later allocations failing. Reading a chip's file takes thousands. */
static bool starve_open(const struct plan *plan, struct program *p, uint64_t fineness,
			uint32_t *tried)
{
	for (uint64_t nth = 1; nth < 1000000; nth += 1 + nth / fineness) {
		allocations_fail_at(nth);
		road_status status = begin(plan, p);
		bool failed = allocations_have_failed();

		allocations_fail_at(0);
		*tried += failed;
		if (status == ROAD_OK)
			return true;
		if (!failed || status != ROAD_OUT_OF_HOST_MEMORY) {
			road_error why = {.size = sizeof(why)};

			case_skip_if_too_few(status);
			road_last_error(&why);
			CASE_FAIL("open, allocation %llu: %s (%s, %s)", (unsigned long long)nth,
				  road_status_text(status), why.what, why.seen);
			return false;
		}
	}
	CASE_FAIL("the device never opens");
	return false;
}

/* All allocations in larger and larger steps (a soak: each one), then each that is not the
 * parser's. */
static bool starve_opens(const struct plan *plan, struct program *p, uint32_t *tried)
{
	/* yaml_parser_load of libyaml 0.2.5 loses 64 or 128 bytes, which the next sequence or
	 * mapping would have had, where its stack of nodes cannot grow. */
	allocations_spare_growth("libyaml");
	if (!starve_open(plan, p, plan->f->soak ? UINT64_MAX : 16, tried))
		return false;
	end(p);
	allocations_spare("libyaml");
	return starve_open(plan, p, UINT64_MAX, tried);
}

/* The program with memory: what is made once is made, and all that it asks for it gets. */
static void fed(const struct plan *plan)
{
	struct program p;

	CHECK_OK(begin(plan, &p));
	for (uint32_t i = 0; i < STEPS; i++) {
		road_status status = steps[i].run(&p);

		plan->lacked[i] = lacks(&steps[i], status);
		if (status && !plan->lacked[i])
			CASE_FAIL("%s: %s", steps[i].name, road_status_text(status));
	}
	end(&p);
}

CONFORMANCE_CASE(fault, inject_host_alloc_failure_each_call)
{
	size_t bytes = strlen(f->address) + 8, plain = strcspn(f->address, "?");
	char *address = fixture_memory(f, bytes);
	bool lacked[STEPS];
	struct plan plan = {.f = f, .address = address, .lacked = lacked};
	struct file file;
	uint32_t tried = 0;
	struct program p;

	if (fixture_has(f, CAPABILITY_IMAGES)) {
		file.bytes = fixture_image_bytes(f, &file.count);
		plan.file = &file;
	}
	/* A device of the kind that is not open; where there is only one, that one. */
	snprintf(address, bytes, "%.*s%s%s", (int)plain, f->address, fixture_is_made(f) ? "@5" : "",
		 f->address + plain);
	fed(&plan);
	bool good = starve_opens(&plan, &p, &tried);

	/* What a chip allocates stands for its transistors; the loader says of want of memory that
	 * the file is not there. */
	allocations_spare(f->info.simulated ? "libroadbed-sim" : "ld-linux");
	for (uint32_t i = 0; good && i < STEPS; i++)
		good = starve(&p, &steps[i], &tried);
	end(&p);
	CHECK(tried > 3);
	fed(&plan);
	case_note("%u allocations failed in turn", tried);
}
