/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ring helper with a device that keeps ring and arguments in its own memory and reports on each
 * packet by a word: a consumer written here, of a ring whose size is no power of two.
 */
#include <pthread.h>
#include <roadbed-driver/ring.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#include "tests/support/tap.h"
#include "tests/unit/drivers/fake_bus.h"

enum { SLOTS = 5, EMPTY = 1, DISPATCH = 2, OK = 1, FAILED = 2, ARGUMENTS = 256, STRIDE = 16 };

struct packet {
	uint16_t header, slot;
	uint32_t bytes;
	uint64_t arguments;
};

struct rig {
	struct fake_bus fake;
	struct road_ring *ring;
	/* the device's memory */
	struct packet packets[SLOTS];
	_Alignas(16) char arguments[ARGUMENTS];
	uint32_t words[SLOTS * STRIDE / 4];
	/* the consumer's */
	uint64_t taken, sum;
	_Atomic bool stop;
	bool bad;
};

enum { PACKETS_AT = 0x1000, ARGUMENTS_AT = 0x8000 };

/* Called before a command's packets are placed, while those before it are not published yet. */
static void (*while_encoding)(struct rig *rig);
static struct rig *watched;

static int encode(struct road_ring_encoder *e, const struct road_cmd *command)
{
	struct packet *out = e->packets;
	uint32_t bytes = command->launch.argument_bytes;
	road_iova iova;
	void *block;

	if (while_encoding)
		while_encoding(watched);
	if (command->kind != ROAD_COMMAND_LAUNCH)
		return 0;
	block = road_ring_arguments(e, bytes, &iova);
	if (!block)
		return -1;
	memcpy(block, command->launch.arguments, bytes);
	*out = (struct packet){DISPATCH, (uint16_t)e->slot, bytes, iova.value};
	return 1;
}

static void doorbell(void *user, uint64_t tail)
{
	(void)user;
	(void)tail;
}

static void decode(void *user, uint32_t slot, uint32_t status, struct road_fault *out)
{
	(void)user;
	out->kind = ROAD_FAULT_TRAP;
	out->pc = status;
	out->lane = slot;
}

static const struct road_ring_ops ring_ops = {encode, NULL, doorbell, decode};

static struct road_ring_geometry geometry_of(struct rig *rig)
{
	return (struct road_ring_geometry){.packet_bytes = sizeof(struct packet),
					   .packets = SLOTS,
					   .packets_per_command = 1,
					   .argument_bytes = ARGUMENTS,
					   .argument_align = 16,
					   .header_bytes = 2,
					   .header_empty = EMPTY,
					   .packets_host = rig->packets,
					   .packets_device = PACKETS_AT,
					   .arguments_host = rig->arguments,
					   .arguments_device = ARGUMENTS_AT,
					   .status_host = rig->words,
					   .status_stride = STRIDE,
					   .status_ok = OK};
}

static void open_ring(struct rig *rig)
{
	memset(rig, 0, sizeof(*rig));
	fake_bus_init(&rig->fake);
	const struct road_ring_geometry geometry = geometry_of(rig);

	CU_ASSERT_EQUAL_FATAL(
		road_ring_create(&rig->fake.bus, &geometry, &ring_ops, rig, 8, NULL, &rig->ring),
		ROAD_OK);
}

static void close_ring(struct rig *rig)
{
	road_ring_destroy(rig->ring);
	CU_ASSERT_EQUAL(fake_bus_live(&rig->fake), 0);
}

/* Takes the next packet, if one is published, and reports `word` on it. */
static bool consume(struct rig *rig, uint32_t word)
{
	uint32_t slot = (uint32_t)(rig->taken % SLOTS);
	struct packet *packet = &rig->packets[slot];

	if (__atomic_load_n(&packet->header, __ATOMIC_ACQUIRE) != DISPATCH)
		return false;
	uint32_t *own = &rig->words[slot * STRIDE / 4];

	rig->bad |= road_load32(own) != 0 || packet->slot != slot ||
		    packet->arguments < ARGUMENTS_AT ||
		    packet->arguments + packet->bytes > ARGUMENTS_AT + ARGUMENTS;
	const char *block = rig->arguments + (packet->arguments - ARGUMENTS_AT);

	for (uint32_t i = 0; i < packet->bytes; i++)
		rig->sum += (unsigned char)block[i];
	__atomic_store_n(&packet->header, EMPTY, __ATOMIC_RELEASE);
	rig->taken++;
	road_store32(own, word);
	return true;
}

static road_status submit(struct rig *rig, uint64_t sequence, uint32_t launches, uint32_t bytes)
{
	static const char block[64] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
	struct road_cmd commands[4] = {0};
	const struct road_drv_submission submission = {
		.sequence = sequence, .commands = commands, .count = launches};

	for (uint32_t i = 0; i < launches; i++)
		commands[i] =
			(struct road_cmd){.kind = ROAD_COMMAND_LAUNCH,
					  .launch = {.arguments = block, .argument_bytes = bytes}};
	return road_ring_submit(rig->ring, &submission);
}

static void expect(struct rig *rig, uint64_t completed, uint64_t failed_from)
{
	struct road_drv_progress progress;

	road_ring_advance(rig->ring, &progress);
	CU_ASSERT_EQUAL(progress.completed, completed);
	CU_ASSERT_EQUAL(progress.failed_from, failed_from);
}

static void test_completion(void)
{
	struct rig rig;

	open_ring(&rig);
	CU_ASSERT_EQUAL(road_ring_iova(rig.ring).value, PACKETS_AT);
	CU_ASSERT_EQUAL(submit(&rig, 1, 2, 16), ROAD_OK);
	CU_ASSERT_EQUAL(submit(&rig, 2, 0, 0), ROAD_OK); /* nothing: done with what is before */
	CU_ASSERT_EQUAL(submit(&rig, 3, 3, 16), ROAD_OK);
	CU_ASSERT_EQUAL(submit(&rig, 4, 1, 16), ROAD_NOT_READY);
	expect(&rig, 0, UINT64_MAX);
	CU_ASSERT(consume(&rig, OK));
	expect(&rig, 0, UINT64_MAX); /* one of two */
	CU_ASSERT(consume(&rig, OK));
	expect(&rig, 2, UINT64_MAX);
	CU_ASSERT_EQUAL(submit(&rig, 4, 2, 16), ROAD_OK); /* over the end of the ring */
	while (consume(&rig, OK))
		;
	expect(&rig, 4, UINT64_MAX);
	CU_ASSERT_EQUAL(rig.taken, 7);
	CU_ASSERT_EQUAL(rig.sum, 7 * 136);
	CU_ASSERT_FALSE(rig.bad);
	close_ring(&rig);
}

static void test_failure(void)
{
	struct road_drv_progress progress;
	struct rig rig;

	open_ring(&rig);
	CU_ASSERT_EQUAL(submit(&rig, 1, 1, 16), ROAD_OK);
	CU_ASSERT_EQUAL(submit(&rig, 2, 2, 16), ROAD_OK);
	CU_ASSERT_EQUAL(submit(&rig, 3, 1, 16), ROAD_OK);
	CU_ASSERT(consume(&rig, OK));
	CU_ASSERT(consume(&rig, OK));
	CU_ASSERT(consume(&rig, FAILED));
	CU_ASSERT(consume(&rig, OK)); /* what went on behind it counts no more */
	road_ring_advance(rig.ring, &progress);
	CU_ASSERT_EQUAL(progress.completed, 1);
	CU_ASSERT_EQUAL(progress.failed_from, 2);
	CU_ASSERT_EQUAL(progress.status, ROAD_FAULT);
	CU_ASSERT_EQUAL(progress.fault.kind, ROAD_FAULT_TRAP);
	CU_ASSERT_EQUAL(progress.fault.pc, FAILED);
	CU_ASSERT_EQUAL(progress.fault.lane, 2);
	CU_ASSERT_EQUAL(progress.fault.point, 2);
	road_ring_reset(rig.ring);
	rig.taken = 0;
	expect(&rig, 0, UINT64_MAX);
	road_ring_advance(rig.ring, &progress);
	CU_ASSERT_EQUAL(progress.status, ROAD_OK);
	CU_ASSERT_EQUAL(submit(&rig, 1, 1, 16), ROAD_OK);
	expect(&rig, 0, UINT64_MAX);
	CU_ASSERT(consume(&rig, OK));
	expect(&rig, 1, UINT64_MAX);
	/* What a port tells of a failure is forgotten, too. */
	road_ring_fail(rig.ring, 1, ROAD_TIMEOUT, NULL);
	road_ring_advance(rig.ring, &progress);
	CU_ASSERT_EQUAL(progress.status, ROAD_TIMEOUT);
	CU_ASSERT_EQUAL(progress.failed_from, 2);
	road_ring_reset(rig.ring);
	road_ring_advance(rig.ring, &progress);
	CU_ASSERT_EQUAL(progress.status, ROAD_OK);
	CU_ASSERT_EQUAL(progress.failed_from, UINT64_MAX);
	close_ring(&rig);
}

/* How many slots look published, over all calls. */
static uint32_t seen;

static void count_headers(struct rig *rig)
{
	for (uint32_t i = 0; i < SLOTS; i++)
		seen += rig->packets[i].header == DISPATCH;
}

/* A device that leaves the headers of what it took as they were. */
static void take_lazily(struct rig *rig, uint32_t count)
{
	for (; count; count--, rig->taken++)
		road_store32(&rig->words[rig->taken % SLOTS * STRIDE / 4], OK);
}

/* The device may look at any time, and takes what has a header. */
static void test_headers(void)
{
	struct rig rig;

	open_ring(&rig);
	for (uint32_t i = 0; i < SLOTS; i++)
		CU_ASSERT_EQUAL(rig.packets[i].header, EMPTY);
	CU_ASSERT_EQUAL(submit(&rig, 1, 3, 16), ROAD_OK);
	CU_ASSERT_EQUAL(submit(&rig, 2, 2, 16), ROAD_OK);
	take_lazily(&rig, SLOTS);
	expect(&rig, 2, UINT64_MAX);
	seen = 0;
	watched = &rig;
	while_encoding = count_headers;
	CU_ASSERT_EQUAL(submit(&rig, 3, 3, 16), ROAD_OK);
	while_encoding = NULL;
	CU_ASSERT_EQUAL(seen, 5 + 4 + 3); /* each of the three is empty once it was placed */
	take_lazily(&rig, 3);
	expect(&rig, 3, UINT64_MAX);
	close_ring(&rig);
}

static void *device_thread(void *arg)
{
	struct rig *rig = arg;

	while (!atomic_load(&rig->stop))
		if (!consume(rig, OK))
			sched_yield();
	return NULL;
}

static void *watch_thread(void *arg)
{
	struct rig *rig = arg;
	uint64_t last = 0;

	while (!atomic_load(&rig->stop)) {
		uint64_t done = road_ring_completed(rig->ring);

		CU_ASSERT(done >= last);
		last = done;
		sched_yield();
	}
	return NULL;
}

static void test_threads(void)
{
	enum { ROUNDS = 3000 };
	pthread_t device, watch;
	struct rig rig;
	uint64_t launches = 0;

	open_ring(&rig);
	pthread_create(&device, NULL, device_thread, &rig);
	pthread_create(&watch, NULL, watch_thread, &rig);
	for (uint64_t n = 1; n <= ROUNDS; n++) {
		road_status status;

		while ((status = submit(&rig, n, n % 4, 16)) == ROAD_NOT_READY)
			sched_yield();
		CU_ASSERT_EQUAL_FATAL(status, ROAD_OK);
		launches += n % 4;
	}
	while (road_ring_completed(rig.ring) != ROUNDS)
		sched_yield();
	atomic_store(&rig.stop, true);
	pthread_join(device, NULL);
	pthread_join(watch, NULL);
	CU_ASSERT_EQUAL(rig.taken, launches);
	CU_ASSERT_EQUAL(rig.sum, launches * 136);
	CU_ASSERT_FALSE(rig.bad);
	close_ring(&rig);
}

static void test_geometry(void)
{
	struct rig rig;

	open_ring(&rig);
	struct road_ring_geometry bad[] = {geometry_of(&rig), geometry_of(&rig), geometry_of(&rig)};
	struct road_ring *ring = NULL;

	bad[0].status_ok = 0;
	bad[1].status_stride = 0;
	bad[2].status_stride = 6;
	for (unsigned i = 0; i < 3; i++)
		CU_ASSERT_EQUAL(
			road_ring_create(&rig.fake.bus, &bad[i], &ring_ops, NULL, 8, NULL, &ring),
			ROAD_INVALID_ARGUMENT);
	close_ring(&rig);
}

static const struct tap_case cases[] = {
	{"a submission completes when all of its packets have their word", test_completion},
	{"the first packet that failed fails its submission and what follows, until a reset",
	 test_failure},
	{"what is not published yet does not look as if it were", test_headers},
	{"any thread may look while the device runs and the ring wraps", test_threads},
	{"status words that lie badly are refused", test_geometry},
};

TAP_MAIN(cases)
