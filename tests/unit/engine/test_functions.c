/* SPDX-License-Identifier: Apache-2.0 */
/* One chip for several clients: what each of its functions has for itself. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "simulators/engine/domain.h"
#include "tests/support/tap.h"
#include "uapi/edu.h"

enum { HOST_AT = 0x10000, HOST_BYTES = 4096, FUNCTIONS = 3 };

/* A client, with a host of its own: one's bus addresses mean nothing to another. */
struct client {
	struct sim_function *function;
	uint64_t when;
	unsigned char host[HOST_BYTES]; /* at bus address HOST_AT */
};

static const struct sim_entry *sim;
static struct client clients[FUNCTIONS];
static char why[256];

static void *translate(void *host, uint64_t iova, uint64_t bytes, bool write)
{
	struct client *client = host;

	(void)write;
	if (iova < HOST_AT || iova - HOST_AT > HOST_BYTES || bytes > HOST_BYTES - (iova - HOST_AT))
		return NULL;
	return client->host + (iova - HOST_AT);
}

static enum sim_open_result try_open(struct client *client, const char *chip, const char *options,
				     struct sim_function *of)
{
	struct sim_open open = {
		.chip = chip,
		.chip_bytes = strlen(chip),
		.options = options,
		.address = "sim:functions",
		.host = {translate, client},
		.error = why,
		.of = of,
	};

	sim = roadbed_sim_entry(SIM_ENTRY_VERSION);
	return sim->open(&open, &client->function);
}

static void open_all(void)
{
	memset(clients, 0, sizeof(clients));
	CU_ASSERT_EQUAL_FATAL(try_open(&clients[0], "edu", "functions=3", NULL), SIM_OPEN_OK);
	for (int i = 1; i < FUNCTIONS; i++)
		CU_ASSERT_EQUAL_FATAL(try_open(&clients[i], "", "", clients[0].function),
				      SIM_OPEN_OK);
}

static void close_all(void)
{
	for (int i = FUNCTIONS; i--;)
		sim->close(clients[i].function);
}

static uint32_t get(struct client *client, uint64_t offset)
{
	return (uint32_t)sim->read(client->function, ROAD_EDU_REGION, offset, 4, &client->when);
}

static void put(struct client *client, uint64_t offset, uint64_t value)
{
	sim->post(client->function, ROAD_EDU_REGION, offset, offset < 0x80 ? 4 : 8, value,
		  client->when);
}

static void start_copy(struct client *client, uint64_t from, uint64_t to, uint32_t flags)
{
	put(client, ROAD_EDU_REG_DMA_SOURCE, from);
	put(client, ROAD_EDU_REG_DMA_TARGET, to);
	put(client, ROAD_EDU_REG_DMA_COUNT, 64);
	sim->post(client->function, ROAD_EDU_REGION, ROAD_EDU_REG_DMA_COMMAND, 4,
		  ROAD_EDU_DMA_START | flags, client->when);
}

static void finish(struct client *client)
{
	while (get(client, ROAD_EDU_REG_STATUS) & ROAD_EDU_STATUS_COMPUTING ||
	       get(client, ROAD_EDU_REG_DMA_COMMAND) & ROAD_EDU_DMA_START)
		sim->relax(client->when + 10000);
}

static void each_has_registers_of_its_own(void)
{
	open_all();
	for (uint32_t i = 0; i < FUNCTIONS; i++)
		put(&clients[i], ROAD_EDU_REG_FACTORIAL, 4 + i);
	for (uint32_t i = 0; i < FUNCTIONS; i++)
		finish(&clients[i]);
	CU_ASSERT_EQUAL(get(&clients[0], ROAD_EDU_REG_FACTORIAL), 24);
	CU_ASSERT_EQUAL(get(&clients[1], ROAD_EDU_REG_FACTORIAL), 120);
	CU_ASSERT_EQUAL(get(&clients[2], ROAD_EDU_REG_FACTORIAL), 720);
	close_all();
}

static void a_copy_goes_to_the_host_of_its_own_function(void)
{
	open_all();
	for (int i = 0; i < FUNCTIONS; i++)
		memset(clients[i].host, 'a' + i, HOST_BYTES);
	start_copy(&clients[1], HOST_AT, ROAD_EDU_BUFFER, 0);
	finish(&clients[1]);
	start_copy(&clients[1], ROAD_EDU_BUFFER, HOST_AT + 1024, ROAD_EDU_DMA_TO_HOST);
	start_copy(&clients[2], ROAD_EDU_BUFFER, HOST_AT + 1024, ROAD_EDU_DMA_TO_HOST);
	finish(&clients[1]);
	finish(&clients[2]);
	CU_ASSERT_EQUAL(clients[0].host[1024], 'a');
	CU_ASSERT_EQUAL(clients[1].host[1024], 'b');
	CU_ASSERT_EQUAL(clients[2].host[1024], 0); /* nobody filled its buffer */
	CU_ASSERT_EQUAL(clients[2].host[1024 + 64], 'c');
	close_all();
}

static void interrupts_and_violations_are_of_whom_they_concern(void)
{
	char text[256];

	open_all();
	put(&clients[1], ROAD_EDU_REG_IRQ_RAISE, 1);
	put(&clients[2], ROAD_EDU_BUFFER, 1);
	get(&clients[1], ROAD_EDU_REG_STATUS);
	for (int i = 0; i < FUNCTIONS; i++) {
		CU_ASSERT_EQUAL(sim->irq_pending(clients[i].function), i == 1);
		CU_ASSERT_EQUAL(sim->violations(clients[i].function), i == 2);
	}
	CU_ASSERT_FALSE(sim->irq_take(clients[0].function, 0));
	CU_ASSERT_FALSE(sim->irq_take(clients[2].function, 0));
	CU_ASSERT(sim->irq_take(clients[1].function, 0));
	CU_ASSERT_FALSE(sim->violation(clients[0].function, 0, text, sizeof(text)));
	CU_ASSERT(sim->violation(clients[2].function, 0, text, sizeof(text)));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "0x40000"));
	close_all();
}

static void reset_unplug_and_close_leave_the_others_work(void)
{
	open_all();
	for (int i = 0; i < FUNCTIONS; i++)
		put(&clients[i], ROAD_EDU_REG_FACTORIAL, 10);
	sim->reset(clients[1].function);
	CU_ASSERT_EQUAL(get(&clients[1], ROAD_EDU_REG_FACTORIAL), 0);
	put(&clients[1], ROAD_EDU_REG_FACTORIAL, 10);
	put(&clients[1], ROAD_EDU_REG_IRQ_RAISE, 1);
	get(&clients[1], ROAD_EDU_REG_STATUS);
	CU_ASSERT_EQUAL(sim->irq_pending(clients[1].function), 1);
	sim->close(clients[1].function);
	finish(&clients[0]);
	finish(&clients[2]);
	CU_ASSERT_EQUAL(get(&clients[0], ROAD_EDU_REG_FACTORIAL), 3628800);
	CU_ASSERT_EQUAL(get(&clients[2], ROAD_EDU_REG_FACTORIAL), 3628800);

	/* The next one finds nothing of whoever had it, its violations and its end included. */
	CU_ASSERT_EQUAL_FATAL(try_open(&clients[1], "", "", clients[0].function), SIM_OPEN_OK);
	CU_ASSERT_EQUAL(sim->irq_pending(clients[1].function), 0);
	CU_ASSERT_EQUAL(get(&clients[1], ROAD_EDU_REG_FACTORIAL), 0);
	put(&clients[1], ROAD_EDU_BUFFER, 1);
	get(&clients[1], ROAD_EDU_REG_STATUS);
	CU_ASSERT_EQUAL(sim->violations(clients[1].function), 1);
	sim->unplug(clients[1].function);
	CU_ASSERT_EQUAL(get(&clients[1], ROAD_EDU_REG_ID), UINT32_MAX);
	CU_ASSERT_EQUAL(get(&clients[2], ROAD_EDU_REG_ID), ROAD_EDU_ID);
	sim->close(clients[1].function);
	CU_ASSERT_EQUAL_FATAL(try_open(&clients[1], "", "", clients[2].function), SIM_OPEN_OK);
	CU_ASSERT_EQUAL(get(&clients[1], ROAD_EDU_REG_ID), ROAD_EDU_ID);
	CU_ASSERT_EQUAL(sim->violations(clients[1].function), 0);
	close_all();
}

static void the_physical_functions_reset_is_the_chips(void)
{
	open_all();
	put(&clients[2], ROAD_EDU_REG_LIVENESS, 1);
	put(&clients[2], ROAD_EDU_REG_IRQ_RAISE, 1);
	get(&clients[2], ROAD_EDU_REG_LIVENESS);
	CU_ASSERT_EQUAL(sim->irq_pending(clients[2].function), 1);
	sim->reset(clients[0].function);
	CU_ASSERT_EQUAL(sim->irq_pending(clients[2].function), 0);
	CU_ASSERT_EQUAL(get(&clients[2], ROAD_EDU_REG_LIVENESS), UINT32_MAX);
	sim->unplug(clients[0].function);
	CU_ASSERT_EQUAL(get(&clients[2], ROAD_EDU_REG_ID), UINT32_MAX);
	close_all();
}

static void all_in_use_is_said_and_the_physical_one_is_nobody_elses(void)
{
	struct client late;

	open_all();
	CU_ASSERT_EQUAL(try_open(&late, "", "", clients[0].function), SIM_OPEN_NO_FUNCTION);
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "3 functions"));
	/* Function 0 owns the chip: whoever comes later does not get it. */
	sim->close(clients[0].function);
	CU_ASSERT_EQUAL(try_open(&late, "", "", clients[2].function), SIM_OPEN_NO_FUNCTION);
	CU_ASSERT_EQUAL(get(&clients[2], ROAD_EDU_REG_ID), ROAD_EDU_ID); /* the chip lives on */
	sim->close(clients[1].function);
	CU_ASSERT_EQUAL(try_open(&clients[1], "", "", clients[2].function), SIM_OPEN_OK);
	sim->close(clients[1].function);
	sim->close(clients[2].function);
}

/* A chip of a family that is edu's but in that it cannot be divided. */
static void add_single(void)
{
	static const char chip[] =
		"chip: single\n"
		"family: single\n"
		"sources:\n"
		"  own: \"Made for a test; no chip is meant\"\n"
		"identity:\n"
		"  vendor: {value: Nobody, source: own, kind: assumed}\n"
		"  product: {value: \"Single\", source: own, kind: assumed}\n"
		"parameters:\n"
		"  factorial: {value: 200, unit: ns, source: own, kind: assumed}\n"
		"  factorial_step: {value: 5, unit: ns, source: own, kind: assumed}\n"
		"  dma_latency: {value: 500, unit: ns, source: own, kind: assumed}\n"
		"  dma_rate: {value: 1000, unit: MB/s, source: own, kind: assumed}\n"
		"  dma_address_bits: {value: 28, source: own, kind: assumed}\n"
		"  buffer: {value: 4096, unit: B, source: own, kind: assumed}\n";
	static struct sim_model_ops ops;
	static struct road_chip_family family;
	const struct sim_model_entry entry = {sizeof(entry),  sizeof(ops),
					      sizeof(family), sizeof(struct road_chip_key),
					      &ops,           &family};
	struct client client;
	struct sim_added added;
	struct sim_chip_id id;

	CU_ASSERT_EQUAL_FATAL(try_open(&client, "edu", "", NULL), SIM_OPEN_OK);
	ops = *client.function->env->ops;
	family = *client.function->env->chip->family;
	sim->close(client.function);
	ops.family = family.name = "single";
	ops.compatible = "test,single";
	ops.many_functions = false;
	CU_ASSERT_TRUE_FATAL(sim->add_model(&entry, &added, why));
	CU_ASSERT_TRUE_FATAL(sim->add_chip("single.yaml", chip, sizeof(chip) - 1, &id, why));
}

static void wrong_numbers_of_functions_say_why(void)
{
	static const struct {
		const char *chip, *options, *says;
	} cases[] = {
		{"edu", "functions=0", "1 to 64"},
		{"edu", "functions=65", "1 to 64"},
		{"edu", "functions=two", "1 to 64"},
		{"edu", "functions=2&functions=2", "given twice"},
		{"single", "functions=2", "one function"},
	};
	struct client client;

	add_single();
	CU_ASSERT_EQUAL_FATAL(try_open(&client, "single", "functions=1", NULL), SIM_OPEN_OK);
	sim->close(client.function);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CU_ASSERT_EQUAL(try_open(&client, cases[i].chip, cases[i].options, NULL),
				SIM_OPEN_BAD_OPTION);
		CU_ASSERT_PTR_NOT_NULL(strstr(why, cases[i].says));
	}
}

/* One client after the other on a thread of its own; what it computed wrongly, or found left over.
 */
static void *come_and_go(void *arg)
{
	struct client *client = arg;
	uint32_t *wrong = (uint32_t *)(void *)client->host;
	char error[256];

	for (uint32_t round = 0; round < 40; round++) {
		struct sim_open open = {
			.host = {translate, client}, .error = error, .of = clients[0].function};

		if (sim->open(&open, &client->function) != SIM_OPEN_OK) {
			++*wrong;
			continue;
		}
		client->when = sim->now();
		*wrong += get(client, ROAD_EDU_REG_FACTORIAL) != 0;
		put(client, ROAD_EDU_REG_FACTORIAL, 5);
		put(client, ROAD_EDU_REG_IRQ_RAISE, 1);
		finish(client);
		*wrong += get(client, ROAD_EDU_REG_FACTORIAL) != 120;
		*wrong += !sim->irq_take(client->function, 0);
		put(client, ROAD_EDU_REG_FACTORIAL, 9); /* it goes in the middle of this */
		sim->close(client->function);
	}
	return NULL;
}

static void clients_come_and_go_side_by_side(void)
{
	pthread_t threads[FUNCTIONS];

	memset(clients, 0, sizeof(clients));
	CU_ASSERT_EQUAL_FATAL(try_open(&clients[0], "edu", "functions=3", NULL), SIM_OPEN_OK);
	for (int i = 1; i < FUNCTIONS; i++)
		CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL, come_and_go, &clients[i]),
				      0);
	for (int i = 1; i < FUNCTIONS; i++) {
		pthread_join(threads[i], NULL);
		CU_ASSERT_EQUAL(*(uint32_t *)(void *)clients[i].host, 0);
	}
	CU_ASSERT_EQUAL(sim->violations(clients[0].function), 0);
	sim->close(clients[0].function);
}

/* ---- memory ---- */

static void shares_are_equal_and_rounded_down(void)
{
	const uint64_t mib = 1 << 20;

	CU_ASSERT_EQUAL(sim_memory_share(100 * mib, 1), 100 * mib);
	CU_ASSERT_EQUAL(sim_memory_share(12345, 1), 12345);
	CU_ASSERT_EQUAL(sim_memory_share(100 * mib, 3), 32 * mib);
	CU_ASSERT_EQUAL(sim_memory_share(8 * mib, 4), 2 * mib);
	CU_ASSERT_EQUAL(sim_memory_share(8 * mib, 5), 8 * mib / 5 / 65536 * 65536);
	CU_ASSERT_EQUAL(sim_memory_share(65536, 2), 0);
}

/* Memory of a chip of three functions, without a chip: two pages of 2 MiB each, and one behind. */
static void make_memory(struct sim_env *env, struct sim_function *functions)
{
	*env = (struct sim_env){.functions = functions, .function_count = FUNCTIONS};
	env->memory_fd = -1;
	env->share_bytes = 4 << 20;
	for (uint32_t i = 0; i < FUNCTIONS; i++)
		functions[i] = (struct sim_function){.env = env, .index = i, .memory_fd = -1};
	CU_ASSERT_PTR_NOT_NULL_FATAL(sim_memory_create(env, 14 << 20));
}

static void a_shares_descriptor_reaches_nothing_else(void)
{
	struct sim_env env;
	struct sim_function functions[FUNCTIONS];
	const uint64_t share = 4 << 20;
	uint64_t offset;
	struct stat stat;
	int fd;

	make_memory(&env, functions);
	unsigned char *memory = env.memory, *mine = memory + share;

	CU_ASSERT(sim_memory_find(&functions[1], mine + 4096, share - 4096, &fd, &offset));
	CU_ASSERT_EQUAL(offset, 4096);
	CU_ASSERT_EQUAL_FATAL(fstat(fd, &stat), 0);
	CU_ASSERT_EQUAL(stat.st_size, (off_t)share);
	CU_ASSERT_FALSE(sim_memory_find(&functions[1], mine - 1, 1, &fd, &offset));
	CU_ASSERT_FALSE(sim_memory_find(&functions[1], mine - 1, 2, &fd, &offset));
	CU_ASSERT_FALSE(sim_memory_find(&functions[1], mine + share - 1, 2, &fd, &offset));
	CU_ASSERT_FALSE(sim_memory_find(&functions[1], mine + share, 1, &fd, &offset));
	CU_ASSERT_FALSE(sim_memory_find(&functions[2], memory + 3 * share, 1, &fd, &offset));
	CU_ASSERT_FALSE(sim_memory_find(&functions[1], NULL, 1, &fd, &offset));
	sim_memory_free(&env);
}

static void discarding_goes_over_the_borders_of_shares(void)
{
	struct sim_env env;
	struct sim_function functions[FUNCTIONS];
	const uint64_t share = 4 << 20;

	make_memory(&env, functions);
	unsigned char *memory = env.memory;

	for (uint64_t page = 0; page < 14 << 20; page += 4096)
		memory[page] = 1;
	sim_memory_discard_share(&functions[1]);
	CU_ASSERT_EQUAL(memory[share - 4096], 1);
	CU_ASSERT_EQUAL(memory[share], 0);
	CU_ASSERT_EQUAL(memory[2 * share - 4096], 0);
	CU_ASSERT_EQUAL(memory[2 * share], 1);
	sim_memory_discard(&env, 2 * share + 4096, share);
	CU_ASSERT_EQUAL(memory[2 * share], 1);
	CU_ASSERT_EQUAL(memory[2 * share + 4096], 0);
	CU_ASSERT_EQUAL(memory[3 * share], 0);
	CU_ASSERT_EQUAL(memory[3 * share + 4096], 1);
	sim_memory_discard(&env, 0, 15 << 20); /* beyond the end: nothing happens */
	CU_ASSERT_EQUAL(memory[0], 1);
	sim_memory_free(&env);
}

static const struct tap_case cases[] = {
	{"each has registers of its own", each_has_registers_of_its_own},
	{"a copy goes to the host of its own function",
	 a_copy_goes_to_the_host_of_its_own_function},
	{"interrupts and violations are of whom they concern",
	 interrupts_and_violations_are_of_whom_they_concern},
	{"reset unplug and close leave the others' work",
	 reset_unplug_and_close_leave_the_others_work},
	{"the physical function's reset is the chip's", the_physical_functions_reset_is_the_chips},
	{"all in use is said and the physical one is nobody else's",
	 all_in_use_is_said_and_the_physical_one_is_nobody_elses},
	{"wrong numbers of functions say why", wrong_numbers_of_functions_say_why},
	{"clients come and go side by side", clients_come_and_go_side_by_side},
	{"shares are equal and rounded down", shares_are_equal_and_rounded_down},
	{"a share's descriptor reaches nothing else", a_shares_descriptor_reaches_nothing_else},
	{"discarding goes over the borders of shares", discarding_goes_over_the_borders_of_shares},
};

TAP_MAIN(cases)
