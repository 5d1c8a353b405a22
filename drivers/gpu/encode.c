/* SPDX-License-Identifier: Apache-2.0 */
/* Commands as packets (uapi/gpu/aql.h). Pure in its inputs: tested by its bytes, without a device.
 */
#include <roadbed-driver/copy.h>
#include <string.h>

#include "drivers/gpu/gpu.h"

#define SCOPES                                                    \
	(ROAD_GPU_FENCE_SYSTEM << ROAD_GPU_PACKET_ACQUIRE_SHIFT | \
	 ROAD_GPU_FENCE_SYSTEM << ROAD_GPU_PACKET_RELEASE_SHIFT)

static uint16_t header(enum road_gpu_packet_type type, bool barrier)
{
	return (uint16_t)((unsigned)type | SCOPES | (barrier ? ROAD_GPU_PACKET_BARRIER : 0u));
}

static struct road_gpu_vendor vendor(enum road_gpu_vendor_op op, bool barrier)
{
	return (struct road_gpu_vendor){.header = header(ROAD_GPU_PACKET_VENDOR, barrier),
					.op = (uint16_t)op,
					.rows = 1,
					.slices = 1};
}

static void set_dst(const struct road_ring_encoder *encoder, struct road_gpu_vendor *packet,
		    const struct road_place *place)
{
	const struct road_stream_encode *queue = encoder->user;
	struct road_place at = *place;

	if (queue->space)
		at = gpu_space_writable(queue->space, at);
	packet->dst = at.address;
	if (at.bus)
		packet->flags |= ROAD_GPU_VENDOR_DST_BUS;
}

static void set_src(struct road_gpu_vendor *packet, const struct road_place *place)
{
	packet->src = place->address;
	if (place->bus)
		packet->flags |= ROAD_GPU_VENDOR_SRC_BUS;
}

static int put(struct road_ring_encoder *encoder, const struct road_gpu_vendor *packet)
{
	memcpy(encoder->packets, packet, sizeof(*packet));
	return 1;
}

/* ---- copies ---- */

static int copy(struct road_ring_encoder *encoder, const struct road_cmd *command)
{
	struct road_gpu_vendor *packets = encoder->packets;
	struct road_copy_plan plan;
	uint64_t at = encoder->resume;
	int count = 0;

	road_copy_plan_make(&command->copy, &plan);
	for (; at < road_copy_packets(&plan) && (uint32_t)count < encoder->packet_room; at++) {
		bool barrier = encoder->ordered && at == 0;
		struct road_gpu_vendor packet = vendor(ROAD_GPU_VENDOR_COPY, barrier);

		set_dst(encoder, &packet, &command->copy.dst);
		set_src(&packet, &command->copy.src);
		packet.dst += road_copy_dst(&plan, at);
		packet.src += road_copy_src(&plan, at);
		packet.bytes = plan.bytes;
		packet.rows = plan.rows;
		packet.slices = plan.slices;
		packet.dst_pitch = plan.dst_pitch;
		packet.src_pitch = plan.src_pitch;
		packet.slice_rows = plan.slice_rows;
		memcpy(&packets[count++], &packet, sizeof(packet));
	}
	encoder->resume = at < road_copy_packets(&plan) ? at : 0;
	return count;
}

/* ---- the others ---- */

static uint64_t low_bytes(uint64_t value, uint32_t bytes)
{
	return bytes >= 8 ? value : value & ((UINT64_C(1) << 8 * bytes) - 1);
}

static int fill(struct road_ring_encoder *encoder, const struct road_cmd *command)
{
	const struct road_cmd_fill *fill = &command->fill;
	struct road_gpu_vendor packet = vendor(ROAD_GPU_VENDOR_FILL, encoder->ordered);

	set_dst(encoder, &packet, &fill->dst);
	packet.bytes = fill->bytes;
	packet.value = low_bytes(fill->pattern, fill->pattern_bytes);
	packet.value_bytes = (uint8_t)fill->pattern_bytes;
	return put(encoder, &packet);
}

static int wait_value(struct road_ring_encoder *encoder, const struct road_cmd *command)
{
	static const uint8_t conditions[] = {
		[ROAD_COMPARE_GE] = ROAD_GPU_WAIT_GE,
		[ROAD_COMPARE_EQ] = ROAD_GPU_WAIT_EQ,
		[ROAD_COMPARE_AND] = ROAD_GPU_WAIT_AND,
		[ROAD_COMPARE_NOR] = ROAD_GPU_WAIT_NOR,
	};
	const struct road_cmd_word *word = &command->word;
	struct road_gpu_vendor packet = vendor(ROAD_GPU_VENDOR_WAIT, encoder->ordered);

	set_src(&packet, &word->at);
	packet.value = low_bytes(word->value, word->bytes);
	packet.value_bytes = (uint8_t)word->bytes;
	packet.cond = conditions[word->compare & 3u];
	return put(encoder, &packet);
}

/* write value and timestamp come after all earlier commands, also in concurrent lists. */
static int write_value(struct road_ring_encoder *encoder, const struct road_cmd *command)
{
	const struct road_cmd_word *word = &command->word;
	struct road_gpu_vendor packet = vendor(ROAD_GPU_VENDOR_WRITE, true);

	set_dst(encoder, &packet, &word->at);
	packet.value = low_bytes(word->value, word->bytes);
	packet.value_bytes = (uint8_t)word->bytes;
	return put(encoder, &packet);
}

static int timestamp(struct road_ring_encoder *encoder, const struct road_cmd *command)
{
	struct road_gpu_vendor packet = vendor(ROAD_GPU_VENDOR_TIMESTAMP, true);

	set_dst(encoder, &packet, &command->word.at);
	packet.value_bytes = 8;
	return put(encoder, &packet);
}

/* A launch whose grid exceeds 32 bits of work-items was refused by check_launch. */
static int launch(struct road_ring_encoder *encoder, const struct road_cmd *command)
{
	const struct road_cmd_launch *l = &command->launch;
	const struct gpu_kernel *kernel = l->kernel->data;
	const struct road_stream_encode *queue = encoder->user;
	struct road_gpu_dispatch packet = {
		.header = header(ROAD_GPU_PACKET_DISPATCH, encoder->ordered),
		.setup = l->grid.z > 1 || l->block.z > 1   ? 3
			 : l->grid.y > 1 || l->block.y > 1 ? 2
							   : 1,
		.workgroup_x = (uint16_t)l->block.x,
		.workgroup_y = (uint16_t)l->block.y,
		.workgroup_z = (uint16_t)l->block.z,
		.grid_x = l->grid.x * l->block.x,
		.grid_y = l->grid.y * l->block.y,
		.grid_z = l->grid.z * l->block.z,
		.private_bytes = gpu_local_bytes(queue->space, kernel),
		.group_bytes = (uint32_t)gpu_kernel_group_bytes(kernel, l->shared_bytes),
		.kernel_object = kernel->object,
		.watchdog = kernel->bounded ? 0 : l->watchdog,
	};

	if (l->argument_bytes) {
		road_iova iova;
		void *block = road_ring_arguments(encoder, l->argument_bytes, &iova);

		if (!block)
			return -1;
		memcpy(block, l->arguments, l->argument_bytes);
		packet.kernarg = iova.value;
	}
	if (!l->configuration) {
		memcpy(encoder->packets, &packet, sizeof(packet));
		return 1;
	}
	struct road_gpu_vendor expect = vendor(ROAD_GPU_VENDOR_EXPECT, encoder->ordered);

	gpu_encode_expect(encoder, l, &expect);
	memcpy(encoder->packets, &expect, sizeof(expect));
	memcpy((char *)encoder->packets + sizeof(expect), &packet, sizeof(packet));
	return 2;
}

/* In its queue's order, also in concurrent lists. */
static int reconfigure(struct road_ring_encoder *encoder, const struct road_cmd *command)
{
	struct road_gpu_vendor packet = vendor(ROAD_GPU_VENDOR_REGION, true);
	int status = gpu_encode_region(encoder, command, &packet);

	return status ? status : put(encoder, &packet);
}

/* The packet behind it carries the order. */
static int barrier(struct road_ring_encoder *encoder, const struct road_cmd *command)
{
	(void)encoder;
	(void)command;
	return 0;
}

static int load(struct road_ring_encoder *encoder, const struct road_cmd *command)
{
	struct road_gpu_vendor packet = vendor(ROAD_GPU_VENDOR_LOAD, true);

	set_dst(encoder, &packet, &command->fill.dst);
	packet.bytes = command->fill.bytes;
	return put(encoder, &packet);
}

static int unload(struct road_ring_encoder *encoder, const struct road_cmd *command)
{
	struct road_gpu_vendor packet = vendor(ROAD_GPU_VENDOR_UNLOAD, true);

	set_dst(encoder, &packet, &command->fill.dst);
	return put(encoder, &packet);
}

static int (*const encoders[GPU_COMMANDS])(struct road_ring_encoder *, const struct road_cmd *) = {
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
	[GPU_COMMAND_LOAD] = load,
	[GPU_COMMAND_UNLOAD] = unload,
};

/* Kinds that are not in info.commands never arrive. */
int gpu_encode(struct road_ring_encoder *encoder, const struct road_cmd *command)
{
	unsigned kind = (unsigned)command->kind;

	return kind < GPU_COMMANDS && encoders[kind] ? encoders[kind](encoder, command) : 0;
}

void gpu_encode_fence(struct road_ring_encoder *encoder, uint64_t sequence)
{
	const struct road_stream_encode *queue = encoder->user;
	struct road_gpu_vendor packet = vendor(ROAD_GPU_VENDOR_FENCE, true);

	packet.dst = queue->word;
	packet.flags = ROAD_GPU_VENDOR_DST_BUS;
	packet.value = sequence;
	packet.value_bytes = 8;
	if (queue->irq) {
		packet.flags |= ROAD_GPU_VENDOR_IRQ;
		packet.vector = queue->vector;
	}
	put(encoder, &packet);
}
