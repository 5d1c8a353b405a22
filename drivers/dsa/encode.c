/* SPDX-License-Identifier: Apache-2.0 */
/* Commands as descriptors (uapi/dsa/ring.h). Pure in its inputs: tested by its bytes, without a
 * device. */
#include <roadbed-driver/copy.h>
#include <string.h>

#include "drivers/dsa/dsa.h"

static struct road_dsa_descriptor make(enum road_dsa_work work, bool ordered)
{
	return (struct road_dsa_descriptor){.work = (uint8_t)work,
					    .flags = ordered ? ROAD_DSA_WORK_ORDERED : 0};
}

static void set_dst(struct road_dsa_descriptor *descriptor, const struct road_place *place)
{
	descriptor->dst = place->address;
	if (place->bus)
		descriptor->flags |= ROAD_DSA_WORK_DST_BUS;
}

static void set_src(struct road_dsa_descriptor *descriptor, const struct road_place *place)
{
	descriptor->src = place->address;
	if (place->bus)
		descriptor->flags |= ROAD_DSA_WORK_SRC_BUS;
}

static int put(struct road_ring_encoder *encoder, const struct road_dsa_descriptor *descriptor)
{
	memcpy(encoder->packets, descriptor, sizeof(*descriptor));
	return 1;
}

static uint64_t low_bytes(uint64_t value, uint32_t bytes)
{
	return bytes >= 8 ? value : value & ((UINT64_C(1) << 8 * bytes) - 1);
}

static int copy(struct road_ring_encoder *encoder, const struct road_cmd *command)
{
	struct road_dsa_descriptor *out = encoder->packets;
	struct road_copy_plan plan;
	uint64_t at = encoder->resume;
	int count = 0;

	road_copy_plan_make(&command->copy, &plan);
	for (; at < road_copy_packets(&plan) && (uint32_t)count < encoder->packet_room; at++) {
		struct road_dsa_descriptor one =
			make(ROAD_DSA_WORK_COPY, encoder->ordered && at == 0);

		set_dst(&one, &command->copy.dst);
		set_src(&one, &command->copy.src);
		one.dst += road_copy_dst(&plan, at);
		one.src += road_copy_src(&plan, at);
		one.bytes = plan.bytes;
		one.rows = plan.rows;
		one.slices = plan.slices;
		one.dst_pitch = plan.dst_pitch;
		one.src_pitch = plan.src_pitch;
		one.slice_rows = plan.slice_rows;
		memcpy(&out[count++], &one, sizeof(one));
	}
	encoder->resume = at < road_copy_packets(&plan) ? at : 0;
	return count;
}

static int fill(struct road_ring_encoder *encoder, const struct road_cmd *command)
{
	const struct road_cmd_fill *fill = &command->fill;
	struct road_dsa_descriptor one = make(ROAD_DSA_WORK_FILL, encoder->ordered);

	set_dst(&one, &fill->dst);
	one.bytes = fill->bytes;
	one.rows = one.slices = 1;
	one.value = low_bytes(fill->pattern, fill->pattern_bytes);
	one.value_bytes = (uint8_t)fill->pattern_bytes;
	return put(encoder, &one);
}

static int wait_value(struct road_ring_encoder *encoder, const struct road_cmd *command)
{
	static const uint8_t conditions[] = {
		[ROAD_COMPARE_GE] = ROAD_DSA_WAIT_GE,
		[ROAD_COMPARE_EQ] = ROAD_DSA_WAIT_EQ,
		[ROAD_COMPARE_AND] = ROAD_DSA_WAIT_AND,
		[ROAD_COMPARE_NOR] = ROAD_DSA_WAIT_NOR,
	};
	const struct road_cmd_word *word = &command->word;
	struct road_dsa_descriptor one = make(ROAD_DSA_WORK_WAIT, encoder->ordered);

	set_src(&one, &word->at);
	one.value = low_bytes(word->value, word->bytes);
	one.value_bytes = (uint8_t)word->bytes;
	one.cond = conditions[word->compare & 3u];
	return put(encoder, &one);
}

/* write value and timestamp come after all earlier commands, also in concurrent lists. */
static int write_value(struct road_ring_encoder *encoder, const struct road_cmd *command)
{
	const struct road_cmd_word *word = &command->word;
	struct road_dsa_descriptor one = make(ROAD_DSA_WORK_WRITE, true);

	set_dst(&one, &word->at);
	one.value = low_bytes(word->value, word->bytes);
	one.value_bytes = (uint8_t)word->bytes;
	return put(encoder, &one);
}

static int timestamp(struct road_ring_encoder *encoder, const struct road_cmd *command)
{
	struct road_dsa_descriptor one = make(ROAD_DSA_WORK_TIMESTAMP, true);

	set_dst(&one, &command->word.at);
	return put(encoder, &one);
}

/* The configuration was opened for the submission: the chip may have to load it. */
static void may_activate(struct road_ring_encoder *encoder, struct road_dsa_task *task)
{
	const struct road_stream_encode *stream = encoder->user;
	struct road_region_place image;

	if (!road_region_config(stream->dev, task->config, &image))
		return; /* it names none: there is nothing to activate */
	task->flags |= ROAD_DSA_WORK_ACTIVATE;
	task->image = image.address;
	task->image_words = (uint16_t)(image.bytes / 8);
}

/* A grid whose blocks exceed 32 bits was refused by check_launch. */
static int launch(struct road_ring_encoder *encoder, const struct road_cmd *command)
{
	const struct road_cmd_launch *l = &command->launch;
	const struct dsa_kernel *kernel = l->kernel->data;
	const struct dsa_image *image = kernel->image;
	bool cooperative = l->flags & ROAD_LAUNCH_COOPERATIVE;
	struct road_dsa_task task = {
		.work = ROAD_DSA_WORK_TASK,
		.flags = (uint8_t)((encoder->ordered ? ROAD_DSA_WORK_ORDERED : 0) |
				   (cooperative ? ROAD_DSA_WORK_COOPERATIVE : 0)),
		.blocks = l->grid.x * l->grid.y * l->grid.z,
		.code = image->code.va,
		.kernel = kernel->index,
		.argument_bytes = l->argument_bytes,
		.watchdog = l->watchdog,
		.data = image->file.data_bytes ? image->data.va : 0,
		.config = l->configuration,
	};

	if (l->flags & ROAD_LAUNCH_ACTIVATE)
		may_activate(encoder, &task);
	if (l->argument_bytes) {
		road_iova iova;
		void *block = road_ring_arguments(encoder, l->argument_bytes, &iova);

		if (!block)
			return -1;
		memcpy(block, l->arguments, l->argument_bytes);
		task.arguments = iova.value;
	}
	memcpy(encoder->packets, &task, sizeof(task));
	return 1;
}

/* The descriptor behind it carries the order. */
static int barrier(struct road_ring_encoder *encoder, const struct road_cmd *command)
{
	(void)encoder;
	(void)command;
	return 0;
}

static int reconfigure(struct road_ring_encoder *encoder, const struct road_cmd *command)
{
	const struct road_stream_encode *stream = encoder->user;
	struct road_dsa_descriptor one = make(ROAD_DSA_WORK_REGION, true);

	if (road_region_encode(encoder, stream->dev, command->region, &one.src))
		return -1;
	return put(encoder, &one);
}

static int load(struct road_ring_encoder *encoder, const struct road_cmd *command)
{
	struct road_dsa_descriptor one = make(ROAD_DSA_WORK_LOAD, true);

	set_dst(&one, &command->fill.dst);
	one.bytes = command->fill.bytes;
	return put(encoder, &one);
}

static int unload(struct road_ring_encoder *encoder, const struct road_cmd *command)
{
	struct road_dsa_descriptor one = make(ROAD_DSA_WORK_UNLOAD, true);

	set_dst(&one, &command->fill.dst);
	return put(encoder, &one);
}

static int (*const encoders[DSA_COMMANDS])(struct road_ring_encoder *, const struct road_cmd *) = {
	[ROAD_COMMAND_COPY] = copy,
	[ROAD_COMMAND_WRITE] = copy,
	[ROAD_COMMAND_READ] = copy,
	[ROAD_COMMAND_FILL] = fill,
	[ROAD_COMMAND_LAUNCH] = launch,
	[ROAD_COMMAND_BARRIER] = barrier,
	[ROAD_COMMAND_WAIT_VALUE] = wait_value,
	[ROAD_COMMAND_WRITE_VALUE] = write_value,
	[ROAD_COMMAND_TIMESTAMP] = timestamp,
	[ROAD_COMMAND_RECONFIGURE] = reconfigure,
	[DSA_COMMAND_LOAD] = load,
	[DSA_COMMAND_UNLOAD] = unload,
};

/* Kinds that are not in info.commands never arrive. */
int dsa_encode(struct road_ring_encoder *encoder, const struct road_cmd *command)
{
	unsigned kind = (unsigned)command->kind;

	return kind < DSA_COMMANDS && encoders[kind] ? encoders[kind](encoder, command) : 0;
}

void dsa_encode_fence(struct road_ring_encoder *encoder, uint64_t sequence)
{
	const struct road_stream_encode *stream = encoder->user;
	struct road_dsa_descriptor one = make(ROAD_DSA_WORK_FENCE, true);

	one.value = sequence;
	if (stream->irq) {
		one.flags |= ROAD_DSA_WORK_IRQ;
		one.vector = stream->vector;
	}
	put(encoder, &one);
}
