/* SPDX-License-Identifier: Apache-2.0 */
/* Faults, loss and reset of a device. */
#include <stdio.h>

#include "hal/core/firmware.h"
#include "hal/core/region.h"

void road_device_fault_add(struct road_device *device, struct road_fault *fault)
{
	fault->size = sizeof(*fault);
	pthread_mutex_lock(&device->fault_lock);
	fault->sequence = device->fault_next++;
	device->faults[fault->sequence % ROAD_FAULTS_KEPT] = *fault;
	if (device->fault_next - device->fault_first > ROAD_FAULTS_KEPT)
		device->fault_first++;
	pthread_mutex_unlock(&device->fault_lock);
	road_device_change(device, ROAD_CHANGE_FAULT, fault->text);
}

road_status road_device_fault_read(road_device *device, road_fault *out)
{
	road_status status =
		road_object_check(device, &road_device_class, "road_device_fault_read: device");
	struct road_fault fault;

	if (!status)
		status = road_struct_out_check(out, 8, "road_device_fault_read: out");
	if (status)
		return status;
	pthread_mutex_lock(&device->fault_lock);
	if (device->fault_first == device->fault_next)
		status = ROAD_NOT_READY;
	else
		fault = device->faults[device->fault_first++ % ROAD_FAULTS_KEPT];
	pthread_mutex_unlock(&device->fault_lock);
	if (!status)
		road_struct_out(out, &fault, sizeof(fault));
	return status;
}

road_status road_device_health(road_device *device, uint32_t *health, uint64_t *resets)
{
	road_status status =
		road_object_check(device, &road_device_class, "road_device_health: device");

	if (status)
		return status;
	if (!health || !resets)
		return road_fail(ROAD_INVALID_ARGUMENT, "output is NULL",
				 "road_device_health: health, resets", "NULL", "");
	road_boot_look(device, false);
	while (!(device->control && device->control->domain) && road_progress_check_lost())
		; /* what is not simulated here goes without a word to those who do not watch */
	pthread_mutex_lock(&device->lock);
	*health = ROAD_HEALTH_OK;
	for (struct road_queue *queue = device->queues; queue; queue = queue->next) {
		pthread_mutex_lock(&queue->lock);
		if (queue->status.status == ROAD_FAULT)
			*health = ROAD_HEALTH_FAULTED;
		pthread_mutex_unlock(&queue->lock);
	}
	pthread_mutex_unlock(&device->lock);
	if (road_boot_crashed(device))
		*health = ROAD_HEALTH_FAULTED;
	if (atomic_load(&device->wedged))
		*health = ROAD_HEALTH_WEDGED;
	if (road_device_is_lost(device))
		*health = ROAD_HEALTH_LOST;
	*resets = atomic_load(&device->resets);
	return ROAD_OK;
}

void road_drv_device_lost(struct road_drv_device *drv)
{
	struct road_device *device =
		(struct road_device *)(void *)((char *)drv - offsetof(struct road_device, drv));

	atomic_store_explicit(&device->lost, true, memory_order_release);
}

/* Every open queue of the device once, in the order of their making, with a hold. */
static struct road_queue *queue_after(struct road_device *device, uint64_t after)
{
	struct road_queue *best = NULL;

	pthread_mutex_lock(&device->lock);
	for (struct road_queue *q = device->queues; q; q = q->next)
		if (q->object.id > after && (!best || q->object.id < best->object.id))
			best = q;
	if (best)
		road_object_hold(&best->object);
	pthread_mutex_unlock(&device->lock);
	return best;
}

void road_device_fail_queues(struct road_device *device, const road_error *why, uint64_t boots)
{
	struct road_queue *queue;
	uint64_t after = 0;

	while ((queue = queue_after(device, after))) {
		after = queue->object.id;
		road_queue_abandon(queue, why, boots);
		road_object_drop(&queue->object);
	}
}

/* What the bus knows of it; "": nothing. */
static void why_lost(struct road_device *device, char *text, size_t bytes)
{
	const struct road_bus_control *control = device->control;

	if (!control || !control->lost_why || !control->lost_why(device->drv.bus, text, bytes))
		text[0] = 0;
}

static road_status say_lost(struct road_device *device, const char *where)
{
	char text[64];

	why_lost(device, text, sizeof(text));
	return road_fail(ROAD_DEVICE_LOST, "the device is gone", where, text, "");
}

void road_device_lose(struct road_device *device)
{
	char text[64];
	road_error why;

	atomic_store_explicit(&device->lost, true, memory_order_release);
	if (atomic_exchange(&device->lost_handled, true))
		return;
	why_lost(device, text, sizeof(text));
	road_error_set(&why, ROAD_DEVICE_LOST, "the device is gone", device->address, text, "");
	road_device_fail_queues(device, &why, UINT64_MAX);
	road_device_change(device, ROAD_CHANGE_LOST,
			   text[0] ? text : "the device does not answer any more");
	road_instance_message(device->instance, ROAD_MESSAGE_ERROR, device->address,
			      "the device is gone");
}

static const char wedged_hint[] = "reset again; if that fails, too, cycle its power";

/* It did not come back: nothing of it can be trusted until a reset succeeds. */
static void wedge(struct road_device *device)
{
	road_error why;

	atomic_store(&device->wedged, true);
	road_error_set(&why, ROAD_FAULT, "the device did not come back from a reset",
		       device->address, "", wedged_hint);
	road_device_fail_queues(device, &why, UINT64_MAX);
	road_instance_message(device->instance, ROAD_MESSAGE_ERROR, device->address,
			      "the device did not come back from a reset: reset it again, or cycle "
			      "its power");
}

road_status road_device_usable(struct road_device *device, const char *where)
{
	if (road_device_is_lost(device))
		return say_lost(device, where);
	if (atomic_load(&device->wedged))
		return road_fail(ROAD_FAULT, "the device did not come back from a reset", where,
				 "wedged", wedged_hint);
	if (road_boot_crashed(device))
		return road_fail(ROAD_FAULT, "the device's firmware crashed", where, "crashed",
				 "road_device_reset boots it again");
	return ROAD_OK;
}

road_status road_device_reset(road_device *device, uint32_t scope)
{
	road_status status =
		road_object_check(device, &road_device_class, "road_device_reset: device");
	road_error why;

	if (status)
		return status;
	if (scope != ROAD_RESET_DEVICE)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "unknown scope",
				     "road_device_reset: scope", scope, "ROAD_RESET_DEVICE");
	if (road_device_is_lost(device))
		return say_lost(device, "road_device_reset");
	status = road_boot_reset(device);
	if (status && status != ROAD_UNSUPPORTED && !road_device_is_lost(device)) {
		road_error_take(&why);
		wedge(device);
		return road_fail_again(&why); /* queues that fail have their own to say */
	}
	if (status)
		return status;
	atomic_store(&device->wedged, false);
	atomic_fetch_add(&device->resets, 1);
	road_regions_reset(device);
	road_error_set(&why, ROAD_CANCELLED, "the device was reset", device->address, "", "");
	road_device_fail_queues(device, &why, UINT64_MAX);
	road_device_change(device, ROAD_CHANGE_RECOVERED, "reset");
	return ROAD_OK;
}
