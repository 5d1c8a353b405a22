/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Devices that boot firmware: what opening, crashes, resets and loads do. On the three simulated
 * chips that have a boot ROM; images are the simulator's own, and the same payload signed anew.
 */
#include <pthread.h>
#include <roadbed/firmware.h>
#include <sched.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "tests/unit/core/fixture.h"
#include "uapi/firmware/boot.h"
#include "uapi/firmware/image.h"
#include "uapi/firmware/program.h"

struct chip {
	const char *address, *folder; /* of its images */
	const char *components[2];
	uint32_t count;
	uint8_t chip_class[16];
};

static const struct chip chips[] = {
	{"sim:gpu-small", "gpgpu", {"scheduler"}, 1, ROAD_PROGRAM_CLASS_GPU},
	{"sim:dsa-small", "dsa", {"control"}, 1, ROAD_PROGRAM_CLASS_DSA},
	{"sim:rpu-small", "rpu", {"mesh", "tile"}, 2, ROAD_PROGRAM_CLASS_RPU},
};
#define EACH(chip)                                                                             \
	for (const struct chip *chip = chips; chip < chips + sizeof(chips) / sizeof(chips[0]); \
	     chip++)

/* ---- images ---- */

struct signer {
	uint8_t seed[32], key[32];
	char hex[65];
};

static struct signer signer_new(void)
{
	struct signer s;

	CU_ASSERT_EQUAL_FATAL(road_firmware_key_generate(s.seed, s.key, NULL), ROAD_FIRMWARE_OK);
	sodium_bin2hex(s.hex, sizeof(s.hex), s.key, sizeof(s.key));
	return s;
}

struct image {
	void *bytes;
	size_t count;
};

/* The simulator's own, as the build made it. */
static struct image image_own(const struct chip *chip, uint32_t component)
{
	static char bytes[1 << 16];
	char path[512];

	snprintf(path, sizeof(path), IMAGE_FOLDER "/roadbed/%s/%s.img", chip->folder,
		 chip->components[component]);
	FILE *file = fopen(path, "rb");

	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	const size_t count = fread(bytes, 1, sizeof(bytes), file);

	fclose(file);
	return (struct image){bytes, count};
}

/* The same payload, signed by somebody else as another version. */
struct wish {
	uint32_t counter;
	const road_firmware_dependency *needs; /* of the last component; NULL: nothing */
};

static struct image image_made(const struct chip *chip, uint32_t component,
			       const struct signer *signer, struct wish wish)
{
	const struct image own = image_own(chip, component);
	struct road_fw_header header;
	road_firmware_sign_options options = {
		.size = sizeof(options),
		.version = {9, 8, 7, 6},
		.has = ROAD_FIRMWARE_HAS_COUNTER | ROAD_FIRMWARE_HAS_VENDOR |
		       ROAD_FIRMWARE_HAS_CLASS,
		.counter = wish.counter,
		.dependencies = component + 1 == chip->count ? wish.needs : NULL,
		.dependency_count = component + 1 == chip->count && wish.needs,
		.vendor = {ROAD_PROGRAM_VENDOR},
		.component = chip->components[component],
	};
	struct image made = {0};

	memcpy(&header, own.bytes, sizeof(header));
	memcpy(options.chip_class.bytes, chip->chip_class, 16);
	CU_ASSERT_EQUAL_FATAL(road_firmware_sign((char *)own.bytes + header.header_bytes,
						 header.payload_bytes, signer->seed, &options,
						 &made.bytes, &made.count, NULL),
			      ROAD_FIRMWARE_OK);
	return made;
}

static struct image image_signed(const struct chip *chip, uint32_t component,
				 const struct signer *signer)
{
	return image_made(chip, component, signer, (struct wish){.counter = 5});
}

/* All components of the chip, by that signer. */
static road_status load_made(road_device *device, const struct chip *chip,
			     const struct signer *signer, struct wish wish)
{
	road_firmware_source images[2];
	const road_firmware_load_options options = {.size = sizeof(options),
						    .key_count = 1,
						    .keys = &signer->key,
						    .images = images,
						    .image_count = chip->count};

	for (uint32_t i = 0; i < chip->count; i++) {
		const struct image image = image_made(chip, i, signer, wish);

		images[i] = (road_firmware_source){chip->components[i], image.bytes, image.count};
	}
	road_status status = road_device_firmware_load(device, &options);

	for (uint32_t i = 0; i < chip->count; i++)
		road_firmware_free((void *)(uintptr_t)images[i].bytes);
	return status;
}

static road_status load_all(road_device *device, const struct chip *chip,
			    const struct signer *signer)
{
	return load_made(device, chip, signer, (struct wish){.counter = 5});
}

/* ---- devices ---- */

static road_device *open_with(road_instance *instance, const struct chip *chip, const char *options)
{
	char address[256];
	road_device *device = NULL;

	snprintf(address, sizeof(address), "%s%s", chip->address, options);
	road_status status = road_device_open(instance, address, &device);

	if (status)
		tell_error(address);
	CU_ASSERT_EQUAL_FATAL(status, ROAD_OK);
	return device;
}

static road_device_firmware firmware_of(road_device *device)
{
	road_device_firmware firmware = {.size = sizeof(firmware)};

	CU_ASSERT_EQUAL(road_device_firmware_get(device, &firmware), ROAD_OK);
	return firmware;
}

static uint32_t health_of(road_device *device)
{
	uint32_t health = UINT32_MAX;
	uint64_t resets;

	CU_ASSERT_EQUAL(road_device_health(device, &health, &resets), ROAD_OK);
	return health;
}

/* Bytes go to the device and come back. */
static void work(road_queue *queue, road_buffer *buffer)
{
	char there[256], back[256] = {0};
	road_point point;

	memset(there, 0x5a, sizeof(there));
	CU_ASSERT_EQUAL(road_queue_write(queue, buffer, 0, there, sizeof(there), NULL), ROAD_OK);
	CU_ASSERT_EQUAL(road_queue_read(queue, back, buffer, 0, sizeof(back), &point), ROAD_OK);
	CU_ASSERT_EQUAL(road_point_wait(point, soon()), ROAD_OK);
	CU_ASSERT(!memcmp(there, back, sizeof(there)));
}

static bool saw(const char *what, const char *text)
{
	road_error error = {.size = sizeof(error)};

	(void)what;
	return !road_last_error(&error) &&
	       (strstr(error.what, text) || strstr(error.where, text) || strstr(error.seen, text));
}

/* ---- cases ---- */

static void a_device_boots_when_it_is_opened(void)
{
	EACH(chip)
	{
		road_instance *instance = open_instance();
		road_change change = {.size = sizeof(change)};
		road_watch *watch = NULL;
		char states[512] = "";

		CU_ASSERT_EQUAL(road_watch_create(instance, ROAD_CHANGE_ALL, &watch), ROAD_OK);
		road_device *device = open_with(instance, chip, "");

		while (!road_watch_next(watch, &change))
			snprintf(states + strlen(states), sizeof(states) - strlen(states), "%s;",
				 change.text);
		if (chip->count == 1)
			CU_ASSERT(strstr(states, "wait-image") < strstr(states, "loading") &&
				  strstr(states, "loading") < strstr(states, "handshake") &&
				  strstr(states, "handshake") < strstr(states, "ready"));
		CU_ASSERT(strstr(states, "ready") < strstr(states, "opened"));
		const road_device_firmware f = firmware_of(device);

		CU_ASSERT_STRING_EQUAL(f.text, "ready");
		CU_ASSERT_EQUAL(f.boots, 1);
		CU_ASSERT_EQUAL(f.crashes, 0);
		CU_ASSERT_EQUAL(f.components, chip->count);
		CU_ASSERT(f.boot_ns > 0 && f.protocol >= 1);
		for (uint32_t i = 0; i < chip->count; i++) {
			road_device_component c = {.size = sizeof(c)};

			CU_ASSERT_EQUAL(road_device_component_get(device, i, &c), ROAD_OK);
			CU_ASSERT_STRING_EQUAL(c.name, chip->components[i]);
			CU_ASSERT_STRING_EQUAL(c.source, "development image of the simulator");
			CU_ASSERT(c.bytes > 64 && c.units >= 1);
		}
		road_watch_release(watch);
		road_device_release(device);
		road_instance_release(instance);
	}
}

static void a_crash_fails_the_work_and_a_reset_boots_again(void)
{
	EACH(chip)
	{
		struct fixture f = setup(chip->address);
		road_buffer *buffer = buffer_of(&f, ROAD_HEAP_DEVICE, 4096);
		road_fault fault = {.size = sizeof(fault)};
		struct road_boot_dump dump = {0};
		road_error why = {.size = sizeof(why)};
		size_t got = 0;

		work(f.queue, buffer);
		CU_ASSERT_EQUAL(road_device_firmware_dump(f.device, 0, &dump, sizeof(dump), &got),
				ROAD_NOT_FOUND);
		CU_ASSERT_EQUAL(road_sim_boot_fault(f.device, ROAD_SIM_BOOT_CRASH, 0, 1), ROAD_OK);
		CU_ASSERT_EQUAL(health_of(f.device), ROAD_HEALTH_FAULTED);
		CU_ASSERT_EQUAL(road_queue_status(f.queue, &why), ROAD_FAULT);
		CU_ASSERT_EQUAL(road_device_firmware_dump(f.device, 0, &dump, sizeof(dump), &got),
				ROAD_OK);
		CU_ASSERT_EQUAL(got, sizeof(dump));
		CU_ASSERT_EQUAL(dump.magic, ROAD_BOOT_DUMP_MAGIC);
		CU_ASSERT_STRING_EQUAL(firmware_of(f.device).text, "crashed");
		CU_ASSERT_EQUAL(road_queue_reset(f.queue), ROAD_FAULT);
		CU_ASSERT_EQUAL(road_device_reset(f.device, ROAD_RESET_DEVICE), ROAD_OK);
		CU_ASSERT_EQUAL(road_queue_reset(f.queue), ROAD_OK);
		CU_ASSERT_EQUAL(health_of(f.device), ROAD_HEALTH_OK);
		work(f.queue, buffer);
		const road_device_firmware firmware = firmware_of(f.device);

		CU_ASSERT_EQUAL(firmware.boots, 2);
		CU_ASSERT_EQUAL(firmware.crashes, 1);
		while (!road_device_fault_read(f.device, &fault))
			CU_ASSERT_EQUAL(fault.kind, ROAD_FAULT_FIRMWARE);
		road_buffer_release(buffer);
		teardown(&f);
	}
}

static void work_under_way_fails_when_the_firmware_crashes(void)
{
	EACH(chip)
	{
		struct fixture f = setup(chip->address);
		road_buffer *buffer = buffer_of(&f, ROAD_HEAP_DEVICE, 1 << 20);
		char bytes[4096] = {0};
		road_point point;

		CU_ASSERT_EQUAL(road_queue_write(f.queue, buffer, 0, bytes, sizeof(bytes), &point),
				ROAD_OK);
		CU_ASSERT_EQUAL(road_sim_boot_fault(f.device, ROAD_SIM_BOOT_CRASH, 0, 1), ROAD_OK);
		CU_ASSERT_EQUAL(road_queue_read(f.queue, bytes, buffer, 0, sizeof(bytes), &point),
				ROAD_OK);
		CU_ASSERT_EQUAL(road_point_wait(point, soon()), ROAD_FAULT);
		road_buffer_release(buffer);
		teardown(&f);
	}
}

static void firmware_that_stands_still_is_found_by_who_waits(void)
{
	EACH(chip)
	{
		struct fixture f = setup(chip->address);
		road_buffer *buffer = buffer_of(&f, ROAD_HEAP_DEVICE, 4096);
		char bytes[256] = {0};
		road_point point;

		CU_ASSERT_EQUAL(road_sim_boot_fault(f.device, ROAD_SIM_BOOT_STOP, 0, 1), ROAD_OK);
		CU_ASSERT_EQUAL(road_queue_write(f.queue, buffer, 0, bytes, sizeof(bytes), &point),
				ROAD_OK);
		CU_ASSERT_EQUAL(road_point_wait(point, road_deadline_after(SECOND / 50)),
				ROAD_FAULT);
		CU_ASSERT(saw("wait", "HEARTBEAT_LOST"));
		CU_ASSERT_EQUAL(health_of(f.device), ROAD_HEALTH_FAULTED);
		CU_ASSERT_EQUAL(road_device_reset(f.device, ROAD_RESET_DEVICE), ROAD_OK);
		CU_ASSERT_EQUAL(road_queue_reset(f.queue), ROAD_OK);
		work(f.queue, buffer);
		CU_ASSERT_EQUAL(firmware_of(f.device).crashes, 1);
		road_buffer_release(buffer);
		teardown(&f);
	}
}

static void sound_firmware_keeps_running_over_a_reset(void)
{
	EACH(chip)
	{
		struct fixture f = setup(chip->address);
		road_buffer *buffer = buffer_of(&f, ROAD_HEAP_DEVICE, 4096);

		CU_ASSERT_EQUAL(road_device_reset(f.device, ROAD_RESET_DEVICE), ROAD_OK);
		CU_ASSERT_EQUAL(road_queue_reset(f.queue), ROAD_OK);
		work(f.queue, buffer);
		CU_ASSERT_EQUAL(firmware_of(f.device).boots, 1);
		road_buffer_release(buffer);
		teardown(&f);
	}
}

static void a_device_that_does_not_boot_again_is_wedged(void)
{
	EACH(chip)
	{
		struct fixture f = setup(chip->address);
		road_buffer *buffer = buffer_of(&f, ROAD_HEAP_DEVICE, 4096);

		CU_ASSERT_EQUAL(road_sim_boot_fault(f.device, ROAD_SIM_BOOT_CRASH, 0, 1), ROAD_OK);
		CU_ASSERT_EQUAL(road_sim_boot_fault(f.device, ROAD_SIM_BOOT_REJECT, 0, UINT32_MAX),
				ROAD_OK);
		CU_ASSERT_EQUAL(road_device_reset(f.device, ROAD_RESET_DEVICE), ROAD_SIGNATURE);
		CU_ASSERT(saw("reset", "ROM_REJECTED"));
		CU_ASSERT_EQUAL(health_of(f.device), ROAD_HEALTH_WEDGED);
		CU_ASSERT_EQUAL(road_queue_reset(f.queue), ROAD_FAULT);
		/* One bad boot is not the end: the second of a reset may do. */
		CU_ASSERT_EQUAL(road_sim_boot_fault(f.device, ROAD_SIM_BOOT_REJECT, 0, 1), ROAD_OK);
		CU_ASSERT_EQUAL(road_device_reset(f.device, ROAD_RESET_DEVICE), ROAD_OK);
		CU_ASSERT_EQUAL(health_of(f.device), ROAD_HEALTH_OK);
		CU_ASSERT_EQUAL(road_queue_reset(f.queue), ROAD_OK);
		work(f.queue, buffer);
		road_buffer_release(buffer);
		teardown(&f);
	}
}

static void other_firmware_is_loaded_when_its_key_is_trusted(void)
{
	const struct signer signer = signer_new();
	char options[96];

	snprintf(options, sizeof(options), "?rom_key=%s", signer.hex);
	EACH(chip)
	{
		road_instance *instance = open_instance();
		road_device *device = open_with(instance, chip, options);
		road_device_component c = {.size = sizeof(c)};
		road_space *space = NULL;

		CU_ASSERT_EQUAL_FATAL(road_space_shared(device, &space), ROAD_OK);
		CU_ASSERT_EQUAL(load_all(device, chip, &signer), ROAD_BUSY);
		road_space_release(space);
		CU_ASSERT_EQUAL(load_all(device, chip, &signer), ROAD_OK);
		CU_ASSERT_STRING_EQUAL(firmware_of(device).version, "9.8.7+6");
		CU_ASSERT_EQUAL(firmware_of(device).counter, 5);
		CU_ASSERT_EQUAL(road_device_component_get(device, 0, &c), ROAD_OK);
		CU_ASSERT_STRING_EQUAL(c.source, "the caller");
		struct fixture f = {.instance = instance, .device = device};

		CU_ASSERT_EQUAL_FATAL(road_space_shared(device, &f.space), ROAD_OK);
		CU_ASSERT_EQUAL_FATAL(road_queue_create(f.space, NULL, &f.queue), ROAD_OK);
		road_buffer *buffer = buffer_of(&f, ROAD_HEAP_DEVICE, 4096);

		work(f.queue, buffer);
		road_buffer_release(buffer);
		teardown(&f);
	}
}

static void what_the_rom_refuses_leaves_what_ran(void)
{
	const struct signer signer = signer_new();

	EACH(chip)
	{
		road_instance *instance = open_instance();
		road_device *device = open_with(instance, chip, "");

		CU_ASSERT_EQUAL(load_all(device, chip, &signer), ROAD_SIGNATURE);
		CU_ASSERT(saw("load", "ROM_REJECTED"));
		CU_ASSERT_STRING_EQUAL(firmware_of(device).text, "ready");
		CU_ASSERT_STRING_NOT_EQUAL(firmware_of(device).version, "9.8.7+6");
		struct fixture f = {.instance = instance, .device = device};

		CU_ASSERT_EQUAL_FATAL(road_space_shared(device, &f.space), ROAD_OK);
		CU_ASSERT_EQUAL_FATAL(road_queue_create(f.space, NULL, &f.queue), ROAD_OK);
		road_buffer *buffer = buffer_of(&f, ROAD_HEAP_DEVICE, 4096);

		work(f.queue, buffer);
		road_buffer_release(buffer);
		teardown(&f);
	}
}

static void what_does_not_verify_never_reaches_the_chip(void)
{
	const struct signer signer = signer_new(), other = signer_new();

	EACH(chip)
	{
		road_instance *instance = open_instance();
		road_device *device = open_with(instance, chip, "");
		struct image image = image_signed(chip, 0, &signer);
		road_firmware_source source = {chip->components[0], image.bytes, image.count};
		road_firmware_load_options options = {.size = sizeof(options),
						      .key_count = 1,
						      .keys = &other.key,
						      .images = &source,
						      .image_count = 1};

		CU_ASSERT_EQUAL(road_device_firmware_load(device, &options), ROAD_SIGNATURE);
		CU_ASSERT(saw("load", "UNKNOWN_KEY"));
		options.keys = &signer.key;
		((uint8_t *)image.bytes)[40] ^= 1;
		CU_ASSERT_EQUAL(road_device_firmware_load(device, &options), ROAD_SIGNATURE);
		CU_ASSERT(saw("load", "HASH_MISMATCH"));
		options.reserved = 1; /* a member of a later version */
		CU_ASSERT_EQUAL(road_device_firmware_load(device, &options), ROAD_INVALID_ARGUMENT);
		options.reserved = 0;
		source.component = "nonsense";
		CU_ASSERT_EQUAL(road_device_firmware_load(device, &options), ROAD_NOT_FOUND);
		CU_ASSERT_EQUAL(firmware_of(device).boots, 1);
		road_firmware_free(image.bytes);
		road_device_release(device);
		road_instance_release(instance);
	}
}

/* The key of the simulators' ROM is theirs alone: no key of the machine verifies their images. */
static void the_search_never_finds_the_simulators_key(void)
{
	EACH(chip)
	{
		road_instance_options options = {.size = sizeof(options),
						 .flags = ROAD_INSTANCE_NO_ENV,
						 .library_folder = SIM_FOLDER,
						 .firmware_folders = IMAGE_FOLDER};
		road_instance *instance = NULL;
		road_device *device = NULL;
		char address[64];

		snprintf(address, sizeof(address), "%s?firmware=search", chip->address);
		CU_ASSERT_EQUAL_FATAL(road_instance_create(&options, &instance), ROAD_OK);
		CU_ASSERT_EQUAL(road_device_open(instance, address, &device), ROAD_SIGNATURE);
		CU_ASSERT(saw("open", "UNKNOWN_KEY"));
		road_instance_release(instance);
		options.firmware_folders = NULL; /* nor are the images anywhere */
		CU_ASSERT_EQUAL_FATAL(road_instance_create(&options, &instance), ROAD_OK);
		CU_ASSERT_EQUAL(road_device_open(instance, address, &device), ROAD_NOT_FOUND);
		road_instance_release(instance);
	}
}

/* Every way in which a boot may fail: an answer, and nothing left behind. */
static void a_boot_that_fails_leaves_nothing(void)
{
	static const char *const faults[] = {
		"hang:rom",      "hang:waiting", "hang:loading", "hang:auth",
		"hang:starting", "hang:hello",   "reject",       "selftest",
		"early",         "protocol",     "version",      "chip",
	};

	EACH(chip)
	{
		road_instance *instance = open_instance();

		for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
			char address[64];
			road_device *device = NULL;

			snprintf(address, sizeof(address), "%s?boot=%s", chip->address, faults[i]);
			road_status status = road_device_open(instance, address, &device);

			printf("# %s: %s\n", address, road_status_text(status));
			CU_ASSERT_NOT_EQUAL(status, ROAD_OK);
			CU_ASSERT_PTR_NULL(device);
			CU_ASSERT(strncmp(faults[i], "hang", 4) || status == ROAD_TIMEOUT);
		}
		road_device_release(open_with(instance, chip, ""));
		road_instance_release(instance);
	}
}

/* Not only that it failed: what the driver said of it. */
static void a_boot_that_the_driver_fails_says_why(void)
{
	road_instance *instance = open_instance();
	road_error error = {.size = sizeof(error)};
	road_device *device = NULL;

	CU_ASSERT_EQUAL(
		road_device_open(instance, "faulty(fail:dma_alloc@1):sim:dsa-small", &device),
		ROAD_IO);
	CU_ASSERT_EQUAL(road_last_error(&error), ROAD_OK);
	CU_ASSERT_STRING_EQUAL(error.what,
			       "offering the image failed: failure as planned (RW_ERROR)");
	CU_ASSERT_STRING_EQUAL(error.where, "dma_alloc");
	road_instance_release(instance);
}

/* A boot that fails for what the loader calls unsupported is no reset that cannot be. */
static void a_chip_that_speaks_no_protocol_any_more_is_wedged(void)
{
	EACH(chip)
	{
		struct fixture f = setup(chip->address);
		road_queue *queue = NULL;

		CU_ASSERT_EQUAL(road_sim_boot_fault(f.device, ROAD_SIM_BOOT_STOP, 0, 1), ROAD_OK);
		CU_ASSERT_EQUAL(
			road_sim_boot_fault(f.device, ROAD_SIM_BOOT_PROTOCOL, 0, UINT32_MAX),
			ROAD_OK);
		CU_ASSERT_EQUAL(road_device_reset(f.device, ROAD_RESET_DEVICE), ROAD_FAULT);
		CU_ASSERT_EQUAL(health_of(f.device), ROAD_HEALTH_WEDGED);
		CU_ASSERT_EQUAL(road_queue_create(f.space, NULL, &queue), ROAD_FAULT);
		CU_ASSERT_EQUAL(firmware_of(f.device).crashes, 1);
		CU_ASSERT_EQUAL(road_sim_boot_fault(f.device, ROAD_SIM_BOOT_HONEST, 0, 1), ROAD_OK);
		CU_ASSERT_EQUAL(road_device_reset(f.device, ROAD_RESET_DEVICE), ROAD_OK);
		CU_ASSERT_EQUAL(health_of(f.device), ROAD_HEALTH_OK);
		teardown(&f);
	}
}

static void older_firmware_is_not_loaded_over_what_runs(void)
{
	const struct signer signer = signer_new();
	char options[96];

	snprintf(options, sizeof(options), "?rom_key=%s", signer.hex);
	EACH(chip)
	{
		road_instance *instance = open_instance();
		road_device *device = open_with(instance, chip, options);

		CU_ASSERT_EQUAL(load_made(device, chip, &signer, (struct wish){.counter = 7}),
				ROAD_OK);
		CU_ASSERT_EQUAL(load_made(device, chip, &signer, (struct wish){.counter = 6}),
				ROAD_ROLLBACK_REFUSED);
		CU_ASSERT_EQUAL(firmware_of(device).counter, 7);
		CU_ASSERT_EQUAL(load_made(device, chip, &signer, (struct wish){.counter = 7}),
				ROAD_OK);
		road_device_release(device);
		road_instance_release(instance);
	}
}

/* What an image needs is looked for among those that will run with it. */
static void dependencies_are_of_what_is_loaded_together(void)
{
	const struct signer signer = signer_new();
	const road_firmware_dependency met = {0, {9, 8, 7, 6}}, unmet = {0, {9, 9, 0, 0}},
				       nowhere = {7, {1, 0, 0, 0}};
	const struct chip *chip = &chips[2];
	char options[96];

	snprintf(options, sizeof(options), "?rom_key=%s", signer.hex);
	road_instance *instance = open_instance();
	road_device *device = open_with(instance, chip, options);

	CU_ASSERT_EQUAL(load_made(device, chip, &signer, (struct wish){5, &unmet}),
			ROAD_IMAGE_INCOMPATIBLE);
	CU_ASSERT(saw("load", "DEPENDENCY_MISSING"));
	CU_ASSERT_EQUAL(load_made(device, chip, &signer, (struct wish){5, &nowhere}),
			ROAD_IMAGE_INCOMPATIBLE);
	CU_ASSERT_EQUAL(firmware_of(device).boots, 1);
	CU_ASSERT_EQUAL(load_made(device, chip, &signer, (struct wish){5, &met}), ROAD_OK);
	road_device_release(device);
	road_instance_release(instance);
}

/* Who stands still left nothing: the dump of the crash before is not his. */
static void a_dump_is_of_the_last_crash(void)
{
	EACH(chip)
	{
		struct fixture f = setup(chip->address);
		uint8_t bytes[16];
		size_t got = 0;

		CU_ASSERT_EQUAL(road_sim_boot_fault(f.device, ROAD_SIM_BOOT_CRASH, 0, 1), ROAD_OK);
		CU_ASSERT_EQUAL(road_device_reset(f.device, ROAD_RESET_DEVICE), ROAD_OK);
		CU_ASSERT_EQUAL(road_device_firmware_dump(f.device, 0, bytes, 16, &got), ROAD_OK);
		CU_ASSERT_EQUAL(road_sim_boot_fault(f.device, ROAD_SIM_BOOT_STOP, 0, 1), ROAD_OK);
		CU_ASSERT_EQUAL(road_device_reset(f.device, ROAD_RESET_DEVICE), ROAD_OK);
		CU_ASSERT_EQUAL(road_device_firmware_dump(f.device, 0, bytes, 16, &got),
				ROAD_NOT_FOUND);
		CU_ASSERT_EQUAL(firmware_of(f.device).crashes, 2);
		teardown(&f);
	}
}

/* What a boot cannot do is refused by what it lacks, not as if there was no firmware. */
static void boots_that_cannot_go_wrong_so(void)
{
	static const struct {
		uint32_t fault, phase;
		const char *what;
	} rows[] = {
		{ROAD_SIM_BOOT_OFFSET, 0, "does not pull"},
		{ROAD_SIM_BOOT_LENGTH, 0, "does not pull"},
		{ROAD_SIM_BOOT_ENDLESS, 0, "does not pull"},
		{ROAD_SIM_BOOT_HANG, ROAD_BOOT_PHASE_REJECTED, "no boot stays in this phase"},
	};
	road_error why = {.size = sizeof(why)};

	EACH(chip)
	{
		struct fixture f = setup(chip->address);
		road_property style = {.size = sizeof(style)};

		CU_ASSERT_EQUAL(road_device_property(f.device, "firmware.transfer", &style),
				ROAD_OK);
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			const bool can =
				rows[i].fault != ROAD_SIM_BOOT_HANG && !strcmp(style.text, "pull");

			CU_ASSERT_EQUAL(
				road_sim_boot_fault(f.device, rows[i].fault, rows[i].phase, 1),
				can ? ROAD_OK : ROAD_UNSUPPORTED);
			if (can)
				continue;
			road_last_error(&why);
			CU_ASSERT_PTR_NOT_NULL(strstr(why.what, rows[i].what));
		}
		teardown(&f);
	}
}

static _Atomic int polling;

static void *poll_health(void *arg)
{
	while (atomic_load(&polling)) {
		uint32_t health;
		uint64_t resets;

		(void)road_device_health(arg, &health, &resets);
		sched_yield(); /* a poller, not a siege: locks here are not fair */
	}
	return NULL;
}

/* Who looks while another resets must not take the new firmware for the old. */
static void looks_and_resets_meet(void)
{
	struct fixture f = setup(chips[0].address);
	road_buffer *buffer = buffer_of(&f, ROAD_HEAP_DEVICE, 4096);
	pthread_t threads[2];

	atomic_store(&polling, 1);
	for (int i = 0; i < 2; i++)
		CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL, poll_health, f.device), 0);
	for (int round = 0; round < 30; round++) {
		CU_ASSERT_EQUAL(road_sim_boot_fault(f.device, ROAD_SIM_BOOT_CRASH, 0, 1), ROAD_OK);
		CU_ASSERT_EQUAL(road_device_reset(f.device, ROAD_RESET_DEVICE), ROAD_OK);
		CU_ASSERT_EQUAL(road_queue_reset(f.queue), ROAD_OK);
		work(f.queue, buffer);
	}
	atomic_store(&polling, 0);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	CU_ASSERT_EQUAL(health_of(f.device), ROAD_HEALTH_OK);
	CU_ASSERT_EQUAL(firmware_of(f.device).crashes, 30);
	road_buffer_release(buffer);
	teardown(&f);
}

static const struct tap_case cases[] = {
	{"a boot that cannot go wrong so is refused, and why", boots_that_cannot_go_wrong_so},
	{"a device boots when it is opened", a_device_boots_when_it_is_opened},
	{"a crash fails the work, and a reset boots again",
	 a_crash_fails_the_work_and_a_reset_boots_again},
	{"work under way fails when the firmware crashes",
	 work_under_way_fails_when_the_firmware_crashes},
	{"firmware that stands still is found by who waits",
	 firmware_that_stands_still_is_found_by_who_waits},
	{"sound firmware keeps running over a reset", sound_firmware_keeps_running_over_a_reset},
	{"a device that does not boot again is wedged",
	 a_device_that_does_not_boot_again_is_wedged},
	{"other firmware is loaded when its key is trusted",
	 other_firmware_is_loaded_when_its_key_is_trusted},
	{"what the ROM refuses leaves what ran", what_the_rom_refuses_leaves_what_ran},
	{"what does not verify never reaches the chip",
	 what_does_not_verify_never_reaches_the_chip},
	{"the search never finds the simulators' key", the_search_never_finds_the_simulators_key},
	{"a boot that fails leaves nothing", a_boot_that_fails_leaves_nothing},
	{"a boot that the driver fails says why", a_boot_that_the_driver_fails_says_why},
	{"a chip that speaks no protocol any more is wedged",
	 a_chip_that_speaks_no_protocol_any_more_is_wedged},
	{"older firmware is not loaded over what runs",
	 older_firmware_is_not_loaded_over_what_runs},
	{"dependencies are of what is loaded together",
	 dependencies_are_of_what_is_loaded_together},
	{"a dump is of the last crash", a_dump_is_of_the_last_crash},
	{"looks and resets meet", looks_and_resets_meet},
};

TAP_MAIN(cases)
