/* SPDX-License-Identifier: Apache-2.0 */
/* A GPGPU with several functions: each client reaches its own share of memory, has queues and
 * interrupts of its own, and keeps its turn on the command processor and the SMs. */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/boot_support.h"
#include "tests/unit/sim_gpu_model/rig.h"

enum { FUNCTIONS = 3, STAMPS = 3 };

static const char *const modes[] = {"time=functional&functions=3", "time=approx&functions=3"};
static struct rig *rigs[FUNCTIONS];
static uint64_t share;

static void open_all(const char *options)
{
	rigs[0] = rig_open(options);
	for (int i = 1; i < FUNCTIONS; i++) {
		rigs[i] = rig_open_further(rigs[0]);
		CU_ASSERT_PTR_NOT_NULL_FATAL(rigs[i]);
	}
	share = rig_get64(rigs[0], ROAD_GPU_REG_MEM_BYTES64);
}

static void close_all(void)
{
	for (int i = FUNCTIONS; i--;)
		rig_close(rigs[i]);
}

static void load_kernels(struct rig *rig)
{
	struct assembly assembly;

	asm_kernels(&assembly);
	rig_load(rig, &assembly, 0);
}

static struct road_gpu_dispatch store_of(struct rig *rig, uint64_t at, uint64_t value)
{
	struct road_gpu_dispatch packet = rig_dispatch(asm_object(VA_CODE, KERNEL_STORE), 1, 32);
	const uint64_t args[] = {at, value};

	packet.kernarg = rig_args(rig, 0, args, COUNT(args));
	return packet;
}

/* n turns of a loop, in so many workgroups. */
static struct road_gpu_dispatch count_of(struct rig *rig, uint64_t n, uint32_t groups)
{
	struct road_gpu_dispatch packet =
		rig_dispatch(asm_object(VA_CODE, KERNEL_COUNT_UP), groups, 32);
	const uint64_t args[] = {VA_DATA + 0x1000, n};

	packet.kernarg = rig_args(rig, 0x100, args, COUNT(args));
	return packet;
}

/* ---- memory ---- */

static void each_has_an_equal_share_and_its_own_bytes(void)
{
	for (size_t m = 0; m < COUNT(modes); m++) {
		open_all(modes[m]);
		CU_ASSERT_EQUAL(share, (UINT64_C(256) << 20) / FUNCTIONS >> 21 << 21);
		for (uint32_t i = 0; i < FUNCTIONS; i++) {
			load_kernels(rigs[i]);
			struct road_gpu_dispatch store = store_of(rigs[i], VA_DATA + 64, 0x40 + i);

			rig_send(rigs[i], 0, &store);
		}
		CU_ASSERT_TRUE(rig_run(rigs[0]));
		for (uint32_t i = 0; i < FUNCTIONS; i++) {
			CU_ASSERT_EQUAL(rig_get64(rigs[i], ROAD_GPU_REG_MEM_BYTES64), share);
			CU_ASSERT_EQUAL(rig_status(rigs[i], 0)->fault, 0);
			CU_ASSERT_EQUAL(rigs[i]->memory[64], 0x40 + i);
			CU_ASSERT_EQUAL(rig_violations(rigs[i]), 0);
		}
		close_all();
	}
}

static bool opens(struct rig *rig, uint64_t pa, uint64_t bytes)
{
	const struct road_gpu_segment segment = {VA_DATA, bytes, pa,
						 ROAD_GPU_SEGMENT_READ | ROAD_GPU_SEGMENT_WRITE, 0};

	memcpy(rig->host + TABLE_AT, &segment, sizeof(segment));
	rig_put(rig, ROAD_GPU_REG_SPACE_SELECT, 1);
	rig_put64(rig, ROAD_GPU_REG_SPACE_TABLE64, HOST + TABLE_AT);
	rig_put(rig, ROAD_GPU_REG_SPACE_COUNT, 1);
	rig_put(rig, ROAD_GPU_REG_SPACE_COMMAND, ROAD_GPU_SPACE_OPEN);
	return rig_get(rig, ROAD_GPU_REG_SPACE_COMMAND) == 1;
}

static void no_segment_reaches_another_share(void)
{
	open_all(modes[0]);
	for (uint32_t i = 0; i < FUNCTIONS; i++) {
		CU_ASSERT_TRUE(opens(rigs[i], 0, share));
		CU_ASSERT_TRUE(opens(rigs[i], share - 4096, 4096));
		CU_ASSERT_FALSE(opens(rigs[i], 0, share + 1));
		CU_ASSERT_FALSE(opens(rigs[i], share - 4096, 4097));
		CU_ASSERT_FALSE(opens(rigs[i], share, 1));
		CU_ASSERT_FALSE(opens(rigs[i], share * FUNCTIONS - 4096, 4096));
		CU_ASSERT_FALSE(opens(rigs[i], (uint64_t)-4096, 4096));
		CU_ASSERT_EQUAL(rig_violations(rigs[i]), 5);
	}
	close_all();
}

static void the_window_shows_the_share_and_no_more(void)
{
	uint64_t bytes, offset;
	bool memory;
	int fd;

	open_all(modes[0]);
	const struct sim_entry *sim = rigs[0]->sim;

	for (uint32_t i = 0; i < FUNCTIONS; i++) {
		struct sim_function *function = rigs[i]->function;

		sim->region(function, ROAD_GPU_REGION_MEMORY, &bytes, &memory);
		CU_ASSERT_EQUAL(bytes, share);
		CU_ASSERT_PTR_NOT_NULL(
			sim->region_map(function, ROAD_GPU_REGION_MEMORY, share - 4096, 4096));
		CU_ASSERT_PTR_NULL(
			sim->region_map(function, ROAD_GPU_REGION_MEMORY, share - 4096, 4097));
		CU_ASSERT_TRUE(sim->region_fd(function, ROAD_GPU_REGION_MEMORY, 4096, share - 4096,
					      &fd, &offset));
		CU_ASSERT_EQUAL(offset, 4096);
		sim->post(function, ROAD_GPU_REGION_MEMORY, 8, 8, 100 + i, rigs[i]->when);
		CU_ASSERT_EQUAL(
			sim->read(function, ROAD_GPU_REGION_MEMORY, share, 8, &rigs[i]->when),
			UINT64_MAX);
	}
	for (uint32_t i = 0; i < FUNCTIONS; i++)
		CU_ASSERT_EQUAL(
			sim->read(rigs[i]->function, ROAD_GPU_REGION_MEMORY, 8, 8, &rigs[i]->when),
			100 + i);
	close_all();
}

static void poison_and_its_end_are_one_functions(void)
{
	open_all(modes[0]);
	for (uint32_t i = 0; i < FUNCTIONS; i++)
		load_kernels(rigs[i]);
	CU_ASSERT_EQUAL(rigs[1]->sim->inject(rigs[1]->function, true, VA_DATA), SIM_INJECTED);
	for (uint32_t i = 0; i < FUNCTIONS; i++) {
		struct road_gpu_dispatch load =
			rig_dispatch(asm_object(VA_CODE, KERNEL_LOAD_AT), 1, 32);
		const uint64_t args[] = {VA_DATA};

		load.kernarg = rig_args(rigs[i], 0, args, 1);
		rig_send(rigs[i], 0, &load);
	}
	CU_ASSERT_TRUE(rig_run(rigs[0]));
	for (uint32_t i = 0; i < FUNCTIONS; i++)
		CU_ASSERT_EQUAL(rig_status(rigs[i], 0)->fault,
				i == 1 ? ROAD_GPU_FAULT_ECC : ROAD_GPU_FAULT_NONE);
	close_all();
}

static void the_next_owner_of_a_share_finds_zeros(void)
{
	open_all(modes[0]);
	memset(rigs[1]->memory, 0xab, DATA_BYTES);
	CU_ASSERT_EQUAL(rigs[1]->sim->inject(rigs[1]->function, true, VA_DATA), SIM_INJECTED);
	memset(rigs[2]->memory, 0xcd, 4096);
	CU_ASSERT_PTR_NULL(rig_open_further(rigs[0])); /* all are in use */
	rig_close(rigs[1]);
	rigs[1] = rig_open_further(rigs[0]);
	CU_ASSERT_PTR_NOT_NULL_FATAL(rigs[1]);
	for (uint64_t at = 0; at < DATA_BYTES; at += 512)
		CU_ASSERT_EQUAL_FATAL(rigs[1]->memory[at], 0);
	CU_ASSERT_EQUAL(rigs[2]->memory[0], 0xcd);
	load_kernels(rigs[1]);
	struct road_gpu_dispatch load = rig_dispatch(asm_object(VA_CODE, KERNEL_LOAD_AT), 1, 32);
	const uint64_t args[] = {VA_DATA};

	load.kernarg = rig_args(rigs[1], 0, args, 1);
	rig_send(rigs[1], 0, &load);
	CU_ASSERT_TRUE(rig_run(rigs[0]));
	CU_ASSERT_EQUAL(rig_status(rigs[1], 0)->fault, 0);
	close_all();
}

/* ---- queues ---- */

static void a_fence_interrupts_its_own_function(void)
{
	open_all(modes[0]);
	rig_fence(rigs[1], 1, 7);
	CU_ASSERT_TRUE(rig_run(rigs[0]));
	for (uint32_t i = 0; i < FUNCTIONS; i++) {
		CU_ASSERT_EQUAL(rigs[i]->irqs, i == 1 ? 16 : 0);
		CU_ASSERT_EQUAL(rig_status(rigs[i], 1)->fence, i == 1 ? 7 : 0);
	}
	close_all();
}

static void reset_it(void)
{
	rigs[1]->sim->reset(rigs[1]->function);
}

static void close_it(void)
{
	rig_close(rigs[1]);
	rigs[1] = rig_open_further(rigs[0]);
}

static void reset_by_register(void)
{
	rig_put(rigs[1], ROAD_GPU_REG_CONTROL, ROAD_GPU_CONTROL_RESET);
	rig_get(rigs[1], ROAD_GPU_REG_STATUS);
}

static void an_end_in_the_middle_changes_nothing_of_the_others(void)
{
	static void (*const ends[])(void) = {reset_it, close_it, reset_by_register};

	for (size_t i = 0; i < COUNT(ends) * COUNT(modes); i++) {
		open_all(modes[i / COUNT(ends)]);
		for (uint32_t f = 0; f < FUNCTIONS; f++)
			load_kernels(rigs[f]);
		for (uint32_t f = 0; f < FUNCTIONS; f++) {
			struct road_gpu_dispatch count = count_of(rigs[f], 5000 + f, 20);
			struct road_gpu_dispatch store = store_of(rigs[f], VA_DATA, 0x60 + f);

			store.header |= ROAD_GPU_PACKET_BARRIER;
			rig_push(rigs[f], 0, &count);
			rig_send(rigs[f], 0, &store);
		}
		rig_run_ns(rigs[0], 20000);
		CU_ASSERT_EQUAL(rigs[0]->memory[0], 0); /* it is under way */
		ends[i % COUNT(ends)]();
		CU_ASSERT_TRUE(rig_run(rigs[0]));
		for (uint32_t f = 0; f < FUNCTIONS; f += 2) {
			uint32_t counted;

			memcpy(&counted, rigs[f]->memory + 0x1000, 4);
			CU_ASSERT_EQUAL(counted, 5000 + f);
			CU_ASSERT_EQUAL(rigs[f]->memory[0], 0x60 + f);
			CU_ASSERT_EQUAL(rig_status(rigs[f], 0)->fault, 0);
			CU_ASSERT_EQUAL(rig_violations(rigs[f]), 0);
		}
		close_all();
	}
}

/* ---- turns ---- */

/* Virtual time of one workgroup of function 2, while function 1 has launches in all its queues; not
 * awaited longer than `most`. */
static uint64_t time_beside(const char *mode, uint32_t launches, uint64_t most)
{
	open_all(mode);
	load_kernels(rigs[1]);
	load_kernels(rigs[2]);
	for (uint32_t q = 0; launches && q < RIG_QUEUES; q++) {
		struct road_gpu_dispatch flood = count_of(rigs[1], 2000, 4000);

		rig_open_queue(rigs[1], q, 0); /* the highest priority that there is */
		for (uint32_t i = 0; i < launches; i++)
			rig_push(rigs[1], q, &flood);
		rig_ring(rigs[1], q);
	}
	rig_run_ns(rigs[1], 100000);
	struct road_gpu_dispatch one = count_of(rigs[2], 2000, 1);
	uint64_t began = rigs[2]->sim->now();

	rigs[2]->when = began;
	*rig_signal(rigs[2], 0) = 1;
	one.completion = rig_signal_at(0);
	rig_send(rigs[2], 0, &one);
	while (*rig_signal(rigs[2], 0) && rigs[2]->sim->now() - began <= most)
		rig_run_ns(rigs[2], 1000);
	CU_ASSERT_EQUAL(*rig_signal(rigs[2], 0), 0);
	uint64_t took = rigs[2]->sim->now() - began;

	close_all();
	return took;
}

/* All have timestamps, and are rung while the command processor is busy with the first. */
static void functions_take_turns_packet_by_packet(void)
{
	uint64_t t[FUNCTIONS][STAMPS];

	open_all(modes[0]);
	for (int f = 0; f < FUNCTIONS; f++) {
		struct road_gpu_vendor stamp = rig_vendor(ROAD_GPU_VENDOR_TIMESTAMP, false);

		for (uint32_t i = 0; i < STAMPS; i++) {
			stamp.dst = VA_DATA + 8 * i;
			rig_push(rigs[f], 0, &stamp);
		}
	}
	for (int f = 0; f < FUNCTIONS; f++)
		rig_ring(rigs[f], 0);
	for (int f = 0; f < FUNCTIONS; f++) {
		CU_ASSERT(rig_run(rigs[f]));
		memcpy(t[f], rigs[f]->memory, sizeof(t[f]));
	}
	for (uint32_t i = 0; i < STAMPS; i++)
		for (int f = 1; f < FUNCTIONS; f++) {
			CU_ASSERT(t[f - 1][i] < t[f][i]);
			CU_ASSERT(i + 1 == STAMPS || t[f][i] < t[0][i + 1]);
		}
	close_all();
}

/* What runs on the SMs when it comes runs on; nothing goes before it but one of each kind. */
static void a_flood_of_one_function_does_not_starve_another(void)
{
	for (size_t m = 0; m < COUNT(modes); m++) {
		const uint64_t alone = time_beside(modes[m], 0, UINT64_MAX);

		CU_ASSERT(alone > 0);
		time_beside(modes[m], 30, 10 * alone);
	}
}

/* ---- firmware ---- */

static void a_further_function_reads_the_boot_block_and_writes_nothing(void)
{
	open_all(modes[0]);
	if (rig_get(rigs[0], ROAD_GPU_REG_BOOT + ROAD_BOOT_REG_MAGIC) != ROAD_BOOT_MAGIC) {
		close_all();
		tap_skip("a build without a boot ROM");
		return;
	}
	CU_ASSERT_EQUAL(rig_get(rigs[0], ROAD_GPU_REG_BOOT + ROAD_BOOT_REG_OWNER), 0);
	CU_ASSERT_EQUAL(rig_get(rigs[1], ROAD_GPU_REG_BOOT + ROAD_BOOT_REG_OWNER), 1);
	rig_put(rigs[1], ROAD_GPU_REG_BOOT + ROAD_BOOT_REG_CONTROL, ROAD_BOOT_CONTROL_RESET);
	CU_ASSERT_EQUAL(rig_get(rigs[0], ROAD_GPU_REG_BOOT + ROAD_BOOT_REG_PHASE),
			ROAD_BOOT_PHASE_RUNNING);
	CU_ASSERT_TRUE(rig_violation_says(rigs[1], "firmware belongs to"));
	CU_ASSERT_EQUAL(rig_violations(rigs[0]), 0);
	close_all();
}

static void a_crash_of_firmware_fails_the_queues_of_all(void)
{
	const struct sim_entry *sim;

	open_all(modes[0]);
	sim = rigs[0]->sim;
	if (rig_get(rigs[0], ROAD_GPU_REG_BOOT + ROAD_BOOT_REG_MAGIC) != ROAD_BOOT_MAGIC) {
		close_all();
		tap_skip("a build without a boot ROM");
		return;
	}
	CU_ASSERT_EQUAL(sim->boot_fault(rigs[2]->function, 11, 0, 1), SIM_INJECT_NONE);
	CU_ASSERT_EQUAL(sim->boot_fault(rigs[0]->function, 11, 0, 1), SIM_INJECTED);
	rig_run_ns(rigs[0], 1000);
	for (uint32_t i = 0; i < FUNCTIONS; i++)
		CU_ASSERT_EQUAL(rig_status(rigs[i], 0)->fault, ROAD_GPU_FAULT_FIRMWARE);
	close_all();
}

static const struct tap_case cases[] = {
	{"each has an equal share and its own bytes", each_has_an_equal_share_and_its_own_bytes},
	{"no segment reaches another share", no_segment_reaches_another_share},
	{"the window shows the share and no more", the_window_shows_the_share_and_no_more},
	{"poison and its end are one function's", poison_and_its_end_are_one_functions},
	{"the next owner of a share finds zeros", the_next_owner_of_a_share_finds_zeros},
	{"a fence interrupts its own function", a_fence_interrupts_its_own_function},
	{"an end in the middle changes nothing of the others",
	 an_end_in_the_middle_changes_nothing_of_the_others},
	{"functions take turns packet by packet", functions_take_turns_packet_by_packet},
	{"a flood of one function does not starve another",
	 a_flood_of_one_function_does_not_starve_another},
	{"a further function reads the boot block and writes nothing",
	 a_further_function_reads_the_boot_block_and_writes_nothing},
	{"a crash of firmware fails the queues of all",
	 a_crash_of_firmware_fails_the_queues_of_all},
};
TAP_MAIN(cases)
