/* SPDX-License-Identifier: Apache-2.0 */
/* A DSA with several functions, through the engine's door: each client reaches its own share of
 * memory, has streams and interrupts of its own, and keeps its turn on the cores. */
#include <string.h>

#include "tests/support/tap.h"
#include "tests/unit/sim_dsa_model/clients.h"
#include "uapi/firmware/boot.h"

/* ---- memory ---- */

static void each_has_an_equal_share_and_its_own_bytes(void)
{
	clients_open(NULL);
	CU_ASSERT_EQUAL(share, (UINT64_C(256) << 20) / FUNCTIONS >> 21 << 21);
	for (uint32_t i = 0; i < FUNCTIONS; i++) {
		CU_ASSERT_EQUAL(client_get(&clients[i], ROAD_DSA_REG_MEM_BYTES64, 8), share);
		CU_ASSERT(client_get(&clients[i], ROAD_DSA_REG_STATUS, 4) & ROAD_DSA_STATUS_CLEAN);
		client_push_fill(&clients[i], 0, VA_DATA, PAGE, 0x1000 + i);
		client_run(&clients[i], 0);
		CU_ASSERT_FALSE(client_get(&clients[i], ROAD_DSA_REG_STATUS, 4) &
				ROAD_DSA_STATUS_CLEAN);
	}
	for (uint32_t i = 0; i < FUNCTIONS; i++) {
		client_read_back(&clients[i], 0x8000);
		CU_ASSERT_EQUAL(client_word(&clients[i], 0), 0x1000 + i);
		CU_ASSERT_EQUAL(client_word(&clients[i], 0x7ffc), 0x1000 + i);
		CU_ASSERT_EQUAL(sim->violations(clients[i].function), 0);
	}
	clients_close();
}

/* A table that reaches one byte beyond the share opens no context. */
static void no_address_reaches_another_share(void)
{
	static const uint64_t beyond[] = {0, 1, PAGE, UINT64_C(1) << 21, UINT64_C(1) << 40};
	const uint32_t rw = ROAD_RANGE_READ | ROAD_RANGE_WRITE;

	clients_open(NULL);
	for (uint32_t f = 0; f < FUNCTIONS; f++) {
		struct client *client = &clients[f];
		const struct road_range whole = {VA_DATA, share, 0, rw, 0};
		uint64_t broken = sim->violations(client->function);

		CU_ASSERT_TRUE(client_set_ranges(client, &whole, 1));
		for (size_t i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++) {
			const struct road_range bad = {VA_DATA, PAGE, share - PAGE + 1 + beyond[i],
						       rw, 0};

			CU_ASSERT_FALSE(client_set_ranges(client, &bad, 1));
			CU_ASSERT_EQUAL(sim->violations(client->function), ++broken);
		}
		const struct road_range longer = {VA_DATA, share + 1, 0, rw, 0};
		const struct road_range wraps = {VA_DATA, PAGE, -PAGE, rw, 0};

		CU_ASSERT_FALSE(client_set_ranges(client, &longer, 1));
		CU_ASSERT_FALSE(client_set_ranges(client, &wraps, 1));
	}
	clients_close();
}

static void a_descriptor_that_leaves_its_range_faults(void)
{
	clients_open(NULL);
	client_push_fill(&clients[1], 0, VA_DATA + PAGE - 4, 8, 1);
	client_run(&clients[1], 0);
	CU_ASSERT_EQUAL(client_status(&clients[1], 0)->fault, ROAD_DSA_FAULT_UNMAPPED);
	client_read_back(&clients[2], 64);
	CU_ASSERT_EQUAL(client_word(&clients[2], 0), 0);
	clients_close();
}

static void poison_hits_the_function_that_it_was_put_to(void)
{
	clients_open(NULL);
	client_push_fill(&clients[0], 0, VA_DATA, 64, 7);
	client_push_fill(&clients[1], 0, VA_DATA, 64, 7);
	client_run(&clients[0], 0);
	client_run(&clients[1], 0);
	CU_ASSERT_EQUAL(sim->inject(clients[1].function, true, VA_DATA), SIM_INJECTED);
	client_read_back(&clients[0], 64);
	const struct road_dsa_descriptor copy = {.work = ROAD_DSA_WORK_COPY,
						 .flags = ROAD_DSA_WORK_DST_BUS,
						 .dst = HOST + WORDS_AT,
						 .src = VA_DATA,
						 .bytes = 64,
						 .rows = 1,
						 .slices = 1};

	client_push(&clients[1], 0, &copy);
	client_run(&clients[1], 0);
	CU_ASSERT_EQUAL(client_status(&clients[1], 0)->fault, ROAD_DSA_FAULT_ECC);
	clients_close();
}

static void the_next_owner_of_a_share_finds_zeros(void)
{
	clients_open(NULL);
	client_push_fill(&clients[1], 0, VA_DATA, PAGE, 0xdeadbeef);
	client_run(&clients[1], 0);
	CU_ASSERT_EQUAL(sim->inject(clients[1].function, true, VA_DATA + 8), SIM_INJECTED);
	sim->close(clients[1].function);
	CU_ASSERT_EQUAL_FATAL(client_open(&clients[1], clients[0].function), SIM_OPEN_OK);
	CU_ASSERT(client_get(&clients[1], ROAD_DSA_REG_STATUS, 4) & ROAD_DSA_STATUS_CLEAN);
	CU_ASSERT_FALSE(client_get(&clients[1], ROAD_DSA_REG_CONTEXT_COMMAND, 4));
	client_set_up(&clients[1], 1);
	client_read_back(&clients[1], 0x8000);
	for (uint64_t at = 0; at < 0x8000; at += 4)
		CU_ASSERT_EQUAL_FATAL(client_word(&clients[1], at), 0);
	clients_close();
}

/* ---- streams ---- */

static void a_fence_interrupts_its_own_function(void)
{
	const struct road_dsa_descriptor fence = {
		.work = ROAD_DSA_WORK_FENCE, .flags = ROAD_DSA_WORK_IRQ, .vector = 3, .value = 1};

	clients_open(NULL);
	for (uint32_t i = 0; i < FUNCTIONS; i++)
		client_put(&clients[i], ROAD_DSA_REG_IRQ_MASK, 4, UINT32_MAX);
	client_push(&clients[1], 0, &fence);
	client_run(&clients[1], 0);
	for (uint32_t i = 0; i < FUNCTIONS; i++) {
		CU_ASSERT_EQUAL(sim->irq_pending(clients[i].function), i == 1 ? 8 : 0);
		CU_ASSERT_EQUAL(client_status(&clients[i], 0)->done, i == 1);
	}
	clients_close();
}

/* What ends in the middle of another one's tasks: how, by function 1. */
static void reset_it(void)
{
	sim->reset(clients[1].function);
}

static void close_it(void)
{
	sim->close(clients[1].function);
	CU_ASSERT_EQUAL_FATAL(client_open(&clients[1], clients[0].function), SIM_OPEN_OK);
}

static void reset_by_register(void)
{
	client_put(&clients[1], ROAD_DSA_REG_CONTROL, 4, ROAD_DSA_CONTROL_RESET);
	client_get(&clients[1], ROAD_DSA_REG_STATUS, 4);
}

static void an_end_in_the_middle_changes_nothing_of_the_others(void)
{
	static void (*const ends[])(void) = {reset_it, close_it, reset_by_register};

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		clients_open(NULL);
		for (uint32_t f = 0; f < FUNCTIONS; f++) {
			client_load_code(&clients[f]);
			for (uint32_t t = 0; t < 4; t++)
				client_push_task(&clients[f], 0, 3);
			client_push_fill(&clients[f], 0, VA_DATA, 64, 0x50 + f);
		}
		for (uint32_t f = 0; f < FUNCTIONS; f++)
			client_ring(&clients[f], 0);
		client_get(&clients[0], ROAD_DSA_REG_STATUS, 4);
		clients[0].when = sim->relax(clients[0].when + 3000000);
		ends[i]();
		for (uint32_t f = 0; f < FUNCTIONS; f += 2) {
			client_await(&clients[f], 0);
			client_read_back(&clients[f], 64);
			CU_ASSERT_EQUAL(client_word(&clients[f], 0), 0x50 + f);
			CU_ASSERT_EQUAL(sim->violations(clients[f].function), 0);
		}
		client_put(&clients[1], ROAD_DSA_REG_STREAM_SELECT, 4, 0);
		CU_ASSERT_EQUAL(client_get(&clients[1], ROAD_DSA_REG_STREAM_STATE, 4),
				ROAD_DSA_STREAM_CLOSED);
		clients_close();
	}
}

/* ---- turns on the cores ---- */

/* Virtual time of client 2's one task of one block, while client 1 floods or is quiet. */
static uint64_t time_of_a_task(uint32_t streams, uint32_t tasks, uint32_t blocks, uint64_t *alone)
{
	uint64_t began;

	clients_open(NULL);
	for (uint32_t f = 1; f < FUNCTIONS; f++)
		client_load_code(&clients[f]);
	for (uint32_t s = 1; s < 1 + streams; s++) {
		client_open_stream(&clients[1], s, 0); /* the highest priority that there is */
		for (uint32_t t = 0; t < tasks; t++)
			client_push_task(&clients[1], s, blocks);
		client_ring(&clients[1], s);
	}
	client_get(&clients[1], ROAD_DSA_REG_STATUS, 4);
	clients[2].when = sim->relax(sim->now() + 100000);
	began = sim->now();
	client_push_task(&clients[2], 0, 1);
	client_run(&clients[2], 0);
	CU_ASSERT_EQUAL(client_status(&clients[2], 0)->fault, 0);
	uint64_t took = sim->now() - began;

	if (alone)
		*alone = took;
	clients_close();
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
	clients_open(NULL);
	if (client_get(&clients[0], ROAD_DSA_BOOT + ROAD_BOOT_REG_MAGIC, 4) != ROAD_BOOT_MAGIC) {
		clients_close();
		tap_skip("a build without a boot ROM");
		return;
	}
	/* 11: ROAD_SIM_BOOT_CRASH; another function has no say in it */
	CU_ASSERT_EQUAL(sim->boot_fault(clients[1].function, 11, 0, 1), SIM_INJECT_NONE);
	CU_ASSERT_EQUAL(sim->boot_fault(clients[0].function, 11, 0, 1), SIM_INJECTED);
	client_get(&clients[0], ROAD_DSA_REG_STATUS, 4);
	for (uint32_t f = 0; f < FUNCTIONS; f++) {
		CU_ASSERT_EQUAL(client_status(&clients[f], 0)->fault, ROAD_DSA_FAULT_FIRMWARE);
		CU_ASSERT_FALSE(client_get(&clients[f], ROAD_DSA_REG_STATUS, 4) &
				ROAD_DSA_STATUS_READY);
	}
	clients_close();
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
