/* SPDX-License-Identifier: Apache-2.0 */
/* What a queue's fault record (uapi/gpu/regs.h) says, in words. */
#include <inttypes.h>
#include <stdio.h>

#include "drivers/gpu/gpu.h"

struct row {
	enum road_fault_kind kind;
	const char *text;
	const char *detail; /* what `detail` counts; NULL: nothing to tell */
	bool address;       /* `address` means something */
};

static const struct row rows[ROAD_GPU_FAULTS] = {
	[ROAD_GPU_FAULT_PACKET] = {ROAD_FAULT_PACKET, "malformed packet", "field", false},
	[ROAD_GPU_FAULT_IMAGE] = {ROAD_FAULT_IMAGE, "invalid image", "reason", true},
	[ROAD_GPU_FAULT_KERNEL] = {ROAD_FAULT_IMAGE, "launch of no loaded kernel", NULL, true},
	[ROAD_GPU_FAULT_RESOURCES] = {ROAD_FAULT_RESOURCES, "a workgroup fits on no compute unit",
				      NULL, false},
	[ROAD_GPU_FAULT_UNMAPPED] = {ROAD_FAULT_MEMORY, "access to unmapped memory", "bytes", true},
	[ROAD_GPU_FAULT_RIGHTS] = {ROAD_FAULT_RIGHTS, "access without the right to it", "bytes",
				   true},
	[ROAD_GPU_FAULT_MISALIGNED] = {ROAD_FAULT_ALIGNMENT, "misaligned access", "bytes", true},
	[ROAD_GPU_FAULT_ILLEGAL] = {ROAD_FAULT_ILLEGAL, "illegal instruction or branch", "opcode",
				    false},
	[ROAD_GPU_FAULT_TRAP] = {ROAD_FAULT_TRAP, "the kernel trapped", NULL, false},
	[ROAD_GPU_FAULT_BARRIER] = {ROAD_FAULT_DEADLOCK, "threads wait for others for ever",
				    "barrier", false},
	[ROAD_GPU_FAULT_WATCHDOG] = {ROAD_FAULT_WATCHDOG, "the watchdog ended the launch",
				     "warp instructions run", false},
	[ROAD_GPU_FAULT_DMA] = {ROAD_FAULT_TRANSPORT, "access to an unmapped bus address", "bytes",
				true},
	[ROAD_GPU_FAULT_DIVIDE] = {ROAD_FAULT_ARITHMETIC, "integer division by zero", NULL, false},
	[ROAD_GPU_FAULT_CALL] = {ROAD_FAULT_ILLEGAL, "call of no function", NULL, true},
	[ROAD_GPU_FAULT_STACK] = {ROAD_FAULT_RESOURCES, "stack overflow (see ROAD_LIMIT_STACK)",
				  "bytes of local memory needed", false},
	[ROAD_GPU_FAULT_MBARRIER] = {ROAD_FAULT_ILLEGAL, "misused mbarrier", NULL, true},
	[ROAD_GPU_FAULT_ECC] = {ROAD_FAULT_ECC, "uncorrectable error of memory", "bytes", true},
	[ROAD_GPU_FAULT_REGION] = {ROAD_FAULT_PACKET, "reconfiguration", NULL, false},
	[ROAD_GPU_FAULT_ABORTED] = {ROAD_FAULT_PACKET, "a reconfiguration ended the launch", NULL,
				    false},
	[ROAD_GPU_FAULT_FIRMWARE] = {ROAD_FAULT_FIRMWARE, "the firmware crashed", NULL, false},
};

static const char *const image_errors[ROAD_GPU_IMAGE_ERRORS] = {
	[ROAD_GPU_IMAGE_OK] = "none",
	[ROAD_GPU_IMAGE_HEADER] = "header",
	[ROAD_GPU_IMAGE_SECTION] = "section",
	[ROAD_GPU_IMAGE_KERNEL] = "kernel entry",
	[ROAD_GPU_IMAGE_OPCODE] = "opcode",
	[ROAD_GPU_IMAGE_FORM] = "form",
	[ROAD_GPU_IMAGE_MODS] = "modifiers",
	[ROAD_GPU_IMAGE_AUX] = "aux",
	[ROAD_GPU_IMAGE_GUARD] = "guard",
	[ROAD_GPU_IMAGE_OPERAND_D] = "operand d",
	[ROAD_GPU_IMAGE_OPERAND_A] = "operand a",
	[ROAD_GPU_IMAGE_OPERAND_B] = "operand b",
	[ROAD_GPU_IMAGE_OPERAND_C] = "operand c",
	[ROAD_GPU_IMAGE_IMMEDIATE] = "immediate",
	[ROAD_GPU_IMAGE_TARGET] = "branch target",
};

static const char *const mbarrier_errors[ROAD_GPU_MBARRIER_ERRORS] = {
	[ROAD_GPU_MBARRIER_OK] = "none",
	[ROAD_GPU_MBARRIER_SPACE] = "not in shared memory",
	[ROAD_GPU_MBARRIER_COUNT] = "init with a count that is not in 1..1048575",
	[ROAD_GPU_MBARRIER_LIVE] = "init of a barrier that was not invalidated",
	[ROAD_GPU_MBARRIER_NONE] = "no barrier there: not initialised, or overwritten",
	[ROAD_GPU_MBARRIER_EXCESS] = "0 arrivals, or more than the phase lacks",
	[ROAD_GPU_MBARRIER_COMPLETE] = "an arrival with .noComplete ends the phase",
	[ROAD_GPU_MBARRIER_STATE] = "a state neither of this phase nor of the one before",
	[ROAD_GPU_MBARRIER_PARITY] = "a parity that is neither 0 nor 1",
	[ROAD_GPU_MBARRIER_FULL] = "more than 1048575 arrivals to come",
};

static const struct row *row_of(uint32_t fault)
{
	static const struct row unknown = {ROAD_FAULT_TRANSPORT, "unknown fault", "detail", true};

	return fault < ROAD_GPU_FAULTS && rows[fault].text ? &rows[fault] : &unknown;
}

static void describe(const struct road_gpu_queue_status *status, char *text, size_t bytes)
{
	const struct row *row = row_of(status->fault);
	char address[40] = "", detail[96] = "";

	if (row->address)
		snprintf(address, sizeof(address), " at 0x%" PRIx64, status->address);
	if (row->detail)
		snprintf(detail, sizeof(detail), ", %s %" PRIu64, row->detail, status->detail);
	if (status->fault == ROAD_GPU_FAULT_MBARRIER && status->detail < ROAD_GPU_MBARRIER_ERRORS)
		snprintf(detail, sizeof(detail), ": %s", mbarrier_errors[status->detail]);
	if (status->fault == ROAD_GPU_FAULT_REGION)
		snprintf(detail, sizeof(detail), ": %s",
			 road_region_error_text((uint32_t)status->detail));
	snprintf(text, bytes, "%s%s%s", row->text, address, detail);
}

/* The image may have been unloaded since: then the kernel has no name. */
static void find_kernel(struct gpu_space *space, const struct road_gpu_queue_status *status,
			char *name, size_t bytes)
{
	if (!status->image)
		return;
	pthread_mutex_lock(&space->lock);
	for (const struct gpu_image *image = space->images; image; image = image->next) {
		if (image->code.va != status->image)
			continue;
		if (status->kernel < gpu_image_header(image)->strings.count)
			snprintf(name, bytes, "%s", gpu_image_string(image, status->kernel));
		break;
	}
	pthread_mutex_unlock(&space->lock);
}

static road_status answer_of(const struct road_gpu_queue_status *status)
{
	if (status->fault == ROAD_GPU_FAULT_REGION)
		return road_region_error_status((uint32_t)status->detail);
	return status->fault == ROAD_GPU_FAULT_ABORTED ? ROAD_CANCELLED : ROAD_FAULT;
}

road_status gpu_fault_describe(const struct road_stream *queue, struct road_fault *out)
{
	const struct road_gpu_queue_status *status = queue->status;
	struct gpu_space *space = queue->encode.space;

	*out = (struct road_fault){
		.size = sizeof(*out),
		.kind = row_of(status->fault)->kind,
		.address = status->address,
		.pc = status->pc,
		.line = status->line,
		.lane = status->lane,
		.workgroup = {status->ctaid[0], status->ctaid[1], status->ctaid[2]},
		.warp = status->warp,
	};
	find_kernel(space, status, out->kernel, sizeof(out->kernel));
	if (status->fault != ROAD_GPU_FAULT_TRAP || status->detail != ROAD_GPU_OP_assert_fail ||
	    !gpu_print_find(space, status, out->text, sizeof(out->text)))
		describe(status, out->text, sizeof(out->text));
	return answer_of(status);
}

road_status gpu_fault_error(const struct road_stream *queue, const char *where)
{
	const struct road_gpu_queue_status *status = queue->status;
	char text[160];

	if (status->fault == ROAD_GPU_FAULT_IMAGE)
		return road_drv_errorf(
			ROAD_IMAGE_INVALID, where, "the chip refuses word %u: bad %s", status->pc,
			status->detail < ROAD_GPU_IMAGE_ERRORS ? image_errors[status->detail]
							       : "image");
	describe(status, text, sizeof(text));
	return road_drv_error(ROAD_FAULT, text, where, NULL, NULL);
}
