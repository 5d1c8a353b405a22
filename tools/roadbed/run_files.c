/* SPDX-License-Identifier: Apache-2.0 */
/* What a run leaves behind: files, all or none, then the summary. */
#include "tools/roadbed/run.h"

static int write_file(struct run *run, const char *path, const void *data, size_t bytes)
{
	struct tool_error error;
	int fd;

	if (file_add(&run->files, path, &fd, &error) || file_write(fd, path, data, bytes, &error))
		return run_refuse(&error, TOOL_FAILURE);
	return TOOL_OK;
}

static int write_trace(struct run *run)
{
	struct tool_error error;
	road_status status;
	int fd;

	if (!run->trace_path)
		return TOOL_OK;
	if (file_add(&run->files, run->trace_path, &fd, &error))
		return run_refuse(&error, TOOL_FAILURE);
	status = road_sim_trace(run->device, fd);
	return status == ROAD_OK ? TOOL_OK : library_refuse(run->trace_path, status);
}

static int write_report(struct run *run, struct json_object *report)
{
	size_t bytes;
	const char *text;

	if (!run->report_path)
		return TOOL_OK;
	text = json_text(report, &bytes);
	return write_file(run, run->report_path, text, bytes);
}

/* What needs the device, or its results. */
static int keep_results(struct run *run)
{
	int code = TOOL_OK;

	for (uint32_t i = 0; i < run->arg_count && !code; i++)
		if (run->buffers[i].result)
			code = write_file(run, run->args[i].out_path, run->buffers[i].result,
					  run->args[i].bytes);
	return code ? code : write_trace(run);
}

static int finish_files(struct run *run, struct json_object *report)
{
	struct tool_error error;
	int code = write_report(run, report);

	if (!code && file_commit(&run->files, &error))
		code = run_refuse(&error, TOOL_FAILURE);
	return code;
}

int run_finish(struct run *run)
{
	struct json_object *report = run_report(run);
	int code;

	if (!report)
		return TOOL_FAILURE;
	code = keep_results(run);
	if (!code && run->lines)
		code = run_lines(run, report);
	if (!code && (run->what_if || run->doubt))
		code = run_variants(run, report);
	if (!code)
		code = finish_files(run, report);
	if (!code && run->json)
		return json_print(report);
	if (!code) {
		run_print_output(run);
		run_summary(run, report);
		run_queues_summary(report);
		run_lines_summary(report);
		run_variants_summary(report);
	}
	json_object_put(report);
	return code;
}
