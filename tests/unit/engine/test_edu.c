/* SPDX-License-Identifier: Apache-2.0 */
/* The educational device through the engine's door, register by register. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "simulators/engine/domain.h"
#include "tests/support/tap.h"
#include "uapi/edu.h"

enum { READ_PS = 500000, FACTORIAL_PS = 200000, STEP_PS = 5000, DMA_PS = 500000 };
enum { HOST_AT = 0x10000, HOST_BYTES = 16384 };

struct bench {
	const struct sim_entry *sim;
	struct sim_function *function;
	uint64_t when;
	unsigned char host[HOST_BYTES]; /* at bus address HOST_AT */
	bool read_only;
};

static void *translate(void *host, uint64_t iova, uint64_t bytes, bool write)
{
	struct bench *bench = host;

	if (iova < HOST_AT || iova - HOST_AT > HOST_BYTES ||
	    bytes > HOST_BYTES - (iova - HOST_AT) || (write && bench->read_only))
		return NULL;
	return bench->host + (iova - HOST_AT);
}

static enum sim_open_result try_open(struct bench *bench, const char *chip, const char *options,
				     const char *address, char *error)
{
	struct sim_open open = {
		.chip = chip,
		.chip_bytes = strlen(chip),
		.options = options,
		.address = address,
		.host = {translate, bench},
		.error = error,
	};

	return bench->sim->open(&open, &bench->function);
}

static struct bench *open_at(const char *options, const char *address)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	char error[256];

	bench->sim = roadbed_sim_entry(SIM_ENTRY_VERSION);
	CU_ASSERT_EQUAL_FATAL(try_open(bench, "edu", options, address, error), SIM_OPEN_OK);
	bench->when = bench->sim->now();
	return bench;
}

static struct bench *open_with(const char *options)
{
	return open_at(options, "sim:edu");
}

static void close_bench(struct bench *bench)
{
	bench->sim->close(bench->function);
	free(bench);
}

static uint32_t get(struct bench *bench, uint64_t offset)
{
	return (uint32_t)bench->sim->read(bench->function, ROAD_EDU_REGION, offset, 4,
					  &bench->when);
}

static uint64_t get64(struct bench *bench, uint64_t offset)
{
	return bench->sim->read(bench->function, ROAD_EDU_REGION, offset, 8, &bench->when);
}

static void put(struct bench *bench, uint64_t offset, uint32_t value)
{
	bench->sim->post(bench->function, ROAD_EDU_REGION, offset, 4, value, bench->when);
}

static void put64(struct bench *bench, uint64_t offset, uint64_t value)
{
	bench->sim->post(bench->function, ROAD_EDU_REGION, offset, 8, value, bench->when);
}

static uint64_t violations(const struct bench *bench)
{
	return bench->sim->violations(bench->function);
}

static bool says(struct bench *bench, uint32_t index, const char *what)
{
	char text[256];

	return bench->sim->violation(bench->function, index, text, sizeof(text)) &&
	       strstr(text, what);
}

/* Writes to the last register are not awaited: this reads until the device is done. */
static void finish(struct bench *bench)
{
	while (get(bench, ROAD_EDU_REG_STATUS) & ROAD_EDU_STATUS_COMPUTING ||
	       get(bench, ROAD_EDU_REG_DMA_COMMAND) & ROAD_EDU_DMA_START)
		bench->sim->relax(bench->when + 10000);
}

static void it_identifies_and_lives(void)
{
	struct bench *bench = open_with("");
	uint64_t bytes;
	bool memory;

	CU_ASSERT_EQUAL(get(bench, ROAD_EDU_REG_ID), 0x010000ed);
	put(bench, ROAD_EDU_REG_LIVENESS, 0x12345678);
	CU_ASSERT_EQUAL(get(bench, ROAD_EDU_REG_LIVENESS), 0xedcba987);
	bench->sim->region(bench->function, 0, &bytes, &memory);
	CU_ASSERT_EQUAL(bytes, 1 << 20);
	CU_ASSERT_FALSE(memory);
	bench->sim->region(bench->function, 1, &bytes, &memory);
	CU_ASSERT_EQUAL(bytes, 0);
	CU_ASSERT_EQUAL(bench->sim->dma_mask(bench->function), 0x0fffffff);
	CU_ASSERT_EQUAL(bench->sim->irq_count(bench->function), 1);
	CU_ASSERT_EQUAL(violations(bench), 0);
	close_bench(bench);
}

static uint32_t reference_factorial(uint32_t n)
{
	uint32_t result = 1;

	for (uint32_t i = 2; i <= n && result; i++)
		result *= i;
	return result;
}

static void factorials_are_right(void)
{
	static const uint32_t operands[] = {0, 1, 2, 5, 12, 13, 33, 34, 35, 1000, UINT32_MAX};
	struct bench *bench = open_with("");

	for (size_t i = 0; i < sizeof(operands) / sizeof(operands[0]); i++) {
		put(bench, ROAD_EDU_REG_FACTORIAL, operands[i]);
		finish(bench);
		CU_ASSERT_EQUAL(get(bench, ROAD_EDU_REG_FACTORIAL),
				reference_factorial(operands[i]));
	}
	CU_ASSERT_EQUAL(violations(bench), 0);
	close_bench(bench);
}

/* At this instant: a read through the door would let time pass. */
static uint32_t peek(struct bench *bench, uint64_t offset)
{
	const struct sim_env *env = bench->function->env;

	return (uint32_t)env->ops->reg_read(env->model, 0, ROAD_EDU_REGION, offset, 4);
}

static void a_factorial_takes_its_time_and_interrupts_then(void)
{
	struct bench *bench = open_with("");
	struct sim_slice slice;
	uint64_t start = bench->when;

	put(bench, ROAD_EDU_REG_STATUS, ROAD_EDU_STATUS_IRQ);
	put(bench, ROAD_EDU_REG_FACTORIAL, 10);
	bench->sim->run(start + FACTORIAL_PS + 10 * STEP_PS - 1, 100, &slice);
	CU_ASSERT_EQUAL(bench->sim->irq_pending(bench->function), 0);
	CU_ASSERT_EQUAL(peek(bench, ROAD_EDU_REG_STATUS),
			ROAD_EDU_STATUS_IRQ | ROAD_EDU_STATUS_COMPUTING);
	bench->sim->run(UINT64_MAX, 100, &slice);
	CU_ASSERT(slice.irq);
	CU_ASSERT_EQUAL(bench->sim->now(), start + FACTORIAL_PS + 10 * STEP_PS);
	CU_ASSERT(bench->sim->irq_take(bench->function, 0));
	CU_ASSERT_EQUAL(get(bench, ROAD_EDU_REG_IRQ_STATUS), ROAD_EDU_IRQ_FACTORIAL);
	CU_ASSERT_EQUAL(get(bench, ROAD_EDU_REG_STATUS), ROAD_EDU_STATUS_IRQ);
	put(bench, ROAD_EDU_REG_IRQ_ACK, ROAD_EDU_IRQ_FACTORIAL);
	CU_ASSERT_EQUAL(get(bench, ROAD_EDU_REG_IRQ_STATUS), 0);
	put(bench, ROAD_EDU_REG_STATUS, 0);
	put(bench, ROAD_EDU_REG_FACTORIAL, 10);
	finish(bench);
	CU_ASSERT_EQUAL(bench->sim->irq_pending(bench->function), 0);
	CU_ASSERT_EQUAL(violations(bench), 0);
	close_bench(bench);
}

static void interrupts_are_raised_and_acknowledged_by_hand(void)
{
	struct bench *bench = open_with("");

	put(bench, ROAD_EDU_REG_IRQ_RAISE, 0x50);
	CU_ASSERT_EQUAL(get(bench, ROAD_EDU_REG_IRQ_STATUS), 0x50);
	CU_ASSERT(bench->sim->irq_take(bench->function, 0));
	put(bench, ROAD_EDU_REG_IRQ_ACK, 0x10);
	CU_ASSERT_EQUAL(get(bench, ROAD_EDU_REG_IRQ_STATUS), 0x40);
	CU_ASSERT_FALSE(bench->sim->irq_take(bench->function, 0));
	put(bench, ROAD_EDU_REG_IRQ_ACK, 0x40);
	CU_ASSERT_EQUAL(get(bench, ROAD_EDU_REG_IRQ_STATUS), 0);
	close_bench(bench);
}

static void start_copy(struct bench *bench, uint64_t from, uint64_t to, uint64_t bytes,
		       uint32_t flags)
{
	put64(bench, ROAD_EDU_REG_DMA_SOURCE, from);
	put64(bench, ROAD_EDU_REG_DMA_TARGET, to);
	put64(bench, ROAD_EDU_REG_DMA_COUNT, bytes);
	put(bench, ROAD_EDU_REG_DMA_COMMAND, ROAD_EDU_DMA_START | flags);
}

static void dma_goes_both_ways(void)
{
	struct bench *bench = open_with("");

	for (int i = 0; i < 4096; i++)
		bench->host[i] = (unsigned char)(i * 13 + 5);
	start_copy(bench, HOST_AT + 1, ROAD_EDU_BUFFER + 3, 4000, 0);
	CU_ASSERT_EQUAL(get(bench, ROAD_EDU_REG_DMA_COMMAND), ROAD_EDU_DMA_START);
	CU_ASSERT_EQUAL(bench->sim->irq_pending(bench->function), 0);
	finish(bench);
	CU_ASSERT_EQUAL(get64(bench, ROAD_EDU_REG_DMA_COUNT), 4000);
	start_copy(bench, ROAD_EDU_BUFFER + 3, HOST_AT + 8192, 4000,
		   ROAD_EDU_DMA_TO_HOST | ROAD_EDU_DMA_IRQ);
	finish(bench);
	CU_ASSERT_EQUAL(memcmp(bench->host + 8192, bench->host + 1, 4000), 0);
	CU_ASSERT_EQUAL(bench->host[8192 + 4000], 0);
	CU_ASSERT(bench->sim->irq_take(bench->function, 0));
	CU_ASSERT_EQUAL(get(bench, ROAD_EDU_REG_IRQ_STATUS), ROAD_EDU_IRQ_DMA);
	/* The whole buffer, which QEMU 7.2 cannot. */
	start_copy(bench, HOST_AT, ROAD_EDU_BUFFER, ROAD_EDU_BUFFER_BYTES, 0);
	finish(bench);
	start_copy(bench, ROAD_EDU_BUFFER, HOST_AT + 4096, ROAD_EDU_BUFFER_BYTES,
		   ROAD_EDU_DMA_TO_HOST);
	finish(bench);
	CU_ASSERT_EQUAL(memcmp(bench->host + 4096, bench->host, 4096), 0);
	CU_ASSERT_EQUAL(violations(bench), 0);
	close_bench(bench);
}

static void a_transfer_takes_latency_and_bytes_by_rate(void)
{
	struct bench *bench = open_with("");
	uint64_t start = bench->when;
	struct sim_slice slice;

	start_copy(bench, HOST_AT, ROAD_EDU_BUFFER, 1000, ROAD_EDU_DMA_IRQ);
	bench->sim->run(UINT64_MAX, 100, &slice);
	CU_ASSERT(slice.irq);
	CU_ASSERT_EQUAL(bench->sim->now(), start + DMA_PS + 1000000); /* 1000 MB/s */
	close_bench(bench);
}

static void misuse_of_dma_is_a_violation(void)
{
	struct bench *bench = open_with("");

	memset(bench->host, 0x55, HOST_BYTES);
	start_copy(bench, HOST_AT, ROAD_EDU_BUFFER + 4000, 97, 0);
	finish(bench);
	CU_ASSERT(says(bench, 0, "leaves the buffer"));
	start_copy(bench, HOST_AT, ROAD_EDU_BUFFER - 1, 8, 0);
	finish(bench);
	CU_ASSERT(says(bench, 1, "leaves the buffer"));
	start_copy(bench, HOST_AT, ROAD_EDU_BUFFER, UINT64_MAX, 0);
	finish(bench);
	CU_ASSERT(says(bench, 2, "leaves the buffer"));
	start_copy(bench, HOST_AT + HOST_BYTES - 4, ROAD_EDU_BUFFER, 8, 0);
	finish(bench);
	CU_ASSERT(says(bench, 3, "0x13ffc is not mapped for 8 bytes"));
	bench->read_only = true;
	start_copy(bench, ROAD_EDU_BUFFER, HOST_AT, 8, ROAD_EDU_DMA_TO_HOST);
	finish(bench);
	CU_ASSERT(says(bench, 4, "not mapped"));
	CU_ASSERT_EQUAL(bench->host[0], 0x55);
	/* Cut down to the mask as in QEMU, where it hits what is there. */
	start_copy(bench, UINT64_C(0x10000000) + HOST_AT, ROAD_EDU_BUFFER, 8, 0);
	finish(bench);
	CU_ASSERT(says(bench, 5, "beyond the mask 0xfffffff"));
	start_copy(bench, HOST_AT, ROAD_EDU_BUFFER, 8, 0);
	put64(bench, ROAD_EDU_REG_DMA_COUNT, 9);
	put(bench, ROAD_EDU_REG_DMA_COMMAND, ROAD_EDU_DMA_START);
	finish(bench);
	CU_ASSERT(says(bench, 6, "while a transfer runs"));
	CU_ASSERT(says(bench, 7, "while a transfer runs"));
	put(bench, ROAD_EDU_REG_DMA_COMMAND, 0x80);
	finish(bench);
	CU_ASSERT(says(bench, 8, "unknown bits"));
	CU_ASSERT_EQUAL(violations(bench), 9);
	close_bench(bench);
}

static void misuse_of_registers_is_a_violation(void)
{
	struct bench *bench = open_with("");
	static const struct {
		uint64_t offset;
		uint32_t width;
	} bad[] = {{0x00, 8}, {0x00, 1},     {0x08, 2},      {0x02, 4},
		   {0x84, 8}, {0x100000, 4}, {UINT64_MAX, 4}};
	uint64_t expected = 0;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint64_t value = bench->sim->read(bench->function, 0, bad[i].offset, bad[i].width,
						  &bench->when);

		CU_ASSERT_EQUAL(value, bad[i].width == 8 ? UINT64_MAX : UINT32_MAX);
		CU_ASSERT_EQUAL(violations(bench), ++expected);
	}
	bench->sim->read(bench->function, 1, 0, 4, &bench->when);
	CU_ASSERT_EQUAL(violations(bench), ++expected);
	put(bench, 0x00, 1); /* read only */
	put(bench, ROAD_EDU_REG_FACTORIAL, 5);
	put(bench, ROAD_EDU_REG_FACTORIAL, 6);
	finish(bench);
	CU_ASSERT_EQUAL(violations(bench), expected + 2);
	CU_ASSERT(says(bench, (uint32_t)expected + 1, "while one is computed"));
	CU_ASSERT_EQUAL(get(bench, ROAD_EDU_REG_FACTORIAL), 120);
	close_bench(bench);
}

static void a_short_write_replaces_a_long_register(void)
{
	struct bench *bench = open_with("");

	put64(bench, ROAD_EDU_REG_DMA_SOURCE, UINT64_C(0x1122334455667788));
	CU_ASSERT_EQUAL(get64(bench, ROAD_EDU_REG_DMA_SOURCE), UINT64_C(0x1122334455667788));
	CU_ASSERT_EQUAL(get(bench, ROAD_EDU_REG_DMA_SOURCE), 0x55667788);
	put(bench, ROAD_EDU_REG_DMA_SOURCE, 7);
	CU_ASSERT_EQUAL(get64(bench, ROAD_EDU_REG_DMA_SOURCE), 7);
	CU_ASSERT_EQUAL(violations(bench), 0);
	close_bench(bench);
}

static void reset_wipes_buffer_and_stops_work(void)
{
	struct bench *bench = open_with("");

	memset(bench->host, 0xaa, 64);
	put(bench, ROAD_EDU_REG_LIVENESS, 1);
	start_copy(bench, HOST_AT, ROAD_EDU_BUFFER, 64, 0);
	finish(bench);
	put(bench, ROAD_EDU_REG_FACTORIAL, 5);
	start_copy(bench, HOST_AT, ROAD_EDU_BUFFER, 64, 0);
	bench->sim->reset(bench->function);
	CU_ASSERT_FALSE(bench->sim->pending());
	CU_ASSERT_EQUAL(get(bench, ROAD_EDU_REG_LIVENESS), UINT32_MAX);
	CU_ASSERT_EQUAL(get(bench, ROAD_EDU_REG_FACTORIAL), 0);
	CU_ASSERT_EQUAL(get(bench, ROAD_EDU_REG_DMA_COMMAND), 0);
	start_copy(bench, ROAD_EDU_BUFFER, HOST_AT, 64, ROAD_EDU_DMA_TO_HOST);
	finish(bench);
	for (int i = 0; i < 64; i++)
		CU_ASSERT_EQUAL(bench->host[i], 0);
	CU_ASSERT_EQUAL(violations(bench), 0);
	close_bench(bench);
}

/* Polls with a read of 500 ns while a transfer of 4.5 us runs. */
static void polling_gives_the_same_times_in_every_run(void)
{
	uint64_t first_polls = 0, first_ps = 0;

	for (int run = 0; run < 100; run++) {
		struct bench *bench = open_with("");
		uint64_t polls = 0, start = bench->when;

		start_copy(bench, HOST_AT, ROAD_EDU_BUFFER, 4000, 0);
		while (get(bench, ROAD_EDU_REG_DMA_COMMAND) & ROAD_EDU_DMA_START)
			polls++;
		if (!run) {
			first_polls = polls;
			first_ps = bench->when - start;
		}
		CU_ASSERT(polls > 0);
		CU_ASSERT_EQUAL(polls, first_polls);
		CU_ASSERT_EQUAL(bench->when - start, first_ps);
		close_bench(bench);
	}
	CU_ASSERT_EQUAL(first_ps, 9 * READ_PS);
}

static void randomness_follows_seed_and_address(void)
{
	static const struct {
		const char *options, *address;
	} chips[] = {{"seed=1", "sim:edu@1"},
		     {"seed=1", "sim:edu@1"},
		     {"seed=2", "sim:edu@1"},
		     {"", "sim:edu@1"},
		     {"seed=1", "sim:edu@2"}};
	uint64_t values[5][8];

	for (int i = 0; i < 5; i++) {
		struct bench *bench = open_at(chips[i].options, chips[i].address);

		for (int k = 0; k < 8; k++)
			values[i][k] = sim_random(bench->function->env);
		close_bench(bench);
	}
	CU_ASSERT_EQUAL(memcmp(values[0], values[1], sizeof(values[0])), 0);
	CU_ASSERT_NOT_EQUAL(values[0][0], values[2][0]);
	CU_ASSERT_NOT_EQUAL(values[0][0], values[3][0]);
	CU_ASSERT_NOT_EQUAL(values[0][0], values[4][0]);
	CU_ASSERT_NOT_EQUAL(values[0][0], values[0][1]);
}

static void what_cannot_be_opened_says_why(void)
{
	static const struct {
		const char *chip, *options;
		enum sim_open_result result;
		const char *says;
	} cases[] = {
		{"edx", "", SIM_OPEN_NO_CHIP, "\"edx\""},
		{"ed", "", SIM_OPEN_NO_CHIP, "\"ed\""},
		{"", "", SIM_OPEN_NO_CHIP, "\"\""},
		{"edu", "time=never", SIM_OPEN_BAD_OPTION, "functional, approx, trace"},
		{"edu", "cores=4", SIM_OPEN_BAD_OPTION, "cores"},
	};
	struct bench bench = {.sim = roadbed_sim_entry(SIM_ENTRY_VERSION)};
	char error[256];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CU_ASSERT_EQUAL(try_open(&bench, cases[i].chip, cases[i].options, "sim:x", error),
				cases[i].result);
		CU_ASSERT_PTR_NOT_NULL(strstr(error, cases[i].says));
	}
	CU_ASSERT_PTR_NULL(roadbed_sim_entry(SIM_ENTRY_VERSION + 1));
}

static void chips_are_listed_with_their_identity(void)
{
	const struct sim_entry *sim = roadbed_sim_entry(SIM_ENTRY_VERSION);
	struct sim_chip_id id;
	uint32_t count = 0;
	bool edu = false;

	for (; sim->chip(count, &id); count++) {
		CU_ASSERT(id.name[0] && id.product[0] && id.vendor[0] && id.family[0]);
		if (strcmp(id.name, "edu"))
			continue;
		edu = true;
		CU_ASSERT(id.runnable);
		CU_ASSERT_EQUAL(id.pci_vendor, 0x1234);
		CU_ASSERT_EQUAL(id.pci_device, 0x11e8);
		CU_ASSERT_EQUAL(id.pci_class, 0x00ff);
		CU_ASSERT_STRING_EQUAL(id.compatible, "qemu,edu");
	}
	CU_ASSERT(edu);
	CU_ASSERT(count >= 5);
	CU_ASSERT_FALSE(sim->chip(UINT32_MAX, &id));
}

static void trace_and_report_tell_what_was_done(void)
{
	struct bench *bench = open_with("time=trace&seed=5"), *plain = open_with("");
	FILE *file = tmpfile();
	char text[4096] = "";

	put(bench, ROAD_EDU_REG_FACTORIAL, 10);
	start_copy(bench, HOST_AT, ROAD_EDU_BUFFER, 1000, 0);
	finish(bench);
	CU_ASSERT_EQUAL(bench->sim->trace(bench->function, fileno(file)), 0);
	CU_ASSERT_EQUAL(bench->sim->trace(plain->function, fileno(file)), -1);
	rewind(file);
	CU_ASSERT(fread(text, 1, sizeof(text) - 1, file) > 0);
	fclose(file);
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "\"dur\":0.250000,\"name\":\"compute\""));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "\"dur\":1.500000,\"name\":\"to device\""));
	bench->sim->report(bench->function, text, sizeof(text));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "\"time\":\"trace\""));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "\"seed\":5"));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "\"chip\":\"edu\""));

	const char *name;
	uint64_t value, transfers = 0;

	for (uint32_t i = 0; bench->sim->counter(bench->function, i, &name, &value); i++)
		if (!strcmp(name, "edu.transfers"))
			transfers = value;
	CU_ASSERT_EQUAL(transfers, 1);
	close_bench(bench);
	close_bench(plain);
}

static const struct tap_case cases[] = {
	{"it identifies itself and lives", it_identifies_and_lives},
	{"factorials are right", factorials_are_right},
	{"a factorial takes its time and interrupts then",
	 a_factorial_takes_its_time_and_interrupts_then},
	{"interrupts are raised and acknowledged by hand",
	 interrupts_are_raised_and_acknowledged_by_hand},
	{"DMA goes both ways", dma_goes_both_ways},
	{"a transfer takes its latency, and its bytes by rate",
	 a_transfer_takes_latency_and_bytes_by_rate},
	{"misuse of DMA is a violation", misuse_of_dma_is_a_violation},
	{"misuse of registers is a violation", misuse_of_registers_is_a_violation},
	{"a short write replaces a long register", a_short_write_replaces_a_long_register},
	{"reset wipes the buffer and stops work", reset_wipes_buffer_and_stops_work},
	{"polling gives the same times in every run", polling_gives_the_same_times_in_every_run},
	{"randomness follows seed and address", randomness_follows_seed_and_address},
	{"what cannot be opened says why", what_cannot_be_opened_says_why},
	{"chips are listed with their identity", chips_are_listed_with_their_identity},
	{"event log and report tell what was done", trace_and_report_tell_what_was_done},
};

TAP_MAIN(cases)
