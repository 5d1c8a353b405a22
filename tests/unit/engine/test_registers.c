/* SPDX-License-Identifier: Apache-2.0 */
/* Registers as a table, by themselves: the engine's two services are the test's own. */
#include <roadbed-sim/registers.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/tap.h"

static char said[256];
static uint32_t violations, raised; /* a bit for each vector */

void sim_violation(struct sim_env *env, uint32_t function, const char *format, ...)
{
	va_list args;

	(void)env, (void)function;
	violations++;
	va_start(args, format);
	vsnprintf(said, sizeof(said), format, args);
	va_end(args);
}

void sim_irq_raise(struct sim_env *env, uint32_t function, uint32_t vector)
{
	(void)env, (void)function;
	raised |= 1u << vector;
}

struct chip {
	uint32_t narrow;
	uint64_t wide;
};
struct function {
	uint64_t kept, written;
};

static uint64_t read_twice(void *arg)
{
	const struct function *function = arg;

	return function->written * 2;
}

static void write_it(void *arg, uint64_t value)
{
	struct function *function = arg;

	function->written = value;
}

static const struct sim_register rows[] = {
	[0] = SIM_FIXED(0x1234),
	[1] = SIM_OF_CHIP(4, struct chip, narrow),
	[2] = SIM_OF_CHIP(8, struct chip, wide),
	[4] = SIM_KEPT(8, struct function, kept),
	[6] = SIM_CALLED(4, read_twice, write_it),
	[7] = SIM_CALLED(4, read_twice, NULL),
};

static struct chip chip;
static struct function function;
static const struct sim_registers all = {.rows = rows,
					 .count = sizeof(rows) / sizeof(rows[0]),
					 .chip = &chip,
					 .function = &function};

static void prepare(void)
{
	chip = (struct chip){7, UINT64_C(1) << 40};
	function = (struct function){0, 21};
	violations = raised = 0;
}

static void test_kinds(void)
{
	prepare();
	CU_ASSERT_EQUAL(sim_register_read(&all, 0, 4), 0x1234);
	CU_ASSERT_EQUAL(sim_register_read(&all, 4, 4), 7);
	CU_ASSERT_EQUAL(sim_register_read(&all, 8, 8), UINT64_C(1) << 40);
	sim_register_write(&all, 16, 8, UINT64_MAX - 1);
	CU_ASSERT_EQUAL(sim_register_read(&all, 16, 8), UINT64_MAX - 1);
	sim_register_write(&all, 24, 4, UINT64_C(3) << 32 | 5); /* 32 of them arrive */
	CU_ASSERT_EQUAL(sim_register_read(&all, 24, 4), 10);
	CU_ASSERT_EQUAL(violations, 0);
}

static void test_no_register(void)
{
	static const struct {
		uint64_t offset;
		uint32_t width;
	} wrong[] = {{12, 4}, {2, 4}, {0, 8}, {8, 4}, {32, 4}, {UINT64_MAX - 3, 4}};

	prepare();
	for (uint32_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		uint64_t ones = wrong[i].width == 8 ? UINT64_MAX : UINT32_MAX;

		CU_ASSERT_EQUAL(sim_register_read(&all, wrong[i].offset, wrong[i].width), ones);
		sim_register_write(&all, wrong[i].offset, wrong[i].width, 99);
		CU_ASSERT_EQUAL(violations, 2 * (i + 1));
	}
	CU_ASSERT_EQUAL(function.kept, 0);
	CU_ASSERT_EQUAL(function.written, 21);
}

static void test_read_only(void)
{
	static const uint64_t offsets[] = {0, 4, 28};

	prepare();
	for (uint32_t i = 0; i < 3; i++)
		sim_register_write(&all, offsets[i], 4, 1);
	CU_ASSERT_EQUAL(violations, 3);
	CU_ASSERT_STRING_EQUAL(said, "register 0x1c is written and can only be read");
	CU_ASSERT_EQUAL(function.written, 21);
}

static void test_interrupts(void)
{
	struct sim_interrupts interrupts = {.mask = 1};

	prepare();
	CU_ASSERT_EQUAL(sim_interrupts_raise(&interrupts, NULL, 0, 0), 1);
	CU_ASSERT_EQUAL(sim_interrupts_raise(&interrupts, NULL, 0, 5), 0);
	CU_ASSERT_EQUAL(raised, 1);
	CU_ASSERT_EQUAL(interrupts.status, 0x21);
	raised = 0;
	CU_ASSERT_EQUAL(sim_interrupts_mask(&interrupts, NULL, 0, 0xff), 1);
	CU_ASSERT_EQUAL(raised, 0x20); /* that one waited; the other was told of */
	interrupts.status = 0;
	CU_ASSERT_EQUAL(sim_interrupts_mask(&interrupts, NULL, 0, 0), 0);
	CU_ASSERT_EQUAL(sim_interrupts_mask(&interrupts, NULL, 0, UINT32_MAX), 0);
}

static void test_rules(void)
{
	const struct sim_rule rules[] = {{false, "SIZE", 1, "1"}, {true, "RING", 0x20, "aligned"}};

	prepare();
	CU_ASSERT_TRUE(sim_rules_hold(NULL, 0, "stream", 3, rules, 1));
	CU_ASSERT_EQUAL(violations, 0);
	CU_ASSERT_FALSE(sim_rules_hold(NULL, 0, "stream", 3, rules, 2));
	CU_ASSERT_STRING_EQUAL(said, "stream 3 is opened with RING 0x20, allowed: aligned");
}

static void test_doorbells(void)
{
	struct sim_doorbell d = {
		.queue = "queue", .entries = "packets", .slots = 8, .rung = 10, .taken = 6};
	uint32_t index = 99;

	prepare();
	CU_ASSERT_TRUE(sim_doorbell_valid(NULL, 0, &d, 10));
	CU_ASSERT_TRUE(sim_doorbell_valid(NULL, 0, &d, 14));
	CU_ASSERT_EQUAL(violations, 0);
	CU_ASSERT_FALSE(sim_doorbell_valid(NULL, 0, &d, 15));
	CU_ASSERT_FALSE(sim_doorbell_valid(NULL, 0, &d, 9));
	d.closed = true;
	CU_ASSERT_FALSE(sim_doorbell_valid(NULL, 0, &d, 10));
	CU_ASSERT_EQUAL(violations, 3);
	CU_ASSERT_TRUE(sim_doorbell_find(&all, 0x1000, 8, 4, 0x1018, 8, &index));
	CU_ASSERT_EQUAL(index, 3);
	CU_ASSERT_FALSE(sim_doorbell_find(&all, 0x1000, 8, 4, 0x1020, 8, &index));
	CU_ASSERT_FALSE(sim_doorbell_find(&all, 0x1000, 8, 4, 0x1004, 8, &index));
	CU_ASSERT_FALSE(sim_doorbell_find(&all, 0x1000, 8, 4, 0x1008, 4, &index));
	CU_ASSERT_FALSE(sim_doorbell_find(&all, 0x1000, 8, 4, 0xff8, 8, &index));
	CU_ASSERT_EQUAL(index, 3);
	CU_ASSERT_EQUAL(violations, 7);
}

static const struct tap_case cases[] = {
	{"each kind of register reads and writes what it is of", test_kinds},
	{"where no register of that width is, reads are all ones and nothing is written",
	 test_no_register},
	{"what can only be read is not written", test_read_only},
	{"masked interrupts wait until they are let through", test_interrupts},
	{"the first rule that is broken is told", test_rules},
	{"doorbells do not go back, too far, or elsewhere", test_doorbells},
};

TAP_MAIN(cases)
