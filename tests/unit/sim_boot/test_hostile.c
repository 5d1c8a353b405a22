/* SPDX-License-Identifier: Apache-2.0 */
/* A host that writes what it likes, when it likes. */
#include <string.h>

#include "tests/unit/sim_boot/rig.h"

/* Out of turn they do nothing but to be told of. */
static void out_of_turn(void)
{
	static const struct {
		uint32_t reg, width, push, pull; /* phases in which they may be written, by bit */
	} rows[] = {
		{ROAD_BOOT_REG_OFFER, 4, 1 << ROAD_BOOT_PHASE_WAITING,
		 1 << ROAD_BOOT_PHASE_WAITING},
		{ROAD_BOOT_REG_DATA_BYTES, 4, 1 << ROAD_BOOT_PHASE_LOADING, 0},
		{ROAD_BOOT_REG_COMPLETE64, 8, 1 << ROAD_BOOT_PHASE_LOADING, 0},
		{ROAD_BOOT_REG_DATA, 8, 1 << ROAD_BOOT_PHASE_LOADING, 0},
		{ROAD_BOOT_REG_DMA_GO, 4, 0, 1 << ROAD_BOOT_PHASE_LOADING},
		{ROAD_BOOT_REG_PROTOCOL, 4, 1 << ROAD_BOOT_PHASE_HELLO, 1 << ROAD_BOOT_PHASE_HELLO},
	};
	static const uint32_t phases[] = {ROAD_BOOT_PHASE_OFF,     ROAD_BOOT_PHASE_ROM,
					  ROAD_BOOT_PHASE_AUTH,    ROAD_BOOT_PHASE_WAITING,
					  ROAD_BOOT_PHASE_LOADING, ROAD_BOOT_PHASE_STARTING,
					  ROAD_BOOT_PHASE_HELLO,   ROAD_BOOT_PHASE_RUNNING};

	for (uint32_t p = 0; p < sizeof(phases) / sizeof(phases[0]); p++)
		for (uint32_t style = 0; style < 2; style++)
			for (uint32_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
				struct sim_boot_options options = {.fault = SIM_BOOT_HANG,
								   .phase = phases[p]};
				struct rig_image image;
				const uint32_t may = style ? rows[r].pull : rows[r].push;

				if (may >> phases[p] & 1)
					continue;
				rig_begin_with(style ? SIM_BOOT_PULL : SIM_BOOT_PUSH, 1, &options);
				rig_image(&image, 0);
				if (rig_boot() != phases[p])
					CU_FAIL("it hangs elsewhere");
				const uint32_t sequence =
					(uint32_t)rig_get(ROAD_BOOT_REG_SEQUENCE, 4);

				rig.violations = 0;
				rig_put(rows[r].reg, rows[r].width, 1);
				CU_ASSERT_EQUAL(rig.violations, 1);
				CU_ASSERT_PTR_NOT_NULL(strstr(rig.said, "boot block"));
				CU_ASSERT_EQUAL(rig_get(ROAD_BOOT_REG_SEQUENCE, 4), sequence);
				CU_ASSERT_PTR_NULL(rig.event);
				rig_end();
			}
}

static void wrong_values(void)
{
	rig_begin(SIM_BOOT_PUSH, 1);
	rig_settle();
	rig_put(ROAD_BOOT_REG_OFFER_BYTES64, 8, 50);
	rig_put(ROAD_BOOT_REG_OFFER, 4, 1); /* there is one */
	CU_ASSERT_EQUAL(rig.violations, 1);
	rig_put(ROAD_BOOT_REG_OFFER, 4, 0);
	rig_put(ROAD_BOOT_REG_OFFER, 4, 0); /* it is at work */
	CU_ASSERT_EQUAL(rig.violations, 2);
	rig_settle();
	rig_put(ROAD_BOOT_REG_DATA_BYTES, 4, 0);
	rig_put(ROAD_BOOT_REG_DATA_BYTES, 4, RIG_CHUNK + 1);
	rig_put(ROAD_BOOT_REG_DATA_BYTES, 4, 51);
	CU_ASSERT_EQUAL(rig.violations, 5);
	rig_put(ROAD_BOOT_REG_DATA_BYTES, 4, 50);
	rig_put(ROAD_BOOT_REG_DATA_BYTES, 4, 1); /* behind the image */
	CU_ASSERT_EQUAL(rig.violations, 6);
	rig_put(ROAD_BOOT_REG_DATA + ROAD_BOOT_DATA_BYTES - 8, 8, 1);
	CU_ASSERT_EQUAL(rig.violations, 6);
	rig_put(ROAD_BOOT_REG_DATA + 4, 4, 1);
	rig_put(ROAD_BOOT_REG_DATA + 4, 8, 1);
	CU_ASSERT_EQUAL(rig.violations, 8);
	rig_put(ROAD_BOOT_REG_CONTROL, 4, 2);
	rig_put(ROAD_BOOT_REG_DUMP_OFFSET, 4, 4);
	CU_ASSERT_EQUAL(rig.violations, 10);
	rig_end();
	rig_begin(SIM_BOOT_PULL, 1);
	rig_settle();
	rig_put(ROAD_BOOT_REG_OFFER_BYTES64, 8, 250);
	rig_put(ROAD_BOOT_REG_OFFER, 4, 0);
	rig_settle();
	rig_put(ROAD_BOOT_REG_DMA_ADDRESS64, 8, RIG_BUS);
	rig_put(ROAD_BOOT_REG_DMA_BYTES, 4, RIG_CHUNK - 1);
	rig_put(ROAD_BOOT_REG_DMA_GO, 4, 1); /* not all that was asked for */
	rig_put(ROAD_BOOT_REG_DMA_BYTES, 4, RIG_CHUNK + 1);
	rig_put(ROAD_BOOT_REG_DMA_GO, 4, 1);
	rig_put(ROAD_BOOT_REG_DMA_BYTES, 4, RIG_CHUNK);
	rig_put(ROAD_BOOT_REG_DMA_GO, 4, 2); /* another request */
	CU_ASSERT_EQUAL(rig.violations, 3);
	CU_ASSERT_EQUAL(rig.reads, 0);
	rig_put(ROAD_BOOT_REG_DMA_GO, 4, 1);
	rig_put(ROAD_BOOT_REG_DMA_GO, 4, 1); /* twice */
	CU_ASSERT_EQUAL(rig.violations, 4);
	rig_end();
}

static void no_register(void)
{
	static const struct {
		uint32_t reg, width;
		bool write;
	} rows[] = {
		{ROAD_BOOT_REG_MAGIC, 8, false},
		{ROAD_BOOT_REG_MAGIC, 4, true},
		{ROAD_BOOT_REG_CHIP64, 4, false},
		{ROAD_BOOT_REG_CHIP64 + 4, 4, false},
		{ROAD_BOOT_REG_COMPONENT_NAME64, 4, false},
		{ROAD_BOOT_REG_COMPONENT_NAME64, 8, true},
		{ROAD_BOOT_REG_COMPONENT_NAME64 + 4, 8, false},
		{ROAD_BOOT_REG_HELLO, 4, false},
		{ROAD_BOOT_REG_HELLO + 56, 8, false},
		{ROAD_BOOT_REG_PHASE, 4, true},
		{ROAD_BOOT_REG_HEARTBEAT64, 8, true},
		{0x1a0, 4, false},
		{0x3fc, 4, true},
		{ROAD_BOOT_REG_DATA, 8, false},
		{ROAD_BOOT_BYTES - 8, 8, true},
		{1, 4, false},
		{2, 1, false},
	};

	rig_begin(SIM_BOOT_PUSH, 1);
	for (uint32_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].write)
			rig_put(rows[i].reg, rows[i].width, 0);
		else
			CU_ASSERT_EQUAL(rig_get(rows[i].reg, rows[i].width),
					rows[i].width == 8 ? UINT64_MAX : UINT32_MAX);
		CU_ASSERT_EQUAL(rig.violations, i + 1);
	}
	rig_end();
	CU_ASSERT_EQUAL(sim_boot_read(NULL, 0, ROAD_BOOT_REG_MAGIC, 4), 0);
}

/* Bytes that came before stay as they were checked: memory that changes under way is read once. */
static void read_once(void)
{
	struct rig_image image;

	rig_begin(SIM_BOOT_PULL, 1);
	rig_image(&image, 0);
	rig_settle();
	CU_ASSERT_EQUAL(rig_load(&image), ROAD_BOOT_PHASE_HELLO);
	CU_ASSERT_EQUAL(rig.reads, (image.count + RIG_CHUNK - 1) / RIG_CHUNK);
	rig_end();
}

static uint64_t state;
static uint64_t random64(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	return state ^= state << 17;
}

/* Only what was signed comes to run. */
static void anything(void)
{
	static const uint32_t regs[] = {
		ROAD_BOOT_REG_SELECT,     ROAD_BOOT_REG_OFFER_BYTES64, ROAD_BOOT_REG_OFFER,
		ROAD_BOOT_REG_DATA_BYTES, ROAD_BOOT_REG_DMA_ADDRESS64, ROAD_BOOT_REG_DMA_BYTES,
		ROAD_BOOT_REG_DMA_GO,     ROAD_BOOT_REG_COMPLETE64,    ROAD_BOOT_REG_NONCE64,
		ROAD_BOOT_REG_PROTOCOL,   ROAD_BOOT_REG_DUMP_OFFSET,   ROAD_BOOT_REG_PROGRAM_SELECT,
		ROAD_BOOT_REG_DATA,       ROAD_BOOT_REG_DUMP64,        ROAD_BOOT_REG_CONTROL,
	};
	static const uint64_t values[] = {0,   1,        2,          99,         RIG_CHUNK,
					  300, RIG_MOST, UINT32_MAX, UINT64_MAX, RIG_BUS};

	for (uint64_t seed = 1; seed <= 8; seed++) {
		uint32_t loadings = 0;

		state = seed * UINT64_C(0x9e3779b97f4a7c15);
		rig_begin(seed % 2 ? SIM_BOOT_PUSH : SIM_BOOT_PULL, 1 + seed / 2 % 2);
		for (uint32_t i = 0; i < 20000; i++) {
			const uint32_t reg = regs[random64() % (sizeof(regs) / sizeof(regs[0]))];
			const uint64_t value =
				values[random64() % (sizeof(values) / sizeof(values[0]))];

			if (random64() % 4 == 0)
				rig_step();
			if (random64() % 4 == 0)
				rig.violations += !!rig_get(reg, random64() % 2 ? 4 : 8);
			if (reg != ROAD_BOOT_REG_CONTROL || random64() % 64 == 0)
				rig_put(reg, random64() % 2 ? 4 : 8, value);
			loadings += rig_get(ROAD_BOOT_REG_PHASE, 4) == ROAD_BOOT_PHASE_LOADING;
		}
		CU_ASSERT(loadings > 10);
		CU_ASSERT_EQUAL(rig.started, 0);
		rig_put(ROAD_BOOT_REG_CONTROL, 4, ROAD_BOOT_CONTROL_RESET);
		CU_ASSERT_EQUAL(rig_boot(), ROAD_BOOT_PHASE_RUNNING);
		rig_end();
	}
}

/* Function 1 writes all of the window, in each phase of function 0's boot. */
static void write_all_as_another(void)
{
	for (uint32_t at = 0; at < ROAD_BOOT_BYTES; at += 4) {
		const bool reads_by = at == ROAD_BOOT_REG_SELECT ||
				      at == ROAD_BOOT_REG_DUMP_OFFSET ||
				      at == ROAD_BOOT_REG_PROGRAM_SELECT;
		const uint32_t before = rig.violations;

		sim_boot_write(rig.boot, 1, at, at % 8 ? 4 : 8, 1);
		if (!reads_by) {
			CU_ASSERT_EQUAL(rig.violations, before + 1);
			CU_ASSERT_PTR_NOT_NULL(strstr(rig.said, "firmware belongs to"));
		}
	}
	sim_boot_write(rig.boot, 1, ROAD_BOOT_REG_SELECT, 4, 77);
	sim_boot_write(rig.boot, 1, ROAD_BOOT_REG_PROGRAM_SELECT, 4, 78);
}

static void another_function(void)
{
	for (uint32_t style = 0; style < 2; style++)
		for (uint32_t phase = ROAD_BOOT_PHASE_ROM; phase <= ROAD_BOOT_PHASE_RUNNING;
		     phase++) {
			struct sim_boot_options options = {.fault = SIM_BOOT_HANG, .phase = phase};

			if (phase == ROAD_BOOT_PHASE_REJECTED)
				continue;
			rig_begin_with(style ? SIM_BOOT_PULL : SIM_BOOT_PUSH, 1, &options);
			CU_ASSERT_EQUAL(rig_boot(), phase);
			rig_put(ROAD_BOOT_REG_PROGRAM_SELECT, 4, 5);
			const uint64_t sequence = rig_get(ROAD_BOOT_REG_SEQUENCE, 4);

			write_all_as_another();
			CU_ASSERT_EQUAL(rig_get(ROAD_BOOT_REG_SEQUENCE, 4), sequence);
			CU_ASSERT_EQUAL(rig_get(ROAD_BOOT_REG_PROGRAM_SELECT, 4), 5);
			CU_ASSERT_EQUAL(sim_boot_read(rig.boot, 1, ROAD_BOOT_REG_PROGRAM_SELECT, 4),
					78);
			CU_ASSERT_EQUAL(sim_boot_read(rig.boot, 1, ROAD_BOOT_REG_PHASE, 4), phase);
			CU_ASSERT_EQUAL(rig_get(ROAD_BOOT_REG_OWNER, 4), 0);
			CU_ASSERT_EQUAL(sim_boot_read(rig.boot, 1, ROAD_BOOT_REG_OWNER, 4), 1);
			CU_ASSERT_EQUAL(rig.resets, 0);
			CU_ASSERT_EQUAL(sim_boot_inject(rig.boot, 1, SIM_BOOT_CRASH, 0, 1),
					SIM_INJECT_NONE);
			rig_end();
		}
}

static const struct tap_case cases[] = {
	{"what is written out of turn is told of, and does nothing", out_of_turn},
	{"values that cannot be are told of, and do nothing", wrong_values},
	{"where there is no register of a width there is none", no_register},
	{"the ROM reads each byte of the host's memory once", read_once},
	{"whatever a host writes, only what was signed comes to run", anything},
	{"a function that firmware does not belong to reads, and boots nothing", another_function},
};
TAP_MAIN(cases)
