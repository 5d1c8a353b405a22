/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A port outside the tree that boots its chip by six functions of its own, with images from a
 * folder and a vendor's key: what the core does with it, and with a ROM that lies.
 */
#include <dlfcn.h>
#include <roadbed/firmware.h>
#include <roadbed/firmware_boot.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/tap.h"
#include "tests/unit/load/folders.h"
#include "tests/unit/load/own_rom.h"

#define ADDRESS "sim:tiny-chip"

enum { PARTS = 2, PAYLOAD = 900 };

static struct {
	char *drivers, *keys, *images;
	char image_folder[2][4096]; /* acme, acme/one */
	void *bytes[PARTS];
	size_t count[PARTS];
	struct own_rom *rom;
	road_instance *instance;
} t;

static road_firmware_version version_of(uint32_t part)
{
	return (road_firmware_version){1, 2, 3, 4 + part};
}

static void put(const char *folder, const char *name, const void *bytes, size_t count)
{
	char path[4200];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *file = fopen(path, "wx");

	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	CU_ASSERT_EQUAL(fwrite(bytes, 1, count, file), count);
	fclose(file);
}

static void sign_part(uint32_t part, const uint8_t *seed)
{
	uint8_t payload[PAYLOAD];
	road_firmware_sign_options options = {.size = sizeof(options),
					      .version = version_of(part),
					      .has = ROAD_FIRMWARE_HAS_COUNTER |
						     ROAD_FIRMWARE_HAS_CLASS |
						     ROAD_FIRMWARE_HAS_VENDOR,
					      .counter = 7,
					      .component = part ? "part-1" : "part-0"};

	memset(payload, 'a' + (int)part, sizeof(payload));
	memset(options.vendor.bytes, 0x11, 16);
	memset(options.chip_class.bytes, 0x22, 16);
	CU_ASSERT_EQUAL_FATAL(road_firmware_sign(payload, PAYLOAD, seed, &options, &t.bytes[part],
						 &t.count[part], NULL),
			      ROAD_FIRMWARE_OK);
	put(t.image_folder[1], part ? "part-1.img" : "part-0.img", t.bytes[part], t.count[part]);
}

/* The vendor's side: two signed images and a key file. */
static void make_images(void)
{
	uint8_t seed[ROAD_FIRMWARE_SEED_BYTES];
	road_firmware_key key = {.size = sizeof(key)};
	char *text;
	size_t bytes;

	t.images = folder_new();
	t.keys = folder_new();
	snprintf(t.image_folder[0], sizeof(t.image_folder[0]), "%s/acme", t.images);
	snprintf(t.image_folder[1], sizeof(t.image_folder[1]), "%s/acme/one", t.images);
	for (uint32_t i = 0; i < 2; i++)
		CU_ASSERT_EQUAL_FATAL(mkdir(t.image_folder[i], 0700), 0);
	CU_ASSERT_EQUAL_FATAL(road_firmware_key_generate(seed, key.key, NULL), ROAD_FIRMWARE_OK);
	CU_ASSERT_EQUAL_FATAL(road_firmware_key_write_public(&key, &text, &bytes, NULL),
			      ROAD_FIRMWARE_OK);
	put(t.keys, "acme.pub", text, bytes);
	road_firmware_free(text);
	for (uint32_t i = 0; i < PARTS; i++)
		sign_part(i, seed);
}

static void setup(void)
{
	char path[4096], key[4096];

	make_images();
	t.drivers = folder_new();
	folder_put(t.drivers, FILES "/own-rom.so", "own-rom.so");
	folder_put(t.drivers, CHIP_FILES "/tiny-chip.yaml", "tiny-chip.yaml");
	snprintf(key, sizeof(key), "%s/acme.pub", t.keys);
	const road_instance_options options = {.size = sizeof(options),
					       .flags = ROAD_INSTANCE_VALIDATE |
							ROAD_INSTANCE_NO_ENV,
					       .library_folder = SIM_FOLDER,
					       .driver_folders = t.drivers,
					       .firmware_folders = t.images,
					       .firmware_keys = key};

	CU_ASSERT_EQUAL_FATAL(road_instance_create(&options, &t.instance), ROAD_OK);
	snprintf(path, sizeof(path), "%s/own-rom.so", t.drivers);
	void *file = dlopen(path, RTLD_NOW | RTLD_NOLOAD);

	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	t.rom = dlsym(file, "own_rom");
	CU_ASSERT_PTR_NOT_NULL_FATAL(t.rom);
}

static void teardown(void)
{
	char path[4200];

	road_instance_release(t.instance);
	for (uint32_t i = 0; i < PARTS; i++) {
		snprintf(path, sizeof(path), "%s/part-%u.img", t.image_folder[1], i);
		CU_ASSERT_EQUAL(unlink(path), 0);
		road_firmware_free(t.bytes[i]);
	}
	CU_ASSERT_EQUAL(rmdir(t.image_folder[1]), 0);
	CU_ASSERT_EQUAL(rmdir(t.image_folder[0]), 0);
	folder_remove(t.images);
	folder_remove(t.keys);
	folder_remove(t.drivers);
}

/* An honest ROM of that style. */
static void make_rom(enum road_firmware_style style, uint32_t parts)
{
	const road_firmware_version version = version_of(parts - 1);

	*t.rom = (struct own_rom){.dump_bytes = 100};
	rom_init(&t.rom->rom, style, parts);
	t.rom->rom.hello.version_major = version.major;
	t.rom->rom.hello.version_minor = version.minor;
	t.rom->rom.hello.version_revision = version.revision;
	t.rom->rom.hello.version_build = version.build;
	t.rom->rom.hello.counter = 7;
	t.rom->rom.chip.chip_id = t.rom->rom.hello.chip_id;
}

static road_device *open_device(void)
{
	road_device *device = NULL;
	road_error error = {.size = sizeof(error)};
	road_status status = road_device_open(t.instance, ADDRESS, &device);

	if (status && !road_last_error(&error))
		printf("# %s: %s: %s, %s\n", error.where, error.what, error.seen, error.allowed);
	CU_ASSERT_EQUAL_FATAL(status, ROAD_OK);
	return device;
}

static road_device_firmware firmware_of(road_device *device)
{
	road_device_firmware firmware = {.size = sizeof(firmware)};

	CU_ASSERT_EQUAL(road_device_firmware_get(device, &firmware), ROAD_OK);
	return firmware;
}

/* ---- cases ---- */

static void boots(enum road_firmware_style style, uint32_t parts)
{
	char path[4200];

	make_rom(style, parts);
	road_device *device = open_device();
	const road_device_firmware firmware = firmware_of(device);

	CU_ASSERT_STRING_EQUAL(firmware.text, "ready");
	CU_ASSERT_EQUAL(firmware.pull, style == ROAD_FIRMWARE_PULL);
	CU_ASSERT_EQUAL(firmware.components, parts);
	CU_ASSERT_EQUAL(firmware.protocol, 4);
	CU_ASSERT_EQUAL(firmware.features, 0x55);
	CU_ASSERT_EQUAL(t.rom->restarts, 1);
	CU_ASSERT_EQUAL(t.rom->starts, 1);
	CU_ASSERT_EQUAL(t.rom->started_in, ROAD_FIRMWARE_PHASE_RUNNING);
	CU_ASSERT_FALSE(t.rom->had_data);
	CU_ASSERT(!memcmp(t.rom->rom.got, t.bytes[parts - 1], t.count[parts - 1]));
	for (uint32_t i = 0; i < parts; i++) {
		road_device_component part = {.size = sizeof(part)};

		CU_ASSERT_EQUAL(road_device_component_get(device, i, &part), ROAD_OK);
		snprintf(path, sizeof(path), "%s/part-%u.img", t.image_folder[1], i);
		CU_ASSERT_STRING_EQUAL(part.source, path);
		CU_ASSERT_EQUAL(part.bytes, t.count[i]);
	}
	road_device_release(device);
	CU_ASSERT_EQUAL(t.rom->stops, 1);
}

static void a_port_with_its_own_rom_boots_before_it_starts(void)
{
	setup();
	for (uint32_t parts = 1; parts <= PARTS; parts++) {
		boots(ROAD_FIRMWARE_PUSH, parts);
		boots(ROAD_FIRMWARE_PULL, parts);
	}
	teardown();
}

static void a_chip_that_needs_none_starts_at_once(void)
{
	road_device_firmware firmware = {.size = sizeof(firmware)};

	setup();
	make_rom(ROAD_FIRMWARE_PUSH, 1);
	t.rom->none = true;
	road_device *device = open_device();

	CU_ASSERT_EQUAL(road_device_firmware_get(device, &firmware), ROAD_UNSUPPORTED);
	CU_ASSERT_EQUAL(t.rom->restarts + t.rom->rom.looks, 0);
	CU_ASSERT_EQUAL(t.rom->starts, 1);
	road_device_release(device);
	teardown();
}

/* Each lie is an answer; the driver is not started, and an honest chip opens after it. */
static void a_rom_that_lies_is_answered(void)
{
	static const struct {
		enum rom_lie lie;
		road_status status;
	} rows[] = {
		{ROM_BUS_FAILS, ROAD_IO},    {ROM_OFFSET, ROAD_FAULT},
		{ROM_LENGTH, ROAD_FAULT},    {ROM_CHUNK, ROAD_FAULT},
		{ROM_ENDLESS, ROAD_FAULT},   {ROM_HALF, ROAD_FAULT},
		{ROM_TURN, ROAD_FAULT},      {ROM_OTHER_COMPONENT, ROAD_FAULT},
		{ROM_ONE_ONLY, ROAD_FAULT},  {ROM_VERSION, ROAD_FAULT},
		{ROM_COUNTER, ROAD_FAULT},   {ROM_CHIP, ROAD_FAULT},
		{ROM_PROTOCOLS, ROAD_FAULT}, {ROM_REJECTS, ROAD_SIGNATURE},
		{ROM_SELFTEST, ROAD_FAULT},
	};
	road_device *device = NULL;

	setup();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		make_rom(ROAD_FIRMWARE_PULL, PARTS);
		t.rom->rom.lie = rows[i].lie;
		CU_ASSERT_EQUAL(road_device_open(t.instance, ADDRESS, &device), rows[i].status);
		CU_ASSERT_PTR_NULL(device);
		CU_ASSERT_EQUAL(t.rom->starts, 0);
		CU_ASSERT_FALSE(t.rom->rom.touched_after);
	}
	boots(ROAD_FIRMWARE_PULL, PARTS);
	teardown();
}

static void a_rom_that_hangs_runs_into_its_deadline(void)
{
	road_device *device = NULL;

	setup();
	for (uint32_t at = ROAD_FIRMWARE_PHASE_ROM; at <= ROAD_FIRMWARE_PHASE_HELLO; at++) {
		if (at == ROAD_FIRMWARE_PHASE_REJECTED)
			continue;
		make_rom(ROAD_FIRMWARE_PUSH, 1);
		t.rom->rom.lie = ROM_HANGS;
		t.rom->rom.at = at;
		CU_ASSERT_EQUAL(road_device_open(t.instance, ADDRESS, &device), ROAD_TIMEOUT);
	}
	teardown();
}

/* Crashes as soon as somebody looks; what it leaves is as long as it says, up to a limit. */
static void crash(uint32_t dump_bytes, bool lies, uint64_t kept)
{
	char bytes[64];
	size_t got = 0;

	make_rom(ROAD_FIRMWARE_PUSH, 1);
	road_device *device = open_device();

	t.rom->dump_bytes = dump_bytes;
	t.rom->dump_lies = lies;
	t.rom->rom.lie = ROM_CRASHES;
	t.rom->rom.heartbeat = 9;
	CU_ASSERT_STRING_EQUAL(firmware_of(device).text, "crashed");
	CU_ASSERT_EQUAL(firmware_of(device).dump_bytes, kept);
	CU_ASSERT_EQUAL(road_device_firmware_dump(device, 0, bytes, sizeof(bytes), &got),
			kept ? ROAD_OK : ROAD_NOT_FOUND);
	CU_ASSERT(!kept || (got == sizeof(bytes) && bytes[63] == 'd'));
	t.rom->rom.lie = ROM_HONEST;
	CU_ASSERT_EQUAL(road_device_reset(device, ROAD_RESET_DEVICE), ROAD_OK);
	CU_ASSERT_EQUAL(t.rom->restarts, 2);
	CU_ASSERT_EQUAL(t.rom->resets, 1);
	CU_ASSERT_STRING_EQUAL(firmware_of(device).text, "ready");
	CU_ASSERT_EQUAL(firmware_of(device).crashes, 1);
	road_device_release(device);
}

static void a_crash_leaves_a_dump_however_the_port_tells_it(void)
{
	setup();
	crash(100, false, 100);
	crash(5000, false, 5000);
	crash(0, false, 0);
	crash(UINT32_MAX, false, 1 << 20);
	crash(100, true, 0);
	teardown();
}

/* ---- firmware that another function of the chip owns ---- */

static void make_foreign(uint32_t phase, uint32_t runs_after)
{
	make_rom(ROAD_FIRMWARE_PUSH, 1);
	t.rom->foreign = true;
	t.rom->phase = phase;
	t.rom->runs_after = runs_after;
}

static bool last_allows(const char *text)
{
	road_error error = {.size = sizeof(error)};

	return !road_last_error(&error) && strstr(error.allowed, text);
}

static void foreign_firmware_is_awaited_and_never_booted(void)
{
	road_device_firmware firmware = {.size = sizeof(firmware)};
	const road_firmware_source source = {.bytes = t.bytes[0], .byte_count = t.count[0]};
	const road_firmware_load_options load = {
		.size = sizeof(load), .images = &source, .image_count = 1};

	setup();
	for (uint32_t looks = 0; looks < 2; looks++) {
		make_foreign(ROAD_FIRMWARE_PHASE_LOADING, looks);
		road_device *device = open_device();

		CU_ASSERT_EQUAL(t.rom->starts, 1);
		CU_ASSERT_EQUAL(road_device_firmware_get(device, &firmware), ROAD_UNSUPPORTED);
		CU_ASSERT_EQUAL(road_device_firmware_load(device, &load), ROAD_PERMISSION);
		CU_ASSERT(last_allows("physical function"));
		CU_ASSERT_EQUAL(road_device_reset(device, ROAD_RESET_DEVICE), ROAD_OK);
		CU_ASSERT_EQUAL(t.rom->resets, 1);
		CU_ASSERT_EQUAL(t.rom->restarts + t.rom->rom.looks, 0);
		road_device_release(device);
	}
	teardown();
}

static void foreign_firmware_that_does_not_run_is_not_replaced(void)
{
	road_device *device = NULL;

	setup();
	make_foreign(ROAD_FIRMWARE_PHASE_WAITING, UINT32_MAX);
	CU_ASSERT_EQUAL(road_device_open(t.instance, ADDRESS, &device), ROAD_TIMEOUT);
	CU_ASSERT(last_allows("physical function"));
	make_foreign(ROAD_FIRMWARE_PHASE_CRASHED, UINT32_MAX);
	CU_ASSERT_EQUAL(road_device_open(t.instance, ADDRESS, &device), ROAD_PERMISSION);
	CU_ASSERT_EQUAL(t.rom->starts, 0);

	/* It crashes under a device that is open: whoever owns it brings it back. */
	make_foreign(ROAD_FIRMWARE_PHASE_RUNNING, 0);
	device = open_device();
	t.rom->phase = ROAD_FIRMWARE_PHASE_CRASHED;
	t.rom->runs_after = UINT32_MAX;
	CU_ASSERT_EQUAL(road_device_reset(device, ROAD_RESET_DEVICE), ROAD_PERMISSION);
	CU_ASSERT_EQUAL(t.rom->resets, 0);
	t.rom->phase = ROAD_FIRMWARE_PHASE_STARTING;
	t.rom->runs_after = 1;
	CU_ASSERT_EQUAL(road_device_reset(device, ROAD_RESET_DEVICE), ROAD_OK);
	CU_ASSERT_EQUAL(t.rom->resets, 1);
	CU_ASSERT_EQUAL(t.rom->restarts, 0);
	road_device_release(device);
	teardown();
}

static const struct tap_case cases[] = {
	{"a port with its own ROM boots before it starts",
	 a_port_with_its_own_rom_boots_before_it_starts},
	{"a chip that needs none starts at once", a_chip_that_needs_none_starts_at_once},
	{"a ROM that lies is answered", a_rom_that_lies_is_answered},
	{"a ROM that hangs runs into its deadline", a_rom_that_hangs_runs_into_its_deadline},
	{"a crash leaves a dump, however the port tells it",
	 a_crash_leaves_a_dump_however_the_port_tells_it},
	{"firmware of another function is awaited and never booted",
	 foreign_firmware_is_awaited_and_never_booted},
	{"firmware of another function that does not run is not replaced",
	 foreign_firmware_that_does_not_run_is_not_replaced},
};

TAP_MAIN(cases)
