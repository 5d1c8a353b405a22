/* SPDX-License-Identifier: Apache-2.0 */
/* From a recorded list to what a driver gets: captured sources, mapped memory, timestamps. */
#include "hal/core/submit.h"

#include "hal/core/region.h"

#include <stdlib.h>
#include <string.h>

enum { CAPTURE_BYTES = 64 * 1024 };

uint32_t road_submit_segments(const struct road_submit *submit)
{
	return submit->list && submit->list->segment_count ? submit->list->segment_count : 1;
}

void road_submit_segment(const struct road_submit *submit, uint32_t index,
			 struct road_drv_submission *out)
{
	uint32_t first = 0, count = submit->command_count;

	if (submit->list && submit->list->segment_count) {
		const struct road_list_segment *segment = &submit->list->segments[index];
		bool last = index + 1 == submit->list->segment_count;

		first = segment->first;
		count = segment->count;
		if (submit->clock) { /* one timestamp in front of all, one behind */
			first += index ? 1 : 0;
			count += (index ? 0u : 1u) + (last ? 1u : 0u);
		}
	}
	*out = (struct road_drv_submission){
		.commands = submit->commands ? submit->commands + first : NULL,
		.count = count,
		.concurrent = submit->list && (submit->list->flags & ROAD_LIST_CONCURRENT),
		.waits = index ? NULL : submit->native_waits,
		.wait_count = index ? 0 : submit->native_count,
	};
}

static void set_place(struct road_cmd *command, bool write, struct road_place place)
{
	if (write)
		command->copy.src = place;
	else
		command->copy.dst = place;
}

/* Host memory of one transfer: captured if it is small and written, else mapped. Small reads are
 * mapped, too: the program's memory is where they end. */
static road_status resolve(struct road_submit *submit, struct road_device *device,
			   const struct road_list_transfer *transfer, struct road_cmd *command)
{
	bool capture = transfer->write && transfer->bytes <= CAPTURE_BYTES;
	struct road_stage *stage;
	road_status status;

	if (capture)
		status = road_stage_get(device, transfer->bytes, &stage);
	else
		status = road_stage_map(device, transfer->host, transfer->bytes,
					transfer->write ? ROAD_DMA_TO_DEVICE : ROAD_DMA_TO_HOST,
					&stage);
	if (status)
		return status;
	if (capture) {
		memcpy(stage->host, transfer->host, transfer->bytes);
		road_stage_sync(device, stage, ROAD_DMA_TO_DEVICE);
	}
	stage->command = (uint32_t)(command - submit->commands);
	stage->next = submit->stages;
	submit->stages = stage;
	set_place(command, transfer->write, road_stage_place(stage, 0));
	return ROAD_OK;
}

static struct road_cmd stamp_command(const struct road_stage *clock, uint64_t offset)
{
	return (struct road_cmd){
		.kind = ROAD_COMMAND_TIMESTAMP,
		.word = {.at = road_stage_place(clock, offset), .bytes = 8},
	};
}

road_status road_submit_prepare(struct road_submit *submit, struct road_device *device)
{
	const struct road_list *list = submit->list;
	uint32_t count = list ? list->count : 0, extra = submit->times ? 2 : 0;
	uint32_t shift = submit->times ? 1 : 0;
	road_status status;

	submit->switches = list && road_list_switches(list);
	if (!extra && !(list && (list->transfer_count || list->region_count))) {
		submit->commands = list ? list->commands : NULL;
		submit->command_count = count;
		return list ? road_submit_regions(submit, 0) : ROAD_OK;
	}
	submit->commands = calloc(count + extra, sizeof(*submit->commands));
	if (!submit->commands)
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for the commands",
				 "road_queue_submit", "", "");
	submit->own_commands = true;
	submit->command_count = count + extra;
	if (count)
		memcpy(submit->commands + shift, list->commands, count * sizeof(*list->commands));
	for (uint32_t i = list ? list->transfer_count : 0; i--;) { /* the first ends up in front */
		const struct road_list_transfer *transfer = &list->transfers[i];

		status = resolve(submit, device, transfer,
				 &submit->commands[transfer->command + shift]);
		if (status)
			return status;
	}
	status = list ? road_submit_regions(submit, shift) : ROAD_OK;
	if (status)
		return status;
	if (submit->times) {
		status = road_stage_get(device, 16, &submit->clock);
		if (status)
			return status;
		memset(submit->clock->host, 0, 16);
		road_stage_sync(device, submit->clock, ROAD_DMA_TO_DEVICE);
		submit->commands[0] = stamp_command(submit->clock, 0);
		submit->commands[count + 1] = stamp_command(submit->clock, 8);
	}
	return ROAD_OK;
}

/* What later segments read is not there yet, and what earlier ones read may have changed since;
 * where two commands read to the same memory, the later one's bytes stay. */
void road_submit_arrived(struct road_submit *submit)
{
	struct road_device *device = submit->queue->space->device;
	struct road_drv_submission segment;

	road_submit_segment(submit, submit->segment, &segment);
	for (struct road_stage *stage = submit->stages; stage; stage = stage->next) {
		const struct road_cmd *command = &submit->commands[stage->command];

		if (stage->read && command >= segment.commands &&
		    command < segment.commands + segment.count)
			road_stage_sync(device, stage, ROAD_DMA_TO_HOST);
	}
	if (submit->clock)
		road_stage_sync(device, submit->clock, ROAD_DMA_TO_HOST);
	if (submit->region_count)
		road_submit_tell(submit, (uint32_t)(segment.commands - submit->commands),
				 segment.count, NULL);
}

uint64_t road_submit_clock(const struct road_device *device)
{
	struct road_bus *bus = device->drv.bus;

	if (device->control && device->control->domain)
		return 0;
	return bus ? bus->ops->now_ns(bus) : road_now_ns();
}

void road_submit_times(const struct road_submit *submit)
{
	struct road_times times = {.size = sizeof(times)};
	uint64_t stamps[2] = {0, 0};

	if (!submit->times)
		return;
	if (submit->clock)
		memcpy(stamps, submit->clock->host, sizeof(stamps));
	times.queued = submit->queued_ns ? submit->queued_ns : submit->queued_ps / ROAD_NS_PS;
	times.submitted =
		submit->submitted_ns ? submit->submitted_ns : submit->submitted_ps / ROAD_NS_PS;
	times.started = stamps[0];
	times.ended = stamps[1];
	road_struct_out(submit->times, &times, sizeof(times));
}

void road_submit_free(struct road_submit *submit)
{
	struct road_device *device = submit->queue->space->device;

	for (uint32_t i = 0; i < submit->wait_count; i++)
		road_object_drop(&submit->waits[i].event->object);
	for (uint32_t i = 0; i < submit->signal_count; i++)
		road_object_drop(&submit->signals[i].event->object);
	for (struct road_stage *stage = submit->stages, *next; stage; stage = next) {
		next = stage->next;
		road_stage_put(device, stage);
	}
	if (submit->clock)
		road_stage_put(device, submit->clock);
	road_submit_regions_free(submit);
	if (submit->own_commands)
		free(submit->commands);
	if (submit->timeline)
		road_object_drop(&submit->timeline->object);
	if (submit->list)
		road_object_release(&submit->list->object);
	free(submit->natives);
	free(submit->native_waits);
	free(submit->waits);
	road_object_drop(&submit->queue->object);
	free(submit);
}
