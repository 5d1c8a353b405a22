/* SPDX-License-Identifier: Apache-2.0 */
/* Reconfiguration as a command: recorded, submitted for the queue's region, reported. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hal/core/list.h"
#include "hal/core/region.h"
#include "hal/core/submit.h"

#define WHERE(member) "road_list_reconfigure: what." member

/* What a verb has to do with the members of road_reconfiguration. */
enum {
	CONFIG = 1,   /* names an image */
	UPLOADS = 2,  /* whose bytes the chip may have to read */
	SWITCHES = 4, /* what is active changes */
	BUFFER = 8,   /* has one */
	WRITES = 16,  /* which the chip writes */
	TARGET = 32,
	HINT = 64,
	FORGETS = 128 /* the safe image */
};
static const struct verb {
	const char *name;
	uint32_t has;
	uint32_t needs; /* ROAD_REGION_*: flags of the region */
} verbs[ROAD_RECONFIGURE_VERBS] = {
	[ROAD_RECONFIGURE_LOAD] = {"LOAD", CONFIG | UPLOADS, 0},
	[ROAD_RECONFIGURE_PREFETCH] = {"PREFETCH", CONFIG | UPLOADS | HINT, 0},
	[ROAD_RECONFIGURE_PIN] = {"PIN", CONFIG, 0},
	[ROAD_RECONFIGURE_UNPIN] = {"UNPIN", CONFIG, 0},
	[ROAD_RECONFIGURE_EVICT] = {"EVICT", CONFIG, 0},
	[ROAD_RECONFIGURE_ACTIVATE] = {"ACTIVATE", CONFIG | UPLOADS | SWITCHES, 0},
	[ROAD_RECONFIGURE_SWAP] = {"SWAP", CONFIG | UPLOADS | SWITCHES | BUFFER | WRITES,
				   ROAD_REGION_STATE},
	[ROAD_RECONFIGURE_RESTORE] = {"RESTORE", CONFIG | UPLOADS | SWITCHES | BUFFER,
				      ROAD_REGION_STATE},
	[ROAD_RECONFIGURE_READ_BACK] = {"READ_BACK", CONFIG | BUFFER | WRITES,
					ROAD_REGION_READ_BACK},
	[ROAD_RECONFIGURE_ROLLBACK] = {"ROLLBACK", SWITCHES | TARGET, 0},
	[ROAD_RECONFIGURE_RESET] = {"RESET", SWITCHES | FORGETS, 0},
};

/* ---- recording ---- */

static road_status out_of_range(const char *what, const char *where, uint64_t seen,
				const char *allowed)
{
	return road_fail_u64(ROAD_INVALID_ARGUMENT, what, where, seen, allowed);
}

static road_status check_numbers(const struct road_reconfiguration *what)
{
	if (what->verb >= ROAD_RECONFIGURE_VERBS)
		return out_of_range("unknown verb", WHERE("verb"), what->verb,
				    "enum road_reconfigure_verb");
	if (what->flags & ~ROAD_RECONFIGURE_LOSE_MEMORY)
		return out_of_range("unknown flags", WHERE("flags"), what->flags,
				    "ROAD_RECONFIGURE_LOSE_MEMORY");
	if (what->reserved)
		return out_of_range("reserved field is not 0", WHERE("reserved"), what->reserved,
				    "0");
	if (what->drain > ROAD_DRAIN_REFUSE)
		return out_of_range("unknown way to drain", WHERE("drain"), what->drain,
				    "enum road_drain");
	if (what->on_failure > ROAD_FAILURE_QUARANTINE)
		return out_of_range("unknown policy", WHERE("on_failure"), what->on_failure,
				    "enum road_on_failure");
	if (verbs[what->verb].has & TARGET ? what->target > ROAD_ROLLBACK_INITIAL : what->target)
		return out_of_range("unknown target", WHERE("target"), what->target,
				    verbs[what->verb].has & TARGET ? "enum road_rollback"
								   : "0 but for ROLLBACK");
	return ROAD_OK;
}

/* What its region has to be able to do: all regions of a device can do the same. */
static road_status check_abilities(const struct road_device *device,
				   const struct road_reconfiguration *what)
{
	const struct verb *verb = &verbs[what->verb];
	uint32_t slots = device->root.slots;

	if (verb->needs & ~device->root.flags)
		return road_fail(ROAD_UNSUPPORTED, "the device's regions cannot do it",
				 WHERE("verb"), verb->name, "see road_region_info.flags");
	if (what->drain == ROAD_DRAIN_ITERATION && !(device->root.flags & ROAD_REGION_STATE))
		return road_fail(ROAD_UNSUPPORTED, "the device's regions keep no state",
				 WHERE("drain"), "ROAD_DRAIN_ITERATION", "see ROAD_REGION_STATE");
	if (!(verb->has & UPLOADS) && what->slot && what->slot != ROAD_SLOT_ANY)
		return out_of_range("the verb takes no slot", WHERE("slot"), what->slot,
				    "0, ROAD_SLOT_ANY");
	if (verb->has & UPLOADS && what->slot >= slots && what->slot != ROAD_SLOT_ANY)
		return out_of_range("no such slot", WHERE("slot"), what->slot,
				    "below road_region_info.slots, ROAD_SLOT_ANY");
	return ROAD_OK;
}

static road_status check_config(const struct road_device *device,
				const struct road_reconfiguration *what)
{
	if (!(verbs[what->verb].has & CONFIG))
		return what->config
			       ? road_fail(ROAD_INVALID_ARGUMENT, "the verb takes no configuration",
					   WHERE("config"), verbs[what->verb].name, "NULL")
			       : ROAD_OK;
	road_status status = road_object_check(what->config, &road_config_class, WHERE("config"));

	if (!status && what->config->device != device)
		status = road_fail(ROAD_INVALID_ARGUMENT, "configuration belongs to another device",
				   WHERE("config"), what->config->device->address, device->address);
	return status;
}

static road_status check_buffer(const struct road_list *list,
				const struct road_reconfiguration *what)
{
	uint32_t has = verbs[what->verb].has;

	if (!(has & BUFFER))
		return what->buffer || what->buffer_offset || what->buffer_bytes
			       ? road_fail(ROAD_INVALID_ARGUMENT, "the verb takes no buffer",
					   WHERE("buffer"), verbs[what->verb].name, "NULL, 0, 0")
			       : ROAD_OK;
	road_status status = road_list_check_range(list, what->buffer, what->buffer_offset,
						   what->buffer_bytes, WHERE("buffer"));

	if (!status && what->verb == ROAD_RECONFIGURE_READ_BACK &&
	    what->buffer_bytes < what->config->entry->drv.byte_count)
		status = road_fail_u64(ROAD_INVALID_ARGUMENT, "no room for the configuration",
				       WHERE("buffer_bytes"), what->buffer_bytes,
				       "at least road_config_info.bytes");
	if (!status && what->verb == ROAD_RECONFIGURE_SWAP &&
	    what->buffer_bytes < list->space->device->root.state_bytes)
		status = road_fail_u64(ROAD_INVALID_ARGUMENT, "no room for the region's state",
				       WHERE("buffer_bytes"), what->buffer_bytes,
				       "at least road_region_info.state_bytes");
	if (!status && has & WRITES && what->buffer->drv.flags & ROAD_BUFFER_READ_ONLY)
		status = road_fail(ROAD_PERMISSION, "the device may not write the buffer",
				   WHERE("buffer"), "ROAD_BUFFER_READ_ONLY", "a buffer without it");
	return status;
}

static road_status check(const struct road_list *list, const struct road_reconfiguration *what)
{
	const struct road_device *device = list->space->device;
	road_status status = check_numbers(what);

	if (!status)
		status = check_abilities(device, what);
	if (!status)
		status = check_config(device, what);
	if (!status)
		status = check_buffer(list, what);
	if (!status && what->result)
		status = road_struct_out_check(what->result, 8, WHERE("result"));
	return status;
}

static road_status append(struct road_list *list, const struct road_reconfiguration *what)
{
	struct road_cmd command = {.kind = ROAD_COMMAND_RECONFIGURE};
	struct road_list_region recorded = {
		.command = list->count,
		.result = what->result,
		.cmd = {.verb = what->verb,
			.flags = what->flags,
			.slot = what->slot,
			.drain = what->drain,
			.on_failure = what->on_failure,
			.target = what->target,
			.deadline_ns = what->deadline_ns},
	};

	/* What the verb has no use for does not reach the chip. */
	if (!(verbs[what->verb].has & UPLOADS))
		recorded.cmd.slot = ROAD_SLOT_ANY;
	if (!(verbs[what->verb].has & SWITCHES))
		recorded.cmd.drain = recorded.cmd.on_failure = 0;
	if (what->buffer) {
		recorded.cmd.buffer = road_buffer_place(what->buffer, what->buffer_offset);
		recorded.cmd.buffer_bytes = what->buffer_bytes;
	}
	struct road_list_region *grown =
		realloc(list->regions, (list->region_count + 1) * sizeof(*grown));

	if (!grown)
		return road_list_no_memory("road_list_reconfigure");
	list->regions = grown;
	road_status status =
		road_list_record(list, &command, what->buffer ? &what->buffer->object : NULL,
				 "road_list_reconfigure");

	if (status)
		return status;
	if (what->config) {
		recorded.entry = what->config->entry;
		road_config_entry_use(recorded.entry);
	}
	list->regions[list->region_count++] = recorded;
	return ROAD_OK;
}

road_status road_list_reconfigure(road_list *list, const road_reconfiguration *what)
{
	road_reconfiguration own;
	road_status status =
		road_list_begin(list, ROAD_COMMAND_RECONFIGURE, "road_list_reconfigure: list");

	if (status)
		return status;
	if (!what)
		status = road_fail(ROAD_INVALID_ARGUMENT, "reconfiguration is NULL",
				   "road_list_reconfigure: what", "NULL", "");
	if (!status)
		status = road_struct_in(&own, sizeof(own), what,
					offsetof(road_reconfiguration, drain),
					"road_list_reconfigure: what");
	if (!status)
		status = check(list, &own);
	if (!status)
		status = append(list, &own);
	return road_list_end(list, status);
}

bool road_list_switches(const struct road_list *list)
{
	for (uint32_t i = 0; i < list->region_count; i++)
		if (verbs[list->regions[i].cmd.verb].has & SWITCHES)
			return true;
	return list->activates;
}

void road_list_regions_free(struct road_list *list)
{
	for (uint32_t i = 0; i < list->region_count; i++)
		road_config_entry_put(list->regions[i].entry);
	for (uint32_t i = 0; i < list->expected_count; i++)
		road_config_entry_put(list->expected[i]);
	free(list->regions);
	free(list->expected);
}

/* ---- submitting ---- */

enum { REPORTS = 4096 / ROAD_REGION_REPORT_BYTES }; /* of one stage */

/* Zeroes where the chip leaves what it did. */
static road_status make_report(struct road_submit *submit, uint32_t index)
{
	struct road_device *device = submit->queue->space->device;
	struct road_submit_region *region = &submit->regions[index];

	if (index % REPORTS == 0) {
		struct road_stage *stage;
		road_status status =
			road_stage_get(device, (size_t)REPORTS * ROAD_REGION_REPORT_BYTES, &stage);

		if (status)
			return status;
		memset(stage->host, 0, (size_t)REPORTS * ROAD_REGION_REPORT_BYTES);
		road_stage_sync(device, stage, ROAD_DMA_TO_DEVICE);
		region->stage = stage;
		stage->next = submit->reports;
		submit->reports = stage;
	} else {
		region->stage = submit->reports;
	}
	region->offset = index % REPORTS * ROAD_REGION_REPORT_BYTES;
	region->cmd.report = road_stage_place(region->stage, region->offset);
	return ROAD_OK;
}

/* Brings the image to where the chip reads it. A hint that cannot be followed is none. */
static road_status make_ready(struct road_submit_region *region)
{
	const struct verb *verb = &verbs[region->cmd.verb];
	road_status status =
		verb->has & UPLOADS ? road_config_entry_open(region->recorded->entry) : ROAD_OK;

	if (status && verb->has & HINT) {
		region->dropped = status;
		status = ROAD_OK;
	}
	return status;
}

static road_status prepare(struct road_submit *submit, uint32_t index, uint32_t shift)
{
	const struct road_list_region *recorded = &submit->list->regions[index];
	struct road_submit_region *region = &submit->regions[index];
	struct road_cmd *command = &submit->commands[recorded->command + shift];
	struct road_queue *queue = submit->queue;

	region->recorded = recorded;
	region->cmd = recorded->cmd;
	region->cmd.region = queue->drv.region;
	region->cmd.generation = atomic_load(&queue->region_generation);
	region->cmd.config = recorded->entry ? &recorded->entry->drv : NULL;
	road_status status = make_report(submit, index);

	if (!status)
		status = make_ready(region);
	if (region->dropped)
		*command = (struct road_cmd){.kind = ROAD_COMMAND_BARRIER};
	else
		command->region = &region->cmd;
	return status;
}

road_status road_submit_regions(struct road_submit *submit, uint32_t shift)
{
	const struct road_list *list = submit->list;
	road_status status = ROAD_OK;

	for (uint32_t i = 0; i < list->expected_count && !status; i++)
		status = road_config_entry_open(list->expected[i]);
	if (status || !list->region_count)
		return status;
	submit->regions = calloc(list->region_count, sizeof(*submit->regions));
	if (!submit->regions)
		return road_list_no_memory("road_queue_submit");
	for (uint32_t i = 0; i < list->region_count && !status; i++)
		status = prepare(submit, i, shift);
	submit->region_count = list->region_count;
	submit->region_shift = shift;
	return status;
}

void road_submit_regions_free(struct road_submit *submit)
{
	struct road_device *device = submit->queue->space->device;

	for (struct road_stage *stage = submit->reports, *next; stage; stage = next) {
		next = stage->next;
		road_stage_put(device, stage);
	}
	free(submit->regions);
}

/* ---- reporting ---- */

static const unsigned char *report_of(const struct road_submit_region *region)
{
	return (const unsigned char *)region->stage->host + region->offset;
}

/* Did the chip leave anything? If not the command never began. */
static bool reported(struct road_device *device, const struct road_submit_region *region)
{
	const unsigned char *report = report_of(region);

	road_stage_sync(device, region->stage, ROAD_DMA_TO_HOST);
	for (size_t i = 0; i < ROAD_REGION_REPORT_BYTES; i++)
		if (report[i])
			return true;
	return false;
}

static void read_report(struct road_device *device, const struct road_submit_region *region,
			struct road_reconfigure_result *out)
{
	*out = (struct road_reconfigure_result){.size = sizeof(*out), .slot = ROAD_SLOT_ANY};
	device->region.report(&device->drv, report_of(region), out);
}

static void tell(struct road_submit *submit, struct road_submit_region *region,
		 const road_error *why)
{
	struct road_reconfigure_result result = {.size = sizeof(result), .slot = ROAD_SLOT_ANY};
	struct road_device *device = submit->queue->space->device;
	bool hint = verbs[region->cmd.verb].has & HINT;

	region->told = true;
	if (region->dropped)
		result.status = region->dropped;
	else if (reported(device, region))
		read_report(device, region, &result);
	else if (why)
		result.status = why->status;
	else if (!hint) /* done, and the driver does not say what */
		result.status = ROAD_INTERNAL;
	if (submit->queue->region &&
	    (result.flags & ROAD_RESULT_QUARANTINED || verbs[region->cmd.verb].has & FORGETS))
		atomic_store(&submit->queue->region->suspect, true);
	if (region->recorded->result)
		road_struct_out(region->recorded->result, &result, sizeof(result));
}

void road_submit_tell(struct road_submit *submit, uint32_t first, uint32_t count,
		      const road_error *why)
{
	for (uint32_t i = 0; i < submit->region_count; i++) {
		struct road_submit_region *region = &submit->regions[i];
		uint32_t at = region->recorded->command + submit->region_shift;

		if (!region->told && at >= first && at - first < count)
			tell(submit, region, why);
	}
}

static const char *const phase_names[ROAD_PHASES] = {"none",    "parse",      "verify",   "fit",
						     "isolate", "drain",      "transfer", "check",
						     "commit",  "post-check", "resume"};

static void explain(struct road_device *device, const struct road_submit_region *region,
		    const struct road_reconfigure_result *result, road_error *why)
{
	char where[sizeof(why->where)];
	road_error detail;

	road_error_set(&detail, result->status, "a reconfiguration failed", "",
		       road_status_text(result->status), "");
	device->region.explain(&device->drv, report_of(region), &detail);
	snprintf(where, sizeof(where), "%s in region %u, phase %s%s%.48s",
		 verbs[region->cmd.verb].name, region->cmd.region,
		 result->phase < ROAD_PHASES ? phase_names[result->phase] : "unknown",
		 detail.where[0] ? ": " : "", detail.where);
	road_error_set(why, result->status, detail.what, where, detail.seen, detail.allowed);
}

bool road_submit_region_failed(struct road_submit *submit, road_error *why)
{
	struct road_device *device = submit->queue->space->device;

	for (uint32_t i = 0; i < submit->region_count; i++) {
		struct road_submit_region *region = &submit->regions[i];
		struct road_reconfigure_result result;

		if (region->told || region->dropped || !reported(device, region))
			continue;
		read_report(device, region, &result);
		if (!result.status)
			continue;
		explain(device, region, &result, why);
		return true;
	}
	return false;
}
