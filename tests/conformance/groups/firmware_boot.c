/* SPDX-License-Identifier: Apache-2.0 */
/* Firmware of an open device: what runs, loading it again, boots that the chip spoils. */
#include <pthread.h>

#include "tests/conformance/groups/firmware_device.h"

/* ---- what runs ---- */

/* version: of each; NULL: any. */
static void check_components(road_device *device, uint32_t count, const char *version)
{
	road_device_component one = {.size = sizeof(one)};

	CHECK(count > 0);
	for (uint32_t i = 0; i < count; i++) {
		CHECK_OK(road_device_component_get(device, i, &one));
		CHECK(one.name[0] && one.version[0] && one.source[0]);
		CHECK(one.units > 0 && one.bytes > 0);
		CHECK(!version || !strcmp(one.version, version));
	}
	CHECK_STATUS(road_device_component_get(device, count, &one), ROAD_NOT_FOUND);
}

/* ---- other images ---- */

/* A chip that trusts the suite's key, opened for itself: nothing else holds it. */
static road_device *open_trusting(struct fixture *f, road_instance *instance,
				  const struct firmware_images *images)
{
	const char *address =
		f->info.simulated ? fixture_address_with(f, images->rom_key) : f->address;

	return fixture_open_in(f, instance, address);
}

/* The suite's images in place of the chip's own: another version runs, and does the same. */
static void load_others(struct fixture *f)
{
	const struct firmware_images *images = firmware_images(f);
	road_instance *instance = fixture_instance(f, NULL, 0);
	road_device *device = open_trusting(f, instance, images);
	const road_device_firmware was = firmware_of(device);
	road_watch *watch = firmware_watch(instance);
	const uint64_t work = firmware_work(f, device);

	CHECK_EQ(was.state, ROAD_FIRMWARE_STATE_READY);
	CHECK_EQ(was.boots, 1);
	CHECK(was.protocol >= was.protocol_min && was.protocol <= was.protocol_max);
	CHECK(was.version[0] && strcmp(was.version, FIRMWARE_IMAGES_VERSION));
	CHECK_OK(firmware_load(device, &images->options));
	const struct firmware_seen seen = firmware_seen(watch);

	CHECK(seen.boots > 1 && firmware_says(seen.last, ROAD_FIRMWARE_STATE_READY));
	CHECK_EQ(seen.recovered, 1);
	const road_device_firmware now = firmware_of(device);

	CHECK_EQ(now.state, ROAD_FIRMWARE_STATE_READY);
	CHECK_EQ(now.boots, 2);
	CHECK_EQ(now.crashes, 0);
	CHECK(!strcmp(now.version, FIRMWARE_IMAGES_VERSION));
	check_components(device, now.components, FIRMWARE_IMAGES_VERSION);
	CHECK_EQ(firmware_work(f, device), work);
	/* And a reset keeps it. */
	CHECK_OK(road_device_reset(device, ROAD_RESET_DEVICE));
	CHECK(!strcmp(firmware_of(device).version, FIRMWARE_IMAGES_VERSION));
	CHECK_EQ(firmware_work(f, device), work);
	road_watch_release(watch);
}

CONFORMANCE_CASE(firmware, fw_load_push)
{
	CHECK_EQ(firmware_of(f->device).pull, 0);
	check_components(f->device, firmware_of(f->device).components, NULL);
	load_others(f);
}

CONFORMANCE_CASE(firmware, fw_load_pull)
{
	CHECK_EQ(firmware_of(f->device).pull, 1);
	check_components(f->device, firmware_of(f->device).components, NULL);
	load_others(f);
}

/* What must not come to the chip: the load is refused, and what runs goes on. */
static void refuse(road_device *device, const road_firmware_load_options *options,
		   road_status wanted)
{
	const road_device_firmware was = firmware_of(device);

	CHECK_STATUS(firmware_load(device, options), wanted);
	const road_device_firmware now = firmware_of(device);

	CHECK_EQ(now.state, ROAD_FIRMWARE_STATE_READY);
	CHECK_EQ(now.boots, was.boots);
	CHECK(!strcmp(now.version, was.version));
}

CONFORMANCE_CASE(firmware, fw_load_refused_keeps_running)
{
	struct firmware_images *images = firmware_images(f);
	road_instance *instance = fixture_instance(f, NULL, 0);
	road_device *device = open_trusting(f, instance, images);
	road_firmware_source *first = &images->sources[0];
	const road_firmware_source sound = *first;
	uint8_t *bytes = fixture_memory(f, sound.byte_count);
	const uint64_t work = firmware_work(f, device);

	refuse(device, NULL, ROAD_INVALID_ARGUMENT);
	memcpy(bytes, sound.bytes, sound.byte_count);
	bytes[sound.byte_count / 2] ^= 1;
	first->bytes = bytes;
	refuse(device, &images->options, ROAD_SIGNATURE);
	first->byte_count /= 2;
	refuse(device, &images->options, ROAD_IMAGE_INVALID);
	*first = sound;
	first->component = "none-such";
	refuse(device, &images->options, ROAD_NOT_FOUND);
	CHECK_DETAIL("none-such");
	*first = sound;
	images->options.key_count = 0; /* signed, but by nobody that is known */
	refuse(device, &images->options, ROAD_SIGNATURE);
	CHECK_EQ(firmware_work(f, device), work);
}

/* The chip itself refuses what the host takes: the key is in none of its registers. */
CONFORMANCE_CASE(firmware, fw_rom_checks_by_itself)
{
	const struct firmware_images *images = firmware_images(f);
	road_instance *instance = fixture_instance(f, NULL, 0);
	road_device *device = fixture_open_in(f, instance, f->address);
	const road_device_firmware was = firmware_of(device);
	const uint64_t work = firmware_work(f, device);

	CHECK_STATUS(firmware_load(device, &images->options), ROAD_SIGNATURE);
	CHECK_DETAIL("ROM");
	const road_device_firmware now = firmware_of(device);

	CHECK_EQ(now.state, ROAD_FIRMWARE_STATE_READY); /* what ran before was booted again */
	CHECK(!strcmp(now.version, was.version));
	CHECK_EQ(now.boots, was.boots + 1);
	CHECK_EQ(firmware_work(f, device), work);
}

/* ---- two at once ---- */

enum { LOADERS = 2, LOADS = 4 };

struct loader {
	road_device *device;
	const road_firmware_load_options *options;
	pthread_t thread;
	uint64_t done, busy, other;
};

static void *load_often(void *arg)
{
	struct loader *loader = arg;

	for (int i = 0; i < LOADS; i++) {
		const road_status status =
			road_device_firmware_load(loader->device, loader->options);

		loader->done += status == ROAD_OK;
		loader->busy += status == ROAD_BUSY;
		loader->other += status != ROAD_OK && status != ROAD_BUSY;
	}
	return NULL;
}

/* A device in use is busy. Of two threads that load, one waits or is told so: no boot is lost, and
 * none counts twice. */
CONFORMANCE_CASE(firmware, fw_busy_second_load)
{
	const struct firmware_images *images = firmware_images(f);
	road_instance *instance = fixture_instance(f, NULL, 0);
	road_device *device = open_trusting(f, instance, images);
	struct loader loaders[LOADERS];
	road_space *space = NULL;
	uint64_t done = 0;

	CHECK_OK(road_space_shared(device, &space));
	CHECK_STATUS(road_device_firmware_load(device, &images->options), ROAD_BUSY);
	road_space_release(space);
	CHECK_OK(road_device_retain(device)); /* as a second user does */
	CHECK_STATUS(road_device_firmware_load(device, &images->options), ROAD_BUSY);
	road_device_release(device);
	CHECK_EQ(firmware_of(device).boots, 1);
	CHECK_OK(firmware_load(device, &images->options));
	for (int i = 0; i < LOADERS; i++) {
		loaders[i] = (struct loader){.device = device, .options = &images->options};
		REQUIRE(!pthread_create(&loaders[i].thread, NULL, load_often, &loaders[i]));
	}
	for (int i = 0; i < LOADERS; i++) {
		pthread_join(loaders[i].thread, NULL);
		CHECK_EQ(loaders[i].other, 0);
		CHECK_EQ(loaders[i].done + loaders[i].busy, LOADS);
		done += loaders[i].done;
	}
	CHECK(done >= LOADS); /* one of both gets on, always */
	CHECK_EQ(firmware_of(device).boots, 2 + done);
	CHECK_EQ(firmware_of(device).state, ROAD_FIRMWARE_STATE_READY);
	firmware_work(f, device);
}

/* ---- chips that break the rules ---- */

CONFORMANCE_CASE(firmware, fw_handshake_no_common_protocol)
{
	const struct firmware_images *images = firmware_images(f);
	road_instance *instance = fixture_instance(f, NULL, 0);
	road_device *device = open_trusting(f, instance, images);
	const road_device_firmware was = firmware_of(device);
	const uint64_t work = firmware_work(f, device);

	firmware_open_fails(f, "protocol", ROAD_UNSUPPORTED, ROAD_FIRMWARE_STATE_CRASHED,
			    "protocol");
	/* One that is open, once: what ran before runs again. */
	CHECK_OK(road_sim_boot_fault(device, ROAD_SIM_BOOT_PROTOCOL, 0, 1));
	CHECK_STATUS(firmware_load(device, &images->options), ROAD_UNSUPPORTED);
	const road_device_firmware now = firmware_of(device);

	CHECK_EQ(now.state, ROAD_FIRMWARE_STATE_READY);
	CHECK(!strcmp(now.version, was.version));
	CHECK_EQ(firmware_work(f, device), work);
}

CONFORMANCE_CASE(firmware, fw_state_timeout_each_state)
{
	static const struct {
		const char *fault;
		uint32_t ends_in;
		const char *state; /* that the detail names */
	} rows[] = {
		{"hang:off", ROAD_FIRMWARE_STATE_REJECTED, "off"},
		{"hang:rom", ROAD_FIRMWARE_STATE_REJECTED, "rom"},
		{"hang:waiting", ROAD_FIRMWARE_STATE_REJECTED, "wait-image"},
		{"hang:loading", ROAD_FIRMWARE_STATE_REJECTED, "loading"},
		{"hang:auth", ROAD_FIRMWARE_STATE_REJECTED, "auth"},
		{"hang:starting", ROAD_FIRMWARE_STATE_CRASHED, "starting"},
		{"hang:hello", ROAD_FIRMWARE_STATE_CRASHED, "handshake"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		firmware_open_fails(f, rows[i].fault, ROAD_TIMEOUT, rows[i].ends_in, rows[i].state);
}

CONFORMANCE_CASE(firmware, fw_hostile_device_offset)
{
	firmware_open_fails(f, "offset", ROAD_FAULT, ROAD_FIRMWARE_STATE_REJECTED, "image");
	firmware_open_fails(f, "length", ROAD_FAULT, ROAD_FIRMWARE_STATE_REJECTED, "image");
}

CONFORMANCE_CASE(firmware, fw_hostile_device_endless_requests)
{
	firmware_open_fails(f, "endless", ROAD_FAULT, ROAD_FIRMWARE_STATE_REJECTED, "request");
}

CONFORMANCE_CASE(firmware, fw_hostile_device_lies)
{
	firmware_open_fails(f, "early", ROAD_FAULT, ROAD_FIRMWARE_STATE_REJECTED, "");
	firmware_open_fails(f, "version", ROAD_FAULT, ROAD_FIRMWARE_STATE_CRASHED, "version");
	firmware_open_fails(f, "chip", ROAD_FAULT, ROAD_FIRMWARE_STATE_CRASHED, "chip");
}

CONFORMANCE_CASE(firmware, fw_rom_refuses_named)
{
	firmware_open_fails(f, "reject", ROAD_SIGNATURE, ROAD_FIRMWARE_STATE_REJECTED, "code");
	firmware_open_fails(f, "selftest", ROAD_FAULT, ROAD_FIRMWARE_STATE_CRASHED, "self-test");
}
