/* SPDX-License-Identifier: Apache-2.0 */
/* What a run needs on its device: the kernel, and buffers for its arguments. */
#include "tools/roadbed/run.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define IMAGE_BYTES_MAX (UINT64_C(1) << 30)
#define LOG_BYTES       65536

int run_open_device(struct run *run)
{
	road_status status;
	int code = library_open(&run->instance);

	if (code)
		return code;
	status = road_device_open(run->instance, run->address, &run->device);
	return status == ROAD_OK ? run_use_device(run) : library_refuse(run->address, status);
}

int run_use_device(struct run *run)
{
	road_status status;

	run->info.size = sizeof(run->info);
	status = road_device_info_get(run->device, &run->info);
	if (status == ROAD_OK)
		status = road_space_shared(run->device, &run->space);
	if (status == ROAD_OK)
		status = road_queue_create(run->space, NULL, &run->queue);
	if (status != ROAD_OK)
		return library_refuse(run->address, status);
	if ((run->trace_path || run->lines) && !run->info.simulated)
		return tool_refuse(TOOL_FAILURE, run->lines ? "--lines" : "--trace",
				   "the device is not simulated", run->address, "a sim: device");
	return TOOL_OK;
}

/* `host:` takes a shared object by its absolute path, the others take an image's bytes. */
static int read_image(const struct run *run, void **bytes, size_t *count, struct tool_error *error)
{
	bool by_path = run->info.device_class == ROAD_CLASS_CPU && !run->info.simulated;
	char *path;

	if (!by_path)
		return file_read(run->image_path, IMAGE_BYTES_MAX, bytes, count, error);
	path = realpath(run->image_path, NULL);
	if (!path)
		return tool_error_set(error, run->image_path, "cannot be opened", "",
				      "a shared object");
	*bytes = path;
	*count = strlen(path);
	return 0;
}

static void find_occupancy(struct run *run)
{
	uint64_t block = (uint64_t)run->block.x * run->block.y * run->block.z;

	run->occupancy = (road_occupancy){.size = sizeof(run->occupancy)};
	if (block > UINT32_MAX ||
	    road_kernel_occupancy(run->kernel, (uint32_t)block, run->shared_bytes, &run->occupancy))
		run->occupancy.warps_max = 0;
}

int run_load_kernel(struct run *run)
{
	char *log = calloc(1, LOG_BYTES);
	const road_image_options options = {
		.size = sizeof(options), .log = log, .log_bytes = LOG_BYTES};
	struct tool_error error;
	road_status status;
	size_t count;
	void *bytes;

	if (!log)
		tool_no_memory();
	if (read_image(run, &bytes, &count, &error)) {
		free(log);
		return run_refuse(&error, TOOL_FAILURE);
	}
	status = road_image_load(run->space, bytes, count, &options, &run->image);
	if (status != ROAD_OK) {
		library_refuse(run->image_path, status);
		if (log[0])
			fprintf(stderr, "%s%s", log, log[strlen(log) - 1] == '\n' ? "" : "\n");
	}
	free(bytes);
	free(log);
	if (status != ROAD_OK)
		return TOOL_FAILURE;
	status = road_image_kernel(run->image, run->kernel_name, &run->kernel);
	if (status != ROAD_OK)
		return library_refuse(run->image_path, status);
	run->kernel_info.size = sizeof(run->kernel_info);
	status = road_kernel_info_get(run->kernel, &run->kernel_info);
	find_occupancy(run);
	return status == ROAD_OK ? TOOL_OK : library_refuse(run->kernel_name, status);
}

/* Buffers are passed as their address. */
static uint32_t passed_bytes(const struct run_arg *arg)
{
	return arg->form == RUN_SCALAR ? arg->type->bytes : 8;
}

static int check_arg(const struct run *run, uint32_t index)
{
	road_argument_info info = {.size = sizeof(info)};
	const struct run_arg *arg = &run->args[index];
	road_status status = road_kernel_argument(run->kernel, index, &info);
	char where[200], seen[64], allowed[64];

	if (status != ROAD_OK)
		return library_refuse(run->kernel_name, status);
	if (info.bytes == passed_bytes(arg))
		return TOOL_OK;
	snprintf(where, sizeof(where), "%.100s: argument %u '%.64s'", run->kernel_name, index,
		 arg->text);
	snprintf(seen, sizeof(seen), "%" PRIu32 " bytes%s", passed_bytes(arg),
		 arg->form == RUN_SCALAR ? "" : ", the address of a buffer");
	snprintf(allowed, sizeof(allowed), "%" PRIu32 " bytes", info.bytes);
	return tool_refuse(TOOL_USAGE, where, "has not the size of its parameter", seen, allowed);
}

int run_check_args(const struct run *run)
{
	char seen[32], allowed[32];
	int code = TOOL_OK;

	if (run->arg_count != run->kernel_info.argument_count) {
		snprintf(seen, sizeof(seen), "%" PRIu32, run->arg_count);
		snprintf(allowed, sizeof(allowed), "%" PRIu32, run->kernel_info.argument_count);
		return tool_refuse(TOOL_USAGE, run->kernel_name,
				   "takes another number of arguments", seen, allowed);
	}
	for (uint32_t i = 0; i < run->arg_count && !code; i++)
		code = check_arg(run, i);
	return code;
}

/* A heap that holds kernels' data: the device's own, or host memory where it has none. */
static uint32_t heap_of(road_device *device)
{
	road_heap_info heap = {.size = sizeof(heap)};

	for (uint32_t i = 0; road_device_heap(device, i, &heap) == ROAD_OK; i++)
		if (heap.kind == ROAD_HEAP_DEVICE)
			return ROAD_HEAP_DEVICE;
	return road_device_heap(device, 0, &heap) == ROAD_OK ? heap.kind : ROAD_HEAP_DEVICE;
}

static int make_buffer(const struct run *run, struct run_arg *arg, struct run_buffer *out)
{
	road_buffer_options options = {.size = sizeof(options), .heap = heap_of(run->device)};
	struct tool_error error;
	road_status status;

	if (run_arg_fill(arg, &out->data, &error))
		return run_refuse(&error, TOOL_FAILURE);
	options.bytes = arg->bytes;
	status = road_buffer_create(run->space, &options, &out->buffer);
	if (status == ROAD_OK)
		status = road_buffer_address(out->buffer, &out->address);
	if (status != ROAD_OK)
		return library_refuse(arg->text, status);
	if (!arg->out_path)
		return TOOL_OK;
	out->result = malloc(arg->bytes);
	return out->result ? TOOL_OK
			   : tool_refuse(TOOL_FAILURE, arg->text, "out of host memory", "", "");
}

int run_make_buffers(struct run *run)
{
	int code = TOOL_OK;

	for (uint32_t i = 0; i < run->arg_count && !code; i++)
		if (run->args[i].form != RUN_SCALAR)
			code = make_buffer(run, &run->args[i], &run->buffers[i]);
	return code;
}
