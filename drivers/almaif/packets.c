/* SPDX-License-Identifier: Apache-2.0 */
/* Commands as dispatch packets: the chip has no engine for copies, but built-in kernels. */
#include <stdio.h>
#include <string.h>

#include "drivers/almaif/almaif.h"

/* A program's number that is no address of its memory must not become one of the chip's, where the
 * host's memory is, too: the chip is sent nowhere, and says that it failed. */
#define NOWHERE UINT64_MAX

static uint64_t of_device(const struct almaif_places *places, uint64_t address)
{
	uint64_t offset = address - places->window;

	return offset < places->bytes ? places->start + offset : NOWHERE;
}

static uint64_t at(const struct almaif_places *places, const struct road_place *place)
{
	return place->bus ? place->address : of_device(places, place->address);
}

/* One packet; -1: no room for its arguments. Ordered by itself: the chip takes one at a time. */
static int dispatch(struct road_ring_encoder *encoder, uint64_t kernel, const char *name,
		    const uint64_t *arguments, uint32_t words)
{
	const struct almaif_places *places = encoder->user;
	struct almaif_dispatch *packet = encoder->packets;
	road_iova where = {0};

	if (words) {
		void *room = road_ring_arguments(encoder, words * 8, &where);

		if (!room)
			return -1;
		memcpy(room, arguments, (size_t)words * 8);
	}
	if (places->names)
		snprintf(places->names[encoder->slot], ALMAIF_NAME_MAX, "%s", name);
	*packet = (struct almaif_dispatch){
		.header = ALMAIF_DISPATCH,
		.dimensions = 3,
		.workgroup_x = 1,
		.workgroup_y = 1,
		.workgroup_z = 1,
		.grid_x = 1,
		.grid_y = 1,
		.grid_z = 1,
		.kernel_object = kernel,
		.kernarg_address = where.value,
		.command_meta_address = places->metas + encoder->slot * sizeof(struct almaif_meta),
	};
	return 1;
}

static int encode_copy(struct road_ring_encoder *encoder, const struct road_cmd_copy *copy)
{
	const uint64_t arguments[] = {
		at(encoder->user, &copy->dst),
		at(encoder->user, &copy->src),
		copy->bytes,
		copy->rows,
		copy->slices,
		copy->dst_row_pitch,
		copy->dst_slice_pitch,
		copy->src_row_pitch,
		copy->src_slice_pitch,
	};

	return dispatch(encoder, ALMAIF_KERNEL_BOX, "copy", arguments, 9);
}

static int encode_fill(struct road_ring_encoder *encoder, const struct road_cmd_fill *fill)
{
	const uint64_t arguments[] = {at(encoder->user, &fill->dst), fill->bytes, fill->pattern,
				      fill->pattern_bytes};

	return dispatch(encoder, ALMAIF_KERNEL_FILL, "fill", arguments, 4);
}

/* A word is a fill of one. */
static int encode_word(struct road_ring_encoder *encoder, const struct road_cmd_word *word)
{
	const uint64_t arguments[] = {at(encoder->user, &word->at), word->bytes, word->value,
				      word->bytes};

	return dispatch(encoder, ALMAIF_KERNEL_FILL, "fill", arguments, 4);
}

static int encode_timestamp(struct road_ring_encoder *encoder, const struct road_cmd_word *word)
{
	uint64_t address = at(encoder->user, &word->at);

	return dispatch(encoder, ALMAIF_KERNEL_TIMESTAMP, "timestamp", &address, 1);
}

/* check_launch() saw to it that all fits its field. */
static int encode_launch(struct road_ring_encoder *encoder, const struct road_cmd_launch *launch)
{
	const struct almaif_kernel *kernel = launch->kernel->data;
	struct almaif_dispatch *packet = encoder->packets;
	uint64_t words[ALMAIF_ARGUMENTS_MAX] = {0};
	int count;

	if (kernel->arguments)
		memcpy(words, launch->arguments, (size_t)kernel->arguments * 8);
	for (uint32_t i = 0; i < kernel->arguments; i++)
		if (kernel->addresses >> i & 1)
			words[i] = of_device(encoder->user, words[i]);
	count = dispatch(encoder, kernel->number, kernel->name, words, kernel->arguments);
	if (count != 1)
		return count;
	packet->workgroup_x = (uint16_t)launch->block.x;
	packet->workgroup_y = (uint16_t)launch->block.y;
	packet->workgroup_z = (uint16_t)launch->block.z;
	packet->grid_x = launch->grid.x * launch->block.x;
	packet->grid_y = launch->grid.y * launch->block.y;
	packet->grid_z = launch->grid.z * launch->block.z;
	return 1;
}

int almaif_encode(struct road_ring_encoder *encoder, const struct road_cmd *command)
{
	switch (command->kind) {
	case ROAD_COMMAND_COPY: return encode_copy(encoder, &command->copy);
	case ROAD_COMMAND_FILL: return encode_fill(encoder, &command->fill);
	case ROAD_COMMAND_WRITE_VALUE: return encode_word(encoder, &command->word);
	case ROAD_COMMAND_TIMESTAMP: return encode_timestamp(encoder, &command->word);
	case ROAD_COMMAND_LAUNCH: return encode_launch(encoder, &command->launch);
	default: return 0; /* a barrier: the chip keeps order; others are not in info.commands */
	}
}
