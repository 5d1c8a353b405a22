/* SPDX-License-Identifier: Apache-2.0 */
/* The fake device with regions, opened from its driver's file, and both its doors. */
#ifndef TESTS_UNIT_CORE_FAKE_FIXTURE_H
#define TESTS_UNIT_CORE_FAKE_FIXTURE_H

#include <dlfcn.h>
#include <unistd.h>

#include "tests/unit/core/fake/chip.h"
#include "tests/unit/core/fixture.h"
#include "tests/unit/load/folders.h"

struct fake {
	struct fixture f;
	struct fake_door *door;
	char *folder;
	road_region *root;
};

/* features: ROAD_REGION_* */
static inline struct fake fake_setup(uint32_t features)
{
	struct fake k = {.folder = folder_new()};
	char path[4096];

	folder_put(k.folder, FAKE_DRIVER, "driver-fake.so");
	k.f.instance = open_with(k.folder);
	snprintf(path, sizeof(path), "%s/driver-fake.so", k.folder);
	void *file = dlopen(path, RTLD_NOW | RTLD_NOLOAD);

	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	k.door = dlsym(file, "fake_door");
	CU_ASSERT_PTR_NOT_NULL_FATAL(k.door);
	k.door->features = features;
	road_status status = road_device_open(k.f.instance, "fake:", &k.f.device);

	if (status)
		tell_error("fake:");
	CU_ASSERT_EQUAL_FATAL(status, ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_space_shared(k.f.device, &k.f.space), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_queue_create(k.f.space, NULL, &k.f.queue), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_region_root(k.f.device, &k.root), ROAD_OK);
	return k;
}

/* All that was opened was closed, too. */
static inline void fake_teardown(struct fake *k)
{
	road_region_release(k->root);
	road_queue_release(k->f.queue);
	road_space_release(k->f.space);
	road_device_release(k->f.device);
	/* The thread that ran a callback gives back what it held a moment later. */
	for (int ms = 0; k->door->open_now && ms < 2000; ms++)
		usleep(1000);
	CU_ASSERT_EQUAL(k->door->open_now, 0);
	CU_ASSERT_EQUAL(k->door->opens, k->door->closes);
	CU_ASSERT_EQUAL(k->door->in_flight, 0);
	road_instance_release(k->f.instance);
	folder_remove(k->folder);
}

static inline road_config *config_of(struct fake *k, const char *bytes)
{
	road_config *config = NULL;
	road_status status = road_config_create(k->f.device, bytes, strlen(bytes), &config);

	if (status)
		tell_error("configuration");
	CU_ASSERT_EQUAL_FATAL(status, ROAD_OK);
	return config;
}

static inline uint64_t id_of(road_config *config)
{
	road_config_info info = {.size = sizeof(info)};

	CU_ASSERT_EQUAL_FATAL(road_config_info_get(config, &info), ROAD_OK);
	return info.id;
}

static inline uint64_t active_in(road_region *region)
{
	road_region_status status = {.size = sizeof(status)};

	CU_ASSERT_EQUAL_FATAL(road_region_status_get(region, &status), ROAD_OK);
	return status.active;
}

static inline road_reconfiguration command(uint32_t verb, road_config *config,
					   road_reconfigure_result *result)
{
	if (result)
		*result = (road_reconfigure_result){.size = sizeof(*result), .status = 77};
	return (road_reconfiguration){.size = sizeof(road_reconfiguration),
				      .verb = verb,
				      .slot = ROAD_SLOT_ANY,
				      .config = config,
				      .result = result};
}

/* Submits it, waits, says how it ended. */
static inline road_status reconfigure(road_queue *queue, uint32_t verb, road_config *config,
				      road_reconfigure_result *result)
{
	road_reconfiguration what = command(verb, config, result);
	road_point point;
	road_status status = road_queue_reconfigure(queue, &what, &point);

	return status ? status : road_point_wait(point, soon());
}

/* Does the last error's text hold it? */
static inline bool error_says(const char *text)
{
	road_error error = {.size = sizeof(error)};

	return !road_last_error(&error) &&
	       (strstr(error.what, text) || strstr(error.where, text) || strstr(error.seen, text));
}

#endif
