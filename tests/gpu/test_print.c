/* SPDX-License-Identifier: Apache-2.0 */
/* What kernels print and assert, on the simulated GPGPU. */
#include <stdbool.h>

#include "tests/gpu/run.h"

enum { OUTPUT_BYTES = 1 << 22 };

static const char *const devices[] = {"sim:gpu-small?time=functional", "sim:gpu-small?time=approx",
				      "sim:gpu-small?opt=0", "sim:gpu-small?regs=16",
				      "sim:gpu-small?host_line=64"};
enum { DEVICES = sizeof(devices) / sizeof(devices[0]) };

/* All that was printed, terminated; the caller frees. */
static char *output_of(struct fixture *f, size_t piece)
{
	char *text = calloc(1, OUTPUT_BYTES);
	size_t used = 0, moved = 0;

	do {
		CU_ASSERT_EQUAL(road_space_output_read(f->space, text + used, piece, &moved),
				ROAD_OK);
		CU_ASSERT(moved <= piece);
		used += moved;
	} while (moved && used + piece < OUTPUT_BYTES);
	return text;
}

static void expect_text(const char *device, const char *seen, const char *expected)
{
	bool same = !strcmp(seen, expected);

	if (!same)
		printf("# %s printed\n%s# not\n%s", device, seen, expected);
	CU_ASSERT(same);
}

static struct run run_of(const char *kernel)
{
	return (struct run){
		.file = "clang/print.ptx", .kernel = kernel, .grid = {1, 1, 1}, .block = {1, 1, 1}};
}

static void lanes_in_order(void)
{
	for (size_t k = 0; k < DEVICES; k++) {
		struct run run = run_of("hello");
		char expected[4096] = "", *seen;
		struct fixture f = setup(devices[k]);

		run.block.x = 32;
		run.argument_count = 1;
		run.arguments[0].number = 30;
		for (int i = 0; i < 30; i++)
			sprintf(expected + strlen(expected), "lane %d of 30: %s %5.2f\n", i,
				i & 1 ? "odd" : "even", i * 0.25);
		CU_ASSERT_EQUAL(run_kernel(&f, &run, NULL), ROAD_OK);
		seen = output_of(&f, 7);
		expect_text(devices[k], seen, expected);
		free(seen);
		teardown(&f);
	}
}

/* Warps go at their own times; each line comes once and whole. */
static void many_warps(void)
{
	enum { THREADS = 3 * 70 };

	for (size_t k = 0; k < DEVICES; k++) {
		struct run run = run_of("hello");
		bool seen[THREADS] = {false};
		struct fixture f = setup(devices[k]);
		char *text, *line;
		int count = 0;

		run.grid.x = 3;
		run.block.x = 70;
		run.argument_count = 1;
		run.arguments[0].number = THREADS;
		CU_ASSERT_EQUAL(run_kernel(&f, &run, NULL), ROAD_OK);
		text = output_of(&f, 4096);
		for (line = text; *line; line = strchr(line, '\n') + 1, count++) {
			unsigned i = THREADS;
			char word[8] = "";

			CU_ASSERT_EQUAL_FATAL(sscanf(line, "lane %u of 210: %7s", &i, word), 2);
			CU_ASSERT_FATAL(i < THREADS && !seen[i]);
			CU_ASSERT_STRING_EQUAL(word, i % 2 ? "odd" : "even");
			seen[i] = true;
		}
		CU_ASSERT_EQUAL(count, THREADS);
		free(text);
		teardown(&f);
	}
}

static const char all_conversions[] = "[-1|   42|42   |00042|+42| 42|007]\n"
				      "[4294967295|10|010|ff|0xff|FF]\n"
				      "[44|4464|-5|1099511627776|7|-9|11]\n"
				      "[1.500000|2.2| 1.235e+04|1E-10|0x1p+0|-0.500000]\n"
				      "[x|  y|z  |%|text|te|  text|text  ]\n"
				      "[   1|2   |3.1|local|s]\n"
				      "nothing\n"
				      "[0x1234|(nil)|(null)]\n";

static void conversions(void)
{
	static const int counts[9] = {7, 6, 7, 6, 7, 8, 0, -1, 3};

	for (size_t k = 0; k < DEVICES; k++) {
		int results[9] = {0};
		struct run run = run_of("conversions");
		struct fixture f = setup(devices[k]);
		char *seen;

		run.argument_count = 1;
		run.arguments[0] = (struct run_argument){.data = results, .count = 9};
		CU_ASSERT_EQUAL(run_kernel(&f, &run, NULL), ROAD_OK);
		seen = output_of(&f, 4096);
		expect_text(devices[k], seen, all_conversions);
		for (int i = 0; i < 9; i++)
			CU_ASSERT_EQUAL(results[i], counts[i]);
		free(seen);
		teardown(&f);
	}
}

static void hostile_formats(void)
{
	static const char format[64] = "%s|%p|%*d|%-";
	static const char tail[] = "(bad address 0x123456)|0x123456|";

	for (size_t k = 0; k < DEVICES; k++) {
		char text[64], *seen;
		struct run run = run_of("hostile");
		struct fixture f = setup(devices[k]);

		memcpy(text, format, sizeof(text));
		run.argument_count = 2;
		run.arguments[0] = (struct run_argument){.data = text, .count = 16};
		run.arguments[1].number = 0x123456;
		CU_ASSERT_EQUAL(run_kernel(&f, &run, NULL), ROAD_OK);
		seen = output_of(&f, 1000);
		CU_ASSERT(!strncmp(seen, "%n|(bad address 0x123456)|%|%y|", 31));
		CU_ASSERT_PTR_NOT_NULL(strstr(seen, tail));
		CU_ASSERT(strlen(seen) < 4096);
		free(seen);
		teardown(&f);
	}
}

static void wild_format(void)
{
	for (size_t k = 0; k < DEVICES; k++) {
		road_fault fault = {.size = sizeof(fault)};
		struct run run = run_of("hostile");
		struct fixture f = setup(devices[k]);

		run.argument_count = 2;
		run.arguments[0].number = 0x123450;
		CU_ASSERT_EQUAL(run_kernel(&f, &run, NULL), ROAD_FAULT);
		CU_ASSERT_EQUAL(road_device_fault_read(f.device, &fault), ROAD_OK);
		CU_ASSERT_EQUAL(fault.kind, ROAD_FAULT_MEMORY);
		CU_ASSERT_EQUAL(fault.address, 0x123450);
		teardown(&f);
	}
}

/* What is printed when the buffer is full is counted; the buffer can be made larger. */
static void overflow(void)
{
	for (size_t k = 0; k < 2; k++) {
		struct fixture f = setup(devices[k]);
		struct run run = run_of("flood");
		uint64_t limit = 0;
		unsigned printed = 0, lost = 0;
		char *seen, *line;

		CU_ASSERT_EQUAL(road_space_limit(f.space, ROAD_LIMIT_PRINT_BUFFER, &limit),
				ROAD_OK);
		CU_ASSERT_EQUAL(limit, 1 << 20);
		CU_ASSERT_EQUAL(road_space_limit_set(f.space, ROAD_LIMIT_PRINT_BUFFER, 5000),
				ROAD_OK);
		CU_ASSERT_EQUAL(road_space_limit(f.space, ROAD_LIMIT_PRINT_BUFFER, &limit),
				ROAD_OK);
		CU_ASSERT_EQUAL(limit, 8192);
		run.argument_count = 1;
		run.arguments[0].number = 1000;
		CU_ASSERT_EQUAL(run_kernel(&f, &run, NULL), ROAD_OK);
		/* its contents stay when it changes */
		CU_ASSERT_EQUAL(road_space_limit_set(f.space, ROAD_LIMIT_PRINT_BUFFER, 1 << 20),
				ROAD_OK);
		CU_ASSERT_EQUAL(run_kernel(&f, &run, NULL), ROAD_OK);
		seen = output_of(&f, 4096);
		for (line = seen; !strncmp(line, "line ", 5); line = strchr(line, '\n') + 1)
			CU_ASSERT_EQUAL(strtoul(line + 5, NULL, 10), printed++);
		CU_ASSERT(printed > 50 && printed < 200);
		CU_ASSERT_EQUAL(sscanf(line, "[%u printed texts are lost: ", &lost), 1);
		CU_ASSERT_EQUAL(printed + lost, 1000);
		CU_ASSERT_PTR_NOT_NULL(strstr(line, "\nline 0\n"));
		CU_ASSERT_PTR_NOT_NULL(strstr(line, "\nline 999\n"));
		CU_ASSERT_PTR_NULL(strstr(strchr(line, '\n'), "lost"));
		free(seen);
		teardown(&f);
	}
}

static void assertion(void)
{
	for (size_t k = 0; k < DEVICES; k++) {
		road_fault fault = {.size = sizeof(fault)};
		struct fixture f = setup(devices[k]);
		struct run run = run_of("asserts");
		char *seen;

		run.grid.x = 2;
		run.block.x = 40;
		run.argument_count = 1;
		run.arguments[0].number = 70;
		CU_ASSERT_EQUAL(run_kernel(&f, &run, NULL), ROAD_FAULT);
		CU_ASSERT_EQUAL(road_device_fault_read(f.device, &fault), ROAD_OK);
		CU_ASSERT_EQUAL(fault.kind, ROAD_FAULT_TRAP);
		CU_ASSERT_STRING_EQUAL(fault.text,
				       "print.cu:61: check: assertion `i < limit' failed");
		CU_ASSERT_EQUAL(fault.workgroup[0], 1);
		CU_ASSERT_EQUAL(fault.lane, 30);
		seen = output_of(&f, 4096);
		CU_ASSERT(!strncmp(seen, "before\n", 7));
		free(seen);
		teardown(&f);
	}
}

/* What was printed before a reset stays, and kernels print on. */
static void reset_keeps_printing(void)
{
	for (size_t k = 0; k < 2; k++) {
		struct fixture f = setup(devices[k]);
		struct run run = run_of("flood");
		char *seen;

		run.argument_count = 1;
		run.arguments[0].number = 2;
		CU_ASSERT_EQUAL(run_kernel(&f, &run, NULL), ROAD_OK);
		CU_ASSERT_EQUAL(road_device_reset(f.device, ROAD_RESET_DEVICE), ROAD_OK);
		CU_ASSERT_EQUAL(road_queue_reset(f.queue), ROAD_OK);
		run.arguments[0].number = 1;
		CU_ASSERT_EQUAL(run_kernel(&f, &run, NULL), ROAD_OK);
		seen = output_of(&f, 5);
		expect_text(devices[k], seen, "line 0\nline 1\nline 0\n");
		free(seen);
		teardown(&f);
	}
}

static void limits_are_checked(void)
{
	struct fixture f = setup(devices[0]);
	size_t bytes = 1;

	CU_ASSERT_EQUAL(road_space_limit_set(f.space, ROAD_LIMIT_PRINT_BUFFER, UINT64_C(1) << 40),
			ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_space_output_read(f.space, NULL, 0, &bytes), ROAD_OK);
	CU_ASSERT_EQUAL(bytes, 0);
	teardown(&f);
}

static const struct tap_case cases[] = {
	{"lanes print in order, in every mode the same", lanes_in_order},
	{"each line of many warps comes once and whole", many_warps},
	{"every conversion is as C has it, and the result counts values", conversions},
	{"hostile formats and wild strings stay text", hostile_formats},
	{"a format that is not mapped is a fault", wild_format},
	{"what a full buffer loses is counted, and the buffer grows", overflow},
	{"a failed assertion is a fault with its text", assertion},
	{"a reset keeps what was printed, and kernels print on", reset_keeps_printing},
	{"limits that cannot be are refused", limits_are_checked},
};

TAP_MAIN(cases)
