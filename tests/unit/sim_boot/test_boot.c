/* SPDX-License-Identifier: Apache-2.0 */
/* An honest boot in each style, what is to be read of it, its ends. */
#include <string.h>

#include "tests/unit/sim_boot/rig.h"

static uint32_t phase(void)
{
	return (uint32_t)rig_get(ROAD_BOOT_REG_PHASE, 4);
}

/* ---- the way to RUNNING ---- */

static void describes(void)
{
	static const uint8_t vendor[16] = ROAD_PROGRAM_VENDOR, class[16] = ROAD_PROGRAM_CLASS_GPU;
	uint64_t name[4], uuid[2];

	rig_begin(SIM_BOOT_PULL, 2);
	CU_ASSERT_EQUAL(rig_get(ROAD_BOOT_REG_MAGIC, 4), ROAD_BOOT_MAGIC);
	CU_ASSERT_EQUAL(rig_get(ROAD_BOOT_REG_VERSION, 4), ROAD_BOOT_VERSION);
	CU_ASSERT_EQUAL(rig_get(ROAD_BOOT_REG_STYLE, 4), 1);
	CU_ASSERT_EQUAL(rig_get(ROAD_BOOT_REG_CHUNK, 4), RIG_CHUNK);
	CU_ASSERT_EQUAL(rig_get(ROAD_BOOT_REG_CHIP64, 8), RIG_CHIP);
	CU_ASSERT_EQUAL(rig_get(ROAD_BOOT_REG_COMPONENTS, 4), 2);
	for (uint32_t c = 0; c < 2; c++) {
		rig_put(ROAD_BOOT_REG_SELECT, 4, c);
		for (uint32_t i = 0; i < 4; i++)
			name[i] = rig_get(ROAD_BOOT_REG_COMPONENT_NAME64 + 8 * i, 8);
		CU_ASSERT_STRING_EQUAL((const char *)name, c ? "two" : "one");
		CU_ASSERT_EQUAL(rig_get(ROAD_BOOT_REG_COMPONENT_BYTES, 4), RIG_MOST);
		CU_ASSERT_EQUAL(rig_get(ROAD_BOOT_REG_COMPONENT_UNITS, 4), c ? 4 : 1);
		for (uint32_t i = 0; i < 2; i++)
			uuid[i] = rig_get(ROAD_BOOT_REG_COMPONENT_VENDOR64 + 8 * i, 8);
		CU_ASSERT(!memcmp(uuid, vendor, sizeof(vendor)));
		for (uint32_t i = 0; i < 2; i++)
			uuid[i] = rig_get(ROAD_BOOT_REG_COMPONENT_CLASS64 + 8 * i, 8);
		CU_ASSERT(!memcmp(uuid, class, sizeof(class)));
	}
	rig_put(ROAD_BOOT_REG_SELECT, 4, 2); /* there is none */
	CU_ASSERT_EQUAL(rig_get(ROAD_BOOT_REG_COMPONENT_NAME64, 8), 0);
	CU_ASSERT_EQUAL(rig_get(ROAD_BOOT_REG_COMPONENT_BYTES, 4), 0);
	CU_ASSERT_EQUAL(rig.violations, 0);
	rig_end();
}

/* Each phase follows the one before it, after some time. */
static void one_after_the_other(void)
{
	static const uint32_t first[] = {ROAD_BOOT_PHASE_ROM, ROAD_BOOT_PHASE_WAITING,
					 ROAD_BOOT_PHASE_LOADING};
	static const uint32_t then[] = {ROAD_BOOT_PHASE_AUTH, ROAD_BOOT_PHASE_AUTH,
					ROAD_BOOT_PHASE_STARTING, ROAD_BOOT_PHASE_HELLO};
	struct rig_image image;
	uint64_t before;

	rig_begin(SIM_BOOT_PUSH, 1);
	rig_image(&image, 0);
	CU_ASSERT_EQUAL(phase(), ROAD_BOOT_PHASE_OFF);
	for (uint32_t i = 0; i < 3; i++) {
		before = rig.now;
		if (i == 2) {
			rig_put(ROAD_BOOT_REG_OFFER_BYTES64, 8, image.count);
			rig_put(ROAD_BOOT_REG_OFFER, 4, 0);
			CU_ASSERT_EQUAL(phase(), ROAD_BOOT_PHASE_WAITING); /* not yet */
		}
		CU_ASSERT(rig_step());
		CU_ASSERT_EQUAL(phase(), first[i]);
		CU_ASSERT(rig.now > before);
	}
	CU_ASSERT(!rig_step()); /* it is the host's turn */
	for (uint32_t at = 0; at < image.count; at += RIG_CHUNK) {
		const uint32_t left = image.count - at, n = left < RIG_CHUNK ? left : RIG_CHUNK;
		uint64_t words[RIG_CHUNK / 8 + 1] = {0};

		memcpy(words, image.bytes + at, n);
		for (uint32_t i = 0; i * 8 < n; i++)
			rig_put(ROAD_BOOT_REG_DATA + 8 * i, 8, words[i]);
		rig_put(ROAD_BOOT_REG_DATA_BYTES, 4, n);
	}
	rig_put(ROAD_BOOT_REG_COMPLETE64, 8, image.count);
	for (uint32_t i = 0; i < 4; i++) {
		CU_ASSERT(rig_step());
		CU_ASSERT_EQUAL(phase(), then[i]);
	}
	CU_ASSERT(!rig_step());
	CU_ASSERT_EQUAL(rig.started, 0);
	CU_ASSERT(!sim_boot_runs(rig.boot));
	CU_ASSERT_EQUAL(rig.violations, 0);
	rig_end();
}

static void hello_of(struct road_boot_hello *out)
{
	uint64_t words[sizeof(*out) / 8];

	for (uint32_t i = 0; i < sizeof(*out) / 8; i++)
		words[i] = rig_get(ROAD_BOOT_REG_HELLO + 8 * i, 8);
	memcpy(out, words, sizeof(*out));
}

static void boots(enum sim_boot_style style, uint32_t components)
{
	struct road_boot_hello hello;

	rig_begin(style, components);
	CU_ASSERT_PTR_NULL(sim_boot_program(rig.boot));
	CU_ASSERT_EQUAL(rig_boot(), ROAD_BOOT_PHASE_RUNNING);
	CU_ASSERT(rig.now > 50 * RIG_US && rig.now < 500 * RIG_US);
	CU_ASSERT_EQUAL(rig.started, 1);
	CU_ASSERT(sim_boot_runs(rig.boot) && sim_boot_works(rig.boot));
	hello_of(&hello);
	CU_ASSERT_EQUAL(hello.chip, RIG_CHIP);
	CU_ASSERT_EQUAL(hello.protocol_min, 1);
	CU_ASSERT_EQUAL(hello.protocol_max, components == 2 ? 2 : 3); /* that all speak */
	CU_ASSERT(hello.version_major == 2 && hello.version_minor == 3);
	CU_ASSERT(hello.version_revision == 4 && hello.version_build == 5);
	CU_ASSERT_EQUAL(hello.counter, 6);
	CU_ASSERT_EQUAL(hello.features, 9);
	CU_ASSERT_EQUAL(rig.violations, 0);
	CU_ASSERT_EQUAL(rig.reads > 0, style == SIM_BOOT_PULL);
}

static void pushed(void)
{
	boots(SIM_BOOT_PUSH, 1);
	rig_end();
}

static void pulled(void)
{
	boots(SIM_BOOT_PULL, 1);
	rig_end();
}

static uint32_t opcode(uint32_t number)
{
	rig_put(ROAD_BOOT_REG_PROGRAM_SELECT, 4, number);
	return (uint32_t)rig_get(ROAD_BOOT_REG_PROGRAM_OPCODE, 4);
}

/* All images together are what the chip works by. */
static void two_components(void)
{
	for (int style = SIM_BOOT_PUSH; style <= SIM_BOOT_PULL; style++) {
		boots((enum sim_boot_style)style, 2);
		CU_ASSERT_EQUAL(opcode(0), 1);
		CU_ASSERT_EQUAL(opcode(3), 1);
		CU_ASSERT_EQUAL(opcode(4), 1);
		CU_ASSERT_EQUAL(opcode(5), 0);
		CU_ASSERT_EQUAL(opcode(UINT32_MAX), 0);
		CU_ASSERT_EQUAL(rig_get(ROAD_BOOT_REG_PROGRAM_QUANTUM_NS, 4), 700);
		CU_ASSERT_EQUAL(rig_get(ROAD_BOOT_REG_PROGRAM_LEVELS, 4), 2);
		CU_ASSERT_EQUAL(rig_get(ROAD_BOOT_REG_PROGRAM_LEVEL, 4), 1);
		rig_put(ROAD_BOOT_REG_PROGRAM_SELECT, 4, 1);
		CU_ASSERT_EQUAL(rig_get(ROAD_BOOT_REG_PROGRAM_CLOCK, 4), 500);
		CU_ASSERT_EQUAL(rig_get(ROAD_BOOT_REG_PROGRAM_POWER, 4), 300 + 4 * 500);
		rig_end();
	}
}

/* The sequence rises with what changes by itself, and not with the heart. */
static void sequence(void)
{
	uint32_t seen = 0, was = ROAD_BOOT_PHASE_OFF, now = 0;
	uint64_t beat;

	rig_begin(SIM_BOOT_PUSH, 1);
	do {
		now = (uint32_t)rig_get(ROAD_BOOT_REG_SEQUENCE, 4);
		CU_ASSERT_EQUAL(phase() != was, now != seen && seen);
		seen = now;
		was = phase();
	} while (rig_step());
	CU_ASSERT_EQUAL(rig_boot(), ROAD_BOOT_PHASE_RUNNING);
	seen = (uint32_t)rig_get(ROAD_BOOT_REG_SEQUENCE, 4);
	beat = rig_get(ROAD_BOOT_REG_HEARTBEAT64, 8);
	CU_ASSERT(beat > 0);
	for (int i = 0; i < 5; i++, beat = rig_get(ROAD_BOOT_REG_HEARTBEAT64, 8)) {
		rig.now += rig_get(ROAD_BOOT_REG_HEARTBEAT_NS64, 8) * 1000;
		CU_ASSERT(rig_get(ROAD_BOOT_REG_HEARTBEAT64, 8) > beat);
	}
	CU_ASSERT_EQUAL(rig_get(ROAD_BOOT_REG_SEQUENCE, 4), seen);
	rig_end();
}

/* ---- the answer to the hello ---- */

static void say(uint64_t nonce, uint32_t protocol)
{
	struct road_boot_hello hello;

	hello_of(&hello);
	rig_put(ROAD_BOOT_REG_NONCE64, 8, hello.nonce + nonce);
	rig_put(ROAD_BOOT_REG_PROTOCOL, 4, protocol);
}

static void to_hello(void)
{
	struct rig_image image;

	rig_begin(SIM_BOOT_PUSH, 1);
	rig_settle();
	rig_image(&image, 0);
	CU_ASSERT_EQUAL_FATAL(rig_load(&image), ROAD_BOOT_PHASE_HELLO);
}

static void another_nonce(void)
{
	to_hello();
	say(1, 1);
	CU_ASSERT_EQUAL(rig_settle(), ROAD_BOOT_PHASE_CRASHED);
	CU_ASSERT_EQUAL(rig_get(ROAD_BOOT_REG_CODE, 4), ROAD_BOOT_CODE_NONCE);
	CU_ASSERT(rig_get(ROAD_BOOT_REG_DUMP_BYTES, 4) > sizeof(struct road_boot_dump));
	CU_ASSERT_EQUAL(rig.started, 0);
	CU_ASSERT_EQUAL(rig_each(SIM_BOOT_FAIL), 0); /* it never ran */
	rig_end();
}

static void no_protocol(void)
{
	to_hello();
	say(0, 0);
	CU_ASSERT_EQUAL(rig_settle(), ROAD_BOOT_PHASE_HELLO); /* it keeps quiet */
	CU_ASSERT_EQUAL(rig.violations, 0);
	say(0, 4);
	CU_ASSERT_EQUAL(rig_settle(), ROAD_BOOT_PHASE_HELLO);
	CU_ASSERT_EQUAL(rig.violations, 1);
	say(0, 3);
	CU_ASSERT_EQUAL(rig_settle(), ROAD_BOOT_PHASE_RUNNING);
	rig_end();
}

/* ---- ends ---- */

static void read_dump(struct road_boot_dump *dump, char *text, size_t bytes)
{
	const uint32_t all = (uint32_t)rig_get(ROAD_BOOT_REG_DUMP_BYTES, 4);
	uint64_t words[64] = {0};

	CU_ASSERT_FATAL(all > sizeof(*dump) && all < sizeof(words));
	rig_put(ROAD_BOOT_REG_DUMP_OFFSET, 4, 0);
	for (uint32_t i = 0; i * 8 < all; i++)
		words[i] = rig_get(ROAD_BOOT_REG_DUMP64, 8);
	CU_ASSERT_EQUAL(rig_get(ROAD_BOOT_REG_DUMP64, 8), 0); /* nothing behind it */
	memcpy(dump, words, sizeof(*dump));
	CU_ASSERT_EQUAL(dump->text_bytes, all - sizeof(*dump));
	memset(text, 0, bytes);
	memcpy(text, (char *)words + sizeof(*dump),
	       dump->text_bytes < bytes ? dump->text_bytes : bytes - 1);
}

static void crash(void)
{
	struct road_boot_dump dump;
	uint64_t beat;
	char text[160];

	boots(SIM_BOOT_PUSH, 1);
	rig.now += 900 * RIG_US;
	rig.entries += 5;
	beat = rig_get(ROAD_BOOT_REG_HEARTBEAT64, 8);
	CU_ASSERT_EQUAL(sim_boot_inject(rig.boot, 0, SIM_BOOT_CRASH, 0, 1), SIM_INJECTED);
	CU_ASSERT_EQUAL(rig_settle(), ROAD_BOOT_PHASE_CRASHED);
	CU_ASSERT_EQUAL(rig_each(SIM_BOOT_FAIL), 1);
	CU_ASSERT(!sim_boot_runs(rig.boot));
	CU_ASSERT_PTR_NULL(sim_boot_program(rig.boot));
	CU_ASSERT_EQUAL(rig_get(ROAD_BOOT_REG_CODE, 4), ROAD_BOOT_CODE_PANIC);
	read_dump(&dump, text, sizeof(text));
	CU_ASSERT_EQUAL(dump.magic, ROAD_BOOT_DUMP_MAGIC);
	CU_ASSERT_EQUAL(dump.code, ROAD_BOOT_CODE_PANIC);
	CU_ASSERT_EQUAL(dump.time_ns, rig.now / 1000);
	CU_ASSERT_EQUAL(dump.heartbeat, beat);
	CU_ASSERT(dump.image.version_major == 2 && dump.image.version_build == 5);
	CU_ASSERT_EQUAL(dump.queues_open, RIG_FUNCTIONS * (RIG_QUEUES - 1));
	CU_ASSERT_EQUAL(dump.packets, 5);
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "panic"));
	/* Again there is nothing that could crash. */
	CU_ASSERT_EQUAL(sim_boot_inject(rig.boot, 0, SIM_BOOT_CRASH, 0, 1), SIM_INJECT_NOWHERE);
	/* A reset leaves the dump, and boots. */
	rig_put(ROAD_BOOT_REG_CONTROL, 4, ROAD_BOOT_CONTROL_RESET);
	CU_ASSERT_EQUAL(rig_boot(), ROAD_BOOT_PHASE_RUNNING);
	CU_ASSERT_EQUAL(rig_get(ROAD_BOOT_REG_CODE, 4), ROAD_BOOT_CODE_NONE);
	read_dump(&dump, text, sizeof(text));
	CU_ASSERT_EQUAL(rig.violations, 0);
	rig_end();
}

static void stop(void)
{
	uint64_t beat;

	boots(SIM_BOOT_PUSH, 1);
	rig.now += 900 * RIG_US;
	const uint64_t before = rig_get(ROAD_BOOT_REG_HEARTBEAT64, 8);

	CU_ASSERT_EQUAL(sim_boot_inject(rig.boot, 0, SIM_BOOT_STOP, 0, 1), SIM_INJECTED);
	CU_ASSERT_EQUAL(rig_settle(), ROAD_BOOT_PHASE_RUNNING); /* it says nothing */
	CU_ASSERT_EQUAL(rig_each(SIM_BOOT_DROP), 1);
	CU_ASSERT(sim_boot_runs(rig.boot) && !sim_boot_works(rig.boot));
	beat = rig_get(ROAD_BOOT_REG_HEARTBEAT64, 8);
	CU_ASSERT_EQUAL(beat, before);
	rig.now += 100000 * RIG_US;
	CU_ASSERT_EQUAL(rig_get(ROAD_BOOT_REG_HEARTBEAT64, 8), beat);
	CU_ASSERT_EQUAL(rig_get(ROAD_BOOT_REG_DUMP_BYTES, 4), 0);
	rig_put(ROAD_BOOT_REG_CONTROL, 4, ROAD_BOOT_CONTROL_RESET);
	CU_ASSERT_EQUAL(rig_boot(), ROAD_BOOT_PHASE_RUNNING);
	CU_ASSERT(sim_boot_works(rig.boot));
	rig_end();
}

/* In whatever phase it is: it begins again, and nothing of before happens any more. */
static void reset(void)
{
	for (int style = SIM_BOOT_PUSH; style <= SIM_BOOT_PULL; style++)
		for (uint32_t steps = 0; steps < 12; steps++) {
			struct rig_image image;

			rig_begin((enum sim_boot_style)style, 1);
			rig_image(&image, 0);
			for (uint32_t i = 0; i < steps; i++) {
				if (phase() == ROAD_BOOT_PHASE_WAITING) {
					rig_put(ROAD_BOOT_REG_OFFER_BYTES64, 8, image.count);
					rig_put(ROAD_BOOT_REG_OFFER, 4, 0);
				}
				if (rig_get(ROAD_BOOT_REG_REQUEST_BYTES, 4)) {
					rig_put(ROAD_BOOT_REG_DMA_ADDRESS64, 8, RIG_BUS);
					rig_put(ROAD_BOOT_REG_DMA_BYTES, 4,
						rig_get(ROAD_BOOT_REG_REQUEST_BYTES, 4));
					rig_put(ROAD_BOOT_REG_DMA_GO, 4,
						rig_get(ROAD_BOOT_REG_REQUEST64, 8));
				}
				rig_step();
			}
			const uint32_t reads = rig.reads;

			rig_put(ROAD_BOOT_REG_CONTROL, 4, ROAD_BOOT_CONTROL_RESET);
			CU_ASSERT_EQUAL(phase(), ROAD_BOOT_PHASE_OFF);
			CU_ASSERT_EQUAL(rig_get(ROAD_BOOT_REG_REQUEST_BYTES, 4), 0);
			CU_ASSERT_EQUAL(rig.resets, RIG_FUNCTIONS);
			CU_ASSERT_EQUAL(rig_settle(), ROAD_BOOT_PHASE_WAITING);
			CU_ASSERT_EQUAL(rig.reads, reads);
			CU_ASSERT_EQUAL(rig_boot(), ROAD_BOOT_PHASE_RUNNING);
			CU_ASSERT_EQUAL(rig.violations, 0);
			rig_end();
		}
}

static void development(void)
{
	struct sim_boot_options options = {0};
	struct sim_firmware out;

	rig_begin(SIM_BOOT_PUSH, 1);
	CU_ASSERT(sim_boot_firmware(rig.boot, "one", &out));
	CU_ASSERT_EQUAL(out.image_bytes, 3);
	CU_ASSERT_PTR_EQUAL(out.key, boot_development_key);
	CU_ASSERT(!sim_boot_firmware(rig.boot, "two", &out));
	rig_end();
	options.search = true;
	rig_begin_with(SIM_BOOT_PUSH, 1, &options);
	CU_ASSERT(!sim_boot_firmware(rig.boot, "one", &out));
	rig_end();
}

static const struct tap_case cases[] = {
	{"the block says what the chip is and which images it wants", describes},
	{"phases follow one another, each takes its time, and the host has its turns",
	 one_after_the_other},
	{"an image that the host pushes boots", pushed},
	{"an image that the ROM pulls boots", pulled},
	{"two components boot one after the other, and are worked by together", two_components},
	{"the sequence rises with each change but the heart's", sequence},
	{"an answer to another hello is a crash", another_nonce},
	{"without a protocol the firmware keeps quiet until one is chosen", no_protocol},
	{"a crash ends the firmware and leaves a dump that outlives a reset", crash},
	{"firmware that stands still says nothing, and its heart does not beat", stop},
	{"a reset begins again from any phase, and reads nothing for the boot before", reset},
	{"the simulator has images for its chips unless they shall be searched", development},
};
TAP_MAIN(cases)
