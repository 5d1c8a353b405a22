/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A boot that is called off. Opening a device cannot be: it is the loader that a program with a
 * chip of its own steps and stops, so the chip here is one of the suite's.
 */
#include <roadbed/firmware_boot.h>

#include "tests/conformance/case.h"
#include "tests/unit/firmware/rom.h"

enum { PAYLOAD = 500, STEPS_MAX = 1000, STEP_NS = 10000 };

struct run {
	struct rom rom;
	road_firmware_image *image;
	road_firmware_boot *boot;
	uint64_t now_ns;
};

/* As the rom wants it, signed with a key that is made here. */
static road_firmware_image *make_image(const struct rom *rom)
{
	uint8_t seed[ROAD_FIRMWARE_SEED_BYTES], payload[PAYLOAD] = {1, 2, 3};
	road_firmware_sign_options options = {
		.size = sizeof(options),
		.version = {rom->hello.version_major, rom->hello.version_minor,
			    rom->hello.version_revision, rom->hello.version_build},
		.has = ROAD_FIRMWARE_HAS_VENDOR | ROAD_FIRMWARE_HAS_CLASS,
		.component = rom->chip.components[0].name};
	road_firmware_key key = {.size = sizeof(key)};
	road_firmware_image *image = NULL;
	road_firmware_keys *keys = NULL;
	void *bytes = NULL;
	size_t count = 0;

	memcpy(options.vendor.bytes, rom->chip.components[0].vendor, 16);
	memcpy(options.chip_class.bytes, rom->chip.components[0].chip_class, 16);
	REQUIRE_EQ(road_firmware_key_generate(seed, key.key, NULL), ROAD_FIRMWARE_OK);
	REQUIRE_EQ(road_firmware_sign(payload, PAYLOAD, seed, &options, &bytes, &count, NULL),
		   ROAD_FIRMWARE_OK);
	REQUIRE_EQ(road_firmware_image_read(bytes, count, &image, NULL), ROAD_FIRMWARE_OK);
	road_firmware_free(bytes);
	REQUIRE_EQ(road_firmware_keys_create(&keys, NULL), ROAD_FIRMWARE_OK);
	REQUIRE_EQ(road_firmware_keys_add(keys, &key, NULL), ROAD_FIRMWARE_OK);
	REQUIRE_EQ(road_firmware_image_verify(image, keys, NULL, NULL), ROAD_FIRMWARE_OK);
	road_firmware_keys_free(keys);
	return image;
}

static road_firmware_error bring(void *arg, const char *component, const road_firmware_image **out,
				 road_firmware_detail *detail)
{
	(void)component;
	(void)detail;
	*out = ((struct run *)arg)->image;
	return ROAD_FIRMWARE_OK;
}

static void run_begin(struct run *run, enum road_firmware_style style)
{
	const road_firmware_boot_options options = {
		.size = sizeof(options), .image = bring, .arg = run};

	*run = (struct run){0};
	rom_init(&run->rom, style, 1);
	run->rom.hello.version_minor = 7;
	run->image = make_image(&run->rom);
	REQUIRE_EQ(road_firmware_boot_create(&rom_ops, (struct road_drv_device *)(void *)&run->rom,
					     &options, &run->boot, NULL),
		   ROAD_FIRMWARE_OK);
}

static void run_end(struct run *run)
{
	road_firmware_boot_free(run->boot);
	road_firmware_image_free(run->image);
}

static road_firmware_error step(struct run *run)
{
	return road_firmware_boot_step(run->boot, run->now_ns += STEP_NS, NULL);
}

static uint32_t state_of(const struct run *run)
{
	road_firmware_boot_info info = {.size = sizeof(info)};

	REQUIRE_EQ(road_firmware_boot_info_get(run->boot, &info), ROAD_FIRMWARE_OK);
	return info.state;
}

/* Steps until it is there, and says what was answered last. */
static road_firmware_error go_to(struct run *run, uint32_t state)
{
	road_firmware_error error = step(run);

	for (unsigned i = 0; i < STEPS_MAX && !error && state_of(run) != state; i++)
		error = step(run);
	return error;
}

static void cancel_in(enum road_firmware_style style, uint32_t state)
{
	road_firmware_detail detail = {.size = sizeof(detail)};
	struct run run;

	run_begin(&run, style);
	REQUIRE_EQ(go_to(&run, state), ROAD_FIRMWARE_OK);
	CHECK_EQ(state_of(&run), state);
	road_firmware_boot_cancel(run.boot);
	const struct rom before = run.rom;

	for (int i = 0; i < 3; i++)
		CHECK_EQ(road_firmware_boot_step(run.boot, run.now_ns += STEP_NS, &detail),
			 ROAD_FIRMWARE_CANCELLED);
	CHECK(strstr(detail.where, road_firmware_state_text(state)) != NULL);
	/* The chip is left alone: not looked at, nothing sent, nothing told. */
	CHECK_SAME(&run.rom, &before, sizeof(before));
	run_end(&run);
}

CONFORMANCE_CASE(firmware, fw_cancel_each_state)
{
	(void)f;
	for (int style = ROAD_FIRMWARE_PUSH; style <= ROAD_FIRMWARE_PULL; style++) {
		struct run run;

		for (uint32_t state = 0; state <= ROAD_FIRMWARE_STATE_READY; state++)
			cancel_in((enum road_firmware_style)style, state);
		run_begin(&run, (enum road_firmware_style)style); /* and one that is not */
		CHECK_EQ(go_to(&run, ROAD_FIRMWARE_STATE_READY), ROAD_FIRMWARE_OK);
		CHECK_EQ(state_of(&run), ROAD_FIRMWARE_STATE_READY);
		run_end(&run);
	}
}
