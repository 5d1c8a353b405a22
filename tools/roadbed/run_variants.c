/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same run on changed chips. `--what-if`: with one cost made free, to see what it is worth.
 * `--doubt`: with each assumed parameter 20 % lower and higher, to see how far the estimate can be
 * trusted. A chip's identity allows one set of options at a time, so each variant opens it anew.
 */
#include "tools/roadbed/run.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DOUBT    0.2
#define TOP      3
#define LIST_MAX 1024u

/* ---- one variant ---- */

static char *variant_address(const char *address, const char *option)
{
	size_t bytes = strlen(address) + strlen(option) + 2;
	char *text = malloc(bytes);

	if (!text)
		tool_no_memory();
	snprintf(text, bytes, "%s%c%s", address, strchr(address, '?') ? '&' : '?', option);
	return text;
}

/* Opens the device; 1: these values cannot be had (the chip's parameters do not go together). */
static int open_variant(struct run *run)
{
	road_status status;
	int code = library_open(&run->instance);

	if (code)
		return -1;
	status = road_device_open(run->instance, run->address, &run->device);
	if (status == ROAD_INVALID_ARGUMENT)
		return 1;
	if (status == ROAD_OK)
		return run_use_device(run) ? -1 : 0;
	library_refuse(run->address, status);
	return -1;
}

static bool cycles_of(struct run *run, uint64_t *cycles)
{
	struct json_object *report = run_report(run);
	bool known = report && json_get_u64(report, "launch_cycles", cycles);

	json_object_put(report);
	return known;
}

/* 0: ran; 1: cannot be had; -1: failed, and said so. option "" is the chip as it is. */
static int run_variant(const struct run *of, const char *option, uint64_t *cycles)
{
	struct run run = {.image_path = of->image_path,
			  .kernel_name = of->kernel_name,
			  .grid = of->grid,
			  .block = of->block,
			  .shared_bytes = of->shared_bytes,
			  .args = of->args,
			  .arg_count = of->arg_count};
	int result;

	run.address = variant_address(of->address, option);
	run.buffers = calloc((size_t)run.arg_count + 1, sizeof(*run.buffers));
	if (!run.buffers)
		tool_no_memory();
	result = open_variant(&run);
	if (!result && (run_load_kernel(&run) || run_make_buffers(&run) || run_work(&run) ||
			!cycles_of(&run, cycles)))
		result = -1;
	run_forget(&run);
	return result;
}

/* ---- what if ---- */

struct scenario {
	char name[32], text[96];
};

static uint32_t list_scenarios(const struct run *run, struct scenario *out, uint32_t room)
{
	const char *name, *text;
	uint32_t n = 0;

	while (n < room && road_sim_scenario(run->device, n, &name, &text) == ROAD_OK) {
		snprintf(out[n].name, sizeof(out[n].name), "%s", name);
		snprintf(out[n].text, sizeof(out[n].text), "%s", text);
		n++;
	}
	return n;
}

static int what_if(const struct run *run, const struct scenario *scenarios, uint32_t count,
		   uint64_t base, struct json_object *report)
{
	struct json_object *array = json_new_array();

	json_add(report, "what_if", array);
	for (uint32_t i = 0; i < count; i++) {
		struct json_object *row = json_new();
		uint64_t cycles = 0;
		char option[64];
		int result;

		snprintf(option, sizeof(option), "free=%s", scenarios[i].name);
		result = run_variant(run, option, &cycles);
		json_append(array, row);
		json_add_text(row, "name", scenarios[i].name);
		json_add_text(row, "free", scenarios[i].text);
		json_add_known_u64(row, "cycles", cycles);
		if (result < 0)
			return TOOL_FAILURE;
		if (cycles)
			json_add_f64(row, "speed_up", (double)base / (double)cycles);
		else
			json_add(row, "speed_up", NULL);
	}
	return TOOL_OK;
}

/* ---- doubt ---- */

struct doubt {
	char name[64], value[32];
	double less, more; /* change of the cycles with the value lower, higher; NaN: cannot be */
};

static uint32_t list_assumed(const struct run *run, struct doubt *out, uint32_t room)
{
	road_sim_parameter parameter = {.size = sizeof(parameter)};
	uint32_t n = 0;

	for (uint32_t i = 0;
	     n < room && road_sim_parameter_get(run->device, i, &parameter) == ROAD_OK; i++) {
		if (!parameter.settable || strcmp(parameter.kind, "assumed") != 0 ||
		    strtod(parameter.value, NULL) == 0)
			continue;
		snprintf(out[n].name, sizeof(out[n].name), "%s", parameter.name);
		snprintf(out[n].value, sizeof(out[n].value), "%s", parameter.value);
		n++;
	}
	return n;
}

/* The value times `factor`, at least one unit off: whole numbers stay whole. */
static void scaled(const char *value, double factor, char *out, size_t bytes)
{
	double old = strtod(value, NULL), new = old *factor;

	if (strchr(value, '.')) {
		snprintf(out, bytes, "%.3f", new);
		return;
	}
	new = round(new);
	if (new == old)
		new += factor < 1 ? -1 : 1;
	snprintf(out, bytes, "%.0f", new);
}

static int change(const struct run *run, const struct doubt *doubt, double factor, uint64_t base,
		  double *out)
{
	char value[32], option[128];
	uint64_t cycles = 0;
	int result;

	scaled(doubt->value, factor, value, sizeof(value));
	snprintf(option, sizeof(option), "%s=%s", doubt->name, value);
	result = run_variant(run, option, &cycles);
	*out = result ? NAN : (double)cycles - (double)base;
	return result < 0 ? TOOL_FAILURE : TOOL_OK;
}

static double moves(const struct doubt *d)
{
	return fmax(isnan(d->less) ? 0 : fabs(d->less), isnan(d->more) ? 0 : fabs(d->more));
}

static int by_moves(const void *a, const void *b)
{
	double x = moves(a), y = moves(b);

	return x < y   ? 1
	       : x > y ? -1
		       : strcmp(((const struct doubt *)a)->name, ((const struct doubt *)b)->name);
}

static void add_change(struct json_object *row, const char *key, double value)
{
	if (isnan(value))
		json_add(row, key, NULL);
	else
		json_add_f64(row, key, value);
}

/* Parameters are taken as independent: their changes add as squares, each side by itself. */
static void sum_up(struct json_object *out, struct doubt *doubts, uint32_t count, uint64_t base)
{
	double low = 0, high = 0;
	uint32_t fixed = 0;
	struct json_object *top = json_new_array();

	for (uint32_t i = 0; i < count; i++) {
		double least = fmin(0, fmin(doubts[i].less, doubts[i].more));
		double most = fmax(0, fmax(doubts[i].less, doubts[i].more));

		low += least * least;
		high += most * most;
		fixed += isnan(doubts[i].less) && isnan(doubts[i].more);
	}
	qsort(doubts, count, sizeof(*doubts), by_moves);
	json_add_f64(out, "change", DOUBT);
	json_add_u64(out, "assumed_parameters", count);
	json_add_u64(out, "parameters_not_changed", fixed);
	json_add_u64(out, "cycles", base);
	json_add_f64(out, "cycles_low", (double)base - sqrt(low));
	json_add_f64(out, "cycles_high", (double)base + sqrt(high));
	json_add(out, "top", top);
	for (uint32_t i = 0; i < count && i < TOP && moves(&doubts[i]) > 0; i++) {
		struct json_object *row = json_new();

		json_append(top, row);
		json_add_text(row, "name", doubts[i].name);
		json_add_text(row, "value", doubts[i].value);
		add_change(row, "cycles_change_lower", doubts[i].less);
		add_change(row, "cycles_change_higher", doubts[i].more);
	}
}

static int doubt(const struct run *run, struct doubt *doubts, uint32_t count, uint64_t base,
		 struct json_object *report)
{
	struct json_object *out = json_new();
	int code = TOOL_OK;

	json_add(report, "doubt", out);
	for (uint32_t i = 0; i < count && !code; i++) {
		code = change(run, &doubts[i], 1 - DOUBT, base, &doubts[i].less);
		if (!code)
			code = change(run, &doubts[i], 1 + DOUBT, base, &doubts[i].more);
	}
	if (!code)
		sum_up(out, doubts, count, base);
	return code;
}

/* ---- both ---- */

/* Cycles that mean something: of a chip that models time. */
static int check_base(const struct run *run, struct json_object *report, uint64_t *base)
{
	const char *asked = run->what_if ? "--what-if" : "--doubt";
	struct json_object *fidelity;
	const char *time = NULL;

	if (json_object_object_get_ex(report, "fidelity", &fidelity))
		time = json_get_text(fidelity, "time");
	if (!time || !strcmp(time, "functional") || !json_get_u64(report, "launch_cycles", base))
		return tool_refuse(TOOL_FAILURE, asked, "the device does not model time",
				   run->address, "a sim: device with time=approx or time=trace");
	return TOOL_OK;
}

int run_variants(struct run *run, struct json_object *report)
{
	struct scenario *scenarios = calloc(LIST_MAX, sizeof(*scenarios));
	struct doubt *doubts = calloc(LIST_MAX, sizeof(*doubts));
	uint32_t scenario_count, doubt_count;
	uint64_t base = 0;
	int code;

	if (!scenarios || !doubts)
		tool_no_memory();
	code = check_base(run, report, &base);
	if (!code) {
		scenario_count = list_scenarios(run, scenarios, LIST_MAX);
		doubt_count = list_assumed(run, doubts, LIST_MAX);
		run_close(run);
		if (run->what_if)
			code = what_if(run, scenarios, scenario_count, base, report);
		if (!code && run->doubt)
			code = doubt(run, doubts, doubt_count, base, report);
	}
	free(scenarios);
	free(doubts);
	return code;
}

/* ---- for people ---- */

static void what_if_lines(struct json_object *rows)
{
	puts("what if          cycles      speed-up  then free");
	for (size_t i = 0; i < json_object_array_length(rows); i++) {
		struct json_object *row = json_object_array_get_idx(rows, i);
		uint64_t cycles;
		double speed_up;

		printf("  %-14s ", json_get_text(row, "name"));
		if (json_get_u64(row, "cycles", &cycles) &&
		    json_get_f64(row, "speed_up", &speed_up))
			printf("%-11" PRIu64 " %-9.2f", cycles, speed_up);
		else
			printf("%-21s", "unknown");
		printf(" %s\n", json_get_text(row, "free"));
	}
}

static void print_change(struct json_object *row, const char *key, double base)
{
	double value;

	if (json_get_f64(row, key, &value))
		printf("  %+8.2f %%", 100 * value / base);
	else
		printf("  %10s", "cannot be");
}

static void doubt_lines(struct json_object *doubt)
{
	double low, high, base;
	uint64_t assumed, fixed;
	struct json_object *top;

	if (!json_get_f64(doubt, "cycles_low", &low) ||
	    !json_get_f64(doubt, "cycles_high", &high) || !json_get_f64(doubt, "cycles", &base) ||
	    !json_get_u64(doubt, "assumed_parameters", &assumed) ||
	    !json_get_u64(doubt, "parameters_not_changed", &fixed) ||
	    !json_object_object_get_ex(doubt, "top", &top))
		return;
	printf("doubt            %.0f to %.0f cycles, with each of %" PRIu64
	       " assumed parameters %.0f %% off",
	       low, high, assumed, 100 * DOUBT);
	if (fixed)
		printf(" (%" PRIu64 " cannot be changed alone)", fixed);
	puts("");
	for (size_t i = 0; i < json_object_array_length(top); i++) {
		struct json_object *row = json_object_array_get_idx(top, i);

		printf("  %-22s %-10s lower", json_get_text(row, "name"),
		       json_get_text(row, "value"));
		print_change(row, "cycles_change_lower", base);
		printf("   higher");
		print_change(row, "cycles_change_higher", base);
		puts("");
	}
}

void run_variants_summary(struct json_object *report)
{
	struct json_object *part;

	if (json_object_object_get_ex(report, "what_if", &part))
		what_if_lines(part);
	if (json_object_object_get_ex(report, "doubt", &part))
		doubt_lines(part);
}
