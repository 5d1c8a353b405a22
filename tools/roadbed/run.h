/* SPDX-License-Identifier: Apache-2.0 */
/* One `roadbed run`: what was asked for, what was made for it, what came out. */
#ifndef TOOLS_ROADBED_RUN_H
#define TOOLS_ROADBED_RUN_H

#include "tools/roadbed/files.h"
#include "tools/roadbed/json.h"
#include "tools/roadbed/library.h"
#include "tools/roadbed/run_args.h"

struct run_buffer {
	road_buffer *buffer;
	uint64_t address;
	void *data;   /* as it starts; NULL: zeros */
	void *result; /* read back; NULL: not wanted */
};

struct run {
	/* the command line */
	const char *image_path, *kernel_name, *report_path, *trace_path;
	char *address;
	bool json;
	bool what_if, doubt; /* further runs, on other chips than asked for */
	bool lines;          /* what each line of the kernel cost */
	struct run_dim grid, block;
	uint32_t shared_bytes;
	struct run_arg *args;
	uint32_t arg_count;

	/* the objects, parents first */
	road_instance *instance;
	road_device *device;
	road_space *space;
	road_queue *queue;
	road_image *image;
	road_kernel *kernel;
	struct run_buffer *buffers; /* one per argument; empty for scalars */

	/* the result */
	road_device_info info;
	road_kernel_info kernel_info;
	road_occupancy occupancy; /* warps_max 0: unknown */
	road_times times;
	double wall_seconds;
	char *output; /* what the kernel printed; NULL: nothing, or it cannot */
	size_t output_bytes;
	struct file_set files;
};

/* The steps, in this order. They say what is wrong themselves and answer an exit code. */
int run_open_device(struct run *run);
int run_use_device(struct run *run); /* second half of the above */
int run_load_kernel(struct run *run);
int run_check_args(const struct run *run);
int run_make_buffers(struct run *run);
int run_work(struct run *run);
int run_finish(struct run *run);
void run_print_output(const struct run *run);
/* Closes what the steps opened; results and the command line stay. */
void run_close(struct run *run);
/* That, and frees its results; of the command line only the address. */
void run_forget(struct run *run);

/* Runs the same on changed chips and adds what came out to the report. Closes run's device. */
int run_variants(struct run *run, struct json_object *report);
void run_variants_summary(struct json_object *report);

/* Adds what each line of the kernel cost to the report, as "lines". */
int run_lines(const struct run *run, struct json_object *report);
void run_lines_summary(struct json_object *report);

/* Prints the error; answers code. */
int run_refuse(const struct tool_error *error, int code);

/* The report as a document: what the simulator says, with what only the tool knows. The caller
 * puts it. NULL: refused, and said why. */
struct json_object *run_report(struct run *run);
/* The summary for people; report is the document above. */
void run_summary(const struct run *run, struct json_object *report);
void run_add_violations(const struct run *run, struct json_object *report);
/* Violations; queues inside cores, of chips that have some. */
void run_queues_summary(struct json_object *report);

#endif
