/* SPDX-License-Identifier: Apache-2.0 */
/* What a stream's fault record (uapi/rpu/regs.h) says, in words. */
#include <inttypes.h>
#include <stdio.h>

#include "drivers/rpu/rpu.h"

struct row {
	enum road_fault_kind kind;
	const char *text;
	const char *detail; /* what `detail` counts; NULL: nothing to tell */
	bool address;       /* `address` means something */
};

static const struct row rows[ROAD_RPU_FAULTS] = {
	[ROAD_RPU_FAULT_ENTRY] = {ROAD_FAULT_PACKET, "malformed entry", "field", false},
	[ROAD_RPU_FAULT_UNMAPPED] = {ROAD_FAULT_MEMORY, "access to unmapped memory", "bytes", true},
	[ROAD_RPU_FAULT_RIGHTS] = {ROAD_FAULT_RIGHTS, "access without the right to it", "bytes",
				   true},
	[ROAD_RPU_FAULT_MISALIGNED] = {ROAD_FAULT_ALIGNMENT, "misaligned access", "alignment",
				       true},
	[ROAD_RPU_FAULT_BOUNDS] = {ROAD_FAULT_MEMORY, "access beyond the scratchpad", "bytes",
				   true},
	[ROAD_RPU_FAULT_ARGUMENTS] = {ROAD_FAULT_IMAGE, "arguments that the kernel cannot have",
				      "value", false},
	[ROAD_RPU_FAULT_STREAM] = {ROAD_FAULT_ILLEGAL, "a stream that cannot be", "value", false},
	[ROAD_RPU_FAULT_TOKEN] = {ROAD_FAULT_ILLEGAL, "a token given too often", "token", false},
	[ROAD_RPU_FAULT_DEADLOCK] = {ROAD_FAULT_DEADLOCK, "engines wait for ever", "tokens awaited",
				     false},
	[ROAD_RPU_FAULT_WATCHDOG] = {ROAD_FAULT_WATCHDOG, "the watchdog ended the kernel", "cycles",
				     false},
	[ROAD_RPU_FAULT_DMA] = {ROAD_FAULT_TRANSPORT, "access to an unmapped bus address", "bytes",
				true},
	[ROAD_RPU_FAULT_ECC] = {ROAD_FAULT_ECC, "uncorrectable error of memory", "bytes", true},
	[ROAD_RPU_FAULT_WINDOW] = {ROAD_FAULT_MEMORY,
				   "scratchpad access outside claims and buffers", "bytes", true},
	[ROAD_RPU_FAULT_HOST] = {ROAD_FAULT_RESOURCES, "no memory on the simulator's side", "bytes",
				 false},
	[ROAD_RPU_FAULT_FIRMWARE] = {ROAD_FAULT_FIRMWARE, "the firmware crashed", NULL, false},
};

static const char *const engines[ROAD_RPU_ENGINES] = {"CGRA", "NEUR", "RDMA", "WDMA"};

static const struct row *row_of(uint32_t fault)
{
	static const struct row unknown = {ROAD_FAULT_TRANSPORT, "unknown fault", "detail", true};

	return fault < ROAD_RPU_FAULTS && rows[fault].text ? &rows[fault] : &unknown;
}

static void describe(const struct road_rpu_stream_status *status, char *text, size_t bytes)
{
	const struct row *row = row_of(status->fault);
	char address[48] = "", detail[64] = "", engine[48] = "", stream[48] = "", window[80] = "";

	if (row->address)
		snprintf(address, sizeof(address), " at 0x%" PRIx64, status->address);
	if (row->detail)
		snprintf(detail, sizeof(detail), ", %s %" PRIu64, row->detail, status->detail);
	if (status->engine < ROAD_RPU_ENGINES && status->tile != UINT32_MAX)
		snprintf(engine, sizeof(engine), " (engine %s, tile %u, block %u)",
			 engines[status->engine], status->tile, status->block);
	if (status->stream != UINT32_MAX)
		snprintf(stream, sizeof(stream), " (stream %u)", status->stream);
	else if (status->element != UINT32_MAX)
		snprintf(stream, sizeof(stream), " (element %u, step %u)", status->element,
			 status->step);
	if (status->fault == ROAD_RPU_FAULT_WINDOW && status->window_end)
		snprintf(window, sizeof(window), ", allowed 0x%" PRIx64 "..0x%" PRIx64,
			 status->window_from, status->window_end - 1);
	else if (status->fault == ROAD_RPU_FAULT_WINDOW)
		snprintf(window, sizeof(window), ", allowed none");
	snprintf(text, bytes, "%s%s%s%s%s%s", row->text, address, detail, window, stream, engine);
}

road_status rpu_fault_describe(const struct road_stream *stream, struct road_fault *out)
{
	const struct road_rpu_stream_status *status = stream->status;
	uint32_t fault = status->fault;

	if (fault == ROAD_RPU_FAULT_ABORTED)
		return ROAD_CANCELLED;
	if (fault == ROAD_RPU_FAULT_REGION || fault == ROAD_RPU_FAULT_CONFIG)
		return road_region_error_status((uint32_t)status->detail);
	out->kind = row_of(fault)->kind;
	out->address = status->address;
	out->pc = status->element == UINT32_MAX ? 0 : status->step;
	out->workgroup[0] = status->block;
	if (status->engine == ROAD_RPU_ENGINE_CGRA)
		rpu_config_name(stream->encode.dev->data, status->config, out->kernel,
				sizeof(out->kernel));
	describe(status, out->text, sizeof(out->text));
	return ROAD_FAULT;
}

road_status rpu_fault_error(const struct road_stream *stream, const char *where)
{
	const struct road_rpu_stream_status *status = stream->status;
	char text[256];

	describe(status, text, sizeof(text));
	return road_drv_error(ROAD_FAULT, text, where, NULL, NULL);
}
