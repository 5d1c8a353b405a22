/* SPDX-License-Identifier: Apache-2.0 */
/* Reconfiguring commands as the unit reads them, and its reports as programs read them. */
#include <string.h>

#include "hal/helpers/region_unit.h"
#include "uapi/region.h"

#define OP_ALIGN 64u

_Static_assert(sizeof(struct road_region_op) == 128, "an op has 128 bytes");
_Static_assert(sizeof(struct road_region_report) == ROAD_REGION_REPORT_BYTES,
	       "a report has as many bytes as the core provides");

static struct road_region_op make(struct road_drv_device *dev,
				  const struct road_cmd_region *command)
{
	struct road_region_op op = {
		.verb = command->verb, /* numbers are those of the interface */
		.region = (uint16_t)command->region,
		.slot = command->slot < ROAD_REGION_SLOT_ANY ? (uint16_t)command->slot
							     : (uint16_t)ROAD_REGION_SLOT_ANY,
		.drain = (uint8_t)command->drain,
		.on_failure = (uint8_t)command->on_failure,
		.target = (uint8_t)command->target,
		.flags = (uint8_t)command->flags,
		.generation = command->generation,
		.deadline_ns = command->deadline_ns,
		.buffer = command->buffer.address,
		.buffer_bytes = command->buffer_bytes,
		.report = command->report.address,
	};
	struct road_region_place image;

	if (!command->config)
		return op;
	op.config = command->config->id;
	if (op.verb != ROAD_REGION_VERB_LOAD && op.verb != ROAD_REGION_VERB_PREFETCH &&
	    (op.verb < ROAD_REGION_VERB_ACTIVATE || op.verb > ROAD_REGION_VERB_RESTORE))
		return op;
	if (road_region_config(dev, op.config, &image)) {
		op.image = image.address;
		op.image_bytes = image.bytes;
	}
	return op;
}

int road_region_encode(struct road_ring_encoder *encoder, struct road_drv_device *dev,
		       const struct road_cmd_region *command, uint64_t *at)
{
	const struct road_region_op op = make(dev, command);
	road_iova iova;
	char *block = road_ring_arguments(encoder, sizeof(op) + OP_ALIGN, &iova);

	if (!block)
		return -1;
	uint64_t skip = (OP_ALIGN - iova.value % OP_ALIGN) % OP_ALIGN;

	memcpy(block + skip, &op, sizeof(op));
	*at = iova.value + skip;
	return 0;
}

static const struct {
	road_status status;
	const char *text;
} errors[ROAD_REGION_ERRORS] = {
	[ROAD_REGION_ERROR_NONE] = {ROAD_OK, "no error"},
	[ROAD_REGION_ERROR_OP] = {ROAD_INVALID_ARGUMENT, "the command has a field out of range"},
	[ROAD_REGION_ERROR_STALE] = {ROAD_STALE, "the region is not what it was"},
	[ROAD_REGION_ERROR_NOT_RESIDENT] = {ROAD_NOT_FOUND, "the configuration is not resident"},
	[ROAD_REGION_ERROR_BUSY] = {ROAD_BUSY, "the configuration, its slot or the region is in "
					       "use"},
	[ROAD_REGION_ERROR_IMAGE] = {ROAD_IMAGE_INVALID, "the chip finds the configuration not "
							 "sound"},
	[ROAD_REGION_ERROR_INCOMPATIBLE] = {ROAD_IMAGE_INCOMPATIBLE,
					    "the configuration is for another region"},
	[ROAD_REGION_ERROR_TIMEOUT] = {ROAD_TIMEOUT, "the deadline of the reconfiguration passed"},
	[ROAD_REGION_ERROR_ADDRESS] = {ROAD_FAULT, "a configuration or buffer cannot be reached"},
	[ROAD_REGION_ERROR_UNSUPPORTED] = {ROAD_UNSUPPORTED, "the region cannot do that"},
	[ROAD_REGION_ERROR_MISMATCH] = {ROAD_CONFIG_MISMATCH,
					"another configuration is active than the launch expects"},
	[ROAD_REGION_ERROR_QUARANTINED] = {ROAD_FAULT, "the region is quarantined"},
	[ROAD_REGION_ERROR_HARDWARE] = {ROAD_FAULT, "a phase of the reconfiguration failed"},
	[ROAD_REGION_ERROR_NONE_SUCH] = {ROAD_NOT_FOUND,
					 "there is nothing to go back to, or to unpin"},
};

road_status road_region_error_status(uint32_t error)
{
	return error < ROAD_REGION_ERRORS ? errors[error].status : ROAD_FAULT;
}

const char *road_region_error_text(uint32_t error)
{
	return error < ROAD_REGION_ERRORS ? errors[error].text : "unknown error of the unit";
}

void road_region_report(struct road_drv_device *dev, const void *from,
			struct road_reconfigure_result *out)
{
	struct road_region_report report;

	(void)dev;
	memcpy(&report, from, sizeof(report));
	out->status = road_region_error_status(report.error);
	out->phase = report.phase;
	out->flags = report.flags;
	out->slot = report.slot == ROAD_REGION_SLOT_ANY ? ROAD_SLOT_ANY : report.slot;
	out->active = report.active;
	out->bytes = report.bytes;
	out->began_ns = report.began_ns;
	out->ended_ns = report.ended_ns;
	out->drained_ns = report.drained_ns;
	out->loaded_ns = report.loaded_ns;
}
