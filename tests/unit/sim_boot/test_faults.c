/* SPDX-License-Identifier: Apache-2.0 */
/* What goes wrong when it is asked for: for so many boots, or for all. */
#include <stdio.h>
#include <string.h>

#include <roadbed-driver/firmware.h>
#include <roadbed/sim.h>

#include "tests/unit/sim_boot/rig.h"

#define SAME(name)                                                        \
	_Static_assert((int)SIM_BOOT_##name == (int)ROAD_SIM_BOOT_##name, \
		       "the model's numbers are those of <roadbed/sim.h>")
SAME(HONEST);
SAME(HANG);
SAME(REJECT);
SAME(SELFTEST);
SAME(OFFSET);
SAME(LENGTH);
SAME(ENDLESS);
SAME(EARLY);
SAME(PROTOCOL);
SAME(VERSION);
SAME(CHIP);
SAME(CRASH);
SAME(STOP);
SAME(FAULTS);

/* What a host sees that does its part as far as it goes; pull: 100 requests at most. */
struct seen {
	uint32_t phase, code;
	uint64_t asked_behind, asked; /* requests that reach behind the image; all */
	struct road_boot_hello hello;
};

static void answer(const struct rig_image *image, struct seen *seen)
{
	const uint64_t offset = rig_get(ROAD_BOOT_REG_REQUEST_OFFSET64, 8);
	const uint32_t bytes = (uint32_t)rig_get(ROAD_BOOT_REG_REQUEST_BYTES, 4);
	const bool behind = offset > image->count || bytes > image->count - offset;

	seen->asked++;
	seen->asked_behind += behind;
	if (!behind)
		memcpy(rig.memory, image->bytes + offset, bytes);
	rig_put(ROAD_BOOT_REG_DMA_ADDRESS64, 8, RIG_BUS);
	rig_put(ROAD_BOOT_REG_DMA_BYTES, 4, bytes);
	rig_put(ROAD_BOOT_REG_DMA_GO, 4, rig_get(ROAD_BOOT_REG_REQUEST64, 8));
}

/* As much as fits is pushed, in one piece after the other, while it is taken. */
static void push(const struct rig_image *image)
{
	for (uint32_t at = 0; at < image->count; at += RIG_CHUNK) {
		const uint32_t left = image->count - at, n = left < RIG_CHUNK ? left : RIG_CHUNK;

		for (uint32_t i = 0; i < n; i += 8) {
			uint64_t word = 0;

			if (rig_get(ROAD_BOOT_REG_PHASE, 4) != ROAD_BOOT_PHASE_LOADING)
				return;
			memcpy(&word, image->bytes + at + i, n - i < 8 ? n - i : 8);
			rig_put(ROAD_BOOT_REG_DATA + i, 8, word);
		}
		rig_put(ROAD_BOOT_REG_DATA_BYTES, 4, n);
	}
	rig_put(ROAD_BOOT_REG_COMPLETE64, 8, image->count);
}

static void greet(struct seen *seen)
{
	for (uint32_t i = 0; i < sizeof(seen->hello); i += 8) {
		const uint64_t word = rig_get(ROAD_BOOT_REG_HELLO + i, 8);

		memcpy((char *)&seen->hello + i, &word, sizeof(word));
	}
	rig_put(ROAD_BOOT_REG_NONCE64, 8, seen->hello.nonce);
	rig_put(ROAD_BOOT_REG_PROTOCOL, 4, seen->hello.protocol_max);
}

static struct seen boot(void)
{
	struct rig_image image;
	struct seen seen = {0};
	uint32_t was = UINT32_MAX;

	rig_image(&image, 0);
	for (uint32_t i = 0; i < 300; i++) {
		seen.phase = (uint32_t)rig_get(ROAD_BOOT_REG_PHASE, 4);
		if (seen.phase == ROAD_BOOT_PHASE_LOADING && rig.setup.style == SIM_BOOT_PULL &&
		    rig_get(ROAD_BOOT_REG_REQUEST_BYTES, 4) && seen.asked < 100)
			answer(&image, &seen);
		if (seen.phase != was && seen.phase == ROAD_BOOT_PHASE_WAITING) {
			rig_put(ROAD_BOOT_REG_OFFER_BYTES64, 8, image.count);
			rig_put(ROAD_BOOT_REG_OFFER, 4, 0);
		}
		if (seen.phase != was && seen.phase == ROAD_BOOT_PHASE_LOADING &&
		    rig.setup.style == SIM_BOOT_PUSH)
			push(&image);
		if (seen.phase != was && seen.phase == ROAD_BOOT_PHASE_HELLO)
			greet(&seen);
		was = seen.phase;
		rig_step();
	}
	seen.code = (uint32_t)rig_get(ROAD_BOOT_REG_CODE, 4);
	return seen;
}

static void again(void)
{
	rig_put(ROAD_BOOT_REG_CONTROL, 4, ROAD_BOOT_CONTROL_RESET);
}

static void hangs(void)
{
	static const uint32_t phases[] = {ROAD_BOOT_PHASE_OFF,     ROAD_BOOT_PHASE_ROM,
					  ROAD_BOOT_PHASE_WAITING, ROAD_BOOT_PHASE_LOADING,
					  ROAD_BOOT_PHASE_AUTH,    ROAD_BOOT_PHASE_STARTING,
					  ROAD_BOOT_PHASE_HELLO};

	for (int style = SIM_BOOT_PUSH; style <= SIM_BOOT_PULL; style++)
		for (uint32_t i = 0; i < sizeof(phases) / sizeof(phases[0]); i++) {
			rig_begin((enum sim_boot_style)style, 1);
			CU_ASSERT_EQUAL(sim_boot_inject(rig.boot, 0, SIM_BOOT_HANG, phases[i], 2),
					SIM_INJECTED);
			for (int times = 0; times < 2; times++) {
				again();
				CU_ASSERT_EQUAL(boot().phase, phases[i]);
				CU_ASSERT_PTR_NULL(rig.event);
				CU_ASSERT_EQUAL(rig.started, 0);
			}
			again();
			CU_ASSERT_EQUAL(boot().phase, ROAD_BOOT_PHASE_RUNNING);
			CU_ASSERT_EQUAL(rig.violations, 0);
			rig_end();
		}
}

static void hangs_running(void)
{
	rig_begin(SIM_BOOT_PUSH, 1);
	CU_ASSERT_EQUAL(sim_boot_inject(rig.boot, 0, SIM_BOOT_HANG, ROAD_BOOT_PHASE_RUNNING, 1),
			SIM_INJECTED);
	again();
	CU_ASSERT_EQUAL(boot().phase, ROAD_BOOT_PHASE_RUNNING);
	CU_ASSERT(!sim_boot_works(rig.boot));
	CU_ASSERT_EQUAL(rig_each(SIM_BOOT_DROP), 1);
	rig_end();
}

/* The faults that end in a phase with a code. */
static void ends_in(uint32_t fault, uint32_t phase, uint32_t code)
{
	struct seen seen;

	for (int style = SIM_BOOT_PUSH; style <= SIM_BOOT_PULL; style++) {
		rig_begin((enum sim_boot_style)style, 1);
		CU_ASSERT_EQUAL(sim_boot_inject(rig.boot, 0, fault, 0, 1), SIM_INJECTED);
		again();
		seen = boot();
		CU_ASSERT_EQUAL(seen.phase, phase);
		CU_ASSERT_EQUAL(seen.code, code);
		again();
		CU_ASSERT_EQUAL(boot().phase, ROAD_BOOT_PHASE_RUNNING);
		rig_end();
	}
}

static void rejects(void)
{
	ends_in(SIM_BOOT_REJECT, ROAD_BOOT_PHASE_REJECTED, ROAD_BOOT_CODE_KEY);
}

static void selftest(void)
{
	ends_in(SIM_BOOT_SELFTEST, ROAD_BOOT_PHASE_CRASHED, ROAD_BOOT_CODE_SELFTEST);
}

static void early(void)
{
	ends_in(SIM_BOOT_EARLY, ROAD_BOOT_PHASE_AUTH, ROAD_BOOT_CODE_NONE);
}

static void asks(void)
{
	static const uint32_t faults[] = {SIM_BOOT_OFFSET, SIM_BOOT_LENGTH, SIM_BOOT_ENDLESS};
	struct seen seen;

	for (uint32_t i = 0; i < 3; i++) {
		rig_begin(SIM_BOOT_PULL, 1);
		CU_ASSERT_EQUAL(sim_boot_inject(rig.boot, 0, faults[i], 0, SIM_BOOT_EVERY),
				SIM_INJECTED);
		for (int times = 0; times < 3; times++) {
			again();
			seen = boot();
			CU_ASSERT_EQUAL(seen.phase, ROAD_BOOT_PHASE_LOADING);
			CU_ASSERT_EQUAL(seen.asked, 100); /* and so on */
			CU_ASSERT_EQUAL(seen.asked_behind, i == 2 ? 0 : 100);
			CU_ASSERT_EQUAL(rig.reads, 0);
		}
		rig_end();
		rig_begin(SIM_BOOT_PUSH, 1); /* has nothing to ask */
		CU_ASSERT_EQUAL(sim_boot_inject(rig.boot, 0, faults[i], 0, 1), SIM_INJECT_NOWHERE);
		rig_end();
	}
}

static void lies(void)
{
	static const uint32_t faults[] = {SIM_BOOT_PROTOCOL, SIM_BOOT_VERSION, SIM_BOOT_CHIP};

	for (uint32_t i = 0; i < 3; i++) {
		rig_begin(SIM_BOOT_PUSH, 1);
		CU_ASSERT_EQUAL(sim_boot_inject(rig.boot, 0, faults[i], 0, 1), SIM_INJECTED);
		again();
		const struct road_boot_hello hello = boot().hello;

		CU_ASSERT_EQUAL(hello.protocol_min == 1 && hello.protocol_max == 3, i != 0);
		CU_ASSERT_EQUAL(hello.version_build == 5, i != 1);
		CU_ASSERT_EQUAL(hello.chip == RIG_CHIP, i != 2);
		rig_end();
	}
}

/* An option holds for every boot; what a test asks for goes before it, as long as it lasts. */
static void option(void)
{
	const struct sim_boot_options options = {.fault = SIM_BOOT_SELFTEST};

	rig_begin_with(SIM_BOOT_PUSH, 1, &options);
	CU_ASSERT_EQUAL(boot().phase, ROAD_BOOT_PHASE_CRASHED);
	again();
	CU_ASSERT_EQUAL(boot().phase, ROAD_BOOT_PHASE_CRASHED);
	CU_ASSERT_EQUAL(sim_boot_inject(rig.boot, 0, SIM_BOOT_HONEST, 0, 1), SIM_INJECTED);
	again();
	CU_ASSERT_EQUAL(boot().phase, ROAD_BOOT_PHASE_RUNNING);
	again();
	CU_ASSERT_EQUAL(boot().phase, ROAD_BOOT_PHASE_CRASHED);
	rig_end();
}

static void no_such_fault(void)
{
	static const struct {
		uint32_t fault, phase;
	} rows[] = {{SIM_BOOT_FAULTS, 0},
		    {UINT32_MAX, 0},
		    {SIM_BOOT_HANG, ROAD_BOOT_PHASE_REJECTED},
		    {SIM_BOOT_HANG, ROAD_BOOT_PHASE_DEGRADED},
		    {SIM_BOOT_HANG, UINT32_MAX},
		    {SIM_BOOT_REJECT, 1},
		    {SIM_BOOT_CRASH, 0},
		    {SIM_BOOT_STOP, 0}}; /* nothing runs yet */

	rig_begin(SIM_BOOT_PULL, 1);
	for (uint32_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CU_ASSERT_EQUAL(sim_boot_inject(rig.boot, 0, rows[i].fault, rows[i].phase, 1),
				SIM_INJECT_NOWHERE);
	CU_ASSERT_EQUAL(sim_boot_inject(NULL, 0, SIM_BOOT_HONEST, 0, 1), SIM_INJECT_NONE);
	again();
	CU_ASSERT_EQUAL(boot().phase, ROAD_BOOT_PHASE_RUNNING);
	rig_end();
}

static void options_text(void)
{
	static const char key[] =
		"00112233445566778899aabbccddeeffFFEEDDCCBBAA99887766554433221100";
	static const struct {
		const char *key, *value;
		enum sim_boot_style style;
		bool good;
	} rows[] = {
		{"boot", "honest", SIM_BOOT_PUSH, true},
		{"boot", "hang:auth", SIM_BOOT_PUSH, true},
		{"boot", "hang:running", SIM_BOOT_PUSH, true},
		{"boot", "hang", SIM_BOOT_PUSH, false},
		{"boot", "hang:", SIM_BOOT_PUSH, false},
		{"boot", "hang:degraded", SIM_BOOT_PUSH, false},
		{"boot", "reject:auth", SIM_BOOT_PUSH, false},
		{"boot", "rejects", SIM_BOOT_PUSH, false},
		{"boot", "", SIM_BOOT_PUSH, false},
		{"boot", "endless", SIM_BOOT_PULL, true},
		{"boot", "endless", SIM_BOOT_PUSH, false},
		{"boot", "crash", SIM_BOOT_PUSH, false},
		{"rom_key", key, SIM_BOOT_PUSH, true},
		{"rom_key", key + 1, SIM_BOOT_PUSH, false},
		{"rom_key", "", SIM_BOOT_PUSH, false},
		{"firmware", "search", SIM_BOOT_PUSH, true},
		{"firmware", "development", SIM_BOOT_PUSH, true},
		{"firmware", "here", SIM_BOOT_PUSH, false},
	};

	for (uint32_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct sim_option one = {rows[i].key, rows[i].value};
		struct sim_boot_options out = {0};
		char error[SIM_ERROR_BYTES] = "";
		const bool good = sim_boot_option(&out, &one, rows[i].style, error);

		CU_ASSERT_EQUAL(good, rows[i].good);
		CU_ASSERT_EQUAL(!error[0], good);
		if (good != rows[i].good)
			printf("# %s=%s: %s\n", one.key, one.value, error);
		if (good && rows[i].value == key)
			CU_ASSERT(out.key[0] == 0 && out.key[15] == 0xff && out.key[30] == 0x11);
	}
}

static const struct tap_case cases[] = {
	{"a boot hangs in the phase that was asked for, and the next ones do not", hangs},
	{"firmware that hangs when it runs stands still from the first", hangs_running},
	{"every image is refused", rejects},
	{"the self-test fails", selftest},
	{"the ROM goes on before the image is there, and runs nothing", early},
	{"a ROM asks wildly and without end, and reads none of it", asks},
	{"the hello lies about protocols, version or chip, one of them", lies},
	{"an option holds for every boot, a test's wish goes before it", option},
	{"a fault that there is not is none", no_such_fault},
	{"options are read to their last character", options_text},
};
TAP_MAIN(cases)
