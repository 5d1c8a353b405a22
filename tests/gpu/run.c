/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/gpu/run.h"

#include <roadbed/sim.h>

char *run_read(const char *file, size_t *bytes)
{
	char path[512], *text = calloc(1, 1 << 20);

	snprintf(path, sizeof(path), "%s/%s", KERNELS, file);
	FILE *in = fopen(path, "r");

	CU_ASSERT_PTR_NOT_NULL_FATAL(in);
	*bytes = fread(text, 1, (1 << 20) - 1, in);
	fclose(in);
	return text;
}

/* Virtual time of the process, ns. */
static uint64_t now(road_device *device)
{
	uint64_t ns = 0;

	CU_ASSERT_EQUAL(road_sim_time(device, &ns, NULL), ROAD_OK);
	return ns;
}

struct loaded {
	road_image *image;
	road_kernel *kernel;
	road_buffer *buffers[RUN_ARGUMENTS];
	uint64_t addresses[RUN_ARGUMENTS];
	const void *pointers[RUN_ARGUMENTS];
};

static void load(struct fixture *f, const struct run *run, struct loaded *l)
{
	size_t bytes = run->ptx ? strlen(run->ptx) : 0;
	char *text = run->ptx ? NULL : run_read(run->file, &bytes);
	road_status status =
		road_image_load(f->space, run->ptx ? run->ptx : text, bytes, NULL, &l->image);

	if (status)
		tell_error("load");
	CU_ASSERT_EQUAL_FATAL(status, ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_image_kernel(l->image, run->kernel, &l->kernel), ROAD_OK);
	free(text);
}

static uint64_t bytes_of(const struct run_argument *a)
{
	return (uint64_t)a->count * (a->element ? a->element : 4);
}

static void bind(struct fixture *f, const struct run *run, struct loaded *l)
{
	for (uint32_t i = 0; i < run->argument_count; i++) {
		const struct run_argument *a = &run->arguments[i];

		l->pointers[i] = a->value ? a->value : &a->number;
		if (!a->data)
			continue;
		l->buffers[i] = buffer_of(f, ROAD_HEAP_DEVICE, bytes_of(a));
		CU_ASSERT_EQUAL_FATAL(road_buffer_address(l->buffers[i], &l->addresses[i]),
				      ROAD_OK);
		CU_ASSERT_EQUAL_FATAL(
			road_queue_write(f->queue, l->buffers[i], 0, a->data, bytes_of(a), NULL),
			ROAD_OK);
		l->pointers[i] = &l->addresses[i];
	}
}

road_status run_kernel(struct fixture *f, const struct run *run, uint64_t *took_ns)
{
	struct loaded l = {0};
	road_point point;

	load(f, run, &l);
	bind(f, run, &l);
	CU_ASSERT_EQUAL_FATAL(road_queue_drain(f->queue, soon()), ROAD_OK);
	road_launch launch = {.size = sizeof(launch),
			      .kernel = l.kernel,
			      .grid = run->grid,
			      .block = run->block,
			      .shared_bytes = run->shared_bytes,
			      .argument_pointers = l.pointers,
			      .argument_count = run->argument_count,
			      .watchdog = run->watchdog};
	uint64_t before = now(f->device);
	road_status status = road_queue_launch(f->queue, &launch, &point);

	if (status)
		tell_error("launch");
	CU_ASSERT_EQUAL_FATAL(status, ROAD_OK);
	status = road_point_wait(point, soon());
	if (took_ns)
		*took_ns = now(f->device) - before;
	for (uint32_t i = 0; i < run->argument_count && !status; i++) {
		const struct run_argument *a = &run->arguments[i];

		if (a->data)
			CU_ASSERT_EQUAL(road_queue_read(f->queue, a->data, l.buffers[i], 0,
							bytes_of(a), NULL),
					ROAD_OK);
	}
	if (!status)
		CU_ASSERT_EQUAL(road_queue_drain(f->queue, soon()), ROAD_OK);
	for (uint32_t i = 0; i < RUN_ARGUMENTS; i++)
		road_buffer_release(l.buffers[i]);
	road_kernel_release(l.kernel);
	road_image_release(l.image);
	return status;
}

uint64_t counter_of(const struct fixture *f, const char *wanted)
{
	const char *name;
	uint64_t value;

	for (uint32_t i = 0; !road_sim_counter(f->device, i, &name, &value); i++)
		if (!strcmp(name, wanted))
			return value;
	return 0;
}

struct course course_of(const struct fixture *f)
{
	return (struct course){counter_of(f, "gpu.warp_instructions"),
			       counter_of(f, "gpu.timing.resident_warp_cycles"),
			       counter_of(f, "gpu.timing.quanta")};
}
