/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of a GPGPU whose launches want another profile of the same region each, for longer than
 * a slice: 1 ms, where a switch takes 10 us. */
#include <stdlib.h>
#include <string.h>

#include "simulators/regions/internal.h"
#include "tests/unit/sim_gpu_model/rig.h"
#include "uapi/gpu/profile.h"
#include "uapi/region.h"

enum { FUNCTIONS = 4, SHARERS = 3, PROFILE_AT = 0x8000, OP_AT = 0x10000, SLICE_NS = 1200000 };
enum { WAIT, ABORT = 2 }; /* how an operation drains */

static const struct {
	const char *options;
	uint64_t limit; /* of a launch without an end: some slices */
} modes[] = {{"time=functional&functions=4&region_activate=10", 5000000},
	     {"time=approx&functions=4&region_activate=10", 700000}};
static struct rig *rigs[FUNCTIONS];

static void run_ns(uint64_t ns)
{
	const uint64_t until = rigs[0]->when + ns * 1000;

	rig_run_ns(rigs[0], ns);
	for (uint32_t f = 0; f < FUNCTIONS; f++)
		rigs[f]->when = until;
}

static void run(void)
{
	CU_ASSERT_TRUE(rig_run(rigs[0]));
	for (uint32_t f = 1; f < FUNCTIONS; f++)
		rigs[f]->when = rigs[0]->when;
}

/* An image that lets so many warps of a launch be resident on an SM, in device memory. */
static uint32_t put_profile(struct rig *rig, uint32_t warps)
{
	const struct road_gpu_profile profile = {.version = ROAD_GPU_PROFILE_VERSION,
						 .warps = warps};
	struct road_config_header header = {
		.magic = ROAD_CONFIG_MAGIC,
		.version = ROAD_CONFIG_VERSION,
		.kind = ROAD_CONFIG_PROFILE,
		.total_bytes = sizeof(header) + sizeof(profile),
		.fabric = ROAD_GPU_PROFILE_FABRIC,
		.units = 1,
		.payload_bytes = sizeof(profile),
		.name = "profile",
	};
	uint8_t *at = rig->memory + PROFILE_AT + warps * 0x1000;

	memcpy(at, &header, sizeof(header));
	memcpy(at + sizeof(header), &profile, sizeof(profile));
	header.crc = region_crc(0, at, header.total_bytes);
	memcpy(at, &header, sizeof(header));
	return header.total_bytes;
}

static uint64_t region_reg(struct rig *rig, uint32_t reg)
{
	rig_put(rig, ROAD_GPU_REG_UNIT + ROAD_REGION_REG_SELECT, 0);
	return reg == ROAD_REGION_REG_GENERATION64 ? rig_get64(rig, ROAD_GPU_REG_UNIT + reg)
						   : rig_get(rig, ROAD_GPU_REG_UNIT + reg);
}

/* Makes the profile active, in the order of the queue. */
static void activate(struct rig *rig, uint32_t queue, uint32_t warps, uint8_t drain)
{
	const struct road_region_op op = {
		.verb = ROAD_REGION_VERB_ACTIVATE,
		.slot = ROAD_REGION_SLOT_ANY,
		.drain = drain,
		.image = PROFILE_AT + warps * 0x1000,
		.image_bytes = put_profile(rig, warps),
		.config = 70 + warps,
		.report = HOST + OP_AT + 512,
		.generation = region_reg(rig, ROAD_REGION_REG_GENERATION64),
	};
	struct road_gpu_vendor packet = rig_vendor(ROAD_GPU_VENDOR_REGION, true);

	memcpy(rig->host + OP_AT, &op, sizeof(op));
	memset(rig->host + OP_AT + 512, 0, sizeof(struct road_region_report));
	packet.src = HOST + OP_AT;
	rig_send(rig, queue, &packet);
}

static uint32_t result_of(const struct rig *rig)
{
	struct road_region_report report;

	memcpy(&report, rig->host + OP_AT + 512, sizeof(report));
	return report.done ? report.error : UINT32_MAX;
}

/* All have kernels, functions 1 and 2 a profile each; 0 and 3 work by none. */
static void open_all(const char *options)
{
	struct assembly assembly;

	rigs[0] = rig_open(options);
	for (uint32_t f = 1; f < FUNCTIONS; f++) {
		rigs[f] = rig_open_further(rigs[0]);
		CU_ASSERT_PTR_NOT_NULL_FATAL(rigs[f]);
	}
	for (uint32_t f = 0; f < FUNCTIONS; f++) {
		asm_kernels(&assembly);
		rig_load(rigs[f], &assembly, 0);
		if (f % SHARERS == 0)
			continue;
		activate(rigs[f], 0, 1 + f, WAIT);
		run();
		CU_ASSERT_EQUAL_FATAL(result_of(rigs[f]), ROAD_REGION_ERROR_NONE);
	}
}

static void close_all(void)
{
	for (uint32_t f = FUNCTIONS; f--;)
		rig_close(rigs[f]);
}

/* What moving their state would take is left out of the model, and the report says how often. */
static uint64_t suspensions(void)
{
	static const char name[] = "\"region.suspended_launches\":";
	static char report[65536];
	const char *at;

	rigs[0]->sim->report(rigs[0]->function, report, sizeof(report));
	at = strstr(report, name);
	return at ? strtoull(at + strlen(name), NULL, 10) : 0;
}

/* A launch of function 1 that has no end. */
static void spin(uint64_t limit)
{
	struct road_gpu_dispatch packet = rig_dispatch(asm_object(VA_CODE, KERNEL_FOREVER), 1, 32);

	packet.watchdog = limit;
	rig_send(rigs[1], 0, &packet);
	run_ns(50000);
}

/* n turns of a loop in so many workgroups of function f's queue 0. */
static void send_count(uint32_t f, uint64_t n, uint32_t groups)
{
	struct road_gpu_dispatch packet =
		rig_dispatch(asm_object(VA_CODE, KERNEL_COUNT_UP), groups, 32);
	const uint64_t args[] = {VA_DATA + 0x1000, n};

	packet.kernarg = rig_args(rigs[f], 0x100, args, COUNT(args));
	*rig_signal(rigs[f], 0) = 1;
	packet.completion = rig_signal_at(0);
	rig_send(rigs[f], 0, &packet);
}

static bool counted(uint32_t f, uint32_t n)
{
	uint32_t value;

	memcpy(&value, rigs[f]->memory + 0x1000, sizeof(value));
	return !*rig_signal(rigs[f], 0) && value == n;
}

/* … and stands still, for one of function 2 that has none, either. */
static void spin_and_stand(size_t mode)
{
	struct road_gpu_dispatch packet = rig_dispatch(asm_object(VA_CODE, KERNEL_FOREVER), 1, 32);

	spin(modes[mode].limit);
	packet.watchdog = 2 * modes[mode].limit;
	rig_send(rigs[2], 0, &packet);
	run_ns(SLICE_NS);
	CU_ASSERT_EQUAL(suspensions(), 1);
}

/* Short launches of another function go on, and it meets its watchdog where it would alone. */
static void a_spinning_launch_keeps_nobody_out(void)
{
	for (size_t m = 0; m < COUNT(modes); m++) {
		struct road_gpu_queue_status alone, beside;

		open_all(modes[m].options);
		spin(modes[m].limit);
		run();
		memcpy(&alone, (const void *)rig_status(rigs[1], 0), sizeof(alone));
		CU_ASSERT_EQUAL(alone.fault, ROAD_GPU_FAULT_WATCHDOG);
		CU_ASSERT_EQUAL(suspensions(), 0);
		close_all();
		open_all(modes[m].options);
		spin(modes[m].limit);
		for (uint32_t n = 1; n <= 3; n++) {
			send_count(2, 100 + n, 4);
			run_ns(SLICE_NS);
			CU_ASSERT_TRUE(counted(2, 100 + n));
			CU_ASSERT_EQUAL(rig_status(rigs[1], 0)->fault, 0);
			CU_ASSERT_EQUAL(suspensions(), n);
		}
		run();
		memcpy(&beside, (const void *)rig_status(rigs[1], 0), sizeof(beside));
		CU_ASSERT_EQUAL(memcmp(&alone, &beside, sizeof(alone)), 0);
		close_all();
	}
}

/* Instructions, data, and the time that it takes itself. */
static void a_launch_that_stood_does_what_it_does_alone(void)
{
	for (size_t m = 0; m < COUNT(modes); m++) {
		const uint64_t n = m ? 150000 : 300000;
		uint64_t instructions[2], launch_ps[2];

		for (uint32_t beside = 0; beside < 2; beside++) {
			open_all(modes[m].options);
			for (uint32_t f = 1; f < SHARERS; f++) {
				send_count(f, n + f, 2);
				if (!beside)
					run();
			}
			run();
			CU_ASSERT_TRUE(counted(1, (uint32_t)n + 1));
			CU_ASSERT_TRUE(counted(2, (uint32_t)n + 2));
			CU_ASSERT(!beside == !suspensions());
			instructions[beside] = rig_counter(rigs[0], "gpu.warp_instructions");
			launch_ps[beside] = rig_counter(rigs[0], "gpu.launch_ps");
			close_all();
		}
		CU_ASSERT(instructions[0] > 0);
		CU_ASSERT_EQUAL(instructions[1], instructions[0]);
		/* a cycle for each time that it stood */
		CU_ASSERT(launch_ps[1] < launch_ps[0] + launch_ps[0] / 100 &&
			  launch_ps[1] > launch_ps[0] - launch_ps[0] / 100);
	}
}

/* Two of them work by no profile, and so at once: they stand and go on together, and what ends one
 * of them leaves the other one as it was. */
static void launches_that_run_at_once_stand_at_once(void)
{
	for (size_t i = 0; i < 2 * COUNT(modes); i++) {
		const uint64_t n = i / 2 ? 150000 : 300000;

		open_all(modes[i / 2].options);
		send_count(0, n, 2);
		send_count(3, n + 3, 2);
		run_ns(50000);
		send_count(2, n + 2, 2);
		run_ns(SLICE_NS);
		CU_ASSERT_EQUAL(suspensions(), 2);
		if (i % 2)
			rigs[3]->sim->reset(rigs[3]->function);
		run();
		CU_ASSERT_TRUE(counted(0, (uint32_t)n));
		CU_ASSERT_TRUE(counted(2, (uint32_t)n + 2));
		CU_ASSERT_EQUAL(counted(3, (uint32_t)n + 3), i % 2 == 0);
		CU_ASSERT_EQUAL(rig_status(rigs[0], 0)->fault, 0);
		close_all();
	}
}

static void its_own_switch_waits_for_it_or_ends_it(void)
{
	for (size_t i = 0; i < 2 * COUNT(modes); i++) {
		const size_t m = i / 2;
		const bool aborts = i % 2;

		open_all(modes[m].options);
		spin_and_stand(m);
		CU_ASSERT_EQUAL(region_reg(rigs[1], ROAD_REGION_REG_RUNNING), 1);
		CU_ASSERT_EQUAL(region_reg(rigs[2], ROAD_REGION_REG_RUNNING), 1);
		activate(rigs[1], 1, 4, aborts ? ABORT : WAIT);
		run_ns(100000);
		CU_ASSERT_EQUAL(result_of(rigs[1]), UINT32_MAX); /* another one's turn */
		CU_ASSERT_EQUAL(rig_status(rigs[1], 0)->fault,
				aborts ? ROAD_GPU_FAULT_ABORTED : ROAD_GPU_FAULT_NONE);
		run_ns(SLICE_NS);
		CU_ASSERT_EQUAL(result_of(rigs[1]), aborts ? 0 : UINT32_MAX);
		run();
		CU_ASSERT_EQUAL(result_of(rigs[1]), ROAD_REGION_ERROR_NONE);
		CU_ASSERT_EQUAL(rig_status(rigs[1], 0)->fault,
				aborts ? ROAD_GPU_FAULT_ABORTED : ROAD_GPU_FAULT_WATCHDOG);
		CU_ASSERT_EQUAL(rig_status(rigs[2], 0)->fault, ROAD_GPU_FAULT_WATCHDOG);
		close_all();
	}
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

static void close_its_queue(void)
{
	rig_queue_command(rigs[1], 0, ROAD_GPU_QUEUE_CLOSE);
}

static void its_end_is_its_own_while_it_stands(void)
{
	static void (*const ends[])(void) = {reset_it, close_it, close_its_queue};

	for (size_t i = 0; i < COUNT(ends) * COUNT(modes); i++) {
		open_all(modes[i / COUNT(ends)].options);
		spin_and_stand(i / COUNT(ends));
		ends[i % COUNT(ends)]();
		run();
		CU_ASSERT_EQUAL(suspensions(), 1);
		CU_ASSERT_EQUAL(rig_status(rigs[2], 0)->fault, ROAD_GPU_FAULT_WATCHDOG);
		CU_ASSERT_EQUAL(rig_violations(rigs[2]), 0);
		close_all();
	}
}

static const struct tap_case cases[] = {
	{"a spinning launch keeps nobody out", a_spinning_launch_keeps_nobody_out},
	{"a launch that stood does what it does alone",
	 a_launch_that_stood_does_what_it_does_alone},
	{"launches that run at once stand at once", launches_that_run_at_once_stand_at_once},
	{"its own switch waits for it or ends it", its_own_switch_waits_for_it_or_ends_it},
	{"its end is its own while it stands", its_end_is_its_own_while_it_stands},
};
TAP_MAIN(cases)
