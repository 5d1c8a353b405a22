/* SPDX-License-Identifier: Apache-2.0 */
/* launch DEVICE PTX: runs the kernel "square" of a PTX file on a device and checks what it wrote.
 */
#include <roadbed/roadbed.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	road_instance *instance;
	road_device *device;
	road_space *space;
	road_queue *queue;
	road_image *image;
	road_buffer *buffer;
	road_error e = {.size = sizeof(e)};
	uint32_t out[256] = {0};
	char ptx[4096];
	FILE *file = argc > 2 ? fopen(argv[2], "rb") : NULL;
	size_t bytes = file ? fread(ptx, 1, sizeof(ptx), file) : 0;
	uint64_t address;
	road_buffer_options options = {.size = sizeof(options), .bytes = sizeof(out)};
	road_launch launch = {.size = sizeof(launch), .grid = {2, 1, 1}, .block = {128, 1, 1}};

	launch.arguments = &address;
	launch.argument_bytes = sizeof(address);
	if (road_instance_shared(&instance) || road_device_open(instance, argv[1], &device) ||
	    road_space_shared(device, &space) || road_queue_create(space, NULL, &queue) ||
	    road_image_load(space, ptx, bytes, NULL, &image) ||
	    road_image_kernel(image, "square", &launch.kernel) ||
	    road_buffer_create(space, &options, &buffer) || road_buffer_address(buffer, &address) ||
	    road_queue_launch(queue, &launch, NULL) ||
	    road_queue_read(queue, out, buffer, 0, sizeof(out), NULL) ||
	    road_queue_drain(queue, ROAD_FOREVER))
		return road_last_error(&e) || fprintf(stderr, "%s: %s\n", e.where, e.what);
	for (uint32_t i = 0; i < 256; i++)
		if (out[i] != i * i)
			return fprintf(stderr, "out[%u] is %u\n", i, out[i]) != 0;
	return printf("%s: 256 squares are right\n", argv[1]) < 0;
}
