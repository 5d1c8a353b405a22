/* SPDX-License-Identifier: Apache-2.0 */
/* What each command means, done by the processor: the reference for all devices. */
#include "drivers/host/host.h"

#include <fenv.h>
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

/* Row by row: of several none overlaps another side's, for the core sees to that. */
static void copy(const struct road_cmd_copy *c)
{
	for (uint32_t s = 0; s < c->slices; s++)
		for (uint32_t r = 0; r < c->rows; r++)
			memmove(row(&c->dst, c->dst_row_pitch, c->dst_slice_pitch, r, s),
				row(&c->src, c->src_row_pitch, c->src_slice_pitch, r, s), c->bytes);
}

/* The pattern once, then what is there doubled until all is full. */
static void fill(const struct road_cmd_fill *f)
{
	char *out = pointer(&f->dst);
	uint64_t done = f->pattern_bytes < f->bytes ? f->pattern_bytes : f->bytes;

	memcpy(out, &f->pattern, done);
	while (done < f->bytes) {
		uint64_t more = done < f->bytes - done ? done : f->bytes - done;

		memcpy(out + done, out, more);
		done += more;
	}
}

static bool compares(const struct road_cmd_word *w)
{
	bool wide = w->bytes == 8;
	uint64_t mask = wide ? UINT64_MAX : UINT32_MAX;
	uint64_t word = wide ? road_load64((const void *)pointer(&w->at))
			     : road_load32((const void *)pointer(&w->at));
	uint64_t value = w->value & mask;

	switch (w->compare) {
	case ROAD_COMPARE_GE:
		return wide ? (int64_t)(word - value) >= 0
			    : (int32_t)((uint32_t)word - (uint32_t)value) >= 0;
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

/* ---- launch ---- */

static bool run_group(const struct road_cmd_launch *l, const road_host_kernel *kernel,
		      road_host_group *group, struct road_fault *fault)
{
	int result = kernel->run(group, l->arguments);

	if (!result)
		return true;
	*fault = (struct road_fault){
		.size = sizeof(*fault),
		.kind = ROAD_FAULT_TRAP,
		.device_ns = road_host_now_ns(),
		.workgroup = {group->group.x, group->group.y, group->group.z},
	};
	snprintf(fault->kernel, sizeof(fault->kernel), "%s", kernel->name);
	snprintf(fault->text, sizeof(fault->text), "kernel %.60s returned %d", kernel->name,
		 result);
	return false;
}

/* Workgroups in linear order, x first. */
static bool run_groups(const struct road_cmd_launch *l, const road_host_kernel *kernel,
		       road_host_group *group, struct road_fault *fault)
{
	road_dim3 *at = &group->group;

	for (at->z = 0; at->z < l->grid.z; at->z++)
		for (at->y = 0; at->y < l->grid.y; at->y++)
			for (at->x = 0; at->x < l->grid.x; at->x++)
				if (!run_group(l, kernel, group, fault))
					return false;
	return true;
}

static bool get_shared(road_host_group *group, struct road_fault *fault)
{
	size_t bytes = ((size_t)group->shared_bytes + 63) & ~(size_t)63;

	if (!bytes)
		return true;
	group->shared = aligned_alloc(64, bytes);
	if (group->shared)
		return true;
	*fault = (struct road_fault){.size = sizeof(*fault), .kind = ROAD_FAULT_RESOURCES};
	snprintf(fault->text, sizeof(fault->text), "no memory for %u bytes of shared memory",
		 group->shared_bytes);
	return false;
}

/* A kernel computes the same whatever thread happens to run it: that thread's rounding mode and
 * flush-to-zero do not reach it, nor does what it does to them get out. */
static enum host_result launch(const struct road_cmd_launch *l, struct road_fault *fault)
{
	const road_host_kernel *kernel = ((struct host_kernel *)l->kernel->data)->kernel;
	road_host_group group = {.size = sizeof(group),
				 .grid = l->grid,
				 .block = l->block,
				 .shared_bytes = kernel->shared_bytes + l->shared_bytes};
	fenv_t callers;

	if (!get_shared(&group, fault))
		return HOST_FAULT;
	fegetenv(&callers);
	fesetenv(FE_DFL_ENV);
	bool good = run_groups(l, kernel, &group, fault);

	fesetenv(&callers);
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
