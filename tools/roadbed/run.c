/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `roadbed run`: one launch of one kernel. Everything that can be wrong with the words is found
 * before a device is opened, and nothing is written until all has gone well.
 */
#include "tools/roadbed/run.h"

#include "tools/roadbed/verbs.h"

#include <stdlib.h>
#include <string.h>

static int parse_args(struct run *run, int count, char **argv, struct tool_error *error)
{
	run->args = calloc((size_t)count + 1, sizeof(*run->args));
	run->buffers = calloc((size_t)count + 1, sizeof(*run->buffers));
	if (!run->args || !run->buffers)
		tool_no_memory();
	for (int i = 0; i < count; i++, run->arg_count++)
		if (run_arg_parse(argv[i], (unsigned)i, &run->args[i], error))
			return -1;
	return 0;
}

static int parse_sizes(struct run *run, const char *grid, const char *block, const char *shared,
		       struct tool_error *error)
{
	uint64_t bytes = 0;

	if (!grid || !block)
		return tool_error_set(error, grid ? "--block" : "--grid", "is missing", "",
				      "X[,Y[,Z]]");
	if (run_dim_parse("--grid", grid, &run->grid, error) ||
	    run_dim_parse("--block", block, &run->block, error))
		return -1;
	if (shared && !tool_number(shared, strlen(shared), UINT32_MAX, &bytes))
		return tool_error_set(error, "--shared", "is no size", shared,
				      "0 to 4294967295 bytes");
	run->shared_bytes = (uint32_t)bytes;
	return 0;
}

/* What is asked for needs options of the device. */
static int make_address(struct run *run, const char *given, struct tool_error *error)
{
	char *plain;
	int result;

	if (!run->trace_path)
		plain = strdup(given);
	else if (run_address_with("--trace", given, "time", "trace", &plain, error))
		return -1;
	if (!plain)
		tool_no_memory();
	if (!run->lines || !strstr(plain, "sim:")) { /* what is real will be refused by name */
		run->address = plain;
		return 0;
	}
	result = run_address_with("--lines", plain, "lines", "1", &run->address, error);
	free(plain);
	return result;
}

static int parse(struct run *run, int argc, char **argv, struct tool_error *error)
{
	const char *grid = NULL, *block = NULL, *shared = NULL;
	const struct tool_option options[] = {
		{"--grid", NULL, &grid},
		{"--block", NULL, &block},
		{"--shared", NULL, &shared},
		{"--report", NULL, &run->report_path},
		{"--trace", NULL, &run->trace_path},
		{"--what-if", &run->what_if, NULL},
		{"--doubt", &run->doubt, NULL},
		{"--lines", &run->lines, NULL},
		{"--json", &run->json, NULL},
		{NULL, NULL, NULL},
	};
	int left;

	if (tool_options(options, argc, argv, &left, error))
		return -1;
	if (left < 3)
		return tool_error_set(error, "run", "needs DEVICE IMAGE KERNEL",
				      left ? argv[left - 1] : "nothing",
				      "roadbed run DEVICE IMAGE KERNEL --grid X --block X ARG…");
	run->image_path = argv[1];
	run->kernel_name = argv[2];
	if (parse_sizes(run, grid, block, shared, error) ||
	    parse_args(run, left - 3, argv + 3, error))
		return -1;
	return make_address(run, argv[0], error);
}

int run_refuse(const struct tool_error *error, int code)
{
	tool_error_print(error);
	return code;
}

void run_close(struct run *run)
{
	for (uint32_t i = 0; i < run->arg_count; i++) {
		road_buffer_release(run->buffers[i].buffer);
		run->buffers[i].buffer = NULL;
	}
	road_kernel_release(run->kernel);
	road_image_release(run->image);
	road_queue_release(run->queue);
	road_space_release(run->space);
	road_device_release(run->device);
	road_instance_release(run->instance);
	run->kernel = NULL;
	run->image = NULL;
	run->queue = NULL;
	run->space = NULL;
	run->device = NULL;
	run->instance = NULL;
}

void run_forget(struct run *run)
{
	run_close(run);
	for (uint32_t i = 0; i < run->arg_count; i++) {
		free(run->buffers[i].data);
		free(run->buffers[i].result);
	}
	free(run->buffers);
	free(run->output);
	free(run->address);
}

static void run_free(struct run *run)
{
	run_forget(run);
	for (uint32_t i = 0; i < run->arg_count; i++)
		run_arg_free(&run->args[i]);
	file_abandon(&run->files);
	free(run->args);
}

int verb_run(int argc, char **argv)
{
	struct run run = {0};
	struct tool_error error;
	int code = TOOL_OK;

	if (parse(&run, argc, argv, &error))
		code = run_refuse(&error, TOOL_USAGE);
	if (!code)
		code = run_open_device(&run);
	if (!code)
		code = run_load_kernel(&run);
	if (!code)
		code = run_check_args(&run);
	if (!code)
		code = run_make_buffers(&run);
	if (!code)
		code = run_work(&run);
	if (!code)
		code = run_finish(&run);
	run_free(&run);
	return code;
}
