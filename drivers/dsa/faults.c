/* SPDX-License-Identifier: Apache-2.0 */
/* What a stream's fault record (uapi/dsa/regs.h) says, in words. */
#include <inttypes.h>
#include <stdio.h>

#include "drivers/dsa/dsa.h"

struct row {
	enum road_fault_kind kind;
	const char *text;
	const char *detail; /* what `detail` counts; NULL: nothing to tell */
	bool address;       /* `address` means something */
};

static const struct row rows[ROAD_DSA_FAULTS] = {
	[ROAD_DSA_FAULT_DESCRIPTOR] = {ROAD_FAULT_PACKET, "malformed descriptor", "field", false},
	[ROAD_DSA_FAULT_CODE] = {ROAD_FAULT_IMAGE, "invalid code", "reason", true},
	[ROAD_DSA_FAULT_KERNEL] = {ROAD_FAULT_IMAGE, "task of no loaded kernel", "argument bytes",
				   true},
	[ROAD_DSA_FAULT_CORES] = {ROAD_FAULT_RESOURCES,
				  "more cooperative blocks than the chip has cores", "cores",
				  false},
	[ROAD_DSA_FAULT_UNMAPPED] = {ROAD_FAULT_MEMORY, "access to unmapped memory", "bytes", true},
	[ROAD_DSA_FAULT_RIGHTS] = {ROAD_FAULT_RIGHTS, "access without the right to it", "bytes",
				   true},
	[ROAD_DSA_FAULT_MISALIGNED] = {ROAD_FAULT_ALIGNMENT, "misaligned access", "alignment",
				       true},
	[ROAD_DSA_FAULT_BOUNDS] = {ROAD_FAULT_MEMORY, "access beyond a scratchpad", "bytes", true},
	[ROAD_DSA_FAULT_SHAPE] = {ROAD_FAULT_ILLEGAL, "a shape that cannot be", "register's value",
				  false},
	[ROAD_DSA_FAULT_FLAG] = {ROAD_FAULT_ILLEGAL, "a flag that is none", "id", false},
	[ROAD_DSA_FAULT_ILLEGAL] = {ROAD_FAULT_ILLEGAL, "ran off the kernel's end", NULL, false},
	[ROAD_DSA_FAULT_TRAP] = {ROAD_FAULT_TRAP, "the kernel trapped", "code", false},
	[ROAD_DSA_FAULT_DEADLOCK] = {ROAD_FAULT_DEADLOCK, "all queues wait for ever",
				     "tokens awaited", false},
	[ROAD_DSA_FAULT_WATCHDOG] = {ROAD_FAULT_WATCHDOG, "the watchdog ended the task",
				     "instructions run", false},
	[ROAD_DSA_FAULT_ECC] = {ROAD_FAULT_ECC, "uncorrectable error of memory", "bytes", true},
	[ROAD_DSA_FAULT_OPERATOR] = {ROAD_FAULT_ILLEGAL, "the region's microcode lacks it", NULL,
				     false},
	[ROAD_DSA_FAULT_REGION] = {ROAD_FAULT_RESOURCES, "the region could not be reconfigured",
				   "error", false},
	[ROAD_DSA_FAULT_CONFIG] = {ROAD_FAULT_RESOURCES, "its configuration is not to be had",
				   "error", false},
	[ROAD_DSA_FAULT_DMA] = {ROAD_FAULT_TRANSPORT, "access to an unmapped bus address", "bytes",
				true},
	[ROAD_DSA_FAULT_FIRMWARE] = {ROAD_FAULT_FIRMWARE, "the firmware crashed", NULL, false},
};

static const char *const code_errors[ROAD_DSA_CODE_ERRORS] = {
	[ROAD_DSA_CODE_OK] = "none",
	[ROAD_DSA_CODE_HEADER] = "header",
	[ROAD_DSA_CODE_KERNEL] = "kernel",
	[ROAD_DSA_CODE_OPCODE] = "opcode",
	[ROAD_DSA_CODE_TYPE] = "element type",
	[ROAD_DSA_CODE_MODS] = "modifiers",
	[ROAD_DSA_CODE_REGISTER] = "register",
	[ROAD_DSA_CODE_IMMEDIATE] = "immediate",
	[ROAD_DSA_CODE_TARGET] = "jump",
	[ROAD_DSA_CODE_FLAG] = "flag",
	[ROAD_DSA_CODE_RESERVED] = "reserved field",
};

static const char *const operators[ROAD_DSA_OPS] = {
#define OP(name, queue, format, types, text) #name,
#include "uapi/dsa/ops.def"
#undef OP
};

static const char *const queues[ROAD_DSA_QUEUES] = {"S", "V", "M", "MTE1", "MTE2", "MTE3", "FIX"};
static const char *const pads[ROAD_DSA_PADS] = {"L0A", "L0B", "L0C", "L1", "UB", "BT"};

static const struct row *row_of(uint32_t fault)
{
	static const struct row unknown = {ROAD_FAULT_TRANSPORT, "unknown fault", "detail", true};

	return fault < ROAD_DSA_FAULTS && rows[fault].text ? &rows[fault] : &unknown;
}

/* Failures that are no fault of the work. */
static road_status answer_of(const struct road_dsa_stream_status *status)
{
	if (status->fault == ROAD_DSA_FAULT_ABORTED)
		return ROAD_CANCELLED;
	if (status->fault == ROAD_DSA_FAULT_REGION || status->fault == ROAD_DSA_FAULT_CONFIG)
		return road_region_error_status((uint32_t)status->detail);
	return ROAD_FAULT;
}

static void describe(const struct road_dsa_stream_status *status, char *text, size_t bytes)
{
	const struct row *row = row_of(status->fault);
	char address[48] = "", detail[64] = "", where[64] = "";

	if (row->address)
		snprintf(address, sizeof(address), " at %s 0x%" PRIx64,
			 status->pad < ROAD_DSA_PADS ? pads[status->pad] : "global",
			 status->address);
	if (row->detail)
		snprintf(detail, sizeof(detail), ", %s %" PRIu64, row->detail, status->detail);
	if (status->fault == ROAD_DSA_FAULT_OPERATOR && status->detail < ROAD_DSA_OPS)
		snprintf(detail, sizeof(detail), ", instruction %s", operators[status->detail]);
	if (status->code && status->queue < ROAD_DSA_QUEUES)
		snprintf(where, sizeof(where), " (core %u, queue %s, block %u)", status->core,
			 queues[status->queue], status->block);
	snprintf(text, bytes, "%s%s%s%s", row->text, address, detail, where);
}

/* The image may have been unloaded since: then the kernel has no name. */
static void find_kernel(struct dsa_context *context, const struct road_dsa_stream_status *status,
			char *name, size_t bytes)
{
	if (!status->code)
		return;
	pthread_mutex_lock(&context->image_lock);
	for (const struct dsa_image *image = context->images; image; image = image->next) {
		if (image->code.va != status->code)
			continue;
		if (status->kernel < image->file.kernel_count)
			snprintf(name, bytes, "%s", image->file.kernels[status->kernel].name);
		break;
	}
	pthread_mutex_unlock(&context->image_lock);
}

road_status dsa_fault_describe(const struct road_stream *stream, struct road_fault *out)
{
	const struct road_dsa_stream_status *status = stream->status;
	road_status answer = answer_of(status);

	if (answer != ROAD_FAULT)
		return answer;
	*out = (struct road_fault){
		.size = sizeof(*out),
		.kind = row_of(status->fault)->kind,
		.address = status->address,
		.pc = status->pc,
		.line = status->line,
		.workgroup = {status->block, 0, 0},
	};
	find_kernel(stream->encode.space, status, out->kernel, sizeof(out->kernel));
	describe(status, out->text, sizeof(out->text));
	return ROAD_FAULT;
}

road_status dsa_fault_error(const struct road_stream *stream, const char *where)
{
	const struct road_dsa_stream_status *status = stream->status;
	char text[192];

	if (status->fault == ROAD_DSA_FAULT_CODE)
		return road_drv_errorf(
			ROAD_IMAGE_INVALID, where, "the chip refuses word %u: bad %s", status->pc,
			status->detail < ROAD_DSA_CODE_ERRORS ? code_errors[status->detail]
							      : "code");
	describe(status, text, sizeof(text));
	return road_drv_error(ROAD_FAULT, text, where, NULL, NULL);
}
