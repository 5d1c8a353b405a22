/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/dsa/run.h"

void *run_read(const char *file, size_t *bytes)
{
	char path[512], *image = calloc(1, 1 << 20);

	snprintf(path, sizeof(path), "%s/%s", IMAGES, file);
	FILE *in = fopen(path, "r");

	CU_ASSERT_PTR_NOT_NULL_FATAL(in);
	*bytes = fread(image, 1, 1 << 20, in);
	fclose(in);
	return image;
}

struct loaded {
	road_image *image;
	road_kernel *kernel;
	road_buffer *buffers[RUN_ARGUMENTS];
	uint64_t values[RUN_ARGUMENTS];
	const void *pointers[RUN_ARGUMENTS];
};

static void load(struct fixture *f, const struct run *run, struct loaded *l)
{
	size_t bytes = 0;
	void *image = run_read(run->file, &bytes);
	road_status status = road_image_load(f->space, image, bytes, NULL, &l->image);

	if (status)
		tell_error("load");
	CU_ASSERT_EQUAL_FATAL(status, ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_image_kernel(l->image, run->kernel, &l->kernel), ROAD_OK);
	free(image);
}

static void bind(struct fixture *f, const struct run *run, struct loaded *l)
{
	for (uint32_t i = 0; i < run->argument_count; i++) {
		const struct run_argument *a = &run->arguments[i];

		l->values[i] = a->number;
		l->pointers[i] = &l->values[i];
		if (!a->data)
			continue;
		l->buffers[i] = buffer_of(f, ROAD_HEAP_DEVICE, a->bytes);
		CU_ASSERT_EQUAL_FATAL(road_buffer_address(l->buffers[i], &l->values[i]), ROAD_OK);
		CU_ASSERT_EQUAL_FATAL(
			road_queue_write(f->queue, l->buffers[i], 0, a->data, a->bytes, NULL),
			ROAD_OK);
	}
}

static void read_back(struct fixture *f, const struct run *run, struct loaded *l)
{
	for (uint32_t i = 0; i < run->argument_count; i++)
		if (run->arguments[i].data)
			CU_ASSERT_EQUAL(road_queue_read(f->queue, run->arguments[i].data,
							l->buffers[i], 0, run->arguments[i].bytes,
							NULL),
					ROAD_OK);
	CU_ASSERT_EQUAL(road_queue_drain(f->queue, soon()), ROAD_OK);
}

road_status run_kernel(struct fixture *f, const struct run *run)
{
	struct loaded l = {0};
	road_point point;

	load(f, run, &l);
	bind(f, run, &l);
	road_launch launch = {.size = sizeof(launch),
			      .kernel = l.kernel,
			      .grid = {run->blocks, 1, 1},
			      .block = {1, 1, 1},
			      .flags = run->cooperative ? ROAD_LAUNCH_COOPERATIVE : 0,
			      .argument_pointers = l.pointers,
			      .argument_count = run->argument_count,
			      .watchdog = run->watchdog};
	road_status status = road_queue_launch(f->queue, &launch, &point);

	if (status)
		tell_error("launch");
	CU_ASSERT_EQUAL_FATAL(status, ROAD_OK);
	status = road_point_wait(point, soon());
	if (!status)
		read_back(f, run, &l);
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
	return UINT64_MAX;
}
