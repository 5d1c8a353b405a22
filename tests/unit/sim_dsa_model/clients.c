/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/sim_dsa_model/clients.h"

#include <stdlib.h>
#include <string.h>

#include "simulators/dsa/model.h"
#include "tests/support/tap.h"
#include "tests/unit/boot_support.h"
#include "tests/unit/dsa_code.h"

static const char source[] = ".kernel spin arguments=0\n"
			     " movi x1, 2000\n"
			     "again:\n"
			     " loop x1, again\n"
			     " end\n"
			     ".end\n"
			     ".kernel hold arguments=0\n"
			     "again:\n"
			     " jump again\n"
			     ".end\n"
			     /* two blocks add 1 to a word by turns, so many times each */
			     ".kernel by_turns arguments=16 cooperative\n"
			     " ldarg.u64 x1, [0]\n"
			     " ldarg.u64 x5, [8]\n"
			     " sreg x2, %block\n"
			     " movi x3, 1\n"
			     " sub x4, x3, x2\n"
			     " bne x2, x0, second\n"
			     "first:\n"
			     " movi x7, 8192\n"
			     " movi x8, 1000\n"
			     " vexp.f32 [x0], [x0], x7\n" /* and thinks meanwhile */
			     "think:\n"
			     " loop x8, think\n"
			     " set_flag V, S, 0\n"
			     " wait_flag V, S, 0\n"
			     " ldg.u64 x6, [x1 + 0]\n"
			     " addi x6, x6, 1\n"
			     " stg.u64 [x1 + 0], x6\n"
			     " cross_set S, 0, x4\n"
			     " cross_wait S, 0\n"
			     " loop x5, first\n"
			     " end\n"
			     "second:\n"
			     " cross_wait S, 0\n"
			     " ldg.u64 x6, [x1 + 0]\n"
			     " addi x6, x6, 1\n"
			     " stg.u64 [x1 + 0], x6\n"
			     " cross_set S, 0, x4\n"
			     " loop x5, second\n"
			     " end\n"
			     ".end\n";

const struct sim_entry *sim;
struct client clients[FUNCTIONS];
uint64_t share;
static const char *options;

static void *translate(void *user, uint64_t iova, uint64_t bytes, bool write)
{
	struct client *client = user;

	(void)write;
	if (iova < HOST || iova - HOST > HOST_BYTES || bytes > HOST_BYTES - (iova - HOST))
		return NULL;
	return client->host + (iova - HOST);
}

void client_put(struct client *client, uint64_t offset, uint32_t width, uint64_t value)
{
	sim->post(client->function, ROAD_DSA_REGION_REGS, offset, width, value, client->when);
}

uint64_t client_get(struct client *client, uint64_t offset, uint32_t width)
{
	return sim->read(client->function, ROAD_DSA_REGION_REGS, offset, width, &client->when);
}

const struct road_dsa_stream_status *client_status(const struct client *client, uint32_t stream)
{
	return (const void *)(client->host + STATUS_AT + stream * 256);
}

/* ---- set up ---- */

bool client_set_ranges(struct client *client, const struct road_range *ranges, uint32_t count)
{
	memcpy(client->host + TABLE_AT, ranges, count * sizeof(*ranges));
	client_put(client, ROAD_DSA_REG_CONTEXT_SELECT, 4, 0);
	client_put(client, ROAD_DSA_REG_CONTEXT_TABLE64, 8, HOST + TABLE_AT);
	client_put(client, ROAD_DSA_REG_CONTEXT_COUNT, 4, count);
	client_put(client, ROAD_DSA_REG_CONTEXT_COMMAND, 4, ROAD_DSA_CONTEXT_OPEN);
	return client_get(client, ROAD_DSA_REG_CONTEXT_COMMAND, 4);
}

void client_open_stream(struct client *client, uint32_t stream, uint32_t priority)
{
	client_put(client, ROAD_DSA_REG_STREAM_SELECT, 4, stream);
	client_put(client, ROAD_DSA_REG_STREAM_CONTEXT, 4, 0);
	client_put(client, ROAD_DSA_REG_STREAM_RING64, 8, HOST + RINGS_AT + stream * RING_BYTES);
	client_put(client, ROAD_DSA_REG_STREAM_SLOTS, 4, SLOTS);
	client_put(client, ROAD_DSA_REG_STREAM_PRIORITY, 4, priority);
	client_put(client, ROAD_DSA_REG_STREAM_STATUS64, 8, HOST + STATUS_AT + stream * 256);
	client_put(client, ROAD_DSA_REG_STREAM_COMMAND, 4, ROAD_DSA_STREAM_OPEN);
	client->written[stream] = 0;
	CU_ASSERT_EQUAL_FATAL(client_get(client, ROAD_DSA_REG_STREAM_STATE, 4),
			      ROAD_DSA_STREAM_IDLE);
}

/* Data at the end of its share, code before it; stream 0. */
void client_set_up(struct client *client, uint32_t priority)
{
	const uint32_t rw = ROAD_RANGE_READ | ROAD_RANGE_WRITE;
	const struct road_range ranges[] = {{VA_DATA, PAGE, share - PAGE, rw, 0},
					    {VA_CODE, PAGE, share - 2 * PAGE, rw, 0}};

	CU_ASSERT_TRUE_FATAL(client_set_ranges(client, ranges, 2));
	client_open_stream(client, 0, priority);
}

enum sim_open_result client_open(struct client *client, struct sim_function *of)
{
	char error[256];
	struct sim_open open = {.chip = "dsa-small",
				.chip_bytes = 9,
				.options = options,
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

void clients_open(const char *with)
{
	options = with ? with : CLIENTS_FUNCTIONAL;
	memset(clients, 0, sizeof(clients));
	for (int i = 0; i < FUNCTIONS; i++) {
		CU_ASSERT_EQUAL_FATAL(client_open(&clients[i], clients[0].function), SIM_OPEN_OK);
		clients[i].when = sim->now();
	}
	const struct boot_support on = {.sim = sim,
					.function = clients[0].function,
					.base = ROAD_DSA_BOOT,
					.when = &clients[0].when,
					.host = clients[0].host + BOOT_AT,
					.iova = HOST + BOOT_AT};

	CU_ASSERT_TRUE_FATAL(boot_support(&on));
	share = client_get(&clients[0], ROAD_DSA_REG_MEM_BYTES64, 8);
	for (int i = 0; i < FUNCTIONS; i++)
		client_set_up(&clients[i], 1);
}

void clients_close(void)
{
	for (int i = FUNCTIONS; i--;) {
		sim->close(clients[i].function);
		free(clients[i].host);
	}
}

/* ---- work ---- */

void client_push(struct client *client, uint32_t stream, const void *descriptor)
{
	memcpy(client->host + RINGS_AT + stream * RING_BYTES +
		       client->written[stream]++ % SLOTS * ROAD_DSA_DESCRIPTOR_BYTES,
	       descriptor, ROAD_DSA_DESCRIPTOR_BYTES);
}

void client_ring(struct client *client, uint32_t stream)
{
	client_put(client, ROAD_DSA_DOORBELL + stream * ROAD_DSA_DOORBELL_STRIDE, 8,
		   client->written[stream]);
}

/* Until the stream has nothing left to do. */
void client_await(struct client *client, uint32_t stream)
{
	client_put(client, ROAD_DSA_REG_STREAM_SELECT, 4, stream);
	for (uint32_t i = 0; i < 1000000; i++) {
		if (client_get(client, ROAD_DSA_REG_STREAM_STATE, 4) != ROAD_DSA_STREAM_RUNNING)
			return;
		client->when = sim->relax(client->when + 1000000);
	}
	CU_FAIL("the stream never ends");
}

void client_run(struct client *client, uint32_t stream)
{
	client_ring(client, stream);
	client_await(client, stream);
}

void client_push_fill(struct client *client, uint32_t stream, uint64_t va, uint64_t bytes,
		      uint64_t value)
{
	const struct road_dsa_descriptor fill = {.work = ROAD_DSA_WORK_FILL,
						 .value_bytes = 4,
						 .dst = va,
						 .bytes = bytes,
						 .rows = 1,
						 .slices = 1,
						 .value = value};

	client_push(client, stream, &fill);
}

/* Copies the whole page of data to the host's words. */
void client_read_back(struct client *client, uint64_t bytes)
{
	const struct road_dsa_descriptor copy = {.work = ROAD_DSA_WORK_COPY,
						 .flags = ROAD_DSA_WORK_DST_BUS,
						 .dst = HOST + WORDS_AT,
						 .src = VA_DATA,
						 .bytes = bytes,
						 .rows = 1,
						 .slices = 1};

	client_push(client, 0, &copy);
	client_run(client, 0);
	CU_ASSERT_EQUAL(client_status(client, 0)->fault, 0);
}

uint32_t client_word(const struct client *client, uint64_t at)
{
	uint32_t value;

	memcpy(&value, client->host + WORDS_AT + at, sizeof(value));
	return value;
}

void client_load_code(struct client *client)
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

	client_push(client, 0, &copy);
	client_push(client, 0, &load);
	client_run(client, 0);
	CU_ASSERT_EQUAL_FATAL(client_status(client, 0)->fault, 0);
}

void client_push_task(struct client *client, uint32_t stream, uint32_t blocks)
{
	const struct road_dsa_task task = {
		.work = ROAD_DSA_WORK_TASK, .blocks = blocks, .code = VA_CODE};

	client_push(client, stream, &task);
}
