/* SPDX-License-Identifier: Apache-2.0 */
/* An AlmaIF chip with several functions: each client has registers, a queue and data memory of its
 * own, and takes turns with the others on the one core. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "simulators/engine/entry.h"
#include "tests/support/tap.h"
#include "uapi/almaif/regs.h"

/* Host memory of each client, at one bus address in all of them. */
#define HOST       UINT64_C(0x100000)
#define HOST_BYTES UINT64_C(0x10000)
#define DATA       UINT64_C(0x1000000000000) /* DMEM_START, as the chip says */
#define US         UINT64_C(1000000)         /* ps */
enum {
	FUNCTIONS = 3,
	RING = 64,
	META_AT = 0,         /* of packet n at n * 64 */
	KERNARG_AT = 0x2000, /* likewise at n * 128 */
	WORK_AT = 0x10000,
	WORK_BYTES = 0x100000,
	SPIN = 0x10106 /* a kernel of the suite's that has no end */
};

struct client {
	struct sim_function *function;
	uint64_t when, written;
	uint8_t *host, *queue, *data;
	uint64_t data_bytes;
};

static const struct sim_entry *sim;
static struct client clients[FUNCTIONS];
static char why[256];

static void *translate(void *user, uint64_t iova, uint64_t bytes, bool write)
{
	struct client *client = user;

	(void)write;
	if (iova < HOST || iova - HOST > HOST_BYTES || bytes > HOST_BYTES - (iova - HOST))
		return NULL;
	return client->host + (iova - HOST);
}

static uint32_t get(struct client *client, uint64_t offset)
{
	return (uint32_t)sim->read(client->function, ALMAIF_REGION_REGS, offset, 4, &client->when);
}

static void command(struct client *client, uint32_t value)
{
	sim->post(client->function, ALMAIF_REGION_REGS, ALMAIF_REG_COMMAND, 4, value, client->when);
	get(client, ALMAIF_REG_STATUS);
}

static enum sim_open_result try_open(struct client *client, const char *options,
				     struct sim_function *of)
{
	struct sim_open open = {.chip = "almaif",
				.chip_bytes = 6,
				.options = options,
				.address = "sim:almaif",
				.host = {translate, client},
				.error = why,
				.of = of};

	sim = roadbed_sim_entry(SIM_ENTRY_VERSION);
	return sim->open(&open, &client->function);
}

/* Writes the queue's header and lifts the reset. */
static void set_up(struct client *client)
{
	const struct almaif_queue queue = {.size = RING};
	bool memory;

	client->when = sim->now();
	sim->region(client->function, ALMAIF_REGION_DATA, &client->data_bytes, &memory);
	client->queue = sim->region_map(client->function, ALMAIF_REGION_QUEUE, 0, 64 * (1 + RING));
	client->data = sim->region_map(client->function, ALMAIF_REGION_DATA, 0, client->data_bytes);
	CU_ASSERT_PTR_NOT_NULL_FATAL(client->queue);
	CU_ASSERT_PTR_NOT_NULL_FATAL(client->data);
	memcpy(client->queue, &queue, sizeof(queue));
	client->written = 0;
	command(client, ALMAIF_COMMAND_CONTINUE);
	CU_ASSERT_EQUAL(get(client, ALMAIF_REG_STATUS), 0);
}

static void open_at(uint32_t f)
{
	CU_ASSERT_EQUAL_FATAL(try_open(&clients[f], "functions=3", f ? clients[0].function : NULL),
			      SIM_OPEN_OK);
	set_up(&clients[f]);
}

static void open_all(void)
{
	memset(clients, 0, sizeof(clients));
	for (uint32_t f = 0; f < FUNCTIONS; f++) {
		clients[f].host = calloc(1, HOST_BYTES);
		CU_ASSERT_PTR_NOT_NULL_FATAL(clients[f].host);
		open_at(f);
	}
}

static void close_all(void)
{
	for (int f = FUNCTIONS; f--;) {
		sim->close(clients[f].function);
		free(clients[f].host);
	}
}

/* ---- work ---- */

static struct almaif_meta *meta_of(const struct client *client, uint64_t n)
{
	return (void *)(client->data + META_AT + n % RING * 64);
}

/* Written, not told; its number. */
static uint64_t push(struct client *client, uint64_t kernel, const uint64_t *arguments,
		     size_t words)
{
	const uint64_t n = client->written++, at = n % RING;
	const struct almaif_dispatch packet = {
		.header = ALMAIF_DISPATCH,
		.dimensions = 1,
		.workgroup_x = 1,
		.workgroup_y = 1,
		.workgroup_z = 1,
		.grid_x = 1,
		.grid_y = 1,
		.grid_z = 1,
		.kernel_object = kernel,
		.kernarg_address = DATA + KERNARG_AT + at * 128,
		.command_meta_address = DATA + META_AT + at * 64,
	};

	memcpy(client->data + KERNARG_AT + at * 128, arguments, words * sizeof(*arguments));
	*meta_of(client, n) = (struct almaif_meta){.completion_signal = ALMAIF_PENDING};
	memcpy(client->queue + 64 * (1 + at), &packet, sizeof(packet));
	return n;
}

static uint64_t push_fill(struct client *client, uint64_t address, uint64_t bytes, uint64_t pattern)
{
	const uint64_t arguments[] = {address, bytes, pattern, 4};

	return push(client, ALMAIF_KERNEL_FILL, arguments, 4);
}

static void ring(struct client *client)
{
	sim->post(client->function, ALMAIF_REGION_QUEUE, ALMAIF_QUEUE_WRITE_INDEX, 8,
		  client->written, client->when);
}

/* How packet n ended; PENDING: not within so much time. */
static uint32_t await(struct client *client, uint64_t n, uint64_t most_ps)
{
	const uint64_t until = sim->now() + most_ps;

	get(client, ALMAIF_REG_STATUS);
	while (!meta_of(client, n)->completion_signal && sim->now() < until)
		client->when = sim->relax(sim->now() + US);
	return meta_of(client, n)->completion_signal;
}

static uint32_t word_at(const struct client *client, uint64_t offset)
{
	uint32_t word;

	memcpy(&word, client->data + offset, sizeof(word));
	return word;
}

/* ---- memory ---- */

static void each_has_an_equal_share_and_its_own_bytes(void)
{
	const uint64_t share = (UINT64_C(16) << 20) / FUNCTIONS >> 21 << 21;

	open_all();
	for (uint32_t f = 0; f < FUNCTIONS; f++) {
		/* A queue of 32640 bytes, to the page, and what is left. */
		CU_ASSERT_EQUAL(clients[f].data_bytes, share - 0x8000);
		CU_ASSERT_EQUAL(get(&clients[f], ALMAIF_REG_DMEM_SIZE_LOW), share - 0x8000);
		push_fill(&clients[f], DATA + WORK_AT, share - 0x8000 - WORK_AT, 0x1000 + f);
		ring(&clients[f]);
	}
	for (uint32_t f = 0; f < FUNCTIONS; f++)
		CU_ASSERT_EQUAL(await(&clients[f], 0, 100000 * US), ALMAIF_OK);
	for (uint32_t f = 0; f < FUNCTIONS; f++) {
		CU_ASSERT_EQUAL(word_at(&clients[f], WORK_AT), 0x1000 + f);
		CU_ASSERT_EQUAL(word_at(&clients[f], share - 0x8000 - 4), 0x1000 + f);
		CU_ASSERT_EQUAL(sim->violations(clients[f].function), 0);
	}
	close_all();
}

static void no_address_reaches_another_share(void)
{
	uint64_t n, offset;
	int fd[2];

	open_all();
	const uint64_t end = clients[1].data_bytes;
	const struct almaif_queue *queue = (const void *)clients[2].queue;

	n = push_fill(&clients[1], DATA + end - 4, 8, 0xff);
	ring(&clients[1]);
	CU_ASSERT_EQUAL(await(&clients[1], n, 1000 * US), ALMAIF_FAILED);
	CU_ASSERT_EQUAL(queue->size, RING); /* which lies behind it */
	for (uint32_t f = 0; f < 2; f++) {
		CU_ASSERT_PTR_NULL(
			sim->region_map(clients[f].function, ALMAIF_REGION_DATA, end - 4, 8));
		CU_ASSERT_TRUE(sim->region_fd(clients[f].function, ALMAIF_REGION_DATA, 0, end,
					      &fd[f], &offset));
		CU_ASSERT_EQUAL(offset, 0x8000);
	}
	CU_ASSERT_NOT_EQUAL(fd[0], fd[1]);
	close_all();
}

static void bus_addresses_are_looked_up_in_the_functions_own_host(void)
{
	uint32_t word;

	open_all();
	for (uint32_t f = 0; f < FUNCTIONS; f++) {
		push_fill(&clients[f], HOST + 64, 4, 0x70 + f);
		ring(&clients[f]);
	}
	for (uint32_t f = 0; f < FUNCTIONS; f++) {
		CU_ASSERT_EQUAL(await(&clients[f], 0, 1000 * US), ALMAIF_OK);
		memcpy(&word, clients[f].host + 64, sizeof(word));
		CU_ASSERT_EQUAL(word, 0x70 + f);
	}
	close_all();
}

static void the_next_owner_of_a_share_finds_zeros(void)
{
	struct client late = {.host = NULL};

	open_all();
	memset(clients[1].data, 0xab, clients[1].data_bytes);
	memset(clients[2].data, 0xcd, 4096);
	CU_ASSERT_EQUAL(try_open(&late, "", clients[0].function), SIM_OPEN_NO_FUNCTION);
	sim->close(clients[1].function);
	CU_ASSERT_EQUAL_FATAL(try_open(&clients[1], "", clients[0].function), SIM_OPEN_OK);
	CU_ASSERT_EQUAL(get(&clients[1], ALMAIF_REG_STATUS), ALMAIF_STATUS_RESET);
	clients[1].queue = sim->region_map(clients[1].function, ALMAIF_REGION_QUEUE, 0, 64);
	for (uint32_t i = 0; i < 64; i++)
		CU_ASSERT_EQUAL(clients[1].queue[i], 0);
	set_up(&clients[1]);
	for (uint64_t at = 0; at < clients[1].data_bytes; at += 512)
		CU_ASSERT_EQUAL_FATAL(clients[1].data[at], 0);
	CU_ASSERT_EQUAL(clients[2].data[0], 0xcd);
	close_all();
}

/* ---- one and the other ---- */

static void what_is_not_allowed_is_the_functions_own(void)
{
	open_all();
	command(&clients[1], 3); /* none */
	sim->post(clients[1].function, ALMAIF_REGION_REGS, 0, 4, 1, clients[1].when);
	get(&clients[1], ALMAIF_REG_STATUS);
	for (uint32_t f = 0; f < FUNCTIONS; f++)
		CU_ASSERT_EQUAL(sim->violations(clients[f].function), f == 1 ? 2 : 0);
	command(&clients[1], ALMAIF_COMMAND_RESET);
	CU_ASSERT_EQUAL(get(&clients[1], ALMAIF_REG_STATUS), ALMAIF_STATUS_RESET);
	CU_ASSERT_EQUAL(get(&clients[2], ALMAIF_REG_STATUS), 0);
	close_all();
}

static void store_index(struct client *client)
{
	struct almaif_queue *queue = (void *)client->queue;

	__atomic_store_n(&queue->write_index, client->written, __ATOMIC_RELEASE);
	sim->poke();
}

/* Nor is a queue looked at that does not hold, for another's sake. */
static void a_store_to_a_mapped_queue_is_seen(void)
{
	open_all();
	for (uint32_t f = 0; f < FUNCTIONS; f++) {
		push_fill(&clients[f], DATA + WORK_AT, 64, f);
		store_index(&clients[f]);
		CU_ASSERT_EQUAL(await(&clients[f], 0, 100 * US), ALMAIF_OK);
	}
	sim->post(clients[1].function, ALMAIF_REGION_REGS, ALMAIF_REG_COMMAND, 4,
		  ALMAIF_COMMAND_RESET, sim->now());
	sim->relax(sim->now() + 1000);
	push_fill(&clients[2], DATA + WORK_AT, 64, 9);
	store_index(&clients[2]); /* while the reset is under way */
	CU_ASSERT_EQUAL(await(&clients[2], 1, 100 * US), ALMAIF_OK);
	CU_ASSERT_EQUAL(get(&clients[1], ALMAIF_REG_STATUS), ALMAIF_STATUS_RESET);
	CU_ASSERT_EQUAL(sim->violations(clients[1].function), 0);
	close_all();
}

static void reset_it(void)
{
	sim->reset(clients[1].function);
}

static void close_it(void)
{
	sim->close(clients[1].function);
	CU_ASSERT_EQUAL_FATAL(try_open(&clients[1], "", clients[0].function), SIM_OPEN_OK);
}

static void reset_by_register(void)
{
	command(&clients[1], ALMAIF_COMMAND_RESET);
}

/* It has the core when it ends, or waits for it. */
static void an_end_in_the_middle_changes_nothing_of_the_others(void)
{
	static void (*const ends[])(void) = {reset_it, close_it, reset_by_register};

	for (size_t i = 0; i < 2 * sizeof(ends) / sizeof(ends[0]); i++) {
		const bool waits = i % 2;

		open_all();
		for (uint32_t f = 0; f < FUNCTIONS; f++)
			for (uint32_t n = 0; n < 3; n++)
				push_fill(&clients[f], DATA + WORK_AT, WORK_BYTES, 0x50 + f);
		ring(&clients[waits ? 0 : 1]);
		get(&clients[waits ? 0 : 1], ALMAIF_REG_STATUS);
		for (uint32_t f = 0; f < FUNCTIONS; f++)
			ring(&clients[f]);
		get(&clients[2], ALMAIF_REG_STATUS);
		ends[i / 2]();
		for (uint32_t f = 0; f < FUNCTIONS; f += 2) {
			CU_ASSERT_EQUAL(await(&clients[f], 2, 10000 * US), ALMAIF_OK);
			CU_ASSERT_EQUAL(word_at(&clients[f], WORK_AT), 0x50 + f);
			CU_ASSERT_EQUAL(sim->violations(clients[f].function), 0);
		}
		close_all();
	}
}

static void a_kernel_without_an_end_holds_up_its_function_alone(void)
{
	open_all();
	push(&clients[1], SPIN, &(uint64_t){0}, 1);
	ring(&clients[1]);
	CU_ASSERT_EQUAL(await(&clients[1], 0, 100 * US), ALMAIF_PENDING);
	push_fill(&clients[2], DATA + WORK_AT, 64, 7);
	ring(&clients[2]);
	CU_ASSERT_EQUAL(await(&clients[2], 0, 100 * US), ALMAIF_OK);
	CU_ASSERT_EQUAL(meta_of(&clients[1], 0)->completion_signal, ALMAIF_PENDING);
	close_all();
}

/* ---- turns ---- */

/* Virtual time of function 2's packets, while the others have so many before it. */
static uint64_t time_beside(uint32_t packets, uint32_t flood)
{
	uint64_t began, n = 0;

	open_all();
	for (uint32_t f = 0; f < 2; f++) {
		for (uint32_t i = 0; i < flood; i++)
			push_fill(&clients[f], DATA + WORK_AT, WORK_BYTES, 1);
		ring(&clients[f]);
		get(&clients[f], ALMAIF_REG_STATUS);
	}
	began = sim->now();
	clients[2].when = began;
	for (uint32_t i = 0; i < packets; i++)
		n = push_fill(&clients[2], DATA + WORK_AT, WORK_BYTES, 2);
	ring(&clients[2]);
	CU_ASSERT_EQUAL(await(&clients[2], n, 1000000 * US), ALMAIF_OK);
	uint64_t took = sim->now() - began;

	for (uint32_t f = 0; flood && f < 2; f++)
		CU_ASSERT_EQUAL(meta_of(&clients[f], flood - 1)->completion_signal, ALMAIF_PENDING);
	close_all();
	return took;
}

/* There is one core: the others' packets are in the way, and of each no more than its own. */
static void packets_take_turns_on_the_core(void)
{
	const uint64_t alone = time_beside(4, 0), beside = time_beside(4, 60);

	CU_ASSERT(alone > 0);
	CU_ASSERT(beside > 2 * alone + alone / 2);
	CU_ASSERT(beside < 3 * alone + alone / 2);
}

static void wrong_numbers_of_functions_say_why(void)
{
	struct client client = {.host = NULL};

	CU_ASSERT_EQUAL(try_open(&client, "functions=3&queue_memory=16777216", NULL),
			SIM_OPEN_BAD_OPTION);
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "value \"3\", allowed: fewer"));
	CU_ASSERT_EQUAL(try_open(&client, "queue_memory=16777216", NULL), SIM_OPEN_OK);
	sim->close(client.function);
	CU_ASSERT_EQUAL(try_open(&client, "functions=64", NULL), SIM_OPEN_OK);
	sim->close(client.function);
}

static const struct tap_case cases[] = {
	{"each has an equal share and its own bytes", each_has_an_equal_share_and_its_own_bytes},
	{"no address reaches another share", no_address_reaches_another_share},
	{"bus addresses are looked up in the function's own host",
	 bus_addresses_are_looked_up_in_the_functions_own_host},
	{"the next owner of a share finds zeros", the_next_owner_of_a_share_finds_zeros},
	{"what is not allowed is the function's own", what_is_not_allowed_is_the_functions_own},
	{"a store to a mapped queue is seen", a_store_to_a_mapped_queue_is_seen},
	{"an end in the middle changes nothing of the others",
	 an_end_in_the_middle_changes_nothing_of_the_others},
	{"a kernel without an end holds up its function alone",
	 a_kernel_without_an_end_holds_up_its_function_alone},
	{"packets take turns on the core", packets_take_turns_on_the_core},
	{"wrong numbers of functions say why", wrong_numbers_of_functions_say_why},
};
TAP_MAIN(cases)
