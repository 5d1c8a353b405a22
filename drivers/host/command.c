/* SPDX-License-Identifier: Apache-2.0 */
/* What each command means, done by the processor: the reference for all devices. */
#include "drivers/host/host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *pointer(const struct road_place *place)
{
	return (char *)(uintptr_t)place->address; /* addresses of this device are host pointers */
}

static char *row(const struct road_place *place, uint64_t row_pitch, uint64_t slice_pitch,
		 uint32_t r, uint32_t s)
{
	return pointer(place) + s * slice_pitch + r * row_pitch;
}

/* Boxes go row by row; from the end if the destination lies above, so that rows that overlap are
 * read before they are written over. */
static void copy(const struct road_cmd_copy *c)
{
	bool up = pointer(&c->dst) > pointer(&c->src);
	uint64_t rows = (uint64_t)c->rows * c->slices;

	for (uint64_t i = 0; i < rows; i++) {
		uint64_t n = up ? rows - 1 - i : i;
		uint32_t r = (uint32_t)(n % c->rows), s = (uint32_t)(n / c->rows);

		memmove(row(&c->dst, c->dst_row_pitch, c->dst_slice_pitch, r, s),
			row(&c->src, c->src_row_pitch, c->src_slice_pitch, r, s), c->bytes);
	}
}

static void fill(const struct road_cmd_fill *f)
{
	char *out = pointer(&f->dst);

	if (f->pattern_bytes == 1) {
		memset(out, (int)(f->pattern & 0xff), f->bytes);
		return;
	}
	for (uint64_t i = 0; i < f->bytes; i += f->pattern_bytes)
		memcpy(out + i, &f->pattern, f->pattern_bytes);
}

static bool compares(const struct road_cmd_word *w)
{
	bool wide = w->bytes == 8;
	uint64_t mask = wide ? UINT64_MAX : UINT32_MAX;
	uint64_t word = wide ? road_load64((const void *)pointer(&w->at)) :
			       road_load32((const void *)pointer(&w->at));
	uint64_t value = w->value & mask;

	switch (w->compare) {
	case ROAD_COMPARE_GE:
		return wide ? (int64_t)(word - value) >= 0 :
			      (int32_t)((uint32_t)word - (uint32_t)value) >= 0;
	case ROAD_COMPARE_EQ: return word == value;
	case ROAD_COMPARE_AND: return (word & value) != 0;
	default: return (~(word | value) & mask) != 0;
	}
}

static void store(const struct road_cmd_word *w, uint64_t value)
{
	if (w->bytes == 8)
		road_store64((void *)pointer(&w->at), value);
	else
		road_store32((void *)pointer(&w->at), (uint32_t)value);
}

static bool run_group(const struct road_cmd_launch *l, const road_host_kernel *kernel,
		      road_host_group *group, struct road_fault *fault)
{
	int result = kernel->run(group, l->arguments);

	if (!result)
		return true;
	fault->kind = ROAD_FAULT_TRAP;
	snprintf(fault->kernel, sizeof(fault->kernel), "%s", kernel->name);
	fault->workgroup[0] = group->group.x;
	fault->workgroup[1] = group->group.y;
	fault->workgroup[2] = group->group.z;
	snprintf(fault->text, sizeof(fault->text), "kernel %.60s returned %d", kernel->name,
		 result);
	return false;
}

static enum host_result launch(const struct road_cmd_launch *l, struct road_fault *fault)
{
	const road_host_kernel *kernel = ((struct host_kernel *)l->kernel->data)->kernel;
	road_host_group group = {.size = sizeof(group),
				 .grid = l->grid,
				 .block = l->block,
				 .shared_bytes = kernel->shared_bytes + l->shared_bytes};
	size_t shared = ((size_t)group.shared_bytes + 64) & ~(size_t)63;
	bool good = true;

	group.shared = aligned_alloc(64, shared);
	if (!group.shared) {
		fault->kind = ROAD_FAULT_RESOURCES;
		snprintf(fault->text, sizeof(fault->text), "no memory for %u bytes of shared memory",
			 group.shared_bytes);
		return HOST_FAULT;
	}
	for (group.group.z = 0; good && group.group.z < l->grid.z; group.group.z++)
		for (group.group.y = 0; good && group.group.y < l->grid.y; group.group.y++)
			for (group.group.x = 0; good && group.group.x < l->grid.x; group.group.x++)
				good = run_group(l, kernel, &group, fault);
	free(group.shared);
	return good ? HOST_DONE : HOST_FAULT;
}

enum host_result host_run(const struct road_cmd *command, struct road_fault *fault)
{
	switch (command->kind) {
	case ROAD_COMMAND_COPY: copy(&command->copy); return HOST_DONE;
	case ROAD_COMMAND_FILL: fill(&command->fill); return HOST_DONE;
	case ROAD_COMMAND_LAUNCH: return launch(&command->launch, fault);
	case ROAD_COMMAND_WAIT_VALUE: return compares(&command->word) ? HOST_DONE : HOST_PARKED;
	case ROAD_COMMAND_WRITE_VALUE: store(&command->word, command->word.value); return HOST_DONE;
	case ROAD_COMMAND_TIMESTAMP: store(&command->word, road_host_now_ns()); return HOST_DONE;
	default: return HOST_DONE; /* BARRIER: commands run one after the other anyway */
	}
}
