/* SPDX-License-Identifier: Apache-2.0 */
/* The reconfiguration unit's helper: what its registers say, configurations, layouts. */
#include "hal/helpers/region_unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "uapi/region.h"

/* ---- registers; those that select are under the lock ---- */

static uint32_t read32(const struct road_region_unit *unit, uint32_t reg)
{
	return road_read32(unit->dev->bus, unit->port->region, unit->port->offset + reg);
}

static uint64_t read64(const struct road_region_unit *unit, uint32_t reg)
{
	return road_read64(unit->dev->bus, unit->port->region, unit->port->offset + reg);
}

static void write32(const struct road_region_unit *unit, uint32_t reg, uint32_t value)
{
	road_write32(unit->dev->bus, unit->port->region, unit->port->offset + reg, value);
}

static void write64(const struct road_region_unit *unit, uint32_t reg, uint64_t value)
{
	road_write64(unit->dev->bus, unit->port->region, unit->port->offset + reg, value);
}

static road_status none_such(uint32_t index)
{
	return road_drv_errorf(ROAD_NOT_FOUND, "road_region", "the chip has no region %u now",
			       index);
}

/* Locked on ROAD_OK. */
static road_status select_region(struct road_region_unit *unit, uint32_t index)
{
	if (!unit)
		return road_drv_error(ROAD_UNSUPPORTED, "the chip has no reconfiguration unit",
				      "road_region", NULL, NULL);
	pthread_mutex_lock(&unit->lock);
	write32(unit, ROAD_REGION_REG_SELECT, index);
	if (read32(unit, ROAD_REGION_REG_STATE) != UINT32_MAX)
		return ROAD_OK;
	pthread_mutex_unlock(&unit->lock);
	if (unit->dev->bus->ops->lost(unit->dev->bus)) { /* it reads all ones */
		road_drv_device_lost(unit->dev);
		return road_drv_error(ROAD_DEVICE_LOST, "the device is gone", "road_region", NULL,
				      NULL);
	}
	return none_such(index);
}

static uint64_t ns_of(uint64_t ps)
{
	return ps / 1000 + (ps % 1000 != 0);
}

/* ---- what there is ---- */

static uint32_t list_children(struct road_region_unit *unit, uint32_t index, uint32_t *out)
{
	uint32_t first[ROAD_REGION_PARTS] = {0}, count = 0;
	uint32_t end = read32(unit, ROAD_REGION_REG_REGIONS);

	for (uint32_t i = 1; i < end && i < ROAD_REGION_NUMBERS && count < ROAD_REGION_PARTS; i++) {
		uint32_t at = count;

		write32(unit, ROAD_REGION_REG_SELECT, i);
		if (read32(unit, ROAD_REGION_REG_STATE) == UINT32_MAX ||
		    read32(unit, ROAD_REGION_REG_PARENT) != index)
			continue;
		uint32_t unit_of = read32(unit, ROAD_REGION_REG_FIRST_UNIT);

		for (; at && first[at - 1] > unit_of; at--) {
			first[at] = first[at - 1];
			out[at] = out[at - 1];
		}
		first[at] = unit_of;
		out[at] = i;
		count++;
	}
	return count;
}

static uint32_t region_children(struct road_drv_device *dev, uint32_t index, uint32_t *out)
{
	struct road_region_unit *unit = dev->region_unit;
	uint32_t count = 0;

	if (select_region(unit, index))
		return 0;
	if (index == 0 && read32(unit, ROAD_REGION_REG_STATE) == ROAD_REGION_STATE_SPLIT)
		count = list_children(unit, index, out);
	pthread_mutex_unlock(&unit->lock);
	return count;
}

static road_status region_info(struct road_drv_device *dev, uint32_t index,
			       struct road_region_info *out)
{
	struct road_region_unit *unit = dev->region_unit;
	uint32_t children[ROAD_REGION_PARTS];
	road_status status = select_region(unit, index);

	if (status)
		return status;
	out->flags = read32(unit, ROAD_REGION_REG_FEATURES);
	if (index)
		out->flags &= ~(uint32_t)ROAD_REGION_LAYOUT;
	out->index = index;
	out->first_unit = read32(unit, ROAD_REGION_REG_FIRST_UNIT);
	out->units = read32(unit, ROAD_REGION_REG_UNIT_COUNT);
	out->slots = read32(unit, ROAD_REGION_REG_SLOTS);
	snprintf(out->unit_name, sizeof(out->unit_name), "%s", unit->port->unit_name);
	out->generation = read64(unit, ROAD_REGION_REG_GENERATION64);
	out->fabric = read64(unit, ROAD_REGION_REG_FABRIC64);
	out->slot_bytes = read32(unit, ROAD_REGION_REG_SLOT_BYTES);
	out->memory_bytes = read64(unit, ROAD_REGION_REG_MEMORY64);
	out->unit_memory_bytes = read64(unit, ROAD_REGION_REG_UNIT_MEMORY64);
	out->unit_cache_bytes = read64(unit, ROAD_REGION_REG_UNIT_CACHE64);
	out->unit_memory_bytes_per_second = read64(unit, ROAD_REGION_REG_UNIT_MEMORY_RATE64);
	out->state_bytes = read64(unit, ROAD_REGION_REG_STATE_BYTES64);
	out->cache_bytes = read64(unit, ROAD_REGION_REG_CACHE64);
	out->memory_bytes_per_second = read64(unit, ROAD_REGION_REG_MEMORY_RATE64);
	out->cost_quality = read32(unit, ROAD_REGION_REG_QUALITY);
	out->load_ns = ns_of(read64(unit, ROAD_REGION_REG_LOAD_PS64));
	out->load_ns_per_kib = ns_of(read64(unit, ROAD_REGION_REG_LOAD_PS_PER_KIB64));
	out->switch_ns = ns_of(read64(unit, ROAD_REGION_REG_SWITCH_PS64));
	out->drain_ns = ns_of(read64(unit, ROAD_REGION_REG_DRAIN_PS64));
	out->read_back_ns_per_kib = ns_of(read64(unit, ROAD_REGION_REG_READ_BACK_PS_PER_KIB64));
	out->layout_ns = ns_of(read64(unit, ROAD_REGION_REG_LAYOUT_PS64));
	out->unit_alignment = read32(unit, ROAD_REGION_REG_ALIGNMENT);
	out->units_min = read32(unit, ROAD_REGION_REG_UNITS_MIN);
	out->child_count = 0;
	if (index == 0 && read32(unit, ROAD_REGION_REG_STATE) == ROAD_REGION_STATE_SPLIT)
		out->child_count = list_children(unit, index, children);
	pthread_mutex_unlock(&unit->lock);
	return ROAD_OK;
}

static uint64_t counter(const struct road_region_unit *unit, enum road_region_counter which)
{
	return read64(unit, ROAD_REGION_REG_COUNTER64 + 8 * (uint32_t)which);
}

static road_status region_status(struct road_drv_device *dev, uint32_t index,
				 struct road_region_status *out)
{
	struct road_region_unit *unit = dev->region_unit;
	road_status status = select_region(unit, index);

	if (status)
		return status;
	out->quarantined = read32(unit, ROAD_REGION_REG_STATE) == ROAD_REGION_STATE_QUARANTINED;
	out->generation = read64(unit, ROAD_REGION_REG_GENERATION64);
	out->active = read64(unit, ROAD_REGION_REG_ACTIVE64);
	out->previous = read64(unit, ROAD_REGION_REG_PREVIOUS64);
	out->safe = read64(unit, ROAD_REGION_REG_SAFE64);
	out->loads = counter(unit, ROAD_REGION_COUNT_LOADS);
	out->load_bytes = counter(unit, ROAD_REGION_COUNT_LOAD_BYTES);
	out->hits = counter(unit, ROAD_REGION_COUNT_HITS);
	out->misses = counter(unit, ROAD_REGION_COUNT_MISSES);
	out->evictions = counter(unit, ROAD_REGION_COUNT_EVICTIONS);
	out->switches = counter(unit, ROAD_REGION_COUNT_SWITCHES);
	out->preemptions = counter(unit, ROAD_REGION_COUNT_PREEMPTIONS);
	out->rollbacks = counter(unit, ROAD_REGION_COUNT_ROLLBACKS);
	out->faults = counter(unit, ROAD_REGION_COUNT_FAULTS);
	out->idle_ns = counter(unit, ROAD_REGION_COUNT_IDLE_PS) / 1000;
	out->load_ns = counter(unit, ROAD_REGION_COUNT_LOADING_PS) / 1000;
	pthread_mutex_unlock(&unit->lock);
	return ROAD_OK;
}

static road_status region_slot(struct road_drv_device *dev, uint32_t index, uint32_t slot,
			       struct road_slot_info *out)
{
	struct road_region_unit *unit = dev->region_unit;
	road_status status = select_region(unit, index);

	if (status)
		return status;
	write32(unit, ROAD_REGION_REG_SLOT_SELECT, slot);
	out->state = read32(unit, ROAD_REGION_REG_SLOT_STATE);
	out->pinned = read32(unit, ROAD_REGION_REG_SLOT_PINNED);
	out->config = read64(unit, ROAD_REGION_REG_SLOT_CONFIG64);
	pthread_mutex_unlock(&unit->lock);
	if (out->state == UINT32_MAX)
		return road_drv_errorf(ROAD_NOT_FOUND, "road_region_slot",
				       "region %u has no slot %u", index, slot);
	return ROAD_OK;
}

/* ---- layouts ---- */

struct layout_row {
	road_status status;
	const char *text, *allowed;
};

static road_status wrong_part(const struct layout_row *row, uint32_t index,
			      const struct road_region_part *part)
{
	char where[48], seen[64];

	snprintf(where, sizeof(where), "road_layout: parts[%u]", index);
	snprintf(seen, sizeof(seen), "units %u + %u, %llu bytes", part->first_unit, part->units,
		 (unsigned long long)part->memory_bytes);
	return road_drv_error(row->status, row->text, where, seen, row->allowed);
}

static road_status layout_error(struct road_region_unit *unit, uint32_t error,
				const struct road_region_part *parts, uint32_t count)
{
	static const struct layout_row rows[ROAD_LAYOUT_ERRORS] = {
		[ROAD_LAYOUT_ERROR_TABLE] = {ROAD_NO_SPACE, "too many parts", "at most 16"},
		[ROAD_LAYOUT_ERROR_OVERLAP] = {ROAD_INVALID_ARGUMENT,
					       "the part overlaps the one before it",
					       "parts in the order of their units"},
		[ROAD_LAYOUT_ERROR_ALIGNMENT] = {ROAD_INVALID_ARGUMENT, "the part is misaligned",
						 "see road_region_info.unit_alignment"},
		[ROAD_LAYOUT_ERROR_MIN] = {ROAD_INVALID_ARGUMENT, "the part is too small",
					   "at least road_region_info.units_min"},
		[ROAD_LAYOUT_ERROR_UNITS] = {ROAD_NO_SPACE, "the part goes beyond the region",
					     "within road_region_info.units"},
		[ROAD_LAYOUT_ERROR_MEMORY] = {ROAD_NO_SPACE, "there is not so much memory",
					      "what the parts before it leave"},
		[ROAD_LAYOUT_ERROR_BUSY] = {ROAD_BUSY, "queues of regions that change are open",
					    "none"},
		[ROAD_LAYOUT_ERROR_NONE] = {ROAD_NOT_FOUND, "nothing was applied", NULL},
		[ROAD_LAYOUT_ERROR_PENDING] = {ROAD_BUSY,
					       "another layout is neither committed nor reverted",
					       NULL},
		[ROAD_LAYOUT_ERROR_UNSUPPORTED] = {ROAD_UNSUPPORTED, "this region cannot be split",
						   NULL},
	};
	uint32_t part = read32(unit, ROAD_REGION_REG_LAYOUT_PART);

	if (error >= ROAD_LAYOUT_ERRORS)
		return road_drv_errorf(ROAD_INTERNAL, "road_layout",
				       "the chip answers the unknown error %u", error);
	if (error >= ROAD_LAYOUT_ERROR_OVERLAP && error <= ROAD_LAYOUT_ERROR_MEMORY && part < count)
		return wrong_part(&rows[error], part, &parts[part]);
	return road_drv_error(rows[error].status, rows[error].text, "road_layout", NULL,
			      rows[error].allowed);
}

static void write_parts(struct road_region_unit *unit, const struct road_region_part *parts,
			uint32_t count)
{
	struct road_region_share *shares = unit->table.host;

	for (uint32_t i = 0; i < count; i++)
		shares[i] = (struct road_region_share){parts[i].first_unit, parts[i].units,
						       parts[i].memory_bytes};
	unit->dev->bus->ops->dma_sync(unit->dev->bus, &unit->table, 0, unit->table.bytes,
				      ROAD_DMA_TO_DEVICE);
}

static road_status region_layout(struct road_drv_device *dev, uint32_t index, uint32_t step,
				 const struct road_region_part *parts, uint32_t count,
				 uint64_t *drain)
{
	static const uint32_t commands[] = {
		[ROAD_LAYOUT_CHECK] = ROAD_LAYOUT_COMMAND_CHECK,
		[ROAD_LAYOUT_APPLY] = ROAD_LAYOUT_COMMAND_APPLY,
		[ROAD_LAYOUT_COMMIT] = ROAD_LAYOUT_COMMAND_COMMIT,
		[ROAD_LAYOUT_REVERT] = ROAD_LAYOUT_COMMAND_REVERT,
	};
	struct road_region_unit *unit = dev->region_unit;
	road_status status = ROAD_OK;
	uint32_t error;

	if (unit && unit->port->layout_busy &&
	    (step == ROAD_LAYOUT_APPLY || step == ROAD_LAYOUT_REVERT))
		status = unit->port->layout_busy(dev, index);
	if (!status)
		status = select_region(unit, index);
	if (status)
		return status;
	write_parts(unit, parts, count < ROAD_REGION_PARTS ? count : ROAD_REGION_PARTS);
	write64(unit, ROAD_REGION_REG_LAYOUT_TABLE64, unit->table.iova.value);
	write32(unit, ROAD_REGION_REG_LAYOUT_COUNT, count);
	write32(unit, ROAD_REGION_REG_LAYOUT_COMMAND, commands[step & 3]);
	error = read32(unit, ROAD_REGION_REG_LAYOUT_RESULT);
	if (drain)
		*drain = read64(unit, ROAD_REGION_REG_LAYOUT_DRAIN64);
	status = error ? layout_error(unit, error, parts, count) : ROAD_OK;
	pthread_mutex_unlock(&unit->lock);
	return status;
}

/* ---- configurations ---- */

static road_status config_check(struct road_drv_config *config, void *canonical)
{
	struct road_region_unit *unit = config->dev->region_unit;
	struct road_config_header header;
	struct road_region_payload payload;
	road_status status;

	if (!unit)
		return select_region(unit, 0);
	status = road_region_image_check(config->bytes, config->byte_count, unit->port->kind,
					 canonical, &payload);
	if (status)
		return status;
	memcpy(&header, config->bytes, sizeof(header));
	config->units = header.units;
	config->fabric = header.fabric;
	memcpy(config->name, header.name, sizeof(config->name));
	return unit->port->check(config->dev, &payload);
}

static road_status config_patch(const struct road_drv_config *config,
				const struct road_patch *patches, uint32_t count, void *out)
{
	const struct road_region_unit *unit = config->dev->region_unit;
	struct road_region_payload payload;
	struct road_config_header *header = out;
	road_status status;
	uint32_t crc;

	if (!unit || !unit->port->patch)
		return road_drv_error(ROAD_UNSUPPORTED,
				      "configurations of this device have nothing to patch",
				      "road_config_patch", NULL, NULL);
	memcpy(out, config->bytes, config->byte_count);
	status = road_region_image_check(out, config->byte_count, unit->port->kind, NULL, &payload);
	if (!status)
		status = unit->port->patch(config, patches, count, (char *)out + payload.offset,
					   payload.byte_count);
	if (status)
		return status;
	crc = road_region_image_crc(out);
	memcpy(&header->crc, &crc, sizeof(crc));
	return ROAD_OK;
}

static road_status grow(struct road_region_unit *unit)
{
	uint32_t room = unit->opened_room ? 2 * unit->opened_room : 16;
	struct road_drv_config **opened;

	if (unit->opened_count < unit->opened_room)
		return ROAD_OK;
	opened = realloc(unit->opened, room * sizeof(*opened));
	if (!opened)
		return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for a configuration",
				      "road_config_create", NULL, NULL);
	unit->opened = opened;
	unit->opened_room = room;
	return ROAD_OK;
}

static road_status config_open(struct road_drv_config *config)
{
	struct road_region_unit *unit = config->dev->region_unit;
	road_status status = unit->port->upload(config);

	if (status)
		return status;
	pthread_mutex_lock(&unit->lock);
	status = grow(unit);
	if (!status)
		unit->opened[unit->opened_count++] = config;
	pthread_mutex_unlock(&unit->lock);
	if (status)
		unit->port->drop(config);
	return status;
}

/* Wherever it is resident and nothing uses it. */
static void evict(struct road_region_unit *unit, uint64_t id)
{
	uint32_t end;

	pthread_mutex_lock(&unit->lock);
	end = read32(unit, ROAD_REGION_REG_REGIONS);
	write64(unit, ROAD_REGION_REG_CONFIG64, id);
	for (uint32_t i = 0; i < end && i < ROAD_REGION_NUMBERS; i++) {
		write32(unit, ROAD_REGION_REG_SELECT, i);
		if (read32(unit, ROAD_REGION_REG_STATE) == UINT32_MAX)
			continue;
		write32(unit, ROAD_REGION_REG_COMMAND, ROAD_REGION_COMMAND_EVICT);
		(void)read32(unit, ROAD_REGION_REG_RESULT); /* in use: it stays */
	}
	pthread_mutex_unlock(&unit->lock);
}

static void config_close(struct road_drv_config *config)
{
	struct road_region_unit *unit = config->dev->region_unit;

	pthread_mutex_lock(&unit->lock);
	for (uint32_t i = 0; i < unit->opened_count; i++)
		if (unit->opened[i] == config) {
			unit->opened[i] = unit->opened[--unit->opened_count];
			break;
		}
	pthread_mutex_unlock(&unit->lock);
	evict(unit, config->id);
	unit->port->drop(config);
}

bool road_region_config(struct road_drv_device *dev, uint64_t id, struct road_region_place *out)
{
	struct road_region_unit *unit = dev->region_unit;
	bool found = false;

	if (!unit || !id)
		return false;
	pthread_mutex_lock(&unit->lock);
	for (uint32_t i = 0; i < unit->opened_count && !found; i++) {
		const struct road_drv_config *config = unit->opened[i];

		found = config->id == id;
		if (found)
			*out = (struct road_region_place){config->address,
							  (uint32_t)config->byte_count};
	}
	pthread_mutex_unlock(&unit->lock);
	return found;
}

static bool config_of_kernel(struct road_drv_kernel *kernel, const void **bytes, uint64_t *count)
{
	const struct road_region_unit *unit = kernel->image->space->dev->region_unit;

	return unit && unit->port->of_kernel && unit->port->of_kernel(kernel, bytes, count);
}

/* ---- registers that no queue orders ---- */

static road_status finish_command(struct road_region_unit *unit, const char *where)
{
	uint32_t error = read32(unit, ROAD_REGION_REG_RESULT);

	pthread_mutex_unlock(&unit->lock);
	if (!error)
		return ROAD_OK;
	return road_drv_error(road_region_error_status(error), road_region_error_text(error), where,
			      NULL, NULL);
}

static road_status region_set_safe(struct road_drv_device *dev, uint32_t index,
				   const struct road_drv_config *config)
{
	struct road_region_unit *unit = dev->region_unit;
	road_status status = select_region(unit, index);

	if (status)
		return status;
	write64(unit, ROAD_REGION_REG_SAFE64, config ? config->id : 0);
	return finish_command(unit, "road_region_set_safe");
}

static road_status region_release(struct road_drv_device *dev, uint32_t index)
{
	struct road_region_unit *unit = dev->region_unit;
	road_status status = select_region(unit, index);

	if (status)
		return status;
	write32(unit, ROAD_REGION_REG_COMMAND, ROAD_REGION_COMMAND_RELEASE);
	return finish_command(unit, "road_region_release_quarantine");
}

/* ---- life ---- */

road_status road_region_unit_open(struct road_drv_device *dev, const struct road_region_port *port)
{
	const uint64_t bytes = ROAD_REGION_PARTS * sizeof(struct road_region_share);
	struct road_region_unit *unit;
	road_status status;

	dev->region_unit = NULL;
	if (road_read32(dev->bus, port->region, port->offset + ROAD_REGION_REG_ID) !=
	    ROAD_REGION_ID)
		return ROAD_NOT_FOUND;
	unit = calloc(1, sizeof(*unit));
	if (!unit)
		return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for regions",
				      "road_device_open", NULL, NULL);
	unit->dev = dev;
	unit->port = port;
	status = dev->bus->ops->dma_alloc(dev->bus, bytes, &unit->table);
	if (status) {
		free(unit);
		return status;
	}
	pthread_mutex_init(&unit->lock, NULL);
	dev->region_unit = unit;
	return ROAD_OK;
}

void road_region_unit_close(struct road_drv_device *dev)
{
	struct road_region_unit *unit = dev->region_unit;

	if (!unit)
		return;
	dev->region_unit = NULL;
	dev->bus->ops->dma_free(dev->bus, &unit->table);
	pthread_mutex_destroy(&unit->lock);
	free(unit->opened);
	free(unit);
}

const struct road_region_ops road_region_unit_ops = {
	.info = region_info,
	.children = region_children,
	.status = region_status,
	.slot = region_slot,
	.layout = region_layout,
	.check = config_check,
	.patch = config_patch,
	.open = config_open,
	.close = config_close,
	.of_kernel = config_of_kernel,
	.set_safe = region_set_safe,
	.release = region_release,
	.report = road_region_report,
	.explain = road_region_explain,
};
