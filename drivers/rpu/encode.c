/* SPDX-License-Identifier: Apache-2.0 */
/* Commands as entries (uapi/rpu/ring.h). Pure in its inputs: tested by its bytes, without a
 * device. */
#include <roadbed-driver/copy.h>
#include <string.h>

#include "drivers/rpu/rpu.h"

static struct road_rpu_entry make(enum road_rpu_work work, bool ordered)
{
	return (struct road_rpu_entry){.work = (uint8_t)work,
				       .flags = ordered ? ROAD_RPU_WORK_ORDERED : 0};
}

static void set_dst(struct road_rpu_entry *entry, const struct road_place *place)
{
	entry->dst = place->address;
	if (place->bus)
		entry->flags |= ROAD_RPU_WORK_DST_BUS;
}

static void set_src(struct road_rpu_entry *entry, const struct road_place *place)
{
	entry->src = place->address;
	if (place->bus)
		entry->flags |= ROAD_RPU_WORK_SRC_BUS;
}

static int put(struct road_ring_encoder *encoder, const struct road_rpu_entry *entry)
{
	memcpy(encoder->packets, entry, sizeof(*entry));
	return 1;
}

static uint64_t low_bytes(uint64_t value, uint32_t bytes)
{
	return bytes >= 8 ? value : value & ((UINT64_C(1) << 8 * bytes) - 1);
}

static int copy(struct road_ring_encoder *encoder, const struct road_cmd *command)
{
	struct road_rpu_entry *out = encoder->packets;
	struct road_copy_plan plan;
	uint64_t at = encoder->resume;
	int count = 0;

	road_copy_plan_make(&command->copy, &plan);
	for (; at < road_copy_packets(&plan) && (uint32_t)count < encoder->packet_room; at++) {
		struct road_rpu_entry one = make(ROAD_RPU_WORK_COPY, encoder->ordered && at == 0);

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
	struct road_rpu_entry one = make(ROAD_RPU_WORK_FILL, encoder->ordered);

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
		[ROAD_COMPARE_GE] = ROAD_RPU_WAIT_GE,
		[ROAD_COMPARE_EQ] = ROAD_RPU_WAIT_EQ,
		[ROAD_COMPARE_AND] = ROAD_RPU_WAIT_AND,
		[ROAD_COMPARE_NOR] = ROAD_RPU_WAIT_NOR,
	};
	const struct road_cmd_word *word = &command->word;
	struct road_rpu_entry one = make(ROAD_RPU_WORK_WAIT, encoder->ordered);

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
	struct road_rpu_entry one = make(ROAD_RPU_WORK_WRITE, true);

	set_dst(&one, &word->at);
	one.value = low_bytes(word->value, word->bytes);
	one.value_bytes = (uint8_t)word->bytes;
	return put(encoder, &one);
}

static int timestamp(struct road_ring_encoder *encoder, const struct road_cmd *command)
{
	struct road_rpu_entry one = make(ROAD_RPU_WORK_TIMESTAMP, true);

	set_dst(&one, &command->word.at);
	return put(encoder, &one);
}

/* A grid whose blocks exceed 32 bits was refused by check_launch. */
static int launch(struct road_ring_encoder *encoder, const struct road_cmd *command)
{
	const struct rpu_encode *stream = encoder->user;
	const struct road_cmd_launch *l = &command->launch;
	bool activate = l->flags & ROAD_LAUNCH_ACTIVATE;
	struct road_region_place image = {0};
	struct road_rpu_run run = {
		.work = ROAD_RPU_WORK_RUN,
		.flags = (uint8_t)((encoder->ordered ? ROAD_RPU_WORK_ORDERED : 0) |
				   (activate ? ROAD_RPU_WORK_ACTIVATE : 0)),
		.engine = ROAD_RPU_ENGINE_CGRA,
		.config = l->configuration,
		.argument_bytes = l->argument_bytes,
		.blocks = l->grid.x * l->grid.y * l->grid.z,
		.watchdog = l->watchdog,
	};

	if (activate && road_region_config(stream->dev, l->configuration, &image)) {
		run.image = image.address;
		run.image_bytes = image.bytes;
	}
	if (l->argument_bytes) {
		road_iova iova;
		void *block = road_ring_arguments(encoder, l->argument_bytes, &iova);

		if (!block)
			return -1;
		memcpy(block, l->arguments, l->argument_bytes);
		run.arguments = iova.value;
	}
	memcpy(encoder->packets, &run, sizeof(run));
	return 1;
}

static int reconfigure(struct road_ring_encoder *encoder, const struct road_cmd *command)
{
	const struct rpu_encode *stream = encoder->user;
	struct road_rpu_entry one = make(ROAD_RPU_WORK_REGION, true);
	int status = road_region_encode(encoder, stream->dev, command->region, &one.src);

	return status < 0 ? status : put(encoder, &one);
}

/* The entry behind it carries the order. */
static int barrier(struct road_ring_encoder *encoder, const struct road_cmd *command)
{
	(void)encoder;
	(void)command;
	return 0;
}

static int (*const encoders[ROAD_COMMAND_KINDS])(struct road_ring_encoder *,
						 const struct road_cmd *) = {
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
};

/* Kinds that are not in info.commands never arrive. */
int rpu_encode(struct road_ring_encoder *encoder, const struct road_cmd *command)
{
	unsigned kind = (unsigned)command->kind;

	return kind < ROAD_COMMAND_KINDS && encoders[kind] ? encoders[kind](encoder, command) : 0;
}

void rpu_encode_fence(struct road_ring_encoder *encoder, uint64_t sequence)
{
	const struct rpu_encode *stream = encoder->user;
	struct road_rpu_entry one = make(ROAD_RPU_WORK_FENCE, true);

	one.value = sequence;
	if (stream->irq) {
		one.flags |= ROAD_RPU_WORK_IRQ;
		one.vector = stream->vector;
	}
	put(encoder, &one);
}
