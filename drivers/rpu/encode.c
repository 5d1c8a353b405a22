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

/* ---- copies ---- */

/* Whether it must wait for all before it, and for which tokens: of the command's first entry. */
static struct rpu_step order_of(struct road_ring_encoder *encoder, const struct road_cmd *command)
{
	const struct road_stream_encode *stream = encoder->user;
	struct rpu_step step = rpu_plan_step(stream->state, command);

	step.free |= !encoder->ordered;
	return step;
}

/* Entry `at` of a copy in memory, or within the scratchpads. */
static void copy_entry(const struct road_cmd_copy *copy, const struct road_copy_plan *plan,
		       uint64_t at, struct road_rpu_entry *out)
{
	*out = make(ROAD_RPU_WORK_COPY, false);
	set_dst(out, &copy->dst);
	set_src(out, &copy->src);
	if (rpu_is_scratch(&copy->dst)) {
		out->flags |= ROAD_RPU_WORK_SPM;
		out->dst -= ROAD_RPU_SPM_BASE;
		out->src -= ROAD_RPU_SPM_BASE;
	}
	out->dst += road_copy_dst(plan, at);
	out->src += road_copy_src(plan, at);
	out->bytes = plan->bytes;
	out->rows = plan->rows;
	out->slices = plan->slices;
	out->dst_pitch = plan->dst_pitch;
	out->src_pitch = plan->src_pitch;
	out->slice_rows = plan->slice_rows;
}

/* Entry `at` of a copy between memory and the scratchpads: into those of all tiles of the region,
 * out of its first tile's. */
static void move_entry(const struct road_cmd_copy *copy, const struct road_copy_plan *plan,
		       uint64_t at, struct road_rpu_move *out)
{
	const bool in = rpu_is_scratch(&copy->dst);
	const struct road_place *memory = in ? &copy->src : &copy->dst;
	uint64_t src = copy->src.address + road_copy_src(plan, at);
	uint64_t dst = copy->dst.address + road_copy_dst(plan, at);

	*out = (struct road_rpu_move){
		.work = ROAD_RPU_WORK_MOVE,
		.engine = in ? ROAD_RPU_ENGINE_RDMA : ROAD_RPU_ENGINE_WDMA,
		.memory = in ? src : dst,
		.spm = (uint32_t)((in ? dst : src) - ROAD_RPU_SPM_BASE),
		.bytes = (uint32_t)plan->bytes,
		.rows = plan->rows,
		.slices = plan->slices,
		.memory_pitch = in ? plan->src_pitch : plan->dst_pitch,
		.spm_pitch = in ? plan->dst_pitch : plan->src_pitch,
		.slice_rows = plan->slice_rows,
		.tiles = in ? 0 : 1,
	};
	if (memory->bus)
		out->flags = in ? ROAD_RPU_WORK_SRC_BUS : ROAD_RPU_WORK_DST_BUS;
}

/* The first entry waits for what is before the command, the last one tells who waits for it. */
static int copy(struct road_ring_encoder *encoder, const struct road_cmd *command)
{
	const struct road_cmd_copy *copy = &command->copy;
	const bool engine = rpu_is_scratch(&copy->dst) != rpu_is_scratch(&copy->src);
	const struct rpu_step step = order_of(encoder, command);
	struct road_copy_plan plan;
	uint64_t at = encoder->resume, last;
	int count = 0;

	road_copy_plan_make(copy, &plan);
	last = road_copy_packets(&plan) - 1;
	for (; at <= last && (uint32_t)count < encoder->packet_room; at++) {
		union {
			struct road_rpu_entry any;
			struct road_rpu_move move;
		} one;

		if (engine)
			move_entry(copy, &plan, at, &one.move);
		else
			copy_entry(copy, &plan, at, &one.any);
		if (at == 0 && !step.free)
			one.any.flags |= ROAD_RPU_WORK_ORDERED;
		one.any.wait = at == 0 ? step.wait : 0;
		one.any.signal = at == last ? step.signal : 0;
		memcpy((struct road_rpu_entry *)encoder->packets + count++, &one, sizeof(one));
	}
	encoder->resume = at <= last ? at : 0;
	return count;
}

static int fill(struct road_ring_encoder *encoder, const struct road_cmd *command)
{
	const struct road_cmd_fill *fill = &command->fill;
	struct road_rpu_entry one = make(ROAD_RPU_WORK_FILL, encoder->ordered);

	set_dst(&one, &fill->dst);
	if (rpu_is_scratch(&fill->dst)) {
		one.flags |= ROAD_RPU_WORK_SPM;
		one.dst -= ROAD_RPU_SPM_BASE;
	}
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

/* ---- launches ---- */

static int launch_engine(struct road_ring_encoder *encoder, const struct road_cmd *command)
{
	const struct rpu_step step = order_of(encoder, command);
	struct road_rpu_gemm gemm = rpu_engine_entry(&command->launch);

	if (!step.free)
		gemm.flags |= ROAD_RPU_WORK_ORDERED;
	gemm.wait = step.wait;
	gemm.signal = step.signal;
	memcpy(encoder->packets, &gemm, sizeof(gemm));
	return 1;
}

/* A grid whose blocks exceed 32 bits was refused by check_launch. */
static int launch_fabric(struct road_ring_encoder *encoder, const struct road_cmd *command)
{
	const struct road_stream_encode *stream = encoder->user;
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

static int launch(struct road_ring_encoder *encoder, const struct road_cmd *command)
{
	const struct rpu_kernel *kernel = command->launch.kernel->data;

	return kernel->entry->is_engine ? launch_engine(encoder, command)
					: launch_fabric(encoder, command);
}

static int reconfigure(struct road_ring_encoder *encoder, const struct road_cmd *command)
{
	const struct road_stream_encode *stream = encoder->user;
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
	const struct road_stream_encode *stream = encoder->user;
	struct road_rpu_entry one = make(ROAD_RPU_WORK_FENCE, true);

	one.value = sequence;
	if (stream->irq) {
		one.flags |= ROAD_RPU_WORK_IRQ;
		one.vector = stream->vector;
	}
	put(encoder, &one);
}
