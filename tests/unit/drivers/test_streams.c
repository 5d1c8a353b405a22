/* SPDX-License-Identifier: Apache-2.0 */
/* The stream helper on a chip that runs packets as soon as it is rung. */
#include <roadbed-driver/stream.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/tap.h"
#include "tests/unit/drivers/fake_bus.h"

enum { STREAMS = 3, VECTORS = 2, MEMORY = 1 << 20, BIG = 600000 };

enum op { NOTHING, COPY, ZERO, FENCE };
struct packet {
	uint64_t op, dst, src, value;
};
struct block { /* what the chip writes */
	uint64_t word;
	uint32_t packet, fault;
};

struct rig {
	struct fake_bus fake; /* first */
	struct road_drv_device dev;
	struct road_drv_space space;
	struct road_streams *streams;
	uint64_t taken[STREAMS];
	bool open[STREAMS];
	void *opened_for; /* the space of the last one that was opened */
	uint32_t opens, closes, resets;
	bool hangs, refuses, stuck;
	uint64_t fault_at; /* the packet that stops its stream; UINT64_MAX: none */
	char memory[MEMORY];
};

static struct rig rig;

static void run(struct road_stream *stream, const struct packet *packet)
{
	char *block = fake_bus_host(&rig.fake, stream->status_iova, sizeof(struct block));
	struct block *at = (void *)block;

	if (rig.taken[stream->index] == rig.fault_at) {
		at->packet = (uint32_t)rig.fault_at;
		road_store32(&at->fault, 7);
		rig.fault_at = UINT64_MAX;
		rig.open[stream->index] = false;
		return;
	}
	switch (packet->op) {
	case COPY:
		memcpy(rig.memory + packet->dst,
		       fake_bus_host(&rig.fake, packet->src, packet->value), packet->value);
		break;
	case ZERO: memset(rig.memory + packet->dst, 0, packet->value); break;
	case FENCE: road_store64(&at->word, packet->value); break;
	default: break;
	}
}

static void doorbell(struct road_stream *stream, uint64_t tail)
{
	uint64_t *taken = &rig.taken[stream->index];
	const struct packet *ring = fake_bus_host(&rig.fake, road_ring_iova(stream->ring).value,
						  stream->slots * sizeof(struct packet));

	for (; *taken < tail && rig.open[stream->index] && !rig.hangs; ++*taken)
		run(stream, &ring[*taken % stream->slots]);
}

static road_status open_stream(struct road_stream *stream)
{
	const struct block *block = stream->status;

	CU_ASSERT_EQUAL(block->word, 0);
	CU_ASSERT_EQUAL(block->fault, 0);
	rig.opened_for = stream->encode.space;
	rig.opens++;
	rig.taken[stream->index] = 0;
	rig.open[stream->index] = !rig.refuses;
	return rig.refuses ? ROAD_BUSY : ROAD_OK;
}

static road_status close_stream(struct road_stream *stream)
{
	CU_ASSERT_TRUE(rig.opens > rig.closes);
	if (rig.stuck)
		return ROAD_TIMEOUT;
	rig.closes++;
	rig.open[stream->index] = false;
	return ROAD_OK;
}

static int encode(struct road_ring_encoder *encoder, const struct road_cmd *command)
{
	const struct road_stream_encode *stream = encoder->user;
	struct packet packet = {.op = NOTHING};

	++*(uint64_t *)stream->state;
	if (command->kind == ROAD_COMMAND_COPY)
		packet = (struct packet){COPY, command->copy.dst.address, command->copy.src.address,
					 command->copy.bytes};
	if (command->kind == ROAD_COMMAND_FILL)
		packet = (struct packet){ZERO, command->fill.dst.address, 0, command->fill.bytes};
	memcpy(encoder->packets, &packet, sizeof(packet));
	return 1;
}

static void encode_fence(struct road_ring_encoder *encoder, uint64_t sequence)
{
	*(struct packet *)encoder->packets = (struct packet){FENCE, 0, 0, sequence};
}

static road_status describe(const struct road_stream *stream, struct road_fault *out)
{
	out->kind = ROAD_FAULT_TRAP;
	out->address = ((const struct block *)stream->status)->fault;
	return ROAD_FAULT;
}

static road_status error(const struct road_stream *stream, const char *where)
{
	(void)stream;
	return road_drv_error(ROAD_FAULT, "the chip stopped", where, NULL, NULL);
}

static const struct road_stream_port port = {
	.geometry = {.packet_bytes = sizeof(struct packet),
		     .packets = 64,
		     .packets_per_command = 1,
		     .argument_align = 8},
	.encode = encode,
	.encode_fence = encode_fence,
	.doorbell = doorbell,
	.state_bytes = sizeof(uint64_t),
	.status_bytes = sizeof(struct block),
	.word_at = offsetof(struct block, word),
	.fault_at = offsetof(struct block, fault),
	.packet_at = offsetof(struct block, packet),
	.open = open_stream,
	.close = close_stream,
	.describe = describe,
	.error = error,
};

static road_status start(void)
{
	memset(&rig, 0, sizeof(rig));
	fake_bus_init(&rig.fake);
	rig.fault_at = UINT64_MAX;
	services_ready = services_lost = 0;
	rig.dev = (struct road_drv_device){.bus = &rig.fake.bus};
	rig.space = (struct road_drv_space){.dev = &rig.dev, .data = &rig.space};
	return road_streams_create(&rig.dev, &port, STREAMS, VECTORS, &rig.streams);
}

static void finish(void)
{
	road_streams_destroy(rig.streams);
	CU_ASSERT_EQUAL(rig.opens - rig.closes, 0);
	CU_ASSERT_EQUAL(fake_bus_live(&rig.fake), 0);
}

static struct road_drv_queue queue_of(uint32_t priority)
{
	return (struct road_drv_queue){
		.dev = &rig.dev, .space = &rig.space, .depth = 4, .priority = priority};
}

static road_status submit(struct road_drv_queue *queue, uint64_t sequence)
{
	static const struct road_cmd command = {.kind = ROAD_COMMAND_BARRIER};
	const struct road_drv_submission job = {
		.sequence = sequence, .commands = &command, .count = 1};

	return road_stream_submit(queue, &job);
}

static struct road_drv_progress progress(struct road_drv_queue *queue)
{
	struct road_drv_progress out = {0};

	road_stream_advance(queue, &out);
	return out;
}

static void test_work(void)
{
	struct road_drv_queue a, b;

	CU_ASSERT_EQUAL_FATAL(start(), ROAD_OK);
	a = queue_of(0);
	b = queue_of(1);
	CU_ASSERT_EQUAL_FATAL(road_stream_open(rig.streams, &a), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_stream_open(rig.streams, &b), ROAD_OK);
	const struct road_stream *stream = road_stream_of(&a);

	CU_ASSERT_PTR_EQUAL(rig.opened_for, &rig.space);
	CU_ASSERT_EQUAL(stream->index, 1); /* 0 is the driver's own */
	CU_ASSERT_EQUAL(stream->encode.vector, 1);
	CU_ASSERT_TRUE(stream->encode.irq);
	CU_ASSERT_EQUAL(road_stream_rank(stream), 1);
	CU_ASSERT_EQUAL(road_stream_rank(road_stream_of(&b)), 0);
	CU_ASSERT_EQUAL(submit(&a, 1), ROAD_OK);
	CU_ASSERT_EQUAL(submit(&a, 2), ROAD_OK);
	CU_ASSERT_EQUAL(progress(&a).completed, 2);
	CU_ASSERT_EQUAL(progress(&b).completed, 0);
	CU_ASSERT_EQUAL(*(const uint64_t *)stream->encode.state, 2);
	road_streams_irq(rig.streams, 1);
	CU_ASSERT_EQUAL(services_ready, 1);
	road_streams_irq(rig.streams, VECTORS);
	CU_ASSERT_EQUAL(services_ready, 1);
	road_stream_close(&b);
	road_stream_close(&a);
	finish();
}

static void test_used_up(void)
{
	struct road_drv_queue queues[STREAMS];

	CU_ASSERT_EQUAL_FATAL(start(), ROAD_OK);
	for (int i = 0; i < STREAMS; i++)
		queues[i] = queue_of(0);
	CU_ASSERT_EQUAL(road_stream_open(rig.streams, &queues[0]), ROAD_OK);
	CU_ASSERT_EQUAL(road_stream_open(rig.streams, &queues[1]), ROAD_OK);
	CU_ASSERT_EQUAL(road_stream_open(rig.streams, &queues[2]), ROAD_NO_SPACE);
	CU_ASSERT_PTR_NOT_NULL(strstr(services_what, "all 3 queues"));
	road_stream_close(&queues[0]);
	rig.refuses = true;
	CU_ASSERT_EQUAL(road_stream_open(rig.streams, &queues[2]), ROAD_BUSY);
	rig.refuses = false;
	CU_ASSERT_EQUAL(road_stream_open(rig.streams, &queues[2]), ROAD_OK);
	CU_ASSERT_EQUAL(road_stream_of(&queues[2])->index, 1);
	road_stream_close(&queues[1]);
	road_stream_close(&queues[2]);
	rig.closes++; /* the one that was refused */
	finish();
}

static void test_fault(void)
{
	struct road_drv_queue queue;

	CU_ASSERT_EQUAL_FATAL(start(), ROAD_OK);
	queue = queue_of(0);
	CU_ASSERT_EQUAL_FATAL(road_stream_open(rig.streams, &queue), ROAD_OK);
	CU_ASSERT_EQUAL(submit(&queue, 1), ROAD_OK);
	rig.fault_at = 3; /* two packets each: the second one's fence */
	CU_ASSERT_EQUAL(submit(&queue, 2), ROAD_OK);
	CU_ASSERT_EQUAL(submit(&queue, 3), ROAD_OK);
	struct road_drv_progress p = progress(&queue);

	CU_ASSERT_EQUAL(p.completed, 1);
	CU_ASSERT_EQUAL(p.failed_from, 2);
	CU_ASSERT_EQUAL(p.status, ROAD_FAULT);
	CU_ASSERT_EQUAL(p.fault.kind, ROAD_FAULT_TRAP);
	CU_ASSERT_EQUAL(p.fault.address, 7);
	CU_ASSERT_EQUAL(p.fault.point, 2);
	road_streams_irq(rig.streams, 0); /* another one's: told all the same */
	CU_ASSERT_EQUAL(services_ready, 1);
	rig.refuses = true;
	CU_ASSERT_EQUAL(road_stream_reset(&queue), ROAD_BUSY);
	CU_ASSERT_EQUAL(submit(&queue, 1), ROAD_BUSY);
	rig.refuses = false;
	rig.closes++; /* the one that was refused */
	CU_ASSERT_EQUAL(road_stream_reset(&queue), ROAD_OK);
	CU_ASSERT_EQUAL(progress(&queue).failed_from, UINT64_MAX);
	CU_ASSERT_EQUAL(submit(&queue, 1), ROAD_OK);
	CU_ASSERT_EQUAL(progress(&queue).completed, 1);
	road_stream_close(&queue);
	finish();
}

static road_status reset_chip(struct road_drv_device *dev)
{
	CU_ASSERT_PTR_EQUAL(dev, &rig.dev);
	rig.resets++;
	rig.closes = rig.opens; /* by itself */
	memset(rig.open, 0, sizeof(rig.open));
	return ROAD_OK;
}

static void test_reset(void)
{
	struct road_drv_queue queue;

	CU_ASSERT_EQUAL_FATAL(start(), ROAD_OK);
	queue = queue_of(0);
	CU_ASSERT_EQUAL_FATAL(road_stream_open(rig.streams, &queue), ROAD_OK);
	CU_ASSERT_EQUAL(road_streams_reset(rig.streams, reset_chip), ROAD_OK);
	CU_ASSERT_EQUAL(rig.resets, 1);
	CU_ASSERT_EQUAL(submit(&queue, 1), ROAD_CANCELLED);
	CU_ASSERT_EQUAL(road_stream_reset(&queue), ROAD_OK);
	CU_ASSERT_EQUAL(submit(&queue, 1), ROAD_OK);
	CU_ASSERT_EQUAL(progress(&queue).completed, 1);
	road_stream_close(&queue);
	finish();
}

static road_status fail_to_reset(struct road_drv_device *dev)
{
	(void)dev;
	return ROAD_TIMEOUT;
}

/* The chip may still run them: they are closed one by one. */
static void test_failed_reset(void)
{
	struct road_drv_queue queue;

	CU_ASSERT_EQUAL_FATAL(start(), ROAD_OK);
	queue = queue_of(0);
	CU_ASSERT_EQUAL_FATAL(road_stream_open(rig.streams, &queue), ROAD_OK);
	CU_ASSERT_EQUAL(road_streams_zero(rig.streams, &rig, 0, 1), ROAD_OK);
	CU_ASSERT_EQUAL(road_streams_reset(rig.streams, fail_to_reset), ROAD_TIMEOUT);
	CU_ASSERT_EQUAL(submit(&queue, 1), ROAD_CANCELLED);
	CU_ASSERT_EQUAL(rig.closes, 0);
	CU_ASSERT_EQUAL(road_streams_zero(rig.streams, &rig, 0, 1), ROAD_OK);
	CU_ASSERT_EQUAL(rig.closes, 1); /* the own one, and opened again */
	road_stream_close(&queue);
	CU_ASSERT_EQUAL(rig.closes, 2);
	finish();
}

/* While the chip is in its ROM nothing is opened on it, nor given to what is open. */
static void test_halt(void)
{
	struct road_drv_queue queue, other;

	CU_ASSERT_EQUAL_FATAL(start(), ROAD_OK);
	queue = other = queue_of(0);
	CU_ASSERT_EQUAL_FATAL(road_stream_open(rig.streams, &queue), ROAD_OK);
	CU_ASSERT_EQUAL(road_streams_zero(rig.streams, &rig, 0, 1), ROAD_OK);
	const uint32_t opens = rig.opens;

	road_streams_halt(rig.streams);
	CU_ASSERT_EQUAL(submit(&queue, 1), ROAD_CANCELLED);
	CU_ASSERT_EQUAL(road_streams_zero(rig.streams, &rig, 0, 1), ROAD_CANCELLED);
	CU_ASSERT_EQUAL(road_stream_open(rig.streams, &other), ROAD_CANCELLED);
	CU_ASSERT_EQUAL(road_streams_reset(rig.streams, fail_to_reset), ROAD_TIMEOUT);
	CU_ASSERT_EQUAL(road_streams_zero(rig.streams, &rig, 0, 1), ROAD_CANCELLED);
	CU_ASSERT_EQUAL(rig.opens, opens);
	CU_ASSERT_EQUAL(road_streams_reset(rig.streams, reset_chip), ROAD_OK);
	CU_ASSERT_EQUAL(road_streams_zero(rig.streams, &rig, 0, 1), ROAD_OK);
	CU_ASSERT_EQUAL(road_stream_reset(&queue), ROAD_OK);
	CU_ASSERT_EQUAL(submit(&queue, 1), ROAD_OK);
	road_stream_close(&queue);
	finish();
}

/* What the chip may still write is given back by a reset of the device alone. */
static void test_stuck(void)
{
	struct road_drv_queue queue, other;

	CU_ASSERT_EQUAL_FATAL(start(), ROAD_OK);
	uint32_t live = fake_bus_live(&rig.fake);

	queue = other = queue_of(0);
	CU_ASSERT_EQUAL_FATAL(road_stream_open(rig.streams, &queue), ROAD_OK);
	uint32_t with_one = fake_bus_live(&rig.fake);

	rig.stuck = true;
	CU_ASSERT_EQUAL(road_stream_reset(&queue), ROAD_TIMEOUT);
	CU_ASSERT_EQUAL(submit(&queue, 1), ROAD_CANCELLED);
	road_stream_close(&queue);
	CU_ASSERT_EQUAL(fake_bus_live(&rig.fake), with_one);
	road_streams_irq(rig.streams, 1);
	CU_ASSERT_EQUAL(services_ready, 0); /* the queue is gone */
	CU_ASSERT_EQUAL(road_stream_open(rig.streams, &other), ROAD_OK);
	CU_ASSERT_EQUAL(road_stream_of(&other)->index, 2);
	rig.stuck = false;
	CU_ASSERT_EQUAL(road_streams_reset(rig.streams, reset_chip), ROAD_OK);
	road_stream_close(&other);
	CU_ASSERT_EQUAL(fake_bus_live(&rig.fake), live);
	CU_ASSERT_EQUAL_FATAL(road_stream_open(rig.streams, &queue), ROAD_OK);
	CU_ASSERT_EQUAL(road_stream_of(&queue)->index, 1);
	rig.stuck = true; /* and now the device is stopped */
	road_stream_close(&queue);
	rig.closes = rig.opens;
	finish();
}

/* ---- the driver's own ---- */

static void test_upload(void)
{
	char *bytes = malloc(BIG);
	int another;

	CU_ASSERT_EQUAL_FATAL(start(), ROAD_OK);
	for (int i = 0; i < BIG; i++)
		bytes[i] = (char)(i * 7 + i / 251);
	CU_ASSERT_EQUAL(road_streams_upload(rig.streams, &rig, 16, bytes, BIG), ROAD_OK);
	CU_ASSERT_EQUAL(memcmp(rig.memory + 16, bytes, BIG), 0);
	CU_ASSERT_EQUAL(rig.memory[15], 0);
	CU_ASSERT_EQUAL(road_streams_zero(rig.streams, &rig, 20, 100), ROAD_OK);
	CU_ASSERT_EQUAL(rig.memory[20] | rig.memory[119], 0);
	CU_ASSERT_EQUAL(rig.memory[19], bytes[3]);
	CU_ASSERT_EQUAL(rig.memory[120], bytes[104]);
	CU_ASSERT_EQUAL(rig.opens, 1);
	CU_ASSERT_EQUAL(road_streams_zero(rig.streams, &another, 0, 1), ROAD_OK);
	CU_ASSERT_PTR_EQUAL(rig.opened_for, &another);
	CU_ASSERT_EQUAL(rig.opens, 2);
	road_streams_leave(rig.streams, &rig); /* not his */
	CU_ASSERT_EQUAL(rig.closes, 1);
	road_streams_leave(rig.streams, &another);
	CU_ASSERT_EQUAL(rig.closes, 2);
	free(bytes);
	finish();
}

static void test_own_failures(void)
{
	CU_ASSERT_EQUAL_FATAL(start(), ROAD_OK);
	rig.fault_at = 0;
	CU_ASSERT_EQUAL(road_streams_zero(rig.streams, &rig, 0, 8), ROAD_FAULT);
	CU_ASSERT_STRING_EQUAL(services_what, "the chip stopped");
	CU_ASSERT_EQUAL(rig.closes, 1);
	CU_ASSERT_EQUAL(road_streams_zero(rig.streams, &rig, 0, 8), ROAD_OK);
	rig.hangs = true;
	uint64_t now = rig.fake.now_ns;

	CU_ASSERT_EQUAL(road_streams_zero(rig.streams, &rig, 0, 8), ROAD_TIMEOUT);
	CU_ASSERT_PTR_NOT_NULL(strstr(services_what, "stays 1, awaited 2"));
	CU_ASSERT_TRUE(rig.fake.now_ns - now >= ROAD_STREAMS_WAIT_NS);
	CU_ASSERT_EQUAL(rig.closes, 2);
	rig.fake.is_lost = true;
	CU_ASSERT_EQUAL(road_streams_zero(rig.streams, &rig, 0, 8), ROAD_DEVICE_LOST);
	finish();
}

static void test_no_memory(void)
{
	struct road_drv_queue queue;
	int n = 0;
	road_status status;

	do {
		services_fail_after = n;
		status = start();
		queue = queue_of(0);
		if (!status) {
			status = road_stream_open(rig.streams, &queue);
			if (!status)
				road_stream_close(&queue);
			finish();
		}
		CU_ASSERT_EQUAL(fake_bus_live(&rig.fake), 0);
		CU_ASSERT_TRUE(status == ROAD_OK || status == ROAD_OUT_OF_HOST_MEMORY);
	} while (status && ++n < 100);
	services_fail_after = -1;
	CU_ASSERT_TRUE(n > 5);
	CU_ASSERT_EQUAL(status, ROAD_OK);
	road_streams_destroy(NULL);
}

static const struct tap_case cases[] = {
	{"work is done, and told of to the queue whose vector it is", test_work},
	{"a chip's streams are used up, and one given back is taken again", test_used_up},
	{"a fault fails its submission and those behind it, until the reset", test_fault},
	{"a reset of the device closes all streams until each is reset", test_reset},
	{"a reset that fails leaves streams to be closed one by one", test_failed_reset},
	{"a chip in its ROM is given nothing until a reset", test_halt},
	{"a stream that does not come to rest keeps memory and number", test_stuck},
	{"uploads of any size arrive; the own stream goes from space to space", test_upload},
	{"a job that fails, hangs or loses its device says so", test_own_failures},
	{"nothing is left behind where memory fails", test_no_memory},
};

TAP_MAIN(cases)
