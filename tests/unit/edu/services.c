/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/edu/services.h"

#include <string.h>

_Atomic uint64_t services_ready, services_pokes;
struct road_drv_device *_Atomic services_lost;
struct road_source *_Atomic services_source;

void road_drv_queue_ready(struct road_drv_queue *queue)
{
	(void)queue;
	atomic_fetch_add(&services_ready, 1);
}

void road_drv_device_lost(struct road_drv_device *dev)
{
	atomic_store(&services_lost, dev);
}

void road_source_add(struct road_source *source)
{
	atomic_store(&services_source, source);
}

void road_source_remove(struct road_source *source)
{
	CU_ASSERT_PTR_EQUAL(atomic_load(&services_source), source);
	atomic_store(&services_source, NULL);
}

void road_source_poke(void)
{
	atomic_fetch_add(&services_pokes, 1);
}

bool services_error_has(const char *text)
{
	road_error error = {.size = sizeof(error)};

	if (road_last_error(&error))
		return false;
	return strstr(error.what, text) || strstr(error.where, text) || strstr(error.seen, text) ||
	       strstr(error.allowed, text);
}
