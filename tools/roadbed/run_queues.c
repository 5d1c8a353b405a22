/* SPDX-License-Identifier: Apache-2.0 */
/* What a run says beyond the launch: rules of the chip that were broken, and, of chips with queues
 * inside their cores, what each of these did. */
#include <inttypes.h>

#include "tools/roadbed/run.h"

enum { TEXT_BYTES = 256, SHOWN = 8 };

/* Violations are the driver's or the kernel's faults that the chip noticed, hazards among them. */
void run_add_violations(const struct run *run, struct json_object *report)
{
	struct json_object *list = json_object_new_array();
	char text[TEXT_BYTES];

	for (uint32_t i = 0; !road_sim_violation(run->device, i, text, sizeof(text)); i++)
		json_object_array_add(list, json_object_new_string(text));
	json_add(report, "violation_texts", list);
}

static void print_violations(struct json_object *report)
{
	struct json_object *list = NULL;
	uint64_t count = 0;

	if (!json_get_u64(report, "violations", &count) || !count)
		return;
	printf("violations      %" PRIu64 "\n", count);
	json_object_object_get_ex(report, "violation_texts", &list);
	for (size_t i = 0; list && i < json_object_array_length(list) && i < SHOWN; i++)
		printf("  %s\n", json_object_get_string(json_object_array_get_idx(list, i)));
	if (count > SHOWN)
		printf("  … (--json has all that are kept)\n");
}

static uint64_t number(struct json_object *object, const char *key)
{
	uint64_t value = 0;

	json_get_u64(object, key, &value);
	return value;
}

static void print_queue(const char *name, struct json_object *queue)
{
	double rate = 0;

	if (!number(queue, "instructions"))
		return;
	json_get_f64(queue, "bytes_per_cycle", &rate);
	printf("  %-5s %12" PRIu64 " %14" PRIu64 " %14" PRIu64 " %14" PRIu64 " %10.1f\n", name,
	       number(queue, "instructions"), number(queue, "busy_cycles"),
	       number(queue, "wait_flag_cycles"), number(queue, "wait_full_cycles"), rate);
}

static void print_memory(struct json_object *report)
{
	struct json_object *l2 = NULL, *hbm = NULL;
	double hits = 0;

	if (!json_object_object_get_ex(report, "l2", &l2) ||
	    !json_object_object_get_ex(report, "hbm", &hbm))
		return;
	if (!number(l2, "hits") && !number(l2, "misses"))
		return; /* a mode without times */
	json_get_f64(l2, "hit_rate", &hits);
	printf("L2              %.1f %% hits; memory: %" PRIu64 " B read, %" PRIu64 " B written\n",
	       100 * hits, number(hbm, "read_bytes"), number(hbm, "written_bytes"));
}

void run_queues_summary(struct json_object *report)
{
	struct json_object *queues = NULL;

	print_violations(report);
	if (!json_object_object_get_ex(report, "queues", &queues) ||
	    !json_object_is_type(queues, json_type_object))
		return;
	printf("queues of all cores, in cycles\n  %-5s %12s %14s %14s %14s %10s\n", "",
	       "instructions", "busy", "await a token", "await room", "B/cycle");
	json_object_object_foreach(queues, name, queue) print_queue(name, queue);
	print_memory(report);
}
