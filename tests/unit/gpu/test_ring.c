/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ring helper against a consumer written here: packets of 16 bytes, {header u16, op u16, a u32,
 * b u64}, taken in order up to the doorbell.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <roadbed-driver/ring.h>

#include "tests/support/tap.h"
#include "tests/unit/drivers/fake_bus.h"

enum { OP_FILL = 1, OP_LAUNCH, OP_FENCE, EMPTY = 0xffff, ORDERED = 0x100, PACKETS = 16 };

struct packet {
	uint16_t header, op;
	uint32_t a;
	uint64_t b;
};

struct rig {
	struct fake_bus fake;
	struct road_ring *ring;
	uint64_t completion;
	_Atomic uint64_t rung;
	uint32_t doorbells;
	/* the consumer's */
	uint64_t taken;
	uint64_t sum; /* of all it saw, in order */
	bool bad;
};

/* A fill becomes `pattern_bytes` packets, at most 4 a call; a launch takes its arguments. */
static int encode(struct road_ring_encoder *e, const struct road_cmd *command)
{
	struct packet *out = e->packets;

	if (command->kind == ROAD_COMMAND_BARRIER)
		return 0;
	if (command->kind == ROAD_COMMAND_COPY)
		return road_drv_error(ROAD_UNSUPPORTED, "no copies", "test", NULL, NULL);
	if (command->kind == ROAD_COMMAND_LAUNCH) {
		road_iova iova;
		uint32_t bytes = command->launch.argument_bytes;
		void *block = road_ring_arguments(e, bytes, &iova);

		if (!block)
			return -1;
		memcpy(block, command->launch.arguments, bytes);
		out[0] = (struct packet){e->ordered ? ORDERED : 0, OP_LAUNCH, bytes, iova.value};
		return 1;
	}
	uint32_t all = command->fill.pattern_bytes, at = (uint32_t)e->resume, n = 0;

	for (; at < all && n < e->packet_room; at++, n++)
		out[n] = (struct packet){e->ordered && !at ? ORDERED : 0, OP_FILL, at,
					 command->fill.pattern};
	e->resume = at < all ? at : 0;
	return (int)n;
}

static void encode_fence(struct road_ring_encoder *e, uint64_t sequence)
{
	struct packet *out = e->packets;

	*out = (struct packet){e->ordered ? ORDERED : 0, OP_FENCE, 0, sequence};
}

static void doorbell(void *user, uint64_t tail)
{
	struct rig *rig = user;

	rig->doorbells++;
	atomic_store(&rig->rung, tail);
}

static const struct road_ring_ops ring_ops = {encode, encode_fence, doorbell};

static void open_ring(struct rig *rig, uint32_t depth, uint32_t argument_bytes)
{
	const struct road_ring_geometry geometry = {.packet_bytes = sizeof(struct packet),
						    .packets = PACKETS,
						    .packets_per_command = 4,
						    .argument_bytes = argument_bytes,
						    .argument_align = 16,
						    .header_bytes = 2,
						    .header_empty = EMPTY};

	memset(rig, 0, sizeof(*rig));
	fake_bus_init(&rig->fake);
	CU_ASSERT_EQUAL_FATAL(road_ring_create(&rig->fake.bus, &geometry, &ring_ops, rig, depth,
					       &rig->completion, &rig->ring),
			      ROAD_OK);
}

static void close_ring(struct rig *rig)
{
	road_ring_destroy(rig->ring);
	CU_ASSERT_EQUAL(fake_bus_live(&rig->fake), 0);
}

static const struct packet *slot(struct rig *rig, uint64_t number)
{
	const struct packet *ring =
		fake_bus_host(&rig->fake, road_ring_iova(rig->ring).value, PACKETS * sizeof(*ring));

	return &ring[number % PACKETS];
}

static uint64_t mix(uint64_t sum, uint64_t value)
{
	return (sum ^ value) * UINT64_C(0x9e3779b97f4a7c15);
}

/* Takes one packet if the doorbell covers it. */
static bool take(struct rig *rig)
{
	if (rig->taken == atomic_load(&rig->rung))
		return false;
	const struct packet *p = slot(rig, rig->taken);
	uint16_t header = __atomic_load_n(&p->header, __ATOMIC_ACQUIRE);

	if (header == EMPTY)
		rig->bad = true;
	rig->sum = mix(mix(rig->sum, header), p->op);
	if (p->op == OP_FENCE) {
		road_store64(&rig->completion, p->b);
	} else if (p->op == OP_LAUNCH) {
		const unsigned char *bytes = fake_bus_host(&rig->fake, p->b, p->a);

		for (uint32_t i = 0; i < p->a; i++)
			rig->sum = mix(rig->sum, bytes ? bytes[i] : 999);
	} else {
		rig->sum = mix(mix(rig->sum, p->a), p->b);
	}
	rig->taken++;
	return true;
}

static struct road_cmd fill_command(uint32_t packets, uint64_t value)
{
	return (struct road_cmd){.kind = ROAD_COMMAND_FILL,
				 .fill = {.pattern = value, .pattern_bytes = packets}};
}

static struct road_cmd launch_command(const void *arguments, uint32_t bytes)
{
	return (struct road_cmd){.kind = ROAD_COMMAND_LAUNCH,
				 .launch = {.arguments = arguments, .argument_bytes = bytes}};
}

static road_status submit(struct rig *rig, uint64_t sequence, const struct road_cmd *commands,
			  uint32_t count, bool concurrent)
{
	struct road_drv_submission s = {.sequence = sequence,
					.commands = commands,
					.count = count,
					.concurrent = concurrent};

	return road_ring_submit(rig->ring, &s);
}

static void test_bytes(void)
{
	const struct road_cmd commands[] = {fill_command(1, 0x1122), fill_command(1, 0x3344)};
	static const unsigned char golden[48] = {
		0x00, 0x01, 1, 0, 0, 0, 0, 0, 0x22, 0x11, 0, 0, 0, 0, 0, 0,
		0x00, 0x01, 1, 0, 0, 0, 0, 0, 0x44, 0x33, 0, 0, 0, 0, 0, 0,
		0x00, 0x01, 3, 0, 0, 0, 0, 0, 7,    0,    0, 0, 0, 0, 0, 0};
	struct rig rig;

	open_ring(&rig, 4, 0);
	CU_ASSERT_EQUAL(submit(&rig, 7, commands, 2, false), ROAD_OK);
	CU_ASSERT_EQUAL(memcmp(slot(&rig, 0), golden, sizeof(golden)), 0);
	CU_ASSERT_EQUAL(slot(&rig, 3)->header, EMPTY);
	CU_ASSERT_EQUAL(atomic_load(&rig.rung), 3);
	CU_ASSERT_EQUAL(rig.doorbells, 1);
	close_ring(&rig);
}

static void test_order(void)
{
	const struct road_cmd commands[] = {fill_command(1, 1),
					    fill_command(1, 2),
					    {.kind = ROAD_COMMAND_BARRIER},
					    fill_command(1, 3),
					    fill_command(1, 4)};
	struct rig rig;

	open_ring(&rig, 4, 0);
	CU_ASSERT_EQUAL(submit(&rig, 1, commands, 5, true), ROAD_OK);
	CU_ASSERT_EQUAL(slot(&rig, 0)->header, ORDERED);
	CU_ASSERT_EQUAL(slot(&rig, 1)->header, 0);
	CU_ASSERT_EQUAL(slot(&rig, 2)->header, ORDERED); /* behind the barrier */
	CU_ASSERT_EQUAL(slot(&rig, 3)->header, 0);
	CU_ASSERT_EQUAL(slot(&rig, 4)->header, ORDERED); /* fence */
	CU_ASSERT_EQUAL(submit(&rig, 2, commands, 5, false), ROAD_OK);
	for (uint32_t i = 5; i < 10; i++)
		CU_ASSERT_EQUAL(slot(&rig, i)->header, ORDERED);
	close_ring(&rig);
}

static void test_full(void)
{
	const struct road_cmd command = fill_command(4, 9), one = fill_command(1, 9);
	struct packet before[PACKETS];
	struct rig rig;

	open_ring(&rig, 100, 0);
	for (uint64_t s = 1; s <= 3; s++)
		CU_ASSERT_EQUAL(submit(&rig, s, &command, 1, false), ROAD_OK);
	memcpy(before, slot(&rig, 0), sizeof(before));
	CU_ASSERT_EQUAL(submit(&rig, 4, &command, 1, false), ROAD_NOT_READY); /* 15 used */
	CU_ASSERT_EQUAL(memcmp(before, slot(&rig, 0), 15 * sizeof(struct packet)), 0);
	CU_ASSERT_EQUAL(slot(&rig, 15)->header, EMPTY);
	CU_ASSERT_EQUAL(rig.doorbells, 3);
	CU_ASSERT_EQUAL(submit(&rig, 4, NULL, 0, false), ROAD_OK); /* one packet fits */
	CU_ASSERT_EQUAL(submit(&rig, 5, NULL, 0, false), ROAD_NOT_READY);
	while (take(&rig))
		;
	CU_ASSERT_EQUAL(road_ring_completed(rig.ring), 4);
	CU_ASSERT_EQUAL(submit(&rig, 5, &one, 1, false), ROAD_OK);
	CU_ASSERT_FALSE(rig.bad);
	close_ring(&rig);
}

static void test_depth(void)
{
	struct rig rig;

	open_ring(&rig, 3, 0);
	for (uint64_t s = 1; s <= 3; s++)
		CU_ASSERT_EQUAL(submit(&rig, s, NULL, 0, false), ROAD_OK);
	CU_ASSERT_EQUAL(submit(&rig, 4, NULL, 0, false), ROAD_NOT_READY);
	CU_ASSERT_TRUE(take(&rig));
	CU_ASSERT_EQUAL(submit(&rig, 4, NULL, 0, false), ROAD_OK);
	CU_ASSERT_EQUAL(submit(&rig, 5, NULL, 0, false), ROAD_NOT_READY);
	close_ring(&rig);
}

static void test_too_large(void)
{
	const struct road_cmd command = fill_command(16, 1), most = fill_command(15, 1);
	unsigned char arguments[80] = {1};
	const struct road_cmd launch = launch_command(arguments, 80);
	struct rig rig;

	open_ring(&rig, 8, 64);
	CU_ASSERT_EQUAL(submit(&rig, 1, &command, 1, false), ROAD_NO_SPACE);
	CU_ASSERT_PTR_NOT_NULL(strstr(services_what, "16 packets"));
	CU_ASSERT_EQUAL(submit(&rig, 1, &launch, 1, false), ROAD_NO_SPACE);
	CU_ASSERT_EQUAL(rig.doorbells, 0);
	CU_ASSERT_EQUAL(submit(&rig, 1, &most, 1, false), ROAD_OK); /* with the fence exactly all */
	CU_ASSERT_EQUAL(atomic_load(&rig.rung), 16);
	close_ring(&rig);
}

static void test_arguments(void)
{
	unsigned char a[40], b[24];
	struct rig rig;

	memset(a, 0xaa, sizeof(a));
	memset(b, 0xbb, sizeof(b));
	const struct road_cmd large = launch_command(a, 40), small = launch_command(b, 24);

	open_ring(&rig, 8, 112);
	CU_ASSERT_EQUAL(submit(&rig, 1, &large, 1, false), ROAD_OK); /* 0 .. 40 */
	CU_ASSERT_EQUAL(submit(&rig, 2, &large, 1, false), ROAD_OK); /* 48 .. 88 */
	CU_ASSERT_EQUAL(submit(&rig, 3, &small, 1, false), ROAD_NOT_READY);
	CU_ASSERT_TRUE(take(&rig) && take(&rig)); /* the first block is free, the tail is not */
	CU_ASSERT_EQUAL(submit(&rig, 3, &small, 1, false), ROAD_OK); /* 96 .. 120: wraps to 0 */
	CU_ASSERT_EQUAL(slot(&rig, 4)->b, slot(&rig, 0)->b);
	CU_ASSERT_EQUAL(submit(&rig, 4, &large, 1, false), ROAD_NOT_READY);
	while (take(&rig))
		;
	CU_ASSERT_EQUAL(submit(&rig, 4, &large, 1, false), ROAD_OK);
	CU_ASSERT_EQUAL(slot(&rig, 6)->b % 16, 0);
	const unsigned char *block = fake_bus_host(&rig.fake, slot(&rig, 6)->b, 40);

	CU_ASSERT_PTR_NOT_NULL_FATAL(block);
	CU_ASSERT_EQUAL(memcmp(block, a, 40), 0);
	close_ring(&rig);
}

static void test_sequence_of(void)
{
	const struct road_cmd two = fill_command(2, 1);
	struct rig rig;

	open_ring(&rig, 8, 0);
	for (uint64_t s = 1; s <= 3; s++) /* packets 0-2, 3-5, 6-8 */
		CU_ASSERT_EQUAL(submit(&rig, s, &two, 1, false), ROAD_OK);
	CU_ASSERT_EQUAL(road_ring_sequence_of(rig.ring, 0), 1);
	CU_ASSERT_EQUAL(road_ring_sequence_of(rig.ring, 2), 1);
	CU_ASSERT_EQUAL(road_ring_sequence_of(rig.ring, 3), 2);
	CU_ASSERT_EQUAL(road_ring_sequence_of(rig.ring, 8), 3);
	CU_ASSERT_EQUAL(road_ring_sequence_of(rig.ring, 9), 4);
	road_ring_reset(rig.ring);
	rig.completion = 0;
	CU_ASSERT_EQUAL(slot(&rig, 0)->header, EMPTY);
	CU_ASSERT_EQUAL(submit(&rig, 1, &two, 1, false), ROAD_OK);
	CU_ASSERT_EQUAL(atomic_load(&rig.rung), 3);
	close_ring(&rig);
}

static void test_refused(void)
{
	const struct road_cmd commands[] = {
		{.kind = ROAD_COMMAND_FILL, .fill = {.pattern_bytes = 1}},
		{.kind = ROAD_COMMAND_COPY}};
	struct road_drv_submission s = {.sequence = 1, .commands = commands, .count = 2};
	struct rig rig;

	open_ring(&rig, 4, 0);
	CU_ASSERT_EQUAL(road_ring_submit(rig.ring, &s), ROAD_UNSUPPORTED);
	CU_ASSERT_STRING_EQUAL(services_what, "no copies");
	CU_ASSERT_EQUAL(rig.doorbells, 0);
	s.count = 1;
	CU_ASSERT_EQUAL(road_ring_submit(rig.ring, &s), ROAD_OK);
	CU_ASSERT_EQUAL(atomic_load(&rig.rung), 2);
	close_ring(&rig);
}

static void test_told(void)
{
	const struct road_fault fault = {.size = sizeof(fault), .kind = ROAD_FAULT_MEMORY};
	const struct road_cmd one = {.kind = ROAD_COMMAND_FILL, .fill = {.pattern_bytes = 1}};
	struct road_drv_progress progress;
	struct rig rig;

	open_ring(&rig, 4, 0);
	CU_ASSERT_EQUAL(submit(&rig, 1, &one, 1, false), ROAD_OK);
	CU_ASSERT_EQUAL(submit(&rig, 2, &one, 1, false), ROAD_OK);
	rig.completion = 1;
	road_ring_fail(rig.ring, 2, ROAD_FAULT, &fault);
	road_ring_fail(rig.ring, 0, ROAD_IO, NULL); /* the first one stays */
	road_ring_advance(rig.ring, &progress);
	CU_ASSERT_EQUAL(progress.completed, 1);
	CU_ASSERT_EQUAL(progress.failed_from, 2);
	CU_ASSERT_EQUAL(progress.status, ROAD_FAULT);
	CU_ASSERT_EQUAL(progress.fault.kind, ROAD_FAULT_MEMORY);
	road_ring_reset(rig.ring);
	road_ring_advance(rig.ring, &progress);
	CU_ASSERT_EQUAL(progress.failed_from, UINT64_MAX);
	CU_ASSERT_EQUAL(progress.status, ROAD_OK);
	close_ring(&rig);
}

static void test_lost(void)
{
	struct rig rig;

	open_ring(&rig, 8, 0);
	rig.fake.is_lost = true;
	CU_ASSERT_EQUAL(submit(&rig, 1, NULL, 0, false), ROAD_DEVICE_LOST);
	CU_ASSERT_EQUAL(rig.doorbells, 0);
	close_ring(&rig);
}

static void test_geometry(void)
{
	const struct road_ring_geometry good = {16, 16, 4, 64, 16, 2, EMPTY};
	struct road_ring_geometry bad[] = {good, good, good, good, good};
	struct road_ring *ring = NULL;
	struct fake_bus fake;
	uint64_t word = 0;

	bad[0].packet_bytes = 24;
	bad[1].packets_per_command = 16;
	bad[2].argument_align = 3;
	bad[3].header_bytes = 3;
	bad[4].argument_bytes = 72;
	fake_bus_init(&fake);
	for (uint32_t i = 0; i < 5; i++)
		CU_ASSERT_EQUAL(
			road_ring_create(&fake.bus, &bad[i], &ring_ops, NULL, 4, &word, &ring),
			ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_ring_create(&fake.bus, &good, &ring_ops, NULL, 0, &word, &ring),
			ROAD_INVALID_ARGUMENT);
	road_status status = ROAD_OUT_OF_HOST_MEMORY;

	for (int n = 0; status; n++) { /* each allocation of its own fails once */
		services_fail_after = n;
		status = road_ring_create(&fake.bus, &good, &ring_ops, NULL, 4, &word, &ring);
		if (status) {
			CU_ASSERT_EQUAL(status, ROAD_OUT_OF_HOST_MEMORY);
			CU_ASSERT_EQUAL(fake_bus_live(&fake), 0);
		}
	}
	services_fail_after = -1;
	road_ring_destroy(ring);
	CU_ASSERT_EQUAL(fake_bus_live(&fake), 0);
}

/* Random lists, one consumer thread; what it saw must be what a reference makes of the lists. */
struct reference {
	uint64_t sum;
};

static void expect(struct reference *r, const struct road_cmd *commands, uint32_t count,
		   bool concurrent, uint64_t sequence)
{
	bool ordered = true;

	for (uint32_t i = 0; i < count; i++) {
		const struct road_cmd *c = &commands[i];
		uint32_t packets = c->kind == ROAD_COMMAND_FILL ? c->fill.pattern_bytes : 1;

		if (c->kind == ROAD_COMMAND_BARRIER) {
			ordered = true;
			continue;
		}
		for (uint32_t k = 0; k < packets; k++) {
			r->sum = mix(r->sum, ordered && !k ? ORDERED : 0);
			r->sum = mix(r->sum, c->kind == ROAD_COMMAND_FILL ? OP_FILL : OP_LAUNCH);
			if (c->kind == ROAD_COMMAND_FILL)
				r->sum = mix(mix(r->sum, k), c->fill.pattern);
			const unsigned char *bytes = c->launch.arguments;

			for (uint32_t b = 0;
			     c->kind != ROAD_COMMAND_FILL && b < c->launch.argument_bytes; b++)
				r->sum = mix(r->sum, bytes[b]);
		}
		if (packets)
			ordered = !concurrent;
	}
	r->sum = mix(mix(r->sum, ORDERED), OP_FENCE);
	(void)sequence;
}

static _Atomic bool consumer_stop;

static void *consume(void *arg)
{
	struct rig *rig = arg;

	for (;;) {
		/* Read before looking: what came in between is still to be taken. */
		bool stop = atomic_load(&consumer_stop);

		if (!take(rig) && stop)
			return NULL;
	}
}

static void test_random(void)
{
	static unsigned char arguments[64];
	struct reference reference = {0};
	struct road_cmd commands[3];
	unsigned seed = 1;
	uint64_t refused = 0;
	struct rig rig;
	pthread_t thread;

	for (uint32_t i = 0; i < sizeof(arguments); i++)
		arguments[i] = (unsigned char)(i * 7);
	open_ring(&rig, 5, 144); /* what the largest list needs, exactly */
	atomic_store(&consumer_stop, false);
	CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, consume, &rig), 0);
	for (uint64_t s = 1; s <= 20000; s++) {
		uint32_t count = (uint32_t)rand_r(&seed) % 4;
		bool concurrent = rand_r(&seed) & 1;

		for (uint32_t i = 0; i < count; i++) {
			uint32_t pick = (uint32_t)rand_r(&seed) % 8;

			commands[i] = pick == 0  ? (struct road_cmd){.kind = ROAD_COMMAND_BARRIER}
				      : pick < 4 ? launch_command(arguments,
								  1 + (uint32_t)rand_r(&seed) % 40)
						 : fill_command((uint32_t)rand_r(&seed) % 6, s);
		}
		road_status status;

		while ((status = submit(&rig, s, commands, count, concurrent)) == ROAD_NOT_READY) {
			refused++;
			(void)road_ring_sequence_of(rig.ring, s);
		}
		CU_ASSERT_EQUAL(status, ROAD_OK);
		if (status)
			break;
		expect(&reference, commands, count, concurrent, s);
	}
	atomic_store(&consumer_stop, true);
	pthread_join(thread, NULL);
	CU_ASSERT_FALSE(rig.bad);
	CU_ASSERT_EQUAL(rig.sum, reference.sum);
	CU_ASSERT_EQUAL(road_ring_completed(rig.ring), 20000);
	CU_ASSERT_TRUE(refused > 0);
	close_ring(&rig);
}

static const struct tap_case cases[] = {
	{"packets stand in the ring byte for byte, the doorbell rings once", test_bytes},
	{"first packets, fences and what follows a barrier are ordered", test_order},
	{"a full ring changes nothing and goes on once work completed", test_full},
	{"no more submissions than the depth are in flight", test_depth},
	{"a list that no empty ring could hold is refused, with the numbers", test_too_large},
	{"argument blocks are aligned, in one piece, and freed in order", test_arguments},
	{"a command that the port refuses takes nothing, and says why", test_refused},
	{"a packet's number tells its submission", test_sequence_of},
	{"a failure that the port tells of stays until the reset", test_told},
	{"a lost device takes no work", test_lost},
	{"bad geometry is refused and no failed allocation leaks", test_geometry},
	{"20000 random lists reach a consumer thread as a reference says", test_random},
};

TAP_MAIN(cases)
