/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Adds two vectors on `host:`, the device that is this machine's processor: a kernel written in C,
 * two inputs in device memory, one launch, the result checked. A whole program, every object
 * released.
 */
#include <roadbed/host.h>
#include <roadbed/roadbed.h>
#include <stdio.h>

enum { COUNT = 1 << 20, BLOCK = 256 };

/* The kernel: called once per workgroup, loops over its work-items. */
struct add_arguments {
	const float *a, *b;
	float *sum;
	uint32_t count;
};

static int add(const road_host_group *group, const void *arguments)
{
	const struct add_arguments *args = arguments;

	for (uint32_t item = 0; item < group->block.x; item++) {
		uint32_t i = group->group.x * group->block.x + item;

		if (i < args->count)
			args->sum[i] = args->a[i] + args->b[i];
	}
	return 0; /* anything else would be a fault */
}

static const uint32_t add_sizes[] = {8, 8, 8, 4};
static const road_host_kernel kernels[] = {
	{.name = "add", .run = add, .argument_count = 4, .argument_bytes = add_sizes}};
static const road_host_module module = {sizeof(module), 1, kernels};

static int tell(const char *what)
{
	road_error error = {.size = sizeof(error)};

	road_last_error(&error);
	fprintf(stderr, "%s: %s: %s (%s)\n", what, road_status_text(error.status), error.what,
		error.where);
	return 1;
}

/* Fills two buffers, launches, reads the third back. All of it is in the queue before any runs. */
static road_status enqueue(road_queue *queue, road_kernel *kernel, road_buffer *buffers[3],
			   float *a, float *b, float *sum)
{
	uint64_t addresses[3] = {0};
	uint32_t count = COUNT;
	const uint64_t bytes = COUNT * sizeof(float);
	const void *arguments[] = {&addresses[0], &addresses[1], &addresses[2], &count};
	road_launch launch = {.size = sizeof(launch),
			      .kernel = kernel,
			      .grid = {(COUNT + BLOCK - 1) / BLOCK, 1, 1},
			      .block = {BLOCK, 1, 1},
			      .argument_pointers = arguments,
			      .argument_count = 4};
	road_status status = ROAD_OK;

	for (int i = 0; i < 3 && !status; i++)
		status = road_buffer_address(buffers[i], &addresses[i]);
	if (!status)
		status = road_queue_write(queue, buffers[0], 0, a, bytes, NULL);
	if (!status)
		status = road_queue_write(queue, buffers[1], 0, b, bytes, NULL);
	if (!status)
		status = road_queue_launch(queue, &launch, NULL);
	if (!status)
		status = road_queue_read(queue, sum, buffers[2], 0, bytes, NULL);
	return status;
}

static road_status add_on_device(road_space *space, float *a, float *b, float *sum)
{
	road_buffer_options options = {
		.size = sizeof(options), .heap = ROAD_HEAP_DEVICE, .bytes = COUNT * sizeof(float)};
	road_buffer *buffers[3] = {NULL};
	road_queue *queue = NULL;
	road_image *image = NULL;
	road_kernel *kernel = NULL;
	road_status status = road_image_load(space, "example", 7, NULL, &image);

	if (!status)
		status = road_image_kernel(image, "add", &kernel);
	if (!status)
		status = road_queue_create(space, NULL, &queue);
	for (int i = 0; i < 3 && !status; i++)
		status = road_buffer_create(space, &options, &buffers[i]);
	if (!status)
		status = enqueue(queue, kernel, buffers, a, b, sum);
	if (!status)
		status = road_queue_drain(queue, road_deadline_after(60000000000));
	road_queue_release(queue); /* releasing NULL does nothing */
	for (int i = 0; i < 3; i++)
		road_buffer_release(buffers[i]);
	road_kernel_release(kernel);
	road_image_release(image);
	return status;
}

static int check(const float *a, const float *b, const float *sum)
{
	for (uint32_t i = 0; i < COUNT; i++) {
		if (sum[i] != a[i] + b[i]) {
			fprintf(stderr, "sum[%u] is %g, not %g\n", i, (double)sum[i],
				(double)(a[i] + b[i]));
			return 1;
		}
	}
	printf("host: %d sums are right\n", COUNT);
	return 0;
}

int main(void)
{
	static float a[COUNT], b[COUNT], sum[COUNT];
	road_instance *instance = NULL;
	road_device *device = NULL;
	road_space *space = NULL;
	int result = 0;

	for (uint32_t i = 0; i < COUNT; i++) {
		a[i] = (float)i;
		b[i] = 0.25f * (float)(i % 1000);
	}
	if (road_host_register("example", &module) || road_instance_shared(&instance) ||
	    road_device_open(instance, "host:", &device) || road_space_shared(device, &space))
		result = tell("open");
	else if (add_on_device(space, a, b, sum))
		result = tell("add");
	else
		result = check(a, b, sum);
	road_space_release(space);
	road_device_release(device);
	road_instance_release(instance);
	return result;
}
