/* SPDX-License-Identifier: Apache-2.0 */
/* What a run says at its end. */
#include "tools/roadbed/run.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* The simulator's own report; an empty object for a device that is not simulated. */
static struct json_object *device_report(struct run *run)
{
	size_t needed = 0;
	road_status status = road_sim_report(run->device, NULL, 0, &needed);
	struct json_object *report = NULL;
	char *text;

	if (!run->info.simulated || status == ROAD_UNSUPPORTED)
		return json_new();
	text = malloc(needed + 1);
	if (!text)
		tool_no_memory();
	status = road_sim_report(run->device, text, needed + 1, NULL);
	if (status != ROAD_OK)
		library_refuse("reading the report", status);
	else
		report = json_tokener_parse(text);
	if (status == ROAD_OK && !json_object_is_type(report, json_type_object)) {
		tool_refuse(TOOL_FAILURE, "reading the report", "it is no JSON object", "", "");
		json_object_put(report);
		report = NULL;
	}
	free(text);
	return report;
}

static struct json_object *size_json(const struct run_dim *dim)
{
	struct json_object *array = json_new_array();

	json_append(array, json_object_new_uint64(dim->x));
	json_append(array, json_object_new_uint64(dim->y));
	json_append(array, json_object_new_uint64(dim->z));
	return array;
}

static struct json_object *occupancy_json(const struct run *run)
{
	const road_occupancy *occupancy = &run->occupancy;
	struct json_object *object;

	if (!occupancy->warps_max)
		return NULL;
	object = json_new();
	json_add_u64(object, "blocks_per_unit", occupancy->blocks_per_unit);
	json_add_u64(object, "warps_per_unit", occupancy->warps_per_unit);
	json_add_u64(object, "warps_max", occupancy->warps_max);
	json_add_known_text(object, "limit", occupancy->limit);
	return object;
}

static bool has(struct json_object *object, const char *key)
{
	return json_object_object_get_ex(object, key, NULL);
}

static void add_launch(struct json_object *report, const struct run *run)
{
	json_add_text(report, "device", run->address);
	json_add_known_text(report, "device_name", run->info.name);
	json_add_bool(report, "simulated", run->info.simulated);
	json_add_text(report, "image", run->image_path);
	json_add_text(report, "kernel", run->kernel_name);
	json_add(report, "grid", size_json(&run->grid));
	json_add(report, "block", size_json(&run->block));
	json_add_u64(report, "dynamic_shared_bytes", run->shared_bytes);
	json_add_known_u64(report, "registers", run->kernel_info.registers);
	json_add(report, "launch_occupancy", occupancy_json(run));
}

/* Keys that a reader may count on: null where this device does not know them. */
static const char *const promised[] = {
	"cycles",          "virtual_ns", "thread_instructions", "warp_instructions",
	"order_sensitive", "fidelity"};

struct json_object *run_report(struct run *run)
{
	struct json_object *report = device_report(run);
	uint32_t deterministic;

	if (!report)
		return NULL;
	if (!has(report, "schema"))
		json_add_schema(report, "report");
	add_launch(report, run);
	for (size_t i = 0; i < sizeof(promised) / sizeof(promised[0]); i++)
		if (!has(report, promised[i]))
			json_add(report, promised[i], NULL);
	if (run->times.ended >= run->times.started && run->times.ended)
		json_add_u64(report, "kernel_ns", run->times.ended - run->times.started);
	else
		json_add(report, "kernel_ns", NULL);
	if (run->info.simulated)
		run_add_violations(run, report);
	json_add_f64(report, "wall_seconds", run->wall_seconds);
	json_add_bytes(report, "output", run->output, run->output_bytes);
	if (run->info.simulated && road_sim_deterministic(run->device, &deterministic) == ROAD_OK)
		json_add_bool(report, "deterministic", deterministic);
	else if (!has(report, "deterministic"))
		json_add(report, "deterministic", NULL);
	return report;
}

static void line(const char *name)
{
	printf("%-16s", name);
}

/* Those of the launch; of a chip that does not tell them apart, all. */
static void cycles_line(struct json_object *report)
{
	uint64_t cycles;

	line("cycles");
	if (json_get_u64(report, "launch_cycles", &cycles) ||
	    json_get_u64(report, "cycles", &cycles))
		printf("%" PRIu64 "\n", cycles);
	else
		puts("unknown");
}

static void time_line(const struct run *run, struct json_object *report)
{
	uint64_t ns;

	line(run->info.simulated ? "estimated time" : "time");
	if (json_get_u64(report, "kernel_ns", &ns))
		printf("%.3f us", (double)ns / 1000);
	else
		printf("unknown");
	puts(run->info.simulated ? " (uncalibrated)" : "");
}

static void speed_line(const struct run *run, struct json_object *report)
{
	uint64_t warps;

	line("simulated speed");
	if (json_get_u64(report, "warp_instructions", &warps) && run->wall_seconds > 0)
		printf("%.4g warp-instr/s (%" PRIu64 " in %.3g s)\n",
		       (double)warps / run->wall_seconds, warps, run->wall_seconds);
	else
		printf("unknown (%.3g s)\n", run->wall_seconds);
}

static void occupancy_line(const road_occupancy *occupancy)
{
	line("occupancy");
	if (occupancy->warps_max)
		printf("%u workgroups and %u of %u warps a unit, bounded by %s\n",
		       occupancy->blocks_per_unit, occupancy->warps_per_unit, occupancy->warps_max,
		       occupancy->limit[0] ? occupancy->limit : "unknown");
	else
		puts("unknown");
}

static void flag_line(struct json_object *report, const char *name, const char *key)
{
	bool value;

	line(name);
	puts(!json_get_bool(report, key, &value) ? "unknown" : value ? "yes" : "no");
}

void run_summary(const struct run *run, struct json_object *report)
{
	line("kernel");
	printf("%s, grid %u,%u,%u, block %u,%u,%u\n", run->kernel_name, run->grid.x, run->grid.y,
	       run->grid.z, run->block.x, run->block.y, run->block.z);
	line("device");
	printf("%s, %s (%s)\n", run->address,
	       run->info.name[0] ? run->info.name : "of unknown name",
	       word_of_simulated(run->info.simulated));
	if (run->info.simulated)
		cycles_line(report);
	time_line(run, report);
	if (run->info.simulated) {
		speed_line(run, report);
		flag_line(report, "deterministic", "deterministic");
		flag_line(report, "order-sensitive", "order_sensitive");
	}
	occupancy_line(&run->occupancy);
	if (!strcmp(run->info.bus, "sock")) {
		line("counts");
		puts("of the whole served chip, since its server began");
	}
}
