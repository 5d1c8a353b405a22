/* SPDX-License-Identifier: Apache-2.0 */
/* The boot of chips, honest ones and others: firmware-loader/boot*.c. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <roadbed/firmware_boot.h>

#include "tests/support/tap.h"
#include "tests/unit/firmware/rom.h"

#define ERROR(name) ROAD_FIRMWARE_##name
#define STATE(name) ROAD_FIRMWARE_STATE_##name
#define PHASE(name) ROAD_FIRMWARE_PHASE_##name
/* Of the device's clock, between two looks. */
#define STEP_NS 10000u

/* ---- images of the rom's components, signed with a key made here ---- */

struct images {
	road_firmware_image *image[2];
	road_firmware_error refuse; /* what is answered instead of the second one */
	char wrong_component, wrong_vendor, wrong_class, no_vendor, not_verified;
	uint32_t asked;
	char states[256]; /* that were announced, by text */
};

static road_firmware_image *make_image(uint32_t index, const struct images *how)
{
	static uint8_t seed[ROAD_FIRMWARE_SEED_BYTES];
	road_firmware_sign_options options = {
		.size = sizeof(options),
		.version = {1, 2, 3, 4 + index},
		.has = ROAD_FIRMWARE_HAS_COUNTER | ROAD_FIRMWARE_HAS_CLASS |
		       (how->no_vendor ? 0 : ROAD_FIRMWARE_HAS_VENDOR),
		.counter = 7,
		.component = index                  ? "part-1"
			     : how->wrong_component ? "part-9"
						    : "part-0",
	};
	road_firmware_key key = {.size = sizeof(key)};
	road_firmware_keys *keys;
	road_firmware_image *image;
	uint8_t payload[777];
	void *bytes;
	size_t count;

	memset(payload, 0x5a + (int)index, sizeof(payload));
	memset(options.vendor.bytes, how->wrong_vendor ? 0x12 : 0x11, 16);
	memset(options.chip_class.bytes, how->wrong_class ? 0x23 : 0x22, 16);
	CU_ASSERT_EQUAL_FATAL(road_firmware_key_generate(seed, key.key, NULL), ERROR(OK));
	CU_ASSERT_EQUAL_FATAL(
		road_firmware_sign(payload, sizeof(payload), seed, &options, &bytes, &count, NULL),
		ERROR(OK));
	CU_ASSERT_EQUAL_FATAL(road_firmware_image_read(bytes, count, &image, NULL), ERROR(OK));
	road_firmware_free(bytes);
	CU_ASSERT_EQUAL_FATAL(road_firmware_keys_create(&keys, NULL), ERROR(OK));
	CU_ASSERT_EQUAL_FATAL(road_firmware_keys_add(keys, &key, NULL), ERROR(OK));
	if (!how->not_verified)
		CU_ASSERT_EQUAL_FATAL(road_firmware_image_verify(image, keys, NULL, NULL),
				      ERROR(OK));
	road_firmware_keys_free(keys);
	return image;
}

static road_firmware_error give_image(void *arg, const char *component,
				      const road_firmware_image **out, road_firmware_detail *detail)
{
	struct images *images = arg;
	const uint32_t index = !strcmp(component, "part-1");

	images->asked++;
	if (index && images->refuse) {
		snprintf(detail->what, sizeof(detail->what), "not given");
		return images->refuse;
	}
	*out = images->image[index];
	return ERROR(OK);
}

static void note_state(void *arg, uint32_t state, const char *component)
{
	struct images *images = arg;
	const size_t at = strlen(images->states);

	snprintf(images->states + at, sizeof(images->states) - at, "%s%s%s%s", at ? " " : "",
		 road_firmware_state_text(state), component[0] ? ":" : "", component);
}

/* ---- boots ---- */

struct run {
	struct rom rom;
	struct images images;
	road_firmware_boot *boot;
	road_firmware_detail detail;
	uint64_t now_ns;
};

static void run_begin(struct run *run, enum road_firmware_style style, uint32_t components)
{
	memset(run, 0, sizeof(*run));
	run->detail.size = sizeof(run->detail);
	rom_init(&run->rom, style, components);
	run->rom.hello.version_major = 1;
	run->rom.hello.version_minor = 2;
	run->rom.hello.version_revision = 3;
	run->rom.hello.version_build = 3 + components;
	run->rom.hello.counter = 7;
}

static road_firmware_error run_create(struct run *run)
{
	const road_firmware_boot_options options = {
		.size = sizeof(options),
		.image = give_image,
		.changed = note_state,
		.arg = &run->images,
	};

	for (uint32_t i = 0; i < 2; i++)
		if (!run->images.image[i])
			run->images.image[i] = make_image(i, &run->images);
	return road_firmware_boot_create(&rom_ops, (struct road_drv_device *)(void *)&run->rom,
					 &options, &run->boot, &run->detail);
}

static road_firmware_boot_info run_info(const struct run *run)
{
	road_firmware_boot_info info = {.size = sizeof(info)};

	CU_ASSERT_EQUAL(road_firmware_boot_info_get(run->boot, &info), ERROR(OK));
	return info;
}

/* Steps until it fails, is in the state, or `steps` are over. */
static road_firmware_error run_until(struct run *run, uint32_t state, uint32_t steps)
{
	road_firmware_error error = ERROR(OK);

	for (uint32_t i = 0; i < steps && !error && run_info(run).state != state; i++) {
		error = road_firmware_boot_step(run->boot, run->now_ns, &run->detail);
		run->now_ns += STEP_NS;
	}
	return error;
}

static void run_end(struct run *run)
{
	road_firmware_boot_free(run->boot);
	for (uint32_t i = 0; i < 2; i++)
		road_firmware_image_free(run->images.image[i]);
}

static void boots(enum road_firmware_style style, uint32_t components)
{
	struct run run;
	const void *bytes;
	size_t count;

	run_begin(&run, style, components);
	CU_ASSERT_EQUAL_FATAL(run_create(&run), ERROR(OK));
	CU_ASSERT_EQUAL(run_until(&run, STATE(READY), 1000), ERROR(OK));
	const road_firmware_boot_info info = run_info(&run);

	CU_ASSERT_EQUAL(info.state, STATE(READY));
	CU_ASSERT_EQUAL(info.protocol, 4);
	CU_ASSERT_EQUAL(run.rom.protocol, 4);
	CU_ASSERT_EQUAL(info.features, 0x55);
	CU_ASSERT_EQUAL(info.counter, 7);
	CU_ASSERT_EQUAL(info.version.build, 3 + components);
	CU_ASSERT_EQUAL(run.images.asked, components);
	CU_ASSERT_EQUAL(info.request_count != 0, style == ROAD_FIRMWARE_PULL);
	CU_ASSERT_EQUAL(
		road_firmware_image_bytes(run.images.image[components - 1], &bytes, &count, NULL),
		ERROR(OK));
	CU_ASSERT_EQUAL(run.rom.got_bytes, count);
	CU_ASSERT_EQUAL(memcmp(run.rom.got, bytes, count), 0);
	/* It goes on for as long as the heart beats. */
	CU_ASSERT_EQUAL(run_until(&run, STATE(CRASHED), 1000), ERROR(OK));
	run_end(&run);
}

static void test_push(void)
{
	boots(ROAD_FIRMWARE_PUSH, 1);
	boots(ROAD_FIRMWARE_PUSH, 2);
}

static void test_pull(void)
{
	boots(ROAD_FIRMWARE_PULL, 1);
	boots(ROAD_FIRMWARE_PULL, 2);
}

static void test_states_are_announced(void)
{
	struct run run;

	run_begin(&run, ROAD_FIRMWARE_PUSH, 2);
	CU_ASSERT_EQUAL_FATAL(run_create(&run), ERROR(OK));
	CU_ASSERT_EQUAL(run_until(&run, STATE(READY), 1000), ERROR(OK));
	CU_ASSERT_STRING_EQUAL(run.images.states,
			       "rom wait-image:part-0 loading:part-0 auth:part-0 wait-image:part-1 "
			       "loading:part-1 auth:part-1 starting:part-1 handshake:part-1 "
			       "ready:part-1");
	run_end(&run);
}

/* A lie, in both styles unless it is of one: what it is called, and where the boot ends. */
static void check_lie(enum rom_lie lie, enum road_firmware_style style, road_firmware_error error,
		      uint32_t state)
{
	struct run run;

	run_begin(&run, style, 2);
	run.rom.lie = lie;
	CU_ASSERT_EQUAL_FATAL(run_create(&run), ERROR(OK));
	CU_ASSERT_EQUAL(run_until(&run, STATE(CRASHED), 20000), error);
	CU_ASSERT_EQUAL(run_info(&run).state, state);
	CU_ASSERT_EQUAL(run.detail.error, error);
	CU_ASSERT_PTR_NOT_NULL(strstr(run.detail.where, "boot state"));
	/* The same from then on, and the chip is left alone. */
	const uint64_t looks = run.rom.looks;

	CU_ASSERT_EQUAL(road_firmware_boot_step(run.boot, run.now_ns, &run.detail), error);
	CU_ASSERT_EQUAL(run.rom.looks, looks);
	CU_ASSERT_FALSE(run.rom.touched_after);
	run_end(&run);
}

static void test_hostile(void)
{
	static const struct {
		enum rom_lie lie;
		road_firmware_error error;
		uint32_t state;
	} both[] = {
		{ROM_HALF, ERROR(BAD_DEVICE), STATE(REJECTED)},
		{ROM_OTHER_COMPONENT, ERROR(BAD_DEVICE), STATE(REJECTED)},
		{ROM_TURN, ERROR(BAD_DEVICE), STATE(REJECTED)},
		{ROM_ONE_ONLY, ERROR(BAD_DEVICE), STATE(CRASHED)},
		{ROM_VERSION, ERROR(BAD_DEVICE), STATE(CRASHED)},
		{ROM_COUNTER, ERROR(BAD_DEVICE), STATE(CRASHED)},
		{ROM_CHIP, ERROR(BAD_DEVICE), STATE(CRASHED)},
		{ROM_PROTOCOLS, ERROR(BAD_DEVICE), STATE(CRASHED)},
		{ROM_REJECTS, ERROR(ROM_REJECTED), STATE(REJECTED)},
		{ROM_SELFTEST, ERROR(SELFTEST_FAILED), STATE(CRASHED)},
		{ROM_CRASHES, ERROR(HEARTBEAT_LOST), STATE(CRASHED)},
		{ROM_STOPS, ERROR(HEARTBEAT_LOST), STATE(CRASHED)},
	};

	for (size_t i = 0; i < sizeof(both) / sizeof(both[0]); i++) {
		check_lie(both[i].lie, ROAD_FIRMWARE_PUSH, both[i].error, both[i].state);
		check_lie(both[i].lie, ROAD_FIRMWARE_PULL, both[i].error, both[i].state);
	}
}

/* Of an image that is there in part, or in whole but not said to be. */
static void test_half(void)
{
	struct run run;

	for (uint32_t style = 0; style < 2; style++) {
		run_begin(&run, style, 1);
		run.rom.lie = ROM_HALF;
		CU_ASSERT_EQUAL_FATAL(run_create(&run), ERROR(OK));
		CU_ASSERT_EQUAL(run_until(&run, STATE(READY), 1000), ERROR(BAD_DEVICE));
		CU_ASSERT_STRING_EQUAL(run.detail.what, "the chip goes on without the whole image");
		CU_ASSERT_EQUAL(strtoull(run.detail.seen, NULL, 10), run.rom.got_bytes);
		CU_ASSERT(run.rom.got_bytes && run.rom.got_bytes < run.rom.offered);
		run_end(&run);
	}
	run_begin(&run, ROAD_FIRMWARE_PUSH, 1);
	CU_ASSERT_EQUAL_FATAL(run_create(&run), ERROR(OK));
	while (!run.rom.offered || run.rom.got_bytes < run.rom.offered)
		CU_ASSERT_EQUAL_FATAL(run_until(&run, STATE(READY), 1), ERROR(OK));
	run.rom.lie = ROM_HALF;
	CU_ASSERT_EQUAL(run_until(&run, STATE(READY), 1000), ERROR(BAD_DEVICE));
	CU_ASSERT_STRING_EQUAL(run.detail.what,
			       "the chip goes on before it was told that its image is whole");
	run_end(&run);
}

static void test_hostile_requests(void)
{
	static const enum rom_lie lies[] = {ROM_OFFSET, ROM_LENGTH, ROM_CHUNK, ROM_ENDLESS};

	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++)
		check_lie(lies[i], ROAD_FIRMWARE_PULL, ERROR(BAD_DEVICE), STATE(REJECTED));
}

/* claims: the image, counted from 1, whose version the firmware says it has. */
static void check_jump(uint32_t at, uint32_t to, uint32_t components, uint32_t claims)
{
	struct run run;

	run_begin(&run, ROAD_FIRMWARE_PUSH, components);
	run.rom.lie = ROM_JUMPS;
	run.rom.at = at;
	run.rom.to = to;
	run.rom.hello.version_build = 3 + claims;
	CU_ASSERT_EQUAL_FATAL(run_create(&run), ERROR(OK));
	road_firmware_error error = run_until(&run, STATE(READY), 60000);

	/* Ready means: by way of all images, whole, and a protocol. */
	if (run_info(&run).state == STATE(READY)) {
		CU_ASSERT_EQUAL(run.images.asked, components);
		CU_ASSERT_EQUAL(run.rom.got_bytes, run.rom.offered);
		CU_ASSERT_NOT_EQUAL(run.rom.offered, 0);
		CU_ASSERT_EQUAL(run.rom.protocol, 4);
	} else {
		CU_ASSERT_NOT_EQUAL(error, ERROR(OK));
	}
	run_end(&run);
}

/* Every phase after every other one: each is where it may be, or the chip is refused. */
static void test_every_jump(void)
{
	for (uint32_t at = 0; at < ROAD_FIRMWARE_PHASES; at++) {
		for (uint32_t to = 0; to <= ROAD_FIRMWARE_PHASES; to++) {
			check_jump(at, to, 1, 1);
			check_jump(at, to, 2, 1);
			check_jump(at, to, 2, 2);
		}
	}
}

static void test_every_deadline(void)
{
	static const struct {
		uint32_t phase, state;
	} hangs[] = {
		{PHASE(OFF), STATE(REJECTED)},     {PHASE(ROM), STATE(REJECTED)},
		{PHASE(WAITING), STATE(REJECTED)}, {PHASE(LOADING), STATE(REJECTED)},
		{PHASE(AUTH), STATE(REJECTED)},    {PHASE(STARTING), STATE(CRASHED)},
		{PHASE(HELLO), STATE(CRASHED)},
	};

	for (size_t i = 0; i < sizeof(hangs) / sizeof(hangs[0]); i++) {
		struct run run;

		run_begin(&run, ROAD_FIRMWARE_PUSH, 1);
		run.rom.lie = ROM_HANGS;
		run.rom.at = hangs[i].phase;
		CU_ASSERT_EQUAL_FATAL(run_create(&run), ERROR(OK));
		CU_ASSERT_EQUAL(run_until(&run, STATE(READY), 100000), ERROR(TIMEOUT));
		CU_ASSERT_EQUAL(run_info(&run).state, hangs[i].state);
		uint64_t most = 0;
		int end = 0;

		/* "at most 500000000 ns" */
		CU_ASSERT_EQUAL(sscanf(run.detail.allowed, "at most %" SCNu64 " ns%n", &most, &end),
				1);
		CU_ASSERT_EQUAL(run.detail.allowed[end], 0);
		CU_ASSERT(end > 0 && most > 0);
		run_end(&run);
	}
}

static void test_every_bus_failure(void)
{
	for (uint32_t at = 0; at < PHASE(CRASHED); at++) {
		struct run run;

		if (at == PHASE(REJECTED) || at == PHASE(DEGRADED))
			continue;
		run_begin(&run, ROAD_FIRMWARE_PULL, 1);
		run.rom.lie = ROM_BUS_FAILS;
		run.rom.at = at;
		CU_ASSERT_EQUAL_FATAL(run_create(&run), ERROR(OK));
		CU_ASSERT_EQUAL(run_until(&run, STATE(CRASHED), 1000), ERROR(RW_ERROR));
		run_end(&run);
	}
}

static void test_every_cancel(void)
{
	for (uint32_t state = 0; state <= STATE(READY); state++) {
		struct run run;

		run_begin(&run, ROAD_FIRMWARE_PUSH, 1);
		CU_ASSERT_EQUAL_FATAL(run_create(&run), ERROR(OK));
		CU_ASSERT_EQUAL(run_until(&run, state, 1000), ERROR(OK));
		CU_ASSERT_EQUAL(run_info(&run).state, state);
		road_firmware_boot_cancel(run.boot);
		const uint64_t looks = run.rom.looks;

		CU_ASSERT_EQUAL(road_firmware_boot_step(run.boot, run.now_ns, &run.detail),
				ERROR(CANCELLED));
		CU_ASSERT_EQUAL(run.rom.looks, looks);
		run_end(&run);
	}
}

static void test_no_protocol(void)
{
	struct run run;

	run_begin(&run, ROAD_FIRMWARE_PUSH, 1);
	run.rom.hello.protocol_min = run.rom.hello.protocol_max = 1;
	CU_ASSERT_EQUAL_FATAL(run_create(&run), ERROR(OK));
	CU_ASSERT_EQUAL(run_until(&run, STATE(READY), 1000), ERROR(PROTOCOL_MISMATCH));
	CU_ASSERT_TRUE(run.rom.answered); /* it was told: none */
	CU_ASSERT_EQUAL(run.rom.protocol, 0);
	CU_ASSERT_STRING_EQUAL(run.detail.seen, "1 to 1");
	CU_ASSERT_STRING_EQUAL(run.detail.allowed, "one of 2 to 5");
	run_end(&run);
}

static void test_degraded(void)
{
	struct run run;

	run_begin(&run, ROAD_FIRMWARE_PUSH, 1);
	run.rom.lie = ROM_UNREADY;
	CU_ASSERT_EQUAL_FATAL(run_create(&run), ERROR(OK));
	CU_ASSERT_EQUAL(run_until(&run, STATE(DEGRADED), 1000), ERROR(OK));
	CU_ASSERT_EQUAL(run_info(&run).code, 0xbad);
	run.rom.lie = ROM_HONEST; /* it got better */
	CU_ASSERT_EQUAL(run_until(&run, STATE(READY), 10), ERROR(OK));
	CU_ASSERT_EQUAL(run_info(&run).state, STATE(READY));
	run_end(&run);
}

/* Whatever it did before: running, refused or crashed. */
static void test_restart(void)
{
	static const struct {
		enum rom_lie lie;
		road_firmware_error error;
	} before[] = {
		{ROM_HONEST, ERROR(OK)},
		{ROM_REJECTS, ERROR(ROM_REJECTED)},
		{ROM_SELFTEST, ERROR(SELFTEST_FAILED)},
	};

	for (uint32_t i = 0; i < 2 * sizeof(before) / sizeof(before[0]); i++) {
		struct run run;

		run_begin(&run, i % 2 ? ROAD_FIRMWARE_PULL : ROAD_FIRMWARE_PUSH, 2);
		run.rom.lie = before[i / 2].lie;
		CU_ASSERT_EQUAL_FATAL(run_create(&run), ERROR(OK));
		CU_ASSERT_EQUAL(run_until(&run, STATE(READY), 1000), before[i / 2].error);
		road_firmware_boot_free(run.boot);
		run.rom.lie = ROM_HONEST;
		CU_ASSERT_EQUAL(rom_ops.tell((struct road_drv_device *)(void *)&run.rom,
					     ROAD_FIRMWARE_TELL_RESTART, 0),
				ROAD_OK);
		CU_ASSERT_EQUAL_FATAL(run_create(&run), ERROR(OK));
		CU_ASSERT_EQUAL(run_until(&run, STATE(READY), 1000), ERROR(OK));
		CU_ASSERT_EQUAL(run_info(&run).state, STATE(READY));
		run_end(&run);
	}
}

/* Nothing is offered unless it is verified, and of this component of this chip. */
static void check_not_offered(struct images how, uint32_t bytes_max, road_firmware_error error)
{
	struct run run;

	run_begin(&run, ROAD_FIRMWARE_PUSH, 1);
	run.images = how;
	run.rom.chip.components[0].bytes_max = bytes_max;
	CU_ASSERT_EQUAL_FATAL(run_create(&run), ERROR(OK));
	CU_ASSERT_EQUAL(run_until(&run, STATE(READY), 1000), error);
	CU_ASSERT_EQUAL(run.rom.offered, 0);
	run_end(&run);
}

static void test_not_offered(void)
{
	check_not_offered((struct images){.not_verified = 1}, ROM_BYTES_MAX, ERROR(NOT_VERIFIED));
	check_not_offered((struct images){.wrong_component = 1}, ROM_BYTES_MAX, ERROR(WRONG_CHIP));
	check_not_offered((struct images){.wrong_class = 1}, ROM_BYTES_MAX, ERROR(WRONG_CHIP));
	check_not_offered((struct images){.wrong_vendor = 1}, ROM_BYTES_MAX, ERROR(WRONG_CHIP));
	check_not_offered((struct images){.no_vendor = 1}, ROM_BYTES_MAX, ERROR(WRONG_CHIP));
	check_not_offered((struct images){0}, 100, ERROR(TOO_BIG));
}

static void test_image_refused(void)
{
	struct run run;

	run_begin(&run, ROAD_FIRMWARE_PULL, 2);
	run.images.refuse = ERROR(ROLLBACK);
	CU_ASSERT_EQUAL_FATAL(run_create(&run), ERROR(OK));
	CU_ASSERT_EQUAL(run_until(&run, STATE(READY), 1000), ERROR(ROLLBACK));
	CU_ASSERT_STRING_EQUAL(run.detail.what, "not given");
	CU_ASSERT_STRING_EQUAL(run.detail.where, "boot state wait-image of part-1");
	CU_ASSERT_EQUAL(run_info(&run).state, STATE(REJECTED));
	run_end(&run);
}

static void check_description(void (*break_it)(struct road_firmware_chip *chip))
{
	struct run run;

	run_begin(&run, ROAD_FIRMWARE_PUSH, 1);
	break_it(&run.rom.chip);
	CU_ASSERT_EQUAL(run_create(&run), ERROR(BAD_DEVICE));
	CU_ASSERT_NOT_EQUAL(run.detail.what[0], 0);
	CU_ASSERT_PTR_NULL(run.boot);
	run_end(&run);
}

#define BREAK(name, code)                                 \
	static void name(struct road_firmware_chip *chip) \
	{                                                 \
		code;                                     \
	}
BREAK(no_component, chip->component_count = 0)
BREAK(many_components, chip->component_count = ROAD_FIRMWARE_COMPONENTS_MAX + 1)
BREAK(endless_name, memset(chip->chip, 'a', sizeof(chip->chip)); chip->chip_id = 0)
BREAK(leading_name, strcpy(chip->components[0].name, ".."))
BREAK(slash_in_name, strcpy(chip->vendor, "a/b"))
BREAK(no_style, chip->style = 2)
BREAK(no_chunk, chip->chunk_bytes = 0)
BREAK(no_protocol, chip->protocol_min = chip->protocol_max + 1)

static void test_description(void)
{
	check_description(no_component);
	check_description(many_components);
	check_description(endless_name);
	check_description(leading_name);
	check_description(slash_in_name);
	check_description(no_style);
	check_description(no_chunk);
	check_description(no_protocol);
}

/* Callers of other versions: what they do not know is left alone, what is not known is refused. */
static void test_sizes(void)
{
	struct {
		road_firmware_boot_options known;
		uint64_t unknown;
	} options = {.known = {.size = sizeof(options), .image = give_image}};
	road_firmware_boot_info info = {.size = offsetof(road_firmware_boot_info, protocol),
					.protocol = 99};
	struct run run;

	run_begin(&run, ROAD_FIRMWARE_PUSH, 1);
	struct road_drv_device *dev = (struct road_drv_device *)(void *)&run.rom;

	options.unknown = 1;
	CU_ASSERT_EQUAL(road_firmware_boot_create(&rom_ops, dev, &options.known, &run.boot, NULL),
			ERROR(INVALID_ARGUMENT));
	CU_ASSERT_EQUAL(road_firmware_boot_create(&rom_ops, dev, NULL, &run.boot, NULL),
			ERROR(INVALID_ARGUMENT));
	options.unknown = 0;
	CU_ASSERT_EQUAL_FATAL(
		road_firmware_boot_create(&rom_ops, dev, &options.known, &run.boot, NULL),
		ERROR(OK));
	CU_ASSERT_EQUAL(road_firmware_boot_info_get(run.boot, &info), ERROR(OK));
	CU_ASSERT_EQUAL(info.component_count, 1);
	CU_ASSERT_EQUAL(info.protocol, 99);
	run_end(&run);
}

static const struct tap_case cases[] = {
	{"callers of other versions are understood, or refused", test_sizes},
	{"the host pushes images, and the chip is ready", test_push},
	{"the chip pulls images, and is ready", test_pull},
	{"each state is announced with its component", test_states_are_announced},
	{"a chip that lies is refused, and left alone after that", test_hostile},
	{"a chip that goes on too early is told what it lacked", test_half},
	{"requests outside of the image, too long, or without end are refused",
	 test_hostile_requests},
	{"no jump from phase to phase leads around image and protocol", test_every_jump},
	{"each state that waits for the chip has a deadline", test_every_deadline},
	{"a bus that fails ends the boot wherever it is", test_every_bus_failure},
	{"a boot can be cancelled in each state", test_every_cancel},
	{"without a protocol in common the firmware is told none", test_no_protocol},
	{"a chip that is told to begins in its ROM again, and boots", test_restart},
	{"a chip may run with less than all, and get better", test_degraded},
	{"what is not verified or of another chip is not offered", test_not_offered},
	{"an image that is refused is said with the caller's reason", test_image_refused},
	{"a chip whose description contradicts itself is refused", test_description},
};
TAP_MAIN(cases)
