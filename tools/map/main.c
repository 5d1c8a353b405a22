/* SPDX-License-Identifier: Apache-2.0 */
/* roadbed-map: maps dataflow graphs to the RPU's fabric. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/map/container.h"
#include "tools/map/engine.h"
#include "tools/map/map.h"
#include "tools/map/ops.h"
#include "tools/roadbed/files.h"

static const char usage[] =
	"usage:\n"
	"  roadbed-map GRAPH… [-o IMAGE] [--chip NAME] [--fabric torus=1,mul=3,…] [--interval N]\n"
	"              [--most N] [--seed N] [--attempts N] [--scratch BYTES] [--bounds]\n"
	"              [--placement]\n"
	"      maps each dataflow graph to a configuration of the RPU's fabric, checks it, and "
	"prints\n"
	"      its initiation interval with the bounds that no mapping is below; a file of\n"
	"      statements `neur` gives kernels of the matrix engine, which are not mapped\n"
	"      -o           writes the configurations as an image, one container a graph\n"
	"      --chip       whose fabric, by the name of its chip file; without: " MAP_CHIP_DEFAULT
	"\n"
	"      --fabric     what differs from it: rows=, columns=, registers=, streams=, banks=,\n"
	"                   torus=, memory_all=, stepwise=, a class as LATENCY or\n"
	"                   LATENCY/INTERVAL: alu=, mul=, div=12/12, fadd=, fmul=, fma=, cvt=,\n"
	"                   table=, dot=, mem=\n"
	"      --interval   the first initiation interval to try; without: the bound\n"
	"      --most       the last one, up to 16\n"
	"      --seed       another search; equal seeds make equal images, on every machine\n"
	"      --attempts   searches for each interval, without: 144\n"
	"      --scratch    bytes of the scratchpad that the image claims\n"
	"                   (those at constant addresses)\n"
	"      --bounds     prints the bounds and maps nothing\n"
	"      --placement  prints where and when each operation begins\n"
	"  roadbed-map --help | --version\n";

struct job {
	const char *image, *chip, *fabric_text, *interval, *most, *seed, *attempts, *scratch;
	bool bounds, placement;
	struct map_fabric fabric;
	struct map_options options;
	uint32_t scratch_bytes;
	struct map_graph graph;
	struct map_mapping mapping;
	uint8_t *out; /* containers so far */
	size_t out_bytes;
};

static int number_option(const char *name, const char *text, uint64_t least, uint64_t most,
			 uint64_t *value, struct tool_error *error)
{
	if (!text)
		return 0;
	if (tool_number(text, strlen(text), most, value) && *value >= least)
		return 0;
	return tool_error_allow(error, name, "no such number", text, "%llu to %llu",
				(unsigned long long)least, (unsigned long long)most);
}

static int parse_numbers(struct job *job, struct tool_error *error)
{
	uint64_t least = 0, most = 0, seed = map_options_default.seed, scratch = 0;
	uint64_t attempts = map_options_default.attempts;

	if (number_option("--interval", job->interval, 1, ROAD_RPU_INTERVAL_MAX, &least, error) ||
	    number_option("--most", job->most, 1, ROAD_RPU_INTERVAL_MAX, &most, error) ||
	    number_option("--seed", job->seed, 0, UINT32_MAX, &seed, error) ||
	    number_option("--attempts", job->attempts, 1, 100000, &attempts, error) ||
	    number_option("--scratch", job->scratch, 0, 1u << 30, &scratch, error))
		return -1;
	job->options.least = (unsigned)least;
	job->options.most = (unsigned)most;
	job->options.seed = seed;
	job->options.attempts = (unsigned)attempts;
	job->scratch_bytes = (uint32_t)scratch;
	return 0;
}

static int choose_chip(struct job *job, struct tool_error *error)
{
	const struct map_fabric *fabric = map_fabric_of(job->chip ? job->chip : MAP_CHIP_DEFAULT);
	char names[256];

	if (!fabric) {
		map_fabric_chips(names, sizeof(names));
		return tool_error_set(error, "--chip", "no RPU of this name", job->chip, names);
	}
	job->fabric = *fabric;
	return 0;
}

static int parse(struct job *job, int argc, char **argv, int *left, struct tool_error *error)
{
	const struct tool_option options[] = {
		{"-o", NULL, &job->image},
		{"--chip", NULL, &job->chip},
		{"--fabric", NULL, &job->fabric_text},
		{"--interval", NULL, &job->interval},
		{"--most", NULL, &job->most},
		{"--seed", NULL, &job->seed},
		{"--attempts", NULL, &job->attempts},
		{"--scratch", NULL, &job->scratch},
		{"--bounds", &job->bounds, NULL},
		{"--placement", &job->placement, NULL},
		{NULL, NULL, NULL},
	};
	struct map_error bad;

	if (tool_options(options, argc, argv, left, error))
		return -1;
	if (!*left)
		return tool_error_set(error, "command line", "no graph", "", "GRAPH…");
	if (choose_chip(job, error))
		return -1;
	if (job->fabric_text && map_fabric_set(&job->fabric, job->fabric_text, &bad))
		return tool_error_set(error, "--fabric", bad.what, bad.seen, bad.allowed);
	return parse_numbers(job, error);
}

/* FILE:LINE:COLUMN: error: what; seen: …; allowed: … */
static int report(const char *file, const struct map_error *error)
{
	fputs(file, stderr);
	if (error->line)
		fprintf(stderr, ":%u:%u", error->line, error->column);
	fprintf(stderr, ": error: %s; seen: %s; allowed: %s\n", error->what, error->seen,
		error->allowed);
	return -1;
}

static void print_placement(const struct job *job)
{
	for (unsigned n = 0; n < job->graph.node_count; n++) {
		unsigned time = job->mapping.places[n].time;
		unsigned element = job->mapping.places[n].element;

		printf("  %-8s %-8s row %u column %u step %u stage %u\n",
		       map_ops[job->graph.nodes[n].op].name, job->graph.nodes[n].name,
		       element / job->fabric.columns, element % job->fabric.columns,
		       time % job->mapping.interval, time / job->mapping.interval);
	}
}

static void print_result(const struct job *job, const struct map_bounds *bounds)
{
	printf("%s: %u operations, ResMII %u, RecMII %u, memMII %u, bound %u", job->graph.name,
	       job->graph.node_count, bounds->resource, bounds->recurrence, bounds->memory,
	       bounds->least);
	if (!job->bounds)
		printf(", II %u, length %u", job->mapping.interval, job->mapping.length);
	putchar('\n');
	if (job->placement && !job->bounds)
		print_placement(job);
}

static void append(struct job *job, void *container, size_t bytes)
{
	uint8_t *more = container ? realloc(job->out, job->out_bytes + bytes) : NULL;

	if (!more)
		tool_no_memory();
	memcpy(more + job->out_bytes, container, bytes);
	job->out = more;
	job->out_bytes += bytes;
	free(container);
}

static int engines_text(struct job *job, const char *file, const char *text, size_t text_bytes)
{
	struct map_engines engines;
	struct map_error error;
	void *container;
	size_t bytes;

	if (map_engines_parse(text, text_bytes, &engines, &error))
		return report(file, &error);
	for (unsigned i = 0; i < engines.count; i++) {
		printf("%s: a kernel of the engine NEUR\n", (const char *)engines.kernels[i].name);
		container = map_engine_container(&engines.kernels[i], &bytes);
		append(job, container, bytes);
	}
	return 0;
}

/* Claims what was asked for; if nothing was, what the graph names. */
static void *enclose(const struct job *job, const struct road_rpu_config *config, size_t *bytes)
{
	struct road_config_claim claims[MAP_SCRATCH_CLAIMS];

	if (job->scratch)
		return map_container(config, job->scratch_bytes, bytes);
	return map_container_claiming(config, claims, map_scratch(&job->graph, claims), bytes);
}

static int map_text(struct job *job, const char *file, const char *text, size_t text_bytes)
{
	struct map_bounds bounds;
	struct map_error error;
	void *config, *container;
	size_t bytes;

	if (map_graph_parse(text, text_bytes, &job->graph, &error))
		return report(file, &error);
	bounds = map_bounds(&job->graph, &job->fabric);
	if (job->bounds) {
		print_result(job, &bounds);
		return 0;
	}
	if (map_run(&job->graph, &job->fabric, &job->options, &job->mapping, &error))
		return report(file, &error);
	config = map_emit(&job->graph, &job->fabric, &job->mapping, &bytes, &error);
	if (!config)
		return report(file, &error);
	print_result(job, &bounds);
	container = enclose(job, config, &bytes);
	append(job, container, bytes);
	free(config);
	return 0;
}

static int map_file(struct job *job, const char *file)
{
	struct tool_error error;
	size_t bytes;
	void *text;
	int result;

	if (file_read(file, MAP_TEXT_MAX, &text, &bytes, &error)) {
		tool_error_print(&error);
		return -1;
	}
	result = map_is_engines(text, bytes) ? engines_text(job, file, text, bytes)
					     : map_text(job, file, text, bytes);
	free(text);
	return result;
}

static int write_image(const struct job *job)
{
	struct file_set set = {0};
	struct tool_error error;
	int fd, result;

	if (!job->image || job->bounds)
		return 0;
	result = file_add(&set, job->image, &fd, &error) ||
		 file_write(fd, job->image, job->out, job->out_bytes, &error) ||
		 file_commit(&set, &error);
	file_abandon(&set);
	if (result)
		tool_error_print(&error);
	return result ? -1 : 0;
}

static int run(struct job *job, int argc, char **argv)
{
	struct tool_error error;
	int left, result = TOOL_OK;

	job->options = map_options_default;
	if (parse(job, argc, argv, &left, &error)) {
		tool_error_print(&error);
		return TOOL_USAGE;
	}
	for (int i = 0; i < left && result == TOOL_OK; i++)
		if (map_file(job, argv[i]))
			result = TOOL_FAILURE;
	if (result == TOOL_OK && (write_image(job) || fflush(stdout)))
		result = TOOL_FAILURE;
	free(job->out);
	return result;
}

int main(int argc, char **argv)
{
	struct job *job;
	int result;

	if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")))
		return fputs(usage, stdout) < 0 || fflush(stdout) ? TOOL_FAILURE : TOOL_OK;
	if (argc == 2 && !strcmp(argv[1], "--version"))
		return printf("roadbed-map %s\n", ROADBED_VERSION) < 0 || fflush(stdout)
			       ? TOOL_FAILURE
			       : TOOL_OK;
	job = calloc(1, sizeof(*job));
	if (!job)
		tool_no_memory();
	result = run(job, argc - 1, argv + 1);
	free(job);
	return result;
}
