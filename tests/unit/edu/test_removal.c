/* SPDX-License-Identifier: Apache-2.0 */
/* The whole way to the simulated device, which is pulled out in front of every access in turn. */
#include <roadbed/roadbed.h>
#include <roadbed/sim.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/tap.h"

enum { BYTES = 600, ACCESSES_MAX = 2000 };

struct client {
	road_instance *instance;
	road_device *device;
	road_space *space;
	road_queue *queue;
	road_buffer *device_memory, *host_memory;
	unsigned char out[BYTES];
};

static road_status open_all(struct client *c, const char *address)
{
	road_instance_options io = {.size = sizeof(io),
				    .flags = ROAD_INSTANCE_VALIDATE | ROAD_INSTANCE_NO_ENV};
	road_buffer_options device = {.size = sizeof(device), .bytes = 2 * BYTES};
	road_buffer_options host = {
		.size = sizeof(host), .bytes = 2 * BYTES, .heap = ROAD_HEAP_HOST};
	road_status status = road_instance_create(&io, &c->instance);

	CU_ASSERT_EQUAL_FATAL(status, ROAD_OK);
	status = road_device_open(c->instance, address, &c->device);
	if (!status)
		status = road_space_shared(c->device, &c->space);
	if (!status)
		status = road_queue_create(c->space, NULL, &c->queue);
	if (!status)
		status = road_buffer_create(c->space, &device, &c->device_memory);
	if (!status)
		status = road_buffer_create(c->space, &host, &c->host_memory);
	return status;
}

/* Through every kind of transfer that the driver knows. */
static road_status work(struct client *c, const unsigned char *in)
{
	road_buffer *d = c->device_memory, *h = c->host_memory;
	road_status status = road_queue_write(c->queue, d, 0, in, BYTES, NULL);

	if (!status)
		status = road_queue_copy(c->queue, d, BYTES, d, 0, BYTES, NULL);
	if (!status)
		status = road_queue_copy(c->queue, h, 0, d, BYTES, BYTES, NULL);
	if (!status)
		status = road_queue_copy(c->queue, h, BYTES, h, 0, BYTES, NULL);
	if (!status)
		status = road_queue_fill(c->queue, h, 0, 16, 1, 8, NULL);
	if (!status)
		status = road_queue_read(c->queue, c->out, h, BYTES, BYTES, NULL);
	if (!status)
		status = road_queue_drain(c->queue, road_deadline_after(20000000000));
	return status;
}

static void close_all(struct client *c)
{
	uint64_t violations = 0;

	if (c->device && !road_sim_violations(c->device, &violations))
		CU_ASSERT_EQUAL(violations, 0);
	road_buffer_release(c->device_memory);
	road_buffer_release(c->host_memory);
	road_queue_release(c->queue);
	road_space_release(c->space);
	road_device_release(c->device);
	road_instance_release(c->instance);
}

static void a_device_that_is_pulled_out_is_lost_wherever_that_happens(void)
{
	unsigned char in[BYTES];
	unsigned lost_late = 0, access = 1;
	road_status status = ROAD_DEVICE_LOST;

	for (int i = 0; i < BYTES; i++)
		in[i] = (unsigned char)(i * 11 + 1);
	/* Until the removal comes after all is done. */
	for (; access < ACCESSES_MAX && status; access++) {
		struct client client = {0};
		char address[64];

		snprintf(address, sizeof(address), "faulty(remove@%u):sim:edu", access);
		status = open_all(&client, address);
		if (!status) {
			status = work(&client, in);
			lost_late += status == ROAD_DEVICE_LOST;
		}
		if (!status) {
			CU_ASSERT_EQUAL(memcmp(client.out, in, BYTES), 0);
		} else if (client.device) {
			CU_ASSERT_EQUAL(status, ROAD_DEVICE_LOST);
		}
		close_all(&client);
	}
	CU_ASSERT_EQUAL(status, ROAD_OK);
	CU_ASSERT(lost_late > 50);
	printf("# %u accesses, lost at work in %u runs\n", access, lost_late);
}

static void a_reset_keeps_memory_and_the_queue_works_again(void)
{
	struct client client = {0};
	unsigned char in[BYTES], again[BYTES] = {0};
	uint64_t resets = 0;
	uint32_t health;

	memset(in, 0x3c, sizeof(in));
	CU_ASSERT_EQUAL_FATAL(open_all(&client, "sim:edu"), ROAD_OK);
	CU_ASSERT_EQUAL(work(&client, in), ROAD_OK);
	CU_ASSERT_EQUAL(road_queue_copy(client.queue, client.device_memory, 0, client.host_memory,
					0, BYTES, NULL),
			ROAD_OK);
	CU_ASSERT_EQUAL(road_device_reset(client.device, ROAD_RESET_DEVICE), ROAD_OK);
	CU_ASSERT_EQUAL(road_queue_status(client.queue, NULL), ROAD_CANCELLED);
	CU_ASSERT_EQUAL(road_queue_reset(client.queue), ROAD_OK);
	CU_ASSERT_EQUAL(
		road_queue_read(client.queue, again, client.device_memory, BYTES, BYTES, NULL),
		ROAD_OK);
	CU_ASSERT_EQUAL(road_queue_drain(client.queue, road_deadline_after(20000000000)), ROAD_OK);
	CU_ASSERT_EQUAL(memcmp(again, in, BYTES), 0);
	CU_ASSERT_EQUAL(road_device_health(client.device, &health, &resets), ROAD_OK);
	CU_ASSERT_EQUAL(health, ROAD_HEALTH_OK);
	CU_ASSERT_EQUAL(resets, 1);
	close_all(&client);
}

static const struct tap_case cases[] = {
	{"a device that is pulled out is lost wherever that happens",
	 a_device_that_is_pulled_out_is_lost_wherever_that_happens},
	{"a reset keeps memory and the queue works again",
	 a_reset_keeps_memory_and_the_queue_works_again},
};

TAP_MAIN(cases)
