/* SPDX-License-Identifier: Apache-2.0 */
/* Streams of a DSA work by the firmware's program, through the engine's door: opcodes, versions,
 * clock. (Whose turn it is: tests/firmware.) */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "simulators/dsa/model.h"
#include "simulators/engine/domain.h"
#include "tests/support/tap.h"
#include "tests/unit/boot_support.h"

/* Host memory that the chip reaches, and what lies in it. */
#define HOST       UINT64_C(0x100000000)
#define HOST_BYTES UINT64_C(0x10000)
enum { STATUS_AT = 0, TABLE_AT = 0x1000, BOOT_AT = 0x2000, RING_AT = 0x4000, WORDS_AT = 0x8000 };
enum { SLOTS = 64 };
#define VA_DATA UINT64_C(0x200000)

struct rig {
	const struct sim_entry *sim;
	struct sim_function *function;
	uint64_t when, written;
	uint8_t *host;
};

static void *translate(void *user, uint64_t iova, uint64_t bytes, bool write)
{
	struct rig *rig = user;

	(void)write;
	if (iova < HOST || iova - HOST > HOST_BYTES || bytes > HOST_BYTES - (iova - HOST))
		return NULL;
	return rig->host + (iova - HOST);
}

static void put(struct rig *rig, uint64_t offset, uint32_t width, uint64_t value)
{
	rig->sim->post(rig->function, ROAD_DSA_REGION_REGS, offset, width, value, rig->when);
}

static uint64_t get(struct rig *rig, uint64_t offset, uint32_t width)
{
	return rig->sim->read(rig->function, ROAD_DSA_REGION_REGS, offset, width, &rig->when);
}

static void boot(struct rig *rig)
{
	const struct boot_support on = {.sim = rig->sim,
					.function = rig->function,
					.base = ROAD_DSA_BOOT,
					.when = &rig->when,
					.host = rig->host + BOOT_AT,
					.iova = HOST + BOOT_AT};

	CU_ASSERT_TRUE_FATAL(boot_support(&on));
}

/* Context 0 with a range of device memory, stream 0. */
static void set_up(struct rig *rig)
{
	const struct road_range range = {VA_DATA, 0x10000, 0, ROAD_RANGE_READ | ROAD_RANGE_WRITE,
					 0};

	memcpy(rig->host + TABLE_AT, &range, sizeof(range));
	put(rig, ROAD_DSA_REG_CONTEXT_SELECT, 4, 0);
	put(rig, ROAD_DSA_REG_CONTEXT_TABLE64, 8, HOST + TABLE_AT);
	put(rig, ROAD_DSA_REG_CONTEXT_COUNT, 4, 1);
	put(rig, ROAD_DSA_REG_CONTEXT_COMMAND, 4, ROAD_DSA_CONTEXT_OPEN);
	put(rig, ROAD_DSA_REG_STREAM_SELECT, 4, 0);
	put(rig, ROAD_DSA_REG_STREAM_CONTEXT, 4, 0);
	put(rig, ROAD_DSA_REG_STREAM_RING64, 8, HOST + RING_AT);
	put(rig, ROAD_DSA_REG_STREAM_SLOTS, 4, SLOTS);
	put(rig, ROAD_DSA_REG_STREAM_PRIORITY, 4, 1);
	put(rig, ROAD_DSA_REG_STREAM_STATUS64, 8, HOST + STATUS_AT);
	put(rig, ROAD_DSA_REG_STREAM_COMMAND, 4, ROAD_DSA_STREAM_OPEN);
	CU_ASSERT_EQUAL_FATAL(get(rig, ROAD_DSA_REG_STREAM_STATE, 4), ROAD_DSA_STREAM_IDLE);
}

/* program NULL: as the chip is without a word of firmware. */
static struct rig *rig_open(const struct sim_program *program)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	char error[256] = "";
	struct sim_open open = {.chip = "dsa-small",
				.chip_bytes = 9,
				.options = "time=functional",
				.address = "sim:dsa-small",
				.host = {translate, rig},
				.error = error};

	CU_ASSERT_PTR_NOT_NULL_FATAL(rig);
	rig->host = calloc(1, HOST_BYTES);
	CU_ASSERT_PTR_NOT_NULL_FATAL(rig->host);
	rig->sim = roadbed_sim_entry(SIM_ENTRY_VERSION);
	CU_ASSERT_EQUAL_FATAL(rig->sim->open(&open, &rig->function), SIM_OPEN_OK);
	rig->when = rig->sim->now();
	boot(rig);
	dsa_obey(rig->function->env->model, program);
	set_up(rig);
	return rig;
}

static void rig_close(struct rig *rig)
{
	rig->sim->close(rig->function);
	free(rig->host);
	free(rig);
}

static void run(struct rig *rig)
{
	struct sim_slice slice = {.ran = 1};

	put(rig, ROAD_DSA_DOORBELL, 8, rig->written);
	for (uint32_t i = 0; i < 10000 && (slice.ran || slice.irq); i++) {
		rig->sim->run(UINT64_MAX, 16, &slice);
		for (uint32_t v = 0; v < rig->sim->irq_count(rig->function); v++)
			(void)rig->sim->irq_take(rig->function, v);
		/* A boot ROM's heartbeat goes on for ever: the stream's end is enough. */
		if (get(rig, ROAD_DSA_REG_STREAM_STATE, 4) != ROAD_DSA_STREAM_RUNNING)
			break;
	}
}

static void push(struct rig *rig, const void *descriptor)
{
	memcpy(rig->host + RING_AT + rig->written++ % SLOTS * ROAD_DSA_DESCRIPTOR_BYTES, descriptor,
	       ROAD_DSA_DESCRIPTOR_BYTES);
}

static const struct road_dsa_stream_status *status_of(const struct rig *rig)
{
	return (const void *)(rig->host + STATUS_AT);
}

/* Everything that there is, at the full clock. */
static struct sim_program everything(void)
{
	struct sim_program program = {
		.family = ROAD_PROGRAM_DSA, .levels = 2, .at = {{1000, 400}, {500, 200}}};
	const struct sim_program_row *row;

	for (uint32_t i = 0; (row = sim_program_row(i)); i++)
		if (row->family == ROAD_PROGRAM_DSA)
			program.version[row->opcode] = row->version;
	return program;
}

/* Does the stream stop at this byte of the descriptor? */
static bool refuses(const struct sim_program *program, const union dsa_descriptor *descriptor,
		    uint64_t byte)
{
	struct rig *rig = rig_open(program);
	bool bad;

	push(rig, descriptor);
	run(rig);
	bad = status_of(rig)->fault == ROAD_DSA_FAULT_DESCRIPTOR && status_of(rig)->detail == byte;
	rig_close(rig);
	return bad;
}

/* Each work twice: all others are enabled, and none of them is. */
static void opcodes_are_enabled_one_by_one(void)
{
	for (uint32_t work = 1; work < ROAD_DSA_WORKS; work++) {
		struct sim_program all = everything(), one = everything();
		const union dsa_descriptor descriptor = {.work = (uint8_t)work};

		all.version[work] = 0;
		CU_ASSERT_TRUE(refuses(&all, &descriptor, 0));
		memset(one.version, 0, sizeof(one.version));
		one.version[work] = everything().version[work];
		CU_ASSERT_FALSE(refuses(&one, &descriptor, 0));
		CU_ASSERT_FALSE(refuses(NULL, &descriptor, 0));
	}
}

static void versions_are_flags(void)
{
	static const struct {
		uint8_t flag;
		uint16_t since;
	} rows[] = {{ROAD_DSA_WORK_COOPERATIVE, 2}, {ROAD_DSA_WORK_ACTIVATE, 3}};
	const size_t flags = offsetof(struct road_dsa_descriptor, flags);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (uint16_t version = 1; version <= 3; version++) {
			const union dsa_descriptor descriptor = {.work = ROAD_DSA_WORK_TASK,
								 .flags = rows[i].flag};
			struct sim_program program = everything();

			program.version[ROAD_DSA_WORK_TASK] = version;
			CU_ASSERT_EQUAL(refuses(&program, &descriptor, flags),
					version < rows[i].since);
		}
}

/* ---- clock ---- */

/* ns from stamp to stamp over a fill, which waits for device memory so many cycles. */
static uint64_t fill_ns(const struct sim_program *program, uint64_t *khz, uint64_t *rate)
{
	struct rig *rig = rig_open(program);
	struct road_dsa_descriptor stamp = {.work = ROAD_DSA_WORK_TIMESTAMP,
					    .flags = ROAD_DSA_WORK_DST_BUS};
	const struct road_dsa_descriptor fill = {.work = ROAD_DSA_WORK_FILL,
						 .value_bytes = 4,
						 .dst = VA_DATA,
						 .bytes = 64,
						 .rows = 1,
						 .slices = 1};
	uint64_t t[2];

	*khz = get(rig, ROAD_DSA_REG_CLOCK_KHZ, 4);
	*rate = get(rig, ROAD_DSA_REG_CUBE_RATE64, 8);
	for (uint64_t i = 0; i < 2; i++) {
		stamp.dst = HOST + WORDS_AT + 8 * i;
		if (i)
			push(rig, &fill);
		push(rig, &stamp);
	}
	run(rig);
	CU_ASSERT_EQUAL(status_of(rig)->fault, 0);
	memcpy(t, rig->host + WORDS_AT, sizeof(t));
	rig_close(rig);
	return t[1] - t[0];
}

static void a_level_is_a_clock(void)
{
	struct sim_program program = everything();
	uint64_t khz[3], rate[3], ns[3];

	ns[0] = fill_ns(NULL, &khz[0], &rate[0]);
	ns[1] = fill_ns(&program, &khz[1], &rate[1]);
	program.level = 1;
	ns[2] = fill_ns(&program, &khz[2], &rate[2]);
	CU_ASSERT_EQUAL(khz[0], khz[1]);
	CU_ASSERT_EQUAL(rate[0], rate[1]);
	CU_ASSERT_EQUAL(ns[0], ns[1]);
	CU_ASSERT_EQUAL(khz[2], khz[0] / 2);
	CU_ASSERT_EQUAL(rate[2], rate[0] / 2);
	CU_ASSERT_TRUE(ns[2] > ns[1]);
}

static const struct tap_case cases[] = {
	{"a work that is not enabled is no descriptor, each", opcodes_are_enabled_one_by_one},
	{"what an enabled version lacks is no flag of the descriptor", versions_are_flags},
	{"a level of the program is a clock, and 1000 is the chip's", a_level_is_a_clock},
};
TAP_MAIN(cases)
