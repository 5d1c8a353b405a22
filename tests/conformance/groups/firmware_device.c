/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/conformance/groups/firmware_device.h"

#include <stdio.h>
#include <unistd.h>

#include "tests/conformance/fixture.h"
#include "tests/conformance/groups/rig.h"

road_device_firmware firmware_of(road_device *device)
{
	road_device_firmware firmware = {.size = sizeof(firmware)};

	CHECK_OK(road_device_firmware_get(device, &firmware));
	CHECK(!strcmp(firmware.text, road_firmware_state_text(firmware.state)));
	return firmware;
}

uint64_t firmware_work(struct fixture *f, road_device *device)
{
	struct rig rig = {.instance = f->instance, .device = device};

	CHECK_OK(road_space_shared(device, &rig.space));
	CHECK_OK(road_queue_create(rig.space, NULL, &rig.queue));
	const struct outcome outcome = rig_work(f, &rig);

	road_queue_release(rig.queue);
	road_space_release(rig.space);
	return outcome.data;
}

/* ---- images ---- */

static void take_key(struct fixture *f, struct firmware_images *images)
{
	road_firmware_key key = {.size = sizeof(key)};
	char name[64];
	size_t bytes = 0;

	snprintf(name, sizeof(name), "%s.pub", f->info.driver);
	const char *text = fixture_file(f, name, &bytes);

	REQUIRE_EQ(road_firmware_key_read_public(text, bytes, &key, NULL), ROAD_FIRMWARE_OK);
	memcpy(images->key[0], key.key, sizeof(images->key[0]));
	int used = snprintf(images->rom_key, sizeof(images->rom_key), "rom_key=");

	for (int i = 0; i < 32; i++)
		used += snprintf(images->rom_key + used, 3, "%02x", key.key[i]);
}

struct firmware_images *firmware_images(struct fixture *f)
{
	struct firmware_images *images = fixture_memory(f, sizeof(*images));
	uint32_t count = 0;

	take_key(f, images);
	for (; count < 8; count++) {
		road_device_component *component = &images->components[count];
		char name[80];

		component->size = sizeof(*component);
		if (road_device_component_get(f->device, count, component))
			break;
		snprintf(name, sizeof(name), "%s-%s.img", f->info.driver, component->name);
		images->sources[count].component = component->name;
		images->sources[count].bytes =
			fixture_file(f, name, &images->sources[count].byte_count);
	}
	images->options = (road_firmware_load_options){
		.size = sizeof(images->options),
		.key_count = 1,
		.keys = (const uint8_t(*)[32])images->key,
		.images = images->sources,
		.image_count = count,
	};
	return images;
}

road_status firmware_load(road_device *device, const road_firmware_load_options *options)
{
	road_status status = road_device_firmware_load(device, options);

	for (int ms = 0; ms < 2000 && status == ROAD_BUSY; ms++) {
		usleep(1000);
		status = road_device_firmware_load(device, options);
	}
	return status;
}

/* ---- changes ---- */

road_watch *firmware_watch(road_instance *instance)
{
	road_watch *watch = NULL;

	CHECK_OK(road_watch_create(
		instance, ROAD_CHANGE_BOOT | ROAD_CHANGE_FAULT | ROAD_CHANGE_RECOVERED, &watch));
	return watch;
}

bool firmware_says(const char *text, uint32_t state)
{
	const char *name = road_firmware_state_text(state);

	return !strncmp(text, name, strlen(name));
}

struct firmware_seen firmware_seen(road_watch *watch)
{
	road_change change = {.size = sizeof(change)};
	struct firmware_seen seen = {0};

	while (!road_watch_next(watch, &change)) {
		CHECK(change.text[0]);
		seen.faults += change.kind == ROAD_CHANGE_FAULT;
		if (change.kind == ROAD_CHANGE_BOOT) {
			seen.boots++;
			snprintf(seen.last, sizeof(seen.last), "%s", change.text);
		}
		if (change.kind == ROAD_CHANGE_RECOVERED) {
			seen.recovered++;
			seen.ready_first = firmware_says(seen.last, ROAD_FIRMWARE_STATE_READY);
		}
	}
	return seen;
}

/* ---- boots that fail ---- */

void firmware_open_fails(struct fixture *f, const char *fault, road_status wanted, uint32_t state,
			 const char *part)
{
	road_instance *instance = fixture_instance(f, NULL, 0);
	road_watch *watch = firmware_watch(instance);
	road_device *device = NULL, *honest = NULL;
	char option[64];

	snprintf(option, sizeof(option), "boot=%s", fault);
	case_note("%s", option);
	CHECK_STATUS(road_device_open(instance, rig_address(f, 0, option), &device), wanted);
	CHECK_DETAIL(part);
	CHECK(device == NULL);
	struct firmware_seen seen = firmware_seen(watch);

	CHECK(seen.boots > 0 && firmware_says(seen.last, state));
	CHECK_EQ(seen.recovered, 0);
	CHECK_OK(road_device_open(instance, f->address, &honest));
	seen = firmware_seen(watch);
	CHECK(firmware_says(seen.last, ROAD_FIRMWARE_STATE_READY));
	CHECK_EQ(firmware_work(f, honest), firmware_work(f, f->device));
	road_device_release(honest);
	road_watch_release(watch);
}
