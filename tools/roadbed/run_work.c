/* SPDX-License-Identifier: Apache-2.0 */
/* The work of a run: write the arguments, launch, read the results. */
#include "tools/roadbed/run.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

static void print_faults(road_device *device)
{
	road_fault fault = {.size = sizeof(fault)};

	while (road_device_fault_read(device, &fault) == ROAD_OK)
		fprintf(stderr,
			"roadbed: fault: %s in kernel %s, pc %u, line %u, workgroup %u,%u,%u, "
			"warp %u, lane %u, address 0x%" PRIx64 "%s%s\n",
			word_of_fault(fault.kind), fault.kernel[0] ? fault.kernel : "unknown",
			fault.pc, fault.line, fault.workgroup[0], fault.workgroup[1],
			fault.workgroup[2], fault.warp, fault.lane, fault.address,
			fault.text[0] ? ": " : "", fault.text);
}

/* Work that was accepted and failed: its detail is the queue's. */
static int refuse_work(const struct run *run, const char *doing, road_status status)
{
	road_error detail = {.size = sizeof(detail)};

	if (road_queue_status(run->queue, &detail) != ROAD_OK && detail.what[0])
		library_error_print(doing, &detail);
	else
		library_refuse(doing, status);
	print_faults(run->device);
	return TOOL_FAILURE;
}

/* Closes the list, runs it, and waits for it. */
static int perform(const struct run *run, road_list *list, road_times *times, const char *doing)
{
	road_submission submission = {.size = sizeof(submission),
				      .flags = times ? ROAD_SUBMIT_TIMED : 0,
				      .list = list,
				      .times = times};
	road_status status = road_list_close(list);
	road_point point;

	if (status == ROAD_OK)
		status = road_queue_submit(run->queue, &submission, &point);
	if (status != ROAD_OK)
		return library_refuse(doing, status);
	status = road_point_wait(point, ROAD_FOREVER);
	return status == ROAD_OK ? TOOL_OK : refuse_work(run, doing, status);
}

typedef road_status (*record_fn)(const struct run *run, road_list *list);

static int work(const struct run *run, record_fn record, road_times *times, const char *doing)
{
	road_list *list;
	road_status status = road_list_create(run->space, 0, &list);
	int code;

	if (status != ROAD_OK)
		return library_refuse(doing, status);
	status = record(run, list);
	code = status == ROAD_OK ? perform(run, list, times, doing) : library_refuse(doing, status);
	road_list_release(list);
	return code;
}

static road_status record_writes(const struct run *run, road_list *list)
{
	road_status status = ROAD_OK;

	for (uint32_t i = 0; i < run->arg_count && status == ROAD_OK; i++)
		if (run->buffers[i].data)
			status = road_list_write(list, run->buffers[i].buffer, 0,
						 run->buffers[i].data, run->args[i].bytes);
	return status;
}

static road_status record_reads(const struct run *run, road_list *list)
{
	road_status status = ROAD_OK;

	for (uint32_t i = 0; i < run->arg_count && status == ROAD_OK; i++)
		if (run->buffers[i].result)
			status = road_list_read(list, run->buffers[i].result,
						run->buffers[i].buffer, 0, run->args[i].bytes);
	return status;
}

static road_dim3 dim3_of(const struct run_dim *dim)
{
	return (road_dim3){dim->x, dim->y, dim->z};
}

static road_status record_launch(const struct run *run, road_list *list)
{
	const void **pointers = calloc(run->arg_count + 1u, sizeof(*pointers));
	road_launch launch = {
		.size = sizeof(launch),
		.kernel = run->kernel,
		.grid = dim3_of(&run->grid),
		.block = dim3_of(&run->block),
		.shared_bytes = run->shared_bytes,
		.argument_pointers = pointers,
		.argument_count = run->arg_count,
	};
	road_status status;

	if (!pointers)
		tool_no_memory();
	for (uint32_t i = 0; i < run->arg_count; i++)
		pointers[i] = run->args[i].form == RUN_SCALAR ? (const void *)run->args[i].scalar
							      : &run->buffers[i].address;
	status = road_list_launch(list, &launch);
	free(pointers);
	return status;
}

static double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* All that there is, in pieces that grow. */
static int read_output(struct run *run)
{
	size_t room = 4096, moved;
	road_status status;

	do {
		char *grown = realloc(run->output, room);

		if (!grown)
			tool_no_memory();
		run->output = grown;
		status = road_space_output_read(run->space, run->output + run->output_bytes,
						room - run->output_bytes, &moved);
		if (status != ROAD_OK)
			break;
		run->output_bytes += moved;
		room *= 2;
	} while (moved);
	if (status == ROAD_OK || status == ROAD_UNSUPPORTED)
		return TOOL_OK;
	return library_refuse("reading what the kernel printed", status);
}

void run_print_output(const struct run *run)
{
	if (!run->output_bytes)
		return;
	fwrite(run->output, 1, run->output_bytes, stdout);
	if (run->output[run->output_bytes - 1] != '\n')
		putchar('\n');
}

int run_work(struct run *run)
{
	double start;
	int code = work(run, record_writes, NULL, "writing the arguments");

	if (code)
		return code;
	run->times.size = sizeof(run->times);
	start = seconds_now();
	code = work(run, record_launch, &run->times, run->kernel_name);
	run->wall_seconds = seconds_now() - start;
	if (code) { /* what it printed before it failed may say why */
		(void)read_output(run);
		run_print_output(run);
		return code;
	}
	code = read_output(run);
	return code ? code : work(run, record_reads, NULL, "reading the results");
}
