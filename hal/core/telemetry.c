/* SPDX-License-Identifier: Apache-2.0 */
/* What a device is doing now: metrics of the core, of the driver and of the simulated chip. */
#include <stdio.h>
#include <string.h>

#include "hal/core/telemetry.h"

static void set(struct road_metric *out, const char *name, const char *unit, uint64_t value)
{
	snprintf(out->name, sizeof(out->name), "%s", name);
	snprintf(out->unit, sizeof(out->unit), "%s", unit);
	out->type = ROAD_VALUE_U64;
	out->source = ROAD_SOURCE_COMPUTED;
	out->u64 = value;
}

/* ---- queues ---- */

struct queues {
	uint64_t open, busy, unfinished;
};

static void count_queues(struct road_device *device, struct queues *out)
{
	pthread_mutex_lock(&device->lock);
	for (struct road_queue *queue = device->queues; queue; queue = queue->next) {
		pthread_mutex_lock(&queue->lock);
		out->open++;
		out->busy += queue->used != 0;
		out->unfinished += queue->used;
		pthread_mutex_unlock(&queue->lock);
	}
	pthread_mutex_unlock(&device->lock);
}

static bool queue_metric(struct road_device *device, uint32_t index, struct road_metric *out)
{
	struct queues queues = {0};

	if (index > 3)
		return false;
	if (index < 3)
		count_queues(device, &queues);
	switch (index) {
	case 0: set(out, "queues.open", "", queues.open); break;
	case 1: set(out, "queues.busy", "", queues.busy); break;
	case 2: set(out, "queues.unfinished", "", queues.unfinished); break;
	default: set(out, "queues.native_waits", "", atomic_load(&device->native_waits)); break;
	}
	return true;
}

/* ---- the other groups ---- */

uint64_t road_device_now_ns(struct road_device *device)
{
	struct road_bus *bus = device->drv.bus;

	if (device->control && device->control->domain)
		return road_progress_now() / ROAD_NS_PS;
	return bus ? bus->ops->now_ns(bus) : road_now_ns();
}

static bool clock_metric(struct road_device *device, uint32_t index, struct road_metric *out)
{
	if (index)
		return false;
	set(out, "clock.time", "ns", road_device_now_ns(device));
	return true;
}

static bool memory_metric(struct road_device *device, uint32_t index, struct road_metric *out)
{
	static const char *const names[ROAD_HEAP_KINDS] = {
		[ROAD_HEAP_DEVICE] = "memory.device.used",
		[ROAD_HEAP_DEVICE_VISIBLE] = "memory.visible.used",
		[ROAD_HEAP_HOST] = "memory.host.used",
		[ROAD_HEAP_SCRATCH] = "memory.scratch.used",
	};
	struct road_heap_info heap;
	road_status status;

	if (index >= device->info.heap_count)
		return false;
	status = road_device_heap_read(device, index, &heap);
	if (status == ROAD_NOT_FOUND || heap.kind >= ROAD_HEAP_KINDS)
		return false;
	set(out, names[heap.kind], "bytes", heap.used_bytes);
	if (status) /* its place in the list stays */
		out->type = ROAD_VALUE_NULL;
	return true;
}

static bool health_metric(struct road_device *device, uint32_t index, struct road_metric *out)
{
	uint64_t faults;

	if (index > 1)
		return false;
	pthread_mutex_lock(&device->fault_lock);
	faults = device->fault_next - 1;
	pthread_mutex_unlock(&device->fault_lock);
	if (index)
		set(out, "health.resets", "", atomic_load(&device->resets));
	else
		set(out, "health.faults", "", faults);
	return true;
}

/* What the driver reads from its device, then what the model of a simulated one counts. */
static bool chip_metric(struct road_device *device, uint32_t index, struct road_metric *out)
{
	const struct road_bus_control *control = device->control;
	const char *name;
	uint64_t value;

	if (index < device->counters)
		return device->ops.counter(&device->drv, index, out) == ROAD_OK;
	if (!control || !control->counter ||
	    !control->counter(device->drv.bus, index - device->counters, &name, &value))
		return false;
	set(out, name, "", value);
	return true;
}

static const struct {
	uint32_t group;
	bool (*metric)(struct road_device *device, uint32_t index, struct road_metric *out);
} groups_of[] = {
	{ROAD_TELEMETRY_CLOCK, clock_metric},   {ROAD_TELEMETRY_QUEUES, queue_metric},
	{ROAD_TELEMETRY_MEMORY, memory_metric}, {ROAD_TELEMETRY_HEALTH, health_metric},
	{ROAD_TELEMETRY_CHIP, chip_metric},
};
enum { GROUPS = sizeof(groups_of) / sizeof(groups_of[0]) };

bool road_metric_at(struct road_device *device, struct road_metric_place *at,
		    struct road_metric *out)
{
	for (; at->group < GROUPS; at->group++, at->index = 0) {
		*out = (struct road_metric){.size = sizeof(*out),
					    .group = groups_of[at->group].group};
		if (at->groups & out->group &&
		    groups_of[at->group].metric(device, at->index, out)) {
			at->index++;
			return true;
		}
	}
	return false;
}

/* How many counters the driver has: asked once, the list does not change. */
void road_telemetry_count(struct road_device *device)
{
	struct road_metric metric = {.size = sizeof(metric)};

	device->counters = 0;
	while (device->ops.counter(&device->drv, device->counters, &metric) == ROAD_OK)
		device->counters++;
}

road_status road_telemetry_check(struct road_device *device, uint32_t groups, const char *where)
{
	road_status status = road_object_check(device, &road_device_class, where);

	if (!status && (!groups || groups & ~(uint32_t)ROAD_TELEMETRY_ALL))
		status = road_fail_u64(ROAD_INVALID_ARGUMENT, "bad mask of groups", where, groups,
				       "bits of enum road_telemetry_group, at least one");
	if (!status && road_device_is_lost(device))
		status = road_fail(ROAD_DEVICE_LOST, "the device is gone", where, "", "");
	return status;
}

road_status road_device_telemetry(road_device *device, uint32_t groups, uint32_t index,
				  road_metric *out)
{
	static const char *const where = "road_device_telemetry: device, groups";
	struct road_metric_place at = {.groups = groups};
	struct road_metric metric;
	road_status status = road_telemetry_check(device, groups, where);

	if (!status)
		status = road_struct_out_check(out, 8, "road_device_telemetry: out");
	if (status)
		return status;
	for (uint32_t i = 0; i <= index; i++)
		if (!road_metric_at(device, &at, &metric))
			return road_fail_u64(ROAD_NOT_FOUND, "no such metric",
					     "road_device_telemetry: index", index, "");
	road_struct_out(out, &metric, sizeof(metric));
	return ROAD_OK;
}
