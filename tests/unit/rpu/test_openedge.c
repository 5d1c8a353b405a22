/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The preset `openedge` as a program sees it, driver and chip between: OpenEdgeCGRA's published
 * rules against tables computed by hand. Configuring n steps takes n cycles; the first iteration
 * begins 14 + 3n cycles after that; a step lasts as long as its slowest element: a multiplication
 * 3 cycles, an access to memory 2 and 1 more for each further one of the column, all else 1.
 */
#include <stdbool.h>

#include "tests/unit/core/fixture.h"
#include "tests/unit/sim_rpu_fabric/rig.h"
#include "tools/map/container.h"
#include "uapi/rpu/regs.h"

enum { CYCLE_NS = 10 }; /* 100 MHz */

static struct rig rig; /* of configurations */

struct chip {
	struct fixture f;
	road_image *image;
	road_kernel *kernel;
};

static uint64_t counter(struct chip *chip, const char *wanted)
{
	const char *name;
	uint64_t value;

	for (uint32_t i = 0; !road_sim_counter(chip->f.device, i, &name, &value); i++)
		if (!strcmp(name, wanted))
			return value;
	CU_FAIL_FATAL("no such counter");
	return 0;
}

/* Loads what the rig holds as a kernel of this name. */
static struct chip load_claiming(struct fixture f, const char *name, uint32_t scratch_bytes)
{
	struct chip chip = {.f = f};
	size_t bytes;
	void *image;

	memset(rig.header.name, 0, sizeof(rig.header.name));
	memcpy(rig.header.name, name, strlen(name));
	rig_image(&rig);
	image = map_container((const struct road_rpu_config *)(const void *)rig.image,
			      scratch_bytes, &bytes);
	CU_ASSERT_PTR_NOT_NULL_FATAL(image);
	if (road_image_load(f.space, image, bytes, NULL, &chip.image)) {
		tell_error(name);
		CU_FAIL_FATAL("the image is refused");
	}
	free(image);
	CU_ASSERT_EQUAL_FATAL(road_image_kernel(chip.image, name, &chip.kernel), ROAD_OK);
	return chip;
}

static struct chip load(struct fixture f, const char *name)
{
	return load_claiming(f, name, 0);
}

static void unload(struct chip *chip)
{
	road_kernel_release(chip->kernel);
	road_image_release(chip->image);
}

/* A launch, and how long it took from its begin to the end of its submission, in ns. */
static uint64_t run(struct chip *chip)
{
	const road_launch what = {.size = sizeof(what),
				  .kernel = chip->kernel,
				  .grid = {1, 1, 1},
				  .block = {1, 1, 1}};
	road_times times = {.size = sizeof(times)};
	road_submission s = {.size = sizeof(s), .flags = ROAD_SUBMIT_TIMED, .times = &times};
	road_point point;

	CU_ASSERT_EQUAL_FATAL(road_list_create(chip->f.space, 0, &s.list), ROAD_OK);
	if (road_list_launch(s.list, &what)) {
		tell_error("launch");
		CU_FAIL_FATAL("the launch is refused");
	}
	CU_ASSERT_EQUAL(road_list_close(s.list), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_queue_submit(chip->f.queue, &s, &point), ROAD_OK);
	if (road_point_wait(point, soon())) {
		tell_error("wait");
		CU_FAIL("the launch failed");
	}
	road_list_release(s.list);
	return times.ended - times.started;
}

/* ---- programs ---- */

/* One element does this op in each of the steps. */
static void same_in_all_steps(uint32_t steps, uint32_t op, uint32_t iterations)
{
	rig_openedge(&rig, steps);
	rig.header.iterations = iterations;
	for (uint32_t s = 0; s < steps; s++)
		*rig_at(&rig, s, 5) = (struct rig_word){.op = op};
}

/*
 * Sums the products of two vectors in the scratchpad and keeps the sum at byte 1024:
 *	step 0	element 0: r0 = r0 + 4, to the south		1 cycle
 *	step 1	elements 0 and 4 of column 0: load [r0], [r0 + 512]	2 + 1
 *	step 2	element 0: its load * the other's		3
 *	step 3	element 0: r1 = r1 + product			1
 *	step 4	element 0: [1024] = r1				2
 * 10 cycles an iteration.
 */
static void dot_product(uint32_t iterations)
{
	rig_openedge(&rig, 5);
	rig.header.iterations = iterations;
	rig_constant(&rig, 0, 0, 4);
	rig_constant(&rig, 0, 1, 1024);
	rig_constant(&rig, 4, 1, 512);
	rig_register(&rig, 0, 0, 0xfffffffc);
	*rig_at(&rig, 0, 0) = (struct rig_word){
		.op = OP(add), .a = R(0), .b = K(0), .dest = R(0), .link = {TO_S = RESULT}};
	*rig_at(&rig, 1, 0) = (struct rig_word){.op = OP(ld32), .a = R(0)};
	*rig_at(&rig, 1, 4) =
		(struct rig_word){.op = OP(ld32), .a = N_IN, .b = K(1), .link = {TO_N = RESULT}};
	*rig_at(&rig, 2, 0) = (struct rig_word){.op = OP(mul), .a = SELF, .b = S_IN};
	*rig_at(&rig, 3, 0) = (struct rig_word){.op = OP(add), .a = SELF, .b = R(1), .dest = R(1)};
	*rig_at(&rig, 4, 0) = (struct rig_word){.op = OP(st32), .a = K(1), .b = R(1)};
}

/* ---- rules ---- */

static const struct {
	uint32_t steps, op, cycles; /* of a step */
} programs[] = {{1, OP(add), 1}, {1, OP(mul), 3},  {3, OP(mul), 3},
		{7, OP(xor), 1}, {16, OP(add), 1}, {16, OP(mulh), 3}};
enum { PROGRAMS = sizeof(programs) / sizeof(programs[0]), ITERATIONS = 20 };

/* Configured already: 14 + 3n cycles, and the steps. In both ways to run a fabric, and time. */
static void launches_take_the_cycles_of_their_table(void)
{
	static const char *const devices[] = {"sim:openedge", "sim:openedge?fabric=interpreted"};

	for (size_t d = 0; d < 2; d++) {
		struct fixture f = setup(devices[d]);

		for (size_t i = 0; i < PROGRAMS; i++) {
			uint32_t n = programs[i].steps;

			same_in_all_steps(n, programs[i].op, ITERATIONS);
			struct chip chip = load(f, "steps");
			uint64_t cycles, ps;

			run(&chip);
			cycles = counter(&chip, "rpu.fabric.cycles");
			ps = counter(&chip, "rpu.run_ps");
			run(&chip);
			cycles = counter(&chip, "rpu.fabric.cycles") - cycles;
			ps = counter(&chip, "rpu.run_ps") - ps;
			CU_ASSERT_EQUAL(cycles, 14 + 3 * n + ITERATIONS * n * programs[i].cycles);
			CU_ASSERT_EQUAL(ps, cycles * CYCLE_NS * 1000);
			unload(&chip);
		}
		teardown(&f);
	}
}

/* Resident, and another one is active: so many cycles more as the configuration has steps. */
static void configuring_takes_a_cycle_a_step(void)
{
	struct fixture f = setup("sim:openedge");
	struct chip chips[PROGRAMS];

	for (size_t i = 0; i < PROGRAMS; i++) {
		char name[16];

		snprintf(name, sizeof(name), "program%zu", i);
		same_in_all_steps(programs[i].steps, programs[i].op, ITERATIONS);
		chips[i] = load(f, name);
		run(&chips[i]); /* brings it there */
	}
	for (size_t i = 0; i < PROGRAMS; i++) {
		uint64_t switched = run(&chips[i]), active;

		active = run(&chips[i]);
		if (switched - active != programs[i].steps * CYCLE_NS)
			printf("# %u steps: %llu ns\n", programs[i].steps,
			       (unsigned long long)(switched - active));
		CU_ASSERT_EQUAL(switched - active, programs[i].steps * CYCLE_NS);
	}
	for (size_t i = 0; i < PROGRAMS; i++)
		unload(&chips[i]);
	teardown(&f);
}

static void a_dot_product_takes_the_cycles_of_its_table(void)
{
	enum { COUNT = 32 };
	struct fixture f = setup("sim:openedge");
	road_buffer *scratch = buffer_of(&f, ROAD_HEAP_SCRATCH, 2048);
	uint32_t x[COUNT], y[COUNT], sum = 0, seen = 0;
	uint64_t address = 0, switched, active, cycles;

	CU_ASSERT_EQUAL(road_buffer_address(scratch, &address), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(address, ROAD_RPU_SPM_BASE); /* where the program looks */
	for (uint32_t i = 0; i < COUNT; i++) {
		x[i] = i + 1;
		y[i] = 3 * i + 2;
		sum += x[i] * y[i];
	}
	same_in_all_steps(2, OP(add), 1);
	struct chip other = load(f, "other");

	dot_product(COUNT);
	struct chip chip = load(f, "dot");

	CU_ASSERT_EQUAL(road_queue_write(f.queue, scratch, 0, x, sizeof(x), NULL), ROAD_OK);
	CU_ASSERT_EQUAL(road_queue_write(f.queue, scratch, 512, y, sizeof(y), NULL), ROAD_OK);
	run(&chip);
	run(&other);
	switched = run(&chip);
	cycles = counter(&chip, "rpu.fabric.cycles");
	active = run(&chip);
	CU_ASSERT_EQUAL(counter(&chip, "rpu.fabric.cycles") - cycles,
			14 + 3 * 5 + COUNT * (1 + 3 + 3 + 1 + 2));
	CU_ASSERT_EQUAL(switched - active, 5 * CYCLE_NS);
	CU_ASSERT_EQUAL(road_queue_read(f.queue, &seen, scratch, 1024, sizeof(seen), NULL),
			ROAD_OK);
	CU_ASSERT_EQUAL(road_queue_drain(f.queue, soon()), ROAD_OK);
	CU_ASSERT_EQUAL(seen, sum);
	unload(&chip);
	unload(&other);
	road_buffer_release(scratch);
	teardown(&f);
}

static uint64_t address_of(road_buffer *buffer)
{
	uint64_t address = 0;

	CU_ASSERT_EQUAL(road_buffer_address(buffer, &address), ROAD_OK);
	return address;
}

/* What an image claims is no buffer's while it is there; what is a buffer's no image may claim. */
static void claims_and_buffers_keep_apart(void)
{
	struct fixture f = setup("sim:openedge");
	road_launch what = {.size = sizeof(what), .grid = {1, 1, 1}, .block = {1, 1, 1}};
	road_buffer *buffer;

	same_in_all_steps(1, OP(add), 4);
	struct chip chip = load_claiming(f, "claims", 4096);

	run(&chip);
	buffer = buffer_of(&f, ROAD_HEAP_SCRATCH, 256);
	CU_ASSERT_EQUAL(address_of(buffer), ROAD_RPU_SPM_BASE + 4096);
	road_buffer_release(buffer);
	unload(&chip);
	buffer = buffer_of(&f, ROAD_HEAP_SCRATCH, 256);
	CU_ASSERT_EQUAL(address_of(buffer), ROAD_RPU_SPM_BASE);
	same_in_all_steps(2, OP(add), 4);
	chip = load_claiming(f, "refused", 4096);
	what.kernel = chip.kernel;
	CU_ASSERT_EQUAL(road_queue_launch(f.queue, &what, NULL), ROAD_NO_SPACE);
	road_buffer_release(buffer);
	run(&chip);
	unload(&chip);
	teardown(&f);
}

static const struct tap_case cases[] = {
	{"what an image claims of scratchpads and what buffers have keep apart",
	 claims_and_buffers_keep_apart},
	{"a launch begins 14 + 3n cycles after it was configured, and takes its table's",
	 launches_take_the_cycles_of_their_table},
	{"configuring takes a cycle a step", configuring_takes_a_cycle_a_step},
	{"a dot product in the scratchpad takes the cycles of its table",
	 a_dot_product_takes_the_cycles_of_its_table},
};
TAP_MAIN(cases)
