/* SPDX-License-Identifier: Apache-2.0 */
/* Through the driver, on the simulated chip: bytes there, across, and back; no rule was broken. */
#include <roadbed/roadbed.h>
#include <roadbed/sim.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BYTES = 5000 };

static void need(road_status status, const char *call)
{
	road_error why = {.size = sizeof(why)};

	if (status == ROAD_OK)
		return;
	road_last_error(&why);
	fprintf(stderr, "%s: %s: %s %s %s\n", call, why.where, why.what, why.seen, why.allowed);
	exit(1);
}

static int check(road_space *space, road_queue *queue)
{
	static uint8_t there[BYTES], back[BYTES];
	road_buffer_options options = {
		.size = sizeof(options), .heap = ROAD_HEAP_DEVICE, .bytes = BYTES};
	road_buffer *first, *second;

	for (int i = 0; i < BYTES; i++)
		there[i] = (uint8_t)(i * 7 + i / 256);
	need(road_buffer_create(space, &options, &first), "road_buffer_create");
	need(road_buffer_create(space, &options, &second), "road_buffer_create");
	need(road_queue_write(queue, first, 0, there, BYTES, NULL), "road_queue_write");
	need(road_queue_copy(queue, second, 0, first, 0, BYTES, NULL), "road_queue_copy");
	need(road_queue_read(queue, back, second, 0, BYTES, NULL), "road_queue_read");
	need(road_queue_drain(queue, road_deadline_after(UINT64_C(60000000000))),
	     "road_queue_drain");
	road_buffer_release(first);
	road_buffer_release(second);
	return memcmp(there, back, BYTES) ? 1 : 0;
}

int main(void)
{
	road_instance *instance;
	road_device *device;
	road_space *space;
	road_queue *queue;
	uint64_t violations = 1;

	need(road_instance_create(NULL, &instance), "road_instance_create");
	need(road_device_open(instance, "sim:scratch", &device), "road_device_open");
	need(road_space_shared(device, &space), "road_space_shared");
	need(road_queue_create(space, NULL, &queue), "road_queue_create");
	int bad = check(space, queue);

	need(road_sim_violations(device, &violations), "road_sim_violations");
	road_queue_release(queue);
	road_space_release(space);
	road_device_release(device);
	road_instance_release(instance);
	if (bad)
		fprintf(stderr, "what came back is not what was sent\n");
	if (violations)
		fprintf(stderr, "the driver broke %llu rules of the chip\n",
			(unsigned long long)violations);
	return bad || violations;
}
