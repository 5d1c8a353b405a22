/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of a DSA whose tasks want the same cores by other microcode for longer than a slice: 1
 * ms. */
#include <string.h>

#include "simulators/regions/internal.h"
#include "tests/support/tap.h"
#include "tests/unit/sim_dsa_model/clients.h"
#include "uapi/dsa/isa.h"
#include "uapi/dsa/microcode.h"

enum { OP_AT = 0x3000, SLICE_PS = 1200000000, LIMIT = 4000000 };
enum { WAIT, ABORT = 2 }; /* how an operation drains */

static const char *const modes[] = {CLIENTS_FUNCTIONAL, "time=approx&functions=3"};

/* All clients are at one time. */
static void relax(uint64_t ps)
{
	const uint64_t until = clients[0].when + ps;

	while (clients[0].when < until)
		clients[0].when = sim->relax(until);
	for (uint32_t f = 1; f < FUNCTIONS; f++)
		clients[f].when = clients[0].when;
}

/* Splits the units' rate so, in the order of the stream. */
static void push_microcode(struct client *client, uint32_t stream, uint8_t cube, uint8_t drain)
{
	struct road_dsa_microcode microcode = {
		.magic = ROAD_DSA_MICROCODE_MAGIC,
		.version = ROAD_DSA_MICROCODE_VERSION,
		.cube = cube,
		.vector = (uint8_t)(ROAD_DSA_SPLIT_SUM - cube),
		.isa = ROAD_DSA_ISA_VERSION,
		.operators = ROAD_DSA_OPS,
	};
	struct road_config_header header = {
		.magic = ROAD_CONFIG_MAGIC,
		.version = ROAD_CONFIG_VERSION,
		.kind = ROAD_CONFIG_MICROCODE,
		.total_bytes = sizeof(header) + sizeof(microcode),
		.fabric = ROAD_DSA_FABRIC,
		.units = 1,
		.payload_bytes = sizeof(microcode),
		.name = "split",
	};
	uint8_t *at = client->host + WORDS_AT;

	for (uint32_t op = 0; op < ROAD_DSA_OPS; op++)
		microcode.enabled[op / 64] |= UINT64_C(1) << op % 64;
	memcpy(at, &header, sizeof(header));
	memcpy(at + sizeof(header), &microcode, sizeof(microcode));
	header.crc = region_crc(0, at, header.total_bytes);
	memcpy(at, &header, sizeof(header));
	const struct road_dsa_descriptor copy = {.work = ROAD_DSA_WORK_COPY,
						 .flags = ROAD_DSA_WORK_SRC_BUS,
						 .dst = VA_DATA + cube * 0x400,
						 .src = HOST + WORDS_AT,
						 .bytes = header.total_bytes,
						 .rows = 1,
						 .slices = 1};
	const struct road_dsa_descriptor entry = {.work = ROAD_DSA_WORK_REGION,
						  .src = HOST + OP_AT};
	struct road_region_op op = {.verb = ROAD_REGION_VERB_ACTIVATE,
				    .slot = ROAD_REGION_SLOT_ANY,
				    .drain = drain,
				    .image = share - PAGE + cube * 0x400,
				    .image_bytes = header.total_bytes,
				    .config = 70 + cube,
				    .report = HOST + OP_AT + 512};

	client_put(client, ROAD_DSA_REGIONS + ROAD_REGION_REG_SELECT, 4, 0);
	op.generation = client_get(client, ROAD_DSA_REGIONS + ROAD_REGION_REG_GENERATION64, 8);
	memcpy(client->host + OP_AT, &op, sizeof(op));
	memset(client->host + OP_AT + 512, 0, sizeof(struct road_region_report));
	client_push(client, stream, &copy);
	client_push(client, stream, &entry);
	client_ring(client, stream);
}

static uint32_t result_of(const struct client *client)
{
	struct road_region_report report;

	memcpy(&report, client->host + OP_AT + 512, sizeof(report));
	return report.done ? report.error : UINT32_MAX;
}

/* Functions 1 and 2 have code, two streams, and microcode of their own. */
static void open_sharers(const char *mode)
{
	clients_open(mode);
	for (uint32_t f = 1; f < FUNCTIONS; f++) {
		client_load_code(&clients[f]);
		client_open_stream(&clients[f], 1, 1);
		push_microcode(&clients[f], 0, (uint8_t)(7 + f), WAIT);
		client_await(&clients[f], 0);
		CU_ASSERT_EQUAL_FATAL(result_of(&clients[f]), ROAD_REGION_ERROR_NONE);
	}
	clients[0].when = clients[1].when = clients[2].when = sim->now();
}

static uint64_t counter(const char *name)
{
	const char *found;
	uint64_t value;

	for (uint32_t i = 0; sim->counter(clients[0].function, i, &found, &value); i++)
		if (!strcmp(found, name))
			return value;
	CU_FAIL("there is no such counter");
	return 0;
}

/* rounds: of BY_TURNS; of HOLD, instructions until its watchdog ends it. */
static void send_task(struct client *client, uint32_t kernel, uint32_t blocks, uint64_t rounds)
{
	const uint64_t arguments[] = {VA_DATA, rounds};
	struct road_dsa_task task = {.work = ROAD_DSA_WORK_TASK,
				     .blocks = blocks,
				     .code = VA_CODE,
				     .kernel = kernel,
				     .watchdog = kernel == KERNEL_HOLD && rounds ? rounds : LIMIT};

	if (kernel == KERNEL_BY_TURNS) {
		memcpy(client->host + OP_AT + 1024, arguments, sizeof(arguments));
		task.flags = ROAD_DSA_WORK_COOPERATIVE;
		task.arguments = HOST + OP_AT + 1024;
		task.argument_bytes = sizeof(arguments);
	}
	client_push(client, 0, &task);
	client_ring(client, 0);
}

/* Function 1 has a task without an end on both cores, which stands still for one of function 2. */
static void hold_and_stand(void)
{
	send_task(&clients[1], KERNEL_HOLD, 2, LIMIT * 5 / 8);
	relax(50000000);
	send_task(&clients[2], KERNEL_HOLD, 2, LIMIT * 5 / 8);
	relax(SLICE_PS);
	CU_ASSERT_EQUAL(counter("dsa.region.preemptions"), 1);
}

/* Short tasks of another function go on, and it meets its watchdog where it would alone. */
static void a_task_without_an_end_keeps_nobody_out(void)
{
	for (size_t m = 0; m < sizeof(modes) / sizeof(modes[0]); m++) {
		struct road_dsa_stream_status alone;

		open_sharers(modes[m]);
		send_task(&clients[1], KERNEL_HOLD, 2, 0);
		client_await(&clients[1], 0);
		alone = *client_status(&clients[1], 0);
		CU_ASSERT_EQUAL(alone.fault, ROAD_DSA_FAULT_WATCHDOG);
		CU_ASSERT_EQUAL(counter("dsa.region.preemptions"), 0);
		clients_close();
		open_sharers(modes[m]);
		send_task(&clients[1], KERNEL_HOLD, 2, 0);
		relax(50000000);
		for (uint64_t n = 1; n <= 3; n++) {
			const struct road_dsa_descriptor fence = {.work = ROAD_DSA_WORK_FENCE,
								  .value = n};

			send_task(&clients[2], KERNEL_SPIN, 3, 0);
			client_push(&clients[2], 0, &fence);
			client_ring(&clients[2], 0);
			relax(SLICE_PS);
			CU_ASSERT_EQUAL(client_status(&clients[2], 0)->done, n);
			CU_ASSERT_EQUAL(client_status(&clients[1], 0)->fault, 0);
			CU_ASSERT_EQUAL(counter("dsa.region.preemptions"), n);
		}
		client_await(&clients[1], 0);
		CU_ASSERT_EQUAL(memcmp(&alone, client_status(&clients[1], 0), sizeof(alone)), 0);
		clients_close();
	}
}

/* Data, instructions and time are what they are alone, flags between cores and the hazard checker
 * among them. */
static void a_task_that_stood_does_what_it_does_alone(void)
{
	for (size_t m = 0; m < sizeof(modes) / sizeof(modes[0]); m++) {
		uint64_t instructions[2], task_ps[2];

		for (uint32_t beside = 0; beside < 2; beside++) {
			open_sharers(modes[m]);
			for (uint32_t f = 1; f < FUNCTIONS; f++)
				client_push_fill(&clients[f], 0, VA_DATA, 8, 0);
			for (uint32_t f = 1; f < FUNCTIONS; f++) {
				send_task(&clients[f], KERNEL_BY_TURNS, 2, 1200);
				if (!beside)
					client_await(&clients[f], 0);
			}
			for (uint32_t f = 1; f < FUNCTIONS; f++) {
				client_await(&clients[f], 0);
				client_read_back(&clients[f], 64);
				CU_ASSERT_EQUAL(client_word(&clients[f], 0), 2400);
				CU_ASSERT_EQUAL(sim->violations(clients[f].function), 0);
			}
			CU_ASSERT_EQUAL(beside, counter("dsa.region.preemptions") > 1);
			instructions[beside] = counter("dsa.queue.s.instructions");
			task_ps[beside] = counter("dsa.task_ps");
			clients_close();
		}
		CU_ASSERT(instructions[0] > 0);
		CU_ASSERT_EQUAL(instructions[1], instructions[0]);
		CU_ASSERT_EQUAL(task_ps[1], task_ps[0]);
	}
}

static void its_own_switch_waits_for_it_or_ends_it(void)
{
	for (size_t i = 0; i < 4; i++) {
		const uint32_t fault = i % 2 ? ROAD_DSA_FAULT_ABORTED : ROAD_DSA_FAULT_WATCHDOG;

		open_sharers(modes[i / 2]);
		hold_and_stand();
		for (uint32_t f = 1; f < FUNCTIONS; f++)
			CU_ASSERT_EQUAL(client_get(&clients[f],
						   ROAD_DSA_REGIONS + ROAD_REGION_REG_RUNNING, 4),
					1);
		push_microcode(&clients[1], 1, 10, i % 2 ? ABORT : WAIT);
		relax(100000000);
		CU_ASSERT_EQUAL(result_of(&clients[1]), UINT32_MAX); /* another one's turn */
		CU_ASSERT_EQUAL(client_status(&clients[1], 0)->fault, i % 2 ? fault : 0);
		relax(SLICE_PS);
		CU_ASSERT_EQUAL(result_of(&clients[1]), i % 2 ? 0 : UINT32_MAX);
		client_await(&clients[1], 1);
		CU_ASSERT_EQUAL(result_of(&clients[1]), ROAD_REGION_ERROR_NONE);
		CU_ASSERT_EQUAL(client_status(&clients[1], 0)->fault, fault);
		client_await(&clients[2], 0);
		CU_ASSERT_EQUAL(client_status(&clients[2], 0)->fault, ROAD_DSA_FAULT_WATCHDOG);
		clients_close();
	}
}

static void reset_it(void)
{
	sim->reset(clients[1].function);
}

static void close_it(void)
{
	sim->close(clients[1].function);
	CU_ASSERT_EQUAL_FATAL(client_open(&clients[1], clients[0].function), SIM_OPEN_OK);
}

static void close_its_stream(void)
{
	client_put(&clients[1], ROAD_DSA_REG_STREAM_SELECT, 4, 0);
	client_put(&clients[1], ROAD_DSA_REG_STREAM_COMMAND, 4, ROAD_DSA_STREAM_CLOSE);
	client_get(&clients[1], ROAD_DSA_REG_STREAM_STATE, 4);
}

static void its_end_is_its_own_while_it_stands(void)
{
	static void (*const ends[])(void) = {reset_it, close_it, close_its_stream};

	for (size_t i = 0; i < 6; i++) {
		open_sharers(modes[i / 3]);
		hold_and_stand();
		const uint64_t blocks = counter("dsa.blocks");

		ends[i % 3]();
		CU_ASSERT_EQUAL(counter("dsa.blocks"), blocks);
		client_await(&clients[2], 0);
		CU_ASSERT_EQUAL(counter("dsa.region.preemptions"), 1);
		CU_ASSERT_EQUAL(client_status(&clients[2], 0)->fault, ROAD_DSA_FAULT_WATCHDOG);
		CU_ASSERT_EQUAL(sim->violations(clients[2].function), 0);
		clients_close();
	}
}

static const struct tap_case cases[] = {
	{"a task without an end keeps nobody out", a_task_without_an_end_keeps_nobody_out},
	{"a task that stood does what it does alone", a_task_that_stood_does_what_it_does_alone},
	{"its own switch waits for it or ends it", its_own_switch_waits_for_it_or_ends_it},
	{"its end is its own while it stands", its_end_is_its_own_while_it_stands},
};
TAP_MAIN(cases)
