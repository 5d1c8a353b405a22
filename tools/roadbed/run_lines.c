/* SPDX-License-Identifier: Apache-2.0 */
/* `--lines`: what each line of the kernel's PTX cost on the simulated chip, the line beside it. */
#include "tools/roadbed/run.h"

#include "tools/roadbed/source.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN            12u /* lines in the table for people */
#define SOURCE_BYTES_MAX (UINT64_C(1) << 30)

static const struct {
	const char *key, *text; /* in the document; for people */
	size_t offset;
} stalls[] = {
	{"barrier", "barrier", offsetof(road_sim_line, stall_barrier)},
	{"memory", "memory", offsetof(road_sim_line, stall_memory)},
	{"dependence", "dependence", offsetof(road_sim_line, stall_dependence)},
	{"unit", "unit busy", offsetof(road_sim_line, stall_unit)},
	{"not_selected", "not selected", offsetof(road_sim_line, stall_not_selected)},
};

enum { STALLS = sizeof(stalls) / sizeof(stalls[0]) };

static uint64_t stall_of(const road_sim_line *line, unsigned i)
{
	return *(const uint64_t *)(const void *)((const char *)line + stalls[i].offset);
}

/* ---- the document ---- */

static void add_timed(struct json_object *row, const road_sim_line *line)
{
	struct json_object *causes = json_new();

	json_add(row, "stalls", causes);
	for (unsigned i = 0; i < STALLS; i++)
		json_add_u64(causes, stalls[i].key, stall_of(line, i));
	json_add_u64(row, "sectors", line->sectors);
	json_add_u64(row, "sectors_ideal", line->sectors_ideal);
	json_add_u64(row, "replays", line->replays);
}

static void add_source(struct json_object *row, const struct source_line *source)
{
	char place[256] = "";

	json_add_known_text(row, "text", source ? source->text : "");
	if (source && source->file)
		snprintf(place, sizeof(place), "%.200s:%" PRIu32, source->file, source->line);
	json_add_known_text(row, "source", place);
}

static struct json_object *row_of(const struct run *run, const road_sim_line *line,
				  const struct source *source)
{
	struct json_object *row = json_new();
	char name[128];

	snprintf(name, sizeof(name), "%.100s:%" PRIu32, run->kernel_name, line->line);
	json_add_text(row, "name", name);
	json_add_u64(row, "line", line->line);
	add_source(row, source_line(source, line->line));
	json_add_u64(row, "issues", line->issues);
	json_add_u64(row, "lanes", line->lanes);
	if (line->issues)
		json_add_f64(row, "active_lanes", (double)line->lanes / (double)line->issues);
	else
		json_add(row, "active_lanes", NULL);
	json_add_u64(row, "spills", line->spills);
	if (line->timed)
		add_timed(row, line);
	return row;
}

static void read_source(const struct run *run, struct source *source)
{
	struct tool_error error;
	size_t bytes;
	void *data;

	*source = (struct source){0};
	if (file_read(run->image_path, SOURCE_BYTES_MAX, &data, &bytes, &error))
		return; /* it was there when the kernel was loaded: the numbers stand alone */
	source_read(data, bytes, source);
	free(data);
}

int run_lines(const struct run *run, struct json_object *report)
{
	road_sim_line line = {.size = sizeof(line)};
	struct json_object *rows = json_new_array();
	struct source source;
	road_status status;

	read_source(run, &source);
	json_add(report, "lines", rows);
	for (uint32_t i = 0; (status = road_sim_line_get(run->device, i, &line)) == ROAD_OK; i++)
		json_append(rows, row_of(run, &line, &source));
	source_free(&source);
	return status == ROAD_NOT_FOUND ? TOOL_OK : library_refuse("reading the lines", status);
}

/* ---- for people ---- */

struct shown {
	struct json_object *row;
	uint64_t cost; /* cycles of warps; where time is not modelled, issues */
	uint64_t line;
	uint64_t stall[STALLS];
};

static int by_cost(const void *a, const void *b)
{
	const struct shown *x = a, *y = b;

	if (x->cost != y->cost)
		return x->cost < y->cost ? 1 : -1;
	return x->line < y->line ? -1 : x->line > y->line;
}

static uint64_t number(struct json_object *row, const char *key)
{
	uint64_t value;

	return json_get_u64(row, key, &value) ? value : 0;
}

static void weigh(struct json_object *row, struct shown *out)
{
	struct json_object *causes;

	*out = (struct shown){
		.row = row, .cost = number(row, "issues"), .line = number(row, "line")};
	if (!json_object_object_get_ex(row, "stalls", &causes))
		return;
	for (unsigned i = 0; i < STALLS; i++) {
		out->stall[i] = number(causes, stalls[i].key);
		out->cost += out->stall[i];
	}
}

/* The cause that most of the line's stalls have. */
static void print_cause(const struct shown *shown)
{
	unsigned most = 0;
	char text[32] = "-";

	for (unsigned i = 1; i < STALLS; i++)
		if (shown->stall[i] > shown->stall[most])
			most = i;
	if (shown->stall[most])
		snprintf(text, sizeof(text), "%s %.0f %%", stalls[most].text,
			 100 * (double)shown->stall[most] / (double)shown->cost);
	printf(" %-18s", text);
}

static void print_timed(const struct shown *shown)
{
	if (!json_object_object_get_ex(shown->row, "stalls", NULL))
		return;
	print_cause(shown);
	printf(" %9" PRIu64 " %9" PRIu64 " %8" PRIu64, number(shown->row, "sectors"),
	       number(shown->row, "sectors_ideal"), number(shown->row, "replays"));
}

static void print_line(const struct shown *shown, uint64_t whole)
{
	const char *text = json_get_text(shown->row, "text");
	const char *source = json_get_text(shown->row, "source");
	double lanes = 0;

	printf("%7" PRIu64 " %6.1f %%", shown->line, 100 * (double)shown->cost / (double)whole);
	printf(" %10" PRIu64, number(shown->row, "issues"));
	if (json_get_f64(shown->row, "active_lanes", &lanes))
		printf(" %5.1f", lanes);
	else
		printf(" %5s", "-");
	print_timed(shown);
	printf(" %8" PRIu64 "  %s", number(shown->row, "spills"), text ? text : "");
	if (source)
		printf("  // %s", source);
	puts("");
}

static void print_head(bool timed, size_t shown, size_t count)
{
	printf("%-16s the %zu that cost most of %zu, %s\n", "lines", shown, count,
	       timed ? "in cycles of resident warps, issues and stalls" : "in issues");
	printf("%7s %8s %10s %5s", "LINE", timed ? "CYCLES" : "ISSUED", "ISSUES", "LANES");
	if (timed)
		printf(" %-18s %9s %9s %8s", "MOSTLY", "SECTORS", "IDEAL", "REPLAYS");
	printf(" %8s  %s\n", "SPILLS", "PTX");
}

void run_lines_summary(struct json_object *report)
{
	struct json_object *rows;
	struct shown *shown;
	uint64_t whole = 0;
	size_t count, most;

	if (!json_object_object_get_ex(report, "lines", &rows))
		return;
	count = json_object_array_length(rows);
	shown = calloc(count + 1, sizeof(*shown));
	if (!shown)
		tool_no_memory();
	for (size_t i = 0; i < count; i++) {
		weigh(json_object_array_get_idx(rows, i), &shown[i]);
		whole += shown[i].cost;
	}
	qsort(shown, count, sizeof(*shown), by_cost);
	for (most = 0; most < count && most < SHOWN && shown[most].cost;)
		most++;
	print_head(count && json_object_object_get_ex(shown[0].row, "stalls", NULL), most, count);
	for (size_t i = 0; i < most; i++)
		print_line(&shown[i], whole);
	free(shown);
}
