/* SPDX-License-Identifier: Apache-2.0 */
/* A DSA with several functions, through the engine's door: each client reaches its own share of
 * memory, has streams and interrupts of its own, and keeps its turn on the cores. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "simulators/dsa/model.h"
#include "simulators/engine/domain.h"
#include "tests/support/tap.h"
#include "tests/unit/boot_support.h"
#include "tests/unit/dsa_code.h"

/* Host memory of each client, at one bus address in all of them, and what lies in it. */
#define HOST       UINT64_C(0x100000000)
#define HOST_BYTES UINT64_C(0x20000)
enum {
	STATUS_AT = 0, /* of stream s at s * 256 */
	TABLE_AT = 0x1000,
	BOOT_AT = 0x2000,
	RINGS_AT = 0x4000, /* of stream s at s * RING_BYTES */
	SLOTS = 64,
	RING_BYTES = SLOTS * ROAD_DSA_DESCRIPTOR_BYTES,
	CODE_AT = 0x10000,
	WORDS_AT = 0x18000,
	STREAMS = 4,
	FUNCTIONS = 3
};
#define VA_DATA UINT64_C(0x200000)
#define VA_CODE UINT64_C(0x400000)
#define PAGE    UINT64_C(0x10000)

static const char source[] = ".kernel spin arguments=0\n"
			     " movi x1, 2000\n"
			     "again:\n"
			     " loop x1, again\n"
			     " end\n"
			     ".end\n";

struct client {
	struct sim_function *function;
	uint64_t when, written[STREAMS];
	uint8_t *host;
};

static const struct sim_entry *sim;
static struct client clients[FUNCTIONS];
static uint64_t share;

static void *translate(void *user, uint64_t iova, uint64_t bytes, bool write)
{
	struct client *client = user;

	(void)write;
	if (iova < HOST || iova - HOST > HOST_BYTES || bytes > HOST_BYTES - (iova - HOST))
		return NULL;
	return client->host + (iova - HOST);
}

static void put(struct client *client, uint64_t offset, uint32_t width, uint64_t value)
{
	sim->post(client->function, ROAD_DSA_REGION_REGS, offset, width, value, client->when);
}

static uint64_t get(struct client *client, uint64_t offset, uint32_t width)
{
	return sim->read(client->function, ROAD_DSA_REGION_REGS, offset, width, &client->when);
}

static const struct road_dsa_stream_status *status_of(const struct client *client, uint32_t stream)
{
	return (const void *)(client->host + STATUS_AT + stream * 256);
}

/* ---- set up ---- */

static bool set_ranges(struct client *client, const struct road_range *ranges, uint32_t count)
{
	memcpy(client->host + TABLE_AT, ranges, count * sizeof(*ranges));
	put(client, ROAD_DSA_REG_CONTEXT_SELECT, 4, 0);
	put(client, ROAD_DSA_REG_CONTEXT_TABLE64, 8, HOST + TABLE_AT);
	put(client, ROAD_DSA_REG_CONTEXT_COUNT, 4, count);
	put(client, ROAD_DSA_REG_CONTEXT_COMMAND, 4, ROAD_DSA_CONTEXT_OPEN);
	return get(client, ROAD_DSA_REG_CONTEXT_COMMAND, 4);
}

static void open_stream(struct client *client, uint32_t stream, uint32_t priority)
{
	put(client, ROAD_DSA_REG_STREAM_SELECT, 4, stream);
	put(client, ROAD_DSA_REG_STREAM_CONTEXT, 4, 0);
	put(client, ROAD_DSA_REG_STREAM_RING64, 8, HOST + RINGS_AT + stream * RING_BYTES);
	put(client, ROAD_DSA_REG_STREAM_SLOTS, 4, SLOTS);
	put(client, ROAD_DSA_REG_STREAM_PRIORITY, 4, priority);
	put(client, ROAD_DSA_REG_STREAM_STATUS64, 8, HOST + STATUS_AT + stream * 256);
	put(client, ROAD_DSA_REG_STREAM_COMMAND, 4, ROAD_DSA_STREAM_OPEN);
	client->written[stream] = 0;
	CU_ASSERT_EQUAL_FATAL(get(client, ROAD_DSA_REG_STREAM_STATE, 4), ROAD_DSA_STREAM_IDLE);
}

/* Data at the end of its share, code before it; stream 0. */
static void set_up(struct client *client, uint32_t priority)
{
	const uint32_t rw = ROAD_RANGE_READ | ROAD_RANGE_WRITE;
	const struct road_range ranges[] = {{VA_DATA, PAGE, share - PAGE, rw, 0},
					    {VA_CODE, PAGE, share - 2 * PAGE, rw, 0}};

	CU_ASSERT_TRUE_FATAL(set_ranges(client, ranges, 2));
	open_stream(client, 0, priority);
}

static enum sim_open_result try_open(struct client *client, struct sim_function *of)
{
	char error[256];
	struct sim_open open = {.chip = "dsa-small",
				.chip_bytes = 9,
				.options = "time=functional&functions=3",
				.address = "sim:dsa-small",
				.host = {translate, client},
				.error = error,
				.of = of};

	sim = roadbed_sim_entry(SIM_ENTRY_VERSION);
	if (!client->host)
		client->host = calloc(1, HOST_BYTES);
	CU_ASSERT_PTR_NOT_NULL_FATAL(client->host);
	memset(client->host, 0, HOST_BYTES);
	return sim->open(&open, &client->function);
}

static void open_all(void)
{
	memset(clients, 0, sizeof(clients));
	for (int i = 0; i < FUNCTIONS; i++) {
		CU_ASSERT_EQUAL_FATAL(try_open(&clients[i], clients[0].function), SIM_OPEN_OK);
		clients[i].when = sim->now();
	}
	const struct boot_support on = {.sim = sim,
					.function = clients[0].function,
					.base = ROAD_DSA_BOOT,
					.when = &clients[0].when,
					.host = clients[0].host + BOOT_AT,
					.iova = HOST + BOOT_AT};

	CU_ASSERT_TRUE_FATAL(boot_support(&on));
	share = get(&clients[0], ROAD_DSA_REG_MEM_BYTES64, 8);
	for (int i = 0; i < FUNCTIONS; i++)
		set_up(&clients[i], 1);
}

static void close_all(void)
{
	for (int i = FUNCTIONS; i--;) {
		sim->close(clients[i].function);
		free(clients[i].host);
	}
}

/* ---- work ---- */

static void push(struct client *client, uint32_t stream, const void *descriptor)
{
	memcpy(client->host + RINGS_AT + stream * RING_BYTES +
		       client->written[stream]++ % SLOTS * ROAD_DSA_DESCRIPTOR_BYTES,
	       descriptor, ROAD_DSA_DESCRIPTOR_BYTES);
}

static void ring(struct client *client, uint32_t stream)
{
	put(client, ROAD_DSA_DOORBELL + stream * ROAD_DSA_DOORBELL_STRIDE, 8,
	    client->written[stream]);
}

/* Until the stream has nothing left to do. */
static void await(struct client *client, uint32_t stream)
{
	put(client, ROAD_DSA_REG_STREAM_SELECT, 4, stream);
	for (uint32_t i = 0; i < 1000000; i++) {
		if (get(client, ROAD_DSA_REG_STREAM_STATE, 4) != ROAD_DSA_STREAM_RUNNING)
			return;
		client->when = sim->relax(client->when + 1000000);
	}
	CU_FAIL("the stream never ends");
}

static void run(struct client *client, uint32_t stream)
{
	ring(client, stream);
	await(client, stream);
}

static void push_fill(struct client *client, uint32_t stream, uint64_t va, uint64_t bytes,
		      uint64_t value)
{
	const struct road_dsa_descriptor fill = {.work = ROAD_DSA_WORK_FILL,
						 .value_bytes = 4,
						 .dst = va,
						 .bytes = bytes,
						 .rows = 1,
						 .slices = 1,
						 .value = value};

	push(client, stream, &fill);
}

/* Copies the whole page of data to the host's words. */
static void read_back(struct client *client, uint64_t bytes)
{
	const struct road_dsa_descriptor copy = {.work = ROAD_DSA_WORK_COPY,
						 .flags = ROAD_DSA_WORK_DST_BUS,
						 .dst = HOST + WORDS_AT,
						 .src = VA_DATA,
						 .bytes = bytes,
						 .rows = 1,
						 .slices = 1};

	push(client, 0, &copy);
	run(client, 0);
	CU_ASSERT_EQUAL(status_of(client, 0)->fault, 0);
}

static uint32_t word(const struct client *client, uint64_t at)
{
	uint32_t value;

	memcpy(&value, client->host + WORDS_AT + at, sizeof(value));
	return value;
}

static void load_code(struct client *client)
{
	const uint64_t bytes = dsa_code_write(source, client->host + CODE_AT);

	CU_ASSERT_FATAL(bytes > 0 && bytes <= PAGE);
	const struct road_dsa_descriptor copy = {.work = ROAD_DSA_WORK_COPY,
						 .flags = ROAD_DSA_WORK_SRC_BUS,
						 .dst = VA_CODE,
						 .src = HOST + CODE_AT,
						 .bytes = bytes,
						 .rows = 1,
						 .slices = 1};
	const struct road_dsa_descriptor load = {
		.work = ROAD_DSA_WORK_LOAD, .dst = VA_CODE, .bytes = bytes};

	push(client, 0, &copy);
	push(client, 0, &load);
	run(client, 0);
	CU_ASSERT_EQUAL_FATAL(status_of(client, 0)->fault, 0);
}

static void push_task(struct client *client, uint32_t stream, uint32_t blocks)
{
	const struct road_dsa_task task = {
		.work = ROAD_DSA_WORK_TASK, .blocks = blocks, .code = VA_CODE};

	push(client, stream, &task);
}

/* ---- memory ---- */

static void each_has_an_equal_share_and_its_own_bytes(void)
{
	open_all();
	CU_ASSERT_EQUAL(share, (UINT64_C(256) << 20) / FUNCTIONS >> 21 << 21);
	for (uint32_t i = 0; i < FUNCTIONS; i++) {
		CU_ASSERT_EQUAL(get(&clients[i], ROAD_DSA_REG_MEM_BYTES64, 8), share);
		CU_ASSERT(get(&clients[i], ROAD_DSA_REG_STATUS, 4) & ROAD_DSA_STATUS_CLEAN);
		push_fill(&clients[i], 0, VA_DATA, PAGE, 0x1000 + i);
		run(&clients[i], 0);
		CU_ASSERT_FALSE(get(&clients[i], ROAD_DSA_REG_STATUS, 4) & ROAD_DSA_STATUS_CLEAN);
	}
	for (uint32_t i = 0; i < FUNCTIONS; i++) {
		read_back(&clients[i], 0x8000);
		CU_ASSERT_EQUAL(word(&clients[i], 0), 0x1000 + i);
		CU_ASSERT_EQUAL(word(&clients[i], 0x7ffc), 0x1000 + i);
		CU_ASSERT_EQUAL(sim->violations(clients[i].function), 0);
	}
	close_all();
}

/* A table that reaches one byte beyond the share opens no context. */
static void no_address_reaches_another_share(void)
{
	static const uint64_t beyond[] = {0, 1, PAGE, UINT64_C(1) << 21, UINT64_C(1) << 40};
	const uint32_t rw = ROAD_RANGE_READ | ROAD_RANGE_WRITE;

	open_all();
	for (uint32_t f = 0; f < FUNCTIONS; f++) {
		struct client *client = &clients[f];
		const struct road_range whole = {VA_DATA, share, 0, rw, 0};
		uint64_t broken = sim->violations(client->function);

		CU_ASSERT_TRUE(set_ranges(client, &whole, 1));
		for (size_t i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++) {
			const struct road_range bad = {VA_DATA, PAGE, share - PAGE + 1 + beyond[i],
						       rw, 0};

			CU_ASSERT_FALSE(set_ranges(client, &bad, 1));
			CU_ASSERT_EQUAL(sim->violations(client->function), ++broken);
		}
		const struct road_range longer = {VA_DATA, share + 1, 0, rw, 0};
		const struct road_range wraps = {VA_DATA, PAGE, -PAGE, rw, 0};

		CU_ASSERT_FALSE(set_ranges(client, &longer, 1));
		CU_ASSERT_FALSE(set_ranges(client, &wraps, 1));
	}
	close_all();
}

static void a_descriptor_that_leaves_its_range_faults(void)
{
	open_all();
	push_fill(&clients[1], 0, VA_DATA + PAGE - 4, 8, 1);
	run(&clients[1], 0);
	CU_ASSERT_EQUAL(status_of(&clients[1], 0)->fault, ROAD_DSA_FAULT_UNMAPPED);
	read_back(&clients[2], 64);
	CU_ASSERT_EQUAL(word(&clients[2], 0), 0);
	close_all();
}

static void poison_hits_the_function_that_it_was_put_to(void)
{
	open_all();
	push_fill(&clients[0], 0, VA_DATA, 64, 7);
	push_fill(&clients[1], 0, VA_DATA, 64, 7);
	run(&clients[0], 0);
	run(&clients[1], 0);
	CU_ASSERT_EQUAL(sim->inject(clients[1].function, true, VA_DATA), SIM_INJECTED);
	read_back(&clients[0], 64);
	const struct road_dsa_descriptor copy = {.work = ROAD_DSA_WORK_COPY,
						 .flags = ROAD_DSA_WORK_DST_BUS,
						 .dst = HOST + WORDS_AT,
						 .src = VA_DATA,
						 .bytes = 64,
						 .rows = 1,
						 .slices = 1};

	push(&clients[1], 0, &copy);
	run(&clients[1], 0);
	CU_ASSERT_EQUAL(status_of(&clients[1], 0)->fault, ROAD_DSA_FAULT_ECC);
	close_all();
}

static void the_next_owner_of_a_share_finds_zeros(void)
{
	open_all();
	push_fill(&clients[1], 0, VA_DATA, PAGE, 0xdeadbeef);
	run(&clients[1], 0);
	CU_ASSERT_EQUAL(sim->inject(clients[1].function, true, VA_DATA + 8), SIM_INJECTED);
	sim->close(clients[1].function);
	CU_ASSERT_EQUAL_FATAL(try_open(&clients[1], clients[0].function), SIM_OPEN_OK);
	CU_ASSERT(get(&clients[1], ROAD_DSA_REG_STATUS, 4) & ROAD_DSA_STATUS_CLEAN);
	CU_ASSERT_FALSE(get(&clients[1], ROAD_DSA_REG_CONTEXT_COMMAND, 4));
	set_up(&clients[1], 1);
	read_back(&clients[1], 0x8000);
	for (uint64_t at = 0; at < 0x8000; at += 4)
		CU_ASSERT_EQUAL_FATAL(word(&clients[1], at), 0);
	close_all();
}

/* ---- streams ---- */

static void a_fence_interrupts_its_own_function(void)
{
	const struct road_dsa_descriptor fence = {
		.work = ROAD_DSA_WORK_FENCE, .flags = ROAD_DSA_WORK_IRQ, .vector = 3, .value = 1};

	open_all();
	for (uint32_t i = 0; i < FUNCTIONS; i++)
		put(&clients[i], ROAD_DSA_REG_IRQ_MASK, 4, UINT32_MAX);
	push(&clients[1], 0, &fence);
	run(&clients[1], 0);
	for (uint32_t i = 0; i < FUNCTIONS; i++) {
		CU_ASSERT_EQUAL(sim->irq_pending(clients[i].function), i == 1 ? 8 : 0);
		CU_ASSERT_EQUAL(status_of(&clients[i], 0)->done, i == 1);
	}
	close_all();
}

/* What ends in the middle of another one's tasks: how, by function 1. */
static void reset_it(void)
{
	sim->reset(clients[1].function);
}

static void close_it(void)
{
	sim->close(clients[1].function);
	CU_ASSERT_EQUAL_FATAL(try_open(&clients[1], clients[0].function), SIM_OPEN_OK);
}

static void reset_by_register(void)
{
	put(&clients[1], ROAD_DSA_REG_CONTROL, 4, ROAD_DSA_CONTROL_RESET);
	get(&clients[1], ROAD_DSA_REG_STATUS, 4);
}

static void an_end_in_the_middle_changes_nothing_of_the_others(void)
{
	static void (*const ends[])(void) = {reset_it, close_it, reset_by_register};

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		open_all();
		for (uint32_t f = 0; f < FUNCTIONS; f++) {
			load_code(&clients[f]);
			for (uint32_t t = 0; t < 4; t++)
				push_task(&clients[f], 0, 3);
			push_fill(&clients[f], 0, VA_DATA, 64, 0x50 + f);
		}
		for (uint32_t f = 0; f < FUNCTIONS; f++)
			ring(&clients[f], 0);
		get(&clients[0], ROAD_DSA_REG_STATUS, 4);
		clients[0].when = sim->relax(clients[0].when + 3000000);
		ends[i]();
		for (uint32_t f = 0; f < FUNCTIONS; f += 2) {
			await(&clients[f], 0);
			read_back(&clients[f], 64);
			CU_ASSERT_EQUAL(word(&clients[f], 0), 0x50 + f);
			CU_ASSERT_EQUAL(sim->violations(clients[f].function), 0);
		}
		put(&clients[1], ROAD_DSA_REG_STREAM_SELECT, 4, 0);
		CU_ASSERT_EQUAL(get(&clients[1], ROAD_DSA_REG_STREAM_STATE, 4),
				ROAD_DSA_STREAM_CLOSED);
		close_all();
	}
}

/* ---- turns on the cores ---- */

/* Virtual time of client 2's one task of one block, while client 1 floods or is quiet. */
static uint64_t time_of_a_task(uint32_t streams, uint32_t tasks, uint32_t blocks, uint64_t *alone)
{
	uint64_t began;

	open_all();
	for (uint32_t f = 1; f < FUNCTIONS; f++)
		load_code(&clients[f]);
	for (uint32_t s = 1; s < 1 + streams; s++) {
		open_stream(&clients[1], s, 0); /* the highest priority that there is */
		for (uint32_t t = 0; t < tasks; t++)
			push_task(&clients[1], s, blocks);
		ring(&clients[1], s);
	}
	get(&clients[1], ROAD_DSA_REG_STATUS, 4);
	clients[2].when = sim->relax(sim->now() + 100000);
	began = sim->now();
	push_task(&clients[2], 0, 1);
	run(&clients[2], 0);
	CU_ASSERT_EQUAL(status_of(&clients[2], 0)->fault, 0);
	uint64_t took = sim->now() - began;

	if (alone)
		*alone = took;
	close_all();
	return took;
}

/* It waits for what runs on the cores when it comes, and for no more. */
static void a_flood_of_one_function_does_not_starve_another(void)
{
	uint64_t alone;

	time_of_a_task(0, 0, 0, &alone);
	CU_ASSERT(alone > 0);
	CU_ASSERT(time_of_a_task(3, 20, 50, NULL) <= 3 * alone);
}

/* ---- firmware ---- */

static void a_crash_of_firmware_fails_the_streams_of_all(void)
{
	open_all();
	if (get(&clients[0], ROAD_DSA_BOOT + ROAD_BOOT_REG_MAGIC, 4) != ROAD_BOOT_MAGIC) {
		close_all();
		tap_skip("a build without a boot ROM");
		return;
	}
	/* 11: ROAD_SIM_BOOT_CRASH; another function has no say in it */
	CU_ASSERT_EQUAL(sim->boot_fault(clients[1].function, 11, 0, 1), SIM_INJECT_NONE);
	CU_ASSERT_EQUAL(sim->boot_fault(clients[0].function, 11, 0, 1), SIM_INJECTED);
	get(&clients[0], ROAD_DSA_REG_STATUS, 4);
	for (uint32_t f = 0; f < FUNCTIONS; f++) {
		CU_ASSERT_EQUAL(status_of(&clients[f], 0)->fault, ROAD_DSA_FAULT_FIRMWARE);
		CU_ASSERT_FALSE(get(&clients[f], ROAD_DSA_REG_STATUS, 4) & ROAD_DSA_STATUS_READY);
	}
	close_all();
}

static const struct tap_case cases[] = {
	{"each has an equal share and its own bytes", each_has_an_equal_share_and_its_own_bytes},
	{"no address reaches another share", no_address_reaches_another_share},
	{"a descriptor that leaves its range faults", a_descriptor_that_leaves_its_range_faults},
	{"poison hits the function that it was put to",
	 poison_hits_the_function_that_it_was_put_to},
	{"the next owner of a share finds zeros", the_next_owner_of_a_share_finds_zeros},
	{"a fence interrupts its own function", a_fence_interrupts_its_own_function},
	{"an end in the middle changes nothing of the others",
	 an_end_in_the_middle_changes_nothing_of_the_others},
	{"a flood of one function does not starve another",
	 a_flood_of_one_function_does_not_starve_another},
	{"a crash of firmware fails the streams of all",
	 a_crash_of_firmware_fails_the_streams_of_all},
};
TAP_MAIN(cases)
