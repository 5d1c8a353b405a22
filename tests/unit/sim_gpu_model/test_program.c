/* SPDX-License-Identifier: Apache-2.0 */
/* The command processor works by its firmware's program: opcodes, versions, quantum, clock. */
#include <string.h>

#include "simulators/engine/domain.h"
#include "simulators/gpu/model.h"
#include "tests/unit/sim_gpu_model/rig.h"

/* Everything that there is, at the full clock. */
static struct sim_program everything(void)
{
	struct sim_program program = {
		.family = ROAD_PROGRAM_GPU, .levels = 2, .at = {{1000, 400}, {500, 200}}};
	const struct sim_program_row *row;

	for (uint32_t i = 0; (row = sim_program_row(i)); i++)
		if (row->family == ROAD_PROGRAM_GPU)
			program.version[row->opcode] = row->version;
	return program;
}

static void obey(struct rig *rig, const struct sim_program *program)
{
	road_gpu_obey(rig->function->env->model, program);
}

static struct rig *open_loaded(const char *options)
{
	struct rig *rig = rig_open(options);
	struct assembly assembly;

	asm_kernels(&assembly);
	rig_load(rig, &assembly, 0);
	return rig;
}

/* Its fault, and then the queue as new. */
static enum road_gpu_fault send(struct rig *rig, const void *packet, uint64_t *detail)
{
	volatile struct road_gpu_queue_status *status = rig_status(rig, 1);
	enum road_gpu_fault fault;

	rig_send(rig, 1, packet);
	CU_ASSERT_TRUE_FATAL(rig_run(rig));
	fault = (enum road_gpu_fault)status->fault;
	*detail = status->detail;
	rig_put(rig, ROAD_GPU_REG_QUEUE_SELECT, 1);
	rig_put(rig, ROAD_GPU_REG_QUEUE_COMMAND, ROAD_GPU_QUEUE_RESET);
	return fault;
}

static uint32_t opcode_of(const uint8_t *packet)
{
	return packet[0] ? ROAD_GPU_OPCODE_TYPED + packet[0] : packet[2];
}

/* Each kind of packet twice: all others are enabled, and none of them is. */
static void opcodes_are_enabled_one_by_one(void)
{
	struct rig *rig = open_loaded("time=functional");
	uint8_t good[RIG_GOOD][64];
	uint32_t count = rig_good_packets(rig, good), checked = 0;
	uint64_t detail;

	for (uint32_t i = 0; i < count; i++) {
		const uint32_t opcode = opcode_of(good[i]);
		const uint64_t byte = good[i][0] ? 0 : offsetof(struct road_gpu_vendor, op);
		struct sim_program all = everything(), one = everything();

		all.version[opcode] = 0;
		obey(rig, &all);
		CU_ASSERT_EQUAL(send(rig, good[i], &detail), ROAD_GPU_FAULT_PACKET);
		CU_ASSERT_EQUAL(detail, byte);
		memset(one.version, 0, sizeof(one.version));
		one.version[opcode] = everything().version[opcode];
		obey(rig, &one);
		/* LOAD finds no image there, UNLOAD none that is loaded. */
		CU_ASSERT_TRUE(send(rig, good[i], &detail) != ROAD_GPU_FAULT_PACKET ||
			       detail != byte);
		checked++;
	}
	CU_ASSERT_EQUAL(checked, 12);
	rig_close(rig);
}

static void a_dispatch_of_version_1_has_no_watchdog(void)
{
	struct rig *rig = open_loaded("time=functional");
	const uint64_t args[] = {VA_DATA, VA_DATA + 0x100000, VA_DATA + 0x200000};
	struct road_gpu_dispatch dispatch = rig_dispatch(asm_object(VA_CODE, KERNEL_ADD), 2, 64);
	struct sim_program program = everything();
	uint64_t detail;

	dispatch.kernarg = rig_args(rig, 0, args, COUNT(args));
	program.version[ROAD_GPU_OPCODE_DISPATCH] = 1;
	obey(rig, &program);
	CU_ASSERT_EQUAL(send(rig, &dispatch, &detail), 0);
	dispatch.watchdog = UINT64_C(1) << 40; /* one byte of it, and not the first */
	CU_ASSERT_EQUAL(send(rig, &dispatch, &detail), ROAD_GPU_FAULT_PACKET);
	CU_ASSERT_EQUAL(detail, offsetof(struct road_gpu_dispatch, watchdog) + 5);
	program.version[ROAD_GPU_OPCODE_DISPATCH] = 2;
	obey(rig, &program);
	CU_ASSERT_EQUAL(send(rig, &dispatch, &detail), 0);
	obey(rig, NULL);
	CU_ASSERT_EQUAL(send(rig, &dispatch, &detail), 0);
	rig_close(rig);
}

static void an_expectation_of_version_1_does_not_activate(void)
{
	struct rig *rig = rig_open("time=functional&regions=4");
	struct road_gpu_vendor expect = rig_vendor(ROAD_GPU_VENDOR_EXPECT, true);
	struct sim_program program = everything();
	uint64_t detail;

	expect.value = 1;
	program.version[ROAD_GPU_VENDOR_EXPECT] = 1;
	obey(rig, &program);
	CU_ASSERT_EQUAL(send(rig, &expect, &detail), 0);
	expect.flags = ROAD_GPU_VENDOR_ACTIVATE;
	CU_ASSERT_EQUAL(send(rig, &expect, &detail), ROAD_GPU_FAULT_PACKET);
	CU_ASSERT_EQUAL(detail, offsetof(struct road_gpu_vendor, flags));
	program.version[ROAD_GPU_VENDOR_EXPECT] = 2;
	obey(rig, &program);
	CU_ASSERT_EQUAL(send(rig, &expect, &detail), 0);
	rig_close(rig);
}

/* ---- the clock ---- */

/* ns from the first to the last of three stamps, with a kernel between the later two. */
static void time_kernel(struct rig *rig, uint64_t *packet_ns, uint64_t *kernel_ns)
{
	const uint64_t args[] = {VA_DATA, 400};
	struct road_gpu_dispatch dispatch =
		rig_dispatch(asm_object(VA_CODE, KERNEL_COUNT_UP), 1, 32);
	struct road_gpu_vendor stamp = rig_vendor(ROAD_GPU_VENDOR_TIMESTAMP, true);
	uint64_t t[3];

	dispatch.kernarg = rig_args(rig, 0, args, COUNT(args));
	for (uint64_t i = 0; i < 3; i++) {
		stamp.dst = VA_DATA + 0x100000 + 8 * i;
		if (i == 2)
			rig_push(rig, 0, &dispatch);
		rig_push(rig, 0, &stamp);
	}
	rig_ring(rig, 0);
	CU_ASSERT_TRUE(rig_run(rig));
	CU_ASSERT_EQUAL(rig_status(rig, 0)->fault, 0);
	memcpy(t, rig->memory + 0x100000, sizeof(t));
	*packet_ns = t[1] - t[0];
	*kernel_ns = t[2] - t[1];
}

static void check_clock(const char *options)
{
	struct rig *rig = open_loaded(options);
	const uint32_t khz = rig_get(rig, ROAD_GPU_REG_CLOCK_KHZ);
	struct sim_program program = everything();
	uint64_t packet[3], kernel[3];

	time_kernel(rig, &packet[0], &kernel[0]);
	obey(rig, &program);
	CU_ASSERT_EQUAL(rig_get(rig, ROAD_GPU_REG_CLOCK_KHZ), khz);
	time_kernel(rig, &packet[1], &kernel[1]);
	program.level = 1;
	obey(rig, &program);
	CU_ASSERT_EQUAL(rig_get(rig, ROAD_GPU_REG_CLOCK_KHZ), khz / 2);
	time_kernel(rig, &packet[2], &kernel[2]);
	CU_ASSERT_EQUAL(packet[0], packet[1]);
	CU_ASSERT_EQUAL(packet[2], 2 * packet[0]);
	/* Memory has a clock of its own: not all of a kernel takes twice as long. */
	CU_ASSERT_TRUE(kernel[2] > kernel[1] + kernel[1] / 2 && kernel[2] <= 2 * kernel[1] + 2);
	program.level = 0;
	obey(rig, &program);
	CU_ASSERT_EQUAL(rig_get(rig, ROAD_GPU_REG_CLOCK_KHZ), khz);
	rig_close(rig);
}

static void a_level_is_a_clock(void)
{
	check_clock("time=functional");
	check_clock("time=approx");
}

/* ---- quanta ---- */

enum { EACH = 12, FULL = 100, PACKET_NS = 50 };

/* EACH writes on queues 0 and 1, rung at once: the order in which they are taken, as bits. */
static uint64_t order_of(struct rig *rig, uint32_t quantum_ns)
{
	struct sim_program program = everything();
	struct road_gpu_vendor stamp = rig_vendor(ROAD_GPU_VENDOR_TIMESTAMP, false);
	uint64_t times[2][EACH], order = 0;
	uint32_t next[2] = {0, 0};

	program.quantum_ns = quantum_ns;
	obey(rig, &program);
	for (uint32_t q = 0; q < 2; q++)
		for (uint64_t i = 0; i < EACH; i++) {
			stamp.dst = VA_DATA + q * 0x1000 + 8 * i;
			rig_push(rig, q, &stamp);
		}
	rig_ring(rig, 0);
	rig_ring(rig, 1);
	CU_ASSERT_TRUE(rig_run(rig));
	for (uint32_t q = 0; q < 2; q++)
		memcpy(times[q], rig->memory + q * 0x1000, sizeof(times[q]));
	for (uint32_t i = 0; i < 2 * EACH; i++) {
		const uint32_t q = next[0] == EACH ||
				   (next[1] < EACH && times[1][next[1]] < times[0][next[0]]);

		order |= (uint64_t)q << i;
		next[q]++;
	}
	return order;
}

static void a_quantum_keeps_a_queue_in_front(void)
{
	struct rig *rig = rig_open("time=functional");

	CU_ASSERT_EQUAL(order_of(rig, 0), 0xaaaaaa);
	CU_ASSERT_EQUAL(order_of(rig, PACKET_NS), 0xaaaaaa);
	CU_ASSERT_EQUAL(order_of(rig, 3 * PACKET_NS), 0xe38e38);
	CU_ASSERT_EQUAL(order_of(rig, 4 * PACKET_NS - 1), 0xf0f0f0);
	CU_ASSERT_EQUAL(order_of(rig, 1000 * PACKET_NS), 0xfff000);
	CU_ASSERT_EQUAL(order_of(rig, UINT32_MAX), 0xfff000);
	rig_close(rig);
}

/* A queue of higher priority goes before one whose turn it is, which then has the rest of it. */
static void a_quantum_is_among_equals(void)
{
	struct rig *rig = rig_open("time=functional");
	struct sim_program program = everything();
	struct road_gpu_vendor stamp = rig_vendor(ROAD_GPU_VENDOR_TIMESTAMP, false);
	uint64_t low[FULL], other[FULL], high;

	rig_open_queue(rig, 2, 0);
	rig_open_queue(rig, 3, 1);
	rig_put(rig, ROAD_GPU_REG_QUEUE_SELECT, 1);
	rig_put(rig, ROAD_GPU_REG_QUEUE_COMMAND, ROAD_GPU_QUEUE_CLOSE);
	rig_open_queue(rig, 1, 1);
	program.quantum_ns = 1000 * PACKET_NS;
	obey(rig, &program);
	for (uint64_t i = 0; i < FULL; i++) {
		stamp.dst = VA_DATA + 8 * i;
		rig_push(rig, 1, &stamp);
		stamp.dst = VA_DATA + 0x1000 + 8 * i;
		rig_push(rig, 3, &stamp);
	}
	stamp.dst = VA_DATA + 0x2000;
	rig_push(rig, 2, &stamp);
	rig_ring(rig, 1);
	rig_run_ns(rig, 1000); /* less than the packets of one queue take */
	rig_ring(rig, 3);      /* late: and still behind one whose turn it is */
	rig_ring(rig, 2);
	CU_ASSERT_TRUE(rig_run(rig));
	memcpy(low, rig->memory, sizeof(low));
	memcpy(other, rig->memory + 0x1000, sizeof(other));
	memcpy(&high, rig->memory + 0x2000, sizeof(high));
	CU_ASSERT_TRUE(low[0] < high && high < low[FULL - 1]);
	CU_ASSERT_TRUE(low[FULL - 1] < other[0]);
	rig_close(rig);
}

static const struct tap_case cases[] = {
	{"an opcode that is not enabled is malformed, each", opcodes_are_enabled_one_by_one},
	{"a dispatch of version 1 has no watchdog of its own",
	 a_dispatch_of_version_1_has_no_watchdog},
	{"an expectation of version 1 does not activate",
	 an_expectation_of_version_1_does_not_activate},
	{"a level of the program is a clock, and 1000 is the chip's", a_level_is_a_clock},
	{"a quantum keeps a queue in front of its equals", a_quantum_keeps_a_queue_in_front},
	{"a quantum is for queues of one priority", a_quantum_is_among_equals},
};
TAP_MAIN(cases)
