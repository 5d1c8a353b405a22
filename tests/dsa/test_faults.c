/* SPDX-License-Identifier: Apache-2.0 */
/* What goes wrong on the DSA is told with core, queue and line, and does not outlive a reset. */
#include "tests/dsa/run.h"

static const char *const modes[] = {"sim:dsa-small?time=functional", "sim:dsa-small?time=approx"};

/* The line of device.s that has this text after `.kernel NAME`. */
static uint32_t line_of(const char *kernel, const char *text)
{
	FILE *in = fopen(SOURCES "/device.s", "r");
	char line[200], head[64];
	uint32_t number = 0;
	bool inside = false;

	CU_ASSERT_PTR_NOT_NULL_FATAL(in);
	snprintf(head, sizeof(head), ".kernel %s ", kernel);
	while (fgets(line, sizeof(line), in)) {
		number++;
		inside |= !strncmp(line, head, strlen(head));
		if (inside && strstr(line, text))
			break;
	}
	fclose(in);
	return number;
}

struct expected {
	const char *kernel;
	uint32_t kind;
	const char *at;   /* text of the faulting line; NULL: none is told */
	const char *says; /* part of the fault's text */
	uint32_t blocks;
	bool cooperative;
};

static const struct expected faults[] = {
	{"trapped", ROAD_FAULT_TRAP, "trap 42", "42", 1, false},
	{"bounds", ROAD_FAULT_MEMORY, "vdup", "UB 0x10000", 1, false},
	{"misaligned", ROAD_FAULT_ALIGNMENT, "vdup", "UB 0x4", 1, false},
	{"shapeless", ROAD_FAULT_ILLEGAL, "vdup", "shape", 1, false},
	{"stuck", ROAD_FAULT_DEADLOCK, "wait_flag MTE2", "wait for ever", 1, false},
	{"stuck_cross", ROAD_FAULT_DEADLOCK, "cross_wait", "wait for ever", 2, true},
};

static void check(const char *device, const struct expected *e)
{
	struct fixture f = setup(device);
	struct run run = {.file = "device.elf",
			  .kernel = e->kernel,
			  .blocks = e->blocks,
			  .cooperative = e->cooperative};
	road_fault fault = {.size = sizeof(fault)};
	road_submission s = {.size = sizeof(s)};

	CU_ASSERT_EQUAL(run_kernel(&f, &run), ROAD_FAULT);
	CU_ASSERT_EQUAL(road_device_fault_read(f.device, &fault), ROAD_OK);
	CU_ASSERT_EQUAL(fault.kind, e->kind);
	CU_ASSERT_STRING_EQUAL(fault.kernel, e->kernel);
	CU_ASSERT_PTR_NOT_NULL(strstr(fault.text, e->says));
	CU_ASSERT_EQUAL(fault.line, line_of(e->kernel, e->at));
	if (fault.line != line_of(e->kernel, e->at) || !strstr(fault.text, e->says))
		printf("# %s: line %u, pc %u, \"%s\"\n", e->kernel, fault.line, fault.pc,
		       fault.text);
	CU_ASSERT_EQUAL(road_queue_submit(f.queue, &s, NULL), ROAD_FAULT);
	CU_ASSERT_EQUAL(road_queue_reset(f.queue), ROAD_OK);
	CU_ASSERT_EQUAL(road_queue_submit(f.queue, &s, NULL), ROAD_OK);
	CU_ASSERT_EQUAL(road_queue_drain(f.queue, soon()), ROAD_OK);
	road_queue_release(f.queue);
	road_space_release(f.space);
	road_device_release(f.device);
	road_instance_release(f.instance);
}

static void what_a_block_does_wrong_is_told_with_its_line(void)
{
	for (int mode = 0; mode < 2; mode++)
		for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
			check(modes[mode], &faults[i]);
}

static void an_endless_block_meets_its_watchdog(void)
{
	for (int mode = 0; mode < 2; mode++) {
		uint64_t first = 0;

		for (int again = 0; again < 2; again++) {
			struct fixture f = setup(modes[mode]);
			struct run run = {.file = "device.elf",
					  .kernel = "endless",
					  .blocks = 1,
					  .watchdog = 5000};
			road_fault fault = {.size = sizeof(fault)};

			CU_ASSERT_EQUAL(run_kernel(&f, &run), ROAD_FAULT);
			CU_ASSERT_EQUAL(road_device_fault_read(f.device, &fault), ROAD_OK);
			CU_ASSERT_EQUAL(fault.kind, ROAD_FAULT_WATCHDOG);
			uint64_t ran = counter_of(&f, "dsa.queue.s.instructions");

			first = again ? first : ran;
			CU_ASSERT_EQUAL(ran, first);
			CU_ASSERT(ran >= 5000);
			teardown(&f);
		}
	}
}

static void addresses_of_nobody_are_faults(void)
{
	static const uint64_t nowhere[] = {0, 0x10000, UINT64_C(1) << 60};

	for (int mode = 0; mode < 2; mode++)
		for (size_t i = 0; i < 3; i++) {
			struct fixture f = setup(modes[mode]);
			struct run run = {.file = "device.elf",
					  .kernel = "poke",
					  .blocks = 1,
					  .arguments = {{NULL, 0, nowhere[i]}},
					  .argument_count = 1};
			road_fault fault = {.size = sizeof(fault)};

			CU_ASSERT_EQUAL(run_kernel(&f, &run), ROAD_FAULT);
			CU_ASSERT_EQUAL(road_device_fault_read(f.device, &fault), ROAD_OK);
			CU_ASSERT_EQUAL(fault.kind, ROAD_FAULT_MEMORY);
			CU_ASSERT_EQUAL(fault.address, nowhere[i]);
			teardown(&f);
		}
}

/* Commands may write what kernels may not. */
static void read_only_memory_binds_kernels(void)
{
	struct fixture f = setup(modes[0]);
	road_buffer_options options = {.size = sizeof(options),
				       .heap = ROAD_HEAP_DEVICE,
				       .bytes = 64,
				       .flags = ROAD_BUFFER_READ_ONLY};
	road_buffer *buffer;
	uint64_t address = 0, word = 4711, back = 0;

	CU_ASSERT_EQUAL_FATAL(road_buffer_create(f.space, &options, &buffer), ROAD_OK);
	CU_ASSERT_EQUAL(road_buffer_address(buffer, &address), ROAD_OK);
	CU_ASSERT_EQUAL(road_queue_write(f.queue, buffer, 0, &word, 8, NULL), ROAD_OK);
	CU_ASSERT_EQUAL(road_queue_read(f.queue, &back, buffer, 0, 8, NULL), ROAD_OK);
	CU_ASSERT_EQUAL(road_queue_drain(f.queue, soon()), ROAD_OK);
	CU_ASSERT_EQUAL(back, word);
	struct run run = {.file = "device.elf",
			  .kernel = "poke",
			  .blocks = 1,
			  .arguments = {{NULL, 0, address}},
			  .argument_count = 1};
	road_fault fault = {.size = sizeof(fault)};

	CU_ASSERT_EQUAL(run_kernel(&f, &run), ROAD_FAULT);
	CU_ASSERT_EQUAL(road_device_fault_read(f.device, &fault), ROAD_OK);
	CU_ASSERT_EQUAL(fault.kind, ROAD_FAULT_RIGHTS);
	road_buffer_release(buffer);
	teardown(&f);
}

static const struct tap_case cases[] = {
	{"what a block does wrong is told with its line",
	 what_a_block_does_wrong_is_told_with_its_line},
	{"an endless block meets its watchdog", an_endless_block_meets_its_watchdog},
	{"addresses of nobody are faults", addresses_of_nobody_are_faults},
	{"read-only memory binds kernels", read_only_memory_binds_kernels},
};

TAP_MAIN(cases)
