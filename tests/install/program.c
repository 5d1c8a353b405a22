/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program as somebody else would write it, against the installed library: opens the device of
 * its argument, sends bytes there and back, and compares them. Compiles as C and as C++.
 */
#include <roadbed/roadbed.h>

#include <stdio.h>
#include <string.h>

static int failed(const char *call)
{
	road_error why;

	memset(&why, 0, sizeof(why));
	why.size = sizeof(why);
	if (road_last_error(&why) == ROAD_OK)
		fprintf(stderr, "%s: %s: %s %s %s\n", call, why.where, why.what, why.seen,
			why.allowed);
	else
		fprintf(stderr, "%s failed\n", call);
	return 1;
}

/* There and back through a buffer of the device. */
static int round_trip(road_space *space, road_queue *queue, uint32_t heap)
{
	uint8_t there[1000], back[1000];
	road_buffer_options options;
	road_buffer *buffer;
	int bad = 1;

	for (unsigned i = 0; i < sizeof(there); i++)
		there[i] = (uint8_t)(i * 7 + 3);
	memset(back, 0, sizeof(back));
	memset(&options, 0, sizeof(options));
	options.size = sizeof(options);
	options.heap = heap;
	options.bytes = sizeof(there);
	if (road_buffer_create(space, &options, &buffer) != ROAD_OK)
		return failed("road_buffer_create");
	if (road_queue_write(queue, buffer, 0, there, sizeof(there), NULL) != ROAD_OK ||
	    road_queue_read(queue, back, buffer, 0, sizeof(back), NULL) != ROAD_OK ||
	    road_queue_drain(queue, road_deadline_after(UINT64_C(60000000000))) != ROAD_OK)
		failed("the round trip");
	else if (memcmp(there, back, sizeof(there)) != 0)
		fprintf(stderr, "what came back is not what was sent\n");
	else
		bad = 0;
	road_buffer_release(buffer);
	return bad;
}

static int use(road_device *device)
{
	road_heap_info heap;
	road_space *space;
	road_queue *queue;
	int bad;

	memset(&heap, 0, sizeof(heap));
	heap.size = sizeof(heap);
	if (road_device_heap(device, 0, &heap) != ROAD_OK)
		return failed("road_device_heap");
	if (road_space_shared(device, &space) != ROAD_OK)
		return failed("road_space_shared");
	if (road_queue_create(space, NULL, &queue) != ROAD_OK) {
		road_space_release(space);
		return failed("road_queue_create");
	}
	bad = round_trip(space, queue, heap.kind);
	road_queue_release(queue);
	road_space_release(space);
	return bad;
}

int main(int argc, char **argv)
{
	road_instance *instance;
	road_device *device;
	int bad;

	if (argc != 2)
		return 2;
	if (road_version() >> 16 != ROAD_VERSION_MAJOR) {
		fprintf(stderr, "header and library are of different versions\n");
		return 1;
	}
	if (road_instance_create(NULL, &instance) != ROAD_OK)
		return failed("road_instance_create");
	if (road_device_open(instance, argv[1], &device) == ROAD_OK) {
		bad = use(device);
		road_device_release(device);
	} else {
		bad = failed("road_device_open");
	}
	road_instance_release(instance);
	if (!bad)
		printf("%s: what came back is what was sent\n", argv[1]);
	return bad;
}
