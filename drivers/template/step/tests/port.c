/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goes through the steps of the port, one after the other, and stops at the first that is not
 * done with what to write next. Argument: the device's address.
 *
 * It looks whether a step is there at all; `roadbed conformance` looks whether it is right.
 */
#include <roadbed/roadbed.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define WHERE_TODO_SAYS "docs/porting.md" /* where PORT_TODO says that it is decided */

struct port {
	const char *address;
	road_instance *instance;
	road_device *device;
	road_space *space;
	road_buffer *buffer;
	road_queue *queue;
};

static road_error last_error(void)
{
	road_error error = {.size = sizeof(error)};

	(void)road_last_error(&error);
	return error;
}

/* 1 and 2: probe, start, info */
static road_status opens(struct port *port)
{
	road_status status = road_device_open(port->instance, port->address, &port->device);

	return status ? status : road_space_shared(port->device, &port->space);
}

/* 3: heaps, alloc */
static road_status gives_memory(struct port *port)
{
	road_buffer_options options = {.size = sizeof(options), .bytes = 1000};
	road_heap_info heap = {.size = sizeof(heap)};

	if (road_device_heap(port->device, 0, &heap) == ROAD_OK)
		options.heap = heap.kind;
	return road_buffer_create(port->space, &options, &port->buffer);
}

/* 4 and 5: a queue, commands, their completion */
static road_status moves_bytes(struct port *port)
{
	unsigned char there[1000], back[1000] = {0};
	road_status status = road_queue_create(port->space, NULL, &port->queue);

	for (unsigned i = 0; i < sizeof(there); i++)
		there[i] = (unsigned char)(i * 7 + 3);
	if (!status)
		status = road_queue_write(port->queue, port->buffer, 0, there, sizeof(there), NULL);
	if (!status)
		status = road_queue_read(port->queue, back, port->buffer, 0, sizeof(back), NULL);
	if (!status)
		status = road_queue_drain(port->queue, road_deadline_after(UINT64_C(5000000000)));
	if (!status && memcmp(there, back, sizeof(there)) != 0) {
		printf("what came back is not what was sent\n");
		return ROAD_IO;
	}
	return status;
}

static road_status fills(struct port *port)
{
	road_status status = road_queue_fill(port->queue, port->buffer, 0, 1000, 0x5a, 1, NULL);

	return status ? status
		      : road_queue_drain(port->queue, road_deadline_after(UINT64_C(5000000000)));
}

/* 6: a chip that takes no images says so by itself, without a PORT_TODO. */
static road_status loads(struct port *port)
{
	road_image *image;
	road_status status = road_image_load(port->space, "", 1, NULL, &image);

	if (!status)
		road_image_release(image);
	if (status && !strncmp(last_error().where, WHERE_TODO_SAYS, strlen(WHERE_TODO_SAYS)))
		return status;
	return ROAD_OK;
}

/* 7: resets */
static road_status resets(struct port *port)
{
	road_status status = road_queue_reset(port->queue);

	return status ? status : road_device_reset(port->device, ROAD_RESET_DEVICE);
}

static const struct step {
	const char *name;
	road_status (*take)(struct port *port);
} steps[] = {
	{"1, 2: the device is recognised and starts", opens},
	{"3: it gives memory", gives_memory},
	{"4, 5: bytes go there and come back", moves_bytes},
	{"4, 5: memory is filled", fills},
	{"6: images are loaded, or there are none", loads},
	{"7: queue and device are reset", resets},
};

static bool walk(struct port *port)
{
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		road_status status = steps[i].take(port);
		road_error why = last_error();

		if (!status) {
			printf("done  %s\n", steps[i].name);
			continue;
		}
		printf("NEXT  %s\n%s\n", steps[i].name, why.what[0] ? why.what : "");
		printf("(%s: %s %s %s)\n", road_status_text(status), why.where, why.seen,
		       why.allowed);
		return false;
	}
	printf("all steps are there; roadbed conformance says whether they are right\n");
	return true;
}

int main(int argc, char **argv)
{
	struct port port = {.address = argc > 1 ? argv[1] : ""};
	bool done;

	if (road_instance_create(NULL, &port.instance) != ROAD_OK) {
		printf("no instance\n");
		return 1;
	}
	done = walk(&port);
	road_queue_release(port.queue);
	road_buffer_release(port.buffer);
	road_space_release(port.space);
	road_device_release(port.device);
	road_instance_release(port.instance);
	return done ? 0 : 1;
}
